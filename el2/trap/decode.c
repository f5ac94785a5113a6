// SPDX-License-Identifier: Apache-2.0
/*
 * Decoder of A64 loads and stores (Arm ARM C4.1.94). Runs at EL2; no state, no effects: any 32-bit
 * word is safe to give. Memory tagging and memory copies are NONE.
 */
#include "trap/decode.h"

#define RT(i) ((u8)FIELD(i, 4, 0))
#define RN(i) ((u8)FIELD(i, 9, 5))
#define RT2(i) ((u8)FIELD(i, 14, 10))
#define RM(i) ((u8)FIELD(i, 20, 16))
#define V(i) (((i) >> 26) & 1)
#define OPC(i) FIELD(i, 23, 22)
#define SIZE(i) FIELD(i, 31, 30)

static s64 sign_extend(u64 value, unsigned bits)
{
	u64 top = BIT(bits - 1);

	return (s64)((value ^ top) - top);
}

static struct decode of_kind(enum decode_kind kind)
{
	return (struct decode){.kind = (u8)kind, .index = DECODE_NO_INDEX, .count = 1};
}

/*
 * What size and opc say in all forms with one register: size 3 with opc 2 is a prefetch; V registers
 * are 1 to 8 bytes by size, 16 with size 0 and the upper bit of opc.
 */
static struct decode single(u32 i)
{
	struct decode d = of_kind(DECODE_ACCESS);
	unsigned size = (unsigned)SIZE(i), opc = (unsigned)OPC(i);

	d.rt[0] = RT(i);
	d.base = RN(i);
	d.vector = V(i);
	if (d.vector) {
		if (opc & 2 && size)
			return of_kind(DECODE_NONE);
		d.size = (u8)(opc & 2 ? 16u : 1u << size);
		d.write = !(opc & 1);
		return d;
	}
	if (size == 3 && opc == 2)
		return of_kind(DECODE_HINT);
	if (opc == 3 && size >= 2)
		return of_kind(DECODE_NONE);
	d.size = (u8)(1u << size);
	d.write = opc == 0;
	d.sign = opc >= 2;
	d.wide = opc == 2 || (opc == 1 && size == 3);
	return d;
}

static struct decode unsigned_offset(u32 i)
{
	struct decode d = single(i);

	d.offset = (s64)(FIELD(i, 21, 10) * d.size);
	return d;
}

/* Bits 11:10: unscaled, post-indexed, unprivileged, pre-indexed. */
static struct decode imm9(u32 i)
{
	struct decode d = single(i);
	unsigned form = (unsigned)FIELD(i, 11, 10);

	if ((d.kind == DECODE_HINT && form != 0) || (d.vector && form == 2))
		return of_kind(DECODE_NONE);
	d.offset = sign_extend(FIELD(i, 20, 12), 9);
	d.writeback = form & 1;
	d.post = form == 1;
	return d;
}

static struct decode register_offset(u32 i)
{
	struct decode d = single(i);

	d.extend = (u8)FIELD(i, 15, 13);
	if (!(d.extend & 2))
		return of_kind(DECODE_NONE);
	d.index = RM(i);
	if (FIELD(i, 12, 12))
		d.shift = (u8)__builtin_ctz(d.size | 0x100);
	return d;
}

/* Loads and stores with acquire and release: no offset, no extension by sign. */
static struct decode base_only(u32 i, bool write)
{
	struct decode d = of_kind(DECODE_ACCESS);

	d.rt[0] = RT(i);
	d.base = RN(i);
	d.size = (u8)(1u << SIZE(i));
	d.write = write;
	d.wide = SIZE(i) == 3;
	return d;
}

/* LDAPR stands among the atomics, being one without an operand. */
static struct decode atomic(u32 i)
{
	if (V(i))
		return of_kind(DECODE_NONE);
	if ((i & 0x04fffc00) == 0x00bfc000)
		return base_only(i, false);
	return of_kind(DECODE_EXCLUSIVE);
}

/* LDRAA, LDRAB: 8 bytes, bit 22 is the sign of the offset, bit 11 asks for write-back. */
static struct decode authenticated(u32 i)
{
	struct decode d = of_kind(DECODE_ACCESS);
	u64 offset = FIELD(i, 20, 12) | FIELD(i, 22, 22) << 9;

	if (V(i) || SIZE(i) != 3)
		return of_kind(DECODE_NONE);
	d.rt[0] = RT(i);
	d.base = RN(i);
	d.size = 8;
	d.wide = true;
	d.signed_base = true;
	d.offset = sign_extend(offset, 10) * 8;
	d.writeback = FIELD(i, 11, 11);
	return d;
}

/* size 111 V 00 1: by bits 11:10 atomics, register offset, loads by a signed base */
static struct decode with_register(u32 i)
{
	switch (FIELD(i, 11, 10)) {
	case 0:
		return atomic(i);
	case 2:
		return register_offset(i);
	default:
		return authenticated(i);
	}
}

/* Behind the last element, or by a register. */
static struct decode post_index(u32 i, struct decode d)
{
	d.writeback = d.post = FIELD(i, 23, 23);
	if (!d.post)
		return d;
	if (RM(i) == 31) {
		d.offset = d.size * d.lanes * d.count;
	} else {
		d.index = RM(i);
		d.extend = 3;
	}
	return d;
}

static struct decode structure(u32 i)
{
	struct decode d = of_kind(DECODE_STRUCTURE);

	d.vector = true;
	d.write = !FIELD(i, 22, 22);
	d.quad = FIELD(i, 30, 30);
	d.rt[0] = RT(i);
	d.base = RN(i);
	return d;
}

/* Opcode: bits 15:12 say how many registers, and how many of these are interleaved. */
static struct decode structures(u32 i)
{
	static const u8 counts[16] = {
		[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};
	struct decode d = structure(i);
	unsigned opcode = (unsigned)FIELD(i, 15, 12);

	d.count = counts[opcode];
	d.group = opcode & 2 ? 1 : d.count;
	d.size = (u8)(1u << FIELD(i, 11, 10));
	d.lanes = (u8)((d.quad ? 16u : 8u) / d.size);
	if (!d.count || (d.lanes == 1 && d.group > 1) || FIELD(i, 21, 21) ||
	    (!FIELD(i, 23, 23) && RM(i)))
		return of_kind(DECODE_NONE);
	return post_index(i, d);
}

/* Opcode in bits 15:13; the lane's number is made of Q, S (12) and what size (11:10) leaves. */
static struct decode one_lane(u32 i)
{
	struct decode d = structure(i);
	unsigned scale = (unsigned)FIELD(i, 15, 14), size = (unsigned)FIELD(i, 11, 10);
	unsigned lane = (unsigned)FIELD(i, 30, 30) << 3 | (unsigned)FIELD(i, 12, 10);

	d.count = d.group = (u8)((FIELD(i, 13, 13) << 1 | FIELD(i, 21, 21)) + 1);
	d.lanes = 1;
	if (scale == 3) {
		if (d.write || FIELD(i, 12, 12))
			return of_kind(DECODE_NONE);
		scale = size;
		lane = DECODE_ALL_LANES;
	} else if (scale == 2 && size == 1) {
		if (FIELD(i, 12, 12))
			return of_kind(DECODE_NONE);
		scale = 3;
		lane >>= 3;
	} else {
		if (size & (BIT(scale) - 1))
			return of_kind(DECODE_NONE);
		lane >>= scale;
	}
	if (!FIELD(i, 23, 23) && RM(i))
		return of_kind(DECODE_NONE);
	d.size = (u8)(1u << scale);
	d.lane = (u8)lane;
	d.quad |= lane != DECODE_ALL_LANES; /* the other lanes stay */
	return post_index(i, d);
}

/* Bits 24:23: no-allocate, post-indexed, offset, pre-indexed. */
static struct decode pair(u32 i)
{
	struct decode d = of_kind(DECODE_ACCESS);
	unsigned opc = (unsigned)SIZE(i), form = (unsigned)FIELD(i, 24, 23);

	d.vector = V(i);
	d.write = !FIELD(i, 22, 22);
	if (opc == 3 || (!d.vector && opc == 1 && (d.write || form == 0)))
		return of_kind(DECODE_NONE);
	if (d.vector)
		d.size = (u8)(4u << opc);
	else
		d.size = opc == 2 ? 8 : 4;
	d.sign = !d.vector && opc == 1; /* LDPSW */
	d.wide = !d.vector && opc >= 1;
	d.count = 2;
	d.rt[0] = RT(i);
	d.rt[1] = RT2(i);
	d.base = RN(i);
	d.offset = sign_extend(FIELD(i, 21, 15), 7) * d.size;
	d.writeback = form & 1;
	d.post = form == 1;
	return d;
}

static struct decode literal(u32 i)
{
	struct decode d = of_kind(DECODE_ACCESS);
	unsigned opc = (unsigned)SIZE(i);

	d.vector = V(i);
	if (opc == 3)
		return of_kind(d.vector ? DECODE_NONE : DECODE_HINT);
	if (d.vector)
		d.size = (u8)(4u << opc);
	else
		d.size = opc == 1 ? 8 : 4;
	d.sign = !d.vector && opc == 2; /* LDRSW */
	d.wide = !d.vector && opc >= 1;
	d.rt[0] = RT(i);
	d.base = DECODE_PC;
	d.offset = sign_extend(FIELD(i, 23, 5), 19) * 4;
	return d;
}

/* Bit 23 without bit 21: LDAR, STLR, LDLAR, STLLR; all else is exclusive or compare-and-swap. */
static struct decode ordered(u32 i)
{
	if (!FIELD(i, 23, 23) || FIELD(i, 21, 21))
		return of_kind(DECODE_EXCLUSIVE);
	return base_only(i, !FIELD(i, 22, 22));
}

/* LDAPUR, STLUR: general registers, unscaled, acquire and release. */
static struct decode ordered_imm9(u32 i)
{
	if (FIELD(i, 21, 21) || FIELD(i, 11, 10) || V(i) || single(i).kind == DECODE_HINT)
		return of_kind(DECODE_NONE);
	return imm9(i);
}

struct decode decode_load_store(u32 i)
{
	if ((i & 0x3b000000) == 0x39000000)
		return unsigned_offset(i);
	if ((i & 0x3b200000) == 0x38000000)
		return imm9(i);
	if ((i & 0x3b200000) == 0x38200000)
		return with_register(i);
	if ((i & 0x3a000000) == 0x28000000)
		return pair(i);
	if ((i & 0x3b000000) == 0x18000000)
		return literal(i);
	if ((i & 0x3f000000) == 0x08000000)
		return ordered(i);
	if ((i & 0x3f000000) == 0x19000000)
		return ordered_imm9(i);
	if ((i & 0xbf000000) == 0x0c000000)
		return structures(i);
	if ((i & 0xbf000000) == 0x0d000000)
		return one_lane(i);
	if ((i & 0xffffffe0) == 0xd50b7420)
		return of_kind(DECODE_ZERO);
	return of_kind(DECODE_NONE);
}

u64 decode_offset(const struct decode *d, u64 index)
{
	if (d->index == DECODE_NO_INDEX)
		return (u64)d->offset;
	switch (d->extend) {
	case 2: /* UXTW */
		index = (u32)index;
		break;
	case 6: /* SXTW */
		index = (u64)sign_extend((u32)index, 32);
		break;
	default: /* LSL, SXTX */
		break;
	}
	return index << d->shift;
}
