// SPDX-License-Identifier: Apache-2.0
// units: board/greet.c
/* The first words: CPUs by name, and each way of being started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board/greet.h"
#include "board/say.h"

static void expect_name(u64 midr, const char *name)
{
	char text[48];

	greet_cpu_name(text, sizeof(text), midr);
	assert_string_equal(text, name);
}

static void names(void **state)
{
	(void)state;
	expect_name(0x410fd034, "Cortex-A53 r0p4"); /* a Raspberry Pi 3's */
	expect_name(0x410fd083, "Cortex-A72 r0p3"); /* a Raspberry Pi 4's */
	expect_name(0x411fd070, "Cortex-A57 r1p0");
	expect_name(0x414fd0c1, "Neoverse-N1 r4p1");
	expect_name(0x000f0510, "part 0x51 of maker 0x0, r0p0");   /* QEMU's max */
	expect_name(0x610fd030, "part 0xd03 of maker 0x61, r0p0"); /* no Arm, no A53 */
}

static const struct entry usual = {
	.x0 = 0x48200000,
	.level = 2,
	.sctlr = 0x30c50830,
	.spsr = 0x3c9,
	.daif = 0x3c0,
	.midr = 0x411fd070,
	.image = 0x40200000,
};

static void by_a_boot_loader(void **state)
{
	struct handover handover = {.tree = (const void *)0x48200000};

	(void)state;
	said_forget();
	greet(&usual, &handover, "a board");
	assert_string_equal(
		said, "\nskerry: entered at EL2, interrupts masked: DAIF 0x3c0\n"
		      "skerry: image  at 0x40200000\n"
		      "skerry: tree   at 0x48200000\n"
		      "skerry: board  a board\n"
		      "skerry: CPU    Cortex-A57 r1p0: MIDR 0x411fd070\n"
		      "skerry: left   MMU off, caches off: SCTLR_EL2 0x30c50830, HCR_EL2 0x0, "
		      "SPSR_EL2 0x3c9\n");
}

/* A kernel's kexec, or firmware that does not keep to the protocol. */
static void by_an_odd_one(void **state)
{
	struct entry odd = usual;
	struct handover handover = {.tree = (const void *)0x48200000};

	(void)state;
	odd.level = 3;
	odd.sctlr = 0x30c51835;
	odd.hcr = 0x488000000;
	odd.daif = 0x340;
	said_forget();
	greet(&odd, &handover, "a board");
	assert_non_null(strstr(said, "entered at EL3, interrupts not all masked: DAIF 0x340\n"));
	assert_non_null(strstr(said, "left   MMU on, caches on, a host's view of EL2: SCTLR_EL2 "
				     "0x30c51835, HCR_EL2 0x488000000, SPSR_EL2 0x3c9\n"));
}

static void without_a_tree(void **state)
{
	struct handover handover = {.built_in = true};
	struct entry entry = usual;

	(void)state;
	entry.x0 = 0x33;
	said_forget();
	greet(&entry, &handover, "a board");
	assert_non_null(strstr(said, "tree   none at x0 = 0x33: a built-in one\n"));
	handover.atags_at = 0x100;
	said_forget();
	greet(&entry, &handover, "a board");
	assert_non_null(strstr(said, "ATAGs at 0x100, which make no sense\n"));
	handover.atags_good = true;
	said_forget();
	greet(&entry, &handover, "a board");
	assert_non_null(strstr(said, "ATAGs at 0x100\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(by_a_boot_loader),
		cmocka_unit_test(by_an_odd_one),
		cmocka_unit_test(without_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
