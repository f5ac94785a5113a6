# SPDX-License-Identifier: Apache-2.0
"""What Skerry is compared with: the same measuring guest, bare and under other hypervisors."""
import tempfile
from dataclasses import dataclass
from typing import Callable

import kvm
import linux_init
import rows
import skerry
import xen
from machine import BUILD, run

GICS = (3, 2)


@dataclass(frozen=True)
class Platform:
    name: str
    gic: str
    measured: Callable      # (folder, part) -> what the guest said, or None
    why: str = ""           # why it can't be measured here; empty: it can

    extra: Callable = dict  # () -> rows that the guest does not measure

    def figures(self):
        with tempfile.TemporaryDirectory() as folder:
            found = rows.events(lambda part: self.measured(folder, part), f"{self.name}, {self.gic}")
        found.update(self.extra())
        return {name: figure for name, figure in found.items() if name not in LESS.get(self.name, ())}


# What is another event there: nobody is below who would take a hypercall; a load from nowhere is
# KVM's way to ask its launcher.
LESS = {"bare": ("hypercall", "psci_version"), "KVM nVHE": ("abort",), "KVM VHE": ("abort",)}


def bare(gic):
    """At EL1 on the board itself: the floor."""
    def measured(_, part):
        if part != "one":
            return None
        return run(["-kernel", BUILD / "guests/bench.bin", "-append", "run=one"], r"\ndone\n", gic=gic,
                   el2=False)
    return measured


def skerry_more(gic):
    return {**skerry.start(gic), **(linux_init.more(gic) if kvm.kernel() else {})}


def platforms():
    """All, Skerry first."""
    no_xen = "" if xen.image() else "ci/setup could not fetch Xen"
    no_linux = "" if kvm.kernel() else "ci/setup could not fetch Linux 6.1"
    for board, (gic, asks) in skerry.BOARDS.items():
        yield Platform("Skerry", board, lambda folder, part, board=board:
                       skerry.measured(folder, board, part),
                       extra=dict if asks else lambda gic=gic: skerry_more(gic))
    for gic in GICS:
        yield Platform("bare", f"GICv{gic}", bare(gic))
        for name, options in xen.VARIANTS.items():
            yield Platform(name, f"GICv{gic}", lambda folder, part, gic=gic, options=options:
                           xen.measured(folder, gic, options, part), no_xen,
                           dict if options != xen.OPTIONS else lambda gic=gic: xen.start(gic))
        for mode in kvm.CPUS:
            yield Platform(f"KVM {mode}", f"GICv{gic}", lambda folder, part, gic=gic, mode=mode:
                           kvm.measured(folder, gic, mode, part), no_linux)


def versions():
    found = {}
    if xen.image():
        found["Xen"] = xen.version()
    if kvm.kernel():
        found["Linux (KVM)"] = kvm.version()
    return found
