// SPDX-License-Identifier: Apache-2.0
/*
 * The prompt: a line, cut into words, and the table of commands. Runs at EL2 on the boot CPU, with the
 * guests held.
 */
#include "cp/command.h"

#include "board/say.h"
#include "cp/line.h"
#include "cp/out.h"
#include "lib/format.h"
#include "lib/string.h"

#define PROMPT "skerry> "

static struct line line;

/* Of the command that runs; guests held. */
static struct guest *caller;
static bool mistaken, json; /* json: so are its mistakes */
static u64 sleep_ticks;
static struct command_wait ending;

#define LOOKS_MAX 1000 /* a millisecond apart */

#define AHEAD_MAX 64 /* keys typed while the prompt sleeps */
#define CTRL_C 0x03

static struct {
	bool on;
	u8 ahead;
	u8 keys[AHEAD_MAX];
	struct timer timer;
	struct command_wait wait;
} asleep; /* boot CPU */

static command_run_fn help;

const struct command commands[] = {
	{"query", "[GUEST | WHAT [GUEST]] [json]",
	 "guests, one guest, cpus, memory, interrupts, channels, names, console",
	 "guests cpus memory map interrupts channels names console json", 0, 2, query_run,
	 CLASS_QUERY},
	{"indicate", "[live] [json]",
	 "load by CPU and guest, stolen time, exits by kind; since the last one", "live json", 0, 1,
	 query_indicate, CLASS_QUERY},
	{"list", "[json]", "guests: state, memory, time, exits", "json", 0, 0, query_list,
	 CLASS_QUERY},
	{"memory", "[json]", "physical memory by use", "json", 0, 0, query_memory, CLASS_QUERY},
	{"ipl", "GUEST [as NAME]", "start a guest of the bundle, again or under a new name", "as",
	 1, 3, operate_ipl, CLASS_OPERATE},
	{"stop", "GUEST", "it stands still, and its time too", "", 1, 1, operate_stop,
	 CLASS_OPERATE},
	{"begin", "GUEST", "it goes on, or starts", "", 1, 1, operate_begin, CLASS_OPERATE},
	{"halt", "GUEST", "end GUEST; the others go on", "", 1, 1, operate_halt, CLASS_OPERATE},
	{"reset", "GUEST", "a clean image in clean memory, not started", "", 1, 1, operate_reset,
	 CLASS_OPERATE},
	{"restart", "GUEST", "the same, started", "", 1, 1, operate_restart, CLASS_OPERATE},
	{"destroy", "GUEST", "nothing of it stays; `ipl` makes it anew", "", 1, 1, operate_destroy,
	 CLASS_OPERATE},
	{"set", "WHAT GUEST VALUE",
	 "weight: its share of CPU time; affinity: its CPUs, 0,2-3; on-crash: what becomes of it; trace",
	 "weight affinity all on-crash trace stop restart destroy shutdown", 3, WORDS_MAX,
	 operate_set, CLASS_SET},
	{"display", "GUEST[/VCPU] WHAT",
	 "x, el1, fp or one register; ADDRESS.BYTES, virtual; p ADDRESS.BYTES, physical",
	 "x el1 fp p json", 2, 3, inspect_display, CLASS_INSPECT},
	{"store", "GUEST[/VCPU] WHERE VALUE", "the same, written: a number; bytes in hex", "p", 3,
	 WORDS_MAX, inspect_store, CLASS_SET},
	{"dump", "GUEST [off]", "its memory and state as an ELF core, to ci/dumps at the other end",
	 "off", 1, 2, dump_run, CLASS_OPERATOR},
	{"trace", "[GUEST|all EVENT…|off] [json]", "print what it does as it happens, by event",
	 "all off hypercall psci sysreg mmio abort interrupt switch json", 0, WORDS_MAX, trace_run,
	 CLASS_OPERATOR},
	{"step", "GUEST[/VCPU] [N]", "so many instructions of a stopped guest", "", 1, 2, step_run,
	 CLASS_OPERATOR},
	{"adstop", "GUEST [ADDRESS|off]", "stop it when it comes to this virtual address", "off", 1,
	 2, step_adstop, CLASS_OPERATOR},
	{"focus", "GUEST", "the keyboard goes to GUEST", "", 1, 1, operate_focus, CLASS_OPERATOR},
	{"send", "GUEST TEXT", "type TEXT and Enter into its console", "", 2, WORDS_MAX,
	 operate_send, CLASS_OPERATE},
	{"message", "TEXT", "a line on this screen", "", 1, WORDS_MAX, operate_message,
	 CLASS_MESSAGE},
	{"sleep", "SECONDS | MILLISECONDSms", "what comes next waits; Ctrl-C ends it", "", 1, 1,
	 operate_sleep, CLASS_OPERATOR},
	{"run", "SCRIPT", "a script of the bundle's /scripts, beside this prompt", "", 1, 1,
	 script_run, CLASS_OPERATOR},
	{"shutdown", "[STATUS]", "stop the machine with this exit status", "", 0, 1,
	 operate_shutdown, CLASS_SHUTDOWN},
	{"quit", "", "stop the machine; the status is the guests'", "", 0, 0, operate_quit,
	 CLASS_SHUTDOWN},
	{"help", "[COMMAND]", "this list, or one command", "", 0, 1, help, CLASS_QUERY},
	{NULL, NULL, NULL, NULL, 0, 0, NULL, CLASS_OPERATOR},
};

const char *command_fail(const char *fmt, ...)
{
	static char text[160]; /* guests held: one command at a time */
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

void command_mistake(const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	if (json) {
		out_table(true);
		out_text("error", text, 0);
		out_row();
	} else {
		tell("skerry: %s\n", text);
	}
	mistaken = true;
}

u64 command_sleep(void)
{
	return sleep_ticks;
}

void command_set_sleep(u64 ticks)
{
	sleep_ticks = ticks;
}

void command_wait_for(const struct guest *guest)
{
	ending = (struct command_wait){guest->id, guest->serial, LOOKS_MAX};
}

struct command_wait command_ending(void)
{
	return ending;
}

bool command_waits(struct command_wait *wait)
{
	const struct guest *guest = wait->looks ? guest_by_id(wait->id) : NULL;

	if (!guest || guest->serial != wait->serial || guest->state != GUEST_STOPPING)
		wait->looks = 0;
	else
		wait->looks--;
	return wait->looks;
}

struct guest *command_caller(void)
{
	return caller;
}

struct guest *command_guest(const char *name)
{
	struct guest *guest = guest_find(name);

	if (!guest)
		command_mistake("no guest \"%s\"; `list` shows them", name);
	return guest;
}

bool command_number(const char *text, u64 *value)
{
	unsigned base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	const char *at = base == 16 ? text + 2 : text;
	static const char units[] = "KMG";
	const char *unit;

	for (*value = 0;; at++) {
		char low = *at | 0x20;
		u64 digit = *at >= '0' && *at <= '9' ? (u64)(*at - '0') :
			    low >= 'a' && low <= 'f' ? (u64)(low - 'a' + 10) :
						       base;

		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	if (at == (base == 16 ? text + 2 : text))
		return false;
	unit = *at ? strchr(units, *at & ~0x20) : NULL;
	if (unit && base == 10) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);

		if (*value >> (64 - shift))
			return false;
		*value <<= shift;
		at++;
	}
	return !*at;
}

/* --- Names and words -------------------------------------------------------------------------- */

static bool begins(const char *name, const char *with, size_t n)
{
	return !strncmp(name, with, n);
}

/* By its name, or by a beginning that only one has. NULL: it has been said why not. */
static const struct command *look_up(const char *name)
{
	size_t n = strlen(name);
	const struct command *found = NULL;
	unsigned count = 0;

	for (const struct command *c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (begins(c->name, name, n)) {
			found = c;
			count++;
		}
	}
	if (count == 1)
		return found;
	command_mistake("%s command \"%s\"; `help` lists them", count ? "more than one" : "no",
			name);
	return NULL;
}

/* Cuts `text` at its blanks; `rest` points into `whole`, a copy that stays as it was typed. */
static char *cut(char *text, const char *whole, struct words *words)
{
	char *name = NULL, *at = text;

	*words = (struct words){.count = 0};
	for (unsigned i = 0; i < WORDS_MAX; i++)
		words->word[i] = words->rest[i] = "";
	for (;;) {
		while (*at == ' ')
			at++;
		if (!*at)
			break;
		if (!name) {
			name = at;
		} else if (words->count < WORDS_MAX) {
			words->word[words->count] = at;
			words->rest[words->count++] = whole + (at - text);
		}
		while (*at && *at != ' ')
			at++;
		if (*at)
			*at++ = '\0';
	}
	if (words->count && !strcmp(words->word[words->count - 1], "json")) {
		words->json = true;
		words->word[--words->count] = "";
	}
	return name;
}

/* What changes something is the operator's to know. Of a guest it counts as its output; false: the serial
 * line does not keep up with that. */
static bool report(const struct command *command, const char *typed)
{
	if (!caller || command->class == CLASS_QUERY || command->class == CLASS_INSPECT)
		return true;
	if (!vconsole_keeps_up(&caller->console))
		return false;
	say("skerry: %s: %s\n", caller->config.name, typed);
	vconsole_said(&caller->console);
	return true;
}

static enum command_result run(const char *typed)
{
	char text[LINE_MAX + 1], whole[LINE_MAX + 1];
	const struct command *command;
	const char *name, *mistake;
	struct words words;

	format(text, sizeof(text), "%s", typed);
	memcpy(whole, text, sizeof(whole));
	name = cut(text, whole, &words);
	json = words.json;
	command = name ? look_up(name) : NULL;
	if (!command)
		return COMMAND_DONE;
	if (caller && !(caller->config.commands & BIT(command->class)))
		return COMMAND_DENIED;
	if (json && words.count < command->least) { /* then it was no wish, but what is needed */
		words.word[words.count++] = "json";
		words.json = json = false;
	}
	if (words.count < command->least || words.count > command->most) {
		command_mistake("%s needs: %s", command->name, command->arguments);
		return COMMAND_DONE;
	}
	if (!report(command, whole))
		return COMMAND_BUSY;
	mistake = command->run(&words);
	if (mistake)
		command_mistake("%s", mistake);
	return COMMAND_DONE;
}

enum command_result command_run(const char *typed, struct guest *by)
{
	enum command_result result;

	caller = by;
	mistaken = false;
	sleep_ticks = 0;
	ending.looks = 0;
	result = run(typed);
	caller = NULL;
	return mistaken ? COMMAND_MISTAKEN : result;
}

static const char *help(const struct words *words)
{
	if (words->count) {
		const struct command *c = look_up(words->word[0]);

		if (c)
			tell("  %s %s\n    %s\n", c->name, c->arguments, c->help);
		return NULL;
	}
	for (const struct command *c = commands; c->name; c++)
		tell("  %-8s %-29s %s\n", c->name, c->arguments, c->help);
	tell("  Any beginning that only one has will do; Tab completes, arrows recall.\n"
	     "  Ctrl-] then n: keyboard to the next guest, p: back to this prompt, q: quit\n");
	return NULL;
}

/* --- Completion ------------------------------------------------------------------------------- */

/* What the candidates so far have in common beyond what is typed, and how many there are. */
struct completion {
	const char *typed;
	size_t n;
	unsigned count;
	char common[40];
	char list[200];
};

static void offer(struct completion *c, const char *name, size_t length)
{
	size_t same = 0, used = strlen(c->list);

	if (length < c->n || !begins(name, c->typed, c->n))
		return;
	if (!c->count++)
		format(c->common, sizeof(c->common), "%.*s", (int)length, name);
	while (c->common[same] && same < length && c->common[same] == name[same])
		same++;
	c->common[same] = '\0';
	format(c->list + used, sizeof(c->list) - used, "  %.*s", (int)length, name);
}

static void offer_words(struct completion *c, const char *list)
{
	while (*list) {
		const char *end = strchr(list, ' ');
		size_t n = end ? (size_t)(end - list) : strlen(list);

		offer(c, list, n);
		list += n + (end ? 1 : 0);
	}
}

static void offer_commands(struct completion *c)
{
	for (const struct command *command = commands; command->name; command++)
		offer(c, command->name, strlen(command->name));
}

static void offer_guests(struct completion *c)
{
	for (unsigned id = 0; id < guest_count(); id++)
		if (guest_by_id(id))
			offer(c, guest_by_id(id)->config.name,
			      strlen(guest_by_id(id)->config.name));
}

/* Those that are gone, and can come again. */
static void offer_originals(struct completion *c)
{
	struct guest_config config;

	for (unsigned index = 0; guests_original(index, &config); index++)
		if (!guest_find(config.name))
			offer(c, config.name, strlen(config.name));
}

static void complete(void)
{
	struct completion c = {.count = 0};
	const char *first, *word = line.text + line.cursor;

	while (word > line.text && word[-1] != ' ')
		word--;
	for (first = line.text; *first == ' '; first++)
		;
	c.typed = word;
	c.n = (size_t)(line.text + line.cursor - word);
	if (word <= first) {
		offer_commands(&c);
	} else {
		size_t n = (size_t)((strchr(first, ' ') ? strchr(first, ' ') : word) - first);
		const struct command *command = commands;

		while (command->name && !begins(command->name, first, n))
			command++;
		if (command->run == help)
			offer_commands(&c);
		else
			offer_guests(&c);
		if (command->run == operate_ipl)
			offer_originals(&c);
		if (command->name)
			offer_words(&c, command->keywords);
	}
	if (c.count) {
		line_insert(&line, c.common + c.n, strlen(c.common) - c.n);
		if (c.count == 1)
			line_insert(&line, " ", 1);
		else if (strlen(c.common) == c.n)
			tell("%s\n", c.list);
	}
}

/* --- The prompt ------------------------------------------------------------------------------- */

void command_prompt(void)
{
	char shown[2 * LINE_MAX + sizeof(PROMPT)];

	if (asleep.on)
		return;
	say_stand(&line, shown, line_show(&line, PROMPT, shown, sizeof(shown)));
}

void command_leave(void)
{
	say_stand(&line, "", 0);
}

static void fall_asleep(u64 ticks)
{
	asleep.on = true;
	timer_arm(&asleep.timer, timer_now() + MAX(ticks, timer_frequency() / 1000));
}

static void enter(void)
{
	char text[LINE_MAX + 1], shown[LINE_MAX + sizeof(PROMPT) + 2];

	memcpy(text, line.text, sizeof(text));
	say_line(&line, shown, format(shown, sizeof(shown), PROMPT "%s\r\n", text));
	line_begin(&line);
	(void)command_run(text, NULL);
	asleep.wait = ending;
	if (sleep_ticks || command_waits(&asleep.wait))
		fall_asleep(sleep_ticks);
	else if (cp_at_prompt())
		command_prompt();
}

/* What was typed meanwhile comes now; one of these lines may be the next sleep. */
static void wake_up(void)
{
	u8 keys[AHEAD_MAX];
	unsigned n = asleep.ahead;

	memcpy(keys, asleep.keys, n);
	asleep.on = false;
	asleep.ahead = 0;
	if (cp_at_prompt())
		command_prompt();
	for (unsigned i = 0; i < n; i++)
		command_key(keys[i]);
}

static void slept(struct timer *timer)
{
	(void)timer;
	guests_hold();
	if (command_waits(&asleep.wait))
		fall_asleep(0);
	else
		wake_up();
	guests_let_go();
}

static void key_while_asleep(u8 byte)
{
	if (byte == CTRL_C) {
		timer_cancel(&asleep.timer);
		asleep.ahead = 0;
		wake_up();
	} else if (asleep.ahead < AHEAD_MAX) {
		asleep.keys[asleep.ahead++] = byte;
	}
}

void command_init(void)
{
	timer_cancel(&asleep.timer);
	timer_init(&asleep.timer, slept);
	asleep.on = false;
	asleep.ahead = 0;
	script_init();
}

void command_key(u8 byte)
{
	if (asleep.on) {
		key_while_asleep(byte);
		return;
	}
	if (query_live_end()) { /* any key ends it, and is nothing more */
		command_prompt();
		return;
	}
	switch (line_key(&line, byte)) {
	case LINE_NOTHING:
		break;
	case LINE_COMPLETE:
		complete();
		command_prompt();
		break;
	case LINE_CHANGED:
		command_prompt();
		break;
	case LINE_CANCELLED:
	case LINE_ENTERED:
		enter();
		break;
	}
}
