// SPDX-License-Identifier: Apache-2.0
/*
 * Checked reading of a flat device tree. Runs at EL2. Two facts that fdt_open checks once make
 * every later step cheap: the strings block ends with a NUL, so any offset inside it begins a terminated
 * string; and the structure block ends with the word FDT_END, which has a zero byte, so a node's
 * name that begins inside the block also ends inside it. Follows the Devicetree Specification 0.4,
 * chapter 5.
 */
#include <libfdt.h>

#include "lib/fdt.h"
#include "lib/format.h"
#include "lib/string.h"

#define TOKEN 4		/* bytes; every token begins at a multiple of it */
#define PROPERTY_HEAD 8 /* bytes between a property's token and its value */

/* Bytes are the operator's or the boot loader's: they may not drive the terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

bool fdt_fail(const struct fdt *fdt, int node, const char *prop, struct fdt_error *err,
	      const char *fmt, ...)
{
	char path[96];
	size_t used = 0, size = sizeof(err->text);
	va_list args;

	if (err->text[0])
		return false;
	if (node >= 0 && fdt_get_path(fdt->blob, node, path, sizeof(path)) == 0)
		used += format(err->text, size, "%s: ", path);
	if (prop)
		used += format(err->text + used, size - used, "%.40s: ", prop);
	va_start(args, fmt);
	vformat(err->text + used, size - used, fmt, args);
	va_end(args);
	make_printable(err->text);
	return false;
}

static inline u32 cell_at(const void *value)
{
	return fdt32_to_cpu(*(const u32 *)value);
}

u64 fdt_cells(const u8 *value, u32 cells)
{
	const u32 *cell = (const void *)value;
	u64 number = 0;

	while (cells--)
		number = number << 32 | fdt32_to_cpu(*cell++);
	return number;
}

/* libfdt has checked that both blocks lie inside the blob. */
static bool check_blocks(struct fdt *fdt, struct fdt_error *err)
{
	u32 structure = fdt_off_dt_struct(fdt->blob);

	fdt->structure = (const u8 *)fdt->blob + structure;
	fdt->structure_size = fdt_size_dt_struct(fdt->blob);
	fdt->strings = (const char *)fdt->blob + fdt_off_dt_strings(fdt->blob);
	fdt->strings_size = fdt_size_dt_strings(fdt->blob);
	if (structure % TOKEN || fdt->structure_size % TOKEN || fdt->structure_size < 4 * TOKEN)
		return fdt_fail(fdt, -1, NULL, err, "structure block of 0x%x bytes at 0x%x: %s",
				fdt->structure_size, structure,
				"expected a multiple of 4, at a multiple of 4");
	if (fdt_off_mem_rsvmap(fdt->blob) % 8)
		return fdt_fail(fdt, -1, NULL, err, "memory reservations at 0x%x: %s",
				fdt_off_mem_rsvmap(fdt->blob), "expected a multiple of 8");
	if (cell_at(fdt->structure) != FDT_BEGIN_NODE || fdt->structure[TOKEN])
		return fdt_fail(fdt, -1, NULL, err, "structure block does not begin with the root");
	if (cell_at(fdt->structure + fdt->structure_size - TOKEN) != FDT_END)
		return fdt_fail(fdt, -1, NULL, err, "structure block does not end with FDT_END");
	if (fdt->strings_size && fdt->strings[fdt->strings_size - 1])
		return fdt_fail(fdt, -1, NULL, err, "strings block does not end with a NUL");
	return true;
}

bool fdt_open(struct fdt *fdt, const void *blob, size_t max, struct fdt_error *err)
{
	int error;

	*fdt = (struct fdt){.blob = blob};
	err->text[0] = '\0';
	if ((uintptr_t)blob % 8)
		return fdt_fail(fdt, -1, NULL, err, "a device tree begins at a multiple of 8");
	if (max < sizeof(struct fdt_header) || fdt_magic(blob) != FDT_MAGIC)
		return fdt_fail(fdt, -1, NULL, err, "not a device tree: expected magic 0xd00dfeed");
	if (fdt_version(blob) < 17)
		return fdt_fail(fdt, -1, NULL, err, "format version %u: expected 17 or later",
				fdt_version(blob));
	error = fdt_check_header(blob);
	if (error)
		return fdt_fail(fdt, -1, NULL, err, "header: %s",
				error == -FDT_ERR_TRUNCATED ? "a block ends beyond the tree's end" :
							      "no version that can be read");
	if (fdt_totalsize(blob) > max)
		return fdt_fail(fdt, -1, NULL, err, "0x%x bytes by its header, but only 0x%zx %s",
				fdt_totalsize(blob), max, "are there: cut short");
	fdt->size = fdt_totalsize(blob);
	return check_blocks(fdt, err);
}

size_t fdt_used(const struct fdt *fdt)
{
	const u8 *structure_end = fdt->structure + fdt->structure_size;
	const u8 *strings_end = (const u8 *)fdt->strings + fdt->strings_size;

	return (size_t)(MAX(structure_end, strings_end) - (const u8 *)fdt->blob);
}

struct fdt_walk fdt_walk_from(const struct fdt *fdt, int node)
{
	return (struct fdt_walk){.fdt = fdt, .next = (u32)node, .node = node};
}

/* The name cannot run out of the block: see the top of this file. */
static enum fdt_step begin_node(struct fdt_walk *walk, u32 at)
{
	const char *name = (const char *)walk->fdt->structure + at + TOKEN;

	walk->node = (int)at;
	walk->name = name;
	walk->depth++;
	walk->properties = true;
	walk->next = at + TOKEN + (u32)ALIGN_UP(strlen(name) + 1, TOKEN);
	return FDT_STEP_NODE;
}

static enum fdt_step property(struct fdt_walk *walk, u32 at)
{
	const struct fdt *fdt = walk->fdt;
	u32 left = fdt->structure_size - at - TOKEN;
	u32 length, name;

	if (!walk->properties || left < PROPERTY_HEAD)
		return FDT_STEP_BAD;
	length = cell_at(fdt->structure + at + TOKEN);
	name = cell_at(fdt->structure + at + 2 * TOKEN);
	if (length > left - PROPERTY_HEAD || name >= fdt->strings_size)
		return FDT_STEP_BAD;
	walk->name = fdt->strings + name;
	walk->value = fdt->structure + at + TOKEN + PROPERTY_HEAD;
	walk->length = length;
	/* The block is a multiple of 4 long, so rounding up does not pass its end. */
	walk->next = at + TOKEN + PROPERTY_HEAD + (u32)ALIGN_UP(length, TOKEN);
	return FDT_STEP_PROPERTY;
}

enum fdt_step fdt_walk(struct fdt_walk *walk)
{
	const struct fdt *fdt = walk->fdt;
	u32 at = walk->next;

	for (; at < fdt->structure_size; at += TOKEN) {
		switch (cell_at(fdt->structure + at)) {
		case FDT_BEGIN_NODE:
			return begin_node(walk, at);
		case FDT_PROP:
			return property(walk, at);
		case FDT_END_NODE:
			if (walk->depth == 0)
				return FDT_STEP_BAD;
			walk->depth--;
			walk->properties = false;
			/* The walk's own end is told at the next call. */
			walk->next = walk->depth ? at + TOKEN : UINT32_MAX;
			return FDT_STEP_NODE_END;
		case FDT_NOP:
			continue;
		default:
			return FDT_STEP_BAD;
		}
	}
	return at == UINT32_MAX ? FDT_STEP_END : FDT_STEP_BAD;
}

bool fdt_walk_fail(const struct fdt_walk *walk, struct fdt_error *err)
{
	return fdt_fail(walk->fdt, -1, NULL, err,
			"structure block: no token that may stand there at 0x%x", walk->next);
}

bool fdt_value_u32(const struct fdt_walk *walk, u32 *value, struct fdt_error *err)
{
	if (walk->length != 4)
		return fdt_fail(walk->fdt, walk->node, walk->name, err,
				"%u bytes: expected one cell (4 bytes)", walk->length);
	*value = cell_at(walk->value);
	return true;
}

bool fdt_value_u64(const struct fdt_walk *walk, u64 *value, struct fdt_error *err)
{
	if (walk->length != 8)
		return fdt_fail(walk->fdt, walk->node, walk->name, err,
				"%u bytes: expected two cells (8 bytes)", walk->length);
	*value = fdt_cells(walk->value, 2);
	return true;
}

bool fdt_value_string(const struct fdt_walk *walk, const char **value, struct fdt_error *err)
{
	u32 at = 0;
	const char *text = fdt_next_string(walk->value, walk->length, &at);

	if (!text || at != walk->length)
		return fdt_fail(walk->fdt, walk->node, walk->name, err,
				"expected one string that ends with a NUL");
	*value = text;
	return true;
}

const char *fdt_next_string(const u8 *value, u32 length, u32 *at)
{
	const char *text;
	size_t used;

	if (*at >= length)
		return NULL;
	text = (const char *)value + *at;
	used = strnlen(text, length - *at);
	if (used == length - *at)
		return NULL;
	*at += (u32)used + 1;
	return text;
}
