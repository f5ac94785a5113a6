// SPDX-License-Identifier: Apache-2.0
/*
 * Stand-in for arch/context.c in host tests: a context's registers are always those in memory, and
 * stage 1 of a guest is what the test says.
 */
#ifndef STANDIN_ARCH_CONTEXT_H
#define STANDIN_ARCH_CONTEXT_H

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/arch/context.h"
#include "arch/pcpu.h"

/* What context_translate answers: false: it faults; else va + offset. */
extern bool standin_translates;
extern u64 standin_translate_offset;

/* Whose FP/SIMD state is in the registers, and how often context_fp_save was asked to take it. */
extern const struct context *standin_fp_owner;
extern unsigned standin_fp_saves;

/* HCR_EL2 as last written by context_write_hcr. */
extern u64 standin_hcr;

/* HCR_EL2.VI and VF of each pCPU, by context_set_lines. */
extern u64 standin_lines[PCPUS_MAX];

#endif
