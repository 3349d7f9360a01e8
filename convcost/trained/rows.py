"""What every family of a kernel costs and loses at every rank, and which of them is best within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import product
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis.cost import macs, params
from ..answers.comparison import answer
from ..graph.ops import Conv
from ..spec.layer import Ints, LayerSpec
from ..variants.factors import Factors, with_ranks
from ..variants.registry import DoesNotApply, all_variants, build_variant, formula_of
from .families import Decomposed, Pair, Tucker, decomposed, off_blocks
from .kernels import Kernel, group_spec, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..answers.check import Verified

#: Errors up to here are none: kernels are stored in float32, and Gram matrices halve the digits.
EXACT = 1e-6

#: The longest side of a matrix of noise that is drawn: the curve of a larger one has the same shape.
LONGEST_NOISE = 192

#: Matrices of noise that are drawn at most, of as many as a layer has.
MOST_NOISE = 64


class Row(NamedTuple):
    """A variant of a trained layer: its ranks, the weight error, that of noise, what it costs, and its spec.

    `error` is |W - W'| / |W|, 0 of a kernel of zeros; `noise` the same of Gaussian noise of the same shape at the same
    ranks. `spec` is that of one of `groups` groups, which together have these macs and params.
    """

    variant: str
    order: str
    ranks: Ints
    error: float
    noise: float | None
    macs: int
    params: int
    spec: LayerSpec
    groups: int = 1
    verified: Verified | None = None
    output_error: float | None = None


class Family:
    """One variant of one kernel: `error2` and `macs` of all its ranks, in arrays of one shape, and rows of them."""

    def __init__(
        self, name: str, spec: LayerSpec, groups: int, formula: Factors, made: Decomposed, whole: float
    ) -> None:
        self.name, self.spec, self.groups, self.formula = name, spec, groups, formula
        self.made, self.whole = made, whole
        self.price = Price(name, spec, formula.chosen)
        self.full_rank: float | None = None  # how far all factors together are from the kernel, once somebody measured

    @cached_property
    def error2(self) -> NDArray[np.float64]:
        """The squared weight error at the ranks 1, 2, … of each letter."""
        lost = self.made.lost[1:] if self.formula.chosen else self.made.lost[1:2]
        lost = lost[:, 1:] if isinstance(self.made, Tucker) else lost
        return lost / self.whole if self.whole else lost

    @cached_property
    def macs(self) -> NDArray[np.int64]:
        """The multiply-adds at the same ranks, all groups together."""
        return self.price.macs(self.error2.shape) * self.groups

    @cached_property
    def params(self) -> NDArray[np.int64]:
        """The params at the same ranks."""
        return self.price.params(self.error2.shape) * self.groups

    def ranks_at(self, place: Sequence[int]) -> Ints:
        """The ranks at a place of these arrays."""
        return tuple([int(at) + 1 for at in place]) if self.formula.chosen else ()

    def row(self, ranks: Ints) -> Row:
        """What the variant costs and loses at those ranks; `compare` answers the same of its spec."""
        spec = with_ranks(self.spec, self.formula.chosen, ranks)
        place = tuple([rank - 1 for rank in ranks]) or (0,)
        lost = self.made.error2(ranks)
        error = sqrt(max(lost, 0.0) / self.whole) if self.whole else 0.0
        noise = sqrt(noise2(self.made, ranks)) if self.whole else None
        cost = int(self.macs[place]), int(self.params[place])
        return Row(self.name, self.price.order, ranks, error, noise, *cost, spec, self.groups)

    def exact_rank(self) -> int | None:
        """The smallest rank at which nothing is lost; None where the family has none, or two."""
        if not self.formula.chosen or isinstance(self.made, Tucker):
            return None
        lost = self.made.lost / self.whole if self.whole else self.made.lost
        return int(np.argmax(lost <= EXACT**2))


class Price:
    """What a variant costs at any rank: both words are affine in each rank, so graphs of ranks 1 and 2 say them all."""

    def __init__(self, name: str, spec: LayerSpec, chosen: str) -> None:
        self.corners: dict[Ints, tuple[int, int]] = {}
        for ranks in product((1, 2), repeat=len(chosen)):
            built = build_variant(name, with_ranks(spec, chosen, ranks))
            cost = [
                (macs(node.op, built.shapes[node.inputs[0]], out), params(node.op))
                for node, out in zip(built.graph.nodes, built.shapes[1:])
            ]
            self.corners[ranks] = (sum([one for one, _ in cost]), sum([one for _, one in cost]))
        self.order = ", ".join([node.name for node in built.graph.nodes if isinstance(node.op, Conv)])

    def macs(self, shape: Ints) -> NDArray[np.int64]:
        """Multiply-adds at the ranks 1, 2, … of each letter."""
        return self._all(0, shape)

    def params(self, shape: Ints) -> NDArray[np.int64]:
        """Params at the same ranks."""
        return self._all(1, shape)

    def _all(self, word: int, shape: Ints) -> NDArray[np.int64]:
        corner = {ranks: cost[word] for ranks, cost in self.corners.items()}
        if () in corner:
            return np.full(shape, corner[()], np.int64)
        if (1,) in corner:
            return corner[1,] + (corner[2,] - corner[1,]) * np.arange(shape[0], dtype=np.int64)
        m, n = np.arange(shape[0], dtype=np.int64)[:, None], np.arange(shape[1], dtype=np.int64)
        first, by_m, by_n = corner[1, 1], corner[2, 1] - corner[1, 1], corner[1, 2] - corner[1, 1]
        both: NDArray[np.int64] = first + by_m * m + by_n * n + (corner[2, 2] - first - by_m - by_n) * m * n
        return both


def families_of(kernel: Kernel, only: str = "") -> tuple[list[Family], dict[str, str]]:
    """Every family of a kernel, or that of one variant, and why others do not apply.

    >>> import numpy as np
    >>> spec = LayerSpec(8, 16, (3, 3), (9, 9), padding=((1, 1), (1, 1)))
    >>> families, reasons = families_of(Kernel("conv", spec, np.ones((16, 8, 3, 3))))
    >>> [family.name for family in families][:2], reasons
    (['spatially-separable', 'spatially-separable-reversed'], {})
    """
    weights, spec = stacked(kernel), group_spec(kernel.spec)
    whole, found, reasons = float((weights**2).sum()), list[Family](), dict[str, str]()
    for entry in all_variants().values():
        if not entry.factors or "g" in entry.factors or only not in ("", entry.name):
            continue
        if prod(spec.kernel_size) == 1 and entry.name != "low-rank":  # the others are made for more than one tap
            continue
        try:
            build_variant(entry.name, with_ranks(spec, "m", (1,)))
        except DoesNotApply as why:
            if spec.axes in entry.shown:
                reasons[entry.name] = str(why)
            continue
        formula = formula_of(entry.name, spec, {})
        made = decomposed(weights, formula) if formula else None
        if made and formula:
            found.append(Family(entry.name, spec, kernel.spec.groups, formula, made, whole))
    return found, reasons


def best_within(families: Sequence[Family], most: float) -> Row | None:
    """The row of least error that costs at most so many multiply-adds; None where there is none."""
    found = [(family, place) for family in families if (place := _best_place(family, most)) is not None]
    if not found:
        return None
    family, place = min(found, key=lambda one: (max(float(one[0].error2[one[1]]), EXACT**2), one[0].macs[one[1]]))
    return family.row(family.ranks_at(place))


def row_within(family: Family, most: float) -> Row | None:
    """The row of one family of least error that costs at most so many multiply-adds."""
    place = _best_place(family, most)
    return None if place is None else family.row(family.ranks_at(place))


def _best_place(family: Family, most: float) -> tuple[int, ...] | None:
    cost = family.macs
    if not (cost <= most).any():
        return None
    error2 = np.where(cost <= most, np.maximum(family.error2, EXACT**2), np.inf)
    cheapest = np.where(error2 == error2.min(), cost, np.iinfo(np.int64).max)
    return tuple(map(int, np.unravel_index(np.argmin(cheapest), cost.shape)))


def cheapest_within(families: Sequence[Family], error: float) -> Row | None:
    """The cheapest row that loses at most so much; None where no family has one."""
    found: list[tuple[int, Family, tuple[int, ...]]] = []
    for family in families:
        fine = family.error2 <= max(error, EXACT) ** 2
        if fine.any():
            cost = np.where(fine, family.macs, np.iinfo(np.int64).max)
            place = tuple(map(int, np.unravel_index(np.argmin(cost), cost.shape)))
            found.append((int(cost[place]), family, place))
    if not found:
        return None
    _, family, place = min(found, key=lambda one: one[0])
    return family.row(family.ranks_at(place))


def curve_of(family: Family) -> list[Row]:
    """Every rank of a family; of one with two, those that no cheaper pair equals in error."""
    cost, error2 = family.macs.ravel(), family.error2.ravel()
    kept = range(len(cost)) if not isinstance(family.made, Tucker) else front(cost, error2)
    places = [np.unravel_index(at, family.macs.shape) for at in kept]
    return [family.row(family.ranks_at([int(one) for one in place])) for place in places]


def front(cost: NDArray[Any], error2: NDArray[Any]) -> list[int]:
    """Places of what nothing cheaper, or as cheap, beats in error, the cheapest first.

    >>> front(np.array([1, 2, 2, 3]), np.array([0.5, 0.7, 0.4, 0.1]))
    [0, 2, 3]
    """
    order = np.lexsort((error2, cost))
    lowest = np.minimum.accumulate(error2[order])
    better = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    return [int(at) for at in order[better]]


def grouped_rows(kernel: Kernel) -> list[Row]:
    """The numbers of groups into which a kernel falls apart without loss, the most first."""
    spec, weights = kernel.spec, stacked(kernel)
    whole = float((weights**2).sum())
    if spec.groups > 1 or not whole:
        return []
    rows = []
    for groups in range(min(spec.in_channels, spec.out_channels), 1, -1):
        if spec.in_channels % groups or spec.out_channels % groups:
            continue
        lost = off_blocks(weights, groups)
        if lost <= EXACT**2 * whole:
            made = spec._replace(groups=groups)
            words = answer("grouped", made).words
            assert words is not None
            cost = words["macs"], words["params"]
            rows.append(Row("grouped", "conv", (groups,), sqrt(lost / whole), None, *cost, made))
    return rows


def noise2(made: Decomposed, ranks: Ints) -> float:
    """The squared weight error of Gaussian noise of the same shape at the same ranks.

    Drawn, with a fixed seed; what is large is drawn smaller in the same proportions, of which alone the curve depends.
    """
    if isinstance(made, Pair):
        batch, rows, columns = made.matrices.shape
        shrink = min(1.0, LONGEST_NOISE / min(rows, columns))
        few = (min(batch, MOST_NOISE), round(rows * shrink), round(columns * shrink))
        curve = _noise_of_pairs(*few)
        return float(np.interp((ranks[0] if ranks else 1) / min(rows, columns), np.linspace(0, 1, len(curve)), curve))
    groups, outer, inner, *taps = made.kernel.shape
    shrink = min(1.0, LONGEST_NOISE / 2 / max(outer, inner))
    grid = _noise_of_tucker(min(groups, 8), max(1, round(outer * shrink)), max(1, round(inner * shrink)), prod(taps))
    return _between(grid, ranks[0] / inner * (grid.shape[0] - 1), ranks[1] / outer * (grid.shape[1] - 1))


def _between(grid: NDArray[Any], a: float, b: float) -> float:
    """A value between four of a grid's."""
    i, j = min(int(a), grid.shape[0] - 2), min(int(b), grid.shape[1] - 2)
    u, v = a - i, b - j
    near, far = grid[i, j : j + 2], grid[i + 1, j : j + 2]
    return float(((1 - u) * near + u * far) @ np.array([1 - v, v]))


@lru_cache
def _noise_of_pairs(batch: int, rows: int, columns: int) -> NDArray[Any]:
    drawn = np.random.default_rng(0).normal(size=(1, batch, rows, columns))
    pair = Pair(drawn, Factors(("bcm", "bmr"), "brc"))
    curve: NDArray[Any] = pair.lost / pair.lost.max()
    return curve


@lru_cache
def _noise_of_tucker(groups: int, outer: int, inner: int, taps: int) -> NDArray[Any]:
    drawn = np.random.default_rng(0).normal(size=(groups, outer, inner, taps))
    tucker = Tucker(drawn, Factors(("mi", "nmx", "on"), "oix"))
    grid: NDArray[Any] = tucker.lost / tucker.lost.max()
    return grid
