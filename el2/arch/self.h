// SPDX-License-Identifier: Apache-2.0
/* Which pCPU this is: TPIDR_EL2, which boot.S sets before any C and nobody changes. */
#ifndef ARCH_SELF_H
#define ARCH_SELF_H

struct pcpu;

static inline struct pcpu *this_pcpu(void)
{
	struct pcpu *self;

	__asm__("mrs %0, tpidr_el2" : "=r"(self)); /* not volatile: once in a function is enough */
	return self;
}

#endif
