// SPDX-License-Identifier: Apache-2.0
/*
 * Starting CPUs and stopping the machine, by PSCI 0.2 and later (DEN0022, 5.1), by the spin table of
 * the Devicetree Specification, by the Raspberry Pi's watchdog. Runs at EL2.
 *
 * PSCI is called by SMC only, and only if the tree says that firmware listens: without firmware at
 * EL3 an SMC is UNDEFINED. A tree that says HVC is meant for EL1; from here an HVC would be a call
 * of ourselves.
 */
#include "board/power.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "arch/semihost.h"
#include "board/mmio.h"
#include "board/say.h"
#include "board/uart.h"

#define PSCI_CPU_ON_64 0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008

/* BCM283x power manager: each write carries the password. */
#define PM_RSTC 0x1c
#define PM_RSTS 0x20
#define PM_WDOG 0x24
#define PM_PASSWORD 0x5a000000u
#define PM_VALUE 0x00ffffffu
#define PM_RSTC_CONFIG 0x30u
#define PM_RSTC_FULL_RESET 0x20u
#define PM_RSTS_HALT 0x555u /* boot from partition 63: the firmware takes that for "stay off" */
#define PM_WDOG_TICKS 10u   /* of 16 us */

static const char *psci_error(u64 result)
{
	switch ((s32)(u32)result) {
	case 0:
		return NULL;
	case -1:
		return "PSCI: not supported";
	case -2:
		return "PSCI: invalid parameters";
	case -3:
		return "PSCI: denied";
	case -4:
		return "PSCI: already on";
	case -5:
		return "PSCI: on pending";
	case -6:
		return "PSCI: internal failure";
	case -9:
		return "PSCI: invalid address";
	}
	return "PSCI: unknown error";
}

static const char *start_by_psci(u64 mpidr, u64 entry, u64 argument)
{
	if (board.psci != BOARD_PSCI_SMC)
		return "no PSCI by SMC";
	return psci_error(cpu_smc(PSCI_CPU_ON_64, mpidr, entry, argument));
}

/* The CPU waits in WFE for its word to become non-zero, with its caches off; it enters with x0 = 0,
 * so the entry has to find out by MPIDR who it is. */
static const char *start_by_spin_table(u64 release, u64 entry)
{
	volatile u64 *word = mmu_pointer(PA(release));

	if (release % sizeof(*word) != 0)
		return "cpu-release-addr not aligned";
	*word = entry;
	cache_clean((const void *)word, sizeof(*word));
	dsb(sy);
	sev();
	return NULL;
}

const char *power_start_cpu(unsigned id, u64 entry, u64 argument)
{
	/* It reads its own entry with its MMU off, past our caches. */
	cache_clean(pcpus, sizeof(pcpus));
	dsb(sy);
	switch (board.cpus[id].enable) {
	case BOARD_ENABLE_PSCI:
		return start_by_psci(board.cpus[id].mpidr, entry, argument);
	case BOARD_ENABLE_SPIN_TABLE:
		return start_by_spin_table(board.cpus[id].release, entry);
	case BOARD_ENABLE_NONE:
		break;
	}
	return "no enable-method that we know";
}

/* A Pi has no switch. Its firmware, started again by the watchdog, finds the word that says "stay off";
 * QEMU ends. */
static void off_by_watchdog(u64 pm)
{
	u32 status = mmio_read32(pm + PM_RSTS) & PM_VALUE;
	u32 control = mmio_read32(pm + PM_RSTC) & PM_VALUE & ~PM_RSTC_CONFIG;

	mmio_write32(pm + PM_RSTS, PM_PASSWORD | status | PM_RSTS_HALT);
	mmio_write32(pm + PM_WDOG, PM_PASSWORD | PM_WDOG_TICKS);
	mmio_write32(pm + PM_RSTC, PM_PASSWORD | control | PM_RSTC_FULL_RESET);
}

void power_off(unsigned status)
{
	if (cpu_level() == 2)
		say_last_words();
	say("skerry: machine stops, status %u\n", status);
	say_drain();
	if (cpu_level() == 2) /* at EL1 there is nobody to skip its HLT */
		semihost_exit(status);
	if (board.psci == BOARD_PSCI_SMC)
		(void)cpu_smc(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (board.psci == BOARD_PSCI_HVC && cpu_level() == 1)
		(void)cpu_hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (board.watchdog.size >= PM_WDOG + 4)
		off_by_watchdog(board.watchdog.base);
	cpu_halt();
}
