// SPDX-License-Identifier: Apache-2.0
/*
 * Why the guest trapped (Arm ARM, D17.2.37 ESR_EL2, FAR_EL2, HPFAR_EL2). Valid from the trap until
 * the guest is resumed; EL2 takes no exception in between.
 */
#ifndef ARCH_SYNDROME_H
#define ARCH_SYNDROME_H

#include "arch/sysreg.h"
#include "lib/types.h"

struct syndrome {
	u64 esr;
	u64 far;   /* the guest's virtual address */
	u64 hpfar; /* bits 43:4: bits 51:12 of the IPA of a stage-2 fault */
};

static inline u64 syndrome_esr(void)
{
	return read_sysreg(esr_el2);
}

static inline u64 syndrome_far(void)
{
	return read_sysreg(far_el2);
}

static inline u64 syndrome_hpfar(void)
{
	return read_sysreg(hpfar_el2);
}

static inline struct syndrome syndrome_read(void)
{
	return (struct syndrome){syndrome_esr(), syndrome_far(), syndrome_hpfar()};
}

#endif
