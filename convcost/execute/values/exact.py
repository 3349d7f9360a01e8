"""Holds what the fast executor makes of integers against int64, operation by operation, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from math import lcm, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph import ops
from ..memory import channels_last
from ..windows import adaptive_windows
from .apply import apply_values
from .integers import EXACT, LARGEST_INPUT, exact_dtype, op_weights, pattern
from .reference import INTEGER_ACTIVATIONS, in_integers
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOAT32 = np.dtype(np.float32)

#: What LayerNorm is given, with either sign: so large that the guard against a variance of 0 is rounded away.
SPREAD = 1 << 12

#: Positions of which attention's scores are exact enough in float32.
FAR = 600


class Exact(NamedTuple):
    """Is the output that of int64? By which algorithm, in which dtype, from how many products."""

    same: bool
    algorithm: str
    dtype: str
    products: int


def exact_values(op: ops.Op, shapes: list[ops.Shape]) -> Exact | None:
    """Execute one operation on integers; None for one that makes no integers of any: an activation with a curve,
    norms over an odd number of numbers, attention with one feature a head, and what is not executed.

    `shapes`: each input's (batch, channels, *spatial).

    >>> exact_values(ops.Conv(2, 4, (3,), (1,), ((1, 1),), (1,)), [(1, 2, 5)])
    Exact(same=True, algorithm='im2col, one GEMM a tile', dtype='float32', products=120)
    """
    weights = op_weights(op, 3)
    dtype = FLOAT32 if weights is None else weights.kernel.dtype
    inputs = INPUTS[type(op)](op, [channels_last(shape) for shape in shapes], dtype)
    if inputs is None:
        return None
    expected, bench = in_integers(op, inputs, weights), Workbench()
    made, algorithm = apply_values(op, inputs, weights, None, bench)
    return Exact(np.array_equal(made, expected), algorithm, str(made.dtype), bench.products)


Inputs = list["NDArray[Any]"]


def _small(_: ops.Op, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs:
    return [pattern(shape, dtype, LARGEST_INPUT, 5 + number) for number, shape in enumerate(shapes)]


def _activation(op: ops.Activation, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    return _small(op, shapes, dtype) if op.kind in INTEGER_ACTIVATIONS else None


def _balanced(_: ops.LayerNorm, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    """Half of the channels of each position plus, half minus the same, others at every position: mean 0, and a
    deviation that is a power of two."""
    (*rest, channels), places = shapes[0], prod(shapes[0][:-1])
    if channels % 2:
        return None if channels > 1 else _small(_, shapes, dtype)
    turned = (np.arange(channels) + np.arange(places)[:, None] * 7) % channels
    signs = np.where(turned < channels // 2, SPREAD, -SPREAD)
    return [signs.reshape(*rest, channels).astype(dtype)]


def _normed(op: ops.Norm, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    """The same for each group that has statistics of its own, in space, too, where they are of it; of a softmax one
    number is so far above the others that these come to nothing."""
    batch, *size, channels = shapes[0]
    over_space = op.kind in ("group-norm", "instance-norm")
    places, inner = prod(size), channels // op.groups
    count = inner * places if over_space else inner
    turned = (np.arange(count) + np.arange(batch * places * channels // count)[:, None] * 7) % count
    if op.kind == "softmax":
        made = np.where(turned == 0, SPREAD, -(turned % 5))
    elif count % 2 and op.kind != "rms-norm":
        return None
    else:
        made = np.where(turned < count // 2, SPREAD, -SPREAD)
    if over_space:
        made = made.reshape(batch, op.groups, places, inner).swapaxes(1, 2)
    return [made.reshape(shapes[0]).astype(dtype)]


def _attended(op: ops.Attention, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    """Keys on a parabola, (2j, -j^2), so that the query (t, 1) is nearest to the one at t, by far: 2tj - j^2. None for
    one feature a head, and for so many positions that float32 cannot tell neighbours apart."""
    (batch, *size, _), features = shapes[0], op.channels // op.heads
    places = prod(size)
    if features < 2 or places > FAR:
        return None
    rows = pattern((batch, places, 3, op.heads, features), dtype, 1, 5)
    at, apart = np.arange(places), 1 << (512 * features).bit_length()
    rows[:, :, 1, :, 0], rows[:, :, 1, :, 1] = 2 * at[:, None], -(at[:, None] ** 2)
    for head in range(op.heads):
        rows[:, :, 0, head, 0], rows[:, :, 0, head, 1] = (at * 7 + 3 + head) % places * apart, apart
    rows[:, :, 2] = pattern((batch, places, op.heads, features), dtype, LARGEST_INPUT, 6)
    return [rows.reshape(shapes[0])]


def _multiples(count: int) -> Callable[[ops.Op, list[ops.Shape], np.dtype[Any]], Inputs | None]:
    """Small integers times a number, so that their means are whole; None where sums would not be exact any more."""

    def inputs(op: ops.Op, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
        largest = LARGEST_INPUT * count * prod(shapes[0][1:-1])
        if largest >= EXACT["float64"]:
            return None
        return [array * count for array in _small(op, shapes, max(dtype, exact_dtype(largest)))]

    return inputs


def _pooled(op: ops.Pool, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    return _multiples(prod(op.kernel_size) if op.kind == "avg" else 1)(op, shapes, dtype)


def _pooled_adaptively(op: ops.AdaptivePool, shapes: list[ops.Shape], dtype: np.dtype[Any]) -> Inputs | None:
    axes = [{w.stop - w.start for w in adaptive_windows(*axis)} for axis in zip(shapes[0][1:-1], op.output_size)]
    return _multiples(prod([lcm(*lengths) for lengths in axes]) if op.kind == "avg" else 1)(op, shapes, dtype)


#: Integers of which an operation makes integers, for inputs of those shapes, channels last; None: there are none.
INPUTS: ops.ByOp[Callable[[Any, list[ops.Shape], np.dtype[Any]], Inputs | None]] = ops.ByOp(
    dict.fromkeys((ops.Conv, ops.Linear, ops.Add, ops.Multiply, ops.Concat), _small),
    dict.fromkeys((ops.Split, ops.Shuffle, ops.Flatten, ops.BatchNorm, ops.Scale), _small),
    {
        ops.Activation: _activation,
        ops.LayerNorm: _balanced,
        ops.Pool: _pooled,
        ops.AdaptivePool: _pooled_adaptively,
        ops.Upsample: lambda op, shapes, dtype: _multiples(prod([2 * by for by in op.factor]))(op, shapes, dtype),
    },
    {ops.Norm: _normed, ops.Attention: _attended, ops.Counted: lambda *_: None},
    dict.fromkeys((ops.PixelShuffle, ops.Pad, ops.Tokens), _small),
)
