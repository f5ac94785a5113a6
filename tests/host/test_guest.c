// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * guest/guest.c: a bundle becomes guests, all or none; what a refused one took is all given back.
 * CPU_ON by DEN0022 5.6, stolen time by DEN0057.
 */
#include "guest/channel.h"
#include "guest_world.h"

#define CRAB GUEST("crab", "0x500000", "cpus = <2>; initrd = [ca fe];")
#define EEL GUEST("eel", "0x100000", "")

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	return 0;
}

static void test_memory_and_images(void **state)
{
	struct guest *crab, *eel;
	struct frame_count after;

	(void)state;
	world_create(CRAB EEL, "");
	assert_int_equal(guest_count(), 2);
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	assert_null(guest_by_id(2));
	assert_string_equal(crab->config.name, "crab");
	assert_int_equal(crab->state, GUEST_READY);
	assert_int_equal(crab->gic_version, 3);
	assert_int_not_equal(crab->map.vmid, eel->map.vmid);
	assert_memory_equal(guest_byte(crab, 0x40080000), "\x11\x22\x33", 3);
	assert_int_equal(crab->vcpus[0]->ctx.regs.pc, 0x40080000);
	/* clear of the kernel by half the memory, then the next 2 MiB; the initrd above 8 KiB of tree */
	assert_int_equal(crab->vcpus[0]->ctx.regs.x[0], 0x40400000);
	assert_memory_equal(guest_byte(crab, 0x40400000), "\xd0\x0d\xfe\xed", 4);
	assert_memory_equal(guest_byte(crab, 0x40402000), "\xca\xfe\0", 3);
	assert_int_equal(crab->vcpus[1]->power, VCPU_OFF);
	assert_int_equal(crab->vcpus[1]->ctx.vmpidr, 0x80000001);
	assert_true(mmu_count(MMU_ICACHE) >= 2);
	/* crab: a block, of which one page is mapped (kernel), two pages (tree, initrd); eel: one page
	 * (kernel, tree right behind it). Root: 2 tables each; of level 3, two and one. */
	after = frames_count();
	assert_int_equal(after.by_use[FRAME_MEMORY], 0x200000 + 0x3000);
	assert_int_equal(after.by_use[FRAME_TABLE], 0x7000);
	assert_int_equal(after.reserved, 0x200000 + 254 * 0x1000 + 255 * 0x1000);
	assert_int_equal(frames_held(0) + frames_held(1), after.by_use[FRAME_MEMORY] +
								  after.by_use[FRAME_TABLE] +
								  after.by_use[FRAME_STATE]);
	assert_int_equal(after.by_use[FRAME_SHARED], 0);
}

/* One after another from 0x0c000000, in the order of the bundle; both ends lead to the same frames,
 * which hold zeroes. More than 64 KiB takes a chunk. */
static void test_channels(void **state)
{
	struct channel *rope;
	struct guest *crab, *eel;
	unsigned end;
	pa_t a, b;

	(void)state;
	world_create(CRAB EEL GUEST("whelk", "0x100000", ""),
		     CHANNEL("rope", "crab", "eel", "0x3000")
			     CHANNEL("chain", "whelk", "crab", "0x100000"));
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	rope = channel_of(crab, 0, &end);
	assert_string_equal(rope->name, "rope");
	assert_int_equal(end, 0);
	assert_int_equal(rope->ends[0].ipa, 0x0c000000);
	assert_ptr_equal(rope->ends[1].guest, eel);
	assert_ptr_equal(channel_of(eel, 0, &end), rope);
	assert_int_equal(end, 1);
	assert_int_equal(channel_of(crab, 1, &end)->ends[1].ipa, 0x0c003000);
	assert_int_equal(end, 1);
	assert_int_equal(channel_of(guest_by_id(2), 0, &end)->ends[0].ipa, 0x0c000000);
	assert_int_equal(channel_of(crab, 1, &end)->ends[1].index, 1);
	assert_null(channel_of(crab, 2, &end));
	assert_null(channel_of(eel, ~0ull, &end));
	assert_true(stage2_lookup(&crab->map, IPA(0x0c002fff), &a));
	assert_true(stage2_lookup(&eel->map, IPA(0x0c002fff), &b));
	assert_int_equal(a.v, b.v);
	assert_true(all_are(guest_byte(crab, 0x0c000000), 0, 0x3000));
	assert_false(is_mapped(eel, 0x0c003000));
	assert_true(stage2_lookup(&crab->map, IPA(0x0c102fff), &a));
	assert_true(stage2_lookup(&guest_by_id(2)->map, IPA(0x0c0fffff), &b));
	assert_int_equal(a.v, b.v);
	assert_true(all_are(guest_byte(crab, 0x0c003000), 0, 0x100000));
	assert_false(is_mapped(crab, 0x0c103000));
	/* the first one in 4 frames, the second in a chunk */
	assert_int_equal(frames_count().by_use[FRAME_SHARED], 0x204000);
}

/* On GICv2 hardware the guest gets the hardware's virtual CPU interface at 0x08010000, but not its
 * second page, where GICC_DIR is: that one has to trap. */
static void test_gicv2(void **state)
{
	pa_t pa;

	(void)state;
	world_close();
	world_new(2, 2, 0x4000000);
	world_create(CRAB, "");
	assert_int_equal(guest_by_id(0)->gic_version, 2);
	assert_false(guest_by_id(0)->vgic.emulated);
	assert_true(stage2_lookup(&guest_by_id(0)->map, IPA(0x08010000), &pa));
	assert_int_equal(pa.v, 0x08040000);
	assert_false(is_mapped(guest_by_id(0), 0x08011000));
	world_close();
	world_new(3, 2, 0x4000000); /* v2 on v3 hardware: all of it traps */
	world_create(GUEST("crab", "0x500000", "gic-version = <2>;"), "");
	assert_true(guest_by_id(0)->vgic.emulated);
	assert_false(is_mapped(guest_by_id(0), 0x08010000));
}

/* --- Refused ------------------------------------------------------------------------------------ */

static void refused(const char *expected)
{
	struct frame_count before = frames_count();
	struct fdt_error err = {{0}};

	assert_false(guests_create(&bundle, &err));
	assert_string_equal(err.text, expected);
	assert_int_equal(guest_count(), 0);
	expect_count(before);
	assert_null(sched_check());
}

static void accepted(void)
{
	struct fdt_error err = {{0}};

	if (!guests_create(&bundle, &err))
		fail_msg("%s", err.text);
	assert_int_equal(guest_count(), bundle.guest_count);
}

/* Every frame that may be missing is missing once, from the first to the last. */
static void test_short_of_memory(void **state)
{
	static const char *const kinds[] = {
		"/guests/crab: no memory left for its state",
		"/guests/eel: no memory left for its state",
		"/channels: no memory left",
		"/guests/crab: no memory or VMID left for its page tables",
		"/guests/crab: memory-size: more than is left",
		"/guests/eel: memory-size: more than is left",
	};
	static pa_t held[32768];
	unsigned seen[ARRAY_SIZE(kinds)] = {0}, n = 0, tries = 0;
	struct fdt_error err = {{0}};

	(void)state;
	world_open(GUEST("crab", "0x84000", "") GUEST("eel", "0x84000", ""),
		   CHANNEL("rope", "crab", "eel", "0x3000")
			   CHANNEL("line", "crab", "eel", "0x10000"));
	while ((held[n] = frames_take_page(OWNER_EL2, FRAME_EL2, false)).v)
		n++;
	/* from the top, so that runs of frames become free */
	for (; n; tries++, frames_give_page(OWNER_EL2, held[--n])) {
		struct frame_count before = frames_count();

		err.text[0] = '\0';
		if (guests_create(&bundle, &err))
			break;
		for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
			seen[i] += !strcmp(err.text, kinds[i]);
		expect_count(before);
		assert_null(sched_check());
	}
	assert_int_equal(guest_count(), 2);
	assert_true(tries > 2 * 132); /* each guest's memory is 132 frames */
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!seen[i])
			fail_msg("never said: %s", kinds[i]);
	while (n)
		frames_give_page(OWNER_EL2, held[--n]);
}

/* A thousand times, at the last guest: memory, VMIDs (255) and run queues (16 kinds) come back. */
static void test_refused_at_the_last(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		if (i % 100 == 0)
			world_open(CRAB EEL GUEST("whale", "0x10000000", "affinity = <1>;"),
				   CHANNEL("rope", "crab", "eel", "0x3000")
					   CHANNEL("chain", "whale", "eel", "0x20000"));
		refused("/guests/whale: memory-size: more than is left");
	}
	world_open(CRAB EEL, CHANNEL("rope", "crab", "eel", "0x3000"));
	accepted();
}

static char *many(unsigned count, const char *(*more)(unsigned i))
{
	char *text = malloc(count * 256), *at = text;

	for (unsigned i = 0; i < count; i++)
		at += sprintf(at,
			      "g%u { compatible = \"skerry,guest\"; memory-size = <0 0x84000>; "
			      "%s %s };",
			      i, KERNEL, more(i));
	return text;
}

static const char *nothing_more(unsigned i)
{
	(void)i;
	return "";
}

/* 8-bit VMIDs: 255 guests, since 0 is nobody's. */
static void test_short_of_vmids(void **state)
{
	char *guests = many(256, nothing_more);

	(void)state;
	world_close();
	world_new(3, 2, 0x10000000);
	world_open(guests, "");
	free(guests);
	refused("/guests/g255: no memory or VMID left for its page tables");
	refused("/guests/g255: no memory or VMID left for its page tables");
	guests = many(255, nothing_more);
	world_open(guests, "");
	free(guests);
	accepted();
}

/* A number in binary says which pCPUs; 17 different sets are one too many. */
static unsigned first_set;

static const char *affinity(unsigned i)
{
	static char text[128];
	char *at = text + sprintf(text, "affinity = <");

	for (unsigned bit = 0; bit < 5; bit++)
		if ((first_set + i) >> bit & 1)
			at += sprintf(at, "%u ", bit);
	sprintf(at, ">; cpus = <2>;");
	return text;
}

static void test_short_of_queues(void **state)
{
	char *guests;

	(void)state;
	world_close();
	world_new(3, 8, 0x4000000);
	first_set = 1;
	guests = many(17, affinity);
	world_open(guests, "");
	free(guests);
	for (unsigned i = 0; i < 3; i++)
		refused("/guests/g16: affinity: too many different sets of CPUs");
	first_set = 16; /* others than before */
	guests = many(16, affinity);
	world_open(guests, "");
	free(guests);
	accepted();
}

/* --- Their CPUs --------------------------------------------------------------------------------- */

static struct guest *crab;
static struct vcpu *boot, *second;

static int setup_running(void **state)
{
	setup(state);
	world_create(CRAB EEL, "");
	crab = guest_by_id(0);
	boot = crab->vcpus[0];
	second = crab->vcpus[1];
	life_end(guest_by_id(1), END_EXIT); /* not started: nothing happens */
	assert_int_equal(guest_by_id(1)->state, GUEST_READY);
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), boot);
	return 0;
}

static void test_cpu_on(void **state)
{
	(void)state;
	second->ctx.regs.x[7] = 0x77;
	second->ctx.regs.pstate = 0;
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080008, 0xabcdef), VCPU_OFF);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40090000, 1), VCPU_ON);
	assert_int_equal(guest_cpu_on(crab, 0, 0x40090000, 1), VCPU_ON);
	assert_int_equal(boot->ctx.regs.pc, 0x40080000);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), second);
	assert_int_equal(second->ctx.regs.pc, 0x40080008);
	assert_int_equal(second->ctx.regs.x[0], 0xabcdef);
	assert_int_equal(second->ctx.regs.x[7], 0);
	assert_int_equal(second->ctx.regs.pstate, 0x3c5);
	assert_int_equal(second->power, VCPU_ON);
	/* off, by its own word, and on again */
	second->power = VCPU_OFF;
	assert_null(play(1, second, SCHED_END));
	standin_pcpu_set(0);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40090000, 2), VCPU_OFF);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), second);
	assert_int_equal(second->ctx.regs.pc, 0x40090000);
}

/* pCPU 1 takes it off while pCPU 0 waits for that, with the guest's lock held. */
static void leave_pcpu_1(void)
{
	world.spin = NULL;
	assert_null(play(1, second, SCHED_END));
	standin_pcpu_set(0);
}

static void saved_at_last(void)
{
	if (world.spins == 3)
		second->loaded = false;
}

static void test_cpu_on_while_it_goes_off(void **state)
{
	(void)state;
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080008, 0), VCPU_OFF);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), second);
	second->power = VCPU_OFF;
	standin_pcpu_set(0);
	world.spin = leave_pcpu_1;
	assert_int_equal(guest_cpu_on(crab, 1, 0x40090000, 5), VCPU_OFF);
	assert_null(world.spin);
	assert_false(second->loaded);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), second);
	assert_int_equal(second->ctx.regs.pc, 0x40090000);
	assert_int_equal(second->ctx.regs.x[0], 5);
	/* off for the scheduler, but its registers are not in memory yet */
	second->power = VCPU_OFF;
	assert_null(play(1, second, SCHED_END));
	second->loaded = true;
	standin_pcpu_set(0);
	world.spins = 0;
	world.spin = saved_at_last;
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080004, 6), VCPU_OFF);
	assert_int_equal(world.spins, 3);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), second);
	assert_int_equal(second->ctx.regs.pc, 0x40080004);
}

/* A guest on its way out starts no CPU any more. */
static void test_cpu_on_too_late(void **state)
{
	(void)state;
	life_end(crab, END_EXIT);
	assert_int_equal(crab->state, GUEST_STOPPING);
	(void)guest_cpu_on(crab, 1, 0x40080008, 0);
	assert_int_equal(second->power, VCPU_OFF);
	assert_true(sched_is_off(&second->sched));
	assert_null(play(1, NULL, SCHED_TICK));
	assert_null(play(0, boot, SCHED_END));
	assert_int_equal(crab->state, GUEST_ENDED);
}

/* DEN0057, 4.1: revision and attributes 0, stolen time in ns at offset 8; 16 ns a tick of 62.5 MHz. */
static void test_stolen_time(void **state)
{
	struct guest *eel = guest_by_id(1);
	const u64 *record;

	(void)state;
	life_start(eel); /* at 1000 ticks; pCPU 1 stays away */
	assert_int_equal(guest_stolen_time(eel->vcpus[0]), 0x0b000000);
	assert_int_equal(guest_stolen_time(boot), 0x0b000000);
	assert_int_equal(guest_stolen_time(second), 0x0b000040);
	assert_true(all_are(guest_byte(crab, 0x0b000000), 0, 0x1000));
	record = (const u64 *)guest_byte(eel, 0x0b000000);
	assert_int_equal(record[1], 0);
	standin_now += 625000; /* 10 ms */
	assert_ptr_equal(play(0, boot, SCHED_YIELD), eel->vcpus[0]);
	assert_int_equal(record[0], 0);
	assert_int_equal(record[1], 10000000);
	assert_int_equal(record[8 + 1], 0);
	standin_now += 125000; /* 2 ms */
	assert_ptr_equal(play(0, eel->vcpus[0], SCHED_BLOCK), boot);
	record = (const u64 *)guest_byte(crab, 0x0b000000);
	assert_int_equal(record[1], 2000000);
}

/* The page, or the table to map it, is missing: none of both stays taken. */
static void test_no_stolen_time(void **state)
{
	static pa_t held[32768];
	struct frame_count before;
	unsigned n = 0;

	(void)state;
	while ((held[n] = frames_take_page(OWNER_EL2, FRAME_EL2, false)).v)
		n++;
	for (unsigned i = 0; i < 2; i++) {
		before = frames_count();
		assert_int_equal(guest_stolen_time(second), 0);
		expect_count(before);
		frames_give_page(OWNER_EL2, held[--n]);
	}
	assert_int_equal(guest_stolen_time(second), 0x0b000040);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory_and_images, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_channels, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_gicv2, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_short_of_memory, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_refused_at_the_last, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_short_of_vmids, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_short_of_queues, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cpu_on, setup_running, world_teardown),
		cmocka_unit_test_setup_teardown(test_cpu_on_while_it_goes_off, setup_running,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_cpu_on_too_late, setup_running,
						world_teardown),
		cmocka_unit_test_setup_teardown(test_stolen_time, setup_running, world_teardown),
		cmocka_unit_test_setup_teardown(test_no_stolen_time, setup_running, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
