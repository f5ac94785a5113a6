// SPDX-License-Identifier: Apache-2.0
// units: trap/*.c cp/*.c guest/*.c mm/*.c sched/*.c vdev/*.c lib/*.c board/random.c board/tree.c board/tree_device.c
// runs: 2000
// longest: 768
/*
 * Traps of several guests in any order: hypercalls, PSCI, system registers, loads, stores and fetches
 * anywhere by syndrome and by instruction, WFI, FP, interrupts, time, the operator's orders; on three
 * pCPUs, with everything of EL2 above arch/ and board/. After each step the state is recomputed and
 * compared (machine.h). The first byte says which interrupt controller there is.
 */
#include "machine.h"

#include "arch/idregs.h"

#include "dtc.h"

enum { ON_V3, ON_V2, MACHINES };

static void *bundles[MACHINES];
static size_t sizes[MACHINES];
static struct input in;

#define RESTARTS "on-crash = \"restart\"; "

/* A bundle's tree: two guests with a channel, one with a device, one with a firmware. */
static void compile(unsigned n, const char *version)
{
	char text[4096];

	snprintf(
		text, sizeof(text),
		"/dts-v1/; / { compatible = \"skerry,bundle-v1\"; #address-cells = <2>; "
		"#size-cells = <2>; guests { " GUEST(
			"crab", "0x100000",
			RESTARTS
			"cpus = <2>; initrd = [ca fe]; commands = \"query\", "
			"\"operate\", \"inspect\", \"set\", \"message\"; devices { clock { device = "
			"\"/pl031@9010000\"; }; };")
			GUEST("eel", "0x100000",
			      RESTARTS
			      "gic-version = <%s>;") "kelp { compatible = \"skerry,guest\"; memory-size = <0 0x280000>; "
						     "firmware = [00 00 00 14]; on-crash = \"destroy\"; cpus = <2>; };"
						     "}; channels { " CHANNEL("rope", "crab", "eel",
									      "0x2000") "}; };",
		version);
	bundles[n] = dtc_compile(text, &sizes[n]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	compile(ON_V3, "2"); /* emulated */
	compile(ON_V2, "2");
	for (unsigned i = 0; i < 8; i++)
		standin_idregs[4][i] = i ? 0 : 0x0200000000000011;
	standin_idregs[5][0] = 0x10305106;
	sysreg_init();
	return 0;
}

/* --- What guests choose --------------------------------------------------------------------------- */

static u64 an_address(void)
{
	static const u64 places[] = {
		0x40000000, 0x40080000,	  0x400ff000, 0x40100000, 0x40200000, 0x4027f000,
		0x40280000, 0x403ff000,	  0x40400000, 0x3ffff000, 0x0,	      0x1000,
		0x04000000, 0x041ff000,	  0x08000000, 0x08000100, 0x08000200, 0x08000300,
		0x08000400, 0x08000800,	  0x08000c00, 0x08000f00, 0x08006100, 0x0800ffd0,
		0x08010000, 0x08011000,	  0x080a0000, 0x080b0000, 0x080b0100, 0x080c0000,
		0x080d0000, 0x0819fff0,	  0x09000000, 0x09000018, 0x09000fe0, 0x09010000,
		0x09020000, 0x09020008,	  0x09020010, 0x0a000000, 0x0b000000, 0x0c000000,
		0x0c001000, 0x0c002000,	  0x0d000000, 0x0d001000, 0x0fffffff, 0x80000000,
		0xffffffff, 0xffffffffff,
	};
	u64 place = places[pick(&in, ARRAY_SIZE(places))];
	unsigned how = (unsigned)take(&in, 1);

	if (how == 255)
		return take(&in, 6);
	return place + (how & 0x80 ? (how & 0x7f) << 5 : how * 4u);
}

static u64 a_number(void)
{
	static const u64 numbers[] = {
		0,	    1,		2,	    3,	   4,	  7,
		8,	    15,		16,	    31,	   32,	  63,
		64,	    96,		0xff,	    0x100, 0x3ff, 0x1000,
		0x10000,    0x80000000, 0xffffffff, ~0ull, ~1ull, 1ull << 32,
		1ull << 47, 1ull << 63, 27,	    30,	   0x1e0, 0x5f5e100,
	};
	unsigned n = (unsigned)take(&in, 1);

	return n < 128 ? numbers[n % ARRAY_SIZE(numbers)] :
	       n < 192 ? n - 128u :
			 take(&in, n % 8 + 1u);
}

static u64 an_argument(void)
{
	return take(&in, 1) & 1 ? an_address() : a_number();
}

/* One of the operator's commands, about others and about the guest itself. */
static void a_command(struct vcpu *vcpu)
{
	static const char *const lines[] = {
		"list",		 "query memory eel json",
		"stop eel",	 "begin eel",
		"restart eel",	 "destroy eel",
		"ipl eel",	 "ipl eel as elver",
		"destroy elver", "halt kelp",
		"reset kelp",	 "query crab json",
		"stop crab",	 "restart crab",
		"destroy crab",	 "display kelp el1",
		"shutdown 3",	 "set affinity eel 1",
		"send eel abc",	 "set affinity crab all",
		"message hello", "store kelp x0 1",
		"indicate json", "query console eel",
	};
	const char *line = lines[pick(&in, ARRAY_SIZE(lines))];
	u64 *x = vcpu->ctx.regs.x;

	(void)!guest_write(vcpu->guest, IPA(x[1]), line, strlen(line));
	x[2] = strlen(line);
	x[4] = a_number();
	standin_now += 10000000; /* long enough after the last one */
}

static void hypercall(struct vcpu *vcpu, bool smc)
{
	static const u32 bases[] = {0xc6000000, 0x84000000, 0xc4000000, 0x80000000, 0x8600ff00,
				    0xc5000020, 0x84000050, 0xc4000050, 0x8600fff0, 0};
	u64 *x = vcpu->ctx.regs.x;
	unsigned what = (unsigned)take(&in, 1);

	x[0] = bases[what < 128 ? 0 : what % ARRAY_SIZE(bases)] +
	       (what < 128 ? what % 12 : take(&in, 1) % 32);
	for (unsigned i = 1; i < 4; i++)
		x[i] = an_argument();
	if (x[0] == 0xc600000a && take(&in, 1) & 3)
		a_command(vcpu);
	standin_syndrome = (struct syndrome){.esr = smc ? 0x5e000000 : 0x5a000000};
	if (what == 255)
		standin_syndrome.esr |= 1; /* an immediate */
}

/* MSR, MRS, and system instructions, of any encoding. */
static void system_register(struct vcpu *vcpu)
{
	u64 iss = take(&in, 4) & 0x1ffffff;

	if ((iss >> 5 & 31) < 31)
		vcpu->ctx.regs.x[iss >> 5 & 31] = a_number();
	standin_syndrome = (struct syndrome){.esr = 0x62000000 | iss};
}

static void abort_at(struct vcpu *vcpu, u64 class)
{
	static const unsigned faults[] = {0x04, 0x05, 0x06, 0x07, 0x0d,
					  0x0e, 0x0f, 0x10, 0x21, 0x3f};
	unsigned how = (unsigned)take(&in, 1), size = (unsigned)take(&in, 1);
	u64 address = an_address(), iss = faults[how % 16 < 6 ? how % 16 % 4 : how % 10];

	if (class == 0x24 && how & 0x10)
		iss |= 1 << 6; /* a write */
	if (class == 0x24 && how & 0x20) {
		iss |= 1 << 24 | (size & 3) << 22 | (size & 4) << 19 | (size >> 3 & 31) << 16 |
		       (how & 0x40) << 9;
		vcpu->ctx.regs.x[(size >> 3 & 31) % 31] = a_number();
	} else if (class == 0x24) {
		u32 word = (u32)take(&in, 4);
		ipa_t pc = IPA(vcpu->ctx.regs.pc);

		/* the instruction that did it: in memory, with its base where the fault was */
		(void)!guest_write(vcpu->guest, pc, &word, sizeof(word));
		vcpu->ctx.regs.x[(word >> 5 & 31) % 31] = address;
	}
	if (how & 0x80)
		iss |= size & 1 ? 1 << 7 : 1 << 8; /* by a walk of stage 1; cache maintenance */
	standin_syndrome = (struct syndrome){class << 26 | 1 << 25 | iss, address,
					     (address >> 12 & 0xfffffffff) << 4};
}

/* Where its hardware lets a guest write without a trap. */
static void store(struct vcpu *vcpu)
{
	u64 ipa = an_address() & ~0xfffull;
	pa_t pa;

	if (ipa < SKERRY_RAM_BASE && ipa - SKERRY_CHANNEL_BASE >= 0x2000)
		return;
	if (stage2_lookup(&vcpu->guest->map, IPA(ipa), &pa))
		memset(mmu_pointer(pa), OLD, PAGE_SIZE); /* its secret */
}

/* A guest's side of its interrupt controller. */
static void use_gic(unsigned how)
{
	u32 intid;

	switch (how % 5) {
	case 0:
		intid = model_ack(how >> 4 & 1);
		if (intid < 1020 && how & 0x80)
			model_eoi(how >> 4 & 1, intid);
		break;
	case 1:
		model_eoi(how >> 4 & 1, (u32)a_number() & 0x1fff);
		break;
	case 2:
		model_dir((u32)a_number() & 0x1fff);
		break;
	case 3:
		model_set_vmcr((u32)take(&in, 4));
		break;
	default:
		model_set_vmcr(0xf0000003);
	}
}

static void use_timer(unsigned id)
{
	standin_timers[id].virt = (struct timer_regs){take(&in, 1) & 3, a_number()};
}

/* The operator, a line a time. */
static void type(void)
{
	static const char *const lines[] = {
		"\x1dp\rstop crab\r",	      "\x1dp\rbegin crab\r",
		"\x1dp\rreset crab\r",	      "\x1dp\rrestart crab\r",
		"\x1dp\rdestroy crab\r",      "\x1dp\ripl crab\r",
		"\x1dp\rhalt crab\r",	      "\x1dp\rstop eel\r",
		"\x1dp\rbegin eel\r",	      "\x1dp\rrestart eel\r",
		"\x1dp\rdestroy eel\r",	      "\x1dp\ripl eel\r",
		"\x1dp\rhalt eel\r",	      "\x1dp\rrestart kelp\r",
		"\x1dp\rdestroy kelp\r",      "\x1dp\ripl kelp\r",
		"\x1dp\ripl eel as elver\r",  "\x1dp\rdestroy elver\r",
		"\x1dp\rfocus crab\r",	      "hello\r",
		"\x1dp\rindicate\r",	      "\x1dp\rquery memory eel\r",
		"\x1dp\rset weight crab 1\r", "\x1dp\rsend eel abc\r",
		"\x1dp\rreset kelp\r",	      "\x1dp\rset on-crash kelp restart\r",
		"\x1dp\rdisplay crab g\r",    "\x1dp\rdisplay eel p40080000.20\r",
		"\x1dp\rstop kelp\r",	      "\x1dp\rbegin kelp\r",
	};

	say_typed = lines[pick(&in, ARRAY_SIZE(lines))];
}

/* --- One step ------------------------------------------------------------------------------------- */

static void trap_something(unsigned id, struct vcpu *vcpu, unsigned what)
{
	standin_pcpu_set(id);
	switch (what) {
	case 0 ... 3:
		hypercall(vcpu, what == 3);
		break;
	case 4 ... 5:
		system_register(vcpu);
		break;
	case 6 ... 10:
		abort_at(vcpu, 0x24);
		break;
	case 11:
		abort_at(vcpu, 0x20);
		break;
	case 12:
		standin_syndrome = (struct syndrome){.esr = 0x06000000 | take(&in, 1)};
		break;
	case 13:
		standin_syndrome = (struct syndrome){.esr = 0x1fe00000};
		break;
	case 14:
		standin_syndrome = (struct syndrome){.esr = take(&in, 4)};
		break;
	default:
		enter(id, take(&in, 1) ? DOOR_IRQ : DOOR_SERROR);
		return;
	}
	enter(id, DOOR_SYNC);
}

static void step(void)
{
	unsigned op = (unsigned)take(&in, 1), id = op % PCPUS, what = op / PCPUS % 24;
	struct vcpu *vcpu = machine.on[id];

	standin_pcpu_set(id);
	if (what < 16 && vcpu)
		trap_something(id, vcpu, what);
	else if (what < 16)
		enter(id, DOOR_IDLE);
	else if (what == 16)
		standin_now += take(&in, 1) << (op / 72 * 5);
	else if (what == 17 && vcpu)
		store(vcpu);
	else if (what == 18 && vcpu && !vcpu->guest->vgic.emulated)
		use_gic((unsigned)take(&in, 1));
	else if (what == 19 && vcpu)
		use_timer(id);
	else if (what == 20)
		type();
	else if (what == 21)
		machine.device_lines ^= 1ull << (39 - 32);
	else if (what == 22)
		standin_translates = take(&in, 1) & 3;
	else if (what == 23 && vcpu)
		vcpu->ctx.regs.pstate = take(&in, 1) & 1 ? 0x3c5 : take(&in, 4);
	standin_now += 50;
	if (op < 240)
		machine_settle();
	machine_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned which;

	in = (struct input){data, data + size};
	which = pick(&in, MACHINES);
	machine_start(which == ON_V3 ? 3 : 2, bundles[which], sizes[which]);
	while (in.at < in.end && !machine.off)
		step();
	machine_end();
	return 0;
}
