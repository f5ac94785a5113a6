/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime's files need of each other and guests don't. */
#ifndef RT_INTERNAL_H
#define RT_INTERNAL_H

#include "rt.h"

extern struct cpu cpus[SKERRY_VCPUS_MAX];
extern char secondary_start[];

/* The tree given in x0; what is no tree is none. */
void fdt_init(u64 address);
void trap(struct frame *f);
void irq_dispatch(void);
void rt_main(u64 tree) __attribute__((noreturn));
void rt_secondary(struct cpu *cpu) __attribute__((noreturn));

#endif
