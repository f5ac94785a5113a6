# SPDX-License-Identifier: Apache-2.0
"""`step` and `adstop`: a guest's instructions one by one, and up to an address; beside a guest that uses the
debug hardware itself, on several vCPUs, at EL0, and with other orders in between."""
import json
import re
import subprocess

import pytest

from conftest import BUILD, everywhere

ATTENTION = "\x1d"


def symbol(guest, name):
    """A function's address in a guest that was built here."""
    out = subprocess.run(["readelf", "-sW", str(BUILD / "guests" / f"{guest}.elf")], capture_output=True,
                         text=True, check=True).stdout
    return int(re.search(rf"^ *\d+: ([0-9a-f]+) .* {name}$", out, re.MULTILINE).group(1), 16)


class Prompt:
    def __init__(self, machine):
        self.machine = machine
        machine.expect("ready  after")
        machine.send(ATTENTION + "p")
        machine.expect("skerry> ")

    def say(self, command, then=None):
        self.machine.send(command + "\r")
        return self.machine.expect(then) if then else None

    def row(self, command, start):
        """The JSON line of an answer that begins so."""
        return json.loads(self.say(command + " json", "(" + re.escape(start) + r'[^\r\n]*\})\r').group(1))

    def word(self, guest, address):
        """8 bytes of a guest at rest, as a number."""
        row = self.row(f"display {guest} {address:#x}.8", '{"address":')
        return int.from_bytes(bytes.fromhex(row["bytes"]), "little")

    def until(self, guest, state):
        for _ in range(200):  # its vCPUs may have to be fetched off other CPUs first
            if self.say("query json", rf'"guest":"{guest}","state":"(\w+)"').group(1) == state:
                return
        raise AssertionError(f"{guest} never is {state}: {self.machine.text[-2000:]}")

    def until_stopped(self, guest):
        self.until(guest, "stopped")

    def end(self):
        self.say("shutdown 0")
        assert self.machine.finish() == 0


@everywhere
def test_run_to_an_address_and_step(boot, where):
    prompt = Prompt(boot("dump", **where))
    beat, count = symbol("deep", "deep_beat"), symbol("deep", "deep_count")
    prompt.say(f"adstop deep {beat:#x} json", rf'"adstop":"{beat:016x}"')
    prompt.until_stopped("deep")
    first = prompt.word("deep", count)
    # from there to there again: over the address where it stands, and one more beat
    for n in range(1, 4):
        prompt.say(f"adstop deep {beat:#x}")
        prompt.say("begin deep", r"skerry: adstop deep/0: ")
        prompt.machine.expect("called from")
        prompt.until_stopped("deep")
        assert prompt.word("deep", count) == first + n
    # step by step: each one a word further, and the word is what stands in memory there
    for n in range(1, 4):
        row = prompt.row("step deep", '{"guest":"deep","vcpu":0,"step":')
        assert int(row["step"], 16) == beat + 4 * n
        prompt.until_stopped("deep")
        assert int(row["instruction"], 16) == prompt.word("deep", beat + 4 * n) & 0xffffffff
    # many at once, then on its way
    prompt.say("step deep 200")
    for _ in range(200):
        prompt.machine.expect(r"step deep/0: [0-9a-f]{16}: [0-9a-f]{8}\r")
    prompt.until_stopped("deep")
    assert prompt.word("deep", count) > first + 10
    prompt.say("begin deep", "deep runs")
    prompt.machine.expect(r"\[ticker\] tick")
    prompt.say("query json", r'"guest":"deep","state":"running"')
    # orders at any time: in the midst of steps, and with an address that is not come to
    prompt.say("stop deep")
    prompt.until_stopped("deep")
    prompt.say("step deep 10000")
    prompt.say("stop deep")
    prompt.until_stopped("deep")
    prompt.say("step deep 10000")
    prompt.say("restart deep")
    prompt.machine.expect(r"\[deep\] deep: down")
    prompt.say("stop deep")
    prompt.until_stopped("deep")
    prompt.say("adstop deep 0x40000ffc")
    prompt.say("step deep 10000")
    for _ in range(100):  # while it is just ending nobody may
        if prompt.say("destroy deep", "deep is (destroyed|just ending)").group(1) == "destroyed":
            break
    for _ in range(100):
        if prompt.say("ipl deep", "deep (starts|is just ending)").group(1) == "starts":
            break
    prompt.machine.expect("deep: down")
    prompt.end()


@pytest.mark.parametrize("gic", [2, 3])
def test_on_several_vcpus(boot, gic):
    """The first of four that comes there stops all; they go on, and their sum is right."""
    prompt = Prompt(boot("demo", gic=gic, cpus=4))
    address = symbol("smp", "print")
    for _ in range(200):  # while it is just ending nobody may
        if prompt.say("reset smp", "smp (is reset|is just ending)").group(1) == "is reset":
            break
    prompt.until("smp", "ready")
    prompt.say(f"adstop smp {address:#x}")
    prompt.say("begin smp")
    for _ in range(6):
        prompt.machine.expect(rf"adstop smp/\d: {address:016x}: ")
        prompt.until_stopped("smp")
        for vcpu in range(2):  # the second may be off
            prompt.say(f"step smp/{vcpu} 2")
            prompt.machine.expect(r"step smp/\d.*\r*\n[^\n]*step smp/\d|turned off")
            prompt.until_stopped("smp")
        prompt.say(f"adstop smp {address:#x}")
        prompt.say("begin smp")
    prompt.machine.expect(rf"adstop smp/\d: {address:016x}: ")
    prompt.until_stopped("smp")
    prompt.say("begin smp")
    prompt.machine.expect(r"\[smp\] sum \d+: right")
    prompt.end()


BUNDLE = """/dts-v1/;
/ {{ compatible = "skerry,bundle-v1"; guests {{ {name} {{ compatible = "skerry,guest";
	memory-size = <0 0x400000>; kernel = /incbin/("guests/{name}.bin"); }}; }}; }};"""


def test_a_guest_with_breakpoints_of_its_own(boot, dtb):
    """What it finds of its debug hardware is the same as ever, having been stopped at its main and stepped."""
    prompt = Prompt(boot(dtb(BUNDLE.format(name="debug")), gic=3, cpus=1))
    address = symbol("debug", "main")
    found = prompt.machine.expect(r"\[debug\] debug: (\d+ right, [^\r\n]*)\r").group(1)
    prompt.say(f"adstop debug {address:#x}")
    prompt.say("restart debug", rf"adstop debug/0: {address:016x}: ")
    prompt.until_stopped("debug")
    prompt.say("step debug 3")
    for _ in range(3):
        prompt.machine.expect("step debug/0: ")
    prompt.until_stopped("debug")
    prompt.say("begin debug")
    assert prompt.machine.expect(r"\[debug\] debug: (\d+ right, [^\r\n]*)\r").group(1) == found
    prompt.end()
