"""Pooling forwards and backwards, window by window."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..execute.windows import adaptive_windows, pool_starts
from ..graph.ops import AdaptivePool, Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

Axes = list[list[slice]]


def windows_of(op: Pool | AdaptivePool, size: tuple[int, ...]) -> tuple[Axes, list[tuple[int, int]]]:
    """The windows an axis each, and the border that they need round an input of `size`."""
    if isinstance(op, AdaptivePool):
        return [adaptive_windows(*axis) for axis in zip(size, op.output_size)], [(0, 0)] * len(size)
    axes = [
        [slice(start, start + k) for start in pool_starts(n, k, s, pads, hang_over=op.ceil_mode)]
        for n, k, s, pads in zip(size, op.kernel_size, op.stride, op.padding)
    ]
    border = [
        (before, max(after, windows[-1].stop - n - before))
        for n, (before, after), windows in zip(size, op.padding, axes)
    ]
    return axes, border


def pool(op: Pool | AdaptivePool, given: NDArray[Any]) -> NDArray[Any]:
    """The maximum, which no border is, or the mean, the border's zeros included."""
    axes, padded = _padded(op, given)
    output = np.empty((*given.shape[:2], *map(len, axes)), given.dtype)
    reduce = np.max if op.kind == "max" else np.mean
    inner = tuple(range(2, given.ndim))
    for place, window in zip(np.ndindex(output.shape[2:]), product(*axes)):
        output[:, :, *place] = reduce(padded[:, :, *window], axis=inner)
    return output


def pool_backward(op: Pool | AdaptivePool, given: NDArray[Any], grad: NDArray[Any]) -> NDArray[Any]:
    """The gradient goes to each window's maximum (shared where there are several), or evenly to all of it."""
    axes, padded = _padded(op, given)
    result = np.zeros(padded.shape, grad.dtype)
    inner = tuple(range(2, given.ndim))
    for place, window in zip(np.ndindex(grad.shape[2:]), product(*axes)):
        seen = padded[:, :, *window]
        chosen = seen == seen.max(axis=inner, keepdims=True) if op.kind == "max" else np.ones(seen.shape, bool)
        share = chosen / chosen.sum(axis=inner, keepdims=True)
        result[:, :, *window] += share * grad[:, :, *place].reshape(*grad.shape[:2], *[1] * len(inner))
    _, border = windows_of(op, given.shape[2:])
    inside = [slice(before, before + n) for (before, _), n in zip(border, given.shape[2:])]
    return result[:, :, *inside]


def _padded(op: Pool | AdaptivePool, given: NDArray[Any]) -> tuple[Axes, NDArray[Any]]:
    axes, border = windows_of(op, given.shape[2:])
    fill = -np.inf if op.kind == "max" else 0.0
    return axes, np.pad(given, [(0, 0), (0, 0), *border], constant_values=fill)
