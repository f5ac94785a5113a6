// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's console: bytes it prints become whole lines "[name] text" on the serial line, bytes typed
 * while it has the focus wait in a ring. No guest can garble another's line or forge a prefix: escape
 * sequences are dropped, control characters other than tab shown as ^X, bytes beyond ASCII as '?'. CR
 * begins the line anew and backspace takes its last character, as on a terminal.
 */
#ifndef VDEV_VCONSOLE_H
#define VDEV_VCONSOLE_H

#include "arch/lock.h"
#include "lib/types.h"
#include "sched/timer.h"

#define VCONSOLE_LINE 160
#define VCONSOLE_INPUT 64

struct vconsole {
	struct lock lock; /* protects all below */
	const char *name; /* the guest's, for the prefix */
	u8 colour;	  /* 1..6, ANSI; 0: none */
	bool quiet;	  /* console = "none": output is dropped */
	bool focused;	  /* the keyboard goes here */
	bool cr;    /* a CR came: the next byte decides whether the line ends or is written anew */
	bool fresh; /* the line is not on the screen as it is now */
	u8 escape;  /* inside an escape sequence: vconsole.c's state of it */
	u8 length;
	char line[VCONSOLE_LINE];
	u8 in_head, in_count;
	u8 input[VCONSOLE_INPUT];
	struct timer flush; /* armed while the beginning of a line waits to be shown */
	u64 lines;	    /* printed in all */
};

void vconsole_init(struct vconsole *con, const char *name, unsigned index, bool quiet);
/* The guest starts again or has ended: an unfinished line comes out as a line, input is dropped. */
void vconsole_reset(struct vconsole *con);

/* One byte that the guest prints. A line comes out when it is finished or full. */
void vconsole_put(struct vconsole *con, u8 byte);
/* The guest waits for input or sleeps: if it has the focus, what it has of a line is shown. Without
 * this it is shown a few milliseconds after its first byte, since a guest may sleep unseen. */
void vconsole_flush(struct vconsole *con);

/* A byte typed: false if the ring is full. */
bool vconsole_type(struct vconsole *con, u8 byte);
bool vconsole_get(struct vconsole *con, u8 *byte);
unsigned vconsole_waiting(const struct vconsole *con); /* bytes of input that wait; no lock */
void vconsole_focus(struct vconsole *con, bool focused);

#endif
