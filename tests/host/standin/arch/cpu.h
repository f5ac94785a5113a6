// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for arch/cpu.c in host tests. There is no firmware below: calls are answered with
 * NOT_SUPPORTED and written down. What waits or halts for ever asks the test, or ends it.
 */
#ifndef STANDIN_ARCH_CPU_H
#define STANDIN_ARCH_CPU_H

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/arch/cpu.h"

/* Called by cpu_wait and cpu_relax: lets the test make happen what is waited for. Without one the
 * 1000th wait in a row ends the test. */
extern void (*standin_on_wait)(void);

extern u64 standin_midr;   /* 0x411fd070, Cortex-A57 r1p0, unless set */
extern u64 standin_random; /* 0: the CPU has no RNDR; else the first word, then one more each time */
extern u64 standin_last_call; /* function of the last cpu_smc or cpu_hvc */

#endif
