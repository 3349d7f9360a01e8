"""Executes one operation on arrays of ones: (batch, *spatial, channels), whatever the number of axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph import ops
from ..activations import FUNCTIONS
from ..memory import declared
from ..windows import adaptive_windows, pool_starts, tap_offsets
from .counting import ConvWeights, conv_weights, count_products, group_sums, linear_weights, sum_of_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Elements that an activation is applied to at a time: two float arrays of this size stay in the cache.
TILE = 16384

UINT8 = np.dtype(np.uint8)


class Tally(NamedTuple):
    """What one operation counted.

    `read`: every weight array, as the role that it has and its size; products, those that touched data, elements of
    the steps of other operations, and elements of the array that the products were put into. `again`: weight arrays
    that an operation before it learns.
    """

    read: tuple[tuple[str, int], ...] = ()
    macs: int = 0
    effective_macs: int = 0
    elementwise: int = 0
    conv_activations: int = 0
    again: tuple[tuple[str, int], ...] = ()


class Call(NamedTuple):
    """One operation applied: its record, its inputs, and the array that it writes over, where there is one."""

    op: Any
    x: list[NDArray[Any]]
    target: NDArray[Any] | None

    def out(self) -> NDArray[Any]:
        """Where an elementwise operation puts its output."""
        return np.empty(self.x[0].shape, np.uint8) if self.target is None else self.target


Made = tuple["NDArray[Any]", Tally]


def run_op(op: ops.Op, inputs: list[NDArray[Any]], target: NDArray[Any] | None) -> Made:
    """The array that `op` makes, `target` where it may write over that one, and what it counted.

    The content of what a convolution or a matrix product makes is left open: its sums are in the counts.
    """
    return RUN[type(op)](Call(op, inputs, target))


def _conv(call: Call) -> Made:
    weights = conv_weights(call.op)
    places, macs, effective_macs = count_products(call.op, call.x[0], weights)
    output = np.empty((*places, weights.out_channels), np.uint8)
    return output, _products(output, weights, macs, effective_macs, call.op.shared)


def _linear(call: Call) -> Made:
    weights = linear_weights(call.op)
    products = sum_of_counts(group_sums(call.x[0], weights, np.min_scalar_type(weights.kernel.size)), weights)
    output = np.empty((*call.x[0].shape[:-1], weights.out_channels), np.uint8)
    return output, _products(output, weights, products, products, call.op.shared)


def _products(output: NDArray[Any], weights: ConvWeights, macs: int, effective_macs: int, shared: bool) -> Tally:
    read = (("weights", weights.params - weights.bias.size), ("biases", weights.bias.size))
    steps = output.size if weights.bias.size else 0
    own, again = ((), read) if shared else (read, ())
    return Tally(own, macs, effective_macs, steps, output.size, again)


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


def _norm(call: Call) -> Made:
    """Its statistics and steps, array by array: what each of them goes through is counted."""
    op, given, output = call.op, call.x[0], call.out()
    grouped = given.reshape(*given.shape[:-1], op.groups, given.shape[-1] // op.groups).astype(np.float32)
    over_space = tuple(range(1, given.ndim - 1)) if op.kind in ("group-norm", "instance-norm") else ()
    axes = (*over_space, grouped.ndim - 1)
    steps, learned = 0, [np.ones(op.channels, np.float32)] * ((1 if op.kind == "rms-norm" else 2) * op.affine)
    for step in _NORM_STEPS[op.kind]:
        grouped = step(grouped, axes)
        steps += grouped.size
    output[...] = grouped.reshape(given.shape)
    return output, Tally(tuple([("norms", each.size) for each in learned]), elementwise=steps)


def _folded(reduce: Any) -> Any:
    """A step that goes through every number to find one of each group; the numbers stay."""

    def step(given: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
        reduce(given, axis=axes, keepdims=True)
        return given

    return step


_SUM, _MOST = _folded(np.sum), _folded(np.max)


def _kept(given: NDArray[Any], _: tuple[int, ...]) -> NDArray[Any]:
    """A number of the group, or of the channel, on each: differences, quotients, scale and shift on ones."""
    return given * 1


#: Sum, squares and their sum, then scale and shift; RMS: squares, their sum, quotient, scale; softmax: maximum,
#: difference, exponential, sum, quotient.
_NORM_STEPS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("group-norm", "instance-norm"), (_SUM, _kept, _SUM, _kept, _kept)),
    "rms-norm": (_kept, _SUM, _kept, _kept),
    "softmax": (_MOST, _kept, _kept, _SUM, _kept),
}


def _upsample(call: Call) -> Made:
    """Copies; "bilinear" reads the two nearest along each axis that grows, and weighs every combination."""
    op, made = call.op, call.x[0]
    grows = [axis for axis, by in enumerate(op.factor, 1) if by > 1]
    if op.kind == "nearest":
        for axis in grows:
            made = made.repeat(op.factor[axis - 1], axis)
        return np.ascontiguousarray(made) if made is not call.x[0] else made.copy(), Tally()
    corners = [made]
    for axis in grows:
        by, n = op.factor[axis - 1], made.shape[axis]
        places = [divmod(2 * p + 1 - by, 2 * by)[0] for p in range(n * by)]
        near = [np.clip([at + more for at in places], 0, n - 1) for more in (0, 1)]
        corners = [each.take(index, axis) for each in corners for index in near]
    return corners[0].copy(), Tally(elementwise=sum([each.size for each in corners]))


def _pixel_shuffle(call: Call) -> Made:
    given, factor = call.x[0], call.op.factor
    batch, *size, channels = given.shape
    blocks = given.reshape(batch, *size, channels // int(np.prod(factor)), *factor)
    axes = len(size)
    order = [0, *[place for axis in range(axes) for place in (axis + 1, axes + 2 + axis)], axes + 1]
    shuffled = blocks.transpose(order).copy()
    return shuffled.reshape(batch, *[n * by for n, by in zip(size, factor)], -1), Tally()


def _pad(call: Call) -> Made:
    """Border first, then what is taken away."""
    more = [(max(0, before), max(0, after)) for before, after in call.op.padding]
    modes: dict[str, Any] = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    padded = np.pad(call.x[0], [(0, 0), *more, (0, 0)], mode=modes[call.op.mode])
    kept = [slice(max(0, -before), n - max(0, -after))
            for n, (before, after) in zip(padded.shape[1:], call.op.padding)]  # fmt: skip
    return padded[:, *kept].copy(), Tally()


def _attention(call: Call) -> Made:
    """Queries meet keys, and weights meet values, head by head, on ones: the sums are the products."""
    op, given = call.op, call.x[0]
    rows = given.reshape(given.shape[0], -1, 3, op.heads, op.channels // op.heads).astype(np.float64)
    queries, keys, values = (rows[:, :, part].swapaxes(1, 2) for part in range(3))
    scores = queries @ keys.swapaxes(-1, -2)
    products = int(scores.sum())
    shown = np.ones_like(scores) @ values
    products += int(shown.sum())
    steps = [scores] * 6  # scale, maximum, difference, exponential, sum, quotient
    output = np.empty((*given.shape[:-1], op.channels), np.uint8)
    elementwise = sum([step.size for step in steps])
    return output, Tally((), products, products, elementwise, scores.size + shown.size)


def _tokens(call: Call) -> Made:
    op, given = call.op, call.x[0]
    flat = given.reshape(given.shape[0], -1, given.shape[-1])
    first, places = np.ones((op.learned, op.channels), np.uint8), np.zeros((op.positions, op.channels), np.uint8)
    row = np.concatenate([np.broadcast_to(first, (len(flat), *first.shape)), flat], axis=1)
    output = row + places
    return output, Tally((("weights", first.size), ("weights", places.size)), elementwise=output.size)


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
        [slice(at, at + tap_offsets(k, d)[-1] + 1, d)
         for at in pool_starts(n, tap_offsets(k, d)[-1] + 1, s, pads, hang_over=op.ceil_mode)]
        for n, k, s, pads, d in zip(given.shape[1:], op.kernel_size, op.stride, op.padding, _dilation(op))
    ]  # fmt: skip
    pads = [(before, max(after, windows[-1].stop - n - before))
            for n, (before, after), windows in zip(given.shape[1:], op.padding, axes)]  # fmt: skip
    return _reduce(op.kind, np.pad(given, [(0, 0), *pads, (0, 0)]), axes)


def _dilation(op: ops.Pool) -> Sequence[int]:
    return op.dilation or (1,) * len(op.kernel_size)


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
    op: ops.Counted = call.op
    output = declared(op, call.x[0] if op.view else call.target, UINT8)
    put_out = (output.size if op.macs else 0) if op.conv_activations is None else op.conv_activations
    macs, effective, elementwise, convs = (n * op.times for n in (op.macs, op.effective_macs, op.elementwise, put_out))
    return output, Tally((("weights", op.params),), macs, effective, elementwise, convs)


RUN: ops.ByOp[Callable[[Call], Made]] = ops.ByOp({
    ops.Conv: _conv,
    ops.Linear: _linear,
    ops.Add: _add,
    ops.Multiply: _multiply,
    ops.Concat: lambda call: (np.concatenate(call.x, axis=-1), Tally()),
    ops.Split: lambda call: (call.x[0][..., call.op.start : call.op.stop], Tally()),
    ops.Shuffle: _shuffle,
    ops.Flatten: lambda call: (call.x[0].reshape(call.x[0].shape[0], -1), Tally()),
    ops.Activation: _activation,
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.Scale: _scale,
    ops.Norm: _norm,
    ops.Upsample: _upsample,
    ops.PixelShuffle: _pixel_shuffle,
    ops.Pad: _pad,
    ops.Attention: _attention,
    ops.Tokens: _tokens,
    ops.Pool: _pool,
    ops.AdaptivePool: _adaptive_pool,
    ops.Counted: _counted,
})  # fmt: skip
