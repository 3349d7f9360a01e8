"""Looks at trained kernels: rows of each layer, and ranks for one budget of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ..graph.ops import Ints
from .allocate import Point, allocate, ways_of
from .answer import Asked, DeadParts, Separated, Separation, Source
from .kernels import Kernel, Unreadable, cost_of, fault_of, masks_of, taps_with_data
from .rows import Family, Row, best_within, cheapest_within, curve_of, families_of, grouped_rows, row_within
from .verify import output_error, show_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The shares of a layer's multiply-adds at which errors are shown, unless a budget is asked for.
SHARES = (0.75, 0.5, 0.25)

#: What shows progress over so many steps.
Watch = Callable[[int], AbstractContextManager[Callable[[str], object]]]


@contextmanager
def unwatched(_: int) -> Iterator[Callable[[str], object]]:
    """Where nobody watches the progress: so many steps, each with a word for it."""
    yield lambda _: None


def separate_sources(name: str, sources: Sequence[Source], asked: Asked, watch: Watch = unwatched) -> Separation:
    """Every layer by itself; a budget of several layers is allocated. No two kernels are in memory at a time.

    >>> import numpy as np
    >>> from convcost.spec import LayerSpec
    >>> kernel = Kernel("box", LayerSpec(1, 1, (3, 3), (9, 9), padding=((1, 1), (1, 1))), np.ones((1, 1, 3, 3)))
    >>> found = separate_sources("box.npy", [Source("box", lambda: kernel)], Asked(error=0.01))
    >>> found.layers[0].chosen.variant, found.layers[0].chosen.macs, found.macs
    ('spatially-separable', 486, 729)
    """
    if asked.macs is not None and len(sources) > 1:
        with watch(2 * len(sources)) as tell:
            return _within(name, sources, asked, tell)
    found = []
    with watch(len(sources)) as tell:
        for source in sources:
            tell(source.name)
            found.append(_one(source, lambda kernel, given: separate_layer(kernel, asked, given)))
    return Separation(name, asked, tuple(found))


def _one(source: Source, look: Callable[[Kernel, NDArray[Any] | None], Separated]) -> Separated:
    """One layer, or why it cannot be looked at."""
    try:
        return look(source.read(), source.given())
    except Unreadable as why:
        cost = cost_of(source.spec) if source.spec is not None else (0, 0)
        return Separated(source.name, source.spec, *cost, reason=str(why))


def _within(name: str, sources: Sequence[Source], asked: Asked, tell: Callable[[str], object]) -> Separation:
    """One budget for all: what there is, then ranks, then the rows that were chosen, each kernel read once more."""
    assert asked.macs is not None
    starts, ways, weights = list[Separated](), list[list[Point]](), list[float]()
    for source in sources:
        tell(source.name)
        start, points, weight = _ways(source)
        starts.append(start)
        ways.append(points)
        weights.append(weight)
    budget = asked.macs * sum([start.macs for start in starts])
    allocated, notes = allocate(ways, budget, weights), tuple[str, ...]()
    points = allocated or []
    if allocated is None:
        points = [one[0] for one in ways]
        least = sum([one.macs for one in points]) / sum([start.macs for start in starts])
        notes = (f"no ranks are that cheap: the least is {least:.3f} of the MACs, and is shown",)
    found = []
    for source, start, point in zip(sources, starts, points):
        tell(source.name)
        found.append(start if start.reason else _one(source, partial(_chosen, point, asked)))
    return Separation(name, asked, tuple(found), notes=notes)


def _ways(source: Source) -> tuple[Separated, list[Point], float]:
    """A layer, the ways in which it may cost and lose something, and how much its squared error weighs."""
    start = _one(source, lambda kernel, _: start_of(kernel))
    if start.reason:
        return start, [Point(start.macs, 0.0)], 1.0
    kernel, given = source.read(), source.given()
    families, _ = families_of(kernel)
    weight, row = 1.0, best_within(families, SHARES[1] * start.macs) if given is not None else None
    if row is not None and given is not None and row.error:
        family = next(one for one in families if one.name == row.variant)
        weight = (output_error(kernel, family, row, given) / row.error) ** 2
    return start, ways_of(families, start.macs), weight


def _chosen(point: Point, asked: Asked, kernel: Kernel, given: NDArray[Any] | None) -> Separated:
    """A layer as it was chosen: with one row, or as it is."""
    start, share = start_of(kernel), asked.macs or 0.0
    if not point.variant:
        return start._replace(best=((share, None),))
    families, _ = families_of(kernel, point.variant)
    row = _Shower(kernel, families, asked, given)(families[0].row(point.ranks))
    return start._replace(best=((share, row),))


def separate_layer(kernel: Kernel, asked: Asked, given: NDArray[Any] | None = None) -> Separated:
    """One layer: what every family loses within each budget, and the best of them executed.

    >>> import numpy as np
    >>> from convcost.spec import LayerSpec
    >>> sobel = np.outer([1.0, 2, 1], [1, 0, -1]).reshape(1, 1, 3, 3)
    >>> spec = LayerSpec(1, 1, (3, 3), (9, 9), padding=((1, 1), (1, 1)))
    >>> found = separate_layer(Kernel("sobel", spec, sobel), Asked())
    >>> found.exact[0], found.best[0][1].error < 1e-7, found.status
    (('spatially-separable', 1, 3), True, 'verified')
    """
    made = start_of(kernel)
    if made.reason:
        return made
    families, missing = families_of(kernel)
    exact = [(family.name, family.exact_rank(), family.made.most[:1]) for family in families]
    ranks = tuple([(name, n, most[0]) for name, n, most in exact if n is not None])
    made = made._replace(missing=tuple(missing.items()), exact=ranks)
    show = _Shower(kernel, families, asked, given)
    best = tuple([(share, show(row)) for share, row in _best(made, families, asked)])
    rows = [row for family in families for row in curve_of(family)] if asked.curve else _rows(made, families, asked)
    if asked.every and not asked.curve:
        rows = [show(row) or row for row in rows]
    else:
        rows = [show.done.get((row.variant, row.ranks), row) for row in rows]
    return made._replace(best=best, rows=(*rows, *grouped_rows(kernel)))


def start_of(kernel: Kernel) -> Separated:
    """What a layer is, before its families; with the reason where it has none, and the taps that do nothing."""
    spec = kernel.spec
    reason = fault_of(kernel.weights)
    if not reason and spec.transposed:
        reason = "no family is defined for a transposed convolution"
    made = Separated(kernel.name, spec, *cost_of(spec), reason, kernel.notes, kernel.storage)
    return made if reason and not spec.transposed else made._replace(dead=dead_alone(kernel))


def dead_alone(kernel: Kernel) -> DeadParts:
    """What is dead in a layer that is seen alone: rows, columns and taps of zeros, and taps that only meet padding."""
    masks = masks_of(kernel.weights, kernel.bias)
    useful = taps_with_data(kernel.spec)
    padding = int(useful.size - useful.sum())
    silent = ~masks.pairs.any(axis=1) & (masks.bias == 0)
    read = masks.columns(kernel.spec.groups)
    return DeadParts(int(silent.sum()), int((~read).sum()), int((~(masks.taps & useful)).sum()), padding)


def _best(made: Separated, families: Sequence[Family], asked: Asked) -> list[tuple[float, Row | None]]:
    """The best row of each budget, by its share of the layer's multiply-adds; of an error, the cheapest row."""
    if asked.error is not None:
        row = cheapest_within(families, asked.error)
        return [(asked.error, row if row and row.macs < made.macs else None)]
    shares = SHARES if asked.macs is None else (asked.macs,)
    return [(share, best_within(families, share * made.macs)) for share in shares]


def _rows(made: Separated, families: Sequence[Family], asked: Asked) -> list[Row]:
    """What each family has within each budget, each row once."""
    if asked.error is not None:
        found = [cheapest_within([family], asked.error) for family in families]
    else:
        shares = SHARES if asked.macs is None else (asked.macs,)
        found = [row_within(family, share * made.macs) for family in families for share in shares]
    return list({(row.variant, row.ranks): row for row in found if row is not None}.values())


class _Shower:
    """Executes rows of one layer, each once."""

    def __init__(self, kernel: Kernel, families: Sequence[Family], asked: Asked, given: NDArray[Any] | None) -> None:
        self.kernel, self.asked, self.given = kernel, asked, given
        self.families = {family.name: family for family in families}
        self.done: dict[tuple[str, Ints], Row] = {}

    def __call__(self, row: Row | None) -> Row | None:
        if row is None:
            return None
        key = row.variant, row.ranks
        if key not in self.done:
            family = self.families[row.variant]
            verified = show_row(self.kernel, family, row, self.asked.limit) if self.asked.verify else None
            lost = None if self.given is None else output_error(self.kernel, family, row, self.given)
            self.done[key] = row._replace(verified=verified, output_error=lost)
        return self.done[key]
