// SPDX-License-Identifier: Apache-2.0
/*
 * Offsets and values that assembly uses, checked against C at compile time (arch/context.c).
 */
#ifndef ARCH_ASM_OFFSETS_H
#define ARCH_ASM_OFFSETS_H

/* enum verdict; 0 is RESUME */
#define NEXT 1
#define WHOLE 2

#define REGS_X19 152
#define REGS_X29 232
#define REGS_X30 240
#define REGS_PC 248
#define REGS_PSTATE 256
#define REGS_SIZE 272
#define CONTEXT_HCR 272
#define CONTEXT_PAC 1432
#define PCPU_STACK 8
#define PCPU_ON_IRQ 16
#define PCPU_CURRENT 24
#define PCPU_MPIDR 40
#define PCPU_SIZE 64
#define PCPU_COUNT 8

#endif
