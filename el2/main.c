// SPDX-License-Identifier: Apache-2.0
/*
 * Bring-up, as a table of contents: what happens between the boot loader and the first guest, one
 * line a step, in order. Runs at EL2 on the boot CPU; secondaries come in at main_secondary.
 */
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/extension.h"
#include "arch/mmu.h"
#include "arch/pcpu.h"
#include "arch/timer.h"
#include "board/board.h"
#include "board/gic.h"
#include "board/greet.h"
#include "board/handover.h"
#include "board/power.h"
#include "board/say.h"
#include "cp/cp.h"
#include "cp/dump.h"
#include "guest/guest.h"
#include "guest/life.h"
#include "guest/switch.h"
#include "lib/canary.h"
#include "lib/fdt.h"
#include "board/random.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/stage1.h"
#include "sched/sched.h"
#include "trap/trap.h"

#define STACK_ORDER 2	    /* 16 KiB: a guard page and 12 KiB of stack */
#define CPU_START_SECONDS 8 /* until one that never comes is given up: an emulator may be slow */
#define SGI_ENABLE_EDGE false
#define FREQUENCY_MIN 1000000 /* Hz; slower than any Arm system's (Arm ARM, D11.1.2) */

extern char image_start[], image_const_start[], image_data_start[], image_end[];
extern char boot_stack_guard[], boot_stack_top[];

NORETURN void main_boot(u64 x0, u64 level, u64 hcr, u64 sctlr, u64 spsr, u64 daif);
NORETURN void main_refuse(u64 x0);
NORETURN void main_secondary(struct pcpu *pcpu);

pa_t secondary_root; /* boot.S: EL2's map, for CPUs that come up */

static void map(u64 base, u64 end, enum stage1_kind kind)
{
	if (end > base && !stage1_map(base, end - base, kind))
		panic("main: no tables left to map 0x%lx..0x%lx", base, end);
}

/*
 * The image with its rights, and the tree to read it; then MMU and caches on. The boot protocol says
 * that the tree may be mapped in blocks of 2 MiB, so that costs one entry or two; it comes first, so
 * that it takes no right from an image in the same block.
 */
static void enable_mmu(const void *tree)
{
	u64 bytes = tree ? __builtin_bswap32(((const u32 *)tree)[1]) :
			   0; /* totalsize, checked later */
	u64 base = (u64)tree;

	if (tree &&
	    (base < (u64)image_start || base >= (u64)image_end)) /* one of our own is part of it */
		map(ALIGN_DOWN(base, CHUNK_SIZE), ALIGN_UP(base + MIN(bytes, 2 * MIB), CHUNK_SIZE),
		    STAGE1_DATA);
	map((u64)image_start, (u64)image_const_start, STAGE1_CODE);
	map((u64)image_const_start, (u64)image_data_start, STAGE1_CONST);
	map((u64)image_data_start, (u64)image_end, STAGE1_DATA);
	map((u64)boot_stack_guard, (u64)boot_stack_guard + PAGE_SIZE, STAGE1_NONE);
	mmu_enable(stage1_root());
	secondary_root = stage1_root();
	cache_clean(&secondary_root, sizeof(secondary_root));
}

static void map_range(const struct fdt_range *range)
{
	if (range->size)
		map(range->base, range->base + range->size, STAGE1_DEVICE);
}

/* All RAM as data, except what the image maps by itself; then the devices EL2 drives. */
static void map_memory(void)
{
	u64 self = (u64)image_start, self_end = (u64)image_end;

	for (unsigned i = 0; i < board.rams; i++) {
		u64 base = board.ram[i].base, end = base + board.ram[i].size;

		if (self >= base && self < end) {
			map(base, self, STAGE1_DATA);
			map(self_end, end, STAGE1_DATA);
		} else {
			map(base, end, STAGE1_DATA);
		}
	}
}

static void map_devices(void)
{
	map_range(&board.gicd);
	map_range(&board.gicc);
	map_range(&board.gich);
	map_range(&board.gicv);
	for (unsigned i = 0; i < board.gicrs; i++) {
		u64 stride = board.gicr_stride ? board.gicr_stride : 256 * KIB;
		struct fdt_range used = board.gicr[i];

		used.size = MIN(used.size, board.cpus_listed * stride);
		map_range(&used);
	}
}

static __attribute__((noinline)) void init_frames(void)
{
	struct frames_region ram[BOARD_RAM_MAX], reserved[BOARD_RESERVED_MAX + 3];
	unsigned n = 0;

	for (unsigned i = 0; i < board.rams; i++)
		ram[i] = (struct frames_region){board.ram[i].base, board.ram[i].size};
	reserved[n++] = (struct frames_region){(u64)image_start, (u64)(image_end - image_start)};
	if (board.initrd.size)
		reserved[n++] = (struct frames_region){board.initrd.base, board.initrd.size};
	reserved[n++] = (struct frames_region){(u64)board_tree.blob, fdt_used(&board_tree)};
	for (unsigned i = 0; i < board.reserveds; i++)
		reserved[n++] =
			(struct frames_region){board.reserved[i].base, board.reserved[i].size};
	if (!frames_init(ram, board.rams, reserved, n))
		panic("main: the device tree names no RAM to stand on");
}

/* What each CPU does for itself, with its MMU on. */
static void init_cpu(struct pcpu *pcpu)
{
	cpu_init();
	gic->init_cpu();
	gic->enable(GIC_SGI_KICK, SGI_ENABLE_EDGE);
	gic->enable(GIC_SGI_STOP, SGI_ENABLE_EDGE);
	gic->enable(GIC_SGI_DEBUG, SGI_ENABLE_EDGE);
	gic->enable(board.hyp_timer, true);
	gic->enable(board.virtual_timer, true);
	timer_set_hyp(UINT64_MAX);
	__atomic_store_n(&pcpu->online, true, __ATOMIC_RELEASE);
}

static const char *start_cpu(struct pcpu *pcpu, unsigned listed)
{
	u64 patience = timer_now() + timer_frequency() * CPU_START_SECONDS;
	pa_t stack = frames_take_pages(OWNER_EL2, FRAME_EL2, STACK_ORDER);
	const char *error;

	if (!stack.v || !stage1_map(stack.v, PAGE_SIZE, STAGE1_NONE))
		return "no memory for its stack";
	pcpu->stack_top = stack.v + (PAGE_SIZE << STACK_ORDER);
	cache_clean(pcpu, sizeof(*pcpu)); /* it reads this with its caches off */
	error = power_start_cpu(listed, cpu_secondary_address(), (u64)pcpu);
	while (!error && !__atomic_load_n(&pcpu->online, __ATOMIC_ACQUIRE)) {
		if (timer_now() > patience)
			error = "it did not come up";
		cpu_relax();
	}
	return error;
}

/* Returns how many pCPUs are up, the boot CPU included; they have numbers without a gap. */
static unsigned start_cpus(void)
{
	unsigned up = 1;

	for (unsigned i = 0; i < board.cpu_count; i++) {
		const char *error;

		if (board.cpus[i].mpidr == pcpus[0].mpidr)
			continue;
		pcpus[up].id = up;
		pcpus[up].mpidr = board.cpus[i].mpidr;
		error = start_cpu(&pcpus[up], i);
		if (error)
			say("skerry: CPU %lx does not start: %s\n", board.cpus[i].mpidr, error);
		else
			up++;
	}
	return up;
}

/* No tree leads to a UART: one that this CPU suggests, so that a person learns why. */
static __attribute__((noinline)) void find_voice(void)
{
	for (unsigned n = 0; handover_guess_uart(n, &board); n++) {
		if (cpu_level() == 2)
			map_range(&board.uart.regs);
		if (handover_uart_answers(board.uart.regs.base)) {
			if (cpu_level() == 2) {
				map_range(&board.gpio);
				map_range(&board.mailbox);
			}
			say_init(&board);
			return;
		}
	}
}

/* EL1 has no way up: say so, in words that name the likely reason. There are no vectors, so a tree is
 * looked for at x0 only if that can be one. */
NORETURN void main_refuse(u64 x0)
{
	struct fdt_error err = {{0}};
	struct fdt fdt;

	if (x0 && x0 % 8 == 0 && fdt_open(&fdt, (const void *)x0, 2 * MIB, &err) &&
	    board_read(&board, &fdt, &err) && board.uart.kind != BOARD_UART_NONE)
		say_init(&board);
	else
		find_voice();
	say("\nskerry: entered at EL1, but a hypervisor needs EL2.\n"
	    "skerry: under QEMU add virtualization=on to -M virt; on a board, look for a\n"
	    "skerry: boot loader that starts the kernel at EL2.\n");
	power_off(1);
}

static __attribute__((noinline)) void read_board(const struct handover *h, u64 x0)
{
	struct fdt_error err = {{0}};

	if (!h->tree)
		panic("no device tree at x0 = 0x%lx, and no board that is known without one", x0);
	if (!fdt_open(&board_tree, h->tree, 2 * MIB, &err) ||
	    !board_read(&board, &board_tree, &err))
		panic("device tree at %p: %s", h->tree, err.text);
	handover_complete(h, &board);
	map_range(&board.watchdog);
	if (board.uart.kind == BOARD_UART_NONE) {
		say("skerry: no UART in the tree that is known: one is guessed\n");
		find_voice();
		return;
	}
	map_range(&board.uart.regs);
	map_range(&board.gpio);
	map_range(&board.mailbox);
	say_init(&board);
}

/* A tree names the counter's frequency where firmware left the register wrong. Guests read the register,
 * so they are told as well (guest/tree.c). */
static void settle_frequency(void)
{
	u64 counted = timer_frequency();

	if (board.timer_frequency && board.timer_frequency != counted) {
		say("skerry: CNTFRQ_EL0 says %lu Hz, the device tree %u Hz: that is taken\n",
		    counted, board.timer_frequency);
		timer_set_frequency(board.timer_frequency);
	}
	if (timer_frequency() < FREQUENCY_MIN)
		panic("CNTFRQ_EL0 says %lu Hz, and the tree's timer no better", counted);
}

static u64 seed_random(void)
{
	u64 word = board.seed, canary;

	(void)cpu_random(&word);
	random_seed(word, timer_now(), board.seed != 0 || word != board.seed);
	return random_word(&canary) ? canary : timer_now(); /* better than nothing */
}

static __attribute__((noinline)) void load_bundle(unsigned cpus)
{
	struct bundle_limits limits = {
		.pcpus = cpus,
		.memory = frames_count().free,
		.gicv2 = true,
		.gicv3 = gic->version == 3,
		.tree = &board_tree,
		.board = &board,
	};
	static struct bundle bundle; /* too large for the stack */
	struct fdt_error err = {{0}};

	if (!board.initrd.size) {
		say("skerry: no bundle: none was handed over (qemu -initrd, U-Boot booti, the Pi's"
		    " initramfs)\n");
		return;
	}
	if (!bundle_open(&bundle, mmu_pointer(PA(board.initrd.base)), board.initrd.size, &limits,
			 &err) ||
	    !guests_create(&bundle, &err)) {
		say("skerry: bundle refused, no guest starts: %s\n", err.text);
		return;
	}
	for (unsigned i = 0; i < guest_count(); i++) {
		const struct guest_config *c = &guest_by_id(i)->config;

		say("skerry: guest  %s: %lu KiB, %u vCPU%s, GICv%u\n", c->name,
		    c->memory_size / KIB, c->cpus, c->cpus == 1 ? "" : "s",
		    guest_by_id(i)->gic_version);
	}
	life_shutdown_when_done(bundle.shutdown_when_done);
}

NORETURN static void run(void)
{
	context_enter(&switch_next(NULL, SCHED_TICK)->ctx);
}

static void idle_interrupts(void)
{
	trap_interrupts(NULL);
}

/* What needs room on the stack is a function of its own (noinline), since this frame stays below all
 * that the boot CPU does until its first guest. */
void main_boot(u64 x0, u64 level, u64 hcr, u64 sctlr, u64 spsr, u64 daif)
{
	static struct handover handover;
	static struct entry entry;
	unsigned cpus;

	pcpus[0].stack_top = (u64)boot_stack_top;
	pcpus[0].mpidr = pcpu_mpidr();
	cpu_init();
	say_last_resort = find_voice;
	handover_find(x0, &handover);
	enable_mmu(handover.tree);
	read_board(&handover, x0);
	entry = (struct entry){x0, level, hcr, sctlr, spsr, daif, cpu_midr(), (u64)image_start};
	greet(&entry, &handover, board.model);
	settle_frequency();
	map_memory();
	map_devices();
	init_frames();
	if (!gic_probe() || !gic->init())
		panic("main: no interrupt controller that Skerry knows");
	if (level == 3 && gic_needs_firmware())
		panic("entered at EL3, without firmware: the %s keeps its interrupts for the secure"
		      " world. Start Skerry at EL2, behind firmware such as TF-A",
		      gic->name);
	init_cpu(&pcpus[0]);
	canary_set(seed_random()); /* before another CPU keeps the old one on its stack */
	extension_key[0] = seed_random();
	extension_key[1] = seed_random();
	extension_sign_returns();
	cpus = start_cpus();
	say("skerry: CPUs   %u of %u, %lu Hz counter\n", cpus, board.cpus_listed,
	    timer_frequency());
	say("skerry: memory %lu KiB, %lu KiB free\n", frames_count().total / KIB,
	    frames_count().free / KIB);
	say("skerry: GIC    %s, %u list registers%s\n", gic->name, gic->virt_lrs(),
	    !gic->version     ? ": guests' interrupts by software" :
	    gic->virt_links() ? "" :
				", which lose level lines: EOIs will trap");
	dump_init();
	sysreg_init();
	sched_init(cpus);
	__atomic_store_n(&switch_idle_interrupts, idle_interrupts, __ATOMIC_RELEASE);
	load_bundle(cpus);
	guests_start();
	if (board.uart.irq) {
		gic->enable(board.uart.irq, true);
		say_listen(true);
	}
	say("skerry: ready  after %lu ticks of the counter\n", timer_now());
	cp_init();
	run();
}

void main_secondary(struct pcpu *pcpu)
{
	extension_sign_returns();
	init_cpu(pcpu);
	while (!__atomic_load_n(&switch_idle_interrupts, __ATOMIC_ACQUIRE))
		cpu_relax();
	run();
}
