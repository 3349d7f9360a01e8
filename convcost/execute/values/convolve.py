"""The fast executor: what a convolution computes, by matrix products over tiles of its output, in NumPy alone.

Arrays are (batch, *spatial, channels); a kernel is (groups, *taps, in channels a group, out channels a group),
so that it is the right side of a matrix product as it lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from .depthwise import convolve_channels
from .landing import convolve_landing
from .sliding import bordered, on_two_axes, window_counts, windows
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Output positions whose windows are laid out at a time: their columns stay in the cache, the product is still large.
TILE = 448


def convolve_values(
    op: Conv, given: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any] | None, bench: Workbench
) -> tuple[NDArray[Any], str]:
    """The output of a convolution, in the dtype of `given`, and the name of the algorithm that ran.

    >>> op = Conv(2, 1, (3,), (1,), ((1, 1),), (1,))
    >>> bench = Workbench()
    >>> out, algorithm = convolve_values(op, np.ones((1, 4, 2)), np.ones((1, 3, 2, 1)), None, bench)
    >>> out[0, :, 0].tolist(), algorithm, bench.products
    ([4.0, 6.0, 6.0, 4.0], 'im2col, one GEMM a tile', 24)
    """
    flat, op, kernel = len(op.kernel_size) == 1, *on_two_axes(op, kernel)
    given = given[:, None] if flat else given
    if op.transposed:
        out, algorithm = convolve_landing(op, given, kernel, bench), "GEMM, results scattered"
    elif op.groups > 1 and kernel.shape[-2] == 1:
        out, algorithm = convolve_channels(op, given, kernel, bench), "weighted sum over taps, a channel alone"
    elif set(op.kernel_size) == {1} and not any(map(any, op.padding)):
        out, algorithm = _pointwise(op, given, kernel, bench), "GEMM"
    else:
        out, algorithm = _spatial(op, given, kernel, bench), "im2col, one GEMM a tile"
    if bias is not None:
        out += bias
    return (out[:, 0] if flat else out), algorithm


def _pointwise(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """1x1: the input, as it lies there, is the left side; with a stride, the positions that are read."""
    groups, members, outer = kernel.shape[0], *kernel.shape[-2:]
    read = given[:, *[slice(None, None, s) for s in op.stride]]
    if read.strides != given.strides:
        rows = bench.room("columns", read.shape, given.dtype)
        rows[...] = read
        read = rows
    out = np.empty((*read.shape[:-1], groups * outer), given.dtype)
    left, right = read.reshape(-1, groups, members), kernel.reshape(groups, members, outer)
    bench.matmul(left.transpose(1, 0, 2), right, out.reshape(-1, groups, outer).transpose(1, 0, 2))
    return out


def _spatial(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """Windows copied side by side, a tile of output positions at a time, and multiplied straight into the output."""
    padded = bordered(op, given, bench)
    counts = window_counts(op, padded)
    groups, outer = kernel.shape[0], kernel.shape[-1]
    out = np.empty((len(given), *counts, groups * outer), given.dtype)
    view = windows(op, padded, counts, groups, merge=True)
    weights = kernel.reshape(groups, -1, outer)
    buffer = bench.room("columns", (min(TILE, prod(counts[-2:])) * weights.shape[1] * groups,), given.dtype)
    for lead in np.ndindex(out.shape[:-3]):
        image, target = view[lead], out[lead]
        for rows, places in _tiles(*counts[-2:]):
            part = np.moveaxis(image[rows, places], -2, 0)  # (groups, rows, places, *taps, members)
            columns = buffer[: part.size]
            columns.reshape(part.shape)[...] = part
            made = target[rows, places].reshape(-1, groups, outer).transpose(1, 0, 2)
            bench.matmul(columns.reshape(groups, -1, weights.shape[1]), weights, made)
    return out


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Whole rows, as many as make a tile; parts of a row where one alone is more."""
    rows = max(1, TILE // width)
    for top in range(0, height, rows):
        for left in range(0, width, max(TILE, width) if rows > 1 else TILE):
            yield slice(top, top + rows), slice(left, min(left + TILE, width) if rows == 1 else width)
