// SPDX-License-Identifier: Apache-2.0
/*
 * What a Raspberry Pi's UARTs need of their neighbours: pins of the header, and a clock whose rate is known
 * (BCM2835 ARM Peripherals, 2.2, 6.1; the firmware's mailbox property interface). Runs at EL2, or at EL1
 * to say why it can't go on, on the boot CPU before its UART is touched, the registers mapped.
 *
 * Firmware has done all or some of this if it was told to (config.txt: enable_uart=1). If not, the pins are
 * inputs, and the PL011 may talk to the Bluetooth chip (pins 32 and 33).
 */
#include "board/bcm2835.h"

#include "arch/barrier.h"
#include "arch/mmu.h"
#include "board/mmio.h"

/* A register for ten pins, three bits each. */
#define GPFSEL1 0x04
#define GPFSEL3 0x0c
#define FSEL_MASK(pin) (7u << (3 * ((pin) % 10)))
#define FSEL(pin, function) ((u32)(function) << (3 * ((pin) % 10)))
#define ALT0 4 /* pins 14, 15: PL011 */
#define ALT5 2 /* mini UART */
#define ALT3 7 /* pins 32, 33: PL011, to the Bluetooth chip */
#define TX 14
#define RX 15
#define BLUETOOTH_TX 32
#define BLUETOOTH_RX 33

#define MAIL_READ 0x00
#define MAIL_READ_STATUS 0x18
#define MAIL_WRITE 0x20
#define MAIL_WRITE_STATUS 0x38
#define MAIL_BYTES 0x40
#define MAIL_EMPTY BIT(30)
#define MAIL_FULL BIT(31)
#define CHANNEL_PROPERTY 8
#define MAIL_ROUNDS 50 /* of mmio_wait_clear */
#define MAIL_STALE 8   /* answers to others that are read past */

/* The VideoCore sees RAM below 1 GiB here, past its own caches. */
#define BUS_ALIAS 0xc0000000u
#define BUS_LIMIT 0x40000000u

#define TAG_GET_CLOCK_RATE 0x00030002
#define TAG_SET_CLOCK_RATE 0x00038002
#define CLOCK_UART 2
#define CLOCK_CORE 4
#define REQUEST 0
#define RESPONSE 0x80000000u

#define PL011_RATE 48000000u /* what firmware chooses, and what it has been if it does not answer */
#define CORE_RATE_PI3 250000000u

/* One property in a message: a cache line of its own, since the other side writes it. */
static struct {
	u32 bytes, code;
	u32 tag, value_bytes, value_code, value[3];
	u32 end;
} message __attribute__((aligned(64)));

static bool ask(u64 mail)
{
	u32 letter = ((u32)(u64)&message | BUS_ALIAS) + CHANNEL_PROPERTY;
	unsigned rounds = 0;

	cache_clean_invalidate(&message, sizeof(message));
	if (!mmio_wait_clear(mail + MAIL_WRITE_STATUS, MAIL_FULL))
		return false;
	mmio_write32(mail + MAIL_WRITE, letter);
	for (unsigned stale = 0; stale < MAIL_STALE; stale++) {
		while (!mmio_wait_clear(mail + MAIL_READ_STATUS, MAIL_EMPTY))
			if (++rounds == MAIL_ROUNDS)
				return false;
		if (mmio_read32(mail + MAIL_READ) == letter) {
			dsb(sy);
			cache_clean_invalidate(&message, sizeof(message));
			return message.code == RESPONSE;
		}
	}
	return false;
}

/* A clock's rate in Hz as the firmware answers; 0: it does not. `rate` 0: only asks. */
static u32 clock_rate(const struct fdt_range *mail, u32 clock, u32 rate)
{
	volatile u32 *value = message.value;

	if (mail->size < MAIL_BYTES || (u64)&message >= BUS_LIMIT - sizeof(message))
		return 0;
	message.bytes = sizeof(message);
	message.code = REQUEST;
	message.tag = rate ? TAG_SET_CLOCK_RATE : TAG_GET_CLOCK_RATE;
	message.value_bytes = sizeof(message.value);
	message.value_code = REQUEST;
	message.end = 0;
	value[0] = clock;
	value[1] = rate;
	value[2] = 0; /* do not touch what depends on it */
	return ask(mail->base) ? value[1] : 0;
}

/* Pins 14 and 15 to this function. False: they had it already. */
static bool take_pins(u64 gpio, u32 function)
{
	u32 mask = FSEL_MASK(TX) | FSEL_MASK(RX);
	u32 wanted = FSEL(TX, function) | FSEL(RX, function);
	u32 is = mmio_read32(gpio + GPFSEL1);

	if ((is & mask) == wanted)
		return false;
	mmio_write32(gpio + GPFSEL1, (is & ~mask) | wanted);
	return true;
}

/* A line has one place: the PL011 leaves the Bluetooth chip. */
static void leave_bluetooth(u64 gpio)
{
	u32 mask = FSEL_MASK(BLUETOOTH_TX) | FSEL_MASK(BLUETOOTH_RX);
	u32 is = mmio_read32(gpio + GPFSEL3);

	if ((is & mask) == (FSEL(BLUETOOTH_TX, ALT3) | FSEL(BLUETOOTH_RX, ALT3)))
		mmio_write32(gpio + GPFSEL3, is & ~mask);
}

static bool is_mini(const struct board *of)
{
	return of->uart.kind == BOARD_UART_BCM2835_AUX;
}

bool bcm2835_take_uart_pins(const struct board *of)
{
	if (of->gpio.size < GPFSEL3 + 4 || !take_pins(of->gpio.base, is_mini(of) ? ALT5 : ALT0))
		return false;
	if (!is_mini(of))
		leave_bluetooth(of->gpio.base);
	return true;
}

u32 bcm2835_uart_clock(const struct board *of)
{
	u32 clock = is_mini(of) ? CLOCK_CORE : CLOCK_UART, rate;

	if (!of->gpio.size)
		return 0;
	if (!is_mini(of))
		(void)clock_rate(&of->mailbox, CLOCK_UART, PL011_RATE);
	rate = clock_rate(&of->mailbox, clock, 0);
	return rate ? rate : is_mini(of) ? CORE_RATE_PI3 : PL011_RATE;
}
