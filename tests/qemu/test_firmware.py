# SPDX-License-Identifier: Apache-2.0
"""Firmware that others wrote, as a guest: EDK2 to its shell, U-Boot to its prompt, put to work there."""
import re

import pytest

from conftest import BUILD
from linux import Shell, need, u_boot

EFI = "systems/efi/QEMU_EFI.fd"
U_BOOT = "systems/u-boot/u-boot.bin"
SHELL = r"\[fw\] Shell> "
PROMPT = r"\[fw\] => "


@pytest.fixture
def firmware(boot, dtb):
    """firmware(file, vcpus=1, beside="", more="", …) boots it as guest `fw`, which has the keyboard."""
    def start(file, vcpus=1, beside="", more="", **where):
        if not (BUILD / file).exists():
            pytest.skip(f"{file}: ci/setup could not get it")
        return boot(dtb(f"""/dts-v1/;
/ {{
    compatible = "skerry,bundle-v1";
    chosen {{ shutdown-when-done; }};
    guests {{
        fw {{
            compatible = "skerry,guest";
            memory-size = <0 0x10000000>;
            cpus = <{vcpus}>;
            firmware = /incbin/("{file}");
            {more}
            focus;
        }};
        {beside}
    }};
}};"""), **where)
    return start


def shell(machine):
    """From EDK2's first word to its shell; its countdown needs no waiting for."""
    machine.expect(r"\[fw\] UEFI firmware")
    machine.expect(r"Press ESC in \d seconds")
    machine.send("\r")
    machine.expect(SHELL)


def run(machine, command, *answers, prompt=SHELL):
    """Types a command, no faster than it is echoed. What it must answer, in this order, then the prompt."""
    for at in range(0, len(command), 16):
        piece = command[at:at + 16]
        machine.send(piece)
        machine.expect(re.escape(piece))
    machine.send("\r")
    for answer in answers:
        machine.expect(answer)
    machine.expect(prompt)


VARIABLE = "tide -guid 5ea5c8f2-0d6e-4a57-9c63-2f7d8b1e4a90"
TICKER = """ticker {
            compatible = "skerry,guest";
            memory-size = <0 0x100000>;
            kernel = /incbin/("guests/ticker.bin");
            bootargs = "ticks=3 period=100";
        };"""


def test_edk2(firmware):
    """To the shell; time passes; a variable in the flash outlives a reset of this guest, and no other
    guest notices either; the end of this guest is the end of this guest."""
    machine = firmware(EFI, vcpus=4, beside=TICKER, gic=3)
    shell(machine)
    run(machine, "ver", r"UEFI Interactive Shell v2\.\d", r"UEFI v2\.70 \(EDK II")
    run(machine, "map", "No mapping found")
    run(machine, "stall 1000000")
    run(machine, "date", r"\d\d/\d\d/\d\d\d\d")
    run(machine, f"setvar {VARIABLE} -nv -bs =0x5eac0a57")
    machine.send("reset\r")
    shell(machine)
    run(machine, f"setvar {VARIABLE}", r"57 0A AC 5E|5E AC 0A 57")
    machine.send("reset -s\r")
    assert machine.finish() == 0
    assert any(line.startswith("tick 3 ") for line in machine.lines("ticker"))
    assert "Exception" not in machine.text


@pytest.mark.long
@pytest.mark.parametrize("where", [
    pytest.param({"gic": 2, "cpus": 4, "vcpus": 4}, id="gicv2-4"),
    pytest.param({"gic": 2, "cpus": 1, "vcpus": 1}, id="gicv2-1"),
    pytest.param({"gic": 3, "cpus": 1, "vcpus": 4}, id="gicv3-1cpu"),
    pytest.param({"board": "raspi4b", "vcpus": 4}, id="raspi4b"),
    pytest.param({"board": "raspi3b", "vcpus": 1}, id="raspi3b"),
])
def test_edk2_elsewhere(firmware, where):
    machine = firmware(EFI, **where)
    shell(machine)
    run(machine, "ver", r"UEFI v2\.70 \(EDK II")
    machine.send("reset -s\r")
    assert machine.finish() == 0
    assert "Exception" not in machine.text


@pytest.mark.parametrize("gic", [2, 3])
def test_u_boot(firmware, gic):
    """To the prompt; its flash is found, erased and written; its environment outlives a reset."""
    machine = firmware(U_BOOT, gic=gic, cpus=1)
    u_boot(machine, "fw")
    run(machine, "flinfo", "Bank # 1: CFI conformant flash", prompt=PROMPT)
    run(machine, "setenv tide high; saveenv", "Writing to Flash", "done", prompt=PROMPT)
    machine.send("reset\r")
    since = len(machine.text)
    u_boot(machine, "fw")
    assert "Loading Environment from Flash... OK" in machine.text[since:]
    run(machine, "printenv tide", "tide=high", prompt=PROMPT)
    machine.send("poweroff\r")
    assert machine.finish() == 0


LINUX = """kernel = /incbin/("systems/linux-6.1/Image");
            initrd = /incbin/("systems/busybox.cpio");
            bootargs = "console=ttyAMA0 tide=high";"""


@pytest.mark.long
@pytest.mark.parametrize("gic", [2, 3])
def test_edk2_starts_linux(firmware, gic):
    """By fw_cfg and the kernel's EFI stub: Linux with UEFI's runtime services, which reset and end it."""
    need("linux-6.1", "busybox")
    machine = firmware(EFI, vcpus=2, more=LINUX, gic=gic)
    sh = Shell(machine, "fw").wait()
    assert "tide=high" in sh("cat /proc/cmdline")[0]
    assert "systab" in sh("ls /sys/firmware/efi")[0].split()
    sh.end("reboot")
    sh.wait()
    sh.end("poweroff")
    assert machine.finish() == 0


def test_u_boot_starts_linux(firmware):
    """U-Boot loads kernel and initrd by fw_cfg, as its bootcmd has it, and hands its tree on."""
    need("linux-6.1", "busybox")
    machine = firmware(U_BOOT, vcpus=2, more=LINUX)
    u_boot(machine, "fw")
    machine.send("run bootcmd\r")
    sh = Shell(machine, "fw").wait()
    assert "tide=high" in sh("cat /proc/cmdline")[0]
    sh.end("poweroff")
    assert machine.finish() == 0
