// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: honest work beside a hostile one. Each round fills memory from a seed and checks its
 * sum, does the same through vector registers and double precision, and is interrupted by its timer
 * the while; nothing of that may ever come out wrong. Ends with 0 and one line if all was right.
 *
 * Built with FP/SIMD allowed.
 */
#include "rt.h"

#define WORDS 4096

static u64 memory[WORDS];
static volatile u64 ticks;

static void tick(u32 intid)
{
	(void)intid;
	ticks++;
	timer_at(timer_now() + timer_hz() / 500);
}

static bool memory_right(u64 seed)
{
	u64 state = seed, sum = 0, again = 0, i;

	for (i = 0; i < WORDS; i++) {
		memory[i] = xorshift(&state);
		sum += memory[i];
	}
	for (i = 0; i < WORDS; i++)
		again += *(volatile u64 *)&memory[i];
	return sum == again;
}

/* 1 + 2 + ... by doubles: exact, as all sums stay below 2^53. */
static bool doubles_right(u64 n)
{
	double sum = 0;
	u64 i;

	for (i = 1; i <= n; i++)
		sum += (double)i;
	return (u64)sum == n * (n + 1) / 2;
}

/* A value in V8, and one in V31, across a yield: V8 and up are seldom touched by anything else. */
static bool vectors_right(u64 a, u64 b)
{
	u64 c, d;

	__asm__ volatile("dup v8.2d, %2\n dup v31.2d, %3\n yield\n mov x0, #1\n"
			 "movk x0, #0x8400, lsl #16\n hvc #0\n" /* a PSCI number that is not */
			 "mov %0, v8.d[1]\n mov %1, v31.d[0]"
			 : "=&r"(c), "=&r"(d)
			 : "r"(a), "r"(b)
			 : "x0", "x1", "x2", "x3", "v8", "v31", "memory");
	return a == c && b == d;
}

int main(void)
{
	u64 rounds = arg_u64("rounds", 200), wrong = 0, last = timer_now(), now, r;

	gic_init();
	irq_enable(SKERRY_INTID_VTIMER, tick);
	timer_at(timer_now() + timer_hz() / 500);
	irq_on();
	for (r = 1; r <= rounds; r++) {
		wrong += !memory_right(r * 0x9e3779b97f4a7c15);
		wrong += !doubles_right(5000 + r);
		wrong += !vectors_right(r * 0x0123456789abcdef, ~r);
		now = timer_now();
		wrong += now < last;
		last = now;
		yield();
	}
	timer_stop();
	if (wrong)
		print("honest: %lu of %lu rounds WRONG\n", wrong, rounds);
	else
		print("honest: all sums right\n");
	return wrong != 0;
}
