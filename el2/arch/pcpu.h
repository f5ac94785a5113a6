// SPDX-License-Identifier: Apache-2.0
/*
 * The machine's CPUs. A pCPU finds its own struct through TPIDR_EL2, always.
 */
#ifndef ARCH_PCPU_H
#define ARCH_PCPU_H

#include "arch/self.h"
#include "lib/types.h"

#define PCPUS_MAX 8

struct vcpu;
struct guest;
struct context;

struct pcpu {
	void (*on_sync)(void);	  /* first three: where a guest's traps go, and on which stack: */
	u64 stack_top;		  /* vectors.S loads the stack with one of the others */
	void (*on_irq)(void);	  /* see vectors_divert() */
	struct vcpu *current;	  /* whose EL1 state is in the registers; NULL: nobody's (idle) */
	struct context *fp_owner; /* whose FP/SIMD state is in the registers; NULL: nobody's */
	u64 mpidr;		  /* affinity fields only */
	u32 id;			  /* 0 .. pcpu_count() - 1; 0 is the boot CPU */
	bool online;
	bool wanted; /* set by any CPU, sched's: sched_wanted() */
	struct guest
		*parting; /* guest/switch.c still looks at it: it must not go. Written here only */
};

extern struct pcpu pcpus[PCPUS_MAX];

u64 pcpu_mpidr(void); /* this CPU's MPIDR_EL1, affinity fields only */

#endif
