// SPDX-License-Identifier: Apache-2.0
/*
 * QEMU's configuration device (fw_cfg) as a guest with a firmware sees it: the bytes of its kernel and
 * initrd and its command line, each an item that is selected and then read from its beginning, through
 * registers alone: there is no DMA, so that a read is as long as one access.
 */
#ifndef VDEV_VFWCFG_H
#define VDEV_VFWCFG_H

#include "arch/lock.h"
#include "lib/types.h"
#include "vdev/mmio.h"

#define VFWCFG_SIZE 0x18 /* bytes of registers */

struct vfwcfg {
	struct lock lock; /* protects all below */
	u16 item;	  /* selected */
	u64 at;		  /* the byte of it that is read next */
};

/* What there is to read; constant. */
struct vfwcfg_items {
	const u8 *kernel, *initrd;
	u64 kernel_size, initrd_size; /* bytes; 0: none */
	const char *command_line;
	u32 cpus;
};

void vfwcfg_reset(struct vfwcfg *device);

/* One access; what is no register reads as 0 and takes nothing. Any CPU; takes `lock`. */
void vfwcfg_access(struct vfwcfg *device, const struct vfwcfg_items *items, struct mmio *mmio);

#endif
