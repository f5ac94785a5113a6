// SPDX-License-Identifier: Apache-2.0
/*
 * The first guest: says who it is, and ends. At EL1, as every guest.
 *
 * CurrentEL (Arm ARM C5.2.3) is the one register that says how much one may do: a guest reads 1
 * there, whatever runs below. The rest it has to be told, by SKERRY_WHO_AM_I.
 */
#include "rt.h"

int main(void)
{
	u64 el = read_sysreg(currentel) >> 2 & 3;
	struct smccc who;

	if (!on_skerry()) {
		print("hello from EL%lu; nobody I know is below\n", el);
		return 0;
	}
	who = hypercall(SKERRY_WHO_AM_I, 0, 0, 0);
	print("hello from EL%lu: I am %s, guest %lu, CPU %lu of %lu\n", el, guest_name(), who.x1,
	      who.x2, who.x3);
	return 0;
}
