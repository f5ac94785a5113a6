// SPDX-License-Identifier: Apache-2.0
/*
 * What a check of EL2's own state has found to be wrong: one sentence, with where, what was expected and
 * what was there. For checked builds and tests.
 */
#ifndef LIB_FINDING_H
#define LIB_FINDING_H

#include "lib/types.h"

struct finding {
	char text[192];
};

/* Writes the sentence, which is cut if it is longer; false, so that a check ends by `return found(…)`. */
bool found(struct finding *finding, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
