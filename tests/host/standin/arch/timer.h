// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for arch/timer.c in host tests: the counter shows what the test sets, and each pCPU's
 * timer registers are a struct that the test reads and writes.
 *
 *	standin_now += 1000;
 *	assert_true(standin_hyp_due(0));
 */
#ifndef STANDIN_ARCH_TIMER_H
#define STANDIN_ARCH_TIMER_H

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/arch/timer.h"

struct standin_timer {
	u64 hyp;		  /* CNTHP_CVAL_EL2; UINT64_MAX: off */
	unsigned long hyp_writes; /* how often it was set */
	struct timer_regs virt;	  /* CNTV_CTL_EL0 (without ISTATUS), CNTV_CVAL_EL0 */
	u64 offset;		  /* CNTVOFF_EL2 */
};

extern u64 standin_now;			      /* CNTPCT_EL0 */
extern u64 standin_now_step;		      /* by which each look at it moves it on; 0 at first */
extern u64 standin_frequency;		      /* CNTFRQ_EL0; 62.5 MHz, as QEMU's, unless set */
extern struct standin_timer standin_timers[]; /* one a pCPU */

/* Runs before a virtual timer is loaded; NULL: nothing does. */
extern void (*standin_timer_loading)(void);

/* All off, time 1000, 62.5 MHz. */
void standin_timer_reset(void);

/* Whether pCPU `id` has its EL2, its virtual timer interrupt asserted. */
bool standin_hyp_due(unsigned id);
bool standin_virtual_due(unsigned id);

#endif
