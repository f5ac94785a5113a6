// SPDX-License-Identifier: Apache-2.0
/*
 * Soft timers: one heap of deadlines a pCPU, the earliest of them in its EL2 timer (Arm ARM, D11.2:
 * CNTHP). Runs at EL2, from world switches and from the timer's interrupt.
 *
 * Always: CNTHP of a pCPU comes no later than its earliest deadline. It may come too early, after
 * another pCPU took out the earliest (nobody can write another's CNTHP): then nothing is due, and the
 * right time is set.
 */
#include "sched/timer.h"

#include "arch/cpu.h"
#include "arch/lock.h"
#include "arch/pcpu.h"
#include "arch/timer.h"

#define NEVER UINT64_MAX

/* How many `fire` one interrupt may run: a guest that arms timers in the past must not keep the
 * pCPU in here. */
#define FIRE_MAX 64

static struct timers {
	struct lock lock; /* timers: all below, and what is armed here */
	struct heap_node *root;
	struct timer *firing; /* its `fire` runs now */
} __attribute__((aligned(64))) all[PCPUS_MAX];

static struct timer *timer_of(struct heap_node *node)
{
	return CONTAINER_OF(node, struct timer, node);
}

static u64 earliest(const struct timers *timers)
{
	return timers->root ? timers->root->key : NEVER;
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
	*timer = (struct timer){.fire = fire};
}

/* Takes it out of pCPU `pcpu`'s heap if it is (still) there. */
static void take_out(struct timer *timer, u32 pcpu, u32 here)
{
	struct timers *timers = &all[pcpu];
	u64 before;

	lock_take(&timers->lock);
	before = earliest(timers);
	if (timer->armed && timer->pcpu == pcpu) {
		heap_remove(&timers->root, &timer->node);
		WRITE_ONCE(timer->armed, false);
		if (pcpu == here && earliest(timers) != before)
			timer_set_hyp(earliest(timers));
	}
	lock_drop(&timers->lock);
}

void timer_take_out(struct timer *timer)
{
	/* Only its owner arms it, so what moved it elsewhere meanwhile was this call's own fault. */
	take_out(timer, READ_ONCE(timer->pcpu), this_pcpu()->id);
}

void timer_cancel_wait(struct timer *timer)
{
	do {
		timer_cancel(timer);
		for (u32 i = 0; i < PCPUS_MAX; i++)
			while (i != this_pcpu()->id &&
			       __atomic_load_n(&all[i].firing, __ATOMIC_ACQUIRE) == timer)
				cpu_relax();
	} while (__atomic_load_n(&timer->armed, __ATOMIC_ACQUIRE)); /* `fire` armed it again */
}

void timer_arm(struct timer *timer, u64 deadline)
{
	u32 here = this_pcpu()->id;
	struct timers *timers = &all[here];
	u64 before;

	if (timer->armed && timer->pcpu != here)
		take_out(timer, timer->pcpu, here);
	lock_take(&timers->lock);
	before = earliest(timers);
	if (timer->armed)
		heap_remove(&timers->root, &timer->node);
	timer->node.key = deadline < NEVER ? deadline : NEVER - 1;
	timer->pcpu = here;
	WRITE_ONCE(timer->armed, true);
	heap_push(&timers->root, &timer->node);
	if (earliest(timers) != before)
		timer_set_hyp(earliest(timers));
	lock_drop(&timers->lock);
}

/* The earliest fires, without the lock. Marked for timer_cancel_wait, which looks without the lock and
 * must not find it neither armed nor firing: hence mark first. */
static inline void fire_earliest(struct timers *timers)
{
	struct timer *timer = timer_of(timers->root);

	heap_pop(&timers->root);
	__atomic_store_n(&timers->firing, timer, __ATOMIC_RELEASE);
	__atomic_store_n(&timer->armed, false, __ATOMIC_RELEASE);
	lock_drop(&timers->lock);
	timer->fire(timer);
	lock_take(&timers->lock);
}

NOINLINE void timer_interrupt(void)
{
	struct timers *timers = &all[this_pcpu()->id];
	u64 now = timer_now();

	lock_take(&timers->lock);
	for (unsigned i = 0; i < FIRE_MAX && timers->root && timers->root->key <= now; i++)
		fire_earliest(timers);
	__atomic_store_n(&timers->firing, NULL, __ATOMIC_RELEASE);
	timer_set_hyp(earliest(timers));
	lock_drop(&timers->lock);
}
