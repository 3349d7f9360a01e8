"""Gradients of operations that move positions about, normalise by their input or learn positions."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..execute.values.apply import EPSILON
from ..execute.windows import border_sources
from ..graph.ops import Norm, Pad, PixelShuffle, Tokens, Upsample
from .elementwise import BACKWARD as ELEMENTWISE
from .elementwise import Call, Way, along, normal_backward, normalised, per_channel

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _softmax(scores: NDArray[Any], axis: int) -> NDArray[Any]:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    result: NDArray[Any] = raised / raised.sum(axis=axis, keepdims=True)
    return result


def _softmax_backward(grad: NDArray[Any], shares: NDArray[Any], axis: int) -> NDArray[Any]:
    result: NDArray[Any] = shares * (grad - (grad * shares).sum(axis=axis, keepdims=True))
    return result


def _norm(c: Call, grad: NDArray[Any]) -> Way:
    """Through the statistics of each group."""
    shape = (len(grad), c.op.groups, -1, *grad.shape[2:])
    given, scaled = c.x[0].reshape(shape), (grad * along(c.w[0], grad) if c.w else grad).reshape(shape)
    if c.op.kind == "softmax":
        return [_softmax_backward(scaled, _softmax(given, 2), 2).reshape(grad.shape)], []
    if c.op.kind == "rms-norm":
        width = np.sqrt((given**2).mean(axis=2, keepdims=True) + EPSILON)
        made = given / width
        inner = (scaled - made * (scaled * made).mean(axis=2, keepdims=True)) / width
        return [inner.reshape(grad.shape)], [per_channel(grad * made.reshape(grad.shape))]
    axes = tuple(range(2, given.ndim))
    made, width = normalised(given, axes)
    inner = normal_backward(scaled, made, width, axes).reshape(grad.shape)
    return [inner], [per_channel(grad * made.reshape(grad.shape)), per_channel(grad)] if c.w else []


def _gathered(grad: NDArray[Any], axis: int, sources: Any, size: int, share: Any = 1.0) -> NDArray[Any]:
    """Each position's gradient added to that of the position of `size` that it came from, times its share."""
    moved = np.moveaxis(grad, axis, 0)
    result = np.zeros((size, *moved.shape[1:]), grad.dtype)
    np.add.at(result, sources, moved * np.reshape(share, (-1, *[1] * (moved.ndim - 1))))
    return np.moveaxis(result, 0, axis)


def _upsample(c: Call, grad: NDArray[Any]) -> Way:
    """Along each axis back to those that were copied, or weighed."""
    for axis, by in enumerate(c.op.factor, 2):
        n = c.x[0].shape[axis]
        places = np.arange(n * by)
        if c.op.kind == "nearest":
            grad = _gathered(grad, axis, places // by, n)
            continue
        whole, rest = np.divmod(2 * places + 1 - by, 2 * by)
        near, far = (np.clip(whole + more, 0, n - 1) for more in (0, 1))
        share = rest / (2 * by)
        grad = _gathered(grad, axis, near, n, 1 - share) + _gathered(grad, axis, far, n, share)
    return [grad], []


def _pixel_shuffle(c: Call, grad: NDArray[Any]) -> Way:
    """Blocks of positions back to channels."""
    batch, channels, *size = c.x[0].shape
    factor = c.op.factor
    split = [n for pair in zip(size, factor) for n in pair]
    blocks = grad.reshape(batch, channels // prod(factor), *split)
    axes = len(size)
    order = [0, 1, *range(3, 2 + 2 * axes, 2), *range(2, 2 + 2 * axes, 2)]
    return [blocks.transpose(order).reshape(c.x[0].shape)], []


def _pad(c: Call, grad: NDArray[Any]) -> Way:
    """What was copied goes back to its source; what was taken away had no part."""
    for axis, (before, after) in enumerate(c.op.padding, 2):
        n = c.x[0].shape[axis]
        kept = range(max(0, -before), n + max(0, before) + max(0, after) - max(0, -after))
        if c.op.mode == "zeros":
            sources = np.arange(n + max(0, before) + max(0, after)) - max(0, before)
        else:
            sources = np.array(border_sources(c.op.mode, n, max(0, before), max(0, after)))
        own = sources[kept.start : kept.stop]
        inside = (own >= 0) & (own < n)
        grad = _gathered(grad.compress(inside, axis), axis, own[inside], n)
    return [grad], []


def _tokens(c: Call, grad: NDArray[Any]) -> Way:
    """Every row learned for all images; the positions behind the learned ones came from the input."""
    rows = grad.sum(axis=0).T
    return [grad[:, :, c.op.learned :].reshape(c.x[0].shape)], [np.concatenate([rows[: c.op.learned], rows])]


def attention_backward(c: Call, grad: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """The gradient of queries, keys and values, and the multiply-adds that it took."""
    op, batch = c.op, len(grad)
    width = op.channels // op.heads
    rows = c.x[0].reshape(batch, 3, op.heads, width, -1).swapaxes(-1, -2)
    queries, keys, values = (rows[:, part] for part in range(3))
    outer = grad.reshape(batch, op.heads, width, -1).swapaxes(-1, -2)
    shares = _softmax(queries @ keys.swapaxes(-1, -2) / sqrt(width), -1)
    slopes = _softmax_backward(outer @ values.swapaxes(-1, -2), shares, -1) / sqrt(width)
    parts = [slopes @ keys, slopes.swapaxes(-1, -2) @ queries, shares.swapaxes(-1, -2) @ outer]
    inner = np.stack([part.swapaxes(-1, -2) for part in parts], axis=1).reshape(c.x[0].shape)
    return inner, 4 * shares.size * width


#: Gradients of the inputs and of the weights of every operation without windows of weights.
BACKWARD: dict[type, Callable[[Call, NDArray[Any]], Way]] = {
    **ELEMENTWISE,
    Norm: _norm,
    Upsample: _upsample,
    PixelShuffle: _pixel_shuffle,
    Pad: _pad,
    Tokens: _tokens,
}
