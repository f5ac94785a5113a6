// SPDX-License-Identifier: Apache-2.0
/*
 * The ownership oracle; see oracle.h. Runs at EL2, with no lock held. Works from the page tables and the
 * frame records alone; numbers are those of the Arm ARM (D8.3, stage-2 descriptors), not the code's own.
 *
 * Lists of frames are compared as multisets: their number and the sum of a mixing function of each, so that
 * one pass over each side is enough, in any order.
 */
#include "guest/oracle.h"

#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "board/board.h"
#include "board/say.h"
#include "guest/channel.h"
#include "lib/string.h"
#include "mm/frames.h"

/* Stage-2 leaves without address: AF, shareability, S2AP, MemAttr, XN, and type by size. */
#define LEAF_ADDRESS 0xfffffffff000ULL
#define LEAF_MEMORY 0x7fdULL		    /* Normal write-back, inner shareable, read, write */
#define LEAF_ROM 0x77dULL		    /* the same, read only */
#define LEAF_SHARED (0x7fdULL | 1ULL << 54) /* memory that is never executed */
#define LEAF_DEVICE (0x4c5ULL | 1ULL << 54) /* Device-nGnRE, read, write, never executed */
#define LEAF_PAGE 2ULL

#define SPARED 64 /* traps until what was left out is looked at again */

struct bag {
	u64 sum;
	u32 frames;
};

/* What a guest has of each use: by the frame records, and by its own tables and state. */
struct estate {
	struct bag owned[FRAME_USES], seen[FRAME_USES];
	bool busy; /* it is just being made anew: not looked at */
	bool there;
};

static struct {
	struct lock lock; /* all of this; before guests, and only tried */
	struct estate estates[GUESTS_MAX];
	u64 vmids[1024 / 64];
	u64 stray; /* a frame whose owner is no guest; 0: none */
	u16 stray_owner;
	struct guest *guest; /* whose map is being looked at */
	struct finding *finding;
	u32 seen_frames, seen_vgic[GUESTS_MAX], traps;
} oracle;

/* --- Multisets of frames -------------------------------------------------------------------- */

static void put_frames(struct bag *bag, u64 pa, u64 size)
{
	for (u64 at = pa; at < pa + size; at += PAGE_SIZE) {
		u64 mixed = (at / PAGE_SIZE + 1) * 0x9e3779b97f4a7c15;

		bag->sum += (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9;
		bag->frames++;
	}
}

static void put_owned(void *arg, pa_t pa, u64 size, u16 owner, enum frame_use use)
{
	(void)arg;
	if (owner == OWNER_EL2)
		return;
	if (owner >= GUESTS_MAX || !oracle.estates[owner].there) {
		oracle.stray = pa.v;
		oracle.stray_owner = owner;
		return;
	}
	if (!oracle.estates[owner].busy)
		put_frames(&oracle.estates[owner].owned[use], pa.v, size);
}

/* --- A guest's map -------------------------------------------------------------------------- */

static bool is_in(u64 at, u64 base, u64 size)
{
	return at >= base && at - base < size;
}

static bool is_ram(u64 pa)
{
	for (unsigned i = 0; i < board.rams; i++)
		if (is_in(pa, board.ram[i].base, board.ram[i].size))
			return true;
	return false;
}

/* Where `ipa` is the guest's own end of a channel: the frame that is to be there. 0: it is not. */
static u64 channel_frame(struct guest *guest, u64 ipa)
{
	for (unsigned i = 0; i < guest->channel_count; i++) {
		unsigned end;
		const struct channel *channel = channel_of(guest, i, &end);

		if (is_in(ipa, channel->ends[end].ipa, channel->size))
			return channel->memory.v + (ipa - channel->ends[end].ipa);
	}
	return 0;
}

/* What a leaf for this IPA is to be, and whose the frame; false: nothing is to be mapped there. */
struct rule {
	u64 bits, pa; /* pa: where alone it may lead; 0: anywhere that is its owner's */
	u16 owner;
	enum frame_use use;
};

static bool rule_for(struct guest *guest, u64 ipa, struct rule *rule)
{
	u64 rom = guest_rom_size(guest), channel = channel_frame(guest, ipa);

	*rule = (struct rule){LEAF_MEMORY, 0, guest->id, FRAME_MEMORY};
	if (guest_in_part(guest, ipa))
		rule->pa = guest->part.chunk.v + (ipa - guest->part.ipa);
	if (is_in(ipa, 0x40000000, guest->config.memory_size))
		return true;
	if (is_in(ipa, 0, rom)) {
		rule->bits = LEAF_ROM;
		return true;
	}
	if (rom && ipa == 0x04000000 && guest->flash.memory.v) {
		*rule = (struct rule){LEAF_ROM, guest->flash.memory.v, guest->id, FRAME_STATE};
		return true;
	}
	if (ipa == GUEST_STOLEN_BASE && guest->stolen_page.v) {
		*rule = (struct rule){LEAF_SHARED, guest->stolen_page.v, guest->id, FRAME_STATE};
		return true;
	}
	if (channel) {
		*rule = (struct rule){LEAF_SHARED, channel, OWNER_EL2, FRAME_SHARED};
		return true;
	}
	*rule = (struct rule){LEAF_DEVICE, 0, OWNER_NONE, FRAME_FREE};
	if (ipa == 0x08010000 && guest->gic_version == 2 && !guest->vgic.emulated) {
		rule->pa = board.gicv.base;
		return true;
	}
	return is_in(ipa, 0x0d000000, 0x03000000); /* granted devices */
}

static bool see_leaf(void *arg, ipa_t ipa, u64 desc, u64 size)
{
	struct estate *estate = arg;
	struct guest *guest = oracle.guest;
	u64 pa = desc & LEAF_ADDRESS, bits = desc & ~LEAF_ADDRESS;
	enum frame_use use;
	u16 owner = frames_owner(PA(pa), &use);
	struct rule rule;

	if (!rule_for(guest, ipa.v, &rule))
		return found(oracle.finding,
			     "guest %s: %lx is mapped (%lx): expected nothing there",
			     guest->config.name, ipa.v, desc);
	if (size == PAGE_SIZE)
		rule.bits |= LEAF_PAGE;
	if (bits != rule.bits)
		return found(oracle.finding, "guest %s: %lx is mapped as %lx, expected %lx",
			     guest->config.name, ipa.v, bits, rule.bits);
	if ((rule.pa && pa != rule.pa) || owner != rule.owner || use != rule.use ||
	    (rule.owner == OWNER_NONE && is_ram(pa)))
		return found(oracle.finding,
			     "guest %s: %lx leads to %lx (owner %u, use %u): expected %lx (%u, %u)",
			     guest->config.name, ipa.v, pa, owner, use, rule.pa ? rule.pa : pa,
			     rule.owner, rule.use);
	/* one that is mapped in part counts as a whole: see_state */
	if (owner == guest->id && use == FRAME_MEMORY && !guest_in_part(guest, ipa.v))
		put_frames(&estate->seen[FRAME_MEMORY], pa, size);
	return true;
}

static bool see_table(void *arg, pa_t pa)
{
	struct estate *estate = arg;

	put_frames(&estate->seen[FRAME_TABLE], pa.v, PAGE_SIZE);
	return true;
}

static bool check_vmid(const struct guest *guest)
{
	u64 bit = 1ULL << guest->map.vmid % 64;
	u64 *word = &oracle.vmids[guest->map.vmid / 64 % ARRAY_SIZE(oracle.vmids)];

	if (*word & bit)
		return found(oracle.finding, "guest %s: its VMID %u is another guest's too",
			     guest->config.name, guest->map.vmid);
	*word |= bit;
	return true;
}

/* struct guest with its vCPUs is one aligned run of frames. */
static void see_state(const struct guest *guest, struct estate *estate)
{
	u64 bytes = sizeof(*guest) + guest->config.cpus * sizeof(struct vcpu), run = PAGE_SIZE;

	while (run < bytes)
		run *= 2;
	put_frames(&estate->seen[FRAME_STATE], mmu_address(guest).v, run);
	if (guest->stolen_page.v)
		put_frames(&estate->seen[FRAME_STATE], guest->stolen_page.v, PAGE_SIZE);
	if (guest->flash.memory.v)
		put_frames(&estate->seen[FRAME_STATE], guest->flash.memory.v, CHUNK_SIZE);
	if (guest->part.chunk.v)
		put_frames(&estate->seen[FRAME_MEMORY], guest->part.chunk.v, CHUNK_SIZE);
}

static bool see_guest(struct guest *guest)
{
	struct estate *estate = &oracle.estates[guest->id];
	const struct stage2_visit visit = {see_leaf, see_table, estate};

	oracle.guest = guest;
	see_state(guest, estate);
	if (!guest->map.root.v) /* emptied */
		return true;
	return check_vmid(guest) && stage2_check(&guest->map, &visit, oracle.finding);
}

static bool compare(const struct guest *guest)
{
	static const char *const names[FRAME_USES] =
		{[FRAME_TABLE] = "tables", [FRAME_STATE] = "state", [FRAME_MEMORY] = "memory"};
	const struct estate *estate = &oracle.estates[guest->id];

	for (unsigned use = 0; use < FRAME_USES; use++) {
		const struct bag *owned = &estate->owned[use], *seen = &estate->seen[use];

		if (owned->frames == seen->frames && owned->sum == seen->sum)
			continue;
		return found(oracle.finding, "guest %s: %u frames of %s are used, it owns %u%s",
			     guest->config.name, seen->frames, names[use] ? names[use] : "no use",
			     owned->frames, owned->frames == seen->frames ? ", but others" : "");
	}
	return true;
}

/* --- All guests ----------------------------------------------------------------------------- */

/* Between the claim of its end and its next state a guest is taken apart and made without its lock. */
static bool is_busy(const struct guest *guest)
{
	return guest->state == GUEST_STOPPING && guest->ending == END_NONE;
}

/* Guests held. Locks of all guests, or of none (false). */
static bool hold_each(void)
{
	for (unsigned id = 0; id < guest_count(); id++) {
		if (!guest_by_id(id) || lock_try(&guest_by_id(id)->lock))
			continue;
		while (id--)
			if (guest_by_id(id))
				lock_drop(&guest_by_id(id)->lock);
		return false;
	}
	return true;
}

static void let_each_go(void)
{
	for (unsigned id = 0; id < guest_count(); id++)
		if (guest_by_id(id))
			lock_drop(&guest_by_id(id)->lock);
}

/* All locks held. *whole: no guest was left out. */
static bool check_guests(bool *whole)
{
	memset(oracle.estates, 0, sizeof(oracle.estates));
	memset(oracle.vmids, 0, sizeof(oracle.vmids));
	oracle.stray = 0;
	for (unsigned id = 0; id < guest_count(); id++) {
		const struct guest *guest = guest_by_id(id);

		oracle.estates[id].there = guest != NULL;
		oracle.estates[id].busy = guest && is_busy(guest);
		*whole &= !oracle.estates[id].busy;
	}
	frames_each(put_owned, NULL);
	if (oracle.stray)
		return found(oracle.finding, "the frame at %lx is guest %u's, which there is not",
			     oracle.stray, oracle.stray_owner);
	for (unsigned id = 0; id < guest_count(); id++) {
		struct guest *guest = guest_by_id(id);

		if (guest && !oracle.estates[id].busy && (!see_guest(guest) || !compare(guest)))
			return false;
	}
	return true;
}

/* Lock oracle held. *done: all was looked at. */
static bool try_guests(struct finding *finding, bool *done)
{
	bool good = true;

	oracle.finding = finding;
	*done = guests_try();
	if (!*done)
		return true;
	if (hold_each()) {
		good = check_guests(done);
		let_each_go();
	} else {
		*done = false;
	}
	guests_let_go();
	return good;
}

bool oracle_frames(struct finding *finding)
{
	return frames_check(finding);
}

bool oracle_guests(struct finding *finding)
{
	bool done, good;

	if (!lock_try(&oracle.lock))
		return true;
	good = try_guests(finding, &done);
	lock_drop(&oracle.lock);
	return good;
}

bool oracle_vgics(struct finding *finding)
{
	bool good = true;

	if (!guests_try())
		return true;
	for (unsigned id = 0; id < guest_count() && good; id++)
		if (guest_by_id(id))
			good = vgic_check(&guest_by_id(id)->vgic, finding);
	guests_let_go();
	return good;
}

/* --- This pCPU ------------------------------------------------------------------------------- */

bool oracle_vcpu(const struct vcpu *vcpu, struct finding *finding)
{
	const struct guest *guest = vcpu->guest;
	const struct pcpu *self = this_pcpu();
	u64 vttbr, vtcr;

	mmu_loaded_guest(&vttbr, &vtcr);
	if (self->current != vcpu || !vcpu->loaded || !vcpu->vgic.loaded ||
	    vcpu->vgic.pcpu != self->id)
		return found(finding, "CPU %u: goes on with %s's vCPU %u, which is not loaded here",
			     self->id, guest->config.name, vcpu->index);
	if (vttbr != guest->map.vttbr || vtcr != guest->map.vtcr)
		return found(finding,
			     "CPU %u: VTTBR_EL2 %lx, VTCR_EL2 %lx: expected %s's %lx and %lx",
			     self->id, vttbr, vtcr, guest->config.name, guest->map.vttbr,
			     guest->map.vtcr);
	if (guest->last_vcpu[self->id] != vcpu->index + 1)
		return found(finding, "CPU %u: TLBs hold vCPU %u's entries of %s, vCPU %u goes on",
			     self->id, guest->last_vcpu[self->id] - 1U, guest->config.name,
			     vcpu->index);
	if (guest->state != GUEST_RUNNING && guest->state != GUEST_STOPPING)
		return found(finding, "CPU %u: %s runs, and its state is %u", self->id,
			     guest->config.name, guest->state);
	return context_check(&vcpu->ctx, finding);
}

bool oracle_all(const struct vcpu *vcpu, struct finding *finding)
{
	const char *wrong = sched_check();

	if (wrong)
		return found(finding, "run queues: %s", wrong);
	return (!vcpu || oracle_vcpu(vcpu, finding)) && oracle_frames(finding) &&
	       oracle_guests(finding) && oracle_vgics(finding);
}

/* --- After a trap --------------------------------------------------------------------------- */

/* Frames have changed hands: what is left out now is looked at again later. */
static bool check_memory(struct finding *finding)
{
	u32 changes = frames_changes();
	bool done, good;

	if (changes == oracle.seen_frames || !lock_try(&oracle.lock))
		return true;
	good = frames_check(finding) && try_guests(finding, &done);
	/* these checks themselves take lock frames */
	if (good && (done || ++oracle.traps % SPARED))
		oracle.seen_frames = frames_changes();
	lock_drop(&oracle.lock);
	return good;
}

static bool check_interrupts(const struct vcpu *vcpu, struct finding *finding)
{
	struct vgic *vgic = vcpu->vgic.vgic;
	u32 *seen = &oracle.seen_vgic[vcpu->guest->id % GUESTS_MAX];
	bool good;

	if (lock_drops(&vgic->lock) == *seen)
		return true;
	good = vgic_check(vgic, finding);
	*seen = lock_drops(&vgic->lock);
	return good;
}

void oracle_trap(const struct vcpu *vcpu)
{
	struct finding finding;

	if (!oracle_vcpu(vcpu, &finding) || !check_interrupts(vcpu, &finding) ||
	    !check_memory(&finding))
		panic("oracle: %s", finding.text);
}
