// SPDX-License-Identifier: Apache-2.0
/* Breakpoints, watchpoints and software step onto a pCPU. Runs at EL2. */
#include "arch/debug.h"

#include "arch/barrier.h"
#include "arch/pcpu.h"
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

#define MDCR_TDE BIT(8) /* debug exceptions come to EL2 */
#define BCR_HERE 0x1e7	/* enabled, EL1 and EL0, all of the word */

/* All that the CPU has, so that none of whoever was here before stays. All off, if there are none to load. */
static void load_banks(const struct debug_regs *debug)
{
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1);

	for (unsigned n = 0; n <= FIELD(dfr0, 15, 12); n++) {
		u64 control = debug ? debug->control[0][n] : 0;

		write_breakpoint(n, debug ? debug->value[0][n] : 0,
				 control & BCR_BT_VMID ? 0 : control);
	}
	for (unsigned n = 0; n <= FIELD(dfr0, 23, 20); n++)
		write_watchpoint(n, debug ? debug->value[1][n] : 0,
				 debug ? debug->control[1][n] : 0);
}

/* One breakpoint, of EL2's, and nothing else. */
static void load_stop(u64 address)
{
	load_banks(NULL);
	write_breakpoint(0, address, BCR_HERE);
}

static void route(bool to_el2)
{
	u64 mdcr = read_sysreg(mdcr_el2);

	write_sysreg(mdcr_el2, to_el2 ? mdcr | MDCR_TDE : mdcr & ~MDCR_TDE);
}

void debug_load(struct debug_regs *debug)
{
	u8 watch = __atomic_load_n(&debug->watch, __ATOMIC_SEQ_CST);
	bool ours = watch & (WATCH_STEP | WATCH_STOP | WATCH_OVER);
	bool guests = !debug->os_lock && debug->mdscr & (MDSCR_MDE | MDSCR_SS);
	u64 mdscr = 0;

	if (watch & (WATCH_STEP | WATCH_OVER)) {
		mdscr = MDSCR_SS;
	} else if (watch & WATCH_STOP) {
		load_stop(debug->stop_at);
		mdscr = MDSCR_MDE;
	} else if (guests) {
		load_banks(debug);
		mdscr = debug->mdscr & (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE);
	}
	route(ours);
	vectors_divert(this_pcpu(), watch & WATCH_TRACE);
	isb(); /* nothing hits by an old address */
	write_sysreg(mdscr_el1, mdscr);
	__atomic_store_n(&debug->live, watch || guests, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&debug->watch, __ATOMIC_SEQ_CST)) /* since a moment ago: look again */
		__atomic_store_n(&debug->live, true, __ATOMIC_SEQ_CST);
}

void debug_unload(void)
{
	write_sysreg(mdscr_el1, 0);
	route(false);
	vectors_divert(this_pcpu(), false);
}
