// SPDX-License-Identifier: Apache-2.0
/*
 * A guest and its vCPUs: everything that belongs to one, reachable from struct guest.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "arch/context.h"
#include "arch/lock.h"
#include "guest/bundle.h"
#include "guest/image.h"
#include "lib/verdict.h"
#include "mm/stage2.h"
#include "sched/sched.h"
#include "vdev/vconsole.h"
#include "vdev/vflash.h"
#include "vdev/vfwcfg.h"
#include "vdev/vgic.h"
#include "vdev/vpl011.h"
#include "vdev/vtimer.h"
#include "vdev/vwatchdog.h"

/* The diagram is in guest/life.h, what an operator may order in which state a table in life.c. */
enum guest_state {
	GUEST_READY, /* built, not started */
	GUEST_RUNNING,
	GUEST_STOPPING, /* vCPUs are on their way off their pCPUs: see `ending` */
	GUEST_STOPPED,	/* by the operator; its time stands still */
	GUEST_ENDED,	/* exited, was powered off, or halted */
	GUEST_WAITING,	/* crashed; starts again when its back-off is over */
	GUEST_CRASHED,	/* left for inspection, or emptied: on-crash */
	GUEST_STATES
};

/* What becomes of a guest once all its vCPUs are off. */
enum guest_end {
	END_NONE,
	END_STOP,    /* to STOPPED, from where it can go on */
	END_RESET,   /* starts again from a clean image in clean memory */
	END_CLEAN,   /* the same, but stays READY */
	END_EXIT,    /* to ENDED, its memory given back */
	END_CRASH,   /* as its on-crash says */
	END_HUNG,    /* the same, by its watchdog */
	END_CRASHED, /* to CRASHED as it is, whatever on-crash says */
	END_DESTROY  /* nothing of it stays */
};

/* PSCI's view of a vCPU (DEN0022, AFFINITY_INFO's values). */
enum vcpu_power { VCPU_ON = 0, VCPU_OFF = 1, VCPU_ON_PENDING = 2 };

/* What a vCPU leaves its guest for: counted for the operator and for benchmarks, and the last of each kind kept
 * for the report of a crash. */
enum exit_kind {
	EXIT_HYPERCALL,
	EXIT_PSCI,
	EXIT_SYSREG,
	EXIT_MMIO,
	EXIT_TOUCH, /* first touch of memory */
	EXIT_WFI,
	EXIT_FP,
	EXIT_TIMER, /* the virtual timer's interrupt alone */
	EXIT_IRQ,   /* others, or several */
	EXIT_FAULT, /* injected back: UNDEF, abort */
	EXIT_KINDS
};

/* An exception that EL2 gave to a vCPU's EL1, for the report of a crash. */
struct given {
	u64 pc, far; /* where it was; 0 if it has no address */
	u64 esr;     /* as the guest's ESR_EL1 shows it */
};

#define GIVEN_MAX 4 /* the last ones are kept */

struct vcpu {
	struct context ctx; /* first: SP_EL2 points here while the vCPU runs */
	struct guest *guest;
	struct sched_entity sched;
	struct vgic_cpu vgic;
	struct vtimer vtimer;
	u8 index;
	u8 power;	/* enum vcpu_power; lock guest */
	bool loaded;	/* its state is in a pCPU's registers; set and cleared by that pCPU only */
	u64 clean_next; /* an IPA: how far DC CSW and its like have come; 0: none is under way */
	struct {
		u64 count,
			pc; /* all of them, and where the last was: ELR_EL2 (not of EXIT_FAULT: see given) */
	} exits[EXIT_KINDS];
	struct {
		u64 pc, far, exits;
		u32 times;
	} again; /* the last access that was to be run again as it was: trap/fault.c */
	struct given
		given[GIVEN_MAX]; /* number n of them at n % GIVEN_MAX; exits[EXIT_FAULT] are all */
};

static inline const char *exit_name(enum exit_kind kind)
{
	static const char names[EXIT_KINDS][10] = {
		[EXIT_HYPERCALL] = "hypercall",
		[EXIT_PSCI] = "psci",
		[EXIT_SYSREG] = "sysreg",
		[EXIT_MMIO] = "mmio",
		[EXIT_TOUCH] = "touch",
		[EXIT_WFI] = "wfi",
		[EXIT_FP] = "fp",
		[EXIT_IRQ] = "irq",
		[EXIT_TIMER] = "timer",
		[EXIT_FAULT] = "fault",
	};

	return names[kind];
}

static inline void vcpu_exit(struct vcpu *vcpu, enum exit_kind kind)
{
	vcpu->exits[kind].count++;
	vcpu->exits[kind].pc = vcpu->ctx.regs.pc;
}

struct guest {
	struct lock lock; /* protects state, ending, power of vCPUs, map, flash, exit_code */
	u16 id;
	u8 state;  /* enum guest_state */
	u8 ending; /* enum guest_end: what to do when all vCPUs are off */
	u8 exit_code;
	u8 gic_version;
	u8 channel_count;
	u32 serial;	    /* no other guest ever has the same, an id may come again */
	u8 traced;	    /* enum trace_event, bits: cp/trace.h; guests held */
	bool stops_json;    /* the next stop by `step` or `adstop` is told as JSON; guests held */
	u32 moves;	    /* changes of state so far: who looked at it at rest sees if it moved */
	u32 restarts;	    /* in all */
	u32 crashes;	    /* since period_begin: for restart-limit and back-off */
	u64 period_begin;   /* ticks */
	u64 stopped_since;  /* ticks; while STOPPED */
	struct timer again; /* armed while WAITING */
	struct stage2 map;
	struct {
		u64 ipa;
		pa_t chunk; /* 0: there is none */
	} part; /* the block of RAM that is given page by page, by guest_load; lock guest */
	struct image_plan plan; /* of this life: set before any vCPU runs */
	bool fills_later; /* the plan's larger pieces come with the first touch of their blocks */
	struct guest_config config;
	struct vgic vgic;
	struct vconsole console;
	struct timer printing; /* armed while a vCPU waits for room on the serial line */
	u8 printers;	       /* bit n: vCPU n does; lock guest, as the timer */
	struct vpl011 uart;
	struct vwatchdog watchdog;
	struct vflash flash; /* beside a firmware only, as the next; lock guest */
	struct vfwcfg fwcfg;
	struct vcpu *vcpus[SKERRY_VCPUS_MAX];
	u8 channels[SKERRY_CHANNELS_MAX]; /* guest/channel.c's numbers, and which end */
	u8 last_vcpu[PCPUS_MAX]; /* which vCPU ran last on that pCPU, + 1: see guest/switch.c */
	u64 time_offset;	 /* CNTVOFF_EL2 */
	struct {
		u64 ran, stolen; /* as the operator was last shown them; guests held */
		u32 exits[EXIT_KINDS];
	} shown;
	u64 command_at; /* ticks: before that it gives no other command (SKERRY_COMMAND); guests held */
	pa_t stolen_page; /* DEN0057 records, 64 bytes a vCPU; 0: never asked for */
};

/* Where stolen time records lie in every guest's map: one page, read-only for the guest by custom. */
#define GUEST_STOLEN_BASE 0x0b000000

/*
 * All guests and channels of an open bundle come into being, ready to start; their memory is promised
 * and their images are loaded. False: err says which and why, and none is left. The bundle must stay
 * as it is: guests are made anew from it.
 */
bool guests_create(const struct bundle *bundle, struct fdt_error *err) MUST_CHECK;

/*
 * The table of guests: who goes over it, or keeps a pointer to a guest that is not the one running
 * here, holds it. Lock guests, outermost.
 */
void guests_hold(void);
bool guests_try(void) MUST_CHECK; /* holds it if it is free; false: it is not */
void guests_let_go(void);

/*
 * The bundle's guest `original` comes into being (again) as `name`, READY; with the channels that are
 * that name's. NULL: err says why, nothing is left of it. Guests held.
 */
struct guest *guest_add(const char *original, const char *name, struct fdt_error *err) MUST_CHECK;

/* Whether making the bundle's guest `original` takes as long as its memory is large: `populate`. */
bool guest_takes_long(const char *original) MUST_CHECK;

/* Guest number `index` of the bundle, there or not, as bundle_guest; false: it has not so many. */
bool guests_original(unsigned index, struct guest_config *config) MUST_CHECK;

/* A script of the bundle that the guests are of, as bundle_script. */
bool guests_script(const char *name, const u8 **lines, u32 *length) MUST_CHECK;

/* Nothing of it stays: frames, VMID, scheduler's entries. Nothing of it runs. Guests held. */
void guest_remove(struct guest *guest);

/* By name, NULL if there is none. Guests held. */
struct guest *guest_find(const char *name);

/* vCPU 0 of each starts. Takes lock guests. */
void guests_start(void);

/* Promises the guest's memory and makes its empty map, at creation and again at each restart. */
bool guest_prepare(struct guest *guest, struct fdt_error *err) MUST_CHECK;

/*
 * A guest's memory at `ipa` was touched and is not mapped: maps zeroed memory if it is the guest's, its
 * flash if that shows its bytes now. True: try again. False: neither.
 */
bool guest_touch(struct guest *guest, ipa_t ipa) MUST_CHECK;

/* Cleans and invalidates some of the guest's RAM from *ipa on (SKERRY_RAM_BASE at first) to the point
 * of coherency, what is mapped of it; *ipa moves on. True: that was the last. Takes the guest's lock. */
bool guest_clean(struct guest *guest, u64 *ipa) MUST_CHECK;

/*
 * Maps all RAM that `guest` has not touched yet, zeroed: it then never waits for that. False: no memory
 * left, which guest_prepare rules out. Takes as long as its memory is large, so only where an operator
 * asks for it, when the guest is made: never at a restart, for which a guest can ask at any time.
 */
bool guest_populate(struct guest *guest) MUST_CHECK;

/* One access to the flash of a guest with a firmware, as vflash_access has it. */
void guest_flash(struct guest *guest, struct mmio *mmio);

/* One access to the configuration device; false: there is none, or by mmio->size run it again. */
bool guest_fwcfg(struct guest *guest, struct mmio *mmio) MUST_CHECK;

/* Copies between EL2 and a guest's memory, populating it; false (and nothing copied) unless the whole
 * range is the guest's own RAM or channel memory, or, to be read, its firmware, or its
 * flash while that shows its bytes. */
bool guest_read(struct guest *guest, void *to, ipa_t from, size_t bytes) MUST_CHECK;
bool guest_write(struct guest *guest, ipa_t to, const void *from, size_t bytes) MUST_CHECK;

/*
 * What a guest finds in its memory at first, by its plan, before any of its vCPUs runs. Of a block that
 * this fills in part only those pages are given: the first touch of another one gives the rest, so a guest
 * that needs no more than its image does not wait until 2 MiB are zeroed. With fills_later, blocks of
 * which more than a quarter is the image's are left to their first touch: however large an image is,
 * nobody waits long for its start. False: no memory left.
 */
bool guest_load_image(struct guest *guest) MUST_CHECK;

/* The same of some bytes more, for RAM: the tree. */
bool guest_load(struct guest *guest, ipa_t to, const void *from, size_t bytes) MUST_CHECK;

/* The same as guest_read, but what was never touched stays so, and reads as it would be. False: not the
 * guest's, or all of it is in pages that are untouched and would be zero. For who only looks; the guest has a map. */
bool guest_peek(struct guest *guest, void *to, ipa_t from, size_t bytes) MUST_CHECK;

/* Is this address in the block that guest_load has given in part? */
static inline bool guest_in_part(const struct guest *guest, u64 ipa)
{
	return guest->part.chunk.v && ALIGN_DOWN(ipa, CHUNK_SIZE) == guest->part.ipa;
}

/* Bytes that the firmware takes in the guest's map: whole pages; 0 without one. */
static inline u64 guest_rom_size(const struct guest *guest)
{
	return ALIGN_UP(guest->config.firmware.size, PAGE_SIZE);
}

/* PSCI CPU_ON: vCPU `index` starts at `entry` with x0 = argument. Exactly one of several callers gets
 * VCPU_OFF back (it was off: success); else what it was (ON, ON_PENDING). */
enum vcpu_power guest_cpu_on(struct guest *guest, unsigned index, u64 entry, u64 argument);

/* DEN0057: keeps the stolen time record of `vcpu` at this IPA (64 bytes, its RAM) up to date; returns
 * the IPA, 0 if there is none. */
u64 guest_stolen_time(struct vcpu *vcpu);

/*
 * Whether what `vcpu`, which runs here, is about to print has room on the serial line. If not, nothing was
 * done: it should sleep, and is woken soon to do the same again. Takes the guest's lock.
 */
bool guest_may_print(struct vcpu *vcpu) MUST_CHECK;

/* Ids are 0 .. guest_count() - 1, NULL where a guest was destroyed. Guests held, once they run. */
struct guest *guest_by_id(unsigned id);
unsigned guest_count(void);

#endif
