// SPDX-License-Identifier: Apache-2.0
/*
 * printf's formatting into a buffer, for every message of EL2. Understands %s %.*s %c %d %u %x with
 * l, ll and z, widths, '0' and '-' flags, %p, %%, and no more: the compiler checks arguments, since
 * the prototypes bear the printf attribute.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>

#include "lib/types.h"

/*
 * Writes at most `size` bytes with the final NUL (none if size is 0); what does not fit is cut.
 * Returns the number of characters written, without the NUL: always below `size`.
 */
size_t format(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
size_t vformat(char *buf, size_t size, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

#endif
