// SPDX-License-Identifier: Apache-2.0
/* ChaCha20's block function (RFC 8439, 2.1 to 2.3). Pure; no branch or address depends on the key. */
#include "lib/chacha.h"

static u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

void chacha_block(const u32 in[16], u32 out[16])
{
	u32 x[16];

	for (unsigned i = 0; i < 16; i++)
		x[i] = in[i];
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 4; i++) /* columns */
			quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
		for (unsigned i = 0; i < 4; i++) /* diagonals */
			quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
				      &x[12 + (i + 3) % 4]);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] = x[i] + in[i];
}
