# SPDX-License-Identifier: Apache-2.0
"""Ten million wrong things on each interrupt controller, in a checked build, beside honest guests.

The hostile guests are tests/guests/siege.c (everything wrong, by chance), the same in ways that no guest
survives (how=fatal), and storm.c (CPUs on and off, resets, yields without end). SIEGE_SEED: where to begin;
SIEGE_ACTS: how many in all, if not 10.4 million. What the honest guests and storm.c do grows with it.
"""
import os
import re
from collections import Counter

import pytest

import linux
from conftest import HANG_GUARD
from test_containment import guest
from test_prompt import Operator

SEED = int(os.environ.get("SIEGE_SEED") or 1)
ACTS = int(os.environ.get("SIEGE_ACTS") or 10_400_000)

BUNDLE = """/dts-v1/;
/ {{
	compatible = "skerry,bundle-v1";
	guests {{ {guests} }};
	channels {{ {channels} }};
}};
"""
CHANNEL = """
		{name} {{
			compatible = "skerry,channel";
			ends = "{name}", "{peer}";
			size = <0x1000>;
		}};
"""


def bundle(*guests, **peers):
    """`peers`: a guest's name and that of the guest at the other end of its channel."""
    channels = "".join(CHANNEL.format(name=name.replace("_", "-"), peer=peer)
                       for name, peer in peers.items())
    return BUNDLE.format(guests="".join(guests), channels=channels)


def siege(name, seed, acts, encoding=0, more=""):
    return guest(name, "siege", f"seed={seed} acts={acts} encoding={encoding}", size=0x400000, more=more)


def besiegers(acts, more=""):
    """Two that go through all encodings of system registers from either half, and a third one."""
    return [siege("siege-a", SEED, acts * 2 // 5, 0),
            siege("siege-b", SEED + 1, acts * 2 // 5, 0xc000),
            siege("siege-c", SEED + 2, acts // 5, 0x6000, more)]


def doomed(more=""):
    return guest("doomed", "siege", "how=fatal", more='on-crash = "restart";' + more)


def acts_of(machine, name):
    """What this guest has done, by kind."""
    return Counter({kind: int(count) for kind, count in
                    re.findall(rf"^\[{name}\] siege: ([a-zA-Z ]+) (\d+)$", machine.text, re.MULTILINE)})


def frames(operator):
    return {row["use"]: row["KiB"] for row in operator.ask("memory")}


def destroy_all(operator):
    for row in operator.ask("query"):
        for _ in range(200):  # one that resets itself is just ending, now and then
            operator.say(f"destroy {row['guest']}")
            if operator.state(row["guest"]) is None:
                break
        operator.until(row["guest"], None)
    return frames(operator)


WHERE = [pytest.param({"gic": 3, "cpus": 2}, "gic-version = <2>;", True, id="gicv3"),
         pytest.param({"gic": 2, "cpus": 2}, "", False, id="gicv2"),
         pytest.param({"board": "raspi3b"}, "", False, id="bcm2836")]


@pytest.mark.parametrize(("where", "third", "with_linux"), WHERE)
def test_siege(boot, dtb, checked, where, third, with_linux):
    guests = besiegers(ACTS, third) + [
        doomed(),
        guest("onoff", "storm", f"how=onoff rounds={ACTS // 2000}", cpus=4),
        guest("again", "storm", f"how=reset rounds={ACTS // 20000}", cpus=4),
        guest("honest", "honest", f"rounds={ACTS // 1000}"),
    ]
    with_linux = with_linux and all(linux.there(name) for name in ("linux-6.1", "busybox"))
    if with_linux:
        guests.append(linux.guest(cpus=1, memory=128 << 20))
    bundle_path = str(dtb(bundle(*guests, doomed="siege-c", again="honest", siege_a="siege-b")))
    # what is free once all are gone, with nothing done before
    machine = boot(bundle_path, image=checked, **where)
    machine.expect(r"\[doomed\] siege: life 0")
    before = destroy_all(Operator(machine))
    machine.send("shutdown\r")
    assert machine.finish() == 0
    machine = boot(bundle_path, image=checked, **where)
    machine.child.timeout = 4 * HANG_GUARD  # it takes minutes, on a slow machine many
    if with_linux:
        machine.expect(linux.BANNER.format(name="linux"))
        Operator(machine).say("focus linux")
        shell = linux.Shell(machine)
        machine.send("\r")
        shell.prompt()
        shell("sums() { while [ ! -e /e ]; do md5sum /bin/busybox; done; }")
        shell("(sums > /sums; touch /over) & true")
    for name in ("siege-a", "siege-b", "siege-c"):
        if not re.search(rf"\[{name}\] siege: seed .*: done", machine.text):
            machine.expect(rf"\[{name}\] siege: seed .*: done")
    for name, word in (("honest", "honest: "), ("onoff", "storm: "), ("again", "storm: ")):
        if not any(line.startswith(word) for line in machine.lines(name)):
            machine.expect(rf"\[{name}\] {word}")
    sums = []
    if with_linux:
        shell("touch /e; while [ ! -e /over ]; do sleep 1; done")
        sums = shell("uniq -c /sums")
    after = destroy_all(Operator(machine))
    machine.send("shutdown\r")
    assert machine.finish() == 0
    done = sum((acts_of(machine, f"siege-{name}") for name in "abc"), Counter())
    print(f"\n{where}: seed {SEED}, {sum(done.values())} acts")
    for kind, count in done.most_common():
        print(f"  {kind:<16} {count:>9}")
    lives = {line for line in machine.lines("doomed") if line.startswith("siege: life")}
    print(f"  lives ended      {len(lives):>9}")
    print(f"  sums of Linux    {sums}")
    assert sum(done.values()) >= ACTS and len(done) == 14, done
    assert len(lives) >= 6, lives
    assert machine.lines("honest") == ["honest: all sums right"]
    assert machine.lines("onoff")[-1] == machine.lines("again")[-1] == "storm: over"
    assert len(sums) == with_linux, sums  # all alike
    assert after == before


# Time is counted in instructions of 16 ns each, so shares and deadlines are the same on every machine.
@pytest.mark.parametrize("gic", [2, 3])
def test_siege_takes_no_time_from_others(boot, dtb, checked, gic):
    weights = {"honest-a": 200, "honest-b": 100, "siege-a": 100, "siege-b": 100, "doomed": 100}
    guests = [guest(name, "honest", "ms=2000 deadline=9000", more=f"weight = <{weights[name]}>;")
              for name in ("honest-a", "honest-b")]
    guests += [siege(name, SEED, 100_000_000) for name in ("siege-a", "siege-b")] + [doomed()]
    machine = boot(str(dtb(bundle(*guests, doomed="siege-a"))), gic=gic, cpus=1, image=checked,
                   options=("-icount", "shift=4,sleep=off"))
    had = {}
    for name in ("honest-a", "honest-b"):
        said = re.search(rf"\[{name}\] (honest: \d+ rounds.*)\n", machine.text)
        if not said:
            said = machine.expect(rf"\[{name}\] (honest: \d+ rounds[^\r\n]*)\r")
        had[name] = said[1]
    print("\n" + "\n".join(f"{name}: {said}" for name, said in had.items()))
    operator = Operator(machine)
    for name in had:  # behind its last line others may have had the CPU first
        operator.until(name, "ended")
    machine.send("shutdown\r")
    assert machine.finish() == 0
    share = {name: int(re.search(r"had (\d+) of 1000", said)[1]) / 1000 for name, said in had.items()}
    assert all(" 0 wrong" in said for said in had.values())
    assert abs(share["honest-a"] / share["honest-b"] / 2 - 1) <= 0.05, share
    for name in share:
        assert share[name] >= 0.95 * weights[name] / sum(weights.values()), share
