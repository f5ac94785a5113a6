// SPDX-License-Identifier: Apache-2.0
/* Extensions of the architecture, used and hidden. Runs at EL2. */
#include "arch/extension.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"

#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TID5 BIT(58)

#define CPTR_TCPAC BIT(31)
#define CPACR_ZEN 0x30000 /* SVE */
#define CPACR_SMEN 0x3000000

#define PSTATE_TCO BIT(25)
#define PSTATE_ALLINT BIT(13)
#define PSTATE_PAN BIT(22)
#define SCTLR_EL1_SPAN BIT(23)
#define SCTLR_EL1_SPINTMASK BIT(62)

/* EL0 would trap to EL1 before EL2 has a say: open, so that EL2 finds it and says UNDEFINED. */
#define PMUSERENR_EN 1
#define AMUSERENR_EN 1

enum {
	HAS_RAS = BIT(0),
	HAS_TPIDR2 = BIT(1), /* that nothing can trap */
	HAS_SVE = BIT(2),
	HAS_SME = BIT(3),
	HAS_MTE = BIT(4),
	HAS_NMI = BIT(5),
	HAS_LOR = BIT(6),
	HAS_GMID = BIT(7),
	HAS_PAN = BIT(8),
};

static u32 has; /* written by each CPU in turn, the same */

static u32 detect(void)
{
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1), pfr1 = read_sysreg(id_aa64pfr1_el1);
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1), mmfr1 = read_sysreg(id_aa64mmfr1_el1);
	bool fgt = FIELD(mmfr0, 59, 56), sme = FIELD(pfr1, 27, 24);

	return (FIELD(pfr0, 31, 28) ? HAS_RAS : 0) | (FIELD(pfr0, 35, 32) ? HAS_SVE : 0) |
	       (sme ? HAS_SME : 0) | (sme && !fgt ? HAS_TPIDR2 : 0) |
	       (FIELD(pfr1, 11, 8) ? HAS_MTE : 0) | (FIELD(pfr1, 11, 8) >= 2 ? HAS_GMID : 0) |
	       (FIELD(pfr1, 39, 36) ? HAS_NMI : 0) | (FIELD(mmfr1, 19, 16) ? HAS_LOR : 0) |
	       (FIELD(mmfr1, 23, 20) ? HAS_PAN : 0);
}

/* Traps that newer CPUs add and that reset to UNKNOWN: HCRX_EL2, and FEAT_FGT's registers. */
static void init_fine_traps(void)
{
	u64 fgt = FIELD(read_sysreg(id_aa64mmfr0_el1), 59, 56);

	if (FIELD(read_sysreg(id_aa64mmfr1_el1), 43, 40))
		write_sysreg(S3_4_C1_C2_2, 0); /* HCRX_EL2: nothing enabled */
	if (fgt) {
		write_sysreg(S3_4_C1_C1_4, 0); /* HFGRTR_EL2: no further traps; others suffice */
		write_sysreg(S3_4_C1_C1_5, 0); /* HFGWTR_EL2 */
		write_sysreg(S3_4_C1_C1_6, 0); /* HFGITR_EL2 */
		write_sysreg(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2 */
		write_sysreg(S3_4_C3_C1_5, 0); /* HDFGWTR_EL2 */
	}
	if (fgt >= 2) {			       /* what these have traps by 0 */
		write_sysreg(S3_4_C3_C1_2, 0); /* HFGRTR2_EL2 */
		write_sysreg(S3_4_C3_C1_3, 0); /* HFGWTR2_EL2 */
		write_sysreg(S3_4_C3_C1_7, 0); /* HFGITR2_EL2 */
		write_sysreg(S3_4_C3_C1_0, 0); /* HDFGRTR2_EL2 */
		write_sysreg(S3_4_C3_C1_1, 0); /* HDFGWTR2_EL2 */
	}
}

void extension_init(void)
{
	has = detect();
	init_fine_traps();
	if (FIELD(read_sysreg(id_aa64dfr0_el1), 11, 8) % 15) /* PMUVer: 0 and 0xf are none */
		write_sysreg(pmuserenr_el0, PMUSERENR_EN);
	if (FIELD(read_sysreg(id_aa64pfr0_el1), 47, 44))
		write_sysreg(S3_3_C13_C2_3, AMUSERENR_EN); /* AMUSERENR_EL0 */
	if (extension_cpacr())
		write_sysreg(cptr_el2, read_sysreg(cptr_el2) | CPTR_TCPAC);
}

u64 extension_hcr(void)
{
	return (has & HAS_RAS ? HCR_TERR : 0) | (has & HAS_LOR ? HCR_TLOR : 0) |
	       (has & HAS_GMID ? HCR_TID5 : 0);
}

u64 extension_cpacr(void)
{
	return (has & HAS_SVE ? CPACR_ZEN : 0) | (has & HAS_SME ? CPACR_SMEN : 0);
}

u64 extension_entry_pstate(u64 sctlr)
{
	bool allint = has & HAS_NMI && !(sctlr & SCTLR_EL1_SPINTMASK);
	bool pan = has & HAS_PAN && !(sctlr & SCTLR_EL1_SPAN);

	return (has & HAS_MTE ? PSTATE_TCO : 0) | (allint ? PSTATE_ALLINT : 0) |
	       (pan ? PSTATE_PAN : 0);
}

u64 extension_key[2];

/* X(n, encoding) for each key register but those of key A, low and high half */
#define KEYS(X)            \
	X(2, S3_0_C2_C1_2) \
	X(3, S3_0_C2_C1_3) \
	X(4, S3_0_C2_C2_0) \
	X(5, S3_0_C2_C2_1) \
	X(6, S3_0_C2_C2_2) \
	X(7, S3_0_C2_C2_3) \
	X(8, S3_0_C2_C3_0) \
	X(9, S3_0_C2_C3_1)

#define SCTLR_ENIA BIT(31)

void extension_sign_returns(void)
{
	u64 isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(S3_0_C0_C6_2);

	if (!FIELD(isar1, 11, 4) && !FIELD(isar2, 15, 12))
		return;
	write_sysreg(S3_0_C2_C1_0, extension_key[0]);
	write_sysreg(S3_0_C2_C1_1, extension_key[1]);
	write_sysreg(sctlr_el2, read_sysreg(sctlr_el2) | SCTLR_ENIA);
	isb();
}

void extension_load_pac(const struct extension_regs *regs)
{
#define LOAD(n, encoding) write_sysreg(encoding, regs->pac[n]);
	KEYS(LOAD)
#undef LOAD
}

static void save_pac(struct extension_regs *regs)
{
#define SAVE(n, encoding) regs->pac[n] = read_sysreg(encoding);
	KEYS(SAVE)
#undef SAVE
}

void extension_load(const struct extension_regs *regs, bool pac)
{
	if (has & HAS_RAS)
		write_sysreg(S3_4_C12_C1_1, regs->vdisr);
	if (has & HAS_TPIDR2)
		write_sysreg(S3_3_C13_C0_5, 0);
	if (UNLIKELY(pac))
		extension_load_pac(regs);
}

void extension_save(struct extension_regs *regs, bool pac)
{
	if (has & HAS_RAS)
		regs->vdisr = read_sysreg(S3_4_C12_C1_1);
	if (UNLIKELY(pac))
		save_pac(regs);
}
