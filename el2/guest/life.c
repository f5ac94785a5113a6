// SPDX-License-Identifier: Apache-2.0
/*
 * Load, start, end. Runs at EL2. life_end only marks and asks; what ends a guest runs on the pCPU of
 * its last vCPU, when none of its state is in any register.
 */
#include "guest/life.h"

#include "arch/mmu.h"
#include "board/board.h"
#include "board/power.h"
#include "board/say.h"
#include "guest/tree.h"
#include "lib/format.h"
#include "board/random.h"
#include "lib/string.h"
#include "mm/frames.h"

static bool shutdown_when_done;

void life_shutdown_when_done(bool on)
{
	shutdown_when_done = on;
}

static bool load_segments(struct guest *guest, const struct image_plan *plan)
{
	const u8 *kernel = guest->config.kernel.data;

	for (unsigned i = 0; i < plan->segment_count; i++)
		if (!guest_write(guest, IPA(plan->segments[i].ipa),
				 kernel + plan->segments[i].offset, plan->segments[i].file_size))
			return false;
	return !plan->initrd || guest_write(guest, IPA(plan->initrd), guest->config.initrd.data,
					    guest->config.initrd.size);
}

static void describe_channels(struct guest *guest, struct tree_channel *list)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = guest_channel(guest, i, &end);

		list[i] = (struct tree_channel){
			.name = channel->name,
			.peer = channel->ends[!end].guest->config.name,
			.ipa = channel->ends[end].ipa,
			.size = channel->size,
			.index = i,
		};
	}
}

/* The tree is built in frames of EL2's own, then copied: the guest's memory is not contiguous. */
static bool load_tree(struct guest *guest, const struct image_plan *plan)
{
	struct tree_channel channels[SKERRY_CHANNELS_MAX];
	pa_t scratch = frames_take_pages(OWNER_EL2, FRAME_EL2, 1);
	struct tree_request request = {
		.config = &guest->config,
		.id = guest->id,
		.gic_version = guest->gic_version,
		.initrd = plan->initrd,
		.initrd_size = plan->initrd ? guest->config.initrd.size : 0,
		.channels = channels,
		.channel_count = guest->channel_count,
		.timer_frequency = board.timer_frequency, /* 0: CNTFRQ_EL0 is right */
	};
	size_t size;
	bool ok;

	if (!scratch.v)
		return false;
	describe_channels(guest, channels);
	for (unsigned i = 0; i < ARRAY_SIZE(request.seed); i++)
		if (!random_word(&request.seed[i]))
			break;
	size = tree_build(mmu_pointer(scratch), TREE_ROOM_MAX, &request);
	ok = size && guest_write(guest, IPA(plan->tree), mmu_pointer(scratch), size);
	memset(mmu_pointer(scratch), 0, TREE_ROOM_MAX); /* it held the guest's seed */
	frames_give_pages(OWNER_EL2, scratch, 1);
	return ok;
}

bool life_load(struct guest *guest, struct fdt_error *err)
{
	struct image_plan plan;
	struct vcpu *boot = guest->vcpus[0];

	if (!image_plan(&plan, &guest->config, TREE_ROOM_MAX, err))
		return false;
	if (!load_segments(guest, &plan) || !load_tree(guest, &plan)) {
		format(err->text, sizeof(err->text), "/guests/%s: no memory left to load it",
		       guest->config.name);
		return false;
	}
	icache_invalidate();
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		struct vcpu *vcpu = guest->vcpus[i];

		context_reset(&vcpu->ctx, i);
		vcpu->power = VCPU_OFF;
	}
	boot->ctx.regs.pc = plan.entry;
	boot->ctx.regs.x[0] = plan.tree;
	return true;
}

void life_start(struct guest *guest)
{
	guest->time_offset = timer_now();
	for (unsigned i = 0; i < guest->config.cpus; i++)
		guest->vcpus[i]->vtimer.offset = guest->time_offset;
	lock_take(&guest->lock);
	guest->state = GUEST_RUNNING;
	guest->exit_code = 0;
	guest->vcpus[0]->power = VCPU_ON;
	/* under the lock: an end that comes from elsewhere now must find it started */
	sched_start(&guest->vcpus[0]->sched);
	lock_drop(&guest->lock);
}

void life_end(struct guest *guest, enum verdict how)
{
	bool first;

	lock_take(&guest->lock);
	first = guest->state == GUEST_RUNNING;
	if (first) {
		guest->state = GUEST_STOPPING;
		__atomic_store_n(&guest->ending, (u8)how, __ATOMIC_RELEASE);
	}
	lock_drop(&guest->lock);
	if (!first)
		return;
	for (unsigned i = 0; i < guest->config.cpus; i++)
		(void)sched_stop(&guest->vcpus[i]->sched);
	life_finish(guest); /* nothing of it may be on a pCPU now */
}

static void give_back(void *arg, ipa_t ipa, pa_t pa, u64 size)
{
	const struct guest *guest = arg;
	enum frame_use use;

	(void)ipa;
	if (frames_owner(pa, &use) != guest->id || use != FRAME_MEMORY)
		return; /* a channel's, a device's */
	if (size == CHUNK_SIZE)
		frames_give_chunk(guest->id, pa);
	else
		frames_give_page(guest->id, pa);
}

/* All of its memory goes back; what it may still come to is not promised any more either. One without
 * a map has nothing: it was refused before it got one, or is destroyed already. */
void life_discard(struct guest *guest)
{
	icache_invalidate(); /* its code must not be what the frames' next owner finds to run */
	if (guest->map.root.v) {
		stage2_each(&guest->map, give_back, guest);
		stage2_destroy(&guest->map);
	}
	if (guest->stolen_page.v)
		frames_give_page(guest->id, guest->stolen_page);
	guest->stolen_page = PA(0);
	frames_unreserve_rest(guest->id);
}

static bool reset(struct guest *guest, struct fdt_error *err)
{
	life_discard(guest);
	if (!guest_prepare(guest, err))
		return false;
	for (unsigned i = 0; i < guest->config.cpus; i++)
		vtimer_reset(
			&guest->vcpus[i]->vtimer); /* before vgic: what fires is pending there */
	vpl011_reset(&guest->uart);
	vgic_set_line(&guest->vgic, 0, SKERRY_INTID_UART, false);
	vgic_reset(&guest->vgic);
	vconsole_reset(&guest->console);
	memset(guest->last_vcpu, 0, sizeof(guest->last_vcpu));
	guest->restarts++;
	return life_load(guest, err);
}

static void settle(struct guest *guest, enum guest_state state)
{
	unsigned status;

	vconsole_reset(&guest->console);
	lock_take(&guest->lock);
	guest->state = (u8)state;
	lock_drop(&guest->lock);
	/* Of two that end at once at least one sees both: state above before all states below. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (shutdown_when_done && life_all_done(&status))
		power_off(status);
}

static void restart(struct guest *guest)
{
	struct fdt_error err = {{0}};
	u64 begin = timer_now();

	if (reset(guest, &err)) {
		sched_bill(&guest->vcpus[0]->sched, timer_now() - begin);
		life_start(guest);
		return;
	}
	say("skerry: guest %s: cannot start again: %s\n", guest->config.name, err.text);
	life_discard(guest); /* nothing is there to be inspected */
	settle(guest, GUEST_CRASHED);
}

static void finish_crash(struct guest *guest)
{
	switch (guest->config.on_crash) {
	case ON_CRASH_RESTART:
		restart(guest);
		break;
	case ON_CRASH_DESTROY:
		life_discard(guest);
		settle(guest, GUEST_CRASHED);
		break;
	case ON_CRASH_SHUTDOWN:
		say("skerry: guest %s crashed, and its on-crash is \"shutdown\"\n",
		    guest->config.name);
		power_off(1);
	case ON_CRASH_STOP:
		settle(guest, GUEST_CRASHED);
		break;
	}
}

/* One winner among the pCPUs that see the last vCPU off: it gets what is to be done. */
static enum verdict claim_ending(struct guest *guest)
{
	enum verdict how = VERDICT_RESUME;

	lock_take(&guest->lock);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (!sched_is_off(&guest->vcpus[i]->sched) ||
		    __atomic_load_n(&guest->vcpus[i]->loaded, __ATOMIC_ACQUIRE))
			goto out;
	how = (enum verdict)guest->ending;
	__atomic_store_n(&guest->ending, (u8)VERDICT_RESUME, __ATOMIC_RELEASE);
out:
	lock_drop(&guest->lock);
	return how;
}

void life_finish(struct guest *guest)
{
	switch (claim_ending(guest)) {
	case VERDICT_EXIT:
		life_discard(guest);
		settle(guest, GUEST_ENDED);
		break;
	case VERDICT_RESET:
		restart(guest);
		break;
	case VERDICT_CRASH:
		finish_crash(guest);
		break;
	default: /* not the last one, or not the one that claimed it */
		break;
	}
}

bool life_all_done(unsigned *status)
{
	*status = 0;
	for (unsigned i = 0; i < guest_count(); i++) {
		const struct guest *guest = guest_by_id(i);
		u8 state = __atomic_load_n(&guest->state, __ATOMIC_ACQUIRE);

		if (state != GUEST_ENDED && state != GUEST_CRASHED)
			return false;
		*status = MAX(*status, state == GUEST_CRASHED ? 1u : guest->exit_code);
	}
	return true;
}
