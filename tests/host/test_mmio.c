// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/mmio.c: accesses to memory, devices and nothing, with a syndrome and by the instruction.
 * ESR_EL2 literals: EC 0x24, IL, ISS with ISV 24, SAS 23:22, SSE 21, SRT 20:16, SF 15, CM 8, S1PTW 7,
 * WnR 6, DFSC 5:0 (Arm ARM D17.2.37). Instruction words are the GNU assembler's.
 */
#include "trap_world.h"

#define LOAD_W8 0x93880006 /* 4 bytes into w8 */
#define LOAD_X8 0x93c88006 /* 8 bytes into x8 */
#define LOAD_B8 0x93080006 /* 1 byte into w8 */
#define LOAD_H8 0x93480006
#define STORE_W8 0x93880046
#define STORE_B8 0x93080046
#define NO_SYNDROME_LOAD 0x92000006
#define NO_SYNDROME_STORE 0x92000046

static int setup(void **state)
{
	(void)state;
	world_new(3);
	return 0;
}

static void expect_abort(u64 esr)
{
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], esr);
	assert_int_equal(regs->pc, 0x40008200);
	assert_int_equal(vcpus[0].ctx.el1[EL1_far_el1], standin_syndrome.far);
}

static void test_touch(void **state)
{
	(void)state;
	trap(LOAD_W8, 0xffff000000000abc, 0x4000f000);
	assert_int_equal(seen.touched, 0x4000fabc);
	assert_int_equal(regs->pc, 0x40001000);
	/* a table walk: the address of the page is all there is */
	trap(LOAD_W8 | 0x80, 0xffff000000000abc, 0x40003000);
	assert_int_equal(seen.touched, 0x40003000);
	assert_int_equal(vcpus[0].exits[EXIT_TOUCH].count, 2);
	assert_int_equal(vcpus[0].exits[EXIT_MMIO].count, 0);
}

/* The same trap again and again, with nothing but interrupts between, is no way on: told, and an abort. */
static void test_no_progress(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 999; n++) {
		trap(LOAD_W8, 0x4000f000, 0x4000f000);
		vcpus[0].exits[EXIT_TIMER].count++;
		assert_int_equal(regs->pc, 0x40001000);
	}
	/* another address, or anything else that it does: it went on */
	trap(LOAD_W8, 0x4000e000, 0x4000e000);
	for (unsigned n = 0; n < 998; n++)
		trap(LOAD_W8, 0x4000f000, 0x4000f000);
	vcpus[0].exits[EXIT_HYPERCALL].count++;
	for (unsigned n = 0; n < 999; n++)
		trap(LOAD_W8, 0x4000f000, 0x4000f000);
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(said_length, 0);
	trap(LOAD_W8, 0x4000f000, 0x4000f000);
	expect_abort(0x96000010);
	assert_non_null(strstr(said, "guest crab: vCPU 0 at PC 0000000040001000, address "
				     "000000004000f000: trapped 1000 times without progress"));
	assert_int_equal(guest.console.until, said_length); /* as if the guest had printed it */
}

/* Nor can it flood the serial line like this: that line waits as the guest's own do. */
static void test_no_progress_slow(void **state)
{
	(void)state;
	world.slow = true;
	world.next = &other;
	for (unsigned n = 0; n < 999; n++)
		assert_ptr_equal(trap(LOAD_W8, 0x4000f000, 0x4000f000), &vcpus[0]);
	for (unsigned n = 1; n < 3; n++) {
		assert_ptr_equal(trap(LOAD_W8, 0x4000f000, 0x4000f000), &other);
		assert_int_equal(seen.reason, SCHED_BLOCK);
		assert_int_equal(seen.switches, n);
		assert_int_equal(regs->pc, 0x40001000);
	}
	assert_int_equal(said_length, 0);
	world.slow = false;
	trap(LOAD_W8, 0x4000f000, 0x4000f000);
	assert_non_null(strstr(said, "without progress"));
	expect_abort(0x96000010);
}

/* Tables changed in memory, not in the TLB: the write to ROM faults for ever, and can't be looked up. */
static void test_no_progress_by_stale_translation(void **state)
{
	(void)state;
	standin_translates = false;
	for (unsigned n = 0; n < 1000; n++)
		trap(0x9200004f, 0x1000, 0x1000); /* a store's permission fault, no ISV */
	standin_translates = true;
	assert_non_null(strstr(said, "without progress"));
	expect_abort(0x96000050);
}

/* Just past memory, far past it, and between the devices: DFSC 0x10, WnR kept. */
static void test_nothing(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x40010000, 0x40010000);
	expect_abort(0x96000010);
	setup(NULL);
	trap(STORE_W8, 0x40010000, 0x40010000);
	expect_abort(0x96000050);
	setup(NULL);
	trap(STORE_W8, 0x3f000000, 0x3f000000);
	expect_abort(0x96000050);
	setup(NULL);
	trap(LOAD_W8, 0xfff000000000, 0xfff000000000);
	expect_abort(0x96000010);
	setup(NULL);
	trap(NO_SYNDROME_LOAD, 0x7fffffc, 0x7fff000);
	expect_abort(0x96000010);
	setup(NULL);
	trap(LOAD_W8 & ~4u, 0x8000000, 0x8000000); /* an address size fault */
	expect_abort(0x96000010);
	setup(NULL);
	trap(0x9380008e, 0x8000000, 0x8000000); /* a table in a device's window (HCR_EL2.PTW) */
	expect_abort(0x96000014);
}

static void test_word(void **state)
{
	(void)state;
	world.read = 0x12345678;
	regs->x[8] = ~0ull;
	trap(LOAD_W8, 0xffff80000800, 0x8000000);
	assert_int_equal(seen.device, 'd');
	assert_int_equal(seen.access.offset, 0x800);
	assert_int_equal(seen.access.ipa, 0x8000800);
	assert_int_equal(seen.access.size, 4);
	assert_int_equal(regs->x[8], 0x12345678); /* the upper half is cleared */
	assert_int_equal(regs->pc, 0x40001004);
	regs->x[8] = 0xaabbccdd11223344;
	trap(STORE_W8, 0x8000004, 0x8000000);
	assert_true(seen.access.write);
	assert_int_equal(seen.access.value, 0x11223344);
	trap(STORE_B8, 0x8000007, 0x8000000);
	assert_int_equal(seen.access.value, 0x44);
	assert_int_equal(seen.access.size, 1);
	trap(0x939f0046, 0x8000004, 0x8000000); /* str wzr */
	assert_int_equal(seen.access.value, 0);
	world.read = 0xfedcba9876543210;
	trap(LOAD_X8, 0x8006100, 0x8000000 + 0x6000);
	assert_int_equal(regs->x[8], 0xfedcba9876543210);
	trap(0x939f0006, 0x8000004, 0x8000000); /* ldr wzr */
	assert_int_equal(vcpus[0].exits[EXIT_MMIO].count, 6);
}

/* The same register by the quick way and by its window; x20 is not saved before the whole frame is. */
static void test_plain(void **state)
{
	static const struct {
		u64 esr, address;
		char device;
	} loads[] = {
		{0x93880006, 0x8000104, 'p'}, /* 4 bytes into w8 */
		{0x93940006, 0x8000104, 'p'}, /* into w20 */
		{0x9388000f, 0x8000104, 0},   /* a permission fault has no address */
		{0x93888006, 0x8000104, 'd'}, /* into x8: no such load, but no harm either */
		{0x93a88006, 0x8000104, 'd'}, /* sign-extended */
		{0x93080006, 0x8000104, 'd'}, /* 1 byte */
		{0x93880006, 0x8000200, 'd'}, /* behind the plain ones */
		{0x93880006, 0x80001fc, 'p'}, {0x93880006, 0x8000102, 0}, /* not aligned */
		{0x93880086, 0x8000104, 0},				  /* a table walk */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		u64 rt = loads[i].esr >> 16 & 31;

		world_new(3);
		world.read = 0x7a;
		trap(loads[i].esr, loads[i].address, 0x8000000);
		assert_int_equal(seen.device, loads[i].device);
		if (loads[i].device) {
			assert_int_equal(regs->x[rt], 0x7a);
			assert_int_equal(regs->pc, 0x40001004);
			assert_int_equal(vcpus[0].exits[EXIT_MMIO].count, 1);
		}
	}
	world_new(3);
	regs->x[20] = 0xaabbccdd11223344;
	trap(0x93940046, 0x8000104, 0x8000000);
	assert_int_equal(seen.access.value, 0x11223344);
	assert_int_equal(seen.device, 'w');
	trap(0x93888046, 0x8000104, 0x8000000); /* of x8: no such store */
	assert_int_equal(seen.device, 'd');
	trap(0x93880046, 0x8001000, 0x8001000); /* behind the words */
	assert_int_equal(seen.device, 'd');
	/* PL011's flags: of a word, of a byte */
	trap(0x93880006, 0x9000018, 0x9000000);
	assert_int_equal(regs->x[8], 0x90);
	regs->x[8] = 0;
	trap(0x93080006, 0x9000018, 0x9000000);
	assert_int_equal(regs->x[8], 0x90);
}

static void test_refused(void **state)
{
	(void)state;
	world.refuse = true;
	regs->x[8] = 5;
	trap(LOAD_W8, 0x8001210, 0x8001000);
	expect_abort(0x96000010);
	assert_int_equal(regs->x[8], 5);
	setup(NULL);
	world.refuse = true;
	trap(STORE_W8, 0x8001210, 0x8001000);
	expect_abort(0x96000050);
}

static void test_alignment(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x8000012, 0x8000000);
	expect_abort(0x96000021);
	assert_int_equal(seen.accesses, 0);
}

static void test_windows(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x80bfffc, 0x80bf000); /* vCPU 0's redistributor, last word */
	assert_int_equal(seen.device, 'r');
	assert_int_equal(seen.access.offset, 0x1fffc);
	trap(LOAD_W8, 0x80dfffc, 0x80df000);
	assert_int_equal(seen.access.offset, 0x3fffc);
	trap(LOAD_W8, 0x80e0000, 0x80e0000); /* there is no third vCPU */
	expect_abort(0x96000010);
	setup(NULL);
	trap(LOAD_W8, 0x8010000, 0x8010000); /* v3 has no GICC */
	expect_abort(0x96000010);
	world_new(2);
	trap(LOAD_W8, 0x80a0000, 0x80a0000); /* v2 has no GICR */
	expect_abort(0x96000010);
	world_new(2);
	guest.vgic.emulated = true;
	trap(LOAD_W8, 0x801100c, 0x8011000);
	assert_int_equal(seen.device, 'c');
	assert_int_equal(seen.access.offset, 0x100c);
	setup(NULL);
	trap(LOAD_W8, 0x9000018, 0x9000000); /* PL011 flags: nothing to read, room to send */
	assert_int_equal(regs->x[8], 0x90);
	trap(LOAD_W8, 0x9000fe0, 0x9000000);
	assert_int_equal(regs->x[8], 0x11);
	trap(LOAD_W8, 0x9010fe0, 0x9010000);
	assert_int_equal(regs->x[8], 0x31); /* PL031 */
	standin_now = 125000000;
	trap(LOAD_W8, 0x9010000, 0x9010000);
	assert_int_equal(regs->x[8], 2); /* seconds */
	trap(LOAD_W8, 0x901000c, 0x9010000);
	assert_int_equal(regs->x[8], 1);
	trap(LOAD_W8, 0x9010010, 0x9010000);
	assert_int_equal(regs->x[8], 0);
	trap(STORE_W8, 0x9010008, 0x9010000);
	assert_int_equal(regs->pc, 0x4000101c);
	trap(LOAD_B8, 0x9010fe8, 0x9010000); /* a byte of PL031's RTCPeriphID2 */
	assert_int_equal(regs->x[8], 0x14);
	trap(LOAD_B8, 0x9010ff0, 0x9010000); /* EDK2 looks at the identification byte by byte */
	assert_int_equal(regs->x[8], 0x0d);
	trap(LOAD_B8, 0x9010ff1, 0x9010000);
	assert_int_equal(regs->x[8], 0);
	trap(LOAD_H8, 0x9010ff8, 0x9010000);
	assert_int_equal(regs->x[8], 0x05);
	trap(LOAD_X8, 0x9010ff8, 0x9010000);
	assert_int_equal(regs->x[8], 0xb100000005);
}

/* The serial line does not keep up: a store of data sleeps and is made again, whatever its form; all else
 * goes on. */
static void test_uart_slow(void **state)
{
	(void)state;
	world.slow = true;
	world.next = &other;
	regs->x[8] = 'k';
	assert_ptr_equal(trap(STORE_B8, 0x9000000, 0x9000000), &other);
	assert_int_equal(seen.reason, SCHED_BLOCK);
	put_instruction(0xa9002408); /* stp x8, x9, [x0] */
	regs->x[0] = 0x9000000;
	assert_ptr_equal(trap(NO_SYNDROME_STORE, 0x9000000, 0x9000000), &other);
	assert_int_equal(seen.switches, 2);
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(guest.console.length, 0);
	assert_int_equal(seen.prints, 2);
	trap(LOAD_W8, 0x9000000, 0x9000000);
	trap(LOAD_W8, 0x9000018, 0x9000000);
	trap(STORE_W8, 0x9000038, 0x9000000);
	trap(STORE_W8, 0x8000000, 0x8000000);
	assert_int_equal(seen.prints, 2);
	assert_int_equal(seen.switches, 2);
	assert_int_equal(regs->pc, 0x40001010);
	world.slow = false;
	regs->x[8] = 'k';
	assert_ptr_equal(trap(STORE_B8, 0x9000000, 0x9000000), &vcpus[0]);
	assert_int_equal(guest.console.length, 1);
	assert_int_equal(regs->pc, 0x40001014);
}

/* There for those that the bundle gives one; its registers are test_vwatchdog.c's. */
static void test_watchdog(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x90c0fcc, 0x90c0000);
	expect_abort(0x96000010);
	setup(NULL);
	guest.config.watchdog = true;
	trap(LOAD_W8, 0x90c0fcc, 0x90c0000);
	assert_int_equal(regs->x[8], 0x1043b);
	trap(LOAD_W8, 0x90c1fcc, 0x90c1000);
	assert_int_equal(regs->x[8], 0x1043b);
	setup(NULL);
	guest.config.watchdog = true;
	trap(LOAD_W8, 0x90c2000, 0x90c2000);
	expect_abort(0x96000010);
}

/* Bank 0 holds the firmware: what is behind it is empty, what is written to it is lost. */
static void test_rom(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x3fffffc, 0x3fff000); /* a guest without firmware */
	expect_abort(0x96000010);
	setup(NULL);
	trap(STORE_W8 | 8, 0x1000, 0); /* DFSC 0x0e: permission fault, no HPFAR_EL2 to go by */
	expect_abort(0x96000050);
	setup(NULL);
	guest.config.firmware.size = 1;
	regs->x[8] = ~0ull;
	trap(LOAD_X8, 0x3fffff8, 0x3fff000);
	assert_int_equal(regs->x[8], 0);
	assert_int_equal(regs->pc, 0x40001004);
	trap(STORE_W8 | 8, 0x1000, 0x9000000);
	assert_int_equal(regs->pc, 0x40001008);
	put_instruction(0xa8817c1f); /* stp xzr, xzr, [x0], #16 */
	regs->x[0] = 0x1000;
	trap(NO_SYNDROME_STORE | 8, 0x1000, 0);
	assert_int_equal(regs->x[0], 0x1010);
	assert_int_equal(regs->pc, 0x4000100c);
	trap(0x9200014e, 0x1000, 0); /* dc ivac */
	assert_int_equal(regs->pc, 0x40001010);
	trap(STORE_B8 | 0x88, 0x1000, 0); /* a walk that would set a table's access flag */
	expect_abort(0x96000054);
}

/* Bank 1: memory while it shows its bytes, a device else, and always when written. */
static void test_flash(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x4000000, 0x4000000);
	expect_abort(0x96000010);
	setup(NULL);
	trap(STORE_W8, 0x4000000, 0x4000000);
	expect_abort(0x96000050);
	setup(NULL);
	guest.config.firmware.size = 1;
	world.flash_readable = true;
	trap(LOAD_W8, 0x4001ffc, 0x4001000);
	assert_int_equal(seen.touched, 0x4001ffc);
	assert_int_equal(regs->pc, 0x40001000);
	trap(0x93880086, 0x4001ffc, 0x4001000); /* a table walk */
	assert_int_equal(seen.touches, 2);
	assert_int_equal(regs->pc, 0x40001000);
	regs->x[8] = 0x70;
	trap(STORE_W8, 0x4001ffc, 0x4001000); /* not mapped: not for this */
	assert_int_equal(seen.touches, 2);
	assert_int_equal(seen.device, 'f');
	assert_int_equal(seen.access.offset, 0x1ffc);
	assert_int_equal(seen.access.value, 0x70);
	trap(STORE_B8 | 8, 0x41ffffc, 0); /* mapped */
	assert_int_equal(seen.access.offset, 0x1ffffc);
	assert_int_equal(seen.access.size, 1);
	assert_int_equal(regs->pc, 0x40001008);
	assert_int_equal(vcpus[0].exits[EXIT_MMIO].count, 2);
	world.flash_readable = false;
	world.read = 0x800080;
	trap(LOAD_W8, 0x4000000, 0x4000000);
	assert_int_equal(regs->x[8], 0x800080);
	assert_int_equal(seen.accesses, 3);
	trap(LOAD_W8, 0x4200000, 0x4200000); /* behind it */
	expect_abort(0x96000010);
}

static void test_fwcfg(void **state)
{
	(void)state;
	trap(LOAD_W8, 0x9020000, 0x9020000);
	expect_abort(0x96000010);
	setup(NULL);
	guest.config.firmware.size = 1;
	world.read = 0x6e72656b;
	trap(LOAD_W8, 0x9020000, 0x9020000);
	assert_int_equal(seen.device, 'w');
	assert_int_equal(regs->x[8], 0x6e72656b);
	trap(LOAD_W8, 0x9020018, 0x9020000); /* behind it */
	expect_abort(0x96000010);
}

/* A store that is not done is run again, also one that changes its base register. */
static void test_again(void **state)
{
	(void)state;
	guest.config.firmware.size = 1;
	world.again = true;
	trap(STORE_W8, 0x9020014, 0x9020000);
	assert_int_equal(regs->pc, 0x40001000);
	put_instruction(0xb8004408); /* str w8, [x0], #4 */
	regs->x[0] = 0x9020014;
	trap(NO_SYNDROME_STORE, 0x9020014, 0x9020000);
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(regs->x[0], 0x9020014);
	world.again = false;
	trap(NO_SYNDROME_STORE, 0x9020014, 0x9020000);
	assert_int_equal(regs->pc, 0x40001004);
	assert_int_equal(regs->x[0], 0x9020018);
}

/* The guest's map was changed between a denied write and our look at it: it is run again. */
static void test_denied_races(void **state)
{
	(void)state;
	guest.config.firmware.size = 1;
	standin_translates = false;
	trap(STORE_W8 | 8, 0x4000000, 0);
	assert_int_equal(regs->pc, 0x40001000);
	standin_translates = true;
	trap(STORE_W8 | 8, 0x40008000, 0); /* memory now */
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(seen.accesses, 0);
	assert_int_equal(vcpus[0].exits[EXIT_FAULT].count, 0);
}

/* With SSE set; and as QEMU has it, with SSE clear for LDRSB w8, LDRSH x8, LDRSW x8. */
static void test_sign(void **state)
{
	(void)state;
	world.read = 0x80;
	trap(LOAD_B8 | 0x200000, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0xffffff80);
	world.read = 0x80;
	put_instruction(0x39c00048); /* ldrsb w8, [x2] */
	trap(LOAD_B8, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0xffffff80);
	regs->pc = 0x40001000;
	world.read = 0x80;
	put_instruction(0x39400048); /* ldrb w8, [x2] */
	trap(LOAD_B8, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0x80);
	world.read = 0x8001;
	put_instruction(0x79800048); /* ldrsh x8, [x2] */
	trap(LOAD_H8 | 0x8000, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0xffffffffffff8001);
	world.read = 0x80000001;
	put_instruction(0xb9800048); /* ldrsw x8, [x2] */
	trap(LOAD_W8 | 0x8000, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0xffffffff80000001);
	world.read = 0x7f;
	put_instruction(0x39c00048);
	trap(LOAD_B8, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0x7f);
	/* the instruction is gone: as the syndrome says */
	world.read = 0x80;
	standin_translates = false;
	trap(LOAD_B8, 0x8000400, 0x8000000);
	assert_int_equal(regs->x[8], 0x80);
}

static void test_writeback(void **state)
{
	(void)state;
	regs->x[2] = 0x8000400;
	regs->x[1] = 0xa0;
	put_instruction(0x38001441); /* strb w1, [x2], #1 */
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	assert_int_equal(seen.access.offset, 0x400);
	assert_int_equal(seen.access.value, 0xa0);
	assert_int_equal(regs->x[2], 0x8000401);
	assert_int_equal(regs->pc, 0x40001004);
	put_instruction(0x38400c41); /* ldrb w1, [x2, #0]! */
	world.read = 0x1ee;
	trap(NO_SYNDROME_LOAD, 0x8000401, 0x8000000);
	assert_int_equal(regs->x[1], 0xee);
	put_instruction(0x38c01441); /* ldrsb w1, [x2], #1 */
	world.read = 0x80;
	trap(NO_SYNDROME_LOAD, 0x8000401, 0x8000000);
	assert_int_equal(regs->x[1], 0xffffff80);
	assert_int_equal(regs->x[2], 0x8000402);
}

/* SP is SP_EL0 at EL0 and EL1t, SP_EL1 at EL1h. */
static void test_stack_pointer(void **state)
{
	static const struct {
		u64 pstate;
		enum el1_reg sp;
	} rows[] = {{0x3c5, EL1_sp_el1}, {0x3c4, EL1_sp_el0}, {0, EL1_sp_el0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(NULL);
		regs->pstate = rows[i].pstate;
		vcpus[0].ctx.el1[rows[i].sp] = 0x8000420;
		regs->x[1] = 0x1122334455667788;
		put_instruction(0xf81f0fe1); /* str x1, [sp, #-16]! */
		trap(NO_SYNDROME_STORE, 0x8000410, 0x8000000);
		assert_int_equal(seen.access.value, 0x1122334455667788);
		assert_int_equal(seen.access.offset, 0x410);
		assert_int_equal(vcpus[0].ctx.el1[rows[i].sp], 0x8000410);
	}
}

static void test_pairs(void **state)
{
	(void)state;
	regs->x[3] = 0x8000408;
	world.read = 0x80001000;
	put_instruction(0x29400861); /* ldp w1, w2, [x3] */
	trap(NO_SYNDROME_LOAD, 0x8000408, 0x8000000);
	assert_int_equal(regs->x[1], 0x80001000);
	assert_int_equal(regs->x[2], 0x80002111);
	assert_int_equal(seen.accesses, 2);
	assert_int_equal(seen.access.offset, 0x40c);
	world.read = 0x80001000;
	put_instruction(0x69400861); /* ldpsw x1, x2, [x3] */
	trap(NO_SYNDROME_LOAD, 0x8000408, 0x8000000);
	assert_int_equal(regs->x[1], 0xffffffff80001000);
	assert_int_equal(regs->x[2], 0xffffffff80002111);
	/* a page further on nobody has looked at stage 1 */
	regs->x[3] = 0x8000ff8;
	put_instruction(0xa9400861); /* ldp x1, x2, [x3] */
	trap(NO_SYNDROME_LOAD, 0x8000ff8, 0x8000000);
	expect_abort(0x96000021);
	setup(NULL);
	regs->x[3] = 0x8000ff8;
	put_instruction(0xa9400861);
	trap(NO_SYNDROME_LOAD, 0x8001000, 0x8001000); /* it was the second half that faulted */
	expect_abort(0x96000021);
	/* nor does a pair reach out of its device's window */
	setup(NULL);
	guest.config.firmware.size = 1;
	regs->x[3] = 0x9020000 + VFWCFG_SIZE - 8;
	put_instruction(0xa9400861);
	trap(NO_SYNDROME_LOAD, regs->x[3], 0x9020000);
	expect_abort(0x96000010);
	assert_int_equal(seen.accesses, 1);
}

static void test_vector(void **state)
{
	struct fp_regs *fp = &vcpus[0].ctx.fp;

	(void)state;
	standin_fp_owner = &vcpus[0].ctx;
	regs->x[2] = 0x8000800;
	world.read = 0x5555666677778888;
	fp->v[31][0] = fp->v[31][1] = ~0ull;
	put_instruction(0x3dc0045f); /* ldr q31, [x2, #16] */
	trap(NO_SYNDROME_LOAD, 0x8000810, 0x8000000);
	assert_null(standin_fp_owner); /* or the registers would not be loaded anew */
	assert_int_equal(fp->v[31][0], 0x5555666677778888);
	assert_int_equal(fp->v[31][1], 0x5555666677779999);
	assert_int_equal(seen.access.offset, 0x818);
	assert_int_equal(seen.access.size, 8);
	world.read = 0xaabb;
	fp->v[1][0] = fp->v[1][1] = ~0ull;
	put_instruction(0x7d400441); /* ldr h1, [x2, #2] */
	trap(NO_SYNDROME_LOAD, 0x8000802, 0x8000000);
	assert_int_equal(fp->v[1][0], 0xaabb); /* the rest of it is zero */
	assert_int_equal(fp->v[1][1], 0);
	fp->v[1][0] = 0x1111, fp->v[1][1] = 0x2222, fp->v[2][0] = 0x3333, fp->v[2][1] = 0x4444;
	regs->x[3] = 0x8000000;
	put_instruction(0xad000861); /* stp q1, q2, [x3] */
	seen.accesses = 0;
	trap(NO_SYNDROME_STORE, 0x8000000, 0x8000000);
	assert_int_equal(seen.accesses, 4);
	assert_int_equal(seen.access.offset, 0x18);
	assert_int_equal(seen.access.value, 0x4444);
	/* 16 bytes want to be aligned to 16 */
	regs->x[2] = 0x8000808;
	put_instruction(0x3dc00041); /* ldr q1, [x2] */
	trap(NO_SYNDROME_LOAD, 0x8000808, 0x8000000);
	expect_abort(0x96000021);
}

/* SIMD structures: elements in memory's order, lanes that are not named stay or become zero. */
static void test_structure(void **state)
{
	struct fp_regs *fp = &vcpus[0].ctx.fp;

	(void)state;
	memset(fp->v, 0xee, sizeof(fp->v));
	regs->x[1] = 0x8000800;
	world.read = 0x11112222;
	put_instruction(0x0d40c820); /* ld1r {v0.2s}, [x1] */
	trap(NO_SYNDROME_LOAD, 0x8000800, 0x8000000);
	assert_int_equal(fp->v[0][0], 0x1111222211112222);
	assert_int_equal(fp->v[0][1], 0);
	world.read = 0xab;
	put_instruction(0x4d401420); /* ld1 {v0.b}[13], [x1] */
	trap(NO_SYNDROME_LOAD, 0x8000800, 0x8000000);
	assert_int_equal(fp->v[0][0], 0x1111222211112222);
	assert_int_equal(fp->v[0][1], 0x0000ab0000000000);
	assert_int_equal(regs->x[1], 0x8000800);
	for (unsigned n = 1; n < 5; n++)
		fp->v[n][0] = 0x1000100010001 * n, fp->v[n][1] = ~0ull;
	put_instruction(0x0c9f0421); /* st4 {v1.4h - v4.4h}, [x1], #32 */
	seen.accesses = 0;
	trap(NO_SYNDROME_STORE, 0x8000800, 0x8000000);
	assert_int_equal(seen.accesses, 16);
	assert_int_equal(seen.access.offset, 0x81e);
	assert_int_equal(seen.access.size, 2);
	assert_int_equal(seen.access.value, 4);
	assert_int_equal(regs->x[1], 0x8000820);
	regs->x[1] = 0x8000802; /* words want to be aligned to 4 */
	put_instruction(0x4c407820);
	trap(NO_SYNDROME_LOAD, 0x8000802, 0x8000000);
	expect_abort(0x96000021);
}

/* Where a signed base leads the fault says; it is written back unsigned. */
static void test_signed_base(void **state)
{
	(void)state;
	regs->x[2] = 0x7a000008000800;
	world.read = 0x5566;
	put_instruction(0xf8fffc41); /* ldrab x1, [x2, #-8]! */
	trap(NO_SYNDROME_LOAD, 0x80007f8, 0x8000000);
	assert_int_equal(regs->x[1], 0x5566);
	assert_int_equal(regs->x[2], 0x80007f8);
	assert_int_equal(seen.access.offset, 0x7f8);
}

static void test_register_offset(void **state)
{
	(void)state;
	regs->x[2] = 0x8000400;
	regs->x[3] = 0xfffffffc;
	world.read = 0x99;
	put_instruction(0xf863d841); /* ldr x1, [x2, w3, sxtw #3] */
	trap(NO_SYNDROME_LOAD, 0x80003e0, 0x8000000);
	assert_int_equal(seen.access.offset, 0x3e0);
	regs->pc = 0x40002000;
	put_instruction(
		0x58000041); /* ldr x1, .+8: the code's page is stage 1's alias of a device */
	standin_translate_offset = 0;
	trap(NO_SYNDROME_LOAD, 0x40002008, 0x8000000);
	assert_int_equal(seen.access.offset, 8);
}

static void test_other_instructions(void **state)
{
	(void)state;
	regs->x[1] = regs->x[2] = 0x8000400;
	put_instruction(0x885f7c41); /* ldxr w1, [x2] */
	trap(NO_SYNDROME_LOAD, 0x8000400, 0x8000000);
	expect_abort(0x96000035);
	setup(NULL);
	put_instruction(0xf8a08041); /* swpa x0, x1, [x2] */
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	expect_abort(0x96000075);
	setup(NULL);
	put_instruction(0xd50b7421); /* dc zva, x1 */
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	expect_abort(0x96000061);
	setup(NULL);
	put_instruction(0xf9800420); /* prfm pldl1keep, [x1, #8] */
	trap(NO_SYNDROME_LOAD, 0x8000408, 0x8000000);
	assert_int_equal(regs->pc, 0x40001004);
	trap(NO_SYNDROME_STORE | 0x100, 0x8000400, 0x8000000); /* dc civac: CM, whatever the word */
	assert_int_equal(regs->pc, 0x40001008);
	assert_int_equal(seen.accesses, 0);
}

/* The word at PC is not what faulted, or can't be read: the guest tries again, nothing happens. */
static void test_races(void **state)
{
	(void)state;
	regs->x[2] = 0x8000400;
	put_instruction(0x38001441); /* a store, but a load faulted */
	trap(NO_SYNDROME_LOAD, 0x8000400, 0x8000000);
	assert_int_equal(regs->pc, 0x40001000);
	regs->x[2] = 0x9000400; /* its address is another page */
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	assert_int_equal(regs->pc, 0x40001000);
	standin_translates = false;
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	assert_int_equal(regs->pc, 0x40001000);
	standin_translates = true;
	regs->pc = 0x50000000; /* no memory there */
	trap(NO_SYNDROME_STORE, 0x8000400, 0x8000000);
	assert_int_equal(regs->pc, 0x50000000);
	assert_int_equal(seen.accesses, 0);
	assert_int_equal(vcpus[0].exits[EXIT_FAULT].count, 0);
}

static void test_aarch32(void **state)
{
	(void)state;
	regs->pstate = 0x10;
	trap(LOAD_W8, 0x8000400, 0x8000000);
	assert_int_equal(vcpus[0].ctx.el1[EL1_esr_el1], 0x92000010); /* from a lower level */
	assert_int_equal(regs->pc, 0x40008600);
	assert_int_equal(seen.accesses, 0);
}

/* Random syndromes, addresses and instructions: every trap ends in one of the ways there are. */
static void test_random(void **state)
{
	static const u64 places[] = {0x8000000, 0x8010000,  0x80a0000,	0x9000000,  0x9010000,
				     0xa000000, 0x40000000, 0x4000f000, 0x40010000, 0,
				     0x3fff000, 0x4000000,  0x41ff000,	0x9020000};
	u64 x = 0x2545f4914f6cdd1d;

	(void)state;
	guest.console.quiet = true;
	guest.config.firmware.size = 0x1000;
	for (unsigned n = 0; n < 300000; n++) {
		u64 place, faults = vcpus[0].exits[EXIT_FAULT].count, page;
		u32 word;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		word = x & 1 ? (u32)(x >> 20) : ((u32)(x >> 20) | 0x08000000) & ~0x02000000u;
		place = places[(x >> 8) % ARRAY_SIZE(places)];
		page = x >> 56 & 15;
		regs->pc = 0x40001000;
		regs->pstate = x & 2 ? 0x3c5 : 0;
		for (unsigned i = 0; i < 31; i++)
			regs->x[i] = place + (x >> i & 0xff8);
		vcpus[0].ctx.el1[EL1_sp_el1] = place + (x >> 11 & 0xfff);
		put_instruction(word);
		world.refuse = (x >> 60) == 0;
		trap(0x92000000 | (x >> 3 & 0x1ffffff), place + (x >> 16 & 0xfff),
		     place + (page == 0 ? 0x1000 : 0));
		assert_true(regs->pc == 0x40001000 || regs->pc == 0x40001004 ||
			    regs->pc == 0x40001002 ||
			    vcpus[0].exits[EXIT_FAULT].count == faults + 1);
	}
	assert_int_equal(seen.ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_touch, setup),
		cmocka_unit_test_setup(test_no_progress, setup),
		cmocka_unit_test_setup(test_no_progress_slow, setup),
		cmocka_unit_test_setup(test_no_progress_by_stale_translation, setup),
		cmocka_unit_test_setup(test_nothing, setup),
		cmocka_unit_test_setup(test_word, setup),
		cmocka_unit_test_setup(test_plain, setup),
		cmocka_unit_test_setup(test_refused, setup),
		cmocka_unit_test_setup(test_alignment, setup),
		cmocka_unit_test_setup(test_windows, setup),
		cmocka_unit_test_setup(test_uart_slow, setup),
		cmocka_unit_test_setup(test_watchdog, setup),
		cmocka_unit_test_setup(test_rom, setup),
		cmocka_unit_test_setup(test_flash, setup),
		cmocka_unit_test_setup(test_fwcfg, setup),
		cmocka_unit_test_setup(test_again, setup),
		cmocka_unit_test_setup(test_denied_races, setup),
		cmocka_unit_test_setup(test_sign, setup),
		cmocka_unit_test_setup(test_writeback, setup),
		cmocka_unit_test_setup(test_stack_pointer, setup),
		cmocka_unit_test_setup(test_pairs, setup),
		cmocka_unit_test_setup(test_vector, setup),
		cmocka_unit_test_setup(test_structure, setup),
		cmocka_unit_test_setup(test_signed_base, setup),
		cmocka_unit_test_setup(test_register_offset, setup),
		cmocka_unit_test_setup(test_other_instructions, setup),
		cmocka_unit_test_setup(test_races, setup),
		cmocka_unit_test_setup(test_aarch32, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
