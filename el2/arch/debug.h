// SPDX-License-Identifier: Apache-2.0
/*
 * Self-hosted debug of a vCPU: breakpoints, watchpoints, software step (Arm ARM, D2 and D17.3). All
 * of these registers trap (MDCR_EL2.TDA, TDOSA, TDRA) and live in memory; trap/debug.c answers. The
 * hardware holds them only while they can do something, that is while MDSCR_EL1.MDE or SS is set
 * and the OS lock is open; so who never debugs pays for one look at `live` in a world switch.
 *
 * Always: MDSCR_EL1 of a pCPU is zero unless the loaded context's debug.live is set. What stands in
 * its breakpoints then has no effect, and no guest can read it.
 *
 * EL2 itself may watch a vCPU: trace it, step it, stop it at an address. `watch` says which; the operator
 * writes it from any pCPU, the one that has the vCPU loaded goes by it from its next debug_load on (a
 * switch, or GIC_SGI_DEBUG). Debug exceptions then come to EL2 (MDCR_EL2.TDE), and the guest's own
 * breakpoints, watchpoints and steps stand back: its registers are kept, and act again afterwards.
 */
#ifndef ARCH_DEBUG_H
#define ARCH_DEBUG_H

#include "lib/string.h"
#include "lib/types.h"

#define DEBUG_SLOTS_MAX 16 /* breakpoints, and watchpoints, that a CPU can have */

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR: by op2 - 4 of their encodings. */
enum debug_bank { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR };

enum debug_watch {
	WATCH_TRACE = 1, /* all of its traps come to trap_traced, trap_irq_traced */
	WATCH_STEP = 2,	 /* one instruction at a time; PSTATE.SS is set */
	WATCH_STOP = 4,	 /* at the address stop_at */
	WATCH_OVER = 8,	 /* it stands at stop_at: one step, then WATCH_STOP */
};

struct debug_regs {
	u64 value[2][DEBUG_SLOTS_MAX];	 /* of breakpoints, of watchpoints */
	u32 control[2][DEBUG_SLOTS_MAX]; /* their upper halves are RES0 */
	u32 mdscr, mdccint, prcr;	 /* MDSCR_EL1, MDCCINT_EL1, DBGPRCR_EL1 */
	u8 claim;			 /* DBGCLAIM tags */
	bool os_lock;			 /* OSLSR_EL1.OSLK */
	bool live;   /* some of this has an effect: it is in the hardware while loaded */
	u8 watch;    /* enum debug_watch, bits; atomic */
	u32 steps;   /* left; the pCPU that steps it */
	u64 stop_at; /* constant while WATCH_STOP is set */
	u64 since;   /* when it was loaded last, if it is live; ticks */
};

/* `set` comes into `watch`, `clear` goes out of it. From any pCPU; see guest/watch.h for how it takes effect. */
static inline void debug_watch(struct debug_regs *debug, u8 set, u8 clear)
{
	__atomic_and_fetch(&debug->watch, (u8)~clear, __ATOMIC_SEQ_CST);
	if (__atomic_or_fetch(&debug->watch, set, __ATOMIC_SEQ_CST))
		__atomic_store_n(&debug->live, true, __ATOMIC_SEQ_CST);
}

/* As after a cold reset: all off, OS lock taken. What EL2 watches outlives it, but for steps; the operator may
 * set that at any moment, so it stays where it is. */
static inline void debug_reset(struct debug_regs *debug)
{
	memset(debug, 0, offsetof(struct debug_regs, live));
	debug->os_lock = true;
	debug->steps = 0;
	__atomic_store_n(&debug->live, false, __ATOMIC_SEQ_CST);
	debug_watch(debug, 0, WATCH_STEP | WATCH_OVER);
}

/* Onto this pCPU what has an effect now, and `live` is whether anything has; off it. Only where `live` is
 * or was set, or may have to be. The loaded vCPU's only. */
void debug_load(struct debug_regs *debug);
void debug_unload(void);

struct pcpu;

/* Where traps out of guests go from now on: the quick way, or to those that look at all of them. */
void vectors_divert(struct pcpu *pcpu, bool traced);

#endif
