// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: the interrupt controller as software sees it, GICv2 (IHI 0048) or GICv3 (IHI 0069),
 * whichever the tree has. One PASS or FAIL line a point; ends with 0 if none failed.
 *
 * Nearly all of it polls: interrupts stay masked in PSTATE, ISR_EL1.I says whether one is signalled
 * to this CPU, and reading IAR takes it. So each step is exact, with no handler in between.
 */
#include "rt.h"

#define CTLR 0x000
#define TYPER 0x004
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define SGIR 0xf00
#define CPENDSGIR 0xf10
#define SPENDSGIR 0xf20
#define IROUTER 0x6000
#define NONE 1023u

/* SPIs that neither Skerry nor a bare `virt` has a device on. */
#define SPI 104u
#define MANY 24u
#define V3 (gic.version == 3)

static u32 passed, failed;

static void check(const char *name, bool right)
{
	print("%s %s\n", right ? "PASS" : "FAIL", name);
	passed += right;
	failed += !right;
}

/* ---- registers ---- */

static u64 bank(u32 intid)
{
	return V3 && intid < 32 ? gic_redist() + 0x10000 : gic.gicd;
}

static bool get(u32 r, u32 intid)
{
	return load32(bank(intid) + r + intid / 32 * 4) >> intid % 32 & 1;
}

static void set(u32 r, u32 intid)
{
	store32(bank(intid) + r + intid / 32 * 4, 1u << intid % 32);
	dsb();
}

static void priority(u32 intid, u8 p)
{
	*(volatile u8 *)(bank(intid) + IPRIORITYR + intid) = p;
	dsb();
}

static void mask(u32 p)
{
	if (V3)
		write_sysreg(icc_pmr_el1, p);
	else
		store32(gic.gicc + 0x04, p);
}

static u32 running(void)
{
	return V3 ? (u32)read_sysreg(icc_rpr_el1) & 0xff : load32(gic.gicc + 0x14) & 0xff;
}

static u32 highest_pending(void)
{
	return (V3 ? (u32)read_sysreg(icc_hppir1_el1) : load32(gic.gicc + 0x18)) & 0x3ff;
}

static void eoi_mode(bool split)
{
	if (V3)
		write_sysreg(icc_ctlr_el1, split ? 2 : 0);
	else
		store32(gic.gicc + 0x00, split ? 0x201 : 1);
}

static void deactivate(u32 iar)
{
	if (V3)
		write_sysreg(icc_dir_el1, iar);
	else
		store32(gic.gicc + 0x1000, iar);
	dsb();
}

static void distributor(bool on)
{
	store32(gic.gicd + CTLR, V3 ? (on ? 0x12 : 0x10) : on);
	while (V3 && load32(gic.gicd + CTLR) & 1u << 31)
		;
	dsb();
}

/* Whether an IRQ is signalled; given 1 s to come, which is only a hang guard. */
static bool signalled(void)
{
	u64 end = timer_now() + timer_hz();

	while (timer_now() < end)
		if (read_sysreg(isr_el1) & 1 << 7)
			return true;
	return false;
}

/* Nothing signalled: looked at for 1 ms. */
static bool silent(void)
{
	u64 end = timer_now() + timer_hz() / 1000;

	while (timer_now() < end)
		if (read_sysreg(isr_el1) & 1 << 7)
			return false;
	return true;
}

static u32 take(void)
{
	return signalled() ? irq_ack() & 0x3ff : NONE;
}

/* An SPI to this CPU: not enabled, pending or active, edge, of priority p. */
static void fresh(u32 intid, u8 p)
{
	u64 cfg = gic.gicd + ICFGR + intid / 16 * 4;

	irq_enable(intid, NULL);
	set(ICENABLER, intid);
	set(ICPENDR, intid);
	set(ICACTIVER, intid);
	store32(cfg, load32(cfg) | 2u << intid % 16 * 2);
	priority(intid, p);
}

static void fresh_on(u32 intid, u8 p)
{
	fresh(intid, p);
	set(ISENABLER, intid);
}

/* ---- one CPU ---- */

static void test_identity(void)
{
	u32 pidr2 = load32(gic.gicd + (V3 ? 0xffe8 : 0xfe8)) >> 4 & 0xf;

	check("architecture revision", V3 ? pidr2 == 3 || pidr2 == 4 : pidr2 == 2);
	check("128 INTIDs or more", ((load32(gic.gicd + TYPER) & 0x1f) + 1) * 32 >= 128);
	check("idle: nothing to acknowledge", (irq_ack() & 0x3ff) == NONE);
	check("idle: running priority ff", running() == 0xff);
	check("idle: nothing pending", highest_pending() == NONE);
}

static void test_enable_and_pending(void)
{
	fresh(SPI, 0x80);
	check("disabled reads 0", !get(ISENABLER, SPI) && !get(ICENABLER, SPI));
	set(ISPENDR, SPI);
	check("pending while disabled", get(ISPENDR, SPI) && get(ICPENDR, SPI) && silent());
	set(ISENABLER, SPI);
	check("enabled reads 1", get(ISENABLER, SPI) && get(ICENABLER, SPI));
	check("signalled once enabled", signalled() && highest_pending() == SPI);
	set(ICPENDR, SPI);
	check("clear pending takes it back", !get(ISPENDR, SPI) && silent());
	check("spurious then", (irq_ack() & 0x3ff) == NONE);
	set(ISPENDR, SPI);
	set(ICENABLER, SPI);
	check("disable takes it back", silent() && get(ISPENDR, SPI));
	set(ICPENDR, SPI);
}

static void test_active(void)
{
	fresh_on(SPI, 0x80);
	set(ISPENDR, SPI);
	check("acknowledge gives the INTID", take() == SPI);
	check("active, no longer pending", get(ISACTIVER, SPI) && !get(ISPENDR, SPI));
	check("running priority", running() == 0x80);
	set(ISPENDR, SPI);
	check("active and pending: not signalled", get(ISPENDR, SPI) && silent());
	irq_end(SPI);
	check("ended: signalled again", !get(ISACTIVER, SPI) && take() == SPI);
	irq_end(SPI);
	check("ended: idle", running() == 0xff && silent() && !get(ISACTIVER, SPI));
	set(ISACTIVER, SPI);
	set(ISPENDR, SPI);
	check("set active holds it back", get(ISACTIVER, SPI) && silent());
	set(ICACTIVER, SPI);
	check("clear active lets it go", take() == SPI);
	irq_end(SPI);
}

static void test_priority(void)
{
	u32 first, second, third;

	fresh_on(SPI, 0xa0);
	fresh_on(SPI + 1, 0x40);
	fresh_on(SPI + 2, 0x60);
	set(ISPENDR, SPI);
	set(ISPENDR, SPI + 1);
	set(ISPENDR, SPI + 2);
	check("highest pending is the most urgent", highest_pending() == SPI + 1);
	first = take();
	check("no preemption by less urgent", silent());
	irq_end(first);
	second = take();
	irq_end(second);
	third = take();
	irq_end(third);
	check("in priority order", first == SPI + 1 && second == SPI + 2 && third == SPI);

	mask(0x60);
	set(ISPENDR, SPI + 2);
	check("mask at its priority holds it", silent());
	mask(0x68);
	check("mask above lets it go", take() == SPI + 2);
	irq_end(SPI + 2);
	mask(0xff);

	set(ISPENDR, SPI);
	first = take();
	set(ISPENDR, SPI + 1);
	second = take();
	check("preemption", first == SPI && second == SPI + 1 && running() == 0x40);
	irq_end(second);
	check("back to the outer one", running() == 0xa0);
	irq_end(first);
}

static void test_eoi_mode_1(void)
{
	fresh_on(SPI, 0x80);
	eoi_mode(true);
	set(ISPENDR, SPI);
	check("EOImode 1: acknowledge", take() == SPI);
	irq_end(SPI);
	check("EOImode 1: EOI drops priority", running() == 0xff);
	check("EOImode 1: still active", get(ISACTIVER, SPI));
	set(ISPENDR, SPI);
	check("EOImode 1: not again while active", silent());
	deactivate(SPI);
	check("EOImode 1: DIR deactivates", !get(ISACTIVER, SPI) && take() == SPI);
	irq_end(SPI);
	deactivate(SPI);
	eoi_mode(false);
}

static void test_many(void)
{
	u32 i, got, count = 0, seen = 0, last_priority = 0;
	bool order = true;

	/* Priorities mixed: 0x08, 0x40, 0x78 ... each different from its neighbours'. */
	for (i = 0; i < MANY; i++)
		fresh_on(SPI + i, (u8)(i * 7 % MANY * 8 + 8));
	for (i = 0; i < MANY; i++)
		set(ISPENDR, SPI + i);
	while ((got = take()) != NONE && count < 2 * MANY) {
		order = order && running() > last_priority;
		last_priority = running();
		seen |= got - SPI < MANY ? 1u << (got - SPI) : 1u << 31;
		count++;
		irq_end(got);
	}
	check("24 pending: each once", count == MANY && seen == (1u << MANY) - 1);
	check("24 pending: in priority order", order);

	/* All active at once, nested: each more urgent than the one before. */
	for (i = 0; i < 16; i++) {
		priority(SPI + i, (u8)(0xf0 - 0x10 * i));
		set(ISPENDR, SPI + i);
		order = order && take() == SPI + i;
	}
	check("16 nested", order && running() == 0);
	for (i = 16; i-- > 0;)
		irq_end(SPI + i);
	for (i = 0; i < 16; i++)
		order = order && !get(ISACTIVER, SPI + i);
	check("16 ended", order && running() == 0xff && silent());
	for (i = 0; i < MANY; i++)
		set(ICENABLER, SPI + i);
}

static void test_distributor(void)
{
	fresh_on(SPI, 0x80);
	distributor(false);
	set(ISPENDR, SPI);
	check("distributor off: silent", silent() && get(ISPENDR, SPI));
	distributor(true);
	check("distributor on: delivered", take() == SPI);
	irq_end(SPI);
	*(volatile u8 *)(gic.gicd + IPRIORITYR + SPI) = 0xd0;
	check("priority byte reads in the word",
	      (load32(gic.gicd + IPRIORITYR + SPI) & 0xff) == 0xd0);
	set(ICENABLER, SPI);
}

static void test_timer(void)
{
	u32 t = SKERRY_INTID_VTIMER;

	irq_enable(t, NULL);
	set(ICENABLER, t);
	timer_at(timer_now());
	check("timer: pending while disabled", get(ISPENDR, t) && silent());
	write_sysreg(cntv_ctl_el0, 3);
	check("timer: masked, line and pending drop", !get(ISPENDR, t));
	set(ISENABLER, t);
	write_sysreg(cntv_ctl_el0, 1);
	check("timer: signalled", take() == t);
	irq_end(t);
	check("timer: level, so again", take() == t);
	timer_stop();
	irq_end(t);
	check("timer: off, silent", silent() && !get(ISPENDR, t));
	set(ICENABLER, t);
}

static void wait_for(volatile u32 *what, u32 value)
{
	u64 end = timer_now() + 5 * timer_hz(); /* a hang guard */

	while (*what != value && timer_now() < end)
		yield();
}

static volatile u32 taken, taken_on;

static void handler(u32 intid)
{
	taken = intid;
	taken_on = this_cpu()->number;
}

static void test_vector(void)
{
	fresh(SPI, 0x80);
	irq_enable(SPI, handler);
	irq_on();
	set(ISPENDR, SPI);
	wait_for(&taken, SPI);
	irq_off();
	check("by the IRQ vector", taken == SPI && taken_on == 0);
	set(ICENABLER, SPI);
}

/* ---- SGIs, other CPUs ---- */

static void sgi_others(u32 n)
{
	dsb();
	if (V3)
		write_sysreg(icc_sgi1r_el1, 1ul << 40 | n << 24);
	else
		store32(gic.gicd + SGIR, 1u << 24 | n);
}

static void test_sgi(void)
{
	u32 n;

	for (n = 0; n < 16; n++)
		irq_enable(n, NULL);
	for (n = 0; n < 16; n++) {
		sgi_send(n, 0);
		if (take() != n)
			break;
		irq_end(n);
	}
	check("SGI 0..15 to self", n == 16);
	if (V3) {
		set(ISPENDR, 5);
		check("SGI by set pending", get(ISPENDR, 5) && take() == 5);
	} else {
		*(volatile u8 *)(gic.gicd + SPENDSGIR + 5) = 1;
		check("SGI by set pending",
		      load32(gic.gicd + CPENDSGIR + 4) == 0x100 && take() == 5);
	}
	irq_end(5);
	sgi_others(6);
	check("SGI to all others is not ours", silent());
}

static volatile u32 others_up, others_got;
static struct lock others_lock;

static void count(volatile u32 *what)
{
	lock(&others_lock);
	*what = *what + 1;
	unlock(&others_lock);
}

static void reply(u32 intid)
{
	if (intid == 3)
		sgi_send(4, 0);
	else
		count(&others_got);
}

static void other_cpu(u64 arg)
{
	(void)arg;
	gic_init();
	irq_enable(3, reply);
	irq_enable(7, reply);
	count(&others_up);
	for (;;) {
		wfi();
		irq_on();
		irq_off();
	}
}

static void route(u32 intid, u32 cpu)
{
	if (V3)
		*(volatile u64 *)(gic.gicd + IROUTER + 8ul * intid) = cpu_mpidr(cpu);
	else
		*(volatile u8 *)(gic.gicd + ITARGETSR + intid) = (u8)(1u << cpu);
	dsb();
}

static void test_others(void)
{
	u32 n = cpu_count(), i, answered = 0, iar;

	for (i = 1; i < n; i++) {
		cpu_start(i, other_cpu, 0);
		wait_for(&others_up, i);
	}
	check("other CPUs are up", others_up == n - 1);
	for (i = 1; i < n; i++) {
		sgi_send(3, i);
		iar = signalled() ? irq_ack() : NONE;
		answered += (iar & 0x3ff) == 4 && (V3 || iar >> 10 == i);
		irq_end(iar);
	}
	check("SGI to each other CPU and back", answered == n - 1);
	sgi_others(7);
	wait_for(&others_got, n - 1);
	check("SGI to all others", others_got == n - 1 && silent());

	fresh(SPI, 0x80);
	route(SPI, 1);
	irq_enable(SPI, handler);
	route(SPI, 1);
	taken = 0;
	set(ISPENDR, SPI);
	wait_for(&taken, SPI);
	check("SPI routed to CPU 1", taken == SPI && taken_on == 1 && silent());
}

int main(void)
{
	gic_init();
	print("GICv%u, %u CPUs\n", gic.version, cpu_count());
	test_identity();
	test_enable_and_pending();
	test_active();
	test_priority();
	test_eoi_mode_1();
	test_many();
	test_distributor();
	test_timer();
	test_vector();
	test_sgi();
	if (cpu_count() > 1)
		test_others();
	print("gictest: %u passed, %u failed\n", passed, failed);
	return failed != 0;
}
