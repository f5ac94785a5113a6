// SPDX-License-Identifier: Apache-2.0
/*
 * The first words of EL2: where am I, and how did I get here.
 */
#ifndef BOARD_GREET_H
#define BOARD_GREET_H

#include "board/handover.h"

/* The CPU as the boot loader left it: arch/boot.S reads this before it sets any of it. */
struct entry {
	u64 x0;
	u64 level;	      /* exception level: 1, 2 or 3 */
	u64 hcr, sctlr, spsr; /* of EL2; at EL1 its own SCTLR and SPSR, and HCR is 0 */
	u64 daif;
	u64 midr;
	u64 image; /* physical address */
};

/* What a CPU's makers call it, from MIDR_EL1, with its revision. */
void greet_cpu_name(char *text, size_t size, u64 midr);

/* Says it all, one line a subject; `model` is the board's. Boot CPU. */
void greet(const struct entry *entry, const struct handover *handover, const char *model);

#endif
