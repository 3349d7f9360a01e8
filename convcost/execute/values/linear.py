"""Runs a graph without nonlinearity from end to end on given integer weights, in int64: what a variant computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph import ops
from .apply import Weights
from .integers import op_weights
from .reference import in_integers

if TYPE_CHECKING:
    from numpy.typing import NDArray

INT64 = np.dtype(np.int64)

#: Is what a graph of such operations computes one convolution again, of whole numbers?
IS_LINEAR: ops.ByOp[bool] = ops.ByOp(
    dict.fromkeys((ops.Conv, ops.Linear, ops.Add, ops.Concat, ops.Split, ops.Shuffle, ops.BatchNorm, ops.Scale), True),
    dict.fromkeys(
        (ops.Multiply, ops.Flatten, ops.Activation, ops.LayerNorm, ops.Norm, ops.Pool, ops.AdaptivePool, ops.Counted),
        False,
    ),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Tokens), False),
)


def is_linear(graph: ops.Graph) -> bool:
    """Has it operations only of which a graph is a convolution again?"""
    return all(IS_LINEAR[type(node.op)] and getattr(node.op, "kind", "") != "prelu" for node in graph.nodes)


def without_activations(graph: ops.Graph) -> ops.Graph:
    """The same graph without its activations: what reads one reads what the activation read.

    >>> nodes = (ops.Node("relu", ops.Activation("relu"), (0,)), ops.Node("add", ops.Add(), (0, 1)))
    >>> graph = ops.Graph((1, 1, 2), "fp32", nodes)
    >>> without_activations(graph).nodes
    (Node(name='add', op=Add(), inputs=(0, 0)),)
    """
    values, nodes = [0], list[ops.Node]()
    for node in graph.nodes:
        if isinstance(node.op, ops.Activation):
            values.append(values[node.inputs[0]])
        else:
            nodes.append(node._replace(inputs=tuple([values[value] for value in node.inputs])))
            values.append(len(nodes))
    return graph._replace(nodes=tuple(nodes), value_types=None, weight_types=None)


def integer_weights(graph: ops.Graph) -> dict[str, Weights]:
    """Small integers, different ones for every operation, by the operation's name."""
    drawn = [(node.name, op_weights(node.op, 2 * number, INT64)) for number, node in enumerate(graph.nodes)]
    return {name: weights for name, weights in drawn if weights is not None}


def run_linear(graph: ops.Graph, given: NDArray[Any], weights: Mapping[str, Weights]) -> list[NDArray[Any]]:
    """Every value of a linear graph, the input first: (batch, *spatial, channels) in int64.

    >>> from convcost.graph.ops import Node
    >>> graph = ops.Graph((1, 1, 2), "fp32", (Node("add", ops.Add(), (0, 0)),))
    >>> run_linear(graph, np.array([[[1], [2]]]), {})[-1].tolist()
    [[[2], [4]]]
    """
    arrays = [given.astype(np.int64)]
    for node in graph.nodes:
        arrays.append(in_integers(node.op, [arrays[value] for value in node.inputs], weights.get(node.name)))
    return arrays
