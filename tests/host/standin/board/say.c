// SPDX-License-Identifier: Apache-2.0
/* See say.h beside this file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/say.h"
#include "lib/format.h"
#include "lib/screen.h"

char said[1 << 16];
size_t said_length;
const char *say_typed;
bool say_listening;
u64 say_sent = UINT64_MAX;
unsigned say_interrupts;
jmp_buf *panic_catcher;
char panic_text[512];

void said_forget(void)
{
	said_length = 0;
	said[0] = '\0';
}

static struct screen screen;

static void put_all(const char *bytes, size_t count)
{
	count = MIN(count, sizeof(said) - 1 - said_length);
	memcpy(said + said_length, bytes, count);
	said_length += count;
	said[said_length] = '\0';
}

void say_line(const void *owner, const char *line, size_t n)
{
	char out[SCREEN_OUT_MAX(512)];

	put_all(out, screen_line(&screen, owner, line, n, out));
}

/* What EL2 says meanwhile is kept by the real one; here it is lost. */
void say_raw_begin(const void *owner)
{
	char out[SCREEN_OUT_MAX(0)];

	put_all(out, screen_raw_begin(&screen, owner, out));
}

void say_raw(const void *owner, char byte)
{
	if (screen.raw == owner)
		put_all(&byte, 1);
}

void say_raw_end(const void *owner)
{
	char out[SCREEN_OUT_MAX(0)];

	if (screen.raw == owner)
		put_all(out, screen_raw_end(&screen, out));
}

void say_stand(const void *owner, const char *text, size_t n)
{
	char out[SCREEN_OUT_MAX(SCREEN_LINE_MAX)];

	put_all(out, screen_stand(&screen, owner, text, n, out));
}

void say_set_terminal(bool terminal)
{
	screen = (struct screen){.terminal = terminal};
}

bool say_terminal(void)
{
	return screen.terminal;
}

void say_init(const struct board *board)
{
	(void)board;
}

void say(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args); /* EL2's own: what it does not know shows */
	va_end(args);
	say_line(say, text, strlen(text));
}

u64 say_position(void)
{
	return said_length;
}

bool say_keeps_up(u64 until)
{
	return until <= say_sent;
}

bool say_interrupt(void)
{
	say_interrupts++;
	return say_listening;
}

int say_getc(void)
{
	return say_typed && *say_typed ? (unsigned char)*say_typed++ : -1;
}

void say_listen(bool on)
{
	say_listening = on;
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vformat(panic_text, sizeof(panic_text), fmt, args);
	va_end(args);
	if (panic_catcher)
		longjmp(*panic_catcher, 1);
	fprintf(stderr, "panic: %s\n", panic_text);
	abort();
}
