// SPDX-License-Identifier: Apache-2.0
/*
 * The CPU's identification registers op0 = 3, op1 = 0, CRn = 0, CRm = 1..7, op2 = 0..7 (Arm ARM,
 * D17.2; the unallocated of these read as zero).
 */
#ifndef ARCH_IDREGS_H
#define ARCH_IDREGS_H

#include "lib/types.h"

/* values[CRm][op2]; row 0 stays zero. */
void idregs_read(u64 values[8][8]);

#endif
