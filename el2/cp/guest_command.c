// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that a guest gives (SKERRY_COMMAND), with the rights that its bundle grants it. Runs at EL2 in
 * its hypercall, no lock held.
 *
 * Always: the operator comes first. A guest waits for nobody and is told to ask again, and commands take a
 * tenth of its time at most, so that who holds the guests for long is never a guest.
 */
#include "abi/skerry.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "cp/command.h"
#include "cp/cp.h"
#include "cp/line.h"
#include "cp/out.h"
#include "lib/string.h"
#include "mm/frames.h"

#define REST_MS 10
#define REST_TIMES 9

_Static_assert(SKERRY_COMMAND_MAX == LINE_MAX, "a guest's line is as long as the operator's");
_Static_assert(SKERRY_ANSWER_MAX == PAGE_SIZE, "an answer is made in one frame");

/* Printable: what a guest says may come out on the operator's screen. */
static bool read_line(struct guest *guest, ipa_t from, u64 bytes, char *line)
{
	if (!bytes || bytes > LINE_MAX || !guest_read(guest, line, from, bytes))
		return false;
	line[bytes] = '\0';
	for (u64 i = 0; i < bytes; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return true;
}

/* Guests held. `page`: zero, for the answer, `room` bytes of it, which is the guest's room as well: that it
 * can be written is seen before anything is done. */
static s64 answer_line(struct guest *guest, const char *line, ipa_t answer, char *page, size_t room,
		       u64 *answered)
{
	enum command_result result;
	u64 start = timer_now();

	if (start < guest->command_at)
		return SKERRY_BUSY;
	if (room && !guest_write(guest, answer, page, room))
		return SKERRY_INVALID_PARAMETER;
	out_to(page, room);
	result = command_run(line, guest);
	*answered = out_to(NULL, 0);
	guest->command_at = timer_now() + MAX((timer_now() - start) * REST_TIMES,
					      timer_frequency() / 1000 * REST_MS);
	if (*answered && !guest_write(guest, answer, page, *answered))
		*answered = 0;
	return result == COMMAND_DENIED	  ? SKERRY_DENIED :
	       result == COMMAND_BUSY	  ? SKERRY_BUSY :
	       result == COMMAND_MISTAKEN ? SKERRY_FAILED :
					    SKERRY_SUCCESS;
}

s64 cp_guest_command(struct guest *guest, ipa_t text, u64 bytes, ipa_t answer, u64 room,
		     u64 *answered)
{
	char line[LINE_MAX + 1];
	pa_t page;
	s64 status;

	*answered = 0;
	if (!guest->config.commands)
		return SKERRY_DENIED;
	if (answer.v + room < room || !read_line(guest, text, bytes, line))
		return SKERRY_INVALID_PARAMETER;
	/* looked at again with the guests held; but who asks too often does not get that far */
	if (timer_now() < READ_ONCE(guest->command_at) || !guests_try())
		return SKERRY_BUSY;
	page = frames_take_page(OWNER_EL2, FRAME_EL2, false);
	if (page.v) {
		memset(mmu_pointer(page), 0, PAGE_SIZE);
		status = answer_line(guest, line, answer, mmu_pointer(page),
				     MIN(room, (u64)PAGE_SIZE), answered);
		frames_give_page(OWNER_EL2, page);
	} else {
		status = SKERRY_BUSY;
	}
	guests_let_go();
	return status;
}
