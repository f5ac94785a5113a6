// SPDX-License-Identifier: Apache-2.0
/*
 * How many instructions the machine has executed when it ends, and how often it came to some places
 * among them: a TCG plugin for QEMU.
 *
 *     -plugin passes.so,out=FILE,at=ADDRESS,at=…  virtual addresses in hex, without 0x; may be none
 *
 * FILE gets a line: all instructions, instructions before the first pass of the first place, and then the
 * passes of each place in the order given, counted from the first pass of the first one on.
 */
#include "plugin.h"

#define PLACES_MAX 32

EXPORT void qemu_plugin_register_atexit_cb(plugin_id id, void (*cb)(plugin_id id, void *arg),
					   void *arg);

int qemu_plugin_version = 1;

static uint64_t count, first, places[PLACES_MAX], passes[PLACES_MAX];
static int place_count;
static FILE *out;

static void come(unsigned vcpu, void *arg)
{
	uintptr_t i = (uintptr_t)arg;

	(void)vcpu;
	if (i == 0 && !passes[0])
		first = count;
	if (i == 0 || passes[0])
		passes[i]++;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		for (int i = 0; i < place_count; i++) {
			if (address == places[i])
				qemu_plugin_register_vcpu_insn_exec_cb(insn, come, NO_REGISTERS,
								       (void *)(uintptr_t)i);
		}
		qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &count, 1);
	}
}

static void end(plugin_id id, void *arg)
{
	(void)id;
	(void)arg;
	fprintf(out, "%" PRIu64 " %" PRIu64, count, first);
	for (int i = 0; i < place_count; i++)
		fprintf(out, " %" PRIu64, passes[i]);
	fprintf(out, "\n");
	fclose(out);
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
	if (!out) {
		fprintf(stderr, "passes: wants out=FILE\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, end, NULL);
	return 0;
}
