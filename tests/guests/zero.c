// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: all memory reads as zero when a guest first sees it, but for its image and tree (and
 * initrd). The image's own bss is left out, too: it holds the stack that this runs on. Ends with 0
 * if so, else names the first address that is not zero.
 */
#include "rt.h"

extern char _image[], _end[];

static bool within(u64 at, u64 start, u64 end)
{
	return at >= start && at < end;
}

/* Where the initrd lies, if there is one; one or two cells. */
static u64 initrd(const char *name)
{
	node_t chosen = fdt_named("chosen", 0);
	u32 len = 0;

	if (!fdt_prop(chosen, name, &len))
		return 0;
	return len == 8 ? (u64)fdt_cell(chosen, name, 0, 0) << 32 | fdt_cell(chosen, name, 1, 0) :
			  fdt_cell(chosen, name, 0, 0);
}

int main(void)
{
	u64 base, size, at, looked = 0, tree = fdt_address();
	u64 initrd_start = initrd("linux,initrd-start"), initrd_end = initrd("linux,initrd-end");

	if (!fdt_reg(fdt_named("memory", 0), 0, &base, &size)) {
		print("FAIL no memory node\n");
		return 1;
	}
	for (at = base; at < base + size; at += 8) {
		if (within(at, (u64)_image, (u64)_end) ||
		    within(at, tree & ~7ul, tree + fdt_size()) ||
		    within(at, initrd_start & ~7ul, initrd_end))
			continue;
		looked++;
		if (*(volatile u64 *)at) {
			print("FAIL 0x%lx is 0x%lx\n", at, *(volatile u64 *)at);
			return 1;
		}
	}
	print("PASS %lu of %lu bytes looked at, all zero\n", looked * 8, size);
	return 0;
}
