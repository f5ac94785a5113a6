// SPDX-License-Identifier: Apache-2.0
/*
 * Devices of the board in the hands of guests. Runs at EL2.
 *
 * A device's registers lie in the guest's map from SKERRY_DEVICE_BASE on, one device after another,
 * in whole pages, each at the offset in its page that it has in the machine; its interrupts are the
 * guest's SPIs from SKERRY_INTID_DEVICE on. So a guest's map is the same on every board, and nothing
 * of a board can collide with what Skerry emulates. The guest's tree says where things are.
 *
 * The table is made with the bundle; later only who has what changes, as guests are destroyed and made
 * anew. Whoever holds a guest finds it there or not as long as he does.
 */
#include "guest/grant.h"

#include "arch/mmu.h"
#include "board/gic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

#define TABLE_ORDER 2

struct grant {
	struct guest *guest; /* NULL: destroyed */
	char owner[GUEST_NAME_MAX + 1];
	struct device device;
	u64 ipa[DEVICE_REGS_MAX];
	u32 intid; /* of the first interrupt: the others follow */
};

static struct grant *grants;
static unsigned grants_made;
/* Protects grant.guest, and how the physical controller treats granted interrupts. */
static struct lock lock;

#define for_each_grant(g)                                                               \
	for (struct grant *g = grants, *g##_end = grants ? grants + grants_made : NULL; \
	     g < g##_end; g++)

static u64 pages_end(u64 ipa, u64 size)
{
	return ALIGN_UP(ipa + size, PAGE_SIZE);
}

/* Behind what its owner has already. */
static void place(struct grant *grant)
{
	u64 next = SKERRY_DEVICE_BASE;
	u32 intid = SKERRY_INTID_DEVICE;

	for_each_grant(other) {
		const struct device *device = &other->device;
		u32 last = device->reg_count - 1;

		if (other->guest != grant->guest)
			continue;
		next = pages_end(other->ipa[last], device->regs[last].size);
		intid = other->intid + device->irq_count;
	}
	grant->intid = intid;
	for (u32 i = 0; i < grant->device.reg_count; i++) {
		grant->ipa[i] = next + grant->device.regs[i].base % PAGE_SIZE;
		next = pages_end(grant->ipa[i], grant->device.regs[i].size);
	}
}

bool grants_create(const struct bundle *bundle, struct fdt_error *err)
{
	pa_t table;

	_Static_assert(GRANTS_MAX * sizeof(struct grant) <= PAGE_SIZE << TABLE_ORDER,
		       "the table's frames");
	_Static_assert(GUEST_GRANTS_MAX * DEVICE_REGS_MAX * (DEVICE_REG_SIZE_MAX + PAGE_SIZE) <=
			       0x10000000 - SKERRY_DEVICE_BASE,
		       "the window in the guest's map");
	grants = NULL;
	grants_made = 0;
	if (!bundle->grant_count)
		return true;
	table = frames_take_pages(OWNER_EL2, FRAME_EL2, TABLE_ORDER);
	if (!table.v) {
		format(err->text, sizeof(err->text), "devices: no memory left");
		return false;
	}
	grants = mmu_pointer(table);
	for (u32 i = 0; i < bundle->grant_count; i++) {
		struct grant_config config;

		bundle_grant(bundle, i, &config, &grants[i].device);
		grants[i].guest = guest_by_id(config.guest);
		memcpy(grants[i].owner, grants[i].guest->config.name, sizeof(grants[i].owner));
		place(&grants[i]);
		grants_made = i + 1;
	}
	return true;
}

void grants_forget(void)
{
	if (grants)
		frames_give_pages(OWNER_EL2, mmu_address(grants), TABLE_ORDER);
	grants = NULL;
	grants_made = 0;
}

void grants_join(struct guest *guest)
{
	lock_take(&lock);
	for_each_grant(grant)
		if (strcmp(grant->owner, guest->config.name) == 0)
			grant->guest = guest;
	lock_drop(&lock);
}

void grants_leave(struct guest *guest)
{
	lock_take(&lock);
	for_each_grant(grant)
		if (grant->guest == guest)
			grant->guest = NULL;
	lock_drop(&lock);
}

u64 grants_tables(const struct guest *guest)
{
	u64 end = SKERRY_DEVICE_BASE;

	for_each_grant(grant) {
		u32 last = grant->device.reg_count - 1;

		if (grant->guest == guest)
			end = pages_end(grant->ipa[last], grant->device.regs[last].size);
	}
	return stage2_tables_needed(SKERRY_DEVICE_BASE, end - SKERRY_DEVICE_BASE);
}

static bool map_range(struct guest *guest, u64 ipa, const struct fdt_range *range)
{
	u64 pa = ALIGN_DOWN(range->base, PAGE_SIZE), end = pages_end(ipa, range->size);

	for (ipa = ALIGN_DOWN(ipa, PAGE_SIZE); ipa < end; ipa += PAGE_SIZE, pa += PAGE_SIZE)
		if (!stage2_map(&guest->map, IPA(ipa), PA(pa), PAGE_SIZE, STAGE2_DEVICE))
			return false;
	return true;
}

bool grants_map(struct guest *guest)
{
	for_each_grant(grant)
		for (u32 i = 0; grant->guest == guest && i < grant->device.reg_count; i++)
			if (!map_range(guest, grant->ipa[i], &grant->device.regs[i]))
				return false;
	return true;
}

unsigned grants_describe(const struct guest *guest, struct tree_device *list)
{
	unsigned n = 0;

	for_each_grant(grant)
		if (grant->guest == guest)
			list[n++] = (struct tree_device){
				.device = &grant->device,
				.ipa = grant->ipa,
				.intid = grant->intid,
			};
	return n;
}

void grants_open(struct guest *guest)
{
	lock_take(&lock);
	for_each_grant(grant)
		for (u32 i = 0; grant->guest == guest && i < grant->device.irq_count; i++) {
			u32 pintid = grant->device.irqs[i].intid;

			vgic_open_device(&guest->vgic, grant->intid + i, pintid);
			gic->enable(pintid, grant->device.irqs[i].level);
		}
	lock_drop(&lock);
}

void grants_close(struct guest *guest)
{
	lock_take(&lock);
	for_each_grant(grant)
		for (u32 i = 0; grant->guest == guest && i < grant->device.irq_count; i++) {
			gic->disable(grant->device.irqs[i].intid);
			vgic_close_device(&guest->vgic, grant->intid + i);
		}
	lock_drop(&lock);
}

/* It may have been taken here while its guest ended on another pCPU, and is gone. */
static void deliver(const struct grant *grant, u32 index)
{
	bool open;

	lock_take(&lock);
	open = grant->guest && vgic_inject_device(&grant->guest->vgic, grant->intid + index);
	if (!open)
		gic->deactivate(grant->device.irqs[index].intid);
	lock_drop(&lock);
}

bool grant_interrupt(u32 intid)
{
	for_each_grant(grant)
		for (u32 i = 0; i < grant->device.irq_count; i++)
			if (grant->device.irqs[i].intid == intid) {
				deliver(grant, i);
				return true;
			}
	return false;
}
