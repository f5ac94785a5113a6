// SPDX-License-Identifier: Apache-2.0
// units: cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * cp/guest_command.c: the operator's commands, given by guests with and without the rights. Numbers as
 * abi/skerry.h has them: 0 success, -3 invalid parameter, -4 denied, -5 failed, -6 busy.
 */
#include "guest_world.h"

#include "cp/command.h"
#include "cp/cp.h"

#define AT 0x40001000ull /* where commands lie in the caller's memory, and answers */
#define TO 0x40002000ull

static struct guest *boss, *clerk, *worker;
static u64 answered;

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	world_create(GUEST("boss", "0x100000",
			   "commands = \"query\", \"operate\", \"set\", \"message\", \"shutdown\", "
			   "\"inspect\";") GUEST("clerk", "0x100000", "commands = \"query\";")
			     GUEST("worker", "0x100000", "")
				     GUEST("large", "0x800000", "populate;"),
		     "");
	boss = guest_by_id(0);
	clerk = guest_by_id(1);
	worker = guest_by_id(2);
	guests_start();
	cp_init();
	command_leave(); /* the prompt */
	said_forget();
	standin_now = 1000000000;
	return 0;
}

static struct gic_ops watched; /* the GIC, but for what a kick lets happen elsewhere */
static s64 meanwhile;
static unsigned kicks;

/* A guest that was started on another pCPU gives a command before all are. */
static void give_meanwhile(unsigned pcpu, unsigned sgi)
{
	standin_send_sgi(pcpu, sgi);
	if (!kicks++)
		meanwhile = cp_guest_command(guest_by_id(0), IPA(AT), 14, IPA(TO), 0, &answered);
}

static void test_starting(void **state)
{
	(void)state;
	world_close();
	world_new(3, 4, 0x4000000);
	world_create(GUEST("boss", "0x100000", "commands = \"operate\";")
			     GUEST("clerk", "0x100000", "") GUEST("worker", "0x100000", ""),
		     "");
	worker = guest_by_id(2);
	assert_true(guest_write(guest_by_id(0), IPA(AT), "destroy worker", 14));
	watched = *gic;
	watched.send_sgi = give_meanwhile;
	gic = &watched;
	meanwhile = 1;
	guests_start();
	assert_int_equal(meanwhile, -6);
	assert_ptr_equal(guest_by_id(2), worker);
	assert_int_equal(worker->state, GUEST_RUNNING);
}

/* A second later, so that it is no longer kept waiting. */
static s64 give(struct guest *guest, const char *line, u64 room)
{
	standin_now += 62500000;
	assert_true(guest_write(guest, IPA(AT), line, strlen(line)));
	return cp_guest_command(guest, IPA(AT), strlen(line), IPA(TO), room, &answered);
}

static const char *answer(struct guest *guest)
{
	static char text[4097];

	assert_true(answered <= 4096);
	assert_true(guest_read(guest, text, IPA(TO), answered));
	text[answered] = '\0';
	return text;
}

static void test_query(void **state)
{
	(void)state;
	assert_int_equal(give(boss, "query names json", 4096), 0);
	assert_string_equal(answer(boss),
			    "{\"id\":0,\"guest\":\"boss\"}\n{\"id\":1,\"guest\":\"clerk\"}\n"
			    "{\"id\":2,\"guest\":\"worker\"}\n{\"id\":3,\"guest\":\"large\"}\n");
	assert_int_equal(give(clerk, "list", 4096), 0);
	assert_non_null(strstr(answer(clerk), "worker            running"));
	assert_int_equal(give(clerk, "memory", 0), 0); /* no answer wanted */
	assert_int_equal(answered, 0);
	assert_int_equal(give(clerk, "  ", 10), 0);
	/* cut to the room there is: not a byte beyond it */
	*guest_byte(clerk, TO + 20) = 'Z';
	assert_int_equal(give(clerk, "query names json", 20), 0);
	assert_int_equal(answered, 20);
	assert_string_equal(answer(clerk), "{\"id\":0,\"guest\":\"bos");
	assert_int_equal(*guest_byte(clerk, TO + 20), 'Z');
	assert_string_equal(said, ""); /* nothing of it was the operator's to see */
}

/* Looked at in one place: each class, for one that has only queries, and one that has nothing. */
static void test_rights(void **state)
{
	static const char *const lines[] = {"ipl worker as twin", "stop worker",
					    "begin worker",	  "halt worker",
					    "reset worker",	  "restart worker",
					    "destroy boss",	  "set weight worker 5",
					    "display worker pc",  "store worker x0 1",
					    "send worker hi",	  "message hello",
					    "shutdown",		  "quit",
					    "focus worker"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(give(clerk, lines[i], 100), -4);
		assert_int_equal(answered, 0);
		assert_int_equal(give(worker, lines[i], 100), -4);
	}
	assert_int_equal(give(worker, "list", 100), -4);
	assert_int_equal(give(boss, "focus worker", 100), -4); /* the operator's alone */
	assert_string_equal(said, "");
	assert_int_equal(worker->state, GUEST_RUNNING);
	assert_int_equal(worker->config.weight, 100);
	for (const struct command *c = commands; c->name; c++) /* each has a class that is meant */
		assert_true(c->class < COMMAND_CLASSES);
}

static void test_operates(void **state)
{
	(void)state;
	assert_int_equal(give(boss, "halt worker", 100), 0);
	assert_string_equal(answer(boss), "skerry: worker is halted\n");
	assert_string_equal(said, "skerry: boss: halt worker\n");
	assert_int_equal(worker->state, GUEST_ENDED);
	assert_int_equal(give(boss, "restart worker", 100), 0);
	assert_int_equal(worker->state, GUEST_RUNNING);
	assert_int_equal(worker->restarts, 1);
	assert_int_equal(give(boss, "begin worker", 100), -5);
	assert_string_equal(answer(boss),
			    "skerry: worker is running: `stop`, `restart` or `destroy` it first\n");
	assert_int_equal(give(boss, "set weight worker 500", 100), 0);
	assert_int_equal(worker->config.weight, 500);
	assert_int_equal(give(boss, "stop nobody", 100), -5);
	assert_string_equal(answer(boss), "skerry: no guest \"nobody\"; `list` shows them\n");
	assert_int_equal(give(boss, "frobnicate", 100), -5);
	assert_int_equal(give(boss, "stop", 100), -5);
	said_forget();
	assert_int_equal(give(boss, "message all is well", 100), 0);
	assert_string_equal(said, "skerry: boss: message all is well\n");
	assert_int_equal(give(boss, "indicate live", 4096), -5);
	assert_false(query_live_end());
	assert_int_equal(give(boss, "ipl large as larger", 100), -5); /* would take long */
	assert_null(guest_find("larger"));
	assert_int_equal(give(boss, "ipl clerk as clerk2", 100), 0);
	assert_int_equal(guest_find("clerk2")->config.commands, clerk->config.commands);
	assert_int_equal(STOPS(give(boss, "shutdown 9", 100)), 9);
	guests_let_go();
}

/* Text and room that are not the guest's own; nothing is done, and nothing is told. */
static void test_hostile(void **state)
{
	static const struct {
		u64 text, bytes, answer, room;
	} bad[] = {
		{AT, 0, TO, 100},	   {AT, 120, TO, 100},	      {AT, ~0ull, TO, 100},
		{0x400ffffc, 11, TO, 100}, {0, 11, TO, 100},	      {0x9000000, 11, TO, 100},
		{~0ull - 4, 11, TO, 100},  {AT, 11, 0x400fff9d, 100}, {AT, 11, 0x100, 100},
		{AT, 11, ~0ull - 50, 100}, {AT, 11, 0x9000000, 100},  {AT, 11, 0x400ff001, ~0ull},
		{1ull << 52, 11, TO, 100}, {AT, 11, TO, ~0ull},	      {AT, 11, 1ull << 63, 100},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(guest_write(boss, IPA(AT), "halt worker", 11));
		standin_now += 62500000;
		assert_int_equal(cp_guest_command(boss, IPA(bad[i].text), bad[i].bytes,
						  IPA(bad[i].answer), bad[i].room, &answered),
				 -3);
		assert_int_equal(answered, 0);
		assert_int_equal(worker->state, GUEST_RUNNING);
	}
	assert_int_equal(give(boss, "halt\nworker", 100), -3);
	assert_int_equal(give(boss, "message \033[2J", 100), -3);
	assert_int_equal(give(boss, "message \x80", 100), -3);
	assert_string_equal(said, "");
	/* to the last byte of its memory, and over the command itself */
	assert_true(guest_write(boss, IPA(AT), "stop worker", 11));
	assert_int_equal(cp_guest_command(boss, IPA(AT), 11, IPA(0x40100000 - 100), 100, &answered),
			 0);
	standin_now += 62500000;
	assert_true(guest_write(boss, IPA(AT), "begin worker", 12));
	assert_int_equal(cp_guest_command(boss, IPA(AT), 12, IPA(AT), 100, &answered), 0);
	assert_int_equal(worker->state, GUEST_RUNNING);
}

/* One at a time, a hundred in a second at most, and never before the operator. */
static void test_busy(void **state)
{
	struct frame_count before;

	(void)state;
	assert_int_equal(give(clerk, "list", 100), 0);
	assert_int_equal(give(boss, "stop worker", 100), 0);
	before = frames_count();
	assert_true(guest_write(boss, IPA(AT), "begin worker", 12));
	assert_int_equal(cp_guest_command(boss, IPA(AT), 12, IPA(TO), 100, &answered), -6);
	standin_now += 624999; /* 10 ms */
	assert_int_equal(cp_guest_command(boss, IPA(AT), 12, IPA(TO), 100, &answered), -6);
	assert_int_equal(worker->state, GUEST_STOPPED);
	assert_int_equal(give(clerk, "list", 100), 0); /* another guest's rest is its own */
	standin_now -= 62500000 - 1;
	assert_int_equal(cp_guest_command(boss, IPA(AT), 12, IPA(TO), 100, &answered), 0);
	assert_int_equal(worker->state, GUEST_RUNNING);
	guests_hold();
	assert_int_equal(give(boss, "stop worker", 100), -6);
	guests_let_go();
	expect_count(before); /* the frame of the answer is back */
}

/* What shows on the operator's screen is output of the guest's: faster than the serial line it may not come. */
static void test_slow_line(void **state)
{
	(void)state;
	say_sent = 0;
	assert_int_equal(give(boss, "message one", 100), 0);
	assert_int_equal(give(boss, "message two", 100), -6);
	assert_int_equal(give(boss, "stop worker", 100), -6);
	assert_int_equal(answered, 0);
	assert_int_equal(worker->state, GUEST_RUNNING);
	assert_string_equal(said, "skerry: boss: message one\n");
	assert_int_equal(give(boss, "focus worker", 100), -4); /* its rights come first */
	assert_int_equal(give(boss, "query names", 100), 0);   /* shows nothing */
	say_sent = said_length;
	assert_int_equal(give(boss, "stop worker", 100), 0);
	assert_int_equal(worker->state, GUEST_STOPPED);
	assert_int_equal(give(boss, "begin worker", 100), -6);
	say_sent = UINT64_MAX;
	assert_int_equal(give(boss, "begin worker", 100), 0);
}

/* Until it is `vcpu` that runs on this pCPU. */
static void reach(unsigned id, struct vcpu *vcpu)
{
	standin_pcpu_set(id);
	for (unsigned i = 0; i < 2000 && this_pcpu()->current != vcpu; i++) {
		standin_now += 625000;
		(void)play(id, this_pcpu()->current, SCHED_YIELD);
	}
	assert_ptr_equal(this_pcpu()->current, vcpu);
}

/* What ends the caller itself: done when its vCPU has left, and not before. */
static void test_oneself(void **state)
{
	(void)state;
	reach(0, boss->vcpus[0]);
	assert_int_equal(give(boss, "stop boss", 100), 0);
	assert_string_equal(answer(boss), "skerry: boss is stopped\n");
	assert_int_equal(boss->state, GUEST_STOPPING);
	assert_true(this_pcpu()->wanted);
	assert_ptr_not_equal(play(0, boss->vcpus[0], SCHED_TICK), boss->vcpus[0]);
	assert_int_equal(boss->state, GUEST_STOPPED);
	assert_null(life_order(boss, LIFE_BEGIN));
	reach(1, boss->vcpus[0]);
	assert_int_equal(give(boss, "restart boss", 100), 0);
	assert_ptr_not_equal(play(1, boss->vcpus[0], SCHED_TICK), boss->vcpus[0]);
	assert_int_equal(boss->restarts, 1);
	reach(1, boss->vcpus[0]);
	assert_int_equal(give(boss, "destroy boss", 100), 0);
	assert_string_equal(answer(boss), "skerry: boss is destroyed\n");
	assert_ptr_equal(guest_find("boss"), boss);
	assert_int_equal(give(boss, "begin boss", 100), -5); /* another of its vCPUs, say */
	(void)play(1, boss->vcpus[0], SCHED_TICK);
	assert_null(guest_find("boss"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_query, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_rights, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_operates, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_slow_line, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_starting, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_oneself, setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
