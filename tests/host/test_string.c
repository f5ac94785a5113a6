// SPDX-License-Identifier: Apache-2.0
// units: lib/string.c
/*
 * lib/string.c, whose functions bear the prefix el2_ here: held against the C library's own for every
 * small size, alignment and overlap, in memory whose neighbourhood must stay as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *el2_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *el2_memmove(void *dst, const void *src, size_t n);
void *el2_memset(void *dst, int c, size_t n);
int el2_memcmp(const void *a, const void *b, size_t n);
void *el2_memchr(const void *s, int c, size_t n);
size_t el2_strlen(const char *s);
size_t el2_strnlen(const char *s, size_t n);
int el2_strcmp(const char *a, const char *b);
int el2_strncmp(const char *a, const char *b, size_t n);
char *el2_strchr(const char *s, int c);
char *el2_strrchr(const char *s, int c);
unsigned long el2_strtoul(const char *s, char **end, int base);

#define ROOM 256

static _Alignas(64) unsigned char ours[ROOM], theirs[ROOM], source[ROOM];

static void fresh(void)
{
	for (unsigned i = 0; i < ROOM; i++) {
		ours[i] = theirs[i] = (unsigned char)(i * 7 + 3);
		source[i] = (unsigned char)(i * 13 + 101);
	}
}

static void test_copy(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 9; to++)
		for (unsigned from = 0; from < 9; from++)
			for (unsigned n = 0; n < 140; n++) {
				fresh();
				assert_ptr_equal(el2_memcpy(ours + to, source + from, n),
						 ours + to);
				memcpy(theirs + to, source + from, n);
				assert_memory_equal(ours, theirs, ROOM);
			}
}

static void test_move(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 40; to++)
		for (unsigned from = 0; from < 40; from++)
			for (unsigned n = 0; n < 100; n += 1 + n / 16) {
				fresh();
				assert_ptr_equal(el2_memmove(ours + to, ours + from, n), ours + to);
				memmove(theirs + to, theirs + from, n);
				assert_memory_equal(ours, theirs, ROOM);
			}
}

static void test_set(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 9; to++)
		for (unsigned n = 0; n < 200; n++) {
			fresh();
			assert_ptr_equal(el2_memset(ours + to, 0x1a5, n), ours + to);
			memset(theirs + to, 0xa5, n);
			assert_memory_equal(ours, theirs, ROOM);
		}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_compare(void **state)
{
	static const char *const words[] = {"",	   "a",	  "b",	   "ab",    "abc",
					    "abd", "ABC", "a\x80", "a\x7f", "abcdefghijkl"};

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		for (unsigned k = 0; k < 10; k++) {
			size_t least = strlen(words[i]) < strlen(words[k]) ? strlen(words[i]) :
									     strlen(words[k]);

			assert_int_equal(sign(el2_strcmp(words[i], words[k])),
					 sign(strcmp(words[i], words[k])));
			for (size_t n = 0; n < 16; n++)
				assert_int_equal(sign(el2_strncmp(words[i], words[k], n)),
						 sign(strncmp(words[i], words[k], n)));
			for (size_t n = 0; n <= least; n++)
				assert_int_equal(sign(el2_memcmp(words[i], words[k], n)),
						 sign(memcmp(words[i], words[k], n)));
		}
}

static void test_find(void **state)
{
	static const char text[] = "skerry, a rock";

	(void)state;
	assert_int_equal(el2_strlen(text), 14);
	assert_int_equal(el2_strlen(""), 0);
	assert_int_equal(el2_strnlen(text, 5), 5);
	assert_int_equal(el2_strnlen(text, 50), 14);
	assert_ptr_equal(el2_strchr(text, 'r'), text + 3);
	assert_ptr_equal(el2_strrchr(text, 'r'), text + 10);
	assert_ptr_equal(el2_strchr(text, 0), text + 14);
	assert_ptr_equal(el2_strrchr(text, 0), text + 14);
	assert_null(el2_strchr(text, 'z'));
	assert_null(el2_strrchr(text, 'z'));
	assert_ptr_equal(el2_memchr(text, 'y', 14), text + 5);
	assert_null(el2_memchr(text, 'y', 5));
	assert_non_null(el2_memchr("\x01\xff", 0x1ff, 2));
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int base;
		unsigned long value;
		size_t used;
	} rows[] = {
		{"4096", 0, 4096, 4}, {"0x40000000", 0, 0x40000000, 10},
		{"0XfFz", 0, 255, 4}, {"dead@", 16, 0xdead, 4},
		{"0x1f", 16, 31, 4},  {"12ab", 10, 12, 2},
		{"", 0, 0, 0},	      {"@1", 0, 0, 0},
		{"1[", 16, 1, 1},     {"9/", 10, 9, 1},
	};
	char *end;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(el2_strtoul(rows[i].text, &end, rows[i].base), rows[i].value);
		assert_ptr_equal(end, rows[i].text + rows[i].used);
		assert_int_equal(el2_strtoul(rows[i].text, NULL, rows[i].base), rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy), cmocka_unit_test(test_move),
		cmocka_unit_test(test_set),  cmocka_unit_test(test_compare),
		cmocka_unit_test(test_find), cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
