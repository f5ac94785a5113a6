// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/trap.c and trap/fault.c, trap/report.c: what each exception class and each verdict leads to.
 * ESR_EL2 values are written out: EC in 31:26, IL in 25, ISS below (Arm ARM D17.2.37).
 */
#include "trap_world.h"

#include "arch/semihost.h"

#define ESR_WFI 0x07e00000 /* EC 0x01, IL, CV, COND 14 */
#define ESR_WFE 0x07e00001
#define ESR_FP 0x1fe00000    /* EC 0x07 */
#define ESR_HVC 0x5a000000   /* EC 0x16 */
#define ESR_SMC 0x5e000000   /* EC 0x17 */
#define ESR_FETCH 0x82000006 /* EC 0x20, translation fault, level 2 */
#define ESR_LOAD 0x93880006  /* EC 0x24, ISV, 4 bytes into x8 */
#define ESR_UNKNOWN 0x02000000

static int setup(void **state)
{
	(void)state;
	world_new(3);
	return 0;
}

static void test_undefined(void **state)
{
	/* unknown, CP15 of AArch32, PAuth, SVE, ERET, SME, LS64 */
	static const u64 classes[] = {0x00, 0x03, 0x06, 0x09, 0x0a, 0x0c, 0x19, 0x1a, 0x1c, 0x1d};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		world_new(3);
		regs->pstate = 0x600003c5;
		vcpus[0].ctx.el1[EL1_far_el1] = 0x77;
		assert_ptr_equal(trap(classes[i] << 26 | 0x2000123, 0x5000, 0), &vcpus[0]);
		assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x02000000);
		assert_int_equal(vcpus[0].ctx.el1[EL1_elr_el1], 0x40001000);
		assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], 0x77); /* has no address */
		assert_int_equal(regs->pc, 0x40008200);
		assert_int_equal(vcpus[0].exits[EXIT_FAULT].count, 1);
	}
}

static void test_wait(void **state)
{
	(void)state;
	world.wakes = true;
	trap(ESR_WFI, 0, 0);
	assert_int_equal(regs->pc, 0x40001004);
	assert_int_equal(seen.switches, 0);
	world.wakes = false;
	world.next = &other;
	assert_ptr_equal(trap(ESR_WFI, 0, 0), &other);
	assert_int_equal(seen.reason, SCHED_BLOCK);
	assert_ptr_equal(trap(ESR_WFE, 0, 0), &other);
	assert_int_equal(seen.reason, SCHED_YIELD);
	assert_int_equal(regs->pc, 0x4000100c);
	assert_int_equal(vcpus[0].exits[EXIT_WFI].count, 3);
	/* AArch32 at EL0 is not offered: UNDEF, by the vector for it */
	regs->pstate = 0x10;
	trap(ESR_WFI, 0, 0);
	assert_int_equal(regs->pc, 0x40008600);
}

/* The beginning of a focused guest's line is on the screen before it sleeps. */
static void test_wait_shows_prompt(void **state)
{
	(void)state;
	vconsole_focus(&guest.console, true);
	vconsole_put(&guest.console, '>');
	trap(ESR_WFI, 0, 0);
	assert_string_equal(said, "[crab] >");
}

static void test_fp(void **state)
{
	(void)state;
	assert_ptr_equal(trap(ESR_FP, 0, 0), &vcpus[0]);
	assert_ptr_equal(standin_fp_owner, &vcpus[0].ctx);
	assert_int_equal(regs->pc, 0x40001000); /* the same instruction again */
	assert_int_equal(vcpus[0].exits[EXIT_FP].count, 1);
}

/* HVC's PC is behind it already, SMC's is not. */
static void test_hvc_smc(void **state)
{
	(void)state;
	regs->x[0] = 0x84000000;
	trap(ESR_HVC, 0, 0);
	assert_int_equal(regs->x[0], 0x10001);
	assert_int_equal(regs->pc, 0x40001000);
	regs->x[0] = 0x84000000;
	trap(ESR_SMC, 0, 0);
	assert_int_equal(regs->x[0], 0x10001);
	assert_int_equal(regs->pc, 0x40001004);
}

static void test_fetch(void **state)
{
	(void)state;
	trap(ESR_FETCH, 0x40002000, 0x40002000);
	assert_int_equal(seen.touched, 0x40002000);
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(vcpus[0].exits[EXIT_TOUCH].count, 1);
	/* from EL1, nothing there: EC 0x21, synchronous external abort */
	trap(ESR_FETCH, 0x9000abc, 0x9000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000010);
	assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], 0x9000abc);
	assert_int_equal(regs->pc, 0x40008200);
	/* from EL0: EC 0x20, by the vector for lower levels */
	regs->pc = 0x1000;
	regs->pstate = 0;
	trap(ESR_FETCH, 0x9000abc, 0x9000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x82000010);
	assert_int_equal(regs->pc, 0x40008400);
	/* permission fault: memory of a channel is never executable */
	trap(0x8200000f, 0xc000000, 0);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000010);
}

/*
 * 4 KiB granule, 39 bits: walk from level 1. TTBR0 at 0x40002000; entry 1 there leads to 0x40003000,
 * its entry 0 to a table where there is no memory.
 */
static void test_walk_level(void **state)
{
	static const u64 level2 = 0x40003003, level3 = 0x50000003;

	(void)state;
	vcpus[0].ctx.el1[EL1_ttbr0_el1] = 0x40002000;
	vcpus[0].ctx.el1[EL1_tcr_el1] = 25;
	memcpy(ram + 0x2008, &level2, 8);
	memcpy(ram + 0x3000, &level3, 8);
	trap(0x938000c6 | 0x80, 0x40000123, 0x50000000);	     /* store, S1PTW */
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x96000057); /* 0x25, WnR, walk level 3 */
	assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], 0x40000123);
	/* the root itself is nowhere */
	vcpus[0].ctx.el1[EL1_ttbr0_el1] = 0x60000000;
	regs->pc = 0x40001000;
	trap(0x82000086, 0x40000123, 0x60000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000015); /* fetch, walk level 1 */
	/* upper range, 64 KiB granule, 48 bits: level 1 */
	vcpus[0].ctx.el1[EL1_ttbr1_el1] = 0x70000000;
	vcpus[0].ctx.el1[EL1_tcr_el1] = 3ull << 30 | 16ull << 16;
	regs->pc = 0x40001000;
	trap(0x82000086, 0xffff800000000000, 0x70000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000015);
	/* 16 KiB granule, 47 bits: level 1; and a size that no walk has: level 0 */
	vcpus[0].ctx.el1[EL1_tcr_el1] = 1ull << 30 | 17ull << 16;
	regs->pc = 0x40001000;
	trap(0x82000086, 0xffff800000000000, 0x70000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000015);
	vcpus[0].ctx.el1[EL1_tcr_el1] = 2ull << 30;
	regs->pc = 0x40001000;
	trap(0x82000086, 0xffff800000000000, 0x70000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x86000014);
}

/* Any TCR and TTBR that a guest may write: no undefined behaviour, a level of 0 to 3. */
static void test_walk_any(void **state)
{
	u64 x = 88172645463325252ull;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		vcpus[0].ctx.el1[EL1_tcr_el1] = x;
		vcpus[0].ctx.el1[EL1_ttbr0_el1] = x & 8 ? 0x40000000 | (x >> 40 & 0xf000) : x >> 9;
		vcpus[0].ctx.el1[EL1_ttbr1_el1] = x >> 7;
		memcpy(ram + (x >> 50 & 0x3ff8), &x, 8);
		regs->pc = 0x40001000;
		trap(0x82000086, x * 31, 0x50000000);
		assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1] & ~3ull, 0x86000014);
	}
}

/* A vector that faults by itself would do so for ever: the guest ends with a report. */
static void test_no_vectors(void **state)
{
	(void)state;
	vcpus[0].ctx.el1[EL1_vbar_el1] = 0;
	vcpus[0].ctx.el1[EL1_esr_el1] = 0x96000045;
	vcpus[0].ctx.el1[EL1_far_el1] = 0x123456;
	regs->pc = 0x200;
	regs->x[30] = 0xdeadbeef;
	world.next = &other;
	assert_ptr_equal(trap(ESR_FETCH, 0x200, 0), &other);
	assert_int_equal(seen.ends, 1);
	assert_ptr_equal(seen.ended, &guest);
	assert_int_equal(seen.ended_how, END_CRASH);
	assert_int_equal(seen.reason, SCHED_END);
	assert_non_null(
		strstr(said, "skerry: guest crab: crashed on vCPU 0 at PC 0000000000000200"));
	assert_non_null(strstr(said,
			       "instruction abort from a lower level, translation fault, level 2"
			       ", at 0000000000000200 (ESR 82000006)"));
	assert_non_null(strstr(said, "its last exception: data abort, translation fault, level 1"
				     ", at 0000000000123456 (ESR 96000045)"));
	assert_non_null(strstr(said, "x30 00000000deadbeef"));
	assert_non_null(strstr(said, "look at ELR_EL1"));
	/* the same PC at EL0, or with the other SP, is another vector: it goes on */
	said_forget();
	world_new(3);
	vcpus[0].ctx.el1[EL1_vbar_el1] = 0;
	regs->pc = 0x200;
	regs->pstate = 0x3c4;
	trap(ESR_FETCH, 0x200, 0);
	assert_int_equal(seen.ends, 0);
	assert_int_equal(regs->pc, 0);
	/* no exception before: the vectors themselves are named */
	regs->pc = 0x200;
	vcpus[0].ctx.el1[EL1_esr_el1] = 0;
	regs->pstate = 0x3c5;
	trap(ESR_UNKNOWN, 0, 0);
	assert_int_equal(seen.ends, 1);
	assert_non_null(strstr(said, "look at VBAR_EL1"));
}

/* Frame records lead upwards, in the guest's own memory; a list that does not is cut off. */
static void test_back_trace(void **state)
{
	u64 *stack = (u64 *)(ram + 0x2000);

	(void)state;
	world.next = &other;
	regs->x[29] = 0x40002000;
	stack[0] = 0x40002040, stack[1] = 0x0033000040001238; /* signed */
	stack[8] = 0x40002080, stack[9] = 0xffbf800040005678; /* the upper half */
	stack[16] = 0x40002040, stack[17] = 0x40009abc;	      /* back to where it was */
	trap(0xf6000000, 0, 0);
	assert_non_null(strstr(said, "called from 0000000040001234\n"));
	assert_non_null(strstr(said, "called from ffff800040005674\n"));
	assert_non_null(strstr(said, "called from 0000000040009ab8\n"));
	assert_null(strstr(strstr(said, "40009ab8"), "called from"));
	for (u64 i = 0; i < RAM_BYTES / 16; i++) { /* very deep */
		((u64 *)ram)[2 * i] = RAM_BASE + (i + 1) * 16;
		((u64 *)ram)[2 * i + 1] = 0x40000004;
	}
	regs->x[29] = RAM_BASE;
	said_forget();
	trap(0xf6000000, 0, 0);
	assert_non_null(strstr(said, "look at"));
	assert_true(said_length < 4096);
	for (unsigned bad = 0; bad < 3; bad++) {
		static const u64 nowhere[] = {0, 0x40002008, RAM_BASE + RAM_BYTES};

		regs->x[29] = nowhere[bad];
		said_forget();
		memset(ram, 0, 32);
		trap(0xf6000000, 0, 0);
		assert_null(strstr(said, "called from"));
	}
}

/* The last four, the newest first. */
static void test_last_exceptions(void **state)
{
	(void)state;
	world.next = &other;
	for (unsigned i = 0; i < 6; i++) {
		regs->pc = 0x40001000 + 4 * i;
		trap(i == 4 ? ESR_FETCH : ESR_UNKNOWN, 0x300, i == 4 ? 0x300 : 0);
	}
	trap(0xf6000000, 0, 0);
	assert_non_null(
		strstr(said, "exception 6 that it was given, at PC 0000000040001014: undefined"));
	assert_non_null(strstr(
		said, "exception 5 that it was given, at PC 0000000040001010: instruction abort"
		      ", external abort: nobody answers there"));
	assert_non_null(strstr(said, "exception 3 that"));
	assert_null(strstr(said, "exception 2 that"));
}

/* By kind: how many, and where the last was. */
static void test_last_exits(void **state)
{
	(void)state;
	world.next = &other;
	regs->pc = 0x40001000;
	trap(ESR_WFI, 0, 0);
	regs->pc = 0x40002000;
	trap(ESR_WFI, 0, 0);
	regs->pc = 0x40003000;
	trap(0xf6000000, 0, 0);
	assert_non_null(strstr(said, "exit by wfi, the last of 2 at PC 0000000040002000"));
	assert_null(strstr(said, "exit by sysreg"));
}

static void test_unexpected(void **state)
{
	(void)state;
	world.next = &other;
	assert_ptr_equal(trap(0xd2000000, 0, 0), &other); /* a watchpoint: never EL2's */
	assert_int_equal(seen.ended_how, END_CRASH);
	assert_non_null(strstr(said, "EL2: watchpoint from a lower level (ESR d2000000)"));
	assert_non_null(strstr(said, "look at the instruction at PC"));
	said_forget();
	trap(0xfe000000, 0, 0);
	assert_non_null(strstr(said, "without a name"));
}

static void test_serror(void **state)
{
	(void)state;
	world.next = &other;
	standin_syndrome.esr = 0xbe000000;
	assert_ptr_equal(trap_serror(&vcpus[0]), &other);
	assert_int_equal(seen.ended_how, END_CRASH);
	assert_non_null(strstr(said, "SError"));
}

static void test_ends(void **state)
{
	static const struct {
		u64 function;
		enum guest_end how;
	} calls[] = {{0x84000008, END_EXIT}, {0x84000009, END_RESET}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		world_new(3);
		world.next = &other;
		regs->x[0] = calls[i].function;
		assert_ptr_equal(trap(ESR_HVC, 0, 0), &other);
		assert_int_equal(seen.ended_how, calls[i].how);
		assert_int_equal(seen.reason, SCHED_END);
	}
	world_new(3);
	world.next = &other;
	regs->x[0] = 0x84000002; /* CPU_OFF */
	assert_ptr_equal(trap(ESR_HVC, 0, 0), &other);
	assert_int_equal(vcpus[0].power, VCPU_OFF);
	assert_int_equal(seen.ends, 0);
	assert_int_equal(seen.reason, SCHED_END);
}

/* Whoever was woken by a trap may go first; a trap that wakes nobody does not even ask. */
static void test_wanted(void **state)
{
	(void)state;
	this_pcpu()->wanted = true;
	world.next = &other;
	regs->x[0] = 0xc6000004; /* WHO_AM_I */
	assert_ptr_equal(trap(ESR_HVC, 0, 0), &vcpus[0]);
	world.has_channel = true;
	regs->x[0] = 0xc6000007; /* DOORBELL */
	regs->x[1] = 2;
	assert_ptr_equal(trap(ESR_HVC, 0, 0), &other);
	assert_int_equal(seen.reason, SCHED_TICK);
	assert_int_equal(seen.switches, 1);
}

static unsigned fired;

static void note_fired(struct timer *timer)
{
	(void)timer;
	fired++;
}

/* Soft timers run any of EL2's code: not on the quick way, with a guest's key for return addresses and its
 * frame not whole. Another interrupt that is pending is left for later. */
static void test_own_timer(void **state)
{
	struct timer timer;

	(void)state;
	fired = 0;
	timer_init(&timer, note_fired);
	timer_arm(&timer, standin_now);
	world.acks[0] = 26;
	world.acks[1] = 33;
	assert_int_equal(trap_irq_quick(&vcpus[0]), 26 + 1);
	assert_int_equal(fired, 0);
	assert_ptr_equal(trap_irq(&vcpus[0], 26 + 1), &vcpus[0]);
	assert_int_equal(fired, 1);
	assert_int_equal(seen.deactivated, 26);
	assert_int_equal(world.ack, 1);
	assert_int_equal(vcpus[0].exits[EXIT_IRQ].count, 1);
}

static void test_interrupts(void **state)
{
	(void)state;
	world.acks[0] = 27;
	enter(false);
	assert_int_equal(seen.injections, 1);
	assert_int_equal(seen.deactivated, 0); /* the guest's EOI does that */
	assert_int_equal(vcpus[0].exits[EXIT_IRQ].count, 0);
	assert_int_equal(vcpus[0].exits[EXIT_TIMER].count, 1);

	world_new(3);
	world.acks[0] = 25;
	world.acks[1] = 33;
	say_listening = true;
	say_interrupts = 0;
	enter(false);
	assert_int_equal(seen.maintenances, 1);
	assert_int_equal(say_interrupts, 1);
	assert_int_equal(seen.cp_inputs, 1);
	assert_int_equal(seen.deactivated, 33);
	assert_int_equal(seen.switches, 0);
	/* the UART's again, while what is typed has to wait: it has room for output */
	world.acks[world.ack] = 33;
	say_listening = false;
	enter(false);
	assert_int_equal(say_interrupts, 2);
	assert_int_equal(seen.cp_inputs, 1);
	/* not ours: off, and said */
	world.acks[world.ack] = 77;
	enter(false);
	assert_int_equal(seen.disabled, 77);
	assert_int_equal(seen.deactivated, 77);
	assert_non_null(strstr(said, "interrupt 77"));
	/* a device's of a guest's: it stays active */
	world.granted = 78;
	world.acks[world.ack] = 78;
	enter(false);
	assert_int_equal(seen.disabled, 77);
	assert_int_equal(seen.deactivated, 77);
}

/* INTID 0 is the kick; world_ack ends at a zero, so it comes through a hook of its own. */
static unsigned kicks;

static u32 ack_kick(void)
{
	return kicks ? kicks--, 0 : 1023;
}

static void test_kick(void **state)
{
	struct gic_ops ops = world_gic;

	(void)state;
	ops.ack = ack_kick;
	gic = &ops;
	kicks = 1;
	this_pcpu()->wanted = true;
	world.next = &other;
	assert_ptr_equal(enter(false), &other);
	assert_int_equal(seen.refreshes, 1);
	assert_int_equal(seen.reason, SCHED_TICK);
	kicks = 100; /* one that never stops: by itself, and the guest goes on; nothing else to do */
	assert_ptr_equal(enter(false), &vcpus[0]);
	assert_int_equal(seen.refreshes, 2);
	assert_int_equal(kicks, 99);
	assert_int_equal(seen.switches, 1);
	assert_int_equal(vcpus[0].exits[EXIT_IRQ].count, 2);
	this_pcpu()->wanted = true; /* or 16 at a time, then the guest goes on */
	enter(false);
	assert_int_equal(seen.refreshes, 18);
	kicks = 1; /* idle: nobody's interrupts to look at */
	trap_interrupts(NULL);
	assert_int_equal(seen.refreshes, 18);
	gic = &world_gic;
}

static void test_idle_interrupts(void **state)
{
	(void)state;
	world.acks[0] = 27;
	world.acks[1] = 25;
	world.acks[2] = 26;
	timer_arm(&vcpus[0].vtimer.virt_soft, 500); /* due: 1000 is now */
	trap_interrupts(NULL);
	assert_int_equal(seen.maintenances, 0);
	assert_int_equal(seen.injections, 1); /* the soft timer's, by interrupt 26 */
	assert_int_equal(seen.deactivated, 26);
}

void el2_fault(u64 vector, const struct regs *frame);

/* EL2's own exception: registers, vector and syndrome are said, then the machine is given up; but not
 * for the HLT of a semihosting call that nobody answers. */
static void test_el2_fault(void **state)
{
	struct regs frame = {.pc = 0x40212340, .pstate = 0x3c9, .unused = 0x40300ff0};

	(void)state;
	for (unsigned i = 0; i < 31; i++)
		frame.x[i] = 0x1000 + i;
	standin_syndrome = (struct syndrome){.esr = 0x96000045, .far = 0xdead0000};
	assert_true(PANICS(el2_fault(4, &frame)));
	assert_string_equal(panic_text,
			    "EL2: synchronous exception at 0x40212340, lr 0x101e, sp 0x40300ff0, "
			    "ESR 0x96000045, FAR 0xdead0000, SPSR 0x3c9");
	assert_non_null(strstr(said, "x27 000000000000101b"));
	frame.pc = (u64)(uintptr_t)semihost_hlt;
	said_forget();
	assert_false(PANICS(el2_fault(4, &frame)));
	frame.pc = (u64)(uintptr_t)cpu_probe_load;
	assert_false(PANICS(el2_fault(4, &frame)));
	assert_int_equal(said_length, 0);
}

/* BRK and AArch32's BKPT come here only while the operator looks: they are the guest's own. */
static void test_breakpoint_instructions(void **state)
{
	static const u64 syndromes[] = {0xf2000001, 0xe2000001};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		setup(NULL);
		trap(syndromes[i], 0, 0);
		assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], syndromes[i]);
		assert_int_equal(regs->pc, 0x40008200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_breakpoint_instructions, setup),
		cmocka_unit_test_setup(test_undefined, setup),
		cmocka_unit_test_setup(test_wait, setup),
		cmocka_unit_test_setup(test_wait_shows_prompt, setup),
		cmocka_unit_test_setup(test_fp, setup),
		cmocka_unit_test_setup(test_hvc_smc, setup),
		cmocka_unit_test_setup(test_fetch, setup),
		cmocka_unit_test_setup(test_walk_level, setup),
		cmocka_unit_test_setup(test_walk_any, setup),
		cmocka_unit_test_setup(test_no_vectors, setup),
		cmocka_unit_test_setup(test_back_trace, setup),
		cmocka_unit_test_setup(test_last_exceptions, setup),
		cmocka_unit_test_setup(test_last_exits, setup),
		cmocka_unit_test_setup(test_unexpected, setup),
		cmocka_unit_test_setup(test_serror, setup),
		cmocka_unit_test_setup(test_ends, setup),
		cmocka_unit_test_setup(test_wanted, setup),
		cmocka_unit_test_setup(test_el2_fault, setup),
		cmocka_unit_test_setup(test_own_timer, setup),
		cmocka_unit_test_setup(test_interrupts, setup),
		cmocka_unit_test_setup(test_kick, setup),
		cmocka_unit_test_setup(test_idle_interrupts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
