// SPDX-License-Identifier: Apache-2.0
/* Stand-in for TPIDR_EL2 in host tests: see pcpu.h beside this file. */
#ifndef STANDIN_ARCH_SELF_H
#define STANDIN_ARCH_SELF_H

struct pcpu;

struct pcpu *this_pcpu(void);

#endif
