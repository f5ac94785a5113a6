# SPDX-License-Identifier: Apache-2.0
"""The keyboard: focus, the attention key, the prompt's commands."""
import json

import pytest

from conftest import BOARDS, everywhere

ATTENTION = "\x1d"

# A busy CPU's time is its instructions, so that no other program of the host's makes a guest late; an idle
# CPU's passes as the operator's does.
COUNTED_AT_WORK = ("-icount", "shift=4,sleep=on")
# An idle CPU's time is none.
COUNTED = ("-icount", "shift=4,sleep=off")


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
    machine.expect("hypervisor +[0-9]+")
    machine.send("focus cms\r")
    machine.expect("keyboard to cms")
    machine.send(ATTENTION + "p")
    machine.send("halt cms\r")
    machine.expect("cms is halted")
    for _ in range(100):  # its vCPU may have to be fetched off another CPU first
        machine.send("list\r")
        if machine.expect(r"cms +(stopping|ended)").group(1) == "ended":
            break
    else:
        raise AssertionError("cms is still stopping")
    machine.send("quit\r")
    assert machine.finish() == 0


CMS = """/dts-v1/; / { compatible = "skerry,bundle-v1"; guests {
cms { compatible = "skerry,guest"; memory-size = <0 0x100000>; focus;
      kernel = /incbin/("guests/cms.bin"); };
ticker { compatible = "skerry,guest"; memory-size = <0 0x100000>; console = "lines";
         kernel = /incbin/("guests/ticker.bin"); bootargs = "ticks=1000000 period=100000"; };
}; };"""


@pytest.mark.parametrize("board", ["virt", *BOARDS])
def test_all_of_a_paste_arrives(boot, dtb, board):
    machine = boot(dtb(CMS), board=board, options=COUNTED_AT_WORK)
    machine.expect(r"\[cms\] > ")
    lines = [f"echo {n} " + "".join(chr(65 + (n * 7 + i) % 26) for i in range(40)) for n in range(42)]
    text = "\r".join(lines) + "\r"
    assert len(text) > 2000
    machine.send(text + "echo all\r")
    machine.expect(r"\[cms\] all\r")
    assert [line for line in machine.lines("cms") if line[0].isdigit()] == [line[5:] for line in lines]
    # one that reads nothing does not keep the operator's keys from him
    machine.send(ATTENTION + "n")
    machine.expect("keyboard to ticker")
    machine.send("x" * 500 + ATTENTION + "p")
    machine.expect("ticker reads nothing")
    machine.expect("skerry> ")
    machine.send("shutdown\r")
    assert machine.finish() == 0


def test_a_raw_screen_is_one_guests(boot, dtb):
    machine = boot(dtb(CMS.replace("period=100000", "period=20")))
    machine.expect_each([r"\[cms\] > ", r"\[ticker\] tick 5 "], 0)
    machine.send(ATTENTION + "r")
    machine.expect("the screen is cms's, raw")
    machine.send("\recho here\r")
    machine.expect(r"\nhere\r*\n")
    machine.send("time\r")  # of its own lines only
    first = machine.expect(r"(\d+) ms\r*\n").group(1)
    while True:
        machine.send("time\r")
        match = machine.expect(r"(?s)(.*?)(\d+) ms\r*\n")
        assert "tick" not in match.group(1)
        if int(match.group(2)) > int(first) + 100:
            break
    machine.send("echo there\r")
    machine.expect(r"\nthere\r*\n")
    machine.send(ATTENTION + "p")
    machine.expect(r"\x1b\[!p")  # the terminal is sane again
    machine.expect("skerry> ")
    machine.expect(r"\[ticker\] tick ")
    machine.send("focus ticker\r")  # what it said meanwhile
    machine.expect(r"\[ticker\]\| tick \d+ at \d+ ms\r*\n\[ticker\]\| tick")
    machine.send(ATTENTION + "p")
    machine.expect("skerry> ")
    machine.send("query console cms json\r")
    machine.expect(r'\{"line":"there"\}')
    machine.send("shutdown\r")
    assert machine.finish() == 0


def test_mistakes_are_told(boot):
    machine = boot(None)
    machine.expect("skerry> ")
    machine.send("halt nobody\r")
    machine.expect('no guest "nobody"')
    machine.send("focus\r")
    machine.expect("focus needs: GUEST")
    machine.send("frobnicate\r")
    machine.expect('no command "frobnicate"')
    machine.send("hellp\b\x7fp\r")  # a corrected line
    machine.expect("Ctrl-]")
    machine.send(ATTENTION + "q")
    assert machine.finish() == 0


class Operator:
    """Drives the prompt as a script does: by the commands' JSON form."""

    def __init__(self, machine):
        self.machine = machine
        self.asked = 0
        machine.send(ATTENTION + "p")
        machine.expect("skerry> ")

    def say(self, command):
        self.machine.send(command + "\r")

    def ask(self, command):
        """The answer's lines as a list of dicts, found between two marks."""
        self.asked += 1
        for line in (f"message from {self.asked}", command + " json", f"message to {self.asked}"):
            self.say(line)
        self.machine.expect(f"skerry: message: from {self.asked}\r*\n")
        text = self.machine.expect(f"(?s)(.*?)skerry: message: to {self.asked}\r*\n").group(1)
        return [json.loads(line) for line in text.replace("\r", "").split("\n")
                if line.startswith("{")]

    def state(self, guest):
        return next((row["state"] for row in self.ask("query") if row["guest"] == guest), None)

    def until(self, guest, state):
        """Its vCPUs may have to be fetched off other CPUs first."""
        for _ in range(200):
            if self.state(guest) == state:
                return
        raise AssertionError(f"{guest} never is {state}: {self.machine.text[-3000:]}")


TICKER = """/dts-v1/; / { compatible = "skerry,bundle-v1"; guests {
ticker { compatible = "skerry,guest"; memory-size = <0 0x100000>;
         kernel = /incbin/("guests/ticker.bin"); bootargs = "ticks=1000000"; };
}; };"""


@pytest.mark.parametrize("where", [{"gic": 3, "cpus": 1}, {"gic": 2, "cpus": 1}, {"board": "raspi3b"}],
                         ids=["gicv3", "gicv2", "raspi3b"])
def test_who_sleeps_is_no_load(boot, dtb, where):
    """Alone on its CPU its WFI does not trap, but while somebody looks."""
    machine = boot(dtb(TICKER), options=COUNTED_AT_WORK, **where)
    machine.expect(r"\[ticker\] tick 1 ")
    operator = Operator(machine)
    operator.ask("indicate")
    for _ in range(3):
        machine.expect(r"\[ticker\] tick \d+ ")
    load = {row["cpu"]: row["load%"] for row in operator.ask("indicate") if "cpu" in row}
    assert load[0] < 50, load
    machine.send("shutdown\r")
    assert machine.finish() == 0


@pytest.mark.parametrize("where", [{"gic": 3, "cpus": 1}, {"gic": 2, "cpus": 4}],
                         ids=["gicv3-1cpu", "gicv2-4cpu"])
def test_a_guest_is_operated(boot, where):
    machine = boot("operate", **where)
    machine.expect(r"\[ticker\] tick 1 ")
    operator = Operator(machine)
    # it stands still, is looked into, changed, and goes on
    operator.say("stop ticker")
    operator.until("ticker", "stopped")
    ticks = len(machine.lines("ticker"))
    registers = {row["register"]: row["value"] for row in operator.ask("display ticker x")}
    assert int(registers["pc"], 16) - 0x40000000 < 0x100000
    assert {row["register"] for row in operator.ask("display ticker el1")} >= {"ttbr0_el1", "vbar_el1"}
    code = operator.ask("display ticker 0x%s.64" % registers["pc"])
    assert len("".join(row["bytes"] for row in code)) == 128
    assert operator.ask("display ticker p 0x40000038.4")[0]["text"] == "ARMd"
    operator.say("store ticker p 0x400f0000 536b65727279")
    assert operator.ask("display ticker p 0x400f0000.6")[0]["text"] == "Skerry"
    assert len(machine.lines("ticker")) == ticks
    operator.say("begin ticker")
    machine.expect(r"\[ticker\] tick \d+ ")
    # its ends, and what comes after them
    for order, state in (("reset", "ready"), ("begin", "running"), ("restart", "running"),
                         ("halt", "ended"), ("ipl", "running")):
        since = len(machine.text)
        operator.say(f"{order} ticker")
        operator.until("ticker", state)
    machine.expect_each([r"\[ticker\] tick 1 "], since)  # maybe before the answer
    # one more of it
    operator.say("ipl ticker as clock")
    machine.expect(r"\[clock\] tick 1 ")
    free = next(row["KiB"] for row in operator.ask("memory") if row["use"] == "free")
    for _ in range(5):
        operator.say("destroy clock")
        operator.until("clock", None)
        operator.say("ipl ticker as clock")
        operator.until("clock", "running")
    assert next(row["KiB"] for row in operator.ask("memory") if row["use"] == "free") == free
    # a peer goes and comes back
    operator.say("destroy pong")
    operator.until("pong", None)
    assert {row["peer-is"] for row in operator.ask("query channels")} == {"gone"}
    operator.say("ipl pong")
    operator.until("pong", "running")
    assert {row["peer-is"] for row in operator.ask("query channels")} == {"running"}
    # what there is to see
    assert operator.ask("indicate")
    assert [row["cpu"] for row in operator.ask("query cpus")] == list(range(where["cpus"]))
    for _ in range(200):  # it has just begun
        if "channel" in {row["from"] for row in operator.ask("query interrupts pong")}:
            break
    else:
        raise AssertionError("pong has no channel's interrupt")
    owners = {(row["owner"], row["what"]) for row in operator.ask("query memory map")}
    assert owners >= {("pong", "memory"), ("clock", "memory"), ("clock", "state"), ("hypervisor", "channel")}
    assert operator.ask("query memory pong")
    operator.say("set weight pong 500")
    assert [row["weight"] for row in operator.ask("list") if row["guest"] == "pong"] == [500]
    operator.say("shutdown 5")
    assert machine.finish() == 5


@pytest.mark.parametrize("where", [{"gic": 3}, {"gic": 2}, {"board": "raspi3b"}],
                         ids=["gicv3", "gicv2", "raspi3b"])
def test_interrupts_of_one_that_runs(boot, where):
    """Each vCPU's own are among them, as they are now."""
    machine = boot("operate", **where)
    machine.expect(r"\[ticker\] tick 1 ")
    operator = Operator(machine)
    idle = 0
    for _ in range(99):
        machine.expect(r"\[ticker\] tick \d+ ")
        row = next(row for row in operator.ask("query interrupts ticker") if row["from"] == "timer")
        assert (row["intid"], row["vcpu"], row["enabled"]) == (27, 0, True)
        idle += not row["pending"] and not row["active"]
        if idle > 4:  # the next one may just be there
            break
    else:
        raise AssertionError(machine.text)
    operator.say("shutdown")
    assert machine.finish() == 0


@everywhere
def test_a_guest_looks_after_another(boot, where):
    machine = boot("manager", **where)
    assert machine.finish() == 0
    assert machine.text.count("skerry: manager: restart hello\n") == 3
    assert len(machine.lines("hello")) == 4
    assert machine.lines("manager") == ["restart hello: 0, skerry: hello starts again"] * 3 + [
        "that was enough"]


@pytest.mark.parametrize("where", [{"gic": 3, "cpus": 1}, {"gic": 2, "cpus": 4}],
                         ids=["gicv3-1cpu", "gicv2-4cpu"])
def test_rights_to_commands(boot, where):
    machine = boot("rights", **where)
    machine.expect("rights: 0 failures")
    operator = Operator(machine)
    operator.until("rights", None)  # destroyed by its own word
    assert "FAIL" not in machine.text
    assert operator.state("victim") == "running"
    assert operator.state("bystander") == "running"
    operator.say("shutdown 3")
    assert machine.finish() == 3


@everywhere
def test_a_script_of_the_bundle(boot, where):
    machine = boot("scripted", options=COUNTED, **where)
    assert machine.finish() == 5
    said = [line for line in machine.text.split("\n") if line.startswith("skerry: start.")]
    assert len(said) == 10 and said[3] == "skerry: start.4: stop ticker"
    assert "skerry: message: it stood still" in machine.text
    assert machine.lines("twin") == ["hello from EL1: I am twin, guest 2, CPU 0 of 1"]
    ticks = [int(line.split()[1]) for line in machine.lines("ticker")]
    assert ticks == list(range(1, len(ticks) + 1))


def test_a_sleep_holds_what_is_typed(boot):
    machine = boot(None)
    machine.expect("skerry> ")
    machine.send("sleep 200ms\rmessage one\rsleep 86400\rmessage never\r")
    machine.expect("skerry: message: one")
    machine.expect("sleep 86400\r")
    machine.send("\x03shutdown 4\r")
    assert machine.finish() == 4
    assert "never" not in machine.text


@pytest.mark.parametrize("where", [{"gic": 3, "cpus": 4}, {"gic": 2, "cpus": 4}, {"board": "raspi3b"}],
                         ids=["gicv3", "gicv2", "raspi3b"])
def test_affinity_moves_what_runs(boot, where):
    machine = boot("operate", **where)
    machine.expect(r"\[ticker\] tick 1 ")
    operator = Operator(machine)
    names = [row["guest"] for row in operator.ask("query names")]
    for cpus, mask in (("3", 8), ("1,2", 6), ("all", 15), ("0", 1), ("2-3", 12)):
        for name in names:
            operator.say(f"set affinity {name} {cpus}")
        for name in names:
            for _ in range(200):  # one that runs elsewhere leaves in its own time
                rows = operator.ask(f"query {name}")
                assert all(row["affinity"] == mask for row in rows)
                if all(row["state"] != "runs" or mask >> row["cpu"] & 1 for row in rows):
                    break
            else:
                raise AssertionError(f"{name} stays where it was: {rows}")
    ran = {name: sum(row["ran-ms"] for row in operator.ask(f"query {name}")) for name in names}
    for _ in range(200):
        now = {name: sum(row["ran-ms"] for row in operator.ask(f"query {name}")) for name in names}
        if all(now[name] > ran[name] for name in names):
            break
    else:
        raise AssertionError(f"one runs no more: {ran}, {now}")
    operator.say("set affinity nobody 4")
    machine.expect('no guest "nobody"')
    operator.say(f"set affinity {names[0]} 4")
    machine.expect("expected CPUs as in 0,2-3, or all")
    operator.say("shutdown")
    assert machine.finish() == 0


def test_line_is_edited(boot):
    machine = boot(None, options=["-semihosting"])
    machine.expect("skerry> ")
    machine.send("mesage hi\033[H\033[C\033[Cs\r")  # the cursor goes back, and an s in
    machine.expect("skerry: message: hi")
    machine.send("\033[A again\r")  # the last line again, and more
    machine.expect("skerry: message: hi again")
    machine.send("shu\t 3\r")
    assert machine.finish() == 3
    machine.child.close()
    assert machine.child.exitstatus == 3  # -semihosting
