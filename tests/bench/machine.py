# SPDX-License-Identifier: Apache-2.0
"""A machine in QEMU that counts instructions, and the measuring guest's lines.

With -icount shift=4 an instruction takes 16 ns of the machine's time, which is one tick of the 62.5
MHz counter of QEMU 7.2's CPU models; with sleep=off time jumps to the next deadline where all CPUs
sleep. So counts are exact, and the same on any host. HANG_GUARD is no part of a figure.
"""
import os
import re
import selectors
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
QEMU = os.environ.get("QEMU72") or "qemu-system-aarch64"
HANG_GUARD = 300  # seconds
COUNT = ["-icount", "shift=4,sleep=off"]

# A guest's first instruction behind its header's jump (linker/guest.ld); nobody else has code there.
GUEST_BEGINS = "40000040"
REPEATS = 16        # bench.c: tries of TURNS turns, and of 2 * TURNS turns

LINE = re.compile(r"(row|lat) (\w+)((?: \d+)+)\s*$", re.MULTILINE)


def cached(name):
    """The folder that ci/setup has fetched `name` to; None where it could not."""
    places = [os.environ.get("SKERRY_CACHE"), "/var/cache/skerry", Path.home() / ".cache/skerry"]
    folders = [Path(place, name) for place in places if place]
    return next((folder for folder in folders if (folder / ".complete").exists()), None)


class Invalid(Exception):
    """A run that gave no figures, or figures that can't be right."""


def run(options, until, gic=3, cpu="cortex-a57", cpus=1, memory="1G", el2=True, count=COUNT,
        keys=None, guard=HANG_GUARD):
    """Starts QEMU (what is random in it from one seed), returns what it printed up to the regular expression `until`, and ends it.

    keys: (regular expression, bytes): bytes to send when it has come."""
    command = [QEMU, "-M", f"virt,gic-version={gic}" + (",virtualization=on" if el2 else ""),
               "-cpu", cpu, "-smp", str(cpus), "-m", memory, "-display", "none", "-monitor", "none",
               "-serial", "stdio", "-nic", "none", "-no-reboot", "-seed", "1", *count, *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as machine:
        try:
            return read_until(machine, until, list(keys or []), time.monotonic() + guard, command)
        finally:
            machine.kill()


def executed(folder, places, start):
    """How many instructions a machine has executed when it comes to virtual addresses (hex): {address:
    [count, …]}. start(count=…) runs it, until after that."""
    subprocess.run(["make", "--no-print-directory", str(BUILD.relative_to(ROOT) / "bench/until.so")],
                   cwd=ROOT, check=True, capture_output=True)
    out = Path(folder, "executed")
    start(count=COUNT + ["-plugin", ",".join([str(BUILD / "bench/until.so"), f"out={out}",
                                              *(f"at={place}" for place in places)])])
    found = {place: [] for place in places}
    for line in out.read_text().split("\n")[:-1]:
        found[line.split()[0]].append(int(line.split()[1]))
    if not all(found.values()):
        raise Invalid(f"the machine did not come to all of {places}: {found}")
    return found


def read_until(machine, until, keys, end, command):
    text = ""
    selector = selectors.DefaultSelector()
    selector.register(machine.stdout, selectors.EVENT_READ)
    while not re.search(until, text):
        piece = b""
        if selector.select(max(0.0, end - time.monotonic())):
            piece = os.read(machine.stdout.fileno(), 65536)
        if not piece:
            raise Invalid(f"never came: {until}\n{' '.join(command)}\n{text[-3000:]}")
        text += piece.decode("utf-8", "replace").replace("\r", "")
        if keys and re.search(keys[0][0], text):
            machine.stdin.write(keys.pop(0)[1])
            machine.stdin.flush()
    return text


def figures(text):
    """What the measuring guest's lines say an event costs, by name."""
    found = {}
    for kind, name, numbers in LINE.findall(text):
        n = [int(word) for word in numbers.split()]
        if kind == "row":
            turns, short, long, whole, own = n
            # The mean over all turns, where what comes now and then hit all the long tries.
            found[name] = min((long - short) / turns, whole / (3 * REPEATS * turns)) - own
        else:
            turns, total, _, _, own = n
            found[name] = total / turns - own
    return found
