// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * guest/fwcfg.c: DMA to the guest's memory, by descriptors good and bad. The guest has 1 MiB at 0x40000000;
 * its kernel has 150000 bytes, so that it takes three steps of 64 KiB.
 */
#include "guest_world.h"

#define KERNEL_SIZE 150000
#define DESCRIPTOR 0x40000100ull

static struct guest *crab;
static u8 kernel[KERNEL_SIZE], buffer[0x100000];

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	world_create("crab { compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
		     "firmware = [00]; bootargs = \"tide=high\"; };",
		     "");
	crab = guest_by_id(0);
	for (unsigned i = 0; i < KERNEL_SIZE; i++)
		kernel[i] = (u8)(i * 7 >> 3);
	crab->config.kernel = (struct bundle_bytes){kernel, KERNEL_SIZE};
	return 0;
}

/* As a guest on a little-endian CPU writes it. True: done; false: the store is to be run again. */
static bool store(u64 offset, unsigned size, u64 value)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = value, .write = true};
	bool done = guest_fwcfg(crab, &mmio);

	assert_int_equal(mmio.size, done ? size : 0);
	return done;
}

static void describe(u64 at, u32 control, u32 length, u64 address)
{
	u32 words[4] = {__builtin_bswap32(control), __builtin_bswap32(length),
			__builtin_bswap32((u32)(address >> 32)), __builtin_bswap32((u32)address)};

	assert_true(guest_write(crab, IPA(at), words, sizeof(words)));
}

static u32 control_at(u64 at)
{
	u32 word;

	assert_true(guest_read(crab, &word, IPA(at), 4));
	return __builtin_bswap32(word);
}

/* Runs the store again as often as it wants; how often that was. */
static unsigned dma(u64 at)
{
	unsigned times = 0;

	assert_true(store(0x10, 4, __builtin_bswap32((u32)(at >> 32))));
	while (times++ < 100000)
		if (store(0x14, 4, __builtin_bswap32((u32)at)))
			return times;
	fail_msg("it never ends");
	return 0;
}

static void test_read(void **state)
{
	(void)state;
	describe(DESCRIPTOR, 0x0011000a, KERNEL_SIZE, 0x40010001); /* select, read */
	assert_int_equal(dma(DESCRIPTOR), 3);
	assert_int_equal(control_at(DESCRIPTOR), 0);
	assert_true(guest_read(crab, buffer, IPA(0x40010001), KERNEL_SIZE));
	assert_memory_equal(buffer, kernel, KERNEL_SIZE);
	describe(DESCRIPTOR, 0x0015000a, 4,
		 0x40000200); /* and in parts: what is not selected goes on */
	assert_int_equal(dma(DESCRIPTOR), 1);
	describe(DESCRIPTOR, 2, 6, 0x40000204);
	assert_int_equal(dma(DESCRIPTOR), 1);
	assert_true(guest_read(crab, buffer, IPA(0x40000200), 10));
	assert_string_equal((char *)buffer, "tide=high");
	describe(DESCRIPTOR, 0x0011000c, 0x10000, 0); /* skip */
	assert_int_equal(dma(DESCRIPTOR), 1);
	assert_int_equal(control_at(DESCRIPTOR), 0);
	describe(DESCRIPTOR, 2, 8, 0x40000200);
	assert_int_equal(dma(DESCRIPTOR), 1);
	assert_true(guest_read(crab, buffer, IPA(0x40000200), 8));
	assert_memory_equal(buffer, kernel + 0x10000, 8);
	describe(DESCRIPTOR, 0x00000008, 0, 0); /* select only, by one 64-bit store */
	assert_true(store(0x10, 8, __builtin_bswap64(DESCRIPTOR)));
	describe(DESCRIPTOR, 2, 4, 0x40000200);
	assert_true(store(0x10, 8, __builtin_bswap64(DESCRIPTOR)));
	assert_true(guest_read(crab, buffer, IPA(0x40000200), 4));
	assert_memory_equal(buffer, "QEMU", 4);
}

/* Behind an item's end, and of one that is not there: zeroes. */
static void test_zeroes(void **state)
{
	(void)state;
	memset(buffer, 0xee, 2000);
	assert_true(guest_write(crab, IPA(0x40000800), buffer, 2000));
	describe(DESCRIPTOR, 0x0015000a, 1000, 0x40000800);
	dma(DESCRIPTOR);
	assert_true(guest_read(crab, buffer, IPA(0x40000800), 1001));
	assert_memory_equal(buffer, "tide=high", 10);
	assert_true(all_are(buffer + 10, 0, 990));
	assert_int_equal(buffer[1000], 0xee);
	describe(DESCRIPTOR, 0x1234000a, 10, 0x40000be0);
	dma(DESCRIPTOR);
	assert_true(guest_read(crab, buffer, IPA(0x40000be0), 11));
	assert_true(all_are(buffer, 0, 10));
	assert_int_equal(buffer[10], 0xee);
	describe(DESCRIPTOR, 0x0011000c, ~0u, 0); /* skips all, and no more */
	dma(DESCRIPTOR);
	describe(DESCRIPTOR, 2, 1, 0x40000800);
	dma(DESCRIPTOR);
	assert_int_equal(control_at(DESCRIPTOR), 0);
}

/* Each ends with the error bit set, as far as there is a descriptor; nothing else was touched. */
static void test_bad(void **state)
{
	static const struct {
		u32 control, length;
		u64 address;
	} wrong[] = {
		{0x0011000a, 16, 0},	      {0x0011000a, 16, 0x3ffffff8},
		{0x0011000a, 16, 0x400ffff8}, {0x0011000a, 16, ~0ull - 7},
		{0x0011000a, 16, 0x4000000},  {0x0011000a, ~0u, 0x40100000},
		{0x00110018, 16, 0x40000200}, /* write */
	};
	static const u64 nowhere[] = {0, 0x3ffffff8, 0x400ffff8, 0x40100000, ~0ull - 3, 0x9000000};

	(void)state;
	memset(buffer, 0, 16);
	assert_true(guest_write(crab, IPA(0x40000200), buffer, 16));
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		describe(DESCRIPTOR, wrong[i].control, wrong[i].length, wrong[i].address);
		assert_int_equal(dma(DESCRIPTOR), 1);
		assert_int_equal(control_at(DESCRIPTOR), 1);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++)
		assert_int_equal(dma(nowhere[i]), 1);
	assert_true(guest_read(crab, buffer, IPA(0x40000200), 16));
	assert_true(all_are(buffer, 0, 16));
	/* over its own descriptor, and to the end of memory: it ends, whatever it then says */
	describe(DESCRIPTOR, 0x0011000a, KERNEL_SIZE, DESCRIPTOR - 8);
	dma(DESCRIPTOR);
	describe(DESCRIPTOR, 0x0011000a, ~0u, 0x40010000);
	dma(DESCRIPTOR);
	assert_int_equal(control_at(DESCRIPTOR), 1);
}

/* The upper half of the address counts once. */
static void test_registers(void **state)
{
	struct mmio mmio = {.offset = 0x10, .size = 8};

	(void)state;
	assert_true(guest_fwcfg(crab, &mmio));
	assert_int_equal(mmio.value, 0x47464320554d4551); /* "QEMU CFG" */
	describe(DESCRIPTOR, 0x0011000c, 0, 0);
	assert_true(store(0x10, 4, 0x01000000)); /* 4 GiB up: nothing there */
	assert_true(store(0x14, 4, __builtin_bswap32((u32)DESCRIPTOR)));
	assert_int_equal(control_at(DESCRIPTOR), 0x0011000c);
	assert_true(store(0x14, 4, __builtin_bswap32((u32)DESCRIPTOR)));
	assert_int_equal(control_at(DESCRIPTOR), 0);
	crab->config.firmware.size = 0;
	mmio.size = 4;
	assert_false(guest_fwcfg(crab, &mmio));
	assert_int_equal(mmio.size, 4); /* not to be run again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_zeroes, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_registers, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
