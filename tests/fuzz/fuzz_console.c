// SPDX-License-Identifier: Apache-2.0
// units: vdev/vconsole.c sched/timer.c sched/heap.c lib/*.c
// runs: 15000
// longest: 1024
/*
 * The serial line shared: three guests print any bytes, in turns, one of them in focus, while EL2 says
 * lines and has a prompt. Each guest's letters are made its own ('a', 'b', 'c'), everything else stays:
 * so in what comes out, each line must have the prefix of the guest whose letters are in it, and no byte
 * but EL2's own may mean anything to a terminal.
 */
#include "board/say.h"
#include "fuzz.h"
#include "lib/screen.h"
#include "vdev/vconsole.h"

#define GUESTS 3

static const char *const names[GUESTS] = {"alga", "brine", "coral"};

static bool begins(const char **at, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*at, text, n))
		return false;
	*at += n;
	return true;
}

/* One line of the screen, from its first column: whose it is, by its prefix. */
static const char *check_line(const char *at, bool terminal)
{
	const char *start = at;
	int owner = -1;

	if (begins(&at, "skerry> ") || begins(&at, "skerry: "))
		owner = GUESTS;
	for (int i = 0; i < GUESTS && owner < 0; i++) {
		char prefix[48];

		if (terminal)
			snprintf(prefix, sizeof(prefix), "\033[3%dm[%s]\033[0m ", 1 + i, names[i]);
		else
			snprintf(prefix, sizeof(prefix), "[%s] ", names[i]);
		if (begins(&at, prefix))
			owner = i;
		/* what it said before, shown again as it gets the focus */
		snprintf(prefix, sizeof(prefix), "[%s]| ", names[i]);
		if (owner < 0 && begins(&at, prefix))
			owner = i;
	}
	MUST(owner >= 0 || *at == '\r' || !*at, "a line without a prefix: %.60s", start);
	for (; *at && *at != '\r'; at++) {
		MUST((*at >= ' ' && *at <= '~') || *at == '\t', "byte %#x in: %.60s", *at & 0xff,
		     start);
		MUST(*at < 'a' || *at > 'c' || *at - 'a' == owner, "%c in: %.60s", *at, start);
	}
	return at;
}

static void check_said(bool terminal)
{
	const char *at = said;

	while (*at) {
		at = check_line(at, terminal);
		if (!*at)
			break;
		if (terminal && begins(&at, "\r\033[K"))
			continue;
		MUST(begins(&at, "\r\n"), "%.20s ends a line", at);
	}
}

/* Of a guest's own bytes all letters are one. */
static uint8_t own(unsigned guest, uint8_t byte)
{
	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z' && byte % 4))
		return (uint8_t)('a' + guest);
	return byte;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vconsole consoles[GUESTS];
	struct input in = {data, data + size};
	bool terminal = take(&in, 1) & 1;
	unsigned from = 0, focus = GUESTS;

	said_forget();
	say_set_terminal(terminal);
	for (unsigned i = 0; i < GUESTS; i++)
		vconsole_init(&consoles[i], names[i], i, false);
	while (in.at < in.end && said_length < sizeof(said) - 4096) {
		uint8_t byte = (uint8_t)take(&in, 1);
		unsigned what = byte - 0xe0u;

		if (byte < 0xe0) {
			vconsole_put(&consoles[from], own(from, byte));
		} else if (what < 8) {
			from = what % GUESTS;
		} else if (what < 12) {
			if (focus < GUESTS)
				vconsole_focus(&consoles[focus], false);
			focus = what - 8;
			if (focus < GUESTS)
				vconsole_focus(&consoles[focus], true);
			else
				say_stand(&in, "skerry> x", 9);
		} else if (what < 15) {
			vconsole_flush(&consoles[what - 12]);
		} else if (what < 18) {
			vconsole_reset(&consoles[what - 15]);
		} else if (what < 20) {
			say("skerry: something\r\n");
		} else if (what < 22) {
			say_stand(&in, "skerry> ", what == 20 ? 8 : 0);
		} else {
			vconsole_put(&consoles[from], byte);
		}
	}
	check_said(terminal);
	for (unsigned i = 0; i < GUESTS; i++)
		timer_cancel(&consoles[i].flush);
	return 0;
}
