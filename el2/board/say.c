// SPDX-License-Identifier: Apache-2.0
/*
 * The serial line. What the UART has no room for waits in a ring and goes out by its interrupt, so a slow
 * line holds no pCPU. Guests wait for room before they print (say_keeps_up); EL2's own messages do not:
 * where the ring is full, or there is no such interrupt (yet, or no more: last words), they are sent by
 * polling. Runs at EL2, on any pCPU.
 *
 * What always holds: bytes go out in the order in which they were said, and nothing here waits for ever.
 * A UART that takes no bytes costs one long wait, then a single look a byte until it takes one again.
 * Until there is a UART only the boot CPU runs, perhaps with its MMU off, where exclusives need not work:
 * no lock is taken before.
 */
#include "board/say.h"
#include "arch/cpu.h"
#include "arch/lock.h"
#include "arch/pcpu.h"
#include "arch/timer.h"
#include "board/bcm2835.h"
#include "board/board.h"
#include "board/uart.h"
#include "lib/format.h"
#include "lib/screen.h"
#include "lib/string.h"

#define LINE_MAX 512
#define EARLY_MAX 2048
#define RING 16384 /* 1.4 s at 115200 baud */
#define GUESTS_PART \
	(RING / 2)	 /* the rest is for EL2's own: an operator's table, crashes' reports */
#define GUESTS_SHARE 512 /* what waits before a guest's last line when it may say the next */

/* Longer than 16 bytes take at 9600 baud, at any CPU's speed. */
#define PATIENCE 4000000u
/* Longer than another CPU needs for a whole line. */
#define LAST_WORDS_TRIES 10000000u

void (*say_last_resort)(void);

static const struct uart_ops *uart; /* NULL until say_init */

static struct lock line;     /* lock say: the rest, up to early_used */
static struct screen screen; /* lock say; terminal: constant after say_init */
static unsigned patience =
	PATIENCE;		 /* how long a byte may wait for room; 0: the UART is given up */
static bool listening, attended; /* interrupts: for what arrives; at all */
static bool waits;		 /* queued != sent, once lock say is dropped; read without it */
static char ring[RING]
	__attribute__((section(".noinit"))); /* byte n of all that was said is at n % RING */
static u64 queued, sent;	  /* how many went in and out; both are read without the lock */
static u64 stuck_at, stuck_since; /* `sent` as a guest last saw it, and when it came to that */
static char early[EARLY_MAX]; /* what was said before there was a UART, or while the screen is raw */
static size_t early_used;

static struct lock last; /* taken once, by the pCPU that stops the machine, and never dropped */
static const struct pcpu *volatile last_speaker;

static void put_early(const char *bytes, size_t n)
{
	n = MIN(n, sizeof(early) - early_used);
	memcpy(early + early_used, bytes, n);
	early_used += n;
}

/* Some that waits, as much as there is room for. Last words may find the counts half changed by another
 * pCPU: more than the ring holds is nothing. */
static size_t send_some(u64 waiting)
{
	size_t at = sent % RING;

	return waiting <= RING ? uart->write(ring + at, MIN(waiting, RING - at)) : waiting;
}

/* Sends what the UART has room for; if more than `most` bytes wait, the rest of these by polling. */
static void send(size_t most)
{
	unsigned looks = 0;
	u64 waiting;

	while ((waiting = queued - sent)) {
		size_t written = send_some(waiting);

		if (written) {
			patience = PATIENCE;
			looks = 0;
		} else if (waiting <= most) {
			break;
		} else if (looks++ >= patience) {
			patience = 0; /* this byte is given up */
			written = 1;
			looks = 0;
		}
		WRITE_ONCE(sent, sent + written);
	}
	if (waits != !!waiting) {
		WRITE_ONCE(waits, !!waiting);
		uart->interrupts(listening, waits);
	}
}

/* Lock say held, as for all above. */
static void put_all(const char *bytes, size_t n)
{
	size_t at, first;

	if (uart == NULL) {
		put_early(bytes, n);
		return;
	}
	send(RING - n);
	first = queued == sent ? uart->write(bytes, n) : 0; /* past the ring */
	sent += first;
	WRITE_ONCE(queued, queued + n);
	if (first == n)
		return;
	bytes += first;
	n -= first;
	at = (queued - n) % RING;
	first = MIN(n, RING - at);
	memcpy(ring + at, bytes, first);
	memcpy(ring, bytes + first, n - first);
	send(attended ? RING : 0);
}

/* Before the MMU is on (no UART yet), at EL1 and for the last words no lock is taken. */
static bool locked(void)
{
	return uart != NULL && cpu_level() == 2 && last_speaker != this_pcpu();
}

static void take_line(void)
{
	if (locked())
		lock_take(&line);
}

static void drop_line(void)
{
	if (locked())
		lock_drop(&line);
}

static const struct uart_ops *driver_of(enum board_uart kind)
{
	switch (kind) {
	case BOARD_UART_PL011:
		return &pl011_ops;
	case BOARD_UART_BCM2835_AUX:
		return &bcm2835_aux_ops;
	case BOARD_UART_NONE:
		break;
	}
	return NULL;
}

void say_init(const struct board *which)
{
	const struct uart_ops *driver = driver_of(which->uart.kind);
	u32 clock = 0;

	if (driver == NULL)
		return;
	if (bcm2835_take_uart_pins(which) || !driver->on(which->uart.regs.base))
		clock = bcm2835_uart_clock(which);
	driver->init(which->uart.regs.base, clock);
	screen.terminal = which->terminal;
	uart = driver;
	put_all(early, early_used);
	early_used = 0;
}

void say_line(const void *owner, const char *text, size_t n)
{
	char out[SCREEN_OUT_MAX(LINE_MAX)];

	n = MIN(n, (size_t)LINE_MAX);
	take_line();
	if (screen.raw && owner == say)
		put_early(text, n);
	put_all(out, screen_line(&screen, owner, text, n, out));
	drop_line();
}

/* Lock say held. */
static void end_raw(void)
{
	char out[SCREEN_OUT_MAX(0)];

	put_all(out, screen_raw_end(&screen, out));
	put_all(early, early_used);
	early_used = 0;
}

void say_raw_begin(const void *owner)
{
	char out[SCREEN_OUT_MAX(0)];

	take_line();
	put_all(out, screen_raw_begin(&screen, owner, out));
	drop_line();
}

void say_raw(const void *owner, char byte)
{
	take_line();
	if (screen.raw == owner)
		put_all(&byte, 1);
	drop_line();
}

void say_raw_end(const void *owner)
{
	take_line();
	if (screen.raw == owner)
		end_raw();
	drop_line();
}

void say_stand(const void *owner, const char *text, size_t n)
{
	char out[SCREEN_OUT_MAX(SCREEN_LINE_MAX)];

	take_line();
	put_all(out, screen_stand(&screen, owner, text, n, out));
	drop_line();
}

bool say_terminal(void)
{
	return screen.terminal;
}

/* A carriage return before each line feed, from the last one on; in front of the first nothing moves.
 * `text` has room for twice its length. */
static size_t add_returns(char *text, size_t length)
{
	size_t from = length, to = length;

	for (size_t i = 0; i < length; i++)
		to += text[i] == '\n';
	length = to;
	while (from != to) {
		text[--to] = text[--from];
		if (text[to] == '\n')
			text[--to] = '\r';
	}
	return length;
}

void say(const char *fmt, ...)
{
	char text[2 * LINE_MAX];
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = vformat(text, LINE_MAX, fmt, args);
	va_end(args);
	say_line(say, text, add_returns(text, n));
}

u64 say_position(void)
{
	return READ_ONCE(queued);
}

/* The UART has taken nothing for a second: guests must not wait for it for ever. */
static bool is_stuck(void)
{
	u64 now = timer_now();

	if (stuck_at != sent) {
		stuck_at = sent;
		stuck_since = now;
	}
	return now - stuck_since > timer_frequency();
}

/* Sends too: should the UART's interrupt not come, this does until it does. */
bool say_keeps_up(u64 until)
{
	bool room;

	if (LIKELY(!READ_ONCE(waits)))
		return true;
	take_line();
	send(RING);
	room = until <= sent + GUESTS_SHARE && queued - sent <= GUESTS_PART;
	if (!room && is_stuck())
		patience = 0;
	room = room || !patience;
	drop_line();
	return room;
}

bool say_interrupt(void)
{
	if (READ_ONCE(waits)) {
		take_line();
		send(RING);
		drop_line();
	}
	return listening;
}

/* Without the lock: reading takes nothing from a writer, and a key must not wait for a long line.
 * Only the pCPU that gets the UART's interrupt reads. */
int say_getc(void)
{
	return uart != NULL ? uart->getc() : -1;
}

void say_listen(bool on)
{
	if (uart == NULL)
		return;
	take_line();
	listening = on;
	attended = attended || on;
	uart->interrupts(on, waits);
	drop_line();
}

static bool try_for_a_while(struct lock *lock)
{
	for (unsigned tries = 0; tries < LAST_WORDS_TRIES; tries++) {
		if (lock_try(lock))
			return true;
		cpu_relax();
	}
	return false;
}

void say_last_words(void)
{
	const struct pcpu *self = this_pcpu();
	void (*resort)(void) = say_last_resort;

	say_last_resort = NULL; /* what it finds may end here too */
	if (uart == NULL && resort)
		resort();
	if (uart == NULL || last_speaker == self)
		return;
	for (unsigned tries = 0; !lock_try(&last); tries++)
		if (last_speaker != NULL || tries >= LAST_WORDS_TRIES)
			cpu_halt();
	/* If the line is not free by now, its holder is stuck, maybe this pCPU itself. */
	(void)try_for_a_while(&line);
	last_speaker = self;
	attended = false;
	if (screen.raw)
		end_raw();
}

void say_drain(void)
{
	if (uart == NULL)
		return;
	for (unsigned looks = 0; looks < PATIENCE && !uart->idle(); looks++)
		cpu_relax();
}
