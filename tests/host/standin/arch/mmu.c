// SPDX-License-Identifier: Apache-2.0
/* See mmu.h beside this file. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/mmu.h"
#include "arch/pcpu.h"

struct mmu_event mmu_events[MMU_EVENTS_MAX];
unsigned mmu_event_count;
void (*mmu_on_event)(const struct mmu_event *event);
u64 mmu_arena_base, mmu_arena_bytes;
unsigned mmu_standin_pa_bits = 40, mmu_standin_vmid_bits = 8;

static unsigned char *arena;
static const unsigned char *used; /* the arena that mmu_arena_used made, if it still is the one */

/* The linker's: where the program with all its static objects lies. */
extern char __executable_start, end;

static void note(enum mmu_event_kind kind, u64 vttbr, u64 address, u64 bytes)
{
	struct mmu_event event = {kind, vttbr, address, bytes};

	if (mmu_event_count < MMU_EVENTS_MAX)
		mmu_events[mmu_event_count] = event;
	mmu_event_count++;
	if (mmu_on_event)
		mmu_on_event(&event);
}

unsigned mmu_count(enum mmu_event_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MIN(mmu_event_count, MMU_EVENTS_MAX); i++)
		count += mmu_events[i].kind == kind;
	return count;
}

void mmu_forget(void)
{
	mmu_event_count = 0;
	mmu_on_event = NULL;
}

void mmu_arena_free(void)
{
	if (arena)
		munmap(arena, mmu_arena_bytes);
	arena = NULL;
	used = NULL;
	mmu_arena_bytes = 0;
}

/* Aligned to 2 MiB like the physical address, and never backed by huge pages, which would make
 * untouched memory look touched. */
void mmu_arena_new(u64 base, u64 bytes)
{
	unsigned char *map;
	u64 skip;

	mmu_arena_free();
	map = mmap(NULL, bytes + CHUNK_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		perror("arena");
		abort();
	}
	skip = ALIGN_UP((u64)(uintptr_t)map, CHUNK_SIZE) - (u64)(uintptr_t)map;
	skip += base % CHUNK_SIZE;
	if (skip >= CHUNK_SIZE)
		skip -= CHUNK_SIZE;
	arena = map + skip;
	if (skip)
		munmap(map, skip);
	if (skip < CHUNK_SIZE)
		munmap(arena + bytes, CHUNK_SIZE - skip);
	madvise(arena, bytes, MADV_NOHUGEPAGE);
	mmu_arena_base = base;
	mmu_arena_bytes = bytes;
}

/* Every chunk is a private view of one chunk in a file: what is dropped of it is as the file again. */
void mmu_arena_used(u64 base, u64 bytes, unsigned char value)
{
	static u64 used_base, used_bytes;
	static int file = -1, used_value = -1;
	static unsigned char page[PAGE_SIZE];

	if (arena && used == arena && base == used_base && bytes == used_bytes &&
	    value == used_value) {
		madvise(arena, bytes, MADV_DONTNEED);
		return;
	}
	mmu_arena_new(base, bytes);
	if (value != used_value) {
		if (file >= 0)
			close(file);
		file = memfd_create("used", 0);
		memset(page, value, sizeof(page));
		for (u64 at = 0; at < CHUNK_SIZE; at += PAGE_SIZE)
			if (write(file, page, PAGE_SIZE) != PAGE_SIZE)
				abort();
	}
	for (u64 at = 0; at < bytes; at += CHUNK_SIZE)
		if (mmap(arena + at, MIN(bytes - at, CHUNK_SIZE), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0) == MAP_FAILED)
			abort();
	used = arena;
	used_base = base;
	used_bytes = bytes;
	used_value = value;
}

u64 mmu_arena_touched(void)
{
	size_t pages = mmu_arena_bytes / PAGE_SIZE;
	unsigned char *resident = calloc(pages, 1);
	u64 touched = 0;

	if (!resident || mincore(arena, mmu_arena_bytes, resident))
		abort();
	for (size_t i = 0; i < pages; i++)
		touched += resident[i] & 1;
	free(resident);
	return touched * PAGE_SIZE;
}

void *mmu_pointer(pa_t pa)
{
	if (pa.v >= mmu_arena_base && pa.v - mmu_arena_base < mmu_arena_bytes)
		return arena + (pa.v - mmu_arena_base);
	if (pa.v < (u64)(uintptr_t)&__executable_start || pa.v >= (u64)(uintptr_t)&end) {
		fprintf(stderr, "mmu_pointer: no RAM at %#llx\n", (unsigned long long)pa.v);
		abort();
	}
	return (void *)(uintptr_t)pa.v;
}

pa_t mmu_address(const void *pointer)
{
	const unsigned char *p = pointer;

	if (arena && p >= arena && p < arena + mmu_arena_bytes)
		return PA(mmu_arena_base + (u64)(p - arena));
	return PA((u64)(uintptr_t)p);
}

void mmu_publish(void)
{
	note(MMU_PUBLISH, 0, 0, 0);
}

static u32 flushes[64];

u32 mmu_flushes(u16 vmid)
{
	return flushes[vmid % 64];
}

void mmu_flush_ipa(u64 vttbr, ipa_t ipa)
{
	flushes[(vttbr >> 48) % 64]++;
	note(MMU_FLUSH_IPA, vttbr, ipa.v, 0);
}

void mmu_flush_guest(u64 vttbr)
{
	flushes[(vttbr >> 48) % 64]++;
	note(MMU_FLUSH_GUEST, vttbr, 0, 0);
}

void mmu_flush_all_guests(void)
{
	note(MMU_FLUSH_ALL_GUESTS, 0, 0, 0);
}

void mmu_flush_local(u64 vttbr)
{
	note(MMU_FLUSH_LOCAL, vttbr, 0, 0);
}

void mmu_flush_el2(u64 va)
{
	note(MMU_FLUSH_EL2, 0, va, 0);
}

void cache_clean(const void *start, size_t bytes)
{
	note(MMU_CACHE_CLEAN, 0, mmu_address(start).v, bytes);
}

void cache_clean_invalidate(const void *start, size_t bytes)
{
	note(MMU_CACHE_CLEAN_INVALIDATE, 0, mmu_address(start).v, bytes);
}

void icache_invalidate(void)
{
	note(MMU_ICACHE, 0, 0, 0);
}

void memory_zero(void *start, size_t bytes)
{
	if ((uintptr_t)start % 64 || bytes % 64) {
		fprintf(stderr, "memory_zero: not whole blocks of 64 bytes\n");
		abort();
	}
	memset(start, 0, bytes);
}

/* Zeroed and cleaned: that it was cleaned is written down. */
void memory_copy(void *restrict to, const void *restrict from, size_t bytes)
{
	memcpy(to, from, bytes);
}

void memory_scrub(void *start, size_t bytes)
{
	memory_zero(start, bytes);
	cache_clean(start, bytes);
}

unsigned mmu_pa_bits(void)
{
	return mmu_standin_pa_bits;
}

unsigned mmu_vmid_bits(void)
{
	return mmu_standin_vmid_bits;
}

static struct {
	u64 vttbr, vtcr;
} loaded[PCPUS_MAX];

void mmu_loaded_guest(u64 *vttbr, u64 *vtcr)
{
	*vttbr = loaded[this_pcpu()->id].vttbr;
	*vtcr = loaded[this_pcpu()->id].vtcr;
}

void mmu_load_guest(u64 vttbr, u64 vtcr)
{
	loaded[this_pcpu()->id].vttbr = vttbr;
	loaded[this_pcpu()->id].vtcr = vtcr;
	note(MMU_LOAD_GUEST, vttbr, vtcr, 0);
}

bool mmu_standin_guards;

bool mmu_guards_branches(void)
{
	return mmu_standin_guards;
}

void mmu_enable(pa_t root)
{
	note(MMU_ENABLE, 0, root.v, 0);
}

/* Bits of this CPU's addresses make PS; 40 of them, and the walk cacheable and inner shareable. */
u64 mmu_vtcr(unsigned ipa_bits, unsigned level)
{
	return 0x80023500 | (64 - ipa_bits) | (level == 1 ? 0x40 : 0);
}
