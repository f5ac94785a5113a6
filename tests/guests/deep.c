// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: stands some calls deep and counts, with known values in memory and in a V register, for
 * who looks into it from outside: a dump, a step, a stop at an address. bootargs: crash: the innermost
 * crashes, by a load from nowhere with vectors nowhere.
 */
#include "rt.h"

#define NOWHERE 0x7f000000ul

volatile u64 deep_witness[2] = {0x536b657272792121, 0};
volatile u64 deep_count;

__attribute__((noinline)) void deep_beat(void)
{
	deep_count++;
}

__attribute__((noinline)) void deep_inner(u64 key)
{
	deep_witness[1] = key;
	if (arg_is("crash", "yes")) {
		write_sysreg(vbar_el1, NOWHERE);
		load32(NOWHERE);
	}
	for (;;)
		deep_beat();
}

__attribute__((noinline)) void deep_middle(u64 key)
{
	deep_inner(key ^ deep_witness[0]);
	print("never\n");
}

__attribute__((noinline)) void deep_outer(void)
{
	deep_middle(0x1234);
	print("never\n");
}

int main(void)
{
	__asm__ volatile("fmov d8, %0" : : "r"(0x400921fb54442d18ul)); /* pi */
	print("deep: down\n");
	deep_outer();
	return 1;
}
