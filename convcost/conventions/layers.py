"""Another tool's figures layer by layer: the first that differs from a convention's, and the term that it is."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..networks.build import Network
from ..spec.errors import SpecError, clip
from ..spec.mistakes import close_match
from .answer import conventions
from .facts import ASSUMED, facts_of, in_groups
from .figures import is_figure, read_figure
from .operations import Seen, see
from .registry import SIZES, Convention, term_label, total

#: Quantities that a difference is most often, the first that fits.
LIKELY = ("macs", "bias", "out", "in")

#: Headings of names and of figures, without case and signs, the surest first.
NAMES = ("layer", "name", "module")
FIGURES = ("macs", "multadds", "multiplyadds", "flops")

#: What the line of the whole network is called, beside its own name.
TOTAL = "total"

_HEADER = "a header says it: call the column macs, mult-adds or flops, as in layer,macs,params"
_FORM = "a line a layer: its name and its figure, as in stem,118013952"


class LayerFigure(NamedTuple):
    """One layer: another tool's figure, the convention's, and the term that the difference is, where it is one."""

    layer: str
    theirs: int
    ours: int
    term: str


class PerLayer(NamedTuple):
    """The layers of a file beside one convention; `agreeing` are the conventions that have every figure of it.

    `products` is how many convolutions and matrix products the network has, `missing` those that the file has not.
    """

    network: str
    convention: Convention
    layers: tuple[LayerFigure, ...]
    agreeing: tuple[str, ...]
    products: int
    missing: tuple[str, ...]

    @property
    def first(self) -> LayerFigure | None:
        """The first layer that differs."""
        return next((one for one in self.layers if one.ours != one.theirs), None)

    @property
    def reason(self) -> str:
        """What the first difference is."""
        first = self.first
        if first is None:
            return ""
        return first.term or f"{first.theirs:,} is no term of any convention away from {first.ours:,}"


def read_theirs(text: str, file: str) -> list[tuple[str, int]]:
    """Names and figures of a CSV file; a first line without a figure is a header, which says what the columns are.

    Of several columns the one called macs, mult-adds or flops is read, the first of these that there is; lines of
    another `level` than layer are totals.

    >>> read_theirs("layer,macs\\nstem,118013952\\nstage1.1.reduce,12.8M\\n", "theirs.csv")
    [('stem', 118013952), ('stage1.1.reduce', 12800000)]
    >>> read_theirs("layer,macs,params\\nstem,118013952,9408\\n", "theirs.csv")
    [('stem', 118013952)]

    Raises SpecError for what is no figure, and for several columns of which none is named so.
    """
    rows = _rows(text)
    header = [_word(cell) for cell in rows[0][1]] if rows and not any(map(is_figure, rows[0][1])) else []
    name, figure = _columns(header, max([len(cells) for _, cells in rows], default=0), file)
    level = header.index("level") if "level" in header else None
    found = []
    for number, cells in rows[bool(header) :]:
        if level is None or cells[level : level + 1] == ["layer"]:
            found.append((cells[name] if name < len(cells) else "", _figure(cells, figure, f"{file}, line {number}")))
    if not found:
        raise SpecError(f"there is no layer in {file}", _FORM)
    return found


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines with something in them, their numbers and cells; empty cells at the end are none."""
    found = []
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells and not cells[0].startswith("#"):
            found.append((number, cells))
    return found


def _word(heading: str) -> str:
    """A heading without what people write differently: Mult-Adds, mult_adds."""
    return "".join([char for char in heading.lower() if char.isalnum()])


def _columns(header: Sequence[str], width: int, file: str) -> tuple[int, int]:
    """Which column has the names, and which the figures."""
    name = next((header.index(word) for word in NAMES if word in header), 0)
    named = next((header.index(word) for word in FIGURES if word in header), None)
    if named is None and width > 2:
        raise SpecError(f"nothing says which of the {width} columns of {file} has the figures", _HEADER)
    return name, max(width - 1, 0) if named is None else named


def _figure(cells: Sequence[str], column: int, where: str) -> int:
    text = cells[column] if column < len(cells) else ""
    try:
        return int(read_figure(text).value)
    except SpecError:
        raise SpecError(f"{where}: {clip(text)!r} is no figure", _FORM) from None


def per_layer(
    network: Network, theirs: Sequence[tuple[str, int]], chosen: Convention | None = None, *, names: str = ""
) -> PerLayer:
    """Each layer's figure beside a convention's: the one chosen, else the one that has the most of them.

    `names` is a command that lists the names of the layers, for whoever has others.

    >>> from convcost.networks.build import build_network
    >>> from convcost.networks.program import read_program
    >>> network = build_network(read_program("input 3 @8\\nstem: standard 4 k3 bias\\nhead: standard 4 k3 bias"))
    >>> found = per_layer(network, [("stem", 6912), ("head", 9472)])
    >>> found.convention.name, found.first.layer, found.first.term
    ('multiply-adds', 'head', '1 × convolution bias')

    A line called total, or as the network is, is none of a layer. Raises SpecError where the layers are others than
    the network's.
    """
    every = see(network.graph, network.shapes)
    theirs = _without_totals(theirs, {one.name for one in every}, network.name)
    seen = _matched(network.name, every, theirs, names)
    facts = facts_of(network, every) or ASSUMED["modules"]
    figures = [figure for _, figure in theirs]
    groups = [in_groups([each], facts) for each in seen]
    rows = [(one, [total(one, group).value for group in groups]) for one in conventions()]
    same = [sum([a == b for a, b in zip(values, figures)]) for _, values in rows]
    best, values = next(row for row in rows if row[0] is chosen) if chosen else rows[same.index(max(same))]
    layers = [
        LayerFigure(each.name, figure, ours or 0, "" if ours == figure else term_of(each, figure - (ours or 0)))
        for each, figure, ours in zip(seen, figures, values)
    ]
    agreeing = dict.fromkeys([one.name for (one, _), count in zip(rows, same) if count == len(seen)])
    products, compared = _products(every), {each.name for each in seen}
    missing = [one.name for one in products if one.name not in compared]
    return PerLayer(network.name, best, tuple(layers), tuple(agreeing), len(products), tuple(missing))


def _without_totals(theirs: Sequence[tuple[str, int]], layers: Collection[str], network: str) -> list[tuple[str, int]]:
    """The lines of layers: that of the whole network is called so, or as the network is.

    >>> _without_totals([("net", 3), ("a", 1), ("b", 2), ("Total", 3)], ["a", "b"], "net")
    [('a', 1), ('b', 2)]
    """
    totals = (TOTAL, network.lower())
    return [(name, figure) for name, figure in theirs if name in layers or name.lower() not in totals] or list(theirs)


def _products(seen: Sequence[Seen]) -> list[Seen]:
    return [one for one in seen if "macs" in one.sizes]


def _matched(network: str, seen: list[Seen], theirs: Sequence[tuple[str, int]], names: str) -> list[Seen]:
    """Our operations by their names, or in their order where the names are others but as many."""
    named = {one.name: one for one in seen}
    twice = next((name for name, often in Counter([name for name, _ in theirs]).items() if often > 1), None)
    known = all([name in named for name, _ in theirs])
    if known and twice is None:
        return [named[name] for name, _ in theirs]
    counted = [one for one in seen if one.kind not in ("moved", "split")]
    products = _products(seen)
    for candidates in (products, counted, seen):
        if len(candidates) == len(theirs):
            return candidates
    if known:
        raise SpecError(f"{clip(twice or '')!r} has more than one figure", "a layer has one line")
    unknown = next(name for name, _ in theirs if name not in named)
    layers = f"nor {len(theirs)} layers, but {len(products)} with multiply-adds"
    raise SpecError(f"{network} has no layer {clip(unknown)!r}, {layers}", _meant(unknown, list(named), names))


def _meant(unknown: str, known: list[str], names: str) -> str:
    """The nearest name of a layer, and where all of them are."""
    near = close_match(unknown, known)
    more = " …" if len(known) > 3 else ""
    lists = f"'{names}' lists the names" if names else f"the names here: {', '.join(known[:3])}{more}"
    return f"did you mean {near}? {lists}" if near else lists


def term_of(seen: Seen, difference: int) -> str:
    """The quantity of an operation that a difference is a small multiple of.

    >>> term_of(Seen("a", "conv", {"macs": 6912, "bias": 256}), 6912)
    '1 × multiply-adds'
    """
    for size in (*LIKELY, *[size for size in SIZES if size not in LIKELY]):
        amount = seen.sizes.get(size, 0)
        if amount and difference % amount == 0 and 0 < abs(difference // amount) <= 4:
            return f"{difference // amount} × {term_label(seen.kind, size)}"
    return ""
