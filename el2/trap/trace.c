// SPDX-License-Identifier: Apache-2.0
/*
 * What a traced vCPU does, in words: the names are those of SMCCC and PSCI, of the Arm ARM's and the GIC's
 * registers, of the PL011's. Runs at EL2 on the pCPU that has the vCPU loaded, in that vCPU's time.
 *
 * Names stand in one string with blanks between: a table of pointers would take more than its words.
 */
#include "trap/trace.h"

#include "abi/skerry.h"
#include "board/board.h"
#include "board/gic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "trap/sysreg.h"

static const char psci_calls[] =
	"VERSION CPU_SUSPEND CPU_OFF CPU_ON AFFINITY_INFO MIGRATE MIGRATE_INFO_TYPE"
	" MIGRATE_INFO_UP_CPU SYSTEM_OFF SYSTEM_RESET FEATURES CPU_FREEZE CPU_DEFAULT_SUSPEND"
	" NODE_HW_STATE SYSTEM_SUSPEND SET_SUSPEND_MODE STAT_RESIDENCY STAT_COUNT SYSTEM_RESET2";
static const char psci_results[] =
	"SUCCESS NOT_SUPPORTED INVALID_PARAMETERS DENIED ALREADY_ON"
	" ON_PENDING INTERNAL_FAILURE NOT_PRESENT DISABLED INVALID_ADDRESS";
static const char skerry_calls[] = "FEATURES CONSOLE_WRITE CONSOLE_READ YIELD WHO_AM_I EXIT"
				   " CHANNEL_INFO DOORBELL CHANNEL_PEER WATCHDOG COMMAND";
static const char smccc_results[] = "SUCCESS NOT_SUPPORTED NOT_REQUIRED INVALID_PARAMETER DENIED";

/* Word n of a list; "": it has fewer. *length is how long it is. */
static const char *word(const char *list, u64 n, int *length)
{
	const char *end;

	for (; n && *list; n--)
		for (list += *list == ' '; *list && *list++ != ' ';)
			;
	for (end = list; *end && *end != ' '; end++)
		;
	*length = (int)(end - list);
	return list;
}

static void put(struct trace *trace, enum trace_event event)
{
	if (!(trace->wanted >> event & 1))
		return;
	trace->line.event = (u8)event;
	trace_put(&trace->line);
}

#define SAY(trace, ...) format((trace)->line.text, sizeof((trace)->line.text), __VA_ARGS__)

/* --- Calls ------------------------------------------------------------------------------------ */

/* An error by its name, a count or value as a number. */
static void add_result(struct trace *trace, const char *results, u64 value)
{
	char *text = trace->line.text;
	size_t used = strlen(text);
	u64 error = 0 - (u64)(s32)value;
	int length = 0;
	const char *name = error < 16 ? word(results, error, &length) : "";

	if (length)
		format(text + used, sizeof(trace->line.text) - used, " = %.*s", length, name);
	else
		format(text + used, sizeof(trace->line.text) - used, " = 0x%lx", value);
}

static bool returns(enum verdict verdict)
{
	return verdict != VERDICT_CPU_OFF && verdict != VERDICT_EXIT && verdict != VERDICT_RESET;
}

static void call(struct trace *trace, const struct vcpu *vcpu, enum verdict verdict)
{
	u32 function = (u32)trace->x[0], skerry = function - SKERRY_FEATURES;
	bool psci = IS_PSCI(function);
	const char *family = psci ? "PSCI " : skerry < SKERRY_CALLS ? "" : "SMCCC ";
	char number[12];
	int length = 0;
	const char *name = psci			 ? word(psci_calls, function & 0x1f, &length) :
			   skerry < SKERRY_CALLS ? word(skerry_calls, skerry, &length) :
						   "";

	if (!length) {
		length = (int)format(number, sizeof(number), "0x%x", function);
		name = number;
	}
	SAY(trace, "%s%.*s(0x%lx, 0x%lx, 0x%lx)", family, length, name, trace->x[1], trace->x[2],
	    trace->x[3]);
	if (returns(verdict))
		add_result(trace, psci ? psci_results : smccc_results, vcpu->ctx.regs.x[0]);
	put(trace, psci ? TRACE_PSCI : TRACE_HYPERCALL);
}

/* --- Registers -------------------------------------------------------------------------------- */

static const u16 sysreg_keys[] = {
	KEY(1, 0, 7, 6, 2),   KEY(1, 0, 7, 10, 2), KEY(1, 0, 7, 14, 2),	 KEY(2, 0, 0, 2, 2),
	KEY(2, 0, 1, 0, 4),   KEY(2, 0, 1, 1, 4),  KEY(2, 0, 1, 3, 4),	 KEY(3, 0, 0, 0, 6),
	KEY(3, 0, 0, 4, 0),   KEY(3, 0, 0, 4, 1),  KEY(3, 0, 0, 4, 4),	 KEY(3, 0, 0, 4, 5),
	KEY(3, 0, 0, 5, 0),   KEY(3, 0, 0, 5, 1),  KEY(3, 0, 0, 6, 0),	 KEY(3, 0, 0, 6, 1),
	KEY(3, 0, 0, 6, 2),   KEY(3, 0, 0, 7, 0),  KEY(3, 0, 0, 7, 1),	 KEY(3, 0, 0, 7, 2),
	KEY(3, 0, 1, 0, 1),   KEY(3, 0, 1, 0, 2),  KEY(3, 0, 12, 11, 1), KEY(3, 0, 12, 11, 5),
	KEY(3, 0, 12, 12, 5), KEY(3, 3, 14, 0, 1), KEY(3, 3, 14, 2, 0),	 KEY(3, 3, 14, 2, 1),
	KEY(3, 3, 14, 2, 2),
};
static const char sysreg_names[] =
	"DC_ISW DC_CSW DC_CISW MDSCR_EL1 OSLAR_EL1 OSLSR_EL1 OSDLR_EL1 REVIDR_EL1"
	" ID_AA64PFR0_EL1 ID_AA64PFR1_EL1 ID_AA64ZFR0_EL1 ID_AA64SMFR0_EL1 ID_AA64DFR0_EL1"
	" ID_AA64DFR1_EL1 ID_AA64ISAR0_EL1 ID_AA64ISAR1_EL1 ID_AA64ISAR2_EL1 ID_AA64MMFR0_EL1"
	" ID_AA64MMFR1_EL1 ID_AA64MMFR2_EL1 ACTLR_EL1 CPACR_EL1 ICC_DIR_EL1 ICC_SGI1R_EL1"
	" ICC_SRE_EL1 CNTPCT_EL0 CNTP_TVAL_EL0 CNTP_CTL_EL0 CNTP_CVAL_EL0";

/* Without a name here it is called as assemblers call such: S3_0_C12_C11_5. */
static void name_sysreg(u64 iss, char *name, size_t size)
{
	unsigned op0 = (unsigned)FIELD(iss, 21, 20), op1 = (unsigned)FIELD(iss, 16, 14);
	unsigned crn = (unsigned)FIELD(iss, 13, 10), crm = (unsigned)FIELD(iss, 4, 1);
	unsigned op2 = (unsigned)FIELD(iss, 19, 17), key = KEY(op0, op1, crn, crm, op2);
	int length;

	for (unsigned i = 0; i < ARRAY_SIZE(sysreg_keys); i++)
		if (sysreg_keys[i] == key) {
			const char *known = word(sysreg_names, i, &length);

			format(name, size, "%.*s", length, known);
			return;
		}
	if (op0 == 2 && op1 == 0 && crn == 0 && op2 >= 4)
		format(name, size, "DBG%s%u_EL1", &"BVR\0BCR\0WVR\0WCR"[4 * (op2 - 4)], crm);
	else
		format(name, size, "S%u_%u_C%u_C%u_%u", op0, op1, crn, crm, op2);
}

/* How it ended, where not as asked. */
static const char *ending(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_UNDEF:
		return ": undefined";
	case VERDICT_REFLECT:
		return ": trapped by its EL1";
	case VERDICT_ABORT:
	case VERDICT_ABORT_WALK:
	case VERDICT_ALIGNMENT:
	case VERDICT_EXCLUSIVE:
		return ": refused";
	default:
		return "";
	}
}

static void access(struct trace *trace, const char *name, bool read, u64 value,
		   enum verdict verdict)
{
	const char *end = ending(verdict);

	if (!read)
		SAY(trace, "%s <- 0x%lx%s", name, value, end);
	else if (*end)
		SAY(trace, "read %s%s", name, end);
	else
		SAY(trace, "read %s = 0x%lx", name, value);
}

static void sysreg(struct trace *trace, const struct vcpu *vcpu, enum verdict verdict)
{
	u64 iss = ESR_ISS(trace->esr);
	bool read = ISS_IS_READ(iss);
	char name[24];

	name_sysreg(iss, name, sizeof(name));
	access(trace, name, read, read ? regs_get(&vcpu->ctx.regs, ISS_RT(iss)) : trace->x[0],
	       verdict);
	put(trace, TRACE_SYSREG);
}

/* --- Devices ---------------------------------------------------------------------------------- */

/* A run of registers of one name: from this offset to the next one's, each so many bytes (as a power of
 * two; SINGLE: only one). */
#define SINGLE 15
struct reg_run {
	u16 at : 12, bytes : 4;
};

#define RUN(at, bytes)          \
	{                       \
		(at) / 4, bytes \
	}

static const struct reg_run gicd[] = {
	RUN(0x0, SINGLE), RUN(0x4, SINGLE),   RUN(0x8, SINGLE), RUN(0xc, SINGLE), RUN(0x80, 2),
	RUN(0x100, 2),	  RUN(0x180, 2),      RUN(0x200, 2),	RUN(0x280, 2),	  RUN(0x300, 2),
	RUN(0x380, 2),	  RUN(0x400, 0),      RUN(0x800, 0),	RUN(0xc00, 2),	  RUN(0xd00, 2),
	RUN(0xe00, 2),	  RUN(0xf00, SINGLE), RUN(0xf10, 0),	RUN(0xf20, 0),
};
static const char gicd_names[] =
	"CTLR TYPER IIDR TYPER2 IGROUPR ISENABLER ICENABLER ISPENDR ICPENDR ISACTIVER ICACTIVER"
	" IPRIORITYR ITARGETSR ICFGR IGRPMODR NSACR SGIR CPENDSGIR SPENDSGIR";

static const struct reg_run gicr[] = {
	RUN(0x0, SINGLE),  RUN(0x4, SINGLE),  RUN(0x8, SINGLE),	 RUN(0x10, SINGLE),
	RUN(0x14, SINGLE), RUN(0x70, SINGLE), RUN(0x78, SINGLE),
};
static const char gicr_names[] = "CTLR IIDR TYPER STATUSR WAKER PROPBASER PENDBASER";

static const struct reg_run gicc[] = {
	RUN(0x0, SINGLE),  RUN(0x4, SINGLE),	RUN(0x8, SINGLE),  RUN(0xc, SINGLE),
	RUN(0x10, SINGLE), RUN(0x14, SINGLE),	RUN(0x18, SINGLE), RUN(0x1c, SINGLE),
	RUN(0x20, SINGLE), RUN(0x24, SINGLE),	RUN(0x28, SINGLE), RUN(0xd0, 2),
	RUN(0xfc, SINGLE), RUN(0x1000, SINGLE),
};
static const char gicc_names[] =
	"CTLR PMR BPR IAR EOIR RPR HPPIR ABPR AIAR AEOIR AHPPIR APR IIDR DIR";

static const struct reg_run uart[] = {
	RUN(0x0, SINGLE),  RUN(0x4, SINGLE),  RUN(0x18, SINGLE), RUN(0x24, SINGLE),
	RUN(0x28, SINGLE), RUN(0x2c, SINGLE), RUN(0x30, SINGLE), RUN(0x34, SINGLE),
	RUN(0x38, SINGLE), RUN(0x3c, SINGLE), RUN(0x40, SINGLE), RUN(0x44, SINGLE),
};
static const char uart_names[] = "DR RSR FR IBRD FBRD LCR_H CR IFLS IMSC RIS MIS ICR";

/* Appends the register's name and number; false: there is none of a name at this offset. */
static bool add_register(char *name, size_t size, const struct reg_run *runs, unsigned count,
			 const char *names, u64 offset)
{
	unsigned n = count;
	size_t used = strlen(name);
	const char *known;
	int length;
	u64 within;

	while (n && runs[n - 1].at * 4u > offset)
		n--;
	if (!n)
		return false;
	within = offset - runs[n - 1].at * 4u;
	known = word(names, n - 1, &length);
	if (runs[n - 1].bytes == SINGLE) {
		format(name + used, size - used, "%.*s", length, known);
		return within < 4;
	}
	format(name + used, size - used, "%.*s%lu", length, known, within >> runs[n - 1].bytes);
	return true;
}

#define ADD(list) add_register(name, size, list, ARRAY_SIZE(list), list##_names, offset)

/* The GIC's register by name, else the device and the offset. */
static void name_device(u64 ipa, char *name, size_t size)
{
	u64 offset = ipa & 0xfff;
	bool known = false;
	const char *device;

	if (ipa - SKERRY_GICD_BASE < 0x10000) {
		device = "GICD";
		offset = ipa - SKERRY_GICD_BASE;
		format(name, size, "GICD_");
		if (offset - 0x6000 < 0x2000) {
			format(name, size, "GICD_IROUTER%lu", (offset - 0x6000) / 8);
			known = true;
		} else {
			known = offset < 0x1000 && ADD(gicd);
		}
	} else if (ipa - SKERRY_GICR_BASE < SKERRY_VCPUS_MAX * 128 * KIB) {
		device = "GICR";
		offset = ipa - SKERRY_GICR_BASE;
		format(name, size, "GICR%lu_", offset / (128 * KIB));
		offset %= 128 * KIB;
		if (offset >= 64 * KIB) { /* the SGI frame has the distributor's names */
			offset -= 64 * KIB;
			known = ADD(gicd);
		} else {
			known = ADD(gicr);
		}
	} else if (ipa - SKERRY_GICC_BASE < 0x2000) {
		device = "GICC";
		offset = ipa - SKERRY_GICC_BASE;
		format(name, size, "GICC_");
		known = ADD(gicc);
	} else if (ipa - SKERRY_UART_BASE < 0x1000) {
		device = "UART";
		format(name, size, "UART");
		known = ADD(uart);
	} else {
		device = ipa - SKERRY_RTC_BASE < 0x1000	  ? "RTC" :
			 ipa - SKERRY_FWCFG_BASE < 0x1000 ? "fw_cfg" :
							    "";
		offset = *device ? offset : ipa;
	}
	if (!known)
		format(name, size, *device ? "%s+0x%lx" : "%sIPA 0x%lx", device, offset);
}

/* --- Aborts ----------------------------------------------------------------------------------- */

static void abort_(struct trace *trace, const struct vcpu *vcpu, enum verdict verdict)
{
	u64 esr = trace->esr;
	const char *what = ESR_EC(esr) == EC_FETCH ? "fetch" : esr & ESR_WNR ? "store" : "load";
	char name[32];

	if (verdict == VERDICT_RESUME) {
		SAY(trace, "%s at IPA 0x%lx: the first touch", what, trace->ipa);
		put(trace, TRACE_ABORT);
	} else if (*ending(verdict) && trace->ipa >= SKERRY_RAM_BASE) {
		SAY(trace, "%s at IPA 0x%lx: nobody answers there", what, trace->ipa);
		put(trace, TRACE_ABORT);
	} else if (ESR_EC(esr) == EC_DATA) {
		u64 value = trace->x[0];

		name_device(trace->ipa, name, sizeof(name));
		if (!(esr & ISS_ISV)) {
			SAY(trace, "%s %s, by its instruction%s", what, name, ending(verdict));
			put(trace, TRACE_MMIO);
			return;
		}
		if (!(esr & ESR_WNR))
			value = regs_get(&vcpu->ctx.regs, ISS_SRT(esr));
		else if (ISS_SAS(esr) < 3)
			value &= BIT(8 << ISS_SAS(esr)) - 1;
		access(trace, name, !(esr & ESR_WNR), value, verdict);
		put(trace, TRACE_MMIO);
	}
}

/* --- What trap.c calls ------------------------------------------------------------------------ */

void trace_begin(struct trace *trace, struct vcpu *vcpu, u64 esr)
{
	const struct regs *regs = &vcpu->ctx.regs;
	struct debug_regs *debug = &vcpu->ctx.debug;
	u64 now = timer_now();

	trace->line.pc = regs->pc;
	trace->line.vcpu = vcpu->index;
	format(trace->line.guest, sizeof(trace->line.guest), "%s", vcpu->guest->config.name);
	trace->wanted = vcpu->guest->traced;
	if (debug->since) {
		trace->line.time = debug->since;
		SAY(trace, "onto CPU %u", this_pcpu()->id);
		put(trace, TRACE_SWITCH);
		debug->since = 0;
	}
	trace->line.time = now;
	trace->esr = esr;
	switch (ESR_EC(esr)) {
	case EC_HVC64:
	case EC_SMC64:
		memcpy(trace->x, regs->x, sizeof(trace->x));
		break;
	case EC_SYSREG:
		trace->x[0] = regs_get(regs, ISS_RT(esr));
		break;
	case EC_FETCH:
	case EC_DATA:
		trace->ipa = trap_fault_page();
		if (!(esr & ESR_S1PTW))
			trace->ipa |= syndrome_far() & 0xfff;
		trace->x[0] = regs_get(regs, ISS_SRT(esr));
		break;
	default:
		break;
	}
}

void trace_handled(struct trace *trace, const struct vcpu *vcpu, enum verdict verdict)
{
	switch (ESR_EC(trace->esr)) {
	case EC_HVC64:
	case EC_SMC64:
		call(trace, vcpu, verdict);
		break;
	case EC_SYSREG:
		sysreg(trace, vcpu, verdict);
		break;
	case EC_FETCH:
	case EC_DATA:
		abort_(trace, vcpu, verdict);
		break;
	default:
		if (verdict == VERDICT_UNDEF) {
			SAY(trace, "undefined instruction: %s", report_class(trace->esr));
			put(trace, TRACE_ABORT);
		}
		break;
	}
}

void trace_interrupt(struct trace *trace, u32 intid)
{
	const char *what = intid == board.virtual_timer	    ? "its timer" :
			   intid == GIC_SGI_KICK	    ? "a kick by another CPU" :
			   intid == board.gic_maintenance   ? "maintenance of its GIC" :
			   intid == board.uart.irq && intid ? "the serial line" :
							      "";

	/* EL2's own affairs, the printing of traces among them */
	if (intid == board.hyp_timer || intid == GIC_SGI_DEBUG)
		return;
	SAY(trace, "interrupt %u%s%s", intid, *what ? ", " : "", what);
	put(trace, TRACE_INTERRUPT);
}

void trace_left(struct trace *trace, const struct vcpu *vcpu, const struct vcpu *next,
		const char *why)
{
	if (vcpu == next)
		return;
	trace->line.time = timer_now();
	SAY(trace, "off CPU %u: %s", this_pcpu()->id, why);
	put(trace, TRACE_SWITCH);
}
