// SPDX-License-Identifier: Apache-2.0
/*
 * `step` and `adstop` from below: debug exceptions of a vCPU that the operator watches. Runs at EL2 for the
 * loaded vCPU. Arm ARM D2.4 (routing), D2.9 (breakpoints), D2.12 (software step).
 *
 * Always: an exception that nobody asked for any more (the operator has just changed his mind) has no
 * effect but that the hardware is written anew.
 */
#include "board/say.h"
#include "trap/trap.h"

/* Where it is, and what comes next there. */
static void show(struct vcpu *vcpu, const char *why)
{
	u64 pc = vcpu->ctx.regs.pc;
	u32 instruction = 0;
	ipa_t ipa;

	if (context_translate(&vcpu->ctx, pc, &ipa) &&
	    !guest_peek(vcpu->guest, &instruction, ipa, sizeof(instruction)))
		instruction = 0; /* untouched: zeros */
	if (vcpu->guest->stops_json)
		say("{\"guest\":\"%s\",\"vcpu\":%u,\"%s\":\"%016lx\",\"instruction\":\"%08x\"}\n",
		    vcpu->guest->config.name, vcpu->index, why, pc, instruction);
	else
		say("skerry: %s %s/%u: %016lx: %08x\n", why, vcpu->guest->config.name, vcpu->index,
		    pc, instruction);
}

/*
 * A step has been done, or the exception that it led to was entered: then SPSR_EL1 tells of the step, as
 * the guest must not see unless it steps itself.
 */
enum verdict step_step(struct vcpu *vcpu, u64 esr)
{
	struct debug_regs *debug = &vcpu->ctx.debug;
	u64 spsr = context_read(&vcpu->ctx, EL1_spsr_el1, true);

	(void)esr;
	if (spsr & PSTATE_SS && !(debug->mdscr & MDSCR_SS))
		context_write(&vcpu->ctx, EL1_spsr_el1, spsr & ~PSTATE_SS, true);
	if (debug->watch & WATCH_STEP) {
		show(vcpu, "step");
		if (--debug->steps) {
			vcpu->ctx.regs.pstate |= PSTATE_SS;
			return VERDICT_RESUME;
		}
		debug_watch(debug, 0, WATCH_STEP);
		return VERDICT_STOP;
	}
	debug_watch(debug, 0, WATCH_OVER);
	debug_load(debug);
	return VERDICT_RESUME;
}

enum verdict step_stop(struct vcpu *vcpu, u64 esr)
{
	struct guest *guest = vcpu->guest;
	struct debug_regs *debug = &vcpu->ctx.debug;

	(void)esr;
	if (!(debug->watch & WATCH_STOP) || vcpu->ctx.regs.pc != debug->stop_at) {
		debug_load(debug);
		return VERDICT_RESUME;
	}
	for (unsigned i = 0; i < guest->config.cpus; i++) /* once: who wants it again says so */
		debug_watch(&guest->vcpus[i]->ctx.debug, 0, WATCH_STOP);
	show(vcpu, "adstop");
	if (!guest->stops_json)
		report_stop(vcpu);
	return VERDICT_STOP;
}

/* The guest's own, which MDCR_EL2.TDE brings here too: as it would have had it. */
enum verdict step_brk(struct vcpu *vcpu, u64 esr)
{
	(void)vcpu;
	(void)esr;
	return VERDICT_REFLECT;
}
