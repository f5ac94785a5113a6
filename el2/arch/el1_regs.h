// SPDX-License-Identifier: Apache-2.0
/*
 * The EL1 system registers of a vCPU: EL1_REG(name, reset value). Included several times with
 * EL1_REG defined by the includer, so without a guard. Reset values are those of a warm reset to
 * EL1 with MMU and caches off; what the architecture leaves UNKNOWN is zero, so that nothing of
 * another guest shows.
 */
EL1_REG(sctlr_el1, 0x30d00800) /* RES1 bits; EOS, EIS, nTLSMD, LSMAOE: as Armv8.0 */
EL1_REG(cpacr_el1, 0)
EL1_REG(ttbr0_el1, 0)
EL1_REG(ttbr1_el1, 0)
EL1_REG(tcr_el1, 0)
EL1_REG(mair_el1, 0)
EL1_REG(amair_el1, 0)
EL1_REG(vbar_el1, 0)
EL1_REG(esr_el1, 0)
EL1_REG(far_el1, 0)
EL1_REG(afsr0_el1, 0)
EL1_REG(afsr1_el1, 0)
EL1_REG(par_el1, 0)
EL1_REG(elr_el1, 0)
EL1_REG(spsr_el1, 0)
EL1_REG(sp_el0, 0)
EL1_REG(sp_el1, 0)
EL1_REG(tpidr_el0, 0)
EL1_REG(tpidrro_el0, 0)
EL1_REG(tpidr_el1, 0)
EL1_REG(contextidr_el1, 0)
EL1_REG(csselr_el1, 0)
EL1_REG(cntkctl_el1, 0)
