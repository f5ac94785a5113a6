// SPDX-License-Identifier: Apache-2.0
/*
 * A vCPU's processor state on and off a pCPU, and exceptions into a guest. Runs at EL2.
 *
 * Always: what a pCPU's EL1 registers hold belongs to this_pcpu()->current. FP/SIMD registers hold
 * the state of this_pcpu()->fp_owner, and trap unless that is the loaded context.
 */
#include "arch/context.h"

#include "arch/asm_offsets.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "arch/sysreg.h"
#include "arch/timer.h"
#include "lib/string.h"
#include "lib/verdict.h"

_Static_assert(VERDICT_RESUME == 0 && VERDICT_NEXT == NEXT && VERDICT_WHOLE == WHOLE, "vectors.S");
_Static_assert(offsetof(struct regs, x[19]) == REGS_X19, "vectors.S");
_Static_assert(offsetof(struct regs, x[29]) == REGS_X29, "vectors.S");
_Static_assert(offsetof(struct regs, x[30]) == REGS_X30, "vectors.S");
_Static_assert(offsetof(struct regs, pc) == REGS_PC, "vectors.S");
_Static_assert(offsetof(struct regs, pstate) == REGS_PSTATE, "vectors.S");
_Static_assert(sizeof(struct regs) == REGS_SIZE, "vectors.S");
_Static_assert(offsetof(struct context, hcr) == CONTEXT_HCR, "vectors.S");
_Static_assert(offsetof(struct context, extension.pac) == CONTEXT_PAC, "vectors.S");
_Static_assert(offsetof(struct pcpu, current) == PCPU_CURRENT, "vectors.S");
_Static_assert(offsetof(struct pcpu, mpidr) == PCPU_MPIDR, "boot.S");
_Static_assert(sizeof(struct pcpu) == PCPU_SIZE, "boot.S");
_Static_assert(PCPUS_MAX == PCPU_COUNT, "boot.S");
_Static_assert(offsetof(struct pcpu, on_sync) == 0, "vectors.S");
_Static_assert(offsetof(struct pcpu, stack_top) == PCPU_STACK, "vectors.S");
_Static_assert(offsetof(struct pcpu, on_irq) == PCPU_ON_IRQ, "vectors.S");
_Static_assert(offsetof(struct context, regs) == 0, "SP_EL2 points here");

#define CPTR_TFP BIT(10)

/* PSTATE as SPSR_EL2 shows it */
#define PSTATE_EL1H_MASKED 0x3c5 /* DAIF set, EL1 with its own SP: a warm reset */
#define PSTATE_MODE BITS(4, 0)
#define PSTATE_AARCH32 BIT(4)
#define PSTATE_EL_SP(p) FIELD(p, 3, 0)
#define PSTATE_PAN BIT(22)
#define PSTATE_UAO BIT(23)
#define PSTATE_DIT BIT(24)
#define PSTATE_SSBS BIT(12)
#define PSTATE_NZCV BITS(31, 28)

#define SCTLR_EL1_DSSBS BIT(44)
#define ESR_IL BIT(25)

/* MPIDR_EL1: bit 31 is RES1; affinity level 0 is the vCPU's number */
#define MPIDR_RES1 BIT(31)

const char *const el1_reg_names[EL1_REGS] = {
#define EL1_REG(name, reset) #name,
#include "arch/el1_regs.h"
#undef EL1_REG
};

static const u64 el1_reset[EL1_REGS] = {
#define EL1_REG(name, reset) reset,
#include "arch/el1_regs.h"
#undef EL1_REG
};

void context_reset(struct context *ctx, unsigned cpu)
{
	memset(ctx, 0, offsetof(struct context, debug)); /* the rest by itself */
	memset(&ctx->extension, 0, sizeof(ctx->extension));
	memcpy(ctx->el1, el1_reset, sizeof(el1_reset));
	ctx->el1[EL1_cpacr_el1] = extension_cpacr();
	debug_reset(&ctx->debug);
	ctx->regs.pstate = PSTATE_EL1H_MASKED;
	ctx->hcr = cpu_guest_hcr();
	ctx->vmpidr = MPIDR_RES1 | cpu;
}

static void trap_fp(bool trap)
{
	u64 cptr = read_sysreg(cptr_el2);

	write_sysreg(cptr_el2, trap ? cptr | CPTR_TFP : cptr & ~CPTR_TFP);
}

/* Two registers and two words side by side: the compiler makes one LDP or STP of these. */
#define LOAD_PAIR(a, b)                     \
	__asm__ volatile("msr " #a ", %0\n" \
			 "msr " #b ", %1"   \
			 :                  \
			 : "r"(ctx->el1[EL1_##a]), "r"(ctx->el1[EL1_##b]));
#define SAVE_PAIR(a, b)                                 \
	__asm__ volatile("mrs %0, " #a "\n"             \
			 "mrs %1, " #b                  \
			 : "=&r"(first), "=r"(second)); \
	ctx->el1[EL1_##a] = first;                      \
	ctx->el1[EL1_##b] = second;

void context_load(struct context *ctx)
{
#define EL1_PAIR(a, reset_a, b, reset_b) LOAD_PAIR(a, b)
#define EL1_REG(name, reset) write_sysreg(name, ctx->el1[EL1_##name]);
#include "arch/el1_regs.h"
#undef EL1_REG
	write_sysreg(vmpidr_el2, ctx->vmpidr);
	write_sysreg(hcr_el2, ctx->hcr);
	if (UNLIKELY(ctx->debug.live)) {
		ctx->debug.since = timer_now();
		debug_load(&ctx->debug);
	}
	extension_load(&ctx->extension, ctx->hcr & HCR_EL2_API);
}

void context_save(struct context *ctx)
{
	u64 first, second;

#define EL1_PAIR(a, reset_a, b, reset_b) SAVE_PAIR(a, b)
#define EL1_REG(name, reset) ctx->el1[EL1_##name] = read_sysreg(name);
#include "arch/el1_regs.h"
#undef EL1_REG
	extension_save(&ctx->extension, ctx->hcr & HCR_EL2_API);
	if (UNLIKELY(ctx->debug.live))
		debug_unload();
}

void context_write_hcr(struct context *ctx, u64 hcr)
{
	if (ctx->hcr == hcr)
		return;
	ctx->hcr = hcr;
	write_sysreg(hcr_el2, hcr);
}

void context_set_lines(u64 lines)
{
	struct context *ctx = (struct context *)this_pcpu()->current; /* a vCPU's first part */

	context_write_hcr(ctx, (ctx->hcr & ~(HCR_EL2_VI | HCR_EL2_VF)) | lines);
}

u64 context_read(const struct context *ctx, enum el1_reg reg, bool loaded)
{
	if (!loaded)
		return ctx->el1[reg];
	switch (reg) {
#define EL1_REG(name, reset) \
	case EL1_##name:     \
		return read_sysreg(name);
#include "arch/el1_regs.h"
#undef EL1_REG
	default:
		return 0;
	}
}

void context_write(struct context *ctx, enum el1_reg reg, u64 value, bool loaded)
{
	ctx->el1[reg] = value;
	if (!loaded)
		return;
	switch (reg) {
#define EL1_REG(name, reset)               \
	case EL1_##name:                   \
		write_sysreg(name, value); \
		break;
#include "arch/el1_regs.h"
#undef EL1_REG
	default:
		break;
	}
}

void fp_load(const struct fp_regs *fp); /* fp.S */
void fp_save(struct fp_regs *fp);

void context_fp_trap(struct context *ctx)
{
	trap_fp(false);
	isb();
	fp_load(&ctx->fp);
	this_pcpu()->fp_owner = ctx;
}

void context_fp_save(struct context *ctx)
{
	struct pcpu *pcpu = this_pcpu();

	if (pcpu->fp_owner != ctx)
		return;
	fp_save(&ctx->fp);
	trap_fp(true);
	pcpu->fp_owner = NULL;
}

void context_pac_trap(struct context *ctx)
{
	extension_load_pac(&ctx->extension);
	context_write_hcr(ctx, ctx->hcr | HCR_EL2_API | HCR_EL2_APK);
}

u64 context_read_cpacr(const struct context *ctx)
{
	return context_read(ctx, EL1_cpacr_el1, true) & CPACR_SHOWN;
}

void context_write_cpacr(struct context *ctx, u64 value)
{
	context_write(ctx, EL1_cpacr_el1, (value & CPACR_SHOWN) | extension_cpacr(), true);
}

/* AArch64.TakeException: where EL1's vectors are entered from this PSTATE by a synchronous exception. */
static u64 vector(u64 pstate)
{
	u64 vbar = read_sysreg(vbar_el1);

	if (pstate & PSTATE_AARCH32)
		return vbar + 0x600;
	if (PSTATE_EL_SP(pstate) == 0)
		return vbar + 0x400;
	return vbar + (PSTATE_EL_SP(pstate) & 1 ? 0x200 : 0);
}

/* PSTATE at EL1 after the exception: flags, DIT and PAN stay, SSBS by SCTLR_EL1.DSSBS, the rest by extension. */
static u64 entry_pstate(u64 old)
{
	u64 sctlr = read_sysreg(sctlr_el1);
	u64 pstate = PSTATE_EL1H_MASKED | (old & (PSTATE_NZCV | PSTATE_DIT | PSTATE_PAN));

	if (old & PSTATE_AARCH32)
		pstate &= ~PSTATE_DIT; /* stands elsewhere in an AArch32 SPSR */
	if (sctlr & SCTLR_EL1_DSSBS)
		pstate |= PSTATE_SSBS;
	return pstate | extension_entry_pstate(sctlr);
}

void context_inject_sync(struct context *ctx, u64 esr, bool far_valid, u64 far)
{
	u64 pstate = ctx->regs.pstate;

	write_sysreg(elr_el1, ctx->regs.pc);
	write_sysreg(spsr_el1, pstate);
	write_sysreg(esr_el1, esr | ESR_IL);
	if (far_valid)
		write_sysreg(far_el1, far);
	ctx->regs.pc = vector(pstate);
	ctx->regs.pstate = entry_pstate(pstate);
}

/* PAR_EL1 */
#define PAR_F BIT(0)
#define PAR_ADDRESS BITS(51, 12)

bool context_translate(const struct context *ctx, u64 va, ipa_t *ipa)
{
	u64 guests_par = read_sysreg(par_el1), par;

	(void)ctx;
	__asm__ volatile("at s1e1r, %0" : : "r"(va) : "memory");
	isb();
	par = read_sysreg(par_el1);
	write_sysreg(par_el1, guests_par);
	*ipa = IPA((par & PAR_ADDRESS) | (va & BITS(11, 0)));
	return !(par & PAR_F);
}
