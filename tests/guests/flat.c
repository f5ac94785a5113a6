// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest for the loader, built twice: as a flat binary without a header (entered at memory +
 * 0x80000) and as an ELF (at the addresses in it). Says where it finds itself; where=... in the
 * bootargs is where it should.
 */
#include "rt.h"

extern char _image[], _end[];
static volatile u64 in_bss[64];
static volatile u64 in_data = 0x1234;

int main(void)
{
	u64 at = (u64)_image, i, dirty = 0;
	bool right = at == arg_u64("where", at) && in_data == 0x1234;

	for (i = 0; i < 64; i++)
		dirty |= in_bss[i];
	/* The tree must lie above image and bss. */
	right = right && !dirty && fdt_address() >= (u64)_end;
	print("%s image at 0x%lx, tree at 0x%lx\n", right ? "PASS" : "FAIL", at, fdt_address());
	return !right;
}
