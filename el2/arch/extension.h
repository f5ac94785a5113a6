// SPDX-License-Identifier: Apache-2.0
/*
 * Extensions of the architecture that not every CPU has: those that guests may use, with state beyond
 * el1_regs.h, and those that are hidden, set so that what they bring is UNDEFINED (or at least tells
 * nothing of another guest) at EL1 and EL0. Arm ARM A2 (extensions), D19.2 (registers).
 *
 * Always: all CPUs have what the boot CPU has. Pointer authentication traps until a vCPU's first use
 * of it, so that others don't pay for ten registers; HCR_EL2.API and APK in its context say that it
 * was. EL2 signs its own return addresses with key A: vectors.S exchanges that one, for the guests that
 * use it, and the C here the others.
 */
#ifndef ARCH_EXTENSION_H
#define ARCH_EXTENSION_H

#include "lib/types.h"

#define PAC_KEYS 10 /* APIA, APIB, APDA, APDB, APGA: two registers each */

#define HCR_EL2_APK BIT(40)
#define HCR_EL2_API BIT(41)

struct extension_regs {
	u64 vdisr; /* VDISR_EL2: the guest's DISR_EL1 */
	u64 pac[PAC_KEYS];
};

/* Traps of this CPU's extensions; once on each CPU, after CPTR_EL2 and MDCR_EL2 are set. */
void extension_init(void);

/*
 * EL2's return addresses are signed from now on (APA, API or APA3), with the key that is set before the
 * first CPU comes here. Called where no function that was entered before will return. Arm ARM D8.8.
 */
extern u64 extension_key[2];
void extension_sign_returns(void);

/* HCR_EL2's and PSTATE's part: what else traps, and what an exception to EL1 sets. */
u64 extension_hcr(void);
u64 extension_entry_pstate(u64 sctlr);

/* CPACR_EL1 bits that are on whatever the guest says, so that EL2 gets the trap and not EL1. */
u64 extension_cpacr(void);

/* Onto and off this pCPU; `pac`: the vCPU used pointer authentication. */
void extension_load(const struct extension_regs *regs, bool pac);
void extension_save(struct extension_regs *regs, bool pac);
void extension_load_pac(const struct extension_regs *regs);

#endif
