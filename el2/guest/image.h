// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's kernel as it stands in the bundle: arm64 Image, ELF or flat binary, told apart by their
 * magic. image_plan looks at untrusted bytes and says what goes where, with no effect; whoever has
 * the guest's memory carries it out.
 */
#ifndef GUEST_IMAGE_H
#define GUEST_IMAGE_H

#include "guest/bundle.h"
#include "lib/types.h"

enum image_kind { IMAGE_ARM64, IMAGE_ELF, IMAGE_FLAT, IMAGE_FIRMWARE };

#define IMAGE_SEGMENTS_MAX 8

struct image_plan {
	enum image_kind kind;
	struct {
		u64 offset, file_size; /* in the kernel's bytes */
		u64 ipa; /* where they go; the rest up to `memory_size` is bss: already zero */
		u64 memory_size;
	} segments[IMAGE_SEGMENTS_MAX];
	unsigned segment_count;
	u64 entry; /* IPA */
	u64 end;   /* first IPA above image and bss */
	u64 tree; /* IPA of the guest's device tree: above end, 8-byte aligned, if possible in one 2 MiB;
		     at the start of memory for a firmware, which looks there */
	u64 initrd; /* IPA, page-aligned, above the tree; 0 if none */
};

/*
 * Plans `config`'s memory: [SKERRY_RAM_BASE, + memory_size). `tree_room` is the most bytes the
 * guest's tree may take. A firmware is not in memory: it has no segment. False: err says what does not fit or is malformed.
 */
bool image_plan(struct image_plan *plan, const struct guest_config *config, u64 tree_room,
		struct fdt_error *err) MUST_CHECK;

#endif
