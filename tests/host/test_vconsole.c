// SPDX-License-Identifier: Apache-2.0
// units: vdev/vconsole.c sched/timer.c sched/heap.c lib/format.c lib/screen.c
/*
 * vdev/vconsole.c: what reaches the serial line, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "board/say.h"
#include "vdev/vconsole.h"

static struct vconsole crab, eel;

static int setup(void **state)
{
	(void)state;
	vconsole_init(&crab, "crab", 0, false);
	vconsole_init(&eel, "eel", 7, false);
	say_set_terminal(false);
	said_forget();
	return 0;
}

static void put(struct vconsole *con, const char *text)
{
	for (; *text; text++)
		vconsole_put(con, (u8)*text);
}

static void expect(const char *text)
{
	assert_string_equal(said, text);
	said_forget();
}

static void test_lines(void **state)
{
	(void)state;
	put(&crab, "one\ntwo\r\n\n");
	expect("[crab] one\r\n[crab] two\r\n[crab] \r\n");
	assert_int_equal(crab.lines, 3);
	put(&crab, "half ");
	put(&eel, "whole\n");
	put(&crab, "and half\n");
	expect("[eel] whole\r\n[crab] half and half\r\n");
}

static void test_colours(void **state)
{
	(void)state;
	say_set_terminal(true);
	put(&crab, "red\n");
	put(&eel, "green\n");
	expect("\033[31m[crab]\033[0m red\r\n\033[32m[eel]\033[0m green\r\n");
}

static void test_quiet(void **state)
{
	struct vconsole mute;

	(void)state;
	vconsole_init(&mute, "mute", 1, true);
	put(&mute, "nothing\n");
	expect("");
}

/* Nothing a guest prints can move the cursor, change colours, or look like another's prefix. */
static void test_hostile(void **state)
{
	(void)state;
	put(&crab, "a\033[2J\033[1;1Hb\033]0;title\007c\033(Bd\033Me\x1b[31mf\n");
	expect("[crab] abcdef\r\n");
	put(&crab, "x\001y\177z\033\n");
	expect("[crab] x^Ay?z\r\n");
	put(&crab, "\x9b\x32J\xc2\x85\n"); /* CSI and next line as 8-bit controls */
	expect("[crab] ?2J??\r\n");
	put(&crab, "bell\a\tt\v\f\n");
	expect("[crab] bell\tt^K^L\r\n");
	put(&crab, "\r[eel] forged\n");
	expect("[crab] [eel] forged\r\n");
	put(&crab, "\033]never ends\nnext\n"); /* a line's end ends everything */
	expect("[crab] \r\n[crab] next\r\n");
	put(&crab, "\033]0;t\033\\u\033[\033[1mv\n");
	expect("[crab] uv\r\n");
}

static void test_editing(void **state)
{
	(void)state;
	put(&crab, "10%\r20%\r100%\r\n");
	expect("[crab] 100%\r\n");
	put(&crab, "\b\bcat\b\b\bdog\n");
	expect("[crab] dog\r\n");
}

static void test_long_line(void **state)
{
	char text[400], expected[500];

	(void)state;
	memset(text, 'a', 350);
	text[350] = 0;
	put(&crab, text);
	put(&crab, "\n");
	snprintf(expected, sizeof(expected), "[crab] %.160s\r\n[crab] %.160s\r\n[crab] %.30s\r\n",
		 text, text, text);
	expect(expected);
}

static void test_prompt(void **state)
{
	(void)state;
	put(&crab, "$ ");
	vconsole_flush(&crab); /* not in focus: waits for the line's end */
	expect("");
	vconsole_focus(&crab, true);
	expect("[crab] $ ");
	vconsole_flush(&crab);
	expect("");
	put(&crab, "ls");
	vconsole_flush(&crab);
	expect("ls");
	put(&crab, "\b");
	vconsole_flush(&crab);
	expect("\r\n[crab] $ l");
	put(&crab, "s\n");
	expect("s\r\n");
}

/* Another's line in between: on paper the beginning is ended and comes again … */
static void test_prompt_broken(void **state)
{
	(void)state;
	vconsole_focus(&crab, true);
	put(&crab, "$ l");
	vconsole_flush(&crab);
	put(&eel, "splash\n");
	expect("[crab] $ l\r\n[eel] splash\r\n");
	put(&crab, "s");
	vconsole_flush(&crab);
	expect("[crab] $ ls");
	put(&crab, "\r\n");
	expect("\r\n");
}

/* … on a terminal it moves down. */
static void test_prompt_moves(void **state)
{
	(void)state;
	say_set_terminal(true);
	vconsole_focus(&crab, true);
	put(&crab, "$ l");
	vconsole_flush(&crab);
	put(&eel, "splash\n");
	expect("\033[31m[crab]\033[0m $ l"
	       "\r\033[K\033[32m[eel]\033[0m splash\r\n\033[31m[crab]\033[0m $ l");
	put(&crab, "s\n");
	expect("s\r\n");
	/* the focus goes elsewhere with a beginning on the screen */
	put(&crab, "$ ");
	vconsole_flush(&crab);
	said_forget();
	vconsole_focus(&crab, false);
	put(&eel, "> ");
	vconsole_focus(&eel, true);
	expect("\r\033[K[eel]| splash\r\n\033[32m[eel]\033[0m > ");
}

static void test_reset(void **state)
{
	u8 byte;

	(void)state;
	put(&crab, "last words\033[");
	vconsole_type(&crab, 'x');
	vconsole_reset(&crab);
	expect("[crab] last words\r\n");
	assert_false(vconsole_get(&crab, &byte));
	vconsole_reset(&crab);
	expect("");
	put(&crab, "m\n"); /* the escape sequence is forgotten too */
	expect("[crab] m\r\n");
}

static void test_input(void **state)
{
	u8 byte;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned n = 0; n < 256; n++)
			assert_true(vconsole_type(&crab, (u8)(n + round)));
		assert_false(vconsole_type(&crab, 'x'));
		assert_int_equal(vconsole_waiting(&crab), 256);
		for (unsigned n = 0; n < 256; n++) {
			assert_true(vconsole_get(&crab, &byte));
			assert_int_equal(byte, (n + round) % 256);
		}
		assert_false(vconsole_get(&crab, &byte));
		vconsole_type(&crab, 'o'); /* the ring's beginning moves on */
		vconsole_get(&crab, &byte);
	}
}

static void fill(unsigned n)
{
	while (n--)
		assert_true(vconsole_type(&crab, 'x'));
}

static void take(unsigned n)
{
	u8 byte;

	while (n--)
		assert_true(vconsole_get(&crab, &byte));
}

/* The serial line is left alone while there is no room, and read again when there is half of it. */
static void test_held(void **state)
{
	bool deaf;

	(void)state;
	say_listening = true;
	fill(255);
	assert_true(vconsole_room(&crab));
	assert_true(say_listening);
	fill(1);
	assert_false(vconsole_room(&crab));
	assert_false(say_listening);
	take(127);
	assert_false(say_listening);
	assert_true(vconsole_still_full(&crab, &deaf)); /* it reads, only slowly */
	assert_false(deaf);
	take(1);
	assert_true(say_listening);
	assert_true(vconsole_room(&crab));
	assert_false(vconsole_still_full(&crab, &deaf));
	assert_false(deaf);
	/* one that reads nothing loses what is typed, until it reads */
	fill(128);
	assert_false(vconsole_room(&crab));
	assert_false(vconsole_still_full(&crab, &deaf));
	assert_true(deaf);
	assert_true(say_listening);
	assert_true(vconsole_room(&crab));
	assert_false(vconsole_type(&crab, 'x'));
	take(1);
	fill(1);
	assert_false(vconsole_room(&crab));
	assert_false(say_listening);
	/* and so does one that reads just enough to be seen: it could keep the keys for minutes */
	take(1);
	assert_false(vconsole_still_full(&crab, &deaf));
	assert_true(deaf);
	assert_true(say_listening);
	take(1);
	fill(2);
	assert_false(vconsole_room(&crab));
	/* and whatever else ends the waiting */
	vconsole_reset(&crab);
	assert_true(say_listening);
	fill(256);
	assert_false(vconsole_room(&crab));
	vconsole_focus(&crab, false);
	assert_true(say_listening);
}

static char lines[4096];

static void note(const struct vconsole *con, const char *text)
{
	assert_ptr_equal(con, &crab);
	assert_true(strlen(text) <= 160);
	strcat(strcat(lines, text), "|");
}

static const char *kept(unsigned count)
{
	lines[0] = '\0';
	vconsole_each(&crab, count, note);
	return lines;
}

/* The last lines come again with the focus, made harmless as they were, and a bar behind the name. */
static void test_history(void **state)
{
	char text[200];

	(void)state;
	assert_string_equal(kept(9), "");
	put(&crab, "one\n\033[2Jtwo\x9b\n\nhalf");
	said_forget();
	vconsole_focus(&crab, true);
	expect("[crab]| one\r\n[crab]| two?\r\n[crab]| \r\n[crab] half");
	vconsole_reset(&crab); /* another life: its last words stay */
	said_forget();
	assert_string_equal(kept(2), "|half|");
	assert_string_equal(kept(1), "half|");
	assert_string_equal(kept(0), "");
	for (unsigned i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "line %u\n", i);
		put(&crab, text);
	}
	said_forget();
	vconsole_focus(&crab, true); /* a screenful */
	assert_memory_equal(said, "[crab]| line 10\r\n", 17);
	assert_non_null(strstr(said, "[crab]| line 29\r\n"));
	/* what is pushed out in part is no line */
	memset(text, 'x', 160);
	text[160] = '\n';
	text[161] = '\0';
	for (unsigned i = 0; i < 100; i++) {
		size_t n;

		text[0] = (char)('a' + i % 26);
		put(&crab, text + i % 3 * 40);
		n = strlen(kept(99));
		assert_true(n <= 2048 && n > (i < 16 ? 0 : 2048 - 161));
		assert_int_equal(lines[n - 2], 'x');
		for (char *line = strtok(lines, "|"); line; line = strtok(NULL, "|"))
			assert_true(i < 16 || strlen(line) == 160 || strlen(line) == 120 ||
				    strlen(line) == 80);
	}
}

/* The screen is the guest's, byte for byte, and nobody else's; what is kept is harmless all the same. */
static void test_raw(void **state)
{
	(void)state;
	say_set_terminal(true);
	vconsole_set_raw(&crab, true);
	put(&crab, "\033[31mred\n"); /* not in focus: lines */
	expect("\033[31m[crab]\033[0m red\r\n");
	vconsole_focus(&crab, true);
	expect("");
	put(&crab, "\033[2J\xc3\xa4\b\r\nz");
	put(&eel, "hello\n");
	vconsole_flush(&crab);
	expect("\033[2J\xc3\xa4\b\r\nz");
	assert_false(crab.flush.armed);
	vconsole_focus(&crab, false); /* a terminal that can be read again, and not the z */
	assert_non_null(strstr(said, "\033[!p"));
	assert_non_null(strstr(said, "\033[?1049l"));
	assert_string_equal(said + said_length - 2, "\r\n");
	said_forget();
	put(&eel, "here\n");
	expect("\033[32m[eel]\033[0m here\r\n");
	put(&crab, "\n");
	expect("\033[31m[crab]\033[0m z\r\n");
	/* its end is an end of the screen too, until it prints again */
	vconsole_focus(&crab, true);
	put(&crab, "\033[?1049h");
	said_forget();
	vconsole_reset(&crab);
	assert_non_null(strstr(said, "\033[?1049l"));
	said_forget();
	put(&eel, "still here\n");
	expect("\033[32m[eel]\033[0m still here\r\n");
	put(&crab, "\033[H");
	put(&eel, "not here\n");
	expect("\033[H");
	vconsole_set_raw(&crab, false);
	assert_non_null(strstr(said, "\033[!p"));
	said_forget();
	put(&crab, "\033[Hplain\n");
	expect("\033[31m[crab]\033[0m plain\r\n");
	assert_string_equal(kept(9), "red|?|z|plain|");
}

/* Random bytes of three consoles: every line that comes out is whole, with a prefix of ours, and
 * printable. */
static void test_random(void **state)
{
	u64 x = 0xfeedface12345678;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		for (unsigned i = 0; i < 100; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			vconsole_put(x >> 40 & 1 ? &crab : &eel,
				     (u8)(x >> 20 & (x & 1 ? 0xff : 31)));
		}
		for (char *line = strtok(said, "\r\n"); line; line = strtok(NULL, "\r\n")) {
			assert_true(!strncmp(line, "[crab] ", 7) || !strncmp(line, "[eel] ", 6));
			for (const char *p = line; *p; p++)
				assert_true((*p >= ' ' && *p < 0x7f) || *p == '\t');
		}
		said_forget();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, setup),
		cmocka_unit_test_setup(test_colours, setup),
		cmocka_unit_test_setup(test_quiet, setup),
		cmocka_unit_test_setup(test_hostile, setup),
		cmocka_unit_test_setup(test_editing, setup),
		cmocka_unit_test_setup(test_long_line, setup),
		cmocka_unit_test_setup(test_prompt, setup),
		cmocka_unit_test_setup(test_prompt_broken, setup),
		cmocka_unit_test_setup(test_prompt_moves, setup),
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_input, setup),
		cmocka_unit_test_setup(test_held, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_raw, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
