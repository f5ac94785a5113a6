// SPDX-License-Identifier: Apache-2.0
// units: lib/chacha.c board/random.c
/* lib/chacha.c against RFC 8439, 2.3.2; and what board/random.c promises of its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "board/random.h"
#include "lib/chacha.h"

static void test_block(void **state)
{
	static const u32 in[16] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
		0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
		0x00000001, 0x09000000, 0x4a000000, 0x00000000,
	};
	static const u32 expected[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	u32 out[16];

	(void)state;
	chacha_block(in, out);
	assert_memory_equal(out, expected, sizeof(expected));
}

/* None before something good came; then no two alike, even at the same moment; RNDR is good too. */
static void test_words(void **state)
{
	u64 words[64];

	(void)state;
	standin_timer_reset();
	words[0] = 0x55;
	assert_false(random_ready());
	random_seed(1, 2, false);
	assert_false(random_word(&words[0]));
	assert_int_equal(words[0], 0x55);
	standin_random = 77;
	assert_true(random_word(&words[0]));
	assert_true(random_ready());
	standin_random = 0;
	assert_true(random_words(&words[1], 4));
	for (unsigned i = 1; i < 64; i++) {
		assert_true(i < 5 || random_word(&words[i]));
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(words[i], words[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
