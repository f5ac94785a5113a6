# SPDX-License-Identifier: Apache-2.0
"""The keyboard: focus, the attention key, the prompt's commands."""
import pytest

from conftest import BOARDS

ATTENTION = "\x1d"


@pytest.mark.parametrize("board", ["virt", *BOARDS])
def test_focus_moves_and_comes_back(boot, board):
    machine = boot("demo", board=board)
    machine.expect("keyboard to cms")
    machine.send("who\r")
    machine.expect(r"\[cms\]")
    machine.send(ATTENTION + "p")
    machine.expect("skerry> ")
    machine.send("list\r")
    machine.expect(r"cms +running")
    machine.send("memory\r")
    machine.expect("hypervisor +[0-9]+ KiB")
    machine.send("focus cms\r")
    machine.expect("keyboard to cms")
    machine.send(ATTENTION + "p")
    machine.send("halt cms\r")
    machine.expect("cms is halted")
    for _ in range(100):  # its vCPU may have to be fetched off another CPU first
        machine.send("list\r")
        if machine.expect(r"cms +(ending|ended)").group(1) == "ended":
            break
    else:
        raise AssertionError("cms is still ending")
    machine.send("quit\r")
    assert machine.finish() == 0


def test_mistakes_are_told(boot):
    machine = boot(None)
    machine.expect("skerry> ")
    machine.send("halt nobody\r")
    machine.expect('no guest "nobody"')
    machine.send("focus\r")
    machine.expect("focus needs an argument")
    machine.send("frobnicate\r")
    machine.expect('no command "frobnicate"')
    machine.send("hellp\b\x7fp\r")  # a corrected line
    machine.expect("Ctrl-]")
    machine.send(ATTENTION + "q")
    assert machine.finish() == 0
