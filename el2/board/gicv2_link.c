// SPDX-License-Identifier: Apache-2.0
/*
 * Does a guest's end of interrupt, passed on to the distributor by a list register with HW = 1, make
 * it look at a level-sensitive line again (IHI 0048, 5.2.1 and 3.2.4)? A GIC-400 does. QEMU's model,
 * up to 10.0 at least, clears the active state but does not look: an interrupt whose line stayed high
 * is lost until something else happens at the controller. So it is tried out once at boot, with EL2's
 * hands on both interfaces and the virtual timer's line held high. Runs at EL2 on the boot CPU, before
 * anything else has interrupts.
 */
#include "arch/timer.h"
#include "board/board.h"
#include "board/gic.h"
#include "board/gicd.h"

#define GICV_IAR 0x0c
#define GICV_EOIR 0x10
#define VMCR_OPEN 0xf8000001u	  /* no priority masked, group 0 on */
#define LR_PENDING_HW 0x90000000u /* HW, pending, priority 0; v2's format */
#define LOOKS 100		  /* the line takes a few cycles to get through */

static u32 poll(u32 intid)
{
	for (unsigned i = 0; i < LOOKS; i++)
		if (gicv2_ops.ack() == intid)
			return intid;
	return 0;
}

bool gicv2_try_link(void)
{
	const struct timer_regs on = {.ctl = CNT_CTL_ENABLE, .cval = 0};
	u32 intid = board.virtual_timer;
	struct timer_regs scratch;
	bool again = false;

	if (board.gicv.size < 0x1000)
		return true; /* no guest can have this interface either */
	gicv2_ops.enable(intid, true);
	timer_load_virtual(&on, 0);
	if (poll(intid)) {
		mmio_write32(board.gich.base + GICH_LR(0), LR_PENDING_HW | intid << 10 | intid);
		mmio_write32(board.gich.base + GICH_VMCR, VMCR_OPEN);
		mmio_write32(board.gich.base + GICH_HCR, GIC_HCR_EN);
		mmio_write32(board.gicv.base + GICV_EOIR, mmio_read32(board.gicv.base + GICV_IAR));
		mmio_write32(board.gich.base + GICH_HCR, 0);
		mmio_write32(board.gich.base + GICH_LR(0), 0);
		again = poll(intid);
	}
	timer_save_virtual(&scratch);
	gicv2_ops.deactivate(intid);
	gicv2_ops.disable(intid);
	return again;
}
