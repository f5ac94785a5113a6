// SPDX-License-Identifier: Apache-2.0
/*
 * What a CPU is told once: vectors, and what of EL1 traps to EL2. Runs at EL2.
 *
 * The rule is that what is not granted traps. Registers of extensions that a CPU lacks are left
 * alone; those it has are set to trap whether or not the firmware did (Arm ARM, D17.2).
 */
#include "arch/cpu.h"

#include "arch/barrier.h"
#include "arch/debug.h"
#include "arch/extension.h"
#include "arch/pcpu.h"
#include "arch/sysreg.h"

/* HCR_EL2, D17.2.48 */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW BIT(2) /* no stage-1 walks through devices */
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_FB BIT(9) /* a vCPU's TLB and I-cache maintenance reaches its other pCPUs */
#define HCR_BSU_INNER BIT(10)
#define HCR_TID1 BIT(16)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_RW BIT(31)

#define HCR_GUEST                                                                             \
	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | \
	 HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW)

/* CPTR_EL2 without VHE: RES1 bits with TZ (SVE) and TSM (SME), TFP, TTA (trace), TAM (AMU) */
#define CPTR_GUEST 0x401037ff
#define CPTR_TFP BIT(10)

/* MDCR_EL2: TPMCR, TPM, TDA, TDOSA, TDRA, TPMS, TTRF; HPMN kept */
#define MDCR_GUEST 0x84e60
#define MDCR_HPMN BITS(4, 0)

extern const char vectors[], image_start[], cpu_secondary_entry[];

struct pcpu pcpus[PCPUS_MAX];

u64 pcpu_mpidr(void)
{
	return read_sysreg(mpidr_el1) & (BITS(39, 32) | BITS(23, 0));
}

u64 cpu_guest_hcr(void)
{
	return HCR_GUEST | extension_hcr();
}

void cpu_init(void)
{
	u64 hpmn = 0;

	if (FIELD(read_sysreg(id_aa64dfr0_el1), 11, 8) % 15)
		hpmn = FIELD(read_sysreg(pmcr_el0), 15, 11);
	write_sysreg(vbar_el2, (u64)vectors);
	vectors_divert(this_pcpu(), false);
	write_sysreg(vttbr_el2, 0); /* nobody's, as when idle: guest/switch.c */
	write_sysreg(cptr_el2, CPTR_GUEST);
	write_sysreg(mdcr_el2, MDCR_GUEST | (hpmn & MDCR_HPMN));
	extension_init();
	write_sysreg(hcr_el2, cpu_guest_hcr());
	write_sysreg(mdscr_el1, 0); /* no debug exceptions, unless arch/debug.c wants them … */
	write_sysreg(oslar_el1, 0); /* … and nothing that would keep it from having them */
	write_sysreg(osdlr_el1, 0);
	write_sysreg(hstr_el2, 0);
	write_sysreg(actlr_el1, 0);   /* guests read zero and can't write it: HCR_EL2.TACR */
	write_sysreg(cnthctl_el2, 0); /* CNTPCT and CNTP_* of EL1 and EL0 trap */
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cnthp_ctl_el2, 0);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1));
	isb();
}

u64 cpu_secondary_address(void)
{
	return (u64)cpu_secondary_entry;
}

void cpu_wait(void)
{
	dsb(sy);
	__asm__ volatile("wfi" ::: "memory");
}

void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

void cpu_halt(void)
{
	__asm__ volatile("msr daifset, #15");
	for (;;)
		cpu_wait();
}

u64 cpu_midr(void)
{
	return read_sysreg(midr_el1);
}

unsigned cpu_level(void)
{
	return (unsigned)FIELD(read_sysreg(CurrentEL), 3, 2);
}

u64 cpu_smc(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

u64 cpu_hvc(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

bool cpu_random(u64 *word)
{
	u64 ok, value;

	if (!FIELD(read_sysreg(id_aa64isar0_el1), 63, 60))
		return false;
	__asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, ne" : "=r"(value), "=r"(ok) : : "cc");
	*word = value;
	return ok;
}
