"""The forward pass on real numbers, and the backward pass: gradients of every value and every weight of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph.ops import BatchNorm, Conv, Graph, LayerNorm, Linear, Node, Op, Scale
from .conv import convolve, convolve_backward
from .elementwise import BACKWARD, FORWARD, Call, batch_norm, batch_norm_backward

if TYPE_CHECKING:
    from numpy.typing import NDArray

Weights = list["list[NDArray[Any]]"]  # of each node, in order


class Passed(NamedTuple):
    """A forward pass: the array of every value, the input first, and what each node keeps for the way back."""

    values: list[NDArray[Any]]
    kept: list[NDArray[Any] | None]
    batch_statistics: bool = False


class Gradients(NamedTuple):
    """A backward pass: gradients of every value and of every node's weights, and the multiply-adds each took."""

    values: list[NDArray[Any]]
    weights: Weights
    input_macs: list[int]
    weight_macs: list[int]


def weight_shapes(op: Op) -> list[tuple[int, ...]]:
    """Shapes of what an operation learns, as in PyTorch; no weights, no shapes.

    >>> weight_shapes(Conv(8, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2, bias=True))
    [(4, 4, 3, 3), (4,)]
    """
    if isinstance(op, Conv):
        return [(op.out_channels, op.in_channels // op.groups, *op.kernel_size)] + [(op.out_channels,)] * op.bias
    if isinstance(op, Linear):
        return [(op.out_features, op.in_features)] + [(op.out_features,)] * op.bias
    if isinstance(op, BatchNorm | LayerNorm):
        return [(op.channels,), (op.channels,)]
    return [(op.channels,)] if isinstance(op, Scale) else []


def forward(graph: Graph, given: NDArray[Any], weights: Weights, *, batch_statistics: bool = False) -> Passed:
    """Every value of `graph` for the input `given`, (batch, channels, *spatial), in its dtype.

    >>> scale = Graph((1, 2, 1), "fp32", (Node("scale", Scale(2), (0,)),))
    >>> forward(scale, np.ones((1, 2, 1)), [[np.array([3.0, 5.0])]]).values[-1].ravel().tolist()
    [3.0, 5.0]

    A BatchNorm is that of inference, a scale and a shift; with `batch_statistics` it is that of training, which first
    gives each channel of the batch the mean 0 and the variance 1.
    """
    passed = Passed([given], [], batch_statistics)
    for node, own in zip(graph.nodes, weights):
        inputs = [passed.values[i] for i in node.inputs]
        if batch_statistics and isinstance(node.op, BatchNorm):
            output, kept = batch_norm(Call(node.op, inputs, own)), None
        else:
            output, kept = _forward(node.op, inputs, own)
        passed.values.append(output)
        passed.kept.append(kept)
    return passed


def _forward(op: Op, inputs: list[NDArray[Any]], weights: list[NDArray[Any]]) -> Any:
    if isinstance(op, Conv):
        output, columns = convolve(op, inputs[0], weights[0])
        return (output + _bias(weights[1], output) if op.bias else output), columns
    if isinstance(op, Linear):
        flat = inputs[0].reshape(*inputs[0].shape[:2], -1)
        output = (weights[0] @ flat).reshape(flat.shape[0], op.out_features, *inputs[0].shape[2:])
        return (output + _bias(weights[1], output) if op.bias else output), None
    return FORWARD[type(op)](Call(op, inputs, weights)), None


def backward(graph: Graph, passed: Passed, weights: Weights, grad: NDArray[Any]) -> Gradients:
    """Gradients of a number of which `grad` is the gradient of the output: back through the graph, node by node.

    A value that several nodes read, such as the input of a shortcut, gets the sum of their gradients.
    """
    values: list[Any] = [np.zeros_like(passed.values[0]), *[None] * len(graph.nodes)]
    values[-1] = grad
    found: list[Any] = [None] * len(graph.nodes)
    for index in range(len(graph.nodes) - 1, -1, -1):
        node, own = graph.nodes[index], weights[index]
        inner, outer, *macs = _backward(node, passed, index, own, values[index + 1])
        found[index] = (outer, *macs)
        for value, part in zip(node.inputs, inner):
            values[value] = part if values[value] is None else values[value] + part
    learned, input_macs, weight_macs = zip(*found) if found else ((), (), ())
    return Gradients(values, list(learned), list(input_macs), list(weight_macs))


def _backward(node: Node, passed: Passed, index: int, weights: list[NDArray[Any]], grad: NDArray[Any]) -> Any:
    """Gradients of a node's inputs and weights, and the multiply-adds that each took."""
    op, inputs, kept = node.op, [passed.values[i] for i in node.inputs], passed.kept[index]
    if grad is None:  # nothing depends on what this node makes
        return [np.zeros_like(x) for x in inputs], [np.zeros_like(w) for w in weights], 0, 0
    if isinstance(op, Conv) and kept is not None:
        inner, kernel, macs = convolve_backward(op, inputs[0].shape, weights[0], kept, grad)
        return [inner], [kernel] + [_summed(grad)] * op.bias, macs, macs
    if isinstance(op, Linear):
        flat, outer = (a.reshape(*a.shape[:2], -1) for a in (inputs[0], grad))
        inner = (weights[0].T @ outer).reshape(inputs[0].shape)
        kernel = (outer @ flat.swapaxes(1, 2)).sum(axis=0)
        macs = outer.shape[0] * outer.shape[2] * weights[0].size
        return [inner], [kernel] + [_summed(grad)] * op.bias, macs, macs
    way = batch_norm_backward if passed.batch_statistics and isinstance(op, BatchNorm) else BACKWARD[type(op)]
    return *way(Call(op, inputs, weights), grad), 0, 0


def _bias(bias: NDArray[Any], output: NDArray[Any]) -> NDArray[Any]:
    return bias.reshape(-1, *[1] * (output.ndim - 2))


def _summed(grad: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = grad.sum(axis=(0, *range(2, grad.ndim)))
    return result
