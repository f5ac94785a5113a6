// SPDX-License-Identifier: Apache-2.0
/*
 * What a person reads when a guest has crashed. Runs at EL2 with the guest's state loaded, so its
 * EL1 registers are in the hardware. Words are those of Arm ARM D17.2.37 (exception classes) and
 * D17.2.40 (fault status codes).
 */
#include "trap/trap.h"

#include "board/say.h"
#include "lib/string.h"

/*
 * Words by code: each code's byte, its text, a NUL; 0xff, which no code is, and what is said of the others.
 * (Tables of pointers would be three times as large, and be relocated at each start.)
 */
#define WORD(code, text) code text "\0"

static const char classes[] = WORD("\x00", "undefined instruction") WORD("\x01", "WFI or WFE") WORD(
	"\x07",
	"access to FP or SIMD") WORD("\x09",
				     "pointer authentication instruction") WORD("\x0d",
										"branch target exception")
	WORD("\x0e", "illegal execution state") WORD("\x11", "SVC from AArch32") WORD(
		"\x15", "SVC") WORD("\x16", "HVC") WORD("\x17",
							"SMC") WORD("\x18",
								    "access to a system register")
		WORD("\x19", "access to SVE") WORD("\x1c", "pointer authentication failed") WORD(
			"\x1d", "access to SME") WORD("\x20",
						      "instruction abort from a lower level")
			WORD("\x21", "instruction abort") WORD("\x22", "misaligned PC") WORD(
				"\x24",
				"data abort from a lower level") WORD("\x25",
								      "data abort") WORD("\x26",
											 "misaligned SP")
				WORD("\x2c", "floating-point exception") WORD("\x2f", "SError") WORD(
					"\x30",
					"breakpoint from a lower level") WORD("\x31", "breakpoint")
					WORD("\x32", "software step from a lower level") WORD(
						"\x33",
						"software step")
						WORD("\x34", "watchpoint from a lower level") WORD(
							"\x35",
							"watchpoint") WORD("\x3c", "BRK")
							WORD("\xff",
							     "exception class without a name here");

static const char faults[] = WORD("\x00", "address size fault, level 0") WORD(
	"\x01",
	"address size fault, level 1") WORD("\x02",
					    "address size fault, level 2") WORD("\x03",
										"address size fault, level 3")
	WORD("\x04", "translation fault, level 0") WORD("\x05", "translation fault, level 1") WORD(
		"\x06",
		"translation fault, level 2") WORD("\x07",
						   "translation fault, level 3") WORD("\x08",
										      "access flag fault, level 0")
		WORD("\x09", "access flag fault, level 1") WORD("\x0a", "access flag fault, level 2") WORD(
			"\x0b", "access flag fault, level 3") WORD("\x0c",
								   "permission fault, level 0")
			WORD("\x0d", "permission fault, level 1") WORD(
				"\x0e",
				"permission fault, level 2") WORD("\x0f",
								  "permission fault, level 3")
				WORD("\x10", "external abort: nobody answers there") WORD(
					"\x14", "external abort on a table walk, level 0")
					WORD("\x15", "external abort on a table walk, level 1") WORD(
						"\x16", "external abort on a table walk, level 2")
						WORD("\x17", "external abort on a table walk, level 3") WORD(
							"\x21",
							"alignment fault") WORD("\x30",
										"TLB conflict")
							WORD("\x35",
							     "exclusive or atomic not supported there")
								WORD("\xff",
								     "fault status without a name here");

#define CALLS_MAX 12 /* of a back-trace */

static const char *word_for(const char *words, u64 code)
{
	while ((u8)words[0] != code && (u8)words[0] != 0xff)
		words += strlen(words + 1) + 2;
	return words + 1;
}

const char *report_class(u64 esr)
{
	return word_for(classes, ESR_EC(esr));
}

const char *report_fault(u64 esr)
{
	return word_for(faults, ESR_FSC(esr));
}

static bool is_abort(u64 esr)
{
	return (ESR_EC(esr) & ~1ULL) == EC_FETCH || (ESR_EC(esr) & ~1ULL) == EC_DATA;
}

static void say_syndrome(const char *name, const char *level, u64 esr, u64 far)
{
	if (is_abort(esr))
		say("skerry: guest %s:   %s: %s, %s, at %016lx (ESR %08lx)\n", name, level,
		    report_class(esr), report_fault(esr), far, esr);
	else
		say("skerry: guest %s:   %s: %s (ESR %08lx)\n", name, level, report_class(esr),
		    esr);
}

static void say_registers(const char *name, const struct regs *regs)
{
	for (unsigned n = 0; n < 28; n += 4)
		say("skerry: guest %s:   x%-2u %016lx %016lx %016lx %016lx\n", name, n, regs->x[n],
		    regs->x[n + 1], regs->x[n + 2], regs->x[n + 3]);
	say("skerry: guest %s:   x28 %016lx x29 %016lx x30 %016lx\n", name, regs->x[28],
	    regs->x[29], regs->x[30]);
}

/* The last exceptions that it was given, the newest first. */
static void say_given(const struct vcpu *vcpu)
{
	u64 all = vcpu->exits[EXIT_FAULT].count;

	for (u64 n = all; n && all - n < GIVEN_MAX; n--) {
		const struct given *given = &vcpu->given[(n - 1) % GIVEN_MAX];

		if (!given->esr) /* from before it was loaded anew */
			break;
		say("skerry: guest %s:   exception %lu that it was given, at PC %016lx: %s%s%s\n",
		    vcpu->guest->config.name, n, given->pc, report_class(given->esr),
		    is_abort(given->esr) ? ", " : "",
		    is_abort(given->esr) ? report_fault(given->esr) : "");
	}
}

/* What this life left for, and where the last of each kind was. */
static void say_exits(const struct vcpu *vcpu)
{
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
		if (vcpu->exits[kind].pc)
			say("skerry: guest %s:   exit by %s, the last of %lu at PC %016lx\n",
			    vcpu->guest->config.name, exit_name(kind), vcpu->exits[kind].count,
			    vcpu->exits[kind].pc);
}

/* A return address without the signature that pointer authentication put into its upper bits. */
static u64 unsigned_address(u64 address)
{
	return address & BIT(55) ? address | BITS(63, 48) : address & BITS(47, 0);
}

/*
 * Who called whom, by the frame records that compilers keep (AAPCS64 6.4.6: x29 points at the caller's
 * x29, and the return address). The guest made them: each must lie above the one before, so that the
 * list ends, and is read only where its own tables lead to its own memory.
 */
static void say_calls(struct vcpu *vcpu)
{
	u64 fp = vcpu->ctx.regs.x[29];

	for (unsigned depth = 0; depth < CALLS_MAX; depth++) {
		u64 record[2];
		ipa_t ipa;

		if (fp % 16 || !context_translate(&vcpu->ctx, fp, &ipa) ||
		    !guest_read(vcpu->guest, record, ipa, sizeof(record)) || !record[1])
			break;
		say("skerry: guest %s:   called from %016lx\n", vcpu->guest->config.name,
		    unsigned_address(record[1]) - 4);
		if (record[0] <= fp)
			break;
		fp = record[0];
	}
}

void report_stop(struct vcpu *vcpu)
{
	const char *name = vcpu->guest->config.name;
	const struct regs *regs = &vcpu->ctx.regs;

	say("skerry: guest %s: vCPU %u is at %016lx, PSTATE %08lx\n", name, vcpu->index, regs->pc,
	    regs->pstate);
	say_registers(name, regs);
	say_calls(vcpu);
}

/* Where to look first: an exception that had no vector tells more than the fetch that missed it. */
static const char *advice(const struct vcpu *vcpu, u64 guests_esr)
{
	if (!fault_repeats(vcpu))
		return "at the instruction at PC";
	if (guests_esr)
		return "at ELR_EL1, where the first exception came from, and at VBAR_EL1, which is no vector table";
	return "at VBAR_EL1: it holds no vector table that can be run";
}

void report_crash(struct vcpu *vcpu, const struct syndrome *syn, const char *what)
{
	const char *name = vcpu->guest->config.name;
	const struct context *ctx = &vcpu->ctx;
	const struct regs *regs = &ctx->regs;
	u64 guests_esr = context_read(ctx, EL1_esr_el1, true);

	say("skerry: guest %s: crashed on vCPU %u at PC %016lx: %s\n", name, vcpu->index, regs->pc,
	    what);
	say_syndrome(name, "EL2", syn->esr, syn->far);
	if (is_abort(syn->esr))
		say("skerry: guest %s:   guest physical address %lx\n", name,
		    FIELD(syn->hpfar, 43, 4) << 12 | (syn->esr & ESR_S1PTW ? 0 : syn->far & 0xfff));
	if (guests_esr)
		say_syndrome(name, "EL1, its last exception", guests_esr,
			     context_read(ctx, EL1_far_el1, true));
	say("skerry: guest %s:   PSTATE %08lx SP_EL0 %lx SP_EL1 %lx\n", name, regs->pstate,
	    context_read(ctx, EL1_sp_el0, true), context_read(ctx, EL1_sp_el1, true));
	say("skerry: guest %s:   ELR_EL1 %lx VBAR_EL1 %lx SCTLR_EL1 %lx TTBR0_EL1 %lx\n", name,
	    context_read(ctx, EL1_elr_el1, true), context_read(ctx, EL1_vbar_el1, true),
	    context_read(ctx, EL1_sctlr_el1, true), context_read(ctx, EL1_ttbr0_el1, true));
	say_registers(name, regs);
	say_calls(vcpu);
	say_given(vcpu);
	say_exits(vcpu);
	say("skerry: guest %s:   look %s\n", name, advice(vcpu, guests_esr));
}
