// SPDX-License-Identifier: Apache-2.0
/*
 * One half of a rally over a channel: memory that two guests share, and a doorbell each way (an
 * interrupt at the other end). Ping sends a number, pong answers with its successor, some hundred
 * times; the sum of all answers shows that none was lost or doubled. See rally.h and pong.c.
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
	u64 rounds = arg_u64("rounds", ROUNDS_DEFAULT), sum = 0, i;
	struct channel c;
	struct table *t;

	if (!channel_open(0, &c)) {
		print("no channel: I need one to play\n");
		return 1;
	}
	gic_init();
	channel_listen(&c, bell);
	print("channel %u to %s: %lu bytes, doorbell %u\n", c.index, c.peer, c.size, c.intid);

	t = (struct table *)c.memory;
	t->rounds = 2 * rounds;
	for (i = 0; i < rounds; i++) {
		t->value = 10 * i;
		__atomic_store_n(&t->turn, 2 * i + 1, __ATOMIC_RELEASE);
		channel_ring(&c);
		table_wait(t, 0);
		sum += t->value;
	}
	/* 10 * (0 + 1 + ... ) + one for each answer */
	i = 5 * rounds * (rounds - 1) + rounds;
	print("%lu rounds, %lu bells, sum %lu: %s\n", rounds, bells, sum,
	      sum == i ? "right" : "WRONG");
	return sum != i;
}
