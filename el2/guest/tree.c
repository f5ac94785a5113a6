// SPDX-License-Identifier: Apache-2.0
/*
 * The device tree that a guest gets. Runs at EL2: writes into a buffer, has no other effect. Names
 * and numbers are those of QEMU's `virt` board, so that what boots there finds here what it looks
 * for. libfdt's sequential writer does the format; after its first error all its calls fail, so one
 * look at the end is enough. Follows the Devicetree Specification 0.4, chapter 3, and Linux'
 * bindings of the GIC, the generic timer, PSCI, PL011 and PL031.
 */
#include <libfdt.h>

#include "guest/tree.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vdev/vflash.h"
#include "vdev/vfwcfg.h"

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2
#define CLOCK_HZ 24000000

/* The first cell of an interrupt, and flags in the third. */
#define SPI 0
#define PPI 1
#define EDGE 1
#define LEVEL 4

#define INTID_PPI 16 /* the number of a PPI or SPI in the tree counts from here */
#define INTID_SPI 32

struct writer {
	void *tree;
	int error; /* libfdt's first; 0 while all is well */
};

/* These are called some sixty times: inlined, they would make up most of this file's code. */
static NOINLINE void note(struct writer *w, int error)
{
	if (!w->error)
		w->error = error;
}

static NOINLINE void begin(struct writer *w, const char *name)
{
	note(w, fdt_begin_node(w->tree, name));
}

/* A node with a unit address. */
static NOINLINE void begin_at(struct writer *w, const char *name, u64 address)
{
	char full[32];

	format(full, sizeof(full), "%s@%lx", name, address);
	begin(w, full);
}

static NOINLINE void end(struct writer *w)
{
	note(w, fdt_end_node(w->tree));
}

/* A string, or several with their NULs between them: `size` counts the last NUL as well. */
static NOINLINE void strings(struct writer *w, const char *name, const char *list, size_t size)
{
	note(w, fdt_property(w->tree, name, list, (int)size));
}

#define STRINGS(w, name, literal) strings(w, name, literal, sizeof(literal))

static NOINLINE void string(struct writer *w, const char *name, const char *text)
{
	strings(w, name, text, strlen(text) + 1);
}

static NOINLINE void cells(struct writer *w, const char *name, const u32 *values, unsigned count)
{
	void *room;

	note(w, fdt_property_placeholder(w->tree, name, (int)(count * sizeof(u32)), &room));
	for (unsigned i = 0; !w->error && i < count; i++)
		((u32 *)room)[i] = cpu_to_fdt32(values[i]);
}

#define CELLS(w, name, ...) \
	cells(w, name, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / sizeof(u32))

#define HIGH(x) ((u32)((u64)(x) >> 32))
#define LOW(x) ((u32)(x))

static void empty(struct writer *w, const char *name)
{
	cells(w, name, NULL, 0);
}

/* --- The nodes -------------------------------------------------------------------------------- */

static void write_chosen(struct writer *w, const struct tree_request *request)
{
	const u64 *seed = request->seed;
	u64 initrd_end = request->initrd + request->initrd_size;
	u64 kaslr = 0;

	begin(w, "chosen");
	if (request->config->bootargs[0] && !request->config->firmware.size)
		string(w, "bootargs", request->config->bootargs);
	string(w, "stdout-path", "/pl011@9000000");
	if (request->initrd_size) {
		CELLS(w, "linux,initrd-start", HIGH(request->initrd), LOW(request->initrd));
		CELLS(w, "linux,initrd-end", HIGH(initrd_end), LOW(initrd_end));
	}
	if (seed[0] | seed[1] | seed[2] | seed[3]) {
		/* Whoever learns one of the two must not have the other. */
		for (unsigned i = 0; i < 4; i++)
			kaslr = (kaslr ^ seed[i] ^ (kaslr >> 31)) * 0xd6e8feb86659fd93ULL;
		CELLS(w, "kaslr-seed", HIGH(kaslr), LOW(kaslr));
		note(w, fdt_property(w->tree, "rng-seed", seed, 32));
	}
	end(w);
}

static void write_memory(struct writer *w, u64 size)
{
	begin_at(w, "memory", SKERRY_RAM_BASE);
	string(w, "device_type", "memory");
	CELLS(w, "reg", HIGH(SKERRY_RAM_BASE), SKERRY_RAM_BASE, HIGH(size), LOW(size));
	end(w);
}

static void write_cpus(struct writer *w, u32 count)
{
	begin(w, "cpus");
	CELLS(w, "#address-cells", 1);
	CELLS(w, "#size-cells", 0);
	for (u32 i = 0; i < count; i++) {
		begin_at(w, "cpu", i);
		string(w, "device_type", "cpu");
		string(w, "compatible", "arm,armv8");
		string(w, "enable-method", "psci");
		CELLS(w, "reg", i);
		end(w);
	}
	end(w);
}

static void write_psci(struct writer *w)
{
	begin(w, "psci");
	STRINGS(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	string(w, "method", "hvc");
	CELLS(w, "cpu_suspend", PSCI_CPU_SUSPEND);
	CELLS(w, "cpu_off", PSCI_CPU_OFF);
	CELLS(w, "cpu_on", PSCI_CPU_ON);
	end(w);
}

/* GICv2 has a mask of CPUs in the flags of a PPI. */
static void write_timer(struct writer *w, const struct tree_request *request)
{
	u32 mask = request->gic_version == 2 ? (1U << request->config->cpus) - 1 : 0;
	u32 flags = mask << 8 | LEVEL;

	begin(w, "timer");
	STRINGS(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	empty(w, "always-on");
	CELLS(w, "interrupts", PPI, 13, flags, PPI, SKERRY_INTID_PTIMER - INTID_PPI, flags, PPI,
	      SKERRY_INTID_VTIMER - INTID_PPI, flags, PPI, 10, flags);
	if (request->timer_frequency)
		CELLS(w, "clock-frequency", request->timer_frequency);
	end(w);
}

static void write_gic(struct writer *w, const struct tree_request *request)
{
	begin_at(w, "intc", SKERRY_GICD_BASE);
	if (request->gic_version == 2) {
		string(w, "compatible", "arm,cortex-a15-gic");
		CELLS(w, "reg", 0, SKERRY_GICD_BASE, 0, 0x10000, 0, SKERRY_GICC_BASE, 0, 0x10000);
	} else {
		string(w, "compatible", "arm,gic-v3");
		CELLS(w, "#redistributor-regions", 1);
		CELLS(w, "reg", 0, SKERRY_GICD_BASE, 0, 0x10000, 0, SKERRY_GICR_BASE, 0,
		      0x20000 * request->config->cpus);
	}
	CELLS(w, "#interrupt-cells", 3);
	CELLS(w, "#address-cells", 0); /* it is nobody's bus, but an interrupt-map would ask */
	empty(w, "interrupt-controller");
	CELLS(w, "phandle", PHANDLE_GIC);
	end(w);
}

static void write_clock(struct writer *w)
{
	begin(w, "apb-pclk");
	string(w, "compatible", "fixed-clock");
	CELLS(w, "#clock-cells", 0);
	CELLS(w, "clock-frequency", CLOCK_HZ);
	string(w, "clock-output-names", "clk24mhz");
	CELLS(w, "phandle", PHANDLE_CLOCK);
	end(w);
}

static void write_uart(struct writer *w)
{
	begin_at(w, "pl011", SKERRY_UART_BASE);
	STRINGS(w, "compatible", "arm,pl011\0arm,primecell");
	CELLS(w, "reg", 0, SKERRY_UART_BASE, 0, 0x1000);
	CELLS(w, "interrupts", SPI, SKERRY_INTID_UART - INTID_SPI, LEVEL);
	CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	STRINGS(w, "clock-names", "uartclk\0apb_pclk");
	end(w);
}

static void write_rtc(struct writer *w)
{
	begin_at(w, "pl031", SKERRY_RTC_BASE);
	STRINGS(w, "compatible", "arm,pl031\0arm,primecell");
	CELLS(w, "reg", 0, SKERRY_RTC_BASE, 0, 0x1000);
	CELLS(w, "interrupts", SPI, SKERRY_INTID_RTC - INTID_SPI, LEVEL);
	CELLS(w, "clocks", PHANDLE_CLOCK);
	string(w, "clock-names", "apb_pclk");
	end(w);
}

/* arm,sbsa-gwdt: the control frame, then the refresh frame. */
static void write_watchdog(struct writer *w)
{
	begin_at(w, "watchdog", SKERRY_WATCHDOG_BASE);
	string(w, "compatible", "arm,sbsa-gwdt");
	CELLS(w, "reg", 0, SKERRY_WATCHDOG_BASE, 0, 0x1000, 0, SKERRY_WATCHDOG_BASE + 0x1000, 0,
	      0x1000);
	CELLS(w, "interrupts", SPI, SKERRY_INTID_WATCHDOG - INTID_SPI, LEVEL);
	end(w);
}

static void write_flash(struct writer *w)
{
	begin_at(w, "flash", SKERRY_FLASH_BASE);
	string(w, "compatible", "cfi-flash");
	CELLS(w, "reg", 0, SKERRY_FLASH_BASE, 0, VFLASH_SIZE);
	CELLS(w, "bank-width", 4);
	end(w);
}

static void write_fwcfg(struct writer *w)
{
	begin_at(w, "fw-cfg", SKERRY_FWCFG_BASE);
	string(w, "compatible", "qemu,fw-cfg-mmio");
	CELLS(w, "reg", 0, SKERRY_FWCFG_BASE, 0, VFWCFG_SIZE);
	empty(w, "dma-coherent");
	end(w);
}

static void write_channel(struct writer *w, const struct tree_channel *channel)
{
	begin_at(w, "channel", channel->ipa);
	string(w, "compatible", "skerry,channel");
	string(w, "channel-name", channel->name);
	string(w, "peer", channel->peer);
	CELLS(w, "index", channel->index);
	CELLS(w, "reg", HIGH(channel->ipa), LOW(channel->ipa), HIGH(channel->size),
	      LOW(channel->size));
	CELLS(w, "interrupts", SPI, SKERRY_INTID_CHANNEL - INTID_SPI + channel->index, EDGE);
	end(w);
}

/* What tells a guest that knows Skerry that it is here, who the guest is, and its channels. */
static void write_hypervisor(struct writer *w, const struct tree_request *request)
{
	begin(w, "hypervisor");
	string(w, "compatible", "skerry,hypervisor-v1");
	string(w, "method", "hvc");
	CELLS(w, "id", request->id);
	string(w, "guest-name", request->config->name);
	CELLS(w, "#address-cells", 2);
	CELLS(w, "#size-cells", 2);
	empty(w, "ranges");
	for (u32 i = 0; i < request->channel_count; i++)
		write_channel(w, &request->channels[i]);
	end(w);
}

/* Properties that mean the same in the guest's tree. One with references to other nodes of the board's
 * would point to nothing, or to another thing. */
static bool is_copied(const struct fdt_walk *walk)
{
	static const char names[][17] = {"compatible",	"reg-names",	   "interrupt-names",
					 "reg-shift",	"reg-io-width",	   "bank-width",
					 "clock-names", "clock-frequency", "ngpios"};

	if (walk->length > DEVICE_COMPATIBLE_MAX)
		return false;
	if (walk->length == 0) /* a flag; but no child comes along, nor a window to them */
		return strcmp(walk->name, "ranges") != 0 && strcmp(walk->name, "dma-ranges") != 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(walk->name, names[i]) == 0)
			return true;
	return walk->name[0] == '#';
}

/* PrimeCells want the clock of their bus; its rate doesn't matter to them. */
static void write_device_clocks(struct writer *w, const struct fdt_walk *clocks, u32 names)
{
	u32 cells_of[4];

	names = MIN(names, (u32)ARRAY_SIZE(cells_of));
	for (u32 i = 0; i < names; i++)
		cells_of[i] = PHANDLE_CLOCK;
	if (clocks->length)
		cells(w, "clocks", cells_of, names);
}

static void copy_properties(struct writer *w, const struct fdt *tree, int node)
{
	struct fdt_walk walk = fdt_walk_from(tree, node), clocks = walk;
	u32 names = 1;

	fdt_walk(&walk);
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY) {
		if (strcmp(walk.name, "clock-names") == 0)
			for (u32 at = names = 0; fdt_next_string(walk.value, walk.length, &at);)
				names++;
		if (strcmp(walk.name, "clocks") == 0)
			clocks = walk;
		else if (is_copied(&walk))
			note(w, fdt_property(w->tree, walk.name, walk.value, (int)walk.length));
	}
	write_device_clocks(w, &clocks, names);
}

static void write_device(struct writer *w, const struct tree_request *request,
			 const struct tree_device *grant)
{
	const struct device *device = grant->device;
	u32 regs[4 * DEVICE_REGS_MAX], irqs[3 * DEVICE_IRQS_MAX];
	struct fdt_walk walk = fdt_walk_from(request->board_tree, device->node);
	char name[20] = "";

	fdt_walk(&walk);
	for (u32 i = 0; i < sizeof(name) - 1 && walk.name[i] && walk.name[i] != '@'; i++)
		name[i] = walk.name[i];
	begin_at(w, name, grant->ipa[0]);
	copy_properties(w, request->board_tree, device->node);
	for (u32 i = 0; i < device->reg_count; i++) {
		regs[4 * i] = HIGH(grant->ipa[i]);
		regs[4 * i + 1] = LOW(grant->ipa[i]);
		regs[4 * i + 2] = HIGH(device->regs[i].size);
		regs[4 * i + 3] = LOW(device->regs[i].size);
	}
	cells(w, "reg", regs, 4 * device->reg_count);
	for (u32 i = 0; i < device->irq_count; i++) {
		irqs[3 * i] = SPI;
		irqs[3 * i + 1] = grant->intid + i - INTID_SPI;
		irqs[3 * i + 2] = device->irqs[i].level ? LEVEL : EDGE;
	}
	if (device->irq_count)
		cells(w, "interrupts", irqs, 3 * device->irq_count);
	end(w);
}

/* The writer is told not to look for a name that is there already: that search costs more than all
 * the rest, and its gain is a few hundred bytes. */
size_t tree_build(void *buf, size_t room, const struct tree_request *request)
{
	struct writer w = {.tree = buf};

	note(&w, fdt_create_with_flags(buf, (int)room, FDT_CREATE_FLAG_NO_NAME_DEDUP));
	note(&w, fdt_finish_reservemap(buf));
	begin(&w, "");
	string(&w, "compatible", "linux,dummy-virt");
	string(&w, "model", "linux,dummy-virt");
	CELLS(&w, "#address-cells", 2);
	CELLS(&w, "#size-cells", 2);
	CELLS(&w, "interrupt-parent", PHANDLE_GIC);
	write_chosen(&w, request);
	write_memory(&w, request->config->memory_size);
	write_cpus(&w, request->config->cpus);
	write_psci(&w);
	write_timer(&w, request);
	write_gic(&w, request);
	write_clock(&w);
	write_uart(&w);
	if (request->rtc)
		write_rtc(&w);
	if (request->watchdog)
		write_watchdog(&w);
	if (request->config->firmware.size) {
		write_flash(&w);
		write_fwcfg(&w);
	}
	for (u32 i = 0; i < request->device_count; i++)
		write_device(&w, request, &request->devices[i]);
	write_hypervisor(&w, request);
	end(&w);
	note(&w, fdt_finish(buf));
	return w.error ? 0 : fdt_totalsize(buf);
}
