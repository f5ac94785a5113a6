// SPDX-License-Identifier: Apache-2.0
/*
 * Registers that stay apart: fills all 32 vector registers (V0-V31, 128 bits each), FPCR and FPSR
 * from a seed, gives the CPU away, and looks whether each is as it was; in between it computes. Run
 * several at once with different seeds: a hypervisor that forgot a register in a switch would show
 * it as a mismatch here.
 *
 * Built with FP/SIMD allowed, unlike the runtime, whose exception handlers therefore keep off it.
 */
#include "rt.h"

struct vectors {
	u64 v[64]; /* V0 low half, V0 high half, V1 ... */
};

/* Load all of them, let others run by HVC (SKERRY_YIELD; w0 must survive as the id), store all. */
static void through_a_yield(const struct vectors *in, struct vectors *out)
{
	register u64 x0 __asm__("x0") = SKERRY_YIELD;
	register u64 x1 __asm__("x1");
	register u64 x2 __asm__("x2");
	register u64 x3 __asm__("x3");

	__asm__ volatile("ldp q0, q1, [%4]\n ldp q2, q3, [%4, #32]\n ldp q4, q5, [%4, #64]\n"
			 "ldp q6, q7, [%4, #96]\n ldp q8, q9, [%4, #128]\n"
			 "ldp q10, q11, [%4, #160]\n ldp q12, q13, [%4, #192]\n"
			 "ldp q14, q15, [%4, #224]\n ldp q16, q17, [%4, #256]\n"
			 "ldp q18, q19, [%4, #288]\n ldp q20, q21, [%4, #320]\n"
			 "ldp q22, q23, [%4, #352]\n ldp q24, q25, [%4, #384]\n"
			 "ldp q26, q27, [%4, #416]\n ldp q28, q29, [%4, #448]\n"
			 "ldp q30, q31, [%4, #480]\n"
			 "hvc #0\n"
			 "stp q0, q1, [%5]\n stp q2, q3, [%5, #32]\n stp q4, q5, [%5, #64]\n"
			 "stp q6, q7, [%5, #96]\n stp q8, q9, [%5, #128]\n"
			 "stp q10, q11, [%5, #160]\n stp q12, q13, [%5, #192]\n"
			 "stp q14, q15, [%5, #224]\n stp q16, q17, [%5, #256]\n"
			 "stp q18, q19, [%5, #288]\n stp q20, q21, [%5, #320]\n"
			 "stp q22, q23, [%5, #352]\n stp q24, q25, [%5, #384]\n"
			 "stp q26, q27, [%5, #416]\n stp q28, q29, [%5, #448]\n"
			 "stp q30, q31, [%5, #480]\n"
			 : "+r"(x0), "=r"(x1), "=r"(x2), "=r"(x3)
			 : "r"(in), "r"(out)
			 : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
			   "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
			   "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31",
			   "memory");
}

/* The sum of 1/(k (k + 1)) for k below n is 1 - 1/n: known, and full of rounding to get wrong. */
static bool series_right(u64 n)
{
	double sum = 0, error;
	u64 k;

	for (k = 1; k < n; k++) {
		sum += 1.0 / ((double)k * (double)(k + 1));
		if (k % 256 == 0)
			yield();
	}
	error = sum - (1.0 - 1.0 / (double)n);
	return error < 1e-12 && error > -1e-12;
}

int main(void)
{
	u64 seed = arg_u64("seed", 1), rounds = arg_u64("rounds", 200), state = seed, r, i;
	u64 wrong = 0;
	static struct vectors in, out;

	for (r = 0; r < rounds; r++) {
		for (i = 0; i < 64; i++)
			in.v[i] = xorshift(&state);
		/* FPCR: rounding mode; FPSR: the sticky flags. Both belong to the guest, too. */
		write_sysreg(fpcr, (r & 3) << 22);
		write_sysreg(fpsr, state & 0x1f);
		through_a_yield(&in, &out);
		wrong += (read_sysreg(fpcr) >> 22 & 3) != (r & 3);
		wrong += (read_sysreg(fpsr) & 0x1f) != (state & 0x1f);
		for (i = 0; i < 64; i++)
			wrong += in.v[i] != out.v[i];
		write_sysreg(fpcr, 0);
		wrong += !series_right(1000 + seed % 100);
	}
	print("seed %lu: %lu rounds of 32 vector registers and a sum: %s\n", seed, rounds,
	      wrong ? "WRONG" : "right");
	return wrong != 0;
}
