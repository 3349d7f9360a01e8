"""A chart in the terminal, of bars and dots that are text: what `--plot` shows, without any library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import log2
from shutil import get_terminal_size
from typing import TextIO

from ..spec.records import NamedTuple
from .as_table import TableWriter, can_encode, plain_width
from .charts import Along, Bars, Chart, Curves, Panel, Points, rows
from .model import Table
from .pictures import Source, chart_of
from .units import Number, show, with_unit

#: A bar's cells: all of it, what of it was there before, and where ratios start; and where only ASCII can be written.
FULL, HELD, ORIGIN = "█", "▒", "│"
ASCII = str.maketrans("█▒│─×·–…●∙◀", "#=|-x.-.*.<")

#: A bar has so many cells at least, and at most; a name so many characters; a plot of dots so many lines.
LEAST, MOST, LONGEST_NAME, DOT_LINES = 8, 30, 30, 16


class Column(NamedTuple):
    """The bars of one panel as text: what draws one of so many cells, and the text beside each."""

    title: str
    draw: Callable[[int, int], str]
    texts: tuple[str, ...]


def chart_text(chart: Chart, width: int, *, ascii_only: bool = False) -> str:
    """The panels of the chart, one below the other where the width has no room for all.

    >>> bars = Bars("MACs", ("standard", "grouped"), (1, 0.25), ("base", "0.250×"), True)
    >>> print(chart_text(Chart("64:128 @56 k3", (), (bars,)), 40), end="")
               MACs
     standard                      │  base
     grouped   ████████████████████│  0.250×
    """
    blocks = [block for row in rows(chart.panels) for block in _blocks(row, width)]
    text = "\n".join(["".join([line.rstrip() + "\n" for line in block]) for block in blocks])
    text += "".join([f" {note}\n" for note in chart.notes])
    return text.translate(ASCII) if ascii_only else text


def _blocks(row: Sequence[Panel], width: int) -> Iterator[list[str]]:
    for panel in row:
        if isinstance(panel, Points):
            yield _dots(panel, width)
        elif isinstance(panel, Curves):
            yield from _side_by_side(*_curves(panel), width, panel.title)
        elif isinstance(panel, Along):
            yield from _along(panel, width)
    bars = [panel for panel in row if isinstance(panel, Bars)]
    if bars:
        yield from _side_by_side(bars[0].names, [_bars(panel) for panel in bars], width)


def _side_by_side(names: Sequence[str], columns: Sequence[Column], width: int, title: str = "") -> Iterator[list[str]]:
    """The columns beside the names; those that do not fit go on below, beside the names again."""
    short = [name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :] for name in names]
    label = max(map(len, short), default=0)
    beside = [max(len(c.title) - LEAST - 2, *map(len, c.texts)) for c in columns]
    at = 0
    while at < len(columns):
        fits = [n for n in range(at + 1, len(columns) + 1) if _room(label, beside[at:n], width) >= LEAST]
        end = fits[-1] if fits else at + 1
        cells = max(LEAST, min(MOST, _room(label, beside[at:end], width)))
        yield [*[f" {title}"] * bool(title), *_lines(short, label, columns[at:end], beside[at:end], cells)]
        at, title = end, ""


def _room(label: int, beside: Sequence[int], width: int) -> int:
    """Cells that each bar gets."""
    return (width - 1 - label - sum([2 + 2 + text for text in beside])) // len(beside)


def _lines(
    names: Sequence[str], label: int, columns: Sequence[Column], beside: Sequence[int], cells: int
) -> Iterator[str]:
    heads = [f"{column.title:<{cells + 2 + text}}" for column, text in zip(columns, beside)]
    if any([column.title for column in columns]):
        yield f" {'':<{label}}  {'  '.join(heads)}"
    for at, name in enumerate(names):
        bars = [f"{c.draw(at, cells):<{cells}}  {c.texts[at]:<{text}}" for c, text in zip(columns, beside)]
        yield f" {name:<{label}}  {'  '.join(bars)}"


def _bars(panel: Bars) -> Column:
    if panel.is_ratio:
        return Column(panel.title, _ratios(panel), panel.texts)
    most = max([value or 0 for value in panel.values], default=0)

    def draw(at: int, cells: int) -> str:
        return FULL * _cells(panel.values[at] or 0, most, cells)

    return Column(panel.title, draw, panel.texts)


def _cells(value: Number, most: Number, cells: int) -> int:
    """How many of the cells; one at least, where there is something."""
    return max(1, round(value * cells / most)) if value > 0 else 0


def _ratios(panel: Bars) -> Callable[[int, int], str]:
    """Bars from 1, to the left of it where there is less; a cell is the same ratio everywhere."""
    powers = [log2(value) if value else None for value in panel.values]
    low, high = min([p for p in powers if p is not None] + [0]), max([p for p in powers if p is not None] + [0])
    span = high - low or 1.0

    def draw(at: int, cells: int) -> str:
        start, power = round(-low / span * (cells - 1)), powers[at] or 0.0
        length = min(
            max(round(abs(power) / span * (cells - 1)), int(power != 0)), start if power < 0 else cells - 1 - start
        )
        return f"{FULL * length * (power < 0):>{start}}{ORIGIN}{FULL * length * (power > 0)}"

    return draw


def _curves(panel: Curves) -> tuple[list[str], list[Column]]:
    """A bar a point: beside each x, one for each curve, all to one scale."""
    xs = sorted({x for curve in panel.curves for x in curve.x})
    scale = panel.y.scale([curve.y for curve in panel.curves])
    most = max([y or 0 for curve in panel.curves for y in curve.y], default=0)
    found = [dict(zip(curve.x, curve.y)) for curve in panel.curves]

    def column(values: dict[Number, Number | None], name: str) -> Column:
        def draw(at: int, cells: int) -> str:
            return FULL * _cells(values.get(xs[at]) or 0, most, cells)

        return Column(with_unit(name, scale.unit), draw, tuple([show(values.get(x), scale) for x in xs]))

    return [f"{x:g}" for x in xs], [column(values, c.name) for values, c in zip(found, panel.curves)]


def _along(panel: Along, width: int) -> Iterator[list[str]]:
    """A line for each step that adds something; the largest is marked."""
    scale, sums, own = panel.scale, panel.sums, panel.parts[-1][1]
    shown = [at for at in range(len(sums)) if own[at] > 0]
    if not shown:
        return
    most = max(sums)
    texts = tuple([show(sums[at], scale) + "  ◀ most" * (sums[at] == most) for at in shown])

    def draw(at: int, cells: int) -> str:
        full = _cells(sums[shown[at]], most, cells)
        new = min(full, _cells(own[shown[at]], most, cells))
        return HELD * (full - new) + FULL * new

    key = f"{HELD} {panel.parts[0][0]}  {FULL} {panel.parts[1][0]}" if len(panel.parts) > 1 else ""
    names = [panel.names[at] for at in shown]
    yield from _side_by_side(names, [Column(key, draw, texts)], width, with_unit(panel.title, scale.unit))


def _dots(panel: Points, width: int) -> list[str]:
    """A field of dots; those on the front are letters, explained below."""
    xs, ys = panel.x.scale([[x for x, _ in panel.at]]), panel.y.scale([[y for _, y in panel.at]])
    across = max(20, min(width - 16, 72))
    columns = _places([x for x, _ in panel.at], panel.x.log, across)
    lines = _places([y for _, y in panel.at], panel.y.log, DOT_LINES)
    field = [[" "] * across for _ in range(DOT_LINES)]
    front = sorted([at for at, on in enumerate(panel.on_front) if on], key=lambda at: panel.at[at])
    signs = {at: "abcdefghijklmnopqrstuvwxyz"[n] if n < 26 else "●" for n, at in enumerate(front)}
    for at in sorted(range(len(panel.at)), key=lambda at: panel.on_front[at]):
        field[DOT_LINES - 1 - lines[at]][columns[at]] = signs.get(at, "∙")
    top, bottom = show(max([y for _, y in panel.at]), ys), show(min([y for _, y in panel.at]), ys)
    left, right = show(min([x for x, _ in panel.at]), xs), show(max([x for x, _ in panel.at]), xs)
    edge = max(len(top), len(bottom))
    marks = [top, *[""] * (DOT_LINES - 2), bottom]
    named = [
        f" {signs[at]}  {panel.names[at]}: {panel.x.label} {show(panel.at[at][0], xs)}{xs.unit and ' ' + xs.unit}, "
        f"{panel.y.label} {show(panel.at[at][1], ys)}{ys.unit and ' ' + ys.unit}"
        for at in front
    ]
    return [
        f" {panel.title}",
        f" {with_unit(panel.y.label, ys.unit)}",
        *[f" {mark:>{edge}} {ORIGIN}{''.join(line)}" for mark, line in zip(marks, field)],
        f" {'':>{edge}} {left:<{across - len(right)}}{right} {with_unit(panel.x.label, xs.unit)}",
        *named,
    ]


def _places(values: Sequence[Number], is_log: bool, count: int) -> list[int]:
    """Which of `count` cells each value is in."""
    at = [log2(value) if is_log and value > 0 else float(value) for value in values]
    low, high = min(at), max(at)
    return [round((value - low) / (high - low) * (count - 1)) if high > low else 0 for value in at]


class PlotWriter(TableWriter):
    """The table, and its chart below it."""

    def write(self, table: Table, source: Source) -> None:
        """Colours are the table's; the chart is as wide as a table may be."""
        chart = chart_of(source, table)
        super().write(table, source)
        self.file.write("\n" + chart_text(chart, _width(self.file), ascii_only=not can_encode(self.file)))


def _width(file: TextIO) -> int:
    """Columns of the terminal, or what plain tables have."""
    return get_terminal_size().columns if file.isatty() else plain_width()
