// SPDX-License-Identifier: Apache-2.0
/*
 * One device of the board's tree, looked at for a guest that is to have it. Runs at EL2 on the boot
 * CPU, when a bundle is read. Pages are 4 KiB: no finer part of the address map can be given away, so
 * what else is on a device's pages matters as much as the device.
 *
 * There is no IOMMU: a device that accesses memory by physical addresses, given to a guest, is all of
 * memory given to it. So only what is known by its binding to have no such master counts as harmless.
 */
#include <libfdt.h>

#include "board/device.h"
#include "board/tree_nodes.h"
#include "lib/string.h"

/* Bindings of devices that are registers and interrupts, and nothing else. */
static const char harmless[][28] = {
	"arm,pl031",
	"arm,pl061",
	"arm,sp804",
	"arm,sp805",
	"arm,pl011",
	"cfi-flash",
	"ns16550a",
	"brcm,bcm2835-system-timer",
	"brcm,bcm2835-gpio",
	"brcm,bcm2711-gpio",
	"brcm,bcm2835-pwm",
	"brcm,bcm2835-i2c",
	"brcm,bcm2835-aux-uart",
	"brcm,bcm2835-rng",
	"brcm,bcm2711-rng200",
	"brcm,bcm2835-thermal",
};

/* Properties by which a node says that it takes part in DMA. */
static const char dma_words[][14] = {"dmas", "dma-ranges", "dma-coherent", "iommus"};

struct search {
	struct device *device;
	struct fdt_error *why;
	const struct fdt *tree;
	u32 depth;   /* of the device's node */
	bool inside; /* the walk is below it */
	bool good;
};

/* "…" without a path: the caller says where the bundle asks for it. */
#define WHY(s, ...) ((s)->good = fdt_fail((s)->tree, -1, NULL, (s)->why, __VA_ARGS__))

static void take_regs(struct search *s, const struct tree_node *node)
{
	struct device *device = s->device;

	device->reg_count = tree_node_regs(node);
	if (!device->reg_count || device->reg_count > DEVICE_REGS_MAX) {
		WHY(s, "%u ranges of registers: expected 1 to %d", device->reg_count,
		    DEVICE_REGS_MAX);
		return;
	}
	for (u32 i = 0; i < device->reg_count; i++) {
		struct fdt_range *range = &device->regs[i];

		if (!tree_node_reg(node, i, range) || !range->size)
			WHY(s, "its registers can't be reached by the CPUs");
		else if (range->size > DEVICE_REG_SIZE_MAX)
			WHY(s, "0x%lx bytes of registers: expected at most 0x%lx", range->size,
			    DEVICE_REG_SIZE_MAX);
	}
}

static void take_interrupts(struct search *s, const struct tree_node *node)
{
	struct device *device = s->device;

	device->irq_count = tree_node_interrupts(node);
	if (device->irq_count == UINT32_MAX) {
		WHY(s, "its interrupts go to a controller that Skerry doesn't drive");
		return;
	}
	if (device->irq_count > DEVICE_IRQS_MAX) {
		WHY(s, "%u interrupts: expected at most %d", device->irq_count, DEVICE_IRQS_MAX);
		return;
	}
	for (u32 i = 0; i < device->irq_count; i++) {
		device->irqs[i].intid = tree_node_interrupt(node, i, &device->irqs[i].level);
		if (device->irqs[i].intid < 32)
			WHY(s, "interrupt %u is none that all CPUs share: expected an SPI", i);
	}
}

static void visit_device(void *arg, const struct tree_node *node)
{
	struct search *s = arg;

	if (node->offset != s->device->node)
		return;
	s->depth = node->depth;
	if (!node->enabled)
		WHY(s, "it is disabled in the board's tree");
	take_regs(s, node);
	if (s->good)
		take_interrupts(s, node);
}

/* The first page that both have. */
static bool share_page(const struct fdt_range *one, const struct fdt_range *other, u64 *page)
{
	u64 begin = MAX(ALIGN_DOWN(one->base, PAGE_SIZE), ALIGN_DOWN(other->base, PAGE_SIZE));

	*page = begin;
	return one->size && other->size && begin < one->base + one->size &&
	       begin <= ALIGN_DOWN(one->base + one->size - 1, PAGE_SIZE) &&
	       begin <= ALIGN_DOWN(other->base + other->size - 1, PAGE_SIZE);
}

static bool on_page_of(const struct device *device, const struct fdt_range *range, u64 *page)
{
	for (u32 i = 0; i < device->reg_count; i++)
		if (share_page(&device->regs[i], range, page))
			return true;
	return false;
}

/* What is below the device in the tree is part of it. */
static void visit_neighbour(void *arg, const struct tree_node *node)
{
	struct search *s = arg;
	struct fdt_range range;

	if (node->offset == s->device->node) {
		s->inside = true;
		return;
	}
	s->inside = s->inside && node->depth > s->depth;
	if (s->inside || s->device->neighbour >= 0)
		return;
	for (u32 i = 0; i < tree_node_regs(node); i++)
		if (tree_node_reg(node, i, &range) &&
		    on_page_of(s->device, &range, &s->device->neighbour_page)) {
			s->device->neighbour = node->offset;
			return;
		}
}

static bool is_harmless(const char *compatible)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (strcmp(compatible, harmless[i]) == 0)
			return true;
	return false;
}

/* Looks at the properties that the walk over nodes doesn't collect. */
static void take_properties(struct search *s)
{
	struct fdt_walk walk = fdt_walk_from(s->tree, s->device->node);
	bool compatible = false;

	s->device->dma = "it isn't known not to";
	fdt_walk(&walk);
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY) {
		const char *name;
		u32 at = 0;

		if (strcmp(walk.name, "interrupts-extended") == 0)
			WHY(s, "it has interrupts-extended: expected interrupts");
		if (strcmp(walk.name, "compatible") != 0)
			continue;
		compatible = walk.length <= DEVICE_COMPATIBLE_MAX;
		while ((name = fdt_next_string(walk.value, walk.length, &at)))
			if (is_harmless(name))
				s->device->dma = NULL;
	}
	if (!compatible)
		WHY(s, "no compatible of at most %d bytes", DEVICE_COMPATIBLE_MAX);
	walk = fdt_walk_from(s->tree, s->device->node);
	fdt_walk(&walk);
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY)
		for (size_t i = 0; i < ARRAY_SIZE(dma_words); i++)
			if (strcmp(walk.name, dma_words[i]) == 0)
				s->device->dma = dma_words[i];
}

bool device_find(const struct fdt *tree, const char *path, struct device *device,
		 struct fdt_error *why)
{
	struct search s = {.device = device, .why = why, .tree = tree, .good = true};

	*device = (struct device){.neighbour = -1};
	why->text[0] = '\0';
	if (!tree->blob)
		return WHY(&s, "the board was started without a tree that could be read");
	device->node = fdt_path_offset(tree->blob, path);
	if (device->node < 0)
		return WHY(&s, "no such node or alias in the board's tree");
	if (!tree_each(tree, visit_device, &s, why) || !s.good)
		return false;
	take_properties(&s);
	return s.good && tree_each(tree, visit_neighbour, &s, why);
}

const char *device_of_el2(const struct board *machine, const struct device *device)
{
	const struct {
		const struct fdt_range *ranges;
		unsigned count;
		const char *what;
	} all[] = {
		{machine->ram, machine->rams, "the machine's memory"},
		{machine->reserved, machine->reserveds, "reserved memory"},
		{&machine->gicd, 1, "the interrupt controller"},
		{&machine->gicc, 1, "the interrupt controller"},
		{&machine->gich, 1, "the interrupt controller"},
		{&machine->gicv, 1, "the interrupt controller"},
		{machine->gicr, machine->gicrs, "the interrupt controller"},
		{&machine->uart.regs, 1, "Skerry's own serial line"},
		{&machine->watchdog, 1, "the board's power manager"},
	};
	u64 page;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		for (unsigned n = 0; n < all[i].count; n++)
			if (on_page_of(device, &all[i].ranges[n], &page))
				return all[i].what;
	for (u32 i = 0; i < device->irq_count; i++)
		if (device->irqs[i].intid == machine->uart.irq)
			return "the interrupt of Skerry's own serial line";
	return NULL;
}
