// SPDX-License-Identifier: Apache-2.0
// units: cp/line.c lib/*.c
/*
 * cp/line.c: the keys of the line editor, its history, and what it shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cp/line.h"

static struct line line;

static int setup(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	return 0;
}

static enum line_event type(const char *keys)
{
	enum line_event last = LINE_NOTHING;

	for (; *keys; keys++) {
		last = line_key(&line, (u8)*keys);
		if (last == LINE_ENTERED || last == LINE_CANCELLED)
			line_begin(&line);
		assert_true(line.cursor <= line.length && line.length <= LINE_MAX);
		assert_int_equal(strlen(line.text), line.length);
	}
	return last;
}

#define SHOWS(expected)                                                  \
	do {                                                             \
		char shown[400];                                         \
		size_t n = line_show(&line, "> ", shown, sizeof(shown)); \
		assert_int_equal(n, sizeof(expected) - 1);               \
		assert_memory_equal(shown, expected, n);                 \
	} while (0)

static void test_typing(void **state)
{
	(void)state;
	SHOWS("> ");
	assert_int_equal(type("query"), LINE_CHANGED);
	SHOWS("> query");
	type("\x7f\b");
	SHOWS("> que");
	assert_int_equal(type("\x02"), LINE_CHANGED); /* Ctrl-B */
	SHOWS("> que\b");
	assert_int_equal(type("\x80"), LINE_NOTHING);
	assert_int_equal(type("\t"), LINE_COMPLETE);
}

static void test_moving(void **state)
{
	(void)state;
	type("abcdef");
	type("\033[D\033[D");
	SHOWS("> abcdef\b\b");
	type("X");
	SHOWS("> abcdXef\b\b");
	type("\x7f");
	SHOWS("> abcdef\b\b");
	type("\033[3~"); /* Delete */
	SHOWS("> abcdf\b");
	type("\033[C\033[C\033[C");
	SHOWS("> abcdf");
	type("\x04"); /* nothing behind the cursor */
	SHOWS("> abcdf");
	type("\x01Y");
	SHOWS("> Yabcdf\b\b\b\b\b");
	type("\033[H\033[D\x7fZ\x05!");
	SHOWS("> ZYabcdf!");
	type("\033OH0\033OF9\033[1~1\033[4~8");
	SHOWS("> 10ZYabcdf!98");
}

static void test_cutting(void **state)
{
	(void)state;
	type("one two  three\x17");
	SHOWS("> one two  ");
	type("\x17");
	SHOWS("> one ");
	type("two\x02\x02\x0b");
	SHOWS("> one t");
	type("\x02\x15");
	SHOWS("> t\b");
	assert_int_equal(type("\x03"), LINE_CANCELLED);
	SHOWS("> ");
	type("\x17\x15\x0b\x04\x08\x7f");
	SHOWS("> ");
}

static void test_history(void **state)
{
	(void)state;
	type("\033[A\x10\x0e\033[B");
	SHOWS("> ");
	type("first\rsecond\rsecond\r   \r");
	assert_int_equal(line.kept, 2);
	type("new\033[A");
	SHOWS("> second");
	type("\033[A\033[A\033[A");
	SHOWS("> first");
	type("X\r");
	type("\x10");
	SHOWS("> firstX");
	type("\x10\x0e\x0e\x0e");
	SHOWS("> ");
	for (char n[] = "0\r"; n[0] <= '9'; n[0]++)
		type(n);
	assert_int_equal(line.kept, LINE_HISTORY);
	for (unsigned i = 0; i < 20; i++)
		type("\x10");
	SHOWS("> 2");
}

/* A sequence that means nothing is swallowed whole, and is not typed. */
static void test_sequences(void **state)
{
	(void)state;
	type("a\033[5~\033[1;5C\033[999999999999~\033[Z\033OP\033x\033[?25hb");
	SHOWS("> ab");
	type("\033");
	type("\033"); /* Escape twice: the second ends the first */
	type("c");
	SHOWS("> abc");
}

static void test_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * LINE_MAX; i++)
		(void)line_key(&line, 'y');
	assert_int_equal(line.length, LINE_MAX);
	assert_int_equal(line_key(&line, 'y'), LINE_NOTHING);
	type("\x01");
	line_insert(&line, "long", 4);
	assert_int_equal(line.length, LINE_MAX);
	assert_int_equal(line.cursor, 0);
	type("\x04\x04");
	line_insert(&line, "long", 4);
	assert_memory_equal(line.text, "loyy", 4);
}

/* A cut-off picture of it is still within its room. */
static void test_small_room(void **state)
{
	char shown[8];

	(void)state;
	type("abcdefghij\x01");
	for (size_t size = 1; size <= sizeof(shown); size++)
		assert_true(line_show(&line, "> ", shown, size) < size);
}

static void test_random(void **state)
{
	u64 x = 88172645463325252ull;
	char key[2] = "";

	(void)state;
	for (unsigned n = 0; n < 300000; n++) {
		static const char special[] =
			"\033\033\033[[OABCDHF~134\r\t\x01\x02\x04\x05\x06\x08\x0b\x0e\x10\x15\x17\x7f";

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		key[0] = x & 1 ? special[(x >> 8) % (sizeof(special) - 1)] : (char)(x >> 16 | 1);
		type(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_typing, setup),
		cmocka_unit_test_setup(test_moving, setup),
		cmocka_unit_test_setup(test_cutting, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_sequences, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_small_room, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
