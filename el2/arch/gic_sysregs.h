// SPDX-License-Identifier: Apache-2.0
/*
 * GICv3's CPU interface and virtual interface, which are system registers (IHI 0069, 12.2 and
 * 12.4). One pair of accessors a register, by the specification's names and in lower case:
 * icc_read_iar1(), ich_write_vmcr(value). At EL2 the ICC_* names always mean the physical
 * interface. Encodings are given, since an assembler for Armv8.0 need not know the names.
 */
#ifndef ARCH_GIC_SYSREGS_H
#define ARCH_GIC_SYSREGS_H

#include "arch/sysreg.h"
#include "lib/types.h"

#define GIC_SYSREG_RO(unit, name, encoding)        \
	static inline u64 unit##_read_##name(void) \
	{                                          \
		return read_sysreg(encoding);      \
	}
#define GIC_SYSREG_WO(unit, name, encoding)               \
	static inline void unit##_write_##name(u64 value) \
	{                                                 \
		write_sysreg(encoding, value);            \
	}
#define GIC_SYSREG_RW(unit, name, encoding) \
	GIC_SYSREG_RO(unit, name, encoding) \
	GIC_SYSREG_WO(unit, name, encoding)

GIC_SYSREG_WO(icc, pmr, S3_0_C4_C6_0)
GIC_SYSREG_RW(icc, ap1r0, S3_0_C12_C9_0)
GIC_SYSREG_RW(icc, ap1r1, S3_0_C12_C9_1)
GIC_SYSREG_RW(icc, ap1r2, S3_0_C12_C9_2)
GIC_SYSREG_RW(icc, ap1r3, S3_0_C12_C9_3)
GIC_SYSREG_WO(icc, dir, S3_0_C12_C11_1)
GIC_SYSREG_WO(icc, sgi1r, S3_0_C12_C11_5)
GIC_SYSREG_RO(icc, iar1, S3_0_C12_C12_0)
GIC_SYSREG_WO(icc, eoir1, S3_0_C12_C12_1)
GIC_SYSREG_WO(icc, bpr1, S3_0_C12_C12_3)
GIC_SYSREG_RW(icc, ctlr, S3_0_C12_C12_4)
GIC_SYSREG_RW(icc, sre_el1, S3_0_C12_C12_5)
GIC_SYSREG_WO(icc, igrpen1, S3_0_C12_C12_7)
GIC_SYSREG_RW(icc, sre_el2, S3_4_C12_C9_5)

GIC_SYSREG_RW(ich, ap0r0, S3_4_C12_C8_0)
GIC_SYSREG_RW(ich, ap0r1, S3_4_C12_C8_1)
GIC_SYSREG_RW(ich, ap0r2, S3_4_C12_C8_2)
GIC_SYSREG_RW(ich, ap0r3, S3_4_C12_C8_3)
GIC_SYSREG_RW(ich, ap1r0, S3_4_C12_C9_0)
GIC_SYSREG_RW(ich, ap1r1, S3_4_C12_C9_1)
GIC_SYSREG_RW(ich, ap1r2, S3_4_C12_C9_2)
GIC_SYSREG_RW(ich, ap1r3, S3_4_C12_C9_3)
GIC_SYSREG_RW(ich, hcr, S3_4_C12_C11_0)
GIC_SYSREG_RO(ich, vtr, S3_4_C12_C11_1)
GIC_SYSREG_RO(ich, elrsr, S3_4_C12_C11_5)
GIC_SYSREG_RW(ich, vmcr, S3_4_C12_C11_7)

/* ICC_SRE_EL1, ICC_SRE_EL2 */
#define ICC_SRE_SRE BIT(0)
#define ICC_SRE_DFB BIT(1)
#define ICC_SRE_DIB BIT(2)
#define ICC_SRE_EL2_ENABLE BIT(3) /* 0: EL1's accesses to ICC_SRE_EL1 trap to EL2 */

/* ICC_CTLR_EL1 */
#define ICC_CTLR_EOIMODE BIT(1)
#define ICC_CTLR_PRIBITS(ctlr) (FIELD(ctlr, 10, 8) + 1)

/* ICH_VTR_EL2 */
#define ICH_VTR_LISTREGS(vtr) (FIELD(vtr, 4, 0) + 1)
#define ICH_VTR_PREBITS(vtr) (FIELD(vtr, 28, 26) + 1)
#define ICH_VTR_PRIBITS(vtr) (FIELD(vtr, 31, 29) + 1)

/* ID_AA64PFR0_EL1.GIC: this CPU has the registers above. */
bool gic_sysregs_present(void);

/* ICH_LR<n>_EL2, n < GIC_LRS_MAX and implemented. */
u64 ich_read_lr(unsigned n);
void ich_write_lr(unsigned n, u64 lr);

/* Those in the mask `used`, from or to lr[]; what was read is cleared in the register. */
void ich_load_lrs(const u64 *lr, u32 used);
void ich_save_lrs(u64 *lr, u32 used);

#endif
