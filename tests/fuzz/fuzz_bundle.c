// SPDX-License-Identifier: Apache-2.0
// units: lib/*.c guest/*.c mm/*.c sched/*.c vdev/*.c board/random.c board/tree.c board/tree_device.c
// runs: 6000
// longest: 4096
/*
 * The bundle: any bytes. One that is accepted must do all that it says: its guests are made and loaded,
 * each with a tree that libfdt finds good, and are gone again to the last frame. One that is refused says
 * why.
 */
#include "../host/guest_world.h"

#include <libfdt.h>

#include "guest/tree.h"
#include "tree_mutator.h"

#define RAM_BYTES 0x2000000ull

static struct board machine;

static void check_config(const struct guest_config *config)
{
	MUST(strnlen(config->name, sizeof(config->name)) <= GUEST_NAME_MAX && config->name[0],
	     "a name");
	for (const char *c = config->name; *c; c++)
		MUST(bundle_name_char(*c), "a name has a character %#x", *c);
	MUST(config->memory_size >= 0x10000 && !(config->memory_size % PAGE_SIZE) &&
		     config->memory_size <= RAM_BYTES,
	     "%s: memory", config->name);
	MUST(config->cpus >= 1 && config->cpus <= SKERRY_VCPUS_MAX, "%s: CPUs", config->name);
	MUST(config->weight >= 1 && config->weight <= SCHED_WEIGHT_MAX, "%s: weight", config->name);
	MUST(bundle_find(&bundle, config->name) >= 0, "%s is not found", config->name);
}

/* The tree that the guest gets lies where x0 says, and is one. */
static void check_guest(struct guest *guest)
{
	u64 ipa = guest->vcpus[0]->ctx.regs.x[0];
	void *tree = malloc(TREE_ROOM_MAX);
	u32 header[2];

	MUST(guest_read(guest, header, IPA(ipa), sizeof(header)), "%s: x0", guest->config.name);
	MUST(fdt32_to_cpu(header[1]) <= TREE_ROOM_MAX, "%s: its tree", guest->config.name);
	MUST(guest_read(guest, tree, IPA(ipa), fdt32_to_cpu(header[1])), "%s: x0",
	     guest->config.name);
	MUST(!fdt_check_full(tree, fdt32_to_cpu(header[1])), "%s: its tree", guest->config.name);
	free(tree);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	world_new(3, 3, RAM_BYTES);
	world_has_devices();
	{
		struct fdt_error err = {""};

		MUST(board_read(&machine, &board_tree, &err), "%s", err.text);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdt_error err = {""};
	struct bundle_limits limits = {.pcpus = 3, .gicv2 = true, .gicv3 = true};
	struct frame_count before, after;
	const struct fdt tree = board_tree;

	board_tree = (struct fdt){0}; /* kept */
	world_new(3, 3, RAM_BYTES);
	board_tree = tree;
	limits.tree = &board_tree;
	limits.board = &machine;
	before = frames_count();
	limits.memory = before.free;
	world.blob = exact_copy(data, size);
	if (!bundle_open(&bundle, world.blob, size, &limits, &err)) {
		MUST(err.text[0], "refused without a word");
		free(world.blob);
		return 0;
	}
	MUST(bundle.guest_count >= 1 && bundle.guest_count <= GUESTS_MAX, "%u guests",
	     bundle.guest_count);
	for (u32 i = 0; i < bundle.guest_count; i++) {
		struct guest_config config;

		bundle_guest(&bundle, i, &config);
		check_config(&config);
	}
	if (guests_create(&bundle, &err)) {
		for (unsigned id = 0; id < guest_count(); id++)
			check_guest(guest_by_id(id));
		MUST(!sched_check(), "%s", sched_check());
		guests_hold();
		for (unsigned id = 0; id < guest_count(); id++)
			MUST(!life_order(guest_by_id(id), LIFE_DESTROY), "guest %u stays", id);
		guests_let_go();
	} else {
		MUST(err.text[0], "refused without a word");
	}
	after = frames_count();
	MUST(!after.reserved && !after.by_use[FRAME_MEMORY] && !after.by_use[FRAME_TABLE] &&
		     !after.by_use[FRAME_STATE],
	     "something of a guest stays");
	world_close();
	return 0;
}
