# SPDX-License-Identifier: Apache-2.0
"""What one guest's end does to another: `make bench-blast`.

Two guests of equal weight on one CPU. One works, and counts how often it comes round and how long it
had to wait between two turns; the other comes to grief. Time is counted in instructions, so all that
comes out is exact. With --update the table goes into docs/containment.md.
"""
import argparse
import re
import sys
import tempfile
from pathlib import Path

import report
import skerry
from machine import GUEST_BEGINS, ROOT, Invalid, executed

PAGE = ROOT / "docs/containment.md"
MS = 1000
HZ = 62_500_000
AGAIN = 'on-crash = "restart";'
LARGE = 12 << 20
IMAGE = 'initrd = /incbin/("large");'
NEIGHBOURS = [  # what it does, its bootargs, its properties
    ("sleeps", "how=sleep", ""),
    ("spins", "how=spin", ""),
    ("UDF without vectors, left as it is", "how=crash", ""),
    ("the same, its memory taken back", "how=crash touch=1", 'on-crash = "destroy";'),
    ("the same, restarted each time", "how=crash", AGAIN),
    ("the same, all its memory touched", "how=crash touch=1", AGAIN),
    ("load from nowhere, restarted", "how=abort", AGAIN),
    ("table walks from nowhere, restarted", "how=mmu", AGAIN),
    ("hung, restarted by its watchdog", "how=hang", AGAIN),
    ("resets itself without end", "how=reset", ""),
    ("the same, all its memory touched", "how=reset touch=1", ""),
    ("resets itself, with an image of 12 MiB", "how=reset", IMAGE),
    ("the same, all its memory touched", "how=reset touch=1", IMAGE),
    ("powers off", "how=off", ""),
    ("prints without end", "how=flood", ""),
    ("interrupts itself without end", "how=storm", ""),
]
HEAD = ["the neighbour", "of the CPU", "longest wait, µs", "neighbour's lives", "wrong sums"]


def measure(folder, gic, args, extra):
    source = skerry.HEAD
    for name, arguments, more in ("watch", f"how=watch ms={MS}", ""), ("fall", args, extra):
        source += skerry.GUEST.format(name=name, guest="fall", size=16 << 20, args=arguments, cpu=0,
                                      gic=f"\n\t\t\t{more}")
    text = skerry.boot(folder, source + "\t};\n};\n", r'"guest":"fall".*\n', gic=gic,
                       keys=[(r"\[watch\] watch: .*\n", b"\x1dp"), (r"skerry> ", b"list json\r")])
    turns, gap, wrong = map(int, re.search(r"watch: (\d+) turns, (\d+) ticks.*, (\d+) wrong", text).groups())
    lives = re.search(r'"guest":"fall".*"restarts":(\d+)', text)
    return turns, gap, wrong, int(lives[1]) + 1


def table(folder, gic):
    alone = None
    for what, args, extra in NEIGHBOURS:
        turns, gap, wrong, lives = measure(folder, gic, args, extra)
        alone = alone or turns
        yield [what, f"{100 * turns / alone:.1f} %", f"{gap * 1e6 / HZ:,.0f}", f"{lives:,}", str(wrong)]


def cycles(folder, gic):
    """Instructions from one life's begin to the next one's: it says a word and powers off; `destroy` and
    `ipl`, typed at the prompt, make it anew."""
    source = skerry.HEAD + skerry.GUEST.format(name="fall", guest="fall", size=16 << 20, args="how=off", cpu=0,
                                               gic="") + "\t};\n};\n"
    rounds = 16
    typed = [(r"\[fall\] off\n[^\n]*$", b"destroy fall\r"), (r"destroyed\nskerry> $", b"ipl fall\r")] * rounds
    found = executed(folder, [GUEST_BEGINS], lambda count: skerry.boot(
        folder, source, rf"(?s)(\[fall\] off\n.*){{{rounds + 1}}}", gic=gic, count=count, keys=typed))[GUEST_BEGINS]
    if len(found) != rounds + 1:
        raise Invalid(f"{len(found)} lives of {rounds + 1}")
    return (found[-1] - found[1]) / (rounds - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true")
    update = parser.parse_args().update
    paragraphs = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "large").write_bytes(b"large!\n\0" * (LARGE // 8))
        for gic in 3, 2:
            rows = list(table(folder, gic))
            cycle = cycles(folder, gic)
            said = (f"GICv{gic}: destroying a guest of 16 MiB and making it anew takes {cycle:,.0f} instructions, its "
                    f"commands' echo and a word of the guest included: {1e7 / cycle:.0f} in 10 million.")
            print("", *report.aligned(HEAD, rows), "", said, sep="\n")
            table_lines = ["| " + " | ".join(HEAD) + " |", "|---" + "|--:" * 4 + "|",
                           *("| " + " | ".join(row) + " |" for row in rows)]
            paragraphs += [f"### GICv{gic}", "\n".join(table_lines), said]
    if update:
        report.insert("make bench-blast", paragraphs, PAGE)


if __name__ == "__main__":
    try:
        main()
    except Invalid as error:
        sys.exit(f"bench: the run is invalid: {error}")
