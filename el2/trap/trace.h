// SPDX-License-Identifier: Apache-2.0
/*
 * A traced vCPU's traps in words. trap.c calls these around what it does for such a vCPU, and only then;
 * what they say goes to cp/trace.c.
 */
#ifndef TRAP_TRACE_H
#define TRAP_TRACE_H

#include "cp/trace.h"
#include "trap/trap.h"

/* One trap: what of it will be gone when it has been handled. The vCPU itself may be. */
struct trace {
	struct trace_line line; /* whose, when, where */
	u8 wanted;		/* guest->traced */
	u64 esr, ipa;
	u64 x[4]; /* x0..x3 of a call; [0] what a register or device is written */
};

/* Before the trap is handled, for an interrupt with an ESR of 0. */
void trace_begin(struct trace *trace, struct vcpu *vcpu, u64 esr);

/* Behind the handler, which gave `verdict`, and before that is carried out. */
void trace_handled(struct trace *trace, const struct vcpu *vcpu, enum verdict verdict);

/* It was interrupted by this. */
void trace_interrupt(struct trace *trace, u32 intid);

/* The pCPU goes on with `next`: another one than it was? `why` it left, in a word. */
void trace_left(struct trace *trace, const struct vcpu *vcpu, const struct vcpu *next,
		const char *why);

#endif
