// SPDX-License-Identifier: Apache-2.0
/*
 * What bytes make the screen look right: see screen.h. Runs anywhere; the caller's lock protects the
 * struct. Escape sequences by ECMA-48: CSI K (erase in line).
 */
#include "lib/screen.h"

#include "lib/string.h"

#define WIPE "\r\033[K"
#define NEWLINE "\r\n"

/*
 * What a full-screen program may have left: a sequence or string begun (CAN, ST), modes (DECSTR), another
 * screen, mouse reports and bracketed paste, no wrapping or cursor, colours, line drawing. The rest begins
 * at the bottom. ECMA-48, DEC's and xterm's control sequences.
 */
#define SANE                                                                           \
	"\x18\033\\\033[!p\033[?1049l\033[?1000;1002;1003;1006;2004l\033[?7;25h\033[m" \
	"\033(B\x0f\033[999;1H\r\n"

static size_t add(char *out, size_t at, const char *bytes, size_t n)
{
	memcpy(out + at, bytes, n);
	return at + n;
}

/* Whether `text` goes on where the unfinished line stops, which then need not be written again. */
static bool goes_on(const struct screen *screen, const void *owner, const char *text, size_t n)
{
	return screen->owner == owner && n >= screen->length &&
	       !memcmp(screen->text, text, screen->length);
}

/* The unfinished line gives way. */
static size_t make_room(struct screen *screen, char *out)
{
	if (!screen->owner)
		return 0;
	if (screen->terminal)
		return add(out, 0, WIPE, sizeof(WIPE) - 1);
	screen->owner = NULL;
	return add(out, 0, NEWLINE, sizeof(NEWLINE) - 1);
}

size_t screen_line(struct screen *screen, const void *owner, const char *line, size_t n, char *out)
{
	size_t at;

	if (screen->raw)
		return 0;
	if (goes_on(screen, owner, line, n)) {
		screen->owner = NULL;
		return add(out, 0, line + screen->length, n - screen->length);
	}
	at = make_room(screen, out);
	if (screen->owner == owner)
		screen->owner = NULL; /* wiped, and finished by this */
	at = add(out, at, line, n);
	if (screen->owner)
		at = add(out, at, screen->text, screen->length);
	return at;
}

size_t screen_stand(struct screen *screen, const void *owner, const char *text, size_t n, char *out)
{
	size_t at, old = screen->length;

	n = MIN(n, SCREEN_LINE_MAX);
	if (screen->raw || (!n && screen->owner != owner))
		return 0;
	if (n && goes_on(screen, owner, text, n)) {
		at = add(out, 0, text + old, n - old);
	} else {
		at = make_room(screen, out);
		at = add(out, at, text, n);
	}
	screen->owner = n ? owner : NULL;
	screen->length = n;
	memcpy(screen->text, text, n);
	return at;
}

size_t screen_raw_begin(struct screen *screen, const void *owner, char *out)
{
	size_t at = make_room(screen, out);

	screen->owner = NULL;
	screen->raw = owner;
	return at;
}

size_t screen_raw_end(struct screen *screen, char *out)
{
	screen->raw = NULL;
	return add(out, 0, SANE, sizeof(SANE) - 1);
}
