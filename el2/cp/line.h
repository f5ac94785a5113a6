// SPDX-License-Identifier: Apache-2.0
/*
 * A line that is being typed: the keys of a terminal, a history, completion. Pure: what is to be shown
 * is text that it gives, so the same code serves the serial line and its tests.
 *
 * Keys: arrows, Home, End, Delete, Backspace; Ctrl-A -E -B -F -D as in a shell, Ctrl-U the beginning,
 * Ctrl-K the rest, Ctrl-W the word before goes, Ctrl-P -N and up and down through the history, Tab.
 */
#ifndef CP_LINE_H
#define CP_LINE_H

#include "lib/types.h"

#define LINE_MAX 119 /* with the prompt, and as many backspaces: see SCREEN_LINE_MAX */
#define LINE_HISTORY 8

struct line {
	char text[LINE_MAX + 1];
	u8 length, cursor;
	u8 escape;	/* inside an escape sequence: line.c's state of it */
	u8 argument;	/* of that sequence: its number */
	u8 kept, shown; /* lines in the history; how far back the one on show is, 0: none */
	char history[LINE_HISTORY][LINE_MAX + 1]; /* the last one first */
};

enum line_event {
	LINE_NOTHING,
	LINE_CHANGED,  /* show it anew */
	LINE_ENTERED,  /* it is complete: take it, then line_begin */
	LINE_COMPLETE, /* Tab: see line_insert */
	LINE_CANCELLED /* Ctrl-C */
};

/* One byte typed. Bytes that mean nothing change nothing. */
enum line_event line_key(struct line *line, u8 byte);

/* Text goes in at the cursor, as far as there is room. */
void line_insert(struct line *line, const char *text, size_t n);

/* An empty line; what was there becomes the newest of the history, unless blank or the same again. */
void line_begin(struct line *line);

/* The line with `prompt` before it, and backspaces that bring the cursor where it belongs; returns
 * the number of bytes, below `size`. */
size_t line_show(const struct line *line, const char *prompt, char *to, size_t size);

#endif
