// SPDX-License-Identifier: Apache-2.0
/*
 * Finding the board's tree. By the arm64 boot protocol its address is in x0. Raspberry Pis may be
 * started without: QEMU passes ATAGs at 0x100 to a board that it has no tree for, and firmware can be
 * told to load none. Then the CPU's type says which Pi it can only be, its PL011 is looked for where
 * that one has it, and a tree in the image takes the place of the one that is missing.
 *
 * Runs at EL2 on the boot CPU, the MMU off (all of memory is Device-nGnRnE then: aligned accesses
 * only). Addresses nobody vouches for are read by cpu_probe_read32().
 */
#include "board/handover.h"

#include "arch/cpu.h"
#include "board/mmio.h"
#include "lib/string.h"

#define FDT_MAGIC_AS_READ 0xedfe0dd0u /* big-endian d00dfeed */

/* QEMU's and the old 32-bit protocol's place for ATAGs, behind the stub's words in RAM's first page. */
#define ATAGS_USUAL 0x100
#define ATAGS_PAGE_END 0x1000

#define MIDR_ARM_PART(midr) (FIELD(midr, 31, 24) == 0x41 ? (u32)FIELD(midr, 15, 4) : 0)
#define CORTEX_A53 0xd03
#define CORTEX_A72 0xd08
#define ANY_PART 0

#define PL011_FR 0x18
#define PL011_CELL_ID 0xff0 /* four registers of 8 bits: PrimeCell, DDI 0183 3.3.22 */
#define CELL_ID 0xb105f00du
#define FR_RESERVED (~0x1ffu)
#define FR_TRANSMIT_EMPTY BIT(7)

extern const u8 tree_raspi3[], tree_raspi4[]; /* arch/trees.S */

static const struct {
	u32 part, uart;
	u64 ram_limit;
	bool has_tree;
} known[] = {
	{CORTEX_A53, 0x3f201000, 0x3f000000, true},
	{CORTEX_A72, 0xfe201000, 0xfc000000, true},
	{ANY_PART, 0x09000000, 0, false}, /* QEMU's virt: only to say what is missing */
};

static const void *tree_of(unsigned n)
{
	return known[n].part == CORTEX_A53 ? tree_raspi3 : tree_raspi4;
}

/* A Pi's peripherals are the same distance apart on each. */
#define PI_PERIPHERALS(uart) ((uart)-0x201000)
#define PI_GPIO 0x200000
#define PI_MAILBOX 0xb880

bool handover_guess_uart(unsigned n, struct board *out)
{
	u32 part = MIDR_ARM_PART(cpu_midr());

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((known[i].part == part || known[i].part == ANY_PART) && n-- == 0) {
			u64 uart = known[i].uart, pi = PI_PERIPHERALS(uart);

			out->uart = (struct board_serial){BOARD_UART_PL011, {uart, PAGE_SIZE}, 0};
			out->gpio.size = out->mailbox.size = 0;
			if (known[i].has_tree) {
				out->gpio = (struct fdt_range){pi + PI_GPIO, 0x100};
				out->mailbox = (struct fdt_range){pi + PI_MAILBOX, 0x40};
			}
			return true;
		}
	return false;
}

/* A Pi's may not show its PrimeCell registers; then its flags must make sense. */
bool handover_uart_answers(u64 base)
{
	u32 flags = cpu_probe_read32(base + PL011_FR), id = 0;

	for (unsigned i = 0; i < 4; i++)
		id |= (cpu_probe_read32(base + PL011_CELL_ID + 4 * i) & 0xff) << (8 * i);
	return id == CELL_ID || (!(flags & FR_RESERVED) && (flags & FR_TRANSMIT_EMPTY));
}

static bool is_tree(u64 at)
{
	return at && at % 8 == 0 && cpu_probe_read32(at) == FDT_MAGIC_AS_READ;
}

static bool is_atags(u64 at)
{
	return at && at % 4 == 0 && atags_begin(cpu_probe_read32(at), cpu_probe_read32(at + 4));
}

static void find_atags(u64 x0, struct handover *out)
{
	u64 at = is_atags(x0) ? x0 : ATAGS_USUAL;

	if (at != x0 && !is_atags(at))
		return;
	out->atags_at = at;
	out->atags_good = atags_read((const u32 *)at, (ATAGS_PAGE_END - at % ATAGS_PAGE_END) / 4,
				     &out->atags);
}

void handover_find(u64 x0, struct handover *out)
{
	u32 part = MIDR_ARM_PART(cpu_midr());

	if (is_tree(x0)) {
		out->tree = (const void *)x0;
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].part != part || !known[i].has_tree)
			continue;
		if (!handover_uart_answers(known[i].uart))
			continue;
		out->tree = tree_of(i);
		out->built_in = true;
		out->ram_limit = known[i].ram_limit;
		find_atags(x0, out);
	}
}

void handover_complete(const struct handover *handover, struct board *out)
{
	if (handover->built_in && handover->atags_good)
		atags_apply(&handover->atags, handover->ram_limit, out);
}
