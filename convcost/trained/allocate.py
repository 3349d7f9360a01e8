"""One budget for many layers: the ranks of least error that it buys."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..spec.layer import Ints
from .rows import Family, front

#: Halvings of the multiplier: more than float64 has digits.
HALVINGS = 120


class Point(NamedTuple):
    """A way to have a layer: multiply-adds, squared error, the variant and its ranks; "" is the layer itself."""

    macs: int
    error2: float
    variant: str = ""
    ranks: Ints = ()


def ways_of(families: Sequence[Family], macs: int) -> list[Point]:
    """All ranks of all families that nothing cheaper beats in error, the cheapest first.

    They end in the layer itself, which costs `macs` and loses nothing.
    """
    points = [Point(macs, 0.0)]
    for family in families:
        cost, error2 = family.macs.ravel(), family.error2.ravel()
        for at in front(cost, error2):
            place = np.unravel_index(at, family.macs.shape)
            ranks = family.ranks_at([int(one) for one in place])
            points.append(Point(int(cost[at]), float(error2[at]), family.name, ranks))
    cost, lost = np.array([one.macs for one in points]), np.array([one.error2 for one in points])
    return [points[at] for at in front(cost, lost) if points[at].macs <= macs]


def hull_of(points: Sequence[Point]) -> list[Point]:
    """The lower convex hull of points, falling in error, the cheapest first.

    >>> [point.macs for point in hull_of([Point(1, 1.0), Point(2, 0.9), Point(3, 0.2), Point(4, 0.0)])]
    [1, 3, 4]
    """
    kept = list[Point]()
    for point in sorted(points, key=lambda one: (one.macs, one.error2)):
        if kept and point.error2 >= kept[-1].error2:
            continue
        while len(kept) > 1 and _is_above(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _is_above(first: Point, middle: Point, last: Point) -> bool:
    """Does the middle point lie on or above the line from the first to the last?"""
    along, whole = middle.macs - first.macs, last.macs - first.macs
    return (middle.error2 - first.error2) * whole >= (last.error2 - first.error2) * along


def allocate(layers: Sequence[Sequence[Point]], budget: float, weights: Sequence[float] = ()) -> list[Point] | None:
    """A point of each layer: the least sum of squared errors, times `weights`, that costs at most `budget`, if any.

    >>> [point.macs for point in allocate([[Point(1, 0.5), Point(4, 0.0)], [Point(1, 0.1), Point(4, 0.0)]], 5)]
    [4, 1]

    One multiplier says what error a multiply-add is worth, the same in every layer; it is found by halving, and is
    exact for budgets that corners of the layers' convex hulls add up to (Everett 1963). What is left of others buys
    single steps, the one that gains most first.
    """
    scale, hulls = list(weights) or [1.0] * len(layers), [hull_of(points) for points in layers]
    if sum([points[0].macs for points in hulls]) > budget:
        return None
    low, high = 0.0, _steepest(hulls, scale)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _cost(_taken(hulls, scale, middle)) <= budget:
            high = middle
        else:
            low = middle
    found = _taken(hulls, scale, high)
    _spend(layers, scale, found, budget - _cost(found))
    return found


def _steepest(hulls: Sequence[Sequence[Point]], scale: Sequence[float]) -> float:
    """A multiplier at which nothing is worth its cost."""
    slopes = [
        weight * (one.error2 - other.error2) / (other.macs - one.macs)
        for points, weight in zip(hulls, scale)
        for one, other in pairwise(points)
    ]
    return 2 * max(slopes, default=0.0) + 1e-300


def _taken(hulls: Sequence[Sequence[Point]], scale: Sequence[float], price: float) -> list[Point]:
    """How far along each hull a step is worth its price."""
    found = []
    for points, weight in zip(hulls, scale):
        at = 0
        for one, other in pairwise(points):
            if weight * (one.error2 - other.error2) <= price * (other.macs - one.macs):
                break
            at += 1
        found.append(points[at])
    return found


def _cost(points: Sequence[Point]) -> int:
    return sum([point.macs for point in points])


def _spend(layers: Sequence[Sequence[Point]], scale: Sequence[float], found: list[Point], left: float) -> None:
    """Buy what is left of the budget, a layer at a time."""
    while True:
        better = [_better(points, one, left) for points, one in zip(layers, found)]
        gains = [weight * (one.error2 - other.error2) for one, other, weight in zip(found, better, scale)]
        at = max(range(len(gains)), key=gains.__getitem__)
        if gains[at] <= 0:
            return
        left -= better[at].macs - found[at].macs
        found[at] = better[at]


def _better(points: Sequence[Point], one: Point, left: float) -> Point:
    """The best point that costs at most so much more; there may be none better."""
    best = points[bisect_right(points, one.macs + left, key=lambda point: point.macs) - 1]
    return best if best.error2 < one.error2 else one
