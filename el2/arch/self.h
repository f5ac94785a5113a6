// SPDX-License-Identifier: Apache-2.0
/* Which pCPU this is (TPIDR_EL2). */
#ifndef ARCH_SELF_H
#define ARCH_SELF_H

#include "arch/sysreg.h"

struct pcpu;

static inline struct pcpu *this_pcpu(void)
{
	return (struct pcpu *)read_sysreg(tpidr_el2);
}

#endif
