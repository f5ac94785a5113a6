// SPDX-License-Identifier: Apache-2.0
/*
 * What EL2 watches of a guest. Runs at EL2. A vCPU's debug hardware is written only by the pCPU that has it
 * loaded; so a change is a word in memory, and a look at it by each pCPU. Which one has the vCPU need not
 * be known: one that loads it after the word was written sees it.
 */
#include "guest/watch.h"

#include "arch/pcpu.h"
#include "board/gic.h"

void watch_settle(struct vcpu *vcpu)
{
	if (vcpu->ctx.debug.live)
		debug_load(&vcpu->ctx.debug);
}

void watch_set(struct guest *guest, u8 set, u8 clear)
{
	for (unsigned i = 0; i < guest->config.cpus; i++)
		debug_watch(&guest->vcpus[i]->ctx.debug, set, clear);
	for (unsigned id = 0; id < PCPUS_MAX && pcpus[id].online; id++)
		if (&pcpus[id] != this_pcpu())
			gic->send_sgi(id, GIC_SGI_DEBUG);
	if (this_pcpu()->current && this_pcpu()->current->guest == guest)
		watch_settle(this_pcpu()->current);
}
