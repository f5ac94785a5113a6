// SPDX-License-Identifier: Apache-2.0
/* Stand-in for arch/idregs.c: the CPU's ID registers are what the test says. */
#include "arch/idregs.h"

u64 standin_idregs[8][8];

void idregs_read(u64 values[8][8])
{
	for (unsigned crm = 0; crm < 8; crm++)
		for (unsigned op2 = 0; op2 < 8; op2++)
			values[crm][op2] = standin_idregs[crm][op2];
}
