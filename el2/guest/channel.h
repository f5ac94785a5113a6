// SPDX-License-Identifier: Apache-2.0
/*
 * Channels: memory that two guests share, and an interrupt each way.
 */
#ifndef GUEST_CHANNEL_H
#define GUEST_CHANNEL_H

#include "arch/lock.h"
#include "guest/bundle.h"
#include "lib/types.h"

struct guest;

/* Stays while a guest at an end of it is destroyed and made again; but for the guests, constant once built. */
struct channel {
	const char *name;
	pa_t memory; /* contiguous, owned by EL2 as FRAME_SHARED */
	u64 size;
	struct lock lock; /* protects ends[].guest */
	struct {
		struct guest *guest;	       /* NULL: destroyed */
		char name[GUEST_NAME_MAX + 1]; /* whose end it is, there or not */
		u64 ipa;
		u32 index; /* which of this guest's channels it is */
	} ends[2];
};

void channels_init(void); /* there are none yet */

/* All channels of an open bundle, whose guests have just been made in its order. False: err says which
 * and why; then channels_forget. */
bool channels_make(const struct bundle *bundle, struct fdt_error *err) MUST_CHECK;
void channels_forget(void); /* they and their memory go; no guest is left */

/* A guest comes (again) to the ends that bear its name, in the order of the first time / goes, and those at
 * the other ends hear of it. Guests held. */
void channels_join(struct guest *guest);
void channels_leave(struct guest *guest);

/* Channel `index` of `guest`, NULL if it has fewer; *end is which end is this guest's. */
struct channel *channel_of(struct guest *guest, u64 index, unsigned *end);

/* Behind the last of a guest's channels, which follow one another in its map: an IPA. */
u64 channels_end(struct guest *guest);

/* Whoever is at the other end of its channel `index` hears a bell. SKERRY_SUCCESS, _INVALID_PARAMETER (no
 * such channel), _DENIED (nobody is there). Takes the channel's lock and the peer's vgic. */
s64 channel_ring(struct guest *guest, u64 index);

/* Those at the other end of its channels hear a bell, since its state changed: see SKERRY_CHANNEL_PEER. */
void channels_tell(struct guest *guest);

/* SKERRY_PEER_*: how whoever is at that end is, and how often it has started again. */
unsigned channel_peer(struct channel *channel, unsigned end, u32 *restarts);

#endif
