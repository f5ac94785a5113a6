// SPDX-License-Identifier: Apache-2.0
/*
 * GICv2's CPU interface in software (IHI 0048, 4.4), for boards that have no list registers and for
 * v2 guests on v3 hardware. Runs at EL2 with vgic->lock held; no Security Extensions.
 *
 * GICC_CTLR, PMR, BPR and ABPR are kept in virt.vmcr, as ICH_VMCR_EL2 has them (so the same state
 * can be loaded into hardware); the active priorities in virt.ap0r[0] and ap1r[0], one bit for each
 * of 32 levels. HCR_EL2.VI and VF are a function of this and of the distributor, worked out anew
 * after every change; nothing is ever in a list register.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "vdev/vgic_internal.h"

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_BPR 0x08
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICC_RPR 0x14
#define GICC_HPPIR 0x18
#define GICC_ABPR 0x1c
#define GICC_AIAR 0x20
#define GICC_AEOIR 0x24
#define GICC_AHPPIR 0x28
#define GICC_APR0 0xd0
#define GICC_NSAPR0 0xe0
#define GICC_IIDR 0xfc
#define GICC_DIR 0x1000

/* EnableGrp0, EnableGrp1, AckCtl, FIQEn, CBPR, EOImode: where VMCR has them too. */
#define CTLR_MASK 0x21fu
#define GICC_IIDR_VALUE 0x0002043bu /* architecture version 2, Arm */
#define BPR_MIN 2u		    /* 5 bits of priority: IHI 0048, 3.3.3 */
#define ABPR_MIN 3u

#define SPURIOUS 1023u
#define SPURIOUS_GROUP1 1022u
#define IDLE 0x100u /* running priority when nothing is active */

struct best {
	u32 intid; /* SPURIOUS: none */
	u32 priority;
	u32 source;
	bool group1;
};

static void consider(struct vgic_cpu *cpu, struct best *best, u32 intid)
{
	u32 priority = vgic_priority(cpu, intid);
	bool group1 = vgic_bank(cpu, intid / 32)->group1 & BIT(intid % 32);

	if (!(cpu->virt.vmcr & (group1 ? VMCR_VENG1 : VMCR_VENG0)) || priority >= best->priority)
		return;
	*best = (struct best){.intid = intid, .priority = priority, .group1 = group1};
	if (intid < 16 && cpu->sgi_sources[intid])
		best->source = (u32)__builtin_ctz(cpu->sgi_sources[intid]);
}

/* The highest-priority pending interrupt; of equal ones the lowest INTID. */
static struct best find_best(struct vgic_cpu *cpu)
{
	struct vgic *vgic = cpu->vgic;
	struct best best = {.intid = SPURIOUS, .priority = IDLE};

	vgic_ask_lines(cpu, vgic_forwarded(vgic, &cpu->bank) & cpu->bank.level & ~cpu->bank.edge);
	for_each_bit(n, vgic_forwarded(vgic, &cpu->bank) & ~cpu->bank.active)
		consider(cpu, &best, n);
	for (unsigned k = 1; k <= ARRAY_SIZE(vgic->spi); k++) {
		const struct vgic_bank *bank = &vgic->spi[k - 1];

		for_each_bit(n, vgic_forwarded(vgic, bank) & ~bank->active)
			if (vgic_target(vgic, 32 * k + n) == cpu)
				consider(cpu, &best, 32 * k + n);
	}
	return best;
}

static u32 running(const struct vgic_cpu *cpu)
{
	u32 active = cpu->virt.ap0r[0] | cpu->virt.ap1r[0];

	return active ? (u32)__builtin_ctz(active) << 3 : IDLE;
}

static u32 group_priority(const struct vgic_cpu *cpu, const struct best *best)
{
	return vgic_group_priority(cpu->virt.vmcr, best->priority, best->group1);
}

/* Would the interface signal it: above the mask, and above what is running. */
static bool signalled(const struct vgic_cpu *cpu, const struct best *best)
{
	return best->intid != SPURIOUS && best->priority < cpu->virt.vmcr >> VMCR_VPMR_SHIFT &&
	       group_priority(cpu, best) < running(cpu);
}

void vgic_emul_refresh(struct vgic_cpu *cpu)
{
	struct best best = find_best(cpu);

	cpu->dirty = false;
	cpu->lines = 0;
	if (signalled(cpu, &best))
		cpu->lines = (u32)(!best.group1 && (cpu->virt.vmcr & VMCR_VFIQEN) ? HCR_EL2_VF :
										    HCR_EL2_VI);
	if (vgic_here(cpu))
		context_set_lines(cpu->lines);
}

/* What IAR and HPPIR show of it: 1022 stands for an interrupt of group 1 read without AckCtl. */
static u32 shown(const struct vgic_cpu *cpu, const struct best *best, bool alias)
{
	if (best->intid == SPURIOUS || (alias && !best->group1))
		return SPURIOUS;
	if (!alias && best->group1 && !(cpu->virt.vmcr & VMCR_VACKCTL))
		return SPURIOUS_GROUP1;
	return best->intid | best->source << 10;
}

static u32 acknowledge(struct vgic_cpu *cpu, bool alias)
{
	struct best best = find_best(cpu);
	u32 value;

	if (!signalled(cpu, &best))
		return SPURIOUS;
	value = shown(cpu, &best, alias);
	if (value == SPURIOUS || value == SPURIOUS_GROUP1)
		return value;
	*(best.group1 ? cpu->virt.ap1r : cpu->virt.ap0r) |=
		(u32)BIT(group_priority(cpu, &best) >> 3);
	vgic_unlatch(cpu, best.intid, best.source);
	vgic_activate(cpu, best.intid, best.source);
	if (cpu->hw_held && best.intid == cpu->hw_intid)
		cpu->bank.level &= ~(u32)BIT(best.intid); /* the PPI comes again if it is high */
	return value;
}

/* The priority drop is that of the interrupt taken last, the highest active one. */
static void drop_priority(struct vgic_cpu *cpu)
{
	u32 group0 = cpu->virt.ap0r[0], group1 = cpu->virt.ap1r[0];
	u32 highest = (group0 | group1) & -(group0 | group1);

	if (group0 & highest)
		cpu->virt.ap0r[0] = group0 & ~highest;
	else
		cpu->virt.ap1r[0] = group1 & ~highest;
}

static void end_of_interrupt(struct vgic_cpu *cpu, u32 value, bool alias)
{
	u32 intid = value & 0x3ff;

	if (intid >= VGIC_LINES || running(cpu) == IDLE)
		return;
	if (alias && !(vgic_bank(cpu, intid / 32)->group1 & BIT(intid % 32)))
		return;
	drop_priority(cpu);
	if (!(cpu->virt.vmcr & VMCR_VEOIM))
		vgic_deactivate_anywhere(cpu, value & 0x1fff);
}

static u32 read(struct vgic_cpu *cpu, u64 offset)
{
	u32 vmcr = cpu->virt.vmcr;
	struct best best;

	switch (offset) {
	case GICC_CTLR:
		return vmcr & CTLR_MASK;
	case GICC_PMR:
		return vmcr >> VMCR_VPMR_SHIFT;
	case GICC_BPR:
		return (u32)FIELD(vmcr, 23, 21);
	case GICC_ABPR:
		return (u32)FIELD(vmcr, 20, 18);
	case GICC_IAR:
	case GICC_AIAR:
		return acknowledge(cpu, offset == GICC_AIAR);
	case GICC_RPR:
		return MIN(running(cpu), 0xffu);
	case GICC_HPPIR:
	case GICC_AHPPIR:
		best = find_best(cpu);
		return shown(cpu, &best, offset == GICC_AHPPIR);
	case GICC_APR0:
		return cpu->virt.ap0r[0];
	case GICC_NSAPR0:
		return cpu->virt.ap1r[0];
	case GICC_IIDR:
		return GICC_IIDR_VALUE;
	default:
		return 0;
	}
}

static void set_vmcr(struct vgic_cpu *cpu, u64 mask, u32 bits)
{
	cpu->virt.vmcr = (cpu->virt.vmcr & ~(u32)mask) | bits;
}

static void write(struct vgic_cpu *cpu, u64 offset, u32 value)
{
	switch (offset) {
	case GICC_CTLR:
		set_vmcr(cpu, CTLR_MASK, value & CTLR_MASK);
		break;
	case GICC_PMR:
		set_vmcr(cpu, BITS(31, 24), (value & 0xf8) << VMCR_VPMR_SHIFT);
		break;
	case GICC_BPR:
		set_vmcr(cpu, BITS(23, 21), MAX(value & 7, BPR_MIN) << VMCR_VBPR0_SHIFT);
		break;
	case GICC_ABPR:
		set_vmcr(cpu, BITS(20, 18), MAX(value & 7, ABPR_MIN) << VMCR_VBPR1_SHIFT);
		break;
	case GICC_EOIR:
	case GICC_AEOIR:
		end_of_interrupt(cpu, value, offset == GICC_AEOIR);
		break;
	case GICC_APR0:
		cpu->virt.ap0r[0] = value;
		break;
	case GICC_NSAPR0:
		cpu->virt.ap1r[0] = value;
		break;
	case GICC_DIR:
		if (cpu->virt.vmcr & VMCR_VEOIM)
			vgic_deactivate_anywhere(cpu, value & 0x1fff);
		break;
	default:
		break;
	}
}

bool vgic_emul_access(struct vgic_cpu *cpu, struct mmio *mmio)
{
	if (mmio->offset >= 0x2000)
		return false;
	if (mmio->size != 4 || mmio->offset % 4) {
		if (!mmio->write)
			mmio->value = 0;
		return true;
	}
	if (mmio->write)
		write(cpu, mmio->offset, (u32)mmio->value);
	else
		mmio->value = read(cpu, mmio->offset);
	vgic_poke(cpu); /* it is here: VI and VF anew, and the timer's PPI let go if it ended */
	return true;
}
