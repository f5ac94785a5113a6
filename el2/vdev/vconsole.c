// SPDX-License-Identifier: Apache-2.0
/*
 * Guests' lines on the one serial line, and its bytes to them. Runs at EL2.
 *
 * Always: what goes out is a whole line with its prefix in one piece, or, of the focused guest, the
 * beginning of one, which the serial line keeps apart from everybody else's (lib/screen.h).
 */
#include "vdev/vconsole.h"

#include "arch/timer.h"
#include "board/say.h"
#include "lib/format.h"
#include "lib/string.h"

/* Prefix with colour, a line, its end */
#define SHOWN_MAX (VCONSOLE_LINE + 56)

#define FLUSHES_PER_SECOND 200 /* of an unfinished line: a person sees no delay */

#define ESC 0x1b
enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_STRING };

static size_t shown(const struct vconsole *con, const char *end, char *out)
{
	if (say_terminal())
		return format(out, SHOWN_MAX, "\033[3%um[%.31s]\033[0m %.*s%s", con->colour,
			      con->name, con->length, con->line, end);
	return format(out, SHOWN_MAX, "[%.31s] %.*s%s", con->name, con->length, con->line, end);
}

static void keep(struct vconsole *con, const char *text, unsigned n)
{
	unsigned first = MIN(n, VCONSOLE_HISTORY - (unsigned)con->history_next);

	memcpy(con->history + con->history_next, text, first);
	memcpy(con->history, text + first, n - first);
	con->history_next = (u16)((con->history_next + n) % VCONSOLE_HISTORY);
	con->history_length = (u16)MIN(con->history_length + n, VCONSOLE_HISTORY);
}

static void end_line(struct vconsole *con)
{
	char out[SHOWN_MAX];

	if (!con->has_screen) {
		say_line(con, out, shown(con, "\r\n", out));
		vconsole_said(con);
	}
	keep(con, con->line, con->length);
	keep(con, "\n", 1);
	con->length = 0;
	con->cr = con->fresh = false;
	con->lines++;
}

/* Of a focused console, unless all of it stands there already. Lock held. */
static void show_beginning(struct vconsole *con)
{
	char out[SHOWN_MAX];

	if (!con->focused || !con->fresh || con->has_screen)
		return;
	con->fresh = false;
	say_stand(con, out, shown(con, "", out));
	vconsole_said(con);
}

static void flush_fired(struct timer *timer)
{
	vconsole_flush(CONTAINER_OF(timer, struct vconsole, flush));
}

void vconsole_init(struct vconsole *con, const char *name, unsigned index, bool quiet)
{
	*con = (struct vconsole){.name = name, .colour = (u8)(1 + index % 6), .quiet = quiet};
	timer_init(&con->flush, flush_fired);
}

static void append(struct vconsole *con, char c)
{
	if (con->length == VCONSOLE_LINE)
		end_line(con);
	con->line[con->length++] = c;
	con->fresh = true;
}

/* ESC and all that belongs to it is dropped: CSI up to its final byte, strings (titles, …) up to BEL
 * or the next ESC, else the one byte that follows. */
static void skip_escape(struct vconsole *con, u8 byte)
{
	switch (con->escape) {
	case ESCAPE_BEGUN:
		if (byte == '[')
			con->escape = ESCAPE_CSI;
		else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')
			con->escape = ESCAPE_STRING;
		else if (byte >= 0x30)
			con->escape = ESCAPE_NONE;
		break;
	case ESCAPE_CSI:
		if (byte == ESC)
			con->escape = ESCAPE_BEGUN;
		else if (byte >= 0x40)
			con->escape = ESCAPE_NONE;
		break;
	default:
		if (byte == 0x07)
			con->escape = ESCAPE_NONE;
		else if (byte == ESC)
			con->escape = ESCAPE_BEGUN; /* and its backslash */
		break;
	}
}

static void backspace(struct vconsole *con)
{
	if (con->length) {
		con->length--;
		con->fresh = true;
	}
}

/* A character that stands for itself, or for one that the screen must not get. */
static void put_character(struct vconsole *con, u8 byte)
{
	if (byte >= 0x7f) {
		append(con, '?');
	} else if (byte >= 0x20 || byte == '\t') {
		append(con, (char)byte);
	} else {
		append(con, '^');
		append(con, (char)(byte + 0x40));
	}
}

static void put(struct vconsole *con, u8 byte)
{
	if (byte == '\n') { /* whatever went before: a line is never lost */
		con->escape = ESCAPE_NONE;
		end_line(con);
		return;
	}
	if (con->escape) {
		skip_escape(con, byte);
		return;
	}
	if (byte == '\r') {
		con->cr = true;
		return;
	}
	if (byte == 0 || byte == 0x07)
		return;
	if (con->cr) {
		con->cr = false;
		con->length = 0;
		con->fresh = true;
	}
	if (byte == ESC)
		con->escape = ESCAPE_BEGUN;
	else if (byte == '\b')
		backspace(con);
	else
		put_character(con, byte);
}

static void put_raw(struct vconsole *con, u8 byte)
{
	if (!con->has_screen)
		say_raw_begin(con);
	con->has_screen = true;
	say_raw(con, (char)byte);
	vconsole_said(con);
}

/* Lock held. */
static void leave_screen(struct vconsole *con)
{
	if (con->has_screen)
		say_raw_end(con);
	con->has_screen = false;
}

void vconsole_put(struct vconsole *con, u8 byte)
{
	if (con->quiet)
		return;
	lock_take(&con->lock);
	if (con->raw && con->focused)
		put_raw(con, byte);
	put(con, byte);
	if (con->focused && con->fresh && !con->has_screen && !con->flush.armed)
		timer_arm(&con->flush, timer_now() + timer_frequency() / FLUSHES_PER_SECOND);
	lock_drop(&con->lock);
}

void vconsole_flush(struct vconsole *con)
{
	lock_take(&con->lock);
	show_beginning(con);
	lock_drop(&con->lock);
}

/* The serial line is read again. Lock held. */
static void release(struct vconsole *con)
{
	if (con->held)
		say_listen(true);
	con->held = false;
}

void vconsole_reset(struct vconsole *con)
{
	lock_take(&con->lock);
	leave_screen(con);
	if (con->length)
		end_line(con);
	con->cr = con->fresh = false;
	con->escape = ESCAPE_NONE;
	con->in_head = 0;
	con->in_count = 0;
	con->deaf = false;
	release(con);
	lock_drop(&con->lock);
}

/* The place in the history where the last `count` lines begin, counted from its oldest byte; what was cut is
 * no line. */
static unsigned find_last(const struct vconsole *con, unsigned count)
{
	unsigned start = con->history_next + VCONSOLE_HISTORY - con->history_length, at;

	for (at = con->history_length; at; at--)
		if (con->history[(start + at - 1) % VCONSOLE_HISTORY] == '\n' && !count--)
			return at;
	if (con->history_length < VCONSOLE_HISTORY)
		return 0;
	while (con->history[(start + at++) % VCONSOLE_HISTORY] != '\n')
		;
	return at;
}

static void each(struct vconsole *con, unsigned count,
		 void (*line)(const struct vconsole *con, const char *text))
{
	unsigned start = con->history_next + VCONSOLE_HISTORY - con->history_length;
	char text[VCONSOLE_LINE + 1];
	unsigned n = 0;

	for (unsigned at = find_last(con, count); at < con->history_length; at++) {
		text[n] = con->history[(start + at) % VCONSOLE_HISTORY];
		if (text[n++] == '\n') {
			text[n - 1] = '\0';
			line(con, text);
			n = 0;
		}
	}
}

void vconsole_each(struct vconsole *con, unsigned count,
		   void (*line)(const struct vconsole *con, const char *text))
{
	lock_take(&con->lock);
	each(con, count, line);
	lock_drop(&con->lock);
}

/* Unlike what comes now: a bar behind the name. */
static void replay(const struct vconsole *con, const char *text)
{
	char out[SHOWN_MAX];

	say_line(con, out, format(out, sizeof(out), "[%.31s]| %s\r\n", con->name, text));
}

void vconsole_focus(struct vconsole *con, bool focused)
{
	lock_take(&con->lock);
	con->focused = focused;
	release(con);
	con->fresh = con->length > 0;
	leave_screen(con);
	if (focused && !con->raw)
		each(con, VCONSOLE_REPLAY, replay);
	if (focused)
		show_beginning(con);
	else
		say_stand(con, "", 0);
	lock_drop(&con->lock);
}

void vconsole_set_raw(struct vconsole *con, bool raw)
{
	lock_take(&con->lock);
	leave_screen(con);
	con->raw = raw;
	lock_drop(&con->lock);
}

bool vconsole_room(struct vconsole *con)
{
	bool room;

	lock_take(&con->lock);
	room = con->in_count < VCONSOLE_INPUT || con->deaf;
	if (!room && !con->held) {
		con->held = true;
		con->held_head = con->in_head;
		say_listen(false);
	}
	lock_drop(&con->lock);
	return room;
}

bool vconsole_still_full(struct vconsole *con, bool *deaf)
{
	bool taken;

	lock_take(&con->lock);
	taken = con->held && (u8)(con->in_head - con->held_head) >= VCONSOLE_TAKES;
	con->held_head = con->in_head;
	*deaf = con->held && !taken;
	if (*deaf) {
		con->deaf = true;
		release(con);
	}
	lock_drop(&con->lock);
	return taken;
}

bool vconsole_type(struct vconsole *con, u8 byte)
{
	bool room;

	lock_take(&con->lock);
	room = con->in_count < VCONSOLE_INPUT;
	if (room) {
		con->input[(con->in_head + con->in_count) % VCONSOLE_INPUT] = byte;
		con->in_count++;
	}
	lock_drop(&con->lock);
	return room;
}

bool vconsole_get(struct vconsole *con, u8 *byte)
{
	bool some;

	lock_take(&con->lock);
	some = con->in_count > 0;
	if (some) {
		*byte = con->input[con->in_head];
		con->in_head = (u8)((con->in_head + 1) % VCONSOLE_INPUT);
		con->in_count--;
		con->deaf = false;
		if (con->in_count <= VCONSOLE_INPUT / 2)
			release(con);
	}
	lock_drop(&con->lock);
	return some;
}

unsigned vconsole_waiting(const struct vconsole *con)
{
	return READ_ONCE(con->in_count);
}
