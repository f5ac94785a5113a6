// SPDX-License-Identifier: Apache-2.0
/*
 * What the tables of both stages have in common: VMSAv8-64 with the 4 KiB granule (Arm ARM, D8.3).
 * 512 descriptors a table, 9 bits of address a level, level 3 maps pages. Used at EL2 by
 * mm/stage1.c and mm/stage2.c and by nobody else.
 */
#ifndef MM_TABLES_H
#define MM_TABLES_H

#include "arch/mmu.h"
#include "lib/types.h"

#define TABLE_ENTRIES 512
#define TABLE_LAST_LEVEL 3

#define DESC_VALID BIT(0)
#define DESC_TYPE BIT(1) /* levels 0 to 2: a table, not a block; level 3: must be set */
#define DESC_ADDRESS BITS(47, 12)
#define DESC_AF BIT(10)
#define DESC_SH_INNER (3ULL << 8)
#define DESC_XN BIT(54)
#define DESC_GP BIT(50) /* EL2 stage 1 with FEAT_BTI: a guarded page */

/* Bits of the address below those that an entry of `level` resolves: 39, 30, 21, 12. */
static inline unsigned table_shift(unsigned level)
{
	return 39 - 9 * level;
}

static inline bool desc_is_table(u64 desc, unsigned level)
{
	return level < TABLE_LAST_LEVEL && (desc & (DESC_VALID | DESC_TYPE)) == 3;
}

/* Type bits of a leaf: a block is 0b01, a page 0b11. */
static inline u64 desc_leaf(unsigned level)
{
	return level == TABLE_LAST_LEVEL ? DESC_VALID | DESC_TYPE : DESC_VALID;
}

static inline u64 *desc_table(u64 desc)
{
	return mmu_pointer(PA(desc & DESC_ADDRESS));
}

/* One store of 64 bits: a table walk on another CPU sees the old descriptor or the new one. */
static inline void desc_write(u64 *entry, u64 desc)
{
	WRITE_ONCE(*entry, desc);
}

/* The first entry from `i` up that is not 0, `count` if there is none; empty entries, which are
 * most, go by in eights. `count` is a multiple of 8. */
static inline unsigned table_next(const u64 *table, unsigned i, unsigned count)
{
	while (i < count && !table[i]) {
		const u64 *e = &table[i];

		if (i % 8 == 0 && !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]))
			i += 8;
		else
			i++;
	}
	return i;
}

#endif
