// SPDX-License-Identifier: Apache-2.0
/*
 * The virtual GIC under operations that somebody chooses (vgic_random), held against a model of the
 * specifications (vgic_model.h): every register read, every interrupt that a guest takes, the IRQ and
 * FIQ lines and WFI's wake-up after every operation, or after some that follow one another before EL2
 * gets to the interrupts that they cause. Guests are as the specifications ask (they end what they took,
 * in order); vCPUs move between pCPUs; there are more interrupts than list registers.
 *
 * For one file of a program, which sets vgic_random: tests/host/test_vgic_random.c by chance,
 * tests/fuzz/fuzz_vgic.c by what leads to new code. begin(), then step() as often as one likes.
 */
#ifndef VGIC_RANDOM_H
#define VGIC_RANDOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "board/gic_model.h"
#include "vdev/vgic_internal.h"
#include "vgic_model.h"

/* A number of at least so many bytes (1 .. 6). */
static uint64_t (*vgic_random)(unsigned bytes);

#define CPUS 4
#define TIMER 27
#define STACK 40
#define DEVICE VGIC_DEVICE /* stands for a physical SPI: */
#define PHYSICAL 45

struct guest_cpu {
	struct vgic_cpu vgic;
	struct sched_entity entity;
	int pcpu; /* -1: not loaded */
	bool timer, woken;
	uint32_t taken[STACK];	 /* acknowledged, not yet EOI */
	uint32_t dropped[STACK]; /* EOImode 1: not yet DIR */
	unsigned takens, droppeds;
};

static struct {
	struct vgic vgic;
	struct guest_cpu cpu[CPUS];
	struct ref ref;
	unsigned cpus, version, lrs, kicks;
	bool emulated, weird, trace; /* trace: VGIC_TRACE: prints every operation */
	bool device;		     /* the wire of the physical SPI */
	bool late; /* kicks, maintenance and timers' interrupts are still on their way */
	unsigned long op, taken, reads;
	char what[200]; /* the operation, for a report */
} w;

static uint64_t next(void)
{
	return vgic_random(6);
}

static unsigned below(unsigned n)
{
	return (unsigned)(vgic_random(n > 256 ? 2 : 1) % n);
}

static bool once_in(unsigned n)
{
	return below(n) == 0;
}

static struct guest_cpu *of(struct sched_entity *entity)
{
	return CONTAINER_OF(entity, struct guest_cpu, entity);
}

void sched_wake(struct sched_entity *entity)
{
	of(entity)->woken = true;
}

void sched_kick(unsigned pcpu)
{
	w.kicks |= 1u << pcpu;
}

static bool line_now(struct vgic_cpu *cpu, u32 intid, bool *level)
{
	*level = CONTAINER_OF(cpu, struct guest_cpu, vgic)->timer;
	return intid == TIMER;
}

/* What there is, for a report. */
static void show(void)
{
	for (unsigned i = 0; i < w.cpus; i++) {
		struct guest_cpu *c = &w.cpu[i];

		printf("vCPU %u: pCPU %d, vmcr %#x, hcr %#x, lr_used %#x%s\n", i, c->pcpu,
		       c->vgic.virt.vmcr, c->vgic.virt.hcr, c->vgic.lr_used,
		       c->vgic.dirty ? ", dirty" : "");
		if (c->pcpu >= 0)
			standin_pcpu_set((unsigned)c->pcpu);
		for (unsigned n = 0; n < w.lrs && !w.emulated; n++)
			printf("  LR%u %#018llx\n", n,
			       (unsigned long long)(c->pcpu >= 0 ? model_lr(n) :
								   c->vgic.virt.lr[n]));
		for (unsigned n = 0; n < (i ? 32 : REF_LINES); n++) {
			const struct ref_irq *r = ref_irq(&w.ref, i, n);

			if (r->latch || r->line || r->pending_from || ref_is_active(&w.ref, i, n))
				printf("  %3u: %s group %d priority %#x%s%s%s%s route %#x from %#x\n",
				       n, r->enabled ? "enabled" : "disabled", r->group1,
				       r->priority, r->edge ? " edge" : " level",
				       r->latch ? " latch" : "", r->line ? " high" : "",
				       ref_is_active(&w.ref, i, n) ? " active" : "", r->route,
				       r->pending_from);
		}
	}
	printf("GICD_CTLR %u %u\n", w.ref.enable[0], w.ref.enable[1]);
}

#define check(condition, ...)                                                   \
	do {                                                                    \
		if (!(condition)) {                                             \
			printf("after %lu operations, at: %s\n", w.op, w.what); \
			printf(__VA_ARGS__);                                    \
			printf("\n");                                           \
			show();                                                 \
			fail();                                                 \
		}                                                               \
	} while (0)

static void take_kicks(void)
{
	unsigned pcpu = this_pcpu()->id, busy = 0;

	for (unsigned i = 0; i < w.cpus; i++)
		busy |= w.cpu[i].pcpu < 0 ? 0 : 1u << w.cpu[i].pcpu;
	w.kicks &= busy;
	for (unsigned i = 0; i < w.cpus; i++) {
		struct guest_cpu *c = &w.cpu[i];

		if (c->pcpu < 0 || !(w.kicks >> c->pcpu & 1))
			continue;
		w.kicks &= ~(1u << c->pcpu);
		standin_pcpu_set((unsigned)c->pcpu);
		vgic_refresh(&c->vgic);
	}
	standin_pcpu_set(pcpu);
}

/* The physical SPI comes while its wire is high and it is not active: to the boot CPU. */
static bool take_device(void)
{
	if (!w.device || !model_fire(PHYSICAL))
		return false;
	standin_pcpu_set(0);
	check(vgic_inject_device(&w.vgic, DEVICE), "the device is not open");
	ref_write(&w.ref, 0, false, 0x200 + DEVICE / 32 * 4, 4, 1u << DEVICE % 32);
	return true;
}

/* Once it has been served, it is active as long as its guest has something of it. */
static void compare_device(void)
{
	const struct ref_irq *irq = ref_irq(&w.ref, 0, DEVICE);
	bool free = model_fire(PHYSICAL);

	check(!free || !w.device, "the device's interrupt is lost");
	check(free || w.device || irq->latch || irq->active,
	      "the device's interrupt is left active");
	if (free)
		gic->deactivate(PHYSICAL);
}

/* What the machine does by itself: kicks, maintenance interrupts, the timers' interrupts. */
static void settle(void)
{
	bool again = true;

	for (unsigned round = 0; again; round++) {
		check(round < 50, "it never comes to rest");
		again = w.kicks != 0;
		take_kicks();
		for (unsigned i = 0; i < w.cpus; i++) {
			struct guest_cpu *c = &w.cpu[i];

			if (c->pcpu < 0)
				continue;
			standin_pcpu_set((unsigned)c->pcpu);
			if (!w.emulated && model_maintenance()) {
				vgic_maintenance(&c->vgic);
				again = true;
			}
			if (c->timer && !model_active(TIMER)) {
				gic->set_active(TIMER, true);
				vgic_timer_interrupt(&c->vgic, TIMER, TIMER);
				again = true;
			}
		}
		again |= take_device();
	}
}

/* The same in part: one vCPU's pCPU gets to one of them. */
static void settle_one(struct guest_cpu *c)
{
	unsigned what = below(3);

	standin_pcpu_set((unsigned)c->pcpu);
	snprintf(w.what, sizeof(w.what), "vCPU %u gets to its interrupt %u", c->vgic.index, what);
	if (what == 0 && (w.kicks >> c->pcpu & 1)) {
		w.kicks &= ~(1u << c->pcpu);
		vgic_refresh(&c->vgic);
	} else if (what == 1 && !w.emulated && model_maintenance()) {
		vgic_maintenance(&c->vgic);
	} else if (what == 2 && c->timer && !model_active(TIMER)) {
		gic->set_active(TIMER, true);
		vgic_timer_interrupt(&c->vgic, TIMER, TIMER);
	}
}

/* What EL2's checked build looks at after a trap. */
static void compare_with_itself(void)
{
	struct finding finding;

	for (unsigned pcpu = 0; pcpu < w.cpus; pcpu++) {
		standin_pcpu_set(pcpu); /* whose list registers it can see */
		check(vgic_check(&w.vgic, &finding), "%s", finding.text);
	}
}

static void compare_lines(void)
{
	for (unsigned i = 0; i < w.cpus; i++) {
		struct guest_cpu *c = &w.cpu[i];
		int line[2], irq, fiq;
		bool wakes;

		ref_lines(&w.ref, i, line, &wakes);
		irq = line[0];
		fiq = line[1];
		if (c->pcpu < 0) {
			check(c->woken || !wakes, "vCPU %u is not woken", i);
			continue;
		}
		standin_pcpu_set((unsigned)c->pcpu);
		if (w.emulated) {
			u64 lines = standin_lines[c->pcpu];

			check(irq == 2 || !!(lines & 0x80) == irq, "vCPU %u: VI", i);
			check(fiq == 2 || !!(lines & 0x40) == fiq, "vCPU %u: VF", i);
			continue;
		}
		model_random = below(16);
		check(irq == 2 || model_irq() == irq, "vCPU %u: IRQ should be %d", i, irq);
		check(fiq == 2 || model_fiq() == fiq, "vCPU %u: FIQ should be %d", i, fiq);
		check(vgic_wakes(&c->vgic) == wakes, "vCPU %u: wakes should be %d", i, wakes);
	}
}

/* --- vCPUs come and go ---------------------------------------------------------------------- */

static void load(struct guest_cpu *c)
{
	unsigned pcpu = below(CPUS);

	for (unsigned i = 0; i < w.cpus; i++)
		if (w.cpu[i].pcpu == (int)pcpu)
			return;
	snprintf(w.what, sizeof(w.what), "load vCPU %u on %u", c->vgic.index, pcpu);
	standin_pcpu_set(pcpu);
	vgic_load(&c->vgic);
	check(model_active(TIMER) == vgic_timer_busy(&c->vgic),
	      "the physical timer interrupt's active state");
	c->pcpu = (int)pcpu;
}

static void save(struct guest_cpu *c)
{
	bool busy, wakes;
	int line[2];

	snprintf(w.what, sizeof(w.what), "save vCPU %u", c->vgic.index);
	standin_pcpu_set((unsigned)c->pcpu);
	ref_lines(&w.ref, c->vgic.index, line, &wakes);
	/* Then it would not have gone to sleep. (An emulated one does, below the running priority.) */
	c->woken = w.late && !w.emulated ? vgic_wakes(&c->vgic) : wakes;
	busy = vgic_timer_busy(&c->vgic);
	if (busy)
		gic->set_active(TIMER, false);
	vgic_save(&c->vgic);
	check(model_is_clean(), "something is left in hardware");
	check(!model_active(TIMER), "the physical timer interrupt is left active");
	c->pcpu = -1;
	if (c->timer && !busy)
		vgic_inject_timer(&c->vgic, TIMER, TIMER);
}

/* --- The CPU interface ---------------------------------------------------------------------- */

static bool some_active(void)
{
	for (unsigned i = 0; i < w.cpus; i++)
		if (ref_actives(&w.ref, i))
			return true;
	return false;
}

/* PSCI CPU_ON of one that is off: what it had taken nobody ends now but by GICD_ICACTIVER. */
static void reset_interface(struct guest_cpu *c)
{
	snprintf(w.what, sizeof(w.what), "CPU_ON of vCPU %u", c->vgic.index);
	standin_pcpu_set(below(CPUS));
	vgic_reset_cpu(&c->vgic);
	ref_reset_interface(&w.ref, c->vgic.index);
	c->takens = c->droppeds = 0;
	w.weird |= some_active();
}

static uint32_t gicc_read(struct guest_cpu *c, u64 offset)
{
	struct mmio mmio = {.offset = offset, .size = 4};

	check(vgic_cpu_interface(&c->vgic, &mmio), "GICC + %#lx refused", (unsigned long)offset);
	return (uint32_t)mmio.value;
}

static void gicc_write(struct guest_cpu *c, u64 offset, uint32_t value)
{
	struct mmio mmio = {.offset = offset, .size = 4, .write = true, .value = value};

	check(vgic_cpu_interface(&c->vgic, &mmio), "GICC + %#lx refused", (unsigned long)offset);
}

static unsigned actives(void)
{
	unsigned most = 0;

	for (unsigned i = 0; i < w.cpus; i++)
		most = MAX(most, ref_actives(&w.ref, i));
	return most;
}

/* With active interrupts that the guest did not take in order, hardware can't say which ones are
 * ended once there are more than list registers: stay below that. */
static bool near_overflow(void)
{
	return !w.emulated && actives() + 2 > w.lrs;
}

static void ack(struct guest_cpu *c)
{
	unsigned i = c->vgic.index, group = ref_likely_group(&w.ref, i);
	uint32_t value;

	if (once_in(4))
		group = below(2);
	if (c->takens + c->droppeds + 1 >= STACK || (w.weird && near_overflow()))
		return;
	if (w.version == 2 && (w.ref.cpu[i].ackctl || once_in(2)))
		group = 0;
	model_random = below(16);
	value = w.emulated ? gicc_read(c, group ? 0x20 : 0x0c) : model_ack(group);
	snprintf(w.what, sizeof(w.what), "vCPU %u acknowledges %u in group %u", i, value, group);
	check(ref_ack(&w.ref, i, group, value), "this should not have been taken");
	if ((value & 0x3ff) < 1020) {
		c->taken[c->takens++] = value;
		w.taken++;
	}
}

static bool is_signalled(struct guest_cpu *c)
{
	int lines[2];
	bool wakes;

	ref_lines(&w.ref, c->vgic.index, lines, &wakes);
	return lines[0] || lines[1];
}

static void eoi(struct guest_cpu *c)
{
	uint32_t value;
	bool group1;

	if (!c->takens)
		return;
	value = c->taken[--c->takens];
	group1 = ref_irq(&w.ref, c->vgic.index, value & 0x3ff)->group1;
	snprintf(w.what, sizeof(w.what), "vCPU %u ends %u", c->vgic.index, value);
	if (w.ref.cpu[c->vgic.index].split)
		c->dropped[c->droppeds++] = value;
	if (w.emulated)
		gicc_write(c, group1 && once_in(2) ? 0x24 : 0x10, value);
	else
		model_eoi(group1, value);
	ref_eoi(&w.ref, c->vgic.index, value);
}

static void dir(struct guest_cpu *c)
{
	struct guest_cpu *taker = c;
	unsigned n;
	uint32_t value;

	if (!c->droppeds)
		return;
	n = below(c->droppeds);
	value = c->dropped[n];
	c->dropped[n] = c->dropped[--c->droppeds];
	/* An SPI's active state is the distributor's: any CPU may end it. */
	if ((value & 0x3ff) >= 32 && once_in(3))
		c = &w.cpu[below(w.cpus)];
	if (c->pcpu < 0 || !w.ref.cpu[c->vgic.index].split)
		c = taker;
	standin_pcpu_set((unsigned)c->pcpu);
	snprintf(w.what, sizeof(w.what), "vCPU %u deactivates %u", c->vgic.index, value);
	if (w.version == 2)
		gicc_write(c, 0x1000, value);
	else if (model_traps_dir())
		vgic_dir(&c->vgic, value);
	else
		model_dir(value);
	ref_dir(&w.ref, c->vgic.index, value);
}

static void control(struct guest_cpu *c)
{
	static const unsigned masks[] = {0xf8, 0xf8, 0xf8, 0x80, 0x40, 0};
	unsigned i = c->vgic.index;
	bool idle = !c->takens && !c->droppeds && !ref_actives(&w.ref, i);
	struct ref_cpu *r = ref_interface(&w.ref, i);
	uint32_t ctlr;

	snprintf(w.what, sizeof(w.what), "vCPU %u sets up its interface", i);
	if (idle)
		r->split = once_in(2);
	r->pmr = masks[below(6)];
	r->enable[0] = !once_in(8);
	r->enable[1] = !once_in(8);
	if (!c->takens) {
		r->cbpr = once_in(4);
		r->bpr[0] = !once_in(4) ? 2 : 2 + below(6);
		r->bpr[1] = !once_in(4) ? 3 : 3 + below(5);
	}
	if (w.version == 2) {
		r->ackctl = once_in(3);
		r->fiqen = once_in(3);
	}
	ctlr = r->enable[0] | r->enable[1] << 1 | r->ackctl << 2 | r->fiqen << 3 | r->cbpr << 4 |
	       r->split << 9;
	if (w.emulated) {
		gicc_write(c, 0x00, ctlr);
		gicc_write(c, 0x04, r->pmr | below(8));
		gicc_write(c, 0x08, r->bpr[0] == 2 ? below(3) : r->bpr[0]);
		gicc_write(c, 0x1c, r->bpr[1] == 3 ? below(4) : r->bpr[1]);
		check(gicc_read(c, 0x00) == ctlr, "GICC_CTLR");
		check(gicc_read(c, 0x04) == r->pmr, "GICC_PMR");
		check(gicc_read(c, 0x08) == r->bpr[0], "GICC_BPR");
		check(gicc_read(c, 0x1c) == r->bpr[1], "GICC_ABPR");
		return;
	}
	model_set_vmcr(ctlr | r->pmr << 24 | r->bpr[0] << 21 | r->bpr[1] << 18);
}

static void look(struct guest_cpu *c)
{
	unsigned i = c->vgic.index, group = below(2);
	uint32_t value, rpr = w.emulated ? gicc_read(c, 0x14) : model_rpr();

	model_random = below(16);
	value = w.emulated ? gicc_read(c, group ? 0x28 : 0x18) : model_hppir(group);
	snprintf(w.what, sizeof(w.what), "vCPU %u looks at HPPIR %u: %u", i, group, value);
	check(ref_hppir(&w.ref, i, group, value), "this is not the highest pending one");
	check(rpr == ref_rpr(&w.ref, i), "running priority %#x", rpr);
	if (!w.emulated)
		return;
	check(gicc_read(c, 0xd0) == ref_active_priorities(&w.ref, i, 0), "GICC_APR0");
	check(gicc_read(c, 0xe0) == ref_active_priorities(&w.ref, i, 1), "GICC_NSAPR0");
	check(gicc_read(c, 0xfc) == 0x0002043b, "GICC_IIDR");
	check(gicc_read(c, 0x2c + 4 * below(0xa4 / 4)) == 0, "a reserved register of GICC");
}

/* --- Registers ------------------------------------------------------------------------------ */

static bool access_dut(struct guest_cpu *c, bool redist, struct mmio *mmio)
{
	return redist ? vgic_redistributor(&c->vgic, mmio) : vgic_distributor(&c->vgic, mmio);
}

static unsigned random_offset(bool redist)
{
	/* Most often the few interrupts that are in use. */
	unsigned word = once_in(8) ? below(32) : below(redist ? 1 : 4);
	unsigned byte = once_in(4) ? below(160) : below(redist ? 32 : 48);

	switch (below(11)) {
	case 0:
		return once_in(4) ? 0x14 : 4 * below(3);
	case 1 ... 4:
		return 0x80 * (1 + below(7)) + 4 * word;
	case 5:
	case 6:
		return 0x400 + byte;
	case 7:
		return once_in(2) && w.version == 3 ? 0x6000 + 8 * byte + 4 * below(2) :
						      0x800 + byte;
	case 8:
		return 0xc00 + 4 * below(10);
	case 9:
		return once_in(4) ? 0xf00 : 0xf10 + below(0x20);
	default: /* anywhere, and the last ones, which identify */
		if (once_in(2))
			return (w.version == 2 ? 0xfd0 : 0xffd0) + 4 * below(12);
		return 4 * below(w.version == 2 ? 0x1000 / 4 : 0x10000 / 4);
	}
}

static unsigned random_size(unsigned offset)
{
	static const unsigned sizes[] = {4, 4, 4, 4, 4, 4, 1, 2, 8};
	unsigned size = sizes[below(9)];

	if (offset >= 0x6000 && offset % 8 == 0 && once_in(2))
		size = 8;
	return offset % 4 ? 1 : size;
}

static uint64_t random_value(unsigned offset)
{
	if (offset >= 0x100 && offset < 0x180)
		return next() & 0xffffffff & (once_in(2) ? ~0u : next());
	if (offset >= 0x180 && offset < 0x200)
		return 1u << below(32);
	if (offset >= 0x200 && offset < 0x280) /* few, else soon all are pending */
		return 1u << below(32) | 1u << below(32);
	if (offset >= 0x280 && offset < 0x300)
		return next() & 0xffffffff;
	if (offset >= 0x80 && offset < 0x400 && once_in(3))
		return 1u << below(32);
	if (offset >= 0x400 && offset < 0x800 && once_in(2))
		return 0x20406080u << below(3);
	if (offset >= 0x6000)
		return once_in(8) ? next() & 0xffffffffffull : below(CPUS);
	if (offset == 0)
		return once_in(6) ? below(4) : 3;
	return next() & 0xffffffff;
}

static bool is_taken(unsigned intid)
{
	for (unsigned i = 0; i < w.cpus; i++) {
		for (unsigned n = 0; n < w.cpu[i].takens; n++)
			if ((w.cpu[i].taken[n] & 0x3ff) == intid)
				return true;
		for (unsigned n = 0; n < w.cpu[i].droppeds; n++)
			if ((w.cpu[i].dropped[n] & 0x3ff) == intid)
				return true;
	}
	return false;
}

/* Priorities such that interrupts nest. */
static void set_priorities(struct guest_cpu *c)
{
	for (unsigned n = 0; n < REF_LINES; n++) {
		bool redist = w.version == 3 && n < 32;
		unsigned offset = 0x400 + n + (redist ? c->vgic.index << 17 | 0x10000 : 0);
		struct mmio mmio = {.offset = offset,
				    .size = 1,
				    .write = true,
				    .value = below(32) * 8};

		check(access_dut(c, redist, &mmio), "refused");
		ref_write(&w.ref, c->vgic.index, redist, offset, 1, mmio.value);
	}
}

/* Keeps a guest to what the specifications define: see near_overflow. */
static bool may_write(unsigned at, uint64_t *value)
{
	unsigned offset = at & 0xffff;

	if (offset >= 0x300 && offset < 0x400) {
		*value = 1u << below(32);
		for (unsigned i = 0; i < 32; i++)
			if ((*value >> i & 1) && is_taken(offset % 0x80 * 8 + i))
				return false; /* its EOI would end nothing */
		if (offset >= 0x380)
			return true;
		if (near_overflow())
			return false;
		w.weird = true;
	}
	if (((offset >= 0x80 && offset < 0x100) || (offset >= 0x400 && offset < 0x800)) &&
	    actives()) {
		if (near_overflow() || !once_in(4))
			return false;
		w.weird = true;
	}
	return true;
}

static void access_register(struct guest_cpu *c)
{
	bool redist = w.version == 3 && once_in(2), write = once_in(3), exists;
	unsigned offset = random_offset(redist), size = random_size(offset), i = c->vgic.index;
	uint64_t value = random_value(offset) & (size == 8 ? ~0ull : (1ull << 8 * size) - 1);
	struct mmio mmio = {.size = (u8)size, .write = write, .value = value};

	if (redist)
		offset |= below(w.cpus + once_in(32)) << 17 | (once_in(8) ? 0 : 0x10000);
	else if (once_in(64))
		offset += w.version == 2 ? 0x1000 : 0x10000;
	if (write && !may_write(offset, &value))
		return;
	mmio.offset = offset;
	mmio.value = value;
	snprintf(w.what, sizeof(w.what), "vCPU %u %s %s + %#x, %u bytes, %#llx", i,
		 write ? "writes" : "reads", redist ? "GICR" : "GICD", offset, size,
		 (unsigned long long)value);
	exists = offset < (redist ? w.cpus << 17 : w.version == 2 ? 0x1000 : 0x10000);
	check(access_dut(c, redist, &mmio) == exists, "refused, or not");
	if (!exists)
		return;
	if (write) {
		ref_write(&w.ref, i, redist, offset, size, value);
		return;
	}
	w.reads++;
	value = ref_read(&w.ref, i, redist, offset, size);
	check(mmio.value == value, "read %#llx, should be %#llx", (unsigned long long)mmio.value,
	      (unsigned long long)value);
}

/* Ends all that is active without having been taken, else the guest would soon be stuck. */
static void calm(struct guest_cpu *c)
{
	for (unsigned n = 0; n < REF_LINES; n++) {
		bool redist = w.version == 3 && n < 32;
		unsigned offset = 0x380 + n / 32 * 4 + (redist ? c->vgic.index << 17 | 0x10000 : 0);
		struct mmio mmio = {.offset = offset,
				    .size = 4,
				    .write = true,
				    .value = 1u << n % 32};

		if (!ref_is_active(&w.ref, c->vgic.index, n) || is_taken(n))
			continue;
		snprintf(w.what, sizeof(w.what), "vCPU %u clears active %u", c->vgic.index, n);
		check(access_dut(c, redist, &mmio), "refused");
		ref_write(&w.ref, c->vgic.index, redist, offset, 4, 1u << n % 32);
	}
}

static void send_sgi(struct guest_cpu *c)
{
	unsigned i = c->vgic.index;
	uint64_t value = (uint64_t)below(4) << 24;
	bool group0 = once_in(4);

	if (w.version == 3) {
		value |= (next() & 0xf) | (once_in(4) ? 1ull << 40 : 0);
		value |= once_in(10) ? 1ull << (16 + below(40)) : 0;
		value &= ~(0xfull << 28 | 7ull << 41);
		snprintf(w.what, sizeof(w.what), "vCPU %u sends %#llx", i,
			 (unsigned long long)value);
		vgic_send_sgi(&c->vgic, value, !group0);
		ref_sgi(&w.ref, i, value, group0);
		return;
	}
	value = below(4) | (uint64_t)below(4) << 24 | below(16) << 16;
	snprintf(w.what, sizeof(w.what), "vCPU %u sends %#llx", i, (unsigned long long)value);
	check(vgic_distributor(
		      &c->vgic,
		      &(struct mmio){.offset = 0xf00, .size = 4, .write = true, .value = value}),
	      "refused");
	ref_write(&w.ref, i, false, 0xf00, 4, value);
}

/* --- Devices -------------------------------------------------------------------------------- */

static void move_line(void)
{
	unsigned intid = once_in(4) ? 16 + below(112) : 32 + below(10), cpu = below(w.cpus);
	bool level = once_in(3);

	if (intid == TIMER || intid == DEVICE)
		return;
	standin_pcpu_set(below(CPUS));
	snprintf(w.what, sizeof(w.what), "line %u of %u to %d on pCPU %u", intid, cpu, level,
		 this_pcpu()->id);
	vgic_set_line(&w.vgic, cpu, intid, level);
	ref_line(&w.ref, cpu, intid, level);
}

static void pulse(void)
{
	unsigned intid = 32 + (once_in(4) ? below(96) : below(10));

	if (intid == DEVICE)
		return;
	standin_pcpu_set(below(CPUS));
	snprintf(w.what, sizeof(w.what), "pulse of %u on pCPU %u", intid, this_pcpu()->id);
	vgic_pulse(&w.vgic, intid);
	ref_pulse(&w.ref, intid);
}

static void move_timer(void)
{
	struct guest_cpu *c = &w.cpu[below(w.cpus)];

	if (c->pcpu < 0 && c->timer)
		return; /* only a guest that runs can turn its timer off */
	c->timer = !c->timer;
	snprintf(w.what, sizeof(w.what), "timer of vCPU %u to %d", c->vgic.index, c->timer);
	ref_line(&w.ref, c->vgic.index, TIMER, c->timer);
	if (c->pcpu < 0) {
		standin_pcpu_set(below(CPUS));
		vgic_inject_timer(&c->vgic, TIMER, TIMER);
	} else if (!c->timer) {
		/* Without a trap it may be taken once more, spuriously; here there is one. */
		bool redist = w.version == 3;
		struct mmio mmio = {.offset = 0x200 + (redist ? c->vgic.index << 17 | 0x10000 : 0),
				    .size = 4};

		standin_pcpu_set((unsigned)c->pcpu);
		if (once_in(2)) {
			vgic_soil(&c->vgic); /* one that looks at everything */
			vgic_refresh(&c->vgic);
		} else {
			check(access_dut(c, redist, &mmio) &&
				      !(mmio.value >> TIMER & 1) ==
					      !ref_irq(&w.ref, c->vgic.index, TIMER)->latch,
			      "the timer is still pending: %#x", (unsigned)mmio.value);
		}
	}
}

static void open_device(void)
{
	vgic_open_device(&w.vgic, DEVICE, PHYSICAL);
	gic->enable(PHYSICAL, true);
	w.device = false;
}

/* The guest is reset: its vCPUs are off, and its timers. */
static void reset_all(void)
{
	snprintf(w.what, sizeof(w.what), "reset");
	for (unsigned i = 0; i < w.cpus; i++)
		if (w.cpu[i].pcpu >= 0)
			save(&w.cpu[i]);
	gic->disable(PHYSICAL);
	vgic_close_device(&w.vgic, DEVICE);
	vgic_reset(&w.vgic);
	ref_reset(&w.ref);
	open_device();
	for (unsigned i = 0; i < w.cpus; i++) {
		w.cpu[i].timer = w.cpu[i].woken = false;
		w.cpu[i].takens = w.cpu[i].droppeds = 0;
	}
	w.weird = false;
	for (unsigned i = 0; i < w.cpus; i++)
		set_priorities(&w.cpu[i]);
}

/* --- The run -------------------------------------------------------------------------------- */

static void end_something(struct guest_cpu *c)
{
	if (c->droppeds && once_in(2))
		dir(c);
	else if (c->takens)
		eoi(c);
	else if (c->droppeds)
		dir(c);
	else if (w.weird && once_in(2))
		calm(c);
	else
		access_register(c);
}

static void guest_op(struct guest_cpu *c)
{
	standin_pcpu_set((unsigned)c->pcpu);
	switch (below(16)) {
	case 0 ... 4:
		access_register(c);
		break;
	case 5 ... 8:
		if (is_signalled(c) || once_in(8))
			ack(c);
		else
			end_something(c);
		break;
	case 9 ... 11:
		end_something(c);
		break;
	case 12 ... 13:
		send_sgi(c);
		break;
	case 14:
		look(c);
		break;
	default:
		if (once_in(4))
			control(c);
		else
			end_something(c);
	}
}

static void others_op(struct guest_cpu *c)
{
	if (c->pcpu < 0 && once_in(200))
		reset_interface(c);
	else if (c->pcpu < 0)
		load(c);
	else if (once_in(4000))
		reset_all();
	else if (once_in(4))
		save(c);
	else if (once_in(3))
		move_timer();
	else if (once_in(3))
		pulse();
	else if (once_in(3))
		w.device = !w.device;
	else
		move_line();
}

/* Before what the last one has set off is served everywhere. Nothing new is taken: what is the best may
 * not be listed yet. */
static void late_op(struct guest_cpu *c)
{
	if (c->pcpu < 0 && once_in(2)) {
		load(c);
		return;
	}
	if (c->pcpu >= 0) {
		standin_pcpu_set((unsigned)c->pcpu);
		switch (below(8)) {
		case 0 ... 1:
			if (c->droppeds && once_in(2))
				dir(c);
			else
				eoi(c);
			return;
		case 2 ... 3:
			settle_one(c);
			return;
		case 4:
			send_sgi(c);
			return;
		case 5:
			save(c);
			return;
		case 6:
			access_register(c);
			return;
		default:
			break;
		}
	}
	if (once_in(3))
		move_timer();
	else if (once_in(2))
		pulse();
	else
		move_line();
}

static void step(void)
{
	struct guest_cpu *c = &w.cpu[below(w.cpus)];

	w.what[0] = 0;
	if (w.late)
		late_op(c);
	else if (c->pcpu < 0 || once_in(5))
		others_op(c);
	else
		guest_op(c);
	w.late = once_in(w.late ? 2 : 4);
	if (w.trace)
		printf("%lu: %s%s\n", w.op, w.what, w.late ? " ..." : "");
	if (w.late) {
		w.op++;
		return;
	}
	settle();
	compare_lines();
	compare_with_itself();
	compare_device();
	if (w.weird && !actives()) {
		bool any = false;

		for (unsigned i = 0; i < w.cpus; i++)
			any |= w.cpu[i].takens || w.cpu[i].droppeds;
		w.weird = any;
	}
	w.op++;
}

static void begin(unsigned version, bool emulated, unsigned lrs, unsigned cpus)
{
	memset(&w, 0, sizeof(w));
	w.version = version;
	w.emulated = emulated;
	w.lrs = lrs;
	w.cpus = cpus;
	w.trace = getenv("VGIC_TRACE");
	standin_pcpu_reset();
	standin_on_wait = take_kicks;
	model_init(emulated ? 3 : version, lrs);
	vgic_init(&w.vgic, version, emulated, cpus);
	w.vgic.line_now = line_now;
	ref_init(&w.ref, version, cpus);
	for (unsigned i = 0; i < cpus; i++) {
		w.cpu[i].pcpu = -1;
		vgic_init_cpu(&w.vgic, &w.cpu[i].vgic, i, &w.cpu[i].entity);
	}
	for (unsigned i = 0; i < cpus; i++)
		set_priorities(&w.cpu[i]);
	open_device();
}

#endif
