// SPDX-License-Identifier: Apache-2.0
/*
 * One access of a guest to an emulated device, decoded: how trap/ asks vdev/.
 */
#ifndef VDEV_MMIO_H
#define VDEV_MMIO_H

#include "lib/types.h"

struct mmio {
	u64 ipa;    /* address of the first byte */
	u64 offset; /* the same from the device's base: what devices look at */
	u64 value;  /* to write (upper bits clear), or what was read */
	u8 size; /* 1, 2, 4 or 8 bytes; 0 from a device that refused: run it again, there is more to do */
	bool write;
};

#endif
