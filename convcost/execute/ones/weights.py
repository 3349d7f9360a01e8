"""The weights that an execution reads, allocated by walking over which input channels feed which output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Conv, Linear

if TYPE_CHECKING:  # at run time it would take longer to import than a layer takes to execute
    from numpy.typing import NDArray


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
