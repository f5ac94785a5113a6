// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c board/tree.c board/atags.c
/* ATAGs: the list that QEMU 7.2's raspi3b leaves, word by word; lists that are broken; random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/atags.h"
#include "dtc.h"

static const u32 qemus[] = {
	5, 0x54410001, 1,	   0x1000,     0,	   /* core: flags, page size, root device */
	4, 0x54410002, 0x3c000000, 0,			   /* memory: size, address */
	4, 0x54420005, 0x08000000, 0x20fd,		   /* initrd: address, size */
	5, 0x54410009, 0x6d726574, 0x6c616e69, 0x00007820, /* "terminal x" */
	0, 0,
};

static struct board machine;

static void start(void)
{
	memset(&machine, 0, sizeof(machine));
	board_add_ram(&machine, (struct fdt_range){0, 0x38000000});
}

static void qemus_list(void **state)
{
	struct atags tags;

	(void)state;
	start();
	assert_true(atags_read(qemus, ARRAY_SIZE(qemus), &tags));
	atags_apply(&tags, 0x3f000000, &machine);
	assert_int_equal(machine.rams, 1);
	assert_int_equal(machine.ram[0].base, 0);
	assert_int_equal(machine.ram[0].size, 0x3c000000);
	assert_int_equal(machine.initrd.base, 0x08000000);
	assert_int_equal(machine.initrd.size, 0x20fd);
	assert_true(machine.terminal);
	assert_string_equal(tags.command_line, "terminal x");
}

/* One that is too long is cut, one without an end is none. */
static void command_lines(void **state)
{
	u32 list[2 + 2 + 80 + 2] = {2, 0x54410001, 2 + 80, 0x54410009};
	struct atags tags;

	(void)state;
	memset(&list[4], 'x', 80 * 4 - 1);
	assert_true(atags_read(list, ARRAY_SIZE(list), &tags));
	assert_int_equal(strlen(tags.command_line), 255);
	memset(&list[4], 'x', 80 * 4);
	assert_true(atags_read(list, ARRAY_SIZE(list), &tags));
	assert_string_equal(tags.command_line, "");
}

/* What they don't say stays as the tree has it. */
static void core_only(void **state)
{
	static const u32 list[] = {2, 0x54410001, 0, 0};
	struct atags tags;

	(void)state;
	start();
	machine.initrd = (struct fdt_range){0x1000, 0x10};
	assert_true(atags_read(list, ARRAY_SIZE(list), &tags));
	atags_apply(&tags, 0x3f000000, &machine);
	assert_int_equal(machine.ram[0].size, 0x38000000);
	assert_int_equal(machine.initrd.base, 0x1000);
	assert_false(machine.terminal);
}

static void memory_is_cut(void **state)
{
	static const u32 list[] =
		{
			2,	    0x54410001, 4,	    0x54410002,
			0xfffff000, 0x10000000,				/* beyond the peripherals */
			4,	    0x54410002, 0x00001000, 0x3f000000, /* all of it there */
			4,	    0x54410002, 0x00000000, 0x20000000, /* empty */
			4,	    0x54410002, 0x08000800, 0x00000000,
			4,	    0x54410002, 0x00001000, 0x09000000,
			4,	    0x54410002, 0x00001000, 0x0a000000, /* more than are kept */
			0,	    0,
		};
	struct atags tags;

	(void)state;
	start();
	assert_true(atags_read(list, ARRAY_SIZE(list), &tags));
	atags_apply(&tags, 0x3f000000, &machine);
	assert_int_equal(machine.rams, 3);
	assert_int_equal(machine.ram[0].base, 0);
	assert_int_equal(machine.ram[0].size, 0x08000000); /* whole pages */
	assert_int_equal(machine.ram[1].base, 0x09000000);
	assert_int_equal(machine.ram[1].size, 0x1000);
	assert_int_equal(machine.ram[2].base, 0x10000000);
	assert_int_equal(machine.ram[2].size, 0x2f000000);
}

static bool reads(const u32 *list, size_t words)
{
	u32 *exact = malloc(words * sizeof(u32)); /* so that a sanitizer sees a read beyond it */
	struct atags tags;
	bool good;

	memcpy(exact, list, words * sizeof(u32));
	good = atags_read(exact, words, &tags);
	free(exact);
	return good;
}

static void broken(void **state)
{
	static const u32 none[] = {5, 0x54410002, 0, 0, 0, 0, 0};
	static const u32 odd_core[] = {3, 0x54410001, 0, 0, 0};
	static const u32 no_size[] = {2, 0x54410001, 0, 0x54410002, 0, 0};
	static const u32 short_memory[] = {2, 0x54410001, 3, 0x54410002, 1, 0, 0};
	static const u32 short_initrd[] = {2, 0x54410001, 3, 0x54420005, 1, 0, 0};
	static const u32 too_long[] = {2, 0x54410001, 0xffffffff, 0x54410002, 0, 0};

	(void)state;
	assert_false(reads(none, ARRAY_SIZE(none)));
	assert_false(reads(odd_core, ARRAY_SIZE(odd_core)));
	assert_false(reads(no_size, ARRAY_SIZE(no_size)));
	assert_false(reads(short_memory, ARRAY_SIZE(short_memory)));
	assert_false(reads(short_initrd, ARRAY_SIZE(short_initrd)));
	assert_false(reads(too_long, ARRAY_SIZE(too_long)));
	for (size_t words = 0; words < ARRAY_SIZE(qemus); words++)
		assert_false(reads(qemus, words));
	assert_true(reads(qemus, ARRAY_SIZE(qemus)));
}

/* Text that does not end within its tag is none. */
static void endless_text(void **state)
{
	static const u32 list[] = {2, 0x54410001, 3, 0x54410009, 0x61616161, 0, 0};
	struct atags tags;

	(void)state;
	assert_true(atags_read(list, ARRAY_SIZE(list), &tags));
	assert_string_equal(tags.command_line, "");
}

static void mutated(void **state)
{
	unsigned long seed = 0xa7a65;
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		u32 *list = malloc(sizeof(qemus));
		struct atags tags;

		memcpy(list, qemus, sizeof(qemus));
		for (unsigned long n = dtc_random(&seed) % 3 + 1; n; n--)
			list[dtc_random(&seed) % ARRAY_SIZE(qemus)] =
				(u32)(dtc_random(&seed) % 3 ? dtc_random(&seed) % 8 :
							      dtc_random(&seed));
		if (atags_read(list, ARRAY_SIZE(qemus), &tags)) {
			good++;
			start();
			atags_apply(&tags, 0x3f000000, &machine);
			for (unsigned k = 0; k < machine.rams; k++)
				assert_true(machine.ram[k].base + machine.ram[k].size <=
					    0x3f000000);
		}
		free(list);
	}
	assert_in_range(good, 1000, 19000); /* both ways have been tried */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemus_list), cmocka_unit_test(command_lines),
		cmocka_unit_test(core_only),  cmocka_unit_test(memory_is_cut),
		cmocka_unit_test(broken),     cmocka_unit_test(endless_text),
		cmocka_unit_test(mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
