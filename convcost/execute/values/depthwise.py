"""A convolution of each channel alone: a weighted sum over taps, in runs of neighbouring positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from .sliding import bordered, tap_views, window_counts
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers that the inner loop runs over: enough to forget how it is started, few enough to stay in the nearest cache.
RUN = 4096


def channel_by_channel(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """The output of a convolution of one input channel a group: (batch, *spatial, groups * outputs a group).

    >>> op = Conv(1, 1, (1, 2), (1, 1), ((0, 0), (1, 0)), (1, 1))
    >>> given, kernel = np.array([[[[1.0], [2.0]]]]), np.array([[[[[10.0]], [[1.0]]]]])
    >>> channel_by_channel(op, given, kernel, Workbench())[0, 0, :, 0].tolist()
    [1.0, 12.0]
    """
    counts, outer = window_counts(op, given.shape[1:-1]), kernel.shape[-1]
    out = np.empty((len(given), *counts, len(kernel) * outer), given.dtype)
    together = _together(*out.shape[-2:]) if op.stride[-1] == 1 else 1
    weights = _repeated(kernel, together, bench)
    made = out.reshape(*out.shape[:-2], -1, weights.shape[-1])
    padded = bordered(op, _beside(given, outer, bench), bench)
    bench.weigh(len(counts), tap_views(op, padded, made.shape, together), weights, made)
    return out


def _together(width: int, channels: int) -> int:
    """How many neighbouring positions of a row are one run with their channels: a divisor of the width."""
    together = min(width, max(1, RUN // channels))
    while width % together:
        together -= 1
    return together


def _repeated(kernel: NDArray[Any], together: int, bench: Workbench) -> NDArray[Any]:
    """The weights of each tap side by side, as often as positions are read at once: (*taps, run)."""
    groups, *taps, _, outer = kernel.shape
    weights = bench.room("weights", (*taps, together * groups * outer), kernel.dtype)
    by_tap = kernel.reshape(groups, -1, outer).transpose(1, 0, 2)
    weights.reshape(-1, together, groups, outer)[...] = by_tap[:, None]
    return weights


def _beside(given: NDArray[Any], outer: int, bench: Workbench) -> NDArray[Any]:
    """Each input channel beside itself, once for each output that reads it."""
    if outer == 1:
        return given
    repeated = bench.room("repeated", (*given.shape, outer), given.dtype)
    repeated[...] = given[..., None]
    return repeated.reshape(*given.shape[:-1], -1)
