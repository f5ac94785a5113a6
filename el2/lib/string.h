// SPDX-License-Identifier: Apache-2.0
/* The C library's string functions that EL2 and libfdt need; lib/libc/string.h is this file's twin
 * for code that says <string.h>. All are ISO C's by meaning. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <string.h>

#endif
