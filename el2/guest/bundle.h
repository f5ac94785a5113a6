// SPDX-License-Identifier: Apache-2.0
/*
 * The bundle: the device tree that says which guests run (binding: dts/skerry,bundle.yaml). Read
 * and checked as a whole before any guest starts; bad in one place, it is refused in all, and the
 * error says node, property and what was expected. Pure data in, pure data out: no effects.
 */
#ifndef GUEST_BUNDLE_H
#define GUEST_BUNDLE_H

#include "abi/skerry.h"
#include "board/device.h"
#include "lib/fdt.h"
#include "lib/types.h"

#define GUESTS_MAX 512
#define GUEST_NAME_MAX 31 /* letters, digits, '-', '_', '.'; the node's name */
#define CHANNELS_MAX 64
#define SCRIPT_LINE_MAX 119 /* what fits on the operator's line */
#define SCRIPT_LINES_MAX 100
#define GRANTS_MAX 32	   /* devices of the board, in all guests */
#define GUEST_GRANTS_MAX 4 /* in one */

enum on_crash { ON_CRASH_STOP, ON_CRASH_RESTART, ON_CRASH_DESTROY, ON_CRASH_SHUTDOWN };
enum guest_console { GUEST_CONSOLE_LINES, GUEST_CONSOLE_NONE, GUEST_CONSOLE_RAW };

/* The operator's commands by what they can do. A guest may give those of the classes that its bundle grants
 * it, in `commands` (bit = class); what is the operator's alone cannot be granted. */
enum command_class {
	CLASS_OPERATOR,
	CLASS_QUERY,	/* looks at the machine and its guests from outside */
	CLASS_OPERATE,	/* starts and ends guests, types at them */
	CLASS_INSPECT,	/* looks into guests */
	CLASS_SET,	/* changes what guests are and have */
	CLASS_MESSAGE,	/* says something on the operator's screen */
	CLASS_SHUTDOWN, /* stops the machine */
	COMMAND_CLASSES
};

/* Bytes inside the bundle's blob: they stay there, read-only, for restarts. */
struct bundle_bytes {
	const u8 *data;
	u64 size;
};

struct guest_config {
	char name[GUEST_NAME_MAX + 1];
	u64 memory_size; /* bytes, multiple of 4 KiB, 64 KiB .. */
	u32 cpus;	 /* 1 .. SKERRY_VCPUS_MAX */
	struct bundle_bytes kernel, initrd;
	struct bundle_bytes firmware; /* up to SKERRY_ROM_MAX; starts instead of the kernel */
	const char *bootargs;	      /* in the blob; "" if absent */
	u32 weight;		      /* 1 .. 10000 */
	u32 affinity;		      /* mask of pCPUs; UINT32_MAX: any */
	enum on_crash on_crash;
	u32 restart_limit, restart_period; /* so many restarts in so many seconds; 0: no limit */
	enum guest_console console;
	u8 commands;	 /* classes that it may give: BIT(enum command_class) */
	bool focus;	 /* the keyboard goes here at start */
	bool watchdog;	 /* it finds one in its tree */
	bool populate;	 /* all its memory is there before it starts */
	u32 gic_version; /* 2, 3, or 0: what the hardware has */
};

struct channel_config {
	const char *name; /* node name, in the blob */
	u32 ends[2];	  /* indices of guests; different */
	u64 size;	  /* bytes, multiple of 4 KiB, 4 KiB .. 1 MiB */
};

/* A device of the board for one guest. */
struct grant_config {
	u32 guest;	  /* index */
	const char *path; /* in the board's tree; in the blob */
	bool accept_neighbours, allow_dma;
};

struct bundle {
	struct fdt fdt;
	const struct fdt *board_tree; /* grants are looked up there */
	u32 guest_count, channel_count, grant_count;
	bool shutdown_when_done;
	int scripts;					/* the node; 0: there is none */
	int guests[GUESTS_MAX], channels[CHANNELS_MAX]; /* where their nodes are in the tree */
	int grants[GRANTS_MAX];
	u16 grant_guests[GRANTS_MAX];
	u16 names[2 * GUESTS_MAX]; /* guests by a hash of their name: index + 1, 0: free */
};

/*
 * What the machine can honour, for the checks: pCPUs, bytes of free memory, whether guests can have
 * a GICv2 or v3 interface; and its tree (kept as long as the bundle) and what EL2 knows of it, for
 * devices that guests get. NULL: there are none.
 */
struct bundle_limits {
	u32 pcpus;
	u64 memory;
	bool gicv2, gicv3;
	const struct fdt *tree;
	const struct board *board;
};

/* Opens and checks the whole bundle. False: err says what and where; nothing may be used. Names are
 * checked for twins in bounded time (GUESTS_MAX guests). */
bool bundle_open(struct bundle *bundle, const void *blob, size_t max,
		 const struct bundle_limits *limits, struct fdt_error *err) MUST_CHECK;

/* Which guest bears this name, -1: none. Looks only at the table, so names may come from anywhere. */
int bundle_find(const struct bundle *bundle, const char *name);

/* Letters, digits, '-', '_', '.': what a guest's name is made of. */
bool bundle_name_char(char c);

/* The script of this name, a property of /scripts: SCRIPT_LINES_MAX strings at most, for fdt_next_string;
 * false: there is none. */
bool bundle_script(const struct bundle *bundle, const char *name, const u8 **lines,
		   u32 *length) MUST_CHECK;

/* "stop", "restart", "destroy", "shutdown" by enum on_crash; NULL behind the last. */
const char *bundle_crash_word(unsigned on_crash);

/* Guest `index` (0 ..), channel `index`, device `index` of a bundle that bundle_open accepted: cannot
 * fail. */
void bundle_guest(const struct bundle *bundle, u32 index, struct guest_config *config);
void bundle_channel(const struct bundle *bundle, u32 index, struct channel_config *config);
void bundle_grant(const struct bundle *bundle, u32 index, struct grant_config *config,
		  struct device *device);

#endif
