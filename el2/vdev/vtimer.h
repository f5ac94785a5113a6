// SPDX-License-Identifier: Apache-2.0
/*
 * A vCPU's two timers (Arm ARM, D11.2). The virtual one is the hardware's own while the vCPU is on a
 * pCPU; off it, a soft timer stands in for the comparator. The physical one is emulated: CNTP_* traps,
 * and shows the same time as the virtual counter does (both minus the guest's offset), so a guest that
 * moves sees one time.
 */
#ifndef VDEV_VTIMER_H
#define VDEV_VTIMER_H

#include "arch/timer.h"
#include "sched/timer.h"
#include "vdev/vgic.h"

struct vtimer {
	struct timer_regs virt; /* valid while the vCPU is off its pCPU */
	struct timer_regs phys; /* always valid: it is emulated */
	struct timer virt_soft; /* armed while off its pCPU and the virtual timer could fire */
	struct timer phys_soft; /* armed while the physical timer could fire */
	struct vgic_cpu *vgic;
	u64 offset; /* CNTVOFF_EL2: guest time = CNTPCT - offset */
};

void vtimer_init(struct vtimer *timer, struct vgic_cpu *vgic, u64 offset);
void vtimer_reset(struct vtimer *timer); /* both off; vCPU not loaded */

/* The guest stands still: nothing fires / goes on after `stood` ticks, which its counter leaves out.
 * vCPU not loaded. */
void vtimer_pause(struct vtimer *timer);
void vtimer_go_on(struct vtimer *timer, u64 stood);

/* The vCPU gets onto / off this pCPU: after vgic_load, from which on no other pCPU's soft timer injects, so that the
 * interrupt is either there or the comparator's; before vgic_save. Off it, the physical PPI is inactive: vgic_load makes it
 * active again if the guest has the interrupt pending or active (vgic_timer_busy). */
void vtimer_load(struct vtimer *timer);
void vtimer_save(struct vtimer *timer);

/* The physical PPI of the virtual timer came, for the vCPU loaded here; already acked. */
void vtimer_interrupt(struct vtimer *timer);

/* Emulated physical timer: reg is 0 CNTP_TVAL, 1 CNTP_CTL, 2 CNTP_CVAL (CRm = 2, op2 = reg). */
u64 vtimer_phys_read(struct vtimer *timer, unsigned reg);
void vtimer_phys_write(struct vtimer *timer, unsigned reg, u64 value);
u64 vtimer_count(const struct vtimer *timer); /* CNTPCT as the guest sees it */

/* For vgic's line_now hook. */
bool vtimer_line(struct vtimer *timer, u32 intid, bool loaded);

#endif
