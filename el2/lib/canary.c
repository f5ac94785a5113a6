// SPDX-License-Identifier: Apache-2.0
/*
 * The stack protector's word: functions with arrays of bytes on their stack keep a copy of it above these and
 * compare the two before they return. Runs at EL2. The two names are the compilers'.
 */
#include "lib/canary.h"

u64 __stack_chk_guard =
	0x00736b6572727900; /* until there is randomness: ends strings, at both ends */

NORETURN void __stack_chk_fail(void);

void canary_set(u64 random)
{
	__stack_chk_guard = random & ~0xffULL; /* a string that runs over ends here */
}

void __stack_chk_fail(void)
{
	__builtin_trap(); /* BRK: EL2's own fault, which is reported with a back-trace */
}
