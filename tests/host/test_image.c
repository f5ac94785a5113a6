// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c guest/image.c
/* Where kernel, tree and initrd go. The files are made here, byte by byte; what is wrong with a
 * header is in tests/bundles/bad, with the error that it gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/image.h"

#define ROOM 0x2000

static struct image_plan plan;
static struct fdt_error err;

/* `file` is of exactly its size, so that a read beyond it is seen. */
static bool plan_file(const void *bytes, size_t size, u64 memory, u64 initrd)
{
	static const u8 somewhere[1];
	void *file = malloc(size);
	struct guest_config config = {
		.memory_size = memory,
		.kernel = {file, size},
		.initrd = {initrd ? somewhere : NULL, initrd}, /* never looked at */
	};
	bool ok;

	memcpy(file, bytes, size);
	err = (struct fdt_error){""};
	ok = image_plan(&plan, &config, ROOM, &err);
	free(file);
	return ok;
}

static void put(u8 *file, size_t at, unsigned size, u64 value)
{
	for (unsigned i = 0; i < size; i++)
		file[at + i] = (u8)(value >> 8 * i);
}

static void make_image(u8 file[64], u64 text_offset, u64 image_size)
{
	memset(file, 0, 64);
	put(file, 8, 8, text_offset);
	put(file, 16, 8, image_size);
	put(file, 24, 8, 0xa);
	memcpy(file + 56, "ARM\x64", 4);
}

/* The header at 0, then program headers at 64. */
static void make_elf(u8 *file, u64 entry, unsigned segments)
{
	memset(file, 0, 64 + 56 * segments);
	memcpy(file,
	       "\x7f"
	       "ELF\2\1\1",
	       7);
	put(file, 16, 2, 2);
	put(file, 18, 2, 183);
	put(file, 24, 8, entry);
	put(file, 32, 8, 64);
	put(file, 54, 2, 56);
	put(file, 56, 2, segments);
}

static void make_segment(u8 *file, unsigned n, u64 offset, u64 vaddr, u64 paddr, u64 filesz,
			 u64 memsz)
{
	u8 *segment = file + 64 + 56 * n;

	put(segment, 0, 4, 1);
	put(segment, 8, 8, offset);
	put(segment, 16, 8, vaddr);
	put(segment, 24, 8, paddr);
	put(segment, 32, 8, filesz);
	put(segment, 40, 8, memsz);
}

static void arm64_image(void **state)
{
	u8 file[64];

	(void)state;
	make_image(file, 0x80000, 0x345678);
	assert_true(plan_file(file, 64, 0x4000000, 0x5001));
	assert_int_equal(plan.kind, IMAGE_ARM64);
	assert_int_equal(plan.segment_count, 1);
	assert_int_equal(plan.segments[0].offset, 0);
	assert_int_equal(plan.segments[0].file_size, 64);
	assert_int_equal(plan.segments[0].ipa, 0x40080000);
	assert_int_equal(plan.segments[0].memory_size, 0x345678);
	assert_int_equal(plan.entry, 0x40080000);
	assert_int_equal(plan.end, 0x403c5678);
	assert_int_equal(plan.tree, 0x403c5678);
	assert_int_equal(plan.initrd, 0x403c8000);
}

/* 64 KiB: no room for a multiple of 2 MiB, so tree and initrd stand close above the image. */
static void small_memory(void **state)
{
	u8 file[64];

	(void)state;
	make_image(file, 0, 0x9001);
	assert_true(plan_file(file, 64, 0x10000, 0x4000));
	assert_int_equal(plan.entry, 0x40000000);
	assert_int_equal(plan.tree, 0x40009008);
	assert_int_equal(plan.initrd, 0x4000c000);
	assert_false(plan_file(file, 64, 0x10000, 0x4001));
	assert_string_equal(err.text,
			    "initrd: 0x4001 bytes at 0x4000c000: the memory ends at 0x40010000");
	assert_true(plan_file(file, 64, 0x10000, 0));
	assert_int_equal(plan.initrd, 0);
}

static void large_initrd(void **state)
{
	u8 file[64];

	(void)state;
	make_image(file, 0, 0x2200000);
	assert_true(plan_file(file, 64, 0x10000000, 0x8000001)); /* 128 MiB and a byte */
	assert_int_equal(plan.tree, 0x42200000);
	assert_int_equal(plan.initrd, 0x42202000);
	/* Close above the image, unless the tree would then lie on both sides of a multiple of 2 MiB:
	 * 0x423fe000 + 0x2000 does not, one byte further does. */
	make_image(file, 0, 0x23fe000);
	assert_true(plan_file(file, 64, 0x10000000, 0));
	assert_int_equal(plan.tree, 0x423fe000);
	make_image(file, 0, 0x23fe001);
	assert_true(plan_file(file, 64, 0x10000000, 0));
	assert_int_equal(plan.tree, 0x42400000);
	make_image(file, 0, 0x2200001);
	assert_true(plan_file(file, 64, 0x10000000, 0xddfd000));
	assert_int_equal(plan.tree, 0x42200008);
	assert_int_equal(plan.initrd, 0x42203000);
	assert_false(plan_file(file, 64, 0x10000000, 0xddfd001));
	assert_false(plan_file(file, 64, 0x10000000, UINT64_MAX));
}

static void flat(void **state)
{
	u8 file[100] = {0x1f, 0x20};

	(void)state;
	for (size_t size = 1; size <= sizeof(file); size++) {
		assert_true(plan_file(file, size, 0x100000, 0));
		assert_int_equal(plan.kind, IMAGE_FLAT);
		assert_int_equal(plan.entry, 0x40080000);
		assert_int_equal(plan.segments[0].ipa, 0x40080000);
		assert_int_equal(plan.segments[0].file_size, size);
		assert_int_equal(plan.segments[0].memory_size, size);
		assert_int_equal(plan.end, 0x40080000 + size);
	}
	assert_false(plan_file(file, 100, 0x80063, 0));
	assert_string_equal(err.text,
			    "kernel: 0x64 bytes at 0x40080000: the memory ends at 0x40080063");
	assert_false(plan_file("\x1f\x8b\x08\x00", 4, 0x100000, 0));
	assert_false(plan_file("MZ\0\0zimg", 8, 0x100000, 0));
	assert_string_equal(err.text, "kernel: compressed (gzip, or zimg): expected it unpacked");
}

/* Two segments at their physical addresses, with bss; the entry is a virtual address. */
static void elf(void **state)
{
	u8 file[64 + 56 * 3];

	(void)state;
	make_elf(file, 0xffff000000200010, 3);
	make_segment(file, 0, 0x10, 0xffff000000000000, 0x40100000, 0x20, 0x1000);
	make_segment(file, 1, 0x30, 0xffff000000200000, 0x40000000, 0x40, 0x80000);
	put(file, 64 + 56 * 2, 4, 0x6474e551); /* PT_GNU_STACK */
	assert_true(plan_file(file, sizeof(file), 0x400000, 1));
	assert_int_equal(plan.kind, IMAGE_ELF);
	assert_int_equal(plan.segment_count, 2);
	assert_int_equal(plan.segments[0].offset, 0x10);
	assert_int_equal(plan.segments[0].file_size, 0x20);
	assert_int_equal(plan.segments[0].ipa, 0x40100000);
	assert_int_equal(plan.segments[0].memory_size, 0x1000);
	assert_int_equal(plan.segments[1].ipa, 0x40000000);
	assert_int_equal(plan.entry, 0x40000010);
	assert_int_equal(plan.end, 0x40101000);
	assert_int_equal(plan.tree, 0x40200000);
	assert_int_equal(plan.initrd, 0x40202000);
	put(file, 24, 8, 0x40000010); /* the same as a physical address */
	assert_true(plan_file(file, sizeof(file), 0x400000, 1));
	assert_int_equal(plan.entry, 0x40000010);
	put(file, 24, 8, 0x40000012);
	assert_false(plan_file(file, sizeof(file), 0x400000, 1));
	put(file, 24, 8, 0x40080000); /* just past the second segment */
	assert_false(plan_file(file, sizeof(file), 0x400000, 1));
	assert_string_equal(err.text,
			    "kernel: ELF: entry 0x40080000: expected an instruction in a segment");
}

static void elf_segments(void **state)
{
	u8 file[64 + 56 * 9];

	(void)state;
	make_elf(file, 0x40000000, 9);
	for (unsigned i = 0; i < 9; i++)
		make_segment(file, i, 0, 0x40000000 + 0x1000 * i, 0x40000000 + 0x1000 * i, 4,
			     0x1000);
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
	assert_string_equal(err.text, "kernel: more than 8 segments to load");
	put(file, 64 + 56 * 8 + 40, 8, 0); /* one with no memory does not count */
	put(file, 64 + 56 * 8 + 32, 8, 0);
	assert_true(plan_file(file, sizeof(file), 0x400000, 0));
	assert_int_equal(plan.segment_count, 8);
	make_segment(file, 3, 0, 0, 0x40007fff, 1, 1);
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
	assert_string_equal(err.text, "kernel: two segments overlap at 0x40007fff");
	make_segment(file, 3, 0, 0, 0x3fffffff, 1, 1);
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
	make_segment(file, 3, 0, 0, 0xffffffffffffffff, 1, 0x10);
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
	make_segment(file, 3, 0xffffffffffffffff, 0, 0x40100000, 1, 1);
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
	assert_string_equal(err.text, "kernel: ELF: segment at 0xffffffffffffffff of the file ends"
				      " beyond its end");
	put(file, 32, 8, 0xffffffffffffffff); /* e_phoff */
	assert_false(plan_file(file, sizeof(file), 0x400000, 0));
}

/* Nothing of it is in memory: the tree stands at its start. */
static void firmware(void **state)
{
	struct guest_config config = {.memory_size = 0x10000, .firmware = {(const u8 *)"", 1}};

	(void)state;
	memset(&plan, 0xa5, sizeof(plan));
	assert_true(image_plan(&plan, &config, ROOM, &err));
	assert_int_equal(plan.kind, IMAGE_FIRMWARE);
	assert_int_equal(plan.segment_count, 0);
	assert_int_equal(plan.entry, 0);
	assert_int_equal(plan.tree, 0x40000000);
	assert_int_equal(plan.initrd, 0);
}

/* Whatever the numbers, a plan that was accepted stays inside file and memory. */
static void any_numbers(void **state)
{
	static const u64 interesting[] = {0,
					  1,
					  4,
					  0x40,
					  0x1000,
					  0x40000000,
					  0x40001000,
					  0x403fffff,
					  0x40400000,
					  0x7fffffffffffffff,
					  0xffffffffffffff00,
					  0xffffffffffffffff};
	unsigned long seed = 42;
	unsigned accepted = 0;
	u8 file[64 + 56 * 2];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		make_elf(file, 0x40000000, 2);
		make_segment(file, 0, 0, 0x40000000, 0x40000000, 0x10, 0x1000);
		make_segment(file, 1, 0, 0x40001000, 0x40001000, 0x10, 0x1000);
		for (unsigned k = 0; k < 2; k++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			put(file, 64 + (seed >> 33) % 14 * 8, 8, interesting[(seed >> 48) % 12]);
		}
		if (!plan_file(file, sizeof(file), 0x400000, 0x1000))
			continue;
		accepted++;
		for (unsigned k = 0; k < plan.segment_count; k++) {
			assert_true(plan.segments[k].offset + plan.segments[k].file_size <=
				    sizeof(file));
			assert_true(plan.segments[k].file_size <= plan.segments[k].memory_size);
			assert_in_range(plan.segments[k].ipa, 0x40000000, 0x40400000);
			assert_true(plan.segments[k].ipa + plan.segments[k].memory_size <=
				    plan.end);
		}
		assert_true(plan.end <= plan.tree && plan.tree + ROOM <= plan.initrd);
		assert_true(plan.initrd + 0x1000 <= 0x40400000);
		assert_in_range(plan.entry, 0x40000000, plan.end - 1);
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arm64_image),	cmocka_unit_test(small_memory),
		cmocka_unit_test(large_initrd), cmocka_unit_test(flat),
		cmocka_unit_test(elf),		cmocka_unit_test(elf_segments),
		cmocka_unit_test(firmware),	cmocka_unit_test(any_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
