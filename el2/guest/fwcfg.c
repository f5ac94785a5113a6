// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration device of a guest with a firmware: what its items are, and its DMA. Runs at EL2 for the
 * vCPU that trapped.
 *
 * DMA goes in steps, one each time the guest's store is run: how far it came stands in the guest's own
 * descriptor, whose length and address move along, and the store is run again until nothing is left. So no
 * step takes long, interrupts are taken between two, and there is no state of it anywhere else. Follows
 * QEMU's docs/specs/fw_cfg; the descriptor is big-endian.
 */
#include "guest/guest.h"

#define STEP (64 * KIB)

struct descriptor {
	u32 control, length;
	u64 address;
};

#define CONTROL_ERROR BIT(0)
#define CONTROL_READ BIT(1)
#define CONTROL_SKIP BIT(2)
#define CONTROL_SELECT BIT(3)
#define CONTROL_WRITE BIT(4)

/* Reads some of the item to the guest's memory; zeroes behind its end. What is still to be done. */
static u32 read_some(struct guest *guest, const struct vfwcfg_items *items, struct descriptor *d)
{
	static const u8 zeroes[256];
	u64 number = 0, size = MIN(d->length, (u32)STEP);
	const u8 *bytes = vfwcfg_take(&guest->fwcfg, items, &number, &size);

	if (!size && d->length) {
		bytes = zeroes;
		size = MIN(d->length, (u32)sizeof(zeroes));
	}
	if (!guest_write(guest, IPA(d->address), bytes, size))
		return CONTROL_ERROR;
	d->address += size;
	d->length -= (u32)size;
	return d->length ? CONTROL_READ : 0;
}

static u32 carry_out(struct guest *guest, const struct vfwcfg_items *items, struct descriptor *d)
{
	u64 number = 0, size = d->length;

	if (d->control & CONTROL_SELECT)
		vfwcfg_select(&guest->fwcfg, (u16)(d->control >> 16));
	if (d->control & CONTROL_READ)
		return read_some(guest, items, d);
	if (d->control & CONTROL_WRITE)
		return CONTROL_ERROR;
	if (d->control & CONTROL_SKIP)
		(void)vfwcfg_take(&guest->fwcfg, items, &number, &size);
	return 0;
}

/* One step. True: there are more. A descriptor that is not in the guest's memory does nothing. */
static bool step(struct guest *guest, const struct vfwcfg_items *items, u64 ipa)
{
	struct descriptor d;

	if (!guest_read(guest, &d, IPA(ipa), sizeof(d)))
		return false;
	d.control = __builtin_bswap32(d.control);
	d.length = __builtin_bswap32(d.length);
	d.address = __builtin_bswap64(d.address);
	d.control = carry_out(guest, items, &d);
	d = (struct descriptor){__builtin_bswap32(d.control), __builtin_bswap32(d.length),
				__builtin_bswap64(d.address)};
	return guest_write(guest, IPA(ipa), &d, sizeof(d)) &&
	       d.control == __builtin_bswap32(CONTROL_READ);
}

bool guest_fwcfg(struct guest *guest, struct mmio *mmio)
{
	const struct guest_config *config = &guest->config;
	const struct vfwcfg_items items = {
		.kernel = config->kernel.data,
		.initrd = config->initrd.data,
		.kernel_size = config->kernel.size,
		.initrd_size = config->initrd.size,
		.command_line = config->bootargs,
		.cpus = config->cpus,
	};
	u64 descriptor;

	if (!config->firmware.size)
		return false;
	if (!vfwcfg_starts_dma(&guest->fwcfg, mmio, &descriptor)) {
		vfwcfg_access(&guest->fwcfg, &items, mmio);
		return true;
	}
	if (step(guest, &items, descriptor)) {
		mmio->size = 0;
		return false;
	}
	vfwcfg_end_dma(&guest->fwcfg);
	return true;
}
