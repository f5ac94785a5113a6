// SPDX-License-Identifier: Apache-2.0
/*
 * A flat device tree, written from front to back. Runs at EL2; touches nothing but its buffer. Names
 * of properties gather behind the room for the structure block and are moved to its end when that is
 * known; a property says where its name is by the offset in their block, which does not change. Follows
 * the Devicetree Specification 0.4, chapter 5.
 */
#include "lib/fdt_write.h"
#include "lib/fdt_tokens.h"
#include "lib/string.h"

#define RESERVATION 16 /* bytes; one of zeroes ends the list of memory reservations */
#define FRONT (sizeof(struct fdt_header) + RESERVATION)

static u32 big_endian(u32 word)
{
	return __builtin_bswap32(word);
}

/* `count` words and `bytes` bytes behind them in the structure block; NULL: they do not fit. */
static u32 *take(struct fdt_writer *w, u32 count, size_t bytes)
{
	u32 *words = (u32 *)(void *)w->at;
	size_t size = count * sizeof(u32) + ALIGN_UP(bytes, FDT_TOKEN);

	if (w->full || bytes > (size_t)(w->end - w->at) || size > (size_t)(w->end - w->at)) {
		w->full = true;
		return NULL;
	}
	w->at += size;
	if (bytes)
		words[size / sizeof(u32) - 1] = 0; /* what fills the last word */
	return words;
}

void fdt_write(struct fdt_writer *w, void *blob, size_t room)
{
	size_t names = ALIGN_DOWN(room / 4, FDT_TOKEN);

	memset(w, 0, sizeof(*w));
	w->blob = blob;
	w->full = room < 2 * FRONT;
	if (w->full)
		return;
	memset(blob, 0, FRONT);
	w->at = w->blob + FRONT;
	w->end = w->blob + ALIGN_DOWN(room - names, FDT_TOKEN);
	w->strings = (char *)w->end;
	w->top = (char *)w->blob + room;
}

void fdt_write_node(struct fdt_writer *w, const char *name)
{
	size_t size = strlen(name) + 1;
	u32 *words = take(w, 1, size);

	if (!words)
		return;
	words[0] = big_endian(FDT_BEGIN_NODE);
	memcpy(&words[1], name, size);
}

void fdt_write_node_end(struct fdt_writer *w)
{
	u32 *words = take(w, 1, 0);

	if (words)
		words[0] = big_endian(FDT_END_NODE);
}

/* Where the name is in the strings block. */
static u32 name_offset(struct fdt_writer *w, const char *name)
{
	u32 slot = (u32)((uintptr_t)name / sizeof(u32)) % FDT_WRITE_KNOWN;
	u32 offset = w->strings_size;
	char *to = w->strings + offset;

	if (w->known[slot].name == name)
		return w->known[slot].offset;
	do {
		if (to == w->top) {
			w->full = true;
			return 0;
		}
		*to++ = *name;
	} while (*name++);
	w->strings_size = (u32)(to - w->strings);
	w->known[slot].name = name - (w->strings_size - offset);
	w->known[slot].offset = offset;
	return offset;
}

void *fdt_write_property(struct fdt_writer *w, const char *name, u32 size)
{
	u32 *words = take(w, 3, size);

	if (!words)
		return NULL;
	words[0] = big_endian(FDT_PROP);
	words[1] = big_endian(size);
	words[2] = big_endian(name_offset(w, name));
	return &words[3];
}

size_t fdt_write_end(struct fdt_writer *w)
{
	struct fdt_header *header = (void *)w->blob;
	u32 *words = take(w, 1, 0);
	u32 strings, structure;

	if (!words)
		return 0;
	words[0] = big_endian(FDT_END);
	structure = (u32)(w->at - w->blob) - (u32)FRONT;
	strings = (u32)FRONT + structure;
	memmove(w->blob + strings, w->strings, w->strings_size);
	header->magic = big_endian(FDT_MAGIC);
	header->totalsize = big_endian(strings + w->strings_size);
	header->off_dt_struct = big_endian(FRONT);
	header->off_dt_strings = big_endian(strings);
	header->off_mem_rsvmap = big_endian(sizeof(*header));
	header->version = big_endian(FDT_VERSION);
	header->last_comp_version = big_endian(FDT_COMPATIBLE);
	header->size_dt_strings = big_endian(w->strings_size);
	header->size_dt_struct = big_endian(structure);
	return strings + w->strings_size;
}
