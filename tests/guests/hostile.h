/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hostile guests share: calls by chance. Who includes this says by address() where
 * to, and has set `seed` and `ram_end` before.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "rt.h"

static u64 seed, ram_end;

static u64 address(void);

static u64 rnd(void)
{
	return xorshift(&seed);
}

static u64 argument(void)
{
	u64 r = rnd();

	switch (r & 7) {
	case 0:
		return r >> 3;
	case 1:
		return ram_end - (r >> 3 & 0xfff);
	case 2:
		return ~(r >> 3 & 0xfff);
	case 3:
		return 1ul << (r >> 3 & 63);
	case 4:
		return r >> 3 & 31;
	default:
		return address();
	}
}

/* Calls that end us, or wait for what doesn't come; 32-bit and 64-bit forms alike. */
static bool final(u32 id)
{
	switch (id & ~0x40000000u) {
	case PSCI_CPU_SUSPEND & ~0x40000000u:
	case PSCI_CPU_OFF:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case 0x84000012: /* SYSTEM_RESET2 */
	case 0x8400000c: /* CPU_FREEZE, CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND */
	case 0x8400000d:
	case 0x8400000e:
	case SKERRY_EXIT & ~0x40000000u:
	case SKERRY_WATCHDOG & ~0x40000000u: /* it would have to be fed */
		return true;
	default:
		return false;
	}
}

static u64 call_id(void)
{
	static const u32 bases[] = {SKERRY_FEATURES, SKERRY_CALL_COUNT, PSCI_VERSION,	 0xc4000000,
				    SMCCC_VERSION,   PV_TIME_FEATURES,	TRNG_VERSION,	 0x86000000,
				    PSCI_CPU_ON,     TRNG_RND,		SKERRY_DOORBELL, 0x84000010,
				    SKERRY_WHO_AM_I, 0xc5000000,	0x82000000,	 0};
	u64 r = rnd(), id = bases[r & 15] + (r >> 8 & 31);

	if ((r >> 16 & 15) == 0)
		id = r >> 32;
	return r >> 20 & 1 ? id | (u64)r << 32 : id; /* what lies above w0 must not matter */
}

#endif
