// SPDX-License-Identifier: Apache-2.0
// units: cp/line.c lib/*.c
// runs: 60000
// longest: 512
/* The line editor alone: any keys; after each, a line is a line, its history too, and what is shown fits. */
#include "cp/line.h"
#include "fuzz.h"

static void check_line(const struct line *line)
{
	char shown[2 * LINE_MAX + 8];
	size_t n = line_show(line, "> ", shown, sizeof(shown));

	MUST(line->cursor <= line->length && line->length <= LINE_MAX, "at %u of %u", line->cursor,
	     line->length);
	MUST(strnlen(line->text, sizeof(line->text)) == line->length, "its length");
	for (const char *c = line->text; *c; c++)
		MUST(*c >= ' ' && *c <= '~', "character %#x", *c);
	MUST(line->kept <= LINE_HISTORY && line->shown <= line->kept, "history %u of %u",
	     line->shown, line->kept);
	for (unsigned i = 0; i < line->kept; i++)
		MUST(strnlen(line->history[i], LINE_MAX + 1) <= LINE_MAX, "history");
	MUST(n == 2u + line->length + (line->length - line->cursor), "%zu bytes shown", n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line *line = calloc(1, sizeof(*line));

	for (size_t i = 0; i < size; i++) {
		enum line_event event = line_key(line, data[i]);

		if (event == LINE_COMPLETE)
			line_insert(line, "complete ", data[i + 1 < size ? i + 1 : i] % 10);
		if (event == LINE_ENTERED || event == LINE_CANCELLED)
			line_begin(line);
		check_line(line);
	}
	free(line);
	return 0;
}
