// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c
/* The checked walk over a tree: each token of a blob written by hand, word for word as the
 * Devicetree Specification 0.4 (5.4) has it, and each way in which it can be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/fdt.h"

/* Words by their place: header 0..9, memory reservations 10..13, structure 14..33, strings 34..36. */
static const u32 good[] = {
	0xd00dfeed, 0x94,	0x38,	    0x88,	0x28,	    17,		16,
	0,	    0xc,	0x50,			/* header */
	0,	    0,		0,	    0,		/* no reservations */
	1,	    0,					/* 14: root */
	3,	    4,		0,	    0x01020304, /* 16: a = <0x01020304> */
	3,	    9,		2,	    0x00000001, 0x00000002, 0x41000000, /* 20: bc = 9 bytes */
	4,									/* 26: NOP */
	1,	    0x6e6f6465, 0x40310000,					/* 27: node@1 */
	2,	    2,								/* 30 */
	4,	    9,								/* 32 */
	0x61006263, 0x00646566, 0x67686900, /* 34: "a", "bc", "defghi" */
};

#define WORDS ARRAY_SIZE(good)

static u32 *blob; /* of exactly the size of `good` */

static int setup(void **state)
{
	(void)state;
	blob = malloc(sizeof(good));
	for (size_t i = 0; i < WORDS; i++)
		blob[i] = __builtin_bswap32(good[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(blob);
	return 0;
}

static struct fdt open_good(void)
{
	struct fdt_error err;
	struct fdt fdt;

	if (!fdt_open(&fdt, blob, sizeof(good), &err))
		fail_msg("%s", err.text);
	return fdt;
}

static void walks(void **state)
{
	struct fdt fdt = open_good();
	struct fdt_walk walk = fdt_walk_from(&fdt, 0);

	(void)state;
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE);
	assert_string_equal(walk.name, "");
	assert_int_equal(walk.depth, 1);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_PROPERTY);
	assert_string_equal(walk.name, "a");
	assert_int_equal(walk.length, 4);
	assert_int_equal(fdt_cells(walk.value, 1), 0x01020304);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_PROPERTY);
	assert_string_equal(walk.name, "bc");
	assert_int_equal(walk.length, 9);
	assert_int_equal(fdt_cells(walk.value, 2), 0x0000000100000002);
	assert_int_equal(fdt_cells(walk.value, 0), 0);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE);
	assert_string_equal(walk.name, "node@1");
	assert_int_equal(walk.depth, 2);
	assert_int_equal(walk.node, 13 * 4);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE_END);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE_END);
	assert_int_equal(walk.depth, 0);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_END);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_END);
}

/* A walk from a node ends with it, also where its siblings go on. */
static void walks_below(void **state)
{
	struct fdt fdt = open_good();
	struct fdt_walk walk = fdt_walk_from(&fdt, 13 * 4);

	(void)state;
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE);
	assert_string_equal(walk.name, "node@1");
	assert_int_equal(fdt_walk(&walk), FDT_STEP_NODE_END);
	assert_int_equal(fdt_walk(&walk), FDT_STEP_END);
}

static void refuses_to_open(void **state)
{
	static const struct {
		unsigned word;
		u32 value;
		const char *error;
	} cases[] = {
		{0, 0xd00dfeee, "not a device tree: expected magic 0xd00dfeed"},
		{1, 0x95, "0x95 bytes by its header, but only 0x94 are there: cut short"},
		{1, 0x90, "header: a block ends beyond the tree's end"},
		{2, 0x3a,
		 "structure block of 0x50 bytes at 0x3a: expected a multiple of 4, at a"
		 " multiple of 4"},
		{2, 0xfffffff0, "header: a block ends beyond the tree's end"},
		{3, 0x8c, "header: a block ends beyond the tree's end"},
		{4, 0x2c, "memory reservations at 0x2c: expected a multiple of 8"},
		{5, 16, "format version 16: expected 17 or later"},
		{8, 0xb, "strings block does not end with a NUL"},
		{9, 0x4e,
		 "structure block of 0x4e bytes at 0x38: expected a multiple of 4, at a"
		 " multiple of 4"},
		{9, 0,
		 "structure block of 0x0 bytes at 0x38: expected a multiple of 4, at a"
		 " multiple of 4"},
		{9, 0x4c, "structure block does not end with FDT_END"},
		{14, 3, "structure block does not begin with the root"},
		{15, 0x61000000, "structure block does not begin with the root"},
		{33, 4, "structure block does not end with FDT_END"},
		{36, 0x67686961, "strings block does not end with a NUL"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fdt_error err;
		struct fdt fdt;

		teardown(NULL);
		setup(NULL);
		blob[cases[i].word] = __builtin_bswap32(cases[i].value);
		assert_false(fdt_open(&fdt, blob, sizeof(good), &err));
		assert_string_equal(err.text, cases[i].error);
	}
}

static void refuses_pieces(void **state)
{
	struct fdt_error err;
	struct fdt fdt;

	(void)state;
	for (size_t size = 0; size < sizeof(good); size++) {
		void *piece = malloc(size + 1);

		memcpy(piece, blob, size);
		assert_false(fdt_open(&fdt, piece, size, &err));
		assert_int_not_equal(err.text[0], '\0');
		free(piece);
	}
	assert_false(fdt_open(&fdt, (u8 *)blob + 4, sizeof(good) - 4, &err));
	assert_string_equal(err.text, "a device tree begins at a multiple of 8");
}

/* Steps until the walk ends; the last step. Bounded, for a walk must not go in circles. */
static enum fdt_step last_step(struct fdt_walk *walk)
{
	for (unsigned i = 0; i < 100; i++) {
		enum fdt_step step = fdt_walk(walk);

		if (step == FDT_STEP_END || step == FDT_STEP_BAD)
			return step;
	}
	fail_msg("the walk does not end");
	return FDT_STEP_BAD;
}

static void meets_bad_tokens(void **state)
{
	static const struct {
		unsigned word;
		u32 value;
		const char *error;
	} cases[] = {
		{16, 5, "structure block: no token that may stand there at 0x8"},
		{17, 0x3d, "structure block: no token that may stand there at 0x8"},
		{17, 0xffffffff, "structure block: no token that may stand there at 0x8"},
		{18, 0xc, "structure block: no token that may stand there at 0x8"},
		{18, 0xffffffff, "structure block: no token that may stand there at 0x8"},
		{26, 9, "structure block: no token that may stand there at 0x30"},
		{31, 3, "structure block: no token that may stand there at 0x44"}, /* too late */
		{31, 9, "structure block: no token that may stand there at 0x44"},
		{31, 1, "structure block: no token that may stand there at 0x4c"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fdt_error err = {""};
		struct fdt_walk walk;
		struct fdt fdt;

		teardown(NULL);
		setup(NULL);
		blob[cases[i].word] = __builtin_bswap32(cases[i].value);
		fdt = open_good();
		walk = fdt_walk_from(&fdt, 0);
		assert_int_equal(last_step(&walk), FDT_STEP_BAD);
		assert_int_equal(fdt_walk(&walk), FDT_STEP_BAD);
		assert_false(fdt_walk_fail(&walk, &err));
		assert_string_equal(err.text, cases[i].error);
	}
}

/* A property behind a child: well-formed, but libfdt would not find it there. */
static void meets_late_property(void **state)
{
	struct fdt_walk walk;
	struct fdt fdt;

	(void)state;
	blob[31] = __builtin_bswap32(3);
	blob[32] = 0;
	fdt = open_good();
	walk = fdt_walk_from(&fdt, 0);
	assert_int_equal(last_step(&walk), FDT_STEP_BAD);
	assert_int_equal(walk.next, 0x44);
}

/* A node end where no node is open. */
static void meets_end_at_start(void **state)
{
	struct fdt fdt = open_good();
	struct fdt_walk walk = fdt_walk_from(&fdt, 16 * 4);

	(void)state;
	assert_int_equal(fdt_walk(&walk), FDT_STEP_BAD);
}

static void values(void **state)
{
	struct fdt fdt = open_good();
	struct fdt_walk walk = fdt_walk_from(&fdt, 0);
	struct fdt_error err = {""};
	const char *text;
	u32 one;
	u64 two;

	(void)state;
	fdt_walk(&walk);
	fdt_walk(&walk);
	assert_true(fdt_value_u32(&walk, &one, &err));
	assert_int_equal(one, 0x01020304);
	assert_false(fdt_value_u64(&walk, &two, &err));
	assert_string_equal(err.text, "/: a: 4 bytes: expected two cells (8 bytes)");
	assert_false(fdt_value_u32(&(struct fdt_walk){.fdt = &fdt, .name = "b"}, &one, &err));
	assert_string_equal(err.text,
			    "/: a: 4 bytes: expected two cells (8 bytes)"); /* the first */
	err.text[0] = '\0';
	assert_false(fdt_value_string(&walk, &text, &err));
	assert_string_equal(err.text, "/: a: expected one string that ends with a NUL");
	err.text[0] = '\0';
	fdt_walk(&walk);
	assert_false(fdt_value_u32(&walk, &one, &err));
	assert_string_equal(err.text, "/: bc: 9 bytes: expected one cell (4 bytes)");
	walk.length = 8;
	assert_true(fdt_value_u64(&walk, &two, &err));
	assert_int_equal(two, 0x0000000100000002);
}

static void string_lists(void **state)
{
	static const u8 list[] = {'a', 'b', 0, 0, 'c', 0, 'd'};
	u32 at = 0;

	(void)state;
	assert_string_equal(fdt_next_string(list, 7, &at), "ab");
	assert_string_equal(fdt_next_string(list, 7, &at), "");
	assert_string_equal(fdt_next_string(list, 7, &at), "c");
	assert_null(fdt_next_string(list, 7, &at));
	assert_int_equal(at, 6);
	assert_null(fdt_next_string(list, 6, &at));
	at = 0;
	assert_null(fdt_next_string(NULL, 0, &at));
}

static void messages(void **state)
{
	struct fdt fdt = open_good();
	struct fdt_error err = {""};

	(void)state;
	assert_false(fdt_fail(&fdt, 13 * 4, "prop", &err, "%u is odd", 3));
	assert_string_equal(err.text, "/node@1: prop: 3 is odd");
	err.text[0] = '\0';
	fdt_fail(NULL, -1, NULL, &err, "a\x1b[31mb\xff");
	assert_string_equal(err.text, "a?[31mb?");
	err.text[0] = '\0';
	fdt_fail(&fdt, 7, NULL, &err, "no such node"); /* no path to show: still a message */
	assert_string_equal(err.text, "no such node");
	err.text[0] = '\0';
	fdt_fail(NULL, -1, NULL, &err, "%0300u", 1); /* cut to fit */
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(walks, setup, teardown),
		cmocka_unit_test_setup_teardown(walks_below, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_to_open, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(meets_bad_tokens, setup, teardown),
		cmocka_unit_test_setup_teardown(meets_late_property, setup, teardown),
		cmocka_unit_test_setup_teardown(meets_end_at_start, setup, teardown),
		cmocka_unit_test_setup_teardown(values, setup, teardown),
		cmocka_unit_test_setup_teardown(string_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(messages, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
