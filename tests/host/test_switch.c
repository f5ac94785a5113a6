// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * guest/switch.c: whose state is in whose registers, what is flushed on the way, and how a pCPU sleeps
 * and wakes. HCR_EL2: TWI is bit 13, TWE bit 14.
 */
#include "guest_world.h"

static struct guest *crab, *eel;
static struct vcpu *a, *b, *c; /* a and b are crab's */

static int setup_with(unsigned gic_version, const char *eels)
{
	char guests[512];

	snprintf(guests, sizeof(guests),
		 GUEST("crab", "0x100000", "cpus = <2>;") GUEST("eel", "0x100000", "%s"), eels);
	world_new(gic_version, 2, 0x4000000);
	world_create(guests, "");
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	a = crab->vcpus[0];
	b = crab->vcpus[1];
	c = eel->vcpus[0];
	mmu_forget();
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(3, "");
}

static int setup_gicv2(void **state)
{
	(void)state;
	return setup_with(2, "");
}

static int setup_emulated(void **state)
{
	(void)state;
	return setup_with(3, "gic-version = <2>;");
}

/* Both CPUs of crab on pCPU 0, a first. */
static void start_crab(void)
{
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 0), VCPU_OFF);
}

static void test_on_and_off(void **state)
{
	struct timer_regs *virt = &standin_timers[0].virt;

	(void)state;
	standin_now = 5000;
	guests_start();
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_true(a->loaded);
	assert_ptr_equal(pcpus[0].current, a);
	assert_int_equal(mmu_events[mmu_event_count - 1].kind, MMU_LOAD_GUEST);
	assert_int_equal(mmu_events[mmu_event_count - 1].vttbr, crab->map.vttbr);
	assert_int_equal(mmu_events[mmu_event_count - 1].address, crab->map.vtcr);
	assert_int_equal(standin_timers[0].offset, 5000); /* its time began at 0 */
	assert_true(model_hcr() & 1);
	/* its timer is the hardware's while it is on, and in memory when it is off */
	*virt = (struct timer_regs){1, 70000};
	context_fp_trap(&a->ctx);
	standin_now += 1000;
	assert_ptr_equal(play(0, a, SCHED_YIELD), c);
	assert_false(a->loaded);
	assert_true(c->loaded);
	assert_int_equal(a->vtimer.virt.cval, 70000);
	assert_int_equal(virt->ctl, 0);
	assert_null(standin_fp_owner);
	assert_ptr_equal(pcpus[0].current, c);
	/* and nothing is saved or loaded where the same one goes on */
	standin_fp_saves = 0;
	mmu_forget();
	standin_now += 10;
	assert_ptr_equal(play(0, c, SCHED_TICK), c);
	assert_int_equal(standin_fp_saves, 0);
	assert_int_equal(mmu_event_count, 0);
}

/* One VMID for both CPUs of a guest: what one left in this pCPU's TLB must not serve the other. */
static void test_translations_apart(void **state)
{
	(void)state;
	start_crab();
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 0); /* the first one here */
	assert_ptr_equal(play(0, a, SCHED_BLOCK), b);
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 1);
	for (unsigned i = 0; i < mmu_event_count; i++)
		if (mmu_events[i].kind == MMU_FLUSH_LOCAL)
			assert_int_equal(mmu_events[i].vttbr, crab->map.vttbr);
	/* the same one again, after the pCPU was idle or another guest's */
	assert_null(play(0, b, SCHED_BLOCK));
	sched_wake(&b->sched);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), b);
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 1);
	life_start(eel);
	assert_ptr_equal(play(0, b, SCHED_BLOCK), c);
	sched_wake(&b->sched);
	assert_ptr_equal(play(0, c, SCHED_BLOCK), b);
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 1);
	/* a on another pCPU, and back here */
	assert_null(play(0, b, SCHED_BLOCK));
	standin_pcpu_set(1);
	sched_wake(&a->sched);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), a);
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 1);
	assert_null(play(1, a, SCHED_BLOCK));
	standin_pcpu_set(0);
	sched_wake(&a->sched);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_int_equal(mmu_count(MMU_FLUSH_LOCAL), 2);
}

/* Its vGIC passes on what another of its vCPUs is to have, say. */
static void wake_c(const struct mmu_event *event)
{
	if (event->kind != MMU_LOAD_GUEST || event->vttbr != crab->map.vttbr)
		return;
	mmu_on_event = NULL;
	sched_wake(&c->sched);
}

/* Loading the one that was picked wakes one that goes first: it does, whatever the switch was for. */
static void test_wakes_while_it_loads(void **state)
{
	static const enum sched_reason reasons[] = {SCHED_TICK, SCHED_BLOCK};

	(void)state;
	guests_start();
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	standin_now += 100000;
	assert_ptr_equal(play(0, a, SCHED_BLOCK), c);
	assert_null(play(0, c, SCHED_BLOCK));
	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		standin_now += 1000000; /* who slept goes first */
		sched_wake(&a->sched);
		mmu_on_event = wake_c;
		assert_ptr_equal(play(0, NULL, reasons[i]), c);
		assert_null(mmu_on_event);
		assert_ptr_equal(play(0, c, SCHED_BLOCK), a);
		standin_now += 500000;
		assert_null(play(0, a, SCHED_BLOCK));
	}
}

static void test_wait_traps(void **state)
{
	(void)state;
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_int_equal(standin_hcr, 0x80080039);
	assert_true(switch_changes_nothing(a));
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 0), VCPU_OFF);
	standin_now += 1000;
	assert_false(switch_changes_nothing(a));
	assert_ptr_equal(play(0, a, SCHED_YIELD), b); /* a waits */
	assert_int_equal(standin_hcr, 0x80086039);
	assert_false(switch_changes_nothing(b));
	life_start(eel);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), c); /* it had nothing yet; a waits */
	assert_int_equal(standin_hcr, 0x80086039);
	assert_false(switch_changes_nothing(b)); /* alone, but its WFI still traps */
	assert_ptr_equal(play(0, b, SCHED_BLOCK), a);
	assert_int_equal(standin_hcr, 0x80080039);
	assert_true(switch_changes_nothing(a));
	this_pcpu()->wanted = true;
	assert_false(switch_changes_nothing(a));
	this_pcpu()->wanted = false;
	standin_pcpu_set(1);
	assert_false(sched_stop(&a->sched)); /* somebody wants it off */
	standin_pcpu_set(0);
	assert_false(switch_changes_nothing(a));
}

static void saved(void)
{
	assert_null(pcpus[0].current); /* nothing of it is loaded before that */
	assert_int_equal(mmu_count(MMU_LOAD_GUEST), 0);
	if (world.spins == 5)
		a->loaded = false;
}

/* The scheduler gives a vCPU away before its last pCPU has saved it. */
static void test_waits_for_the_other(void **state)
{
	(void)state;
	life_start(crab);
	a->loaded = true;
	world.spin = saved;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_int_equal(world.spins, 5);
	assert_true(a->loaded);
}

static void wake_from_1(void)
{
	assert_null(pcpus[0].current);
	standin_pcpu_set(1);
	sched_wake(&a->sched);
	standin_pcpu_set(0);
	world.spin = NULL;
}

static void test_idle(void **state)
{
	(void)state;
	assert_null(play(0, NULL, SCHED_TICK)); /* nobody was started */
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_null(play(0, a, SCHED_BLOCK));
	assert_false(a->loaded);
	assert_true(model_is_clean());
	sched_wake(&a->sched);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	/* within one stay in the idle loop, by another pCPU */
	world.spin = wake_from_1;
	assert_ptr_equal(play(0, a, SCHED_BLOCK), a);
	assert_int_equal(world.spins, 1);
	assert_true(a->loaded);
	/* woken before it sleeps: it goes on */
	sched_wake(&a->sched);
	assert_ptr_equal(play(0, a, SCHED_BLOCK), a);
}

static void time_passes(void)
{
	standin_now += 1000;
}

/* The virtual timer of a sleeping vCPU: a soft timer wakes it, when INTID 27 is enabled. */
static void test_woken_by_its_timer(void **state)
{
	struct mmio enable = {.offset = 0x10100, .size = 4, .write = true, .value = 1u << 27};
	struct mmio control = {.offset = 0, .size = 4, .write = true, .value = 0x12};

	(void)state;
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	assert_true(vgic_redistributor(&a->vgic, &enable));
	enable.offset = 0x10080; /* GICR_IGROUPR0 */
	assert_true(vgic_redistributor(&a->vgic, &enable));
	assert_true(vgic_distributor(&a->vgic, &control));
	model_set_vmcr(model_vmcr() | 0xf8000002); /* PMR, group 1 */
	standin_timers[0].virt = (struct timer_regs){1, 10000};
	world.spin = time_passes;
	assert_ptr_equal(play(0, a, SCHED_BLOCK), a);
	assert_true(standin_now >= 11000 && standin_now <= 12000);
	assert_true(model_irq());
	assert_int_equal(model_ack(1), 27);
}

/* pCPU 1 has taken c's soft timer, and is only now at telling c, which pCPU 0 has picked meanwhile. */
static void late(void)
{
	u32 here = this_pcpu()->id;

	standin_timer_loading = NULL;
	mmu_on_event = NULL;
	standin_pcpu_set(1);
	vgic_inject_timer(&c->vgic, 27, board.virtual_timer);
	standin_pcpu_set(here);
}

static void late_at_event(const struct mmu_event *event)
{
	if (event->kind == MMU_LOAD_GUEST && event->vttbr == eel->map.vttbr)
		late();
}

/* Either c has its timer's interrupt, and the physical one is active and comes no more until c has ended it; or it
 * is the comparator's. Never both: c would take it twice. */
static void late_timer(void (*at_event)(const struct mmu_event *event), void (*at_timer)(void))
{
	u32 bit = 1u << 27;

	life_start(eel);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), c);
	c->vgic.bank.enabled |= bit;
	c->vgic.bank.group1 |= bit;
	c->vgic.vgic->ctlr = 3;
	standin_timers[0].virt = (struct timer_regs){1, 10000};
	assert_null(play(0, c, SCHED_BLOCK));
	timer_cancel(&c->vtimer.virt_soft);
	standin_now = 12000;
	sched_wake(&c->sched);
	mmu_on_event = at_event;
	standin_timer_loading = at_timer;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), c);
	assert_true(!mmu_on_event && !standin_timer_loading);
	assert_true(standin_virtual_due(0));
	assert_int_equal(model_active(board.virtual_timer), at_event != NULL);
	assert_int_equal(vgic_timer_busy(&c->vgic), at_event != NULL);
}

static void test_late_timer(void **state)
{
	(void)state;
	late_timer(late_at_event, NULL);
}

static void test_late_timer_later(void **state)
{
	(void)state;
	late_timer(NULL, late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_on_and_off, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_translations_apart, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_wakes_while_it_loads, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_wait_traps, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_the_other, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_idle, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_woken_by_its_timer, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer, setup_gicv2, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer, setup_emulated, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer_later, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer_later, setup_gicv2, world_teardown),
		cmocka_unit_test_setup_teardown(test_late_timer_later, setup_emulated,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
