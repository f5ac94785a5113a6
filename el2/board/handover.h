// SPDX-License-Identifier: Apache-2.0
/*
 * What the boot loader handed over, and what stands in for it where it handed over nothing.
 */
#ifndef BOARD_HANDOVER_H
#define BOARD_HANDOVER_H

#include "board/atags.h"

struct handover {
	const void *tree; /* NULL: none, and no board that is known without */
	bool built_in;	  /* the tree is one of ours */
	u64 atags_at;	  /* 0: none */
	bool atags_good;
	u64 ram_limit; /* built-in trees: where this board's peripherals begin */
	struct atags atags;
};

/* Finds the tree by x0 as it was at entry. Before the MMU is on, with EL2's vectors in place: what x0
 * points to may not be there. Boot CPU. */
void handover_find(u64 x0, struct handover *out);

/* What atags and the kind of board have to say about a built-in tree that has been read. */
void handover_complete(const struct handover *handover, struct board *out);

/* For a board whose tree leads to no UART: where one may be, n = 0, 1 ..., as this CPU suggests, into
 * out->uart, and what that needs. False: no more. Nothing is touched. */
bool handover_guess_uart(unsigned n, struct board *out);

/* Does a PL011 answer at this address (mapped as a device, or the MMU off)? */
bool handover_uart_answers(u64 base);

#endif
