// SPDX-License-Identifier: Apache-2.0
/*
 * The machine's random generator: ChaCha20 (RFC 8439), whose key is replaced by its own output after
 * each call, so that no word given out earlier can be worked out from the state. Runs at EL2.
 *
 * Honestly: with RNDR each call brings 128 bits of the CPU's fresh entropy in. Without, all there is, is the seed
 * that the boot loader put into the board's tree (at most 64 bits of it reach here) and the moment
 * when somebody asked; nothing is credited for the latter. With neither, no word is given at all.
 */
#include "board/random.h"

#include "arch/cpu.h"
#include "arch/lock.h"
#include "arch/timer.h"
#include "lib/chacha.h"

static struct {
	struct lock lock; /* protects all below */
	u32 key[8];
	u64 calls;
	bool good;
} state;

/* "expand 32-byte k" as RFC 8439 has it. Lock held. */
static void block(u64 a, u64 b, u32 out[16])
{
	u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	for (unsigned i = 0; i < 8; i++)
		in[4 + i] = state.key[i];
	in[12] = (u32)a;
	in[13] = (u32)(a >> 32);
	in[14] = (u32)b;
	in[15] = (u32)(b >> 32);
	chacha_block(in, out);
	for (unsigned i = 0; i < 8; i++)
		state.key[i] = out[i];
}

void random_seed(u64 a, u64 b, bool good)
{
	u32 out[16];

	lock_take(&state.lock);
	block(a, b, out);
	state.good |= good;
	lock_drop(&state.lock);
}

bool random_ready(void)
{
	return READ_ONCE(state.good);
}

bool random_words(u64 *words, unsigned count)
{
	u64 fresh = 0, other = 0;
	u32 out[16];
	bool good = cpu_random(&fresh) && cpu_random(&other);

	lock_take(&state.lock);
	state.good |= good;
	good = state.good;
	block(fresh, other ^ timer_now() ^ state.calls++ << 48, out);
	lock_drop(&state.lock);
	for (unsigned i = 0; good && i < count; i++)
		words[i] = (u64)out[8 + 2 * i] << 32 | out[9 + 2 * i];
	return good;
}

bool random_word(u64 *word)
{
	return random_words(word, 1);
}
