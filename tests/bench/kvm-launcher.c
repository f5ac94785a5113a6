// SPDX-License-Identifier: Apache-2.0
/*
 * The measuring guest under Linux's KVM: the least that starts it, as the only process of a Linux
 * whose initramfs holds this program as /init, the guest as /guest and its trees as /tree-1, /tree-2
 * (tests/bench/kvm.py). EL0, no C library; the numbers are Linux's own (Documentation/virt/kvm/api
 * and devices/arm-vgic, -vgic-v3). A vCPU, 16 MiB, the vGIC of the machine's version, and a PL011 whose
 * flags say "ready" and whose data goes to the console. The second tree's guest runs in a process of
 * its own. Arguments: the GIC's version, the number of guests.
 */
typedef unsigned int u32;
typedef unsigned long u64;
typedef unsigned char u8;
typedef _Bool bool;

#define SYS_openat 56
#define SYS_close 57
#define SYS_read 63
#define SYS_write 64
#define SYS_ioctl 29
#define SYS_exit 93
#define SYS_reboot 142
#define SYS_clone 220
#define SYS_mmap 222
#define SIGCHLD 17

#define KVM_CREATE_VM 0xae01
#define KVM_GET_VCPU_MMAP_SIZE 0xae04
#define KVM_CREATE_VCPU 0xae41
#define KVM_RUN 0xae80
#define KVM_SET_USER_MEMORY_REGION 0x4020ae46
#define KVM_SET_ONE_REG 0x4010aeac
#define KVM_ARM_VCPU_INIT 0x4020aeae
#define KVM_ARM_PREFERRED_TARGET 0x8020aeaf
#define KVM_CREATE_DEVICE 0xc00caee0
#define KVM_SET_DEVICE_ATTR 0x4018aee1

#define VCPU_PSCI_0_2 (1u << 2)
#define VGIC_V2 5
#define VGIC_V3 7
#define VGIC_GRP_ADDR 0
#define VGIC_GRP_CTRL 4
#define VGIC_V2_DIST 0
#define VGIC_V2_CPU 1
#define VGIC_V3_DIST 2
#define VGIC_V3_REDIST 3
#define REG_X0 0x6030000000100000 /* arm64, 64 bits, core register 0 */
#define REG_PC 0x6030000000100040
#define EXIT_MMIO 6
#define EXIT_SYSTEM_EVENT 24

#define MEMORY_AT 0x40000000
#define MEMORY_BYTES (16ul << 20)
#define TREE_AT (MEMORY_AT + (14ul << 20))
#define GICD_AT 0x08000000
#define GICC_AT 0x08010000
#define GICR_AT 0x080a0000
#define UART_AT 0x09000000

/* The parts of struct kvm_run that are looked at. */
struct run {
	u8 request[8];
	u32 exit_reason;
	u8 other[20];
	u64 mmio_address;
	u8 mmio_data[8];
	u32 mmio_bytes;
	u8 mmio_is_write;
};

/* C's own: the compiler may call them. */
void *memcpy(void *d, const void *s, u64 n);
void *memset(void *d, int c, u64 n);
void *memcpy(void *d, const void *s, u64 n)
{
	for (u64 i = 0; i < n; i++)
		((volatile u8 *)d)[i] = ((const u8 *)s)[i];
	return d;
}

void *memset(void *d, int c, u64 n)
{
	for (u64 i = 0; i < n; i++)
		((volatile u8 *)d)[i] = (u8)c;
	return d;
}

static long sys(long n, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;
	register u64 x4 __asm__("x4") = e;
	register u64 x5 __asm__("x5") = 0;
	register long x8 __asm__("x8") = n;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
			 : "memory");
	return (long)x0;
}

static void say(const char *s)
{
	u64 n = 0;

	while (s[n])
		n++;
	sys(SYS_write, 1, (u64)s, n, 0, 0);
}

/* Says what failed and with which errno, and switches the machine off. */
static void die(const char *what, long error)
{
	char digits[] = ": error -000\n";

	error = -error;
	for (int i = 11; i > 8; i--, error /= 10)
		digits[i] = (char)('0' + error % 10);
	say("launcher: ");
	say(what);
	say(digits);
	sys(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0, 0);
	sys(SYS_exit, 1, 0, 0, 0, 0);
}

static long must(long result, const char *what)
{
	if (result < 0)
		die(what, result);
	return result;
}

static long ioctl(long fd, u64 request, const void *argument, const char *name)
{
	return must(sys(SYS_ioctl, (u64)fd, request, (u64)argument, 0, 0), name);
}

static u8 *map(long fd, u64 bytes)
{
	/* Read and write; shared file, or private memory of nobody else. */
	u64 flags = fd < 0 ? 0x22 : 0x01;
	long at = sys(SYS_mmap, 0, bytes, 3, flags, (u64)fd);

	return (u8 *)must(at < 0 && at > -4096 ? at : (at >= 0 ? at : -1), "mmap");
}

static void load(const char *path, u8 *to)
{
	long fd = must(sys(SYS_openat, 0, (u64)path, 0, 0, 0), path), got;

	while ((got = must(sys(SYS_read, (u64)fd, (u64)to, 1 << 20, 0, 0), path)) > 0)
		to += got;
	sys(SYS_close, (u64)fd, 0, 0, 0, 0);
}

struct device_attr {
	u32 flags, group;
	u64 attr, address;
};

static void vgic_set(long vgic, u32 group, u64 attr, u64 value)
{
	struct device_attr a = {0, group, attr, (u64)&value};

	ioctl(vgic, KVM_SET_DEVICE_ATTR, &a, "KVM_SET_DEVICE_ATTR");
}

static void make_vgic(long vm, bool v3)
{
	struct {
		u32 type, fd, flags;
	} d = {v3 ? VGIC_V3 : VGIC_V2, 0, 0};

	ioctl(vm, KVM_CREATE_DEVICE, &d, "KVM_CREATE_DEVICE");
	vgic_set(d.fd, VGIC_GRP_ADDR, v3 ? VGIC_V3_DIST : VGIC_V2_DIST, GICD_AT);
	vgic_set(d.fd, VGIC_GRP_ADDR, v3 ? VGIC_V3_REDIST : VGIC_V2_CPU, v3 ? GICR_AT : GICC_AT);
	vgic_set(d.fd, VGIC_GRP_CTRL, 0, 0);
}

static void set_reg(long vcpu, u64 id, u64 value)
{
	struct {
		u64 id, address;
	} r = {id, (u64)&value};

	ioctl(vcpu, KVM_SET_ONE_REG, &r, "KVM_SET_ONE_REG");
}

/* A line is written to the console at its end: one by one, and two guests' lines stay whole. */
static void uart(struct run *run)
{
	static char line[256];
	static u64 n;

	if (!run->mmio_is_write) {
		memset(run->mmio_data, 0, sizeof(run->mmio_data));
	} else if (run->mmio_address == UART_AT) {
		line[n++] = (char)run->mmio_data[0];
		if (line[n - 1] == '\n' || n == sizeof(line)) {
			sys(SYS_write, 1, (u64)line, n, 0, 0);
			n = 0;
		}
	}
}

static void be_guest(long kvm, bool v3, const char *tree)
{
	struct {
		u32 slot, flags;
		u64 ipa, bytes, address;
	} memory = {0, 0, MEMORY_AT, MEMORY_BYTES, (u64)map(-1, MEMORY_BYTES)};
	struct {
		u32 target, features[7];
	} target;
	long vm = ioctl(kvm, KVM_CREATE_VM, 0, "KVM_CREATE_VM"), vcpu;
	struct run *run;

	load("/guest", (u8 *)memory.address);
	load(tree, (u8 *)memory.address + (TREE_AT - MEMORY_AT));
	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory, "KVM_SET_USER_MEMORY_REGION");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0, "KVM_CREATE_VCPU");
	ioctl(vm, KVM_ARM_PREFERRED_TARGET, &target, "KVM_ARM_PREFERRED_TARGET");
	target.features[0] |= VCPU_PSCI_0_2;
	ioctl(vcpu, KVM_ARM_VCPU_INIT, &target, "KVM_ARM_VCPU_INIT");
	make_vgic(vm, v3);
	set_reg(vcpu, REG_PC, MEMORY_AT);
	set_reg(vcpu, REG_X0, TREE_AT);
	run = (struct run *)map(vcpu, (u64)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "mmap size"));
	do {
		ioctl(vcpu, KVM_RUN, 0, "KVM_RUN");
		if (run->exit_reason == EXIT_MMIO)
			uart(run);
	} while (run->exit_reason == EXIT_MMIO);
	die(run->exit_reason == EXIT_SYSTEM_EVENT ? "the guest has ended" : "unexpected exit",
	    -(long)run->exit_reason);
}

/* argv as the kernel puts it on the stack. */
__attribute__((used)) static void launcher(u64 *stack)
{
	const char **argv = (const char **)(stack + 1);
	long kvm;

	if (stack[0] < 3)
		die("arguments: GIC version, guests", 0);
	kvm = must(sys(SYS_openat, 0, (u64) "/dev/kvm", 2, 0, 0), "/dev/kvm");
	if (argv[2][0] == '2' && must(sys(SYS_clone, SIGCHLD, 0, 0, 0, 0), "clone") == 0)
		be_guest(kvm, argv[1][0] == '3', "/tree-2");
	be_guest(kvm, argv[1][0] == '3', "/tree-1");
}

__asm__(".global _start\n_start:	mov	x0, sp\n	b	launcher\n");
