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
#define DMA_HIGH 0x10
#define DMA_LOW 0x14

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
#define ID_DMA 2
#define DMA_SIGNATURE 0x47464320554d4551 /* "QEMU CFG" */

void vfwcfg_reset(struct vfwcfg *device)
{
	lock_take(&device->lock);
	device->item = ITEM_SIGNATURE;
	device->dma_high = 0;
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
		*number = ID_REGISTERS | ID_DMA;
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

/* Lock held. */
static const u8 *take(struct vfwcfg *device, const struct vfwcfg_items *items, u64 *number,
		      u64 *size)
{
	u64 end;
	const u8 *bytes = item_bytes(device->item, items, number, &end);
	u64 at = device->at;

	*size = MIN(*size, end - at);
	device->at += *size;
	return *size ? bytes + at : (const u8 *)number; /* there may be no bytes at all */
}

const u8 *vfwcfg_take(struct vfwcfg *device, const struct vfwcfg_items *items, u64 *number,
		      u64 *size)
{
	const u8 *bytes;

	lock_take(&device->lock);
	bytes = take(device, items, number, size);
	lock_drop(&device->lock);
	return bytes;
}

/* Lock held. */
static void choose(struct vfwcfg *device, u16 item)
{
	device->item = item & (u16)~ITEM_WRITE;
	device->at = 0;
}

void vfwcfg_select(struct vfwcfg *device, u16 item)
{
	lock_take(&device->lock);
	choose(device, item);
	lock_drop(&device->lock);
}

bool vfwcfg_starts_dma(struct vfwcfg *device, const struct mmio *mmio, u64 *descriptor)
{
	if (!mmio->write)
		return false;
	if (mmio->offset == DMA_HIGH && mmio->size == 8) {
		*descriptor = __builtin_bswap64(mmio->value);
		return true;
	}
	if (mmio->offset != DMA_LOW || mmio->size != 4)
		return false;
	lock_take(&device->lock);
	*descriptor = (u64)device->dma_high << 32 | __builtin_bswap32((u32)mmio->value);
	lock_drop(&device->lock);
	return true;
}

void vfwcfg_end_dma(struct vfwcfg *device)
{
	lock_take(&device->lock);
	device->dma_high = 0;
	lock_drop(&device->lock);
}

static void write(struct vfwcfg *device, const struct mmio *mmio)
{
	if (mmio->offset == SELECTOR && mmio->size == 2)
		choose(device, __builtin_bswap16((u16)mmio->value));
	if (mmio->offset == DMA_HIGH && mmio->size == 4)
		device->dma_high = __builtin_bswap32((u32)mmio->value);
}

static u64 read(struct vfwcfg *device, const struct vfwcfg_items *items, const struct mmio *mmio)
{
	u64 number = 0, value = 0, size = mmio->size;

	if (mmio->offset < SELECTOR) {
		const u8 *bytes = take(device, items, &number, &size);

		memcpy(&value, bytes, size);
	} else if (mmio->offset >= DMA_HIGH) {
		value = DMA_SIGNATURE >> 8 * (mmio->offset - DMA_HIGH);
		value = size < 8 ? value & (BIT(8 * size) - 1) : value;
	}
	return value;
}

void vfwcfg_access(struct vfwcfg *device, const struct vfwcfg_items *items, struct mmio *mmio)
{
	lock_take(&device->lock);
	if (mmio->write)
		write(device, mmio);
	else
		mmio->value = read(device, items, mmio);
	lock_drop(&device->lock);
}
