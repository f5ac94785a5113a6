// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/step.c: debug exceptions of a vCPU that the operator watches. PSTATE.SS is bit 21; EC 0x30 is a
 * breakpoint, 0x32 a step, 0x3c a BRK, all from a lower level.
 */
#include "trap_world.h"

#define ESR_BREAKPOINT 0xc2000022
#define ESR_STEP 0xca000022
#define ESR_BRK 0xf2000123
#define SS 0x200000

static struct debug_regs *const debug = &vcpus[0].ctx.debug;

static int setup(void **state)
{
	static const u32 code[] = {0xd503201f, 0xd65f03c0};

	(void)state;
	world_new(3);
	guest.config.cpus = 2;
	memcpy(ram + 0x1000, code, sizeof(code));
	said_forget();
	world.next = &other;
	return 0;
}

static void test_steps(void **state)
{
	(void)state;
	debug_watch(debug, WATCH_STEP, 0);
	debug->steps = 2;
	regs->pstate = 0x3c5;
	assert_ptr_equal(trap(ESR_STEP, 0, 0), &vcpus[0]);
	assert_int_equal(regs->pstate, 0x3c5 | SS); /* one more */
	assert_int_equal(regs->pc, 0x40001000);
	assert_string_equal(said, "skerry: step crab/0: 0000000040001000: d503201f\n");
	regs->pstate = 0x3c5;
	regs->pc = 0x40001004;
	guest.stops_json = true;
	said_forget();
	assert_ptr_equal(trap(ESR_STEP, 0, 0), &other);
	assert_string_equal(said, "{\"guest\":\"crab\",\"vcpu\":0,\"step\":\"0000000040001004\","
				  "\"instruction\":\"d65f03c0\"}\n");
	assert_int_equal(seen.ends, 1);
	assert_int_equal(seen.ended_how, END_STOP);
	assert_int_equal(seen.reason, SCHED_END);
	assert_int_equal(debug->watch, 0);
	assert_int_equal(regs->pstate, 0x3c5);
}

/* A step into an exception: the guest does not see in SPSR_EL1 that it was stepped, unless it steps itself. */
static void test_spsr(void **state)
{
	u64 *spsr = &vcpus[0].ctx.el1[EL1_spsr_el1];

	(void)state;
	debug_watch(debug, WATCH_STEP, 0);
	debug->steps = 9;
	*spsr = 0x80000000 | SS;
	trap(ESR_STEP, 0, 0);
	assert_int_equal(*spsr, 0x80000000);
	*spsr = 0x80000000 | SS;
	debug->mdscr = 1;
	trap(ESR_STEP, 0, 0);
	assert_int_equal(*spsr, 0x80000000 | SS);
}

static void test_wfi_is_one_step(void **state)
{
	(void)state;
	debug_watch(debug, WATCH_STEP, 0);
	world.wakes = false;
	assert_ptr_equal(trap(0x07e00000, 0, 0), &vcpus[0]);
	assert_int_equal(seen.switches, 0);
	debug_watch(debug, 0, WATCH_STEP);
	assert_ptr_equal(trap(0x07e00000, 0, 0), &other);
}

static void test_stop_at_an_address(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		vcpus[i].ctx.debug.stop_at = 0x40001000;
		debug_watch(&vcpus[i].ctx.debug, WATCH_STOP | WATCH_TRACE, 0);
	}
	assert_ptr_equal(trap(ESR_BREAKPOINT, 0, 0), &other);
	assert_int_equal(seen.ended_how, END_STOP);
	assert_int_equal(vcpus[0].ctx.debug.watch, WATCH_TRACE);
	assert_int_equal(vcpus[1].ctx.debug.watch,
			 WATCH_TRACE); /* once, whichever vCPU came first */
	assert_non_null(strstr(said, "skerry: adstop crab/0: 0000000040001000: d503201f\n"));
	assert_non_null(strstr(said, "skerry: guest crab: vCPU 0 is at 0000000040001000"));
	assert_non_null(strstr(said, "  x28 "));
	/* the other one comes there as well: nobody asks for it any more */
	assert_ptr_equal(trap(ESR_BREAKPOINT, 0, 0), &vcpus[0]);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(standin_mdscr, 0);
	/* another address meanwhile: the hardware gets it */
	debug->stop_at = 0x40002000;
	debug_watch(debug, WATCH_STOP, 0);
	assert_ptr_equal(trap(ESR_BREAKPOINT, 0, 0), &vcpus[0]);
	assert_int_equal(standin_mdscr, 0x8000);
	/* over the address where it stands: one step, then the breakpoint again */
	debug_watch(debug, WATCH_OVER, 0);
	assert_ptr_equal(trap(ESR_STEP, 0, 0), &vcpus[0]);
	assert_int_equal(debug->watch, WATCH_TRACE | WATCH_STOP);
	assert_int_equal(standin_mdscr, 0x8000);
	assert_int_equal(seen.ends, 1);
}

/* With its own syndrome, into its own EL1; no address goes with it. */
static void test_brk_is_the_guests(void **state)
{
	(void)state;
	debug_watch(debug, WATCH_STOP, 0);
	vcpus[0].ctx.el1[EL1_far_el1] = 0x77;
	assert_ptr_equal(trap(ESR_BRK, 0x1234, 0), &vcpus[0]);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], ESR_BRK);
	assert_int_equal(vcpus[0].ctx.el1[EL1_elr_el1], 0x40001000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], 0x77);
	assert_int_equal(regs->pc, 0x40008200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_steps, setup),
		cmocka_unit_test_setup(test_spsr, setup),
		cmocka_unit_test_setup(test_wfi_is_one_step, setup),
		cmocka_unit_test_setup(test_stop_at_an_address, setup),
		cmocka_unit_test_setup(test_brk_is_the_guests, setup),
	};

	return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
