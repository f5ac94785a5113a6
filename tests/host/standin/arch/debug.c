// SPDX-License-Identifier: Apache-2.0
#include "arch/debug.h"

u32 standin_mdscr;
unsigned standin_debug_loads;
bool standin_diverted;

void debug_load(struct debug_regs *debug)
{
	bool guests = !debug->os_lock && debug->mdscr & 0x8001;

	standin_mdscr = debug->watch & 0xa ? 1 :
			debug->watch & 4   ? 0x8000 :
			guests		   ? debug->mdscr & 0xb001 :
					     0;
	standin_debug_loads += standin_mdscr != 0;
	standin_diverted = debug->watch & 1;
	debug->live = debug->watch || guests;
}

void debug_unload(void)
{
	standin_mdscr = 0;
	standin_diverted = false;
}
