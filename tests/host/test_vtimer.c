// SPDX-License-Identifier: Apache-2.0
// units: vdev/vtimer.c sched/timer.c sched/heap.c trap/*.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * vdev/vtimer.c: timers of a vCPU on and off its pCPU. CNTV_CTL and CNTP_CTL: 1 ENABLE, 2 IMASK, 4
 * ISTATUS (Arm ARM D11.2.4, D17.11).
 */
#include "trap_world.h"

static struct vtimer *const timer = &vcpus[0].vtimer;

static int setup(void **state)
{
	(void)state;
	world_new(3);
	timer->offset = 400; /* guest time is 600 */
	return 0;
}

/* The guest's timer runs in hardware; off it, a soft timer comes at the same moment. */
static void test_moves(void **state)
{
	(void)state;
	vtimer_load(timer);
	assert_int_equal(standin_timers[0].offset, 400);
	standin_timers[0].virt = (struct timer_regs){1, 2000};
	vtimer_save(timer);
	assert_int_equal(standin_timers[0].virt.ctl, 0);
	assert_int_equal(timer->virt.cval, 2000);
	assert_int_equal(standin_timers[0].hyp, 2400);
	standin_now = 2399;
	timer_interrupt();
	assert_int_equal(seen.injections, 0);
	standin_now = 2400;
	timer_interrupt();
	assert_int_equal(seen.injections, 1);
	/* back on: nothing soft is left, the hardware has it */
	vtimer_load(timer);
	assert_int_equal(standin_timers[0].virt.cval, 2000);
	assert_int_equal(standin_timers[0].virt.ctl, 1);
	standin_timers[0].virt = (struct timer_regs){1, 9000};
	vtimer_save(timer);
	vtimer_load(timer);
	standin_now = 20000;
	timer_interrupt();
	assert_int_equal(seen.injections, 1);
}

/* Off, masked, or beyond the end of time: nobody is to be woken. */
static void test_not_armed(void **state)
{
	static const struct timer_regs rows[] = {{0, 700}, {2, 700}, {3, 700}, {1, ~0ull}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		vtimer_load(timer);
		standin_timers[0].virt = rows[i];
		vtimer_save(timer);
		assert_false(standin_hyp_due(0));
		standin_now += 100000;
		timer_interrupt();
		assert_int_equal(seen.injections, 0);
	}
}

/* Due at the switch already: at once, unless the guest has it pending or active. */
static void test_due_at_save(void **state)
{
	(void)state;
	vtimer_load(timer);
	standin_timers[0].virt = (struct timer_regs){1, 500};
	vtimer_save(timer);
	assert_true(standin_hyp_due(0));
	timer_interrupt();
	assert_int_equal(seen.injections, 1);
	vtimer_load(timer);
	world.busy = timer->vgic->hw_held = true;
	vtimer_save(timer);
	timer_interrupt();
	assert_int_equal(seen.injections, 1);
	/* busy with the last one, but the next is set already */
	vtimer_load(timer);
	standin_timers[0].virt = (struct timer_regs){1, 5000};
	vtimer_save(timer);
	standin_now = 5400;
	timer_interrupt();
	assert_int_equal(seen.injections, 2);
}

/* The PPI that vgic_load or the interrupt itself has made active is so for nobody between two vCPUs. */
static void test_ppi(void **state)
{
	(void)state;
	vtimer_load(timer);
	vtimer_save(timer);
	assert_int_equal(seen.set_actives, 0);
	vtimer_load(timer);
	world.busy = timer->vgic->hw_held = seen.active = true;
	vtimer_save(timer);
	assert_false(seen.active);
	assert_int_equal(seen.set_actives, 1);
}

static void test_interrupt(void **state)
{
	(void)state;
	vtimer_interrupt(timer);
	assert_int_equal(seen.injections, 1);
}

static void test_line(void **state)
{
	(void)state;
	timer->virt = (struct timer_regs){1, 600};
	assert_true(vtimer_line(timer, 27, false));
	timer->virt.cval = 601;
	assert_false(vtimer_line(timer, 27, false));
	timer->virt = (struct timer_regs){3, 0};
	assert_false(vtimer_line(timer, 27, false));
	vtimer_load(timer); /* now the hardware's word counts */
	standin_timers[0].virt = (struct timer_regs){1, 600};
	assert_true(vtimer_line(timer, 27, true));
	standin_timers[0].virt.ctl = 3;
	assert_false(vtimer_line(timer, 27, true));
	timer->phys = (struct timer_regs){1, 600};
	assert_true(vtimer_line(timer, 30, true));
	timer->phys.cval = 601;
	assert_false(vtimer_line(timer, 30, false));
}

static void test_phys(void **state)
{
	(void)state;
	assert_int_equal(vtimer_count(timer), 600);
	vtimer_phys_write(timer, 0, 0xfffffffffffffff6); /* TVAL = -10, by its lower half */
	assert_int_equal(vtimer_phys_read(timer, 2), 590);
	assert_int_equal(vtimer_phys_read(timer, 0), 0xfffffff6);
	assert_int_equal(vtimer_phys_read(timer, 1), 0);
	vtimer_phys_write(timer, 1, 3); /* on and masked: the condition shows, the line is low */
	assert_int_equal(vtimer_phys_read(timer, 1), 7);
	assert_string_equal(seen.lines, "30-30-");
	vtimer_phys_write(timer, 1, 1);
	assert_int_equal(vtimer_phys_read(timer, 1), 5);
	assert_string_equal(seen.lines, "30-30-30+");
	vtimer_phys_write(timer, 0, 100); /* into the future: low again, and armed */
	assert_string_equal(seen.lines, "30-30-30+30-");
	assert_int_equal(standin_timers[0].hyp, 1100);
	standin_now = 1100;
	timer_interrupt();
	assert_string_equal(seen.lines, "30-30-30+30-30+");
	vtimer_phys_write(timer, 2, 2000);
	vtimer_phys_write(timer, 1, 0); /* off: nothing comes */
	standin_now = 9000;
	timer_interrupt();
	assert_string_equal(seen.lines, "30-30-30+30-30+30-30-");
}

static void test_reset(void **state)
{
	(void)state;
	vtimer_phys_write(timer, 2, 2000);
	vtimer_phys_write(timer, 1, 1);
	timer->virt = (struct timer_regs){1, 700};
	timer_arm(&timer->virt_soft, 1100);
	vtimer_reset(timer);
	assert_int_equal(vtimer_phys_read(timer, 1) | vtimer_phys_read(timer, 2), 0);
	seen.lines[0] = 0;
	standin_now = 100000;
	timer_interrupt();
	assert_string_equal(seen.lines, "");
	assert_int_equal(seen.injections, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_moves, setup),
		cmocka_unit_test_setup(test_not_armed, setup),
		cmocka_unit_test_setup(test_due_at_save, setup),
		cmocka_unit_test_setup(test_ppi, setup),
		cmocka_unit_test_setup(test_interrupt, setup),
		cmocka_unit_test_setup(test_line, setup),
		cmocka_unit_test_setup(test_phys, setup),
		cmocka_unit_test_setup(test_reset, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
