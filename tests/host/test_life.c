// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * guest/life.c: how guests start, end, and start again, with their vCPUs on several pCPUs; what goes
 * back when they do; and when the machine stops.
 */
#include "guest/channel.h"
#include "guest/grant.h"
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
	world_new(3, 3, 0x1000000);
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
static void crab_ends(enum guest_end how)
{
	standin_pcpu_set(0);
	life_end(crab, how);
	(void)play(0, a, SCHED_END);
	(void)play(1, b, SCHED_TICK);
}

static void eel_ends(enum guest_end how)
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
	crab_ends(END_EXIT);
	assert_int_equal(crab->state, GUEST_ENDED);
	after = frames_count();
	assert_int_equal(memory - after.by_use[FRAME_MEMORY], 0x500000);
	assert_int_equal(after.by_use[FRAME_TABLE],
			 0x2000 + 2 * 0x1000);		/* eel's: root, RAM, channel */
	assert_int_equal(after.reserved, 255 * 0x1000); /* eel's */
	eel_ends(END_EXIT);
	after = frames_count();
	assert_int_equal(after.by_use[FRAME_MEMORY], 0);
	assert_int_equal(after.by_use[FRAME_TABLE], 0);
	assert_int_equal(after.reserved, 0);
	assert_int_equal(after.by_use[FRAME_SHARED], 0x1000);
	assert_int_equal(after.by_use[FRAME_STATE], frames_held(0) + frames_held(1));
	/* and EL2 a frame for its table of channels, one for the chunk that all this is in */
	assert_int_equal(before.free - after.free, after.by_use[FRAME_STATE] + 0x1000 + 0x2000);
	assert_null(play(0, NULL, SCHED_TICK));
	assert_null(play(1, NULL, SCHED_TICK));
}

static void test_ends_elsewhere(void **state)
{
	(void)state;
	run_all();
	standin_sgi_reset();
	standin_pcpu_set(2); /* say, by the operator's word */
	life_end(crab, END_RESET);
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_true(standin_sgis[0] & 1);
	assert_true(standin_sgis[1] & 1);
	life_end(crab, END_EXIT); /* too late: it is to be reset */
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
	life_end(crab, END_EXIT);
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_null(play(0, a, SCHED_TICK));
	assert_int_equal(crab->state, GUEST_ENDED);
	standin_pcpu_set(2);
	sched_wake(&b->sched); /* an interrupt does not bring it back */
	assert_null(play(1, NULL, SCHED_TICK));
	assert_null(play(2, c, SCHED_BLOCK));
	life_end(eel, END_EXIT); /* all of it asleep: at once */
	assert_int_equal(eel->state, GUEST_ENDED);
	life_end(eel, END_RESET); /* has ended */
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
	life_end(crab, END_EXIT);
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
	crab_ends(END_RESET);

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
		life_end(crab, END_RESET);
		assert_ptr_equal(play(0, a, SCHED_END), a);
		expect_count(fresh);
		assert_null(sched_check());
	}
	assert_int_equal(crab->restarts, 1000);
}

static void again(const char *crabs)
{
	world_close();
	world_new(3, 3, 0x1000000);
	create(crabs, "");
}

/* --- Crashes ------------------------------------------------------------------------------------ */

static void crash_with(const char *policy)
{
	char text[64];

	world_close();
	world_new(3, 3, 0x1000000);
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
	crab_ends(END_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_int_equal(frames_held(0), held);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x99);
	assert_int_equal(crab->restarts, 0);

	crash_with("destroy"); /* nothing is */
	crab_ends(END_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	eel_ends(END_CRASH); /* has no on-crash: stop */
	assert_int_equal(eel->state, GUEST_CRASHED);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000);
	assert_int_equal(frames_count().reserved, 255 * 0x1000);

	crash_with("restart");
	crab_ends(END_CRASH);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->restarts, 1);
	assert_int_equal(*guest_byte(crab, 0x40080000), 0x11);

	crash_with("shutdown");
	said_forget();
	assert_int_equal(STOPS(crab_ends(END_CRASH)), 1);
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
	crab_ends(END_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_non_null(strstr(said, "crab: cannot start again: "));
	assert_int_equal(frames_count().reserved, 255 * 0x1000); /* eel's */
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000);
	assert_ptr_equal(play(2, c, SCHED_TICK), c);
	crab->config.kernel.size = 16;
}

/* Somebody takes all that is free while it goes down: what it was promised is enough to start again. */
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
	crab_ends(END_CRASH);
	mmu_on_event = NULL;

	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_null(strstr(said, "cannot start again"));
	assert_int_equal(frames_count().free, 0);
}

static unsigned emptied;

static void look_at_the_way(const struct mmu_event *event)
{
	u64 vttbr, vtcr;

	if (event->kind != MMU_FLUSH_GUEST || event->vttbr != crab->map.vttbr)
		return;
	mmu_loaded_guest(&vttbr, &vtcr);
	assert_int_equal(vttbr, 0);
	emptied++;
}

/* The pCPU that its last vCPU leaves takes the map apart: it keeps no way into it, by which it could walk ahead of
 * need. */
static void test_no_way_into_tables(void **state)
{
	(void)state;
	crash_with("restart");
	emptied = 0;
	mmu_on_event = look_at_the_way;
	crab_ends(END_CRASH);
	mmu_on_event = NULL;
	assert_int_equal(emptied, 1);
	assert_int_equal(crab->state, GUEST_RUNNING);
}

static const char *order(struct guest *guest, enum life_order what)
{
	const char *why;

	guests_hold();
	why = life_order(guest, what);
	guests_let_go();
	return why;
}

/* Time passes; what is due on pCPU 0 fires. */
static void pass_ms(u64 ms)
{
	standin_pcpu_set(0);
	standin_now += ms * (timer_frequency() / 1000);
	timer_interrupt();
}

/* The first restart in a period is at once, then after 10 ms, 20 ms, …; not for ever. */
static void test_back_off(void **state)
{
	static const unsigned waits[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280};

	(void)state;
	again("on-crash = \"restart\";");
	life_start(crab); /* runs on no pCPU yet: its ends take effect at once */
	life_end(crab, END_CRASH);
	assert_int_equal(crab->state, GUEST_RUNNING);
	for (unsigned i = 0; i < ARRAY_SIZE(waits); i++) {
		life_end(crab, END_CRASH);
		assert_int_equal(crab->state, GUEST_WAITING);
		pass_ms(waits[i] - 1);
		assert_int_equal(crab->state, GUEST_WAITING);
		pass_ms(1);
		assert_int_equal(crab->state, GUEST_RUNNING);
		assert_int_equal(crab->restarts, i + 2);
	}
	pass_ms(10001); /* it was well for as long as a period: all is forgotten */
	life_end(crab, END_CRASH);
	assert_int_equal(crab->state, GUEST_RUNNING);
}

/* Nor again before what was said of its last crash is out: it could fill a slow serial line. */
static void test_crash_waits_for_line(void **state)
{
	(void)state;
	again("on-crash = \"restart\";");
	life_start(crab);
	life_end(crab, END_CRASH);
	say("a report of some lines\n");
	say_sent = said_length - 1;
	life_end(crab, END_CRASH);
	pass_ms(10);
	assert_int_equal(crab->state, GUEST_WAITING);
	pass_ms(5000);
	assert_int_equal(crab->state, GUEST_WAITING);
	say_sent = UINT64_MAX;
	pass_ms(10);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->restarts, 2);
}

/* A guest that is destroyed while it waits to start again starts no more. */
static void test_destroy_disarms(void **state)
{
	(void)state;
	again("on-crash = \"restart\";");
	life_start(crab);
	life_end(crab, END_CRASH);
	life_end(crab, END_CRASH);
	assert_int_equal(crab->state, GUEST_WAITING);
	assert_null(order(crab, LIFE_DESTROY));
	said_forget();
	pass_ms(10000);
	assert_null(guest_by_id(0));
	assert_int_equal(frames_held(0), 0);
	assert_string_equal(said, "");
}

/* Two vCPUs of one guest wait for room on the serial line, on two pCPUs: both are woken, and look again; its
 * end, a stop and its destruction find them asleep. */
static void test_printers(void **state)
{
	const struct timer *timer;

	(void)state;
	run_all();
	assert_true(guest_may_print(a)); /* it has printed nothing: the line is not its */
	say_sent = 0;
	crab->console.until = 1;
	assert_false(guest_may_print(a));
	assert_null(play(0, a, SCHED_BLOCK));
	standin_now += 100000;
	standin_pcpu_set(1);
	assert_false(guest_may_print(b));
	assert_null(play(1, b, SCHED_BLOCK));
	assert_true(guest_may_print(c)); /* another's flood is not its */
	eel->console.until = 1;
	eel->console.quiet = true; /* nor does one wait whose output goes nowhere */
	assert_true(guest_may_print(c));
	pass_ms(6);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), b);
	/* not yet; and one that waits no more is woken in vain, but not kept awake */
	standin_pcpu_set(0);
	assert_false(guest_may_print(a));
	assert_false(guest_may_print(a));
	pass_ms(6); /* before it sleeps: no wake-up is lost */
	assert_ptr_equal(play(0, a, SCHED_BLOCK), a);
	assert_null(play(0, a, SCHED_BLOCK));
	pass_ms(100);
	assert_null(play(0, NULL, SCHED_TICK));
	/* stopped in its sleep it stays so until it goes on, then looks again */
	standin_pcpu_set(1);
	assert_false(guest_may_print(b));
	assert_null(play(1, b, SCHED_BLOCK));
	standin_pcpu_set(0);
	assert_null(order(crab, LIFE_STOP));
	assert_int_equal(crab->state, GUEST_STOPPED);
	pass_ms(6);
	assert_null(play(1, NULL, SCHED_TICK));
	assert_null(order(crab, LIFE_BEGIN));
	(void)play(0, NULL, SCHED_TICK);
	(void)play(1, NULL, SCHED_TICK);
	/* destroyed, nothing of it comes again */
	standin_pcpu_set(1);
	assert_false(guest_may_print(b));
	assert_true(crab->printing.armed);
	(void)play(0, a, SCHED_BLOCK);
	(void)play(1, b, SCHED_BLOCK);
	standin_pcpu_set(0);
	timer = &crab->printing;
	assert_null(order(crab, LIFE_DESTROY));
	assert_null(guest_by_id(0));
	assert_int_equal(frames_held(0), 0);
	assert_false(timer->armed);
	for (unsigned id = 0; id < 3; id++) {
		standin_pcpu_set(id);
		standin_now += 6 * 62500;
		timer_interrupt();
	}
	say_sent = UINT64_MAX;
}

/* Its vCPUs run, and nobody feeds it. */
static void test_hung(void **state)
{
	(void)state;
	crash_with("restart");
	a->ctx.regs.pc = 0x40081234;
	a->ctx.regs.x[30] = 0x40085678;
	vwatchdog_feed(&crab->watchdog, 1000);
	said_forget();
	standin_now += 999;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_RUNNING);
	standin_now++;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_STOPPING);
	(void)play(0, a, SCHED_TICK);
	(void)play(1, b, SCHED_TICK);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(crab->restarts, 1);
	assert_non_null(strstr(said, "guest crab is hung"));
	assert_non_null(
		strstr(said, "vCPU 0 at PC 0000000040081234, called from 0000000040085678"));
	pass_ms(100000); /* a new life is not fed, and need not be */
	assert_int_equal(crab->restarts, 1);
}

/* All of it sleeps: nobody but the timer's interrupt is there to end it, or to take it away. */
static void test_hung_asleep(void **state)
{
	(void)state;
	again("on-crash = \"destroy\";");
	life_start(crab);
	vwatchdog_feed(&crab->watchdog, 1000);
	standin_now += 1000;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000); /* eel's */
	assert_null(order(crab, LIFE_IPL));
	vwatchdog_feed(&crab->watchdog, 1000);
	assert_null(order(crab, LIFE_DESTROY));
	pass_ms(100);
	assert_null(guest_by_id(0));
}

/* Stopped by the operator it need not be fed. */
static void test_hung_not_stopped(void **state)
{
	(void)state;
	again("");
	life_start(crab);
	vwatchdog_feed(&crab->watchdog, 1000);
	standin_now += 600;
	assert_null(order(crab, LIFE_STOP));
	assert_int_equal(crab->state, GUEST_STOPPED);
	pass_ms(1000);
	assert_null(order(crab, LIFE_BEGIN));
	standin_now += 399;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_RUNNING);
	standin_now++;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_CRASHED);
}

static void test_restart_limit(void **state)
{
	(void)state;
	again("on-crash = \"restart\"; restart-limit = <2 5>;");
	life_start(crab);
	for (unsigned round = 0; round < 2; round++) {
		life_end(crab, END_CRASH);
		assert_int_equal(crab->state, GUEST_RUNNING);
		life_end(crab, END_CRASH);
		assert_int_equal(crab->state, GUEST_WAITING);
		pass_ms(10);
		assert_int_equal(crab->state, GUEST_RUNNING);
		if (round == 0)
			pass_ms(5001); /* a new period */
	}
	said_forget();
	life_end(crab, END_CRASH);
	assert_int_equal(crab->state, GUEST_CRASHED);
	assert_non_null(strstr(said, "crab: left as it is: restarted 2 times within 5 s"));
	pass_ms(10000);
	assert_int_equal(crab->state, GUEST_CRASHED);
}

/* --- Orders ------------------------------------------------------------------------------------- */

/* Time stands still for it: its counter, its timers, and what it does. */
static void test_stop_and_begin(void **state)
{
	(void)state;
	standin_now = 1000;
	run_all();
	standin_timers[0].virt = (struct timer_regs){1, 3000}; /* in 3000 of its ticks */
	standin_now = 2000;
	standin_pcpu_set(2);
	assert_null(order(crab, LIFE_STOP));
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_non_null(order(crab, LIFE_BEGIN));
	assert_null(play(0, a, SCHED_TICK));
	assert_null(play(1, b, SCHED_TICK));
	assert_int_equal(crab->state, GUEST_STOPPED);
	assert_int_equal(crab->restarts, 0);
	assert_non_null(order(crab, LIFE_STOP));
	assert_non_null(order(crab, LIFE_IPL));
	standin_now = 1002000;
	standin_pcpu_set(0);
	timer_interrupt(); /* nothing of it fires */
	sched_wake(&a->sched);
	assert_null(play(0, NULL, SCHED_TICK));
	assert_false(vgic_wakes(&a->vgic));
	assert_null(order(crab, LIFE_BEGIN));
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(vtimer_count(&a->vtimer), 1000);
	assert_int_equal(vtimer_count(&b->vtimer), 1000);
	assert_non_null(play(0, NULL, SCHED_TICK));
	assert_non_null(play(1, NULL, SCHED_TICK));
	assert_int_equal(crab->time_offset, 1001000);
}

/* CPU_ON while the rest is on its way to a stop: it starts when the guest goes on. */
static void test_cpu_on_while_stopping(void **state)
{
	(void)state;
	guests_start();
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	standin_pcpu_set(2);
	assert_null(order(crab, LIFE_STOP));
	standin_pcpu_set(0);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 5), VCPU_OFF);
	assert_true(sched_is_off(&b->sched));
	(void)play(0, a, SCHED_TICK);
	assert_int_equal(crab->state, GUEST_STOPPED);
	assert_true(sched_is_off(&b->sched));
	assert_null(order(crab, LIFE_BEGIN));
	assert_false(sched_is_off(&b->sched));
	assert_int_equal(b->ctx.regs.x[0], 5);
}

/* Whatever a guest does to itself while it is being stopped wins over the stop, not over the rest. */
static void test_orders_meet_ends(void **state)
{
	(void)state;
	run_all();
	assert_null(order(crab, LIFE_STOP));
	crab_ends(END_EXIT);
	assert_int_equal(crab->state, GUEST_ENDED);
	assert_null(order(eel, LIFE_HALT));
	life_end(eel, END_RESET); /* no way out */
	(void)play(2, c, SCHED_TICK);
	assert_int_equal(eel->state, GUEST_ENDED);
	assert_null(order(eel, LIFE_RESET));
	assert_int_equal(eel->state, GUEST_READY);
	assert_null(order(eel, LIFE_BEGIN));
	assert_int_equal(eel->state, GUEST_RUNNING);
	assert_null(order(eel, LIFE_RESTART));
	assert_int_equal(eel->state, GUEST_RUNNING);
	assert_int_equal(eel->restarts, 2);
}

static void settle_in(enum guest_state state)
{
	switch (state) {
	case GUEST_READY:
		assert_null(order(crab, LIFE_RESET));
		break;
	case GUEST_STOPPED:
		assert_null(order(crab, LIFE_STOP));
		break;
	case GUEST_ENDED:
		life_end(crab, END_EXIT);
		break;
	case GUEST_CRASHED:
	case GUEST_WAITING:
		life_end(crab, END_CRASH);
		break;
	default:
		break;
	}
	assert_int_equal(crab->state, state);
}

/* Each order in each state: it does what the table of guest/life.h says, or says why not. */
static void test_every_order(void **state)
{
	static const int outcome[GUEST_STATES][LIFE_ORDERS] = {
		/* stop, begin, halt, reset, restart, ipl; -1: refused */
		[GUEST_READY] = {-1, 1, 4, 0, 1, 1, 99},
		[GUEST_RUNNING] = {3, -1, 4, 0, 1, -1, 99},
		[GUEST_STOPPING] = {-1, -1, 4, 0, 1, -1, 99},
		[GUEST_STOPPED] = {-1, 1, 4, 0, 1, -1, 99},
		[GUEST_ENDED] = {-1, -1, -1, 0, 1, 1, 99},
		[GUEST_WAITING] = {6, 1, 4, 0, 1, 1, 99},
		[GUEST_CRASHED] = {-1, -1, 4, 0, 1, 1, 99},
	};

	(void)state;
	for (unsigned from = 0; from < GUEST_STATES; from++)
		for (unsigned what = 0; what < LIFE_ORDERS; what++) {
			const char *why;

			again(from == GUEST_WAITING ? "on-crash = \"restart\";" : "");
			if (from != GUEST_READY)
				life_start(
					crab); /* runs on no pCPU yet: orders take effect at once */
			if (from == GUEST_WAITING)
				life_end(crab, END_CRASH); /* the first one restarts at once */
			if (from == GUEST_STOPPING) {
				assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
				standin_pcpu_set(1);
				assert_null(order(crab, LIFE_STOP));
			}
			settle_in(from);
			why = order(crab, what);
			if (from == GUEST_STOPPING) {
				if (why)
					assert_non_null(strstr(why, "ask again"));
				(void)play(0, a, SCHED_TICK);
			}
			assert_int_equal(why == NULL, outcome[from][what] >= 0);
			if (what == LIFE_DESTROY)
				assert_null(guest_by_id(0));
			else if (!why)
				assert_int_equal(crab->state, outcome[from][what]);
			else if (from != GUEST_STOPPING)
				assert_int_equal(crab->state, from);
			assert_null(sched_check());
			standin_pcpu_set(0);
			standin_now += 2 * timer_frequency(); /* nothing old fires */
			timer_interrupt();
			if (what != LIFE_DESTROY && !why)
				assert_int_equal(crab->state, outcome[from][what]);
		}
}

/* All of it goes; made again it has its channels again; ten thousand times, to the frame. */
static void test_destroy_and_create(void **state)
{
	struct fdt_error err = {{0}};
	struct frame_count with, without;
	u32 serial = eel->serial;

	(void)state;
	with = frames_count();
	assert_null(order(eel, LIFE_DESTROY));
	assert_null(guest_by_id(1));
	assert_int_equal(frames_held(1), 0);
	without = frames_count();
	for (unsigned i = 0; i < 10000; i++) {
		guests_hold();
		eel = guest_add("eel", i % 2 ? "eel" : "moray", &err);
		guests_let_go();
		assert_non_null(eel);
		assert_int_equal(eel->id, 1);
		assert_true(eel->serial > serial);
		serial = eel->serial;
		assert_int_equal(eel->channel_count, i % 2);
		if (i % 2)
			expect_count(with);
		if (i % 3 == 0)
			assert_null(order(eel, LIFE_BEGIN));
		assert_null(order(eel, LIFE_DESTROY));
		expect_count(without);
	}
	guests_hold();
	assert_null(guest_add("whale", "whale", &err));
	assert_string_equal(err.text, "no guest \"whale\" in the bundle");
	guests_let_go();
}

/* The other end of a channel hears of each change, and can ask. */
static void test_peers_hear(void **state)
{
	struct mmio pending = {.offset = 0x20c, .size = 4}; /* INTIDs 96 .. 127 */
	struct channel *rope;
	unsigned end;
	u32 restarts;

	(void)state;
	run_all();
	rope = channel_of(eel, 0, &end);
	assert_non_null(rope);
	assert_int_equal(channel_peer(rope, !end, &restarts), SKERRY_PEER_RUNNING);
	crab_ends(END_RESET);
	assert_true(vgic_distributor(&c->vgic, &pending));
	assert_int_equal(channel_peer(rope, !end, &restarts), SKERRY_PEER_RUNNING);
	assert_int_equal(restarts, 1);
	assert_null(order(crab, LIFE_STOP));
	(void)play(0, a, SCHED_TICK);
	assert_int_equal(channel_peer(rope, !end, &restarts), SKERRY_PEER_STOPPED);
	assert_null(order(crab, LIFE_HALT));
	assert_int_equal(channel_peer(rope, !end, &restarts), SKERRY_PEER_ENDED);
	assert_int_equal(channel_ring(eel, 0), SKERRY_SUCCESS);
	assert_null(order(crab, LIFE_DESTROY));
	assert_int_equal(channel_peer(rope, !end, &restarts), SKERRY_PEER_GONE);
	assert_int_equal(channel_ring(eel, 0), SKERRY_DENIED);
	assert_int_equal(channel_peer(rope, end, &restarts), SKERRY_PEER_RUNNING);
}

static struct gic_ops belled; /* the GIC, but for what a kick finds */
static const struct channel *bell;
static const struct guest *there; /* at the other end as the bell is heard */
static unsigned bells;

static void hear(unsigned pcpu, unsigned sgi)
{
	standin_send_sgi(pcpu, sgi);
	bells++;
	there = bell->ends[0].guest;
}

/* Who is told of a destruction and asks at once must not be told that all is as before: no bell follows. */
static void test_peer_hears_of_destruction(void **state)
{
	struct mmio edge = {.offset = 0xc18, .size = 4, .value = 2, .write = true};
	struct mmio group = {.offset = 0x08c, .size = 4, .value = 1, .write = true};
	struct mmio enable = {.offset = 0x10c, .size = 4, .value = 1, .write = true};
	struct mmio on = {.size = 4, .value = 2, .write = true};
	unsigned end;

	(void)state;
	run_all();
	bell = channel_of(eel, 0, &end);
	assert_ptr_equal(bell->ends[0].guest, crab);
	standin_pcpu_set(2);
	assert_true(vgic_distributor(&c->vgic, &edge));
	assert_true(vgic_distributor(&c->vgic, &group));
	assert_true(vgic_distributor(&c->vgic, &enable));
	assert_true(vgic_distributor(&c->vgic, &on));
	crab_ends(END_EXIT);
	standin_pcpu_set(2);
	vgic_refresh(&c->vgic); /* it has heard of that */
	standin_pcpu_set(0);
	belled = *gic;
	belled.send_sgi = hear;
	gic = &belled;
	bells = 0;
	assert_null(order(crab, LIFE_DESTROY));
	assert_int_not_equal(bells, 0);
	assert_null(there);
}

/* --- Devices of the board ------------------------------------------------------------------------- */

#define DEVICE(name, path) name " { device = \"" path "\"; }; "

static void setup_devices(const char *policy)
{
	char text[1024];

	world_close();
	random_seed(1, 2, true);
	world_new(3, 3, 0x4000000);
	world_has_devices();
	before = frames_count();
	snprintf(text, sizeof(text),
		 GUEST("crab", "0x100000",
		       "%s cpus = <2>; devices { " DEVICE("clock", "/pl031@9010000")
			       DEVICE("pins", "pins") "};")
			 GUEST("eel", "0x100000",
			       "devices { odd { device = \"/bus@c000000/wide@7e000f00\";"
			       "accept-neighbours; }; };"),
		 policy);
	world_create(text, "");
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	a = crab->vcpus[0];
	b = crab->vcpus[1];
	c = eel->vcpus[0];
}

static void expect_at(struct guest *guest, u64 ipa, u64 expected)
{
	pa_t pa;

	assert_true(stage2_lookup(&guest->map, IPA(ipa), &pa));
	assert_int_equal(pa.v, expected);
}

static bool enabled(u32 spi)
{
	bool level;

	return model_enabled(spi, &level);
}

/* Registers page by page from 0x0d000000, at their offset in the page; interrupts from 112. */
static void test_devices(void **state)
{
	bool level;

	(void)state;
	setup_devices("");
	expect_at(crab, 0x0d000000, 0x9010000);
	expect_at(crab, 0x0d001ffc, 0x9030ffc);
	assert_false(is_mapped(crab, 0x0d002000));
	expect_at(eel, 0x0d000f00, 0xc000f00);
	expect_at(eel, 0x0d002000, 0xc002000);
	expect_at(eel, 0x0d003010, 0xc004010);
	assert_false(is_mapped(eel, 0x0d004000));
	/* beside root and the table of RAM, one for the devices: as promised */
	assert_int_equal(frames_count().by_use[FRAME_TABLE], 2 * 0x4000);
	assert_false(enabled(34));
	run_all();
	assert_true(model_enabled(34, &level) && level);
	assert_true(model_enabled(39, &level) && level);
	assert_true(model_enabled(72, &level) && !level);
	assert_true(model_enabled(73, &level) && level);

	assert_false(grant_interrupt(40));
	assert_true(model_fire(39) && grant_interrupt(39));
	assert_int_equal(crab->vgic.device_held, 2); /* 113 */
	assert_int_equal(crab->vgic.spi[2].latch, 1u << 17);
	assert_true(model_fire(72) && grant_interrupt(72));
	assert_int_equal(eel->vgic.spi[2].latch, 1u << 16);

	crab_ends(END_EXIT);
	assert_false(enabled(34) || enabled(39) || model_active(39));
	assert_false(is_mapped(crab, 0x0d000000));
	assert_true(enabled(72) && model_active(72)); /* eel's, which goes on */
	eel_ends(END_EXIT);
	assert_false(enabled(72) || enabled(73) || model_active(72));
}

/* One that comes while its guest ends is ended by whoever took it. */
static void test_device_at_the_end(void **state)
{
	(void)state;
	setup_devices("");
	run_all();
	assert_true(model_fire(39));
	crab_ends(END_CRASH);
	assert_true(model_active(39));
	assert_true(grant_interrupt(39));
	assert_false(model_active(39));
	assert_false(model_fire(39));
}

/* Destroyed and made anew: its devices are those of its name. */
static void test_device_comes_back(void **state)
{
	struct fdt_error err = {{0}};

	(void)state;
	setup_devices("");
	run_all();
	assert_true(model_fire(39) && grant_interrupt(39));
	assert_null(order(crab, LIFE_DESTROY));
	(void)play(0, a, SCHED_TICK);
	(void)play(1, b, SCHED_TICK);
	assert_null(guest_by_id(0));
	assert_false(enabled(34) || enabled(39) || model_active(39));
	guests_hold();
	crab = guest_add("crab", "other", &err);
	assert_non_null(crab);
	assert_false(is_mapped(crab, 0x0d000000));
	guests_let_go();
	assert_null(order(crab, LIFE_BEGIN));
	assert_false(enabled(34) || enabled(39));
	guests_hold();
	crab = guest_add("crab", "crab", &err);
	guests_let_go();
	assert_non_null(crab);
	expect_at(crab, 0x0d000000, 0x9010000);
	assert_false(enabled(34));
	assert_null(order(crab, LIFE_BEGIN));
	assert_true(enabled(34) && enabled(39));
	assert_true(model_fire(39) && grant_interrupt(39));
	assert_int_equal(crab->vgic.spi[2].latch, 1u << 17);
	/* standing still it keeps what has come, and takes it when it goes on */
	standin_pcpu_set(0);
	assert_null(order(crab, LIFE_STOP));
	assert_int_equal(crab->state, GUEST_STOPPED);
	assert_true(enabled(39) && model_active(39));
	assert_null(order(crab, LIFE_BEGIN));
	assert_null(order(crab, LIFE_HALT));
	assert_false(enabled(39) || model_active(39));
}

static void test_device_again(void **state)
{
	(void)state;
	setup_devices("on-crash = \"restart\";");
	run_all();
	assert_true(model_fire(39) && grant_interrupt(39));
	crab_ends(END_CRASH);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_false(model_active(39));
	assert_int_equal(crab->vgic.spi[2].latch, 0);
	expect_at(crab, 0x0d001000, 0x9030000);
	assert_true(model_fire(39) && grant_interrupt(39));
	assert_int_equal(crab->vgic.spi[2].latch, 1u << 17);
}

#define LONG_A "a-guest-of-thirty-one-character"
#define LONG_B "b-guest-of-thirty-one-character"

/* A guest's tree has room for all else that there can be, but not for devices beside it. */
static void test_devices_too_many(void **state)
{
	static char text[4096], channels[8192], args[761];
	struct fdt_error err = {{0}};
	char *at = channels;

	(void)state;
	world_close();
	world_new(3, 3, 0x4000000);
	world_has_devices();
	memset(args, 'x', sizeof(args) - 1);
	for (unsigned i = 0; i < 16; i++)
		at += sprintf(
			at, CHANNEL("c-name-of-thirty-one-charact-%02u", LONG_A, LONG_B, "0x1000"),
			i);
	snprintf(text, sizeof(text),
		 GUEST(LONG_A, "0x100000",
		       "bootargs = \"%s\"; cpus = <8>; devices { " DEVICE("clock", "/pl031@9010000")
			       DEVICE("pins", "pins") "};") GUEST(LONG_B, "0x100000", ""),
		 args);
	before = frames_count();
	world_open(text, channels);
	assert_false(guests_create(&bundle, &err));
	assert_string_equal(err.text, "/guests/" LONG_A ": its own tree takes more than 8192 bytes:"
				      " expected fewer devices or channels, or shorter bootargs");
	expect_count(before);
}

/* --- The end of all ----------------------------------------------------------------------------- */

static void test_all_done(void **state)
{
	unsigned status = 77;

	(void)state;
	assert_false(life_all_done(&status));
	run_all();
	crab->exit_code = 3;
	crab_ends(END_EXIT);
	assert_false(life_all_done(&status));
	eel->exit_code = 2;
	eel_ends(END_EXIT); /* nobody asked for the machine's end */
	assert_true(life_all_done(&status));
	assert_int_equal(status, 3);
	guests_hold();
	assert_null(life_order(eel, LIFE_IPL));
	guests_let_go();
	assert_false(life_all_done(&status));
	eel->exit_code = 0;
	standin_pcpu_set(2);
	assert_ptr_equal(play(2, NULL, SCHED_TICK), c);
	eel_ends(END_EXIT);
	assert_true(life_all_done(&status));
	assert_int_equal(status,
			 3); /* that it ended well this time does not make the first end good */
}

static void test_shutdown_when_done(void **state)
{
	(void)state;
	run_all();
	life_shutdown_when_done(true);
	eel->exit_code = 4;
	assert_int_equal(STOPS(eel_ends(END_EXIT)), -1);
	assert_int_equal(STOPS(crab_ends(END_CRASH)), 4);
	assert_int_equal(crab->state, GUEST_CRASHED);
}

static void program_flash(void)
{
	struct mmio mmio = {.ipa = 0x4000000, .value = 0x40, .size = 4, .write = true};

	guest_flash(crab, &mmio);
	mmio.value = 0xfffff0ff;
	guest_flash(crab, &mmio); /* and it goes on to show its status */
}

static void expect_flash(u32 expected)
{
	u32 word;

	assert_true(guest_read(crab, &word, IPA(0x4000000), 4));
	assert_int_equal(word, expected);
}

/* What was written to the flash outlives the guest's own reset, but no crash. */
static void test_flash(void **state)
{
	char *const source = "crab { compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
			     "firmware = [00]; on-crash = \"restart\"; };";
	u64 held;

	(void)state;
	world_close();
	world_new(3, 3, 0x4000000);
	world_create(source, "");
	crab = guest_by_id(0);
	a = crab->vcpus[0];
	guests_start();
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	held = frames_held(0);
	program_flash();
	assert_int_equal(frames_held(0), held + 0x200000);
	for (unsigned i = 0; i < 100; i++) {
		life_end(crab, END_RESET);
		assert_ptr_equal(play(0, a, SCHED_END), a);
		expect_flash(0xfffff0ff);
		assert_int_equal(frames_held(0), held + 0x200000);
	}
	program_flash();
	life_end(crab, END_CRASH);
	assert_ptr_equal(play(0, a, SCHED_END), a);
	assert_int_equal(frames_held(0), held);
	expect_flash(0xffffffff);
	life_end(crab, END_EXIT);
	assert_null(play(0, a, SCHED_END));
	assert_int_equal(frames_count().reserved, 0);
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
		cmocka_unit_test_setup_teardown(test_no_way_into_tables, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_back_off, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_crash_waits_for_line, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hung_not_stopped, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hung_asleep, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hung, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_printers, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_destroy_disarms, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_restart_limit, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_begin, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cpu_on_while_stopping, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_orders_meet_ends, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_every_order, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_destroy_and_create, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_peers_hear, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_peer_hears_of_destruction, setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_devices, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_device_at_the_end, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_device_comes_back, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_device_again, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_devices_too_many, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_all_done, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_shutdown_when_done, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_flash, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
