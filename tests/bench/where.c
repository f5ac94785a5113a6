// SPDX-License-Identifier: Apache-2.0
/*
 * Where an event's instructions go: a TCG plugin for QEMU, which tests/bench/where.py runs under the
 * measuring guest. It counts what the machine executes between a loop's first instruction and its
 * last, by address.
 *
 *     -plugin where.so,out=FILE,enter=ADDRESS,leave=ADDRESS,...      addresses in hex, without 0x
 *
 * FILE gets for each run of a loop a line "loop" and under it, for each address that was executed, a
 * line "PHYSICAL-ADDRESS COUNT", in hex and decimal. enter and leave are virtual addresses of the
 * guest; nothing else in the machine may be executed at these.
 *
 * Physical addresses, since guests and hypervisor may use the same virtual ones. QEMU tells where in
 * its own memory an instruction lies; the machine starts with its MMU off, so the first instruction of
 * all tells what lies between the two, and RAM, from which everything else comes, is one piece.
 */
#include "plugin.h"

int qemu_plugin_version = 1;

/* What was executed at one physical address; kept for good, since translated code points to it. */
struct place {
	uint64_t address, count;
	bool enters, leaves;
	struct place *next; /* in its bucket */
	struct place *also; /* what else this run of the loop has executed */
};

#define BUCKETS 65536
#define LOOPS_MAX 64

static struct place *buckets[BUCKETS], *executed_places;
static uint64_t enters[LOOPS_MAX], leaves[LOOPS_MAX];
static size_t enter_count, leave_count;
static uint64_t host_base;
static bool inside;
static FILE *out;

static struct place *place_at(uint64_t address)
{
	struct place **bucket = &buckets[address / 4 % BUCKETS], *place = *bucket;

	while (place && place->address != address)
		place = place->next;
	if (!place) {
		place = calloc(1, sizeof(*place));
		if (!place)
			abort();
		place->address = address;
		place->next = *bucket;
		*bucket = place;
	}
	return place;
}

/* The loop's last instruction has begun: all that was executed goes to the file. */
static void leave(void)
{
	struct place *place = executed_places, *also;

	fprintf(out, "loop\n");
	for (; place; place = also) {
		fprintf(out, "%" PRIx64 " %" PRIu64 "\n", place->address, place->count);
		also = place->also;
		place->count = 0;
		place->also = NULL;
	}
	executed_places = NULL;
	fflush(out); /* QEMU is killed when the guest has said all */
}

static void executed(unsigned vcpu, void *arg)
{
	struct place *place = arg;

	(void)vcpu;
	inside |= place->enters;
	if (!inside)
		return;
	if (!place->count++) {
		place->also = executed_places;
		executed_places = place;
	}
	if (place->leaves) {
		inside = false;
		leave();
	}
}

static bool is_among(uint64_t address, const uint64_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == address)
			return true;
	return false;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		uint64_t host = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(insn);
		uint64_t virtual = qemu_plugin_insn_vaddr(insn);
		struct place *place;

		if (!host_base)
			host_base = host - virtual;
		place = place_at(host - host_base);
		place->enters |= is_among(virtual, enters, enter_count);
		place->leaves |= is_among(virtual, leaves, leave_count);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS, place);
	}
}

static bool take_argument(const char *argument)
{
	if (!strncmp(argument, "out=", 4))
		out = fopen(argument + 4, "w");
	else if (!strncmp(argument, "enter=", 6) && enter_count < LOOPS_MAX)
		enters[enter_count++] = strtoull(argument + 6, NULL, 16);
	else if (!strncmp(argument, "leave=", 6) && leave_count < LOOPS_MAX)
		leaves[leave_count++] = strtoull(argument + 6, NULL, 16);
	else
		return false;
	return true;
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!take_argument(argv[i])) {
			fprintf(stderr, "where: what is %s?\n", argv[i]);
			return -1;
		}
	}
	if (!out || !enter_count || !leave_count) {
		fprintf(stderr, "where: wants out=FILE,enter=ADDRESS,leave=ADDRESS\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
