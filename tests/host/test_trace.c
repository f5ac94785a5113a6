// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/trace.c: a traced vCPU's traps in words, by ESR_EL2 values that are written out; and that what was
 * asked for is done all the same.
 */
#include "trap_world.h"

#define ESR_HVC 0x5a000000
#define ESR_READ_PFR0 0x62300009u /* EC 0x18: MRS x0, ID_AA64PFR0_EL1 (3, 0, 0, 4, 0) */

static int setup(void **state)
{
	(void)state;
	world_new(3);
	guest.traced = 0x7f;
	memset(&traced, 0, sizeof(traced));
	traced_count = 0;
	return 0;
}

static struct vcpu *trapped(u64 esr, u64 far, u64 ipa)
{
	standin_syndrome = (struct syndrome){esr, far, ipa >> 12 << 4};
	return trap_traced(&vcpus[0]);
}

#define SAYS(what)                                      \
	do {                                            \
		assert_string_equal(traced.text, what); \
	} while (0)

static void test_calls(void **state)
{
	(void)state;
	regs->x[0] = 0xc4000003; /* PSCI CPU_ON */
	regs->x[1] = 1;
	regs->x[2] = 0x40000000;
	regs->x[3] = 0;
	world.was = VCPU_OFF;
	standin_now = 5 * timer_frequency();
	assert_ptr_equal(trapped(ESR_HVC, 0, 0), &vcpus[0]);
	SAYS("PSCI CPU_ON(0x1, 0x40000000, 0x0) = SUCCESS");
	assert_int_equal(traced.event, TRACE_PSCI);
	assert_int_equal(traced.vcpu, 0);
	assert_int_equal(traced.pc, 0x40001000);
	assert_int_equal(traced.time, 5 * timer_frequency());
	assert_int_equal(regs->x[0], 0);
	assert_int_equal(seen.on_entry, 0x40000000);
	regs->x[0] = 0x84000003;
	regs->x[1] = 9;
	trapped(ESR_HVC, 0, 0);
	SAYS("PSCI CPU_ON(0x9, 0x40000000, 0x0) = INVALID_PARAMETERS");
	regs->x[0] = 0x84000000;
	trapped(ESR_HVC, 0, 0);
	SAYS("PSCI VERSION(0x9, 0x40000000, 0x0) = 0x10001");
	regs->x[0] = 0x8400001f;
	trapped(ESR_HVC, 0, 0);
	SAYS("PSCI 0x8400001f(0x9, 0x40000000, 0x0) = NOT_SUPPORTED");
	regs->x[0] = 0xc6000007;
	regs->x[1] = 2;
	trapped(ESR_HVC, 0, 0);
	SAYS("DOORBELL(0x2, 0x40000000, 0x0) = INVALID_PARAMETER");
	assert_int_equal(traced.event, TRACE_HYPERCALL);
	regs->x[0] = 0x80000000;
	trapped(ESR_HVC, 0, 0);
	SAYS("SMCCC 0x80000000(0x2, 0x40000000, 0x0) = 0x10002");
	regs->x[0] = 0xc6000005; /* EXIT: does not return */
	regs->x[1] = 3;
	world.next = &other;
	assert_ptr_equal(trapped(ESR_HVC, 0, 0), &other);
	SAYS("off CPU 0: its end");
	assert_int_equal(seen.ends, 1);
	guest.traced = 1;
	regs->x[0] = 0xc6000005;
	trapped(ESR_HVC, 0, 0);
	SAYS("EXIT(0x3, 0x40000000, 0x0)");
}

static void test_registers(void **state)
{
	(void)state;
	regs->x[5] = 0x40; /* MSR CNTP_CVAL_EL0 (3, 3, 14, 2, 2) of x5 */
	trapped(0x62000000 | 3u << 20 | 2u << 17 | 3u << 14 | 14u << 10 | 5u << 5 | 2u << 1, 0, 0);
	SAYS("CNTP_CVAL_EL0 <- 0x40");
	assert_int_equal(traced.event, TRACE_SYSREG);
	assert_int_equal(regs->pc, 0x40001004);
	trapped(ESR_READ_PFR0, 0, 0);
	SAYS("read ID_AA64PFR0_EL1 = 0x1000000"); /* before sysreg_init */
	assert_int_equal(regs->x[0], 0x1000000);
	trapped(0x62000000 | 2u << 20 | 5u << 17 | 5u << 5, 0, 0); /* DBGBCR0_EL1 */
	SAYS("DBGBCR0_EL1 <- 0x40");
	trapped(0x62000000 | 3u << 20 | 5u << 17 | 12u << 10 | 5u << 5 | 11u << 1 | 1, 0, 0);
	SAYS("read ICC_SGI1R_EL1: undefined"); /* it can only be written */
	trapped(0x62000000 | 3u << 20 | 1u << 17 | 6u << 14 | 15u << 10 | 5u << 5 | 3u << 1, 0, 0);
	SAYS("S3_6_C15_C3_1 <- 0x40: undefined");
}

static void test_devices(void **state)
{
	static const struct {
		u32 ipa;
		const char *name;
	} names[] = {
		{0x08000000, "GICD_CTLR"},	 {0x08000004, "GICD_TYPER"},
		{0x08000084, "GICD_IGROUPR1"},	 {0x0800017c, "GICD_ISENABLER31"},
		{0x08000180, "GICD_ICENABLER0"}, {0x08000434, "GICD_IPRIORITYR52"},
		{0x08000c08, "GICD_ICFGR2"},	 {0x08006108, "GICD_IROUTER33"},
		{0x080a0014, "GICR0_WAKER"},	 {0x080d0100, "GICR1_ISENABLER0"},
		{0x09000018, "UARTFR"},		 {0x09000004, "UARTRSR"},
		{0x09010000, "RTC+0x0"},	 {0x0800f000, "GICD+0xf000"},
	};

	(void)state;
	guest.config.cpus = 2;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char expected[64];

		world.read = 0x12345678;
		trapped(0x93880006, names[i].ipa & 0xfff,
			names[i].ipa); /* a load of 4 bytes into x8 */
		snprintf(expected, sizeof(expected), "read %s", names[i].name);
		assert_memory_equal(traced.text, expected, strlen(expected));
		assert_true(traced.text[strlen(expected)] == ' ');
		assert_int_equal(traced.event, TRACE_MMIO);
	}
	world.read = 0x12345678;
	trapped(0x93880006, 4, 0x08000004);
	SAYS("read GICD_TYPER = 0x12345678");
	regs->x[8] = 0xffffffff00000010;
	trapped(0x93880046, 0x104, 0x08000104);
	SAYS("GICD_ISENABLER1 <- 0x10");
	assert_int_equal(seen.access.value, 0x10);
	world.refuse = true;
	trapped(0x93880046, 0x014, 0x080a0014);
	SAYS("GICR0_WAKER <- 0x10: refused");
	trapped(0x93880006, 8, 0x0a000008);
	SAYS("read IPA 0xa000008: refused");
}

static void test_aborts_and_others(void **state)
{
	(void)state;
	trapped(0x93880046, 0x40002008, 0x40002000);
	SAYS("store at IPA 0x40002008: the first touch");
	assert_int_equal(traced.event, TRACE_ABORT);
	trapped(0x82000006, 0x7f000000, 0x7f000000);
	SAYS("fetch at IPA 0x7f000000: nobody answers there");
	trapped(0x66000000, 0, 0); /* SVE */
	SAYS("undefined instruction: access to SVE");
	traced_count = 0;
	trapped(0x1fe00000, 0, 0); /* FP: no event */
	assert_int_equal(traced_count, 0);
	/* not asked for: not said, but done */
	guest.traced = 0;
	trapped(ESR_READ_PFR0, 0, 0);
	assert_int_equal(traced_count, 0);
}

static void test_interrupts_and_switches(void **state)
{
	(void)state;
	world.acks[0] = 27;
	assert_ptr_equal(trap_irq_traced(&vcpus[0]), &vcpus[0]);
	SAYS("interrupt 27, its timer");
	assert_int_equal(seen.injections, 1);
	world.ack = 0;
	world.acks[0] = 0;
	world.acks[0] = 26; /* EL2's own: none of its affairs */
	traced_count = 0;
	trap_irq_traced(&vcpus[0]);
	assert_int_equal(traced_count, 0);
	world.ack = 0;
	world.acks[0] = world.granted = 40;
	vcpus[0].ctx.debug.since = 77;
	trap_irq_traced(&vcpus[0]);
	SAYS("interrupt 40");
	assert_int_equal(traced_count, 2); /* onto CPU 0, as of then, before it */
	assert_int_equal(vcpus[0].ctx.debug.since, 0);
	this_pcpu()->wanted = true;
	world.next = &other;
	world.acks[world.ack = 1] = 0;
	assert_ptr_equal(trap_irq_traced(&vcpus[0]), &other);
	SAYS("off CPU 0: another one is due");
	world.wakes = false;
	assert_ptr_equal(trapped(0x07e00000, 0, 0), &other); /* WFI */
	SAYS("off CPU 0: it waits");
	assert_int_equal(seen.reason, SCHED_BLOCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_calls, setup),
		cmocka_unit_test_setup(test_registers, setup),
		cmocka_unit_test_setup(test_devices, setup),
		cmocka_unit_test_setup(test_aborts_and_others, setup),
		cmocka_unit_test_setup(test_interrupts_and_switches, setup),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
