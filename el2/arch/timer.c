// SPDX-License-Identifier: Apache-2.0
/* The generic timer. Runs at EL2. */
#include "arch/timer.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"

u64 timer_now(void)
{
	isb(); /* the counter may be read early otherwise */
	return read_sysreg(cntpct_el0);
}

static u64 frequency; /* 0: what CNTFRQ_EL0 says; constant once another CPU is up */

u64 timer_frequency(void)
{
	return frequency ? frequency : read_sysreg(cntfrq_el0);
}

void timer_set_frequency(u64 hz)
{
	frequency = hz;
}

void timer_set_hyp(u64 deadline)
{
	if (deadline == UINT64_MAX) {
		write_sysreg(cnthp_ctl_el2, 0);
		return;
	}
	write_sysreg(cnthp_cval_el2, deadline);
	write_sysreg(cnthp_ctl_el2, CNT_CTL_ENABLE);
}

void timer_load_virtual(const struct timer_regs *timer, u64 offset)
{
	write_sysreg(cntvoff_el2, offset);
	write_sysreg(cntv_cval_el0, timer->cval);
	isb(); /* the condition is met or not by the new value only */
	write_sysreg(cntv_ctl_el0, timer->ctl);
}

void timer_save_virtual(struct timer_regs *timer)
{
	timer->ctl = read_sysreg(cntv_ctl_el0);
	timer->cval = read_sysreg(cntv_cval_el0);
	write_sysreg(cntv_ctl_el0, 0);
	isb(); /* its interrupt is gone before anything else is looked at */
}

u64 timer_virtual_ctl(void)
{
	isb();
	return read_sysreg(cntv_ctl_el0);
}
