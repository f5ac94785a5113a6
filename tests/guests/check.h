/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the conformance guests share. Each takes one topic, and what it expects are literals from the
 * Arm ARM, PSCI or SMCCC, true of QEMU's `virt` at EL1 as well: the tests run each guest both on that
 * board itself ("bare") and under Skerry. Where a version of QEMU is known to err, the guest says so at
 * the check, by errs(): qemu= in the bootargs is that version (7 or 10), with and without Skerry.
 */
#ifndef CHECK_H
#define CHECK_H

#include "rt.h"

#define UNUSED __attribute__((unused))

static u32 checks_right, checks_wrong, checks_excused;
static bool checks_known; /* the next wrong one is QEMU's own error */

static UNUSED u32 qemu_version(void)
{
	return (u32)arg_u64("qemu", 0);
}

/* The next check is known to be wrong if `known` (of this QEMU, or of QEMU without Skerry). */
static UNUSED void errs(bool known)
{
	checks_known = known;
}

static UNUSED void expect(const char *what, u64 got, u64 want)
{
	if (got == want) {
		checks_right++;
	} else if (checks_known) {
		print("known %s: %lx, the architecture has %lx\n", what, got, want);
		checks_excused++;
	} else {
		print("FAIL %s: %lx, wants %lx\n", what, got, want);
		checks_wrong++;
	}
	checks_known = false;
}

static UNUSED void expect_true(const char *what, bool is)
{
	expect(what, is, 1);
}

/* The guest's last line and its exit code. */
static UNUSED int checks_over(const char *topic)
{
	print("%s: %u right, %u wrong, %u known\n", topic, checks_right, checks_wrong,
	      checks_excused);
	return checks_wrong != 0;
}

/* ---- Instructions made as we go ---- */

static UNUSED u32 check_code[4] __attribute__((aligned(64))) = {0, 0xd65f03c0}; /* …, RET */

/* Runs one instruction with x0 = value; gives x0 after it. *esr: of the exception, 0: there was none. */
static UNUSED u64 execute(u32 instruction, u64 value, u64 *esr)
{
	u64 (*call)(u64 x0) = (u64(*)(u64))(void *)check_code;

	*(volatile u32 *)check_code = instruction;
	__asm__ volatile("dc cvau, %0\n	dsb ish\n	ic ivau, %0\n	dsb ish\n	isb" ::"r"(
				 check_code)
			 : "memory");
	catch_begin();
	value = call(value);
	*esr = catch_end() ? this_cpu()->esr : 0;
	return value;
}

/* MRS and MSR by encoding. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((u32)((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5))

static UNUSED u64 mrs(u32 sysreg, u64 *esr)
{
	return execute(0xd5200000 | sysreg, 0, esr);
}

static UNUSED void msr(u32 sysreg, u64 value, u64 *esr)
{
	(void)execute(0xd5000000 | sysreg, value, esr);
}

/* ---- EL0 ---- */

extern volatile u64 mmu_table[4];
void el0_enter(u64 pc);
extern char el0_leave[];

/* The first GiB of memory once more from 0x8000_0000 on, as EL0's: read, write, execute. */
#define EL0_BASE 0x80000000ul

static UNUSED void el0_map(void)
{
	mmu_table[2] = 0x40000000 |
		       0x0020000000000745; /* PXN, AF, inner shareable, AP 01, normal */
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
}

static UNUSED u64 el0_address(const void *code)
{
	return (u64)code + (EL0_BASE - 0x40000000);
}

/* What the last exception from EL0 was, and x0 then. */
static UNUSED struct {
	u64 esr, far, x0;
} el0_end;

/* For on_sync: every exception from EL0 ends the call of el0_enter(). */
static UNUSED bool el0_over(struct frame *f)
{
	if (f->kind != 8)
		return false;
	el0_end.esr = f->esr;
	el0_end.far = f->far;
	el0_end.x0 = f->x[0];
	f->elr = (u64)el0_leave;
	f->spsr = 0x3c5; /* EL1, DAIF masked */
	return true;
}

#define ESR_SVC0 0x56000000ul

/* One instruction at EL0 with x0 = value; x0 after it, and *esr (0: it had no exception). */
static UNUSED u64 el0_execute(u32 instruction, u64 value, u64 *esr)
{
	static u32 code[6] __attribute__((aligned(64)));

	code[0] = 0x58000080; /* ldr x0, 1f */
	code[1] = instruction;
	code[2] = 0xd4000001; /* svc #0 */
	code[4] = (u32)value; /* 1: */
	code[5] = (u32)(value >> 32);
	__asm__ volatile(
		"dc cvau, %0\n	dsb ish\n	ic ivau, %1\n	dsb ish\n	isb" ::"r"(code),
		"r"(el0_address(code))
		: "memory");
	on_sync = el0_over;
	el0_enter(el0_address(code));
	on_sync = NULL;
	*esr = el0_end.esr == ESR_SVC0 ? 0 : el0_end.esr;
	return el0_end.x0;
}

#endif
