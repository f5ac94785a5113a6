// SPDX-License-Identifier: Apache-2.0
/*
 * GICv3 with affinity routing (IHI 0069): distributor, this pCPU's redistributor, and the CPU and
 * virtual interfaces, which are system registers (arch/gic_sysregs.h). Runs at EL2; GICv4 is used
 * as a GICv3.
 *
 * What always holds: all interrupts are in group 1. Acknowledging also drops the priority
 * (EOImode = 1), so a guest may deactivate an interrupt later through a list register with HW = 1.
 * A list register that is not in a loaded vCPU's `used` mask is zero.
 *
 * board.gicd and board.gicr[] are mapped as device memory before init.
 */
#include "board/gic.h"
#include "arch/barrier.h"
#include "arch/gic_sysregs.h"
#include "arch/pcpu.h"
#include "board/board.h"
#include "board/gicd.h"
#include "board/say.h"

/* ICH_HCR_EL2 while no vCPU has the virtual interface: a guest with a GICv2 in software finds no
 * registers of a GICv3, and nothing in them of who had them before. */
#define HCR_OFF (GIC_HCR_TC | GIC_HCR_TALL0 | GIC_HCR_TALL1 | GIC_HCR_TDIR)

static u32 lines;			   /* INTIDs below 1020 that exist; constant after init */
static u32 lrs;				   /* list registers that we use */
static u32 priority_bits, preemption_bits; /* of the virtual interface */
static u64 sgi_frames[PCPUS_MAX]; /* address of each pCPU's SGI frame; each writes its own */
static u64 sgi_words[PCPUS_MAX];  /* each pCPU's address in ICC_SGI1R_EL1; 0: not up yet */

/* PPIs and SGIs live in this pCPU's redistributor, SPIs in the distributor. */
static u64 frame_of(u32 intid)
{
	return intid < GIC_SPI_FIRST ? sgi_frames[this_pcpu()->id] : board.gicd.base;
}

static bool gicv3_init(void)
{
	u64 gicd = board.gicd.base;

	if (!gic_sysregs_present()) {
		say("GICv3: this CPU has no system registers for it\n");
		return false;
	}
	if (board.gicd.size < 0x10000 || board.gicrs == 0 || board.gicr_stride % 0x10000 != 0) {
		say("GICv3: register frames missing, too small or oddly spaced\n");
		return false;
	}
	if (GIC_PIDR2_ARCH(mmio_read32(gicd + GICD_PIDR2_V3)) < 3) {
		say("GICv3: distributor says it is something else\n");
		return false;
	}
	mmio_write32(gicd + GICD_CTLR, 0);
	lines = gicd_lines(gicd);
	lrs = MIN((u32)ICH_VTR_LISTREGS(ich_read_vtr()), (u32)GIC_LRS_MAX);
	priority_bits = (u32)ICH_VTR_PRIBITS(ich_read_vtr());
	preemption_bits = (u32)ICH_VTR_PREBITS(ich_read_vtr());

	/* Routing may only be turned on while both groups are off, and they must really be. */
	if (!mmio_wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
		return false;
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE);
	gicd_quiet(gicd, GIC_SPI_FIRST, lines, ~0u);
	if (!mmio_wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP))
		return false;
	mmio_write32(gicd + GICD_CTLR,
		     (u32)(GICD_CTLR_ARE | GICD_CTLR_ENABLE1 | GICD_CTLR_ENABLE0));
	return true;
}

static u64 stride_of(u64 typer)
{
	if (board.gicr_stride != 0)
		return board.gicr_stride;
	return (typer & GICR_TYPER_VLPIS) != 0 ? GICR_STRIDE_VLPIS : GICR_STRIDE;
}

/* This pCPU's redistributor in one region: the one whose GICR_TYPER bears the same affinity. The
 * region's size, from the tree, bounds the walk. 0: not here. */
static u64 find_in_region(const struct fdt_range *region, u32 affinity)
{
	u64 offset = 0;

	while (region->size >= GICR_STRIDE && offset <= region->size - GICR_STRIDE) {
		u64 rd = region->base + offset;
		u64 typer = mmio_read64(rd + GICR_TYPER);

		if (GIC_PIDR2_ARCH(mmio_read32(rd + GICR_PIDR2)) < 3)
			return 0;
		if (typer >> 32 == affinity)
			return rd;
		if ((typer & GICR_TYPER_LAST) != 0 || stride_of(typer) > region->size)
			return 0;
		offset += MAX(stride_of(typer), GICR_STRIDE);
	}
	return 0;
}

static u64 find_redistributor(u64 mpidr)
{
	u32 affinity = (u32)(FIELD(mpidr, 39, 32) << 24 | FIELD(mpidr, 23, 0));

	for (unsigned i = 0; i < board.gicrs; i++) {
		u64 rd = find_in_region(&board.gicr[i], affinity);

		if (rd != 0)
			return rd;
	}
	return 0;
}

static void gicv3_enable(u32 intid, bool level)
{
	u64 frame = frame_of(intid);

	if (intid >= lines)
		return;
	if (intid >= GIC_PPI_FIRST) {
		gicd_write_bit(frame, GICD_ICENABLER, intid);
		gicd_configure(frame, intid, level);
	}
	if (intid >= GIC_SPI_FIRST) {
		u64 mpidr = pcpus[0].mpidr;

		mmio_write64(frame + GICD_IROUTER + 8 * (u64)intid,
			     mpidr & (BITS(39, 32) | BITS(23, 0)));
	}
	gicd_write_bit(frame, GICD_ISENABLER, intid);
}

/* ICC_SRE_EL1 stays 1 under guests. Where the register can be written (an interface that also
 * has GICv2's form), guests must not, since it is not switched: their accesses then trap. */
static void init_sre(void)
{
	const u64 all = ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB;

	icc_write_sre_el2(all | ICC_SRE_EL2_ENABLE);
	isb();
	icc_write_sre_el1(0);
	isb();
	if ((icc_read_sre_el1() & ICC_SRE_SRE) == 0) {
		icc_write_sre_el1(all);
		icc_write_sre_el2(all);
		isb();
	}
}

static void init_interface(void)
{
	u64 bits;

	icc_write_pmr(0xff);
	icc_write_bpr1(0);
	icc_write_ctlr(ICC_CTLR_EOIMODE);
	bits = ICC_CTLR_PRIBITS(icc_read_ctlr());
	icc_write_ap1r0(0);
	if (bits > 5)
		icc_write_ap1r1(0);
	if (bits > 6) {
		icc_write_ap1r2(0);
		icc_write_ap1r3(0);
	}
	icc_write_igrpen1(1);

	ich_write_hcr(HCR_OFF);
	for (unsigned n = 0; n < MIN(ICH_VTR_LISTREGS(ich_read_vtr()), (u64)GIC_LRS_MAX); n++)
		ich_write_lr(n, 0);
	isb();
}

static void gicv3_init_cpu(void)
{
	struct pcpu *self = this_pcpu();
	u64 rd = find_redistributor(self->mpidr);
	u64 frame = rd + GICR_SGI_FRAME;

	if (rd == 0)
		panic("GICv3: no redistributor for CPU %u", self->id);
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~(u32)GICR_WAKER_SLEEP);
	if (!mmio_wait_clear(rd + GICR_WAKER, GICR_WAKER_ASLEEP))
		panic("GICv3: redistributor of CPU %u does not wake", self->id);
	gicd_quiet(frame, 0, 32, ~0u);
	if (!mmio_wait_clear(rd + GICR_CTLR, GICR_CTLR_RWP))
		panic("GICv3: redistributor of CPU %u does not answer", self->id);
	mmio_write32(frame + GICD_ISENABLER, 0xffff);
	sgi_frames[self->id] = frame;

	init_sre();
	init_interface();
	if (board.gic_maintenance != 0) {
		gicd_last(frame, board.gic_maintenance);
		gicv3_enable(board.gic_maintenance, true);
	}

	/* ICC_SGI1R_EL1: Aff3 55:48, range 47:44, Aff2 39:32, Aff1 23:16, target list 15:0 */
	sgi_words[self->id] = FIELD(self->mpidr, 39, 32) << 48 | FIELD(self->mpidr, 7, 4) << 44 |
			      FIELD(self->mpidr, 23, 16) << 32 | FIELD(self->mpidr, 15, 8) << 16 |
			      BIT(FIELD(self->mpidr, 3, 0));
}

static u32 gicv3_ack(void)
{
	u32 intid = (u32)icc_read_iar1();

	if (UNLIKELY(intid >= GIC_INTID_SPECIAL) && intid < GIC_INTID_LPI)
		return intid;
	icc_write_eoir1(intid);
	if (intid < GIC_PPI_FIRST)
		isb(); /* what the sender wrote is read after this, which a DMB does not order: it is no load */
	return intid;
}

static void gicv3_deactivate(u32 intid)
{
	icc_write_dir(intid);
}

static void gicv3_disable(u32 intid)
{
	if (intid < lines)
		gicd_write_bit(frame_of(intid), GICD_ICENABLER, intid);
}

static void gicv3_set_active(u32 intid, bool active)
{
	if (intid < GIC_SPI_FIRST)
		gicd_write_bit(frame_of(intid), active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

static void gicv3_send_sgi(unsigned pcpu, unsigned sgi)
{
	dsb(ish); /* what it is about is visible before it arrives */
	icc_write_sgi1r(sgi_words[pcpu] | (u64)sgi << 24);
	isb(); /* sent now, not at the next exception return */
}

static bool gicv3_virt_links(void)
{
	return true; /* QEMU's model too */
}

static unsigned gicv3_virt_lrs(void)
{
	return lrs;
}

static unsigned gicv3_virt_priority_bits(void)
{
	return priority_bits;
}

/* Active priorities: 32 levels with five bits of preemption, 64 with six, 128 with seven. */
static void load_more_active(const struct gic_virt *virt)
{
	ich_write_ap0r1(virt->ap0r[1]);
	ich_write_ap1r1(virt->ap1r[1]);
	if (preemption_bits < 7)
		return;
	ich_write_ap0r2(virt->ap0r[2]);
	ich_write_ap0r3(virt->ap0r[3]);
	ich_write_ap1r2(virt->ap1r[2]);
	ich_write_ap1r3(virt->ap1r[3]);
}

static void save_more_active(struct gic_virt *virt)
{
	virt->ap0r[1] = (u32)ich_read_ap0r1();
	virt->ap1r[1] = (u32)ich_read_ap1r1();
	if (preemption_bits < 7)
		return;
	virt->ap0r[2] = (u32)ich_read_ap0r2();
	virt->ap0r[3] = (u32)ich_read_ap0r3();
	virt->ap1r[2] = (u32)ich_read_ap1r2();
	virt->ap1r[3] = (u32)ich_read_ap1r3();
}

/* No barrier in these two: the exception entry before and the return after synchronise. */
static void gicv3_virt_load(const struct gic_virt *virt, u32 used)
{
	ich_write_vmcr(virt->vmcr);
	ich_write_ap0r0(virt->ap0r[0]);
	ich_write_ap1r0(virt->ap1r[0]);
	if (UNLIKELY(preemption_bits > 5))
		load_more_active(virt);
	ich_load_lrs(virt->lr, used);
	ich_write_hcr(virt->hcr);
}

static void gicv3_virt_save(struct gic_virt *virt, u32 used)
{
	virt->hcr = (u32)ich_read_hcr();
	ich_write_hcr(HCR_OFF);
	virt->vmcr = (u32)ich_read_vmcr();
	virt->ap0r[0] = (u32)ich_read_ap0r0();
	virt->ap1r[0] = (u32)ich_read_ap1r0();
	if (UNLIKELY(preemption_bits > 5))
		save_more_active(virt);
	ich_save_lrs(virt->lr, used);
}

static u32 gicv3_virt_empty(void)
{
	return (u32)(ich_read_elrsr() & (BIT(lrs) - 1));
}

static u32 gicv3_virt_read_hcr(void)
{
	return (u32)ich_read_hcr();
}

static void gicv3_virt_write_hcr(u32 hcr)
{
	ich_write_hcr(hcr);
}

static u32 gicv3_virt_read_vmcr(void)
{
	return (u32)ich_read_vmcr();
}

static void gicv3_virt_write_vmcr(u32 vmcr)
{
	ich_write_vmcr(vmcr);
}

const struct gic_ops gicv3_ops = {
	.name = "GICv3",
	.version = 3,
	.init = gicv3_init,
	.init_cpu = gicv3_init_cpu,
	.ack = gicv3_ack,
	.deactivate = gicv3_deactivate,
	.enable = gicv3_enable,
	.disable = gicv3_disable,
	.set_active = gicv3_set_active,
	.send_sgi = gicv3_send_sgi,
	.virt_lrs = gicv3_virt_lrs,
	.virt_links = gicv3_virt_links,
	.virt_priority_bits = gicv3_virt_priority_bits,
	.virt_load = gicv3_virt_load,
	.virt_save = gicv3_virt_save,
	.virt_read_lr = ich_read_lr,
	.virt_write_lr = ich_write_lr,
	.virt_empty = gicv3_virt_empty,
	.virt_read_hcr = gicv3_virt_read_hcr,
	.virt_write_hcr = gicv3_virt_write_hcr,
	.virt_read_vmcr = gicv3_virt_read_vmcr,
	.virt_write_vmcr = gicv3_virt_write_vmcr,
};
