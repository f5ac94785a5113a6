// SPDX-License-Identifier: Apache-2.0
/*
 * Arm semihosting, of which one call is used: the end of an emulated machine with an exit status.
 */
#ifndef ARCH_SEMIHOST_H
#define ARCH_SEMIHOST_H

#include "lib/types.h"

/* SYS_EXIT_EXTENDED: the emulator ends with `status`. Returns if nobody answers the call. */
void semihost_exit(u64 status);

/* The HLT in it. Without semihosting it is UNDEFINED: EL2's handler of its own exceptions skips it
 * when ELR_EL2 is this address. */
extern const char semihost_hlt[];

#endif
