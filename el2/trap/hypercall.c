// SPDX-License-Identifier: Apache-2.0
/*
 * HVC #0 and SMC #0: the SMC Calling Convention (DEN0028), discovery, and Skerry's own calls
 * (abi/skerry.h). Runs at EL2 for the loaded vCPU.
 *
 * Always: arguments are checked before anything changes; a function id is w0, whatever stands in the
 * upper half of x0; an unknown one answers NOT_SUPPORTED and touches x0 only. A non-zero immediate is
 * reserved by DEN0028 2.9 and answers NOT_SUPPORTED as well: a guest may probe without being hurt.
 */
#include "trap/trap.h"

#include "abi/skerry.h"
#include "arch/barrier.h"
#include "cp/cp.h"
#include "guest/channel.h"
#include "guest/switch.h"

#define HVC_IMMEDIATE(esr) FIELD(esr, 15, 0)

#define SMCCC_VERSION_1_2 0x10002
#define SMCCC_WORKAROUND_1 0x80008000 /* Spectre variant 2 */
#define SMCCC_WORKAROUND_3 0x80003fff /* its branch history variant */
#define SMCCC_NOT_NEEDED 1

#define PFR0_CSV2(pfr0) FIELD(pfr0, 59, 56)

static enum verdict answer(struct vcpu *vcpu, s64 value)
{
	vcpu->ctx.regs.x[0] = (u64)value;
	return VERDICT_RESUME;
}

static enum verdict call_features(struct vcpu *vcpu)
{
	u64 id = vcpu->ctx.regs.x[1];
	bool known = id - SKERRY_FEATURES < SKERRY_CALLS || id == SKERRY_CALL_COUNT ||
		     id == SKERRY_CALL_UID || id == SKERRY_CALL_REVISION;

	return answer(vcpu, known ? SKERRY_SUCCESS : SKERRY_NOT_SUPPORTED);
}

/* Bytes x2 at IPA x1 as one call moves them; false: the range wraps around. */
static bool console_range(const struct vcpu *vcpu, u64 *ipa, size_t *bytes)
{
	*ipa = vcpu->ctx.regs.x[1];
	*bytes = MIN(vcpu->ctx.regs.x[2], (u64)SKERRY_CONSOLE_MAX);
	return *ipa + vcpu->ctx.regs.x[2] >= *ipa;
}

/* A line that comes out ends the call: others may want this pCPU. A serial line that does not keep up has the
 * call made again, after a while. */
static enum verdict call_console_write(struct vcpu *vcpu)
{
	struct vconsole *console = &vcpu->guest->console;
	u64 ipa, lines = READ_ONCE(console->lines);
	u8 text[SKERRY_CONSOLE_MAX];
	size_t bytes, n = 0;

	if (!console_range(vcpu, &ipa, &bytes))
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	if (bytes && !guest_read(vcpu->guest, text, IPA(ipa), bytes))
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	if (UNLIKELY(!guest_may_print(vcpu))) {
		vcpu->ctx.regs.pc -= 4;
		return VERDICT_WAIT;
	}
	while (n < bytes && READ_ONCE(console->lines) == lines)
		vconsole_put(console, text[n++]);
	return answer(vcpu, (s64)n);
}

/* Is all of it the guest's own? Checked by reading it before input is taken out of the ring. */
static enum verdict call_console_read(struct vcpu *vcpu)
{
	struct vconsole *console = &vcpu->guest->console;
	u8 text[SKERRY_CONSOLE_MAX];
	size_t bytes, n = 0;
	u64 ipa;

	if (!console_range(vcpu, &ipa, &bytes))
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	if (bytes && !guest_read(vcpu->guest, text, IPA(ipa), bytes))
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	vconsole_flush(console);
	while (n < bytes && vconsole_get(console, &text[n]))
		n++;
	if (n && !guest_write(vcpu->guest, IPA(ipa), text, n))
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	return answer(vcpu, (s64)n);
}

static enum verdict call_yield(struct vcpu *vcpu)
{
	(void)answer(vcpu, SKERRY_SUCCESS);
	return LIKELY(switch_changes_nothing(vcpu)) ? VERDICT_RESUME : VERDICT_YIELD;
}

static enum verdict call_who_am_i(struct vcpu *vcpu)
{
	struct regs *regs = &vcpu->ctx.regs;

	regs->x[1] = vcpu->guest->id;
	regs->x[2] = vcpu->index;
	regs->x[3] = vcpu->guest->config.cpus;
	return answer(vcpu, SKERRY_SUCCESS);
}

static enum verdict call_exit(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	u64 code = vcpu->ctx.regs.x[1];

	if (code > 255)
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	lock_take(&guest->lock);
	guest->exit_code = (u8)code;
	lock_drop(&guest->lock);
	return VERDICT_EXIT;
}

static enum verdict call_channel_info(struct vcpu *vcpu)
{
	struct regs *regs = &vcpu->ctx.regs;
	u64 index = regs->x[1];
	unsigned end;
	const struct channel *channel = channel_of(vcpu->guest, index, &end);

	if (!channel)
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	regs->x[1] = channel->ends[end].ipa;
	regs->x[2] = channel->size;
	regs->x[3] = SKERRY_INTID_CHANNEL + index;
	return answer(vcpu, SKERRY_SUCCESS);
}

static enum verdict call_doorbell(struct vcpu *vcpu)
{
	(void)answer(vcpu, channel_ring(vcpu->guest, vcpu->ctx.regs.x[1]));
	return trap_woke();
}

static enum verdict call_channel_peer(struct vcpu *vcpu)
{
	struct regs *regs = &vcpu->ctx.regs;
	unsigned end;
	struct channel *channel = channel_of(vcpu->guest, regs->x[1], &end);
	u32 restarts;

	if (!channel)
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	regs->x[1] = channel_peer(channel, !end, &restarts);
	regs->x[2] = restarts;
	return answer(vcpu, SKERRY_SUCCESS);
}

static enum verdict call_watchdog(struct vcpu *vcpu)
{
	u64 ms = vcpu->ctx.regs.x[1];

	if (ms > UINT32_MAX)
		return answer(vcpu, SKERRY_INVALID_PARAMETER);
	vwatchdog_feed(&vcpu->guest->watchdog, ms * (timer_frequency() / 1000));
	return answer(vcpu, SKERRY_SUCCESS);
}

/* It may have been about its own guest, which then leaves this pCPU at once. */
static enum verdict call_command(struct vcpu *vcpu)
{
	struct regs *regs = &vcpu->ctx.regs;
	u64 answered;
	s64 status = cp_guest_command(vcpu->guest, IPA(regs->x[1]), regs->x[2], IPA(regs->x[3]),
				      regs->x[4], &answered);

	regs->x[1] = answered;
	(void)answer(vcpu, status);
	return trap_woke();
}

static enum verdict (*const calls[SKERRY_CALLS])(struct vcpu *vcpu) = {
	[SKERRY_FEATURES - SKERRY_FEATURES] = call_features,
	[SKERRY_CONSOLE_WRITE - SKERRY_FEATURES] = call_console_write,
	[SKERRY_CONSOLE_READ - SKERRY_FEATURES] = call_console_read,
	[SKERRY_YIELD - SKERRY_FEATURES] = call_yield,
	[SKERRY_WHO_AM_I - SKERRY_FEATURES] = call_who_am_i,
	[SKERRY_EXIT - SKERRY_FEATURES] = call_exit,
	[SKERRY_CHANNEL_INFO - SKERRY_FEATURES] = call_channel_info,
	[SKERRY_DOORBELL - SKERRY_FEATURES] = call_doorbell,
	[SKERRY_CHANNEL_PEER - SKERRY_FEATURES] = call_channel_peer,
	[SKERRY_WATCHDOG - SKERRY_FEATURES] = call_watchdog,
	[SKERRY_COMMAND - SKERRY_FEATURES] = call_command,
};

/*
 * SMCCC_ARCH_FEATURES (DEN0028 7.3). The workarounds are firmware's and are not passed on; where the
 * CPU says by ID_AA64PFR0_EL1.CSV2 that it does not need the first, so do we.
 */
static s64 arch_feature(const struct vcpu *vcpu, u32 id)
{
	switch (id) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
	case PV_TIME_FEATURES:
		return SKERRY_SUCCESS;
	case SMCCC_WORKAROUND_1:
	case SMCCC_WORKAROUND_3:
		return PFR0_CSV2(sysreg_id(vcpu->guest, 4, 0)) ? SMCCC_NOT_NEEDED :
								 SKERRY_NOT_SUPPORTED;
	default:
		return SKERRY_NOT_SUPPORTED;
	}
}

/* DEN0057, 3.2: PV_TIME_FEATURES answers for itself and for PV_TIME_ST. */
static s64 pv_time(struct vcpu *vcpu, u32 function)
{
	u64 ipa;

	if (function == PV_TIME_FEATURES) {
		u32 id = (u32)vcpu->ctx.regs.x[1];

		return id == PV_TIME_FEATURES || id == PV_TIME_ST ? SKERRY_SUCCESS :
								    SKERRY_NOT_SUPPORTED;
	}
	ipa = guest_stolen_time(vcpu);
	return ipa ? (s64)ipa : SKERRY_NOT_SUPPORTED;
}

static __attribute__((noinline)) enum verdict discover(struct vcpu *vcpu, u32 function)
{
	struct regs *regs = &vcpu->ctx.regs;

	switch (function) {
	case SMCCC_VERSION:
		return answer(vcpu, SMCCC_VERSION_1_2);
	case SMCCC_ARCH_FEATURES:
		return answer(vcpu, arch_feature(vcpu, (u32)regs->x[1]));
	case SKERRY_CALL_COUNT:
		return answer(vcpu, SKERRY_CALLS);
	case SKERRY_CALL_UID:
		regs->x[1] = SKERRY_UID_1;
		regs->x[2] = SKERRY_UID_2;
		regs->x[3] = SKERRY_UID_3;
		return answer(vcpu, SKERRY_UID_0);
	case SKERRY_CALL_REVISION:
		regs->x[1] = SKERRY_REVISION_MINOR;
		return answer(vcpu, SKERRY_REVISION_MAJOR);
	case PV_TIME_FEATURES:
	case PV_TIME_ST:
		return answer(vcpu, pv_time(vcpu, function));
	default:
		if (trng_handle(vcpu, function))
			return VERDICT_RESUME;
		return answer(vcpu, SKERRY_NOT_SUPPORTED);
	}
}

enum verdict hypercall_handle(struct vcpu *vcpu, u64 esr)
{
	u32 function = (u32)vcpu->ctx.regs.x[0], index = function - SKERRY_FEATURES;

	if (UNLIKELY(HVC_IMMEDIATE(esr)))
		return answer(vcpu, SKERRY_NOT_SUPPORTED);
	if (LIKELY(index < SKERRY_CALLS)) {
		vcpu_exit(vcpu, EXIT_HYPERCALL);
		return calls[guarded(index, SKERRY_CALLS)](vcpu);
	}
	if (IS_PSCI(function)) {
		vcpu_exit(vcpu, EXIT_PSCI);
		return psci_handle(vcpu, function);
	}
	vcpu_exit(vcpu, EXIT_HYPERCALL);
	return discover(vcpu, function);
}
