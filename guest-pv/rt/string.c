// SPDX-License-Identifier: Apache-2.0
/*
 * The few functions of C that compilers take for granted, and strings, at any exception level. Built
 * so that a compiler doesn't see calls of these functions in their own loops (Makefile).
 */
#include "rt.h"

void *memset(void *d, int c, size_t n)
{
	u8 *p = d;

	while (n--)
		*p++ = (u8)c;
	return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
	u8 *p = d;
	const u8 *q = s;

	while (n--)
		*p++ = *q++;
	return d;
}

bool str_eq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

size_t str_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

u64 str_u64(const char *s)
{
	u64 v = 0, digit, base = 10;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			digit = (u64)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			digit = (u64)(*s - 'a') + 10;
		else
			return v;
		if (digit >= base)
			return v;
		v = v * base + digit;
	}
}
