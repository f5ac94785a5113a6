// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's CPUs, at EL1: from start.S into main(), others through PSCI CPU_ON (DEN0022), and the
 * lock between them (load-acquire exclusive, store-release).
 */
#include "rt.h"
#include "internal.h"

#define STACK_BYTES 4096
#define MPIDR_AFFINITY 0xff00ffffff

struct cpu cpus[SKERRY_VCPUS_MAX];
/* Only guests that call cpu_start() carry these: the linker drops what nobody uses. */
static u8 stacks[SKERRY_VCPUS_MAX - 1][STACK_BYTES] __attribute__((aligned(16)));

void rt_main(u64 tree)
{
	write_sysreg(tpidr_el1, &cpus[0]);
	fdt_init(tree);
	guest_exit((u64)main() & 0xff);
}

void rt_secondary(struct cpu *cpu)
{
	write_sysreg(tpidr_el1, cpu);
	cpu->entry(cpu->arg);
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

u32 cpu_count(void)
{
	u32 n = 0;

	while (fdt_named("cpu", n))
		n++;
	return n ? n : 1;
}

u64 cpu_mpidr(u32 n)
{
	node_t node = fdt_named("cpu", n);
	u32 len = 0;

	if (!node)
		return n ? ~0ul : read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	/* One cell where the affinity fits, or two. */
	if (fdt_prop(node, "reg", &len) && len == 8)
		return (u64)fdt_cell(node, "reg", 0, 0) << 32 | fdt_cell(node, "reg", 1, 0);
	return fdt_cell(node, "reg", 0, n);
}

s64 cpu_start(u32 n, void (*fn)(u64 arg), u64 arg)
{
	struct cpu *cpu;

	if (n == 0 || n >= SKERRY_VCPUS_MAX)
		return -2; /* PSCI INVALID_PARAMETERS */
	cpu = &cpus[n];
	*cpu = (struct cpu){.stack = (u64)stacks[n - 1] + STACK_BYTES,
			    .entry = fn,
			    .arg = arg,
			    .number = n};
	dsb();
	return (s64)hypercall(PSCI_CPU_ON, cpu_mpidr(n), (u64)secondary_start, (u64)cpu).x0;
}

void lock(struct lock *l)
{
	u32 seen, failed;

	/* WFE only behind a look that found it taken: below, a hypervisor may trap it to let others
	 * run. The load has armed the monitor, so that the holder's store ends the wait. */
	__asm__ volatile("1:	ldaxr	%w0, [%2]\n"
			 "	cbnz	%w0, 2f\n"
			 "	stxr	%w1, %w3, [%2]\n"
			 "	cbnz	%w1, 1b\n"
			 "	b	3f\n"
			 "2:	wfe\n"
			 "	b	1b\n"
			 "3:\n"
			 : "=&r"(seen), "=&r"(failed)
			 : "r"(&l->taken), "r"(1)
			 : "memory");
}

void unlock(struct lock *l)
{
	/* The store clears the waiters' monitors, which wakes their WFE. */
	__asm__ volatile("stlr wzr, [%0]" ::"r"(&l->taken) : "memory");
}
