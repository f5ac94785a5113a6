// SPDX-License-Identifier: Apache-2.0
/*
 * Scripts of the bundle: lines of commands, run one after the other beside the prompt, the one named
 * "start" by itself. Runs at EL2 on the boot CPU with the guests held, in a timer's interrupt: a line at a
 * time and a millisecond apart, so that guests get on. The first line that fails ends its script; a script
 * may end with `run`, and so go on with another or from its beginning.
 */
#include "board/say.h"
#include "cp/command.h"
#include "cp/line.h"
#include "lib/format.h"

_Static_assert(SCRIPT_LINE_MAX == LINE_MAX, "a script's line is as long as the operator's");

static struct {
	struct timer timer; /* armed while it runs */
	struct command_wait wait;
	char name[GUEST_NAME_MAX + 1]; /* "": none runs */
	const u8 *lines;	       /* in the bundle */
	u32 length, at;
	unsigned number; /* of the line */
	bool stepping;	 /* it is the script that gives the command */
} script;

static void step(void)
{
	const char *line;
	bool failed;

	if (command_waits(&script.wait)) {
		timer_arm(&script.timer, timer_now() + timer_frequency() / 1000);
		return;
	}
	line = fdt_next_string(script.lines, script.length, &script.at);
	if (!line) {
		script.name[0] = '\0';
		return;
	}
	say("skerry: %s.%u: %s\n", script.name, ++script.number, line);
	script.stepping = true;
	failed = command_run(line, NULL) == COMMAND_MISTAKEN;
	script.wait = command_ending();
	script.stepping = false;
	if (failed) {
		say("skerry: script %s failed in line %u: the rest is left\n", script.name,
		    script.number);
		script.name[0] = '\0';
		return;
	}
	timer_arm(&script.timer, timer_now() + MAX(command_sleep(), timer_frequency() / 1000));
}

static void next_line(struct timer *timer)
{
	(void)timer;
	guests_hold();
	step();
	guests_let_go();
}

static bool start(const char *name)
{
	if (!guests_script(name, &script.lines, &script.length))
		return false;
	format(script.name, sizeof(script.name), "%s", name);
	script.at = 0;
	script.number = 0;
	timer_arm(&script.timer, timer_now());
	return true;
}

void script_init(void)
{
	timer_cancel(&script.timer);
	timer_init(&script.timer, next_line);
	script.name[0] = '\0';
	(void)start("start");
}

const char *script_run(const struct words *words)
{
	if (script.name[0] && !script.stepping)
		return command_fail("script %s runs: one at a time", script.name);
	return start(words->word[0]) ?
		       NULL :
		       command_fail("no script \"%s\" in the bundle", words->word[0]);
}
