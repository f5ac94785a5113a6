// SPDX-License-Identifier: Apache-2.0
#include "arch/debug.h"

u32 standin_mdscr;
unsigned standin_debug_loads;

void debug_load(const struct debug_regs *debug)
{
	standin_mdscr = debug->mdscr & 0xb001;
	standin_debug_loads++;
}

void debug_unload(void)
{
	standin_mdscr = 0;
}
