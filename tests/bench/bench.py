#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what guests wait for, in instructions, and compares.

    bench.py quick [--update]   Skerry alone, held against docs/bench-quick.json: fails where a row
                                is more than 3 % worse than there; --update writes the file anew
    bench.py full [--update] [--only NAME,…]   all platforms side by side, or those named with the
                                others as in docs/bench.json: a table on the terminal, results.json and
                                plots in build/bench; --update puts them into docs/, the tables into
                                docs/performance.md
    bench.py grows [--update] [--only NAME,…]  how costs grow with guests, vCPUs, memory: plots in
                                build/bench, and with --update in docs/; fails on more than linear growth

All figures are counted under QEMU's -icount (machine.py) and come out the same on any host with the
same compiler and QEMU. docs/performance.md explains the rows.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone

import grow
import peers
import report
import skerry
from machine import BUILD, QEMU, ROOT, Invalid
from rows import EVENTS, START

COMMITTED = ROOT / "docs/bench-quick.json"
WORSE = 1.03


def versions():
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
    compiler = first_line(os.environ.get("CC_AARCH64", "aarch64-linux-gnu-gcc"), "--version")
    return {"compiler": compiler, "qemu": re.search(r"version (\S+)", first_line(QEMU, "--version"))[1]}


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def quick_table(found, committed):
    """Lines of text: each row on each board, and how it stands to the file and to the aims."""
    boards = list(found)
    yield f"{'instructions':<56}" + "".join(f"{b:>16}" for b in boards) + f"{'at most':>10}{'aim':>9}"
    for row in EVENTS + START:
        line = f"{row.title:<56}"
        for board in boards:
            value, old = found[board].get(row.name), committed.get(board, {}).get(row.name)
            mark = " "
            if value is not None and old is not None and value != old:
                mark = "+" if value > old else "-"
            line += f"{number(value) + mark:>16}"
        yield line + f"{row.at_most:>10,}{row.aim:>9,}"


def worse(found, committed):
    """What is more than 3 % above the committed figures, or not among them."""
    for board, rows in found.items():
        for name, value in rows.items():
            old = committed.get(board, {}).get(name)
            if old is None:
                yield f"{board}: {name} is {value}, and not in {COMMITTED.name}"
            elif value > old * WORSE:
                yield f"{board}: {name} is {value:g}, {100 * (value / old - 1):.1f} % above {old:g}"
    for board, rows in committed.items():
        for name in set(rows) - set(found.get(board, {})):
            yield f"{board}: {name} is in {COMMITTED.name}, and was not measured"


def quick(update):
    known = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {"rows": {}}
    found, tools = skerry.all_figures(), versions()
    print("\n".join(quick_table(found, known["rows"])))
    if update:
        COMMITTED.write_text(json.dumps({"tools": tools, "rows": found}, indent=1) + "\n")
        print(f"written: {COMMITTED.relative_to(ROOT)}")
        return 0
    if known.get("tools") != tools:
        print(f"note: the committed figures were made with {known.get('tools')}, these with {tools}")
    bad = list(worse(found, known["rows"]))
    if bad:
        print("worse than committed (make bench-quick UPDATE=1 writes new figures, to be committed with"
              " a reason):", *bad, sep="\n  ")
    return 1 if bad else 0


def made(command, **others):
    return {"command": command, "date": f"{datetime.now(timezone.utc):%Y-%m-%d}", "commit": report.commit(),
            **versions(), **others}


def grows(update, only):
    found = grow.all_series(only=only)
    report.publish_grown(made("make bench-grows"), found, BUILD / "bench", update)
    bad = list(grow.faults(found))
    if bad:
        print("grows faster than linearly:", *bad, sep="\n  ")
    return 1 if bad else 0


def full(update, only):
    """All platforms, one after the other; says which can't be had."""
    results = {"made": made("make bench", **peers.versions()), "rows": {}}
    if only and report.COMMITTED.exists():  # the others' figures stay as they were
        results["rows"] = json.loads(report.COMMITTED.read_text())["rows"]
    for platform in peers.platforms():
        if only and platform.name not in only:
            continue
        if platform.why:
            print(f"not measured: {platform.name}, {platform.gic}: {platform.why}")
            continue
        print(f"{platform.name}, {platform.gic}", flush=True)
        results["rows"].setdefault(platform.gic, {})[platform.name] = platform.figures()
    report.write(results, BUILD / "bench")
    print(report.terminal(results))
    print(f"written: {(BUILD / 'bench').relative_to(ROOT)}/results.json and its plots")
    if update:
        report.publish(results)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["quick", "full", "grows"])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    try:
        if options.what != "quick":
            only = [name for name in options.only.split(",") if name]
            sys.exit((full if options.what == "full" else grows)(options.update, only))
        sys.exit(quick(options.update))
    except Invalid as error:
        sys.exit(f"bench: the run is invalid: {error}")


if __name__ == "__main__":
    main()
