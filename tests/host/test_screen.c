// SPDX-License-Identifier: Apache-2.0
// units: lib/screen.c
/*
 * lib/screen.c: bytes for given calls, and random calls of several speakers shown on a tiny terminal
 * that knows CR, LF and CSI K (ECMA-48): each whole line stands there once, unbroken, in order, and the
 * unfinished line stands last. SCREEN_SEED in the environment repeats a run.
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

#include "dtc.h"
#include "lib/screen.h"

static struct screen screen;
static const char *const owners[] = {"crab", "eel", "operator"}; /* told apart by address */
static char out[SCREEN_OUT_MAX(1024) + 1];

static void line(unsigned owner, const char *text)
{
	out[screen_line(&screen, owners[owner], text, strlen(text), out)] = '\0';
}

static void stand(unsigned owner, const char *text)
{
	out[screen_stand(&screen, owners[owner], text, strlen(text), out)] = '\0';
}

static void test_terminal(void **state)
{
	(void)state;
	screen = (struct screen){.terminal = true};
	line(0, "one\r\n");
	assert_string_equal(out, "one\r\n");
	stand(2, "> li");
	assert_string_equal(out, "> li");
	stand(2, "> list");
	assert_string_equal(out, "st");
	line(0, "two\r\n");
	assert_string_equal(out, "\r\033[Ktwo\r\n> list");
	stand(2, "> lis"); /* backspace */
	assert_string_equal(out, "\r\033[K> lis");
	line(2, "> lis\r\n"); /* finished */
	assert_string_equal(out, "\r\n");
	line(0, "three\r\n");
	assert_string_equal(out, "three\r\n");
	stand(1, "half");
	line(1, "other\r\n"); /* not what stands there */
	assert_string_equal(out, "\r\033[Kother\r\n");
	stand(1, "half");
	stand(2, "> "); /* gives way */
	assert_string_equal(out, "\r\033[K> ");
	stand(1, ""); /* not its any more */
	assert_string_equal(out, "");
	stand(2, "");
	assert_string_equal(out, "\r\033[K");
	stand(2, "");
	assert_string_equal(out, "");
}

static void test_plain(void **state)
{
	(void)state;
	screen = (struct screen){0};
	stand(2, "> li");
	assert_string_equal(out, "> li");
	line(0, "two\r\n"); /* what stands is ended, and comes again when its owner adds to it */
	assert_string_equal(out, "\r\ntwo\r\n");
	stand(2, "> lis");
	assert_string_equal(out, "> lis");
	line(2, "> list\r\n");
	assert_string_equal(out, "t\r\n");
	stand(1, "half");
	stand(2, "> ");
	assert_string_equal(out, "\r\n> ");
	stand(2, "");
	assert_string_equal(out, "\r\n");
}

/* 256 bytes of an unfinished line are kept; the line can be finished all the same. */
static void test_long(void **state)
{
	char text[303];

	(void)state;
	memset(text, 'x', 300);
	strcpy(text + 300, "\r\n");
	screen = (struct screen){.terminal = true};
	assert_int_equal(screen_stand(&screen, owners[0], text, 300, out), 256);
	assert_int_equal(screen_stand(&screen, owners[0], text, 300, out), 0);
	line(1, "whole\r\n");
	assert_int_equal(strlen(out), 4 + 7 + 256);
	line(0, text);
	assert_int_equal(strlen(out), 46);
	line(1, "whole\r\n");
	assert_string_equal(out, "whole\r\n");
}

/* --- A terminal --------------------------------------------------------------------------------- */

#define ROWS 256
#define COLUMNS 256

static char rows[ROWS][COLUMNS + 1];
static unsigned row, column;

static void show(const char *bytes)
{
	for (; *bytes; bytes++) {
		if (*bytes == '\r') {
			column = 0;
		} else if (*bytes == '\n') {
			assert_true(++row < ROWS);
		} else if (!strncmp(bytes, "\033[K", 3)) {
			memset(rows[row] + column, 0, COLUMNS - column);
			bytes += 2;
		} else {
			assert_true(*bytes >= ' ' && column < COLUMNS);
			rows[row][column++] = *bytes;
		}
	}
}

static unsigned count_rows(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i <= row; i++)
		count += !strcmp(rows[i], text);
	return count;
}

/* Each owner's line so far begins with its number, so that no two lines are the same. */
static struct {
	char text[64];
	bool stands;
} half[3];
static char whole[128][64];
static unsigned wholes, serial;

static void begin(unsigned owner)
{
	snprintf(half[owner].text, sizeof(half[owner].text), "%s %u:", owners[owner], serial++);
	half[owner].stands = false;
}

static void only_stands(unsigned owner)
{
	for (unsigned i = 0; i < 3; i++)
		half[i].stands = i == owner;
}

static void finish(unsigned owner)
{
	char text[80];

	snprintf(text, sizeof(text), "%s\r\n", half[owner].text);
	line(owner, text);
	strcpy(whole[wholes++], half[owner].text);
	if (!screen.terminal)
		only_stands(owner); /* an unfinished line of another's is given up */
	begin(owner);
}

static void step(unsigned long *seed)
{
	unsigned owner = dtc_random(seed) % 3;
	size_t n = strlen(half[owner].text);

	switch (dtc_random(seed) % 6) {
	case 0:
		finish(owner);
		return;
	case 1: /* takes its unfinished line away */
		stand(owner, "");
		half[owner].stands = false;
		return;
	case 2: /* backspace */
		if (half[owner].text[n - 1] != ':')
			half[owner].text[n - 1] = '\0';
		break;
	default:
		if (n < 40)
			strcat(half[owner].text, dtc_random(seed) % 2 ? "a" : "bcd");
	}
	stand(owner, half[owner].text);
	only_stands(owner);
}

static void expect_screen(void)
{
	unsigned at = 0, standing = 0;

	for (unsigned i = 0; i < wholes; i++) {
		if (screen.terminal)
			assert_int_equal(count_rows(whole[i]), 1);
		while (at <= row && strcmp(rows[at], whole[i]))
			at++;
		if (at > row)
			fail_msg("lost or out of order: \"%s\"", whole[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		if (half[i].stands) {
			assert_string_equal(rows[row], half[i].text);
			standing++;
		}
	if (!standing)
		assert_string_equal(rows[row], "");
	if (screen.terminal)
		assert_int_equal(row, wholes);
}

static void random_calls(bool terminal, unsigned long *seed)
{
	screen = (struct screen){.terminal = terminal};
	memset(rows, 0, sizeof(rows));
	row = column = wholes = serial = 0;
	for (unsigned i = 0; i < 3; i++)
		begin(i);
	for (unsigned i = 0; i < 120; i++) {
		step(seed);
		show(out);
		expect_screen();
	}
}

static void test_random(void **state)
{
	const char *given = getenv("SCREEN_SEED");
	unsigned long seed = given ? strtoul(given, NULL, 0) : (unsigned long)time(NULL) | 1;

	(void)state;
	print_message("SCREEN_SEED=%#lx\n", seed);
	for (unsigned i = 0; i < 200; i++) {
		random_calls(true, &seed);
		random_calls(false, &seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
