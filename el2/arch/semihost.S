// SPDX-License-Identifier: Apache-2.0
/*
 * The semihosting call that ends an emulated machine (Arm semihosting specification, 7.10). Runs at
 * EL2. Where semihosting is off, the HLT raises an exception to EL2 itself (Arm ARM, C6.2: HLT is
 * UNDEFINED unless halting is allowed), whose handler knows the label and skips it.
 */
#define SYS_EXIT_EXTENDED 0x20

	.text
	.global semihost_exit, semihost_hlt
semihost_exit:
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	mov	x1, #0x26
	movk	x1, #2, lsl #16		/* ADP_Stopped_ApplicationExit */
	stp	x1, x0, [sp, #16]	/* the parameter block: reason, status */
	add	x1, sp, #16
	mov	x0, #SYS_EXIT_EXTENDED
semihost_hlt:
	hlt	#0xf000
	ldp	x29, x30, [sp], #32
	ret
