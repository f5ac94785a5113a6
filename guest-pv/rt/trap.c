// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's exceptions, at EL1: IRQs go to the GIC's dispatch, synchronous ones to the guest's own
 * hook, to catch_begin()'s caller, or to a report that ends the guest with code 255.
 * Exception classes: Arm ARM D17.2.37, ESR_EL1.
 */
#include "rt.h"
#include "internal.h"

#define EC_UNKNOWN 0x00
#define EC_IABT_CUR 0x21
#define EXIT_UNEXPECTED 255
#define KIND_SYNC 0 /* of frame's kind & 3; 2 is FIQ, 3 SError */
#define KIND_IRQ 1

bool (*on_sync)(struct frame *f);
void (*on_irq)(struct frame *f);

const char *ec_name(u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_UNKNOWN:
		return "undefined instruction";
	case 0x07:
		return "FP/SIMD access trapped";
	case 0x0e:
		return "illegal execution state";
	case 0x15:
		return "SVC";
	case 0x18:
		return "system register trapped";
	case 0x20:
		return "instruction abort from EL0";
	case EC_IABT_CUR:
		return "instruction abort";
	case 0x22:
		return "PC alignment fault";
	case 0x24:
		return "data abort from EL0";
	case 0x25:
		return "data abort";
	case 0x26:
		return "SP alignment fault";
	case 0x2f:
		return "SError";
	case 0x3c:
		return "BRK";
	default:
		return "exception";
	}
}

void catch_begin(void)
{
	struct cpu *cpu = this_cpu();

	cpu->caught = 0;
	cpu->esr = 0;
	cpu->far = 0;
	cpu->catching = true;
	isb();
}

u32 catch_end(void)
{
	struct cpu *cpu = this_cpu();

	/* An abort reported asynchronously would come here at the latest. */
	dsb();
	isb();
	cpu->catching = false;
	return *(volatile u32 *)&cpu->caught;
}

static bool caught(struct frame *f)
{
	struct cpu *cpu = this_cpu();

	if (!cpu->catching)
		return false;
	cpu->caught++;
	cpu->esr = f->esr;
	cpu->far = f->far;
	/* A failed fetch has no instruction to skip: it was called, so return from the call. */
	f->elr = ESR_EC(f->esr) == EC_IABT_CUR ? f->x[30] : f->elr + 4;
	return true;
}

void trap(struct frame *f)
{
	if ((f->kind & 3) == KIND_IRQ) {
		if (on_irq)
			on_irq(f);
		else
			irq_dispatch();
		return;
	}
	if (on_sync && on_sync(f))
		return;
	if ((f->kind & 3) == KIND_SYNC && caught(f))
		return;
	this_cpu()->catching = false;
	print("unexpected %s on CPU %u: vector %lu, ESR %lx, FAR %lx, PC %lx\n", ec_name(f->esr),
	      this_cpu()->number, f->kind, f->esr, f->far, f->elr);
	guest_exit(EXIT_UNEXPECTED);
}
