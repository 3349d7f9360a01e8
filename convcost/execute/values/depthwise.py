"""Convolutions of each channel alone in the fast executor: a weighted sum over taps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...graph.ops import Conv
from .sliding import bordered, tap_views, window_counts
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers that the inner loop runs over: enough to forget how it is started, few enough to stay in the nearest cache.
RUN = 2048


def convolve_channels(op: Conv, given: NDArray[Any], kernel: NDArray[Any], bench: Workbench) -> NDArray[Any]:
    """The output for a kernel of one input channel a group: (batch, *spatial, groups * outputs a group)."""
    groups, *taps, _, outer = kernel.shape
    if outer > 1:  # each input channel beside itself, once for each output that reads it
        repeated = bench.room("repeated", (*given.shape, outer), given.dtype)
        repeated[...] = given[..., None]
        given = repeated.reshape(*given.shape[:-1], groups * outer)
    padded = bordered(op, given, bench)
    counts = window_counts(op, padded)
    out = np.empty((len(given), *counts, groups * outer), given.dtype)
    view, made = tap_views(op, padded, counts), out
    if op.stride[-1] == 1:
        view, made = _in_runs(view, out)
    weights = _repeated(kernel, view.shape[-1] // out.shape[-1], bench)
    bench.weigh(len(taps), view, weights, made)
    return out


def _in_runs(view: NDArray[Any], out: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Neighbouring positions of a row as one run with their channels, in what is read and in what is written."""
    width, channels = out.shape[-2:]
    together = max([n for n in range(1, min(width, max(1, RUN // channels)) + 1) if width % n == 0])
    shape = (*view.shape[:-2], width // together, together * channels)
    strides = (*view.strides[:-2], view.strides[-2] * together, view.strides[-1])
    return as_strided(view, shape, strides, writeable=False), out.reshape(*out.shape[:-2], *shape[-2:])


def _repeated(kernel: NDArray[Any], together: int, bench: Workbench) -> NDArray[Any]:
    """The weights of each tap side by side, as often as positions are read at once: (*taps, run)."""
    groups, *taps, _, outer = kernel.shape
    weights = bench.room("weights", (*taps, together, groups, outer), kernel.dtype)
    weights[...] = np.moveaxis(kernel[..., 0, :], 0, -2)[..., None, :, :]
    return weights.reshape(*taps, -1)
