// SPDX-License-Identifier: Apache-2.0
/*
 * Entry points that arch/vectors.S jumps to, with the guest's registers in its vCPU and this pCPU's own
 * stack in use. What returns a vCPU returns the one to resume (its state is loaded).
 *
 * Handlers get ESR_EL2; those of aborts read FAR_EL2 and HPFAR_EL2 themselves (arch/syndrome.h), so
 * that the others don't pay for it. A handler checks everything first, then acts, then says by its
 * verdict what becomes of the vCPU; only trap.c carries that out.
 */
#ifndef TRAP_TRAP_H
#define TRAP_TRAP_H

#include "guest/guest.h"

/*
 * A synchronous exception goes two ways. The quick one, with the guest's x19..x28 still in the CPU and
 * not in the vCPU, is for what needs none of these and goes straight back: its verdict is RESUME or
 * NEXT, which vectors.S carries out. With any other verdict the whole frame is saved, and trap_whole
 * acts on it: all that it leaves to do, or (WHOLE, where the quick way did nothing) everything.
 */
enum verdict trap_quick(struct vcpu *vcpu);
struct vcpu *trap_whole(struct vcpu *vcpu, enum verdict verdict);

/* The same for interrupts: 0, or what is left for trap_irq to do (1 + the INTID last acknowledged). */
u32 trap_irq_quick(struct vcpu *vcpu);
struct vcpu *trap_irq(struct vcpu *vcpu, u32 left);
struct vcpu *trap_serror(struct vcpu *vcpu);

/* Both of them for a vCPU that is traced (arch/debug.h), with the whole frame saved. */
struct vcpu *trap_traced(struct vcpu *vcpu);
struct vcpu *trap_irq_traced(struct vcpu *vcpu);

/* Serves all pending physical interrupts; `vcpu` is what is loaded here, NULL from the idle loop. */
void trap_interrupts(struct vcpu *vcpu);

/* ESR_EL2 (Arm ARM, D17.2.37) */
#define ESR_EC(esr) FIELD(esr, 31, 26)
#define ESR_IL BIT(25) /* the instruction has 32 bits */
#define ESR_ISS(esr) FIELD(esr, 24, 0)
#define ESR_FSC(esr) FIELD(esr, 5, 0) /* aborts: fault status code */
#define ESR_S1PTW BIT(7)	      /* aborts: met by a stage-1 table walk */
#define ESR_WNR BIT(6)		      /* data aborts: a write */
/* its classes */
#define EC_WFX 0x01
#define EC_FP 0x07
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYSREG 0x18
#define EC_FETCH 0x20 /* instruction abort, + 1: from the same level */
#define EC_DATA 0x24  /* data abort, likewise */

/* the ISS of data aborts */
#define ISS_ISV BIT(24)
#define ISS_SAS(esr) FIELD(esr, 23, 22)
#define ISS_SSE BIT(21)
#define ISS_SRT(esr) ((unsigned)FIELD(esr, 20, 16))
#define ISS_SF BIT(15)
#define ISS_CM BIT(8)

/* and of EC_SYSREG */
#define ISS_IS_READ(iss) ((iss)&1)
#define ISS_RT(iss) ((unsigned)FIELD(iss, 9, 5))

#define FSC_IS_TRANSLATION(fsc) (((fsc)&0x3c) == 0x04)
#define FSC_IS_PERMISSION(fsc) (((fsc)&0x3c) == 0x0c)

/* PSCI: 0x84000000..1f, and the same with bit 30 for 64-bit arguments. TRNG comes behind it. */
#define IS_PSCI(function) (((function)&0xbfffffe0) == 0x84000000)

/* PSTATE as SPSR_EL2 shows it */
#define PSTATE_AARCH32 BIT(4)
#define PSTATE_MODE(pstate) FIELD(pstate, 3, 0)
#define MODE_EL0 0x0
#define MODE_EL1T 0x4
#define MODE_EL1H 0x5

/* The page that stage 2 had nothing for: an IPA. Valid after a translation fault, or one of a table walk. */
static inline u64 trap_fault_page(void)
{
	return FIELD(syndrome_hpfar(), 43, 4) << 12;
}

/* What was carried out may have woken a vCPU that should go first: what then goes behind the instruction,
 * or on at the PC as it stands. */
static inline enum verdict trap_next_woke(void)
{
	return UNLIKELY(sched_wanted()) ? VERDICT_NEXT_WOKE : VERDICT_NEXT;
}

static inline enum verdict trap_woke(void)
{
	return UNLIKELY(sched_wanted()) ? VERDICT_WOKE : VERDICT_RESUME;
}

/* HVC #0 and SMC #0: SMCCC (DEN0028). The PC is already behind the instruction. */
enum verdict hypercall_handle(struct vcpu *vcpu, u64 esr);
enum verdict psci_handle(struct vcpu *vcpu, u32 function);
bool psci_offers(u32 function); /* PSCI_FEATURES' question */

/* TRNG (DEN0098); false: no such function. */
bool trng_handle(struct vcpu *vcpu, u32 function);

/* MRS and MSR that trapped, and system instructions (EC 0x18). */
enum verdict sysreg_handle(struct vcpu *vcpu, u64 esr);
void sysreg_init(void); /* once at boot: which ID registers guests will see */
u64 sysreg_id(const struct guest *guest, unsigned crm, unsigned op2); /* what it sees */

/* A vCPU uses pointer authentication for the first time: PAC, or UNDEF where guests see that there is none. */
enum verdict sysreg_use_pac(void);

/* Data abort (EC 0x24): first touch of memory, or an emulated device. */
enum verdict mmio_handle(struct vcpu *vcpu, u64 esr);

/* Instruction abort (EC 0x20); what is undefined for a guest; what should never come. */
enum verdict fault_fetch(struct vcpu *vcpu, u64 esr);
enum verdict fault_undefined(struct vcpu *vcpu, u64 esr);
enum verdict fault_unexpected(struct vcpu *vcpu, u64 esr);

/*
 * The abort is dealt with, or was met by an instruction that is no longer there: RESUME, to run what is at
 * PC again. But if that comes back with the same PC and address 1000 times, and with nothing else between
 * but interrupts, it never will go on: one line on the console, and ABORT; WAIT while the serial line has no
 * room for that line, as for the guest's own. Counts on one of vcpu->exits having been counted up for the
 * abort. No lock held.
 */
enum verdict fault_again(struct vcpu *vcpu);

/* Debug exceptions that come to EL2 while the operator steps a vCPU or wants it to stop at an address:
 * a breakpoint, a step, a BRK of the guest's own. */
enum verdict step_stop(struct vcpu *vcpu, u64 esr);
enum verdict step_step(struct vcpu *vcpu, u64 esr);
enum verdict step_brk(struct vcpu *vcpu, u64 esr);

/* ESR_EL1 for the exception that `verdict` (UNDEF, ABORT…, ALIGNMENT, EXCLUSIVE) asks for. */
u64 fault_syndrome(struct vcpu *vcpu, u64 esr, enum verdict verdict);

/* Injecting now would repeat itself for ever: the guest faults at its own vector's first word. */
bool fault_repeats(const struct vcpu *vcpu);

/* The report of a crash of the loaded vCPU: guest, vCPU, PC, syndrome in words, address, registers,
 * what to look at. `what` is a sentence's end. */
void report_crash(struct vcpu *vcpu, const struct syndrome *syn, const char *what);

/* The same of a loaded vCPU that stands still at the operator's wish: where, registers, who called. */
void report_stop(struct vcpu *vcpu);

/* Words for the exception class of an ESR, and for an abort's fault status code. */
const char *report_class(u64 esr);
const char *report_fault(u64 esr);

#endif
