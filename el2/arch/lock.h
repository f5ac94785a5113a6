// SPDX-License-Identifier: Apache-2.0
/*
 * Spin locks. EL2 always runs with interrupts masked, so a lock needs no interrupt-disabling form.
 * Each lock says at its field what it protects.
 *
 * Not in the order of arrival: in a queue the next in turn may be a CPU that an emulator's host has
 * just put aside, and all others wait for it with the lock free (measured under QEMU, four CPUs on
 * two host cores: 4 ms a hand-over). Critical sections are short and bounded, so that the hardware's
 * own fairness of exclusives is enough on a real board.
 *
 * Lock order, outermost first; a pCPU that holds one may only take one further down:
 *   guests    guest/guest.c: the table of guests; held during an operator's command
 *   tree      guest/life.c: where a guest's tree is built
 *   guest     struct guest.lock: one guest's vCPU states, its stage 2 and frames
 *   channel   struct channel.lock: who is at its ends
 *   grants    guest/grant.c: who has which device of the board, and how its interrupts are set
 *   vdev      struct vfwcfg.lock; struct vpl011.lock; below it struct vgic.lock or struct vconsole.lock
 *   timers    sched/timer.c: one pCPU's timers
 *   sched     sched/sched.c: run queues
 *   vmids     mm/stage2.c: which VMIDs are in use
 *   frames    mm/frames.c: owners of physical memory
 *   stage1    mm/stage1.c: EL2's own map
 *   trace     cp/trace.c: lines on their way out
 *   say       board/say.c: the serial line
 */
#ifndef ARCH_LOCK_H
#define ARCH_LOCK_H

#include "lib/checked.h"
#include "lib/types.h"

struct lock {
	u32 taken;
	u32 drops[CHECKED]; /* checked builds: how often it was dropped; by its holder */
};

static inline void lock_take(struct lock *lock)
{
	u32 scratch;

	__asm__ volatile("1:	ldaxr	%w0, %1\n"
			 "	cbnz	%w0, 1b\n"
			 "	stxr	%w0, %w2, %1\n"
			 "	cbnz	%w0, 1b\n"
			 : "=&r"(scratch), "+Q"(lock->taken)
			 : "r"(1)
			 : "memory");
}

/* Takes a lock that nobody holds; false: not free, and nothing has changed. For the machine's last words, which must not
 * wait for ever, and for work that its holder does for all. */
static inline bool lock_try(struct lock *lock)
{
	u32 scratch;

	__asm__ volatile("1:	ldaxr	%w0, %1\n"
			 "	cbnz	%w0, 2f\n"
			 "	stxr	%w0, %w2, %1\n"
			 "	cbnz	%w0, 1b\n"
			 "2:\n"
			 : "=&r"(scratch), "+Q"(lock->taken)
			 : "r"(1)
			 : "memory");
	return scratch == 0;
}

static inline void lock_drop(struct lock *lock)
{
	if (CHECKED)
		lock->drops[0]++;
	__asm__ volatile("stlr wzr, %0" : "=Q"(lock->taken) : : "memory");
}

/* How often it was dropped so far: while that stays, so does what it protects. Checked builds only. */
static inline u32 lock_drops(const struct lock *lock)
{
	return CHECKED ? READ_ONCE(*lock->drops) : 0;
}

#endif
