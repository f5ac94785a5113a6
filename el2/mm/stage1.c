// SPDX-License-Identifier: Apache-2.0
/*
 * EL2's own map: one table tree, four levels, virtual equals physical (Arm ARM D8.3, the EL2
 * translation regime without VHE, where AP[1] is RES1 and XN is one bit). Built by the boot CPU
 * alone, the first part of it before the MMU is on: so there is no lock here (exclusive accesses
 * need not work with the MMU off), and the first tables come from .bss.
 *
 * Always true: no entry is both writable and executable; a valid entry is made invalid and flushed
 * before another takes its place; a block is only ever replaced by a table that maps the same.
 */
#include "mm/stage1.h"

#include "arch/mmu.h"
#include "lib/string.h"
#include "lib/types.h"
#include "mm/frames.h"
#include "mm/tables.h"

/* The tables of a machine before its frames are known: root, one each for the first 512 GiB, the
 * devices' GiB and RAM's, and some for the pages of image, trees, UART and interrupt controller. */
#define POOL_TABLES 10

#define ATTR_NORMAL (1ULL << 2) /* MAIR_EL2.Attr1, write-back; Attr0 is Device-nGnRE */
#define AP_RES1 BIT(6)
#define AP_READ_ONLY BIT(7)

#define NORMAL (ATTR_NORMAL | AP_RES1 | DESC_SH_INNER | DESC_AF)

/* The first is the root. */
static u64 pool[POOL_TABLES][TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE), section(".noinit")));
static unsigned pool_used;

static const u64 attributes_of[] = {
	[STAGE1_CODE] = NORMAL | AP_READ_ONLY,
	[STAGE1_CONST] = NORMAL | AP_READ_ONLY | DESC_XN,
	[STAGE1_DATA] = NORMAL | DESC_XN,
	[STAGE1_DEVICE] = AP_RES1 | DESC_AF | DESC_XN,
	[STAGE1_NONE] = 0,
};

/* A table of zeroes, NULL if there is no memory. The pool's may be needed with the MMU off: no DC ZVA
 * then. */
static u64 *new_table(void)
{
	pa_t page;

	if (pool_used < POOL_TABLES)
		return memset(pool[pool_used++], 0, PAGE_SIZE);
	page = frames_take_page(OWNER_EL2, FRAME_EL2, false);
	if (!page.v)
		return NULL;
	memory_zero(mmu_pointer(page), PAGE_SIZE);
	return mmu_pointer(page);
}

/* Puts `desc` in place of what stands there, break before make (Arm ARM, D8.14.1). */
static void replace(u64 *entry, u64 desc, u64 va)
{
	if (*entry == desc)
		return;
	if (*entry & DESC_VALID) {
		desc_write(entry, 0);
		mmu_publish();
		mmu_flush_el2(va);
	}
	desc_write(entry, desc);
}

/* The table below `entry`, which maps from `va` on at `level`: made empty if nothing is mapped,
 * mapping as before if a block is. NULL: no memory. */
static u64 *table_below(u64 *entry, unsigned level, u64 va)
{
	u64 step = BIT(table_shift(level + 1));
	u64 *table;

	if (desc_is_table(*entry, level))
		return desc_table(*entry);
	table = new_table();
	if (!table)
		return NULL;
	if (*entry & DESC_VALID) {
		u64 leaf = (*entry & ~(DESC_VALID | DESC_TYPE)) | desc_leaf(level + 1);

		for (unsigned i = 0; i < TABLE_ENTRIES; i++)
			table[i] = leaf + i * step;
	}
	mmu_publish(); /* no walk finds the link before what it leads to */
	replace(entry, mmu_address(table).v | DESC_VALID | DESC_TYPE, va);
	return table;
}

/* Fills the empty entries that [va, end) covers whole, up to the first that says otherwise. Most of a
 * map is made here: RAM around the image takes a thousand. Returns how far it came. */
static __attribute__((noinline)) u64 fill_empty(u64 *table, unsigned level, u64 va, u64 end,
						u64 attributes)
{
	u64 size = BIT(table_shift(level)), leaf = attributes | desc_leaf(level);
	u64 *entry = &table[(va >> table_shift(level)) % TABLE_ENTRIES];
	u64 desc = va | leaf, last = desc + ALIGN_DOWN(end - va, size);

	if (level == 0 || va % size)
		return va;
	for (; desc != last; desc += size, entry++)
		if (!(*entry & DESC_VALID))
			desc_write(entry, desc);
		else if (*entry != desc)
			break;
	return desc - leaf;
}

static bool is_leaf_size(u64 va, u64 size, unsigned level)
{
	return level > 0 && size == BIT(table_shift(level)) && va % size == 0;
}

/* Maps [va, end), which lies below one `table` of `level`. Recursion ends at level 3. */
static bool map_range(u64 *table, unsigned level, u64 va, u64 end, u64 attributes)
{
	u64 size = BIT(table_shift(level)), next;

	for (; va < end; va = next) {
		u64 *entry;

		if (attributes)
			va = fill_empty(table, level, va, end, attributes);
		if (va == end)
			break;
		entry = &table[(va >> table_shift(level)) % TABLE_ENTRIES];
		next = MIN(ALIGN_DOWN(va, size) + size, end);
		if (is_leaf_size(va, next - va, level) && !desc_is_table(*entry, level)) {
			replace(entry, attributes ? va | attributes | desc_leaf(level) : 0, va);
		} else if (attributes || (*entry & DESC_VALID)) {
			u64 *below = table_below(entry, level, ALIGN_DOWN(va, size));

			if (!below || !map_range(below, level + 1, va, next, attributes))
				return false;
		}
	}
	return true;
}

bool stage1_map(u64 base, u64 size, enum stage1_kind kind)
{
	u64 limit = BIT(MIN(mmu_pa_bits(), 48U)), attributes = attributes_of[kind];
	bool mapped;

	if (size > limit || base > limit - size)
		return false;
	if (kind == STAGE1_DEVICE) {
		size = ALIGN_UP(base + size, PAGE_SIZE) - ALIGN_DOWN(base, PAGE_SIZE);
		base = ALIGN_DOWN(base, PAGE_SIZE);
	}
	if ((base | size) % PAGE_SIZE)
		return false;
	if (!pool_used)
		(void)new_table();
	if (kind == STAGE1_CODE && mmu_guards_branches())
		attributes |= DESC_GP;
	mapped = map_range(pool[0], 0, base, base + size, attributes);
	mmu_publish();
	return mapped;
}

pa_t stage1_root(void)
{
	return mmu_address(pool[0]);
}

u64 stage1_lookup(u64 va)
{
	const u64 *table = pool[0];
	u64 desc = 0;

	if (va >= BIT(48))
		return 0;
	for (unsigned level = 0; level <= TABLE_LAST_LEVEL; level++) {
		desc = table[(va >> table_shift(level)) % TABLE_ENTRIES];
		if (!desc_is_table(desc, level))
			break;
		table = desc_table(desc);
	}
	return desc;
}
