// SPDX-License-Identifier: Apache-2.0
/*
 * Writes a flat device tree from front to back into a buffer of its caller's. Once something has not
 * fitted, nothing more is written, and fdt_write_end says so.
 */
#ifndef LIB_FDT_WRITE_H
#define LIB_FDT_WRITE_H

#include "lib/types.h"

#define FDT_WRITE_KNOWN 32 /* a power of two */

struct fdt_writer {
	u8 *blob;
	u8 *at, *end; /* where the structure block goes on, and has to end */
	char *strings,
		*top; /* the strings block, until the end at the buffer's, and where it has to end */
	u32 strings_size;
	bool full;
	/* Names that were written already, by where the caller has them: most are literals. */
	struct {
		const char *name;
		u32 offset;
	} known[FDT_WRITE_KNOWN];
};

/* A new tree in `room` bytes at `blob`, which is aligned to 8; a quarter of them is for names. */
void fdt_write(struct fdt_writer *w, void *blob, size_t room);

void fdt_write_node(struct fdt_writer *w, const char *name);
void fdt_write_node_end(struct fdt_writer *w);

/* A property of the innermost node, before any child of it: its value's place, of `size` bytes and
 * aligned to 4, to be filled by the caller. NULL: there is no room. `name` stays as it is, at least
 * as long as the tree is being written. */
void *fdt_write_property(struct fdt_writer *w, const char *name, u32 size) MUST_CHECK;

/* The tree is complete: its size in bytes, 0 if there was too little room. */
size_t fdt_write_end(struct fdt_writer *w) MUST_CHECK;

#endif
