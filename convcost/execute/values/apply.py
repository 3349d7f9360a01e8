"""What each operation computes, on arrays (batch, *spatial, channels) of any floating-point dtype, in NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
    ByOp,
    Concat,
    Conv,
    Counted,
    Flatten,
    LayerNorm,
    Linear,
    Multiply,
    Op,
    Pool,
    Scale,
    Shuffle,
    Split,
)
from ..activations import FUNCTIONS
from ..memory import declared
from ..windows import adaptive_windows, pool_starts, shifted
from .convolve import convolve_values
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Elements that an activation is applied to at a time: what it holds meanwhile is a few KiB.
TILE = 512

#: LayerNorm's guard against a variance of 0, PyTorch's default.
EPSILON = 1e-5


class Weights(NamedTuple):
    """What an operation learned: a kernel and a bias, or a scale and a shift.

    Of a convolution (groups, *taps, in a group, out a group), of a matrix product (in, out), else one number a channel.
    """

    kernel: NDArray[Any]
    bias: NDArray[Any] | None = None


class Call(NamedTuple):
    """One operation applied: its record, its inputs, what it learned, the array that it may write over, its bench."""

    op: Any
    x: list[NDArray[Any]]
    weights: Weights | None
    target: NDArray[Any] | None
    bench: Workbench

    @property
    def kernel(self) -> NDArray[Any]:
        """The kernel, or the scale; ValueError where there is none."""
        if self.weights is None:
            raise ValueError(f"no weights for {self.op}")
        return self.weights.kernel

    @property
    def bias(self) -> NDArray[Any] | None:
        return None if self.weights is None else self.weights.bias

    def out(self) -> NDArray[Any]:
        """Where an elementwise operation puts its output."""
        return np.empty(self.x[0].shape, self.x[0].dtype) if self.target is None else self.target


def apply_values(
    op: Op, inputs: list[NDArray[Any]], weights: Weights | None, target: NDArray[Any] | None, bench: Workbench
) -> tuple[NDArray[Any], str]:
    """The output of one operation, elementwise into `target` if there is one, and the algorithm that ran.

    >>> apply_values(Concat(), [np.ones((1, 1)), np.zeros((1, 2))], None, None, Workbench())
    (array([[1., 0., 0.]]), 'copied')

    What is counted by definition is not executed: its output has the shape that it says, and any content.
    """
    return APPLY[type(op)](Call(op, inputs, weights, target, bench))


Made = tuple["NDArray[Any]", str]


def _linear(call: Call) -> Made:
    given, kernel = call.x[0], call.kernel
    out = np.empty((*given.shape[:-1], kernel.shape[1]), given.dtype)
    call.bench.matmul(given.reshape(-1, kernel.shape[0]), kernel, out.reshape(-1, kernel.shape[1]))
    if call.bias is not None:
        out += call.bias
    return out, "GEMM"


def _elementwise(run: Callable[[Call, NDArray[Any]], object]) -> Callable[[Call], Made]:
    def apply(call: Call) -> Made:
        out = call.out()
        run(call, out)
        return out, "elementwise"

    return apply


def gate_of(inputs: list[NDArray[Any]]) -> NDArray[Any]:
    """The second factor, with an axis of one position for each that it lacks."""
    given, gate = inputs
    return gate.reshape(gate.shape[0], *(1,) * (given.ndim - gate.ndim), *gate.shape[1:])


def _activate(call: Call, out: NDArray[Any]) -> None:
    given, function = call.x[0], FUNCTIONS[call.op.kind]
    if not (given.flags.c_contiguous and out.flags.c_contiguous):
        out[...] = function(given)
        return
    flat, made = given.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, TILE):
        made[start : start + TILE] = function(flat[start : start + TILE])


def _scale_and_shift(call: Call, out: NDArray[Any]) -> None:
    np.multiply(call.x[0], call.kernel, out=out)
    if call.bias is not None:
        np.add(out, call.bias, out=out)


def normal(given: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each position's channels with mean 0 and variance 1, and what they were divided by."""
    width = np.sqrt(given.var(axis=-1, keepdims=True) + EPSILON)
    return (given - given.mean(axis=-1, keepdims=True)) / width, width


def _layer_norm(call: Call, out: NDArray[Any]) -> None:
    np.multiply(normal(call.x[0])[0], call.kernel, out=out)
    np.add(out, 0 if call.bias is None else call.bias, out=out)


def _shuffle(call: Call) -> Made:
    (given,), groups = call.x, call.op.groups
    *rest, channels = given.shape
    out = np.empty(given.shape, given.dtype)
    out.reshape(*rest, channels // groups, groups)[...] = given.reshape(*rest, groups, -1).swapaxes(-1, -2)
    return out, "copied"


def _flatten(call: Call) -> Made:
    """Channel by channel, as PyTorch numbers the features."""
    given = call.x[0]
    return np.moveaxis(given, -1, 1).reshape(len(given), -1), "copied"


def _pool(call: Call) -> Made:
    """The maximum, which no border is, or the mean, the border's zeros included: every tap sees all windows at once."""
    op, given = call.op, call.x[0]
    axes = [pool_starts(n, k, s, pads, hang_over=op.ceil_mode)
            for n, k, s, pads in zip(given.shape[1:], op.kernel_size, op.stride, op.padding)]  # fmt: skip
    starts = [range(0, len(axis) * s, s) for axis, s in zip(axes, op.stride)]
    pads = [(before, max(after, axis[-1] + k - n - before))
            for n, (before, after), axis, k in zip(given.shape[1:], op.padding, axes, op.kernel_size)]  # fmt: skip
    largest = op.kind == "max"
    padded = np.pad(given, [(0, 0), *pads, (0, 0)], constant_values=-np.inf if largest else 0)
    views = shifted(starts, [range(k) for k in op.kernel_size])
    out, count = padded[:, *next(views)].copy(), 1
    for count, view in enumerate(views, 2):  # noqa: B007  the last one is how many there are
        (np.maximum if largest else np.add)(out, padded[:, *view], out=out)
    return (out if largest else np.divide(out, count, out=out)), "tap by tap"


def _adaptive_pool(call: Call) -> Made:
    given = call.x[0]
    axes = [adaptive_windows(*axis) for axis in zip(given.shape[1:], call.op.output_size)]
    out, inner = np.empty((len(given), *map(len, axes), given.shape[-1]), given.dtype), tuple(range(1, given.ndim - 1))
    reduce = np.max if call.op.kind == "max" else np.mean
    for place, window in zip(np.ndindex(out.shape[1:-1]), product(*axes)):
        out[:, *place] = reduce(given[:, *window], axis=inner)
    return out, "window by window"


def _counted(call: Call) -> Made:
    dtype = call.x[0].dtype if call.x else np.dtype(np.float32)
    return declared(call.op, call.x[0] if call.op.view else call.target, dtype), "not executed"


APPLY: ByOp[Callable[[Call], Made]] = ByOp({
    Conv: lambda call: convolve_values(call.op, call.x[0], call.kernel, call.bias, call.bench),
    Linear: _linear,
    Add: _elementwise(lambda call, out: np.add(call.x[0], call.x[1], out=out)),
    Multiply: _elementwise(lambda call, out: np.multiply(call.x[0], gate_of(call.x), out=out)),
    Concat: lambda call: (np.concatenate(call.x, axis=-1), "copied"),
    Split: lambda call: (call.x[0][..., call.op.start : call.op.stop], "a view"),
    Shuffle: _shuffle,
    Flatten: _flatten,
    Activation: _elementwise(_activate),
    BatchNorm: _elementwise(_scale_and_shift),
    LayerNorm: _elementwise(_layer_norm),
    Scale: _elementwise(_scale_and_shift),
    Pool: _pool,
    AdaptivePool: _adaptive_pool,
    Counted: _counted,
})  # fmt: skip
