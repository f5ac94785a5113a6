// SPDX-License-Identifier: Apache-2.0
/*
 * Arm's PL011 UART (DDI 0183), as on QEMU's virt and the Raspberry Pi 4. Runs at EL2.
 *
 * The baud rate is firmware's, unless the board's code knows better (board/bcm2835.c): the UART's clock
 * is not in every tree, and a line that shows the boot loader's messages is best left alone.
 */
#include "board/mmio.h"
#include "board/uart.h"

#define DR 0x000
#define FR 0x018
#define IBRD 0x024
#define FBRD 0x028
#define LCR_H 0x02c
#define CR 0x030
#define IFLS 0x034
#define IMSC 0x038
#define ICR 0x044

#define DR_ERRORS (BIT(8) | BIT(9) | BIT(10)) /* framing, parity, break: no byte of a user's */
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define LCR_H_FIFOS BIT(4)
#define LCR_H_8BITS (3 << 5)
#define CR_ON (BIT(0) | BIT(8) | BIT(9)) /* UART, transmitter, receiver */
#define IFLS_RX_HALF_TX_EIGHTH 0x10	 /* receive: half full; transmit: an eighth left */
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RX_TIMEOUT BIT(6)
#define INT_ALL 0x7ff

#define FIFO_DEPTH 32

static u64 base; /* constant after init */

/* Divisors of 16 * baud, in 64ths (3.2.3). */
static void set_baud(u32 clock)
{
	u32 divisor = (u32)((4 * (u64)clock + UART_BAUD / 2) / UART_BAUD);

	mmio_write32(base + IBRD, divisor >> 6);
	mmio_write32(base + FBRD, divisor & 63);
}

static bool pl011_on(u64 at)
{
	return (mmio_read32(at + CR) & CR_ON) == CR_ON;
}

static void pl011_init(u64 address, u32 clock)
{
	base = address;
	mmio_write32(base + IMSC, 0);
	mmio_write32(base + ICR, INT_ALL);
	mmio_write32(base + IFLS, IFLS_RX_HALF_TX_EIGHTH);
	if (!clock && pl011_on(base))
		return;
	/* Line control and the enables may change only while it is off and silent (3.3.8). */
	mmio_write32(base + CR, 0);
	(void)mmio_wait_clear(base + FR, FR_BUSY);
	if (clock)
		set_baud(clock);
	mmio_write32(base + LCR_H, LCR_H_8BITS | LCR_H_FIFOS); /* makes the divisors count, too */
	mmio_write32(base + CR, CR_ON);
}

static size_t pl011_write(const char *bytes, size_t n)
{
	u64 at = base;
	size_t i = 0;

	for (; i < n && !(mmio_read32(at + FR) & FR_TXFF); i++)
		mmio_write32(at + DR, (u8)bytes[i]);
	return i;
}

static int pl011_getc(void)
{
	for (unsigned i = 0; i < FIFO_DEPTH; i++) {
		u32 data;

		if ((mmio_read32(base + FR) & FR_RXFE) != 0)
			return -1;
		data = mmio_read32(base + DR);
		if ((data & DR_ERRORS) == 0)
			return (int)(data & 0xff);
	}
	return -1;
}

static bool pl011_idle(void)
{
	return (mmio_read32(base + FR) & FR_BUSY) == 0;
}

/* The timeout interrupt is for bytes that do not fill the FIFO to its threshold. That for room rises when
 * the FIFO falls to its own (3.4.2), so it is asked for when the FIFO is full. */
static void pl011_interrupts(bool arrived, bool room)
{
	mmio_write32(base + IMSC, (arrived ? INT_RX | INT_RX_TIMEOUT : 0) | (room ? INT_TX : 0));
}

const struct uart_ops pl011_ops = {
	.on = pl011_on,
	.init = pl011_init,
	.write = pl011_write,
	.getc = pl011_getc,
	.idle = pl011_idle,
	.interrupts = pl011_interrupts,
};
