"""The one chart model: what every picture says, whoever draws it, `as_svg` or `as_plot`.

A chart is made where its document is, from exact numbers in base units; the drawing chooses units, as tables do:

>>> from convcost.report.units import COUNTS
>>> macs = Curve("depthwise", (3, 5, 7), (1_806_336, 5_017_600, 9_834_496))
>>> chart = Chart("growth", ("fp32",), (Curves("growth with k", Axis("k"), Axis("MACs", COUNTS), (macs,)),))
>>> chart.panels[0].y.scale([curve.y for curve in chart.panels[0].curves])
Scale(unit='M', divisor=1000000, decimals=2, suffix='', exact=False)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ..spec.records import NamedTuple
from .units import PLAIN, Number, Scale, Units, choose_scale

#: Panels of one kind that stand side by side.
BARS_A_ROW, PLOTS_A_ROW = 4, 2


class Axis(NamedTuple):
    """What an axis counts, in which family of units; `log`: equal steps are equal ratios."""

    label: str
    units: Units = PLAIN
    log: bool = False

    def scale(self, values: Iterable[Sequence[Number | None]]) -> Scale:
        """The unit in which all of these read well."""
        return choose_scale([value for each in values for value in each], self.units)


class Bars(NamedTuple):
    """A bar a name, from left to right; `texts` stand beside them, and say what is missing where a value is None.

    `is_ratio`: values are ratios, which start at 1, to the left where they are less; equal steps are equal ratios.
    """

    title: str
    names: tuple[str, ...]
    values: tuple[Number | None, ...]
    texts: tuple[str, ...]
    is_ratio: bool = False


class Along(NamedTuple):
    """Values along steps that have names; the parts of one step stand on each other, each with its label."""

    title: str
    axis: Axis
    names: tuple[str, ...]
    parts: tuple[tuple[str, tuple[Number, ...]], ...]

    @property
    def scale(self) -> Scale:
        """The unit in which the largest reads well."""
        return choose_scale([max(self.sums, default=0)], self.axis.units)

    @property
    def sums(self) -> list[Number]:
        """All parts of each step together."""
        return [sum(values) for values in zip(*[values for _, values in self.parts])]


class Curve(NamedTuple):
    """One line through points, its name at its end."""

    name: str
    x: tuple[Number, ...]
    y: tuple[Number | None, ...]


class Curves(NamedTuple):
    """Lines over one axis."""

    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]


class Points(NamedTuple):
    """Things at two of their numbers; those `on_front` have their names written, and a line through them.

    `names` of the others may be empty.
    """

    title: str
    x: Axis
    y: Axis
    names: tuple[str, ...]
    at: tuple[tuple[Number, Number], ...]
    on_front: tuple[bool, ...]


Panel = Bars | Along | Curves | Points


class Chart(NamedTuple):
    """A picture: a title, what holds for all of it, and its panels; notes stand below."""

    title: str
    facts: tuple[str, ...]
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()


def rows(panels: Sequence[Panel]) -> Iterator[tuple[Panel, ...]]:
    """The panels that share a row: bars with the same names, pairs of others; all that are along the same steps.

    >>> bars = Bars("params", ("standard",), (9,), ("9",))
    >>> [len(row) for row in rows([bars] * 5)]
    [4, 1]
    """
    for (kind, _), group in groupby(panels, _kind):
        found = tuple(group)
        size = BARS_A_ROW if kind is Bars else len(found) if kind is Along else PLOTS_A_ROW
        yield from [found[at : at + size] for at in range(0, len(found), size)]


def _kind(panel: Panel) -> tuple[type, tuple[str, ...]]:
    return type(panel), panel.names if isinstance(panel, (Bars, Along)) else ()
