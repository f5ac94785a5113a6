// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/sysreg.c: what a guest sees of ID registers, and what trapped registers answer. Encodings and
 * fields by Arm ARM D17.2; the ISS of EC 0x18 is op0 21:20, op2 19:17, op1 16:14, CRn 13:10, Rt 9:5,
 * CRm 4:1, read 0.
 */
#include "trap_world.h"

static int setup(void **state)
{
	(void)state;
	memset(standin_idregs, 0, sizeof(standin_idregs));
	sysreg_init();
	world_new(3);
	return 0;
}

static u64 esr_of(u64 op0, u64 op1, u64 crn, u64 crm, u64 op2, u64 rt, bool read)
{
	return 0x62000000 | op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 |
	       read;
}

/* MRS x9 and MSR with x9; false: UNDEFINED. */
static bool mrs(u64 op0, u64 op1, u64 crn, u64 crm, u64 op2)
{
	u64 faults = vcpus[0].exits[EXIT_FAULT].count;

	regs->pc = 0x40001000;
	regs->x[9] = 0x1bad;
	trap(esr_of(op0, op1, crn, crm, op2, 9, true), 0, 0);
	if (vcpus[0].exits[EXIT_FAULT].count != faults) {
		assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x02000000);
		assert_int_equal(regs->x[9], 0x1bad);
		return false;
	}
	assert_int_equal(regs->pc, 0x40001004);
	return true;
}

static bool msr(u64 op0, u64 op1, u64 crn, u64 crm, u64 op2, u64 value)
{
	u64 faults = vcpus[0].exits[EXIT_FAULT].count;

	regs->pc = 0x40001000;
	regs->x[9] = value;
	trap(esr_of(op0, op1, crn, crm, op2, 9, false), 0, 0);
	assert_int_equal(regs->x[9], value);
	if (vcpus[0].exits[EXIT_FAULT].count == faults)
		assert_int_equal(regs->pc, 0x40001004);
	return vcpus[0].exits[EXIT_FAULT].count == faults;
}

static u64 id(unsigned crm, unsigned op2)
{
	assert_true(mrs(3, 0, 0, crm, op2));
	return regs->x[9];
}

/* Cortex-A57 as QEMU has it: its fields come through, PARange no further than 40 bits. */
static void test_cortex_a57(void **state)
{
	(void)state;
	standin_idregs[4][0] = 0x2222;
	standin_idregs[5][0] = 0x10305106;
	standin_idregs[6][0] = 0x00011120;
	standin_idregs[7][0] = 0x00001124;
	standin_idregs[1][0] = 0x131; /* ID_PFR0_EL1: AArch32 */
	standin_idregs[2][0] = 0x02101110;
	sysreg_init();
	assert_int_equal(id(4, 0), 0x01000011); /* GIC; EL1 and EL0 AArch64 only */
	assert_int_equal(id(4, 1), 0);
	assert_int_equal(id(5, 0),
			 0xf010305006); /* no double lock; no PMU; 6 breakpoints, 4 watchpoints */
	assert_int_equal(id(6, 0), 0x00011120);
	assert_int_equal(id(7, 0), 0x00000022);
	assert_int_equal(id(1, 0), 0);
	assert_int_equal(id(2, 0), 0);
	assert_int_equal(id(7, 7), 0);
	world_new(2);
	assert_int_equal(id(4, 0), 0x11); /* no GICv3 registers for a v2 guest */
	assert_int_equal(vcpus[0].exits[EXIT_SYSREG].count, 1);
}

/* A CPU that has all there is: fields of 1 to 15 everywhere, and only what is switched shows. */
static void test_everything(void **state)
{
	(void)state;
	memset(standin_idregs, 0x11, sizeof(standin_idregs));
	sysreg_init();
	assert_int_equal(id(4, 0), 0x1101000011110011); /* CSV3, CSV2, DIT, RAS, GIC, SIMD, FP */
	assert_int_equal(id(4, 1), 0x0000001000000111); /* NMI, MTE, SSBS, BT */
	assert_int_equal(id(4, 4), 0);			/* SVE */
	assert_int_equal(id(4, 5), 0);			/* SME */
	assert_int_equal(id(5, 0), 0x000000f010101006);
	assert_int_equal(id(5, 1), 0);
	assert_int_equal(id(6, 0), 0x1111111110111110); /* no TME */
	assert_int_equal(id(6, 1), 0x0111111111111111); /* no LS64 */
	assert_int_equal(id(6, 2), 0x0011000001101111); /* no MOPS, CLRBHB */
	assert_int_equal(id(7, 0), 0x1000000000100011);
	assert_int_equal(id(7, 1), 0x0010101000101001); /* no VHE, LOR, XNX, VMIDBits */
	assert_int_equal(id(7, 2), 0x1011001110100010);
	assert_int_equal(id(7, 3), 0);
	/* 7 everywhere: capped */
	memset(standin_idregs, 0x77, sizeof(standin_idregs));
	sysreg_init();
	assert_int_equal(id(6, 0), 0x1221111110212120);
	assert_int_equal(id(6, 1), 0x0111211111211552);
	assert_int_equal(id(6, 2), 0x0011000001105112);
	assert_int_equal(id(7, 0), 0x1000000000100022);
	assert_int_equal(id(7, 1), 0x0010101000301002);
	assert_int_equal(id(4, 1), 0x0000001000000121);
	/* "not there" of signed fields: FP, SIMD, the 4 and 64 KiB granules */
	memset(standin_idregs, 0xff, sizeof(standin_idregs));
	sysreg_init();
	assert_int_equal(id(4, 0), 0x1101000011ff0011);
	assert_int_equal(id(7, 0), 0x10000000ff100022);
}

/* ID registers are for reading; rows above 7 are not among them. */
static void test_id_edges(void **state)
{
	(void)state;
	assert_false(msr(3, 0, 0, 4, 0, 1));
	assert_false(mrs(3, 0, 0, 8, 0));
	assert_false(mrs(3, 1, 0, 4, 0));
	assert_true(mrs(3, 0, 0, 0, 6)); /* REVIDR */
	assert_int_equal(regs->x[9], 0);
	assert_true(mrs(3, 1, 0, 0, 7)); /* AIDR */
	regs->x[30] = 5;
	trap(esr_of(3, 0, 0, 4, 0, 31, true), 0, 0); /* into XZR */
	assert_int_equal(regs->x[30], 5);
}

static void test_undefined(void **state)
{
	/* op0, op1, CRn, CRm, op2: PMU, SVE's and trace's control, LOR, SCXTNUM, of the
	 * implementation, MTE, EL2's own, keys of a CPU without pointer authentication */
	static const u8 names[][5] = {
		{3, 3, 9, 12, 0}, {3, 3, 9, 13, 0}, {3, 3, 14, 8, 0}, {3, 0, 9, 14, 1},
		{3, 0, 1, 2, 0},  {3, 0, 1, 2, 1},  {3, 0, 10, 4, 3}, {3, 0, 2, 1, 0},
		{3, 3, 13, 0, 7}, {3, 0, 11, 0, 0}, {3, 0, 15, 0, 0}, {3, 0, 1, 0, 5},
		{3, 4, 1, 1, 0},  {3, 0, 2, 3, 1},  {3, 3, 14, 0, 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const u8 *n = names[i];

		assert_false(mrs(n[0], n[1], n[2], n[3], n[4]));
		assert_false(msr(n[0], n[1], n[2], n[3], n[4], 1));
	}
}

/* FEAT_IDST: a read in the space of ID registers that is UNDEFINED says which it was. */
static void test_idst(void **state)
{
	static const struct {
		u64 esr, want;
	} cases[] = {
		{0x62384121, 0x62384121}, /* MRS x9, GMID_EL1 */
		{0x62300121, 0x62300121}, /* op1 0, CRm 0, op2 0 */
		{0x62384120, 0x02000000}, /* a write */
		{0x62388121, 0x02000000}, /* op1 2 */
		{0x62384131, 0x02000000}, /* CRm 8 */
		{0x62384521, 0x02000000}, /* CRn 1 */
	};

	(void)state;
	standin_idregs[7][2] = 1ull << 36;
	sysreg_init();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		regs->pc = 0x40001000;
		trap(cases[i].esr, 0, 0);
		assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], cases[i].want);
		assert_int_equal(vcpus[0].exits[EXIT_FAULT].count, i + 1);
	}
}

/* Pointer authentication: the first use, of an instruction or a key, and no trap after it. */
static void test_pac(void **state)
{
	(void)state;
	standin_idregs[6][1] = 0x10;
	sysreg_init();
	for (unsigned i = 0; i < 3; i++) {
		vcpus[0].ctx.hcr = 0x80080039;
		regs->pc = 0x40001000;
		trap(i == 0 ? 0x26000000 : esr_of(3, 0, 2, 1, 0, 9, i == 1), 0, 0);
		assert_int_equal(regs->pc, 0x40001000); /* again */
		assert_int_equal(vcpus[0].ctx.hcr, 0x30080080039);
	}
	assert_int_equal(vcpus[0].exits[EXIT_FAULT].count, 0);
}

static void test_ras(void **state)
{
	(void)state;
	assert_true(mrs(3, 0, 5, 3, 0)); /* ERRIDR_EL1: no records */
	assert_int_equal(regs->x[9], 0);
	assert_false(msr(3, 0, 5, 3, 0, 1));
	assert_true(msr(3, 0, 5, 3, 1, 7)); /* ERRSELR_EL1 */
	assert_true(mrs(3, 0, 5, 3, 1));
	assert_int_equal(regs->x[9], 0);
	assert_true(mrs(3, 0, 5, 4, 2)); /* ERXSTATUS_EL1 */
	assert_int_equal(regs->x[9], 0);
}

static void test_cpacr(void **state)
{
	(void)state;
	assert_true(msr(3, 0, 1, 0, 2, ~0ull));
	assert_true(mrs(3, 0, 1, 0, 2));
	assert_int_equal(regs->x[9], 0x300000); /* FPEN only */
}

static void test_set_way(void **state)
{
	(void)state;
	assert_true(msr(1, 0, 7, 6, 2, 0x1234)); /* DC ISW */
	assert_true(msr(1, 0, 7, 10, 2, ~0ull)); /* CSW */
	assert_true(msr(1, 0, 7, 14, 2, 0));	 /* CISW */
	assert_false(msr(1, 0, 7, 14, 4, 0));	 /* CIGSW, of MTE */
	/* set 0, way 0, level 1: all memory, in pieces, the instruction being run again */
	world_clean_left = 3;
	regs->x[9] = 0;
	for (unsigned n = 0; n < 3; n++) {
		regs->pc = 0x40001000;
		trap(esr_of(1, 0, 7, 14, 2, 9, false), 0, 0);
		assert_int_equal(regs->pc, n < 2 ? 0x40001000 : 0x40001004);
		assert_int_equal(vcpus[0].clean_next, n < 2 ? 0x40040000 + 0x40000 * n : 0);
	}
	assert_true(msr(3, 0, 1, 0, 1, 5)); /* ACTLR */
	assert_true(mrs(3, 0, 1, 0, 1));
	assert_int_equal(regs->x[9], 0);
}

static void test_sgi(void **state)
{
	(void)state;
	assert_true(msr(3, 0, 12, 11, 5, 0x10000000001));
	assert_int_equal(seen.sgi, 0x10000000001);
	assert_true(seen.sgi_group1);
	assert_true(msr(3, 0, 12, 11, 7, 2));
	assert_int_equal(seen.sgi, 2);
	assert_false(seen.sgi_group1);
	assert_true(msr(3, 0, 12, 11, 6, 3));
	assert_int_equal(seen.sgi, 3);
	assert_false(mrs(3, 0, 12, 11, 5));
	assert_true(msr(3, 0, 12, 11, 1, 0xffffffff00000021));
	assert_int_equal(seen.dir, 0x21);
	assert_true(msr(3, 0, 12, 12, 5, 0)); /* ICC_SRE: SRE, DFB, DIB, all RAO/WI */
	assert_true(mrs(3, 0, 12, 12, 5));
	assert_int_equal(regs->x[9], 7);
	world_new(2);
	assert_false(msr(3, 0, 12, 11, 5, 1));
	assert_false(msr(3, 0, 12, 11, 1, 1));
	assert_false(msr(3, 0, 12, 12, 5, 7));
	assert_false(mrs(3, 0, 12, 12, 5));
	assert_int_equal(seen.sgi, 0);
}

/* The physical timer, by the guest's clock: D11.2.4. */
static void test_timer(void **state)
{
	(void)state;
	vcpus[0].vtimer.offset = 400;
	assert_true(mrs(3, 3, 14, 0, 1)); /* CNTPCT_EL0 */
	assert_int_equal(regs->x[9], 600);
	assert_true(mrs(3, 3, 14, 0, 5)); /* CNTPCTSS_EL0 */
	assert_int_equal(regs->x[9], 600);
	assert_false(msr(3, 3, 14, 0, 1, 0));
	assert_true(msr(3, 3, 14, 2, 2, 1100)); /* CVAL */
	assert_true(msr(3, 3, 14, 2, 1, 0xfd)); /* CTL: on; other bits are not there */
	assert_true(mrs(3, 3, 14, 2, 1));
	assert_int_equal(regs->x[9], 1);
	assert_true(mrs(3, 3, 14, 2, 0)); /* TVAL */
	assert_int_equal(regs->x[9], 500);
	standin_now = 1500;
	assert_true(standin_hyp_due(0));
	timer_interrupt();
	assert_string_equal(seen.lines, "30-30-30+");
	assert_true(mrs(3, 3, 14, 2, 1));
	assert_int_equal(regs->x[9], 5);
	assert_false(mrs(3, 3, 14, 2, 3));
}

/* Every encoding, both ways: an answer or UNDEF, never more. */
static void test_sweep(void **state)
{
	unsigned defined = 0;

	(void)state;
	for (u64 iss = 0; iss < 1 << 22; iss++) {
		u64 faults = vcpus[0].exits[EXIT_FAULT].count;

		if ((iss >> 5 & 31) != 9)
			continue;
		regs->pc = 0x40001000;
		seen.lines[0] = 0;
		trap(0x62000000 | iss, 0, 0);
		defined += vcpus[0].exits[EXIT_FAULT].count == faults;
	}
	/* 56 ID registers and 9 others are read-only, 8 write-only, 44 are both (of
	 * breakpoints and watchpoints one each) */
	assert_int_equal(defined, 56 + 9 + 8 + 2 * 44);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cortex_a57, setup),
		cmocka_unit_test_setup(test_everything, setup),
		cmocka_unit_test_setup(test_id_edges, setup),
		cmocka_unit_test_setup(test_undefined, setup),
		cmocka_unit_test_setup(test_idst, setup),
		cmocka_unit_test_setup(test_pac, setup),
		cmocka_unit_test_setup(test_ras, setup),
		cmocka_unit_test_setup(test_cpacr, setup),
		cmocka_unit_test_setup(test_set_way, setup),
		cmocka_unit_test_setup(test_sgi, setup),
		cmocka_unit_test_setup(test_timer, setup),
		cmocka_unit_test_setup(test_sweep, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
