// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for board/say.c in host tests: what is said goes into a buffer. panic() ends the test,
 * unless the test waits for it:
 *
 *	assert_true(PANICS(frames_give_page(1, page)));
 *	assert_non_null(strstr(panic_text, "not owner 1's"));
 *
 * A panic leaves the code's state as it is, locks taken and all: start it afresh afterwards.
 */
#ifndef STANDIN_BOARD_SAY_H
#define STANDIN_BOARD_SAY_H

#include <setjmp.h>

#include "lib/types.h"

#include_next "board/say.h"

extern char said[1 << 16]; /* all that was said, as a string; the rest is cut */
extern size_t said_length;
void said_forget(void);

extern const char *say_typed; /* what say_getc reads, byte by byte; NULL or "": nothing waits */
extern bool say_listening;
extern u64 say_sent; /* say_keeps_up: up to here; all unless set */
extern unsigned say_interrupts;

extern jmp_buf *panic_catcher; /* NULL: a panic prints its text and aborts */
extern char panic_text[512];

void say_set_terminal(bool terminal); /* and nothing stands on the screen */

#define PANICS(statement)                       \
	({                                      \
		jmp_buf panic_buf_;             \
		volatile bool panicked_ = true; \
		panic_catcher = &panic_buf_;    \
		if (!setjmp(panic_buf_)) {      \
			statement;              \
			panicked_ = false;      \
		}                               \
		panic_catcher = NULL;           \
		panicked_;                      \
	})

#endif
