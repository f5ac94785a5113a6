// SPDX-License-Identifier: Apache-2.0
/*
 * `trace`: which guests' events are wanted, and the lines on their way to the serial line. Runs at EL2:
 * the command with the guests held, the rest on any pCPU.
 *
 * Always: lines come out in the order in which they went in, one at a time. Who does not get the
 * printer's lock leaves that to its holder, or to the timer, which takes what is left when nothing more
 * is traced.
 */
#include "cp/trace.h"

#include "arch/mmu.h"
#include "board/say.h"
#include "cp/command.h"
#include "cp/out.h"
#include "guest/watch.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames.h"

#define RING_ORDER 2 /* 2^n frames */
#define RING_LINES ((u32)((PAGE_SIZE << RING_ORDER) / sizeof(struct trace_line)))
#define LEFT_MS 20 /* how soon what is left comes out */
#define EVENTS_ALL ((1u << TRACE_EVENTS) - 1)

static const char events[TRACE_EVENTS][10] = {"hypercall", "psci",	"sysreg", "mmio",
					      "abort",	   "interrupt", "switch"};

static struct {
	struct lock lock;	 /* trace: the four below */
	struct trace_line *ring; /* NULL: nothing is traced */
	u32 put, taken;		 /* all so far */
	u64 lost;

	struct lock printing; /* the rest, and the order of lines; only tried, but by the command */
	u64 rest;	      /* nothing is printed until then; ticks */
	u64 until;	      /* say_position() behind the last line */
	struct timer left;
	bool ready, json;
	pa_t frames; /* of the ring; guests held */
} trace;

static bool take(struct trace_line *line, u64 *lost)
{
	bool some;

	lock_take(&trace.lock);
	some = trace.ring && trace.put != trace.taken;
	if (some)
		*line = trace.ring[trace.taken++ % RING_LINES];
	*lost = trace.lost;
	trace.lost = 0;
	lock_drop(&trace.lock);
	return some;
}

static void print(const struct trace_line *line)
{
	u64 frequency = timer_frequency(), us = line->time % frequency * 1000000 / frequency;

	if (trace.json)
		say("{\"trace\":\"%s\",\"time\":\"%lu.%06lu\",\"guest\":\"%s\",\"vcpu\":%u,"
		    "\"pc\":\"%016lx\",\"what\":\"%s\"}\n",
		    events[line->event], line->time / frequency, us, line->guest, line->vcpu,
		    line->pc, line->text);
	else
		say("skerry: %5lu.%06lu %s/%u at %lx: %s\n", line->time / frequency, us,
		    line->guest, line->vcpu, line->pc, line->text);
}

/* Lines that no timer will fetch. An acquire, so that it comes after the drop of the lock (a release). */
static bool are_left(void)
{
	return __atomic_load_n(&trace.put, __ATOMIC_ACQUIRE) != READ_ONCE(trace.taken) &&
	       !READ_ONCE(trace.left.armed);
}

/* One line, or as many as a short time allows, if it is time; what is left is the timer's. Lock printing held. */
static void print_some(bool several)
{
	struct trace_line line;
	u64 begin = timer_now(), lost;
	bool some;

	if (begin >= trace.rest) {
		while (say_keeps_up(trace.until)) {
			some = take(&line, &lost);
			if (lost)
				say("skerry: %lu traced events are lost: the serial line is slower\n",
				    lost);
			if (some)
				print(&line);
			trace.until = say_position();
			if (!several || !some || timer_now() - begin >= timer_frequency() / 1000)
				break;
		}
		trace.rest = 2 * timer_now() - begin;
	}
	if (are_left())
		timer_arm(&trace.left, timer_now() + LEFT_MS * (timer_frequency() / 1000));
}

/* Unless somebody else is at it, who looks once more behind it: what was put when it had looked already found the
 * lock taken. */
static void print_next(bool several)
{
	do {
		if (!lock_try(&trace.printing))
			return;
		print_some(several);
		lock_drop(&trace.printing);
	} while (are_left());
}

static void left_fired(struct timer *timer)
{
	(void)timer;
	print_next(true);
}

void trace_put(const struct trace_line *line)
{
	lock_take(&trace.lock);
	if (trace.ring) {
		if (trace.put - trace.taken < RING_LINES)
			trace.ring[trace.put++ % RING_LINES] = *line;
		else
			trace.lost++;
	}
	lock_drop(&trace.lock);
	print_next(false);
}

/* --- The command ------------------------------------------------------------------------------ */

/* The ring comes with the first guest that is traced, and goes with the last. */
static bool set_ring(bool wanted)
{
	if (wanted == (trace.frames.v != 0))
		return true;
	if (wanted)
		trace.frames = frames_take_pages(OWNER_EL2, FRAME_EL2, RING_ORDER);
	if (!trace.frames.v)
		return false;
	if (!trace.ready)
		timer_init(&trace.left, left_fired);
	trace.ready = true;
	lock_take(&trace.lock);
	trace.ring = wanted ? mmu_pointer(trace.frames) : NULL;
	trace.put = trace.taken = 0;
	lock_drop(&trace.lock);
	lock_take(&trace.printing); /* nor does a line come out that was taken before */
	lock_drop(&trace.printing);
	if (!wanted) {
		frames_give_pages(OWNER_EL2, trace.frames, RING_ORDER);
		trace.frames = PA(0);
	}
	return true;
}

static const char *list(bool json)
{
	out_table(json);
	for (unsigned id = 0; id < guest_count(); id++) {
		const struct guest *guest = guest_by_id(id);

		if (!guest)
			continue;
		out_text("guest", guest->config.name, 16);
		for (unsigned n = 0; n < TRACE_EVENTS; n++)
			out_flag(events[n], guest->traced >> n & 1);
		out_row();
	}
	return NULL;
}

/* What the words from the second on ask for; false: *wrong is none of them. */
static bool events_of(const struct words *words, u8 *mask, const char **wrong)
{
	*mask = 0;
	for (unsigned i = 1; i < words->count; i++) {
		unsigned n = 0;

		if (!strcmp(words->word[i], "off"))
			continue;
		if (!strcmp(words->word[i], "all")) {
			*mask = EVENTS_ALL;
			continue;
		}
		while (n < TRACE_EVENTS && strcmp(words->word[i], events[n]))
			n++;
		*wrong = words->word[i];
		if (n == TRACE_EVENTS)
			return false;
		*mask |= (u8)(1u << n);
	}
	return true;
}

const char *trace_run(const struct words *words)
{
	bool any = false;
	bool all = !strcmp(words->word[0], "all") || !strcmp(words->word[0], "off");
	const char *wrong = "";
	struct guest *one = NULL;
	u8 mask;

	if (!words->count)
		return list(words->json);
	if (words->count < 2 && strcmp(words->word[0], "off"))
		return "trace needs: GUEST|all EVENT…, or off";
	if (!events_of(words, &mask, &wrong))
		return command_fail("\"%s\": expected hypercall, psci, sysreg, mmio, abort,"
				    " interrupt, switch, all or off",
				    wrong);
	if (!all && !(one = command_guest(words->word[0])))
		return NULL;
	if (mask && !set_ring(true))
		return "no memory left to trace with";
	trace.json = words->json;
	for (unsigned id = 0; id < guest_count(); id++) {
		struct guest *guest = guest_by_id(id);

		if (!guest)
			continue;
		if (all || guest == one) {
			guest->traced = mask;
			watch_set(guest, mask ? WATCH_TRACE : 0, mask ? 0 : WATCH_TRACE);
		}
		any |= guest->traced != 0;
	}
	if (!any)
		(void)set_ring(false);
	return NULL;
}
