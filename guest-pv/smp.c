// SPDX-License-Identifier: Apache-2.0
/*
 * CPUs that start each other and share work: CPU n starts CPU n + 1 by PSCI CPU_ON (DEN0022
 * 5.6), then all take pieces of one sum under a lock until none is left.
 *
 * The lock is all that keeps two CPUs from taking the same piece; without it the sum comes out
 * wrong sooner or later. Acquire and release order what lies between (Arm ARM B2.3).
 */
#include "rt.h"

#define PIECES 200
#define PIECE 10000ul

static struct lock work_lock;
static u64 next_piece, total;
static u64 done_by[SKERRY_VCPUS_MAX];
static volatile u32 up, finished;

/* Look, and let others run, once in 100 us: oftener would keep the hypervisor from better work. */
static void wait_for_all(volatile u32 *count)
{
	u64 next;

	while (*count < cpu_count()) {
		next = timer_now() + timer_hz() / 10000;
		while (timer_now() < next)
			;
		yield();
	}
}

static u64 add_up(u64 from, u64 to)
{
	u64 sum = 0, i;

	for (i = from; i < to; i++)
		sum += i * i;
	return sum;
}

static void work(u32 me)
{
	u64 piece, sum = 0;

	wait_for_all(&up);
	for (;;) {
		lock(&work_lock);
		piece = next_piece++;
		total += sum;
		unlock(&work_lock);
		if (piece >= PIECES)
			break;
		sum = add_up(piece * PIECE, (piece + 1) * PIECE);
		done_by[me]++;
	}
	lock(&work_lock);
	finished++;
	unlock(&work_lock);
}

static void start(u64 me)
{
	u32 next = (u32)me + 1;
	s64 answer;

	print("CPU %lu is up, MPIDR %lx\n", me, read_sysreg(mpidr_el1) & 0xff00ffffff);
	lock(&work_lock);
	up++;
	unlock(&work_lock);
	if (next < cpu_count()) {
		answer = cpu_start(next, start, next);
		if (answer) {
			print("CPU_ON of CPU %u: %ld\n", next, answer);
			guest_exit(1);
		}
	}
	work((u32)me);
}

int main(void)
{
	u64 n = PIECES * PIECE, right = (n - 1) * n * (2 * n - 1) / 6, i;

	start(0);
	wait_for_all(&finished);
	for (i = 0; i < cpu_count(); i++)
		print("CPU %lu did %lu pieces\n", i, done_by[i]);
	print("sum %lu: %s\n", total, total == right ? "right" : "WRONG");
	return total != right;
}
