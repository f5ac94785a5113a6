// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's life: loaded, started, ended, started again, destroyed.
 *
 *              create            start
 *    (bundle) -------> READY ----------> RUNNING <-------------+
 *                                           | end              | reset
 *                                           v    all vCPUs off |
 *                                        STOPPING -------------+
 *                                           | exit      | crash, on-crash = "stop"
 *                                           v           v
 *                                         ENDED      CRASHED (memory kept for inspection)
 */
#ifndef GUEST_LIFE_H
#define GUEST_LIFE_H

#include "guest/guest.h"

/* Loads the images into a READY guest's memory and makes its tree. False: err says what failed. */
bool life_load(struct guest *guest, struct fdt_error *err) MUST_CHECK;

/* All memory of a guest of which nothing runs goes back. */
void life_discard(struct guest *guest);

/* vCPU 0 of a loaded guest starts at its entry. */
void life_start(struct guest *guest);

/*
 * Ends a running guest in the way `how` says (EXIT, RESET, CRASH); a second call while the first is
 * under way changes nothing. Returns at once; the guest's vCPUs leave their pCPUs on their next way
 * through switch_next, and the last one's pCPU carries `how` out (life_finish). The caller's own
 * vCPU, if it is of this guest, goes off in the switch_next(…, SCHED_END) that must follow.
 */
void life_end(struct guest *guest, enum verdict how);

/* Called by switch_next with no vCPU loaded, after a vCPU of `guest` went off: does what life_end
 * asked for if this was the last one. */
void life_finish(struct guest *guest);

/* True once every guest of the bundle has ended; status is the highest exit code, 1 for a crash. */
bool life_all_done(unsigned *status);

/* The bundle's /chosen/shutdown-when-done. */
void life_shutdown_when_done(bool on);

#endif
