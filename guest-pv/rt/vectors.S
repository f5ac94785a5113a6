// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's 16 vectors (Arm ARM D1.3.1), at EL1: each saves all general registers and what tells
 * about the exception as a struct frame on the stack, calls trap(frame), and goes back to where
 * the frame then says. FP/SIMD registers are not touched: the runtime is built without them.
 *
 * Also the way to EL0 and back, which only needs vectors and ERET.
 */

	.macro	vector kind
	.balign	128
	sub	sp, sp, #288
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	save
	.endm

	.section .text.vectors, "ax"
	.balign	2048
	.global vectors
vectors:
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\kind
	.endr

save:
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
	mrs	x1, elr_el1
	stp	x30, x1, [sp, #240]
	mrs	x1, spsr_el1
	mrs	x2, esr_el1
	stp	x1, x2, [sp, #256]
	mrs	x1, far_el1
	stp	x1, x0, [sp, #272]
	mov	x0, sp
	bl	trap

	ldr	x30, [sp, #240]
	ldp	x1, x2, [sp, #248]
	msr	elr_el1, x1
	msr	spsr_el1, x2
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
	ldp	x0, x1, [sp], #288
	eret

	/* void el0_enter(u64 pc): run at EL0 from pc, interrupts masked, until trap code sends
	 * the exception's frame to el0_leave at EL1; then return to the caller. SP_EL1 stays where
	 * it is meanwhile, so what must be kept is on the stack. */
	.section .text.el0, "ax"
	.global el0_enter, el0_leave
el0_enter:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el1, x0
	mov	x1, #0x3c0			/* EL0, DAIF masked */
	msr	spsr_el1, x1
	eret
el0_leave:
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #96
	ret

	.section .note.GNU-stack, "", %progbits
