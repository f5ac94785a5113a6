# SPDX-License-Identifier: Apache-2.0
"""Two kinds of plots as SVG: dots of several series on one logarithmic scale, and lines."""
import math
from dataclasses import dataclass
from html import escape

FONT = "font-family='system-ui, Helvetica, Arial, sans-serif'"
INK, FAINT, PAPER = "#1b2733", "#d5dce3", "#ffffff"
# Tell each other apart for most colour-blind readers, too (after Okabe and Ito).
STYLES = {"Skerry": ("#0072b2", "circle"), "bare": ("#777777", "square"), "Xen": ("#009e73", "diamond"),
          "Xen credit": ("#cc79a7", "triangle"), "Xen vwfi": ("#8b6d00", "cross"),
          "KVM nVHE": ("#d55e00", "square"), "KVM VHE": ("#d55e00", "ring"), "at most": ("#1b2733", "bar")}
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8b6d00", "#56b4e9", "#555555"]
SHAPES = ["circle", "square", "diamond", "triangle", "cross", "ring", "bar"]


def text(x, y, words, size=12, anchor="start", weight="normal", colour=INK, turn=""):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}' {FONT} "
            f"font-weight='{weight}' fill='{colour}'{turn}>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour=FAINT, width=1.0, dash=""):
    dash = f" stroke-dasharray='{dash}'" if dash else ""
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
            f"stroke-width='{width}'{dash}/>")


def mark(x, y, shape, colour, words, r=5.0):
    """A dot; pointed at, it says `words`."""
    fill = f"fill='{colour}'"
    drawn = {
        "circle": f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{r}' {fill}>",
        "ring": f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{r - 1}' fill='none' stroke='{colour}' stroke-width='2'>",
        "square": f"<rect x='{x - r + 0.7:.1f}' y='{y - r + 0.7:.1f}' width='{2 * r - 1.4}' height='{2 * r - 1.4}' {fill}>",
        "diamond": f"<path d='M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l-{r + 1} {r + 1}l-{r + 1} -{r + 1}z' {fill}>",
        "triangle": f"<path d='M{x:.1f} {y - r:.1f}l{r} {2 * r - 1}h-{2 * r}z' {fill}>",
        "cross": f"<path d='M{x - r + 1:.1f} {y - r + 1:.1f}l{2 * r - 2} {2 * r - 2}m0 -{2 * r - 2}l-{2 * r - 2} {2 * r - 2}' "
                 f"fill='none' stroke='{colour}' stroke-width='2.4'>",
        "bar": f"<rect x='{x - 1.2:.1f}' y='{y - r - 1:.1f}' width='2.4' height='{2 * r + 2}' {fill}>",
    }[shape]
    name = drawn[1:drawn.index(" ")]
    return f"{drawn}<title>{escape(words)}</title></{name}>"


def page(width, height, parts):
    return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
            f"viewBox='0 0 {width} {height}'>\n<rect width='{width}' height='{height}' rx='8' fill='{PAPER}'/>\n"
            + "\n".join(parts) + "\n</svg>\n")


def short(n):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(n) >= limit:
            return f"{n / limit:g}{unit}"
    return f"{n:g}"


def decades(least, most):
    """1, 2, 5, 10, …: (value, whether it bears a label) from below least to above most."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    for power in range(low, high + 1):
        for digit in (1, 2, 5):
            value = digit * 10.0 ** power
            if least <= value <= most:
                yield value, digit == 1 or high - low < 4


def legend(names, x, y, width, styles):
    """Names in rows of what fits; the parts and the height taken."""
    parts, at, down = [], x, y
    for name in names:
        room = 28 + 6.8 * len(name)
        if at + room > x + width:
            at, down = x, down + 20
        colour, shape = styles[name]
        parts += [mark(at + 6, down - 4, shape, colour, name), text(at + 17, down, name)]
        at += room
    return parts, down - y + 20


def styles_of(names):
    return {name: STYLES.get(name) or (COLOURS[i % len(COLOURS)], SHAPES[i % len(SHAPES)]) for i, name in enumerate(names)}


def dots(title, note, rows, names):
    """rows: (label, {name: value > 0}). One line each, on one logarithmic scale; the first name's values
    stand at the right as well."""
    left, right, pitch, width = 390, 90, 26, 1040
    styles = styles_of(names)
    drawn, taken = legend(names, 20, 74, width - 40, styles)
    top = 74 + taken + 18
    values = [v for _, row in rows for v in row.values()]
    low, high = math.log10(min(values)) - 0.08, math.log10(max(values)) + 0.08
    bottom = top + pitch * len(rows)

    def at(value):
        return left + (math.log10(value) - low) / (high - low) * (width - left - right)

    parts = [text(20, 32, title, 18, weight="600"), text(20, 52, note, 12, colour="#566573"), *drawn,
             text(width - 24, top - 12, names[0], 11, "end", "600", styles[names[0]][0])]
    for value, labelled in decades(10 ** low, 10 ** high):
        parts.append(line(at(value), top - 8, at(value), bottom, FAINT, 1 if labelled else 0.5))
        if labelled:
            parts += [text(at(value), top - 12, short(value), 11, "middle", colour="#566573"),
                      text(at(value), bottom + 16, short(value), 11, "middle", colour="#566573")]
    for i, (label, row) in enumerate(rows):
        y = top + pitch * i + pitch / 2
        parts.append(text(left - 14, y + 4, label, 12, "end"))
        parts.append(line(min(map(at, row.values())), y, max(map(at, row.values())), y, FAINT, 3))
        parts += [mark(at(row[name]), y, styles[name][1], styles[name][0], f"{name}: {row[name]:,.0f}")
                  for name in reversed(names) if name in row]
        if names[0] in row:
            parts.append(text(width - 24, y + 4, f"{row[names[0]]:,.0f}", 12, "end", "600", styles[names[0]][0]))
    return page(width, bottom + 30, parts)


def lines(title, note, across, up, series, log_x=False, log_y=False):
    """series: {name: [(x, y)]}; axes from 0 where they are not logarithmic."""
    width, height, left, right = 760, 420, 84, 24
    styles = styles_of(list(series))
    drawn, taken = legend(list(series), 20, 74, width - 40, styles)
    top, bottom = 74 + taken, height - 52
    points = [point for s in series.values() for point in s]

    def scale(values, log, start, end):
        most = max(values)
        if log:
            low, high = math.log10(min(values)), math.log10(most)
            high = high if high > low else low + 1
            ticks = [2.0 ** i for i in range(0, 64) if min(values) <= 2.0 ** i <= most]
            ticks = ticks[::max(1, math.ceil(len(ticks) / 10))] if start < end else \
                [value for value, labelled in decades(min(values), most * 1.01) if labelled]
            return lambda v: start + (math.log10(v) - low) / (high - low) * (end - start), ticks
        step = 10.0 ** math.floor(math.log10(most or 1))
        step = next(step * part for part in (0.2, 0.5, 1, 2) if (most or 1) / (step * part) <= 6)
        top_tick = math.ceil((most or 1) / step - 1e-9) * step
        return (lambda v: start + v / top_tick * (end - start),
                [step * i for i in range(round(top_tick / step) + 1)])

    x_at, x_ticks = scale([x for x, _ in points], log_x, left, width - right)
    y_at, y_ticks = scale([y for _, y in points], log_y, bottom, top)
    parts = [text(20, 32, title, 18, weight="600"), text(20, 52, note, 12, colour="#566573"), *drawn]
    for value in y_ticks:
        parts += [line(left, y_at(value), width - right, y_at(value)),
                  text(left - 8, y_at(value) + 4, short(value), 11, "end", colour="#566573")]
    for value in x_ticks:
        parts += [line(x_at(value), bottom, x_at(value), bottom + 4, INK),
                  text(x_at(value), bottom + 18, short(value), 11, "middle", colour="#566573")]
    parts += [line(left, bottom, width - right, bottom, INK),
              text((left + width - right) / 2, height - 12, across, 12, "middle"),
              text(18, (top + bottom) / 2, up, 12, "middle",
                   turn=f" transform='rotate(-90 18 {(top + bottom) / 2:.1f})'")]
    for name, s in series.items():
        colour, shape = styles[name]
        path = " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in s)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [mark(x_at(x), y_at(y), shape, colour, f"{name}: {x:,g}: {y:,g}", 4) for x, y in s]
    return page(width, height, parts)
