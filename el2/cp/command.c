// SPDX-License-Identifier: Apache-2.0
/*
 * The operator's commands: one short function each, one table. Runs at EL2 on the boot CPU.
 */
#include "cp/command.h"

#include "board/power.h"
#include "board/say.h"
#include "cp/cp.h"
#include "guest/life.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

#define LINE_MAX 79

static struct {
	char text[LINE_MAX + 1];
	unsigned length;
} line;

struct command {
	const char *name, *argument, *help;
	void (*run)(const char *argument);
};

static const struct command commands[];

static u64 exits(const struct guest *guest)
{
	u64 sum = 0;

	for (unsigned i = 0; i < guest->config.cpus; i++)
		for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
			sum += guest->vcpus[i]->exits[kind];
	return sum;
}

static u64 ran_ms(const struct guest *guest)
{
	u64 sum = 0;

	for (unsigned i = 0; i < guest->config.cpus; i++) {
		u64 ran, stolen;

		sched_times(&guest->vcpus[i]->sched, &ran, &stolen);
		sum += ran;
	}
	return sum / (timer_frequency() / 1000);
}

static void list(const char *argument)
{
	(void)argument;
	say("  id guest            state    cpus  weight   memory KiB     held KiB     ran ms"
	    "      exits\n");
	for (unsigned id = 0; id < guest_count(); id++) {
		const struct guest *guest = guest_by_id(id);

		if (!guest)
			continue;
		say("%4u %-16s %-8s %4u %7u %12lu %12lu %10lu %10lu\n", id, guest->config.name,
		    life_state_name((enum guest_state)guest->state), guest->config.cpus,
		    guest->config.weight, guest->config.memory_size / KIB,
		    frames_held(guest->id) / KIB, ran_ms(guest), exits(guest));
	}
}

static void memory(const char *argument)
{
	static const char *const names[FRAME_USES] = {
		[FRAME_FREE] = "free",		 [FRAME_IMAGE] = "image",
		[FRAME_EL2] = "hypervisor",	 [FRAME_TABLE] = "guests' tables",
		[FRAME_STATE] = "guests' state", [FRAME_MEMORY] = "guests' memory",
		[FRAME_SHARED] = "channels",
	};
	struct frame_count count = frames_count();

	(void)argument;
	say("  total %lu KiB, free %lu KiB, promised to guests %lu KiB\n", count.total / KIB,
	    count.free / KIB, count.reserved / KIB);
	for (unsigned use = FRAME_IMAGE; use < FRAME_USES; use++)
		say("  %-16s %10lu KiB\n", names[use], count.by_use[use] / KIB);
}

static struct guest *find(const char *name)
{
	struct guest *guest = guest_find(name);

	if (!guest)
		say("skerry: no guest \"%s\"; `list` shows them\n", name);
	return guest;
}

static void focus(const char *argument)
{
	struct guest *guest = find(argument);

	if (guest && guest->config.console == GUEST_CONSOLE_NONE)
		say("skerry: %s has no console\n", argument);
	else if (guest && life_is_over(guest))
		say("skerry: %s has ended\n", argument);
	else if (guest)
		cp_focus(guest);
}

static void halt(const char *argument)
{
	struct guest *guest = find(argument);
	const char *why;

	if (!guest)
		return;
	why = life_order(guest, LIFE_HALT);
	if (why)
		say("skerry: %s %s\n", argument, why);
	else
		say("skerry: %s is halted\n", argument);
}

static void quit(const char *argument)
{
	unsigned status;

	(void)argument;
	if (!life_all_done(&status))
		status = 0; /* the operator's word, not a guest's failure */
	power_off(status);
}

static void help(const char *argument)
{
	(void)argument;
	for (const struct command *c = commands; c->name; c++)
		say("  %-6s %-6s %s\n", c->name, c->argument, c->help);
	say("  Ctrl-] then n: keyboard to the next guest, p: back to this prompt, q: quit\n");
}

static const struct command commands[] = {
	{"list", "", "guests: state, memory, time, exits", list},
	{"memory", "", "physical memory by use", memory},
	{"focus", "GUEST", "the keyboard goes to GUEST", focus},
	{"halt", "GUEST", "end GUEST; the others go on", halt},
	{"quit", "", "stop the machine", quit},
	{"help", "", "this list", help},
	{NULL, NULL, NULL, NULL},
};

void command_run(const char *text)
{
	for (const struct command *c = commands; c->name; c++) {
		size_t n = strlen(c->name);

		if (strncmp(text, c->name, n) || (text[n] && text[n] != ' '))
			continue;
		for (text += n; *text == ' '; text++)
			;
		if (c->argument[0] && !*text)
			say("skerry: %s needs an argument: %s\n", c->name, c->argument);
		else
			c->run(text);
		return;
	}
	if (*text)
		say("skerry: no command \"%s\"; `help` lists them\n", text);
}

void command_prompt(void)
{
	char shown[LINE_MAX + 16];

	say_stand(&line, shown, format(shown, sizeof(shown), "skerry> %s", line.text));
}

void command_leave(void)
{
	say_stand(&line, "", 0);
}

static void enter(void)
{
	char text[LINE_MAX + 1], shown[LINE_MAX + 16];

	memcpy(text, line.text, sizeof(text));
	say_line(&line, shown, format(shown, sizeof(shown), "skerry> %s\r\n", text));
	line.length = 0;
	line.text[0] = 0;
	command_run(text);
	if (cp_at_prompt())
		command_prompt();
}

void command_key(u8 byte)
{
	if (byte == '\r' || byte == '\n') {
		enter();
		return;
	}
	if ((byte == 0x7f || byte == '\b') && line.length)
		line.text[--line.length] = 0;
	else if (byte >= ' ' && byte < 0x7f && line.length < LINE_MAX)
		line.text[line.length++] = (char)byte;
	line.text[line.length] = 0;
	command_prompt();
}
