// SPDX-License-Identifier: Apache-2.0
// units: lib/format.c
/* Formatting, each conversion against a text written by hand, and every way of running out of room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/format.h"

#define EXPECT(text, ...)                                                                  \
	do {                                                                               \
		char buf[128];                                                             \
		assert_int_equal(format(buf, sizeof(buf), __VA_ARGS__), sizeof(text) - 1); \
		assert_string_equal(buf, text);                                            \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	EXPECT("0", "%d", 0);
	EXPECT("-2147483648", "%d", INT32_MIN);
	EXPECT("4294967295", "%u", 4294967295U);
	EXPECT("deadbeef", "%x", 0xdeadbeefU);
	EXPECT("18446744073709551615", "%lu", UINT64_MAX);
	EXPECT("-9223372036854775808", "%ld", INT64_MIN);
	EXPECT("ffffffffffffffff", "%llx", 0xffffffffffffffffULL);
	EXPECT("123456789012", "%zu", (size_t)123456789012);
	EXPECT("0x40080000", "%p", (void *)0x40080000);
}

static void widths(void **state)
{
	(void)state;
	EXPECT("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
	EXPECT("  -42|-42  |-0042", "%5d|%-5d|%05d", -42, -42, -42);
	EXPECT("000000000000abcd", "%016lx", 0xabcdUL);
	EXPECT("123456", "%3d", 123456);
	EXPECT("  ab|ab  |", "%4s|%-4s|", "ab", "ab");
	EXPECT("  x", "%3c", 'x');
}

static void strings(void **state)
{
	static const char unterminated[3] = {'a', 'b', 'c'};
	const char *volatile nothing = NULL;

	(void)state;
	EXPECT("", "%s", "");
	EXPECT("abc", "%.*s", 3, unterminated);
	EXPECT("ab", "%.2s", "abcdef");
	EXPECT("abcdef", "%.*s", -1, "abcdef");
	EXPECT("    ab", "%6.2s", "abcdef");
	EXPECT("100%", "%d%%", 100);
	EXPECT("a(null)b", "a%sb", nothing);
}

/* A conversion that the header does not list shows itself; a lone '%' at the end is dropped. */
static void odd(void **state)
{
	const char *volatile unknown = "%k|%", *volatile deep = "%-0l";
	char buf[16];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_int_equal(format(buf, sizeof(buf), unknown), 2);
	assert_string_equal(buf, "k|");
	assert_int_equal(format(buf, sizeof(buf), deep), 0);
#pragma GCC diagnostic pop
}

static void cut(void **state)
{
	char buf[8];

	(void)state;
	for (size_t room = 0; room <= sizeof(buf); room++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(format(buf, room, "%s%d", "abc", 123456), room ? room - 1 : 0);
		assert_memory_equal(buf, "abc1234", room ? room - 1 : 0);
		if (room)
			assert_int_equal(buf[room - 1], '\0');
		for (size_t i = room; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
	}
	assert_int_equal(format(buf, sizeof(buf), "%1000000000d", 1), 7); /* and in no time */
	assert_int_equal(format(buf, sizeof(buf), "%-1000000000d", 1), 7);
	assert_int_equal(format(buf, sizeof(buf), "%01000000000d", 1), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(widths), cmocka_unit_test(strings),
		cmocka_unit_test(odd),	   cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
