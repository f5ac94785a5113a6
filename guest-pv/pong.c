// SPDX-License-Identifier: Apache-2.0
/*
 * The other half of ping.c's rally: answers each number with its successor, rings back, and
 * goes when the turn that ping named as the last has been played.
 */
#include "rally.h"

static volatile u64 bells;

static void bell(u32 intid)
{
	(void)intid;
	bells++;
}

int main(void)
{
	struct channel c;
	struct table *t;
	u64 turn;

	if (!channel_open(0, &c)) {
		print("no channel: I need one to play\n");
		return 1;
	}
	gic_init();
	channel_listen(&c, bell);
	print("channel %u to %s: waiting for the first ball\n", c.index, c.peer);

	t = (struct table *)c.memory;
	do {
		turn = table_wait(t, 1) + 1;
		t->value++;
		__atomic_store_n(&t->turn, turn, __ATOMIC_RELEASE);
		channel_ring(&c);
	} while (turn < t->rounds);
	print("%lu rounds, %lu bells: done\n", turn / 2, bells);
	return 0;
}
