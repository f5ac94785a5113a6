# SPDX-License-Identifier: Apache-2.0
"""A guest's fault ends that guest, with a report; the others do not notice. Hostile guests too."""
import re
import subprocess

import pytest

from conftest import BUILD, everywhere


def honest_lines(machine, guest):
    return [line for line in machine.lines(guest) if line == "honest: all sums right"]


@everywhere
@pytest.mark.parametrize("how", ["vectors", "abort", "mmu", "pc"])
def test_crash_is_reported(boot, where, how):
    machine = boot(f"crash-{how}", **where)
    assert machine.finish() == 1
    assert honest_lines(machine, "bystander")
    report = [line for line in machine.text.split("\n") if line.startswith("skerry: guest crash")]
    assert report, machine.text[-4000:]
    text = "\n".join(line for line in machine.text.split("\n") if line.startswith("skerry"))
    assert "vCPU 0" in text and re.search(r"pc +0x|PC +0x|at 0x", text), text


def function_at(program, address):
    """The name of the function of a guest's program that has this guest address."""
    out = subprocess.run(["aarch64-linux-gnu-addr2line", "-f", "-e", str(BUILD / "guests" / f"{program}.elf"),
                          hex(address)], capture_output=True, text=True, check=True)
    return out.stdout.split("\n")[0]


def test_crash_report_tells_who_called(boot):
    machine = boot("crash-abort", gic=3, cpus=1)
    assert machine.finish() == 1
    calls = [int(address, 16) for address in
             re.findall(r"guest crash\S*:   called from ([0-9a-f]{16})", machine.text)]
    assert [function_at("crash", call) for call in calls] == ["rt_main", "_start"], machine.text
    assert re.search(r"exception \d+ that it was given, at PC [0-9a-f]{16}: ", machine.text)
    last = re.search(r"exit by hypercall, the last of \d+ at PC ([0-9a-f]{16})", machine.text)
    assert function_at("crash", int(last[1], 16) - 4) not in ("", "??")


@everywhere
@pytest.mark.parametrize(("how", "status"), [("off", 0), ("exit3", 3), ("cpuoff", 0), ("panic", 255)])
def test_ends_with_its_code(boot, where, how, status):
    machine = boot(f"crash-{how}", **where)
    assert machine.finish() == status
    assert honest_lines(machine, "bystander")


@pytest.mark.parametrize("gic", [2, 3])
def test_destroyed_after_crash(boot, gic):
    machine = boot("crash-destroy", gic=gic)
    assert machine.finish() == 1
    assert honest_lines(machine, "bystander")


@pytest.mark.parametrize("gic", [2, 3])
def test_crash_may_stop_the_machine(boot, gic):
    assert boot("crash-shutdown", gic=gic).finish() == 1


RESTARTS = """/dts-v1/;
/ {
	compatible = "skerry,bundle-v1";
	guests {
		again {
			compatible = "skerry,guest";
			memory-size = <0x0 0x100000>;
			kernel = /incbin/("guests/crash.bin");
			bootargs = "how=abort";
			on-crash = "restart";
			RESTART_LIMIT
		};
		bystander {
			compatible = "skerry,guest";
			memory-size = <0x0 0x100000>;
			kernel = /incbin/("guests/honest.bin");
			bootargs = "rounds=50";
		};
	};
};
"""


@pytest.mark.parametrize("gic", [2, 3])
def test_crash_may_start_the_guest_again(boot, dtb, gic):
    machine = boot(str(dtb(RESTARTS.replace("RESTART_LIMIT", ""))), gic=gic, cpus=1)
    for _ in range(3):
        machine.expect(r"\[again\] crash: on purpose")
        machine.expect("guest again: crashed on vCPU 0")
    if not honest_lines(machine, "bystander"):  # whichever of the two was first
        machine.expect(r"\[bystander\] honest: all sums right")
    machine.send("halt again\r")
    machine.expect("again is halted")
    machine.send("quit\r")
    assert machine.finish() == 0


def test_crash_does_not_start_the_guest_for_ever(boot, dtb):
    limited = RESTARTS.replace("RESTART_LIMIT", "restart-limit = <3 600>;").replace(
        "guests {", "chosen { shutdown-when-done; };\n\tguests {", 1)
    machine = boot(str(dtb(limited, "limited")), gic=3, cpus=1)
    for wait in ("10", "20"):
        machine.expect(f"guest again: starts again in {wait} ms")
    assert machine.finish() == 1
    assert "guest again: left as it is: restarted 3 times within 600 s" in machine.text
    assert honest_lines(machine, "bystander")
    assert machine.text.count("guest again: crashed on vCPU 0") == 4


@everywhere
def test_hostile_beside_honest(boot, where):
    machine = boot("hostile", **where)
    assert machine.finish() == 0
    assert honest_lines(machine, "honest")
    assert any(line.startswith("hostile: seed") for line in machine.lines("hostile"))
    # Nobody but the honest guest speaks in its name.
    assert "honest: I lie" not in "\n".join(machine.lines("honest"))


@pytest.mark.parametrize("gic", [2, 3])
def test_three_hostile_on_one_cpu(boot, gic):
    machine = boot("hostile3", gic=gic, cpus=1)
    assert machine.finish() == 0
    assert honest_lines(machine, "honest")


@pytest.mark.parametrize("cpu", ["cortex-a53", "max"])
def test_hostile_on_other_cpus(boot, cpu):
    machine = boot("hostile", cpu=cpu)
    assert machine.finish() == 0
    assert honest_lines(machine, "honest")


def test_hostile_on_newer_qemu(boot, qemu10):
    machine = boot("hostile", cpu="max", qemu=qemu10)
    assert machine.finish() == 0
    assert honest_lines(machine, "honest")
