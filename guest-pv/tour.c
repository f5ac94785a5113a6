// SPDX-License-Identifier: Apache-2.0
/*
 * A tour through exception levels: each step says what it tries, what happened, and why.
 *
 * EL0 is for applications, EL1 for the operating system (that's us), EL2 for the hypervisor, EL3
 * for firmware (Arm ARM D1.1). One gets up by an exception only, and down by ERET only.
 */
#include "rt.h"

/* From vectors.S; and the level 1 table of start.S, with entry 2 free to be used. */
void el0_enter(u64 pc);
extern char el0_leave[];
extern volatile u64 mmu_table[4];
#define EL0_WINDOW 0x40000000ul /* from memory's first view up to the second, that EL0 may read */
#define BLOCK_EL0_READ 0x400007c5ul /* memory, AP 0b11: read-only at EL1 and EL0; EL0 may execute */

static u32 step, failed;
static u64 el0_esr;

static void tell(bool as_expected, const char *what)
{
	failed += !as_expected;
	print("   %s%s\n", as_expected ? "" : "UNEXPECTED: ", what);
}

#define STEP(...) (print("%u. ", ++step), print(__VA_ARGS__))

/* What runs at EL0: naked code, since there is no stack that EL0 may write. */
void at_el0_svc(void);
void at_el0_mrs(void);
void at_el0_store(void);
__asm__(".section .text.el0_code, \"ax\"\n"
	".global at_el0_svc, at_el0_mrs, at_el0_store\n"
	"at_el0_svc:	mov x0, #42\n	svc #7\n"
	"at_el0_mrs:	mrs x0, currentel\n	svc #0\n"
	"at_el0_store:	adr x0, .\n	str xzr, [x0]\n	svc #0\n"
	".previous\n");

/* Any exception from EL0 brings us back here, with its syndrome. */
static bool from_el0(struct frame *f)
{
	if (f->kind != 8)
		return false;
	el0_esr = f->esr;
	f->elr = (u64)el0_leave;
	f->spsr = 0x3c5; /* EL1, SP_EL1, DAIF masked */
	return true;
}

static u64 run_el0(void (*fn)(void))
{
	el0_enter((u64)fn + EL0_WINDOW);
	return el0_esr;
}

static void tour_el0(void)
{
	mmu_table[2] = BLOCK_EL0_READ;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	on_sync = from_el0;

	STEP("ERET down to EL0, and SVC #7 there\n");
	tell(ESR_EC(run_el0(at_el0_svc)) == 0x15 && (el0_esr & 0xffff) == 7,
	     "back at EL1 by our vector 8: the syndrome says SVC and has the 7");
	STEP("read CurrentEL at EL0\n");
	tell(ESR_EC(run_el0(at_el0_mrs)) == 0,
	     "undefined instruction: EL0 is not even told where it is");
	STEP("store to its own code at EL0\n");
	tell(ESR_EC(run_el0(at_el0_store)) == 0x24 && (el0_esr & 0x3c) == 0xc,
	     "data abort, permission fault: our table (stage 1) gives EL0 that page to read");
	on_sync = NULL;
}

static void tour_el2(void)
{
	struct smccc r;

	STEP("HVC, who is below? (SMCCC's vendor UID call)\n");
	tell(true, on_skerry() ? "EL2 answered with Skerry's UID" : "nobody that we know");
	STEP("HVC with a number that nobody gave a meaning\n");
	r = hypercall(0xc600ffee, 1, 2, 3);
	tell((s64)r.x0 == -1 || (int)r.x0 == -1, "NOT_SUPPORTED: asking is no crime");
	STEP("SMC, PSCI_VERSION: is firmware (EL3) there?\n");
	catch_begin();
	__asm__ volatile("mov w0, #0x84000000\n	smc #0\n	mov %0, x0"
			 : "=r"(r.x0)::"x0", "x1", "x2", "x3", "memory");
	if (catch_end())
		tell(!on_skerry(), "undefined instruction: no EL3 here");
	else
		tell((u32)r.x0 >> 16 == 1,
		     "answered, PSCI 1.x: EL2 caught the SMC and replied itself");

	STEP("read VTTBR_EL2, the hypervisor's table for us\n");
	catch_begin();
	__asm__ volatile("mrs xzr, vttbr_el2");
	tell(catch_end() == 1 && ESR_EC(this_cpu()->esr) == 0,
	     "undefined instruction: registers of EL2 don't exist at EL1");
}

static void tour_memory(void)
{
	STEP("load from 0x3f000000, where our table has a device but nobody gave us one\n");
	catch_begin();
	load32(0x3f000000);
	tell(catch_end() == 1 && ESR_EC(this_cpu()->esr) == 0x25,
	     "data abort: stage 2, the hypervisor's table, has the last word");
	STEP("jump there\n");
	catch_begin();
	((void (*)(void))0x3f000000)();
	tell(catch_end() == 1 && ESR_EC(this_cpu()->esr) == 0x21, "instruction abort");
}

int main(void)
{
	STEP("read CurrentEL\n");
	tell(read_sysreg(currentel) >> 2 == 1, "1: we are the operating system of this guest");
	STEP("execute UDF, the instruction that is none\n");
	catch_begin();
	__asm__ volatile(".inst 0");
	tell(catch_end() == 1 && ESR_EC(this_cpu()->esr) == 0,
	     "undefined instruction, to our vector 4; EL2 did not take part");
	tour_el0();
	tour_el2();
	tour_memory();

	STEP("WFI with the virtual timer 10 ms away\n");
	gic_init();
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	timer_at(timer_now() + timer_hz() / 100);
	while (!(read_sysreg(isr_el1) & 1 << 7))
		wfi();
	tell(irq_ack() == SKERRY_INTID_VTIMER, "others had the CPU until our interrupt 27 came");
	timer_stop();
	irq_end(SKERRY_INTID_VTIMER);
	print("tour over: %s\n",
	      failed ? "NOT as the Arm ARM has it" : "all as the Arm ARM has it");
	return failed != 0;
}
