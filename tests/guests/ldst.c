// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: loads and stores that leave no valid syndrome (ESR_ELx.ISV = 0: write-back, pairs,
 * SIMD registers) or an odd one (sign extension) on an emulated device, the distributor, against
 * what plain ones do. Registers, and the base register written back, must come out the same.
 * Arm ARM D17.2.37, ISS of a data abort: ISV is 0 for pairs and write-back.
 *
 * The registers: GICD_IPRIORITYR of SPIs 64..79, plain bytes that read as written, four a word.
 */
#include "rt.h"

#define GICD_IPRIORITYR 0x400

static u64 base; /* IPRIORITYR16, INTID 64 */
static u32 failed;

static void check(const char *name, bool right)
{
	print("%s %s\n", right ? "PASS" : "FAIL", name);
	failed += !right;
}

/* Words 0..3 to values with the top bit set in places, bits that any GIC implements. */
static void fill(void)
{
	static const u32 v[4] = {0x10a0c0e0, 0x9020b040, 0x806070d0, 0xf03050a0};
	u32 i;

	for (i = 0; i < 4; i++)
		store32(base + 4 * i, v[i]);
}

static u32 plain(u32 i)
{
	return load32(base + 4 * i);
}

/* insn works on x2 = address, and leaves what it loaded in x0 and x1. */
#define LOAD(insn, at, want0, want1, moved)                                               \
	do {                                                                              \
		register u64 r0 __asm__("x0") = 0x5555555555555555;                       \
		register u64 r1 __asm__("x1") = 0x5555555555555555;                       \
		register u64 r2 __asm__("x2") = (at);                                     \
		register u64 r3 __asm__("x3") = 4;                                        \
		__asm__ volatile(".arch_extension fp\n" insn                              \
				 : "+r"(r0), "+r"(r1), "+r"(r2)                           \
				 : "r"(r3)                                                \
				 : "v0", "memory");                                       \
		check(insn, r0 == (want0) && r1 == (want1) && r2 == (at) + (u64)(moved)); \
	} while (0)

/* The same for stores of w0 = v0 and w1 = v1; words first and first + 1 must then read them. */
#define STORE(insn, at, v0, v1, first, moved)                                               \
	do {                                                                                \
		u64 base_after;                                                             \
		fill();                                                                     \
		register u64 r0 __asm__("x0") = (v0);                                       \
		register u64 r1 __asm__("x1") = (v1);                                       \
		register u64 r2 __asm__("x2") = (at);                                       \
		register u64 r3 __asm__("x3") = 4;                                          \
		__asm__ volatile(".arch_extension fp\n" insn                                \
				 : "+r"(r2)                                                 \
				 : "r"(r0), "r"(r1), "r"(r3)                                \
				 : "v0", "memory");                                         \
		base_after = r2;                                                            \
		check(insn, plain(first) == (u32)(v0) && plain((first) + 1) == (u32)(v1) && \
				    base_after == (at) + (u64)(moved));                     \
	} while (0)

#define KEEP 0x5555555555555555

static void loads(void)
{
	u64 w0 = plain(0), w1 = plain(1), w2 = plain(2), w3 = plain(3);

	LOAD("ldr w0, [x2]", base, w0, KEEP, 0);
	LOAD("ldr w0, [x2, #8]", base, w2, KEEP, 0);
	LOAD("ldur w0, [x2, #-4]", base + 4, w0, KEEP, 0);
	LOAD("ldr w0, [x2, w3, uxtw]", base, w1, KEEP, 0);
	LOAD("ldr w0, [x2], #4", base, w0, KEEP, 4);
	LOAD("ldr w0, [x2, #4]!", base, w1, KEEP, 4);
	LOAD("ldr w0, [x2, #-4]!", base + 8, w1, KEEP, -4);
	LOAD("ldar w0, [x2]", base + 4, w1, KEEP, 0);
	LOAD("ldrb w0, [x2]", base + 9, w2 >> 8 & 0xff, KEEP, 0);
	LOAD("ldrb w0, [x2], #1", base + 5, w1 >> 8 & 0xff, KEEP, 1);
	LOAD("ldrsb w0, [x2]", base, (u32)(s64)(signed char)w0, KEEP, 0);
	LOAD("ldrsb x0, [x2]", base, (u64)(s64)(signed char)w0, KEEP, 0);
	LOAD("ldrsb x0, [x2, #1]!", base, (u64)(s64)(signed char)(w0 >> 8), KEEP, 1);
	LOAD("ldrsw x0, [x2]", base + 4, (u64)(s64)(int)w1, KEEP, 0);
	LOAD("ldrsw x0, [x2], #-4", base + 4, (u64)(s64)(int)w1, KEEP, -4);
	LOAD("ldp w0, w1, [x2]", base, w0, w1, 0);
	LOAD("ldnp w0, w1, [x2, #8]", base, w2, w3, 0);
	LOAD("ldp w0, w1, [x2], #8", base, w0, w1, 8);
	LOAD("ldp w1, w0, [x2, #8]!", base, w3, w2, 8);
	LOAD("ldpsw x0, x1, [x2, #8]", base, (u64)(s64)(int)w2, (u64)(s64)(int)w3, 0);
	LOAD("ldr s0, [x2, #4]!; fmov w0, s0", base, w1, KEEP, 4);
}

static void stores(void)
{
	fill();
	STORE("str w0, [x2]; str w1, [x2, #4]", base, 0x20304050, 0x60708090, 0, 0);
	STORE("str w0, [x2], #4; str w1, [x2], #4", base, 0x20304050, 0x60708090, 0, 8);
	STORE("str w0, [x2, #4]!; str w1, [x2, #4]!", base, 0x20304050, 0x60708090, 1, 8);
	STORE("stur w0, [x2, #-4]; stur w1, [x2]", base + 4, 0xa0b0c0d0, 0x8020b040, 0, 0);
	STORE("str w0, [x2, w3, uxtw]; str w1, [x2, #8]", base, 0xa0b0c0d0, 0x8020b040, 1, 0);
	STORE("stlr w0, [x2]; stp w0, w1, [x2]", base + 8, 0xa0b0c0d0, 0x10204080, 2, 0);
	STORE("stp w0, w1, [x2], #16", base, 0xa0b0c0d0, 0x10204080, 0, 16);
	STORE("stp w0, w1, [x2, #4]!", base, 0xf0e0d0c0, 0x102040b0, 1, 4);
	STORE("stnp w0, w1, [x2]", base, 0xf0e0d0c0, 0x102040b0, 0, 0);
	/* One byte, the low one of w1: the rest stays as fill() had it. */
	STORE("strb w1, [x2], #1", base + 3, 0x40a0c0e0, 0x9020b040, 0, 1);
	STORE("fmov s0, w0; str s0, [x2], #4; str w1, [x2]", base, 0x40506070, 0x8090a0b0, 0, 4);
	fill();
}

int main(void)
{
	gic_init();
	base = gic.gicd + GICD_IPRIORITYR + 64;
	fill();
	print("GICv%u: words read %x %x %x %x\n", gic.version, plain(0), plain(1), plain(2),
	      plain(3));
	loads();
	stores();
	print("ldst: %s\n", failed ? "FAILED" : "all forms right");
	return failed != 0;
}
