// SPDX-License-Identifier: Apache-2.0
/*
 * A fuzzer without an engine: tries the files that it is given, and those of directories. For compilers
 * without libFuzzer, to count the lines that a corpus reaches, and to look at one input in a debugger.
 */
#include <dirent.h>
#include <stdbool.h>

#include "fuzz.h"

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* Here nothing changes inputs. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	(void)data, (void)max;
	return size;
}

static unsigned long tried;

static bool try_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	static uint8_t bytes[1 << 20];
	size_t size;

	if (!file) {
		perror(path);
		return false;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	(void)LLVMFuzzerTestOneInput(bytes, size);
	tried++;
	return true;
}

static bool try_all(const char *path)
{
	DIR *directory = opendir(path);
	bool good = true;

	if (!directory)
		return try_file(path);
	for (struct dirent *entry; (entry = readdir(directory));) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		good &= try_file(name);
	}
	closedir(directory);
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;

	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		good &= try_all(argv[i]);
	printf("%lu inputs\n", tried);
	return good && tried ? 0 : 1;
}
