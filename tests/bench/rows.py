# SPDX-License-Identifier: Apache-2.0
"""The rows of the comparison: what is measured, and what Skerry is to reach.

`source` is the line of the measuring guest (tests/guests/bench.c) that a row is worked out from, and
`share` what part of it is the row's: half, where an event goes there and back.
"""
from dataclasses import dataclass

from machine import Invalid, figures


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    at_most: float
    aim: float
    part: str = "one"       # the run of the measuring guest that gives it
    source: str = ""        # if not named like the row
    share: float = 1.0


# Known answers: a run that gives others is invalid.
SANITY = {"empty": 0, "nop": 1, "mrs": 1}

EVENTS = [
    Row("hypercall", "vendor hypercall that does nothing", 95, 70),
    Row("psci_version", "PSCI_VERSION by HVC", 115, 85),
    Row("gicd_typer", "read GICD_TYPER", 150, 110),
    Row("gicd_isenabler_read", "read GICD_ISENABLER1", 200, 150),
    Row("gicd_isenabler_write", "write GICD_ISENABLER1", 260, 200),
    Row("pl011_fr", "read PL011 flags (emulated)", 150, 110),
    Row("id_register", "read a trapped ID register", 100, 75),
    Row("self_sgi", "self-SGI, send to back after EOI", 300, 190),
    Row("timer_busy", "virtual timer, deadline to handler, guest busy", 170, 110),
    Row("timer_wfi_shared", "the same out of WFI, another guest busy on the CPU", 600, 400, "timer"),
    Row("timer_wfi_alone", "the same out of WFI, the vCPU alone on its CPU", 190, 120),
    Row("yield_alone", "yield with nobody else", 180, 120),
    Row("switch", "switch to another guest by yield, one way", 600, 400, "yield",
        "switch_there_and_back", 0.5),
    Row("bell_same", "doorbell to a guest on the same CPU, send to its handler", 900, 600, "bell",
        "bell_there_and_back", 0.5),
    Row("bell_cross", "doorbell to a guest on another CPU, both CPUs' sum", 900, 600, "bell2",
        "bell_there_and_back", 0.5),
    Row("abort", "load from nowhere, abort into the guest and back", 250, 180),
    Row("first_touch", "first touch of 2 MiB of memory, a load from each page", 110_000, 70_000),
    Row("first_touch_populated", "the same, populated in advance", 4, 2, "touch", "first_touch"),
    Row("first_fp", "first FP/SIMD instruction after a switch", 220, 150, "fp"),
]

PARTS = list(dict.fromkeys(row.part for row in EVENTS))


def events(measured, where):
    """All rows about events, by name. measured(part): what the measuring guest said, None if there is
    nothing of that kind; where: for a message."""
    found = {}
    for part in PARTS:
        text = measured(part)
        if text is None:
            continue
        got = figures(text)
        if part == "one":
            wrong = {name: got.get(name) for name in SANITY if got.get(name) != SANITY[name]}
            if wrong:
                raise Invalid(f"{where}: not what is known: {wrong}, expected {SANITY}")
        for row in EVENTS:
            if row.part == part and (row.source or row.name) in got:
                found[row.name] = round(got[row.source or row.name] * row.share, 2)
    return found


START = [
    Row("boot_1g", "reset to the first guest of 16 MiB, 1 GiB of RAM", 300_000, 150_000),
    Row("boot_2g", "the same, 2 GiB", 300_000, 150_000),
    Row("boot_4g", "the same, 4 GiB", 300_000, 150_000),
    Row("start_more", "start of one more guest of 16 MiB, its image included", 150_000, 50_000),
    Row("image", "image file, bytes", 128 * 1024, 80 * 1024),
    Row("image_packed", "the same, packed by gzip", 128 * 1024, 80 * 1024),
    Row("memory_first", "memory beside the first guest's own, KiB", 384, 256),
    Row("memory_more", "the same, each further guest of 16 MiB, KiB", 24, 12),
]

# Per cent; `make bench` only.
LINUX = [
    Row("linux_quiet", "Linux to /init over bare EL1, console quiet, per cent", 0.5, 0.2),
    Row("linux_console", "the same, console on the PL011", 3, 1.5),
]
