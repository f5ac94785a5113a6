// SPDX-License-Identifier: Apache-2.0
/*
 * Checked reading of a flat device tree. Runs at EL2. Two facts that fdt_open checks once make
 * every later step cheap: the strings block ends with a NUL, so any offset inside it begins a terminated
 * string; and the structure block ends with the word FDT_END, which has a zero byte, so a node's
 * name that begins inside the block also ends inside it. Follows the Devicetree Specification 0.4,
 * chapter 5.
 */
#include "lib/fdt.h"
#include "lib/fdt_tokens.h"
#include "lib/format.h"
#include "lib/string.h"

#define TOKEN FDT_TOKEN
#define PATH_DEPTH_MAX 18 /* deeper than what any tree is read to */
#define PROPERTY_HEAD 8	  /* bytes between a property's token and its value */

/* Bytes are the operator's or the boot loader's: they may not drive the terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static inline u32 cell_at(const void *value)
{
	return __builtin_bswap32(*(const u32 *)value);
}

bool fdt_fail(const struct fdt *fdt, int node, const char *prop, struct fdt_error *err,
	      const char *fmt, ...)
{
	char path[96];
	size_t used = 0, size = sizeof(err->text);
	va_list args;

	if (err->text[0])
		return false;
	if (node >= 0 && fdt_path(fdt, node, path, sizeof(path)))
		used += format(err->text, size, "%s: ", path);
	if (prop)
		used += format(err->text + used, size - used, "%.40s: ", prop);
	va_start(args, fmt);
	vformat(err->text + used, size - used, fmt, args);
	va_end(args);
	make_printable(err->text);
	return false;
}

u64 fdt_cells(const u8 *value, u32 cells)
{
	const u32 *cell = (const void *)value;
	u64 number = 0;

	while (cells--)
		number = number << 32 | __builtin_bswap32(*cell++);
	return number;
}

/* Are `size` bytes at `offset` behind the header, and inside the tree? */
static bool inside(const struct fdt *fdt, u32 offset, u32 size)
{
	return offset >= sizeof(struct fdt_header) && offset <= fdt->size &&
	       size <= fdt->size - offset;
}

static bool check_blocks(struct fdt *fdt, const struct fdt_header *header, struct fdt_error *err)
{
	u32 structure = cell_at(&header->off_dt_struct);
	u32 strings = cell_at(&header->off_dt_strings);
	u32 reserved = cell_at(&header->off_mem_rsvmap);

	fdt->structure = (const u8 *)fdt->blob + structure;
	fdt->structure_size = cell_at(&header->size_dt_struct);
	fdt->strings = (const char *)fdt->blob + strings;
	fdt->strings_size = cell_at(&header->size_dt_strings);
	if (!inside(fdt, structure, fdt->structure_size) ||
	    !inside(fdt, strings, fdt->strings_size) || !inside(fdt, reserved, 0))
		return fdt_fail(fdt, -1, NULL, err, "header: a block ends beyond the tree's end");
	if (structure % TOKEN || fdt->structure_size % TOKEN || fdt->structure_size < 4 * TOKEN)
		return fdt_fail(fdt, -1, NULL, err, "structure block of 0x%x bytes at 0x%x: %s",
				fdt->structure_size, structure,
				"expected a multiple of 4, at a multiple of 4");
	if (reserved % 8)
		return fdt_fail(fdt, -1, NULL, err, "memory reservations at 0x%x: %s", reserved,
				"expected a multiple of 8");
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
	const struct fdt_header *header = blob;

	*fdt = (struct fdt){.blob = blob};
	err->text[0] = '\0';
	if ((uintptr_t)blob % 8)
		return fdt_fail(fdt, -1, NULL, err, "a device tree begins at a multiple of 8");
	if (max < sizeof(*header) || cell_at(&header->magic) != FDT_MAGIC)
		return fdt_fail(fdt, -1, NULL, err, "not a device tree: expected magic 0xd00dfeed");
	if (cell_at(&header->version) < FDT_VERSION)
		return fdt_fail(fdt, -1, NULL, err, "format version %u: expected 17 or later",
				cell_at(&header->version));
	if (cell_at(&header->last_comp_version) > FDT_VERSION)
		return fdt_fail(fdt, -1, NULL, err, "header: no version that can be read");
	fdt->size = cell_at(&header->totalsize);
	if (fdt->size > max)
		return fdt_fail(fdt, -1, NULL, err, "0x%zx bytes by its header, but only 0x%zx %s",
				fdt->size, max, "are there: cut short");
	return check_blocks(fdt, header, err);
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

/* Is one of its four bytes zero? (A borrow goes up from one that is, and from no other.) */
static inline bool has_nul(u32 word)
{
	return (word - 0x01010101) & ~word & 0x80808080;
}

/* The name cannot run out of the block: see the top of this file. */
static enum fdt_step begin_node(struct fdt_walk *walk, u32 at)
{
	const u32 *words = (const void *)(walk->fdt->structure + at + TOKEN);

	walk->node = (int)at;
	walk->name = (const char *)words;
	walk->depth++;
	walk->properties = true;
	while (!has_nul(*words))
		words++;
	walk->next = (u32)((const u8 *)(words + 1) - walk->fdt->structure);
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

/* --- Paths ------------------------------------------------------------------------------------ */

bool fdt_path(const struct fdt *fdt, int node, char *path, size_t size)
{
	struct fdt_walk walk = fdt_walk_from(fdt, 0);
	const char *names[PATH_DEPTH_MAX];
	enum fdt_step step;
	size_t used = 0;

	do {
		step = fdt_walk(&walk);
		if (step == FDT_STEP_END || step == FDT_STEP_BAD)
			return false;
		if (step == FDT_STEP_NODE && walk.depth <= PATH_DEPTH_MAX)
			names[walk.depth - 1] = walk.name;
	} while (step != FDT_STEP_NODE || walk.node != node || walk.depth > PATH_DEPTH_MAX);
	for (u32 i = 1; i < walk.depth; i++)
		used += format(path + used, size - used, "/%s", names[i]);
	if (walk.depth == 1)
		(void)format(path, size, "/");
	return true;
}

/* The child of `node` that `length` bytes of a path name: its unit address may be left out. */
static int child(const struct fdt *fdt, int node, const char *name, size_t length)
{
	struct fdt_walk walk = fdt_walk_from(fdt, node);
	enum fdt_step step = fdt_walk(&walk);

	for (; step != FDT_STEP_END && step != FDT_STEP_BAD; step = fdt_walk(&walk)) {
		char next;

		if (step != FDT_STEP_NODE || walk.depth != 2 ||
		    strncmp(walk.name, name, length) != 0)
			continue;
		next = walk.name[length];
		if (!next || (next == '@' && !memchr(name, '@', length)))
			return walk.node;
	}
	return -1;
}

/* The path that a property of /aliases says; NULL: there is none. */
static const char *alias(const struct fdt *fdt, const char *name, size_t length)
{
	int node = child(fdt, 0, "aliases", 7);
	struct fdt_walk walk = fdt_walk_from(fdt, node);
	u32 at = 0;

	if (node < 0)
		return NULL;
	fdt_walk(&walk);
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY)
		if (strncmp(walk.name, name, length) == 0 && !walk.name[length])
			return fdt_next_string(walk.value, walk.length, &at);
	return NULL;
}

static size_t component(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? (size_t)(slash - path) : strlen(path);
}

int fdt_find(const struct fdt *fdt, const char *path)
{
	int node = 0;

	if (*path != '/') {
		size_t length = component(path);
		const char *whole = alias(fdt, path, length);

		if (!whole || *whole != '/')
			return -1;
		node = fdt_find(fdt, whole);
		path += length;
	}
	while (node >= 0 && *path) {
		size_t length = component(path);

		if (length)
			node = child(fdt, node, path, length);
		path += length ? length : 1; /* a slash */
	}
	return node;
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
