// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of named values, as a table or as JSON (RFC 8259). Runs at EL2 with the guests held
 * (guests_hold), which is also what protects the two lines that are being made here.
 */
#include "cp/out.h"

#include "board/say.h"
#include "lib/format.h"
#include "lib/string.h"

#define QUOTED_MAX 344 /* a line of a console, all of it quotes */
#define ROW_MAX 440    /* what say() takes, less its own end */

static struct {
	bool json, headed;
	size_t head_used, row_used;
	char head[ROW_MAX], row[ROW_MAX];
	char *buffer; /* NULL: the serial line */
	size_t used, size;
} out;

void tell(const char *fmt, ...)
{
	char text[512];
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = vformat(text, sizeof(text), fmt, args);
	va_end(args);
	if (!out.buffer) {
		say("%s", text);
		return;
	}
	n = MIN(n, out.size - out.used);
	memcpy(out.buffer + out.used, text, n);
	out.used += n;
}

size_t out_to(char *buffer, size_t size)
{
	size_t used = out.used;

	out.buffer = buffer;
	out.size = size;
	out.used = 0;
	return used;
}

void out_table(bool json)
{
	out.json = json;
	out.headed = json;
	out.head_used = out.row_used = 0;
}

static size_t put(char *line, size_t used, const char *text)
{
	return used + format(line + used, ROW_MAX - used, "%s", text);
}

/* Numbers stand at the right of their column, words at the left; one space before each. */
static size_t put_cell(char *line, size_t used, const char *text, unsigned width, bool right)
{
	size_t length = strlen(text), blanks = length < width ? width - length : 0;

	used = put(line, used, used ? "  " : " ");
	if (!right)
		used = put(line, used, text);
	while (blanks--)
		used = put(line, used, " ");
	return right ? put(line, used, text) : used;
}

static void cell(const char *key, const char *text, unsigned width, bool right)
{
	width = MAX(width, (unsigned)strlen(key));
	if (!out.headed)
		out.head_used = put_cell(out.head, out.head_used, key, width, right);
	out.row_used = put_cell(out.row, out.row_used, text, width, right);
}

static void member(const char *key, const char *value)
{
	char text[QUOTED_MAX + 40];

	format(text, sizeof(text), "%s\"%s\":%s", out.row_used ? "," : "{", key, value);
	out.row_used = put(out.row, out.row_used, text);
}

/* Within quotes; a control character is a space here, since no value of ours means more by it. */
static void quoted(const char *key, const char *value)
{
	char text[QUOTED_MAX];
	size_t used = 0;

	text[used++] = '"';
	for (; *value && used < sizeof(text) - 3; value++) {
		if (*value == '"' || *value == '\\')
			text[used++] = '\\';
		text[used++] = *value >= ' ' && *value < 0x7f ? *value : ' ';
	}
	text[used++] = '"';
	text[used] = '\0';
	member(key, text);
}

void out_text(const char *key, const char *value, unsigned width)
{
	if (out.json)
		quoted(key, value);
	else
		cell(key, value, width, false);
}

/* As it is: JSON's words and numbers. */
static void bare(const char *key, const char *text, unsigned width)
{
	if (out.json)
		member(key, text);
	else
		cell(key, text, width, true);
}

void out_number(const char *key, u64 value, unsigned width)
{
	char text[24];

	format(text, sizeof(text), "%lu", value);
	bare(key, text, width);
}

void out_tenths(const char *key, u64 tenths, unsigned width)
{
	char text[24];

	format(text, sizeof(text), "%lu.%lu", tenths / 10, tenths % 10);
	bare(key, text, width);
}

void out_none(const char *key)
{
	if (!out.json)
		cell(key, "-", 0, true);
}

void out_hex(const char *key, u64 value)
{
	char text[24];

	format(text, sizeof(text), "%016lx", value);
	if (out.json)
		quoted(key, text);
	else
		cell(key, text, 16, true);
}

void out_flag(const char *key, bool value)
{
	if (out.json)
		member(key, value ? "true" : "false");
	else
		cell(key, value ? "yes" : "-", 0, false);
}

/* A last column of words leaves blanks behind. */
static int trimmed(const char *line, size_t used)
{
	while (used && line[used - 1] == ' ')
		used--;
	return (int)used;
}

void out_row(void)
{
	if (!out.headed)
		tell("%.*s\n", trimmed(out.head, out.head_used), out.head);
	tell("%.*s%s\n", trimmed(out.row, out.row_used), out.row, out.json ? "}" : "");
	out.headed = true;
	out.row_used = 0;
}
