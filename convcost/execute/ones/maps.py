"""Whole maps of counts: the one that an execution on ones gives, beside the one that walking each axis gives."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Conv, Ints, Shape
from ..windows import landing_starts, tap_offsets, window_starts
from .counting import conv_weights, convolve, convolve_transposed, sum_of_counts
from .scalar import Counts, count_scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MapCount(NamedTuple):
    """Two maps of one convolution compared position by position, and the sum of the executed one."""

    same: bool
    macs: int
    effective_macs: int


def executed_maps(op: Conv, shape: Shape) -> tuple[NDArray[Any], NDArray[Any]]:
    """Products at each position as executing ones gives them: (batch, *spatial, groups), all and on data.

    `shape` is (batch, channels, *spatial) of the input. Transposed: before cropping, and after.
    """
    batch, channels, *size = shape
    ones, weights = np.ones((batch, *size, channels), np.uint8), conv_weights(op)
    if op.transposed:
        return convolve_transposed(op, ones, weights)
    counted = convolve(op, ones, weights)
    return counted.nominal, counted.effective


def walked_maps(op: Conv, size: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same for one group of one image, from walking the axes one by one: their counts multiply.

    >>> op = Conv(2, 1, (3,), (1,), ((1, 1),), (1,))
    >>> [counts.tolist() for counts in walked_maps(op, (4,))]
    [[6, 6, 6, 6], [4, 6, 6, 4]]
    """
    walk = _landing_axis if op.transposed else _sliding_axis
    axes = [walk(op, axis, n) for axis, n in enumerate(size)]
    members = np.int64(op.in_channels // op.groups)
    nominal, effective = (np.asarray(reduce(np.multiply.outer, side, members)) for side in zip(*axes))
    return nominal, effective


def compare_maps(op: Conv, shape: Shape) -> MapCount:
    """Executed and walked maps of a convolution on an input of `shape`, every image, group and position of them.

    >>> compare_maps(Conv(2, 1, (3,), (1,), ((1, 1),), (1,)), (1, 2, 4))
    MapCount(same=True, macs=24, effective_macs=20)
    """
    executed, walked = executed_maps(op, shape), walked_maps(op, shape[2:])
    same = all(made.shape[1:-1] == drawn.shape and bool((made == drawn[None, ..., None]).all())
               for made, drawn in zip(executed, walked))  # fmt: skip
    macs, effective = (sum_of_counts(made, conv_weights(op)) for made in executed)
    return MapCount(same, macs, effective)


def compare_scalar(op: Conv, shape: Shape) -> MapCount:
    """Executed maps beside those of the scalar loop, whose sums over images and channels are given."""
    executed, plain = executed_maps(op, shape), count_scalar(op, shape[2:])
    same = all(_same_counts(made, counts) for made, counts in zip(executed, plain))
    factor = shape[0] * op.out_channels
    return MapCount(same, factor * sum(plain[0].values()), factor * sum(plain[1].values()))


def _same_counts(made: NDArray[Any], counts: Counts) -> bool:
    found = {at: int(n) for at, n in np.ndenumerate(made[0, ..., 0]) if n}
    uniform = bool((made == made[:1, ..., :1]).all())
    return uniform and found == {at: n for at, n in counts.items() if n}


def _sliding_axis(op: Conv, axis: int, size: int) -> tuple[list[int], list[int]]:
    """One axis: taps at each output position, and those that touch data."""
    before, after = op.padding[axis]
    offsets = tap_offsets(op.kernel_size[axis], op.dilation[axis])
    inside = range(before, before + size) if op.padding_mode == "zeros" else range(before + size + after)
    starts = window_starts(before + size + after, offsets, op.stride[axis])
    return [len(offsets)] * len(starts), [sum([start + o in inside for o in offsets]) for start in starts]


def _landing_axis(op: Conv, axis: int, size: int) -> tuple[list[int], list[int]]:
    """One axis of a transposed convolution: taps that land at each position, before cropping and after."""
    offsets = tap_offsets(op.kernel_size[axis], op.dilation[axis])
    starts = landing_starts(size, op.stride[axis])
    full = [0] * (starts[-1] + offsets[-1] + 1)
    for start in starts:
        for offset in offsets:
            full[start + offset] += 1
    longer = full + [0] * (op.output_padding[axis] if op.output_padding else 0)
    before, after = op.padding[axis]
    return full, longer[before : len(longer) - after]
