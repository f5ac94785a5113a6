# SPDX-License-Identifier: Apache-2.0
"""`trace`: what guests do, in words, as it happens; and nothing more once it is off."""
import json
import re

import pytest

from conftest import everywhere

ATTENTION = "\x1d"
LINE = re.compile(r"^skerry: +\d+\.\d{6} (\w+)/(\d) at [0-9a-f]+: (.*)$", re.MULTILINE)


def prompt(boot, bundle, **where):
    machine = boot(bundle, **where)
    machine.expect("ready  after")
    machine.send(ATTENTION + "p")
    machine.expect("skerry> ")
    return machine


def restart(machine, guest):
    """From its start, whether it has ended by now or not; while it is just ending nobody may."""
    for _ in range(200):
        machine.send(f"restart {guest}\r")
        if machine.expect(f"skerry: {guest} (starts again|is just ending)").group(1) == "starts again":
            return
    raise AssertionError(f"{guest} never ends")


@everywhere
def test_a_guest_is_traced_from_its_start(boot, where):
    machine = prompt(boot, "demo", **where)
    machine.send("trace smp psci\r")
    since = len(machine.text)
    restart(machine, "smp")
    machine.expect_each([rf"smp/\d at [0-9a-f]+: PSCI CPU_ON\(0x{n}, 0x4\w+, 0x\w+\) = SUCCESS" for n in (1, 2, 3)]
                        + [r"\[smp\] sum \d+: right"], since)
    machine.send("trace ticker mmio sysreg interrupt\r")
    since = len(machine.text)
    restart(machine, "ticker")
    machine.expect_each([r"ticker/0 at [0-9a-f]+: GICD_CTLR <- 0x\w+",
                         r"ticker/0 at [0-9a-f]+: interrupt \d+, its timer"], since)
    # off: it goes on unseen
    machine.send("trace off\rmessage from here\r")
    machine.expect("skerry: message: from here")
    since = len(machine.text)
    restart(machine, "ticker")
    machine.expect_each([r"\[ticker\] tick 2 "], since)
    machine.send("shutdown 0\r")
    machine.finish()
    text = machine.text[machine.text.index("skerry: message: from here"):]
    assert not LINE.search(text), text
    seen = LINE.findall(machine.text)
    assert {guest for guest, _, _ in seen} == {"smp", "ticker"}
    assert all("PSCI" in what for guest, _, what in seen if guest == "smp")
    assert not any(re.search("CONSOLE|CPU_ON", what) for guest, _, what in seen if guest == "ticker")


def test_as_json_lines(boot):
    machine = prompt(boot, "demo", gic=3, cpus=1)
    machine.send("reset tour\r")  # nothing of its first life, in which it may just be
    machine.expect("tour is reset")
    machine.send("trace tour all json\rbegin tour\r")
    machine.expect("off CPU 0: its end")
    machine.send("trace off\rtrace json\rshutdown 0\r")
    machine.finish()
    rows = [json.loads(line) for line in machine.text.split("\n") if line.startswith('{"trace":')]
    assert {row["guest"] for row in rows} == {"tour"}
    what = [row["what"] for row in rows]
    assert any(one.startswith("onto CPU 0") for one in what)
    assert any(one.startswith("SMCCC 0x8600ff01(") for one in what)
    assert "read IPA 0x3f000000: refused" in what
    assert {row["trace"] for row in rows} >= {"hypercall", "mmio", "psci", "switch"}
    off = [json.loads(line) for line in machine.text.split("\n") if line.startswith('{"guest":"tour","hyp')]
    assert not any(value for key, value in off[-1].items() if key != "guest")


BUNDLE = """/dts-v1/;
/ { compatible = "skerry,bundle-v1"; guests {
	storm { compatible = "skerry,guest"; memory-size = <0 0x100000>;
		kernel = /incbin/("guests/storm.bin"); bootargs = "how=yield rounds=1000000000"; };
	watch { compatible = "skerry,guest"; memory-size = <0 0x100000>;
		kernel = /incbin/("guests/storm.bin"); bootargs = "how=watch rounds=100 gap=5000 share=45"; };
}; };"""


@pytest.mark.parametrize("gic", [2, 3])
def test_a_flood_slows_its_guest_only(boot, dtb, gic):
    """A guest that does nothing but trap, all of it traced; beside it on the one CPU another has its share,
    and waits no longer than ever (storm.c: watch)."""
    machine = prompt(boot, dtb(BUNDLE), gic=gic, cpus=1, options=("-icount", "shift=4,sleep=off"))
    machine.send("trace storm all\r")
    machine.expect("storm/0 at")
    machine.send("restart watch\r")
    machine.expect("watch starts again")
    assert machine.expect(r"\[watch\] storm: (over|FAIL)").group(1) == "over"
    machine.send("trace off\rshutdown 0\r")
    assert machine.finish() == 0
    assert len(LINE.findall(machine.text)) > 20
