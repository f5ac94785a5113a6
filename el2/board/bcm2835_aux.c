// SPDX-License-Identifier: Apache-2.0
/*
 * The Raspberry Pi 3's mini UART (BCM2835 ARM Peripherals, 2.2; a 16550 with an 8-bit view). Runs
 * at EL2. As with the PL011 the baud rate is firmware's, unless board/bcm2835.c knows better.
 *
 * The address the tree gives is that of the mini UART's own registers; the block's enables, which
 * it shares with two SPI masters, stand 0x3c below, in the same page.
 */
#include "board/mmio.h"
#include "board/uart.h"

#define AUX_ENABLES_BELOW 0x3c
#define AUX_MINI_UART BIT(0)

#define IO 0x00
#define IER 0x04
#define LCR 0x0c
#define LSR 0x14
#define CNTL 0x20
#define BAUD 0x28

#define IER_RX (BIT(0) | BIT(2)) /* data, line status; the document's table is known to be wrong */
#define IER_TX BIT(1)		 /* nothing is left to send */
#define LCR_8BITS 3		 /* both bits, whatever the document says */
#define LSR_DATA BIT(0)
#define LSR_ROOM BIT(5)
#define LSR_IDLE BIT(6)
#define CNTL_ON (BIT(0) | BIT(1)) /* receiver, transmitter */

static u64 base; /* constant after init */

/* Its registers answer only while the block has it enabled. */
static bool bcm2835_aux_on(u64 at)
{
	return (mmio_read32(at - AUX_ENABLES_BELOW) & AUX_MINI_UART) &&
	       (mmio_read32(at + CNTL) & CNTL_ON) == CNTL_ON;
}

static void bcm2835_aux_init(u64 address, u32 clock)
{
	u64 enables = address - AUX_ENABLES_BELOW;

	base = address;
	mmio_write32(enables, mmio_read32(enables) | AUX_MINI_UART);
	mmio_write32(base + IER, 0);
	if (!clock && bcm2835_aux_on(base))
		return;
	mmio_write32(base + CNTL, 0);
	if (clock)
		mmio_write32(base + BAUD,
			     (clock + 4 * UART_BAUD) / (8 * UART_BAUD) - 1); /* 2.2.1 */
	mmio_write32(base + LCR, LCR_8BITS);
	mmio_write32(base + CNTL, CNTL_ON);
}

static size_t bcm2835_aux_write(const char *bytes, size_t n)
{
	size_t i = 0;

	for (; i < n && (mmio_read32(base + LSR) & LSR_ROOM); i++)
		mmio_write32(base + IO, (u8)bytes[i]);
	return i;
}

static int bcm2835_aux_getc(void)
{
	if ((mmio_read32(base + LSR) & LSR_DATA) == 0)
		return -1;
	return (int)(mmio_read32(base + IO) & 0xff);
}

static bool bcm2835_aux_idle(void)
{
	return (mmio_read32(base + LSR) & LSR_IDLE) != 0;
}

static void bcm2835_aux_interrupts(bool arrived, bool room)
{
	mmio_write32(base + IER, (arrived ? IER_RX : 0) | (room ? IER_TX : 0));
}

const struct uart_ops bcm2835_aux_ops = {
	.on = bcm2835_aux_on,
	.init = bcm2835_aux_init,
	.write = bcm2835_aux_write,
	.getc = bcm2835_aux_getc,
	.idle = bcm2835_aux_idle,
	.interrupts = bcm2835_aux_interrupts,
};
