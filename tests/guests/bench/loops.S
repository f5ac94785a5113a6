/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measuring guest's exact loops, at EL1: one event a turn, and around it as few instructions of
 * the guest's own as can be, each of which is known (loops.h gives their number a turn). A loop
 * returns the ticks of the virtual counter that it took.
 *
 * Registers inside a loop: x19 turns left, x20-x22 the loop's arguments, x23 the counter at the
 * start. An IRQ handler uses x9-x12: x9 becomes the counter at its first instruction, x11 counts
 * interrupts, x12 is GICC's base on a GICv2. A loop's event may change x0-x17 (SMCCC), so IRQs are
 * masked but where a loop waits for one, and there nothing else stands in x9-x12.
 */
	.arch_extension fp

	.macro	enter name
	.section .text.loop_\name, "ax"
	.global	loop_\name
loop_\name:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x19, x0
	mov	x20, x1
	mov	x21, x2
	mov	x22, x3
	mov	x11, #0
	.endm

	.macro	leave
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
	.endm

	.macro	start
	isb
	mrs	x23, cntvct_el0
1:
	.endm

	/* Two instructions a turn. */
	.macro	again
	subs	x19, x19, #1
	b.ne	1b
	isb
	mrs	x0, cntvct_el0
	sub	x0, x0, x23
	.endm

	/* Where a masked wait ends: one instruction, the handler, and another two. */
	.macro	take_irq
	msr	daifclr, #2
	msr	daifset, #2
	.endm

	/* A loop whose event is one instruction or more: loop NAME, "instruction", ... */
	.macro	loop name, insns:vararg
	enter	\name
	start
	.irp	insn, \insns
	\insn
	.endr
	again
	leave
	.endm

	loop	empty
	loop	nop, "nop"
	loop	mrs, "mrs x0, tpidr_el0"
	loop	idreg, "mrs x0, id_aa64pfr0_el1"
	loop	load, "ldr w0, [x20]"
	loop	store, "str w21, [x20]"
	loop	touch, "ldr w0, [x20]", "add x20, x20, #4096"
	loop	hvc, "mov x0, x20", "mov x1, x21", "hvc #0"
	loop	xen, "mov x16, x20", "mov x0, x21", "mov x1, x22", "hvc #0xea1"

	/* An SGI to itself by ICC_SGI1R_EL1 = x20; its handler runs before the next turn. */
	enter	sgi3
	msr	daifclr, #2
	start
	msr	icc_sgi1r_el1, x20
	again
	msr	daifset, #2
	leave

	/* x20 interrupts that are pending, until all have been taken. x12 = GICC. */
	enter	irqs
	mov	x12, x22
	isb
	mrs	x23, cntvct_el0
	msr	daifclr, #2
2:	cmp	x11, x20
	b.lo	2b
	msr	daifset, #2
	isb
	mrs	x0, cntvct_el0
	sub	x0, x0, x23
	leave

	/* ... and by a store of w21 to GICD_SGIR at x20; x12 = GICC. */
	enter	sgi2
	mov	x12, x22
	msr	daifclr, #2
	start
	str	w21, [x20]
	again
	msr	daifset, #2
	leave

	/* Latencies: x20 = ticks ahead, x21 = struct latency, x22 = GICC. The deadline is in x25. */
	.macro	timer_set
	mrs	x25, cntvct_el0
	add	x25, x25, x20
	msr	cntv_cval_el0, x25
	mov	x0, #1
	mov	x11, #0
	msr	cntv_ctl_el0, x0
	isb
	.endm

	/* The handler's stamp less the deadline: into the sum, the least and the most. */
	.macro	note from
	sub	x0, x9, \from
	ldp	x1, x2, [x21]
	ldr	x3, [x21, #16]
	add	x1, x1, x0
	cmp	x0, x2
	csel	x2, x0, x2, lo
	cmp	x0, x3
	csel	x3, x0, x3, hi
	stp	x1, x2, [x21]
	str	x3, [x21, #16]
	.endm

	/* Deadline to handler, the guest busy. */
	enter	timer_busy
	mov	x12, x22
	start
	timer_set
	msr	daifclr, #2
2:	cbz	x11, 2b
	msr	daifset, #2
	note	x25
	again
	leave

	/* Deadline to handler, the guest in WFI with IRQs masked, as Linux idles. */
	enter	timer_wfi
	mov	x12, x22
	start
	timer_set
2:	wfi
	take_irq
	cbz	x11, 2b
	note	x25
	again
	leave

	/* The first FP instruction after HVC (x20, x22: id and argument) has let others run. */
	enter	fp
	start
	mov	x0, x20
	mov	x1, x22
	hvc	#0
	mrs	x25, cntvct_el0
	fmov	d0, xzr
	mrs	x9, cntvct_el0
	note	x25
	again
	leave

	/* Ring (HVC #0 with x0 = x20, x1 = x21), sleep until the peer's bell has been handled. */
	.macro	bell_wait
2:	wfi
	take_irq
	cbz	x11, 2b
	.endm

	enter	bell
	mov	x12, x22
	start
	mov	x11, #0
	mov	x0, x20
	mov	x1, x21
	hvc	#0
	bell_wait
	again
	leave

	/* ... as Xen's event channels go: x20 = send, x21 = struct xen_bell. An event is not sent again
	 * before its marks in the page that Xen shares with the guest are gone. */
	.macro	bell_heard_xen
	strb	wzr, [x24]			/* evtchn_upcall_pending */
	str	xzr, [x24, #8]			/* evtchn_pending_sel */
	str	xzr, [x24, #48]			/* evtchn_pending[0] */
	.endm

	enter	bell_xen
	mov	x12, x22
	ldr	x24, [x21, #8]
	start
	mov	x11, #0
	mov	x16, #32			/* event_channel_op */
	mov	x0, x20
	mov	x1, x21
	hvc	#0xea1
	bell_wait
	bell_heard_xen
	again
	leave

	/* --- Peers: what another guest does for ever --------------------------------------------- */

	/* Lets others run by HVC (x0 = x20, x1 = x21) and counts its turns at x22. */
	enter	peer_yield
1:	mov	x0, x20
	mov	x1, x21
	hvc	#0
	ldr	w0, [x22]
	add	w0, w0, #1
	str	w0, [x22]
	b	1b

	enter	peer_xen
1:	mov	x16, x20
	mov	x0, x21
	mov	x1, #0
	hvc	#0xea1
	ldr	w0, [x22]
	add	w0, w0, #1
	str	w0, [x22]
	b	1b

	enter	peer_fp
1:	mov	x0, x20
	mov	x1, x21
	hvc	#0
	fmov	d0, xzr
	b	1b

	enter	peer_spin
1:	b	1b

	/* Answers each bell with one. */
	enter	peer_bell
	mov	x12, x22
1:	mov	x11, #0
	bell_wait
	mov	x0, x20
	mov	x1, x21
	hvc	#0
	b	1b

	enter	peer_bell_xen
	mov	x12, x22
	ldr	x24, [x21, #8]
1:	mov	x11, #0
	bell_wait
	bell_heard_xen
	mov	x16, #32
	mov	x0, x20
	mov	x1, x21
	hvc	#0xea1
	b	1b

	/* --- Vectors ---------------------------------------------------------------------------- */

	/* IRQ: eight instructions, on either GIC. A timer that asked is silenced. Synchronous: an
	 * abort whose instruction is skipped, four instructions. Others: the runtime's vectors. */
	.macro	sync
	.balign	128
	mrs	x9, elr_el1
	add	x9, x9, #4
	msr	elr_el1, x9
	eret
	.endm

	.section .text.vectors, "ax"
	.balign	2048
	.global	bench_vectors_v3, bench_vectors_v2
bench_vectors_v3:
	.skip	512
	sync
	.balign	128
	mrs	x9, cntvct_el0
	msr	cntv_ctl_el0, xzr
	mrs	x10, icc_iar1_el1
	isb
	msr	icc_eoir1_el1, x10
	add	x11, x11, #1
	isb
	eret

	.balign	2048
bench_vectors_v2:
	.skip	512
	sync
	.balign	128
	mrs	x9, cntvct_el0
	msr	cntv_ctl_el0, xzr
	ldr	w10, [x12, #0xc]
	isb
	str	w10, [x12, #0x10]
	add	x11, x11, #1
	isb
	eret

	.section .note.GNU-stack, "", %progbits
