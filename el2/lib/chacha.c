// SPDX-License-Identifier: Apache-2.0
/* ChaCha20's block function (RFC 8439, 2.1 to 2.3). Pure; no branch or address depends on the key. */
#include "lib/chacha.h"

static u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* The indices are constants where it is inlined, so that all of x stays in registers. */
static inline __attribute__((always_inline)) void quarter_round(u32 x[16], unsigned a, unsigned b,
								unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

void chacha_block(const u32 in[16], u32 out[16])
{
	u32 x[16];

	for (unsigned i = 0; i < 16; i++)
		x[i] = in[i];
	for (unsigned round = 0; round < 10; round++) {
		quarter_round(x, 0, 4, 8, 12); /* columns */
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15); /* diagonals */
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] = x[i] + in[i];
}
