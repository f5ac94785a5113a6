// SPDX-License-Identifier: Apache-2.0
/*
 * How many instructions the machine has executed when it first comes to a place: a TCG plugin for QEMU.
 *
 *     -plugin until.so,out=FILE,at=ADDRESS        a virtual address in hex, without 0x
 *
 * FILE gets the number once, the instruction at ADDRESS not among them. Nothing else in the machine may
 * be executed at that address. Time that the machine sleeps is no part of it, as it is of its clock.
 */
#include "plugin.h"

int qemu_plugin_version = 1;

static uint64_t count, at;
static FILE *out;

static void come(unsigned vcpu, void *arg)
{
	(void)vcpu;
	(void)arg;
	if (!out)
		return;
	fprintf(out, "%" PRIu64 "\n", count);
	fclose(out);
	out = NULL;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t n = 0; n < qemu_plugin_tb_n_insns(tb); n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n);

		if (qemu_plugin_insn_vaddr(insn) == at)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, come, NO_REGISTERS, NULL);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &count, 1);
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "at=", 3))
			at = strtoull(argv[i] + 3, NULL, 16);
	}
	if (!out || !at) {
		fprintf(stderr, "until: wants out=FILE,at=ADDRESS\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
