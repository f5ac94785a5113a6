// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual GIC's state, and who is told when it changes. Runs at EL2, in a trap of one of the
 * guest's vCPUs or for a device on any pCPU. IHI 0048 (GICv2) and IHI 0069 (GICv3).
 *
 * Always, with the lock free: each interrupt's state stands either here or in one list register; a
 * vCPU that could take something it doesn't yet list is dirty, and if it is on a pCPU that one has
 * been kicked; a vCPU that is here and about to go on is not dirty.
 */
#include "vdev/vgic.h"

#include "arch/context.h"
#include "lib/string.h"
#include "vdev/vgic_internal.h"

static void reset_cpu_interface(struct vgic_cpu *cpu)
{
	memset(&cpu->virt, 0, sizeof(cpu->virt));
	cpu->virt.vmcr = VMCR_RESET;
	if (cpu->vgic->version == 3)
		cpu->virt.vmcr |= VMCR_VFIQEN; /* RES1 with ICC_SRE_EL1.SRE = 1 */
	cpu->virt.hcr = vgic_hcr_base(cpu->vgic);
	cpu->lines = 0;
}

/* IHI 0048, 4.3.5: whether SGIs can be disabled is the implementation's choice. Here as on QEMU's
 * `virt` board: on GICv2 they cannot. */
static u32 fixed_enables(const struct vgic *vgic)
{
	return vgic->version == 2 ? 0xffff : 0;
}

static void reset_cpu(struct vgic_cpu *cpu)
{
	cpu->asleep = true;
	cpu->hw_held = false;
	cpu->lr_timer = 0;
	cpu->lr_again = cpu->lr_latched = cpu->lr_unpend = cpu->lr_unact = 0;
	cpu->moved = 0;
	cpu->lr_used = 0;
	cpu->dirty = false;
	cpu->arrived = 0;
	cpu->queue_next = cpu->queue_end = 0;
	memset(&cpu->bank, 0, sizeof(cpu->bank));
	cpu->bank.enabled = fixed_enables(cpu->vgic);
	cpu->bank.edge = 0xffff;
	memset(cpu->priority, 0, sizeof(cpu->priority));
	memset(cpu->spi_active, 0, sizeof(cpu->spi_active));
	memset(cpu->sgi_sources, 0, sizeof(cpu->sgi_sources));
	memset(cpu->sgi_active, 0, sizeof(cpu->sgi_active));
	reset_cpu_interface(cpu);
}

void vgic_init(struct vgic *vgic, unsigned version, bool emulated, unsigned cpus)
{
	memset(vgic, 0, sizeof(*vgic));
	vgic->version = (u8)version;
	vgic->emulated = emulated;
	vgic->cpus = (u8)cpus;
	vgic->lrs = emulated ? 0 : (u8)MIN(gic->virt_lrs(), GIC_LRS_MAX);
	vgic->links = !emulated && gic->virt_links();
}

void vgic_init_cpu(struct vgic *vgic, struct vgic_cpu *cpu, unsigned index,
		   struct sched_entity *entity)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->vgic = vgic;
	cpu->index = (u8)index;
	cpu->entity = entity;
	vgic->cpu[index] = cpu;
	reset_cpu(cpu);
}

/* The wires of devices stay as they are: it is the devices' own reset that lowers them. */
void vgic_reset(struct vgic *vgic)
{
	lock_take(&vgic->lock);
	vgic->ctlr = 0;
	for (unsigned k = 0; k < ARRAY_SIZE(vgic->spi); k++) {
		u32 level = vgic->spi[k].level;

		memset(&vgic->spi[k], 0, sizeof(vgic->spi[k]));
		vgic->spi[k].level = level;
	}
	memset(vgic->spi_priority, 0, sizeof(vgic->spi_priority));
	memset(vgic->spi_route, 0, sizeof(vgic->spi_route));
	for (unsigned i = 0; i < vgic->cpus; i++)
		reset_cpu(vgic->cpu[i]);
	lock_drop(&vgic->lock);
}

/* PSCI CPU_ON resets the CPU, not its redistributor: what is pending there stays pending. */
void vgic_reset_cpu(struct vgic_cpu *cpu)
{
	lock_take(&cpu->vgic->lock);
	for_each_bit(n, cpu->lr_used)
		vgic_lr_lift(cpu, (u32)GIC_LR_VINTID(cpu->virt.lr[n]));
	reset_cpu_interface(cpu);
	vgic_soil(cpu);
	vgic_pass_on(cpu);
	lock_drop(&cpu->vgic->lock);
}

void vgic_activate(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	u32 bit = (u32)BIT(intid % 32);

	vgic_bank(cpu, intid / 32)->active |= bit;
	if (intid >= VGIC_PRIVATE)
		cpu->spi_active[intid / 32 - 1] |= bit;
	else if (vgic_has_source(cpu->vgic, intid))
		cpu->sgi_active[intid] |= (u8)BIT(source);
}

void vgic_deactivate(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	u32 bit = (u32)BIT(intid % 32);

	if (intid >= VGIC_PRIVATE) {
		cpu->spi_active[intid / 32 - 1] &= ~bit;
	} else if (vgic_has_source(cpu->vgic, intid)) {
		cpu->sgi_active[intid] &= (u8)~BIT(source);
		if (cpu->sgi_active[intid])
			return;
	}
	vgic_bank(cpu, intid / 32)->active &= ~bit;
}

void vgic_unlatch(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	if (vgic_has_source(cpu->vgic, intid)) {
		cpu->sgi_sources[intid] &= (u8)~BIT(source);
		if (cpu->sgi_sources[intid])
			return;
	}
	vgic_bank(cpu, intid / 32)->latch &= ~(u32)BIT(intid % 32);
}

void vgic_ask_lines(struct vgic_cpu *cpu, u32 mask)
{
	bool (*line_now)(struct vgic_cpu *, u32, bool *) = cpu->vgic->line_now;

	for_each_bit(intid, line_now ? mask : 0) {
		bool level;

		if (line_now(cpu, intid, &level))
			cpu->bank.level = (cpu->bank.level & ~(u32)BIT(intid)) | (u32)level
											 << intid;
	}
}

void vgic_timer_done(struct vgic_cpu *cpu, bool by_hardware)
{
	cpu->hw_held = false;
	cpu->bank.level &= ~(u32)BIT(cpu->hw_intid); /* if it is high still, the PPI comes again */
	if (!by_hardware && cpu->loaded)
		gic->set_active(cpu->hw_pintid, false);
}

void vgic_release_timer(struct vgic_cpu *cpu)
{
	u32 bit = (u32)BIT(cpu->hw_intid);

	if (!cpu->hw_held || ((cpu->bank.level | cpu->bank.active | cpu->bank.listed) & bit))
		return;
	cpu->hw_held = false;
	if (cpu->loaded)
		gic->set_active(cpu->hw_pintid, false);
}

#define DEVICE_BANK (VGIC_DEVICE / 32)
#define DEVICE_SHIFT (VGIC_DEVICE % 32)

void vgic_hold_device(struct vgic *vgic, u32 intid)
{
	vgic->device_held |= (u16)BIT(intid - VGIC_DEVICE);
	vgic->spi[DEVICE_BANK - 1].latch |= (u32)BIT(intid % 32);
}

void vgic_release_devices(struct vgic *vgic)
{
	const struct vgic_bank *bank = &vgic->spi[DEVICE_BANK - 1];
	u32 busy = vgic_pending(bank) | bank->active | bank->listed;
	u32 done = vgic->device_held & ~(busy >> DEVICE_SHIFT);

	vgic->device_held &= (u16)~done;
	for_each_bit(n, done)
		gic->deactivate(vgic->device_pintid[n]);
}

bool vgic_wanted(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;

	if (vgic_forwarded(vgic, &cpu->bank))
		return true;
	for (unsigned k = 1; k <= ARRAY_SIZE(vgic->spi); k++)
		for_each_bit(n, vgic_forwarded(vgic, &vgic->spi[k - 1]))
			if (vgic_target(vgic, 32 * k + n) == cpu)
				return true;
	/* What a list register holds, its priority may have kept back until now. */
	for_each_bit(n, cpu->lr_used)
		if (cpu->virt.lr[n] & GIC_LR_PENDING)
			return true;
	return false;
}

void vgic_pass_on(struct vgic_cpu *cpu)
{
	u32 moved = cpu->moved;

	cpu->moved = 0;
	for_each_bit(i, moved)
		vgic_poke(cpu->vgic->cpu[i]);
}

/* What follows once list registers have been filled anew. */
static void settle(struct vgic_cpu *cpu)
{
	vgic_release_timer(cpu);
	if (UNLIKELY(cpu->vgic->device_held))
		vgic_release_devices(cpu->vgic);
	vgic_pass_on(cpu);
}

static void refresh(struct vgic_cpu *cpu)
{
	if (cpu->vgic->emulated)
		vgic_emul_refresh(cpu);
	else
		vgic_lr_refresh(cpu);
	settle(cpu);
}

void vgic_poke(struct vgic_cpu *cpu)
{
	if (vgic_here(cpu)) {
		refresh(cpu);
		return;
	}
	vgic_soil(cpu);
	if (cpu->loaded)
		sched_kick(cpu->pcpu);
	/* One that is loaded elsewhere may be on its way to sleep. */
	if (vgic_wanted(cpu))
		sched_wake(cpu->entity);
}

/* The vCPU whose list registers hold an SPI. */
static struct vgic_cpu *holder(struct vgic *vgic, unsigned k, u32 bit)
{
	for (unsigned i = 0; i < vgic->cpus; i++)
		if (vgic_lr_holds(vgic->cpu[i], k, bit))
			return vgic->cpu[i];
	return NULL;
}

void vgic_changed(struct vgic_cpu *owner, unsigned k, u32 mask, u32 who)
{
	struct vgic *vgic = owner->vgic;
	struct vgic_bank *bank = vgic_bank(owner, k);

	/* Without list registers there is nothing that shows who had one of these to take. */
	if (!vgic->emulated)
		mask &= vgic_pending(bank) | bank->active | bank->listed;
	if (k == 0 && mask)
		who |= (u32)BIT(owner->index);
	for_each_bit(n, k ? mask : 0) {
		struct vgic_cpu *target = vgic_target(vgic, 32 * k + n);

		if (target)
			who |= (u32)BIT(target->index);
		if (bank->listed & BIT(n)) {
			target = holder(vgic, k, (u32)BIT(n));
			who |= target ? (u32)BIT(target->index) : 0;
		}
	}
	for_each_bit(i, who)
		vgic_poke(vgic->cpu[i]);
	if (UNLIKELY(vgic->device_held))
		vgic_release_devices(vgic); /* its latch may have been cleared */
}

/* The same of a vCPU whose list registers can't be touched now. One interrupt that has come is noted, so
 * that the kick finds it at once. */
static void notify_later(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = (u32)BIT(intid % 32), forwarded = vgic_forwarded(cpu->vgic, bank);
	u16 note = (u16)((intid + 1) | source << 8);

	if (!cpu->dirty && cpu->loaded && !cpu->vgic->emulated && (forwarded & bit)) {
		cpu->dirty = true;
		cpu->arrived = note;
		sched_kick(cpu->pcpu);
		sched_wake(cpu->entity); /* it may be on its way to sleep */
	} else if (cpu->vgic->emulated ||
		   (((forwarded | bank->listed) & bit) && !(cpu->dirty && cpu->arrived == note)))
		vgic_poke(cpu);
}

/* One interrupt's pending state has changed; `cpu` is whom it belongs to or is routed to. */
static void notify(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = (u32)BIT(intid % 32);
	bool elsewhere = false;

	if (intid >= VGIC_PRIVATE && (bank->listed & bit) && cpu->vgic->cpus > 1) {
		struct vgic_cpu *other = holder(cpu->vgic, intid / 32, bit);

		elsewhere = other && other != cpu;
		if (other)
			cpu = other;
	}
	if ((!cpu->loaded || vgic_here(cpu)) && !cpu->dirty && !cpu->vgic->emulated) {
		if (elsewhere || !vgic_lr_quick(cpu, intid, source))
			vgic_lr_update(cpu, intid, source);
		if (!cpu->loaded && (bank->listed & bit))
			sched_wake(cpu->entity);
	} else {
		notify_later(cpu, intid, source);
	}
}

void vgic_set_line(struct vgic *vgic, unsigned cpu, u32 intid, bool level)
{
	struct vgic_cpu *target;
	struct vgic_bank *bank;
	u32 bit = (u32)BIT(intid % 32), k = intid / 32;

	if (intid < 16 || intid >= VGIC_LINES || (k == 0 && cpu >= vgic->cpus))
		return;
	lock_take(&vgic->lock);
	bank = vgic_bank(vgic->cpu[k ? 0 : cpu], k);
	if (!(bank->level & bit) != level) {
		lock_drop(&vgic->lock);
		return;
	}
	bank->level ^= bit;
	if (level && (bank->edge & bit))
		bank->latch |= bit;
	target = k ? vgic_target(vgic, intid) : vgic->cpu[cpu];
	if (target || (bank->listed & bit))
		notify(target ? target : vgic->cpu[0], intid, 0);
	lock_drop(&vgic->lock);
}

void vgic_pulse(struct vgic *vgic, u32 intid)
{
	u32 bit = (u32)BIT(intid % 32), k = intid / 32;
	struct vgic_cpu *target;

	if (k == 0 || intid >= VGIC_LINES)
		return;
	lock_take(&vgic->lock);
	if ((vgic->spi[k - 1].edge & bit) &&
	    (vgic->cpus > 1 || vgic->cpu[0]->loaded || !vgic_lr_again_away(vgic->cpu[0], intid))) {
		vgic->spi[k - 1].latch |= bit;
		target = vgic_target(vgic, intid);
		if (target || (vgic->spi[k - 1].listed & bit))
			notify(target ? target : vgic->cpu[0], intid, 0);
	}
	lock_drop(&vgic->lock);
}

/* What list registers still hold of it has to be folded before it is pending anew. */
static void inject_again(struct vgic_cpu *cpu, u32 intid)
{
	vgic_lr_lift(cpu, intid);
	cpu->hw_held = true;
	cpu->bank.level |= (u32)BIT(intid);
	notify(cpu, intid, 0);
}

static void inject_timer(struct vgic_cpu *cpu, u32 intid, u32 pintid)
{
	cpu->hw_intid = (u16)intid;
	cpu->hw_pintid = (u16)pintid;
	if (cpu->dirty || cpu->vgic->emulated) {
		inject_again(cpu, intid);
		return;
	}
	cpu->hw_held = true;
	cpu->bank.level |= (u32)BIT(intid);
	if (!cpu->loaded && vgic_lr_timer_away(cpu))
		return;
	if (!vgic_lr_quick(cpu, intid, 0))
		inject_again(cpu, intid);
	else if (!cpu->loaded)
		sched_wake(cpu->entity);
}

void vgic_inject_timer(struct vgic_cpu *cpu, u32 intid, u32 pintid)
{
	struct vgic *vgic = cpu->vgic;

	lock_take(&vgic->lock);
	/* Loaded elsewhere: a soft timer came late, the comparator over there is the vCPU's again. */
	if (!cpu->loaded || vgic_here(cpu))
		inject_timer(cpu, intid, pintid);
	lock_drop(&vgic->lock);
}

void vgic_timer_interrupt(struct vgic_cpu *cpu, u32 intid, u32 pintid)
{
	struct vgic *vgic = cpu->vgic;

	lock_take(&vgic->lock);
	if (UNLIKELY(!vgic_lr_timer_again(cpu)))
		inject_timer(cpu, intid, pintid);
	lock_drop(&vgic->lock);
}

void vgic_open_device(struct vgic *vgic, u32 intid, u32 pintid)
{
	lock_take(&vgic->lock);
	vgic->device_pintid[intid - VGIC_DEVICE] = (u16)pintid;
	vgic->device_open |= (u16)BIT(intid - VGIC_DEVICE);
	lock_drop(&vgic->lock);
}

void vgic_close_device(struct vgic *vgic, u32 intid)
{
	u32 mark = (u32)BIT(intid - VGIC_DEVICE);

	lock_take(&vgic->lock);
	vgic->device_open &= (u16)~mark;
	for (unsigned i = 0; i < vgic->cpus; i++)
		vgic_lr_lift(vgic->cpu[i], intid);
	if ((vgic->device_held | vgic->device_again) & mark)
		gic->deactivate(vgic->device_pintid[intid - VGIC_DEVICE]);
	vgic->device_held &= (u16)~mark;
	vgic->device_again &= (u16)~mark;
	vgic->spi[DEVICE_BANK - 1].latch &= ~(u32)BIT(intid % 32);
	lock_drop(&vgic->lock);
}

/* Lock vgic held. */
static void inject_device(struct vgic *vgic, u32 intid)
{
	u32 bit = (u32)BIT(intid % 32);
	struct vgic_cpu *target, *other = NULL;

	if (vgic->spi[DEVICE_BANK - 1].listed & bit)
		other = holder(vgic, DEVICE_BANK, bit);
	if (other && other->loaded && !vgic_here(other)) {
		vgic->device_again |= (u16)BIT(intid - VGIC_DEVICE);
		vgic_poke(other);
		return;
	}
	if (other)
		vgic_lr_lift(other, intid);
	vgic_hold_device(vgic, intid);
	target = vgic_target(vgic, intid);
	if (target)
		notify(target, intid, 0);
	if (other && other != target)
		vgic_poke(other);
}

bool vgic_inject_device(struct vgic *vgic, u32 intid)
{
	bool open;

	lock_take(&vgic->lock);
	open = vgic->device_open & BIT(intid - VGIC_DEVICE);
	if (open)
		inject_device(vgic, intid);
	lock_drop(&vgic->lock);
	return open;
}

static bool has_state(const struct vgic_cpu *cpu, unsigned n)
{
	return (vgic_lr_read(cpu, n) & (GIC_LR_PENDING | GIC_LR_ACTIVE)) != 0;
}

/* Lock vgic held, and the physical one is. */
static bool is_timer_busy(const struct vgic_cpu *cpu)
{
	int n = vgic_lr_find(cpu, cpu->hw_intid, 0);

	if (n >= 0)
		return has_state(cpu, (unsigned)n);
	return ((cpu->bank.level | cpu->bank.active) & BIT(cpu->hw_intid)) != 0;
}

bool vgic_holds_timer(struct vgic_cpu *cpu)
{
	unsigned own = READ_ONCE(cpu->lr_timer);
	bool busy;

	if (own && !READ_ONCE(cpu->dirty))
		return has_state(cpu, own - 1);
	lock_take(&cpu->vgic->lock);
	busy = cpu->hw_held && is_timer_busy(cpu);
	lock_drop(&cpu->vgic->lock);
	return busy;
}

static NOINLINE void pend_sgi(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	cpu->bank.latch |= (u32)BIT(intid);
	if (vgic_has_source(cpu->vgic, intid))
		cpu->sgi_sources[intid] |= (u8)BIT(source);
	notify(cpu, intid, source);
}

void vgic_pend_sgi(struct vgic_cpu *cpu, u32 intid, unsigned source)
{
	if (!vgic_has_source(cpu->vgic, intid))
		source = 0;
	if (source || !(vgic_here(cpu) ? vgic_lr_again(cpu, intid) :
					 !cpu->loaded && vgic_lr_again_away(cpu, intid)))
		pend_sgi(cpu, intid, source);
}

/* ICC_SGI1R_EL1 and its like, IHI 0069 12.2.18: Aff3 55:48, range 47:44, all but self 40,
 * Aff2 39:32, INTID 27:24, Aff1 23:16, a mask of Aff0 in 15:0. Our vCPUs are 0.0.0.0 .. 0.0.0.7. */
void vgic_send_sgi(struct vgic_cpu *cpu, u64 value, bool group1)
{
	struct vgic *vgic = cpu->vgic;
	u32 intid = (u32)FIELD(value, 27, 24);
	u32 all = (u32)BIT(vgic->cpus) - 1, targets;

	if (value & BIT(40))
		targets = all & ~(u32)BIT(cpu->index);
	else if (value & (BITS(55, 44) | BITS(39, 32) | BITS(23, 16)))
		targets = 0; /* other clusters, or the range of Aff0 from 16 on */
	else
		targets = (u32)FIELD(value, 15, 0) & all;
	lock_take(&vgic->lock);
	for_each_bit(i, targets)
		if (group1 || !(vgic->cpu[i]->bank.group1 & BIT(intid)))
			vgic_pend_sgi(vgic->cpu[i], intid, cpu->index);
	lock_drop(&vgic->lock);
}

void vgic_deactivate_anywhere(struct vgic_cpu *cpu, u32 value)
{
	u32 intid = value & 0x3ff, bit = (u32)BIT(intid % 32), k = intid / 32, who;
	unsigned source = value >> 10 & 7;
	struct vgic *vgic = cpu->vgic;

	if (intid >= VGIC_LINES)
		return;
	who = vgic_lr_recall(cpu, k, bit, false, true);
	if (k == 0)
		vgic_deactivate(cpu, intid, source);
	for (unsigned i = 0; k != 0 && i < vgic->cpus; i++)
		vgic_deactivate(vgic->cpu[i], intid, 0);
	vgic_changed(cpu, k, bit, who | (u32)BIT(cpu->index));
}

/* With EOImode 0 a write is ignored: IHI 0048, 4.4.14; IHI 0069, 12.2.11. */
static void dir(struct vgic_cpu *cpu, u32 value)
{
	if (gic->virt_read_vmcr() & VMCR_VEOIM)
		vgic_deactivate_anywhere(cpu, value & 0x1fff);
}

void vgic_dir(struct vgic_cpu *cpu, u32 intid)
{
	lock_take(&cpu->vgic->lock);
	dir(cpu, intid);
	lock_drop(&cpu->vgic->lock);
}

void vgic_load(struct vgic_cpu *cpu)
{
	lock_take(&cpu->vgic->lock);
	if (cpu->dirty)
		refresh(cpu);
	vgic_lr_timer_back(cpu);
	if (cpu->hw_held && (cpu->lr_timer || is_timer_busy(cpu)))
		gic->set_active(cpu->hw_pintid, true);
	cpu->pcpu = this_pcpu()->id;
	cpu->loaded = true;
	if (cpu->vgic->emulated)
		context_set_lines(cpu->lines);
	else
		gic->virt_load(&cpu->virt, cpu->lr_used);
	lock_drop(&cpu->vgic->lock);
}

void vgic_save(struct vgic_cpu *cpu)
{
	lock_take(&cpu->vgic->lock);
	if (!cpu->vgic->emulated)
		gic->virt_save(&cpu->virt, cpu->lr_used);
	cpu->loaded = false;
	cpu->arrived = 0;
	vgic_lr_prune(cpu);
	if (UNLIKELY(cpu->vgic->device_held))
		vgic_release_devices(cpu->vgic);
	if (cpu->moved)
		vgic_pass_on(cpu);
	/* It may be on its way to sleep, by a WFI that came before the maintenance interrupt. */
	if (UNLIKELY(vgic_lr_cut_off(cpu)) && vgic_wanted(cpu))
		sched_wake(cpu->entity);
	lock_drop(&cpu->vgic->lock);
}

void vgic_refresh(struct vgic_cpu *cpu)
{
	if (!READ_ONCE(cpu->dirty))
		return;
	lock_take(&cpu->vgic->lock);
	if (!vgic_lr_arrived(cpu))
		refresh(cpu);
	lock_drop(&cpu->vgic->lock);
}

void vgic_maintenance(struct vgic_cpu *cpu)
{
	lock_take(&cpu->vgic->lock);
	if (!vgic_lr_timer_ended(cpu)) {
		if (vgic_lr_refill(cpu))
			settle(cpu);
		else
			refresh(cpu);
	}
	lock_drop(&cpu->vgic->lock);
}

bool vgic_wakes(struct vgic_cpu *cpu)
{
	bool wakes;

	/* Here and not dirty: nobody else touches its list registers, and what comes makes it dirty. */
	if (!READ_ONCE(cpu->dirty) && !cpu->lines &&
	    (!cpu->lr_used || (vgic_here(cpu) && !(cpu->lr_used & ~gic->virt_empty()))))
		return false;
	lock_take(&cpu->vgic->lock);
	if (cpu->dirty && (!cpu->loaded || vgic_here(cpu)))
		refresh(cpu);
	wakes = cpu->vgic->emulated ? cpu->lines != 0 : vgic_lr_wakes(cpu);
	lock_drop(&cpu->vgic->lock);
	return wakes;
}

bool vgic_cpu_interface(struct vgic_cpu *cpu, struct mmio *mmio)
{
	bool known = true;

	lock_take(&cpu->vgic->lock);
	if (cpu->vgic->emulated)
		known = vgic_emul_access(cpu, mmio);
	else if (mmio->write && mmio->offset == 0x1000 && mmio->size == 4)
		dir(cpu, (u32)mmio->value);
	else if (!mmio->write)
		mmio->value = 0;
	lock_drop(&cpu->vgic->lock);
	return known;
}
