"""Convolutions as matrix products over gathered windows, and the same products backwards.

Arrays are (batch, channels, *spatial), weights (out_channels, in_channels / groups, *kernel) and (out_channels,).
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Conv

if TYPE_CHECKING:
    from numpy.typing import NDArray

Slices = tuple[slice, ...]

#: NumPy's names for the padding modes.
_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@lru_cache(maxsize=256)  # a training asks for the same at every step
def taps(op: Conv, size: tuple[int, ...]) -> list[Slices]:
    """For each tap the positions that it meets, one for each of `size` windows, in an array that holds them all."""
    return [
        tuple([slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, op.dilation, size, op.stride)])
        for tap in np.ndindex(*op.kernel_size)
    ]


def gather_windows(given: NDArray[Any], places: list[Slices], groups: int) -> NDArray[Any]:
    """Windows as columns: (batch, groups, taps * channels of a group, positions)."""
    (batch, channels), count = given.shape[:2], len(places)
    columns = np.concatenate([given[:, :, *place] for place in places], axis=1)
    split = columns.reshape(batch, count, groups, channels // groups, -1).swapaxes(1, 2)
    return split.reshape(batch, groups, count * (channels // groups), -1)


def scatter_windows(columns: NDArray[Any], places: list[Slices], shape: tuple[int, ...]) -> NDArray[Any]:
    """The reverse of `gather`: what lands on one position is added."""
    batch, groups, _, _ = columns.shape
    windows = tuple([len(range(*s.indices(n))) for s, n in zip(places[0], shape[2:])])
    parts = columns.reshape(batch, groups, len(places), shape[1] // groups, -1).swapaxes(1, 2)
    parts = parts.reshape(batch, len(places), shape[1], *windows)
    result = np.zeros(shape, columns.dtype)
    for tap, place in enumerate(places):
        result[:, :, *place] += parts[:, tap]
    return result


def _pads(op: Conv) -> list[tuple[int, int]]:
    return [(0, 0), (0, 0), *op.padding]


def pad(op: Conv, given: NDArray[Any]) -> NDArray[Any]:
    """The input with its border, filled as the operation says."""
    if op.padding_mode == "zeros":  # np.pad takes three times as long
        size = [n + before + after for n, (before, after) in zip(given.shape[2:], op.padding)]
        result = np.zeros((*given.shape[:2], *size), given.dtype)
        inner = [slice(before, before + n) for (before, _), n in zip(op.padding, given.shape[2:])]
        result[:, :, *inner] = given
        return result
    mode: Any = _MODES[op.padding_mode]
    return np.pad(given, _pads(op), mode=mode)


def unpad(op: Conv, grad: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The gradient of `pad`: what a border copied is added where it was copied from."""
    if op.padding_mode == "zeros":
        inner = tuple([slice(before, before + n) for (before, _), n in zip(_pads(op), shape)])
        return grad[inner]
    source = pad(op, np.arange(prod(shape)).reshape(shape))
    return np.bincount(source.ravel(), grad.ravel(), prod(shape)).reshape(shape).astype(grad.dtype)


def matrices(op: Conv, kernel: NDArray[Any]) -> NDArray[Any]:
    """Weights as a matrix a group: (groups, outputs, taps * inputs), transposed (groups, taps * outputs, inputs)."""
    each = kernel.reshape(op.groups, op.out_channels // op.groups, kernel.shape[1], -1)
    if op.transposed:
        return each.transpose(0, 3, 1, 2).reshape(op.groups, -1, kernel.shape[1])
    return each.swapaxes(2, 3).reshape(op.groups, each.shape[1], -1)


def kernel_of(op: Conv, matrix: NDArray[Any]) -> NDArray[Any]:
    """The reverse of `matrices`."""
    outer, inner = op.out_channels // op.groups, op.in_channels // op.groups
    if op.transposed:
        each = matrix.reshape(op.groups, -1, outer, inner).transpose(0, 2, 3, 1)
    else:
        each = matrix.reshape(op.groups, outer, -1, inner).swapaxes(2, 3)
    return each.reshape(op.out_channels, inner, *op.kernel_size)


def convolve_windows(op: Conv, given: NDArray[Any], kernel: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The output without its bias, and the columns that the backward pass reads again."""
    if op.transposed:
        columns = given.reshape(given.shape[0], op.groups, given.shape[1] // op.groups, -1)
        full = scatter_windows(matrices(op, kernel) @ columns, *_canvas(op, given.shape))
        return full[_cropped(op, full.shape)], columns
    padded = pad(op, given)
    size = tuple([
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(padded.shape[2:], op.kernel_size, op.stride, op.dilation)
    ])  # fmt: skip
    columns = gather_windows(padded, taps(op, size), op.groups)
    return (matrices(op, kernel) @ columns).reshape(given.shape[0], op.out_channels, *size), columns


def convolve_backward(op: Conv, given: tuple[int, ...], kernel: NDArray[Any], columns: NDArray[Any],
                      grad: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], int]:  # fmt: skip
    """Gradients of the input, of shape `given`, and of the kernel, and the multiply-adds that each of them took."""
    matrix = matrices(op, kernel)
    if op.transposed:
        places, shape = _canvas(op, given)
        full = np.zeros(shape, grad.dtype)
        full[_cropped(op, shape)] = grad
        outer = gather_windows(full, places, op.groups)
        inner = (matrix.swapaxes(1, 2) @ outer).reshape(given)
    else:
        outer = grad.reshape(grad.shape[0], op.groups, grad.shape[1] // op.groups, -1)
        places = taps(op, grad.shape[2:])
        padded = (*given[:2], *[n + before + after for n, (before, after) in zip(given[2:], op.padding)])
        inner = unpad(op, scatter_windows(matrix.swapaxes(1, 2) @ outer, places, padded), given)
    weights = (outer @ columns.swapaxes(2, 3)).sum(axis=0)
    return inner, kernel_of(op, weights), outer.shape[0] * outer.shape[3] * matrix.size


def _canvas(op: Conv, given: tuple[int, ...]) -> tuple[list[Slices], tuple[int, ...]]:
    """Where the taps of a transposed convolution land, and the shape of all that they land on, before cropping."""
    places = taps(op, given[2:])
    reach = [last.stop for last in places[-1]]
    return places, (given[0], op.out_channels, *[n + extra for n, extra in zip(reach, op.output_padding)])


def _cropped(op: Conv, shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple([slice(before, n - after) for n, (before, after) in zip(shape, _pads(op))])
