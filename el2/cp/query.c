// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that only look. Runs at EL2 with the guests held. Numbers of guests that run meanwhile are
 * those of some moment of the command.
 */
#include "abi/skerry.h"
#include "arch/cpu.h"
#include "board/board.h"
#include "cp/command.h"
#include "cp/out.h"
#include "guest/channel.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

#define LIVE_SECONDS 1
#define MEASURE_SECONDS 10 /* after an `indicate` */
#define RANGES_MAX 64	   /* of a guest's map, listed */
#define MAP_ROWS_MAX 256   /* of the machine's */

/* Guests by id: the one after `guest`, the first after NULL. */
static struct guest *after(const struct guest *guest)
{
	for (unsigned id = guest ? guest->id + 1u : 0; id < guest_count(); id++)
		if (guest_by_id(id))
			return guest_by_id(id);
	return NULL;
}

#define for_each_guest(guest) for (struct guest *guest = after(NULL); guest; guest = after(guest))

static u64 exits(const struct guest *guest, unsigned kind)
{
	u64 sum = 0;

	for (unsigned i = 0; i < guest->config.cpus; i++)
		sum += guest->vcpus[i]->exits[kind].count;
	return sum;
}

static u64 all_exits(const struct guest *guest)
{
	u64 sum = 0;

	for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
		sum += exits(guest, kind);
	return sum;
}

static void times(const struct guest *guest, u64 *ran, u64 *stolen)
{
	*ran = *stolen = 0;
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		u64 r, s;

		sched_times(&guest->vcpus[i]->sched, &r, &s);
		*ran += r;
		*stolen += s;
	}
}

static u64 ms(u64 ticks)
{
	return ticks / (timer_frequency() / 1000);
}

const char *query_list(const struct words *words)
{
	if (!after(NULL) && !words->json)
		return "no guest: `ipl` makes one of the bundle";
	out_table(words->json);
	for_each_guest(guest) {
		u64 ran, stolen;

		times(guest, &ran, &stolen);
		out_number("id", guest->id, 3);
		out_text("guest", guest->config.name, 16);
		out_text("state", life_state_name((enum guest_state)guest->state), 8);
		out_number("cpus", guest->config.cpus, 0);
		out_number("weight", guest->config.weight, 0);
		out_number("memory-KiB", guest->config.memory_size / KIB, 0);
		out_number("held-KiB", frames_held(guest->id) / KIB, 8);
		out_number("ran-ms", ms(ran), 8);
		out_number("exits", all_exits(guest), 9);
		out_number("restarts", guest->restarts, 0);
		out_text("on-crash", bundle_crash_word(guest->config.on_crash), 0);
		out_row();
	}
	return NULL;
}

const char *query_memory(const struct words *words)
{
	static const char *const names[FRAME_USES] = {
		[FRAME_FREE] = "free",		 [FRAME_IMAGE] = "image",
		[FRAME_EL2] = "hypervisor",	 [FRAME_TABLE] = "guests' tables",
		[FRAME_STATE] = "guests' state", [FRAME_MEMORY] = "guests' memory",
		[FRAME_SHARED] = "channels",
	};
	struct frame_count count = frames_count();

	out_table(words->json);
	for (unsigned use = 0; use < FRAME_USES; use++) {
		out_text("use", names[use], 16);
		out_number("KiB", use == FRAME_FREE ? count.free / KIB : count.by_use[use] / KIB,
			   10);
		out_row();
	}
	out_text("use", "promised", 16);
	out_number("KiB", count.reserved / KIB, 10);
	out_row();
	out_text("use", "total", 16);
	out_number("KiB", count.total / KIB, 10);
	out_row();
	return NULL;
}

/* --- query ------------------------------------------------------------------------------------ */

#define SPANS_MAX 16 /* found in one go, with lock frames; shown without */

/* What is taken from `from` on: neighbours of one owner and use are one. */
struct spans {
	u64 from, rest; /* rest: where those begin that there was no room for; 0: there are none */
	unsigned count;
	struct span {
		u64 pa, size;
		u16 owner;
		u8 use;
	} list[SPANS_MAX];
};

static void add_span(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use)
{
	struct spans *spans = arg;
	struct span *last = spans->count ? &spans->list[spans->count - 1] : NULL;

	if (pa.v < spans->from || spans->rest)
		return;
	if (last && pa.v == last->pa + last->size && owner == last->owner && use == last->use)
		last->size += size;
	else if (spans->count < SPANS_MAX)
		spans->list[spans->count++] = (struct span){pa.v, size, owner, (u8)use};
	else
		spans->rest = pa.v;
}

static void show_span(const struct span *span)
{
	static const char *const names[FRAME_USES] = {
		[FRAME_TABLE] = "tables",
		[FRAME_STATE] = "state",
		[FRAME_MEMORY] = "memory",
		[FRAME_SHARED] = "channel",
	};
	const struct guest *guest = span->owner < guest_count() ? guest_by_id(span->owner) : NULL;

	out_hex("machine", span->pa);
	out_number("KiB", span->size / KIB, 10);
	out_text("owner", guest ? guest->config.name : "hypervisor", 16);
	out_text("what", names[span->use] ? names[span->use] : "own", 7);
	out_row();
}

/* Who owns what of the machine's memory; what is free, and what was never to be handed out, is left out. As
 * long as that is in pieces, others' first touches wait: not for guests. */
static const char *memory_map(bool json)
{
	struct spans spans = {.rest = 0};
	unsigned rows = 0;

	if (command_caller())
		return "query memory map is the operator's";
	out_table(json);
	do {
		spans = (struct spans){.from = spans.rest};
		frames_each(add_span, &spans);
		for (unsigned i = 0; i < spans.count; i++)
			show_span(&spans.list[i]);
		rows += spans.count;
	} while (spans.rest && rows < MAP_ROWS_MAX);
	return spans.rest ? command_fail("and more from 0x%lx on", spans.rest) : NULL;
}

/* A run of a guest's map: neighbours in both address spaces, of one owner. */
struct run {
	u64 ipa, pa, size;
	u16 owner;
	enum frame_use use;
	unsigned rows;
};

static void show_run(struct run *run)
{
	if (!run->size || run->rows++ >= RANGES_MAX)
		return;
	out_hex("ipa", run->ipa);
	out_hex("machine", run->pa);
	out_number("KiB", run->size / KIB, 10);
	out_text("what",
		 run->use == FRAME_MEMORY      ? "memory" :
		 run->use == FRAME_SHARED      ? "channel" :
		 run->ipa == GUEST_STOLEN_BASE ? "stolen time" :
		 run->use == FRAME_STATE       ? "flash" :
						 "device",
		 11);
	out_row();
}

static void add_to_run(void *arg, ipa_t ipa, pa_t pa, u64 size)
{
	struct run *run = arg;
	enum frame_use use;
	u16 owner = frames_owner(pa, &use);

	if (run->size && ipa.v == run->ipa + run->size && pa.v == run->pa + run->size &&
	    owner == run->owner && use == run->use) {
		run->size += size;
		return;
	}
	show_run(run);
	*run = (struct run){ipa.v, pa.v, size, owner, use, run->rows};
}

static const char *guest_memory(struct guest *guest, bool json)
{
	struct run run = {.size = 0};

	if (!guest->map.root.v)
		return command_fail("%s has no memory now", guest->config.name);
	out_table(json);
	lock_take(&guest->lock);
	/* its map stays as it is meanwhile: what takes it down comes after STOPPING */
	if (guest->map.root.v && guest->state != GUEST_STOPPING)
		stage2_each(&guest->map, add_to_run, &run);
	show_run(&run);
	lock_drop(&guest->lock);
	return run.rows > RANGES_MAX ? command_fail("and %u more", run.rows - RANGES_MAX) : NULL;
}

static const char *guest_vcpus(struct guest *guest, bool json)
{
	static const char *const power[] =
		{[VCPU_ON] = "on", [VCPU_OFF] = "off", [VCPU_ON_PENDING] = "pending"};
	static const char *const states[] = {[SCHED_OFF] = "-",
					     [SCHED_BLOCKED] = "asleep",
					     [SCHED_READY] = "waits",
					     [SCHED_RUNNING] = "runs"};

	out_table(json);
	for (unsigned i = 0; i < guest->config.cpus; i++) {
		const struct vcpu *vcpu = guest->vcpus[i];
		u64 ran, stolen;

		sched_times(&vcpu->sched, &ran, &stolen);
		out_number("vcpu", i, 0);
		out_text("power", power[vcpu->power], 7);
		out_text("state", states[vcpu->sched.state], 6);
		out_number("cpu", vcpu->sched.pcpu, 0);
		if (json)
			out_number("affinity", vcpu->sched.allowed, 0);
		out_hex("last-pc", vcpu->ctx.regs.pc);
		out_number("ran-ms", ms(ran), 8);
		out_number("stolen-ms", ms(stolen), 8);
		for (unsigned kind = 0; json && kind < EXIT_KINDS; kind++)
			out_number(exit_name(kind), vcpu->exits[kind].count, 0);
		out_row();
	}
	return NULL;
}

static void show_line(const struct vconsole *con, const char *text)
{
	(void)con;
	out_text("line", text, 0);
	out_row();
}

static const char *guest_console(struct guest *guest, bool json)
{
	out_table(json);
	vconsole_each(&guest->console, UINT32_MAX, show_line);
	return NULL;
}

/* What this vCPU would read in the distributor or, of its own interrupts, in its redistributor. */
static u32 peek(struct vgic_cpu *cpu, u32 offset, bool own)
{
	struct mmio mmio = {.offset = offset, .size = 4};
	bool known;

	if (own && cpu->vgic->version == 3) {
		mmio.offset += (cpu->index * 2u + 1) * 0x10000; /* its SGI_base: IHI 0069, 12.10 */
		known = vgic_redistributor(cpu, &mmio);
	} else {
		known = vgic_distributor(cpu, &mmio);
	}
	return known ? (u32)mmio.value : 0;
}

/* A vCPU that runs folds its list registers when it is asked for the first time; the answer is as they were
 * before. So it is asked, and given a moment. */
static void settle(struct vgic_cpu *cpu)
{
	u64 begin = timer_now();

	for (u32 word = 0; word < VGIC_LINES / 32; word++)
		(void)peek(cpu, 0x200 + word * 4, !word);
	while (__atomic_load_n(&cpu->loaded, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&cpu->dirty, __ATOMIC_ACQUIRE) &&
	       timer_now() - begin < timer_frequency() / 1000)
		cpu_relax();
}

static const char *source(u32 intid)
{
	return intid < 16		      ? "SGI" :
	       intid == SKERRY_INTID_VTIMER   ? "timer" :
	       intid == SKERRY_INTID_PTIMER   ? "ptimer" :
	       intid == SKERRY_INTID_UART     ? "pl011" :
	       intid == SKERRY_INTID_RTC      ? "pl031" :
	       intid == SKERRY_INTID_WATCHDOG ? "watchdog" :
	       intid >= SKERRY_INTID_DEVICE   ? "device" :
	       intid >= SKERRY_INTID_CHANNEL  ? "channel" :
						"-";
}

static void show_interrupt(struct vgic_cpu *cpu, u32 intid, bool enabled, bool pending, bool active)
{
	bool own = intid < VGIC_PRIVATE;

	out_number("intid", intid, 0);
	if (own)
		out_number("vcpu", cpu->index, 0);
	else
		out_none("vcpu");
	out_flag("enabled", enabled);
	out_flag("pending", pending);
	out_flag("active", active);
	out_number("priority", peek(cpu, 0x400 + intid / 4 * 4, own) >> intid % 4 * 8 & 0xff, 0);
	out_text("trigger",
		 peek(cpu, 0xc00 + intid / 16 * 4, own) >> intid % 16 * 2 & 2 ? "edge" : "level",
		 5);
	out_text("from", source(intid), 8);
	out_row();
}

/* 32 of them. What a vCPU that runs has is asked for once: it is kicked each time. */
static void show_bank(struct vgic_cpu *cpu, u32 bank)
{
	bool own = bank == 0;
	u32 enabled = peek(cpu, 0x100 + bank * 4, own);
	u32 pending = peek(cpu, 0x200 + bank * 4, own);
	u32 active = peek(cpu, 0x300 + bank * 4, own);
	u32 shown = pending | active |
		    (enabled & (own ? 0xffff0000 : ~0u)); /* GICv2's SGIs always are */

	for (u32 bit = 0; bit < 32; bit++)
		if (shown & 1u << bit)
			show_interrupt(cpu, bank * 32 + bit, enabled >> bit & 1, pending >> bit & 1,
				       active >> bit & 1);
}

/* Those that are anything: each vCPU's own, then the shared ones. */
static const char *guest_interrupts(struct guest *guest, bool json)
{
	out_table(json);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		settle(&guest->vcpus[i]->vgic);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		show_bank(&guest->vcpus[i]->vgic, 0);
	for (u32 bank = 1; bank < VGIC_LINES / 32; bank++)
		show_bank(&guest->vcpus[0]->vgic, bank);
	return NULL;
}

static void guest_channels(struct guest *guest)
{
	static const char *const states[] = {
		[SKERRY_PEER_READY] = "ready",	   [SKERRY_PEER_RUNNING] = "running",
		[SKERRY_PEER_STOPPED] = "stopped", [SKERRY_PEER_ENDED] = "ended",
		[SKERRY_PEER_CRASHED] = "crashed", [SKERRY_PEER_GONE] = "gone",
	};

	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		struct channel *channel = channel_of(guest, i, &end);
		u32 restarts;

		out_text("guest", guest->config.name, 16);
		out_text("channel", channel->name, 12);
		out_number("index", i, 0);
		out_text("peer", channel->ends[!end].name, 16);
		out_text("peer-is", states[channel_peer(channel, !end, &restarts)], 7);
		out_hex("ipa", channel->ends[end].ipa);
		out_number("KiB", channel->size / KIB, 5);
		out_number("intid", SKERRY_INTID_CHANNEL + i, 0);
		out_row();
	}
}

static const char *channels_of(struct guest *one, bool json)
{
	out_table(json);
	for_each_guest(guest)
		if (!one || guest == one)
			guest_channels(guest);
	return NULL;
}

static const char *channels(const struct words *words)
{
	return channels_of(NULL, words->json);
}

static const char *cpus(bool json)
{
	out_table(json);
	for (unsigned i = 0; i < PCPUS_MAX && pcpus[i].online; i++) {
		const char *name = "-";

		/* the guest can't go while its vCPU is on a CPU, but this pointer may be old: by the table */
		for_each_guest(guest)
			for (unsigned v = 0; v < guest->config.cpus; v++)
				if (pcpus[i].current == guest->vcpus[v])
					name = guest->config.name;
		out_number("cpu", i, 0);
		out_hex("mpidr", pcpus[i].mpidr);
		out_text("guest", name, 16);
		out_number("busy-ms", ms(sched_cpu_time(i)), 8);
		out_row();
	}
	return NULL;
}

static const char *names(bool json)
{
	out_table(json);
	for_each_guest(guest) {
		out_number("id", guest->id, 3);
		out_text("guest", guest->config.name, 0);
		out_row();
	}
	return NULL;
}

/* Those of one guest take its name behind them; without it they are the machine's. */
static const char *about_guest(const struct words *words, command_run_fn *of_all,
			       const char *(*of_one)(struct guest *guest, bool json))
{
	struct guest *guest;

	if (words->count < 2)
		return of_all ? of_all(words) :
				command_fail("query %s needs: GUEST", words->word[0]);
	guest = command_guest(words->word[1]);
	return guest ? of_one(guest, words->json) : NULL;
}

const char *query_run(const struct words *words)
{
	const char *what = words->word[0];
	struct guest *guest;

	if (!strcmp(what, "memory") && !strcmp(words->word[1], "map"))
		return memory_map(words->json);
	if (!strcmp(what, "memory"))
		return about_guest(words, query_memory, guest_memory);
	if (!strcmp(what, "interrupts"))
		return about_guest(words, NULL, guest_interrupts);
	if (!strcmp(what, "channels"))
		return about_guest(words, channels, channels_of);
	if (!strcmp(what, "console"))
		return about_guest(words, NULL, guest_console);
	if (words->count > 1)
		return command_fail("query %s takes nothing behind it", what);
	if (!words->count || !strcmp(what, "guests"))
		return query_list(words);
	if (!strcmp(what, "cpus"))
		return cpus(words->json);
	if (!strcmp(what, "names"))
		return names(words->json);
	guest = command_guest(what);
	return guest ? guest_vcpus(guest, words->json) : NULL;
}

/* --- indicate --------------------------------------------------------------------------------- */

static struct {
	bool on, json;
	bool ready; /* the timer has been initialised */
	struct timer timer;
	u64 last; /* when it was asked last; all below as of then */
	u64 busy[PCPUS_MAX];
} load;

/* A percentage of `whole`. */
static void out_share(const char *key, u64 part, u64 whole)
{
	out_tenths(key, whole ? MIN(part, UINT64_MAX / 1000) * 1000 / whole : 0, 6);
}

static void indicate(bool json)
{
	u64 now = timer_now(), span = now - load.last;

	out_table(json);
	for (unsigned i = 0; i < PCPUS_MAX && pcpus[i].online; i++) {
		u64 busy = sched_cpu_time(i);

		out_number("cpu", i, 0);
		out_share("load%", busy - load.busy[i], span);
		out_row();
		load.busy[i] = busy;
	}
	out_table(json);
	for_each_guest(guest) {
		u64 ran, stolen, sum = 0;
		u32 since[EXIT_KINDS];

		for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
			u32 all = (u32)exits(guest, kind);

			since[kind] = all - guest->shown.exits[kind];
			sum += since[kind];
			guest->shown.exits[kind] = all;
		}
		times(guest, &ran, &stolen);
		out_text("guest", guest->config.name, 12);
		out_share("cpu%", ran - guest->shown.ran, span);
		out_share("steal%", stolen - guest->shown.stolen, span);
		out_number("exits", sum, 8);
		for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
			out_number(exit_name(kind), since[kind], 6);
		out_row();
		guest->shown.ran = ran;
		guest->shown.stolen = stolen;
	}
	load.last = now;
}

static void again(struct timer *timer)
{
	guests_hold();
	if (load.on) {
		indicate(load.json);
		timer_arm(timer, timer_now() + LIVE_SECONDS * timer_frequency());
	} else {
		sched_measure(false);
	}
	guests_let_go();
}

bool query_live_end(void)
{
	bool was = load.on;

	load.on = false;
	if (was) {
		timer_cancel(&load.timer);
		sched_measure(false);
	}
	return was;
}

const char *query_indicate(const struct words *words)
{
	if (words->count && strcmp(words->word[0], "live"))
		return command_fail("indicate \"%s\": expected live", words->word[0]);
	if (words->count && command_caller())
		return "indicate live is for a screen";
	indicate(words->json);
	if (command_caller())
		return NULL;
	if (!load.ready)
		timer_init(&load.timer, again);
	load.ready = true;
	load.on = words->count;
	load.json = words->json;
	sched_measure(true);
	timer_arm(&load.timer,
		  timer_now() + (load.on ? LIVE_SECONDS : MEASURE_SECONDS) * timer_frequency());
	if (load.on && !words->json)
		tell("skerry: again each second; any key ends it\n");
	return NULL;
}
