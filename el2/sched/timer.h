// SPDX-License-Identifier: Apache-2.0
/*
 * Deadlines on a pCPU, all served by its one EL2 timer (CNTHP): the end of a slice, the virtual
 * timers of vCPUs that do not run, physical timers of guests.
 */
#ifndef SCHED_TIMER_H
#define SCHED_TIMER_H

#include "lib/types.h"
#include "sched/heap.h"

/* Embedded in what waits. `fire` runs on the pCPU that armed it, in its timer interrupt, with no
 * lock held; the timer is unarmed before, and may be armed again in it. */
struct timer {
	struct heap_node node; /* its place among that pCPU's timers; key: deadline in CNTPCT ticks */
	void (*fire)(struct timer *timer);
	u32 pcpu;   /* where it is, or was last, armed */
	bool armed; /* written under that pCPU's lock; may be read without */
};

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));

/*
 * Arms on this pCPU (moves there if armed elsewhere); a past deadline fires at the next interrupt,
 * that is at once. Never fails, however many there are. One timer must not be armed by two pCPUs at
 * the same time: its owner sees to that. Takes lock timers.
 */
void timer_arm(struct timer *timer, u64 deadline);

void timer_take_out(struct timer *timer); /* timer_cancel's */

/* From any pCPU; no-op if not armed, at the cost of a look. On another pCPU `fire` may just be
 * running, and may go on after the return. Takes lock timers. */
static inline void timer_cancel(struct timer *timer)
{
	if (__atomic_load_n(&timer->armed, __ATOMIC_ACQUIRE))
		timer_take_out(timer);
}

/* The same, and `fire` does not run anywhere either when it returns: before the memory around a timer
 * goes. `fire` may call it itself, and must then not touch the timer any more. Not with a lock held that
 * `fire` takes; nobody may arm it meanwhile. */
void timer_cancel_wait(struct timer *timer);

/* The hyp timer interrupt of this pCPU: fires all that is due (at most 64, the rest at once again)
 * and sets the next deadline. */
void timer_interrupt(void);

#endif
