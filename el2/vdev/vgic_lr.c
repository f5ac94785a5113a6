// SPDX-License-Identifier: Apache-2.0
/*
 * A vCPU's interrupts in the list registers of the hardware's virtual CPU interface (IHI 0069, 4.6
 * and 12.4; IHI 0048, 5.2). Runs at EL2 with vgic->lock held.
 *
 * fold: what the guest has done to a list register goes back into the model. fill: the interrupts
 * that matter most go into list registers. When one interrupt comes or goes and there is room, only
 * its own list register is touched (vgic_lr_update); all else is a refresh, fold and fill.
 *
 * Which ones matter most: always the best pending one, else nothing new could be taken; then all
 * active ones, so that the guest's EOI finds them; then more pending ones. Where they don't all fit,
 * maintenance interrupts ask for more: NPIE when no pending one is left, UIE when the list registers
 * run empty, LRENPIE when the guest ends an active one that is in none (IHI 0069, 12.4.5). Then those
 * of a group that the guest's interface has off must not take the room either: VGRP0EIE and its like
 * tell when the guest changes that.
 *
 * A level-sensitive interrupt that the guest ends while its line is high must be pending again: its
 * list register asks for an EOI maintenance interrupt.
 */
#include "vdev/vgic_internal.h"

#define LR_STATE (GIC_LR_PENDING | GIC_LR_ACTIVE)
#define LR_RANK (BITS(55, 48) | GIC_LR_GROUP1) /* priority and group: kept while active */
#define LR_SOURCE_SHIFT 32

/* Set while not everything is in list registers; of these, while pending ones are left out. */
#define HCR_GROUPS \
	((u32)(GIC_HCR_VGRP0EIE | GIC_HCR_VGRP0DIE | GIC_HCR_VGRP1EIE | GIC_HCR_VGRP1DIE))
#define HCR_OVERFLOW ((u32)(GIC_HCR_UIE | GIC_HCR_NPIE | GIC_HCR_LRENPIE) | HCR_GROUPS)

#define VMCR_GROUPS ((u32)(VMCR_VENG0 | VMCR_VENG1))

/* Key of a candidate: the lower, the better; active ones before all that are only pending. */
#define KEY_PENDING BIT(32)

struct fill {
	u64 lr[GIC_LRS_MAX]; /* ascending by key */
	u64 key[GIC_LRS_MAX];
	unsigned count, room;
	unsigned active, pending; /* all there are, in `lr` or not; pending: those not active */
	unsigned hidden;	  /* pending ones whose group is off, not counted there */
	u8 found[VGIC_LINES];	  /* all that are counted in `pending`, ascending */
	u32 groups;		  /* which groups' pending ones are looked at: VENG0, VENG1 */
	u32 vmcr;		  /* binary points that order the active ones */
	u64 best;		  /* the best that is only pending */
	u64 best_key;
};

inline u64 vgic_lr_read(const struct vgic_cpu *cpu, unsigned n)
{
	return vgic_here(cpu) ? gic->virt_read_lr(n) : cpu->virt.lr[n];
}

static void write_lr(struct vgic_cpu *cpu, unsigned n, u64 lr)
{
	cpu->virt.lr[n] = lr;
	if (cpu->loaded)
		gic->virt_write_lr(n, lr);
}

static u32 read_vmcr(const struct vgic_cpu *cpu)
{
	return vgic_here(cpu) ? gic->virt_read_vmcr() : cpu->virt.vmcr;
}

static inline u32 lr_intid(u64 lr)
{
	return (u32)GIC_LR_VINTID(lr) % VGIC_LINES;
}

static unsigned lr_source(const struct vgic *vgic, u64 lr)
{
	return vgic_has_source(vgic, lr_intid(lr)) ? (unsigned)(lr >> LR_SOURCE_SHIFT) & 7 : 0;
}

int vgic_lr_find(const struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	for_each_bit(n, cpu->lr_used)
		if (lr_intid(cpu->virt.lr[n]) == intid &&
		    lr_source(cpu->vgic, cpu->virt.lr[n]) == source)
			return (int)n;
	return -1;
}

bool vgic_lr_holds(const struct vgic_cpu *cpu, unsigned k, u32 mask)
{
	for_each_bit(n, cpu->lr_used) {
		u32 intid = lr_intid(cpu->virt.lr[n]);

		if (intid / 32 == k && (mask & BIT(intid % 32)))
			return true;
	}
	return false;
}

/* --- Fold ---------------------------------------------------------------------------------- */

/* A physical interrupt that the guest has acknowledged shows its line no more; it comes again if the
 * line is still high once it is deactivated: by hardware, or where HW was 0, by us (now, unless
 * vgic_lr_timer_ended has done it). */
static void fold_timer(struct vgic_cpu *cpu, u64 lr, bool by_hardware)
{
	if (!(lr & LR_STATE))
		vgic_timer_done(cpu, by_hardware);
	else if (lr & GIC_LR_ACTIVE)
		cpu->bank.level &= ~(u32)BIT(cpu->hw_intid);
}

/* A device's that hardware has ended; what came again meanwhile is held from now on. */
static void fold_device(struct vgic *vgic, u32 intid, u64 lr, bool by_hardware)
{
	u16 mark = (u16)BIT(intid - VGIC_DEVICE);

	if (!(lr & LR_STATE) && by_hardware)
		vgic->device_held &= (u16)~mark;
	if (vgic->device_again & mark) {
		vgic->device_again &= (u16)~mark;
		vgic_hold_device(vgic, intid);
	}
}

/* GICD_ISACTIVER came while it stood in a list register, active already: it is active once, and whoever
 * acknowledged it ends it. */
static COLD void forget_active(struct vgic *vgic, u32 intid)
{
	for (unsigned i = 0; i < vgic->cpus; i++)
		vgic->cpu[i]->spi_active[intid / 32 - 1] &= ~(u32)BIT(intid % 32);
}

/* Leaves the list register itself as it is. Returns what stood there. */
static u64 fold_one(struct vgic_cpu *cpu, unsigned n)
{
	u64 lr = vgic_lr_read(cpu, n);
	u32 intid = lr_intid(cpu->virt.lr[n]), bit = (u32)BIT(intid % 32), mark = (u32)BIT(n);
	struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	unsigned source = lr_source(cpu->vgic, cpu->virt.lr[n]);

	if (intid >= VGIC_DEVICE)
		fold_device(cpu->vgic, intid, lr, cpu->virt.lr[n] & GIC_LR_HW);
	else if (cpu->hw_held && cpu->hw_intid == intid)
		fold_timer(cpu, lr, (cpu->virt.lr[n] & GIC_LR_HW) || !(lr & GIC_LR_EOI));
	cpu->virt.lr[n] = lr;
	if (cpu->lr_unpend & mark)
		lr &= ~GIC_LR_PENDING;
	if (cpu->lr_unact & mark)
		lr &= ~GIC_LR_ACTIVE;
	bank->listed &= ~bit;
	if ((lr & GIC_LR_PENDING) && (cpu->lr_latched & mark)) {
		bank->latch |= bit;
		if (vgic_has_source(cpu->vgic, intid))
			cpu->sgi_sources[intid] |= (u8)BIT(source);
	}
	if (lr & GIC_LR_ACTIVE) {
		if (UNLIKELY(intid >= VGIC_PRIVATE && (bank->active & bit)))
			forget_active(cpu->vgic, intid);
		vgic_activate(cpu, intid, source);
	}
	if (intid >= VGIC_PRIVATE) {
		struct vgic_cpu *target = vgic_target(cpu->vgic, intid);

		if (target && target != cpu)
			cpu->moved |= (u8)BIT(target->index);
	}
	cpu->lr_used &= ~mark;
	cpu->lr_again &= (u16)~mark;
	if (cpu->lr_timer == n + 1)
		cpu->lr_timer = 0;
	cpu->lr_latched &= (u16)~mark;
	cpu->lr_unpend &= (u16)~mark;
	cpu->lr_unact &= (u16)~mark;
	return lr;
}

/* The same, and the list register is empty afterwards. */
static void take_out(struct vgic_cpu *cpu, unsigned n)
{
	fold_one(cpu, n);
	if (cpu->virt.lr[n] & LR_STATE)
		write_lr(cpu, n, 0);
	if (!cpu->loaded)
		vgic_soil(cpu); /* here the caller goes on to list it anew */
}

void vgic_lr_lift(struct vgic_cpu *cpu, u32 intid)
{
	for_each_bit(n, cpu->lr_used)
		if (lr_intid(cpu->virt.lr[n]) == intid)
			take_out(cpu, n);
}

/* What most guests leave behind: one interrupt that has ended, with nothing to do but to forget it. */
static inline bool prune_plain(struct vgic_cpu *cpu, unsigned n, u64 lr)
{
	u32 intid = lr_intid(lr), bit = (u32)BIT(intid % 32), mark = (u32)BIT(n);

	if (intid >= VGIC_DEVICE || (intid >= VGIC_PRIVATE && cpu->vgic->cpus > 1) ||
	    (lr & (GIC_LR_HW | GIC_LR_EOI)) == GIC_LR_EOI || (cpu->lr_unpend | cpu->lr_unact))
		return false;
	if (vgic_has_physical(cpu, intid))
		vgic_timer_done(cpu, true);
	vgic_bank(cpu, intid / 32)->listed &= ~bit;
	cpu->lr_used &= ~mark;
	cpu->lr_latched &= (u16)~mark;
	return true;
}

/* The timer's stays, to be pending anew by vgic_lr_timer_away. */
static inline bool prune_timer(struct vgic_cpu *cpu, unsigned n, u64 lr)
{
	if (n + 1 != cpu->lr_timer || (lr & (GIC_LR_HW | GIC_LR_EOI)) == GIC_LR_EOI ||
	    (cpu->lr_unpend | cpu->lr_unact))
		return false;
	vgic_timer_done(cpu, true);
	return true;
}

void vgic_lr_prune(struct vgic_cpu *cpu)
{
	for_each_bit(n, cpu->lr_used & ~(u32)cpu->lr_again) {
		u64 lr = cpu->virt.lr[n];

		if ((lr & LR_STATE) || prune_timer(cpu, n, lr) || prune_plain(cpu, n, lr))
			continue;
		if ((lr & GIC_LR_EOI) && !(lr & GIC_LR_HW)) {
			/* The maintenance interrupt won't come any more. */
			vgic_soil(cpu);
			if (cpu->hw_held && lr_intid(lr) == cpu->hw_intid)
				gic->set_active(cpu->hw_pintid, false);
		}
		fold_one(cpu, n);
	}
}

bool vgic_lr_cut_off(const struct vgic_cpu *cpu)
{
	u32 hcr = cpu->virt.hcr, groups;

	if (LIKELY(!(hcr & HCR_OVERFLOW)))
		return cpu->dirty;
	groups = cpu->virt.vmcr & VMCR_GROUPS;
	/* a group was turned on or off, one that is in no list register has ended, no pending one is left */
	if ((hcr & HCR_GROUPS) && groups && groups != cpu->queue_groups)
		return true;
	if ((hcr & GIC_HCR_LRENPIE) && hcr >> GIC_HCR_EOICOUNT_SHIFT)
		return true;
	if (!(hcr & GIC_HCR_NPIE))
		return cpu->dirty;
	for_each_bit(n, cpu->lr_used)
		if ((cpu->virt.lr[n] & LR_STATE) == GIC_LR_PENDING)
			return cpu->dirty;
	return true;
}

/*
 * The guest has ended `count` active interrupts that were in no list register (ICH_HCR_EL2.EOIcount).
 * Which ones is not said; a guest that nests ends the best first (IHI 0048, 5.2.1).
 */
static void retire(struct vgic_cpu *cpu, u32 count, u32 vmcr)
{
	struct vgic *vgic = cpu->vgic;

	for (; count; count--) {
		u32 best = VGIC_LINES, best_priority = 0x100;

		for (unsigned k = 0; k <= ARRAY_SIZE(vgic->spi); k++)
			for_each_bit(n, k ? cpu->spi_active[k - 1] : cpu->bank.active) {
				u32 priority =
					vgic_group_priority(vmcr, vgic_priority(cpu, 32 * k + n),
							    vgic_bank(cpu, k)->group1 & BIT(n));

				if (priority < best_priority) {
					best = 32 * k + n;
					best_priority = priority;
				}
			}
		if (best == VGIC_LINES)
			return;
		vgic_deactivate(cpu, best,
				vgic_has_source(vgic, best) ?
					(unsigned)__builtin_ctz(cpu->sgi_active[best]) :
					0);
		if (best >= VGIC_PRIVATE && vgic_target(vgic, best))
			cpu->moved |= (u8)(BIT(vgic_target(vgic, best)->index) & ~BIT(cpu->index));
	}
}

/* True if EOIcount is not zero, and is to be cleared. */
static bool fold(struct vgic_cpu *cpu)
{
	u32 count = 0;

	if (cpu->virt.hcr & GIC_HCR_LRENPIE) {
		u32 hcr = vgic_here(cpu) ? gic->virt_read_hcr() : cpu->virt.hcr;

		count = hcr >> GIC_HCR_EOICOUNT_SHIFT;
		/* With EOImode 1 it is DIR that ends them, which traps. */
		if (count && !(read_vmcr(cpu) & VMCR_VEOIM))
			retire(cpu, count, read_vmcr(cpu));
	}
	for_each_bit(n, cpu->lr_used)
		fold_one(cpu, n);
	return count != 0;
}

/* --- Fill ---------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) u64 rank(const struct vgic_cpu *cpu,
						      const struct vgic_bank *bank, u32 intid)
{
	return (u64)vgic_priority(cpu, intid) << GIC_LR_PRIORITY_SHIFT |
	       (bank->group1 & BIT(intid % 32) ? GIC_LR_GROUP1 : 0) | intid;
}

/* How the end of an interrupt that stands for a physical one gets to that. */
static u64 physical_link(const struct vgic_cpu *cpu, u32 intid)
{
	u64 pintid = intid >= VGIC_DEVICE ? cpu->vgic->device_pintid[intid - VGIC_DEVICE] :
					    cpu->hw_pintid;

	if (!cpu->vgic->links)
		return GIC_LR_EOI;
	return GIC_LR_HW | pintid << GIC_LR_PINTID_SHIFT;
}

/*
 * What a list register is to hold for this interrupt: 0 if there is nothing to list. `before`: what
 * it held, 0 if it was in none. An active one keeps the priority and group it was acknowledged with,
 * since its EOI drops that priority; so if they have changed, its next pending state has to wait for
 * a list register of its own. Not for GICv2's SGIs.
 */
static u64 compose(struct vgic_cpu *cpu, u32 intid, u64 before)
{
	u32 bit = (u32)BIT(intid % 32), k = intid / 32;
	struct vgic_bank *bank = vgic_bank(cpu, k);
	u32 own = k ? cpu->spi_active[k - 1] : bank->active;
	bool wanted = vgic_forwarded(cpu->vgic, bank) & bit;
	bool mine = k == 0 || vgic_target(cpu->vgic, intid) == cpu;
	bool physical = vgic_has_physical(cpu, intid);
	u64 hw = physical ? physical_link(cpu, intid) : 0;
	u64 lr = rank(cpu, bank, intid);
	bool moved;

	if (!(own & bit)) {
		if (!wanted || !mine || ((bank->active | bank->listed) & bit))
			return 0;
		lr |= GIC_LR_PENDING;
		if (physical)
			return lr | hw;
		return bank->level & ~bank->edge & bit ? lr | GIC_LR_EOI : lr;
	}
	lr |= GIC_LR_ACTIVE;
	moved = (before & GIC_LR_ACTIVE) && ((lr ^ before) & LR_RANK);
	if (moved)
		lr = (lr & ~LR_RANK) | (before & LR_RANK);
	if (wanted && mine && !moved && (bank->latch & bit))
		/* HW and "pending and active" exclude each other: IHI 0069, 12.4.8. */
		return lr | GIC_LR_PENDING |
		       (physical || (bank->level & ~bank->edge & bit) ? GIC_LR_EOI : 0);
	if (physical && !(wanted && (bank->latch & bit)))
		return lr | hw;
	return wanted ? lr | GIC_LR_EOI : lr; /* pending anew, or elsewhere, once this one ends */
}

static void put(struct vgic_cpu *cpu, unsigned n, u64 lr)
{
	u32 intid = lr_intid(lr), bit = (u32)BIT(intid % 32);
	struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	unsigned source = lr_source(cpu->vgic, lr);

	cpu->lr_used |= (u32)BIT(n);
	bank->listed |= bit;
	if ((lr & GIC_LR_PENDING) && (bank->latch & bit)) {
		cpu->lr_latched |= (u16)BIT(n);
		vgic_unlatch(cpu, intid, source);
	}
	if (lr & GIC_LR_ACTIVE)
		vgic_deactivate(cpu, intid, source);
	write_lr(cpu, n, lr);
}

static void offer(struct fill *f, u64 lr)
{
	u32 priority = (u32)(lr >> GIC_LR_PRIORITY_SHIFT & 0xff);
	u64 key = priority << 16 | lr_intid(lr) << 4;
	unsigned at;

	if (lr & GIC_LR_ACTIVE) {
		f->active++;
		priority = vgic_group_priority(f->vmcr, priority, lr & GIC_LR_GROUP1);
		key |= priority << 24; /* the one taken last has the highest of these */
	} else {
		if (!(f->groups & (lr & GIC_LR_GROUP1 ? VMCR_VENG1 : VMCR_VENG0))) {
			f->hidden++;
			return;
		}
		key |= KEY_PENDING;
		f->found[f->pending++] = (u8)lr_intid(lr);
		if (f->pending == 1 || key < f->best_key) {
			f->best = lr;
			f->best_key = key;
		}
	}
	if (f->count == f->room && (!f->count || key >= f->key[f->count - 1]))
		return;
	at = f->count < f->room ? f->count++ : f->count - 1;
	for (; at && f->key[at - 1] > key; at--) {
		f->key[at] = f->key[at - 1];
		f->lr[at] = f->lr[at - 1];
	}
	f->key[at] = key;
	f->lr[at] = lr;
}

/* What list register of before the fold held this interrupt while active; 0: none. */
static u64 active_before(const struct vgic_cpu *cpu, u32 before, u32 intid)
{
	for_each_bit(n, before)
		if (lr_intid(cpu->virt.lr[n]) == intid && (cpu->virt.lr[n] & GIC_LR_ACTIVE))
			return cpu->virt.lr[n];
	return 0;
}

/*
 * GICv2's SGI: each source is to be taken by itself, but not while another one is active. So the
 * lowest source stands in a list register, and its EOI asks for the next.
 */
static void offer_sgi(struct vgic_cpu *cpu, struct fill *f, u32 intid, u32 before)
{
	u64 lr = rank(cpu, &cpu->bank, intid);
	u32 pending = vgic_forwarded(cpu->vgic, &cpu->bank) & BIT(intid) ? cpu->sgi_sources[intid] :
									   0;
	u32 active = cpu->sgi_active[intid];

	if (active) {
		u64 old = active_before(cpu, before, intid);

		if (old)
			lr = (lr & ~LR_RANK) | (old & LR_RANK);
		lr |= pending ? GIC_LR_EOI : 0;
		for_each_bit(source, active)
			offer(f, lr | GIC_LR_ACTIVE | (u64)source << LR_SOURCE_SHIFT);
	} else if (pending) {
		lr |= pending & (pending - 1) ? GIC_LR_EOI : 0;
		offer(f, lr | GIC_LR_PENDING |
				 (u64)(unsigned)__builtin_ctz(pending) << LR_SOURCE_SHIFT);
	}
}

static void gather_private(struct vgic_cpu *cpu, struct fill *f, u32 before)
{
	struct vgic_bank *bank = &cpu->bank;
	u32 wanted = vgic_forwarded(cpu->vgic, bank);

	if (wanted & bank->level & ~bank->edge) {
		vgic_ask_lines(cpu, wanted & bank->level & ~bank->edge);
		wanted = vgic_forwarded(cpu->vgic, bank);
	}
	for_each_bit(intid, wanted | bank->active) {
		u64 lr;

		if (vgic_has_source(cpu->vgic, intid)) {
			offer_sgi(cpu, f, intid, before);
			continue;
		}
		lr = compose(cpu, intid, active_before(cpu, before, intid));
		if (lr)
			offer(f, lr);
	}
}

static void gather_spis(struct vgic_cpu *cpu, struct fill *f, u32 before)
{
	struct vgic *vgic = cpu->vgic;

	for (unsigned k = 1; k <= ARRAY_SIZE(vgic->spi); k++)
		for_each_bit(n, vgic_forwarded(vgic, &vgic->spi[k - 1]) | cpu->spi_active[k - 1]) {
			u32 intid = 32 * k + n;
			u64 lr = compose(cpu, intid, active_before(cpu, before, intid));

			if (lr)
				offer(f, lr);
		}
}

/* Collects what is to be listed; returns how many of it are active. */
static unsigned gather(struct vgic_cpu *cpu, struct fill *f, u32 vmcr, u32 before)
{
	unsigned active;

	f->vmcr = vmcr;
	f->groups = vmcr & VMCR_GROUPS;
	f->room = cpu->vgic->lrs;
	f->count = f->active = f->pending = f->hidden = 0;
	gather_private(cpu, f, before);
	gather_spis(cpu, f, before);
	active = MIN(f->active, f->count);
	if (f->pending && active == f->count) {
		f->lr[f->count - 1] = f->best;
		active--;
	}
	return active;
}

/* The maintenance interrupts that are needed for the active ones and the pending ones left out. */
static u32 needed(const struct vgic_cpu *cpu, bool active, bool pending)
{
	u32 hcr = vgic_hcr_base(cpu->vgic);

	if (active)
		hcr |= GIC_HCR_LRENPIE | GIC_HCR_UIE;
	if (active && cpu->vgic->version == 3)
		hcr |= GIC_HCR_TDIR;
	return pending ? hcr | GIC_HCR_NPIE : hcr;
}

/* That group 0 goes off is of interest only while group 1 is on: else nothing can be taken before one of them
 * comes on. (QEMU raises VGrp0D for group 1 being off, without end.) */
static u32 watch_groups(u32 vmcr)
{
	u64 group0 = vmcr & VMCR_VENG1 ? GIC_HCR_VGRP0DIE : 0;

	return (u32)((vmcr & VMCR_VENG0 ? group0 : GIC_HCR_VGRP0EIE) |
		     (vmcr & VMCR_VENG1 ? GIC_HCR_VGRP1DIE : GIC_HCR_VGRP1EIE));
}

/* While pending ones are left out, an active one's next pending state, which could be less urgent
 * than they are, is not to become takeable behind our back: it waits for its EOI's maintenance. */
static void part_states(struct fill *f)
{
	for (unsigned n = 0; n < f->count; n++)
		if ((f->lr[n] & LR_STATE) == LR_STATE)
			f->lr[n] = (f->lr[n] & ~GIC_LR_PENDING) | GIC_LR_EOI;
}

/* Those found, by priority, those of one priority by INTID. */
static void queue_found(struct vgic_cpu *cpu, const struct fill *f)
{
	u8 at[32 + 1] = {0}; /* 32 priorities: VGIC_PRIORITY_MASK */

	for (unsigned i = 0; i < f->pending; i++)
		at[vgic_priority(cpu, f->found[i]) / 8 + 1]++;
	for (unsigned p = 1; p < 32; p++)
		at[p] = (u8)(at[p] + at[p - 1]);
	for (unsigned i = 0; i < f->pending; i++)
		cpu->queue[at[vgic_priority(cpu, f->found[i]) / 8]++] = f->found[i];
	cpu->queue_next = 0;
	cpu->queue_end = (u8)f->pending;
	cpu->queue_groups = (u8)f->groups;
}

/* Chooses what to list, and returns ICH_HCR_EL2 for it. What the guest's interface says about groups
 * and binary points matters only where not all fits. */
static u32 choose(struct vgic_cpu *cpu, struct fill *f, u32 before)
{
	u32 vmcr = read_vmcr(cpu), hcr;
	unsigned active = gather(cpu, f, vmcr, before);

	cpu->queue_next = cpu->queue_end = 0;
	if (f->active + f->pending + f->hidden <= f->room) {
		if (f->hidden)
			gather(cpu, f, VMCR_GROUPS, before);
		return vgic_hcr_base(cpu->vgic);
	}
	if (!f->pending && !f->hidden)
		return needed(cpu, true, false);
	queue_found(cpu, f);
	part_states(f);
	hcr = needed(cpu, f->active > active, f->pending > f->count - active);
	return hcr | watch_groups(vmcr);
}

void vgic_lr_refresh(struct vgic_cpu *cpu)
{
	u32 before = cpu->lr_used, hcr;
	struct fill f;
	bool counted = fold(cpu);

	hcr = choose(cpu, &f, before);
	for_each_bit(n, before & ~((u32)BIT(f.count) - 1))
		write_lr(cpu, n, 0);
	for (unsigned n = 0; n < f.count; n++)
		put(cpu, n, f.lr[n]);
	if (hcr != cpu->virt.hcr || counted) {
		cpu->virt.hcr = hcr;
		if (cpu->loaded)
			gic->virt_write_hcr(hcr);
	}
	cpu->dirty = false;
	__atomic_store_n(&cpu->folds, cpu->folds + 1, __ATOMIC_RELEASE);
}

/* The guest has ended what stood there: is it pending anew? */
static bool comes_again(struct vgic_cpu *cpu, u32 intid)
{
	return vgic_has_source(cpu->vgic, intid) || compose(cpu, intid, 0);
}

/* Of the queue, the next one that is still to be listed; 0: none. */
static u64 take_queued(struct vgic_cpu *cpu)
{
	while (cpu->queue_next < cpu->queue_end) {
		u32 intid = cpu->queue[cpu->queue_next];
		u64 lr;

		if (vgic_has_source(cpu->vgic, intid))
			return 0;
		cpu->queue_next++;
		if (intid < VGIC_PRIVATE)
			vgic_ask_lines(cpu, cpu->bank.level & ~cpu->bank.edge & (u32)BIT(intid));
		lr = compose(cpu, intid, 0);
		if (lr)
			return lr;
	}
	return 0;
}

/*
 * So that many pending ones cost no more than as many single ones: sorted once, they go into list
 * registers as these run empty. What is active keeps its own. Where active ones were left out, or the
 * guest's interface has turned a group on or off, or what has ended comes again, all are to be weighed
 * anew; and so at the end of the queue, where it may turn out that all fits.
 */
bool vgic_lr_refill(struct vgic_cpu *cpu)
{
	u32 ended = 0;
	bool again = false;

	if (cpu->dirty || cpu->queue_next == cpu->queue_end || (cpu->virt.hcr & GIC_HCR_LRENPIE) ||
	    (read_vmcr(cpu) & VMCR_GROUPS) != cpu->queue_groups)
		return false;
	for_each_bit(n, cpu->lr_used) {
		u32 intid = lr_intid(cpu->virt.lr[n]);

		if (vgic_lr_read(cpu, n) & LR_STATE)
			continue;
		fold_one(cpu, n);
		again |= comes_again(cpu, intid);
		ended |= (u32)BIT(n);
	}
	for_each_bit(n, ended) {
		u64 lr = again ? 0 : take_queued(cpu);

		if (lr)
			put(cpu, n, lr);
		else
			write_lr(cpu, n, 0);
		again |= !lr;
	}
	return ended && !again;
}

/* --- One interrupt ------------------------------------------------------------------------- */

/* Those whose interrupt has ended, and asks for nothing. Not by ELRSR: without an ISB it need not show what was
 * written since the guest was left. */
static u32 ended_lrs(const struct vgic_cpu *cpu)
{
	u32 ended = 0;

	for_each_bit(n, cpu->lr_used) {
		u64 lr = vgic_lr_read(cpu, n);

		if (!(lr & LR_STATE) && (lr & (GIC_LR_HW | GIC_LR_EOI)) != GIC_LR_EOI)
			ended |= (u32)BIT(n);
	}
	return ended;
}

/* A list register for one more; -1 if all hold something. */
static int free_lr(struct vgic_cpu *cpu)
{
	u32 all = (u32)BIT(cpu->vgic->lrs) - 1;
	u32 free = all & ~cpu->lr_used;

	if (!free) {
		free = all & ended_lrs(cpu);
		if (free)
			fold_one(cpu, (unsigned)__builtin_ctz(free));
	}
	return free ? __builtin_ctz(free) : -1;
}

/* Of GICv2's SGIs only the plain case is quick: nothing else of this SGI is about. */
static u64 compose_sgi(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	if (!(vgic_forwarded(cpu->vgic, &cpu->bank) & BIT(intid)))
		return 0;
	return rank(cpu, &cpu->bank, intid) | GIC_LR_PENDING | (u64)source << LR_SOURCE_SHIFT;
}

static bool sgi_is_plain(const struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	return !cpu->sgi_active[intid] && !(cpu->sgi_sources[intid] & ~BIT(source)) &&
	       !vgic_lr_holds(cpu, 0, (u32)BIT(intid));
}

static __attribute__((noinline)) bool write_here(unsigned n, u64 lr)
{
	gic->virt_write_lr(n, lr);
	return true;
}

/* List register n gets this interrupt, which is pending and to be taken, and in no other. */
static inline __attribute__((always_inline)) bool
quick_put(struct vgic_cpu *cpu, struct vgic_bank *bank, u32 intid, unsigned source, unsigned n)
{
	u32 bit = (u32)BIT(intid % 32), mark = (u32)BIT(n);
	bool timer = cpu->hw_held && cpu->hw_intid == intid;
	u64 lr = rank(cpu, bank, intid) | GIC_LR_PENDING | (u64)source << LR_SOURCE_SHIFT;

	if (vgic_has_physical(cpu, intid))
		lr |= physical_link(cpu, intid);
	else if (bank->level & ~bank->edge & bit)
		lr |= GIC_LR_EOI;
	cpu->lr_used |= mark;
	bank->listed |= bit;
	cpu->lr_latched &= (u16)~mark;
	cpu->lr_again &= (u16)~mark;
	if (bank->latch & bit) {
		cpu->lr_latched |= (u16)mark;
		bank->latch &= ~bit;
		if (intid < 16)
			cpu->sgi_sources[intid] = 0; /* this one was alone */
		if (!source && !(lr & (GIC_LR_HW | GIC_LR_EOI)) &&
		    (intid < VGIC_PRIVATE || cpu->vgic->cpus == 1))
			cpu->lr_again |= (u16)mark;
	}
	if (timer)
		cpu->lr_timer = cpu->lr_latched & mark ? 0 : (u8)(n + 1); /* by hand as well */
	cpu->virt.lr[n] = lr;
	return cpu->loaded ? write_here(n, lr) : true;
}

/* Its own list register, if what stood there has ended. */
static __attribute__((noinline)) bool quick_own(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	for_each_bit(n, cpu->lr_used)
		if (lr_intid(cpu->virt.lr[n]) == intid)
			return !(vgic_lr_read(cpu, n) & LR_STATE) &&
			       quick_put(cpu, vgic_bank(cpu, intid / 32), intid, source, n);
	return false;
}

/*
 * The usual case, and what every guest's timer, SGIs and devices cost: an interrupt that is not about
 * in any other way becomes pending, and there is room. What its own list register held has ended, so
 * there is nothing to fold.
 */
bool vgic_lr_quick(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = (u32)BIT(intid % 32), free;

	if (vgic_has_source(cpu->vgic, intid) && cpu->sgi_sources[intid] != BIT(source))
		return false; /* not alone */
	if ((cpu->virt.hcr & HCR_OVERFLOW) ||
	    !(vgic_forwarded(cpu->vgic, bank) & ~bank->active & bit))
		return false;
	if (bank->listed & bit)
		return quick_own(cpu, intid, source);
	free = ((u32)BIT(cpu->vgic->lrs) - 1) & ~cpu->lr_used;
	return free && quick_put(cpu, bank, intid, source, (unsigned)__builtin_ctz(free));
}

/*
 * Whatever changes what vgic_lr_quick has looked at (enables, groups, priorities, active state, what
 * does not fit) folds the list register or leaves the vCPU dirty. So the word that stood there, its
 * mark in lr_latched and the model beside it are what vgic_lr_quick would make them once more.
 */
static inline __attribute__((always_inline)) int find_again(const struct vgic_cpu *cpu, u32 intid)
{
	for_each_bit(n, cpu->lr_again)
		if (GIC_LR_VINTID(cpu->virt.lr[n]) == intid)
			return (int)n;
	return -1;
}

static inline __attribute__((always_inline)) bool again_here(struct vgic_cpu *cpu, u32 intid)
{
	int n = find_again(cpu, intid);

	if (n < 0 || !(gic->virt_empty() & BIT(n)))
		return false;
	/* Last written may be an active one's that came back with its vCPU. */
	cpu->virt.lr[n] = (cpu->virt.lr[n] & ~LR_STATE) | GIC_LR_PENDING;
	gic->virt_write_lr((unsigned)n, cpu->virt.lr[n]);
	return true;
}

bool vgic_lr_again(struct vgic_cpu *cpu, u32 intid)
{
	return !cpu->dirty && again_here(cpu, intid);
}

NOINLINE bool vgic_lr_again_away(struct vgic_cpu *cpu, u32 intid)
{
	int n = cpu->dirty ? -1 : find_again(cpu, intid);

	if (n < 0 || (cpu->virt.lr[n] & LR_STATE))
		return false;
	cpu->virt.lr[n] |= GIC_LR_PENDING;
	sched_wake(cpu->entity);
	return true;
}

/* Routed to this vCPU it was when it was noted. That it came is all that is new. */
bool vgic_lr_arrived(struct vgic_cpu *cpu)
{
	u32 intid = (cpu->arrived & 0xffU) - 1, source = cpu->arrived >> 8;
	u32 bit = (u32)BIT(intid % 32);
	struct vgic_bank *bank;

	if (!cpu->arrived || (intid >= VGIC_PRIVATE && vgic_target(cpu->vgic, intid) != cpu))
		return false;
	bank = vgic_bank(cpu, intid / 32);
	if (!vgic_has_source(cpu->vgic, intid) && (bank->edge & bit) && again_here(cpu, intid))
		bank->latch &= ~bit;
	else if (!vgic_lr_quick(cpu, intid, source))
		return false;
	cpu->arrived = 0;
	cpu->dirty = false;
	return true;
}

/* The same, by the physical interrupt, which came because the guest has ended the one before. */
bool vgic_lr_timer_again(struct vgic_cpu *cpu)
{
	unsigned n = cpu->lr_timer - 1U;

	if (cpu->dirty || !cpu->lr_timer)
		return false;
	gic->virt_write_lr(n, cpu->virt.lr[n]);
	return true;
}

bool vgic_lr_timer_away(struct vgic_cpu *cpu)
{
	unsigned n = cpu->lr_timer - 1U;

	if (cpu->dirty || !cpu->lr_timer || (cpu->virt.lr[n] & LR_STATE))
		return false;
	cpu->virt.lr[n] |= GIC_LR_PENDING | (cpu->vgic->links ? 0 : GIC_LR_EOI);
	sched_wake(cpu->entity);
	return true;
}

void vgic_lr_timer_back(struct vgic_cpu *cpu)
{
	if (cpu->lr_timer && (cpu->virt.lr[cpu->lr_timer - 1U] & LR_STATE) != GIC_LR_PENDING)
		cpu->lr_timer = 0;
}

/*
 * Where hardware does not link the two, the guest's end of the timer's interrupt brings a maintenance
 * interrupt. The list register then only has to stop asking, and the physical one to be let go. Another
 * that asks has the interrupt come once more, and what we do here no longer apply.
 */
bool vgic_lr_timer_ended(struct vgic_cpu *cpu)
{
	unsigned n = cpu->lr_timer - 1U;
	u64 lr;

	if (cpu->dirty || !cpu->lr_timer || (cpu->virt.hcr & HCR_OVERFLOW))
		return false;
	lr = gic->virt_read_lr(n);
	if (lr & (LR_STATE | GIC_LR_HW) || !(lr & GIC_LR_EOI))
		return false;
	gic->virt_write_lr(n, lr & ~GIC_LR_EOI);
	gic->set_active(cpu->hw_pintid, false);
	return true;
}

void vgic_lr_update(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	int n = vgic_lr_find(cpu, intid, source);
	u64 before = 0, lr;

	if (cpu->virt.hcr & HCR_OVERFLOW) {
		vgic_poke(cpu);
		return;
	}
	if (n >= 0)
		before = fold_one(cpu, (unsigned)n);
	if (vgic_has_source(cpu->vgic, intid) && !sgi_is_plain(cpu, intid, source)) {
		if (n >= 0)
			write_lr(cpu, (unsigned)n, 0);
		vgic_poke(cpu);
		return;
	}
	lr = vgic_has_source(cpu->vgic, intid) ? compose_sgi(cpu, intid, source) :
						 compose(cpu, intid, before);
	if (lr && n < 0)
		n = free_lr(cpu);
	if (lr && n < 0) {
		vgic_poke(cpu);
		return;
	}
	if (lr)
		put(cpu, (unsigned)n, lr);
	else if (n >= 0)
		write_lr(cpu, (unsigned)n, 0);
	vgic_release_timer(cpu);
	if (UNLIKELY(cpu->vgic->device_held))
		vgic_release_devices(cpu->vgic);
	if (cpu->moved)
		vgic_pass_on(cpu);
}

/* --- For those who read or write state ----------------------------------------------------- */

u32 vgic_lr_recall(struct vgic_cpu *owner, unsigned k, u32 mask, bool unpend, bool unact)
{
	struct vgic *vgic = owner->vgic;
	u32 who = 0;

	for (unsigned i = 0; i < vgic->cpus; i++) {
		struct vgic_cpu *cpu = vgic->cpu[i];

		if ((k == 0 && cpu != owner) || !vgic_lr_holds(cpu, k, mask))
			continue;
		who |= (u32)BIT(i);
		for_each_bit(n, cpu->lr_used) {
			u32 intid = lr_intid(cpu->virt.lr[n]);

			if (intid / 32 != k || !(mask & BIT(intid % 32)))
				continue;
			if (!cpu->loaded || vgic_here(cpu)) {
				take_out(cpu, n);
				continue;
			}
			cpu->lr_unpend |= (u16)(unpend ? BIT(n) : 0);
			cpu->lr_unact |= (u16)(unact ? BIT(n) : 0);
		}
	}
	return who;
}

/* The part of a list register's state that counts: not what the next fold is to drop. */
static bool has_state(const struct vgic_cpu *cpu, unsigned n, bool active)
{
	u64 lr = vgic_lr_read(cpu, n);

	if (active)
		return (lr & GIC_LR_ACTIVE) && !(cpu->lr_unact & BIT(n));
	return (lr & GIC_LR_PENDING) && (cpu->lr_latched & ~cpu->lr_unpend & BIT(n));
}

u32 vgic_lr_state(struct vgic_cpu *owner, unsigned k, bool active)
{
	struct vgic *vgic = owner->vgic;
	u32 mask = 0;

	for (unsigned i = 0; i < vgic->cpus; i++) {
		const struct vgic_cpu *cpu = vgic->cpu[i];

		if (k == 0 && cpu != owner)
			continue;
		for_each_bit(n, cpu->lr_used) {
			u32 intid = lr_intid(cpu->virt.lr[n]);

			if (intid / 32 == k && has_state(cpu, n, active))
				mask |= (u32)BIT(intid % 32);
		}
	}
	return mask;
}

bool vgic_lr_wakes(struct vgic_cpu *cpu)
{
	u32 vmcr = read_vmcr(cpu);

	for_each_bit(n, cpu->lr_used) {
		u64 lr = vgic_lr_read(cpu, n);

		if ((lr & LR_STATE) == GIC_LR_PENDING &&
		    (vmcr & (lr & GIC_LR_GROUP1 ? VMCR_VENG1 : VMCR_VENG0)) &&
		    (lr >> GIC_LR_PRIORITY_SHIFT & 0xff) < vmcr >> VMCR_VPMR_SHIFT)
			return true;
	}
	return false;
}
