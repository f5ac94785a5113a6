// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's map. Runs at EL2; the guest's lock is held, and lock frames is taken below.
 *
 * Always true: an entry becomes valid only after what it leads to was written and published; an
 * entry that was valid is invalid, and flushed from all TLBs, before anything else stands there
 * (break before make, Arm ARM D8.14.1); so mapping where nothing was mapped needs no flush, as TLBs
 * hold no invalid entries. A VMID is given to the next guest only after it was flushed.
 *
 * Tables are not given back before the map goes, since the promise they were taken from is used up:
 * one that a block displaced is kept for the next need in a chain through their first words.
 */
#include "mm/stage2.h"

#include "arch/lock.h"
#include "arch/mmu.h"
#include "board/say.h"
#include "lib/checked.h"
#include "lib/types.h"
#include "mm/frames.h"
#include "mm/tables.h"

#define S2_READ (1ULL << 6)	  /* S2AP */
#define S2_READ_WRITE (3ULL << 6) /* S2AP */
#define S2_NORMAL (15ULL << 2)	  /* MemAttr: Normal, inner and outer write-back */
#define S2_DEVICE (1ULL << 2)	  /* MemAttr: Device-nGnRE */

#define LEVEL1_LIMIT (16 * GIB) /* what 16 concatenated tables of level 2 reach */
#define VMIDS_MAX 1024

/* VMID 0 is never given to a guest. */
static struct {
	struct lock lock;
	u64 used[VMIDS_MAX / 64]; /* by `lock` */
} vmids;

static const u64 attributes_of[] = {
	[STAGE2_MEMORY] = S2_NORMAL | S2_READ_WRITE | DESC_SH_INNER | DESC_AF,
	[STAGE2_SHARED] = S2_NORMAL | S2_READ_WRITE | DESC_SH_INNER | DESC_AF | DESC_XN,
	[STAGE2_ROM] = S2_NORMAL | S2_READ | DESC_SH_INNER | DESC_AF,
	[STAGE2_DEVICE] = S2_DEVICE | S2_READ_WRITE | DESC_AF | DESC_XN,
};

/* ---- VMIDs ---- */

/* The lowest that is free, 0 if there is none. */
static u16 vmid_take(void)
{
	unsigned limit = MIN(1U << mmu_vmid_bits(), VMIDS_MAX);
	u16 vmid = 0;

	lock_take(&vmids.lock);
	vmids.used[0] |= BIT(0);
	for (unsigned i = 0; i < limit / 64 && !vmid; i++) {
		if (vmids.used[i] != ~0ULL) {
			vmid = (u16)(i * 64 + (unsigned)__builtin_ctzll(~vmids.used[i]));
			vmids.used[i] |= BIT(vmid % 64);
		}
	}
	lock_drop(&vmids.lock);
	return vmid;
}

static void vmid_give(u16 vmid)
{
	lock_take(&vmids.lock);
	vmids.used[vmid / 64] &= ~BIT(vmid % 64);
	lock_drop(&vmids.lock);
}

/* ---- The shape of a map ---- */

static unsigned root_order(const struct stage2 *map)
{
	unsigned reach = table_shift(map->level) + 9; /* of one table */

	return map->ipa_bits > reach ? map->ipa_bits - reach : 0;
}

static unsigned root_entries(const struct stage2 *map)
{
	return (unsigned)TABLE_ENTRIES << root_order(map);
}

/* The smallest root that reaches `limit`. False: beyond 40 bits, or beyond this CPU's own. */
static bool choose_shape(struct stage2 *map, u64 limit)
{
	unsigned bits = 31;

	while (bits < 64 && limit > BIT(bits))
		bits++;
	if (bits > MIN(40U, mmu_pa_bits()))
		return false;
	map->level = limit > LEVEL1_LIMIT ? 1 : 2;
	/* one table of level 1 reaches 39 bits, as far as this CPU's addresses go */
	if (map->level == 1 && bits < 39)
		bits = MIN(39U, mmu_pa_bits());
	map->ipa_bits = (u8)bits;
	return true;
}

bool stage2_init(struct stage2 *map, u16 owner, u64 ipa_limit)
{
	*map = (struct stage2){.owner = owner};
	if (!choose_shape(map, ipa_limit))
		return false;
	map->vmid = vmid_take();
	if (!map->vmid)
		return false;
	map->root = frames_take_pages(owner, FRAME_TABLE, root_order(map));
	if (!map->root.v) {
		vmid_give(map->vmid);
		return false;
	}
	memory_zero(mmu_pointer(map->root), PAGE_SIZE << root_order(map));
	mmu_publish();
	map->tables = 1U << root_order(map);
	map->vttbr = map->root.v | (u64)map->vmid << 48;
	map->vtcr = mmu_vtcr(map->ipa_bits, map->level);
	return true;
}

/* ---- Tables ---- */

/* A table of zeroes, published: one displaced before, else promised, else free. NULL: none. */
static u64 *new_table(struct stage2 *map)
{
	pa_t page = map->spare;
	u64 *table;

	if (page.v) {
		map->spare = PA(*(u64 *)mmu_pointer(page));
	} else {
		page = frames_take_page(map->owner, FRAME_TABLE, true);
		if (!page.v)
			page = frames_take_page(map->owner, FRAME_TABLE, false);
		if (!page.v)
			return NULL;
		map->tables++;
	}
	table = mmu_pointer(page);
	memory_zero(table, PAGE_SIZE);
	mmu_publish();
	return table;
}

/* A valid entry becomes invalid: from now on a flush is due. */
static void unset(struct stage2 *map, u64 *entry, u64 desc)
{
	if (NOTED) {
		map->broke = true;
		map->flushes = mmu_flushes(map->vmid);
	}
	desc_write(entry, desc);
}

static bool is_flushed(const struct stage2 *map)
{
	return !map->broke || mmu_flushes(map->vmid) != map->flushes;
}

/* Takes a valid entry out, so that no CPU can use what it led to. */
static void break_entry(struct stage2 *map, u64 *entry, u64 ipa)
{
	unset(map, entry, 0);
	mmu_publish();
	mmu_flush_ipa(map->vttbr, IPA(ipa));
}

/* For the next need. */
static void keep_table(struct stage2 *map, u64 *table)
{
	*table = map->spare.v;
	map->spare = mmu_address(table);
}

/* Makes room for a block where a table stands. False: that table maps something. */
static bool displace_table(struct stage2 *map, u64 *entry, u64 ipa)
{
	u64 *table = desc_table(*entry);

	if (table_next(table, 0, TABLE_ENTRIES) < TABLE_ENTRIES)
		return false;
	break_entry(map, entry, ipa);
	keep_table(map, table);
	return true;
}

static bool in_reach(const struct stage2 *map, u64 ipa, u64 size)
{
	return (size == PAGE_SIZE || size == CHUNK_SIZE) && ipa % size == 0 &&
	       ipa < BIT(map->ipa_bits);
}

static unsigned leaf_level(u64 size)
{
	return size == CHUNK_SIZE ? 2 : 3;
}

/* The entry for `ipa` in `table` of `level`; at the walk's start the index runs on through all the
 * concatenated tables. */
static u64 *entry_of(const struct stage2 *map, u64 *table, unsigned level, u64 ipa)
{
	u64 entries = level == map->level ? root_entries(map) : TABLE_ENTRIES;

	return &table[(ipa >> table_shift(level)) & (entries - 1)];
}

/* Where the walk for `ipa` ends, at *level at the latest: a leaf, or an entry that is 0. */
static u64 *walk(const struct stage2 *map, u64 ipa, unsigned *level)
{
	unsigned at = map->level;
	u64 *entry = entry_of(map, mmu_pointer(map->root), at, ipa);

	while (at < *level && desc_is_table(*entry, at)) {
		at++;
		entry = entry_of(map, desc_table(*entry), at, ipa);
	}
	*level = at;
	return entry;
}

bool stage2_map(struct stage2 *map, ipa_t ipa, pa_t pa, u64 size, enum stage2_kind kind)
{
	unsigned level = leaf_level(size), at = level;
	u64 *entry;

	if (!in_reach(map, ipa.v, size) || pa.v % size || pa.v & ~DESC_ADDRESS)
		return false;
	entry = walk(map, ipa.v, &at);
	while (at < level) {
		u64 *table;

		if (*entry) /* a block */
			return false;
		table = new_table(map);
		if (!table)
			return false;
		desc_write(entry, mmu_address(table).v | DESC_VALID | DESC_TYPE);
		at++;
		entry = entry_of(map, table, at, ipa.v);
	}
	if (*entry && !(desc_is_table(*entry, at) && displace_table(map, entry, ipa.v)))
		return false;
	desc_write(entry, pa.v | attributes_of[kind] | desc_leaf(level));
	mmu_publish();
	return true;
}

bool stage2_unmap(struct stage2 *map, ipa_t ipa, u64 size, pa_t *pa)
{
	unsigned level = leaf_level(size), at = level;
	u64 *entry;

	if (!in_reach(map, ipa.v, size))
		return false;
	entry = walk(map, ipa.v, &at);
	if (at != level || !*entry || desc_is_table(*entry, at))
		return false;
	*pa = PA(*entry & DESC_ADDRESS);
	break_entry(map, entry, ipa.v);
	return true;
}

/* The pages are flushed with all else: TLBs may hold any of them, and none may meet the block there. */
void stage2_complete(struct stage2 *map, ipa_t ipa, pa_t chunk,
		     void (*fill)(void *arg, void *start, size_t bytes), void *arg,
		     enum stage2_kind kind)
{
	unsigned at = 2, next;
	u64 *entry = walk(map, ipa.v, &at), *table = desc_table(*entry);

	for (unsigned i = 0; i < TABLE_ENTRIES; i = next + 1) {
		next = table_next(table, i, TABLE_ENTRIES);
		if (next > i)
			fill(arg, mmu_pointer(PA(chunk.v + i * PAGE_SIZE)), (next - i) * PAGE_SIZE);
	}
	unset(map, entry, 0);
	mmu_publish();
	mmu_flush_guest(map->vttbr);
	desc_write(entry, chunk.v | attributes_of[kind] | desc_leaf(2));
	mmu_publish();
	keep_table(map, table);
}

bool stage2_lookup(const struct stage2 *map, ipa_t ipa, pa_t *pa)
{
	unsigned at = TABLE_LAST_LEVEL;
	u64 entry;

	if (ipa.v >= BIT(map->ipa_bits))
		return false;
	entry = *walk(map, ipa.v, &at);
	if (!(entry & DESC_VALID))
		return false;
	*pa = PA((entry & DESC_ADDRESS) | (ipa.v & (BIT(table_shift(at)) - 1)));
	return true;
}

/* ---- The whole map ---- */

struct visit {
	void (*leaf)(void *arg, ipa_t ipa, pa_t pa, u64 size);
	void *arg;
};

/* Recursion ends at level 3. */
static void each_in(const u64 *table, unsigned entries, unsigned level, u64 ipa,
		    const struct visit *visit)
{
	u64 size = BIT(table_shift(level));

	for (unsigned i = table_next(table, 0, entries); i < entries;
	     i = table_next(table, i + 1, entries)) {
		u64 desc = table[i];

		if (desc_is_table(desc, level))
			each_in(desc_table(desc), TABLE_ENTRIES, level + 1, ipa + i * size, visit);
		else
			visit->leaf(visit->arg, IPA(ipa + i * size), PA(desc & DESC_ADDRESS), size);
	}
}

void stage2_each(const struct stage2 *map, void (*leaf)(void *arg, ipa_t ipa, pa_t pa, u64 size),
		 void *arg)
{
	struct visit visit = {leaf, arg};

	each_in(mmu_pointer(map->root), root_entries(map), map->level, 0, &visit);
}

/* Gives back all tables below `table`. The valid bits of the root's own entries are gone. */
static void give_below(const struct stage2 *map, const u64 *table, unsigned entries, unsigned level)
{
	if (level == TABLE_LAST_LEVEL)
		return;
	for (unsigned i = table_next(table, 0, entries); i < entries;
	     i = table_next(table, i + 1, entries)) {
		pa_t below = PA(table[i] & DESC_ADDRESS);

		if (!(table[i] & DESC_TYPE))
			continue;
		give_below(map, mmu_pointer(below), TABLE_ENTRIES, level + 1);
		frames_give_page(map->owner, below);
	}
}

/* A CPU that ran this guest last may still have its VTTBR_EL2 and walk ahead of need: so the root
 * is emptied before the flush, and nothing is given back before that. An entry without its valid
 * bit is nothing to the walk, and still tells us where the table is. */
void stage2_empty(struct stage2 *map)
{
	unsigned entries = root_entries(map);
	u64 *root = mmu_pointer(map->root);

	for (unsigned i = table_next(root, 0, entries); i < entries;
	     i = table_next(root, i + 1, entries))
		unset(map, &root[i], root[i] & ~DESC_VALID);
	mmu_publish();
	mmu_flush_guest(map->vttbr);
	if (CHECKED && !is_flushed(map))
		panic("stage2: VMID %u is done with, and TLBs hold its entries", map->vmid);
	give_below(map, root, entries, map->level);
	memory_zero(root, PAGE_SIZE << root_order(map));
	while (map->spare.v) {
		pa_t page = map->spare;

		map->spare = PA(*(u64 *)mmu_pointer(page));
		frames_give_page(map->owner, page);
	}
	map->tables = 1U << root_order(map);
}

void stage2_destroy(struct stage2 *map)
{
	stage2_empty(map);
	frames_give_pages(map->owner, map->root, root_order(map));
	vmid_give(map->vmid);
	*map = (struct stage2){0};
}

u64 stage2_table_bytes(const struct stage2 *map)
{
	return map->tables * PAGE_SIZE;
}

/* How many aligned pieces of 2^shift bytes [base, end) touches; base < end. */
static u64 pieces(u64 base, u64 end, unsigned shift)
{
	return ((end - 1) >> shift) - (base >> shift) + 1;
}

u64 stage2_tables_needed(u64 ipa, u64 size)
{
	u64 end = ipa + size, tables = 0;
	bool head = ipa % CHUNK_SIZE != 0, tail = end % CHUNK_SIZE != 0;

	if (!size || end < ipa)
		return 0;
	/* level 3, for what no block fits */
	if (head || tail)
		tables = head && tail && pieces(ipa, end, 21) > 1 ? 2 : 1;
	/* level 2, below a root of level 1 */
	if (end > LEVEL1_LIMIT)
		tables += pieces(ipa, end, 30);
	return tables;
}

/* ---- The check ---- */

/* What the walk has met so far. */
struct audit {
	const struct stage2 *map;
	const struct stage2_visit *visit;
	struct finding *finding;
	u32 tables;
};

/* A frame that is to be a table of this map. */
static bool audit_table(struct audit *audit, u64 pa)
{
	enum frame_use use;
	u16 owner = frames_owner(PA(pa), &use);

	if (owner != audit->map->owner || use != FRAME_TABLE)
		return found(audit->finding,
			     "guest %u: a stage-2 table at %lx has owner %u, use %u: expected %u",
			     audit->map->owner, pa, owner, use, FRAME_TABLE);
	audit->tables++;
	return audit->visit->table(audit->visit->arg, PA(pa));
}

/* One entry that is not 0, of `level`. Bits as VMSAv8-64 has them (Arm ARM, D8.3). */
static bool audit_entries(struct audit *audit, u64 table, unsigned entries, unsigned level,
			  u64 base);

static bool audit_entry(struct audit *audit, u64 desc, unsigned level, u64 ipa)
{
	u64 address = desc & 0xfffffffff000, size = 1ULL << (39 - 9 * level);

	if (!(desc & 1))
		return found(audit->finding,
			     "guest %u: the entry for %lx is %lx: expected 0 or valid",
			     audit->map->owner, ipa, desc);
	if (level < 3 && (desc & 2))
		return audit_table(audit, address) &&
		       audit_entries(audit, address, 512, level + 1, ipa);
	if (level < 2 || (level == 3 && !(desc & 2)) || address % size ||
	    ipa >> audit->map->ipa_bits)
		return found(audit->finding, "guest %u: the entry for %lx at level %u is %lx",
			     audit->map->owner, ipa, level, desc);
	return audit->visit->leaf(audit->visit->arg, IPA(ipa), desc, size);
}

/* Recursion ends at level 3. */
static bool audit_entries(struct audit *audit, u64 table, unsigned entries, unsigned level,
			  u64 base)
{
	const u64 *entry = mmu_pointer(PA(table));

	for (unsigned i = table_next(entry, 0, entries); i < entries;
	     i = table_next(entry, i + 1, entries))
		if (!audit_entry(audit, entry[i], level, base + ((u64)i << (39 - 9 * level))))
			return false;
	return true;
}

bool stage2_check(const struct stage2 *map, const struct stage2_visit *visit,
		  struct finding *finding)
{
	struct audit audit = {map, visit, finding, 0};
	unsigned bits = 64 - (unsigned)FIELD(map->vtcr, 5, 0); /* T0SZ */
	unsigned level = 2 - (unsigned)FIELD(map->vtcr, 7, 6); /* SL0, 4 KiB granule */
	u64 root = map->vttbr & 0xfffffffff000, entries = 1ULL << (bits - (39 - 9 * level));

	if (map->vttbr >> 48 != map->vmid || root != map->root.v || bits != map->ipa_bits ||
	    !map->vmid || root % MAX(entries * 8, 4096ULL))
		return found(finding,
			     "guest %u: VTTBR_EL2 %lx and VTCR_EL2 %lx: expected VMID %u, root %lx",
			     map->owner, map->vttbr, map->vtcr, map->vmid, map->root.v);
	if (NOTED && !is_flushed(map))
		return found(finding, "guest %u: no flush of VMID %u since an entry was taken out",
			     map->owner, map->vmid);
	entries = MAX(entries, 512ULL);
	for (u64 at = 0; at < entries * 8; at += 4096)
		if (!audit_table(&audit, root + at))
			return false;
	if (!audit_entries(&audit, root, (unsigned)entries, level, 0))
		return false;
	for (pa_t spare = map->spare; spare.v; spare = PA(*(const u64 *)mmu_pointer(spare)))
		if (audit.tables > map->tables || !audit_table(&audit, spare.v))
			return found(finding, "guest %u: its spare tables are none of its own",
				     map->owner);
	return audit.tables == map->tables || found(finding, "guest %u: %u tables, counted are %u",
						    map->owner, audit.tables, map->tables);
}
