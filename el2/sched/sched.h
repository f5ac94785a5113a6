// SPDX-License-Identifier: Apache-2.0
/*
 * Which vCPU runs on which pCPU, and for how long. Only picks: the switch itself is guest/'s.
 *
 * Weighted fair sharing in virtual time: what has run least for its weight runs next. vCPUs with the
 * same set of allowed pCPUs (a class) wait in one heap, so that a pick costs the logarithm of their
 * number, and shares hold over the whole machine, not only on each CPU. The slice timer runs only
 * while someone else waits for this pCPU.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "arch/pcpu.h"
#include "lib/types.h"
#include "sched/heap.h"

#define SCHED_CLASSES_MAX 16 /* different sets of allowed pCPUs at one time */
#define SCHED_WEIGHT_MAX 10000

enum sched_state {
	SCHED_OFF,     /* PSCI: off; or the guest is stopped */
	SCHED_BLOCKED, /* waits for an interrupt */
	SCHED_READY,   /* waits for a pCPU: in its class's heap */
	SCHED_RUNNING  /* is some pCPU's current */
};

struct sched_class;

/* A vCPU as the scheduler sees it; all fields are protected by lock sched except where noted. */
struct sched_entity {
	struct heap_node wait; /* key: its vtime, ticks run times 16 / weight; to its class's lift */
	enum sched_state state;
	u32 weight;   /* 1 .. 10000; default 100 */
	u32 allowed;  /* mask of pCPUs */
	u32 pcpu;     /* where it runs, or ran last */
	u64 since;    /* since when its time in this state is not yet counted in ran or stolen */
	u64 ran;      /* ticks run in all */
	u64 stolen;   /* ticks ready but not running in all (DEN0057's stolen time) */
	u32 rate;     /* 2^28 / weight: vtime for a tick, in 2^-24 */
	u32 fraction; /* of the vtime, in 2^-24 */
	u32 slice;    /* ticks: how long it runs while others wait */
	struct sched_class *class; /* which heap: sched.c's */
	bool wake_pending;	   /* woken while on its way to sleep: do not block */
	bool stop_requested;	   /* somebody wants it off its pCPU: see sched_stop */
	bool moves;		   /* the same, but only to run on another: see sched_set_allowed */
};

/* Before the first sched_add: how many pCPUs will be online (1 .. PCPUS_MAX), numbers from 0. */
void sched_init(unsigned count);

/* A vCPU comes into being (OFF). allowed is cut to pCPUs that exist. False, with nothing changed:
 * none is left, weight is not in 1 .. 10000, or all SCHED_CLASSES_MAX sets of pCPUs are taken. */
bool sched_add(struct sched_entity *e, u32 weight, u32 allowed) MUST_CHECK;
void sched_remove(struct sched_entity *e); /* goes; must be OFF */

/* BLOCKED becomes READY; a running one will not fall asleep at its next block. An OFF one stays so:
 * an interrupt does not turn a CPU on. Kicks a pCPU (SGI) where one should take it. From any pCPU,
 * any time. */
void sched_wake(struct sched_entity *e);
void sched_start(struct sched_entity *e); /* OFF becomes READY; any other state stays */

/*
 * Asks that `e` be OFF: done at once (true) unless it runs on another pCPU, which is then kicked and
 * takes it off on its next way through sched_next (false: ask sched_is_off again). This pCPU's own
 * current is OFF at once too; the caller goes on to sched_next, whatever the reason. OFF does not say
 * that its registers are in memory: guest/switch.c knows that.
 */
bool sched_stop(struct sched_entity *e);
bool sched_is_off(const struct sched_entity *e);

enum sched_reason {
	SCHED_TICK,  /* interrupted: go on unless its time is up */
	SCHED_YIELD, /* wants others to run first */
	SCHED_BLOCK, /* wants to sleep (no interrupt pending); may be returned at once: see sched_wake */
	SCHED_END /* this vCPU goes OFF */
};

/*
 * Who runs next on this pCPU. `prev` is its current (NULL: was idle); it is charged for its time and
 * put where `reason` says. Returns NULL if there is nobody: idle. Sets the slice timer
 * (sched/timer.h) if others wait. Called with no lock held. Another pCPU may be handed `prev` before
 * the caller has saved its registers: that pCPU must wait for it before it loads them.
 */
struct sched_entity *sched_next(struct sched_entity *prev, enum sched_reason reason);

/* `e` is this pCPU's current, and sched_next(e, SCHED_TICK or SCHED_YIELD) would return it at once,
 * with nothing changed. No lock. */
bool sched_goes_on(const struct sched_entity *e);

/*
 * This pCPU must go through sched_next before it goes back to its vCPU, or to sleep: the slice is
 * over, a kick came, something woke. To be looked at on each way back to a guest, after a hypercall or
 * an emulated access as well as after an interrupt, and before each WFI of the idle loop: what this
 * pCPU did itself (a doorbell to a vCPU that should run here) sends no SGI. sched_next clears it.
 */
static inline bool sched_wanted(void)
{
	return READ_ONCE(this_pcpu()->wanted);
}

/* True while nobody else waits for this pCPU, and nobody measures: then WFI need not trap. When that changes
 * while a vCPU runs, this pCPU is interrupted (or sched_wanted) in time. */
bool sched_alone(void);

/* From now on a WFI traps even where nobody else waits, so that who sleeps does not count as running: what that
 * costs is for who looks at times (the operator). Off: as each pCPU comes by. */
void sched_measure(bool on);

/* Makes pCPU `id` leave its guest for a moment, to see what the caller has changed for it: an SGI, but
 * none to this pCPU itself. It need not go through sched_next for that. */
void sched_kick(unsigned id);

/* `e`, which is OFF, is charged `ticks` that this pCPU has just worked for it without running it (a
 * restart); whom this pCPU has picked to run meanwhile is not. Any state of that one. */
void sched_bill(struct sched_entity *e, u64 ticks);

/* Changes the weight (1 .. 10000, the caller has checked) of a vCPU in any state. */
void sched_set_weight(struct sched_entity *e, u32 weight);

/*
 * Changes the set of pCPUs that a vCPU in any state may run on. One that runs elsewhere is kicked, and gone
 * from there by that pCPU's next way through sched_next. False, with nothing changed: no such pCPU is
 * online, or all SCHED_CLASSES_MAX sets are taken.
 */
bool sched_set_allowed(struct sched_entity *e, u32 allowed) MUST_CHECK;

/* `e`'s numbers up to now, also while it runs. */
void sched_times(const struct sched_entity *e, u64 *ran, u64 *stolen);

/* Ticks for which pCPU `id` has run vCPUs, up to now. Takes lock sched. */
u64 sched_cpu_time(unsigned id);

/* NULL if the run queues are as they must be, else what is wrong. Slow: for tests and checked
 * builds. Takes lock sched. */
const char *sched_check(void) MUST_CHECK;

#endif
