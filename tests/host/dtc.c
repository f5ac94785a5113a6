// SPDX-License-Identifier: Apache-2.0
/* Device trees for tests; see dtc.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dtc.h"

static void *read_all(FILE *file, size_t *size)
{
	size_t room = 65536, got;
	char *data = malloc(room);

	for (*size = 0; (got = fread(data + *size, 1, room - *size, file)) > 0;) {
		*size += got;
		if (*size == room)
			data = realloc(data, room *= 2);
	}
	return data;
}

char *dtc_read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size;
	char *text;

	if (!file)
		fail_msg("%s: not found; tests run in the repository's root", path);
	text = read_all(file, &size);
	text[size] = '\0';
	fclose(file);
	return text;
}

char *dtc_replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *new = malloc(strlen(text) + strlen(to) + 1);

	if (!at)
		fail_msg("nothing to replace: %s", from);
	sprintf(new, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return new;
}

void *dtc_compile(const char *source, size_t *size)
{
	char path[] = "/tmp/skerry-tree-XXXXXX", command[128];
	int fd = mkstemp(path);
	void *blob, *exact;
	FILE *pipe;

	assert_int_equal(write(fd, source, strlen(source)), strlen(source));
	close(fd);
	snprintf(command, sizeof(command), "dtc -q -f -I dts -O dtb -i el2/board %s", path);
	pipe = popen(command, "r");
	blob = read_all(pipe, size);
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	exact = malloc(*size);
	memcpy(exact, blob, *size);
	free(blob);
	return exact;
}

unsigned long dtc_random(unsigned long *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void dtc_mutate(void *blob, size_t size, unsigned long *state)
{
	static const uint32_t words[] = {0, 1,	  2,	      3,	  4,	      8,
					 9, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};

	for (unsigned long n = dtc_random(state) % 8 + 1; n; n--) {
		size_t at = dtc_random(state) % size;
		uint32_t word = words[dtc_random(state) % (sizeof(words) / 4)];

		switch (dtc_random(state) % 3) {
		case 0:
			((uint8_t *)blob)[at] ^= (uint8_t)(1u << dtc_random(state) % 8);
			break;
		case 1:
			((uint8_t *)blob)[at] = (uint8_t)dtc_random(state);
			break;
		default:
			word = __builtin_bswap32(word);
			memcpy((uint8_t *)blob + at / 4 * 4, &word, at / 4 * 4 + 4 <= size ? 4 : 1);
		}
	}
}
