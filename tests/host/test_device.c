// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c board/tree.c board/tree_device.c
/* Devices of the board's tree, as a guest may have them: every number is in tests/host/trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "board/device.h"
#include "dtc.h"

static struct fdt tree;
static struct board machine;
static struct device device;
static struct fdt_error why;

static void open_tree(const char *path)
{
	char *source = dtc_read_file(path);
	size_t size;

	free((void *)(uintptr_t)tree.blob);
	assert_true(fdt_open(&tree, dtc_compile(source, &size), SIZE_MAX, &why));
	assert_true(board_read(&machine, &tree, &why));
	free(source);
}

static void find(const char *path)
{
	if (!device_find(&tree, path, &device, &why))
		fail_msg("%s: %s", path, why.text);
}

static void not_found(const char *path, const char *reason)
{
	assert_false(device_find(&tree, path, &device, &why));
	assert_string_equal(why.text, reason);
}

static int setup(void **state)
{
	(void)state;
	open_tree("tests/host/trees/devices.dts");
	return 0;
}

static void plain(void **state)
{
	(void)state;
	find("/pl061@9030000");
	assert_int_equal(device.reg_count, 1);
	assert_int_equal(device.regs[0].base, 0x9030000);
	assert_int_equal(device.regs[0].size, 0x1000);
	assert_int_equal(device.irq_count, 1);
	assert_int_equal(device.irqs[0].intid, 39);
	assert_true(device.irqs[0].level);
	assert_null(device.dma);
	assert_int_equal(device.neighbour, -1);
	assert_null(device_of_el2(&machine, &device));
	find("pins");
	assert_int_equal(device.node, fdt_path_offset(tree.blob, "/pl061@9030000"));
}

static void below_a_bus(void **state)
{
	(void)state;
	find("/bus@c000000/wide@7e000f00");
	assert_int_equal(device.reg_count, 2);
	assert_int_equal(device.regs[0].base, 0xc000f00);
	assert_int_equal(device.regs[0].size, 0x1200);
	assert_int_equal(device.regs[1].base, 0xc004010);
	assert_int_equal(device.irq_count, 2);
	assert_int_equal(device.irqs[0].intid, 72);
	assert_false(device.irqs[0].level);
	assert_int_equal(device.irqs[1].intid, 73);
	assert_true(device.irqs[1].level);
	/* its own part is none; the last page is shared */
	assert_int_equal(device.neighbour,
			 fdt_path_offset(tree.blob, "/bus@c000000/near@7e002ffc"));
	assert_int_equal(device.neighbour_page, 0xc002000);
}

static void neighbours_and_dma(void **state)
{
	(void)state;
	find("/virtio_mmio@a000200");
	assert_int_equal(device.neighbour, fdt_path_offset(tree.blob, "/virtio_mmio@a000000"));
	assert_int_equal(device.neighbour_page, 0xa000000);
	assert_false(device.irqs[0].level);
	assert_string_equal(device.dma, "dma-coherent");
	find("/unknown@b007000");
	assert_string_equal(device.dma, "it isn't known not to");
	assert_int_equal(device.irq_count, 0);
	find("/dmas@b008000");
	assert_string_equal(device.dma, "dmas");
}

static void refused(void **state)
{
	const struct fdt none = {0};

	(void)state;
	not_found("/pl061@9030001", "no such node or alias in the board's tree");
	not_found("", "no such node or alias in the board's tree");
	not_found("nicks", "no such node or alias in the board's tree");
	not_found("/off@b000000", "it is disabled in the board's tree");
	not_found("/apb-pclk", "0 ranges of registers: expected 1 to 4");
	not_found("/", "0 ranges of registers: expected 1 to 4");
	not_found("/cpus/cpu@0", "its registers can't be reached by the CPUs");
	not_found("/bus@c000000/beyond@7e100000", "its registers can't be reached by the CPUs");
	not_found("/large@b100000", "0x100004 bytes of registers: expected at most 0x100000");
	not_found("/private@b001000", "interrupt 0 is none that all CPUs share: expected an SPI");
	not_found("/elsewhere@b002000",
		  "its interrupts go to a controller that Skerry doesn't drive");
	not_found("/extended@b003000", "it has interrupts-extended: expected interrupts");
	not_found("/nameless@b004000", "no compatible of at most 128 bytes");
	assert_false(device_find(&none, "/a", &device, &why));
	assert_string_equal(why.text, "the board was started without a tree that could be read");
}

static void of_el2(void **state)
{
	struct board other;

	(void)state;
	find("/pl011@9000000");
	assert_string_equal(device_of_el2(&machine, &device), "Skerry's own serial line");
	find("/line-of-uart@b006000");
	assert_string_equal(device_of_el2(&machine, &device),
			    "the interrupt of Skerry's own serial line");
	find("/bus@c000000/wide@7e000f00"); /* 0xc000000 .. 0xc002fff and 0xc004000 .. 0xc004fff */
	other = machine;
	other.ram[0].base = 0xc003000;
	other.ram[0].size = 0x1000;
	assert_null(device_of_el2(&other, &device));
	other.ram[0].base = 0xc004fff;
	assert_string_equal(device_of_el2(&other, &device), "the machine's memory");
	other = machine;
	other.gicr[0] = (struct fdt_range){0xb000000, 0x1000001};
	assert_string_equal(device_of_el2(&other, &device), "the interrupt controller");
	other = machine;
	other.watchdog = (struct fdt_range){0xc002fff, 1};
	assert_string_equal(device_of_el2(&other, &device), "the board's power manager");
	other = machine;
	other.reserved[other.reserveds++] = (struct fdt_range){0xc000fff, 2};
	assert_string_equal(device_of_el2(&other, &device), "reserved memory");
}

/* The Pis' trees that are in the image: pins are alone, the mailbox is beside Pi 3's controller. */
static void pis(void **state)
{
	(void)state;
	open_tree("el2/board/raspi3.dts");
	find("gpio");
	assert_int_equal(device.regs[0].base, 0x3f200000);
	assert_null(device.dma);
	assert_int_equal(device.neighbour, -1);
	assert_null(device_of_el2(&machine, &device));
	find("system_timer");
	assert_int_equal(device.regs[0].base, 0x3f003000);
	assert_int_equal(device.irq_count, 4);
	assert_int_equal(device.irqs[0].intid, 64);
	assert_int_equal(device.irqs[3].intid, 67);
	assert_true(device.irqs[3].level);
	find("mailbox");
	assert_string_equal(device_of_el2(&machine, &device), "the interrupt controller");
	assert_non_null(device.dma);

	open_tree("el2/board/raspi4.dts");
	find("gpio");
	assert_int_equal(device.regs[0].base, 0xfe200000);
	assert_null(device_of_el2(&machine, &device));
	find("system_timer");
	assert_int_equal(device.irqs[0].intid, 96);
	find("mailbox");
	assert_null(device_of_el2(&machine, &device));
	assert_non_null(device.dma);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(plain, setup),
		cmocka_unit_test_setup(below_a_bus, setup),
		cmocka_unit_test_setup(neighbours_and_dma, setup),
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(of_el2, setup),
		cmocka_unit_test(pis),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free((void *)(uintptr_t)tree.blob);
	return failed;
}
