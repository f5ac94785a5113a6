/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measuring guest's exact loops (loops.S): each runs `turns` events and returns the ticks that
 * took. What a loop itself spends a turn is given beside it as OWN_..., so that it can be subtracted:
 * all instructions of the guest but the one that traps.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include "rt.h"

#define OWN_LOOP 2
#define OWN_IRQ 8  /* the IRQ handler */
#define OWN_SYNC 4 /* the handler of aborts */

struct latency {
	u64 sum, least, most; /* ticks */
};

u64 loop_empty(u64 turns, u64, u64, u64);
u64 loop_nop(u64 turns, u64, u64, u64);
u64 loop_mrs(u64 turns, u64, u64, u64);
u64 loop_idreg(u64 turns, u64, u64, u64);
u64 loop_load(u64 turns, u64 address, u64, u64);
u64 loop_touch(u64 turns, u64 address, u64, u64); /* a page a turn */
u64 loop_store(u64 turns, u64 address, u64 value, u64);

/* HVC #0; HVC #0xea1 with x16 = op, as Xen's calls go. */
#define OWN_HVC (OWN_LOOP + 2)
#define OWN_XEN (OWN_LOOP + 3)
u64 loop_hvc(u64 turns, u64 x0, u64 x1, u64);
u64 loop_xen(u64 turns, u64 op, u64 x0, u64 x1);

/* An SGI to itself, the handler included. */
#define OWN_SGI (OWN_LOOP + OWN_IRQ)
u64 loop_sgi3(u64 turns, u64 sgi1r, u64, u64);
u64 loop_sgi2(u64 turns, u64 gicd_sgir, u64 value, u64 gicc);

/* Takes `n` pending interrupts. */
u64 loop_irqs(u64, u64 n, u64, u64 gicc);

/* The timer's deadline `ahead` ticks from now, to the handler's first instruction, which is one of
 * ours; where we wait masked in WFI, the unmasking is another. */
#define OWN_TIMER_BUSY 1
#define OWN_TIMER_WFI 2
u64 loop_timer_busy(u64 turns, u64 ahead, struct latency *, u64 gicc);
u64 loop_timer_wfi(u64 turns, u64 ahead, struct latency *, u64 gicc);

/* HVC #0 with x0, x1, then an FP instruction: its ticks, and one for looking at the counter. */
#define OWN_FP 1
u64 loop_fp(u64 turns, u64 x0, struct latency *, u64 x1);

/* Ring, and wait for the peer's answer: there and back, with two handlers. */
#define OWN_BELL_A (OWN_LOOP + 3 + 4 + OWN_IRQ)
#define OWN_BELL_B (4 + 4 + OWN_IRQ)
u64 loop_bell(u64 turns, u64 x0, u64 x1, u64 gicc);

/* The same by Xen's event channels; each side has four instructions more. */
#define OWN_BELL_XEN 4
struct xen_bell {
	u32 port;
	u64 shared; /* the page that Xen shares with this guest */
};
u64 loop_bell_xen(u64 turns, u64 x0, u64 x1, u64 gicc);

/* What the other guest does, for ever. Its own instructions a turn: */
#define OWN_PEER_YIELD 6
#define OWN_PEER_XEN 7
void loop_peer_yield(u64, u64 x0, u64 x1, u64 counts) __attribute__((noreturn));
void loop_peer_xen(u64, u64 op, u64 x0, u64 counts) __attribute__((noreturn));
void loop_peer_fp(u64, u64 x0, u64 x1, u64) __attribute__((noreturn));
void loop_peer_spin(u64, u64, u64, u64) __attribute__((noreturn));
void loop_peer_bell(u64, u64 x0, u64 x1, u64 gicc) __attribute__((noreturn));
void loop_peer_bell_xen(u64, u64 x0, u64 x1, u64 gicc) __attribute__((noreturn));

/* Vectors for the loops with interrupts or aborts. */
extern char bench_vectors_v3[], bench_vectors_v2[], vectors[];

#endif
