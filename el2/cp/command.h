// SPDX-License-Identifier: Apache-2.0
/*
 * The prompt: a line editor and a table of commands.
 */
#ifndef CP_COMMAND_H
#define CP_COMMAND_H

#include "guest/guest.h"

/* Shows the prompt with what has been typed so far. */
void command_prompt(void);

/* Takes the prompt off the screen: the keyboard goes to a guest. */
void command_leave(void);

/* A key typed at the prompt. */
void command_key(u8 byte);

/* Runs one line as if typed. */
void command_run(const char *line);

/* Whether the keyboard is the prompt's (cp.c). */
bool cp_at_prompt(void);

/* The keyboard goes to `guest`, NULL: to the prompt (cp.c). */
void cp_focus(struct guest *guest);

#endif
