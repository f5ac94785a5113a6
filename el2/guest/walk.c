// SPDX-License-Identifier: Apache-2.0
/*
 * Stage 1 in software. Runs at EL2. At most four levels, each one read of the guest's own memory, so
 * tables that the guest made wrong end the walk and nothing else.
 */
#include "guest/walk.h"

#define SCTLR_M BIT(0)
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

/* Input size and granule, as numbers of bits, of the half of TCR_EL1 that is for `va`. */
static bool geometry(u64 tcr, bool upper, unsigned *input, unsigned *granule)
{
	static const u8 granules[2][4] = {{12, 16, 14, 0}, {0, 14, 12, 16}};
	unsigned size = (unsigned)(upper ? FIELD(tcr, 21, 16) : FIELD(tcr, 5, 0));

	*input = 64 - size;
	*granule = granules[upper][upper ? FIELD(tcr, 31, 30) : FIELD(tcr, 15, 14)];
	return *granule && size >= 16 && size <= 39 && !(tcr & (upper ? TCR_EPD1 : TCR_EPD0));
}

/* All bits above the input size are as bit 55 says; with top byte ignore the last eight need not be. */
static bool in_range(u64 va, unsigned input, bool top_byte_ignored)
{
	u64 above = BITS(top_byte_ignored ? 55 : 63, input);

	return (va & above) == 0 || (va & above) == above;
}

bool walk_span(struct vcpu *vcpu, u64 va, ipa_t *ipa, u64 *span)
{
	const u64 *el1 = vcpu->ctx.el1;
	bool upper = va & BIT(55);
	u64 tcr = el1[EL1_tcr_el1],
	    entry = el1[upper ? EL1_ttbr1_el1 : EL1_ttbr0_el1] & BITS(47, 1);
	unsigned input, granule, stride;

	*span = BIT(48);
	if (!(el1[EL1_sctlr_el1] & SCTLR_M)) {
		*ipa = IPA(va);
		return true;
	}
	if (!geometry(tcr, upper, &input, &granule))
		return false;
	*span = BIT(input);
	if (!in_range(va, input, tcr & (upper ? BIT(38) : BIT(37))))
		return false;
	stride = granule - 3;
	for (unsigned level = 3 - (input - granule - 1) / stride; level < 4; level++) {
		unsigned low = granule + (3 - level) * stride;
		unsigned high = MIN(low + stride, input) - 1;
		u64 table = entry;

		*span = BIT(low);
		if (!guest_peek(vcpu->guest, &entry, IPA(table + FIELD(va, high, low) * 8), 8))
			return false;
		if (!(entry & BIT(0)))
			return false;
		if (level == 3 ? !(entry & BIT(1)) : level == 0 && !(entry & BIT(1)))
			return false;
		if (level == 3 || !(entry & BIT(1))) {
			*ipa = IPA((entry & BITS(47, low)) | (va & (BIT(low) - 1)));
			return true;
		}
		entry &= BITS(47, granule);
	}
	return false;
}

bool walk_translate(struct vcpu *vcpu, u64 va, ipa_t *ipa)
{
	u64 span;

	return walk_span(vcpu, va, ipa, &span);
}
