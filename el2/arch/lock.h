// SPDX-License-Identifier: Apache-2.0
/*
 * Ticket locks: first come, first served, so no pCPU starves. EL2 always runs with interrupts
 * masked, so a lock needs no interrupt-disabling form. Each lock says at its field what it protects.
 *
 * Lock order, outermost first; a pCPU that holds one may only take one further down:
 *   guests    guest/guest.c: the list of guests, their life and death
 *   guest     struct guest.lock: one guest's vCPU states, its stage 2 and frames
 *   vdev      struct vgic.lock, struct vpl011.lock, struct vconsole.lock
 *   timers    sched/timer.c: one pCPU's timers
 *   sched     sched/sched.c: run queues
 *   vmids     mm/stage2.c: which VMIDs are in use
 *   frames    mm/frames.c: owners of physical memory
 *   stage1    mm/stage1.c: EL2's own map
 *   say       board/say.c: the serial line
 */
#ifndef ARCH_LOCK_H
#define ARCH_LOCK_H

#include "lib/types.h"

struct lock {
	u16 next, serving;
};

static inline void lock_take(struct lock *lock)
{
	u32 ticket, scratch, serving;

	__asm__ volatile("	prfm	pstl1strm, %3\n"
			 "1:	ldaxrh	%w0, %3\n"
			 "	add	%w1, %w0, #1\n"
			 "	stxrh	%w2, %w1, %3\n"
			 "	cbnz	%w2, 1b\n"
			 "2:	ldarh	%w2, %4\n"
			 "	cmp	%w2, %w0\n"
			 "	b.ne	2b\n"
			 : "=&r"(ticket), "=&r"(scratch), "=&r"(serving), "+Q"(lock->next),
			   "+Q"(lock->serving)
			 :
			 : "memory", "cc");
}

/* Takes a lock that nobody holds or waits for; false: not free (or the exclusive store failed), and
 * nothing has changed. For the machine's last words, which must not wait for ever. */
static inline bool lock_try(struct lock *lock)
{
	u32 next, failed;
	u16 serving = *(volatile u16 *)&lock->serving;

	__asm__ volatile("	ldaxrh	%w0, %2\n"
			 "	mov	%w1, #1\n"
			 "	cmp	%w0, %w3\n"
			 "	b.ne	1f\n"
			 "	add	%w0, %w0, #1\n"
			 "	stxrh	%w1, %w0, %2\n"
			 "1:\n"
			 : "=&r"(next), "=&r"(failed), "+Q"(lock->next)
			 : "r"((u32)serving)
			 : "memory", "cc");
	return failed == 0;
}

static inline void lock_drop(struct lock *lock)
{
	u16 next = (u16)(lock->serving + 1);

	__asm__ volatile("stlrh %w1, %0" : "=Q"(lock->serving) : "r"((u32)next) : "memory");
}

#endif
