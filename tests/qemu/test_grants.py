# SPDX-License-Identifier: Apache-2.0
"""Devices of the board in guests' hands: registers without a trap, interrupts, and the way back."""
import re

import pytest

from conftest import ROOT


def monitor(machine, command):
    """A command of QEMU's monitor, which shares the serial line; then back to the line."""
    machine.send("\x01c")
    machine.expect(r"\(qemu\) ")
    machine.send(command + "\r")
    machine.expect(r"\(qemu\) ")
    text = machine.child.before
    machine.send("\x01c")
    return text


@pytest.mark.parametrize("gic", [2, 3])
def test_button_and_alarm_clock(boot, gic):
    """PL061: pins driven and read, and the power button by interrupt; PL031: its alarms."""
    machine = boot("virt-devices", gic=gic)
    machine.expect(r"\[button\] waiting for 3 presses")
    for n in (1, 2, 3):
        monitor(machine, "system_powerdown")
        machine.expect(rf"\[button\] button up {n}")
    assert machine.finish() == 0
    assert "pin 0 driven high reads 1, driven low 0" in machine.lines("button")
    assert "3 presses: done" in machine.lines("button")
    alarms = machine.lines("alarm")
    assert "alarm 1 at 1 s" in alarms and "alarm 2 at 2 s" in alarms
    assert any(re.fullmatch(r"2 alarms in \d+ ms: done", line) for line in alarms)


@pytest.mark.parametrize("how", ["GICv2", "GICv3", "no list registers"])
def test_device_outlives_its_guest(boot, dtb, how):
    """The guest resets itself with the interrupt active and its line high: it gets it anew."""
    bundle = "alarm-reset"
    if how == "no list registers":
        source = (ROOT / "tests/bundles/alarm-reset.dts").read_text()
        bundle = str(dtb(source.replace("memory-size", "gic-version = <2>; memory-size")))
    machine = boot(bundle, gic=2 if how == "GICv2" else 3)
    assert machine.finish() == 0
    assert machine.lines("alarm") == [
        "first life", "second life",
        "PASS the interrupt of the first life came in the second", "PASS and another one"]
    assert "belongs to nobody" not in machine.text
    assert "FAIL" not in machine.text
