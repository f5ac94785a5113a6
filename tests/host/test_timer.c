// SPDX-License-Identifier: Apache-2.0
// units: sched/*.c
/*
 * sched/timer.c: what fires, when, where, in which order, and what the pCPUs' CNTHP is set to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "arch/timer.h"
#include "board/gic.h"
#include "sched/timer.h"

const struct gic_ops *gic; /* sched.c wants one; nothing here calls it */

#define NEVER UINT64_MAX

static struct timer *fired[512];
static unsigned fired_count;

static void note(struct timer *timer)
{
	assert_false(timer->armed);
	assert_int_equal(timer->pcpu, this_pcpu()->id);
	if (fired_count < ARRAY_SIZE(fired))
		fired[fired_count] = timer;
	fired_count++;
}

static int setup(void **state)
{
	(void)state;
	standin_timer_reset();
	standin_pcpu_reset();
	fired_count = 0;
	return 0;
}

static void interrupt(unsigned p, u64 now)
{
	standin_pcpu_set(p);
	standin_now = now;
	timer_interrupt();
}

static void test_order(void **state)
{
	static const u64 deadlines[] = {5000, 3000, 4000, 3000, 9000};
	struct timer t[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		timer_init(&t[i], note);
		timer_arm(&t[i], deadlines[i]);
	}
	assert_int_equal(standin_timers[0].hyp, 3000);
	interrupt(0, 2999);
	assert_int_equal(fired_count, 0);
	assert_int_equal(standin_timers[0].hyp, 3000);
	interrupt(0, 4999);
	assert_int_equal(fired_count, 3);
	assert_ptr_equal(fired[2], &t[2]);
	assert_int_equal(standin_timers[0].hyp, 5000);
	interrupt(0, 100000);
	assert_int_equal(fired_count, 5);
	assert_ptr_equal(fired[3], &t[0]);
	assert_ptr_equal(fired[4], &t[4]);
	assert_true(standin_timers[0].hyp == NEVER);
}

static void test_arm_again_and_cancel(void **state)
{
	unsigned long writes;
	struct timer a, b;

	(void)state;
	timer_init(&a, note);
	timer_init(&b, note);
	timer_cancel(&a); /* not armed */
	timer_arm(&a, 3000);
	timer_arm(&b, 4000);
	timer_arm(&a, 5000); /* later */
	assert_int_equal(standin_timers[0].hyp, 4000);
	timer_arm(&a, 2000); /* sooner */
	assert_int_equal(standin_timers[0].hyp, 2000);
	timer_cancel(&a);
	assert_int_equal(standin_timers[0].hyp, 4000);
	timer_cancel(&a);
	assert_int_equal(standin_timers[0].hyp, 4000);

	/* what does not change the earliest deadline does not touch the hardware */
	writes = standin_timers[0].hyp_writes;
	timer_arm(&a, 6000);
	timer_arm(&a, 7000);
	timer_cancel(&a);
	assert_int_equal(standin_timers[0].hyp_writes, writes);

	timer_cancel(&b);
	assert_true(standin_timers[0].hyp == NEVER);
	interrupt(0, 100000);
	assert_int_equal(fired_count, 0);

	/* a deadline in the past; one that never comes must not look like none */
	timer_arm(&a, 5);
	timer_arm(&b, NEVER);
	assert_true(standin_hyp_due(0));
	interrupt(0, 100000);
	assert_int_equal(fired_count, 1);
	assert_true(b.armed);
	assert_true(standin_timers[0].hyp == NEVER - 1);
	timer_cancel(&b);
}

static void test_other_pcpus(void **state)
{
	struct timer a, b;

	(void)state;
	timer_init(&a, note);
	timer_init(&b, note);
	standin_pcpu_set(1);
	timer_arm(&a, 3000);
	timer_arm(&b, 4000);
	standin_pcpu_set(2);
	timer_cancel(&a);
	assert_false(a.armed);
	assert_int_equal(standin_timers[1].hyp, 3000); /* only pCPU 1 can write that */
	assert_int_equal(standin_timers[2].hyp_writes, 0);
	interrupt(1, 3500); /* comes for nothing, and puts it right */
	assert_int_equal(fired_count, 0);
	assert_int_equal(standin_timers[1].hyp, 4000);

	standin_pcpu_set(2);
	timer_arm(&b, 4500); /* moves */
	assert_int_equal(b.pcpu, 2);
	assert_int_equal(standin_timers[2].hyp, 4500);
	interrupt(1, 5000);
	assert_int_equal(fired_count, 0);
	interrupt(2, 5000);
	assert_int_equal(fired_count, 1);
}

static void fire_for_ever(struct timer *timer)
{
	note(timer);
	timer_arm(timer, 1); /* long past */
}

/* A guest that sets its timer to the past in each handler does not keep the pCPU in EL2. */
static void test_at_most_64(void **state)
{
	static struct timer t[100], again;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		timer_init(&t[i], note);
		timer_arm(&t[i], 1001);
	}
	interrupt(0, 2000);
	assert_int_equal(fired_count, 64);
	assert_true(standin_hyp_due(0)); /* the rest at once again */
	interrupt(0, 2000);
	assert_int_equal(fired_count, 100);
	assert_false(standin_hyp_due(0));

	timer_init(&again, fire_for_ever);
	timer_arm(&again, 1);
	interrupt(0, 3000);
	assert_int_equal(fired_count, 164);
	timer_cancel(&again);
}

static struct timer patient;
static unsigned waits;

/* pCPU 1 goes on while pCPU 0 waits for it: with the interrupt that it is in, it is done. */
static void let_pcpu_1_go_on(void)
{
	waits++;
	standin_pcpu_set(1);
	timer_interrupt();
	standin_pcpu_set(0);
}

static void cancel_from_0(struct timer *timer)
{
	note(timer);
	standin_pcpu_set(0);
	timer_cancel(timer); /* does not wait for what it is called by */
	assert_int_equal(waits, 0);
	standin_on_wait = let_pcpu_1_go_on;
	timer_cancel_wait(timer);
	standin_on_wait = NULL;
	assert_int_equal(waits, 1);
	standin_pcpu_set(1);
}

static void test_cancel_waits(void **state)
{
	(void)state;
	waits = 0;
	timer_init(&patient, cancel_from_0);
	standin_pcpu_set(1);
	timer_arm(&patient, 2000);
	interrupt(1, 2000);
	assert_int_equal(fired_count, 1);
	standin_pcpu_set(0);
	timer_cancel_wait(&patient); /* nobody fires it now: no wait */
	assert_int_equal(waits, 1);
}

/* Against the plainest model: a list. */
static void test_random(void **state)
{
	static struct timer t[100];
	u64 model[100];
	u64 seed = 5;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		timer_init(&t[i], note);
		model[i] = 0;
	}
	for (unsigned step = 0; step < 50000; step++) {
		unsigned i, p, due = 0;
		u64 least = NEVER;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		i = (seed >> 40) % 100;
		p = seed >> 33 & 1;
		standin_pcpu_set(p);
		if (seed >> 50 & 1) {
			model[i] = standin_now + (seed >> 20) % 1000;
			timer_arm(&t[i], model[i]);
		} else {
			model[i] = 0;
			timer_cancel(&t[i]);
		}
		standin_now += (seed >> 60) * 2;
		for (unsigned k = 0; k < 100; k++) {
			assert_int_equal(t[k].armed, model[k] != 0);
			if (!model[k] || t[k].pcpu != p)
				continue;
			if (model[k] <= standin_now)
				model[k] = 0, due++;
			else
				least = MIN(least, model[k]);
		}
		fired_count = 0;
		timer_interrupt();
		assert_int_equal(fired_count, due);
		assert_true(standin_timers[p].hyp == least);
		for (unsigned k = 1; k < fired_count; k++)
			assert_true(fired[k - 1]->node.key <= fired[k]->node.key);
	}
	for (unsigned i = 0; i < 100; i++)
		timer_cancel(&t[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_arm_again_and_cancel, setup),
		cmocka_unit_test_setup(test_other_pcpus, setup),
		cmocka_unit_test_setup(test_at_most_64, setup),
		cmocka_unit_test_setup(test_cancel_waits, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
