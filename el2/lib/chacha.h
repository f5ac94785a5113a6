// SPDX-License-Identifier: Apache-2.0
/*
 * ChaCha20's block function (RFC 8439, 2.3): 64 bytes that nobody can tell from random ones without
 * the key.
 */
#ifndef LIB_CHACHA_H
#define LIB_CHACHA_H

#include "lib/types.h"

/* `in`: 4 words of constant, 8 of key, 1 of counter, 3 of nonce. */
void chacha_block(const u32 in[16], u32 out[16]);

#endif
