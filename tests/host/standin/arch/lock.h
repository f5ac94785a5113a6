// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for el2/arch/lock.h in host tests, which run on one thread: a lock that is taken twice
 * would hang EL2 for ever, one dropped without having been taken would let two CPUs in. Here both
 * end the test.
 */
#ifndef STANDIN_ARCH_LOCK_H
#define STANDIN_ARCH_LOCK_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/types.h"

struct lock {
	u32 next, serving; /* taken while they differ */
};

/* Those that are taken now, and letting go of all: where a test leaves EL2 in the middle (power_off). */
#define STANDIN_LOCKS_MAX 16
extern struct lock *standin_locks[STANDIN_LOCKS_MAX];
void standin_locks_drop(void);

/* Runs before one that lock_try has taken is dropped; NULL: nothing does. */
extern void (*standin_on_try_drop)(void);

static inline void lock_take(struct lock *lock)
{
	if (lock->next != lock->serving) {
		fprintf(stderr, "lock taken twice\n");
		abort();
	}
	lock->next++;
	for (unsigned i = 0; i < STANDIN_LOCKS_MAX; i++)
		if (!standin_locks[i]) {
			standin_locks[i] = lock;
			break;
		}
}

static inline bool lock_try(struct lock *lock)
{
	bool free = lock->next == lock->serving;

	if (free)
		lock->next++;
	return free;
}

static inline void lock_drop(struct lock *lock)
{
	bool tried = true;

	if (lock->next == lock->serving) {
		fprintf(stderr, "lock dropped that was not taken\n");
		abort();
	}
	for (unsigned i = 0; i < STANDIN_LOCKS_MAX; i++)
		if (standin_locks[i] == lock) {
			standin_locks[i] = NULL;
			tried = false;
		}
	if (tried && standin_on_try_drop)
		standin_on_try_drop();
	lock->serving++;
}

static inline u32 lock_drops(const struct lock *lock)
{
	return lock->serving;
}

#endif
