// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/fdt_write.c lib/format.c
/* The checked walk over a tree: each token of a blob written by hand, word for word as the
 * Devicetree Specification 0.4 (5.4) has it, and each way in which it can be broken; paths, and what
 * lib/fdt_write.c writes, held against libfdt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dtc.h"
#include "lib/fdt.h"
#include "lib/fdt_write.h"

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
		{6, 18, "header: no version that can be read"},
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

/* Where one word of a path may be left out: its unit address. */
static void drop_unit(char *path)
{
	char *at = strchr(path, '@'), *end = at ? strchr(at, '/') : NULL;

	if (end)
		memmove(at, end, strlen(end) + 1);
	else if (at)
		*at = '\0';
}

static void check_paths(const char *file)
{
	char *source = dtc_read_file(file), path[256], ours[256];
	struct fdt_error err;
	unsigned nodes = 0;
	struct fdt fdt;
	size_t size;
	int property, length;

	blob = dtc_compile(source, &size);
	free(source);
	assert_true(fdt_open(&fdt, blob, size, &err));
	for (int node = 0; node >= 0; node = fdt_next_node(blob, node, NULL), nodes++) {
		assert_int_equal(fdt_get_path(blob, node, path, sizeof(path)), 0);
		assert_true(fdt_path(&fdt, node, ours, sizeof(ours)));
		assert_string_equal(ours, path);
		assert_int_equal(fdt_find(&fdt, path), node);
		drop_unit(path);
		assert_int_equal(fdt_find(&fdt, path), fdt_path_offset(blob, path));
		strcat(path, "x");
		assert_int_equal(fdt_find(&fdt, path), -1);
		assert_false(fdt_path(&fdt, node + 4, ours, sizeof(ours)));
	}
	assert_true(nodes > 3);
	fdt_for_each_property_offset(property, blob, fdt_path_offset(blob, "/aliases")) {
		const char *name, *value = fdt_getprop_by_offset(blob, property, &name, &length);

		assert_true(fdt_find(&fdt, name) >= 0);
		assert_int_equal(fdt_find(&fdt, name), fdt_path_offset(blob, value));
		snprintf(path, sizeof(path), "%s/", name);
		assert_int_equal(fdt_find(&fdt, path), fdt_path_offset(blob, value));
		snprintf(path, sizeof(path), "%sx", name);
		assert_int_equal(fdt_find(&fdt, path), -1);
	}
	teardown(NULL);
}

static void paths(void **state)
{
	teardown(state);
	check_paths("tests/host/trees/devices.dts");
	check_paths("tests/host/trees/virt-v3.dts");
	check_paths("tests/host/trees/pi4.dts");
	check_paths("tests/host/trees/bundle.dts");
	setup(state);
}

/* A path that is cut to its room is still one string; one nested too deeply has none. */
static void paths_edges(void **state)
{
	char source[512] = "/dts-v1/; / { ", path[9];
	struct fdt_error err;
	struct fdt fdt;
	size_t size;

	teardown(state);
	for (unsigned i = 1; i < 20; i++)
		sprintf(source + strlen(source), "n%u { ", i);
	for (unsigned i = 0; i < 20; i++)
		strcat(source, "}; ");
	blob = dtc_compile(source, &size);
	assert_true(fdt_open(&fdt, blob, size, &err));
	assert_true(fdt_path(&fdt, fdt_path_offset(blob, "/n1/n2/n3"), path, sizeof(path)));
	assert_string_equal(path, "/n1/n2/n");
	assert_true(fdt_path(&fdt, fdt_path_offset(blob, "/n1/n2"), path, sizeof(path)));
	assert_string_equal(path, "/n1/n2");
	assert_false(fdt_path(
		&fdt,
		fdt_find(&fdt, "/n1/n2/n3/n4/n5/n6/n7/n8/n9/n10/n11/n12/n13/n14/n15/n16/n17/n18"),
		path, sizeof(path)));
	assert_int_equal(fdt_find(&fdt, "n1"), -1); /* no /aliases */
	assert_int_equal(fdt_find(&fdt, "/"), 0);
	teardown(state);
	blob = dtc_compile("/dts-v1/; / { aliases { a = \"b\"; b = \"/\"; c = [2f]; d; }; };",
			   &size);
	assert_true(fdt_open(&fdt, blob, size, &err));
	assert_int_equal(fdt_find(&fdt, "a"), -1); /* of an alias: no circles */
	assert_int_equal(fdt_find(&fdt, "b"), 0);
	assert_int_equal(fdt_find(&fdt, "c"), -1); /* no string */
	assert_int_equal(fdt_find(&fdt, "d"), -1);
}

/* Random trees, written by ours and by libfdt's writer: read back, both say the same. */
static void write_both(unsigned long *seed, struct fdt_writer *ours, void *theirs)
{
	static const char names[][12] = {"a", "compatible", "#cells", "reg", "", "status"};
	unsigned depth = 1;
	char name[16];

	fdt_write_node(ours, "");
	assert_int_equal(fdt_begin_node(theirs, ""), 0);
	for (unsigned n = dtc_random(seed) % 40; depth; n -= n > 0) {
		for (unsigned p = dtc_random(seed) % 5; p; p--) {
			const char *property = names[dtc_random(seed) % ARRAY_SIZE(names)];
			u32 size = (u32)(dtc_random(seed) % 11);
			void *room;
			u8 *value = fdt_write_property(ours, property, size);

			assert_non_null(value);
			assert_int_equal((uintptr_t)value % 4, 0);
			assert_int_equal(
				fdt_property_placeholder(theirs, property, (int)size, &room), 0);
			for (u32 i = 0; i < size; i++)
				value[i] = ((u8 *)room)[i] = (u8)dtc_random(seed);
		}
		for (; depth && (!n || dtc_random(seed) % 3 == 0); depth--) {
			fdt_write_node_end(ours);
			assert_int_equal(fdt_end_node(theirs), 0);
		}
		if (!depth)
			return;
		snprintf(name, sizeof(name), "node@%lx", dtc_random(seed) % 0x10000);
		name[dtc_random(seed) % 10 + 1] = '\0';
		fdt_write_node(ours, name);
		assert_int_equal(fdt_begin_node(theirs, name), 0);
		depth++;
	}
}

static void writes(void **state)
{
	static u64 ours[1024], theirs[1024];
	unsigned long seed = 20261129;
	struct fdt_error err;

	(void)state;
	for (unsigned n = 0; n < 500; n++) {
		struct fdt_writer w;
		struct fdt a, b;
		struct fdt_walk x, y;
		enum fdt_step step;
		size_t size;

		memset(ours, 0xa5, sizeof(ours));
		fdt_write(&w, ours, sizeof(ours));
		assert_int_equal(fdt_create(theirs, sizeof(theirs)), 0);
		assert_int_equal(fdt_finish_reservemap(theirs), 0);
		write_both(&seed, &w, theirs);
		size = fdt_write_end(&w);
		assert_int_equal(fdt_finish(theirs), 0);
		assert_int_equal(size, fdt_totalsize(ours));
		assert_int_equal(fdt_check_full(ours, sizeof(ours)), 0);
		assert_int_equal(fdt_num_mem_rsv(ours), 0);
		/* each name is there once */
		assert_true(fdt_size_dt_strings(ours) <= 34);
		assert_true(fdt_open(&a, ours, size, &err));
		assert_true(fdt_open(&b, theirs, sizeof(theirs), &err));
		assert_int_equal(a.structure_size, b.structure_size);
		x = fdt_walk_from(&a, 0);
		y = fdt_walk_from(&b, 0);
		do {
			step = fdt_walk(&x);
			assert_int_equal(step, fdt_walk(&y));
			assert_int_equal(x.next, y.next);
			if (step == FDT_STEP_NODE || step == FDT_STEP_PROPERTY)
				assert_string_equal(x.name, y.name);
			if (step == FDT_STEP_PROPERTY) /* and the zeroes behind it */
				assert_memory_equal(x.value, y.value, ALIGN_UP(x.length, 4));
		} while (step != FDT_STEP_END);
	}
}

/* Too little room, whatever it is that finds none: 0 at the end, and nothing behind it is written. */
static void writes_no_further(void **state)
{
	(void)state;
	for (size_t room = 0; room < 320; room++) {
		u8 *buffer = malloc(room + 1); /* exact: a sanitizer looks on */
		struct fdt_writer w;
		size_t size;

		fdt_write(&w, buffer, room);
		fdt_write_node(&w, "");
		for (unsigned i = 0; i < 3; i++) {
			void *value = fdt_write_property(&w, &"#a-name-of-some-length"[i], 5);

			if (value)
				memset(value, 0x11, 5);
		}
		fdt_write_node(&w, "a-node-of-some-length@0");
		fdt_write_node_end(&w);
		fdt_write_node_end(&w);
		size = fdt_write_end(&w);
		assert_true(size <= room);
		assert_true(size ? room >= 258 : room < 280); /* 66 bytes of names, a quarter */
		if (size)
			assert_int_equal(fdt_check_full(buffer, size), 0);
		free(buffer);
	}
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
		cmocka_unit_test_setup_teardown(paths, setup, teardown),
		cmocka_unit_test_setup_teardown(paths_edges, setup, teardown),
		cmocka_unit_test_setup_teardown(writes, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_no_further, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
