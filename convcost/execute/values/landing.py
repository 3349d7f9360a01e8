"""Transposed convolutions in the fast executor: one matrix product a tile, its results added where they land."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from ..windows import landing_starts, shifted, tap_offsets
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Input positions whose products are held at a time.
TILE = 448


def convolve_landing(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """The output, cropped: (batch, *spatial, channels) for an input and a kernel over two axes or more."""
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
