// SPDX-License-Identifier: Apache-2.0
/*
 * The control program: the operator's keyboard and the prompt.
 *
 * Keys: Ctrl-] is the attention key. Ctrl-] again (or n): the keyboard goes to the next guest; p: to
 * the prompt; r: the guest's console raw, or no more; q: quit; ]: the guest gets a Ctrl-].
 */
#ifndef CP_CP_H
#define CP_CP_H

#include "guest/guest.h"

/* The guests are there: the keyboard goes to the one that asks for it, else to the prompt. */
void cp_init(void);

/* The serial line has bytes: routes them. In the UART's interrupt, on the boot CPU. */
void cp_input(void);

/*
 * SKERRY_COMMAND of a guest whose vCPU is loaded here: one line of `bytes` at `text`, its answer to the
 * guest's `room` bytes at `answer`; *answered gets how many. Returns SKERRY_*; all but SUCCESS and FAILED
 * leave everything as it was. Bounded: one command, SKERRY_ANSWER_MAX bytes, and a guest has to wait nine
 * times as long as its last one took, at least 10 ms. The guest itself may have been ended: see trap_woke.
 */
s64 cp_guest_command(struct guest *guest, ipa_t text, u64 bytes, ipa_t answer, u64 room,
		     u64 *answered);

#endif
