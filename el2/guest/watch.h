// SPDX-License-Identifier: Apache-2.0
/*
 * What EL2 watches of a guest (arch/debug.h): set and cleared while its vCPUs may run anywhere. The vCPUs
 * go by it at once where they are at rest, else very soon.
 */
#ifndef GUEST_WATCH_H
#define GUEST_WATCH_H

#include "guest/guest.h"

/* On all vCPUs of `guest`, bits of enum debug_watch. Guests held. */
void watch_set(struct guest *guest, u8 set, u8 clear);

/* GIC_SGI_DEBUG: `vcpu`, loaded here, goes by what is watched now. */
void watch_settle(struct vcpu *vcpu);

#endif
