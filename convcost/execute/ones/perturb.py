"""What an output hears of the input: mixing and receptive field, found by disturbing one input at a time.

Each disturbance is one image of a batch that is zero elsewhere; weights are ones, so nothing cancels, and after
each operation what is not zero becomes one. A border copied from the input is taken for zeros: on an input without
an end there is none. What was found once is remembered: layers of a kind differ in sizes that do not matter here.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import Conv, Graph, Ints, Node, Op
from .counting import convolve, convolve_transposed
from .weights import conv_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of one disturbed batch, and additions over its taps, beyond which nothing is executed: a third of a second.
MOST_NUMBERS, MOST_ADDITIONS = 1 << 24, 1 << 29


def heard(nodes: tuple[Node, ...], disturbed: NDArray[Any]) -> NDArray[Any]:
    """Run operations on a batch of disturbances: (batch, *spatial, channels) of ones where one arrives, uint8."""
    arrays = [disturbed]
    for node in nodes:
        arrays.append(_pass(node.op, [arrays[value] for value in node.inputs]))
    return arrays[-1]


def _pass(op: Op, inputs: list[NDArray[Any]]) -> NDArray[Any]:
    if not isinstance(op, Conv):  # elementwise: what is there stays there
        arrived: NDArray[Any] = np.maximum.reduce(inputs)
        return arrived
    op = op._replace(padding_mode="zeros", bias=False)
    weights = conv_weights(op)
    counts = convolve_transposed(op, inputs[0], weights)[1] if op.transposed else \
        convolve(op, inputs[0], weights).effective  # fmt: skip
    return (counts > 0).view(np.uint8).repeat(len(weights.readers[0]), axis=-1)


def measured_field(graph: Graph) -> Ints | None:
    """The receptive field of a graph, an axis each; None where showing it would take too large an input.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (2,))
    >>> measured_field(Graph((1, 1, 9), "fp32", (Node("conv", conv, (0,)),)))
    (5,)

    All channels are disturbed together and each is heard by some, so that one channel stands for all.
    """
    nodes = tuple([node._replace(op=_of_one_channel(node.op)) for node in graph.nodes])
    return _field(nodes, _roomy(nodes, graph.input_shape[2:]))


def op_field(op: Op, axes: int) -> Ints | None:
    """The same for one operation alone, of so many axes."""
    return measured_field(Graph((1, 1, *[1] * axes), "fp32", (Node("alone", op, (0,)),)))


def _of_one_channel(op: Op) -> Op:
    return op._replace(in_channels=1, out_channels=1, groups=1) if isinstance(op, Conv) else op


@lru_cache(maxsize=4096)
def _field(nodes: tuple[Node, ...], size: Ints) -> Ints | None:
    if not _is_small(nodes, size, 1):
        return None
    return tuple([_span(_meets(nodes, size, axis)) for axis in range(len(size))])


def _is_small(nodes: tuple[Node, ...], size: Ints, channels: int) -> bool:
    """May a disturbance of each position of an axis be executed, one after the other for all axes?"""
    taps = sum([prod(node.op.kernel_size) for node in nodes if isinstance(node.op, Conv)])
    numbers = max(size) * prod(size) * channels
    return numbers <= MOST_NUMBERS and numbers * taps <= MOST_ADDITIONS


def _meets(nodes: tuple[Node, ...], size: Ints, axis: int, channels: int = 1) -> NDArray[Any]:
    """Which disturbance of a position of `axis`, all others and all channels with it, meets which output position."""
    disturbed = np.zeros((size[axis], *size, channels), np.uint8)
    np.moveaxis(disturbed, axis + 1, 1)[np.arange(size[axis]), np.arange(size[axis])] = 1
    made = np.moveaxis(heard(nodes, disturbed), axis + 1, 1)
    meets: NDArray[Any] = np.logical_or.reduce(made.reshape(*made.shape[:2], -1), axis=-1)
    return meets


def _span(meets: NDArray[Any]) -> int:
    """The largest distance between two disturbances that meet in one output, both included."""
    first, last = meets.argmax(axis=0), len(meets) - 1 - meets[::-1].argmax(axis=0)
    return int(np.max((last - first + 1)[meets.any(axis=0)], initial=0))  # 0: no input reaches any output


def _roomy(nodes: tuple[Node, ...], given: Ints) -> Ints:
    """An input in which one output sees no border, whatever its place among the strides.

    As long as `given` but for whole steps of the strides, so that branches fit one another where they did.
    """
    sizes = []
    convs = [node.op for node in nodes if isinstance(node.op, Conv)]
    for axis, length in enumerate(given):
        span, step = reach(convs, axis)
        cropped = sum([sum(op.padding[axis]) for op in convs if op.transposed])
        least = span + cropped + step - 1
        sizes.append(least + (length - least) % step)
    return tuple(sizes)


def reach(ops: list[Conv], axis: int) -> tuple[int, int]:
    """Along an axis, the span of convolutions in a row, and how far apart the windows of neighbouring outputs lie.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (1,))
    >>> reach([conv, conv], 0)
    (7, 4)
    """
    span, step = 1, 1
    for op in ops:
        span += (op.kernel_size[axis] - 1) * op.dilation[axis] * step
        step *= 1 if op.transposed else op.stride[axis]
    return span, step


def measured_mixes(graph: Graph) -> list[str] | None:
    """What the operations of a graph combine, each of them alone; None where it would take too large an input.

    >>> depthwise = Conv(2, 2, (3,), (1,), ((1, 1),), (1,), groups=2)
    >>> measured_mixes(Graph((1, 2, 5), "fp32", (Node("depthwise", depthwise, (0,)),)))
    ['space']
    """
    found = set[str]()
    for node in graph.nodes:
        mixed = op_mixes(node.op)
        if mixed is None:
            return None
        found.update(mixed)
    return [word for word in ("space", "channels") if word in found]


def op_mixes(op: Op) -> list[str] | None:
    """The same of one operation; two groups of two channels stand for all of them.

    Space: a position is heard at several, or several at one. Channels: several are heard in one.
    """
    if not isinstance(op, Conv):
        return []
    groups, inner, outer = (min(n, 2) for n in (op.groups, op.in_channels // op.groups, op.out_channels // op.groups))
    found = _mixes(op._replace(in_channels=groups * inner, out_channels=groups * outer, groups=groups))
    return None if found is None else [*found]


@lru_cache(maxsize=4096)
def _mixes(op: Conv) -> tuple[str, ...] | None:
    nodes = (Node("alone", op, (0,)),)
    size = _roomy(nodes, (0,) * len(op.kernel_size))
    if not _is_small(nodes, size, op.in_channels):
        return None
    met = [_meets(nodes, size, axis, op.in_channels) for axis in range(len(size))]
    space = any(bool((meets.sum(axis=0) > 1).any() or (meets.sum(axis=1) > 1).any()) for meets in met)
    channels = np.zeros((op.in_channels, *size, op.in_channels), np.uint8)
    channels[np.arange(op.in_channels), ..., np.arange(op.in_channels)] = 1
    hears = heard(nodes, channels).reshape(op.in_channels, -1, op.out_channels).any(axis=1)
    return ("space",) * space + ("channels",) * bool((hears.sum(axis=0) > 1).any())
