"""Executes one operation on arrays of ones: (batch, *spatial, channels), whatever the number of axes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph.ops import (
    Activation,
    AdaptivePool,
    Add,
    BatchNorm,
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
from ..windows import adaptive_windows, pool_starts
from .adding import group_sums
from .counting import count_products, total
from .weights import conv_weights, linear_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Operations that may write over an input.
OVERWRITING = (Add, Multiply, Activation, BatchNorm, LayerNorm, Scale)

#: Elements that an activation is applied to at a time: two float arrays of this size stay in the cache.
TILE = 16384

#: Sizes of the weights read, products, products that touched data, other operations: elements of their steps; elements
#: of the array that the products were put into.
Tally = tuple[int, int, int, int, int]


def run_op(op: Op, inputs: list[NDArray[Any]], target: NDArray[Any] | None) -> tuple[NDArray[Any], Tally]:
    """The array that `op` makes, `target` where it may write over that one, and what it counted.

    The content of what a convolution or a matrix product makes is left open: its sums are in the counts.
    """
    if isinstance(op, Counted):
        output = _counted(op, inputs, target)
        return output, _declared(op, output.size)
    if isinstance(op, Conv):
        return _conv(op, inputs[0])
    if isinstance(op, Linear):
        weights = linear_weights(op)
        products = total(group_sums(inputs[0], weights, np.min_scalar_type(weights.kernel.size)), weights)
        output = np.empty((*inputs[0].shape[:-1], weights.out_channels), np.uint8)
        return output, (weights.params, products, products, output.size if weights.bias.size else 0, output.size)
    if isinstance(op, OVERWRITING):
        output = np.empty_like(inputs[0]) if target is None else target
        params, operations = _elementwise(op, inputs, output)
        return output, (params, 0, 0, operations, 0)
    if isinstance(op, Pool):
        output, read = _pool(op, inputs)
    elif isinstance(op, AdaptivePool):
        axes = [adaptive_windows(*axis) for axis in zip(inputs[0].shape[1:], op.output_size)]
        output, read = _reduce(op.kind, inputs[0], axes)
    else:
        output, read = _MOVES[type(op)](op, inputs), 0
    return output, (0, 0, 0, read, 0)


def _declared(op: Counted, made: int) -> Tally:
    """What stands in an operation that is not executed; it put out all that was `made`, where nothing else is said."""
    put_out = (made if op.macs else 0) if op.conv_activations is None else op.conv_activations
    each = (op.macs, op.effective_macs, op.elementwise, put_out)
    return op.params, *[number * op.times for number in each]  # type: ignore[return-value]  # as many as there are


def _counted(op: Counted, inputs: list[NDArray[Any]], target: NDArray[Any] | None) -> NDArray[Any]:
    """An array of the shape that was counted, in the memory of the first input where it may be; nothing is executed."""
    batch, channels, size = op.output_shape[:1], op.output_shape[1:2], op.output_shape[2:]
    shown = inputs[0] if op.view else target
    if shown is None:
        return np.empty((*batch, *size, *channels), np.uint8)
    owner = shown if shown.base is None else shown.base
    return np.ndarray((*batch, *size, *channels), np.uint8, buffer=owner)


def _conv(op: Conv, given: NDArray[Any]) -> tuple[NDArray[Any], Tally]:
    weights = conv_weights(op)
    places, macs, effective_macs = count_products(op, given, weights)
    output = np.empty((*places, weights.out_channels), np.uint8)
    return output, (weights.params, macs, effective_macs, output.size if weights.bias.size else 0, output.size)


def _elementwise(op: Op, inputs: list[NDArray[Any]], output: NDArray[Any]) -> tuple[int, int]:
    """Apply an operation element by element, into `output`: sizes of the weights it read and of all its steps."""
    if isinstance(op, Activation):
        _activate(op, inputs[0], output)
        return 0, output.size
    if isinstance(op, Add):
        np.add(inputs[0], inputs[1], out=output)
        return 0, output.size
    if isinstance(op, Multiply):
        gate = inputs[1].reshape(inputs[1].shape[0], *(1,) * (inputs[0].ndim - inputs[1].ndim), *inputs[1].shape[1:])
        np.multiply(inputs[0], gate, out=output)
        return 0, output.size
    scale = np.ones(getattr(op, "channels"), np.uint8)  # noqa: B009  the ones that are left have them
    steps = _statistics(inputs[0]) if isinstance(op, LayerNorm) else 0
    np.multiply(inputs[0], scale, out=output)
    steps += output.size
    if isinstance(op, Scale):
        return scale.size, steps
    shift = np.zeros_like(scale)
    np.add(output, shift, out=output)
    return scale.size + shift.size, steps + output.size


def _statistics(given: NDArray[Any]) -> int:
    """Sum and sum of squares over the channels of each position; gives the elements of the three steps they take."""
    np.add.reduce(given, axis=-1)
    squares = np.multiply(given, given)
    np.add.reduce(squares, axis=-1)
    return given.size + 2 * int(squares.size)


def _activate(op: Activation, given: NDArray[Any], output: NDArray[Any]) -> None:
    function = FUNCTIONS[op.kind]
    if not (given.flags.c_contiguous and output.flags.c_contiguous):
        output[...] = function(given.astype(np.float32))
        return
    given, output = given.reshape(-1), output.reshape(-1)
    for start in range(0, given.size, TILE):
        part = slice(start, start + TILE)
        output[part] = function(given[part].astype(np.float32))


def _shuffle(op: Shuffle, inputs: list[NDArray[Any]]) -> NDArray[Any]:
    *rest, channels = inputs[0].shape
    interleaved = inputs[0].reshape(*rest, op.groups, channels // op.groups).swapaxes(-1, -2)
    output = np.empty(inputs[0].shape, np.uint8)
    output.reshape(interleaved.shape)[...] = interleaved
    return output


def _pool(op: Pool, inputs: list[NDArray[Any]]) -> tuple[NDArray[Any], int]:
    axes = [
        [slice(start, start + k) for start in pool_starts(n, k, s, pads, hang_over=op.ceil_mode)]
        for n, k, s, pads in zip(inputs[0].shape[1:], op.kernel_size, op.stride, op.padding)
    ]
    pads = [(before, max(after, windows[-1].stop - n - before))
            for n, (before, after), windows in zip(inputs[0].shape[1:], op.padding, axes)]  # fmt: skip
    return _reduce(op.kind, np.pad(inputs[0], [(0, 0), *pads, (0, 0)]), axes)


def _reduce(kind: str, given: NDArray[Any], axes: list[list[slice]]) -> tuple[NDArray[Any], int]:
    """Each window's maximum or mean, window by window, and the elements that all of them read."""
    reduce = np.max if kind == "max" else np.mean
    output = np.empty((given.shape[0], *map(len, axes), given.shape[-1]), np.uint8)
    inner, read = tuple(range(1, given.ndim - 1)), 0
    for position, window in zip(np.ndindex(output.shape[1:-1]), product(*axes)):
        seen = given[:, *window]
        output[:, *position] = reduce(seen, axis=inner)
        read += seen.size
    return output, read


#: Operations that move numbers.
_MOVES: dict[type, Callable[[Any, list[NDArray[Any]]], NDArray[Any]]] = {
    Concat: lambda _, inputs: np.concatenate(inputs, axis=-1),
    Split: lambda op, inputs: inputs[0][..., op.start : op.stop],
    Flatten: lambda _, inputs: inputs[0].reshape(inputs[0].shape[0], -1),
    Shuffle: _shuffle,
}
