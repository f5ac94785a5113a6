// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's memory: promised when it is created, given and zeroed on first touch. Runs at EL2.
 *
 * Always: a frame is mapped in one guest only (channels aside), and a guest sees nothing in it that
 * was there before. Whole 2 MiB blocks of the guest's RAM are given as chunks, the rest page by page.
 */
#include "arch/mmu.h"
#include "guest/channel.h"
#include "guest/guest.h"
#include "lib/string.h"
#include "mm/frames.h"

static bool in_ram(const struct guest *guest, u64 ipa, u64 bytes)
{
	u64 size = guest->config.memory_size;

	return ipa >= SKERRY_RAM_BASE && ipa - SKERRY_RAM_BASE < size &&
	       bytes <= size - (ipa - SKERRY_RAM_BASE);
}

/* The ROM begins at IPA 0. */
static bool in_rom(const struct guest *guest, u64 ipa, u64 bytes)
{
	u64 size = guest_rom_size(guest);

	return ipa < size && bytes <= size - ipa;
}

static bool in_flash(const struct guest *guest, u64 ipa, u64 bytes)
{
	return guest->config.firmware.size && ipa >= SKERRY_FLASH_BASE &&
	       ipa - SKERRY_FLASH_BASE < VFLASH_SIZE &&
	       bytes <= VFLASH_SIZE - (ipa - SKERRY_FLASH_BASE);
}

/* How much around `ipa` is mapped, or not, as one. Lock guest held, as long as its vCPUs may run. */
static u64 unit_at(const struct guest *guest, u64 ipa)
{
	u64 block = ALIGN_DOWN(ipa, CHUNK_SIZE);
	bool whole = !guest_in_part(guest, ipa) &&
		     (in_ram(guest, block, CHUNK_SIZE) || in_rom(guest, block, CHUNK_SIZE) ||
		      in_flash(guest, block, CHUNK_SIZE));

	return whole ? CHUNK_SIZE : PAGE_SIZE;
}

/* What is no more goes page by page, more is slower than the block at once. */
#define PART_MAX (CHUNK_SIZE / 4)

/* One piece of what a guest finds in its memory at first. */
struct piece {
	u64 ipa, bytes;
	const u8 *from;
};

/* Number `n` of them; false: there are no more. */
static bool piece_of(const struct guest *guest, unsigned n, struct piece *piece)
{
	const struct image_plan *plan = &guest->plan;
	const struct guest_config *config = &guest->config;

	if (n < plan->segment_count)
		*piece = (struct piece){plan->segments[n].ipa, plan->segments[n].file_size,
					config->kernel.data + plan->segments[n].offset};
	else if (n == plan->segment_count)
		*piece = (struct piece){plan->initrd, plan->initrd ? config->initrd.size : 0,
					config->initrd.data};
	else
		*piece = (struct piece){SKERRY_ROM_BASE, config->firmware.size,
					config->firmware.data};
	return n < plan->segment_count + 2;
}

/* Cuts a piece to [ipa, + bytes); false: nothing is left. */
static bool cut(struct piece *piece, u64 ipa, u64 bytes)
{
	u64 begin = MAX(piece->ipa, ipa), end = MIN(piece->ipa + piece->bytes, ipa + bytes);

	if (begin >= end)
		return false;
	*piece = (struct piece){begin, end - begin, piece->from + (begin - piece->ipa)};
	return true;
}

/* This block comes with its part of the image when it is touched. */
static bool is_later(const struct guest *guest, u64 block)
{
	struct piece piece;

	if (!guest->fills_later ||
	    !(in_ram(guest, block, CHUNK_SIZE) || in_rom(guest, block, CHUNK_SIZE)))
		return false;
	for (unsigned n = 0; piece_of(guest, n, &piece); n++)
		if (cut(&piece, block, CHUNK_SIZE) && piece.bytes > PART_MAX)
			return true;
	return false;
}

/* One piece holds all of [ipa, + bytes). */
static bool is_covered(const struct guest *guest, u64 ipa, u64 bytes)
{
	struct piece piece;

	for (unsigned n = 0; piece_of(guest, n, &piece); n++)
		if (cut(&piece, ipa, bytes) && piece.bytes == bytes)
			return true;
	return false;
}

/* Of such a block, [ipa, + bytes) as it is at first, zeros aside, to `to` (NULL: only looks). False: nothing
 * but zeros. */
static bool fill(const struct guest *guest, u64 ipa, u8 *to, u64 bytes)
{
	struct piece piece;
	bool any = false;

	if (!is_later(guest, ALIGN_DOWN(ipa, CHUNK_SIZE)))
		return false;
	for (unsigned n = 0; piece_of(guest, n, &piece); n++) {
		if (!cut(&piece, ipa, bytes))
			continue;
		if (to)
			memory_copy(to + (piece.ipa - ipa), piece.from, piece.bytes);
		any = true;
	}
	return any;
}

/* The flash's own bytes, as they left the factory at first. Lock guest held. The promise makes it succeed. */
static u8 *flash_bytes(struct guest *guest)
{
	struct vflash *flash = &guest->flash;

	if (!flash->memory.v) {
		flash->memory = frames_take_chunk(guest->id, FRAME_STATE, true);
		if (!flash->memory.v)
			return NULL;
		memset(mmu_pointer(flash->memory), 0xff, VFLASH_SIZE);
		cache_clean(mmu_pointer(flash->memory), VFLASH_SIZE);
	}
	return mmu_pointer(flash->memory);
}

/* Lock guest held; it is not mapped. */
static bool show_flash(struct guest *guest)
{
	return vflash_readable(&guest->flash) && flash_bytes(guest) &&
	       stage2_map(&guest->map, IPA(SKERRY_FLASH_BASE), guest->flash.memory, VFLASH_SIZE,
			  STAGE2_ROM);
}

void guest_flash(struct guest *guest, struct mmio *mmio)
{
	u8 *bytes;
	pa_t pa;

	lock_take(&guest->lock);
	bytes = flash_bytes(guest);
	if (bytes)
		vflash_access(&guest->flash, bytes, mmio);
	if (!vflash_readable(&guest->flash))
		(void)stage2_unmap(&guest->map, IPA(SKERRY_FLASH_BASE), VFLASH_SIZE, &pa);
	lock_drop(&guest->lock);
}

/* Memory that is to be mapped at `ipa`, as the guest finds it at first. */
static void lay_out(const struct guest *guest, u64 ipa, void *start, size_t bytes)
{
	if (LIKELY(!is_later(guest, ALIGN_DOWN(ipa, CHUNK_SIZE)))) {
		memory_scrub(start, bytes);
		return;
	}
	if (!is_covered(guest, ipa, bytes))
		memory_scrub(start, bytes);
	(void)fill(guest, ipa, start, bytes);
	cache_clean_invalidate(start, bytes);
	icache_invalidate();
}

static void lay_out_rest(void *arg, void *start, size_t bytes)
{
	const struct guest *guest = arg;
	u64 offset = (u64)((u8 *)start - (u8 *)mmu_pointer(guest->part.chunk));

	lay_out(guest, guest->part.ipa + offset, start, bytes);
}

/* The block that was given in part is given in whole. Lock guest held. */
static bool complete(struct guest *guest)
{
	if (guest->part.chunk.v)
		stage2_complete(&guest->map, IPA(guest->part.ipa), guest->part.chunk, lay_out_rest,
				guest, STAGE2_MEMORY);
	guest->part.chunk = PA(0);
	return true;
}

/* Lock guest held; `ipa` is in RAM, ROM or flash and not mapped. The promise makes all takes succeed. */
static bool populate(struct guest *guest, u64 ipa)
{
	u64 unit = unit_at(guest, ipa);
	pa_t pa;

	if (in_flash(guest, ipa, 1))
		return show_flash(guest);
	if (guest_in_part(guest, ipa))
		return complete(guest);
	pa = unit == CHUNK_SIZE ? frames_take_chunk(guest->id, FRAME_MEMORY, true) :
				  frames_take_page(guest->id, FRAME_MEMORY, true);

	if (!pa.v)
		return false;
	ipa = ALIGN_DOWN(ipa, unit);
	lay_out(guest, ipa, mmu_pointer(pa), unit);
	return stage2_map(&guest->map, IPA(ipa), pa, unit,
			  ipa < SKERRY_RAM_BASE ? STAGE2_ROM : STAGE2_MEMORY);
}

bool guest_touch(struct guest *guest, ipa_t ipa)
{
	bool ok = in_ram(guest, ipa.v, 1) || in_rom(guest, ipa.v, 1) || in_flash(guest, ipa.v, 1);
	pa_t pa;

	if (!ok)
		return false;
	lock_take(&guest->lock);
	if (!stage2_lookup(&guest->map, ipa, &pa)) /* another vCPU may have been first */
		ok = populate(guest, ipa.v);
	lock_drop(&guest->lock);
	return ok;
}

#define CLEAN_AT_ONCE (256 * KIB) /* bytes that one call cleans … */
#define CLEAN_LOOKS 64		  /* … and how often it looks for some */

bool guest_clean(struct guest *guest, u64 *ipa)
{
	u64 end = SKERRY_RAM_BASE + guest->config.memory_size, bytes = 0;
	pa_t pa;

	lock_take(&guest->lock);
	for (unsigned n = 0; n < CLEAN_LOOKS && bytes < CLEAN_AT_ONCE && *ipa < end; n++) {
		u64 unit = unit_at(guest, *ipa), step = unit - (*ipa & (unit - 1));

		if (stage2_lookup(&guest->map, IPA(*ipa), &pa)) {
			step = MIN(step, CLEAN_AT_ONCE);
			cache_clean_invalidate(mmu_pointer(pa), step);
			bytes += step;
		}
		*ipa += step;
	}
	lock_drop(&guest->lock);
	return *ipa >= end;
}

bool guest_populate(struct guest *guest)
{
	u64 end = SKERRY_RAM_BASE + guest->config.memory_size;

	complete(guest);
	for (u64 ipa = SKERRY_RAM_BASE; ipa < end; ipa += unit_at(guest, ipa))
		if (!guest_touch(guest, IPA(ipa)))
			return false;
	return true;
}

static bool in_channels(struct guest *guest, u64 ipa, u64 bytes)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = channel_of(guest, i, &end);
		u64 base = channel->ends[end].ipa;

		if (ipa >= base && ipa - base < channel->size &&
		    bytes <= channel->size - (ipa - base))
			return true;
	}
	return false;
}

/* EL2's pointer to the guest's byte at `ipa`, known to be the guest's; *room is how far it reaches. */
static u8 *byte_at(struct guest *guest, u64 ipa, u64 *room)
{
	pa_t pa;

	lock_take(&guest->lock);
	if (!stage2_lookup(&guest->map, IPA(ipa), &pa) &&
	    (!populate(guest, ipa) || !stage2_lookup(&guest->map, IPA(ipa), &pa)))
		pa = PA(0);
	*room = unit_at(guest, ipa);
	*room -= ipa & (*room - 1);
	lock_drop(&guest->lock);
	return pa.v ? mmu_pointer(pa) : NULL;
}

/* The range is the guest's. */
static bool copy(struct guest *guest, u64 ipa, u8 *ours, size_t bytes, bool to_guest)
{
	while (bytes) {
		u64 room;
		u8 *theirs = byte_at(guest, ipa, &room);
		size_t n = MIN(bytes, room);

		if (!theirs)
			return false;
		if (to_guest) {
			memory_copy(theirs, ours, n);
			cache_clean(theirs, n); /* it may look with its caches off */
		} else {
			cache_clean_invalidate(theirs, n); /* it may have written with them off */
			memory_copy(ours, theirs, n);
		}
		ipa += n;
		ours += n;
		bytes -= n;
	}
	return true;
}

static bool may_write(struct guest *guest, u64 ipa, u64 bytes)
{
	return in_ram(guest, ipa, bytes) || in_channels(guest, ipa, bytes);
}

static bool may_read(struct guest *guest, u64 ipa, u64 bytes)
{
	return may_write(guest, ipa, bytes) || in_rom(guest, ipa, bytes) ||
	       in_flash(guest, ipa, bytes);
}

bool guest_read(struct guest *guest, void *to, ipa_t from, size_t bytes)
{
	return may_read(guest, from.v, bytes) && copy(guest, from.v, to, bytes, false);
}

bool guest_peek(struct guest *guest, void *to, ipa_t from, size_t bytes)
{
	bool mapped = false;
	u8 *ours = to;

	if (!may_read(guest, from.v, bytes))
		return false;
	while (bytes) {
		size_t n = MIN(bytes, PAGE_SIZE - from.v % PAGE_SIZE);
		bool here;
		pa_t pa;

		lock_take(&guest->lock);
		here = stage2_lookup(&guest->map, from, &pa);
		lock_drop(&guest->lock);
		if (here) {
			cache_clean_invalidate(mmu_pointer(pa), n);
			memcpy(ours, mmu_pointer(pa), n);
		} else {
			memset(ours, 0, n);
			(void)fill(guest, from.v, ours, n);
			here = fill(guest, ALIGN_DOWN(from.v, PAGE_SIZE), NULL, PAGE_SIZE);
		}
		mapped |= here;
		from.v += n;
		ours += n;
		bytes -= n;
	}
	return mapped;
}

bool guest_write(struct guest *guest, ipa_t to, const void *from, size_t bytes)
{
	return may_write(guest, to.v, bytes) &&
	       copy(guest, to.v, (u8 *)(uintptr_t)from, bytes, true);
}

/* [ipa, end) lies in one block of RAM, which is not mapped or in part: its pages, zeroed. Lock guest
 * held. */
static bool give_pages(struct guest *guest, u64 ipa, u64 end)
{
	u64 block = ALIGN_DOWN(ipa, CHUNK_SIZE);
	pa_t pa;

	if (!guest_in_part(guest, block)) {
		complete(guest);
		pa = frames_take_chunk(guest->id, FRAME_MEMORY, true);
		if (!pa.v)
			return false;
		guest->part.ipa = block;
		guest->part.chunk = pa;
	}
	for (ipa = ALIGN_DOWN(ipa, PAGE_SIZE); ipa < end; ipa += PAGE_SIZE) {
		if (stage2_lookup(&guest->map, IPA(ipa), &pa))
			continue;
		pa = PA(guest->part.chunk.v + (ipa - block));
		lay_out(guest, ipa, mmu_pointer(pa), PAGE_SIZE);
		if (!stage2_map(&guest->map, IPA(ipa), pa, PAGE_SIZE, STAGE2_MEMORY))
			return false;
	}
	return true;
}

/* A part of one block. */
static bool load(struct guest *guest, const struct piece *piece)
{
	u64 block = ALIGN_DOWN(piece->ipa, CHUNK_SIZE);
	bool ok = true;
	pa_t pa;

	lock_take(&guest->lock);
	if (piece->bytes <= PART_MAX && in_ram(guest, block, CHUNK_SIZE) &&
	    (guest_in_part(guest, block) || !stage2_lookup(&guest->map, IPA(block), &pa)))
		ok = give_pages(guest, piece->ipa, piece->ipa + piece->bytes);
	lock_drop(&guest->lock);
	return ok && copy(guest, piece->ipa, (u8 *)(uintptr_t)piece->from, piece->bytes, true);
}

static bool load_piece(struct guest *guest, const struct piece *whole, bool image)
{
	u64 end = whole->ipa + whole->bytes, next;

	for (u64 at = whole->ipa; at < end; at = next) {
		u64 block = ALIGN_DOWN(at, CHUNK_SIZE);
		struct piece piece = *whole;

		next = MIN(block + CHUNK_SIZE, end);
		if (cut(&piece, block, CHUNK_SIZE) && !(image && is_later(guest, block)) &&
		    !load(guest, &piece))
			return false;
	}
	return true;
}

bool guest_load(struct guest *guest, ipa_t to, const void *from, size_t bytes)
{
	const struct piece piece = {to.v, bytes, from};

	return in_ram(guest, to.v, bytes) && load_piece(guest, &piece, false);
}

bool guest_load_image(struct guest *guest)
{
	struct piece piece;

	for (unsigned n = 0; piece_of(guest, n, &piece); n++)
		if (!load_piece(guest, &piece, true))
			return false;
	return true;
}
