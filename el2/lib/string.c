// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's string functions for EL2. GCC emits calls to memcpy, memset, memmove and memcmp
 * on its own, so these may not be written as calls to themselves: the build gives this file
 * -fno-tree-loop-distribute-patterns. They never read or write past what they are told, and they
 * run with the MMU off too, where an unaligned access faults: words only where both ends align.
 */
#include <string.h>

#include "lib/types.h"

#define WORD sizeof(u64)

static bool aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

/* Neither has restrict: all of a turn is read before any of it is written, which makes pairs. */
static NOINLINE void copy_words(u64 *to, const u64 *from, size_t turns)
{
	for (; turns; turns--, to += 8, from += 8) {
		u64 a = from[0], b = from[1], c = from[2], d = from[3];
		u64 e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
		to[4] = e;
		to[5] = f;
		to[6] = g;
		to[7] = h;
	}
}

static NOINLINE void copy_halves(u32 *to, const u32 *from, size_t turns)
{
	for (; turns; turns--, to += 8, from += 8) {
		u32 a = from[0], b = from[1], c = from[2], d = from[3];
		u32 e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
		to[4] = e;
		to[5] = f;
		to[6] = g;
		to[7] = h;
	}
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;
	size_t words = n & ~(8 * WORD - 1), halves = n & ~(4 * WORD - 1);

	if (aligned(d, s)) {
		copy_words(dst, src, words / (8 * WORD));
		for (d += words, s += words, n -= words; n >= WORD; n -= WORD, d += WORD, s += WORD)
			*(u64 *)d = *(const u64 *)s;
	} else if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0) { /* much of a device tree */
		copy_halves(dst, src, halves / (4 * WORD));
		for (d += halves, s += halves, n -= halves; n >= 4; n -= 4, d += 4, s += 4)
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
	const char *p = s, *end = s + max;

	while (p != end && *p)
		p++;
	return (size_t)(p - s);
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
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
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
