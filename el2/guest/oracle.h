// SPDX-License-Identifier: Apache-2.0
/*
 * The ownership oracle: what EL2 believes about who owns what, worked out anew and compared. In a checked
 * build (`make CHECK=1`) after each trap that may have changed it; in host tests and fuzzers by hand.
 *
 * A check returns true, or false with a finding: what, where, expected and found. None changes anything.
 * Each takes the locks that it needs, so no lock may be held; where a lock is not free at once (another
 * pCPU works on the guests), or a guest is just being made anew, that part is left for the next time.
 *
 *   oracle_frames  the frame records with each other: owners, uses, counts, lists, promises
 *   oracle_guests  each guest's stage 2, VMID and TLB flushes, with the frame records: a frame of a guest's
 *                  memory is mapped by that guest, once, where it belongs and as it should be; what a guest
 *                  owns is all mapped, a table, or its state; nothing else of RAM is mapped
 *   oracle_vgics   each guest's interrupts, with themselves and the list registers of this pCPU
 *   oracle_vcpu    what is in this pCPU's registers, against the vCPU that goes on here
 *   oracle_all     the four of them, and the scheduler's queues
 */
#ifndef GUEST_ORACLE_H
#define GUEST_ORACLE_H

#include "guest/guest.h"
#include "lib/checked.h"
#include "lib/finding.h"

bool oracle_frames(struct finding *finding) MUST_CHECK;
bool oracle_guests(struct finding *finding) MUST_CHECK;
bool oracle_vgics(struct finding *finding) MUST_CHECK;
bool oracle_vcpu(const struct vcpu *vcpu, struct finding *finding) MUST_CHECK;

/* `vcpu`: who goes on on this pCPU, NULL: nobody. For after each step of a test. */
bool oracle_all(const struct vcpu *vcpu, struct finding *finding) MUST_CHECK;

/* After a trap, before `vcpu` goes on here: what may have changed since this was last asked, on any pCPU.
 * A difference is EL2's own error: panic. */
void oracle_trap(const struct vcpu *vcpu);

#endif
