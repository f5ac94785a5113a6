// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's string functions for EL2. GCC emits calls to memcpy, memset, memmove and memcmp
 * on its own, so these may not be written as calls to themselves: the build gives this file
 * -fno-tree-loop-distribute-patterns. They never read or write past what they are told, and they
 * run with the MMU off too, where an unaligned access faults: words only where both ends align.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

#define WORD sizeof(u64)

static bool aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (aligned(d, s)) {
		for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD) {
			const u64 *from = (const u64 *)s;
			u64 *to = (u64 *)d;
			u64 a = from[0], b = from[1], c = from[2], e = from[3];

			to[0] = a;
			to[1] = b;
			to[2] = c;
			to[3] = e;
		}
		for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
			*(u64 *)d = *(const u64 *)s;
	} else if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0) { /* much of a device tree */
		for (; n >= 4; n -= 4, d += 4, s += 4)
			*(u32 *)d = *(const u32 *)s;
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n); /* forward copying never overtakes its source */
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;

	if (aligned(d, d)) {
		u64 word = 0x0101010101010101ULL * (u8)c;

		for (; n >= 16 * WORD; n -= 16 * WORD, d += 16 * WORD) {
			u64 *to = (u64 *)d;

			to[0] = to[1] = to[2] = to[3] = word;
			to[4] = to[5] = to[6] = to[7] = word;
			to[8] = to[9] = to[10] = to[11] = word;
			to[12] = to[13] = to[14] = to[15] = word;
		}
		for (; n >= WORD; n -= WORD, d += WORD)
			*(u64 *)d = word;
	}
	while (n--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n--; p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n--; p++)
		if (*p == (u8)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n--; a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)(uintptr_t)last;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	unsigned long value = 0;

	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	} else if (base == 0) {
		base = 10;
	}
	for (;; s++) {
		int digit = *s >= '0' && *s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10;

		if (digit < 0 || digit >= base || (*s > '9' && (*s | 0x20) < 'a'))
			break;
		value = value * (unsigned long)base + (unsigned long)digit;
	}
	if (end)
		*end = (char *)(uintptr_t)s;
	return value;
}
