"""One budget for many layers: the ranks of least error that it buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..spec.layer import Ints
from .rows import Family

#: Halvings of the multiplier: more than float64 has digits.
HALVINGS = 120


class Point(NamedTuple):
    """A way to have a layer: its multiply-adds, its squared error, the variant and its ranks; "" is the layer itself."""

    macs: int
    error2: float
    variant: str = ""
    ranks: Ints = ()


def hull(families: Sequence[Family], macs: int) -> list[Point]:
    """The lower convex hull of cost and squared error over all ranks of all families, the cheapest first.

    It ends in the layer itself, which costs `macs` and loses nothing.
    """
    points = [Point(macs, 0.0)]
    for family in families:
        cost, error2 = family.macs.reshape(-1), family.error2.reshape(-1)
        for at in _lower(cost, error2):
            place = np.unravel_index(at, family.macs.shape)
            points.append(Point(int(cost[at]), float(error2[at]), family.name, family.ranks_at(place)))  # type: ignore[arg-type]  # an index
    return hull_of([point for point in points if point.macs <= macs])


def _lower(cost: np.ndarray[tuple[int], np.dtype[np.int64]], error2: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Places on the lower hull of one family, of which there may be hundreds of thousands."""
    order = np.lexsort((error2, cost))
    lowest = np.minimum.accumulate(error2[order])
    better = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    return [int(at) for at in order[better]]


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


def allocate(hulls: Sequence[Sequence[Point]], budget: float, weights: Sequence[float] = ()) -> list[Point] | None:
    """A point of each hull: the least sum of squared errors, times `weights`, that costs at most `budget`; None: nothing.

    >>> [point.macs for point in allocate([[Point(1, 0.5), Point(4, 0.0)], [Point(1, 0.1), Point(4, 0.0)]], 5)]
    [4, 1]

    One multiplier says what error a multiply-add is worth, the same in every layer; it is found by halving, and is
    exact for budgets that the hulls' corners add up to (Everett 1963). What is left of others buys single steps.
    """
    scale = list(weights) or [1.0] * len(hulls)
    if sum([points[0].macs for points in hulls]) > budget:
        return None
    low, high = 0.0, _steepest(hulls, scale)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _cost(hulls, _places(hulls, scale, middle)) <= budget:
            high = middle
        else:
            low = middle
    places = _places(hulls, scale, high)
    _spend(hulls, scale, places, budget - _cost(hulls, places))
    return [points[at] for points, at in zip(hulls, places)]


def _steepest(hulls: Sequence[Sequence[Point]], scale: Sequence[float]) -> float:
    """A multiplier at which nothing is worth its cost."""
    slopes = [
        weight * (one.error2 - other.error2) / (other.macs - one.macs)
        for points, weight in zip(hulls, scale)
        for one, other in zip(points, points[1:])
    ]
    return 2 * max(slopes, default=0.0) + 1e-300


def _places(hulls: Sequence[Sequence[Point]], scale: Sequence[float], price: float) -> list[int]:
    """How far along each hull a step is worth its price."""
    found = []
    for points, weight in zip(hulls, scale):
        at = 0
        for one, other in zip(points, points[1:]):
            if weight * (one.error2 - other.error2) <= price * (other.macs - one.macs):
                break
            at += 1
        found.append(at)
    return found


def _cost(hulls: Sequence[Sequence[Point]], places: Sequence[int]) -> int:
    return sum([points[at].macs for points, at in zip(hulls, places)])


def _spend(hulls: Sequence[Sequence[Point]], scale: Sequence[float], places: list[int], left: float) -> None:
    """Take single steps further with what is left, the one that gains most first."""
    while True:
        steps = [
            (weight * (points[at].error2 - points[at + 1].error2), points[at + 1].macs - points[at].macs, number)
            for number, (points, at, weight) in enumerate(zip(hulls, places, scale))
            if at + 1 < len(points) and points[at + 1].macs - points[at].macs <= left
        ]
        if not steps:
            return
        _, cost, number = max(steps)
        places[number] += 1
        left -= cost
