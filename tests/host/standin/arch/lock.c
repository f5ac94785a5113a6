// SPDX-License-Identifier: Apache-2.0
#include "arch/lock.h"

struct lock *standin_locks[STANDIN_LOCKS_MAX];
void (*standin_on_try_drop)(void);

void standin_locks_drop(void)
{
	for (unsigned i = 0; i < STANDIN_LOCKS_MAX; i++)
		if (standin_locks[i])
			lock_drop(standin_locks[i]);
}
