// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for arch/syndrome.h in host tests: ESR_EL2, FAR_EL2 and HPFAR_EL2 are what the test says.
 */
#ifndef STANDIN_ARCH_SYNDROME_H
#define STANDIN_ARCH_SYNDROME_H

#include "lib/types.h"

struct syndrome {
	u64 esr, far, hpfar;
};

extern struct syndrome standin_syndrome;

static inline u64 syndrome_esr(void)
{
	return standin_syndrome.esr;
}

static inline u64 syndrome_far(void)
{
	return standin_syndrome.far;
}

static inline u64 syndrome_hpfar(void)
{
	return standin_syndrome.hpfar;
}

static inline struct syndrome syndrome_read(void)
{
	return standin_syndrome;
}

#endif
