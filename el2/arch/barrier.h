// SPDX-License-Identifier: Apache-2.0
/* Barriers (Arm ARM, B2.3.12). */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")
#define dmb(domain) __asm__ volatile("dmb " #domain ::: "memory")

/* Wakes every CPU that waits in WFE. */
#define sev() __asm__ volatile("sev" ::: "memory")

#endif
