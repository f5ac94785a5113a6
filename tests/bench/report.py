# SPDX-License-Identifier: Apache-2.0
"""Results as a table on the terminal, as JSON, as plots, and as tables in docs/performance.md."""
import json
import re
import subprocess

import chart
import grow
from machine import ROOT
from rows import EVENTS, LINUX, START

COMMITTED = ROOT / "docs/bench.json"
PAGE = ROOT / "docs/performance.md"
ORDER = ["Skerry", "bare", "Xen", "Xen credit", "Xen vwfi", "KVM nVHE", "KVM VHE"]
MEANT = {"Xen": "Xen", "Xen credit": "Xen, credit scheduler", "Xen vwfi": "Xen, vwfi=native"}


def commit():
    return subprocess.run(["git", "log", "-1", "--format=%h"], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout.strip()


def number(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2f}"


def cell(value, ours, name):
    """A figure, and how many times ours it is."""
    if value is None:
        return "–"
    if name in ("Skerry", "bare") or not ours:
        return number(value)
    times = value / ours
    return f"{number(value)} ({times:.1f}×)"


def table(platforms):
    """Head and lines for one kind of GIC: {platform: {row: figure}}."""
    names = [name for name in ORDER if name in platforms]
    head = ["instructions", *names, "at most", "aim"]
    lines = []
    for row in EVENTS + START + LINUX:
        found = [platforms[name].get(row.name) for name in names]
        if any(value is not None for value in found):
            ours = platforms.get("Skerry", {}).get(row.name)
            lines.append([row.title, *(cell(value, ours, name) for value, name in zip(found, names)),
                          number(row.at_most), number(row.aim)])
    return head, lines


def aligned(head, lines, gap="  "):
    """Text: the first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    for line in [head, *lines]:
        yield gap.join([line[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(line[1:], widths[1:])])


def terminal(results):
    """One table; the GICs one below the other, ratios to Skerry's figure in the same line."""
    parts = []
    for gic, platforms in results["rows"].items():
        head, lines = table(platforms)
        parts += [f"\n{gic}", *aligned(head, lines)]
    return "\n".join(parts)


def made_by(made):
    return ("`{command}` on {date} at {commit}: ".format(**made) + ", ".join(
        f"{name} {value}" for name, value in made.items() if name not in ("command", "date", "commit")) + ".")


def markdown(results):
    yield made_by(results["made"])
    for gic, platforms in results["rows"].items():
        head, lines = table(platforms)
        head, *lines = (f"| {line} |" for line in aligned(head, lines, " | "))
        rule = "|" + "|".join("-" * (len(c) - (i > 0)) + ":" * (i > 0)
                              for i, c in enumerate(head[1:-1].split("|"))) + "|"
        yield f"### {gic}\n\n" + "\n".join([head, rule, *lines])


def plots(results):
    """Name and SVG of each."""
    for gic, platforms in results["rows"].items():
        if len(platforms) < 2:
            continue
        names = [name for name in ORDER if name in platforms]
        rows = []
        for row in EVENTS:
            found = {name: max(platforms[name][row.name], 1) for name in names
                     if row.name in platforms[name]}
            if found:
                found["at most"] = row.at_most
                rows.append((row.title, found))
        yield f"bench-{gic.lower()}.svg", chart.dots(
            f"What a guest waits for, {gic}", "instructions, fewer is better; QEMU -icount, cortex-a57 (KVM "
            "VHE: max)", rows, [*names, "at most"])


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    for name, svg in plots(results):
        (folder / name).write_text(svg)


def insert(what, paragraphs, to=PAGE):
    """Between the page's two marks for it."""
    begin, end = f"<!-- {what} UPDATE=1 writes from here -->", f"<!-- {what}: to here -->"
    page = to.read_text()
    if page.count(begin) != 1 or page.count(end) != 1:
        raise SystemExit(f"{to.relative_to(ROOT)}: expected one each of {begin} and {end}")
    new = f"{begin}\n\n" + "\n\n".join(paragraphs) + f"\n\n{end}"
    to.write_text(re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: new, page, flags=re.DOTALL))


def publish(results):
    """Into docs/: the plots, the JSON, and the tables between the page's marks."""
    COMMITTED.write_text(json.dumps(results, indent=1) + "\n")
    for name, svg in plots(results):
        (ROOT / "docs" / name).write_text(svg)
    insert("make bench", markdown(results))


def publish_grown(made, found, folder, update):
    """The same of how it grows; without `update` into `folder` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [series for series in grow.SERIES if series.name in found]
    for to in [folder, ROOT / "docs"] if update else [folder]:
        (to / "bench-grows.json").write_text(json.dumps({"made": made, "series": found}, indent=1) + "\n")
        for series in shown:
            (to / f"grows-{series.name}.svg").write_text(chart.lines(
                series.title, series.note, series.across, series.up, found[series.name], *series.log))
    if update:
        insert("make bench-grows", [made_by(made), *(f"![{series.title}](grows-{series.name}.svg)" for series in shown)])
