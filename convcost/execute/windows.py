"""Where a kernel lies: tap positions, window starts and the border, found by walking along one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Conv

if TYPE_CHECKING:
    from numpy.typing import NDArray


def tap_offsets(taps: int, dilation: int) -> range:
    """Where the taps lie, counted from the start of their window.

    >>> list(tap_offsets(3, 2))
    [0, 2, 4]
    """
    return range(0, taps * dilation, dilation)


def window_starts(length: int, offsets: range, stride: int) -> range:
    """Every `stride`-th position of `length`, border included, as long as the last tap lies inside.

    >>> list(window_starts(8, tap_offsets(3, 1), 2))
    [0, 2, 4]

    ValueError where no window fits.
    """
    starts = range(0, length - offsets[-1], stride)
    if not starts:
        raise ValueError(f"a window of {offsets[-1] + 1} positions does not fit into {length}")
    return starts


def shifted(spread: Sequence[range], shifts: Sequence[range]) -> Iterator[tuple[slice, ...]]:
    """The positions of `spread`, one range an axis, moved by each combination of `shifts` in turn.

    Window starts moved by tap offsets are what each tap sees, window by window; tap offsets moved by
    window starts are what each window sees, tap by tap.

    >>> list(shifted([range(0, 6, 2)], [range(0, 3)]))
    [(slice(0, 6, 2),), (slice(1, 7, 2),), (slice(2, 8, 2),)]
    """
    moved = [
        [slice(places.start + shift, places.stop + shift, places.step) for shift in axis]
        for places, axis in zip(spread, shifts, strict=True)
    ]
    return product(*moved)


def landing_starts(length: int, stride: int) -> range:
    """Where the first tap of each input of a transposed convolution lands, before cropping.

    >>> list(landing_starts(3, 2))
    [0, 2, 4]
    """
    return range(0, length * stride, stride)


def border_sources(mode: str, length: int, before: int, after: int) -> list[int]:
    """For every position of a padded axis, the input position that its value is copied from.

    >>> border_sources("reflect", 4, 2, 1)
    [2, 1, 0, 1, 2, 3, 2]
    """
    inside = range(length)
    if mode == "reflect":
        return [*range(before, 0, -1), *inside, *range(length - 2, length - 2 - after, -1)]
    if mode == "replicate":
        return [0] * before + [*inside] + [length - 1] * after
    if mode == "circular":
        return [*range(length - before, length), *inside, *range(after)]
    raise ValueError(f"no padding mode {mode!r}")


def pool_starts(length: int, taps: int, stride: int, padding: tuple[int, int], *, hang_over: bool) -> list[int]:
    """Where the windows of a pooling start on an axis with its border; `hang_over` lets the last one end outside.

    >>> pool_starts(112, 3, 2, (0, 0), hang_over=True)[-2:]
    [108, 110]
    """
    before, end = padding[0], length + sum(padding)
    starts = [0] if taps <= end or hang_over else []
    while starts:
        start = starts[-1] + stride
        hangs = hang_over and starts[-1] + taps < end and start < before + length
        if start + taps > end and not hangs:
            break
        starts.append(start)
    return starts


def adaptive_windows(length: int, count: int) -> list[slice]:
    """The windows of an adaptive pooling: where i shares of the axis end, down to where i + 1 do, up.

    >>> adaptive_windows(7, 2)
    [slice(0, 4, None), slice(3, 7, None)]
    """
    return [slice(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


def with_border(op: Conv, sums: NDArray[Any], rim: NDArray[Any] | np.generic) -> NDArray[Any]:
    """`sums`, (batch, *spatial, channels), inside a border that holds `rim` at every position, in its dtype."""
    size = sums.shape[1:-1]
    lengths = [before + n + after for n, (before, after) in zip(size, op.padding)]
    padded = np.empty((len(sums), *lengths, sums.shape[-1]), rim.dtype)
    padded[...] = rim
    padded[:, *[slice(before, before + n) for n, (before, _) in zip(size, op.padding)]] = sums
    return padded


def with_copied_border(op: Conv, sums: NDArray[Any]) -> NDArray[Any]:
    """`sums` inside a border copied from it: reflect, replicate or circular."""
    for axis, (before, after) in enumerate(op.padding, 1):
        if before or after:
            sums = sums.take(border_sources(op.padding_mode, sums.shape[axis], before, after), axis)
    return sums
