// SPDX-License-Identifier: Apache-2.0
/*
 * The PL011's registers (Arm DDI 0183, chapter 3). Runs at EL2 for a guest's vCPU, or for input.
 *
 * Always: the transmit FIFO is empty, since the console takes every byte at once (trap/mmio.c has the vCPU
 * sleep before its store while the serial line is slower); the receive FIFO is the console's input ring;
 * the line (SPI 33) is high exactly while RIS & IMSC is not zero. A received byte times out at once, so
 * RTRIS says "something is there" and drivers need not wait for the level.
 */
#include "vdev/vpl011.h"

#include "abi/skerry.h"

#define UARTDR 0x00
#define UARTRSR 0x04
#define UARTILPR 0x20
#define UARTIBRD 0x24
#define UARTFBRD 0x28
#define UARTLCR_H 0x2c
#define UARTCR 0x30
#define UARTIFLS 0x34
#define UARTIMSC 0x38
#define UARTRIS 0x3c
#define UARTMIS 0x40
#define UARTICR 0x44
#define UARTDMACR 0x48
#define UART_ID 0xfe0

#define FR_RXFE BIT(4)
#define FR_RXFF BIT(6)
#define FR_TXFE BIT(7)
#define LCR_H_FEN BIT(4)
#define CR_LBE BIT(7)
#define RX BIT(4) /* bits of IMSC, RIS, MIS, ICR */
#define TX BIT(5)
#define RT BIT(6)
#define INTERRUPTS 0x7ff

#define FIFO_DEPTH 16
#define POLLS_BEFORE_FLUSH 2

void vpl011_init(struct vpl011 *uart, struct vconsole *console, struct vgic *vgic)
{
	*uart = (struct vpl011){.console = console, .vgic = vgic};
	vpl011_reset(uart);
}

void vpl011_reset(struct vpl011 *uart)
{
	lock_take(&uart->lock);
	uart->cr = 0x300; /* RXE, TXE */
	uart->ifls = 0x12;
	uart->imsc = uart->ris = uart->lcr_h = 0;
	uart->ibrd = uart->fbrd = uart->ilpr = uart->dmacr = 0;
	uart->polls = 0;
	lock_drop(&uart->lock);
}

/* How many bytes raise RXRIS: UARTIFLS.RXIFLSEL of 16, one without FIFOs. */
static unsigned receive_level(const struct vpl011 *uart)
{
	static const u8 levels[8] = {2, 4, 8, 12, 14, 14, 14, 14};

	return uart->lcr_h & LCR_H_FEN ? levels[FIELD(uart->ifls, 5, 3)] : 1;
}

/* Lock held. Interrupts change together with the line that shows them. */
static void set_interrupts(struct vpl011 *uart, u64 ris, u64 imsc)
{
	bool before = uart->ris & uart->imsc, now = ris & imsc;

	uart->ris = (u16)ris;
	uart->imsc = (u16)imsc;
	if (before != now)
		vgic_set_line(uart->vgic, 0, SKERRY_INTID_UART, now);
}

static void note_input(struct vpl011 *uart)
{
	u64 ris = uart->ris | RT;

	if (vconsole_waiting(uart->console) >= receive_level(uart))
		ris |= RX;
	set_interrupts(uart, ris, uart->imsc);
}

void vpl011_input(struct vpl011 *uart)
{
	lock_take(&uart->lock);
	if (vconsole_waiting(uart->console))
		note_input(uart);
	lock_drop(&uart->lock);
}

static u64 read_data(struct vpl011 *uart)
{
	u64 ris = uart->ris;
	u8 byte = 0;

	vconsole_flush(uart->console);
	if (!vconsole_get(uart->console, &byte))
		return 0;
	if (vconsole_waiting(uart->console) < receive_level(uart))
		ris &= ~RX;
	if (!vconsole_waiting(uart->console))
		ris &= ~RT;
	set_interrupts(uart, ris, uart->imsc);
	return byte;
}

static void write_data(struct vpl011 *uart, u8 byte)
{
	uart->polls = 0;
	if (!(uart->cr & CR_LBE))
		vconsole_put(uart->console, byte);
	else if (vconsole_type(uart->console, byte)) /* loop-back: what is sent is received */
		note_input(uart);
	set_interrupts(uart, uart->ris | TX, uart->imsc); /* the FIFO has emptied again */
}

/*
 * One look at a counter. A guest that looks again and again waits for input; what it has
 * written of a line so far is its prompt.
 */
u32 vpl011_flags(struct vpl011 *uart)
{
	unsigned count = vconsole_waiting(uart->console);
	unsigned depth = uart->lcr_h & LCR_H_FEN ? FIFO_DEPTH : 1;
	u8 polls = READ_ONCE(uart->polls);

	if (count)
		return (u32)(FR_TXFE | (count >= depth ? FR_RXFF : 0));
	if (polls < POLLS_BEFORE_FLUSH) {
		WRITE_ONCE(uart->polls, (u8)(polls + 1));
		if (polls + 1 == POLLS_BEFORE_FLUSH)
			vconsole_flush(uart->console);
	}
	return (u32)(FR_TXFE | FR_RXFE);
}

static u64 read_id(u64 offset)
{
	/* PeriphID 0..3: part 0x011, designer 0x41, r1p4 or r1p5; PCellID 0..3 */
	static const u8 id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	return offset >= UART_ID ? id[(offset - UART_ID) / 4 & 7] : 0;
}

static u64 read_register(struct vpl011 *uart, u64 offset)
{
	switch (offset) {
	case UARTDR:
		return read_data(uart);
	case UARTILPR:
		return uart->ilpr;
	case UARTIBRD:
		return uart->ibrd;
	case UARTFBRD:
		return uart->fbrd;
	case UARTLCR_H:
		return uart->lcr_h;
	case UARTCR:
		return uart->cr;
	case UARTIFLS:
		return uart->ifls;
	case UARTIMSC:
		return uart->imsc;
	case UARTRIS:
		return uart->ris;
	case UARTMIS:
		return uart->ris & uart->imsc;
	case UARTDMACR:
		return uart->dmacr;
	default: /* UARTRSR: no errors ever */
		return read_id(offset);
	}
}

static void write_register(struct vpl011 *uart, u64 offset, u64 value)
{
	switch (offset) {
	case UARTDR:
		write_data(uart, (u8)value);
		break;
	case UARTILPR:
		uart->ilpr = (u16)(value & 0xff);
		break;
	case UARTIBRD:
		uart->ibrd = (u16)value;
		break;
	case UARTFBRD:
		uart->fbrd = (u16)(value & 0x3f);
		break;
	case UARTLCR_H:
		uart->lcr_h = (u16)(value & 0xff);
		break;
	case UARTCR:
		uart->cr = (u16)(value & 0xff87);
		break;
	case UARTIFLS:
		uart->ifls = (u16)(value & 0x3f);
		break;
	case UARTIMSC: /* a driver that has sent all it had masks TX: show the last line's beginning */
		if (uart->imsc & ~value & TX)
			vconsole_flush(uart->console);
		set_interrupts(uart, uart->ris, value & INTERRUPTS);
		break;
	case UARTICR:
		set_interrupts(uart, uart->ris & ~value, uart->imsc);
		break;
	case UARTDMACR:
		uart->dmacr = (u16)(value & 7);
		break;
	default: /* UARTRSR (ECR) clears errors; the rest is read-only */
		break;
	}
}

/* Registers are words; a narrower read sees its bytes of one, a narrower write must be its first. */
static void access_word(struct vpl011 *uart, struct mmio *mmio)
{
	u64 offset = mmio->offset & ~3ULL, shift = 8 * (mmio->offset & 3);

	if (offset == VPL011_FLAGS) {
		if (!mmio->write)
			mmio->value = vpl011_flags(uart) >> shift;
		return;
	}
	lock_take(&uart->lock);
	if (!mmio->write)
		mmio->value = read_register(uart, offset) >> shift;
	else if (!shift)
		write_register(uart, offset, mmio->value);
	lock_drop(&uart->lock);
}

bool vpl011_access(struct vpl011 *uart, struct mmio *mmio)
{
	struct mmio low = *mmio, high = *mmio;

	if (LIKELY(mmio->size <= 4)) {
		access_word(uart, mmio);
		mmio->value &= BIT(8 * mmio->size) - 1;
		return true;
	}
	high.offset += 4;
	high.value >>= 32;
	access_word(uart, &low);
	access_word(uart, &high);
	mmio->value = (u32)low.value | high.value << 32;
	return true;
}
