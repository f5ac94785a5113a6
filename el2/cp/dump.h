// SPDX-License-Identifier: Apache-2.0
/* `dump`, what of it boot calls. */
#ifndef CP_DUMP_H
#define CP_DUMP_H

/* Draws the key that dumps bear on the line and says it, which is how the other end learns it: before
 * any guest can say anything, after the random numbers have their seed. */
void dump_init(void);

#endif
