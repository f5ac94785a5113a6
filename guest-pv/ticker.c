// SPDX-License-Identifier: Apache-2.0
/*
 * A clock: an interrupt of the virtual timer every `period` ms, `ticks` of them, then the end.
 *
 * The timer (Arm ARM D11.2) compares the counter with CNTV_CVAL and holds its interrupt line for
 * as long as the counter is not below. So the handler must move the compare value on before the
 * interrupt ends, or it would come again at once. Adding to the old value instead of to "now"
 * keeps the clock from drifting by the time the handler takes.
 */
#include "rt.h"

static volatile u64 ticks;
static u64 start, period, next;

static void tick(u32 intid)
{
	(void)intid;
	ticks++;
	print("tick %lu at %lu ms\n", ticks, (timer_now() - start) * 1000 / timer_hz());
	next += period;
	timer_at(next);
}

int main(void)
{
	u64 wanted = arg_u64("ticks", 5);

	period = timer_hz() * arg_u64("period", 100) / 1000;
	gic_init();
	irq_enable(SKERRY_INTID_VTIMER, tick);

	start = timer_now();
	next = start + period;
	timer_at(next);
	while (ticks < wanted) {
		/* Masked between the look and the WFI, a tick can't slip in unseen: a pending
		 * interrupt ends WFI even when masked. */
		wfi();
		irq_on();
		irq_off();
	}
	timer_stop();
	print("%lu ticks: done\n", ticks);
	return 0;
}
