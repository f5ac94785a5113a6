// SPDX-License-Identifier: Apache-2.0
/*
 * Where typed bytes go: to the guest in focus, or to the prompt; and the few keys that decide it.
 * Runs at EL2 on the boot CPU only (the UART's interrupt goes there), so it needs no lock.
 */
#include "cp/cp.h"

#include "board/say.h"
#include "cp/command.h"
#include "guest/life.h"

#define ATTENTION 0x1d /* Ctrl-] */
#define INPUT_BURST 64 /* bytes served an interrupt: the rest raises it again */
#define PATIENCE 2     /* s: a guest that takes hardly a byte in that time loses what is typed */

static struct {
	bool prompt;	/* the keyboard is the prompt's */
	unsigned focus; /* else this guest's, by id; an id may come again, a serial never does */
	u32 serial;
	bool attention;	       /* the key before this one was Ctrl-] */
	struct timer patience; /* armed while the serial line is left alone for the guest's sake */
} cp = {.prompt = true};

/* Whose the keyboard is; NULL: the prompt's, or of one that was destroyed. */
static struct guest *focused(void)
{
	struct guest *guest = cp.prompt ? NULL : guest_by_id(cp.focus);

	return guest && guest->serial == cp.serial ? guest : NULL;
}

static bool can_have_focus(const struct guest *guest)
{
	return guest && guest->config.console != GUEST_CONSOLE_NONE && !life_is_over(guest);
}

bool cp_at_prompt(void)
{
	return cp.prompt;
}

void cp_focus(struct guest *guest)
{
	if (focused())
		vconsole_focus(&focused()->console, false);
	cp.prompt = !guest;
	if (guest) {
		cp.focus = guest->id;
		cp.serial = guest->serial;
		command_leave();
		say("skerry: keyboard to %s (Ctrl-] n: next, p: prompt, r: raw, q: quit)\n",
		    guest->config.name);
		vconsole_focus(&guest->console, true);
	} else {
		command_prompt();
	}
}

/* The next guest after the one in focus, by id; after the last one, the prompt. */
static struct guest *next_focus(void)
{
	for (unsigned id = cp.prompt ? 0 : cp.focus + 1; id < guest_count(); id++)
		if (can_have_focus(guest_by_id(id)))
			return guest_by_id(id);
	return NULL;
}

static void to_guest(u8 byte)
{
	struct guest *guest = focused();

	if (!guest || life_is_over(guest)) {
		say("skerry: %s has ended\n", guest ? guest->config.name : "that guest");
		cp_focus(NULL);
		return;
	}
	if (vconsole_type(&guest->console, byte))
		vpl011_input(&guest->uart);
}

static void toggle_raw(struct guest *guest)
{
	bool raw = !guest->console.raw; /* changed by the boot CPU only */

	if (raw)
		say("skerry: the screen is %s's, raw, until Ctrl-] r\n", guest->config.name);
	vconsole_set_raw(&guest->console, raw);
}

static void attention(u8 byte)
{
	switch (byte) {
	case 'r':
		if (focused())
			toggle_raw(focused());
		break;
	case ATTENTION:
	case 'n':
		cp_focus(next_focus());
		break;
	case 'p':
		cp_focus(NULL);
		break;
	case 'q':
		(void)command_run("quit", NULL);
		break;
	case ']':
		if (!cp.prompt)
			to_guest(ATTENTION);
		break;
	default:
		say("skerry: Ctrl-] then n: next guest, p: prompt, r: raw, q: quit,"
		    " ]: a Ctrl-] itself\n");
		break;
	}
}

static void take(u8 byte)
{
	if (cp.attention) {
		cp.attention = false;
		attention(byte);
	} else if (byte == ATTENTION) {
		cp.attention = true;
	} else if (!cp.prompt) {
		to_guest(byte);
	} else {
		command_key(byte);
	}
}

static void be_patient(void)
{
	timer_arm(&cp.patience, timer_now() + PATIENCE * timer_frequency());
}

static void patience_over(struct timer *timer)
{
	struct guest *guest;
	bool deaf;

	(void)timer;
	guests_hold();
	guest = focused();
	if (guest && vconsole_still_full(&guest->console, &deaf))
		be_patient();
	else if (guest && deaf)
		say("skerry: %s reads nothing: what is typed at it is dropped\n",
		    guest->config.name);
	guests_let_go();
}

/* Whether whoever gets the next byte has room for it. The key behind Ctrl-] is nobody's but ours. */
static bool has_room(void)
{
	struct guest *guest = focused();

	if (cp.attention || !guest || life_is_over(guest) || vconsole_room(&guest->console))
		return true;
	be_patient();
	return false;
}

void cp_input(void)
{
	guests_hold();
	for (unsigned i = 0; i < INPUT_BURST && has_room(); i++) {
		int byte = say_getc();

		if (byte < 0)
			break;
		take((u8)byte);
	}
	guests_let_go();
}

void cp_init(void)
{
	unsigned id = 0;

	timer_cancel(&cp.patience);
	timer_init(&cp.patience, patience_over);
	cp.prompt = true;
	cp.attention = false;
	command_init();
	guests_hold(); /* they run already */
	while (id < guest_count() && !(guest_by_id(id) && guest_by_id(id)->config.focus))
		id++;
	cp_focus(guest_by_id(id));
	guests_let_go();
}
