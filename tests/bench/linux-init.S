/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux's first program for tests/bench/linux_init.py, at EL0: linked where no kernel has code, so that its
 * first instruction tells a plugin that Linux has come so far. Says so, and switches off.
 */
	.text
	.global _start
_start:
	mov	x8, #64			/* write(1, …) */
	mov	x0, #1
	adr	x1, words
	mov	x2, #(end - words)
	svc	#0
	mov	x8, #142		/* reboot(…, POWER_OFF) */
	ldr	w0, =0xfee1dead
	ldr	w1, =672274793
	ldr	w2, =0x4321fedc
	svc	#0
1:	b	1b
	.ltorg
words:	.ascii	"Linux has come to /init\n"
end:

	.section .note.GNU-stack, "", %progbits
