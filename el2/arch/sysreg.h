// SPDX-License-Identifier: Apache-2.0
/*
 * Access to system registers by the Arm ARM's names: read_sysreg(hcr_el2). Registers newer than the
 * assembler's -march are given by their encoding, S<op0>_<op1>_C<n>_C<m>_<op2>. Arch only.
 */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include "lib/types.h"

#define read_sysreg(name)                                                       \
	({                                                                      \
		u64 value_;                                                     \
		__asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory"); \
		value_;                                                         \
	})

#define write_sysreg(name, value) \
	__asm__ volatile("msr " #name ", %x0" : : "rZ"((u64)(value)) : "memory")

#endif
