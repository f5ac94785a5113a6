// SPDX-License-Identifier: Apache-2.0
/*
 * GICv3's list registers (IHI 0069, 12.4.8). A system register's number is part of the
 * instruction, so sixteen registers are sixteen instructions, chosen by a switch. Runs at EL2.
 */
#include "arch/gic_sysregs.h"

/* X(n, encoding) for each list register. The first one is all that most guests use; CPUs of today have
 * four; these come by themselves, so that a world switch walks no longer list than it has to. */
#define LRS_FIRST(X) X(0, S3_4_C12_C12_0)
#define LRS_LOW(X)           \
	LRS_FIRST(X)         \
	X(1, S3_4_C12_C12_1) \
	X(2, S3_4_C12_C12_2) \
	X(3, S3_4_C12_C12_3)
#define LRS_HIGH(X)           \
	X(4, S3_4_C12_C12_4)  \
	X(5, S3_4_C12_C12_5)  \
	X(6, S3_4_C12_C12_6)  \
	X(7, S3_4_C12_C12_7)  \
	X(8, S3_4_C12_C13_0)  \
	X(9, S3_4_C12_C13_1)  \
	X(10, S3_4_C12_C13_2) \
	X(11, S3_4_C12_C13_3) \
	X(12, S3_4_C12_C13_4) \
	X(13, S3_4_C12_C13_5) \
	X(14, S3_4_C12_C13_6) \
	X(15, S3_4_C12_C13_7)

bool gic_sysregs_present(void)
{
	return FIELD(read_sysreg(id_aa64pfr0_el1), 27, 24) != 0;
}

u64 ich_read_lr(unsigned n)
{
#define READ(i, encoding) \
	case i:           \
		return read_sysreg(encoding);
	switch (n) {
		LRS_LOW(READ)
		LRS_HIGH(READ)
	}
#undef READ
	return 0;
}

void ich_write_lr(unsigned n, u64 lr)
{
#define WRITE(i, encoding)                  \
	case i:                             \
		write_sysreg(encoding, lr); \
		break;
	switch (n) {
		LRS_LOW(WRITE)
		LRS_HIGH(WRITE)
	}
#undef WRITE
}

void ich_load_lrs(const u64 *lr, u32 used)
{
#define LOAD(i, encoding)  \
	if (used & BIT(i)) \
		write_sysreg(encoding, lr[i]);
	if (LIKELY(used < 2)) {
		LRS_FIRST(LOAD)
		return;
	}
	LRS_LOW(LOAD)
	if (LIKELY(used < 16))
		return;
	LRS_HIGH(LOAD)
#undef LOAD
}

void ich_save_lrs(u64 *lr, u32 used)
{
#define SAVE(i, encoding)                      \
	if (used & BIT(i)) {                   \
		lr[i] = read_sysreg(encoding); \
		write_sysreg(encoding, 0);     \
	}
	if (LIKELY(used < 2)) {
		LRS_FIRST(SAVE)
		return;
	}
	LRS_LOW(SAVE)
	if (LIKELY(used < 16))
		return;
	LRS_HIGH(SAVE)
#undef SAVE
}
