// SPDX-License-Identifier: Apache-2.0
/*
 * A small model of a whole GIC as software at EL1 sees it, distributor to CPU interface, written
 * from IHI 0048 and IHI 0069 alone: one struct an interrupt, loops over all of them, nothing shared
 * with el2/. Slow and plain; what el2/vdev/vgic*.c does is held against it.
 *
 * Where the specifications leave a choice it makes ours: 128 interrupts, 5 bits of priority, GICv2
 * without Security Extensions and with SGIs always enabled, GICv3 with one Security state, affinity
 * routing always on, no LPIs, no 1 of N; PPIs level-sensitive; of several GICv2 targets the lowest.
 */
#ifndef TEST_VGIC_MODEL_H
#define TEST_VGIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define REF_CPUS 8
#define REF_LINES 128

struct ref_irq {
	bool enabled, group1, edge, line;
	bool latch, active;		   /* of v2's SGIs: see below */
	uint8_t pending_from, active_from; /* v2's SGIs: by source */
	uint8_t priority;
	uint32_t route; /* SPIs: ITARGETSR, or IROUTER's affinities */
};

struct ref_cpu {
	struct ref_irq own[32];
	bool enable[2];			 /* by group */
	bool ackctl, fiqen, cbpr, split; /* split: EOImode 1 */
	unsigned pmr, bpr[2];
	bool running[2][32]; /* active priorities */
	bool asleep;	     /* GICR_WAKER.ProcessorSleep: shown, nothing else */
};

struct ref {
	unsigned version, cpus;
	bool enable[2];
	struct ref_irq spi[REF_LINES - 32];
	struct ref_cpu cpu[REF_CPUS];
	/* What there is to take for each CPU, as long as nothing changes: spares loops. */
	struct ref_best {
		bool known;
		unsigned priority;    /* the highest there is; 256: none */
		unsigned groups, now; /* of those that have it, a bit a group; now: signalled */
		unsigned actives;
	} best[REF_CPUS];
};

/* To write to a CPU's interface. */
struct ref_cpu *ref_interface(struct ref *ref, unsigned cpu);
void ref_init(struct ref *ref, unsigned version, unsigned cpus);
/* To look at, not to change. */
const struct ref_irq *ref_irq(const struct ref *ref, unsigned cpu, unsigned intid);

/* Registers: redistributor frames if `redist`, else the distributor. size in bytes. */
uint64_t ref_read(struct ref *ref, unsigned cpu, bool redist, unsigned offset, unsigned size);
void ref_write(struct ref *ref, unsigned cpu, bool redist, unsigned offset, unsigned size,
	       uint64_t value);

void ref_line(struct ref *ref, unsigned cpu, unsigned intid, bool level);
void ref_pulse(struct ref *ref, unsigned intid); /* an SPI: up and down again, whatever it is now */
/* The whole machine is reset; the lines of SPIs stay as they are, those of PPIs are low. */
void ref_reset(struct ref *ref);
/* PSCI CPU_ON: the CPU's interface, not what the distributor and redistributor hold. */
void ref_reset_interface(struct ref *ref, unsigned cpu);
/* ICC_SGI1R_EL1, or with group0 ICC_SGI0R_EL1, ICC_ASGI1R_EL1 */
void ref_sgi(struct ref *ref, unsigned cpu, uint64_t value, bool group0);

/* May a read of IAR (v2: alias or not; v3: of this group) return this? If so it is taken. */
bool ref_ack(struct ref *ref, unsigned cpu, unsigned group, uint32_t value);
unsigned ref_likely_group(struct ref *ref, unsigned cpu); /* of what can be taken now */
bool ref_hppir(struct ref *ref, unsigned cpu, unsigned group, uint32_t value);
void ref_eoi(struct ref *ref, unsigned cpu, uint32_t value);
void ref_dir(struct ref *ref, unsigned cpu, uint32_t value);
/* As GICC_APR0 and GICC_NSAPR0 show them: a bit for each of 32 levels. */
uint32_t ref_active_priorities(const struct ref *ref, unsigned cpu, unsigned group);
unsigned ref_rpr(const struct ref *ref, unsigned cpu);

/* line: of IRQ and FIQ; 0: not asserted, 1: asserted, 2: depends on which of equal interrupts comes
 * first. wakes: is anything above the priority mask? */
void ref_lines(struct ref *ref, unsigned cpu, int line[2], bool *wakes);

/* How many interrupts are active that this CPU took or that are its own. */
unsigned ref_actives(struct ref *ref, unsigned cpu);
bool ref_is_active(const struct ref *ref, unsigned cpu, unsigned intid);

#endif
