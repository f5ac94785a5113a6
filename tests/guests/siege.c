// SPDX-License-Identifier: Apache-2.0
/*
 * Test guest: does everything wrong, as fast as it can, seeded (bootargs seed=, acts=): some hundred
 * thousand wrong things a second, each one instruction with registers and addresses by chance. The
 * instructions stand ready in a pool of stubs, half of which holds system-register accesses: all
 * encodings (MRS, MSR, SYS) one after another, from a place that the seed chooses. Whether
 * an instruction comes to an exception of ours or not, the next one follows.
 *
 * acts= done, it prints how many of each kind, by kind, and ends with 0. With how=fatal it instead does
 * one thing that no guest survives, another one in each life (counted in a channel's memory).
 *
 * Left out is only what would end or silence itself: its own code and stack, MMU, vectors; WFI and
 * CPU_SUSPEND without a wake-up; EXIT, SYSTEM_OFF and their like; its watchdog. Others do those
 * (storm.c, crash.c, how=fatal).
 */
#include "hostile.h"

enum kind {
	SYSTEM,
	MEMORY,
	DEVICE,
	FETCH,
	CALL,
	SMC,
	POWER,
	RETURN,
	DEBUG,
	TABLE,
	SGI,
	TIMER,
	CONSOLE,
	BELL,
	KINDS
};

static const char *const names[KINDS] = {
	"system register", "load or store", "device access", "fetch",
	"hypercall",	   "SMC",	    "PSCI",	     "return",
	"debug",	   "page table",    "SGI",	     "timer",
	"console",	   "doorbell"};

struct act {
	u64 x[4];
	u64 address; /* x16 */
	const u32 *stub;
};

extern volatile u64 mmu_table[4];
extern char _end[], siege_vectors[];
extern const u32 siege_device[], siege_device_end[], siege_debug[], siege_debug_end[];
extern const u32 siege_next[], siege_hvc[], siege_smc[], siege_fetch[], siege_return[];
void siege_act(const struct act *act);
void siege_interrupt(void);
u64 siege_exceptions;

static u64 ram_base, window_ipa, done[KINDS];

/*
 * siege_act: registers from *x0, then the stub. It ends with a branch to siege_next, or any exception
 * comes to siege_back: the callee-saved registers and the stack are where siege_act has put them.
 */
__asm__(".section .bss.siege, \"aw\", %nobits\n"
	"	.balign	16\n"
	"siege_saved: .skip 112\n"
	".section .text.siege, \"ax\"\n"
	".global siege_act, siege_next, siege_vectors\n"
	"siege_act:\n"
	"	adrp	x3, siege_saved\n	add	x3, x3, :lo12:siege_saved\n"
	"	stp	x19, x20, [x3]\n	stp	x21, x22, [x3, #16]\n"
	"	stp	x23, x24, [x3, #32]\n	stp	x25, x26, [x3, #48]\n"
	"	stp	x27, x28, [x3, #64]\n	stp	x29, x30, [x3, #80]\n"
	"	mov	x4, sp\n		str	x4, [x3, #96]\n"
	"	ldp	x16, x17, [x0, #32]\n	ldp	x2, x3, [x0, #16]\n"
	"	ldp	x0, x1, [x0]\n"
	"	br	x17\n"
	"siege_irq:\n"
	"	adrp	x3, siege_saved\n	ldr	x4, [x3, :lo12:siege_saved + 96]\n"
	"	mov	sp, x4\n"
	"	bl	siege_interrupt\n"
	"siege_back:\n"
	"	adrp	x3, siege_exceptions\n	add	x3, x3, :lo12:siege_exceptions\n"
	"	ldr	x4, [x3]\n		add	x4, x4, #1\n	str	x4, [x3]\n"
	"siege_next:\n"
	"	msr	daifset, #15\n"
	"	adrp	x3, siege_saved\n	add	x3, x3, :lo12:siege_saved\n"
	"	ldp	x19, x20, [x3]\n	ldp	x21, x22, [x3, #16]\n"
	"	ldp	x23, x24, [x3, #32]\n	ldp	x25, x26, [x3, #48]\n"
	"	ldp	x27, x28, [x3, #64]\n	ldp	x29, x30, [x3, #80]\n"
	"	ldr	x4, [x3, #96]\n		mov	sp, x4\n"
	"	ret\n"
	"	.balign	2048\n"
	"siege_vectors:\n"
	"	.rept 4\n"
	"	b	siege_back\n	.balign	128\n" /* synchronous */
	"	b	siege_irq\n	.balign	128\n"
	"	b	siege_irq\n	.balign	128\n" /* FIQ */
	"	b	siege_back\n	.balign	128\n" /* SError */
	"	.endr\n"
	/* stubs that need not be made: one instruction on [x16], and back */
	"	.arch_extension lse\n	.arch_extension fp\n	.arch_extension simd\n"
	"	.global siege_device, siege_device_end, siege_debug, siege_debug_end\n"
	"	.global siege_hvc, siege_smc, siege_fetch, siege_return\n"
	"	.macro stub text:vararg\n	\\text\n	b	siege_next\n	.endm\n"
	"siege_device:\n"
	"	stub ldrb w1, [x16]\n		stub ldrh w1, [x16]\n"
	"	stub ldr w1, [x16]\n		stub ldr x1, [x16]\n"
	"	stub strb w1, [x16]\n		stub strh w1, [x16]\n"
	"	stub str w1, [x16]\n		stub str x1, [x16]\n"
	"	stub str w1, [x16]\n		stub ldr w1, [x16]\n" /* what most devices want */
	"	stub ldrsb x1, [x16]\n		stub ldrsh w1, [x16]\n"
	"	stub ldrsw x1, [x16]\n		stub ldr w1, [x16], #4\n"
	"	stub str w1, [x16, #4]!\n	stub ldr x1, [x16, #-8]!\n"
	"	stub ldp w1, w2, [x16]\n	stub stp w1, w2, [x16]\n"
	"	stub ldp x1, x2, [x16], #16\n	stub stp x1, x2, [x16, #16]!\n"
	"	stub ldpsw x1, x2, [x16]\n	stub ldnp x1, x2, [x16]\n"
	"	stub ldxr w1, [x16]\n		stub stxr w2, w1, [x16]\n"
	"	stub ldaxr x1, [x16]\n		stub stlxr w2, x1, [x16]\n"
	"	stub ldar w1, [x16]\n		stub stlr w1, [x16]\n"
	"	stub ldxp x1, x2, [x16]\n	stub ldtr w1, [x16]\n"
	"	stub sttr w1, [x16]\n		stub swp w1, w2, [x16]\n"
	"	stub cas w1, w2, [x16]\n	stub ldadd w1, w2, [x16]\n"
	"	stub ldr q1, [x16]\n		stub str q1, [x16]\n"
	"	stub ldr s1, [x16]\n		stub ldp q1, q2, [x16]\n"
	"	stub ld1 {v1.16b}, [x16]\n	stub st4 {v1.8b-v4.8b}, [x16]\n"
	"	stub ld1r {v1.4s}, [x16]\n	stub st1 {v1.b}[3], [x16]\n"
	"	stub prfm pldl1keep, [x16]\n	stub dc zva, x16\n"
	"	stub dc civac, x16\n		stub dc cvac, x16\n"
	"	stub dc ivac, x16\n		stub ic ivau, x16\n"
	"	stub at s1e1r, x16\n		stub at s1e0w, x16\n"
	"siege_device_end:\n"
	"siege_debug:\n"
	"	stub brk #0\n			stub hlt #0xf000\n"
	"	stub svc #3\n			stub dcps1\n"
	"	stub dcps2\n			stub dcps3\n"
	"	stub drps\n			stub msr mdscr_el1, x0\n"
	"	stub msr dbgbcr0_el1, x0\n	stub msr dbgbvr0_el1, x17\n"
	"	stub msr dbgwcr0_el1, x0\n	stub msr dbgwvr0_el1, x16\n"
	"	stub msr oslar_el1, x0\n	stub msr daifclr, #8\n"
	"	stub mrs x0, dbgauthstatus_el1\n	stub msr dbgprcr_el1, x0\n"
	"siege_debug_end:\n"
	"siege_hvc:	hvc #0\n		b	siege_next\n"
	"		hvc #0x1234\n		b	siege_next\n"
	"siege_smc:	smc #0\n		b	siege_next\n"
	"		smc #0x4321\n		b	siege_next\n"
	"siege_fetch:	br x16\n		.inst	0\n"
	"siege_return:	msr spsr_el1, x0\n	msr elr_el1, x1\n	isb\n	eret\n	.inst	0\n"
	".previous\n");

/* A number below n, which is small. */
static u64 below(u64 n)
{
	return (rnd() >> 32) * n >> 32;
}

static void quiet(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	write_sysreg(mdscr_el1, 0);
}

/* Our tree may be gone by now: by what gic_init() has found at first. */
static u32 take(void)
{
	return gic.version == 3 ? (u32)read_sysreg(icc_iar1_el1) : load32(gic.gicc + 0xc);
}

static void end(u32 iar)
{
	if (gic.version == 3)
		write_sysreg(icc_eoir1_el1, iar);
	else
		store32(gic.gicc + 0x10, iar);
}

void siege_interrupt(void)
{
	u32 iar = take();

	quiet();
	if ((iar & 0x3ff) < 1020)
		end(iar);
}

/* ---- Addresses ---- */

/* Entry 2 of the table is some other GiB: as memory, device, read-only, to be executed, or a table that
 * lies in a device, behind memory, or nowhere. */
static void new_window(void)
{
	static const u64 kind[4] = {0x705, 0x401, 0x785, 0x003};
	u64 what = kind[rnd() & 3], at = (rnd() & 1 ? rnd() & 7 : rnd() & 0x3fff) << 30;

	if (what == 3) {
		static const u32 tables[] = {SKERRY_GICD_BASE,	  SKERRY_GICC_BASE,
					     SKERRY_UART_BASE,	  SKERRY_GICR_BASE,
					     SKERRY_CHANNEL_BASE, 0};

		at = (rnd() & 3 ? tables[below(6)] :
		      rnd() & 1 ? ram_end :
				  rnd() | 0x8000000000) &
		     0xfffffff000;
	}
	window_ipa = what == 3 ? 0 : at;
	mmu_table[2] = at | what;
	dsb();
	__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
	done[TABLE]++;
}

/* Not within reach (an immediate offset) of our own code and stack, by whichever view; nor of what lies
 * before them, where a loader may have left something that starts us anew. */
static u64 spare_us(u64 va)
{
	u64 ipa = va >> 30 == 2 ? window_ipa + (va & 0x3fffffff) :
		  va >> 30 == 3 ? va & 0x3fffffff :
				  va;

	if (ipa + 0x20000 >= ram_base && ipa < (u64)_end + 0x20000)
		return va + 0x300000;
	return va;
}

static u64 device_address(void)
{
	static const u32 places[16] = {SKERRY_GICD_BASE,
				       SKERRY_GICD_BASE + 0x100,
				       SKERRY_GICD_BASE + 0x200,
				       SKERRY_GICD_BASE + 0x400,
				       SKERRY_GICD_BASE + 0xf00,
				       SKERRY_GICD_BASE + 0x6000,
				       SKERRY_GICC_BASE,
				       SKERRY_GICC_BASE + 0x1000,
				       SKERRY_GICR_BASE,
				       SKERRY_GICR_BASE + 0x10000,
				       SKERRY_GICR_BASE + 0x20000,
				       SKERRY_UART_BASE,
				       SKERRY_RTC_BASE,
				       SKERRY_FWCFG_BASE,
				       SKERRY_VIRTIO_BASE,
				       SKERRY_CHANNEL_BASE};
	u64 r = rnd();

	return places[r >> 8 & 15] + (r >> 16 & 0x1ff & ~(r >> 60 & 7));
}

static u64 address(void)
{
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
	case 4:
		return spare_us(ram_base + (r >> 8) % (ram_end - ram_base));
	case 5:
		return r << 8; /* anywhere in 64 bits */
	default:
		return device_address();
	}
}

/* ---- The pool of stubs ---- */

#define POOL 448    /* new ones after 12288 acts: each costs an emulator much */
#define SYSTEMS 320 /* the first ones: system-register accesses, in order */

/* A page of its own: an emulator makes a store beside code that it has translated slow. */
static union {
	u32 word[POOL][2];
	u8 page[4096];
} pages __attribute__((aligned(4096)));
#define pool pages.word
static u64 encoding; /* the next one: 17 bits: L, op0 (1, 2, 3), op1, CRn, CRm, op2 */

#define ENCODINGS (2 * 3 * 0x4000)

/* Whether a system instruction (Arm ARM C4.1.3) would only hurt ourselves, or QEMU: of ICC_BPR1_EL1 = 8 its
 * GICv3 makes 0, and then fails on an assertion of its own (icv_gprio_mask). */
static bool suicidal(u32 w)
{
	u32 op0 = w >> 19 & 3, op1 = w >> 16 & 7, crn = w >> 12 & 15, crm = w >> 8 & 15;
	u32 op2 = w >> 5 & 7;

	if ((w & 1u << 21) || op0 != 3)
		return false;
	if (op1 == 3 && crn == 14 && crm == 3) /* CNTV_*: by timer(), so that QEMU lives */
		return true;
	if (op1 != 0)
		return false;
	return (crn == 1 && crm == 0 && (op2 == 0 || op2 > 2)) ||    /* SCTLR and its like */
	       (crn == 2 && crm == 0) ||			     /* TTBR, TCR */
	       (crn == 10 && crm == 2) ||			     /* MAIR */
	       (crn == 4 && crm == 2) ||			     /* SPSel */
	       (crn == 12 && crm == 0 && op2 == 0) ||		     /* VBAR */
	       (crn == 12 && (crm == 8 || crm == 12) && op2 == 3) || /* ICC_BPR*: see below */
	       (crn == 13 && crm == 0 && op2 == 4);		     /* TPIDR */
}

static u32 system_word(void)
{
	u32 w;

	do {
		u32 n = (u32)(encoding++ % ENCODINGS);

		/* SYS takes an address: one that spares us */
		w = 0xd5000000 | (n & 1) << 21 | (1 + (n >> 1) / 0x4000) << 19 |
		    ((n >> 1) & 0x3fff) << 5 | ((n >> 1) / 0x4000 ? 0 : 16);
	} while (suicidal(w));
	return w;
}

/* The load/store class is x1x0 in bits 28..25 (Arm ARM C4.1.4); base register forced to x16, an
 * index register to one that holds little. CPY and SET take their address elsewhere: not them. */
static u32 memory_word(void)
{
	u32 w = ((u32)rnd() & ~0x0a0003e0u) | 0x08000000 | 16u << 5;

	if ((w & 0x00200c00) == 0x00200800)
		w &= ~(1u << 20);
	if ((w & 0x3b200c00) == 0x19000400)
		return memory_word();
	return (w & ~0x1f0000u) | 3u << 16; /* Rm: x3 */
}

static u32 branch(u64 from, u64 to)
{
	return 0x14000000 | ((u32)((s64)(to - from) >> 2) & 0x3ffffff);
}

static void new_pool(void)
{
	u32 i;

	for (i = 0; i < POOL; i++) {
		pool[i][0] = i < SYSTEMS ? system_word() : memory_word();
		pool[i][1] = branch((u64)&pool[i][1], (u64)siege_next);
	}
	for (i = 0; i < POOL; i += 2)
		__asm__ volatile("dc cvau, %0" ::"r"(pool[i]) : "memory");
	dsb();
	__asm__ volatile("ic iallu\n	dsb sy\n	isb" ::: "memory");
}

/* ---- Kinds ---- */

static void do_call(struct act *act, bool smc)
{
	u64 id = call_id();
	bool psci;

	psci = (id & 0xbfffff80) == 0x84000000;
	/* of the console's calls few: each is a line, and the line is slow */
	if (final((u32)id) || ((u32)id == SKERRY_CONSOLE_WRITE && (rnd() & 63)))
		id = SKERRY_FEATURES;
	act->x[0] = id;
	act->x[1] = argument();
	act->x[2] = argument();
	act->x[3] = argument();
	/* A CPU of ours that is off, started at random, would only crash us: aim past or at CPU 0. */
	if (((u32)id & ~0x40000000u) == 0x84000003)
		act->x[1] = rnd() & 1 ? 0 : rnd() | 0x80;
	if ((u32)id == SKERRY_CONSOLE_READ)
		act->x[1] = spare_us(act->x[1]);
	act->stub = (smc ? siege_smc : siege_hvc) + (rnd() & 15 ? 0 : 2);
	siege_act(act);
	done[psci ? POWER : smc ? SMC : CALL]++;
}

static void do_return(struct act *act)
{
	static const u16 modes[] = {0x3c9, 0x3cd, 0x3c8, 0x3d0, 0x3d3, 0x3c0, 0x3c2, 0x3ca};

	act->x[0] = modes[below(8)] | (rnd() & 0xf0300000);
	act->x[1] = rnd() & 3 ? (u64)&pool[0][1] : address() & ~3ul;
	if (act->x[1] >= ram_base && act->x[1] < ram_end)
		act->x[1] = (u64)&pool[0][1];
	act->stub = siege_return;
	siege_act(act);
	done[RETURN]++;
}

/* A device's, behind memory, nowhere, or our own stub's end: not what others of our stores have left. */
static void do_fetch(struct act *act)
{
	act->address = rnd() & 1 ? device_address() : address();
	if (act->address >= ram_base && act->address < ram_end)
		act->address = rnd() & 1 ? ram_end : (u64)&pool[below(POOL)][1];
	if (act->address >> 30 == 2)
		act->address = 0x80000000 + (device_address() & 0x3fffffff);
	if (act->address >> 30 == 2 && window_ipa + (act->address & 0x3fffffff) >= ram_base &&
	    window_ipa + (act->address & 0x3fffffff) < ram_end)
		act->address = ram_end;
	act->address &= ~3ul;
	act->stub = siege_fetch;
	siege_act(act);
	done[FETCH]++;
}

static void send_sgi(void)
{
	u64 r = rnd();

	if (gic.version == 3)
		write_sysreg(icc_sgi1r_el1, (r & 15) << 24 | (r >> 4 & 1) << 40 | (r >> 8 & 0xff));
	else
		store32(gic.gicd + 0xf00,
			(u32)((r >> 8 & 3) << 24 | (r >> 10 & 0xff) << 16 | (r & 15)));
	done[SGI]++;
}

/* SGIs to all, then what has come is taken, some of it not ended. */
static void storm(void)
{
	u64 i, n = below(16);
	u32 iar;

	for (i = 0; i < n; i++)
		send_sgi();
	for (i = 0; i < 8 && (iar = take() & 0xffffff, (iar & 0x3ff) < 1020); i++)
		if (rnd() & 7)
			end(iar);
	if ((rnd() & 63) == 0)
		gic_init();
}

/* In the past, long ago, just now, and late; but not at the end of time, nor before its beginning: QEMU 7.2
 * hangs where CNTV_CVAL_EL0 and CNTVOFF_EL2 together wrap around. */
static void timer(void)
{
	u64 now = timer_now(), r = rnd();
	u64 when[4] = {now > 0xffff ? now - (r >> 8 & 0xffff) : 0, 0, now + (r >> 8 & 0xff),
		       1ul << 62};

	write_sysreg(cntv_cval_el0, when[r & 3]);
	write_sysreg(cntv_ctl_el0, r >> 2 & 3);
	if (r & 16)
		write_sysreg(cntp_cval_el0, when[r >> 5 & 1]);
	if (r & 16)
		write_sysreg(cntp_ctl_el0, r >> 7 & 3);
	done[TIMER]++;
}

static void flood(void)
{
	static const char lie[] = "\r[honest] honest: I lie\x1b[2J\x1b[31m\n";
	u64 i;

	for (i = 0; i < 64; i++)
		*(volatile u8 *)SKERRY_UART_BASE = (u8)rnd();
	hypercall(SKERRY_CONSOLE_WRITE, (u64)lie, sizeof(lie) - 1, 0);
	done[CONSOLE] += 65;
}

static void ring(void)
{
	hypercall(SKERRY_DOORBELL, rnd() & 3, 0, 0);
	done[BELL]++;
}

/* ---- One after another ---- */

static void act(void)
{
	struct act a;
	u64 r = rnd(), n;

	a.x[0] = r >> 40 & 1 ? rnd() : r >> 16 & 0xffff;
	a.x[1] = rnd();
	a.x[2] = 1;
	a.x[3] = r >> 48 & 0xff;
	a.address = address();
	switch (r & 15) {
	case 0 ... 4:
		a.stub = pool[below(SYSTEMS)];
		siege_act(&a);
		done[SYSTEM]++;
		break;
	case 5 ... 6:
		a.stub = pool[SYSTEMS + below(POOL - SYSTEMS)];
		siege_act(&a);
		done[MEMORY]++;
		break;
	case 7 ... 8:
		a.address = r & 32 ? device_address() : spare_us(a.address);
		a.stub = siege_device + 2 * below((u64)(siege_device_end - siege_device) / 2);
		siege_act(&a);
		done[DEVICE]++;
		break;
	case 9:
		do_fetch(&a);
		break;
	case 10 ... 12:
		do_call(&a, r & 32);
		break;
	case 13:
		do_return(&a);
		break;
	case 14:
		a.x[0] = rnd();
		/* what sets the debug registers up is slow in an emulator: one in 64 */
		n = r & 0x3f0 ? 7 : (u64)(siege_debug_end - siege_debug) / 2;
		a.stub = siege_debug + 2 * below(n);
		siege_act(&a);
		done[DEBUG]++;
		break;
	default:
		switch (r >> 4 & 7) {
		case 0:
			storm();
			break;
		case 1:
			timer();
			break;
		case 2:
			if ((r >> 8 & 3) == 0)
				new_window();
			break;
		case 3:
			if ((r >> 8 & 0x3ff) == 0)
				flood();
			break;
		default:
			ring();
		}
	}
}

static u64 sum(void)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < KINDS; i++)
		n += done[i];
	return n;
}

static void besiege(u64 acts)
{
	u64 i;

	for (i = 0; sum() < acts; i++) {
		u32 n;

		new_pool();
		for (n = 0; n < 12288; n++) {
			act();
			if (n % 64 == 0)
				quiet();
		}
	}
	quiet();
}

/* ---- Its last act ---- */

/* Each is the end of a life. By tables or vectors in a device, in none of its memory, or beyond all. */
static void die(u64 life)
{
	static const u64 places[] = {
		SKERRY_GICD_BASE, SKERRY_GICC_BASE, SKERRY_UART_BASE, SKERRY_CHANNEL_BASE, 0,
		0xfffffff000};
	u64 place = places[life / 4 % 6];

	dsb();
	switch (life % 4) {
	case 0: /* walks of stage 1 there: of this code, and of its vectors */
		write_sysreg(ttbr0_el1, place);
		__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
		break;
	case 1: /* vectors there, and stage 1 off */
		write_sysreg(vbar_el1, place);
		write_sysreg(sctlr_el1, 0x30d00800);
		__asm__ volatile(".inst 0");
		break;
	case 2: /* the entry for its own code is a table there */
		mmu_table[1] = place | 3;
		dsb();
		__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
		break;
	default: /* vectors there and a jump there, in a stage 1 that lets it */
		mmu_table[0] = 0x705;
		dsb();
		__asm__ volatile("tlbi vmalle1\n	dsb sy\n	isb" ::: "memory");
		write_sysreg(vbar_el1, place);
		((void (*)(void))place)();
	}
	print("siege: it lives\n");
}

int main(void)
{
	u64 acts = arg_u64("acts", 100000), size = 0, first = arg_u64("seed", 1), i;
	bool fatal = arg_is("how", "fatal");
	struct channel c;

	seed = first * 0x9e3779b97f4a7c15 | 1;
	encoding = arg_u64("encoding", 0);
	fdt_reg(fdt_named("memory", 0), 0, &ram_base, &size);
	ram_end = ram_base + size;
	gic_init();
	if (fatal && channel_open(0, &c)) {
		u64 life = (*(volatile u64 *)c.memory)++;

		print("siege: life %lu\n", life);
		die(life);
		return 1;
	}
	write_sysreg(tcr_el1, read_sysreg(tcr_el1) | 5ul << 32); /* tables may name 48 bits */
	write_sysreg(vbar_el1, siege_vectors);
	besiege(acts);
	for (i = 0; i < KINDS; i++)
		print("\nsiege: %s %lu\n", names[i], done[i]);
	print("\nsiege: seed %lu, %lu acts, %lu exceptions: done\n", first, sum(),
	      siege_exceptions);
	return 0;
}
