// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for the interrupt controller's hardware in host tests: for each pCPU a virtual CPU
 * interface (list registers, ICH_HCR_EL2, ICH_VMCR_EL2, active priorities: IHI 0069, 4.6 and 12.4;
 * IHI 0048, 5), with a guest's side to it, and the active state of physical interrupts. `gic` points
 * to it; "this pCPU" is this_pcpu(), which the test defines.
 */
#ifndef STANDIN_BOARD_GIC_MODEL_H
#define STANDIN_BOARD_GIC_MODEL_H

#include "board/gic.h"

/* What hardware there is: version 2 or 3 and its list registers. Forgets everything. */
void model_init(unsigned version, unsigned lrs);
/* Which of equal interrupts is taken, and which list registers a save leaves behind, goes by this. */
extern unsigned model_random;
extern bool model_links; /* what virt_links says; true unless set */
extern u32
	model_empty; /* list registers that virt_empty shows empty, although they have been written since */

/* The guest's side, on this pCPU. group: ICC_IAR0/1 and so on; on v2 1 is AIAR and AEOIR. */
u32 model_ack(unsigned group);
u32 model_hppir(unsigned group);
void model_eoi(unsigned group, u32 value);
void model_dir(u32 value);
u32 model_rpr(void);
u32 model_vmcr(void);
void model_set_vmcr(u32 vmcr); /* as the guest writes PMR, BPR, CTLR, IGRPEN: bits as in VMCR */
bool model_irq(void);
bool model_fiq(void);

/* The hypervisor's side, on this pCPU. */
bool model_maintenance(void); /* is the maintenance interrupt asserted? */
bool model_traps_dir(void);   /* ICH_HCR_EL2.TDIR */
u64 model_lr(unsigned n);
u32 model_hcr(void);
bool model_active(u32 intid); /* of the physical interrupt */
bool model_enabled(u32 spi, bool *level);
/* The line of a physical SPI is high: true if a CPU takes it now, so that it is active. */
bool model_fire(u32 spi);
bool model_is_clean(void); /* nothing of a guest is left: all list registers empty, switched off */
extern unsigned model_writes; /* counts writes of list registers */

#endif
