// SPDX-License-Identifier: Apache-2.0
/* <limits.h> for EL2: what libfdt uses of it, for the LP64 of AArch64. GCC's own wants a C library's
 * behind it. */
#ifndef LIB_LIBC_LIMITS_H
#define LIB_LIBC_LIMITS_H

#define CHAR_BIT 8
#define INT_MAX 0x7fffffff
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX 0xffffffffU

#endif
