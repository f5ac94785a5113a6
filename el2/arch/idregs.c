// SPDX-License-Identifier: Apache-2.0
/* Reading the CPU's identification registers. Runs at EL2. */
#include "arch/idregs.h"

#include "arch/sysreg.h"

#define ROW(m)                                        \
	values[m][0] = read_sysreg(S3_0_C0_C##m##_0); \
	values[m][1] = read_sysreg(S3_0_C0_C##m##_1); \
	values[m][2] = read_sysreg(S3_0_C0_C##m##_2); \
	values[m][3] = read_sysreg(S3_0_C0_C##m##_3); \
	values[m][4] = read_sysreg(S3_0_C0_C##m##_4); \
	values[m][5] = read_sysreg(S3_0_C0_C##m##_5); \
	values[m][6] = read_sysreg(S3_0_C0_C##m##_6); \
	values[m][7] = read_sysreg(S3_0_C0_C##m##_7)

void idregs_read(u64 values[8][8])
{
	for (unsigned op2 = 0; op2 < 8; op2++)
		values[0][op2] = 0;
	ROW(1);
	ROW(2);
	ROW(3);
	ROW(4);
	ROW(5);
	ROW(6);
	ROW(7);
}
