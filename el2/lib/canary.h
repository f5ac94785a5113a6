// SPDX-License-Identifier: Apache-2.0
/*
 * The stack protector of EL2 itself (-fstack-protector).
 */
#ifndef LIB_CANARY_H
#define LIB_CANARY_H

#include "lib/types.h"

/* The word that is compared becomes this. Once, on the boot CPU, where no function that has stored the
 * old one will return: from main_boot itself, before other CPUs run. */
void canary_set(u64 random);

#endif
