// SPDX-License-Identifier: Apache-2.0
/*
 * The world around el2/guest for host tests: RAM full of old bytes at 0x80000000, a GIC, some pCPUs
 * that one thread plays in turn, and bundles compiled from their source. All above arch/ and board/
 * is EL2's own code. To be included by one file of a test program, since it defines things.
 */
#ifndef GUEST_WORLD_H
#define GUEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "arch/timer.h"
#include "board/board.h"
#include "board/gic_model.h"
#include "board/gic_sgi.h"
#include "board/power.h"
#include "board/random.h"
#include "board/say.h"
#include "dtc.h"
#include "guest/life.h"
#include "guest/switch.h"
#include "mm/frames.h"
#include "sched/timer.h"

#define RAM_BASE 0x80000000ull
#define OLD 0xa5 /* what every frame holds before somebody takes it */

/* A flat kernel of 16 bytes, entered at 0x40080000 (memory + 512 KiB, as the ABI lays down). */
#define KERNEL "kernel = [11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 01]; "
#define GUEST(name, size, more) \
	name " { compatible = \"skerry,guest\"; memory-size = <0 " size ">; " KERNEL more " };"
#define CHANNEL(name, a, b, size)                                                             \
	name " { compatible = \"skerry,channel\"; ends = \"" a "\", \"" b "\"; size = <" size \
	     ">; };"

struct board board;
struct fdt board_tree;

static struct {
	void *blob;	    /* of the bundle */
	void (*spin)(void); /* what happens while EL2 waits for another pCPU; NULL: nothing may */
	unsigned spins;
	jmp_buf *idle;
} world;
static struct bundle bundle;

/* Nothing is left to do on this pCPU: out of switch_next's loop, which never ends. */
static void world_interrupts(void)
{
	unsigned id = this_pcpu()->id;

	if (standin_take_sgi(id, 0))
		return; /* a kick: look again */
	if (standin_hyp_due(id)) {
		timer_interrupt();
		return;
	}
	if (!this_pcpu()->wanted && !world.spin)
		longjmp(*world.idle, 1);
}

static void world_wait(void)
{
	if (++world.spins > 1000)
		fail_msg("EL2 waits for ever");
	if (world.spin)
		world.spin();
}

/* pCPU `id` goes through the switch, with `prev` as the vCPU that trapped. NULL: it is idle. */
__attribute__((unused)) static struct vcpu *play(unsigned id, struct vcpu *prev,
						 enum sched_reason reason)
{
	jmp_buf *outer = world.idle, here;
	struct vcpu *volatile next = NULL;

	standin_pcpu_set(id);
	(void)standin_take_sgi(id, 0);
	world.spins = 0;
	world.idle = &here;
	if (!setjmp(here))
		next = switch_next(prev, reason);
	world.idle = outer;
	/* nobody is entered while another is to go first: that one might wait for ever */
	if (next)
		assert_false(sched_wanted());
	return next;
}

static void world_close(void)
{
	static const struct bundle nothing;
	struct fdt_error err;

	for (unsigned id = 0; id < guest_count(); id++) {
		struct guest *guest = guest_by_id(id);

		if (!guest)
			continue;
		for (unsigned i = 0; i < guest->config.cpus; i++)
			vtimer_reset(&guest->vcpus[i]->vtimer); /* these lists outlive a test */
		life_discard(guest);				/* and so do VMIDs */
	}
	assert_true(guests_create(&nothing, &err));
	free(world.blob);
	world.blob = NULL;
}

static void world_new(unsigned gic_version, unsigned pcpu_count, u64 ram_bytes)
{
	const struct frames_region ram = {RAM_BASE, ram_bytes};

	memset(&world, 0, sizeof(world));
	memset(&board, 0, sizeof(board));
	free((void *)(uintptr_t)board_tree.blob);
	board_tree = (struct fdt){0};
	board.hyp_timer = 26;
	board.virtual_timer = 27;
	board.gicv.base = 0x08040000;
	standin_on_wait = world_wait;
	standin_pcpu_reset();
	standin_timer_reset();
	standin_sgi_reset();
	standin_fp_owner = NULL;
	said_forget();
	say_set_terminal(false);
	mmu_forget();
	mmu_standin_pa_bits = 40;
	mmu_standin_vmid_bits = 8;
	mmu_arena_used(RAM_BASE, ram_bytes, OLD);
	assert_true(frames_init(&ram, 1, NULL, 0));
	model_init(gic_version, 4);
	sched_init(pcpu_count);
	life_shutdown_when_done(false);
	switch_idle_interrupts = world_interrupts;
}

/* The board has the devices of tests/host/trees/devices.dts, below RAM. */
__attribute__((unused)) static void world_has_devices(void)
{
	char *source = dtc_read_file("tests/host/trees/devices.dts");
	struct fdt_error err;
	size_t size;

	assert_true(fdt_open(&board_tree, dtc_compile(source, &size), SIZE_MAX, &err));
	free(source);
}

/* The bundle of these guests and channels; what bundle_open would refuse, no test here is about. */
static void world_open(const char *guests, const char *channels)
{
	const struct bundle_limits limits = {.pcpus = 8,
					     .memory = 1ull << 40,
					     .gicv2 = true,
					     .gicv3 = true,
					     .tree = board_tree.blob ? &board_tree : NULL,
					     .board = &board};
	struct fdt_error err = {{0}};
	size_t size, room = strlen(guests) + strlen(channels) + 512;
	char *source = malloc(room);

	snprintf(source, room,
		 "/dts-v1/; / { compatible = \"skerry,bundle-v1\"; #address-cells = <2>; "
		 "#size-cells = <2>; guests { %s }; channels { %s }; };",
		 guests, channels);
	free(world.blob);
	world.blob = dtc_compile(source, &size);
	free(source);
	if (!bundle_open(&bundle, world.blob, size, &limits, &err))
		fail_msg("%s", err.text);
}

__attribute__((unused)) static void world_create(const char *guests, const char *channels)
{
	struct fdt_error err = {{0}};

	world_open(guests, channels);
	if (!guests_create(&bundle, &err))
		fail_msg("%s", err.text);
}

/* A byte of the guest's, where it is mapped; fails the test if it is not. */
__attribute__((unused)) static u8 *guest_byte(struct guest *guest, u64 ipa)
{
	pa_t pa;

	assert_true(stage2_lookup(&guest->map, IPA(ipa), &pa));
	return mmu_pointer(pa);
}

__attribute__((unused)) static bool is_mapped(struct guest *guest, u64 ipa)
{
	pa_t pa;

	return stage2_lookup(&guest->map, IPA(ipa), &pa);
}

__attribute__((unused)) static bool all_are(const u8 *bytes, u8 value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

__attribute__((unused)) static void expect_count(struct frame_count expected)
{
	struct frame_count count = frames_count();

	assert_int_equal(count.free, expected.free);
	assert_int_equal(count.reserved, expected.reserved);
	for (unsigned use = 0; use < FRAME_USES; use++)
		assert_int_equal(count.by_use[use], expected.by_use[use]);
}

/* What every test ends with: the scheduler's queues are sound. */
__attribute__((unused)) static int world_teardown(void **state)
{
	const char *wrong = sched_check();

	(void)state;
	if (wrong)
		fail_msg("%s", wrong);
	world_close();
	return 0;
}

#endif
