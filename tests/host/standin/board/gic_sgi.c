// SPDX-License-Identifier: Apache-2.0
#include "board/gic_sgi.h"

#include <stdio.h>
#include <stdlib.h>

u32 standin_sgis[PCPUS_MAX];
unsigned long standin_sgi_count;

void standin_send_sgi(unsigned pcpu, unsigned sgi)
{
	if (pcpu >= PCPUS_MAX || sgi > 15) {
		fprintf(stderr, "SGI %u to pCPU %u\n", sgi, pcpu);
		abort();
	}
	standin_sgis[pcpu] |= 1U << sgi;
	standin_sgi_count++;
}

bool standin_take_sgi(unsigned pcpu, unsigned sgi)
{
	u32 bit = 1U << sgi;
	bool pending = standin_sgis[pcpu] & bit;

	standin_sgis[pcpu] &= ~bit;
	return pending;
}

void standin_sgi_reset(void)
{
	for (unsigned i = 0; i < PCPUS_MAX; i++)
		standin_sgis[i] = 0;
	standin_sgi_count = 0;
}
