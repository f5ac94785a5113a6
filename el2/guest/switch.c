// SPDX-License-Identifier: Apache-2.0
/*
 * The world switch. Runs at EL2, on the pCPU's own stack, with no lock held.
 *
 * Always: a vCPU's state is in at most one pCPU's registers (vcpu->loaded). The scheduler may hand a
 * vCPU to a second pCPU while the first still saves it: the second waits for `loaded` to fall.
 */
#include "guest/switch.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "guest/life.h"
#include "lib/string.h"

void (*switch_idle_interrupts)(void);

static void save(struct vcpu *vcpu)
{
	if (this_pcpu()->fp_owner == &vcpu->ctx)
		context_fp_save(&vcpu->ctx);
	context_save(&vcpu->ctx);
	vtimer_save(&vcpu->vtimer);
	vgic_save(&vcpu->vgic);
	this_pcpu()->current = NULL;
	__atomic_store_n(&vcpu->loaded, false, __ATOMIC_RELEASE);
}

/*
 * A vCPU's private translations (of its ASIDs, under its guest's one VMID) may stand in this pCPU's
 * TLB when another vCPU of the guest comes: Arm ARM D8.14 lets them differ.
 */
static void part_translations(struct vcpu *vcpu)
{
	u8 *last = &vcpu->guest->last_vcpu[this_pcpu()->id];

	if (*last != vcpu->index + 1) {
		if (*last)
			mmu_flush_local(vcpu->guest->map.vttbr);
		*last = (u8)(vcpu->index + 1);
	}
}

/* DEN0057, 4.1: revision 0, attributes 0, stolen time in ns at offset 8. */
static void publish_stolen_time(struct vcpu *vcpu)
{
	u64 *record = (u64 *)((u8 *)mmu_pointer(vcpu->guest->stolen_page) + 64 * vcpu->index);
	u64 frequency = timer_frequency(), ticks = vcpu->sched.stolen;
	u64 ns = ticks / frequency * 1000000000 + ticks % frequency * 1000000000 / frequency;

	WRITE_ONCE(record[1], ns);
}

static void load(struct vcpu *vcpu)
{
	while (__atomic_load_n(&vcpu->loaded, __ATOMIC_ACQUIRE))
		cpu_relax();
	vcpu->loaded = true;
	this_pcpu()->current = vcpu;
	mmu_load_guest(vcpu->guest->map.vttbr, vcpu->guest->map.vtcr);
	part_translations(vcpu);
	if (vcpu->guest->stolen_page.v)
		publish_stolen_time(vcpu);
	context_load(&vcpu->ctx);
	vgic_load(&vcpu->vgic); /* from here on another pCPU's late soft timer injects nothing */
	vtimer_load(&vcpu->vtimer);
}

/* WFI need not trap while nobody else waits for this pCPU. */
static void set_wait_traps(struct vcpu *vcpu)
{
	u64 hcr = vcpu->ctx.hcr & ~(HCR_EL2_TWI | HCR_EL2_TWE);

	context_write_hcr(&vcpu->ctx, sched_alone() ? hcr : hcr | HCR_EL2_TWI | HCR_EL2_TWE);
}

bool switch_changes_nothing(const struct vcpu *vcpu)
{
	return !(vcpu->ctx.hcr & (HCR_EL2_TWI | HCR_EL2_TWE)) && sched_goes_on(&vcpu->sched);
}

/* The vCPU is off this pCPU's hands; if its guest is ending, this may have been the last one. */
static void part(struct vcpu *prev)
{
	struct guest *guest = prev->guest;

	this_pcpu()->parting =
		guest; /* with `loaded` down another pCPU may end it, and take it away */
	save(prev);
	if (__atomic_load_n(&guest->ending, __ATOMIC_ACQUIRE) != END_NONE) {
		/* No way is left into tables that go back now, or are made anew. */
		mmu_load_guest(0, 0);
		life_finish(guest);
	}
	__atomic_store_n(&this_pcpu()->parting, NULL, __ATOMIC_RELEASE);
}

struct vcpu *switch_next(struct vcpu *prev, enum sched_reason reason)
{
	for (;;) {
		struct sched_entity *e = sched_next(prev ? &prev->sched : NULL, reason);
		struct vcpu *next = e ? CONTAINER_OF(e, struct vcpu, sched) : NULL;

		if (prev && prev != next)
			part(prev);
		if (next) {
			if (prev != next)
				load(next);
			set_wait_traps(next);
			/* Loading it may have woken somebody who should go first: once more. */
			if (LIKELY(!sched_wanted()))
				return next;
			prev = next;
			reason = SCHED_TICK;
			continue;
		}
		/* Asleep, this pCPU keeps no way into tables that may meanwhile be given back. */
		mmu_load_guest(0, 0);
		prev = NULL;
		reason = SCHED_TICK;
		if (!sched_wanted()) /* life_finish may have started somebody here */
			cpu_wait();
		switch_idle_interrupts();
	}
}
