// SPDX-License-Identifier: Apache-2.0
/* Device trees for tests: compiled by dtc while the test runs, changed in their source or in their
 * bytes. Tests run in the repository's root. */
#ifndef HOST_DTC_H
#define HOST_DTC_H

#include <stddef.h>

/* The text of a file, NUL at its end; the caller frees it. */
char *dtc_read_file(const char *path);

/* The first occurrence of `from` replaced by `to`; the test fails if there is none. */
char *dtc_replace(const char *text, const char *from, const char *to);

/* The blob of a source, in memory of exactly its size, so that a sanitizer sees a read beyond it. */
void *dtc_compile(const char *source, size_t *size);

/* A repeatable stream of random numbers, for mutations. */
unsigned long dtc_random(unsigned long *state);

/* Changes 1 to 8 bytes of a blob, more often than not in its structure: flips, small numbers,
 * tokens, lengths. */
void dtc_mutate(void *blob, size_t size, unsigned long *state);

#endif
