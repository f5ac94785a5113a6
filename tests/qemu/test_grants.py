# SPDX-License-Identifier: Apache-2.0
"""Devices of the board in guests' hands: registers without a trap, interrupts, and the way back."""
import re

import pytest

from conftest import BOARDS, BUILD, ROOT


@pytest.mark.parametrize("gic", [2, 3])
def test_button_and_alarm_clock(boot, gic):
    """PL061: pins driven and read, and the power button by interrupt; PL031: its alarms."""
    machine = boot("virt-devices", gic=gic, monitor=True)
    machine.expect(r"\[button\] waiting for 3 presses")
    for n in (1, 2, 3):
        machine.monitor("system_powerdown")
        machine.expect(rf"\[button\] button up {n}")
    assert machine.finish() == 0
    assert "pin 0 driven high reads 1, driven low 0" in machine.lines("button")
    assert "3 presses: done" in machine.lines("button")
    # QEMU's alarm comes a second after it was set, not at the second's end: with what the way takes each time
    # another second may have begun
    said = "\n".join(machine.lines("alarm"))
    alarms = [(int(n), int(seconds)) for n, seconds in re.findall(r"^alarm (\d+) at (\d+) s$", said, re.MULTILINE)]
    assert alarms[-1][0] == 2 and all(seconds >= n for n, seconds in alarms), said
    assert re.search(r"^2 alarms in \d+ ms: done$", said, re.MULTILINE), said


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


# --- Raspberry Pis ------------------------------------------------------------------------------

GPIO = {"raspi3b": 0x3f200000, "raspi4b": 0xfe200000}
GPFSEL2, GPLEV0 = 0x08, 0x34


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("tree", ["built-in", "Linux'"])
def test_blink(boot, board, tree):
    """The guest drives the board's pin 21; QEMU's monitor sees it in the physical registers."""
    options = ()
    if tree != "built-in":
        path = BUILD / "systems" / "pi-trees" / f"{board}.dtb"
        if not path.exists():
            pytest.skip("no trees of Linux: ci/setup could not get them")
        options = ("-dtb", str(path), "-append", "console=ttyAMA0")
    machine = boot("pi-devices", board=board, options=options, monitor=True)
    machine.expect("10 ticks, 0 levels wrong: done, the pin stays high")
    machine.expect("\n")
    assert machine.words(GPIO[board] + GPLEV0)[0] >> 21 & 1 == 1
    assert machine.words(GPIO[board] + GPFSEL2)[0] >> 3 & 7 == 1, "an output"
    # The system timer's interrupt goes through the BCM2835's controller and the BCM2836's to the
    # emulated GICv2. QEMU's Pi 4 has no wire there.
    own = "the system timer doesn't interrupt: time by this guest's own" in machine.lines("blink")
    assert own == (board == "raspi4b")
    machine.send("\x1dq")
    assert machine.finish() == 0


@pytest.mark.parametrize(("board", "reason"), [
    ("raspi3b", "on a page of it is the interrupt controller: never a guest's"),
    ("raspi4b", "it may access memory by itself (it isn't known not to): expected allow-dma"),
])
def test_mailbox_is_refused(boot, dtb, board, reason):
    source = (ROOT / "dts/pi-devices.dts").read_text().replace("/soc/gpio@7e200000", "/soc/mailbox@7e00b880")
    machine = boot(str(dtb(source)), board=board)
    machine.expect("bundle refused, no guest starts: /guests/blink/devices/pins: device: " + re.escape(reason))
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0
