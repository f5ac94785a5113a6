// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's output, at EL1: by SKERRY_CONSOLE_WRITE, many bytes a trap, or byte stores to the PL011
 * where no Skerry is below.
 */
#include "rt.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_TXFF (1u << 5)
#define LINE_BYTES 256

static struct lock console_lock;

u64 uart_base(void)
{
	static u64 base;
	node_t node;
	u64 size;

	if (!base) {
		base = SKERRY_UART_BASE;
		node = fdt_find("arm,pl011", 0);
		fdt_reg(node ? node : fdt_find("arm,sbsa-uart", 0), 0, &base, &size);
	}
	return base;
}

void uart_putc(char c)
{
	u64 base = uart_base();

	while (load32(base + UART_FR) & UART_FR_TXFF)
		;
	*(volatile u8 *)(base + UART_DR) = (u8)c;
}

void console_write(const char *s, size_t n)
{
	u64 daif = read_sysreg(daif);
	size_t i;
	s64 taken;

	/* Masked, or an interrupt's handler that prints would wait for its own CPU. */
	irq_off();
	lock(&console_lock);
	while (n && on_skerry()) {
		taken = (s64)hypercall(SKERRY_CONSOLE_WRITE, (u64)s, n, 0).x0;
		if (taken <= 0)
			break;
		s += taken;
		n -= (size_t)taken;
	}
	for (i = 0; i < n; i++)
		uart_putc(s[i]);
	unlock(&console_lock);
	write_sysreg(daif, daif);
}

/* A line while it grows; what is over is cut. */
struct line {
	size_t n;
	char s[LINE_BYTES];
};

static void put(struct line *l, char c)
{
	if (l->n < LINE_BYTES)
		l->s[l->n++] = c;
}

static void put_field(struct line *l, const char *s, size_t n, size_t width, char pad)
{
	size_t fill = width > n ? width - n : 0;
	bool left = pad == '-';

	while (!left && fill) {
		put(l, pad);
		fill--;
	}
	while (n--)
		put(l, *s++);
	while (fill--)
		if (left)
			put(l, ' ');
}

static void put_number(struct line *l, u64 v, u32 base, bool negative, size_t width, char pad)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		digits[--at] = '-';
	put_field(l, digits + at, sizeof(digits) - at, width, pad);
}

static u64 fetch(__builtin_va_list *ap, bool is_long, bool is_signed)
{
	if (is_long)
		return __builtin_va_arg(*ap, u64);
	if (is_signed)
		return (u64)(s64) __builtin_va_arg(*ap, int);
	return __builtin_va_arg(*ap, u32);
}

static void format_one(struct line *l, const char **fp, __builtin_va_list *ap)
{
	const char *f = *fp, *s;
	char pad = ' ';
	size_t width = 0;
	bool is_long = false;
	u64 v;

	if (*f == '0' || *f == '-')
		pad = *f++;
	while (*f >= '0' && *f <= '9')
		width = width * 10 + (size_t)(*f++ - '0');
	while (*f == 'l') {
		is_long = true;
		f++;
	}
	*fp = f + 1;
	switch (*f) {
	case 'd':
		v = fetch(ap, is_long, true);
		put_number(l, (s64)v < 0 ? -v : v, 10, (s64)v < 0, width, pad);
		break;
	case 'u':
	case 'x':
		put_number(l, fetch(ap, is_long, false), *f == 'x' ? 16 : 10, false, width, pad);
		break;
	case 's':
		s = __builtin_va_arg(*ap, const char *);
		put_field(l, s, str_len(s), width, pad);
		break;
	case 'c':
		put(l, (char)__builtin_va_arg(*ap, int));
		break;
	default:
		put(l, *f);
	}
}

void print(const char *format, ...)
{
	struct line l;
	__builtin_va_list ap;

	l.n = 0;
	__builtin_va_start(ap, format);
	while (*format) {
		if (*format != '%') {
			put(&l, *format++);
			continue;
		}
		format++;
		format_one(&l, &format, &ap);
	}
	__builtin_va_end(ap);
	console_write(l.s, l.n);
}
