# SPDX-License-Identifier: Apache-2.0
"""What can't be honoured refuses the whole bundle, by name, and the prompt still comes up.

Each file of tests/bundles/bad says in its first line what the hypervisor must say.
"""
import re
from pathlib import Path

import pytest

from conftest import BUILD

BAD = sorted((Path(__file__).parents[1] / "bundles" / "bad").glob("*.dts"))


def check_refused(machine, expected):
    machine.expect("bundle refused, no guest starts: [^\r\n]*" + re.escape(expected))
    machine.expect("skerry> ")
    machine.send("list\r")
    machine.expect("no guest: ")
    machine.send("quit\r")
    assert machine.finish() == 0
    assert not re.search(r"^\[", machine.text, re.MULTILINE), "a guest ran"


def test_there_are_enough_of_them():
    assert len(BAD) >= 20


@pytest.mark.parametrize("source", BAD, ids=[path.stem for path in BAD])
def test_refused(boot, dtb, source):
    text = source.read_text()
    expected = re.match(r"// expect: (.+)", text).group(1).strip()
    check_refused(boot(str(dtb(text, source.stem)), cpus=1, memory="256M"), expected)


def test_truncated(boot, tmp_path):
    whole = (BUILD / "bundles" / "hello.dtb").read_bytes()
    cut = tmp_path / "cut.dtb"
    cut.write_bytes(whole[:len(whole) // 2])
    check_refused(boot(str(cut), cpus=1, memory="256M"), "")


def test_not_a_tree(boot, tmp_path):
    noise = tmp_path / "noise.dtb"
    noise.write_bytes(bytes(range(256)) * 64)
    check_refused(boot(str(noise), cpus=1, memory="256M"), "")
