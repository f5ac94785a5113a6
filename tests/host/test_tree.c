// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c guest/tree.c board/tree.c board/tree_device.c
/* A guest's tree, read back with libfdt, each number as QEMU's virt board and the bindings have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dtc.h"
#include "guest/tree.h"

static u64 blob[2048];
static struct guest_config config;
static struct tree_request request;

static int setup(void **state)
{
	(void)state;
	memset(blob, 0xa5, sizeof(blob));
	config = (struct guest_config){.memory_size = 0x180001000, .cpus = 3, .bootargs = "a=1 b"};
	strcpy(config.name, "ping");
	request = (struct tree_request){.config = &config, .id = 7, .gic_version = 3};
	return 0;
}

static size_t build(void)
{
	size_t size = tree_build(blob, sizeof(blob), &request);

	assert_int_equal(fdt_check_full(blob, sizeof(blob)), 0);
	assert_int_equal(fdt_totalsize(blob), size);
	return size;
}

static const void *property(const char *path, const char *name, size_t size)
{
	int node = fdt_path_offset(blob, path), length;
	const void *value = fdt_getprop(blob, node, name, &length);

	if (node < 0 || !value)
		fail_msg("%s: %s is missing", path, name);
	assert_int_equal(length, size);
	return value;
}

static void expect_cells(const char *path, const char *name, const u32 *cells, unsigned count)
{
	const u32 *value = property(path, name, 4 * count);

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(__builtin_bswap32(value[i]), cells[i]);
}

#define CELLS(path, name, ...) \
	expect_cells(path, name, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / 4)
#define TEXT(path, name, text) \
	assert_memory_equal(property(path, name, sizeof(text)), text, sizeof(text))

static void absent(const char *path, const char *name)
{
	int node = fdt_path_offset(blob, path);

	if (name ? fdt_getprop(blob, node, name, NULL) != NULL : node >= 0)
		fail_msg("%s %s is there", path, name ? name : "");
}

static void v3(void **state)
{
	(void)state;
	assert_in_range(build(), 1000, 3072);
	CELLS("/", "#address-cells", 2);
	CELLS("/", "#size-cells", 2);
	TEXT("/", "compatible", "linux,dummy-virt");
	TEXT("/chosen", "bootargs", "a=1 b");
	TEXT("/chosen", "stdout-path", "/pl011@9000000");
	absent("/chosen", "linux,initrd-start");
	absent("/chosen", "rng-seed");
	absent("/chosen", "kaslr-seed");
	TEXT("/memory@40000000", "device_type", "memory");
	CELLS("/memory@40000000", "reg", 0, 0x40000000, 1, 0x80001000);
	CELLS("/cpus", "#address-cells", 1);
	CELLS("/cpus", "#size-cells", 0);
	TEXT("/cpus/cpu@2", "device_type", "cpu");
	TEXT("/cpus/cpu@2", "compatible", "arm,armv8");
	TEXT("/cpus/cpu@2", "enable-method", "psci");
	CELLS("/cpus/cpu@2", "reg", 2);
	absent("/cpus/cpu@3", NULL);
	TEXT("/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	TEXT("/psci", "method", "hvc");
	CELLS("/psci", "cpu_suspend", 0xc4000001);
	CELLS("/psci", "cpu_off", 0x84000002);
	CELLS("/psci", "cpu_on", 0xc4000003);
	TEXT("/timer", "compatible", "arm,armv8-timer\0arm,armv7-timer");
	property("/timer", "always-on", 0);
	CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	absent("/timer", "clock-frequency");
	TEXT("/intc@8000000", "compatible", "arm,gic-v3");
	CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x60000);
	CELLS("/intc@8000000", "#interrupt-cells", 3);
	property("/intc@8000000", "interrupt-controller", 0);
	TEXT("/pl011@9000000", "compatible", "arm,pl011\0arm,primecell");
	CELLS("/pl011@9000000", "reg", 0, 0x9000000, 0, 0x1000);
	CELLS("/pl011@9000000", "interrupts", 0, 1, 4);
	TEXT("/pl011@9000000", "clock-names", "uartclk\0apb_pclk");
	TEXT("/apb-pclk", "compatible", "fixed-clock");
	CELLS("/apb-pclk", "clock-frequency", 24000000);
	absent("/pl031@9010000", NULL);
	absent("/watchdog@90c0000", NULL);
	TEXT("/hypervisor", "compatible", "skerry,hypervisor-v1");
	TEXT("/hypervisor", "method", "hvc");
	TEXT("/hypervisor", "guest-name", "ping");
	CELLS("/hypervisor", "id", 7);
}

/* What refers to another node finds it. */
static void references(void **state)
{
	const u32 *gic, *clock;

	(void)state;
	request.rtc = request.watchdog = true;
	build();
	gic = property("/", "interrupt-parent", 4);
	assert_int_equal(fdt_node_offset_by_phandle(blob, __builtin_bswap32(*gic)),
			 fdt_path_offset(blob, "/intc@8000000"));
	clock = property("/pl011@9000000", "clocks", 8);
	assert_int_equal(clock[0], clock[1]);
	assert_int_equal(fdt_node_offset_by_phandle(blob, __builtin_bswap32(*clock)),
			 fdt_path_offset(blob, "/apb-pclk"));
	assert_int_equal(*(const u32 *)property("/pl031@9010000", "clocks", 4), *clock);
	CELLS("/pl031@9010000", "reg", 0, 0x9010000, 0, 0x1000);
	CELLS("/pl031@9010000", "interrupts", 0, 2, 4);
	TEXT("/watchdog@90c0000", "compatible", "arm,sbsa-gwdt");
	CELLS("/watchdog@90c0000", "reg", 0, 0x90c0000, 0, 0x1000, 0, 0x90c1000, 0, 0x1000);
	CELLS("/watchdog@90c0000", "interrupts", 0, 3, 4);
}

static void v2(void **state)
{
	(void)state;
	request.gic_version = 2;
	request.timer_frequency = 62500000;
	build();
	TEXT("/intc@8000000", "compatible", "arm,cortex-a15-gic");
	CELLS("/intc@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
	CELLS("/timer", "interrupts", 1, 13, 0x704, 1, 14, 0x704, 1, 11, 0x704, 1, 10, 0x704);
	CELLS("/timer", "clock-frequency", 62500000);
}

static void chosen(void **state)
{
	(void)state;
	config.bootargs = "";
	request.initrd = 0x1fffff000;
	request.initrd_size = 0x2001;
	request.seed[0] = 0x0706050403020100;
	request.seed[3] = 0x1f1e1d1c1b1a1918;
	build();
	absent("/chosen", "bootargs");
	CELLS("/chosen", "linux,initrd-start", 1, 0xfffff000);
	CELLS("/chosen", "linux,initrd-end", 2, 0x00001001);
	CELLS("/chosen", "rng-seed", 0x00010203, 0x04050607, 0, 0, 0, 0, 0x18191a1b, 0x1c1d1e1f);
	assert_memory_not_equal(property("/chosen", "kaslr-seed", 8), "\0\0\0\0\0\0\0", 8);
}

static void channels(void **state)
{
	const struct tree_channel list[] = {
		{.name = "rally", .peer = "pong", .ipa = 0xc000000, .size = 0x1000, .index = 0},
		{.name = "tea", .peer = "alice", .ipa = 0xc001000, .size = 0x3000, .index = 1},
	};

	(void)state;
	request.channels = list;
	request.channel_count = 2;
	build();
	CELLS("/hypervisor", "#address-cells", 2);
	CELLS("/hypervisor", "#size-cells", 2);
	property("/hypervisor", "ranges", 0);
	TEXT("/hypervisor/channel@c001000", "compatible", "skerry,channel");
	TEXT("/hypervisor/channel@c001000", "channel-name", "tea");
	TEXT("/hypervisor/channel@c001000", "peer", "alice");
	CELLS("/hypervisor/channel@c001000", "index", 1);
	CELLS("/hypervisor/channel@c001000", "reg", 0, 0xc001000, 0, 0x3000);
	CELLS("/hypervisor/channel@c001000", "interrupts", 0, 65, 1);
	CELLS("/hypervisor/channel@c000000", "interrupts", 0, 64, 1);
}

struct fdt board_tree;
static struct board machine;

static void open_board(void)
{
	char *source = dtc_read_file("tests/host/trees/devices.dts");
	struct fdt_error err;
	size_t size;

	assert_true(fdt_open(&board_tree, dtc_compile(source, &size), SIZE_MAX, &err));
	assert_true(board_read(&machine, &board_tree, &err));
	request.board_tree = &board_tree;
	free(source);
}

static void close_board(void)
{
	free((void *)(uintptr_t)board_tree.blob);
}

/* The board's node, with the guest's numbers, and without what refers to other nodes of the board. */
static void devices(void **state)
{
	static const u64 at_pins[] = {0x0d000000}, at_wide[] = {0x0d001f00, 0x0d004010};
	struct device pins, wide;
	const struct tree_device list[] = {{&pins, at_pins, 112}, {&wide, at_wide, 113}};
	struct fdt_error err;

	(void)state;
	open_board();
	assert_true(device_find(&board_tree, "pins", &pins, &err));
	assert_true(device_find(&board_tree, "/bus@c000000/wide@7e000f00", &wide, &err));
	request.devices = list;
	request.device_count = 2;
	build();
	TEXT("/pl061@d000000", "compatible", "arm,pl061\0arm,primecell");
	CELLS("/pl061@d000000", "reg", 0, 0xd000000, 0, 0x1000);
	CELLS("/pl061@d000000", "interrupts", 0, 80, 4);
	CELLS("/pl061@d000000", "clocks", 2);
	TEXT("/pl061@d000000", "clock-names", "apb_pclk");
	property("/pl061@d000000", "gpio-controller", 0);
	CELLS("/pl061@d000000", "#gpio-cells", 2);
	absent("/pl061@d000000", "pinctrl-0");
	absent("/pl061@d000000", "label");
	absent("/pl061@d000000", "phandle");
	CELLS("/wide@d001f00", "reg", 0, 0xd001f00, 0, 0x1200, 0, 0xd004010, 0, 0x10);
	CELLS("/wide@d001f00", "interrupts", 0, 81, 1, 0, 82, 4);
	TEXT("/wide@d001f00", "reg-names", "one\0two");
	absent("/wide@d001f00", "clocks");
	absent("/wide@d001f00", "ranges");
	close_board();
}

/* The largest tree there can be fits into what is set aside for it. */
static void largest(void **state)
{
	static const char name[] = "a-name-of-thirty-one-characters";
	struct tree_channel list[16];
	char bootargs[768];

	(void)state;
	assert_int_equal(strlen(name), 31);
	memset(bootargs, 'x', 767);
	bootargs[767] = '\0';
	strcpy(config.name, name);
	config.cpus = 8;
	config.bootargs = bootargs;
	for (u32 i = 0; i < 16; i++)
		list[i] = (struct tree_channel){name, name, 0xc000000 + 0x100000 * i, 0x100000, i};
	request = (struct tree_request){
		.config = &config,
		.gic_version = 3,
		.initrd = 0x50000000,
		.initrd_size = 1,
		.seed = {1, 2, 3, 4},
		.channels = list,
		.channel_count = 16,
		.timer_frequency = 1,
		.rtc = true,
		.watchdog = true,
	};
	request.initrd_size = 0;
	config.firmware.size = 1;
	assert_in_range(build(), 1, 8192);
}

static void flash(void **state)
{
	(void)state;
	build();
	absent("/flash@4000000", NULL);
	absent("/fw-cfg@9020000", NULL);
	TEXT("/chosen", "bootargs", "a=1 b");
	config.firmware.size = 1;
	build();
	TEXT("/flash@4000000", "compatible", "cfi-flash");
	CELLS("/flash@4000000", "reg", 0, 0x4000000, 0, 0x200000);
	CELLS("/flash@4000000", "bank-width", 4);
	absent("/chosen", "bootargs"); /* fw_cfg has them */
	TEXT("/fw-cfg@9020000", "compatible", "qemu,fw-cfg-mmio");
	CELLS("/fw-cfg@9020000", "reg", 0, 0x9020000, 0, 0x18);
}

/* Too little room, by any measure: no tree, and nothing written behind the room. */
static void no_room(void **state)
{
	size_t size = build();

	(void)state;
	for (size_t room = 0; room < size; room += 4) {
		u8 *buf = malloc(room + 8);

		memset(buf, 0x5a, room + 8);
		assert_int_equal(tree_build(buf, room, &request), 0);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(buf[room + i], 0x5a);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(v3, setup),	 cmocka_unit_test_setup(references, setup),
		cmocka_unit_test_setup(v2, setup),	 cmocka_unit_test_setup(chosen, setup),
		cmocka_unit_test_setup(channels, setup), cmocka_unit_test_setup(largest, setup),
		cmocka_unit_test_setup(no_room, setup),	 cmocka_unit_test_setup(flash, setup),
		cmocka_unit_test_setup(devices, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
