"""What a convolution computes, in integers and in the plainest way: tap by tap, channel by channel. Slow and short."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv
from ..windows import landing_starts, shifted, tap_offsets, window_starts, with_border, with_copied_border

if TYPE_CHECKING:
    from numpy.typing import NDArray


def reference_values(
    op: Conv, given: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """The output of a convolution in int64, for integers of any dtype; arrays as in `values`.

    >>> op = Conv(1, 1, (2,), (1,), ((1, 0),), (1,))
    >>> reference_values(op, np.array([[[1], [2], [3]]]), np.array([[[[10]], [[1]]]]))[0, :, 0].tolist()
    [1, 12, 23]
    """
    given, kernel = given.astype(np.int64), kernel.astype(np.int64)
    outer = kernel.shape[-1]
    parts = np.split(given, kernel.shape[0], axis=-1)
    run = _landing if op.transposed else _gathered
    out = np.concatenate([run(op, part, weights, outer) for part, weights in zip(parts, kernel)], axis=-1)
    return out if bias is None else out + bias.astype(np.int64)


def _gathered(op: Conv, given: NDArray[Any], weights: NDArray[Any], outer: int) -> NDArray[np.int64]:
    """One group of a convolution: every tap sees the input shifted."""
    zero = np.zeros(given.shape[-1], np.int64)
    padded = with_border(op, given, zero) if op.padding_mode == "zeros" else with_copied_border(op, given)
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation)]
    starts = [window_starts(n, o, s) for n, o, s in zip(padded.shape[1:-1], offsets, op.stride)]
    out = np.zeros((len(given), *map(len, starts), outer), np.int64)
    for tap, view in zip(product(*[range(k) for k in op.kernel_size]), shifted(starts, offsets)):
        _accumulate(out, padded[:, *view], weights[tap])
    return out


def _landing(op: Conv, given: NDArray[Any], weights: NDArray[Any], outer: int) -> NDArray[np.int64]:
    """One group of a transposed convolution: every tap adds the input at the places where it lands."""
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation)]
    starts = [landing_starts(n, s) for n, s in zip(given.shape[1:-1], op.stride)]
    extra = op.output_padding or (0,) * len(starts)
    lengths = [start[-1] + offset[-1] + 1 + e for start, offset, e in zip(starts, offsets, extra)]
    out = np.zeros((len(given), *lengths, outer), np.int64)
    for tap, view in zip(product(*[range(k) for k in op.kernel_size]), shifted(starts, offsets)):
        _accumulate(out[:, *view], given, weights[tap])
    return out[:, *[slice(before, n - after) for n, (before, after) in zip(lengths, op.padding)]]


def _accumulate(out: NDArray[Any], seen: NDArray[Any], weights: NDArray[Any]) -> None:
    """Add one tap's products, an input channel after the other."""
    for channel, row in enumerate(weights):
        out += seen[..., channel, None] * row
