// SPDX-License-Identifier: Apache-2.0
/*
 * Whole lines of many speakers, and one unfinished line at the bottom of the screen: the operator's
 * prompt, or the beginning of the focused guest's line. Says which bytes go out; pure, so that the
 * same code serves the serial line and its tests.
 *
 * On a terminal a line of somebody else wipes the unfinished one and writes it again below. Without
 * one (a pipe, a log) nothing is ever wiped: the unfinished line is ended by a newline, and comes
 * again when its owner adds to it.
 *
 * Raw, the screen is one owner's as a whole: its bytes go out as they are, and nobody else's do.
 */
#ifndef LIB_SCREEN_H
#define LIB_SCREEN_H

#include "lib/types.h"

#define SCREEN_LINE_MAX 256				   /* of an unfinished line */
#define SCREEN_OUT_MAX(n) ((n) + 2 * SCREEN_LINE_MAX + 16) /* room for what one call can give */

struct screen {
	bool terminal;	   /* escape sequences are understood */
	const void *owner; /* whose line is unfinished; NULL: nobody's */
	const void *raw;   /* whose the whole screen is; NULL: nobody's */
	size_t length;
	char text[SCREEN_LINE_MAX];
};

/*
 * `owner` prints a whole line: `n` bytes with their CR LF, which may go on from owner's own unfinished
 * one. Gives the bytes for the serial line in `out` (SCREEN_OUT_MAX(n) of room); returns their number.
 */
size_t screen_line(struct screen *screen, const void *owner, const char *line, size_t n, char *out);

/* The unfinished line is `owner`'s from now on, and is these n bytes (cut to SCREEN_LINE_MAX);
 * none: it is nobody's, if it was owner's. Same `out`, same result. */
size_t screen_stand(struct screen *screen, const void *owner, const char *text, size_t n,
		    char *out);

/* The screen is owner's alone from now on / no more: the terminal comes back to a state that text can be
 * read in, whatever was sent to it. Same `out`, same result. */
size_t screen_raw_begin(struct screen *screen, const void *owner, char *out);
size_t screen_raw_end(struct screen *screen, char *out);

#endif
