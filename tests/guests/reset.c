// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: SYSTEM_RESET starts it again, once, from a clean copy of its image and clean memory.
 * That it was here before it writes into a channel's memory, which belongs to the peer as well and
 * outlives the reset (`peer=1` in bootargs: it is the peer, and waits until the other is done).
 */
#include "rt.h"

#define MARK 0x6b7a5c3d2e1f0099ul

/* In the image's data, in its bss, and beyond it. */
static volatile u64 in_data = 1;
static volatile u64 in_bss;

static int second_life(volatile u64 *lives, volatile u64 *beyond)
{
	bool clean = in_data == 1 && in_bss == 0 && *beyond == 0;

	print("%s after the reset: data %lx, bss %lx, memory %lx\n", clean ? "PASS" : "FAIL",
	      in_data, in_bss, *beyond);
	__atomic_store_n(lives, 3, __ATOMIC_RELEASE);
	return !clean;
}

int main(void)
{
	u64 base = 0, size = 0;
	volatile u64 *lives, *beyond;
	struct channel c;

	if (!channel_open(0, &c) || !fdt_reg(fdt_named("memory", 0), 0, &base, &size)) {
		print("FAIL no channel\n");
		return 1;
	}
	lives = c.memory;
	beyond = (volatile u64 *)(base + size - 8);
	if (arg_u64("peer", 0)) {
		while (__atomic_load_n(lives, __ATOMIC_ACQUIRE) != 3)
			yield();
		print("PASS the other came back\n");
		return 0;
	}
	if (*lives == 1)
		return second_life(lives, beyond);
	print("first life, reset\n");
	in_data = in_bss = *beyond = MARK;
	*lives = 1;
	dsb();
	hypercall(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("FAIL the reset came back\n");
	return 1;
}
