// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest worker: fills memory with squares, adds them up, and compares with the closed
 * formula. Made to run hundreds of times at once, each in as little as 64 KiB of memory.
 */
#include "rt.h"

#define N 2048ul

static u64 squares[N];

int main(void)
{
	u64 rounds = arg_u64("rounds", 4), right = (N - 1) * N * (2 * N - 1) / 6, sum, i, r;

	for (r = 0; r < rounds; r++) {
		for (i = 0; i < N; i++)
			squares[i] = i * i + r;
		yield();
		sum = 0;
		for (i = 0; i < N; i++)
			sum += *(volatile u64 *)&squares[i];
		if (sum != right + N * r) {
			print("sum %lu in round %lu: WRONG\n", sum, r);
			return 1;
		}
	}
	print("sum %lu: right\n", right);
	return 0;
}
