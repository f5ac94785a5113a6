# SPDX-License-Identifier: Apache-2.0
"""The Raspberry Pis, from the same image: how they start, with a device tree and without, and what is said
when that can't go well."""
import os
import subprocess

import pytest

from conftest import BOARDS, BUILD

CPU = {"raspi3b": "Cortex-A53 r0p4: MIDR 0x410fd034", "raspi4b": "Cortex-A72 r0p3: MIDR 0x410fd083"}
NAME = {"raspi3b": "Raspberry Pi 3", "raspi4b": "Raspberry Pi 4"}
GIC = {"raspi3b": "BCM2836, 0 list registers", "raspi4b": "GICv2, 4 list registers"}

boards = pytest.mark.parametrize("board", BOARDS)

# The second serial line of both is the mini UART.
SECOND = ("-serial", "null", "-serial", "mon:stdio")


def check_start(machine, board, tree, name):
    assert machine.finish() == 0
    said = [line[8:] for line in machine.text.split("\n") if line.startswith("skerry: ")]
    assert said[:2] == ["entered at EL2, interrupts masked: DAIF 0x3c0", "image  at 0x200000"]
    assert said[2:5] == [f"tree   {tree}", f"board  {name}", f"CPU    {CPU[board]}"]
    assert said[5].startswith("left   MMU off, caches off: SCTLR_EL2 0x")
    assert said[6].startswith("CPUs   4 of 4")
    assert said[8].startswith(f"GIC    {GIC[board]}")
    assert machine.lines("hello")


def check_built_in(machine, board):
    check_start(machine, board, "none: a built-in one, and ATAGs at 0x100", f"{NAME[board]}, by its CPU")


@boards
def test_starts_without_a_tree(boot, board):
    """QEMU leaves ATAGs, which tell the memory and where the bundle is."""
    check_built_in(boot("hello", board=board), board)


def test_newer_qemu(boot, qemu10):
    check_built_in(boot("hello", board="raspi3b", qemu=qemu10), "raspi3b")


def test_atags_tell_the_console(boot):
    check_built_in(boot("hello", board="raspi3b", options=(*SECOND, "-append", "x console=ttyS0,115200")),
                   "raspi3b")


@pytest.fixture
def linux_tree(board):
    """The device tree that Linux has for this board."""
    path = BUILD / "systems" / "pi-trees" / f"{board}.dtb"
    if not path.exists():
        pytest.skip("no trees of Linux: ci/setup could not get them")
    return str(path)


@boards
@pytest.mark.parametrize("options", [SECOND, ("-append", "console=ttyAMA0")], ids=["mini", "pl011"])
def test_linux_tree(boot, board, linux_tree, options):
    """Its stdout-path is the mini UART; bootargs can say otherwise."""
    machine = boot("hello", board=board, options=("-dtb", linux_tree, *options))
    check_start(machine, board, "at 0x8200000", f"{NAME[board]} Model B")


@boards
def test_ends_by_watchdog(boot, board):
    """Without semihosting and PSCI; QEMU ends by itself, and by no reset."""
    machine = boot(None, board=board)
    machine.expect("no bundle")
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0


# Where the function of pins 10 to 19 and the PL011's divisors stand. QEMU's boards start with no firmware.
GPFSEL1 = {"raspi3b": 0x3f200004, "raspi4b": 0xfe200004}
IBRD = {"raspi3b": 0x3f201024, "raspi4b": 0xfe201024}


@boards
def test_uart_is_set_up(boot, board, linux_tree):
    """Pins 14 and 15 to the UART, the baud rate by the clock that the firmware's mailbox tells."""
    machine = boot(None, board=board, monitor=True)
    machine.expect("skerry> ")
    assert machine.words(GPFSEL1[board]) == [4 << 12 | 4 << 15]  # ALT0
    assert machine.words(IBRD[board], 2) == [1, 40]  # QEMU's is 3 MHz: 104 / 64 of 16 * 115200 Hz
    machine.send("quit\r")
    assert machine.finish() == 0
    machine = boot(None, board=board, options=("-dtb", linux_tree, *SECOND), monitor=True)
    machine.expect("skerry> ")
    assert machine.words(GPFSEL1[board]) == [2 << 12 | 2 << 15]  # ALT5


# --- Starts that are not as they should be -----------------------------------------------------

TREE = """/dts-v1/;
/ {{
	model = "a board";
	#address-cells = <1>;
	#size-cells = <1>;
	memory@0 {{ device_type = "memory"; reg = <0 0x38000000>; }};
	{}
}};
"""
NO_TIMER = TREE.format("""
	cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; }; };
	intc@40000000 { compatible = "brcm,bcm2836-l1-intc"; reg = <0x40000000 0x100>; #interrupt-cells = <2>; };
""")
NO_UART = TREE.format("""
	cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; }; };
	i: intc@40000000 { compatible = "brcm,bcm2836-l1-intc"; reg = <0x40000000 0x100>; #interrupt-cells = <2>; };
	timer { compatible = "arm,armv8-timer"; interrupt-parent = <&i>; interrupts = <0 4>, <1 4>, <3 4>, <2 4>; };
""")


def test_bad_tree_is_told_on_a_guessed_uart(boot, dtb):
    """By this tree nothing can stop the machine either."""
    machine = boot(None, board="raspi3b", options=("-dtb", str(dtb(NO_TIMER))))
    machine.expect(r"panic on CPU 0: device tree at 0x\w+: /: no timer: expected arm,armv8-timer")
    machine.expect("machine stops, status 1")


def test_tree_without_a_uart(boot, dtb):
    machine = boot(None, board="raspi3b", options=("-dtb", str(dtb(NO_UART))))
    machine.expect("no UART in the tree that is known: one is guessed")
    machine.expect("skerry: CPUs   1 of 1")
    machine.expect("skerry: no bundle")


@pytest.fixture
def stub(boot, tmp_path):
    """stub(code, board) runs code first, as QEMU enters a kernel there; the image is at 0x200000."""
    def start(code, board="raspi3b", options=(), **kwargs):
        source, elf, raw = (tmp_path / f"stub.{suffix}" for suffix in ("S", "elf", "bin"))
        source.write_text(code + "\n\tmov x9, #0x200000\n\tbr x9\n")
        tools = os.environ.get("CC_AARCH64", "aarch64-linux-gnu-gcc").removesuffix("gcc")
        subprocess.run([f"{tools}gcc", "-c", "-o", elf, source], check=True)
        subprocess.run([f"{tools}objcopy", "-O", "binary", elf, raw], check=True)
        return boot(None, board=board, kernel=False, options=(
            "-kernel", str(raw), "-device",
            f"loader,file={BUILD}/skerry.img,addr=0x200000,force-raw=on", *options), **kwargs)
    return start


@boards
@pytest.mark.parametrize("x0", ["0", "0x33", "0x3000", "-8"])
def test_no_tree_and_no_atags(stub, board, x0):
    """x0 leads nowhere, to no tree, or to where there is nothing at all."""
    machine = stub(f"\tmov x9, #0x100\n\tstr xzr, [x9]\n\tmov x0, #{x0}\n", board)
    machine.expect("tree   none at x0 = 0x[0-9a-f]+: a built-in one")
    machine.expect(f"board  {NAME[board]}, by its CPU")
    machine.expect("CPUs   4 of 4")
    machine.expect("no bundle")


# As a Pi 4's firmware tells 8 GiB, in small: two banks with a hole between them, parts of both reserved.
BANKS = """/dts-v1/;
/memreserve/ 0x1000000 0x1000;
/ {
	model = "two banks";
	compatible = "brcm,bcm2711";
	#address-cells = <2>;
	#size-cells = <1>;
	interrupt-parent = <&gic>;
	memory@0 { device_type = "memory"; reg = <0 0 0x2400000>, <0 0x40000000 0x1c00000>; };
	reserved-memory {
		#address-cells = <2>;
		#size-cells = <1>;
		ranges;
		nvram@40800000 { reg = <0 0x40800000 0x400>; no-map; };
		linux,cma { compatible = "shared-dma-pool"; size = <0x4000000>; reusable; };
	};
	chosen { linux,initrd-start = <0 0x2200000>; linux,initrd-end = <0 0x2280000>; };
	cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; }; };
	timer { compatible = "arm,armv8-timer";
		interrupts = <1 13 0xf08>, <1 14 0xf08>, <1 11 0xf08>, <1 10 0xf08>; };
	gic: intc@ff841000 { compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupts = <1 9 0xf04>;
		reg = <0 0xff841000 0x1000>, <0 0xff842000 0x2000>, <0 0xff844000 0x2000>, <0 0xff846000 0x2000>; };
	serial@fe201000 { compatible = "arm,pl011"; reg = <0 0xfe201000 0x200>; interrupts = <0 121 4>; };
};
"""
# Blocks of 2 MiB for one, and for the others what is left of the blocks that are reserved in part.
PIECES = "".join(f"""piece-{n} {{ compatible = "skerry,guest"; memory-size = <0 0x1fe000>;
	kernel = /incbin/("guests/zero.bin"); }};""" for n in range(4))
ALL_MEMORY = f"""/dts-v1/;
/ {{
	compatible = "skerry,bundle-v1";
	guests {{
		blocks {{ compatible = "skerry,guest"; memory-size = <0 0x3200000>;
			kernel = /incbin/("guests/zero.bin"); }};
		{PIECES}
	}};
}};
"""


def test_banks_and_reserved_memory(stub, dtb):
    """Guests that touch nearly all RAM of both banks: what is reserved is still there afterwards."""
    kept = {0x1000000: 0x11223344, 0x1000ffc: 0x55667788, 0x40800000: 0x99aabbcc, 0x408003fc: 0xddeeff00}
    options = ["-device", f"loader,file={dtb(BANKS, 'tree')},addr=0x2100000,force-raw=on",
               "-device", f"loader,file={dtb(ALL_MEMORY)},addr=0x2200000,force-raw=on"]
    for address, word in kept.items():
        options += ["-device", f"loader,addr={address:#x},data={word:#x},data-len=4"]
    machine = stub("\tldr x0, =0x2100000\n", "raspi4b", options, monitor=True)
    machine.expect("board  two banks")
    machine.expect(r"memory 65536 KiB, \d+ KiB free")
    for _ in range(5):  # some of them maybe before the boot CPU says that all is ready
        machine.expect(r"\] PASS \d+ of \d+ bytes looked at, all zero")
    assert {address: machine.words(address)[0] for address in kept} == kept


# What a careless firmware may leave: every bit that a Cortex-A53 or A72 has, some of it on.
DIRTY = """
	mov	x1, #-1
	msr	cptr_el2, x1
	msr	hstr_el2, x1
	msr	cnthctl_el2, x1
	msr	cntvoff_el2, x1
	msr	vttbr_el2, x1
	msr	vtcr_el2, x1
	msr	ttbr0_el2, x1
	msr	tcr_el2, x1
	msr	mair_el2, x1
	msr	vbar_el2, x1
	msr	vpidr_el2, x1
	msr	vmpidr_el2, x1
	msr	tpidr_el2, x1
	msr	mdscr_el1, xzr
	mov	x2, #0x5f		/* MDCR_EL2: all traps but HPMN's */
	lsl	x2, x2, #5
	msr	mdcr_el2, x2
	msr	cnthp_cval_el2, xzr
	msr	cntv_cval_el0, xzr
	mov	x2, #1
	msr	cnthp_ctl_el2, x2	/* both pending */
	msr	cntv_ctl_el0, x2
	mov	x2, #0x7fffffff
	msr	hcr_el2, x2
	mov	x2, #0x1038		/* I-cache on; little endian, MMU off */
	movk	x2, #0x30c5, lsl #16
	msr	sctlr_el2, x2
	msr	spsel, #0
	isb
	mov	x0, xzr
"""


@boards
def test_dirty_state(stub, board):
    """Nothing is taken for granted: what a firmware left anyhow does no harm, and is shown."""
    machine = stub(DIRTY, board)
    machine.expect("left   MMU off, caches on: SCTLR_EL2 0x30c51038, HCR_EL2 0x5fffffff")
    machine.expect("CPUs   4 of 4")
    machine.expect("no bundle")
    machine.expect("skerry> ")
    machine.send("memory\r")
    machine.expect("channels")


def test_firmware_set_the_uart_up(stub):
    """Then it is left as it is."""
    machine = stub("""
	ldr	x1, =0x3f200000
	ldr	w2, =0x24000
	str	w2, [x1, #4]		/* GPFSEL1: ALT0 */
	ldr	x1, =0x3f201000
	mov	w2, #26
	str	w2, [x1, #0x24]		/* IBRD */
	mov	w2, #3
	str	w2, [x1, #0x28]
	mov	w2, #0x70
	str	w2, [x1, #0x2c]		/* LCR_H */
	mov	w2, #0x301
	str	w2, [x1, #0x30]		/* CR */
""", monitor=True)
    machine.expect("skerry> ")
    assert machine.words(IBRD["raspi3b"], 2) == [26, 3]


def timed(frequency):
    return NO_UART.replace("arm,armv8-timer\";", f"arm,armv8-timer\"; clock-frequency = <{frequency}>;")


def test_counter_frequency_of_the_tree(boot, dtb):
    """It goes before the register's, and that is told."""
    machine = boot("hello", board="raspi3b", options=("-dtb", str(dtb(timed(19200000)))))
    machine.expect("CNTFRQ_EL0 says 62500000 Hz, the device tree 19200000 Hz: that is taken")
    machine.expect("CPUs   1 of 1, 19200000 Hz counter")
    machine.expect("hello from EL1")


def test_no_counter_frequency(boot, dtb):
    machine = boot(None, board="raspi3b", options=("-dtb", str(dtb(timed(32768)))))
    machine.expect("CNTFRQ_EL0 says 62500000 Hz, and the tree's timer no better")


@boards
@pytest.mark.parametrize("x0", ["0", "0x33"])
def test_el1_is_told_so(stub, board, x0):
    machine = stub(f"""
	mov	x1, #0x80000000		/* HCR_EL2.RW */
	msr	hcr_el2, x1
	mov	x1, #0x3c5		/* EL1h, masked */
	msr	spsr_el2, x1
	mov	x1, #0x200000
	msr	elr_el2, x1
	mov	x0, #{x0}
	eret
""", board)
    machine.expect("entered at EL1, but a hypervisor needs EL2")
    machine.expect("machine stops, status 1")
