"""What each operation computes, on arrays (batch, *spatial, channels) of any floating-point dtype, in NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph import ops
from ..activations import FUNCTIONS
from ..memory import declared
from ..windows import adaptive_windows, pool_starts, shifted, tap_offsets
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
    op: ops.Op, inputs: list[NDArray[Any]], weights: Weights | None, target: NDArray[Any] | None, bench: Workbench
) -> tuple[NDArray[Any], str]:
    """The output of one operation, elementwise into `target` if there is one, and the algorithm that ran.

    >>> apply_values(ops.Concat(), [np.ones((1, 1)), np.zeros((1, 2))], None, None, Workbench())
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


def _scale(call: Call, out: NDArray[Any]) -> None:
    """By its factor; of `prelu` only what is negative."""
    made = call.x[0] * call.kernel
    out[...] = np.where(call.x[0] < 0, made, call.x[0]) if call.op.kind == "prelu" else made


def _norm(call: Call, out: NDArray[Any]) -> None:
    """By the statistics of each group: its mean and variance, its root mean square, or its softmax."""
    op, given = call.op, call.x[0]
    grouped = given.reshape(*given.shape[:-1], op.groups, -1)
    over_space = tuple(range(1, given.ndim - 1)) if op.kind in ("group-norm", "instance-norm") else ()
    axes = (*over_space, grouped.ndim - 1)
    if op.kind == "softmax":
        made = np.exp(grouped - grouped.max(axis=axes, keepdims=True))
        made /= made.sum(axis=axes, keepdims=True)
    else:
        mean = 0 if op.kind == "rms-norm" else grouped.mean(axis=axes, keepdims=True)
        made = (grouped - mean) / np.sqrt(((grouped - mean) ** 2).mean(axis=axes, keepdims=True) + EPSILON)
    made = made.reshape(given.shape) if call.weights is None else made.reshape(given.shape) * call.kernel
    np.add(made, 0 if call.bias is None else call.bias, out=out)


def _upsample(call: Call) -> Made:
    """Along one axis after the other: copies, or the two nearest by how near they are."""
    op, made = call.op, call.x[0]
    for axis, by in enumerate(op.factor, 1):
        n = made.shape[axis]
        if op.kind == "nearest":
            made = made.repeat(by, axis)
            continue
        whole, rest = np.divmod(2 * np.arange(n * by) + 1 - by, 2 * by)
        near, far = (made.take(np.clip(whole + more, 0, n - 1), axis) for more in (0, 1))
        share = rest.reshape(-1, *[1] * (made.ndim - 1 - axis)).astype(made.dtype)
        made = (near * (2 * by - share) + far * share) / np.asarray(2 * by, made.dtype)
    return (made.copy() if made is call.x[0] else made), "axis by axis"


def _pixel_shuffle(call: Call) -> Made:
    batch, *size, channels = call.x[0].shape
    factor, axes = call.op.factor, len(size)
    blocks = call.x[0].reshape(batch, *size, channels // int(np.prod(factor)), *factor)
    order = [0, *[place for axis in range(axes) for place in (axis + 1, axes + 2 + axis)], axes + 1]
    longer = [n * by for n, by in zip(size, factor)]
    return blocks.transpose(order).copy().reshape(batch, *longer, -1), "copied"


def padded(op: ops.Pad, given: NDArray[Any]) -> NDArray[Any]:
    """A copy with a border, of zeros or copied, and without what a padding below 0 takes away."""
    modes: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    more = [(max(0, before), max(0, after)) for before, after in op.padding]
    whole = np.pad(given, [(0, 0), *more, (0, 0)], mode=modes[op.mode])
    kept = [slice(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(whole.shape[1:], op.padding)]
    return whole[:, *kept].copy()


def _attention(call: Call) -> Made:
    """Head by head: scores of all pairs of positions, their softmax, the values by its weights."""
    op, given = call.op, call.x[0]
    rows = given.reshape(len(given), -1, 3, op.heads, op.channels // op.heads)
    out, scores = np.empty((*rows.shape[:2], *rows.shape[3:]), given.dtype), np.empty((rows.shape[1],) * 2, given.dtype)
    for image, head in np.ndindex(len(given), op.heads):
        queries, keys, values = (np.ascontiguousarray(rows[image, :, part, head]) for part in range(3))
        call.bench.matmul(queries, np.ascontiguousarray(keys.T), scores)
        scores /= np.sqrt(np.asarray(queries.shape[1], given.dtype))
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        part = np.empty_like(values)
        call.bench.matmul(scores, values, part)
        out[image, :, head] = part
    return out.reshape(*given.shape[:-1], op.channels), "GEMM"


def _tokens(call: Call) -> Made:
    given, op = call.x[0], call.op
    first, places = call.kernel[: op.learned], call.kernel[op.learned :]
    row = given.reshape(len(given), -1, given.shape[-1])
    return np.concatenate([np.broadcast_to(first, (len(row), *first.shape)), row], axis=1) + places, "copied"


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
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation or (1,) * len(op.kernel_size))]
    axes = [pool_starts(n, taps[-1] + 1, s, pads, hang_over=op.ceil_mode)
            for n, taps, s, pads in zip(given.shape[1:], offsets, op.stride, op.padding)]  # fmt: skip
    starts = [range(0, len(axis) * s, s) for axis, s in zip(axes, op.stride)]
    pads = [(before, max(after, axis[-1] + taps[-1] + 1 - n - before))
            for n, (before, after), axis, taps in zip(given.shape[1:], op.padding, axes, offsets)]  # fmt: skip
    largest = op.kind == "max"
    padded = np.pad(given, [(0, 0), *pads, (0, 0)], constant_values=-np.inf if largest else 0)
    views = shifted(starts, offsets)
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


APPLY: ops.ByOp[Callable[[Call], Made]] = ops.ByOp({
    ops.Conv: lambda call: convolve_values(call.op, call.x[0], call.kernel, call.bias, call.bench),
    ops.Linear: _linear,
    ops.Add: _elementwise(lambda call, out: np.add(call.x[0], call.x[1], out=out)),
    ops.Multiply: _elementwise(lambda call, out: np.multiply(call.x[0], gate_of(call.x), out=out)),
    ops.Concat: lambda call: (np.concatenate(call.x, axis=-1), "copied"),
    ops.Split: lambda call: (call.x[0][..., call.op.start : call.op.stop], "a view"),
    ops.Shuffle: _shuffle,
    ops.Flatten: _flatten,
    ops.Activation: _elementwise(_activate),
    ops.BatchNorm: _elementwise(_scale_and_shift),
    ops.LayerNorm: _elementwise(_layer_norm),
    ops.Scale: _elementwise(_scale),
    ops.Norm: _elementwise(_norm),
    ops.Upsample: _upsample,
    ops.PixelShuffle: _pixel_shuffle,
    ops.Pad: lambda call: (padded(call.op, call.x[0]), "copied"),
    ops.Attention: _attention,
    ops.Tokens: _tokens,
    ops.Pool: _pool,
    ops.AdaptivePool: _adaptive_pool,
    ops.Counted: _counted,
})  # fmt: skip
