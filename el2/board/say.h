// SPDX-License-Identifier: Apache-2.0
/*
 * The serial line: EL2's own messages, and whole lines for guests. Before say_init() messages are
 * kept in a small buffer and come out as soon as there is a UART.
 */
#ifndef BOARD_SAY_H
#define BOARD_SAY_H

#include <stdarg.h>

#include "lib/types.h"

struct board;

/* Finds the UART's driver and initialises it; what was said before comes out now. */
void say_init(const struct board *board);

/* A message of EL2 itself, printf-like (lib/format.h), of whole lines: ends with '\n'. One call comes
 * out in one piece, at most 512 bytes. Any CPU, any time; takes lock say. */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A whole line of `owner`, `n` bytes with CR LF at their end, at most 512: see lib/screen.h. */
void say_line(const void *owner, const char *line, size_t n);

/* The unfinished line at the bottom of the screen is owner's, and is this; n = 0: no more. */
void say_stand(const void *owner, const char *text, size_t n);

/*
 * The serial line is owner's alone: what it says by say_raw goes out as it is, until say_raw_end. Lines of
 * others are lost meanwhile (their consoles keep them); EL2's own messages, as many as there is room for,
 * come when it ends. Not before say_init().
 */
void say_raw_begin(const void *owner);
void say_raw(const void *owner, char byte);
void say_raw_end(const void *owner); /* nothing if it is not owner's */

/* What may still find a UART when the machine stops before say_init(), so that a person learns why; it
 * calls say_init() if it does. NULL: nothing can. */
extern void (*say_last_resort)(void);

/*
 * Whether who last said something up to position `until` may say more now. If not, the UART is slower: a guest
 * should sleep some milliseconds and ask again (never so for ever), or it would fill the ring that output
 * waits in and slow all the others. None waits for another's flood: while only a little is left to be sent
 * before the end of its own last line it may say the next.
 */
bool say_keeps_up(u64 until) MUST_CHECK;
u64 say_position(void); /* bytes said so far, by all */

/* The UART's interrupt: sends some of what waits. True: read what has arrived, too. Boot CPU. */
bool say_interrupt(void);

/* A person looks on: colours and lines that are wiped. False before say_init(). */
bool say_terminal(void);

/* A byte typed at the serial line, -1 if none waits. */
int say_getc(void);

/* Turns the receive interrupt on or off; its INTID is board.uart.irq. What arrives while it is off waits
 * in the UART. The first time it is turned on says that interrupts come at all: from then on output need
 * not be polled. */
void say_listen(bool on);

/* EL2 cannot go on: the message, a back-trace, and the machine stops with status 1. Takes no lock
 * that another CPU may hold for ever. Never because of a guest. */
NORETURN COLD void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
