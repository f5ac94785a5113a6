// SPDX-License-Identifier: Apache-2.0
/*
 * Who owns each physical frame, how many map it, and why.
 *
 * RAM is handed out in chunks of 2 MiB; a chunk is split into 4 KiB frames only where needed, the
 * chunks around image and trees first. A split chunk keeps what it must know of its frames in one
 * of them. Chunk records that were never used are not even written, so neither memory (8 bytes a
 * MiB) nor start-up time grows with RAM to speak of.
 *
 * A guest's memory is *reserved* when it is created and *taken* on first touch, so that a guest
 * that started can never find memory gone.
 *
 * Memory given back is not zeroed here, nor when it is taken: whoever takes it, and shows it to a
 * guest, zeroes it first. All functions take lock frames, from any CPU; none but frames_init needs
 * time that grows with RAM.
 */
#ifndef MM_FRAMES_H
#define MM_FRAMES_H

#include "lib/finding.h"
#include "lib/types.h"

/* Owners: guests by their id, and EL2 itself. */
#define OWNER_GUESTS 1024 /* ids 0 .. 1023 */
#define OWNER_NONE 0xffff
#define OWNER_EL2 0xfffe

enum frame_use {
	FRAME_FREE,
	FRAME_IMAGE,  /* the hypervisor's image, its stacks, the trees, the bundle */
	FRAME_EL2,    /* EL2's own data */
	FRAME_TABLE,  /* a guest's stage-2 table, charged to it */
	FRAME_STATE,  /* struct guest and what hangs on it, charged to it */
	FRAME_MEMORY, /* a guest's memory */
	FRAME_SHARED, /* a channel's memory */
	FRAME_USES
};

struct frame_count {
	u64 total, free, reserved; /* bytes; reserved is part of neither free nor taken */
	u64 by_use[FRAME_USES];	   /* [FRAME_FREE] is free + reserved; their sum is total */
};

/*
 * Called once by the boot CPU: the board's RAM, in ascending order, and what of it is not to be
 * handed out (image, trees, bundle, the firmware's regions), in any order, overlapping or not, but
 * reserved[0] is the image: what is free around it is used first. Takes the chunk records from RAM
 * itself, which is mapped. At most 16 regions of RAM are used; the frame at PA 0, if there is one,
 * is nobody's. False: no RAM left to stand on, or more than 60 reserved regions.
 */
struct frames_region {
	u64 base, size;
};
bool frames_init(const struct frames_region *ram, unsigned rams,
		 const struct frames_region *reserved, unsigned reserveds) MUST_CHECK;

/* Promises `chunks` 2 MiB chunks and `pages` 4 KiB frames to `owner`, in all or not at all; adds to
 * what it was promised before, up to 65535 each. */
bool frames_reserve(u16 owner, u64 chunks, u64 pages) MUST_CHECK;
void frames_unreserve_rest(u16 owner); /* whatever of its promises was not taken */

/* What `owner` gives back from now on is promised to it at once, so that nobody else gets what it is to have again; until
 * frames_reserve_all or frames_unreserve_rest. frames_reserve_all: as frames_reserve, but in place of all that was
 * promised; false: then nothing is. */
void frames_keep(u16 owner);
bool frames_reserve_all(u16 owner, u64 chunks, u64 pages) MUST_CHECK;

/*
 * A chunk or a frame for `owner`, not zeroed. `reserved`: out of a promise by frames_reserve, which
 * then cannot fail; else from what is free and unpromised. Returns PA(0) when there is none, or no
 * promise (left). `use` is not FRAME_FREE.
 */
pa_t frames_take_chunk(u16 owner, enum frame_use use, bool reserved) MUST_CHECK;
pa_t frames_take_page(u16 owner, enum frame_use use, bool reserved) MUST_CHECK;
#define FRAMES_ORDER_MAX 4 /* of frames_take_pages */

/* The least order of so many bytes; of frames_take_pages if it is one. */
static inline unsigned frames_order(u64 bytes)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/* 2^order physically contiguous frames aligned to their size (order 0..FRAMES_ORDER_MAX), unreserved. */
pa_t frames_take_pages(u16 owner, enum frame_use use, unsigned order) MUST_CHECK;

/* Gives back; the caller has unmapped it everywhere. Wrong owner or use is EL2's own error: panic. */
void frames_give_chunk(u16 owner, pa_t chunk);
void frames_give_page(u16 owner, pa_t page);
void frames_give_pages(u16 owner, pa_t page, unsigned order);

/* Owner and use of the frame at `pa`; OWNER_NONE/FRAME_FREE if free or not RAM. */
u16 frames_owner(pa_t pa, enum frame_use *use);

/* What `owner` holds now, in bytes, all uses. Counted, not searched. */
u64 frames_held(u16 owner);

struct frame_count frames_count(void);

/*
 * For checked builds, tests and the operator; both look at every record, and take lock frames.
 *
 * frames_check: whether what is counted and listed agrees with the records it was counted from. False:
 * the finding says where not.
 * frames_each: calls `taken` for each run of frames that somebody holds, ascending; not for what was
 * never to be handed out.
 */
bool frames_check(struct finding *finding) MUST_CHECK;
void frames_each(void (*taken)(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use),
		 void *arg);

/* Another number than before: frames may have changed hands since. Checked builds and the host. */
u32 frames_changes(void);

#endif
