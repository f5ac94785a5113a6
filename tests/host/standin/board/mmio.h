// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for el2/board/mmio.h in host tests of drivers: the test that is linked with one answers its
 * accesses.
 */
#ifndef STANDIN_BOARD_MMIO_H
#define STANDIN_BOARD_MMIO_H

#include "lib/types.h"

u32 mmio_read32(u64 address);
void mmio_write32(u64 address, u32 value);

static inline bool mmio_wait_clear(u64 address, u32 mask)
{
	for (unsigned polls = 0; polls < 100000; polls++)
		if (!(mmio_read32(address) & mask))
			return true;
	return false;
}

#endif
