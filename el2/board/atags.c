// SPDX-License-Identifier: Apache-2.0
/*
 * Reading ATAGs: words, each tag with its size in words first and its number second. Runs at EL2 with
 * the MMU off, so only words are read. They are untrusted: sizes are held against what is left, and
 * what they say of memory against what the board can have.
 */
#include "board/atags.h"

#include "lib/string.h"

#define ATAG_NONE 0x00000000
#define ATAG_CORE 0x54410001
#define ATAG_MEM 0x54410002
#define ATAG_INITRD2 0x54420005
#define ATAG_CMDLINE 0x54410009

#define HEADER 2 /* words */

bool atags_begin(u32 size, u32 tag)
{
	return tag == ATAG_CORE && (size == HEADER || size == HEADER + 3);
}

/* A size and an address; false: the tag is too short for them. */
static bool take_range(const u32 *tag, bool size_first, struct fdt_range *range)
{
	if (tag[0] < HEADER + 2)
		return false;
	range->base = tag[size_first ? 3 : 2];
	range->size = tag[size_first ? 2 : 3];
	return true;
}

/* A command line that does not end within its tag is none. Byte by byte: the MMU is off. */
static void take_command_line(const u32 *tag, struct atags *out)
{
	const char *text = (const char *)&tag[HEADER];
	size_t room = (size_t)(tag[0] - HEADER) * sizeof(u32);
	size_t length = strnlen(text, room);

	if (length == room)
		return;
	length = MIN(length, sizeof(out->command_line) - 1);
	for (size_t i = 0; i < length; i++)
		out->command_line[i] = text[i];
	out->command_line[length] = '\0';
}

static bool take(const u32 *tag, struct atags *out)
{
	struct fdt_range range;

	switch (tag[1]) {
	case ATAG_MEM:
		if (!take_range(tag, true, &range))
			return false;
		if (range.size && out->rams < ATAGS_RAM_MAX)
			out->ram[out->rams++] = range;
		return true;
	case ATAG_INITRD2:
		return take_range(tag, false, &out->initrd);
	case ATAG_CMDLINE:
		take_command_line(tag, out);
		return true;
	default:
		return true;
	}
}

bool atags_read(const u32 *tags, size_t words, struct atags *out)
{
	memset(out, 0, sizeof(*out));
	if (words < HEADER || !atags_begin(tags[0], tags[1]))
		return false;
	while (words >= HEADER && tags[1] != ATAG_NONE) {
		if (tags[0] < HEADER || tags[0] > words || !take(tags, out))
			return false;
		words -= tags[0];
		tags += tags[0];
	}
	return words >= HEADER;
}

void atags_apply(const struct atags *tags, u64 limit, struct board *out)
{
	struct fdt_range known[ATAGS_RAM_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < tags->rams; i++)
		if (tags->ram[i].base < limit)
			known[n++] = (struct fdt_range){tags->ram[i].base,
							MIN(tags->ram[i].size,
							    limit - tags->ram[i].base)};
	if (n)
		out->rams = 0;
	for (unsigned i = 0; i < n; i++)
		board_add_ram(out, known[i]);
	if (tags->initrd.size)
		out->initrd = tags->initrd;
	if (tags->command_line[0])
		board_take_bootargs(out, tags->command_line);
}
