// SPDX-License-Identifier: Apache-2.0
// units: vdev/vflash.c
/*
 * vdev/vflash.c: each command by the data sheet's numbers, then random accesses of every width against a
 * model that is written another way: it keeps the list of writes since the last command and looks at the
 * whole of it each time. The seed is printed; VFLASH_SEED sets it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arch/mmu.h"
#include "vdev/vflash.h"

#define SIZE 0x200000u
#define BLOCK 0x40000u

static struct vflash flash;
static u8 *bytes; /* of exactly its size, so that the sanitizer sees what is beyond */

static int setup(void **state)
{
	(void)state;
	mmu_arena_new(0x80000000, SIZE);
	bytes = mmu_pointer(PA(0x80000000));
	memset(bytes, 0xff, SIZE);
	memset(&flash, 0xa5, sizeof(flash));
	vflash_reset(&flash);
	return 0;
}

static u64 rd(u64 offset, unsigned size)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = 0xdeadbeefdeadbeef};

	vflash_access(&flash, bytes, &mmio);
	return mmio.value;
}

static void wr(u64 offset, unsigned size, u64 value)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = value, .write = true};

	vflash_access(&flash, bytes, &mmio);
	mmu_forget();
}

/* Both chips are told the same. */
static void command(u64 offset, u32 value)
{
	wr(offset, 4, value | value << 16);
}

static void test_reset(void **state)
{
	(void)state;
	assert_true(vflash_readable(&flash));
	assert_int_equal(flash.memory.v, 0xa5a5a5a5a5a5a5a5); /* what it holds stays */
	bytes[0x12345] = 0x5a;
	assert_int_equal(rd(0x12344, 4), 0xffff5aff);
	assert_int_equal(rd(0x12345, 1), 0x5a);
	assert_int_equal(rd(0x12344, 2), 0x5aff);
	assert_int_equal(rd(0x12340, 8), 0xffff5affffffffff);
}

static void test_query(void **state)
{
	static const u8 expected[] = {'Q', 'R', 'Y', 1, 0, 0x31, 0, 0, 0, 0, 0};

	(void)state;
	command(0x55 * 4, 0x98);
	assert_false(vflash_readable(&flash));
	for (unsigned i = 0; i < sizeof(expected); i++)
		assert_int_equal(rd((0x10 + i) * 4, 4), expected[i] * 0x10001u);
	assert_int_equal(rd(0x10 * 4, 8), 0x0052005200510051);
	assert_int_equal(rd(0x10 * 4, 1), 'Q');
	assert_int_equal(rd(0x27 * 4, 1), 20); /* a chip has 1 MiB, and the bank two of them */
	assert_int_equal(rd(0x2a * 4, 1), 6);  /* 64 bytes */
	assert_int_equal(rd(0x2c * 4, 1), 1);
	assert_int_equal(rd(0x2d * 4, 1), 7); /* 8 blocks */
	assert_int_equal(rd(0x2e * 4, 1), 0);
	assert_int_equal(rd(0x2f * 4, 1), 0); /* of 0x200 times 256 bytes */
	assert_int_equal(rd(0x30 * 4, 1), 2);
	assert_int_equal(rd(0x31 * 4, 4), 0x00500050);
	assert_int_equal(rd(0x33 * 4, 4), 0x00490049);
	assert_int_equal(rd(0, 4), 0);
	assert_int_equal(rd(0x0f * 4, 4), 0);
	assert_int_equal(rd(0x36 * 4, 4), 0);
	assert_int_equal(rd(SIZE - 4, 4), 0);
	command(0, 0x90);
	assert_int_equal(rd(0, 4), 0x00890089);
	assert_int_equal(rd(4, 4), 0x00180018);
	assert_int_equal(rd(BLOCK + 8, 4), 0); /* not locked */
	command(0, 0x70);
	assert_int_equal(rd(0x1234, 4), 0x00800080);
	assert_int_equal(rd(0x1234, 1), 0x80);
	assert_int_equal(rd(0x1234, 8), 0x0080008000800080);
	command(0, 0xff);
	assert_true(vflash_readable(&flash));
}

/* As EDK2 does it: a program clears bits, an erase sets those of a block. */
static void test_program_and_erase(void **state)
{
	(void)state;
	command(BLOCK, 0x40);
	wr(BLOCK, 4, 0xffff1234);
	assert_int_equal(rd(0, 4), 0x00800080);
	command(BLOCK, 0x10);
	wr(BLOCK, 2, 0xff30);
	command(0, 0xff);
	assert_int_equal(rd(BLOCK, 4), 0xffff1230);
	command(BLOCK - 4, 0x40);
	wr(BLOCK - 4, 4, 0);
	command(2 * BLOCK, 0x40);
	wr(2 * BLOCK, 4, 0);
	command(BLOCK + 0x100, 0x60); /* unlock, as drivers do first */
	command(BLOCK + 0x100, 0xd0);
	command(BLOCK + 0x100, 0x20);
	assert_int_equal(bytes[BLOCK], 0x30);
	command(BLOCK + 0x100, 0xd0);
	assert_int_equal(rd(0, 4), 0x00800080);
	command(0, 0xff);
	for (unsigned i = 0; i < BLOCK; i++)
		assert_int_equal(bytes[BLOCK + i], 0xff);
	assert_int_equal(rd(BLOCK - 4, 4), 0);
	assert_int_equal(rd(2 * BLOCK, 4), 0);
}

static void test_buffer(void **state)
{
	(void)state;
	command(BLOCK,
		0xe8); /* to the block, as U-Boot does, and not to the buffer's own address */
	assert_int_equal(rd(BLOCK, 4), 0x00800080);
	command(BLOCK, 2);
	wr(BLOCK + 0x1f4, 4, 0x11111111);
	wr(BLOCK + 0x1f8, 4, 0x22222222);
	wr(BLOCK + 0x1fc, 4, 0x33333333);
	assert_int_equal(bytes[BLOCK + 0x1f8], 0xff); /* not before it is confirmed */
	command(BLOCK, 0xd0);
	assert_int_equal(rd(0, 4), 0x00800080);
	command(0, 0xff);
	assert_int_equal(rd(BLOCK + 0x1f0, 8), 0x11111111ffffffff);
	assert_int_equal(rd(BLOCK + 0x1f8, 8), 0x3333333322222222);
	assert_int_equal(rd(BLOCK + 0x200, 8), 0xffffffffffffffff);
	command(0, 0xe8);
	command(0, 31); /* all of it */
	for (unsigned i = 0; i < 32; i++)
		wr(0x80 + i * 4, 4, i);
	command(0, 0xd0);
	command(0, 0xff);
	assert_int_equal(rd(0x80, 4), 0);
	assert_int_equal(rd(0xfc, 4), 31);
	assert_int_equal(rd(0x7c, 4), 0xffffffff);
}

/* 0xb0: erase and program failed, and ready; until it is cleared. Nothing was programmed. */
static void test_mistakes(void **state)
{
	(void)state;
	command(0, 0xe8);
	command(0, 32); /* more than there is room for */
	assert_int_equal(rd(0, 4), 0x00b000b0);
	command(0, 0x70);
	assert_int_equal(rd(0, 4), 0x00b000b0);
	command(0, 0x50);
	assert_true(vflash_readable(&flash));
	command(0, 0x70);
	assert_int_equal(rd(0, 4), 0x00800080);

	command(0, 0xe8); /* out of the buffer */
	command(0, 1);
	wr(0x7c, 4, 0);
	wr(0x80, 4, 0);
	command(0, 0xd0);
	assert_int_equal(rd(0, 4), 0x00b000b0);
	command(0, 0x50);

	command(0, 0xe8); /* not confirmed */
	command(0, 0);
	wr(0x7c, 4, 0);
	command(0, 0x40);
	assert_int_equal(rd(0, 4), 0x00b000b0);
	command(0, 0x50);
	command(0, 0x20);
	command(0, 0x20);
	assert_int_equal(rd(0, 4), 0x00b000b0);
	command(0, 0x50);
	command(0, 0x20);
	command(0, 0xff); /* taken back */
	assert_true(vflash_readable(&flash));
	command(0, 0x60);
	command(0, 0xff);
	assert_true(vflash_readable(&flash));
	command(0, 0x33); /* no command */
	assert_true(vflash_readable(&flash));
	command(0, 0xd0);
	assert_true(vflash_readable(&flash));
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(bytes[i], 0xff);
}

/* ---- The model ---- */

static struct {
	u8 *bytes;
	struct {
		u64 offset, value;
		unsigned size;
	} writes[40]; /* since the command that is not done */
	unsigned count;
	char shows; /* 'b'ytes, 's'tatus, 'i'd, 'q'uery */
	bool failed;
} model;

static void model_done(void)
{
	model.count = 0;
}

static void model_command(void)
{
	switch (model.writes[0].value & 0xff) {
	case 0x10:
	case 0x40:
	case 0x20:
	case 0x60:
	case 0xe8:
		model.shows = 's';
		return;
	case 0x70:
		model.shows = 's';
		break;
	case 0x90:
		model.shows = 'i';
		break;
	case 0x98:
		model.shows = 'q';
		break;
	case 0x50:
		model.failed = false;
		__attribute__((fallthrough));
	default:
		model.shows = 'b';
	}
	model_done();
}

static void model_program(unsigned i)
{
	for (unsigned b = 0; b < model.writes[i].size; b++)
		model.bytes[model.writes[i].offset + b] &= (u8)(model.writes[i].value >> 8 * b);
}

/* The last of writes data[2 .. count - 2] to each byte counts; all must be in one 128 bytes. */
static void model_buffer(bool confirmed)
{
	u8 now[128];
	bool good = true;
	u64 base = model.writes[2].offset / 128;

	memset(now, 0xff, sizeof(now));
	for (unsigned i = 2; i < model.count - 1; i++) {
		good &= model.writes[i].offset / 128 == base;
		for (unsigned b = 0; good && b < model.writes[i].size; b++)
			now[model.writes[i].offset % 128 + b] =
				(u8)(model.writes[i].value >> 8 * b);
	}
	for (unsigned b = 0; good && confirmed && b < 128; b++)
		model.bytes[base * 128 + b] &= now[b];
	if (!good)
		model.failed = true;
}

static void model_confirm(void)
{
	u8 last = model.writes[model.count - 1].value & 0xff;

	if (last == 0xff)
		model.shows = 'b';
	else if (last != 0xd0)
		model.failed = true;
	if ((model.writes[0].value & 0xff) == 0xe8)
		model_buffer(last == 0xd0);
	else if (last == 0xd0)
		memset(model.bytes + model.writes[1].offset / BLOCK * BLOCK, 0xff, BLOCK);
	model_done();
}

static void model_write(u64 offset, unsigned size, u64 value)
{
	unsigned n = model.count++;

	model.writes[n].offset = offset;
	model.writes[n].value = value;
	model.writes[n].size = size;
	if (n == 0) {
		model_command();
		return;
	}
	switch (model.writes[0].value & 0xff) {
	case 0x10:
	case 0x40:
		model_program(1);
		model_done();
		break;
	case 0x20:
		model_confirm();
		break;
	case 0x60:
		if ((value & 0xff) == 0xff)
			model.shows = 'b';
		model_done();
		break;
	default:
		if ((model.writes[1].value & 0xffff) > 31) {
			model.failed = true;
			model_done();
		} else if (n == (model.writes[1].value & 0xffff) + 3) {
			model_confirm();
		}
	}
}

static u64 model_read(u64 offset, unsigned size)
{
	u64 value = 0;

	if (model.shows == 'b')
		for (unsigned b = 0; b < size; b++)
			value |= (u64)model.bytes[offset + b] << 8 * b;
	else if (model.shows == 's')
		value = model.failed ? 0x00b000b000b000b0 : 0x0080008000800080;
	else if (model.shows == 'i' && offset < 8)
		value = offset == 0 && size == 8 ? 0x0018001800890089 :
			offset < 4		 ? 0x00890089 :
						   0x00180018;
	return size < 8 ? value & ((1ull << 8 * size) - 1) : value;
}

static u64 state;

static u64 random_number(void)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return state * 0x2545f4914f6cdd1d >> 8;
}

static u64 random_value(void)
{
	static const u8 commands[] = {0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90,
				      0x98, 0xd0, 0xd0, 0xd0, 0xe8, 0xe8, 0xff};
	u64 x = random_number();

	switch (x % 8) {
	case 0:
		return random_number();
	case 1:
		return x >> 8 & 3; /* a count */
	case 2:
		return x >> 8 & 63;
	default:
		return commands[(x >> 8) % sizeof(commands)] * 0x0001000100010001;
	}
}

/* Some places again and again, and the whole flash. */
static u64 random_offset(unsigned size)
{
	u64 x = random_number();
	u64 near = (x >> 8 & 7) * BLOCK + (x >> 16 & 0xff) - 0x80;

	return (x & 3 ? near : x >> 8) % SIZE / size * size;
}

static void test_random(void **unused)
{
	const char *given = getenv("VFLASH_SEED");
	u64 seed = given ? strtoull(given, NULL, 0) : (u64)time(NULL), erases = 0;

	(void)unused;
	printf("VFLASH_SEED=%llu\n", (unsigned long long)seed);
	state = seed * 2 + 1;
	memset(&model, 0, sizeof(model));
	model.bytes = malloc(SIZE);
	memset(model.bytes, 0xff, SIZE);
	model.shows = 'b';
	for (unsigned n = 0; n < 1000000; n++) {
		unsigned size = 1u << random_number() % 4;
		u64 offset = random_offset(size), value = random_value();

		if (size < 8)
			value &= (1ull << 8 * size) - 1;
		if (random_number() % 4) {
			bool erase = model.count == 1 && (model.writes[0].value & 0xff) == 0x20;

			if (erase && erases++ % 64) /* they take long, and leave nothing to see */
				value = 0xff;
			wr(offset, size, value);
			model_write(offset, MIN(size, 4u), size == 8 ? (u32)value : value);
			if (size == 8)
				model_write(offset + 4, 4, value >> 32);
		} else if (model.shows != 'q') {
			u64 got = rd(offset, size);

			if (got != model_read(offset, size))
				fail_msg("step %u: %u bytes at 0x%llx: 0x%llx, and not 0x%llx", n,
					 size, (unsigned long long)offset, (unsigned long long)got,
					 (unsigned long long)model_read(offset, size));
		}
		assert_int_equal(vflash_readable(&flash), model.shows == 'b');
		if (n % 50000 == 0)
			assert_memory_equal(bytes, model.bytes, SIZE);
	}
	assert_memory_equal(bytes, model.bytes, SIZE);
	assert_true(erases > 1000);
	free(model.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_query, setup),
		cmocka_unit_test_setup(test_program_and_erase, setup),
		cmocka_unit_test_setup(test_buffer, setup),
		cmocka_unit_test_setup(test_mistakes, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
