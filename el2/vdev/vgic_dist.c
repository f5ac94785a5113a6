// SPDX-License-Identifier: Apache-2.0
/*
 * Distributor and redistributor registers (IHI 0048, 4.3; IHI 0069, 12.9 and 12.11). Runs at EL2, in
 * the trap of a guest's load or store.
 *
 * A GICv3 guest sees affinity routing always on and one Security state (GICD_CTLR.ARE and DS read as
 * one), no LPIs, no 1-of-N. A GICv2 guest sees an implementation without Security Extensions but
 * with both groups.
 *
 * What is reserved, or accessed with a width it doesn't have, is RAZ/WI; only what lies outside the
 * frames is nobody's. Registers that no list register has a say in are read without the lock.
 */
#include "arch/cpu.h"
#include "vdev/vgic_internal.h"

#define FRAME_V2 0x1000u
#define FRAME_V3 0x10000u

/* A register of 1 bit an interrupt is known by bits 11:7 of its offset. */
enum { CONTROL, IGROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER };

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xc00
#define GICD_SGIR 0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD_IROUTER 0x6000

#define GICD_CTLR_V3 0x50u     /* DS and ARE: read as one, writes ignored */
#define GICD_IIDR_VALUE 0x43bu /* Arm */
/* IDbits 10, A3V, no 1-of-N, 128 lines; GICv2: 128 lines and CPUNumber in 7:5. */
#define GICD_TYPER_V3 (9u << 19 | 1u << 24 | 1u << 25 | 3u)
#define GICD_TYPER_V2 3u

#define GICR_STRIDE_SHIFT 17 /* RD_base and SGI_base, 64 KiB each */
#define GICR_CTLR 0x00
#define GICR_IIDR 0x04
#define GICR_TYPER 0x08
#define GICR_WAKER 0x14
#define GICR_TYPER_LAST BIT(4)
#define GICR_WAKER_ASLEEP 6u /* ProcessorSleep and ChildrenAsleep */

/* How long to wait for another pCPU to fold: longer than any EL2 code runs, and than a host that
 * plays the machine keeps one of its CPUs off. */
#define FOLD_SPINS 10000000u

/* The last 48 bytes of a frame: PIDR4..7, PIDR0..3, CIDR0..3. */
static const u8 ids_v2[12] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};
static const u8 ids_v3[12] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

/* The bits of `mask` that the n-th access unit of a word register covers are those of this one. */
struct field {
	u32 mask, value;
};

static u32 id_register(const struct vgic *vgic, u32 offset)
{
	u32 n = (offset & 0xfff) / 4 - 0xfd0 / 4;

	return vgic->version == 2 ? ids_v2[n] : ids_v3[n];
}

/* --- Pending and active state --------------------------------------------------------------- */

static bool is_stale(const struct vgic_cpu *cpu, unsigned k)
{
	return __atomic_load_n(&cpu->loaded, __ATOMIC_ACQUIRE) && !vgic_here(cpu) &&
	       vgic_lr_holds(cpu, k, ~0u);
}

/*
 * A vCPU on another pCPU may have taken or ended what it lists: has it fold, and waits, without the
 * lock, until it has. While we wait our own guest stands still, so if the other waits for us, our
 * own list registers must not be in doubt: they were folded before. The wait is bounded, because the
 * other pCPU may wait in EL2 for something else of ours; then the state read is a little old.
 */
static void wait_for_fold(struct vgic_cpu *self, struct vgic_cpu *other)
{
	u32 folds = other->folds;
	unsigned spins = FOLD_SPINS;

	vgic_poke(self);
	vgic_soil(other);
	lock_drop(&self->vgic->lock);
	sched_kick(other->pcpu);
	while (__atomic_load_n(&other->folds, __ATOMIC_ACQUIRE) == folds &&
	       __atomic_load_n(&other->loaded, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&other->waits, __ATOMIC_ACQUIRE) && --spins)
		cpu_relax();
	lock_take(&self->vgic->lock);
}

static void sync_others(struct vgic_cpu *self, struct vgic_cpu *owner, unsigned k)
{
	struct vgic *vgic = self->vgic;

	for (unsigned i = 0; i < vgic->cpus; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		if ((k != 0 || cpu == owner) && is_stale(cpu, k)) {
			__atomic_store_n(&self->waits, true, __ATOMIC_RELEASE);
			wait_for_fold(self, cpu);
			__atomic_store_n(&self->waits, false, __ATOMIC_RELEASE);
		}
	}
}

/* The wires as they are now: a timer's may have changed without a trap. */
static u32 lines_now(struct vgic_cpu *owner, unsigned k)
{
	struct vgic *vgic = owner->vgic;
	u32 level = vgic_bank(owner, k)->level;

	for (u32 intid = 16; k == 0 && vgic->line_now && intid < VGIC_PRIVATE; intid++) {
		bool high;

		if (vgic->line_now(owner, intid, &high))
			level = (level & ~(u32)BIT(intid)) | (u32)high << intid;
	}
	return level;
}

static u32 read_state(struct vgic_cpu *self, struct vgic_cpu *owner, unsigned k, bool active)
{
	struct vgic_bank *bank = vgic_bank(owner, k);
	u32 state;

	lock_take(&self->vgic->lock);
	sync_others(self, owner, k);
	state = vgic_lr_state(owner, k, active);
	if (active) {
		state |= bank->active;
	} else {
		u32 lines = lines_now(owner, k);

		state |= bank->latch | (lines & ~bank->edge);
		if ((bank->level & ~lines) && vgic_here(owner)) { /* nor is it to be taken */
			bank->level &= lines;
			vgic_poke(owner);
		}
	}
	lock_drop(&self->vgic->lock);
	return state;
}

/* GICv2's SGIs are made pending by GICD_SGIR and GICD_SPENDSGIR alone: IHI 0048, 4.3.7. */
static void write_pending(struct vgic_cpu *owner, unsigned k, u32 bits, bool set)
{
	struct vgic_bank *bank = vgic_bank(owner, k);
	u32 who;

	if (k == 0 && owner->vgic->version == 2)
		bits &= 0xffff0000;
	who = vgic_lr_recall(owner, k, bits, !set, false);
	bank->latch = set ? bank->latch | bits : bank->latch & ~bits;
	vgic_changed(owner, k, bits, who);
}

static void write_active(struct vgic_cpu *owner, unsigned k, u32 bits, bool set)
{
	struct vgic *vgic = owner->vgic;
	u32 who = vgic_lr_recall(owner, k, bits, false, !set);

	for_each_bit(n, bits) {
		u32 intid = 32 * k + n;
		struct vgic_cpu *cpu = k ? vgic_target(vgic, intid) : owner;

		if (set && !(vgic_bank(owner, k)->active & BIT(n)))
			vgic_activate(cpu ? cpu : owner, intid, 0);
		for (unsigned i = 0; !set && i < vgic->cpus; i++)
			if (k || vgic->cpu[i] == owner)
				for (unsigned s = 0; s < (vgic_has_source(vgic, intid) ? 8 : 1);
				     s++)
					vgic_deactivate(vgic->cpu[i], intid, s);
	}
	vgic_changed(owner, k, bits, who);
}

/* --- Registers of one bit an interrupt ------------------------------------------------------ */

static u32 read_states(struct vgic_cpu *self, struct vgic_cpu *owner, unsigned reg, unsigned k)
{
	switch (reg) {
	case ISPENDR:
	case ICPENDR:
		return read_state(self, owner, k, false);
	default:
		return read_state(self, owner, k, true);
	}
}

static void write_enables(struct vgic_cpu *owner, unsigned k, u32 bits, bool set)
{
	struct vgic_bank *bank = vgic_bank(owner, k);

	if (k == 0 && owner->vgic->version == 2)
		bits &= 0xffff0000; /* SGIs are always enabled: see vgic_init_cpu */
	bits &= set ? ~bank->enabled : bank->enabled;
	bank->enabled ^= bits;
	if (bits)
		vgic_changed(owner, k, bits, 0);
}

static void write_groups(struct vgic_cpu *owner, unsigned k, u32 bits)
{
	struct vgic_bank *bank = vgic_bank(owner, k);
	u32 changed = bank->group1 ^ bits;

	bank->group1 = bits;
	vgic_changed(owner, k, changed, 0);
}

static void write_bits(struct vgic_cpu *owner, unsigned reg, unsigned k, u32 bits)
{
	lock_take(&owner->vgic->lock);
	switch (reg) {
	case IGROUPR:
		write_groups(owner, k, bits);
		break;
	case ISENABLER:
	case ICENABLER:
		write_enables(owner, k, bits, reg == ISENABLER);
		break;
	case ISPENDR:
	case ICPENDR:
		write_pending(owner, k, bits, reg == ISPENDR);
		break;
	default:
		write_active(owner, k, bits, reg == ISACTIVER);
		break;
	}
	lock_drop(&owner->vgic->lock);
}

/* --- Registers of eight bits an interrupt --------------------------------------------------- */

/* Where the priorities of four interrupts stand; NULL: no such, or banked elsewhere. */
static u32 *priorities(struct vgic *vgic, struct vgic_cpu *owner, u32 word)
{
	if (word < VGIC_PRIVATE / 4)
		return owner ? &owner->priority[word] : NULL;
	return word < VGIC_LINES / 4 ? &vgic->spi_priority[word - VGIC_PRIVATE / 4] : NULL;
}

static void write_priorities(struct vgic_cpu *self, struct vgic_cpu *owner, u32 word,
			     struct field field)
{
	u32 *place, value;

	lock_take(&self->vgic->lock);
	place = priorities(self->vgic, owner, word);
	if (place) {
		value = (*place & ~field.mask) | (field.value & field.mask & VGIC_PRIORITY_MASK);
		if (value != *place) {
			*place = value;
			vgic_changed(owner ? owner : self, word / 8, 0xfu << word % 8 * 4, 0);
		}
	}
	lock_drop(&self->vgic->lock);
}

/* IHI 0048, 4.3.12: banked read-only for private interrupts, RAZ/WI if there is only one CPU. */
static u32 read_targets(const struct vgic_cpu *self, u32 word)
{
	const struct vgic *vgic = self->vgic;
	const u32 *route;

	if (vgic->cpus == 1 || word >= VGIC_LINES / 4)
		return 0;
	if (word < VGIC_PRIVATE / 4)
		return (u32)BIT(self->index) * 0x01010101u;
	route = &vgic->spi_route[(word - VGIC_PRIVATE / 4) * 4];
	return route[0] | route[1] << 8 | route[2] << 16 | route[3] << 24;
}

/* Its old target may list it: where that can't be changed from here, it is passed on from there. */
static void route(struct vgic_cpu *self, u32 spi, u32 value)
{
	struct vgic *vgic = self->vgic;
	u32 intid = spi + VGIC_PRIVATE, k = intid / 32, bit = (u32)BIT(intid % 32), who;
	struct vgic_cpu *old = vgic_target(vgic, intid);

	if (vgic->spi_route[spi] == value)
		return;
	who = vgic_lr_recall(self, k, bit, false, false);
	vgic->spi_route[spi] = value;
	vgic_changed(self, k, bit, who | (old ? (u32)BIT(old->index) : 0));
}

static void write_targets(struct vgic_cpu *self, u32 word, struct field field)
{
	u32 all = (u32)BIT(self->vgic->cpus) - 1;

	if (self->vgic->cpus == 1 || word < VGIC_PRIVATE / 4 || word >= VGIC_LINES / 4)
		return;
	lock_take(&self->vgic->lock);
	for (u32 i = 0; i < 4; i++)
		if (field.mask & 0xffu << 8 * i)
			route(self, word * 4 + i - VGIC_PRIVATE, field.value >> 8 * i & all);
	lock_drop(&self->vgic->lock);
}

/* --- Registers of two bits an interrupt ----------------------------------------------------- */

/* 16 bits to the odd bits of a word, and back. */
static u32 spread(u32 bits)
{
	bits = (bits | bits << 8) & 0x00ff00ff;
	bits = (bits | bits << 4) & 0x0f0f0f0f;
	bits = (bits | bits << 2) & 0x33333333;
	return ((bits | bits << 1) & 0x55555555) << 1;
}

static u32 gather(u32 word)
{
	word = word >> 1 & 0x55555555;
	word = (word | word >> 1) & 0x33333333;
	word = (word | word >> 2) & 0x0f0f0f0f;
	word = (word | word >> 4) & 0x00ff00ff;
	return (word | word >> 8) & 0xffff;
}

static u32 read_config(struct vgic_cpu *owner, u32 word)
{
	return spread(vgic_bank(owner, word / 2)->edge >> 16 * (word % 2) & 0xffff);
}

/* SGIs are edge-triggered, and our PPIs level-sensitive: both can't be changed. */
static void write_config(struct vgic_cpu *owner, u32 word, u32 value)
{
	u32 k = word / 2, shift = 16 * (word % 2), changed;
	struct vgic_bank *bank = vgic_bank(owner, k);

	if (k == 0)
		return;
	lock_take(&owner->vgic->lock);
	changed = (bank->edge ^ gather(value) << shift) & 0xffffu << shift;
	if (changed) {
		u32 who = vgic_lr_recall(owner, k, changed, false, false);

		bank->edge ^= changed;
		vgic_changed(owner, k, changed, who);
	}
	lock_drop(&owner->vgic->lock);
}

/* --- GICv2's SGIs --------------------------------------------------------------------------- */

/* GICD_SGIR, IHI 0048 4.3.15: filter 25:24, CPUs 23:16, INTID 3:0. */
static void write_sgir(struct vgic_cpu *self, u32 value)
{
	struct vgic *vgic = self->vgic;
	u32 all = (u32)BIT(vgic->cpus) - 1, own = (u32)BIT(self->index);
	u32 targets[4] = {value >> 16 & all, all & ~own, own, 0};

	lock_take(&vgic->lock);
	for_each_bit(i, targets[value >> 24 & 3])
		vgic_pend_sgi(vgic->cpu[i], value & 15, self->index);
	lock_drop(&vgic->lock);
}

/* GICD_CPENDSGIR, GICD_SPENDSGIR: a mask of sources for each of four SGIs. */
static u32 read_sgi_pending(struct vgic_cpu *self, u32 word)
{
	u32 value = 0;

	lock_take(&self->vgic->lock);
	vgic_lr_recall(self, 0, 0xfu << 4 * word, false, false);
	for (u32 i = 0; i < 4; i++)
		value |= (u32)self->sgi_sources[4 * word + i] << 8 * i;
	vgic_changed(self, 0, 0, (u32)BIT(self->index));
	lock_drop(&self->vgic->lock);
	return value;
}

static void write_sgi_pending(struct vgic_cpu *self, u32 word, struct field field, bool set)
{
	u32 all = (u32)BIT(self->vgic->cpus) - 1;

	lock_take(&self->vgic->lock);
	vgic_lr_recall(self, 0, 0xfu << 4 * word, false, false);
	for (u32 i = 0; i < 4; i++) {
		u32 intid = 4 * word + i;
		u32 sources = (field.value & field.mask) >> 8 * i & all;
		u32 now = self->sgi_sources[intid];

		now = set ? now | sources : now & ~sources;
		self->sgi_sources[intid] = (u8)now;
		self->bank.latch = (self->bank.latch & ~(u32)BIT(intid)) | (u32)(now != 0) << intid;
	}
	vgic_changed(self, 0, 0, (u32)BIT(self->index));
	lock_drop(&self->vgic->lock);
}

/* --- The distributor ------------------------------------------------------------------------ */

static u32 read_control(const struct vgic *vgic, u32 offset)
{
	switch (offset) {
	case GICD_CTLR:
		return vgic->version == 2 ? vgic->ctlr : vgic->ctlr | GICD_CTLR_V3;
	case GICD_TYPER:
		return vgic->version == 2 ? GICD_TYPER_V2 | (vgic->cpus - 1u) << 5 : GICD_TYPER_V3;
	case GICD_IIDR:
		return GICD_IIDR_VALUE;
	default:
		return 0;
	}
}

static void write_control(struct vgic_cpu *self, u32 offset, u32 value)
{
	struct vgic *vgic = self->vgic;

	value &= (u32)(GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	if (offset != GICD_CTLR)
		return;
	lock_take(&vgic->lock);
	if (vgic->ctlr != value) {
		vgic->ctlr = value;
		for (unsigned i = 0; i < vgic->cpus; i++)
			vgic_poke(vgic->cpu[i]);
	}
	lock_drop(&vgic->lock);
}

/*
 * Registers below VGIC_PLAIN, which need neither the lock nor a look at list registers. `owner`: whose private interrupts are meant; NULL: they are elsewhere (GICv3's distributor), RAZ/WI
 * here.
 */
static inline u32 read_plain(struct vgic_cpu *self, struct vgic_cpu *owner, u32 offset)
{
	u32 word = offset % 0x80 / 4;
	const struct vgic_bank *bank;

	if (offset < 0x80)
		return read_control(self->vgic, offset);
	if (word >= VGIC_LINES / 32 || (word == 0 && !owner))
		return 0;
	bank = vgic_bank(owner ? owner : self, word);
	return offset < 0x100 ? bank->group1 : bank->enabled;
}

u32 vgic_read_plain(struct vgic_cpu *cpu, u32 offset)
{
	return read_plain(cpu, cpu->vgic->version == 2 ? cpu : NULL, offset);
}

/* Word registers of the distributor and of SGI_base, below 0x1000. */
static NOINLINE u32 read_word(struct vgic_cpu *self, struct vgic_cpu *owner, u32 offset)
{
	struct vgic *vgic = self->vgic;
	u32 word = offset % 0x80 / 4;
	u32 *place;

	switch (offset >> 7) {
	case CONTROL ... ICENABLER:
		return read_plain(self, owner, offset);
	case ISPENDR ... ICACTIVER:
		if (word >= VGIC_LINES / 32 || (word == 0 && !owner))
			return 0;
		return read_states(self, owner ? owner : self, offset >> 7, word);
	case GICD_IPRIORITYR >> 7 ...(GICD_ITARGETSR - 1) >> 7:
		place = priorities(vgic, owner, (offset - GICD_IPRIORITYR) / 4);
		return place ? *place : 0;
	case GICD_ITARGETSR >> 7 ...(GICD_ICFGR - 1) >> 7:
		return vgic->version == 2 ? read_targets(self, (offset - GICD_ITARGETSR) / 4) : 0;
	case GICD_ICFGR >> 7:
		if (word >= VGIC_LINES / 16 || (word < 2 && !owner))
			return 0;
		return read_config(owner ? owner : self, word);
	case GICD_SGIR >> 7:
		if (vgic->version != 2 || offset < GICD_CPENDSGIR ||
		    offset >= GICD_SPENDSGIR + 0x10)
			return 0;
		return read_sgi_pending(self, offset / 4 % 4);
	case 0xf80 >> 7:
		return vgic->version == 2 && offset >= 0xfd0 ? id_register(vgic, offset) : 0;
	default:
		return 0;
	}
}

static NOINLINE void write_word(struct vgic_cpu *self, struct vgic_cpu *owner, u32 offset,
				struct field field)
{
	struct vgic *vgic = self->vgic;
	u32 word = offset % 0x80 / 4;

	switch (offset >> 7) {
	case CONTROL:
		write_control(self, offset, field.value);
		break;
	case IGROUPR ... ICACTIVER:
		if (word < VGIC_LINES / 32 && (word != 0 || owner))
			write_bits(owner ? owner : self, offset >> 7, word, field.value);
		break;
	case GICD_IPRIORITYR >> 7 ...(GICD_ITARGETSR - 1) >> 7:
		write_priorities(self, owner, (offset - GICD_IPRIORITYR) / 4, field);
		break;
	case GICD_ITARGETSR >> 7 ...(GICD_ICFGR - 1) >> 7:
		if (vgic->version == 2)
			write_targets(self, (offset - GICD_ITARGETSR) / 4, field);
		break;
	case GICD_ICFGR >> 7:
		if (word < VGIC_LINES / 16)
			write_config(owner ? owner : self, word, field.value);
		break;
	case GICD_SGIR >> 7:
		if (vgic->version != 2)
			break;
		if (offset == GICD_SGIR)
			write_sgir(self, field.value);
		else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 0x10)
			write_sgi_pending(self, offset / 4 % 4, field, offset >= GICD_SPENDSGIR);
		break;
	default:
		break;
	}
}

void vgic_write_word(struct vgic_cpu *cpu, u32 offset, u32 value)
{
	bool v2 = cpu->vgic->version == 2;

	if (v2 && offset == GICD_SGIR)
		write_sgir(cpu, value);
	else
		write_word(cpu, v2 ? cpu : NULL, offset,
			   (struct field){.mask = ~0u, .value = value});
}

/* GICD_IPRIORITYR, GICD_ITARGETSR, GICD_CPENDSGIR, GICD_SPENDSGIR: IHI 0048, 4.1.4. */
static bool allows_bytes(u32 offset)
{
	return (offset >= GICD_IPRIORITYR && offset < GICD_ICFGR) ||
	       (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR + 0x10);
}

/* An access of a byte or a word below 0x1000. */
static void access_words(struct vgic_cpu *self, struct vgic_cpu *owner, u32 offset,
			 struct mmio *mmio)
{
	u32 shift = offset % 4 * 8;
	struct field field = {.mask = ~0u, .value = (u32)mmio->value};

	if (mmio->size == 1 && allows_bytes(offset)) {
		field.mask = 0xffu << shift;
		field.value <<= shift;
	} else if (mmio->size != 4 || offset % 4) {
		if (!mmio->write)
			mmio->value = 0;
		return;
	}
	if (mmio->write)
		write_word(self, owner, offset & ~3u, field);
	else
		mmio->value = (read_word(self, owner, offset & ~3u) & field.mask) >> shift;
}

/* Reads a half or the whole of a 64-bit register. */
static u64 part_of(const struct mmio *mmio, u64 value)
{
	if (mmio->size == 8)
		return value;
	return mmio->offset & 4 ? value >> 32 : value & 0xffffffff;
}

/* GICD_IROUTER<n>, IHI 0069 12.9.22: Aff3 39:32, Aff2..Aff0 23:0; bit 31 (IRM) is RES0 here. */
static void access_router(struct vgic_cpu *self, u32 offset, struct mmio *mmio)
{
	u32 spi = (offset - GICD_IROUTER) / 8 - VGIC_PRIVATE, now;

	if (spi >= VGIC_SPIS || (mmio->size != 8 && mmio->size != 4) || offset % mmio->size) {
		mmio->value = mmio->write ? mmio->value : 0;
		return;
	}
	lock_take(&self->vgic->lock);
	now = self->vgic->spi_route[spi];
	if (!mmio->write) {
		mmio->value = part_of(mmio, (u64)(now >> 24) << 32 | (now & 0xffffff));
	} else {
		u64 value = mmio->offset & 4 ? mmio->value << 32 : mmio->value;

		if (mmio->size == 8 || !(mmio->offset & 4))
			now = (now & 0xff000000) | (u32)(value & 0xffffff);
		if (mmio->size == 8 || (mmio->offset & 4))
			now = (now & 0xffffff) | (u32)FIELD(value, 39, 32) << 24;
		route(self, spi, now);
	}
	lock_drop(&self->vgic->lock);
}

bool vgic_distributor(struct vgic_cpu *cpu, struct mmio *mmio)
{
	const struct vgic *vgic = cpu->vgic;
	u32 offset = (u32)mmio->offset;

	if (mmio->offset >= (vgic->version == 2 ? FRAME_V2 : FRAME_V3))
		return false;
	if (offset < VGIC_WORDS) {
		access_words(cpu, vgic->version == 2 ? cpu : NULL, offset, mmio);
	} else if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 0x2000) {
		access_router(cpu, offset, mmio);
	} else if (!mmio->write) {
		bool id = offset >= 0xffd0 && mmio->size == 4 && offset % 4 == 0;

		mmio->value = id ? id_register(vgic, offset) : 0;
	}
	return true;
}

/* --- The redistributors --------------------------------------------------------------------- */

/* Affinity 63:32, Processor_Number 23:8, Last. */
static u64 redistributor_type(const struct vgic_cpu *owner)
{
	return (u64)owner->index << 32 | (u64)owner->index << 8 |
	       (owner->index + 1 == owner->vgic->cpus ? GICR_TYPER_LAST : 0);
}

static u64 read_rd_base(const struct vgic_cpu *owner, u32 offset, const struct mmio *mmio)
{
	if (mmio->size != 4 && !(mmio->size == 8 && offset == GICR_TYPER))
		return 0;
	switch (offset) {
	case GICR_IIDR:
		return GICD_IIDR_VALUE;
	case GICR_TYPER:
	case GICR_TYPER + 4:
		/* mmio->offset is aligned like offset: part_of sees the same bit 2. */
		return part_of(mmio, redistributor_type(owner));
	case GICR_WAKER:
		return owner->asleep ? GICR_WAKER_ASLEEP : 0;
	default:
		return offset >= 0xffd0 && offset % 4 == 0 ? id_register(owner->vgic, offset) : 0;
	}
}

bool vgic_redistributor(struct vgic_cpu *cpu, struct mmio *mmio)
{
	struct vgic *vgic = cpu->vgic;
	u64 index = mmio->offset >> GICR_STRIDE_SHIFT;
	u32 offset = (u32)mmio->offset & (FRAME_V3 - 1);
	struct vgic_cpu *owner;

	if (vgic->version != 3 || index >= vgic->cpus)
		return false;
	owner = vgic->cpu[guarded(index, vgic->cpus)];
	if (mmio->offset & FRAME_V3) {
		/* SGI_base: the private part of the same registers; nothing below 0x80. */
		bool known = offset >= 0x80 && offset < GICD_SGIR &&
			     (offset % 0x80 < 4 || (offset & ~0x1fu) == GICD_IPRIORITYR ||
			      (offset & ~7u) == GICD_ICFGR);

		if (known)
			access_words(cpu, owner, offset, mmio);
		else if (!mmio->write)
			mmio->value = 0;
	} else if (!mmio->write) {
		mmio->value = read_rd_base(owner, offset, mmio);
	} else if (offset == GICR_WAKER && mmio->size == 4) {
		owner->asleep = mmio->value & 2;
	}
	return true;
}
