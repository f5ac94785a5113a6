// SPDX-License-Identifier: Apache-2.0
/* Small things only the CPU can do. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "lib/types.h"

void cpu_wait(void);	      /* WFI: until an interrupt is pending, masked or not */
void cpu_relax(void);	      /* in a spin loop */
NORETURN void cpu_halt(void); /* this pCPU never does anything again */
u64 cpu_midr(void);
unsigned
cpu_level(void); /* the exception level this runs at: 2, or 1 where main says so and stops */

/* Vectors, and what of EL1 traps: everything that is not granted (HCR_EL2, CPTR_EL2, MDCR_EL2,
 * HSTR_EL2, CNTHCTL_EL2). Once on each CPU. */
void cpu_init(void);

/* HCR_EL2 for a guest's vCPU without TWI and TWE, VI and VF. */
u64 cpu_guest_hcr(void);
#define HCR_EL2_VF BIT(6)
#define HCR_EL2_VI BIT(7)
#define HCR_EL2_TWI BIT(13)
#define HCR_EL2_TWE BIT(14)

/* Where a secondary CPU enters the image (boot.S): a physical address. */
u64 cpu_secondary_address(void);

/* SMC to the firmware by SMCCC; the caller knows from the board's tree that there is firmware. */
u64 cpu_smc(u64 function, u64 a, u64 b, u64 c);
u64 cpu_hvc(u64 function, u64 a, u64 b, u64 c);

/* Reads where there may be nothing: 0 if the bus reports an error. Vectors in place; any address that
 * a read does no harm to, aligned to 4. */
u32 cpu_probe_read32(u64 address);

/* The load in it: EL2's handler of its own exceptions skips it when ELR_EL2 is this address. */
extern const char cpu_probe_load[];

/* A random word: RNDR where the CPU has it (true), else false. */
bool cpu_random(u64 *word);

#endif
