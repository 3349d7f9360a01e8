"""How many products meet at every output position: a convolution of ones with ones.

A product with a weight of one is the input itself, and equal weights make every output channel of a
group the same: what is left of the convolution is to add up, once a group, the inputs that the taps
meet. All of it in the smallest unsigned integers that hold one output, so it is exact and needs
little memory. Arrays are (batch, *spatial, channels), maps (batch, *spatial, groups).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Conv
from ..borders import with_border, with_copied_border
from ..windows import landing_starts, tap_offsets, window_starts
from .adding import gather, group_sums, scatter
from .weights import ConvWeights

if TYPE_CHECKING:  # at run time it would take longer to import than a layer takes to execute
    from numpy.typing import NDArray


class CountMap(NamedTuple):
    """What one output channel of each group adds up to: a number of two digits, the base 2 ** `bits`.

    The lower digit counts products with the input. The border of zero padding holds one in the upper
    digit, which therefore counts the products that fall on it.
    """

    packed: NDArray[Any]
    bits: int

    @property
    def effective(self) -> NDArray[Any]:
        """Products that touch the input, at each position."""
        data: NDArray[Any] = self.packed & self.packed.dtype.type((1 << self.bits) - 1)
        return data

    @property
    def nominal(self) -> NDArray[Any]:
        """All products at each position, those that fall on the border included."""
        both: NDArray[Any] = self.effective + (self.packed >> self.packed.dtype.type(self.bits))
        return both


def count_products(op: Conv, given: NDArray[Any], weights: ConvWeights) -> tuple[tuple[int, ...], int, int]:
    """Run a convolution on `given`, which holds ones: (batch, *spatial) of its output, MACs and effective MACs.

    >>> from .weights import conv_weights
    >>> op = Conv(2, 3, (3,), (1,), ((1, 1),), (1,))
    >>> count_products(op, np.ones((1, 4, 2), np.uint8), conv_weights(op))
    ((1, 4), 72, 60)
    """
    if op.transposed:
        full, cropped = convolve_transposed(op, given, weights)
        return cropped.shape[:-1], total(full, weights), total(cropped, weights)
    counted = convolve(op, given, weights)
    effective = total(counted.effective, weights)
    if op.padding_mode != "zeros" or not any(map(any, op.padding)):  # the upper digit is 0 everywhere
        return counted.packed.shape[:-1], effective, effective
    border = total(counted.packed, weights) - effective >> counted.bits  # what the upper digits add up to
    return counted.packed.shape[:-1], effective + border, effective


def convolve(op: Conv, given: NDArray[Any], weights: ConvWeights) -> CountMap:
    """Run a convolution that is not transposed on `given`, which holds ones.

    >>> from .weights import conv_weights
    >>> op = Conv(2, 1, (3,), (1,), ((1, 1),), (1,))
    >>> counted = convolve(op, np.ones((1, 4, 2), np.uint8), conv_weights(op))
    >>> counted.effective[0, :, 0].tolist(), counted.nominal[0, :, 0].tolist()
    ([4, 6, 6, 4], [6, 6, 6, 6])
    """
    products = weights.kernel[0].size  # of one output
    bits = products.bit_length()
    bordered = any(before or after for before, after in op.padding)
    dtype = np.min_scalar_type(products << bits if bordered else products)
    sums = group_sums(given, weights, dtype)
    if bordered and op.padding_mode == "zeros":
        ones = np.ones((1,) * (given.ndim - 1) + given.shape[-1:], np.uint8)
        sums = with_border(op, sums, group_sums(ones, weights, dtype).astype(dtype) << dtype.type(bits))
    elif bordered:
        sums = with_copied_border(op, sums)
    offsets = [tap_offsets(*axis) for axis in zip(weights.kernel.shape[2:], op.dilation, strict=True)]
    starts = [window_starts(*axis) for axis in zip(sums.shape[1:-1], offsets, op.stride, strict=True)]
    return CountMap(gather(sums, starts, offsets, dtype), bits)


def convolve_transposed(op: Conv, given: NDArray[Any], weights: ConvWeights) -> tuple[NDArray[Any], NDArray[Any]]:
    """Run a transposed convolution on `given`, which holds ones: its map before and after cropping.

    >>> from .weights import conv_weights
    >>> op = Conv(1, 1, (3,), (2,), ((1, 1),), (1,), transposed=True, output_padding=(1,))
    >>> full, cropped = convolve_transposed(op, np.ones((1, 3, 1), np.uint8), conv_weights(op))
    >>> full[0, :, 0].tolist(), cropped[0, :, 0].tolist()
    ([1, 1, 2, 1, 2, 1, 1], [1, 2, 1, 2, 1, 1])
    """
    dtype = np.min_scalar_type(weights.kernel[0].size)
    sums = group_sums(given, weights, dtype)
    offsets = [tap_offsets(*axis) for axis in zip(weights.kernel.shape[2:], op.dilation, strict=True)]
    starts = [landing_starts(*axis) for axis in zip(sums.shape[1:-1], op.stride, strict=True)]
    landing = [start[-1] + offset[-1] + 1 for start, offset in zip(starts, offsets)]
    extra = op.output_padding or (0,) * len(landing)
    longer = np.zeros((len(sums), *[n + e for n, e in zip(landing, extra)], sums.shape[-1]), dtype)
    scatter(sums, starts, offsets, longer)
    kept = [slice(before, n - after) for n, (before, after) in zip(longer.shape[1:], op.padding)]
    return longer[:, *[slice(n) for n in landing]], longer[:, *kept]


def total(counts: NDArray[Any], weights: ConvWeights) -> int:
    """The sum of a map over all positions, groups and output channels, of which all groups have as many; exact."""
    if not counts.size:
        return 0
    dtype = np.min_scalar_type(int(counts.max()) * counts.size)
    (outputs,) = {len(channels) for channels in weights.readers}
    return int(np.add.reduce(counts, axis=None, dtype=dtype)) * outputs
