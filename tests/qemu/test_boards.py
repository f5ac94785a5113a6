# SPDX-License-Identifier: Apache-2.0
"""The Raspberry Pis, from the same image: how they start, with a device tree and without."""
import pytest

from conftest import BOARDS

SAYS = {
    "raspi3b": ["board  Raspberry Pi 3, by its CPU", "GIC    BCM2836, 0 list registers"],
    "raspi4b": ["board  Raspberry Pi 4, by its CPU", "GIC    GICv2, 4 list registers"],
}


def check_start(machine, board):
    assert machine.finish() == 0
    text = machine.text
    assert "skerry: entered at EL2, image at 0x200000, no device tree: a built-in one, ATAGs at 0x100" \
        in text
    for line in SAYS[board]:
        assert f"skerry: {line}" in text
    assert "skerry: CPUs   4 of 4" in text
    assert machine.lines("hello")


@pytest.mark.parametrize("board", BOARDS)
def test_starts_without_a_tree(boot, board):
    """QEMU leaves ATAGs, which tell the memory and where the bundle is."""
    check_start(boot("hello", board=board), board)


def test_newer_qemu(boot, qemu10):
    check_start(boot("hello", board="raspi3b", qemu=qemu10), "raspi3b")


@pytest.mark.parametrize("board", BOARDS)
def test_ends_by_watchdog(boot, board):
    """Without semihosting and PSCI; QEMU ends by itself, and by no reset."""
    machine = boot(None, board=board)
    machine.expect("no bundle")
    machine.expect("skerry> ")
    machine.send("quit\r")
    assert machine.finish() == 0
