// SPDX-License-Identifier: Apache-2.0
/*
 * How many instructions the machine has executed when it comes to a place: a TCG plugin for QEMU.
 *
 *     -plugin until.so,out=FILE,at=ADDRESS,...     virtual addresses in hex, without 0x
 *
 * FILE gets a line "ADDRESS COUNT" each time, at most 64 in all; the instruction at ADDRESS is not
 * counted yet. Time that the machine sleeps is no part of it, as it is of its clock.
 */
#include "plugin.h"

int qemu_plugin_version = 1;

#define PLACES_MAX 8
#define LINES_MAX 64

static uint64_t count, places[PLACES_MAX];
static unsigned place_count, lines;
static FILE *out;

static void come(unsigned vcpu, void *arg)
{
	(void)vcpu;
	if (lines == LINES_MAX)
		return;
	lines++;
	fprintf(out, "%" PRIx64 " %" PRIu64 "\n", *(uint64_t *)arg, count);
	fflush(out); /* QEMU is killed when enough was seen */
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);

		for (unsigned i = 0; i < place_count; i++)
			if (qemu_plugin_insn_vaddr(insn) == places[i])
				qemu_plugin_register_vcpu_insn_exec_cb(insn, come, NO_REGISTERS,
								       &places[i]);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &count, 1);
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "at=", 3) && place_count < PLACES_MAX)
			places[place_count++] = strtoull(argv[i] + 3, NULL, 16);
	}
	if (!out || !place_count) {
		fprintf(stderr, "until: wants out=FILE,at=ADDRESS\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
