"""The fast executor: what a convolution computes, by matrix products over tiles of its output, in NumPy alone.

Arrays are (batch, *spatial, channels); a kernel is (groups, *taps, in channels a group, out channels a group),
so that it is the right side of a matrix product as it lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from ..windows import landing_starts, shifted, tap_offsets
from .depthwise import channel_by_channel
from .sliding import bordered, on_two_axes, packed, row_windows, window_counts, windows
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Output positions whose windows are laid out at a time: their columns stay in the cache, the product is still large.
#: Of a transposed convolution, input positions whose products are held at a time.
TILE = 448

#: Numbers of columns that a tile has at least, where its windows are small.
NUMBERS = 1 << 17

#: Numbers of columns that a tile has at least, where windows of single rows are laid out, which they are of rows of at
#: most as many.
ROWS = 1 << 18

#: With fewer numbers side by side in a window, one number of all windows is copied at a time and not one window. With
#: several groups such a copy skips the numbers of the others, so that it pays later.
SHORT, SHORT_IN_GROUPS = 24, 8


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
    flat = len(op.kernel_size) == 1
    if flat:
        op, kernel, given = on_two_axes(op), kernel[:, None], given[:, None]
    given = packed(given, bench)
    if op.transposed:
        out, algorithm = _landing(op, given, kernel, bench), "GEMM, results scattered"
    elif op.groups > 1 and kernel.shape[-2] == 1:
        out, algorithm = channel_by_channel(op, given, kernel, bench), "weighted sum over taps, a channel alone"
    elif max(op.kernel_size) == 1 and not any(map(any, op.padding)):
        out, algorithm = _pointwise(op, given, kernel, bench), "GEMM"
    elif _by_rows(op, given, kernel):
        out, algorithm = _row_by_row(op, given, kernel, bench), "im2col of rows, one GEMM a row of taps"
    else:
        out, algorithm = _spatial(op, given, kernel, bench), "im2col, one GEMM a tile"
    if bias is not None:
        out += bias
    return (out[:, 0] if flat else out), algorithm


def _pointwise(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """1x1: the input, as it lies there, is the left side; with a stride, the positions that are read."""
    groups, members, outer = kernel.shape[0], *kernel.shape[-2:]
    if max(op.stride) > 1:
        read = given[:, *[slice(None, None, s) for s in op.stride]]
        given = bench.room("columns", read.shape, given.dtype)
        given[...] = read
    out = np.empty((*given.shape[:-1], groups * outer), given.dtype)
    if groups == 1:
        bench.matmul(given.reshape(-1, members), kernel.reshape(members, outer), out.reshape(-1, outer))
        return out
    left, right = given.reshape(-1, groups, members), kernel.reshape(groups, members, outer)
    bench.matmul(left.transpose(1, 0, 2), right, out.reshape(-1, groups, outer).transpose(1, 0, 2))
    return out


def _by_rows(op: Conv, given: NDArray[Any], kernel: NDArray[Any]) -> bool:
    """Of two axes, all channels, neighbouring taps, where a row of them reads twice as many numbers as it makes."""
    plain = op.groups == 1 and len(op.kernel_size) == 2 and max(op.dilation) == 1 and op.padding_mode == "zeros"
    least, most = max(2 * kernel.shape[-1], SHORT_IN_GROUPS), ROWS // given.shape[-2]
    return plain and op.kernel_size[0] > 1 and least <= prod(kernel.shape[-3:-1]) <= most


def _row_by_row(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """Windows of single rows copied side by side; every row of taps reads its rows of them, and the products are added.

    For three rows of taps these are a third of the copies of whole windows, and none into a border.
    """
    (height, width), (_, taps, _, _, outer) = window_counts(op, given.shape[1:-1]), kernel.shape
    weights = kernel.reshape(taps, -1, outer)
    out = np.empty((len(given), height, width, outer), given.dtype)
    tile = max(TILE, ROWS // weights.shape[1], width)  # whole rows
    for image, target in zip(given, out):
        for rows, _ in _tiles(tile, height, width):
            made = target[rows].reshape(-1, outer)
            sums = bench.room("sums", made.shape, made.dtype)
            seen = row_windows(op, image, rows.start, len(target[rows]), width, bench)
            for tap, (first, part) in enumerate([divmod(tap, len(seen)) for tap in range(taps)]):
                left = seen[part, first : first + len(target[rows])].reshape(len(made), -1)
                bench.matmul(left, weights[tap], sums if tap else made)
                if tap:
                    made += sums
    return out


def _spatial(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """Windows copied side by side, a tile of output positions at a time, and multiplied straight into the output."""
    counts = window_counts(op, given.shape[1:-1])
    padded = bordered(op, given, bench)
    groups, outer = kernel.shape[0], kernel.shape[-1]
    out = np.empty((len(given), *counts, groups * outer), given.dtype)
    view = windows(op, padded, counts, groups, merge=True)
    weights = kernel.reshape(groups, -1, outer)
    short = view.shape[-1] < (SHORT if groups == 1 else SHORT_IN_GROUPS)
    numbers = kernel.size // outer  # that a position sees
    tile = max(TILE, NUMBERS // numbers)
    buffer = bench.room("columns", (min(tile, prod(counts[-2:])) * numbers,), given.dtype)
    for lead in product(*map(range, out.shape[:-3])):
        image, target = view[lead], out[lead]
        for rows, places in _tiles(tile, *counts[-2:]):
            made = target[rows, places].reshape(-1, groups, outer).transpose(1, 0, 2)
            bench.matmul(_columns(image[rows, places], buffer, short), weights, made)
    return out


def _columns(seen: NDArray[Any], buffer: NDArray[Any], short: bool) -> NDArray[Any]:
    """Windows (rows, places, *taps, groups, members) side by side in memory: (groups, windows, numbers of each).

    What is copied at a stretch are the members of one window or, where these are few, one of them of all windows.
    """
    axes = seen.ndim
    group, inner, places = axes - 2, (*range(2, axes - 2), axes - 1), (0, 1)
    part = seen.transpose((group, *inner, *places) if short else (group, *places, *inner))
    columns = buffer[: part.size]
    columns.reshape(part.shape)[...] = part
    if short:
        return columns.reshape(len(part), -1, seen.shape[0] * seen.shape[1]).swapaxes(1, 2)
    return columns.reshape(len(part), seen.shape[0] * seen.shape[1], -1)


def _tiles(tile: int, height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Whole rows, as many as make a tile; parts of a row where one alone is more."""
    rows = max(1, tile // width)
    for top, left in product(range(0, height, rows), range(0, width, tile)):
        yield slice(top, top + rows), slice(left, left + tile)


def _landing(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """A transposed convolution over two axes or more: one product a tile, added where it lands; cropped."""
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation)]
    starts = [landing_starts(n, s) for n, s in zip(given.shape[1:-1], op.stride)]
    extra = op.output_padding or (0,) * len(starts)
    lengths = [start[-1] + offset[-1] + 1 + e for start, offset, e in zip(starts, offsets, extra)]
    full = bench.room("landing", (len(given), *lengths, op.out_channels), given.dtype)
    full[...] = 0
    groups, outer = kernel.shape[0], kernel.shape[-1]
    weights = bench.room("weights", (groups, kernel.shape[-2], *op.kernel_size, outer), given.dtype)
    weights[...] = np.moveaxis(kernel, -2, 1)
    for image, target in zip(given, full):
        _land(image, weights, target, starts, offsets, bench)
    kept = [slice(before, n - after) for n, (before, after) in zip(lengths, op.padding)]
    return full[:, *kept].copy()


def _land(
    image: NDArray[Any], weights: NDArray[Any], target: NDArray[Any], starts: list[range], offsets: list[range],
    bench: Workbench,
) -> None:  # fmt: skip
    """Products of one image, a few rows of its first axis at a time, added to `target` tap by tap."""
    groups, members = weights.shape[:2]
    right = weights.reshape(groups, members, -1)
    rows = max(1, TILE // (image[0].size // image.shape[-1]))
    taps = [range(k) for k in weights.shape[2:-1]]
    for top in range(0, len(image), rows):
        part = image[top : top + rows]
        left = part.reshape(-1, groups, members).transpose(1, 0, 2)
        made = bench.room("columns", (groups, left.shape[1], right.shape[2]), image.dtype)
        bench.matmul(left, right, made)
        landed = np.moveaxis(made.reshape(groups, *part.shape[:-1], *weights.shape[2:]), 0, -2)
        spread = [starts[0][top : top + rows], *starts[1:]]
        for tap, place in zip(np.ndindex(*map(len, taps)), shifted(spread, offsets)):
            seen = landed[(*[slice(None)] * len(starts), *tap)]
            target[place] += seen.reshape(*part.shape[:-1], -1)
