// SPDX-License-Identifier: Apache-2.0
/*
 * Conformance guest: ID registers show exactly what works. For each field either the feature is there,
 * and what it brings runs, or it is not, and the same is UNDEFINED. Also who may read what from EL0,
 * and registers of levels above EL1. Arm ARM D19.2 (registers), C6, C7; FEAT_IDST for EL0's reads.
 */
#include "check.h"

#define ESR_UNDEFINED 0x02000000ul

#define ID(crm, op2) SYSREG(3, 0, 0, crm, op2)
#define MRS_X0(op0, op1, crn, crm, op2) (0xd5200000 | SYSREG(op0, op1, crn, crm, op2))

enum {
	SIGNED = 1, /* 0xf: not there */
	HIDDEN = 2, /* looked at only where the field says "not there" */
	LOOSE = 4, /* this CPU has it without the trap that could hide it: QEMU 7.2's SME without FGT */
	WHOLE = 8, /* QEMU has it from the field's value 1 on */
};

/* An instruction that is there from this value of the field on. It may change x0, which is an address
 * that may be written, x1..x15, and V registers. */
struct feature {
	const char *name;
	u8 crm, op2, shift, min;
	u32 instruction;
	u32 how;
};

static const struct feature features[] = {
	/* ID_AA64PFR0_EL1 */
	{"FP: fadd s", 4, 0, 16, 0, 0x1e202800, SIGNED},
	{"FP half: fadd h", 4, 0, 16, 1, 0x1ee02800, SIGNED},
	{"AdvSIMD half: fadd 4h", 4, 0, 20, 1, 0x0e401400, SIGNED},
	{"RAS: ERRIDR_EL1", 4, 0, 28, 1, MRS_X0(3, 0, 5, 3, 0), 0},
	{"RAS: ERRSELR_EL1", 4, 0, 28, 1, MRS_X0(3, 0, 5, 3, 1), HIDDEN},
	{"RAS: ERXSTATUS_EL1", 4, 0, 28, 1, MRS_X0(3, 0, 5, 4, 2), HIDDEN},
	{"RAS: DISR_EL1", 4, 0, 28, 1, MRS_X0(3, 0, 12, 1, 1), 0},
	{"SVE: rdvl", 4, 0, 32, 1, 0x04bf5020, 0},
	{"SVE: ZCR_EL1", 4, 0, 32, 1, MRS_X0(3, 0, 1, 2, 0), 0},
	{"MPAM: MPAM1_EL1", 4, 0, 40, 1, MRS_X0(3, 0, 10, 5, 0), 0},
	{"AMU: AMCFGR_EL0", 4, 0, 44, 1, MRS_X0(3, 3, 13, 2, 1), 0},
	{"AMU: AMEVCNTR00_EL0", 4, 0, 44, 1, MRS_X0(3, 3, 13, 4, 0), 0},
	{"DIT: msr dit", 4, 0, 48, 1, 0xd503405f, 0},
	{"DIT: mrs", 4, 0, 48, 1, MRS_X0(3, 3, 4, 2, 5), 0},
	{"CSV2: SCXTNUM_EL1", 4, 0, 56, 2, MRS_X0(3, 0, 13, 0, 7), 0},
	{"CSV2: SCXTNUM_EL0", 4, 0, 56, 2, MRS_X0(3, 3, 13, 0, 7), 0},
	/* ID_AA64PFR1_EL1 */
	{"SSBS: msr ssbs", 4, 1, 4, 2, 0xd503403f, WHOLE},
	{"SSBS: mrs", 4, 1, 4, 2, MRS_X0(3, 3, 4, 2, 6), WHOLE},
	{"MTE: addg", 4, 1, 8, 1, 0x91800000, 0},
	{"MTE: irg", 4, 1, 8, 1, 0x9adf1000, 0},
	{"MTE: gmi", 4, 1, 8, 1, 0x9ac01400, 0},
	{"MTE: subp", 4, 1, 8, 1, 0x9ac00000, 0},
	{"MTE: msr tco", 4, 1, 8, 1, 0xd503409f, 0},
	{"MTE2: GCR_EL1", 4, 1, 8, 2, MRS_X0(3, 0, 1, 0, 6), 0},
	{"MTE2: RGSR_EL1", 4, 1, 8, 2, MRS_X0(3, 0, 1, 0, 5), 0},
	{"MTE2: TFSR_EL1", 4, 1, 8, 2, MRS_X0(3, 0, 5, 6, 0), 0},
	{"MTE2: TFSRE0_EL1", 4, 1, 8, 2, MRS_X0(3, 0, 5, 6, 1), 0},
	{"MTE2: GMID_EL1", 4, 1, 8, 2, MRS_X0(3, 1, 0, 0, 4), 0},
	{"SME: rdsvl", 4, 1, 24, 1, 0x04bf5820, 0},
	{"SME: smstart", 4, 1, 24, 1, 0xd503477f, HIDDEN},
	{"SME: SVCR", 4, 1, 24, 1, MRS_X0(3, 3, 4, 2, 2), 0},
	{"SME: SMCR_EL1", 4, 1, 24, 1, MRS_X0(3, 0, 1, 2, 6), 0},
	{"SME: SMPRI_EL1", 4, 1, 24, 1, MRS_X0(3, 0, 1, 2, 4), LOOSE},
	{"SME: SMIDR_EL1", 4, 1, 24, 1, MRS_X0(3, 1, 0, 0, 6), 0},
	{"SME: TPIDR2_EL0", 4, 1, 24, 1, MRS_X0(3, 3, 13, 0, 5), LOOSE},
	{"NMI: ALLINT", 4, 1, 36, 1, MRS_X0(3, 0, 4, 3, 0), 0},
	{"NMI: msr ALLINT", 4, 1, 36, 1, 0xd518431f, 0},
	{"GCS: GCSCR_EL1", 4, 1, 44, 1, MRS_X0(3, 0, 2, 5, 0), 0},
	/* ID_AA64DFR0_EL1 */
	{"trace: TRCIDR0", 5, 0, 4, 1, MRS_X0(2, 1, 0, 8, 7), 0},
	{"PMU: PMCR_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 12, 0), SIGNED},
	{"PMU: PMCNTENSET_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 12, 1), SIGNED},
	{"PMU: PMOVSCLR_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 12, 3), SIGNED},
	{"PMU: PMCEID0_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 12, 6), SIGNED},
	{"PMU: PMCCNTR_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 13, 0), SIGNED},
	{"PMU: PMXEVTYPER_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 13, 1), SIGNED | HIDDEN},
	{"PMU: PMUSERENR_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 14, 0), SIGNED},
	{"PMU: PMINTENSET_EL1", 5, 0, 8, 1, MRS_X0(3, 0, 9, 14, 1), SIGNED},
	{"PMU: PMINTENCLR_EL1", 5, 0, 8, 1, MRS_X0(3, 0, 9, 14, 2), SIGNED},
	{"PMU: PMOVSSET_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 9, 14, 3), SIGNED},
	{"PMU: PMEVCNTR0_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 14, 8, 0), SIGNED | HIDDEN},
	{"PMU: PMCCFILTR_EL0", 5, 0, 8, 1, MRS_X0(3, 3, 14, 15, 7), SIGNED},
	{"PMU: PMMIR_EL1", 5, 0, 8, 5, MRS_X0(3, 0, 9, 14, 6), SIGNED},
	{"SPE: PMSIDR_EL1", 5, 0, 32, 1, MRS_X0(3, 0, 9, 9, 7), 0},
	{"SPE: PMBIDR_EL1", 5, 0, 32, 1, MRS_X0(3, 0, 9, 10, 7), 0},
	{"SPE: PMSCR_EL1", 5, 0, 32, 1, MRS_X0(3, 0, 9, 9, 0), 0},
	{"SPE: PMBLIMITR_EL1", 5, 0, 32, 1, MRS_X0(3, 0, 9, 10, 0), 0},
	{"trace filter: TRFCR_EL1", 5, 0, 40, 1, MRS_X0(3, 0, 1, 2, 1), 0},
	{"trace buffer: TRBLIMITR_EL1", 5, 0, 44, 1, MRS_X0(3, 0, 9, 11, 0), 0},
	{"BRBE: BRBCR_EL1", 5, 0, 52, 1, MRS_X0(2, 1, 9, 0, 0), 0},
	/* ID_AA64ISAR0_EL1 */
	{"AES: aese", 6, 0, 4, 1, 0x4e284800, 0},
	{"PMULL: pmull", 6, 0, 4, 2, 0x0ee0e000, 0},
	{"SHA1: sha1h", 6, 0, 8, 1, 0x5e280800, 0},
	{"SHA2: sha256su0", 6, 0, 12, 1, 0x5e282800, 0},
	{"SHA2: sha512su0", 6, 0, 12, 2, 0xcec08000, 0},
	{"CRC32: crc32b", 6, 0, 16, 1, 0x1ac04000, 0},
	{"Atomic: ldadd", 6, 0, 20, 2, 0xb83f0001, 0},
	{"Atomic: cas", 6, 0, 20, 2, 0x88a27c03, 0},
	{"TME: tstart", 6, 0, 24, 1, 0xd5233060, HIDDEN},
	{"RDM: sqrdmlah", 6, 0, 28, 1, 0x2e408400, 0},
	{"SHA3: eor3", 6, 0, 32, 1, 0xce000000, 0},
	{"SM3: sm3ss1", 6, 0, 36, 1, 0xce400000, 0},
	{"SM4: sm4e", 6, 0, 40, 1, 0xcec08400, 0},
	{"DP: udot", 6, 0, 44, 1, 0x2e809400, 0},
	{"FHM: fmlal", 6, 0, 48, 1, 0x0e20ec00, 0},
	{"TS: cfinv", 6, 0, 52, 1, 0xd500401f, 0},
	{"TS: axflag", 6, 0, 52, 2, 0xd500405f, 0},
	{"TLB: vmalle1os", 6, 0, 56, 1, 0xd508811f, 0},
	{"TLB: rvae1", 6, 0, 56, 2, 0xd5088620, 0},
	{"RNDR", 6, 0, 60, 1, MRS_X0(3, 3, 2, 4, 0), 0},
	{"RNDRRS", 6, 0, 60, 1, MRS_X0(3, 3, 2, 4, 1), 0},
	/* ID_AA64ISAR1_EL1 */
	{"DPB: dc cvap", 6, 1, 0, 1, 0xd50b7c20, 0},
	{"DPB: dc cvadp", 6, 1, 0, 2, 0xd50b7d20, 0},
	{"JSCVT: fjcvtzs", 6, 1, 12, 1, 0x1e7e0000, 0},
	{"FCMA: fcmla", 6, 1, 16, 1, 0x2e80cc00, 0},
	{"FCMA: fcadd", 6, 1, 16, 1, 0x2e80e400, 0},
	{"LRCPC: ldapr", 6, 1, 20, 1, 0xb8bfc000, 0},
	{"LRCPC: ldapur", 6, 1, 20, 2, 0x99400000, 0},
	{"FRINTTS: frint32z", 6, 1, 32, 1, 0x1e284000, 0},
	{"SB", 6, 1, 36, 1, 0xd50330ff, 0},
	{"SPECRES: cfp", 6, 1, 40, 1, 0xd50b7380, 0},
	{"BF16: bfdot", 6, 1, 44, 1, 0x2e40fc00, 0},
	{"I8MM: usdot", 6, 1, 52, 1, 0x0e809c00, 0},
	{"XS: tlbi vmalle1nxs", 6, 1, 56, 1, 0xd508971f, 0},
	{"LS64: ld64b", 6, 1, 60, 1, 0xf83fd002, HIDDEN},
	/* ID_AA64ISAR2_EL1 */
	{"WFxT: wfet", 6, 2, 0, 2, 0xd5031000, 0},
	{"WFxT: wfit", 6, 2, 0, 2, 0xd5031020, 0},
	{"MOPS: setp", 6, 2, 16, 1, 0x19c20420, HIDDEN},
	{"BC: bc.eq", 6, 2, 20, 1, 0x54000030, 0},
	{"CSSC: abs", 6, 2, 52, 1, 0xdac02000, 0},
	/* ID_AA64MMFR0_EL1, MMFR1, MMFR2, MMFR3 */
	{"ECV: CNTPCTSS_EL0", 7, 0, 60, 1, MRS_X0(3, 3, 14, 0, 5), 0},
	{"ECV: CNTVCTSS_EL0", 7, 0, 60, 1, MRS_X0(3, 3, 14, 0, 6), 0},
	{"LO: LORID_EL1", 7, 1, 16, 1, MRS_X0(3, 0, 10, 4, 7), 0},
	{"LO: LORC_EL1", 7, 1, 16, 1, MRS_X0(3, 0, 10, 4, 3), 0},
	{"PAN: msr pan", 7, 1, 20, 1, 0xd500409f, 0},
	{"PAN: at s1e1rp", 7, 1, 20, 2, 0xd5087900, 0},
	{"UAO: msr uao", 7, 2, 4, 1, 0xd500407f, 0},
	{"UAO: mrs", 7, 2, 4, 1, MRS_X0(3, 0, 4, 2, 4), 0},
	{"TCRX: TCR2_EL1", 7, 3, 0, 1, MRS_X0(3, 0, 2, 0, 3), 0},
	{"SCTLRX: SCTLR2_EL1", 7, 3, 4, 1, MRS_X0(3, 0, 1, 0, 3), 0},
	{"S1PIE: PIR_EL1", 7, 3, 8, 1, MRS_X0(3, 0, 10, 2, 3), 0},
	{"S1PIE: PIRE0_EL1", 7, 3, 8, 1, MRS_X0(3, 0, 10, 2, 2), 0},
	{"S1POE: POR_EL1", 7, 3, 16, 1, MRS_X0(3, 0, 10, 2, 4), 0},
	{"AIE: MAIR2_EL1", 7, 3, 24, 1, MRS_X0(3, 0, 10, 2, 1), 0},
};

static u64 scratch[16] __attribute__((aligned(128)));

static u32 field(u32 crm, u32 op2, u32 shift)
{
	u64 esr;

	return (u32)(mrs(ID(crm, op2), &esr) >> shift) & 15;
}

/* FEAT_IDST: UNDEFINED reads in the space of ID registers (op0 3, op1 0, 1, 3, CRn 0, CRm < 8) say which. */
static u64 undefined(u32 instruction)
{
	u32 op1 = instruction >> 16 & 7;

	if ((instruction & 0xfff8f800) != 0xd5380000 || op1 == 2 || op1 > 3 || !field(7, 2, 36))
		return ESR_UNDEFINED;
	return 0x62300001 | (u64)(instruction >> 5 & 7) << 17 | (u64)op1 << 14 |
	       (u64)(instruction & 31) << 5 | (u64)(instruction >> 8 & 15) << 1;
}

static void test_feature(const struct feature *f)
{
	u32 value = field(f->crm, f->op2, f->shift);
	bool there = value >= f->min && !(f->how & SIGNED && value == 15);
	u64 esr;

	if (there && f->how & HIDDEN)
		return;
	(void)execute(f->instruction, (u64)scratch, &esr);
	errs((f->how & LOOSE && qemu_version() == 7) ||
	     (f->how & WHOLE && value == 1 && qemu_version()));
	expect(f->name, esr, there ? 0 : undefined(f->instruction));
}

/* All of CRm = 1..7 can be read, whether there is something or not; and none of it written. */
static void test_id_space(void)
{
	u32 crm, op2;
	u64 esr, value;

	for (crm = 1; crm < 8; crm++)
		for (op2 = 0; op2 < 8; op2++) {
			value = mrs(ID(crm, op2), &esr);
			expect("ID register can be read", esr, 0);
			msr(ID(crm, op2), value, &esr);
			expect("ID register can't be written", esr, ESR_UNDEFINED);
			if (arg_u64("show", 0) && value)
				print("3 0 0 %u %u: %lx\n", crm, op2, value);
		}
}

/* What has no field: there in any case, and what it says. */
static void test_always(void)
{
	static const u32 there[] = {
		SYSREG(3, 0, 0, 0, 0),	/* MIDR_EL1 */
		SYSREG(3, 0, 0, 0, 5),	/* MPIDR_EL1 */
		SYSREG(3, 0, 0, 0, 6),	/* REVIDR_EL1 */
		SYSREG(3, 0, 1, 0, 1),	/* ACTLR_EL1 */
		SYSREG(3, 0, 5, 1, 0),	/* AFSR0_EL1 */
		SYSREG(3, 0, 5, 1, 1),	/* AFSR1_EL1 */
		SYSREG(3, 0, 10, 3, 0), /* AMAIR_EL1 */
		SYSREG(3, 0, 12, 1, 0), /* ISR_EL1 */
		SYSREG(3, 1, 0, 0, 0),	/* CCSIDR_EL1 */
		SYSREG(3, 1, 0, 0, 1),	/* CLIDR_EL1 */
		SYSREG(3, 1, 0, 0, 7),	/* AIDR_EL1 */
		SYSREG(3, 2, 0, 0, 0),	/* CSSELR_EL1 */
		SYSREG(3, 3, 0, 0, 1),	/* CTR_EL0 */
		SYSREG(3, 3, 0, 0, 7),	/* DCZID_EL0 */
		SYSREG(3, 3, 14, 0, 0), /* CNTFRQ_EL0 */
	};
	u64 esr, value;
	u32 n;

	for (n = 0; n < sizeof(there) / sizeof(there[0]); n++) {
		(void)mrs(there[n], &esr);
		expect("a register that every CPU has", esr, 0);
	}
	expect("MPIDR_EL1: RES1, a CPU of several", read_sysreg(mpidr_el1) & 0xc0000000,
	       0x80000000);
	expect("MIDR_EL1: architecture by ID registers", read_sysreg(midr_el1) >> 16 & 15, 15);
	expect_true("PFR0: EL0 and EL1", field(4, 0, 0) >= 1 && field(4, 0, 4) >= 1);
	expect("PFR0: no EL2", field(4, 0, 8), 0);
	expect("PFR0: no EL3", field(4, 0, 12), 0);
	expect("PFR0: system registers of GICv3", field(4, 0, 24) != 0, gic.version == 3);
	expect_true("PFR0: FP and SIMD alike", field(4, 0, 16) == field(4, 0, 20));
	expect_true("DFR0: at least Armv8.0 debug", field(5, 0, 0) >= 6);
	expect_true("MMFR0: 4 KiB pages", field(7, 0, 28) < 8);
	expect_true("DCZID_EL0: a block of 4 bytes to 2 KiB", (read_sysreg(dczid_el0) & 15) <= 9);
	expect("CTR_EL0: RES1", read_sysreg(ctr_el0) >> 31 & 1, 1);
	for (n = 0; n < 7; n++) {
		u32 kind = (u32)(read_sysreg(clidr_el1) >> (3 * n)) & 7;

		if (!kind)
			break;
		write_sysreg(csselr_el1, 2 * n | (kind == 1));
		expect("CSSELR_EL1", read_sysreg(csselr_el1) & 15, 2 * n | (kind == 1));
		value = read_sysreg(ccsidr_el1);
		expect_true("CCSIDR_EL1: lines of 16 to 128 bytes", (value & 7) <= 3);
	}
	write_sysreg(csselr_el1, 0);
}

/* Registers and operations of levels that this machine does not have, and of nobody. */
static void test_above(void)
{
	static const u32 above[] = {
		MRS_X0(3, 4, 1, 1, 0),	 /* HCR_EL2 */
		MRS_X0(3, 4, 1, 0, 0),	 /* SCTLR_EL2 */
		MRS_X0(3, 4, 12, 0, 0),	 /* VBAR_EL2 */
		MRS_X0(3, 4, 0, 0, 0),	 /* VPIDR_EL2 */
		MRS_X0(3, 4, 2, 1, 0),	 /* VTTBR_EL2 */
		MRS_X0(3, 4, 4, 1, 0),	 /* SP_EL1 */
		MRS_X0(3, 4, 14, 0, 3),	 /* CNTVOFF_EL2 */
		MRS_X0(3, 4, 14, 2, 1),	 /* CNTHP_CTL_EL2 */
		MRS_X0(3, 4, 12, 11, 0), /* ICH_HCR_EL2 */
		MRS_X0(3, 4, 12, 9, 5),	 /* ICC_SRE_EL2 */
		MRS_X0(3, 4, 3, 0, 0),	 /* DACR32_EL2 */
		MRS_X0(3, 5, 1, 0, 0),	 /* SCTLR_EL12 */
		MRS_X0(3, 5, 14, 3, 1),	 /* CNTV_CTL_EL02 */
		MRS_X0(3, 6, 1, 1, 0),	 /* SCR_EL3 */
		MRS_X0(3, 6, 12, 12, 4), /* ICC_CTLR_EL3 */
		MRS_X0(3, 7, 14, 2, 1),	 /* CNTPS_CTL_EL1 */
		MRS_X0(3, 3, 5, 7, 7),	 /* nobody's */
		MRS_X0(2, 0, 15, 15, 7), /* of debug, nobody's */
		0xd50c871f,		 /* tlbi alle2 */
		0xd50c87df,		 /* tlbi vmalls12e1 */
		0xd50c7800,		 /* at s1e2r, x0 */
		0xd50e7800,		 /* at s1e3r, x0 */
		0x00000000,		 /* udf #0 */
	};
	u64 esr;
	u32 n;

	for (n = 0; n < sizeof(above) / sizeof(above[0]); n++) {
		(void)execute(above[n], (u64)scratch, &esr);
		expect("what EL1 of this machine does not have", esr, ESR_UNDEFINED);
	}
}

/* ESR of a system instruction that a control bit of EL1's keeps from EL0. */
static u64 trapped(u32 instruction)
{
	return 0x62000000 | (u64)(instruction >> 19 & 3) << 20 | (u64)(instruction >> 5 & 7) << 17 |
	       (u64)(instruction >> 16 & 7) << 14 | (u64)(instruction >> 12 & 15) << 10 |
	       (u64)(instruction & 31) << 5 | (u64)(instruction >> 8 & 15) << 1 |
	       (instruction >> 21 & 1);
}

static void expect_el0(const char *what, u32 instruction, u64 want)
{
	u64 esr;

	(void)el0_execute(instruction, el0_address(scratch), &esr);
	expect(what, esr, want);
}

/* SCTLR_EL1 */
#define UMA (1ul << 9)
#define DZE (1ul << 14)
#define UCT (1ul << 15)
#define NTWI (1ul << 16)
#define NTWE (1ul << 18)
#define UCI (1ul << 26)
#define FOR_EL0 (UMA | DZE | UCT | NTWI | NTWE | UCI)

static void test_el0(void)
{
	static const u32 never[] = {
		MRS_X0(3, 0, 0, 0, 0),
		MRS_X0(3, 0, 0, 4, 0),
		MRS_X0(3, 0, 0, 6, 0),
		MRS_X0(3, 0, 0, 7, 2),
		MRS_X0(3, 0, 1, 0, 0),
		MRS_X0(3, 0, 12, 0, 0),
		MRS_X0(3, 1, 0, 0, 1),
		MRS_X0(3, 0, 13, 0, 4),
		MRS_X0(3, 4, 1, 1, 0),
		MRS_X0(3, 0, 4, 2, 2),
		MRS_X0(2, 0, 0, 2, 2),
		MRS_X0(3, 0, 5, 3, 0),
		MRS_X0(3, 0, 12, 12, 0),
		0xd5087659, /* dc isw, x25 */
		0xd508871f, /* tlbi vmalle1 */
		0xd5087800, /* at s1e1r, x0 */
		0xd4000002, /* hvc #0 */
		0xd4000003, /* smc #0 */
		0xd69f03e0, /* eret */
	};
	static const u32 pmu[] = {MRS_X0(3, 3, 9, 12, 0), MRS_X0(3, 3, 9, 13, 0),
				  MRS_X0(3, 3, 9, 14, 0), MRS_X0(3, 3, 14, 15, 7)};
	static const char *const pmu_names[] = {"no PMU: PMCR_EL0 at EL0",
						"no PMU: PMCCNTR_EL0 at EL0",
						"no PMU: PMUSERENR_EL0 at EL0",
						"no PMU: PMCCFILTR_EL0 at EL0"};
	u64 sctlr = read_sysreg(sctlr_el1) & ~FOR_EL0;
	bool has_pmu = field(5, 0, 8) % 15;
	u32 n;

	el0_map();
	write_sysreg(sctlr_el1, sctlr);
	for (n = 0; n < sizeof(never) / sizeof(never[0]); n++)
		expect_el0("not for EL0", never[n], undefined(never[n]));
	for (n = 0; n < sizeof(pmu) / sizeof(pmu[0]) && !has_pmu; n++)
		expect_el0(pmu_names[n], pmu[n], ESR_UNDEFINED);
	expect_el0("DCZID_EL0 at EL0", MRS_X0(3, 3, 0, 0, 7), 0);
	expect_el0("TPIDR_EL0 at EL0", MRS_X0(3, 3, 13, 0, 2), 0);
	expect_el0("TPIDRRO_EL0 at EL0", MRS_X0(3, 3, 13, 0, 3), 0);
	expect_el0("TPIDRRO_EL0 is not for writing", 0xd51bd060, ESR_UNDEFINED);
	expect_el0("FPCR at EL0", MRS_X0(3, 3, 4, 4, 0), 0);
	expect_el0("NZCV at EL0", MRS_X0(3, 3, 4, 2, 0), 0);

	expect_el0("CTR_EL0 without UCT", MRS_X0(3, 3, 0, 0, 1), trapped(MRS_X0(3, 3, 0, 0, 1)));
	expect_el0("dc cvau without UCI", 0xd50b7b20, trapped(0xd50b7b20));
	expect_el0("dc civac without UCI", 0xd50b7e20, trapped(0xd50b7e20));
	expect_el0("ic ivau without UCI", 0xd50b7520, trapped(0xd50b7520));
	expect_el0("dc zva without DZE", 0xd50b7420, trapped(0xd50b7420));
	expect_el0("DAIF without UMA", MRS_X0(3, 3, 4, 2, 1), trapped(MRS_X0(3, 3, 4, 2, 1)));
	expect_el0("wfi without nTWI", 0xd503207f, 0x07e00000);

	write_sysreg(sctlr_el1, sctlr | FOR_EL0);
	expect_el0("CTR_EL0", MRS_X0(3, 3, 0, 0, 1), 0);
	expect_el0("dc cvau", 0xd50b7b20, 0);
	expect_el0("dc cvac", 0xd50b7a20, 0);
	expect_el0("dc civac", 0xd50b7e20, 0);
	expect_el0("ic ivau", 0xd50b7520, 0);
	expect_el0("dc ivac is EL1's", 0xd5087620, ESR_UNDEFINED);
	expect_el0("dc zva", 0xd50b7420, 0);
	expect_el0("DAIF", MRS_X0(3, 3, 4, 2, 1), 0);
	write_sysreg(sctlr_el1, sctlr);

	write_sysreg(cpacr_el1, 0x00100000); /* FPEN = 0b01: EL0 traps */
	expect_el0("FP without FPEN", 0x1e202800, 0x1fe00000);
	write_sysreg(cpacr_el1, 0x00300000);
	expect_el0("FP", 0x1e202800, 0);
}

#define CPACR_ALL 0x03330000u /* SMEN, FPEN, ZEN */

static void test_fp_trap(void)
{
	u64 esr;

	write_sysreg(cpacr_el1, 0);
	(void)execute(0x1e202800, 0, &esr);
	expect("FP at EL1 without FPEN", esr, 0x1fe00000);
	expect("CPACR_EL1", read_sysreg(cpacr_el1) & CPACR_ALL, 0);
	write_sysreg(cpacr_el1, 0x00300000);
	(void)execute(0x1e202800, 0, &esr);
	expect("FP at EL1", esr, 0);
	expect("CPACR_EL1: FPEN", read_sysreg(cpacr_el1) & CPACR_ALL, 0x00300000);
}

/* Set 0, way 0 of level 1, as the last of a loop over all would have it; and some other. */
static void test_set_way(void)
{
	static const u32 ops[] = {0xd5087a40, 0xd5087e40}; /* dc csw, cisw, x0 */
	u64 esr;
	u32 n;

	for (n = 0; n < 2; n++) {
		scratch[3] = 0x1234567 + n;
		(void)execute(ops[n], 0, &esr);
		expect("cache maintenance by set and way", esr, 0);
		(void)execute(ops[n], 0x40, &esr);
		expect("cache maintenance by set and way: another set", esr, 0);
		expect("what was written is there", scratch[3], 0x1234567 + n);
	}
}

/* ---- Pointer authentication: keys, and what they sign ---- */

#define KEY_LO(n) SYSREG(3, 0, 2, 1 + (n) / 2, 2 * ((n) % 2)) /* APIA, APIB, APDA, APDB, APGA */
#define KEY_HI(n) SYSREG(3, 0, 2, 1 + (n) / 2, 2 * ((n) % 2) + 1)
#define ENIA (1ul << 31) /* SCTLR_EL1 */
#define PACIZA 0xdac123e0u
#define AUTIZA 0xdac133e0u
#define XPACI 0xdac143e0u
#define PACIASP 0xd503233fu
#define PACGA 0x9ac03000u

static bool has_pac(void)
{
	return field(6, 1, 4) || field(6, 1, 8) || field(6, 2, 12);
}

static void set_keys(u64 seed)
{
	u64 esr;
	u32 n;

	for (n = 0; n < 5; n++) {
		msr(KEY_LO(n), seed * (n + 1), &esr);
		msr(KEY_HI(n), ~seed * (n + 3), &esr);
	}
}

static void expect_keys(u64 seed)
{
	u64 esr;
	u32 n;

	for (n = 0; n < 5; n++) {
		expect("key, low half", mrs(KEY_LO(n), &esr), seed * (n + 1));
		expect("key, high half", mrs(KEY_HI(n), &esr), ~seed * (n + 3));
	}
}

static void test_no_pac(void)
{
	u64 at = 0x40001000, esr;

	(void)mrs(KEY_LO(0), &esr);
	expect("no PAC: key", esr, ESR_UNDEFINED);
	(void)execute(PACIZA, at, &esr);
	expect("no PAC: paciza", esr, ESR_UNDEFINED);
	(void)execute(XPACI, at, &esr);
	expect("no PAC: xpaci", esr, ESR_UNDEFINED);
	(void)execute(PACIASP, at, &esr);
	expect("no PAC: paciasp is a hint", esr, 0);
}

static void test_pac(void)
{
	u64 sctlr = read_sysreg(sctlr_el1), at = 0x40001000, esr, is_signed;

	expect("PAC off: paciza does nothing", execute(PACIZA, at, &esr), at);
	set_keys(0x0123456789abcdef);
	expect_keys(0x0123456789abcdef);
	write_sysreg(sctlr_el1, sctlr | ENIA);
	is_signed = execute(PACIZA, at, &esr);
	expect("paciza", esr, 0);
	expect_true("paciza signs", is_signed != at);
	expect("autiza takes it", execute(AUTIZA, is_signed, &esr), at);
	expect("xpaci", execute(XPACI, is_signed, &esr), at);
	set_keys(0xfedcba9876543210);
	expect_true("another key signs otherwise", execute(PACIZA, at, &esr) != is_signed);
	write_sysreg(sctlr_el1, sctlr);
	(void)execute(PACGA, at, &esr);
	expect("pacga", esr, 0);
}

/* Others use theirs meanwhile: what is ours stays. */
static void test_beside_others(u64 rounds, u64 seed)
{
	u64 sctlr = read_sysreg(sctlr_el1), esr, r, before = 0;
	u32 disr = SYSREG(3, 0, 12, 1, 1);
	bool pac = has_pac(), ras = field(4, 0, 28);

	for (r = 0; r < rounds; r++) {
		u64 mine = seed * 0x9e3779b97f4a7c15 + r;

		if (ras)
			msr(disr, 0x80000000 | (mine & 0x1ffffff), &esr);
		if (pac) {
			set_keys(mine);
			write_sysreg(sctlr_el1, sctlr | ENIA);
			before = execute(PACIZA, 0x40001000, &esr);
		}
		yield();
		if (pac) {
			expect("beside others: signed alike", execute(PACIZA, 0x40001000, &esr),
			       before);
			write_sysreg(sctlr_el1, sctlr);
			expect_keys(mine);
		}
		if (ras)
			expect("beside others: DISR_EL1", mrs(disr, &esr),
			       0x80000000 | (mine & 0x1ffffff));
		yield();
	}
	expect("beside others: rounds", r, rounds);
}

int main(void)
{
	u64 rounds = arg_u64("rounds", 0);
	u32 n;

	gic_init();
	if (rounds) {
		test_beside_others(rounds, arg_u64("seed", 1));
		return checks_over("idregs");
	}
	test_id_space();
	test_always();
	write_sysreg(cpacr_el1, CPACR_ALL); /* none of what there is traps at EL1 */
	for (n = 0; n < sizeof(features) / sizeof(features[0]); n++)
		test_feature(&features[n]);
	test_above();
	test_fp_trap();
	test_set_way();
	if (has_pac())
		test_pac();
	else
		test_no_pac();
	test_el0();
	return checks_over("idregs");
}
