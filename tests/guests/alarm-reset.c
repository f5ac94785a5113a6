// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest with a PL031 (Arm DDI 0224): resets itself in its interrupt's handler, with the interrupt
 * active and its line high. The device is not reset with the guest: its match register tells the lives
 * apart, and its line is high still. Then the interrupt must come at once, and once ended, anew.
 */
#include "rt.h"

#define DR 0x00 /* seconds */
#define MR 0x04
#define IMSC 0x10
#define RIS 0x14
#define ICR 0x1c

static struct device clock;
static bool second;
static volatile u32 rings;

static void ring(u32 intid)
{
	(void)intid;
	rings++;
	if (!second)
		hypercall(PSCI_SYSTEM_RESET, 0, 0, 0);
	store32(clock.base + ICR, 1);
	store32(clock.base + MR, load32(clock.base + DR) + 1);
}

static void wait_for(u32 count)
{
	while (rings < count) {
		wfi();
		irq_on();
		irq_off();
	}
}

int main(void)
{
	if (!device_open("arm,pl031", &clock)) {
		print("FAIL no PL031\n");
		return 1;
	}
	second = load32(clock.base + MR) != 0;
	if (second && !(load32(clock.base + RIS) & 1)) {
		print("FAIL the line has gone down\n");
		return 1;
	}
	print("%s life\n", second ? "second" : "first");
	gic_init();
	if (!second) {
		store32(clock.base + MR, load32(clock.base + DR) + 1);
		store32(clock.base + IMSC, 1);
	}
	irq_enable(clock.intid, ring);
	wait_for(1);
	print("PASS the interrupt of the first life came in the second\n");
	wait_for(2);
	print("PASS and another one\n");
	return 0; /* with the device on: it will put its line up once more */
}
