// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: never gives the CPU away, and counts how often it could go round its loop in `ms`
 * milliseconds (default 1000) of guest time. Before and after it spins `margin` ms (default 250)
 * without counting, so that spinners started one after another all compete while one counts.
 */
#include "rt.h"

static u64 spin_until(u64 when)
{
	u64 n = 0;

	while (timer_now() < when)
		n++;
	return n;
}

int main(void)
{
	u64 ms = timer_hz() / 1000, begin = timer_now() + ms * arg_u64("margin", 250);
	u64 end = begin + ms * arg_u64("ms", 1000), n;

	spin_until(begin);
	n = spin_until(end);
	spin_until(end + ms * arg_u64("margin", 250));
	print("spin %lu\n", n);
	return 0;
}
