// SPDX-License-Identifier: Apache-2.0
/*
 * What the machine is, as its device tree says: read once by board/tree.c, then constant. The tree
 * is untrusted bytes: counts are bounded, ranges checked for wrap-around.
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "arch/pcpu.h"
#include "lib/fdt.h"
#include "lib/types.h"

#define BOARD_RAM_MAX 16
#define BOARD_RESERVED_MAX 32
#define BOARD_UARTS_MAX 4

enum board_gic { BOARD_GIC_NONE, BOARD_GIC_V2, BOARD_GIC_V3, BOARD_GIC_BCM2836 };
enum board_uart { BOARD_UART_NONE, BOARD_UART_PL011, BOARD_UART_BCM2835_AUX };
enum board_enable { BOARD_ENABLE_NONE, BOARD_ENABLE_PSCI, BOARD_ENABLE_SPIN_TABLE };
enum board_conduit { BOARD_PSCI_NONE, BOARD_PSCI_SMC, BOARD_PSCI_HVC };

struct board_serial {
	enum board_uart kind;
	struct fdt_range regs;
	u32 irq; /* INTID; 0: none. BCM2836: see board/bcm2836.c */
};

struct board {
	char model[64]; /* `model`, else the first `compatible`, cut to fit, printable */

	struct fdt_range ram[BOARD_RAM_MAX]; /* ascending, page-aligned inwards, disjoint */
	unsigned rams;
	struct fdt_range reserved[BOARD_RESERVED_MAX]; /* /memreserve/ and /reserved-memory */
	unsigned reserveds;

	struct {
		u64 mpidr;
		enum board_enable enable;
		u64 release; /* cpu-release-addr for the spin table */
	} cpus[PCPUS_MAX];
	unsigned cpu_count;   /* what fits into PCPUS_MAX */
	unsigned cpus_listed; /* what the tree lists */

	enum board_conduit psci;

	enum board_gic gic;
	/* gicc, gich, gicv: GICv2; gich and gicv have size 0 if the tree lacks them. BCM2836: gicd is
	 * the local controller, gicc the peripherals' one (armctrl; size 0 if absent). */
	struct fdt_range gicd, gicc, gich, gicv;
	struct fdt_range gicr[4]; /* GICv3 redistributor regions */
	unsigned gicrs;
	u64 gicr_stride;     /* 0: by the register's own word (VLPIS) */
	u32 gic_maintenance; /* INTID of the virtual interface's maintenance interrupt; 0: none */

	u32 hyp_timer, virtual_timer; /* INTIDs of CNTHP and CNTV */
	u32 timer_frequency;	      /* clock-frequency; 0: CNTFRQ_EL0 is right */

	struct board_serial uarts[BOARD_UARTS_MAX]; /* those that are not disabled */
	unsigned uart_count;
	/* EL2's own: of the kind that bootargs' console= says, else what /chosen/stdout-path names, else
	 * serial0, else the first; kind NONE if there is none. */
	struct board_serial uart;

	/* BCM283x, BCM2711; size 0: not in the tree. Pins, the mailbox to the VideoCore's firmware, and
	 * the power manager with the watchdog. */
	struct fdt_range gpio, mailbox, watchdog;

	bool terminal; /* /chosen/bootargs has the word "terminal": a person looks on, in colour */

	struct fdt_range initrd; /* /chosen: the bundle; size 0 if none */
	u64 seed;		 /* /chosen/kaslr-seed, rng-seed folded; 0 if none */
};

extern struct board board;
extern struct fdt board_tree; /* what it was read from; kept, for devices that guests get */

/* Fills `board` from the tree. False: err says which node and property. What can be done without
 * is left out without an error (no initrd, no UART interrupt). */
bool board_read(struct board *board, const struct fdt *fdt, struct fdt_error *err) MUST_CHECK;

/* Inserts the whole pages of a region in ascending order, joined with those it touches. Regions
 * above what the array holds are left out: the machine can be run without them. */
void board_add_ram(struct board *board, struct fdt_range region);

/* What of the boot loader's command line is for EL2, of a board that is read; NULL: there is none. */
void board_take_bootargs(struct board *board, const char *text);

#endif
