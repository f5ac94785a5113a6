// SPDX-License-Identifier: Apache-2.0
/*
 * Which driver the machine's interrupt controller has, and the registers that all of them share
 * (IHI 0048, 4.3; IHI 0069, 12.9). Runs at EL2.
 */
#include "board/gic.h"
#include "board/board.h"
#include "board/gicd.h"

const struct gic_ops *gic;

bool gic_probe(void)
{
	switch (board.gic) {
	case BOARD_GIC_V2:
		gic = &gicv2_ops;
		break;
	case BOARD_GIC_V3:
		gic = &gicv3_ops;
		break;
	case BOARD_GIC_BCM2836:
		gic = &bcm2836_ops;
		break;
	case BOARD_GIC_NONE:
		gic = NULL;
		break;
	}
	return gic != NULL;
}

u32 gicd_lines(u64 frame)
{
	u32 words = mmio_read32(frame + GICD_TYPER) & 0x1f;

	return MIN(32 * (words + 1), (u32)GIC_INTID_SPECIAL);
}

void gicd_last(u64 frame, u32 intid)
{
	mmio_write8(frame + GICD_IPRIORITYR + intid, GIC_PRIORITY_LAST);
}

void gicd_quiet(u64 frame, u32 first, u32 end, u32 group)
{
	const u32 priorities = GIC_PRIORITY_EL2 * 0x01010101u;

	for (u32 intid = first; intid < end; intid += 32) {
		u64 word = 4 * (u64)(intid / 32);

		mmio_write32(frame + GICD_ICENABLER + word, ~0u);
		mmio_write32(frame + GICD_ICPENDR + word, ~0u);
		mmio_write32(frame + GICD_ICACTIVER + word, ~0u);
		mmio_write32(frame + GICD_IGROUPR + word, group);
	}
	for (u32 intid = first; intid < end; intid += 4)
		mmio_write32(frame + GICD_IPRIORITYR + intid, priorities);
}

void gicd_configure(u64 frame, u32 intid, bool level)
{
	u64 reg = frame + GICD_ICFGR + 4 * (u64)(intid / 16);
	u32 edge = 2u << (2 * (intid % 16));
	u32 value = mmio_read32(reg);

	mmio_write32(reg, level ? value & ~edge : value | edge);
}

bool gic_needs_firmware(void)
{
	return board.gic != BOARD_GIC_BCM2836 &&
	       (mmio_read32(board.gicd.base + GICD_TYPER) & GICD_TYPER_SECURITY);
}
