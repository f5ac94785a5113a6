// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's life: loaded, started, stopped for a while, ended, started again, destroyed.
 *
 *      created or `reset`      begin, start               stop, all vCPUs off
 *    ----------------> READY -------------> RUNNING -----------------------> STOPPED
 *                                           ^ |  ^   \<---------- begin ------/
 *                          reset of its own | |  | back-off over
 *                                           v v  |
 *           exit, off, halt <------------ STOPPING ------------> crash, by on-crash:
 *               ENDED                                             WAITING or CRASHED
 *
 * STOPPING is a guest whose vCPUs are on their way off their pCPUs; whoever takes the last one off
 * carries out what was asked. From each of them `destroy` leads to nothing at all, and `ipl` makes
 * the guest anew. What an operator may order in which state is one table in life.c.
 */
#ifndef GUEST_LIFE_H
#define GUEST_LIFE_H

#include "guest/guest.h"

enum life_order {
	LIFE_STOP,    /* stands still, and its time with it */
	LIFE_BEGIN,   /* goes on, or starts */
	LIFE_HALT,    /* ends, as if it had exited; its memory goes back */
	LIFE_RESET,   /* a clean image in clean memory, not started */
	LIFE_RESTART, /* the same, started */
	LIFE_IPL,     /* starts again what has ended */
	LIFE_DESTROY, /* nothing of it stays */
	LIFE_ORDERS
};

/* Before the first guest is made: none is alive, none has ended. */
void life_init_all(void);

/* A guest that has just been built becomes READY / one that never started, or has ended, goes. */
void life_init(struct guest *guest);
void life_forget(struct guest *guest);

/* Loads the images into a READY guest's memory and makes its tree. False: err says what failed. */
bool life_load(struct guest *guest, struct fdt_error *err) MUST_CHECK;

/* All memory of a guest of which nothing runs goes back. */
void life_discard(struct guest *guest);

/* vCPU 0 of a loaded guest starts at its entry. */
void life_start(struct guest *guest);

/*
 * Ends a running guest by its own doing: how is EXIT, RESET or CRASH. A second call while the first
 * is under way changes nothing. Returns at once; the guest's vCPUs leave their pCPUs on their next way
 * through switch_next, and the last one's pCPU carries `how` out (life_finish). The caller's own
 * vCPU, if it is of this guest, goes off in the switch_next(…, SCHED_END) that must follow.
 */
void life_end(struct guest *guest, enum guest_end how);

/* Ends the guest whose watchdog was not fed, in its pCPU's timer interrupt. */
void life_hung(struct vwatchdog *watchdog);

/*
 * An operator's order. NULL: it is done, or will be once the last vCPU is off its pCPU. Else why not,
 * in words that follow the guest's name. Guests held (guests_hold); after DESTROY `guest` may be gone.
 */
const char *life_order(struct guest *guest, enum life_order order) MUST_CHECK;

/*
 * A vCPU of a STOPPED guest carries out so many instructions (1 or more), and the guest is STOPPED again;
 * the others stand still unless it turns them on. NULL, or why not, as life_order. Guests held.
 */
const char *life_step(struct vcpu *vcpu, u32 steps) MUST_CHECK;

/* Called by switch_next with no vCPU loaded, after a vCPU of `guest` went off: does what was asked
 * for if this was the last one. `guest` may be gone after it. */
void life_finish(struct guest *guest);

/* "running", and so on. */
const char *life_state_name(enum guest_state state);

/* What `guest`'s state has against an order, and which order goes: words behind its name. Guests held. */
const char *life_refusal(const struct guest *guest);

/* It runs no more and nobody reads what is typed at it, until somebody starts it again. */
bool life_is_over(const struct guest *guest);

/* True once every guest has ended; status is the highest exit code so far, 1 for a crash. */
bool life_all_done(unsigned *status);

/* The bundle's /chosen/shutdown-when-done. */
void life_shutdown_when_done(bool on);

#endif
