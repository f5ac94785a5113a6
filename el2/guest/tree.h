// SPDX-License-Identifier: Apache-2.0
/*
 * The device tree a guest gets: made with libfdt, with only what it has, by the names and numbers of
 * QEMU's `virt` board and the Linux bindings.
 */
#ifndef GUEST_TREE_H
#define GUEST_TREE_H

#include "board/device.h"
#include "guest/bundle.h"
#include "guest/image.h"
#include "lib/types.h"

/* The other end of a channel, as the guest's tree describes it. */
struct tree_channel {
	const char *name, *peer;
	u64 ipa, size;
	u32 index; /* of SKERRY_CHANNEL_INFO and SKERRY_DOORBELL; interrupt SKERRY_INTID_CHANNEL + index */
};

/* A device of the board: where its registers are in the guest's map, and its first INTID there. */
struct tree_device {
	const struct device *device;
	const u64 *ipa;
	u32 intid;
};

struct tree_request {
	const struct guest_config *config;
	u32 id;
	u32 gic_version;	 /* 2 or 3, decided */
	u64 initrd, initrd_size; /* IPA; size 0 if none */
	u64 seed[4];		 /* /chosen/rng-seed (32 bytes) and kaslr-seed; all 0: left out */
	const struct tree_channel *channels;
	u32 channel_count;
	const struct tree_device *devices; /* at most GUEST_GRANTS_MAX */
	u32 device_count;
	const struct fdt *board_tree; /* where their nodes are copied from */
	u32 timer_frequency;	      /* 0: CNTFRQ_EL0 is right */
	bool rtc;		      /* a PL031 is there */
	bool watchdog;		      /* and a Generic Watchdog */
};

/* The most bytes a guest's tree can take, as long as it has no devices: those are as large as the
 * board's tree has them. */
#define TREE_ROOM_MAX (8 * KIB)

/* Writes the tree into buf. Returns its size, 0 if `room` is too small. */
size_t tree_build(void *buf, size_t room, const struct tree_request *request) MUST_CHECK;

#endif
