// SPDX-License-Identifier: Apache-2.0
/*
 * An exception out of EL2 itself: always EL2's own error, never a guest's doing. Runs at EL2 on a
 * stack kept for this (arch/vectors.S), since a stack that ran into its guard page may be the cause.
 */
#include "arch/cpu.h"
#include "arch/semihost.h"
#include "arch/syndrome.h"
#include "board/say.h"
#include "arch/regs.h"

void el2_fault(u64 vector, const struct regs *regs);

static const char *const vectors[] = {
	"synchronous exception with SP_EL0",
	"IRQ with SP_EL0",
	"FIQ with SP_EL0",
	"SError with SP_EL0",
	"synchronous exception",
	"IRQ",
	"FIQ",
	"SError",
};

void el2_fault(u64 vector, const struct regs *regs)
{
	struct syndrome syn = syndrome_read();

	if (regs->pc == (u64)semihost_hlt || regs->pc == (u64)cpu_probe_load)
		return; /* nobody answers: the caller goes on behind it */
	say("skerry: EL2 took a %s it never should\n", vectors[vector & 7]);
	for (unsigned i = 0; i < 30; i += 3)
		say("skerry:   x%-2u %016lx  x%-2u %016lx  x%-2u %016lx\n", i, regs->x[i], i + 1,
		    regs->x[i + 1], i + 2, regs->x[i + 2]);
	panic("EL2: %s at 0x%lx, lr 0x%lx, sp 0x%lx, ESR 0x%lx, FAR 0x%lx, SPSR 0x%lx",
	      vectors[vector & 7], regs->pc, regs->x[30], regs->unused, syn.esr, syn.far,
	      regs->pstate);
}
