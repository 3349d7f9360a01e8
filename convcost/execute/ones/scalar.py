"""The plainest count there is: one scalar loop that meets every multiplication of a convolution. No NumPy in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ...graph.ops import Conv, Ints

#: Output position -> products of one output channel there.
Counts = dict[Ints, int]


def count_scalar(op: Conv, size: Ints) -> tuple[Counts, Counts]:
    """Products of one output channel of one image at each position: all of them, and those that touch data.

    >>> op = Conv(2, 1, (3,), (1,), ((1, 1),), (1,))
    >>> [list(counts.values()) for counts in count_scalar(op, (4,))]
    [[6, 6, 6, 6], [4, 6, 6, 4]]

    Transposed: all of them at positions before cropping, and those at the positions that are left.
    Time and memory are those of the loop: for small sizes only.
    """
    return _landing(op, size) if op.transposed else _sliding(op, size)


def every_position(size: Ints) -> Iterator[Ints]:
    """Every position of a box."""
    return product(*[range(n) for n in size])


def _sliding(op: Conv, size: Ints) -> tuple[Counts, Counts]:
    nominal: Counts = {}
    effective: Counts = {}
    padded = tuple([before + n + after for n, (before, after) in zip(size, op.padding)])
    ends = [(k - 1) * d for k, d in zip(op.kernel_size, op.dilation)]
    for at in every_position(padded):
        if any(p % s or p + end >= n for p, s, end, n in zip(at, op.stride, ends, padded)):
            continue
        out = tuple([p // s for p, s in zip(at, op.stride)])
        nominal[out] = effective[out] = 0
        for tap in every_position(op.kernel_size):
            seen = [p + t * d - before for p, t, d, (before, _) in zip(at, tap, op.dilation, op.padding)]
            on_data = op.padding_mode != "zeros" or all(0 <= x < n for x, n in zip(seen, size))
            for _ in range(op.in_channels // op.groups):
                nominal[out] += 1
                effective[out] += on_data
    return nominal, effective


def _landing(op: Conv, size: Ints) -> tuple[Counts, Counts]:
    full: Counts = {}
    for at, tap in product(every_position(size), every_position(op.kernel_size)):
        lands = tuple([x * s + t * d for x, s, t, d in zip(at, op.stride, tap, op.dilation)])
        for _ in range(op.in_channels // op.groups):
            full[lands] = full.get(lands, 0) + 1
    extra = op.output_padding or (0,) * len(size)
    ends = [max(axis) + e for axis, e in zip(zip(*full), extra)]
    kept = tuple([end + 1 - before - after for end, (before, after) in zip(ends, op.padding)])
    starts = [before for before, _ in op.padding]
    cropped = {at: full.get(tuple([x + b for x, b in zip(at, starts)]), 0) for at in every_position(kept)}
    return full, cropped
