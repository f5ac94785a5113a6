// SPDX-License-Identifier: Apache-2.0
/*
 * The line editor. Pure; the caller keeps the struct. Sequences by ECMA-48 as terminals send them:
 * CSI letter, CSI number ~, SS3 letter.
 */
#include "cp/line.h"

#include "lib/format.h"
#include "lib/string.h"

enum { PLAIN, ESCAPED, IN_CSI, IN_SS3 };

#define CTRL(letter) ((letter)&0x1f)
#define ESC 0x1b
#define DELETE 0x7f

/* Characters from `from` to `to` go. */
static void cut(struct line *line, unsigned from, unsigned to)
{
	memmove(line->text + from, line->text + to, line->length - to + 1u);
	line->length = (u8)(line->length - (to - from));
	line->cursor = (u8)from;
}

void line_insert(struct line *line, const char *text, size_t n)
{
	n = MIN(n, (size_t)(LINE_MAX - line->length));
	memmove(line->text + line->cursor + n, line->text + line->cursor,
		line->length - line->cursor + 1u);
	memcpy(line->text + line->cursor, text, n);
	line->length = (u8)(line->length + n);
	line->cursor = (u8)(line->cursor + n);
}

static void set(struct line *line, const char *text)
{
	line->length = 0;
	line->cursor = 0;
	line->text[0] = '\0';
	line_insert(line, text, strlen(text));
}

void line_begin(struct line *line)
{
	unsigned blanks = 0;

	while (line->text[blanks] == ' ')
		blanks++;
	if (line->text[blanks] && (!line->kept || strcmp(line->history[0], line->text))) {
		memmove(line->history[1], line->history[0],
			sizeof(line->history) - sizeof(line->history[0]));
		memcpy(line->history[0], line->text, sizeof(line->text));
		line->kept = (u8)MIN(line->kept + 1, LINE_HISTORY);
	}
	line->shown = 0;
	set(line, "");
}

/* What was typed so far is not kept: going back past the newest gives an empty line. */
static void recall(struct line *line, int step)
{
	int shown = line->shown + step;

	if (shown < 0 || shown > line->kept)
		return;
	line->shown = (u8)shown;
	set(line, shown ? line->history[shown - 1] : "");
}

static unsigned word_before(const struct line *line)
{
	unsigned at = line->cursor;

	while (at && line->text[at - 1] == ' ')
		at--;
	while (at && line->text[at - 1] != ' ')
		at--;
	return at;
}

/* What a key does, by the control character that stands for it. */
static enum line_event act(struct line *line, u8 key)
{
	switch (key) {
	case CTRL('A'):
		line->cursor = 0;
		break;
	case CTRL('E'):
		line->cursor = line->length;
		break;
	case CTRL('B'):
		line->cursor = (u8)(line->cursor - (line->cursor > 0));
		break;
	case CTRL('F'):
		line->cursor = (u8)(line->cursor + (line->cursor < line->length));
		break;
	case CTRL('D'):
		if (line->cursor < line->length)
			cut(line, line->cursor, line->cursor + 1u);
		break;
	case CTRL('H'):
	case DELETE:
		if (line->cursor)
			cut(line, line->cursor - 1u, line->cursor);
		break;
	case CTRL('U'):
		cut(line, 0, line->cursor);
		break;
	case CTRL('K'):
		cut(line, line->cursor, line->length);
		break;
	case CTRL('W'):
		cut(line, word_before(line), line->cursor);
		break;
	case CTRL('P'):
		recall(line, 1);
		break;
	case CTRL('N'):
		recall(line, -1);
		break;
	case CTRL('C'):
		set(line, "");
		return LINE_CANCELLED;
	case '\t':
		return LINE_COMPLETE;
	case '\r':
	case '\n':
		return LINE_ENTERED;
	default:
		if (key < ' ' || key > '~' || line->length == LINE_MAX)
			return LINE_NOTHING;
		line_insert(line, (const char *)&key, 1);
	}
	return LINE_CHANGED;
}

/* The last byte of a sequence, as the control key that does the same; 0: none does. */
static u8 meaning(u8 letter, u8 argument)
{
	static const char letters[] = "ABCDHF";
	static const u8 keys[] = {CTRL('P'), CTRL('N'), CTRL('F'), CTRL('B'), CTRL('A'), CTRL('E')};
	static const u8 numbers[] =
		{[1] = CTRL('A'), [3] = CTRL('D'), [4] = CTRL('E'), [7] = CTRL('A'), [8] = CTRL('E')};
	const char *at = strchr(letters, letter);

	if (letter == '~')
		return argument < ARRAY_SIZE(numbers) ? numbers[argument] : 0;
	return at && *at ? keys[at - letters] : 0;
}

enum line_event line_key(struct line *line, u8 byte)
{
	u8 key;

	if (line->escape == PLAIN) {
		if (byte != ESC)
			return act(line, byte);
		line->escape = ESCAPED;
		return LINE_NOTHING;
	}
	if (line->escape == ESCAPED && (byte == '[' || byte == 'O')) {
		line->escape = byte == '[' ? IN_CSI : IN_SS3;
		line->argument = 0;
		return LINE_NOTHING;
	}
	if (line->escape == IN_CSI && byte < '@' && byte >= ' ') {
		if (byte >= '0' && byte <= '9')
			line->argument = (u8)(MIN(line->argument, 20) * 10 + (byte - '0'));
		return LINE_NOTHING;
	}
	key = line->escape == ESCAPED ? 0 : meaning(byte, line->argument);
	line->escape = PLAIN;
	return key ? act(line, key) : LINE_NOTHING;
}

size_t line_show(const struct line *line, const char *prompt, char *to, size_t size)
{
	size_t used = format(to, size, "%s%s", prompt, line->text);

	for (unsigned at = line->length; at > line->cursor && used + 1 < size; at--)
		to[used++] = '\b';
	return used;
}
