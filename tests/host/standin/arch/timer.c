// SPDX-License-Identifier: Apache-2.0
#include "arch/timer.h"

#include "arch/pcpu.h"

u64 standin_now = 1000, standin_now_step;
u64 standin_frequency = 62500000;
void (*standin_timer_loading)(void);

struct standin_timer standin_timers[PCPUS_MAX] = {[0 ... PCPUS_MAX - 1] = {.hyp = UINT64_MAX}};

void standin_timer_reset(void)
{
	standin_now = 1000;
	standin_now_step = 0;
	standin_frequency = 62500000;
	standin_timer_loading = NULL;
	for (unsigned i = 0; i < PCPUS_MAX; i++)
		standin_timers[i] = (struct standin_timer){.hyp = UINT64_MAX};
}

bool standin_hyp_due(unsigned id)
{
	return standin_now >= standin_timers[id].hyp;
}

static bool met(const struct standin_timer *timer)
{
	return (timer->virt.ctl & 1) && standin_now - timer->offset >= timer->virt.cval;
}

bool standin_virtual_due(unsigned id)
{
	return met(&standin_timers[id]) && !(standin_timers[id].virt.ctl & 2);
}

static struct standin_timer *here(void)
{
	return &standin_timers[this_pcpu()->id];
}

u64 timer_now(void)
{
	return standin_now += standin_now_step;
}

u64 timer_frequency(void)
{
	return standin_frequency;
}

void timer_set_hyp(u64 deadline)
{
	here()->hyp = deadline;
	here()->hyp_writes++;
}

void timer_load_virtual(const struct timer_regs *timer, u64 offset)
{
	if (standin_timer_loading)
		standin_timer_loading();
	here()->virt = (struct timer_regs){.ctl = timer->ctl & 3, .cval = timer->cval};
	here()->offset = offset;
}

void timer_save_virtual(struct timer_regs *timer)
{
	*timer = (struct timer_regs){.ctl = timer_virtual_ctl(), .cval = here()->virt.cval};
	here()->virt.ctl = 0;
}

u64 timer_virtual_ctl(void)
{
	/* ISTATUS reads as zero while the timer is off; met() looks at that */
	return here()->virt.ctl | (met(here()) ? 4 : 0);
}
