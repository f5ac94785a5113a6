/* SPDX-License-Identifier: Apache-2.0 */
/* What ping.c and pong.c put into the memory they share. */
#ifndef RALLY_H
#define RALLY_H

#include "rt.h"

#define ROUNDS_DEFAULT 300

/* The ball goes from turn to turn: even turns are ping's to play, odd ones pong's. A side writes
 * value first and turn last, with release order; the other reads them the other way round. */
struct table {
	u64 turn;
	u64 value;
	u64 rounds; /* written by ping before turn 1: the turn that ends the rally, even */
};

/* Wait until it is our turn: sleep, the peer's doorbell wakes us. The table is what counts: a bell
 * only says "look", and one bell may stand for many. */
static inline u64 table_wait(struct table *t, u64 parity)
{
	u64 turn;

	irq_off();
	while (turn = __atomic_load_n(&t->turn, __ATOMIC_ACQUIRE), turn % 2 != parity) {
		wfi();
		irq_on();
		irq_off();
	}
	return turn;
}

#endif
