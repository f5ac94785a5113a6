// SPDX-License-Identifier: Apache-2.0
/*
 * The exception vectors of EL2 (Arm ARM, D1.10.2) and the way back into a guest.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, whose first bytes are struct regs: its
 * registers are saved without a scratch register. Then SP becomes this pCPU's own stack, which is
 * empty: EL2 keeps nothing on it between two traps.
 *
 * What a guest waits for goes a quick way: C preserves x19..x29, so where it comes straight back to
 * the same guest, they need not be saved, nor ELR_EL2 and SPSR_EL2 be written. The guest's x29 then
 * begins the chain of frame records, which panic's back-trace does not trust. Only if C asks for it
 * are the other registers saved too.
 *
 * EL2 itself runs with interrupts masked and takes no exception; the other twelve vectors print
 * their name and stop the machine.
 */
#include "arch/asm_offsets.h"

#define APIA_LOW S3_0_C2_C1_0 /* APIAKeyLo_EL1, APIAKeyHi_EL1 */
#define APIA_HIGH S3_0_C2_C1_1
#define HCR_API 41

	/* A trap out of a guest, as far as the quick way needs it: x0 = its struct vcpu. The words loaded from
	 * `at` in the struct pcpu are this pCPU's stack in x3 and where to go on in x4, in one order or the other. */
	.macro save_first at, one, other
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	str	x18, [sp, #144]
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	stp	x29, x30, [sp, #REGS_X29]
	stp	x1, x2, [sp, #REGS_PC]		/* pc, pstate */
	mrs	x3, tpidr_el2
	mov	x0, sp
	ldp	\one, \other, [x3, #\at]
	mov	sp, x3
	.endm

	/* The rest of it. x0 becomes the vCPU again. From here on EL2 has its own key for return addresses
	 * in APIAKey_EL1; a guest that never used pointer authentication can't see that it is there. */
	.macro save_rest
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PCPU_CURRENT]
	stp	x19, x20, [x0, #REGS_X19]
	stp	x21, x22, [x0, #REGS_X19 + 16]
	stp	x23, x24, [x0, #REGS_X19 + 32]
	stp	x25, x26, [x0, #REGS_X19 + 48]
	stp	x27, x28, [x0, #REGS_X19 + 64]
	mov	x29, xzr
	ldr	x2, [x0, #CONTEXT_HCR]
	tbz	x2, #HCR_API, 1f
	bl	take_key
1:
	.endm

	.macro from_guest_sync
	.balign 0x80
	save_first 0, x4, x3			/* on_sync, stack_top */
	blr	x4
	b	sync_left
	.endm

	.macro from_guest_irq
	.balign 0x80
	save_first PCPU_STACK, x3, x4		/* stack_top, on_irq */
	blr	x4
	b	irq_left
	.endm

	.macro from_guest_whole after
	.balign 0x80
	save_first PCPU_STACK, x3, x4
	b	\after
	.endm

	.macro from_el2 index
	.balign 0x80
	msr	tpidr_el0, x0		/* scratch: EL2 ends here, or at the one HLT it expects */
	mov	x0, #\index
	b	el2_exception
	.endm

	.text
	.balign 0x800
	.global vectors
vectors:
	from_el2 0			/* EL2 with SP_EL0: EL2 never runs so */
	from_el2 1
	from_el2 2
	from_el2 3
	from_el2 4			/* EL2's own mistakes */
	from_el2 5
	from_el2 6
	from_el2 7
	from_guest_sync			/* a guest in AArch64 */
	from_guest_irq
	from_guest_irq			/* FIQ: no difference for us */
	from_guest_whole serror
	from_guest_whole sync_aarch32	/* a guest's EL0 in AArch32 */
	from_guest_irq
	from_guest_irq
	from_guest_whole serror

/* w0 = enum verdict. The instruction that trapped was carried out (NEXT): PC goes behind it, and PSTATE
 * loses what holds for one instruction only, as regs_next() does it. */
sync_left:
	cbz	w0, leave
	cmp	w0, #NEXT
	b.ne	sync_whole
	mrs	x0, elr_el2
	mrs	x1, spsr_el2
	add	x0, x0, #4
	and	x1, x1, #~0x200000		/* SS */
	and	x1, x1, #~0xc00			/* BTYPE */
	msr	elr_el2, x0
	msr	spsr_el2, x1
leave:
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PCPU_CURRENT]
	mov	sp, x0
	ldp	x29, x30, [sp, #REGS_X29]
	ldr	x18, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh			/* nothing is speculated past the ERET */
	isb

/* The guest's key into its context (x0), EL2's in its place. Keeps x0 and x1. */
take_key:
	mrs	x2, APIA_LOW
	mrs	x3, APIA_HIGH
	str	x2, [x0, #CONTEXT_PAC]
	str	x3, [x0, #CONTEXT_PAC + 8]
	adrp	x4, extension_key
	add	x4, x4, :lo12:extension_key
	ldp	x2, x3, [x4]
	msr	APIA_LOW, x2
	msr	APIA_HIGH, x3
	isb
	ret

sync_aarch32:
	mov	w0, #WHOLE
sync_whole:
	mov	w1, w0
	save_rest
	bl	trap_whole
	b	context_enter

irq_left:
	cbz	w0, leave
	mov	w1, w0
	save_rest
	bl	trap_irq
	b	context_enter

serror:
	save_rest
	bl	trap_serror
	b	context_enter

/*
 * A vCPU whose traps are all looked at (trace) takes no quick way: these stand in its place. So who is not
 * traced pays nothing.
 */
sync_traced:
	hint	#34				/* BTI c */
	save_rest
	bl	trap_traced
	b	context_enter

irq_traced:
	hint	#34
	save_rest
	bl	trap_irq_traced
	b	context_enter

/* void vectors_divert(struct pcpu *pcpu, bool traced): where this pCPU's next traps go. */
	.global vectors_divert
vectors_divert:
	hint	#34
	adr	x2, trap_quick
	adr	x3, trap_irq_quick
	cbz	w1, 1f
	adr	x2, sync_traced
	adr	x3, irq_traced
1:	str	x2, [x0]
	str	x3, [x0, #PCPU_ON_IRQ]
	ret

/* x0 = struct vcpu to resume, its EL1 state loaded. */
	.global context_enter
context_enter:
	ldr	x2, [x0, #CONTEXT_HCR]
	mov	sp, x0
	tbz	x2, #HCR_API, 1f
	ldr	x2, [x0, #CONTEXT_PAC]
	ldr	x3, [x0, #CONTEXT_PAC + 8]
	msr	APIA_LOW, x2
	msr	APIA_HIGH, x3
1:
	ldp	x30, x1, [sp, #REGS_X30]
	ldr	x2, [sp, #REGS_PSTATE]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh			/* nothing is speculated past the ERET */
	isb

/*
 * An exception out of EL2 itself. The stack may be what is broken (a guard page), so it goes on on
 * one kept for this. el2_fault() returns only for the semihosting HLT (board/power.c) and the load of
 * cpu_probe_read32(), to be skipped.
 */
el2_exception:
	msr	tpidrro_el0, x0
	mov	x0, sp
	msr	sp_el0, x0
	adrp	x0, fault_stack_top
	mov	sp, x0
	sub	sp, sp, #REGS_SIZE
	mrs	x0, tpidr_el0
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	stp	x30, x1, [sp, #REGS_X30]
	mrs	x3, sp_el0
	stp	x2, x3, [sp, #REGS_PSTATE]	/* pstate, and EL2's SP in the unused word */
	mrs	x0, tpidrro_el0
	mov	x1, sp
	bl	el2_fault
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]		/* x19..x29 were preserved by C */
	ldr	x30, [sp, #REGS_X30]
	msr	tpidr_el0, x0
	mrs	x0, sp_el0
	mov	sp, x0
	mrs	x0, elr_el2
	add	x0, x0, #4
	msr	elr_el2, x0
	mrs	x0, tpidr_el0
	eret
