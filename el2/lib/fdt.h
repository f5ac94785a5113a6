// SPDX-License-Identifier: Apache-2.0
/*
 * Checked reading of a flat device tree over libfdt. Both trees that EL2 reads, the board's and the
 * bundle's, are untrusted bytes: every read here names, where it fails, the node, the property and
 * what was expected.
 *
 * libfdt checks the header, walks the path of a node for messages, and writes guests' trees. The
 * reading itself is one walk over the tokens (Devicetree Specification 0.4, 5.4), each looked at
 * once: libfdt's own look-ups start from the front for every question, which for the tree of one
 * QEMU board costs several hundred thousand instructions, more than all the rest of the boot.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include "lib/types.h"

/* The first thing found wrong with a tree, as a sentence; empty while all is well. */
struct fdt_error {
	char text[192];
};

/* A tree whose header and blocks have been checked by fdt_open: libfdt and fdt_walk may read it. */
struct fdt {
	const void *blob;
	size_t size;
	const u8 *structure; /* its last word is FDT_END */
	const char *strings; /* its last byte is NUL */
	u32 structure_size, strings_size;
};

struct fdt_range {
	u64 base, size;
};

enum fdt_step {
	FDT_STEP_NODE,	   /* a node begins: `node`, `name` */
	FDT_STEP_PROPERTY, /* of the innermost open node: `name`, `value`, `length` */
	FDT_STEP_NODE_END,
	FDT_STEP_END, /* the node where the walk began has ended */
	FDT_STEP_BAD, /* not a token that may stand here; the walk stays here */
};

/* Where a walk is. `name` and `value` point into the blob; names end with a NUL. */
struct fdt_walk {
	const struct fdt *fdt;
	u32 next;	 /* offset in the structure block */
	u32 depth;	 /* nodes open: 1 at the node where the walk began */
	int node;	 /* offset (as libfdt counts) of the node begun last */
	bool properties; /* may come: no child of the innermost node has ended yet */
	const char *name;
	const u8 *value; /* aligned to 4 */
	u32 length;
};

/* Checks `blob`, of which at most `max` bytes may be read, in time that does not grow with its
 * size. False: err says why. */
bool fdt_open(struct fdt *fdt, const void *blob, size_t max, struct fdt_error *err) MUST_CHECK;

/* Bytes from the tree's first to the last that is in use; its writer may have left room behind. */
size_t fdt_used(const struct fdt *fdt);

/* Notes an error (only the first is kept), as "NODE-PATH: PROPERTY: …"; without the path if node
 * is negative, without the property if prop is NULL. Unprintable bytes become '?'. Returns false
 * always. */
bool fdt_fail(const struct fdt *fdt, int node, const char *prop, struct fdt_error *err,
	      const char *fmt, ...) PRINTF_LIKE(5, 6) COLD;

/* A walk over `node` and all below it; 0 is the root. The first step is FDT_STEP_NODE. */
struct fdt_walk fdt_walk_from(const struct fdt *fdt, int node);
enum fdt_step fdt_walk(struct fdt_walk *walk);

/* Notes that the walk met something that is no token; returns false. */
bool fdt_walk_fail(const struct fdt_walk *walk, struct fdt_error *err) COLD;

/* The property where the walk is: exactly one cell, exactly two, exactly one NUL-terminated string.
 * False: err says what was expected. */
bool fdt_value_u32(const struct fdt_walk *walk, u32 *value, struct fdt_error *err) MUST_CHECK;
bool fdt_value_u64(const struct fdt_walk *walk, u64 *value, struct fdt_error *err) MUST_CHECK;
bool fdt_value_string(const struct fdt_walk *walk, const char **value,
		      struct fdt_error *err) MUST_CHECK;

/* The next string of a list of `length` bytes at `value`; *at is where to go on, 0 at first. NULL:
 * no more, or what is left is not terminated. */
const char *fdt_next_string(const u8 *value, u32 length, u32 *at);

/* The number in `cells` (0 .. 2) cells at `value`, which is aligned to 4. */
u64 fdt_cells(const u8 *value, u32 cells);

#endif
