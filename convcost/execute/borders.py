"""The border that a convolution's padding puts around its input. Arrays are (batch, *spatial, channels)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Conv
from .windows import border_sources

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_border(op: Conv, sums: NDArray[Any], rim: NDArray[Any]) -> NDArray[Any]:
    """`sums` inside a border that holds `rim` at every position."""
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
