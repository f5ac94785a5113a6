#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where an event's instructions go, by function of the hypervisor.

    where.py EVENT [BOARD] [--each]   EVENT: a row of `make bench-quick`, by its short name, of those
                                      about the start boot_1g and start_more; BOARD: GICv3
                                      (default), GICv2, "GICv2 emulated"; --each: each instruction
                                      with its count, as disassembled

The measuring guest runs as for the row, with QEMU's plugin where.c below, which counts by address
what is executed in each of the guest's loops. A row's event is worked out from its loops' totals as
the row itself is from the ticks they took, so both must say the same, and where.py fails if they do
not, but for how QEMU 7.2 counts an instruction that traps: not at all if it is a load or a store; an
MRS, MSR or WFI once, and with it what follows in its translation block, here the loop's end, twice.
A latency (timer_..., first_fp) is a part of its loop's turn: there, all that the hypervisor does in a
turn is shown.
"""
import argparse
import bisect
import collections
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import skerry
from machine import BUILD, COUNT, GUEST_BEGINS, LINE, REPEATS, Invalid
from rows import EVENTS

IMAGE_AT = 0x40200000  # QEMU's virt: 2 MiB behind the start of RAM
RESET = "40000000"  # where QEMU's own few instructions are that start a kernel
STARTS = {"boot_1g": "reset to the first guest", "start_more": "start of one more guest"}
QEMU_COUNTS = (-1, 0, 2)  # a turn's ticks less its instructions
TOOL = "aarch64-linux-gnu-"


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loops():
    """First and last instruction of each loop of the measuring guest."""
    enter, leave, inside = [], [], False
    for line in output(TOOL + "objdump", "-d", str(BUILD / "guests/bench.elf")).split("\n"):
        symbol = re.match(r"([0-9a-f]+) <(\w+)>:$", line)
        if symbol:
            inside = symbol[2].startswith("loop_") and not symbol[2].startswith("loop_peer")
            enter += [symbol[1]] if inside else []
        elif inside and re.search(r"\tret$", line):
            leave.append(line.split(":")[0].strip())
            inside = False
    return [f"enter={a}" for a in enter] + [f"leave={a}" for a in leave]


class Image:
    """The hypervisor's functions, by physical address."""

    def __init__(self):
        lines = [line.split() for line in output(TOOL + "nm", "-n", str(BUILD / "skerry.elf")).split("\n")
                 if line.count(" ") == 2 and line[-1] != " "]
        self.end = next(int(a, 16) for a, _, name in lines if name == "image_end")
        self.symbols = [(int(a, 16), name) for a, kind, name in lines if kind in "tT"]
        self.starts = [a for a, _ in self.symbols]

    def holds(self, address):
        return IMAGE_AT <= address < IMAGE_AT + self.end

    def function(self, address):
        return self.symbols[bisect.bisect_right(self.starts, address - IMAGE_AT) - 1][1]


def read_loops(path):
    """Counts by address of each run of a loop, in order."""
    runs = []
    for line in path.read_text().split("\n"):
        if line == "loop":
            runs.append(collections.Counter())
        elif line:
            address, count = line.split()
            runs[-1][int(address, 16)] = int(count)
    return runs


def counted(between, run):
    """What run(folder, count) says of a machine that it starts, and counts of what was executed."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts")
        plugin = ",".join([str(BUILD / "bench/where.so"), f"out={counts}", *between])
        text = run(folder, COUNT + ["-plugin", plugin])
        return text, read_loops(counts)


def measure(board, part):
    """What the guest said, and its loops' counts, of one part of the measurement."""
    return counted(loops(), lambda folder, count: skerry.measured(folder, board, part, count=count))


def start(name, board):
    """Counts by address from reset to the first guest, or of what each further guest adds."""
    def until_guest(guests):
        _, runs = counted([f"enter={RESET}", f"leave={GUEST_BEGINS}"], lambda folder, count:
                          skerry.start_guests(folder, skerry.BOARDS[board][0], guests, "1G", count))
        return runs[0]
    one = until_guest(1)
    if name == "boot_1g":
        return one
    nine = until_guest(9)
    return {a: (nine[a] - one[a]) / 8 for a in nine}


def of_event(text, runs, source):
    """Counts by address of one event (fractions, if not all turns are alike), and the event's cost by
    the ticks that the guest has seen and by these counts; of a latency, neither."""
    for kind, name, numbers in LINE.findall(text):
        n = [int(word) for word in numbers.split()]
        its, runs = runs[:2 if kind == "lat" else 1 + 2 * REPEATS], \
            runs[2 if kind == "lat" else 1 + 2 * REPEATS:]
        if name != source:
            continue
        turns, own = n[0], n[-1]
        if kind == "lat":
            return {a: c / turns for a, c in its[1].items()}, None, None
        short = min(its[1:1 + REPEATS], key=lambda counts: counts.total())
        long = min(its[1 + REPEATS:], key=lambda counts: counts.total())
        counts = {a: (long[a] - short[a]) / turns for a in long.keys() | short.keys()}
        return counts, (n[2] - n[1]) / turns - own, sum(counts.values()) - own
    raise Invalid(f"the guest has no row {source}")


def by_function(image, counts):
    functions = collections.Counter()
    for address, count in counts.items():
        if image.holds(address):
            functions[image.function(address)] += count
    return [(name, count) for name, count in functions.most_common() if count]


def disassembly(image, counts):
    """Each executed instruction of the image with its count."""
    function = None
    for line in output(TOOL + "objdump", "-d", "--no-show-raw-insn", str(BUILD / "skerry.elf")).split("\n"):
        place = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
        count = counts.get(int(place[1], 16) + IMAGE_AT) if place else None
        if count:
            if function != image.function(int(place[1], 16) + IMAGE_AT):
                function = image.function(int(place[1], 16) + IMAGE_AT)
                yield f"{function}:"
            yield f"{count:9.2f}  {place[2]}"


def event(name, board):
    """Counts by address, and the cost of the row by ticks and by these counts."""
    if name in STARTS:
        counts = start(name, board)
        return STARTS[name], counts, sum(counts.values())
    row = next((row for row in EVENTS if row.name == name), None)
    if not row:
        sys.exit(f"where: no event {name}: " + ", ".join([row.name for row in EVENTS] + list(STARTS)))
    text, runs = measure(board, row.part)
    counts, ticks, counted = of_event(text, runs, row.source or row.name)
    if ticks is not None and not any(abs(ticks - counted - n) < 0.01 for n in QEMU_COUNTS):
        raise Invalid(f"{name}: {ticks} instructions by ticks, {counted} by the plugin")
    return row.title, counts, ticks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("event")
    parser.add_argument("board", nargs="?", default="GICv3", choices=list(skerry.BOARDS))
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    image = Image()
    try:
        title, counts, ticks = event(options.event, options.board)
    except Invalid as error:
        sys.exit(f"where: the run is invalid: {error}")
    functions = by_function(image, counts)
    print(f"{title}, {options.board}: instructions of the hypervisor, by function")
    for name, count in functions:
        print(f"{count:9.2f}  {name}")
    total = sum(count for _, count in functions)
    print(f"{total:9.2f}  in all" + (" a turn" if ticks is None else
                                    f", of the row's {ticks:.2f}; the others are not its own"))
    if options.each:
        print(*disassembly(image, counts), sep="\n")


if __name__ == "__main__":
    main()
