// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: the generic timer as EL1 and EL0 have it, virtual and physical. Counters, CVAL,
 * TVAL, CTL and its ISTATUS; the interrupts (PPI 27, 30) as levels; who may look from EL0. Arm ARM
 * D11.2, D17.11. With beside=1 another guest wants the same CPU: time goes on, and what was taken from
 * us is in the record of stolen time (DEN0057).
 */
#include "check.h"

#define VIRT 0u
#define PHYS 1u

#define ENABLE 1ul
#define IMASK 2ul
#define ISTATUS 4ul

#define FAR 0x7000000000000000ul

static const u32 intids[2] = {SKERRY_INTID_VTIMER, 30};
static const char *const names[2] = {"virtual", "physical"};

/* ---- Either timer by its number ---- */

#define EITHER(which, register) \
	((which) == VIRT ? read_sysreg(cntv_##register##_el0) : read_sysreg(cntp_##register##_el0))
#define WRITE_EITHER(which, register, value)                        \
	do {                                                        \
		if ((which) == VIRT)                                \
			write_sysreg(cntv_##register##_el0, value); \
		else                                                \
			write_sysreg(cntp_##register##_el0, value); \
	} while (0)

static u64 ctl(u32 which)
{
	isb();
	return EITHER(which, ctl);
}

static u64 cval(u32 which)
{
	return EITHER(which, cval);
}

static u64 tval(u32 which)
{
	isb();
	return EITHER(which, tval);
}

static void set_ctl(u32 which, u64 value)
{
	WRITE_EITHER(which, ctl, value);
}

static void set_cval(u32 which, u64 value)
{
	WRITE_EITHER(which, cval, value);
}

static void set_tval(u32 which, u64 value)
{
	WRITE_EITHER(which, tval, value);
}

static u64 count(u32 which)
{
	isb();
	return which == VIRT ? read_sysreg(cntvct_el0) : read_sysreg(cntpct_el0);
}

static u64 ms(u64 n)
{
	return timer_hz() * n / 1000;
}

/* The timer's bit in ISPENDR0 of this CPU. */
static u32 pending(u32 which)
{
	u64 at = gic.version == 3 ? gic_redist() + 0x10200 : gic.gicd + 0x200;

	return load32(at) >> intids[which] & 1;
}

static void say(const char *what, u32 which, u64 got, u64 want)
{
	if (got != want)
		print("%s timer:\n", names[which]);
	expect(what, got, want);
}

/* ---- Counters ---- */

static void test_counters(void)
{
	u64 v, p, w, n, sum = 0;

	expect_true("CNTFRQ_EL0: 1 MHz to 1 GHz",
		    timer_hz() >= 1000000 && timer_hz() <= 1000000000);
	for (n = 0; n < 100; n++) {
		v = count(VIRT);
		p = count(PHYS);
		w = count(VIRT);
		/* a machine without EL2 has no offset between the two */
		sum += v <= p && p <= w;
	}
	expect("CNTVCT and CNTPCT show one time, which never goes back", sum, 100);
	expect_true("time goes on", (v = count(VIRT), p = v + ms(1), true));
	while (count(VIRT) < p)
		;
	expect_true("both go on", count(PHYS) >= p);
}

/* ---- Registers ---- */

static void test_registers(u32 which)
{
	static const u64 values[] = {0, 1, 0x123456789abcdef, FAR, ~0ul};
	u64 before, got, after;
	u32 n;

	set_ctl(which, 0);
	say("CTL: off", which, ctl(which) & ~ISTATUS, 0);
	for (n = 0; n < sizeof(values) / sizeof(values[0]); n++) {
		set_cval(which, values[n]);
		say("CVAL", which, cval(which), values[n]);
	}
	set_cval(which, FAR);
	set_ctl(which, ~0ul);
	say("CTL: only ENABLE and IMASK can be written", which, ctl(which), ENABLE | IMASK);
	set_ctl(which, ENABLE);
	say("CTL: not met", which, ctl(which), ENABLE);
	set_cval(which, 0);
	say("CTL: met", which, ctl(which), ENABLE | ISTATUS);
	set_ctl(which, ENABLE | IMASK);
	say("CTL: met, and masked", which, ctl(which), ENABLE | IMASK | ISTATUS);
	set_cval(which, count(which) + ms(100000));
	say("CTL: no longer met", which, ctl(which), ENABLE | IMASK);
	set_ctl(which, 0);

	/* TVAL: CVAL is what the counter says plus a signed 32-bit number */
	before = count(which);
	set_tval(which, 0x12345678);
	after = count(which);
	got = cval(which);
	say("TVAL sets CVAL", which, got >= before + 0x12345678 && got <= after + 0x12345678, 1);
	before = count(which);
	set_tval(which, 0xfffff000); /* -4096 */
	after = count(which);
	got = cval(which);
	say("TVAL: negative", which, got >= before - 4096 && got <= after - 4096, 1);
	before = count(which);
	set_tval(which, 0xabcd000000001000); /* the upper half is not there */
	after = count(which);
	got = cval(which);
	say("TVAL: 32 bits", which, got >= before + 4096 && got <= after + 4096, 1);
	set_cval(which, before = count(which) + 0x10000000);
	got = tval(which);
	say("TVAL counts down", which, got <= 0x10000000 && got > 0xf000000, 1);
	set_cval(which, count(which) - 1000);
	got = tval(which);
	say("TVAL below zero: 32 bits", which, got >> 32, 0);
	say("TVAL below zero", which, (int)got <= -1000, 1);
	set_cval(which, count(which) + 0x500000000);
	say("TVAL of a far CVAL: its lower half", which, tval(which) >> 32, 0);
	set_ctl(which, 0);
}

/* ---- The interrupt's level, seen in the GIC while it is disabled there ---- */

static void test_level(u32 which)
{
	set_ctl(which, 0);
	set_cval(which, 0);
	say("level: off", which, pending(which), 0);
	set_ctl(which, ENABLE);
	say("level: met", which, pending(which), 1);
	set_ctl(which, ENABLE | IMASK);
	say("level: masked", which, pending(which), 0);
	set_ctl(which, ENABLE);
	say("level: unmasked", which, pending(which), 1);
	set_cval(which, FAR);
	say("level: no longer met", which, pending(which), 0);
	set_tval(which, 0);
	say("level: met by TVAL", which, pending(which), 1);
	set_ctl(which, 0);
	say("level: off again", which, pending(which), 0);
	set_tval(which, ms(1));
	set_ctl(which, ENABLE);
	while (!(ctl(which) & ISTATUS))
		;
	say("level: rises by itself", which, pending(which), 1);
	say("the other's does not", which, pending(!which), 0);
	set_ctl(which, 0);
}

/* ---- Delivery ---- */

static bool signalled(void)
{
	isb();
	return read_sysreg(isr_el1) & 1 << 7;
}

static void test_delivery(u32 which)
{
	u64 due;
	u32 iar, n;

	irq_enable(intids[which], NULL);
	set_cval(which, due = count(which) + ms(2));
	set_ctl(which, ENABLE);
	say("delivery: not before its time", which, signalled() && count(which) < due, 0);
	while (!signalled())
		wfi(); /* masked in PSTATE: WFI ends all the same */
	say("delivery: its time has come", which, count(which) >= due, 1);
	for (n = 0; n < 3; n++) { /* nobody sees to it: it comes again, and again */
		iar = irq_ack();
		say("delivery: which", which, iar & 0xffffff, intids[which]);
		say("delivery: none while it is active", which, signalled(), 0);
		irq_end(iar);
		say("delivery: again, being a level", which, signalled(), 1);
	}
	iar = irq_ack();
	set_cval(which, FAR);
	irq_end(iar);
	say("delivery: seen to, no more", which, signalled(), 0);
	set_cval(which, 0);
	say("delivery: at once for what is past", which, signalled(), 1);
	set_ctl(which, ENABLE | IMASK);
	/* Nothing tells EL2 that the line of the virtual one, which is the CPU's own, has fallen. */
	errs(on_skerry() && which == VIRT);
	say("delivery: taken back by IMASK", which, signalled(), 0);
	say("delivery: taken back, as the GIC sees it", which, pending(which), 0);
	say("delivery: taken back", which, signalled(), 0);
	say("delivery: spurious", which, irq_ack() & 0x3ff, 1023);
	set_ctl(which, ENABLE);
	say("delivery: IMASK off", which, signalled(), 1);
	iar = irq_ack();
	set_ctl(which, 0);
	irq_end(iar);
	say("delivery: off", which, signalled(), 0);
}

static void test_both(void)
{
	u64 start = count(VIRT), seen = 0;
	u32 iar, n, intid;

	set_cval(VIRT, start + ms(2));
	set_cval(PHYS, start + ms(1));
	set_ctl(VIRT, ENABLE);
	set_ctl(PHYS, ENABLE);
	for (n = 0; n < 2; n++) {
		while (!signalled())
			wfi();
		iar = irq_ack();
		intid = iar & 0xffffff;
		seen = seen << 8 | intid;
		set_ctl(intid == intids[PHYS], 0);
		irq_end(iar);
	}
	/* whoever looks late finds both, and takes the lower number first */
	expect_true("both timers, each once", seen == 0x1e1b || seen == 0x1b1e);
	expect_true("both: none is left", !signalled());
	expect_true("both: in time", count(VIRT) >= start + ms(2));
}

/* ---- EL0 ---- */

#define MRS_X0(op1, crm, op2) (0xd5200000 | SYSREG(3, op1, 14, crm, op2))
#define MSR_X0(op1, crm, op2) (0xd5000000 | SYSREG(3, op1, 14, crm, op2))

static void expect_el0(const char *what, u32 instruction, bool allowed)
{
	u64 esr, want = 0;

	/* EC 0x18: op0 3, op1 3, CRn 14; and what the instruction names */
	if (!allowed)
		want = 0x62300000 | 3 << 14 | 14 << 10 | (u64)(instruction >> 5 & 7) << 17 |
		       (u64)(instruction >> 8 & 15) << 1 | (instruction >> 21 & 1);
	(void)el0_execute(instruction, IMASK, &esr);
	expect(what, esr, want);
}

static void test_el0(void)
{
	u64 bits;

	el0_map();
	/* CNTKCTL_EL1: EL0PCTEN 0, EL0VCTEN 1, EL0VTEN 8, EL0PTEN 9 */
	for (bits = 0; bits < 16; bits++) {
		bool pct = bits & 1, vct = bits & 2, vt = bits & 4, pt = bits & 8;

		write_sysreg(cntkctl_el1, (bits & 3) | (bits >> 2) << 8);
		expect("CNTKCTL_EL1", read_sysreg(cntkctl_el1) & 0x303,
		       (bits & 3) | (bits >> 2) << 8);
		expect_el0("EL0: CNTPCT", MRS_X0(3, 0, 1), pct);
		expect_el0("EL0: CNTVCT", MRS_X0(3, 0, 2), vct);
		expect_el0("EL0: CNTFRQ", MRS_X0(3, 0, 0), pct || vct);
		expect_el0("EL0: CNTV_TVAL", MRS_X0(3, 3, 0), vt);
		expect_el0("EL0: CNTV_CTL", MRS_X0(3, 3, 1), vt);
		expect_el0("EL0: CNTV_CVAL", MRS_X0(3, 3, 2), vt);
		expect_el0("EL0: msr CNTV_CTL", MSR_X0(3, 3, 1), vt);
		expect_el0("EL0: msr CNTV_CVAL", MSR_X0(3, 3, 2), vt);
		expect_el0("EL0: CNTP_TVAL", MRS_X0(3, 2, 0), pt);
		expect_el0("EL0: CNTP_CTL", MRS_X0(3, 2, 1), pt);
		expect_el0("EL0: CNTP_CVAL", MRS_X0(3, 2, 2), pt);
		expect_el0("EL0: msr CNTP_CTL", MSR_X0(3, 2, 1), pt);
		expect_el0("EL0: msr CNTP_CVAL", MSR_X0(3, 2, 2), pt);
	}
	expect("EL0's CTL is EL1's", ctl(PHYS) & 3, IMASK);
	expect("EL0's CTL is EL1's", ctl(VIRT) & 3, IMASK);
	write_sysreg(cntkctl_el1, 0);
	set_ctl(PHYS, 0);
	set_ctl(VIRT, 0);
}

/* ---- Beside another guest on the same CPU ---- */

static void test_beside(void)
{
	u64 record = hypercall(PV_TIME_ST, 0, 0, 0).x0, start, now, last, taken, back = 0, due;
	volatile u64 *stolen;

	/* the record lies in a gap of the map: by another address of ours */
	mmu_table[2] = (record & ~0x3ffffffful) | 0x0060000000000705;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	stolen = (volatile u64 *)(0x80000000 + (record & 0x3fffffff));
	expect_true("PV_TIME_ST: a record of ours", (s64)record > 0 && !(record & 63));
	expect("PV_TIME_ST: revision and attributes", *stolen, 0);
	last = start = timer_now();
	taken = stolen[1];
	while (now = timer_now(), now < start + ms(300)) {
		back += now < last;
		last = now;
	}
	expect("time never goes back", back, 0);
	taken = stolen[1] - taken;
	/* ns against ticks: the other, of the same weight, had about half of it */
	now = (now - start) * 1000 / (timer_hz() / 1000000);
	if (!(taken > now / 5 && taken < now - now / 5))
		print("stolen %lu of %lu ns\n", taken, now);
	expect_true("stolen time: about half", taken > now / 5 && taken < now - now / 5);
	/* who sleeps of its own will is not stolen from, but for the wake-up */
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	taken = stolen[1];
	start = timer_now();
	due = start + ms(100);
	timer_at(due);
	while (!signalled())
		wfi();
	irq_end(irq_ack());
	timer_stop();
	now = (timer_now() - start) * 1000 / (timer_hz() / 1000000);
	expect_true("a sleep ends when it should, or later", timer_now() >= due);
	expect_true("asleep, less is stolen than slept",
		    stolen[1] - taken <= now - 100000000 + 50000000);
}

int main(void)
{
	u32 which;

	gic_init();
	if (arg_u64("beside", 0)) {
		test_beside();
		return checks_over("timers");
	}
	test_counters();
	for (which = VIRT; which <= PHYS; which++) {
		test_registers(which);
		test_level(which);
	}
	for (which = VIRT; which <= PHYS; which++)
		test_delivery(which);
	test_both();
	test_el0();
	return checks_over("timers");
}
