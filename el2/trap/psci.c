// SPDX-License-Identifier: Apache-2.0
/*
 * PSCI 1.1 (DEN0022) for guests: their vCPUs on, off, asleep, and the guest's own end. Runs at EL2
 * for the loaded vCPU.
 *
 * Always: 32-bit functions look at 32 bits of their arguments; nothing changes unless the answer is
 * SUCCESS. A guest's affinity is its vCPU number in level 0, the other levels are zero, so an MPIDR
 * in an argument is a number below the count of vCPUs and nothing else.
 */
#include "trap/trap.h"

#include "abi/skerry.h"
#include "arch/barrier.h"

#define PSCI_1_1 0x10001
#define PSCI_64BIT BIT(30)

/* Functions by their low bits; the ABI's numbers with and without PSCI_64BIT. */
#define PSCI_CPU_SUSPEND_32 0x84000001
#define PSCI_CPU_ON_32 0x84000003
#define PSCI_AFFINITY_INFO_32 0x84000004
#define PSCI_SYSTEM_RESET2 0xc4000012
#define PSCI_SYSTEM_RESET2_32 0x84000012

enum psci_result {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_ALREADY_ON = -4,
	PSCI_INVALID_ADDRESS = -9,
};

#define PSCI_NO_TRUSTED_OS 2 /* MIGRATE_INFO_TYPE: nothing that would have to migrate */
#define PSCI_WARM_RESET 0

/* CPU_SUSPEND's power_state in the original format (5.4.2): what must be zero, and its parts. */
#define STATE_RESERVED 0xfcfe0000
#define STATE_LEVEL(state) FIELD(state, 25, 24)
#define STATE_POWERDOWN BIT(16)

static enum verdict answer(struct vcpu *vcpu, s64 value)
{
	vcpu->ctx.regs.x[0] = (u64)value;
	return VERDICT_RESUME;
}

static u64 argument(const struct vcpu *vcpu, u32 function, unsigned n)
{
	u64 value = vcpu->ctx.regs.x[n];

	return function & PSCI_64BIT ? value : (u32)value;
}

/* An instruction's address in the guest's RAM. */
static bool is_entry(const struct guest *guest, u64 ipa)
{
	return ipa >= SKERRY_RAM_BASE && ipa - SKERRY_RAM_BASE < guest->config.memory_size &&
	       !(ipa & 3);
}

/*
 * A powerdown state may be carried out as standby (5.4.1): the vCPU comes back behind the call, with
 * its registers, as if an interrupt had come before power went.
 */
static enum verdict cpu_suspend(struct vcpu *vcpu, u32 function)
{
	u32 state = (u32)vcpu->ctx.regs.x[1];

	if (state & STATE_RESERVED || STATE_LEVEL(state))
		return answer(vcpu, PSCI_INVALID_PARAMETERS);
	if (state & STATE_POWERDOWN && !is_entry(vcpu->guest, argument(vcpu, function, 2)))
		return answer(vcpu, PSCI_INVALID_ADDRESS);
	(void)answer(vcpu, PSCI_SUCCESS);
	return VERDICT_WAIT;
}

static enum verdict cpu_on(struct vcpu *vcpu, u32 function)
{
	u64 target = argument(vcpu, function, 1), entry = argument(vcpu, function, 2);
	struct guest *guest = vcpu->guest;

	if (target >= guest->config.cpus)
		return answer(vcpu, PSCI_INVALID_PARAMETERS);
	if (!is_entry(guest, entry))
		return answer(vcpu, PSCI_INVALID_ADDRESS);
	/* who comes second finds it on, be it still on its way or not: its state is no longer OFF */
	if (guest_cpu_on(guest, (unsigned)target, entry, argument(vcpu, function, 3)) != VCPU_OFF)
		return answer(vcpu, PSCI_ALREADY_ON);
	(void)answer(vcpu, PSCI_SUCCESS);
	return trap_woke();
}

static enum verdict affinity_info(struct vcpu *vcpu, u32 function)
{
	u64 target = argument(vcpu, function, 1), level = argument(vcpu, function, 2);
	struct guest *guest = vcpu->guest;
	u8 power;

	if (target >= guest->config.cpus || level)
		return answer(vcpu, PSCI_INVALID_PARAMETERS);
	lock_take(&guest->lock);
	power = guest->vcpus[guarded(target, guest->config.cpus)]->power;
	lock_drop(&guest->lock);
	return answer(vcpu, power);
}

static enum verdict system_off(struct vcpu *vcpu)
{
	lock_take(&vcpu->guest->lock);
	vcpu->guest->exit_code = 0;
	lock_drop(&vcpu->guest->lock);
	return VERDICT_EXIT;
}

/* Types with bit 31 are the vendor's: there are none. */
static enum verdict system_reset2(struct vcpu *vcpu)
{
	if ((u32)vcpu->ctx.regs.x[1] != PSCI_WARM_RESET)
		return answer(vcpu, PSCI_INVALID_PARAMETERS);
	return VERDICT_RESET;
}

bool psci_offers(u32 function)
{
	switch (function) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON_32:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return true;
	default:
		return false;
	}
}

/* CPU_SUSPEND's flags are zero: original format of power_state, no OS-initiated mode. */
static enum verdict features(struct vcpu *vcpu)
{
	bool offered = psci_offers((u32)vcpu->ctx.regs.x[1]);

	return answer(vcpu, offered ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
}

NOINLINE enum verdict psci_handle(struct vcpu *vcpu, u32 function)
{
	switch (function) {
	case PSCI_VERSION:
		return answer(vcpu, PSCI_1_1);
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND_32:
		return cpu_suspend(vcpu, function);
	case PSCI_CPU_OFF:
		return VERDICT_CPU_OFF;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON_32:
		return cpu_on(vcpu, function);
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO_32:
		return affinity_info(vcpu, function);
	case PSCI_MIGRATE_INFO_TYPE:
		return answer(vcpu, PSCI_NO_TRUSTED_OS);
	case PSCI_SYSTEM_OFF:
		return system_off(vcpu);
	case PSCI_SYSTEM_RESET:
		return VERDICT_RESET;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2_32:
		return system_reset2(vcpu);
	case PSCI_FEATURES:
		return features(vcpu);
	default:
		return answer(vcpu, PSCI_NOT_SUPPORTED);
	}
}
