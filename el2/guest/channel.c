// SPDX-License-Identifier: Apache-2.0
/*
 * Channels: memory that two guests share, and a bell each way. Runs at EL2, on any pCPU.
 *
 * Always: a channel and its memory are there from the bundle's start on, whoever is at its ends. A
 * channel's own lock keeps the guest at its other end from going away while it is rung.
 */
#include "guest/channel.h"

#include "arch/barrier.h"
#include "arch/mmu.h"
#include "guest/guest.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

static struct channel *channels;
static unsigned channels_made, table_order; /* its frames */

#define SECOND_END 128 /* added to a channel's number in struct guest: that end is the guest's */
_Static_assert(CHANNELS_MAX <= SECOND_END, "a channel's number");

void channels_init(void)
{
	channels = NULL;
	channels_made = 0;
}

struct channel *channel_of(struct guest *guest, u64 index, unsigned *end)
{
	unsigned number;

	*end = 0;
	if (index >= guest->channel_count)
		return NULL;
	number = guest->channels[guarded(index, guest->channel_count)];
	*end = number / SECOND_END;
	return &channels[number % SECOND_END];
}

/* A guest's channels follow one another in its map. */
u64 channels_end(struct guest *guest)
{
	unsigned end;
	const struct channel *last;

	if (!guest->channel_count)
		return SKERRY_CHANNEL_BASE;
	last = channel_of(guest, guest->channel_count - 1u, &end);
	return last->ends[end].ipa + last->size;
}

static COLD bool join(struct channel *channel, unsigned end, struct guest *guest, u8 number)
{
	u64 ipa = channels_end(guest);

	if (guest->channel_count == SKERRY_CHANNELS_MAX)
		return false;
	lock_take(&channel->lock);
	channel->ends[end].guest = guest;
	memcpy(channel->ends[end].name, guest->config.name, sizeof(guest->config.name));
	channel->ends[end].ipa = ipa;
	channel->ends[end].index = guest->channel_count;
	guest->channels[guest->channel_count++] = (u8)(number + end * SECOND_END);
	lock_drop(&channel->lock);
	return true;
}

COLD void channels_join(struct guest *guest)
{
	for (unsigned i = 0; i < channels_made; i++)
		for (unsigned end = 0; end < 2; end++)
			if (!strcmp(channels[i].ends[end].name, guest->config.name))
				(void)join(&channels[i], end, guest, (u8)i);
}

/* Whoever is there hears it; false: nobody is. An edge: up and down again. The vGIC latches the rising one,
 * whether the peer has it enabled or not. */
static bool ring(struct channel *channel, unsigned end)
{
	struct guest *guest;

	lock_take(&channel->lock);
	guest = channel->ends[end].guest;
	if (guest)
		vgic_pulse(&guest->vgic, SKERRY_INTID_CHANNEL + channel->ends[end].index);
	lock_drop(&channel->lock);
	return guest != NULL;
}

s64 channel_ring(struct guest *guest, u64 index)
{
	unsigned end;
	struct channel *channel = channel_of(guest, index, &end);

	if (!channel)
		return SKERRY_INVALID_PARAMETER;
	return ring(channel, !end) ? SKERRY_SUCCESS : SKERRY_DENIED;
}

COLD void channels_leave(struct guest *guest)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		struct channel *channel = channel_of(guest, i, &end);

		lock_take(&channel->lock);
		channel->ends[end].guest = NULL;
		lock_drop(&channel->lock);
		(void)channel_ring(guest, i); /* who hears the bell and asks must find it so */
	}
}

void channels_tell(struct guest *guest)
{
	for (unsigned i = 0; i < guest->channel_count; i++)
		(void)channel_ring(guest, i);
}

COLD unsigned channel_peer(struct channel *channel, unsigned end, u32 *restarts)
{
	static const u8 seen[GUEST_STATES] = {
		[GUEST_READY] = SKERRY_PEER_READY,	[GUEST_RUNNING] = SKERRY_PEER_RUNNING,
		[GUEST_STOPPING] = SKERRY_PEER_RUNNING, [GUEST_STOPPED] = SKERRY_PEER_STOPPED,
		[GUEST_ENDED] = SKERRY_PEER_ENDED,	[GUEST_WAITING] = SKERRY_PEER_CRASHED,
		[GUEST_CRASHED] = SKERRY_PEER_CRASHED,
	};
	const struct guest *guest;
	unsigned state = SKERRY_PEER_GONE;

	*restarts = 0;
	lock_take(&channel->lock);
	guest = channel->ends[end].guest;
	if (guest) {
		state = seen[__atomic_load_n(&guest->state, __ATOMIC_ACQUIRE)];
		*restarts = guest->restarts;
	}
	lock_drop(&channel->lock);
	return state;
}

static pa_t take_channel(u64 size)
{
	unsigned order = frames_order(size);

	return order <= FRAMES_ORDER_MAX ? frames_take_pages(OWNER_EL2, FRAME_SHARED, order) :
					   frames_take_chunk(OWNER_EL2, FRAME_SHARED, false);
}

static void give_channel(const struct channel *channel)
{
	unsigned order = frames_order(channel->size);

	if (order <= FRAMES_ORDER_MAX)
		frames_give_pages(OWNER_EL2, channel->memory, order);
	else
		frames_give_chunk(OWNER_EL2, channel->memory);
}

COLD bool channels_make(const struct bundle *bundle, struct fdt_error *err)
{
	pa_t table;

	if (!bundle->channel_count)
		return true;
	table_order = frames_order(bundle->channel_count * sizeof(struct channel));
	table = frames_take_pages(OWNER_EL2, FRAME_EL2, table_order);
	if (!table.v)
		goto no_memory;
	channels = mmu_pointer(table);
	for (u32 i = 0; i < bundle->channel_count; i++) {
		struct channel_config config;
		pa_t memory;

		bundle_channel(bundle, i, &config);
		memory = take_channel(config.size);
		if (!memory.v)
			goto no_memory;
		memory_scrub(mmu_pointer(memory), config.size);
		channels[i] = (struct channel){.name = config.name,
					       .memory = memory,
					       .size = config.size};
		channels_made = i + 1;
		if (!join(&channels[i], 0, guest_by_id(config.ends[0]), (u8)i) ||
		    !join(&channels[i], 1, guest_by_id(config.ends[1]), (u8)i)) {
			format(err->text, sizeof(err->text),
			       "/channels/%s: ends: a guest has more than %u channels", config.name,
			       SKERRY_CHANNELS_MAX);
			return false;
		}
	}
	return true;
no_memory:
	format(err->text, sizeof(err->text), "/channels: no memory left");
	return false;
}

COLD void channels_forget(void)
{
	while (channels_made)
		give_channel(&channels[--channels_made]);
	if (channels)
		frames_give_pages(OWNER_EL2, mmu_address(channels), table_order);
	channels = NULL;
}
