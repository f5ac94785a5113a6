// SPDX-License-Identifier: Apache-2.0
/*
 * EL2's own map (stage 1, VMSAv8-64, 4 KiB granule, 48-bit, Arm ARM D8). Virtual equals physical.
 * W^X: the image's code is read-only and executable, its constants read-only, everything else
 * never executable. Below each stack lies a page that is not mapped.
 */
#ifndef MM_STAGE1_H
#define MM_STAGE1_H

#include "lib/types.h"

enum stage1_kind { STAGE1_CODE, STAGE1_CONST, STAGE1_DATA, STAGE1_DEVICE, STAGE1_NONE };

/*
 * Maps [base, base + size) by identity, page-aligned outwards for devices, in the largest blocks
 * that fit; overrides what was mapped there (break before make). Boot CPU only, before guests
 * start. False: out of page-table memory.
 */
bool stage1_map(u64 base, u64 size, enum stage1_kind kind) MUST_CHECK;

/* Root table, for mmu_enable(). */
pa_t stage1_root(void);

/* The leaf descriptor that maps `va`, 0 if none. For tests and reports. */
u64 stage1_lookup(u64 va);

#endif
