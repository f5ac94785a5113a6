// SPDX-License-Identifier: Apache-2.0
/* Barriers (Arm ARM, B2.3.12). */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#include "lib/types.h"

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")
#define dmb(domain) __asm__ volatile("dmb " #domain ::: "memory")

/* Wakes every CPU that waits in WFE. */
#define sev() __asm__ volatile("sev" ::: "memory")

/*
 * `index`, known to be below `size` by a branch, but 0 where the CPU only guessed that branch: a guest
 * that trains it can't make EL2 read beyond an array, and then tell what was there from the cache
 * (Spectre variant 1). Arm's CSDB sequence.
 */
static inline u64 guarded(u64 index, u64 size)
{
	u64 mask;

	__asm__ volatile("cmp	%1, %2\n"
			 "	sbc	%0, xzr, xzr\n"
			 "	csdb"
			 : "=r"(mask)
			 : "r"(index), "r"(size)
			 : "cc");
	return index & mask;
}

#endif
