// SPDX-License-Identifier: Apache-2.0
/*
 * The part of the stand-in for the interrupt controller that carries SGIs between pCPUs: they are
 * written down until the test delivers them.
 */
#ifndef STANDIN_BOARD_GIC_SGI_H
#define STANDIN_BOARD_GIC_SGI_H

#include "arch/pcpu.h"
#include "lib/types.h"

extern u32 standin_sgis[PCPUS_MAX];	/* pending, a bit each */
extern unsigned long standin_sgi_count; /* all that were ever sent */

void standin_send_sgi(unsigned pcpu, unsigned sgi); /* gic->send_sgi */
bool standin_take_sgi(unsigned pcpu, unsigned sgi); /* true: it was pending */
void standin_sgi_reset(void);

#endif
