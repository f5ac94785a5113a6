// SPDX-License-Identifier: Apache-2.0
/*
 * The Generic Watchdog's registers and its two stages (DEN0094). Runs at EL2.
 *
 * Always: the timer is armed exactly while it is enabled and the guest's time goes on, until WS1 is set; the
 * line is high exactly while WS0 is set. Whatever feeds it (a write of WRR, WOR or WCS) sets the compare value
 * anew and clears both stages.
 */
#include "vdev/vwatchdog.h"

#include "abi/skerry.h"
#include "arch/timer.h"

/* The control frame; the refresh frame is behind it */
#define WCS 0x000
#define WOR 0x008
#define WOR_HIGH 0x00c
#define WCV 0x010
#define WCV_HIGH 0x014
#define W_IIDR 0xfcc
#define WRR 0x1000
#define WRR_IIDR 0x1fcc

#define WCS_EN BIT(0)
#define WCS_WS0 BIT(1)
#define WCS_WS1 BIT(2)

#define IIDR 0x1043b /* version 1: WOR has 48 bits; Arm's design */

static u64 count(const struct vwatchdog *w)
{
	return timer_now() - *w->time_offset;
}

/* As the state is now: the line, and when to look again. Lock held, as for all that follow. */
static void settle(struct vwatchdog *w)
{
	u64 now = count(w);

	vgic_set_line(w->vgic, 0, SKERRY_INTID_WATCHDOG, w->status & WCS_WS0);
	if ((w->status & WCS_EN) && !w->still)
		timer_arm(&w->timer,
			  timer_now() + MIN(w->compare > now ? w->compare - now : 0, BIT(62)));
	else
		timer_cancel(&w->timer);
}

static void refresh(struct vwatchdog *w)
{
	w->status &= WCS_EN;
	w->once = false;
	w->compare = count(w) + w->offset;
	settle(w);
}

/* True: that was the second time. It stays enabled: of a guest that has just come to a stop this is told again
 * as it goes on. */
static bool run_out(struct vwatchdog *w)
{
	if (!(w->status & WCS_EN) || w->still)
		return false; /* turned off just now */
	if (count(w) >= w->compare) {
		if (w->once || (w->status & WCS_WS0)) {
			w->status |= WCS_WS1;
			return true;
		}
		w->status |= WCS_WS0;
		w->compare = count(w) + w->offset;
	}
	settle(w);
	return false;
}

static void fire(struct timer *timer)
{
	struct vwatchdog *w = CONTAINER_OF(timer, struct vwatchdog, timer);
	bool hung;

	lock_take(&w->lock);
	hung = run_out(w);
	lock_drop(&w->lock);
	if (hung)
		w->hung(w);
}

void vwatchdog_init(struct vwatchdog *w, struct vgic *vgic, const u64 *time_offset,
		    void (*hung)(struct vwatchdog *w))
{
	timer_init(&w->timer, fire);
	w->vgic = vgic;
	w->time_offset = time_offset;
	w->hung = hung;
}

void vwatchdog_reset(struct vwatchdog *w)
{
	lock_take(&w->lock);
	w->status &= WCS_WS1;
	w->offset = w->compare = 0;
	w->still = false;
	settle(w);
	lock_drop(&w->lock);
}

void vwatchdog_hold(struct vwatchdog *w, bool still)
{
	lock_take(&w->lock);
	w->still = still;
	settle(w);
	lock_drop(&w->lock);
}

void vwatchdog_feed(struct vwatchdog *w, u64 ticks)
{
	lock_take(&w->lock);
	w->status = ticks ? WCS_EN : 0;
	w->offset = ticks;
	refresh(w);
	w->once = true;
	lock_drop(&w->lock);
}

static u32 read(const struct vwatchdog *w, u64 offset)
{
	switch (offset) {
	case WCS:
		return w->status;
	case WOR:
		return (u32)w->offset;
	case WOR_HIGH:
		return (u32)(w->offset >> 32);
	case WCV:
		return (u32)w->compare;
	case WCV_HIGH:
		return (u32)(w->compare >> 32);
	case W_IIDR:
	case WRR_IIDR:
		return IIDR;
	default:
		return 0;
	}
}

static void write(struct vwatchdog *w, u64 offset, u32 value)
{
	switch (offset) {
	case WCS:
		w->status = value & WCS_EN;
		refresh(w);
		break;
	case WOR:
		w->offset = (w->offset & ~BITS(31, 0)) | value;
		refresh(w);
		break;
	case WOR_HIGH:
		w->offset = (u32)w->offset | (value & BITS(15, 0)) << 32;
		refresh(w);
		break;
	case WCV:
		w->compare = (w->compare & ~BITS(31, 0)) | value;
		settle(w);
		break;
	case WCV_HIGH:
		w->compare = (u32)w->compare | (u64)value << 32;
		settle(w);
		break;
	case WRR:
		refresh(w);
		break;
	default:
		break;
	}
}

void vwatchdog_access(struct vwatchdog *w, struct mmio *mmio)
{
	u64 offset = mmio->offset & ~3ULL;

	lock_take(&w->lock);
	if (!mmio->write) {
		mmio->value = read(w, offset) >> 8 * (mmio->offset & 3);
		if (mmio->size == 8)
			mmio->value |= (u64)read(w, offset + 4) << 32;
		else
			mmio->value &= BIT(8 * mmio->size) - 1;
	} else if (mmio->size >= 4) {
		write(w, offset, (u32)mmio->value);
		if (mmio->size == 8)
			write(w, offset + 4, (u32)(mmio->value >> 32));
	}
	lock_drop(&w->lock);
}
