// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual GIC under random operations: vgic_random.h.
 *
 * VGIC_OPS: operations in all (default 300000; without the sanitizers VGIC_OPS_FAST, 10 million: ci/host.mk;
 * in `make check` a third of these);
 * VGIC_SEED: where to begin; VGIC_TRACE: prints each operation; VGIC_ONLY: one of the settings.
 */
// also: fast
// units: vdev/vgic.c vdev/vgic_lr.c vdev/vgic_dist.c vdev/vgic_emul.c vdev/vgic_check.c
#include "vgic_random.h"

static uint64_t chance;

static uint64_t by_chance(unsigned bytes)
{
	(void)bytes;
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance * 0x2545f4914f6cdd1dull >> 16;
}

static void run(unsigned version, bool emulated, unsigned lrs, unsigned cpus, unsigned long ops,
		uint64_t seed)
{
	chance = seed * 0x9e3779b97f4a7c15ull | 1;
	vgic_random = by_chance;
	begin(version, emulated, lrs, cpus);
	while (w.op < ops)
		step();
	printf("GICv%u%s, %u list registers, %u vCPUs: %lu operations, %lu interrupts taken, "
	       "%lu registers read\n",
	       version, emulated ? " emulated" : "", lrs, cpus, w.op, w.taken, w.reads);
	assert_true(w.taken > ops / 100);
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

static const struct {
	unsigned version, emulated, lrs, cpus;
	bool unlinked; /* list registers with HW = 1 do not do what they should: QEMU's GICv2 */
} settings[] = {
	{3, 0, 4, 1, false}, {3, 0, 4, 4, false}, {3, 0, 16, 2, false}, {3, 0, 2, 3, false},
	{2, 0, 4, 1, false}, {2, 0, 4, 4, false}, {2, 0, 2, 2, false},	{2, 0, 4, 3, true},
	{2, 1, 4, 1, false}, {2, 1, 4, 4, false},
};

static void test_random(void **state)
{
	unsigned long ops = number("VGIC_OPS", 300000);
	unsigned long seed = number("VGIC_SEED", 1);
	unsigned long only = number("VGIC_ONLY", ARRAY_SIZE(settings));

	(void)state;
	printf("VGIC_SEED=%lu VGIC_OPS=%lu\n", seed, ops);
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++)
		if (only == ARRAY_SIZE(settings) || only == i) {
			model_links = !settings[i].unlinked;
			run(settings[i].version, settings[i].emulated, settings[i].lrs,
			    settings[i].cpus, ops / ARRAY_SIZE(settings), seed + i);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
