"""Points that no other beats, of many: by moocore where it is installed, by sorting otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .plans import EXACT

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Points that are sorted out pair by pair at a time.
TOGETHER = 256

#: Points for which loading moocore pays.
WORTH = 20_000


def front_of(points: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.intp]:
    """The numbers of the rows of `points` that no other beats, the least of each column being best; of equal ones the
    first.

    >>> front_of(np.array([[1, 3], [2, 2], [3, 3], [1, 3], [3, 1]])).tolist()
    [0, 1, 4]
    """
    if len(points) >= WORTH and np.abs(points).max() < EXACT:  # moocore compares doubles
        try:
            from moocore import is_nondominated
        except ImportError:
            return _by_sorting(points)
        different, first = np.unique(points, axis=0, return_index=True)
        return np.sort(first[is_nondominated(different.astype(np.float64))])
    return _by_sorting(points)


def _by_sorting(points: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.intp]:
    """In the order of their columns, where no point beats one before it; each lot is held against those kept."""
    if not len(points):
        return np.zeros(0, np.intp)
    order = np.lexsort((np.arange(len(points)), *points.T[::-1]))
    kept = np.zeros(0, np.intp)
    for first in range(0, len(order), TOGETHER):
        lot = order[first : first + TOGETHER]
        lot = lot[~_beaten(points[lot], points[kept])]
        kept = np.concatenate([kept, lot[~_beaten_inside(points[lot])]])
    return np.sort(kept)


def _beaten(points: NDArray[Any], by: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points one of the others is as good as in every column: it comes first, so that it beats or equals them."""
    found = np.zeros(len(points), np.bool_)
    for first in range(0, len(by), TOGETHER):
        some = by[first : first + TOGETHER]
        open_ = np.nonzero(~found)[0]
        found[open_] = np.any(np.all(some[None] <= points[open_, None], axis=2), axis=1)
    return found


def _beaten_inside(points: NDArray[Any]) -> NDArray[np.bool_]:
    """The same among points in order: by one before them."""
    as_good = (points[None] <= points[:, None]).all(axis=2)
    return np.asarray(np.tril(as_good, -1).any(axis=1))
