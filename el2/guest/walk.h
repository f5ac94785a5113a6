// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's own translation, done in software for a vCPU that is on no pCPU: for the operator, who looks
 * by the guest's virtual addresses, and for back-traces.
 */
#ifndef GUEST_WALK_H
#define GUEST_WALK_H

#include "guest/guest.h"

/*
 * Where `va` leads by the vCPU's EL1 stage 1 (Arm ARM D8.2; 4, 16 and 64 KiB granules, up to 48 bits),
 * whatever its permissions. False: it leads nowhere, or a table is out of the guest's RAM. The vCPU is
 * not loaded, its guest has a map. Takes lock guest.
 */
bool walk_translate(struct vcpu *vcpu, u64 va, ipa_t *ipa) MUST_CHECK;

/*
 * The same, and how far it holds: *span bytes, a power of two, aligned, all lead on as `va` does, or all
 * nowhere. Untouched memory stays so. Bounded, like the above; with stage 1 off all 48 bits are one span.
 */
bool walk_span(struct vcpu *vcpu, u64 va, ipa_t *ipa, u64 *span) MUST_CHECK;

#endif
