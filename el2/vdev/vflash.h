// SPDX-License-Identifier: Apache-2.0
/*
 * A NOR flash with the Common Flash Interface and Intel's command set, as a guest sees it: bank 1 of
 * QEMU's `virt` board, where a firmware keeps its variables. Two 16-bit chips side by side make 32 bits.
 *
 * Its bytes are the guest's own (guest/memory.c), one chunk that is mapped read-only while the flash
 * shows them, so that reading costs no trap; every write traps and comes here.
 */
#ifndef VDEV_VFLASH_H
#define VDEV_VFLASH_H

#include "lib/types.h"
#include "vdev/mmio.h"

#define VFLASH_SIZE CHUNK_SIZE
#define VFLASH_BLOCK (256 * KIB) /* what is erased at once */
#define VFLASH_BUFFER 128	 /* bytes that one buffered program takes */

struct vflash {
	u8 shows;   /* enum in vflash.c; 0 after reset: the bytes */
	u8 expects; /* what the next write is; 0: a command */
	u8 errors;  /* of the status register: erase, program; kept until cleared */
	u8 left;    /* writes that the buffer still takes */
	u32 base;   /* of the buffer in the flash */
	u8 buffer[VFLASH_BUFFER];
	pa_t memory; /* the bytes; 0: never looked at, all 0xff */
};

/* As a reset leaves it: it shows its bytes, which stay what they are. */
void vflash_reset(struct vflash *flash);

/* Does it show its bytes? Else what it reads is its status, or what it is. */
static inline bool vflash_readable(const struct vflash *flash)
{
	return flash->shows == 0;
}

/*
 * One access at mmio->offset, 0 .. VFLASH_SIZE − mmio->size and a multiple of mmio->size; `bytes` are the
 * flash's own. Cannot fail: what is no command does nothing. What it changes is clean in the caches. The
 * longest is an erase of VFLASH_BLOCK. The caller holds the guest's lock.
 */
void vflash_access(struct vflash *flash, u8 *bytes, struct mmio *mmio);

#endif
