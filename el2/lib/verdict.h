// SPDX-License-Identifier: Apache-2.0
/*
 * What becomes of a vCPU after a trap. Leaves return a verdict; trap/trap.c alone acts on it:
 * it alone moves a guest's PC, injects an exception, stops a guest, or asks who runs next.
 */
#ifndef LIB_VERDICT_H
#define LIB_VERDICT_H

enum verdict {
	VERDICT_RESUME, /* go on at the PC as it stands (same instruction again, or HVC, which moved it) */
	VERDICT_NEXT,  /* the instruction was carried out and has woken nobody: go on behind it */
	VERDICT_WHOLE, /* nothing was done yet: it takes all of the registers (trap_quick) */
	VERDICT_NEXT_WOKE, /* carried out; another vCPU may have been woken and go first */
	/* the next six, up to EXCLUSIVE, are exceptions into the guest's EL1 */
	VERDICT_UNDEF,	 /* the architecture says UNDEFINED */
	VERDICT_REFLECT, /* the guest's own EL1 traps it: exception there with the same syndrome */
	VERDICT_ABORT,	 /* nobody answers there: synchronous external abort into the guest's EL1 */
	VERDICT_ABORT_WALK, /* the same, met by the guest's own stage-1 table walk */
	VERDICT_ALIGNMENT, /* alignment fault into the guest's EL1: devices want aligned accesses */
	VERDICT_EXCLUSIVE, /* an exclusive or atomic at a device: the abort the architecture has for it */
	VERDICT_WOKE,  /* carried out, PC stands; another vCPU may have been woken and go first */
	VERDICT_PAC,   /* a first use of pointer authentication: again, with it */
	VERDICT_YIELD, /* carried out, PC stands; let others run */
	VERDICT_WAIT, /* carried out (WFI, CPU_SUSPEND), or to be done again later: PC stands; sleep until an
			 interrupt is pending or somebody wakes it */
	VERDICT_CPU_OFF, /* PSCI CPU_OFF: this vCPU stops */
	VERDICT_EXIT,	 /* the guest ends; its exit code is noted in struct guest */
	VERDICT_STOP,	 /* the operator wanted it to stand still here: to STOPPED */
	VERDICT_RESET,	 /* PSCI SYSTEM_RESET: again from a clean copy */
	VERDICT_CRASH,	 /* a rule was broken: report, then what the description says (on-crash) */
};

#endif
