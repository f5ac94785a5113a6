// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
// runs: 3000
// longest: 512
/*
 * The operator's line: any keys, on a machine whose guests run (machine.h), on a terminal and without.
 * Whatever is typed, only its own meaning comes of it: guests may stop or go, all else holds. A zero byte
 * lets time pass instead.
 */
#include "machine.h"

#include "dtc.h"

static void *tree;
static size_t tree_size;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"/dts-v1/; / { compatible = \"skerry,bundle-v1\"; #address-cells = <2>; "
		"#size-cells = <2>; guests { " GUEST(
			"crab", "0x100000",
			"cpus = <2>; on-crash = \"restart\"; bootargs = \"a=b\";") GUEST("eel",
											 "0x100000",
											 "")
			GUEST("mute", "0x100000", "console = \"none\";") "}; channels { " CHANNEL(
				"rope", "crab", "eel", "0x1000") "}; };";

	(void)argc, (void)argv;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	tree = dtc_compile(text, &tree_size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char keys[65];

	machine_start(3, tree, tree_size);
	say_set_terminal(size && data[0] & 1);
	while (size && !machine.off) {
		size_t n = strnlen((const char *)data, MIN(size, sizeof(keys) - 1));

		memcpy(keys, data, n);
		keys[n] = '\0';
		n += n < size && !data[n];
		data += n;
		size -= n;
		said_forget();
		say_typed = keys;
		standin_now += 100000;
		machine_settle();
		machine_check();
	}
	if (!machine.off) {
		say_typed = "\x1dp\x03"; /* what outlives a machine here: back to an empty line */
		machine_settle();
	}
	machine_end();
	return 0;
}
