// SPDX-License-Identifier: Apache-2.0
// units: mm/stage2.c mm/frames.c
/*
 * mm/stage2.c: stage 2 descriptors and registers as the Arm ARM (D8.3, D8.6) defines them, worked
 * out by hand; order of writes and TLB maintenance; VMIDs; and random maps of several guests
 * against a model. STAGE2_SEED in the environment repeats a run.
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
#include "mm/stage2.h"

#define RAM_BASE 0x80000000ULL

static void start(u64 ram_bytes)
{
	const struct frames_region ram = {RAM_BASE, ram_bytes};

	mmu_forget();
	mmu_standin_pa_bits = 40;
	mmu_standin_vmid_bits = 8;
	mmu_arena_new(RAM_BASE, ram_bytes);
	assert_true(frames_init(&ram, 1, NULL, 0));
	/* frames start with anything in them: here, entries that are valid */
	for (u64 pa = RAM_BASE + 0x1000; pa < RAM_BASE + MIN(ram_bytes, 0x100000); pa += 0x1000)
		memset(mmu_pointer(PA(pa)), 0xff, 0x1000);
}

static u64 entry_at(u64 table, unsigned index)
{
	return ((const u64 *)mmu_pointer(PA(table)))[index];
}

static void check_leads(const struct stage2 *map, u64 ipa, u64 expected)
{
	pa_t pa = PA(~0ULL);

	assert_true(stage2_lookup(map, IPA(ipa), &pa));
	assert_int_equal(pa.v, expected);
}

static void check_nothing(const struct stage2 *map, u64 ipa)
{
	pa_t pa = PA(0x55);

	assert_false(stage2_lookup(map, IPA(ipa), &pa));
	assert_int_equal(pa.v, 0x55);
}

static void check_shape(u64 limit, unsigned bits, unsigned level, u64 vtcr, u64 root_bytes)
{
	struct frame_count before = frames_count(), after;
	struct stage2 map;

	assert_true(stage2_init(&map, 7, limit));
	assert_int_equal(map.ipa_bits, bits);
	assert_int_equal(map.level, level);
	assert_int_equal(map.vtcr, vtcr);
	assert_int_equal(map.root.v % root_bytes, 0);
	assert_int_equal(map.vttbr, map.root.v | 0x0001000000000000);
	assert_int_equal(frames_held(7), root_bytes);
	assert_int_equal(stage2_table_bytes(&map), root_bytes);
	for (unsigned i = 0; i < root_bytes / 8; i++)
		assert_int_equal(entry_at(map.root.v, i), 0);
	/* the last page within reach is in the last entry of the root */
	check_nothing(&map, (1ULL << bits) - 1);
	assert_true(stage2_map(&map, IPA((1ULL << bits) - 0x200000), PA(0x80000000), 0x200000,
			       STAGE2_MEMORY));
	check_leads(&map, (1ULL << bits) - 1, 0x801fffff);
	assert_int_not_equal(entry_at(map.root.v, (unsigned)(root_bytes / 8) - 1), 0);
	assert_false(stage2_map(&map, IPA(1ULL << bits), PA(0x80000000), 0x200000, STAGE2_MEMORY));
	check_nothing(&map, 1ULL << bits);
	check_nothing(&map, ~0ULL);
	stage2_destroy(&map);
	after = frames_count();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(frames_held(7), 0);
}

/* T0SZ is 64 − bits; SL0 (bit 6) is 1 for a walk from level 1. */
static void test_shapes(void **state)
{
	struct stage2 map;

	(void)state;
	start(0x1000000);
	check_shape(0x1000, 31, 2, 0x80023521, 0x2000);
	check_shape(0x80000000, 31, 2, 0x80023521, 0x2000);
	check_shape(0x80000001, 32, 2, 0x80023520, 0x4000);
	check_shape(0x100000000, 32, 2, 0x80023520, 0x4000);
	check_shape(0x180000000, 33, 2, 0x8002351f, 0x8000);
	check_shape(0x400000000, 34, 2, 0x8002351e, 0x10000);
	assert_false(stage2_init(&map, 7, 0x10000000001));
	assert_false(stage2_init(&map, 7, ~0ULL));
	mmu_standin_pa_bits = 32;
	assert_false(stage2_init(&map, 7, 0x100001000));
	assert_int_equal(frames_held(7), 0);
}

static void test_shapes_level1(void **state)
{
	struct stage2 map;

	(void)state;
	start(0x1000000);
	check_shape(0x400000001, 39, 1, 0x80023559, 0x1000);
	check_shape(0x8000000000, 39, 1, 0x80023559, 0x1000);
	check_shape(0x8000001000, 40, 1, 0x80023558, 0x2000);
	/* a CPU with 36 bits: one table, of which 64 entries are used */
	mmu_standin_pa_bits = 36;
	assert_true(stage2_init(&map, 7, 0x800000000));
	assert_int_equal(map.ipa_bits, 36);
	assert_int_equal(map.vtcr, 0x8002355c);
	assert_int_equal(frames_held(7), 0x1000);
	assert_true(stage2_map(&map, IPA(0xfffffe000), PA(0x80000000), 0x1000, STAGE2_MEMORY));
	assert_int_equal(entry_at(map.root.v, 63) & 0xfff, 3);
	stage2_destroy(&map);
	assert_false(stage2_init(&map, 7, 0x1000000001));
}

/* AF 0x400, SH inner 0x300, S2AP read-write 0xc0, read only 0x40, MemAttr write-back 0x3c or Device-nGnRE 0x4, page
 * 0x3 or block 0x1, XN bit 54. */
static void test_descriptors(void **state)
{
	struct stage2 map;
	u64 table;

	(void)state;
	start(0x1000000);
	assert_true(stage2_init(&map, 3, 0x80000000));
	assert_true(stage2_map(&map, IPA(0x40000000), PA(0x80400000), 0x200000, STAGE2_MEMORY));
	assert_true(stage2_map(&map, IPA(0x40200000), PA(0x80600000), 0x200000, STAGE2_SHARED));
	assert_true(stage2_map(&map, IPA(0x08000000), PA(0x08000000), 0x200000, STAGE2_DEVICE));
	assert_int_equal(entry_at(map.root.v, 0x200), 0x00000000804007fd);
	assert_int_equal(entry_at(map.root.v, 0x201), 0x00400000806007fd);
	assert_int_equal(entry_at(map.root.v, 0x040), 0x00400000080004c5);
	assert_true(stage2_map(&map, IPA(0x400000), PA(0x80a00000), 0x200000, STAGE2_ROM));
	assert_int_equal(entry_at(map.root.v, 2), 0x0000000080a0077d);
	assert_int_equal(stage2_table_bytes(&map), 0x2000);

	assert_true(stage2_map(&map, IPA(0x40400000), PA(0x80801000), 0x1000, STAGE2_MEMORY));
	assert_true(stage2_map(&map, IPA(0x405ff000), PA(0x80802000), 0x1000, STAGE2_SHARED));
	assert_true(stage2_map(&map, IPA(0x40410000), PA(0x08040000), 0x1000, STAGE2_DEVICE));
	table = entry_at(map.root.v, 0x202);
	assert_int_equal(table & 0xffff000000000fff, 3);
	table &= 0x0000fffffffff000;
	assert_int_equal(entry_at(table, 0x000), 0x00000000808017ff);
	assert_int_equal(entry_at(table, 0x1ff), 0x00400000808027ff);
	assert_int_equal(entry_at(table, 0x010), 0x00400000080404c7);
	for (unsigned i = 1; i < 0x1ff; i++)
		assert_int_equal(entry_at(table, i) & (i == 0x10 ? 0 : ~0ULL), 0);
	assert_int_equal(stage2_table_bytes(&map), 0x3000);
	assert_int_equal(frames_held(3), 0x3000);

	check_leads(&map, 0x40000000, 0x80400000);
	check_leads(&map, 0x401fffff, 0x805fffff);
	check_leads(&map, 0x40400abc, 0x80801abc);
	check_leads(&map, 0x405fffff, 0x80802fff);
	check_nothing(&map, 0x40401000);
	check_nothing(&map, 0x40600000);
	check_nothing(&map, 0);
	/* nothing was ever taken out: TLBs hold no invalid entries, so nothing had to be flushed */
	assert_int_equal(mmu_count(MMU_FLUSH_IPA), 0);
	assert_int_equal(mmu_count(MMU_FLUSH_GUEST), 0);
	stage2_destroy(&map);
	assert_int_equal(frames_held(3), 0);
}

static void test_refused(void **state)
{
	struct stage2 map, before;
	pa_t pa;

	(void)state;
	start(0x1000000);
	assert_true(stage2_init(&map, 3, 0x80000000));
	assert_true(stage2_map(&map, IPA(0x40000000), PA(0x80400000), 0x200000, STAGE2_MEMORY));
	assert_true(stage2_map(&map, IPA(0x40200000), PA(0x80600000), 0x1000, STAGE2_MEMORY));
	before = map;
	/* something is there */
	assert_false(stage2_map(&map, IPA(0x40000000), PA(0x80800000), 0x200000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40001000), PA(0x80800000), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40200000), PA(0x80800000), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40200000), PA(0x80800000), 0x200000, STAGE2_MEMORY));
	/* not aligned, no such size, out of reach */
	assert_false(stage2_map(&map, IPA(0x40401000), PA(0x80800000), 0x200000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400000), PA(0x80801000), 0x200000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400800), PA(0x80800000), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400000), PA(0x80800800), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400000), PA(0x80800000), 0x2000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400000), PA(0x80800000), 0, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x80000000), PA(0x80800000), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40400000), PA(0x1000000000000), 0x1000, STAGE2_MEMORY));
	/* nothing is there in that size */
	assert_false(stage2_unmap(&map, IPA(0x40001000), 0x1000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40000000), 0x1000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40200000), 0x200000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40201000), 0x1000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40400000), 0x1000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40400000), 0x200000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x40000800), 0x200000, &pa));
	assert_false(stage2_unmap(&map, IPA(0x80000000), 0x1000, &pa));
	assert_memory_equal(&map, &before, sizeof(map));
	assert_int_equal(mmu_count(MMU_FLUSH_IPA), 0);
	check_leads(&map, 0x40000000, 0x80400000);
	check_leads(&map, 0x40200000, 0x80600000);
	check_nothing(&map, 0x40400000);
	stage2_destroy(&map);
}

/* Nothing is mapped, TLBs know it, and the next life has the same root and VMID. */
static void test_empty(void **state)
{
	struct frame_count before;
	struct stage2 map;
	u64 vttbr;

	(void)state;
	start(0x1000000);
	assert_true(stage2_init(&map, 3, 0x80000000));
	before = frames_count();
	vttbr = map.vttbr;
	for (unsigned life = 0; life < 3; life++) {
		check_nothing(&map, 0x40000000);
		assert_true(frames_reserve(3, 0, 1));
		assert_true(
			stage2_map(&map, IPA(0x40000000), PA(0x80400000), 0x200000, STAGE2_MEMORY));
		assert_true(
			stage2_map(&map, IPA(0x40200000), PA(0x80600000), 0x1000, STAGE2_MEMORY));
		check_leads(&map, 0x40000000, 0x80400000);
		check_leads(&map, 0x40200000, 0x80600000);
		mmu_forget();
		stage2_empty(&map);
		assert_int_equal(mmu_count(MMU_FLUSH_GUEST), 1);
		check_nothing(&map, 0x40000000);
		check_nothing(&map, 0x40200000);
		assert_int_equal(map.vttbr, vttbr);
		assert_int_equal(stage2_table_bytes(&map), 2 * PAGE_SIZE);
		assert_int_equal(frames_count().free, before.free);
	}
	stage2_destroy(&map);
}

/* ---- The order of writes and maintenance ---- */

static struct stage2 *watched;
static u64 watched_ipa, watched_pa;
static unsigned flushes, publishes;

/* At each moment that the CPU's walk is told of, it finds nothing or exactly what it should. */
static void watch(const struct mmu_event *event)
{
	pa_t pa;
	bool mapped = stage2_lookup(watched, IPA(watched_ipa), &pa);

	if (mapped)
		assert_int_equal(pa.v, watched_pa);
	if (event->kind == MMU_PUBLISH)
		publishes++;
	if (event->kind == MMU_FLUSH_IPA || event->kind == MMU_FLUSH_GUEST) {
		assert_int_equal(mmu_events[mmu_event_count - 2].kind, MMU_PUBLISH);
		assert_int_equal(event->vttbr, watched->vttbr);
		assert_false(mapped);
		flushes++;
	}
	if (event->kind == MMU_FLUSH_IPA)
		assert_int_equal(event->address, watched_ipa);
	/* and nothing is given back before the flush */
	assert_int_equal(frames_held(watched->owner), stage2_table_bytes(watched));
}

static void test_order(void **state)
{
	struct stage2 map;
	pa_t pa;

	(void)state;
	start(0x1000000);
	assert_true(stage2_init(&map, 3, 0x400001000));
	watched = &map;
	watched_ipa = 0x40001000;
	watched_pa = 0x80801000;
	flushes = publishes = 0;
	mmu_forget();
	mmu_on_event = watch;

	/* two tables, each published before it was linked, and then the page */
	assert_true(stage2_map(&map, IPA(0x40001000), PA(0x80801000), 0x1000, STAGE2_MEMORY));
	assert_int_equal(publishes, 3);
	assert_int_equal(mmu_events[mmu_event_count - 1].kind, MMU_PUBLISH);
	check_leads(&map, 0x40001000, 0x80801000);
	assert_int_equal(flushes, 0);

	assert_true(stage2_unmap(&map, IPA(0x40001000), 0x1000, &pa));
	assert_int_equal(pa.v, 0x80801000);
	assert_int_equal(flushes, 1);
	check_nothing(&map, 0x40001000);
	assert_int_equal(stage2_table_bytes(&map), 0x3000);

	/* a block where an empty table stands: out with that, flush, then the block */
	watched_ipa = 0x40000000;
	watched_pa = 0x80a00000;
	assert_true(stage2_map(&map, IPA(0x40000000), PA(0x80a00000), 0x200000, STAGE2_MEMORY));
	assert_int_equal(flushes, 2);
	check_leads(&map, 0x401ff123, 0x80bff123);
	assert_int_equal(stage2_table_bytes(&map), 0x3000);

	/* the table that gave way serves the next page, as clean as a new one */
	watched_ipa = 0x40200000;
	watched_pa = 0x80801000;
	assert_true(stage2_map(&map, IPA(0x40200000), PA(0x80801000), 0x1000, STAGE2_MEMORY));
	assert_int_equal(stage2_table_bytes(&map), 0x3000);
	for (u64 ipa = 0x40201000; ipa < 0x40400000; ipa += 0x1000)
		check_nothing(&map, ipa);

	watched_ipa = 0x40000000;
	watched_pa = 0x80a00000;
	assert_true(stage2_unmap(&map, IPA(0x40000000), 0x200000, &pa));
	assert_int_equal(pa.v, 0x80a00000);
	assert_int_equal(flushes, 3);

	assert_true(stage2_map(&map, IPA(0x40000000), PA(0x80a00000), 0x200000, STAGE2_MEMORY));
	mmu_on_event = watch;
	stage2_destroy(&map);
	assert_int_equal(flushes, 4);
	assert_int_equal(mmu_count(MMU_FLUSH_GUEST), 1);
	assert_int_equal(frames_held(3), 0);
	mmu_forget();
}

/* Spare tables, more than one, go back as well. */
static void test_spares(void **state)
{
	struct frame_count before, after;
	struct stage2 map;
	pa_t pa;

	(void)state;
	start(0x1000000);
	before = frames_count();
	assert_true(stage2_init(&map, 3, 0x80000000));
	for (u64 ipa = 0x40000000; ipa < 0x40800000; ipa += 0x200000) {
		assert_true(stage2_map(&map, IPA(ipa), PA(0x80400000), 0x1000, STAGE2_MEMORY));
		assert_true(stage2_unmap(&map, IPA(ipa), 0x1000, &pa));
		assert_true(stage2_map(&map, IPA(ipa), PA(0x80400000), 0x200000, STAGE2_MEMORY));
	}
	assert_int_equal(stage2_table_bytes(&map),
			 0x3000); /* one table for all, one after another */
	for (u64 ipa = 0x40800000; ipa < 0x41000000; ipa += 0x200000)
		assert_true(stage2_map(&map, IPA(ipa), PA(0x80400000), 0x1000, STAGE2_MEMORY));
	for (u64 ipa = 0x40800000; ipa < 0x41000000; ipa += 0x200000) {
		assert_true(stage2_unmap(&map, IPA(ipa), 0x1000, &pa));
		assert_true(stage2_map(&map, IPA(ipa), PA(0x80400000), 0x200000, STAGE2_MEMORY));
	}
	assert_int_equal(stage2_table_bytes(&map), 0x6000);
	stage2_destroy(&map);
	after = frames_count();
	assert_memory_equal(&before, &after, sizeof(before));
}

static void test_vmids(void **state)
{
	static struct stage2 map[1024];

	(void)state;
	start(0x2000000);
	for (unsigned i = 0; i < 255; i++) {
		assert_true(stage2_init(&map[i], (u16)i, 0x80000000));
		assert_int_equal(map[i].vmid, i + 1);
		assert_int_equal(map[i].vttbr >> 48, i + 1);
	}
	assert_false(stage2_init(&map[255], 255, 0x80000000));
	assert_int_equal(frames_held(255), 0);

	/* one that goes is flushed before the next may have its VMID */
	mmu_forget();
	stage2_destroy(&map[100]);
	assert_int_equal(mmu_count(MMU_FLUSH_GUEST), 1);
	assert_int_equal(mmu_events[1].kind, MMU_FLUSH_GUEST);
	assert_int_equal(mmu_events[1].vttbr >> 48, 101);
	assert_true(stage2_init(&map[100], 100, 0x80000000));
	assert_int_equal(map[100].vmid, 101);
	assert_false(stage2_init(&map[255], 255, 0x80000000));

	mmu_standin_vmid_bits = 16;
	for (unsigned i = 255; i < 1023; i++) {
		assert_true(stage2_init(&map[i], (u16)i, 0x80000000));
		assert_int_equal(map[i].vttbr >> 48, i + 1);
	}
	assert_false(stage2_init(&map[1023], 1023, 0x80000000));
	for (unsigned i = 0; i < 1023; i++)
		stage2_destroy(&map[i]);
	assert_int_equal(frames_count().by_use[FRAME_TABLE], 0);
}

static void test_out_of_frames(void **state)
{
	struct stage2 map, other;
	unsigned pages;

	(void)state;
	start(0x10000); /* 14 frames to have */
	assert_true(stage2_init(&map, 3, 0x80000000));
	assert_false(stage2_init(&other, 4, 0x400000000)); /* no 16 frames in a row */
	assert_true(stage2_init(&other, 4, 0x400001000));
	assert_int_equal(other.vmid, 2); /* the one that could not be made has given its own back */
	stage2_destroy(&other);

	/* promised to the guest: it has them, and another one has not */
	assert_true(frames_reserve(3, 0, 4));
	assert_true(stage2_init(&other, 4, 0x80000000));
	for (pages = 0; frames_take_page(9, FRAME_STATE, false).v; pages++)
		;
	assert_int_equal(pages, 6);
	assert_false(stage2_map(&other, IPA(0x40000000), PA(0x80000000), 0x1000, STAGE2_MEMORY));
	check_nothing(&other, 0x40000000);
	for (u64 ipa = 0x40000000; ipa < 0x40800000; ipa += 0x200000)
		assert_true(stage2_map(&map, IPA(ipa), PA(0x80000000), 0x1000, STAGE2_MEMORY));
	assert_false(stage2_map(&map, IPA(0x40800000), PA(0x80000000), 0x1000, STAGE2_MEMORY));
	check_nothing(&map, 0x40800000);
	assert_int_equal(frames_count().reserved, 0);
	/* blocks need no table */
	assert_true(stage2_map(&map, IPA(0x40800000), PA(0x80000000), 0x200000, STAGE2_MEMORY));
	stage2_destroy(&map);
	stage2_destroy(&other);
}

/* A root of level 1 may get its level 2 table and then find no frame for level 3. */
static void test_out_of_frames_half_way(void **state)
{
	struct stage2 map;

	(void)state;
	start(0x4000); /* 2 frames to have */
	assert_true(stage2_init(&map, 3, 0x400001000));
	assert_false(stage2_map(&map, IPA(0x40000000), PA(0x80000000), 0x1000, STAGE2_MEMORY));
	check_nothing(&map, 0x40000000);
	assert_true(stage2_map(&map, IPA(0x40000000), PA(0x80000000), 0x200000, STAGE2_MEMORY));
	check_leads(&map, 0x40012345, 0x80012345);
	stage2_destroy(&map);
	assert_int_equal(frames_held(3), 0);
}

static void test_tables_needed(void **state)
{
	(void)state;
	assert_int_equal(stage2_tables_needed(0x40000000, 0x1000000), 0);
	assert_int_equal(stage2_tables_needed(0x40000000, 0x10000), 1);
	assert_int_equal(stage2_tables_needed(0x40000000, 0x201000), 1);
	assert_int_equal(stage2_tables_needed(0x40010000, 0x10000), 1);
	assert_int_equal(stage2_tables_needed(0x400ff000, 0x2000), 1);
	assert_int_equal(stage2_tables_needed(0x401ff000, 0x2000), 2);
	assert_int_equal(stage2_tables_needed(0x401ff000, 0x1000000), 2);
	assert_int_equal(stage2_tables_needed(0x401ff000, 0x1000), 1);
	assert_int_equal(stage2_tables_needed(0x40000000, 0), 0);
	assert_int_equal(stage2_tables_needed(0xffffffffffff0000, 0x20000), 0);
	/* 1 GiB to 17 GiB: a level 1 root, and a level 2 table a GiB */
	assert_int_equal(stage2_tables_needed(0x40000000, 0x400000000), 16);
	assert_int_equal(stage2_tables_needed(0x40000000, 0x3c0000000), 0);
	assert_int_equal(stage2_tables_needed(0x40000000, 0x3c0001000), 17);
}

/* ---- Random maps ---- */

#define CHUNKS 24 /* of 2 MiB: how much address space a guest's model knows */
#define PAGES (CHUNKS * 512)
#define GUESTS 3
#define IPA_BASE 0x3f000000ULL /* across a GiB boundary */

static u64 random_state;

static u32 random_below(u32 limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)((random_state >> 33) % limit);
}

/* What each page leads to; 0: nothing. */
static struct model {
	u64 page[PAGES];
	bool block[CHUNKS];
	u64 next; /* stage2_each must come here next */
} models[GUESTS];

static bool chunk_empty(const struct model *model, u32 chunk)
{
	for (u32 i = 0; i < 512; i++)
		if (model->page[chunk * 512 + i])
			return false;
	return true;
}

static void random_block(struct stage2 *map, struct model *model, u32 chunk)
{
	ipa_t ipa = IPA(IPA_BASE + chunk * 0x200000ULL);
	u64 pa = 0x200000ULL * (1 + random_below(0x3ffff));
	bool empty = chunk_empty(model, chunk);
	pa_t was;

	if (random_below(2)) {
		assert_int_equal(stage2_map(map, ipa, PA(pa), 0x200000, STAGE2_MEMORY), empty);
		for (u32 i = 0; empty && i < 512; i++)
			model->page[chunk * 512 + i] = pa + i * 0x1000;
		model->block[chunk] |= empty;
		return;
	}
	mmu_forget();
	assert_int_equal(stage2_unmap(map, ipa, 0x200000, &was), model->block[chunk]);
	assert_int_equal(mmu_count(MMU_FLUSH_IPA), model->block[chunk]);
	if (model->block[chunk]) {
		assert_int_equal(was.v, model->page[chunk * 512]);
		memset(&model->page[chunk * 512], 0, 512 * 8);
		model->block[chunk] = false;
	}
}

static void random_page(struct stage2 *map, struct model *model, u32 page)
{
	ipa_t ipa = IPA(IPA_BASE + page * 0x1000ULL);
	u64 pa = 0x1000ULL * (1 + random_below(0x7ffffff)), old = model->page[page];
	bool block = model->block[page / 512], removable = old && !block;
	pa_t was;

	if (random_below(2)) {
		assert_int_equal(stage2_map(map, ipa, PA(pa), 0x1000, STAGE2_SHARED), !old);
		if (!old)
			model->page[page] = pa;
		return;
	}
	mmu_forget();
	assert_int_equal(stage2_unmap(map, ipa, 0x1000, &was), removable);
	assert_int_equal(mmu_count(MMU_FLUSH_IPA), removable);
	if (removable) {
		assert_int_equal(was.v, old);
		model->page[page] = 0;
	}
}

static void each_leaf(void *arg, ipa_t ipa, pa_t pa, u64 size)
{
	struct model *model = arg;
	u64 page = (ipa.v - IPA_BASE) / 0x1000;

	assert_true(ipa.v >= IPA_BASE && page < PAGES);
	for (; model->next < page; model->next++)
		assert_int_equal(model->page[model->next], 0);
	assert_int_equal(size, model->block[page / 512] ? 0x200000 : 0x1000);
	assert_int_equal(pa.v, model->page[page]);
	model->next = page + size / 0x1000;
}

static void model_check(const struct stage2 *map, struct model *model)
{
	for (u64 i = 0; i < PAGES; i++) {
		u64 ipa = IPA_BASE + i * 0x1000;

		if (model->page[i])
			check_leads(map, ipa + 0xfff, model->page[i] + 0xfff);
		else
			check_nothing(map, ipa);
	}
	model->next = 0;
	stage2_each(map, each_leaf, model);
	for (; model->next < PAGES; model->next++)
		assert_int_equal(model->page[model->next], 0);
}

/* Pages are few, so that chunks become empty, and blocks can take the place of tables. */
static void random_step(struct stage2 *map, struct model *model)
{
	u32 chunk = random_below(CHUNKS);

	if (random_below(3) == 0)
		random_block(map, model, chunk);
	else
		random_page(map, model, chunk * 512 + random_below(2) * 511);
}

static void random_run(void)
{
	static const u64 limits[GUESTS] = {0x80000000, 0x200000000, 0x400200000};
	struct frame_count before = frames_count(), after;
	struct stage2 map[GUESTS];

	memset(models, 0, sizeof(models));
	for (u16 i = 0; i < GUESTS; i++) {
		assert_true(stage2_init(&map[i], i, limits[i]));
		/* a table a chunk and two of level 2 at the most, all promised */
		assert_true(frames_reserve(i, 0, CHUNKS + 2));
	}
	while (frames_take_page(100, FRAME_STATE, false).v)
		; /* and nothing else is there */
	for (unsigned step = 0; step < 30000; step++) {
		u32 i = random_below(GUESTS);

		random_step(&map[i], &models[i]);
		if (step % 3000 == 0)
			model_check(&map[i], &models[i]);
	}
	for (u16 i = 0; i < GUESTS; i++) {
		u64 root = i == 0 ? 0x2000 : i == 1 ? 0x8000 : 0x1000;
		u64 taken = (stage2_table_bytes(&map[i]) - root) / 0x1000, promised;

		model_check(&map[i], &models[i]);
		assert_int_equal(frames_held(i), stage2_table_bytes(&map[i]));
		stage2_destroy(&map[i]);
		assert_int_equal(frames_held(i), 0);
		promised = frames_count().reserved;
		frames_unreserve_rest(i);
		assert_int_equal(promised - frames_count().reserved,
				 (CHUNKS + 2 - taken) * PAGE_SIZE);
	}
	after = frames_count();
	assert_int_equal(after.by_use[FRAME_TABLE], before.by_use[FRAME_TABLE]);
	assert_int_equal(after.reserved, 0);
}

static void test_random(void **state)
{
	const char *seed = getenv("STAGE2_SEED");

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	print_message("STAGE2_SEED=%llu\n", (unsigned long long)random_state);
	for (unsigned run = 0; run < 4; run++) {
		start(0x400000);
		random_run();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),	      cmocka_unit_test(test_shapes_level1),
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_refused),	      cmocka_unit_test(test_order),
		cmocka_unit_test(test_spares),	      cmocka_unit_test(test_vmids),
		cmocka_unit_test(test_out_of_frames), cmocka_unit_test(test_out_of_frames_half_way),
		cmocka_unit_test(test_tables_needed), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
