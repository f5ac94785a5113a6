// SPDX-License-Identifier: Apache-2.0
/* Between trap/sysreg.c, which decodes trapped MRS and MSR, and the files that answer for some. */
#ifndef TRAP_SYSREG_H
#define TRAP_SYSREG_H

#include "trap/trap.h"

/* A register's name as one number that sorts as the Arm ARM lists them. */
#define KEY(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/*
 * Debug registers, op0 = 2: a read's value (*value is written in any case), a write. NEXT, UNDEF, or
 * REFLECT. The vCPU is loaded on this pCPU.
 */
enum verdict debug_read(struct vcpu *vcpu, u32 key, u64 *value);
enum verdict debug_write(struct vcpu *vcpu, u32 key, u64 value);

#endif
