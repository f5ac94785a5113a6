// SPDX-License-Identifier: Apache-2.0
// units: trap/decode.c
// runs: 150000
// longest: 64
/*
 * Load and store instructions: any words. What trap/mmio.c indexes by a decoded field must be in range,
 * and whatever the word, its bytes fit into what trap/mmio.c has for them.
 */
#include "fuzz.h"
#include "trap/decode.h"

static void check_structure(u32 word, const struct decode *d)
{
	MUST(d->count >= 1 && d->count <= 4, "%#x: %u registers", word, d->count);
	MUST(d->lanes >= 1 && d->lanes * d->size <= 16, "%#x: %u lanes", word, d->lanes);
	MUST(d->group >= 1 && d->group <= 4, "%#x: %u interleaved", word, d->group);
	MUST(d->count % d->group == 0, "%#x: %u in groups of %u", word, d->count, d->group);
	MUST(d->lane == DECODE_ALL_LANES || d->lane * d->size + d->size <= 16, "%#x: lane %u", word,
	     d->lane);
	MUST(d->size <= 8, "%#x: %u bytes", word, d->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 4 <= size; at += 4) {
		u32 word;
		struct decode d;

		memcpy(&word, data + at, 4);
		d = decode_load_store(word);
		MUST(d.kind <= DECODE_STRUCTURE, "%#x: kind %u", word, d.kind);
		if (d.kind != DECODE_ACCESS && d.kind != DECODE_STRUCTURE)
			continue;
		MUST(d.size && d.size <= 16 && !(d.size & (d.size - 1)), "%#x: %u bytes", word,
		     d.size);
		MUST(d.rt[0] < 32 && d.rt[1] < 32, "%#x: registers", word);
		MUST(d.base < 32 || d.base == DECODE_PC, "%#x: base %u", word, d.base);
		MUST(d.index < 32 || d.index == DECODE_NO_INDEX, "%#x: index %u", word, d.index);
		MUST(d.shift <= 4, "%#x: shift %u", word, d.shift);
		MUST(!d.writeback || d.base != DECODE_PC, "%#x writes the PC", word);
		MUST(d.vector || d.size <= 8, "%#x: %u bytes of an X register", word, d.size);
		if (d.kind == DECODE_STRUCTURE)
			check_structure(word, &d);
		else
			MUST(d.count == 1 || d.count == 2, "%#x: %u registers", word, d.count);
		(void)decode_offset(&d, 0x8000000080000001);
	}
	return 0;
}
