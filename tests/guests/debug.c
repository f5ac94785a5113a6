// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: self-hosted debug at EL1 and EL0. OS lock, breakpoints, watchpoints, software
 * step (also over instructions that a hypervisor traps), BRK; Arm ARM D2 and D17.3, syndromes D17.2.37.
 * With rounds=N it sets its own break- and watchpoints over and over, with a yield between: whatever
 * another guest has set must never hit here, on whichever CPU.
 */
#include "check.h"

#define SPSR_SS (1ul << 21)
#define SPSR_D (1ul << 9)
#define MDSCR_SS 1ul
#define MDSCR_TDCC (1ul << 12)
#define MDSCR_KDE (1ul << 13)
#define MDSCR_MDE (1ul << 15)

#define BCR_EL1 0x1e3ul /* E, PMC = 0b01, BAS = 0b1111 */
#define BCR_EL0 0x1e5ul /* PMC = 0b10 */
#define WCR_EL1(lsc, bas) (0x3ul | (u64)(lsc) << 3 | (u64)(bas) << 5)

#define BVR(n) SYSREG(2, 0, 0, n, 4)
#define BCR(n) SYSREG(2, 0, 0, n, 5)
#define WVR(n) SYSREG(2, 0, 0, n, 6)
#define WCR(n) SYSREG(2, 0, 0, n, 7)

/* Syndromes: EC 31:26, IL 25, ISS */
#define ESR_BREAKPOINT_SAME 0xc6000022ul
#define ESR_BREAKPOINT_LOWER 0xc2000022ul
#define ESR_STEP_SAME 0xce000022ul /* without ISV */
#define ESR_STEP_LOWER 0xca000022ul
#define ESR_STEP_ISV 0x01000000ul
#define ESR_WATCH_READ 0xd6000022ul
#define ESR_WATCH_WRITE 0xd6000062ul
#define ESR_WATCH_MASK 0xfe00007ful
#define ESR_BRK 0xf2000000ul

#define HITS_MAX 16

extern char target[], steps[], steps_end[], el0_code[];
u64 target_call(u64 x);
u64 steps_call(u64 device);

__asm__(".section .text.debug, \"ax\"\n"
	".global target_call, target, steps_call, steps, steps_end, el0_code\n"
	"target_call:\n"
	"target:	add	x0, x0, #1\n"
	"	ret\n"
	/* stepped through: of these, Skerry traps all but nop, add and branch */
	"steps_call:\n"
	"	mov	x5, x0\n"
	"steps:	nop\n"
	"	mrs	x1, id_aa64pfr0_el1\n"
	"	mrs	x1, cntp_ctl_el0\n"
	"	ldr	w1, [x5]\n"
	"	str	w1, [x5], #0\n"
	"	movz	x0, #0x8fff, lsl #16\n" /* an SMCCC function that is not */
	"	hvc	#0\n"
	"	add	x2, x0, #1\n"
	"	b	1f\n"
	"1:	msr	csselr_el1, xzr\n"
	"steps_end:\n"
	"	ret\n"
	"el0_code:\n"
	"	nop\n"
	"	mrs	x1, fpcr\n"
	"	add	x0, x0, #1\n"
	"	svc	#7\n"
	".previous\n");

static struct {
	u64 esr, elr, far;
} hits[HITS_MAX];
static u32 hit_count, steps_left;
static u64 watched[4] __attribute__((aligned(64)));

static void mdscr(u64 value)
{
	write_sysreg(mdscr_el1, value);
}

/* Debug exceptions are noted; then D (from EL1) or an end of it all (from EL0) lets the guest go on. */
static bool on_debug(struct frame *f)
{
	u32 ec = ESR_EC(f->esr);

	if (ec < 0x30)
		return false;
	if (hit_count < HITS_MAX) {
		hits[hit_count].esr = f->esr;
		hits[hit_count].elr = f->elr;
		hits[hit_count].far = f->far;
	}
	hit_count++;
	if (ec == 0x32 || ec == 0x33) {
		if (steps_left && --steps_left)
			f->spsr |= SPSR_SS;
		else
			mdscr(0);
	} else if (ec == 0x3c) {
		f->elr += 4;
	} else if (ec == 0x30) {
		mdscr(0);
	} else {
		f->spsr |= SPSR_D;
	}
	return true;
}

static bool on_exception(struct frame *f)
{
	if (on_debug(f))
		return true;
	if (ESR_EC(f->esr) != 0x15 || f->kind != 8)
		return false;
	f->elr = (u64)el0_leave; /* EL0's SVC: back to el0_enter's caller */
	f->spsr = 0x3c5;
	return true;
}

static void set(u32 sysreg, u64 value)
{
	u64 esr;

	msr(sysreg, value, &esr);
	isb();
}

static u64 get(u32 sysreg)
{
	u64 esr;

	return mrs(sysreg, &esr);
}

static void unmask(void)
{
	hit_count = 0;
	__asm__ volatile("msr daifclr, #8\n	isb" ::: "memory");
}

static void mask(void)
{
	__asm__ volatile("msr daifset, #8\n	isb" ::: "memory");
}

static u32 breakpoints(void)
{
	return (u32)(read_sysreg(id_aa64dfr0_el1) >> 12 & 15) + 1;
}

static u32 watchpoints(void)
{
	return (u32)(read_sysreg(id_aa64dfr0_el1) >> 20 & 15) + 1;
}

static void test_lock(void)
{
	expect("OSLSR_EL1 after reset: a lock, taken", read_sysreg(oslsr_el1), 0xa);
	set(BVR(0), (u64)target);
	set(BCR(0), BCR_EL1);
	mdscr(MDSCR_MDE | MDSCR_KDE);
	unmask();
	(void)target_call(0);
	mask();
	errs(!on_skerry()); /* looks at another bit of OSLSR_EL1 */
	expect("no breakpoint under the OS lock", hit_count, 0);
	hit_count = 0;
	__asm__ volatile("brk #5");
	expect("BRK under the OS lock", hits[0].esr, ESR_BRK | 5);
	write_sysreg(oslar_el1, 0);
	expect("OSLSR_EL1: open", read_sysreg(oslsr_el1), 0x8);
	unmask();
	(void)target_call(0);
	mask();
	expect("the breakpoint hits when the lock is open", hit_count, 1);
	set(BCR(0), 0);
	mdscr(0);
}

/* All that ID_AA64DFR0_EL1 promises are there and keep what is written; the next are UNDEFINED. */
static void test_registers(void)
{
	u32 n, b = breakpoints(), w = watchpoints();
	u64 esr;

	expect("debug architecture", read_sysreg(id_aa64dfr0_el1) & 15,
	       on_skerry() ? 6 : read_sysreg(id_aa64dfr0_el1) & 15);
	expect_true("at least two of each", b >= 2 && w >= 2);
	for (n = 0; n < b; n++) {
		set(BVR(n), 0x40001000ul + 4 * n);
		expect("DBGBVR", get(BVR(n)), 0x40001000ul + 4 * n);
		set(BCR(n), 0x1e4);
		expect("DBGBCR", get(BCR(n)), 0x1e4);
		set(BCR(n), 0x1e0);
	}
	for (n = 0; n < w; n++) {
		set(WVR(n), 0xffff000000000008ul + 16 * n);
		expect("DBGWVR", get(WVR(n)), 0xffff000000000008ul + 16 * n);
		set(WCR(n), 0x0300001cul);
		expect("DBGWCR", get(WCR(n)), 0x0300001cul);
		set(WCR(n), 0);
		set(WVR(n), 0);
	}
	if (b < 16) {
		(void)mrs(BCR(b), &esr);
		expect("DBGBCR beyond the last", esr, 0x2000000);
		msr(BVR(b), 0, &esr);
		expect("DBGBVR beyond the last", esr, 0x2000000);
	}
	if (w < 16) {
		(void)mrs(WVR(w), &esr);
		expect("DBGWVR beyond the last", esr, 0x2000000);
	}
	mdscr(MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE);
	expect("MDSCR_EL1", read_sysreg(mdscr_el1), 0xb000);
	mdscr(0);
	expect("MDSCR_EL1", read_sysreg(mdscr_el1), 0);
	expect("MDRAR_EL1: no table", read_sysreg(mdrar_el1) & 3, 0);
	errs(qemu_version() == 7); /* DBGCLAIM came later */
	(void)mrs(SYSREG(2, 0, 7, 8, 6), &esr);
	expect("DBGCLAIMSET_EL1 is there", esr, 0);
	if (!esr) {
		set(SYSREG(2, 0, 7, 8, 6), 0x81);
		expect("DBGCLAIMSET_EL1", get(SYSREG(2, 0, 7, 8, 6)), 0xff);
		errs(!on_skerry()); /* keeps no tags */
		expect("DBGCLAIMCLR_EL1", get(SYSREG(2, 0, 7, 9, 6)), 0x81);
		set(SYSREG(2, 0, 7, 9, 6), 0x01);
		errs(!on_skerry());
		expect("DBGCLAIMCLR_EL1, one off", get(SYSREG(2, 0, 7, 9, 6)), 0x80);
	}
	msr(SYSREG(2, 0, 1, 1, 4), 0, &esr);
	expect("OSLSR_EL1 is not for writing", esr, 0x2000000);
	(void)mrs(SYSREG(2, 0, 1, 0, 4), &esr);
	expect("OSLAR_EL1 is not for reading", esr, 0x2000000);
}

static void expect_breakpoint(u32 n, u64 mdscr_bits, u32 want)
{
	u64 result;

	set(BVR(n), (u64)target);
	set(BCR(n), BCR_EL1);
	mdscr(mdscr_bits);
	unmask();
	result = target_call(41);
	mask();
	mdscr(0);
	set(BCR(n), 0);
	expect("breakpoint: hits", hit_count, want);
	expect("breakpoint: the instruction runs", result, 42);
	if (want) {
		expect("breakpoint: ESR", hits[0].esr, ESR_BREAKPOINT_SAME);
		expect("breakpoint: ELR", hits[0].elr, (u64)target);
	}
}

static void test_breakpoints(void)
{
	u32 n;

	for (n = 0; n < breakpoints(); n++)
		expect_breakpoint(n, MDSCR_MDE | MDSCR_KDE, 1);
	expect_breakpoint(0, MDSCR_MDE, 0);
	expect_breakpoint(0, MDSCR_KDE, 0);
	set(BVR(0), (u64)target);
	set(BCR(0), BCR_EL1);
	mdscr(MDSCR_MDE | MDSCR_KDE);
	hit_count = 0;
	(void)target_call(0);
	expect("breakpoint: none with PSTATE.D", hit_count, 0);
	set(BCR(0), BCR_EL0);
	unmask();
	(void)target_call(0);
	mask();
	expect("breakpoint: EL0's does not hit at EL1", hit_count, 0);
	set(BCR(0), 0);
	mdscr(0);
}

/* The last breakpoint knows contexts; breakpoint 0 is linked to it. */
static void test_context(void)
{
	u32 last = breakpoints() - 1;

	set(BVR(last), 0x1234);
	set(BCR(last), 0x1e7 | 3ul << 20); /* BT = 0b0011: linked context ID */
	set(BVR(0), (u64)target);
	set(BCR(0), BCR_EL1 | 1ul << 20 | (u64)last << 16); /* BT = 0b0001: linked address */
	mdscr(MDSCR_MDE | MDSCR_KDE);
	write_sysreg(contextidr_el1, 0x1235);
	unmask();
	(void)target_call(0);
	mask();
	expect("linked breakpoint: none in another context", hit_count, 0);
	write_sysreg(contextidr_el1, 0x1234);
	unmask();
	(void)target_call(0);
	mask();
	expect("linked breakpoint: hits in its context", hit_count, 1);
	write_sysreg(contextidr_el1, 0);
	set(BCR(0), 0);
	set(BCR(last), 0);
	mdscr(0);
}

static void expect_watchpoint(u32 n, u64 wcr, bool write, u64 address, u64 esr)
{
	u64 value = 0x1111;

	set(WVR(n), (u64)watched);
	set(WCR(n), wcr);
	mdscr(MDSCR_MDE | MDSCR_KDE);
	unmask();
	if (write)
		__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
	else
		__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	mask();
	mdscr(0);
	set(WCR(n), 0);
	expect("watchpoint: hits", hit_count, esr != 0);
	if (esr) {
		expect("watchpoint: ESR", hits[0].esr & ESR_WATCH_MASK, esr);
		expect("watchpoint: FAR", hits[0].far, address);
	}
}

static void test_watchpoints(void)
{
	u64 at = (u64)watched;
	u32 n;

	for (n = 0; n < watchpoints(); n++) {
		expect_watchpoint(n, WCR_EL1(3, 0xff), false, at, ESR_WATCH_READ);
		expect_watchpoint(n, WCR_EL1(3, 0xff), true, at + 4, ESR_WATCH_WRITE);
		expect_watchpoint(n, WCR_EL1(1, 0xff), true, at, 0);
		expect_watchpoint(n, WCR_EL1(2, 0xff), false, at, 0);
		expect_watchpoint(n, WCR_EL1(3, 0xf0), false, at, 0);
		expect_watchpoint(n, WCR_EL1(3, 0x0f), false, at + 8, 0);
	}
	expect_watchpoint(0, WCR_EL1(3, 0xff) | 5ul << 24, false, at + 28,
			  ESR_WATCH_READ); /* 32 bytes */
	expect("watchpoint: the store happened", watched[0] >> 32, 0x1111);
}

static void test_step(void)
{
	u32 n, count = (u32)(steps_end - steps) / 4;
	u64 far = hits[0].far;

	(void)far;
	hit_count = 0;
	steps_left = count + 1;
	/* by ERET, as the architecture has it: from here on with PSTATE.SS and without D */
	mdscr(MDSCR_SS | MDSCR_KDE);
	__asm__ volatile("	adr	x1, 1f\n"
			 "	msr	elr_el1, x1\n"
			 "	mov	x1, #0x1c5\n"
			 "	movk	x1, #0x20, lsl #16\n"
			 "	msr	spsr_el1, x1\n"
			 "	mov	x0, %0\n"
			 "	adr	x30, 2f\n"
			 "	isb\n"
			 "	eret\n"
			 "1:	b	steps_call\n"
			 "2:	msr	daifset, #8\n"
			 :
			 : "r"(gic.gicd)
			 : "x0", "x1", "x2", "x3", "x5", "x30", "memory");
	mdscr(0);
	/* the branch and the MOV before `steps` are steps too */
	expect("step: exceptions", hit_count, count + 1);
	for (n = 0; n < hit_count && n < HITS_MAX; n++) {
		u64 elr = n == 0 ? (u64)steps_call : (u64)steps + 4 * (n - 1);

		expect("step: ESR", hits[n].esr & ~ESR_STEP_ISV, ESR_STEP_SAME);
		expect("step: ELR", hits[n].elr, elr);
	}
	expect_true("step: the syndrome of an instruction that nobody traps is valid",
		    hits[0].esr & ESR_STEP_ISV);
}

static void test_el0(void)
{
	u32 n;

	el0_map();
	hit_count = 0;
	steps_left = 4;
	mdscr(MDSCR_SS); /* KDE is for EL1 only */
	el0_enter(el0_address(el0_code));
	mdscr(0);
	/* entered without SPSR.SS: the first comes before any instruction */
	expect("EL0 step: exceptions", hit_count, 4);
	for (n = 0; n < 4; n++) {
		expect("EL0 step: ESR", hits[n].esr & ~ESR_STEP_ISV, ESR_STEP_LOWER);
		expect("EL0 step: ELR", hits[n].elr, el0_address(el0_code) + 4 * n);
		expect("EL0 step: ISV", hits[n].esr & ESR_STEP_ISV, n ? ESR_STEP_ISV : 0);
	}
	set(BVR(0), el0_address(el0_code) + 8);
	set(BCR(0), BCR_EL0);
	hit_count = 0;
	mdscr(MDSCR_MDE);
	el0_enter(el0_address(el0_code));
	mdscr(0);
	set(BCR(0), 0);
	expect("EL0 breakpoint: hits", hit_count, 1);
	expect("EL0 breakpoint: ESR", hits[0].esr, ESR_BREAKPOINT_LOWER);
	expect("EL0 breakpoint: ELR", hits[0].elr, el0_address(el0_code) + 8);
}

/* Others set theirs meanwhile; `quiet` sets none and must see none. */
static void test_beside_others(u64 rounds, bool quiet)
{
	u64 r;

	for (r = 0; r < rounds; r++) {
		u32 b = (u32)r % breakpoints(), w = (u32)r % watchpoints();

		set(BVR(b), (u64)target);
		set(WVR(w), (u64)watched + 8 * (r % 4));
		set(BCR(b), quiet ? 0 : BCR_EL1);
		set(WCR(w), quiet ? 0 : WCR_EL1(3, 0xff));
		mdscr(quiet ? 0 : MDSCR_MDE | MDSCR_KDE);
		unmask();
		yield();
		(void)target_call(r);
		mask();
		expect("beside others: breakpoint", hit_count, !quiet);
		yield();
		unmask();
		yield();
		watched[(r + 1) % 4] = r;
		(void)*(volatile u64 *)&watched[r % 4];
		yield();
		mask();
		expect("beside others: watchpoint", hit_count, !quiet);
		if (!quiet)
			expect("beside others: its address", hits[0].far, (u64)&watched[r % 4]);
		if (r % 3 == 0)
			yield();
		set(BCR(b), 0);
		set(WCR(w), 0);
		if (r % 2)
			mdscr(0);
	}
}

int main(void)
{
	u64 rounds = arg_u64("rounds", 0);

	gic_init();
	on_sync = on_exception;
	if (rounds) {
		write_sysreg(oslar_el1, 0);
		test_beside_others(rounds, arg_u64("quiet", 0));
		return checks_over("debug");
	}
	test_lock();
	test_registers();
	test_breakpoints();
	test_context();
	test_watchpoints();
	test_step();
	test_el0();
	return checks_over("debug");
}
