// SPDX-License-Identifier: Apache-2.0
/*
 * A serial line's driver, as board/say.c uses it, and what of say.c only the rest of board/ needs.
 * No driver function waits: say.c does, and bounds it.
 */
#ifndef BOARD_UART_H
#define BOARD_UART_H

#include "lib/types.h"

#define UART_BAUD 115200

struct uart_ops {
	bool (*on)(u64 base); /* firmware has set it up */
	/* First, once. `clock`: rate in Hz of its input, to set it up to UART_BAUD; 0: not known, so what
	 * firmware set is left alone. */
	void (*init)(u64 base, u32 clock);
	size_t (*write)(const char *bytes, size_t n); /* how many it had room for */
	int (*getc)(void);			      /* -1: nothing waits */
	bool (*idle)(void);			      /* everything is on the wire */
	/* Its interrupt comes while bytes that have arrived wait to be read; while it has room. */
	void (*interrupts)(bool arrived, bool room);
};

extern const struct uart_ops pl011_ops, bcm2835_aux_ops;

/*
 * From now on only this pCPU speaks: the machine is about to stop. The lock is waited for, but not
 * for ever. A pCPU that calls this second halts; the same one may call it again.
 */
void say_last_words(void);

/* Waits, not for ever, until everything said is on the wire. */
void say_drain(void);

#endif
