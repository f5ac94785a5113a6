// SPDX-License-Identifier: Apache-2.0
// units: vdev/vwatchdog.c sched/timer.c sched/heap.c
/*
 * vdev/vwatchdog.c by its registers, as DEN0094's Generic Watchdog has them: WCS 0, WOR 8, WCV 0x10,
 * W_IIDR 0xfcc, and in the next page WRR 0. WCS: 1 EN, 2 WS0, 4 WS1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/timer.h"
#include "vdev/vwatchdog.h"

static struct vwatchdog watchdog;
static struct vgic vgic;
static u64 offset;
static bool line;
static unsigned ends;

void vgic_set_line(struct vgic *to, unsigned cpu, u32 intid, bool level)
{
	assert_ptr_equal(to, &vgic);
	assert_int_equal(cpu, 0);
	assert_int_equal(intid, 35);
	line = level;
}

static void hung(struct vwatchdog *w)
{
	assert_ptr_equal(w, &watchdog);
	ends++;
}

static int setup(void **state)
{
	(void)state;
	memset(&watchdog, 0, sizeof(watchdog));
	standin_pcpu_set(0);
	standin_now = 5000;
	offset = 4000; /* the guest counts 1000 */
	line = false;
	ends = 0;
	vwatchdog_init(&watchdog, &vgic, &offset, hung);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	timer_cancel(&watchdog.timer);
	return 0;
}

static u64 get(u64 at, u8 size)
{
	struct mmio mmio = {.ipa = 0x90c0000 + at, .offset = at, .size = size};

	vwatchdog_access(&watchdog, &mmio);
	return mmio.value;
}

static void put(u64 at, u64 value, u8 size)
{
	struct mmio mmio = {.ipa = 0x90c0000 + at,
			    .offset = at,
			    .value = value,
			    .size = size,
			    .write = true};

	vwatchdog_access(&watchdog, &mmio);
}

static void at(u64 now)
{
	standin_now = now;
	timer_interrupt();
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(get(0, 4), 0);
	assert_int_equal(get(0xfcc, 4), 0x1043b);
	assert_int_equal(get(0x1fcc, 4), 0x1043b);
	assert_int_equal(get(0xfce, 1), 1);
	put(8, 0x12345678, 4);
	put(0xc, 0xabcd9876, 4);
	assert_int_equal(get(8, 8), 0x987612345678); /* 48 bits */
	assert_int_equal(get(0x10, 8), 0x987612345678 + 1000);
	put(8, 0x100000000 | 500, 8);
	assert_int_equal(get(8, 4), 500);
	assert_int_equal(get(0xc, 4), 1);
	put(0x10, 0xfedcba9800000007, 8);
	assert_int_equal(get(0x14, 4), 0xfedcba98);
	assert_int_equal(get(0x12, 2), 0);
	put(0, 7, 2); /* narrower than a word */
	put(0x20, 7, 4);
	put(0x1008, 7, 4);
	assert_int_equal(get(0, 4), 0);
	assert_int_equal(get(0x20, 4), 0);
	assert_int_equal(get(0x1000, 4), 0);
	at(1ull << 60);
	assert_int_equal(ends, 0);
}

static void start(u64 ticks)
{
	put(8, ticks, 4);
	put(0, 1, 4);
}

static void test_two_stages(void **state)
{
	(void)state;
	start(300);
	assert_int_equal(get(0x10, 8), 1300);
	at(5299);
	assert_int_equal(get(0, 4), 1);
	assert_false(line);
	at(5300);
	assert_int_equal(get(0, 4), 3);
	assert_int_equal(get(0x10, 8), 1600);
	assert_true(line);
	at(5599);
	assert_int_equal(ends, 0);
	at(5600);
	assert_int_equal(ends, 1);
	at(1ull << 60);
	assert_int_equal(ends, 1);
	vwatchdog_reset(&watchdog); /* who starts next can tell */
	assert_int_equal(get(0, 4), 4);
	assert_int_equal(get(8, 8), 0);
	assert_false(line);
	put(0, 0, 4);
	assert_int_equal(get(0, 4), 0);
}

/* Each of the three that feed it, in the first stage and in the second. */
static void test_fed(void **state)
{
	static const struct {
		u64 at, value;
	} feeds[] = {{0x1000, 0}, {8, 300}, {0, 1}};

	(void)state;
	start(300);
	for (u64 now = 5200, i = 0; i < 30; i++, now += 299) {
		put(feeds[i % 3].at, feeds[i % 3].value, 4);
		at(now);
		assert_int_equal(get(0, 4), 1);
		standin_now = now;
	}
	at(standin_now + 500);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(get(0, 4), 3);
		assert_true(line);
		put(feeds[i].at, feeds[i].value, 4);
		assert_int_equal(get(0, 4), 1);
		assert_false(line);
		at(standin_now + 300);
	}
	put(0, 0, 4); /* off */
	at(1ull << 60);
	assert_int_equal(get(0, 4), 0);
	assert_int_equal(ends, 0);
}

static void test_compare(void **state)
{
	(void)state;
	start(300);
	put(0x10, 1050, 4);
	at(5050);
	assert_int_equal(get(0, 4), 3);
	put(0x10, 0xffffffffffffffff, 8);
	at(1ull << 60);
	assert_int_equal(ends, 0);
	put(0x10, 0, 8); /* long past */
	timer_interrupt();
	assert_int_equal(ends, 1);
}

/* An offset of nothing: both at once, and no end of them. */
static void test_at_once(void **state)
{
	(void)state;
	put(0, 1, 4);
	timer_interrupt();
	assert_int_equal(ends, 1);
	timer_interrupt();
	assert_int_equal(ends, 1);
}

static void test_by_call(void **state)
{
	(void)state;
	vwatchdog_feed(&watchdog, 700);
	at(5699);
	vwatchdog_feed(&watchdog, 700);
	at(6398);
	assert_int_equal(ends, 0);
	assert_false(line);
	at(6399);
	assert_int_equal(ends, 1);
	assert_false(line); /* there was no first warning */
	vwatchdog_reset(&watchdog);
	vwatchdog_feed(&watchdog, 700);
	vwatchdog_feed(&watchdog, 0);
	at(1ull << 60);
	assert_int_equal(ends, 1);
	/* fed by its registers it has two stages again */
	offset = standin_now;
	vwatchdog_feed(&watchdog, 700);
	put(0x1000, 0, 4);
	at(standin_now + 700);
	assert_int_equal(ends, 1);
	assert_true(line);
}

/* The guest is stopped for 10000 ticks: for its watchdog these did not happen. */
static void test_stopped(void **state)
{
	(void)state;
	start(300);
	standin_now = 5100;
	vwatchdog_hold(&watchdog, true);
	put(0x1000, 0, 4); /* by the operator's hand, say: not armed by that */
	at(15100);
	assert_int_equal(get(0, 4), 1);
	offset += 10000;
	vwatchdog_hold(&watchdog, false);
	at(15399);
	assert_int_equal(get(0, 4), 1);
	at(15400);
	assert_int_equal(get(0, 4), 3);
}

/* Its time was over just as it came to a stop, so that its end was refused: it is told again as it goes on. */
static void test_stopped_as_it_ends(void **state)
{
	(void)state;
	for (unsigned by_call = 0; by_call < 2; by_call++) {
		ends = 0;
		offset = standin_now;
		if (by_call) {
			vwatchdog_feed(&watchdog, 300);
		} else {
			start(300);
			at(standin_now + 300);
		}
		at(standin_now + 300);
		assert_int_equal(ends, 1);
		vwatchdog_hold(&watchdog, true);
		at(standin_now + 10000);
		assert_int_equal(ends, 1);
		vwatchdog_hold(&watchdog, false);
		timer_interrupt();
		assert_int_equal(ends, 2);
		vwatchdog_reset(&watchdog);
		assert_int_equal(get(0, 4), 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_stages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped_as_it_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
