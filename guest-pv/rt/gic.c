// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts and the timer, at EL1: the distributor and a CPU's own interface, GICv2 (IHI 0048:
 * memory mapped) or GICv3 (IHI 0069: redistributor and system registers), whichever the device
 * tree has. All interrupts are group 1 on v3, and what reset says on v2; one priority.
 */
#include "rt.h"
#include "internal.h"

#define GICD_CTLR 0x000
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR 0xc00
#define GICD_SGIR 0xf00
#define GICD_IROUTER 0x6000
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_SGI 0x10000 /* the frame with IGROUPR0, ISENABLER0 ... at GICD's offsets */
#define GICR_STRIDE 0x20000
#define WAKER_PROCESSOR_SLEEP 2u
#define WAKER_CHILDREN_ASLEEP 4u
#define PRIORITY 0xa0
#define HANDLERS 8

struct gic gic;
static struct handler {
	u32 intid;
	void (*fn)(u32 intid);
} handlers[HANDLERS];
static u32 handler_count;

static void gic_find(void)
{
	static const char v2[2][20] = {"arm,cortex-a15-gic", "arm,gic-400"};
	node_t node = fdt_find("arm,gic-v3", 0);
	u64 size;

	gic.version = node ? 3 : 2;
	if (!node)
		node = fdt_find(v2[0], 0);
	if (!node)
		node = fdt_find(v2[1], 0);
	if (!node || !fdt_reg(node, 0, &gic.gicd, &size) ||
	    !fdt_reg(node, 1, gic.version == 3 ? &gic.gicr : &gic.gicc, &size)) {
		print("no GIC in the device tree\n");
		guest_exit(1);
	}
}

u64 gic_redist(void)
{
	u64 mpidr = read_sysreg(mpidr_el1);
	u32 affinity = (u32)(mpidr & 0xffffff) | (u32)((mpidr >> 32 & 0xff) << 24);
	u64 rd = gic.gicr;

	/* GICR_TYPER: affinity in the upper word, bit 4 says that it is the last. */
	while (load32(rd + GICR_TYPER + 4) != affinity && !(load32(rd + GICR_TYPER) & 1u << 4))
		rd += GICR_STRIDE;
	return rd;
}

static void gic_init_v3(void)
{
	u64 rd = gic_redist();

	store32(rd + GICR_WAKER, load32(rd + GICR_WAKER) & ~WAKER_PROCESSOR_SLEEP);
	while (load32(rd + GICR_WAKER) & WAKER_CHILDREN_ASLEEP)
		;
	store32(rd + GICR_SGI + GICD_IGROUPR, ~0u);
	write_sysreg(icc_sre_el1, read_sysreg(icc_sre_el1) | 1);
	write_sysreg(icc_pmr_el1, 0xff);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_ctlr_el1, 0);
	write_sysreg(icc_igrpen1_el1, 1);
}

void gic_init(void)
{
	if (!gic.version)
		gic_find();
	/* Group 0 and 1 on v2; affinity routing and group 1 on v3. */
	if (this_cpu()->number == 0)
		store32(gic.gicd + GICD_CTLR, gic.version == 3 ? 0x12 : 0x1);
	if (gic.version == 3) {
		gic_init_v3();
		return;
	}
	store32(gic.gicc + GICC_PMR, 0xff);
	store32(gic.gicc + GICC_CTLR, 1);
}

static void set_priority(u64 frame, u32 intid)
{
	*(volatile u8 *)(frame + GICD_IPRIORITYR + intid) = PRIORITY;
}

void irq_enable(u32 intid, void (*fn)(u32 intid))
{
	u64 bank = gic.gicd;
	u32 i;

	for (i = 0; fn && i < handler_count && handlers[i].intid != intid; i++)
		;
	if (fn && i < HANDLERS) {
		handlers[i] = (struct handler){intid, fn};
		if (i == handler_count)
			handler_count++;
	}
	if (gic.version == 3 && intid < 32)
		bank = gic_redist() + GICR_SGI;
	set_priority(bank, intid);
	if (intid >= 32 && gic.version == 3) {
		store32(bank + GICD_IGROUPR + intid / 32 * 4,
			load32(bank + GICD_IGROUPR + intid / 32 * 4) | 1u << intid % 32);
		*(volatile u64 *)(bank + GICD_IROUTER + 8ul * intid) =
			cpu_mpidr(this_cpu()->number);
	} else if (intid >= 32) {
		*(volatile u8 *)(bank + GICD_ITARGETSR + intid) = (u8)(1u << this_cpu()->number);
	}
	store32(bank + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void irq_edge(u32 intid)
{
	u64 at = gic.gicd + GICD_ICFGR + intid / 16 * 4;

	store32(at, load32(at) | 2u << intid % 16 * 2);
}

u32 irq_ack(void)
{
	u64 intid;

	if (gic.version != 3)
		return load32(gic.gicc + GICC_IAR);
	intid = read_sysreg(icc_iar1_el1);
	/* The acknowledge must be over before what the handler does. */
	dsb();
	return (u32)intid;
}

void irq_end(u32 intid)
{
	if (gic.version == 3)
		write_sysreg(icc_eoir1_el1, intid);
	else
		store32(gic.gicc + GICC_EOIR, intid);
}

void irq_dispatch(void)
{
	u32 iar, i;

	/* On v2 an SGI's sender stands above the INTID, and EOIR wants both back. */
	while (iar = irq_ack(), (iar & 0x3ff) < 1020) {
		for (i = 0; i < handler_count; i++)
			if (handlers[i].intid == (iar & 0x3ff))
				handlers[i].fn(iar & 0x3ff);
		irq_end(iar);
	}
}

void sgi_send(u32 n, u32 cpu)
{
	u64 mpidr = cpu_mpidr(cpu);

	dsb();
	if (gic.version == 3)
		write_sysreg(icc_sgi1r_el1,
			     (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
				     (mpidr >> 8 & 0xff) << 16 | n << 24 | 1ul << (mpidr & 0xf));
	else
		store32(gic.gicd + GICD_SGIR, 1u << (16 + cpu) | n);
}

void timer_at(u64 when)
{
	write_sysreg(cntv_cval_el0, when);
	write_sysreg(cntv_ctl_el0, 1);
}

void timer_stop(void)
{
	write_sysreg(cntv_ctl_el0, 0);
}
