// SPDX-License-Identifier: Apache-2.0
/*
 * Who owns each frame. Runs at EL2; every public function takes lock frames for its whole length.
 *
 * RAM lies in *spans* of 2 MiB chunks; a chunk has a number, and one record of 16 bytes in an array
 * that frames_init puts into RAM beside the image. A chunk is one of
 *
 *   fresh      never used: in one of the runs of `fresh`, its record never written
 *   FREE       given back whole: in the list `free`
 *   TAKEN      somebody's as a whole
 *   SPLIT      handed out by frames; the map of its free frames and the owners of the others lie
 *              in one frame of its own (struct split), which EL2 pays for
 *   EDGE       a chunk of which a part is reserved, or no RAM: what is left of it is handed out by
 *              frames, before any whole chunk is split. EDGE_SPLIT while some of it is taken
 *   RESERVED   nothing in it is ours to give
 *
 * A SPLIT chunk all of whose frames are free again is FREE again, an EDGE_SPLIT is EDGE again and
 * its struct split gone: after all was given back every count is what it was at the start.
 *
 * Always true, and what makes a promise hold: whole chunks that are free suffice for all chunks
 * promised, and for splitting as many as the promised frames need beyond those already in split
 * chunks (promises_hold). A promised take keeps it true; an unpromised one is refused if it doesn't.
 */
#include "mm/frames.h"

#include "arch/lock.h"
#include "arch/mmu.h"
#include "board/say.h"
#include "lib/types.h"

#define RAM_MAX 16
#define RESERVED_MAX 64
#define OWNERS OWNER_GUESTS /* one more slot is EL2's */
#define ORDER_MAX 4

#define CHUNK_FRAMES ((u32)(CHUNK_SIZE / PAGE_SIZE))
#define SPLIT_FRAMES (CHUNK_FRAMES - 1) /* what a split chunk can hand out */
#define NIL 0xffffffffU

enum chunk_state {
	CHUNK_FREE,
	CHUNK_TAKEN,
	CHUNK_SPLIT,
	CHUNK_EDGE,
	CHUNK_EDGE_SPLIT,
	CHUNK_RESERVED
};

struct chunk {
	u32 next, prev; /* in `free`, `edges` or `splits`, by number; prev only in the latter two */
	u16 owner;	/* TAKEN */
	u16 free;	/* SPLIT, EDGE*: frames that can be handed out */
	u16 split;	/* SPLIT, EDGE*: the frame where struct split is, or is to be */
	u8 state;	/* enum chunk_state */
	u8 use;		/* TAKEN: enum frame_use */
};
_Static_assert(sizeof(struct chunk) == 16, "a chunk record costs 16 bytes");

struct frame {
	u16 owner;
	u8 use; /* FRAME_FREE also for frames never handed out: reserved, or no RAM */
	u8 unused;
};

struct split {
	u64 free[CHUNK_FRAMES / 64]; /* bit set: frame is free */
	struct frame frames[CHUNK_FRAMES];
	u16 room; /* how many frames can be handed out in all */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct split) <= PAGE_SIZE, "struct split lies in one frame");

struct owner {
	u32 held;	   /* frames */
	u16 chunks, pages; /* promised, not yet taken */
};

struct range {
	u64 base, end;
};

struct span {
	u64 base;	  /* chunk-aligned */
	u32 first, count; /* numbers of its chunks */
};

struct run {
	u32 first, count;
};

struct list {
	u32 head, tail;
};

static struct {
	struct lock lock; /* all of this; spans, ram and reserved are constant after frames_init */
	struct chunk *chunks;
	u32 whole;			     /* chunks that are fresh or FREE */
	u32 loose;			     /* free frames in SPLIT and EDGE chunks */
	u32 promised_chunks, promised_pages; /* sums over owners */
	u32 free;			     /* head of the chunks given back, last one first */
	u32 run;			     /* the run of `fresh` that is being used up */
	u32 runs;
	struct list edges, splits; /* those with a free frame */
	u64 total;		   /* frames of RAM */
	u64 taken[FRAME_USES];	   /* frames; [FRAME_FREE] stays 0 */

	unsigned spans, rams, reserveds;
	struct range records; /* the array `chunks` */
	struct span span[RAM_MAX];
	struct range ram[RAM_MAX];	     /* ascending, disjoint, page-aligned inwards */
	struct range reserved[RESERVED_MAX]; /* ascending, disjoint, page-aligned outwards */
	struct run fresh[RAM_MAX + RESERVED_MAX];
	struct owner owners[OWNERS + 1];
	u64 keeps[OWNERS / 64 + 1]; /* a bit an owner: what it gives back is promised to it */
} __attribute__((aligned(64))) frames;

/* ---- Numbers and addresses ---- */

static struct chunk *chunk_at(u32 number)
{
	return &frames.chunks[number];
}

static u32 chunk_number(const struct chunk *chunk)
{
	return (u32)(chunk - frames.chunks);
}

/* The number of the chunk that holds `pa`, NIL if it is in no span. */
static u32 number_of(u64 pa)
{
	for (unsigned i = 0; i < frames.spans; i++) {
		const struct span *span = &frames.span[i];

		if (pa >= span->base && (pa - span->base) / CHUNK_SIZE < span->count)
			return span->first + (u32)((pa - span->base) / CHUNK_SIZE);
	}
	return NIL;
}

static u64 chunk_base(u32 number)
{
	unsigned i = 0;

	while (number - frames.span[i].first >= frames.span[i].count)
		i++;
	return frames.span[i].base + (u64)(number - frames.span[i].first) * CHUNK_SIZE;
}

static bool is_fresh(u32 number)
{
	for (u32 i = frames.run; i < frames.runs; i++)
		if (number - frames.fresh[i].first < frames.fresh[i].count)
			return true;
	return false;
}

static struct split *split_of(const struct chunk *chunk)
{
	return mmu_pointer(PA(chunk_base(chunk_number(chunk)) + chunk->split * PAGE_SIZE));
}

static bool in_ranges(const struct range *range, unsigned count, u64 pa)
{
	for (unsigned i = 0; i < count; i++)
		if (pa >= range[i].base && pa < range[i].end)
			return true;
	return false;
}

/* ---- Counting ---- */

static struct owner *owner_slot(u16 owner)
{
	if (owner == OWNER_EL2)
		return &frames.owners[OWNERS];
	if (owner >= OWNERS)
		panic("frames: no such owner %u", owner);
	return &frames.owners[owner];
}

/* Its word in frames.keeps, and which bit of it. */
static u64 *keeps_of(const struct owner *o, u64 *bit)
{
	size_t slot = (size_t)(o - frames.owners);

	*bit = BIT(slot % 64);
	return &frames.keeps[slot / 64];
}

static void count_taken(u16 owner, u8 use, u32 count)
{
	owner_slot(owner)->held += count;
	frames.taken[use] += count;
}

static void count_given(u16 owner, u8 use, u32 count)
{
	owner_slot(owner)->held -= count;
	frames.taken[use] -= count;
}

/* Whether all promises could be kept with `whole` free chunks and `loose` frames in split ones. */
static bool promises_hold(u64 whole, u64 loose)
{
	u64 lacking = frames.promised_pages > loose ? frames.promised_pages - loose : 0;

	return whole >= frames.promised_chunks + (lacking + SPLIT_FRAMES - 1) / SPLIT_FRAMES;
}

/* ---- Lists of chunks that have loose frames ---- */

static void list_add_front(struct list *list, struct chunk *chunk)
{
	u32 number = chunk_number(chunk);

	chunk->prev = NIL;
	chunk->next = list->head;
	if (list->head == NIL)
		list->tail = number;
	else
		chunk_at(list->head)->prev = number;
	list->head = number;
}

static void list_add_back(struct list *list, struct chunk *chunk)
{
	u32 number = chunk_number(chunk);

	chunk->next = NIL;
	chunk->prev = list->tail;
	if (list->tail == NIL)
		list->head = number;
	else
		chunk_at(list->tail)->next = number;
	list->tail = number;
}

static void list_remove(struct list *list, struct chunk *chunk)
{
	if (chunk->prev == NIL)
		list->head = chunk->next;
	else
		chunk_at(chunk->prev)->next = chunk->next;
	if (chunk->next == NIL)
		list->tail = chunk->prev;
	else
		chunk_at(chunk->next)->prev = chunk->prev;
}

static struct list *list_of(const struct chunk *chunk)
{
	return chunk->state == CHUNK_SPLIT ? &frames.splits : &frames.edges;
}

/* ---- Whole chunks ---- */

/* One is there: frames.whole is not 0. What was used before is used again first, so that records
 * never written stay so. */
static struct chunk *pop_whole(void)
{
	u32 number = frames.free;

	frames.whole--;
	if (number != NIL) {
		frames.free = chunk_at(number)->next;
		return chunk_at(number);
	}
	while (frames.fresh[frames.run].count == 0)
		frames.run++;
	frames.fresh[frames.run].count--;
	return chunk_at(frames.fresh[frames.run].first++);
}

static void push_whole(struct chunk *chunk)
{
	chunk->state = CHUNK_FREE;
	chunk->next = frames.free;
	frames.free = chunk_number(chunk);
	frames.whole++;
}

/* ---- Split chunks ---- */

/* Sets or clears the free bits of what [range] has in common with the chunk at `base`. */
static void split_mark(struct split *split, u64 base, const struct range *range, bool free)
{
	u64 from = MAX(range->base, base), to = MIN(range->end, base + CHUNK_SIZE);

	for (u64 pa = from; pa < to;) {
		u64 bit = (pa - base) / PAGE_SIZE;
		u64 count = MIN(64 - bit % 64, (to - pa) / PAGE_SIZE);
		u64 mask = (~0ULL >> (64 - count)) << (bit % 64);

		if (free)
			split->free[bit / 64] |= mask;
		else
			split->free[bit / 64] &= ~mask;
		pa += count * PAGE_SIZE;
	}
}

/* Writes struct split of a chunk of which nothing is taken; chunk->free is right already. */
static void split_build(struct chunk *chunk)
{
	struct split *split = split_of(chunk);
	u64 base = chunk_base(chunk_number(chunk));

	memory_zero(split, sizeof(*split));
	for (unsigned i = 0; i < frames.rams; i++)
		split_mark(split, base, &frames.ram[i], true);
	for (unsigned i = 0; i < frames.reserveds; i++)
		split_mark(split, base, &frames.reserved[i], false);
	split->free[chunk->split / 64] &= ~BIT(chunk->split % 64);
	split->room = chunk->free;
	count_taken(OWNER_EL2, FRAME_EL2, 1);
}

/* If nothing of the chunk is taken any more, struct split goes. */
static void split_forget(struct chunk *chunk)
{
	if (chunk->free != split_of(chunk)->room)
		return;
	count_given(OWNER_EL2, FRAME_EL2, 1);
	if (chunk->state == CHUNK_EDGE_SPLIT) {
		chunk->state = CHUNK_EDGE;
		return;
	}
	list_remove(&frames.splits, chunk);
	frames.loose -= SPLIT_FRAMES;
	push_whole(chunk);
}

static void split_whole(void)
{
	struct chunk *chunk = pop_whole();

	chunk->state = CHUNK_SPLIT;
	chunk->split = 0;
	chunk->free = SPLIT_FRAMES;
	split_build(chunk);
	frames.loose += SPLIT_FRAMES;
	list_add_front(&frames.splits, chunk);
}

/* The lowest frame at which 2^order aligned ones are free, CHUNK_FRAMES if there is none. */
static u32 split_find(const struct split *split, unsigned order)
{
	static const u64 aligned[ORDER_MAX + 1] = {~0ULL, 0x5555555555555555, 0x1111111111111111,
						   0x0101010101010101, 0x0001000100010001};

	for (u32 word = 0; word < CHUNK_FRAMES / 64; word++) {
		u64 starts = split->free[word];

		for (unsigned i = 0; i < order; i++)
			starts &= starts >> (1U << i);
		starts &= aligned[order];
		if (starts)
			return word * 64 + (u32)__builtin_ctzll(starts);
	}
	return CHUNK_FRAMES;
}

static u64 frame_mask(u32 frame, u32 count)
{
	return (BIT(count) - 1) << (frame % 64);
}

/* 2^order frames out of `chunk`, or PA(0). */
static pa_t take_from(struct chunk *chunk, u16 owner, u8 use, unsigned order)
{
	u32 count = 1U << order, frame;
	struct split *split = split_of(chunk);

	if (chunk->state == CHUNK_EDGE) {
		split_build(chunk);
		chunk->state = CHUNK_EDGE_SPLIT;
	}
	frame = split_find(split, order);
	if (frame == CHUNK_FRAMES) {
		split_forget(chunk);
		return PA(0);
	}
	split->free[frame / 64] &= ~frame_mask(frame, count);
	for (u32 i = 0; i < count; i++)
		split->frames[frame + i] = (struct frame){.owner = owner, .use = use};
	chunk->free = (u16)(chunk->free - count);
	if (!chunk->free)
		list_remove(list_of(chunk), chunk);
	frames.loose -= count;
	count_taken(owner, use, count);
	return PA(chunk_base(chunk_number(chunk)) + frame * PAGE_SIZE);
}

static pa_t take_from_list(const struct list *list, u16 owner, u8 use, unsigned order)
{
	pa_t pa = PA(0);

	for (u32 number = list->head; number != NIL && !pa.v;) {
		struct chunk *chunk = chunk_at(number);

		number = chunk->next;
		pa = take_from(chunk, owner, use, order);
	}
	return pa;
}

/* One frame is found in the first chunk looked at. More than one may need a look at each chunk that
 * has a free frame; only the making of a guest asks for that. */
static pa_t take_frames(u16 owner, u8 use, unsigned order)
{
	u32 count = 1U << order;
	pa_t pa = PA(0);

	if (frames.loose >= count && promises_hold(frames.whole, frames.loose - count)) {
		pa = take_from_list(&frames.edges, owner, use, order);
		if (!pa.v)
			pa = take_from_list(&frames.splits, owner, use, order);
	}
	if (!pa.v && frames.whole &&
	    promises_hold(frames.whole - 1, frames.loose + SPLIT_FRAMES - count)) {
		split_whole();
		pa = take_from(chunk_at(frames.splits.head), owner, use, order);
	}
	return pa;
}

/* ---- Start: which RAM is there, and which is ours to give ---- */

static void add_span(u64 base, u64 end)
{
	struct span *span = &frames.span[frames.spans];
	u64 from = ALIGN_DOWN(base, CHUNK_SIZE);
	u32 first = 0;

	if (frames.spans) {
		struct span *last = span - 1;

		/* two regions of RAM may meet in one chunk, or between two */
		if (from <= last->base + last->count * CHUNK_SIZE) {
			last->count = (u32)((ALIGN_UP(end, CHUNK_SIZE) - last->base) / CHUNK_SIZE);
			return;
		}
		first = last->first + last->count;
	}
	span->base = from;
	span->first = first;
	span->count = (u32)((ALIGN_UP(end, CHUNK_SIZE) - from) / CHUNK_SIZE);
	frames.spans++;
}

static void add_ram(const struct frames_region *region)
{
	u64 base = ALIGN_UP(region->base, PAGE_SIZE);
	u64 end = ALIGN_DOWN(region->base + region->size, PAGE_SIZE);

	if (frames.rams)
		base = MAX(base, frames.ram[frames.rams - 1].end);
	if (region->base >= BIT(48) || region->size > BIT(48) || end <= base)
		return;
	add_span(base, end);
	frames.ram[frames.rams++] = (struct range){base, end};
	frames.total += (end - base) / PAGE_SIZE;
}

/* Keeps `reserved` ascending and disjoint. False: more ranges than there is room for. */
static bool add_reserved(u64 base, u64 size)
{
	const u64 top = ALIGN_DOWN(~0ULL, PAGE_SIZE);
	u64 end = size > top || base > top - size ? top : ALIGN_UP(base + size, PAGE_SIZE);
	struct range new = {ALIGN_DOWN(base, PAGE_SIZE), end};
	struct range *r = frames.reserved;
	unsigned from = 0, to;

	if (!size)
		return true;
	while (from < frames.reserveds && r[from].end < new.base)
		from++;
	for (to = from; to < frames.reserveds && r[to].base <= new.end; to++) {
		new.base = MIN(new.base, r[to].base);
		new.end = MAX(new.end, r[to].end);
	}
	if (to == from && frames.reserveds == RESERVED_MAX)
		return false;
	/* entries from .. to-1 become one */
	if (to == from)
		for (unsigned i = frames.reserveds; i > from; i--)
			r[i] = r[i - 1];
	else
		for (unsigned i = to; i < frames.reserveds; i++)
			r[from + 1 + i - to] = r[i];
	frames.reserveds = frames.reserveds + 1 - (to - from);
	r[from] = new;
	return true;
}

/* Calls `extent` for each stretch of RAM that is not reserved, ascending. */
static void each_extent(void (*extent)(void *arg, u64 base, u64 end), void *arg)
{
	for (unsigned i = 0; i < frames.rams; i++) {
		u64 at = frames.ram[i].base, end = frames.ram[i].end;

		for (unsigned k = 0; k < frames.reserveds && at < end; k++) {
			const struct range *r = &frames.reserved[k];

			if (r->end <= at)
				continue;
			if (r->base > at)
				extent(arg, at, MIN(r->base, end));
			at = r->end;
		}
		if (at < end)
			extent(arg, at, end);
	}
}

struct place {
	u64 wanted; /* at best here */
	u64 bytes;
	u64 base; /* 0: none yet; frame 0 is always reserved */
};

static void find_place(void *arg, u64 base, u64 end)
{
	struct place *place = arg;

	if (end - base >= place->bytes && (!place->base || base == place->wanted))
		place->base = base;
}

/* Finds room for the chunk records: right behind `home`, where the image is, or anywhere. */
static bool place_records(u64 home)
{
	const struct span *last = &frames.span[frames.spans - 1];
	u64 bytes = (u64)(last->first + last->count) * sizeof(struct chunk);
	struct place place = {.bytes = ALIGN_UP(bytes, PAGE_SIZE)};

	for (unsigned i = 0; i < frames.reserveds; i++)
		if (in_ranges(&frames.reserved[i], 1, home))
			place.wanted = frames.reserved[i].end;
	each_extent(find_place, &place);
	if (!place.base)
		return false;
	frames.records = (struct range){place.base, place.base + place.bytes};
	frames.chunks = mmu_pointer(PA(place.base));
	return add_reserved(place.base, place.bytes);
}

struct sweep {
	u32 next;  /* chunks below have their record, or need none */
	u32 edge;  /* the edge chunk that is being added up; NIL: none */
	u32 home;  /* chunk of the image */
	u64 given; /* frames found that can be handed out, or hold struct split */
};

static void sweep_reserved(struct sweep *sweep, u32 upto)
{
	for (; sweep->next < upto; sweep->next++)
		*chunk_at(sweep->next) = (struct chunk){.state = CHUNK_RESERVED};
}

/* The edge chunk is complete. One free frame alone is no use, struct split would fill it: it stays
 * out of the game, and counts among the reserved ones. */
static void sweep_edge_done(struct sweep *sweep)
{
	struct chunk *chunk;

	if (sweep->edge == NIL)
		return;
	chunk = chunk_at(sweep->edge);
	if (!chunk->free) {
		chunk->state = CHUNK_RESERVED;
	} else {
		sweep->given += chunk->free + 1U;
		frames.loose += chunk->free;
		if (sweep->edge == sweep->home)
			list_add_front(&frames.edges, chunk);
		else
			list_add_back(&frames.edges, chunk);
	}
	sweep->edge = NIL;
}

/* [base, end) lies in one chunk and is not all of it. */
static void sweep_edge(struct sweep *sweep, u64 base, u64 end)
{
	u32 number = number_of(base), count = (u32)((end - base) / PAGE_SIZE);
	struct chunk *chunk = chunk_at(number);

	if (sweep->edge == number) {
		chunk->free = (u16)(chunk->free + count);
		return;
	}
	sweep_edge_done(sweep);
	sweep_reserved(sweep, number);
	*chunk = (struct chunk){
		.state = CHUNK_EDGE,
		.free = (u16)(count - 1),
		.split = (u16)(base % CHUNK_SIZE / PAGE_SIZE),
	};
	sweep->edge = number;
	sweep->next = number + 1;
}

static void sweep_extent(void *arg, u64 base, u64 end)
{
	struct sweep *sweep = arg;
	u64 first = ALIGN_UP(base, CHUNK_SIZE), last = ALIGN_DOWN(end, CHUNK_SIZE);

	if (first > last) { /* no chunk boundary in it */
		sweep_edge(sweep, base, end);
		return;
	}
	if (base < first)
		sweep_edge(sweep, base, first);
	if (first < last) {
		u32 number = number_of(first), count = (u32)((last - first) / CHUNK_SIZE);

		sweep_reserved(sweep, number);
		frames.fresh[frames.runs++] = (struct run){number, count};
		frames.whole += count;
		sweep->given += (u64)count * CHUNK_FRAMES;
		sweep->next = number + count;
	}
	if (last < end)
		sweep_edge(sweep, last, end);
}

/* Makes the lists and counts from what add_ram and add_reserved found. */
static void sweep(u64 home)
{
	struct sweep sweep = {.edge = NIL, .home = number_of(home)};
	const struct span *last = &frames.span[frames.spans - 1];
	u32 records = (u32)((frames.records.end - frames.records.base) / PAGE_SIZE);

	each_extent(sweep_extent, &sweep);
	sweep_edge_done(&sweep);
	sweep_reserved(&sweep, last->first + last->count);
	count_taken(OWNER_EL2, FRAME_EL2, records);
	frames.taken[FRAME_IMAGE] = frames.total - sweep.given - records;
}

bool frames_init(const struct frames_region *ram, unsigned rams,
		 const struct frames_region *reserved, unsigned reserveds)
{
	u64 home = reserveds ? reserved[0].base : 0;

	memory_zero(&frames, sizeof(frames));
	frames.free = NIL;
	frames.edges = frames.splits = (struct list){NIL, NIL};
	for (unsigned i = 0; i < MIN(rams, RAM_MAX); i++)
		add_ram(&ram[i]);
	if (!frames.rams)
		return false;
	/* PA 0 says "none" in our answers: that frame, if there is one, is nobody's */
	if (!add_reserved(0, PAGE_SIZE))
		return false;
	for (unsigned i = 0; i < reserveds; i++)
		if (!add_reserved(reserved[i].base, reserved[i].size))
			return false;
	if (!place_records(home))
		return false;
	sweep(home);
	return frames.whole || frames.loose;
}

/* ---- Promises ---- */

/* Lock frames held. */
static bool reserve(struct owner *o, u64 chunks, u64 pages)
{
	bool kept = false;

	if (chunks <= (u64)UINT16_MAX - o->chunks && pages <= (u64)UINT16_MAX - o->pages) {
		frames.promised_chunks += (u32)chunks;
		frames.promised_pages += (u32)pages;
		kept = promises_hold(frames.whole, frames.loose);
		if (kept) {
			o->chunks = (u16)(o->chunks + chunks);
			o->pages = (u16)(o->pages + pages);
		} else {
			frames.promised_chunks -= (u32)chunks;
			frames.promised_pages -= (u32)pages;
		}
	}
	return kept;
}

bool frames_reserve(u16 owner, u64 chunks, u64 pages)
{
	bool kept;

	lock_take(&frames.lock);
	kept = reserve(owner_slot(owner), chunks, pages);
	lock_drop(&frames.lock);
	return kept;
}

void frames_keep(u16 owner)
{
	u64 bit, *keeps = keeps_of(owner_slot(owner), &bit);

	lock_take(&frames.lock);
	*keeps |= bit;
	lock_drop(&frames.lock);
}

/* In place of all that is promised. */
static bool reserve_all(u16 owner, u64 chunks, u64 pages)
{
	struct owner *o = owner_slot(owner);
	u64 bit, *keeps = keeps_of(o, &bit);
	bool kept;

	lock_take(&frames.lock);
	frames.promised_chunks -= o->chunks;
	frames.promised_pages -= o->pages;
	o->chunks = o->pages = 0;
	*keeps &= ~bit;
	kept = reserve(o, chunks, pages);
	lock_drop(&frames.lock);
	return kept;
}

bool frames_reserve_all(u16 owner, u64 chunks, u64 pages)
{
	return reserve_all(owner, chunks, pages);
}

void frames_unreserve_rest(u16 owner)
{
	(void)reserve_all(owner, 0, 0);
}

/* Lock frames held. So much has just been given back, so that the promise holds. */
static void keep(u16 owner, u64 chunks, u64 pages)
{
	struct owner *o = owner_slot(owner);
	u64 bit;

	if (*keeps_of(o, &bit) & bit)
		(void)reserve(o, chunks, pages);
}

/* ---- Taking ---- */

pa_t frames_take_chunk(u16 owner, enum frame_use use, bool reserved)
{
	struct owner *o = owner_slot(owner);
	struct chunk *chunk;
	pa_t pa = PA(0);

	lock_take(&frames.lock);
	if (reserved && o->chunks) {
		o->chunks--;
		frames.promised_chunks--;
	} else if (reserved || !frames.whole || !promises_hold(frames.whole - 1, frames.loose)) {
		goto out;
	}
	chunk = pop_whole();
	chunk->state = CHUNK_TAKEN;
	chunk->owner = owner;
	chunk->use = (u8)use;
	count_taken(owner, (u8)use, CHUNK_FRAMES);
	pa = PA(chunk_base(chunk_number(chunk)));
out:
	lock_drop(&frames.lock);
	return pa;
}

pa_t frames_take_page(u16 owner, enum frame_use use, bool reserved)
{
	struct owner *o = owner_slot(owner);
	pa_t pa = PA(0);

	lock_take(&frames.lock);
	if (!reserved) {
		pa = take_frames(owner, (u8)use, 0);
	} else if (o->pages) {
		o->pages--;
		frames.promised_pages--;
		pa = take_frames(owner, (u8)use, 0);
	}
	lock_drop(&frames.lock);
	return pa;
}

pa_t frames_take_pages(u16 owner, enum frame_use use, unsigned order)
{
	pa_t pa = PA(0);

	lock_take(&frames.lock);
	if (order <= ORDER_MAX)
		pa = take_frames(owner, (u8)use, order);
	lock_drop(&frames.lock);
	return pa;
}

/* ---- Giving back ---- */

/* The record of the chunk that holds `pa`, NULL if it has none or was never used. */
static struct chunk *used_chunk(u64 pa)
{
	u32 number = number_of(pa);

	return number == NIL || is_fresh(number) ? NULL : chunk_at(number);
}

void frames_give_chunk(u16 owner, pa_t pa)
{
	struct chunk *chunk;

	lock_take(&frames.lock);
	chunk = used_chunk(pa.v);
	if (!chunk || pa.v % CHUNK_SIZE || chunk->state != CHUNK_TAKEN || chunk->owner != owner)
		panic("frames: chunk %lx is not owner %u's to give", (unsigned long)pa.v, owner);
	count_given(owner, chunk->use, CHUNK_FRAMES);
	push_whole(chunk);
	keep(owner, 1, 0);
	lock_drop(&frames.lock);
}

static bool is_split(const struct chunk *chunk)
{
	return chunk && (chunk->state == CHUNK_SPLIT || chunk->state == CHUNK_EDGE_SPLIT);
}

/* Whether `count` frames from `frame` on are all `owner`'s, for one use. */
static bool all_owned(const struct split *split, u32 frame, u32 count, u16 owner)
{
	u8 use = split->frames[frame].use;

	if (frame % count || use == FRAME_FREE)
		return false;
	for (u32 i = frame; i < frame + count; i++)
		if (split->frames[i].owner != owner || split->frames[i].use != use)
			return false;
	return true;
}

void frames_give_pages(u16 owner, pa_t pa, unsigned order)
{
	u32 frame = (u32)(pa.v % CHUNK_SIZE / PAGE_SIZE), count = 1U << MIN(order, ORDER_MAX);
	struct split *split;
	struct chunk *chunk;

	lock_take(&frames.lock);
	chunk = used_chunk(pa.v);
	if (order > ORDER_MAX || pa.v % PAGE_SIZE || !is_split(chunk) ||
	    !all_owned(split_of(chunk), frame, count, owner))
		panic("frames: frame %lx is not owner %u's to give", (unsigned long)pa.v, owner);
	split = split_of(chunk);
	count_given(owner, split->frames[frame].use, count);
	for (u32 i = 0; i < count; i++)
		split->frames[frame + i] = (struct frame){.use = FRAME_FREE};
	split->free[frame / 64] |= frame_mask(frame, count);
	/* edges first, since they never become whole; the split ones that are nearly full last */
	if (!chunk->free && chunk->state == CHUNK_EDGE_SPLIT)
		list_add_front(&frames.edges, chunk);
	else if (!chunk->free)
		list_add_back(&frames.splits, chunk);
	chunk->free = (u16)(chunk->free + count);
	frames.loose += count;
	split_forget(chunk);
	keep(owner, 0, count);
	lock_drop(&frames.lock);
}

void frames_give_page(u16 owner, pa_t page)
{
	frames_give_pages(owner, page, 0);
}

/* ---- Questions ---- */

/* What a frame is that was never handed out: reserved, free, or no RAM. `kept`: in a chunk of which
 * nothing is handed out. */
static enum frame_use untaken_use(u64 pa, bool kept)
{
	if (!in_ranges(frames.ram, frames.rams, pa))
		return FRAME_FREE;
	if (in_ranges(&frames.records, 1, pa))
		return FRAME_EL2;
	if (kept || in_ranges(frames.reserved, frames.reserveds, pa))
		return FRAME_IMAGE;
	return FRAME_FREE;
}

static u16 split_owner(const struct chunk *chunk, u64 pa, enum frame_use *use)
{
	const struct split *split = split_of(chunk);
	u32 frame = (u32)(pa % CHUNK_SIZE / PAGE_SIZE);

	if (frame == chunk->split) {
		*use = FRAME_EL2;
		return OWNER_EL2;
	}
	*use = split->frames[frame].use;
	if (*use != FRAME_FREE)
		return split->frames[frame].owner;
	*use = untaken_use(pa, false);
	return *use == FRAME_FREE ? OWNER_NONE : OWNER_EL2;
}

u16 frames_owner(pa_t pa, enum frame_use *use)
{
	u16 owner = OWNER_NONE;
	const struct chunk *chunk;

	lock_take(&frames.lock);
	*use = FRAME_FREE;
	chunk = used_chunk(pa.v);
	if (is_split(chunk)) {
		owner = split_owner(chunk, pa.v, use);
	} else if (chunk && chunk->state == CHUNK_TAKEN) {
		*use = chunk->use;
		owner = chunk->owner;
	} else if (chunk && chunk->state != CHUNK_FREE) {
		*use = untaken_use(pa.v, chunk->state == CHUNK_RESERVED);
		owner = *use == FRAME_FREE ? OWNER_NONE : OWNER_EL2;
	}
	lock_drop(&frames.lock);
	return owner;
}

u64 frames_held(u16 owner)
{
	/* one aligned word: needs no lock */
	return owner_slot(owner)->held * PAGE_SIZE;
}

struct frame_count frames_count(void)
{
	struct frame_count count = {0};
	u64 taken = 0;

	lock_take(&frames.lock);
	for (unsigned use = FRAME_FREE + 1; use < FRAME_USES; use++) {
		count.by_use[use] = frames.taken[use] * PAGE_SIZE;
		taken += count.by_use[use];
	}
	count.total = frames.total * PAGE_SIZE;
	count.reserved = frames.promised_chunks * CHUNK_SIZE + frames.promised_pages * PAGE_SIZE;
	count.by_use[FRAME_FREE] = count.total - taken;
	count.free = count.by_use[FRAME_FREE] - count.reserved;
	lock_drop(&frames.lock);
	return count;
}

/* ---- Checks: what was counted, counted anew ---- */

struct visit {
	void (*taken)(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use);
	void *arg;
};

static void each_in_split(const struct chunk *chunk, u64 base, const struct visit *visit)
{
	const struct split *split = split_of(chunk);

	for (u32 i = 0; i < CHUNK_FRAMES; i++)
		if (i == chunk->split)
			visit->taken(visit->arg, PA(base + i * PAGE_SIZE), PAGE_SIZE, OWNER_EL2,
				     FRAME_EL2);
		else if (split->frames[i].use != FRAME_FREE)
			visit->taken(visit->arg, PA(base + i * PAGE_SIZE), PAGE_SIZE,
				     split->frames[i].owner, split->frames[i].use);
}

static u32 chunk_count(void)
{
	const struct span *last = &frames.span[frames.spans - 1];

	return last->first + last->count;
}

/* Lock frames held. */
static void each_taken(const struct visit *visit)
{
	visit->taken(visit->arg, PA(frames.records.base), frames.records.end - frames.records.base,
		     OWNER_EL2, FRAME_EL2);
	for (u32 number = 0; number < chunk_count(); number++) {
		const struct chunk *chunk = chunk_at(number);

		if (is_fresh(number))
			continue;
		if (chunk->state == CHUNK_TAKEN)
			visit->taken(visit->arg, PA(chunk_base(number)), CHUNK_SIZE, chunk->owner,
				     chunk->use);
		else if (is_split(chunk))
			each_in_split(chunk, chunk_base(number), visit);
	}
}

void frames_each(void (*taken)(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use),
		 void *arg)
{
	struct visit visit = {taken, arg};

	lock_take(&frames.lock);
	each_taken(&visit);
	lock_drop(&frames.lock);
}

u32 frames_changes(void)
{
	return lock_drops(&frames.lock);
}

/* Lock frames. */
static struct recount {
	u32 whole, given_back, loose, edges, splits; /* edges, splits: those with a free frame */
	u32 taken[FRAME_USES];
	u32 held[OWNERS + 1];
	u64 stranger; /* a frame whose record names nobody there can be; 0: none */
} recount;

static void recount_taken(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use)
{
	u32 slot = owner == OWNER_EL2 ? OWNERS : owner, count = (u32)(size / PAGE_SIZE);

	(void)arg;
	if (slot > OWNERS || (slot == OWNERS && owner != OWNER_EL2) || use <= FRAME_IMAGE ||
	    use >= FRAME_USES) {
		recount.stranger = pa.v;
		return;
	}
	recount.held[slot] += count;
	recount.taken[use] += count;
}

/* A split chunk: its map of free frames, its count of them, and the records of the others. */
static bool check_split(u32 number, struct finding *finding)
{
	const struct chunk *chunk = chunk_at(number);
	const struct split *split = split_of(chunk);
	u32 free = 0, taken = 0;

	for (u32 i = 0; i < CHUNK_FRAMES; i++) {
		bool is_free = split->free[i / 64] & BIT(i % 64);

		if (is_free && split->frames[i].use != FRAME_FREE)
			return found(finding, "frame %lx is free, but its record says use %u of %u",
				     chunk_base(number) + i * PAGE_SIZE, split->frames[i].use,
				     split->frames[i].owner);
		free += is_free;
		taken += split->frames[i].use != FRAME_FREE;
	}
	if (free != chunk->free || free + taken != split->room || !taken)
		return found(finding,
			     "chunk %lx: %u frames are free and %u taken, expected %u free of %u",
			     chunk_base(number), free, taken, chunk->free, split->room);
	return true;
}

static bool check_chunk(u32 number, struct finding *finding)
{
	const struct chunk *chunk = chunk_at(number);

	switch (chunk->state) {
	case CHUNK_FREE:
		recount.whole++;
		recount.given_back++;
		return true;
	case CHUNK_SPLIT:
	case CHUNK_EDGE_SPLIT:
	case CHUNK_EDGE:
		recount.loose += chunk->free;
		if (chunk->free)
			*(chunk->state == CHUNK_SPLIT ? &recount.splits : &recount.edges) += 1;
		return chunk->state == CHUNK_EDGE || check_split(number, finding);
	case CHUNK_TAKEN:
	case CHUNK_RESERVED:
		return true;
	default:
		return found(finding, "chunk %lx: no state is %u", chunk_base(number),
			     chunk->state);
	}
}

/* A list holds so many chunks, each linked with the one before; `split`: which states they have. */
static bool check_list(const struct list *list, u32 expected, bool split, struct finding *finding)
{
	u32 before = NIL, n = 0;

	for (u32 number = list->head; number != NIL; number = chunk_at(number)->next) {
		const struct chunk *chunk = number < chunk_count() ? chunk_at(number) : NULL;

		if (!chunk || n++ == expected || chunk->prev != before || !chunk->free ||
		    (chunk->state == CHUNK_SPLIT) != split)
			return found(finding, "chunk %u does not belong in the list of %s", number,
				     split ? "splits" : "edges");
		before = number;
	}
	if (n != expected || list->tail != before)
		return found(finding, "the list of %s holds %u chunks, expected %u",
			     split ? "splits" : "edges", n, expected);
	return true;
}

static bool check_free_list(struct finding *finding)
{
	u32 n = 0;

	for (u32 number = frames.free; number != NIL; number = chunk_at(number)->next)
		if (number >= chunk_count() || n++ == recount.given_back ||
		    chunk_at(number)->state != CHUNK_FREE)
			return found(finding, "chunk %u does not belong in the list of free ones",
				     number);
	if (n != recount.given_back)
		return found(finding, "the list of free chunks holds %u, expected %u", n,
			     recount.given_back);
	return true;
}

static bool check_counts(struct finding *finding)
{
	u64 chunks = 0, pages = 0;

	if (recount.stranger)
		return found(finding, "the frame at %lx has an owner or use that there is not",
			     recount.stranger);
	if (recount.whole != frames.whole || recount.loose != frames.loose)
		return found(finding, "%u chunks and %u frames are free, counted are %u and %u",
			     recount.whole, recount.loose, frames.whole, frames.loose);
	for (unsigned use = FRAME_EL2; use < FRAME_USES; use++)
		if (recount.taken[use] != frames.taken[use])
			return found(finding, "%u frames have use %u, counted are %lu",
				     recount.taken[use], use, frames.taken[use]);
	for (unsigned slot = 0; slot <= OWNERS; slot++) {
		chunks += frames.owners[slot].chunks;
		pages += frames.owners[slot].pages;
		if (recount.held[slot] != frames.owners[slot].held)
			return found(finding, "owner %u holds %u frames, counted are %u", slot,
				     recount.held[slot], frames.owners[slot].held);
	}
	if (chunks != frames.promised_chunks || pages != frames.promised_pages)
		return found(finding, "promised are %lu chunks and %lu frames, counted %u and %u",
			     chunks, pages, frames.promised_chunks, frames.promised_pages);
	return promises_hold(frames.whole, frames.loose) ||
	       found(finding, "promises of %u chunks and %u frames exceed the %u and %u free",
		     frames.promised_chunks, frames.promised_pages, frames.whole, frames.loose);
}

/* Lock frames held. */
static bool check_records(struct finding *finding)
{
	struct visit visit = {recount_taken, NULL};

	recount = (struct recount){0};
	for (u32 i = frames.run; i < frames.runs; i++)
		recount.whole += frames.fresh[i].count;
	for (u32 number = 0; number < chunk_count(); number++)
		if (!is_fresh(number) && !check_chunk(number, finding))
			return false;
	each_taken(&visit);
	return check_counts(finding) && check_free_list(finding) &&
	       check_list(&frames.edges, recount.edges, false, finding) &&
	       check_list(&frames.splits, recount.splits, true, finding);
}

bool frames_check(struct finding *finding)
{
	bool good;

	lock_take(&frames.lock);
	good = check_records(finding);
	lock_drop(&frames.lock);
	return good;
}
