// SPDX-License-Identifier: Apache-2.0
/*
 * A vCPU's timers. Runs at EL2. Registers by Arm ARM D11.2.4 and D17.11 (CNTV_*, CNTP_*).
 *
 * Always: while a vCPU is on a pCPU, its virtual timer is the hardware's; off it, virt_soft is armed
 * if and only if that timer is on, unmasked, and has yet to be told to the vGIC. The physical PPI is
 * active while the loaded vCPU has its interrupt pending or active, and inactive between two vCPUs.
 * Guest time is CNTPCT minus `offset`, for both timers.
 */
#include "vdev/vtimer.h"

#include "abi/skerry.h"
#include "board/board.h"
#include "board/gic.h"

#define CTL_WRITABLE (CNT_CTL_ENABLE | CNT_CTL_IMASK)

u64 vtimer_count(const struct vtimer *timer)
{
	return timer_now() - timer->offset;
}

static bool is_on(const struct timer_regs *regs)
{
	return (regs->ctl & CTL_WRITABLE) == CNT_CTL_ENABLE;
}

/* The condition of a timer whose registers are in memory, whether masked or not. */
static bool is_met(const struct vtimer *timer, const struct timer_regs *regs)
{
	return (regs->ctl & CNT_CTL_ENABLE) && vtimer_count(timer) >= regs->cval;
}

/* A soft timer in the comparator's place. Beyond the end of time it needn't be armed. */
static void arm(struct vtimer *timer, struct timer *soft, const struct timer_regs *regs)
{
	if (regs->cval <= UINT64_MAX - timer->offset)
		timer_arm(soft, regs->cval + timer->offset);
}

static void virt_fired(struct timer *soft)
{
	struct vtimer *timer = CONTAINER_OF(soft, struct vtimer, virt_soft);

	vgic_inject_timer(timer->vgic, SKERRY_INTID_VTIMER, board.virtual_timer);
}

static void set_phys_line(struct vtimer *timer)
{
	vgic_set_line(timer->vgic->vgic, timer->vgic->index, SKERRY_INTID_PTIMER,
		      vtimer_line(timer, SKERRY_INTID_PTIMER, false));
}

static void phys_fired(struct timer *soft)
{
	set_phys_line(CONTAINER_OF(soft, struct vtimer, phys_soft));
}

void vtimer_init(struct vtimer *timer, struct vgic_cpu *vgic, u64 offset)
{
	*timer = (struct vtimer){.vgic = vgic, .offset = offset};
	timer_init(&timer->virt_soft, virt_fired);
	timer_init(&timer->phys_soft, phys_fired);
}

void vtimer_reset(struct vtimer *timer)
{
	timer_cancel_wait(&timer->virt_soft);
	timer_cancel_wait(&timer->phys_soft);
	timer->virt = timer->phys = (struct timer_regs){0};
}

void vtimer_pause(struct vtimer *timer)
{
	timer_cancel_wait(&timer->virt_soft);
	timer_cancel_wait(&timer->phys_soft);
}

/* What was due but not told when it stopped is due now, and fires at once. */
void vtimer_go_on(struct vtimer *timer, u64 stood)
{
	timer->offset += stood;
	if (is_on(&timer->virt) && !vgic_timer_busy(timer->vgic))
		arm(timer, &timer->virt_soft, &timer->virt);
	if (is_on(&timer->phys))
		arm(timer, &timer->phys_soft, &timer->phys);
}

void vtimer_load(struct vtimer *timer)
{
	timer_cancel(&timer->virt_soft);
	timer_load_virtual(&timer->virt, timer->offset);
}

void vtimer_save(struct vtimer *timer)
{
	bool busy = vgic_timer_busy(timer->vgic);

	timer_save_virtual(&timer->virt);
	if (busy)
		gic->set_active(board.virtual_timer, false);
	if (is_on(&timer->virt) && !(busy && is_met(timer, &timer->virt)))
		arm(timer, &timer->virt_soft, &timer->virt);
}

void vtimer_interrupt(struct vtimer *timer)
{
	vgic_timer_interrupt(timer->vgic, SKERRY_INTID_VTIMER, board.virtual_timer);
}

bool vtimer_line(struct vtimer *timer, u32 intid, bool loaded)
{
	const struct timer_regs *regs = intid == SKERRY_INTID_PTIMER ? &timer->phys : &timer->virt;

	if (intid == SKERRY_INTID_VTIMER && loaded)
		return (timer_virtual_ctl() & (CTL_WRITABLE | CNT_CTL_ISTATUS)) ==
		       (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
	return is_on(regs) && is_met(timer, regs);
}

u64 vtimer_phys_read(struct vtimer *timer, unsigned reg)
{
	const struct timer_regs *phys = &timer->phys;

	switch (reg) {
	case 0:
		return (u32)(phys->cval - vtimer_count(timer));
	case 1:
		return phys->ctl | (is_met(timer, phys) ? CNT_CTL_ISTATUS : 0);
	default:
		return phys->cval;
	}
}

void vtimer_phys_write(struct vtimer *timer, unsigned reg, u64 value)
{
	struct timer_regs *phys = &timer->phys;

	switch (reg) {
	case 0:
		phys->cval = vtimer_count(timer) + (u64)(s64)(s32)(u32)value;
		break;
	case 1:
		phys->ctl = value & CTL_WRITABLE;
		break;
	default:
		phys->cval = value;
		break;
	}
	timer_cancel(&timer->phys_soft);
	if (is_on(phys) && !is_met(timer, phys))
		arm(timer, &timer->phys_soft, phys);
	set_phys_line(timer);
}
