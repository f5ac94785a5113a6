// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's console: bytes it prints become whole lines "[name] text" on the serial line, bytes typed
 * while it has the focus wait in a ring. No guest can garble another's line or forge a prefix: escape
 * sequences are dropped, control characters other than tab shown as ^X, bytes beyond ASCII as '?'. CR
 * begins the line anew and backspace takes its last character, as on a terminal.
 *
 * A raw console that has the focus has the serial line to itself, both ways, for a guest that uses the
 * whole screen. The last lines of every console are kept, made harmless as above.
 */
#ifndef VDEV_VCONSOLE_H
#define VDEV_VCONSOLE_H

#include "arch/lock.h"
#include "board/say.h"
#include "lib/types.h"
#include "sched/timer.h"

#define VCONSOLE_LINE 160
#define VCONSOLE_HISTORY 2048u /* bytes of the last lines */
#define VCONSOLE_REPLAY 20     /* lines of them, when the guest gets the focus */
#define VCONSOLE_INPUT 256     /* what a line of 115200 baud brings in 22 ms */
#define VCONSOLE_TAKES 16      /* of that, from one look to the next, by a guest that reads */

struct vconsole {
	struct lock lock; /* protects all below */
	const char *name; /* the guest's, for the prefix */
	u8 colour;	  /* 1..6, ANSI; 0: none */
	bool quiet;	  /* console = "none": output is dropped */
	bool focused;	  /* the keyboard goes here */
	bool raw;	  /* what goes out with the focus goes as it is */
	bool has_screen;  /* that is so now: see say_raw_begin */
	bool cr;    /* a CR came: the next byte decides whether the line ends or is written anew */
	bool fresh; /* the line is not on the screen as it is now */
	u8 escape;  /* inside an escape sequence: vconsole.c's state of it */
	u8 length;
	char line[VCONSOLE_LINE];
	bool held; /* the ring is full, the serial line is not read until there is room */
	bool deaf; /* the guest took nothing for so long that what is typed is dropped */
	u8 in_head, held_head;
	u16 in_count;
	u8 input[VCONSOLE_INPUT];
	struct timer flush; /* armed while the beginning of a line waits to be shown */
	u64 lines;	    /* printed in all */
	u64 until;	    /* say_position() behind what it printed last */
	u16 history_next;   /* where the next byte goes */
	u16 history_length;
	char history[VCONSOLE_HISTORY]; /* lines, each ends with a newline */
};

void vconsole_init(struct vconsole *con, const char *name, unsigned index, bool quiet);
/* The guest starts again or has ended: an unfinished line comes out as a line, input is dropped. */
void vconsole_reset(struct vconsole *con);

/* Whether the serial line keeps up with what the guest prints: before vconsole_put. If not, it should wait
 * for some milliseconds and ask again. Without the lock. */
static inline bool vconsole_keeps_up(const struct vconsole *con)
{
	return say_keeps_up(READ_ONCE(con->until));
}

/* What was just said, by the guest or by EL2 on its account, counts as its output. Without the lock. */
static inline void vconsole_said(struct vconsole *con)
{
	WRITE_ONCE(con->until, say_position());
}

/* One byte that the guest prints. A line comes out when it is finished or full. */
void vconsole_put(struct vconsole *con, u8 byte);
/* The guest waits for input or sleeps: if it has the focus, what it has of a line is shown. Without
 * this it is shown a few milliseconds after its first byte, since a guest may sleep unseen. */
void vconsole_flush(struct vconsole *con);

/* Could that do anything? Without the lock: for the guest's own vCPU, which sees what it printed itself. */
static inline bool vconsole_is_fresh(const struct vconsole *con)
{
	return READ_ONCE(con->focused) && READ_ONCE(con->fresh);
}

/* A byte typed: false if the ring is full. */
bool vconsole_type(struct vconsole *con, u8 byte);

/*
 * False: the ring is full, and the serial line should be left alone; its interrupt is off until the guest
 * has taken half of it (or starts again, or loses the focus), so a guest that reads loses nothing however
 * much is pasted. One that hardly reads must not keep the operator's keys from him: who was told false asks
 * vconsole_still_full from time to time. Boot CPU.
 */
bool vconsole_room(struct vconsole *con) MUST_CHECK;
/* True: it is held, and has taken VCONSOLE_TAKES bytes since the last time: ask again. Else it is no longer
 * held; if *deaf, what is typed is dropped from now on, until the guest takes a byte. */
bool vconsole_still_full(struct vconsole *con, bool *deaf) MUST_CHECK;
bool vconsole_get(struct vconsole *con, u8 *byte);
unsigned vconsole_waiting(const struct vconsole *con); /* bytes of input that wait; no lock */

/* Gets the focus, and shows its last lines, or loses it. Raw or not: see above. */
void vconsole_focus(struct vconsole *con, bool focused);
void vconsole_set_raw(struct vconsole *con, bool raw);

/* The lines that are kept, from the first of the last `count` on: each is passed without its end. Takes its
 * lock, which `line` must not. */
void vconsole_each(struct vconsole *con, unsigned count,
		   void (*line)(const struct vconsole *con, const char *text));

#endif
