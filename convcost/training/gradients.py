"""The forward pass on real numbers, and the backward pass: gradients of every value and every weight of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from ..graph import ops
from .conv import convolve_backward, convolve_windows
from .elementwise import Call, batch_norm, batch_norm_backward, forward_values
from .moving import BACKWARD, attention_backward

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


def weight_shapes(op: ops.Op) -> list[tuple[int, ...]]:
    """Shapes of what an operation learns, as in PyTorch; no weights, no shapes.

    >>> weight_shapes(ops.Conv(8, 4, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), groups=2, bias=True))
    [(4, 4, 3, 3), (4,)]
    """
    return WEIGHT_SHAPES[type(op)](op)


def _conv_shapes(op: ops.Conv) -> list[tuple[int, ...]]:
    return [(op.out_channels, op.in_channels // op.groups, *op.kernel_size)] + [(op.out_channels,)] * op.bias


def _refused(op: ops.Counted) -> NoReturn:
    raise ValueError(f"{op.kind} is counted by definition: it is not executed, and has no gradient")


#: Operations whose weights and windows meet no products.
_OTHERS = (
    ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.Activation, ops.BatchNorm,
    ops.LayerNorm, ops.Scale, ops.Norm, ops.Pool, ops.AdaptivePool, ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Tokens,
)  # fmt: skip

WEIGHT_SHAPES: ops.ByOp[Callable[[Any], list[tuple[int, ...]]]] = ops.ByOp(
    {
        ops.Conv: _conv_shapes,
        ops.Linear: lambda op: [(op.out_features, op.in_features)] + [(op.out_features,)] * op.bias,
        ops.Scale: lambda op: [(op.channels,)],
        ops.Norm: lambda op: [(op.channels,)] * ((1 if op.kind == "rms-norm" else 2) * op.affine),
        ops.Tokens: lambda op: [(op.learned + op.positions, op.channels)],
        ops.Counted: _refused,
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm), lambda op: [(op.channels,), (op.channels,)]),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda _: []),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool), lambda _: []),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention), lambda _: []),
)


def forward(graph: ops.Graph, given: NDArray[Any], weights: Weights, *, batch_statistics: bool = False) -> Passed:
    """Every value of `graph` for the input `given`, (batch, channels, *spatial), in its dtype.

    >>> from convcost.graph.ops import Node
    >>> scale = ops.Graph((1, 2, 1), "fp32", (Node("scale", ops.Scale(2), (0,)),))
    >>> forward(scale, np.ones((1, 2, 1)), [[np.array([3.0, 5.0])]]).values[-1].ravel().tolist()
    [3.0, 5.0]

    A BatchNorm is that of inference, a scale and a shift; with `batch_statistics` it is that of training, which first
    gives each channel of the batch the mean 0 and the variance 1.
    """
    passed = Passed([given], [], batch_statistics)
    for node, own in zip(graph.nodes, weights):
        call = Call(node.op, [passed.values[i] for i in node.inputs], own)
        if batch_statistics and isinstance(node.op, ops.BatchNorm):
            output, kept = batch_norm(call), None
        else:
            output, kept = FORWARD[type(node.op)](call)
        passed.values.append(output)
        passed.kept.append(kept)
    return passed


def _conv_forward(call: Call) -> Kept:
    output, columns = convolve_windows(call.op, call.x[0], call.w[0])
    return (output + _bias(call.w[1], output) if call.op.bias else output), columns


def _linear_forward(call: Call) -> Kept:
    (given,), op = call.x, call.op
    flat = given.reshape(*given.shape[:2], -1)
    output = (call.w[0] @ flat).reshape(flat.shape[0], op.out_features, *given.shape[2:])
    return (output + _bias(call.w[1], output) if op.bias else output), None


#: An output, and what the way back reads of the forward pass beside inputs and weights.
Kept = tuple["NDArray[Any]", "NDArray[Any] | None"]

FORWARD: ops.ByOp[Callable[[Call], Kept]] = ops.ByOp(
    {ops.Conv: _conv_forward, ops.Linear: _linear_forward, ops.Counted: lambda call: _refused(call.op)},
    dict.fromkeys((*_OTHERS, ops.Attention), lambda call: (forward_values(call), None)),
)


def backward(graph: ops.Graph, passed: Passed, weights: Weights, grad: NDArray[Any]) -> Gradients:
    """Gradients of a number of which `grad` is the gradient of the output: back through the graph, node by node.

    A value that several nodes read, such as the input of a shortcut, gets the sum of their gradients.
    """
    values: list[Any] = [np.zeros_like(passed.values[0]), *[None] * len(graph.nodes)]
    values[-1] = grad
    found: list[Any] = [None] * len(graph.nodes)
    for index in range(len(graph.nodes) - 1, -1, -1):
        node, made = graph.nodes[index], values[index + 1]
        call = Call(node.op, [passed.values[i] for i in node.inputs], weights[index], passed.kept[index])
        inner, outer, *macs = _backward(call, made, passed.batch_statistics)
        found[index] = (outer, *macs)
        for value, part in zip(node.inputs, inner):
            values[value] = part if values[value] is None else values[value] + part
    learned, input_macs, weight_macs = zip(*found) if found else ((), (), ())
    return Gradients(values, list(learned), list(input_macs), list(weight_macs))


#: Gradients of a node's inputs and weights, and the multiply-adds that each took.
Back = tuple["list[NDArray[Any]]", "list[NDArray[Any]]", int, int]


def _backward(call: Call, grad: NDArray[Any] | None, batch_statistics: bool) -> Back:
    if grad is None:  # nothing depends on what this node makes
        return [np.zeros_like(x) for x in call.x], [np.zeros_like(w) for w in call.w], 0, 0
    if batch_statistics and isinstance(call.op, ops.BatchNorm):
        return *batch_norm_backward(call, grad), 0, 0
    return BACK[type(call.op)](call, grad)


def _conv_back(call: Call, grad: NDArray[Any]) -> Back:
    if call.kept is None:
        raise ValueError(f"nothing was kept of {call.op}")
    inner, kernel, macs = convolve_backward(call.op, call.x[0].shape, call.w[0], call.kept, grad)
    return [inner], [kernel] + [_summed(grad)] * call.op.bias, macs, macs


def _linear_back(call: Call, grad: NDArray[Any]) -> Back:
    flat, outer = (a.reshape(*a.shape[:2], -1) for a in (call.x[0], grad))
    inner = (call.w[0].T @ outer).reshape(call.x[0].shape)
    kernel = (outer @ flat.swapaxes(1, 2)).sum(axis=0)
    macs = outer.shape[0] * outer.shape[2] * call.w[0].size
    return [inner], [kernel] + [_summed(grad)] * call.op.bias, macs, macs


def _attention_back(call: Call, grad: NDArray[Any]) -> Back:
    """Of queries, keys and values, through the softmax of their scores: four products where the way there had two."""
    inner, products = attention_backward(call, grad)
    return [inner], [], products, 0


BACK: ops.ByOp[Callable[[Call, NDArray[Any]], Back]] = ops.ByOp(
    {
        ops.Conv: _conv_back,
        ops.Linear: _linear_back,
        ops.Attention: _attention_back,
        ops.Counted: lambda call, _: _refused(call.op),
    },
    dict.fromkeys(_OTHERS, lambda call, grad: (*BACKWARD[type(call.op)](call, grad), 0, 0)),
)


def _bias(bias: NDArray[Any], output: NDArray[Any]) -> NDArray[Any]:
    return bias.reshape(-1, *[1] * (output.ndim - 2))


def _summed(grad: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = grad.sum(axis=(0, *range(2, grad.ndim)))
    return result
