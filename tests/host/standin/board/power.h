// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for board/power.c in host tests: there are no other CPUs to start, and the machine stops
 * only where a test waits for it:
 *
 *	assert_int_equal(STOPS(life_end(guest, END_CRASH)), 1);
 */
#ifndef STANDIN_BOARD_POWER_H
#define STANDIN_BOARD_POWER_H

#include <setjmp.h>

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/board/power.h"

extern jmp_buf *power_catcher; /* NULL: power_off aborts the test */
extern unsigned power_status;

/* The status that the machine stopped with, -1 if it did not. */
#define STOPS(statement)                              \
	({                                            \
		jmp_buf stop_buf_;                    \
		volatile int stopped_ = -1;           \
		power_catcher = &stop_buf_;           \
		if (!setjmp(stop_buf_)) {             \
			statement;                    \
		} else {                              \
			stopped_ = (int)power_status; \
		}                                     \
		power_catcher = NULL;                 \
		stopped_;                             \
	})

#endif
