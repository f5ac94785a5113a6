// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
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

/* All that is mapped of the guest's RAM is cleaned, once, in pieces of at most 256 KiB. */
static void test_clean(void **state)
{
	u64 next = 0x40000000, bytes = 0;
	unsigned calls = 1;

	(void)state;
	assert_true(touch(0x40200000)); /* a block, and two pages */
	assert_true(touch(0x40400000));
	assert_true(touch(0x404ff000));
	mmu_forget();
	for (; !guest_clean(crab, &next); calls++)
		assert_true(next < 0x40500000);
	assert_int_equal(next, 0x40500000);
	assert_true(calls >= 8 && calls < 32);
	for (unsigned n = 0; n < mmu_event_count; n++) {
		assert_int_equal(mmu_events[n].kind, MMU_CACHE_CLEAN_INVALIDATE);
		assert_true(mmu_events[n].bytes <= 0x40000);
		bytes += mmu_events[n].bytes;
	}
	assert_true(is_mapped(crab, 0x40200000));
	assert_int_equal(bytes % 0x1000, 0);
	assert_true(bytes >= 0x202000);
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
	assert_false(touch(0x4000000)); /* no firmware, and so no flash */
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

/* 2 MiB and 64 KiB of RAM, all of it there at first, zeroed, what is promised of it used up; after a restart
 * it is given when it is touched. */
static void test_populate(void **state)
{
	struct fdt_error err = {{0}};
	struct guest *seal;
	unsigned touched = 0;

	(void)state;
	world_close();
	world_new(3, 2, 0x4000000);
	world_open("seal { compatible = \"skerry,guest\"; memory-size = <0 0x210000>; populate;"
		   "kernel = [00 00 00 14]; };",
		   "");
	assert_true(guests_create(&bundle, &err));
	seal = guest_by_id(0);
	for (u64 ipa = 0x40000000; ipa < 0x40210000; ipa += 0x1000)
		assert_true(is_mapped(seal, ipa));
	assert_false(is_mapped(seal, 0x40210000));
	assert_true(all_are(guest_byte(seal, 0x40100000), 0, 0x100000));
	assert_true(all_are(guest_byte(seal, 0x4020f000), 0, 0x1000));
	assert_int_equal(frames_count().reserved, 0);
	life_discard(seal);
	assert_true(guest_prepare(seal, &err) && life_load(seal, &err));
	for (u64 ipa = 0x40000000; ipa < 0x40210000; ipa += 0x1000)
		touched += is_mapped(seal, ipa);
	assert_true(touched < 0x210);
}

/* 3 MiB and 5 bytes of firmware: a block and 257 pages, to be read and not to be written. */
static void test_firmware(void **state)
{
	static const u64 unwritable[][2] = {{0, 1}, {0x1ffff0, 0x20}, {0x300fff, 1}};
	struct fdt_error err = {""};
	struct frame_count before;
	u8 *firmware = malloc(0x300005);
	struct guest *seal;

	(void)state;
	world_close();
	for (unsigned i = 0; i < 0x300005; i++)
		firmware[i] = (u8)(i * 31 >> 4);
	world_new(3, 2, 0x4000000);
	world_open("seal { compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
		   "firmware = [00]; };",
		   "");
	assert_true(guests_create(&bundle, &err));
	seal = guest_by_id(0);
	assert_int_equal(*guest_byte(seal, 0xfff), 0); /* what is behind the last byte */
	assert_false(is_mapped(seal, 0x1000));
	life_discard(seal);
	before = frames_count();
	seal->config.firmware = (struct bundle_bytes){firmware, 0x300005};
	assert_true(guest_prepare(seal, &err) && life_load(seal, &err));
	mmu_forget();
	assert_true(guest_read(seal, buffer, IPA(0), 0x300000));
	assert_memory_equal(buffer, firmware, 0x300000);
	assert_true(guest_read(seal, buffer, IPA(0x300000), 0x1000));
	assert_memory_equal(buffer, firmware + 0x300000, 5);
	assert_true(all_are(buffer + 5, 0, 0xffb));
	assert_false(guest_read(seal, buffer, IPA(0x300fff), 2));
	assert_false(guest_read(seal, buffer, IPA(~0ull), 2));
	assert_false(guest_touch(seal, IPA(0x301000)));
	for (unsigned i = 0; i < ARRAY_SIZE(unwritable); i++)
		assert_false(guest_write(seal, IPA(unwritable[i][0]), buffer, unwritable[i][1]));
	assert_int_equal(seal->vcpus[0]->ctx.regs.pc, 0);
	assert_int_equal(seal->vcpus[0]->ctx.regs.x[0], 0x40000000);
	assert_true(guest_read(seal, buffer, IPA(0x40000000), 4));
	assert_memory_equal(buffer, "\xd0\x0d\xfe\xed", 4);
	/* later, the whole blocks of it are there when they are touched */
	life_discard(seal);
	seal->fills_later = true;
	assert_true(guest_prepare(seal, &err) && life_load(seal, &err));
	assert_false(is_mapped(seal, 0x1000));
	assert_true(is_mapped(seal, 0x200000));
	assert_true(guest_touch(seal, IPA(0x1000)));
	assert_memory_equal(guest_byte(seal, 0), firmware, 0x200000);
	assert_true(guest_read(seal, buffer, IPA(0), 0x300000));
	assert_memory_equal(buffer, firmware, 0x300000);
	life_discard(seal);
	expect_count(before);
	free(firmware);
}

static struct guest *world_seal(void)
{
	world_close();
	world_new(3, 2, 0x4000000);
	world_create("seal { compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
		     "firmware = [00]; };",
		     "");
	return guest_by_id(0);
}

static u64 flash_word(struct guest *guest, u64 offset, bool write, u64 value)
{
	struct mmio mmio = {.ipa = 0x4000000 + offset,
			    .offset = offset,
			    .value = value,
			    .size = 4,
			    .write = write};

	guest_flash(guest, &mmio);
	return mmio.value;
}

/* One block, mapped while it shows its bytes; of the guest's promise; EL2 reads it as the guest does. */
static void test_flash(void **state)
{
	struct guest *seal = world_seal();
	struct frame_count before = frames_count(), after;
	enum frame_use use;
	u8 bytes[8];
	pa_t pa;

	(void)state;
	assert_false(is_mapped(seal, 0x4000000));
	assert_false(guest_touch(seal, IPA(0x3fffffc)));
	assert_false(guest_touch(seal, IPA(0x4200000)));
	assert_true(guest_touch(seal, IPA(0x41ffffc)));
	assert_true(stage2_lookup(&seal->map, IPA(0x4000000), &pa));
	assert_int_equal(frames_owner(pa, &use), 0);
	assert_int_equal(use, FRAME_STATE);
	assert_true(all_are(mmu_pointer(pa), 0xff, 0x200000));
	after = frames_count();
	assert_int_equal(before.reserved - after.reserved, 0x200000);
	assert_int_equal(before.free, after.free);

	flash_word(seal, 0x1000, true, 0x40);
	assert_false(is_mapped(seal, 0x4000000));
	assert_false(guest_touch(seal, IPA(0x4000000)));
	assert_false(guest_read(seal, bytes, IPA(0x4001000), 4));
	mmu_forget();
	flash_word(seal, 0x1000, true, 0x12345678);
	assert_int_equal(mmu_events[0].kind, MMU_CACHE_CLEAN);
	assert_int_equal(mmu_events[0].address, pa.v + 0x1000);
	assert_int_equal(flash_word(seal, 0, false, 0), 0x800080);
	flash_word(seal, 0, true, 0xff);
	assert_true(guest_read(seal, bytes, IPA(0x4000ffe), 8));
	assert_memory_equal(bytes, "\xff\xff\x78\x56\x34\x12\xff\xff", 8);
	assert_true(is_mapped(seal, 0x4000000));
	assert_false(guest_read(seal, bytes, IPA(0x41ffffc), 8));
	assert_false(guest_write(seal, IPA(0x4000000), bytes, 1));
	expect_count(after);
	life_discard(seal);
	assert_int_equal(frames_count().by_use[FRAME_STATE], after.by_use[FRAME_STATE] - 0x200000);
}

/* Where the frame of crab's page at `ipa` is; 0: not mapped. */
static u64 frame_at(u64 ipa)
{
	pa_t pa;

	return stage2_lookup(&crab->map, IPA(ipa), &pa) ? pa.v : 0;
}

static bool is_block(u64 ipa)
{
	pa_t pa;
	bool whole = stage2_unmap(&crab->map, IPA(ipa), 0x200000, &pa);

	return whole && stage2_map(&crab->map, IPA(ipa), pa, 0x200000, STAGE2_MEMORY);
}

static bool flush_seen;
static u64 part_chunk;

/* Before the block is there, all that the guest could not see is zero, and no TLB holds a page. */
static void watch_completion(const struct mmu_event *event)
{
	if (event->kind == MMU_FLUSH_GUEST) {
		assert_int_equal(event->vttbr, crab->map.vttbr);
		assert_int_equal(frame_at(0x40210000), 0);
		assert_int_equal(mmu_events[mmu_event_count - 2].kind, MMU_PUBLISH);
		assert_true(all_are(mmu_pointer(PA(part_chunk)), 0, 0x10000));
		flush_seen = true;
	}
	if (frame_at(0x40200000))
		assert_true(flush_seen);
}

/* Of a block that is loaded in part only those pages are given, zeroed but for what is loaded; the
 * others come together, at the first touch of one, and one block stands in place of the pages. */
static void test_load(void **state)
{
	struct frame_count before = frames_count(), after;
	enum frame_use use;

	(void)state;
	/* the chunk that is taken next was another's before, who has left something */
	part_chunk = frames_take_chunk(OWNER_EL2, FRAME_EL2, false).v;
	memset(mmu_pointer(PA(part_chunk)), 0x77, 0x200000);
	frames_give_chunk(OWNER_EL2, PA(part_chunk));
	assert_true(guest_load(crab, IPA(0x40210ffe), "four", 4));
	assert_int_equal(frame_at(0x40210000), part_chunk + 0x10000);
	assert_int_equal(frame_at(0x40211000), part_chunk + 0x11000);
	assert_int_equal(frames_owner(PA(part_chunk + 0x1ff000), &use), 0);
	assert_int_equal(use, FRAME_MEMORY);
	for (u64 ipa = 0x40200000; ipa < 0x40400000; ipa += 0x1000)
		assert_int_equal(is_mapped(crab, ipa), ipa == 0x40210000 || ipa == 0x40211000);
	assert_true(all_are(guest_byte(crab, 0x40210000), 0, 0xffe));
	assert_memory_equal(guest_byte(crab, 0x40210ffe), "four", 4);
	assert_true(all_are(guest_byte(crab, 0x40211002), 0, 0xffe));
	assert_int_equal(before.reserved - frames_count().reserved, 0x200000);
	assert_true(all_are(mmu_pointer(PA(part_chunk)), 0x77, 0x10000)); /* not yet */

	/* EL2's own copies and the cleaning of caches keep to what is given */
	mmu_forget();
	assert_true(guest_read(crab, buffer, IPA(0x40210ffe), 4));
	assert_memory_equal(buffer, "four\xee", 5);
	assert_false(is_mapped(crab, 0x40212000));
	for (u64 next = 0x40200000; next < 0x40400000;)
		assert_false(guest_clean(crab, &next) && next < 0x40500000);
	for (unsigned n = 0; n < mmu_event_count; n++)
		assert_in_range(mmu_events[n].address, part_chunk + 0x10000, part_chunk + 0x11fff);

	/* a read that runs out of it: the rest is given before a byte of it is read */
	mmu_forget();
	flush_seen = false;
	mmu_on_event = watch_completion;
	assert_true(guest_read(crab, buffer, IPA(0x40211ffc), 0x1000));
	mmu_on_event = NULL;
	assert_true(all_are(buffer, 0, 0x1000));
	assert_true(flush_seen);
	assert_true(is_block(0x40200000));
	assert_int_equal(frame_at(0x40200000), part_chunk);
	assert_true(all_are(mmu_pointer(PA(part_chunk)), 0, 0x10ffe));
	assert_memory_equal(guest_byte(crab, 0x40210ffe), "four", 4);
	assert_true(all_are(guest_byte(crab, 0x40211002), 0, 0x1ff000 - 0x11002));
	after = frames_count();
	assert_int_equal(before.free, after.free);
	assert_int_equal(before.reserved - after.reserved, 0x200000);
	/* and on a block that is there nothing is given */
	assert_true(guest_load(crab, IPA(0x40210000), "x", 1));
	assert_true(is_block(0x40200000));
	expect_count(after);
}

/* Another block in part completes the one before, more than a quarter is given at once, and pages and
 * memory of others go their own way; all of it goes back. */
static void test_load_more(void **state)
{
	struct frame_count before;

	(void)state;
	assert_true(touch(0x40000000)); /* where its kernel was loaded in part */
	assert_true(is_block(0x40000000));
	before = frames_count();
	assert_true(guest_load(crab, IPA(0x403ff000), buffer, 0x3000)); /* and two pages */
	assert_int_equal(frame_at(0x40200000), 0);
	assert_int_not_equal(frame_at(0x403ff000), 0);
	assert_int_not_equal(frame_at(0x40401000), 0);
	assert_int_equal(before.reserved - frames_count().reserved, 0x201000);
	assert_true(touch(0x40200000));
	assert_true(is_block(0x40200000));
	assert_false(guest_load(crab, IPA(0x404fffff), "ab", 2));
	assert_false(guest_load(crab, IPA(0x3fffffff), "ab", 2));
	assert_false(guest_load(crab, IPA(0x0c000000), "ab", 2));

	life_discard(crab);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x1000); /* eel's */
}

/* One that was given in part goes back as the chunk it is, and is promised anew. */
static void test_load_discard(void **state)
{
	struct fdt_error err = {{0}};

	(void)state;
	life_discard(crab);
	assert_int_equal(frames_held(0), frames_count().by_use[FRAME_STATE] / 2);
	assert_true(guest_prepare(crab, &err));
	assert_true(guest_load(crab, IPA(0x40000000), buffer, 0x80000));
	assert_int_equal(frame_at(0x40080000), 0);
	assert_true(guest_load(crab, IPA(0x40200000), buffer, 0x80001)); /* more than a quarter */
	assert_true(is_block(0x40200000));
	assert_int_equal(frame_at(0x40080000), 0);
	assert_true(guest_load(crab, IPA(0x40080000), buffer, 1));
	assert_true(guest_populate(crab));
	assert_true(is_block(0x40000000));
	life_discard(crab);
	assert_true(guest_prepare(crab, &err));
	assert_true(guest_load(crab, IPA(0x40200000), buffer, 1));
	assert_true(guest_load(crab, IPA(0x40000000), buffer, 1)); /* completes the other one */
	assert_true(is_block(0x40200000));
	life_discard(crab);
	assert_int_equal(frames_held(0), frames_count().by_use[FRAME_STATE] / 2);
}

/* A page behind the blocks of RAM, ROM and flash, at every offset and size, from EL2's side. */
static void test_flash_edges(void **state)
{
	struct guest *seal = world_seal();

	(void)state;
	for (u64 offset = 0; offset < 0x200000; offset += 0x1ffff0 / 16 * 16)
		for (unsigned at = 0; at < 16; at++)
			for (unsigned size = 1; size <= 16; size++)
				assert_int_equal(guest_read(seal, buffer,
							    IPA(0x4000000 + offset + at), size),
						 offset + at + size <= 0x200000);
	assert_false(guest_read(seal, buffer, IPA(0x3ffffff), 2));
	assert_false(guest_read(seal, buffer, IPA(0x4000000), ~0ull));
}

/* A kernel of its own for `crab`, 2.75 MiB from 0x40080000 on, and a life that fills it in later. */
static void load_later(const u8 *kernel)
{
	struct fdt_error err = {{0}};

	life_discard(crab);
	crab->config.kernel = (struct bundle_bytes){kernel, 0x2c0123};
	crab->config.initrd = (struct bundle_bytes){kernel, 0x1800};
	crab->fills_later = true;
	assert_true(guest_prepare(crab, &err) && life_load(crab, &err));
}

/* However large an image is, its start takes the same: a block comes with its part when it is touched, by
 * whoever; who only looks sees it before. */
static void test_image_later(void **state)
{
	u8 *kernel = malloc(0x300000), look[64];
	struct frame_count before;

	(void)state;
	for (unsigned i = 0; i < 0x300000; i++)
		kernel[i] = (u8)(i * 37 >> 3 | 1);
	load_later(kernel);
	assert_false(is_mapped(crab, 0x40080000));
	assert_false(is_mapped(crab, 0x40200000));
	assert_true(is_mapped(crab, crab->plan.tree)); /* small: there from the start */
	assert_memory_equal(guest_byte(crab, crab->plan.initrd), kernel, 0x1000);
	before = frames_count();
	/* looked at */
	assert_false(guest_peek(crab, look, IPA(0x4007f000), 64));
	assert_true(guest_peek(crab, look, IPA(0x4007ffe0), 64));
	assert_true(all_are(look, 0, 32));
	assert_memory_equal(look + 32, kernel, 32);
	assert_true(guest_peek(crab, look, IPA(0x40340103), 64));
	assert_memory_equal(look, kernel + 0x2c0103, 32);
	assert_true(all_are(look + 32, 0, 32));
	assert_true(
		guest_peek(crab, look, IPA(0x40340200), 64)); /* of that page there is something */
	assert_true(all_are(look, 0, 64));
	assert_false(guest_peek(crab, look, IPA(0x40341000), 64));
	expect_count(before);
	/* touched */
	mmu_forget();
	assert_true(touch(0x40001000));
	assert_true(is_block(0x40000000));
	assert_true(all_are(guest_byte(crab, 0x40000000), 0, 0x80000));
	assert_memory_equal(guest_byte(crab, 0x40080000), kernel, 0x180000);
	assert_int_equal(mmu_events[1].kind, MMU_CACHE_CLEAN_INVALIDATE);
	assert_int_equal(mmu_events[1].bytes, 0x200000);
	assert_false(is_mapped(crab, 0x40200000));
	/* written to, by what is loaded into it, page by page, and by the guest */
	assert_true(guest_load(crab, IPA(0x403400ff), "tree", 4));
	assert_false(is_mapped(crab, 0x40200000));
	assert_memory_equal(guest_byte(crab, 0x40340000), kernel + 0x2c0000, 0xff);
	assert_true(guest_load(crab, IPA(0x403400ff), kernel + 0x2c00ff, 4));
	assert_true(guest_load(crab, IPA(0x40350000), "tree", 4));
	assert_false(is_mapped(crab, 0x40200000));
	assert_true(touch(0x40200000));
	assert_true(is_block(0x40200000));
	assert_memory_equal(guest_byte(crab, 0x40200000), kernel + 0x180000, 0x140123);
	assert_true(all_are(guest_byte(crab, 0x40340123), 0, 0xfedd));
	assert_memory_equal(guest_byte(crab, 0x40350000), "tree", 4);
	assert_true(all_are(guest_byte(crab, 0x40350004), 0, 0xafffc));
	assert_true(guest_write(crab, IPA(0x40200000), "mine", 4));
	/* and clean again in the next life */
	load_later(kernel);
	assert_true(guest_read(crab, buffer, IPA(0x40080000), 0x2c0123));
	assert_memory_equal(buffer, kernel, 0x2c0123);
	free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clean, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_touch, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_touch_elsewhere, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_across, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_caches, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_over_the_edge, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_channel, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_apart, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_load, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_load_more, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_load_discard, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_populate, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_image_later, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_firmware, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_flash, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_flash_edges, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
