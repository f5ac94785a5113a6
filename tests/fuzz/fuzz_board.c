// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c board/tree.c board/tree_device.c
// runs: 15000
// longest: 6000
/*
 * The board's tree: any bytes. What was read must be what the rest of EL2 takes for granted of a board:
 * counts within the arrays, RAM in whole pages, ascending, disjoint, no range that wraps around; and
 * each node of it as a device for a guest.
 */
#include "board/device.h"
#include "tree_mutator.h"

static struct board machine;

static int fits(const struct fdt_range *range)
{
	return range->base + range->size >= range->base;
}

static void check_board(void)
{
	MUST(machine.rams <= BOARD_RAM_MAX, "%u regions of RAM", machine.rams);
	MUST(machine.reserveds <= BOARD_RESERVED_MAX, "%u reserved ones", machine.reserveds);
	MUST(machine.cpu_count <= PCPUS_MAX && machine.cpu_count <= machine.cpus_listed,
	     "%u of %u CPUs", machine.cpu_count, machine.cpus_listed);
	MUST(machine.gicrs <= ARRAY_SIZE(machine.gicr), "%u redistributors", machine.gicrs);
	MUST(machine.uart_count <= BOARD_UARTS_MAX, "%u UARTs", machine.uart_count);
	MUST(memchr(machine.model, 0, sizeof(machine.model)), "the model has no end");
	for (const char *c = machine.model; *c; c++)
		MUST(*c >= ' ' && *c <= '~', "the model has a character %#x", *c);
	for (unsigned i = 0; i < machine.rams; i++) {
		const struct fdt_range *ram = &machine.ram[i];

		MUST(ram->size && !((ram->base | ram->size) % PAGE_SIZE) && fits(ram),
		     "RAM %u: %#llx + %#llx", i, (unsigned long long)ram->base,
		     (unsigned long long)ram->size);
		MUST(!i || ram->base > machine.ram[i - 1].base + machine.ram[i - 1].size,
		     "RAM %u touches the one before", i);
	}
	for (unsigned i = 0; i < machine.reserveds; i++)
		MUST(fits(&machine.reserved[i]), "reserved %u wraps around", i);
	for (unsigned i = 0; i < machine.uart_count; i++)
		MUST(machine.uarts[i].kind != BOARD_UART_NONE && fits(&machine.uarts[i].regs),
		     "UART %u", i);
	MUST(fits(&machine.initrd) && fits(&machine.gicd) && fits(&machine.gicc) &&
		     fits(&machine.gich) && fits(&machine.gicv),
	     "a range wraps around");
}

static void check_device(const struct fdt *tree, const char *path)
{
	struct fdt_error why = {""};
	struct device device;

	if (!device_find(tree, path, &device, &why)) {
		MUST(why.text[0], "no device, and no word why");
		return;
	}
	MUST(device.reg_count >= 1 && device.reg_count <= DEVICE_REGS_MAX, "%u registers",
	     device.reg_count);
	MUST(device.irq_count <= DEVICE_IRQS_MAX, "%u interrupts", device.irq_count);
	for (unsigned i = 0; i < device.reg_count; i++)
		MUST(fits(&device.regs[i]) && device.regs[i].size <= DEVICE_REG_SIZE_MAX,
		     "register %u", i);
	(void)device_of_el2(&machine, &device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"/", "serial0", "/pl031@9010000", "pins", "/soc/gpio"};
	struct fdt_error err = {""};
	void *blob = exact_copy(data, size);
	struct fdt tree;

	if (fdt_open(&tree, blob, size, &err)) {
		(void)fdt_used(&tree);
		if (board_read(&machine, &tree, &err))
			check_board();
		else
			MUST(err.text[0], "refused without a word");
		for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
			check_device(&tree, paths[i]);
	} else {
		MUST(err.text[0], "refused without a word");
	}
	MUST(memchr(err.text, 0, sizeof(err.text)), "an error without an end");
	free(blob);
	return 0;
}
