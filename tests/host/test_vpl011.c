// SPDX-License-Identifier: Apache-2.0
// units: vdev/vpl011.c vdev/vconsole.c sched/timer.c sched/heap.c lib/format.c lib/screen.c
/*
 * vdev/vpl011.c by its registers, as Arm DDI 0183 (chapter 3) has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "board/say.h"
#include "vdev/vpl011.h"

static struct vconsole console;
static struct vpl011 uart;
static struct vgic vgic;
static char lines[64]; /* what became of interrupt 33's line */

void vgic_set_line(struct vgic *to, unsigned cpu, u32 intid, bool level)
{
	assert_ptr_equal(to, &vgic);
	assert_int_equal(cpu, 0);
	assert_int_equal(intid, 33);
	strcat(lines, level ? "+" : "-");
}

static int setup(void **state)
{
	(void)state;
	vconsole_init(&console, "crab", 0, false);
	vpl011_init(&uart, &console, &vgic);
	said_forget();
	lines[0] = 0;
	return 0;
}

static u64 read_n(u64 offset, u8 size)
{
	struct mmio mmio = {.ipa = 0x9000000 + offset, .offset = offset, .size = size};

	assert_true(vpl011_access(&uart, &mmio));
	return mmio.value;
}

static u64 get(u64 offset)
{
	return read_n(offset, 4);
}

static void write_n(u64 offset, u64 value, u8 size)
{
	struct mmio mmio = {.ipa = 0x9000000 + offset,
			    .offset = offset,
			    .value = value,
			    .size = size,
			    .write = true};

	assert_true(vpl011_access(&uart, &mmio));
}

static void set(u64 offset, u64 value)
{
	write_n(offset, value, 4);
}

static void type(const char *text)
{
	for (; *text; text++) {
		assert_true(vconsole_type(&console, (u8)*text));
		vpl011_input(&uart);
	}
}

static void test_reset_values(void **state)
{
	static const struct {
		u64 offset, value;
	} rows[] = {{0x00, 0},	{0x04, 0},     {0x18, 0x90},  {0x20, 0},     {0x24, 0},
		    {0x28, 0},	{0x2c, 0},     {0x30, 0x300}, {0x34, 0x12},  {0x38, 0},
		    {0x3c, 0},	{0x40, 0},     {0x44, 0},     {0x48, 0},     {0x4c, 0},
		    {0x80, 0},	{0xfdc, 0},    {0xfe0, 0x11}, {0xfe4, 0x10}, {0xfe8, 0x14},
		    {0xfec, 0}, {0xff0, 0x0d}, {0xff4, 0xf0}, {0xff8, 0x05}, {0xffc, 0xb1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(get(rows[i].offset), rows[i].value);
}

/* Which bits stick. */
static void test_writable(void **state)
{
	static const struct {
		u64 offset, sticks;
	} rows[] = {{0x20, 0xff},   {0x24, 0xffff}, {0x28, 0x3f},  {0x2c, 0xff},
		    {0x30, 0xff87}, {0x34, 0x3f},   {0x38, 0x7ff}, {0x48, 7},
		    {0x18, 0x90},   {0x3c, 0},	    {0xfe0, 0x11}, {0x04, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(rows[i].offset, 0xffffffff);
		assert_int_equal(get(rows[i].offset), rows[i].sticks);
	}
	vpl011_reset(&uart);
	assert_int_equal(get(0x30), 0x300);
	assert_int_equal(get(0x24) | get(0x38) | get(0x2c), 0);
}

static void test_transmit(void **state)
{
	(void)state;
	write_n(0, 'h', 1);
	write_n(0, 0xff00 | 'i', 2);
	set(0, 'y');
	set(0, '\n');
	assert_string_equal(said, "[crab] hiy\r\n");
	assert_int_equal(get(0x3c), 0x20); /* the FIFO has emptied */
	assert_string_equal(lines, "");
	set(0x38, 0x20);
	assert_string_equal(lines, "+");
	assert_int_equal(get(0x40), 0x20);
	set(0x44, 0x20);
	assert_string_equal(lines, "+-");
	assert_int_equal(get(0x3c), 0);
	set(0, 'x');
	set(0, 'y'); /* high already: nothing to be told */
	assert_string_equal(lines, "+-+");
	set(0x38, 0);
	assert_string_equal(lines, "+-+-");
}

static void test_receive(void **state)
{
	(void)state;
	set(0x2c, 0x70); /* FEN, 8 bits */
	set(0x38, 0x50); /* RX and time-out */
	type("ab");
	assert_string_equal(lines, "+");
	assert_int_equal(get(0x18), 0x80); /* RXFE is gone */
	assert_int_equal(get(0x40), 0x40); /* two are not half a FIFO */
	assert_int_equal(get(0), 'a');
	assert_string_equal(lines, "+");
	assert_int_equal(read_n(0, 1), 'b');
	assert_string_equal(lines, "+-");
	assert_int_equal(get(0x18), 0x90);
	assert_int_equal(get(0), 0);
	type("12345678"); /* UARTIFLS 0x12: receive at 8 of 16 */
	assert_int_equal(get(0x40), 0x50);
	assert_int_equal(get(0), '1');
	assert_int_equal(get(0x40), 0x40);
	type("9abcdefgh");
	assert_int_equal(get(0x18), 0xc0); /* RXFF */
	set(0x44, 0x7ff);
	assert_int_equal(get(0x3c), 0);
	assert_string_equal(lines, "+-+-");
}

/* Without FIFOs one byte is full; input that nobody unmasked raises nothing. */
static void test_receive_one(void **state)
{
	(void)state;
	vpl011_input(&uart); /* nothing came after all */
	assert_int_equal(get(0x3c), 0);
	type("a");
	assert_int_equal(get(0x3c), 0x50);
	assert_int_equal(get(0x18), 0xc0);
	assert_string_equal(lines, "");
	set(0x38, 0x10);
	assert_string_equal(lines, "+");
	get(0);
	assert_string_equal(lines, "+-");
}

static void test_loopback(void **state)
{
	(void)state;
	set(0x30, 0x381); /* LBE */
	set(0, 'q');
	assert_int_equal(get(0x18), 0xc0);
	assert_int_equal(get(0), 'q');
	assert_string_equal(said, "");
}

static void test_widths(void **state)
{
	(void)state;
	assert_int_equal(read_n(0xfe0, 8), 0x1000000011);
	assert_int_equal(read_n(0x31, 1), 3);
	assert_int_equal(read_n(0x30, 2), 0x300);
	assert_int_equal(read_n(0x18, 1), 0x90);
	assert_int_equal(read_n(0x1a, 2), 0);
	write_n(0x31, 0, 1); /* not the register's first byte: nothing */
	assert_int_equal(get(0x30), 0x300);
	write_n(0x20, 0x1234000000aa, 8);
	assert_int_equal(get(0x20), 0xaa);
	assert_int_equal(get(0x24), 0x1234);
}

/* A prompt appears when its guest, in focus, polls for input, or has sent all and masks TX. */
static void test_prompt(void **state)
{
	(void)state;
	vconsole_focus(&console, true);
	set(0, '>');
	get(0x18);
	assert_string_equal(said, "");
	get(0x18);
	assert_string_equal(said, "[crab] >");
	get(0x18);
	assert_string_equal(said, "[crab] >");
	set(0, ' ');
	get(0x18);
	assert_string_equal(said, "[crab] >");
	set(0x38, 0x20);
	set(0, '!');
	set(0x38, 0x10);
	assert_string_equal(said, "[crab] > !");
	set(0, '?');
	get(0);
	assert_string_equal(said, "[crab] > !?");
}

/* Any access: the line is RIS & IMSC, always. */
static void test_random(void **state)
{
	u64 x = 0x1234567887654321;
	bool level = false;

	(void)state;
	console.quiet = true;
	for (unsigned n = 0; n < 200000; n++) {
		struct mmio mmio = {0};

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		mmio.size = (u8)(1 << (x & 3));
		mmio.offset = (x >> 8 & (x & 4 ? 0x7f : 0xfff)) & ~(u64)(mmio.size - 1);
		mmio.write = x >> 60 & 1;
		mmio.value = mmio.size < 8 ? x >> 20 & ((1ull << 8 * mmio.size) - 1) : x;
		lines[0] = 0;
		assert_true(vpl011_access(&uart, &mmio));
		if (x & 0x100 && vconsole_type(&console, (u8)x))
			vpl011_input(&uart);
		if (lines[0])
			level = lines[strlen(lines) - 1] == '+';
		assert_int_equal(level, get(0x40) != 0);
		assert_int_equal(get(0x40), get(0x3c) & get(0x38));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, setup),
		cmocka_unit_test_setup(test_writable, setup),
		cmocka_unit_test_setup(test_transmit, setup),
		cmocka_unit_test_setup(test_receive, setup),
		cmocka_unit_test_setup(test_receive_one, setup),
		cmocka_unit_test_setup(test_loopback, setup),
		cmocka_unit_test_setup(test_widths, setup),
		cmocka_unit_test_setup(test_prompt, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
