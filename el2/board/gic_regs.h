// SPDX-License-Identifier: Apache-2.0
/*
 * Offsets and bits of the GIC's memory-mapped registers: distributor and CPU interface (IHI 0048,
 * 4.1), virtual interface control (IHI 0048, 5.3), redistributor (IHI 0069, 12.11). Names are the
 * specifications'. The distributor's offsets below 0xd00 are the same in both versions, and those
 * of a redistributor's SGI frame are the distributor's for INTIDs 0..31.
 */
#ifndef BOARD_GIC_REGS_H
#define BOARD_GIC_REGS_H

#include "lib/types.h"

#define GIC_PPI_FIRST 16
#define GIC_SPI_FIRST 32
#define GIC_INTID_SPECIAL 1020 /* 1020..1023: no interrupt */
#define GIC_INTID_LPI 8192
#define GIC_PRIORITY_EL2 0xa0  /* of physical interrupts: EL2 does not nest them */
#define GIC_PRIORITY_LAST 0xe0 /* of one that a guest can make come without end */

/* Distributor */
#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_TYPER_SECURITY \
	BIT(10) /* two security states: firmware has to give EL2 its interrupts */
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ICPENDR 0x280
#define GICD_ISACTIVER 0x300
#define GICD_ICACTIVER 0x380
#define GICD_IPRIORITYR 0x400 /* a byte each */
#define GICD_ITARGETSR 0x800  /* a byte each; v2, or v3 without affinity routing */
#define GICD_ICFGR 0xc00      /* two bits each; the upper one: edge */
#define GICD_SGIR 0xf00
#define GICD_CPENDSGIR 0xf10 /* a byte for each SGI, a bit for each source */
#define GICD_PIDR2_V2 0x0fe8
#define GICD_IROUTER 0x6000 /* 8 bytes each */
#define GICD_PIDR2_V3 0xffe8
#define GIC_PIDR2_ARCH(pidr2) (((pidr2) >> 4) & 0xf)

/* GICD_CTLR, as one security state, or the non-secure side of two, sees it */
#define GICD_CTLR_ENABLE0 BIT(0) /* v2: the group we use; v3: group 0, or 1 without routing */
#define GICD_CTLR_ENABLE1 BIT(1) /* v3: group 1 */
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_RWP BIT(31)

/* CPU interface of v2 */
#define GICC_CTLR 0x0000
#define GICC_PMR 0x0004
#define GICC_BPR 0x0008
#define GICC_IAR 0x000c
#define GICC_EOIR 0x0010
#define GICC_APR0 0x00d0
#define GICC_DIR 0x1000
#define GICC_CTLR_ENABLE BIT(0)
#define GICC_CTLR_BYPASS BITS(8, 5)
#define GICC_CTLR_EOIMODE BIT(9)

/* Virtual interface control of v2 */
#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_ELSR0 0x030
#define GICH_APR 0x0f0
#define GICH_LR(n) (0x100 + 4 * (u64)(n))

/* Redistributor: RD frame, then SGI frame */
#define GICR_CTLR 0x0000
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_PIDR2 0xffe8
#define GICR_SGI_FRAME 0x10000
#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_WAKER_SLEEP BIT(1)
#define GICR_WAKER_ASLEEP BIT(2)
#define GICR_STRIDE 0x20000ULL
#define GICR_STRIDE_VLPIS 0x40000ULL

#endif
