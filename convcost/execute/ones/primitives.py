"""Executes one operation on arrays of ones: (batch, *spatial, channels), whatever the number of axes."""

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
from ..windows import adaptive_windows, pool_starts
from .counting import ConvWeights, conv_weights, count_products, group_sums, linear_weights, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Elements that an activation is applied to at a time: two float arrays of this size stay in the cache.
TILE = 16384

UINT8 = np.dtype(np.uint8)


class Tally(NamedTuple):
    """What one operation counted.

    `read`: every weight array, as the role that it has and its size; products, those that touched data, elements of
    the steps of other operations, and elements of the array that the products were put into.
    """

    read: tuple[tuple[str, int], ...] = ()
    macs: int = 0
    effective_macs: int = 0
    elementwise: int = 0
    conv_activations: int = 0


class Call(NamedTuple):
    """One operation applied: its record, its inputs, and the array that it writes over, where there is one."""

    op: Any
    x: list[NDArray[Any]]
    target: NDArray[Any] | None

    def out(self) -> NDArray[Any]:
        """Where an elementwise operation puts its output."""
        return np.empty(self.x[0].shape, np.uint8) if self.target is None else self.target


Made = tuple["NDArray[Any]", Tally]


def run_op(op: Op, inputs: list[NDArray[Any]], target: NDArray[Any] | None) -> Made:
    """The array that `op` makes, `target` where it may write over that one, and what it counted.

    The content of what a convolution or a matrix product makes is left open: its sums are in the counts.
    """
    return RUN[type(op)](Call(op, inputs, target))


def _conv(call: Call) -> Made:
    weights = conv_weights(call.op)
    places, macs, effective_macs = count_products(call.op, call.x[0], weights)
    output = np.empty((*places, weights.out_channels), np.uint8)
    return output, _products(output, weights, macs, effective_macs)


def _linear(call: Call) -> Made:
    weights = linear_weights(call.op)
    products = total(group_sums(call.x[0], weights, np.min_scalar_type(weights.kernel.size)), weights)
    output = np.empty((*call.x[0].shape[:-1], weights.out_channels), np.uint8)
    return output, _products(output, weights, products, products)


def _products(output: NDArray[Any], weights: ConvWeights, macs: int, effective_macs: int) -> Tally:
    read = (("weights", weights.params - weights.bias.size), ("biases", weights.bias.size))
    return Tally(read, macs, effective_macs, output.size if weights.bias.size else 0, output.size)


def _add(call: Call) -> Made:
    output = call.out()
    np.add(call.x[0], call.x[1], out=output)
    return output, Tally(elementwise=output.size)


def _multiply(call: Call) -> Made:
    (given, gate), output = call.x, call.out()
    np.multiply(given, gate.reshape(gate.shape[0], *(1,) * (given.ndim - gate.ndim), *gate.shape[1:]), out=output)
    return output, Tally(elementwise=output.size)


def _activation(call: Call) -> Made:
    given, output, function = call.x[0], call.out(), FUNCTIONS[call.op.kind]
    if not (given.flags.c_contiguous and output.flags.c_contiguous):
        output[...] = function(given.astype(np.float32))
        return output, Tally(elementwise=output.size)
    flat, made = given.reshape(-1), output.reshape(-1)
    for start in range(0, flat.size, TILE):
        part = slice(start, start + TILE)
        made[part] = function(flat[part].astype(np.float32))
    return output, Tally(elementwise=output.size)


def _scale(call: Call) -> Made:
    output, scale = call.out(), np.ones(call.op.channels, np.uint8)
    np.multiply(call.x[0], scale, out=output)
    return output, Tally((("norms", scale.size),), elementwise=output.size)


def _batch_norm(call: Call) -> Made:
    output, tally = _scale(call)
    shift = np.zeros(call.op.channels, np.uint8)
    np.add(output, shift, out=output)
    return output, Tally((*tally.read, ("norms", shift.size)), elementwise=tally.elementwise + output.size)


def _layer_norm(call: Call) -> Made:
    """Sum and sum of squares over the channels of each position, three steps an element; then as a BatchNorm."""
    given = call.x[0]
    np.add.reduce(given, axis=-1)
    squares = np.multiply(given, given)
    np.add.reduce(squares, axis=-1)
    steps = given.size + 2 * int(squares.size)
    output, tally = _batch_norm(call)
    return output, tally._replace(elementwise=tally.elementwise + steps)


def _shuffle(call: Call) -> Made:
    (given,), groups = call.x, call.op.groups
    *rest, channels = given.shape
    interleaved = given.reshape(*rest, groups, channels // groups).swapaxes(-1, -2)
    output = np.empty(given.shape, np.uint8)
    output.reshape(interleaved.shape)[...] = interleaved
    return output, Tally()


def _pool(call: Call) -> Made:
    op, given = call.op, call.x[0]
    axes = [
        [slice(start, start + k) for start in pool_starts(n, k, s, pads, hang_over=op.ceil_mode)]
        for n, k, s, pads in zip(given.shape[1:], op.kernel_size, op.stride, op.padding)
    ]
    pads = [(before, max(after, windows[-1].stop - n - before))
            for n, (before, after), windows in zip(given.shape[1:], op.padding, axes)]  # fmt: skip
    return _reduce(op.kind, np.pad(given, [(0, 0), *pads, (0, 0)]), axes)


def _adaptive_pool(call: Call) -> Made:
    axes = [adaptive_windows(*axis) for axis in zip(call.x[0].shape[1:], call.op.output_size)]
    return _reduce(call.op.kind, call.x[0], axes)


def _reduce(kind: str, given: NDArray[Any], axes: list[list[slice]]) -> Made:
    """Each window's maximum or mean, window by window, and the elements that all of them read."""
    reduce = np.max if kind == "max" else np.mean
    output = np.empty((given.shape[0], *map(len, axes), given.shape[-1]), np.uint8)
    inner, read = tuple(range(1, given.ndim - 1)), 0
    for position, window in zip(np.ndindex(output.shape[1:-1]), product(*axes)):
        seen = given[:, *window]
        output[:, *position] = reduce(seen, axis=inner)
        read += seen.size
    return output, Tally(elementwise=read)


def _counted(call: Call) -> Made:
    """What stands in an operation that is not executed; all that it made was put out, where nothing else is said."""
    op: Counted = call.op
    output = declared(op, call.x[0] if op.view else call.target, UINT8)
    put_out = (output.size if op.macs else 0) if op.conv_activations is None else op.conv_activations
    macs, effective, elementwise, convs = (n * op.times for n in (op.macs, op.effective_macs, op.elementwise, put_out))
    return output, Tally((("weights", op.params),), macs, effective, elementwise, convs)


RUN: ByOp[Callable[[Call], Made]] = ByOp({
    Conv: _conv,
    Linear: _linear,
    Add: _add,
    Multiply: _multiply,
    Concat: lambda call: (np.concatenate(call.x, axis=-1), Tally()),
    Split: lambda call: (call.x[0][..., call.op.start : call.op.stop], Tally()),
    Shuffle: _shuffle,
    Flatten: lambda call: (call.x[0].reshape(call.x[0].shape[0], -1), Tally()),
    Activation: _activation,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Scale: _scale,
    Pool: _pool,
    AdaptivePool: _adaptive_pool,
    Counted: _counted,
})  # fmt: skip
