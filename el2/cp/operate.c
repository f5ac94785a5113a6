// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that change a guest's life, or the machine's. Runs at EL2 with the guests held.
 */
#include "board/power.h"
#include "board/say.h"
#include "cp/command.h"
#include "cp/out.h"
#include "lib/format.h"
#include "lib/string.h"

#define SLEEP_MAX 86400UL /* s: a day */

/* An order, and what to say when it is given. */
static const char *give(const struct words *words, enum life_order order, const char *done)
{
	struct guest *guest = command_guest(words->word[0]);
	const char *why;

	if (!guest)
		return NULL;
	why = life_order(guest, order);
	if (why)
		return command_fail("%s %s", words->word[0], why);
	tell("skerry: %s %s\n", words->word[0], done);
	guest = guest_find(words->word[0]); /* it may be gone */
	if (guest && guest->state == GUEST_STOPPING && !command_caller())
		command_wait_for(guest);
	return NULL;
}

const char *operate_stop(const struct words *words)
{
	return give(words, LIFE_STOP, "is stopped");
}

const char *operate_begin(const struct words *words)
{
	return give(words, LIFE_BEGIN, "runs");
}

const char *operate_halt(const struct words *words)
{
	return give(words, LIFE_HALT, "is halted");
}

const char *operate_reset(const struct words *words)
{
	return give(words, LIFE_RESET, "is reset; `begin` starts it");
}

const char *operate_restart(const struct words *words)
{
	return give(words, LIFE_RESTART, "starts again");
}

const char *operate_destroy(const struct words *words)
{
	return give(words, LIFE_DESTROY, "is destroyed");
}

/* What the bundle accepts as a guest's name. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!bundle_name_char(name[i]))
			return false;
	return n > 0 && n <= GUEST_NAME_MAX;
}

const char *operate_ipl(const struct words *words)
{
	const char *original = words->word[0], *name = original;
	struct fdt_error err = {{0}};
	struct guest *guest;

	if (words->count > 1) {
		if (words->count != 3 || strcmp(words->word[1], "as"))
			return "ipl needs: GUEST [as NAME]";
		name = words->word[2];
	}
	if (!is_name(name))
		return command_fail("\"%s\": a name is 1 to %d letters, digits, '-', '_', '.'",
				    name, GUEST_NAME_MAX);
	guest = guest_find(name);
	if (guest && words->count > 1)
		return command_fail("%s is there already", name);
	if (guest)
		return give(words, LIFE_IPL, "starts again");
	if (command_caller() && guest_takes_long(original))
		return command_fail("%s is populated, which takes long: only at the prompt", name);
	guest = guest_add(original, name, &err);
	if (!guest)
		return command_fail("%s", err.text);
	life_start(guest);
	tell("skerry: %s starts, guest %u\n", name, guest->id);
	return NULL;
}

/* CPUs as "0,2-3" or "all". False: not a list of CPUs that run. */
static bool read_cpus(const char *at, u32 *mask)
{
	*mask = UINT32_MAX;
	if (!strcmp(at, "all"))
		return true;
	for (*mask = 0; *at >= '0' && *at < '0' + PCPUS_MAX;) {
		unsigned first = (unsigned)(*at++ - '0'), last = first;

		if (*at == '-') {
			last = (unsigned)(at[1] - '0');
			at += 2;
		}
		if (last < first || last >= PCPUS_MAX || !pcpus[last].online)
			return false;
		*mask |= (u32)(BIT(last + 1) - BIT(first));
		if (!*at)
			return true;
		if (*at++ != ',')
			return false;
	}
	return false;
}

static const char *set_affinity(struct guest *guest, const char *cpus)
{
	u32 mask;

	if (!read_cpus(cpus, &mask))
		return command_fail("affinity \"%s\": expected CPUs as in 0,2-3, or all", cpus);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (!sched_set_allowed(&guest->vcpus[i]->sched, mask))
			return "too many different sets of CPUs";
	guest->config.affinity = mask;
	return NULL;
}

/* What follows is as `trace` has it, whose class it is. */
static const char *set_trace(const struct words *words)
{
	struct words shifted = {.count = words->count - 1, .json = words->json};

	shifted.word[WORDS_MAX - 1] = "";
	if (command_caller())
		return "set trace is the operator's";
	for (unsigned i = 0; i < WORDS_MAX - 1; i++)
		shifted.word[i] = words->word[i + 1];
	return trace_run(&shifted);
}

const char *operate_set(const struct words *words)
{
	struct guest *guest;
	u64 value;

	if (!strcmp(words->word[0], "trace"))
		return set_trace(words);
	if (words->count > 3)
		return "set needs: WHAT GUEST VALUE";
	guest = command_guest(words->word[1]);
	if (!guest)
		return NULL;
	if (!strcmp(words->word[0], "weight")) {
		if (!command_number(words->word[2], &value) || value < 1 ||
		    value > SCHED_WEIGHT_MAX)
			return command_fail("weight \"%s\": expected 1 to %u", words->word[2],
					    SCHED_WEIGHT_MAX);
		guest->config.weight = (u32)value;
		for (unsigned i = 0; i < guest->config.cpus; i++)
			sched_set_weight(&guest->vcpus[i]->sched, (u32)value);
		return NULL;
	}
	if (!strcmp(words->word[0], "affinity"))
		return set_affinity(guest, words->word[2]);
	if (!strcmp(words->word[0], "on-crash")) {
		for (unsigned word = 0; bundle_crash_word(word); word++)
			if (!strcmp(bundle_crash_word(word), words->word[2])) {
				guest->config.on_crash = (enum on_crash)word;
				return NULL;
			}
		return command_fail("on-crash \"%s\": expected stop, restart, destroy or shutdown",
				    words->word[2]);
	}
	return command_fail("set \"%s\": expected weight, affinity, on-crash or trace",
			    words->word[0]);
}

const char *operate_focus(const struct words *words)
{
	struct guest *guest = command_guest(words->word[0]);

	if (!guest)
		return NULL;
	if (guest->config.console == GUEST_CONSOLE_NONE)
		return command_fail("%s has no console", words->word[0]);
	if (life_is_over(guest))
		return command_fail("%s has ended", words->word[0]);
	cp_focus(guest);
	return NULL;
}

const char *operate_send(const struct words *words)
{
	struct guest *guest = command_guest(words->word[0]);
	const char *text = words->rest[1];

	if (!guest)
		return NULL;
	if (strlen(text) + 1 + vconsole_waiting(&guest->console) > VCONSOLE_INPUT)
		return command_fail("%s: no room for that much: it has not read what waits",
				    words->word[0]);
	for (; *text; text++)
		(void)vconsole_type(&guest->console, (u8)*text);
	(void)vconsole_type(&guest->console, '\r');
	vpl011_input(&guest->uart);
	return NULL;
}

const char *operate_message(const struct words *words)
{
	if (!command_caller()) /* a guest's came out with its name before it, as all that changes something */
		say("skerry: message: %s\n", words->rest[0]);
	return NULL;
}

const char *operate_sleep(const struct words *words)
{
	char number[12];
	const char *word = words->word[0];
	size_t n = strlen(word);
	bool ms = n > 2 && !strcmp(word + n - 2, "ms");
	u64 time;

	format(number, sizeof(number), "%.*s", (int)(ms ? n - 2 : n), word);
	if (n > sizeof(number) || !command_number(number, &time) || !time ||
	    time > (ms ? 1000 : 1) * SLEEP_MAX)
		return command_fail("sleep \"%s\": expected 1 to %lu seconds, or as many ms", word,
				    SLEEP_MAX);
	command_set_sleep(time * (timer_frequency() / (ms ? 1000 : 1)));
	return NULL;
}

const char *operate_shutdown(const struct words *words)
{
	u64 status = 0;

	if (words->count && (!command_number(words->word[0], &status) || status > 255))
		return command_fail("status \"%s\": expected 0 to 255", words->word[0]);
	power_off((unsigned)status);
}

const char *operate_quit(const struct words *words)
{
	unsigned status;

	(void)words;
	if (!life_all_done(&status))
		status = 0; /* the operator's word, not a guest's failure */
	power_off(status);
}
