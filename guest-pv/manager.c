// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that looks after another: it asks the hypervisor how `watch` is, as the operator would at the
 * prompt, and starts it again when it has ended, `times` times. The bundle has to grant it the classes of
 * commands that this takes (`commands = "query", "operate", ...`); without them every answer is "denied".
 */
#include "rt.h"

static char answer[2048];

/* A guest is kept waiting between two commands, so that it can't hold the machine up by asking. */
static s64 ask(const char *line)
{
	s64 status;

	while (status = command(line, answer, sizeof(answer)), status == SKERRY_BUSY)
		yield();
	return status;
}

static const char *find(const char *text, const char *what)
{
	for (; *text; text++) {
		size_t n = 0;

		while (what[n] && text[n] == what[n])
			n++;
		if (!what[n])
			return text + n;
	}
	return NULL;
}

/* By `list json`: {"id":1,"guest":"NAME","state":"running",... }, one line a guest. */
static bool has_ended(const char *name)
{
	char row[64] = "\"guest\":\"";
	const char *state;
	size_t n = str_len(row);

	for (; *name && n < 50; name++)
		row[n++] = *name;
	memcpy(row + n, "\",\"state\":\"", 12);
	state = find(answer, row);
	return state && (find(state, "ended") == state + 5 || find(state, "crashed") == state + 7);
}

int main(void)
{
	static char line[64] = "restart ";
	char *name = line + 8;
	u64 times = arg_u64("times", 2);
	s64 status;

	arg_word("watch", name, 32);
	for (u64 n = 0; n < times;) {
		status = ask("list json");
		if (status) {
			print("list: %ld\n", status);
			return 1;
		}
		if (!has_ended(name))
			continue;
		status = ask(line);
		print("%s: %ld, %s", line, status, answer);
		n += status == SKERRY_SUCCESS;
	}
	print("that was enough\n");
	return 0;
}
