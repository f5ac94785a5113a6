// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's watchdog: whoever does not feed it in time is held to be hung. As a device it is the Generic
 * Watchdog of Arm's Base System Architecture (DEN0094, appendix "Generic Watchdog"; Linux' sbsa_gwdt):
 * the first time that runs out raises an interrupt (WS0), the second one (WS1) ends the guest. By
 * hypercall there is one time only.
 */
#ifndef VDEV_VWATCHDOG_H
#define VDEV_VWATCHDOG_H

#include "sched/timer.h"
#include "vdev/mmio.h"
#include "vdev/vgic.h"

#define VWATCHDOG_SIZE (8 * KIB) /* the control frame, then the refresh frame */

struct vwatchdog {
	struct lock lock; /* protects all below; vgic and timers may be taken inside */
	struct timer timer;
	struct vgic *vgic;
	const u64 *time_offset; /* the guest's count is the machine's less this */
	void (*hung)(struct vwatchdog *watchdog);
	u64 offset;  /* WOR: ticks from each feeding on, 48 bits */
	u64 compare; /* WCV: by the guest's count */
	u8 status;   /* WCS */
	bool once;   /* fed by hypercall: no first warning */
	bool still;  /* the guest is stopped, and its time with it */
};

/* `hung` is called without a lock held, from this pCPU's timer interrupt: once in a life, and again only if
 * the guest goes on after a stop. */
void vwatchdog_init(struct vwatchdog *watchdog, struct vgic *vgic, const u64 *time_offset,
		    void (*hung)(struct vwatchdog *watchdog));

/* A new life: off. WS1 stays, so that who starts then can tell why (Linux: WDIOF_CARDRESET). */
void vwatchdog_reset(struct vwatchdog *watchdog);

/* The guest is stopped, or goes on with *time_offset set. */
void vwatchdog_hold(struct vwatchdog *watchdog, bool still);

/* From now on `ticks` until the guest is hung; 0: off. */
void vwatchdog_feed(struct vwatchdog *watchdog, u64 ticks);

/* A guest's access, aligned, of any size: never refused. 8 bytes are two words, as behind a 32-bit bus;
 * narrower than a word is no write. */
void vwatchdog_access(struct vwatchdog *watchdog, struct mmio *mmio);

#endif
