// SPDX-License-Identifier: Apache-2.0
// units: lib/fdt.c lib/format.c guest/bundle.c guest/image.c board/tree.c board/tree_device.c
/* The bundle: one with everything; every bad one of tests/bundles/bad with the error that its first
 * line expects; limits that a file would be long for; and bytes changed at random. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dtc.h"
#include "guest/bundle.h"

#define BAD "tests/bundles/bad"
#define BAD_MIN 24 /* kinds that there must be */

static struct fdt tree; /* the board's */
static struct board machine;

static const struct bundle_limits limits = {
	.pcpus = 4,
	.memory = 0x3fe00000,
	.gicv2 = true,
	.gicv3 = true,
	.tree = &tree,
	.board = &machine,
};

static struct bundle bundle;

static int read_board(void **state)
{
	char *source = dtc_read_file("tests/host/trees/devices.dts");
	struct fdt_error err;
	size_t size;

	(void)state;
	assert_true(fdt_open(&tree, dtc_compile(source, &size), SIZE_MAX, &err));
	assert_true(board_read(&machine, &tree, &err));
	free(source);
	return 0;
}

static int forget_board(void **state)
{
	(void)state;
	free((void *)(uintptr_t)tree.blob);
	return 0;
}

static bool open_source(const char *source, const struct bundle_limits *with, void **blob,
			struct fdt_error *err)
{
	size_t size;

	*blob = dtc_compile(source, &size);
	*err = (struct fdt_error){""};
	return bundle_open(&bundle, *blob, size, with, err);
}

static void everything(void **state)
{
	char *source = dtc_read_file("tests/host/trees/bundle.dts");
	struct channel_config channel;
	const u8 *lines;
	u32 length;
	struct grant_config grant;
	struct guest_config guest;
	struct device device;
	struct fdt_error err;
	void *blob;

	(void)state;
	if (!open_source(source, &limits, &blob, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bundle.guest_count, 3);
	assert_int_equal(bundle.channel_count, 1);
	assert_true(bundle.shutdown_when_done);

	bundle_guest(&bundle, 0, &guest);
	assert_string_equal(guest.name, "ping");
	assert_int_equal(guest.memory_size, 0x200000);
	assert_int_equal(guest.cpus, 8);
	assert_int_equal(guest.kernel.size, 5);
	assert_memory_equal(guest.kernel.data, "\0\0\0\x14\1", 5);
	assert_int_equal(guest.firmware.size, 0);
	assert_int_equal(guest.initrd.size, 3);
	assert_memory_equal(guest.initrd.data, "\xaa\xbb\xcc", 3);
	assert_string_equal(guest.bootargs, "rounds=3");
	assert_int_equal(guest.weight, 10000);
	assert_int_equal(guest.affinity, 0x9);
	assert_int_equal(guest.on_crash, ON_CRASH_SHUTDOWN);
	assert_int_equal(guest.console, GUEST_CONSOLE_NONE);
	assert_true(guest.focus);
	assert_true(guest.populate);
	assert_true(guest.watchdog);
	assert_int_equal(guest.commands, 0x4a); /* bits 1, 3, 6 */
	assert_int_equal(guest.gic_version, 2);

	bundle_guest(&bundle, 1, &guest);
	assert_string_equal(guest.name, "pong");
	assert_int_equal(guest.cpus, 1);
	assert_int_equal(guest.initrd.size, 0);
	assert_string_equal(guest.bootargs, "");
	assert_int_equal(guest.weight, 100);
	assert_int_equal(guest.affinity, 0xffffffff);
	assert_int_equal(guest.on_crash, ON_CRASH_RESTART);
	assert_int_equal(guest.console, GUEST_CONSOLE_LINES);
	assert_false(guest.focus);
	assert_false(guest.populate);
	assert_false(guest.watchdog);
	assert_int_equal(guest.commands, 0);
	assert_int_equal(guest.gic_version, 3);

	bundle_guest(&bundle, 2, &guest);
	assert_string_equal(guest.name, "A.b-c_9");
	assert_int_equal(guest.kernel.size, 0);
	assert_int_equal(guest.firmware.size, 5);
	assert_memory_equal(guest.firmware.data, "\0\0\0\x14\2", 5);
	assert_int_equal(guest.on_crash, ON_CRASH_STOP);
	assert_int_equal(guest.gic_version, 0);

	assert_true(bundle_script(&bundle, "start", &lines, &length));
	assert_int_equal(length, 23);
	assert_memory_equal(lines, "message hello\0shutdown", 23);
	assert_true(bundle_script(&bundle, "other", &lines, &length));
	assert_int_equal(length, 5);
	assert_false(bundle_script(&bundle, "others", &lines, &length));
	assert_false(bundle_script(&bundle, "model", &lines, &length));

	bundle_channel(&bundle, 0, &channel);
	assert_string_equal(channel.name, "rally");
	assert_int_equal(channel.ends[0], 1);
	assert_int_equal(channel.ends[1], 0);
	assert_int_equal(channel.size, 0x3000);

	assert_int_equal(bundle.grant_count, 2);
	bundle_grant(&bundle, 0, &grant, &device);
	assert_int_equal(grant.guest, 1);
	assert_string_equal(grant.path, "pins");
	assert_false(grant.accept_neighbours || grant.allow_dma);
	assert_int_equal(device.regs[0].base, 0x9030000);
	bundle_grant(&bundle, 1, &grant, &device);
	assert_int_equal(grant.guest, 1);
	assert_true(grant.accept_neighbours && grant.allow_dma);
	assert_int_equal(device.regs[0].base, 0xa000200);
	assert_int_equal(device.irqs[0].intid, 49);
	free(blob);
	free(source);
}

static void expect_bad(const char *file)
{
	static const char head[] = "// expect: ";
	char path[300], *source, *expected;
	struct fdt_error err;
	void *blob;

	snprintf(path, sizeof(path), "%s/%s", BAD, file);
	source = dtc_read_file(path);
	assert_memory_equal(source, head, sizeof(head) - 1);
	expected = strndup(source + sizeof(head) - 1, strcspn(source + sizeof(head) - 1, "\n"));
	if (open_source(source, &limits, &blob, &err))
		fail_msg("%s: accepted", file);
	if (strlen(expected) < 8 || strncmp(err.text, expected, strlen(expected)) != 0)
		fail_msg("%s: expected \"%s\" but got \"%s\"", file, expected, err.text);
	free(blob);
	free(expected);
	free(source);
}

static void bad_ones(void **state)
{
	DIR *dir = opendir(BAD);
	struct dirent *entry;
	unsigned count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *end = strrchr(entry->d_name, '.');

		if (!end || strcmp(end, ".dts") != 0)
			continue;
		expect_bad(entry->d_name);
		count++;
	}
	closedir(dir);
	assert_true(count >= BAD_MIN);
}

/* The good bundle with one replacement, and other limits. */
static void refuse(const char *from, const char *to, const struct bundle_limits *with,
		   const char *error)
{
	char *source = dtc_read_file("tests/host/trees/bundle.dts");
	char *changed = dtc_replace(source, from, to);
	struct fdt_error err;
	void *blob;

	assert_false(open_source(changed, with, &blob, &err));
	assert_string_equal(err.text, error);
	free(blob);
	free(changed);
	free(source);
}

static void by_machine(void **state)
{
	struct bundle_limits small = limits;

	(void)state;
	small.memory = 0x603fff; /* guests: 0x601000, the channel: 0x3000 */
	refuse("", "", &small,
	       "/channels/rally: size: 0x3000 is more than there is: 0x2fff bytes are left");
	small.memory = 0x600fff;
	refuse("", "", &small,
	       "/guests/A.b-c_9: firmware: 0x201000 is more than there is: 0x200fff bytes are left");
	small.memory = 0x3fffff;
	refuse("", "", &small,
	       "/guests/A.b-c_9: memory-size: 0x100000 is more than there is: 0xfffff bytes are left");
	small = limits;
	small.pcpus = 3;
	refuse("", "", &small, "/guests/ping: affinity: CPU 3: this machine has 0 to 2");
	small = limits;
	small.gicv2 = false;
	refuse("", "", &small,
	       "/guests/ping: gic-version: 2: this machine can't give a guest a GICv2");
	small = limits;
	small.gicv3 = false;
	refuse("", "", &small,
	       "/guests/pong@2: gic-version: 3: this machine can't give a guest a GICv3");
}

/* A bundle of `guests` guests g0.., and `channels` channels between the first two. */
static char *many(unsigned guests, unsigned channels)
{
	char *source = malloc(400 + 200 * (guests + channels)), *at = source;

	at += sprintf(at, "/dts-v1/; / { compatible = \"skerry,bundle-v1\"; guests {\n");
	for (unsigned i = 0; i < guests; i++)
		at += sprintf(at,
			      "g%u { compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
			      "kernel = [00 00 00 14]; };\n",
			      i);
	at += sprintf(at, "}; channels {\n");
	for (unsigned i = 0; i < channels; i++)
		at += sprintf(at,
			      "c%u { compatible = \"skerry,channel\"; size = <0x1000>;"
			      "ends = \"g%u\", \"g%u\"; };\n",
			      i, i / 16 * 2, i / 16 * 2 + 1);
	sprintf(at, "}; };\n");
	return source;
}

/* Each channel is counted: there is room for two guests and the first channel. */
static void channels_add_up(void **state)
{
	struct bundle_limits small = limits;
	char *source = many(2, 2);
	struct fdt_error err;
	void *blob;

	(void)state;
	small.memory = 0x201fff;
	assert_false(open_source(source, &small, &blob, &err));
	assert_string_equal(err.text, "/channels/c1: size: 0x1000 is more than there is: 0xfff"
				      " bytes are left");
	free(blob);
	free(source);
}

static void odd_nodes(void **state)
{
	(void)state;
	refuse("shutdown-when-done;", "a { };", &limits,
	       "/chosen/a: unknown node: expected none below /chosen or /scripts");
	refuse("rally {", "r,lly {", &limits,
	       "/channels/r,lly: ',' in a name: expected letters, digits, '-', '_', '.'");
	refuse("memory-size = <0x0 0x200000>;", "memory-size = <0x0 0x200000>; bad = \"x\";",
	       &limits, "/guests/ping: bad: unknown property");
	refuse("affinity = <0 3>", "affinity = [00 00 00]", &limits,
	       "/guests/ping: affinity: 3 bytes: expected one cell for each CPU");
	refuse("compatible = \"skerry,bundle-v1\";", "", &limits,
	       "/: compatible: missing: expected \"skerry,bundle-v1\"");
	refuse("size = <0x3000>", "size = <0x200000>", &limits,
	       "/channels/rally: size: 0x200000: expected a multiple of 4096 up to 0x100000");
}

static void as_many_as_there_can_be(void **state)
{
	struct channel_config channel;
	struct guest_config guest;
	struct fdt_error err;
	char *source = many(512, 64), name[8];
	void *blob;

	(void)state;
	if (!open_source(source, &limits, &blob, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bundle.guest_count, 512);
	for (u32 i = 0; i < 512; i++) {
		bundle_guest(&bundle, i, &guest);
		snprintf(name, sizeof(name), "g%u", i);
		assert_string_equal(guest.name, name);
	}
	bundle_channel(&bundle, 63, &channel);
	assert_int_equal(channel.ends[0], 6);
	assert_int_equal(channel.ends[1], 7);
	free(blob);
	free(source);
}

static void more_than_there_can_be(void **state)
{
	static const struct {
		unsigned guests, channels;
		const char *error;
	} cases[] = {
		{513, 0, "/guests/g512: more than 512 guests"},
		{16, 65, "/channels/c64: more than 64 channels"},
	};
	struct fdt_error err;
	char *source, *changed;
	void *blob;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		source = many(cases[i].guests, cases[i].channels);
		assert_false(open_source(source, &limits, &blob, &err));
		assert_string_equal(err.text, cases[i].error);
		free(blob);
		free(source);
	}
	source = many(4, 17);
	changed = dtc_replace(source, "\"g2\", \"g3\"", "\"g2\", \"g1\"");
	assert_false(open_source(changed, &limits, &blob, &err));
	assert_string_equal(err.text, "/channels/c16: ends: a guest has at most 16 channels");
	free(blob);
	free(changed);
	free(source);
}

/* 64 MiB of firmware are as much as there is room for below the flash. */
static void large_firmware(void **state)
{
	static const struct {
		unsigned size;
		const char *error;
	} cases[] = {
		{0x4000000, ""},
		{0x4000001, "/guests/A.b-c_9: firmware: 0x4000001 bytes: expected at most"
			    " 0x4000000 (64 MiB)"},
	};
	char *source = dtc_read_file("tests/host/trees/bundle.dts"), *changed;
	char path[] = "/tmp/firmware-XXXXXX", property[64];
	int file = mkstemp(path);
	struct fdt_error err;
	void *blob;

	(void)state;
	assert_true(file >= 0);
	snprintf(property, sizeof(property), "firmware = /incbin/(\"%s\")", path);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(file, cases[i].size), 0);
		changed = dtc_replace(source, "firmware = [00 00 00 14 02]", property);
		assert_int_equal(open_source(changed, &limits, &blob, &err), !cases[i].error[0]);
		assert_string_equal(err.text, cases[i].error);
		free(blob);
		free(changed);
	}
	unlink(path);
	close(file);
	free(source);
}

static void long_bootargs(void **state)
{
	char args[800] = "\"", *source = dtc_read_file("tests/host/trees/bundle.dts"), *changed;
	struct fdt_error err;
	void *blob;

	(void)state;
	memset(args + 1, 'x', 767);
	strcpy(args + 768, "\"");
	changed = dtc_replace(source, "\"rounds=3\"", args);
	assert_true(open_source(changed, &limits, &blob, &err));
	free(blob);
	free(changed);
	free(source);
	strcpy(args + 768, "x\"");
	refuse("\"rounds=3\"", args, &limits,
	       "/guests/ping: bootargs: 768 characters: expected at most 767");
}

/* A guest `a` with these devices, and perhaps another. */
static void refuse_devices(const char *devices, const struct bundle_limits *with, const char *error)
{
	static const char head[] = "/dts-v1/; / { compatible = \"skerry,bundle-v1\"; guests { a {"
				   "compatible = \"skerry,guest\"; memory-size = <0 0x100000>;"
				   "kernel = [00 00 00 14]; devices {";
	char source[2048];
	struct fdt_error err;
	void *blob;

	snprintf(source, sizeof(source), "%s %s }; }; }; };", head, devices);
	if (open_source(source, with, &blob, &err))
		fail_msg("accepted: %s", devices);
	assert_string_equal(err.text, error);
	free(blob);
}

#define D(name, path) name " { device = \"" path "\"; }; "
#define VIRTIO(name, at) \
	name " { device = \"/virtio_mmio@" at "\"; accept-neighbours; allow-dma; }; "

static void devices(void **state)
{
	struct bundle_limits other = limits;

	(void)state;
	refuse_devices("d { };", &limits,
		       "/guests/a/devices/d: device: missing: expected a path or"
		       " alias in the board's tree");
	refuse_devices("d { device = <1>; };", &limits,
		       "/guests/a/devices/d: device: expected one string that ends with a NUL");
	refuse_devices("d { device = \"pins\"; x; };", &limits,
		       "/guests/a/devices/d: x: unknown property");
	refuse_devices("d { device = \"pins\"; allow-dma = <1>; };", &limits,
		       "/guests/a/devices/d: allow-dma: 4 bytes: expected no value");
	refuse_devices("x;", &limits, "/guests/a/devices: x: unknown property");
	refuse_devices("d { e { }; };", &limits,
		       "/guests/a/devices/d/e: unknown node: expected none below a device");
	refuse_devices(D("d", "/unknown@b007000"), &limits,
		       "/guests/a/devices/d: device: it may access memory by itself (it isn't known"
		       " not to): expected allow-dma");
	refuse_devices(
		D("d", "/bus@c000000/wide@7e000f00"), &limits,
		"/guests/a/devices/d: device: page 0xc002000 holds /bus@c000000/near@7e002ffc"
		" as well: expected accept-neighbours");
	refuse_devices(
		D("d", "/off@b000000"), &limits,
		"/guests/a/devices/d: device: \"/off@b000000\": it is disabled in the board's"
		" tree");
	refuse_devices(
		D("d", "pins") D("e", "/pl061@9030000"), &limits,
		"/guests/a/devices/e: device: \"/pl061@9030000\" is granted already: a device"
		" has one guest");
	refuse_devices(D("d", "pins") D("e", "/same-line@b005000"), &limits,
		       "/guests/a/devices/e: device: its interrupt 39 is another granted device's"
		       " too");
	refuse_devices(
		D("d", "/line-of-uart@b006000"), &limits,
		"/guests/a/devices/d: device: on a page of it is the interrupt of Skerry's own"
		" serial line: never a guest's");
	refuse_devices(D("d", "/pl031@9010000") D("e", "pins") VIRTIO("f", "a000000") VIRTIO(
			       "g", "a000200") "h { device = \"/unknown@b007000\"; allow-dma; };",
		       &limits,
		       "/guests/a/devices/h: device: a guest has at most 4 devices and 16"
		       " interrupts");
	other.tree = NULL;
	refuse_devices(D("d", "pins"), &other,
		       "/guests/a/devices/d: device: there is no tree of the board to find it in");
}

/* What a bundle that was accepted says must hold, whatever bytes it is made of. */
static void check_accepted(void)
{
	struct channel_config channel;
	struct guest_config guest;
	u64 memory = 0;

	for (u32 i = 0; i < bundle.guest_count; i++) {
		bundle_guest(&bundle, i, &guest);
		memory += guest.memory_size;
		assert_in_range(strlen(guest.name), 1, 31);
		assert_in_range(guest.cpus, 1, 8);
		assert_in_range(guest.weight, 1, 10000);
		assert_true(guest.memory_size % 4096 == 0 && guest.memory_size >= 65536);
		assert_true((guest.kernel.size > 0 || guest.firmware.size > 0) &&
			    strlen(guest.bootargs) < 768);
		assert_true(guest.affinity == UINT32_MAX || guest.affinity < 16);
	}
	for (u32 i = 0; i < bundle.channel_count; i++) {
		bundle_channel(&bundle, i, &channel);
		memory += channel.size;
		assert_true(channel.ends[0] < bundle.guest_count &&
			    channel.ends[1] < bundle.guest_count &&
			    channel.ends[0] != channel.ends[1]);
	}
	for (u32 i = 0; i < bundle.grant_count; i++) {
		struct grant_config grant;
		struct device device;

		bundle_grant(&bundle, i, &grant, &device);
		assert_true(grant.guest < bundle.guest_count);
		assert_in_range(device.reg_count, 1, 4);
		assert_true((grant.allow_dma || !device.dma) &&
			    (grant.accept_neighbours || device.neighbour < 0));
		assert_null(device_of_el2(&machine, &device));
	}
	assert_true(memory <= limits.memory);
}

static void mutated(void **state)
{
	char *source = dtc_read_file("tests/host/trees/bundle.dts");
	unsigned long seed = 0xb0a710adb0a710ad;
	unsigned accepted = 0, refusals = 0;
	size_t size;
	void *blob = dtc_compile(source, &size), *copy = malloc(size);

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		struct fdt_error err = {""};

		memcpy(copy, blob, size);
		dtc_mutate(copy, size, &seed);
		if (bundle_open(&bundle, copy, size, &limits, &err)) {
			accepted++;
			check_accepted();
		} else {
			refusals++;
			assert_int_not_equal(err.text[0], '\0');
		}
	}
	assert_true(accepted > 500 && refusals > 500);
	free(copy);
	free(blob);
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(bad_ones),
		cmocka_unit_test(by_machine),
		cmocka_unit_test(channels_add_up),
		cmocka_unit_test(odd_nodes),
		cmocka_unit_test(as_many_as_there_can_be),
		cmocka_unit_test(more_than_there_can_be),
		cmocka_unit_test(large_firmware),
		cmocka_unit_test(long_bootargs),
		cmocka_unit_test(devices),
		cmocka_unit_test(mutated),
	};

	return cmocka_run_group_tests(tests, read_board, forget_board);
}
