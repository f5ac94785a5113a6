// SPDX-License-Identifier: Apache-2.0
/*
 * The PL031's registers (DDI 0224, 3.2). Runs at EL2. There is no clock of the day on any board that
 * Skerry knows, so time begins with the guest.
 */
#include "vdev/vrtc.h"

#include "arch/timer.h"

#define RTCDR 0x000
#define RTCCR 0x00c
#define RTC_ID 0xfe0

static u64 read(u64 count, u64 offset)
{
	static const u8 id[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	if (offset == RTCDR)
		return (u32)(count / timer_frequency());
	if (offset == RTCCR)
		return 1; /* started, always */
	if (offset >= RTC_ID && offset < RTC_ID + 4 * sizeof(id))
		return id[(offset - RTC_ID) / 4];
	return 0;
}

/* Registers are words; a narrower read sees its bytes of one. */
void vrtc_access(u64 count, struct mmio *mmio)
{
	u64 offset = mmio->offset & ~3ULL;

	if (mmio->write)
		return;
	mmio->value = read(count, offset) >> 8 * (mmio->offset & 3);
	if (mmio->size == 8)
		mmio->value |= read(count, offset + 4) << 32;
	else
		mmio->value &= BIT(8 * mmio->size) - 1;
}
