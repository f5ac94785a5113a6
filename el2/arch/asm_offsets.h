// SPDX-License-Identifier: Apache-2.0
/*
 * Offsets that assembly uses, checked against the structs at compile time (arch/context.c).
 */
#ifndef ARCH_ASM_OFFSETS_H
#define ARCH_ASM_OFFSETS_H

#define REGS_X30 240
#define REGS_PSTATE 256
#define REGS_SIZE 272
#define PCPU_MPIDR 24
#define PCPU_SIZE 40
#define PCPU_COUNT 8

#endif
