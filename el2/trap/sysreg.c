// SPDX-License-Identifier: Apache-2.0
/*
 * System registers that trap: MRS, MSR and system instructions of a guest (EC 0x18). Runs at EL2 for
 * the loaded vCPU.
 *
 * Always: a guest sees an ID field only if what it promises works, its state being switched with the
 * vCPU; the list of these fields is here, and every other field reads as "not there". What is not in
 * the table of registers is UNDEFINED, as on a CPU without it. Arm ARM D17.2 (registers), D17.3
 * (debug), D17.5.4 (ESR's ISS for EC 0x18).
 */
#include "trap/sysreg.h"

#include "abi/skerry.h"
#include "arch/idregs.h"

/* ISS of EC 0x18 */
#define ISS_CRM(iss) FIELD(iss, 4, 1)
#define ISS_OP2(iss) FIELD(iss, 19, 17)

/* op0 = 3, op1 = 0, CRn = 0, reads, with CRm and op2 left open: the ID registers */
#define ISS_ID_MASK (BITS(21, 20) | BITS(16, 10) | BIT(0))
#define ISS_ID (3ULL << 20 | 1)

/* All but Rt; and that of MSR ICC_SGI1R_EL1, which guests do most. */
#define ISS_REGISTER (BITS(21, 10) | BITS(4, 0))
#define ISS_WRITE_SGI1R (3ULL << 20 | 5ULL << 17 | 12ULL << 10 | 11ULL << 1)

static u32 key_of(u64 iss)
{
	return (u32)(FIELD(iss, 21, 20) << 14 | FIELD(iss, 16, 10) << 7 | ISS_CRM(iss) << 3 |
		     ISS_OP2(iss));
}

/*
 * ID fields that guests see, and the highest value of each that Skerry makes good. "Signed" fields
 * say "not there" by 0xf. Not listed, so hidden: AArch32, EL2, EL3, SVE, SME, tags in memory (MTE2),
 * error records, MPAM, AMU, PMU, SPE, trace, LOR, nested virtualisation, MOPS, LS64, common-not-
 * private translations, big-endian data (emulated devices are little-endian), 52-bit addresses,
 * permission indirection and what else HCRX_EL2 keeps off.
 */
struct id_field {
	u8 crm, op2, shift, max;
	bool is_signed;
};

static const struct id_field id_fields[] = {
	{4, 0, 16, 1, true},  /* PFR0: FP, half precision */
	{4, 0, 20, 1, true},  /* AdvSIMD */
	{4, 0, 28, 1, false}, /* RAS, without error records: DISR_EL1 */
	{4, 0, 48, 1, false}, /* DIT: PSTATE */
	{4, 0, 56, 1, false}, /* CSV2, without SCXTNUM */
	{4, 0, 60, 1, false}, /* CSV3 */
	{4, 1, 0, 1, false},  /* PFR1: BT, branch targets: PSTATE */
	{4, 1, 4, 2, false},  /* SSBS: PSTATE */
	{4, 1, 8, 1, false},  /* MTE without tags in memory: PSTATE */
	{4, 1, 36, 1, false}, /* NMI: PSTATE; the vGIC has none to send */
	{6, 0, 4, 2, false},  /* ISAR0: AES, PMULL */
	{6, 0, 8, 1, false},  /* SHA1 */
	{6, 0, 12, 2, false}, /* SHA2: 256, 512 */
	{6, 0, 16, 1, false}, /* CRC32 */
	{6, 0, 20, 2, false}, /* Atomic: LSE */
	{6, 0, 28, 1, false}, /* RDM */
	{6, 0, 32, 1, false}, /* SHA3 */
	{6, 0, 36, 1, false}, /* SM3 */
	{6, 0, 40, 1, false}, /* SM4 */
	{6, 0, 44, 1, false}, /* DP */
	{6, 0, 48, 1, false}, /* FHM */
	{6, 0, 52, 2, false}, /* TS: flag manipulation */
	{6, 0, 56, 2, false}, /* TLB: outer shareable, ranges; bound to the guest's VMID */
	{6, 0, 60, 1, false}, /* RNDR */
	{6, 1, 0, 2, false},  /* ISAR1: DPB, clean to persistence */
	{6, 1, 4, 5, false},  /* APA: pointer authentication by QARMA5; its keys are switched */
	{6, 1, 8, 5, false},  /* API */
	{6, 1, 12, 1, false}, /* JSCVT */
	{6, 1, 16, 1, false}, /* FCMA */
	{6, 1, 20, 2, false}, /* LRCPC */
	{6, 1, 24, 1, false}, /* GPA */
	{6, 1, 28, 1, false}, /* GPI */
	{6, 1, 32, 1, false}, /* FRINTTS */
	{6, 1, 36, 1, false}, /* SB */
	{6, 1, 40, 1, false}, /* SPECRES */
	{6, 1, 44, 2, false}, /* BF16, FPCR.EBF */
	{6, 1, 48, 1, false}, /* DGH */
	{6, 1, 52, 1, false}, /* I8MM */
	{6, 1, 56, 1, false}, /* XS */
	{6, 2, 0, 2, false},  /* ISAR2: WFxT; where it traps it ends early, which it may */
	{6, 2, 4, 1, false},  /* RPRES: FPCR.AH */
	{6, 2, 8, 1, false},  /* GPA3 */
	{6, 2, 12, 5, false}, /* APA3 */
	{6, 2, 20, 1, false}, /* BC */
	{6, 2, 24, 1, false}, /* PAC_frac */
	{6, 2, 48, 1, false}, /* RPRFM */
	{6, 2, 52, 1, false}, /* CSSC */
	{7, 0, 0, 2, false},  /* MMFR0: PARange, up to 40 bits: as far as stage 2 ever reaches */
	{7, 0, 4, 2, false},  /* ASIDBits */
	{7, 0, 20, 1, false}, /* TGran16 */
	{7, 0, 24, 0, true},  /* TGran64 */
	{7, 0, 28, 0, true},  /* TGran4 */
	{7, 0, 60, 1, false}, /* ECV: self-synchronised counters */
	{7, 1, 0, 2, false},  /* MMFR1: HAFDBS, access flag and dirty state by hardware */
	{7, 1, 12, 1, false}, /* HPDS */
	{7, 1, 20, 3, false}, /* PAN: PSTATE, SCTLR_EL1.EPAN */
	{7, 1, 36, 1, false}, /* ETS */
	{7, 1, 44, 1, false}, /* AFP: FPCR */
	{7, 1, 52, 1, false}, /* TIDCP1: SCTLR_EL1 */
	{7, 2, 4, 1, false},  /* MMFR2: UAO: PSTATE */
	{7, 2, 20, 1, false}, /* CCIDX: the form of CCSIDR_EL1, which does not trap */
	{7, 2, 28, 1, false}, /* ST: small translation tables */
	{7, 2, 32, 1, false}, /* AT: unaligned single-copy atomicity */
	{7, 2, 36, 1, false}, /* IDS: EC of EL0's reads of these */
	{7, 2, 48, 1, false}, /* TTL */
	{7, 2, 52, 2, false}, /* BBM */
	{7, 2, 60, 1, false}, /* E0PD */
};

/* What a guest reads whatever the CPU says. */
#define PFR0_FIXED 0x11	 /* EL1 and EL0 in AArch64 only; no EL2, no EL3 */
#define PFR0_GIC BIT(24) /* GICv3's system registers */
/* DFR0: Armv8.0 debug, no double lock, with as many breakpoints and watchpoints as the CPU has */
#define DFR0_FIXED 0xf000000006
#define DFR0_SLOTS 0xf0f0f000 /* CTX_CMPs, WRPs, BRPs */
#define NOT_THERE 0xf

static u64 id_values[8][8]; /* [CRm][op2]; written once at boot */

static u64 shown(const struct id_field *field, u64 hardware)
{
	u64 value = FIELD(hardware, field->shift + 3, field->shift);

	if (field->is_signed && value >= 8)
		return NOT_THERE;
	return MIN(value, field->max);
}

void sysreg_init(void)
{
	u64 hardware[8][8];

	idregs_read(hardware);
	for (unsigned crm = 0; crm < 8; crm++)
		for (unsigned op2 = 0; op2 < 8; op2++)
			id_values[crm][op2] = 0;
	id_values[4][0] = PFR0_FIXED;
	id_values[5][0] = DFR0_FIXED | (hardware[5][0] & DFR0_SLOTS);
	for (size_t i = 0; i < ARRAY_SIZE(id_fields); i++) {
		const struct id_field *f = &id_fields[i];

		id_values[f->crm][f->op2] |= shown(f, hardware[f->crm][f->op2]) << f->shift;
	}
}

static inline u64 id_value(const struct guest *guest, u64 crm, u64 op2)
{
	u64 value = id_values[crm & 7][op2 & 7];

	if (crm == 4 && op2 == 0 && guest->gic_version == 3)
		value |= PFR0_GIC;
	return value;
}

u64 sysreg_id(const struct guest *guest, unsigned crm, unsigned op2)
{
	return id_value(guest, crm, op2);
}

#define ISAR1_PAC 0xff0 /* APA, API */
#define ISAR2_PAC 0xf000

enum verdict sysreg_use_pac(void)
{
	bool has = id_values[6][1] & ISAR1_PAC || id_values[6][2] & ISAR2_PAC;

	return has ? VERDICT_PAC : VERDICT_UNDEF;
}

/* Registers by kind. An accessor that is NULL: that direction is UNDEFINED. */
typedef enum verdict sysreg_read(struct vcpu *vcpu, u32 key, u64 *value);
typedef enum verdict sysreg_write(struct vcpu *vcpu, u32 key, u64 value);

static enum verdict read_zero(struct vcpu *vcpu, u32 key, u64 *value)
{
	(void)vcpu;
	(void)key;
	*value = 0;
	return VERDICT_NEXT;
}

static enum verdict ignore(struct vcpu *vcpu, u32 key, u64 value)
{
	(void)vcpu;
	(void)key;
	(void)value;
	return VERDICT_NEXT;
}

static enum verdict read_count(struct vcpu *vcpu, u32 key, u64 *value)
{
	(void)key;
	*value = vtimer_count(&vcpu->vtimer);
	return VERDICT_NEXT;
}

/* CNTP_TVAL, CTL, CVAL_EL0: op2 = 0, 1, 2 */
static enum verdict read_timer(struct vcpu *vcpu, u32 key, u64 *value)
{
	*value = vtimer_phys_read(&vcpu->vtimer, key & 7);
	return VERDICT_NEXT;
}

static enum verdict write_timer(struct vcpu *vcpu, u32 key, u64 value)
{
	vtimer_phys_write(&vcpu->vtimer, key & 7, value);
	return trap_next_woke();
}

#define SGI1R KEY(3, 0, 12, 11, 5)

static bool has_gicv3(const struct vcpu *vcpu)
{
	return vcpu->guest->gic_version == 3;
}

/* ICC_SGI1R_EL1 is group 1; ASGI1R, the other security state's, and SGI0R are group 0 to us. */
static enum verdict write_sgi(struct vcpu *vcpu, u32 key, u64 value)
{
	if (!has_gicv3(vcpu))
		return VERDICT_UNDEF;
	vgic_send_sgi(&vcpu->vgic, value, key == SGI1R);
	return trap_next_woke();
}

/* ICC_SRE_EL1 traps where the hardware could be a GICv2 too; guests see one that can't: SRE, DFB, DIB. */
static enum verdict read_sre(struct vcpu *vcpu, u32 key, u64 *value)
{
	(void)key;
	*value = 7;
	return has_gicv3(vcpu) ? VERDICT_NEXT : VERDICT_UNDEF;
}

static enum verdict write_sre(struct vcpu *vcpu, u32 key, u64 value)
{
	(void)key;
	(void)value;
	return has_gicv3(vcpu) ? VERDICT_NEXT : VERDICT_UNDEF;
}

static enum verdict write_dir(struct vcpu *vcpu, u32 key, u64 value)
{
	(void)key;
	if (!has_gicv3(vcpu))
		return VERDICT_UNDEF;
	vgic_dir(&vcpu->vgic, (u32)FIELD(value, 23, 0));
	return trap_next_woke();
}

/* CPACR_EL1 traps where the CPU has SVE or SME: their own traps must be EL2's, not EL1's. */
static enum verdict read_cpacr(struct vcpu *vcpu, u32 key, u64 *value)
{
	(void)key;
	*value = context_read_cpacr(&vcpu->ctx);
	return VERDICT_NEXT;
}

static enum verdict write_cpacr(struct vcpu *vcpu, u32 key, u64 value)
{
	(void)key;
	context_write_cpacr(&vcpu->ctx, value);
	return VERDICT_NEXT;
}

/* The first use of a key of pointer authentication, which then no longer traps: again. */
static enum verdict read_key(struct vcpu *vcpu, u32 key, u64 *value)
{
	(void)vcpu;
	(void)key;
	*value = 0;
	return sysreg_use_pac();
}

static enum verdict write_key(struct vcpu *vcpu, u32 key, u64 value)
{
	return read_key(vcpu, key, &value);
}

/*
 * DC ISW, CSW, CISW. By set and way a line in another pCPU's cache, where the vCPU ran before, can't be
 * reached (D7.5.9), so all of the guest's memory is cleaned and invalidated by address instead: once in
 * a loop over all sets and ways, which comes by set 0 and way 0 of level 1 once. Piece by piece, the
 * instruction being run again until it is done, so that interrupts get in between.
 */
#define SW_FIRST(value) (((u32)(value) & ~1u) == 0)

static enum verdict write_set_way(struct vcpu *vcpu, u32 key, u64 value)
{
	(void)key;
	if (!SW_FIRST(value))
		return VERDICT_NEXT;
	if (!vcpu->clean_next)
		vcpu->clean_next = SKERRY_RAM_BASE;
	if (!guest_clean(vcpu->guest, &vcpu->clean_next))
		return VERDICT_RESUME;
	vcpu->clean_next = 0;
	return VERDICT_NEXT;
}

struct sysreg {
	u16 first, last; /* KEYs, inclusive */
	sysreg_read *read;
	sysreg_write *write;
};

/* Ascending. */
static const struct sysreg sysregs[] = {
	{KEY(1, 0, 7, 6, 2), KEY(1, 0, 7, 6, 2), NULL, write_set_way},	     /* DC ISW */
	{KEY(1, 0, 7, 10, 2), KEY(1, 0, 7, 10, 2), NULL, write_set_way},     /* DC CSW */
	{KEY(1, 0, 7, 14, 2), KEY(1, 0, 7, 14, 2), NULL, write_set_way},     /* DC CISW */
	{KEY(2, 0, 0, 0, 0), KEY(2, 7, 15, 15, 7), debug_read, debug_write}, /* debug */
	{KEY(3, 0, 0, 0, 6), KEY(3, 0, 0, 0, 6), read_zero, NULL},	     /* REVIDR */
	{KEY(3, 0, 1, 0, 1), KEY(3, 0, 1, 0, 1), read_zero, ignore},	     /* ACTLR */
	{KEY(3, 0, 1, 0, 2), KEY(3, 0, 1, 0, 2), read_cpacr, write_cpacr},   /* CPACR */
	{KEY(3, 0, 2, 1, 0), KEY(3, 0, 2, 3, 1), read_key, write_key},	     /* APIAKeyLo … */
	{KEY(3, 0, 5, 3, 0), KEY(3, 0, 5, 3, 0), read_zero, NULL},     /* ERRIDR: no records */
	{KEY(3, 0, 5, 3, 1), KEY(3, 0, 5, 5, 7), read_zero, ignore},   /* ERRSELR, ERX* */
	{KEY(3, 0, 12, 11, 1), KEY(3, 0, 12, 11, 1), NULL, write_dir}, /* ICC_DIR */
	{KEY(3, 0, 12, 11, 5), KEY(3, 0, 12, 11, 7), NULL,
	 write_sgi}, /* ICC_SGI1R, ASGI1R, SGI0R */
	{KEY(3, 0, 12, 12, 5), KEY(3, 0, 12, 12, 5), read_sre, write_sre},   /* ICC_SRE */
	{KEY(3, 1, 0, 0, 7), KEY(3, 1, 0, 0, 7), read_zero, NULL},	     /* AIDR */
	{KEY(3, 3, 14, 0, 1), KEY(3, 3, 14, 0, 1), read_count, NULL},	     /* CNTPCT_EL0 */
	{KEY(3, 3, 14, 0, 5), KEY(3, 3, 14, 0, 5), read_count, NULL},	     /* CNTPCTSS_EL0 */
	{KEY(3, 3, 14, 2, 0), KEY(3, 3, 14, 2, 2), read_timer, write_timer}, /* CNTP_* */
};

static const struct sysreg *find(u32 key)
{
	size_t low = 0, high = ARRAY_SIZE(sysregs);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key > sysregs[middle].last)
			low = middle + 1;
		else if (key < sysregs[middle].first)
			high = middle;
		else
			return &sysregs[middle];
	}
	return NULL;
}

/* With FEAT_IDST, what is UNDEFINED in the space of ID registers tells which it was (A2.7.1). */
#define MMFR2_IDS(mmfr2) FIELD(mmfr2, 39, 36)
#define ISS_OP1(iss) FIELD(iss, 16, 14)
#define ISS_IDST_MASK (BITS(21, 20) | BITS(13, 10) | BIT(4) | BIT(0)) /* op0, CRn, CRm < 8, read */
#define IDST_OP1 0xb						      /* 0, 1, 3 */

static enum verdict undefined(u64 iss)
{
	if ((iss & ISS_IDST_MASK) == ISS_ID && (IDST_OP1 >> ISS_OP1(iss) & 1) &&
	    MMFR2_IDS(id_values[7][2]))
		return VERDICT_REFLECT;
	return VERDICT_UNDEF;
}

/* Apart from sysreg_handle, so that ID registers need no stack frame. */
static __attribute__((noinline)) enum verdict by_table(struct vcpu *vcpu, u64 iss)
{
	struct regs *regs = &vcpu->ctx.regs;
	u32 key = key_of(iss);
	const struct sysreg *sysreg = find(key);
	unsigned rt = (unsigned)ISS_RT(iss);
	enum verdict verdict;
	u64 value;

	if (!sysreg)
		return undefined(iss);
	if (!ISS_IS_READ(iss))
		return sysreg->write ? sysreg->write(vcpu, key, regs_get(regs, rt)) : VERDICT_UNDEF;
	if (!sysreg->read)
		return VERDICT_UNDEF;
	verdict = sysreg->read(vcpu, key, &value);
	if (verdict == VERDICT_NEXT)
		regs_set(regs, rt, value);
	return verdict;
}

enum verdict sysreg_handle(struct vcpu *vcpu, u64 esr)
{
	vcpu_exit(vcpu, EXIT_SYSREG);
	if (UNLIKELY((esr & ISS_ID_MASK) != ISS_ID || ISS_CRM(esr) - 1 >= 7)) {
		if ((esr & ISS_REGISTER) == ISS_WRITE_SGI1R)
			return write_sgi(vcpu, SGI1R,
					 regs_get(&vcpu->ctx.regs, (unsigned)ISS_RT(esr)));
		return by_table(vcpu, ESR_ISS(esr));
	}
	regs_set(&vcpu->ctx.regs, (unsigned)ISS_RT(esr),
		 id_value(vcpu->guest, ISS_CRM(esr), ISS_OP2(esr)));
	return VERDICT_NEXT;
}
