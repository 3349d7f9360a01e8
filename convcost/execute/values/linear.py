"""Runs a graph without nonlinearity from end to end on given integer weights, in int64: what a variant computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Activation, Add, BatchNorm, Conv, Graph, Ints, Node, Op
from .integers import LARGEST_WEIGHT, pattern
from .reference import reference_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

INT64 = np.dtype(np.int64)


class Weights(NamedTuple):
    """Of a convolution: kernel (groups, *taps, in a group, out a group) and bias; of a norm: scale and shift."""

    kernel: NDArray[Any]
    bias: NDArray[Any] | None


def is_linear(graph: Graph) -> bool:
    """Has it operations only of which a chain is a convolution again?"""
    return all(isinstance(node.op, Conv | Add | BatchNorm) for node in graph.nodes)


def without_activations(graph: Graph) -> Graph:
    """The same graph without its activations: what reads one reads what the activation read.

    >>> from convcost.graph.ops import Node
    >>> graph = Graph((1, 1, 2), "fp32", (Node("relu", Activation("relu"), (0,)), Node("add", Add(), (0, 1))))
    >>> without_activations(graph).nodes
    (Node(name='add', op=Add(), inputs=(0, 0)),)
    """
    values, nodes = [0], list[Node]()
    for node in graph.nodes:
        if isinstance(node.op, Activation):
            values.append(values[node.inputs[0]])
        else:
            nodes.append(node._replace(inputs=tuple([values[value] for value in node.inputs])))
            values.append(len(nodes))
    return graph._replace(nodes=tuple(nodes))


def integer_weights(graph: Graph) -> dict[str, Weights]:
    """Small integers, different ones for every operation, by the operation's name."""
    found = {}
    for salt, node in enumerate(graph.nodes):
        if isinstance(node.op, Conv):
            op = node.op
            shape = (op.groups, *op.kernel_size, op.in_channels // op.groups, op.out_channels // op.groups)
            bias = pattern((op.out_channels,), INT64, LARGEST_WEIGHT, 101 + salt) if op.bias else None
            found[node.name] = Weights(pattern(shape, INT64, LARGEST_WEIGHT, salt), bias)
        elif isinstance(node.op, BatchNorm):
            scale = pattern((node.op.channels,), INT64, LARGEST_WEIGHT, salt)
            found[node.name] = Weights(scale, pattern(scale.shape, INT64, LARGEST_WEIGHT, 101 + salt))
    return found


def run_linear(graph: Graph, given: NDArray[Any], weights: Mapping[str, Weights]) -> list[NDArray[Any]]:
    """Every value of a linear graph, the input first: (batch, *spatial, channels) in int64.

    >>> from convcost.graph.ops import Node
    >>> graph = Graph((1, 1, 2), "fp32", (Node("add", Add(), (0, 0)),))
    >>> run_linear(graph, np.array([[[1], [2]]]), {})[-1].tolist()
    [[[2], [4]]]
    """
    arrays = [given.astype(np.int64)]
    for node in graph.nodes:
        inputs = [arrays[value] for value in node.inputs]
        arrays.append(_apply(node.op, inputs, weights.get(node.name)))
    return arrays


def _apply(op: Op, inputs: list[NDArray[Any]], weights: Weights | None) -> NDArray[Any]:
    if isinstance(op, Add):
        summed: NDArray[Any] = inputs[0] + inputs[1]
        return summed
    if weights is None:
        raise ValueError(f"no weights for {op}")
    if isinstance(op, Conv):
        return reference_values(op, inputs[0], *weights)
    normed: NDArray[Any] = inputs[0] * weights.kernel + (0 if weights.bias is None else weights.bias)
    return normed


def sizes_of(arrays: list[NDArray[Any]]) -> list[Ints]:
    """The spatial sizes of values."""
    return [array.shape[1:-1] for array in arrays]
