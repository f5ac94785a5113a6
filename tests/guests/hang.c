// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest for the watchdog: feeds it for longer than it would wait, then hangs. Started again, WS1
 * says why, and all is well. `how=call` in bootargs: by hypercall, else by the device.
 */
#include "rt.h"

#define WCS (SKERRY_WATCHDOG_BASE + 0x000)
#define WOR (SKERRY_WATCHDOG_BASE + 0x008)
#define WRR (SKERRY_WATCHDOG_BASE + 0x1000)
#define WCS_EN 1u
#define WCS_WS1 4u

#define WAIT_MS 100u
#define FEEDINGS 6

static volatile u32 warnings;

static void wait_ms(u64 ms)
{
	u64 end = timer_now() + ms * (timer_hz() / 1000);

	while (timer_now() < end)
		;
}

/* A warning that nobody heeds: of WS0 the level stays. */
static void warned(u32 intid)
{
	warnings++;
	store32(gic.gicd + 0x184, 1u << (intid - 32)); /* GICD_ICENABLER1 */
}

static void by_call(void)
{
	for (unsigned i = 0; i < FEEDINGS; i++) {
		hypercall(SKERRY_WATCHDOG, WAIT_MS, 0, 0);
		wait_ms(WAIT_MS / 2);
	}
	print("fed by call, and no more\n");
}

static void by_device(void)
{
	gic_init();
	irq_enable(SKERRY_INTID_WATCHDOG, warned);
	irq_on();
	store32(WOR, (u32)(WAIT_MS * (timer_hz() / 1000)));
	store32(WCS, WCS_EN);
	for (unsigned i = 0; i < FEEDINGS; i++) {
		store32(WRR, 0);
		wait_ms(WAIT_MS / 2);
	}
	if (warnings)
		print("FAIL warned while it was fed\n");
	while (!warnings)
		;
	print("warned, WCS %x\n", load32(WCS));
}

int main(void)
{
	if (load32(WCS) & WCS_WS1) {
		print("PASS started again by the watchdog\n");
		return 0;
	}
	if (arg_is("how", "call"))
		by_call();
	else
		by_device();
	for (;;)
		wfi();
}
