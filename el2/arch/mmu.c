// SPDX-License-Identifier: Apache-2.0
/*
 * Translation, TLBs and caches (Arm ARM, D7.5, D8). Runs at EL2; mmu_enable and the barriers also
 * before the MMU is on.
 */
#include "arch/mmu.h"

#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/sysreg.h"
#include "lib/checked.h"
#include "lib/string.h"

/* MAIR_EL2: 0 Device-nGnRE, 1 Normal write-back, read and write allocate */
#define MAIR_VALUE 0xff04

/* TCR_EL2: 48-bit VA, 4 KiB granule, walks inner shareable and write-back; RES1 bits 31 and 23 */
#define TCR_VALUE (BIT(31) | BIT(23) | 3u << 12 | 1u << 10 | 1u << 8 | 16)
#define TCR_PS_SHIFT 16

/* SCTLR_EL2: RES1 bits; M, C, SA, I, WXN */
#define SCTLR_VALUE (0x30c50830 | BIT(0) | BIT(2) | BIT(3) | BIT(12) | BIT(19))

/* VTCR_EL2: RES1 bit 31; walks inner shareable, write-back */
#define VTCR_VALUE (BIT(31) | 3u << 12 | 1u << 10 | 1u << 8)
#define VTCR_PS_SHIFT 16
#define VTCR_SL0_SHIFT 6
#define VTCR_VS BIT(19)

static u64 pa_range(void)
{
	return MIN(FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0), 5u); /* 48 bits: no LPA here */
}

unsigned mmu_pa_bits(void)
{
	static const u8 bits[] = {32, 36, 40, 42, 44, 48};

	return bits[pa_range()];
}

unsigned mmu_vmid_bits(void)
{
	return FIELD(read_sysreg(id_aa64mmfr1_el1), 7, 4) == 2 ? 16 : 8;
}

void *mmu_pointer(pa_t pa)
{
	return (void *)pa.v;
}

pa_t mmu_address(const void *pointer)
{
	return PA((u64)pointer);
}

void mmu_publish(void)
{
	dsb(ishst);
	isb();
}

u64 mmu_vtcr(unsigned ipa_bits, unsigned level)
{
	u64 vtcr = VTCR_VALUE | pa_range() << VTCR_PS_SHIFT | (64u - ipa_bits);

	if (mmu_vmid_bits() == 16)
		vtcr |= VTCR_VS;
	return vtcr | (level == 1 ? 1u : 0u) << VTCR_SL0_SHIFT;
}

void mmu_load_guest(u64 vttbr, u64 vtcr)
{
	write_sysreg(vttbr_el2, vttbr);
	write_sysreg(vtcr_el2, vtcr);
}

void mmu_loaded_guest(u64 *vttbr, u64 *vtcr)
{
	*vttbr = read_sysreg(vttbr_el2);
	*vtcr = read_sysreg(vtcr_el2);
}

static u32 flushes[64]; /* by the VMID's low bits; atomic; checked builds only */

u32 mmu_flushes(u16 vmid)
{
	return READ_ONCE(flushes[vmid % ARRAY_SIZE(flushes)]);
}

static void count_flush(u64 vttbr)
{
	if (CHECKED)
		(void)__atomic_add_fetch(&flushes[(vttbr >> 48) % ARRAY_SIZE(flushes)], 1,
					 __ATOMIC_RELAXED);
}

/* Stage-2 invalidation works on the VMID in VTTBR_EL2. */
static u64 enter_vmid(u64 vttbr)
{
	u64 old = read_sysreg(vttbr_el2);

	dsb(ish);
	if (old != vttbr)
		write_sysreg(vttbr_el2, vttbr);
	isb(); /* also where it stands there already: a world switch may just have written it */
	return old;
}

static void leave_vmid(u64 old)
{
	dsb(ish);
	write_sysreg(vttbr_el2, old);
	isb();
}

void mmu_flush_ipa(u64 vttbr, ipa_t ipa)
{
	u64 old = enter_vmid(vttbr);

	__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(ipa.v >> 12) : "memory");
	dsb(ish);
	__asm__ volatile("tlbi vmalle1is" ::: "memory"); /* combined stage 1 and 2 entries */
	leave_vmid(old);
	count_flush(vttbr);
}

void mmu_flush_guest(u64 vttbr)
{
	u64 old = enter_vmid(vttbr);

	__asm__ volatile("tlbi vmalls12e1is" ::: "memory");
	leave_vmid(old);
	count_flush(vttbr);
}

void mmu_flush_all_guests(void)
{
	dsb(ish);
	__asm__ volatile("tlbi alle1is" ::: "memory");
	dsb(ish);
	isb();
}

void mmu_flush_local(u64 vttbr)
{
	u64 old = enter_vmid(vttbr);

	__asm__ volatile("tlbi vmalle1" ::: "memory");
	leave_vmid(old);
}

void mmu_flush_el2(u64 va)
{
	dsb(ish);
	__asm__ volatile("tlbi vae2is, %0" : : "r"(FIELD(va, 55, 12)) : "memory");
	dsb(ish);
	isb();
}

bool mmu_guards_branches(void)
{
	return FIELD(read_sysreg(id_aa64pfr1_el1), 3, 0);
}

void mmu_enable(pa_t root)
{
	write_sysreg(mair_el2, MAIR_VALUE);
	write_sysreg(tcr_el2, TCR_VALUE | pa_range() << TCR_PS_SHIFT);
	write_sysreg(ttbr0_el2, root.v);
	dsb(sy);
	isb();
	__asm__ volatile("tlbi alle2\n\ttlbi alle1\n\tic iallu" ::: "memory");
	dsb(sy);
	isb();
	write_sysreg(sctlr_el2, SCTLR_VALUE);
	isb();
}

static size_t cache_line(void)
{
	return 4ULL << FIELD(read_sysreg(ctr_el0), 19, 16);
}

void cache_clean(const void *start, size_t bytes)
{
	size_t line = cache_line();
	u64 end = (u64)start + bytes;

	for (u64 p = ALIGN_DOWN((u64)start, line); p < end; p += line)
		__asm__ volatile("dc cvac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

void cache_clean_invalidate(const void *start, size_t bytes)
{
	size_t line = cache_line();
	u64 end = (u64)start + bytes;

	for (u64 p = ALIGN_DOWN((u64)start, line); p < end; p += line)
		__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

void icache_invalidate(void)
{
	dsb(ish);
	__asm__ volatile("ic ialluis" ::: "memory");
	dsb(ish);
	isb();
}

/* Bytes that one DC ZVA zeroes; 0 if it is not to be used. */
static size_t zero_block(void)
{
	u64 dczid = read_sysreg(dczid_el0);

	return dczid & BIT(4) ? 0 : 4ULL << FIELD(dczid, 3, 0);
}

void memory_zero(void *start, size_t bytes)
{
	size_t block = zero_block();
	u64 p = (u64)start, end = p + bytes;

	if (block && p % block == 0)
		for (; end - p >= block; p += block)
			__asm__ volatile("dc zva, %0" : : "r"(p) : "memory");
	for (; p < end; p += 16)
		__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(p) : "memory");
}

/* Two megabytes are 32768 lines, and a guest's first touch waits for them: sixteen lines a turn, each
 * cleaned while it is at hand. A page is four turns: no remainder. */
void memory_scrub(void *start, size_t bytes)
{
	u64 p = (u64)start, end = p + bytes;

	if (zero_block() != 64 || cache_line() != 64) {
		memory_zero(start, bytes);
		cache_clean_invalidate(start, bytes);
		return;
	}
	while (p < end)
		__asm__ volatile(".rept 16\n\t"
				 "dc zva, %0\n\t"
				 "dc civac, %0\n\t"
				 "add %0, %0, #64\n\t"
				 ".endr"
				 : "+r"(p)
				 :
				 : "memory");
	dsb(sy);
}

void memory_copy(void *restrict to, const void *restrict from, size_t bytes)
{
	u64 a, b, c, d, e, f, g, h;

	for (; bytes >= 64; bytes -= 64)
		__asm__ volatile("ldp %0, %1, [%9], #64\n\t"
				 "ldp %2, %3, [%9, #-48]\n\t"
				 "ldp %4, %5, [%9, #-32]\n\t"
				 "ldp %6, %7, [%9, #-16]\n\t"
				 "stp %0, %1, [%8], #64\n\t"
				 "stp %2, %3, [%8, #-48]\n\t"
				 "stp %4, %5, [%8, #-32]\n\t"
				 "stp %6, %7, [%8, #-16]"
				 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f),
				   "=&r"(g), "=&r"(h), "+r"(to), "+r"(from)
				 :
				 : "memory");
	memcpy(to, from, bytes);
}
