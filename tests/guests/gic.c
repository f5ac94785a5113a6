// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: the interrupt controller, GICv2 (IHI 0048) or GICv3 (IHI 0069), whichever the
 * tree has. Identification, every register's bits, priorities, binary points, groups, both EOI modes,
 * active state, level lines, SGIs, routing, and more interrupts than any list registers hold.
 *
 * Interrupts stay masked in PSTATE: ISR_EL1 says what is signalled, and reading IAR takes it. So each
 * step is exact, with no handler in between. Other CPUs do what CPU 0 asks them to, one step at a time.
 */
#include "check.h"

#define V3 (gic.version == 3)
#define NONE 1023u

#define CTLR 0x000
#define TYPER 0x004
#define IIDR 0x008
#define IGROUPR 0x080
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
#define GICR_CTLR 0x00
#define GICR_IIDR 0x04
#define GICR_TYPER 0x08
#define GICR_WAKER 0x14
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IIDR 0xfc
#define GICC_APR0 0xd0
#define GICC_DIR 0x1000

/* SPIs that neither Skerry nor a bare `virt` has a device on. */
#define SPI 104u
#define SPIS 24u
#define UART_INTID 33u
#define UART 0x09000000ul

/* The group that IAR (v2) or IAR1 (v3) takes: signalled as IRQ. */
#define MAIN (V3 ? 1u : 0u)
#define OTHER (!MAIN)

static u32 interrupts; /* that GICD_TYPER says there are */
static bool bare;      /* no Skerry below: QEMU's own GIC */
static bool lists;     /* below: QEMU's GICV_* or ICV_*, by list registers */
static bool qemu_v2;   /* QEMU's GICC_* or GICV_* */

/* ---- Registers ---- */

static u64 bank(u32 intid)
{
	return V3 && intid < 32 ? gic_redist() + 0x10000 : gic.gicd;
}

static u32 word(u32 reg, u32 n)
{
	return load32(bank(32 * n) + reg + 4 * n);
}

static void write_word(u32 reg, u32 n, u32 value)
{
	store32(bank(32 * n) + reg + 4 * n, value);
	dsb();
}

static u8 load8(u64 address)
{
	u32 v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(address) : "memory");
	return (u8)v;
}

static void store8(u64 address, u32 v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(address) : "memory");
}

static u64 load64(u64 address)
{
	u64 v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(address) : "memory");
	return v;
}

static void store64(u64 address, u64 v)
{
	__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(address) : "memory");
}

static bool get(u32 reg, u32 intid)
{
	return word(reg, intid / 32) >> intid % 32 & 1;
}

static void set(u32 reg, u32 intid)
{
	write_word(reg, intid / 32, 1u << intid % 32);
}

static void set_priority(u32 intid, u32 priority)
{
	store8(bank(intid) + IPRIORITYR + intid, priority);
	dsb();
}

static void set_group(u32 intid, u32 group)
{
	u32 bit = 1u << intid % 32, now = word(IGROUPR, intid / 32);

	write_word(IGROUPR, intid / 32, group ? now | bit : now & ~bit);
}

static void set_edge(u32 intid, bool edge)
{
	u64 at = bank(intid) + ICFGR + intid / 16 * 4;
	u32 bit = 2u << intid % 16 * 2, now = load32(at);

	store32(at, edge ? now | bit : now & ~bit);
	dsb();
}

static void distributor(u32 groups)
{
	store32(gic.gicd + CTLR, V3 ? 0x10 | groups : groups);
	while (V3 && load32(gic.gicd + CTLR) & 1u << 31)
		;
	dsb();
}

/* ---- The CPU interface, the same for both: group 1 of v2 is the aliased registers ---- */

static u32 ack(u32 group)
{
	u32 value;

	if (!V3)
		return load32(gic.gicc + (group ? 0x20 : 0x0c));
	value = (u32)(group ? read_sysreg(icc_iar1_el1) : read_sysreg(icc_iar0_el1));
	dsb();
	return value;
}

static void end(u32 group, u32 value)
{
	if (!V3)
		store32(gic.gicc + (group ? 0x24 : 0x10), value);
	else if (group)
		write_sysreg(icc_eoir1_el1, value);
	else
		write_sysreg(icc_eoir0_el1, value);
	dsb();
}

static u32 highest(u32 group)
{
	if (!V3)
		return load32(gic.gicc + (group ? 0x28 : 0x18));
	return (u32)(group ? read_sysreg(icc_hppir1_el1) : read_sysreg(icc_hppir0_el1));
}

static void deactivate(u32 value)
{
	if (V3)
		write_sysreg(icc_dir_el1, value);
	else
		store32(gic.gicc + GICC_DIR, value);
	dsb();
}

static u32 running(void)
{
	return V3 ? (u32)read_sysreg(icc_rpr_el1) & 0xff : load32(gic.gicc + 0x14) & 0xff;
}

static void set_mask(u32 priority)
{
	if (V3)
		write_sysreg(icc_pmr_el1, priority);
	else
		store32(gic.gicc + GICC_PMR, priority);
}

static u32 get_mask(void)
{
	return V3 ? (u32)read_sysreg(icc_pmr_el1) : load32(gic.gicc + GICC_PMR);
}

static void set_binary_point(u32 group, u32 value)
{
	if (!V3)
		store32(gic.gicc + (group ? 0x1c : 0x08), value);
	else if (group)
		write_sysreg(icc_bpr1_el1, value);
	else
		write_sysreg(icc_bpr0_el1, value);
}

static u32 get_binary_point(u32 group)
{
	if (!V3)
		return load32(gic.gicc + (group ? 0x1c : 0x08));
	return (u32)(group ? read_sysreg(icc_bpr1_el1) : read_sysreg(icc_bpr0_el1));
}

/* groups: a mask of those that are on. v2: how = AckCtl, FIQEn, CBPR, EOImode where GICC_CTLR has them;
 * v3 knows of these CBPR and EOImode. */
#define ACKCTL 0x004u
#define FIQEN 0x008u
#define CBPR 0x010u
#define SPLIT 0x200u

static void control(u32 groups, u32 how)
{
	if (!V3) {
		store32(gic.gicc + GICC_CTLR, groups | how);
		return;
	}
	write_sysreg(icc_ctlr_el1, (how & CBPR ? 1 : 0) | (how & SPLIT ? 2 : 0));
	write_sysreg(icc_igrpen0_el1, groups & 1);
	write_sysreg(icc_igrpen1_el1, groups >> 1);
}

/* ---- What is signalled ---- */

#define IRQ 1u
#define FIQ 2u

static u32 lines(void)
{
	u64 isr = read_sysreg(isr_el1);

	return (isr & 1 << 7 ? IRQ : 0) | (isr & 1 << 6 ? FIQ : 0);
}

/* Hardware may take its time, and a hypervisor: 1 s, which is only a hang guard; where QEMU errs what
 * is waited for does not come. */
static u64 guard(void)
{
	return timer_now() + timer_hz() / (checks_known ? 20 : 1);
}

static void signals(const char *what, u32 want)
{
	u64 until = guard();
	u32 got = lines(), n;

	while (got != want && timer_now() < until)
		got = lines();
	for (n = 0; n < 50 && got == want; n++)
		got = lines();
	expect(what, got, want);
}

/* Takes what is signalled. */
static u32 take(u32 group)
{
	u64 until = guard();

	while (!lines() && timer_now() < until)
		;
	return ack(group);
}

static void idle(const char *after)
{
	signals(after, 0);
	expect(after, ack(MAIN), NONE);
	expect(after, running(), 0xff);
}

/* ---- Setting up ---- */

static void interface_defaults(void)
{
	control(V3 ? 2 : 1, 0);
	set_mask(0xff);
	set_binary_point(0, 0);
	set_binary_point(1, 0);
}

static void route(u32 intid, u32 cpu)
{
	if (V3)
		store64(gic.gicd + IROUTER + 8ul * intid, cpu_mpidr(cpu));
	else
		store8(gic.gicd + ITARGETSR + intid, 1u << cpu);
	dsb();
}

static void clear(u32 intid)
{
	set(ICENABLER, intid);
	set(ICPENDR, intid);
	set(ICACTIVER, intid);
}

/* An interrupt to this CPU: of `group`, by edge if it is an SPI; neither pending nor active. */
static void ready(u32 intid, u32 priority, u32 group)
{
	clear(intid);
	set_group(intid, group);
	set_priority(intid, priority);
	if (intid >= 32) {
		set_edge(intid, true);
		route(intid, this_cpu()->number);
	}
	set(ISENABLER, intid);
}

static void pend(u32 intid)
{
	if (V3 || intid >= 16)
		set(ISPENDR, intid);
	else
		store8(gic.gicd + SPENDSGIR + intid, 1u << this_cpu()->number);
	dsb();
}

/* This CPU's own. */
static void clear_private(void)
{
	u32 n;

	for (n = 0; n < 32; n++)
		clear(n);
	for (n = 0; n < 16 && !V3; n++)
		store8(gic.gicd + CPENDSGIR + n, 0xff);
	interface_defaults();
}

static void clear_all(void)
{
	u32 n;

	for (n = 0; n < SPIS; n++)
		clear(SPI + n);
	clear_private();
	distributor(3);
}

/* ---- Identification ---- */

static void test_identification(void)
{
	u64 ids = gic.gicd + (V3 ? 0xffd0 : 0xfd0);
	u32 typer = load32(gic.gicd + TYPER), iidr = load32(gic.gicd + IIDR);
	u32 pidr2 = load32(ids + 0x18);

	interrupts = ((typer & 0x1f) + 1) * 32;
	expect_true("GICD_PIDR2.ArchRev", (pidr2 >> 4) == (V3 ? 3 : 2));
	expect("GICD_CIDR0", load32(ids + 0x20), 0x0d);
	expect("GICD_CIDR1", load32(ids + 0x24), 0xf0);
	expect("GICD_CIDR2", load32(ids + 0x28), 0x05);
	expect("GICD_CIDR3", load32(ids + 0x2c), 0xb1);
	expect("GICD_IIDR: Arm", iidr & 0xfff, 0x43b);
	expect_true("GICD_TYPER: at least 128 interrupts", interrupts >= 128);
	if (!bare)
		expect("GICD_TYPER: no more than there are", interrupts, 128);
	expect("GICD_TYPER.CPUNumber", typer >> 5 & 7, V3 ? 0 : cpu_count() - 1);
	expect("GICD_TYPER.SecurityExtn", typer >> 10 & 1, 0);
	if (V3) {
		expect_true("GICD_TYPER.IDbits", (typer >> 19 & 0x1f) >= 9);
		expect("GICD_TYPER.A3V or not: Aff3 is 0", cpu_mpidr(0) >> 32, 0);
	}
	store32(gic.gicd + TYPER, ~typer);
	store32(gic.gicd + IIDR, ~iidr);
	store32(ids + 0x18, ~pidr2);
	expect("GICD_TYPER is read-only", load32(gic.gicd + TYPER), typer);
	expect("GICD_IIDR is read-only", load32(gic.gicd + IIDR), iidr);
	expect("GICD_PIDR2 is read-only", load32(ids + 0x18), pidr2);
}

static void test_control(void)
{
	u32 n;

	for (n = 0; n < 4; n++) {
		distributor(n);
		expect("GICD_CTLR enables", load32(gic.gicd + CTLR) & 3, n);
	}
	if (V3) {
		expect("GICD_CTLR: ARE, DS", load32(gic.gicd + CTLR) & 0x50, 0x50);
		store32(gic.gicd + CTLR, 0x3);
		errs(bare);
		expect("GICD_CTLR: ARE stays", load32(gic.gicd + CTLR), 0x53);
		store32(gic.gicd + CTLR, 0x13);
	} else {
		store32(gic.gicd + CTLR, ~0u);
		expect("GICD_CTLR: nothing else", load32(gic.gicd + CTLR), 3);
	}
}

static void test_redistributor(u32 cpu, u64 rd)
{
	u64 typer = load64(rd + GICR_TYPER), ids = rd + 0xffd0;

	expect("GICR_TYPER: affinity", typer >> 32, cpu_mpidr(cpu));
	expect("GICR_TYPER: number", typer >> 8 & 0xffff, cpu);
	expect("GICR_TYPER: last", typer >> 4 & 1, cpu == cpu_count() - 1);
	expect("GICR_TYPER, lower half", load32(rd + GICR_TYPER), typer & 0xffffffff);
	expect("GICR_TYPER, upper half", load32(rd + GICR_TYPER + 4), typer >> 32);
	store64(rd + GICR_TYPER, ~typer);
	expect("GICR_TYPER is read-only", load64(rd + GICR_TYPER), typer);
	expect("GICR_IIDR: Arm", load32(rd + GICR_IIDR) & 0xfff, 0x43b);
	expect("GICR_PIDR2.ArchRev", load32(ids + 0x18) >> 4, 3);
	expect("GICR_CIDR0", load32(ids + 0x20), 0x0d);
	expect("GICR_CIDR3", load32(ids + 0x2c), 0xb1);
	expect("GICR_CTLR: nothing under way", load32(rd + GICR_CTLR) & 0x80000008, 0);
}

static void test_redistributors(void)
{
	u64 rd = gic_redist(), past = gic.gicr + 0x20000ul * cpu_count();
	u32 n;

	for (n = 0; n < cpu_count(); n++)
		test_redistributor(n, gic.gicr + 0x20000ul * n);
	expect("GICR_WAKER: awake", load32(rd + GICR_WAKER) & 6, 0);
	store32(rd + GICR_WAKER, 2);
	expect("GICR_WAKER: asleep", load32(rd + GICR_WAKER) & 6, 6);
	store32(rd + GICR_WAKER, 0);
	expect("GICR_WAKER: awake again", load32(rd + GICR_WAKER) & 6, 0);
	store32(rd + GICR_WAKER, 4);
	expect("GICR_WAKER.ChildrenAsleep is read-only", load32(rd + GICR_WAKER) & 6, 0);
	catch_begin();
	(void)load32(past + GICR_TYPER);
	expect("past the last redistributor: an exception", catch_end(), 1);
	expect("past the last redistributor: external abort", this_cpu()->esr & 0xfc00003f,
	       0x94000010);
}

/* ---- Bits ---- */

/* Which bits of word n can be written: SGIs of v2 are pended and enabled in other ways, or not at all. */
static u32 writable(u32 n)
{
	return n == 0 && !V3 ? 0xffff0000 : ~0u;
}

static void test_set_and_clear(const char *what, u32 set_reg, u32 clear_reg, u32 n, u32 all)
{
	u32 outside = word(set_reg, n) & ~all;

	write_word(clear_reg, n, ~0u);
	expect(what, word(set_reg, n) & all, 0);
	write_word(set_reg, n, 0x5a0ff0a5);
	expect(what, word(set_reg, n), (0x5a0ff0a5 & all) | outside);
	expect(what, word(clear_reg, n), (0x5a0ff0a5 & all) | outside);
	write_word(set_reg, n, 0);
	write_word(clear_reg, n, 0);
	expect(what, word(clear_reg, n) & all, 0x5a0ff0a5 & all);
	write_word(clear_reg, n, 0x0a0f0005);
	expect(what, word(set_reg, n) & all, 0x5000f0a0 & all);
	write_word(set_reg, n, 0x05000000);
	expect(what, word(set_reg, n) & all, 0x5500f0a0 & all);
	write_word(clear_reg, n, ~0u);
	expect(what, word(clear_reg, n) & all, 0);
}

static void test_bits(void)
{
	u32 n;

	distributor(0);
	for (n = 0; n < interrupts / 32 - (interrupts == 1024); n++) {
		write_word(IGROUPR, n, 0xa5a50ff0);
		expect("IGROUPR", word(IGROUPR, n), 0xa5a50ff0);
		write_word(IGROUPR, n, V3 ? ~0u : 0);
		expect("IGROUPR", word(IGROUPR, n), V3 ? ~0u : 0);
		test_set_and_clear("ISENABLER, ICENABLER", ISENABLER, ICENABLER, n, writable(n));
		test_set_and_clear("ISPENDR, ICPENDR", ISPENDR, ICPENDR, n, writable(n));
		test_set_and_clear("ISACTIVER, ICACTIVER", ISACTIVER, ICACTIVER, n, ~0u);
	}
	distributor(3);
}

/* Beyond what GICD_TYPER says: reads as zero, and writes do nothing. QEMU's GICv3 says 32 less than it has. */
static void beyond(const char *what, u64 at)
{
	store32(at, ~0u);
	errs(bare && V3);
	expect(what, load32(at), 0);
}

static void test_beyond(void)
{
	static const u32 regs[] = {IGROUPR, ISENABLER, ICENABLER, ISPENDR,
				   ICPENDR, ISACTIVER, ICACTIVER};
	u32 i, n;

	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++)
		for (n = interrupts / 32; n < interrupts / 32 + 3; n++)
			beyond("bits past the last interrupt", gic.gicd + regs[i] + 4 * n);
	for (n = interrupts; n < interrupts + 64; n += 16) {
		beyond("IPRIORITYR past the last", gic.gicd + IPRIORITYR + n);
		beyond("ICFGR past the last", gic.gicd + ICFGR + n / 4);
		if (!V3)
			beyond("ITARGETSR past the last", gic.gicd + ITARGETSR + n);
		store8(gic.gicd + IPRIORITYR + n + 1, 0xff);
		errs(bare && V3);
		expect("IPRIORITYR past the last, a byte", load8(gic.gicd + IPRIORITYR + n + 1), 0);
	}
	beyond("reserved: 0x20", gic.gicd + 0x20);
	beyond("reserved: 0x7c", gic.gicd + 0x7c);
	beyond("GICD_NSACR: one Security state", gic.gicd + 0xe00);
	beyond("GICD_NSACR: one Security state", gic.gicd + 0xe10);
	if (!V3)
		return;
	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++) {
		beyond("SGIs and PPIs are not the distributor's", gic.gicd + regs[i]);
		beyond("SPIs are not the redistributor's", gic_redist() + 0x10000 + regs[i] + 4);
	}
	beyond("SGIs and PPIs are not the distributor's", gic.gicd + IPRIORITYR);
	beyond("SGIs and PPIs are not the distributor's", gic.gicd + IPRIORITYR + 28);
	beyond("SPIs are not the redistributor's", gic_redist() + 0x10000 + IPRIORITYR + 32);
	beyond("SGIs and PPIs are not the distributor's", gic.gicd + ICFGR);
	beyond("SPIs are not the redistributor's", gic_redist() + 0x10000 + ICFGR + 8);
	beyond("no GICD_ITARGETSR with affinity routing", gic.gicd + ITARGETSR + SPI);
	beyond("no GICD_CPENDSGIR with affinity routing", gic.gicd + CPENDSGIR);
	beyond("no GICD_SPENDSGIR with affinity routing", gic.gicd + SPENDSGIR);
	store32(gic.gicd + SGIR, 2u << 24 | 3);
	expect("no GICD_SGIR with affinity routing", get(ISPENDR, 3), 0);
}

/* ---- Bytes: priorities, targets; pairs: configuration ---- */

static u32 priority_mask; /* of a byte */

static void test_priorities(void)
{
	u64 at;
	u32 n;

	store8(gic.gicd + IPRIORITYR + SPI, 0xff);
	priority_mask = load8(gic.gicd + IPRIORITYR + SPI);
	expect("IPRIORITYR: four bits at least", priority_mask & 0xf0, 0xf0);
	expect("IPRIORITYR: the highest bits", priority_mask & (~priority_mask & 0xff) >> 1, 0);
	for (n = 0; n < interrupts && n < 1020; n += 4) {
		at = bank(n) + IPRIORITYR + n;
		store32(at, ~0u);
		expect("IPRIORITYR: the same of all", load32(at), priority_mask * 0x01010101);
		store32(at, 0x10203040);
		expect("IPRIORITYR: a word", load32(at), 0x10203040);
		store8(at + 1, 0x90);
		expect("IPRIORITYR: a byte", load32(at), 0x10209040);
		expect("IPRIORITYR: a byte", load8(at + 3), 0x10);
		store32(at, 0);
		expect("IPRIORITYR: zero", load32(at), 0);
	}
}

static void test_configuration(void)
{
	u32 n, k;
	u64 at;

	expect("ICFGR: SGIs are edges", load32(bank(0) + ICFGR), 0xaaaaaaaa);
	store32(bank(0) + ICFGR, 0);
	expect("ICFGR: SGIs stay edges", load32(bank(0) + ICFGR), 0xaaaaaaaa);
	for (n = 32; n < interrupts && n < 1020; n += 16) {
		at = gic.gicd + ICFGR + n / 4;
		store32(at, ~0u);
		expect("ICFGR: edges", load32(at) & 0xaaaaaaaa, 0xaaaaaaaa);
		store32(at, 0x08020820);
		expect("ICFGR: some", load32(at) & 0xaaaaaaaa, 0x08020820);
		for (k = 0; k < 16 && n == 32; k++)
			set_edge(n + k, k & 1);
		if (n == 32)
			expect("ICFGR: one by one", load32(at) & 0xaaaaaaaa, 0x88888888);
		store32(at, 0);
		expect("ICFGR: levels", load32(at) & 0xaaaaaaaa, 0);
	}
}

static void test_targets(void)
{
	u32 cpus = cpu_count(), all = ((1u << cpus) - 1) * 0x01010101u, n;
	u64 at;

	for (n = 0; n < interrupts && n < 1020; n += 4) {
		at = gic.gicd + ITARGETSR + n;
		if (cpus == 1 || n < 32) {
			store32(at, 0);
			expect(cpus == 1 ? "ITARGETSR: zero on one CPU" :
					   "ITARGETSR: private ones are this CPU's",
			       load32(at), cpus == 1 ? 0 : 0x01010101);
			continue;
		}
		store32(at, ~0u);
		errs(bare); /* QEMU keeps all eight */
		expect("ITARGETSR: CPUs that there are", load32(at), all);
		store32(at, 0x01020301 & all);
		expect("ITARGETSR: a word", load32(at), 0x01020301 & all);
		store8(at + 2, 1);
		expect("ITARGETSR: a byte", load32(at), (0x01020301 & 0xff00ffff & all) | 0x10000);
		expect("ITARGETSR: a byte", load8(at), 1);
		store32(at, 0x01010101);
	}
}

static void test_routers(void)
{
	u32 n;
	u64 at;

	for (n = 32; n < interrupts && n < 1020; n++) {
		at = gic.gicd + IROUTER + 8ul * n;
		store64(at, 0x1200345678ul);
		expect("IROUTER", load64(at) & 0xff00fffffful, 0x1200345678ul);
		expect("IROUTER, lower half", load32(at) & 0xffffff, 0x345678);
		expect("IROUTER, upper half", load32(at + 4), 0x12);
		store32(at + 4, 0);
		store32(at, 1);
		expect("IROUTER in halves", load64(at) & 0xff00fffffful, 1);
		store64(at, cpu_mpidr(0));
	}
	store64(gic.gicd + IROUTER + 8, ~0ul);
	expect("IROUTER of a private one", load64(gic.gicd + IROUTER + 8), 0);
	at = gic.gicd + IROUTER + 8ul * interrupts;
	store64(at, ~0ul);
	errs(bare);
	expect("IROUTER past the last", load64(at), 0);
}

/* ---- The CPU interface's registers ---- */

/* UNDEFINED at EL1: exception class 0. */
static void undefined(const char *what, u32 encoding, bool write)
{
	u64 esr = 1;

	if (write)
		msr(encoding, 0, &esr);
	else
		(void)mrs(encoding, &esr);
	expect(what, esr, 0x02000000);
}

#define ICC(crm, op2) SYSREG(3, 0, 12, crm, op2)

static void test_interface_v3(void)
{
	u64 ctlr = read_sysreg(icc_ctlr_el1);
	u32 bits = (u32)(ctlr >> 8 & 7) + 1, n;

	expect_true("ICC_CTLR_EL1.PRIbits", bits >= 4);
	expect("ICC_SRE_EL1", read_sysreg(icc_sre_el1) & 1, 1);
	for (n = 0; n < 4; n++) {
		write_sysreg(icc_ctlr_el1, n);
		expect("ICC_CTLR_EL1: CBPR, EOImode", read_sysreg(icc_ctlr_el1) & 0x43, n);
	}
	write_sysreg(icc_ctlr_el1, ~0ul);
	expect("ICC_CTLR_EL1: the rest stays", read_sysreg(icc_ctlr_el1), ctlr | 3);
	write_sysreg(icc_ctlr_el1, 0);
	for (n = 0; n < 2; n++) {
		write_sysreg(icc_igrpen0_el1, n);
		expect("ICC_IGRPEN0_EL1", read_sysreg(icc_igrpen0_el1), n);
		write_sysreg(icc_igrpen1_el1, n);
		expect("ICC_IGRPEN1_EL1", read_sysreg(icc_igrpen1_el1), n);
	}
	write_sysreg(icc_ap1r0_el1, 0);
	expect("ICC_AP0R0_EL1: idle", read_sysreg(icc_ap0r0_el1), 0);
	expect("ICC_AP1R0_EL1: idle", read_sysreg(icc_ap1r0_el1), 0);
	undefined("ICC_IAR1_EL1 is read-only", ICC(12, 0), true);
	undefined("ICC_IAR0_EL1 is read-only", ICC(8, 0), true);
	undefined("ICC_HPPIR1_EL1 is read-only", ICC(12, 2), true);
	undefined("ICC_RPR_EL1 is read-only", ICC(11, 3), true);
	undefined("ICC_EOIR1_EL1 is write-only", ICC(12, 1), false);
	undefined("ICC_EOIR0_EL1 is write-only", ICC(8, 1), false);
	undefined("ICC_DIR_EL1 is write-only", ICC(11, 1), false);
	undefined("ICC_SGI1R_EL1 is write-only", ICC(11, 5), false);
	undefined("ICC_ASGI1R_EL1 is write-only", ICC(11, 6), false);
	undefined("ICC_SGI0R_EL1 is write-only", ICC(11, 7), false);
	undefined("ICC_SRE_EL2 at EL1", SYSREG(3, 4, 12, 9, 5), false);
	undefined("ICC_CTLR_EL3 at EL1", SYSREG(3, 6, 12, 12, 4), false);
	undefined("ICC_IGRPEN1_EL3 at EL1", SYSREG(3, 6, 12, 12, 7), true);
	if (bits <= 5) {
		undefined("ICC_AP0R1_EL1 with five bits", ICC(8, 5), false);
		undefined("ICC_AP1R1_EL1 with five bits", ICC(9, 1), false);
		undefined("ICC_AP1R2_EL1 with five bits", ICC(9, 2), false);
		undefined("ICC_AP1R3_EL1 with five bits", ICC(9, 3), true);
	}
}

static void test_interface_v2(void)
{
	expect("GICC_IIDR: GICv2", load32(gic.gicc + GICC_IIDR) >> 16 & 0xf, 2);
	expect("GICC_IIDR: Arm", load32(gic.gicc + GICC_IIDR) & 0xfff, 0x43b);
	store32(gic.gicc + GICC_CTLR, ~0u);
	expect("GICC_CTLR", load32(gic.gicc + GICC_CTLR) & 0x21f, 0x21f);
	store32(gic.gicc + GICC_CTLR, 0x205);
	expect("GICC_CTLR", load32(gic.gicc + GICC_CTLR) & 0x21f, 0x205);
	errs(arg_u64("emulated", 0)); /* on a GICv3 that is nothing else no trap catches it */
	undefined("no ICC_SRE_EL1 with GICv2", ICC(12, 5), false);
	undefined("no ICC_IAR1_EL1 with GICv2", ICC(12, 0), false);
	undefined("no ICC_EOIR1_EL1 with GICv2", ICC(12, 1), true);
	undefined("no ICC_PMR_EL1 with GICv2", SYSREG(3, 0, 4, 6, 0), false);
	undefined("no ICC_IGRPEN1_EL1 with GICv2", ICC(12, 7), true);
	undefined("no ICC_SGI1R_EL1 with GICv2", ICC(11, 5), true);
	undefined("no ICC_DIR_EL1 with GICv2", ICC(11, 1), true);
	expect("ID_AA64PFR0_EL1.GIC", read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf, 0);
}

static void test_interface(void)
{
	u32 least0, least1, n;

	if (V3)
		test_interface_v3();
	else
		test_interface_v2();
	interface_defaults();
	idle("at first");
	expect("HPPIR: nothing", highest(MAIN), NONE);
	least0 = get_binary_point(0);
	least1 = get_binary_point(1);
	expect_true("BPR0: the least", least0 <= 3);
	errs(!V3 && lists); /* QEMU's GICV_ABPR has GICC_ABPR's least value */
	expect("BPR1: one more", least1, least0 + 1);
	for (n = least0; n < 8; n++) {
		set_binary_point(0, n);
		expect("BPR0", get_binary_point(0), n);
		set_binary_point(1, n);
		errs(!V3 && lists);
		expect("BPR1", get_binary_point(1), n < least1 ? least1 : n);
	}
	if (V3) {
		set_binary_point(0, 4);
		set_binary_point(1, 6);
		control(3, CBPR);
		expect("CBPR: BPR1 reads as BPR0 + 1", get_binary_point(1), 5);
		set_binary_point(1, 3);
		expect("CBPR: BPR1 is not written", get_binary_point(1), 5);
		set_binary_point(0, 7);
		expect("CBPR: at most 7", get_binary_point(1), 7);
		control(3, 0);
		expect("CBPR off: BPR1 as it was", get_binary_point(1), 6);
	}
	for (n = 0; n < 256; n += 0x10) {
		set_mask(n);
		expect("PMR", get_mask(), n);
	}
	set_mask(0xff);
	expect("PMR: four bits at least", get_mask() & 0xf0, 0xf0);
	interface_defaults();
}

/* ---- One interrupt's life ---- */

static void test_life(u32 intid, u32 group, u32 line)
{
	const u32 p = 0x80;

	clear_all();
	/* v2: group 1 by the common registers. */
	control(3, group ? ACKCTL : V3 ? 0 : FIQEN);
	if (!V3)
		group = 0;
	ready(intid, p, V3 ? group : line == IRQ);
	set(ICENABLER, intid);
	pend(intid);
	expect("pending", get(ISPENDR, intid), 1);
	expect("pending, by ICPENDR", get(ICPENDR, intid), 1);
	expect("not active", get(ISACTIVER, intid), 0);
	if (V3 || intid >= 16) {
		signals("disabled: not signalled", 0);
		expect("disabled: not the highest pending", highest(group) & 0x3ff, NONE);
	}
	set(ISENABLER, intid);
	signals("enabled: signalled", line);
	expect("the highest pending one", highest(group) & 0x3ff, intid);
	if (V3 || intid >= 16) {
		set(ICENABLER, intid);
		signals("disabled again: taken back", 0);
		expect("still pending", get(ISPENDR, intid), 1);
		set(ISENABLER, intid);
		set(ICPENDR, intid);
		signals("not pending: taken back", 0);
		expect("spurious", ack(group), NONE);
		pend(intid);
	}
	set_mask(p);
	signals("masked: not signalled", 0);
	expect("masked: spurious", ack(group), NONE);
	errs(qemu_v2); /* looks at the mask */
	expect("masked: the highest pending all the same", highest(group) & 0x3ff, intid);
	set_mask(p + 0x10);
	signals("unmasked: signalled", line);
	set_mask(0);
	signals("all masked", 0);
	set_mask(0xff);
	distributor(0);
	signals("distributor off: not signalled", 0);
	expect("distributor off: spurious", ack(group), NONE);
	distributor(3);
	signals("distributor on: signalled", line);
	expect("acknowledge", take(group) & 0x3ff, intid);
	expect("acknowledged: active", get(ISACTIVER, intid), 1);
	expect("acknowledged: not pending", get(ISPENDR, intid), 0);
	expect("running priority", running(), p);
	signals("nothing more", 0);
	pend(intid);
	expect("active and pending", get(ISPENDR, intid) && get(ISACTIVER, intid), 1);
	signals("active and pending: not signalled", 0);
	expect("active and pending: spurious", ack(group), NONE);
	end(group, intid);
	expect("ended: not active", get(ISACTIVER, intid), 0);
	expect("ended: idle priority", running(), 0xff);
	signals("ended: signalled again", line);
	expect("acknowledge again", take(group) & 0x3ff, intid);
	end(group, intid);
	expect("over: not active", get(ISACTIVER, intid), 0);
	expect("over: not pending", get(ISPENDR, intid), 0);
	idle("after an interrupt's life");
}

static void test_lives(void)
{
	static const u32 intids[] = {0, 7, 15, 27, 30, SPI, SPI + SPIS - 1};
	u32 i;

	for (i = 0; i < sizeof(intids) / sizeof(*intids); i++) {
		test_life(intids[i], 1, IRQ);
		test_life(intids[i], 0, FIQ);
	}
	clear_all();
}

/* ---- Priorities ---- */

static void test_order(void)
{
	u32 n, first, second;

	clear_all();
	for (n = 0; n < 4; n++)
		ready(SPI + n, 0xa0 - 0x20 * n, MAIN);
	for (n = 0; n < 4; n++)
		pend(SPI + n);
	for (n = 4; n-- > 0;) {
		expect("by priority: pending", highest(MAIN), SPI + n);
		expect("by priority", take(MAIN), SPI + n);
		expect("by priority: running", running(), 0xa0 - 0x20 * n);
		signals("less urgent: waits", 0);
		end(MAIN, SPI + n);
	}
	idle("after an order");
	for (n = 0; n < 4; n++) {
		pend(SPI + n);
		expect("preemption", take(MAIN), SPI + n);
	}
	for (n = 4; n-- > 0;) {
		expect("nested: running", running(), 0xa0 - 0x20 * n);
		end(MAIN, SPI + n);
	}
	idle("after nesting");
	/* Equal ones: each once, one after the other. */
	ready(SPI, 0x60, MAIN);
	ready(SPI + 1, 0x60, MAIN);
	pend(SPI);
	pend(SPI + 1);
	first = take(MAIN);
	signals("equal: waits", 0);
	end(MAIN, first);
	second = take(MAIN);
	end(MAIN, second);
	expect("equal: both", first + second, 2 * SPI + 1);
	expect("equal: once", first != second, 1);
	idle("after equals");
	/* A priority changes while it is pending, and while it is active. */
	ready(SPI, 0x80, MAIN);
	ready(SPI + 1, 0x60, MAIN);
	pend(SPI);
	pend(SPI + 1);
	set_priority(SPI, 0x40);
	expect("made more urgent", highest(MAIN), SPI);
	set_priority(SPI, 0x80);
	expect("made less urgent", highest(MAIN), SPI + 1);
	set_mask(0x60);
	signals("behind the mask", 0);
	set_priority(SPI, 0x50);
	signals("before the mask", IRQ);
	set_mask(0xff);
	expect("taken with its new priority", take(MAIN), SPI);
	expect("its new priority", running(), 0x50);
	set_priority(SPI, 0xc0);
	expect("running stays as it was acknowledged", running(), 0x50);
	signals("and keeps others back", 0);
	end(MAIN, SPI);
	expect("then the other", take(MAIN), SPI + 1);
	end(MAIN, SPI + 1);
	idle("after changes of priority");
}

/* Interrupt A of priority 0x80 runs; B preempts it if its group priority is higher. */
static void preempts(u32 group, u32 point, u32 low, u32 b)
{
	u32 mask = low > 7 ? 0 : 0xffu << low & 0xff;
	bool does = (b & mask) < (0x80 & mask);

	set_priority(SPI, 0x80);
	set_priority(SPI + 1, b);
	pend(SPI);
	expect("binary point: the first", take(group), SPI);
	if (point < 7)
		expect("binary point: running", running(), 0x80 & mask);
	pend(SPI + 1);
	signals(does ? "binary point: preempts" : "binary point: doesn't preempt", does ? IRQ : 0);
	if (does) {
		expect("binary point: the second", take(group), SPI + 1);
		expect("binary point: running", running(), b & mask);
		end(group, SPI + 1);
	}
	end(group, SPI);
	if (!does) {
		expect("binary point: the second, later", take(group), SPI + 1);
		end(group, SPI + 1);
	}
}

static void test_binary_points(void)
{
	static const u32 others[] = {0x78, 0x70, 0x60, 0x40, 0x00};
	u32 point, i, least;

	clear_all();
	ready(SPI, 0x80, MAIN);
	ready(SPI + 1, 0x80, MAIN);
	least = get_binary_point(MAIN);
	for (point = least; point < 8; point++) {
		set_binary_point(MAIN, point);
		for (i = 0; i < sizeof(others) / sizeof(*others); i++)
			preempts(MAIN, point, MAIN ? point : point + 1, others[i]);
	}
	/* One binary point for both groups: group 0's. v2's group 1 by AckCtl. */
	set_group(SPI, 1);
	set_group(SPI + 1, 1);
	control(V3 ? 2 : 3, CBPR | ACKCTL);
	for (point = get_binary_point(0) < 3 ? 3 : 4; point < 7; point++) {
		set_binary_point(0, point);
		for (i = 0; i < sizeof(others) / sizeof(*others); i++)
			preempts(V3, point, point + 1, others[i]);
	}
	clear_all();
	idle("after binary points");
	/* Subpriorities decide between two that are pending, not about preemption. */
	set_binary_point(MAIN, 6);
	ready(SPI, 0x90, MAIN);
	ready(SPI + 1, 0x88, MAIN);
	set_priority(SPI + 1, 0x80);
	pend(SPI);
	pend(SPI + 1);
	expect("subpriority: the better first", take(MAIN), SPI + 1);
	signals("subpriority: no preemption", 0);
	end(MAIN, SPI + 1);
	expect("subpriority: then the other", take(MAIN), SPI);
	end(MAIN, SPI);
	clear_all();
	idle("after subpriorities");
}

/* ---- Active priorities: AP0Rn, AP1Rn, GICC_APR ---- */

static void test_active_priorities(void)
{
	u32 bits = V3 ? (u32)(read_sysreg(icc_ctlr_el1) >> 8 & 7) + 1 : 5, n;
	u64 want = 0;

	if (!V3 || bits != 5)
		return; /* how many levels GICC_APR has is the implementation's choice */
	clear_all();
	control(3, 0);
	for (n = 0; n < 8; n++) {
		ready(SPI + n, 0xe8 - 0x18 * n, n % 2);
		pend(SPI + n);
		expect("active priorities: taken", take(n % 2), SPI + n);
		if (n % 2)
			want |= 1ul << (0xe8 - 0x18 * n) / 8;
		expect("ICC_AP1R0_EL1", read_sysreg(icc_ap1r0_el1), want);
	}
	expect("ICC_AP0R0_EL1", read_sysreg(icc_ap0r0_el1),
	       1ul << 29 | 1ul << 23 | 1ul << 17 | 1ul << 11);
	for (n = 8; n-- > 0;)
		end(n % 2, SPI + n);
	expect("ICC_AP0R0_EL1: ended", read_sysreg(icc_ap0r0_el1), 0);
	expect("ICC_AP1R0_EL1: ended", read_sysreg(icc_ap1r0_el1), 0);
	clear_all();
	idle("after active priorities");
}

/* ---- Groups ---- */

/* Each of the enables alone: the distributor's and the interface's. */
static void test_group_enables(void)
{
	u32 group, d, c, how = V3 ? 0 : FIQEN | ACKCTL;

	clear_all();
	for (group = 0; group < 2; group++) {
		ready(SPI, 0x80, group);
		pend(SPI);
		for (d = 0; d < 4; d++)
			for (c = 0; c < 4; c++) {
				bool on = d >> group & c >> group & 1;

				distributor(d);
				control(c, how);
				signals("group enables", on ? (group ? IRQ : FIQ) : 0);
				/* QEMU takes what the interface has off, if the other group is on */
				errs(qemu_v2);
				expect("group enables: pending", highest(V3 ? group : 0),
				       on ? SPI : NONE);
				if (!on && !qemu_v2)
					expect("group enables: spurious", ack(V3 ? group : 0),
					       NONE);
			}
		expect("group enables: still pending", get(ISPENDR, SPI), 1);
		expect("group enables: taken", take(V3 ? group : 0), SPI);
		end(V3 ? group : 0, SPI);
	}
	clear_all();
	idle("after group enables");
}

static void test_groups_v3(void)
{
	clear_all();
	control(3, 0);
	ready(SPI, 0x80, 0);
	ready(SPI + 1, 0x60, 1);
	pend(SPI);
	signals("group 0: FIQ", FIQ);
	expect("group 0: not by IAR1", ack(1), NONE);
	expect("group 0: not by HPPIR1", highest(1), NONE);
	expect("group 0: by HPPIR0", highest(0), SPI);
	expect("group 0: still pending", get(ISPENDR, SPI), 1);
	pend(SPI + 1);
	signals("group 1 is more urgent: IRQ", IRQ);
	expect("group 1: not by IAR0", ack(0), NONE);
	expect("group 1: not by HPPIR0", highest(0), NONE);
	expect("group 1: by HPPIR1", highest(1), SPI + 1);
	expect("group 1: taken", take(1), SPI + 1);
	signals("group 0 less urgent: waits", 0);
	set_priority(SPI, 0x40);
	signals("group 0 more urgent: preempts", FIQ);
	expect("group 0: taken", take(0), SPI);
	expect("group 0: running", running(), 0x40);
	end(0, SPI);
	expect("group 1: running", running(), 0x60);
	end(1, SPI + 1);
	idle("after groups");
	expect("idle: IAR0", ack(0), NONE);
	/* Pending, it changes its group. */
	ready(SPI, 0x80, 0);
	pend(SPI);
	signals("group 0", FIQ);
	set_group(SPI, 1);
	signals("made group 1", IRQ);
	expect("made group 1: taken", take(1), SPI);
	end(1, SPI);
	/* A group that is off hides nothing of the other. */
	ready(SPI, 0x40, 0);
	ready(SPI + 1, 0x80, 1);
	pend(SPI);
	pend(SPI + 1);
	control(2, 0);
	errs(bare);
	signals("group 0 is off: group 1 is signalled", IRQ);
	errs(bare);
	expect("group 0 is off: group 1 is the highest", highest(1), SPI + 1);
	control(3, 0);
	expect("group 0 is on again", take(0), SPI);
	end(0, SPI);
	expect("then group 1", take(1), SPI + 1);
	end(1, SPI + 1);
	/* Each has its own binary point. */
	set_binary_point(0, 2);
	set_binary_point(1, 7);
	ready(SPI, 0xf0, 1);
	ready(SPI + 2, 0xa0, 0);
	pend(SPI);
	expect("BPR1 = 7: taken", take(1), SPI);
	expect("BPR1 = 7: f0 runs as 80", running(), 0x80);
	pend(SPI + 2);
	signals("a0 does not preempt 80", 0);
	expect("a0 is pending", highest(0), SPI + 2);
	set_priority(SPI + 2, 0x78);
	signals("78 preempts 80", FIQ);
	expect("78 is taken", take(0), SPI + 2);
	expect("BPR0 = 2: 78 runs as itself", running(), 0x78);
	end(0, SPI + 2);
	end(1, SPI);
	clear_all();
	idle("after groups' binary points");
}

static void test_groups_v2(void)
{
	clear_all();
	control(3, 0);
	ready(SPI, 0x80, 1);
	ready(SPI + 1, 0x60, 0);
	pend(SPI);
	signals("group 1: IRQ", IRQ);
	expect("group 1 without AckCtl: 1022", ack(0), 1022);
	expect("group 1 without AckCtl: HPPIR 1022", highest(0), 1022);
	expect("1022 takes nothing", get(ISPENDR, SPI), 1);
	expect("1022 takes nothing", running(), 0xff);
	control(3, ACKCTL);
	expect("group 1 with AckCtl: HPPIR", highest(0), SPI);
	control(3, 0);
	errs(qemu_v2);
	expect("group 1: AHPPIR", highest(1), SPI);
	pend(SPI + 1);
	errs(qemu_v2);
	expect("group 0 is better: AIAR", ack(1), NONE);
	errs(qemu_v2);
	expect("group 0 is better: AHPPIR", highest(1), NONE);
	expect("group 0: IAR", take(0), SPI + 1);
	signals("group 1 waits", 0);
	end(0, SPI + 1);
	expect("group 1: HPPIR", highest(0), 1022);
	if (qemu_v2) {
		control(3, ACKCTL);
		expect("group 1 with AckCtl: IAR", take(0), SPI);
		end(0, SPI);
	} else {
		expect("group 1: AIAR", take(1), SPI);
		expect("group 1: running", running(), 0x80);
		end(1, SPI);
	}
	idle("after groups");
	/* FIQEn: group 0 by FIQ. */
	control(3, FIQEN | ACKCTL);
	pend(SPI + 1);
	signals("FIQEn: group 0 by FIQ", FIQ);
	pend(SPI);
	signals("FIQEn: group 0, and group 1 waits", FIQ);
	control(3, ACKCTL);
	signals("no FIQEn: group 0 by IRQ", IRQ);
	control(3, FIQEN | ACKCTL);
	expect("FIQEn: taken", take(0), SPI + 1);
	end(0, SPI + 1);
	signals("FIQEn: group 1 by IRQ", IRQ);
	expect("FIQEn: group 1", take(0), SPI);
	end(0, SPI);
	clear_all();
	idle("after FIQEn");
}

/* ---- EOImode 1 ---- */

static void test_split(void)
{
	u32 n;

	clear_all();
	control(V3 ? 2 : 1, SPLIT);
	ready(SPI, 0x80, MAIN);
	pend(SPI);
	expect("EOImode 1: taken", take(MAIN), SPI);
	end(MAIN, SPI);
	expect("EOImode 1: EOI drops the priority", running(), 0xff);
	expect("EOImode 1: still active", get(ISACTIVER, SPI), 1);
	pend(SPI);
	signals("EOImode 1: not while active", 0);
	deactivate(SPI);
	expect("EOImode 1: DIR deactivates", get(ISACTIVER, SPI), 0);
	signals("EOImode 1: again", IRQ);
	expect("EOImode 1: again", take(MAIN), SPI);
	end(MAIN, SPI);
	set(ICACTIVER, SPI);
	expect("EOImode 1: ICACTIVER in place of DIR", get(ISACTIVER, SPI), 0);
	idle("after EOImode 1");
	/* Several whose priority is dropped, deactivated out of order. */
	for (n = 0; n < 8; n++) {
		ready(SPI + n, 0x80, MAIN);
		pend(SPI + n);
		expect("EOImode 1: one of eight", take(MAIN), SPI + n);
		end(MAIN, SPI + n);
	}
	expect("EOImode 1: eight active", word(ISACTIVER, SPI / 32) >> SPI % 32 & 0xff, 0xff);
	for (n = 0; n < 8; n++) {
		deactivate(SPI + n * 5 % 8);
		expect("EOImode 1: out of order", get(ISACTIVER, SPI + n * 5 % 8), 0);
	}
	expect("EOImode 1: none active", word(ISACTIVER, SPI / 32) >> SPI % 32 & 0xff, 0);
	/* SGI and PPI */
	ready(5, 0x40, MAIN);
	ready(27, 0x60, MAIN);
	pend(27);
	expect("EOImode 1: PPI", take(MAIN), 27);
	pend(5);
	expect("EOImode 1: SGI", take(MAIN) & 0x3ff, 5);
	n = V3 ? 5 : 5 | this_cpu()->number << 10;
	end(MAIN, n);
	end(MAIN, 27);
	expect("EOImode 1: both active", word(ISACTIVER, 0) & (1u << 27 | 1u << 5),
	       1u << 27 | 1u << 5);
	deactivate(27);
	deactivate(n);
	expect("EOImode 1: none active", word(ISACTIVER, 0), 0);
	clear_all();
	idle("after EOImode 1");
}

/* ---- The active state, set and cleared ---- */

static void test_active(void)
{
	clear_all();
	ready(SPI, 0x80, MAIN);
	set(ISACTIVER, SPI);
	expect("set active", get(ISACTIVER, SPI) && get(ICACTIVER, SPI), 1);
	expect("set active: runs nothing", running(), 0xff);
	pend(SPI);
	signals("set active: not signalled", 0);
	expect("set active: not the highest pending", highest(MAIN), NONE);
	set(ICENABLER, SPI);
	expect("set active: while disabled too", get(ISACTIVER, SPI), 1);
	set(ISENABLER, SPI);
	set(ICACTIVER, SPI);
	signals("clear active: signalled", IRQ);
	set(ISACTIVER, SPI);
	signals("set active once more: taken back", 0);
	expect("set active once more: spurious", ack(MAIN), NONE);
	expect("still pending", get(ISPENDR, SPI), 1);
	set(ICACTIVER, SPI);
	expect("clear active: taken", take(MAIN), SPI);
	/* Not active any more, its priority runs until its EOI. */
	set(ICACTIVER, SPI);
	expect("cleared while it runs", get(ISACTIVER, SPI), 0);
	expect("cleared while it runs: priority", running(), 0x80);
	pend(SPI);
	signals("its own priority keeps it back", 0);
	ready(SPI + 1, 0x40, MAIN);
	pend(SPI + 1);
	expect("not a more urgent one", take(MAIN), SPI + 1);
	end(MAIN, SPI + 1);
	set(ICPENDR, SPI);
	end(MAIN, SPI);
	expect("EOI drops it all the same", running(), 0xff);
	idle("after active state");
	/* A PPI, and an SGI. */
	ready(27, 0x80, MAIN);
	set(ISACTIVER, 27);
	pend(27);
	signals("PPI set active", 0);
	set(ICACTIVER, 27);
	expect("PPI cleared: taken", take(MAIN), 27);
	end(MAIN, 27);
	ready(9, 0x80, MAIN);
	set(ISACTIVER, 9);
	pend(9);
	signals("SGI set active", 0);
	expect("SGI set active", get(ISACTIVER, 9), 1);
	set(ICACTIVER, 9);
	expect("SGI cleared: taken", take(MAIN) & 0x3ff, 9);
	end(MAIN, V3 ? 9 : 9 | this_cpu()->number << 10);
	clear_all();
	idle("after active state");
}

/* ---- Levels ---- */

static void timer_line(u32 intid, bool high)
{
	if (intid == 27) {
		write_sysreg(cntv_cval_el0, 0);
		write_sysreg(cntv_ctl_el0, high ? 1 : 3);
	} else {
		write_sysreg(cntp_cval_el0, 0);
		write_sysreg(cntp_ctl_el0, high ? 1 : 3);
	}
	dsb();
	isb();
}

static void uart_line(u32 intid, bool high)
{
	(void)intid;
	store32(UART + 0x38, high ? 0x20 : 0); /* IMSC.TXIM: something was sent before */
	dsb();
}

/* Pending: to be seen within a second, which is only a hang guard. */
static void pending(const char *what, u32 intid, bool want)
{
	u64 until = guard();

	while (get(ISPENDR, intid) != want && timer_now() < until)
		;
	expect(what, get(ISPENDR, intid), want);
	expect(what, get(ICPENDR, intid), want);
}

static void test_level(u32 intid, void (*line)(u32 intid, bool high))
{
	clear_all();
	line(intid, false);
	ready(intid, 0x80, MAIN);
	if (intid >= 32)
		set_edge(intid, false);
	set(ICENABLER, intid);
	pending("line low", intid, false);
	line(intid, true);
	pending("line high, disabled", intid, true);
	set(ICPENDR, intid);
	pending("a line can't be cleared", intid, true);
	line(intid, false);
	pending("pending drops with the line", intid, false);
	line(intid, true);
	signals("line high, disabled: not signalled", 0);
	set(ISENABLER, intid);
	signals("line high: signalled", IRQ);
	line(intid, false);
	pending("line low again", intid, false);
	signals("line low again: taken back", 0);
	expect("line low again: spurious", ack(MAIN), NONE);
	line(intid, true);
	expect("line high: taken", take(MAIN), intid);
	expect("taken: active", get(ISACTIVER, intid), 1);
	pending("taken, line high: pending too", intid, true);
	signals("taken: not signalled", 0);
	end(MAIN, intid);
	signals("ended, line high: again", IRQ);
	expect("ended, line high: taken again", take(MAIN), intid);
	line(intid, false);
	pending("line low while active", intid, false);
	expect("line low while active: still active", get(ISACTIVER, intid), 1);
	end(MAIN, intid);
	idle("line low: over");
	/* ISPENDR latches, whatever the line does. */
	pend(intid);
	signals("ISPENDR without a line", IRQ);
	line(intid, true);
	line(intid, false);
	pending("the latch stays", intid, true);
	expect("the latch: taken", take(MAIN), intid);
	pending("taken: the latch is gone", intid, false);
	end(MAIN, intid);
	idle("the latch: over");
	pend(intid);
	set(ICPENDR, intid);
	pending("the latch can be cleared", intid, false);
	/* The distributor is off while the line rises. */
	distributor(0);
	line(intid, true);
	pending("line high, distributor off", intid, true);
	signals("line high, distributor off", 0);
	distributor(3);
	expect("distributor on: taken", take(MAIN), intid);
	line(intid, false);
	end(MAIN, intid);
	/* EOImode 1 */
	control(V3 ? 2 : 1, SPLIT);
	line(intid, true);
	expect("EOImode 1: taken", take(MAIN), intid);
	end(MAIN, intid);
	signals("EOImode 1: not while active", 0);
	deactivate(intid);
	signals("EOImode 1, line high: again", IRQ);
	expect("EOImode 1, line high: taken again", take(MAIN), intid);
	end(MAIN, intid);
	line(intid, false);
	deactivate(intid);
	clear_all();
	idle("after a level");
}

static void test_levels(void)
{
	test_level(27, timer_line);
	test_level(30, timer_line);
	test_level(UART_INTID, uart_line);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
}

/* An edge is latched once, and is not lost while active or disabled. */
static void test_edges(void)
{
	clear_all();
	set_edge(UART_INTID, true);
	ready(UART_INTID, 0x80, MAIN);
	uart_line(UART_INTID, false);
	set(ICPENDR, UART_INTID);
	uart_line(UART_INTID, true);
	expect("edge: taken", take(MAIN), UART_INTID);
	expect("edge: not pending with its line", get(ISPENDR, UART_INTID), 0);
	end(MAIN, UART_INTID);
	idle("edge: once");
	uart_line(UART_INTID, false);
	idle("edge: not by its fall");
	uart_line(UART_INTID, true);
	uart_line(UART_INTID, false);
	signals("edge: latched", IRQ);
	expect("edge: taken", take(MAIN), UART_INTID);
	uart_line(UART_INTID, true);
	uart_line(UART_INTID, false);
	expect("edge while active: pending", get(ISPENDR, UART_INTID), 1);
	end(MAIN, UART_INTID);
	expect("edge while active: taken", take(MAIN), UART_INTID);
	end(MAIN, UART_INTID);
	uart_line(UART_INTID, true);
	uart_line(UART_INTID, false);
	set(ICPENDR, UART_INTID);
	idle("edge: cleared");
	clear_all();
	set_edge(UART_INTID, false);
}

/* ---- SGIs ---- */

static u32 source(u32 intid, u32 cpu)
{
	return V3 ? intid : intid | cpu << 10;
}

static void sgir(u32 filter, u32 targets, u32 intid)
{
	dsb();
	store32(gic.gicd + SGIR, filter << 24 | targets << 16 | intid);
	dsb();
}

static void test_sgis_v2(void)
{
	u32 n;

	clear_all();
	sgir(0, 1, 3);
	expect("GICD_SGIR to a list", take(0), 3);
	end(0, 3);
	sgir(2, 0, 4);
	expect("GICD_SGIR to oneself", take(0), 4);
	end(0, 4);
	sgir(2, 0xff, 4);
	expect("GICD_SGIR to oneself, the list is ignored", take(0), 4);
	end(0, 4);
	sgir(1, 1, 5);
	sgir(0, 0, 6);
	sgir(0, 0xfe & ~((1u << cpu_count()) - 1), 8);
	idle("others, nobody, CPUs that are not");
	set(ISPENDR, 9);
	expect("ISPENDR is read-only for SGIs", get(ISPENDR, 9), 0);
	sgir(2, 0, 9);
	set(ICPENDR, 9);
	expect("ICPENDR is read-only for SGIs", get(ISPENDR, 9), 1);
	expect("CPENDSGIR: the sender", load8(gic.gicd + CPENDSGIR + 9), 1);
	expect("SPENDSGIR: the same", load32(gic.gicd + SPENDSGIR + 8), 0x100);
	store8(gic.gicd + CPENDSGIR + 9, 1);
	expect("CPENDSGIR clears", get(ISPENDR, 9), 0);
	idle("after CPENDSGIR");
	for (n = 0; n < 16; n += 4) {
		store32(gic.gicd + SPENDSGIR + n, 0x01010101);
		expect("SPENDSGIR: a word", load32(gic.gicd + SPENDSGIR + n), 0x01010101);
		store32(gic.gicd + CPENDSGIR + n, 0x00010001);
		expect("CPENDSGIR: a word", load32(gic.gicd + CPENDSGIR + n), 0x01000100);
		store32(gic.gicd + CPENDSGIR + n, 0xffffffff);
		expect("CPENDSGIR: all", load32(gic.gicd + CPENDSGIR + n), 0);
	}
	for (n = 0; n < 16; n++) {
		sgir(2, 0, n);
		sgir(2, 0, n);
		expect("each SGI once", take(0), n);
		end(0, n);
		signals("each SGI once", 0);
	}
	idle("after SGIs");
	if (cpu_count() < 3)
		return;
	/* By several CPUs: one after the other, each with its sender. */
	store8(gic.gicd + SPENDSGIR + 2, 0x6);
	expect("SGI of two CPUs", load8(gic.gicd + SPENDSGIR + 2), 0x6);
	errs(qemu_v2); /* it leaves the sender out */
	expect("SGI of two CPUs: HPPIR names the one to be taken", highest(0), 2 | 1 << 10);
	expect("SGI of two CPUs: the first", take(0), 2 | 1 << 10);
	expect("SGI of two CPUs: one is left", load8(gic.gicd + SPENDSGIR + 2), 0x4);
	expect("SGI of two CPUs: pending and active", get(ISPENDR, 2) && get(ISACTIVER, 2), 1);
	end(0, 2 | 1 << 10);
	expect("SGI of two CPUs: the second", take(0), 2 | 2 << 10);
	end(0, 2 | 2 << 10);
	idle("after SGIs of two CPUs");
	store8(gic.gicd + SPENDSGIR + 2, 0xff);
	errs(bare);
	expect("SPENDSGIR: CPUs that there are", load8(gic.gicd + SPENDSGIR + 2),
	       (1u << cpu_count()) - 1);
	store8(gic.gicd + CPENDSGIR + 2, 0xfd);
	expect("CPENDSGIR: all but one", load8(gic.gicd + SPENDSGIR + 2), 2);
	expect("CPENDSGIR: the one", take(0), 2 | 1 << 10);
	end(0, 2 | 1 << 10);
	idle("after SPENDSGIR");
}

static void sgi1r(u64 value)
{
	dsb();
	write_sysreg(icc_sgi1r_el1, value);
	dsb();
}

static void test_sgis_v3(void)
{
	u64 self = read_sysreg(mpidr_el1), list = 1ul << (self & 0xf);
	u32 n;

	clear_all();
	control(3, 0);
	for (n = 0; n < 16; n++) {
		ready(n, 0x80, 1);
		sgi1r((u64)n << 24 | list);
		expect("ICC_SGI1R_EL1: pending", get(ISPENDR, n), 1);
		sgi1r((u64)n << 24 | list);
		expect("ICC_SGI1R_EL1: once", take(1), n);
		expect("ICC_SGI1R_EL1: taken", get(ISPENDR, n), 0);
		end(1, n);
		signals("ICC_SGI1R_EL1: once", 0);
	}
	sgi1r(1ul << 40 | 3 << 24 | list);
	sgi1r(3 << 24);
	sgi1r(3 << 24 | (0xfffful & ~((1ul << cpu_count()) - 1)));
	sgi1r(1ul << 16 | 3 << 24 | list);
	sgi1r(1ul << 32 | 3 << 24 | list);
	sgi1r(1ul << 48 | 3 << 24 | list);
	idle("others, nobody, CPUs that are not");
	ready(3, 0x80, 0);
	ready(4, 0x80, 1);
	dsb();
	write_sysreg(icc_sgi0r_el1, 3 << 24 | list);
	write_sysreg(icc_sgi0r_el1, 4 << 24 | list);
	expect("ICC_SGI0R_EL1: group 0", get(ISPENDR, 3), 1);
	expect("ICC_SGI0R_EL1: not group 1", get(ISPENDR, 4), 0);
	signals("ICC_SGI0R_EL1: FIQ", FIQ);
	expect("ICC_SGI0R_EL1: taken", take(0), 3);
	end(0, 3);
	set(ICPENDR, 4);
	set(ISPENDR, 4);
	expect("SGI by ISPENDR", take(1), 4);
	end(1, 4);
	set(ISPENDR, 4);
	set(ICPENDR, 4);
	idle("SGI by ISPENDR, cleared");
	clear_all();
	idle("after SGIs");
}

/* ---- More than there are list registers ---- */

static void test_many_pending(bool split)
{
	u32 n, got, seen = 0;
	bool order = true;

	clear_all();
	control(V3 ? 2 : 1, split ? SPLIT : 0);
	for (n = 0; n < SPIS; n++)
		ready(SPI + n, n * 7 % SPIS * 8 + 8, MAIN);
	for (n = 0; n < SPIS; n++)
		pend(SPI + n);
	for (n = 0; n < SPIS; n++) {
		expect("many pending: the highest", highest(MAIN),
		       SPI + n * 7 % SPIS); /* 7 is its own inverse modulo 24 */
		got = take(MAIN);
		order = order && got == SPI + n * 7 % SPIS && running() == n * 8 + 8;
		seen |= 1u << (got - SPI) % 32;
		end(MAIN, got);
		if (split)
			deactivate(got);
	}
	expect("many pending: each once", seen, (1u << SPIS) - 1);
	expect("many pending: in order", order, 1);
	expect("many pending: none is left", word(ISPENDR, 3) | word(ISACTIVER, 3), 0);
	idle("after many pending");
}

static void test_many_active(bool split)
{
	u32 n;

	clear_all();
	control(V3 ? 2 : 1, split ? SPLIT : 0);
	for (n = 0; n < SPIS; n++) {
		ready(SPI + n, 0xf0 - 8 * n, MAIN);
		pend(SPI + n);
		expect("many nested: taken", take(MAIN), SPI + n);
		expect("many nested: running", running(), 0xf0 - 8 * n);
	}
	expect("many nested: all active", word(ISACTIVER, 3) >> SPI % 32, (1u << SPIS) - 1);
	/* Each is pending once more, and waits for its end. */
	for (n = 0; n < SPIS; n += 3)
		pend(SPI + n);
	signals("many nested: nothing is signalled", 0);
	ready(5, 0, MAIN);
	pend(5);
	expect("many nested: one more", take(MAIN) & 0x3ff, 5);
	end(MAIN, source(5, 0));
	if (split)
		deactivate(source(5, 0));
	for (n = SPIS; n-- > 0;) {
		end(MAIN, SPI + n);
		if (split) {
			expect("many nested: still active", get(ISACTIVER, SPI + n), 1);
			deactivate(SPI + n);
		}
		expect("many nested: not active", get(ISACTIVER, SPI + n), 0);
		if (n % 3 == 0) {
			expect("many nested: again", take(MAIN), SPI + n);
			end(MAIN, SPI + n);
			if (split)
				deactivate(SPI + n);
		}
		expect("many nested: running", running(), n ? 0xf0 - 8 * (n - 1) : 0xff);
	}
	clear_all();
	idle("after many nested");
}

/* All kinds at once: SGIs, a PPI, SPIs of both groups. */
static void test_mixed(void)
{
	u32 n, k, intid, total = 0;

	clear_all();
	control(3, V3 ? 0 : ACKCTL);
	for (n = 0; n < 16; n++) {
		ready(n, 0x10 + 0x30 * (n % 4), n % 2);
		ready(SPI + n, 0x20 + 0x30 * (n % 4), n / 2 % 2);
	}
	ready(27, 0xd8, MAIN);
	for (n = 0; n < 16; n++) {
		pend(SPI + n);
		pend(n);
	}
	pend(27);
	for (n = 0; n < 33; n++) {
		u32 last = running();

		signals("mixed: signalled", V3 ? (highest(0) < 1020 ? FIQ : IRQ) : IRQ);
		k = V3 ? highest(0) >= 1020 : 0;
		intid = ack(k) & 0x3ff;
		expect("mixed: one that is pending", intid < interrupts, 1);
		total += intid;
		expect("mixed: more urgent than what runs", running() < last, 1);
		end(k, source(intid, 0));
	}
	expect("mixed: all", total, 120 + 16 * SPI + 120 + 27);
	clear_all();
	idle("after all kinds at once");
}

/* ---- Vectors, WFI ---- */

static volatile u32 vector_irqs, vector_fiqs;

static void on_vector_irq(struct frame *f)
{
	(void)f;
	vector_irqs++;
	end(V3 ? 1 : 0, ack(V3 ? 1 : 0));
}

static bool on_vector_fiq(struct frame *f)
{
	if ((f->kind & 3) != 2)
		return false;
	vector_fiqs++;
	end(0, ack(0));
	return true;
}

static void test_vectors(void)
{
	clear_all();
	control(3, V3 ? 0 : FIQEN | ACKCTL);
	ready(SPI, 0x80, 1);
	ready(SPI + 1, 0x80, 0);
	on_irq = on_vector_irq;
	on_sync = on_vector_fiq;
	__asm__ volatile("msr daifclr, #3\n	isb" ::: "memory");
	pend(SPI);
	signals("IRQ vector: over", 0);
	expect("IRQ vector", vector_irqs, 1);
	expect("IRQ vector: no FIQ", vector_fiqs, 0);
	pend(SPI + 1);
	signals("FIQ vector: over", 0);
	expect("FIQ vector", vector_fiqs, 1);
	expect("FIQ vector: no IRQ", vector_irqs, 1);
	__asm__ volatile("msr daifset, #3" ::: "memory");
	on_irq = NULL;
	on_sync = NULL;
	/* Masked in PSTATE it ends a WFI; what the mask of priorities holds back does not. */
	pend(SPI);
	wfi();
	expect("WFI ends with a pending IRQ", take(V3 ? 1 : 0), SPI);
	end(V3 ? 1 : 0, SPI);
	pend(SPI + 1);
	wfi();
	expect("WFI ends with a pending FIQ", take(0), SPI + 1);
	end(0, SPI + 1);
	clear_all();
	ready(27, 0x80, MAIN);
	write_sysreg(cntv_cval_el0, timer_now() + timer_hz() / 1000);
	write_sysreg(cntv_ctl_el0, 1);
	while (!lines())
		wfi();
	expect("WFI ends with the timer", take(MAIN), 27);
	write_sysreg(cntv_ctl_el0, 0);
	end(MAIN, 27);
	clear_all();
	idle("after WFI");
}

/* ---- Other CPUs ---- */

static struct {
	volatile u32 up, asked, done;
	u64 (*volatile what)(u64 arg);
	volatile u64 arg, answer;
} others[SKERRY_VCPUS_MAX];

static void other_cpu(u64 n)
{
	gic_init();
	clear_private();
	others[n].up = 1;
	for (;;) {
		while (others[n].asked == others[n].done)
			yield();
		dsb();
		others[n].answer = others[n].what(others[n].arg);
		dsb();
		others[n].done = others[n].asked;
	}
}

/* Has CPU n call what(arg), and gives what it returns; ~0: it never did. */
static u64 on(u32 n, u64 (*what)(u64 arg), u64 arg)
{
	u64 until = timer_now() + 10 * timer_hz(); /* a hang guard */

	if (n == this_cpu()->number)
		return what(arg);
	others[n].what = what;
	others[n].arg = arg;
	dsb();
	others[n].asked++;
	while (others[n].done != others[n].asked && timer_now() < until)
		yield();
	dsb();
	return others[n].done == others[n].asked ? others[n].answer : ~0ul;
}

static u64 do_take(u64 group)
{
	return take((u32)group);
}

static u64 do_ack(u64 group)
{
	return ack((u32)group);
}

static u64 do_end(u64 value)
{
	end(MAIN, (u32)value);
	return 0;
}

static u64 do_deactivate(u64 value)
{
	deactivate((u32)value);
	return 0;
}

static u64 do_lines(u64 want)
{
	u64 until = guard();

	while (lines() != want && timer_now() < until)
		;
	return lines();
}

static u64 do_word(u64 at)
{
	return load32(at);
}

static u64 do_store(u64 packed) /* value 63:32, the address below */
{
	store32(packed & 0xffffffff, (u32)(packed >> 32));
	dsb();
	return 0;
}

static u64 do_control(u64 how)
{
	control(V3 ? 2 : 1, (u32)how);
	return 0;
}

static u64 do_send(u64 packed) /* INTID 15:8, CPU 7:0; 255: all others */
{
	u32 intid = (u32)packed >> 8, cpu = packed & 0xff;

	if (cpu == 255 && V3)
		sgi1r(1ul << 40 | (u64)intid << 24);
	else if (cpu == 255)
		sgir(1, 0, intid);
	else
		sgi_send(intid, cpu);
	dsb();
	return 0;
}

static u64 do_ready(u64 intid)
{
	ready((u32)intid, 0x80, MAIN);
	return 0;
}

static u64 do_pend(u64 intid)
{
	pend((u32)intid);
	return 0;
}

static void start_others(void)
{
	u64 until = timer_now() + 10 * timer_hz();
	u32 n;

	for (n = 1; n < cpu_count(); n++) {
		expect("CPU_ON", (u64)cpu_start(n, other_cpu, n), 0);
		while (!others[n].up && timer_now() < until)
			yield();
		expect("up", others[n].up, 1);
	}
}

static void test_sgis_to_others(void)
{
	u32 n, m, cpus = cpu_count();

	for (n = 0; n < cpus; n++)
		on(n, do_ready, 6);
	for (n = 0; n < cpus; n++)
		for (m = 0; m < cpus; m++) {
			on(n, do_send, 6 << 8 | m);
			expect("SGI from each CPU to each", on(m, do_take, MAIN), source(6, n));
			on(m, do_end, source(6, n));
			expect("and once", on(m, do_ack, MAIN), NONE);
		}
	for (n = 0; n < cpus; n++) {
		on(n, do_send, 6 << 8 | 255);
		for (m = 0; m < cpus; m++) {
			u64 want = m == n ? NONE : source(6, n);

			expect("SGI to all others", on(m, m == n ? do_ack : do_take, MAIN), want);
			if (m != n)
				on(m, do_end, want);
		}
	}
	if (V3)
		return;
	/* GICv2: all send to CPU 0 before it takes one. */
	for (n = 0; n < cpus; n++)
		on(n, do_send, 6 << 8);
	expect("SGI of all CPUs", load8(gic.gicd + SPENDSGIR + 6), (1u << cpus) - 1);
	for (n = 0, m = 0; n < cpus; n++) {
		u32 got = take(MAIN);

		expect("SGI of all CPUs: it is the SGI", got & 0x3ff, 6);
		m |= 1u << (got >> 10);
		end(MAIN, got);
	}
	expect("SGI of all CPUs: one for each", m, (1u << cpus) - 1);
	idle("after SGIs of all CPUs");
}

/* Private registers are each CPU's own; a GICv3's can be reached from every CPU. */
static void test_banks(void)
{
	u64 at = V3 ? gic.gicr + 0x30000 : gic.gicd;
	u32 n;

	on(1, do_ready, 29);
	set(ICENABLER, 29);
	expect("banked: ISENABLER", on(1, do_word, at + ISENABLER) >> 29 & 1, 1);
	expect("banked: ISENABLER here", get(ISENABLER, 29), 0);
	on(1, do_store, (at + IPRIORITYR + 28) | 0x4000ul << 32);
	set_priority(29, 0x90);
	expect("banked: IPRIORITYR", on(1, do_word, at + IPRIORITYR + 28), 0x4000);
	expect("banked: IPRIORITYR here", load8(bank(29) + IPRIORITYR + 29), 0x90);
	on(1, do_pend, 29);
	errs(bare && !V3); /* pends it on all */
	expect("banked: ISPENDR here", get(ISPENDR, 29), 0);
	expect("banked: taken there", on(1, do_take, MAIN), 29);
	expect("banked: active there", on(1, do_word, at + ISACTIVER), 1u << 29);
	expect("banked: ISACTIVER here", get(ISACTIVER, 29), 0);
	on(1, do_end, 29);
	if (!V3) {
		for (n = 0; n < cpu_count(); n++)
			expect("banked: ITARGETSR0 says who reads",
			       on(n, do_word, gic.gicd + ITARGETSR), (1u << n) * 0x01010101);
		return;
	}
	store32(at + ISPENDR, 1u << 29);
	dsb();
	expect("from here: pended", on(1, do_lines, IRQ), IRQ);
	expect("from here: read", load32(at + ISPENDR) >> 29 & 1, 1);
	store32(at + ICENABLER, 1u << 29);
	dsb();
	expect("from here: disabled", on(1, do_lines, 0), 0);
	store32(at + ISENABLER, 1u << 29);
	expect("from here: taken", on(1, do_take, 1), 29);
	expect("from here: active", load32(at + ISACTIVER), 1u << 29);
	on(1, do_end, 29);
	expect("from here: over", load32(at + ISACTIVER), 0);
	store32(at + ISPENDR, 1u << 6);
	expect("from here: an SGI", on(1, do_take, 1), 6);
	on(1, do_end, 6);
	expect("from here: over", on(1, do_ack, 1), NONE);
}

static void test_routing(void)
{
	u32 n, cpus = cpu_count();

	for (n = 0; n < cpus; n++) {
		ready(SPI, 0x80, MAIN);
		route(SPI, n);
		pend(SPI);
		expect("routed: signalled there", on(n, do_lines, IRQ), IRQ);
		if (n)
			expect("routed: not here", ack(MAIN), NONE);
		expect("routed: taken there", on(n, do_take, MAIN), SPI);
		expect("routed: active, seen from here", get(ISACTIVER, SPI), 1);
		pend(SPI);
		/* To the next one while it is active: pending there once it ends. */
		route(SPI, (n + 1) % cpus);
		errs(bare && !V3);
		expect("moved while active: not yet", on((n + 1) % cpus, do_ack, MAIN), NONE);
		on(n, do_end, SPI);
		errs(bare && !V3); /* pends it where it was routed before */
		expect("moved while active: taken there", on((n + 1) % cpus, do_take, MAIN), SPI);
		on((n + 1) % cpus, do_end, SPI);
		/* And while it is pending. */
		route(SPI, n);
		pend(SPI);
		expect("moved while pending: signalled", on(n, do_lines, IRQ), IRQ);
		route(SPI, (n + 1) % cpus);
		expect("moved while pending: not any more", on(n, do_lines, 0), 0);
		expect("moved while pending: spurious", on(n, do_ack, MAIN), NONE);
		errs(bare && !V3);
		expect("moved while pending: taken", on((n + 1) % cpus, do_take, MAIN), SPI);
		on((n + 1) % cpus, do_end, SPI);
		expect("over: not active", get(ISACTIVER, SPI), 0);
	}
	/* From another CPU: disabled, cleared, deactivated. */
	route(SPI, 1);
	pend(SPI);
	expect("there", on(1, do_lines, IRQ), IRQ);
	set(ICENABLER, SPI);
	expect("disabled from here", on(1, do_lines, 0), 0);
	set(ISENABLER, SPI);
	expect("enabled from here", on(1, do_lines, IRQ), IRQ);
	set(ICPENDR, SPI);
	expect("cleared from here", on(1, do_lines, 0), 0);
	pend(SPI);
	expect("taken there", on(1, do_take, MAIN), SPI);
	on(1, do_end, SPI);
	/* EOImode 1: an SPI's DIR may be another CPU's. */
	on(1, do_control, SPLIT);
	control(V3 ? 2 : 1, SPLIT);
	pend(SPI);
	expect("EOImode 1: taken there", on(1, do_take, MAIN), SPI);
	on(1, do_end, SPI);
	expect("EOImode 1: active", get(ISACTIVER, SPI), 1);
	deactivate(SPI);
	errs(bare && !V3); /* each CPU has its own active state */
	expect("EOImode 1: DIR from here", get(ISACTIVER, SPI), 0);
	pend(SPI);
	errs(bare && !V3);
	expect("EOImode 1: taken again", on(1, do_take, MAIN), SPI);
	on(1, do_end, SPI);
	on(1, do_deactivate, SPI);
	expect("EOImode 1: DIR there", get(ISACTIVER, SPI), 0);
	on(1, do_control, 0);
	clear_all();
	idle("after routing");
}

/* GICv2: of several targets one takes it, and only one. */
static void test_one_of_many(void)
{
	u32 round, n, taken;
	u64 got;

	ready(SPI, 0x80, MAIN);
	store8(gic.gicd + ITARGETSR + SPI, 0xff);
	for (round = 0; round < 8; round++) {
		pend(SPI);
		for (n = 0, taken = 0; n < cpu_count(); n++) {
			got = on((n + round) % cpu_count(), do_ack, MAIN);
			taken += got == SPI;
			if (got == SPI)
				on((n + round) % cpu_count(), do_end, SPI);
			else
				expect("1 of N: else spurious", got, NONE);
		}
		errs(bare); /* each takes it */
		expect("1 of N: once", taken, 1);
	}
	store8(gic.gicd + ITARGETSR + SPI, 0);
	pend(SPI);
	for (n = 0; n < cpu_count(); n++)
		expect("no target: nobody", on(n, do_ack, MAIN), NONE);
	errs(bare && !V3); /* pends it for nobody */
	expect("no target: pending", get(ISPENDR, SPI), 1);
	route(SPI, 1);
	errs(bare && !V3);
	expect("a target: taken", on(1, do_take, MAIN), SPI);
	on(1, do_end, SPI);
	clear_all();
}

/* GICv3: to no CPU that there is. */
static void test_no_target(void)
{
	ready(SPI, 0x80, MAIN);
	store64(gic.gicd + IROUTER + 8ul * SPI, 0x100);
	pend(SPI);
	idle("no target: nobody");
	errs(bare && !V3); /* pends it for nobody */
	expect("no target: pending", get(ISPENDR, SPI), 1);
	route(SPI, 0);
	expect("a target: taken", take(MAIN), SPI);
	end(MAIN, SPI);
	clear_all();
}

static void test_others(void)
{
	start_others();
	clear_all();
	test_sgis_to_others();
	test_banks();
	test_routing();
	if (V3)
		test_no_target();
	else
		test_one_of_many();
}

int main(void)
{
	gic_init();
	bare = !on_skerry();
	lists = !bare && !arg_u64("emulated", 0);
	qemu_v2 = !V3 && (bare || lists);
	uart_putc('\n'); /* UARTTXINTR has something to say from here on */
	test_identification();
	test_control();
	if (V3)
		test_redistributors();
	if (V3)
		test_routers();
	else
		test_targets();
	test_bits();
	test_beyond();
	test_priorities();
	test_configuration();
	test_interface();
	test_lives();
	test_order();
	test_binary_points();
	test_active_priorities();
	test_group_enables();
	if (V3)
		test_groups_v3();
	else
		test_groups_v2();
	test_split();
	test_active();
	test_levels();
	test_edges();
	if (V3)
		test_sgis_v3();
	else
		test_sgis_v2();
	test_many_pending(false);
	test_many_pending(true);
	test_many_active(false);
	test_many_active(true);
	test_mixed();
	test_vectors();
	if (cpu_count() > 1)
		test_others();
	return checks_over("gic");
}
