// SPDX-License-Identifier: Apache-2.0
/*
 * A PL031 real-time clock (Arm DDI 0224) as a guest sees it: seconds of guest time. No state of its
 * own: it cannot be set, and its alarm never rings.
 */
#ifndef VDEV_VRTC_H
#define VDEV_VRTC_H

#include "vdev/mmio.h"

/* `count` is the guest's CNTPCT. Any CPU, no lock. */
void vrtc_access(u64 count, struct mmio *mmio);

#endif
