// SPDX-License-Identifier: Apache-2.0
// units: vdev/vfwcfg.c
/* vdev/vfwcfg.c: the items by their numbers in QEMU's docs/specs/fw_cfg, read in every width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vdev/vfwcfg.h"

static struct vfwcfg device;
static struct vfwcfg_items items;
static u8 kernel[21];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(kernel); i++)
		kernel[i] = (u8)(0x30 + i);
	items = (struct vfwcfg_items){.kernel = kernel,
				      .kernel_size = sizeof(kernel),
				      .initrd = (const u8 *)"tide",
				      .initrd_size = 4,
				      .command_line = "a=1 b",
				      .cpus = 3};
	memset(&device, 0, sizeof(device));
	vfwcfg_reset(&device);
	return 0;
}

static void wr(u64 offset, unsigned size, u64 value)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = value, .write = true};

	vfwcfg_access(&device, &items, &mmio);
}

static u64 rd(u64 offset, unsigned size)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = 0x5a5a5a5a5a5a5a5a};

	vfwcfg_access(&device, &items, &mmio);
	return mmio.value;
}

/* Big-endian, as a driver has to give it. */
static void choose(u16 item)
{
	wr(8, 2, (u16)(item << 8 | item >> 8));
}

static void test_items(void **state)
{
	static const struct {
		u16 item;
		u64 value;
	} numbers[] = {
		{0x00, 0x554d4551}, /* "QEMU" */
		{0x01, 3},	    /* registers and DMA */
		{0x05, 3},	    {0x08, 21},	  {0x0b, 4},
		{0x14, 6}, /* the command line with its NUL */
		{0x17, 0}, /* the setup part is of another architecture */
		{0x19, 0}, /* no files */
		{0x20, 0},	    {0x3fff, 0},  {0x8000, 0},
		{0xffff, 0},	    {0x4008, 21}, /* for writing: the same */
	};

	(void)state;
	assert_int_equal(rd(0, 4), 0x554d4551); /* nothing was selected */
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		choose(numbers[i].item);
		assert_int_equal(rd(0, 8), numbers[i].value);
		assert_int_equal(rd(0, 8), 0);
	}
	choose(0x12);
	assert_int_equal(rd(0, 1), 't');
	assert_int_equal(rd(0, 2), 'i' | 'd' << 8);
	assert_int_equal(rd(0, 8), 'e');
	choose(0x15);
	assert_int_equal(rd(0, 8), 0x622031ull << 16 | 0x3d61); /* "a=1 b" */
	items.kernel_size = 0;
	choose(0x11);
	assert_int_equal(rd(0, 8), 0);
	choose(0x14);
	assert_int_equal(rd(0, 8), 0);
}

/* From the beginning at each choice, in every width, never beyond the end. */
static void test_widths(void **state)
{
	(void)state;
	for (unsigned size = 1; size <= 8; size *= 2) {
		u8 got[32] = {0};

		choose(0x11);
		for (unsigned at = 0; at < 24; at += size) {
			u64 value = rd(at % 8, size);

			memcpy(got + at, &value, size);
		}
		assert_memory_equal(got, kernel, sizeof(kernel));
		assert_int_equal(got[21] | got[22] | got[23], 0);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(rd(0, size), 0);
	}
}

/* What is no register, and what a register does not take. */
static void test_elsewhere(void **state)
{
	(void)state;
	choose(0x11);
	assert_int_equal(rd(8, 2), 0);
	assert_int_equal(rd(16, 8), 0x47464320554d4551); /* "QEMU CFG": DMA is there */
	assert_int_equal(rd(20, 4), 0x47464320);
	assert_int_equal(rd(22, 1), 0x46);
	wr(0, 8, ~0ull);
	wr(8, 1, 0);
	wr(8, 4, 0x12);
	wr(10, 2, 0x1200);
	assert_int_equal(rd(0, 1), 0x30);
	vfwcfg_reset(&device);
	assert_int_equal(rd(0, 1), 'Q');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_items, setup),
		cmocka_unit_test_setup(test_widths, setup),
		cmocka_unit_test_setup(test_elsewhere, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
