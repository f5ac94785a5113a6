// SPDX-License-Identifier: Apache-2.0
/*
 * A device of the board in a guest's hands: the PL061, eight pins (Arm DDI 0190). On QEMU's `virt` the
 * power button, `system_powerdown` of QEMU's monitor, is pin 3. The guest drives pin 0, reads it back,
 * and waits until the button was pressed and let go `presses` times.
 *
 * The registers are the board's own: no access here traps. The data register has 256 addresses; bits
 * 9:2 of the address say which pins a read or write is about, so that no pin is touched by accident.
 */
#include "rt.h"

#define DATA(pins) (4ul * (pins))
#define DIR 0x400 /* 1: output */
#define IS 0x404  /* 1: by level */
#define IBE 0x408 /* both edges */
#define IE 0x410
#define MIS 0x418
#define IC 0x41c

#define LAMP 0x01u
#define BUTTON 0x08u

static struct device pins;
static volatile u64 edges;

/* A pin's edge puts the line up, where it stays until IC takes it down: an interrupt by level. */
static void moved(u32 intid)
{
	(void)intid;
	if (load32(pins.base + MIS) & BUTTON) {
		store32(pins.base + IC, BUTTON);
		edges++;
	}
}

int main(void)
{
	u64 wanted = arg_u64("presses", 1), shown = 0;
	u32 on, off;

	if (!device_open("arm,pl061", &pins) || !pins.intid) {
		print("no PL061 here: the bundle gives none to this guest\n");
		return 1;
	}
	print("PL061 at 0x%lx, interrupt %u\n", pins.base, pins.intid);

	store32(pins.base + DIR, LAMP);
	store32(pins.base + DATA(LAMP), LAMP);
	on = load32(pins.base + DATA(LAMP));
	store32(pins.base + DATA(LAMP), 0);
	off = load32(pins.base + DATA(LAMP));
	print("pin 0 driven high reads %u, driven low %u\n", on, off);
	if (on != LAMP || off != 0)
		return 2;

	gic_init();
	irq_enable(pins.intid, moved);
	store32(pins.base + IS, 0);
	store32(pins.base + IBE, BUTTON);
	store32(pins.base + IC, 0xff);
	store32(pins.base + IE, BUTTON);
	print("waiting for %lu presses of the power button\n", wanted);
	while (edges < 2 * wanted) {
		wfi();
		irq_on();
		irq_off();
		for (; shown < edges; shown++)
			print("button %s %lu\n", shown % 2 ? "up" : "down", shown / 2 + 1);
	}
	store32(pins.base + IE, 0);
	print("%lu presses: done\n", edges / 2);
	return 0;
}
