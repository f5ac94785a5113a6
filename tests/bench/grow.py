# SPDX-License-Identifier: Apache-2.0
"""How Skerry's costs grow: each series is {name: [(n, instructions or KiB)]}.

On -cpu max, whose VMIDs of 16 bits tell more than 255 guests apart.
"""
import re
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Callable

import skerry
from machine import BUILD, GUEST_BEGINS, Invalid, executed

GUESTS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
VCPUS = [2, 4, 8, 16, 32, 64, 128, 256]
SIZES = [1 << n for n in range(20, 33)]  # 1 MiB to 4 GiB
TURNS = 16                  # bench.c
CONSOLE_BYTES = 64 * 64
OWN_TURN, OWN_PEER = 4, 6   # loops.h: OWN_HVC, OWN_PEER_YIELD
CPU = {"cpu": "max"}


def guest(name, size, args="", image="bench", extra=""):
    return skerry.GUEST.format(name=name, guest=image, size=size, args=args, cpu=0, gic=extra)


def bundle(guests):
    return skerry.HEAD + "".join(guests) + "\t};\n};\n"


def grown(folder, source, **options):
    """What the guest's lines `grow NAME N TICKS` say: {name: [(n, ticks)]}."""
    found = {}
    text = skerry.boot(folder, source, r"\[bench\] done|refused", **CPU, **options)
    for name, n, ticks in re.findall(r"\[bench\] grow (\w+) (\d+) (\d+)\n", text):
        found.setdefault(name, []).append((int(n), int(ticks)))
    if not found:
        raise Invalid(f"nothing measured:\n{text[-2000:]}")
    return found


def ready(folder, source, **options):
    text = skerry.boot(folder, source, r"ready +after \d+ ticks|refused.*\n", **CPU, **options)
    found = re.search(r"ready +after (\d+) ticks", text)
    if not found:
        raise Invalid(f"not ready:\n{text[-2000:]}")
    return int(found[1])


def boot(folder, gic):
    return {"instructions": [(n, ready(folder, bundle(guest(f"hello-{i}", 1 << 20, image="hello")
                                                      for i in range(n)), gic=gic)) for n in GUESTS]}


def memory(folder, gic):
    points = []
    for n in GUESTS:
        text = skerry.boot(folder, bundle(guest(f"cms-{i}", 1 << 20, image="cms") for i in range(n)),
                           r" channels +\d+\s", gic=gic, **CPU,
                           keys=[(rf"\[cms-{n - 1}\] ", b"\x1dp"), (r"skerry> ", b"memory\r")])
        points.append((n, sum(int(re.search(rf" {use} +(\d+)\s", text)[1])
                              for use in ("image", "hypervisor", "guests' tables", "guests' state"))))
    return {"KiB": points}


def switch(folder, gic):
    points = []
    for n in VCPUS:
        guests = [guest("bench", 1 << 20, f"run=grow-yield guests={n}")] + \
                 [guest(f"peer-{i}", 1 << 20, "peer=yield") for i in range(n - 1)]
        turn = grown(folder, bundle(guests), gic=gic)["yield"][0][1] / TURNS
        points.append((n, (turn - OWN_TURN - (n - 1) * OWN_PEER) / n))
    return {"one switch": points}


def among_pending(folder, gic):
    return grown(folder, bundle([guest("bench", 1 << 20, "run=grow-pending")]), gic=gic)


def pending(folder, gic):
    found = among_pending(folder, gic)["sgi"]
    return {"self-SGI": [(n, ticks / TURNS) for n, ticks in found]}


def taken(folder, gic):
    return {"all of them": [(n, ticks) for n, ticks in among_pending(folder, gic)["taken"]]}


def stage2(folder, gic):
    def points(extra):
        return [(size >> 20, ready(folder, bundle([guest("hello", size, image="hello", extra=extra)]), gic=gic,
                                   memory="6G")) for size in SIZES]

    return {"given when touched": points(""), "populate": points("\n\t\t\tpopulate;")}


def fall(folder, gic, size, args, extra):
    """From a guest's fault to the first instruction of its next life."""
    symbols = subprocess.run(["aarch64-linux-gnu-nm", BUILD / "guests/fall.elf"], check=True, text=True,
                             capture_output=True).stdout
    here = re.search(r"^0*(\w+) t fall_here$", symbols, re.MULTILINE)[1]
    source = bundle([guest("fall", size, args, image="fall", extra=extra)])
    found = executed(folder, [GUEST_BEGINS, here], lambda count: skerry.boot(
        folder, source, r"restarted 1 times", gic=gic, memory="3G", count=count, **CPU))
    return found[GUEST_BEGINS][1] - found[here][0]


def restart(folder, gic):
    crash = '\n\t\t\ton-crash = "restart"; restart-limit = <1 600>;'
    return {name: [(size >> 20, fall(folder, gic, size, args, extra)) for size in SIZES if size < 1 << 30]
            for name, args, extra in (("crash", "how=crash", crash),
                                      ("crash, all memory touched", "how=crash touch=1", crash))}


def console(folder, gic):
    points = []
    for n in (1, 2, 4, 8, 16, 32):
        guests = [guest("bench", 1 << 20, f"run=grow-console guests={n}")] + \
                 [guest(f"peer-{i}", 1 << 20, "peer=print") for i in range(n - 1)]
        points.append((n, grown(folder, bundle(guests), gic=gic)["console"][0][1] / CONSOLE_BYTES / n))
    return {"a byte": points}


@dataclass(frozen=True)
class Series:
    name: str
    title: str
    note: str
    across: str
    up: str
    measure: Callable       # (folder, gic) -> {name: [(n, cost)]}
    log: tuple = (True, False)


SERIES = [
    Series("boot", "Reset to the first guest, by guests", "all guests of the bundle are made before the first runs",
           "guests of 1 MiB in the bundle", "instructions", boot, (True, True)),
    Series("memory", "Memory beside the guests' own", "image, EL2's own, guests' tables and state",
           "guests of 1 MiB", "KiB", memory, (True, True)),
    Series("switch", "A switch by yield", "all vCPUs on one CPU, all always runnable",
           "vCPUs that want the CPU", "instructions", switch),
    Series("pending", "An SGI to oneself, while others are pending", "those are kept back by their priority; GICv3 with "
           "four list registers", "pending interrupts", "instructions", pending, (False, False)),
    Series("taken", "Interrupts that are pending together", "from unmasking to the last one's handler",
           "pending interrupts", "instructions for all", taken, (False, False)),
    Series("stage2", "Reset to the first guest, by its memory", "zeroed and mapped when it is first touched, or in "
           "advance by the property populate", "MiB of the guest's memory", "instructions", stage2, (True, True)),
    Series("restart", "Time to restore service, by guest memory", "from a crash's first instruction to the next "
           "life's first, its report on the console included", "MiB of the guest's memory", "instructions", restart,
           (True, True)),
    Series("console", "The console", "each line of 64 bytes by one hypercall, with its guest's name before it",
           "guests that print", "instructions a byte", console),
]
SLACK = 1.1


def faults(found):
    """What grows faster than linearly: more than doubles from n to 2 n."""
    for series in SERIES:
        for name, points in found.get(series.name, {}).items():
            cost = dict(points)
            for n in cost:
                if n >= 8 and cost.get(2 * n, 0) > 2 * SLACK * cost[n]:
                    yield (f"{series.title}: {name}: {cost[2 * n]:,.0f} at {2 * n}, {cost[2 * n] / cost[n]:.1f} "
                           f"times that at {n}")


def all_series(gic=3, only=()):
    found = {}
    for series in SERIES:
        if only and series.name not in only:
            continue
        print(series.title, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            found[series.name] = series.measure(folder, gic)
        for name, points in found[series.name].items():
            print(f"  {name}: " + ", ".join(f"{n}: {value:,.0f}" for n, value in points), flush=True)
    return found
