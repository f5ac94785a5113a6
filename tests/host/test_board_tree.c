// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c board/tree.c
/* The board's tree: four boards, each field as their manuals and bindings have it; what is wrong in
 * a tree and what is said then; and trees with bytes changed at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board/board.h"
#include "dtc.h"

static struct board machine;

static bool read_blob(const void *blob, size_t size, struct fdt_error *err)
{
	struct fdt fdt;

	return fdt_open(&fdt, blob, size, err) && board_read(&machine, &fdt, err);
}

static void read_source(const char *source)
{
	struct fdt_error err = {""};
	size_t size;
	void *blob = dtc_compile(source, &size);

	if (!read_blob(blob, size, &err))
		fail_msg("%s", err.text);
	free(blob);
}

static void read_file(const char *path)
{
	char *source = dtc_read_file(path);

	read_source(source);
	free(source);
}

static void read_board(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "tests/host/trees/%s.dts", name);
	read_file(path);
}

/* The board with `from` replaced by `to` in its source. */
static char *variant(const char *name, const char *from, const char *to)
{
	char path[64], *source, *changed;

	snprintf(path, sizeof(path), "tests/host/trees/%s.dts", name);
	source = dtc_read_file(path);
	changed = dtc_replace(source, from, to);
	free(source);
	return changed;
}

static void read_variant(const char *name, const char *from, const char *to)
{
	char *source = variant(name, from, to);

	read_source(source);
	free(source);
}

static void refuse(const char *name, const char *from, const char *to, const char *error)
{
	char *source = variant(name, from, to);
	struct fdt_error err = {""};
	size_t size;
	void *blob = dtc_compile(source, &size);

	assert_false(read_blob(blob, size, &err));
	assert_string_equal(err.text, error);
	free(blob);
	free(source);
}

#define EXPECT_RANGE(range, b, s)                  \
	do {                                       \
		assert_int_equal((range).base, b); \
		assert_int_equal((range).size, s); \
	} while (0)

static void virt_v3(void **state)
{
	(void)state;
	read_board("virt-v3");
	assert_string_equal(machine.model, "linux,dummy-virt");
	assert_int_equal(machine.rams, 2);
	EXPECT_RANGE(machine.ram[0], 0x40000000, 0x20000000);
	EXPECT_RANGE(machine.ram[1], 0x100001000, 0x1000); /* whole pages only */
	assert_int_equal(machine.reserveds, 3);
	EXPECT_RANGE(machine.reserved[0], 0x41000000, 0x2000);
	EXPECT_RANGE(machine.reserved[1], 0x42000000, 0x100000);
	EXPECT_RANGE(machine.reserved[2], 0x43000000, 1);
	assert_int_equal(machine.cpus_listed, 3);
	assert_int_equal(machine.cpu_count, 3);
	assert_int_equal(machine.cpus[0].mpidr, 0); /* bit 31 is no affinity */
	assert_int_equal(machine.cpus[1].mpidr, 0x700000101);
	assert_int_equal(machine.cpus[1].enable, BOARD_ENABLE_PSCI);
	assert_int_equal(machine.cpus[2].enable, BOARD_ENABLE_NONE);
	assert_int_equal(machine.psci, BOARD_PSCI_SMC);
	assert_int_equal(machine.gic, BOARD_GIC_V3);
	EXPECT_RANGE(machine.gicd, 0x8000000, 0x10000);
	assert_int_equal(machine.gicrs, 2);
	EXPECT_RANGE(machine.gicr[0], 0x80a0000, 0xf60000);
	EXPECT_RANGE(machine.gicr[1], 0x4000000000, 0x4000000);
	assert_int_equal(machine.gicr_stride, 0x40000);
	assert_int_equal(machine.gic_maintenance, 25);
	assert_int_equal(machine.hyp_timer, 26);
	assert_int_equal(machine.virtual_timer, 27);
	assert_int_equal(machine.timer_frequency, 62500000);
	assert_int_equal(machine.uart.kind, BOARD_UART_PL011);
	EXPECT_RANGE(machine.uart.regs, 0x9040000, 0x1000);
	assert_int_equal(machine.uart.irq, 40);
	EXPECT_RANGE(machine.initrd, 0x48000000, 0x12345);
	assert_int_not_equal(machine.seed, 0);
}

static void virt_v2(void **state)
{
	(void)state;
	read_board("virt-v2");
	assert_int_equal(strlen(machine.model), 63);
	assert_memory_equal(machine.model, "a board?with a name", 19);
	assert_int_equal(machine.cpus_listed, 9);
	assert_int_equal(machine.cpu_count, 8);
	assert_int_equal(machine.cpus[7].mpidr, 7);
	assert_int_equal(machine.psci, BOARD_PSCI_HVC);
	assert_int_equal(machine.gic, BOARD_GIC_V2);
	EXPECT_RANGE(machine.gicd, 0x8000000, 0x10000);
	EXPECT_RANGE(machine.gicc, 0x8010000, 0x10000);
	EXPECT_RANGE(machine.gich, 0x8030000, 0x10000);
	EXPECT_RANGE(machine.gicv, 0x8040000, 0x10000);
	assert_int_equal(machine.gic_maintenance, 25);
	assert_int_equal(machine.hyp_timer, 26);
	assert_int_equal(machine.virtual_timer, 27);
	assert_int_equal(machine.uart.irq, 33);
	EXPECT_RANGE(machine.initrd, 0, 0);
	assert_int_equal(machine.seed, 0);
	assert_int_equal(machine.timer_frequency, 0);
	assert_int_equal(machine.reserveds, 0);
}

static void pi4(void **state)
{
	(void)state;
	read_board("pi4");
	assert_string_equal(machine.model, "Raspberry Pi 4 Model B Rev 1.1");
	assert_int_equal(machine.rams, 2);
	EXPECT_RANGE(machine.ram[1], 0x40000000, 0xbc000000);
	assert_int_equal(machine.cpus[1].enable, BOARD_ENABLE_SPIN_TABLE);
	assert_int_equal(machine.cpus[1].release, 0xe0);
	assert_int_equal(machine.psci, BOARD_PSCI_NONE);
	assert_int_equal(machine.gic, BOARD_GIC_V2);
	EXPECT_RANGE(machine.gicd, 0xff841000, 0x1000);
	EXPECT_RANGE(machine.gicc, 0xff842000, 0x2000);
	EXPECT_RANGE(machine.gich, 0xff844000, 0x2000);
	EXPECT_RANGE(machine.gicv, 0xff846000, 0x2000);
	assert_int_equal(machine.gic_maintenance, 25);
	assert_int_equal(machine.hyp_timer, 26);
	assert_int_equal(machine.uart.kind, BOARD_UART_PL011);
	EXPECT_RANGE(machine.uart.regs, 0xfe201000, 0x200);
	assert_int_equal(machine.uart.irq, 153);
	EXPECT_RANGE(machine.initrd, 0x2eff0000, 0x8000);
}

static void pi3(void **state)
{
	(void)state;
	read_board("pi3");
	assert_int_equal(machine.gic, BOARD_GIC_BCM2836);
	EXPECT_RANGE(machine.gicd, 0x40000000, 0x100);
	EXPECT_RANGE(machine.gicc, 0x3f00b200, 0x200);
	assert_int_equal(machine.hyp_timer, 18); /* the core's own: 16 + source */
	assert_int_equal(machine.virtual_timer, 19);
	assert_int_equal(machine.gic_maintenance, 0);
	assert_int_equal(machine.uart.kind, BOARD_UART_BCM2835_AUX);
	EXPECT_RANGE(machine.uart.regs, 0x3f215040, 0x40);
	assert_int_equal(machine.uart.irq, 93); /* 32 + 32 * 1 + 29 */
	assert_int_equal(machine.cpus[0].release, 0xd8);
	assert_int_equal(machine.cpus[1].release, 0xe0);
	assert_int_equal(machine.cpus[2].enable, BOARD_ENABLE_NONE);
	EXPECT_RANGE(machine.reserved[0], 0, 0x1000);
	EXPECT_RANGE(machine.reserved[1], 0xd8, 8); /* words that CPUs still wait at */
	EXPECT_RANGE(machine.reserved[2], 0xe0, 8);
	assert_int_equal(machine.reserveds, 3);
}

/* CPU 0 is the one that reads this; the others wait at the words of the firmware's stub. */
static void expect_pi_cpus(void)
{
	assert_int_equal(machine.cpu_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(machine.cpus[i].mpidr, i);
		assert_int_equal(machine.cpus[i].enable,
				 i ? BOARD_ENABLE_SPIN_TABLE : BOARD_ENABLE_NONE);
		assert_int_equal(machine.cpus[i].release, i ? 0xd8 + 8 * i : 0);
	}
	assert_int_equal(machine.psci, BOARD_PSCI_NONE);
}

/* The trees in the image, for boards that are started without one. */
static void built_in_pi3(void **state)
{
	(void)state;
	read_file("el2/board/raspi3.dts");
	expect_pi_cpus();
	assert_int_equal(machine.rams, 1);
	EXPECT_RANGE(machine.ram[0], 0, 0x38000000);
	assert_int_equal(machine.gic, BOARD_GIC_BCM2836);
	EXPECT_RANGE(machine.gicd, 0x40000000, 0x100);
	EXPECT_RANGE(machine.gicc, 0x3f00b200, 0x200);
	assert_int_equal(machine.hyp_timer, 18);
	assert_int_equal(machine.virtual_timer, 19);
	assert_int_equal(machine.uart.kind, BOARD_UART_PL011);
	EXPECT_RANGE(machine.uart.regs, 0x3f201000, 0x200);
	assert_int_equal(machine.uart.irq, 121); /* 32 + 32 * 2 + 25 */
	EXPECT_RANGE(machine.mailbox, 0x3f00b880, 0x40);
	EXPECT_RANGE(machine.watchdog, 0x3f100000, 0x114);
	EXPECT_RANGE(machine.gpio, 0x3f200000, 0xb4);
}

static void built_in_pi4(void **state)
{
	(void)state;
	read_file("el2/board/raspi4.dts");
	expect_pi_cpus();
	EXPECT_RANGE(machine.ram[0], 0, 0x38000000);
	assert_int_equal(machine.gic, BOARD_GIC_V2);
	EXPECT_RANGE(machine.gicd, 0xff841000, 0x1000);
	EXPECT_RANGE(machine.gicc, 0xff842000, 0x2000);
	EXPECT_RANGE(machine.gich, 0xff844000, 0x2000);
	EXPECT_RANGE(machine.gicv, 0xff846000, 0x2000);
	assert_int_equal(machine.gic_maintenance, 25);
	assert_int_equal(machine.hyp_timer, 26);
	assert_int_equal(machine.virtual_timer, 27);
	assert_int_equal(machine.uart.kind, BOARD_UART_PL011);
	EXPECT_RANGE(machine.uart.regs, 0xfe201000, 0x200);
	assert_int_equal(machine.uart.irq, 153);
	EXPECT_RANGE(machine.mailbox, 0xfe00b880, 0x40);
	EXPECT_RANGE(machine.watchdog, 0xfe100000, 0x114);
	EXPECT_RANGE(machine.gpio, 0xfe200000, 0xb4);
}

/* stdout-path in its forms; whatever it can't be resolved to, the first console is taken. */
static void console_paths(void **state)
{
	static const struct {
		const char *path;
		u64 base;
	} cases[] = {
		{"\"serial0:115200n8\"", 0xfe215040},
		{"\"serial0\"", 0xfe215040},
		{"\"/soc/serial@7e201000\"", 0xfe201000},
		{"\"/soc/serial@7e201000:9600\"", 0xfe201000},
		{"\"/soc/serial\"", 0xfe201000}, /* both match: the later */
		{"\"/soc/serial@7e201000/port\"", 0xfe215040},
		{"\"/soc\"", 0xfe215040},
		{"\"/so/serial@7e201000\"", 0xfe215040},
		{"\"serial\"", 0xfe215040},
		{"\"serial17\"", 0xfe215040},
		{"\"\"", 0xfe215040},
		{"<0x61626364>", 0xfe215040},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		read_variant("pi4", "\"serial1:115200n8\"", cases[i].path);
		assert_int_equal(machine.uart.regs.base, cases[i].base);
	}
	read_variant("pi4", "aliases", "nicknames");
	assert_int_equal(machine.uart.regs.base, 0xfe215040);
}

/* Linux' words for it, as a Pi's firmware writes them for the UART that it has made the first. */
static void console_by_bootargs(void **state)
{
	static const struct {
		const char *args;
		u64 base;
	} cases[] = {
		{"stdout-path = \"serial1\"; bootargs = \"console=ttyS0,115200\"", 0xfe215040},
		{"stdout-path = \"serial0\"; bootargs = \"a console=ttyAMA0,115200 b\"",
		 0xfe201000},
		{"stdout-path = \"serial0\"; bootargs = \"console=ttyS0 console=ttyAMA1\"",
		 0xfe201000},
		{"stdout-path = \"serial1\"; bootargs = \"console=tty1\"", 0xfe201000},
		{"stdout-path = \"serial1\"; bootargs = \"noconsole=ttyS0 console=\"", 0xfe201000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		read_variant("pi4", "stdout-path = \"serial1:115200n8\"", cases[i].args);
		assert_int_equal(machine.uart.regs.base, cases[i].base);
		assert_int_equal(machine.uart.irq, cases[i].base == 0xfe201000 ? 153 : 125);
	}
	read_variant("virt-v2", "chosen {", "chosen { bootargs = \"console=ttyS0\";");
	assert_int_equal(machine.uart.kind, BOARD_UART_PL011);
}

/* What a board can do without is left out. */
static void left_out(void **state)
{
	(void)state;
	read_variant("virt-v2", "\"arm,pl011\", \"arm,primecell\"", "\"a,b\", \"c,d\"");
	assert_int_equal(machine.uart.kind, BOARD_UART_NONE);
	read_variant("virt-v2", "interrupts = <0 1 4>", "interrupts = <0 988 4>");
	assert_int_equal(machine.uart.irq, 0);
	read_variant("virt-v2", "interrupts = <0 1 4>", "interrupts = <2 1 4>");
	assert_int_equal(machine.uart.irq, 0);
	read_variant("virt-v2", "interrupts = <0 1 4>", "interrupts = <0 1>");
	assert_int_equal(machine.uart.irq, 0);
	read_variant("virt-v2", "interrupts = <0 1 4>",
		     "interrupts = <0 1 4>; interrupt-parent = <77>");
	assert_int_equal(machine.uart.irq, 0);
	read_variant("virt-v2", "<0x0 0x8030000 0x0 0x10000>, <0x0 0x8040000 0x0 0x10000>",
		     "<0x0 0x8030000 0x0 0x10000>");
	EXPECT_RANGE(machine.gich, 0, 0);
	read_variant("virt-v2", "\"psci\"", "\"spin-table\"");
	assert_int_equal(machine.cpus[0].enable, BOARD_ENABLE_NONE);
	read_variant("virt-v3", "<0x0 0x48012345>", "<0x0 0x48000000>");
	EXPECT_RANGE(machine.initrd, 0, 0);
	read_variant("virt-v3", "<0x0 0x48012345>", "<0x0 0x48012345 0x0>");
	EXPECT_RANGE(machine.initrd, 0, 0);
	read_variant("pi3", "interrupts = <1 29>", "interrupts = <3 29>");
	assert_int_equal(machine.uart.irq, 0);
	read_variant("pi4", "\"arm,pl011\";", "\"arm,pl011\"; status = \"disabled\";");
	assert_int_equal(machine.uart.irq, 153);
}

/* A bus whose ranges have entries of no cells at all: it must not be walked for ever. */
static void empty_ranges(void **state)
{
	(void)state;
	read_variant("virt-v2", "chosen {",
		     "a { #address-cells = <0>; #size-cells = <0>; ranges = <1>;"
		     "b { #address-cells = <0>; #size-cells = <0>; ranges = <1>;"
		     "c { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x1000>;"
		     "d { compatible = \"arm,pl011\"; reg = <0 0x1000>; }; }; }; }; chosen {");
	assert_int_equal(machine.uart.regs.base, 0x9000000);
}

/* Regions that overlap, touch or come in any order. */
static void memory_merges(void **state)
{
	(void)state;
	read_variant("virt-v2", "<0x0 0x40000000 0x0 0x40000000>",
		     "<0x0 0x90000000 0x0 0x1000>, <0x0 0x40000000 0x0 0x2000>,"
		     "<0x0 0x60000000 0x0 0x2000>, <0x0 0x41000000 0x0 0x1001>,"
		     "<0x0 0x40001000 0x0 0x60000>, <0x0 0x60001000 0x0 0x2000>,"
		     "<0x0 0x70000000 0x0 0xfff>, <0xffffffff 0xfffff800 0x0 0x10>");
	assert_int_equal(machine.rams, 4);
	EXPECT_RANGE(machine.ram[0], 0x40000000, 0x61000);
	EXPECT_RANGE(machine.ram[1], 0x41000000, 0x1000);
	EXPECT_RANGE(machine.ram[2], 0x60000000, 0x3000);
	EXPECT_RANGE(machine.ram[3], 0x90000000, 0x1000);
}

/* `count` entries of 0x1000 bytes, 0x10000 apart, as the source of a reg. */
static char *many_regions(unsigned count)
{
	char *text = malloc(count * 40 + 1), *at = text;

	*at = '\0';
	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, "%s<0x0 0x%x 0x0 0x1000>", i ? ", " : "",
			      0x40000000 + 0x10000 * i);
	return text;
}

static void too_many(void **state)
{
	char *some = many_regions(40), *just = many_regions(28);

	(void)state;
	read_variant("virt-v2", "<0x0 0x40000000 0x0 0x40000000>", some);
	assert_int_equal(machine.rams, 16);
	EXPECT_RANGE(machine.ram[15], 0x400f0000, 0x1000);
	refuse("virt-v3", "<0x0 0x43000000 0x0 0x1>", some,
	       "/reserved-memory/firmware@42000000: reserved memory: more than 32 regions");
	read_variant("virt-v3", "<0x0 0x43000000 0x0 0x1>", just);
	assert_int_equal(machine.reserveds, 30);
	free(some);
	free(just);
}

static void refused(void **state)
{
	(void)state;
	refuse("virt-v2", "<0x0 0x40000000 0x0 0x40000000>", "<0x40000000>",
	       "/memory@40000000: reg: expected a list of addresses and sizes");
	refuse("virt-v2", "<0x0 0x40000000 0x0 0x40000000>",
	       "<0x0 0x40000000 0xffffffff 0xf0000000>",
	       "/memory@40000000: reg: a region wraps around or cannot be reached");
	refuse("virt-v2", "\"memory\"", "\"storage\"",
	       "/: no memory: expected a node with device_type = \"memory\"");
	refuse("virt-v2", "cpus {", "processors {", "/: no CPU: expected a node below /cpus");
	refuse("virt-v2", "reg = <1>", "reg = <0>",
	       "/cpus/cpu@1: reg: another CPU has the same MPIDR");
	refuse("virt-v2", "reg = <1>", "reg = <0 1>",
	       "/cpus/cpu@1: reg: expected one address, the CPU's MPIDR");
	refuse("virt-v2", "arm,cortex-a15-gic", "arm,pl390",
	       "/: no interrupt controller: expected GICv2, GICv3 or that of the BCM2836");
	refuse("virt-v2",
	       "<0x0 0x8000000 0x0 0x10000>, <0x0 0x8010000 0x0 0x10000>,\n"
	       "\t\t      <0x0 0x8030000 0x0 0x10000>, <0x0 0x8040000 0x0 0x10000>",
	       "<0x0 0x8000000 0x0 0x10000>",
	       "/intc@8000000: reg: expected the distributor and the CPU interface");
	refuse("virt-v2", "<0x0 0x8000000 0x0 0x10000>", "<0x8000000>",
	       "/intc@8000000: reg: expected the controller's registers");
	refuse("virt-v3", "regions = <2>", "regions = <5>",
	       "/intc@8000000: #redistributor-regions: expected 1 to 4");
	refuse("virt-v3", "regions = <2>", "regions = <3>",
	       "/intc@8000000: reg: expected the distributor and each region");
	refuse("virt-v2", "arm,armv7-timer", "arm,sp804", "/: no timer: expected arm,armv8-timer");
	refuse("virt-v2", ", <1 10 0x104>", "",
	       "/timer: interrupts: expected four: secure, non-secure, virtual, hypervisor");
	refuse("pi3", "<3 4>, <2 4>", "<3 4>, <32 4>",
	       "/timer: interrupts: expected four: secure, non-secure, virtual, hypervisor");
	refuse("virt-v2", "\"hvc\"", "\"svc\"", "/psci: method: expected \"smc\" or \"hvc\"");
	refuse("virt-v3", "/memreserve/ 0x41000000 0x2000", "/memreserve/ 0xffffffffffffff00 0x101",
	       "/: reserved memory: 0x101 bytes at 0xffffffffffffff00 wrap around");
	refuse("virt-v3", "<0x0 0x42000000 0x0 0x100000>", "<0x0 0x42000000 0x0>",
	       "/reserved-memory/firmware@42000000: reg: expected a list of addresses and sizes");
	refuse("virt-v3", "<0x0 0x42000000 0x0 0x100000>", "<0xffffffff 0xffffffff 0xffffffff 0x0>",
	       "/reserved-memory/firmware@42000000: reg: a region wraps around or cannot be reached");
	refuse("pi4", "<0x40000000 0x0 0xff800000 0x00800000>",
	       "<0x40000000 0x0 0xff800000 0x00041800>",
	       "/soc/interrupt-controller@40041000: reg: expected the controller's registers");
	refuse("pi4", "\t\tranges = <0x7e000000", "\t\tnope = <0x7e000000",
	       "/soc/local_intc@40000000: reg: expected the controller's registers");
	refuse("pi4", "\t\t#address-cells = <1>;\n\t\t#size-cells = <1>;\n\t\tranges",
	       "\t\t#address-cells = <3>;\n\t\t#size-cells = <1>;\n\t\tranges",
	       "/soc/local_intc@40000000: reg: expected the controller's registers");
	refuse("virt-v2", "chosen {",
	       "a{b{c{d{e{f{g{h{i{j{k{l{m{n{o{p{q{};};};};};};};};};};};};};};};};};chosen {",
	       "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p: nested deeper than 16 nodes");
}

/* No change of bytes may make the reader leave the blob, or hang. */
static void mutated(void **state)
{
	static const char *const names[] = {"virt-v3", "virt-v2", "pi4", "pi3"};
	unsigned long seed = 0x5eed5eed5eed;
	unsigned read = 0, refusals = 0;

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		char *source = variant(names[n], "/ {", "/ {");
		size_t size;
		void *blob = dtc_compile(source, &size), *copy = malloc(size);

		for (unsigned i = 0; i < 10000; i++) {
			struct fdt_error err = {""};

			memcpy(copy, blob, size);
			dtc_mutate(copy, size, &seed);
			if (read_blob(copy, size, &err)) {
				read++;
				assert_in_range(machine.rams, 1, BOARD_RAM_MAX);
				assert_in_range(machine.cpu_count, 1, PCPUS_MAX);
				for (unsigned k = 1; k < machine.rams; k++)
					assert_true(machine.ram[k - 1].base +
							    machine.ram[k - 1].size <
						    machine.ram[k].base);
			} else {
				refusals++;
				assert_int_not_equal(err.text[0], '\0');
			}
		}
		free(copy);
		free(blob);
		free(source);
	}
	assert_true(read > 1000 && refusals > 1000); /* both ways have been tried */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virt_v3),	 cmocka_unit_test(virt_v2),
		cmocka_unit_test(pi4),		 cmocka_unit_test(pi3),
		cmocka_unit_test(built_in_pi3),	 cmocka_unit_test(built_in_pi4),
		cmocka_unit_test(console_paths), cmocka_unit_test(console_by_bootargs),
		cmocka_unit_test(left_out),	 cmocka_unit_test(memory_merges),
		cmocka_unit_test(too_many),	 cmocka_unit_test(empty_ranges),
		cmocka_unit_test(refused),	 cmocka_unit_test(mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
