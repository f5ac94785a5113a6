// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: one thing over and over, on all its CPUs, that EL2 must neither stumble over nor let
 * others pay for. bootargs: rounds=, and how=
 *   yield   each CPU yields
 *   onoff   CPU 0 turns the others on, each of which turns itself off at once
 *   reset   resets itself while its other CPUs run; how often is kept in a channel's memory
 *   flood   prints, in writes that hold as many lines as fit
 *   watch   is who pays: looks at the clock for `rounds` ms of it, and fails if it could not look
 *           for more than gap= us at a time, or had less than share= per cent of the time
 * Ends with 0 after its rounds.
 */
#include "rt.h"

static u64 done, rounds;

static void count_done(u64 arg)
{
	(void)arg;
	__atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

static void wait_done(u64 n)
{
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != n)
		yield();
}

static void yields(u64 arg)
{
	u64 i;

	for (i = 0; i < rounds; i++)
		yield();
	count_done(arg);
}

/* Traps, timers and faults of all kinds until the reset comes. */
static void busy(u64 arg)
{
	count_done(arg);
	for (;;) {
		yield();
		(void)read_sysreg(id_aa64pfr0_el1);
		write_sysreg(cntv_cval_el0, timer_now() + (arg & 0xff));
		write_sysreg(cntv_ctl_el0, 1);
		catch_begin();
		(void)load32(0x10000000);
		catch_end();
	}
}

static void start_all(void (*fn)(u64 arg))
{
	u32 n;

	for (n = 1; n < cpu_count(); n++)
		if (cpu_start(n, fn, n) != 0)
			print("FAIL CPU %u did not start\n", n);
}

static void turn_on_and_off(void)
{
	u64 i, expected = 0;
	u32 n;

	for (i = 0; i < rounds; i++)
		for (n = 1; n < cpu_count(); n++) {
			while (cpu_start(n, count_done, 0) == -4)
				yield(); /* ALREADY_ON: not yet off from the round before */
			expected++;
		}
	wait_done(expected);
}

static bool reset_again(void)
{
	struct channel c;
	volatile u64 *lives;

	if (!channel_open(0, &c)) {
		print("FAIL no channel\n");
		return false;
	}
	lives = c.memory;
	if (++*lives > rounds)
		return true;
	start_all(busy);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) + 1 < cpu_count())
		yield();
	dsb();
	hypercall(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("FAIL the reset came back\n");
	return false;
}

static void flood(void)
{
	static char lines[SKERRY_CONSOLE_MAX];
	u64 i;

	memset(lines, '\n', sizeof(lines));
	for (i = 0; i < rounds; i++)
		console_write(lines, sizeof(lines));
}

static bool watch(void)
{
	/* The counter began with the guest: what it waited for its first instruction counts too. */
	u64 us = timer_hz() / 1000000, last = 0, now, gap, longest = 0, lost = 0, share;

	for (; last < rounds * 1000 * us; last = now) {
		now = timer_now();
		gap = now - last;
		longest = gap > longest ? gap : longest;
		lost += gap > 20 * us ? gap : 0;
	}
	share = 100 - lost * 100 / last;
	print("storm: longest gap %lu us, share %lu %%\n", longest / us, share);
	return longest / us <= arg_u64("gap", 5000) && share >= arg_u64("share", 40);
}

int main(void)
{
	bool ok = true;

	rounds = arg_u64("rounds", 100);
	if (arg_is("how", "yield")) {
		start_all(yields);
		yields(0);
		wait_done(cpu_count());
	} else if (arg_is("how", "onoff")) {
		turn_on_and_off();
	} else if (arg_is("how", "reset")) {
		ok = reset_again();
	} else if (arg_is("how", "watch")) {
		ok = watch();
	} else {
		flood();
	}
	print("storm: %s\n", ok ? "over" : "FAIL");
	return !ok;
}
