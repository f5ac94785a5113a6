// SPDX-License-Identifier: Apache-2.0
/*
 * Device registers, by address: one access of exactly the width named, in program order among
 * themselves (Device-nGnRE memory, or all memory while the MMU is off). No barrier against normal
 * memory: where a device must see what was written to RAM before, the driver says so.
 */
#ifndef BOARD_MMIO_H
#define BOARD_MMIO_H

#include "lib/types.h"

static inline u32 mmio_read32(u64 address)
{
	return *(const volatile u32 *)address;
}

static inline void mmio_write32(u64 address, u32 value)
{
	*(volatile u32 *)address = value;
}

static inline u8 mmio_read8(u64 address)
{
	return *(const volatile u8 *)address;
}

static inline void mmio_write8(u64 address, u8 value)
{
	*(volatile u8 *)address = value;
}

static inline u64 mmio_read64(u64 address)
{
	return *(const volatile u64 *)address;
}

static inline void mmio_write64(u64 address, u64 value)
{
	*(volatile u64 *)address = value;
}

/* Polls until the bits of `mask` read as zero. The bound (some milliseconds on any machine) keeps
 * a device that does not answer from stopping the boot; false: it did not. */
static inline bool mmio_wait_clear(u64 address, u32 mask)
{
	for (unsigned polls = 0; polls < 100000; polls++)
		if ((mmio_read32(address) & mask) == 0)
			return true;
	return false;
}

#endif
