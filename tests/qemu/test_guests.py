# SPDX-License-Identifier: Apache-2.0
"""Each guest of guest-pv/ and each feature it shows, on both controllers, with one CPU and four."""
import re

import pytest

from conftest import BOARDS, ROOT, everywhere

# Guest time is instructions here: no host's speed is in the verdict.
COUNTED = ("-icount", "shift=4,sleep=off")


def run(boot, bundle, status=0, **where):
    machine = boot(bundle, **where)
    assert machine.finish() == status, machine.text[-6000:]
    return machine


def has(machine, guest, pattern):
    found = [line for line in machine.lines(guest) if re.search(pattern, line)]
    assert found, f"{guest} never said {pattern!r}:\n{machine.text[-6000:]}"
    return found


@everywhere
def test_hello(boot, where):
    has(run(boot, "hello", **where), "hello", r"^hello from EL1: I am hello, guest 0, CPU 0 of 1$")


@everywhere
def test_ticker(boot, where):
    machine = run(boot, "ticker", **where)
    ticks = [line for line in machine.lines("ticker") if line.startswith("tick ")]
    assert len(ticks) >= 5
    has(machine, "ticker", r"ticks: done$")


@everywhere
def test_tour(boot, where):
    machine = run(boot, "tour", **where)
    assert "UNEXPECTED" not in machine.text
    has(machine, "tour", r"^tour over: ")


@everywhere
@pytest.mark.parametrize("bundle", ["smp4", "smp8"])
def test_smp(boot, where, bundle):
    machine = run(boot, bundle, **where)
    has(machine, "smp", r"^sum \d+: right$")
    assert len(has(machine, "smp", r"is up, MPIDR")) >= int(bundle[3:]) - 1


@everywhere
@pytest.mark.parametrize("bundle", ["pingpong", "pingpong1"])
def test_channel(boot, where, bundle):
    machine = run(boot, bundle, **where)
    has(machine, "ping", r"rounds, \d+ bells, sum \d+: right")
    has(machine, "pong", r"rounds, \d+ bells: done")


@everywhere
def test_fp_registers_stay_apart(boot, where):
    machine = run(boot, "fp3", **where)
    for guest in ("fp-a", "fp-b", "fp-c"):
        has(machine, guest, r"right$")


@everywhere
@pytest.mark.parametrize("bundle", ["gictest1", "gictest4", "gictest"])
def test_interrupt_controller(boot, where, bundle):
    machine = run(boot, bundle, **where)
    assert "FAIL" not in machine.text
    assert re.search(r"gictest: [1-9]\d* passed, 0 failed", machine.text)


@everywhere
def test_forms_without_syndrome(boot, where):
    machine = run(boot, "ldst", **where)
    assert "FAIL" not in machine.text
    has(machine, "ldst", "all forms right")


@everywhere
def test_memory_reads_as_zero(boot, where):
    machine = run(boot, "zero", **where)
    for guest in ("small", "odd", "large"):
        has(machine, guest, "^PASS .* all zero$")


@everywhere
def test_reset_gives_a_clean_copy(boot, where):
    machine = run(boot, "reset", **where)
    has(machine, "reset", "^PASS after the reset")
    assert "FAIL" not in machine.text


@everywhere
def test_kinds_of_kernel(boot, where):
    machine = run(boot, "load", **where)
    for guest in ("image", "flat", "elf"):
        has(machine, guest, "^PASS image at")


@everywhere
def test_least_memory(boot, where):
    machine = run(boot, "tiny", **where)
    has(machine, "hello", "^hello from EL1")
    has(machine, "sum", "right$")


def shares(machine, weights):
    counts = {guest: int(has(machine, guest, r"^spin \d+$")[0].split()[1]) for guest in weights}
    total, whole = sum(counts.values()), sum(weights.values())
    return {guest: counts[guest] / total / (weights[guest] / whole) - 1 for guest in weights}



@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize(("bundle", "weights"), [
    ("spin", {"spin-a": 100, "spin-b": 100, "spin-c": 100}),
    ("spin-weights", {"spin-100": 100, "spin-200": 200, "spin-400": 400}),
])
def test_fair_within_two_per_cent(boot, gic, bundle, weights):
    machine = run(boot, bundle, gic=gic, cpus=1, options=COUNTED)
    for guest, error in shares(machine, weights).items():
        assert abs(error) < 0.02, f"{guest}: {error:+.2%}"


@pytest.mark.parametrize("gic", [2, 3])
def test_every_cpu_works_under_counted_time(boot, gic):
    """With -icount QEMU runs CPUs in turn: whoever spins for another must yield to it."""
    has(run(boot, "smp4", gic=gic, options=COUNTED), "smp", "right$")


def test_two_hundred_guests_in_half_a_gigabyte(boot, dtb):
    import subprocess
    source = subprocess.run(["/usr/bin/python3", str(ROOT / "tests/bundles/gen_many.py"), "220"],
                            capture_output=True, text=True, check=True).stdout
    machine = boot(str(dtb(source, "many")), cpus=4, memory="512M")
    assert machine.finish() == 0
    for n in range(220):
        has(machine, f"sum-{n}", r"^sum \d+: right$")


@pytest.mark.parametrize("board", ["virt", *BOARDS])
def test_demo_keeps_five_at_work(boot, board):
    machine = boot("demo", board=board)
    machine.expect(r"\[ticker\] tick 3 ")
    while len(set(re.findall(r"^\[([\w.-]+)\] ", machine.text, re.MULTILINE))) < 5:
        machine.expect("\n")
    machine.send("\x1dp")
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0


@pytest.mark.parametrize("cpus", [1, 4])
@pytest.mark.parametrize("bundle", ["gictest", "gictest4", "ticker", "smp4", "pingpong", "fp3", "tour",
                                    "ldst"])
def test_gicv2_without_list_registers(boot, dtb, bundle, cpus):
    """gic-version = <2> on GICv3 hardware: the CPU interface is emulated (HCR_EL2.VI)."""
    source = (ROOT / "tests" / "bundles" / f"{bundle}.dts").read_text()
    source = source.replace("memory-size", "gic-version = <2>; memory-size")
    machine = run(boot, str(dtb(source)), cpus=cpus)
    assert "FAIL" not in machine.text and "WRONG" not in machine.text
    assert "GICv2" in "".join(line for line in machine.text.split("\n") if "skerry: guest" in line)
