// SPDX-License-Identifier: Apache-2.0
/*
 * A walk over all nodes of the board's tree, with their registers and interrupts as the CPUs see them:
 * for those who look for one device (board/tree_device.c), beside board_read.
 */
#ifndef BOARD_TREE_NODES_H
#define BOARD_TREE_NODES_H

#include "board/board.h"

struct tree_node {
	int offset; /* as libfdt counts */
	u32 depth;  /* 1: the root */
	bool enabled;
	const struct reader *reader; /* for the functions below, while `visit` runs */
};

/* Calls `visit` for each node, front to back. False: the tree ends where it must not, or has an
 * interrupt controller without registers; err says so. */
bool tree_each(const struct fdt *fdt, void (*visit)(void *arg, const struct tree_node *node),
	       void *arg, struct fdt_error *err) MUST_CHECK;

/* Entries in `reg`, and entry `index` as the CPUs see it; false: it cannot be reached. */
u32 tree_node_regs(const struct tree_node *node);
bool tree_node_reg(const struct tree_node *node, u32 index, struct fdt_range *range) MUST_CHECK;

/* How many interrupts it has; UINT32_MAX: they go to a controller that EL2 doesn't drive. */
u32 tree_node_interrupts(const struct tree_node *node);
/* Interrupt `index` as an INTID; 0: not one that EL2 can take. level: how it is triggered. */
u32 tree_node_interrupt(const struct tree_node *node, u32 index, bool *level);

#endif
