// SPDX-License-Identifier: Apache-2.0
/*
 * The measuring guest: what the things cost that a guest asks of its hypervisor, in ticks of the
 * virtual counter. tests/bench/ runs it where a tick is an instruction (QEMU's -icount), the same
 * binary bare at EL1, under Skerry, Xen and KVM, on GICv2 and GICv3; devices come from the tree.
 *
 * bootargs choose the part: run=one (alone), run=timer, yield, fp or bell (with a second guest of
 * this same binary, whose bootargs say peer=spin, yield, fp or bell), run=grow-... (tests/bench/
 * grow.py). A row is one line:
 *
 *   row NAME TURNS SHORT LONG ALL OWN   ticks of TURNS and of 2 * TURNS turns, the least of REPEATS
 *                                       tries each; ALL: of all 3 * TURNS * REPEATS turns
 *   lat NAME TURNS SUM LEAST MOST OWN   ticks of TURNS samples
 *
 * (LONG - SHORT) / TURNS - OWN is an event's cost: what comes once a loop falls out, and so does what
 * a hypervisor does now and then for itself, except in ALL.
 */
#include "bench/loops.h"

#define TURNS 16
#define REPEATS 16
#define SAMPLES 64
#define AHEAD_BUSY 3000
#define AHEAD_WFI 40000
#define NOWHERE 0x0f000000 /* nothing is there, on any of these machines */
#define XEN_NOTHING 63	   /* of Xen's hypercalls, by number (x16), one that does not exist */
#define XEN_MEMORY_OP 12
#define XEN_SCHED_OP 29
#define XEN_EVENT_CHANNEL_OP 32
#define XEN_EVENT_PPI 31
#define KVM_FEATURES 0x86000000 /* KVM's vendor-specific hypervisor service */
#define SGI 3

static u32 counts_here;
static volatile u32 *counts = &counts_here; /* where a peer counts, so that we can see it run */
static bool on_xen;

typedef u64 loop(u64 turns, u64 a, u64 b, u64 c);

static u64 least_of(loop *f, u64 turns, u64 a, u64 b, u64 c, u64 *all)
{
	u64 least = ~0ul, i;

	for (i = 0; i < REPEATS; i++) {
		u64 ticks = f(turns, a, b, c);

		*all += ticks;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

static void row(const char *name, loop *f, u64 own, u64 a, u64 b, u64 c)
{
	u64 all = 0, once, twice;

	f(TURNS, a, b, c); /* what is slow the first time only */
	once = least_of(f, TURNS, a, b, c, &all);
	twice = least_of(f, 2 * TURNS, a, b, c, &all);
	print("row %s %u %lu %lu %lu %lu\n", name, TURNS, once, twice, all, own);
}

typedef u64 latency_loop(u64 turns, u64 a, struct latency *, u64 c);

static void latency(const char *name, latency_loop *f, u64 own, u64 a, u64 c)
{
	struct latency l = {0, ~0ul, 0};

	f(4, a, &l, c);
	l = (struct latency){0, ~0ul, 0};
	f(SAMPLES, a, &l, c);
	print("lat %s %u %lu %lu %lu %lu\n", name, SAMPLES, l.sum, l.least, l.most, own);
}

static void use_vectors(const char *table)
{
	write_sysreg(vbar_el1, (u64)table);
}

static void bench_vectors(void)
{
	use_vectors(gic.version == 3 ? bench_vectors_v3 : bench_vectors_v2);
}

/* --- Alone ---------------------------------------------------------------------------------- */

static void rows_sanity(void)
{
	row("empty", loop_empty, OWN_LOOP, 0, 0, 0);
	row("nop", loop_nop, OWN_LOOP, 0, 0, 0);
	row("mrs", loop_mrs, OWN_LOOP, 0, 0, 0);
}

static void rows_traps(void)
{
	if (on_xen)
		row("hypercall", loop_xen, OWN_XEN, XEN_NOTHING, 0, 0);
	else
		row("hypercall", loop_hvc, OWN_HVC, on_skerry() ? SKERRY_FEATURES : KVM_FEATURES,
		    SKERRY_FEATURES, 0);
	row("psci_version", loop_hvc, OWN_HVC, PSCI_VERSION, 0, 0);
	row("gicd_typer", loop_load, OWN_LOOP, gic.gicd + 4, 0, 0);
	row("gicd_isenabler_read", loop_load, OWN_LOOP, gic.gicd + 0x104, 0, 0);
	row("gicd_isenabler_write", loop_store, OWN_LOOP, gic.gicd + 0x104, 0, 0);
	row("pl011_fr", loop_load, OWN_LOOP, uart_base() + 0x18, 0, 0);
	row("id_register", loop_idreg, OWN_LOOP, 0, 0, 0);
}

static u64 sgi1r(u32 n)
{
	u64 mpidr = read_sysreg(mpidr_el1);

	return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 |
	       (u64)n << 24 | 1ul << (mpidr & 0xf);
}

/* Blocks of 2 MiB that nobody has used, each page of them once. */
static void row_touch(void)
{
	struct latency l = {0, ~0ul, 0};
	u64 at, ticks, n = 0;

	for (at = 0x40400000; at < 0x40c00000; at += 0x200000, n++) {
		ticks = loop_touch(512, at, 0, 0);
		l.sum += ticks;
		l.least = ticks < l.least ? ticks : l.least;
		l.most = ticks > l.most ? ticks : l.most;
	}
	print("lat first_touch %lu %lu %lu %lu %u\n", n, l.sum, l.least, l.most,
	      512 * (OWN_LOOP + 2));
}

static void rows_interrupts(void)
{
	irq_enable(SGI, NULL);
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	bench_vectors();
	if (gic.version == 3)
		row("self_sgi", loop_sgi3, OWN_SGI, sgi1r(SGI), 0, 0);
	else
		row("self_sgi", loop_sgi2, OWN_SGI, gic.gicd + 0xf00, 2u << 24 | SGI, gic.gicc);
	latency("timer_busy", loop_timer_busy, OWN_TIMER_BUSY, AHEAD_BUSY, gic.gicc);
	latency("timer_wfi_alone", loop_timer_wfi, OWN_TIMER_WFI, AHEAD_WFI, gic.gicc);
	row("abort", loop_load, OWN_LOOP + OWN_SYNC, NOWHERE, 0, 0);
	use_vectors(vectors);
}

static void rows_yield(const char *name, u64 own)
{
	if (on_xen)
		row(name, loop_xen, OWN_XEN + own, XEN_SCHED_OP, 0, 0);
	else if (on_skerry())
		row(name, loop_hvc, OWN_HVC + own, SKERRY_YIELD, 0, 0);
}

static void run_one(void)
{
	rows_sanity();
	rows_traps();
	rows_interrupts();
	rows_yield("yield_alone", 0);
	row_touch();
}

/* --- With a second guest ---------------------------------------------------------------------- */

/* Until the other guest has begun, which needs the CPU for that: asleep for 20 ms. */
static void let_peer_begin(void)
{
	u64 end = timer_now() + timer_hz() / 50;

	irq_enable(SKERRY_INTID_VTIMER, NULL);
	timer_at(end);
	while (timer_now() < end)
		wfi();
	timer_stop();
	irq_on(); /* taken and forgotten: nothing is left pending that a switch would carry */
	irq_off();
}

static void run_timer(void)
{
	let_peer_begin();
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	bench_vectors();
	latency("timer_wfi_shared", loop_timer_wfi, OWN_TIMER_WFI, AHEAD_WFI, gic.gicc);
	use_vectors(vectors);
}

/* There and back: half of it is one way. The peer's turns are one more than half of all calls. */
static void run_yield(void)
{
	u32 before;

	let_peer_begin();
	before = *counts;
	rows_yield("switch_there_and_back", on_xen ? OWN_PEER_XEN : OWN_PEER_YIELD);
	print("note peer_turns %u of %u\n", *counts - before, TURNS + 3 * TURNS * REPEATS);
}

static void run_fp(void)
{
	let_peer_begin();
	latency("first_fp", loop_fp, OWN_FP, SKERRY_YIELD, 0);
}

/* Xen's, by HVC #0xea1 (Xen, public/arch-arm.h). */
static s64 xen(u64 op, u64 a, void *b)
{
	register u64 x16 __asm__("x16") = op;
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = (u64)b;

	__asm__ volatile("hvc #0xea1" : "+r"(x0), "+r"(x1) : "r"(x16) : "memory");
	return (s64)x0;
}

/* An event channel between domains 1 and 2: the first makes it, its first, the other binds to it. */
static void xen_bell_open(struct xen_bell *bell, bool first)
{
	struct {
		u16 domain, size;
		u32 space;
		u64 index, frame;
	} map = {0x7ff0, 0, 0, 0, 0}; /* this domain, its shared info */
	struct {
		u16 mine, other;
		u32 port;
	} unbound = {0x7ff0, 2, 0};
	struct {
		u16 other;
		u32 remote_port, port;
	} bind = {1, 1, 0};
	u64 size;

	fdt_reg(fdt_find("xen,xen", 0), 0, &bell->shared, &size);
	map.frame = bell->shared >> 12;
	if (xen(XEN_MEMORY_OP, 7, &map))
		print("no shared info\n");
	irq_enable(XEN_EVENT_PPI, NULL);
	if (first) {
		if (xen(XEN_EVENT_CHANNEL_OP, 6, &unbound))
			print("no event channel\n");
		bell->port = unbound.port;
		return;
	}
	while (xen(XEN_EVENT_CHANNEL_OP, 0, &bind))
		xen(XEN_SCHED_OP, 0, NULL);
	bell->port = bind.port;
	/* Binding is an event, too. */
	irq_on();
	irq_off();
	*(volatile u8 *)bell->shared = 0;
	*(volatile u64 *)(bell->shared + 8) = 0;
	*(volatile u64 *)(bell->shared + 48) = 0;
}

static void run_bell_xen(void)
{
	struct xen_bell bell;

	xen_bell_open(&bell, true);
	let_peer_begin();
	bench_vectors();
	row("bell_there_and_back", loop_bell_xen, OWN_BELL_A + OWN_BELL_B + 2 * OWN_BELL_XEN, 4,
	    (u64)&bell, gic.gicc);
	use_vectors(vectors);
}

static void run_bell(const struct channel *c)
{
	let_peer_begin();
	bench_vectors();
	row("bell_there_and_back", loop_bell, OWN_BELL_A + OWN_BELL_B, SKERRY_DOORBELL, c->index,
	    gic.gicc);
	use_vectors(vectors);
}

/* --- How it grows (tests/bench/grow.py): grow NAME N TICKS --------------------------------------- */

static void grow(const char *name, u64 n, u64 ticks)
{
	print("grow %s %lu %lu\n", name, n, ticks);
}

/* Among guests= that yield, this one included: TURNS turns of everybody. */
static void grow_yield(void)
{
	u64 all = 0, once;
	u32 i;

	for (i = 0; i < 16; i++)
		let_peer_begin();
	loop_hvc(TURNS, SKERRY_YIELD, 0, 0);
	once = least_of(loop_hvc, TURNS, SKERRY_YIELD, 0, 0, &all);
	grow("yield", arg_u64("guests", 1),
	     least_of(loop_hvc, 2 * TURNS, SKERRY_YIELD, 0, 0, &all) - once);
}

static void set_pmr(u64 priority)
{
	if (gic.version == 3)
		write_sysreg(icc_pmr_el1, priority);
	else
		store32(gic.gicc + 4, (u32)priority);
}

/* SPIs 32 .. 32 + n: enabled, pending, of a priority below all others. */
static void spis_pend(u32 n)
{
	u32 intid;

	for (intid = 32; intid < 32 + n; intid++) {
		irq_edge(intid);
		irq_enable(intid, NULL);
		*(volatile u8 *)(gic.gicd + 0x400 + intid) = 0xf0;
		store32(gic.gicd + 0x200 + intid / 32 * 4, 1u << intid % 32);
	}
}

/* With n SPIs pending: an SGI to itself while they are kept back by their priority, TURNS of them;
 * then all n SPIs taken. */
static void grow_pending(void)
{
	static const u32 numbers[] = {0, 1, 2, 4, 8, 16, 32, 64, 96};
	u64 all = 0, once, sgi = gic.version == 3 ? sgi1r(SGI) : gic.gicd + 0xf00;
	loop *send = gic.version == 3 ? loop_sgi3 : loop_sgi2;
	u32 i, n;

	irq_enable(SGI, NULL);
	bench_vectors();
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = numbers[i];
		set_pmr(0xe0);
		spis_pend(n);
		once = least_of(send, TURNS, sgi, 2u << 24 | SGI, gic.gicc, &all);
		grow("sgi", n,
		     least_of(send, 2 * TURNS, sgi, 2u << 24 | SGI, gic.gicc, &all) - once);
		set_pmr(0xff);
		if (n)
			grow("taken", n, loop_irqs(0, n, 0, gic.gicc));
	}
	use_vectors(vectors);
}

#define CONSOLE_LINES 64
#define CONSOLE_LINE "a line of the console, which has sixty-four characters in all..\n"

/* Among guests= that print, this one included: CONSOLE_LINES lines of 64 bytes of ours. */
static void grow_console(void)
{
	u64 start;
	u32 i;

	let_peer_begin();
	start = timer_now();
	for (i = 0; i < CONSOLE_LINES; i++)
		print(CONSOLE_LINE);
	grow("console", arg_u64("guests", 1), timer_now() - start);
}

/* The device tree, for tests/bench/linux_init.py. */
static void print_tree(void)
{
	u64 at, end = fdt_address() + fdt_size();

	for (at = fdt_address(); at < end; at += 4)
		print("tree %08x\n", __builtin_bswap32(load32(at)));
}

static void be_peer(const struct channel *c)
{
	struct xen_bell bell;

	if (arg_is("peer", "spin"))
		loop_peer_spin(0, 0, 0, 0);
	while (arg_is("peer", "print"))
		print(CONSOLE_LINE);
	if (arg_is("peer", "fp"))
		loop_peer_fp(0, SKERRY_YIELD, 0, 0);
	if (arg_is("peer", "bell")) {
		if (on_xen)
			xen_bell_open(&bell, false);
		bench_vectors();
		if (on_xen)
			loop_peer_bell_xen(0, 4, (u64)&bell, gic.gicc);
		loop_peer_bell(0, SKERRY_DOORBELL, c->index, gic.gicc);
	}
	if (on_xen)
		loop_peer_xen(0, XEN_SCHED_OP, 0, (u64)counts);
	loop_peer_yield(0, SKERRY_YIELD, 0, (u64)counts);
}

int main(void)
{
	struct channel c = {0};

	on_xen = fdt_find("xen,xen", 0) != 0;
	gic_init();
	if (channel_open(0, &c)) {
		counts = c.memory;
		channel_listen(&c, NULL);
	}
	if (arg_is("peer", "spin") || arg_is("peer", "yield") || arg_is("peer", "fp") ||
	    arg_is("peer", "bell") || arg_is("peer", "print"))
		be_peer(&c);
	if (arg_is("run", "timer"))
		run_timer();
	else if (arg_is("run", "yield"))
		run_yield();
	else if (arg_is("run", "fp"))
		run_fp();
	else if (arg_is("run", "bell") && on_xen)
		run_bell_xen();
	else if (arg_is("run", "bell"))
		run_bell(&c);
	else if (arg_is("run", "grow-yield"))
		grow_yield();
	else if (arg_is("run", "grow-pending"))
		grow_pending();
	else if (arg_is("run", "touch"))
		row_touch();
	else if (arg_is("run", "tree"))
		print_tree();
	else if (arg_is("run", "grow-console"))
		grow_console();
	else
		run_one();
	print("done\n");
	return 0;
}
