// SPDX-License-Identifier: Apache-2.0
/*
 * The Raspberry Pi 3's two interrupt controllers behind the operations of a GIC: the BCM2836's
 * per-core one (Broadcom's QA7: timers, mailboxes, and one line from below), and the BCM2835's, the
 * peripherals' (BCM2835 ARM Peripherals, 7). Runs at EL2.
 *
 * They know neither priorities nor an active state, and nothing of guests. So here, by software,
 * "active" means masked: ack() masks what it returns, and deactivate() or set_active() opens it
 * again, if it is still enabled. All of them are level-sensitive: one whose line is high still comes
 * again then, as with a GIC.
 *
 *   INTID  0..15   bits of the core's mailbox 0: interrupts between pCPUs
 *         16..19   the core's timers: CNTPS, CNTPNS, CNTHP, CNTV
 *         32..     peripherals: bank 0 (eight of the ARM's own), 1 and 2 (64 of the VideoCore's);
 *                  all of them go to the boot CPU
 *
 * A core's registers and its struct core are touched by that core alone. The peripherals' enables
 * are written by any: setting and clearing are registers of their own.
 */
#include "arch/barrier.h"
#include "arch/pcpu.h"
#include "board/board.h"
#include "board/gic.h"
#include "board/gic_regs.h"
#include "board/mmio.h"
#include "board/say.h"

#define NONE 1023
#define CORES 4
#define TIMERS 4
#define BANKS 3
#define TIMER_FIRST GIC_PPI_FIRST
#define PERIPHERAL_FIRST GIC_SPI_FIRST

/* BCM2836: offsets; where there is one for each core, that of core 0 */
#define CONTROL 0x00
#define PRESCALER 0x08
#define PERIPHERALS_TO 0x0c
#define PMU_CLEAR 0x14
#define TIMER_CONTROL 0x40   /* + 4 for each core; 3:0 IRQ, 7:4 FIQ */
#define MAILBOX_CONTROL 0x50 /* + 4; the same */
#define SOURCE 0x60	     /* + 4; of its IRQ */
#define MAILBOX_SET 0x80     /* + 16 */
#define MAILBOX_CLEAR 0xc0   /* + 16; shows the bits that are set */
#define LOCAL_BYTES 0x100

#define PRESCALER_ONE 0x80000000u
#define SOURCE_TIMERS 0xfu
#define SOURCE_MAILBOX BIT(4)
#define SOURCE_PERIPHERALS BIT(8)

/* BCM2835, by bank */
static const u8 pending_reg[BANKS] = {0x00, 0x04, 0x08};
static const u8 enable_reg[BANKS] = {0x18, 0x10, 0x14};
static const u8 disable_reg[BANKS] = {0x24, 0x1c, 0x20};
static const u32 bank_mask[BANKS] = {0xff, ~0u,
				     ~0u}; /* bank 0 shows what is in the others as well */
#define FIQ_CONTROL 0x0c
#define ARMCTRL_BYTES 0x28

static struct core {
	u32 enabled, active; /* a bit for each timer */
} cores[CORES];

static u32 peripherals[BANKS]; /* enabled ones; by atomics */

static u32 local_read(u64 reg)
{
	return mmio_read32(board.gicd.base + reg);
}

static void local_write(u64 reg, u32 value)
{
	mmio_write32(board.gicd.base + reg, value);
}

static void armctrl_write(u64 reg, u32 value)
{
	mmio_write32(board.gicc.base + reg, value);
}

/* The controller counts cores as MPIDR_EL1 does. */
static unsigned core_of(const struct pcpu *pcpu)
{
	return (unsigned)pcpu->mpidr % CORES;
}

static bool bcm2836_init(void)
{
	if (board.gicd.size < LOCAL_BYTES || (board.gicc.size && board.gicc.size < ARMCTRL_BYTES)) {
		say("BCM2836: register frames missing or too small\n");
		return false;
	}
	local_write(CONTROL, 0); /* the counter counts the crystal, by ones */
	local_write(PRESCALER, PRESCALER_ONE);
	local_write(PERIPHERALS_TO, core_of(this_pcpu()));
	if (board.gicc.size) {
		armctrl_write(FIQ_CONTROL, 0);
		for (unsigned bank = 0; bank < BANKS; bank++)
			armctrl_write(disable_reg[bank], ~0u);
	}
	return true;
}

static void bcm2836_init_cpu(void)
{
	unsigned core = core_of(this_pcpu());

	cores[core] = (struct core){0};
	local_write(PMU_CLEAR, 0x11u << core);
	local_write(TIMER_CONTROL + 4 * core, 0);
	local_write(MAILBOX_CLEAR + 16 * core, ~0u);
	local_write(MAILBOX_CONTROL + 4 * core, 1);
}

static void show_timers(unsigned core)
{
	local_write(TIMER_CONTROL + 4 * core, cores[core].enabled & ~cores[core].active);
}

static u32 take_timer(unsigned core, u32 pending)
{
	unsigned n = (unsigned)__builtin_ctz(pending);

	cores[core].active |= (u32)BIT(n);
	show_timers(core);
	return TIMER_FIRST + n;
}

/* What the sender wrote before is visible after the barrier. */
static u32 take_sgi(unsigned core)
{
	u32 bits = local_read(MAILBOX_CLEAR + 16 * core) & 0xffff;
	unsigned n;

	if (!bits)
		return NONE;
	n = (unsigned)__builtin_ctz(bits);
	local_write(MAILBOX_CLEAR + 16 * core, (u32)BIT(n));
	dmb(ish);
	return n;
}

static u32 take_peripheral(void)
{
	for (unsigned bank = 0; bank < BANKS; bank++) {
		u32 pending = mmio_read32(board.gicc.base + pending_reg[bank]) & bank_mask[bank] &
			      READ_ONCE(peripherals[bank]);

		if (pending) {
			unsigned n = (unsigned)__builtin_ctz(pending);

			armctrl_write(disable_reg[bank], (u32)BIT(n));
			return PERIPHERAL_FIRST + 32 * bank + n;
		}
	}
	return NONE;
}

static u32 bcm2836_ack(void)
{
	unsigned core = core_of(this_pcpu());
	u32 source = local_read(SOURCE + 4 * core);
	u32 timers = source & cores[core].enabled & ~cores[core].active;

	if (timers & SOURCE_TIMERS)
		return take_timer(core, timers & SOURCE_TIMERS);
	if (source & SOURCE_MAILBOX)
		return take_sgi(core);
	if ((source & SOURCE_PERIPHERALS) && board.gicc.size)
		return take_peripheral();
	return NONE;
}

static bool is_timer(u32 intid)
{
	return intid - TIMER_FIRST < TIMERS;
}

static bool is_peripheral(u32 intid)
{
	return intid - PERIPHERAL_FIRST < 32 * BANKS && board.gicc.size;
}

static void bcm2836_set_active(u32 intid, bool active)
{
	unsigned core = core_of(this_pcpu());
	u32 bit;

	if (!is_timer(intid))
		return;
	bit = (u32)BIT(intid - TIMER_FIRST);
	cores[core].active = active ? cores[core].active | bit : cores[core].active & ~bit;
	show_timers(core);
}

static void bcm2836_deactivate(u32 intid)
{
	u32 bank = intid / 32 - 1, bit = (u32)BIT(intid % 32);

	if (is_timer(intid))
		bcm2836_set_active(intid, false);
	else if (is_peripheral(intid) && (READ_ONCE(peripherals[bank]) & bit))
		armctrl_write(enable_reg[bank], bit);
}

static void bcm2836_enable(u32 intid, bool level)
{
	u32 bank = intid / 32 - 1, bit = (u32)BIT(intid % 32);

	(void)level;
	if (is_timer(intid)) {
		cores[core_of(this_pcpu())].enabled |= (u32)BIT(intid - TIMER_FIRST);
		show_timers(core_of(this_pcpu()));
	} else if (is_peripheral(intid)) {
		__atomic_fetch_or(&peripherals[bank], bit, __ATOMIC_RELAXED);
		armctrl_write(enable_reg[bank], bit);
	}
}

static void bcm2836_disable(u32 intid)
{
	u32 bank = intid / 32 - 1, bit = (u32)BIT(intid % 32);

	if (is_timer(intid)) {
		cores[core_of(this_pcpu())].enabled &= ~(u32)BIT(intid - TIMER_FIRST);
		show_timers(core_of(this_pcpu()));
	} else if (is_peripheral(intid)) {
		__atomic_fetch_and(&peripherals[bank], ~bit, __ATOMIC_RELAXED);
		armctrl_write(disable_reg[bank], bit);
	}
}

static void bcm2836_send_sgi(unsigned pcpu, unsigned sgi)
{
	dsb(ish); /* what it is about is visible before it arrives */
	local_write(MAILBOX_SET + 16 * core_of(&pcpus[pcpu]), (u32)BIT(sgi));
}

static unsigned no_lrs(void)
{
	return 0;
}

static bool nothing_to_link(void)
{
	return true;
}

/* The rest of a virtual CPU interface is never asked for: version is 0, so guests get theirs in
 * software (vdev/vgic_emul.c). */
const struct gic_ops bcm2836_ops = {
	.name = "BCM2836",
	.version = 0,
	.init = bcm2836_init,
	.init_cpu = bcm2836_init_cpu,
	.ack = bcm2836_ack,
	.deactivate = bcm2836_deactivate,
	.enable = bcm2836_enable,
	.disable = bcm2836_disable,
	.set_active = bcm2836_set_active,
	.send_sgi = bcm2836_send_sgi,
	.virt_lrs = no_lrs,
	.virt_links = nothing_to_link,
};
