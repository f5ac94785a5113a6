// SPDX-License-Identifier: Apache-2.0
// units: board/say.c board/pl011.c board/bcm2835_aux.c vdev/vconsole.c sched/timer.c sched/heap.c lib/format.c lib/screen.c
/*
 * The serial line on a slow UART: board/say.c over both drivers, over models of their registers (Arm DDI
 * 0183, 3.3; BCM2835 ARM Peripherals, 2.2, with its errata). Time is what the test lets pass, a byte on the
 * wire for each tick; so where a test passes without a tick, nobody has waited. Only while `by_looks` is set
 * does a driver that looks again and again see time pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "board/bcm2835.h"
#include "board/board.h"
#include "board/mmio.h"
#include "board/say.h"
#include "board/uart.h"
#include "vdev/vconsole.h"

#define BASE 0x9000000ull
#define TICK 5425ull /* of the counter: a byte at 115200 baud */
#define LOOKS_A_TICK 50

struct board board;

static struct {
	enum board_uart kind;
	u8 fifo[16];
	unsigned count, depth;
	u32 imsc, ris, ifls; /* mini-UART: imsc is its IER */
	bool dead, by_looks;
	unsigned looks, overruns, interrupts;
	u8 key;
	bool has_key;
	char wire[1 << 18];
	size_t sent;
} uart;

#define GUESTS 250
static struct vconsole consoles[GUESTS];
static char expected[1 << 18];
static size_t expected_length;
static u64 start; /* say_position() when the test began */

bool bcm2835_take_uart_pins(const struct board *which)
{
	(void)which;
	return false;
}

u32 bcm2835_uart_clock(const struct board *which)
{
	(void)which;
	return 0;
}

/* --- The UARTs ---------------------------------------------------------------------------------- */

/* UARTIFLS, bits 2:0: 1/8, 1/4, 1/2, 3/4, 7/8 of 16. */
static unsigned transmit_level(void)
{
	static const u8 levels[8] = {2, 4, 8, 12, 14, 14, 14, 14};

	return levels[uart.ifls & 7];
}

static bool wants_room(void)
{
	return uart.kind == BOARD_UART_PL011 ? uart.imsc >> 5 & 1 : uart.imsc >> 1 & 1;
}

static bool wants_input(void)
{
	return uart.kind == BOARD_UART_PL011 ? (uart.imsc & 0x50) == 0x50 : (uart.imsc & 5) == 5;
}

static bool interrupted(void)
{
	if (wants_input() && uart.has_key)
		return true;
	if (uart.kind == BOARD_UART_PL011)
		return uart.ris & uart.imsc & 0x20;
	return wants_room() && !uart.count;
}

/* One byte goes out. */
static void tick(void)
{
	standin_now += TICK;
	if (!uart.count || uart.dead)
		return;
	uart.wire[uart.sent++] = (char)uart.fifo[0];
	memmove(uart.fifo, uart.fifo + 1, --uart.count);
	if (uart.count == transmit_level())
		uart.ris |= 0x20;
}

static void look(void)
{
	if (uart.by_looks && ++uart.looks % LOOKS_A_TICK == 0)
		tick();
}

static void take_byte(u8 byte)
{
	if (uart.count == uart.depth) {
		uart.overruns++;
		return;
	}
	uart.fifo[uart.count++] = byte;
	if (uart.count > transmit_level())
		uart.ris &= ~0x20u;
}

static u32 take_key(void)
{
	assert_true(uart.has_key);
	uart.has_key = false;
	return uart.key;
}

static u32 pl011_read(u64 offset)
{
	switch (offset) {
	case 0x00:
		return take_key();
	case 0x18: /* BUSY, RXFE, TXFF, RXFF, TXFE */
		look();
		return (uart.count ? 0x08 : 0x80) | (uart.has_key ? 0 : 0x10) |
		       (uart.count == uart.depth ? 0x20 : 0);
	case 0x30:
		return 0x301;
	default:
		fail_msg("PL011: read at %lx", offset);
		return 0;
	}
}

static void pl011_write(u64 offset, u32 value)
{
	switch (offset) {
	case 0x00:
		take_byte((u8)value);
		break;
	case 0x34:
		uart.ifls = value;
		break;
	case 0x38:
		uart.imsc = value;
		break;
	case 0x44:
		uart.ris &= ~value;
		break;
	default:
		fail_msg("PL011: %x written at %lx", value, offset);
	}
}

static u32 mini_read(u64 offset)
{
	switch (offset) {
	case 0x00:
		return take_key();
	case 0x14:
		look();
		return (uart.has_key ? 0x01 : 0) | (uart.count < uart.depth ? 0x20 : 0) |
		       (uart.count ? 0 : 0x40);
	case 0x20:
		return 3;
	case (u64)-0x3c:
		return 1;
	default:
		fail_msg("mini-UART: read at %lx", offset);
		return 0;
	}
}

static void mini_write(u64 offset, u32 value)
{
	switch (offset) {
	case 0x00:
		take_byte((u8)value);
		break;
	case 0x04:
		uart.imsc = value;
		break;
	case (u64)-0x3c:
		assert_int_equal(value, 1);
		break;
	default:
		fail_msg("mini-UART: %x written at %lx", value, offset);
	}
}

u32 mmio_read32(u64 address)
{
	return uart.kind == BOARD_UART_PL011 ? pl011_read(address - BASE) :
					       mini_read(address - BASE);
}

void mmio_write32(u64 address, u32 value)
{
	if (uart.kind == BOARD_UART_PL011)
		pl011_write(address - BASE, value);
	else
		mini_write(address - BASE, value);
}

/* --- What the tests do -------------------------------------------------------------------------- */

static int setup(enum board_uart kind)
{
	memset(&uart, 0, sizeof(uart));
	uart.kind = kind;
	uart.depth = kind == BOARD_UART_PL011 ? 16 : 8;
	uart.ifls = 0x12;
	standin_timer_reset();
	board.uart.kind = kind;
	board.uart.regs = (struct fdt_range){BASE, 0x1000};
	board.terminal = false;
	say_init(&board);
	say_listen(true);
	start = say_position();
	expected_length = 0;
	for (unsigned i = 0; i < GUESTS; i++)
		vconsole_init(&consoles[i], "crab", i, false);
	return 0;
}

static int setup_pl011(void **state)
{
	(void)state;
	return setup(BOARD_UART_PL011);
}

static int setup_mini(void **state)
{
	(void)state;
	return setup(BOARD_UART_BCM2835_AUX);
}

static u64 spoken(void)
{
	return say_position() - start;
}

/* The UART says that it has room exactly while that is of use. */
static void check_interrupts(void)
{
	assert_int_equal(wants_room(), uart.sent + uart.count < spoken());
}

static void run(unsigned ticks)
{
	while (ticks--) {
		tick();
		if (interrupted()) {
			uart.interrupts++;
			(void)say_interrupt();
		}
	}
}

static void pass(unsigned ticks)
{
	while (ticks--) {
		run(1);
		check_interrupts();
	}
}

static int teardown(void **state)
{
	(void)state;
	uart.dead = false;
	pass(60000);
	assert_int_equal(uart.overruns, 0);
	assert_false(wants_room());
	return 0;
}

static void expect(const char *text)
{
	size_t n = strlen(text);

	memcpy(expected + expected_length, text, n);
	expected_length += n;
}

/* All that is expected has come, in this order, and nothing else. */
static void check_wire(void)
{
	assert_int_equal(uart.sent, expected_length);
	assert_memory_equal(uart.wire, expected, expected_length);
}

static void line(const void *owner, const char *text)
{
	say_line(owner, text, strlen(text));
	expect(text);
}

/* Nobody waits: without a tick all is taken that there is a place for; what there is room for goes at once. */
static void test_no_wait(void **state)
{
	(void)state;
	line(&board, "hello\r\n");
	assert_int_equal(uart.count, 7);
	assert_false(wants_room()); /* the UART had room: as if there were no ring */
	check_interrupts();
	for (unsigned i = 0; i < 100; i++) {
		line(&board, "The serial line is slow, but nobody has to wait for it.\r\n");
		check_interrupts();
	}
	assert_int_equal(uart.count, uart.depth);
	assert_int_equal(uart.sent, 0);
	pass(expected_length);
	check_wire();
	assert_false(wants_room());
	/* not one for each byte: the PL011 is filled when two are left, the mini-UART when none is */
	assert_true(uart.interrupts <= expected_length / (uart.depth == 16 ? 14 : 8) + 2);
}

/* Random pieces and pauses: the line is never idle while something waits, but for the interrupt's time. */
static void test_random(void **state)
{
	u64 x = 0x5eed;

	(void)state;
	for (unsigned n = 0; n < 3000; n++) {
		char text[300];
		size_t length = 0;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (spoken() - uart.sent < 12000)
			length = x >> 20 & 0x3f;
		memset(text, 'a' + n % 26, length);
		memcpy(text + length, "\r\n", 3);
		line(&board, text);
		if (!(x >> 40 & 7)) {
			say_listen(x >> 41 & 1);
			assert_int_equal(wants_input(), x >> 41 & 1);
		}
		check_interrupts();
		pass(x >> 50 & 0x3f);
	}
	say_listen(true);
	pass(20000);
	check_wire();
}

/* The ring is full: EL2's own go on by polling, and nothing of them is lost. */
static void test_full(void **state)
{
	(void)state;
	uart.by_looks = true;
	for (unsigned i = 0; i < 600; i++) {
		char text[64];

		snprintf(text, sizeof(text), "row %u of a table that an operator wanted\r\n", i);
		line(&board, text);
		check_interrupts();
	}
	assert_true(uart.sent > 5000 && uart.sent < expected_length - 16000);
	uart.by_looks = false;
	pass(20000);
	check_wire();
}

/* A key is read while output waits, and only while somebody listens. */
static void test_keys(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		line(&board, "a line\r\n");
	assert_int_equal(say_getc(), -1);
	assert_true(say_interrupt());
	uart.key = 'k';
	uart.has_key = true;
	assert_true(interrupted());
	assert_true(say_interrupt());
	assert_int_equal(say_getc(), 'k');
	say_listen(false);
	uart.has_key = true;
	assert_false(interrupted());
	tick(), tick(), tick();
	assert_false(say_interrupt()); /* for room only: what was typed stays where it is */
	pass(100);
	assert_false(interrupted());
	say_listen(true);
	assert_true(interrupted());
	assert_int_equal(say_getc(), 'k');
	check_wire();
}

/* --- Guests ------------------------------------------------------------------------------------- */

/* As much of a line for ever as the guest may print now, 48 bytes each on the wire. */
static void flood(struct vconsole *con)
{
	static const char text[] = "flooding flooding flooding, 7654321\n";

	while (vconsole_keeps_up(con)) {
		vconsole_put(con, (u8)text[con->length + 1 == sizeof(text) ? 0 : con->length]);
		assert_true(con->lines < 100000);
	}
}

static unsigned lines_of(const char *name, size_t from)
{
	unsigned n = 0;

	uart.wire[uart.sent] = '\0';
	for (const char *at = uart.wire + from; (at = strstr(at, name)); at++)
		n++;
	return n;
}

/* One guest's flood takes its share of the ring and waits; another's line goes out soon after. */
static void test_flood(void **state)
{
	struct vconsole *crab = &consoles[0], *eel = &consoles[1];
	size_t from;

	(void)state;
	eel->name = "eel";
	flood(crab);
	assert_false(vconsole_keeps_up(crab));
	assert_true(vconsole_keeps_up(eel));
	assert_true(spoken() <= 512 + 45 + 16);
	for (unsigned round = 0; round < 20; round++) {
		from = uart.sent;
		for (const char *p = "I have something to say\n"; *p; p++) {
			assert_true(vconsole_keeps_up(eel));
			vconsole_put(eel, (u8)*p);
		}
		while (!lines_of("[eel] I have something to say\r\n", from)) {
			pass(57); /* 5 ms */
			flood(crab);
			assert_true(uart.sent - from < 700);
		}
		assert_true(wants_room()); /* and the line has never been idle */
		pass(300);
		flood(crab);
	}
	assert_true(lines_of("[crab] flooding flooding flooding, 7654321\r\n", 0) > 100);
	assert_true(uart.sent + uart.count >= 20 * 300);
}

/* All of `count`: shares are the same but for so many lines, EL2's part stays free, and every line is whole. */
static void flood_all(unsigned count, unsigned rounds, unsigned apart)
{
	static char names[GUESTS][16];
	unsigned least = ~0u, most = 0;

	for (unsigned i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "g%03u", i);
		consoles[i].name = names[i];
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < count; i++)
			flood(&consoles[(i * 7 + round * 11) % count]);
		assert_true(spoken() - uart.sent <= 8192 + 64);
		pass(57);
	}
	for (unsigned i = 0; i < count; i++) {
		char text[64];
		unsigned lines;

		snprintf(text, sizeof(text), "[g%03u] flooding flooding flooding, 7654321\r\n", i);
		lines = lines_of(text, 8192); /* behind what the first ones found room for */
		least = lines < least ? lines : least;
		most = lines > most ? lines : most;
	}
	assert_true(uart.sent >= rounds * 57 - 16);
	assert_true(least > 4 && most - least <= apart);
	/* a crash's report does not wait: no tick, no look */
	for (unsigned i = 0; i < 40; i++)
		line(&board, "a report of a crash, of forty lines, each of them is short\r\n");
	assert_int_equal(uart.looks, 0);
}

static void test_many(void **state)
{
	(void)state;
	flood_all(40, 1000, 1);
}

/* More than have room for a line each: who asks first has it, so shares are the same on average only. */
static void test_too_many(void **state)
{
	(void)state;
	flood_all(GUESTS, 2000, 4);
}

/* A full screen's bytes, too. */
static void test_raw(void **state)
{
	struct vconsole *crab = &consoles[0];
	unsigned n = 0;

	(void)state;
	vconsole_set_raw(crab, true);
	vconsole_focus(crab, true);
	for (; vconsole_keeps_up(crab); n++)
		vconsole_put(crab, 'x');
	assert_in_range(n, 512, 512 + 17);
	pass(57);
	assert_true(vconsole_keeps_up(crab));
	vconsole_focus(crab, false);
	pass(700);
}

/* A UART that stops taking bytes: guests wait a second, not for ever; EL2's messages neither. */
static void test_dead(void **state)
{
	struct vconsole *crab = &consoles[0];

	(void)state;
	uart.dead = true;
	flood(crab);
	assert_false(vconsole_keeps_up(crab));
	pass(11000);
	assert_false(vconsole_keeps_up(crab));
	pass(1000);
	assert_true(vconsole_keeps_up(crab));
	for (unsigned i = 0; i < 1000; i++)
		for (const char *p = "lost, perhaps, but nobody hangs\n"; *p; p++)
			vconsole_put(crab, (u8)*p);
	for (unsigned i = 0; i < 500; i++)
		say_line(&board, "EL2 neither, whatever it says\r\n", 31);
	assert_int_equal(uart.sent, 0);
	assert_true(wants_room());
	/* it comes to life: the last of all that is on the wire, and guests are held to their share again */
	uart.dead = false;
	run(20000);
	assert_false(wants_room());
	assert_memory_equal(uart.wire + uart.sent - 31, "EL2 neither, whatever it says\r\n", 31);
	flood(crab);
	assert_false(vconsole_keeps_up(crab));
	run(2000);
	start = say_position() - uart.sent; /* some has never come */
}

/* --- The end ------------------------------------------------------------------------------------ */

static void nothing(void)
{
}

/* In a process of its own, since what has said its last words never says others. */
static void in_child(void (*end)(void))
{
	int status = 1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		standin_on_wait = nothing;
		end();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void end_alive(void)
{
	for (unsigned i = 0; i < 200; i++)
		line(&board, "one of many lines that are said before the end\r\n");
	uart.by_looks = true;
	say_last_words();
	line(say, "the machine stops\r\n");
	say_drain();
	if (uart.sent != expected_length || memcmp(uart.wire, expected, expected_length) ||
	    wants_room())
		_exit(2);
}

static void end_dead(void)
{
	for (unsigned i = 0; i < 200; i++)
		line(&board, "one of many lines that are said before the end\r\n");
	uart.dead = true;
	say_last_words();
	line(say, "nobody hears that the machine stops\r\n");
	say_drain();
}

static void test_last_words(void **state)
{
	(void)state;
	in_child(end_alive);
	in_child(end_dead);
}

/* Before interrupts there is polling, as on a board whose UART has none. First of all tests. */
static void test_polled(void **state)
{
	(void)state;
	memset(&uart, 0, sizeof(uart));
	uart.kind = BOARD_UART_PL011;
	uart.depth = 16;
	uart.by_looks = true;
	standin_timer_reset();
	board.uart.kind = BOARD_UART_PL011;
	board.uart.regs = (struct fdt_range){BASE, 0x1000};
	say("before there is a %s\n", "UART");
	say_init(&board);
	expect("before there is a UART\r\n");
	for (unsigned i = 0; i < 100; i++) {
		line(&board, "by polling\r\n");
		assert_false(wants_room());
		assert_int_equal(uart.imsc, 0);
	}
	assert_true(uart.sent + 16 >= expected_length);
	say_drain();
	check_wire();
}

#define BOTH(test)                                                   \
	{#test " pl011", test, setup_pl011, teardown, NULL},         \
	{                                                            \
#test " mini-UART", test, setup_mini, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_polled),
		BOTH(test_no_wait),
		BOTH(test_random),
		BOTH(test_full),
		BOTH(test_keys),
		BOTH(test_flood),
		BOTH(test_many),
		BOTH(test_too_many),
		BOTH(test_raw),
		BOTH(test_dead),
		BOTH(test_last_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
