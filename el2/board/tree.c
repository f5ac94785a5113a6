// SPDX-License-Identifier: Apache-2.0
/*
 * What the machine is, read out of its device tree. Runs at EL2, once, on the boot CPU. The tree is
 * walked from front to back and every token looked at once: properties are collected into a struct
 * node, and when a node's last property has gone by, the node is taken for what its `compatible` or
 * `device_type` says. What refers to another node (an interrupt's parent, the console's path) is
 * noted and resolved after the walk. Follows the Devicetree Specification 0.4 (2.3, 3) and Linux'
 * bindings of the GICs, the generic timer, PSCI and the BCM283x controllers.
 *
 * Counts are bounded by the arrays in struct board; every range is checked for wrap-around.
 */
#include "board/tree_nodes.h"
#include "lib/fdt.h"
#include "lib/string.h"

#define DEPTH_MAX 16
#define KNOWN 128		 /* a power of two */
#define CELLS_MAX 2		 /* of an address or a size that EL2 can use */
#define AFFINITY 0xff00ffffffULL /* MPIDR_EL1: Aff3, Aff2, Aff1, Aff0 */

/* In the order of their names' first characters. */
enum property {
	ADDRESS_CELLS,
	SIZE_CELLS,
	INTERRUPT_CELLS,
	REDISTRIBUTOR_REGIONS,
	BOOTARGS,
	COMPATIBLE,
	CPU_RELEASE_ADDR,
	CLOCK_FREQUENCY,
	DEVICE_TYPE,
	ENABLE_METHOD,
	INTERRUPTS,
	INTERRUPT_PARENT,
	KASLR_SEED,
	INITRD_START,
	INITRD_END,
	MODEL,
	METHOD,
	PHANDLE,
	REDISTRIBUTOR_STRIDE,
	REG,
	RANGES,
	RNG_SEED,
	STATUS,
	STDOUT_PATH,
	PROPERTIES
};

/* Arrays, not pointers: nothing to relocate when the image is loaded somewhere else. */
static const char property_names[PROPERTIES][24] = {
	[ADDRESS_CELLS] = "#address-cells",
	[SIZE_CELLS] = "#size-cells",
	[INTERRUPT_CELLS] = "#interrupt-cells",
	[REDISTRIBUTOR_REGIONS] = "#redistributor-regions",
	[REDISTRIBUTOR_STRIDE] = "redistributor-stride",
	[BOOTARGS] = "bootargs",
	[COMPATIBLE] = "compatible",
	[CPU_RELEASE_ADDR] = "cpu-release-addr",
	[CLOCK_FREQUENCY] = "clock-frequency",
	[DEVICE_TYPE] = "device_type",
	[ENABLE_METHOD] = "enable-method",
	[INTERRUPTS] = "interrupts",
	[INTERRUPT_PARENT] = "interrupt-parent",
	[INITRD_START] = "linux,initrd-start",
	[INITRD_END] = "linux,initrd-end",
	[KASLR_SEED] = "kaslr-seed",
	[MODEL] = "model",
	[METHOD] = "method",
	[PHANDLE] = "phandle",
	[REG] = "reg",
	[RANGES] = "ranges",
	[RNG_SEED] = "rng-seed",
	[STATUS] = "status",
	[STDOUT_PATH] = "stdout-path",
};

enum device {
	NO_DEVICE,
	GICV2,
	GICV3,
	LOCAL_INTC,   /* of the BCM2836: timers, mailboxes, and the line from the one below */
	ARMCTRL_INTC, /* of the BCM2836: the peripherals' interrupts */
	PL011,
	AUX_UART,
	TIMER,
	PSCI,
	GPIO,
	MAILBOX,
	WATCHDOG,
};

static const struct {
	char name[27];
	u8 device;
} compatibles[] = {
	{"arm,gic-v3", GICV3},
	{"arm,cortex-a15-gic", GICV2},
	{"arm,cortex-a7-gic", GICV2},
	{"arm,gic-400", GICV2},
	{"arm,pl011", PL011},
	{"arm,armv8-timer", TIMER},
	{"arm,armv7-timer", TIMER},
	{"arm,psci-1.0", PSCI},
	{"arm,psci-0.2", PSCI},
	{"brcm,bcm2836-l1-intc", LOCAL_INTC},
	{"brcm,bcm2836-armctrl-ic", ARMCTRL_INTC},
	{"brcm,bcm2835-aux-uart", AUX_UART},
	{"brcm,bcm2835-gpio", GPIO},
	{"brcm,bcm2711-gpio", GPIO},
	{"brcm,bcm2835-mbox", MAILBOX},
	{"brcm,bcm2835-pm", WATCHDOG},
	{"brcm,bcm2835-pm-wdt", WATCHDOG},
};

struct value {
	const u8 *data;
	u32 length;
};

/* What a node hands down to the nodes below it. */
struct level {
	const char *name;
	u32 address_cells, size_cells; /* of its children's reg */
	u32 interrupt_parent;	       /* phandle; 0: none said */
	struct value ranges;	       /* data NULL: absent, nothing below can be reached */
};

/* The node whose properties are going by. */
struct node {
	int offset;
	u32 have; /* bit for each enum property */
	struct value values[PROPERTIES];
};

/* An interrupt as a node says it: only its controller's binding gives it a meaning. */
struct interrupts {
	struct value value;
	u32 parent; /* phandle */
};

struct console {
	struct interrupts interrupts;
	u32 depth;
	const char *path[DEPTH_MAX + 1]; /* names from the root's child (2) to the node (depth) */
};

struct intc {
	bool found;
	int node;
	u32 phandle, cells;
	struct fdt_range regs;
	struct interrupts interrupts;
};

/* Which property a name is, by where it stands in the strings block: writers of trees put each name
 * there once, so most are found here without being compared. */
struct known {
	u32 name; /* offset + 1; 0: nothing known here yet */
	u32 property;
};

struct reader {
	struct board *board;
	const struct fdt *fdt;
	struct fdt_error *err;
	u32 depth; /* of `node`; 1: the root */
	struct level levels[DEPTH_MAX + 1];
	struct node node;
	struct known known[KNOWN];

	struct intc gic, local, armctrl;
	struct interrupts timer;
	int timer_node;
	struct console consoles[BOARD_UARTS_MAX]; /* more of the same of the board's uarts[] */
	const char *stdout_path, *bootargs;	  /* NULL: not said */
	int aliases;				  /* offset of the node; -1: none */
	u64 initrd_start, initrd_end;

	/* tree_each: nothing is read into `board`; visit is NULL while it looks for controllers */
	bool nodes_only;
	void (*visit)(void *arg, const struct tree_node *node);
	void *arg;
};

/* --- Properties of the node at hand ----------------------------------------------------------- */

static bool has(const struct reader *r, enum property property)
{
	return r->node.have & BIT(property);
}

static struct value value_of(const struct reader *r, enum property property)
{
	return has(r, property) ? r->node.values[property] : (struct value){NULL, 0};
}

static bool fail(struct reader *r, enum property property, const char *what)
{
	return fdt_fail(r->fdt, r->node.offset, property_names[property], r->err, "%s", what);
}

/* A number of one cell or two, as the bindings that allow both have it; else the default. */
static u64 number_of(const struct reader *r, enum property property, u64 otherwise)
{
	struct value v;

	if (!has(r, property))
		return otherwise;
	v = r->node.values[property];
	if (v.length != 4 && v.length != 8)
		return otherwise;
	return fdt_cells(v.data, v.length / 4);
}

/* Is the property this string, or a list that begins with it? */
static bool is_text(const struct reader *r, enum property property, const char *text)
{
	struct value v = value_of(r, property);
	size_t size;

	if (!v.length)
		return false;
	size = strlen(text) + 1;
	return v.length >= size && memcmp(v.data, text, size) == 0;
}

static const char *text_of(const struct reader *r, enum property property)
{
	struct value v = value_of(r, property);
	u32 at = 0;

	return fdt_next_string(v.data, v.length, &at);
}

static enum device device_of(const struct reader *r)
{
	struct value v = value_of(r, COMPATIBLE);
	const char *name;
	u32 at = 0;

	for (u32 from = 0; (name = fdt_next_string(v.data, v.length, &at)); from = at) {
		u32 size = at - from; /* with its NUL */

		if (name[0] != 'a' && name[0] != 'b')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(compatibles); i++)
			if (size <= sizeof(compatibles[i].name) && !compatibles[i].name[size - 1] &&
			    memcmp(name, compatibles[i].name, size) == 0)
				return compatibles[i].device;
	}
	return NO_DEVICE;
}

static struct interrupts interrupts_of(const struct reader *r)
{
	return (struct interrupts){value_of(r, INTERRUPTS), r->levels[r->depth].interrupt_parent};
}

/* --- Addresses -------------------------------------------------------------------------------- */

/* From addresses below `bus` to those above it, by its `ranges` (2.3.8). */
static bool translate_once(const struct level *bus, u32 parent_cells, struct fdt_range *range)
{
	u32 entry = 4 * (bus->address_cells + parent_cells + bus->size_cells);
	const u8 *at = bus->ranges.data;

	if (bus->ranges.data && bus->ranges.length == 0)
		return true; /* empty: the same addresses above and below */
	if (bus->address_cells > CELLS_MAX || bus->size_cells > CELLS_MAX || !entry)
		return false;
	for (u32 left = bus->ranges.length; left >= entry; left -= entry, at += entry) {
		u64 child = fdt_cells(at, bus->address_cells);
		u64 parent = fdt_cells(at + 4 * bus->address_cells, parent_cells);
		u64 size = fdt_cells(at + entry - 4 * bus->size_cells, bus->size_cells);

		if (range->base < child || range->base - child >= size)
			continue;
		if (range->size > size - (range->base - child))
			return false;
		range->base += parent - child;
		return true;
	}
	return false;
}

/* Entries in reg; 0 also if its length is no multiple of an entry's. */
static u32 regs_of(const struct reader *r)
{
	const struct level *parent = &r->levels[r->depth - 1];
	u32 entry = 4 * (parent->address_cells + parent->size_cells);
	u32 length = value_of(r, REG).length;

	if (parent->address_cells > CELLS_MAX || parent->size_cells > CELLS_MAX || !entry)
		return 0;
	return length % entry ? 0 : length / entry;
}

/* Entry `index` of reg, as the CPUs see it. False: there is none, or it cannot be reached. */
static bool reg_of(const struct reader *r, u32 index, struct fdt_range *range)
{
	const struct level *parent = &r->levels[r->depth - 1];
	u32 address = 4 * parent->address_cells, size = 4 * parent->size_cells;
	const u8 *at;

	*range = (struct fdt_range){0, 0};
	if (index >= regs_of(r))
		return false;
	at = value_of(r, REG).data + (size_t)index * (address + size);
	range->base = fdt_cells(at, parent->address_cells);
	range->size = fdt_cells(at + address, parent->size_cells);
	for (const struct level *bus = parent; bus > &r->levels[1]; bus--)
		if (bus[-1].address_cells > CELLS_MAX ||
		    !translate_once(bus, bus[-1].address_cells, range))
			return false;
	return range->size <= UINT64_MAX - range->base;
}

/* --- Memory ----------------------------------------------------------------------------------- */

void board_add_ram(struct board *out, struct fdt_range region)
{
	u64 base = ALIGN_UP(region.base, PAGE_SIZE);
	u64 end = ALIGN_DOWN(region.base + region.size, PAGE_SIZE);
	unsigned kept = 0, at;

	if (base < region.base || base >= end)
		return;
	for (unsigned i = 0; i < out->rams; i++) {
		struct fdt_range other = out->ram[i];

		if (other.base > end || other.base + other.size < base) {
			out->ram[kept++] = other;
			continue;
		}
		end = MAX(end, other.base + other.size);
		base = MIN(base, other.base);
	}
	out->rams = kept;
	if (kept == BOARD_RAM_MAX)
		return;
	for (at = out->rams++; at > 0 && out->ram[at - 1].base > base; at--)
		out->ram[at] = out->ram[at - 1];
	out->ram[at] = (struct fdt_range){base, end - base};
}

static bool read_memory(struct reader *r)
{
	u32 count = regs_of(r);
	struct fdt_range range;

	if (!count)
		return fail(r, REG, "expected a list of addresses and sizes");
	for (u32 i = 0; i < count; i++) {
		if (!reg_of(r, i, &range))
			return fail(r, REG, "a region wraps around or cannot be reached");
		board_add_ram(r->board, range);
	}
	return true;
}

/* Nothing reserved may be lost: EL2 would write over it. */
static bool add_reserved(struct reader *r, int node, struct fdt_range range)
{
	struct board *out = r->board;

	if (range.size > UINT64_MAX - range.base)
		return fdt_fail(r->fdt, node, "reserved memory", r->err,
				"0x%lx bytes at 0x%lx wrap around", range.size, range.base);
	if (range.size == 0)
		return true;
	if (out->reserveds == BOARD_RESERVED_MAX)
		return fdt_fail(r->fdt, node, "reserved memory", r->err, "more than %d regions",
				BOARD_RESERVED_MAX);
	out->reserved[out->reserveds++] = range;
	return true;
}

/* A child of /reserved-memory. One without reg asks Linux to find a place for it: not for us. */
static bool read_reserved(struct reader *r)
{
	u32 count = regs_of(r);
	struct fdt_range range;

	if (has(r, REG) && !count)
		return fail(r, REG, "expected a list of addresses and sizes");
	for (u32 i = 0; i < count; i++) {
		if (!reg_of(r, i, &range))
			return fail(r, REG, "a region wraps around or cannot be reached");
		if (!add_reserved(r, r->node.offset, range))
			return false;
	}
	return true;
}

/* /memreserve/ (5.3): entries up to one that is all zeros. */
static bool read_memreserve(struct reader *r)
{
	const u8 *at = (const u8 *)r->fdt->blob + fdt_cells((const u8 *)r->fdt->blob + 16, 1);
	const u8 *end = (const u8 *)r->fdt->blob + r->fdt->size;

	for (; end - at >= 16; at += 16) {
		struct fdt_range range = {fdt_cells(at, 2), fdt_cells(at + 8, 2)};

		if (range.base == 0 && range.size == 0)
			return true;
		if (!add_reserved(r, 0, range))
			return false;
	}
	return fdt_fail(r->fdt, 0, "reserved memory", r->err, "its list does not end");
}

/* --- Nodes ------------------------------------------------------------------------------------ */

static bool read_cpu(struct reader *r)
{
	const struct level *parent = &r->levels[r->depth - 1];
	struct board *out = r->board;
	struct value reg = value_of(r, REG);
	u64 release = number_of(r, CPU_RELEASE_ADDR, 0);
	enum board_enable enable = BOARD_ENABLE_NONE;
	u64 mpidr;

	if (parent->address_cells > CELLS_MAX || !reg.length ||
	    reg.length != 4 * parent->address_cells)
		return fail(r, REG, "expected one address, the CPU's MPIDR");
	mpidr = fdt_cells(reg.data, parent->address_cells) & AFFINITY;
	out->cpus_listed++;
	for (unsigned i = 0; i < out->cpu_count; i++)
		if (out->cpus[i].mpidr == mpidr)
			return fail(r, REG, "another CPU has the same MPIDR");
	if (out->cpu_count == PCPUS_MAX)
		return true;
	if (is_text(r, ENABLE_METHOD, "psci"))
		enable = BOARD_ENABLE_PSCI;
	else if (is_text(r, ENABLE_METHOD, "spin-table") && release)
		enable = BOARD_ENABLE_SPIN_TABLE;
	if (enable == BOARD_ENABLE_SPIN_TABLE &&
	    !add_reserved(r, r->node.offset, (struct fdt_range){release, sizeof(u64)}))
		return false;
	out->cpus[out->cpu_count].mpidr = mpidr;
	out->cpus[out->cpu_count].enable = enable;
	out->cpus[out->cpu_count++].release = release;
	return true;
}

/* The first of each kind counts. */
static bool read_intc(struct reader *r, struct intc *intc)
{
	if (intc->found)
		return true;
	if (!reg_of(r, 0, &intc->regs))
		return fail(r, REG, "expected the controller's registers");
	intc->found = true;
	intc->node = r->node.offset;
	intc->phandle = (u32)number_of(r, PHANDLE, 0);
	intc->cells = (u32)number_of(r, INTERRUPT_CELLS, 0);
	intc->interrupts = interrupts_of(r);
	return true;
}

/* reg: distributor, CPU interface, hypervisor's registers, virtual CPU interface. */
static bool read_gicv2(struct reader *r)
{
	struct board *out = r->board;

	if (r->gic.found)
		return true;
	if (!read_intc(r, &r->gic))
		return false;
	out->gic = BOARD_GIC_V2;
	out->gicd = r->gic.regs;
	if (!reg_of(r, 1, &out->gicc))
		return fail(r, REG, "expected the distributor and the CPU interface");
	if (!reg_of(r, 2, &out->gich) || !reg_of(r, 3, &out->gicv))
		out->gich = out->gicv = (struct fdt_range){0, 0};
	return true;
}

/* reg: distributor, #redistributor-regions (default 1) regions, then what EL2 does not use. */
static bool read_gicv3(struct reader *r)
{
	struct board *out = r->board;
	u64 regions = number_of(r, REDISTRIBUTOR_REGIONS, 1);

	if (r->gic.found)
		return true;
	if (!read_intc(r, &r->gic))
		return false;
	out->gic = BOARD_GIC_V3;
	out->gicd = r->gic.regs;
	out->gicr_stride = number_of(r, REDISTRIBUTOR_STRIDE, 0);
	if (regions == 0 || regions > ARRAY_SIZE(out->gicr))
		return fail(r, REDISTRIBUTOR_REGIONS, "expected 1 to 4");
	for (; out->gicrs < regions; out->gicrs++)
		if (!reg_of(r, out->gicrs + 1, &out->gicr[out->gicrs]))
			return fail(r, REG, "expected the distributor and each region");
	return true;
}

static bool read_console(struct reader *r, enum board_uart kind)
{
	struct board *out = r->board;
	struct board_serial *uart = &out->uarts[out->uart_count];
	struct console *console = &r->consoles[out->uart_count];

	/* One that can't be reached, or one too many, is no reason to stop: it is left out. */
	if (out->uart_count == BOARD_UARTS_MAX || !reg_of(r, 0, &uart->regs))
		return true;
	out->uart_count++;
	uart->kind = kind;
	console->interrupts = interrupts_of(r);
	console->depth = r->depth;
	for (u32 i = 2; i <= r->depth; i++)
		console->path[i] = r->levels[i].name;
	return true;
}

static bool read_timer(struct reader *r)
{
	if (r->timer_node >= 0)
		return true;
	r->timer_node = r->node.offset;
	r->timer = interrupts_of(r);
	r->board->timer_frequency = (u32)number_of(r, CLOCK_FREQUENCY, 0);
	return true;
}

static bool read_psci(struct reader *r)
{
	if (is_text(r, METHOD, "smc"))
		r->board->psci = BOARD_PSCI_SMC;
	else if (is_text(r, METHOD, "hvc"))
		r->board->psci = BOARD_PSCI_HVC;
	else
		return fail(r, METHOD, "expected \"smc\" or \"hvc\"");
	return true;
}

/* Of a device that can be done without: the first one that can be reached. */
static bool read_regs(const struct reader *r, struct fdt_range *regs)
{
	if (!regs->size && !reg_of(r, 0, regs))
		*regs = (struct fdt_range){0, 0};
	return true;
}

static void fold_seed(struct board *out, struct value seed)
{
	u32 cells = MIN(seed.length, 64U) / 4;

	for (u32 i = 0; i < cells; i++)
		out->seed = (out->seed << 29 | out->seed >> 35) ^
			    fdt_cells(seed.data + 4 * i, 1) * 0x9e3779b97f4a7c15ULL;
}

/* Linux' names for what EL2 has drivers for. */
static enum board_uart uart_called(const char *name)
{
	if (!strncmp(name, "ttyAMA", 6))
		return BOARD_UART_PL011;
	return !strncmp(name, "ttyS", 4) ? BOARD_UART_BCM2835_AUX : BOARD_UART_NONE;
}

static void take_console(struct board *out, enum board_uart kind)
{
	for (unsigned i = 0; i < out->uart_count && out->uart.kind != kind; i++)
		if (out->uarts[i].kind == kind)
			out->uart = out->uarts[i];
}

/* Words, which blanks part. */
void board_take_bootargs(struct board *out, const char *text)
{
	out->terminal = false;
	while (text && *text) {
		const char *end = strchr(text, ' ');
		size_t n = end ? (size_t)(end - text) : strlen(text);

		if (n == 8 && !strncmp(text, "terminal", n))
			out->terminal = true;
		else if (n > 8 && !strncmp(text, "console=", 8))
			take_console(out, uart_called(text + 8));
		text = end ? end + 1 : NULL;
	}
}

static void read_chosen(struct reader *r)
{
	r->bootargs = text_of(r, BOOTARGS);
	r->initrd_start = number_of(r, INITRD_START, 0);
	r->initrd_end = number_of(r, INITRD_END, 0);
	r->stdout_path = text_of(r, STDOUT_PATH);
	fold_seed(r->board, value_of(r, KASLR_SEED));
	fold_seed(r->board, value_of(r, RNG_SEED));
}

static void read_root(struct reader *r)
{
	char *model = r->board->model;
	const char *text = text_of(r, has(r, MODEL) ? MODEL : COMPATIBLE);

	for (size_t i = 0; text && text[i] && i < sizeof(r->board->model) - 1; i++)
		model[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
}

static bool read_device(struct reader *r)
{
	switch (device_of(r)) {
	case GICV2:
		return read_gicv2(r);
	case GICV3:
		return read_gicv3(r);
	case LOCAL_INTC:
		return read_intc(r, &r->local);
	case ARMCTRL_INTC:
		return read_intc(r, &r->armctrl);
	case PL011:
		return read_console(r, BOARD_UART_PL011);
	case AUX_UART:
		return read_console(r, BOARD_UART_BCM2835_AUX);
	case TIMER:
		return read_timer(r);
	case PSCI:
		return read_psci(r);
	case GPIO:
		return read_regs(r, &r->board->gpio);
	case MAILBOX:
		return read_regs(r, &r->board->mailbox);
	case WATCHDOG:
		return read_regs(r, &r->board->watchdog);
	default:
		return true;
	}
}

/* --- The walk --------------------------------------------------------------------------------- */

/* Most names differ in their first characters. */
static bool is(const char *name, const char *expected)
{
	return name[0] == expected[0] && strcmp(name, expected) == 0;
}

static bool is_below(const struct reader *r, const char *name)
{
	return r->depth == 3 && is(r->levels[2].name, name);
}

static bool is_enabled(const struct reader *r)
{
	return !has(r, STATUS) || is_text(r, STATUS, "okay") || is_text(r, STATUS, "ok");
}

static bool visit_node(struct reader *r)
{
	const struct tree_node node = {r->node.offset, r->depth, is_enabled(r), r};
	struct intc *intc = NULL;

	switch (node.enabled ? device_of(r) : NO_DEVICE) {
	case GICV2:
	case GICV3:
		intc = &r->gic;
		break;
	case LOCAL_INTC:
		intc = &r->local;
		break;
	case ARMCTRL_INTC:
		intc = &r->armctrl;
		break;
	default:
		break;
	}
	if (intc && !read_intc(r, intc))
		return false;
	if (r->visit)
		r->visit(r->arg, &node);
	return true;
}

/* The node's last property has gone by. */
static bool take_node(struct reader *r)
{
	struct level *level = &r->levels[r->depth];
	const char *name = level->name;

	level->address_cells = (u32)number_of(r, ADDRESS_CELLS, 2);
	level->size_cells = (u32)number_of(r, SIZE_CELLS, 1);
	level->interrupt_parent = (u32)number_of(r, INTERRUPT_PARENT, level->interrupt_parent);
	level->ranges = value_of(r, RANGES);

	if (r->nodes_only)
		return visit_node(r);
	if (!is_enabled(r))
		return true;
	if (r->depth == 1)
		read_root(r);
	else if (r->depth == 2 && is(name, "chosen"))
		read_chosen(r);
	else if (r->depth == 2 && is(name, "aliases"))
		r->aliases = r->node.offset;
	else if (is_below(r, "reserved-memory"))
		return read_reserved(r);
	else if (is_text(r, DEVICE_TYPE, "memory"))
		return read_memory(r);
	else if (is_below(r, "cpus") && is_text(r, DEVICE_TYPE, "cpu"))
		return read_cpu(r);
	else if (has(r, COMPATIBLE))
		return read_device(r);
	return true;
}

static bool enter_node(struct reader *r, const struct fdt_walk *walk)
{
	if (walk->depth > DEPTH_MAX)
		return fdt_fail(r->fdt, walk->node, NULL, r->err, "nested deeper than %d nodes",
				DEPTH_MAX);
	r->depth = walk->depth;
	r->levels[r->depth].name = walk->name;
	r->levels[r->depth].interrupt_parent = r->levels[r->depth - 1].interrupt_parent;
	r->node.offset = walk->node;
	r->node.have = 0;
	return true;
}

/* PROPERTIES if it is none of them. */
static u32 property_of(const char *name)
{
	u32 i = 0;

	while (i < PROPERTIES && property_names[i][0] < name[0])
		i++;
	for (; i < PROPERTIES && property_names[i][0] == name[0]; i++)
		if (strcmp(property_names[i], name) == 0)
			return i;
	return PROPERTIES;
}

static void note_property(struct reader *r, const struct fdt_walk *walk)
{
	u32 name = (u32)(walk->name - r->fdt->strings) + 1;
	struct known *known = &r->known[name / 4 % KNOWN]; /* few names are shorter than 4 */

	if (known->name != name)
		*known = (struct known){name, property_of(walk->name)};
	if (known->property == PROPERTIES)
		return;
	r->node.have |= (u32)BIT(known->property);
	r->node.values[known->property] = (struct value){walk->value, walk->length};
}

static bool walk_tree(struct reader *r)
{
	struct fdt_walk walk = fdt_walk_from(r->fdt, 0);
	bool fresh = false; /* a node has begun and not been taken yet */

	for (;;) {
		enum fdt_step step = fdt_walk(&walk);

		if (step == FDT_STEP_PROPERTY) {
			note_property(r, &walk);
			continue;
		}
		if (fresh && !take_node(r))
			return false;
		fresh = step == FDT_STEP_NODE;
		if (fresh && !enter_node(r, &walk))
			return false;
		if (step == FDT_STEP_END)
			return true;
		if (step == FDT_STEP_BAD)
			return fdt_walk_fail(&walk, r->err);
	}
}

/* --- References, after the walk --------------------------------------------------------------- */

/* The controller that a node's interrupts go to; NULL: not one that EL2 drives. */
static const struct intc *intc_of(const struct reader *r, const struct interrupts *interrupts)
{
	const struct intc *intc = r->gic.found ? &r->gic : &r->local;

	if (!r->gic.found && r->armctrl.found && interrupts->parent == r->armctrl.phandle)
		intc = &r->armctrl;
	if (interrupts->parent && interrupts->parent != intc->phandle)
		return NULL;
	return intc->cells < 1 || intc->cells > 8 ? NULL : intc;
}

/* Interrupt `index` of a node as an INTID. GIC: type (0 SPI, 1 PPI), number, flags. BCM2836: see
 * board/bcm2836.c. 0: there is none, or it comes from another controller. */
static u32 resolve(const struct reader *r, const struct interrupts *interrupts, u32 index)
{
	const struct intc *intc = intc_of(r, interrupts);
	u32 type, number;

	if (!intc || (u64)(index + 1) * intc->cells * 4 > interrupts->value.length)
		return 0;
	type = (u32)fdt_cells(interrupts->value.data + 4 * index * intc->cells, 1);
	if (intc == &r->local)
		return type < 16 ? 16 + type : 0;
	if (intc->cells < 2)
		return 0;
	number = (u32)fdt_cells(interrupts->value.data + 4 * index * intc->cells + 4, 1);
	if (intc == &r->armctrl)
		return type < 3 && number < 32 ? 32 + 32 * type + number : 0;
	if (type == 0)
		return number < 988 ? 32 + number : 0;
	return type == 1 && number < 16 ? 16 + number : 0;
}

/* Does the path name the node whose names are given? A component may lack the unit address. */
static bool path_is(const char *path, size_t length, const struct console *console)
{
	const char *end = path + length;

	for (u32 i = 2; i <= console->depth; i++) {
		const char *name = console->path[i];
		size_t used = 0;

		if (path == end || *path++ != '/')
			return false;
		while (path + used < end && path[used] != '/')
			used++;
		if (strncmp(name, path, used) != 0 || (name[used] && name[used] != '@'))
			return false;
		path += used;
	}
	return path == end;
}

/* What an alias of this name stands for; NULL if there is none. */
static const char *find_alias(const struct reader *r, const char *name, size_t length)
{
	struct fdt_walk walk = fdt_walk_from(r->fdt, r->aliases);
	u32 at = 0;

	if (r->aliases < 0 || fdt_walk(&walk) != FDT_STEP_NODE)
		return NULL;
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY)
		if (strncmp(walk.name, name, length) == 0 && !walk.name[length])
			return fdt_next_string(walk.value, walk.length, &at);
	return NULL;
}

/* stdout-path: a path or an alias, then perhaps ':' and options such as 115200n8. Without it the one
 * that the board's makers call the first. */
static void choose_console(struct reader *r)
{
	struct board *out = r->board;
	const char *path = r->stdout_path;
	size_t length = 0;

	if (!path)
		path = "serial0";
	while (path[length] && path[length] != ':')
		length++;
	if (path[0] != '/') {
		path = find_alias(r, path, length);
		length = path ? strlen(path) : 0;
	}
	for (unsigned i = 0; i < out->uart_count; i++) {
		out->uarts[i].irq = resolve(r, &r->consoles[i].interrupts, 0);
		if (i == 0 || (path && path_is(path, length, &r->consoles[i])))
			out->uart = out->uarts[i];
	}
}

/* A Raspberry Pi 4 lists the BCM2836's controller as well: a GIC goes first. */
static bool choose_gic(struct reader *r)
{
	struct board *out = r->board;

	if (r->gic.found) {
		out->gic_maintenance = resolve(r, &r->gic.interrupts, 0);
		return true;
	}
	if (!r->local.found)
		return fdt_fail(r->fdt, 0, NULL, r->err, "no interrupt controller: expected %s",
				"GICv2, GICv3 or that of the BCM2836");
	out->gic = BOARD_GIC_BCM2836;
	out->gicd = r->local.regs;
	out->gicc = r->armctrl.regs;
	return true;
}

/* The timer's interrupts: secure, non-secure, virtual, hypervisor. */
static bool choose_timers(struct reader *r)
{
	struct board *out = r->board;

	if (r->timer_node < 0)
		return fdt_fail(r->fdt, 0, NULL, r->err, "no timer: expected arm,armv8-timer");
	out->virtual_timer = resolve(r, &r->timer, 2);
	out->hyp_timer = resolve(r, &r->timer, 3);
	if (!out->virtual_timer || !out->hyp_timer)
		return fdt_fail(r->fdt, r->timer_node, "interrupts", r->err, "expected %s",
				"four: secure, non-secure, virtual, hypervisor");
	return true;
}

bool board_read(struct board *out, const struct fdt *fdt, struct fdt_error *err)
{
	struct reader r = {.board = out, .fdt = fdt, .err = err};

	memset(out, 0, sizeof(*out));
	r.timer_node = r.aliases = -1;
	if (!read_memreserve(&r) || !walk_tree(&r))
		return false;
	if (!out->rams)
		return fdt_fail(fdt, 0, NULL, err, "no memory: expected a node with %s",
				"device_type = \"memory\"");
	if (!out->cpu_count)
		return fdt_fail(fdt, 0, NULL, err, "no CPU: expected a node below /cpus");
	if (!choose_gic(&r) || !choose_timers(&r))
		return false;
	choose_console(&r);
	board_take_bootargs(out, r.bootargs);
	if (r.initrd_end > r.initrd_start)
		out->initrd = (struct fdt_range){r.initrd_start, r.initrd_end - r.initrd_start};
	return true;
}

/* --- All nodes, for others -------------------------------------------------------------------- */

/* Once for the controllers, once for the caller, who can then be told of interrupts. */
bool tree_each(const struct fdt *fdt, void (*visit)(void *arg, const struct tree_node *node),
	       void *arg, struct fdt_error *err)
{
	struct reader r = {.fdt = fdt, .err = err, .nodes_only = true, .arg = arg};

	if (!walk_tree(&r))
		return false;
	r.visit = visit;
	return walk_tree(&r);
}

u32 tree_node_regs(const struct tree_node *node)
{
	return regs_of(node->reader);
}

bool tree_node_reg(const struct tree_node *node, u32 index, struct fdt_range *range)
{
	return reg_of(node->reader, index, range);
}

u32 tree_node_interrupts(const struct tree_node *node)
{
	const struct interrupts interrupts = interrupts_of(node->reader);
	const struct intc *intc = intc_of(node->reader, &interrupts);

	if (!interrupts.value.length)
		return 0;
	return intc ? interrupts.value.length / (4 * intc->cells) : UINT32_MAX;
}

u32 tree_node_interrupt(const struct tree_node *node, u32 index, bool *level)
{
	const struct interrupts interrupts = interrupts_of(node->reader);
	const struct intc *intc = intc_of(node->reader, &interrupts);
	u32 intid = resolve(node->reader, &interrupts, index);

	*level = true;
	if (intid && intc->cells >= 3) /* flags: 1 and 2 are edges */
		*level = !(fdt_cells(interrupts.value.data + 4 * (index * intc->cells + 2), 1) & 3);
	return intid;
}
