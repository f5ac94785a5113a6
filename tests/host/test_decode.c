// SPDX-License-Identifier: Apache-2.0
// units: trap/decode.c
/*
 * trap/decode.c against words that the GNU assembler made of the instructions written beside them,
 * and against a million random words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trap/decode.h"

#define NO 0xff
#define PC 0xfe

/* flags: w write, v vector, s sign-extending, x 64-bit register, b write-back, p post-index */
static const struct {
	const char *text;
	u32 word;
	enum decode_kind kind;
	const char *flags;
	unsigned size, count, rt, rt2, base, index, extend, shift;
	s64 offset;
} rows[] = {
	/* clang-format off */
	{"strb w1, [x2, #5]", 0x39001441, DECODE_ACCESS, "w", 1, 1, 1, 0, 2, NO, 0, 0, 5},
	{"strh w1, [x2, #6]", 0x79000c41, DECODE_ACCESS, "w", 2, 1, 1, 0, 2, NO, 0, 0, 6},
	{"str w3, [x4, #16380]", 0xb93ffc83, DECODE_ACCESS, "w", 4, 1, 3, 0, 4, NO, 0, 0, 16380},
	{"str xzr, [sp, #8]", 0xf90007ff, DECODE_ACCESS, "w", 8, 1, 31, 0, 31, NO, 0, 0, 8},
	{"ldrb w5, [x6]", 0x394000c5, DECODE_ACCESS, "", 1, 1, 5, 0, 6, NO, 0, 0, 0},
	{"ldrh w5, [x6, #8190]", 0x797ffcc5, DECODE_ACCESS, "", 2, 1, 5, 0, 6, NO, 0, 0, 8190},
	{"ldr w7, [x8, #4]", 0xb9400507, DECODE_ACCESS, "", 4, 1, 7, 0, 8, NO, 0, 0, 4},
	{"ldr x7, [x8, #32760]", 0xf97ffd07, DECODE_ACCESS, "x", 8, 1, 7, 0, 8, NO, 0, 0, 32760},
	{"ldrsb w1, [x2]", 0x39c00041, DECODE_ACCESS, "s", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldrsb x1, [x2, #1]", 0x39800441, DECODE_ACCESS, "sx", 1, 1, 1, 0, 2, NO, 0, 0, 1},
	{"ldrsh w1, [x2, #2]", 0x79c00441, DECODE_ACCESS, "s", 2, 1, 1, 0, 2, NO, 0, 0, 2},
	{"ldrsh x1, [x2, #2]", 0x79800441, DECODE_ACCESS, "sx", 2, 1, 1, 0, 2, NO, 0, 0, 2},
	{"ldrsw x1, [x2, #4]", 0xb9800441, DECODE_ACCESS, "sx", 4, 1, 1, 0, 2, NO, 0, 0, 4},
	{"prfm pldl1keep, [x1, #8]", 0xf9800420, DECODE_HINT, .flags = ""},
	{"stur w1, [x2, #-256]", 0xb8100041, DECODE_ACCESS, "w", 4, 1, 1, 0, 2, NO, 0, 0, -256},
	{"ldur x1, [x2, #255]", 0xf84ff041, DECODE_ACCESS, "x", 8, 1, 1, 0, 2, NO, 0, 0, 255},
	{"ldursw x9, [x2, #-4]", 0xb89fc049, DECODE_ACCESS, "sx", 4, 1, 9, 0, 2, NO, 0, 0, -4},
	{"prfum pldl1keep, [x1, #-8]", 0xf89f8020, DECODE_HINT, .flags = ""},
	{"str w1, [x2], #4", 0xb8004441, DECODE_ACCESS, "wbp", 4, 1, 1, 0, 2, NO, 0, 0, 4},
	{"strb w1, [x2], #1", 0x38001441, DECODE_ACCESS, "wbp", 1, 1, 1, 0, 2, NO, 0, 0, 1},
	{"str x1, [sp, #-16]!", 0xf81f0fe1, DECODE_ACCESS, "wb", 8, 1, 1, 0, 31, NO, 0, 0, -16},
	{"ldr w1, [x2], #-4", 0xb85fc441, DECODE_ACCESS, "bp", 4, 1, 1, 0, 2, NO, 0, 0, -4},
	{"ldrb w1, [x2, #1]!", 0x38401c41, DECODE_ACCESS, "b", 1, 1, 1, 0, 2, NO, 0, 0, 1},
	{"ldrsb x1, [x2], #1", 0x38801441, DECODE_ACCESS, "sxbp", 1, 1, 1, 0, 2, NO, 0, 0, 1},
	{"ldrsh w1, [x2, #-2]!", 0x78dfec41, DECODE_ACCESS, "sb", 2, 1, 1, 0, 2, NO, 0, 0, -2},
	{"ldrsw x1, [x2], #4", 0xb8804441, DECODE_ACCESS, "sxbp", 4, 1, 1, 0, 2, NO, 0, 0, 4},
	{"sttr w1, [x2, #4]", 0xb8004841, DECODE_ACCESS, "w", 4, 1, 1, 0, 2, NO, 0, 0, 4},
	{"sttrb w1, [x2]", 0x38000841, DECODE_ACCESS, "w", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldtr x1, [x2, #-8]", 0xf85f8841, DECODE_ACCESS, "x", 8, 1, 1, 0, 2, NO, 0, 0, -8},
	{"ldtrsb w1, [x2]", 0x38c00841, DECODE_ACCESS, "s", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldtrsw x1, [x2]", 0xb8800841, DECODE_ACCESS, "sx", 4, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldr w1, [x2, x3]", 0xb8636841, DECODE_ACCESS, "", 4, 1, 1, 0, 2, 3, 3, 0, 0},
	{"ldr w1, [x2, x3, lsl #2]", 0xb8637841, DECODE_ACCESS, "", 4, 1, 1, 0, 2, 3, 3, 2, 0},
	{"ldr x1, [x2, w3, sxtw #3]", 0xf863d841, DECODE_ACCESS, "x", 8, 1, 1, 0, 2, 3, 6, 3, 0},
	{"strb w1, [x2, w3, uxtw]", 0x38234841, DECODE_ACCESS, "w", 1, 1, 1, 0, 2, 3, 2, 0, 0},
	{"ldrsh x1, [x2, x3, sxtx]", 0x78a3e841, DECODE_ACCESS, "sx", 2, 1, 1, 0, 2, 3, 7, 0, 0},
	{"str q1, [x2, x3, lsl #4]", 0x3ca37841, DECODE_ACCESS, "wv", 16, 1, 1, 0, 2, 3, 3, 4, 0},
	{"ldrb w1, [x2, x3, lsl #0]", 0x38637841, DECODE_ACCESS, "", 1, 1, 1, 0, 2, 3, 3, 0, 0},
	{"prfm pldl1keep, [x1, x2]", 0xf8a26820, DECODE_HINT, .flags = ""},
	{"stp w1, w2, [x3]", 0x29000861, DECODE_ACCESS, "w", 4, 2, 1, 2, 3, NO, 0, 0, 0},
	{"stp x1, x2, [x3, #-512]", 0xa9200861, DECODE_ACCESS, "wx", 8, 2, 1, 2, 3, NO, 0, 0, -512},
	{"ldp w1, w2, [x3, #252]", 0x295f8861, DECODE_ACCESS, "", 4, 2, 1, 2, 3, NO, 0, 0, 252},
	{"ldp x1, xzr, [sp], #16", 0xa8c17fe1, DECODE_ACCESS, "xbp", 8, 2, 1, 31, 31, NO, 0, 0, 16},
	{"stp x29, x30, [sp, #-32]!", 0xa9be7bfd, DECODE_ACCESS, "wxb", 8, 2, 29, 30, 31, NO, 0, 0, -32},
	{"ldpsw x1, x2, [x3, #8]", 0x69410861, DECODE_ACCESS, "sx", 4, 2, 1, 2, 3, NO, 0, 0, 8},
	{"stnp x1, x2, [x3]", 0xa8000861, DECODE_ACCESS, "wx", 8, 2, 1, 2, 3, NO, 0, 0, 0},
	{"ldnp w1, w2, [x3]", 0x28400861, DECODE_ACCESS, "", 4, 2, 1, 2, 3, NO, 0, 0, 0},
	{"stp s1, s2, [x3, #4]", 0x2d008861, DECODE_ACCESS, "wv", 4, 2, 1, 2, 3, NO, 0, 0, 4},
	{"ldp d1, d2, [x3], #-16", 0x6cff0861, DECODE_ACCESS, "vbp", 8, 2, 1, 2, 3, NO, 0, 0, -16},
	{"stp q1, q2, [x3, #-1024]", 0xad200861, DECODE_ACCESS, "wv", 16, 2, 1, 2, 3, NO, 0, 0, -1024},
	{"ldnp q30, q31, [x3]", 0xac407c7e, DECODE_ACCESS, "v", 16, 2, 30, 31, 3, NO, 0, 0, 0},
	{"str b1, [x2, #3]", 0x3d000c41, DECODE_ACCESS, "wv", 1, 1, 1, 0, 2, NO, 0, 0, 3},
	{"ldr h1, [x2, #2]", 0x7d400441, DECODE_ACCESS, "v", 2, 1, 1, 0, 2, NO, 0, 0, 2},
	{"ldr s1, [x2], #4", 0xbc404441, DECODE_ACCESS, "vbp", 4, 1, 1, 0, 2, NO, 0, 0, 4},
	{"str d1, [x2, #-8]!", 0xfc1f8c41, DECODE_ACCESS, "wvb", 8, 1, 1, 0, 2, NO, 0, 0, -8},
	{"ldr q31, [x2, #16]", 0x3dc0045f, DECODE_ACCESS, "v", 16, 1, 31, 0, 2, NO, 0, 0, 16},
	{"stur q1, [x2, #-1]", 0x3c9ff041, DECODE_ACCESS, "wv", 16, 1, 1, 0, 2, NO, 0, 0, -1},
	{"ldr w1, .+8", 0x18000041, DECODE_ACCESS, "", 4, 1, 1, 0, PC, NO, 0, 0, 8},
	{"ldr x1, .-4", 0x58ffffe1, DECODE_ACCESS, "x", 8, 1, 1, 0, PC, NO, 0, 0, -4},
	{"ldrsw x1, .+4", 0x98000021, DECODE_ACCESS, "sx", 4, 1, 1, 0, PC, NO, 0, 0, 4},
	{"ldr q1, .+16", 0x9c000081, DECODE_ACCESS, "v", 16, 1, 1, 0, PC, NO, 0, 0, 16},
	{"ldr s1, .+4", 0x1c000021, DECODE_ACCESS, "v", 4, 1, 1, 0, PC, NO, 0, 0, 4},
	{"ldr d1, .+4", 0x5c000021, DECODE_ACCESS, "v", 8, 1, 1, 0, PC, NO, 0, 0, 4},
	{"prfm pldl1keep, .+8", 0xd8000040, DECODE_HINT, .flags = ""},
	{"ldar w1, [x2]", 0x88dffc41, DECODE_ACCESS, "", 4, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldar x1, [x2]", 0xc8dffc41, DECODE_ACCESS, "x", 8, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldarb w1, [x2]", 0x08dffc41, DECODE_ACCESS, "", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"stlr x1, [x2]", 0xc89ffc41, DECODE_ACCESS, "wx", 8, 1, 1, 0, 2, NO, 0, 0, 0},
	{"stlrh w1, [sp]", 0x489fffe1, DECODE_ACCESS, "w", 2, 1, 1, 0, 31, NO, 0, 0, 0},
	{"ldlar w1, [x2]", 0x88df7c41, DECODE_ACCESS, "", 4, 1, 1, 0, 2, NO, 0, 0, 0},
	{"stllr w1, [x2]", 0x889f7c41, DECODE_ACCESS, "w", 4, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldapr w1, [x2]", 0xb8bfc041, DECODE_ACCESS, "", 4, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldapr x1, [x2]", 0xf8bfc041, DECODE_ACCESS, "x", 8, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldaprb w1, [x2]", 0x38bfc041, DECODE_ACCESS, "", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldaprh w1, [x2]", 0x78bfc041, DECODE_ACCESS, "", 2, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldapur w1, [x2, #-4]", 0x995fc041, DECODE_ACCESS, "", 4, 1, 1, 0, 2, NO, 0, 0, -4},
	{"stlur x1, [x2, #8]", 0xd9008041, DECODE_ACCESS, "w", 8, 1, 1, 0, 2, NO, 0, 0, 8},
	{"ldapursb x1, [x2]", 0x19800041, DECODE_ACCESS, "sx", 1, 1, 1, 0, 2, NO, 0, 0, 0},
	{"ldapursw x1, [x2, #255]", 0x998ff041, DECODE_ACCESS, "sx", 4, 1, 1, 0, 2, NO, 0, 0, 255},
	{"ldxr w1, [x2]", 0x885f7c41, DECODE_EXCLUSIVE, .flags = ""},
	{"stxr w3, x1, [x2]", 0xc8037c41, DECODE_EXCLUSIVE, .flags = ""},
	{"ldaxrb w1, [x2]", 0x085ffc41, DECODE_EXCLUSIVE, .flags = ""},
	{"stlxp w5, x1, x2, [x3]", 0xc8258861, DECODE_EXCLUSIVE, .flags = ""},
	{"ldxp x1, x2, [x3]", 0xc87f0861, DECODE_EXCLUSIVE, .flags = ""},
	{"cas w1, w2, [x3]", 0x88a17c62, DECODE_EXCLUSIVE, .flags = ""},
	{"casal x1, x2, [x3]", 0xc8e1fc62, DECODE_EXCLUSIVE, .flags = ""},
	{"casp x2, x3, x4, x5, [x6]", 0x48227cc4, DECODE_EXCLUSIVE, .flags = ""},
	{"ldadd w1, w2, [x3]", 0xb8210062, DECODE_EXCLUSIVE, .flags = ""},
	{"swpal x1, x2, [x3]", 0xf8e18062, DECODE_EXCLUSIVE, .flags = ""},
	{"stset x1, [x2]", 0xf821305f, DECODE_EXCLUSIVE, .flags = ""},
	{"ldumaxb w1, w2, [x3]", 0x38216062, DECODE_EXCLUSIVE, .flags = ""},
	{"ldclrh w1, w2, [sp]", 0x782113e2, DECODE_EXCLUSIVE, .flags = ""},
	{"dc zva, x1", 0xd50b7421, DECODE_ZERO, .flags = ""},
	{"stg x1, [x2]", 0xd9200841, DECODE_NONE, .flags = ""},
	{"stgp x1, x2, [x3]", 0x69000861, DECODE_NONE, .flags = ""},
	{"ldg x1, [x2]", 0xd9600041, DECODE_NONE, .flags = ""},
	{"add x1, x2, x3", 0x8b030041, DECODE_NONE, .flags = ""},
	{"b .", 0x14000000, DECODE_NONE, .flags = ""},
	{"nop", 0xd503201f, DECODE_NONE, .flags = ""},
	{"dc cvac, x1", 0xd50b7a21, DECODE_NONE, .flags = ""},
	{"mrs x1, ctr_el0", 0xd53b0021, DECODE_NONE, .flags = ""},
	{"svc #0", 0xd4000001, DECODE_NONE, .flags = ""},
	{"ret", 0xd65f03c0, DECODE_NONE, .flags = ""},
	{"fadd d0, d1, d2", 0x1e622820, DECODE_NONE, .flags = ""},
	{".inst 0", 0x00000000, DECODE_NONE, .flags = ""},
	{"cpyfp [x0]!, [x1]!, x2!", 0x19010440, DECODE_NONE, .flags = ""},
	/* clang-format on */
};

static bool has(const char *flags, char flag)
{
	return strchr(flags, flag) != NULL;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decode d = decode_load_store(rows[i].word);

		if (d.kind != rows[i].kind)
			fail_msg("%s: kind %u", rows[i].text, d.kind);
		if (d.kind != DECODE_ACCESS)
			continue;
		if (d.write != has(rows[i].flags, 'w') || d.vector != has(rows[i].flags, 'v') ||
		    d.sign != has(rows[i].flags, 's') || d.writeback != has(rows[i].flags, 'b') ||
		    d.post != has(rows[i].flags, 'p') ||
		    (!d.write && !d.vector && d.wide != has(rows[i].flags, 'x')))
			fail_msg("%s: flags", rows[i].text);
		if (d.size != rows[i].size || d.count != rows[i].count || d.rt[0] != rows[i].rt ||
		    (d.count == 2 && d.rt[1] != rows[i].rt2) || d.base != rows[i].base)
			fail_msg("%s: size or registers", rows[i].text);
		if (d.index != rows[i].index || d.offset != rows[i].offset ||
		    (d.index != NO && (d.extend != rows[i].extend || d.shift != rows[i].shift)))
			fail_msg("%s: offset", rows[i].text);
	}
}

static void test_offset(void **state)
{
	struct decode d = decode_load_store(0xf863d841); /* ldr x1, [x2, w3, sxtw #3] */

	(void)state;
	assert_int_equal(decode_offset(&d, 0x5ffffffff), -8);
	d = decode_load_store(0x38234841); /* strb w1, [x2, w3, uxtw] */
	assert_int_equal(decode_offset(&d, 0x5ffffffff), 0xffffffff);
	d = decode_load_store(0xb8637841); /* ldr w1, [x2, x3, lsl #2] */
	assert_int_equal(decode_offset(&d, 0x100000001), 0x400000004);
	d = decode_load_store(0xf81f0fe1); /* str x1, [sp, #-16]! */
	assert_int_equal(decode_offset(&d, 99), -16);
}

/* SIMD structures. flags: w write, q all 128 bits stay or count, b write-back (and post-index) */
static void test_structures(void **state)
{
	static const struct {
		const char *text;
		u32 word;
		const char *flags;
		unsigned size, count, group, lanes, lane, rt, base, index;
		s64 offset;
	} cases[] = {
		/* clang-format off */
		{"ld1 {v0.4s}, [x1]", 0x4c407820, "q", 4, 1, 1, 4, 0, 0, 1, NO, 0},
		{"ld1 {v0.1d}, [x1]", 0x0c407c20, "", 8, 1, 1, 1, 0, 0, 1, NO, 0},
		{"ld1 {v30.16b, v31.16b, v0.16b}, [x1], #48", 0x4cdf603e, "qb", 1, 3, 1, 16, 0, 30, 1, NO, 48},
		{"st1 {v1.2s, v2.2s}, [x3], x4", 0x0c84a861, "wb", 4, 2, 1, 2, 0, 1, 3, 4, 0},
		{"st4 {v0.8b - v3.8b}, [x1]", 0x0c000020, "w", 1, 4, 4, 8, 0, 0, 1, NO, 0},
		{"ld2 {v4.4h, v5.4h}, [sp], #16", 0x0cdf87e4, "b", 2, 2, 2, 4, 0, 4, 31, NO, 16},
		{"ld3 {v1.2d - v3.2d}, [x2]", 0x4c404c41, "q", 8, 3, 3, 2, 0, 1, 2, NO, 0},
		{"ld1 {v0.b}[3], [x1]", 0x0d400c20, "q", 1, 1, 1, 1, 3, 0, 1, NO, 0},
		{"ld1 {v0.b}[13], [x1]", 0x4d401420, "q", 1, 1, 1, 1, 13, 0, 1, NO, 0},
		{"st1 {v7.h}[5], [x1], #2", 0x4d9f4827, "wqb", 2, 1, 1, 1, 5, 7, 1, NO, 2},
		{"ld2 {v1.s, v2.s}[3], [x2], x3", 0x4de39041, "qb", 4, 2, 2, 1, 3, 1, 2, 3, 0},
		{"ld4 {v1.d - v4.d}[1], [x2]", 0x4d60a441, "q", 8, 4, 4, 1, 1, 1, 2, NO, 0},
		{"ld1r {v0.4s}, [x1]", 0x4d40c820, "q", 4, 1, 1, 1, 0xff, 0, 1, NO, 0},
		{"ld2r {v0.4h, v1.4h}, [x1], #4", 0x0dffc420, "b", 2, 2, 2, 1, 0xff, 0, 1, NO, 4},
		{"ld4r {v0.1d - v3.1d}, [x1]", 0x0d60ec20, "", 8, 4, 4, 1, 0xff, 0, 1, NO, 0},
		/* clang-format on */
	};
	/* LD2 of 1D, ld1 [x1] with a register in Rm, opcodes 1 and 3, ST1R, H of an odd size, D with S */
	static const u32 unallocated[] = {0x0c408c20, 0x0c417820, 0x0c401820, 0x0c403820,
					  0x0d00c820, 0x0d404420, 0x0d409420, 0x0d417820};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct decode d = decode_load_store(cases[i].word);
		bool post = has(cases[i].flags, 'b');

		if (d.kind != DECODE_STRUCTURE || !d.vector ||
		    d.write != has(cases[i].flags, 'w') || d.quad != has(cases[i].flags, 'q') ||
		    d.writeback != post || d.post != post)
			fail_msg("%s: flags", cases[i].text);
		if (d.size != cases[i].size || d.count != cases[i].count ||
		    d.group != cases[i].group || d.lanes != cases[i].lanes ||
		    d.lane != cases[i].lane || d.rt[0] != cases[i].rt)
			fail_msg("%s: registers", cases[i].text);
		if (d.base != cases[i].base || d.index != cases[i].index ||
		    d.offset != cases[i].offset || d.shift)
			fail_msg("%s: address", cases[i].text);
	}
	for (size_t i = 0; i < sizeof(unallocated) / sizeof(unallocated[0]); i++)
		assert_int_equal(decode_load_store(unallocated[i]).kind, DECODE_NONE);
}

static void test_authenticated(void **state)
{
	struct decode d = decode_load_store(0xf8201441); /* ldraa x1, [x2, #8] */

	(void)state;
	assert_int_equal(d.kind, DECODE_ACCESS);
	assert_true(d.signed_base && d.wide && !d.writeback && !d.write && !d.post);
	assert_true(d.size == 8 && d.count == 1 && d.rt[0] == 1 && d.base == 2 && d.offset == 8);
	d = decode_load_store(0xf8fffc41); /* ldrab x1, [x2, #-8]! */
	assert_true(d.signed_base && d.writeback && d.offset == -8);
	d = decode_load_store(0xf8600441); /* ldraa x1, [x2, #-4096] */
	assert_true(d.signed_base && !d.writeback && d.offset == -4096);
	assert_int_equal(decode_load_store(0xb8201441).kind, DECODE_NONE); /* of 4 bytes */
}

/* Whatever word: what mmio.c relies on. DECODE_SEED in the environment repeats a run. */
static void test_random(void **state)
{
	const char *given = getenv("DECODE_SEED");
	u64 x = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned n = 0; n < 1000000; n++) {
		struct decode d;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		/* half of them among the loads and stores: bits 27 and 25 are 1 and 0 */
		d = decode_load_store(x >> 63 ? (u32)x : ((u32)x | 0x08000000) & ~0x02000000u);
		if (d.kind == DECODE_STRUCTURE) {
			assert_true(d.lanes && d.count <= 4 && d.count % d.group == 0);
			assert_true(d.size * d.count * d.lanes <= 64 && d.size <= 8);
			assert_true(d.lane == 0xff || (d.lane + 1) * d.size <= 16);
			assert_true(d.lanes == 1 || (d.lanes * d.size <= 16 && !d.lane));
			continue;
		}
		if (d.kind != DECODE_ACCESS)
			continue;
		assert_true(d.size && !(d.size & (d.size - 1)) && d.size <= (d.vector ? 16 : 8));
		assert_true(d.count == 1 || d.count == 2);
		assert_true(d.rt[0] < 32 && d.rt[1] < 32);
		assert_true(d.base < 32 || d.base == PC);
		assert_true(d.index < 32 || d.index == NO);
		assert_true(d.shift <= 4 && d.offset >= -0x100000 && d.offset < 0x100000);
		assert_false(d.base == PC && d.writeback);
		assert_false(d.write && d.sign);
		(void)decode_offset(&d, x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	   cmocka_unit_test(test_offset),
		cmocka_unit_test(test_structures), cmocka_unit_test(test_authenticated),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
