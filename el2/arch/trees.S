// SPDX-License-Identifier: Apache-2.0
/* The trees that stand in for a missing one (board/handover.c), as dtc made them of el2/board/NAME.dts.
 * Data: it stands here since a file can only be included by the assembler. */
	.section .rodata.trees, "a"
	.balign	8
	.global tree_raspi3
tree_raspi3:
	.incbin "raspi3.dtb"
	.balign	8
	.global tree_raspi4
tree_raspi4:
	.incbin "raspi4.dtb"
