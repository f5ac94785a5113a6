// SPDX-License-Identifier: Apache-2.0
/*
 * `trace`: what guests do, printed as it happens. trap/trace.c says what in words; here the lines wait for
 * the serial line, in a ring that is there only while something is traced.
 */
#ifndef CP_TRACE_H
#define CP_TRACE_H

#include "guest/guest.h"

/* Bits of guest->traced by number; the words are trace.c's, in this order. */
enum trace_event {
	TRACE_HYPERCALL, /* but PSCI */
	TRACE_PSCI,
	TRACE_SYSREG, /* that trap */
	TRACE_MMIO,
	TRACE_ABORT,	 /* memory touched first, exceptions that EL2 gave */
	TRACE_INTERRUPT, /* that came while it ran */
	TRACE_SWITCH,	 /* onto a CPU and off it */
	TRACE_EVENTS
};

#define TRACE_TEXT_MAX 87

struct trace_line {
	u64 time, pc; /* ticks */
	char guest[GUEST_NAME_MAX + 1];
	u8 vcpu, event;
	char text[TRACE_TEXT_MAX + 1];
};

/*
 * One line more, from any pCPU, in the time of the vCPU that is traced: as long as lines come faster than
 * the serial line takes them it prints for half of its time, so that only it is slowed. What the ring
 * can't hold is counted and told.
 */
void trace_put(const struct trace_line *line);

#endif
