// SPDX-License-Identifier: Apache-2.0
// units: guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * guest/oracle.c: it agrees with guests through all of their lives, and says so of each thing that is
 * broken here by hand. Descriptors: Arm ARM D8.3; list registers: IHI 0069, 12.4.8; chunk records: 16
 * bytes each, at the start of RAM here (mm/frames.c).
 */
#include "guest_world.h"
#include "guest/oracle.h"

static struct guest *crab, *eel;
static struct vcpu *a, *b, *c; /* a and b are crab's */
static struct finding finding;

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	/* 2 MiB + 4 KiB: a block and pages */
	world_create(GUEST("crab", "0x201000", "cpus = <2>;") GUEST("eel", "0x201000", ""),
		     CHANNEL("link", "crab", "eel", "0x1000"));
	crab = guest_by_id(0);
	eel = guest_by_id(1);
	a = crab->vcpus[0];
	b = crab->vcpus[1];
	c = eel->vcpus[0];
	return 0;
}

static void expect_good(const struct vcpu *vcpu)
{
	finding.text[0] = 0;
	if (!oracle_all(vcpu, &finding))
		fail_msg("%s", finding.text);
}

/* It finds fault, in these words. */
static void expect_found(bool good, const char *words)
{
	assert_false(good);
	if (!strstr(finding.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, finding.text);
}

/* The entry that maps `ipa`, found by hand: level 2 from the root, level 3 below. */
static u64 *entry_of(struct guest *guest, u64 ipa)
{
	u64 *entry = (u64 *)mmu_pointer(guest->map.root) + (ipa >> 21);

	if ((*entry & 3) == 3)
		entry = (u64 *)mmu_pointer(PA(*entry & 0xfffffffff000)) + (ipa >> 12 & 511);
	return entry;
}

/* crab's vCPU a on pCPU 0, and both guests' memory touched. */
static void start(void)
{
	life_start(crab);
	assert_ptr_equal(play(0, NULL, SCHED_TICK), a);
	for (u64 ipa = 0x40000000; ipa <= 0x40200000; ipa += 0x200000) {
		assert_true(guest_touch(crab, IPA(ipa)));
		assert_true(guest_touch(eel, IPA(ipa)));
	}
	expect_good(a);
}

/* Nothing to find, whatever becomes of guests in good order. */
static void test_lives(void **state)
{
	u64 stolen;

	(void)state;
	expect_good(NULL);
	start();
	stolen = guest_stolen_time(a);
	assert_int_equal(stolen, 0x0b000000);
	expect_good(a);
	assert_int_equal(guest_cpu_on(crab, 1, 0x40080000, 0), VCPU_OFF);
	assert_ptr_equal(play(0, a, SCHED_BLOCK), b);
	expect_good(b);
	life_start(eel);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), c);
	expect_good(c);
	guests_hold();
	assert_null(life_order(eel, LIFE_STOP));
	guests_let_go();
	assert_null(play(1, c, SCHED_TICK));
	expect_good(NULL);
	guests_hold();
	assert_null(life_order(eel, LIFE_DESTROY));
	guests_let_go();
	expect_good(NULL);
	life_end(crab, END_RESET);
	(void)play(0, b, SCHED_END);
	expect_good(NULL);
	life_end(crab, END_EXIT);
	(void)play(0, a, SCHED_END);
	expect_good(NULL);
}

static void test_memory_of_another(void **state)
{
	u64 was;

	(void)state;
	start();
	was = *entry_of(crab, 0x40200000);
	*entry_of(crab, 0x40200000) = *entry_of(eel, 0x40200000);
	expect_found(oracle_guests(&finding), "guest crab: 40200000 leads to");
	*entry_of(crab, 0x40200000) = 0;
	expect_found(oracle_guests(&finding),
		     "guest crab: 512 frames of memory are used, it owns 513");
	*entry_of(crab, 0x40200000) = was;
	expect_good(a);
}

/* Two of its own addresses lead to one frame, another frame to none. */
static void test_mapped_twice(void **state)
{
	(void)state;
	start();
	assert_true(guest_touch(crab, IPA(0x40000000)));
	crab->config.memory_size += 0x1000;
	*entry_of(crab, 0x40201000) = *entry_of(crab, 0x40200000);
	expect_found(oracle_guests(&finding), "514 frames of memory are used, it owns 513");
	*entry_of(crab, 0x40201000) = 0;
	crab->config.memory_size -= 0x1000;
	expect_good(a);
}

/* Of a block given in part, the pages are those of its own chunk, each at its place. */
static void test_part(void **state)
{
	u64 *entry, was;

	(void)state;
	assert_true(guest_in_part(crab, 0x40080000));
	expect_good(NULL);
	entry = entry_of(crab, 0x40080000);
	was = *entry;
	*entry += 0x1000;
	expect_found(oracle_guests(&finding), "guest crab: 40080000 leads to");
	*entry = was;
	expect_good(NULL);
}

static void test_rights(void **state)
{
	static const struct {
		u64 ipa, clear, set;
	} wrong[] = {
		{0x40000000, 0, 1ull << 54}, /* memory that can't be executed */
		{0x40000000, 0x80, 0},	     /* that can't be written */
		{0x40000000, 0x3c, 0x04},    /* a device */
		{0x40000000, 0x300, 0},	     /* not shareable */
		{0x0c000000, 1ull << 54, 0}, /* a channel that can be executed */
	};
	u64 was;

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		u64 *entry = entry_of(crab, wrong[i].ipa);

		was = *entry;
		*entry = (was & ~wrong[i].clear) | wrong[i].set;
		expect_found(oracle_guests(&finding), "is mapped as");
		*entry = was;
	}
	/* EL2's own memory as a device's registers, a page where nothing is, a frame given back */
	*entry_of(crab, 0x0c001000) = 0x800004c7 | 1ull << 54;
	expect_found(oracle_guests(&finding), "c001000 is mapped");
	*entry_of(crab, 0x0c001000) = 0;
	was = *entry_of(crab, 0x40200000);
	*entry_of(crab, 0x40200000) = 0x83fff7ff;
	expect_found(oracle_guests(&finding), "40200000 leads to 83fff000 (owner 65535, use 0)");
	*entry_of(crab, 0x40200000) = was;
	expect_good(a);
}

static void test_tables(void **state)
{
	u64 *root, was;

	(void)state;
	start();
	root = mmu_pointer(crab->map.root);
	was = root[0x200 + 1]; /* the table for 0x40200000 */
	assert_int_equal(was & 3, 3);
	root[0x200 + 1] = ((u64 *)mmu_pointer(eel->map.root))[0x200 + 1];
	expect_found(oracle_guests(&finding), "a stage-2 table at");
	root[0x200 + 1] = 0;
	expect_found(oracle_guests(&finding), "tables, counted are");
	root[0x200 + 1] = 0x10000000000000;
	expect_found(oracle_guests(&finding), "expected 0 or valid");
	root[0x200 + 1] = was;
	expect_good(a);
}

static void test_vmids_and_flushes(void **state)
{
	struct stage2 map;

	(void)state;
	start();
	map = crab->map;
	crab->map.vttbr ^= 1ull << 48;
	expect_found(oracle_guests(&finding), "expected VMID");
	crab->map = map;
	crab->map.broke = false;
	crab->map.vmid = eel->map.vmid;
	crab->map.vttbr = map.root.v | (u64)eel->map.vmid << 48;
	expect_found(oracle_guests(&finding), "is another guest's too");
	crab->map = map;
	/* an entry was taken out, and no flush of this VMID came after that */
	crab->map.broke = true;
	crab->map.flushes = mmu_flushes(crab->map.vmid);
	expect_found(oracle_guests(&finding), "no flush of VMID");
	mmu_flush_ipa(crab->map.vttbr, IPA(0));
	expect_good(a);
}

/* A frame taken for a guest and then forgotten; one given back that is still in use. */
static void test_lost_and_freed(void **state)
{
	pa_t page = {0};

	(void)state;
	start();
	page = frames_take_page(crab->id, FRAME_STATE, false);
	expect_found(oracle_guests(&finding), "frames of state are used, it owns");
	frames_give_page(crab->id, page);
	expect_good(a);
	page = frames_take_page(77, FRAME_MEMORY, false);
	expect_found(oracle_guests(&finding), "is guest 77's, which there is not");
	frames_give_page(77, page);
	page = PA(*entry_of(crab, 0x40200000) & 0xfffffffff000);
	frames_give_page(crab->id, page);
	expect_found(oracle_guests(&finding), "40200000 leads to");
	page = frames_take_page(crab->id, FRAME_MEMORY, false);
	*entry_of(crab, 0x40200000) = page.v | 0x7ff;
	expect_good(a);
}

static void test_frame_records(void **state)
{
	u8 *records = mmu_pointer(PA(RAM_BASE));
	unsigned seen = 0;

	(void)state;
	start();
	/* of each chunk that is in use: its owner, or its count of free frames; its state; its use */
	for (unsigned chunk = 0; chunk < 4; chunk++) {
		u8 *record = records + 16 * chunk;
		bool taken = record[14] == 1;
		u8 fields[3] = {taken ? 8 : 10, 14, taken ? 15 : 14};

		/* RAM was full of 0xa5 bytes: such a record was never written, nor is it read */
		for (unsigned i = 0; record[14] != OLD && i < sizeof(fields); i++) {
			u8 was = record[fields[i]];

			record[fields[i]] ^= 1;
			if (oracle_frames(&finding) && oracle_guests(&finding))
				fail_msg("chunk %u, byte %u of its record", chunk, fields[i]);
			record[fields[i]] = was;
			expect_good(a);
			seen |= 1u << record[14];
		}
	}
	assert_true(seen & 0x2);  /* one taken whole … */
	assert_true(seen & 0x18); /* … and one at the edge */
}

static void test_cpu(void **state)
{
	(void)state;
	start();
	mmu_load_guest(eel->map.vttbr, eel->map.vtcr);
	expect_found(oracle_vcpu(a, &finding), "VTTBR_EL2");
	mmu_load_guest(crab->map.vttbr, crab->map.vtcr);
	crab->last_vcpu[0] = 2;
	expect_found(oracle_vcpu(a, &finding), "TLBs hold vCPU 1's entries of crab");
	crab->last_vcpu[0] = 1;
	expect_found(oracle_vcpu(b, &finding), "which is not loaded here");
	crab->state = GUEST_CRASHED;
	expect_found(oracle_vcpu(a, &finding), "its state is 6");
	crab->state = GUEST_RUNNING;
	expect_good(a);
}

static u32 dist_word(struct vcpu *vcpu, u32 offset, u32 value)
{
	struct mmio mmio = {.offset = offset, .size = 4, .write = true, .value = value};

	assert_true(vgic_distributor(&vcpu->vgic, &mmio));
	return (u32)mmio.value;
}

static void test_vgic(void **state)
{
	struct vgic_cpu *cpu = &a->vgic;
	u64 lr;

	(void)state;
	start();
	dist_word(a, 0x000, 2);		 /* GICD_CTLR: group 1 */
	dist_word(a, 0x08c, 0xffffffff); /* GICD_IGROUPR3 */
	dist_word(a, 0x10c, 0xffffffff); /* GICD_ISENABLER3 */
	dist_word(a, 0xc18, 0xaaaaaaaa); /* GICD_ICFGR6: edges */
	vgic_pulse(&crab->vgic, 96);
	expect_good(a);
	assert_int_equal(cpu->lr_used, 1);
	lr = gic->virt_read_lr(0);
	gic->virt_write_lr(0, lr ^ 8ull << 48);
	expect_found(oracle_vgics(&finding), "list register 0 holds");
	gic->virt_write_lr(0, 0);
	gic->virt_write_lr(1, lr); /* one of the last vCPU's that was not taken out */
	expect_found(oracle_vgics(&finding), "list register 1 holds");
	gic->virt_write_lr(1, 0);
	gic->virt_write_lr(0, lr);
	gic->virt_write_hcr(0);
	expect_found(oracle_vgics(&finding), "ICH_HCR_EL2 is 0");
	gic->virt_write_hcr(cpu->virt.hcr);
	/* the guest acknowledges: a list register may do that */
	gic->virt_write_lr(0, (lr & ~(1ull << 62)) | 1ull << 63);
	expect_good(a);
	gic->virt_write_lr(0, lr);
	crab->vgic.spi[2].listed = 0;
	expect_found(oracle_vgics(&finding), "listed of SPI bank of 2 is 0, expected 1");
	crab->vgic.spi[2].listed = 1;
	crab->vgic.spi[2].enabled = 0;
	expect_found(oracle_vgics(&finding), "INTID 96 is listed");
	crab->vgic.spi[2].enabled = ~0u;
	crab->vgic.spi[2].latch |= 2; /* INTID 97: nobody was told */
	expect_found(oracle_vgics(&finding), "INTID 97 is pending, and in no list register");
	crab->vgic.spi[2].latch = 0;
	cpu->virt.lr[2] = lr;
	cpu->lr_used |= 4;
	expect_found(oracle_vgics(&finding), "INTID 96 stands in list register 0 of vCPU 0 and 2");
	cpu->lr_used = 1;
	expect_good(a);
}

static void test_queues(void **state)
{
	(void)state;
	start();
	a->sched.state = SCHED_BLOCKED; /* and is on its way into the guest */
	expect_found(oracle_all(a, &finding), "run queues: pCPU: current does not run");
	a->sched.state = SCHED_RUNNING;
	expect_good(a);
}

/* After a trap only what has changed is looked at; but that is. */
static void test_after_a_trap(void **state)
{
	(void)state;
	start();
	oracle_trap(a);
	oracle_trap(a);
	frames_give_page(crab->id, PA(*entry_of(crab, 0x40200000) & 0xfffffffff000));
	assert_true(PANICS(oracle_trap(a)));
	assert_non_null(strstr(panic_text, "oracle: guest crab: 40200000 leads to"));
}

/* After a panic nothing is in order any more. */
static int leave(void **state)
{
	(void)state;
	free(world.blob);
	world.blob = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_memory_of_another, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_mapped_twice, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_part, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_rights, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_tables, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_vmids_and_flushes, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_lost_and_freed, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_frame_records, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cpu, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_vgic, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_after_a_trap, setup, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
