// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: the operator's commands by SKERRY_COMMAND, with the right to what it is granted ("query" and
 * "operate") and to nothing else; with arguments that are nobody's; and about itself at the end. The guest
 * `victim` is there, and `bystander` counts on.
 */
#include "rt.h"

static char answer[4097];
static u64 failures;

static void expect(const char *what, s64 got, s64 wanted)
{
	bool good = got == wanted;

	failures += !good;
	print("%s %s: %ld\n", good ? "PASS" : "FAIL", what, got);
}

static s64 ask(const char *line)
{
	s64 status;

	while (status = command(line, answer, sizeof(answer)), status == SKERRY_BUSY)
		yield();
	return status;
}

/* An order to the victim, which another CPU may be taking from one state to the next just now. */
static s64 order(const char *line)
{
	static const char ending[] = "skerry: victim is just ending";
	size_t n;
	s64 status;

	do {
		memset(answer, 0, sizeof(answer));
		status = ask(line);
		for (n = 0; ending[n] && answer[n] == ending[n]; n++)
			;
	} while (status == SKERRY_FAILED && !ending[n]);
	return status;
}

/* As `command`, with anything in the registers. */
static s64 raw(u64 text, u64 bytes, u64 to, u64 room)
{
	register u64 x0 __asm__("x0");
	register u64 x1 __asm__("x1");
	register u64 x2 __asm__("x2");
	register u64 x3 __asm__("x3");
	register u64 x4 __asm__("x4");

	do {
		x0 = SKERRY_COMMAND;
		x1 = text;
		x2 = bytes;
		x3 = to;
		x4 = room;
		__asm__ volatile("hvc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
				 :
				 : "memory");
	} while ((s64)x0 == SKERRY_BUSY);
	return (s64)x0;
}

/* Nothing that random arguments do may come to more than a refusal: the line is never a command. */
static void hostile(void)
{
	static const char halt[] = "halt victim";
	u64 seed = arg_u64("seed", 1), line = (u64)halt, others = 0;

	expect("nowhere", raw(0x7f000000, 11, (u64)answer, 100), SKERRY_INVALID_PARAMETER);
	expect("a device", raw(SKERRY_UART_BASE, 11, (u64)answer, 100), SKERRY_INVALID_PARAMETER);
	expect("no bytes", raw(line, 0, (u64)answer, 100), SKERRY_INVALID_PARAMETER);
	expect("too many", raw(line, 120, (u64)answer, 100), SKERRY_INVALID_PARAMETER);
	expect("wraps", raw(~0ul - 5, 11, (u64)answer, 100), SKERRY_INVALID_PARAMETER);
	expect("answer nowhere", raw(line, 11, 0x7f000000, 100), SKERRY_INVALID_PARAMETER);
	expect("answer too long", raw(line, 11, (u64)answer, ~0ul), SKERRY_INVALID_PARAMETER);
	expect("answer at a device", raw(line, 11, SKERRY_GICD_BASE, 8), SKERRY_INVALID_PARAMETER);
	for (u32 i = 0; i < 20000; i++) {
		u64 r = xorshift(&seed), at = xorshift(&seed) >> (r & 63);
		s64 status = raw(at, r & 256 ? xorshift(&seed) : r >> 10 & 127, (u64)answer,
				 r >> 20 & 127);

		others += status != SKERRY_INVALID_PARAMETER && status != SKERRY_FAILED &&
			  status != SKERRY_SUCCESS; /* blanks */
	}
	expect("20000 random ones", (s64)others, 0);
}

int main(void)
{
	expect("query", ask("query names"), SKERRY_SUCCESS);
	expect("display", ask("display victim pc"), SKERRY_DENIED);
	expect("store", ask("store victim x0 1"), SKERRY_DENIED);
	expect("set", ask("set weight victim 1"), SKERRY_DENIED);
	expect("message", ask("message hello"), SKERRY_DENIED);
	expect("shutdown", ask("shutdown"), SKERRY_DENIED);
	expect("focus", ask("focus victim"), SKERRY_DENIED);
	hostile();
	expect("nobody", ask("stop nobody"), SKERRY_FAILED);
	expect("stop", order("stop victim"), SKERRY_SUCCESS);
	expect("destroy", order("destroy victim"), SKERRY_SUCCESS);
	while (ask("stop victim") == SKERRY_FAILED && answer[8] != 'n') /* no guest "victim" */
		yield();
	expect("ipl", ask("ipl victim"), SKERRY_SUCCESS);
	print("rights: %lu failures\n", failures);
	expect("ourselves", ask("destroy rights"), SKERRY_SUCCESS);
	for (;;)
		yield();
}
