// SPDX-License-Identifier: Apache-2.0
/*
 * TRNG, Arm's firmware interface for entropy (DEN0098 1.0), over board/random.c, which says where the
 * bits come from. Runs at EL2 for the loaded vCPU.
 *
 * Always: where the machine has nothing to seed from the interface is not offered at all
 * (NOT_SUPPORTED), rather than offered and empty for ever. Bits given to one guest are not kept.
 */
#include "trap/trap.h"

#include "abi/skerry.h"
#include "board/random.h"

#define TRNG_1_0 0x10000
#define TRNG_RND_32 0x84000053
#define TRNG_64BIT BIT(30)

#define TRNG_SUCCESS 0
#define TRNG_NOT_SUPPORTED (-1)
#define TRNG_INVALID_PARAMETERS (-2)

/* The back end's identity, random once and for all: f2c1dc11-8a5e-4f3f-93b0-5d5ea2a1b6c4 */
static const u32 uuid[4] = {0xf2c1dc11, 0x4f3f8a5e, 0x5d5eb093, 0xc4b6a1a2};

static void answer(struct vcpu *vcpu, s64 value)
{
	vcpu->ctx.regs.x[0] = (u64)value;
}

static bool offered(u32 function)
{
	return function == TRNG_VERSION || function == TRNG_FEATURES || function == TRNG_GET_UUID ||
	       function == TRNG_RND || function == TRNG_RND_32;
}

/* Bits go from the last register down: x3 has the lowest, x1 the highest (DEN0098 2.4). */
static void fill(struct regs *regs, u64 bits, unsigned word_bits)
{
	for (unsigned n = 3; n >= 1; n--) {
		u64 word = 0, take = MIN(bits, (u64)word_bits);

		/* ready was checked, and is never taken back */
		if (take && random_word(&word))
			word &= BITS(take - 1, 0);
		regs->x[n] = word;
		bits -= take;
	}
}

static void give_bits(struct vcpu *vcpu, u32 function)
{
	unsigned word_bits = function & TRNG_64BIT ? 64 : 32;
	u64 bits = vcpu->ctx.regs.x[1];

	if (word_bits == 32)
		bits = (u32)bits;
	if (bits == 0 || bits > 3 * word_bits) {
		answer(vcpu, TRNG_INVALID_PARAMETERS);
		return;
	}
	fill(&vcpu->ctx.regs, bits, word_bits);
	answer(vcpu, TRNG_SUCCESS);
}

bool trng_handle(struct vcpu *vcpu, u32 function)
{
	struct regs *regs = &vcpu->ctx.regs;

	if (!offered(function) || !random_ready())
		return false;
	switch (function) {
	case TRNG_VERSION:
		answer(vcpu, TRNG_1_0);
		break;
	case TRNG_FEATURES:
		answer(vcpu, offered((u32)regs->x[1]) ? TRNG_SUCCESS : TRNG_NOT_SUPPORTED);
		break;
	case TRNG_GET_UUID:
		regs->x[0] = uuid[0];
		regs->x[1] = uuid[1];
		regs->x[2] = uuid[2];
		regs->x[3] = uuid[3];
		break;
	default:
		give_bits(vcpu, function);
		break;
	}
	return true;
}
