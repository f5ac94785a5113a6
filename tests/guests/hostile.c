// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: does everything wrong that a guest can, seeded (bootargs seed=, rounds=), and lives: an
 * exception of its own doing brings it back to attempt(). It ends with 0 after its rounds; what
 * must not happen is that the machine, or another guest, notices.
 *
 * A round is one of each: loads and stores of random encoding at chosen and random addresses (also
 * through translations to anywhere, and through tables that lie nowhere), fetches, random system
 * instructions (MRS, MSR, SYS, hints), hypercalls, SMCs, PSCI, illegal returns, SGI storms, timers
 * in the past, console output. Left out is only what is every guest's right and ends itself: EXIT,
 * SYSTEM_OFF, CPU_OFF, WFI without a wake-up, stores over its own code, its own MMU off.
 */
#include "hostile.h"

extern volatile u64 mmu_table[4];
extern char _end[], attempt_back[];
u64 attempt(void *code, u64 filler, u64 address);

static u64 actions, exceptions, ram_base, window_ipa;
static u32 code[16] __attribute__((aligned(64)));
static bool attempting;

/* attempt(): all registers to the filler, x16 to the address, then to the code, which ends by UDF at
 * the latest. on_exception() sends that, and every other exception, to attempt_back, where stack
 * and callee-saved registers are as they were. */
__asm__(".section .bss.attempt, \"aw\", %nobits\n"
	"	.balign	8\n"
	"attempt_sp: .skip 8\n"
	".section .text.attempt, \"ax\"\n"
	".global attempt, attempt_back\n"
	"attempt:\n"
	"	stp	x29, x30, [sp, #-96]!\n"
	"	stp	x19, x20, [sp, #16]\n	stp	x21, x22, [sp, #32]\n"
	"	stp	x23, x24, [sp, #48]\n	stp	x25, x26, [sp, #64]\n"
	"	stp	x27, x28, [sp, #80]\n"
	"	adrp	x3, attempt_sp\n	add	x3, x3, :lo12:attempt_sp\n"
	"	mov	x4, sp\n		str	x4, [x3]\n"
	"	mov	x17, x0\n		mov	x16, x2\n"
	"	.irp r, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, "
	"24, 25, 26, 27, 28, 29\n"
	"	mov	x\\r, x1\n"
	"	.endr\n"
	"	blr	x17\n"
	"	.inst	0\n"
	"attempt_back:\n"
	"	adrp	x3, attempt_sp\n	add	x3, x3, :lo12:attempt_sp\n"
	"	ldr	x4, [x3]\n		mov	sp, x4\n"
	"	ldp	x27, x28, [sp, #80]\n	ldp	x25, x26, [sp, #64]\n"
	"	ldp	x23, x24, [sp, #48]\n	ldp	x21, x22, [sp, #32]\n"
	"	ldp	x19, x20, [sp, #16]\n	ldp	x29, x30, [sp], #96\n"
	"	ret\n"
	".previous\n");

static bool on_exception(struct frame *f)
{
	if (!attempting)
		return false;
	exceptions++;
	f->elr = (u64)attempt_back;
	f->spsr = 0x3c5; /* EL1, SP_EL1, DAIF masked */
	return true;
}

static void quiet(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	write_sysreg(mdscr_el1, 0);
}

static void on_interrupt(struct frame *f)
{
	u32 iar = irq_ack();

	quiet();
	if ((iar & 0x3ff) < 1020)
		irq_end(iar);
	else
		f->spsr |= 0x3c0; /* spurious for ever: no more of it */
	on_exception(f);
}

static void run(const u32 *words, u32 n, u64 filler, u64 address)
{
	u32 i;

	for (i = 0; i < n; i++)
		code[i] = words[i];
	code[n] = 0;
	__asm__ volatile(
		"dc cvau, %0\n	dsb ish\n	ic ivau, %0\n	dsb ish\n	isb" ::"r"(code)
		: "memory");
	attempting = true;
	attempt(code, filler, address);
	attempting = false;
	actions++;
}

/* ---- addresses ---- */

/* Entry 2 of the table: some other GiB, as memory, device, read-only, or a table that lies there. */
static void new_window(void)
{
	static const u64 kind[4] = {0x705, 0x401, 0x785, 0x003};
	u64 what = kind[rnd() & 3], at = (rnd() & 1 ? rnd() & 0x7 : rnd() & 0x3fff) << 30;

	/* A table: in a device, past memory, or nowhere. */
	if (what == 3)
		at = (rnd() & 1 ? SKERRY_GICD_BASE :
		      rnd() & 1 ? ram_end :
				  rnd() | 0x8000000000) &
		     0xfffffff000;
	window_ipa = what == 3 ? 0 : at;
	mmu_table[2] = at | what;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
}

/* Not within reach (an immediate offset) of our own code and stack, by whichever view; nor of what
 * lies before them, where a loader may have left something that starts us anew. */
static u64 spare_us(u64 va)
{
	u64 ipa = va >> 30 == 2 ? window_ipa + (va & 0x3fffffff) : va;

	if (ipa + 0x20000 >= ram_base && ipa < (u64)_end + 0x20000)
		return va + 0x300000;
	return va;
}

static u64 address(void)
{
	static const u32 places[] = {0,
				     SKERRY_GICD_BASE,
				     SKERRY_GICD_BASE + 0xf00,
				     SKERRY_GICD_BASE + 0x6000,
				     SKERRY_GICC_BASE,
				     SKERRY_GICC_BASE + 0x1000,
				     SKERRY_GICR_BASE,
				     SKERRY_GICR_BASE + 0x10000,
				     SKERRY_GICR_BASE + 0x20000,
				     SKERRY_UART_BASE,
				     SKERRY_UART_BASE + 0xfc0,
				     SKERRY_RTC_BASE,
				     SKERRY_VIRTIO_BASE,
				     SKERRY_CHANNEL_BASE,
				     0x3ffffff8,
				     0x7ffffff8};
	u64 r = rnd();

	switch (r & 7) {
	case 0:
		return spare_us(r >> 32); /* anywhere in 4 GiB */
	case 1:
		return spare_us(ram_end - 16 + (r >> 8 & 31));
	case 2:
		return spare_us(0x80000000 + (r >> 33 & 0x3fffffff)); /* by the window */
	case 3:
		return spare_us(0x80000000 + (r >> 8 & 0x3fffff8)); /* ... its start */
	default:
		return spare_us(places[r >> 8 & 15] + (r >> 16 & 0x1ff & ~(r >> 60 & 7)));
	}
}

/* ---- one of each ---- */

/* The load/store class is x1x0 in bits 28..25 (Arm ARM C4.1.4); base register forced to x16, an
 * index register to one that holds the filler. CPY and SET take their address elsewhere: not them. */
static void load_store(void)
{
	u32 word = ((u32)rnd() & ~0x0a0003e0u) | 0x08000000 | 16u << 5;

	if ((word & 0x00200c00) == 0x00200800)
		word &= ~(1u << 20);
	if ((word & 0x3b200c00) == 0x19000400)
		return;
	run(&word, 1, rnd() & 0xff, address());
}

/* The commonest forms, which mean something everywhere: LDR, STR of each size, immediate 0. */
static void plain_access(void)
{
	u32 word = 0x39000000 | (u32)(rnd() & 3) << 30 | (u32)(rnd() & 3) << 22 | 16u << 5 | 1;

	run(&word, 1, rnd(), address() & ~7ul);
}

static void fetch(void)
{
	static const u32 br_x16 = 0xd61f0200;

	run(&br_x16, 1, 0, address() & ~3ul);
}

/* Whether a system instruction (Arm ARM C4.1.3) would only hurt ourselves. */
static bool suicidal(u32 w)
{
	u32 op0 = w >> 19 & 3, op1 = w >> 16 & 7, crn = w >> 12 & 15, crm = w >> 8 & 15;
	bool read = w & 1u << 21;

	if (op0 == 0)
		return crn == 4 || crn == 1 || (crn == 2 && crm == 0); /* PSTATE, WFIT, WFI */
	if (read || op0 != 3 || op1 != 0)
		return false;
	return (crm == 0 && (crn == 1 || crn == 2 || crn == 12)) || /* SCTLR, TTBR, TCR, VBAR */
	       (crn == 10 && crm == 2) ||			    /* MAIR */
	       (crn == 4 && crm == 2) ||			    /* SPSel */
	       (crn == 13 && crm == 0);				    /* TPIDR_EL1 */
}

static void system(void)
{
	u32 word = 0xd5000000 | ((u32)rnd() & 0x3fffff);

	if (word >> 19 & 2 && rnd() & 1)
		word |= 1u << 20; /* op0 3 more often: there is most to find */
	if ((word >> 19 & 3) == 1)
		word = (word & ~31u) | 16; /* SYS by address: one that spares us */
	if (!suicidal(word))
		run(&word, 1, rnd() & 1 ? rnd() : rnd() & 0xffff, address());
	quiet();
}

static void illegal_return(void)
{
	static const u32 words[] = {0xd5184010, 0xd5184031, 0xd5033fdf, 0xd69f03e0};
	static const u16 modes[] = {0x3c9, 0x3cd, 0x3c8, 0x3d0, 0x3d3, 0x3c1, 0x3c2, 0x3ca};

	/* msr spsr_el1, x16; msr elr_el1, x17 (the code itself); isb; eret */
	run(words, 4, 0, modes[rnd() & 7] | (rnd() & 0xf0200000));
}

static void call(void)
{
	static const u32 hvc = 0xd4000002, smc = 0xd4000003;
	u64 id = call_id(), x1 = argument(), x2 = argument();
	/* mov x0, x16; mov x1, x17-free: by the struct below */
	u32 words[] = {0xa9400600, 0xa9410e02, 0};
	static u64 arguments[4];

	if (final((u32)id))
		return;
	/* A CPU of ours that is off, started at random, would only crash us: aim past or at CPU 0. */
	if (((u32)id & ~0x40000000u) == 0x84000003)
		x1 = rnd() & 1 ? 0 : rnd() | 0x80;
	if ((u32)id == SKERRY_CONSOLE_READ)
		x1 = spare_us(x1);
	arguments[0] = id;
	arguments[1] = x1;
	arguments[2] = x2;
	arguments[3] = argument();
	/* ldp x0, x1, [x16]; ldp x2, x3, [x16, #16]; hvc or smc, now and then of another number */
	words[2] = (rnd() & 3 ? hvc : smc) | (rnd() & 7 ? 0 : (u32)(rnd() & 0xffff) << 5);
	run(words, 3, rnd(), (u64)arguments);
}

/* By registers only: our tree may be gone by now. */
static void sgi_to_self(u64 n)
{
	u64 mpidr = read_sysreg(mpidr_el1);

	if (gic.version == 3)
		write_sysreg(icc_sgi1r_el1,
			     (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
				     (mpidr >> 8 & 0xff) << 16 | n << 24 | 1ul << (mpidr & 0xf));
	else
		store32(gic.gicd + 0xf00, 2u << 24 | (u32)n);
}

static void storm(void)
{
	u64 i, n = rnd() & 15;

	gic_init();
	for (i = 0; i < n; i++)
		sgi_to_self(rnd() & 15);
	timer_at(rnd() & 1 ? 0 : timer_now() - (rnd() & 0xffff));
	irq_enable(SKERRY_INTID_VTIMER, NULL);
	/* After all that was written to it the GIC may not signal anything: then don't sleep. */
	if (read_sysreg(isr_el1) & 1 << 7) {
		wfi();
		hypercall(PSCI_CPU_SUSPEND, 0, 0, 0);
	}
	for (i = 0; i < 20 && (n = irq_ack() & 0xffffff, (n & 0x3ff) < 1020); i++) {
		quiet();
		irq_end((u32)n);
	}
	quiet();
	actions += 20;
}

static void flood(void)
{
	u64 i;

	for (i = 0; i < 64; i++)
		*(volatile u8 *)SKERRY_UART_BASE = (u8)rnd();
	print("\r[honest] honest: I lie\x1b[2J\x1b[31m%c\n", (char)rnd());
	actions += 65;
}

int main(void)
{
	u64 rounds = arg_u64("rounds", 1000), size = 0, first = arg_u64("seed", 1), i;

	seed = first * 0x9e3779b97f4a7c15 | 1;
	fdt_reg(fdt_named("memory", 0), 0, &ram_base, &size);
	ram_end = ram_base + size;
	write_sysreg(tcr_el1, read_sysreg(tcr_el1) | 5ul << 32); /* tables may name 48 bits */
	on_sync = on_exception;
	on_irq = on_interrupt;
	for (i = 0; i < rounds; i++) {
		if (i % 16 == 0) {
			gic_init();
			new_window();
		}
		load_store();
		load_store();
		plain_access();
		plain_access();
		fetch();
		system();
		system();
		call();
		call();
		illegal_return();
		if (i % 32 == 0)
			storm();
		if (i % 256 == 0)
			flood();
	}
	print("\nhostile: seed %lu, %lu actions, %lu exceptions: done\n", first, actions,
	      exceptions);
	return 0;
}
