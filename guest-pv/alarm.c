// SPDX-License-Identifier: Apache-2.0
/*
 * A device of the board in a guest's hands: the PL031, a clock that counts seconds (Arm DDI 0224). It
 * interrupts when it reaches its match register, `alarms` times here, a second apart. The virtual
 * timer, a clock of another kind, says how long that took.
 */
#include "rt.h"

#define DR 0x00 /* seconds */
#define MR 0x04
#define IMSC 0x10
#define MIS 0x18
#define ICR 0x1c

static struct device clock;
static volatile u64 alarms;
static volatile u32 seconds; /* what the clock said */

static void ring(u32 intid)
{
	(void)intid;
	if (!(load32(clock.base + MIS) & 1))
		return;
	seconds = load32(clock.base + DR);
	store32(clock.base + ICR, 1);
	store32(clock.base + MR, seconds + 1);
	alarms++;
}

int main(void)
{
	u64 wanted = arg_u64("alarms", 2), start = timer_now(), shown = 0;
	u32 begin;

	if (!device_open("arm,pl031", &clock) || !clock.intid) {
		print("no PL031 here: the bundle gives none to this guest\n");
		return 1;
	}
	begin = load32(clock.base + DR);
	print("PL031 at 0x%lx, interrupt %u: %u seconds since 1970\n", clock.base, clock.intid,
	      begin);

	gic_init();
	irq_enable(clock.intid, ring);
	store32(clock.base + ICR, 1);
	store32(clock.base + MR, begin + 1);
	store32(clock.base + IMSC, 1);
	while (alarms < wanted) {
		wfi();
		irq_on();
		irq_off();
		if (shown < alarms)
			print("alarm %lu at %u s\n", shown = alarms, seconds - begin);
	}
	store32(clock.base + IMSC, 0);
	print("%lu alarms in %lu ms: done\n", alarms, (timer_now() - start) * 1000 / timer_hz());
	return 0;
}
