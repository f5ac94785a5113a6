/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest contract: every number a paravirtual guest needs, for C and for assembly.
 *
 * Calls follow the SMC Calling Convention (DEN0028): HVC #0 (SMC #0 works as well), function id
 * in w0, arguments in x1.., results in x0..x3; x4-x17 are preserved although the convention
 * would allow to change them. An unknown id answers SKERRY_NOT_SUPPORTED and changes nothing.
 * Addresses in arguments are the guest's physical addresses (IPA). docs/abi.md has a page of
 * prose and an example for each call.
 */
#ifndef SKERRY_ABI_H
#define SKERRY_ABI_H

/* Discovery, as SMCCC lays down for the vendor-specific hypervisor range. */
#define SKERRY_CALL_COUNT 0x8600ff00	/* x0 = number of SKERRY_* calls below */
#define SKERRY_CALL_UID 0x8600ff01	/* w0..w3 = SKERRY_UID_0..3 */
#define SKERRY_CALL_REVISION 0x8600ff03 /* x0 = major, x1 = minor */

#define SKERRY_UID_0 0x59d4c1b2
#define SKERRY_UID_1 0x4e4a7d15
#define SKERRY_UID_2 0x2c9f36a8
#define SKERRY_UID_3 0x71e05b8d
#define SKERRY_REVISION_MAJOR 1
#define SKERRY_REVISION_MINOR 2

/* Skerry's own calls: fast, 64-bit, vendor-specific hypervisor service. */
#define SKERRY_FEATURES 0xc6000000	/* x1 = id: x0 = 0 if that call exists */
#define SKERRY_CONSOLE_WRITE 0xc6000001 /* x1 = IPA, x2 = bytes: x0 = bytes taken */
#define SKERRY_CONSOLE_READ 0xc6000002	/* x1 = IPA, x2 = room: x0 = bytes read, 0 if none wait */
#define SKERRY_YIELD 0xc6000003		/* let others run: x0 = 0 */
#define SKERRY_WHO_AM_I 0xc6000004	/* x1 = guest id, x2 = vCPU, x3 = vCPUs of this guest */
#define SKERRY_EXIT 0xc6000005		/* x1 = exit code 0..255: does not return */
#define SKERRY_CHANNEL_INFO 0xc6000006	/* x1 = index: x1 = IPA, x2 = bytes, x3 = INTID */
#define SKERRY_DOORBELL 0xc6000007	/* x1 = index: interrupt the guest at the other end */
#define SKERRY_CHANNEL_PEER 0xc6000008	/* x1 = index: x1 = SKERRY_PEER_*, x2 = its restarts */
#define SKERRY_WATCHDOG 0xc6000009	/* x1 = ms until this guest is held to be hung; 0: never */
#define SKERRY_COMMAND \
	0xc600000a /* x1 = IPA, x2 = bytes of a line; x3 = IPA, x4 = room for the answer: x1 = bytes */
#define SKERRY_CALLS 11 /* ids from SKERRY_FEATURES up */

/* How the guest at the other end of a channel is; each change rings the bell. */
#define SKERRY_PEER_READY 0 /* not started */
#define SKERRY_PEER_RUNNING 1
#define SKERRY_PEER_STOPPED 2 /* may go on */
#define SKERRY_PEER_ENDED 3
#define SKERRY_PEER_CRASHED 4 /* may start again */
#define SKERRY_PEER_GONE 5    /* destroyed; may be made again */

/* Results in x0. Counts and 0 are success; errors are negative, as SMCCC numbers them. */
#define SKERRY_SUCCESS 0
#define SKERRY_NOT_SUPPORTED (-1)
#define SKERRY_INVALID_PARAMETER (-3)
#define SKERRY_DENIED (-4)
#define SKERRY_FAILED (-5) /* the answer says why */
#define SKERRY_BUSY (-6)   /* nothing was done: ask again later */

/* One CONSOLE_WRITE or CONSOLE_READ moves at most this many bytes; a longer one is cut short. A write
 * may also end behind the first line that came out. */
#define SKERRY_CONSOLE_MAX 1024

/* A line of the operator's, without an end; its answer is cut to the room there is, and to this. */
#define SKERRY_COMMAND_MAX 119
#define SKERRY_ANSWER_MAX 4096

/* Where things are in a guest's physical address map: QEMU's `virt`, on every board. */
#define SKERRY_ROM_BASE 0x00000000 /* firmware, where the guest has one */
#define SKERRY_ROM_MAX 0x04000000
#define SKERRY_FLASH_BASE 0x04000000 /* CFI, 2 MiB, beside a firmware */
#define SKERRY_GICD_BASE 0x08000000
#define SKERRY_GICC_BASE 0x08010000	/* GICv2 */
#define SKERRY_GICR_BASE 0x080a0000	/* GICv3, 128 KiB a vCPU */
#define SKERRY_UART_BASE 0x09000000	/* PL011 */
#define SKERRY_RTC_BASE 0x09010000	/* PL031 */
#define SKERRY_FWCFG_BASE 0x09020000	/* beside a firmware */
#define SKERRY_WATCHDOG_BASE 0x090c0000 /* Generic Watchdog: control frame, refresh frame */
#define SKERRY_VIRTIO_BASE 0x0a000000
#define SKERRY_CHANNEL_BASE 0x0c000000 /* shared memory of channels, one after another */
#define SKERRY_DEVICE_BASE 0x0d000000  /* registers of granted devices; up to 0x10000000 */
#define SKERRY_RAM_BASE 0x40000000
#define SKERRY_FLAT_OFFSET 0x80000 /* a flat binary is entered at RAM + this */

/* Interrupts, as INTIDs. */
#define SKERRY_INTID_PTIMER 30
#define SKERRY_INTID_VTIMER 27
#define SKERRY_INTID_UART 33
#define SKERRY_INTID_RTC 34
#define SKERRY_INTID_WATCHDOG 35 /* WS0 */
#define SKERRY_INTID_CHANNEL 96	 /* + channel index, edge */
#define SKERRY_CHANNELS_MAX 16	 /* per guest */
#define SKERRY_INTID_DEVICE 112	 /* to 127: of granted devices, as the guest's tree says */
#define SKERRY_VCPUS_MAX 8

/* Arm's own calls that Skerry answers, by their numbers. */
#define SMCCC_VERSION 0x80000000
#define SMCCC_ARCH_FEATURES 0x80000001
#define PSCI_VERSION 0x84000000
#define PSCI_CPU_SUSPEND 0xc4000001
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_MIGRATE_INFO_TYPE 0x84000006
#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_FEATURES 0x8400000a
#define PV_TIME_FEATURES 0xc5000020 /* DEN0057 */
#define PV_TIME_ST 0xc5000021
#define TRNG_VERSION 0x84000050 /* DEN0098 */
#define TRNG_FEATURES 0x84000051
#define TRNG_GET_UUID 0x84000052
#define TRNG_RND 0xc4000053

#endif
