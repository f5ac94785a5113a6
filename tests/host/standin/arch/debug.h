// SPDX-License-Identifier: Apache-2.0
/* Stand-in for arch/debug.c in host tests: what the hardware would hold. */
#ifndef STANDIN_ARCH_DEBUG_H
#define STANDIN_ARCH_DEBUG_H

#include "../../../../el2/arch/debug.h"

/* MDSCR_EL1 of the pCPU, and how often all the rest was written. */
extern u32 standin_mdscr;
extern unsigned standin_debug_loads;

/* All traps of the loaded vCPU would be looked at. */
extern bool standin_diverted;

#endif
