"""Another tool's figures layer by layer: the first that differs from a convention's, and the term that it is."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import NamedTuple

from ..networks.build import Network
from ..spec.errors import SpecError, clip
from .answer import conventions
from .facts import ASSUMED, facts_of, in_groups
from .figures import read_figure
from .operations import Seen, see
from .registry import SIZES, Convention, term_label, total

#: Quantities that a difference is most often, the first that fits.
LIKELY = ("macs", "bias", "out", "in")

_FORM = "a line a layer: its name and its figure, as in stem,118013952"


class LayerFigure(NamedTuple):
    """One layer: another tool's figure, the convention's, and the term that the difference is, where it is one."""

    layer: str
    theirs: int
    ours: int
    term: str


class PerLayer(NamedTuple):
    """All layers beside one convention; `agreeing` are the conventions that have every figure."""

    network: str
    convention: Convention
    layers: tuple[LayerFigure, ...]
    agreeing: tuple[str, ...]

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
    """Names and figures of a CSV file; a first line without a figure is a header.

    >>> read_theirs("layer,macs\\nstem,118013952\\nstage1.1.reduce,12.8M\\n", "theirs.csv")
    [('stem', 118013952), ('stage1.1.reduce', 12800000)]
    """
    found: list[tuple[str, int]] = []
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        try:
            found.append((cells[0], int(read_figure(cells[-1]).value)))
        except SpecError:
            if found or number > 1:
                raise SpecError(f"{file}, line {number}: {clip(cells[-1])!r} is no figure", _FORM) from None
    if not found:
        raise SpecError(f"there is no layer in {file}", _FORM)
    return found


def per_layer(network: Network, theirs: Sequence[tuple[str, int]], chosen: Convention | None = None) -> PerLayer:
    """Each layer's figure beside a convention's: the one chosen, else the one that has the most of them.

    >>> from convcost.networks.build import build_network
    >>> from convcost.networks.program import read_program
    >>> network = build_network(read_program("input 3 @8\\nstem: standard 4 k3 bias\\nhead: standard 4 k3 bias"))
    >>> found = per_layer(network, [("stem", 6912), ("head", 9472)])
    >>> found.convention.name, found.first.layer, found.first.term
    ('multiply-adds', 'head', '1 × convolution bias')

    Raises SpecError where the layers are others than the network's.
    """
    seen = _matched(network, theirs)
    facts = facts_of(network, see(network.graph, network.shapes)) or ASSUMED["modules"]
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
    return PerLayer(network.name, best, tuple(layers), tuple(agreeing))


def _matched(network: Network, theirs: Sequence[tuple[str, int]]) -> list[Seen]:
    """Our operations by their names, or in their order where the names are others but as many."""
    seen = [one for one in see(network.graph, network.shapes) if one.kind not in ("moved", "split")]
    named = {one.name: one for one in seen}
    if all([name in named for name, _ in theirs]):
        return [named[name] for name, _ in theirs]
    products = [one for one in seen if "macs" in one.sizes]
    for candidates in (products, seen):
        if len(candidates) == len(theirs):
            return candidates
    unknown = next(name for name, _ in theirs if name not in named)
    hint = f"{network.name} has {len(products)} convolutions and matrix products, {len(seen)} operations; name them so"
    raise SpecError(f"{network.name} has no layer {clip(unknown)!r}, and its layers are not as many", hint)


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
