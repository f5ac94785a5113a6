# SPDX-License-Identifier: Apache-2.0
"""The breakdown of an event (tests/bench/where.py) adds up to what `make bench-quick` measures."""
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/bench"))
import machine  # noqa: E402
import skerry  # noqa: E402
import where  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def plugin():
    subprocess.run(["make", "--no-print-directory", str(BUILD.relative_to(ROOT) / "bench/where.so")],
                   cwd=ROOT, check=True)


@pytest.mark.parametrize("name,trapping", [("hypercall", 1), ("self_sgi", 1), ("gicd_typer", 0),
                                           ("id_register", 3)])
def test_sum_is_the_row(name, trapping, tmp_path):
    """What is the guest's own of an event: the instruction that traps, as QEMU counts it."""
    _, counts, ticks = where.event(name, "GICv3")
    part = next(row.part for row in where.EVENTS if row.name == name)
    plain = machine.figures(skerry.measured(tmp_path, "GICv3", part))
    functions = where.by_function(where.Image(), counts)
    assert ticks == plain[name]
    assert sum(count for _, count in functions) + trapping == pytest.approx(plain[name])


def test_start_is_the_row(tmp_path):
    """Two counters, each with its own plugin; the row's has not counted the guest's first instruction."""
    _, counts, total = where.event("boot_1g", "GICv2")
    assert total == skerry.until_guest(tmp_path, 2, 1, "1G") + 1
    assert sum(count for _, count in where.by_function(where.Image(), counts)) == pytest.approx(total, abs=32)


def test_names_functions():
    _, counts, _ = where.event("hypercall", "GICv2")
    names = [name for name, _ in where.by_function(where.Image(), counts)]
    assert {"vectors", "trap_quick"} <= set(names)
