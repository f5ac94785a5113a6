// SPDX-License-Identifier: Apache-2.0
/* See vgic_model.h. */
#include "vgic_model.h"

#include <string.h>

#define NONE 1023u

static bool is_sgi2(const struct ref *ref, unsigned intid)
{
	return ref->version == 2 && intid < 16;
}

struct ref_cpu *ref_interface(struct ref *ref, unsigned cpu)
{
	ref->best[cpu].known = false;
	return &ref->cpu[cpu];
}

void ref_reset_interface(struct ref *ref, unsigned cpu)
{
	struct ref_cpu *c = ref_interface(ref, cpu);

	c->enable[0] = c->enable[1] = c->ackctl = c->cbpr = c->split = false;
	c->fiqen = ref->version == 3;
	c->pmr = 0;
	c->bpr[0] = 2;
	c->bpr[1] = 3;
	memset(c->running, 0, sizeof(c->running));
}

void ref_init(struct ref *ref, unsigned version, unsigned cpus)
{
	memset(ref, 0, sizeof(*ref));
	ref->version = version;
	ref->cpus = cpus;
	for (unsigned c = 0; c < cpus; c++) {
		ref_reset_interface(ref, c);
		ref->cpu[c].asleep = true;
		for (unsigned i = 0; i < 16; i++) {
			ref->cpu[c].own[i].edge = true;
			ref->cpu[c].own[i].enabled = version == 2;
		}
	}
}

const struct ref_irq *ref_irq(const struct ref *ref, unsigned cpu, unsigned intid)
{
	return intid < 32 ? &ref->cpu[cpu].own[intid] : &ref->spi[intid - 32];
}

static void forget_best(struct ref *ref)
{
	for (unsigned c = 0; c < ref->cpus; c++)
		ref->best[c].known = false;
}

/* All changes of an interrupt's state go through here. */
static struct ref_irq *change(struct ref *ref, unsigned cpu, unsigned intid)
{
	if (intid < 32)
		return &ref_interface(ref, cpu)->own[intid];
	forget_best(ref);
	return &ref->spi[intid - 32];
}

static bool pending(const struct ref *ref, const struct ref_irq *irq, unsigned intid)
{
	if (is_sgi2(ref, intid))
		return irq->pending_from != 0;
	return irq->latch || (irq->line && !irq->edge);
}

bool ref_is_active(const struct ref *ref, unsigned cpu, unsigned intid)
{
	const struct ref_irq *irq = ref_irq(ref, cpu, intid);

	return is_sgi2(ref, intid) ? irq->active_from != 0 : irq->active;
}

static int target(const struct ref *ref, uint32_t route)
{
	if (ref->version == 3)
		return route < ref->cpus ? (int)route : -1;
	if (ref->cpus == 1)
		return 0;
	for (unsigned c = 0; c < ref->cpus; c++)
		if (route >> c & 1)
			return (int)c;
	return -1;
}

/* Does the distributor hand this interrupt to the CPU? */
static bool forwarded(const struct ref *ref, unsigned cpu, unsigned intid)
{
	const struct ref_irq *irq = ref_irq(ref, cpu, intid);

	return pending(ref, irq, intid) && irq->enabled && ref->enable[irq->group1] &&
	       !ref_is_active(ref, cpu, intid) &&
	       (intid < 32 || target(ref, irq->route) == (int)cpu);
}

/* --- CPU interface -------------------------------------------------------------------------- */

static unsigned running(const struct ref_cpu *c)
{
	for (unsigned p = 0; p < 32; p++)
		if (c->running[0][p] || c->running[1][p])
			return p * 8;
	return 256;
}

unsigned ref_rpr(const struct ref *ref, unsigned cpu)
{
	unsigned p = running(&ref->cpu[cpu]);

	return p == 256 ? 255 : p;
}

static unsigned group_priority(const struct ref_cpu *c, const struct ref_irq *irq)
{
	unsigned low_bits = irq->group1 && !c->cbpr ? c->bpr[1] : c->bpr[0] + 1;

	return irq->priority >> low_bits << low_bits;
}

static bool candidate(const struct ref *ref, unsigned cpu, unsigned intid)
{
	return forwarded(ref, cpu, intid) && ref->cpu[cpu].enable[ref_irq(ref, cpu, intid)->group1];
}

static struct ref_best find_best(struct ref *ref, unsigned cpu)
{
	struct ref_cpu *c = &ref->cpu[cpu];
	struct ref_best best = {.known = true, .priority = 256};

	if (ref->best[cpu].known)
		return ref->best[cpu];
	for (unsigned i = 0; i < REF_LINES; i++) {
		const struct ref_irq *irq = ref_irq(ref, cpu, i);

		best.actives += ref_is_active(ref, cpu, i);
		if (irq->priority > best.priority || !candidate(ref, cpu, i))
			continue;
		if (irq->priority < best.priority) {
			best.priority = irq->priority;
			best.groups = best.now = 0;
		}
		best.groups |= 1u << irq->group1;
		if (irq->priority < c->pmr && group_priority(c, irq) < running(c))
			best.now |= 1u << irq->group1;
	}
	ref->best[cpu] = best;
	return best;
}

unsigned ref_actives(struct ref *ref, unsigned cpu)
{
	return find_best(ref, cpu).actives;
}

unsigned ref_likely_group(struct ref *ref, unsigned cpu)
{
	return find_best(ref, cpu).now == 2;
}

/* May `value` be shown for one of the best interrupts? */
static bool may_show(struct ref *ref, unsigned cpu, unsigned group, uint32_t value, bool now)
{
	struct ref_cpu *c = &ref->cpu[cpu];
	struct ref_best best = find_best(ref, cpu);
	unsigned groups = now ? best.now : best.groups;
	unsigned intid = value & 0x3ff, source = value >> 10;
	const struct ref_irq *irq;

	if (best.groups != groups)
		groups |= 4; /* the first of the best may be one that is not signalled */
	if (value == 1022)
		return ref->version == 2 && !group && !c->ackctl && (groups & 2);
	if (value == NONE) {
		if (!groups || groups & 4)
			return true;
		if (ref->version == 3)
			return groups & (group ? 1 : 2);
		return group && (groups & 1);
	}
	if (intid >= REF_LINES || !candidate(ref, cpu, intid))
		return false;
	irq = ref_irq(ref, cpu, intid);
	if (irq->priority != best.priority || !(groups >> irq->group1 & 1))
		return false;
	if (now && (irq->priority >= c->pmr || group_priority(c, irq) >= running(c)))
		return false;
	if (ref->version == 3 ? irq->group1 != group : irq->group1 ? !group && !c->ackctl : group)
		return false;
	return is_sgi2(ref, intid) ? source < 8 && (irq->pending_from >> source & 1) : !source;
}

bool ref_ack(struct ref *ref, unsigned cpu, unsigned group, uint32_t value)
{
	unsigned intid = value & 0x3ff;
	struct ref_irq *irq;

	if (!may_show(ref, cpu, group, value, true))
		return false;
	if (intid >= REF_LINES)
		return true;
	irq = change(ref, cpu, intid);
	ref->cpu[cpu].running[irq->group1][group_priority(&ref->cpu[cpu], irq) / 8] = true;
	irq->latch = false;
	if (is_sgi2(ref, intid)) {
		irq->pending_from &= (uint8_t) ~(1u << (value >> 10));
		irq->active_from |= (uint8_t)(1u << (value >> 10));
	} else {
		irq->active = true;
	}
	return true;
}

bool ref_hppir(struct ref *ref, unsigned cpu, unsigned group, uint32_t value)
{
	return may_show(ref, cpu, group, value, false);
}

static void deactivate(struct ref *ref, unsigned cpu, uint32_t value)
{
	unsigned intid = value & 0x3ff;
	struct ref_irq *irq = change(ref, cpu, intid);

	irq->active = false;
	if (is_sgi2(ref, intid))
		irq->active_from &= (uint8_t) ~(1u << (value >> 10 & 7));
}

void ref_eoi(struct ref *ref, unsigned cpu, uint32_t value)
{
	struct ref_cpu *c = ref_interface(ref, cpu);

	for (unsigned p = 0; p < 32; p++)
		if (c->running[0][p] || c->running[1][p]) {
			c->running[!c->running[0][p]][p] = false;
			break;
		}
	if (!c->split)
		deactivate(ref, cpu, value);
}

void ref_dir(struct ref *ref, unsigned cpu, uint32_t value)
{
	deactivate(ref, cpu, value);
}

uint32_t ref_active_priorities(const struct ref *ref, unsigned cpu, unsigned group)
{
	uint32_t bits = 0;

	for (unsigned p = 0; p < 32; p++)
		bits |= (uint32_t)ref->cpu[cpu].running[group][p] << p;
	return bits;
}

void ref_reset(struct ref *ref)
{
	struct ref old = *ref;

	ref_init(ref, old.version, old.cpus);
	for (unsigned i = 0; i < REF_LINES - 32; i++)
		ref->spi[i].line = old.spi[i].line;
}

void ref_lines(struct ref *ref, unsigned cpu, int line[2], bool *wakes)
{
	struct ref_best best = find_best(ref, cpu);
	struct ref_cpu *c = &ref->cpu[cpu];

	for (unsigned fiq = 0; fiq < 2; fiq++) {
		unsigned mine = c->fiqen ? (fiq ? 1 : 2) : (fiq ? 0 : 3);

		line[fiq] = (best.now & mine) != 0;
		if (best.now && (best.groups != best.now || (best.now == 3 && mine && mine != 3)))
			line[fiq] = 2;
	}
	*wakes = best.priority < c->pmr;
}

/* --- Lines and SGIs ------------------------------------------------------------------------- */

void ref_line(struct ref *ref, unsigned cpu, unsigned intid, bool level)
{
	struct ref_irq *irq = change(ref, cpu, intid);

	if (level && !irq->line && irq->edge)
		irq->latch = true;
	irq->line = level;
}

void ref_pulse(struct ref *ref, unsigned intid)
{
	struct ref_irq *irq = change(ref, 0, intid);

	if (irq->edge)
		irq->latch = true;
}

void ref_sgi(struct ref *ref, unsigned cpu, uint64_t value, bool group0)
{
	for (unsigned t = 0; t < ref->cpus; t++) {
		struct ref_irq *irq = change(ref, t, value >> 24 & 15);
		bool named;

		if (value >> 40 & 1)
			named = t != cpu;
		else
			named = (value >> t & 1) && !(value >> 16 & 0xff) &&
				!(value >> 32 & 0xff) && !(value >> 44 & 0xfff);
		if (named && (!group0 || !irq->group1))
			irq->latch = true;
	}
}

/* --- Registers ------------------------------------------------------------------------------ */

enum field { GROUP, ENABLE, PENDING, ACTIVE };

static bool get_bit(const struct ref *ref, unsigned cpu, unsigned intid, enum field field)
{
	const struct ref_irq *irq = ref_irq(ref, cpu, intid);

	switch (field) {
	case GROUP:
		return irq->group1;
	case ENABLE:
		return irq->enabled;
	case PENDING:
		return pending(ref, irq, intid);
	default:
		return ref_is_active(ref, cpu, intid);
	}
}

static void set_bit(struct ref *ref, unsigned cpu, unsigned intid, enum field field, bool value)
{
	struct ref_irq *irq = change(ref, cpu, intid);

	switch (field) {
	case GROUP:
		irq->group1 = value;
		break;
	case ENABLE:
		irq->enabled = value || is_sgi2(ref, intid);
		break;
	case PENDING:
		if (!is_sgi2(ref, intid))
			irq->latch = value;
		break;
	default:
		irq->active = value;
		if (is_sgi2(ref, intid) && (!value || !irq->active_from))
			irq->active_from = value;
	}
}

/* Is the private part of the registers here (v2's distributor, v3's redistributor)? */
static bool skips(const struct ref *ref, bool redist, unsigned intid)
{
	if (intid >= REF_LINES)
		return true;
	if (redist)
		return intid >= 32;
	return ref->version == 3 && intid < 32;
}

/* PIDR4..7, PIDR0..3, CIDR0..3 in a frame's last 48 bytes: a GIC of Arm's by PIDR1 and PIDR2 (JEP106
 * 0x43b: 4, and 0x3b), whose architecture PIDR2 7:4 says. */
static uint32_t identification(const struct ref *ref, unsigned offset)
{
	switch (offset & 0xfff) {
	case 0xfd0:
		return ref->version == 2 ? 0x04 : 0x44;
	case 0xfe0:
		return ref->version == 2 ? 0x90 : 0x92;
	case 0xfe4:
		return 0xb4;
	case 0xfe8:
		return ref->version == 2 ? 0x2b : 0x3b;
	case 0xff0:
		return 0x0d;
	case 0xff4:
		return 0xf0;
	case 0xff8:
		return 0x05;
	case 0xffc:
		return 0xb1;
	default:
		return 0;
	}
}

static uint32_t read_word(struct ref *ref, unsigned cpu, bool redist, unsigned offset)
{
	uint32_t value = 0;

	if (offset >= 0x80 && offset < 0x400) {
		static const enum field fields[8] = {0,	      GROUP,   ENABLE, ENABLE,
						     PENDING, PENDING, ACTIVE, ACTIVE};

		for (unsigned i = 0; i < 32; i++) {
			unsigned intid = offset % 0x80 * 8 + i;

			if (!skips(ref, redist, intid))
				value |= (uint32_t)get_bit(ref, cpu, intid, fields[offset / 0x80])
					 << i;
		}
	} else if (offset >= 0x400 && offset < 0x800) {
		for (unsigned i = 0; i < 4; i++)
			if (!skips(ref, redist, offset - 0x400 + i))
				value |= (uint32_t)ref_irq(ref, cpu, offset - 0x400 + i)->priority
					 << 8 * i;
	} else if (offset >= 0x800 && offset < 0xc00 && ref->version == 2 && ref->cpus > 1) {
		for (unsigned i = 0; i < 4 && offset - 0x800 < REF_LINES; i++)
			value |= (offset < 0x820 ? 1u << cpu :
						   ref_irq(ref, cpu, offset - 0x800 + i)->route)
				 << 8 * i;
	} else if (offset >= 0xc00 && offset < 0xd00) {
		for (unsigned i = 0; i < 16; i++)
			if (!skips(ref, redist, (offset - 0xc00) * 4 + i))
				value |= (ref_irq(ref, cpu, (offset - 0xc00) * 4 + i)->edge ? 2u :
											      0u)
					 << 2 * i;
	} else if (offset >= 0xf10 && offset < 0xf30 && ref->version == 2) {
		for (unsigned i = 0; i < 4; i++)
			value |= (uint32_t)ref->cpu[cpu].own[offset % 16 + i].pending_from << 8 * i;
	} else if (offset == 0 && !redist) {
		value = (ref->version == 3 ? 0x50u : 0u) | ref->enable[0] | ref->enable[1] << 1;
	} else if (offset == 4 && !redist) {
		value = ref->version == 3 ? 0x03480003u : 3u | (ref->cpus - 1) << 5;
	} else if (offset == 8 && !redist) {
		value = 0x43b;
	} else if (offset >= 0xfd0 && ref->version == 2) {
		value = identification(ref, offset);
	}
	return value;
}

/* RD_base: IHI 0069, 12.11. */
static uint32_t read_rd_base(const struct ref *ref, unsigned owner, unsigned offset)
{
	switch (offset) {
	case 4:
		return 0x43b;
	case 0x14:
		return ref->cpu[owner].asleep ? 6 : 0;
	default:
		return offset >= 0xffd0 ? identification(ref, offset) : 0;
	}
}

static void write_byte(struct ref *ref, unsigned cpu, bool redist, unsigned offset, uint8_t value)
{
	if (offset >= 0x400 && offset < 0x800) {
		if (!skips(ref, redist, offset - 0x400))
			change(ref, cpu, offset - 0x400)->priority = value & 0xf8;
	} else if (offset >= 0x820 && offset < 0x800 + REF_LINES) {
		if (ref->version == 2 && ref->cpus > 1)
			change(ref, cpu, offset - 0x800)->route = value & ((1u << ref->cpus) - 1);
	} else if (offset >= 0xf10 && offset < 0xf20 && ref->version == 2) {
		change(ref, cpu, offset - 0xf10)->pending_from &= (uint8_t)~value;
	} else if (offset >= 0xf20 && offset < 0xf30 && ref->version == 2) {
		change(ref, cpu, offset - 0xf20)->pending_from |= value & ((1u << ref->cpus) - 1);
	}
}

static void write_sgir(struct ref *ref, unsigned cpu, uint32_t value)
{
	for (unsigned t = 0; t < ref->cpus; t++) {
		bool named[4] = {value >> (16 + t) & 1, t != cpu, t == cpu, false};

		if (named[value >> 24 & 3])
			change(ref, t, value & 15)->pending_from |= (uint8_t)(1u << cpu);
	}
}

static void write_word(struct ref *ref, unsigned cpu, bool redist, unsigned offset, uint32_t value)
{
	if (offset >= 0x80 && offset < 0x400) {
		for (unsigned i = 0; i < 32; i++) {
			unsigned intid = offset % 0x80 * 8 + i;

			if (skips(ref, redist, intid))
				continue;
			if (offset < 0x100)
				set_bit(ref, cpu, intid, GROUP, value >> i & 1);
			else if (value >> i & 1)
				set_bit(ref, cpu, intid,
					offset < 0x200 ? ENABLE :
					offset < 0x300 ? PENDING :
							 ACTIVE,
					!(offset & 0x80));
		}
	} else if (offset >= 0xc08 && offset < 0xd00) {
		for (unsigned i = 0; i < 16; i++)
			if (!skips(ref, redist, (offset - 0xc00) * 4 + i))
				change(ref, cpu, (offset - 0xc00) * 4 + i)->edge =
					value >> (2 * i + 1) & 1;
	} else if (offset == 0xf00 && ref->version == 2) {
		write_sgir(ref, cpu, value);
	} else if (offset == 0 && !redist) {
		forget_best(ref);
		ref->enable[0] = value & 1;
		ref->enable[1] = value >> 1 & 1;
	} else {
		for (unsigned i = 0; i < 4; i++)
			write_byte(ref, cpu, redist, offset + i, (uint8_t)(value >> 8 * i));
	}
}

static bool has_bytes(unsigned offset)
{
	return (offset >= 0x400 && offset < 0xc00) || (offset >= 0xf10 && offset < 0xf30);
}

static uint64_t router(const struct ref *ref, unsigned offset)
{
	unsigned n = (offset - 0x6000) / 8;
	uint32_t route = n >= 32 && n < REF_LINES ? ref->spi[n - 32].route : 0;

	return (uint64_t)(route >> 24) << 32 | (route & 0xffffff);
}

static bool is_router(const struct ref *ref, bool redist, unsigned offset)
{
	return ref->version == 3 && !redist && offset >= 0x6000 && offset < 0x8000;
}

uint64_t ref_read(struct ref *ref, unsigned cpu, bool redist, unsigned offset, unsigned size)
{
	unsigned owner = redist ? offset >> 17 : cpu;
	bool last = owner == ref->cpus - 1;
	uint64_t value = 0;

	if (offset % size)
		return 0;
	if (is_router(ref, redist, offset) && size >= 4)
		value = router(ref, offset);
	else if (redist && (offset & 0x1ffff) / 8 == 1 && size >= 4)
		value = (uint64_t)owner << 32 | owner << 8 | (last ? 0x10 : 0);
	else if (size == 8)
		return 0;
	if (value)
		return size == 8 ? value : offset & 4 ? value >> 32 : value & 0xffffffff;
	if (redist && !(offset & 0x10000))
		return size == 4 ? read_rd_base(ref, owner, offset & 0xffff) : 0;
	offset &= redist ? 0xffff : 0x1ffff;
	if (offset >= 0xffd0 && !redist && size == 4)
		return identification(ref, offset);
	if (offset >= 0x1000 || (redist && offset < 0x80))
		return 0;
	if (size == 4)
		return read_word(ref, owner, redist, offset);
	if (size == 1 && has_bytes(offset))
		return read_word(ref, owner, redist, offset & ~3u) >> offset % 4 * 8 & 0xff;
	return 0;
}

void ref_write(struct ref *ref, unsigned cpu, bool redist, unsigned offset, unsigned size,
	       uint64_t value)
{
	unsigned owner = redist ? offset >> 17 : cpu;

	if (offset % size)
		return;
	if (redist && !(offset & 0x10000)) {
		if ((offset & 0xffff) == 0x14 && size == 4)
			ref->cpu[owner].asleep = value >> 1 & 1;
		return;
	}
	if (is_router(ref, redist, offset) && size >= 4) {
		unsigned n = (offset - 0x6000) / 8;
		uint64_t now = router(ref, offset);

		if (size == 4)
			value = offset & 4 ? (now & 0xffffffff) | value << 32 :
					     (now & ~0xffffffffull) | value;
		if (n >= 32 && n < REF_LINES)
			change(ref, cpu, n)->route = (uint32_t)(value >> 32 & 0xff) << 24 |
						     (uint32_t)(value & 0xffffff);
		return;
	}
	offset &= redist ? 0xffff : 0x1ffff;
	if (offset >= 0x1000 || (redist && offset < 0x80))
		return;
	if (size == 4)
		write_word(ref, owner, redist, offset, (uint32_t)value);
	else if (size == 1 && has_bytes(offset))
		write_byte(ref, owner, redist, offset, (uint8_t)value);
}
