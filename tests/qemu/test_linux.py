# SPDX-License-Identifier: Apache-2.0
"""Debian's kernels as guests, as Debian built them, up to a shell that is put to work.

Each boot tries all there is to try on that machine. `make test` has each value of each choice (kernel,
vCPUs, interrupt controller, CPU, QEMU) at least once; `make test-all` has every combination.
"""
import hashlib
import itertools
import random
import re
from collections import namedtuple

import pytest

from conftest import BUILD, shown_lines
from linux import BANNER, Shell, bundle, cpio, guest, need, u_boot

# gic: the guest's; "2on3": a GICv2 emulated where the hardware is a GICv3.
Case = namedtuple("Case", "kernel vcpus gic cpu qemu pcpus counted board", defaults=(4, False, "virt"))

FEW = [
    Case("linux-6.1", 4, "3", "cortex-a57", "7.2"),
    Case("linux-6.12", 1, "2", "max", "10"),
    Case("linux-6.12", 4, "2on3", "cortex-a57", "7.2", pcpus=1, counted=True),
    Case("linux-6.1", 4, "3", "max", "10", pcpus=2),
    Case("linux-6.1", 4, "2", "cortex-a53", "7.2", board="raspi3b"),
    Case("linux-6.12", 4, "2", "cortex-a72", "10", board="raspi4b"),
]
ALL = [Case(*values) for values in itertools.product(
    ("linux-6.1", "linux-6.12"), (1, 4), ("2", "3", "2on3"), ("cortex-a57", "max"), ("7.2", "10"))] + [
        Case(kernel, vcpus, "2", cpu, qemu, board=board)
        for kernel in ("linux-6.1", "linux-6.12") for vcpus in (1, 4)
        for cpu, qemu, board in (("cortex-a53", "7.2", "raspi3b"), ("cortex-a53", "10", "raspi3b"),
                                 ("cortex-a72", "10", "raspi4b"))]


def name(case):
    return "-".join(map(str, case[:5])) + (f"-on{case.pcpus}" if case.pcpus != 4 else "") + (
        f"-{case.board}" if case.board != "virt" else "")


CASES = [pytest.param(case, id=name(case)) for case in FEW] + [
    pytest.param(case, id=name(case), marks=pytest.mark.long) for case in ALL if case not in FEW]


def check_interrupts(shell, case):
    table = shell.interrupts()
    chip = "GICv3" if case.gic == "3" else "GIC-0"
    timer = [counts for what, counts in table.items() if what.endswith("arch_timer")]
    assert len(timer) == 1 and len(timer[0]) == case.vcpus and min(timer[0]) > 0, table
    assert any(re.match(rf"{chip} +33 +Level +uart-pl011", what) for what in table), table
    if case.vcpus > 1:
        each = [sum(counts) for counts in zip(*(
            table[f"{kind} interrupts"] for kind in ("Rescheduling", "Function call")))]
        assert len(each) == case.vcpus and min(each) > 0, table


def check_time(shell, case):
    """A second of sleep is one. Where no other program of the host's is in it, exactly one: what the
    commands around it take, 16 ns an instruction, is the same for two."""
    once = shell.lasts("sleep 1")
    assert once >= 1_000_000_000
    if case.counted:
        second = shell.lasts("sleep 3") - shell.lasts("sleep 2")
        assert 950_000_000 < second < 1_050_000_000, second


def check_hotplug(shell, case):
    if case.vcpus == 1:
        return
    shell("cd /sys/devices/system/cpu")
    last = case.vcpus - 1
    for _ in range(2):
        shell(f"echo 0 >cpu{last}/online")
        assert shell("cat online") == [f"0-{last - 1}" if last > 1 else "0"]
        shell(f"echo 1 >cpu{last}/online")
        assert shell("cat online") == [f"0-{last}"]
    shell(f"taskset {1 << last:x} true")  # it does run
    shell("cd /")


def check_standards(shell, case):
    """What Linux finds by Arm's standards: PSCI, SMCCC, stolen time, entropy."""
    log = "\n".join(shell("dmesg"))
    for words in ("psci: PSCIv1.1 detected in firmware", "psci: SMC Calling Convention v1.2",
                  "arm-pv: using stolen time PV"):
        assert words in log, f"{words!r}\n{log}"
    if case.board != "virt":
        return  # QEMU hands these no seed: Skerry has no entropy to give, and doesn't pretend
    assert "random: crng init done" in log, log
    assert "smccc_trng" not in shell("cat /sys/class/misc/hw_random/rng_current")
    shell("insmod /lib/modules/$(uname -r)/arm_smccc_trng.ko")
    assert shell("cat /sys/class/misc/hw_random/rng_current") == ["smccc_trng"]
    drawn = {tuple(shell("head -c 16 /dev/hwrng | hexdump -C | head -1")) for _ in range(3)}
    assert len(drawn) == 3, drawn


def check_stolen(shell, case):
    """More vCPUs at work than CPUs are there: each waits for a part of the time, and is told."""
    if case.pcpus >= case.vcpus:
        return
    for cpu in range(case.vcpus):
        shell(f"(taskset {1 << cpu:x} yes >/dev/null &)")
    before = shell.cpu_time()
    shell("sleep 2; killall yes")
    passed = [after - start for after, start in zip(shell.cpu_time(), before)]
    worked, stolen = sum(passed[0:3]), passed[7]
    # What all want is pcpus/vcpus there; it is shared, and the rest is stolen.
    share = case.pcpus / case.vcpus
    assert stolen > 0.5 * (1 - share) * (worked + stolen), passed


def check_log(shell, case):
    # a handler that another vCPU takes the CPU from takes long as well
    alone = case.counted and case.pcpus >= case.vcpus
    complaints = [line for line in shell.complaints(alone)
                  if case.board == "virt" or "KASLR disabled due to lack of seed" not in line]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("case", CASES)
def test_shell(boot, dtb, request, case):
    gic = "\n\t\t\tgic-version = <2>;" if case.gic == "2on3" else ""
    source = bundle(guest(kernel=case.kernel, cpus=case.vcpus, more=gic + "\n\t\t\tfocus;"))
    machine = boot(str(dtb(source)), gic=3 if case.gic == "2on3" else int(case.gic), cpu=case.cpu,
                   cpus=case.pcpus, qemu=request.getfixturevalue("qemu10") if case.qemu == "10" else None,
                   options=("-icount", "shift=4,sleep=off") if case.counted else (), board=case.board)
    shell = Shell(machine).wait()
    check_interrupts(shell, case)
    check_time(shell, case)
    check_hotplug(shell, case)
    check_stolen(shell, case)
    check_standards(shell, case)
    check_log(shell, case)
    shell.end("reboot")
    shell.wait()
    check_log(shell, case)
    shell.end("poweroff")
    assert machine.finish() == 0


def test_large_initrd(boot, dtb, tmp_path):
    """A bundle of 140 MB: what is in the initrd arrives, to its last byte."""
    need("busybox")
    data = random.Random(1).randbytes(100 << 20)
    initrd = tmp_path / "initrd.cpio"
    initrd.write_bytes((BUILD / "systems/busybox.cpio").read_bytes() + cpio("large", data))
    machine = boot(str(dtb(bundle(guest(memory=512 << 20, cpus=1, initrd=initrd, more="focus;")))), cpus=1)
    shell = Shell(machine).wait()
    assert shell("md5sum /large") == [hashlib.md5(data).hexdigest() + "  /large"]
    assert shell.complaints() == []
    shell.end("poweroff")
    assert machine.finish() == 0


@pytest.mark.parametrize(("mib", "vcpus", "pcpus", "machine_memory"), [
    (96, 1, 1, "512M"),
    pytest.param(2048, 8, 4, "4G", marks=pytest.mark.long),
    pytest.param(3072, 8, 1, "4G", marks=pytest.mark.long),
    pytest.param(6144, 2, 2, "8G", marks=pytest.mark.long),
])
def test_sizes(boot, dtb, mib, vcpus, pcpus, machine_memory):
    """From megabytes to gigabytes, and more vCPUs than there are CPUs: all there, all of use."""
    node = guest(memory=mib << 20, cpus=vcpus, bootargs="console=ttyAMA0 cma=8M", more="focus;")
    machine = boot(str(dtb(bundle(node))), cpus=pcpus, memory=machine_memory)
    shell = Shell(machine).wait()
    assert shell("nproc") == [str(vcpus)]
    for cpu in range(vcpus):
        shell(f"taskset {1 << cpu:x} true")
    total = int(shell("grep MemTotal /proc/meminfo")[0].split()[1])  # KiB; the kernel keeps some
    assert mib * 1024 * 0.95 - 50 * 1024 < total < mib * 1024
    fill = min(total // 1024 // 3, 1200)  # MiB that nobody has touched yet
    shell(f"dd if=/dev/zero of=/tmp/fill bs=1M count={fill}")
    assert shell("stat -c %s /tmp/fill") == [str(fill << 20)]
    assert shell.complaints() == []
    shell.end("poweroff")
    assert machine.finish() == 0


@pytest.mark.parametrize("gic", [3, pytest.param(2, marks=pytest.mark.long)])
def test_u_boot_starts_linux(boot, dtb, gic):
    """U-Boot in its flash, to its prompt; from there kernel and initramfs, by fw_cfg and booti."""
    need("u-boot")
    node = guest(cpus=2, bootargs="console=ttyAMA0 tide=high",
                 more='firmware = /incbin/("systems/u-boot/u-boot.bin"); focus;')
    machine = boot(str(dtb(bundle(node))), gic=gic)
    u_boot(machine, "linux")
    machine.send("run bootcmd_qfw\r")
    shell = Shell(machine).wait()
    assert "tide=high" in shell("cat /proc/cmdline")[0].split()
    assert shell("nproc") == ["2"]
    assert shell.complaints() == []
    shell.end("reboot")
    u_boot(machine, "linux")
    machine.send("poweroff\r")
    assert machine.finish() == 0


TINY = """\t\t{name} {{
\t\t\tcompatible = "skerry,guest";
\t\t\tmemory-size = <0x0 0x100000>;
\t\t\tkernel = /incbin/("guests/{image}.bin");
\t\t\tbootargs = "{bootargs}";
\t\t}};
"""
NEXT = "\x1dn"


def beats(machine, name):
    """The last beat of a guest that counts half seconds and never ends."""
    return max(int(beat) for beat in re.findall(rf"^\[{name}\] tick (\d+) at", machine.text, re.MULTILINE))


def ended(machine, name):
    """The states of all guests, from the prompt, as soon as this one has ended."""
    states = {}
    while states.get(name) != "ended":
        machine.expect("skerry> ")
        machine.send("list\r")
        for _ in range(5):
            found = machine.expect(r"\n *\d+ +(\w+) +([a-z]+) +\d")
            states[found[1]] = found[2]
    return states


@pytest.mark.parametrize("pcpus", [1, 4])
def test_two_beside_three_tiny_ones(boot, dtb, pcpus):
    """Both shells work by turns; who restarts or ends is one guest, and the others go on."""
    machine = boot(str(dtb(bundle(
        guest("left", "linux-6.1", cpus=2, memory=192 << 20, more="\n\t\t\tfocus;"),
        guest("right", "linux-6.12", cpus=2, memory=192 << 20),
        TINY.format(name="cms", image="cms", bootargs=""),
        TINY.format(name="long", image="ticker", bootargs="ticks=1000000 period=1000"),
        TINY.format(name="short", image="ticker", bootargs="ticks=1000000 period=500"),
    ))), cpus=pcpus)
    there = set()
    while len(there) < 2:
        there.add(machine.expect(BANNER.format(name="left|right"))[1])
    left, right = Shell(machine, "left"), Shell(machine, "right")

    def switch(shell):
        machine.send(NEXT)
        machine.expect(f"keyboard to {shell.name} ")
        shell.prompt()

    machine.send("\r")
    left.prompt()
    left("dmesg -n 1; echo mine >/tmp/mark")
    switch(right)
    right("dmesg -n 1; echo my own >/tmp/mark")
    assert right("cat /tmp/mark") == ["my own"]
    machine.send(NEXT)
    machine.expect("keyboard to cms ")
    machine.send("echo between\r")
    machine.expect(r"\[cms\] between\r")
    for shown in ("keyboard to long ", "keyboard to short ", "skerry> "):
        machine.send(NEXT)
        machine.expect(shown)
    switch(left)
    assert left("cat /tmp/mark") == ["mine"]

    left.end("reboot")
    beat = beats(machine, "short"), beats(machine, "long")
    left.wait()
    left("test -e /tmp/mark", status=1)
    assert left.complaints() == []
    assert beat < (beats(machine, "short"), beats(machine, "long"))
    switch(right)
    assert right("cat /tmp/mark") == ["my own"]
    assert right.complaints() == []

    right.end("poweroff")
    machine.expect("Requesting system poweroff")
    machine.send("\x1dp")
    states = ended(machine, "right")
    assert states == {"left": "running", "right": "ended", "cms": "running", "long": "running",
                      "short": "running"}
    machine.send("focus left\r")
    left.prompt()
    left.end("poweroff")
    machine.expect("Requesting system poweroff")
    machine.send("\x1dp")
    ended(machine, "left")
    beat = beats(machine, "short")
    machine.expect(rf"\[short\] tick {beat + 3} ")
    machine.send("\x1dq")
    assert machine.finish() == 0
    for shell, starts in ((left, 2), (right, 1)):
        assert len([line for line in shown_lines(machine.text, shell.name)
                    if re.match(BANNER.format(name=shell.name), f"[{shell.name}] {line}")]) == starts
    for name in ("long", "short"):
        ticks = [int(line.split()[1]) for line in shown_lines(machine.text, name) if line.startswith("tick ")]
        assert ticks == list(range(1, len(ticks) + 1)), name
