// SPDX-License-Identifier: Apache-2.0
/* Stand-in for arch/idregs.c in host tests. */
#ifndef STANDIN_ARCH_IDREGS_H
#define STANDIN_ARCH_IDREGS_H

/* By its path: #include_next would not find it where this header is compiled alone. */
#include "../../../../el2/arch/idregs.h"

extern u64 standin_idregs[8][8]; /* [CRm][op2] */

#endif
