// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: does a register that one guest writes show in another? Two of these share a channel and
 * a CPU. The reader notes what every MRS there is gives; the other (writer=1 in bootargs) writes a
 * pattern with every MSR there is; the reader looks again. What it sees change, counters aside, was
 * left in the hardware across the world switch: FAIL, with the encoding as op0 op1 CRn CRm op2.
 *
 * The writer spares what its own next instruction stands on.
 */
#include "rt.h"

#define ENCODINGS 0x8000u /* op0 = 2 or 3: o0:op1:CRn:CRm:op2, bits 19:5 of the instruction */
#define MRS 0xd5300000u	  /* + encoding << 5; Rt = 0 */
#define MSR 0xd5100000u
#define PATTERN 0x5a3c5a3c5a3c5a3cul

#define KEY(op0, op1, crn, crm, op2) \
	(((op0)-2u) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum { NOTED = 1, WRITTEN, SEEN };

static u32 code[2] __attribute__((aligned(64))) = {0, 0xd65f03c0}; /* RET */
static u64 noted[ENCODINGS];
static u8 readable[ENCODINGS];

/* Gives what it read; *ok: it was no exception. */
static u64 execute(u32 instruction, u64 value, bool *ok)
{
	u64 (*call)(u64 x0) = (u64(*)(u64))(void *)code;

	*(volatile u32 *)code = instruction;
	__asm__ volatile(
		"dc cvau, %0\n	dsb ish\n	ic ivau, %0\n	dsb ish\n	isb" ::"r"(code)
		: "memory");
	catch_begin();
	value = call(value);
	*ok = !catch_end();
	return value;
}

static bool one_of(u32 key, const u16 *keys, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (keys[i] == key)
			return true;
	return false;
}

/* Changes by itself, or with what has been done in between. */
static bool moves(u32 key)
{
	static const u16 keys[] = {
		KEY(3, 0, 4, 0, 0), /* SPSR_EL1, ELR, ESR, FAR: of the exceptions caught */
		KEY(3, 0, 4, 0, 1),  KEY(3, 0, 5, 2, 0),
		KEY(3, 0, 6, 0, 0),  KEY(3, 0, 12, 1, 0), /* ISR_EL1 */
		KEY(3, 3, 2, 4, 0),  KEY(3, 3, 2, 4, 1),  /* RNDR, RNDRRS */
		KEY(3, 3, 4, 2, 0),			  /* NZCV */
		KEY(3, 3, 14, 0, 1), KEY(3, 3, 14, 0, 2), /* CNTPCT, CNTVCT */
		KEY(3, 3, 14, 0, 5), KEY(3, 3, 14, 0, 6), /* the same, self-synchronized */
		KEY(3, 3, 14, 2, 0), KEY(3, 3, 14, 3, 0), /* CNTP_TVAL, CNTV_TVAL */
	};

	return one_of(key, keys, sizeof(keys) / sizeof(keys[0]));
}

/* Written, the writer's next instruction would be another: PSTATE, stack, vectors, map, this CPU. */
static bool spared(u32 key)
{
	static const u16 keys[] = {
		KEY(3, 0, 1, 0, 0),  KEY(3, 0, 1, 0, 3), /* SCTLR, SCTLR2 */
		KEY(3, 0, 2, 0, 0),  KEY(3, 0, 2, 0, 1),
		KEY(3, 0, 2, 0, 2),			  /* TTBR0, TTBR1, TCR */
		KEY(3, 0, 2, 0, 3),  KEY(3, 0, 10, 2, 0), /* TCR2, MAIR */
		KEY(3, 0, 10, 2, 2), KEY(3, 0, 10, 2, 3), /* PIRE0, PIR */
		KEY(3, 0, 12, 0, 0), KEY(3, 0, 13, 0, 4), /* VBAR, TPIDR_EL1 */
	};

	return (key & ~0x3fffu) == KEY(3, 0, 0, 0, 0) &&
	       ((key >> 7 & 15) == 4 || one_of(key, keys, sizeof(keys) / sizeof(keys[0])));
}

static void wait_for(volatile u64 *step, u64 value)
{
	while (*step != value)
		yield();
}

static int writer(volatile u64 *step)
{
	u32 key, written = 0;
	bool ok;

	wait_for(step, NOTED);
	for (key = 0; key < ENCODINGS; key++) {
		if (spared(key))
			continue;
		(void)execute(MSR | key << 5, PATTERN, &ok);
		written += ok;
	}
	print("leak: wrote %u registers\n", written);
	*step = WRITTEN;
	wait_for(step, SEEN);
	return 0;
}

static int reader(volatile u64 *step)
{
	u32 key, wrong = 0, seen = 0;
	u64 value;
	bool ok;

	for (key = 0; key < ENCODINGS; key++) {
		noted[key] = execute(MRS | key << 5, 0, &ok);
		readable[key] = ok && !moves(key);
		seen += ok;
	}
	*step = NOTED;
	wait_for(step, WRITTEN);
	for (key = 0; key < ENCODINGS; key++) {
		if (!readable[key])
			continue;
		value = execute(MRS | key << 5, 0, &ok);
		if (ok && value == noted[key])
			continue;
		wrong++;
		print("FAIL %u %u %u %u %u was %lx, is %lx\n", (key >> 14) + 2, key >> 11 & 7,
		      key >> 7 & 15, key >> 3 & 15, key & 7, noted[key], value);
	}
	print("leak: read %u registers, %u leak\n", seen, wrong);
	*step = SEEN;
	return wrong != 0;
}

int main(void)
{
	struct channel c;

	if (!channel_open(0, &c)) {
		print("FAIL no channel\n");
		return 1;
	}
	return arg_u64("writer", 0) ? writer(c.memory) : reader(c.memory);
}
