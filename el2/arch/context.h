// SPDX-License-Identifier: Apache-2.0
/*
 * A vCPU's processor state: general registers, EL1's system registers, FP/SIMD. The EL1 registers
 * are one table, el1_regs.h; switch, reset and display are all written from it.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include "arch/debug.h"
#include "arch/extension.h"
#include "arch/regs.h"
#include "arch/syndrome.h"
#include "lib/finding.h"
#include "lib/types.h"

enum el1_reg {
#define EL1_REG(name, reset) EL1_##name,
#include "arch/el1_regs.h"
#undef EL1_REG
	EL1_REGS
};

struct fp_regs {
	u64 v[32][2];
	u64 fpcr, fpsr;
};

struct context {
	struct regs regs;		 /* first: see arch/regs.h */
	u64 hcr;			 /* HCR_EL2 while this vCPU runs */
	u64 vmpidr;			 /* VMPIDR_EL2: what the guest reads as MPIDR_EL1 */
	u64 el1[EL1_REGS];		 /* valid while the vCPU is not on a pCPU */
	struct fp_regs fp;		 /* valid unless this is its pCPU's fp_owner */
	struct debug_regs debug;	 /* always valid */
	struct extension_regs extension; /* valid while the vCPU is not on a pCPU */
};

/* CPACR_EL1 as guests see it: FPEN. Where the CPU has more, that traps. */
#define CPACR_SHOWN BITS(21, 20)

extern const char *const el1_reg_names[EL1_REGS];

/* All registers to what a warm reset gives at EL1 (Arm ARM, D1.9), general ones zero. `cpu` is the
 * vCPU's number, which becomes its affinity. */
void context_reset(struct context *ctx, unsigned cpu);

/* EL1 system registers, HCR_EL2 and VMPIDR_EL2 onto or off this pCPU. */
void context_load(struct context *ctx);
void context_save(struct context *ctx);

/* HCR_EL2 of the context that is loaded. */
void context_write_hcr(struct context *ctx, u64 hcr);

/* HCR_EL2.VI and VF of the context that is loaded: whether it has an interrupt pending, where no list
 * register says so. */
void context_set_lines(u64 lines);

/* One EL1 register of a context, on the pCPU (loaded) or in memory. */
u64 context_read(const struct context *ctx, enum el1_reg reg, bool loaded);
void context_write(struct context *ctx, enum el1_reg reg, u64 value, bool loaded);

/* FP/SIMD is switched on first use: context_fp_trap is that first use; context_fp_save brings the
 * state of a vCPU that leaves this pCPU back into its context (no-op if it did not use it). */
void context_fp_trap(struct context *ctx);
void context_fp_save(struct context *ctx);

/* The first use of pointer authentication by the loaded context: its keys onto this pCPU (key A when it is
 * entered), no more traps of it. Not on the quick way of a trap, which has no eye for key A. */
void context_pac_trap(struct context *ctx);

/* CPACR_EL1 of the loaded context, what of it guests see. */
u64 context_read_cpacr(const struct context *ctx);
void context_write_cpacr(struct context *ctx, u64 value);

/* Injects an exception to the loaded context's EL1: sets ELR/SPSR/ESR/FAR_EL1, PC and PSTATE as
 * the architecture does on exception entry (AArch64.TakeException). `esr` without IL is allowed. */
void context_inject_sync(struct context *ctx, u64 esr, bool far_valid, u64 far);

/* Translates a guest virtual address by the loaded context's stage 1 only, as EL1 would for a read:
 * EL0's code too, since a page that EL0 may only execute could not be looked at as EL0.
 * False: it would fault, or stage 1 tables are out of its RAM. */
bool context_translate(const struct context *ctx, u64 va, ipa_t *ipa);

/* For checked builds: whether this pCPU's EL2 registers (what traps, whose FP/SIMD state is here) are as
 * the loaded context needs them. */
bool context_check(const struct context *ctx, struct finding *finding) MUST_CHECK;

/* The guest is entered; never returns. The pCPU's stack is empty again. */
NORETURN void context_enter(struct context *ctx);

#endif
