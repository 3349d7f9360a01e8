"""The sums that a convolution of ones comes down to: over channels, over windows, over what lands on a place."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..windows import shifted
from .weights import ConvWeights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Up to this many channels a group they are added one by one; NumPy's own reduction is slow on short rows.
SHORT = 16

#: A word adds eight bytes side by side, none running over into the next for up to 255 words. The first number
#: picks every second byte of a word, which leaves four sums of two bytes; times the second, the top one is all four.
BYTES, MOST_WORDS = 8, 255
EVERY_SECOND, ALL_FOUR = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001)


def group_sums(values: NDArray[Any], weights: ConvWeights, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Each position's values, bytes of zero and one, summed over the channels of each group."""
    groups, members = weights.kernel.shape[:2]
    if values.shape[-1] != groups * members:
        raise ValueError(f"{groups} groups of {members} channels do not fit {values.shape[-1]} channels")
    if members == 1:
        return values
    split = values.reshape(*values.shape[:-1], groups, members)
    if members % BYTES == 0 and members <= BYTES * MOST_WORDS:
        return _by_words(split, dtype)
    if members > SHORT:  # einsum adds along short rows in half the time of add.reduce
        reduced: NDArray[Any] = np.einsum("...c->...", split, dtype=dtype, casting="unsafe")
        return reduced
    sums = values[..., ::members].astype(dtype)
    for member in range(1, members):
        sums += values[..., member::members]
    return sums


def _by_words(split: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Sums of rows of bytes of zero and one, eight bytes at a time: a sixth of the time for rows of 64."""
    words = np.einsum("...w->...", split.view(np.uint64))
    halves = (words & EVERY_SECOND) + (words >> np.uint64(8) & EVERY_SECOND)
    sums: NDArray[Any] = (halves * ALL_FOUR >> np.uint64(48)).astype(dtype)
    return sums


def gather(sums: NDArray[Any], starts: list[range], offsets: list[range], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Every window's sum over its taps: tap by tap, or window by window where these are fewer."""
    if _combinations(offsets) <= _combinations(starts):
        views = shifted(starts, offsets)
        result = sums[:, *next(views)].astype(dtype)
        for view in views:
            result += sums[:, *view]
        return result
    axes = tuple(range(1, sums.ndim - 1))
    result = np.empty((len(sums), *map(len, starts), sums.shape[-1]), dtype)
    for place, view in zip(_places(starts), shifted(offsets, starts), strict=True):
        result[:, *place] = np.add.reduce(sums[:, *view], axis=axes, dtype=dtype, keepdims=True)
    return result


def scatter(sums: NDArray[Any], starts: list[range], offsets: list[range], result: NDArray[Any]) -> None:
    """Every input added to the places where its taps land: tap by tap, or input by input where these are fewer."""
    if _combinations(offsets) <= _combinations(starts):
        for view in shifted(starts, offsets):
            result[:, *view] += sums
        return
    for place, view in zip(_places(starts), shifted(offsets, starts), strict=True):
        result[:, *view] += sums[:, *place]


def _places(starts: list[range]) -> Iterator[tuple[slice, ...]]:
    """One position after the other of an array that has one for each combination of `starts`."""
    return shifted([range(1)] * len(starts), [range(len(axis)) for axis in starts])


def _combinations(axes: list[range]) -> int:
    return prod([len(axis) for axis in axes])
