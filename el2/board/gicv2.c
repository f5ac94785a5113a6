// SPDX-License-Identifier: Apache-2.0
/*
 * GICv2 (IHI 0048): distributor, this pCPU's interface, and the virtual interface that feeds
 * guests. Runs at EL2.
 *
 * What always holds: EL2 sees one group only (the controller has one security state, or EL2 its
 * non-secure side), so the low enable bits mean "our group" in either case. Acknowledging also
 * drops the priority (EOImode = 1), so a guest may deactivate an interrupt later through a list
 * register with HW = 1. A list register that is not in a loaded vCPU's `used` mask is zero.
 *
 * board.gicd, gicc and gich are mapped as device memory before init.
 */
#include "board/gic.h"
#include "arch/barrier.h"
#include "arch/pcpu.h"
#include "board/board.h"
#include "board/gicd.h"
#include "board/say.h"

/* GICH_HCR bits that mean the same as in ICH_HCR_EL2; v2 has none of the trap bits. */
#define HCR_MASK ((u32)(BITS(31, 27) | BITS(7, 0)))
/* GICH_VMCR is ICH_VMCR_EL2 with a priority mask of five bits, which stand where the upper five
 * of v3's eight do (31:27). */
#define VMCR_MASK ((u32)(BITS(31, 27) | BITS(23, 18) | BIT(9) | BITS(4, 0)))

static u32 lines;	      /* INTIDs that exist; constant after init, like lrs */
static u32 lrs;		      /* list registers that we use */
static bool linked;	      /* gicv2_try_link() found that HW = 1 works as it should */
static u8 targets[PCPUS_MAX]; /* each pCPU's bit in GICD_ITARGETSR; each writes its own */

static u32 gicc_read(u64 reg)
{
	return mmio_read32(board.gicc.base + reg);
}

static void gicc_write(u64 reg, u32 value)
{
	mmio_write32(board.gicc.base + reg, value);
}

static u32 gich_read(u64 reg)
{
	return mmio_read32(board.gich.base + reg);
}

static void gich_write(u64 reg, u32 value)
{
	mmio_write32(board.gich.base + reg, value);
}

static bool gicv2_init(void)
{
	u64 gicd = board.gicd.base;

	/* GICC_DIR stands in the second page; some trees of old name one page only. */
	if (board.gicd.size < 0x1000 || board.gicc.size < 0x2000 || board.gich.size < 0x200) {
		say("GICv2: register frames missing or too small\n");
		return false;
	}
	if (GIC_PIDR2_ARCH(mmio_read32(gicd + GICD_PIDR2_V2)) != 2) {
		say("GICv2: distributor says it is something else\n");
		return false;
	}
	mmio_write32(gicd + GICD_CTLR, 0);
	lines = gicd_lines(gicd);
	lrs = MIN((gich_read(GICH_VTR) & 0x3f) + 1, (u32)GIC_LRS_MAX);
	gicd_quiet(gicd, GIC_SPI_FIRST, lines, 0);
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ENABLE0);
	return true;
}

/* The registers of interrupts 0..7 name, for each reader, the reader itself; a controller for a
 * single CPU has none of them and reads as zero. */
static u8 read_target(void)
{
	u32 bytes = 0;

	for (u64 reg = 0; reg < 32; reg += 4)
		bytes |= mmio_read32(board.gicd.base + GICD_ITARGETSR + reg);
	bytes |= bytes >> 16;
	bytes |= bytes >> 8;
	return (bytes & 0xff) != 0 ? (u8)bytes : 1;
}

static unsigned gicv2_virt_lrs(void)
{
	return lrs;
}

static void gicv2_enable(u32 intid, bool level)
{
	u64 gicd = board.gicd.base;

	if (intid >= lines)
		return;
	if (intid >= GIC_PPI_FIRST) {
		gicd_write_bit(gicd, GICD_ICENABLER, intid);
		gicd_configure(gicd, intid, level);
	}
	if (intid >= GIC_SPI_FIRST)
		mmio_write8(gicd + GICD_ITARGETSR + intid, targets[0]);
	gicd_write_bit(gicd, GICD_ISENABLER, intid);
}

static void gicv2_init_cpu(void)
{
	u64 gicd = board.gicd.base;

	targets[this_pcpu()->id] = read_target();
	gicd_quiet(gicd, 0, 32, 0);
	for (u64 reg = 0; reg < 16; reg += 4)
		mmio_write32(gicd + GICD_CPENDSGIR + reg, ~0u);
	mmio_write32(gicd + GICD_ISENABLER, 0xffff);

	gich_write(GICH_HCR, 0);
	gich_write(GICH_APR, 0);
	for (unsigned n = 0; n < (gich_read(GICH_VTR) & 0x3f) + 1; n++)
		gich_write(GICH_LR(n), 0);

	gicc_write(GICC_PMR, 0xff);
	gicc_write(GICC_BPR, 0);
	gicc_write(GICC_APR0, 0);
	gicc_write(GICC_CTLR, (gicc_read(GICC_CTLR) & (u32)GICC_CTLR_BYPASS) |
				      (u32)(GICC_CTLR_EOIMODE | GICC_CTLR_ENABLE));
	if (this_pcpu()->id == 0)
		linked = gicv2_try_link();
	if (board.gic_maintenance != 0) {
		gicd_last(gicd, board.gic_maintenance);
		gicv2_enable(board.gic_maintenance, true);
	}
}

static bool gicv2_virt_links(void)
{
	return linked;
}

/*
 * Dropping and deactivating an SGI takes the source CPU that GICC_IAR showed. Deactivating at once
 * saves keeping it: an SGI of EL2 only says "look", and EL2 does not take the next one before it
 * has looked. What the sender wrote before is visible after the barrier.
 */
static u32 gicv2_ack(void)
{
	u32 iar = gicc_read(GICC_IAR);
	u32 intid = iar & 0x3ff;

	if (intid >= GIC_INTID_SPECIAL)
		return intid;
	gicc_write(GICC_EOIR, iar);
	if (intid < GIC_PPI_FIRST) {
		gicc_write(GICC_DIR, iar);
		dmb(ish);
	}
	return intid;
}

/* An SPI may have been taken on another CPU. QEMU's model (7.2, 10.0) has an active state for each CPU of
 * those too, and GICC_DIR clears only its own; the distributor's register clears it for all. */
static void gicv2_deactivate(u32 intid)
{
	if (intid >= GIC_SPI_FIRST)
		gicd_write_bit(board.gicd.base, GICD_ICACTIVER, intid);
	else if (intid >= GIC_PPI_FIRST)
		gicc_write(GICC_DIR, intid);
}

static void gicv2_disable(u32 intid)
{
	if (intid < lines)
		gicd_write_bit(board.gicd.base, GICD_ICENABLER, intid);
}

static void gicv2_set_active(u32 intid, bool active)
{
	if (intid < GIC_SPI_FIRST)
		gicd_write_bit(board.gicd.base, active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

static void gicv2_send_sgi(unsigned pcpu, unsigned sgi)
{
	dsb(ish); /* what it is about is visible before it arrives */
	mmio_write32(board.gicd.base + GICD_SGIR, (u32)targets[pcpu] << 16 | sgi);
}

static unsigned gicv2_virt_priority_bits(void)
{
	return (gich_read(GICH_VTR) >> 29) + 1;
}

/*
 *            GICH_LR (IHI 0048, 5.3.9)   ICH_LR_EL2
 *   vINTID    9:0                         31:0
 *   pINTID   19:10                        44:32   HW = 1
 *   source   12:10                        34:32   HW = 0, SGI
 *   EOI      19                           41      HW = 0
 *   priority 27:23                        55:51
 *   state    29:28                        63:62
 *   group    30                           60
 *   HW       31                           61
 */
static inline __attribute__((always_inline)) u32 lr_to_v2(u64 lr)
{
	return (u32)(FIELD(lr, 9, 0) | FIELD(lr, 41, 32) << 10 | FIELD(lr, 55, 51) << 23 |
		     FIELD(lr, 63, 62) << 28 | FIELD(lr, 61, 60) << 30);
}

static inline __attribute__((always_inline)) u64 lr_from_v2(u32 v2)
{
	u64 lr = v2;

	return FIELD(lr, 9, 0) | FIELD(lr, 19, 10) << 32 | FIELD(lr, 27, 23) << 51 |
	       FIELD(lr, 29, 28) << 62 | FIELD(lr, 31, 30) << 60;
}

static void gicv2_virt_load(const struct gic_virt *virt, u32 used)
{
	for (; used != 0; used &= used - 1) {
		unsigned n = (unsigned)__builtin_ctz(used);

		gich_write(GICH_LR(n), lr_to_v2(virt->lr[n]));
	}
	gich_write(GICH_VMCR, virt->vmcr & VMCR_MASK);
	gich_write(GICH_APR, virt->ap0r[0]);
	gich_write(GICH_HCR, virt->hcr & HCR_MASK);
}

static void gicv2_virt_save(struct gic_virt *virt, u32 used)
{
	virt->hcr = gich_read(GICH_HCR);
	gich_write(GICH_HCR, 0);
	virt->vmcr = gich_read(GICH_VMCR);
	virt->ap0r[0] = gich_read(GICH_APR);
	for (; used != 0; used &= used - 1) {
		unsigned n = (unsigned)__builtin_ctz(used);

		virt->lr[n] = lr_from_v2(gich_read(GICH_LR(n)));
		gich_write(GICH_LR(n), 0);
	}
}

static u64 gicv2_virt_read_lr(unsigned n)
{
	return lr_from_v2(gich_read(GICH_LR(n)));
}

static void gicv2_virt_write_lr(unsigned n, u64 lr)
{
	gich_write(GICH_LR(n), lr_to_v2(lr));
}

static u32 gicv2_virt_empty(void)
{
	return gich_read(GICH_ELSR0) & (u32)(BIT(lrs) - 1);
}

static u32 gicv2_virt_read_hcr(void)
{
	return gich_read(GICH_HCR);
}

static void gicv2_virt_write_hcr(u32 hcr)
{
	gich_write(GICH_HCR, hcr & HCR_MASK);
}

static u32 gicv2_virt_read_vmcr(void)
{
	return gich_read(GICH_VMCR);
}

static void gicv2_virt_write_vmcr(u32 vmcr)
{
	gich_write(GICH_VMCR, vmcr & VMCR_MASK);
}

const struct gic_ops gicv2_ops = {
	.name = "GICv2",
	.version = 2,
	.init = gicv2_init,
	.init_cpu = gicv2_init_cpu,
	.ack = gicv2_ack,
	.deactivate = gicv2_deactivate,
	.enable = gicv2_enable,
	.disable = gicv2_disable,
	.set_active = gicv2_set_active,
	.send_sgi = gicv2_send_sgi,
	.virt_lrs = gicv2_virt_lrs,
	.virt_links = gicv2_virt_links,
	.virt_priority_bits = gicv2_virt_priority_bits,
	.virt_load = gicv2_virt_load,
	.virt_save = gicv2_virt_save,
	.virt_read_lr = gicv2_virt_read_lr,
	.virt_write_lr = gicv2_virt_write_lr,
	.virt_empty = gicv2_virt_empty,
	.virt_read_hcr = gicv2_virt_read_hcr,
	.virt_write_hcr = gicv2_virt_write_hcr,
	.virt_read_vmcr = gicv2_virt_read_vmcr,
	.virt_write_vmcr = gicv2_virt_write_vmcr,
};
