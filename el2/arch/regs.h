// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's general registers as vectors.S saves them. This is where SP_EL2 points while the guest
 * runs, so it stands at the start of struct context, which stands at the start of struct vcpu.
 */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include "lib/types.h"

struct regs {
	u64 x[31];
	u64 pc;	    /* ELR_EL2 */
	u64 pstate; /* SPSR_EL2 */
	u64 unused; /* keeps what follows 16-byte aligned */
};

/* Register 31 is XZR in every instruction that traps with a transfer register. */
static inline u64 regs_get(const struct regs *regs, unsigned n)
{
	return n < 31 ? regs->x[n] : 0;
}

static inline void regs_set(struct regs *regs, unsigned n, u64 value)
{
	if (n < 31)
		regs->x[n] = value;
}

/* SPSR_EL2: what one instruction sets for the next, software step's state and the branch type */
#define PSTATE_SS BIT(21)
#define PSTATE_BTYPE BITS(11, 10)

/* Whether register n stands in `regs` from the first: vectors.S saves x19..x28, which C preserves, only
 * on the way to what needs all registers (31: zero). */
static inline bool regs_saved_first(u64 n)
{
	return n - 19 >= 10;
}

/* The instruction at PC, which trapped, was carried out in software: A64, since no AArch32 is offered. */
static inline void regs_next(struct regs *regs)
{
	regs->pc += 4;
	regs->pstate &= ~PSTATE_SS;
	regs->pstate &= ~PSTATE_BTYPE;
}

#endif
