// SPDX-License-Identifier: Apache-2.0
/*
 * How libFuzzer changes device trees: one of the two blocks, structure or strings (Devicetree
 * Specification 5.2), with the header made to fit again; now and then the bytes as they are, header
 * included. Without it nearly every longer or shorter input would end at the header's checks.
 */
#ifndef FUZZ_TREE_MUTATOR_H
#define FUZZ_TREE_MUTATOR_H

#include "fuzz.h"

#define TREE_HEADER 40u
#define TREE_RESERVED 16u /* an empty list of reserved memory */

static inline uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void put_be32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Where a block lies, if the header says something that can be. */
static inline int block_at(const uint8_t *tree, size_t size, unsigned offset_at, unsigned size_at,
			   size_t *from, size_t *bytes)
{
	*from = be32(tree + offset_at);
	*bytes = be32(tree + size_at);
	return *from >= TREE_HEADER && *from <= size && *bytes <= size - *from;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	size_t structure, structure_size, strings, strings_size, room;
	uint8_t *parts[2];

	if (seed % 16 == 0 || size < TREE_HEADER + TREE_RESERVED || max < size + 64 ||
	    !block_at(data, size, 8, 36, &structure, &structure_size) ||
	    !block_at(data, size, 12, 32, &strings, &strings_size))
		return LLVMFuzzerMutate(data, size, max);
	room = max - TREE_HEADER - TREE_RESERVED;
	parts[0] = malloc(room + 4);
	parts[1] = malloc(room + 4);
	structure_size = structure_size < room ? structure_size : room;
	strings_size = strings_size < room - structure_size ? strings_size : room - structure_size;
	memcpy(parts[0], data + structure, structure_size);
	memcpy(parts[1], data + strings, strings_size);
	if (seed % 4)
		structure_size = LLVMFuzzerMutate(parts[0], structure_size, room - strings_size);
	else
		strings_size = LLVMFuzzerMutate(parts[1], strings_size, room - structure_size);
	/* the last token is the end; a block of structure is made of words */
	structure_size &= ~(size_t)3;
	if (seed / 16 % 8 && structure_size >= 4)
		put_be32(parts[0] + structure_size - 4, 9);
	size = TREE_HEADER + TREE_RESERVED + structure_size + strings_size;
	put_be32(data, 0xd00dfeed);
	put_be32(data + 4, (uint32_t)size);
	put_be32(data + 8, TREE_HEADER + TREE_RESERVED);
	put_be32(data + 12, (uint32_t)(TREE_HEADER + TREE_RESERVED + structure_size));
	put_be32(data + 16, TREE_HEADER);
	put_be32(data + 20, 17);
	put_be32(data + 24, 16);
	put_be32(data + 28, 0);
	put_be32(data + 32, (uint32_t)strings_size);
	put_be32(data + 36, (uint32_t)structure_size);
	memset(data + TREE_HEADER, 0, TREE_RESERVED);
	memcpy(data + TREE_HEADER + TREE_RESERVED, parts[0], structure_size);
	memcpy(data + TREE_HEADER + TREE_RESERVED + structure_size, parts[1], strings_size);
	free(parts[0]);
	free(parts[1]);
	return size;
}

#endif
