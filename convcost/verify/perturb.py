"""What an output hears of the input: mixing and receptive field, found by disturbing one input at a time.

Each disturbance is one image of a batch that is zero elsewhere; weights are ones, so nothing cancels, and after
each operation what is not zero becomes one. A border copied from the input is taken for zeros: on an input without
an end there is none.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Conv, Graph, Ints, Node, Op
from .values import convolve_values
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of one disturbed batch beyond which nothing is executed.
MOST_NUMBERS = 1 << 22


def heard(nodes: tuple[Node, ...], disturbed: NDArray[Any]) -> NDArray[Any]:
    """Run operations on a batch of disturbances: (batch, *spatial, channels) of ones where one arrives."""
    arrays = [disturbed]
    for node in nodes:
        arrays.append(_pass(node.op, [arrays[value] for value in node.inputs]))
    return arrays[-1]


def _pass(op: Op, inputs: list[NDArray[Any]]) -> NDArray[Any]:
    if not isinstance(op, Conv):  # elementwise: what is there stays there
        arrived: NDArray[Any] = np.add.reduce(inputs).clip(0, 1).astype(np.float32)
        return arrived
    shape = (op.groups, *op.kernel_size, op.in_channels // op.groups, op.out_channels // op.groups)
    blank = op._replace(padding_mode="zeros", bias=False)
    made, _ = convolve_values(blank, inputs[0], np.ones(shape, np.float32), None, Workbench())
    np.minimum(made, 1, out=made)
    return made


def measured_field(graph: Graph) -> Ints | None:
    """The receptive field of a graph, an axis each; None where showing it would take too large an input.

    >>> conv = Conv(1, 1, (3,), (2,), ((1, 1),), (2,))
    >>> measured_field(Graph((1, 1, 9), "fp32", (Node("conv", conv, (0,)),)))
    (5,)
    """
    size = _roomy(graph)
    if prod(size) * max(size) * graph.input_shape[1] > MOST_NUMBERS:
        return None
    return tuple([_span(graph, size, axis) for axis in range(len(size))])


def _span(graph: Graph, size: Ints, axis: int) -> int:
    """The largest distance between two disturbances along `axis` that meet in one output, both included."""
    disturbed = np.zeros((size[axis], *size, graph.input_shape[1]), np.float32)
    np.moveaxis(disturbed, axis + 1, 1)[np.arange(size[axis]), np.arange(size[axis])] = 1
    made = np.moveaxis(heard(graph.nodes, disturbed), axis + 1, 1)
    meets: NDArray[Any] = np.any(made.reshape(*made.shape[:2], -1), axis=-1)  # disturbance, output position
    first, last = meets.argmax(axis=0), len(meets) - 1 - meets[::-1].argmax(axis=0)
    return int(np.max((last - first + 1)[meets.any(axis=0)], initial=0))  # 0: no input reaches any output


def _roomy(graph: Graph) -> Ints:
    """An input in whose middle no window is clipped, as long as the graph's own by whole steps of its strides."""
    sizes = []
    for axis, given in enumerate(graph.input_shape[2:]):
        step, room = 1, 2
        for node in graph.nodes:
            if isinstance(node.op, Conv):
                room += (node.op.kernel_size[axis] - 1) * node.op.dilation[axis] * step + sum(node.op.padding[axis])
                step *= 1 if node.op.transposed else node.op.stride[axis]
        least = 2 * room + 2 * step
        sizes.append(least + (given - least) % step)
    return tuple(sizes)


def measured_mixes(graph: Graph) -> list[str]:
    """What the operations of a graph combine, each of them alone, in the order of the answers.

    >>> depthwise = Conv(2, 2, (3,), (1,), ((1, 1),), (1,), groups=2)
    >>> measured_mixes(Graph((1, 2, 5), "fp32", (Node("depthwise", depthwise, (0,)),)))
    ['space']
    """
    ops = {node.op for node in graph.nodes if isinstance(node.op, Conv)}
    found = {word for op in ops for word in op_mixes(op)}
    return [word for word in ("space", "channels") if word in found]


def op_mixes(op: Conv) -> list[str]:
    """Space: a position is heard at several, or several at one. Channels: several are heard in one.

    Two groups of two channels stand for all of them.
    """
    groups, inner, outer = (min(n, 2) for n in (op.groups, op.in_channels // op.groups, op.out_channels // op.groups))
    op = op._replace(in_channels=groups * inner, out_channels=groups * outer, groups=groups)
    size = tuple([2 * ((k - 1) * d + 1) + s + sum(pads)
                  for k, d, s, pads in zip(op.kernel_size, op.dilation, op.stride, op.padding)])  # fmt: skip
    node = (Node("alone", op, (0,)),)
    space = False
    for axis, n in enumerate(size):
        disturbed = np.zeros((n, *size, op.in_channels), np.float32)
        np.moveaxis(disturbed, axis + 1, 1)[np.arange(n), np.arange(n)] = 1
        made = np.moveaxis(heard(node, disturbed), axis + 1, 1)
        meets = made.reshape(*made.shape[:2], -1).any(axis=-1)
        space |= bool((meets.sum(axis=0) > 1).any() or (meets.sum(axis=1) > 1).any())
    channels = np.zeros((op.in_channels, *size, op.in_channels), np.float32)
    channels[np.arange(op.in_channels), ..., np.arange(op.in_channels)] = 1
    hears = heard(node, channels).reshape(op.in_channels, -1, op.out_channels).any(axis=1)
    return ["space"] * space + ["channels"] * bool((hears.sum(axis=0) > 1).any())
