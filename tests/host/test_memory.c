// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c
/*
 * guest/memory.c: first touch, and copies between EL2 and a guest over every edge. Memory of the
 * guest: 5 MiB at 0x40000000, so blocks at + 0 and + 2 MiB, pages from + 4 MiB up to 0x40500000.
 */
#include "guest_world.h"

static struct guest *crab, *eel;
static u8 buffer[0x300000];

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	world_create(GUEST("crab", "0x500000", "") GUEST("eel", "0x100000", ""),
		     CHANNEL("rope", "crab", "eel", "0x3000"));
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	mmu_forget();
	memset(buffer, 0xee, sizeof(buffer));
	return 0;
}

static bool touch(u64 ipa)
{
	return guest_touch(crab, IPA(ipa));
}

static void test_touch(void **state)
{
	struct frame_count before = frames_count(), after;
	enum frame_use use;
	pa_t pa;

	(void)state;
	assert_false(is_mapped(crab, 0x40200000));
	assert_true(touch(0x403fffff)); /* a whole block */
	assert_true(stage2_lookup(&crab->map, IPA(0x40200000), &pa));
	assert_int_equal(pa.v & 0x1fffff, 0);
	assert_int_equal(frames_owner(pa, &use), 0);
	assert_int_equal(use, FRAME_MEMORY);
	assert_true(all_are(mmu_pointer(pa), 0, 0x200000));
	assert_int_equal(mmu_events[0].kind,
			 MMU_CACHE_CLEAN); /* of the zeroes, before it is mapped */
	assert_int_equal(mmu_events[0].address, pa.v);
	assert_int_equal(mmu_events[0].bytes, 0x200000);
	assert_true(touch(0x404ff123)); /* one page, the last */
	assert_true(all_are(guest_byte(crab, 0x404ff000), 0, 0x1000));
	assert_false(is_mapped(crab, 0x404fe000));
	after = frames_count();
	assert_int_equal(before.reserved - after.reserved, 0x201000);
	assert_int_equal(before.free, after.free); /* all of it was promised */
	/* again, as a second vCPU would: nothing changes, and what is written stays */
	*guest_byte(crab, 0x40200005) = 0x5a;
	assert_true(touch(0x40200005));
	assert_int_equal(*guest_byte(crab, 0x40200005), 0x5a);
	expect_count(after);
}

static void test_touch_elsewhere(void **state)
{
	static const u64 nowhere[] = {0,	  0x3fffffff, 0x40500000, 0x0c000000,	 0x0c003000,
				      0x08000000, 0x80000000, 1ull << 40, ~0ull - 0xfff, ~0ull};
	struct frame_count before = frames_count();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++)
		assert_false(touch(nowhere[i]));
	expect_count(before);
	assert_int_equal(mmu_event_count, 0);
}

/* Over the border of two blocks, of a block and a page, of pages; nothing beside it changes. */
static void test_across(void **state)
{
	static const u64 borders[] = {0x40200000, 0x40400000, 0x40401000, 0x404ff000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(borders); i++) {
		u64 at = borders[i] - 3;

		assert_true(guest_write(crab, IPA(at), "abcdefg", 7));
		assert_memory_equal(guest_byte(crab, at), "abc", 3);
		assert_memory_equal(guest_byte(crab, at + 3), "defg", 4);
		assert_int_equal(*guest_byte(crab, at + 7), 0);
		memset(buffer, 0, 9);
		assert_true(guest_read(crab, buffer + 1, IPA(at), 7));
		assert_memory_equal(buffer, "\0abcdefg", 9);
		assert_true(guest_write(crab, IPA(at), "\0\0\0\0\0\0\0", 7));
	}
	/* a block and all pages, but for a byte at each end; what nobody touched reads as zero */
	assert_true(guest_read(crab, buffer, IPA(0x40200001), 0x2ffffe));
	assert_true(all_are(buffer, 0, 0x200000));
	assert_true(all_are(buffer + 0x202000, 0, 0xfdffe));
	assert_int_equal(buffer[0x2ffffe], 0xee);
	memset(buffer, 0x33, 0x2ffffe);
	assert_true(guest_write(crab, IPA(0x40200001), buffer, 0x2ffffe));
	assert_int_equal(*guest_byte(crab, 0x40200000), 0);
	assert_true(all_are(guest_byte(crab, 0x40200001), 0x33, 0x1fffff));
	for (u64 ipa = 0x40400000; ipa < 0x404ff000; ipa += 0x1000)
		assert_true(all_are(guest_byte(crab, ipa), 0x33, 0x1000));
	assert_true(all_are(guest_byte(crab, 0x404ff000), 0x33, 0xfff));
	assert_int_equal(*guest_byte(crab, 0x404fffff), 0);
}

/* What EL2 writes is cleaned, what it reads is cleaned and dropped first: the guest's caches may be
 * off. Each piece by itself, where its frame is. */
static void test_caches(void **state)
{
	pa_t a, b;

	(void)state;
	assert_true(touch(0x40410000) && touch(0x40411000));
	mmu_forget();
	assert_true(guest_write(crab, IPA(0x40410ff0), buffer, 0x30));
	assert_true(guest_read(crab, buffer, IPA(0x40410ff8), 4));
	assert_true(stage2_lookup(&crab->map, IPA(0x40410ff0), &a));
	assert_true(stage2_lookup(&crab->map, IPA(0x40411000), &b));
	assert_int_equal(mmu_event_count, 3);
	assert_int_equal(mmu_events[0].kind, MMU_CACHE_CLEAN);
	assert_int_equal(mmu_events[0].address, a.v);
	assert_int_equal(mmu_events[0].bytes, 0x10);
	assert_int_equal(mmu_events[1].address, b.v);
	assert_int_equal(mmu_events[1].bytes, 0x20);
	assert_int_equal(mmu_events[2].kind, MMU_CACHE_CLEAN_INVALIDATE);
	assert_int_equal(mmu_events[2].address, a.v + 8);
	assert_int_equal(mmu_events[2].bytes, 4);
}

static void test_over_the_edge(void **state)
{
	static const struct {
		u64 ipa, bytes;
	} wrong[] = {
		{0x404fffff, 2},
		{0x40500000, 1},
		{0x3fffffff, 1},
		{0x3fffffff, 2},
		{0x40000000, 0x500001},
		{0x40000001, ~0ull},		  /* wraps around to 0x40000000 */
		{0x40000000, ~0ull - 0x3fffffff}, /* ends at 2^64 */
		{0x404fffff, ~0ull - 0x404ffffd}, /* ends at 1 */
		{~0ull, 1},
		{~0ull, 2},
		{~0ull - 7, 16},
		{0, 1},
		{0x08000000, 4}, /* a device */
		{0x0bffffff, 2}, /* into the channel */
		{0x0c002fff, 2}, /* out of it */
		{0x0c003000, 1},
		{0x0c000000, ~0ull},
	};
	struct frame_count before = frames_count();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_false(guest_read(crab, buffer, IPA(wrong[i].ipa), wrong[i].bytes));
		assert_false(guest_write(crab, IPA(wrong[i].ipa), buffer, wrong[i].bytes));
	}
	assert_int_equal(buffer[0], 0xee);
	assert_false(is_mapped(crab, 0x404fffff));
	expect_count(before);
	assert_true(guest_write(crab, IPA(0x404fffff), "\x42", 1));
	assert_true(guest_read(crab, buffer, IPA(0x404fffff), 1));
	assert_int_equal(buffer[0], 0x42);
	assert_int_equal(buffer[1], 0xee);
	assert_true(guest_read(crab, buffer, IPA(0x40000000), 0));
}

static void test_channel(void **state)
{
	(void)state;
	assert_true(guest_write(crab, IPA(0x0c000ffe), "rope", 4));
	assert_true(guest_read(eel, buffer, IPA(0x0c000ffe), 4));
	assert_memory_equal(buffer, "rope\xee", 5);
	assert_true(guest_read(eel, buffer, IPA(0x0c000000), 0x3000));
	assert_true(guest_write(eel, IPA(0x0c002fff), "!", 1));
	assert_int_equal(*guest_byte(crab, 0x0c002fff), '!');
}

/* The same addresses in two guests are never the same memory. */
static void test_apart(void **state)
{
	(void)state;
	for (u64 ipa = 0x40000000; ipa < 0x40100000; ipa += 0x1000) {
		assert_true(guest_write(crab, IPA(ipa), "crab", 4));
		assert_true(guest_write(eel, IPA(ipa), "eel!", 4));
	}
	for (u64 ipa = 0x40000000; ipa < 0x40100000; ipa += 0x1000) {
		assert_memory_equal(guest_byte(crab, ipa), "crab", 4);
		assert_memory_equal(guest_byte(eel, ipa), "eel!", 4);
	}
	/* now eel holds all it was promised; a table for it was promised too */
	assert_int_equal(frames_count().reserved, 0x200000 + 255 * 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_touch, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_touch_elsewhere, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_across, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_caches, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_over_the_edge, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_channel, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_apart, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
