// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c board/tree.c board/atags.c
// runs: 60000
// longest: 512
/* ATAGs: any words, read and applied to a board that has some RAM already. */
#include "board/atags.h"
#include "fuzz.h"

static struct board machine;

/* Do they name any that counts? */
static bool below_limit(const struct atags *tags, u64 limit)
{
	for (unsigned i = 0; i < tags->rams; i++)
		if (tags->ram[i].base < limit)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atags tags;
	u32 *words = exact_copy(data, size & ~(size_t)3);
	u64 limit = size ? (u64)data[size - 1] << 24 : 0;

	memset(&machine, 0, sizeof(machine));
	board_add_ram(&machine, (struct fdt_range){0, 0x38000000});
	if (size >= 8)
		(void)atags_begin(words[0], words[1]);
	if (atags_read(words, size / 4, &tags)) {
		MUST(tags.rams <= ATAGS_RAM_MAX, "%u regions of RAM", tags.rams);
		MUST(memchr(tags.command_line, 0, sizeof(tags.command_line)),
		     "a line without an end");
		atags_apply(&tags, limit, &machine);
		MUST(machine.rams <= BOARD_RAM_MAX, "%u regions of RAM", machine.rams);
		for (unsigned i = 0; i < machine.rams; i++) {
			const struct fdt_range *ram = &machine.ram[i];

			MUST(!((ram->base | ram->size) % PAGE_SIZE) &&
				     ram->base + ram->size >= ram->base,
			     "RAM %u: %#llx + %#llx", i, (unsigned long long)ram->base,
			     (unsigned long long)ram->size);
			MUST(!below_limit(&tags, limit) || ram->base + ram->size <= limit,
			     "RAM %u beyond the limit", i);
		}
		MUST(machine.initrd.base + machine.initrd.size >= machine.initrd.base, "initrd");
	}
	free(words);
	return 0;
}
