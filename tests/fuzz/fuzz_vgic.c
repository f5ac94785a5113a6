// SPDX-License-Identifier: Apache-2.0
// units: vdev/vgic.c vdev/vgic_lr.c vdev/vgic_dist.c vdev/vgic_emul.c vdev/vgic_check.c
// runs: 3000
// longest: 4096
/*
 * The virtual GIC against the model of the specifications: vgic_random.h's operations, chosen by the
 * input. Its first byte says which GIC, how many list registers and vCPUs; the second how interrupts'
 * priorities are at first.
 */
#include "../host/vgic_random.h"
#include "fuzz.h"

static const struct {
	unsigned version, emulated, lrs, cpus;
	bool unlinked; /* HW = 1 does not do what it should */
} settings[] = {
	{3, 0, 4, 4, false}, {2, 0, 4, 4, false}, {2, 1, 4, 4, false}, {3, 0, 2, 2, false},
	{2, 0, 2, 2, true},  {3, 0, 1, 2, false}, {2, 1, 4, 1, false}, {3, 0, 16, 3, false},
};

static struct input input;
static uint64_t at_first; /* not 0 until the first operation: instead of the input */

static uint64_t from_input(unsigned bytes)
{
	if (at_first) {
		at_first = at_first * 6364136223846793005 + 1442695040888963407;
		return at_first >> 32;
	}
	return take(&input, bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n;

	vgic_random = from_input;
	input = (struct input){data, data + size};
	n = pick(&input, ARRAY_SIZE(settings));
	at_first = take(&input, 1) + 1;
	model_links = !settings[n].unlinked;
	begin(settings[n].version, settings[n].emulated, settings[n].lrs, settings[n].cpus);
	at_first = 0;
	while (input.at < input.end)
		step();
	return 0;
}
