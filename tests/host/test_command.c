// SPDX-License-Identifier: Apache-2.0
// units: cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
/*
 * cp/: what the operator types and sees. Ctrl-] is 0x1d. Output without a terminal, byte for byte where
 * it is an interface (the prompt's echo).
 */
#include "prompt_world.h"

#include "cp/command.h"

static struct guest *crab, *eel, *mute;

static void create(const char *eels)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 GUEST("crab", "0x100000", "") GUEST("mute", "0x100000", "console = \"none\";")
			 GUEST("eel", "0x100000", "%s"),
		 eels);
	world_create(text, "");
	crab = guest_by_id(0);
	mute = guest_by_id(1);
	eel = guest_by_id(2);
	guests_start();
	say_set_terminal(false);
	said_forget();
	cp_init();
}

static int setup(void **state)
{
	(void)state;
	world_new(3, 2, 0x4000000);
	create("");
	return 0;
}

/* The prompt and its line outlive a test: back to an empty one. */
static int teardown(void **state)
{
	say_typed = "\x1dp\r";
	cp_input();
	return world_teardown(state);
}

static void test_editing(void **state)
{
	(void)state;
	assert_true(cp_at_prompt());
	assert_string_equal(said, "skerry> ");
	type("hex");
	assert_string_equal(said, "hex");
	type("\x7f\b");
	assert_string_equal(said, "\r\nskerry> he\r\nskerry> h");
	type("elp\r");
	assert_memory_equal(said, "elp\r\n", 5);
	SAYS("list");
	SAYS("end GUEST; the others go on");
	SAYS("Ctrl-] then n");
	assert_string_equal(said + said_length - 8, "skerry> ");
	type("\x7f\x7f\b"); /* nothing to take back */
	type("\x01\x02\x80\xff");
	type("\n");
	assert_string_equal(said, "\r\nskerry> ");
	/* on a terminal, somebody's line goes above what is typed */
	type("fo");
	say_set_terminal(true);
	command_prompt();
	said_forget();
	vconsole_put(&crab->console, 'x');
	vconsole_put(&crab->console, '\n');
	assert_string_equal(said, "\r\033[K\033[31m[crab]\033[0m x\r\nskerry> fo");
}

/* 119 characters, then no more; the line works all the same. */
static void test_long_line(void **state)
{
	char keys[202];

	(void)state;
	memset(keys, 'y', 200);
	keys[200] = '\0';
	type(keys);
	assert_int_equal(said_length, 119);
	type("\r");
	memset(keys, 'y', 119);
	keys[119] = '\0';
	SAYS("no command \"");
	SAYS(keys);
	strcat(keys, "y");
	assert_null(strstr(said, keys));
}

static void test_words(void **state)
{
	(void)state;
	type("lists\r");
	SAYS("no command \"lists\"");
	type("s\r");
	SAYS("more than one command \"s\"");
	type("   \r");
	assert_null(strstr(said, "command"));
	type("halt\r");
	SAYS("halt needs: GUEST");
	type("halt   \r");
	SAYS("halt needs: GUEST");
	type("halt whale\r");
	SAYS("no guest \"whale\"");
	type("focus cra\r");
	SAYS("no guest \"cra\"");
	type("destroy eel crab\r"); /* more than it takes: nothing is done */
	SAYS("destroy needs: GUEST");
	type("set weight eel 5 crab\r");
	SAYS("set needs: WHAT GUEST VALUE");
	type("query eel crab\r");
	SAYS("query eel takes nothing behind it");
	type("query guests eel\r");
	SAYS("query guests takes nothing behind it");
	type("quit now\r");
	SAYS("quit needs: ");
	assert_int_equal(eel->state, GUEST_RUNNING);
	assert_int_equal(eel->config.weight, 100);
	assert_true(cp_at_prompt());
	type("help restart\r");
	SAYS("  restart GUEST\n");
	type("help whale\r");
	SAYS("no command \"whale\"");
	type("a1 b c d e f g h i j k l m n\r"); /* more than there is room for */
	SAYS("no command \"a1\"");
	type("message one  two json three\r");
	SAYS("skerry: message: one  two json three");
}

static void test_completion(void **state)
{
	(void)state;
	type("desx\x7f\t");
	SAYS("destroy ");
	type("\x15re\t\t");
	SAYS("  reset  restart\n");
	type("\x15query e\t");
	SAYS("query eel ");
	type("\x15query n\t");
	SAYS("query names ");
	type("\x15help ad\t");
	SAYS("help adstop ");
	type("\x15he e\t");
	assert_null(strstr(said, "eel"));
	type("\x15"
	     "destroy eel\r");
	type("stop e\t");
	assert_null(strstr(said, "eel"));
	type("\x15ipl e\t");
	SAYS("ipl eel ");
	type("\r\x15ipl e\t"); /* once, there or not */
	SAYS("ipl eel ");
	type("\x15\t");
	SAYS("  query  indicate  list");
}

static void test_list(void **state)
{
	(void)state;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	standin_now += 6250000; /* 100 ms */
	crab->vcpus[0]->exits[EXIT_WFI].count = 40;
	crab->vcpus[0]->exits[EXIT_FP].count = 2;
	mute->state = GUEST_CRASHED;
	type("list\r");
	SAYS("  id  guest             state     cpus  weight  memory-KiB  held-KiB    ran-ms      exits  restarts");
	SAYS("   0  crab              running      1     100        1024 ");
	SAYS("       100         42         0  stop\n");
	SAYS("   1  mute              crashed  ");
	SAYS("   2  eel               running  ");
	type("list json\r");
	SAYS("{\"id\":0,\"guest\":\"crab\",\"state\":\"running\",\"cpus\":1,\"weight\":100,\"memory-KiB\":1024,");
	SAYS("\"ran-ms\":100,\"exits\":42,\"restarts\":0,\"on-crash\":\"stop\"}\n");
	mute->state = GUEST_RUNNING;
	type("query names json\r");
	SAYS("{\"id\":1,\"guest\":\"mute\"}\n{\"id\":2,\"guest\":\"eel\"}\n");
}

static void test_memory(void **state)
{
	(void)state;
	type("memory\r");
	SAYS("use                      KiB\n");
	SAYS("promised                3060\n"); /* 3 * 1 MiB, a page of each loaded */
	SAYS("guests' tables            36\n"); /* roots of 8 KiB, a table each */
	SAYS("guests' memory            12\n");
	SAYS("total                  65536\n");
	type("query memory eel json\r"); /* its image and its tree, wherever they are */
	SAYS("{\"ipa\":\"0000000040080000\",\"machine\":\"");
	SAYS("\"KiB\":4,\"what\":\"memory\"}");
	type("query memory whale\r");
	SAYS("no guest \"whale\"");
}

/* Whose what is: all that the sums by use and by guest say, and the place of a guest's page. */
static void test_memory_map(void **state)
{
	struct frame_count count = frames_count();
	u64 sum = 0, memory = 0, eels = 0, last = 0;
	char line[160];
	pa_t page;

	(void)state;
	assert_true(guest_touch(eel, IPA(0x40001000)));
	assert_true(stage2_lookup(&eel->map, IPA(0x40001000), &page));
	count = frames_count();
	type("query memory map json\r");
	for (const char *at = strstr(said, "{\"machine\""); at;
	     at = strstr(at + 1, "{\"machine\"")) {
		unsigned long machine, kib;
		char owner[40], what[12];

		assert_int_equal(sscanf(at,
					"{\"machine\":\"%lx\",\"KiB\":%lu,\"owner\":\"%39[^\"]\","
					"\"what\":\"%11[^\"]\"}",
					&machine, &kib, owner, what),
				 4);
		assert_true(machine >= last);
		last = machine + kib * KIB;
		sum += kib;
		memory += strcmp(what, "memory") ? 0 : kib;
		eels += strcmp(owner, "eel") ? 0 : kib;
		if (page.v >= machine && page.v < last)
			snprintf(line, sizeof(line), "%s %s", owner, what);
	}
	assert_string_equal(line, "eel memory");
	assert_int_equal(eels, frames_held(2) / KIB);
	assert_int_equal(memory, count.by_use[FRAME_MEMORY] / KIB);
	assert_int_equal(sum, (count.total - count.by_use[FRAME_FREE] - count.by_use[FRAME_IMAGE]) /
				      KIB);
	guests_hold(); /* it may take long: for the operator only */
	eel->config.commands = (u8)BIT(CLASS_QUERY);
	assert_int_equal(command_run("query memory map", eel), COMMAND_MISTAKEN);
	guests_let_go();
}

/* More pieces than are found in one go: each once, in order. */
static void test_memory_map_in_pieces(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		assert_true(guest_touch(i % 2 ? eel : crab, IPA(0x40000000 + i / 2 * PAGE_SIZE)));
	}
	type("query memory map\r");
	for (const char *at = strstr(said, " memory\n"); at; at = strstr(at + 1, " memory\n"))
		rows++;
	assert_in_range(rows, 36, 46);
}

/* Its map is about to be taken down: nothing of it is shown, and nothing is said that is not so. */
static void test_memory_of_one_that_ends(void **state)
{
	(void)state;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	type("stop crab\r");
	assert_int_equal(crab->state, GUEST_STOPPING);
	said_forget();
	guests_hold();
	(void)command_run("query memory crab json", NULL);
	guests_let_go();
	assert_null(strstr(said, "\"what\""));
}

/* What is typed behind an order waits until the guest is off its CPUs; a second at most. */
static void test_order_is_waited_for(void **state)
{
	(void)state;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	type("stop crab\rbegin crab\r");
	assert_int_equal(crab->state, GUEST_STOPPING);
	guests_hold(); /* another's command meanwhile is no end of it */
	eel->config.commands = (u8)BIT(CLASS_QUERY);
	assert_int_equal(command_run("list", eel), COMMAND_DONE);
	guests_let_go();
	said_forget();
	standin_now += timer_frequency() / 1000;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_STOPPING);
	assert_string_equal(said, "");
	(void)play(0, crab->vcpus[0], SCHED_TICK);
	assert_int_equal(crab->state, GUEST_STOPPED);
	standin_now += timer_frequency() / 1000;
	timer_interrupt();
	assert_int_equal(crab->state, GUEST_RUNNING);
	for (unsigned cpu = 0; play(cpu, NULL, SCHED_TICK) != crab->vcpus[0]; cpu++)
		assert_in_range(cpu, 0, 1);
	standin_pcpu_set(0);
	type("destroy crab\ripl crab\r");
	said_forget();
	for (unsigned i = 0; i < 1001; i++) {
		standin_now += timer_frequency() / 1000;
		timer_interrupt();
	}
	SAYS("crab is just ending: ask again");
}

static void test_query(void **state)
{
	struct mmio enable = {.offset = 0x104, .size = 4, .write = true, .value = 2}; /* INTID 33 */

	(void)state;
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	standin_now += 6250000;
	type("query crab\r");
	SAYS("    0  on       runs      0  0000000040080000 ");
	type("query crab json\r");
	SAYS("\"vcpu\":0,\"power\":\"on\",\"state\":\"runs\",\"cpu\":0,");
	SAYS("\"wfi\":0,");
	type("query cpus json\r");
	SAYS("{\"cpu\":0,\"mpidr\":\"0000000000000000\",\"guest\":\"crab\",\"busy-ms\":100}");
	assert_true(vgic_distributor(&eel->vcpus[0]->vgic, &enable));
	type("query interrupts eel\r");
	SAYS(" intid  vcpu  enabled  pending  active  priority  trigger  from\n"
	     "    33     -  yes      -        -              0  level    pl011\n");
	if (eel->gic_version == 3) { /* an SGI that is enabled is no news */
		struct mmio sgis = {.offset = 0x10100, .size = 4, .write = true, .value = 0xffff};

		assert_true(vgic_redistributor(&eel->vcpus[0]->vgic, &sgis));
	}
	type("query interrupts eel\r");
	assert_null(strstr(said, "SGI"));
	if (eel->gic_version == 3) {
		enable = (struct mmio){.offset = 0x10100,
				       .size = 4,
				       .write = true,
				       .value = BIT(27)};
		assert_true(vgic_redistributor(&eel->vcpus[0]->vgic, &enable));
	} else {
		enable.offset = 0x100;
		enable.value = BIT(27);
		assert_true(vgic_distributor(&eel->vcpus[0]->vgic, &enable));
	}
	type("query interrupts eel json\r");
	SAYS("{\"intid\":27,\"vcpu\":0,\"enabled\":true,\"pending\":false,\"active\":false,"
	     "\"priority\":0,\"trigger\":\"level\",\"from\":\"timer\"}\n"
	     "{\"intid\":33,\"enabled\":true,");
	type("query interrupts\r");
	SAYS("query interrupts needs: GUEST");
	type("query whale\r");
	SAYS("no guest \"whale\"");
	type("query whale json\r");
	SAYS("\r\n{\"error\":\"no guest \\\"whale\\\"; `list` shows them\"}\n");
	type("query channels\r");
	assert_null(strstr(said, "no guest"));
}

static void fold_there(void)
{
	standin_pcpu_set(1);
	vgic_refresh(&eel->vcpus[0]->vgic);
	standin_pcpu_set(0);
}

/* It runs elsewhere, and has taken and ended what its list registers held when they were filled. */
static void test_interrupts_of_one_that_runs(void **state)
{
	static const struct mmio writes[] = {
		{.offset = 0, .size = 4, .write = true, .value = 3},
		{.offset = 0x104, .size = 4, .write = true, .value = 1 << 8},  /* SPI 40 */
		{.offset = 0xc08, .size = 4, .write = true, .value = 2 << 16}, /* an edge */
	};

	(void)state;
	type("set affinity crab 0\rset affinity mute 0\rset affinity eel 1\r");
	assert_ptr_equal(play(1, NULL, SCHED_TICK), eel->vcpus[0]);
	model_set_vmcr(0xf84c0003); /* priorities of all, both groups */
	for (unsigned i = 0; i < ARRAY_SIZE(writes); i++) {
		struct mmio mmio = writes[i];

		assert_true(vgic_distributor(&eel->vcpus[0]->vgic, &mmio));
	}
	vgic_pulse(&eel->vgic, 40);
	assert_int_equal(model_ack(0), 40);
	model_eoi(0, 40);
	standin_pcpu_set(0);
	standin_on_wait = fold_there;
	type("query interrupts eel json\r");
	standin_on_wait = NULL;
	SAYS("{\"intid\":40,\"enabled\":true,\"pending\":false,\"active\":false,");
}

static void test_indicate(void **state)
{
	(void)state;
	type("indicate\r");
	assert_ptr_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	standin_now += timer_frequency();
	crab->vcpus[0]->exits[EXIT_WFI].count += 9;
	standin_pcpu_set(0);
	type("indicate json\r");
	SAYS("{\"cpu\":0,\"load%\":100.0}");
	SAYS("{\"cpu\":1,\"load%\":0.0}");
	SAYS("{\"guest\":\"crab\",\"cpu%\":100.0,\"steal%\":0.0,\"exits\":9,");
	SAYS("{\"guest\":\"eel\",\"cpu%\":0.0,\"steal%\":100.0,");
	crab->vcpus[0]->exits[EXIT_WFI].count += 5;
	crab->vcpus[0]->exits[EXIT_MMIO].count += 3;
	type("indicate crab\r"); /* asks for nothing: what comes next is still since the last one */
	SAYS("indicate \"crab\": expected live");
	assert_null(strstr(said, "load%"));
	type("indicate json\r");
	SAYS("\"exits\":8,\"hypercall\":0,\"psci\":0,\"sysreg\":0,\"mmio\":3,\"touch\":0,\"wfi\":5,");
	type("indicate live\r");
	said_forget();
	for (unsigned i = 0; i < 3; i++) {
		standin_now += timer_frequency();
		timer_interrupt();
	}
	SAYS("crab");
	type("x");
	assert_string_equal(said + said_length - 8, "skerry> "); /* the key is no more than that */
	said_forget();
	standin_now += 2 * timer_frequency();
	timer_interrupt();
	assert_string_equal(said, "");
}

static void test_orders(void **state)
{
	(void)state;
	type("stop eel\r");
	SAYS("eel is stopped");
	assert_int_equal(eel->state, GUEST_STOPPED);
	type("stop eel\r");
	SAYS("eel is stopped: `begin` lets it go on");
	type("begin eel\r");
	assert_int_equal(eel->state, GUEST_RUNNING);
	type("ipl eel\r");
	SAYS("eel is running");
	type("reset eel\r");
	assert_int_equal(eel->state, GUEST_READY);
	type("restart eel\r");
	assert_int_equal(eel->state, GUEST_RUNNING);
	type("destroy eel\r");
	SAYS("eel is destroyed");
	assert_null(guest_by_id(2));
	type("query eel\r");
	SAYS("no guest \"eel\"");
	type("ipl whale\r");
	SAYS("no guest \"whale\" in the bundle");
	type("ipl eel as /bad\r");
	SAYS("a name is 1 to 31 letters");
	type("ipl eel as\r");
	SAYS("ipl needs: GUEST [as NAME]");
	type("ipl eel as crab\r");
	SAYS("crab is there already");
	type("ipl eel as moray\r");
	SAYS("moray starts, guest 2");
	assert_string_equal(guest_by_id(2)->config.name, "moray");
	assert_int_equal(guest_by_id(2)->state, GUEST_RUNNING);
	type("ipl eel\r");
	SAYS("eel starts, guest 3");
	type("halt eel\ripl eel\r");
	SAYS("eel starts again");
}

/* The keyboard was a guest's that is no more; its id may be another's by now. */
static void test_focused_one_is_destroyed(void **state)
{
	(void)state;
	type("focus eel\r");
	assert_false(cp_at_prompt());
	guests_hold();
	assert_null(life_order(eel, LIFE_DESTROY));
	(void)command_run("ipl crab as moray", NULL);
	guests_let_go();
	assert_int_equal(guest_find("moray")->id, 2);
	type("x");
	SAYS("that guest has ended");
	assert_true(cp_at_prompt());
	assert_int_equal(vconsole_waiting(&guest_by_id(2)->console), 0);
}

static void test_set(void **state)
{
	(void)state;
	type("set weight crab 250\r");
	assert_int_equal(crab->config.weight, 250);
	assert_int_equal(crab->vcpus[0]->sched.weight, 250);
	type("set weight crab 0\r");
	SAYS("weight \"0\": expected 1 to 10000");
	type("set on-crash crab destroy\r");
	assert_int_equal(crab->config.on_crash, ON_CRASH_DESTROY);
	type("list json\r");
	SAYS("\"restarts\":0,\"on-crash\":\"destroy\"}\n{\"id\":1,");
	type("set on-crash crab explode\r");
	SAYS("on-crash \"explode\": expected stop, restart, destroy or shutdown");
	type("set colour crab red\r");
	SAYS("set \"colour\": expected weight, affinity, on-crash or trace");
	type("set trace crab mmio\r");
	assert_int_not_equal(crab->traced, 0);
	type("set trace all off\r");
	assert_int_equal(crab->traced, 0);
	type("set weight crab\r");
	SAYS("set needs: ");
}

static void test_set_affinity(void **state)
{
	static const char *const bad[] = {"8", "0,8", "1-0", "0-",  "0,", ",",
					  "-", "x",   "0-9", "0;1", "9",  "01"};

	(void)state;
	type("set affinity mute 0\rset affinity eel 0\r");
	type("set affinity crab 1\r");
	assert_int_equal(crab->config.affinity, 2);
	assert_int_equal(crab->vcpus[0]->sched.allowed, 2);
	type("query crab json\r");
	SAYS("\"affinity\":2,");
	assert_ptr_not_equal(play(0, NULL, SCHED_TICK), crab->vcpus[0]);
	assert_ptr_equal(play(1, NULL, SCHED_TICK), crab->vcpus[0]);
	standin_pcpu_set(0);
	type("set affinity crab 0\r"); /* it runs on the other one */
	assert_ptr_not_equal(play(1, crab->vcpus[0], SCHED_TICK), crab->vcpus[0]);
	type("set affinity crab 0-1\r");
	assert_int_equal(crab->vcpus[0]->sched.allowed, 3);
	type("set affinity crab 1,0\r");
	assert_int_equal(crab->vcpus[0]->sched.allowed, 3);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		char line[40];

		snprintf(line, sizeof(line), "set affinity crab %s\r", bad[i]);
		type(line);
		SAYS("expected CPUs as in 0,2-3, or all");
		assert_int_equal(crab->config.affinity, 3);
	}
	type("set affinity crab all\r");
	assert_int_equal(crab->vcpus[0]->sched.allowed, 3);
	assert_int_equal(crab->config.affinity, 0xffffffff);
}

static void test_send(void **state)
{
	static const char sent[] = "hello  you\r";
	u8 byte;

	(void)state;
	type("send eel hello  you\r");
	for (unsigned i = 0; sent[i]; i++) {
		assert_true(vconsole_get(&eel->console, &byte));
		assert_int_equal(byte, sent[i]);
	}
	assert_false(vconsole_get(&eel->console, &byte));
	type("send eel json\r"); /* no wish about the answer: it is the text */
	for (unsigned i = 0; i < 5; i++) {
		assert_true(vconsole_get(&eel->console, &byte));
		assert_int_equal(byte, "json\r"[i]);
	}
	type("stop json\r");
	SAYS("skerry: no guest \"json\"");
	for (unsigned i = 0; i < 24; i++)
		type("send eel hello  you\r");
	SAYS("no room for that much");
	assert_int_equal(vconsole_waiting(&eel->console), 253);
}

/* Registers and memory of a guest at rest; nothing of one that runs. */
static void test_display_and_store(void **state)
{
	u64 data = 0x1122334455667788, held;

	(void)state;
	type("display crab x0\r");
	SAYS("crab is running: `stop`");
	type("store crab x0 1\r");
	SAYS("crab is running: `stop`");
	type("stop crab\r");
	type("display crab pc\r");
	SAYS("pc                0000000040080000");
	type("store crab x30 0x123\rdisplay crab x json\r");
	SAYS("{\"register\":\"x30\",\"value\":\"0000000000000123\"}");
	type("store crab ttbr0_el1 4K\rdisplay crab el1\r");
	assert_int_equal(crab->vcpus[0]->ctx.el1[EL1_ttbr0_el1], 4096);
	type("store crab pstate 0x9\r"); /* EL2 */
	SAYS("expected NZCV, DAIF and EL0, EL1t or EL1h");
	type("store crab pstate 0x3c5\r");
	assert_int_equal(crab->vcpus[0]->ctx.regs.pstate, 0x3c5);
	type("store crab x0 fish\r");
	SAYS("\"fish\": expected a number");
	type("store crab x0 1 2\r");
	SAYS("\"1 2\": expected a number");
	type("display crab x0 x1\r");
	SAYS("display needs: GUEST[/VCPU] WHAT");
	/* the stack pointer by PSTATE, FP/SIMD, timers */
	type("store crab sp_el0 0x10\rstore crab sp_el1 0x20\rdisplay crab sp\r");
	SAYS("sp                0000000000000020");
	type("store crab pstate 0x3c4\rstore crab sp 0x30\r"); /* EL1t */
	assert_int_equal(crab->vcpus[0]->ctx.el1[EL1_sp_el0], 0x30);
	crab->vcpus[0]->ctx.fp.v[31][0] = 0x1122334455667788;
	crab->vcpus[0]->ctx.fp.v[31][1] = 0x99aabbccddeeff00;
	type("store crab fpcr 0x1000000\rdisplay crab fp json\r");
	SAYS("{\"register\":\"v31\",\"value\":\"99aabbccddeeff001122334455667788\"}\n"
	     "{\"register\":\"fpcr\",\"value\":\"0000000001000000\"}");
	crab->vcpus[0]->vtimer.virt.cval = 0x1234;
	type("display crab cntv_cval_el0\r");
	SAYS("cntv_cval_el0     0000000000001234");
	type("display crab el1\r");
	SAYS("mpidr_el1         0000000080000000");
	type("store crab cntv_cval_el0 1\r");
	SAYS("\"cntv_cval_el0\": no register that can be written");
	assert_true(guest_write(crab, IPA(0x40001ff8), &data, 8));
	type("display crab p 0x40001ff8.24\r");
	SAYS("0000000040001ff8  88776655 44332211 ");
	SAYS("0000000040002000  00000000 00000000 00000000 00000000  ................");
	type("store crab p 0x40002000 48 65 6c6c 6f\r");
	type("display crab 0x40002000.5\r"); /* no MMU: the same */
	SAYS("48656c6c 6f");
	SAYS("Hello");
	held = frames_held(0);
	type("display crab p 0x40050ff8.24\r"); /* never touched */
	SAYS("0000000040051000  00000000 00000000 00000000 00000000  ................");
	assert_int_equal(frames_held(0), held);
	type("display crab p 0x400ffff0.17\r");
	SAYS("00000000400ffff0  00000000 ");
	SAYS("nothing of crab's at 0x40100000");
	type("display crab p 0x3fffffff.2\r");
	SAYS("nothing of crab's at 0x3fffffff");
	type("display crab p 0x40000000.4097\r");
	SAYS("1 to 4096");
	type("display crab fish\r");
	SAYS("\"fish\": no register");
	type("store crab p 0x40002fff 0102\r");
	SAYS("not in one page");
	type("store crab p 0x40002000 0\r");
	SAYS("expected bytes, two digits each");
	type("store crab p 0x50000000 00\r");
	SAYS("nothing of crab's at 0x50000000");
	type("display crab/1 x0\r");
	SAYS("crab has vCPUs 0 to 0");
	type("display crab/0 x30\r");
	SAYS("0000000000000123");
	type("halt crab\rdisplay crab x0\r");
	SAYS("crab has ended: `ipl` starts it again");
	type("step crab\r");
	SAYS("crab has ended: `ipl` starts it again");
}

/* By the guest's own tables: 4 KiB granule, 39 bits, one page and one block. */
static void test_virtual_addresses(void **state)
{
	struct vcpu *vcpu = crab->vcpus[0];
	u64 *el1 = vcpu->ctx.el1;
	u64 level1 = 0x40010003, level2 = 0x40011003, page = 0x40020703, block = 0x40000701;
	u64 data = 0x6f6c6c6548; /* "Hello" */

	(void)state;
	type("stop crab\r");
	el1[EL1_sctlr_el1] |= 1;
	el1[EL1_tcr_el1] = 25 | 25 << 16 | 2ull << 30;
	el1[EL1_ttbr0_el1] = 0x4000f000;
	assert_true(guest_write(crab, IPA(0x4000f000 + 8), &level1, 8));
	assert_true(guest_write(crab, IPA(0x40010000 + 8), &level2, 8));
	assert_true(guest_write(crab, IPA(0x40010000 + 16), &block, 8));
	assert_true(guest_write(crab, IPA(0x40011000 + 8 * 7), &page, 8));
	assert_true(guest_write(crab, IPA(0x40020ffb), &data, 5));
	type("display crab 0x40207ffb.5\r");
	SAYS("Hello");
	type("display crab 0x40420ffb.5\r");
	SAYS("Hello");
	type("display crab 0x40208000\r");
	SAYS("nothing of crab's at 0x40208000");
	type("display crab 0x8000000000\r"); /* above 39 bits */
	SAYS("nothing of crab's");
	type("display crab 0xffffff8000000000\r"); /* TTBR1: an empty table at 0, out of its RAM */
	SAYS("nothing of crab's");
	level2 = 0x3003; /* a table that is not its memory */
	assert_true(guest_write(crab, IPA(0x40010000 + 8), &level2, 8));
	type("display crab 0x40207ffb.5\r");
	SAYS("nothing of crab's");
	el1[EL1_tcr_el1] = 63; /* no such size */
	type("display crab 0x40207ffb.5\r");
	SAYS("nothing of crab's");
}

static void test_halt(void **state)
{
	(void)state;
	type("halt eel\r");
	SAYS("eel is halted");
	assert_int_equal(eel->state, GUEST_ENDED);
	assert_int_equal(crab->state, GUEST_RUNNING);
	type("halt eel\r");
	SAYS("eel has ended");
}

static void test_focus(void **state)
{
	u8 byte;

	(void)state;
	type("focus mute\r");
	SAYS("mute has no console");
	assert_true(cp_at_prompt());
	type("abc\x1dp"); /* typed and left: still there later */
	type("\x7f\x7f\x7f"
	     "focus eel\r");
	SAYS("keyboard to eel");
	assert_false(cp_at_prompt());
	assert_null(
		strstr(strstr(said, "keyboard to eel"), "skerry> ")); /* no prompt under a guest */
	type("a\r\x1d]");
	assert_int_equal(vconsole_waiting(&eel->console), 3);
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, 'a');
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, '\r');
	assert_true(vconsole_get(&eel->console, &byte));
	assert_int_equal(byte, 0x1d);
	type("\x1dp");
	assert_true(cp_at_prompt());
	assert_string_equal(said, "skerry> ");
	assert_false(eel->console.focused);
}

/* Round it goes: guests that have a console and have not ended, then the prompt. */
static void test_next(void **state)
{
	(void)state;
	type("\x1dn");
	assert_true(crab->console.focused);
	type("\x1d\x1d");
	assert_false(crab->console.focused);
	assert_true(eel->console.focused); /* mute has none */
	assert_false(mute->console.focused);
	type("\x1dn");
	assert_true(cp_at_prompt());
	type("halt crab\r");
	type("\x1dn");
	assert_true(eel->console.focused);
	type("\x1dz");
	SAYS("Ctrl-] then n: next guest");
	assert_true(eel->console.focused);
	assert_int_equal(vconsole_waiting(&eel->console), 0);
	type("\x1dp");
	type("\x1d]"); /* nobody to give it to */
	assert_true(cp_at_prompt());
}

/* Who typed at a guest that has ended is back at the prompt, and not one key later. */
static void test_focused_one_ends(void **state)
{
	(void)state;
	type("\x1dn");
	type("x");
	crab->state = GUEST_STOPPING; /* on its way to start again, maybe */
	type("x");
	assert_null(strstr(said, "ended"));
	assert_false(cp_at_prompt());
	crab->state = GUEST_RUNNING;
	life_end(crab, END_EXIT);
	assert_int_equal(crab->state, GUEST_ENDED);
	type("y");
	SAYS("crab has ended");
	assert_true(cp_at_prompt());
	assert_false(crab->console.focused);
	type("focus crab\r");
	SAYS("crab has ended");
	assert_true(cp_at_prompt());
	assert_string_equal(said + said_length - 8, "skerry> ");
}

/* So many seconds later, on the boot CPU. */
static void later(unsigned seconds)
{
	standin_pcpu_set(0);
	standin_now += seconds * 62500000ull;
	while (standin_hyp_due(0))
		timer_interrupt();
}

/* More than a guest's ring holds: the rest waits in the serial line's, and none of it is lost. */
static void test_paste(void **state)
{
	char keys[2001];
	unsigned got = 0;
	u8 byte;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		keys[i] = (char)('!' + i % 90);
	keys[2000] = '\0';
	type("\x1dn");
	say_typed = keys;
	cp_input();
	assert_int_equal(strlen(say_typed), 1936); /* 64 at a time */
	say_listening = true;
	while (got < 2000) {
		for (unsigned i = 0; say_listening && i < 10; i++)
			cp_input();
		assert_true(*say_typed ? !say_listening : say_listening);
		later(1);
		while (!(*say_typed && say_listening) && vconsole_get(&crab->console, &byte))
			assert_int_equal(byte, '!' + got++ % 90);
	}
	assert_false(vconsole_get(&crab->console, &byte));
	later(5);
	assert_null(strstr(said, "dropped"));
}

/* It reads nothing: what does not fit is dropped after a while, and the focus keys go on working. */
static void test_flood(void **state)
{
	char keys[401];

	(void)state;
	memset(keys, 'k', 398);
	strcpy(keys + 398, "\x1dp");
	type("\x1dn");
	say_typed = keys;
	say_listening = true;
	while (say_listening)
		cp_input();
	assert_int_equal(strlen(say_typed), 144);
	later(1);
	assert_false(say_listening);
	assert_int_equal(strlen(say_typed), 144);
	later(1);
	SAYS("skerry: crab reads nothing: what is typed at it is dropped\n");
	while (*say_typed)
		cp_input();
	assert_int_equal(vconsole_waiting(&crab->console), 256);
	assert_true(cp_at_prompt());
}

/* Ctrl-] r; and what was printed can be asked for, whatever became of the guest. */
static void test_raw(void **state)
{
	(void)state;
	type("\x1dr"); /* nobody's */
	assert_false(crab->console.raw);
	type("\x1dn\x1dr");
	assert_true(crab->console.raw);
	SAYS("the screen is crab's");
	said_forget();
	for (const char *p = "\033[7mone\n\"two\" \\\n"; *p; p++)
		vconsole_put(&crab->console, (u8)*p);
	assert_string_equal(said, "\033[7mone\n\"two\" \\\n");
	type("\x1dr");
	assert_false(crab->console.raw);
	type("\x1dp");
	life_end(crab, END_EXIT);
	type("query console crab\r");
	SAYS(" one\n \"two\" \\\n");
	type("query console crab json\r");
	SAYS("{\"line\":\"one\"}\n{\"line\":\"\\\"two\\\" \\\\\"}\n");
}

/* Counts what is in `said`. */
static unsigned says(const char *text)
{
	unsigned n = 0;

	for (const char *at = said; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void ms_later(unsigned ms)
{
	standin_pcpu_set(0);
	while (standin_hyp_due(0))
		timer_interrupt();
	for (; ms; ms--) {
		standin_now += 62500;
		while (standin_hyp_due(0))
			timer_interrupt();
	}
}

/* What is typed meanwhile waits, up to 64 keys; Ctrl-C ends it. */
static void test_sleep(void **state)
{
	static const char *const bad[] = {"0",	"86401", "86400001ms",	  "1s",
					  "ms", "-1",	 "99999999999999"};

	(void)state;
	type("sleep 100ms\rmessage one\rsleep 1\rmessage two\r");
	assert_string_equal(said, "sleep 100ms\r\n");
	ms_later(99);
	assert_string_equal(said, "sleep 100ms\r\n");
	ms_later(1);
	SAYS("skerry: message: one\n");
	SAYS("skerry> sleep 1\r\n");
	assert_int_equal(says("message: two"), 0);
	type("\x1dn"); /* the keyboard goes elsewhere and comes back */
	SAYS("keyboard to crab");
	type("\x1dp");
	assert_string_equal(said, "");
	ms_later(999);
	assert_string_equal(said, "");
	ms_later(1);
	SAYS("skerry: message: two\n");
	assert_string_equal(said + said_length - 8, "skerry> ");
	type("sleep 100\rmessage no\r\x03");
	assert_int_equal(says("message"), 0);
	assert_string_equal(said + said_length - 8, "skerry> ");
	ms_later(100000);
	type("message yes\r");
	SAYS("skerry: message: yes\n");
	type("sleep 1\r");
	for (unsigned i = 0; i < 50; i++)
		type("ab\r");
	ms_later(1000);
	assert_int_equal(says("no command \"ab\""), 21); /* and an a is left */
	type("\x15");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		char line[40];

		snprintf(line, sizeof(line), "sleep %s\r", bad[i]);
		type(line);
		SAYS("expected 1 to 86400 seconds, or as many ms");
	}
}

static void scripts(const char *text)
{
	char all[512];

	snprintf(all, sizeof(all), "}; scripts { %s", text);
	world_close();
	world_new(3, 2, 0x4000000);
	world_create(GUEST("crab", "0x100000", "") GUEST("mute", "0x100000", "")
			     GUEST("eel", "0x100000", ""),
		     all);
	crab = guest_by_id(0);
	mute = guest_by_id(1);
	eel = guest_by_id(2);
	guests_start();
	said_forget();
	cp_init();
}

static void test_script(void **state)
{
	(void)state;
	scripts("start = \"message one\", \"stop crab\", \"sleep 2\", \"begin crab\", \"sleep 100ms\", "
		"\"shutdown 9\"; other = \"halt eel\", \"stop nobody\", \"halt mute\";");
	assert_int_equal(says("start."), 0);
	ms_later(2);
	SAYS("skerry: start.1: message one\n");
	SAYS("skerry: message: one\n");
	SAYS("skerry: start.2: stop crab\n");
	SAYS("skerry: start.3: sleep 2\n");
	assert_int_equal(says("start.4"), 0);
	assert_int_equal(crab->state, GUEST_STOPPED);
	type("message between\r"); /* the prompt is the operator's meanwhile */
	SAYS("skerry: message: between\n");
	type("run other\r");
	SAYS("script start runs: one at a time");
	ms_later(1999);
	assert_int_equal(crab->state, GUEST_STOPPED);
	ms_later(1);
	assert_int_equal(crab->state, GUEST_RUNNING);
	assert_int_equal(STOPS(ms_later(101)), 9);
	guests_let_go();
	script_init(); /* the machine would have stopped here */
}

/* By name; the first line that fails is the last. */
static void test_script_fails(void **state)
{
	(void)state;
	scripts("other = \"halt eel\", \"stop nobody\", \"halt mute\";");
	ms_later(0);
	type("run whale\r");
	SAYS("no script \"whale\" in the bundle");
	for (unsigned i = 0; i < 2; i++) {
		type("run other\r");
		ms_later(2);
		SAYS("skerry: other.2: stop nobody\n");
		SAYS("no guest \"nobody\"");
		SAYS("skerry: script other failed in line 2: the rest is left\n");
		assert_int_equal(mute->state, GUEST_RUNNING);
		assert_null(life_order(eel, LIFE_RESTART));
	}
	assert_int_equal(says("failed in line"), 1);
	/* one after the other, and round and round */
	scripts("start = \"message one\", \"run next\"; next = \"message two\", \"run start\";");
	ms_later(39);
	assert_int_equal(says("message: one"), 10);
	assert_int_equal(says("message: two"), 10);
	scripts("");
	ms_later(5);
	assert_int_equal(says("message"), 0);
}

static void test_quit(void **state)
{
	(void)state;
	assert_int_equal(STOPS(type("quit\r")), 0); /* guests run: the operator's own wish */
	guests_let_go();			    /* the machine would have stopped here */
	assert_int_equal(STOPS(type("\x1dq")), 0);
	guests_let_go();
	crab->exit_code = 3;
	life_end(crab, END_EXIT);
	life_end(mute, END_EXIT);
	life_end(eel, END_EXIT);
	assert_int_equal(STOPS(type("quit\r")), 3);
	guests_let_go();
}

static void test_shutdown(void **state)
{
	(void)state;
	type("shutdown 256\r");
	SAYS("status \"256\": expected 0 to 255");
	assert_int_equal(STOPS(type("shutdown 7\r")), 7);
	guests_let_go();
}

static void test_first_focus(void **state)
{
	(void)state;
	world_close();
	world_new(3, 2, 0x4000000);
	create("focus;");
	assert_false(cp_at_prompt());
	assert_true(eel->console.focused);
	SAYS("keyboard to eel");
	type("\x1dp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_editing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_map_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_of_one_that_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_halt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_query, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupts_of_one_that_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indicate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focused_one_is_destroyed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_affinity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_send, setup, teardown),
		cmocka_unit_test_setup_teardown(test_display_and_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_virtual_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shutdown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focused_one_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paste, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sleep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_script, setup, teardown),
		cmocka_unit_test_setup_teardown(test_script_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_focus, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
