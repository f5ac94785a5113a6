// SPDX-License-Identifier: Apache-2.0
/*
 * The scheduler. Runs at EL2, from traps, interrupts and the idle loop, with interrupts masked.
 *
 * Every vCPU has a virtual time, vtime: the ticks it ran, divided by its weight. A pCPU that looks
 * for work takes the least vtime among those that wait and are allowed on it, lets it run for a slice,
 * and looks again. So vtimes that compete stay close together, which is what fair means.
 *
 * A slice is 1 ms for weight 100, and goes with the weight so that a heavy guest is not switched more
 * often than a light one, from 0.5 ms (a world switch costs below 1 % of it) to 2 ms (what another
 * waits for it at most, and what a share can be wrong by at the moment that it is measured).
 *
 * vtimes drift apart where there is nothing to compete for: a vCPU alone on its pCPU runs ahead; one
 * whose weight asks for more than a whole pCPU falls behind for ever. Neither may be held against
 * others later. So
 *   - each pCPU has a clock, the vtime it has come to. What wakes is brought up to it (less a small
 *     bonus, for latency): sleep saves no time up. It never goes back, so waking often gains nothing;
 *   - what is picked while all others that wait are far ahead (`lag`) is brought near to them;
 *   - a class whose members compete with one far ahead is brought near as a whole, by its lift, which
 *     counts for all its members and keeps their order.
 *
 * vtime cannot overflow: 16 / weight units a tick make 36 years of weight 1 at 1 GHz (and 3600 years
 * of weight 100) until 2^64; lifts only lead to what another one has run. sched.c uses plain `<`.
 *
 * Always, outside lock sched: a READY entity is in its class's heap and nowhere else, a RUNNING one is
 * exactly one pCPU's current. While one waits, no pCPU that it may run on is idle without having been
 * kicked, or runs without a slice timer or a kick on the way.
 */
#include "sched/sched.h"

#include "arch/lock.h"
#include "arch/timer.h"
#include "board/gic.h"
#include "lib/string.h"
#include "sched/timer.h"

#define NEVER UINT64_MAX

#define MEASURED BIT(31) /* beside the classes in sched.nonempty: sched_measure */

#define VTIME_SHIFT 24		 /* of rate and fraction */
#define VTIME_START (1ULL << 40) /* clocks begin here, so that "clock - bonus" is never below 0 */

/* Ticks charged at once, at most: 34 s at 1 GHz, so that times rate fits 64 bits. What ran longer
 * in one go had its pCPU to itself, and its vtime matters to nobody. */
#define CHARGE_MAX (1ULL << 35)

struct sched_class {
	u32 allowed; /* 0: free */
	u32 members;
	u64 lift;		/* added to the vtime of each member, wherever it is */
	struct heap_node *root; /* those that are READY */
	u32 bit;		/* 1 << its number */
};

/* A pCPU, with pcpus[] of the same number, whose `wanted` is written by all without the lock. `tick`
 * and `tick_at` are its own. */
struct cpu {
	struct sched_entity *current;
	u64 slice_end;
	u64 clock;
	u64 busy;    /* ticks that vCPUs ran here, without what `current` has not been charged */
	u64 tick_at; /* when `tick` comes; NEVER: not armed */
	u32 classes; /* those allowed here; read without the lock, a class comes before its members */
	u32 bit;     /* 1 << id */
	u32 id;
	bool preempt; /* something woke that should run before the slice is over */
	struct timer tick;
} __attribute__((aligned(64)));

static struct {
	struct lock lock; /* sched: all in this file except where noted */
	u32 online;	  /* masks of pCPUs ... */
	u32 idle;	  /* have nothing and were not kicked yet */
	u32 untimed;	  /* run something without a slice timer */
	u32 taken;	  /* masks of classes that have members ... */
	u32 nonempty;	  /* ... and whose heap is not empty; read without the lock */
	u64 level_at;	  /* when to look at the classes again */
	u32 ms;		  /* a millisecond in ticks; below, vtime of weight 100: */
	u64 bonus;	  /* what a sleeper may be behind when it wakes */
	u64 granularity;  /* what it must be behind to preempt: below bonus */
	u64 lag;	  /* how far behind may fall what competes */
	struct sched_class classes[SCHED_CLASSES_MAX];
	struct cpu cpus[PCPUS_MAX];
} sched;

static struct cpu *this_cpu(void)
{
	return &sched.cpus[this_pcpu()->id];
}

static struct sched_entity *entity_of(struct heap_node *node)
{
	return CONTAINER_OF(node, struct sched_entity, wait);
}

static u32 first_bit(u32 mask)
{
	return (u32)__builtin_ctz(mask);
}

/* Comparable over all classes. */
static u64 vtime(const struct sched_entity *e)
{
	return e->wait.key + e->class->lift;
}

static u64 since(u64 start, u64 now)
{
	return now > start ? now - start : 0;
}

/* The vtime of a running one, up to now. */
static u64 vtime_at(const struct sched_entity *e, u64 now)
{
	return vtime(e) + (MIN(since(e->since, now), CHARGE_MAX) * e->rate >> VTIME_SHIFT);
}

/* What e's vtime jumps by when it runs for a slice: for a light one far more than `lag`. */
static u64 jump(const struct sched_entity *e)
{
	return (u64)e->slice * e->rate >> VTIME_SHIFT;
}

/* What `e`, which runs on `cpu`, has run up to now. */
static inline __attribute__((always_inline)) void charge(struct cpu *cpu, struct sched_entity *e,
							 u64 now)
{
	u64 ran = since(e->since, now);
	u64 cost = MIN(ran, CHARGE_MAX) * e->rate + e->fraction;

	cpu->busy += ran;
	e->ran += ran;
	e->since = now;
	e->wait.key += cost >> VTIME_SHIFT;
	e->fraction = cost & (BIT(VTIME_SHIFT) - 1);
}

/* Classes in which someone waits for this pCPU. */
static inline __attribute__((always_inline)) u32 waiting_for(const struct cpu *cpu)
{
	return READ_ONCE(sched.nonempty) & READ_ONCE(cpu->classes);
}

static struct sched_entity *least_of_many(u32 classes)
{
	struct sched_entity *least = entity_of(sched.classes[first_bit(classes)].root);

	for (classes &= classes - 1; classes; classes &= classes - 1) {
		struct sched_entity *e = entity_of(sched.classes[first_bit(classes)].root);

		if (vtime(e) < vtime(least))
			least = e;
	}
	return least;
}

/* The one with the least vtime in a mask of classes that are not empty. */
static inline struct sched_entity *least_of(u32 classes)
{
	if (classes & (classes - 1))
		return least_of_many(classes);
	return entity_of(sched.classes[first_bit(classes)].root);
}

static inline void enqueue(struct sched_entity *e, u64 now)
{
	e->state = SCHED_READY;
	e->since = now;
	heap_push(&e->class->root, &e->wait);
	WRITE_ONCE(sched.nonempty, sched.nonempty | e->class->bit);
}

/* A READY one has just left its heap. */
static inline void leave(struct sched_entity *e, u64 now)
{
	e->stolen += since(e->since, now);
	e->since = now;
}

/* Something has left the heap of this class. */
static inline void note_empty(const struct sched_class *class)
{
	if (!class->root)
		WRITE_ONCE(sched.nonempty, sched.nonempty & ~class->bit);
}

/* --- Kicks: decided under the lock, sent after it ---------------------------------------------- */

static void want(u32 id)
{
	WRITE_ONCE(pcpus[id].wanted, true);
}

/* These pCPUs will come through sched_next. */
static u32 claim(u32 mask)
{
	sched.idle &= ~mask;
	for (u32 left = mask; left; left &= left - 1)
		want(first_bit(left));
	return mask;
}

static __attribute__((noinline)) void send_others(u32 mask)
{
	for (; mask; mask &= mask - 1)
		gic->send_sgi(first_bit(mask), GIC_SGI_KICK);
}

/* This pCPU needs none. */
static inline void send(u32 mask)
{
	mask &= ~(1U << this_pcpu()->id);
	if (mask)
		send_others(mask);
}

/* An idle pCPU for `e`, the one it knows if possible; there is one. */
static u32 claim_idle(const struct sched_entity *e)
{
	u32 idle = sched.idle & e->allowed, last = idle & 1U << e->pcpu;

	return claim(last ? last : idle & -idle);
}

/* Someone waits in each of `classes`, and the pCPU that says so will not take it at once. Who must
 * know? One that is idle, else those that run without a slice timer and would never look. */
static u32 announce(u32 classes)
{
	u32 kicks = 0;

	for (; classes; classes &= classes - 1) {
		u32 allowed = sched.classes[first_bit(classes)].allowed;
		u32 idle = sched.idle & allowed;

		kicks |= claim(idle ? idle & -idle : sched.untimed & allowed);
	}
	return kicks;
}

/* --- Waking ------------------------------------------------------------------------------------ */

/* What there is about the pCPUs that one may use. */
struct look {
	u64 clock; /* the latest of theirs */
	u64 far;   /* the greatest vtime of what runs there and is not to go already ... */
	struct cpu *furthest; /* ... and where; NULL: nowhere */
};

/* Their clocks come up to date. */
static inline struct look look_around(u32 allowed, u64 now)
{
	struct look look = {0};

	for (u32 left = allowed; left; left &= left - 1) {
		struct cpu *cpu = &sched.cpus[first_bit(left)];

		if (cpu->current) {
			u64 own = vtime_at(cpu->current, now);

			/* Nobody waits here: its current has been setting the pace since it was picked. */
			if (!waiting_for(cpu))
				cpu->clock = MAX(cpu->clock, own);
			if (!cpu->preempt && own > look.far) {
				look.far = own;
				look.furthest = cpu;
			}
		}
		look.clock = MAX(look.clock, cpu->clock);
	}
	return look;
}

/* Whose current is furthest ahead of `e`, which waits, has to let it run, if that is far enough. */
static inline u32 preempt_for(const struct sched_entity *e, const struct look *look)
{
	if (look->far <= vtime(e) + sched.granularity)
		return 0;
	look->furthest->preempt = true;
	return look->furthest->bit;
}

/* BLOCKED or OFF becomes READY. Returns whom to kick. */
static u32 make_ready(struct sched_entity *e)
{
	u64 now = timer_now();
	struct look look = look_around(e->allowed, now);
	u64 floor = look.clock - sched.bonus;

	if (vtime(e) < floor)
		e->wait.key = floor - e->class->lift;
	e->wake_pending = false;
	enqueue(e, now);
	if (sched.idle & e->allowed)
		return claim_idle(e);
	/* Those without a slice timer would never look. */
	return claim((sched.untimed & e->allowed) | preempt_for(e, &look));
}

/* Lock sched held, and dropped. */
static NOINLINE void finish_ready(struct sched_entity *e)
{
	u32 kicks = make_ready(e);

	lock_drop(&sched.lock);
	send(kicks);
}

void sched_wake(struct sched_entity *e)
{
	lock_take(&sched.lock);
	if (e->state == SCHED_BLOCKED) {
		finish_ready(e);
		return;
	}
	if (e->state == SCHED_RUNNING)
		e->wake_pending = true;
	lock_drop(&sched.lock);
}

void sched_start(struct sched_entity *e)
{
	lock_take(&sched.lock);
	if (e->state == SCHED_OFF)
		finish_ready(e);
	else
		lock_drop(&sched.lock);
}

void sched_kick(unsigned id)
{
	send(1U << id);
}

/* --- Picking ----------------------------------------------------------------------------------- */

/* One that has to wait here although its claim is the better one: is there another pCPU for it? */
static NOINLINE u32 claim_better(const struct sched_entity *e, u64 now)
{
	struct look look = look_around(e->allowed, now);

	return claim(preempt_for(e, &look));
}

/* The greatest vtime of those that run where `least` may not, but from where `prev` could push them
 * off: itself, or by pushing off another that can, and so on. */
static u64 furthest(const struct sched_entity *prev, const struct sched_entity *least, u64 now)
{
	u32 reach = prev->allowed, seen = 0;
	u64 far = 0;

	for (u32 left = reach; left; left = reach & ~seen) {
		const struct cpu *cpu = &sched.cpus[first_bit(left)];

		seen |= cpu->bit;
		if (!cpu->current)
			continue;
		reach |= cpu->current->allowed;
		if (!(least->allowed & cpu->bit))
			far = MAX(far, vtime_at(cpu->current, now));
	}
	return far;
}

/* Whether prev, which could go on, has to let the others wait no longer. When its slice is over it
 * also has to if it has the better claim but could take it elsewhere, while this pCPU is all that
 * `least` has got. */
static bool gives_way(const struct cpu *cpu, const struct sched_entity *prev,
		      enum sched_reason reason, const struct sched_entity *least, u64 now)
{
	bool over = now >= cpu->slice_end;

	if (reason == SCHED_YIELD)
		return true;
	if (!over && !cpu->preempt)
		return false;
	if (vtime(least) <= vtime(prev))
		return true;
	return over && ((sched.idle & prev->allowed) ||
			furthest(prev, least, now) > vtime(least) + sched.granularity);
}

/* It has to leave its pCPU: for good (false), or for another one? */
static __attribute__((noinline)) bool moves_away(struct sched_entity *prev,
						 enum sched_reason reason)
{
	bool moves = prev->moves && reason != SCHED_END;

	prev->moves = false;
	if (moves && reason == SCHED_BLOCK && !prev->wake_pending)
		prev->state = SCHED_BLOCKED;
	else if (moves)
		send(make_ready(prev));
	return moves;
}

/* This pCPU's current is charged. True: it could go on; else it sleeps or is OFF. */
static inline __attribute__((always_inline)) bool settle(struct cpu *cpu, struct sched_entity *prev,
							 enum sched_reason reason, u64 now)
{
	charge(cpu, prev, now);
	if (prev->stop_requested || reason == SCHED_END) {
		prev->stop_requested = false;
		if (moves_away(prev, reason))
			return false;
		/* sched_is_off looks without the lock, then at what was written before: "loaded" */
		__atomic_store_n(&prev->state, SCHED_OFF, __ATOMIC_RELEASE);
		return false;
	}
	if (reason == SCHED_BLOCK && !prev->wake_pending) {
		prev->state = SCHED_BLOCKED;
		return false;
	}
	prev->wake_pending = false;
	return true;
}

/* --- Keeping classes together ------------------------------------------------------------------ */

/* `e`, whose vtime is `own`, falls behind `others` no further than `lag`: what falls further has a
 * weight that asks for more than a whole pCPU. */
static void catch_up(struct sched_entity *e, u64 own, u64 others)
{
	if (UNLIKELY(own + sched.lag < others))
		e->wait.key += others - sched.lag - own;
}

/* Where a class stands among the others. */
struct level {
	struct sched_class *class;
	u64 first; /* the least vtime of those that wait, or of those that run if nobody waits */
	u64 least; /* the least vtime of all that wait or run */
	u64 jump;  /* of the one that is first */
};

/* The two of a class that run with the least vtimes. */
static void find_runners(const struct sched_class *class, u64 now, struct sched_entity *runners[2])
{
	runners[0] = NULL;
	runners[1] = NULL;
	for (u32 left = class->allowed; left; left &= left - 1) {
		struct sched_entity *e = sched.cpus[first_bit(left)].current;

		if (!e || e->class != class)
			continue;
		if (!runners[0] || vtime_at(e, now) < vtime_at(runners[0], now)) {
			runners[1] = runners[0];
			runners[0] = e;
		} else if (!runners[1] || vtime_at(e, now) < vtime_at(runners[1], now)) {
			runners[1] = e;
		}
	}
}

/* False: the class neither waits nor runs. */
static bool find_level(struct sched_class *class, struct level *level, u64 now)
{
	const struct sched_entity *first = class->root ? entity_of(class->root) : NULL;
	struct sched_entity *runners[2];
	u64 least = NEVER;

	find_runners(class, now, runners);
	if (!first && !runners[0])
		return false;
	/* As in keep_pace: must not hold its fellows down, which do not wait, so it cannot see them. */
	if (!first && runners[1])
		catch_up(runners[0], vtime_at(runners[0], now),
			 vtime_at(runners[1], now) - jump(runners[1]));
	if (runners[0])
		least = vtime_at(runners[0], now);
	if (first)
		least = MIN(least, vtime(first));
	*level = (struct level){class, first ? vtime(first) : least, least,
				jump(first ? first : runners[0])};
	return true;
}

/*
 * Where no class stands between two, and the gap is more than `lag`, all below it are lifted by the
 * same, so that their order stays. A class counts as below by the first that waits (one that lags
 * although it always runs must not push its fellows up), and as above by its least anywhere (two
 * classes could see each other below in turn, else, and lift each other for ever). Over the whole
 * machine at once: classes that never meet can both meet a third.
 */
static __attribute__((noinline)) void close_gaps(u64 now)
{
	struct level order[SCHED_CLASSES_MAX];
	unsigned n = 0;
	u64 lift = 0, above = NEVER;

	for (u32 left = sched.taken; left; left &= left - 1) {
		struct level level;
		unsigned i;

		if (!find_level(&sched.classes[first_bit(left)], &level, now))
			continue;
		for (i = n++; i > 0 && order[i - 1].first > level.first; i--)
			order[i] = order[i - 1];
		order[i] = level;
	}
	for (unsigned i = n; i-- > 0;) {
		u64 room = sched.lag + (i + 1 < n ? order[i + 1].jump : 0);

		if (i + 1 < n && above > order[i].first + lift + room)
			lift = above - order[i].first - room;
		order[i].class->lift += lift;
		above = MIN(above, order[i].least + lift);
	}
}

/* --- Picking, the rest ------------------------------------------------------------------------- */

/* `next` will run here while `waiting` is not empty. The clock follows the last of them. */
static void keep_pace(struct cpu *cpu, struct sched_entity *next, u32 waiting)
{
	const struct sched_class *class = next->class;
	const struct heap_node *fellow = class->root;
	u64 first;

	if (fellow && UNLIKELY(next->wait.key + sched.lag < fellow->key))
		catch_up(next, next->wait.key, fellow->key - jump(entity_of(class->root)));
	first = LIKELY(fellow && waiting == class->bit) ? fellow->key + class->lift :
							  vtime(least_of(waiting));
	cpu->clock = MAX(cpu->clock, MIN(next->wait.key + class->lift, first));
}

/* `next` gets (or keeps) this pCPU. Returns when the slice timer must come; NEVER: as it is. */
static u64 put_on(struct cpu *cpu, struct sched_entity *next, u32 *kicks)
{
	u32 waiting = waiting_for(cpu);
	u32 idle = sched.idle & ~cpu->bit, untimed = sched.untimed & ~cpu->bit;

	cpu->current = next;
	cpu->preempt = false;
	sched.idle = idle;
	if (!waiting) {
		cpu->clock = MAX(cpu->clock, vtime(next));
		if (cpu->tick_at == NEVER)
			sched.untimed |= cpu->bit;
		return NEVER;
	}
	sched.untimed = untimed;
	keep_pace(cpu, next, waiting);
	if (UNLIKELY(idle | untimed))
		*kicks |= announce(waiting);
	/* One that comes too early is left: it costs less than setting it anew at each switch. */
	return cpu->tick_at <= cpu->slice_end ? NEVER : cpu->slice_end;
}

/* From here on, whoever becomes ready for this pCPU kicks it. */
static void go_idle(struct cpu *cpu)
{
	cpu->current = NULL;
	cpu->preempt = false;
	sched.idle |= cpu->bit;
	sched.untimed &= ~cpu->bit;
}

static inline void start(struct cpu *cpu, struct sched_entity *next, u64 now)
{
	heap_pop(&next->class->root);
	leave(next, now);
	next->state = SCHED_RUNNING;
	next->pcpu = cpu->id;
	cpu->slice_end = now + next->slice;
}

/* Who of prev (NULL: none) and those that wait; NULL: nobody. The loser is where it belongs. */
static struct sched_entity *choose(struct cpu *cpu, struct sched_entity *prev,
				   enum sched_reason reason, u64 now, u32 *kicks)
{
	u32 waiting = waiting_for(cpu);
	struct sched_entity *least = waiting ? least_of(waiting) : NULL;

	if (prev && !(least && gives_way(cpu, prev, reason, least, now))) {
		if (now >= cpu->slice_end)
			cpu->slice_end = now + prev->slice;
		return prev;
	}
	if (!least)
		return NULL;
	start(cpu, least, now);
	if (prev) {
		enqueue(prev, now);
		if (reason != SCHED_YIELD && vtime(prev) < vtime(least))
			*kicks = claim_better(prev, now);
	}
	note_empty(least->class);
	return least;
}

/* The common case of a yield, and of an interrupt that changed nothing: no lock, no clock. What is
 * set by others the moment after is set before their kick, and that is still to come. */
bool sched_goes_on(const struct sched_entity *e)
{
	const struct cpu *cpu = this_cpu();

	return cpu->current == e && !waiting_for(cpu) && !sched_wanted() &&
	       !READ_ONCE(e->stop_requested);
}

/* Everything but the common case; apart, so that that one saves no registers. */
static __attribute__((noinline)) struct sched_entity *pick(struct cpu *cpu,
							   enum sched_reason reason)
{
	struct sched_entity *next, *prev;
	u64 now, tick = NEVER;
	u32 kicks = 0;

	lock_take(&sched.lock);
	now = timer_now();
	WRITE_ONCE(this_pcpu()->wanted, false);
	prev = cpu->current; /* NULL also if it stopped itself, and may be anywhere by now */
	if (prev && !settle(cpu, prev, reason, now))
		prev = NULL;
	next = choose(cpu, prev, reason, now, &kicks);
	if (next)
		tick = put_on(cpu, next, &kicks);
	else
		go_idle(cpu);
	if (UNLIKELY(now >= sched.level_at)) {
		sched.level_at = now + sched.ms;
		close_gaps(now);
	}
	lock_drop(&sched.lock);
	if (tick != NEVER) {
		cpu->tick_at = tick;
		timer_arm(&cpu->tick, tick);
	}
	if (kicks)
		send(kicks);
	return next;
}

struct sched_entity *sched_next(struct sched_entity *prev, enum sched_reason reason)
{
	return prev && reason == SCHED_TICK && sched_goes_on(prev) ? prev :
								     pick(this_cpu(), reason);
}

/* The end of a slice, or before it, if the timer was set for somebody's who has left. */
static void tick_fire(struct timer *timer)
{
	struct cpu *cpu = CONTAINER_OF(timer, struct cpu, tick);

	cpu->tick_at = NEVER;
	want(cpu->id);
}

bool sched_alone(void)
{
	return !(READ_ONCE(sched.nonempty) & (READ_ONCE(this_cpu()->classes) | MEASURED));
}

void sched_measure(bool on)
{
	u32 kicks = 0;

	lock_take(&sched.lock);
	if (on && !(sched.nonempty & MEASURED))
		kicks = claim(sched.online & ~sched.idle);
	WRITE_ONCE(sched.nonempty,
		   on ? sched.nonempty | (u32)MEASURED : sched.nonempty & ~(u32)MEASURED);
	lock_drop(&sched.lock);
	send(kicks);
}

/* --- Coming, going and numbers ----------------------------------------------------------------- */

void sched_init(unsigned count)
{
	u64 ms = timer_frequency() / 1000;
	u64 ms_vtime = ms * 16 / 100;

	for (u32 i = 0; i < PCPUS_MAX; i++)
		timer_cancel(
			&sched.cpus[i].tick); /* armed if this is not the first time, as in tests */
	memset(&sched, 0, sizeof(sched));
	sched.online = (u32)(BIT(count) - 1);
	sched.idle = sched.online;
	sched.ms = (u32)ms;
	sched.bonus = ms_vtime;
	sched.granularity = ms_vtime / 4;
	sched.lag = ms_vtime * 8;
	for (u32 i = 0; i < PCPUS_MAX; i++) {
		sched.cpus[i].bit = 1U << i;
		sched.cpus[i].id = i;
		sched.cpus[i].clock = VTIME_START;
		sched.cpus[i].tick_at = NEVER;
		timer_init(&sched.cpus[i].tick, tick_fire);
	}
}

static void apply_weight(struct sched_entity *e, u32 weight)
{
	u64 slice = (u64)sched.ms * weight / 100;

	e->weight = weight;
	e->rate = (u32)(BIT(28) / weight); /* 16 / weight */
	e->slice = (u32)MIN(MAX(slice, sched.ms / 2), sched.ms * 2ULL);
}

/* The class of those allowed on `allowed`, or a free one; NULL: no room. */
static struct sched_class *find_class(u32 allowed)
{
	struct sched_class *found = NULL;

	for (u32 i = 0; i < SCHED_CLASSES_MAX; i++) {
		struct sched_class *class = &sched.classes[i];

		if (class->allowed == allowed)
			return class;
		if (!class->allowed && !found)
			found = class;
	}
	return found;
}

static void join(struct sched_class *class, u32 allowed)
{
	class->allowed = allowed;
	class->bit = 1U << (class - sched.classes);
	class->members++;
	sched.taken |= class->bit;
	for (u32 left = allowed; left; left &= left - 1)
		sched.cpus[first_bit(left)].classes |= class->bit;
}

bool sched_add(struct sched_entity *e, u32 weight, u32 allowed)
{
	struct sched_class *class;

	allowed &= sched.online;
	if (!allowed || weight < 1 || weight > SCHED_WEIGHT_MAX)
		return false;
	lock_take(&sched.lock);
	class = find_class(allowed);
	if (class) {
		*e = (struct sched_entity){.allowed = allowed,
					   .pcpu = first_bit(allowed),
					   .class = class};
		apply_weight(e, weight);
		join(class, allowed);
	}
	lock_drop(&sched.lock);
	return class;
}

static void part_from(struct sched_class *class)
{
	if (--class->members == 0) {
		for (u32 left = class->allowed; left; left &= left - 1)
			sched.cpus[first_bit(left)].classes &= ~class->bit;
		sched.taken &= ~class->bit;
		*class = (struct sched_class){0};
	}
}

void sched_remove(struct sched_entity *e)
{
	lock_take(&sched.lock);
	part_from(e->class);
	lock_drop(&sched.lock);
}

/* `e` goes from its class to another, with the vtime that it has. Returns whom to kick. */
static u32 change_class(struct sched_entity *e, struct sched_class *class, u32 allowed)
{
	u64 own = vtime(e);

	if (e->state == SCHED_READY) {
		heap_remove(&e->class->root, &e->wait);
		leave(e, timer_now());
		note_empty(e->class);
	}
	part_from(e->class);
	join(class, allowed);
	e->class = class;
	e->allowed = allowed;
	e->wait.key = own - MIN(own, class->lift);
	if (e->state == SCHED_READY)
		return make_ready(e);
	if (e->state != SCHED_RUNNING || (e->allowed & 1U << e->pcpu) || e->stop_requested)
		return 0;
	e->moves = true;
	WRITE_ONCE(e->stop_requested, true);
	return claim(1U << e->pcpu);
}

bool sched_set_allowed(struct sched_entity *e, u32 allowed)
{
	struct sched_class *class;
	u32 kicks = 0;

	allowed &= sched.online;
	if (!allowed)
		return false;
	lock_take(&sched.lock);
	class = find_class(allowed);
	if (class && class != e->class)
		kicks = change_class(e, class, allowed);
	lock_drop(&sched.lock);
	send(kicks);
	return class;
}

/* A RUNNING one. Returns whom to kick, 0: it is OFF. */
static u32 stop_running(struct sched_entity *e)
{
	struct cpu *cpu = this_cpu();

	if (cpu->current == e) {
		(void)settle(cpu, e, SCHED_END, timer_now());
		cpu->current = NULL;
		return claim(cpu->bit);
	}
	e->moves = false;
	WRITE_ONCE(e->stop_requested, true);
	return claim(1U << e->pcpu);
}

bool sched_stop(struct sched_entity *e)
{
	u32 kicks = 0;
	bool off;

	lock_take(&sched.lock);
	if (e->state == SCHED_RUNNING) {
		kicks = stop_running(e);
	} else {
		if (e->state == SCHED_READY) {
			heap_remove(&e->class->root, &e->wait);
			leave(e, timer_now());
			note_empty(e->class);
		}
		e->state = SCHED_OFF;
	}
	off = e->state == SCHED_OFF;
	lock_drop(&sched.lock);
	send(kicks);
	return off;
}

bool sched_is_off(const struct sched_entity *e)
{
	return __atomic_load_n(&e->state, __ATOMIC_ACQUIRE) == SCHED_OFF;
}

void sched_bill(struct sched_entity *e, u64 ticks)
{
	struct cpu *cpu = this_cpu();

	lock_take(&sched.lock);
	e->ran += ticks;
	e->wait.key += MIN(ticks, CHARGE_MAX) * e->rate >> VTIME_SHIFT; /* OFF: in no heap */
	if (cpu->current) {
		cpu->current->since += ticks;
		cpu->slice_end += ticks;
	}
	lock_drop(&sched.lock);
}

void sched_set_weight(struct sched_entity *e, u32 weight)
{
	lock_take(&sched.lock);
	if (e->state == SCHED_RUNNING)
		charge(&sched.cpus[e->pcpu], e, timer_now());
	apply_weight(e, weight);
	lock_drop(&sched.lock);
}

void sched_times(const struct sched_entity *e, u64 *ran, u64 *stolen)
{
	u64 now;

	lock_take(&sched.lock);
	now = timer_now();
	*ran = e->ran + (e->state == SCHED_RUNNING ? since(e->since, now) : 0);
	*stolen = e->stolen + (e->state == SCHED_READY ? since(e->since, now) : 0);
	lock_drop(&sched.lock);
}

u64 sched_cpu_time(unsigned id)
{
	const struct cpu *cpu = &sched.cpus[id];
	u64 ticks;

	lock_take(&sched.lock);
	ticks = cpu->busy + (cpu->current ? since(cpu->current->since, timer_now()) : 0);
	lock_drop(&sched.lock);
	return ticks;
}

/* --- Checking itself --------------------------------------------------------------------------- */

/* Some pCPU of `mask` is on its way to sched_next. */
static bool any_wanted(u32 mask)
{
	for (; mask; mask &= mask - 1)
		if (pcpus[first_bit(mask)].wanted)
			return true;
	return false;
}

static const char *check_class(u32 id)
{
	const struct sched_class *class = &sched.classes[id];
	const char *wrong;
	u32 waiting, untimed;

	wrong = heap_check(class->root, &waiting);
	if (wrong)
		return wrong;
	if (waiting > class->members)
		return "class: more wait than there are";
	if (!class->root != !(sched.nonempty & 1U << id))
		return "class: nonempty is wrong";
	if (!class->root)
		return NULL;
	if ((sched.idle & class->allowed) && !any_wanted(class->allowed))
		return "class: waits while a pCPU is idle";
	for (untimed = class->allowed & sched.untimed; untimed; untimed &= untimed - 1)
		if (!any_wanted(untimed & -untimed) && !any_wanted(class->allowed & ~sched.untimed))
			return "class: waits for a pCPU that will not look";
	return NULL;
}

static const char *check_cpu(u32 id)
{
	const struct cpu *cpu = &sched.cpus[id];

	if (cpu->current && cpu->current->state != SCHED_RUNNING)
		return "pCPU: current does not run";
	if (cpu->current &&
	    (cpu->current->pcpu != id || (!(cpu->current->allowed & cpu->bit) &&
					  !(cpu->current->stop_requested && pcpus[id].wanted))))
		return "pCPU: current belongs elsewhere";
	if (cpu->current && (sched.idle & cpu->bit))
		return "pCPU: idle with a current";
	if (!cpu->current && (sched.untimed & cpu->bit) && !pcpus[id].wanted)
		return "pCPU: runs without a current";
	return NULL;
}

const char *sched_check(void)
{
	const char *wrong = NULL;

	lock_take(&sched.lock);
	for (u32 i = 0; i < SCHED_CLASSES_MAX && !wrong; i++)
		wrong = check_class(i);
	for (u32 i = 0; i < PCPUS_MAX && !wrong; i++)
		wrong = check_cpu(i);
	lock_drop(&sched.lock);
	return wrong;
}
