// SPDX-License-Identifier: Apache-2.0
/*
 * The machine's interrupt controller, and the hardware that gives interrupts to guests. One table
 * of functions a controller (GICv2, GICv3, BCM2836), chosen at boot by what the tree says.
 *
 * The virtual CPU interface is shown in one format whatever the hardware: list registers as
 * ICH_LR<n>_EL2 of GICv3 (IHI 0069, 12.4.8), control as ICH_HCR_EL2 and ICH_VMCR_EL2; the GICv2
 * driver translates (IHI 0048, 5.3).
 */
#ifndef BOARD_GIC_H
#define BOARD_GIC_H

#include "lib/types.h"

#define GIC_LRS_MAX 16

/* List registers. For GICv2 the SGI's source CPU stands in bits 34:32 of pINTID (HW = 0). */
#define GIC_LR_VINTID(lr) FIELD(lr, 31, 0)
#define GIC_LR_PINTID_SHIFT 32 /* 13 bits, HW = 1; bit 41: EOI maintenance, HW = 0 */
#define GIC_LR_EOI BIT(41)
#define GIC_LR_PRIORITY_SHIFT 48
#define GIC_LR_GROUP1 BIT(60)
#define GIC_LR_HW BIT(61)
#define GIC_LR_PENDING BIT(62)
#define GIC_LR_ACTIVE BIT(63)

/* ICH_HCR_EL2 */
#define GIC_HCR_EN BIT(0)
#define GIC_HCR_UIE BIT(1)	/* maintenance interrupt when none or one LR is used */
#define GIC_HCR_LRENPIE BIT(2)	/* EOI of an interrupt that is in no LR */
#define GIC_HCR_NPIE BIT(3)	/* no LR pending */
#define GIC_HCR_VGRP0EIE BIT(4) /* guest enabled group 0 */
#define GIC_HCR_VGRP0DIE BIT(5)
#define GIC_HCR_VGRP1EIE BIT(6)
#define GIC_HCR_VGRP1DIE BIT(7)
#define GIC_HCR_TC BIT(10) /* trap ICC_* common to both groups */
#define GIC_HCR_TALL0 BIT(11)
#define GIC_HCR_TALL1 BIT(12)
#define GIC_HCR_TDIR BIT(14)	  /* trap ICC_DIR_EL1 */
#define GIC_HCR_EOICOUNT_SHIFT 27 /* 5 bits */

/* What a vCPU's virtual CPU interface holds while it is not on a pCPU. */
struct gic_virt {
	u64 lr[GIC_LRS_MAX];  /* those up to gic_virt_lrs() mean something */
	u32 vmcr;	      /* ICH_VMCR_EL2 */
	u32 hcr;	      /* ICH_HCR_EL2 */
	u32 ap0r[4], ap1r[4]; /* active priorities; GICv2's GICH_APR is ap0r[0] */
};

struct gic_ops {
	const char *name; /* "GICv2", "GICv3", "BCM2836" */
	unsigned version; /* 2 or 3: which virtual CPU interface guests can have in hardware; 0 none */

	bool (*init)(void); /* distributor; boot CPU; false: registers are not what was expected */
	void (*init_cpu)(void); /* this pCPU's interface, its SGIs and PPIs, the virtual interface */

	u32 (*ack)(void); /* INTID; 1020..1023: none. Priority drop happens here too (EOImode 1) */
	void (*deactivate)(u32 intid);	       /* done with it; for an INTID that ack() returned */
	void (*enable)(u32 intid, bool level); /* SPI to the boot CPU, PPI of this pCPU */
	void (*disable)(u32 intid);
	void (*set_active)(u32 intid, bool active);    /* a PPI of this pCPU */
	void (*send_sgi)(unsigned pcpu, unsigned sgi); /* 0..15 */

	/* The virtual CPU interface of this pCPU. */
	unsigned (*virt_lrs)(void); /* how many list registers */
	/* Whether a guest's EOI of a list register with HW = 1 has the physical line looked at again. If
	 * not, a level-sensitive interrupt needs an EOI maintenance interrupt instead. */
	bool (*virt_links)(void);
	unsigned (*virt_priority_bits)(void);			  /* 5 .. 7 */
	void (*virt_load)(const struct gic_virt *virt, u32 used); /* used: mask of LRs not empty */
	void (*virt_save)(struct gic_virt *virt, u32 used); /* and switches it off; LRs in `used` */
	u64 (*virt_read_lr)(unsigned n);
	void (*virt_write_lr)(unsigned n, u64 lr);
	u32 (*virt_empty)(void); /* ELRSR: mask of LRs neither pending nor active */
	u32 (*virt_read_hcr)(void);
	void (*virt_write_hcr)(u32 hcr);
	u32 (*virt_read_vmcr)(void);
	void (*virt_write_vmcr)(u32 vmcr);
};

extern const struct gic_ops *gic; /* set by gic_probe */
extern const struct gic_ops gicv2_ops, gicv3_ops, bcm2836_ops;

/* Chooses by the board; NULL name: nothing that we know. Boot CPU, once. */
bool gic_probe(void) MUST_CHECK;

/* Whether interrupts are the secure world's until firmware hands them over (GICD_TYPER.SecurityExtn):
 * then an EL2 that nobody prepared gets none. After gic->init(). */
bool gic_needs_firmware(void);

/* SGIs between pCPUs. */
#define GIC_SGI_KICK 0 /* look at your run queue and your vCPU's virtual interrupts */
#define GIC_SGI_STOP 1 /* panic elsewhere: halt */
#define GIC_SGI_DEBUG \
	2 /* what EL2 watches of a vCPU has changed: perhaps of yours (guest/watch.h) */

/* ack() of SGIs on GICv2 carries the source in bits 12:10; drivers hide that. */

#endif
