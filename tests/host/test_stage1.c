// SPDX-License-Identifier: Apache-2.0
// units: mm/stage1.c mm/frames.c
/*
 * mm/stage1.c: descriptors as VMSAv8-64 defines them for the EL2 regime (Arm ARM D8.3), worked out
 * by hand, and the order of writes and TLB maintenance. There is one map, which lives through all
 * tests: each works in a GiB of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/mmu.h"
#include "mm/frames.h"
#include "mm/stage1.h"

/* Attributes of a page (bits 1:0 = 11): AF 0x400, SH inner 0x300, AP[2] 0x80, AP[1] 0x40 which is
 * RES1, AttrIndx 1 = 0x4, XN bit 54. */
static void test_pages(void **state)
{
	(void)state;
	assert_true(stage1_map(0x40200000, 0x1000, STAGE1_CODE));
	assert_true(stage1_map(0x40201000, 0x1000, STAGE1_CONST));
	assert_true(stage1_map(0x40202000, 0x2000, STAGE1_DATA));
	assert_true(stage1_map(0x40204000, 0x1000, STAGE1_DEVICE));
	assert_true(stage1_map(0x40205000, 0x1000, STAGE1_NONE));
	assert_int_equal(stage1_lookup(0x40200000), 0x00000000402007c7);
	assert_int_equal(stage1_lookup(0x40201fff), 0x00400000402017c7);
	assert_int_equal(stage1_lookup(0x40202000), 0x0040000040202747);
	assert_int_equal(stage1_lookup(0x40203000), 0x0040000040203747);
	assert_int_equal(stage1_lookup(0x40204000), 0x0040000040204443);
	assert_int_equal(stage1_lookup(0x40205000), 0);
	assert_int_equal(stage1_lookup(0x401fffff), 0);
	assert_int_equal(stage1_lookup(0x0000800040200000), 0);
	assert_int_equal(stage1_lookup(0x0001000040200000), 0);
	assert_int_equal(mmu_count(MMU_FLUSH_EL2), 0); /* nothing was valid before */
}

/* The tree as the CPU walks it: level 0, 1, 2, 3. */
static void test_walk(void **state)
{
	const u64 *table;

	(void)state;
	assert_int_equal(stage1_root().v % 0x1000, 0);
	table = mmu_pointer(stage1_root());
	assert_int_equal(table[0] & 0xffff000000000fff, 3);
	table = mmu_pointer(PA(table[0] & 0x0000fffffffff000));
	assert_int_equal(table[1] & 0xffff000000000fff, 3);
	assert_int_equal(table[0], 0);
	table = mmu_pointer(PA(table[1] & 0x0000fffffffff000));
	assert_int_equal(table[1] & 0xffff000000000fff, 3);
	table = mmu_pointer(PA(table[1] & 0x0000fffffffff000));
	assert_int_equal(table[0], 0x402007c7);
	assert_int_equal(table[5], 0);
}

/* The largest blocks: pages to a 2 MiB boundary, 2 MiB blocks to a GiB, 1 GiB, and down again. */
static void test_blocks(void **state)
{
	(void)state;
	assert_true(stage1_map(0x1bfdff000, 0x80402000, STAGE1_DATA));
	assert_int_equal(stage1_lookup(0x1bfdfe000), 0);
	assert_int_equal(stage1_lookup(0x1bfdff000), 0x00400001bfdff747);
	assert_int_equal(stage1_lookup(0x1bffff000), 0x00400001bfe00745);
	assert_int_equal(stage1_lookup(0x1c0000000), 0x00400001c0000745);
	assert_int_equal(stage1_lookup(0x1ffffffff), 0x00400001c0000745);
	assert_int_equal(stage1_lookup(0x212345678), 0x0040000200000745);
	assert_int_equal(stage1_lookup(0x240000000), 0x0040000240000745);
	assert_int_equal(stage1_lookup(0x240200fff), 0x0040000240200747);
	assert_int_equal(stage1_lookup(0x240201000), 0);
	assert_int_equal(mmu_count(MMU_FLUSH_EL2), 0);
}

static void test_devices_outwards(void **state)
{
	(void)state;
	assert_true(stage1_map(0x09000fff, 2, STAGE1_DEVICE));
	assert_int_equal(stage1_lookup(0x09000000), 0x0040000009000443);
	assert_int_equal(stage1_lookup(0x09001000), 0x0040000009001443);
	assert_int_equal(stage1_lookup(0x09002000), 0);
	assert_true(stage1_map(0x0a000000, 0x200000, STAGE1_DEVICE));
	assert_int_equal(stage1_lookup(0x0a1ff000), 0x004000000a000441);
}

/* The tables of .bss are used up: before frames are known there are no others. */
static void test_out_of_pool(void **state)
{
	const struct frames_region ram = {0x80000000, 0xa000};
	u64 gib = 0x1000000000;

	(void)state;
	while (stage1_map(gib, 0x200000, STAGE1_DATA))
		gib += 0x40000000;
	assert_true(gib < 0x1000000000 + 10 * 0x40000000ULL);
	assert_int_equal(stage1_lookup(gib), 0);

	/* 10 frames with anything in them: 1 for records, 1 for struct split, 8 to have */
	mmu_arena_new(0x80000000, 0xa000);
	for (unsigned i = 0; i < 0xa000; i++)
		((unsigned char *)mmu_pointer(PA(0x80000000)))[i] = 0xff;
	assert_true(frames_init(&ram, 1, NULL, 0));
}

/* While EL2 may use it, an entry goes invalid and out of the TLB before another one stands there. */
static u64 watched;
static unsigned breaks;

static void watch(const struct mmu_event *event)
{
	if (event->kind != MMU_FLUSH_EL2)
		return;
	assert_int_equal(mmu_events[mmu_event_count - 2].kind, MMU_PUBLISH);
	assert_int_equal(event->address, watched);
	assert_int_equal(stage1_lookup(watched), 0);
	breaks++;
}

static void test_split(void **state)
{
	(void)state;
	assert_true(stage1_map(0x2c0000000, 0x40000000, STAGE1_DATA));
	mmu_forget();
	mmu_on_event = watch;
	breaks = 0;

	/* a guard page in a 1 GiB block: two splits, then the page itself */
	watched = 0x2c0000000;
	assert_true(stage1_map(0x2c0000000, 0x1000, STAGE1_NONE));
	assert_int_equal(breaks, 3);
	assert_int_equal(stage1_lookup(0x2c0000000), 0);
	assert_int_equal(stage1_lookup(0x2c0001000), 0x00400002c0001747);
	assert_int_equal(stage1_lookup(0x2c01ff000), 0x00400002c01ff747);
	assert_int_equal(stage1_lookup(0x2c0200000), 0x00400002c0200745);
	assert_int_equal(stage1_lookup(0x2ffe00000), 0x00400002ffe00745);

	/* another kind on a whole block, the same kind again, and nothing again */
	watched = 0x2c0400000;
	assert_true(stage1_map(0x2c0400000, 0x200000, STAGE1_CONST));
	assert_int_equal(breaks, 4);
	assert_int_equal(stage1_lookup(0x2c0400000), 0x00400002c04007c5);
	assert_true(stage1_map(0x2c0400000, 0x200000, STAGE1_CONST));
	assert_true(stage1_map(0x2c0000000, 0x1000, STAGE1_NONE));
	assert_int_equal(breaks, 4);

	/* what has pages keeps them: what runs there is not pulled away */
	watched = 0x2c0001000;
	assert_true(stage1_map(0x2c0001000, 0x1000, STAGE1_CODE));
	assert_int_equal(stage1_lookup(0x2c0001000), 0x00000002c00017c7);
	assert_int_equal(breaks, 5);
	watched = 0x2c0001000;
	assert_true(stage1_map(0x2c0000000, 0x200000, STAGE1_DATA));
	assert_int_equal(breaks, 6);
	assert_int_equal(stage1_lookup(0x2c0000000), 0x00400002c0000747);
	assert_int_equal(stage1_lookup(0x2c0001000), 0x00400002c0001747);
	mmu_forget();
}

static void test_refused(void **state)
{
	(void)state;
	assert_false(stage1_map(0x40300800, 0x1000, STAGE1_DATA));
	assert_false(stage1_map(0x40300000, 0x800, STAGE1_CODE));
	assert_int_equal(stage1_lookup(0x40300000), 0);
	assert_true(stage1_map(0x40300000, 0, STAGE1_DATA));
	assert_int_equal(stage1_lookup(0x40300000), 0);
	/* 40 bits of physical address here */
	assert_false(stage1_map(0xffffe00000, 0x400000, STAGE1_DEVICE));
	assert_false(stage1_map(0x10000000000, 0x1000, STAGE1_DEVICE));
	assert_false(stage1_map(0xfffffffffffff000, 0x2000, STAGE1_DEVICE));
	assert_false(stage1_map(0x1000, ~0ULL, STAGE1_DATA));
	mmu_standin_pa_bits = 52;
	assert_false(stage1_map(0xfffffffff000, 0x2000, STAGE1_DEVICE));
	mmu_standin_pa_bits = 40;
}

/* Without room for a table it says so, and what is mapped stays so. */
static void test_out_of_frames(void **state)
{
	(void)state;
	/* 6 frames are left: level 2, and five of level 3 */
	assert_true(stage1_map(0x1000000000, 0x1000, STAGE1_DATA));
	assert_int_equal(stage1_lookup(0x1000000000), 0x0040001000000747);
	assert_int_equal(stage1_lookup(0x1000001000), 0);
	for (u64 va = 0x1000200000; va < 0x1000a00000; va += 0x200000)
		assert_true(stage1_map(va, 0x1000, STAGE1_DATA));
	assert_int_equal(frames_count().free, 0);
	assert_false(stage1_map(0x1000a00000, 0x1000, STAGE1_DATA));
	assert_int_equal(stage1_lookup(0x1000a00000), 0);
	assert_false(stage1_map(0x2c0600000, 0x1000, STAGE1_CONST));
	assert_int_equal(stage1_lookup(0x2c0600000), 0x00400002c0600745);
	/* unmapping what is not mapped needs none */
	assert_true(stage1_map(0x1000a00000, 0x1000, STAGE1_NONE));
}

/* With FEAT_BTI code's pages are guarded: GP, bit 50. */
static void test_guarded(void **state)
{
	(void)state;
	mmu_standin_guards = true;
	assert_true(stage1_map(0x40210000, 0x1000, STAGE1_CODE));
	assert_true(stage1_map(0x40211000, 0x1000, STAGE1_DATA));
	assert_int_equal(stage1_lookup(0x40210000), 0x00040000402107c7);
	assert_int_equal(stage1_lookup(0x40211000), 0x0040000040211747);
	mmu_standin_guards = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),	      cmocka_unit_test(test_walk),
		cmocka_unit_test(test_blocks),	      cmocka_unit_test(test_devices_outwards),
		cmocka_unit_test(test_out_of_pool),   cmocka_unit_test(test_split),
		cmocka_unit_test(test_guarded),	      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_out_of_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
