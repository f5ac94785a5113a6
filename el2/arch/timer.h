// SPDX-License-Identifier: Apache-2.0
/*
 * The generic timer (Arm ARM, chapter D11). All times are ticks of the system counter as
 * CNTPCT_EL0 shows them; 64 bits, so they do not wrap. EL2's own timer is CNTHP; the guest that
 * runs owns CNTV.
 */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include "lib/types.h"

#define CNT_CTL_ENABLE BIT(0)
#define CNT_CTL_IMASK BIT(1)
#define CNT_CTL_ISTATUS BIT(2)

/* A vCPU's virtual timer while it is not in the registers. */
struct timer_regs {
	u64 ctl;  /* CNTV_CTL_EL0 */
	u64 cval; /* CNTV_CVAL_EL0, in the guest's time */
};

u64 timer_now(void);
u64 timer_frequency(void); /* Hz */

/* For a board whose firmware left CNTFRQ_EL0 wrong (only EL3 may write it). Boot CPU, before any other. */
void timer_set_frequency(u64 hz);

/* EL2's timer interrupt comes at `deadline` (or at once, if that is past); UINT64_MAX: never. */
void timer_set_hyp(u64 deadline);

/* The virtual timer of the vCPU that gets on or off this pCPU; offset = CNTVOFF_EL2. */
void timer_load_virtual(const struct timer_regs *timer, u64 offset);
void timer_save_virtual(struct timer_regs *timer); /* and turns it off */
u64 timer_virtual_ctl(void);			   /* CNTV_CTL_EL0 as it is now */

#endif
