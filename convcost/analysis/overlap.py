"""How many products of a window that slides over one axis touch data and not padding, in closed form."""

from __future__ import annotations

from functools import lru_cache

from ..graph.ops import Conv, Ints
from .traced import opaque


@opaque(lambda count, taps, *_: count * taps)
def products_on_data(count: int, taps: int, stride: int, dilation: int, before: int, length: int) -> int:
    """Pairs (window, tap) that fall on `length` positions of data which `before` positions of padding precede.

    `count` windows start `stride` apart, `taps` taps are `dilation` apart. What falls on the padding
    lies left of the data or, read from the far end, left of it too: two corner counts are taken off.

    >>> products_on_data(5, 3, 1, 1, 1, 5)   # 15 products, one off at either end
    13
    """
    after = (count - 1) * stride + (taps - 1) * dilation - before - length + 1
    return count * taps - _corner(before, count, taps, stride, dilation) - _corner(after, count, taps, stride, dilation)


def _corner(limit: int, count: int, taps: int, stride: int, dilation: int) -> int:
    """Pairs 0 <= o < count, 0 <= t < taps with o * stride + t * dilation < limit."""
    if limit <= 0:
        return 0
    reach, span = count * stride, taps * dilation
    pairs = _points_below(limit, stride, dilation)
    for beyond, sign in ((limit - reach, -1), (limit - span, -1), (limit - reach - span, 1)):
        if beyond > 0:
            pairs += sign * _points_below(beyond, stride, dilation)
    return pairs


@lru_cache(maxsize=4096)  # kernels, strides and paddings are few, whatever the sizes
def _points_below(limit: int, a: int, b: int) -> int:
    """Integer points x, y >= 0 with a * x + b * y < limit, which is positive."""
    columns = -(-limit // a)
    return _floor_sum(columns, b, a, limit - a * (columns - 1) + b - 1)


def _floor_sum(n: int, m: int, a: int, b: int) -> int:
    """Sum of (a * i + b) // m for 0 <= i < n, in as many steps as Euclid's algorithm takes on a and m.

    Graham, Knuth, Patashnik: Concrete Mathematics, section 3.5.
    """
    total = 0
    while True:
        total += (n - 1) * n // 2 * (a // m) + n * (b // m)
        a, b = a % m, b % m
        top = a * n + b
        if top < m:
            return total
        n, m, a, b = top // m, a, m, top % m


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
