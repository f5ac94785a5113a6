// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c vdev/vtimer.c vdev/vpl011.c vdev/vconsole.c vdev/vrtc.c vdev/vwatchdog.c sched/timer.c sched/heap.c lib/format.c lib/screen.c lib/chacha.c board/random.c
/*
 * trap/hypercall.c and trap/trng.c: SMCCC (DEN0028), the vendor's calls, stolen time (DEN0057) and
 * entropy (DEN0098), with the numbers as those documents have them.
 */
#include "trap_world.h"

#define ESR_HVC 0x5a000000

static int setup(void **state)
{
	(void)state;
	world_new(3);
	return 0;
}

static u64 call(u64 function, u64 a, u64 b)
{
	regs->x[0] = function;
	regs->x[1] = a;
	regs->x[2] = b;
	regs->x[3] = 0x33;
	trap(ESR_HVC, 0, 0);
	return regs->x[0];
}

static void test_discovery(void **state)
{
	(void)state;
	assert_int_equal(call(0x80000000, 0, 0), 0x10002); /* SMCCC 1.2 */
	assert_int_equal(call(0x80000001, 0x80000000, 0), 0);
	assert_int_equal(call(0x80000001, 0x80000001, 0), 0);
	assert_int_equal(call(0x80000001, 0xc5000020, 0), 0);	  /* stolen time */
	assert_int_equal(call(0x80000001, 0x80000002, 0), ~0ull); /* SOC_ID */
	assert_int_equal(call(0x80000001, 0x80007fff, 0), ~0ull); /* workaround 2 */
	assert_int_equal(call(0x8600ff00, 0, 0), 11);
	assert_int_equal(call(0x8600ff01, 0, 0), 0x59d4c1b2);
	assert_int_equal(regs->x[1], 0x4e4a7d15);
	assert_int_equal(regs->x[2], 0x2c9f36a8);
	assert_int_equal(regs->x[3], 0x71e05b8d);
	assert_int_equal(call(0x8600ff03, 9, 0), 1);
	assert_int_equal(regs->x[1], 2);
	assert_int_equal(vcpus[0].exits[EXIT_HYPERCALL].count, 9);
	assert_int_equal(vcpus[0].exits[EXIT_PSCI].count, 0);
}

/* "Not needed" where the CPU itself says so by CSV2. */
static void test_workarounds(void **state)
{
	(void)state;
	memset(standin_idregs, 0, sizeof(standin_idregs));
	sysreg_init();
	assert_int_equal(call(0x80000001, 0x80008000, 0), ~0ull);
	standin_idregs[4][0] = 0x0200000000000000;
	sysreg_init();
	assert_int_equal(call(0x80000001, 0x80008000, 0), 1);
	assert_int_equal(call(0x80000001, 0x80003fff, 0), 1);
}

/* Unknown: -1 in x0 and nothing else; an immediate that is not 0 likewise. */
static void test_unknown(void **state)
{
	static const u64 ids[] = {0,	      0xc600000b, 0xc600ffee, 0x86000000, 0x8600ff02,
				  0x84000020, 0xc5000022, 0x82000000, 0xffffffff, 0x80008000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(call(ids[i], 0x11, 0x22), ~0ull);
		assert_int_equal(regs->x[1], 0x11);
		assert_int_equal(regs->x[2], 0x22);
		assert_int_equal(regs->x[3], 0x33);
	}
	regs->x[0] = 0x84000000;
	trap(ESR_HVC | 1, 0, 0);
	assert_int_equal(regs->x[0], ~0ull);
	/* the upper half of x0 does not count */
	assert_int_equal(call(0xdeadbeef80000000, 0, 0), 0x10002);
	assert_int_equal(call(0xffffffffc6000004, 0, 0), 0);
}

static void test_features(void **state)
{
	(void)state;
	for (u64 id = 0xc6000000; id < 0xc600000b; id++)
		assert_int_equal(call(0xc6000000, id, 0), 0);
	assert_int_equal(call(0xc6000000, 0x8600ff00, 0), 0);
	assert_int_equal(call(0xc6000000, 0x8600ff01, 0), 0);
	assert_int_equal(call(0xc6000000, 0x8600ff03, 0), 0);
	assert_int_equal(call(0xc6000000, 0xc600000b, 0), ~0ull);
	assert_int_equal(call(0xc6000000, 0xc5ffffff, 0), ~0ull);
	assert_int_equal(call(0xc6000000, 0, 0), ~0ull);
}

/* What comes back of a command, and that its guest may have to leave this pCPU. */
static void test_command(void **state)
{
	(void)state;
	world.status = -5;
	world.answered = 17;
	regs->x[4] = 0x200;
	assert_int_equal((s64)call(0xc600000a, 0x40001000, 5), -5);
	assert_int_equal(regs->x[1], 17);
	assert_int_equal(seen.command[0], 0x40001000);
	assert_int_equal(seen.command[1], 5);
	assert_int_equal(seen.command[2], 0x33);
	assert_int_equal(seen.command[3], 0x200);
	assert_int_equal(seen.switches, 0);
	world.status = 0;
	world.next = &vcpus[0];
	this_pcpu()->wanted = true;
	assert_int_equal(call(0xc600000a, 0x40001000, 5), 0);
	assert_int_equal(seen.switches, 1);
	assert_int_equal(seen.reason, SCHED_TICK);
}

static void test_who_am_i(void **state)
{
	(void)state;
	assert_int_equal(call(0xc6000004, 0, 0), 0);
	assert_int_equal(regs->x[1], 7);
	assert_int_equal(regs->x[2], 0);
	assert_int_equal(regs->x[3], 2);
	assert_int_equal(regs->pc, 0x40001000);
}

static void test_yield(void **state)
{
	(void)state;
	assert_int_equal(call(0xc6000003, 0, 0), 0);
	assert_int_equal(seen.reason, SCHED_YIELD);
	assert_int_equal(seen.switches, 1);
	world.alone = true; /* nobody to yield to: straight back */
	assert_int_equal(call(0xc6000003, 0, 0), 0);
	assert_int_equal(seen.switches, 1);
}

static void test_exit(void **state)
{
	(void)state;
	assert_int_equal((s64)call(0xc6000005, 256, 0), -3);
	assert_int_equal((s64)call(0xc6000005, 1ull << 32, 0), -3);
	assert_int_equal(seen.ends, 0);
	call(0xc6000005, 42, 0);
	assert_int_equal(guest.exit_code, 42);
	assert_int_equal(seen.ended_how, END_EXIT);
}

static void test_console_write(void **state)
{
	(void)state;
	memcpy(ram + 0xffb, "barnacle\n", 9); /* across two pages */
	assert_int_equal(call(0xc6000001, 0x40000ffb, 9), 9);
	assert_string_equal(said, "[crab] barnacle\r\n");
	assert_int_equal(call(0xc6000001, 0x40000ffb, 0), 0);
	assert_int_equal(call(0xc6000001, 0x12345, 0), 0); /* nothing is written from nowhere */
	assert_int_equal((s64)call(0xc6000001, 0x4000fffe, 3), -3); /* one byte too far */
	assert_int_equal((s64)call(0xc6000001, 0x3fffffff, 3), -3);
	assert_int_equal((s64)call(0xc6000001, 0x9000000, 4), -3);	/* a device */
	assert_int_equal((s64)call(0xc6000001, 0x40000000, ~0ull), -3); /* wraps around */
	assert_int_equal((s64)call(0xc6000001, ~0ull - 3, 4), -3);
	assert_string_equal(said, "[crab] barnacle\r\n");
	assert_int_equal(call(0xc6000001, 0x40002000, 5000), 1024); /* cut short */
}

/* The serial line does not keep up: the call waits, and is made again, or an interrupt taken before. */
static void test_console_slow(void **state)
{
	(void)state;
	memcpy(ram + 0xffb, "barnacle\n", 9);
	world.slow = true;
	world.next = &other;
	regs->pc = 0x40001004; /* behind the HVC */
	for (unsigned i = 1; i <= 3; i++) {
		call(0xc6000001, 0x40000ffb, 9);
		assert_int_equal(regs->pc, 0x40001000);
		assert_int_equal(regs->x[0], 0xc6000001);
		assert_int_equal(regs->x[1], 0x40000ffb);
		assert_int_equal(regs->x[2], 9);
		assert_int_equal(seen.switches, i);
		assert_int_equal(seen.reason, SCHED_BLOCK);
		regs->pc += 4; /* it runs the HVC again */
	}
	world.wakes = true;
	regs->x[0] = 0xc6000001;
	assert_ptr_equal(trap(ESR_HVC, 0, 0), &vcpus[0]);
	assert_int_equal(regs->pc, 0x40001000);
	assert_int_equal(seen.switches, 3);
	assert_string_equal(said, "");
	/* an SMC is a trap at the instruction itself */
	regs->x[0] = 0xc6000001;
	trap(0x5e000000, 0, 0);
	assert_int_equal(regs->pc, 0x40001000);
	/* what is wrong is told at once */
	assert_int_equal((s64)call(0xc6000001, 0x40000000, ~0ull), -3);
	world.slow = false;
	assert_int_equal(call(0xc6000001, 0x40000ffb, 9), 9);
	assert_string_equal(said, "[crab] barnacle\r\n");
}

static void test_console_read(void **state)
{
	(void)state;
	assert_int_equal(call(0xc6000002, 0x40000000, 10), 0);
	for (const char *p = "kelp"; *p; p++)
		vconsole_type(&guest.console, (u8)*p);
	/* refused before anything is taken */
	assert_int_equal((s64)call(0xc6000002, 0x4000ffff, 2), -3);
	assert_int_equal((s64)call(0xc6000002, 0x40000000, ~0ull - 5), -3);
	assert_int_equal(call(0xc6000002, 0x40000ffe, 3), 3);
	assert_memory_equal(ram + 0xffe, "kel\0", 4);
	assert_int_equal(call(0xc6000002, 0x40000000, 5000), 1);
	assert_int_equal(ram[0], 'p');
	assert_int_equal(call(0xc6000002, 0x40000000, 0), 0);
}

static void test_channels(void **state)
{
	(void)state;
	assert_int_equal((s64)call(0xc6000006, 2, 0), -3);
	assert_int_equal((s64)call(0xc6000007, 2, 0), -3);
	world.has_channel = true;
	assert_int_equal(call(0xc6000006, 2, 0), 0);
	assert_int_equal(regs->x[1], 0xc001000);
	assert_int_equal(regs->x[2], 0x3000);
	assert_int_equal(regs->x[3], 98);
	assert_int_equal((s64)call(0xc6000006, 0x100000002, 0), -3);
	assert_int_equal(call(0xc6000007, 2, 0), 0);
	assert_int_equal(seen.rings, 1);
	world.peer_gone = true;
	assert_int_equal((s64)call(0xc6000007, 2, 0), -4);
	assert_int_equal((s64)call(0xc6000008, 1, 0), -3);
	assert_int_equal((s64)call(0xc6000008, 0x100000002, 0), -3);
	assert_int_equal(call(0xc6000008, 2, 0), 0);
	assert_int_equal(regs->x[1], SKERRY_PEER_CRASHED);
	assert_int_equal(regs->x[2], 7);
}

static void test_watchdog(void **state)
{
	(void)state;
	assert_int_equal((s64)call(0xc6000009, 0x100000000, 0), -3);
	assert_false(guest.watchdog.timer.armed);
	assert_int_equal(call(0xc6000009, 2, 0), 0);
	assert_int_equal(guest.watchdog.timer.node.key, standin_now + 125000); /* at 62.5 MHz */
	assert_int_equal(call(0xc6000009, 0, 0), 0);
	assert_false(guest.watchdog.timer.armed);
	assert_int_equal(call(0xc6000009, 0xffffffff, 0), 0);
	assert_int_equal(guest.watchdog.timer.node.key, standin_now + 0xffffffffull * 62500);
	assert_int_equal(call(0xc6000009, 0, 0), 0);
}

static void test_stolen_time(void **state)
{
	(void)state;
	assert_int_equal(call(0xc5000020, 0xc5000020, 0), 0);
	assert_int_equal(call(0xc5000020, 0xc5000021, 0), 0);
	assert_int_equal(call(0xc5000020, 0xc5000022, 0), ~0ull);
	assert_int_equal(call(0xc5000021, 0, 0), ~0ull); /* none could be made */
	world.stolen = 0xb000040;
	assert_int_equal(call(0xc5000021, 0, 0), 0xb000040);
}

/* First in this program, while nothing good has been mixed in. */
static void test_no_entropy(void **state)
{
	(void)state;
	standin_random = 0;
	random_seed(1, 2, false);
	assert_int_equal(call(0x84000050, 0, 0), ~0ull);
	assert_int_equal(call(0xc4000053, 64, 0), ~0ull);
	assert_int_equal(regs->x[1], 64);
}

static void test_trng(void **state)
{
	u64 first, second;

	(void)state;
	random_seed(0x123456789, 5, true);
	assert_int_equal(call(0x84000050, 0, 0), 0x10000);
	assert_int_equal(call(0x84000051, 0xc4000053, 0), 0);
	assert_int_equal(call(0x84000051, 0x84000053, 0), 0);
	assert_int_equal(call(0x84000051, 0x84000054, 0), ~0ull);
	assert_int_not_equal(call(0x84000052, 0, 0), ~0ull); /* UUID */
	assert_int_not_equal(regs->x[3], 0x33);
	/* 192 bits: all three; 65: the lowest bit of x2 and all of x3 */
	assert_int_equal(call(0xc4000053, 192, 0), 0);
	first = regs->x[1];
	second = regs->x[3];
	assert_true(first && second && regs->x[2] && first != second);
	for (unsigned i = 0, ones = 0; i < 64; i++) {
		assert_int_equal(call(0xc4000053, 65, 0), 0);
		assert_int_equal(regs->x[1], 0);
		assert_int_equal(regs->x[2] & ~1ull, 0);
		ones += (unsigned)regs->x[2];
		assert_true(i < 63 || (ones > 10 && ones < 54));
	}
	assert_int_equal(call(0xc4000053, 1, 0), 0);
	assert_true(regs->x[1] == 0 && regs->x[2] == 0 && regs->x[3] <= 1);
	/* 32-bit form: 96 bits, in the lower halves */
	assert_int_equal(call(0x84000053, 96, 0), 0);
	assert_int_equal((regs->x[1] | regs->x[2] | regs->x[3]) >> 32, 0);
	assert_int_equal((s64)call(0x84000053, 97, 0), -2);
	assert_int_equal((s64)call(0xc4000053, 193, 0), -2);
	assert_int_equal((s64)call(0xc4000053, 0, 0), -2);
	assert_int_equal((s64)call(0xc4000053, 1ull << 40, 0), -2);
}

/* RFC 8439, 2.3.2: the block function's test vector. */
void chacha_block(const u32 in[16], u32 out[16]);

static void test_chacha(void **state)
{
	static const u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
				   0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
				   0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
				   0x00000001, 0x09000000, 0x4a000000, 0x00000000};
	static const u32 expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
					 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
					 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
					 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
	u32 out[16];

	(void)state;
	chacha_block(in, out);
	assert_memory_equal(out, expected, sizeof(out));
}

/* With RNDR a word comes even if nobody seeded well, and two are not the same. */
static void test_random_words(void **state)
{
	u64 a = 0, b = 0;

	(void)state;
	standin_random = 77;
	assert_true(random_word(&a));
	assert_true(random_word(&b));
	assert_int_not_equal(a, b);
	standin_random = 0;
}

/* Any function id and any arguments: an answer, and nothing of EL2's own breaks. */
static void test_random_calls(void **state)
{
	static const u64 bases[] = {0xc6000000, 0x84000000, 0xc4000000, 0x80000000,
				    0x8600ff00, 0xc5000020, 0x84000050, 0xc4000050};
	u64 x = 0x853c49e6748fea9b;

	(void)state;
	guest.console.quiet = true;
	world.has_channel = true;
	for (unsigned n = 0; n < 200000; n++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (n % 100 == 0) {
			seen.lines[0] = 0;
			said_forget();
		}
		call(bases[x & 7] + (x >> 8 & 31), x >> 20 & (1ull << (x >> 58)), x >> 33 & 0xfff);
		assert_int_equal(regs->pc, 0x40001000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_entropy, setup),
		cmocka_unit_test_setup(test_trng, setup),
		cmocka_unit_test_setup(test_chacha, setup),
		cmocka_unit_test_setup(test_random_words, setup),
		cmocka_unit_test_setup(test_discovery, setup),
		cmocka_unit_test_setup(test_workarounds, setup),
		cmocka_unit_test_setup(test_unknown, setup),
		cmocka_unit_test_setup(test_features, setup),
		cmocka_unit_test_setup(test_command, setup),
		cmocka_unit_test_setup(test_who_am_i, setup),
		cmocka_unit_test_setup(test_yield, setup),
		cmocka_unit_test_setup(test_exit, setup),
		cmocka_unit_test_setup(test_console_write, setup),
		cmocka_unit_test_setup(test_console_slow, setup),
		cmocka_unit_test_setup(test_console_read, setup),
		cmocka_unit_test_setup(test_channels, setup),
		cmocka_unit_test_setup(test_watchdog, setup),
		cmocka_unit_test_setup(test_stolen_time, setup),
		cmocka_unit_test_setup(test_random_calls, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
