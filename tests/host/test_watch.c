// SPDX-License-Identifier: Apache-2.0
// units: cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * The commands that watch a guest: what of its vCPUs' debug hardware they ask for, and what they say.
 */
#include "prompt_world.h"

#include "cp/command.h"
#include "cp/trace.h"
#include "guest/watch.h"

static struct guest *crab, *eel;

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	world_create(GUEST("crab", "0x100000", "cpus = <2>;") GUEST("eel", "0x100000", ""), "");
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	guests_start();
	cp_init();
	return 0;
}

static int teardown(void **state)
{
	type("\x1dp\r");
	type("trace off\r");
	return world_teardown(state);
}

#define SAYS_NOT(text) assert_null(strstr(said, text))

static void put(const char *text)
{
	struct trace_line line = {.time = 3 * 62500000ull + 625, .pc = 0x40001000, .vcpu = 1};

	line.event = TRACE_PSCI;
	strcpy(line.guest, "crab");
	snprintf(line.text, sizeof(line.text), "%s", text);
	trace_put(&line);
}

static void test_trace_command(void **state)
{
	struct frame_count before = frames_count();

	(void)state;
	type("trace crab psci mmio\r");
	assert_int_equal(crab->traced, 1 << TRACE_PSCI | 1 << TRACE_MMIO);
	assert_int_equal(crab->vcpus[1]->ctx.debug.watch, WATCH_TRACE);
	assert_true(crab->vcpus[1]->ctx.debug.live);
	assert_int_equal(eel->vcpus[0]->ctx.debug.watch, 0);
	assert_int_equal(standin_sgis[1] >> 2 & 1, 1); /* the other CPU looks */
	type("trace json\r");
	SAYS("{\"guest\":\"crab\",\"hypercall\":false,\"psci\":true,\"sysreg\":false,\"mmio\":true,");
	type("trace crab psci fish\r");
	SAYS("\"fish\": expected hypercall, psci, sysreg, mmio, abort, interrupt, switch, all or off");
	assert_int_equal(crab->traced, 1 << TRACE_PSCI | 1 << TRACE_MMIO);
	type("trace whale all\r");
	SAYS("no guest \"whale\"");
	type("trace crab\r");
	SAYS("trace needs:");
	/* a clean copy of it is traced as before */
	type("restart crab\r");
	assert_int_equal(crab->vcpus[0]->ctx.debug.watch, WATCH_TRACE);
	assert_true(crab->vcpus[0]->ctx.debug.live);
	type("trace all switch\r");
	assert_int_equal(eel->traced, 1 << TRACE_SWITCH);
	type("trace off\r");
	assert_int_equal(crab->traced | eel->traced, 0);
	assert_int_equal(crab->vcpus[0]->ctx.debug.watch, 0);
	assert_int_equal(frames_count().by_use[FRAME_EL2], before.by_use[FRAME_EL2]);
	said_forget();
	put("nobody hears");
	assert_string_equal(said, "");
}

static void test_trace_lines(void **state)
{
	(void)state;
	type("trace crab all\r");
	said_forget();
	put("PSCI VERSION");
	assert_string_equal(said, "\r\nskerry:     3.000010 crab/1 at 40001000: PSCI VERSION\n");
	type("trace crab all json\r");
	command_leave();
	said_forget();
	put("PSCI VERSION");
	assert_string_equal(
		said, "{\"trace\":\"psci\",\"time\":\"3.000010\",\"guest\":\"crab\",\"vcpu\":1,"
		      "\"pc\":\"0000000040001000\",\"what\":\"PSCI VERSION\"}\n");
}

/* Printing takes a line's time, so a vCPU that traces prints half of the time; the rest waits in the ring,
 * what that can't hold is told, and what is left comes when nothing more is traced. */
static void test_trace_flood(void **state)
{
	unsigned lines = 0;

	(void)state;
	type("trace crab all\r");
	said_forget();
	for (unsigned i = 0; i < 500;
	     i++) { /* a line takes longer than the trap that it tells of */
		standin_now_step = i % 8 ? 1 : 100000;
		put("x");
	}
	standin_now_step = 0;
	for (const char *at = said; (at = strstr(at, ": x\n")); at++)
		lines++;
	assert_in_range(lines, 20, 120);
	said_forget();
	for (unsigned i = 0; i < 200; i++) {
		standin_now += 62500 * 20;
		timer_interrupt();
	}
	SAYS(" traced events are lost: the serial line is slower");
	for (const char *at = said; (at = strstr(at, ": x\n")); at++)
		lines++;
	{
		unsigned lost;

		assert_int_equal(sscanf(strstr(said, "skerry: "), "skerry: %u traced", &lost), 1);
		assert_in_range(lines, 60, 500);
	}
	said_forget();
	standin_now += 62500 * 200;
	timer_interrupt();
	assert_string_equal(said, "");
}

/* What the serial line has no room for yet waits in the ring of traced lines, and EL2 for nothing. */
static void test_trace_slow_line(void **state)
{
	(void)state;
	type("trace crab all\r");
	standin_now = 1ull << 40; /* the test before has left a rest to be kept */
	said_forget();
	put("first");
	SAYS(": first");
	say_sent = said_length - 1;
	put("second");
	SAYS_NOT("second");
	for (unsigned i = 0; i < 100; i++) {
		standin_now += 62500 * 20;
		timer_interrupt();
	}
	SAYS_NOT("second");
	say_sent = UINT64_MAX;
	standin_now += 62500 * 20;
	timer_interrupt();
	SAYS(": second");
}

static void put_late(void)
{
	standin_on_try_drop = NULL;
	put("late");
}

/* One that another pCPU puts when the printer has just looked whether there is more. */
static void test_trace_late_line(void **state)
{
	(void)state;
	type("trace crab all\r");
	standin_now = 1ull << 41;
	said_forget();
	standin_on_try_drop = put_late;
	put("first");
	assert_null(standin_on_try_drop);
	SAYS(": first");
	standin_now += 62500 * 20;
	timer_interrupt();
	SAYS(": late");
}

static void test_step_command(void **state)
{
	struct debug_regs *debug = &crab->vcpus[0]->ctx.debug;

	(void)state;
	type("step crab\r");
	SAYS("crab is running: `stop`");
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 0), VCPU_OFF);
	type("stop crab\r");
	type("step crab/2\r");
	SAYS("crab has vCPUs 0 to 1");
	type("step crab 0\r");
	SAYS("steps \"0\": expected 1 to 10000");
	type("step crab 10001\r");
	SAYS("expected 1 to 10000");
	type("step crab 3 json\r");
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_true(crab->stops_json);
	assert_int_equal(debug->watch, WATCH_STEP);
	assert_int_equal(debug->steps, 3);
	assert_int_equal(crab->vcpus[0]->ctx.regs.pstate >> 21 & 1, 1);
	assert_int_equal(crab->vcpus[0]->sched.state, SCHED_READY);
	assert_int_equal(crab->vcpus[1]->sched.state, SCHED_OFF); /* the others stand still */
	/* stopped in the midst of it, it goes on without */
	type("stop crab\rbegin crab\r");
	assert_int_equal(debug->watch, 0);
	assert_int_equal(crab->vcpus[1]->sched.state, SCHED_READY);
	/* and so does a clean copy */
	type("stop crab\rstep crab\rrestart crab\r");
	assert_int_equal(debug->watch, 0);
	type("stop crab\rstep crab/1\r");
	SAYS("crab has this vCPU turned off");
}

static void test_adstop_command(void **state)
{
	struct debug_regs *debug = &crab->vcpus[0]->ctx.debug;

	(void)state;
	type("adstop crab 0x40080002\r");
	SAYS("address \"0x40080002\": expected a multiple of 4, or off");
	type("adstop crab 0xffff800008000000\r");
	assert_int_equal(debug->watch, WATCH_STOP);
	assert_int_equal(debug->stop_at, 0xffff800008000000);
	assert_int_equal(crab->vcpus[1]->ctx.debug.watch, WATCH_STOP);
	assert_int_equal(standin_sgis[1] >> 2 & 1, 1);
	type("adstop crab json\r");
	SAYS("{\"guest\":\"crab\",\"adstop\":true,\"address\":\"ffff800008000000\"}");
	/* from a clean copy's first instruction on */
	type("restart crab\r");
	assert_int_equal(debug->watch, WATCH_STOP);
	/* where it stands already: over it first */
	type("stop crab\radstop crab 0x40080000\r");
	crab->vcpus[0]->ctx.regs.pc = 0x40080000;
	type("begin crab\r");
	assert_int_equal(debug->watch, WATCH_STOP | WATCH_OVER);
	assert_int_equal(crab->vcpus[0]->ctx.regs.pstate >> 21 & 1, 1);
	type("adstop crab off\r");
	assert_int_equal(debug->watch, 0);
	type("adstop crab json\r");
	SAYS("\"adstop\":false,");
	type("adstop whale 4\r");
	SAYS("no guest \"whale\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trace_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace_slow_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace_late_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_step_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adstop_command, setup, teardown),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
