// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of the virtual GIC share; nobody else includes it. All functions run at EL2 with
 * vgic->lock held.
 *
 *   vgic.c       state, routing, who is told of a change, lines, SGIs, load and save
 *   vgic_lr.c    a vCPU's interrupts in list registers
 *   vgic_emul.c  the same without list registers: GICv2's CPU interface in software
 *   vgic_dist.c  distributor and redistributor registers
 *
 * A vCPU is "here" if it is loaded on this pCPU: then its guest is not running, and its list
 * registers can be read and written. Of a vCPU on another pCPU only the model is touched; it is
 * marked dirty and its pCPU kicked. A vCPU that is not loaded has its list registers in memory.
 */
#ifndef VDEV_VGIC_INTERNAL_H
#define VDEV_VGIC_INTERNAL_H

#include "arch/barrier.h"
#include "arch/pcpu.h"
#include "vdev/vgic.h"

#define GICD_CTLR_GRP0 BIT(0)
#define GICD_CTLR_GRP1 BIT(1)

/* The virtual interface has at least 5 bits of priority on every implementation; we show 5. */
#define VGIC_PRIORITY_MASK 0xf8f8f8f8u

#define VMCR_VENG0 BIT(0)
#define VMCR_VENG1 BIT(1)
#define VMCR_VACKCTL BIT(2)
#define VMCR_VFIQEN BIT(3)
#define VMCR_VCBPR BIT(4)
#define VMCR_VEOIM BIT(9)
#define VMCR_VBPR1_SHIFT 18
#define VMCR_VBPR0_SHIFT 21
#define VMCR_VPMR_SHIFT 24
/* The least binary points with 5 bits: all of them tell groups apart (IHI 0069, 4.8.2). */
#define VMCR_RESET (2u << VMCR_VBPR0_SHIFT | 3u << VMCR_VBPR1_SHIFT)

/* The bits of `mask`, lowest first. */
#define for_each_bit(n, mask)                                                                 \
	for (u32 n##_rest = (mask), n = 0; n##_rest && (n = (u32)__builtin_ctz(n##_rest), 1); \
	     n##_rest &= n##_rest - 1)

static inline struct vgic_bank *vgic_bank(struct vgic_cpu *cpu, unsigned k)
{
	return k == 0 ? &cpu->bank : &cpu->vgic->spi[k - 1];
}

static inline u32 vgic_pending(const struct vgic_bank *bank)
{
	return bank->latch | (bank->level & ~bank->edge);
}

/* Pending ones that the distributor passes on: enabled, and so is their group. */
static inline u32 vgic_forwarded(const struct vgic *vgic, const struct vgic_bank *bank)
{
	u32 group1 = vgic->ctlr & GICD_CTLR_GRP1 ? bank->group1 : 0;
	u32 group0 = vgic->ctlr & GICD_CTLR_GRP0 ? ~bank->group1 : 0;

	return vgic_pending(bank) & bank->enabled & (group1 | group0);
}

static inline u32 vgic_priority(const struct vgic_cpu *cpu, u32 intid)
{
	u32 word = intid < VGIC_PRIVATE ? cpu->priority[intid / 4] :
					  cpu->vgic->spi_priority[(intid - VGIC_PRIVATE) / 4];

	return word >> 8 * (intid % 4) & 0xff;
}

/* The bits of a priority that decide about preemption, by the guest's binary points: IHI 0048, 3.3.3;
 * IHI 0069, 4.8.2. */
static inline u32 vgic_group_priority(u32 vmcr, u32 priority, bool group1)
{
	if (group1 && !(vmcr & VMCR_VCBPR))
		return priority & 0xffu << FIELD(vmcr, 20, 18);
	return priority & 0xffu << (FIELD(vmcr, 23, 21) + 1);
}

/* GICv2's SGIs remember who sent them. */
static inline bool vgic_has_source(const struct vgic *vgic, u32 intid)
{
	return intid < 16 && vgic->version == 2;
}

/*
 * ICH_HCR_EL2 as it is at least. Of several vCPUs any may deactivate an SPI by ICC_DIR_EL1, and the
 * hardware looks only through the list registers of the one that does: so it traps. (GICv2's GICC_DIR
 * always does, having a page of its own.)
 */
static inline u32 vgic_hcr_base(const struct vgic *vgic)
{
	return (u32)(vgic->version == 3 && vgic->cpus > 1 ? GIC_HCR_EN | GIC_HCR_TDIR : GIC_HCR_EN);
}

/* Is a physical interrupt active that stands behind this one? */
static inline bool vgic_has_physical(const struct vgic_cpu *cpu, u32 intid)
{
	if (intid >= VGIC_DEVICE)
		return cpu->vgic->device_held & BIT(intid - VGIC_DEVICE);
	return cpu->hw_held && cpu->hw_intid == intid;
}

static inline bool vgic_here(const struct vgic_cpu *cpu)
{
	return cpu->loaded && cpu->pcpu == this_pcpu()->id;
}

/* The vCPU that an SPI goes to; NULL: none. */
static inline struct vgic_cpu *vgic_target(const struct vgic *vgic, u32 intid)
{
	u32 route = vgic->spi_route[intid - VGIC_PRIVATE];

	if (vgic->version == 3)
		return route < vgic->cpus ? vgic->cpu[guarded(route, vgic->cpus)] : NULL;
	if (vgic->cpus == 1)
		return vgic->cpu[0]; /* GICD_ITARGETSR is RAZ/WI: IHI 0048, 4.3.12 */
	/* Of several targets any one may take it (1-N model): here always the lowest. */
	return route ? vgic->cpu[__builtin_ctz(route)] : NULL;
}

/* All that this vCPU lists is to be looked at before it goes on. */
static inline void vgic_soil(struct vgic_cpu *cpu)
{
	cpu->dirty = true;
	cpu->arrived = 0;
}

/* vgic.c */

/* Interrupt enters or leaves the active state of this vCPU, in the model. source: SGIs of v2. */
void vgic_activate(struct vgic_cpu *cpu, u32 intid, unsigned source);
void vgic_deactivate(struct vgic_cpu *cpu, u32 intid, unsigned source);
/* No longer pending by its latch (that of one source). */
void vgic_unlatch(struct vgic_cpu *cpu, u32 intid, unsigned source);
/* Something about what this vCPU can take has changed: do it now (here), or see that it is done. */
void vgic_poke(struct vgic_cpu *cpu);
/* The interrupts `mask` of bank k have changed; `who`: vCPUs to be told whatever else. */
void vgic_changed(struct vgic_cpu *owner, unsigned k, u32 mask, u32 who);
/* SGI to a vCPU, from another or itself. */
void vgic_pend_sgi(struct vgic_cpu *cpu, u32 intid, unsigned source);
/* Lets the physical timer interrupt fire again, if nothing of it is left in this vCPU. */
void vgic_release_timer(struct vgic_cpu *cpu);
/* The guest has ended the timer's interrupt, and with it, by_hardware, the physical PPI. */
void vgic_timer_done(struct vgic_cpu *cpu, bool by_hardware);
/* The physical interrupt of a device is active, and the guest is to take it. */
void vgic_hold_device(struct vgic *vgic, u32 intid);
/* Deactivates the physical interrupts of devices that the guest has ended without the hardware. */
void vgic_release_devices(struct vgic *vgic);
/* Tells the vCPUs to which interrupts of this one's list registers have gone. */
void vgic_pass_on(struct vgic_cpu *cpu);
/* Is anything passed on to this vCPU, or was it? */
bool vgic_wanted(struct vgic_cpu *cpu);
/* Asks line_now for the interrupts of `mask` in bank 0 whose line it knows. */
void vgic_ask_lines(struct vgic_cpu *cpu, u32 mask);
/* GICC_DIR, ICC_DIR_EL1 without a look at EOImode. value: INTID, v2: and source in 12:10. */
void vgic_deactivate_anywhere(struct vgic_cpu *cpu, u32 value);

/* vgic_lr.c */

void vgic_lr_refresh(struct vgic_cpu *cpu);
/* After a maintenance interrupt, the vCPU is here: list registers that have run empty get the next ones of
 * the queue. False: that is not all; refresh. */
bool vgic_lr_refill(struct vgic_cpu *cpu) MUST_CHECK;
/* One interrupt has changed; the vCPU is here or not loaded, and the interrupt is private or its own. */
void vgic_lr_update(struct vgic_cpu *cpu, u32 intid, unsigned source);
/* The same in the usual case of an interrupt that comes, a private one or one routed to this vCPU; false:
 * nothing was done. */
bool vgic_lr_quick(struct vgic_cpu *cpu, u32 intid, unsigned source) MUST_CHECK;
/* The same for what another pCPU has noted in `arrived`; the vCPU is here, and then no longer dirty. */
bool vgic_lr_arrived(struct vgic_cpu *cpu) MUST_CHECK;
/* The same in the most usual cases of all, an SGI (of source 0) or an edge again: the vCPU is here ... */
bool vgic_lr_again(struct vgic_cpu *cpu, u32 intid) MUST_CHECK;
/* ... or on no pCPU, and is woken; */
bool vgic_lr_again_away(struct vgic_cpu *cpu, u32 intid) MUST_CHECK;
/* or the timer's interrupt: the vCPU is here ... */
bool vgic_lr_timer_again(struct vgic_cpu *cpu) MUST_CHECK;
/* ... or on no pCPU, and is woken. When it is back, what is pending in its list register is as written. */
bool vgic_lr_timer_away(struct vgic_cpu *cpu) MUST_CHECK;
void vgic_lr_timer_back(struct vgic_cpu *cpu);
/* A maintenance interrupt came because the timer's interrupt has ended, for all we look at; false: look
 * at everything. */
bool vgic_lr_timer_ended(struct vgic_cpu *cpu) MUST_CHECK;
/* Folds back what the list register that lists this interrupt holds, if one of this vCPU does. */
void vgic_lr_lift(struct vgic_cpu *cpu, u32 intid);
/* Drops list registers whose interrupt has ended, but those in lr_again and lr_timer; of a vCPU just saved, on
 * its pCPU. */
void vgic_lr_prune(struct vgic_cpu *cpu);
/* Of the same: whether a maintenance interrupt was on its way that would have brought more to be listed. */
bool vgic_lr_cut_off(const struct vgic_cpu *cpu);
/* The list register (its number) of this interrupt, or -1. */
int vgic_lr_find(const struct vgic_cpu *cpu, u32 intid, unsigned source);
u64 vgic_lr_read(const struct vgic_cpu *cpu, unsigned n);
/* Does this vCPU list an interrupt of `mask` in bank k? */
bool vgic_lr_holds(const struct vgic_cpu *cpu, unsigned k, u32 mask);
/*
 * Before a write to pending or active state of the interrupts `mask` in bank k: folds them back
 * where that can be done now; where they are live on another pCPU, notes what its next fold is to
 * drop. Returns the vCPUs that must be told.
 */
u32 vgic_lr_recall(struct vgic_cpu *owner, unsigned k, u32 mask, bool unpend, bool unact);
/* Interrupts of bank k that are pending by latch, or active, in list registers. */
u32 vgic_lr_state(struct vgic_cpu *owner, unsigned k, bool active);
/* Is there one pending that the virtual interface would signal? */
bool vgic_lr_wakes(struct vgic_cpu *cpu);

/* vgic_emul.c */

void vgic_emul_refresh(struct vgic_cpu *cpu);
bool vgic_emul_access(struct vgic_cpu *cpu, struct mmio *mmio);

#endif
