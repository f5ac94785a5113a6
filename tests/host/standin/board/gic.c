// SPDX-License-Identifier: Apache-2.0
/* See gic_model.h beside this file. Every number here is from the specifications. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/pcpu.h"
#include "board/gic_model.h"
#include "board/gic_sgi.h"

#define SPURIOUS 1023u

struct interface {
	u64 lr[GIC_LRS_MAX];
	u32 hcr, vmcr, ap0r, ap1r;
	bool active[32]; /* physical PPIs */
};

static struct interface interfaces[PCPUS_MAX];
static struct {
	bool enabled, level, active;
} spis[1020]; /* physical ones */
static unsigned version, lrs;
unsigned model_random, model_writes;

static struct interface *here(void)
{
	return &interfaces[this_pcpu()->id];
}

/* State 63:62: 0 invalid, 1 pending, 2 active, 3 both. */
static unsigned state(u64 lr)
{
	return (unsigned)(lr >> 62);
}

static u32 priority(u64 lr)
{
	return (u32)(lr >> 48) & 0xff;
}

static unsigned group(u64 lr)
{
	return (unsigned)(lr >> 60) & 1;
}

static u32 intid(u64 lr)
{
	return (u32)lr;
}

/* INTID as the guest reads it: with the source of a v2 SGI in 12:10. */
static u32 visible(u64 lr)
{
	if (version == 2 && intid(lr) < 16)
		return intid(lr) | ((u32)(lr >> 32) & 7) << 10;
	return intid(lr);
}

static u32 running(const struct interface *i)
{
	u32 active = i->ap0r | i->ap1r;

	return active ? (u32)__builtin_ctz(active) * 8 : 0x100;
}

/* The same interrupt must not stand in two list registers when the guest runs. */
static void check_unique(const struct interface *i)
{
	for (unsigned n = 1; n < lrs; n++)
		for (unsigned k = 0; state(i->lr[n]) && k < n; k++)
			if (state(i->lr[k]) && visible(i->lr[k]) == visible(i->lr[n])) {
				fprintf(stderr, "INTID %u is listed twice\n", intid(i->lr[n]));
				abort();
			}
}

/* The pending list register of highest priority whose group is enabled; -1: none. */
static int best(const struct interface *i)
{
	int found = -1;

	check_unique(i);
	for (unsigned k = 0; k < lrs; k++) {
		unsigned n = (k + model_random) % lrs;

		if (state(i->lr[n]) == 1 && (i->vmcr >> group(i->lr[n]) & 1) &&
		    (found < 0 || priority(i->lr[n]) < priority(i->lr[found])))
			found = (int)n;
	}
	return found;
}

static u32 group_priority(const struct interface *i, u64 lr)
{
	u32 bpr0 = i->vmcr >> 21 & 7, bpr1 = i->vmcr >> 18 & 7;

	if (group(lr) && !(i->vmcr & 0x10))
		return priority(lr) & 0xffu << bpr1;
	return priority(lr) & 0xffu << (bpr0 + 1);
}

static bool signals(const struct interface *i, int n)
{
	return (i->hcr & 1) && n >= 0 && priority(i->lr[n]) < i->vmcr >> 24 &&
	       group_priority(i, i->lr[n]) < running(i);
}

/* What a read of IAR or HPPIR shows of the best one. */
static u32 shown(const struct interface *i, int n, unsigned g)
{
	if (n < 0)
		return SPURIOUS;
	if (version == 3)
		return group(i->lr[n]) == g ? intid(i->lr[n]) : SPURIOUS;
	if (g)
		return group(i->lr[n]) ? visible(i->lr[n]) : SPURIOUS;
	if (group(i->lr[n]) && !(i->vmcr & 4))
		return 1022;
	return visible(i->lr[n]);
}

u32 model_ack(unsigned g)
{
	struct interface *i = here();
	int n = best(i);
	u32 value;

	if (!signals(i, n))
		return SPURIOUS;
	value = shown(i, n, g);
	if (value == SPURIOUS || value == 1022)
		return value;
	*(group(i->lr[n]) && version == 3 ? &i->ap1r : &i->ap0r) |=
		1u << (group_priority(i, i->lr[n]) >> 3);
	i->lr[n] = (i->lr[n] & ~(3ull << 62)) | 2ull << 62;
	return value;
}

u32 model_hppir(unsigned g)
{
	struct interface *i = here();

	return i->hcr & 1 ? shown(i, best(i), g) : SPURIOUS;
}

static void deactivate(struct interface *i, u32 value)
{
	for (unsigned n = 0; n < lrs; n++) {
		if (!(state(i->lr[n]) & 2) || visible(i->lr[n]) != (value & 0x1fff))
			continue;
		i->lr[n] &= ~(1ull << 63);
		if (i->lr[n] >> 61 & 1) {
			u32 physical = (u32)(i->lr[n] >> 32) & 0x1fff;

			*(physical < 32 ? &i->active[physical] : &spis[physical].active) = false;
		}
		return;
	}
	i->hcr += 1u << 27;
}

void model_eoi(unsigned g, u32 value)
{
	struct interface *i = here();

	(void)g;
	if ((value & 0x3ff) >= 1020 || !(i->ap0r | i->ap1r))
		return;
	if (i->ap0r && (!i->ap1r || __builtin_ctz(i->ap0r) <= __builtin_ctz(i->ap1r)))
		i->ap0r &= i->ap0r - 1;
	else
		i->ap1r &= i->ap1r - 1;
	if (!(i->vmcr & 0x200))
		deactivate(i, value);
}

void model_dir(u32 value)
{
	if (here()->vmcr & 0x200)
		deactivate(here(), value);
}

u32 model_rpr(void)
{
	return running(here()) == 0x100 ? 0xff : running(here());
}

u32 model_vmcr(void)
{
	return here()->vmcr;
}

static u32 legal_vmcr(u32 vmcr)
{
	u32 bpr0 = vmcr >> 21 & 7, bpr1 = vmcr >> 18 & 7;

	bpr0 = bpr0 < 2 ? 2 : bpr0;
	bpr1 = bpr1 < 3 ? 3 : bpr1;
	vmcr &= version == 2 ? 0xf800021fu : 0xf8000213u;
	if (version == 3)
		vmcr |= 8;
	return vmcr | bpr0 << 21 | bpr1 << 18;
}

void model_set_vmcr(u32 vmcr)
{
	here()->vmcr = legal_vmcr(vmcr);
}

static bool line(bool fiq)
{
	struct interface *i = here();
	int n = best(i);

	if (!signals(i, n))
		return false;
	return fiq == (!group(i->lr[n]) && (version == 3 || (i->vmcr & 8)));
}

bool model_irq(void)
{
	return line(false);
}

bool model_fiq(void)
{
	return line(true);
}

bool model_maintenance(void)
{
	struct interface *i = here();
	unsigned used = 0, pending = 0;

	if (!(i->hcr & 1))
		return false;
	for (unsigned n = 0; n < lrs; n++) {
		if (!state(i->lr[n]) && (i->lr[n] >> 41 & 1) && !(i->lr[n] >> 61 & 1))
			return true; /* EOI */
		used += state(i->lr[n]) != 0;
		pending += state(i->lr[n]) == 1;
	}
	return ((i->hcr & 2) && used <= 1) || ((i->hcr & 4) && i->hcr >> 27) ||
	       ((i->hcr & 8) && !pending) || ((i->hcr & 0x10) && (i->vmcr & 1)) ||
	       ((i->hcr & 0x20) && !(i->vmcr & 1)) || ((i->hcr & 0x40) && (i->vmcr & 2)) ||
	       ((i->hcr & 0x80) && !(i->vmcr & 2));
}

bool model_traps_dir(void)
{
	return here()->hcr >> 14 & 1;
}

u64 model_lr(unsigned n)
{
	return here()->lr[n];
}

u32 model_hcr(void)
{
	return here()->hcr;
}

bool model_active(u32 physical)
{
	return physical < 32 ? here()->active[physical] : spis[physical].active;
}

bool model_enabled(u32 spi, bool *level)
{
	*level = spis[spi].level;
	return spis[spi].enabled;
}

bool model_fire(u32 spi)
{
	bool comes = spis[spi].enabled && !spis[spi].active;

	spis[spi].active |= comes;
	return comes;
}

bool model_is_clean(void)
{
	for (unsigned n = 0; n < lrs; n++)
		if (state(here()->lr[n]))
			return false;
	return here()->hcr == 0;
}

/* --- gic_ops -------------------------------------------------------------------------------- */

static void check_lr(unsigned n, u64 lr)
{
	/* "Pending and active" is not for hardware interrupts; priorities have 5 bits. */
	if (n >= lrs || (state(lr) == 3 && (lr >> 61 & 1)) || (priority(lr) & 7)) {
		fprintf(stderr, "list register %u must not be %#llx\n", n, (unsigned long long)lr);
		abort();
	}
}

static void write_lr(unsigned n, u64 lr)
{
	check_lr(n, lr);
	here()->lr[n] = lr;
	model_writes++;
}

static u64 read_lr(unsigned n)
{
	return here()->lr[n];
}

static void load(const struct gic_virt *virt, u32 used)
{
	for (unsigned n = 0; n < lrs; n++)
		if (used >> n & 1)
			write_lr(n, virt->lr[n]);
	here()->vmcr = legal_vmcr(virt->vmcr);
	here()->ap0r = virt->ap0r[0];
	here()->ap1r = virt->ap1r[0];
	here()->hcr = virt->hcr;
}

static void save(struct gic_virt *virt, u32 used)
{
	struct interface *i = here();

	for (unsigned n = 0; n < lrs; n++)
		if (used >> n & 1) {
			virt->lr[n] = i->lr[n];
			i->lr[n] = 0;
		}
	virt->vmcr = i->vmcr;
	virt->hcr = i->hcr;
	virt->ap0r[0] = i->ap0r;
	virt->ap1r[0] = i->ap1r;
	i->hcr = 0;
}

/* ELRSR: neither a state nor an EOI maintenance interrupt to come. */
u32 model_empty;

static u32 empty(void)
{
	u32 mask = model_empty;

	for (unsigned n = 0; n < lrs; n++) {
		u64 lr = here()->lr[n];

		if (!state(lr) && !((lr >> 41 & 1) && !(lr >> 61 & 1)))
			mask |= 1u << n;
	}
	return mask;
}

static unsigned count_lrs(void)
{
	return lrs;
}

static unsigned priority_bits(void)
{
	return 5;
}

static u32 read_hcr(void)
{
	return here()->hcr;
}

static void write_hcr(u32 hcr)
{
	here()->hcr = hcr;
}

static u32 read_vmcr(void)
{
	return here()->vmcr;
}

static void set_active(u32 ppi, bool active)
{
	here()->active[ppi] = active;
}

static void enable(u32 spi, bool level)
{
	spis[spi].enabled = true;
	spis[spi].level = level;
}

static void disable(u32 spi)
{
	spis[spi].enabled = false;
}

/* What is not active must not be deactivated: IHI 0048, 4.4.15. */
static void end_spi(u32 spi)
{
	if (!spis[spi].active) {
		fprintf(stderr, "SPI %u is not active\n", spi);
		abort();
	}
	spis[spi].active = false;
}

bool model_links = true;

static bool links(void)
{
	return model_links;
}

#define VIRTUAL                                                                                   \
	.virt_lrs = count_lrs, .virt_links = links, .virt_priority_bits = priority_bits,          \
	.virt_load = load, .virt_save = save, .virt_read_lr = read_lr, .virt_write_lr = write_lr, \
	.virt_empty = empty, .virt_read_hcr = read_hcr, .virt_write_hcr = write_hcr,              \
	.virt_read_vmcr = read_vmcr, .virt_write_vmcr = model_set_vmcr, .set_active = set_active, \
	.send_sgi = standin_send_sgi, .enable = enable, .disable = disable, .deactivate = end_spi

static const struct gic_ops v2 = {.name = "GICv2", .version = 2, VIRTUAL};
static const struct gic_ops v3 = {.name = "GICv3", .version = 3, VIRTUAL};

const struct gic_ops *gic = &v3;

void model_init(unsigned hardware, unsigned registers)
{
	memset(interfaces, 0, sizeof(interfaces));
	memset(spis, 0, sizeof(spis));
	version = hardware;
	lrs = registers;
	gic = hardware == 2 ? &v2 : &v3;
	model_writes = 0;
}
