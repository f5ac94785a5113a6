// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual GIC held against itself and against the hardware's list registers, for checked builds and
 * tests. Runs at EL2, on any pCPU. Numbers are those of IHI 0069, 12.4 (list registers), not the code's.
 *
 * What is checked is what vgic.c says always holds with the lock free:
 *   - an interrupt is listed where `listed` says so, once, and nowhere else;
 *   - active state and SGIs' sources agree with the bitmaps made of them;
 *   - a list register of the vCPU that is here is what was written, or what a guest can have made of it;
 *   - what a vCPU that is not dirty could take is listed, or a maintenance interrupt will ask for it, and
 *     what it lists it may take;
 *   - without list registers, HCR_EL2.VI and VF are what distributor and interface come to.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "vdev/vgic_internal.h"

#define STATE(lr) ((unsigned)((lr) >> 62)) /* 0 invalid, 1 pending, 2 active, 3 both */
#define INTID(lr) ((u32)(lr)&0xffffffff)
#define PRIORITY(lr) ((u32)((lr) >> 48) & 0xff)
#define GROUP(lr) ((u32)((lr) >> 60) & 1)
#define IS_HW(lr) ((lr) >> 61 & 1)
#define EOI_BIT (1ULL << 41)
#define STATE_BITS (3ULL << 62)
/* ICH_HCR_EL2: what asks for those left out: NPIE, UIE; VGRP0EIE, VGRP1EIE once the guest lets the group
 * in. EOIcount is the guest's doing. */
#define ASKS 0xau
#define ASKS_GROUP(group) ((group) ? 0x40u : 0x10u)
#define EOI_COUNT 0xf8000000u

/* The interrupt that a list register holds, with an SGI's source where that tells it from others. */
static u32 identity(const struct vgic *vgic, u64 lr)
{
	if (INTID(lr) < 16 && vgic->version == 2)
		return INTID(lr) | ((u32)(lr >> 32) & 7) << 10;
	return INTID(lr);
}

/* --- Each interrupt in one place --------------------------------------------------------------- */

static bool listed_once(const struct vgic *vgic, const struct vgic_cpu *cpu, u32 n,
			struct finding *finding)
{
	u32 id = identity(vgic, cpu->virt.lr[n]);

	for (unsigned i = 0; i < vgic->cpus; i++)
		for_each_bit(k, vgic->cpu[i]->lr_used) {
			const struct vgic_cpu *other = vgic->cpu[i];

			if ((other == cpu && k == n) || identity(vgic, other->virt.lr[k]) != id ||
			    (INTID(cpu->virt.lr[n]) < VGIC_PRIVATE && other != cpu))
				continue;
			return found(
				finding,
				"INTID %u stands in list register %u of vCPU %u and %u of vCPU %u",
				INTID(cpu->virt.lr[n]), n, cpu->index, k, other->index);
		}
	return true;
}

/* What the list registers of these vCPUs hold of bank k. */
static u32 listed_in(const struct vgic_cpu *cpu, unsigned k)
{
	u32 listed = 0;

	for_each_bit(n, cpu->lr_used)
		if (INTID(cpu->virt.lr[n]) / 32 == k)
			listed |= 1U << INTID(cpu->virt.lr[n]) % 32;
	return listed;
}

static bool same(struct finding *finding, const char *what, unsigned where, u32 now, u32 expected)
{
	return now == expected ||
	       found(finding, "%s of %u is %x, expected %x", what, where, now, expected);
}

static bool check_banks(const struct vgic *vgic, struct finding *finding)
{
	for (unsigned k = 0; k < ARRAY_SIZE(vgic->spi); k++) {
		u32 listed = 0, active = 0;

		for (unsigned i = 0; i < vgic->cpus; i++) {
			listed |= listed_in(vgic->cpu[i], k + 1);
			active |= vgic->cpu[i]->spi_active[k];
		}
		if (!same(finding, "vGIC: what is listed of SPI bank", k, vgic->spi[k].listed,
			  listed) ||
		    !same(finding, "vGIC: what is active of SPI bank", k, vgic->spi[k].active,
			  active))
			return false;
	}
	return true;
}

static bool check_sgis(const struct vgic *vgic, const struct vgic_cpu *cpu, struct finding *finding)
{
	u32 pending = 0, active = 0;

	for (unsigned n = 0; n < 16; n++) {
		pending |= cpu->sgi_sources[n] ? 1U << n : 0;
		active |= cpu->sgi_active[n] ? 1U << n : 0;
	}
	return vgic->version != 2 || (same(finding, "vGIC: SGIs pending by source of vCPU",
					   cpu->index, cpu->bank.latch & 0xffff, pending) &&
				      same(finding, "vGIC: SGIs active by source of vCPU",
					   cpu->index, cpu->bank.active & 0xffff, active));
}

/* --- List registers and hardware --------------------------------------------------------------- */

/* Can a guest's acknowledging and ending have made `now` of `written`? */
static bool can_become(unsigned written, unsigned now)
{
	static const u8 reached[4] = {0x1, 0x7, 0x5, 0xf}; /* bit n: state n */

	return reached[written] >> now & 1;
}

/* One list register of the hardware's, of the vCPU that is here. */
static bool check_hardware(const struct vgic_cpu *cpu, unsigned n, struct finding *finding)
{
	u64 written = cpu->lr_used >> n & 1 ? cpu->virt.lr[n] : 0, now = gic->virt_read_lr(n);

	if (!can_become(STATE(written), STATE(now)))
		return found(finding,
			     "vCPU %u: list register %u holds %lx, and %lx was written to it",
			     cpu->index, n, now, written);
	/* what has ended may have been told not to ask for maintenance any more */
	if (STATE(now) && ((now ^ written) & ~STATE_BITS))
		return found(finding,
			     "vCPU %u: list register %u holds %lx, expected %lx but for its state",
			     cpu->index, n, now, written);
	return true;
}

static bool check_interface(const struct vgic_cpu *cpu, struct finding *finding)
{
	u32 hcr = gic->virt_read_hcr() & ~EOI_COUNT, expected = cpu->virt.hcr & ~EOI_COUNT;

	if (hcr != expected || !(hcr & 1))
		return found(finding, "vCPU %u: ICH_HCR_EL2 is %x, expected %x", cpu->index, hcr,
			     expected);
	for (unsigned n = 0; n < cpu->vgic->lrs; n++)
		if (!check_hardware(cpu, n, finding))
			return false;
	return true;
}

/* --- What is listed, and what is not ----------------------------------------------------------- */

/* Could this vCPU be given the interrupt, were it pending? */
static bool may_take(struct vgic_cpu *cpu, u32 intid)
{
	const struct vgic *vgic = cpu->vgic;
	const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = 1U << intid % 32;

	if (intid >= VGIC_PRIVATE && vgic_target(cpu->vgic, intid) != cpu)
		return false;
	return (bank->enabled & bit) && (vgic->ctlr & (bank->group1 & bit ? 2U : 1U));
}

/* A level-sensitive one's wire may have gone down without a trap. */
static bool still_pending(struct vgic_cpu *cpu, u32 intid)
{
	const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = 1U << intid % 32;
	bool level = bank->level & ~bank->edge & bit;

	if (bank->latch & bit)
		return true;
	if (level && intid < VGIC_PRIVATE && cpu->vgic->line_now)
		(void)cpu->vgic->line_now(cpu, intid, &level);
	return level;
}

static bool check_listed(struct vgic_cpu *cpu, unsigned n, struct finding *finding)
{
	u64 lr = vgic_here(cpu) ? gic->virt_read_lr(n) : cpu->virt.lr[n];
	u32 intid = INTID(cpu->virt.lr[n]);
	const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);

	if (cpu->loaded && !vgic_here(cpu))
		return true; /* its guest may change it meanwhile */
	if (STATE(lr) && IS_HW(lr) && !vgic_has_physical(cpu, intid))
		return found(
			finding,
			"vCPU %u: list register %u ends a physical interrupt that is not held: %lx",
			cpu->index, n, lr);
	if (STATE(lr) != 1)
		return true;
	if (!may_take(cpu, intid))
		return found(finding,
			     "vCPU %u: INTID %u is listed (%lx), but not enabled, or elsewhere",
			     cpu->index, intid, lr);
	if (PRIORITY(lr) != vgic_priority(cpu, intid) ||
	    GROUP(lr) != (bank->group1 >> intid % 32 & 1))
		return found(finding,
			     "vCPU %u: INTID %u is listed as %lx, expected priority %x, group %u",
			     cpu->index, intid, lr, vgic_priority(cpu, intid),
			     bank->group1 >> intid % 32 & 1);
	return true;
}

static bool check_unlisted(struct vgic_cpu *cpu, u32 intid, struct finding *finding)
{
	const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
	u32 bit = 1U << intid % 32, asks = ASKS | ASKS_GROUP(bank->group1 & bit);

	if (((bank->active | bank->listed) & bit) || !may_take(cpu, intid) ||
	    !still_pending(cpu, intid) || (cpu->virt.hcr & asks))
		return true;
	return found(finding, "vCPU %u: INTID %u is pending, and in no list register (HCR %x)",
		     cpu->index, intid, cpu->virt.hcr);
}

/* Of a vCPU that has nothing left to be done for it. */
static bool check_settled(struct vgic_cpu *cpu, struct finding *finding)
{
	for_each_bit(n, cpu->lr_used)
		if (!check_listed(cpu, n, finding))
			return false;
	for (unsigned k = 0; k < VGIC_LINES / 32; k++)
		for_each_bit(n, vgic_pending(vgic_bank(cpu, k)))
			if (!check_unlisted(cpu, 32 * k + n, finding))
				return false;
	return true;
}

/* --- Without list registers -------------------------------------------------------------------- */

/* The priority above which nothing new is signalled: that of the highest active one. */
static u32 running_priority(const struct vgic_cpu *cpu)
{
	u32 active = cpu->virt.ap0r[0] | cpu->virt.ap1r[0];

	for (u32 n = 0; n < 32; n++)
		if (active >> n & 1)
			return n << 3;
	return 0x100;
}

static bool check_lines(struct vgic_cpu *cpu, struct finding *finding)
{
	u32 vmcr = cpu->virt.vmcr, best = 0x100, lines = 0, chosen = 0;

	for (u32 intid = 0; intid < VGIC_LINES; intid++) {
		const struct vgic_bank *bank = vgic_bank(cpu, intid / 32);
		u32 bit = 1U << intid % 32, group = bank->group1 & bit ? 1 : 0;

		if (!(vgic_pending(bank) & ~bank->active & bit) || !may_take(cpu, intid) ||
		    !(vmcr >> group & 1) || vgic_priority(cpu, intid) >= best)
			continue;
		if (!still_pending(cpu, intid))
			return true; /* it was, and nobody was told yet */
		best = vgic_priority(cpu, intid);
		chosen = group;
	}
	if (best < vmcr >> 24 && vgic_group_priority(vmcr, best, chosen) < running_priority(cpu))
		lines = !chosen && (vmcr & 8) ? 0x40 : 0x80; /* VF by FIQEn, or VI */
	return same(finding, "vGIC: HCR_EL2.VI and VF of vCPU", cpu->index, cpu->lines, lines);
}

static bool check_emulated(struct vgic_cpu *cpu, struct finding *finding)
{
	if (cpu->lr_used || cpu->bank.listed)
		return found(finding,
			     "vCPU %u: there are no list registers, but %x of them are used",
			     cpu->index, cpu->lr_used);
	return cpu->dirty || check_lines(cpu, finding);
}

/* --- All --------------------------------------------------------------------------------------- */

static bool check_cpu(struct vgic_cpu *cpu, struct finding *finding)
{
	const struct vgic *vgic = cpu->vgic;

	if (!check_sgis(vgic, cpu, finding))
		return false;
	if (vgic->emulated)
		return check_emulated(cpu, finding);
	if (cpu->lr_used >> vgic->lrs)
		return found(finding, "vCPU %u: list registers %x are used, there are %u",
			     cpu->index, cpu->lr_used, vgic->lrs);
	for_each_bit(n, cpu->lr_used)
		if (!listed_once(vgic, cpu, n, finding))
			return false;
	if (!same(finding, "vGIC: what is listed of vCPU", cpu->index, cpu->bank.listed,
		  listed_in(cpu, 0)))
		return false;
	if (vgic_here(cpu) && !check_interface(cpu, finding))
		return false;
	return cpu->dirty || check_settled(cpu, finding);
}

bool vgic_check(struct vgic *vgic, struct finding *finding)
{
	bool good;

	lock_take(&vgic->lock);
	good = check_banks(vgic, finding);
	for (unsigned i = 0; good && i < vgic->cpus; i++)
		good = check_cpu(vgic->cpu[i], finding);
	lock_drop(&vgic->lock);
	return good;
}
