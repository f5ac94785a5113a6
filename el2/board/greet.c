// SPDX-License-Identifier: Apache-2.0
/*
 * The first words of EL2, on every board: a person whose board does not do what it should finds here
 * what it started from. Runs at EL2 on the boot CPU, once there is a UART. Registers by the Arm ARM's
 * sections D17.2.102 (MIDR_EL1), D17.2.118 (SCTLR_EL2), D17.2.48 (HCR_EL2).
 */
#include "board/greet.h"

#include "board/say.h"
#include "lib/format.h"

#define DAIF_ALL 0x3c0
#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)
#define SCTLR_I BIT(12)
#define HCR_E2H BIT(34)
#define ARM_LIMITED 0x41

static const struct {
	u16 part;
	char name[14];
} cores[] = {
	{0xd03, "Cortex-A53"}, {0xd05, "Cortex-A55"}, {0xd07, "Cortex-A57"},  {0xd08, "Cortex-A72"},
	{0xd09, "Cortex-A73"}, {0xd0b, "Cortex-A76"}, {0xd0c, "Neoverse-N1"},
};

void greet_cpu_name(char *text, size_t size, u64 midr)
{
	unsigned maker = (unsigned)FIELD(midr, 31, 24), part = (unsigned)FIELD(midr, 15, 4);
	unsigned variant = (unsigned)FIELD(midr, 23, 20), revision = (unsigned)FIELD(midr, 3, 0);

	for (size_t i = 0; i < ARRAY_SIZE(cores); i++)
		if (maker == ARM_LIMITED && cores[i].part == part) {
			format(text, size, "%s r%up%u", cores[i].name, variant, revision);
			return;
		}
	format(text, size, "part 0x%x of maker 0x%x, r%up%u", part, maker, variant, revision);
}

static void say_tree(u64 x0, const struct handover *h)
{
	if (!h->built_in)
		say("skerry: tree   at %p\n", h->tree);
	else if (!h->atags_at)
		say("skerry: tree   none at x0 = 0x%lx: a built-in one\n", x0);
	else
		say("skerry: tree   none: a built-in one, and ATAGs at 0x%lx%s\n", h->atags_at,
		    h->atags_good ? "" : ", which make no sense");
}

static const char *on(u64 bits)
{
	return bits ? "on" : "off";
}

void greet(const struct entry *e, const struct handover *h, const char *model)
{
	char cpu[48];

	greet_cpu_name(cpu, sizeof(cpu), e->midr);
	say("\nskerry: entered at EL%lu, interrupts %s: DAIF 0x%lx\n", e->level,
	    (e->daif & DAIF_ALL) == DAIF_ALL ? "masked" : "not all masked", e->daif);
	say("skerry: image  at 0x%lx\n", e->image);
	say_tree(e->x0, h);
	say("skerry: board  %s\n", model);
	say("skerry: CPU    %s: MIDR 0x%lx\n", cpu, e->midr);
	say("skerry: left   MMU %s, caches %s%s: SCTLR_EL2 0x%lx, HCR_EL2 0x%lx, SPSR_EL2 0x%lx\n",
	    on(e->sctlr & SCTLR_M), on(e->sctlr & (SCTLR_C | SCTLR_I)),
	    e->hcr & HCR_E2H ? ", a host's view of EL2" : "", e->sctlr, e->hcr, e->spsr);
}
