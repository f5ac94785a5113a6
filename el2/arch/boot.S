// SPDX-License-Identifier: Apache-2.0
/*
 * From the boot loader to C. EL2 (or EL3, EL1: see below), MMU and caches off, x0 = device tree.
 *
 * The image is an arm64 Linux-style Image (Documentation/arm64/booting): 64 bytes of header, then
 * code. It is linked at 0 as a static position-independent executable, relocates itself wherever it
 * was loaded, and from then on virtual equals physical.
 *
 * EL1: nothing can be done, but main says so. EL3: dropped to EL2 with SMC disabled, since then there
 * is no firmware behind it.
 */
#define SCR_EL3_VALUE 0x5b1 /* RW, SMD, HCE, RES1, NS */
#define SCTLR_EL2_LOW 0x0830 /* RES1 bits only: little-endian, MMU and caches off */
#define SCTLR_EL2_HIGH 0x30c5
#define HCR_EL2_RW 0x80000000 /* not E2H: the registers are what this code takes them for */
#define SPSR_EL2H_MASKED 0x3c9

#include "arch/asm_offsets.h"

	.section .head, "ax"
	.global image_start
image_start:
	b	entry
	.long	0
	.quad	0			/* text_offset: any 2 MiB aligned address will do */
	.long	image_memory_size, 0	/* up to the end of .bss and stack; 32 bits: no relocation */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
entry:
	mrs	x25, daif
	msr	daifset, #15
	mov	x20, x0
	mrs	x21, CurrentEL
	lsr	x21, x21, #2
	cmp	x21, #2
	b.lo	2f
	mrs	x22, hcr_el2
	mrs	x23, sctlr_el2
	mrs	x24, spsr_el2
	b.eq	1f
	bl	drop_to_el2
1:	bl	own_el2
	adrp	x0, pcpus
	add	x0, x0, :lo12:pcpus
	msr	tpidr_el2, x0
	b	3f
2:	mov	x22, #0
	mrs	x23, sctlr_el1
	mrs	x24, spsr_el1
3:	bl	relocate
	bl	clear_bss
	bl	invalidate_image
	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	cmp	x21, #2
	b.lo	main_refuse
	mov	x1, x21
	mov	x2, x22
	mov	x3, x23
	mov	x4, x24
	mov	x5, x25
	b	main_boot

/* What decides how this code itself runs, whatever was there before. Clobbers x0. */
own_el2:
	msr	spsel, #1
	mov	x0, #SCTLR_EL2_LOW
	movk	x0, #SCTLR_EL2_HIGH, lsl #16
	msr	sctlr_el2, x0
	mov	x0, #HCR_EL2_RW
	msr	hcr_el2, x0
	isb
	ret

/* EL3 becomes EL2. Clobbers x0, x1. */
drop_to_el2:
	mov	x0, #SCR_EL3_VALUE
	msr	scr_el3, x0
	msr	cptr_el3, xzr
	msr	mdcr_el3, xzr
	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #24, #4		/* GIC system registers? */
	cbz	x0, 1f
	mov	x1, #0xf
	msr	S3_6_C12_C12_5, x1	/* ICC_SRE_EL3: on, for lower levels too */
	isb
1:	mov	x0, #SCTLR_EL2_LOW
	movk	x0, #SCTLR_EL2_HIGH, lsl #16
	msr	sctlr_el2, x0
	msr	elr_el3, x30
	mov	x0, #SPSR_EL2H_MASKED
	msr	spsr_el3, x0
	eret

/*
 * Words that hold an address hold it as if the image were at 0. ci/make-image leaves the list of
 * them behind the file's last byte: 16 bits each, the word's offset / 8, up to a 0. Clobbers x0..x3.
 */
relocate:
	adrp	x0, image_start
	add	x0, x0, :lo12:image_start
	adrp	x1, packed_relocations
	add	x1, x1, :lo12:packed_relocations
1:	ldrh	w2, [x1], #2
	cbz	w2, 2f
	lsl	x2, x2, #3
	ldr	x3, [x0, x2]
	add	x3, x3, x0
	str	x3, [x0, x2]
	b	1b
2:	ret

/* .bss is 64-byte aligned at both ends. Clobbers x0, x1. */
clear_bss:
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x1
	b.lo	1b
	ret

/*
 * What was or will be written with the cache off must not be hidden by stale lines once it is on:
 * relocated constants, .data, .bss, the stack. What lies before was never written; by the boot
 * protocol the loader cleaned it. Clobbers x0..x3.
 */
invalidate_image:
	dmb	sy
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4		/* DminLine: log2 of words */
	mov	x2, #4
	lsl	x2, x2, x3
	adrp	x0, relocated_start
	adrp	x1, image_end
1:	dc	ivac, x0
	add	x0, x0, x2
	dc	ivac, x0		/* two lines are no more than a page, and both ends are pages */
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

/*
 * A secondary CPU, by PSCI (x0 = its struct pcpu) or out of a spin table (x0 unknown: it looks its
 * MPIDR up). MMU off. One that comes so late that its place was given to another stays out.
 */
	.global cpu_secondary_entry
cpu_secondary_entry:
	msr	daifset, #15
	bl	own_el2
	mrs	x1, mpidr_el1
	mov	x2, #0xffffff
	movk	x2, #0xff, lsl #32
	and	x1, x1, x2
	adrp	x0, pcpus
	add	x0, x0, :lo12:pcpus
	add	x2, x0, #PCPU_SIZE * PCPU_COUNT
1:	ldr	x3, [x0, #PCPU_MPIDR]
	cmp	x3, x1
	b.eq	2f
	add	x0, x0, #PCPU_SIZE
	cmp	x0, x2
	b.lo	1b
3:	wfi
	b	3b
2:	msr	tpidr_el2, x0
	ldr	x1, [x0, #PCPU_STACK]
	mov	sp, x1
	mov	x19, x0
	adrp	x0, secondary_root
	ldr	x0, [x0, :lo12:secondary_root]
	bl	mmu_enable
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	b	main_secondary
