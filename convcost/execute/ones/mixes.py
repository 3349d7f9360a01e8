"""What an operation mixes, space or channels, found by disturbing one input number at a time.

Each disturbance is one image of a batch that is zero elsewhere; weights are ones, so nothing cancels, and after
each operation what is not zero becomes one. What was found once is remembered: layers of a kind differ in sizes that
do not matter here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph import ops
from ..windows import adaptive_windows, pool_starts, tap_offsets
from .counting import conv_weights, convolve, convolve_transposed
from .lines import reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of one disturbed batch, and additions over its taps, beyond which nothing is executed: a third of a second.
MOST_NUMBERS, MOST_ADDITIONS = 1 << 24, 1 << 29


def measured_mixes(graph: ops.Graph) -> list[str] | None:
    """What the operations of a graph combine, each of them alone; None where it would take too large an input.

    >>> from convcost.graph.ops import Node
    >>> depthwise = ops.Conv(2, 2, (3,), (1,), ((1, 1),), (1,), groups=2)
    >>> measured_mixes(ops.Graph((1, 2, 5), "fp32", (Node("depthwise", depthwise, (0,)),)))
    ['space']
    """
    found = set[str]()
    for node in graph.nodes:
        mixed = op_mixes(node.op)
        if mixed is None:
            return None
        found.update(mixed)
    return [word for word in ("space", "channels") if word in found]


def op_mixes(op: ops.Op) -> list[str] | None:
    """The same of one operation; None too where it is not executed.

    Space: a position is heard at several, or several at one. Channels: several are heard in one.
    """
    found = _mixes(type(op).__name__, SMALLER[type(op)](op))
    return None if found is None else [*found]


def _smaller_conv(op: ops.Conv) -> ops.Conv:
    """Two groups of two channels stand for all of them."""
    groups, inner, outer = (min(n, 2) for n in (op.groups, op.in_channels // op.groups, op.out_channels // op.groups))
    return op._replace(in_channels=groups * inner, out_channels=groups * outer, groups=groups, padding_mode="zeros")


def _smaller_norm(op: ops.Norm) -> ops.Norm:
    groups = min(op.groups, 2)
    return op._replace(channels=groups * min(op.channels // op.groups, 2), groups=groups)


#: The same operation on few channels and positions.
SMALLER: ops.ByOp[Callable[[Any], Any]] = ops.ByOp(
    {
        ops.Conv: _smaller_conv,
        ops.Linear: lambda op: ops.Linear(min(op.in_features, 2), min(op.out_features, 2)),
        ops.Split: lambda _: ops.Split(1, 3),
        ops.Norm: _smaller_norm,
        ops.Pad: lambda op: ops.Pad(((1, 1),) * len(op.padding)),
        ops.Attention: lambda _: ops.Attention(1, 2),
        ops.Tokens: lambda _: ops.Tokens(1, 4, 13),
        ops.Shuffle: lambda _: ops.Shuffle(2),
        ops.AdaptivePool: lambda op: op._replace(output_size=(2,) * len(op.output_size)),
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm, ops.Scale), lambda op: op._replace(channels=min(op.channels, 4))),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Flatten, ops.Activation), lambda op: op),
    dict.fromkeys((ops.Pool, ops.Upsample, ops.PixelShuffle, ops.Counted), lambda op: op),
)


@lru_cache(maxsize=4096)
def _mixes(_kind: str, op: Any) -> tuple[str, ...] | None:
    """`_kind` tells apart what are equal as tuples."""
    kind: type = type(op)
    channels, size = CHANNELS[kind](op), _roomy(op)
    taps = prod(op.kernel_size) if isinstance(op, ops.Conv | ops.Pool) else 1
    numbers = max(size) * prod(size) * channels
    if numbers > MOST_NUMBERS or numbers * taps > MOST_ADDITIONS:
        return None
    met = [_meets(op, size, axis, channels) for axis in range(len(size))]
    disturbed = np.zeros((channels, *size, channels), np.uint8)
    disturbed[np.arange(channels), ..., np.arange(channels)] = 1
    made = HEARD[kind](op, disturbed)
    known = [meets for meets in met if meets is not None]
    if made is None or len(known) < len(met):
        return None
    space = any(bool((meets.sum(axis=0) > 1).any() or (meets.sum(axis=1) > 1).any()) for meets in known)
    hears = made.reshape(channels, -1, made.shape[-1]).any(axis=1)
    return ("space",) * space + ("channels",) * bool((hears.sum(axis=0) > 1).any())


#: Channels of the input on which an operation is tried.
CHANNELS: ops.ByOp[Callable[[Any], int]] = ops.ByOp(
    {
        ops.Conv: lambda op: op.in_channels,
        ops.Linear: lambda op: op.in_features,
        ops.PixelShuffle: lambda op: 2 * prod(op.factor),
        ops.Attention: lambda op: 3 * op.channels,
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Norm, ops.Tokens), lambda op: op.channels),
    dict.fromkeys((ops.Upsample, ops.Pad), lambda _: 2),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda _: 4),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool, ops.Counted), lambda _: 4),
)


def _roomy(op: ops.Op) -> ops.Ints:
    """An input in which one output sees no border, whatever its place among the strides."""
    if isinstance(op, ops.AdaptivePool):
        return tuple([2 * n + 1 for n in op.output_size])
    if isinstance(op, ops.Pool):
        op = ops.Conv(1, 1, op.kernel_size, op.stride, op.padding, op.dilation or (1,) * len(op.stride))
    if isinstance(op, ops.Upsample | ops.PixelShuffle | ops.Pad):
        return tuple(range(3, 3 + len(op.padding if isinstance(op, ops.Pad) else op.factor)))
    if not isinstance(op, ops.Conv):
        return (3, 4)
    sizes = []
    for axis, stride in enumerate(op.stride):
        span, step = reach([op], axis)
        least = span + step - 1 + op.transposed * sum(op.padding[axis])
        sizes.append(least + -least % stride)
    return tuple(sizes)


def _meets(op: ops.Op, size: ops.Ints, axis: int, channels: int) -> NDArray[np.bool_] | None:
    """Which disturbance of a position of `axis`, all others and all channels with it, meets which output position."""
    disturbed = np.zeros((size[axis], *size, channels), np.uint8)
    np.moveaxis(disturbed, axis + 1, 1)[np.arange(size[axis]), np.arange(size[axis])] = 1
    heard = HEARD[type(op)](op, disturbed)
    if heard is None or heard.ndim == 2:  # there are no positions left that could be heard together
        return None if heard is None else np.eye(size[axis], dtype=bool)
    made = np.moveaxis(heard, axis + 1, 1)
    meets: NDArray[np.bool_] = np.logical_or.reduce(made.reshape(*made.shape[:2], -1), axis=-1)
    return meets


def _hear_conv(op: ops.Conv, given: NDArray[Any]) -> NDArray[Any]:
    op = op._replace(padding_mode="zeros", bias=False)
    weights = conv_weights(op)
    counts = convolve_transposed(op, given, weights)[1] if op.transposed else convolve(op, given, weights).effective
    return (counts > 0).view(np.uint8).repeat(len(weights.readers[0]), axis=-1)


def _hear_windows(given: NDArray[Any], axes: Sequence[Sequence[slice]]) -> NDArray[Any]:
    """The maximum of each window, an axis after the other."""
    for axis, windows in enumerate(axes, 1):
        given = np.stack([given[(slice(None),) * axis + (w,)].max(axis=axis, initial=0) for w in windows], axis)
    return given


def _hear_pool(op: ops.Pool, given: NDArray[Any]) -> NDArray[Any]:
    axes = []
    dilation = op.dilation or (1,) * len(op.kernel_size)
    for n, k, s, pads, d in zip(given.shape[1:], op.kernel_size, op.stride, op.padding, dilation):
        span = tap_offsets(k, d)[-1] + 1
        starts = [start - pads[0] for start in pool_starts(n, span, s, pads, hang_over=op.ceil_mode)]
        axes.append([slice(start % d if start < 0 else start, max(0, start + span), d) for start in starts])
    return _hear_windows(given, axes)


def _hear_upsample(op: ops.Upsample, given: NDArray[Any]) -> NDArray[Any]:
    """Along each axis after the other; where two are weighed, each is heard from the middle of the other on."""
    for axis, by in enumerate(op.factor, 1):
        reach = 0 if op.kind == "nearest" or by == 1 else (3 * by - 2) // 2 - by + 1
        n = given.shape[axis]
        copies = given.repeat(by, axis)
        moved = [copies.take(np.clip(np.arange(n * by) + shift, 0, n * by - 1), axis) for shift in (-reach, 0, reach)]
        given = np.maximum.reduce(moved)
    return given


def _hear_pixel_shuffle(op: ops.PixelShuffle, given: NDArray[Any]) -> NDArray[Any]:
    """Of every block of channels each is heard at one place of its block of positions."""
    batch, *size, channels = given.shape
    made = np.zeros((batch, *[n * by for n, by in zip(size, op.factor)], channels // prod(op.factor)), given.dtype)
    for channel in range(channels):
        place = [int(at) for at in np.unravel_index(channel % prod(op.factor), op.factor)]
        views: list[Any] = [slice(at, None, by) for at, by in zip(place, op.factor)]
        made[:, *views, channel // prod(op.factor)] = given[..., channel]
    return made


def _hear_pad(op: ops.Pad, given: NDArray[Any]) -> NDArray[Any]:
    return np.pad(given, [(0, 0), *op.padding, (0, 0)])


def _hear_norm(op: ops.Norm, given: NDArray[Any]) -> NDArray[Any]:
    """Each number hears its group, at its own position or at all of them."""
    grouped = given.reshape(*given.shape[:-1], op.groups, -1)
    over_space = tuple(range(1, given.ndim - 1)) if op.kind in ("group-norm", "instance-norm") else ()
    heard = grouped.max(axis=(*over_space, grouped.ndim - 1), keepdims=True)
    return np.broadcast_to(heard, grouped.shape).reshape(given.shape)


def _hear_attention(op: ops.Attention, given: NDArray[Any]) -> NDArray[Any]:
    """Its own query, all keys, and the values of its own channel at all positions."""
    queries, keys, values = (given[..., part * op.channels : (part + 1) * op.channels] for part in range(3))
    space = tuple(range(1, given.ndim - 1))
    met = np.maximum(queries.max(axis=-1, keepdims=True), keys.max(axis=(*space, -1), keepdims=True))
    heard: NDArray[Any] = np.maximum(met, values.max(axis=space, keepdims=True)) * np.ones_like(queries)
    return heard


def _hear_adaptive(op: ops.AdaptivePool, given: NDArray[Any]) -> NDArray[Any]:
    return _hear_windows(given, [adaptive_windows(*axis) for axis in zip(given.shape[1:], op.output_size)])


def _hear_linear(op: ops.Linear, given: NDArray[Any]) -> NDArray[Any]:
    any_channel: NDArray[Any] = given.max(axis=-1, keepdims=True)
    return any_channel.repeat(op.out_features, axis=-1)


def _hear_shuffle(op: ops.Shuffle, given: NDArray[Any]) -> NDArray[Any]:
    order = np.arange(given.shape[-1]).reshape(op.groups, -1).T.reshape(-1)
    return given[..., order]


def _as_it_is(_: ops.Op, given: NDArray[Any]) -> NDArray[Any]:
    return given


#: Disturbances of the first input, behind the operation, its other inputs being undisturbed; None: it is not executed.
HEARD: ops.ByOp[Callable[[Any, NDArray[Any]], NDArray[Any] | None]] = ops.ByOp(
    {
        ops.Conv: _hear_conv,
        ops.Linear: _hear_linear,
        ops.LayerNorm: lambda op, given: given.max(axis=-1, keepdims=True).repeat(op.channels, axis=-1),
        ops.Pool: _hear_pool,
        ops.AdaptivePool: _hear_adaptive,
        ops.Concat: lambda _, given: np.concatenate([given, np.zeros_like(given)], axis=-1),
        ops.Split: lambda op, given: given[..., op.start : op.stop],
        ops.Shuffle: _hear_shuffle,
        ops.Flatten: lambda _, given: given.reshape(len(given), -1),
        ops.Norm: _hear_norm,
        ops.Upsample: _hear_upsample,
        ops.PixelShuffle: _hear_pixel_shuffle,
        ops.Pad: _hear_pad,
        ops.Attention: _hear_attention,
        ops.Tokens: lambda _, given: given.reshape(len(given), -1),
        ops.Counted: lambda *_: None,
    },
    dict.fromkeys((ops.Add, ops.Multiply, ops.Activation, ops.BatchNorm, ops.Scale), _as_it_is),
)
