// SPDX-License-Identifier: Apache-2.0
/*
 * The exception vectors of EL2 (Arm ARM, D1.10.2) and the way back into a guest.
 *
 * While a guest runs, SP_EL2 points at its struct vcpu, whose first bytes are struct regs: its
 * registers are saved without a scratch register. Then SP becomes this pCPU's own stack, which is
 * empty: EL2 keeps nothing on it between two traps.
 *
 * EL2 itself runs with interrupts masked and takes no exception; the other twelve vectors print
 * their name and stop the machine.
 */
#include "arch/asm_offsets.h"

	.macro save_guest
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
	stp	x30, x1, [sp, #REGS_X30]	/* x30, pc */
	str	x2, [sp, #REGS_PSTATE]
	mrs	x1, tpidr_el2
	mov	x0, sp
	ldr	x1, [x1]			/* pcpu->stack_top */
	mov	sp, x1
	.endm

	.macro from_guest handler
	.balign 0x80
	save_guest
	mov	x29, xzr
	bl	\handler
	b	context_enter
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
	from_guest trap_sync		/* a guest in AArch64 */
	from_guest trap_irq
	from_guest trap_irq		/* FIQ: no difference for us */
	from_guest trap_serror
	from_guest trap_sync		/* a guest's EL0 in AArch32 */
	from_guest trap_irq
	from_guest trap_irq
	from_guest trap_serror

/* x0 = struct vcpu to resume, its EL1 state loaded. */
	.global context_enter
context_enter:
	mov	sp, x0
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
