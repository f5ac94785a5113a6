/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guests' runtime library, whole: what a guest at EL1 needs from the first instruction to a
 * page of output, and no more. Every guest's main() runs with the MMU and caches on, vectors
 * set, interrupts masked, on a stack of 4 KiB; what it returns is the guest's exit code.
 *
 * What always holds: no file here or in a guest knows the board. Devices come from the device
 * tree in x0; under another hypervisor, or none, Skerry's own calls answer "not supported" and
 * the guest goes on with what the machine has. The image runs at any 4 KiB aligned address.
 *
 * How a guest's 4 GiB of virtual addresses are laid out (start.S, four 1 GiB blocks):
 *
 *   0x0000_0000  devices, where QEMU's `virt` has them           Device-nGnRE
 *   0x4000_0000  memory, image at its start                      Normal, write-back
 *   0x8000_0000  memory, if there is more than 1 GiB             Normal, write-back
 *   0xc000_0000  the first GiB once more, for channels' memory   Normal, write-back
 */
#ifndef RT_H
#define RT_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;
typedef unsigned long size_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#include "skerry.h"

/* ---- CPU ------------------------------------------------------------------------------- */

#define read_sysreg(r)                                                \
	__extension__({                                               \
		u64 v_;                                               \
		__asm__ volatile("mrs %0, " #r : "=r"(v_)::"memory"); \
		v_;                                                   \
	})
#define write_sysreg(r, val) __asm__ volatile("msr " #r ", %0\n\tisb" ::"r"((u64)(val)) : "memory")

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb() __asm__ volatile("dsb sy" ::: "memory")
#define wfi() __asm__ volatile("dsb sy\n\twfi" ::: "memory")
#define irq_on() __asm__ volatile("msr daifclr, #2\n\tisb" ::: "memory")
#define irq_off() __asm__ volatile("msr daifset, #2\n\tisb" ::: "memory")

static inline u32 load32(u64 address)
{
	u32 v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(address) : "memory");
	return v;
}

static inline void store32(u64 address, u32 v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(address) : "memory");
}

/* A vCPU as the runtime knows it; TPIDR_EL1 points at it. */
struct cpu {
	u64 stack;		/* start.S: offset 0, the first thing a secondary CPU reads */
	void (*entry)(u64 arg); /* offset 8 */
	u64 arg;		/* offset 16 */
	u32 number;		/* 0 is the CPU that the guest was entered on */
	bool catching;		/* between catch_begin() and catch_end() */
	u32 caught;		/* exceptions caught since catch_begin() */
	u64 esr;		/* the last one's syndrome */
	u64 far;		/* ... and address */
};

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_sysreg(tpidr_el1);
}

/* PSCI's name (MPIDR affinity) of CPU number n, from the device tree; ~0 if there is none. */
u64 cpu_mpidr(u32 n);
/* CPUs that the device tree lists. */
u32 cpu_count(void);
/* Start CPU n (1 .. SKERRY_VCPUS_MAX - 1) in fn(arg), vectors and MMU on; PSCI's answer. When fn
 * returns the CPU turns itself off, and may be started again. */
s64 cpu_start(u32 n, void (*fn)(u64 arg), u64 arg);

/* A lock between CPUs of one guest. Take it with interrupts masked if a handler takes it too. */
struct lock {
	u32 taken;
};
void lock(struct lock *l);
void unlock(struct lock *l);

/* ---- Exceptions ------------------------------------------------------------------------ */

/* What vectors.S saves, in this order. kind: 0..15, the vector's number in the Arm ARM's table
 * (0-3 SP_EL0, 4-7 SP_ELx, 8-11 from EL0; sync, IRQ, FIQ, SError in each). */
struct frame {
	u64 x[31];
	u64 elr, spsr, esr, far, kind;
};

#define ESR_EC(esr) ((u32)((esr) >> 26) & 0x3f)

/* Called first for every exception but an IRQ, if set; true: dealt with, go back to frame's elr. */
extern bool (*on_sync)(struct frame *f);
/* Called for an IRQ instead of the runtime's own dispatch, if set. */
extern void (*on_irq)(struct frame *f);

/* From catch_begin() to catch_end() a synchronous exception of this CPU is noted in this_cpu(),
 * and the instruction skipped (a fetch that failed returns to its caller). catch_end() gives how
 * many there were. */
void catch_begin(void);
u32 catch_end(void);
/* A name for an exception class, as the Arm ARM has it. */
const char *ec_name(u64 esr);

/* ---- Interrupts: GICv2 and GICv3, by the device tree ------------------------------------- */

struct gic {
	u32 version;	      /* 2 or 3; 0: none found */
	u64 gicd, gicc, gicr; /* bases; gicr is this guest's first redistributor */
};
extern struct gic gic;

/* Find the GIC and set it up for this CPU; each CPU calls it once. Interrupts stay masked. */
void gic_init(void);
/* This CPU's redistributor frame (RD_base), GICv3. */
u64 gic_redist(void);
/* Let interrupt intid (SGI, PPI, SPI) reach this CPU, and fn be called for it (NULL: nobody; the
 * guest takes it by irq_ack() itself). At most 8 with a handler. */
void irq_enable(u32 intid, void (*fn)(u32 intid));
/* An SPI by edge; level is what reset leaves. */
void irq_edge(u32 intid);
/* Acknowledge (1023: none pending), and end. */
u32 irq_ack(void);
void irq_end(u32 intid);
/* Send SGI n (0..15) to CPU number cpu of this guest. */
void sgi_send(u32 n, u32 cpu);

/* ---- Time: the virtual timer, in counter ticks ------------------------------------------ */

static inline u64 timer_now(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}
#define timer_hz() read_sysreg(cntfrq_el0)
/* Interrupt SKERRY_INTID_VTIMER at counter value `when`; timer_stop() takes the wish back. */
void timer_at(u64 when);
void timer_stop(void);

/* ---- Hypercalls, SMCCC (DEN0028) -------------------------------------------------------- */

struct smccc {
	u64 x0, x1, x2, x3;
};
struct smccc hypercall(u64 id, u64 a1, u64 a2, u64 a3);
/* Whether Skerry is below (by its UID); without it, its calls are not made. */
bool on_skerry(void);
/* Give the CPU to somebody else who wants it. */
void yield(void);
/* End this guest: by Skerry's call with a code of 0..255, else by PSCI. */
void guest_exit(u64 code) __attribute__((noreturn));

/* One of the operator's commands, where the bundle grants its class; the answer as a string, cut to
 * `room`. Skerry's answer: SKERRY_BUSY says try again. */
s64 command(const char *line, char *text, size_t room);

/* ---- Console: by hypercall, a line at a time, or by byte stores to the PL011 -------------- */

void console_write(const char *s, size_t n);
/* Where the tree has the PL011 (or SBSA's part of one); SKERRY_UART_BASE if it has none. */
u64 uart_base(void);
void uart_putc(char c);
/* printf's %d %u %x %s %c %%, l, width, 0 and - ; at most 255 bytes a call, which come out whole:
 * lines of two CPUs don't mix. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Device tree ----------------------------------------------------------------------- */

/* A node is its place in the tree; 0 is none. Where several match, `nth` counts from 0. */
typedef u64 node_t;
node_t fdt_find(const char *compatible, u32 nth);
/* By the name before the `@`, anywhere in the tree. */
node_t fdt_named(const char *name, u32 nth);
/* A property's bytes, NULL if it is not there. */
const void *fdt_prop(node_t node, const char *name, u32 *len);
/* Cell i of a property (big-endian 32 bits), or otherwise. */
u32 fdt_cell(node_t node, const char *name, u32 i, u32 otherwise);
/* Entry i of `reg` with two cells each of address and size; false: it has none. */
bool fdt_reg(node_t node, u32 i, u64 *address, u64 *size);
/* The tree itself, in bytes from x0 on. */
u64 fdt_address(void);
u32 fdt_size(void);

/* A number or a word of /chosen bootargs, as in "ticks=5 name=fred". */
u64 arg_u64(const char *name, u64 otherwise);
/* The word that bootargs have as name=..., as a string, cut to `room`; its length, 0: there is none. */
size_t arg_word(const char *name, char *to, size_t room);
/* Whether bootargs hold name=value. */
bool arg_is(const char *name, const char *value);
/* This guest's name, for its lines; "guest" where nobody gave one. */
const char *guest_name(void);

/* ---- Channels -------------------------------------------------------------------------- */

struct channel {
	volatile void *memory; /* shared with the peer, zero at first */
	u64 size;	       /* bytes */
	u32 index;	       /* for SKERRY_DOORBELL */
	u32 intid;	       /* the peer's doorbell */
	const char *peer;      /* the other guest's name */
};
/* Channel nth of this guest, from the tree; false: there is none. */
bool channel_open(u32 nth, struct channel *c);
/* Let the peer's bell reach this CPU, and fn be called for it. After gic_init(). */
void channel_listen(const struct channel *c, void (*fn)(u32 intid));
/* Ring the peer's; Skerry's answer. */
s64 channel_ring(const struct channel *c);

/* ---- Devices of the board, if the bundle gives this guest some ----------------------------- */

struct device {
	node_t node;
	u64 base;  /* of its first registers */
	u32 intid; /* of its first interrupt; the tree counts on from there; 0: none */
};
/* The device that one of these names is for; false: there is none. */
bool device_open(const char *compatible, struct device *d);

/* ---- C's own --------------------------------------------------------------------------- */

void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
bool str_eq(const char *a, const char *b);
size_t str_len(const char *s);
/* A number, decimal or 0x; stops at what is no digit. */
u64 str_u64(const char *s);

/* A small random generator (xorshift64), so that a run can be had again from its seed. */
static inline u64 xorshift(u64 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

int main(void);

#endif
