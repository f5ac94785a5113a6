// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: PSCI 1.1 (DEN0022), SMCCC (DEN0028), and what a guest finds where it is entered:
 * its tree, its other CPUs' first state. With more than one CPU also CPU_ON, CPU_OFF, AFFINITY_INFO,
 * and several CPUs that turn one on at once.
 */
#include "check.h"

#define CPU_SUSPEND_32 0x84000001
#define CPU_ON_32 0x84000003
#define AFFINITY_INFO_32 0x84000004

#define SUCCESS 0u
#define NOT_SUPPORTED 0xffffffffu
#define INVALID_PARAMETERS 0xfffffffeu
#define ALREADY_ON 0xfffffffcu
#define INVALID_ADDRESS 0xfffffff7u

#define ON 0u
#define OFF 1u

#define NO_CPU 0x7fu /* an affinity that no CPU here has */

/* Results are signed 32-bit numbers. */
static u64 psci(u64 id, u64 a1, u64 a2, u64 a3)
{
	return (u32)hypercall(id, a1, a2, a3).x0;
}

static bool bare(void)
{
	return !on_skerry();
}

/* ---- Who answers to what ---- */

static void test_features(void)
{
	static const u32 needed[] = {PSCI_VERSION,	CPU_SUSPEND_32,	    PSCI_CPU_SUSPEND,
				     PSCI_CPU_OFF,	CPU_ON_32,	    PSCI_CPU_ON,
				     AFFINITY_INFO_32,	PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF,
				     PSCI_SYSTEM_RESET, PSCI_FEATURES};
	static const u32 none[] = {0xc4000000, 0xc4000002, 0xc4000008, 0xc4000009, 0xc400000a,
				   0xc4000006, 0x8400001f, 0xc400001f, 0x84000099, 0x86000099,
				   0x82000000, 0x80000099, 0x04000000, 0x00000000, 0xffffffff};
	/* those that may be there or not: who is not must say so when called */
	static const u32 maybe[] = {0x84000005, 0xc4000005, 0x84000007, 0xc4000007, 0x8400000b,
				    0x8400000d, 0xc400000d, 0x8400000f, 0x84000010, 0xc4000010,
				    0x84000011, 0xc4000011, 0x84000013, 0xc4000013, 0xc4000014};
	u32 n;

	expect_true("PSCI_VERSION: 1.0 or later", psci(PSCI_VERSION, 0, 0, 0) >= 0x10000);
	expect_true("PSCI_VERSION: 1.x", psci(PSCI_VERSION, 0, 0, 0) < 0x20000);
	for (n = 0; n < sizeof(needed) / sizeof(needed[0]); n++)
		expect("FEATURES: what every 1.x has", psci(PSCI_FEATURES, needed[n], 0, 0), 0);
	for (n = 0; n < sizeof(none) / sizeof(none[0]); n++) {
		expect("FEATURES: what there is not", psci(PSCI_FEATURES, none[n], 0, 0),
		       NOT_SUPPORTED);
		expect("a call that is none", psci(none[n], 0, 0, 0), NOT_SUPPORTED);
	}
	for (n = 0; n < sizeof(maybe) / sizeof(maybe[0]); n++)
		if (psci(PSCI_FEATURES, maybe[n], 0, 0) == NOT_SUPPORTED)
			expect("a call that FEATURES denies", psci(maybe[n], 0, 0, 0),
			       NOT_SUPPORTED);
	n = (u32)psci(0x84000006, 0, 0, 0); /* MIGRATE_INFO_TYPE */
	expect_true("MIGRATE_INFO_TYPE: nothing to migrate", n == 2 || n == NOT_SUPPORTED);
}

/* The id is w0, whatever stands above it; so are the arguments of 32-bit functions. */
static void test_halves(void)
{
	errs(bare());
	expect_true("w0 only: VERSION",
		    psci(0xdeadbeef00000000 | PSCI_VERSION, 0, 0, 0) >= 0x10000);
	errs(bare());
	expect("w0 only: FEATURES", psci(0xffffffff00000000 | PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
	errs(bare());
	expect("w0 only: AFFINITY_INFO", psci(0x100000000 | PSCI_AFFINITY_INFO, cpu_mpidr(0), 0, 0),
	       ON);
	expect("w0 only: none", psci(0x100000000 | 0x84000099, 0, 0, 0), NOT_SUPPORTED);
	errs(bare());
	expect("w1 only: FEATURES", psci(PSCI_FEATURES, 0xffffffff00000000 | PSCI_CPU_ON, 0, 0), 0);
	errs(bare());
	expect("w1, w2 only: AFFINITY_INFO, 32 bits",
	       psci(AFFINITY_INFO_32, 0xee00000000 | cpu_mpidr(0), 0xee00000000, 0), ON);
}

/* x4..x17 keep their values (SMCCC 1.1), x18..x30 always did. */
static void test_registers(void)
{
	static u64 after[14];
	u64 n;

	__asm__ volatile(".irp r, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
			 "	mov	x\\r, #(0x4000 + \\r)\n"
			 ".endr\n"
			 "	movz	w0, #0x8400, lsl #16\n"
			 "	hvc	#0\n"
			 "	stp	x4, x5, [%0]\n	stp	x6, x7, [%0, #16]\n"
			 "	stp	x8, x9, [%0, #32]\n	stp	x10, x11, [%0, #48]\n"
			 "	stp	x12, x13, [%0, #64]\n	stp	x14, x15, [%0, #80]\n"
			 "	stp	x16, x17, [%0, #96]\n" ::"r"(after)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	for (n = 0; n < 14; n++)
		expect("a register that a call must keep", after[n], 0x4004 + n);
}

static void test_affinity_info(void)
{
	u64 me = cpu_mpidr(0), level;

	expect("AFFINITY_INFO: me", psci(PSCI_AFFINITY_INFO, me, 0, 0), ON);
	expect("AFFINITY_INFO, 32 bits: me", psci(AFFINITY_INFO_32, me, 0, 0), ON);
	expect("AFFINITY_INFO: nobody", psci(PSCI_AFFINITY_INFO, NO_CPU, 0, 0), INVALID_PARAMETERS);
	expect("AFFINITY_INFO: another Aff1", psci(PSCI_AFFINITY_INFO, 0xf00, 0, 0),
	       INVALID_PARAMETERS);
	expect("AFFINITY_INFO: another Aff2", psci(PSCI_AFFINITY_INFO, 0xf0000, 0, 0),
	       INVALID_PARAMETERS);
	expect("AFFINITY_INFO: another Aff3", psci(PSCI_AFFINITY_INFO, 0xf00000000, 0, 0),
	       INVALID_PARAMETERS);
	for (level = 1; level < 5; level++) {
		errs(bare()); /* says that they are on */
		expect("AFFINITY_INFO: a level that there is not",
		       psci(PSCI_AFFINITY_INFO, me, level, 0), INVALID_PARAMETERS);
	}
}

static void test_cpu_on_bad(void)
{
	u64 entry = (u64)test_cpu_on_bad, base = 0, size = 0;

	fdt_reg(fdt_named("memory", 0), 0, &base, &size);
	expect("CPU_ON: me", psci(PSCI_CPU_ON, cpu_mpidr(0), entry, 0), ALREADY_ON);
	expect("CPU_ON, 32 bits: me", psci(CPU_ON_32, cpu_mpidr(0), entry, 0), ALREADY_ON);
	expect("CPU_ON: nobody", psci(PSCI_CPU_ON, NO_CPU, entry, 0), INVALID_PARAMETERS);
	expect("CPU_ON: another Aff1", psci(PSCI_CPU_ON, 0xf00, entry, 0), INVALID_PARAMETERS);
	expect("CPU_ON: another Aff3", psci(PSCI_CPU_ON, 0x100000000, entry, 0),
	       INVALID_PARAMETERS);
	if (cpu_count() < 2 || bare()) /* QEMU looks at no address, and starts it there */
		return;
	expect("CPU_ON: a device", psci(PSCI_CPU_ON, cpu_mpidr(1), SKERRY_UART_BASE, 0),
	       INVALID_ADDRESS);
	expect("CPU_ON: past memory", psci(PSCI_CPU_ON, cpu_mpidr(1), base + size, 0),
	       INVALID_ADDRESS);
	expect("CPU_ON: no address", psci(PSCI_CPU_ON, cpu_mpidr(1), ~0ul, 0), INVALID_ADDRESS);
	expect("CPU_ON: still off", psci(PSCI_AFFINITY_INFO, cpu_mpidr(1), 0, 0), OFF);
}

static void test_smccc(void)
{
	u64 version = psci(SMCCC_VERSION, 0, 0, 0), value;
	u64 esr;

	errs(bare()); /* has none */
	expect_true("SMCCC_VERSION: 1.1 or later", version >= 0x10001 && version < 0x20000);
	errs(bare());
	expect("FEATURES: SMCCC_VERSION", psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0), 0);
	errs(bare());
	expect("ARCH_FEATURES: SMCCC_VERSION", psci(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0);
	errs(bare());
	expect("ARCH_FEATURES: itself", psci(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0);
	expect("ARCH_FEATURES: none", psci(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0), NOT_SUPPORTED);
	for (value = 0; value < 3; value++) { /* WORKAROUND_1, 2, 3 */
		static const u32 ids[] = {0x80008000, 0x80007fff, 0x80003fff};
		u64 answer = psci(SMCCC_ARCH_FEATURES, ids[value], 0, 0);

		expect_true("ARCH_FEATURES: a workaround",
			    answer == 0 || answer == 1 || answer == NOT_SUPPORTED);
		if (answer == NOT_SUPPORTED)
			expect("a workaround that there is not", psci(ids[value], 0, 0, 0),
			       NOT_SUPPORTED);
	}
	if (psci(SMCCC_ARCH_FEATURES, 0x80000002, 0, 0) == NOT_SUPPORTED)
		expect("SOC_ID that there is not", psci(0x80000002, 0, 0, 0), NOT_SUPPORTED);
	if (bare())
		return;
	/* HVC and SMC of another number, and SMC as conduit */
	expect("hvc #1", (u32)execute(0xd4000022, PSCI_VERSION, &esr), NOT_SUPPORTED);
	expect("smc #1", (u32)execute(0xd4000023, PSCI_VERSION, &esr), NOT_SUPPORTED);
	expect("smc #0", (u32)execute(0xd4000003, PSCI_VERSION, &esr), 0x10001);
	expect("smc #0: none", (u32)execute(0xd4000003, 0x84000099, &esr), NOT_SUPPORTED);
	/* stolen time, entropy */
	expect("PV_TIME_FEATURES", psci(PV_TIME_FEATURES, PV_TIME_ST, 0, 0), 0);
	expect("PV_TIME_FEATURES: none", psci(PV_TIME_FEATURES, 0xc5000099, 0, 0), NOT_SUPPORTED);
	expect("ARCH_FEATURES: PV_TIME_FEATURES", psci(SMCCC_ARCH_FEATURES, PV_TIME_FEATURES, 0, 0),
	       0);
	value = psci(TRNG_VERSION, 0, 0, 0);
	if (value == NOT_SUPPORTED)
		return;
	expect_true("TRNG_VERSION", value >= 0x10000 && value < 0x20000);
	expect("TRNG_FEATURES: RND", psci(TRNG_FEATURES, TRNG_RND, 0, 0), 0);
	expect("TRNG_FEATURES: none", psci(TRNG_FEATURES, 0x84000099, 0, 0), NOT_SUPPORTED);
	expect("TRNG_RND: 0 bits", psci(TRNG_RND, 0, 0, 0), INVALID_PARAMETERS);
	expect("TRNG_RND: 193 bits", psci(TRNG_RND, 193, 0, 0), INVALID_PARAMETERS);
	expect("TRNG_RND: 32 bits", psci(TRNG_RND, 32, 0, 0), 0);
	expect("TRNG_RND: 32 bits, no more", hypercall(TRNG_RND, 32, 0, 0).x3 >> 32, 0);
}

/* ---- Standby ---- */

static void test_suspend(void)
{
	u64 before, intid;

	expect("CPU_SUSPEND: a level that there is not", psci(PSCI_CPU_SUSPEND, 1u << 24, 0, 0),
	       INVALID_PARAMETERS);
	expect("CPU_SUSPEND: reserved bits", psci(PSCI_CPU_SUSPEND, 1u << 31, 0, 0),
	       INVALID_PARAMETERS);
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	before = timer_now();
	timer_at(before + timer_hz() / 1000);
	expect("CPU_SUSPEND: until an interrupt", psci(PSCI_CPU_SUSPEND, 0, 0, 0), SUCCESS);
	/* it may end at any time, but the interrupt comes */
	while (!(read_sysreg(isr_el1) & 1 << 7))
		;
	intid = irq_ack();
	expect("CPU_SUSPEND: which", intid & 0xffffff, SKERRY_INTID_VTIMER);
	expect_true("CPU_SUSPEND: not before its time", timer_now() >= before + timer_hz() / 1000);
	timer_stop();
	irq_end((u32)intid);
}

/* ---- Where a guest is entered ---- */

static bool has_word(node_t node, const char *name, const char *word)
{
	u32 len = 0, at;
	const char *text = fdt_prop(node, name, &len);

	for (at = 0; text && at < len; at += (u32)str_len(text + at) + 1)
		if (str_eq(text + at, word))
			return true;
	return false;
}

extern char _end[];

static void test_tree(void)
{
	node_t node;
	u64 base = 0, size = 0;
	u32 n, len;

	expect_true("the tree lies above image and bss", fdt_address() >= (u64)_end);
	expect("the tree is aligned to 8", fdt_address() & 7, 0);
	node = fdt_named("memory", 0);
	expect_true("memory: device_type", has_word(node, "device_type", "memory"));
	expect_true("memory: reg", fdt_reg(node, 0, &base, &size));
	expect("memory begins at 1 GiB", base, 0x40000000);
	expect_true("memory holds the tree", fdt_address() + fdt_size() <= base + size);
	for (n = 0; n < cpu_count(); n++) {
		node = fdt_named("cpu", n);
		expect_true("cpu: device_type", has_word(node, "device_type", "cpu"));
		errs(bare() && cpu_count() == 1); /* one CPU has none */
		expect_true("cpu: enable-method", has_word(node, "enable-method", "psci"));
		expect("cpu: reg", cpu_mpidr(n), n);
	}
	node = fdt_named("psci", 0);
	expect_true("psci: arm,psci-0.2", has_word(node, "compatible", "arm,psci-0.2"));
	expect_true("psci: arm,psci-1.0", has_word(node, "compatible", "arm,psci-1.0"));
	expect_true("psci: method", has_word(node, "method", "hvc"));
	expect_true("chosen: bootargs", fdt_prop(fdt_named("chosen", 0), "bootargs", &len));
	expect_true("chosen: stdout-path", fdt_prop(fdt_named("chosen", 0), "stdout-path", &len));
	expect_true("timer", fdt_find("arm,armv8-timer", 0));
	node = fdt_find(gic.version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic", 0);
	expect_true("interrupt controller", node);
	expect("interrupt controller: cells", fdt_cell(node, "#interrupt-cells", 0, 0), 3);
	expect_true("interrupt controller: reg", fdt_reg(node, 0, &base, &size));
	expect("interrupt controller: where it is on virt", base, 0x08000000);
	expect_true("pl011", fdt_reg(fdt_find("arm,pl011", 0), 0, &base, &size));
	expect("pl011: where it is on virt", base, 0x09000000);
}

/* ---- Other CPUs ---- */

/* What the second CPU found; read and written with its MMU off, so by us past the caches. */
static struct {
	u64 x0, level, daif, sctlr, spsel, mpidr, ready, go;
} first __attribute__((aligned(64)));

extern char first_entry[];
__asm__(".section .text.first, \"ax\"\n"
	".global first_entry\n"
	"first_entry:\n"
	"	adrp	x9, first\n	add	x9, x9, :lo12:first\n"
	"	mrs	x1, currentel\n	stp	x0, x1, [x9]\n"
	"	mrs	x1, daif\n	mrs	x2, sctlr_el1\n	stp	x1, x2, [x9, #16]\n"
	"	mrs	x1, spsel\n	mrs	x2, mpidr_el1\n	stp	x1, x2, [x9, #32]\n"
	"	mov	x1, #1\n	dsb	sy\n	str	x1, [x9, #48]\n"
	"1:	ldr	x1, [x9, #56]\n	cbz	x1, 1b\n"
	"	mov	w0, #2\n	movk	w0, #0x8400, lsl #16\n"
	"	hvc	#0\n" /* CPU_OFF */
	"	b	.\n"
	".previous\n");

static u64 past_caches(volatile u64 *word)
{
	__asm__ volatile("dc civac, %0\n	dsb sy" ::"r"(word) : "memory");
	return *word;
}

static void wait_off(u32 cpu)
{
	while (psci(PSCI_AFFINITY_INFO, cpu_mpidr(cpu), 0, 0) != OFF)
		yield();
}

static void one_life(u64 function, u64 context, u64 seen)
{
	u64 cpu = cpu_mpidr(1), answer;

	memset(&first, 0, sizeof(first));
	(void)past_caches(&first.ready);
	expect("CPU_ON", psci(function, cpu, (u64)first_entry, context), SUCCESS);
	errs(bare()); /* QEMU knows no "on its way": each has success, the last one's values count */
	expect("CPU_ON: again", psci(PSCI_CPU_ON, cpu, (u64)first_entry, 0), ALREADY_ON);
	while (!past_caches(&first.ready))
		yield();
	answer = psci(PSCI_AFFINITY_INFO, cpu, 0, 0);
	expect("AFFINITY_INFO: it is on", answer, ON);
	expect("CPU_ON: while it runs", psci(PSCI_CPU_ON, cpu, (u64)first_entry, 0), ALREADY_ON);
	errs(bare());
	expect("its x0: the context id", first.x0, seen);
	expect("its level: EL1", first.level, 4);
	expect("its DAIF: masked", first.daif, 0x3c0);
	expect("its SCTLR_EL1: M, C, I, EE, A off", first.sctlr & 0x2001007 & ~2ul, 0);
	expect("its SP: SP_EL1", first.spsel, 1);
	expect("its MPIDR_EL1", first.mpidr & 0xff00ffffff, cpu);
	first.go = 1;
	(void)past_caches(&first.go);
	wait_off(1);
}

static void test_lives(void)
{
	expect("AFFINITY_INFO: it is off", psci(PSCI_AFFINITY_INFO, cpu_mpidr(1), 0, 0), OFF);
	one_life(PSCI_CPU_ON, 0xfeedfacecafebeef, 0xfeedfacecafebeef);
	one_life(PSCI_CPU_ON, 0, 0);
	one_life(CPU_ON_32, 0x87654321, 0x87654321);
}

/* ---- Several CPUs turn the last one on at once ---- */

#define RACES 16

static volatile u32 turn, answered, lives, quit;
static volatile u64 answers[8];

static void contender(u64 me);

static void winner_is_on(u64 unused)
{
	(void)unused;
	__atomic_add_fetch(&lives, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) < cpu_count() - 1)
		yield();
}

static void race(u32 me)
{
	/* rt's cpu_start() writes the target's struct: all write the same */
	answers[me] = (u32)cpu_start(cpu_count() - 1, winner_is_on, 0);
	__atomic_add_fetch(&answered, 1, __ATOMIC_SEQ_CST);
}

static void contender(u64 me)
{
	u32 mine = 0;

	while (!quit) {
		if (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == mine) {
			yield();
			continue;
		}
		mine++;
		race((u32)me);
	}
}

static void test_race(void)
{
	u32 n, r, winners, losers;

	for (n = 1; n < cpu_count() - 1; n++)
		expect("a contender starts", (u64)cpu_start(n, contender, n), 0);
	for (r = 0; r < RACES; r++) {
		answered = 0;
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
		race(0);
		while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) < cpu_count() - 1)
			yield();
		winners = losers = 0;
		for (n = 0; n < cpu_count() - 1; n++) {
			winners += answers[n] == SUCCESS;
			losers += answers[n] == ALREADY_ON;
		}
		expect("CPU_ON of several: one SUCCESS", winners, 1);
		expect("CPU_ON of several: the rest ALREADY_ON", losers, cpu_count() - 2);
		wait_off(cpu_count() - 1);
		expect("CPU_ON of several: one life", lives, r + 1);
	}
	quit = 1;
	for (n = 1; n < cpu_count() - 1; n++)
		wait_off(n);
}

int main(void)
{
	gic_init();
	test_features();
	test_halves();
	test_registers();
	test_affinity_info();
	test_cpu_on_bad();
	test_smccc();
	test_suspend();
	test_tree();
	if (cpu_count() > 1)
		test_lives();
	if (cpu_count() > 2 && !bare())
		test_race();
	return checks_over("psci");
}
