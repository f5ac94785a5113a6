// SPDX-License-Identifier: Apache-2.0
/*
 * Starting the other CPUs and stopping the machine, by PSCI (DEN0022) or spin table.
 */
#ifndef BOARD_POWER_H
#define BOARD_POWER_H

#include "board/board.h"

/* Starts the CPU that stands at board.cpus[id] at `entry` (physical) with `argument` in x0. Returns an error word for
 * the boot message, NULL if it was started (it may not be up yet). */
const char *power_start_cpu(unsigned id, u64 entry, u64 argument);

/*
 * The machine stops: prints "skerry: machine stops, status N" as the last line. Under QEMU with
 * semihosting the process exits with `status` (0..255); then PSCI SYSTEM_OFF or the Pi's watchdog;
 * then halts.
 */
NORETURN void power_off(unsigned status);

#endif
