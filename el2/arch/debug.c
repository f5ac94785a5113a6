// SPDX-License-Identifier: Apache-2.0
/* Breakpoints, watchpoints and software step onto a pCPU. Runs at EL2. */
#include "arch/debug.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"

#define BCR_BT_VMID \
	BIT(23) /* match by VMID or EL2's context: not there for a machine without EL2 */

/* Register numbers are part of the instruction, so one case each. */
#define SLOT(n, value, control)                             \
	case n:                                             \
		write_sysreg(dbg##value##n##_el1, address); \
		write_sysreg(dbg##control##n##_el1, bits);  \
		break;
#define SLOTS(value, control)    \
	SLOT(0, value, control)  \
	SLOT(1, value, control)  \
	SLOT(2, value, control)  \
	SLOT(3, value, control)  \
	SLOT(4, value, control)  \
	SLOT(5, value, control)  \
	SLOT(6, value, control)  \
	SLOT(7, value, control)  \
	SLOT(8, value, control)  \
	SLOT(9, value, control)  \
	SLOT(10, value, control) \
	SLOT(11, value, control) \
	SLOT(12, value, control) \
	SLOT(13, value, control) \
	SLOT(14, value, control) \
	SLOT(15, value, control)

static void write_breakpoint(unsigned n, u64 address, u64 bits)
{
	switch (n) {
		SLOTS(bvr, bcr)
	default:
		break;
	}
}

static void write_watchpoint(unsigned n, u64 address, u64 bits)
{
	switch (n) {
		SLOTS(wvr, wcr)
	default:
		break;
	}
}

/* All that the CPU has, so that none of whoever was here before stays. */
void debug_load(const struct debug_regs *debug)
{
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1);

	for (unsigned n = 0; n <= FIELD(dfr0, 15, 12); n++) {
		u64 control = debug->bank[DEBUG_BCR][n];

		write_breakpoint(n, debug->bank[DEBUG_BVR][n], control & BCR_BT_VMID ? 0 : control);
	}
	for (unsigned n = 0; n <= FIELD(dfr0, 23, 20); n++)
		write_watchpoint(n, debug->bank[DEBUG_WVR][n], debug->bank[DEBUG_WCR][n]);
	isb(); /* nothing hits by an old address */
	write_sysreg(mdscr_el1, debug->mdscr & (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE));
}

void debug_unload(void)
{
	write_sysreg(mdscr_el1, 0);
}
