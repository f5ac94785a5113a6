// SPDX-License-Identifier: Apache-2.0
/*
 * Self-hosted debug of a vCPU: breakpoints, watchpoints, software step (Arm ARM, D2 and D17.3). All
 * of these registers trap (MDCR_EL2.TDA, TDOSA, TDRA) and live in memory; trap/debug.c answers. The
 * hardware holds them only while they can do something, that is while MDSCR_EL1.MDE or SS is set
 * and the OS lock is open; so who never debugs pays for one look at `live` in a world switch.
 *
 * Always: MDSCR_EL1 of a pCPU is zero unless the loaded context's debug.live is set. What stands in
 * its breakpoints then has no effect, and no guest can read it.
 */
#ifndef ARCH_DEBUG_H
#define ARCH_DEBUG_H

#include "lib/types.h"

#define DEBUG_SLOTS_MAX 16 /* breakpoints, and watchpoints, that a CPU can have */

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR: by op2 - 4 of their encodings. */
enum debug_bank { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR, DEBUG_BANKS };

struct debug_regs {
	u64 bank[DEBUG_BANKS][DEBUG_SLOTS_MAX];
	u32 mdscr, mdccint, prcr; /* MDSCR_EL1, MDCCINT_EL1, DBGPRCR_EL1 */
	u8 claim;		  /* DBGCLAIM tags */
	bool os_lock;		  /* OSLSR_EL1.OSLK */
	bool live; /* all of this has an effect: it is in the hardware while loaded */
};

/* As after a cold reset: all off, OS lock taken. */
static inline void debug_reset(struct debug_regs *debug)
{
	*debug = (struct debug_regs){.os_lock = true};
}

/* Onto this pCPU, and off it. Only where `live` is or was set. */
void debug_load(const struct debug_regs *debug);
void debug_unload(void);

#endif
