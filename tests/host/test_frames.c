// SPDX-License-Identifier: Apache-2.0
// units: mm/frames.c
/*
 * mm/frames.c against counts worked out by hand, and against a model that keeps one record a frame,
 * under random work of several guests. FRAMES_SEED in the environment repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arch/mmu.h"
#include "board/say.h"
#include "mm/frames.h"

/* 64 MiB at 1 GiB; the image's 192 KiB at + 512 KiB, in the first chunk. */
static void start_64m(void)
{
	const struct frames_region ram = {0x40000000, 0x4000000};
	const struct frames_region image = {0x40080000, 0x30000};

	mmu_arena_new(0x40000000, 0x4000000);
	assert_true(frames_init(&ram, 1, &image, 1));
}

static void check_owner(u64 pa, u16 owner, enum frame_use use)
{
	enum frame_use found;

	assert_int_equal(frames_owner(PA(pa), &found), owner);
	assert_int_equal(found, use);
}

/* One page for 32 records, right behind the image. */
static void test_start(void **state)
{
	struct frame_count count;

	(void)state;
	start_64m();
	count = frames_count();
	assert_int_equal(count.total, 0x4000000);
	assert_int_equal(count.free, 0x3fcf000);
	assert_int_equal(count.reserved, 0);
	assert_int_equal(count.by_use[FRAME_FREE], 0x3fcf000);
	assert_int_equal(count.by_use[FRAME_IMAGE], 0x30000);
	assert_int_equal(count.by_use[FRAME_EL2], 0x1000);
	assert_int_equal(frames_held(OWNER_EL2), 0x1000);

	check_owner(0x4007f000, OWNER_NONE, FRAME_FREE);
	check_owner(0x40080000, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x400affff, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x400b0000, OWNER_EL2, FRAME_EL2);
	check_owner(0x400b1000, OWNER_NONE, FRAME_FREE);
	check_owner(0x40200000, OWNER_NONE, FRAME_FREE);
	check_owner(0x44000000, OWNER_NONE, FRAME_FREE);
	check_owner(0, OWNER_NONE, FRAME_FREE);
}

/* Frames come from the image's own chunk first, and what was taken can be told. */
static void test_take_and_give(void **state)
{
	pa_t page, chunk;

	(void)state;
	start_64m();
	page = frames_take_page(5, FRAME_STATE, false);
	assert_int_equal(page.v, 0x40001000); /* frame 0 tells who owns the others */
	check_owner(0x40000000, OWNER_EL2, FRAME_EL2);
	check_owner(0x40001fff, 5, FRAME_STATE);
	check_owner(0x40002000, OWNER_NONE, FRAME_FREE);
	check_owner(0x40080000, OWNER_EL2, FRAME_IMAGE);
	assert_int_equal(frames_count().by_use[FRAME_EL2], 0x2000);
	assert_int_equal(frames_count().by_use[FRAME_STATE], 0x1000);
	assert_int_equal(frames_held(5), 0x1000);

	chunk = frames_take_chunk(5, FRAME_MEMORY, false);
	assert_int_equal(chunk.v, 0x40200000);
	check_owner(0x403fffff, 5, FRAME_MEMORY);
	check_owner(0x40400000, OWNER_NONE, FRAME_FREE);
	assert_int_equal(frames_held(5), 0x201000);
	assert_int_equal(frames_count().by_use[FRAME_MEMORY], 0x200000);
	assert_int_equal(frames_count().free, 0x3dcd000);

	frames_give_page(5, page);
	check_owner(0x40001000, OWNER_NONE, FRAME_FREE);
	frames_give_chunk(5, chunk);
	check_owner(0x40200000, OWNER_NONE, FRAME_FREE);
	assert_int_equal(frames_held(5), 0);
	assert_int_equal(frames_held(OWNER_EL2), 0x1000);
	assert_int_equal(frames_count().free, 0x3fcf000);
	/* given back, it is used again before memory that nobody ever touched */
	assert_int_equal(frames_take_chunk(6, FRAME_MEMORY, false).v, 0x40200000);
}

static void test_runs(void **state)
{
	pa_t one, two, sixteen;

	(void)state;
	start_64m();
	one = frames_take_page(1, FRAME_STATE, false);
	sixteen = frames_take_pages(1, FRAME_TABLE, 4);
	two = frames_take_pages(1, FRAME_TABLE, 1);
	assert_int_equal(one.v, 0x40001000);
	assert_int_equal(sixteen.v, 0x40010000);
	assert_int_equal(two.v, 0x40002000);
	check_owner(0x4001f000, 1, FRAME_TABLE);
	check_owner(0x40020000, OWNER_NONE, FRAME_FREE);
	assert_int_equal(frames_held(1), 0x13000);
	assert_int_equal(frames_take_pages(1, FRAME_TABLE, 5).v, 0);
	assert_int_equal(frames_take_pages(1, FRAME_TABLE, 70).v, 0);

	frames_give_pages(1, sixteen, 4);
	frames_give_page(1, PA(0x40002000)); /* singly as well */
	frames_give_page(1, PA(0x40003000));
	frames_give_page(1, one);
	assert_int_equal(frames_count().free, 0x3fcf000);
}

/* An edge chunk with no two free neighbours is looked at, and left as it was. */
static void test_runs_none(void **state)
{
	const struct frames_region ram = {0x40000000, 0x400000};
	struct frames_region reserved[62];
	unsigned count = 0;

	(void)state;
	mmu_arena_new(0x40000000, 0x400000);
	/* frames 1 2 4 6 8 … free, the others not, up to the chunk's end */
	reserved[count++] = (struct frames_region){0x40000000, 0x1000};
	for (u64 pa = 0x40003000; pa < 0x40011000; pa += 0x2000)
		reserved[count++] = (struct frames_region){pa, 0x1000};
	reserved[count++] = (struct frames_region){0x40011000, 0x1ef000};
	assert_true(frames_init(&ram, 1, reserved, count));
	/* 1 and 2 are for records (one page, behind the image) and struct split */
	assert_int_equal(frames_count().free, 0x208000);
	assert_int_equal(frames_take_pages(3, FRAME_TABLE, 1).v, 0x40202000);
	check_owner(0x40002000, OWNER_NONE, FRAME_FREE); /* not split any more */
	assert_int_equal(frames_take_page(3, FRAME_TABLE, false).v, 0x40004000);
	check_owner(0x40002000, OWNER_EL2, FRAME_EL2);
}

/* Start-up writes records only of chunks at reserved memory, whatever the size of RAM. */
static void test_start_touches_little(void **state)
{
	const struct frames_region ram = {0x40000000, 0x200000000};
	const struct frames_region reserved[] = {{0x40200000, 0x40000}, {0x48000000, 0x123456}};
	struct frame_count start;
	pa_t chunk[100];

	(void)state;
	mmu_arena_new(0x40000000, 0x200000000);
	assert_true(frames_init(&ram, 1, reserved, 2));
	start = frames_count();
	assert_int_equal(start.total, 0x200000000);
	assert_int_equal(start.by_use[FRAME_EL2], 0x10000); /* 4096 records */
	assert_int_equal(start.by_use[FRAME_IMAGE], 0x164000);
	assert_int_equal(mmu_arena_touched(), 0x1000);
	check_owner(0x48000000, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x48123fff, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x48124000, OWNER_NONE, FRAME_FREE);
	check_owner(0x50000000, OWNER_NONE, FRAME_FREE);

	/* over both chunks that are not whole, 0x40200000 and 0x48000000, and back */
	for (unsigned i = 0; i < 100; i++)
		chunk[i] = frames_take_chunk(9, FRAME_MEMORY, false);
	assert_int_equal(chunk[0].v, 0x40000000);
	assert_int_equal(chunk[1].v, 0x40400000);
	assert_int_equal(chunk[62].v, 0x47e00000);
	assert_int_equal(chunk[63].v, 0x48200000);
	assert_int_equal(frames_held(9), 0xc800000);
	assert_int_equal(mmu_arena_touched(), 0x1000);
	for (unsigned i = 0; i < 100; i++)
		frames_give_chunk(9, chunk[i]);
	assert_memory_equal(&start, &(struct frame_count[]){frames_count()}[0], sizeof(start));
}

/* RAM from 0, in unaligned regions, two of which meet in one chunk; a hole; a chunk wholly reserved;
 * one with a single free frame. */
static void test_ragged(void **state)
{
	const struct frames_region ram[] = {
		{0, 0x500800},	      /* up to 0x500000 */
		{0x4ff000, 0x1000},   /* nothing that is not there already */
		{0x580000, 0x280000}, /* in the same chunk, up to 0x800000 */
		{0x1000800, 0x1000},  /* no whole frame */
		{0x2000000, 0x600000},
	};
	const struct frames_region reserved[] = {
		{0x80000, 0x20000}, {0x2000000, 0x200000}, {0x2200000, 0x1ff000},
		{0x600000, 0},	    {0x90800, 0x20000},	   {0xfffffffffffff000, 0xfff},
		{0x8000000, ~0ULL},
	};
	struct frame_count count;

	(void)state;
	mmu_arena_new(0, 0x2600000);
	assert_true(frames_init(ram, 5, reserved, 7));
	count = frames_count();
	assert_int_equal(count.total, 0xd80000);
	/* records behind the image, 0x80000 … 0xb0fff: 8 bytes a MiB, one page */
	check_owner(0xb0fff, OWNER_EL2, FRAME_IMAGE);
	check_owner(0xb1000, OWNER_EL2, FRAME_EL2);
	check_owner(0, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x540000, OWNER_NONE, FRAME_FREE); /* no RAM, below a chunk with RAM */
	check_owner(0x900000, OWNER_NONE, FRAME_FREE);
	check_owner(0x2000000, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x23fefff, OWNER_EL2, FRAME_IMAGE);
	check_owner(0x23ff000, OWNER_EL2, FRAME_IMAGE); /* alone, so no use */
	check_owner(0x2400000, OWNER_NONE, FRAME_FREE);
	/* frame 0, image 0x31, two chunks */
	assert_int_equal(count.by_use[FRAME_IMAGE], 0x432000);
	assert_int_equal(count.free, 0x94d000);

	/* whole chunks: 0x200000, 0x600000, 0x2400000 */
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x200000);
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x600000);
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x2400000);
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0);
	/* chunk 0 has 512 − 1 − 0x31 − 1 − 1 frames, the one at 0x400000 512 − 0x80 − 1 */
	for (unsigned i = 0; i < 460 + 383; i++) {
		u64 pa = frames_take_page(2, FRAME_MEMORY, false).v;

		assert_true((pa > 0x1000 && pa < 0x200000) || (pa > 0x400000 && pa < 0x600000));
		assert_false(pa >= 0x500000 && pa < 0x580000);
	}
	assert_int_equal(frames_take_page(2, FRAME_MEMORY, false).v, 0);
	assert_int_equal(frames_count().free, 0);
	check_owner(0x540000, OWNER_NONE, FRAME_FREE);
	check_owner(0x2540000, 1, FRAME_MEMORY);
}

static void test_bad_start(void **state)
{
	struct frames_region ram[20], reserved[70];

	(void)state;
	mmu_arena_new(0x40000000, 0x4000000);
	assert_false(frames_init(ram, 0, NULL, 0));
	ram[0] = (struct frames_region){0x40000000, 0xfff};
	assert_false(frames_init(ram, 1, NULL, 0));
	ram[0] = (struct frames_region){0x40000000, ~0ULL}; /* wraps around */
	assert_false(frames_init(ram, 1, NULL, 0));
	ram[0] = (struct frames_region){0xffffffff40000000, 0x200000};
	assert_false(frames_init(ram, 1, NULL, 0));
	ram[0] = (struct frames_region){0x40000000, 0x1000}; /* all of it for records */
	assert_false(frames_init(ram, 1, NULL, 0));
	assert_int_equal(frames_take_page(1, FRAME_STATE, false).v, 0);
	assert_int_equal(frames_take_chunk(1, FRAME_STATE, false).v, 0);

	ram[0] = (struct frames_region){0x40000000, 0x4000000};
	reserved[0] = (struct frames_region){0x3fe00000, 0x8000000}; /* all of it */
	assert_false(frames_init(ram, 1, reserved, 1));
	for (unsigned i = 0; i < 70; i++)
		reserved[i] = (struct frames_region){0x40002000 + i * 0x2000, 0x1000};
	assert_false(frames_init(ram, 1, reserved, 70));
	assert_false(frames_init(ram, 1, reserved, 64)); /* 65 with the frame at 0 */
	assert_true(frames_init(ram, 1, reserved, 63));
	/* descending, so that each moves all others, and in the end all become one */
	for (unsigned i = 0; i < 63; i++)
		reserved[i] = (struct frames_region){0x40102000 - i * 0x2000, 0x1000};
	reserved[63] = (struct frames_region){0x40086800, 0x100000};
	assert_true(frames_init(ram, 1, reserved, 64));
	assert_int_equal(frames_count().by_use[FRAME_IMAGE], 0x101000);

	/* without an image; more regions than we keep: the rest is not used */
	for (unsigned i = 0; i < 20; i++)
		ram[i] = (struct frames_region){0x40000000 + i * 0x300000, 0x200000};
	assert_true(frames_init(ram, 20, NULL, 0));
	assert_int_equal(frames_count().total, 0x2000000);
	check_owner(0x40000000, OWNER_EL2, FRAME_EL2);
}

static void test_promises(void **state)
{
	pa_t pa;

	(void)state;
	start_64m(); /* 31 whole chunks; 461 frames around image and records, less struct split */
	assert_false(frames_reserve(1, 32, 0));
	assert_true(frames_reserve(1, 31, 0));
	assert_int_equal(frames_count().reserved, 0x3e00000);
	assert_int_equal(frames_count().free, 0x1cf000);
	assert_false(frames_reserve(2, 1, 0));
	assert_false(frames_reserve(2, 0, 463));
	assert_true(frames_reserve(2, 0, 462));
	assert_int_equal(frames_count().free, 0x1000); /* struct split's */

	/* what is promised is not there for others, or for oneself without the promise */
	assert_int_equal(frames_take_page(3, FRAME_STATE, false).v, 0);
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0);
	assert_int_equal(frames_take_chunk(3, FRAME_MEMORY, true).v, 0);
	assert_int_equal(frames_take_page(1, FRAME_MEMORY, true).v, 0);

	pa = frames_take_chunk(1, FRAME_MEMORY, true);
	assert_int_equal(pa.v, 0x40200000);
	assert_int_equal(frames_count().reserved, 0x3c00000 + 0x1ce000);
	/* given back it is not promised any more */
	frames_give_chunk(1, pa);
	assert_int_equal(frames_take_chunk(3, FRAME_MEMORY, false).v, 0x40200000);
	assert_int_equal(frames_take_chunk(3, FRAME_MEMORY, false).v, 0);

	assert_true(frames_reserve_all(1, 0, 0));
	for (unsigned i = 0; i < 462; i++)
		assert_int_not_equal(frames_take_page(2, FRAME_MEMORY, true).v, 0);
	assert_int_equal(frames_take_page(2, FRAME_MEMORY, true).v, 0);
	assert_int_equal(frames_held(2), 0x1ce000);
	assert_int_equal(frames_count().reserved, 0);

	/* promised frames beyond those around the image keep whole chunks for splitting: 511 each */
	assert_true(frames_reserve(4, 28, 1022));
	assert_false(frames_reserve(4, 0, 1));
	assert_false(frames_reserve(4, 1, 0));
	assert_int_equal(frames_take_page(3, FRAME_STATE, false).v, 0);
	for (unsigned i = 0; i < 28; i++)
		assert_int_not_equal(frames_take_chunk(4, FRAME_MEMORY, true).v, 0);
	for (unsigned i = 0; i < 1022; i++)
		assert_int_not_equal(frames_take_page(4, FRAME_MEMORY, true).v, 0);
	assert_int_equal(frames_count().free, 0);
	assert_int_equal(frames_count().by_use[FRAME_EL2], 0x4000);
}

/* What an owner that keeps gives back is nobody else's, however much of it there is. */
static void test_keep(void **state)
{
	pa_t chunk, page;

	(void)state;
	start_64m();
	assert_true(frames_reserve(1, 2, 600));
	chunk = frames_take_chunk(1, FRAME_MEMORY, true);
	page = frames_take_page(1, FRAME_MEMORY, true);
	while (frames_take_page(2, FRAME_MEMORY, false).v)
		;
	frames_keep(1);
	frames_give_chunk(1, chunk);
	frames_give_page(1, page);
	assert_int_equal(frames_take_chunk(2, FRAME_MEMORY, false).v, 0);
	assert_int_equal(frames_take_page(2, FRAME_MEMORY, false).v, 0);
	assert_int_equal(frames_count().reserved, 2 * CHUNK_SIZE + 600 * PAGE_SIZE);
	/* in place of it: less is no question, more is */
	assert_true(frames_reserve_all(1, 2, 600));
	assert_int_equal(frames_count().reserved, 2 * CHUNK_SIZE + 600 * PAGE_SIZE);
	chunk = frames_take_chunk(1, FRAME_MEMORY, true);
	frames_give_chunk(1, chunk); /* it keeps no more */
	assert_int_equal(frames_count().reserved, CHUNK_SIZE + 600 * PAGE_SIZE);
	assert_false(frames_reserve_all(1, 30, 600));
	assert_int_equal(frames_count().reserved, 0);
	assert_true(frames_reserve(1, 1, 1));
	frames_keep(1);
	chunk = frames_take_chunk(1, FRAME_MEMORY, true);
	frames_unreserve_rest(1);
	frames_give_chunk(1, chunk);
	assert_int_equal(frames_count().reserved, 0);
}

static void test_promise_bounds(void **state)
{
	(void)state;
	start_64m();
	assert_false(frames_reserve(1, ~0ULL, 0));
	assert_false(frames_reserve(1, 0, ~0ULL));
	assert_false(frames_reserve(1, 65536, 0));
	assert_false(frames_reserve(1, 0, 65536));
	assert_true(frames_reserve(1, 0, 0));
	assert_true(frames_reserve(OWNER_EL2, 1, 1));
}

static void refuse_page(u16 owner, u64 pa)
{
	start_64m();
	assert_int_equal(frames_take_page(1, FRAME_STATE, false).v, 0x40001000);
	assert_int_equal(frames_take_pages(1, FRAME_STATE, 1).v, 0x40002000);
	assert_int_equal(frames_take_page(1, FRAME_TABLE, false).v, 0x40004000);
	assert_int_equal(frames_take_page(1, FRAME_STATE, false).v, 0x40005000);
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x40200000);
	assert_true(PANICS(frames_give_page(owner, PA(pa))));
	assert_non_null(strstr(panic_text, "to give"));
}

static void test_wrong_gives(void **state)
{
	(void)state;
	refuse_page(2, 0x40001000); /* not his */
	refuse_page(1, 0x40001008);
	refuse_page(1, 0x40006000); /* free */
	refuse_page(1, 0x40000000); /* struct split */
	refuse_page(OWNER_EL2, 0x40000000);
	refuse_page(OWNER_EL2, 0x40080000); /* image */
	refuse_page(0, 0x40080000);
	refuse_page(1, 0x40200000); /* in a whole chunk */
	refuse_page(1, 0x40400000); /* in a chunk never used */
	refuse_page(1, 0x44000000); /* no RAM */
	refuse_page(1, 0);

	refuse_page(2, 0x40001000);
	start_64m();
	(void)!frames_take_pages(1, FRAME_STATE, 2).v;
	assert_true(PANICS(frames_give_pages(1, PA(0x40004000), 3))); /* more than is his */
	start_64m();
	(void)!frames_take_pages(1, FRAME_STATE, 2).v;
	(void)!frames_take_pages(1, FRAME_STATE, 2).v;
	assert_true(PANICS(frames_give_pages(1, PA(0x40006000), 2))); /* not aligned */
	start_64m();
	(void)!frames_take_pages(1, FRAME_STATE, 2).v;
	assert_true(PANICS(frames_give_pages(1, PA(0x40004000), 5)));
	start_64m();
	(void)!frames_take_pages(1, FRAME_STATE, 2).v;
	(void)!frames_take_pages(1, FRAME_TABLE, 2).v;
	assert_true(PANICS(frames_give_pages(1, PA(0x40004000), 3))); /* two uses */

	start_64m();
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x40200000);
	assert_true(PANICS(frames_give_chunk(2, PA(0x40200000))));
	start_64m();
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x40200000);
	assert_true(PANICS(frames_give_chunk(1, PA(0x40201000))));
	start_64m();
	assert_true(PANICS(frames_give_chunk(1, PA(0x40200000)))); /* never taken */
	start_64m();
	assert_true(PANICS(frames_give_chunk(1, PA(0x40000000)))); /* image's */
	start_64m();
	assert_int_equal(frames_take_chunk(1, FRAME_MEMORY, false).v, 0x40200000);
	frames_give_chunk(1, PA(0x40200000));
	assert_true(PANICS(frames_give_chunk(1, PA(0x40200000)))); /* twice */
	assert_true(PANICS((void)frames_held(1024)));
	assert_true(PANICS((void)frames_held(OWNER_NONE)));
}

/* ---- Random work ---- */

#define BASE 0x40000000ULL
#define FRAMES 8192 /* 32 MiB */
#define GUESTS 5
#define HELD_MAX 9000

static u64 random_state;

static u32 random_below(u32 limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)((random_state >> 33) % limit);
}

struct model {
	u16 owner[FRAMES]; /* OWNER_NONE: free, or EL2's own for splitting */
	u8 use[FRAMES];
	bool reserved[FRAMES];
	struct piece {
		u64 pa;
		u16 owner;
		u8 order; /* 9: chunk */
	} piece[HELD_MAX];
	unsigned pieces;
	u64 held[GUESTS], chunks[GUESTS], pages[GUESTS];
	bool keeps[GUESTS];
};

static struct model model;

static void model_note(u64 pa, u16 owner, u8 use, u8 order)
{
	u64 frame = (pa - BASE) / 0x1000, count = 1U << order;

	assert_true(pa >= BASE && frame + count <= FRAMES);
	assert_int_equal(frame % count, 0);
	for (u64 i = frame; i < frame + count; i++) {
		assert_false(model.reserved[i]);
		assert_int_equal(model.owner[i], OWNER_NONE);
		model.owner[i] = owner;
		model.use[i] = use;
	}
	model.held[owner] += count * 0x1000;
	assert_true(model.pieces < HELD_MAX);
	model.piece[model.pieces++] = (struct piece){pa, owner, order};
}

static void model_take(u16 guest)
{
	u8 use = (u8)(FRAME_TABLE + random_below(4));
	u64 free = frames_count().free;
	u8 order = 0;
	pa_t pa;

	switch (random_below(8)) {
	case 0:
		order = 9;
		pa = frames_take_chunk(guest, use, false);
		break;
	case 1:
		order = 9;
		pa = frames_take_chunk(guest, use, true);
		assert_int_equal(pa.v != 0, model.chunks[guest] != 0);
		model.chunks[guest] -= pa.v != 0;
		break;
	case 2:
	case 3:
		pa = frames_take_page(guest, use, true);
		assert_int_equal(pa.v != 0, model.pages[guest] != 0);
		model.pages[guest] -= pa.v != 0;
		break;
	case 4:
		order = (u8)random_below(5);
		pa = frames_take_pages(guest, use, order);
		break;
	default:
		pa = frames_take_page(guest, use, false);
		/* the rest of a chunk kept for promises, and a struct split for each edge */
		assert_true(pa.v || free < 0x200000 + 4 * 0x1000);
	}
	if (pa.v)
		model_note(pa.v, guest, use, order);
}

static void model_give(unsigned n)
{
	struct piece piece = model.piece[n];
	u64 frame = (piece.pa - BASE) / 0x1000;

	model.piece[n] = model.piece[--model.pieces];
	for (u64 i = frame; i < frame + (1U << piece.order); i++)
		model.owner[i] = OWNER_NONE;
	model.held[piece.owner] -= 0x1000ULL << piece.order;
	if (model.keeps[piece.owner]) {
		model.chunks[piece.owner] += piece.order == 9;
		model.pages[piece.owner] += piece.order == 9 ? 0 : 1U << piece.order;
	}
	if (piece.order == 9)
		frames_give_chunk(piece.owner, PA(piece.pa));
	else
		frames_give_pages(piece.owner, PA(piece.pa), piece.order);
}

static void model_promise(u16 guest)
{
	u64 chunks = random_below(4), pages = random_below(700);

	if (random_below(4) == 0) {
		frames_keep(guest);
		model.keeps[guest] = true;
		return;
	}
	if (random_below(2)) {
		if (frames_reserve(guest, chunks, pages)) {
			model.chunks[guest] += chunks;
			model.pages[guest] += pages;
		}
		return;
	}
	chunks = MIN(chunks, model.chunks[guest]);
	pages = MIN(pages, model.pages[guest]);
	model.chunks[guest] -= chunks;
	model.pages[guest] -= pages;
	model.keeps[guest] = false;
	assert_true(frames_reserve_all(guest, model.chunks[guest], model.pages[guest]));
}

/* Each frame's owner, and all sums. */
static void model_check(void)
{
	struct frame_count count = frames_count(), sum = {0};
	u64 promised = 0;

	for (u64 i = 0; i < FRAMES; i++) {
		enum frame_use use;
		u16 owner = frames_owner(PA(BASE + i * 0x1000), &use);

		sum.by_use[use] += 0x1000;
		if (model.owner[i] != OWNER_NONE) {
			assert_int_equal(owner, model.owner[i]);
			assert_int_equal(use, model.use[i]);
		} else if (model.reserved[i]) {
			assert_int_equal(owner, OWNER_EL2);
		} else {
			assert_true(owner == OWNER_NONE || use == FRAME_EL2);
		}
	}
	for (unsigned use = 0; use < FRAME_USES; use++)
		assert_int_equal(count.by_use[use], sum.by_use[use]);
	for (u16 guest = 0; guest < GUESTS; guest++) {
		assert_int_equal(frames_held(guest), model.held[guest]);
		promised += model.chunks[guest] * 0x200000 + model.pages[guest] * 0x1000;
	}
	assert_int_equal(count.reserved, promised);
	assert_int_equal(count.free + promised, count.by_use[FRAME_FREE]);
}

/* A frame that is alone free in its chunk is of no use, a record of the chunk would fill it: it stays EL2's. */
static void model_leave_alone(void)
{
	for (u64 first = 0; first < FRAMES; first += 512) {
		u64 usable = 0, last = 0;

		for (u64 i = first; i < first + 512; i++) {
			enum frame_use use;
			u16 owner = frames_owner(PA(BASE + i * 0x1000), &use);

			/* frames_init's own records are FRAME_EL2 */
			if (model.reserved[i] || (owner == OWNER_EL2 && use == FRAME_EL2))
				continue;
			usable++;
			last = i;
		}
		if (usable == 1)
			model.reserved[last] = true;
	}
}

static void random_start(void)
{
	const struct frames_region ram = {BASE, FRAMES * 0x1000ULL};
	struct frames_region reserved[4];
	unsigned count = random_below(5);

	memset(&model, 0, sizeof(model));
	memset(model.owner, 0xff, sizeof(model.owner));
	for (unsigned i = 0; i < count; i++) {
		u64 from = random_below(FRAMES), frames = 1 + random_below(i == 2 ? 1500 : 200);

		reserved[i] = (struct frames_region){BASE + from * 0x1000, frames * 0x1000};
		for (u64 k = from; k < from + frames && k < FRAMES; k++)
			model.reserved[k] = true;
	}
	mmu_arena_new(BASE, ram.size);
	memset(mmu_pointer(PA(BASE)), 0xa5, ram.size); /* RAM starts with anything in it */
	assert_true(frames_init(&ram, 1, reserved, count));
	model_leave_alone();
}

static void random_work(unsigned steps)
{
	struct frame_count start, end;

	random_start();
	start = frames_count();
	for (unsigned i = 0; i < steps; i++) {
		/* tides: mostly taking, then mostly giving */
		bool flood = (i / 3000) % 2 == 0;
		u16 guest = (u16)random_below(GUESTS);

		if (random_below(50) == 0)
			model_promise(guest);
		else if (model.pieces && random_below(10) < (flood ? 3 : 7))
			model_give(random_below(model.pieces));
		else
			model_take(guest);
		if (i % 4096 == 0)
			model_check();
	}
	model_check();
	while (model.pieces)
		model_give(random_below(model.pieces));
	for (u16 guest = 0; guest < GUESTS; guest++) {
		frames_unreserve_rest(guest);
		assert_int_equal(frames_held(guest), 0);
	}
	end = frames_count();
	assert_memory_equal(&start, &end, sizeof(start));
}

static void test_random(void **state)
{
	const char *seed = getenv("FRAMES_SEED");

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	print_message("FRAMES_SEED=%llu\n", (unsigned long long)random_state);
	for (unsigned run = 0; run < 10; run++)
		random_work(40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_take_and_give),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_runs_none),
		cmocka_unit_test(test_start_touches_little),
		cmocka_unit_test(test_ragged),
		cmocka_unit_test(test_bad_start),
		cmocka_unit_test(test_promises),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_promise_bounds),
		cmocka_unit_test(test_wrong_gives),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
