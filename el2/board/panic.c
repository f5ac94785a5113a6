// SPDX-License-Identifier: Apache-2.0
/*
 * The end of EL2 by its own mistake: message, back-trace, stop. Runs at EL2, perhaps on a broken
 * stack, with any lock held, or within itself; so it believes nothing and waits for nothing for ever.
 *
 * The back-trace follows frame records (AAPCS64, 6.4.6: {caller's record, return address}). Addresses
 * are printed as offsets into the image, which is linked at 0: they are those of skerry.elf.
 */
#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "board/gic.h"
#include "board/power.h"
#include "board/say.h"
#include "board/uart.h"
#include "lib/format.h"

#define FRAMES_MAX 24
/* No stack of EL2 is larger than this below its top: main.c, linker/skerry.ld. */
#define STACK_SIZE 0x3000
/* A record's distance to its caller's, on one stack. */
#define FRAME_MAX 0x2000

struct frame_record {
	const struct frame_record *caller;
	u64 return_address;
};

extern const char image_start[], image_const_start[]; /* linker/skerry.ld: bounds of the code */

/* TPIDR_EL2 may not have been set yet, or may be part of the trouble. */
static const struct pcpu *checked_self(void)
{
	u64 offset = (u64)this_pcpu() - (u64)pcpus;

	return offset < sizeof(pcpus) && offset % sizeof(pcpus[0]) == 0 ? this_pcpu() : NULL;
}

/* A record above `from` on the same stack, or one on this pCPU's own stack: an exception out of EL2
 * is handled on a stack of its own. */
static bool is_caller(const struct frame_record *from, const struct frame_record *to,
		      const struct pcpu *self)
{
	u64 at = (u64)to;

	if (at % 16 != 0)
		return false;
	if (at > (u64)from && at - (u64)from < FRAME_MAX)
		return true;
	return self != NULL && at < self->stack_top && self->stack_top - at <= STACK_SIZE;
}

static void say_back_trace(const struct frame_record *record, const struct pcpu *self)
{
	u64 code = (u64)(image_const_start - image_start);

	for (unsigned n = 0; n < FRAMES_MAX; n++) {
		u64 address = record->return_address & BITS(47, 0); /* without its signature */
		u64 offset = address - (u64)image_start;

		if (offset >= code)
			return;
		say("  called from +0x%llx\n", (unsigned long long)offset);
		if (!is_caller(record, record->caller, self))
			return;
		record = record->caller;
	}
}

/* Those that run guests stop at once. One that is in EL2 does so when it next looks for interrupts;
 * until then it can print nothing more. */
static void stop_others(const struct pcpu *self)
{
	if (gic == NULL || self == NULL || !self->online)
		return;
	for (unsigned i = 0; i < PCPUS_MAX; i++)
		if (pcpus[i].online && &pcpus[i] != self)
			gic->send_sgi(i, GIC_SGI_STOP);
}

void panic(const char *fmt, ...)
{
	static unsigned depth; /* panics within panics; one pCPU gets past say_last_words */
	const struct pcpu *self = checked_self();
	char text[256];
	va_list args;

	say_last_words();
	if (depth++ > 2)
		cpu_halt();
	va_start(args, fmt);
	(void)vformat(text, sizeof(text), fmt, args);
	va_end(args);
	say("skerry: panic on CPU %u: %s\n", self != NULL ? self->id : 0, text);
	if (depth == 1) {
		stop_others(self);
		say_back_trace(__builtin_frame_address(0), self);
	}
	power_off(1);
}
