// SPDX-License-Identifier: Apache-2.0
/*
 * Devices of the board that guests have: registers in the guest's map, interrupts routed to it. Which
 * ones, is the bundle's to say and guest/bundle.c's to check.
 */
#ifndef GUEST_GRANT_H
#define GUEST_GRANT_H

#include "guest/guest.h"
#include "guest/tree.h"

/* The table of all grants of an open bundle, for guests that exist; before guest_prepare. False, and
 * err says so: no memory. grants_forget gives its memory back. Boot CPU. */
bool grants_create(const struct bundle *bundle, struct fdt_error *err) MUST_CHECK;
void grants_forget(void);

/* A guest that was destroyed is made again: its devices are those of its name / is destroyed. Guests
 * held; take lock grants. */
void grants_join(struct guest *guest);
void grants_leave(struct guest *guest);

/* Page tables that grants_map needs, and the mapping of a guest's devices into its fresh map. */
u64 grants_tables(const struct guest *guest);
bool grants_map(struct guest *guest) MUST_CHECK;

/* For the guest's own tree: at most GUEST_GRANTS_MAX; returns how many. */
unsigned grants_describe(const struct guest *guest, struct tree_device *list);

/* The devices' interrupts are let through, before the guest starts / shut off and ended, when no vCPU
 * of it is loaded. Take lock grants. */
void grants_open(struct guest *guest);
void grants_close(struct guest *guest);

/* A physical interrupt came. True: it is a granted device's, and dealt with: it stays active until its
 * guest ends it. Takes lock grants. */
bool grant_interrupt(u32 intid) MUST_CHECK;

#endif
