// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: ends in the way that bootargs say, how=...
 *
 *   exit3    exit code 3                     off      PSCI SYSTEM_OFF
 *   vectors  UDF with vectors nowhere        abort    load from nowhere with vectors nowhere
 *   pc       jump to nowhere, vectors too    mmu      the same by a table walk: TTBR0 nowhere
 *   panic    UDF: own report, code 255       cpuoff   the only CPU turns itself off
 *
 * Nowhere is an address that our own table has as memory, so that it is stage 2 that has not.
 */
#include "rt.h"

#define NOWHERE 0x7f000000ul

static bool is(const char *how)
{
	return arg_is("how", how);
}

static void without_vectors(void)
{
	write_sysreg(vbar_el1, NOWHERE);
	if (is("vectors"))
		__asm__ volatile(".inst 0");
	else if (is("abort"))
		load32(NOWHERE);
	else if (is("pc"))
		((void (*)(void))NOWHERE)();
	else if (is("mmu")) {
		write_sysreg(ttbr0_el1, NOWHERE);
		__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	}
}

int main(void)
{
	print("crash: on purpose\n");
	if (is("exit3"))
		return 3;
	if (is("off"))
		hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (is("cpuoff"))
		hypercall(PSCI_CPU_OFF, 0, 0, 0);
	else if (is("panic"))
		__asm__ volatile(".inst 0");
	else
		without_vectors();
	print("FAIL still alive\n");
	return 1;
}
