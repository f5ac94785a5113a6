// SPDX-License-Identifier: Apache-2.0
/*
 * The trap path: one decode of ESR_EL2, one handler by exception class, one verdict. Runs at EL2 with
 * interrupts masked, on the pCPU's own stack, no lock held.
 *
 * Always: only this file moves a guest's PC, injects an exception, ends a guest, or lets another vCPU
 * onto the pCPU. What is returned has its state loaded. Arm ARM D1.10 (exceptions), D17.2.37 (ESR).
 */
#include "trap/trap.h"

#include "arch/cpu.h"
#include "board/board.h"
#include "board/gic.h"
#include "board/say.h"
#include "cp/cp.h"
#include "guest/grant.h"
#include "guest/life.h"
#include "guest/oracle.h"
#include "guest/switch.h"
#include "guest/watch.h"
#include "trap/trace.h"

#define GIC_SPURIOUS_FIRST 1020
#define GIC_SPURIOUS_LAST 1023
/* Interrupts served in one go: a level that stays up comes again after the guest made progress. */
#define INTERRUPTS_AT_ONCE 16

#define ESR_WFX_TI(esr) FIELD(esr, 1, 0) /* 0 WFI, 1 WFE, 2 WFIT, 3 WFET */

/* EC 0x01. WFI may end at any time, so a guest that has work need not sleep (D1.6.2). */
static enum verdict handle_wait(struct vcpu *vcpu, u64 esr)
{
	if (vcpu->ctx.regs.pstate & PSTATE_AARCH32)
		return fault_undefined(vcpu, esr);
	vcpu_exit(vcpu, EXIT_WFI);
	regs_next(&vcpu->ctx.regs);
	return ESR_WFX_TI(esr) == 0 ? VERDICT_WAIT : VERDICT_YIELD;
}

/* EC 0x07. CPACR_EL1 allowed it, or it would not be here (D17.2.30). */
static enum verdict handle_fp(struct vcpu *vcpu, u64 esr)
{
	(void)esr;
	vcpu_exit(vcpu, EXIT_FP);
	context_fp_trap(&vcpu->ctx);
	return VERDICT_RESUME;
}

/* EC 0x09. Traps until the first use. */
static enum verdict handle_pac(struct vcpu *vcpu, u64 esr)
{
	(void)vcpu;
	(void)esr;
	return sysreg_use_pac();
}

/* EC 0x17. HCR_EL2.TSC traps before the SMC, HVC's exception comes after the HVC. */
static enum verdict handle_smc(struct vcpu *vcpu, u64 esr)
{
	regs_next(&vcpu->ctx.regs);
	return hypercall_handle(vcpu, esr);
}

typedef enum verdict trap_handler(struct vcpu *vcpu, u64 esr);

static trap_handler *const handlers[64] = {
	[0x00] = fault_undefined,	    /* unknown reason */
	[0x01] = handle_wait,		    /* WFI, WFE */
	[0x02 ... 0x06] = fault_undefined,  /* AArch32 coprocessors: not offered */
	[0x07] = handle_fp,		    /* FP and SIMD; SVE is in 0x19 */
	[0x08] = fault_undefined,	    /* AArch32 */
	[0x09] = handle_pac,		    /* pointer authentication */
	[0x0a ... 0x15] = fault_undefined,  /* AArch32, LS64, ...: hidden from guests */
	[0x16] = hypercall_handle,	    /* HVC of AArch64 */
	[0x17] = handle_smc,		    /* SMC of AArch64 */
	[0x18] = sysreg_handle,		    /* MSR, MRS, system instructions */
	[0x19 ... 0x1f] = fault_undefined,  /* SVE, SME, TME, ERET: hidden from guests */
	[0x20] = fault_fetch,		    /* instruction abort from EL1, EL0 */
	[0x21 ... 0x23] = fault_unexpected, /* from EL2 itself; PC alignment is EL1's own */
	[0x24] = mmio_handle,		    /* data abort from EL1, EL0 */
	[0x25 ... 0x2f] = fault_unexpected, /* from EL2 itself, and others that EL1 has */
	[0x30] = step_stop, /* debug exceptions: while the operator watches (MDCR_EL2.TDE) */
	[0x31] = fault_unexpected,
	[0x32] = step_step,
	[0x33 ... 0x37] = fault_unexpected,
	[0x38] = step_brk, /* AArch32's BKPT */
	[0x39 ... 0x3b] = fault_unexpected,
	[0x3c] = step_brk,
	[0x3d ... 0x3f] = fault_unexpected,
};

static struct vcpu *crash(struct vcpu *vcpu, const char *what)
{
	struct syndrome syn = syndrome_read();

	report_crash(vcpu, &syn, what);
	life_end(vcpu->guest, END_CRASH);
	return switch_next(vcpu, SCHED_END);
}

/* Data and instruction aborts have an address, UNDEF and traps have none. */
static struct vcpu *inject(struct vcpu *vcpu, u64 esr, enum verdict verdict)
{
	u64 guests_esr = fault_syndrome(vcpu, esr, verdict);
	bool has_address = verdict != VERDICT_UNDEF && verdict != VERDICT_REFLECT;
	u64 far = has_address ? syndrome_far() : 0;

	vcpu->given[vcpu->exits[EXIT_FAULT].count++ % GIVEN_MAX] = (struct given){
		.pc = vcpu->ctx.regs.pc,
		.far = far,
		.esr = guests_esr,
	};
	if (fault_repeats(vcpu))
		return crash(vcpu, "its exception vector itself faults");
	context_inject_sync(&vcpu->ctx, guests_esr, has_address, far);
	return vcpu;
}

/* What a person typed at has its prompt on the screen before it sleeps. */
static __attribute__((noinline)) struct vcpu *wait(struct vcpu *vcpu)
{
	if (vgic_wakes(&vcpu->vgic))
		return UNLIKELY(sched_wanted()) ? switch_next(vcpu, SCHED_TICK) : vcpu;
	if (UNLIKELY(vcpu->ctx.debug.watch & (WATCH_STEP | WATCH_OVER)))
		return vcpu; /* its WFI is one step */
	if (UNLIKELY(vconsole_is_fresh(&vcpu->guest->console)))
		vconsole_flush(&vcpu->guest->console);
	return switch_next(vcpu, SCHED_BLOCK);
}

/* A guest whose last vCPU goes off has nobody left to turn one on: that is its end. */
static struct vcpu *cpu_off(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	bool all_off = true;

	lock_take(&guest->lock);
	vcpu->power = VCPU_OFF;
	for (unsigned i = 0; i < guest->config.cpus; i++)
		all_off &= guest->vcpus[i]->power == VCPU_OFF;
	lock_drop(&guest->lock);
	if (all_off)
		life_end(guest, END_EXIT);
	return switch_next(vcpu, SCHED_END);
}

static __attribute__((noinline)) struct vcpu *act(struct vcpu *vcpu, u64 esr, enum verdict verdict)
{
	if (LIKELY(verdict >= VERDICT_UNDEF && verdict <= VERDICT_EXCLUSIVE))
		return inject(vcpu, esr, verdict);
	switch (verdict) {
	case VERDICT_RESUME:
	case VERDICT_WOKE:
		return vcpu;
	case VERDICT_NEXT:
	case VERDICT_NEXT_WOKE:
		regs_next(&vcpu->ctx.regs);
		return vcpu;
	case VERDICT_PAC:
		context_pac_trap(&vcpu->ctx);
		return vcpu;
	case VERDICT_CPU_OFF:
		return cpu_off(vcpu);
	case VERDICT_STOP:
		life_end(vcpu->guest, END_STOP);
		return switch_next(vcpu, SCHED_END);
	case VERDICT_EXIT:
	case VERDICT_RESET:
		life_end(vcpu->guest, verdict == VERDICT_EXIT ? END_EXIT : END_RESET);
		return switch_next(vcpu, SCHED_END);
	default: /* CRASH, and those of trap_whole */
		break;
	}
	return crash(vcpu, "it did what EL2 never lets happen");
}

/* What goes on is as it should be; in checked builds only. */
static inline struct vcpu *checked(struct vcpu *vcpu)
{
	if (CHECKED)
		oracle_trap(vcpu);
	return vcpu;
}

static inline enum verdict quick(struct vcpu *vcpu)
{
	u64 esr = syndrome_esr(), class = ESR_EC(esr);

	if (class == EC_HVC64)
		return hypercall_handle(vcpu, esr);
	if (class == EC_SYSREG && regs_saved_first(ISS_RT(esr)))
		return sysreg_handle(vcpu, esr);
	if (class == EC_DATA && (esr & ISS_ISV) && regs_saved_first(ISS_SRT(esr)))
		return mmio_handle(vcpu, esr);
	if (class == EC_FP)
		return handle_fp(vcpu, esr);
	if (class == EC_WFX)
		return handle_wait(vcpu, esr);
	return VERDICT_WHOLE;
}

enum verdict trap_quick(struct vcpu *vcpu)
{
	enum verdict verdict = quick(vcpu);

	if (CHECKED && (verdict == VERDICT_RESUME || verdict == VERDICT_NEXT))
		oracle_trap(vcpu);
	return verdict;
}

struct vcpu *trap_whole(struct vcpu *vcpu, enum verdict verdict)
{
	u64 esr = syndrome_esr();

	if (verdict == VERDICT_WHOLE)
		verdict = handlers[ESR_EC(esr)](vcpu, esr);
	if (verdict == VERDICT_YIELD)
		return checked(switch_next(vcpu, SCHED_YIELD));
	if (verdict == VERDICT_WAIT)
		return checked(wait(vcpu));
	if (verdict == VERDICT_WOKE)
		return checked(switch_next(vcpu, SCHED_TICK));
	if (verdict == VERDICT_NEXT) {
		regs_next(&vcpu->ctx.regs);
		return checked(vcpu);
	}
	vcpu = act(vcpu, esr, verdict);
	if (UNLIKELY(sched_wanted()))
		vcpu = switch_next(vcpu, SCHED_TICK);
	return checked(vcpu);
}

/* Why a vCPU that trapped leaves its pCPU. */
static const char *leaves(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_WAIT:
		return "it waits";
	case VERDICT_YIELD:
		return "it yields";
	case VERDICT_CPU_OFF:
	case VERDICT_EXIT:
	case VERDICT_RESET:
		return "its end";
	default:
		return "another one is due";
	}
}

/* All traps of a vCPU that is traced, in the place of trap_quick. */
struct vcpu *trap_traced(struct vcpu *vcpu)
{
	u64 esr = syndrome_esr();
	struct trace trace;
	enum verdict verdict;
	struct vcpu *next;

	trace_begin(&trace, vcpu, esr);
	verdict = handlers[ESR_EC(esr)](vcpu, esr);
	trace_handled(&trace, vcpu, verdict);
	next = trap_whole(vcpu, verdict);
	trace_left(&trace, vcpu, next, leaves(verdict));
	return next;
}

/* Nobody asked for it: off with it, or it would come for ever. */
static COLD void unknown_interrupt(u32 intid)
{
	gic->disable(intid);
	say("skerry: interrupt %u belongs to nobody: disabled\n", intid);
}

static void serve(struct vcpu *vcpu, u32 intid)
{
	if (intid == board.virtual_timer && vcpu) {
		vcpu_exit(vcpu, EXIT_TIMER);
		vtimer_interrupt(&vcpu->vtimer);
		return;
	}
	if (intid == board.hyp_timer) {
		timer_interrupt();
	} else if (intid == GIC_SGI_KICK) {
		if (vcpu)
			vgic_refresh(&vcpu->vgic);
	} else if (intid <= GIC_SGI_DEBUG) {
		if (intid == GIC_SGI_STOP)
			cpu_halt();
		if (vcpu)
			watch_settle(vcpu);
	} else if (intid == board.gic_maintenance) {
		if (vcpu)
			vgic_maintenance(&vcpu->vgic);
	} else if (intid == board.uart.irq) {
		if (say_interrupt())
			cp_input();
	} else if (intid != board.virtual_timer) { /* that one was off before its vCPU left */
		if (grant_interrupt(intid))
			return;
		unknown_interrupt(intid);
	}
	gic->deactivate(intid);
}

/* `intid` has been acknowledged, what else is pending not yet. At most so many. */
static void serve_all(struct vcpu *vcpu, u32 intid, unsigned at_once)
{
	for (unsigned i = 1; intid < GIC_SPURIOUS_FIRST || intid > GIC_SPURIOUS_LAST; i++) {
		serve(vcpu, intid);
		if (i == at_once)
			return;
		intid = gic->ack();
	}
}

void trap_interrupts(struct vcpu *vcpu)
{
	serve_all(vcpu, gic->ack(), INTERRUPTS_AT_ONCE);
}

/* A kick that only tells of an interrupt; the virtual timer's, which stays active until the guest ends it:
 * list registers link the two. Should more be pending, the guest gets no further than its next instruction. */
u32 trap_irq_quick(struct vcpu *vcpu)
{
	u32 intid = gic->ack();

	if (intid == GIC_SGI_KICK && !sched_wanted()) {
		vcpu_exit(vcpu, EXIT_IRQ);
		vgic_refresh(&vcpu->vgic);
		gic->deactivate(intid);
		if (UNLIKELY(sched_wanted()))
			return GIC_SPURIOUS_FIRST + 1;
		(void)checked(vcpu);
		return 0;
	}
	if (UNLIKELY(intid != board.virtual_timer))
		return intid + 1;
	vcpu_exit(vcpu, EXIT_TIMER);
	vtimer_interrupt(&vcpu->vtimer);
	if (UNLIKELY(sched_wanted()))
		return GIC_SPURIOUS_FIRST + 1;
	(void)checked(vcpu);
	return 0;
}

struct vcpu *trap_irq(struct vcpu *vcpu, u32 left)
{
	u32 intid = left - 1;

	vcpu_exit(vcpu, EXIT_IRQ);
	if (intid ==
	    board.hyp_timer) { /* has most often somebody wanted: what else is pending comes again */
		timer_interrupt();
		gic->deactivate(intid);
	} else {
		serve_all(vcpu, intid, INTERRUPTS_AT_ONCE);
	}
	if (UNLIKELY(sched_wanted()))
		vcpu = switch_next(vcpu, SCHED_TICK);
	return checked(vcpu);
}

/* All interrupts of a vCPU that is traced, in the place of trap_irq_quick: served one by one, so that each is
 * seen. */
struct vcpu *trap_irq_traced(struct vcpu *vcpu)
{
	struct trace trace;
	struct vcpu *next;

	trace_begin(&trace, vcpu, 0);
	vcpu_exit(vcpu, EXIT_IRQ);
	for (unsigned i = 0; i < INTERRUPTS_AT_ONCE; i++) {
		u32 intid = gic->ack();

		if (intid >= GIC_SPURIOUS_FIRST && intid <= GIC_SPURIOUS_LAST)
			break;
		trace_interrupt(&trace, intid);
		serve_all(vcpu, intid, 1);
	}
	next = sched_wanted() ? switch_next(vcpu, SCHED_TICK) : vcpu;
	trace_left(&trace, vcpu, next, "another one is due");
	return next;
}

/* An asynchronous error while a guest ran: whose it is can't be known, the guest is the likeliest. */
struct vcpu *trap_serror(struct vcpu *vcpu)
{
	return crash(vcpu, "the machine reported an asynchronous error (SError)");
}
