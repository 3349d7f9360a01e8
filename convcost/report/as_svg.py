"""A chart as one SVG picture, drawn by matplotlib (the extra `plot`), light or dark as whoever looks at it.

matplotlib because it is kept, needs no browser and no network, writes text as text (the numbers can be read, searched
and tested) and the same bytes for the same chart.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from ..spec.errors import SpecError
from ..spec.records import NamedTuple
from .charts import Along, Axis, Bars, Chart, Curves, Panel, Points, rows
from .model import Table
from .pictures import Source, chart_of
from .tables import TablesWriter
from .units import Number, Scale, show, with_unit

#: Colours by what they are for: on white, and on black.
COLOURS = {
    "ink": ("#1f2328", "#e6edf3"),
    "quiet": ("#59636e", "#9198a1"),
    "grid": ("#d8dee5", "#30363d"),
    "paper": ("#ffffff", "#0d1117"),
    "less": ("#0a69da", "#4493f8"),
    "more": ("#bc4c00", "#f0883e"),
    "held": ("#a8b1ba", "#59636f"),
}
LIGHT = {name: light for name, (light, _) in COLOURS.items()}

#: Curves in turn, each on white and on black: told apart in grey and by most who do not see all colours.
LINES = (
    ("#0a69da", "#4493f8"),
    ("#bc4c00", "#f0883e"),
    ("#1a7f37", "#3fb950"),
    ("#8250df", "#ab7df8"),
    ("#9a6700", "#d29922"),
)

#: Inches: the picture's width, a bar's height, a row's head and foot, and the height of the other panels.
WIDTH, BAR, AROUND, PLOT, ALONG = 10.0, 0.25, 0.85, 3.6, 2.5

#: Points that are written beside the largest along steps, and the characters that a name there may have.
NAMED, LONGEST = 3, 34

#: Points that all have their names written, those beside the front small.
MOST_NAMES = 20

#: What a line of text takes of a panel's height.
LINE_OF_TEXT = 0.075

_SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "convcost", "font.size": 9.0, "text.color": LIGHT["ink"],
    "axes.edgecolor": LIGHT["quiet"], "axes.labelcolor": LIGHT["quiet"], "axes.labelsize": 8.5,
    "xtick.color": LIGHT["quiet"], "xtick.labelcolor": LIGHT["quiet"], "xtick.labelsize": 8.0,
    "ytick.color": LIGHT["quiet"], "ytick.labelcolor": LIGHT["ink"], "ytick.labelsize": 9.0,
    "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlecolor": LIGHT["ink"],
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.facecolor": "none",
    "grid.color": LIGHT["grid"], "grid.linewidth": 0.7, "figure.facecolor": LIGHT["paper"],
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "legend.frameon": False, "legend.fontsize": 8.0,
}  # fmt: skip


class Place(NamedTuple):
    """Where a panel is: whether it is the first of its row, and the colours of all curves of the chart, by name."""

    is_first: bool
    colours: dict[str, str]


def matplotlib_library() -> Any:
    """matplotlib; a SpecError that names the extra where it is not there."""
    try:
        return import_module("matplotlib")
    except ImportError:
        raise SpecError(
            "a picture needs matplotlib", "pip install 'convcost[plot]'; --plot draws bars of text"
        ) from None


def svg(chart: Chart) -> str:
    """The chart as an SVG document; SpecError without matplotlib."""
    with matplotlib_library().rc_context(_SETTINGS):
        text = _drawn(chart)
    head, start, rest = text.partition("<svg ")
    tag, _, rest = rest.partition(">")
    return f"{head}{start}{tag}>{_style()}{rest}"


def _style() -> str:
    """What makes the colours those of a dark page where one is wanted; what knows no CSS shows the light ones."""
    rules = [
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in dict((*COLOURS.values(), *LINES)).items()
        for what in ("fill", "stroke")
    ]
    return f"\n<style>@media (prefers-color-scheme: dark){{{''.join(rules)}}}</style>"


def _drawn(chart: Chart) -> str:
    figures, svg_canvas = import_module("matplotlib.figure"), import_module("matplotlib.backends.backend_svg")
    lines = list(rows(chart.panels))
    heights = [_height(row) for row in lines]
    figure = figures.Figure(figsize=(WIDTH, sum(heights) + _beside(chart)), layout="constrained")
    svg_canvas.FigureCanvasSVG(figure)
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08, rect=_room(chart, sum(heights)))
    _headed(figure, chart, sum(heights))
    parts = figure.subfigures(len(lines), 1, height_ratios=heights, squeeze=False)[:, 0]
    names = dict.fromkeys([curve.name for panel in chart.panels if isinstance(panel, Curves) for curve in panel.curves])
    colours = {name: LINES[at % len(LINES)][0] for at, name in enumerate(names)}
    for part, row in zip(parts, lines):
        part.set_facecolor("none")
        one_below_the_other = isinstance(row[0], Along)
        shape = (len(row), 1) if one_below_the_other else (1, len(row))
        axes = part.subplots(*shape, squeeze=False, sharex=one_below_the_other).flat
        for index, (panel, ax) in enumerate(zip(row, axes)):
            _DRAW[type(panel)](ax, panel, Place(index == 0, colours))
    file = io.StringIO()
    title = {"Title": chart.title} if chart.title else {}
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, **title})
    return file.getvalue()


def _height(row: Sequence[Panel]) -> float:
    first = row[0]
    if isinstance(first, Bars):
        return AROUND + BAR * len(first.names)
    return ALONG * len(row) if isinstance(first, Along) else PLOT


def _beside(chart: Chart) -> float:
    """Inches that title and notes take."""
    return 0.5 * bool(chart.title or chart.facts) + 0.05 + 0.2 * len(chart.notes)


def _room(chart: Chart, inner: float) -> tuple[float, float, float, float]:
    """Left, bottom, width and height, as parts of the whole, of what is neither title nor notes."""
    whole = inner + _beside(chart)
    return (0.0, 0.2 * len(chart.notes) / whole, 1.0, inner / whole)


def _headed(figure: Any, chart: Chart, inner: float) -> None:
    """Title, facts and notes."""
    whole = inner + _beside(chart)
    top = 1 - 0.26 / whole
    figure.text(0.008, top, chart.title, weight="bold", size=12, va="center")
    figure.text(0.992, top, "  ·  ".join(chart.facts), color=LIGHT["quiet"], ha="right", va="center")
    for index, note in enumerate(reversed(chart.notes)):
        figure.text(0.008, (0.08 + 0.2 * index) / whole, note, color=LIGHT["quiet"], size=8, va="bottom")


def _bars(ax: Any, panel: Bars, place: Place) -> None:
    """Horizontal bars with their numbers in a column at the right; names at the first panel of a row only."""
    count = len(panel.names)
    start = 1 if panel.is_ratio else 0
    lengths = [value or start for value in panel.values]
    colours = [LIGHT["more" if panel.is_ratio and value > 1 else "less"] for value in lengths]
    ax.barh(range(count), [value - start for value in lengths], left=start, height=0.62, color=colours)
    for at, text in enumerate(panel.texts):
        ax.text(1.30, at, text, transform=ax.get_yaxis_transform(), ha="right", va="center", size=8.5)
    ax.set_ylim(count - 0.4, -0.6)
    ax.set_yticks(range(count), panel.names if place.is_first else [""] * count)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.axvline(start, color=LIGHT["quiet"], linewidth=0.9)
    ax.set_title(panel.title)
    if panel.is_ratio:
        _ratio_axis(ax, lengths)
    else:
        ax.set_xlim(0, max([*lengths, 1e-9]) * 1.02)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)


def _ratio_axis(ax: Any, values: Sequence[Number]) -> None:
    """From the least to the most, 1 in it; powers of two, of four, of sixteen …, at most five."""
    from math import ceil, floor, log2

    low, high = min(0, floor(log2(min(values)))), max(1, ceil(log2(max(values))))
    step = 1
    while (high - low) / step > 4:
        step *= 2
    ticks = [power for power in range(low, high + 1) if power % step == 0]
    ax.set_xscale("log", base=2)
    ax.set_xlim(2.0 ** (low - 0.02), 2.0 ** (high + 0.02))
    ax.set_xticks([2.0**power for power in ticks], [f"{2**p}×" if p >= 0 else f"1/{2**-p}" for p in ticks])
    ax.minorticks_off()
    ax.grid(axis="x")


def _along(ax: Any, panel: Along, place: Place) -> None:  # noqa: ARG001  the others want to know
    """A column a step, its parts on each other; the largest are named."""
    scale, count = panel.scale, len(panel.names)
    below = [0.0] * count
    colours = [LIGHT["less"]] if len(panel.parts) == 1 else [LIGHT["held"], LIGHT["less"], LIGHT["more"]]
    for (label, values), colour in zip(panel.parts, colours):
        heights = [value / scale.divisor for value in values]
        ax.bar(range(1, count + 1), heights, 0.9, below, color=colour, label=label, align="center")
        below = [a + b for a, b in zip(below, heights)]
    ax.set_xlim(0.4, count + 0.6)
    ax.xaxis.set_major_locator(import_module("matplotlib.ticker").MaxNLocator(integer=True, nbins=10))
    ax.set_ylim(0, max([*below, 1e-9]) * 1.22)
    ax.grid(axis="y")
    ax.set_title(with_unit(panel.title, scale.unit))
    ax.tick_params(axis="x", labelbottom=True)
    ax.set_xlabel("operation, in execution order")
    if len(panel.parts) > 1:
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(panel.parts), borderaxespad=0.2)
    _name_largest(ax, panel, scale, below)


def _name_largest(ax: Any, panel: Along, scale: Scale, heights: Sequence[float]) -> None:
    """The names and numbers of the few largest steps that stand apart from each other."""
    count, sums, placed = len(heights), panel.sums, list[int]()
    for at in sorted(range(count), key=lambda at: -heights[at]):
        if len(placed) == NAMED or not heights[at]:
            break
        if any(abs(at - other) < 0.3 * count for other in placed):
            continue
        placed.append(at)
        name = panel.names[at] if len(panel.names[at]) <= LONGEST else "…" + panel.names[at][1 - LONGEST :]
        text, to_the_right = f"{name} {show(sums[at], scale)}", at < count / 2
        covered = max(1, len(text) * count // 120)  # steps that the text stands above, fewer than half of all
        beneath = heights[at : at + covered] if to_the_right else heights[at + 1 - covered : at + 1]
        ax.annotate(
            text, (at + 1, max(beneath)), (0, 4), textcoords="offset points",
            ha="left" if to_the_right else "right", va="bottom", size=8.5,
        )  # fmt: skip


def _curves(ax: Any, panel: Curves, place: Place) -> None:
    """Lines with a mark at each point; each line's name and last number at its end."""
    xs, ys = (axis.scale(values) for axis, values in _axes(panel))
    ends = list[tuple[float, str, str]]()
    for curve in panel.curves:
        colour = place.colours[curve.name]
        points = [(x / xs.divisor, y / ys.divisor) for x, y in zip(curve.x, curve.y) if y is not None]
        if not points:
            continue
        ax.plot(*zip(*points), color=colour, marker="o", markersize=3.5, linewidth=1.6)
        last = next(y for y in reversed(curve.y) if y is not None)
        ends.append((points[-1][1], f"{curve.name}  {show(last, ys)}", colour))
    _axis(ax, "x", panel.x, xs)
    _axis(ax, "y", panel.y, ys)
    if not panel.y.log:
        ax.set_ylim(bottom=0)
    ticks = sorted({x / xs.divisor for curve in panel.curves for x in curve.x})
    if len(ticks) <= 12:
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.grid(axis="y")
    ax.set_title(panel.title)
    _write_ends(ax, ends)


def _axes(panel: Curves) -> tuple[tuple[Axis, Any], tuple[Axis, Any]]:
    return (panel.x, [curve.x for curve in panel.curves]), (panel.y, [curve.y for curve in panel.curves])


def _write_ends(ax: Any, ends: list[tuple[float, str, str]]) -> None:
    """The names of curves at the right of the plot, as near to their ends as they can without touching."""
    to_share, right = ax.transAxes.inverted().transform, ax.get_xlim()[1]
    shares = [(float(to_share(ax.transData.transform((right, end)))[1]), text, c) for end, text, c in ends]
    at = -1.0
    for share, text, colour in sorted(shares):
        at = max(share, at + LINE_OF_TEXT)
        ax.text(1.02, at, text, transform=ax.transAxes, color=colour, va="center", size=8.5)


def _points(ax: Any, panel: Points, place: Place) -> None:  # noqa: ARG001  as all panels are drawn
    """Dots; those on the front are large, named, and joined."""
    xs, ys = panel.x.scale([[x for x, _ in panel.at]]), panel.y.scale([[y for _, y in panel.at]])
    places = [(x / xs.divisor, y / ys.divisor) for x, y in panel.at]
    rest = [place for place, front in zip(places, panel.on_front) if not front]
    front = sorted([(*place, name) for place, name, on in zip(places, panel.names, panel.on_front) if on])
    if rest:
        ax.scatter(*zip(*rest), s=14 if len(rest) < 500 else 4, color=LIGHT["held"])
    ax.plot([x for x, *_ in front], [y for _, y, _ in front], color=LIGHT["less"], linewidth=1.0, alpha=0.5)
    ax.scatter([x for x, *_ in front], [y for _, y, _ in front], s=26, color=LIGHT["less"], zorder=3)
    ax.margins(0.1)
    _axis(ax, "x", panel.x, xs)
    _axis(ax, "y", panel.y, ys)
    ax.grid()
    ax.set_title(panel.title)
    named = [(place, name, True) for place, name, on in zip(places, panel.names, panel.on_front) if on]
    named += [(place, name, False) for place, name, on in zip(places, panel.names, panel.on_front) if not on]
    _write_names(ax, named if len(named) <= MOST_NAMES else named[: len(front)])


def _write_names(ax: Any, named: Sequence[tuple[tuple[float, float], str, bool]]) -> None:
    """Names beside their points where no other stands yet; of points beside the front, only where there is room."""
    to_share, taken = ax.transAxes.inverted().transform, list[tuple[float, float, float]]()
    for place, name, on_front in named:
        x, y = map(float, to_share(ax.transData.transform(place)))
        size, wide = (8.5, 0.0145 * len(name)) if on_front else (7.5, 0.0125 * len(name))
        sides = [(x + 0.015, y + dy, "left") for dy in (0.02, -0.05)] + [(x - 0.015 - wide, y + 0.02, "right")]
        free = [side for side in sides if not any([_touch(side, wide, other) for other in taken]) and side[0] > 0]
        if not free and not on_front:
            continue
        left, up, side = (free or sides)[0]
        taken.append((left, up, wide))
        ink = LIGHT["ink" if on_front else "quiet"]
        ax.text(
            left if side == "left" else left + wide, up, name, transform=ax.transAxes, ha=side, size=size, color=ink
        )


def _touch(one: tuple[float, float, str], wide: float, other: tuple[float, float, float]) -> bool:
    """Do two lines of text overlap, where they start at these shares of a panel?"""
    return abs(one[1] - other[1]) < 0.04 and one[0] < other[0] + other[2] and other[0] < one[0] + wide


def _axis(ax: Any, which: str, axis: Axis, scale: Scale) -> None:
    getattr(ax, f"set_{which}label")(with_unit(axis.label, scale.unit))
    if axis.log:
        ticker = import_module("matplotlib.ticker")
        getattr(ax, f"set_{which}scale")("log")
        which_axis = getattr(ax, f"{which}axis")
        low, high = which_axis.get_view_interval()
        which_axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high < 10_000 * low else (1,)))
        which_axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        which_axis.set_minor_locator(ticker.NullLocator())


_DRAW: dict[type, Callable[[Any, Any, Place], None]] = {Bars: _bars, Along: _along, Curves: _curves, Points: _points}


class SvgWriter(TablesWriter):
    """One picture of one answer."""

    _drawn = False

    def write(self, table: Table, source: Source) -> None:
        """The picture; SpecError for a second one, and where there is nothing to draw."""
        if self._drawn:
            raise SpecError("a picture shows one answer", "write each to a file of its own, or all to one .html")
        self._drawn = True
        self.file.write(svg(chart_of(source, table)))
