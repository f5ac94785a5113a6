// SPDX-License-Identifier: Apache-2.0
/*
 * The EL1 system registers of a vCPU: EL1_REG(name, reset value). Included several times with
 * EL1_REG defined by the includer, so without a guard. EL1_PAIR is two that a switch moves by one
 * load or store; who doesn't define it gets two EL1_REGs. Reset values are those of a warm reset to
 * EL1 with MMU and caches off; what the architecture leaves UNKNOWN is zero, so that nothing of
 * another guest shows.
 */
#ifndef EL1_REG
#define EL1_REG(name, reset)
#endif
#ifndef EL1_PAIR
#define EL1_PAIR(a, reset_a, b, reset_b) EL1_REG(a, reset_a) EL1_REG(b, reset_b)
#endif
EL1_PAIR(sctlr_el1, 0x30d00800, cpacr_el1, 0) /* RES1 bits; EOS, EIS, nTLSMD, LSMAOE: as Armv8.0 */
EL1_PAIR(ttbr0_el1, 0, ttbr1_el1, 0)
EL1_PAIR(tcr_el1, 0, mair_el1, 0)
EL1_PAIR(amair_el1, 0, vbar_el1, 0)
EL1_PAIR(esr_el1, 0, far_el1, 0)
EL1_PAIR(afsr0_el1, 0, afsr1_el1, 0)
EL1_PAIR(par_el1, 0, elr_el1, 0)
EL1_PAIR(spsr_el1, 0, sp_el0, 0)
EL1_PAIR(sp_el1, 0, tpidr_el0, 0)
EL1_PAIR(tpidrro_el0, 0, tpidr_el1, 0)
EL1_PAIR(contextidr_el1, 0, csselr_el1, 0)
EL1_REG(cntkctl_el1, 0)
#undef EL1_PAIR
