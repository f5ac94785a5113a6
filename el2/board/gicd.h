// SPDX-License-Identifier: Apache-2.0
/*
 * What the drivers of GICv2 and GICv3 share: registers with a field for each interrupt, in the
 * distributor or in a redistributor's SGI frame ("frame": the address of either).
 */
#ifndef BOARD_GICD_H
#define BOARD_GICD_H

#include "board/gic_regs.h"
#include "board/mmio.h"

/* Writes 1 for one interrupt to a set or clear register (GICD_ISENABLER ... GICD_ICACTIVER). */
static inline void gicd_write_bit(u64 frame, u64 reg, u32 intid)
{
	mmio_write32(frame + reg + 4 * (u64)(intid / 32), (u32)BIT(intid % 32));
}

/* gicv2_link.c */
bool gicv2_try_link(void);

/* INTIDs the distributor implements: 32, 64 ... 1020. */
u32 gicd_lines(u64 frame);

/* INTIDs [first, end), multiples of 32 (or 1020): off, neither pending nor active, group bits
 * `group`, EL2's priority. */
void gicd_quiet(u64 frame, u32 first, u32 end, u32 group);

/* Trigger of a PPI or SPI, which must be off. Interrupts of one word (16) share a register, so two
 * pCPUs must not configure SPIs at the same time. */
void gicd_configure(u64 frame, u32 intid, bool level);

/* An interrupt that is off goes after all others: it can't keep the scheduler's timer and the operator's
 * keys from a pCPU, however often it comes. */
void gicd_last(u64 frame, u32 intid);

#endif
