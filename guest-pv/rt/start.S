// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's first instructions, at EL1 with MMU and caches off, x0 = device tree (the arm64 boot
 * protocol), and those of its other CPUs (PSCI CPU_ON: x0 = context id).
 *
 * What always holds: nothing is written before the MMU is on. The translation table is constant
 * data, so that there are no writes past the caches and no maintenance to forget.
 * Arm ARM D8 (translation, 4 KiB granule, 32-bit input: level 1 has four entries).
 */

	/* Level 1 blocks: AF, inner shareable; MAIR attribute 0 is a device, 1 normal memory. EL0
	 * executes nowhere (UXN), EL1 in memory only (PXN). */
	.set	BLOCK_DEVICE, 0x0060000000000401
	.set	BLOCK_NORMAL, 0x0040000000000705
	.set	BLOCK_DATA, 0x0060000000000705

	.section .data.table, "aw"
	.balign	64
	.global mmu_table
mmu_table:
	.quad	0x00000000 + BLOCK_DEVICE
	.quad	0x40000000 + BLOCK_NORMAL
	.quad	0x80000000 + BLOCK_NORMAL
	.quad	0x00000000 + BLOCK_DATA

	.macro	address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.section .head.text, "ax"
	.global _start
_start:
	mov	x19, x0
	bl	mmu_on

	/* Where the image runs against where it was linked: adjust its absolute addresses
	 * (R_AARCH64_RELATIVE is the only kind there is: offset, type, addend). */
	address	x0, _rela_start
	address	x1, _rela_end
	adr	x2, _start
	mov	x3, #0x40000000
	sub	x2, x2, x3
	sub	x2, x2, #64			/* behind the header */
1:	cmp	x0, x1
	b.hs	2f
	ldp	x3, x4, [x0], #16
	ldr	x5, [x0], #8
	cmp	w4, #1027			/* R_AARCH64_RELATIVE */
	b.ne	1b
	add	x5, x5, x2
	str	x5, [x3, x2]
	b	1b

2:	address	x0, _bss_start
	address	x1, _bss_end
3:	cmp	x0, x1
	b.hs	4f
	stp	xzr, xzr, [x0], #16
	b	3b

4:	address	x0, first_stack
	add	sp, x0, #4096
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	bl	rt_main				/* does not return */

	/* Another CPU: x0 = its struct cpu, whose first words are its stack, entry and argument. */
	.section .text.secondary, "ax"
	.global secondary_start
secondary_start:
	mov	x19, x0
	bl	mmu_on
	ldr	x1, [x19]
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	bl	rt_secondary			/* does not return */

	/* MMU, caches, vectors, and FP/SIMD not trapped. Keeps x19. */
	.section .head.text, "ax"
mmu_on:
	mov	x0, #0xff04			/* 0: Device-nGnRE, 1: write-back */
	msr	mair_el1, x0
	movz	x0, #0x3520			/* T0SZ 32, write-back walks, inner shareable */
	movk	x0, #0x80, lsl #16		/* EPD1: nothing in the upper half */
	msr	tcr_el1, x0
	address	x0, mmu_table
	msr	ttbr0_el1, x0
	address	x0, vectors
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	movz	x0, #0x1805			/* M, C, I */
	movk	x0, #0x30d0, lsl #16		/* what v8.0 has as RES1 */
	msr	sctlr_el1, x0
	isb
	ret

	.section .bss.first_stack, "aw", %nobits
	.balign	16
first_stack:
	.skip	4096

	.section .note.GNU-stack, "", %progbits
