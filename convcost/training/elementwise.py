"""Operations without products of weights and windows, and their gradients: (values) -> output, and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..execute.activations import FUNCTIONS
from ..graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    Concat,
    Flatten,
    LayerNorm,
    Multiply,
    Pool,
    Scale,
    Shuffle,
    Split,
)
from .activations import DERIVATIVES
from .pool import pool, pool_backward

if TYPE_CHECKING:
    from numpy.typing import NDArray

Way = tuple["list[NDArray[Any]]", "list[NDArray[Any]]"]


class Call(NamedTuple):
    """One operation applied: its record, its inputs and its weights."""

    op: Any
    x: list[NDArray[Any]]
    w: list[NDArray[Any]]


#: A norm's guard against a variance of 0, PyTorch's default.
EPSILON = 1e-5


def _along(weights: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """One number a channel, shaped to meet every position."""
    return weights.reshape(-1, *[1] * (given.ndim - 2))


def _gate(inputs: list[NDArray[Any]]) -> NDArray[Any]:
    return inputs[1].reshape(*inputs[1].shape, *[1] * (inputs[0].ndim - inputs[1].ndim))


def _per_channel(grad: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = grad.sum(axis=(0, *range(2, grad.ndim)))
    return result


def _normal(given: NDArray[Any], axes: tuple[int, ...] = (1,)) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean 0 and variance 1 over `axes` (1: each position's channels), and what was divided by."""
    width = np.sqrt(given.var(axis=axes, keepdims=True) + EPSILON)
    return (given - given.mean(axis=axes, keepdims=True)) / width, width


def _normal_backward(grad: NDArray[Any], normal: NDArray[Any], width: NDArray[Any], axes: tuple[int, ...]) -> Any:
    """Backwards through `_normal`: without the parts of the gradient that its mean and its width take out."""
    mean, slope = grad.mean(axis=axes, keepdims=True), (grad * normal).mean(axis=axes, keepdims=True)
    return (grad - mean - normal * slope) / width


def _of_a_channel(given: NDArray[Any]) -> tuple[int, ...]:
    """The axes over which a channel has its statistics: the batch and the positions."""
    return (0, *range(2, given.ndim))


def batch_norm(c: Call) -> NDArray[Any]:
    """Batch normalisation as in training, by the statistics of this batch (Ioffe & Szegedy 2015, arXiv 1502.03167)."""
    result: NDArray[Any] = _normal(c.x[0], _of_a_channel(c.x[0]))[0] * _along(c.w[0], c.x[0]) + _along(c.w[1], c.x[0])
    return result


def batch_norm_backward(c: Call, grad: NDArray[Any]) -> Way:
    """Gradients of `batch_norm`, through the statistics too."""
    axes = _of_a_channel(grad)
    normal, width = _normal(c.x[0], axes)
    inner = _normal_backward(grad * _along(c.w[0], grad), normal, width, axes)
    return [inner], [_per_channel(grad * normal), _per_channel(grad)]


def _shuffled(given: NDArray[Any], groups: int) -> NDArray[Any]:
    batch, channels, *size = given.shape
    return given.reshape(batch, groups, channels // groups, *size).swapaxes(1, 2).reshape(given.shape)


FORWARD: dict[type, Callable[[Call], NDArray[Any]]] = {
    Add: lambda c: c.x[0] + c.x[1],
    Multiply: lambda c: c.x[0] * _gate(c.x),
    Concat: lambda c: np.concatenate(c.x, axis=1),
    Split: lambda c: c.x[0][:, c.op.start : c.op.stop],
    Shuffle: lambda c: _shuffled(c.x[0], c.op.groups),
    Flatten: lambda c: c.x[0].reshape(c.x[0].shape[0], -1),
    Activation: lambda c: FUNCTIONS[c.op.kind](c.x[0]),
    BatchNorm: lambda c: c.x[0] * _along(c.w[0], c.x[0]) + _along(c.w[1], c.x[0]),
    LayerNorm: lambda c: _normal(c.x[0])[0] * _along(c.w[0], c.x[0]) + _along(c.w[1], c.x[0]),
    Scale: lambda c: c.x[0] * _along(c.w[0], c.x[0]),
    Pool: lambda c: pool(c.op, c.x[0]),
    AdaptivePool: lambda c: pool(c.op, c.x[0]),
}


def _multiply(c: Call, grad: NDArray[Any]) -> Way:
    products, gate = grad * c.x[0], _gate(c.x)
    repeated = tuple([axis for axis, n in enumerate(gate.shape) if n == 1])
    return [grad * gate, products.sum(axis=repeated, keepdims=True).reshape(c.x[1].shape)], []


def _concat(c: Call, grad: NDArray[Any]) -> Way:
    return np.split(grad, np.cumsum([part.shape[1] for part in c.x])[:-1], axis=1), []


def _split(c: Call, grad: NDArray[Any]) -> Way:
    whole = np.zeros(c.x[0].shape, grad.dtype)
    whole[:, c.op.start : c.op.stop] = grad
    return [whole], []


def _layer_norm(c: Call, grad: NDArray[Any]) -> Way:
    normal, width = _normal(c.x[0])
    inner = _normal_backward(grad * _along(c.w[0], grad), normal, width, (1,))
    return [inner], [_per_channel(grad * normal), _per_channel(grad)]


#: Gradients of the inputs and of the weights, from the call and the gradient of its output.
BACKWARD: dict[type, Callable[[Call, NDArray[Any]], Way]] = {
    Add: lambda _, grad: ([grad, grad], []),
    Multiply: _multiply,
    Concat: _concat,
    Split: _split,
    Shuffle: lambda c, grad: ([_shuffled(grad, grad.shape[1] // c.op.groups)], []),
    Flatten: lambda c, grad: ([grad.reshape(c.x[0].shape)], []),
    Activation: lambda c, grad: ([grad * DERIVATIVES[c.op.kind](c.x[0]).astype(grad.dtype, copy=False)], []),
    BatchNorm: lambda c, grad: ([grad * _along(c.w[0], grad)], [_per_channel(grad * c.x[0]), _per_channel(grad)]),
    LayerNorm: _layer_norm,
    Scale: lambda c, grad: ([grad * _along(c.w[0], grad)], [_per_channel(grad * c.x[0])]),
    Pool: lambda c, grad: ([pool_backward(c.op, c.x[0], grad)], []),
    AdaptivePool: lambda c, grad: ([pool_backward(c.op, c.x[0], grad)], []),
}
