// SPDX-License-Identifier: Apache-2.0
/*
 * printf's formatting into a buffer. Runs at EL2, and at any time: needs no memory but the caller's
 * buffer, takes no lock, calls nobody. Whatever the format and the arguments, it never writes past
 * the size it was told, and the text ends with a NUL. The conversions are ISO C's (C11 7.21.6.1),
 * as far as the header lists them.
 */
#include "lib/format.h"

struct out {
	char *buf;
	size_t used, size;
};

struct spec {
	size_t width;
	size_t precision; /* of %s; SIZE_MAX: as long as the string is */
	unsigned longs;	  /* how many l; z counts as one: size_t is a long here */
	bool left, zero;
};

static void put(struct out *out, char c)
{
	if (out->used + 1 < out->size)
		out->buf[out->used++] = c;
}

static void pad(struct out *out, char c, size_t width, size_t used)
{
	while (used++ < width && out->used + 1 < out->size)
		put(out, c);
}

static void put_bytes(struct out *out, const char *bytes, size_t n)
{
	char *to = out->buf + out->used;

	n = MIN(n, out->size - 1 - out->used);
	for (size_t i = 0; i < n; i++)
		to[i] = bytes[i];
	out->used += n;
}

static void put_text(struct out *out, const struct spec *spec, const char *text, size_t len)
{
	if (!spec->left)
		pad(out, ' ', spec->width, len);
	put_bytes(out, text, len);
	if (spec->left)
		pad(out, ' ', spec->width, len);
}

static void put_string(struct out *out, const struct spec *spec, const char *text)
{
	size_t len = 0;

	if (!text)
		text = "(null)";
	while (len < spec->precision && text[len])
		len++;
	put_text(out, spec, text, len);
}

/* The sign stands before zeros that fill up, but behind blanks. */
static void put_number(struct out *out, struct spec *spec, u64 value, unsigned base, bool negative)
{
	char digits[21];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && spec->zero && !spec->left)
		put(out, '-');
	else if (negative)
		digits[--at] = '-';
	if (spec->zero && !spec->left) {
		pad(out, '0', spec->width, sizeof(digits) - at + negative);
		spec->width = 0;
	}
	put_text(out, spec, digits + at, sizeof(digits) - at);
}

static const char *number(const char *fmt, size_t *value)
{
	for (*value = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*value = *value * 10 + (size_t)(*fmt - '0');
	return fmt;
}

/* Reads flags, width, precision and length behind '%'; returns where the conversion letter is. */
static const char *read_spec(const char *fmt, struct spec *spec, va_list *args)
{
	*spec = (struct spec){.precision = SIZE_MAX};
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		spec->left |= *fmt == '-';
		spec->zero |= *fmt == '0';
	}
	fmt = number(fmt, &spec->width);
	if (fmt[0] == '.' && fmt[1] == '*') {
		int precision = va_arg(*args, int);

		fmt += 2;
		if (precision >= 0) /* a negative one counts as none */
			spec->precision = (size_t)precision;
	} else if (fmt[0] == '.') {
		fmt = number(fmt + 1, &spec->precision);
	}
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		spec->longs++;
	return fmt;
}

static void convert(struct out *out, struct spec *spec, char letter, va_list *args)
{
	s64 value;

	switch (letter) {
	case 's':
		put_string(out, spec, va_arg(*args, const char *));
		break;
	case 'c':
		put_text(out, spec, &(char){(char)va_arg(*args, int)}, 1);
		break;
	case 'd':
		value = spec->longs ? va_arg(*args, s64) : va_arg(*args, int);
		put_number(out, spec, value < 0 ? 0 - (u64)value : (u64)value, 10, value < 0);
		break;
	case 'u':
	case 'x':
		put_number(out, spec, spec->longs ? va_arg(*args, u64) : va_arg(*args, unsigned),
			   letter == 'x' ? 16 : 10, false);
		break;
	case 'p':
		put_text(out, &(struct spec){0}, "0x", 2);
		put_number(out, spec, (uintptr_t)va_arg(*args, void *), 16, false);
		break;
	default: /* '%', and what the compiler's check does not let through */
		put(out, letter);
	}
}

size_t vformat(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = {buf, 0, size};
	struct spec spec;
	va_list rest; /* a va_list parameter may be an array: only a copy can be pointed to */

	if (size == 0)
		return 0;
	va_copy(rest, args);
	for (; *fmt; fmt++) {
		char *to = buf + out.used, *end = buf + size - 1;

		while (*fmt && *fmt != '%' && to != end)
			*to++ = *fmt++;
		out.used = (size_t)(to - buf);
		if (*fmt != '%') /* at its end, or full */
			break;
		fmt = read_spec(fmt + 1, &spec, &rest);
		if (!*fmt)
			break;
		convert(&out, &spec, *fmt, &rest);
	}
	va_end(rest);
	buf[out.used] = '\0';
	return out.used;
}

size_t format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t used;

	va_start(args, fmt);
	used = vformat(buf, size, fmt, args);
	va_end(args);
	return used;
}
