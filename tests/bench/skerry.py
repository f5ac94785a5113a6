# SPDX-License-Identifier: Apache-2.0
"""Skerry's own figures: bundles with the measuring guest, run and read."""
import re
import subprocess
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path

import rows
from machine import BUILD, GUEST_BEGINS, ROOT, Invalid, executed, run

ci_figures = SourceFileLoader("figures", str(ROOT / "ci/figures")).load_module()

HEAD = '/dts-v1/;\n/ {\n\tcompatible = "skerry,bundle-v1";\n\tguests {\n'
GUEST = """\t\t{name} {{
\t\t\tcompatible = "skerry,guest";
\t\t\tmemory-size = /bits/ 64 <{size:#x}>;
\t\t\tkernel = /incbin/("guests/{guest}.bin");
\t\t\tbootargs = "{args}";
\t\t\taffinity = <{cpu}>;{gic}
\t\t}};
"""
CHANNEL = """\tchannels {
\t\tbell {
\t\t\tcompatible = "skerry,channel";
\t\t\tends = "bench", "peer";
\t\t\tsize = <0x1000>;
\t\t};
\t};
"""

# Part of the measurement: its bootargs, those of a second guest, the second one's CPU.
PARTS = {
    "one": ("run=one", None, 0),
    "timer": ("run=timer", "peer=spin", 0),
    "yield": ("run=yield", "peer=yield", 0),
    "fp": ("run=fp", "peer=fp", 0),
    "bell": ("run=bell", "peer=bell", 0),
    "bell2": ("run=bell", "peer=bell", 1),
    "touch": ("run=touch", None, 0),
}
# By name: the machine's GIC, and what the bundle asks for.
BOARDS = {"GICv3": (3, ""), "GICv2": (2, ""),
          "GICv2 emulated": (3, "\n\t\t\tgic-version = <2>;")}


def compile_bundle(folder, source):
    dts, dtb = Path(folder, "bundle.dts"), Path(folder, "bundle.dtb")
    dts.write_text(source)
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", str(BUILD), "-o", str(dtb),
                    str(dts)], check=True, cwd=ROOT)
    return dtb


def boot(folder, source, until, **options):
    bundle = compile_bundle(folder, source)
    return run(["-kernel", BUILD / "skerry.img", "-initrd", bundle], until, **options)


def measured(folder, board, part, **options):
    """What the measuring guest says, of one part, on one kind of GIC."""
    gic, asks = BOARDS[board]
    args, peer, cpu = PARTS[part]
    first = asks + ("\n\t\t\tpopulate;" if part == "touch" else "")
    source = HEAD + GUEST.format(name="bench", guest="bench", size=16 << 20, args=args, cpu=0, gic=first)
    if peer:
        source += GUEST.format(name="peer", guest="bench", size=16 << 20, args=peer, cpu=cpu, gic=asks)
    source += "\t};\n" + (CHANNEL if peer else "") + "};\n"
    text = boot(folder, source, r"\[bench\] done", gic=gic, cpus=1 + cpu, **options)
    turns = re.search(r"note peer_turns (\d+) of (\d+)", text)
    # A slice's end may come between two yields, now and then: that falls out of the figure.
    if turns and abs(int(turns[1]) - int(turns[2])) > 0.01 * int(turns[2]):
        raise Invalid(f"{turns[2]} yields led to the other guest {turns[1]} times")
    return text


def events(board):
    """All rows about events, by name."""
    with tempfile.TemporaryDirectory() as folder:
        found = rows.events(lambda part: measured(folder, board, part), board)
    missing = [row.name for row in rows.EVENTS if row.name not in found]
    if missing:
        raise Invalid(f"{board}: the guest did not measure {missing}")
    return found


def start_guests(folder, gic, guests, memory, count):
    """Starts that many guests of 16 MiB, and ends the machine when one of them has said something."""
    source = HEAD + "".join(GUEST.format(name=f"hello-{i}", guest="hello", size=16 << 20, args="",
                                         cpu=0, gic="") for i in range(guests)) + "\t};\n};\n"
    return boot(folder, source, r"\[hello-\d+\] ", gic=gic, memory=memory, count=count)


def until_guest(folder, gic, guests, memory):
    """Instructions from reset to the first guest's first."""
    return executed(folder, [GUEST_BEGINS], lambda count: start_guests(
        folder, gic, guests, memory, count))[GUEST_BEGINS][0]


def start(gic):
    """The rows about the start and about room."""
    with tempfile.TemporaryDirectory() as folder:
        found = {f"boot_{memory.lower()}": until_guest(folder, gic, 1, memory)
                 for memory in ("1G", "2G", "4G")}
        found["start_more"] = round((until_guest(folder, gic, 9, "1G") - found["boot_1g"]) / 8)
        found["image"] = (BUILD / "skerry.img").stat().st_size
        found["image_packed"] = (BUILD / "skerry.img.gz").stat().st_size
        first, _ = ci_figures.memory_by_use(folder, 1, gic)
        more, _ = ci_figures.memory_by_use(folder, 9, gic)
        found["memory_first"] = sum(first.values())
        found["memory_more"] = sum(more[use] - first[use] for use in ("EL2", "tables", "state")) / 8
    return found


def all_figures():
    """{board: {row: figure}}"""
    found = {}
    for board, (gic, asks) in BOARDS.items():
        found[board] = events(board)
        if not asks:
            found[board].update(start(gic))
    return found
