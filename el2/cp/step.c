// SPDX-License-Identifier: Apache-2.0
/*
 * `step` and `adstop`: a guest's instructions one by one, and up to an address. Runs at EL2 with the guests
 * held; what the vCPUs then do, trap/step.c sees.
 */
#include "cp/command.h"
#include "cp/out.h"
#include "guest/watch.h"
#include "lib/string.h"

#define STEPS_MAX 10000

const char *step_run(const struct words *words)
{
	struct vcpu *vcpu = command_vcpu(words->word[0]);
	u64 steps = 1;
	const char *why;

	if (!vcpu)
		return NULL;
	if (words->count > 1 &&
	    (!command_number(words->word[1], &steps) || !steps || steps > STEPS_MAX))
		return command_fail("steps \"%s\": expected 1 to %u", words->word[1], STEPS_MAX);
	vcpu->guest->stops_json = words->json;
	why = life_step(vcpu, (u32)steps);
	return why ? command_fail("%s %s", vcpu->guest->config.name, why) : NULL;
}

const char *step_adstop(const struct words *words)
{
	struct guest *guest = command_guest(words->word[0]);
	u64 address = 0;

	if (!guest)
		return NULL;
	if (words->count < 2) {
		const struct debug_regs *debug = &guest->vcpus[0]->ctx.debug;

		out_table(words->json);
		out_text("guest", guest->config.name, 16);
		out_flag("adstop", debug->watch & WATCH_STOP);
		out_hex("address", debug->watch & WATCH_STOP ? debug->stop_at : 0);
		out_row();
		return NULL;
	}
	if (strcmp(words->word[1], "off") &&
	    (!command_number(words->word[1], &address) || address % 4))
		return command_fail("address \"%s\": expected a multiple of 4, or off",
				    words->word[1]);
	watch_set(guest, 0,
		  WATCH_STOP | WATCH_OVER); /* the address is written while nobody goes by it */
	if (!strcmp(words->word[1], "off"))
		return NULL;
	guest->stops_json = words->json;
	for (unsigned i = 0; i < guest->config.cpus; i++)
		guest->vcpus[i]->ctx.debug.stop_at = address;
	watch_set(guest, WATCH_STOP, 0);
	return NULL;
}
