// SPDX-License-Identifier: Apache-2.0
/* <stdlib.h> for EL2: what libfdt calls. */
#ifndef LIB_LIBC_STDLIB_H
#define LIB_LIBC_STDLIB_H

#include <stddef.h>

unsigned long strtoul(const char *s, char **end, int base);

#endif
