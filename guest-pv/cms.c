// SPDX-License-Identifier: Apache-2.0
/*
 * The interactive guest, a very small CMS: a prompt, a line, a command. What is typed comes as
 * interrupt 33 of the PL011 (Arm DDI 0183), whose handler empties the receive FIFO into a ring, or
 * masks the interrupt while the ring is full; main sleeps by WFI until a line is there.
 */
#include "rt.h"

#define UART(r) (SKERRY_UART_BASE + (r))
#define UART_DR UART(0x00)
#define UART_FR UART(0x18)
#define UART_FR_RXFE (1u << 4)
#define UART_LCR_H UART(0x2c)
#define UART_CR UART(0x30)
#define UART_IMSC UART(0x38)
#define UART_RX_AND_TIMEOUT 0x50u

static volatile char ring[64];
static volatile u32 head, tail;

/* Reading ends the interrupt. To clear it (ICR) behind the last byte would lose the next one's. */
static void received(u32 intid)
{
	(void)intid;
	while (!(load32(UART_FR) & UART_FR_RXFE)) {
		if (head - tail == sizeof(ring)) {
			store32(UART_IMSC, 0);
			return;
		}
		ring[head % sizeof(ring)] = (char)load32(UART_DR);
		head = head + 1;
	}
}

static char get(void)
{
	char c;

	irq_off();
	while (head == tail) {
		wfi();
		irq_on();
		irq_off();
	}
	c = ring[tail % sizeof(ring)];
	if (head - tail == sizeof(ring))
		store32(UART_IMSC, UART_RX_AND_TIMEOUT);
	tail = tail + 1;
	irq_on();
	return c;
}

static void get_line(char *line, size_t room)
{
	size_t n = 0;
	char c;

	print("> ");
	while (c = get(), c != '\r' && c != '\n') {
		if ((c == '\b' || c == 0x7f) && n) {
			n--;
			print("\b \b");
		} else if (c >= ' ' && c < 0x7f && n + 1 < room) {
			line[n++] = c;
			print("%c", c);
		}
	}
	line[n] = 0;
	print("\n");
}

static void peek(const char *arg)
{
	u64 at = str_u64(arg) & ~3ul;
	u32 v;

	catch_begin();
	v = load32(at);
	if (catch_end())
		print("0x%lx: %s, ESR 0x%lx\n", at, ec_name(this_cpu()->esr), this_cpu()->esr);
	else
		print("0x%lx: 0x%08x\n", at, v);
}

static void crash(void)
{
	print("no vectors, and then an undefined instruction: good-bye\n");
	/* Our own table has memory there, the hypervisor's has not: each fetch faults in EL2. */
	write_sysreg(vbar_el1, 0x7f000000);
	__asm__ volatile(".inst 0");
}

static void who(void)
{
	struct smccc r = hypercall(SKERRY_WHO_AM_I, 0, 0, 0);

	if (on_skerry())
		print("%s, guest %lu, CPU %lu of %lu\n", guest_name(), r.x1, r.x2, r.x3);
	else
		print("nobody below told me\n");
}

static void help(void)
{
	print("help           these lines\n"
	      "echo WORDS     says them\n"
	      "time           since this machine's start\n"
	      "peek ADDRESS   a word of memory, or of a device\n");
	print("who            who we are\n"
	      "exit CODE      ends this guest\n"
	      "crash          ends it badly\n");
}

static void carry_out(const char *word, const char *arg)
{
	if (str_eq(word, "help"))
		help();
	else if (str_eq(word, "echo"))
		print("%s\n", arg);
	else if (str_eq(word, "time"))
		print("%lu ms\n", timer_now() * 1000 / timer_hz());
	else if (str_eq(word, "peek"))
		peek(arg);
	else if (str_eq(word, "who"))
		who();
	else if (str_eq(word, "exit"))
		guest_exit(str_u64(arg));
	else if (str_eq(word, "crash"))
		crash();
	else if (*word)
		print("%s? Try help\n", word);
}

int main(void)
{
	static char line[80];
	char *word, *arg;

	gic_init();
	irq_enable(SKERRY_INTID_UART, received);
	store32(UART_LCR_H, 0x70); /* 8 bits, FIFO */
	store32(UART_CR, 0x301);   /* on, transmit, receive */
	store32(UART_IMSC, UART_RX_AND_TIMEOUT);
	print("a very small CMS: help lists the commands\n");
	for (;;) {
		get_line(line, sizeof(line));
		for (word = line; *word == ' '; word++)
			;
		for (arg = word; *arg && *arg != ' '; arg++)
			;
		if (*arg)
			*arg++ = 0;
		carry_out(word, arg);
	}
}
