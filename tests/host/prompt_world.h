// SPDX-License-Identifier: Apache-2.0
/*
 * guest_world.h with an operator at the prompt.
 */
#ifndef PROMPT_WORLD_H
#define PROMPT_WORLD_H

#include "cp/cp.h"
#include "guest_world.h"

#define SAYS(text) assert_non_null(strstr(said, text))

/* All that is said meanwhile, and nothing else, is in `said` then. */
static void type(const char *keys)
{
	said_forget();
	say_typed = keys;
	while (*say_typed)
		cp_input();
}

#endif
