// SPDX-License-Identifier: Apache-2.0
/*
 * A device of the board as its tree describes it, for giving it to a guest: its registers, its
 * interrupts, who else is on the same pages, and whether it can get at memory by itself.
 */
#ifndef BOARD_DEVICE_H
#define BOARD_DEVICE_H

#include "board/board.h"

#define DEVICE_REGS_MAX 4
#define DEVICE_IRQS_MAX 8
#define DEVICE_REG_SIZE_MAX MIB
#define DEVICE_COMPATIBLE_MAX 128 /* bytes */

struct device {
	int node; /* in the board's tree */
	struct fdt_range regs[DEVICE_REGS_MAX];
	u32 reg_count;
	struct {
		u32 intid; /* an SPI */
		bool level;
	} irqs[DEVICE_IRQS_MAX];
	u32 irq_count;
	const char *dma; /* why it is taken to access memory by itself; NULL: it is known not to */
	int neighbour;	 /* the first other node with registers on one of its pages; -1: none */
	u64 neighbour_page;
};

/*
 * The device at `path` (or alias) of the board's tree. False: why says what about it can't be given to
 * a guest, whatever the bundle accepts: there is none, it is off, has no registers that the CPUs reach
 * or too many, interrupts that EL2 can't route. Reads the tree only.
 */
bool device_find(const struct fdt *tree, const char *path, struct device *device,
		 struct fdt_error *why) MUST_CHECK;

/* What EL2 itself has on a page of the device, or behind one of its interrupts: never a guest's. NULL:
 * nothing. */
const char *device_of_el2(const struct board *machine, const struct device *device);

#endif
