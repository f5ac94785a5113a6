// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c
/*
 * guest/life.c: how guests start, end, and start again, with their vCPUs on several pCPUs; what goes
 * back when they do; and when the machine stops.
 */
#include "guest_world.h"

static struct guest *crab, *eel;
static struct vcpu *a, *b, *c; /* a and b are crab's */
static struct frame_count before;

static void create(const char *crabs, const char *eels)
{
	char text[1024];

	before = frames_count();
	snprintf(text, sizeof(text),
		 GUEST("crab", "0x500000", "cpus = <2>; initrd = [ca fe]; %s")
			 GUEST("eel", "0x100000", "%s"),
		 crabs, eels);
	world_create(text, CHANNEL("rope", "crab", "eel", "0x1000"));
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	a = crab->vcpus[0];
	b = crab->vcpus[1];
	c = eel->vcpus[0];
}

static int setup(void **state)
{
	(void)state;
	random_seed(1, 2, true);
	world_new(3, 3, 0x4000000);
	create("", "");
	return 0;
}

/* a on pCPU 0, b on pCPU 1, c on pCPU 2 */
static void run_all(void)
{
	guests_start();
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_ptr_equal(play(2, NULL, SCHED_TICK), c);
	standin_pcpu_set(0);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 0), VCPU_OFF);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), b);
	standin_pcpu_set(0);
}

/* Its own vCPU does it, on pCPU 0; then b's and c's. */
static void crab_ends(enum verdict how)
{
	standin_pcpu_set(0);
	life_end(crab, how);
	(void)play(0, a, SCHED_END);
	(void)play(1, b, SCHED_TICK);
}

static void eel_ends(enum verdict how)
{
	standin_pcpu_set(2);
	life_end(eel, how);
	(void)play(2, c, SCHED_END);
}

static void test_start(void **state)
{
	(void)state;
	standin_now = 123456;
	assert_true(sched_is_off(&a->sched));
	life_start(crab);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->time_offset, 123456);
	assert_int_equal(a->vtimer.offset, 123456);
	assert_int_equal(b->vtimer.offset, 123456);
	assert_int_equal(a->power, VCPU_ON);
	assert_int_equal(b->power, VCPU_OFF);
	assert_false(sched_is_off(&a->sched));
	assert_true(sched_is_off(&b->sched));
	assert_int_equal(eel->state, GUEST_READY);
}

/* All of its memory, tables, promises; its state stays for the operator to look at. */
static void test_exit(void **state)
{
	struct frame_count after;
	u64 crabs, memory;

	(void)state;
	run_all();
	for (u64 ipa = 0x40000000; ipa < 0x40500000; ipa += 0x1000)
		assert_true(guest_touch(crab, IPA(ipa)));
	assert_int_equal(guest_stolen_time(b), 0x0b000040);
	crabs = frames_held(0);
	assert_true(crabs > 0x500000 + 0x5000);
	memory = frames_count().by_use[FRAME_MEMORY];
	crab_ends(VERDICT_EXIT);
	assert_int_equal(crab->state, GUEST_ENDED);
	after = frames_count();
	assert_int_equal(memory - after.by_use[FRAME_MEMORY], 0x500000);
	assert_int_equal(after.by_use[FRAME_TABLE],
			 0x2000 + 2 * 0x1000);		/* eel's: root, RAM, channel */
	assert_int_equal(after.reserved, 255 * 0x1000); /* eel's */
	eel_ends(VERDICT_EXIT);
	after = frames_count();
	assert_int_equal(after.by_use[FRAME_MEMORY], 0);
	assert_int_equal(after.by_use[FRAME_TABLE], 0);
	assert_int_equal(after.reserved, 0);
	assert_int_equal(after.by_use[FRAME_SHARED], 0x1000);
	assert_int_equal(after.by_use[FRAME_STATE], frames_held(0) + frames_held(1));
	/* and EL2 two frames for its table of channels, one for the chunk that all this is in */
	assert_int_equal(before.free - after.free, after.by_use[FRAME_STATE] + 0x1000 + 0x3000);
	assert_null(play(0, NULL, SCHED_TICK));
	assert_null(play(1, NULL, SCHED_TICK));
}

static void test_ends_elsewhere(void **state)
{
	(void)state;
	run_all();
	standin_sgi_reset();
	standin_pcpu_set(2); /* say, by the operator's word */
	life_end(crab, VERDICT_RESET);
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_true(standin_sgis[0] & 1);
	assert_true(standin_sgis[1] & 1);
	life_end(crab, VERDICT_EXIT); /* too late: it is to be reset */
	/* one is off: the other still runs in the guest's memory */
	*guest_byte(crab, 0x40080000) = 0x99;
	assert_null(play(1, b, SCHED_TICK));
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_int_equal(crab->restarts, 0);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x99);
	/* the last one's pCPU does it, once, and may take the new life up at once */
	assert_ptr_equal(play(0, a, SCHED_TICK), a);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->restarts, 1);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x11);
	assert_null(play(1, NULL, SCHED_TICK));
	assert_int_equal(crab->restarts, 1);
	/* and is not done again when next all of it is off */
	assert_null(play(0, a, SCHED_END));
	assert_int_equal(crab->restarts, 1);
	assert_ptr_equal(play(2, c, SCHED_TICK), c); /* eel noticed nothing */
}

/* A vCPU that waits for a pCPU, or sleeps, need not come for its guest to end. */
static void test_ends_asleep(void **state)
{
	(void)state;
	run_all();
	assert_null(play(1, b, SCHED_BLOCK));
	standin_pcpu_set(2);
	life_end(crab, VERDICT_EXIT);
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_null(play(0, a, SCHED_TICK));
	assert_int_equal(crab->state, GUEST_ENDED);
	standin_pcpu_set(2);
	sched_wake(&b->sched); /* an interrupt does not bring it back */
	assert_null(play(1, NULL, SCHED_TICK));
	assert_null(play(2, c, SCHED_BLOCK));
	life_end(eel, VERDICT_EXIT); /* all of it asleep: at once */
	assert_int_equal(eel->state, GUEST_ENDED);
	life_end(eel, VERDICT_RESET); /* has ended */
	assert_int_equal(eel->state, GUEST_ENDED);
	assert_int_equal(eel->restarts, 0);
}

/* a is OFF for the scheduler, but its registers are not in memory yet: not the end. */
static void test_ends_half_saved(void **state)
{
	(void)state;
	run_all();
	assert_null(play(1, b, SCHED_BLOCK));
	b->loaded = true;
	standin_pcpu_set(2);
	life_end(crab, VERDICT_EXIT);
	assert_null(play(0, a, SCHED_TICK));
	assert_int_equal(crab->state, GUEST_STOPPING);
	b->loaded = false;
	life_finish(crab);
	assert_int_equal(crab->state, GUEST_ENDED);
}

/* A clean copy of the image, clean memory, CPUs, interrupts, UART and timers as at the first start. */
static void test_reset(void **state)
{
	struct mmio enable = {.offset = 0x104, .size = 4, .write = true, .value = 2}; /* INTID 33 */
	struct mmio imsc = {.offset = 0x38, .size = 4, .write = true, .value = 0x10};
	struct frame_count fresh;

	(void)state;
	fresh = frames_count();
	standin_now = 4000;
	run_all();
	for (u64 ipa = 0x40000000; ipa < 0x40500000; ipa += 0x1000) {
		assert_true(guest_touch(crab, IPA(ipa)));
		memset(guest_byte(crab, ipa), 0x66, 0x1000);
	}
	memset(guest_byte(crab, 0x0c000000), 0x66, 0x1000);
	assert_true(guest_stolen_time(a));
	memset(guest_byte(crab, 0x0b000000), 0x66, 0x1000);
	a->ctx.regs.x[5] = 5;
	crab->exit_code = 9;
	assert_true(vgic_distributor(&a->vgic, &enable));
	assert_true(vpl011_access(&crab->uart, &imsc));
	assert_true(vconsole_type(&crab->console, 'x'));
	vpl011_input(&crab->uart);
	vconsole_put(&crab->console, '?');
	standin_timers[0].virt = (struct timer_regs){1, 1000000};
	said_forget();
	standin_now = 9000;
	crab_ends(VERDICT_RESET);

	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->exit_code, 0);
	assert_string_equal(said, "[crab] ?\r\n");
	assert_int_equal(vconsole_waiting(&crab->console), 0);
	assert_int_equal(crab->time_offset, 9000);
	assert_int_equal(a->ctx.regs.pc, 0x40080000);
	assert_int_equal(a->ctx.regs.x[0], 0x40400000);
	assert_int_equal(a->ctx.regs.x[5], 0);
	assert_int_equal(a->vtimer.virt.ctl, 0);
	assert_int_equal(b->power, VCPU_OFF);
	assert_true(sched_is_off(&b->sched));
	enable.write = false;
	assert_true(vgic_distributor(&a->vgic, &enable));
	assert_int_equal(enable.value, 0);
	enable.offset = 0x204; /* ISPENDR: the wire of the UART is low too */
	assert_true(vgic_distributor(&a->vgic, &enable));
	assert_int_equal(enable.value, 0);
	/* what was promised and taken is as before the first start */
	expect_count(fresh);
	assert_false(is_mapped(crab, 0x0b000000));
	for (u64 ipa = 0x40000000; ipa < 0x40500000; ipa += 0x1000) {
		bool loaded = ipa == 0x40080000 || ipa == 0x40400000 || ipa == 0x40402000;

		assert_true(guest_touch(crab, IPA(ipa)));
		assert_true(loaded || all_are(guest_byte(crab, ipa), 0, 0x1000));
	}
	assert_memory_equal(guest_byte(crab, 0x40080000), "\x11\x22\x33", 3);
	assert_true(all_are(guest_byte(crab, 0x40080010), 0, 0xff0));
	assert_memory_equal(guest_byte(crab, 0x40402000), "\xca\xfe\0", 3);
	/* a channel's memory is the other guest's as well, and stays */
	assert_int_equal(*guest_byte(crab, 0x0c000fff), 0x66);
	assert_true(guest_stolen_time(a));
	assert_true(all_are(guest_byte(crab, 0x0b000000), 0, 0x1000));
}

static void test_thousand_lives(void **state)
{
	struct frame_count fresh = frames_count();

	(void)state;
	guests_start();
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_ptr_equal(play(2, NULL, SCHED_TICK), c);
	for (unsigned i = 0; i < 1000; i++) {
		standin_pcpu_set(0);
		assert_true(guest_touch(crab, IPA(0x40200000 + i * 0x2000 % 0x300000)));
		if (i % 10 == 0)
			assert_true(guest_stolen_time(a));
		life_end(crab, VERDICT_RESET);
		assert_ptr_equal(play(0, a, SCHED_END), a);
		expect_count(fresh);
		assert_null(sched_check());
	}
	assert_int_equal(crab->restarts, 1000);
}

/* --- Crashes ------------------------------------------------------------------------------------ */

static void crash_with(const char *policy)
{
	char text[64];

	world_close();
	world_new(3, 3, 0x4000000);
	snprintf(text, sizeof(text), "on-crash = \"%s\";", policy);
	create(text, "");
	run_all();
	*guest_byte(crab, 0x40080000) = 0x99;
	standin_pcpu_set(0);
}

static void test_on_crash(void **state)
{
	u64 held;

	(void)state;
	crash_with("stop"); /* everything is kept */
	held = frames_held(0);
	crab_ends(VERDICT_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_int_equal(frames_held(0), held);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x99);
	assert_int_equal(crab->restarts, 0);

	crash_with("destroy"); /* nothing is */
	crab_ends(VERDICT_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	eel_ends(VERDICT_CRASH); /* has no on-crash: stop */
	assert_int_equal(eel->state, GUEST_CRASHED);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000);
	assert_int_equal(frames_count().reserved, 255 * 0x1000);

	crash_with("restart");
	crab_ends(VERDICT_CRASH);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->restarts, 1);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x11);

	crash_with("shutdown");
	said_forget();
	assert_int_equal(STOPS(crab_ends(VERDICT_CRASH)), 1);
	assert_non_null(strstr(said, "crab"));
	assert_non_null(strstr(said, "shutdown"));
}

/* It can't be loaded again: it stays ended, holds nothing, and the operator hears why. */
static void test_restart_fails(void **state)
{
	(void)state;
	crash_with("restart");
	crab->config.kernel.size = 0x10000000;
	said_forget();
	crab_ends(VERDICT_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_non_null(strstr(said, "crab: cannot start again: "));
	assert_int_equal(frames_count().reserved, 255 * 0x1000); /* eel's */
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000);
	assert_ptr_equal(play(2, c, SCHED_TICK), c);
	crab->config.kernel.size = 16;
}

/* Somebody takes all that is free while it goes down: what a restart needs beside the promise is not
 * there. What it had goes back all the same. */
static void take_everything(const struct mmu_event *event)
{
	if (event->kind != MMU_FLUSH_GUEST || event->vttbr != crab->map.vttbr)
		return;
	while (frames_take_page(OWNER_EL2, FRAME_EL2, false).v)
		;
}

static void test_restart_without_memory(void **state)
{
	(void)state;
	crash_with("restart");
	mmu_on_event = take_everything;
	crab_ends(VERDICT_CRASH);
	mmu_on_event = NULL;
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_non_null(strstr(said, "crab: cannot start again: "));
	assert_int_equal(frames_count().reserved, 255 * 0x1000);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000);
	assert_int_equal(frames_count().by_use[FRAME_TABLE], 0x2000 + 2 * 0x1000);
}

/* --- The end of all ----------------------------------------------------------------------------- */

static void test_all_done(void **state)
{
	unsigned status = 77;

	(void)state;
	assert_false(life_all_done(&status));
	run_all();
	crab->exit_code = 3;
	crab_ends(VERDICT_EXIT);
	assert_false(life_all_done(&status));
	eel->exit_code = 2;
	eel_ends(VERDICT_EXIT); /* nobody asked for the machine's end */
	assert_true(life_all_done(&status));
	assert_int_equal(status, 3);
	crab->exit_code = eel->exit_code = 0;
	assert_true(life_all_done(&status));
	assert_int_equal(status, 0);
	eel->state = GUEST_CRASHED;
	assert_true(life_all_done(&status));
	assert_int_equal(status, 1);
	crab->exit_code = 5;
	assert_true(life_all_done(&status));
	assert_int_equal(status, 5);
	crab->state = GUEST_STOPPING;
	assert_false(life_all_done(&status));
}

static void test_shutdown_when_done(void **state)
{
	(void)state;
	run_all();
	life_shutdown_when_done(true);
	eel->exit_code = 4;
	assert_int_equal(STOPS(eel_ends(VERDICT_EXIT)), -1);
	assert_int_equal(STOPS(crab_ends(VERDICT_CRASH)), 4);
	assert_int_equal(crab->state, GUEST_CRASHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_exit, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_ends_elsewhere, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_ends_asleep, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_ends_half_saved, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_thousand_lives, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_on_crash, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restart_fails, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restart_without_memory, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_all_done, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_shutdown_when_done, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
