// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for TPIDR_EL2 in host tests: one thread plays all pCPUs, one after the other, and says
 * which one it is now.
 */
#ifndef STANDIN_ARCH_PCPU_H
#define STANDIN_ARCH_PCPU_H

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/arch/pcpu.h"

/* From now on the code under test runs on pCPU `id`. */
void standin_pcpu_set(unsigned id);

/* All pCPUs as after boot: numbers and affinities set (Aff0), online, nobody's state loaded; the code
 * runs on pCPU 0. */
void standin_pcpu_reset(void);

#endif
