// SPDX-License-Identifier: Apache-2.0
/*
 * The world switch: one vCPU's state off this pCPU, another's on.
 */
#ifndef GUEST_SWITCH_H
#define GUEST_SWITCH_H

#include "guest/guest.h"

/*
 * Asks the scheduler who runs next and switches to it; idles (WFI, serving interrupts) while there is
 * nobody. `prev` is the vCPU that trapped, NULL from the idle loop. Returns the vCPU to resume, whose
 * state is loaded. `irq` is what serves an interrupt while idle (trap/'s).
 */
struct vcpu *switch_next(struct vcpu *prev, enum sched_reason reason);

/* `vcpu` is loaded here, and switch_next(vcpu, SCHED_YIELD) would change nothing. */
bool switch_changes_nothing(const struct vcpu *vcpu);

/* trap/ gives the function that handles all pending physical interrupts, for the idle loop. */
extern void (*switch_idle_interrupts)(void);

#endif
