// SPDX-License-Identifier: Apache-2.0
/*
 * A reader of flattened device trees (Devicetree Specification 5), at EL1, as small as will do for
 * trees that the hypervisor made: it walks the structure block from the front for each question.
 */
#include "rt.h"
#include "internal.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE 2
#define FDT_PROP 3
#define FDT_NOP 4

static u64 tree, structure, strings;

static u32 be32(u64 address)
{
	return __builtin_bswap32(*(const u32 *)address);
}

void fdt_init(u64 address)
{
	if (!address || (address & 3) || be32(address) != FDT_MAGIC)
		return;
	tree = address;
	structure = address + be32(address + 8);
	strings = address + be32(address + 12);
}

u64 fdt_address(void)
{
	return tree;
}

u32 fdt_size(void)
{
	return tree ? be32(tree + 4) : 0;
}

/* The token after the one at `at`. */
static u64 next(u64 at)
{
	switch (be32(at)) {
	case FDT_BEGIN_NODE:
		return (at + 4 + str_len((const char *)at + 4) + 4) & ~3ul;
	case FDT_PROP:
		return (at + 12 + be32(at + 4) + 3) & ~3ul;
	default:
		return at + 4;
	}
}

static bool is_token(u64 at)
{
	return be32(at) >= FDT_BEGIN_NODE && be32(at) <= FDT_NOP;
}

const void *fdt_prop(node_t node, const char *name, u32 *len)
{
	u64 at;

	if (!node)
		return NULL;
	for (at = next(node); be32(at) == FDT_PROP || be32(at) == FDT_NOP; at = next(at)) {
		if (be32(at) != FDT_PROP || !str_eq((const char *)strings + be32(at + 8), name))
			continue;
		if (len)
			*len = be32(at + 4);
		return (const void *)(at + 12);
	}
	return NULL;
}

static bool is_compatible(node_t node, const char *wanted)
{
	u32 len = 0, i;
	const char *list = fdt_prop(node, "compatible", &len);

	for (i = 0; list && i < len; i += (u32)str_len(list + i) + 1)
		if (str_eq(list + i, wanted))
			return true;
	return false;
}

static bool is_named(node_t node, const char *wanted)
{
	const char *name = (const char *)node + 4;

	while (*wanted && *name == *wanted) {
		name++;
		wanted++;
	}
	return !*wanted && (!*name || *name == '@');
}

static node_t find(bool (*match)(node_t, const char *), const char *wanted, u32 nth)
{
	u64 at;

	for (at = structure; at && is_token(at); at = next(at))
		if (be32(at) == FDT_BEGIN_NODE && match(at, wanted) && nth-- == 0)
			return at;
	return 0;
}

node_t fdt_find(const char *compatible, u32 nth)
{
	return find(is_compatible, compatible, nth);
}

node_t fdt_named(const char *name, u32 nth)
{
	return find(is_named, name, nth);
}

u32 fdt_cell(node_t node, const char *name, u32 i, u32 otherwise)
{
	u32 len = 0;
	const void *p = fdt_prop(node, name, &len);

	return p && i < len / 4 ? be32((u64)p + 4ul * i) : otherwise;
}

bool fdt_reg(node_t node, u32 i, u64 *address, u64 *size)
{
	u32 len = 0;
	const void *p = fdt_prop(node, "reg", &len);
	u64 at = (u64)p + 16ul * i;

	if (!p || (i + 1) * 16 > len)
		return false;
	*address = (u64)be32(at) << 32 | be32(at + 4);
	*size = (u64)be32(at + 8) << 32 | be32(at + 12);
	return true;
}

/* What follows `name=` in the boot arguments, NULL if it is not there. */
static const char *arg(const char *name)
{
	const char *s = fdt_prop(fdt_named("chosen", 0), "bootargs", NULL);
	size_t n = str_len(name), i;

	while (s && *s) {
		for (i = 0; i < n && s[i] == name[i]; i++)
			;
		if (i == n && s[i] == '=')
			return s + i + 1;
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
	return NULL;
}

u64 arg_u64(const char *name, u64 otherwise)
{
	const char *s = arg(name);

	return s ? str_u64(s) : otherwise;
}

bool arg_is(const char *name, const char *value)
{
	const char *s = arg(name);

	while (s && *value && *s == *value) {
		s++;
		value++;
	}
	return s && !*value && (!*s || *s == ' ');
}

size_t arg_word(const char *name, char *to, size_t room)
{
	const char *s = arg(name);
	size_t n = 0;

	while (s && *s && *s != ' ' && n + 1 < room)
		to[n++] = *s++;
	to[n] = 0;
	return n;
}

const char *guest_name(void)
{
	const char *s = fdt_prop(fdt_find("skerry,hypervisor-v1", 0), "guest-name", NULL);

	return s ? s : "guest";
}

/* Under Skerry the board's devices stand above those that it makes up. */
bool device_open(const char *compatible, struct device *d)
{
	u64 lowest = on_skerry() ? SKERRY_DEVICE_BASE : 0, size;
	u32 nth = 0;

	while ((d->node = fdt_find(compatible, nth++)))
		if (fdt_reg(d->node, 0, &d->base, &size) && d->base >= lowest) {
			d->intid = fdt_cell(d->node, "interrupts", 1, 0);
			d->intid = d->intid ? d->intid + 32 : 0;
			return true;
		}
	return false;
}
