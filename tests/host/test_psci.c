// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/psci.c against PSCI 1.1 (DEN0022), function by function, errors as its table 5.2.2 has them.
 */
#include "trap_world.h"

#define ESR_HVC 0x5a000000

static int setup(void **state)
{
	(void)state;
	world_new(3);
	return 0;
}

static s64 call(u64 function, u64 a, u64 b, u64 c)
{
	regs->x[0] = function;
	regs->x[1] = a;
	regs->x[2] = b;
	regs->x[3] = c;
	trap(ESR_HVC, 0, 0);
	return (s64)regs->x[0];
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(call(0x84000000, 0, 0, 0), 0x10001);
	assert_int_equal(call(0x84000006, 0, 0, 0), 2); /* no trusted OS */
	assert_int_equal(vcpus[0].exits[EXIT_PSCI].count, 2);
}

static void test_features(void **state)
{
	static const u32 yes[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
				  0xc4000003, 0x84000004, 0xc4000004, 0x84000006, 0x84000008,
				  0x84000009, 0x8400000a, 0x84000012, 0xc4000012, 0x80000000};
	static const u32 no[] = {0xc4000000, 0xc4000002, 0x84000005, 0xc4000005, 0x84000007,
				 0x8400000b, 0x8400000c, 0xc400000d, 0x8400000e, 0xc400000e,
				 0x8400000f, 0xc4000010, 0x84000013, 0x80000001, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_int_equal(call(0x8400000a, yes[i], 0, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		assert_int_equal(call(0x8400000a, no[i], 0, 0), -1);
		if (no[i] >> 28 == 0xc || no[i] >> 24 == 0x84)
			assert_int_equal(call(no[i], 0, 0, 0), -1);
	}
	assert_int_equal(seen.switches + seen.ends, 0);
}

static void test_cpu_on(void **state)
{
	(void)state;
	world.was = VCPU_OFF;
	assert_int_equal(call(0xc4000003, 1, 0x40004000, 0xabcdef0123456789), 0);
	assert_int_equal(seen.on_index, 1);
	assert_int_equal(seen.on_entry, 0x40004000);
	assert_int_equal(seen.on_argument, 0xabcdef0123456789);
	/* 32-bit: halves of the registers, and of the target too */
	assert_int_equal(call(0x84000003, 0xff00000001, 0xee40004004, 0xdddddddd11111111), 0);
	assert_int_equal(seen.on_entry, 0x40004004);
	assert_int_equal(seen.on_argument, 0x11111111);
	world.was = VCPU_ON;
	assert_int_equal(call(0xc4000003, 0, 0x40004000, 0), -4);
	world.was = VCPU_ON_PENDING;
	assert_int_equal(call(0xc4000003, 1, 0x40004000, 0), -4);
}

static void test_cpu_on_bad(void **state)
{
	static const u64 targets[] = {
		2, 0x100, 0x10000, 0x100000001, 0x80000001, 0x8000000000000001, ~0ull, 0x01000001};
	static const u64 entries[] = {0,	  0x3ffffffc,  0x40010000, 0x40000002,
				      0x40000001, 0x140000000, 0x9000000,  ~0ull};

	(void)state;
	world.was = VCPU_OFF;
	seen.on_index = 99;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		assert_int_equal(call(0xc4000003, targets[i], 0x40004000, 0), -2);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		assert_int_equal(call(0xc4000003, 1, entries[i], 0), -9);
	assert_int_equal(seen.on_index, 99);
}

static void test_affinity_info(void **state)
{
	(void)state;
	vcpus[1].power = VCPU_OFF;
	assert_int_equal(call(0xc4000004, 0, 0, 0), 0);
	assert_int_equal(call(0xc4000004, 1, 0, 0), 1);
	vcpus[1].power = VCPU_ON_PENDING;
	assert_int_equal(call(0x84000004, 0x500000001, 0x700000000, 0), 2);
	assert_int_equal(call(0xc4000004, 1, 1, 0), -2); /* levels that we don't have */
	assert_int_equal(call(0xc4000004, 0, 3, 0), -2);
	assert_int_equal(call(0xc4000004, 0, 0x100000000, 0), -2);
	assert_int_equal(call(0xc4000004, 2, 0, 0), -2);
	assert_int_equal(call(0xc4000004, 0x100, 0, 0), -2);
	assert_int_equal(call(0xc4000004, 0x500000001, 0, 0), -2);
}

static void test_suspend(void **state)
{
	(void)state;
	world.next = &other;
	assert_int_equal(call(0xc4000001, 0, 0, 0), 0); /* standby: no entry is looked at */
	assert_int_equal(seen.reason, SCHED_BLOCK);
	assert_int_equal(seen.switches, 1);
	assert_int_equal(regs->pc, 0x40001000); /* behind the HVC, where it will wake */
	assert_int_equal(call(0x84000001, 0x10000, 0x40000000, 0), 0); /* powerdown */
	assert_int_equal(call(0x84000001, 0xffff, 0, 0), 0);	       /* any state id */
	assert_int_equal(seen.switches, 3);
	assert_int_equal(call(0xc4000001, 0x10000, 0x30000000, 0), -9);
	assert_int_equal(call(0xc4000001, 0x1000000, 0, 0), -2); /* level 1 */
	assert_int_equal(call(0xc4000001, 0x20000, 0, 0), -2);	 /* reserved bits */
	assert_int_equal(call(0xc4000001, 0x80000000, 0, 0), -2);
	assert_int_equal(seen.switches, 3);
	world.wakes = true; /* an interrupt waits: no sleep, but success */
	assert_int_equal(call(0xc4000001, 0, 0, 0), 0);
	assert_int_equal(seen.switches, 3);
}

static void test_system(void **state)
{
	(void)state;
	guest.exit_code = 9;
	call(0x84000008, 0, 0, 0);
	assert_int_equal(seen.ended_how, END_EXIT);
	assert_int_equal(guest.exit_code, 0);
	setup(NULL);
	call(0x84000012, 0, 0, 0);
	assert_int_equal(seen.ended_how, END_RESET);
	setup(NULL);
	assert_int_equal(call(0xc4000012, 0x80000000, 0, 0), -2);
	assert_int_equal(call(0xc4000012, 1, 0, 0), -2);
	assert_int_equal(seen.ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_version, setup),
		cmocka_unit_test_setup(test_features, setup),
		cmocka_unit_test_setup(test_cpu_on, setup),
		cmocka_unit_test_setup(test_cpu_on_bad, setup),
		cmocka_unit_test_setup(test_affinity_info, setup),
		cmocka_unit_test_setup(test_suspend, setup),
		cmocka_unit_test_setup(test_system, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
