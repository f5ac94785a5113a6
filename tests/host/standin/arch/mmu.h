// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for arch/mmu.c in host tests. The machine's RAM is an arena: a stretch of the test's
 * memory that answers to physical addresses from mmu_arena_base on. Untouched arena costs nothing,
 * so it may be many GiB. Static objects of the program have their own address as physical one.
 *
 * TLB and cache maintenance is written down, in order, so that a test can hold it against what the
 * Arm ARM asks for; and a test may look at memory at that very moment through mmu_on_event.
 */
#ifndef STANDIN_ARCH_MMU_H
#define STANDIN_ARCH_MMU_H

#include "lib/types.h"
#include_next "arch/mmu.h"

enum mmu_event_kind {
	MMU_PUBLISH,
	MMU_FLUSH_IPA,
	MMU_FLUSH_GUEST,
	MMU_FLUSH_ALL_GUESTS,
	MMU_FLUSH_LOCAL,
	MMU_FLUSH_EL2,
	MMU_CACHE_CLEAN,
	MMU_CACHE_CLEAN_INVALIDATE,
	MMU_ICACHE,
	MMU_ENABLE,
	MMU_LOAD_GUEST,
};

struct mmu_event {
	enum mmu_event_kind kind;
	u64 vttbr;   /* of the flushes of guests, and of mmu_load_guest */
	u64 address; /* IPA, VA, physical start, root, VTCR */
	u64 bytes;   /* of cache maintenance */
};

#define MMU_EVENTS_MAX 4096
extern struct mmu_event mmu_events[MMU_EVENTS_MAX];	    /* the first ones since mmu_forget */
extern unsigned mmu_event_count;			    /* may exceed MMU_EVENTS_MAX */
extern void (*mmu_on_event)(const struct mmu_event *event); /* NULL: nobody listens */

/* How many events of `kind` were written down. */
unsigned mmu_count(enum mmu_event_kind kind);
void mmu_forget(void);

/* A new arena of zeroes for RAM [base, base + bytes); replaces the one before. */
void mmu_arena_new(u64 base, u64 bytes);
/* The same where every byte is `value`, as if somebody had used it before: costs only what was touched
 * of the one before, if that was as large. */
void mmu_arena_used(u64 base, u64 bytes, unsigned char value);
void mmu_arena_free(void);
extern u64 mmu_arena_base, mmu_arena_bytes;
/* How many bytes of the arena were ever touched, in host pages. */
u64 mmu_arena_touched(void);

/* What mmu_pa_bits() and mmu_vmid_bits() answer: 40 and 8 unless a test says otherwise. */
extern unsigned mmu_standin_pa_bits, mmu_standin_vmid_bits;
extern bool mmu_standin_guards;

#endif
