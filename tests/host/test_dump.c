// SPDX-License-Identifier: Apache-2.0
// units: cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * cp/dump.c: the lines of a dump, put together again here as the other end does it, and the core file
 * that they make: ELF64 by the gABI, notes as arm64 Linux has them, offsets by hand.
 */
#include "prompt_world.h"

#include "cp/command.h"
#include "cp/dump.h"

#define MIB_1 0x100000

static struct guest *crab, *eel;
static char key[17];
static u8 core[5 * MIB_1];
static size_t core_size;
static unsigned lines;

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	world_create(GUEST("crab", "0x100000", "cpus = <2>;") GUEST("eel", "0x100000", ""),
		     CHANNEL("pipe", "crab", "eel", "0x1000"));
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	guests_start();
	said_forget();
	dump_init();
	assert_int_equal(sscanf(said, "skerry: dumps  marked %16[0-9a-f]", key), 1);
	assert_int_equal(strlen(key), 16);
	cp_init();
	return 0;
}

static int teardown(void **state)
{
	type("\x1dp\r");
	return world_teardown(state);
}

/* Time goes by in steps of 1 ms until nothing is armed for a while. */
static void let_run(unsigned steps)
{
	while (steps--) {
		standin_now += 62500;
		timer_interrupt();
	}
}

/* CRC-32 by its table-less definition, another way round than EL2's: whole polynomial division. */
static u32 crc_of(const char *text, size_t n)
{
	u32 table[256], crc = 0xffffffff;

	for (u32 i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned k = 0; k < 8; k++)
			table[i] = table[i] % 2 ? 0xedb88320 ^ table[i] / 2 : table[i] / 2;
	}
	for (size_t i = 0; i < n; i++)
		crc = table[(crc ^ (u8)text[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

static unsigned digit(char c)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	assert_non_null(strchr(digits, c));
	return (unsigned)(strchr(digits, c) - digits);
}

static void take_data(unsigned long long offset, const char *text)
{
	for (; *text && *text != ' '; text += 4) {
		unsigned pad = text[3] == '=' ? text[2] == '=' ? 2 : 1 : 0;
		u32 three = digit(text[0]) << 18 | digit(text[1]) << 12 |
			    (pad > 1 ? 0 : digit(text[2]) << 6) | (pad ? 0 : digit(text[3]));

		for (unsigned i = 0; i < 3 - pad; i++) {
			assert_true(offset < core_size);
			core[offset++] = (u8)(three >> (16 - 8 * i));
		}
	}
}

/* All that was said since: the file as the other end has it. False: it did not come to its end. */
static bool receive(const char *name)
{
	char marker[48];

	snprintf(marker, sizeof(marker), "skerry: dump %s ", key);
	memset(core, 0, sizeof(core));
	core_size = lines = 0;
	for (const char *at = said; (at = strstr(at, marker));) {
		const char *text = at + strlen(marker), *end = strstr(text, "\r\n"), *crc;
		char from[32];
		unsigned long long number;
		unsigned sum;

		assert_non_null(end);
		assert_true(end - at < 510); /* what say_line takes */
		for (crc = end; *crc != ' '; crc--)
			;
		assert_int_equal(sscanf(crc, " %8x", &sum), 1);
		assert_int_equal(sum, crc_of(text, (size_t)(crc - text)));
		lines++;
		if (sscanf(text, "begin %31s %llu", from, &number) == 2) {
			assert_string_equal(from, name);
			assert_true(number <= sizeof(core));
			core_size = number;
		} else if (sscanf(text, "at %llx", &number) == 1) {
			take_data(number, strchr(text + 3, ' ') + 1);
		} else if (sscanf(text, "end %llu", &number) == 1) {
			assert_int_equal(number, lines);
			return true;
		} else {
			assert_memory_equal(text, "given-up", 8);
		}
		at = end;
	}
	return false;
}

static u64 at(size_t offset, unsigned bytes)
{
	u64 value = 0;

	memcpy(&value, core + offset, bytes);
	return value;
}

static void expect_segment(unsigned n, u64 type, u64 offset, u64 vaddr, u64 paddr, u64 size)
{
	size_t ph = 64 + 56 * n;

	assert_int_equal(at(ph, 4), type);
	assert_int_equal(at(ph + 8, 8), offset);
	assert_int_equal(at(ph + 16, 8), vaddr);
	assert_int_equal(at(ph + 24, 8), paddr);
	assert_int_equal(at(ph + 32, 8), size);
}

static void test_core_file(void **state)
{
	static const u8 ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	static const u8 kernel[16] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
				      0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01};
	struct context *ctx = &crab->vcpus[0]->ctx;
	u64 held;

	(void)state;
	type("stop crab\r");
	assert_int_equal(crab->state, GUEST_STOPPED);
	for (unsigned i = 0; i < 31; i++)
		ctx->regs.x[i] = 0x1000 + i;
	ctx->regs.pstate = 0x3c5;
	ctx->el1[EL1_sp_el1] = 0x40001230;
	ctx->el1[EL1_sp_el0] = 0x40004560;
	ctx->fp.v[31][1] = 0x1122334455667788;
	ctx->fp.fpsr = 0x8000001;
	ctx->fp.fpcr = 0x3000000;
	held = frames_held(0);
	type("dump crab json\r");
	SAYS("{\"guest\":\"crab\",\"memory-KiB\":1024,\"goes-on\":false}");
	let_run(50);
	SAYS("skerry: dump of crab: complete");
	assert_true(receive("crab"));
	assert_int_equal(frames_held(0), held); /* what it never touched it still has not */
	assert_int_equal(crab->state, GUEST_STOPPED);

	assert_memory_equal(core, ident, 16);
	assert_int_equal(at(16, 2), 4);	   /* ET_CORE */
	assert_int_equal(at(18, 2), 0xb7); /* EM_AARCH64 */
	assert_int_equal(at(32, 8), 64);
	assert_int_equal(at(54, 2), 56);
	assert_int_equal(at(56, 2), 3);
	expect_segment(0, 4, 0x6000, 0, 0, 960); /* one vCPU is on */
	expect_segment(1, 1, 0x8000, 0x40000000, 0x40000000, MIB_1);
	expect_segment(2, 1, 0x108000, 0x0c000000, 0x0c000000, 0x1000);
	assert_int_equal(core_size, 0x109000);
	/* NT_PRSTATUS: name and sizes, pid at 32, registers at 112 of the descriptor */
	assert_int_equal(at(0x6000, 4), 5);
	assert_int_equal(at(0x6004, 4), 392);
	assert_int_equal(at(0x6008, 4), 1);
	assert_memory_equal(core + 0x600c, "CORE\0\0\0\0", 8);
	assert_int_equal(at(0x6014 + 32, 4), 1);
	assert_int_equal(at(0x6014 + 112, 8), 0x1000);
	assert_int_equal(at(0x6014 + 112 + 8 * 30, 8), 0x101e);
	assert_int_equal(at(0x6014 + 112 + 8 * 31, 8), 0x40001230);
	assert_int_equal(at(0x6014 + 112 + 8 * 32, 8), 0x40080000);
	assert_int_equal(at(0x6014 + 112 + 8 * 33, 8), 0x3c5);
	/* NT_FPREGSET: 32 registers, FPSR, FPCR */
	assert_int_equal(at(0x619c, 4), 5);
	assert_int_equal(at(0x61a0, 4), 528);
	assert_int_equal(at(0x61a4, 4), 2);
	assert_int_equal(at(0x61b0 + 16 * 31 + 8, 8), 0x1122334455667788);
	assert_int_equal(at(0x61b0 + 512, 4), 0x8000001);
	assert_int_equal(at(0x61b0 + 516, 4), 0x3000000);
	assert_memory_equal(core + 0x8000 + 0x80000, kernel, 16);
	assert_true(lines < 40); /* zeros are left out */
}

/* vCPU 1 is on, at EL0: SP_EL0. A guest that runs is stopped for it, and goes on. */
static void test_running_guest(void **state)
{
	(void)state;
	assert_int_equal(guest_cpu_on(crab, 1, 0x40090000, 7), VCPU_OFF);
	crab->vcpus[1]->ctx.regs.pstate = 0;
	crab->vcpus[1]->ctx.el1[EL1_sp_el0] = 0x7ff0;
	type("dump crab\r");
	assert_int_equal(crab->state, GUEST_STOPPED);
	type("begin crab\r"); /* it moves before its dump has begun: that is its own affair */
	type("stop crab\r");
	let_run(50);
	assert_true(receive("crab"));
	assert_int_equal(crab->state, GUEST_RUNNING);
	expect_segment(0, 4, 0x6000, 0, 0, 1920);
	assert_int_equal(at(0x63c0 + 20 + 32, 4), 2);
	assert_int_equal(at(0x63c0 + 20 + 112 + 8 * 31, 8), 0x7ff0);
	assert_int_equal(at(0x63c0 + 20 + 112 + 8 * 32, 8), 0x40090000);
}

/* By its own tables: 4 KiB granule, 39 bits; a page, a block of 2 MiB that its RAM does not fill, and one
 * page twice in a row. */
static void test_virtual_addresses(void **state)
{
	u64 *el1 = crab->vcpus[0]->ctx.el1;
	u64 level1 = 0x40010003, level2 = 0x40011003, page = 0x40020703, block = 0x40000701;
	u64 next = 0x40021703;

	(void)state;
	type("stop crab\r");
	el1[EL1_sctlr_el1] |= 1;
	el1[EL1_tcr_el1] = 25 | 25 << 16 | 2ull << 30;
	el1[EL1_ttbr0_el1] = 0x4000f000;
	el1[EL1_ttbr1_el1] = 0x4000f000;
	assert_true(guest_write(crab, IPA(0x4000f000 + 8), &level1, 8));
	assert_true(guest_write(crab, IPA(0x40010000 + 8), &level2, 8));
	assert_true(guest_write(crab, IPA(0x40010000 + 16), &block, 8));
	assert_true(guest_write(crab, IPA(0x40011000 + 8 * 7), &page, 8));
	assert_true(guest_write(crab, IPA(0x40011000 + 8 * 8), &next, 8));
	type("dump crab\r");
	let_run(200);
	assert_true(receive("crab"));
	assert_int_equal(at(56, 2), 7);
	expect_segment(1, 1, 0x28000, 0x40207000, 0x40020000, 0x2000); /* two pages, one run */
	expect_segment(2, 1, 0x8000, 0x40400000, 0x40000000, MIB_1);
	expect_segment(3, 1, 0x28000, 0xffffff8040207000, 0x40020000, 0x2000);
	expect_segment(4, 1, 0x8000, 0xffffff8040400000, 0x40000000, MIB_1);
	expect_segment(5, 1, 0x8000, 0x40000000, 0x40000000, MIB_1);
}

/* Tables that lead round in a circle: 2^36 pages, of which few are looked at. */
static void test_endless_tables(void **state)
{
	u64 *el1 = crab->vcpus[0]->ctx.el1, table = 0x4000f003;

	(void)state;
	type("stop crab\r");
	el1[EL1_sctlr_el1] |= 1;
	el1[EL1_tcr_el1] = 16 | 16 << 16 | 2ull << 30;
	el1[EL1_ttbr0_el1] = el1[EL1_ttbr1_el1] = 0x4000f000;
	for (unsigned i = 0; i < 512; i++)
		assert_true(guest_write(crab, IPA(0x4000f000 + 8 * i), &table, 8));
	type("dump crab\r");
	for (unsigned i = 0; i < 100 && !strstr(said, "complete"); i++)
		let_run(100);
	assert_true(receive("crab"));
	assert_int_equal(at(56, 2), 1 + 400 + 2);
}

/* On a line that takes 57 bytes in 5 ms it says no more than that, and nothing of it is lost. */
static void test_slow_line(void **state)
{
	unsigned steps = 0;

	(void)state;
	type("stop crab\r");
	type("dump crab\r");
	for (say_sent = 0; !strstr(said, "dump of crab: complete") && steps < 5000; steps++) {
		say_sent = MIN(say_sent + 57, said_length);
		let_run(5);
		assert_true(said_length - say_sent < 1100); /* begin, and a line behind it */
	}
	assert_true(steps > said_length / 57 - 20 && steps < said_length / 57 + 100);
	say_sent = UINT64_MAX;
	assert_true(receive("crab"));
}

static void test_what_ends_it(void **state)
{
	struct frame_count before;

	(void)state;
	type("dump whale\r");
	SAYS("no guest \"whale\"");
	type("dump crab now\r");
	SAYS("dump needs: GUEST [off]");
	type("halt eel\rdump eel\r");
	SAYS("eel has no memory now");
	type("stop crab\r");
	before = frames_count();
	type("dump crab\rdump crab\r");
	SAYS("crab is being dumped: `dump crab off` ends that");
	type("dump crab off\r");
	SAYS("dump of crab: given up");
	let_run(20);
	assert_false(receive("crab"));
	expect_count(before);
	/* it goes on in the midst of it: what was sent is no picture of any moment */
	type("dump crab\r");
	let_run(2);
	assert_non_null(strstr(said, " begin crab "));
	said_forget();
	say_typed = "begin crab\r";
	cp_input();
	let_run(20);
	SAYS("dump of crab: given up, since it has moved");
	assert_false(receive("crab"));
	expect_count(before);
	/* it is destroyed, and another has its id */
	type("stop crab\rdump crab\r");
	let_run(2);
	type("destroy crab\ripl eel as crab\rstop crab\r");
	let_run(20);
	SAYS("dump of crab: given up, since it has moved");
	assert_false(receive("crab"));
	type("dump crab off\r"); /* none is under way */
	assert_null(strstr(said, "given up"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_core_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_running_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_virtual_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_endless_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_ends_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
