// SPDX-License-Identifier: Apache-2.0
// units: cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c
/*
 * cp/: what the operator types and sees. Ctrl-] is 0x1d. Output without a terminal, byte for byte where
 * it is an interface (the prompt's echo).
 */
#include "guest_world.h"

#include "cp/command.h"
#include "cp/cp.h"

static struct guest *crab, *eel, *mute;

static void create(const char *eels)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 GUEST("crab", "0x100000", "") GUEST("mute", "0x100000", "console = \"none\";")
			 GUEST("eel", "0x100000", "%s"),
		 eels);
	world_create(text, "");
	crab = guest_by_id(0);
	mute = guest_by_id(1);
	eel = guest_by_id(2);
	guests_start();
	say_set_terminal(false);
	said_forget();
	cp_init();
}

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	create("");
	return 0;
}

/* The prompt and its line outlive a test: back to an empty one. */
static int teardown(void **state)
{
	say_typed = "\x1dp\r";
	cp_input();
	return world_teardown(state);
}

static void type(const char *keys)
{
	said_forget();
	say_typed = keys;
	while (*say_typed)
		cp_input();
}

#define SAYS(text) assert_non_null(strstr(said, text))

static void test_editing(void **state)
{
	(void)state;
	assert_true(cp_at_prompt());
	assert_string_equal(said, "skerry> ");
	type("hex");
	assert_string_equal(said, "hex");
	type("\x7f\b");
	assert_string_equal(said, "\r\nskerry> he\r\nskerry> h");
	type("elp\r");
	assert_memory_equal(said, "elp\r\n", 5);
	SAYS("list");
	SAYS("end GUEST; the others go on");
	SAYS("Ctrl-] then n");
	assert_string_equal(said + said_length - 8, "skerry> ");
	type("\x7f\x7f\b"); /* nothing to take back */
	type("\x01\x02\x80\xff");
	type("\n");
	assert_string_equal(said, "\r\nskerry> ");
	/* on a terminal, somebody's line goes above what is typed */
	type("fo");
	say_set_terminal(true);
	command_prompt();
	said_forget();
	vconsole_put(&crab->console, 'x');
	vconsole_put(&crab->console, '\n');
	assert_string_equal(said, "\r\033[K\033[31m[crab]\033[0m x\r\nskerry> fo");
}

/* 79 characters, then no more; the line works all the same. */
static void test_long_line(void **state)
{
	char keys[202];

	(void)state;
	memset(keys, 'y', 200);
	keys[200] = '\0';
	type(keys);
	assert_int_equal(said_length, 79);
	type("\r");
	memset(keys, 'y', 79);
	keys[79] = '\0';
	SAYS("no command \"");
	SAYS(keys);
	strcat(keys, "y");
	assert_null(strstr(said, keys));
}

static void test_words(void **state)
{
	(void)state;
	type("lis\r");
	SAYS("no command \"lis\"");
	type("lists\r");
	SAYS("no command \"lists\"");
	type("   \r");
	SAYS("no command");
	type("halt\r");
	SAYS("halt needs an argument: GUEST");
	type("halt   \r");
	SAYS("halt needs an argument: GUEST");
	type("halt whale\r");
	SAYS("no guest \"whale\"");
	type("focus cra\r");
	SAYS("no guest \"cra\"");
	assert_true(cp_at_prompt());
}

static void test_list(void **state)
{
	(void)state;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	standin_now += 6250000; /* 100 ms */
	crab->vcpus[0]->exits[EXIT_WFI] = 40;
	crab->vcpus[0]->exits[EXIT_FP] = 2;
	mute->state = GUEST_CRASHED;
	type("list\r");
	SAYS("   0 crab             running     1     100         1024 ");
	SAYS(" 100         42\n");
	SAYS("   1 mute             crashed  ");
	SAYS("   2 eel              running  ");
	mute->state = GUEST_RUNNING;
}

static void test_memory(void **state)
{
	(void)state;
	type("memory\r");
	SAYS("total 65536 KiB, ");
	SAYS("promised to guests 3060 KiB");	 /* 3 * 1 MiB, a page of each loaded */
	SAYS("guests' tables           36 KiB"); /* roots of 8 KiB, a table each */
	SAYS("guests' memory           12 KiB");
}

static void test_halt(void **state)
{
	(void)state;
	type("halt eel\r");
	SAYS("eel is halted");
	assert_int_equal(eel->state, GUEST_ENDED);
	assert_int_equal(crab->state, GUEST_RUNNING);
	type("halt eel\r");
	SAYS("eel has ended");
}

static void test_focus(void **state)
{
	u8 byte;

	(void)state;
	type("focus mute\r");
	SAYS("mute has no console");
	assert_true(cp_at_prompt());
	type("abc\x1dp"); /* typed and left: still there later */
	type("\x7f\x7f\x7f"
	     "focus eel\r");
	SAYS("keyboard to eel");
	assert_false(cp_at_prompt());
	assert_null(
		strstr(strstr(said, "keyboard to eel"), "skerry> ")); /* no prompt under a guest */
	type("a\r\x1d]");
	assert_int_equal(vconsole_waiting(&eel->console), 3);
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, 'a');
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, '\r');
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, 0x1d);
	type("\x1dp");
	assert_true(cp_at_prompt());
	assert_string_equal(said, "skerry> ");
	assert_false(eel->console.focused);
}

/* Round it goes: guests that have a console and have not ended, then the prompt. */
static void test_next(void **state)
{
	(void)state;
	type("\x1dn");
	assert_true(crab->console.focused);
	type("\x1d\x1d");
	assert_false(crab->console.focused);
	assert_true(eel->console.focused); /* mute has none */
	assert_false(mute->console.focused);
	type("\x1dn");
	assert_true(cp_at_prompt());
	type("halt crab\r");
	type("\x1dn");
	assert_true(eel->console.focused);
	type("\x1dz");
	SAYS("Ctrl-] then n: next guest");
	assert_true(eel->console.focused);
	assert_int_equal(vconsole_waiting(&eel->console), 0);
	type("\x1dp");
	type("\x1d]"); /* nobody to give it to */
	assert_true(cp_at_prompt());
}

/* Who typed at a guest that has ended is back at the prompt, and not one key later. */
static void test_focused_one_ends(void **state)
{
	(void)state;
	type("\x1dn");
	type("x");
	crab->state = GUEST_STOPPING; /* on its way to start again, maybe */
	type("x");
	assert_null(strstr(said, "ended"));
	assert_false(cp_at_prompt());
	crab->state = GUEST_RUNNING;
	life_end(crab, END_EXIT);
	assert_int_equal(crab->state, GUEST_ENDED);
	type("y");
	SAYS("crab has ended");
	assert_true(cp_at_prompt());
	assert_false(crab->console.focused);
	type("focus crab\r");
	SAYS("crab has ended");
	assert_true(cp_at_prompt());
	assert_string_equal(said + said_length - 8, "skerry> ");
}

/* The guest's ring is full: what does not fit is dropped, and the focus keys go on working. */
static void test_flood(void **state)
{
	char keys[301];

	(void)state;
	memset(keys, 'k', 300);
	keys[300] = '\0';
	type("\x1dn");
	say_typed = keys;
	cp_input();
	assert_int_equal(strlen(say_typed), 236); /* 64 at a time */
	type(keys);
	assert_int_equal(vconsole_waiting(&crab->console), 64);
	type("\x1dp");
	assert_true(cp_at_prompt());
}

static void test_quit(void **state)
{
	(void)state;
	assert_int_equal(STOPS(type("quit\r")), 0); /* guests run: the operator's own wish */
	guests_let_go();			    /* the machine would have stopped here */
	assert_int_equal(STOPS(type("\x1dq")), 0);
	guests_let_go();
	crab->exit_code = 3;
	life_end(crab, END_EXIT);
	life_end(mute, END_EXIT);
	life_end(eel, END_EXIT);
	assert_int_equal(STOPS(type("quit\r")), 3);
	guests_let_go();
}

static void test_first_focus(void **state)
{
	(void)state;
	world_close();
	world_new(3, 2, 0x4000000);
	create("focus;");
	assert_false(cp_at_prompt());
	assert_true(eel->console.focused);
	SAYS("keyboard to eel");
	type("\x1dp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_editing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_halt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focused_one_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_focus, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
