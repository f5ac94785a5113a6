// SPDX-License-Identifier: Apache-2.0
/*
 * Random words for guests (device tree seeds, TRNG): a generator keyed from what the machine offers.
 * It stands here and not in lib/ since it asks the CPU and takes a lock.
 */
#ifndef BOARD_RANDOM_H
#define BOARD_RANDOM_H

#include "lib/types.h"

/* Mixes two words in. `good`: they come from a source that an outsider can't guess (RNDR, the boot
 * loader's seed). Boot CPU; again at any time. */
void random_seed(u64 a, u64 b, bool good);

/* `count` words (1 .. 4). False (and they are untouched) until something good was mixed in. Any CPU;
 * takes its own lock. */
bool random_words(u64 *words, unsigned count) MUST_CHECK;
bool random_word(u64 *word) MUST_CHECK;

/* Would random_word give one? */
bool random_ready(void);

#endif
