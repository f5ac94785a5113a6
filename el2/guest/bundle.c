// SPDX-License-Identifier: Apache-2.0
/*
 * The bundle, read and checked as a whole. Runs at EL2, before any guest is there: pure data in,
 * pure data out. First one walk over the tree that accepts only the nodes of the binding and notes
 * where guests and channels are; then each guest and each channel by itself, held against what the
 * machine has and against those before it. The bytes of kernels are looked at by guest/image.c
 * alone, and only where its formats keep their headers. Follows dts/skerry,bundle.yaml.
 */
#include <libfdt.h>

#include "guest/bundle.h"
#include "arch/pcpu.h"
#include "guest/image.h"
#include "guest/tree.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vdev/vflash.h"

#define MEMORY_MIN (64 * KIB)
#define CHANNEL_SIZE_MAX MIB
#define BOOTARGS_MAX 768 /* with the NUL; so that the largest tree fits in TREE_ROOM_MAX */
#define WEIGHT_MAX 10000
#define WEIGHT_DEFAULT 100
#define RESTARTS_MAX 1000
#define RESTART_PERIOD_MAX 86400 /* s: a day */

/* What is being read, and what the guests before have used up. */
struct checker {
	const struct bundle *bundle;
	struct bundle *fill;		    /* the same while it is being opened; NULL later */
	const struct bundle_limits *limits; /* NULL: read again what was accepted */
	struct fdt_error *err;
	u64 memory; /* bytes that guests and channels so far want */
	int focus;  /* the node that has the keyboard; -1: none yet */
};

/* Which of the properties that must be there have been. */
struct seen {
	bool compatible, memory_size, ends, size, device;
};

/* "PATH: PROPERTY: …" for the property where the walk is. */
#define FAIL(c, walk, ...) \
	fdt_fail(&(c)->bundle->fdt, (walk)->node, (walk)->name, (c)->err, __VA_ARGS__)

/* --- Names ------------------------------------------------------------------------------------ */

/* A node's name up to its unit address, which only keeps twins of dtc's apart. */
static u32 name_length(const char *name)
{
	u32 length = 0;

	while (name[length] && name[length] != '@')
		length++;
	return length;
}

static u32 hash_name(const char *name, u32 length)
{
	u32 hash = 0x811c9dc5;

	for (u32 i = 0; i < length; i++)
		hash = (hash ^ (u8)name[i]) * 0x01000193;
	return hash ^ hash >> 15;
}

static const char *node_name(const struct bundle *bundle, int node)
{
	return (const char *)bundle->fdt.structure + node + 4; /* behind its token */
}

/* The place in `names` of this name, or the free one where it belongs: there always is one. */
static u32 find_name(const struct bundle *bundle, const char *name, u32 length)
{
	u32 at = hash_name(name, length) % ARRAY_SIZE(bundle->names);

	for (; bundle->names[at]; at = (at + 1) % ARRAY_SIZE(bundle->names)) {
		const char *other = node_name(bundle, bundle->guests[bundle->names[at] - 1]);

		if (name_length(other) == length && strncmp(other, name, length) == 0)
			break;
	}
	return at;
}

bool bundle_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool check_name(struct checker *c, int node, const char *name)
{
	u32 length = name_length(name);

	if (length == 0 || length > GUEST_NAME_MAX)
		return fdt_fail(&c->bundle->fdt, node, NULL, c->err,
				"name of %u characters: expected 1 to %d", length, GUEST_NAME_MAX);
	for (u32 i = 0; i < length; i++)
		if (!bundle_name_char(name[i]))
			return fdt_fail(&c->bundle->fdt, node, NULL, c->err,
					"'%c' in a name: expected letters, digits, '-', '_', '.'",
					name[i]);
	return true;
}

/* --- A guest ---------------------------------------------------------------------------------- */

/* `text` in a list of words; its place there. */
static bool look_up_word(struct checker *c, const struct fdt_walk *walk, const char *text,
			 const char (*words)[12], u32 count, u32 *value)
{
	char list[96] = "";
	size_t used = 0;

	for (*value = 0; *value < count; ++*value)
		if (strcmp(text, words[*value]) == 0)
			return true;
	for (u32 i = 0; i < count; i++)
		used += format(list + used, sizeof(list) - used, "%s\"%s\"",
			       i == 0	      ? "" :
			       i == count - 1 ? " or " :
						", ",
			       words[i]);
	return FAIL(c, walk, "\"%.20s\": expected %s", text, list);
}

static bool read_word(struct checker *c, const struct fdt_walk *walk, const char (*words)[12],
		      u32 count, u32 *value)
{
	const char *text;

	return fdt_value_string(walk, &text, c->err) &&
	       look_up_word(c, walk, text, words, count, value);
}

/* Classes of commands: class n is word n - 1, since none stands for the operator's own. */
static bool read_commands(struct checker *c, const struct fdt_walk *walk, u8 *commands)
{
	static const char words[COMMAND_CLASSES - 1][12] = {"query", "operate", "inspect",
							    "set",   "message", "shutdown"};
	const char *text;
	u32 at = 0, word;

	while ((text = fdt_next_string(walk->value, walk->length, &at))) {
		if (!look_up_word(c, walk, text, words, ARRAY_SIZE(words), &word))
			return false;
		*commands |= (u8)BIT(word + 1);
	}
	return (at == walk->length && walk->length) ||
	       FAIL(c, walk, "expected the names of classes of commands");
}

static bool read_number(struct checker *c, const struct fdt_walk *walk, u32 low, u32 high,
			u32 *value)
{
	if (!fdt_value_u32(walk, value, c->err))
		return false;
	if (*value < low || *value > high)
		return FAIL(c, walk, "%u: expected %u to %u", *value, low, high);
	return true;
}

static bool read_bytes(struct checker *c, const struct fdt_walk *walk, struct bundle_bytes *bytes)
{
	if (walk->length == 0)
		return FAIL(c, walk, "empty: expected the bytes of a file");
	*bytes = (struct bundle_bytes){walk->value, walk->length};
	return true;
}

static bool read_empty(struct checker *c, const struct fdt_walk *walk, bool *value)
{
	*value = true;
	return walk->length == 0 || FAIL(c, walk, "%u bytes: expected no value", walk->length);
}

/* Counts memory that the guest or channel is to have. */
static bool use_memory(struct checker *c, const struct fdt_walk *walk, u64 size)
{
	u64 left = c->limits->memory - c->memory;

	if (size > left)
		return FAIL(c, walk, "0x%lx is more than there is: 0x%lx bytes are left", size,
			    left);
	c->memory += size;
	return true;
}

static bool read_memory_size(struct checker *c, const struct fdt_walk *walk, u64 *size)
{
	if (!fdt_value_u64(walk, size, c->err))
		return false;
	if (!c->limits)
		return true;
	if (*size % PAGE_SIZE)
		return FAIL(c, walk, "0x%lx is no multiple of 4096", *size);
	if (*size < MEMORY_MIN)
		return FAIL(c, walk, "0x%lx: expected at least 0x10000 (64 KiB)", *size);
	return use_memory(c, walk, *size);
}

static bool read_firmware(struct checker *c, const struct fdt_walk *walk,
			  struct bundle_bytes *bytes)
{
	if (!read_bytes(c, walk, bytes))
		return false;
	if (bytes->size > SKERRY_ROM_MAX)
		return FAIL(c, walk, "0x%lx bytes: expected at most 0x%x (64 MiB)", bytes->size,
			    SKERRY_ROM_MAX);
	return !c->limits || use_memory(c, walk, ALIGN_UP(bytes->size, PAGE_SIZE) + VFLASH_SIZE);
}

static bool read_affinity(struct checker *c, const struct fdt_walk *walk, u32 *mask)
{
	u32 cpus = c->limits ? c->limits->pcpus : PCPUS_MAX;

	if (walk->length == 0 || walk->length % 4)
		return FAIL(c, walk, "%u bytes: expected one cell for each CPU", walk->length);
	*mask = 0;
	for (u32 at = 0; at < walk->length; at += 4) {
		u32 cpu = (u32)fdt_cells(walk->value + at, 1);

		if (cpu >= cpus)
			return FAIL(c, walk, "CPU %u: this machine has 0 to %u", cpu, cpus - 1);
		*mask |= (u32)BIT(cpu);
	}
	return true;
}

static bool read_gic_version(struct checker *c, const struct fdt_walk *walk, u32 *version)
{
	if (!read_number(c, walk, 2, 3, version))
		return false;
	if (c->limits && !(*version == 2 ? c->limits->gicv2 : c->limits->gicv3))
		return FAIL(c, walk, "%u: this machine can't give a guest a GICv%u", *version,
			    *version);
	return true;
}

static bool read_focus(struct checker *c, const struct fdt_walk *walk, bool *focus)
{
	if (!read_empty(c, walk, focus))
		return false;
	if (c->focus >= 0)
		return FAIL(c, walk, "guest %.31s has it already", node_name(c->bundle, c->focus));
	c->focus = walk->node;
	return true;
}

static bool read_bootargs(struct checker *c, const struct fdt_walk *walk, const char **bootargs)
{
	if (!fdt_value_string(walk, bootargs, c->err))
		return false;
	if (walk->length > BOOTARGS_MAX)
		return FAIL(c, walk, "%u characters: expected at most %u", walk->length - 1,
			    BOOTARGS_MAX - 1);
	return true;
}

static bool read_compatible(struct checker *c, const struct fdt_walk *walk, const char *expected,
			    bool *seen)
{
	const char *text;

	if (!fdt_value_string(walk, &text, c->err))
		return false;
	*seen = true;
	return strcmp(text, expected) == 0 ||
	       FAIL(c, walk, "\"%.40s\": expected \"%s\"", text, expected);
}

static bool is(const struct fdt_walk *walk, const char *name)
{
	return walk->name[0] == name[0] && strcmp(walk->name, name) == 0;
}

/* What dtc puts into any node for its own ends, and what bundles may hold for their reader. */
static bool is_ignored(const struct fdt_walk *walk)
{
	return is(walk, "phandle") || is(walk, "#address-cells") || is(walk, "#size-cells");
}

static const char crash_words[][12] = {"stop", "restart", "destroy", "shutdown"};

const char *bundle_crash_word(unsigned on_crash)
{
	return on_crash < ARRAY_SIZE(crash_words) ? crash_words[on_crash] : NULL;
}

static bool read_restart_limit(struct checker *c, const struct fdt_walk *walk,
			       struct guest_config *config)
{
	if (walk->length != 8)
		return FAIL(c, walk, "%u bytes: expected two cells, restarts and seconds",
			    walk->length);
	config->restart_limit = (u32)fdt_cells(walk->value, 1);
	config->restart_period = (u32)fdt_cells(walk->value + 4, 1);
	if (config->restart_limit < 1 || config->restart_limit > RESTARTS_MAX)
		return FAIL(c, walk, "%u restarts: expected 1 to %u", config->restart_limit,
			    RESTARTS_MAX);
	if (config->restart_period < 1 || config->restart_period > RESTART_PERIOD_MAX)
		return FAIL(c, walk, "%u seconds: expected 1 to %u", config->restart_period,
			    RESTART_PERIOD_MAX);
	return true;
}

static bool read_policy(struct checker *c, const struct fdt_walk *walk, struct guest_config *config)
{
	static const char console_words[][12] = {"lines", "none", "raw"};
	u32 word;

	if (is(walk, "on-crash")) {
		if (!read_word(c, walk, crash_words, ARRAY_SIZE(crash_words), &word))
			return false;
		config->on_crash = (enum on_crash)word;
		return true;
	}
	if (is(walk, "restart-limit"))
		return read_restart_limit(c, walk, config);
	if (is(walk, "console")) {
		if (!read_word(c, walk, console_words, ARRAY_SIZE(console_words), &word))
			return false;
		config->console = (enum guest_console)word;
		return true;
	}
	if (is(walk, "commands"))
		return read_commands(c, walk, &config->commands);
	if (is(walk, "focus"))
		return read_focus(c, walk, &config->focus);
	if (is(walk, "populate"))
		return read_empty(c, walk, &config->populate);
	if (is(walk, "watchdog"))
		return read_empty(c, walk, &config->watchdog);
	if (is(walk, "weight"))
		return read_number(c, walk, 1, WEIGHT_MAX, &config->weight);
	if (is(walk, "affinity"))
		return read_affinity(c, walk, &config->affinity);
	return is_ignored(walk) || FAIL(c, walk, "unknown property");
}

static bool read_guest_property(struct checker *c, const struct fdt_walk *walk,
				struct guest_config *config, struct seen *seen)
{
	if (is(walk, "compatible"))
		return read_compatible(c, walk, "skerry,guest", &seen->compatible);
	if (is(walk, "memory-size")) {
		seen->memory_size = true;
		return read_memory_size(c, walk, &config->memory_size);
	}
	if (is(walk, "cpus"))
		return read_number(c, walk, 1, SKERRY_VCPUS_MAX, &config->cpus);
	if (is(walk, "kernel"))
		return read_bytes(c, walk, &config->kernel);
	if (is(walk, "firmware"))
		return read_firmware(c, walk, &config->firmware);
	if (is(walk, "initrd"))
		return read_bytes(c, walk, &config->initrd);
	if (is(walk, "bootargs"))
		return read_bootargs(c, walk, &config->bootargs);
	if (is(walk, "gic-version"))
		return read_gic_version(c, walk, &config->gic_version);
	return read_policy(c, walk, config);
}

static bool missing(struct checker *c, int node, const char *property, const char *expected)
{
	return fdt_fail(&c->bundle->fdt, node, property, c->err, "missing: expected %s", expected);
}

/* A machine starts from its firmware, which may look for a kernel, or from its kernel. */
static bool check_images(struct checker *c, int node, const struct guest_config *config)
{
	if (config->kernel.size || (config->firmware.size && !config->initrd.size))
		return true;
	return missing(c, node, "kernel", "/incbin/ of an Image, ELF or flat binary");
}

/* A guest's own properties, with defaults for what is absent. */
static bool read_guest(struct checker *c, int node, struct guest_config *config)
{
	struct fdt_walk walk = fdt_walk_from(&c->bundle->fdt, node);
	struct seen seen = {false};

	*config = (struct guest_config){.cpus = 1, .bootargs = "", .weight = WEIGHT_DEFAULT};
	config->affinity = UINT32_MAX;
	fdt_walk(&walk);
	memcpy(config->name, walk.name, MIN(name_length(walk.name), (u32)GUEST_NAME_MAX));
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY)
		if (!read_guest_property(c, &walk, config, &seen))
			return false;
	if (!seen.compatible)
		return missing(c, node, "compatible", "\"skerry,guest\"");
	if (!seen.memory_size)
		return missing(c, node, "memory-size", "two cells, bytes");
	if (config->restart_limit && config->on_crash != ON_CRASH_RESTART)
		return fdt_fail(&c->bundle->fdt, node, "restart-limit", c->err,
				"on-crash is not \"restart\"");
	return check_images(c, node, config);
}

static bool check_guest(struct checker *c, u32 index)
{
	const struct bundle *bundle = c->bundle;
	int node = bundle->guests[index];
	const char *name = node_name(bundle, node);
	struct fdt_error inner = {""};
	struct guest_config config;
	struct image_plan plan;
	u32 place;

	if (!check_name(c, node, name))
		return false;
	place = find_name(bundle, name, name_length(name));
	if (bundle->names[place])
		return fdt_fail(&bundle->fdt, node, NULL, c->err, "two guests of one name");
	c->fill->names[place] = (u16)(index + 1);
	if (!read_guest(c, node, &config))
		return false;
	if (!image_plan(&plan, &config, TREE_ROOM_MAX, &inner))
		return fdt_fail(&bundle->fdt, node, NULL, c->err, "%s", inner.text);
	return true;
}

/* --- A channel -------------------------------------------------------------------------------- */

static bool read_end(struct checker *c, const struct fdt_walk *walk, const char *name, u32 *end)
{
	u32 guest = c->bundle->names[find_name(c->bundle, name, (u32)strlen(name))];

	if (!guest)
		return FAIL(c, walk, "\"%.40s\" is no guest of this bundle", name);
	*end = guest - 1;
	return true;
}

static bool read_ends(struct checker *c, const struct fdt_walk *walk, u32 ends[2])
{
	u32 at = 0;
	const char *one = fdt_next_string(walk->value, walk->length, &at);
	const char *other = fdt_next_string(walk->value, walk->length, &at);

	if (!one || !other || at != walk->length)
		return FAIL(c, walk, "expected the names of two guests");
	if (!read_end(c, walk, one, &ends[0]) || !read_end(c, walk, other, &ends[1]))
		return false;
	return ends[0] != ends[1] || FAIL(c, walk, "both are \"%s\"", one);
}

static bool read_channel_size(struct checker *c, const struct fdt_walk *walk, u64 *size)
{
	u32 value;

	if (!fdt_value_u32(walk, &value, c->err))
		return false;
	if (value == 0 || value % PAGE_SIZE || value > CHANNEL_SIZE_MAX)
		return FAIL(c, walk, "0x%x: expected a multiple of 4096 up to 0x100000", value);
	*size = value;
	return true;
}

static bool read_channel(struct checker *c, int node, struct channel_config *config)
{
	struct fdt_walk walk = fdt_walk_from(&c->bundle->fdt, node);
	struct seen seen = {false};
	bool good = true;

	fdt_walk(&walk);
	*config = (struct channel_config){.name = walk.name};
	while (good && fdt_walk(&walk) == FDT_STEP_PROPERTY) {
		if (is(&walk, "compatible")) {
			good = read_compatible(c, &walk, "skerry,channel", &seen.compatible);
		} else if (is(&walk, "ends")) {
			seen.ends = true;
			good = read_ends(c, &walk, config->ends);
		} else if (is(&walk, "size")) {
			seen.size = true;
			good = read_channel_size(c, &walk, &config->size);
		} else {
			good = is_ignored(&walk) || FAIL(c, &walk, "unknown property");
		}
	}
	if (!good)
		return false;
	if (!seen.compatible)
		return missing(c, node, "compatible", "\"skerry,channel\"");
	if (!seen.ends)
		return missing(c, node, "ends", "the names of two guests");
	return seen.size || missing(c, node, "size", "one cell, bytes");
}

static bool check_channels(struct checker *c)
{
	const struct bundle *bundle = c->bundle;
	struct channel_config config;
	u8 used[GUESTS_MAX] = {0}; /* channels of each guest */

	for (u32 i = 0; i < bundle->channel_count; i++) {
		int node = bundle->channels[i];

		if (!check_name(c, node, node_name(bundle, node)) ||
		    !read_channel(c, node, &config))
			return false;
		for (unsigned end = 0; end < 2; end++)
			if (++used[config.ends[end]] > SKERRY_CHANNELS_MAX)
				return fdt_fail(&bundle->fdt, node, "ends", c->err,
						"a guest has at most %d channels",
						SKERRY_CHANNELS_MAX);
		if (config.size > c->limits->memory - c->memory)
			return fdt_fail(&bundle->fdt, node, "size", c->err,
					"0x%lx is more than there is: 0x%lx bytes are left",
					config.size, c->limits->memory - c->memory);
		c->memory += config.size;
	}
	return true;
}

/* --- A device of the board -------------------------------------------------------------------- */

static bool read_grant(struct checker *c, u32 index, struct grant_config *config)
{
	int node = c->bundle->grants[index];
	struct fdt_walk walk = fdt_walk_from(&c->bundle->fdt, node);
	struct seen seen = {false};
	bool good = true;

	*config = (struct grant_config){.guest = c->bundle->grant_guests[index]};
	fdt_walk(&walk);
	while (good && fdt_walk(&walk) == FDT_STEP_PROPERTY) {
		if (is(&walk, "device")) {
			seen.device = true;
			good = fdt_value_string(&walk, &config->path, c->err);
		} else if (is(&walk, "accept-neighbours")) {
			good = read_empty(c, &walk, &config->accept_neighbours);
		} else if (is(&walk, "allow-dma")) {
			good = read_empty(c, &walk, &config->allow_dma);
		} else {
			good = is_ignored(&walk) || FAIL(c, &walk, "unknown property");
		}
	}
	return good &&
	       (seen.device || missing(c, node, "device", "a path or alias in the board's tree"));
}

#define REFUSE(c, node, ...) fdt_fail(&(c)->bundle->fdt, node, "device", (c)->err, __VA_ARGS__)

/* What the bundle may accept, if it says so. */
static bool check_risks(struct checker *c, int node, const struct grant_config *config,
			const struct device *device)
{
	char path[64];

	if (device->neighbour >= 0 && !config->accept_neighbours) {
		if (fdt_get_path(c->limits->tree->blob, device->neighbour, path, sizeof(path)) != 0)
			path[0] = '\0';
		return REFUSE(c, node, "page 0x%lx holds %s as well: expected accept-neighbours",
			      device->neighbour_page, path);
	}
	if (device->dma && !config->allow_dma)
		return REFUSE(c, node, "it may access memory by itself (%s): expected allow-dma",
			      device->dma);
	return true;
}

/* Its interrupts, against those that others before it have: `taken` holds a bit for each INTID. */
static bool check_interrupts(struct checker *c, int node, const struct device *device, u32 *taken)
{
	for (u32 i = 0; i < device->irq_count; i++) {
		u32 intid = device->irqs[i].intid, bit = (u32)BIT(intid % 32);

		if (taken[intid / 32] & bit)
			return REFUSE(c, node, "its interrupt %u is another granted device's too",
				      intid);
		taken[intid / 32] |= bit;
	}
	return true;
}

static bool check_grants(struct checker *c)
{
	const struct bundle *bundle = c->bundle;
	int devices[GRANTS_MAX]; /* nodes in the board's tree */
	u32 taken[1024 / 32] = {0};
	u8 count = 0, irqs = 0; /* of one guest, whose grants stand side by side */

	for (u32 i = 0; i < bundle->grant_count; i++) {
		int node = bundle->grants[i];
		struct grant_config config;
		struct fdt_error why = {""};
		struct device device;
		const char *el2;

		if (!read_grant(c, i, &config))
			return false;
		if (!c->limits->tree || !c->limits->board)
			return REFUSE(c, node, "there is no tree of the board to find it in");
		if (!device_find(c->limits->tree, config.path, &device, &why))
			return REFUSE(c, node, "\"%.60s\": %s", config.path, why.text);
		el2 = device_of_el2(c->limits->board, &device);
		if (el2)
			return REFUSE(c, node, "on a page of it is %s: never a guest's", el2);
		for (u32 k = 0; k < i; k++)
			if (devices[k] == device.node)
				return REFUSE(c, node, "\"%.60s\" is granted already: %s",
					      config.path, "a device has one guest");
		if (!check_risks(c, node, &config, &device) ||
		    !check_interrupts(c, node, &device, taken))
			return false;
		devices[i] = device.node;
		if (i == 0 || bundle->grant_guests[i - 1] != config.guest)
			count = irqs = 0;
		irqs = (u8)(irqs + device.irq_count);
		if (++count > GUEST_GRANTS_MAX || irqs > 16)
			return REFUSE(c, node, "a guest has at most %d devices and 16 interrupts",
				      GUEST_GRANTS_MAX);
	}
	return true;
}

/* --- Scripts ---------------------------------------------------------------------------------- */

static bool check_script(struct checker *c, const struct fdt_walk *walk)
{
	u32 at = 0, lines = 0;
	const char *line;

	if (strlen(walk->name) > GUEST_NAME_MAX)
		return FAIL(c, walk, "name: expected at most %d characters", GUEST_NAME_MAX);
	while ((line = fdt_next_string(walk->value, walk->length, &at))) {
		size_t length = strlen(line);

		if (++lines > SCRIPT_LINES_MAX)
			return FAIL(c, walk, "expected at most %d lines", SCRIPT_LINES_MAX);
		if (length > SCRIPT_LINE_MAX)
			return FAIL(c, walk, "line %u: %lu characters: expected at most %d", lines,
				    length, SCRIPT_LINE_MAX);
		for (size_t i = 0; i < length; i++)
			if (line[i] < ' ' || line[i] > '~')
				return FAIL(c, walk, "line %u: expected printable ASCII", lines);
	}
	return (lines && at == walk->length) || FAIL(c, walk, "expected lines, as strings");
}

bool bundle_script(const struct bundle *bundle, const char *name, const u8 **lines, u32 *length)
{
	struct fdt_walk walk = fdt_walk_from(&bundle->fdt, bundle->scripts);

	if (!bundle->scripts)
		return false;
	fdt_walk(&walk);
	while (fdt_walk(&walk) == FDT_STEP_PROPERTY)
		if (!strcmp(walk.name, name) && !is_ignored(&walk)) {
			*lines = walk.value;
			*length = walk.length;
			return true;
		}
	return false;
}

/* --- The tree --------------------------------------------------------------------------------- */

/* Which part of the bundle the node at depth 2 is. */
enum part { PART_NONE, PART_CHOSEN, PART_GUESTS, PART_CHANNELS, PART_SCRIPTS };

static bool read_root_property(struct checker *c, const struct fdt_walk *walk, bool *compatible)
{
	if (is(walk, "compatible"))
		return read_compatible(c, walk, "skerry,bundle-v1", compatible);
	return is(walk, "model") || is_ignored(walk) || FAIL(c, walk, "unknown property");
}

static bool read_part_property(struct checker *c, const struct fdt_walk *walk, enum part part)
{
	if (part == PART_CHOSEN && is(walk, "shutdown-when-done"))
		return read_empty(c, walk, &c->fill->shutdown_when_done);
	if (part == PART_SCRIPTS && !is_ignored(walk))
		return check_script(c, walk);
	return is_ignored(walk) || FAIL(c, walk, "unknown property");
}

static bool unknown_node(struct checker *c, const struct fdt_walk *walk, const char *expected)
{
	return fdt_fail(&c->bundle->fdt, walk->node, NULL, c->err, "unknown node: expected %s",
			expected);
}

static bool enter_part(struct checker *c, const struct fdt_walk *walk, enum part *part)
{
	if (is(walk, "chosen"))
		*part = PART_CHOSEN;
	else if (is(walk, "guests"))
		*part = PART_GUESTS;
	else if (is(walk, "channels"))
		*part = PART_CHANNELS;
	else if (is(walk, "scripts"))
		*part = PART_SCRIPTS;
	else
		return unknown_node(c, walk, "/chosen, /guests, /channels or /scripts");
	if (*part == PART_SCRIPTS)
		c->fill->scripts = walk->node;
	return true;
}

/* A node below a part: a guest or a channel. */
static bool enter_member(struct checker *c, const struct fdt_walk *walk, enum part part)
{
	struct bundle *bundle = c->fill;

	if (part == PART_GUESTS) {
		if (bundle->guest_count == GUESTS_MAX)
			return fdt_fail(&bundle->fdt, walk->node, NULL, c->err,
					"more than %d guests", GUESTS_MAX);
		bundle->guests[bundle->guest_count++] = walk->node;
	} else if (part == PART_CHANNELS) {
		if (bundle->channel_count == CHANNELS_MAX)
			return fdt_fail(&bundle->fdt, walk->node, NULL, c->err,
					"more than %d channels", CHANNELS_MAX);
		bundle->channels[bundle->channel_count++] = walk->node;
	} else {
		return unknown_node(c, walk, "none below /chosen or /scripts");
	}
	return true;
}

/* A device of the guest found last. */
static bool enter_grant(struct checker *c, const struct fdt_walk *walk)
{
	struct bundle *bundle = c->fill;

	if (bundle->grant_count == GRANTS_MAX)
		return fdt_fail(&bundle->fdt, walk->node, NULL, c->err,
				"more than %d devices in all", GRANTS_MAX);
	bundle->grant_guests[bundle->grant_count] = (u16)(bundle->guest_count - 1);
	bundle->grants[bundle->grant_count++] = walk->node;
	return true;
}

static bool enter_node(struct checker *c, const struct fdt_walk *walk, enum part *part)
{
	if (walk->depth == 1)
		return true;
	if (walk->depth == 2)
		return enter_part(c, walk, part);
	if (walk->depth == 3)
		return enter_member(c, walk, *part);
	if (*part != PART_GUESTS)
		return unknown_node(c, walk, "none below a channel");
	if (walk->depth == 4)
		return is(walk, "devices") || unknown_node(c, walk, "devices");
	if (walk->depth == 5)
		return enter_grant(c, walk);
	return unknown_node(c, walk, "none below a device");
}

/* The walk that finds guests and channels; their properties are left for later. */
static bool find_nodes(struct checker *c)
{
	struct fdt_walk walk = fdt_walk_from(&c->bundle->fdt, 0);
	enum part part = PART_NONE;
	bool compatible = false, good = true;

	while (good) {
		enum fdt_step step = fdt_walk(&walk);

		if (step == FDT_STEP_BAD)
			return fdt_walk_fail(&walk, c->err);
		/* Before all others: of a tree that is no bundle, no other error makes sense. */
		if (!compatible &&
		    (step == FDT_STEP_END || (step == FDT_STEP_NODE && walk.depth > 1)))
			return missing(c, 0, "compatible", "\"skerry,bundle-v1\"");
		if (step == FDT_STEP_END)
			return true;
		if (step == FDT_STEP_NODE)
			good = enter_node(c, &walk, &part);
		else if (step == FDT_STEP_PROPERTY && walk.depth == 1)
			good = read_root_property(c, &walk, &compatible);
		else if (step == FDT_STEP_PROPERTY && walk.depth == 2)
			good = read_part_property(c, &walk, part);
		else if (step == FDT_STEP_PROPERTY && walk.depth == 4)
			good = is_ignored(&walk) || FAIL(c, &walk, "unknown property");
	}
	return false;
}

bool bundle_open(struct bundle *bundle, const void *blob, size_t max,
		 const struct bundle_limits *limits, struct fdt_error *err)
{
	struct checker c = {.bundle = bundle,
			    .fill = bundle,
			    .limits = limits,
			    .err = err,
			    .focus = -1};

	memset(bundle, 0, sizeof(*bundle));
	bundle->board_tree = limits->tree;
	if (!fdt_open(&bundle->fdt, blob, max, err) || !find_nodes(&c))
		return false;
	if (!bundle->guest_count)
		return fdt_fail(&bundle->fdt, 0, NULL, err,
				"no guests: expected at least one node below /guests");
	for (u32 i = 0; i < bundle->guest_count; i++)
		if (!check_guest(&c, i))
			return false;
	return check_channels(&c) && check_grants(&c);
}

int bundle_find(const struct bundle *bundle, const char *name)
{
	return (int)bundle->names[find_name(bundle, name, (u32)strlen(name))] - 1;
}

void bundle_guest(const struct bundle *bundle, u32 index, struct guest_config *config)
{
	struct fdt_error none = {""};
	struct checker c = {.bundle = bundle, .err = &none, .focus = -1};

	(void)read_guest(&c, bundle->guests[index], config);
}

void bundle_channel(const struct bundle *bundle, u32 index, struct channel_config *config)
{
	struct fdt_error none = {""};
	struct checker c = {.bundle = bundle, .err = &none};

	(void)read_channel(&c, bundle->channels[index], config);
}

void bundle_grant(const struct bundle *bundle, u32 index, struct grant_config *config,
		  struct device *device)
{
	struct fdt_error none = {""};
	struct checker c = {.bundle = bundle, .err = &none};

	if (read_grant(&c, index, config) &&
	    !device_find(bundle->board_tree, config->path, device, &none))
		device->reg_count = device->irq_count = 0; /* it was found before */
}
