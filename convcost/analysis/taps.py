"""Which taps of a kernel ever meet data: at small sizes some only meet padding."""

from __future__ import annotations

from ..graph.ops import Conv, Ints


def taps_on_data(count: int, taps: int, stride: int, dilation: int, before: int, length: int) -> tuple[bool, ...]:
    """Of each tap, whether any of the windows brings it onto data: one that none does only ever meets padding.

    >>> taps_on_data(1, 3, 1, 1, 1, 1)   # a kernel of 3 on a single position
    (False, True, False)
    """
    found = []
    for tap in range(taps):
        start = tap * dilation - before
        first = max(0, -(start // stride))  # the first window that brings it to position 0 or behind
        found.append(first < count and start + first * stride < length)
    return tuple(found)


def taps_of_conv(op: Conv, size: Ints, out: Ints) -> tuple[tuple[bool, ...], ...]:
    """The same of every axis of a convolution on an input of that size; with copied padding every tap meets data."""
    if op.padding_mode != "zeros" or op.transposed:
        return tuple([(True,) * k for k in op.kernel_size])
    axes = zip(out, op.kernel_size, op.stride, op.dilation, op.padding, size)
    return tuple([taps_on_data(m, k, s, d, before, n) for m, k, s, d, (before, _), n in axes])
