// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's map (stage 2, Arm ARM D8): from its physical addresses to frames it owns. Tables are
 * charged to the guest. The root is two or more concatenated level 2 tables where the guest's map
 * ends below 16 GiB (2 tables reach 2 GiB, enough for 1 GiB of memory), a level 1 table beyond, so
 * that a small guest pays 8 KiB.
 */
#ifndef MM_STAGE2_H
#define MM_STAGE2_H

#include "lib/finding.h"
#include "lib/types.h"

enum stage2_kind {
	STAGE2_MEMORY, /* Normal write-back, read, write, execute */
	STAGE2_SHARED, /* Normal write-back, read, write, never execute */
	STAGE2_ROM,    /* Normal write-back, read, execute: a write is a permission fault */
	STAGE2_DEVICE, /* Device-nGnRE, read, write, never execute */
};

struct stage2 {
	pa_t root;
	u64 vttbr; /* VTTBR_EL2: root and VMID */
	u64 vtcr;  /* VTCR_EL2 */
	u16 owner; /* who is charged for tables */
	u16 vmid;
	u8 ipa_bits; /* 31 .. 40 */
	u8 level;    /* at which the walk starts: 1 or 2 */
	bool broke;  /* for checks: a valid entry was taken out when `flushes` was … */
	u32 flushes; /* … what mmu_flushes() said */
	u32 tables;  /* frames held for tables, root and spare ones with it */
	pa_t spare;  /* chain of tables that blocks displaced; kept until the map goes */
};

/*
 * An empty map that reaches up to `ipa_limit` (exclusive, at most 2^40 and what the CPU's physical
 * addresses can be). The root is taken from unpromised memory: 1 to 16 frames. Takes locks vmids
 * and frames. False: no frame or VMID left (255 guests where VMIDs have 8 bits), or beyond reach.
 */
bool stage2_init(struct stage2 *map, u16 owner, u64 ipa_limit) MUST_CHECK;

/* Unmaps everything, gives the tables below the root back and flushes TLBs / gives root and VMID back, too. Frames mapped
 * stay with their owner. No vCPU of the guest runs, or will before all is mapped anew; its VTTBR_EL2 may still be
 * loaded on a CPU that runs nobody. */
void stage2_empty(struct stage2 *map);
void stage2_destroy(struct stage2 *map);

/*
 * Maps one 4 KiB page or one 2 MiB block (size is PAGE_SIZE or CHUNK_SIZE, both addresses aligned).
 * Nothing may be mapped there yet. The caller holds the guest's lock. False, and nothing changed
 * for the guest: out of table memory, something is mapped there, or not aligned or within reach.
 *
 * A table that is needed is taken from the frames promised to the owner (frames_reserve) while
 * there are any, then from what is free. So a guest that was promised stage2_tables_needed() for
 * each range, besides the frames of memory it takes singly, can never fail here on first touch.
 */
bool stage2_map(struct stage2 *map, ipa_t ipa, pa_t pa, u64 size, enum stage2_kind kind) MUST_CHECK;

/* Takes the page or block at `ipa` out and flushes TLBs; *pa is what it mapped. False: nothing is
 * mapped there in that size (a part of a block can't be taken out). The caller holds the guest's
 * lock. The table that held a page stays for the next one. */
bool stage2_unmap(struct stage2 *map, ipa_t ipa, u64 size, pa_t *pa);

/*
 * One block in place of the pages that are mapped, at least one, in the 2 MiB at `ipa`, where they are
 * in `chunk`, with `kind`; `fill` is called before for each stretch of it that was not mapped. The
 * caller holds the guest's lock; vCPUs may run, and fault meanwhile. The pages' table stays for the
 * next one.
 */
void stage2_complete(struct stage2 *map, ipa_t ipa, pa_t chunk,
		     void (*fill)(void *arg, void *start, size_t bytes), void *arg,
		     enum stage2_kind kind);

/* Where `ipa` leads: true and the exact physical address if mapped. A software walk. */
bool stage2_lookup(const struct stage2 *map, ipa_t ipa, pa_t *pa);

/* Calls `leaf` for each mapped page or block, ascending; for teardown and for the oracle. */
void stage2_each(const struct stage2 *map, void (*leaf)(void *arg, ipa_t ipa, pa_t pa, u64 size),
		 void *arg);

/*
 * For checked builds and tests, each independent of how the map was made:
 *
 * stage2_check: whether a walk by VTTBR_EL2 and VTCR_EL2 meets nothing but tables in frames that are the
 * owner's (FRAME_TABLE), as many as are counted, and valid leaves with an address within reach; and
 * whether TLBs were flushed since a valid entry last changed. Calls `leaf` for each, with the whole
 * descriptor, and `table` for each frame of a table. False: the finding, or `leaf` or `table` said so.
 */
struct stage2_visit {
	bool (*leaf)(void *arg, ipa_t ipa, u64 desc, u64 size);
	bool (*table)(void *arg, pa_t pa);
	void *arg;
};
bool stage2_check(const struct stage2 *map, const struct stage2_visit *visit,
		  struct finding *finding) MUST_CHECK;

/* Bytes of tables this map uses. */
u64 stage2_table_bytes(const struct stage2 *map);

/*
 * The most tables, beside the root, that mapping [ipa, ipa+size) can need if blocks are used
 * wherever a whole one fits and pages only for the rest, for frames_reserve. A range that ends above
 * 16 GiB is taken to belong to a map with a level 1 root: one more table each GiB. 0 if size is 0
 * or the range wraps around.
 */
u64 stage2_tables_needed(u64 ipa, u64 size);

#endif
