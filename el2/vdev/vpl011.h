// SPDX-License-Identifier: Apache-2.0
/*
 * A PL011 UART (Arm DDI 0183) as a guest sees it, over its console.
 */
#ifndef VDEV_VPL011_H
#define VDEV_VPL011_H

#include "vdev/mmio.h"
#include "vdev/vconsole.h"
#include "vdev/vgic.h"

struct vpl011 {
	struct lock lock; /* protects all below; vgic and vconsole may be taken inside */
	struct vconsole *console;
	struct vgic *vgic;
	u16 cr, ifls, imsc, ris, lcr_h, ibrd, fbrd, ilpr, dmacr;
	u8 polls; /* flag reads since the last data write; no lock: a wrong count does no harm */
};

void vpl011_init(struct vpl011 *uart, struct vconsole *console, struct vgic *vgic);
void vpl011_reset(struct vpl011 *uart);

/* A guest's access of 1, 2, 4 or 8 bytes, aligned; 8 are two of 4, as behind a 32-bit bus. Never
 * refused: what DDI 0183 does not describe reads as zero and ignores writes. Takes the lock. */
bool vpl011_access(struct vpl011 *uart, struct mmio *mmio) MUST_CHECK;

/* UARTFR, the register that drivers poll, at this offset: what vpl011_access reads there too. No lock. */
#define VPL011_FLAGS 0x18
u32 vpl011_flags(struct vpl011 *uart);

/* The console got input (vconsole_type): raises the line if unmasked. Any CPU, no lock held. */
void vpl011_input(struct vpl011 *uart);

#endif
