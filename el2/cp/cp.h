// SPDX-License-Identifier: Apache-2.0
/*
 * The control program: the operator's keyboard and the prompt.
 *
 * Keys: Ctrl-] is the attention key. Ctrl-] again (or n): the keyboard goes to the next guest; p: to
 * the prompt; q: quit; ]: the guest gets a Ctrl-].
 */
#ifndef CP_CP_H
#define CP_CP_H

#include "lib/types.h"

/* The guests are there: the keyboard goes to the one that asks for it, else to the prompt. */
void cp_init(void);

/* The serial line has bytes: routes them. In the UART's interrupt, on the boot CPU. */
void cp_input(void);

#endif
