// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: honest work beside a hostile one. Each round fills memory from a seed and checks its
 * sum, does the same through vector registers and double precision, and is interrupted by its timer
 * the while; nothing of that may ever come out wrong. Ends with 0 and one line if all was right.
 *
 * bootargs: rounds=, or ms= of guest time that it goes on; with ms= it also tells how many thousandths of
 * that time it had, and fails if a round took more than deadline= us of it: what others had meanwhile is
 * stolen time (DEN0057) and does not count.
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

#define CPU_SUSPEND 0x84000001 /* PSCI: until the next tick */
#define NO_CALL 0x8400001f     /* PSCI has none of this number */

/* A value in V8, and one in V31, across a call: V8 and up are seldom touched by anything else. */
static bool vectors_right(u64 a, u64 b, u64 call)
{
	u64 c, d;

	__asm__ volatile("dup v8.2d, %2\n dup v31.2d, %3\n yield\n mov x0, %4\n mov x1, xzr\n"
			 "hvc #0\n mov %0, v8.d[1]\n mov %1, v31.d[0]"
			 : "=&r"(c), "=&r"(d)
			 : "r"(a), "r"(b), "r"(call)
			 : "x0", "x1", "x2", "x3", "v8", "v31", "memory");
	return a == c && b == d;
}

static const volatile u64 *stolen_record; /* revision and attributes, stolen ns */

/* Microseconds of guest time in which this CPU ran. */
static u64 own_us(void)
{
	u64 stolen, us;

	do {
		stolen = stolen_record[1];
		us = timer_now() * 1000000 / timer_hz();
	} while (stolen != stolen_record[1]); /* it was off the CPU in between */
	return us - stolen / 1000;
}

static bool round_right(u64 r, u64 call)
{
	return memory_right(r * 0x9e3779b97f4a7c15) & doubles_right(5000 + r) &
	       vectors_right(r * 0x0123456789abcdef, ~r, call);
}

#define MARGIN_MS 250

/* As many rounds as there is time for. */
static bool in_time(u64 ms)
{
	u64 hz = timer_hz(), begin, first, before, longest = 0, wrong = 0, r, share;
	u64 record = hypercall(PV_TIME_ST, 0, 0, 0).x0, elapsed;

	if ((s64)record < 0) {
		print("honest: no stolen time\n");
		return false;
	}
	stolen_record =
		(const volatile u64 *)(0xc0000000 + record); /* as memory, not as a device */
	while (timer_now() < MARGIN_MS * hz / 1000)	     /* until others are there too */
		;
	begin = timer_now();
	first = own_us();
	for (r = 1; timer_now() - begin < ms * hz / 1000; r++) {
		before = own_us();
		wrong += !round_right(r, NO_CALL);
		before = own_us() - before;
		longest = before > longest ? before : longest;
	}
	elapsed = (timer_now() - begin) * 1000000 / hz;
	share = (own_us() - first) * 1000 / elapsed;
	begin = timer_now();
	while (timer_now() - begin < MARGIN_MS * hz / 1000) /* while others still look */
		;
	print("honest: %lu rounds, %lu wrong, one took %lu us at most, had %lu of 1000\n", r - 1,
	      wrong, longest, share);
	return !wrong && longest <= arg_u64("deadline", ~0ul);
}

int main(void)
{
	u64 rounds = arg_u64("rounds", 200), wrong = 0, last = timer_now(), now, r;
	u64 ms = arg_u64("ms", 0);

	gic_init();
	irq_enable(SKERRY_INTID_VTIMER, tick);
	timer_at(timer_now() + timer_hz() / 500);
	irq_on();
	if (ms)
		return !in_time(ms);
	for (r = 1; r <= rounds; r++) {
		wrong += !round_right(r, CPU_SUSPEND);
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
