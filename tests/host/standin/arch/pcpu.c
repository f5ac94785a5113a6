// SPDX-License-Identifier: Apache-2.0
#include "arch/pcpu.h"

#define PCPU(n)                                         \
	{                                               \
		.id = (n), .mpidr = (n), .online = true \
	}

struct pcpu pcpus[PCPUS_MAX] = {PCPU(0), PCPU(1), PCPU(2), PCPU(3),
				PCPU(4), PCPU(5), PCPU(6), PCPU(7)};

static struct pcpu *now = &pcpus[0];

struct pcpu *this_pcpu(void)
{
	return now;
}

void pcpu_set(struct pcpu *pcpu)
{
	now = pcpu;
}

u64 pcpu_mpidr(void)
{
	return now->mpidr;
}

void standin_pcpu_set(unsigned id)
{
	now = &pcpus[id];
}

void standin_pcpu_reset(void)
{
	for (u32 i = 0; i < PCPUS_MAX; i++)
		pcpus[i] = (struct pcpu)PCPU(i);
	now = &pcpus[0];
}
