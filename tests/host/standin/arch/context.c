// SPDX-License-Identifier: Apache-2.0
/* See context.h beside this file. Exception entry by the Arm ARM's AArch64.TakeException. */
#include "arch/context.h"
#include "arch/pcpu.h"

#include <stdlib.h>
#include <string.h>

struct syndrome standin_syndrome;
bool standin_translates = true;
u64 standin_translate_offset;
const struct context *standin_fp_owner;
unsigned standin_fp_saves;
u64 standin_hcr;
u64 standin_lines[PCPUS_MAX];

const char *const el1_reg_names[EL1_REGS] = {
#define EL1_REG(name, reset) #name,
#include "arch/el1_regs.h"
#undef EL1_REG
};

static const u64 el1_reset[EL1_REGS] = {
#define EL1_REG(name, reset) reset,
#include "arch/el1_regs.h"
#undef EL1_REG
};

void context_reset(struct context *ctx, unsigned cpu)
{
	memset(ctx, 0, offsetof(struct context, debug)); /* the rest by itself */
	memset(&ctx->extension, 0, sizeof(ctx->extension));
	memcpy(ctx->el1, el1_reset, sizeof(el1_reset));
	debug_reset(&ctx->debug);
	ctx->regs.pstate = 0x3c5; /* DAIF set, EL1h */
	ctx->hcr = 0x80080039;
	ctx->vmpidr = 0x80000000 | cpu;
}

void context_load(struct context *ctx)
{
	(void)ctx;
}

void context_save(struct context *ctx)
{
	(void)ctx;
}

void context_write_hcr(struct context *ctx, u64 hcr)
{
	ctx->hcr = standin_hcr = hcr;
}

void context_set_lines(u64 lines)
{
	standin_lines[this_pcpu()->id] = lines;
}

u64 context_read(const struct context *ctx, enum el1_reg reg, bool loaded)
{
	(void)loaded;
	return ctx->el1[reg];
}

void context_write(struct context *ctx, enum el1_reg reg, u64 value, bool loaded)
{
	(void)loaded;
	ctx->el1[reg] = value;
}

void context_fp_trap(struct context *ctx)
{
	standin_fp_owner = ctx;
	this_pcpu()->fp_owner = ctx;
}

void context_pac_trap(struct context *ctx)
{
	context_write_hcr(ctx, ctx->hcr | HCR_EL2_API | HCR_EL2_APK);
}

u64 context_read_cpacr(const struct context *ctx)
{
	return ctx->el1[EL1_cpacr_el1] & CPACR_SHOWN;
}

void context_write_cpacr(struct context *ctx, u64 value)
{
	ctx->el1[EL1_cpacr_el1] = value & CPACR_SHOWN;
}

void context_fp_save(struct context *ctx)
{
	standin_fp_saves++;
	if (standin_fp_owner == ctx)
		standin_fp_owner = NULL;
	if (this_pcpu()->fp_owner == ctx)
		this_pcpu()->fp_owner = NULL;
}

void context_inject_sync(struct context *ctx, u64 esr, bool far_valid, u64 far)
{
	u64 pstate = ctx->regs.pstate;
	u64 offset = pstate & 0x10 ? 0x600 : (pstate & 0xf) == 0 ? 0x400 : pstate & 1 ? 0x200 : 0;

	ctx->el1[EL1_elr_el1] = ctx->regs.pc;
	ctx->el1[EL1_spsr_el1] = pstate;
	ctx->el1[EL1_esr_el1] = esr | 0x2000000;
	if (far_valid)
		ctx->el1[EL1_far_el1] = far;
	ctx->regs.pc = ctx->el1[EL1_vbar_el1] + offset;
	ctx->regs.pstate = 0x3c5 | (pstate & 0xf0000000);
}

bool context_translate(const struct context *ctx, u64 va, ipa_t *ipa)
{
	(void)ctx;
	*ipa = IPA(va + standin_translate_offset);
	return standin_translates;
}

/* The stand-in has no EL2 registers to look at. */
bool context_check(const struct context *ctx, struct finding *finding)
{
	(void)ctx;
	(void)finding;
	return true;
}

void context_enter(struct context *ctx)
{
	(void)ctx;
	abort(); /* nothing on the host enters a guest */
}
