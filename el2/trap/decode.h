// SPDX-License-Identifier: Apache-2.0
/*
 * A64 load and store instructions taken apart, for accesses to emulated devices that the CPU reports
 * without a syndrome (ESR_EL2.ISV = 0): write-back forms, pairs, SIMD&FP registers. Pure function of
 * the instruction word, Arm ARM C4.1.94.
 */
#ifndef TRAP_DECODE_H
#define TRAP_DECODE_H

#include "lib/types.h"

enum decode_kind {
	DECODE_NONE,	  /* no load or store, unallocated, or one that no device can carry out */
	DECODE_ACCESS,	  /* described by the rest */
	DECODE_HINT,	  /* a prefetch: may be left undone */
	DECODE_EXCLUSIVE, /* exclusive or atomic */
	DECODE_ZERO,	  /* DC ZVA */
	DECODE_STRUCTURE, /* LD1..LD4, ST1..ST4, LD1R..LD4R: elements of V registers */
};

#define DECODE_NO_INDEX 0xff
#define DECODE_PC 0xfe /* base: literal loads */
#define DECODE_ALL_LANES 0xff

struct decode {
	u8 kind; /* enum decode_kind */
	bool write;
	bool vector; /* rt are V registers */
	bool sign;   /* a load that sign-extends … */
	bool wide;   /* … to 64 bits; else to 32 */
	bool writeback;
	bool post;	  /* the address is the base, before the offset */
	bool signed_base; /* LDRAA, LDRAB: the base is signed; where it leads, the fault says */
	u8 size;	  /* bytes a register: 1, 2, 4, 8, 16 */
	u8 count;	  /* registers: 1 or 2 */
	u8 rt[2];	  /* 31: zero (not for vector) */
	u8 base;	  /* 31: SP; DECODE_PC */
	u8 index;	  /* offset register, DECODE_NO_INDEX if none */
	u8 extend;	  /* of the index: 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX */
	u8 shift;	  /* of the index */
	u8 lanes;   /* STRUCTURE: elements a register, each of `size` bytes; 1: only `lane` of it */
	u8 lane;    /* which, or DECODE_ALL_LANES: the same in all (as many as `quad` says) */
	u8 group;   /* registers that lie interleaved in memory */
	bool quad;  /* all 128 bits; else the upper half becomes zero */
	s64 offset; /* immediate, in bytes */
};

struct decode decode_load_store(u32 instruction);

/* The offset in bytes, `index` being the index register's value. */
u64 decode_offset(const struct decode *d, u64 index);

#endif
