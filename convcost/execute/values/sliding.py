"""Windows over an array without copying it: where they lie, as strides, for any number of axes from two on."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from ..windows import border_sources, tap_offsets, window_starts
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray


def on_two_axes(op: Conv) -> Conv:
    """A convolution over one axis as one over two, the first of which has a single position."""
    longer: dict[str, Any] = {field: (1, *getattr(op, field)) for field in ("kernel_size", "stride", "dilation")}
    extra = (0, *op.output_padding) if op.output_padding else ()
    return op._replace(padding=((0, 0), *op.padding), output_padding=extra, **longer)


def packed(given: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """The array with its numbers side by side in memory, copied where they are not: of a part of the channels, say."""
    if given.flags.c_contiguous:
        return given
    held = bench.room("packed", given.shape, given.dtype)
    held[...] = given
    return held


def bordered(op: Conv, given: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """The input inside the border that its padding makes; itself where there is none."""
    if not any(map(any, op.padding)):
        return given
    if op.padding_mode != "zeros":
        return _copied(op, given, bench)
    lengths = [before + n + after for n, (before, after) in zip(given.shape[1:-1], op.padding)]
    held = bench.room("border", (len(given), *lengths, given.shape[-1]), given.dtype)
    inside = [slice(before, before + n) for n, (before, _) in zip(given.shape[1:-1], op.padding)]
    _clear(held, inside)
    held[:, *inside] = given
    return held


def _clear(held: NDArray[Any], inside: list[slice]) -> None:
    """Zeros around the inside: scratch holds whatever was there."""
    for axis, within in enumerate(inside):
        along = (slice(None), *inside[:axis])
        held[*along, : within.start] = 0
        held[*along, within.stop :] = 0


def _copied(op: Conv, given: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """A border of copies from the input, axis by axis."""
    for axis, (before, after) in enumerate(op.padding, 1):
        sources = border_sources(op.padding_mode, given.shape[axis], before, after)
        longer = (*given.shape[:axis], len(sources), *given.shape[axis + 1 :])
        held = bench.room(f"border {axis}", longer, given.dtype)
        given = np.take(given, sources, axis, out=held, mode="clip")  # else it would copy `held` first
    return given


def window_counts(op: Conv, size: tuple[int, ...]) -> tuple[int, ...]:
    """How many windows lie along each axis of an input of that size, border included, found by walking it."""
    lengths = [before + n + after for n, (before, after) in zip(size, op.padding)]
    axes = zip(lengths, op.kernel_size, op.dilation, op.stride)
    return tuple([len(window_starts(n, tap_offsets(k, d), s)) for n, k, d, s in axes])


def windows(
    op: Conv, padded: NDArray[Any], counts: tuple[int, ...], groups: int, *, merge: bool
) -> NDArray[Any]:  # fmt: skip
    """(batch, *counts, *taps, groups, members): what every tap of every window sees.

    With `merge`, taps of one group that lie side by side are one run with their channels, copied several times
    faster: (batch, *counts, *taps but the last, 1, run). ValueError where numbers do not lie side by side.
    """
    batch, *steps, channel = _steps(padded)
    taps, members = op.kernel_size, padded.shape[-1] // groups
    over = [s * stride for s, stride in zip(steps, op.stride)]
    within = [s * dilation for s, dilation in zip(steps, op.dilation)]
    if merge and groups == 1 and op.dilation[-1] == 1:
        taps, within, members = taps[:-1], within[:-1], members * taps[-1]
    shape = (len(padded), *counts, *taps, groups, members)
    return _view(padded, shape, (batch, *over, *within, members * channel, channel))


def row_windows(op: Conv, image: NDArray[Any], top: int, rows: int, count: int, bench: Workbench) -> NDArray[Any]:
    """(vertical stride, rows, count, run): `count` windows along single rows, a run of taps and channels each.

    Of a convolution over two axes without dilation; those that `rows` of the output read, from `top` on. Rows of the
    input a stride apart lie one behind the other, and where the border would be there are zeros.
    """
    (above, _), (before, _) = op.padding
    (taps, along), (down, right) = op.kernel_size, op.stride
    held = bench.room("columns", (down, rows + (taps - 1) // down, count, along * image.shape[-1]), image.dtype)
    for part, laid in enumerate(held):
        start = top * down + part - above
        first, last = _inside(start, down, len(laid), len(image))
        laid[:first] = laid[last:] = 0
        _lay_rows(image, slice(start + first * down, start + last * down, down), before, right, laid[first:last])
    return held


def _lay_rows(image: NDArray[Any], rows: slice, before: int, stride: int, laid: NDArray[Any]) -> None:
    """Windows of those rows into (rows, count, run): the whole ones at once, each place where some taps lie outside."""
    (_, width, channels), (_, count, run) = image.shape, laid.shape
    taps, (row, place, number) = run // channels, _steps(image)
    left, _ = _inside(-before, stride, count, width)
    _, end = _inside(taps - 1 - before, stride, count, width)
    if left < end:
        from_there = image.reshape(-1)[(left * stride - before) * channels :]
        whole = _view(from_there, (len(image), end - left, run), (row, stride * place, number))
        laid[:, left:end] = whole[rows]
    for at in (*range(left), *range(max(left, end), count)):
        start = at * stride - before
        first, last = _inside(start, 1, taps, width)
        window = laid[:, at].reshape(-1, taps, channels)
        window[:, :first] = window[:, last:] = 0
        window[:, first:last] = image[rows, start + first : start + last]


def _inside(start: int, step: int, count: int, length: int) -> tuple[int, int]:
    """From which to which of `count` positions, `step` apart from `start` on, lie among the first `length`.

    >>> _inside(-3, 2, 9, 8)
    (2, 6)
    """
    first = min(count, max(0, -(start // step)))
    return first, max(first, min(count, -((start - length) // step)))


def _steps(array: NDArray[Any]) -> list[int]:
    """Bytes from one position to the next along every axis, off the shape: NumPy's own strides may be anything on an
    axis with one position, and would lead outside of the array where more is read along it."""
    if not array.flags.c_contiguous:
        raise ValueError(f"the numbers of an array of {array.shape} do not lie side by side: {array.strides}")
    return [array.itemsize * prod(array.shape[axis + 1 :]) for axis in range(array.ndim)]


def tap_views(op: Conv, padded: NDArray[Any], made: tuple[int, ...], together: int) -> NDArray[Any]:
    """(*taps, batch, *counts, run): what every tap sees in every window; taps in the order of the kernel.

    `made` is the shape of what is made of it: of each row so many neighbouring windows are one run with their
    channels, which more than one is with stride 1 only.
    """
    batch, *steps, channel = _steps(padded)
    over = [s * stride for s, stride in zip(steps, op.stride)]
    within = [s * dilation for s, dilation in zip(steps, op.dilation)]
    over[-1] *= together
    return _view(padded, (*op.kernel_size, *made), (*within, batch, *over, channel))


def _view(array: NDArray[Any], shape: tuple[int, ...], strides: tuple[int, ...]) -> NDArray[Any]:
    """The same memory in other steps; NumPy refuses those that would lead outside of it."""
    view: NDArray[Any] = np.ndarray(shape, array.dtype, array, 0, strides)
    view.flags.writeable = False
    return view
