// SPDX-License-Identifier: Apache-2.0
/*
 * Devices of a Raspberry Pi in a guest's hands: the pins (BCM2835 ARM Peripherals, 6), and the system
 * timer (12), which counts microseconds and says by its own interrupt when to go on. Pin 21 is the
 * header's last one (40), beside ground (39): an LED with a resistor of 330 ohms or more goes there.
 *
 * Without a system timer, or with `timer=virtual`, the guest's own timer keeps the time.
 */
#include "rt.h"

/* Pins: three bits each say what a pin is for, one bit each sets, clears and reads it. */
#define GPFSEL(pin) (4ul * ((pin) / 10))
#define GPSET(pin) (0x1c + 4ul * ((pin) / 32))
#define GPCLR(pin) (0x28 + 4ul * ((pin) / 32))
#define GPLEV(pin) (0x34 + 4ul * ((pin) / 32))
#define OUTPUT 1u

/* System timer. Of its four comparators the firmware has 0 and 2. */
#define CS 0x00
#define CLO 0x04
#define C1 0x10
#define MATCH1 0x02u

static struct device pins, clock;
static bool has_clock;
static volatile u32 ticks; /* of the board's timer, or of this guest's own if there is none */

static void match(u32 intid)
{
	(void)intid;
	if (load32(clock.base + CS) & MATCH1) {
		store32(clock.base + CS, MATCH1);
		ticks++;
	}
}

/* A board's timer that is twice as late as it should be is none: QEMU's Pi 4 has it without a wire. */
static void own_timer(u32 intid)
{
	(void)intid;
	timer_stop();
	if (has_clock)
		print("the system timer doesn't interrupt: time by this guest's own\n");
	has_clock = false;
	ticks++;
}

static void sleep_us(u32 us)
{
	u32 before = ticks;

	if (has_clock)
		store32(clock.base + C1, load32(clock.base + CLO) + us);
	timer_at(timer_now() + us * timer_hz() / 1000000 * (has_clock ? 2 : 1));
	while (ticks == before) {
		wfi();
		irq_on();
		irq_off();
	}
	timer_stop();
}

static bool drive(u32 pin, bool high)
{
	store32(pins.base + (high ? GPSET(pin) : GPCLR(pin)), 1u << pin % 32);
	return (load32(pins.base + GPLEV(pin)) >> pin % 32 & 1) == high;
}

int main(void)
{
	u32 pin = (u32)arg_u64("pin", 21) % 54, period = (u32)arg_u64("period", 500);
	u64 blinks = arg_u64("blinks", 5), wrong = 0;
	u32 shift = pin % 10 * 3, mode;

	if (!device_open("brcm,bcm2835-gpio", &pins) && !device_open("brcm,bcm2711-gpio", &pins)) {
		print("no pins here: the bundle gives none to this guest\n");
		return 1;
	}
	has_clock = !arg_is("timer", "virtual") &&
		    device_open("brcm,bcm2835-system-timer", &clock) && clock.intid;
	print("pins at 0x%lx; time by %s\n", pins.base,
	      has_clock ? "the board's system timer" : "this guest's own timer");
	gic_init();
	irq_enable(SKERRY_INTID_VTIMER, own_timer);
	if (has_clock)
		irq_enable(clock.intid + 1, match); /* its second, of four */

	mode = load32(pins.base + GPFSEL(pin)) & ~(7u << shift);
	store32(pins.base + GPFSEL(pin), mode | OUTPUT << shift);
	for (u64 n = 1; n <= blinks; n++) {
		wrong += !drive(pin, false);
		sleep_us(period * 1000);
		wrong += !drive(pin, true);
		print("pin %u high, %lu of %lu\n", pin, n, blinks);
		sleep_us(period * 1000);
	}
	print("%u ticks, %lu levels wrong: done, the pin stays high\n", ticks, wrong);
	return wrong != 0;
}
