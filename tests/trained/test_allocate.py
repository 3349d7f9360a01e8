"""One budget of several layers: the least sum of squared errors that it buys, held against every choice there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise, product

import numpy as np
import pytest
from tables import each

from convcost.spec import parse_spec
from convcost.trained.allocate import Point, allocate, hull_of, ways_of
from convcost.trained.answer import Asked, Source
from convcost.trained.kernels import Kernel
from convcost.trained.rows import curve_of, families_of
from convcost.trained.separate import separate_layer, separate_sources


def hulls_of(seed: int) -> list[list[Point]]:
    random = np.random.default_rng(seed)
    points = [[Point(int(m), float(e)) for m, e in zip(random.integers(1, 60, 6), random.random(6))] for _ in range(4)]
    return [hull_of([*one, Point(60, 0.0)]) for one in points]


@each("seed", range(8))
def test_allocated_errors_are_the_least_at_the_corners_of_the_hulls(seed: int) -> None:
    """For every budget that an allocation uses up, no other choice of points is as cheap and loses less."""
    hulls = hulls_of(seed)
    every = [(sum(p.macs for p in one), sum(p.error2 for p in one)) for one in product(*hulls)]
    least = sum(points[0].macs for points in hulls)
    for budget in range(least, 241, 7):
        found = allocate(hulls, budget)
        assert found is not None
        cost, error2 = sum(p.macs for p in found), sum(p.error2 for p in found)
        assert cost <= budget
        smallest = min(error for macs, error in every if macs <= budget)
        step = max((one.error2 - two.error2) for points in hulls for one, two in pairwise(points))
        assert error2 <= smallest + step + 1e-12
    assert allocate(hulls, least - 1) is None


#: Three ways of one layer; the step to the second gains 0.3 a multiply-add, that to the third 0.1.
STEPS = [Point(1, 1.0), Point(3, 0.4), Point(4, 0.3)]


@each(
    ("layers", "budget", "found"),
    [
        ([STEPS, STEPS], 1, None), ([STEPS, STEPS], 2, [1, 1]), ([STEPS, STEPS], 3, [1, 1]),
        ([STEPS, STEPS], 4, [3, 1]), ([STEPS, STEPS], 5, [4, 1]), ([STEPS, STEPS], 6, [3, 3]),
        ([STEPS, STEPS], 7, [4, 3]), ([STEPS, STEPS], 8, [4, 4]), ([STEPS, STEPS], 1000, [4, 4]),
        ([[Point(1, 1.0), Point(2, 0.95), Point(3, 0.2)]], 2, [2]),  # beside the hull, of what is left
        ([[Point(2, 0.5)], [Point(3, 0.5)]], 5, [2, 3]),  # nothing to choose
        ([[Point(1, 0.9), Point(5, 0.1)], [Point(1, 0.9), Point(2, 0.6)]], 6, [1, 2]),
        ([[Point(1, 0.9), Point(5, 0.1)], [Point(1, 0.9), Point(2, 0.6)]], 7, [5, 2]),
        ([[Point(1, 0.9), Point(5, 0.1)], [Point(1, 0.9), Point(2, 0.6)]], 5, [1, 2]),
    ],
)  # fmt: skip
def test_a_budget_buys_the_steps_that_gain_most(
    layers: list[list[Point]], budget: float, found: list[int] | None
) -> None:
    """A multiply-add, each: 0.3 before 0.2, though the rest is then left over. Of equal ones the first layer's."""
    points = allocate(layers, budget)
    assert (None if points is None else [point.macs for point in points]) == found


@each(
    ("points", "kept"),
    [
        ([(1, 1.0), (2, 0.5), (3, 0.0)], [1, 3]),  # on a line
        ([(1, 1.0), (2, 0.49), (3, 0.0)], [1, 2, 3]), ([(1, 1.0), (2, 0.51), (3, 0.0)], [1, 3]),
        ([(1, 0.5), (2, 0.5)], [1]), ([(1, 0.5), (2, 0.6)], [1]), ([(1, 0.6), (1, 0.5)], [1]),
        ([(4, 0.0), (1, 1.0)], [1, 4]), ([(1, 1.0), (2, 0.9), (3, 0.7), (4, 0.0)], [1, 4]), ([(7, 0.3)], [7]),
    ],
)  # fmt: skip
def test_a_hull_has_the_corners_that_no_line_passes_below(points: list[tuple[int, float]], kept: list[int]) -> None:
    assert [point.macs for point in hull_of([Point(*one) for one in points])] == kept


def test_a_weight_moves_the_budget_to_the_layer_that_it_is_of() -> None:
    """Two layers alike: the heavier one keeps its multiply-adds."""
    one = [Point(1, 0.5), Point(4, 0.0)]
    assert allocate([one, one], 5, [1.0, 9.0]) == [Point(1, 0.5), Point(4, 0.0)]
    assert allocate([one, one], 5, [9.0, 1.0]) == [Point(4, 0.0), Point(1, 0.5)]


def test_the_hull_of_a_kernel_is_below_all_of_its_rows() -> None:
    """Convex, falling, and no row of any family under it."""
    kernel = Kernel("conv", parse_spec("6:8 @9x7 k3"), np.random.default_rng(0).normal(size=(8, 6, 3, 3)))
    families, _ = families_of(kernel)
    macs = 8 * 6 * 9 * 63
    points = hull_of(ways_of(families, macs))
    assert points[-1] == Point(macs, 0.0)
    cost, error2 = [p.macs for p in points], [p.error2 for p in points]
    slopes = np.diff(error2) / np.diff(cost)
    assert (slopes < 0).all()
    assert (np.diff(slopes) > 0).all()
    for row in [row for family in families for row in curve_of(family) if row.macs <= macs]:
        if row.macs >= cost[0]:
            assert row.error**2 >= np.interp(row.macs, cost, error2) - 1e-12


def test_a_budget_over_layers_beats_the_same_share_of_each() -> None:
    """One layer is separable and one is noise: the noise keeps what the other saves."""
    random = np.random.default_rng(0)
    spec = parse_spec("12:12 @9x7 k3")
    separable = np.einsum("omy,mix->oiyx", random.normal(size=(12, 4, 3)), random.normal(size=(4, 12, 3)))
    kernels = [Kernel("a", spec, separable), Kernel("b", spec, random.normal(size=(12, 12, 3, 3)))]
    sources = [Source(one.name, lambda one=one: one) for one in kernels]
    found = separate_sources("two", sources, Asked(macs=0.6, verify=False))
    alone = [separate_sources("one", [source], Asked(macs=0.6, verify=False)) for source in sources]
    assert found.macs_after <= 0.6 * found.macs
    chosen = [layer.chosen.error**2 if layer.chosen else 0.0 for layer in found.layers]
    each = [one.layers[0].chosen.error ** 2 for one in alone if one.layers[0].chosen]
    assert sum(chosen) < 0.8 * sum(each)


@pytest.mark.parametrize(("macs", "shares"), [(None, (0.75, 0.5, 0.25)), (0.5, (0.5,)), (0.3, (0.3,))])
def test_every_family_has_its_best_row_within_each_share(macs: float | None, shares: tuple[float, ...]) -> None:
    """Of all its ranks the one that loses least; each row once."""
    kernel = Kernel("a", parse_spec("6:8 @9x7 k3"), np.random.default_rng(0).normal(size=(8, 6, 3, 3)))
    found = separate_layer(kernel, Asked(macs=macs, verify=False), None)
    expected = set()
    for family in families_of(kernel)[0]:
        rows = curve_of(family)
        for share in shares:
            fitting = [row for row in rows if row.macs <= share * 6 * 8 * 9 * 63]
            if fitting:
                expected.add(min(fitting, key=lambda row: (row.error, row.macs))[:4])
    assert {row[:4] for row in found.rows} == expected
    assert len(found.rows) == len(expected)
    assert [share for share, _ in found.best] == [*shares]


@pytest.mark.parametrize(("asked", "steps"), [(Asked(verify=False), 1), (Asked(macs=0.5, verify=False), 2)])
def test_progress_is_a_step_a_layer_or_two_where_a_budget_is_for_all(asked: Asked, steps: int) -> None:
    """Each with the name of its layer."""
    kernel = Kernel("a", parse_spec("4:4 @9 k3"), np.random.default_rng(0).normal(size=(4, 4, 3, 3)))
    seen: list[object] = []

    @contextmanager
    def watch(count: int) -> Iterator[Callable[[str], object]]:
        seen.append(count)
        yield seen.append

    separate_sources("three", [Source(name, lambda: kernel) for name in "abc"], asked, watch)
    assert seen == [3 * steps, *[*"abc"] * steps]


def test_a_budget_below_everything_says_what_the_least_is() -> None:
    kernel = Kernel("a", parse_spec("4:4 @9 k3"), np.random.default_rng(0).normal(size=(4, 4, 3, 3)))
    sources = [Source(name, lambda: kernel) for name in "ab"]
    found = separate_sources("two", sources, Asked(macs=0.01, verify=False))
    (note,) = found.notes  # 4 to 1, 9 taps and 1 to 4 multiply-adds a position, of 144
    assert note == "no ranks are that cheap: the least is 0.118 of the MACs, and is shown"
    assert [layer.chosen and layer.chosen.macs for layer in found.layers] == [17 * 81] * 2
