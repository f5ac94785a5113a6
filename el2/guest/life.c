// SPDX-License-Identifier: Apache-2.0
/*
 * Load, start, stop, end. Runs at EL2. life_end and life_order only mark and ask; what ends a guest
 * runs on the pCPU of its last vCPU, when none of its state is in any register.
 *
 * Always: `ending` is set only under lock guest and with STOPPING; who takes it out again, having
 * seen all vCPUs off, is the only one that touches the guest until its next state is set.
 */
#include "guest/channel.h"
#include "guest/life.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "board/board.h"
#include "board/power.h"
#include "board/say.h"
#include "guest/grant.h"
#include "guest/tree.h"
#include "lib/format.h"
#include "board/random.h"
#include "lib/string.h"
#include "mm/frames.h"

/* After a crash within its period a guest waits before it starts again, each time twice as long. */
#define BACK_OFF_MS 10ULL
#define BACK_OFF_DOUBLINGS 7
#define PERIOD_DEFAULT 10 /* s */

static bool shutdown_when_done;
static u32 alive;	  /* guests that are not over; atomic */
static u32 worst_code;	  /* the highest exit code so far, 1 for a crash; atomic */
static u32 serials_given; /* guests held, or the boot CPU alone */

void life_shutdown_when_done(bool on)
{
	shutdown_when_done = on;
}

const char *life_state_name(enum guest_state state)
{
	static const char names[GUEST_STATES][9] = {
		[GUEST_READY] = "ready",       [GUEST_RUNNING] = "running",
		[GUEST_STOPPING] = "stopping", [GUEST_STOPPED] = "stopped",
		[GUEST_ENDED] = "ended",       [GUEST_WAITING] = "waiting",
		[GUEST_CRASHED] = "crashed",
	};

	return names[state];
}

static bool is_over(unsigned state)
{
	return state == GUEST_ENDED || state == GUEST_CRASHED;
}

bool life_is_over(const struct guest *guest)
{
	return is_over(__atomic_load_n(&guest->state, __ATOMIC_ACQUIRE));
}

/* Lock guest held. False: this was the last guest that was not over. */
static bool set_state(struct guest *guest, enum guest_state state)
{
	bool was_over = is_over(guest->state), now_over = is_over(state);

	guest->moves++;
	__atomic_store_n(&guest->state, (u8)state, __ATOMIC_RELEASE);
	if (was_over && !now_over)
		__atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
	return was_over || !now_over || __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
}

static void describe_channels(struct guest *guest, struct tree_channel *list)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = channel_of(guest, i, &end);

		list[i] = (struct tree_channel){
			.name = channel->name,
			.peer = channel->ends[!end].name,
			.ipa = channel->ends[end].ipa,
			.size = channel->size,
			.index = i,
		};
	}
}

/* Where a tree is built, to be copied: the guest's memory is not contiguous. EL2's own for good: a guest can start again
 * however little is left. */
static struct {
	struct lock lock; /* tree: the room */
	u8 room[TREE_ROOM_MAX] __attribute__((aligned(8)));
} tree;

static bool load_tree(struct guest *guest, const struct image_plan *plan, struct fdt_error *err)
{
	struct tree_channel channels[SKERRY_CHANNELS_MAX];
	struct tree_device devices[GUEST_GRANTS_MAX];
	struct tree_request request = {
		.config = &guest->config,
		.id = guest->id,
		.gic_version = guest->gic_version,
		.initrd = plan->initrd,
		.initrd_size = plan->initrd ? guest->config.initrd.size : 0,
		.channels = channels,
		.channel_count = guest->channel_count,
		.rtc = true,
		.watchdog = guest->config.watchdog,
		.devices = devices,
		.device_count = grants_describe(guest, devices),
		.board_tree = &board_tree,
		.timer_frequency = board.timer_frequency, /* 0: CNTFRQ_EL0 is right */
	};
	size_t size;
	bool ok;

	describe_channels(guest, channels);
	if (!random_words(request.seed, ARRAY_SIZE(request.seed)))
		memset(request.seed, 0, sizeof(request.seed));
	lock_take(&tree.lock);
	size = tree_build(tree.room, TREE_ROOM_MAX, &request);
	if (!size)
		format(err->text, sizeof(err->text),
		       "/guests/%s: its own tree takes more than %lu bytes: expected fewer devices"
		       " or channels, or shorter bootargs",
		       guest->config.name, TREE_ROOM_MAX);
	ok = size && guest_load(guest, IPA(plan->tree), tree.room, size);
	memset(tree.room, 0, size ? size : TREE_ROOM_MAX); /* it held the guest's seed */
	lock_drop(&tree.lock);
	return ok;
}

bool life_load(struct guest *guest, struct fdt_error *err)
{
	struct image_plan *plan = &guest->plan;
	struct vcpu *boot = guest->vcpus[0];

	if (!image_plan(plan, &guest->config, TREE_ROOM_MAX, err))
		return false;
	if (!guest_load_image(guest) || !load_tree(guest, plan, err)) {
		if (err->text[0])
			return false;
		format(err->text, sizeof(err->text), "/guests/%s: no memory left to load it",
		       guest->config.name);
		return false;
	}
	icache_invalidate();
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		struct vcpu *vcpu = guest->vcpus[i];

		context_reset(&vcpu->ctx, i);
		memset(vcpu->given, 0, sizeof(vcpu->given));
		for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
			vcpu->exits[kind].pc = 0;
		vcpu->clean_next = 0;
		vcpu->power = VCPU_OFF;
	}
	boot->ctx.regs.pc = plan->entry;
	boot->ctx.regs.x[0] = plan->tree;
	return true;
}

void life_start(struct guest *guest)
{
	guest->time_offset = timer_now();
	for (unsigned i = 0; i < guest->config.cpus; i++)
		guest->vcpus[i]->vtimer.offset = guest->time_offset;
	grants_open(guest);
	lock_take(&guest->lock);
	(void)set_state(guest, GUEST_RUNNING);
	guest->exit_code = 0;
	guest->vcpus[0]->power = VCPU_ON;
	/* under the lock: an end that comes from elsewhere now must find it started */
	channels_tell(guest);
	sched_start(&guest->vcpus[0]->sched);
	lock_drop(&guest->lock);
}

static void give_back(void *arg, ipa_t ipa, pa_t pa, u64 size)
{
	const struct guest *guest = arg;
	enum frame_use use;

	if (guest_in_part(guest, ipa.v))
		return; /* pages of one chunk, which goes as a whole */
	if (frames_owner(pa, &use) != guest->id || use != FRAME_MEMORY)
		return; /* a channel's, a device's */
	if (size == CHUNK_SIZE)
		frames_give_chunk(guest->id, pa);
	else
		frames_give_page(guest->id, pa);
}

/* All of its memory goes back, and what is mapped or the map itself, by `unmap`. One without a map has nothing: it was
 * refused before it got one, or is destroyed already. */
static void give_all(struct guest *guest, void (*unmap)(struct stage2 *map))
{
	icache_invalidate(); /* its code must not be what the frames' next owner finds to run */
	if (guest->map.root.v) {
		stage2_each(&guest->map, give_back, guest);
		unmap(&guest->map);
	}
	if (guest->part.chunk.v)
		frames_give_chunk(guest->id, guest->part.chunk);
	guest->part.chunk = PA(0);
	if (guest->stolen_page.v)
		frames_give_page(guest->id, guest->stolen_page);
	guest->stolen_page = PA(0);
	if (guest->flash.memory.v)
		frames_give_chunk(guest->id, guest->flash.memory);
	guest->flash.memory = PA(0);
}

/* And what it may still come to is not promised any more. */
void life_discard(struct guest *guest)
{
	give_all(guest, stage2_destroy);
	frames_unreserve_rest(guest->id);
}

/* What it had stays promised to it, and its map's root and VMID are its own throughout: it starts again however little is
 * left. */
static bool reset(struct guest *guest, bool keep, struct fdt_error *err)
{
	pa_t flash = guest->flash.memory;

	if (keep)
		guest->flash.memory = PA(0); /* out of give_all's sight */
	frames_keep(guest->id);
	give_all(guest, stage2_empty);
	if (keep)
		guest->flash.memory = flash;
	vflash_reset(&guest->flash);
	vfwcfg_reset(&guest->fwcfg);
	if (!guest_prepare(guest, err))
		return false;
	for (unsigned i = 0; i < guest->config.cpus; i++)
		vtimer_reset(
			&guest->vcpus[i]->vtimer); /* before vgic: what fires is pending there */
	vpl011_reset(&guest->uart);
	vgic_set_line(&guest->vgic, 0, SKERRY_INTID_UART, false);
	vwatchdog_reset(&guest->watchdog);
	timer_cancel_wait(
		&guest->watchdog.timer); /* one that has just run out is of the old life */
	vgic_reset(&guest->vgic);
	vconsole_reset(&guest->console);
	memset(guest->last_vcpu, 0, sizeof(guest->last_vcpu));
	guest->fills_later = true;
	return life_load(guest, err);
}

/* Lets go of what life_end or life_order took: the guest is in its new state. */
static void settle(struct guest *guest, enum guest_state state)
{
	unsigned status, code = guest->exit_code;
	bool last;

	vconsole_reset(&guest->console);
	if (state == GUEST_CRASHED)
		code = 1;
	if (is_over(state))
		for (u32 worst = READ_ONCE(worst_code); worst < code;)
			if (__atomic_compare_exchange_n(&worst_code, &worst, code, false,
							__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
				break;
	lock_take(&guest->lock);
	last = !set_state(guest, state);
	channels_tell(guest); /* who hears the bell and asks must find it so */
	lock_drop(&guest->lock);
	if (last && shutdown_when_done && life_all_done(&status))
		power_off(status);
}

/*
 * A clean image in clean memory; on a guest that is wanted running, its start. `keep`: what it wrote to its
 * flash stays, as on a machine's reset.
 */
static void restart(struct guest *guest, bool start, bool keep)
{
	struct fdt_error err = {{0}};
	u64 begin = timer_now();

	if (reset(guest, keep, &err)) {
		sched_bill(&guest->vcpus[0]->sched, timer_now() - begin);
		guest->restarts++;
		if (start)
			life_start(guest);
		else
			settle(guest, GUEST_READY);
		return;
	}
	say("skerry: guest %s: cannot start again: %s\n", guest->config.name, err.text);
	life_discard(guest); /* nothing is there to be inspected */
	settle(guest, GUEST_CRASHED);
}

/* Lock guest held. */
static void arm_again(struct guest *guest, u64 ms)
{
	timer_arm(&guest->again, timer_now() + ms * (timer_frequency() / 1000));
}

/* The back-off is over. Whoever gave another order meanwhile has cancelled this first. What was said of the
 * crash goes out before the next one can be. */
static void start_again(struct timer *timer)
{
	struct guest *guest = CONTAINER_OF(timer, struct guest, again);
	bool waits;

	lock_take(&guest->lock);
	waits = guest->state == GUEST_WAITING;
	if (waits && !vconsole_keeps_up(&guest->console)) {
		arm_again(guest, BACK_OFF_MS);
		waits = false;
	}
	if (waits)
		(void)set_state(guest, GUEST_STOPPING);
	lock_drop(&guest->lock);
	if (waits)
		restart(guest, true, false);
}

static void wait_and_restart(struct guest *guest, u64 ms)
{
	say("skerry: guest %s: starts again in %lu ms\n", guest->config.name, ms);
	vconsole_reset(&guest->console);
	lock_take(&guest->lock);
	arm_again(guest, ms);
	(void)set_state(guest, GUEST_WAITING);
	channels_tell(guest);
	lock_drop(&guest->lock);
}

/* on-crash = "restart": at once, or after a while if it does that often; not for ever. */
static void restart_crashed(struct guest *guest)
{
	u32 limit = guest->config.restart_limit;
	u32 seconds = limit ? guest->config.restart_period : PERIOD_DEFAULT;
	u64 now = timer_now();

	vconsole_said(&guest->console); /* the report */
	if (now - guest->period_begin > seconds * timer_frequency()) {
		guest->period_begin = now;
		guest->crashes = 0;
	}
	if (limit && guest->crashes == limit) {
		say("skerry: guest %s: left as it is: restarted %u times within %u s\n",
		    guest->config.name, limit, seconds);
		settle(guest, GUEST_CRASHED);
	} else if (guest->crashes++) {
		wait_and_restart(guest, BACK_OFF_MS << MIN(guest->crashes - 2, BACK_OFF_DOUBLINGS));
	} else {
		restart(guest, true, false);
	}
}

static void finish_crash(struct guest *guest)
{
	switch (guest->config.on_crash) {
	case ON_CRASH_RESTART:
		restart_crashed(guest);
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

static void stand_still(struct guest *guest)
{
	for (unsigned i = 0; i < guest->config.cpus; i++)
		vtimer_pause(&guest->vcpus[i]->vtimer);
	guest->stopped_since = timer_now();
	vwatchdog_hold(&guest->watchdog, true);
	settle(guest, GUEST_STOPPED);
}

/* Where it hangs, or sleeps without having been fed. */
static void say_hung(const struct guest *guest)
{
	say("skerry: guest %s is hung: its watchdog was not fed in time\n", guest->config.name);
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		const struct regs *regs = &guest->vcpus[i]->ctx.regs;

		if (guest->vcpus[i]->power == VCPU_ON)
			say("skerry: guest %s:   vCPU %u at PC %016lx, called from %016lx\n",
			    guest->config.name, i, regs->pc, regs->x[30]);
	}
}

/* How a vCPU that stood still goes on: step by step, or over the address where it was to stop. */
static void go_by(struct vcpu *vcpu, bool steps)
{
	struct debug_regs *debug = &vcpu->ctx.debug;
	bool over = debug->watch & WATCH_STOP && vcpu->ctx.regs.pc == debug->stop_at;

	debug_watch(debug, steps ? WATCH_STEP : over ? WATCH_OVER : 0, WATCH_STEP | WATCH_OVER);
	if (steps || over)
		vcpu->ctx.regs.pstate |= PSTATE_SS;
}

/* What slept wakes, as it may at any time (a WFI needs no reason to end). Lock guest held. */
static void go_on(struct guest *guest, const struct vcpu *only)
{
	u64 stood = timer_now() - guest->stopped_since;

	guest->time_offset += stood;
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		struct vcpu *vcpu = guest->vcpus[i];

		vtimer_go_on(&vcpu->vtimer, stood);
		go_by(vcpu, only && vcpu == only);
	}
	vwatchdog_hold(&guest->watchdog, false);
	(void)set_state(guest, GUEST_RUNNING);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (guest->vcpus[i]->power == VCPU_ON && (!only || only == guest->vcpus[i]))
			sched_start(&guest->vcpus[i]->sched);
}

static const char *const refusals[GUEST_STATES] = {
	[GUEST_READY] = "has not started: `begin` starts it",
	[GUEST_RUNNING] = "is running: `stop`, `restart` or `destroy` it first",
	[GUEST_STOPPING] = "is just ending: ask again",
	[GUEST_STOPPED] = "is stopped: `begin` lets it go on",
	[GUEST_ENDED] = "has ended: `ipl` starts it again",
	[GUEST_WAITING] = "crashed, and starts again in a moment",
	[GUEST_CRASHED] = "has crashed: `restart` or `ipl` starts it again",
};

const char *life_refusal(const struct guest *guest)
{
	return refusals[guest->state];
}

const char *life_step(struct vcpu *vcpu, u32 steps)
{
	struct guest *guest = vcpu->guest;
	const char *why = NULL;

	lock_take(&guest->lock);
	if (guest->state != GUEST_STOPPED)
		why = refusals[guest->state];
	else if (vcpu->power != VCPU_ON)
		why = "has this vCPU turned off";
	if (!why) {
		vcpu->ctx.debug.steps = steps;
		go_on(guest, vcpu);
	}
	lock_drop(&guest->lock);
	if (!why)
		channels_tell(guest);
	return why;
}

/* One winner among the pCPUs that see the last vCPU off: it gets what is to be done. */
static enum guest_end claim_ending(struct guest *guest)
{
	enum guest_end how = END_NONE;

	lock_take(&guest->lock);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (!sched_is_off(&guest->vcpus[i]->sched) ||
		    __atomic_load_n(&guest->vcpus[i]->loaded, __ATOMIC_ACQUIRE))
			goto out;
	how = (enum guest_end)guest->ending;
	__atomic_store_n(&guest->ending, (u8)END_NONE, __ATOMIC_RELEASE);
out:
	lock_drop(&guest->lock);
	return how;
}

/* Other pCPUs have seen their last vCPU of it off, but may still look at what is to be done. */
static void wait_for_parting(const struct guest *guest)
{
	for (unsigned i = 0; i < PCPUS_MAX; i++)
		while (&pcpus[i] != this_pcpu() &&
		       __atomic_load_n(&pcpus[i].parting, __ATOMIC_ACQUIRE) == guest)
			cpu_relax();
}

static void finish(struct guest *guest, bool held)
{
	enum guest_end how = claim_ending(guest);

	if (how != END_NONE && how != END_STOP)
		grants_close(guest);
	switch (how) {
	case END_NONE: /* not the last one, or not the one that claimed it */
		break;
	case END_STOP:
		stand_still(guest);
		break;
	case END_RESET:
		restart(guest, true, true);
		break;
	case END_CLEAN:
		restart(guest, false, false);
		break;
	case END_EXIT:
		life_discard(guest);
		settle(guest, GUEST_ENDED);
		break;
	case END_HUNG:
		say_hung(guest);
		finish_crash(guest);
		break;
	case END_CRASH:
		finish_crash(guest);
		break;
	case END_CRASHED:
		settle(guest, GUEST_CRASHED);
		break;
	case END_DESTROY:
		wait_for_parting(guest);
		if (!held)
			guests_hold();
		guest_remove(guest);
		if (!held)
			guests_let_go();
		break;
	}
}

void life_finish(struct guest *guest)
{
	finish(guest, false);
}

/* Lock guest held: from now on its vCPUs come off. */
static void mark(struct guest *guest, enum guest_end how)
{
	(void)set_state(guest, GUEST_STOPPING);
	__atomic_store_n(&guest->ending, (u8)how, __ATOMIC_RELEASE);
}

static void call_off(struct guest *guest, bool held)
{
	for (unsigned i = 0; i < guest->config.cpus; i++)
		(void)sched_stop(&guest->vcpus[i]->sched);
	finish(guest, held); /* nothing of it may be on a pCPU now */
}

void life_end(struct guest *guest, enum guest_end how)
{
	bool good;

	lock_take(&guest->lock);
	/* a guest that the operator stops may end before it stands still; his other orders win */
	good = guest->state == GUEST_RUNNING || guest->ending == END_STOP;
	if (good)
		mark(guest, how);
	lock_drop(&guest->lock);
	if (good)
		call_off(guest, false);
}

void life_hung(struct vwatchdog *watchdog)
{
	life_end(CONTAINER_OF(watchdog, struct guest, watchdog), END_HUNG);
}

/* --- The operator's orders -------------------------------------------------------------------- */

/* What an order comes to: an end (enum guest_end), or one of these. */
enum { ORDER_START = END_DESTROY + 1, ORDER_GO_ON, ORDER_REFUSED };
#define NO ORDER_REFUSED

/* clang-format off */
static const u8 orders[GUEST_STATES][LIFE_ORDERS] = {
	/*                   STOP         BEGIN        HALT      RESET      RESTART    IPL        DESTROY */
	[GUEST_READY]    = { NO,          ORDER_START, END_EXIT, END_CLEAN, END_RESET, END_RESET, END_DESTROY },
	[GUEST_RUNNING]  = { END_STOP,    NO,          END_EXIT, END_CLEAN, END_RESET, NO,        END_DESTROY },
	[GUEST_STOPPING] = { NO,          NO,          END_EXIT, END_CLEAN, END_RESET, NO,        END_DESTROY },
	[GUEST_STOPPED]  = { NO,          ORDER_GO_ON, END_EXIT, END_CLEAN, END_RESET, NO,        END_DESTROY },
	[GUEST_ENDED]    = { NO,          NO,          NO,       END_CLEAN, END_RESET, END_RESET, END_DESTROY },
	[GUEST_WAITING]  = { END_CRASHED, END_RESET,   END_EXIT, END_CLEAN, END_RESET, END_RESET, END_DESTROY },
	[GUEST_CRASHED]  = { NO,          NO,          END_EXIT, END_CLEAN, END_RESET, END_RESET, END_DESTROY },
};
/* clang-format on */

const char *life_order(struct guest *guest, enum life_order order)
{
	unsigned state, what;
	const char *why = NULL;

	timer_cancel_wait(&guest->again); /* each order says what becomes of one that waits */
	lock_take(&guest->lock);
	state = guest->state;
	what = orders[state][order];
	/* between the claim of one end and the next state, nobody else may touch it */
	if (what == ORDER_REFUSED || (state == GUEST_STOPPING && guest->ending == END_NONE) ||
	    guest->ending == END_DESTROY)
		why = refusals[state];
	else if (what == ORDER_GO_ON)
		go_on(guest, NULL);
	else if (what != ORDER_START)
		mark(guest, (enum guest_end)what);
	lock_drop(&guest->lock);
	if (why)
		return why;
	if (what == ORDER_START)
		life_start(guest);
	else if (what == ORDER_GO_ON)
		channels_tell(guest);
	else
		call_off(guest, true);
	return NULL;
}

void life_init_all(void)
{
	alive = worst_code = 0;
}

void life_init(struct guest *guest)
{
	guest->serial = ++serials_given;
	timer_init(&guest->again, start_again);
	__atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST); /* READY is 0, and not over */
}

void life_forget(struct guest *guest)
{
	timer_cancel_wait(&guest->again);
	if (!life_is_over(guest))
		__atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
}

bool life_all_done(unsigned *status)
{
	*status = __atomic_load_n(&worst_code, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0;
}
