// SPDX-License-Identifier: Apache-2.0
/*
 * Translation maintenance for mm/: barriers, TLBs and caches (Arm ARM, D8 and D7.5), and how EL2
 * reaches physical memory. EL2's map of RAM is the identity, so a pa_t becomes a pointer at no cost.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "lib/types.h"

/* Where EL2 reads and writes RAM at `pa`. Only for RAM that mm/stage1.c maps. */
void *mmu_pointer(pa_t pa);
pa_t mmu_address(const void *pointer);

/* Page-table writes before are seen by every table walk after (DSB ISHST; ISB on this pCPU). */
void mmu_publish(void);

/* Stage 2: drop what TLBs of all CPUs hold for one page or block of `ipa` / all of this VMID.
 * `vttbr` is the guest's VTTBR_EL2 value; the one loaded now is restored. Includes DSB and ISB. */
void mmu_flush_ipa(u64 vttbr, ipa_t ipa);
void mmu_flush_guest(u64 vttbr);
void mmu_flush_all_guests(void); /* all VMIDs, all CPUs */
void mmu_flush_local(u64 vttbr); /* all of this VMID, this pCPU only */

/* Stage 1 of EL2. */
void mmu_flush_el2(u64 va);

/* Data cache by address to the point of coherency; instruction cache, all CPUs. */
void cache_clean(const void *start, size_t bytes);
void cache_clean_invalidate(const void *start, size_t bytes);
void icache_invalidate(void);

/* Zeroes whole, 64-byte aligned bytes with DC ZVA where that is allowed. */
void memory_zero(void *start, size_t bytes);

/*
 * The same, and cleaned to the point of coherency, so that a guest that runs with its caches off
 * does not find behind the zeroes what the frame held before. (With FEAT_S2FWB stage 2 makes all of
 * a guest's accesses cacheable, and cleaning is left out.)
 */
void memory_scrub(void *start, size_t bytes);

/* memcpy for much, of any alignment: what a bundle holds is aligned to 4 only. The MMU must be on, both ends in
 * memory. */
void memory_copy(void *restrict to, const void *restrict from, size_t bytes);

/* Which guest's stage 2 the next ERET runs under: VTTBR_EL2 and VTCR_EL2. */
void mmu_load_guest(u64 vttbr, u64 vtcr);

/* What of it is loaded here, and how many flushes there were of a VMID (or one that shares its low six bits)
 * by mmu_flush_ipa and mmu_flush_guest: in checked builds, and on the host. */
void mmu_loaded_guest(u64 *vttbr, u64 *vtcr);
u32 mmu_flushes(u16 vmid);

/* ID_AA64MMFR0_EL1.PARange as a number of bits (32 .. 52), and whether VMIDs have 16 bits. */
unsigned mmu_pa_bits(void);
unsigned mmu_vmid_bits(void);

/* FEAT_BTI: from pages of EL2's that are marked so, an indirect branch goes to a BTI or traps. */
bool mmu_guards_branches(void);

/* Turns this pCPU's stage 1 on with `root` (MMU, caches, W^X enforced by SCTLR_EL2.WXN). */
void mmu_enable(pa_t root);

/* VTCR_EL2 value for stage 2 of `ipa_bits` starting at `level` (1 or 2). */
u64 mmu_vtcr(unsigned ipa_bits, unsigned level);

#endif
