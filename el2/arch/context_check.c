// SPDX-License-Identifier: Apache-2.0
/*
 * Whether this pCPU's EL2 registers are what the loaded context needs, for checked builds: each read back
 * and held against what was meant. Runs at EL2, before the ERET. Numbers from the Arm ARM, D17.2.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/pcpu.h"
#include "arch/sysreg.h"

/* HCR_EL2, what makes a guest one: VM, PTW, FMO, IMO, AMO, TSC, TIDCP, TACR, TSW, RW; TGE must be 0. */
#define HCR_ALWAYS 0x8078003d
#define HCR_NEVER BIT(27)
#define MDCR_ALWAYS 0xe60 /* TPMCR, TPM, TDA, TDOSA, TDRA */
#define CPTR_TFP BIT(10)

extern const char vectors[];

static bool is(struct finding *finding, const char *name, u64 now, u64 expected)
{
	return now == expected || found(finding, "CPU %u: %s is %lx, expected %lx", this_pcpu()->id,
					name, now, expected);
}

bool context_check(const struct context *ctx, struct finding *finding)
{
	u64 hcr = read_sysreg(hcr_el2), mdcr = read_sysreg(mdcr_el2);
	bool fp_traps = read_sysreg(cptr_el2) & CPTR_TFP;

	return is(finding, "HCR_EL2", hcr, ctx->hcr) &&
	       is(finding, "HCR_EL2's own", hcr & (HCR_ALWAYS | HCR_NEVER), HCR_ALWAYS) &&
	       is(finding, "MDCR_EL2's own", mdcr & MDCR_ALWAYS, MDCR_ALWAYS) &&
	       is(finding, "VMPIDR_EL2", read_sysreg(vmpidr_el2), ctx->vmpidr) &&
	       is(finding, "VBAR_EL2", read_sysreg(vbar_el2), (u64)vectors) &&
	       is(finding, "CPTR_EL2.TFP", fp_traps, this_pcpu()->fp_owner != ctx) &&
	       is(finding, "HSTR_EL2", read_sysreg(hstr_el2), 0);
}
