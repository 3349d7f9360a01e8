"""Operations without products of weights and windows: what they compute is the executor's, their gradients are here.

Arrays are (batch, channels, *spatial), as PyTorch has them. Each derivative is of the function that `activations` of
the executor has under the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import pi, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..execute.activations import SELU_ALPHA, SELU_SCALE
from ..execute.values.apply import EPSILON, Weights, apply_values
from ..execute.values.workbench import Workbench
from ..execute.windows import adaptive_windows, pool_starts, tap_offsets
from ..graph import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

Way = tuple["list[NDArray[Any]]", "list[NDArray[Any]]"]


class Call(NamedTuple):
    """One operation applied: its record, its inputs, its weights, and what its forward pass kept."""

    op: Any
    x: list[NDArray[Any]]
    w: list[NDArray[Any]]
    kept: NDArray[Any] | None = None


def forward_values(call: Call) -> NDArray[Any]:
    """What an operation makes, by the executor, whose arrays have their channels last."""
    learned = Weights(call.w[0], *call.w[1:]) if call.w else None
    last = [x.transpose(0, *range(2, x.ndim), 1) for x in call.x]
    output, _ = apply_values(call.op, last, learned, None, Workbench())
    return np.ascontiguousarray(output.transpose(0, -1, *range(1, output.ndim - 1)))


def along(weights: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """One number a channel, shaped to meet every position."""
    return weights.reshape(-1, *[1] * (given.ndim - 2))


def _gate(inputs: list[NDArray[Any]]) -> NDArray[Any]:
    return inputs[1].reshape(*inputs[1].shape, *[1] * (inputs[0].ndim - inputs[1].ndim))


def per_channel(grad: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = grad.sum(axis=(0, *range(2, grad.ndim)))
    return result


def normalised(given: NDArray[Any], axes: tuple[int, ...] = (1,)) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean 0 and variance 1 over `axes` (1: each position's channels), and what was divided by."""
    width = np.sqrt(given.var(axis=axes, keepdims=True) + EPSILON)
    return (given - given.mean(axis=axes, keepdims=True)) / width, width


def normal_backward(grad: NDArray[Any], normal: NDArray[Any], width: NDArray[Any], axes: tuple[int, ...]) -> Any:
    """Backwards through `normalised`: without the parts of the gradient that its mean and its width take out."""
    mean, slope = grad.mean(axis=axes, keepdims=True), (grad * normal).mean(axis=axes, keepdims=True)
    return (grad - mean - normal * slope) / width


def _of_a_channel(given: NDArray[Any]) -> tuple[int, ...]:
    """The axes over which a channel has its statistics: the batch and the positions."""
    return (0, *range(2, given.ndim))


def batch_norm(c: Call) -> NDArray[Any]:
    """Batch normalisation as in training, by the statistics of this batch (Ioffe & Szegedy 2015, arXiv 1502.03167)."""
    result: NDArray[Any] = normalised(c.x[0], _of_a_channel(c.x[0]))[0] * along(c.w[0], c.x[0]) + along(c.w[1], c.x[0])
    return result


def batch_norm_backward(c: Call, grad: NDArray[Any]) -> Way:
    """Gradients of `batch_norm`, through the statistics too."""
    axes = _of_a_channel(grad)
    normal, width = normalised(c.x[0], axes)
    inner = normal_backward(grad * along(c.w[0], grad), normal, width, axes)
    return [inner], [per_channel(grad * normal), per_channel(grad)]


def _shuffled(given: NDArray[Any], groups: int) -> NDArray[Any]:
    batch, channels, *size = given.shape
    return given.reshape(batch, groups, channels // groups, *size).swapaxes(1, 2).reshape(given.shape)


_ROOT = sqrt(2 / pi)


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = 1 / (1 + np.exp(-x))
    return result


def _gelu(x: NDArray[Any]) -> NDArray[Any]:
    t = np.tanh(_ROOT * (x + 0.044715 * x**3))
    result: NDArray[Any] = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x**2)
    return result


def _silu(x: NDArray[Any]) -> NDArray[Any]:
    s = _sigmoid(x)
    result: NDArray[Any] = s * (1 + x * (1 - s))
    return result


def _mish(x: NDArray[Any]) -> NDArray[Any]:
    t = np.tanh(np.logaddexp(0, x))
    result: NDArray[Any] = t + x * (1 - t * t) * _sigmoid(x)
    return result


def _inside(x: NDArray[Any], low: float, high: float, slope: NDArray[Any] | float) -> NDArray[Any]:
    return np.where((x > low) & (x < high), slope, 0.0)


DERIVATIVES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "relu": lambda x: x > 0,
    "relu6": lambda x: _inside(x, 0, 6, 1.0),
    "leaky-relu": lambda x: np.where(x > 0, 1.0, 0.01),
    "elu": lambda x: np.exp(np.minimum(x, 0)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA) * np.exp(np.minimum(x, 0)),
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "hardswish": lambda x: np.where(x >= 3, 1.0, _inside(x, -3, 3, x / 3 + 0.5)),
    "hardsigmoid": lambda x: _inside(x, -3, 3, 1 / 6),
    "sigmoid": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
}


Axes = list[list[slice]]


def windows_of(op: ops.Pool | ops.AdaptivePool, size: tuple[int, ...]) -> tuple[Axes, list[tuple[int, int]]]:
    """The windows an axis each, and the border that they need round an input of `size`."""
    if isinstance(op, ops.AdaptivePool):
        return [adaptive_windows(*axis) for axis in zip(size, op.output_size)], [(0, 0)] * len(size)
    dilation = op.dilation or (1,) * len(size)
    spans = [tap_offsets(k, d)[-1] + 1 for k, d in zip(op.kernel_size, dilation)]
    axes = [
        [slice(start, start + span, d) for start in pool_starts(n, span, s, pads, hang_over=op.ceil_mode)]
        for n, span, d, s, pads in zip(size, spans, dilation, op.stride, op.padding)
    ]
    border = [
        (before, max(after, windows[-1].stop - n - before))
        for n, (before, after), windows in zip(size, op.padding, axes)
    ]
    return axes, border


def pool_backward(op: ops.Pool | ops.AdaptivePool, given: NDArray[Any], grad: NDArray[Any]) -> NDArray[Any]:
    """The gradient goes to each window's maximum (shared where there are several), or evenly to all of it."""
    axes, padded = _padded(op, given)
    result = np.zeros(padded.shape, grad.dtype)
    inner = tuple(range(2, given.ndim))
    for place, window in zip(np.ndindex(grad.shape[2:]), product(*axes)):
        seen = padded[:, :, *window]
        chosen = seen == seen.max(axis=inner, keepdims=True) if op.kind == "max" else np.ones(seen.shape, bool)
        share = chosen / chosen.sum(axis=inner, keepdims=True)
        result[:, :, *window] += share * grad[:, :, *place].reshape(*grad.shape[:2], *[1] * len(inner))
    _, border = windows_of(op, given.shape[2:])
    inside = [slice(before, before + n) for (before, _), n in zip(border, given.shape[2:])]
    return result[:, :, *inside]


def _padded(op: ops.Pool | ops.AdaptivePool, given: NDArray[Any]) -> tuple[Axes, NDArray[Any]]:
    axes, border = windows_of(op, given.shape[2:])
    fill = -np.inf if op.kind == "max" else 0.0
    return axes, np.pad(given, [(0, 0), (0, 0), *border], constant_values=fill)


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
    normal, width = normalised(c.x[0])
    inner = normal_backward(grad * along(c.w[0], grad), normal, width, (1,))
    return [inner], [per_channel(grad * normal), per_channel(grad)]


def _scale(c: Call, grad: NDArray[Any]) -> Way:
    """Of `prelu` the factor is that of negative numbers alone."""
    scaled = c.x[0] < 0 if c.op.kind == "prelu" else np.ones(c.x[0].shape, bool)
    return [np.where(scaled, grad * along(c.w[0], grad), grad)], [per_channel(grad * c.x[0] * scaled)]


#: Gradients of the inputs and of the weights, from the call and the gradient of its output.
BACKWARD: dict[type, Callable[[Call, NDArray[Any]], Way]] = {
    ops.Add: lambda _, grad: ([grad, grad], []),
    ops.Multiply: _multiply,
    ops.Concat: _concat,
    ops.Split: _split,
    ops.Shuffle: lambda c, grad: ([_shuffled(grad, grad.shape[1] // c.op.groups)], []),
    ops.Flatten: lambda c, grad: ([grad.reshape(c.x[0].shape)], []),
    ops.Activation: lambda c, grad: ([grad * DERIVATIVES[c.op.kind](c.x[0]).astype(grad.dtype, copy=False)], []),
    ops.BatchNorm: lambda c, grad: ([grad * along(c.w[0], grad)], [per_channel(grad * c.x[0]), per_channel(grad)]),
    ops.LayerNorm: _layer_norm,
    ops.Scale: _scale,
    ops.Pool: lambda c, grad: ([pool_backward(c.op, c.x[0], grad)], []),
    ops.AdaptivePool: lambda c, grad: ([pool_backward(c.op, c.x[0], grad)], []),
}
