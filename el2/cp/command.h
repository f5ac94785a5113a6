// SPDX-License-Identifier: Apache-2.0
/*
 * The operator's commands: one table, one short function each, in query.c (what only looks),
 * operate.c (what changes a guest's life) and inspect.c (what looks into a guest). All run at EL2
 * with the guests held. What they answer they tell() (out.h), since a guest may have given them: one
 * whose bundle grants it the command's class. That is looked at in one place, for all of them.
 */
#ifndef CP_COMMAND_H
#define CP_COMMAND_H

#include "guest/life.h"

#define WORDS_MAX 8

/* A line in words. All of them are strings in one buffer; those that are not there are "". */
struct words {
	unsigned count; /* without the command's name */
	const char *word[WORDS_MAX];
	const char *rest[WORDS_MAX]; /* from that word to the end of the line, as typed */
	bool json;		     /* the last word was "json", and is not counted */
};

/* `answer` is what a command returns when it has nothing more to say: NULL, or a mistake in words. */
typedef const char *command_run_fn(const struct words *words);

struct command {
	const char *name, *arguments, *help;
	const char *keywords; /* for completion, with blanks between */
	u8 least, most;	      /* words it needs and takes, WORDS_MAX: any number */
	command_run_fn *run;
	enum command_class class;
};

extern const struct command commands[]; /* ends with a name of NULL */

command_run_fn query_run, query_list, query_memory, query_indicate;
command_run_fn operate_ipl, operate_stop, operate_begin, operate_halt, operate_reset,
	operate_restart, operate_destroy, operate_set, operate_focus, operate_send, operate_message,
	operate_shutdown, operate_quit, operate_sleep;
command_run_fn script_run;
command_run_fn inspect_display, inspect_store;
command_run_fn dump_run, trace_run, step_run, step_adstop;

/* A key typed at the prompt. */
void command_key(u8 byte);

/* Shows the prompt with what has been typed so far / takes it off the screen. */
void command_prompt(void);
void command_leave(void);

enum command_result { COMMAND_DONE, COMMAND_MISTAKEN, COMMAND_DENIED, COMMAND_BUSY };

/* Of the command just run: how many ticks whoever gave it wants to wait for its next one; 0: it was no
 * `sleep`. */
u64 command_sleep(void);
void command_set_sleep(u64 ticks);

/* A guest that a command has sent off its CPUs. What its giver says next waits until it is off them, or gone;
 * a second at most. */
struct command_wait {
	u16 id;
	u32 serial;
	u32 looks; /* left, a millisecond apart; 0: there is nobody to wait for */
};

/* Says so of the command that runs; what the last one said; one look: is it still to be waited for? */
void command_wait_for(const struct guest *guest);
struct command_wait command_ending(void);
bool command_waits(struct command_wait *wait);

/* Before the first line: nobody sleeps, no script runs but the bundle's "start". */
void command_init(void);
void script_init(void);

/* Runs one line as if typed; for `caller`, a guest, only if it has the right, and with its answer wherever
 * out_to() says. NULL: the operator. DENIED: nothing was done or told; BUSY: neither, since what it would show
 * on the operator's screen has to wait for the serial line, as all that this guest prints. */
enum command_result command_run(const char *line, struct guest *caller);

/* Who has given the command that runs; NULL: the operator. */
struct guest *command_caller(void);

/* Says what went wrong, for commands that return NULL themselves: a mistake with a name in it. */
const char *command_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The same, told at once; the command returns NULL. */
void command_mistake(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The guest of this name; NULL, and that has been told. */
struct guest *command_guest(const char *name);

/* A vCPU by GUEST or GUEST/NUMBER; NULL, and the operator has been told (inspect.c). */
struct vcpu *command_vcpu(const char *word);

/* NULL if `guest` stands still and has its state in memory; else why not (inspect.c). */
const char *command_at_rest(const struct guest *guest);

/* A number: decimal, 0x…, or with K, M, G behind it. False: it is none. */
bool command_number(const char *text, u64 *value) MUST_CHECK;

/* `indicate live` goes on until a key comes (query.c). True: it was on. */
bool query_live_end(void);

/* The keyboard (cp.c): whether it is the prompt's; that it goes to `guest`, NULL: to the prompt. */
bool cp_at_prompt(void);
void cp_focus(struct guest *guest);

#endif
