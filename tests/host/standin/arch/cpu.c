// SPDX-License-Identifier: Apache-2.0
#include "arch/cpu.h"

#include <stdio.h>
#include <stdlib.h>

void (*standin_on_wait)(void);
u64 standin_midr = 0x411fd070;
u64 standin_random;
u64 standin_last_call;

static void wait(const char *what)
{
	static unsigned in_vain;

	if (standin_on_wait) {
		in_vain = 0;
		standin_on_wait();
	} else if (++in_vain == 1000) {
		fprintf(stderr, "%s: nobody will ever come\n", what);
		abort();
	}
}

void cpu_wait(void)
{
	wait("cpu_wait");
}

void cpu_relax(void)
{
	wait("cpu_relax");
}

void cpu_halt(void)
{
	fprintf(stderr, "cpu_halt\n");
	abort();
}

u64 cpu_midr(void)
{
	return standin_midr;
}

unsigned cpu_level(void)
{
	return 2;
}

void cpu_init(void)
{
}

u64 cpu_guest_hcr(void)
{
	/* VM, FMO, IMO, AMO, TSC, RW: what of HCR_EL2 the code above arch/ could depend on */
	return 0x80080039;
}

u64 cpu_secondary_address(void)
{
	return 0x40200000;
}

u64 cpu_smc(u64 function, u64 a, u64 b, u64 c)
{
	(void)a, (void)b, (void)c;
	standin_last_call = function;
	return ~0ULL; /* NOT_SUPPORTED */
}

u64 cpu_hvc(u64 function, u64 a, u64 b, u64 c)
{
	return cpu_smc(function, a, b, c);
}

const char cpu_probe_load[4] = "ldr";

u32 cpu_probe_read32(u64 address)
{
	(void)address;
	return 0; /* there is nothing anywhere */
}

bool cpu_random(u64 *word)
{
	if (!standin_random)
		return false;
	*word = standin_random++;
	return true;
}
