// SPDX-License-Identifier: Apache-2.0
/*
 * What fuzzers share. A fuzzer is one function, LLVMFuzzerTestOneInput (LLVM's libFuzzer; AFL++ and
 * tests/fuzz/replay.c call the same): it does with EL2's code what the input's bytes say, and ends the
 * program where something is not as it must be; the sanitizers do so where C is not.
 *
 * Its comment's line `// runs: N` says how many inputs are tried in `make test`, `// longest: N` how many
 * bytes one may have, and `// units:` what it is linked with, as for a host test.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#define MUST(condition, ...)                                                                      \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "%s:%d: not so: %s\n  ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__);                                             \
			fprintf(stderr, "\n");                                                    \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* The input, taken from its front; behind its end there are zeros. */
struct input {
	const uint8_t *at, *end;
};

__attribute__((unused)) static inline uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << 8 * i;
	return value;
}

/* A number below n, at most 65536. */
__attribute__((unused)) static inline unsigned pick(struct input *in, unsigned n)
{
	return (unsigned)(take(in, n > 256 ? 2 : 1) % n);
}

/* A copy of exactly the input's size, so that a sanitizer sees a read beyond it; to be freed. */
__attribute__((unused)) static inline void *exact_copy(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	return copy;
}

#endif
