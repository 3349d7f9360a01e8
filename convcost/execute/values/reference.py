"""What each operation computes, in integers and in the plainest way: tap by tap, channel by channel. Slow and short."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph import ops
from ..windows import (
    adaptive_windows,
    border_sources,
    landing_starts,
    pool_starts,
    shifted,
    tap_offsets,
    window_starts,
    with_border,
    with_copied_border,
)
from .apply import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

#: How far below the largest number others have no weight in a softmax: exp(-128) is nothing beside 1, in float64, too.
FAR_APART = 128

#: Activations that make integers of integers: the least and the most that comes out.
INTEGER_ACTIVATIONS = {"relu": (0, None), "relu6": (0, 6)}


def reference_values(
    op: ops.Conv, given: NDArray[Any], kernel: NDArray[Any], bias: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """The output of a convolution in int64, for integers of any dtype; arrays as in `values`.

    >>> op = ops.Conv(1, 1, (2,), (1,), ((1, 0),), (1,))
    >>> reference_values(op, np.array([[[1], [2], [3]]]), np.array([[[[10]], [[1]]]]))[0, :, 0].tolist()
    [1, 12, 23]
    """
    given, kernel = given.astype(np.int64), kernel.astype(np.int64)
    outer = kernel.shape[-1]
    parts = np.split(given, kernel.shape[0], axis=-1)
    run = _landing if op.transposed else _gathered
    out = np.concatenate([run(op, part, weights, outer) for part, weights in zip(parts, kernel)], axis=-1)
    return out if bias is None else out + bias.astype(np.int64)


def _gathered(op: ops.Conv, given: NDArray[Any], weights: NDArray[Any], outer: int) -> NDArray[np.int64]:
    """One group of a convolution: every tap sees the input shifted."""
    zero = np.zeros(given.shape[-1], np.int64)
    padded = with_border(op, given, zero) if op.padding_mode == "zeros" else with_copied_border(op, given)
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation)]
    starts = [window_starts(n, o, s) for n, o, s in zip(padded.shape[1:-1], offsets, op.stride)]
    out = np.zeros((len(given), *map(len, starts), outer), np.int64)
    for tap, view in zip(product(*[range(k) for k in op.kernel_size]), shifted(starts, offsets)):
        _accumulate(out, padded[:, *view], weights[tap])
    return out


def _landing(op: ops.Conv, given: NDArray[Any], weights: NDArray[Any], outer: int) -> NDArray[np.int64]:
    """One group of a transposed convolution: every tap adds the input at the places where it lands."""
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation)]
    starts = [landing_starts(n, s) for n, s in zip(given.shape[1:-1], op.stride)]
    extra = op.output_padding or (0,) * len(starts)
    lengths = [start[-1] + offset[-1] + 1 + e for start, offset, e in zip(starts, offsets, extra)]
    out = np.zeros((len(given), *lengths, outer), np.int64)
    for tap, view in zip(product(*[range(k) for k in op.kernel_size]), shifted(starts, offsets)):
        _accumulate(out[:, *view], given, weights[tap])
    return out[:, *[slice(before, n - after) for n, (before, after) in zip(lengths, op.padding)]]


def _accumulate(out: NDArray[Any], seen: NDArray[Any], weights: NDArray[Any]) -> None:
    """Add one tap's products: (..., in channels) by (in channels, out channels)."""
    out += np.einsum("...i,io->...o", seen, weights)


def in_integers(op: ops.Op, inputs: list[NDArray[Any]], weights: Weights | None = None) -> NDArray[np.int64]:
    """The output of any operation in int64, for integers of any dtype.

    >>> in_integers(ops.Split(1, 2), [np.array([[5, 6, 7]])]).tolist()
    [[6]]

    ValueError for an operation that makes no integers of these: of a mean or a variance that is none, of an
    activation that has a curve, and for what is counted by definition.
    """
    whole = [array.astype(np.int64) for array in inputs]
    kernel, bias = (None, None) if weights is None else weights
    learned = [None if array is None else array.astype(np.int64) for array in (kernel, bias)]
    return IN_INTEGERS[type(op)](op, whole, *learned)


def _linear(_: ops.Linear, x: list[Whole], kernel: Whole, bias: Whole | None) -> Whole:
    out = np.zeros((*x[0].shape[:-1], kernel.shape[1]), np.int64)
    _accumulate(out, x[0], kernel)
    return out if bias is None else out + bias


def _multiply(_: ops.Op, x: list[Whole], *__: object) -> Whole:
    """The gate written out at every position, then number by number."""
    given, gate = x
    while gate.ndim < given.ndim:
        gate = np.expand_dims(gate, 1)
    for axis, n in enumerate(given.shape):
        gate = gate.repeat(n // gate.shape[axis], axis)
    return given * gate


def _concat(_: ops.Op, x: list[Whole], *__: object) -> Whole:
    """A channel after the other."""
    return np.stack([part[..., channel] for part in x for channel in range(part.shape[-1])], axis=-1)


def _shuffle(op: ops.Shuffle, x: list[Whole], *_: object) -> Whole:
    """Channel c of group g goes to place g of the c-th run."""
    out, each = np.empty_like(x[0]), x[0].shape[-1] // op.groups
    for group, channel in product(range(op.groups), range(each)):
        out[..., channel * op.groups + group] = x[0][..., group * each + channel]
    return out


def _flatten(_: ops.Op, x: list[Whole], *__: object) -> Whole:
    """All positions of the first channel, then of the second."""
    channels = [x[0][..., channel].reshape(len(x[0]), -1) for channel in range(x[0].shape[-1])]
    return np.concatenate(channels, axis=1)


def _activation(op: ops.Activation, x: list[Whole], *_: object) -> Whole:
    if op.kind not in INTEGER_ACTIVATIONS:
        raise ValueError(f"{op.kind} makes no integers")
    clipped: Whole = x[0].clip(*INTEGER_ACTIVATIONS[op.kind])
    return clipped


def _scale_and_shift(_: ops.Op, x: list[Whole], kernel: Whole, bias: Whole | None) -> Whole:
    out = x[0] * kernel
    return out if bias is None else out + bias


def _layer_norm(_: ops.LayerNorm, x: list[Whole], kernel: Whole, bias: Whole) -> Whole:
    """Where every position's mean and standard deviation are whole, and the numbers multiples of the latter."""
    return _in_deviations(x[0] - _quotient(x[0].sum(axis=-1, keepdims=True), x[0].shape[-1])) * kernel + bias


def _in_deviations(centred: Whole) -> Whole:
    """Each row by the root of the mean of its squares."""
    variance = _quotient((centred * centred).sum(axis=-1, keepdims=True), centred.shape[-1])
    width = np.array([isqrt(int(v)) or 1 for v in variance.ravel()]).reshape(variance.shape)
    if not np.array_equal(width * width, np.maximum(variance, 1)):
        raise ValueError("a standard deviation is no integer")
    return _quotient(centred, width)


def _norm(op: ops.Norm, x: list[Whole], kernel: Whole | None, bias: Whole | None) -> Whole:
    """Group by group, each a row: centred but for `rms-norm`, in deviations; a softmax is 1 where it is largest."""
    given, inner = x[0], x[0].shape[-1] // op.groups
    out = np.empty_like(given)
    for image, group in np.ndindex(len(given), op.groups):
        part = given[image, ..., group * inner : (group + 1) * inner]
        rows = part.reshape(1, -1) if op.kind in ("group-norm", "instance-norm") else part.reshape(-1, inner)
        if op.kind == "softmax":
            made = np.stack([_largest(row) for row in rows])
        elif op.kind == "rms-norm":
            made = _in_deviations(rows)
        else:
            made = _in_deviations(rows - _quotient(rows.sum(axis=-1, keepdims=True), rows.shape[-1]))
        out[image, ..., group * inner : (group + 1) * inner] = made.reshape(part.shape)
    out = out if kernel is None else out * kernel
    return out if bias is None else out + bias


def _largest(row: Whole, features: int = 1) -> Whole:
    """A softmax of what is so far apart, divided by the root of `features`, that the largest has all the weight."""
    is_largest = row == row.max()
    if is_largest.sum() > 1 or ((row.max() - row[~is_largest]) ** 2 < FAR_APART**2 * features).any():
        raise ValueError("two numbers are too near each other: a softmax makes no integers of them")
    weights: Whole = is_largest.astype(np.int64)
    return weights


def _attention(op: ops.Attention, x: list[Whole], *_: object) -> Whole:
    """Position by position: the value at that other one whose key its query meets by far."""
    features = op.channels // op.heads
    queries, keys, values = np.split(x[0].reshape(len(x[0]), -1, 3 * op.channels), 3, axis=-1)
    out = np.empty_like(queries)
    for image, place, head in np.ndindex(*queries.shape[:2], op.heads):
        mine = slice(head * features, (head + 1) * features)
        scores = (keys[image, :, mine] * queries[image, place, mine]).sum(axis=-1)
        out[image, place, mine] = values[image, :, mine][_largest(scores, features).argmax()]
    return out.reshape(*x[0].shape[:-1], op.channels)


def _quotient(given: Whole, by: Any) -> Whole:
    if (given % by).any():
        raise ValueError("a quotient is no integer")
    whole: Whole = given // by
    return whole


def _pool(op: ops.Pool, x: list[Whole], *_: object) -> Whole:
    """Window by window: of the positions in it the largest, or the sum by the number of taps."""
    offsets = [tap_offsets(k, d) for k, d in zip(op.kernel_size, op.dilation or (1,) * len(op.kernel_size))]
    axes = [
        [start - pads[0] for start in pool_starts(n, taps[-1] + 1, s, pads, hang_over=op.ceil_mode)]
        for n, taps, s, pads in zip(x[0].shape[1:], offsets, op.stride, op.padding)
    ]
    inside = [[_inside(n, [start + tap for tap in taps]) for start in axis]
              for n, axis, taps in zip(x[0].shape[1:], axes, offsets)]  # fmt: skip
    return _windows(op.kind, x[0], inside, prod(op.kernel_size))


def _inside(length: int, places: list[int]) -> slice:
    """Those of places at equal distances that lie on an axis."""
    seen, apart = [place for place in places if 0 <= place < length], (places[1:] or [places[0] + 1])[0] - places[0]
    return slice(seen[0], seen[-1] + 1, apart) if seen else slice(0, 0)


def _prelu(_: ops.Scale, x: list[Whole], kernel: Any, __: object) -> Whole:
    factors = kernel.astype(np.int64)
    return np.stack(
        [np.where(x[0][..., c] < 0, x[0][..., c] * factors[c], x[0][..., c]) for c in range(len(factors))], -1
    )


def _upsample(op: ops.Upsample, x: list[Whole], *_: object) -> Whole:
    """Position by position: the one that it lies in, or a quotient of the two nearest."""
    made = x[0]
    for axis, by in enumerate(op.factor, 1):
        lines = np.moveaxis(made, axis, 0)
        out = []
        for place in range(len(lines) * by):
            if op.kind == "nearest":
                out.append(lines[place // by])
                continue
            before = [at for at in range(len(lines)) if 2 * by * at + by <= 2 * place + 1] or [0]
            behind = min(before[-1] + 1, len(lines) - 1)
            far = max(0, 2 * place + 1 - by - 2 * by * before[-1])
            out.append(_quotient(lines[before[-1]] * (2 * by - far) + lines[behind] * far, 2 * by))
        made = np.moveaxis(np.stack(out), 0, axis)
    return made


def _pixel_shuffle(op: ops.PixelShuffle, x: list[Whole], *_: object) -> Whole:
    """Channel by channel: each to its place in a block."""
    batch, *size, channels = x[0].shape
    blocks = prod(op.factor)
    out = np.zeros((batch, *[n * by for n, by in zip(size, op.factor)], channels // blocks), np.int64)
    for channel in range(channels):
        rest, views = channel % blocks, list[slice]()
        for by in reversed(op.factor):
            views.insert(0, slice(rest % by, None, by))
            rest //= by
        places: list[Any] = [slice(None), *views, channel // blocks]
        out[tuple(places)] = x[0][..., channel]
    return out


def _pad(op: ops.Pad, x: list[Whole], *_: object) -> Whole:
    """Axis by axis: zeros, or copies of what the mode says, and slices taken off."""
    made = x[0]
    for axis, (before, after) in enumerate(op.padding, 1):
        n = made.shape[axis]
        if op.mode != "zeros":
            made = made.take(border_sources(op.mode, n, max(0, before), max(0, after)), axis)
        else:
            none = [np.zeros_like(made.take([0] * count, axis)) for count in (max(0, before), max(0, after))]
            made = np.concatenate([none[0], made, none[1]], axis)
        made = made.take(range(max(0, -before), made.shape[axis] - max(0, -after)), axis)
    return made


def _tokens(op: ops.Tokens, x: list[Whole], kernel: Any, _: object) -> Whole:
    """Row by row: what is learned for it, and what came from its position."""
    learned, rows = kernel.astype(np.int64), x[0].reshape(len(x[0]), -1, op.channels)
    out = [learned[at] + learned[op.learned + at] * np.ones_like(rows[:, 0]) for at in range(op.learned)]
    out += [rows[:, at] + learned[2 * op.learned + at] for at in range(rows.shape[1])]
    return np.stack(out, axis=1)


def _adaptive_pool(op: ops.AdaptivePool, x: list[Whole], *_: object) -> Whole:
    axes = [adaptive_windows(n, count) for n, count in zip(x[0].shape[1:], op.output_size)]
    return _windows(op.kind, x[0], axes, None)


def _windows(kind: str, given: Whole, axes: list[list[slice]], count: int | None) -> Whole:
    out = np.empty((len(given), *map(len, axes), given.shape[-1]), np.int64)
    for place, window in zip(np.ndindex(out.shape[1:-1]), product(*axes)):
        seen = given[:, *window].reshape(len(given), -1, given.shape[-1])
        made = seen.max(axis=1) if kind == "max" else _quotient(seen.sum(axis=1), count or seen.shape[1])
        out[:, *place] = made
    return out


def _refused(op: ops.Counted, *_: object) -> Whole:
    raise ValueError(f"{op} makes no integers of integers")


IN_INTEGERS: ops.ByOp[Callable[..., NDArray[np.int64]]] = ops.ByOp(
    {
        ops.Conv: lambda op, x, kernel, bias: reference_values(op, x[0], kernel, bias),
        ops.Linear: _linear,
        ops.Add: lambda _, x, *__: x[0] + x[1],
        ops.Multiply: _multiply,
        ops.Concat: _concat,
        ops.Split: lambda op, x, *_: np.stack([x[0][..., channel] for channel in range(op.start, op.stop)], axis=-1),
        ops.Shuffle: _shuffle,
        ops.Flatten: _flatten,
        ops.Activation: _activation,
        ops.LayerNorm: _layer_norm,
        ops.Pool: _pool,
        ops.AdaptivePool: _adaptive_pool,
        ops.Scale: lambda op, *given: (_prelu if op.kind == "prelu" else _scale_and_shift)(op, *given),
        ops.BatchNorm: _scale_and_shift,
        ops.Upsample: _upsample,
        ops.PixelShuffle: _pixel_shuffle,
        ops.Pad: _pad,
        ops.Tokens: _tokens,
        ops.Norm: _norm,
        ops.Attention: _attention,
        ops.Counted: _refused,
    },
)
