// SPDX-License-Identifier: Apache-2.0
/*
 * ATAGs: the list that 32-bit ARM kernels were started with before there were device trees (Linux,
 * Documentation/arch/arm/booting). QEMU leaves one for a board that it has no tree for.
 */
#ifndef BOARD_ATAGS_H
#define BOARD_ATAGS_H

#include "board/board.h"

#define ATAGS_RAM_MAX 4

struct atags {
	struct fdt_range ram[ATAGS_RAM_MAX];
	unsigned rams;
	struct fdt_range initrd; /* size 0: none */
	char command_line[256];	 /* cut to fit; a copy: the list's page is not mapped later */
};

/* Whether a list begins with these two words: size and tag of ATAG_CORE. */
bool atags_begin(u32 size, u32 tag);

/* Reads the list at `tags`, of which `words` words may be read. False: it does not end there, or a tag
 * is shorter than what it should hold. */
bool atags_read(const u32 *tags, size_t words, struct atags *out) MUST_CHECK;

/* What they say in place of what the board's tree said: RAM as far as it lies below `limit`, if they
 * name any; initrd; command line. */
void atags_apply(const struct atags *tags, u64 limit, struct board *out);

#endif
