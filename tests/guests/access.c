// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: loads and stores. Every form of them on devices (PL011, PL031, and the priorities
 * of the GIC), what is written back, what is not aligned; and what has nothing behind it: past memory
 * and between devices, by load, store, fetch and table walk, from EL1 and EL0. Arm ARM B2.7.2 (Device
 * memory), C6 and C7 (instructions), D17.2.37 (ESR); PL011: DDI 0183, PL031: DDI 0224.
 */
#include "check.h"

#define GICD_IPRIORITYR 0x400
#define KEEP 0x5555555555555555ul

/* Four words of the PL011 that read as written, as far as they have bits. */
#define ILPR 0x20
#define IBRD 0x24
#define FBRD 0x28
#define LCR_H 0x2c

static u64 uart, rtc = SKERRY_RTC_BASE, priorities, end;
static u64 table[512] __attribute__((aligned(4096)));

/* ---- One instruction with x0..x3, V registers through memory ---- */

static struct {
	u64 x0, x1, x2, x3;
	u64 v[8];
} in, out;
static u32 code[24] __attribute__((aligned(64)));

void run_code(void *in, void *out);
__asm__(".section .text.access, \"ax\"\n"
	".global run_code\n"
	"run_code:\n" /* x0 = in, x1 = out */
	"	stp	x29, x30, [sp, #-32]!\n"
	"	stp	x19, x20, [sp, #16]\n"
	"	mov	x19, x1\n"
	"	add	x9, x0, #32\n"
	".arch_extension fp\n"
	".arch_extension simd\n"
	"	ld1	{v0.2d, v1.2d, v2.2d, v3.2d}, [x9]\n"
	"	mov	x9, x0\n"
	"	ldp	x0, x1, [x9]\n"
	"	ldp	x2, x3, [x9, #16]\n"
	"	adrp	x9, code\n"
	"	add	x9, x9, :lo12:code\n"
	"	blr	x9\n"
	"	stp	x0, x1, [x19]\n"
	"	stp	x2, x3, [x19, #16]\n"
	"	add	x9, x19, #32\n"
	"	st1	{v0.2d, v1.2d, v2.2d, v3.2d}, [x9]\n"
	"	ldp	x19, x20, [sp, #16]\n"
	"	ldp	x29, x30, [sp], #32\n"
	"	ret\n"
	".previous\n");

/* Runs `count` instructions with the registers of `in`; the ESR, 0 if there was no exception. */
static u64 go(const u32 *instructions, u32 count)
{
	u32 n;

	for (n = 0; n < count; n++)
		*(volatile u32 *)&code[n] = instructions[n];
	*(volatile u32 *)&code[n] = 0xd65f03c0; /* ret */
	__asm__ volatile(
		"dc cvau, %0\n	dsb ish\n	ic ivau, %0\n	dsb ish\n	isb" ::"r"(code)
		: "memory");
	catch_begin();
	run_code(&in, &out);
	return catch_end() ? this_cpu()->esr : 0;
}

/* One instruction with x2 = address, x3 = 8, and a mark in what it may load. */
static u64 run(u32 instruction, u64 address)
{
	u32 n;

	in.x0 = in.x1 = KEEP;
	in.x2 = address;
	in.x3 = 8;
	for (n = 0; n < 8; n++)
		in.v[n] = KEEP + n;
	return go(&instruction, 1);
}

/* ---- Forms that succeed ---- */

static u64 word(u32 i)
{
	return load32(priorities + 4 * i);
}

static void fill(void)
{
	static const u32 v[4] = {0x10a0c0e0, 0x9020b040, 0x806070d0, 0xf03050a0};
	u32 i;

	for (i = 0; i < 4; i++)
		store32(priorities + 4 * i, v[i]);
}

/* A pair of words is 8 bytes at once to QEMU 10, and then nothing to its GICv3. */
static bool is_known(u32 instruction)
{
	return (instruction & 0xbe000000) == 0x28000000 && gic.version == 3 && !on_skerry() &&
	       qemu_version() == 10;
}

static void expect_load(const char *what, u32 instruction, u64 address, u64 x0, u64 x1, s64 moved)
{
	u64 esr = run(instruction, address);

	expect(what, esr, 0);
	if (esr)
		return;
	errs(is_known(instruction));
	expect(what, out.x0, x0);
	errs(is_known(instruction));
	expect(what, out.x1, x1);
	expect(what, out.x2, address + (u64)moved);
}

static u64 sign(u64 value, u32 bits)
{
	return (value ^ 1ul << (bits - 1)) - (1ul << (bits - 1));
}

static void test_loads(void)
{
	u64 p = priorities, w[4], b;
	u32 i;

	fill();
	for (i = 0; i < 4; i++)
		w[i] = word(i);
	b = w[0] & 0xff;
	expect_load("ldrb w0, [x2]", 0x39400040, p, b, KEEP, 0);
	expect_load("ldrb w0, [x2, #1]", 0x39400440, p, w[0] >> 8 & 0xff, KEEP, 0);
	expect_load("ldr w0, [x2]", 0xb9400040, p, w[0], KEEP, 0);
	expect_load("ldr w0, [x2, #8]", 0xb9400840, p, w[2], KEEP, 0);
	expect_load("ldur w0, [x2, #-4]", 0xb85fc040, p + 4, w[0], KEEP, 0);
	expect_load("ldr w0, [x2, x3]", 0xb8636840, p, w[2], KEEP, 0);
	expect_load("ldr w0, [x2, w3, uxtw]", 0xb8634840, p, w[2], KEEP, 0);
	expect_load("ldr wzr, [x2], #4", 0xb840445f, p, KEEP, KEEP, 4);
	expect_load("ldr w0, [x2], #4", 0xb8404440, p, w[0], KEEP, 4);
	expect_load("ldr w0, [x2, #4]!", 0xb8404c40, p, w[1], KEEP, 4);
	expect_load("ldr w0, [x2, #-4]!", 0xb85fcc40, p + 8, w[1], KEEP, -4);
	expect_load("ldrb w0, [x2], #1", 0x38401440, p, b, KEEP, 1);
	expect_load("ldrsb w0, [x2]", 0x39c00040, p, (u32)sign(b, 8), KEEP, 0);
	expect_load("ldrsb x0, [x2]", 0x39800040, p, sign(b, 8), KEEP, 0);
	expect_load("ldrsb x0, [x2], #1", 0x38801440, p, sign(b, 8), KEEP, 1);
	expect_load("ldrsb w0, [x2, #1]!", 0x38c01c40, p, (u32)sign(w[0] >> 8 & 0xff, 8), KEEP, 1);
	expect_load("ldrsw x0, [x2]", 0xb9800040, p + 4, sign(w[1], 32), KEEP, 0);
	expect_load("ldrsw x0, [x2], #-4", 0xb89fc440, p + 4, sign(w[1], 32), KEEP, -4);
	expect_load("ldp w0, w1, [x2]", 0x29400440, p, w[0], w[1], 0);
	expect_load("ldnp w0, w1, [x2, #8]", 0x28410440, p, w[2], w[3], 0);
	expect_load("ldp w0, w1, [x2], #8", 0x28c10440, p, w[0], w[1], 8);
	expect_load("ldp w1, w0, [x2, #8]!", 0x29c10041, p, w[3], w[2], 8);
	expect_load("ldpsw x0, x1, [x2, #8]", 0x69410440, p, sign(w[2], 32), sign(w[3], 32), 0);
	expect_load("ldpsw x0, x1, [x2], #8", 0x68c10440, p, sign(w[0], 32), sign(w[1], 32), 8);
	expect_load("ldar w0, [x2]", 0x88dffc40, p, w[0], KEEP, 0);
	expect_load("ldarb w0, [x2]", 0x08dffc40, p, b, KEEP, 0);
	expect_load("prfm pldl1keep, [x2]", 0xf9800040, p, KEEP, KEEP, 0);
	if (read_sysreg(id_aa64isar1_el1) >> 20 & 15) {
		expect_load("ldapr w0, [x2]", 0xb8bfc040, p, w[0], KEEP, 0);
		if ((read_sysreg(id_aa64isar1_el1) >> 20 & 15) >= 2) {
			expect_load("ldapur w0, [x2, #4]", 0x99404040, p, w[1], KEEP, 0);
			expect_load("ldapursb x0, [x2]", 0x19800040, p, sign(b, 8), KEEP, 0);
		}
	}
	/* the sign of a load at EL1 from a byte register with its top bit clear */
	expect_load("ldrsb x0: positive", 0x39800040, p + 3, sign(w[0] >> 24, 8), KEEP, 0);
}

static void expect_store(const char *what, u32 instruction, u64 x0, u64 x1, u32 first, u64 want0,
			 u64 want1, s64 moved)
{
	fill();
	in.x0 = x0;
	in.x1 = x1;
	in.x2 = priorities + 4;
	in.x3 = 4;
	expect(what, go(&instruction, 1), 0);
	errs(is_known(instruction));
	expect(what, word(first), want0);
	errs(is_known(instruction));
	expect(what, word(first + 1), want1);
	expect(what, out.x2, in.x2 + (u64)moved);
}

static void test_stores(void)
{
	u64 a = 0x20304050, b = 0x60708090, w2 = 0x806070d0, w1 = 0x9020b040;

	expect_store("str w0, [x2]", 0xb9000040, a, b, 1, a, w2, 0);
	expect_store("strb w0, [x2, #1]", 0x39000440, a, b, 1, 0x90205040, w2, 0);
	expect_store("stur w0, [x2, #-4]", 0xb81fc040, a, b, 0, a, w1, 0);
	expect_store("str w0, [x2, x3]", 0xb8236840, a, b, 1, w1, a, 0);
	expect_store("str w0, [x2], #4", 0xb8004440, a, b, 1, a, w2, 4);
	expect_store("str w0, [x2, #4]!", 0xb8004c40, a, b, 1, w1, a, 4);
	expect_store("str wzr, [x2, #-4]!", 0xb81fcc5f, a, b, 0, 0, w1, -4);
	expect_store("strb w0, [x2], #1", 0x38001440, a, b, 1, 0x9020b050, w2, 1);
	expect_store("stp w0, w1, [x2]", 0x29000440, a, b, 1, a, b, 0);
	expect_store("stp w0, w1, [x2], #16", 0x28820440, a, b, 1, a, b, 16);
	expect_store("stp w1, w0, [x2, #-4]!", 0x29bf8041, a, b, 0, b, a, -4);
	expect_store("stnp w0, w1, [x2]", 0x28000440, a, b, 1, a, b, 0);
	expect_store("stlr w0, [x2]", 0x889ffc40, a, b, 1, a, w2, 0);
	expect_store("stlrb w0, [x2]", 0x089ffc40, a, b, 1, 0x9020b050, w2, 0);
	fill();
}

/* What 8 and 16 bytes, and elements of V registers, are on a device whose registers are words. */

static void set_uart(void)
{
	store32(uart + ILPR, 0x5a);
	store32(uart + IBRD, 0x1234);
	store32(uart + FBRD, 0x2a);
	store32(uart + LCR_H, 0x70);
}

static void expect_uart(const char *what, u64 ilpr, u64 ibrd, u64 fbrd, u64 lcr)
{
	expect(what, load32(uart + ILPR), ilpr);
	expect(what, load32(uart + IBRD), ibrd);
	expect(what, load32(uart + FBRD), fbrd);
	expect(what, load32(uart + LCR_H), lcr);
}

static void expect_vector(const char *what, u32 instruction, u64 address, u64 v0, u64 v0h, u64 v1,
			  u64 v1h, s64 moved)
{
	u64 esr = run(instruction, address);

	expect(what, esr, 0);
	if (esr)
		return;
	expect(what, out.v[0], v0);
	expect(what, out.v[1], v0h);
	expect(what, out.v[2], v1);
	expect(what, out.v[3], v1h);
	expect(what, out.x2, address + (u64)moved);
}

static void test_wide(void)
{
	u64 at = uart + ILPR, low = 0x12340000005a, high = 0x700000002a, k1 = KEEP + 1,
	    k2 = KEEP + 2, k3 = KEEP + 3;

	set_uart();
	expect_load("ldr x0, [x2]", 0xf9400040, at, low, KEEP, 0);
	expect_load("ldr x0, [x2], #8", 0xf8408440, at, low, KEEP, 8);
	expect_load("ldp x0, x1, [x2]", 0xa9400440, at, low, high, 0);
	expect_load("ldp x0, x1, [x2], #16", 0xa8c10440, at, low, high, 16);
	expect_load("ldp x0, x1, [x2, #-16]!", 0xa9ff0440, at + 16, low, high, -16);
	expect_load("ldrh w0, [x2]", 0x79400040, uart + IBRD, 0x1234, KEEP, 0);
	expect_load("ldrsh x0, [x2]", 0x79800040, uart + IBRD, 0x1234, KEEP, 0);
	expect_load("ldrb w0, [x2]", 0x39400040, uart + IBRD, 0x34, KEEP, 0);
	expect_vector("ldr b0, [x2]", 0x3d400040, at, 0x5a, 0, k2, k3, 0);
	expect_vector("ldr h0, [x2, #4]!", 0x7c404c40, at, 0x1234, 0, k2, k3, 4);
	expect_vector("ldr s0, [x2]", 0xbd400040, at, 0x5a, 0, k2, k3, 0);
	expect_vector("ldr d0, [x2], #8", 0xfc408440, at, low, 0, k2, k3, 8);
	expect_vector("ldr q0, [x2]", 0x3dc00040, at, low, high, k2, k3, 0);
	expect_vector("ldr q0, [x2], #16", 0x3cc10440, at, low, high, k2, k3, 16);
	expect_vector("ldp s0, s1, [x2]", 0x2d400440, at, 0x5a, 0, 0x1234, 0, 0);
	expect_vector("ldp d0, d1, [x2, #16]!", 0x6dc10440, at - 16, low, 0, high, 0, 16);
	expect_vector("ldp q0, q1, [x2]", 0xad400440, at, low, high,
		      load32(uart + 0x30) | (u64)load32(uart + 0x34) << 32,
		      load32(uart + 0x38) | (u64)load32(uart + 0x3c) << 32, 0);
	/* structures of elements */
	expect_vector("ld1 {v0.4s}, [x2]", 0x4c407840, at, low, high, k2, k3, 0);
	expect_vector("ld1 {v0.2s}, [x2], #8", 0x0cdf7840, at, low, 0, k2, k3, 8);
	expect_vector("ld1 {v0.2s, v1.2s}, [x2]", 0x0c40a840, at, low, 0, high, 0, 0);
	expect_vector("ld2 {v0.2s, v1.2s}, [x2]", 0x0c408840, at, 0x2a0000005a, 0, 0x7000001234, 0,
		      0);
	expect_vector("ld1 {v0.s}[2], [x2]", 0x4d408040, at, KEEP, (k1 & ~0xfffffffful) | 0x5a, k2,
		      k3, 0);
	expect_vector("ld1 {v0.h}[1], [x2], #2", 0x0ddf4840, uart + IBRD,
		      (KEEP & ~0xffff0000ul) | 0x12340000, k1, k2, k3, 2);
	expect_vector("ld2 {v0.s, v1.s}[0], [x2], x3", 0x0de38040, at,
		      (KEEP & ~0xfffffffful) | 0x5a, k1, (k2 & ~0xfffffffful) | 0x1234, k3, 8);
	expect_vector("ld1r {v0.4s}, [x2]", 0x4d40c840, uart + IBRD, 0x123400001234, 0x123400001234,
		      k2, k3, 0);
	expect_vector("ld1r {v0.4h}, [x2]", 0x0d40c440, uart + IBRD, 0x1234123412341234, 0, k2, k3,
		      0);
}

static void expect_wide_store(const char *what, u32 instruction, const u64 *v, u64 ilpr, u64 ibrd,
			      u64 fbrd, u64 lcr, s64 moved)
{
	u64 at = uart + ILPR;
	u32 n;

	set_uart();
	in.x0 = v[0];
	in.x1 = v[1];
	in.x2 = at;
	in.x3 = 16;
	for (n = 0; n < 4; n++)
		in.v[n] = v[n];
	expect(what, go(&instruction, 1), 0);
	expect_uart(what, ilpr, ibrd, fbrd, lcr);
	expect(what, out.x2, at + (u64)moved);
}

static void test_wide_stores(void)
{
	static const u64 v[4] = {0x21000000a5, 0x6000000015, 0x7000000037, 0x6000000033};

	expect_wide_store("str x0, [x2]", 0xf9000040, v, 0xa5, 0x21, 0x2a, 0x70, 0);
	expect_wide_store("stp x0, x1, [x2], #16", 0xa8810440, v, 0xa5, 0x21, 0x15, 0x60, 16);
	expect_wide_store("str s0, [x2]", 0xbd000040, v, 0xa5, 0x1234, 0x2a, 0x70, 0);
	expect_wide_store("str d0, [x2, #0]!", 0xfc000c40, v, 0xa5, 0x21, 0x2a, 0x70, 0);
	expect_wide_store("str q0, [x2], #16", 0x3c810440, v, 0xa5, 0x21, 0x15, 0x60, 16);
	expect_wide_store("stp d0, d1, [x2]", 0x6d000440, v, 0xa5, 0x21, 0x37, 0x70, 0);
	expect_wide_store("st1 {v0.4s}, [x2]", 0x4c007840, v, 0xa5, 0x21, 0x15, 0x60, 0);
	expect_wide_store("st2 {v0.2s, v1.2s}, [x2], x3", 0x0c838840, v, 0xa5, 0x37, 0x21, 0x70,
			  16);
	expect_wide_store("st1 {v1.s}[0], [x2], #4", 0x0d9f8041, v, 0x37, 0x1234, 0x2a, 0x70, 4);
	set_uart();
}

/* ---- Not aligned ---- */

static void expect_fault(const char *what, u32 instruction, u64 address, u64 esr)
{
	u64 got = run(instruction, address);

	expect(what, got, esr);
	if (got && esr) {
		expect(what, this_cpu()->far, address);
		expect(what, out.x2, address); /* no write-back */
		expect(what, out.x0, KEEP);
	}
}

#define ESR_ALIGNMENT_READ 0x96000021ul
#define ESR_ALIGNMENT_WRITE 0x96000061ul

static void test_alignment(void)
{
	u64 at = uart + ILPR;
	static const struct {
		const char *what;
		u32 instruction;
		u32 offset;
		u64 esr;
	} cases[] = {
		{"ldr w0: not aligned", 0xb9400040, 1, ESR_ALIGNMENT_READ},
		{"ldr w0: not aligned", 0xb9400040, 2, ESR_ALIGNMENT_READ},
		{"ldrh w0: not aligned", 0x79400040, 1, ESR_ALIGNMENT_READ},
		{"ldr x0: not aligned", 0xf9400040, 4, ESR_ALIGNMENT_READ},
		{"ldr w0, [x2], #4: not aligned", 0xb8404440, 2, ESR_ALIGNMENT_READ},
		{"ldp w0, w1: not aligned", 0x29400440, 2, ESR_ALIGNMENT_READ},
		{"str w0: not aligned", 0xb9000040, 1, ESR_ALIGNMENT_WRITE},
		{"strh w0: not aligned", 0x79000040, 1, ESR_ALIGNMENT_WRITE},
		{"str x0: not aligned", 0xf9000040, 4, ESR_ALIGNMENT_WRITE},
		{"stp w0, w1: not aligned", 0x29000440, 1, ESR_ALIGNMENT_WRITE},
		{"ldr d0: not aligned", 0xfd400040, 4, ESR_ALIGNMENT_READ},
		{"ldr q0: not aligned", 0x3dc00040, 8, ESR_ALIGNMENT_READ},
		{"dc zva on a device", 0xd50b7422, 0, ESR_ALIGNMENT_WRITE},
	};
	u32 n;

	set_uart();
	for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		errs(!on_skerry()); /* does not look at the memory's type */
		expect_fault(cases[n].what, cases[n].instruction, at + cases[n].offset,
			     cases[n].esr);
	}
}

/* MMU off, all data is Device-nGnRnE: the same, in memory. */
static void test_mmu_off(void)
{
	/* mrs x9, sctlr_el1; bic x10, x9, #1; msr sctlr_el1, x10; isb; …; msr sctlr_el1, x9; isb */
	u32 words[] = {0xd5381009, 0x927ff92a, 0xd518100a, 0xd5033fdf,
		       0xb9400040, 0xd5181009, 0xd5033fdf};

	in.x0 = KEEP;
	in.x2 = (u64)table + 8;
	expect("MMU off: ldr w0", go(words, 7), 0);
	in.x2 = (u64)table + 2;
	errs(true); /* QEMU looks at the memory's type nowhere */
	expect("MMU off: ldr w0, not aligned", go(words, 7), ESR_ALIGNMENT_READ);
	words[4] = 0xb9000040;
	errs(true);
	expect("MMU off: str w0, not aligned", go(words, 7), ESR_ALIGNMENT_WRITE);
}

/* ---- Nothing there ---- */

#define READ 0x10ul  /* FSC: synchronous external abort … */
#define WRITE 0x50ul /* … with WnR */
#define ESR_DATA 0x96000000ul
#define ESR_DATA_EL0 0x92000000ul
#define ESR_FETCH 0x86000000ul
#define ESR_FETCH_EL0 0x82000000ul

/* LDTR and STTR have EL0's rights: none here. */
static void test_unprivileged(void)
{
	expect_fault("ldtr w0, [x2]", 0xb8400840, uart + ILPR, ESR_DATA | 0xd);
	expect_fault("sttr w0, [x2]", 0xb8000840, uart + ILPR, ESR_DATA | 0x4d);
}

static void test_nothing(void)
{
	static const struct {
		const char *what;
		u32 instruction;
		u64 fsc;
	} cases[] = {
		{"nothing: ldrb w0", 0x39400040, READ},
		{"nothing: ldr w0", 0xb9400040, READ},
		{"nothing: ldr x0", 0xf9400040, READ},
		{"nothing: ldrsb x0", 0x39800040, READ},
		{"nothing: ldr w0, [x2], #4", 0xb8404440, READ},
		{"nothing: ldr x0, [x2, #0]!", 0xf8400c40, READ},
		{"nothing: ldp x0, x1, [x2], #16", 0xa8c10440, READ},
		{"nothing: ldar w0", 0x88dffc40, READ},
		{"nothing: ldxr w0", 0x885f7c40, READ},
		{"nothing: ldr q0", 0x3dc00040, READ},
		{"nothing: ld1 {v0.4s}", 0x4c407840, READ},
		{"nothing: strb w0", 0x39000040, WRITE},
		{"nothing: str w0", 0xb9000040, WRITE},
		{"nothing: str x0", 0xf9000040, WRITE},
		{"nothing: str w0, [x2], #4", 0xb8004440, WRITE},
		{"nothing: str x0, [x2, #0]!", 0xf8000c40, WRITE},
		{"nothing: stp x0, x1, [x2]", 0xa9000440, WRITE},
		{"nothing: stlr w0", 0x889ffc40, WRITE},
		{"nothing: str q0", 0x3d800040, WRITE},
		{"nothing: st1 {v0.4s}", 0x4c007840, WRITE},
	};
	const u64 places[] = {end, end + 0x100000, 0x0e000000};
	u32 n, p;

	for (p = 0; p < sizeof(places) / sizeof(places[0]); p++)
		for (n = 0; n < sizeof(cases) / sizeof(cases[0]); n++)
			expect_fault(cases[n].what, cases[n].instruction, places[p],
				     ESR_DATA | cases[n].fsc);
	expect("nothing: a pair's second half", run(0xa9400440, end - 8), ESR_DATA | READ);
	expect("nothing: its address", this_cpu()->far, end);
	expect("nothing: prfm asks for no more than it gets", run(0xf9800040, end), 0);
	expect("nothing: dc cvac has nothing to clean", run(0xd50b7a22, end), 0);
	expect("nothing: dc civac", run(0xd50b7e22, end), 0);
	expect("the last word of memory", run(0xb9400040, end - 4), 0);
}

static u64 call(u64 address)
{
	catch_begin();
	((void (*)(void))address)();
	return catch_end() ? this_cpu()->esr : 0;
}

static void test_fetch(void)
{
	expect("nothing: fetch", call(end), ESR_FETCH | READ);
	expect("nothing: fetch, FAR", this_cpu()->far, end);
	expect("nothing: fetch further on", call(end + 0x10004), ESR_FETCH | READ);
	expect("nothing: fetch further on, FAR", this_cpu()->far, end + 0x10004);
}

/* Table walks that lead past memory: by the table of level 2, and of level 3. */
static void walk(const char *what, u64 entry, u64 level)
{
	u64 fsc = 0x14 + level, before = mmu_table[2], at = 0x80000000;

	mmu_table[2] = entry;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	expect_fault(what, 0xb9400040, at, ESR_DATA | fsc);
	expect_fault(what, 0xb9000040, at + 0x10, ESR_DATA | 0x40 | fsc);
	expect_fault(what, 0xa9400440, at + 0x20, ESR_DATA | fsc);
	expect(what, call(at + 0x40), ESR_FETCH | fsc);
	expect(what, this_cpu()->far, at + 0x40);
	expect(what, run(0xd5087802, at), ESR_DATA | 0x140 | fsc); /* at s1e1r, x2 */
	mmu_table[2] = before;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
}

static void test_walks(void)
{
	walk("walk: table of level 2 past memory", end | 3, 2);
	table[0] = (end + 0x3000) | 3;
	walk("walk: table of level 3 past memory", (u64)table | 3, 3);
	walk("walk: table between devices", 0x0e000003, 2);
}

static void test_el0(void)
{
	u64 past = el0_address((void *)end), esr;

	el0_map();
	(void)el0_execute(0xb9400001, past, &esr); /* ldr w1, [x0] */
	expect("EL0: load past memory", esr, ESR_DATA_EL0 | READ);
	expect("EL0: load past memory, FAR", el0_end.far, past);
	(void)el0_execute(0xa8c10801, past, &esr); /* ldp x1, x2, [x0], #16 */
	expect("EL0: pair past memory", esr, ESR_DATA_EL0 | READ);
	expect("EL0: pair past memory, no write-back", el0_end.x0, past);
	(void)el0_execute(0xb9000001, past, &esr);
	expect("EL0: store past memory", esr, ESR_DATA_EL0 | WRITE);
	(void)el0_execute(0xd61f0000, past, &esr); /* br x0 */
	expect("EL0: fetch past memory", esr, ESR_FETCH_EL0 | READ);
	expect("EL0: fetch past memory, FAR", el0_end.far, past);
	(void)el0_execute(0xb9400001, 0x40000000, &esr);
	expect("EL0: EL1's memory", esr, ESR_DATA_EL0 | 0xd); /* permission, level 1 */
	(void)el0_execute(0xb9400001, uart, &esr);
	expect("EL0: EL1's device", esr, ESR_DATA_EL0 | 0xd);
}

/* ---- Widths ---- */

static void test_widths(void)
{
	u64 id = uart + 0xfe0;

	expect_load("PL011: ldrb UARTPeriphID0", 0x39400040, id, 0x11, KEEP, 0);
	expect_load("PL011: ldrh UARTPeriphID0", 0x79400040, id, 0x11, KEEP, 0);
	expect_load("PL011: ldr UARTPeriphID1", 0xb9400040, id + 4, 0x10, KEEP, 0);
	expect_load("PL011: ldr x UARTPeriphID0, 1", 0xf9400040, id, 0x1000000011, KEEP, 0);
	expect_load("PL011: ldrb UARTFR", 0x39400040, uart + 0x18, load32(uart + 0x18) & 0xff, KEEP,
		    0);
	expect_load("PL011: ldrh UARTCR", 0x79400040, uart + 0x30, load32(uart + 0x30), KEEP, 0);
	id = rtc + 0xfe0;
	expect_load("PL031: ldrb RTCPeriphID0", 0x39400040, id, 0x31, KEEP, 0);
	expect_load("PL031: ldrh RTCPeriphID1", 0x79400040, id + 4, 0x10, KEEP, 0);
	expect_load("PL031: ldr RTCPeriphID2", 0xb9400040, id + 8, 0x14, KEEP, 0);
	expect_load("PL031: ldr x RTCPCellID0, 1", 0xf9400040, id + 16, 0xf00000000d, KEEP, 0);
	expect_load("PL031: ldp RTCPCellID2, 3", 0x29400440, id + 24, 0x05, 0xb1, 0);
}

int main(void)
{
	u64 base = 0, size = 0;

	gic_init();
	__asm__ volatile("msr daifclr, #4"); /* no SError in all this */
	if (fdt_reg(fdt_find("arm,pl011", 0), 0, &uart, &size) &&
	    fdt_reg(fdt_named("memory", 0), 0, &base, &size))
		end = base + size;
	expect_true("the tree has a PL011, and memory", end);
	priorities = gic.gicd + GICD_IPRIORITYR + 64;
	test_loads();
	test_stores();
	test_wide();
	test_wide_stores();
	test_alignment();
	test_mmu_off();
	test_widths();
	test_unprivileged();
	test_nothing();
	test_fetch();
	test_walks();
	test_el0();
	return checks_over("access");
}
