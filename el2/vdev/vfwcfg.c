// SPDX-License-Identifier: Apache-2.0
/*
 * The registers of fw_cfg and its items. Runs at EL2 for the vCPU that trapped. Follows QEMU's
 * docs/specs/fw_cfg: the selector is big-endian; data come in the order of the item's bytes, the first one
 * at the lowest address, and zeroes behind its last.
 */
#include "vdev/vfwcfg.h"

#include "lib/string.h"

#define DATA 0x00
#define SELECTOR 0x08

#define ITEM_SIGNATURE 0x00
#define ITEM_ID 0x01
#define ITEM_CPUS 0x05
#define ITEM_KERNEL_SIZE 0x08
#define ITEM_INITRD_SIZE 0x0b
#define ITEM_KERNEL 0x11
#define ITEM_INITRD 0x12
#define ITEM_COMMAND_LINE_SIZE 0x14
#define ITEM_COMMAND_LINE 0x15
#define ITEM_WRITE 0x4000 /* says what the guest means to do; nothing can be written */

#define ID_REGISTERS 1 /* can be read through registers */

void vfwcfg_reset(struct vfwcfg *device)
{
	lock_take(&device->lock);
	device->item = ITEM_SIGNATURE;
	device->at = 0;
	lock_drop(&device->lock);
}

/* The item's bytes; a number is in `number`. The file directory is empty: a count of 0. */
static const u8 *item_bytes(u16 item, const struct vfwcfg_items *items, u64 *number, u64 *size)
{
	*size = sizeof(u32);
	switch (item) {
	case ITEM_SIGNATURE:
		return (const u8 *)"QEMU";
	case ITEM_ID:
		*number = ID_REGISTERS;
		break;
	case ITEM_CPUS:
		*number = items->cpus;
		*size = sizeof(u16);
		break;
	case ITEM_KERNEL_SIZE:
		*number = items->kernel_size;
		break;
	case ITEM_INITRD_SIZE:
		*number = items->initrd_size;
		break;
	case ITEM_COMMAND_LINE_SIZE:
		*number = items->kernel_size ? strlen(items->command_line) + 1 : 0;
		break;
	case ITEM_KERNEL:
		*size = items->kernel_size;
		return items->kernel;
	case ITEM_INITRD:
		*size = items->initrd_size;
		return items->initrd;
	case ITEM_COMMAND_LINE:
		*size = strlen(items->command_line) + 1;
		return (const u8 *)items->command_line;
	default:
		*size = 0;
		break;
	}
	return (const u8 *)number;
}

static u64 read_data(struct vfwcfg *device, const struct vfwcfg_items *items, u64 size)
{
	u64 number = 0, value = 0, end;
	const u8 *bytes = item_bytes(device->item, items, &number, &end);
	u64 n = MIN(size, end - device->at);

	if (n) /* there may be no bytes at all */
		memcpy(&value, bytes + device->at, n);
	device->at += n;
	return value;
}

void vfwcfg_access(struct vfwcfg *device, const struct vfwcfg_items *items, struct mmio *mmio)
{
	lock_take(&device->lock);
	if (mmio->write) {
		if (mmio->offset == SELECTOR && mmio->size == sizeof(u16)) {
			device->item = __builtin_bswap16((u16)mmio->value) & (u16)~ITEM_WRITE;
			device->at = 0;
		}
	} else {
		mmio->value = mmio->offset < SELECTOR ? read_data(device, items, mmio->size) : 0;
	}
	lock_drop(&device->lock);
}
