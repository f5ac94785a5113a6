// SPDX-License-Identifier: Apache-2.0
/*
 * Measuring guest: comes to its end at fall_here (its first life, or each one), as bootargs say, how=...
 *
 *   crash   UDF with vectors nowhere       reset    PSCI SYSTEM_RESET
 *   abort   load from nowhere, likewise    off      PSCI SYSTEM_OFF
 *   mmu     table walks from nowhere       hang     turns its watchdog on, and sleeps
 *   sleep   does nothing, for ever         spin     the same, awake
 *   flood   prints without end             storm    sends itself interrupts without end
 *
 *   watch   is who pays: see watch()
 *
 * With touch=1 it has touched all of its memory before.
 */
#include "rt.h"

#define NOWHERE 0x7f000000ul

static bool is(const char *how)
{
	return arg_is("how", how);
}

static void touch_all(void)
{
	u64 base, size;

	if (!fdt_reg(fdt_named("memory", 0), 0, &base, &size))
		return;
	for (u64 at = base; at < base + size; at += 4096)
		(void)load32(at);
}

/* The instruction that the bench waits for; w0 = 0: UDF, else HVC with that function. */
__attribute__((noinline)) static void fall(u64 function)
{
	register u64 x0 __asm__("x0") = function;

	__asm__ volatile("fall_here:	cbnz x0, 1f\n"
			 ".inst 0\n"
			 "1:	hvc #0"
			 : "+r"(x0)::"x1", "x2", "x3", "memory");
}

/* Always the same, by always as many instructions. */
static u64 turn(void)
{
	u64 state = 1, sum = 0;

	__asm__ volatile("" : "+r"(state)); /* or it would be reckoned once for all */
	for (unsigned i = 0; i < 256; i++)
		sum = (sum << 1 | sum >> 63) ^ xorshift(&state);
	return sum;
}

/* Works for ms= of its time: how many turns it had, the most ticks between two, and how many were wrong. */
static void watch(u64 ms)
{
	u64 begin = timer_now(), end = begin + ms * (timer_hz() / 1000);
	u64 turns = 0, gap = 0, wrong = 0, right = turn(), last = begin, now;

	do {
		wrong += turn() != right;
		turns++;
		now = timer_now();
		gap = now - last > gap ? now - last : gap;
		last = now;
	} while (now < end);
	print("watch: %lu turns, %lu ticks at most between two, %lu wrong\n", turns, gap, wrong);
}

static void for_ever(void)
{
	for (;;)
		if (is("flood"))
			print("flood, flood, flood, flood, flood, flood\n");
		else if (is("storm"))
			sgi_send(1, 0);
		else if (!is("spin"))
			wfi();
}

int main(void)
{
	if (arg_u64("touch", 0))
		touch_all();
	if (is("watch")) {
		watch(arg_u64("ms", 1000));
		return 0;
	}
	if (is("reset"))
		fall(PSCI_SYSTEM_RESET);
	if (is("off")) {
		print("off\n");
		fall(PSCI_SYSTEM_OFF);
	}
	if (is("hang"))
		hypercall(SKERRY_WATCHDOG, 1, 0, 0);
	if (is("storm"))
		gic_init();
	if (is("crash") || is("abort") || is("mmu"))
		write_sysreg(vbar_el1, NOWHERE);
	if (is("abort"))
		load32(NOWHERE);
	if (is("mmu")) {
		write_sysreg(ttbr0_el1, NOWHERE);
		__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	}
	if (is("crash"))
		fall(0);
	for_ever();
	return 0;
}
