"""The dense kernel that a chain of convolutions is equivalent to, composed from its weights by hand-written rules.

What the stages of each variant are is said here once more, after the papers and not after the graph that is
executed: a graph that is wired wrongly computes something else than this kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Ints, Pads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]  # of int64


class Dense(NamedTuple):
    """One standard convolution: y[o, n] = bias[o] + sum of weights[o, i, p] * x[i, n * stride + p - before].

    `weights` (out_channels, in_channels, *positions), dilation written out; int64.
    """

    weights: Array
    bias: Array
    stride: Ints
    before: Ints


class Stage(NamedTuple):
    """One convolution of a chain, by the name of its weights; the other fields as in `Conv`."""

    name: str
    stride: Ints
    padding: Pads
    dilation: Ints
    transposed: bool = False


def block_diagonal(kernel: NDArray[Any]) -> Array:
    """A grouped kernel (groups, *taps, in a group, out a group) as a dense one (out, in, *taps).

    >>> block_diagonal(np.array([[[[2]]], [[[3]]]]))[..., 0].tolist()
    [[2, 0], [0, 3]]
    """
    groups, *taps, inner, outer = kernel.shape
    dense = np.zeros((groups * outer, groups * inner, *taps), np.int64)
    for g, block in enumerate(kernel):
        outputs, inputs = slice(g * outer, (g + 1) * outer), slice(g * inner, (g + 1) * inner)
        dense[outputs, inputs] = np.moveaxis(block, (-1, -2), (0, 1))
    return dense


def dense_stage(stage: Stage, kernel: NDArray[Any], bias: NDArray[Any] | None) -> Dense:
    """A stage alone: groups as blocks, taps where its dilation puts them."""
    blocks = block_diagonal(kernel)
    taps = blocks.shape[2:]
    spans = [(k - 1) * d + 1 for k, d in zip(taps, stage.dilation)]
    weights = np.zeros((*blocks.shape[:2], *spans), np.int64)
    weights[:, :, *[slice(None, None, d) for d in stage.dilation]] = blocks
    offset = np.zeros(len(blocks), np.int64) if bias is None else bias.astype(np.int64)
    before = tuple([before for before, _ in stage.padding])
    return _turned(weights, offset, before) if stage.transposed else Dense(weights, offset, stage.stride, before)


def _turned(weights: Array, bias: Array, cropped: Ints) -> Dense:
    """A transposed stage as a standard convolution, stride 1, over an input with `stuffed` zeros: its kernel turned.

    Output n is the sum of w[t] u[n + cropped - t] = sum of w[span - 1 - p] u[n + p - (span - 1 - cropped)]. Where
    more is cropped than the kernel reaches, zeros in front of it reach on (Dumoulin & Visin 2016, section 4).
    """
    turned = np.flip(weights, tuple(range(2, weights.ndim)))
    before = [span - 1 - c for span, c in zip(weights.shape[2:], cropped)]
    longer = np.pad(turned, [(0, 0), (0, 0), *[(max(0, -b), 0) for b in before]])
    return Dense(longer, bias, (1,) * len(before), tuple([max(0, b) for b in before]))


def stuffed(given: Array, stride: Ints) -> Array:
    """An input (batch, *spatial, channels) with stride - 1 zeros between its neighbours.

    >>> stuffed(np.array([[[1], [2], [3]]]), (2,))[0, :, 0].tolist()
    [1, 0, 2, 0, 3]
    """
    longer = np.zeros((len(given), *[(n - 1) * s + 1 for n, s in zip(given.shape[1:-1], stride)], given.shape[-1]))
    longer[:, *[slice(None, None, s) for s in stride]] = given
    return longer.astype(given.dtype)


def scaled(dense: Dense, scale: NDArray[Any], shift: NDArray[Any]) -> Dense:
    """A convolution and the BatchNorm behind it as one: each output channel's weights scaled, its bias shifted."""
    factor = scale.astype(np.int64)
    weights = dense.weights * factor.reshape(-1, *[1] * (dense.weights.ndim - 1))
    return dense._replace(weights=weights, bias=dense.bias * factor + shift.astype(np.int64))


def compose(first: Dense, second: Dense) -> Dense:
    """Two convolutions in a row as one, away from the border: K[p + q * stride] = sum of second[q] first[p].

    >>> box = Dense(np.ones((1, 1, 2), np.int64), np.zeros(1, np.int64), (1,), (0,))
    >>> compose(box, box).weights.tolist()
    [[[1, 2, 1]]]
    """
    axes = zip(first.weights.shape[2:], second.weights.shape[2:], first.stride)
    spans = [a + (b - 1) * s for a, b, s in axes]
    weights = np.zeros((len(second.weights), first.weights.shape[1], *spans), np.int64)
    for q in product(*map(range, second.weights.shape[2:])):
        at = [slice(p * s, p * s + n) for p, s, n in zip(q, first.stride, first.weights.shape[2:])]
        place = place_of(at)
        weights[place] += np.tensordot(second.weights[place_of(q)], first.weights, 1)
    bias = second.weights.sum(axis=tuple(range(2, second.weights.ndim))) @ first.bias + second.bias
    before = [a + b * s for a, b, s in zip(first.before, second.before, first.stride)]
    return Dense(weights, bias, tuple([a * b for a, b in zip(first.stride, second.stride)]), tuple(before))


def place_of(at: Sequence[Any]) -> tuple[Any, ...]:
    """All pairs of channels of a kernel, at those positions of it."""
    return (slice(None), slice(None), *at)


def plus_shortcut(branch: Dense, shortcut: Dense | None) -> Dense:
    """A branch with its shortcut added at the tap padding-before: the identity, or a 1x1 of the same stride."""
    spans = [max(n, before + 1) for n, before in zip(branch.weights.shape[2:], branch.before)]
    outputs, inputs = branch.weights.shape[:2]
    weights = np.zeros((outputs, inputs, *spans), np.int64)
    weights[:, :, *map(slice, branch.weights.shape[2:])] = branch.weights
    channels: list[Any] = [np.arange(outputs), np.arange(outputs)] if shortcut is None else [slice(None)] * 2
    place: tuple[Any, ...] = (*channels, *branch.before)
    if shortcut is None:
        weights[place] += 1
        return branch._replace(weights=weights)
    weights[place] += shortcut.weights.reshape(outputs, inputs)
    return branch._replace(weights=weights, bias=branch.bias + shortcut.bias)


def aligned(parts: Sequence[Dense]) -> list[Dense]:
    """Convolutions over one input with kernels that begin and end at the same position, zeros where one is shorter.

    >>> one, two = (Dense(np.ones((1, 1, n), np.int64), np.zeros(1, np.int64), (1,), (n // 2,)) for n in (1, 3))
    >>> aligned([one, two])[0].weights.tolist()
    [[[0, 1, 0]]]
    """
    before = [max(axis) for axis in zip(*[part.before for part in parts])]
    after = [max(axis) for axis in zip(*[_after(part) for part in parts])]
    longer = []
    for part in parts:
        pads = [(b - own, a - end) for b, own, a, end in zip(before, part.before, after, _after(part))]
        weights = np.pad(part.weights, [(0, 0), (0, 0), *pads])
        longer.append(part._replace(weights=weights, before=tuple(before)))
    return longer


def _after(part: Dense) -> list[int]:
    """How many taps lie behind the one in front of which `before` lie; none at least."""
    return [span - before for span, before in zip(part.weights.shape[2:], part.before)]


def rank_by_axis(kernel: NDArray[Any]) -> int:
    """Rank of a kernel (out, in, *taps) as a matrix (out x all taps but the last axis's) by (in x the last axis's).

    >>> rank_by_axis(np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]]))  # Sobel
    1
    >>> rank_by_axis(np.eye(3)[None, None])
    3

    A convolution along the last axis into `mid` channels, and what remains along the others, computes
    exactly the kernels of which this rank is at most `mid` (Jaderberg et al. 2014, section 2, over all channels).
    """
    axes = kernel.ndim
    order = (0, *range(2, axes - 1), 1, axes - 1)
    matrix = kernel.transpose(order).reshape(prod(kernel.shape[:1] + kernel.shape[2:-1]), -1)
    return int(np.linalg.matrix_rank(matrix.astype(np.float64)))


def kernel_of_factors(
    parts: Sequence[str], made: str, sizes: Mapping[str, int], factors: Sequence[NDArray[Any]]
) -> NDArray[Any]:
    """The dense kernel (out, in, *taps) that factors make by a formula, each (out, in a group, *taps); the same dtype.

    >>> column, row = np.array([1, 2, 1]).reshape(1, 1, 3, 1), np.array([1, 0, -1]).reshape(1, 1, 1, 3)
    >>> sizes = dict.fromkeys("oim", 1) | dict.fromkeys("yx", 3)
    >>> kernel_of_factors(["mix", "omy"], "oiyx", sizes, [row, column])[0, 0].tolist()
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]]

    A letter that `made` has twice is a block diagonal: zero where the two differ. Then there is one part.
    """
    arrays = [factor.reshape([sizes[letter] for letter in part]) for part, factor in zip(parts, factors)]
    once = "".join(dict.fromkeys(made))
    filled = np.einsum(f"{','.join(parts)}->{once}", *arrays, optimize=len(arrays) > 1)
    if once != made:
        blocks = np.zeros([sizes[letter] for letter in made], filled.dtype)
        np.einsum(f"{made}->{once}", blocks)[...] = filled
        filled = blocks
    axes = len([letter for letter in once if letter in "zyx"])
    taps = [sizes[letter] for letter in made[len(made) - axes :]]
    outputs = prod([sizes[letter] for letter in made[: (len(made) - axes) // 2]])
    kernel: NDArray[Any] = filled.reshape(outputs, -1, *taps)
    return kernel
