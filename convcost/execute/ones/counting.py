"""How many products meet at every output position: a convolution of ones with ones.

A product with a weight of one is the input itself, and equal weights make every output channel of a
group the same: what is left of the convolution is to add up, once a group, the inputs that the taps
meet. All of it in the smallest unsigned integers that hold one output, so it is exact and needs
little memory. Arrays are (batch, *spatial, channels), maps (batch, *spatial, groups).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Conv, Linear
from ..windows import landing_starts, shifted, tap_offsets, window_starts, with_border, with_copied_border

if TYPE_CHECKING:  # at run time it would take longer to import than a layer takes to execute
    from numpy.typing import NDArray

#: Up to this many channels a group they are added one by one: as many neighbours from every channel on, because NumPy
#: adds numbers side by side many times faster than it skips others. Its own reduction is slow on short rows.
SHORT = 16

#: A word adds eight bytes side by side, none running over into the next for up to 255 words. The first number
#: picks every second byte of a word, which leaves four sums of two bytes; times the second, the top one is all four.
BYTES, MOST_WORDS = 8, 255
EVERY_SECOND, ALL_FOUR = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001)


class ConvWeights(NamedTuple):
    """Weights of ones for one output channel a group; with equal weights the group's others read the same.

    `kernel` is (groups, input channels of a group, *taps), `readers` the output channels of each
    group, `bias` one number an output channel or none at all.
    """

    kernel: NDArray[Any]
    readers: list[range]
    bias: NDArray[Any]

    @property
    def out_channels(self) -> int:
        """Output channels, all groups together."""
        return sum([len(outputs) for outputs in self.readers])

    @property
    def params(self) -> int:
        """Sizes of all weight arrays, each output channel's own."""
        return self.out_channels * int(self.kernel[0].size) + self.bias.size

    def of_one_group(self) -> ConvWeights:
        """What the first group reads; with equal weights the others read the same."""
        return ConvWeights(self.kernel[:1], self.readers[:1], self.bias)


def group_members(channels: int, groups: int) -> list[range]:
    """The channels of each group: equal runs of neighbours.

    >>> group_members(6, 2)
    [range(0, 3), range(3, 6)]

    ValueError where the groups do not divide the channels.
    """
    size, rest = divmod(channels, groups)
    if rest:
        raise ValueError(f"{groups} groups do not divide {channels} channels")
    return [range(start, start + size) for start in range(0, channels, size)]


def conv_weights(op: Conv) -> ConvWeights:
    """Allocate what a convolution reads: for each group, its input channels at every tap.

    >>> conv_weights(Conv(6, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), groups=2)).params
    72
    """
    feeders = group_members(op.in_channels, op.groups)
    kernel = np.ones((len(feeders), len(feeders[0]), *op.kernel_size), np.uint8)
    bias = np.zeros(op.out_channels if op.bias else 0, np.uint8)
    return ConvWeights(kernel, group_members(op.out_channels, op.groups), bias)


def linear_weights(op: Linear) -> ConvWeights:
    """Allocate what a matrix product reads: one group of all features, no taps.

    >>> linear_weights(Linear(6, 4, bias=True)).params
    28
    """
    kernel = np.ones((1, op.in_features), np.uint8)
    return ConvWeights(kernel, [range(op.out_features)], np.zeros(op.out_features if op.bias else 0, np.uint8))


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
        both: NDArray[Any] = self.effective + self.on_border
        return both

    @property
    def on_border(self) -> NDArray[Any]:
        """Products that fall on the border, at each position."""
        rim: NDArray[Any] = self.packed >> self.packed.dtype.type(self.bits)
        return rim


def count_products(op: Conv, given: NDArray[Any], weights: ConvWeights) -> tuple[tuple[int, ...], int, int]:
    """Run a convolution on `given`, which holds ones: (batch, *spatial) of its output, MACs and effective MACs.

    >>> op = Conv(2, 3, (3,), (1,), ((1, 1),), (1,))
    >>> count_products(op, np.ones((1, 4, 2), np.uint8), conv_weights(op))
    ((1, 4), 72, 60)

    All groups have the same taps and are given the same: what one of them adds up to, all of them do.
    """
    groups, members = _fitting(given, weights)
    places, macs, effective_macs = _count_group(op, given[..., :members], weights.of_one_group())
    return places, macs * groups, effective_macs * groups


def _count_group(op: Conv, given: NDArray[Any], weights: ConvWeights) -> tuple[tuple[int, ...], int, int]:
    """The same for the only group."""
    if op.transposed:
        full, cropped = convolve_transposed(op, given, weights)
        return cropped.shape[:-1], sum_of_counts(full, weights), sum_of_counts(cropped, weights)
    bordered = any(map(any, op.padding))
    if not bordered and {*op.kernel_size, *op.stride} == {1}:  # of such a map the sum is what the input adds up to
        products = int(np.count_nonzero(given)) * len(weights.readers[0])
        return given.shape[:-1], products, products
    counted = convolve(op, given, weights)
    effective = sum_of_counts(counted.effective, weights)
    rim = sum_of_counts(counted.on_border, weights) if bordered else 0
    return counted.packed.shape[:-1], effective + rim, effective


def convolve(op: Conv, given: NDArray[Any], weights: ConvWeights) -> CountMap:
    """Run a convolution that is not transposed on `given`, which holds ones.

    >>> op = Conv(2, 1, (3,), (1,), ((1, 1),), (1,))
    >>> counted = convolve(op, np.ones((1, 4, 2), np.uint8), conv_weights(op))
    >>> counted.effective[0, :, 0].tolist(), counted.nominal[0, :, 0].tolist()
    ([4, 6, 6, 4], [6, 6, 6, 6])
    """
    products = weights.kernel[0].size  # of one output
    bits = products.bit_length()
    bordered = any(map(any, op.padding))
    dtype = np.min_scalar_type(products << bits if bordered else products)
    sums = group_sums(given, weights, dtype)
    if bordered and op.padding_mode == "zeros":
        sums = with_border(op, sums, dtype.type(weights.kernel.shape[1] << bits))  # a one of each channel
    elif bordered:
        sums = with_copied_border(op, sums)
    offsets = [tap_offsets(*axis) for axis in zip(weights.kernel.shape[2:], op.dilation, strict=True)]
    starts = [window_starts(*axis) for axis in zip(sums.shape[1:-1], offsets, op.stride, strict=True)]
    return CountMap(gather(sums, starts, offsets, dtype), bits)


def convolve_transposed(op: Conv, given: NDArray[Any], weights: ConvWeights) -> tuple[NDArray[Any], NDArray[Any]]:
    """Run a transposed convolution on `given`, which holds ones: its map before and after cropping.

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


def sum_of_counts(counts: NDArray[Any], weights: ConvWeights) -> int:
    """The sum of a map over all positions, groups and output channels, of which all groups have as many; exact."""
    return int(np.add.reduce(counts, axis=None, dtype=np.uint64)) * len(weights.readers[0])


def group_sums(values: NDArray[Any], weights: ConvWeights, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Each position's values, bytes of zero and one, summed over the channels of each group."""
    groups, members = _fitting(values, weights)
    if members == 1:
        return values
    split = values.reshape(*values.shape[:-1], groups, members)
    if members % BYTES == 0 and members <= BYTES * MOST_WORDS:
        return _by_words(split, dtype)
    if members > SHORT:  # einsum adds along short rows in half the time of add.reduce
        reduced: NDArray[Any] = np.einsum("...c->...", split, dtype=dtype, casting="unsafe")
        return reduced
    flat = values.reshape(-1)
    starts = flat.size - members + 1
    runs = flat[:starts] + flat[1 : starts + 1]
    for member in range(2, members):
        runs += flat[member : starts + member]
    sums: NDArray[Any] = runs[::members].reshape(split.shape[:-1]).astype(dtype)
    return sums


def _by_words(split: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Sums of rows of bytes of zero and one, eight bytes at a time: a sixth of the time for rows of 64."""
    words = np.einsum("...w->...", split.view(np.uint64))
    halves = (words & EVERY_SECOND) + (words >> np.uint64(8) & EVERY_SECOND)
    sums: NDArray[Any] = (halves * ALL_FOUR >> np.uint64(48)).astype(dtype)
    return sums


def _fitting(given: NDArray[Any], weights: ConvWeights) -> tuple[int, int]:
    """Groups, and channels of each; ValueError where the input has not as many channels."""
    groups, members = weights.kernel.shape[:2]
    if given.shape[-1] != groups * members:
        raise ValueError(f"{groups} groups of {members} channels do not fit {given.shape[-1]} channels")
    return groups, members


def gather(sums: NDArray[Any], starts: list[range], offsets: list[range], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Every window's sum over its taps: a box of taps adds up along one axis after the other."""
    sums = sums.astype(dtype, copy=False)
    for axis, (start, offset) in enumerate(zip(starts, offsets, strict=True), 1):
        sums = _along(sums, axis, start, offset)
    return sums


def _along(sums: NDArray[Any], axis: int, starts: range, offsets: range) -> NDArray[Any]:
    """Along one axis: tap by tap, or window by window where these are fewer."""
    before = (slice(None),) * axis
    if len(offsets) > len(starts):
        windows = [slice(start, start + offsets.stop, offsets.step) for start in starts]
        each = [np.add.reduce(sums[(*before, window)], axis=axis, dtype=sums.dtype) for window in windows]
        return np.stack(each, axis)
    views = [sums[(*before, slice(starts.start + o, starts.stop + o, starts.step))] for o in offsets]
    made = views[0] if len(views) == 1 else views[0] + views[1]
    for view in views[2:]:
        made += view
    return made


def scatter(sums: NDArray[Any], starts: list[range], offsets: list[range], result: NDArray[Any]) -> None:
    """Every input added to the places where its taps land: tap by tap, or input by input where these are fewer."""
    if _combinations(offsets) <= _combinations(starts):
        for view in shifted(starts, offsets):
            result[:, *view] += sums
        return
    for place, view in zip(_places(starts), shifted(offsets, starts), strict=True):
        result[:, *view] += sums[:, *place]


def _places(starts: list[range]) -> Iterator[tuple[slice, ...]]:
    """One position after the other of an array that has one for each combination of `starts`."""
    return shifted([range(1)] * len(starts), [range(len(axis)) for axis in starts])


def _combinations(axes: list[range]) -> int:
    return prod([len(axis) for axis in axes])
