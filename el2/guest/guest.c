// SPDX-License-Identifier: Apache-2.0
/*
 * Guests come into being: at start all of a bundle, or none; later one by one. Runs at EL2.
 *
 * Always: whoever makes or removes a guest holds lock guests (at start the boot CPU is alone). What a
 * guest's own vCPUs do needs it not: they keep their guest alive.
 */
#include "guest/guest.h"

#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "board/board.h"
#include "guest/channel.h"
#include "guest/grant.h"
#include "guest/life.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

static struct lock guests_lock; /* protects guests[], guests_made */
static struct guest *guests[GUESTS_MAX];
static unsigned guests_made; /* ids given so far; NULL where one was removed */
static const struct bundle *made_from;

#define PRINTS_A_SECOND \
	200 /* how often who prints looks again for room: 5 ms are 57 bytes at 115200 baud */
#define GICC_BYTES PAGE_SIZE /* not the second page: a guest's GICC_DIR has to trap (vdev/vgic.h) */

unsigned guest_count(void)
{
	return guests_made;
}

struct guest *guest_by_id(unsigned id)
{
	return id < guests_made ? guests[id] : NULL;
}

void guests_hold(void)
{
	lock_take(&guests_lock);
}

bool guests_try(void)
{
	return lock_try(&guests_lock);
}

void guests_let_go(void)
{
	lock_drop(&guests_lock);
}

struct guest *guest_find(const char *name)
{
	for (unsigned id = 0; id < guests_made; id++)
		if (guests[id] && !strcmp(guests[id]->config.name, name))
			return guests[id];
	return NULL;
}

static bool fail(const struct guest *guest, struct fdt_error *err, const char *what)
{
	if (!err->text[0])
		format(err->text, sizeof(err->text), "/guests/%s: %s", guest->config.name, what);
	return false;
}

/* struct guest and its vCPUs lie in one aligned run of frames. */
static unsigned state_order(u32 cpus)
{
	return frames_order(sizeof(struct guest) + cpus * sizeof(struct vcpu));
}

static bool timer_line(struct vgic_cpu *cpu, u32 intid, bool *level)
{
	struct vcpu *vcpu = CONTAINER_OF(cpu, struct vcpu, vgic);

	if (intid != SKERRY_INTID_VTIMER && intid != SKERRY_INTID_PTIMER)
		return false;
	*level = vtimer_line(&vcpu->vtimer, intid,
			     vcpu->vgic.loaded && vcpu == this_pcpu()->current);
	return true;
}

/* They look again themselves, so one that is woken in vain does no harm. */
static void wake_printers(struct timer *timer)
{
	struct guest *guest = CONTAINER_OF(timer, struct guest, printing);
	u32 printers;

	lock_take(&guest->lock);
	printers = guest->printers;
	guest->printers = 0;
	lock_drop(&guest->lock);
	for (; printers; printers &= printers - 1)
		sched_wake(&guest->vcpus[__builtin_ctz(printers)]->sched);
}

bool guest_may_print(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;

	if (LIKELY(vconsole_keeps_up(&guest->console)) || guest->console.quiet)
		return true;
	lock_take(&guest->lock);
	guest->printers |= (u8)(1u << vcpu->index);
	if (!guest->printing.armed)
		timer_arm(&guest->printing, timer_now() + timer_frequency() / PRINTS_A_SECOND);
	lock_drop(&guest->lock);
	return false;
}

static bool init_vcpu(struct guest *guest, struct vcpu *vcpu, unsigned index)
{
	vcpu->guest = guest;
	vcpu->index = (u8)index;
	vcpu->power = VCPU_OFF;
	vgic_init_cpu(&guest->vgic, &vcpu->vgic, index, &vcpu->sched);
	vtimer_init(&vcpu->vtimer, &vcpu->vgic, 0);
	if (!sched_add(&vcpu->sched, guest->config.weight, guest->config.affinity))
		return false;
	guest->vcpus[index] = vcpu;
	return true;
}

static struct guest *make(const struct guest_config *config, u16 id, struct fdt_error *err)
{
	unsigned order = state_order(config->cpus);
	pa_t state = frames_take_pages(id, FRAME_STATE, order);
	struct guest *guest;
	struct vcpu *vcpus;

	if (!state.v) {
		format(err->text, sizeof(err->text), "/guests/%s: no memory left for its state",
		       config->name);
		return NULL;
	}
	guest = mmu_pointer(state);
	vcpus = (struct vcpu *)(guest + 1);
	memset(guest, 0, PAGE_SIZE << order);
	guest->id = id;
	guest->config = *config;
	life_init(guest);
	guest->gic_version = (u8)(config->gic_version ? config->gic_version : MAX(gic->version, 2));
	vgic_init(&guest->vgic, guest->gic_version, guest->gic_version != gic->version,
		  config->cpus);
	guest->vgic.line_now = timer_line;
	vconsole_init(&guest->console, guest->config.name, id,
		      config->console == GUEST_CONSOLE_NONE);
	guest->console.raw = config->console == GUEST_CONSOLE_RAW;
	timer_init(&guest->printing, wake_printers);
	vpl011_init(&guest->uart, &guest->console, &guest->vgic);
	vwatchdog_init(&guest->watchdog, &guest->vgic, &guest->time_offset, life_hung);
	guests[id] = guest;
	guests_made = MAX(guests_made, id + 1u);
	for (unsigned i = 0; i < config->cpus; i++)
		if (!init_vcpu(guest, &vcpus[i], i)) {
			fail(guest, err, "affinity: too many different sets of CPUs");
			return NULL;
		}
	return guest;
}

static bool map_pages(struct guest *guest, u64 ipa, u64 pa, u64 bytes, enum stage2_kind kind)
{
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		if (!stage2_map(&guest->map, IPA(ipa + at), PA(pa + at), PAGE_SIZE, kind))
			return false;
	return true;
}

static bool map_fixed(struct guest *guest)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = channel_of(guest, i, &end);

		if (!map_pages(guest, channel->ends[end].ipa, channel->memory.v, channel->size,
			       STAGE2_SHARED))
			return false;
	}
	if (!grants_map(guest))
		return false;
	return guest->gic_version != 2 || guest->vgic.emulated ||
	       map_pages(guest, SKERRY_GICC_BASE, board.gicv.base, GICC_BYTES, STAGE2_DEVICE);
}

bool guest_prepare(struct guest *guest, struct fdt_error *err)
{
	u64 size = guest->config.memory_size;
	u64 tables = stage2_tables_needed(SKERRY_RAM_BASE, size);
	u64 rom = guest_rom_size(guest), flash = rom && !guest->flash.memory.v ? 1 : 0;

	if (guest->gic_version == 2 && !guest->vgic.emulated)
		tables += stage2_tables_needed(SKERRY_GICC_BASE, GICC_BYTES);
	tables += stage2_tables_needed(SKERRY_ROM_BASE, rom);
	if (guest->channel_count)
		tables += stage2_tables_needed(SKERRY_CHANNEL_BASE,
					       channels_end(guest) - SKERRY_CHANNEL_BASE);
	tables += grants_tables(guest);
	if (size >= CHUNK_SIZE)
		tables++; /* for the block that is given in part at first */
	if (!guest->map.root.v && !stage2_init(&guest->map, guest->id, SKERRY_RAM_BASE + size))
		return fail(guest, err, "no memory or VMID left for its page tables");
	if (!frames_reserve_all(guest->id, size / CHUNK_SIZE + rom / CHUNK_SIZE + flash,
				(size % CHUNK_SIZE + rom % CHUNK_SIZE) / PAGE_SIZE + tables))
		return fail(guest, err, "memory-size: more than is left");
	return map_fixed(guest) || fail(guest, err, "no memory left for its page tables");
}

/* Its memory and what is in it at first. */
static bool fill(struct guest *guest, struct fdt_error *err)
{
	return guest_prepare(guest, err) && life_load(guest, err) &&
	       (!guest->config.populate || guest_populate(guest) ||
		fail(guest, err, "no memory left to populate it"));
}

void guest_remove(struct guest *guest)
{
	vwatchdog_reset(&guest->watchdog);
	timer_cancel_wait(&guest->watchdog.timer);
	channels_leave(guest);
	grants_leave(guest);
	life_discard(guest);
	life_forget(guest);
	vconsole_reset(&guest->console);
	timer_cancel_wait(&guest->console.flush);
	timer_cancel_wait(&guest->printing);
	for (unsigned i = 0; i < guest->config.cpus; i++)
		if (guest->vcpus[i]) {
			vtimer_reset(&guest->vcpus[i]->vtimer);
			sched_remove(&guest->vcpus[i]->sched);
		}
	guests[guest->id] = NULL;
	frames_give_pages(guest->id, mmu_address(guest), state_order(guest->config.cpus));
	while (guests_made && !guests[guests_made - 1])
		guests_made--;
}

/* Everything goes back, as if the bundle had never been looked at. */
static void forget_all(void)
{
	while (guests_made)
		guest_remove(guests[guests_made - 1]);
	channels_forget();
	made_from = NULL;
	grants_forget();
}

/* The lowest one that nobody has. */
static unsigned free_id(void)
{
	unsigned id = 0;

	while (id < guests_made && guests[id])
		id++;
	return id;
}

bool guest_takes_long(const char *original)
{
	int index = made_from ? bundle_find(made_from, original) : -1;
	struct guest_config config = {.populate = false};

	if (index >= 0)
		bundle_guest(made_from, (u32)index, &config);
	return config.populate;
}

bool guests_original(unsigned index, struct guest_config *config)
{
	if (!made_from || index >= made_from->guest_count)
		return false;
	bundle_guest(made_from, index, config);
	return true;
}

bool guests_script(const char *name, const u8 **lines, u32 *length)
{
	return made_from && bundle_script(made_from, name, lines, length);
}

struct guest *guest_add(const char *original, const char *name, struct fdt_error *err)
{
	int index = made_from ? bundle_find(made_from, original) : -1;
	unsigned id = free_id();
	struct guest_config config;
	struct guest *guest;

	if (index < 0 || id == GUESTS_MAX) {
		format(err->text, sizeof(err->text),
		       index < 0 ? "no guest \"%.31s\" in the bundle" :
				   "too many guests to make \"%.31s\"",
		       original);
		return NULL;
	}
	bundle_guest(made_from, (u32)index, &config);
	memset(config.name, 0, sizeof(config.name));
	memcpy(config.name, name, MIN(strlen(name), (size_t)GUEST_NAME_MAX));
	config.focus = false;
	guest = make(&config, (u16)id, err);
	if (guest) {
		channels_join(guest);
		grants_join(guest);
		guest->fills_later = true; /* others run meanwhile */
	}
	if (guest && fill(guest, err))
		return guest;
	if (guests[id])
		guest_remove(guests[id]);
	return NULL;
}

bool guests_create(const struct bundle *bundle, struct fdt_error *err)
{
	life_init_all();
	channels_init();
	made_from = bundle;
	guests_made = 0;
	for (u32 i = 0; i < bundle->guest_count; i++) {
		struct guest_config config;

		bundle_guest(bundle, i, &config);
		if (!make(&config, (u16)i, err))
			goto refuse;
	}
	if (!channels_make(bundle, err) || !grants_create(bundle, err))
		goto refuse;
	for (unsigned i = 0; i < guests_made; i++)
		if (!fill(guests[i], err))
			goto refuse;
	return true;
refuse:
	forget_all();
	return false;
}

/* The first ones run on other pCPUs long before the last has started: no command of theirs comes between. */
void guests_start(void)
{
	guests_hold();
	for (unsigned i = 0; i < guests_made; i++)
		life_start(guests[i]);
	guests_let_go();
}

enum vcpu_power guest_cpu_on(struct guest *guest, unsigned index, u64 entry, u64 argument)
{
	struct vcpu *vcpu = guest->vcpus[guarded(index, guest->config.cpus)];
	enum vcpu_power was;

	lock_take(&guest->lock);
	was = (enum vcpu_power)vcpu->power;
	/* while it is being stopped its CPUs may still be turned on: they start when it goes on */
	if (was == VCPU_OFF && (guest->state == GUEST_RUNNING || guest->ending == END_STOP)) {
		/* It may be off by its own word, but still on its way off another pCPU. */
		while (!sched_is_off(&vcpu->sched) ||
		       __atomic_load_n(&vcpu->loaded, __ATOMIC_ACQUIRE))
			cpu_relax();
		context_reset(&vcpu->ctx, index);
		vcpu->clean_next = 0;
		vgic_reset_cpu(&vcpu->vgic);
		vtimer_reset(&vcpu->vtimer);
		vcpu->ctx.regs.pc = entry;
		vcpu->ctx.regs.x[0] = argument;
		vcpu->power = VCPU_ON;
		if (guest->state == GUEST_RUNNING)
			sched_start(&vcpu->sched);
	}
	lock_drop(&guest->lock);
	return was;
}

u64 guest_stolen_time(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;

	lock_take(&guest->lock);
	if (!guest->stolen_page.v) {
		u64 tables = stage2_tables_needed(GUEST_STOLEN_BASE, PAGE_SIZE);
		pa_t page = frames_take_page(guest->id, FRAME_STATE, false);

		if (page.v && frames_reserve(guest->id, 0, tables)) {
			memory_scrub(mmu_pointer(page), PAGE_SIZE);
			if (map_pages(guest, GUEST_STOLEN_BASE, page.v, PAGE_SIZE, STAGE2_SHARED))
				guest->stolen_page = page;
		}
		if (page.v && !guest->stolen_page.v)
			frames_give_page(guest->id, page);
	}
	lock_drop(&guest->lock);
	return guest->stolen_page.v ? GUEST_STOLEN_BASE + 64ULL * vcpu->index : 0;
}
