// SPDX-License-Identifier: Apache-2.0
/*
 * QEMU's configuration device (fw_cfg) as a guest with a firmware sees it: the bytes of its kernel and
 * initrd and its command line, each an item that is selected and then read from its beginning. Its
 * registers are here, its DMA in guest/fwcfg.c, since it goes to the guest's memory.
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
	u32 dma_high;	  /* upper half of the address that DMA is to begin at */
	u64 at;		  /* the byte of the item that is read next */
};

/* What there is to read; constant. */
struct vfwcfg_items {
	const u8 *kernel, *initrd;
	u64 kernel_size, initrd_size; /* bytes; 0: none */
	const char *command_line;
	u32 cpus;
};

/* All functions: any CPU; they take `lock`. */

void vfwcfg_reset(struct vfwcfg *device);

/* One access; what is no register reads as 0 and takes nothing. */
void vfwcfg_access(struct vfwcfg *device, const struct vfwcfg_items *items, struct mmio *mmio);

/* Does this write start DMA? Then *descriptor is the address of its descriptor, as the guest gave it. */
bool vfwcfg_starts_dma(struct vfwcfg *device, const struct mmio *mmio, u64 *descriptor) MUST_CHECK;

/* It is over: the next one's address is below 4 GiB unless the guest says otherwise. */
void vfwcfg_end_dma(struct vfwcfg *device);

void vfwcfg_select(struct vfwcfg *device, u16 item);

/*
 * Takes the next *size bytes of the selected item, or as many as are left: *size becomes that, 0 to what
 * it was. They are at the address returned, at the latest until *number goes.
 */
const u8 *vfwcfg_take(struct vfwcfg *device, const struct vfwcfg_items *items, u64 *number,
		      u64 *size);

#endif
