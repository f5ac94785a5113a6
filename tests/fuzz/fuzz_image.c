// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c guest/image.c
// runs: 60000
// longest: 700
/*
 * A kernel: any bytes, with any size of memory, tree and initrd. What is planned must lie in the guest's
 * memory and in the file, and nothing on something else.
 */
#include "fuzz.h"
#include "guest/image.h"

struct place {
	u64 from, to;
	const char *what;
};

static void check_apart(const struct place *places, unsigned n, u64 memory)
{
	for (unsigned i = 0; i < n; i++) {
		MUST(places[i].from <= places[i].to, "%s is %#llx..%#llx", places[i].what,
		     (unsigned long long)places[i].from, (unsigned long long)places[i].to);
		MUST(places[i].from >= SKERRY_RAM_BASE && places[i].to - SKERRY_RAM_BASE <= memory,
		     "%s is outside", places[i].what);
		for (unsigned k = 0; k < i; k++)
			MUST(places[i].from >= places[k].to || places[k].from >= places[i].to ||
				     places[i].from == places[i].to ||
				     places[k].from == places[k].to,
			     "%s and %s overlap", places[i].what, places[k].what);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u64 rooms[] = {0x2000, 0x1000, 0x10000, 0x200000};
	struct input in = {data, data + size};
	u64 memory = take(&in, 3) * PAGE_SIZE, initrd = take(&in, 4);
	unsigned how = (unsigned)take(&in, 1);
	u64 room = rooms[how % 4];
	size_t left = (size_t)(in.end - in.at);
	u8 *file = exact_copy(in.at, left);
	struct guest_config config = {
		.memory_size = MAX(memory, 0x10000ull),
		.kernel = {file, left},
		.initrd = {how & 4 ? file : NULL, how & 4 ? initrd : 0}, /* never looked at */
	};
	struct place places[IMAGE_SEGMENTS_MAX + 2];
	struct fdt_error err = {""};
	struct image_plan plan;
	unsigned n;

	if (how &
	    8) { /* its tree is at the start of its memory, which the bundle's least size has room for */
		room = rooms[0];
		config.firmware = config.kernel;
		config.firmware.size = left ? left : 1;
	}
	memset(&plan, 0xa5, sizeof(plan));
	if (!image_plan(&plan, &config, room, &err)) {
		MUST(err.text[0], "refused without a word");
		free(file);
		return 0;
	}
	MUST(plan.segment_count <= IMAGE_SEGMENTS_MAX, "%u segments", plan.segment_count);
	for (n = 0; n < plan.segment_count; n++) {
		MUST(plan.segments[n].offset <= left &&
			     plan.segments[n].file_size <= left - plan.segments[n].offset,
		     "segment %u is not in the file", n);
		MUST(plan.segments[n].file_size <= plan.segments[n].memory_size,
		     "segment %u shrinks", n);
		places[n] = (struct place){plan.segments[n].ipa,
					   plan.segments[n].ipa + plan.segments[n].memory_size,
					   "a segment"};
	}
	MUST(plan.tree % 8 == 0, "the tree is not aligned");
	places[n++] = (struct place){plan.tree, plan.tree + room, "the tree"};
	if (plan.initrd)
		places[n++] =
			(struct place){plan.initrd, plan.initrd + config.initrd.size, "initrd"};
	check_apart(places, n, config.memory_size);
	free(file);
	return 0;
}
