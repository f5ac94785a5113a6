// SPDX-License-Identifier: Apache-2.0
/*
 * Traps that end as an exception of the guest's own: undefined instructions, aborts, table walks that
 * lead nowhere. Runs at EL2 for the loaded vCPU.
 *
 * Always: the ESR_EL1 made here is what the architecture gives on a machine without EL2 where the
 * guest's address has no memory behind it. Arm ARM D17.2.37 (ESR), D8.2 (table walks).
 */
#include "board/say.h"
#include "trap/trap.h"

#define EC_SHIFT 26
#define EC_UNKNOWN 0x00

#define FSC_EXTERNAL 0x10
#define FSC_EXTERNAL_WALK 0x14 /* + level */
#define FSC_ALIGNMENT 0x21
#define FSC_EXCLUSIVE 0x35

#define VECTOR_SAME_LEVEL 0x200 /* synchronous, from EL1 with its own SP */

enum verdict fault_undefined(struct vcpu *vcpu, u64 esr)
{
	(void)vcpu;
	(void)esr;
	return VERDICT_UNDEF;
}

enum verdict fault_unexpected(struct vcpu *vcpu, u64 esr)
{
	(void)vcpu;
	(void)esr;
	return VERDICT_CRASH;
}

#define AGAIN_MAX 1000

enum verdict fault_again(struct vcpu *vcpu)
{
	u64 pc = vcpu->ctx.regs.pc, far = syndrome_far(), exits = 0;

	for (unsigned kind = 0; kind < EXIT_TIMER; kind++) /* not those that only interrupt it */
		exits += vcpu->exits[kind].count;
	if (vcpu->again.pc != pc || vcpu->again.far != far || exits - vcpu->again.exits > 1)
		vcpu->again.times = 0;
	vcpu->again.pc = pc;
	vcpu->again.far = far;
	vcpu->again.exits = exits;
	if (++vcpu->again.times < AGAIN_MAX)
		return VERDICT_RESUME;
	if (!guest_may_print(vcpu)) { /* or it could flood the serial line like this */
		vcpu->again.times--;
		return VERDICT_WAIT;
	}
	vcpu->again.times = 0;
	say("skerry: guest %s: vCPU %u at PC %016lx, address %016lx: trapped %u times without"
	    " progress\n",
	    vcpu->guest->config.name, vcpu->index, pc, far, AGAIN_MAX);
	vconsole_said(&vcpu->guest->console);
	return VERDICT_ABORT;
}

enum verdict fault_fetch(struct vcpu *vcpu, u64 esr)
{
	ipa_t ipa = IPA(trap_fault_page());

	/* only a translation fault says by HPFAR_EL2 where it was */
	if (FSC_IS_TRANSLATION(ESR_FSC(esr)) && guest_touch(vcpu->guest, ipa)) {
		vcpu_exit(vcpu, EXIT_TOUCH);
		return fault_again(vcpu);
	}
	return esr & ESR_S1PTW ? VERDICT_ABORT_WALK : VERDICT_ABORT;
}

bool fault_repeats(const struct vcpu *vcpu)
{
	const struct regs *regs = &vcpu->ctx.regs;

	return PSTATE_MODE(regs->pstate) == MODE_EL1H && !(regs->pstate & PSTATE_AARCH32) &&
	       regs->pc == context_read(&vcpu->ctx, EL1_vbar_el1, true) + VECTOR_SAME_LEVEL;
}

/* TCR_EL1's half for one of the two ranges: input size and granule as numbers of bits. */
static bool walk_geometry(u64 tcr, bool upper, unsigned *input, unsigned *granule)
{
	static const u8 granules[2][4] = {{12, 16, 14, 0}, {0, 14, 12, 16}};

	*input = 64 - (unsigned)(upper ? FIELD(tcr, 21, 16) : FIELD(tcr, 5, 0));
	*granule = granules[upper][upper ? FIELD(tcr, 31, 30) : FIELD(tcr, 15, 14)];
	return *granule && *input > *granule && (*input - *granule - 1) / (*granule - 3) <= 3;
}

/*
 * At which level of the guest's stage-1 walk for `va` the table lies in the page at `ipa`. The walk
 * has at most four levels and reads only the guest's own memory; when the guest changed its tables
 * meanwhile, the level where the walk ended is as good an answer.
 */
static unsigned walk_level(struct vcpu *vcpu, u64 va, u64 ipa)
{
	bool upper = va & BIT(55);
	u64 table = context_read(&vcpu->ctx, upper ? EL1_ttbr1_el1 : EL1_ttbr0_el1, true);
	unsigned input, granule, level;

	if (!walk_geometry(context_read(&vcpu->ctx, EL1_tcr_el1, true), upper, &input, &granule))
		return 0;
	level = 3 - (input - granule - 1) / (granule - 3);
	table &= BITS(47, 1);
	for (; level < 3; level++) {
		unsigned low = granule + (3 - level) * (granule - 3);
		unsigned high = MIN(low + granule - 3, input) - 1;
		u64 entry, at = table + FIELD(va, high, low) * 8;

		if (at >> 12 == ipa >> 12 ||
		    !guest_read(vcpu->guest, &entry, IPA(at), sizeof(entry)) || (entry & 3) != 3)
			break;
		table = entry & BITS(47, granule);
	}
	return level;
}

u64 fault_syndrome(struct vcpu *vcpu, u64 esr, enum verdict verdict)
{
	u64 pstate = vcpu->ctx.regs.pstate;
	bool lower = PSTATE_MODE(pstate) == MODE_EL0 || pstate & PSTATE_AARCH32;
	bool fetch = ESR_EC(esr) == EC_FETCH;
	u64 class = (fetch ? EC_FETCH : EC_DATA) + (lower ? 0u : 1u);
	u64 iss = fetch ? 0 : esr & (ESR_WNR | ISS_CM);

	switch (verdict) {
	case VERDICT_ABORT_WALK:
		iss |= FSC_EXTERNAL_WALK | walk_level(vcpu, syndrome_far(), trap_fault_page());
		break;
	case VERDICT_ALIGNMENT:
		iss |= FSC_ALIGNMENT;
		break;
	case VERDICT_EXCLUSIVE:
		iss |= FSC_EXCLUSIVE;
		break;
	case VERDICT_ABORT:
		iss |= FSC_EXTERNAL;
		break;
	case VERDICT_REFLECT:
		return esr;
	default:
		return (u64)EC_UNKNOWN << EC_SHIFT | ESR_IL;
	}
	return class << EC_SHIFT | ESR_IL | iss;
}
