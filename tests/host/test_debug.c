// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/debug.c: a guest's debug registers. Encodings, bits and reset values by Arm ARM D17.3; when
 * debug exceptions are enabled by D2.3 and H6.5 (OS lock). What the hardware would hold is
 * standin_mdscr: MDSCR_EL1, zero while nothing can hit.
 */
#include "trap_world.h"

static int setup(void **state)
{
	(void)state;
	memset(standin_idregs, 0, sizeof(standin_idregs));
	standin_idregs[5][0] = 0x10305106; /* Cortex-A57: 6 breakpoints, 4 watchpoints */
	sysreg_init();
	world_new(3);
	standin_mdscr = standin_debug_loads = 0;
	return 0;
}

static bool access_register(u64 op1, u64 crn, u64 crm, u64 op2, bool read)
{
	u64 faults = vcpus[0].exits[EXIT_FAULT].count;

	regs->pc = 0x40001000;
	trap(0x62200000 | op2 << 17 | op1 << 14 | crn << 10 | 9 << 5 | crm << 1 | read, 0, 0);
	return vcpus[0].exits[EXIT_FAULT].count == faults;
}

/* MRS x9 and MSR with x9 of an op0 = 2 register; the test fails if it is UNDEFINED. */
static u64 get(u64 op1, u64 crn, u64 crm, u64 op2)
{
	regs->x[9] = 0x1bad;
	assert_true(access_register(op1, crn, crm, op2, true));
	return regs->x[9];
}

static void put(u64 op1, u64 crn, u64 crm, u64 op2, u64 value)
{
	regs->x[9] = value;
	assert_true(access_register(op1, crn, crm, op2, false));
}

#define MDSCR 0, 0, 2, 2
#define OSLAR 0, 1, 0, 4
#define OSLSR 0, 1, 1, 4

static void test_slots(void **state)
{
	(void)state;
	for (u64 n = 0; n < 16; n++)
		for (u64 op2 = 4; op2 < 8; op2++) {
			bool there = n < (op2 < 6 ? 6 : 4);

			assert_int_equal(access_register(0, 0, n, op2, true), there);
			assert_int_equal(access_register(0, 0, n, op2, false), there);
		}
	put(0, 0, 5, 4, 0xffff800010001234); /* DBGBVR5 */
	assert_int_equal(get(0, 0, 5, 4), 0xffff800010001234);
	put(0, 0, 5, 5, ~0ull); /* DBGBCR5: RES0 bits stay 0 */
	assert_int_equal(get(0, 0, 5, 5), 0xffe1e7);
	put(0, 0, 5, 5, 0); /* BAS is RES1 */
	assert_int_equal(get(0, 0, 5, 5), 0x1e0);
	put(0, 0, 3, 6, 0x0001000000001237); /* DBGWVR3: bit 48 goes on, 1:0 RES0 */
	assert_int_equal(get(0, 0, 3, 6), 0xffff000000001234);
	put(0, 0, 3, 6, 0xfffe00000000fff8);
	assert_int_equal(get(0, 0, 3, 6), 0xfff8);
	put(0, 0, 3, 7, ~0ull); /* DBGWCR3 */
	assert_int_equal(get(0, 0, 3, 7), 0x1f1fffff);
	assert_int_equal(get(0, 0, 4, 5), 0x1e0); /* and none of the others changed */
	assert_int_equal(standin_debug_loads, 0);
}

/* The hardware has it all only with the lock open, and MDE or SS set. */
static void test_live(void **state)
{
	(void)state;
	assert_int_equal(get(OSLSR), 0xa);
	put(MDSCR, 0xa000); /* MDE, KDE */
	assert_int_equal(standin_debug_loads, 0);
	put(OSLAR, 0);
	assert_int_equal(get(OSLSR), 8);
	assert_int_equal(standin_mdscr, 0xa000);
	assert_true(vcpus[0].ctx.debug.live);
	put(0, 0, 0, 5, 0x1e5);
	assert_int_equal(standin_debug_loads, 2); /* a new breakpoint is in at once */
	put(0, 0, 0, 7, 0x1f);
	assert_int_equal(standin_debug_loads, 3);
	put(MDSCR, 0x3000); /* TDCC, KDE: nothing to hit */
	assert_int_equal(standin_mdscr, 0);
	assert_false(vcpus[0].ctx.debug.live);
	put(MDSCR, 1); /* SS */
	assert_int_equal(standin_mdscr, 1);
	put(OSLAR, 1);
	assert_int_equal(standin_mdscr, 0);
	assert_int_equal(get(MDSCR), 1);
	assert_int_equal(standin_debug_loads, 4);
}

static void test_mdscr_bits(void **state)
{
	(void)state;
	put(MDSCR, ~0ull); /* locked: for restoring, all that there is */
	assert_int_equal(get(MDSCR), 0x6ce0f041);
	put(OSLAR, 0xfffffffe); /* only bit 0 counts */
	put(MDSCR, 0);
	assert_int_equal(get(MDSCR), 0x6ce04040);
	put(MDSCR, ~0ull);
	assert_int_equal(get(MDSCR), 0x6ce0f041);
	assert_int_equal(standin_mdscr, 0xb001);
}

static void test_rest(void **state)
{
	(void)state;
	put(0, 0, 2, 0, ~0ull); /* MDCCINT */
	assert_int_equal(get(0, 0, 2, 0), 0x60000000);
	put(0, 1, 4, 4, ~0ull); /* DBGPRCR */
	assert_int_equal(get(0, 1, 4, 4), 1);
	assert_int_equal(get(0, 7, 8, 6), 0xff); /* DBGCLAIMSET */
	put(0, 7, 8, 6, 0x1a5);
	assert_int_equal(get(0, 7, 9, 6), 0xa5); /* DBGCLAIMCLR */
	put(0, 7, 9, 6, 0x21);
	assert_int_equal(get(0, 7, 9, 6), 0x84);
	assert_int_equal(get(0, 7, 14, 6), 0xa); /* DBGAUTHSTATUS */
	assert_int_equal(get(0, 1, 0, 0), 0);	 /* MDRAR */
	put(0, 1, 3, 4, 1);			 /* OSDLR: no double lock */
	assert_int_equal(get(0, 1, 3, 4), 0);
	put(3, 0, 5, 0, 5);		      /* DBGDTRTX_EL0 */
	assert_int_equal(get(3, 0, 5, 0), 0); /* DBGDTRRX_EL0 */
	assert_int_equal(get(3, 0, 4, 0), 0); /* DBGDTR_EL0 */
	assert_int_equal(get(3, 0, 1, 0), 0); /* MDCCSR_EL0 */
	put(0, 0, 0, 2, 1);		      /* OSDTRRX, OSDTRTX, OSECCR */
	put(0, 0, 3, 2, 1);
	put(0, 0, 6, 2, 1);
	assert_int_equal(get(0, 0, 0, 2) | get(0, 0, 3, 2) | get(0, 0, 6, 2), 0);
	assert_false(access_register(0, 1, 0, 4, true));   /* OSLAR */
	assert_false(access_register(0, 1, 1, 4, false));  /* OSLSR */
	assert_false(access_register(0, 7, 14, 6, false)); /* DBGAUTHSTATUS */
	assert_false(access_register(0, 1, 0, 0, false));  /* MDRAR */
	assert_false(access_register(3, 0, 1, 0, false));  /* MDCCSR_EL0 */
	assert_false(access_register(4, 0, 7, 0, true));   /* DBGVCR32_EL2 */
	assert_false(access_register(1, 0, 0, 1, true));   /* TRCTRACEIDR */
}

/* TDCC: EL0's access is EL1's to trap, with the syndrome as it came (EC 0x18). */
static void test_channel_from_el0(void **state)
{
	(void)state;
	put(MDSCR, 0x1000);
	regs->pstate = 0; /* EL0 */
	assert_false(access_register(3, 0, 1, 0, true));
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x6220c123);
	assert_int_equal(vcpus[0].ctx.el1[EL1_elr_el1], 0x40001000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], 0);
	assert_int_equal(regs->pc, 0x40008400);
	regs->pstate = 0;
	assert_false(access_register(3, 0, 5, 0, false));
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x6220c12a);
	regs->pstate = 0x3c5;
	put(MDSCR, 0);
	regs->pstate = 0;
	assert_int_equal(get(3, 0, 1, 0), 0);
}

/* What was emulated is one instruction: software step sees it done, and it leaves no branch type. */
static void test_step_state(void **state)
{
	(void)state;
	regs->pstate = 0x200fc5; /* SS, BTYPE 0b11 */
	(void)get(OSLSR);
	assert_int_equal(regs->pstate, 0x3c5);
	regs->pstate = 0x2003c5;
	assert_false(access_register(0, 1, 0, 4, true)); /* UNDEFINED: not done, SS is saved */
	assert_int_equal(vcpus[0].ctx.el1[EL1_spsr_el1], 0x2003c5);
	assert_int_equal(regs->pstate & 0x200000, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_slots, setup),
		cmocka_unit_test_setup(test_live, setup),
		cmocka_unit_test_setup(test_mdscr_bits, setup),
		cmocka_unit_test_setup(test_rest, setup),
		cmocka_unit_test_setup(test_channel_from_el0, setup),
		cmocka_unit_test_setup(test_step_state, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
