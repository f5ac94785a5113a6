// SPDX-License-Identifier: Apache-2.0
/*
 * Calls to what is below, at EL1 by HVC #0: Skerry's own (el2/abi/skerry.h) and PSCI's, in the
 * registers of SMCCC (DEN0028). Where Skerry is not below, its numbers answer NOT_SUPPORTED.
 */
#include "rt.h"

struct smccc hypercall(u64 id, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = id;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	/* Skerry keeps x4-x17, the convention needn't. */
	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (struct smccc){x0, x1, x2, x3};
}

s64 command(const char *line, char *text, size_t room)
{
	u64 length = str_len(line);
	register u64 x0 __asm__("x0") = SKERRY_COMMAND;
	register u64 x1 __asm__("x1") = (u64)line;
	register u64 x2 __asm__("x2") = length;
	register u64 x3 __asm__("x3") = (u64)text;
	register u64 x4 __asm__("x4") = room - 1;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
			 :
			 : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
			   "x16", "x17", "memory");
	text[(s64)x0 == SKERRY_SUCCESS || (s64)x0 == SKERRY_FAILED ? x1 : 0] = 0;
	return (s64)x0;
}

bool on_skerry(void)
{
	static u32 known; /* 0: not asked yet, 1: no, 2: yes */
	struct smccc r;

	if (!known) {
		r = hypercall(SKERRY_CALL_UID, 0, 0, 0);
		known = (u32)r.x0 == SKERRY_UID_0 && (u32)r.x1 == SKERRY_UID_1 &&
					(u32)r.x2 == SKERRY_UID_2 && (u32)r.x3 == SKERRY_UID_3 ?
				2 :
				1;
	}
	return known == 2;
}

void yield(void)
{
	if (on_skerry())
		hypercall(SKERRY_YIELD, 0, 0, 0);
	else
		__asm__ volatile("yield");
}

void guest_exit(u64 code)
{
	if (on_skerry())
		hypercall(SKERRY_EXIT, code & 0xff, 0, 0);
	hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

bool channel_open(u32 nth, struct channel *c)
{
	node_t node = fdt_find("skerry,channel", nth);
	u64 ipa;

	if (!node || !fdt_reg(node, 0, &ipa, &c->size))
		return false;
	/* Its memory is seen as normal memory through the window at 3 GiB (rt.h). */
	c->memory = (volatile void *)(0xc0000000ul + ipa);
	c->index = fdt_cell(node, "index", 0, nth);
	c->intid = fdt_cell(node, "interrupts", 1, SKERRY_INTID_CHANNEL + nth - 32) + 32;
	c->peer = fdt_prop(node, "peer", NULL);
	if (!c->peer)
		c->peer = "?";
	return true;
}

void channel_listen(const struct channel *c, void (*fn)(u32 intid))
{
	irq_edge(c->intid);
	irq_enable(c->intid, fn);
}

s64 channel_ring(const struct channel *c)
{
	/* What was written before is there before the bell is heard. */
	dsb();
	return (s64)hypercall(SKERRY_DOORBELL, c->index, 0, 0).x0;
}
