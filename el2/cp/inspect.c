// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that look into a guest and change what is there: its registers and memory. Runs at EL2 with
 * the guests held, on guests at rest: what runs changes under one's eyes, and its registers are where
 * no other CPU can see them.
 *
 * What an operator writes ends at most that guest: PSTATE and the rest are cut to what an EL1 may have.
 */
#include "cp/command.h"
#include "cp/out.h"
#include "guest/walk.h"
#include "lib/format.h"
#include "lib/string.h"

#define BYTES_MAX 4096 /* a command */
#define ROW_BYTES 16
#define LINE_BYTES_MAX 64					 /* what store takes at once */
#define PSTATE_SETTABLE (BITS(31, 28) | BITS(9, 6) | BITS(3, 0)) /* NZCV, DAIF, mode */

const char *command_at_rest(const struct guest *guest)
{
	if (guest->state == GUEST_STOPPED || guest->state == GUEST_READY ||
	    guest->state == GUEST_CRASHED)
		return NULL;
	return command_fail("%s %s", guest->config.name, life_refusal(guest));
}

/* GUEST or GUEST/VCPU. NULL: why has been said. */
struct vcpu *command_vcpu(const char *word)
{
	char name[GUEST_NAME_MAX + 1];
	const char *slash = strchr(word, '/');
	struct guest *guest;
	u64 index = 0;

	format(name, sizeof(name), "%.*s", slash ? (int)(slash - word) : GUEST_NAME_MAX, word);
	guest = command_guest(name);
	if (!guest)
		return NULL;
	if (slash && (!command_number(slash + 1, &index) || index >= guest->config.cpus)) {
		command_mistake("%s: %s has vCPUs 0 to %u", word, name, guest->config.cpus - 1);
		return NULL;
	}
	return guest->vcpus[index];
}

/* --- Registers -------------------------------------------------------------------------------- */

/* A register by name: x0 .. x30, sp as the PC sees it, pc, pstate, fpcr, fpsr, or one of EL1's. NULL: there
 * is none of that name. */
static u64 *register_at(struct vcpu *vcpu, const char *name)
{
	struct regs *regs = &vcpu->ctx.regs;
	u64 n;

	if (name[0] == 'x' && command_number(name + 1, &n) && n < 31)
		return &regs->x[n];
	if (!strcmp(name, "sp"))
		return &vcpu->ctx.el1[(regs->pstate & 0xf) == 5 ? EL1_sp_el1 : EL1_sp_el0];
	if (!strcmp(name, "pc"))
		return &regs->pc;
	if (!strcmp(name, "pstate"))
		return &regs->pstate;
	if (!strcmp(name, "fpcr"))
		return &vcpu->ctx.fp.fpcr;
	if (!strcmp(name, "fpsr"))
		return &vcpu->ctx.fp.fpsr;
	for (unsigned i = 0; i < EL1_REGS; i++)
		if (!strcmp(name, el1_reg_names[i]))
			return &vcpu->ctx.el1[i];
	return NULL;
}

static void show_register(const char *name, u64 value)
{
	out_text("register", name, 16);
	out_hex("value", value);
	out_row();
}

static void show_general(struct vcpu *vcpu)
{
	for (unsigned n = 0; n < 31; n++) {
		char name[8];

		format(name, sizeof(name), "x%u", n);
		show_register(name, vcpu->ctx.regs.x[n]);
	}
	show_register("sp", *register_at(vcpu, "sp"));
	show_register("pc", vcpu->ctx.regs.pc);
	show_register("pstate", vcpu->ctx.regs.pstate);
}

static void show_fp(const struct fp_regs *fp)
{
	for (unsigned n = 0; n < 32; n++) {
		char name[8], value[33];

		format(name, sizeof(name), "v%u", n);
		format(value, sizeof(value), "%016lx%016lx", fp->v[n][1], fp->v[n][0]);
		out_text("register", name, 16);
		out_text("value", value, 32);
		out_row();
	}
	show_register("fpcr", fp->fpcr);
	show_register("fpsr", fp->fpsr);
}

/* Those that the hypervisor keeps for it are shown, and can't be stored. */
static bool show_kept(const struct vcpu *vcpu, const char *name)
{
	const struct {
		const char *name;
		u64 value;
	} kept[] = {
		{"mpidr_el1", vcpu->ctx.vmpidr},	   {"cntv_ctl_el0", vcpu->vtimer.virt.ctl},
		{"cntv_cval_el0", vcpu->vtimer.virt.cval}, {"cntp_ctl_el0", vcpu->vtimer.phys.ctl},
		{"cntp_cval_el0", vcpu->vtimer.phys.cval},
	};
	bool found = false;

	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		if (!name || !strcmp(name, kept[i].name)) {
			show_register(kept[i].name, kept[i].value);
			found = true;
		}
	return found;
}

static bool show_registers(struct vcpu *vcpu, const char *what)
{
	const u64 *one = register_at(vcpu, what);

	if (one)
		show_register(what, *one);
	else if (!strcmp(what, "x"))
		show_general(vcpu);
	else if (!strcmp(what, "fp"))
		show_fp(&vcpu->ctx.fp);
	else if (strcmp(what, "el1"))
		return show_kept(vcpu, what);
	else {
		for (unsigned i = 0; i < EL1_REGS; i++)
			show_register(el1_reg_names[i], vcpu->ctx.el1[i]);
		(void)show_kept(vcpu, NULL);
	}
	return true;
}

/* --- Memory ----------------------------------------------------------------------------------- */

/* One row's worth at `at`, within a page; false: nothing is there. */
static bool place(struct vcpu *vcpu, bool physical, u64 at, ipa_t *ipa)
{
	*ipa = IPA(at);
	return physical || walk_translate(vcpu, at, ipa);
}

/* What the guest never touched stays so: its RAM is zero there. */
static bool look(struct guest *guest, u8 *data, ipa_t ipa, u64 n)
{
	memset(data, 0, n);
	return guest_peek(guest, data, ipa, n) ||
	       ipa.v - SKERRY_RAM_BASE < guest->config.memory_size;
}

static const char *show_memory(struct vcpu *vcpu, bool physical, const char *what, bool json)
{
	const char *dot = strchr(what, '.');
	char number[24];
	u64 at, bytes = ROW_BYTES;

	format(number, sizeof(number), "%.*s", dot ? (int)(dot - what) : 23, what);
	if (!command_number(number, &at) || (dot && !command_number(dot + 1, &bytes)) || !bytes ||
	    bytes > BYTES_MAX)
		return command_fail(
			"\"%s\": no register, and no ADDRESS or ADDRESS.BYTES (1 to %u)", what,
			BYTES_MAX);
	out_table(json);
	while (bytes) {
		u64 n = MIN(bytes, ROW_BYTES - at % ROW_BYTES);
		char hex[2 * ROW_BYTES + 4], text[ROW_BYTES + 1];
		u8 data[ROW_BYTES];
		size_t used = 0;
		ipa_t ipa;

		if (!place(vcpu, physical, at, &ipa) || !look(vcpu->guest, data, ipa, n))
			return command_fail("nothing of %s's at 0x%lx", vcpu->guest->config.name,
					    at);
		for (u64 i = 0; i < n; i++) {
			used += format(hex + used, sizeof(hex) - used, "%02x", data[i]);
			if (i % 4 == 3 && i != n - 1 && !json)
				hex[used++] = ' ', hex[used] = '\0';
			text[i] = data[i] >= ' ' && data[i] < 0x7f ? (char)data[i] : '.';
		}
		text[n] = '\0';
		out_hex("address", at);
		out_text("bytes", hex, 35);
		out_text("text", text, ROW_BYTES);
		out_row();
		at += n;
		bytes -= n;
	}
	return NULL;
}

const char *inspect_display(const struct words *words)
{
	struct vcpu *vcpu = command_vcpu(words->word[0]);
	bool physical = !strcmp(words->word[1], "p");
	const char *busy;

	if (!vcpu)
		return NULL;
	busy = command_at_rest(vcpu->guest);
	if (busy)
		return busy;
	if (words->count != (physical ? 3 : 2))
		return "display needs: GUEST[/VCPU] WHAT, or GUEST p ADDRESS.BYTES";
	out_table(words->json);
	if (!physical && show_registers(vcpu, words->word[1]))
		return NULL;
	if (!vcpu->guest->map.root.v)
		return command_fail("%s has no memory now", vcpu->guest->config.name);
	return show_memory(vcpu, physical, words->word[physical ? 2 : 1], words->json);
}

static int nibble(char c)
{
	char low = c | 0x20;

	return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* All of it is looked at before any of it is written. */
static const char *store_memory(struct vcpu *vcpu, bool physical, const char *where,
				const char *hex)
{
	u8 data[LINE_BYTES_MAX];
	unsigned n = 0;
	u64 at;
	ipa_t ipa, last;

	if (!command_number(where, &at))
		return command_fail("\"%s\": no register that can be written, and no address",
				    where);
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (nibble(hex[0]) < 0 || nibble(hex[1]) < 0)
			return command_fail("\"%.8s\": expected bytes, two digits each", hex);
		if (n == sizeof(data))
			return command_fail("expected at most %u bytes", (unsigned)sizeof(data));
		data[n++] = (u8)(nibble(hex[0]) << 4 | nibble(hex[1]));
		hex++;
	}
	if (!place(vcpu, physical, at, &ipa) || !place(vcpu, physical, at + n - 1, &last) ||
	    (at / PAGE_SIZE == (at + n - 1) / PAGE_SIZE ? last.v != ipa.v + n - 1 : true))
		return command_fail("nothing of %s's at 0x%lx, or not in one page",
				    vcpu->guest->config.name, at);
	if (!guest_write(vcpu->guest, ipa, data, n))
		return command_fail("nothing of %s's at 0x%lx", vcpu->guest->config.name, at);
	return NULL;
}

static bool is_pstate(u64 value)
{
	u64 mode = value & BITS(3, 0);

	return !(value & ~PSTATE_SETTABLE) &&
	       (mode == 0 || mode == 4 || mode == 5); /* EL0, EL1t, EL1h */
}

const char *inspect_store(const struct words *words)
{
	struct vcpu *vcpu = command_vcpu(words->word[0]);
	bool physical = !strcmp(words->word[1], "p");
	const char *busy;
	u64 *reg, value;

	if (!vcpu)
		return NULL;
	busy = command_at_rest(vcpu->guest);
	if (busy)
		return busy;
	reg = physical ? NULL : register_at(vcpu, words->word[1]);
	if (reg) {
		if (words->count > 3 || !command_number(words->word[2], &value))
			return command_fail("\"%s\": expected a number", words->rest[2]);
		if (reg == &vcpu->ctx.regs.pstate && !is_pstate(value))
			return command_fail(
				"pstate 0x%lx: expected NZCV, DAIF and EL0, EL1t or EL1h", value);
		*reg = value;
		return NULL;
	}
	if (!vcpu->guest->map.root.v)
		return command_fail("%s has no memory now", vcpu->guest->config.name);
	if (physical && words->count < 4)
		return "store GUEST p needs: ADDRESS HEX…";
	return store_memory(vcpu, physical, words->word[physical ? 2 : 1],
			    words->rest[physical ? 3 : 2]);
}
