// SPDX-License-Identifier: Apache-2.0
/*
 * A whole machine for fuzzers, in one thread: some pCPUs that take turns, interrupts that come when the
 * hardware would raise them, guests of a bundle whose vCPUs go in and out by trap/'s own entry points;
 * all above arch/ and board/ is EL2's own code. And what must hold after every step (machine_check),
 * looked at from outside: who owns what is mapped, what the TLBs may still hold, whose FP registers and
 * list registers a pCPU has, what is in memory that a guest sees for the first time; and from inside, by
 * the checked build's oracle.
 *
 * For one file of a program, like guest_world.h, on which it stands.
 */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "../host/guest_world.h"

#include "cp/cp.h"
#include "fuzz.h"
#include "guest/channel.h"
#include "guest/grant.h"
#include "guest/oracle.h"
#include "mm/frames.h"
#include "trap/trap.h"

#define PCPUS 3
#define RAM_BYTES 0x1800000ull

#define GIC_SPURIOUS 1023

static struct gic_ops model_gic; /* gic_model.h's, without what is added here */

static struct {
	struct vcpu *on[PCPUS]; /* whose registers a pCPU has; NULL: it is idle */
	struct gic_ops gic;
	u64 device_lines; /* physical SPIs whose line is high, a bit each from 32 */
	struct frame_count before;
	bool off; /* power_off was called: nothing after it counts */
} machine;

/* --- What the TLBs of all pCPUs may hold together ---------------------------------------------- */

/* Each translation that was ever valid under a VMID until it is invalidated. */
static struct held {
	u64 ipa, pa, size;
	u16 vmid;
} * held;
static unsigned held_count, held_room;
static bool maps_changed;

static u16 vmid_of(u64 vttbr)
{
	return (u16)(vttbr >> 48);
}

static void drop_held(bool all, u16 vmid, u64 from, u64 to)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < held_count; i++)
		if (!(all || (held[i].vmid == vmid && held[i].ipa < to &&
			      from < held[i].ipa + held[i].size)))
			held[kept++] = held[i];
	held_count = kept;
}

static void watch_mmu(const struct mmu_event *event)
{
	mmu_event_count = 0; /* nobody reads the list */
	switch (event->kind) {
	case MMU_PUBLISH:
		maps_changed = true;
		break;
	case MMU_FLUSH_IPA: /* the page's or the block's entry, whatever its size */
		drop_held(false, vmid_of(event->vttbr), event->address, event->address + 1);
		maps_changed = true;
		break;
	case MMU_FLUSH_GUEST:
		drop_held(false, vmid_of(event->vttbr), 0, UINT64_MAX);
		maps_changed = true;
		break;
	case MMU_FLUSH_ALL_GUESTS:
		drop_held(true, 0, 0, 0);
		maps_changed = true;
		break;
	default:
		break;
	}
}

/* --- What must hold ------------------------------------------------------------------------------ */

static bool is_channel(const struct guest *guest, u64 ipa, u64 pa)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *c = channel_of((struct guest *)(uintptr_t)guest, i, &end);

		if (ipa - c->ends[end].ipa < c->size)
			return pa - c->memory.v == ipa - c->ends[end].ipa;
	}
	return false;
}

/* In which life of which guest each frame was mapped last. */
static u64 seen_in[RAM_BYTES / PAGE_SIZE];

/* Old bytes, of this guest's last life or of another's, in memory that it sees for the first time. */
static void check_clean(const struct guest *guest, u64 ipa, pa_t pa, u64 size)
{
	u64 life = (u64)guest->serial << 32 | (guest->restarts + 1);

	for (u64 at = 0; at < size; at += PAGE_SIZE) {
		u64 *seen = &seen_in[(pa.v + at - RAM_BASE) / PAGE_SIZE];
		const u64 *words = mmu_pointer(PA(pa.v + at));

		if (*seen == life)
			continue;
		*seen = life;
		for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
			MUST(words[i] != 0xa5a5a5a5a5a5a5a5, "%s sees old bytes at %#llx",
			     guest->config.name, (unsigned long long)(ipa + at + 8 * i));
	}
}

static bool was_held(u16 vmid, u64 ipa, u64 pa, u64 size)
{
	for (unsigned i = 0; i < held_count; i++)
		if (held[i].vmid == vmid && held[i].ipa == ipa && held[i].pa == pa &&
		    held[i].size == size)
			return true;
	return false;
}

static void check_leaf(void *arg, ipa_t ipa, pa_t pa, u64 size)
{
	const struct guest *guest = arg;
	enum frame_use use;
	u16 owner = frames_owner(pa, &use);

	if (owner == guest->id) {
		MUST(use == FRAME_MEMORY ||
			     (use == FRAME_STATE &&
			      ((ipa.v == GUEST_STOLEN_BASE && pa.v == guest->stolen_page.v) ||
			       (ipa.v == SKERRY_FLASH_BASE && pa.v == guest->flash.memory.v))),
		     "%s has a frame of use %u mapped at %#llx", guest->config.name, use,
		     (unsigned long long)ipa.v);
	} else if (owner == OWNER_EL2) {
		MUST(use == FRAME_SHARED && is_channel(guest, ipa.v, pa.v),
		     "%s has EL2's memory mapped at %#llx", guest->config.name,
		     (unsigned long long)ipa.v);
	} else {
		MUST(owner == OWNER_NONE && pa.v < RAM_BASE && ipa.v < SKERRY_RAM_BASE &&
			     (ipa.v >= SKERRY_DEVICE_BASE || ipa.v == SKERRY_GICC_BASE),
		     "%s has %#llx of owner %#x mapped at %#llx", guest->config.name,
		     (unsigned long long)pa.v, owner, (unsigned long long)ipa.v);
	}
	if (was_held(guest->map.vmid, ipa.v, pa.v, size))
		return;
	if (owner == guest->id && ipa.v >= SKERRY_RAM_BASE)
		check_clean(guest, ipa.v, pa, size);
	if (held_count == held_room) {
		held_room = held_room ? 2 * held_room : 1024;
		held = realloc(held, held_room * sizeof(*held));
	}
	held[held_count++] = (struct held){ipa.v, pa.v, size, guest->map.vmid};
}

static struct guest *guest_of_vmid(u16 vmid)
{
	for (unsigned id = 0; id < guest_count(); id++)
		if (guest_by_id(id) && guest_by_id(id)->map.root.v &&
		    guest_by_id(id)->map.vmid == vmid)
			return guest_by_id(id);
	return NULL;
}

/* A TLB must not translate to anything that the tables don't. */
static void check_held(void)
{
	for (unsigned i = 0; i < held_count; i++) {
		struct guest *guest = guest_of_vmid(held[i].vmid);
		pa_t pa = PA(0);

		MUST(guest, "VMID %u is nobody's, and a TLB may hold %#llx of it", held[i].vmid,
		     (unsigned long long)held[i].ipa);
		MUST(stage2_lookup(&guest->map, IPA(held[i].ipa), &pa) && pa.v == held[i].pa,
		     "a TLB may hold %#llx of %s, which is not mapped there any more",
		     (unsigned long long)held[i].ipa, guest->config.name);
	}
}

static void check_maps(void)
{
	u64 vmids[4] = {0};

	maps_changed = false;
	for (unsigned id = 0; id < guest_count(); id++) {
		struct guest *guest = guest_by_id(id);

		if (!guest || !guest->map.root.v)
			continue;
		MUST(guest->map.vmid && guest->map.vmid < 256 &&
			     !(vmids[guest->map.vmid / 64] >> guest->map.vmid % 64 & 1),
		     "%s has VMID %u", guest->config.name, guest->map.vmid);
		vmids[guest->map.vmid / 64] |= 1ull << guest->map.vmid % 64;
		stage2_each(&guest->map, check_leaf, guest);
	}
	check_held();
}

static void check_pcpus(void)
{
	for (unsigned id = 0; id < PCPUS; id++) {
		struct vcpu *vcpu = machine.on[id];

		MUST(pcpus[id].current == vcpu, "pCPU %u has another vCPU's state", id);
		MUST(!vcpu || vcpu->loaded, "pCPU %u runs a vCPU that is not loaded", id);
		MUST(!pcpus[id].fp_owner || (vcpu && pcpus[id].fp_owner == &vcpu->ctx),
		     "pCPU %u has FP registers of somebody else", id);
		standin_pcpu_set(id);
		MUST(vcpu || model_is_clean(), "list registers are left on pCPU %u", id);
		for (unsigned other = 0; other < id; other++)
			MUST(!vcpu || machine.on[other] != vcpu, "one vCPU on two pCPUs");
	}
}

/* What a checked build of EL2 finds wrong itself (guest/oracle.h). Those that go over all frames and maps:
 * where maps have changed, and now and then. */
static void ask_oracle(void)
{
	static unsigned often;
	struct finding finding = {""};
	bool good = true;

	for (unsigned id = 0; id < PCPUS && good; id++) {
		standin_pcpu_set(id);
		good = oracle_vgics(&finding) &&
		       (!machine.on[id] || oracle_vcpu(machine.on[id], &finding));
	}
	if (good && (maps_changed || often++ % 64 == 0))
		good = oracle_frames(&finding) && oracle_guests(&finding);
	MUST(good, "the oracle: %s", finding.text);
}

static void machine_check(void)
{
	const char *wrong;

	if (machine.off)
		return;
	wrong = sched_check();
	MUST(!wrong, "%s", wrong);
	check_pcpus();
	ask_oracle();
	if (maps_changed)
		check_maps();
}

/* --- Interrupts ---------------------------------------------------------------------------------- */

/* What the interrupt controller would signal on this pCPU; `take`: acknowledged, where that changes it. */
static u32 signalled(bool take)
{
	unsigned id = this_pcpu()->id;
	bool level;

	if (standin_sgis[id] & 1) {
		if (take)
			(void)standin_take_sgi(id, GIC_SGI_KICK);
		return GIC_SGI_KICK;
	}
	if (standin_virtual_due(id) && !model_active(board.virtual_timer)) {
		if (take)
			gic->set_active(board.virtual_timer, true);
		return board.virtual_timer;
	}
	if (standin_hyp_due(id))
		return board.hyp_timer;
	if (model_maintenance())
		return board.gic_maintenance;
	if (id)
		return GIC_SPURIOUS; /* the rest comes to the boot CPU */
	if (say_listening && say_typed && *say_typed)
		return board.uart.irq;
	for (u32 spi = 32; spi < 96; spi++)
		if (machine.device_lines >> (spi - 32) & 1 && model_enabled(spi, &level) &&
		    !model_active(spi)) {
			if (take)
				(void)model_fire(spi);
			return spi;
		}
	return GIC_SPURIOUS;
}

static u32 machine_ack(void)
{
	return signalled(true);
}

static void machine_deactivate(u32 intid)
{
	if (intid < 16)
		return;
	if (intid < 32)
		gic->set_active(intid, false);
	else if (intid != board.uart.irq)
		model_gic.deactivate(intid);
}

static void idle_interrupts(void)
{
	trap_interrupts(NULL);
	if (signalled(false) == GIC_SPURIOUS && !this_pcpu()->wanted)
		longjmp(*world.idle, 1);
}

/* EL2 waits here for another pCPU: one that was kicked takes that interrupt. */
static void others_go_on(void)
{
	unsigned here = this_pcpu()->id;

	for (unsigned id = 0; id < PCPUS; id++) {
		standin_pcpu_set(id);
		if (id != here && machine.on[id] && standin_take_sgi(id, GIC_SGI_KICK)) {
			pcpus[id].wanted = true;
			vgic_refresh(&machine.on[id]->vgic);
		}
	}
	standin_pcpu_set(here);
}

/* --- In and out of EL2 --------------------------------------------------------------------------- */

enum door { DOOR_SYNC, DOOR_IRQ, DOOR_SERROR, DOOR_IDLE };

/* As vectors.S does it: the quick way finds nothing in x19..x28, and must leave it so. */
static struct vcpu *quick_then_whole(struct vcpu *vcpu, bool sync)
{
	struct regs *regs = &vcpu->ctx.regs;
	u64 preserved[10];
	u32 left;

	memcpy(preserved, &regs->x[19], sizeof(preserved));
	memset(&regs->x[19], 0x5a, sizeof(preserved));
	left = sync ? trap_quick(vcpu) : trap_irq_quick(vcpu);
	for (unsigned i = 19; i < 29; i++)
		MUST(regs->x[i] == 0x5a5a5a5a5a5a5a5a, "the quick way uses x%u", i);
	memcpy(&regs->x[19], preserved, sizeof(preserved));
	if (sync && left == VERDICT_NEXT)
		regs_next(regs);
	if (left == 0 || (sync && left == VERDICT_NEXT))
		return vcpu;
	return sync ? trap_whole(vcpu, left) : trap_irq(vcpu, left);
}

static struct vcpu *through(struct vcpu *vcpu, enum door door)
{
	switch (door) {
	case DOOR_SYNC:
	case DOOR_IRQ:
		return quick_then_whole(vcpu, door == DOOR_SYNC);
	case DOOR_SERROR:
		return trap_serror(vcpu);
	default:
		return switch_next(NULL, SCHED_TICK);
	}
}

/* pCPU `id` enters EL2 by this door (IDLE: if it runs nobody), and goes on with whom it is told. */
static void enter(unsigned id, enum door door)
{
	struct vcpu *vcpu = machine.on[id], *volatile next = NULL;
	jmp_buf idle, stop;

	if (machine.off || !vcpu != (door == DOOR_IDLE))
		return;
	standin_pcpu_set(id);
	world.spins = 0;
	world.idle = &idle;
	power_catcher = &stop;
	if (setjmp(stop)) {
		machine.off = true;
		standin_locks_drop();
		return;
	}
	if (!setjmp(idle))
		next = through(vcpu, door);
	machine.on[id] = next;
	power_catcher = NULL;
}

/* All pCPUs take the interrupts that are signalled, until there are none. */
static void machine_settle(void)
{
	bool again = true;

	for (unsigned round = 0; again && round < 40; round++) {
		again = false;
		for (unsigned id = 0; id < PCPUS && !machine.off; id++) {
			standin_pcpu_set(id);
			if (machine.on[id] && signalled(false) == GIC_SPURIOUS && !pcpus[id].wanted)
				continue;
			again |= machine.on[id] || signalled(false) != GIC_SPURIOUS ||
				 pcpus[id].wanted;
			enter(id, machine.on[id] ? DOOR_IRQ : DOOR_IDLE);
		}
	}
}

/* --- Beginning and end --------------------------------------------------------------------------- */

/* `hardware`: the version of its GIC; the bundle's tree, which stays the caller's. */
static void machine_start(unsigned hardware, const void *bundle_tree, size_t size)
{
	static struct fdt devices;
	static struct board described;
	struct bundle_limits limits = {.pcpus = PCPUS,
				       .memory = RAM_BYTES,
				       .gicv2 = true,
				       .gicv3 = hardware == 3};
	struct fdt_error err = {""};

	board_tree = (struct fdt){0}; /* kept */
	random_seed(1, 2, true);
	world_new(hardware, PCPUS, RAM_BYTES);
	if (!devices.blob) {
		world_has_devices();
		devices = board_tree;
		MUST(board_read(&described, &devices, &err), "%s", err.text);
	}
	board_tree = devices;
	memset(&machine, 0, sizeof(machine));
	held_count = 0;
	memset(seen_in, 0, sizeof(seen_in));
	model_gic = *gic;
	machine.gic = *gic;
	machine.gic.ack = machine_ack;
	machine.gic.deactivate = machine_deactivate;
	gic = &machine.gic;
	switch_idle_interrupts = idle_interrupts;
	world.spin = others_go_on;
	board.gic_maintenance = 25;
	board.uart.irq = 33;
	say_typed = NULL;
	say_listening = true;
	mmu_on_event = watch_mmu;
	standin_translates = true;
	standin_translate_offset = 0;
	machine.before = frames_count();
	limits.tree = &board_tree;
	limits.board = &described;
	MUST(bundle_open(&bundle, bundle_tree, size, &limits, &err) && guests_create(&bundle, &err),
	     "%s", err.text);
	maps_changed = true;
	machine_check();
	guests_start();
	cp_init();
	machine_settle();
}

/* All guests are destroyed, by the operator: not a frame is missing. */
static void machine_end(void)
{
	static const struct bundle nothing;
	struct fdt_error err = {""};
	struct frame_count left;

	if (!machine.off) {
		machine_settle();
		standin_pcpu_set(0);
		guests_hold();
		for (unsigned id = 0; id < guest_count(); id++)
			if (guest_by_id(id))
				(void)!life_order(guest_by_id(id), LIFE_DESTROY);
		guests_let_go();
		for (unsigned id = 0; id < PCPUS; id++)
			pcpus[id].wanted = true;
		machine_settle();
		machine_check();
		for (unsigned id = 0; id < guest_count(); id++)
			MUST(!guest_by_id(id), "%s is still there", guest_by_id(id)->config.name);
		MUST(guests_create(&nothing, &err), "%s", err.text);
		maps_changed = true;
		machine_check();
		left = frames_count();
		MUST(!left.reserved && !left.by_use[FRAME_MEMORY] && !left.by_use[FRAME_TABLE] &&
			     !left.by_use[FRAME_STATE] &&
			     left.free + left.by_use[FRAME_EL2] + left.by_use[FRAME_SHARED] ==
				     machine.before.free + machine.before.by_use[FRAME_EL2],
		     "frames are missing");
	}
	for (unsigned id = 0; machine.off && id < guest_count(); id++)
		if (guest_by_id(id))
			life_discard(guest_by_id(id)); /* VMIDs outlive a machine here */
	mmu_on_event = NULL;
	gic = &model_gic;
}

#endif
