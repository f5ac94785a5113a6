// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual GIC, one behaviour a test: registers by their number, list registers bit by bit, and
 * the races between vCPUs on different pCPUs. Every value is from IHI 0048 or IHI 0069. What follows
 * from long sequences is test_vgic_random.c's.
 */
// units: vdev/vgic.c vdev/vgic_lr.c vdev/vgic_dist.c vdev/vgic_emul.c vdev/vgic_check.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "board/gic_model.h"
#include "vdev/vgic.h"

#define CPUS 3

static struct vgic vgic;
static struct vgic_cpu cpu[CPUS];
static struct sched_entity entity[CPUS];
static u32 woken, kicked;
static bool timer_high;

void sched_wake(struct sched_entity *e)
{
	woken |= 1u << (e - entity);
}

void sched_kick(unsigned pcpu)
{
	kicked |= 1u << pcpu;
}

static bool timer_line(struct vgic_cpu *c, u32 intid, bool *level)
{
	(void)c;
	*level = timer_high;
	return intid == 27;
}

/* cpus vCPUs, none loaded. */
static void begin(unsigned version, bool emulated, unsigned cpus, unsigned lrs)
{
	standin_pcpu_reset();
	standin_on_wait = NULL;
	model_random = 0;
	model_init(emulated ? 3 : version, lrs);
	vgic_init(&vgic, version, emulated, cpus);
	for (unsigned i = 0; i < cpus; i++)
		vgic_init_cpu(&vgic, &cpu[i], i, &entity[i]);
	woken = kicked = 0;
	timer_high = false;
}

static void on(unsigned vcpu)
{
	standin_pcpu_set(vcpu);
}

/* vCPU i on pCPU i. */
static void load_all(unsigned cpus)
{
	for (unsigned i = 0; i < cpus; i++) {
		on(i);
		vgic_load(&cpu[i]);
		/* The guest: priority mask open, both groups on. */
		if (!vgic.emulated)
			model_set_vmcr(0xf84c0003);
	}
	on(0);
}

static bool access(unsigned vcpu, bool redist, struct mmio *mmio)
{
	return redist ? vgic_redistributor(&cpu[vcpu], mmio) : vgic_distributor(&cpu[vcpu], mmio);
}

static void write_as(unsigned vcpu, u64 offset, u64 value, unsigned size)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .write = true, .value = value};

	assert_true(vgic_distributor(&cpu[vcpu], &mmio));
}

static void gicd(u64 offset, u32 value)
{
	write_as(0, offset, value, 4);
}

static u64 gicd_read(u64 offset, unsigned size)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = 0xdead};

	assert_true(access(0, false, &mmio));
	if (offset < VGIC_PLAIN && offset % 4 == 0 && size == 4)
		assert_int_equal(vgic_read_plain(&cpu[0], (u32)offset), mmio.value);
	return mmio.value;
}

static void gicr(u64 offset, u32 value)
{
	struct mmio mmio = {.offset = offset, .size = 4, .write = true, .value = value};

	assert_true(access(0, true, &mmio));
}

static u64 gicr_read(u64 offset, unsigned size)
{
	struct mmio mmio = {.offset = offset, .size = (u8)size, .value = 0xdead};

	assert_true(access(0, true, &mmio));
	return mmio.value;
}

static u32 gicc(u64 offset)
{
	struct mmio mmio = {.offset = offset, .size = 4};

	assert_true(vgic_cpu_interface(&cpu[0], &mmio));
	return (u32)mmio.value;
}

static void gicc_write(u64 offset, u32 value)
{
	struct mmio mmio = {.offset = offset, .size = 4, .write = true, .value = value};

	assert_true(vgic_cpu_interface(&cpu[0], &mmio));
}

/* --- Registers ------------------------------------------------------------------------------ */

static void test_identification(void **state)
{
	struct mmio mmio = {.size = 4};

	(void)state;
	begin(3, false, 3, 4);
	load_all(3);
	assert_int_equal(gicd_read(0x0, 4), 0x50); /* DS, ARE */
	gicd(0x0, 0xffffffff);
	assert_int_equal(gicd_read(0x0, 4), 0x53);
	assert_int_equal(gicd_read(0x4, 4), 0x03480003); /* No1N, A3V, IDbits 10, 128 lines */
	assert_int_equal(gicd_read(0x8, 4), 0x43b);
	assert_int_equal(gicd_read(0xffe8, 4), 0x3b); /* architecture 3 */
	assert_int_equal(gicd_read(0xfff0, 4), 0x0d);
	assert_int_equal(gicd_read(0xfe8, 4), 0);
	assert_int_equal(gicr_read(0x8, 8), 0x0000000000000000);
	assert_int_equal(gicr_read(0x20008, 8), 0x0000000100000100);
	assert_int_equal(gicr_read(0x40008, 8), 0x0000000200000210); /* Last */
	assert_int_equal(gicr_read(0x40008, 4), 0x210);
	assert_int_equal(gicr_read(0x4000c, 4), 0x2);
	assert_int_equal(gicr_read(0x4, 4), 0x43b);
	assert_int_equal(gicr_read(0xffe8, 4), 0x3b);
	assert_int_equal(gicr_read(0x8, 2), 0);
	assert_int_equal(gicr_read(0x14, 4), 6); /* asleep */
	gicr(0x14, 0);
	assert_int_equal(gicr_read(0x14, 4), 0);
	assert_int_equal(gicr_read(0x20014, 4), 6);
	gicr(0x14, 2);
	assert_int_equal(gicr_read(0x14, 4), 6);
	mmio.offset = 0x60000;
	assert_false(vgic_redistributor(&cpu[0], &mmio));
	mmio.offset = 0x10000;
	assert_false(vgic_distributor(&cpu[0], &mmio));

	begin(2, false, 3, 4);
	load_all(3);
	gicd(0x0, 0xffffffff);
	assert_int_equal(gicd_read(0x0, 4), 3);
	assert_int_equal(gicd_read(0x4, 4), 0x43);   /* 3 CPUs, 128 lines */
	assert_int_equal(gicd_read(0xfe8, 4), 0x2b); /* architecture 2 */
	assert_int_equal(gicd_read(0xfd0, 4), 0x04);
	mmio.offset = 0x1000;
	assert_false(vgic_distributor(&cpu[0], &mmio));
	mmio.offset = 0;
	assert_false(vgic_redistributor(&cpu[0], &mmio));
}

static void test_registers_v3(void **state)
{
	(void)state;
	begin(3, false, 2, 4);
	load_all(2);
	gicd(0x84, 0xa5a5a5a5);
	assert_int_equal(gicd_read(0x84, 4), 0xa5a5a5a5);
	gicd(0x80, 0xffffffff); /* banked: in the redistributor */
	assert_int_equal(gicd_read(0x80, 4), 0);
	gicd(0x104, 0x0f0f0000);
	gicd(0x104, 0x000000ff);
	assert_int_equal(gicd_read(0x184, 4), 0x0f0f00ff);
	gicd(0x184, 0x0f00000f);
	assert_int_equal(gicd_read(0x104, 4), 0x000f00f0);
	gicd(0x110, 0xffffffff); /* beyond 128 lines */
	assert_int_equal(gicd_read(0x110, 4), 0);
	gicd(0x420, 0xffffffff); /* five bits of priority */
	assert_int_equal(gicd_read(0x420, 4), 0xf8f8f8f8);
	write_as(0, 0x422, 0x87, 1);
	assert_int_equal(gicd_read(0x420, 4), 0xf880f8f8);
	assert_int_equal(gicd_read(0x422, 1), 0x80);
	assert_int_equal(gicd_read(0x422, 2), 0); /* no halfwords */
	write_as(0, 0x104, 0xffffffffffffffff, 8);
	assert_int_equal(gicd_read(0x104, 4), 0x000f00f0);
	assert_int_equal(gicd_read(0x105, 1), 0);
	gicd(0x480, 0xffffffff);
	assert_int_equal(gicd_read(0x480, 4), 0);
	gicd(0xc08, 0xffffffff);
	assert_int_equal(gicd_read(0xc08, 4), 0xaaaaaaaa);
	gicd(0xc00, 0xffffffff);
	assert_int_equal(gicd_read(0xc00, 4), 0);
	gicd(0x820, 0x01010101); /* no ITARGETSR, no SGIR, no NSACR */
	assert_int_equal(gicd_read(0x820, 4), 0);
	gicd(0xe08, 0xffffffff);
	assert_int_equal(gicd_read(0xe08, 4), 0);
	write_as(0, 0x6100, 0xff8000000f, 8); /* no 1 of N: IRM is RES0 */
	assert_int_equal(gicd_read(0x6100, 8), 0xff0000000f);
	write_as(0, 0x6104, 0, 4);
	write_as(0, 0x6100, 0x00010203, 4);
	assert_int_equal(gicd_read(0x6100, 8), 0x10203);
	assert_int_equal(gicd_read(0x6104, 4), 0);
	assert_int_equal(gicd_read(0x6101, 1), 0);
	assert_int_equal(gicd_read(0x60f8, 8), 0); /* INTID 31 */
	assert_int_equal(gicd_read(0x6400, 8), 0); /* INTID 128 */

	gicr(0x30080, 0xffff0000);
	assert_int_equal(gicr_read(0x30080, 4), 0xffff0000);
	assert_int_equal(gicr_read(0x10080, 4), 0); /* the other vCPU's */
	assert_int_equal(gicr_read(0x10084, 4), 0);
	assert_int_equal(gicr_read(0x10c00, 4), 0xaaaaaaaa);
	gicr(0x10c00, 0);
	gicr(0x10c04, 0xffffffff); /* our PPIs stay level-sensitive */
	assert_int_equal(gicr_read(0x10c00, 4), 0xaaaaaaaa);
	assert_int_equal(gicr_read(0x10c04, 4), 0);
	gicr(0x1041c, 0x12345678);
	assert_int_equal(gicr_read(0x1041c, 4), 0x10305078);
	assert_int_equal(gicr_read(0x1041e, 1), 0x30);
	gicr(0x10420, 0xffffffff);
	assert_int_equal(gicr_read(0x10420, 4), 0);
	assert_int_equal(gicr_read(0x10000, 4), 0);
}

static void test_registers_v2(void **state)
{
	(void)state;
	begin(2, false, 3, 4);
	load_all(3);
	assert_int_equal(gicd_read(0x100, 4), 0xffff); /* SGIs are always enabled */
	gicd(0x180, 0xffffffff);
	assert_int_equal(gicd_read(0x100, 4), 0xffff);
	gicd(0x820, 0xffffffff);
	assert_int_equal(gicd_read(0x820, 4), 0x07070707);
	write_as(0, 0x821, 2, 1);
	assert_int_equal(gicd_read(0x820, 4), 0x07070207);
	assert_int_equal(gicd_read(0x800, 4), 0x01010101);
	gicd(0x800, 0);
	assert_int_equal(gicd_read(0x81c, 4), 0x01010101);
	assert_int_equal(gicd_read(0x880, 4), 0);
	gicd(0x200, 0xffffffff); /* not SGIs: SPENDSGIR is for them */
	assert_int_equal(gicd_read(0x200, 4), 0xffff0000);
	write_as(0, 0xf25, 0xfe, 1); /* SGI 5 from CPUs 1 and 2 */
	assert_int_equal(gicd_read(0xf24, 4), 0x0600);
	assert_int_equal(gicd_read(0xf15, 1), 0x06);
	assert_int_equal(gicd_read(0x200, 4), 0xffff0020);
	gicd(0xf14, 0x0200);
	assert_int_equal(gicd_read(0xf14, 4), 0x0400);
	assert_int_equal(gicd_read(0xf00, 4), 0);

	begin(2, false, 1, 4);
	load_all(1);
	gicd(0x820, 0x01010101); /* one CPU: RAZ/WI */
	assert_int_equal(gicd_read(0x820, 4), 0);
	assert_int_equal(gicd_read(0x800, 4), 0);
}

/* --- List registers ------------------------------------------------------------------------- */

static void test_level_line(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x84, 2); /* 33: group 1, priority 0xa0 */
	write_as(0, 0x421, 0xa0, 1);
	vgic_set_line(&vgic, 0, 33, true);
	assert_int_equal(gicd_read(0x204, 4), 2); /* seen while disabled */
	assert_int_equal(model_lr(0), 0);
	vgic_set_line(&vgic, 0, 33, false);
	assert_int_equal(gicd_read(0x204, 4), 0);
	vgic_set_line(&vgic, 0, 33, true);
	gicd(0x104, 2);
	/* pending, group 1, priority a0, EOI maintenance */
	assert_int_equal(model_lr(0), 0x50a0020000000021);
	assert_true(vgic_wakes(&cpu[0]));
	assert_int_equal(model_ack(1), 33);
	assert_false(vgic_wakes(&cpu[0]));
	assert_int_equal(gicd_read(0x204, 4), 2);
	assert_int_equal(gicd_read(0x304, 4), 2);
	model_eoi(1, 33); /* the line is still high */
	assert_true(model_maintenance());
	vgic_maintenance(&cpu[0]);
	assert_false(model_maintenance());
	assert_int_equal(model_ack(1), 33);
	vgic_set_line(&vgic, 0, 33, false); /* served: no maintenance interrupt */
	assert_int_equal(model_lr(0), 0x90a0000000000021);
	model_eoi(1, 33);
	assert_false(model_maintenance());
	assert_int_equal(gicd_read(0x304, 4), 0);
}

static void test_line_falls_while_pending(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	vgic_set_line(&vgic, 0, 34, true);
	assert_true(model_fiq()); /* group 0 */
	vgic_set_line(&vgic, 0, 34, false);
	assert_false(model_fiq());
	gicd(0x204, 4); /* by ISPENDR it stays pending whatever the line does */
	vgic_set_line(&vgic, 0, 34, true);
	vgic_set_line(&vgic, 0, 34, false);
	assert_true(model_fiq());
	gicd(0x284, 4);
	assert_false(model_fiq());
}

static void test_distributor_off(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicr(0x10080, 0xffffffff);
	gicr(0x10100, 0xffffffff);
	vgic_send_sgi(&cpu[0], 0x5000001, true);
	assert_false(model_irq());
	gicd(0x0, 1); /* the other group */
	assert_false(model_irq());
	gicd(0x0, 2);
	assert_true(model_irq());
	gicd(0x0, 0);
	assert_false(model_irq());
	assert_int_equal(gicr_read(0x10200, 4), 0x20);
}

/* The round of a self-SGI touches one list register, once. */
static void test_fast_sgi(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicr(0x10080, 0xffffffff);
	gicr(0x10100, 0xffff);
	for (unsigned i = 0; i < 3; i++) {
		unsigned before = model_writes;

		vgic_send_sgi(&cpu[0], 0x7000001, true);
		assert_int_equal(model_writes - before, 1);
		assert_int_equal(model_lr(0), 0x5000000000000007);
		assert_int_equal(model_ack(1), 7);
		vgic_send_sgi(&cpu[0], 0x7000001, true); /* once more, while active */
		assert_int_equal(model_lr(0), 0xd000000000000007);
		model_eoi(1, 7);
		assert_int_equal(model_ack(1), 7);
		model_eoi(1, 7);
		assert_int_equal(model_ack(1), 1023);
	}
}

static void test_sgi_targets(void **state)
{
	(void)state;
	begin(3, false, 3, 4);
	load_all(3);
	gicd(0x0, 3);
	for (unsigned i = 0; i < 3; i++) {
		gicr(0x10100 + 0x20000 * i, 0xffff);
		gicr(0x10080 + 0x20000 * i, 0x00ff); /* 8..15 are group 0 */
	}
	kicked = 0;
	vgic_send_sgi(&cpu[0], 0x1000006, true);
	assert_int_equal(kicked, 6);
	vgic_send_sgi(&cpu[0], 0x10002000000, true); /* all but self */
	vgic_send_sgi(&cpu[0], 0x0003000000 | 0xffff, true);
	vgic_send_sgi(&cpu[0], 0x4000001, false); /* SGI0R: not group 1's */
	vgic_send_sgi(&cpu[0], 0x9000001, false);
	vgic_send_sgi(&cpu[0], 0xa000001, true); /* SGI1R: either group's */
	vgic_send_sgi(&cpu[0], 0xb010001, true); /* other clusters */
	vgic_send_sgi(&cpu[0], 0x010b000001, true);
	vgic_send_sgi(&cpu[0], 0x000100000b000001, true);
	vgic_send_sgi(&cpu[0], 0x10000b000001, true); /* Aff0 16.. */
	assert_int_equal(gicr_read(0x10200, 4), 0x0608);
	assert_int_equal(gicr_read(0x30200, 4), 0x000e);
	assert_int_equal(gicr_read(0x50200, 4), 0x000e);
}

/* Five nested interrupts with two list registers; then more pending ones than list registers. */
static void test_overflow(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x84, 0xff);
	gicd(0x104, 0xff);
	gicd(0x420, 0x20304050); /* 32..35: 50, 40, 30, 20 */
	gicd(0x424, 0x18181810); /* 36: 10 */
	for (u32 i = 32; i <= 36; i++) {
		vgic_set_line(&vgic, 0, i, true);
		assert_int_equal(model_ack(1), i);
		vgic_set_line(&vgic, 0, i, false);
	}
	assert_true(model_traps_dir());
	assert_int_equal(gicd_read(0x304, 4), 0x1f);
	for (u32 i = 36; i >= 32; i--) {
		assert_int_equal(model_rpr(), i == 36 ? 0x10 : 0x20 + 0x10 * (35 - i));
		model_eoi(1, i);
		if (model_maintenance())
			vgic_maintenance(&cpu[0]);
		assert_int_equal(gicd_read(0x304, 4), 0x1f >> (37 - i));
	}
	assert_false(model_traps_dir());
	gicd(0xc08, 0xaaaa); /* edges */
	for (u32 i = 32; i <= 36; i++) {
		vgic_set_line(&vgic, 0, i, true);
		vgic_set_line(&vgic, 0, i, false);
	}
	for (u32 i = 36; i >= 32; i--) {
		assert_int_equal(model_ack(1), i);
		model_eoi(1, i);
		if (model_maintenance())
			vgic_maintenance(&cpu[0]);
	}
	assert_int_equal(model_hcr(), 1);
	assert_int_equal(model_ack(1), 1023);
}

/* A WFI may come before the maintenance interrupt: what that would have brought wakes its vCPU. */
static void test_sleep_before_maintenance(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		begin(3, false, 1, 2);
		load_all(1);
		gicd(0x0, 3);
		gicd(0x84, 0xff);
		gicd(0x104, 0xff);
		gicd(0xc08, more ? 0xaaaa : 0xaaa8); /* 32 by level, or all by edge */
		for (u32 i = 32; i < 33 + 2 * more; i++) {
			vgic_set_line(&vgic, 0, i, true);
			vgic_set_line(&vgic, 0, i, i == 32 && !more);
		}
		for (u32 i = 32; i < 33 + more; i++) {
			assert_int_equal(model_ack(1), i);
			model_eoi(1, i);
		}
		assert_true(model_maintenance());
		woken = 0;
		vgic_save(&cpu[0]);
		assert_int_equal(woken, 1);
	}
	/* one that was all there was, and one that still waits where it is listed: nobody */
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	gicd(0xc08, 0xaaaa);
	vgic_set_line(&vgic, 0, 32, true);
	assert_int_equal(model_ack(0), 32);
	model_eoi(0, 32);
	model_set_vmcr(0x004c0003); /* its priority mask lets none through */
	vgic_set_line(&vgic, 0, 33, true);
	woken = 0;
	vgic_save(&cpu[0]);
	assert_int_equal(woken, 0);
}

/* The same, where the guest has turned a group on or off just before. */
static void test_sleep_after_groups(void **state)
{
	static const struct {
		u32 group1, before, after;
	} turns[] = {{0xf0, 0, 1}, {0xf0, 0, 2}, {0xf0, 2, 3},
		     {0xf0, 1, 2}, {0x03, 3, 1}, {0xf0, 1, 0}};

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(turns); i++) {
		begin(2 + i % 2, false, 1, 2);
		load_all(1);
		model_set_vmcr(0xf84c0000 | turns[i / 2].before);
		gicd(0x0, 3);
		gicd(0x84, turns[i / 2].group1);
		gicd(0x104, 0xff);
		gicd(0xc08, 0xaaaa);
		for (u32 n = 32; n < 40; n++)
			vgic_set_line(&vgic, 0, n, true);
		assert_false(model_maintenance());
		model_set_vmcr(0xf84c0000 | turns[i / 2].after);
		assert_int_equal(model_maintenance(), turns[i / 2].after != 0);
		woken = 0;
		if (vgic_wakes(&cpu[0]))
			woken = 1;
		else
			vgic_save(&cpu[0]);
		/* both off: there is nothing to wake for */
		assert_int_equal(woken, turns[i / 2].after != 0);
	}
}

/* And where it has ended one that no list register had room for, and that is pending anew. */
static void test_sleep_after_eoi_count(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 7);
	gicd(0x420, 0x00204080);
	gicd(0xc08, 0x28); /* 32 by level, 33 and 34 by edge */
	for (u32 n = 32; n < 35; n++) {
		vgic_set_line(&vgic, 0, n, true);
		assert_int_equal(model_ack(0), n);
	}
	for (u32 n = 35; n-- > 32;)
		model_eoi(0, n);
	assert_true(model_maintenance());
	assert_false(vgic_wakes(&cpu[0]));
	woken = 0;
	vgic_save(&cpu[0]);
	assert_int_equal(woken, 1);
	vgic_load(&cpu[0]);
	vgic_maintenance(&cpu[0]);
	assert_int_equal(model_ack(0), 32);
}

/* With group 1 off that group 0 goes off is not asked for: QEMU takes the one for the other. */
static void test_overflow_of_group_0(void **state)
{
	/* by VENG1, VENG0; of ICH_HCR_EL2 VGrp1DIE, VGrp1EIE, VGrp0DIE, VGrp0EIE */
	static const u32 expected[] = {0x50, 0x40, 0x90, 0xa0};

	(void)state;
	for (u32 groups = 1; groups < 4; groups++) {
		begin(3, false, 1, 2);
		load_all(1);
		model_set_vmcr(0xf84c0000 | groups);
		gicd(0x0, 3);
		gicd(0x84, 0xf0);
		gicd(0x104, 0xff);
		gicd(0xc08, 0xaaaa);
		for (u32 i = 32; i < 40; i++)
			vgic_set_line(&vgic, 0, i, true);
		assert_int_equal(model_hcr() & 0xf0, expected[groups]);
	}
}

/* EOImode 1: any vCPU may deactivate an SPI, not only the one whose list register has it. */
static void test_dir_elsewhere(void **state)
{
	(void)state;
	begin(3, false, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	gicd(0x104, 1);
	gicd(0x420, 0xa0);
	for (unsigned i = 2; i-- > 0;) {
		on(i);
		model_set_vmcr(0xf84c0203);
	}
	vgic_set_line(&vgic, 0, 32, true);
	vgic_set_line(&vgic, 0, 32, false);
	assert_int_equal(model_ack(0), 1023); /* group 0, and that by level: gone */
	gicd(0x204, 1);
	assert_int_equal(model_ack(0), 32);
	model_eoi(0, 32);
	assert_int_equal(gicd_read(0x304, 4), 1);
	on(1);
	assert_true(model_traps_dir());
	model_set_vmcr(0xf84c0003);
	vgic_dir(&cpu[1], 32); /* EOImode 0: ignored */
	on(0);
	assert_int_equal(gicd_read(0x304, 4), 1);
	on(1);
	model_set_vmcr(0xf84c0203);
	vgic_dir(&cpu[1], 32);
	on(0);
	vgic_refresh(&cpu[0]);
	assert_int_equal(gicd_read(0x304, 4), 0);
	begin(3, false, 1, 4); /* nobody else: need not trap */
	load_all(1);
	assert_false(model_traps_dir());
}

/* A vCPU that sleeps wakes when another makes what it already lists urgent enough. */
static void test_priority_wakes(void **state)
{
	(void)state;
	begin(3, false, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	gicr(0x30100, 0x80);
	gicr(0x30404, 0x80000000);
	gicr(0x30200, 0x80);
	vgic_maintenance(&cpu[0]);
	on(1);
	model_set_vmcr(0x804c0003); /* mask 0x80 */
	vgic_refresh(&cpu[1]);
	assert_false(vgic_wakes(&cpu[1]));
	vgic_save(&cpu[1]);
	on(0);
	woken = 0;
	gicr(0x30404, 0x78000000);
	assert_int_equal(woken, 2);
	assert_true(vgic_wakes(&cpu[1]));
}

/* An EOI of what is in no list register: the best of those that are not listed ends. */
static void test_eoi_count(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	gicd(0x420, 0x20304050);
	for (u32 i = 32; i <= 35; i++) {
		vgic_set_line(&vgic, 0, i, true);
		assert_int_equal(model_ack(0), i);
		vgic_set_line(&vgic, 0, i, false);
	}
	vgic_maintenance(&cpu[0]);
	assert_int_equal(model_hcr() & 6, 6); /* UIE, LRENPIE */
	model_eoi(0, 33);		      /* not listed: EOIcount */
	assert_int_equal(model_hcr() >> 27, 1);
	assert_true(model_maintenance());
	vgic_maintenance(&cpu[0]);
	assert_int_equal(model_hcr() >> 27, 0);
	assert_int_equal(gicd_read(0x304, 4), 0xd);
}

/* An active interrupt that is pending again must not get before better ones that have no room. */
static void test_pending_again(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	gicd(0xc08, 0xaaaa);
	gicd(0x420, 0x00201040); /* 32: 40, 33: 10, 34: 20 */
	vgic_set_line(&vgic, 0, 32, true);
	assert_int_equal(model_ack(0), 32);
	vgic_set_line(&vgic, 0, 32, false);
	for (u32 i = 32; i <= 34; i++)
		vgic_set_line(&vgic, 0, i, true);
	model_eoi(0, 32);
	for (u32 i = 0; i < 3; i++) {
		if (model_maintenance())
			vgic_maintenance(&cpu[0]);
		assert_int_equal(model_ack(0), i == 2 ? 32 : 33 + i);
		model_eoi(0, i == 2 ? 32 : 33 + i);
	}
}

/* With a binary point of 7 group 1 preempts everything: the one taken last is not that of the
 * highest priority, but it is the one to be ended next. */
static void test_binary_point(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	model_set_vmcr(0xf85c0003); /* VBPR1 7 */
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	gicd(0xc08, 0xaaaa);
	gicd(0x84, 4); /* 34: group 1 */
	gicd(0x420, 0x70602030);
	for (u32 i = 32; i <= 34; i++) {
		vgic_set_line(&vgic, 0, i, true);
		if (model_maintenance())
			vgic_maintenance(&cpu[0]);
		assert_int_equal(model_ack(i == 34), i);
	}
	vgic_set_line(&vgic, 0, 35, true);
	assert_int_equal(model_lr(0), 0x9060000000000022); /* 34 keeps its list register */
	model_eoi(1, 34);
	if (model_maintenance())
		vgic_maintenance(&cpu[0]);
	assert_int_equal(gicd_read(0x304, 4), 3);
}

/* The guest ends a level-sensitive interrupt, and is off its pCPU before the maintenance interrupt. */
static void test_save_before_maintenance(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	vgic_set_line(&vgic, 0, 32, true);
	assert_int_equal(model_ack(0), 32);
	model_eoi(0, 32);
	vgic_save(&cpu[0]);
	vgic_load(&cpu[0]);
	assert_int_equal(model_ack(0), 32);
}

static void test_dir(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	model_set_vmcr(0xf84c0203); /* EOImode 1 */
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	vgic_set_line(&vgic, 0, 32, true);
	assert_int_equal(model_ack(0), 32);
	model_eoi(0, 32);
	assert_int_equal(model_ack(0), 1023); /* active still */
	vgic_dir(&cpu[0], 32);
	assert_int_equal(model_ack(0), 32); /* its line is high */
	vgic_set_line(&vgic, 0, 32, false);
	model_eoi(0, 32);
	vgic_dir(&cpu[0], 32);
	assert_int_equal(gicd_read(0x304, 4), 0);
	vgic_dir(&cpu[0], 0xffffff); /* no such */
	vgic_dir(&cpu[0], 1019);

	begin(2, false, 2, 4);
	load_all(2);
	model_set_vmcr(0xf84c0201);
	gicd(0x0, 1);
	write_as(0, 0xf21, 3, 1); /* SGI 1 from both CPUs */
	/* pending, CPUID 0, EOI maintenance: then comes CPU 1's */
	assert_int_equal(model_lr(0), 0x4000020000000001);
	assert_int_equal(model_ack(0), 0x001);
	model_eoi(0, 0x001);
	assert_int_equal(model_ack(0), 1023);
	gicc_write(0x1000, 0x001);
	assert_int_equal(model_lr(0), 0x4000000100000001);
	assert_int_equal(model_ack(0), 0x401);
	model_eoi(0, 0x401);
	gicc_write(0x1000, 0x001); /* not that source */
	assert_int_equal(gicd_read(0x300, 4), 2);
	gicc_write(0x1000, 0x401);
	assert_int_equal(gicd_read(0x300, 4), 0);
	assert_int_equal(gicc(0x0c), 0);
}

static void test_sgir_v2(void **state)
{
	(void)state;
	begin(2, false, 3, 4);
	load_all(3);
	gicd(0x0, 1);
	write_as(1, 0xf00, 0x00030002, 4); /* list: CPUs 0, 1 */
	write_as(1, 0xf00, 0x01000003, 4); /* all but self */
	write_as(1, 0xf00, 0x02000004, 4); /* self */
	write_as(1, 0xf00, 0x03070005, 4); /* reserved */
	assert_int_equal(gicd_read(0xf20, 4), 0x02020000);
	assert_int_equal(gicd_read(0xf24, 4), 0);
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(0), 0x402);
	model_eoi(0, 0x402);
	assert_int_equal(model_ack(0), 0x404);
}

/* --- The timer ------------------------------------------------------------------------------ */

static void test_timer(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicr(0x10080, 0xffffffff);
	gic->set_active(30, true); /* as the acknowledge of the physical PPI 30 left it */
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_false(model_irq()); /* disabled: it waits, and the PPI stays active */
	assert_true(vgic_timer_busy(&cpu[0]));
	assert_true(model_active(30));
	gicr(0x10100, 1u << 27);
	assert_int_equal(model_lr(0), 0x7000001e0000001b); /* pending, HW, group 1 */
	assert_int_equal(model_ack(1), 27);
	assert_true(vgic_timer_busy(&cpu[0]));
	vgic_save(&cpu[0]);
	assert_true(model_is_clean());
	assert_true(vgic_timer_busy(&cpu[0]));
	vgic_load(&cpu[0]);
	model_eoi(1, 27);
	assert_false(model_active(30));
	assert_false(vgic_timer_busy(&cpu[0]));

	/* Ended by ICACTIVER: hardware doesn't see it, so the PPI is let go here. */
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_int_equal(model_ack(1), 27);
	gicr(0x10380, 1u << 27);
	assert_false(model_active(30));
	assert_false(vgic_timer_busy(&cpu[0]));
}

/* The guest turns its timer off without a trap. */
static void test_timer_line(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	vgic.line_now = timer_line;
	load_all(1);
	gicd(0x0, 3);
	timer_high = true;
	assert_int_equal(gicr_read(0x10200, 4), 1u << 27);
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	timer_high = false;
	assert_int_equal(gicr_read(0x10200, 4), 0);
	gicr(0x10100, 1u << 27);
	assert_false(model_fiq());
	assert_false(model_active(30)); /* or it could never come again */
}

static void test_timer_unloaded(void **state)
{
	(void)state;
	begin(3, false, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	gicr(0x30100, 1u << 27);
	vgic_inject_timer(&cpu[1], 27,
			  30); /* a soft timer that came late: it is loaded elsewhere */
	assert_false(vgic_timer_busy(&cpu[1]));
	on(1);
	vgic_save(&cpu[1]);
	on(0);
	woken = 0;
	vgic_inject_timer(&cpu[1], 27, 30);
	assert_int_equal(woken, 2);
	assert_true(vgic_timer_busy(&cpu[1]));
	on(2);
	vgic_load(&cpu[1]);
	assert_true(model_active(30));
	assert_int_equal(model_lr(0), 0x6000001e0000001b);
	assert_true(vgic_wakes(&cpu[1]));
}

/* An interrupt that was pending by ISPENDR leaves nothing of that in its list register. */
static void test_timer_after_latch(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	vgic.line_now = timer_line;
	load_all(1);
	gicd(0x0, 3);
	gicr(0x10100, 1u << 27);
	gicr(0x10200, 1u << 27);
	assert_int_equal(model_ack(0), 27);
	model_eoi(0, 27);
	timer_high = true;
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_true(model_fiq());
	timer_high = false;
	vgic_maintenance(&cpu[0]);
	assert_false(model_fiq());
	assert_int_equal(gicr_read(0x10200, 4), 0);
}

/* It fires again while the vCPU is off its pCPU with the interrupt active and disabled. */
static void test_timer_active_unloaded(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	model_set_vmcr(0xf84c0201); /* EOImode 1 */
	gicd(0x0, 3);
	gicr(0x10100, 1u << 27);
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_int_equal(model_ack(0), 27);
	gicr(0x10180, 1u << 27);
	model_eoi(0, 27);
	vgic_save(&cpu[0]);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	vgic_load(&cpu[0]);
	model_dir(27);
	assert_int_equal(gicr_read(0x10300, 4), 0);
}

static void fire_timer(void)
{
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
}

static void take(u32 intid)
{
	assert_int_equal(model_ack(1), intid);
	model_eoi(1, intid);
}

/* The timer and an SGI come again and again, and what the guest changes in between counts. */
static void test_again(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicr(0x10080, 0xffffffff);
	gicr(0x10100, 1u << 27 | 1u << 3);
	for (unsigned i = 0; i < 3; i++) {
		fire_timer();
		assert_int_equal(model_lr(0), 0x7000001e0000001b);
		take(27);
		vgic_send_sgi(&cpu[0], 0x3000001, true);
		assert_int_equal(model_lr(1), 0x5000000000000003);
		vgic_send_sgi(&cpu[0], 0x3000001, true); /* still pending: once is enough */
		take(3);
		assert_false(model_irq());
	}
	gicr(0x10418, 0x80000000); /* the timer's priority */
	gicr(0x10400, 0x40000000); /* the SGI's */
	fire_timer();
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	take(3);
	take(27);
	gicr(0x10180, 1u << 27 | 1u << 3);
	fire_timer();
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	assert_false(model_irq());
	gicr(0x10100, 1u << 27 | 1u << 3);
	take(3);
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	assert_int_equal(model_ack(1), 3);
	vgic_send_sgi(&cpu[0], 0x3000001, true); /* while active: pending once it ends */
	assert_false(model_irq());
	model_eoi(1, 3);
	take(3);
	take(27);
	/* Made pending by hand as well: once by hand, once by its line. */
	gicr(0x10200, 1u << 27);
	fire_timer();
	take(27);
	fire_timer();
	take(27);
	assert_false(model_irq());
	/* What is still pending when the vCPU leaves is so when it is back. */
	fire_timer();
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	vgic_save(&cpu[0]);
	vgic_load(&cpu[0]);
	take(3);
	take(27);
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	fire_timer();
	take(3);
	take(27);
	assert_false(model_irq());
	assert_false(model_active(30));
	/* What was active when it left, and ended since. */
	for (unsigned i = 0; i < 2; i++) {
		vgic_send_sgi(&cpu[0], 0x3000001, true);
		assert_int_equal(model_ack(1), 3);
		vgic_save(&cpu[0]);
		vgic_load(&cpu[0]);
		model_eoi(1, 3);
		assert_false(model_irq());
	}
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	take(3);
	assert_false(model_irq());
	assert_int_equal(model_ack(1), 1023);
}

/* ELRSR is behind what was written: a list register that has just got something is not taken for another. */
static void test_empty_lags(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicr(0x10080, 0xffffffff);
	gicr(0x10100, 7u << 3);
	for (unsigned intid = 3; intid < 5; intid++) {
		vgic_send_sgi(&cpu[0], intid << 24 | 1, true);
		take(intid);
	}
	model_empty = gic->virt_empty();
	assert_int_equal(model_empty, 3);
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	vgic_send_sgi(&cpu[0], 0x5000001, true);
	model_empty = 0;
	take(3);
	take(5);
	assert_false(model_irq());
}

/* vCPU 1, on its pCPU, looks because of a kick; returns whether it had to look at everything. */
static bool look_on_1(void)
{
	u32 folds = cpu[1].folds;

	on(1);
	vgic_refresh(&cpu[1]);
	assert_false(cpu[1].dirty);
	on(0);
	return cpu[1].folds != folds;
}

/* What comes for a vCPU on another pCPU: one interrupt goes straight into a list register there, all
 * else is looked at as a whole. */
static void test_arrival(void **state)
{
	(void)state;
	for (unsigned version = 2; version <= 3; version++) {
		begin(version, false, 3, 4);
		load_all(3);
		gicd(0x0, 3);
		gicd(0x84, 0xffffffff);
		if (version == 3) {
			for (unsigned i = 0; i < 2; i++) {
				gicr(0x10100 + 0x20000 * i, 0xffff);
				gicr(0x10080 + 0x20000 * i, 0xffffffff);
			}
		} else {
			gicd(0x80, 0xffffffff);
			on(1);
			write_as(1, 0x80, 0xffffffff, 4);
			on(0);
		}
		gicd(0x104, 3u << 8);
		gicd(0xc08, 0xaaaaaaaa);
		for (u32 intid = 40; intid < 42; intid++)
			write_as(0, version == 3 ? 0x6000 + 8 * intid : 0x800 + intid,
				 version == 3 ? 1 : 2, version == 3 ? 8 : 1);
		(void)look_on_1();
		kicked = woken = 0;
		vgic_pulse(&vgic, 40);
		assert_int_equal(kicked, 2);
		assert_int_equal(woken, 2); /* it may be on its way to sleep */
		vgic_pulse(&vgic, 40);	    /* the same is on its way already */
		assert_false(look_on_1());
		on(1);
		assert_int_equal(model_lr(0), 0x5000000000000028);
		assert_int_equal(model_ack(1), 40);
		on(0);
		vgic_pulse(&vgic, 40); /* while it is active: not plain */
		assert_true(look_on_1());
		on(1);
		model_eoi(1, 40);
		assert_int_equal(model_ack(1), 40);
		model_eoi(1, 40);
		on(0);
		/* two at once */
		vgic_pulse(&vgic, 40);
		vgic_pulse(&vgic, 41);
		assert_true(look_on_1());
		on(1);
		take(40);
		take(41);
		on(0);
		/* it goes elsewhere before the kick is served */
		vgic_pulse(&vgic, 40);
		write_as(0, version == 3 ? 0x6000 + 8 * 40 : 0x800 + 40, version == 3 ? 0 : 1,
			 version == 3 ? 8 : 1);
		(void)look_on_1();
		vgic_refresh(&cpu[0]);
		assert_int_equal(model_ack(1), 40);
		model_eoi(1, 40);
		on(1);
		assert_int_equal(model_ack(1), 1023);
		on(0);
		/* the same to a third, which has not looked yet either */
		gicd(0x104, 1u << 10);
		write_as(0, version == 3 ? 0x6000 + 8 * 42 : 0x800 + 42, version == 3 ? 1 : 2,
			 version == 3 ? 8 : 1);
		vgic_pulse(&vgic, 42);
		write_as(0, version == 3 ? 0x6000 + 8 * 42 : 0x800 + 42, version == 3 ? 2 : 4,
			 version == 3 ? 8 : 1);
		assert_true(look_on_1());
		on(1);
		assert_int_equal(model_ack(1), 1023);
		on(2);
		vgic_refresh(&cpu[2]);
		take(42);
		on(0);
		/* or is turned off */
		vgic_pulse(&vgic, 41);
		gicd(0x184, 1u << 9);
		assert_true(look_on_1());
		on(1);
		assert_int_equal(model_ack(1), 1023);
		on(0);
		/* SGIs from another vCPU; on GICv2 they bear the sender's number */
		vgic_send_sgi(&cpu[0], 0x3000002, true);
		assert_false(look_on_1());
		on(1);
		assert_int_equal(model_ack(1), 3);
		model_eoi(1, 3);
		vgic_send_sgi(&cpu[1], 0x3000001, true);
		on(0);
		vgic_refresh(&cpu[0]);
		assert_int_equal(model_ack(1), version == 2 ? 3 | 1 << 10 : 3);
		model_eoi(1, version == 2 ? 3 | 1 << 10 : 3);
		/* one that leaves its pCPU before the kick: all at the next load */
		vgic_send_sgi(&cpu[0], 0x3000002, true);
		on(1);
		vgic_save(&cpu[1]);
		assert_true(cpu[1].dirty);
		vgic_load(&cpu[1]);
		assert_int_equal(model_ack(1), 3);
		on(0);
	}
}

/* What comes while a vCPU is off its pCPU stands in its list registers when it is back. */
static void test_pulse_unloaded(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x84, 0xffffffff); /* 32..63: group 1 */
	gicd(0x104, 1u << 8 | 1u << 9);
	gicd(0xc08, 2u << 16); /* 40: edge-triggered; 41 stays level-sensitive */
	vgic_save(&cpu[0]);
	woken = 0;
	vgic_pulse(&vgic, 41);
	vgic_pulse(&vgic, 39); /* disabled, and level-sensitive */
	vgic_pulse(&vgic, 27); /* no SPI */
	vgic_pulse(&vgic, 2000);
	assert_int_equal(woken, 0);
	vgic_pulse(&vgic, 40);
	assert_int_equal(woken, 1);
	vgic_pulse(&vgic, 40); /* once more before it is taken: one */
	assert_false(cpu[0].dirty);
	assert_true(vgic_wakes(&cpu[0]));
	vgic_load(&cpu[0]);
	assert_int_equal(model_lr(0), 0x5000000000000028);
	take(40);
	assert_false(model_irq());
	/* Five at once are more than four list registers hold. */
	vgic_save(&cpu[0]);
	gicd(0xc08, 0xaaaaaaaa);
	gicd(0x104, 0x1f00);
	for (u32 intid = 40; intid < 45; intid++)
		vgic_pulse(&vgic, intid);
	assert_true(cpu[0].dirty);
	vgic_load(&cpu[0]);
	for (u32 intid = 40; intid < 45; intid++) {
		take(intid);
		if (model_maintenance())
			vgic_maintenance(&cpu[0]);
	}
	assert_false(model_irq());
}

/* Of edges that have ended the list register stays, and is pending again by one word; what the guest changes
 * in between counts. */
static void test_edge_away(void **state)
{
	(void)state;
	begin(3, false, 1, 2);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x84, 0xffffffff);
	gicr(0x10080, 0xffffffff);
	gicd(0x104, 3u << 8);
	gicd(0xc08, 0xaaaaaaaa);
	vgic_pulse(&vgic, 40);
	take(40);
	for (unsigned i = 0; i < 3; i++) {
		vgic_save(&cpu[0]);
		assert_int_equal(cpu[0].lr_used, 1);
		assert_false(vgic_wakes(&cpu[0]));
		woken = 0;
		vgic_pulse(&vgic, 40);
		assert_int_equal(woken, 1);
		assert_int_equal(cpu[0].virt.lr[0], 0x5000000000000028);
		vgic_pulse(&vgic, 40); /* still pending: once is enough */
		assert_true(vgic_wakes(&cpu[0]));
		vgic_load(&cpu[0]);
		take(40);
		vgic_pulse(&vgic, 40); /* and here */
		take(40);
		assert_false(model_irq());
	}
	/* it came back with nothing: what comes now is for the hardware's list register, not for memory's */
	vgic_save(&cpu[0]);
	vgic_load(&cpu[0]);
	assert_false(model_irq());
	vgic_pulse(&vgic, 40);
	take(40);
	/* another priority, written by another vCPU or the operator */
	vgic_save(&cpu[0]);
	gicd(0x428, 0x40);
	vgic_pulse(&vgic, 40);
	vgic_load(&cpu[0]);
	assert_int_equal(model_lr(0), 0x5040000000000028);
	take(40);
	/* level-sensitive from now on: a pulse is nothing */
	gicd(0xc08, 0xaaa8aaaa);
	vgic_save(&cpu[0]);
	vgic_pulse(&vgic, 40);
	vgic_load(&cpu[0]);
	assert_false(model_irq());
	gicd(0xc08, 0xaaaaaaaa);
	/* off, and on again: it was not lost */
	vgic_pulse(&vgic, 40);
	take(40);
	vgic_save(&cpu[0]);
	gicd(0x184, 1u << 8);
	woken = 0;
	vgic_pulse(&vgic, 40);
	assert_int_equal(woken, 0);
	vgic_load(&cpu[0]);
	assert_false(model_irq());
	gicd(0x104, 1u << 8);
	take(40);
	/* list registers that only hold what has ended have room */
	gicd(0x428, 0);
	vgic_pulse(&vgic, 40);
	take(40);
	vgic_pulse(&vgic, 41);
	take(41);
	vgic_save(&cpu[0]);
	assert_int_equal(cpu[0].lr_used, 3);
	gicr(0x10100, 1u << 3);
	vgic_load(&cpu[0]);
	vgic_save(&cpu[0]);
	vgic_pulse(&vgic, 40);
	vgic_send_sgi(&cpu[0], 0x3000001, true);
	vgic_load(&cpu[0]);
	take(40);
	take(3);
	assert_false(model_irq());
}

/* The timer's that has ended keeps its list register as well, linked to the physical one or not. */
static void test_timer_away(void **state)
{
	(void)state;
	for (unsigned linked = 0; linked < 2; linked++) {
		u64 lr = linked ? 0x600000000000001b | (u64)30 << 32 : 0x400002000000001b;

		model_links = linked;
		begin(2, false, 1, 4);
		model_links = true;
		load_all(1);
		gicd(0x0, 1);
		gicd(0x100, 1u << 27);
		for (unsigned i = 0; i < 3; i++) {
			fire_timer();
			assert_int_equal(model_ack(0), 27);
			model_eoi(0, 27);
			if (!linked)
				vgic_maintenance(&cpu[0]);
			assert_false(model_active(30));
			vgic_save(&cpu[0]);
			assert_false(vgic_timer_busy(&cpu[0]));
			assert_int_equal(cpu[0].lr_used, 1);
			woken = 0;
			vgic_inject_timer(&cpu[0], 27, 30);
			assert_int_equal(woken, 1);
			assert_int_equal(cpu[0].virt.lr[0], lr);
			assert_true(vgic_timer_busy(&cpu[0]));
			vgic_load(&cpu[0]);
			assert_int_equal(model_ack(0), 27);
			/* it leaves while that one is active, and ends it when it is back */
			if (i == 1) {
				vgic_save(&cpu[0]);
				assert_true(vgic_timer_busy(&cpu[0]));
				vgic_load(&cpu[0]);
			}
			model_eoi(0, 27);
			if (!linked)
				vgic_maintenance(&cpu[0]);
			assert_false(model_active(30));
			assert_false(vgic_timer_busy(&cpu[0]));
		}
		/* disabled meanwhile */
		vgic_save(&cpu[0]);
		gicd(0x180, 1u << 27);
		woken = 0;
		vgic_inject_timer(&cpu[0], 27, 30);
		assert_int_equal(woken, 0);
		vgic_load(&cpu[0]);
		assert_int_equal(model_ack(0), 1023);
		assert_true(vgic_timer_busy(&cpu[0]));
		gicd(0x100, 1u << 27);
		assert_int_equal(model_ack(0), 27);
	}
}

/* On GICv2 a list register of one source's SGI is not another's. */
static void test_sgi_away(void **state)
{
	(void)state;
	begin(2, false, 3, 4);
	load_all(3);
	gicd(0x0, 3);
	vgic_send_sgi(&cpu[0], 0x3000002, true);
	(void)look_on_1();
	on(1);
	assert_int_equal(model_ack(0), 3);
	model_eoi(0, 3);
	vgic_save(&cpu[1]);
	for (unsigned i = 0; i < 2; i++) {
		vgic_send_sgi(&cpu[0], 0x3000002, true);
		vgic_load(&cpu[1]);
		assert_int_equal(model_ack(0), 3);
		model_eoi(0, 3);
		vgic_save(&cpu[1]);
		vgic_send_sgi(&cpu[2], 0x3000002, true);
		vgic_load(&cpu[1]);
		assert_int_equal(model_ack(0), 3 | 2 << 10);
		model_eoi(0, 3 | 2 << 10);
		vgic_save(&cpu[1]);
	}
	vgic_load(&cpu[1]);
	on(0);
}

/* GICv2 as QEMU has it: HW = 1 would lose the line, so the EOI asks for us. */
static void test_timer_unlinked(void **state)
{
	(void)state;
	model_links = false;
	begin(2, false, 1, 4);
	model_links = true;
	load_all(1);
	gicd(0x0, 1);
	gicd(0x100, 1u << 27);
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_int_equal(model_lr(0), 0x400002000000001b); /* EOI maintenance */
	assert_int_equal(model_ack(0), 27);
	model_eoi(0, 27);
	assert_true(model_active(30));
	assert_true(model_maintenance());
	vgic_maintenance(&cpu[0]);
	assert_false(model_active(30));
	assert_false(vgic_timer_busy(&cpu[0]));
	assert_false(model_maintenance());
	for (unsigned i = 0; i < 3; i++) {
		gic->set_active(30, true);
		vgic_timer_interrupt(&cpu[0], 27, 30);
		assert_int_equal(model_ack(0), 27);
		model_eoi(0, 27);
		assert_true(model_maintenance());
		vgic_maintenance(&cpu[0]);
		assert_false(model_maintenance());
		assert_false(model_active(30));
	}
	/* it fires while a priority has changed since: what is folded then doesn't let the new one go */
	gic->set_active(30, true);
	gicd(0x418, 0x20000000);
	assert_true(model_active(30));
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_int_equal(model_lr(0), 0x402002000000001b);
	assert_int_equal(model_ack(0), 27);
	model_eoi(0, 27);
	vgic_save(&cpu[0]); /* before the maintenance interrupt */
	assert_false(model_active(30));
}

/* --- Several pCPUs -------------------------------------------------------------------------- */

/* vCPU 1 has edge-triggered 40, and nothing else is enabled. */
static void edge_to_1(void)
{
	begin(3, false, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	gicd(0xc08, 0xaaaaaaaa);
	gicd(0x104, 1u << 8);
	write_as(0, 0x6140, 1, 8);
	vgic_set_line(&vgic, 0, 40, true);
	vgic_set_line(&vgic, 0, 40, false);
	assert_int_equal(kicked, 2);
	assert_int_equal(woken, 2);
	on(1);
	assert_int_equal(model_ack(0), 1023);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(0), 40); /* without a trap */
	on(0);
	kicked = 0;
}

static void test_second_edge(void **state)
{
	(void)state;
	edge_to_1();
	vgic_set_line(&vgic, 0, 40, true);
	on(1);
	model_eoi(0, 40); /* before its pCPU could look */
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(0), 40);
	model_eoi(0, 40);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(0), 1023);
}

/* ICPENDR and ISPENDR of an interrupt that another pCPU lists. */
static void test_clear_elsewhere(void **state)
{
	(void)state;
	edge_to_1();
	on(1);
	model_eoi(0, 40);
	on(0);
	vgic_set_line(&vgic, 0, 40, true);
	vgic_set_line(&vgic, 0, 40, false);
	on(1);
	vgic_refresh(&cpu[1]);
	assert_true(model_fiq());
	on(0);
	gicd(0x284, 1u << 8);
	on(1);
	vgic_refresh(&cpu[1]);
	assert_false(model_fiq());
	on(0);
	gicd(0x204, 1u << 8);
	on(1);
	vgic_refresh(&cpu[1]);
	on(0);
	gicd(0x284, 1u << 8);
	gicd(0x204, 1u << 8); /* both before the other looks */
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(0), 40);
	on(0);
	gicd(0x384, 1u << 8); /* ends it over there */
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_lr(0) >> 62, 0);
}

static unsigned waits;

static void answer(void)
{
	waits++;
	assert_int_equal(vgic.lock.next, vgic.lock.serving);
	on(1);
	vgic_refresh(&cpu[1]);
	on(0);
}

static void no_answer(void)
{
	waits++;
}

/* A read of state that another pCPU holds asks it, and waits. */
static void test_read_elsewhere(void **state)
{
	(void)state;
	edge_to_1();
	standin_on_wait = answer;
	waits = 0;
	assert_int_equal(gicd_read(0x304, 4), 1u << 8);
	assert_int_equal(kicked, 2);
	assert_int_equal(waits, 1);
	on(1);
	model_eoi(0, 40);
	on(0);
	assert_int_equal(gicd_read(0x304, 4), 0);
	assert_int_equal(gicd_read(0x308, 4), 0); /* nothing of these: nobody is asked */
	assert_int_equal(waits, 2);

	edge_to_1();
	standin_on_wait = no_answer; /* it waits for something of ours, maybe: no deadlock */
	waits = 0;
	gicd_read(0x304, 4);
	assert_in_range(waits, 1000, 100000000);
	cpu[1].waits = true; /* it stands still and has folded */
	waits = 0;
	gicd_read(0x304, 4);
	assert_int_equal(waits, 0);
}

/* Routed away while the old target's list register holds it, on a pCPU and off it. */
static void test_route(void **state)
{
	(void)state;
	edge_to_1();
	on(1);
	model_eoi(0, 40);
	on(0);
	vgic_set_line(&vgic, 0, 40, true);
	on(1);
	vgic_refresh(&cpu[1]);
	on(0);
	kicked = 0;
	write_as(0, 0x6140, 0, 8);
	assert_int_equal(kicked, 2);
	assert_false(model_fiq());
	on(1);
	vgic_refresh(&cpu[1]);
	assert_false(model_fiq());
	assert_true(kicked & 1);
	on(0);
	vgic_refresh(&cpu[0]);
	assert_true(model_fiq());
	write_as(0, 0x6140, 1, 8);
	on(1);
	vgic_refresh(&cpu[1]);
	vgic_save(&cpu[1]);
	on(0);
	write_as(0, 0x6140, 0, 8);
	assert_int_equal(model_ack(0), 40);
	write_as(0, 0x6140, 77, 8); /* nobody's */
	vgic_set_line(&vgic, 0, 40, false);
	vgic_set_line(&vgic, 0, 40, true);
	model_eoi(0, 40);
	vgic_maintenance(&cpu[0]);
	assert_int_equal(model_ack(0), 1023);
	assert_int_equal(gicd_read(0x204, 4), 1u << 8);
}

static void test_reset(void **state)
{
	(void)state;
	begin(2, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	vgic_set_line(&vgic, 0, 33, true);
	gicd(0x204, 1);
	assert_int_equal(model_ack(0), 32);
	vgic_save(&cpu[0]);
	vgic_reset_cpu(&cpu[0]); /* the interface alone */
	vgic_load(&cpu[0]);
	assert_int_equal(model_vmcr(), 0x004c0000);
	assert_int_equal(gicd_read(0x304, 4), 1);
	assert_int_equal(gicd_read(0x204, 4), 2);
	model_set_vmcr(0xf84c0003);
	assert_int_equal(model_ack(0), 33); /* active priorities are gone */
	vgic_save(&cpu[0]);
	vgic_reset(&vgic);
	vgic_load(&cpu[0]);
	assert_int_equal(gicd_read(0x304, 4), 0);
	assert_int_equal(gicd_read(0x104, 4), 0);
	assert_int_equal(gicd_read(0x0, 4), 0);
	assert_int_equal(gicd_read(0x204, 4), 2); /* the device's wire */
	assert_int_equal(model_lr(0), 0);
}

static void test_bad_lines(void **state)
{
	(void)state;
	begin(3, false, 1, 4);
	load_all(1);
	gicd(0x0, 3);
	gicd(0x104, ~0u);
	vgic_set_line(&vgic, 0, 128, true);
	vgic_set_line(&vgic, 0, ~0u, true);
	vgic_set_line(&vgic, 0, 15, true);
	vgic_set_line(&vgic, 1, 20, true);
	assert_int_equal(model_writes, 0);
	assert_false(vgic_wakes(&cpu[0]));
	vgic_set_line(&vgic, 99, 32, true); /* of an SPI the vCPU doesn't matter */
	assert_int_equal(model_writes, 1);
}

/* One vCPU sets an SPI active that another has active in a list register: it is active once, and over
 * when that one ends it. Found by tests/fuzz/fuzz_vgic.c. */
static void test_active_beside(void **state)
{
	struct finding finding = {""};

	(void)state;
	begin(2, false, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	on(1);
	write_as(1, 0x304, 0x200, 4); /* INTID 41, which has no target */
	vgic_maintenance(&cpu[1]);
	assert_int_equal(model_lr(0) >> 62, 2);
	on(0);
	write_as(0, 0x304, 0x200, 4);
	on(1);
	vgic_refresh(&cpu[1]);
	on(0);
	vgic_refresh(&cpu[0]);
	if (!vgic_check(&vgic, &finding))
		fail_msg("%s", finding.text);
	assert_int_equal(model_lr(0), 0);
	on(1);
	model_set_vmcr(0xf84c0203); /* EOImode 1 */
	model_dir(41);
	vgic_save(&cpu[1]);
	on(0);
	assert_int_equal(gicd_read(0x304, 4), 0);
}

/* --- The emulated CPU interface -------------------------------------------------------------- */

static void begin_emulated(void)
{
	begin(2, true, 2, 4);
	load_all(2);
	gicd(0x0, 3);
	gicd(0x104, 0xff);
	gicd(0x820, 0x01010101);
	gicd(0x420, 0x40302010); /* 32..35: 10, 20, 30, 40 */
}

static void test_emulated(void **state)
{
	(void)state;
	begin_emulated();
	assert_int_equal(gicc(0xfc), 0x0002043b);
	assert_int_equal(gicc(0x14), 0xff);
	assert_int_equal(gicc(0x08), 2);
	assert_int_equal(gicc(0x1c), 3);
	gicc_write(0x00, 0xffffffff);
	assert_int_equal(gicc(0x00), 0x21f);
	gicc_write(0x00, 1);
	gicc_write(0x04, 0xff);
	assert_int_equal(gicc(0x04), 0xf8);
	vgic_set_line(&vgic, 0, 33, true);
	assert_int_equal(standin_lines[0], 0x80); /* VI */
	assert_true(vgic_wakes(&cpu[0]));
	gicc_write(0x04, 0x20); /* priority 20 is not above this */
	assert_int_equal(standin_lines[0], 0);
	assert_int_equal(gicc(0x0c), 1023);
	assert_int_equal(gicc(0x18), 33); /* HPPIR doesn't mask */
	gicc_write(0x04, 0xf8);
	gicc_write(0x00, 9);			  /* FIQEn */
	assert_int_equal(standin_lines[0], 0x40); /* VF */
	assert_int_equal(gicc(0x0c), 33);
	assert_int_equal(gicc(0x14), 0x20);
	assert_int_equal(gicc(0xd0), 1u << 4);
	assert_int_equal(gicd_read(0x304, 4), 2);
	assert_int_equal(standin_lines[0], 0);
	vgic_set_line(&vgic, 0, 34, true); /* less urgent */
	assert_int_equal(standin_lines[0], 0);
	vgic_set_line(&vgic, 0, 32, true); /* more */
	assert_int_equal(gicc(0x0c), 32);
	assert_int_equal(gicc(0x14), 0x10);
	vgic_set_line(&vgic, 0, 32, false);
	gicc_write(0x10, 32);
	assert_int_equal(gicc(0x14), 0x20);
	gicc_write(0x10, 1023); /* ignored */
	assert_int_equal(gicc(0x14), 0x20);
	gicc_write(0x10, 33);
	assert_int_equal(gicc(0x0c), 33); /* the line is still high */
	gicc_write(0x08, 7);
	assert_int_equal(gicc(0x08), 7);
	gicc_write(0x1c, 0);
	assert_int_equal(gicc(0x1c), 3);
	gicc_write(0xd0, 0);
	gicc_write(0xe0, 2);
	assert_int_equal(gicc(0xe0), 2);
	assert_int_equal(gicc(0x14), 8);
	assert_int_equal(gicc(0x80), 0);
}

static void test_emulated_groups(void **state)
{
	struct mmio mmio = {.offset = 0x2000, .size = 4};

	(void)state;
	begin_emulated();
	gicc_write(0x04, 0xf8);
	gicc_write(0x00, 3);
	gicd(0x84, 2); /* 33: group 1 */
	gicd(0x204, 2);
	assert_int_equal(gicc(0x18), 1022);
	assert_int_equal(gicc(0x0c), 1022);
	assert_int_equal(gicc(0x28), 33);
	assert_int_equal(gicc(0x20), 33); /* AIAR */
	assert_int_equal(gicc(0xe0), 1u << 4);
	gicc_write(0x24, 33); /* AEOIR */
	assert_int_equal(gicd_read(0x304, 4), 0);
	gicc_write(0x00, 7); /* AckCtl */
	gicd(0x204, 2);
	assert_int_equal(gicc(0x0c), 33);
	gicc_write(0x10, 33);
	gicd(0x204, 1);
	assert_int_equal(gicc(0x20), 1023); /* the best is group 0's */
	assert_int_equal(gicc(0x0c), 32);
	gicc_write(0x24, 32);
	assert_int_equal(gicc(0x14), 0x10); /* AEOIR is not for it */
	gicc_write(0x00, 0x203);	    /* EOImode 1 */
	gicc_write(0x10, 32);
	assert_int_equal(gicc(0x14), 0xff);
	assert_int_equal(gicd_read(0x304, 4), 1);
	gicc_write(0x1000, 32);
	assert_int_equal(gicd_read(0x304, 4), 0);
	assert_false(vgic_cpu_interface(&cpu[0], &mmio));
	mmio.offset = 0x0c;
	mmio.size = 1;
	mmio.value = 5;
	gicd(0x204, 1);
	assert_true(vgic_cpu_interface(&cpu[0], &mmio));
	assert_int_equal(mmio.value, 0); /* and nothing is acknowledged */
	assert_int_equal(gicd_read(0x304, 4), 0);
}

static void test_emulated_sgi_and_timer(void **state)
{
	(void)state;
	begin_emulated();
	gicc_write(0x04, 0xf8);
	gicc_write(0x00, 1);
	kicked = 0;
	write_as(0, 0xf00, 0x00020003, 4);
	assert_int_equal(kicked, 2);
	on(1);
	write_as(1, 0xf00, 0x00010003, 4);
	on(0);
	vgic_refresh(&cpu[0]);
	assert_int_equal(standin_lines[0], 0x80);
	assert_int_equal(gicc(0x0c), 0x403); /* from CPU 1 */
	gicc_write(0x10, 0x403);
	assert_int_equal(gicc(0x0c), 1023);

	gicd(0x100, 1u << 27);
	gic->set_active(30, true);
	vgic_timer_interrupt(&cpu[0], 27, 30);
	assert_int_equal(standin_lines[0], 0x80);
	vgic_save(&cpu[0]);
	assert_true(vgic_timer_busy(&cpu[0]));
	vgic_load(&cpu[0]);
	assert_int_equal(gicc(0x0c), 27);
	assert_true(model_active(30));
	gicc_write(0x10, 27);
	assert_false(model_active(30));
	assert_int_equal(standin_lines[0], 0);
}

/* --- Devices -------------------------------------------------------------------------------- */

/* vCPU 0 may take SPI 112, of group 1 on v3 and 0 on v2, which stands for the physical SPI 45. */
static void begin_device(unsigned version, bool emulated, unsigned cpus)
{
	begin(version, emulated, cpus, 4);
	load_all(cpus);
	gic->enable(45, true);
	vgic_open_device(&vgic, 112, 45);
	gicd(0x0, 3);
	if (version == 3) {
		gicd(0x8c, 1u << 16);
		gicd(0x6380, 0);
	} else {
		write_as(0, 0x870, 1, 1);
	}
	gicd(0x10c, 1u << 16);
	if (emulated) {
		gicc_write(0x0, 1);
		gicc_write(0x4, 0xf8);
	}
}

static void fire(void)
{
	assert_true(model_fire(45));
	assert_true(vgic_inject_device(&vgic, 112));
}

/* From the device to the guest and back without a trap. */
static void test_device(void **state)
{
	(void)state;
	begin_device(3, false, 1);
	fire();
	assert_int_equal(model_lr(0), 0x7000002d00000070); /* pending, HW, group 1, pINTID 45 */
	assert_false(model_fire(45));
	assert_int_equal(gicd_read(0x20c, 4), 1u << 16);
	assert_int_equal(model_ack(1), 112);
	assert_true(model_active(45));
	model_eoi(1, 112);
	assert_false(model_maintenance());
	assert_false(model_active(45));
	fire(); /* what the list register held is folded by the way */
	assert_int_equal(model_ack(1), 112);
	/* off its pCPU and on again, with the interrupt active */
	vgic_save(&cpu[0]);
	assert_true(model_active(45));
	vgic_load(&cpu[0]);
	model_eoi(1, 112);
	assert_false(model_active(45));
	/* ended, saved, and only then it comes again */
	vgic_save(&cpu[0]);
	woken = 0;
	fire();
	assert_int_equal(woken, 1);
	vgic_load(&cpu[0]);
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_int_equal(gicd_read(0x20c, 4), 0);
	assert_int_equal(gicd_read(0x30c, 4), 0);
}

static void test_device_unlinked(void **state)
{
	(void)state;
	begin_device(2, false, 1);
	vgic.links = false;
	fire();
	assert_int_equal(model_lr(0), 0x4000020000000070); /* pending, EOI maintenance */
	assert_int_equal(model_ack(0), 112);
	model_eoi(0, 112);
	assert_true(model_active(45));
	assert_true(model_maintenance());
	vgic_maintenance(&cpu[0]);
	assert_false(model_active(45));
	assert_int_equal(model_ack(0), 1023);
	fire();
	assert_int_equal(model_ack(0), 112);
	model_eoi(0, 112);
	vgic_save(&cpu[0]); /* before the maintenance interrupt */
	assert_false(model_active(45));
}

static void test_device_emulated(void **state)
{
	(void)state;
	begin_device(2, true, 1);
	fire();
	assert_int_equal(standin_lines[0], 0x80);
	assert_int_equal(gicc(0x0c), 112);
	assert_int_equal(standin_lines[0], 0);
	assert_true(model_active(45));
	gicc_write(0x10, 112);
	assert_false(model_active(45));
	assert_int_equal(standin_lines[0], 0);
	fire();
	assert_int_equal(gicc(0x0c), 112);
	gicc_write(0x10, 112);
	assert_false(model_active(45));
}

/* The guest ends it in ways that hardware doesn't see, or never takes it. */
static void test_device_by_distributor(void **state)
{
	(void)state;
	begin_device(3, false, 1);
	fire();
	assert_int_equal(model_ack(1), 112);
	gicd(0x38c, 1u << 16); /* ICACTIVER */
	assert_false(model_active(45));
	assert_int_equal(model_lr(0), 0);
	model_eoi(1, 112); /* the priority's drop */

	gicd(0x18c, 1u << 16); /* ICENABLER: it waits */
	fire();
	assert_int_equal(model_ack(1), 1023);
	assert_true(model_active(45));
	gicd(0x28c, 1u << 16); /* ICPENDR: it comes again if its line is high */
	assert_false(model_active(45));
	fire();
	gicd(0x10c, 1u << 16);
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_false(model_active(45));

	/* the same as an edge */
	gicd(0x18c, 1u << 16);
	gicd(0xc1c, 2);
	fire();
	gicd(0x28c, 1u << 16);
	assert_false(model_active(45));
	fire();
	gicd(0x10c, 1u << 16);
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_int_equal(model_ack(1), 1023);
	assert_false(model_active(45));
}

/* pCPU 0 gets the physical interrupt, vCPU 1 on pCPU 1 the guest's. */
static void test_device_elsewhere(void **state)
{
	(void)state;
	begin_device(3, false, 2);
	gicd(0x6380, 1);
	kicked = 0;
	fire();
	assert_int_equal(kicked, 2);
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_lr(0), 0x7000002d00000070);
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_false(model_active(45));
	/* It comes again before anybody looked at what pCPU 1's list register says now. */
	on(0);
	kicked = 0;
	fire();
	assert_int_equal(kicked, 2);
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_lr(0), 0x7000002d00000070);
	assert_int_equal(model_ack(1), 112);
	/* routed to the other one while active: the next goes there */
	on(0);
	gicd(0x6380, 0);
	on(1);
	vgic_refresh(&cpu[1]);
	model_eoi(1, 112);
	assert_false(model_active(45));
	on(0);
	vgic_refresh(&cpu[0]);
	fire();
	on(1);
	vgic_refresh(&cpu[1]);
	assert_int_equal(model_ack(1), 1023);
	on(0);
	vgic_refresh(&cpu[0]);
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_false(model_active(45));
}

/* Whatever state it is in: afterwards nothing is active, and nothing comes. */
static void test_device_close(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		begin_device(3, false, 1);
		if (how > 0)
			fire();
		if (how > 1)
			assert_int_equal(model_ack(1), 112);
		if (how > 2)
			model_eoi(1, 112);
		vgic_save(&cpu[0]);
		gic->disable(45);
		vgic_close_device(&vgic, 112);
		assert_false(model_active(45));
		assert_false(vgic_inject_device(&vgic, 112));
		vgic_reset(&vgic);
		vgic_load(&cpu[0]);
		assert_int_equal(model_lr(0), 0);
		assert_int_equal(gicd_read(0x20c, 4), 0);
	}
	begin_device(2, true, 1);
	fire();
	vgic_save(&cpu[0]);
	vgic_close_device(&vgic, 112);
	assert_false(model_active(45));
	/* an interrupt that no device is behind: the guest's own doing, and harmless */
	begin_device(3, false, 1);
	gicd(0x28c - 0x80, 1u << 16); /* ISPENDR */
	assert_int_equal(model_lr(0), 0x5000000000000070);
	fire();
	assert_int_equal(model_ack(1), 112);
	model_eoi(1, 112);
	assert_false(model_active(45));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identification),
		cmocka_unit_test(test_registers_v3),
		cmocka_unit_test(test_registers_v2),
		cmocka_unit_test(test_level_line),
		cmocka_unit_test(test_line_falls_while_pending),
		cmocka_unit_test(test_distributor_off),
		cmocka_unit_test(test_fast_sgi),
		cmocka_unit_test(test_sgi_targets),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_sleep_before_maintenance),
		cmocka_unit_test(test_sleep_after_groups),
		cmocka_unit_test(test_sleep_after_eoi_count),
		cmocka_unit_test(test_overflow_of_group_0),
		cmocka_unit_test(test_eoi_count),
		cmocka_unit_test(test_pending_again),
		cmocka_unit_test(test_binary_point),
		cmocka_unit_test(test_save_before_maintenance),
		cmocka_unit_test(test_dir),
		cmocka_unit_test(test_sgir_v2),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_timer_line),
		cmocka_unit_test(test_timer_unloaded),
		cmocka_unit_test(test_timer_after_latch),
		cmocka_unit_test(test_timer_active_unloaded),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_empty_lags),
		cmocka_unit_test(test_pulse_unloaded),
		cmocka_unit_test(test_edge_away),
		cmocka_unit_test(test_sgi_away),
		cmocka_unit_test(test_timer_away),
		cmocka_unit_test(test_timer_unlinked),
		cmocka_unit_test(test_second_edge),
		cmocka_unit_test(test_clear_elsewhere),
		cmocka_unit_test(test_read_elsewhere),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_dir_elsewhere),
		cmocka_unit_test(test_priority_wakes),
		cmocka_unit_test(test_active_beside),
		cmocka_unit_test(test_emulated),
		cmocka_unit_test(test_emulated_groups),
		cmocka_unit_test(test_emulated_sgi_and_timer),
		cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_unlinked),
		cmocka_unit_test(test_device_emulated),
		cmocka_unit_test(test_device_by_distributor),
		cmocka_unit_test(test_device_elsewhere),
		cmocka_unit_test(test_device_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
