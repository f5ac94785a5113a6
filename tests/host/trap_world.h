// SPDX-License-Identifier: Apache-2.0
/*
 * The world around el2/trap for host tests: one guest of two vCPUs with 64 KiB of memory at
 * 0x40000000, and in the place of guest/, switch and vGIC functions that write down what they were
 * asked. To be included by one file of a test program, since it defines them.
 */
#ifndef TRAP_WORLD_H
#define TRAP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/debug.h"
#include "arch/idregs.h"
#include "arch/pcpu.h"
#include "arch/timer.h"
#include "board/board.h"
#include "board/gic.h"
#include "board/random.h"
#include "board/say.h"
#include "cp/cp.h"
#include "guest/channel.h"
#include "guest/life.h"
#include "guest/switch.h"
#include "guest/watch.h"
#include "trap/trace.h"
#include "trap/trap.h"

#define RAM_BASE 0x40000000ull
#define RAM_BYTES 0x10000ull

static struct guest guest, peer;
static struct vcpu vcpus[2], other;
static u8 ram[RAM_BYTES];
static struct regs *const regs = &vcpus[0].ctx.regs;

/* What was asked of the others, since world_new. */
static struct {
	unsigned touches, switches, ends, refreshes, maintenances, cp_inputs, injections, prints;
	u64 touched; /* last IPA */
	enum sched_reason reason;
	enum guest_end ended_how;
	struct guest *ended;
	struct mmio access; /* last access of the vGIC or the flash */
	unsigned accesses;
	char device; /* of that: 'd'istributor, 'p'lain or 'w'ritten word of it, 'r'edistributor, cpu interface 'c',
		'f'lash, f'w'_cfg */
	u64 sgi;
	bool sgi_group1;
	u32 dir;
	char lines[64]; /* set_line calls of the last few: "96+96-" */
	u32 disabled, deactivated;
	u64 on_entry, on_argument;
	unsigned on_index;
	bool active;
	unsigned set_actives, rings, settled;
	u64 command[4]; /* what a guest's command came with */
} seen;

/* How the others answer. */
static struct {
	struct vcpu *next; /* whom switch_next gives */
	bool alone;	   /* it could only be the one that yields */
	bool wakes, refuse, busy, flash_readable, again;
	bool slow;    /* the serial line does not keep up */
	u64 read;     /* what a vGIC register reads */
	u32 acks[20]; /* what gic->ack() gives, then 1023 */
	unsigned ack;
	enum vcpu_power was;
	u64 stolen;
	bool has_channel, peer_gone;
	s64 status; /* of a guest's command */
	u64 answered;
	u32 granted; /* the INTID that is a device's of a guest's */
} world;

struct board board;
struct fdt board_tree;
void (*switch_idle_interrupts)(void);

struct vcpu *switch_next(struct vcpu *prev, enum sched_reason reason)
{
	assert_non_null(prev);
	seen.switches++;
	seen.reason = reason;
	this_pcpu()->wanted = false;
	return world.next;
}

bool switch_changes_nothing(const struct vcpu *vcpu)
{
	assert_ptr_equal(vcpu, &vcpus[0]);
	return world.alone;
}

void life_end(struct guest *g, enum guest_end how)
{
	seen.ends++;
	seen.ended = g;
	seen.ended_how = how;
}

void cp_input(void)
{
	seen.cp_inputs++;
}

s64 cp_guest_command(struct guest *g, ipa_t text, u64 bytes, ipa_t to, u64 room, u64 *answered)
{
	assert_ptr_equal(g, &guest);
	seen.command[0] = text.v;
	seen.command[1] = bytes;
	seen.command[2] = to.v;
	seen.command[3] = room;
	*answered = world.answered;
	return world.status;
}

static unsigned world_clean_left; /* guest_clean() is done after so many calls */

bool guest_clean(struct guest *g, u64 *ipa)
{
	assert_ptr_equal(g, &guest);
	assert_true(*ipa >= 0x40000000);
	*ipa += 0x40000;
	return !world_clean_left || !--world_clean_left;
}

bool guest_may_print(struct vcpu *vcpu)
{
	assert_ptr_equal(vcpu, &vcpus[0]);
	seen.prints++;
	return !world.slow;
}

bool guest_touch(struct guest *g, ipa_t ipa)
{
	assert_ptr_equal(g, &guest);
	seen.touches++;
	seen.touched = ipa.v;
	return ipa.v - RAM_BASE < RAM_BYTES || (world.flash_readable && ipa.v >> 21 == 0x20);
}

static bool in_ram(ipa_t ipa, size_t bytes)
{
	return ipa.v >= RAM_BASE && ipa.v - RAM_BASE < RAM_BYTES &&
	       bytes <= RAM_BYTES - (ipa.v - RAM_BASE);
}

bool guest_read(struct guest *g, void *to, ipa_t from, size_t bytes)
{
	assert_ptr_equal(g, &guest);
	if (!in_ram(from, bytes))
		return false;
	memcpy(to, ram + (from.v - RAM_BASE), bytes);
	return true;
}

bool guest_peek(struct guest *g, void *to, ipa_t from, size_t bytes)
{
	return guest_read(g, to, from, bytes);
}

bool guest_write(struct guest *g, ipa_t to, const void *from, size_t bytes)
{
	assert_ptr_equal(g, &guest);
	if (!in_ram(to, bytes))
		return false;
	memcpy(ram + (to.v - RAM_BASE), from, bytes);
	return true;
}

enum vcpu_power guest_cpu_on(struct guest *g, unsigned index, u64 entry, u64 argument)
{
	assert_ptr_equal(g, &guest);
	seen.on_index = index;
	seen.on_entry = entry;
	seen.on_argument = argument;
	return world.was;
}

u64 guest_stolen_time(struct vcpu *vcpu)
{
	(void)vcpu;
	return world.stolen;
}

struct channel *channel_of(struct guest *g, u64 index, unsigned *end)
{
	static struct channel channel;

	assert_ptr_equal(g, &guest);
	*end = 1;
	channel = (struct channel){.size = 0x3000, .ends[1] = {.guest = &guest, .ipa = 0xc001000}};
	return world.has_channel && index == 2 ? &channel : NULL;
}

s64 channel_ring(struct guest *g, u64 index)
{
	unsigned end;

	if (!channel_of(g, index, &end))
		return SKERRY_INVALID_PARAMETER;
	seen.rings++;
	return world.peer_gone ? SKERRY_DENIED : SKERRY_SUCCESS;
}

unsigned channel_peer(struct channel *channel, unsigned end, u32 *restarts)
{
	assert_non_null(channel);
	assert_int_equal(end, 0);
	*restarts = 7;
	return SKERRY_PEER_CRASHED;
}

static bool access_vgic(char device, struct mmio *mmio)
{
	seen.device = device;
	seen.access = *mmio;
	seen.accesses++;
	if (world.refuse)
		return false;
	if (!mmio->write)
		mmio->value = mmio->size < 8 ? world.read & ((1ull << 8 * mmio->size) - 1) :
					       world.read;
	world.read += 0x1111;
	return true;
}

u32 vgic_read_plain(struct vgic_cpu *cpu, u32 offset)
{
	struct mmio mmio = {.ipa = 0x08000000 + offset, .offset = offset, .size = 4};

	(void)cpu;
	access_vgic('p', &mmio);
	return (u32)mmio.value;
}

void vgic_write_word(struct vgic_cpu *cpu, u32 offset, u32 value)
{
	struct mmio mmio = {.ipa = 0x08000000 + offset,
			    .offset = offset,
			    .value = value,
			    .size = 4,
			    .write = true};

	(void)cpu;
	access_vgic('w', &mmio);
}

bool vgic_distributor(struct vgic_cpu *cpu, struct mmio *mmio)
{
	(void)cpu;
	return access_vgic('d', mmio);
}

bool vgic_redistributor(struct vgic_cpu *cpu, struct mmio *mmio)
{
	(void)cpu;
	return access_vgic('r', mmio);
}

bool vgic_cpu_interface(struct vgic_cpu *cpu, struct mmio *mmio)
{
	(void)cpu;
	return access_vgic('c', mmio);
}

void guest_flash(struct guest *g, struct mmio *mmio)
{
	assert_ptr_equal(g, &guest);
	(void)access_vgic('f', mmio);
}

bool guest_fwcfg(struct guest *g, struct mmio *mmio)
{
	assert_ptr_equal(g, &guest);
	if (!g->config.firmware.size)
		return false;
	if (world.again) {
		mmio->size = 0;
		return false;
	}
	return access_vgic('w', mmio);
}

void vgic_set_line(struct vgic *vgic, unsigned cpu, u32 intid, bool level)
{
	size_t n = strlen(seen.lines);

	(void)vgic;
	(void)cpu;
	snprintf(seen.lines + n, sizeof(seen.lines) - n, "%s%u%c", vgic == &peer.vgic ? "p" : "",
		 intid, level ? '+' : '-');
}

void vgic_inject_timer(struct vgic_cpu *cpu, u32 intid, u32 pintid)
{
	assert_ptr_equal(cpu, &vcpus[0].vgic);
	assert_int_equal(intid, 27);
	assert_int_equal(pintid, board.virtual_timer);
	seen.injections++;
}

void vgic_timer_interrupt(struct vgic_cpu *cpu, u32 intid, u32 pintid)
{
	vgic_inject_timer(cpu, intid, pintid);
}

bool vgic_holds_timer(struct vgic_cpu *cpu)
{
	(void)cpu;
	return world.busy;
}

void vgic_refresh(struct vgic_cpu *cpu)
{
	(void)cpu;
	seen.refreshes++;
}

void vgic_maintenance(struct vgic_cpu *cpu)
{
	(void)cpu;
	seen.maintenances++;
}

bool vgic_wakes(struct vgic_cpu *cpu)
{
	(void)cpu;
	return world.wakes;
}

void vgic_send_sgi(struct vgic_cpu *cpu, u64 value, bool group1)
{
	(void)cpu;
	seen.sgi = value;
	seen.sgi_group1 = group1;
}

void vgic_dir(struct vgic_cpu *cpu, u32 intid)
{
	(void)cpu;
	seen.dir = intid;
}

void life_hung(struct vwatchdog *watchdog)
{
	(void)watchdog;
}

bool grant_interrupt(u32 intid)
{
	return world.granted && intid == world.granted;
}

/* The lines of a trace: the last one, and how many. */
static struct trace_line traced;
static unsigned traced_count;

void trace_put(const struct trace_line *line)
{
	traced = *line;
	traced_count++;
}

void watch_settle(struct vcpu *vcpu)
{
	assert_ptr_equal(vcpu, &vcpus[0]);
	seen.settled++;
}

static u32 world_ack(void)
{
	return world.ack < ARRAY_SIZE(world.acks) && world.acks[world.ack] ?
		       world.acks[world.ack++] :
		       1023;
}

static void world_deactivate(u32 intid)
{
	seen.deactivated = intid;
}

static void world_disable(u32 intid)
{
	seen.disabled = intid;
}

static void world_set_active(u32 intid, bool active)
{
	assert_int_equal(intid, 27);
	seen.active = active;
	seen.set_actives++;
}

static const struct gic_ops world_gic = {
	.set_active = world_set_active,
	.name = "world",
	.ack = world_ack,
	.deactivate = world_deactivate,
	.disable = world_disable,
};
const struct gic_ops *gic = &world_gic;

static void world_new(unsigned gic_version)
{
	for (unsigned i = 0; i < 2; i++)
		if (vcpus[i].vtimer.vgic)
			vtimer_reset(&vcpus[i].vtimer); /* disarms */
	timer_cancel(&guest.watchdog.timer);
	memset(&seen, 0, sizeof(seen));
	memset(&world, 0, sizeof(world));
	memset(ram, 0, sizeof(ram));
	memset(vcpus, 0, sizeof(vcpus));
	memset(&guest, 0, sizeof(guest));
	memset(&peer, 0, sizeof(peer));
	memset(&board, 0, sizeof(board));
	standin_pcpu_reset();
	standin_timer_reset();
	said_forget();
	standin_translates = true;
	standin_translate_offset = 0;
	standin_fp_owner = NULL;
	standin_fp_saves = 0;
	standin_syndrome = (struct syndrome){0};
	guest.gic_version = (u8)gic_version;
	guest.id = 7;
	guest.config.memory_size = RAM_BYTES;
	guest.config.cpus = 2;
	strcpy(guest.config.name, "crab");
	guest.vgic.version = (u8)gic_version;
	vconsole_init(&guest.console, guest.config.name, 0, false);
	vpl011_init(&guest.uart, &guest.console, &guest.vgic);
	vwatchdog_init(&guest.watchdog, &guest.vgic, &guest.time_offset, life_hung);
	for (unsigned i = 0; i < 2; i++) {
		guest.vcpus[i] = &vcpus[i];
		vcpus[i].guest = &guest;
		vcpus[i].index = (u8)i;
		vcpus[i].vgic.vgic = &guest.vgic;
		vcpus[i].vgic.index = (u8)i;
		context_reset(&vcpus[i].ctx, i);
		vtimer_init(&vcpus[i].vtimer, &vcpus[i].vgic, 0);
	}
	other.guest = &peer;
	world.next = &vcpus[0];
	board.hyp_timer = 26;
	board.virtual_timer = 27;
	board.gic_maintenance = 25;
	board.uart.irq = 33;
	regs->pc = 0x40001000;
	vcpus[0].ctx.el1[EL1_vbar_el1] = 0x40008000;
}

/* Instruction at the guest's PC. */
__attribute__((unused)) static void put_instruction(u32 word)
{
	memcpy(ram + (regs->pc - RAM_BASE), &word, 4);
}

/* As vectors.S does it: the quick way finds nothing in x19..x28, and must leave it so. */
static struct vcpu *enter(bool sync)
{
	struct vcpu *vcpu = &vcpus[0];
	u64 preserved[10];
	u32 left;

	memcpy(preserved, &regs->x[19], sizeof(preserved));
	memset(&regs->x[19], 0xa5, sizeof(preserved));
	left = sync ? trap_quick(vcpu) : trap_irq_quick(vcpu);
	for (unsigned i = 19; i < 29; i++)
		assert_int_equal(regs->x[i], 0xa5a5a5a5a5a5a5a5);
	memcpy(&regs->x[19], preserved, sizeof(preserved));
	if (sync && left == VERDICT_NEXT)
		regs_next(regs);
	if (left == 0 || (sync && left == VERDICT_NEXT))
		return vcpu;
	return sync ? trap_whole(vcpu, left) : trap_irq(vcpu, left);
}

/* One trap; the vCPU that goes on. */
__attribute__((unused)) static struct vcpu *trap(u64 esr, u64 far, u64 ipa)
{
	standin_syndrome = (struct syndrome){esr, far, ipa >> 12 << 4};
	return enter(true);
}

#endif
