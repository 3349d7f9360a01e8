"""Small integers to compute with exactly: patterns that are nearly free, and the dtype in which sums are exact."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...graph import ops
from .apply import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The largest input and the largest weight in absolute value, both signs being there.
LARGEST_INPUT, LARGEST_WEIGHT = 3, 2

#: A prime: no number of channels or positions repeats with the pattern.
PERIOD = 4093

#: Sums of integers below this are exact in each floating-point dtype.
EXACT = {"float32": 1 << 24, "float64": 1 << 53}


def pattern(shape: tuple[int, ...], dtype: np.dtype[Any], largest: int, salt: int = 0) -> NDArray[Any]:
    """An array of integers from -`largest` to `largest`, some of each, the same ones for the same `salt`.

    >>> pattern((2, 3), np.dtype(np.int64), 2).tolist()
    [[-2, -2, 2], [2, 0, 1]]
    """
    array = np.empty(shape, dtype)
    fill_pattern(array, largest, salt)
    return array


def fill_pattern(array: NDArray[Any], largest: int, salt: int = 0) -> None:
    """Write the pattern over an array: one short run, copied again and again."""
    if not array.flags.c_contiguous:
        array[...] = pattern(array.shape, array.dtype, largest, salt)
        return
    flat, run = array.reshape(-1), _run(largest, salt).astype(array.dtype)
    whole = flat.size // PERIOD * PERIOD
    flat[:whole].reshape(-1, PERIOD)[...] = run
    flat[whole:] = run[: flat.size - whole]


def _run(largest: int, salt: int) -> NDArray[Any]:
    """One period: a linear congruence modulo a larger prime, its upper digits, which do not follow a line."""
    numbers = np.arange(PERIOD, dtype=np.int64) + PERIOD * salt
    mixed = (numbers * numbers * 40_503 + numbers * 9_973) % 65_537
    return mixed // 7 % (2 * largest + 1) - largest


def largest_sum(op: ops.Conv | ops.Linear) -> int:
    """More than any output can be: products of one output, each as large as can be, and the bias."""
    products = op.in_features if isinstance(op, ops.Linear) else op.in_channels // op.groups * prod(op.kernel_size)
    return products * LARGEST_INPUT * LARGEST_WEIGHT + LARGEST_WEIGHT


def exact_dtype(bound: int) -> np.dtype[Any]:
    """The first of float32, float64 and int64 in which every sum of absolute values up to `bound` is exact.

    >>> [str(exact_dtype(bound)) for bound in (10**7, 10**8, 10**16)]
    ['float32', 'float64', 'int64']
    """
    name = next((name for name, limit in EXACT.items() if bound < limit), "int64")
    return np.dtype(name)


def op_weights(op: ops.Op, salt: int = 0, dtype: np.dtype[Any] | None = None) -> Weights | None:
    """Small integers for what an operation learns, different ones for every `salt`; None where it learns nothing.

    >>> op_weights(ops.Scale(3)).kernel.tolist()
    [-2.0, -2.0, 2.0]

    In `dtype`, or in the first one in which every sum is exact.
    """
    found = SHAPES[type(op)](op)
    if found is None:
        return None
    kernel, bias = found
    of = dtype or exact_dtype(largest_sum(op) if isinstance(op, ops.Conv | ops.Linear) else 1)
    shift = None if bias is None else pattern((bias,), of, LARGEST_WEIGHT, salt + 1)
    return Weights(pattern(kernel, of, LARGEST_WEIGHT, salt), shift)


def _conv_shapes(op: ops.Conv) -> tuple[tuple[int, ...], int | None]:
    shape = (op.groups, *op.kernel_size, op.in_channels // op.groups, op.out_channels // op.groups)
    return shape, op.out_channels if op.bias else None


#: The shape of a kernel or a scale and the length of a bias or a shift, as in `Weights`; None: nothing is learned.
SHAPES: ops.ByOp[Callable[[Any], tuple[tuple[int, ...], int | None] | None]] = ops.ByOp(
    {
        ops.Conv: _conv_shapes,
        ops.Linear: lambda op: ((op.in_features, op.out_features), op.out_features if op.bias else None),
        ops.Scale: lambda op: ((op.channels,), None),
        ops.Norm: lambda op: ((op.channels,), None if op.kind == "rms-norm" else op.channels) if op.affine else None,
        ops.Tokens: lambda op: ((op.learned + op.positions, op.channels), None),
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm), lambda op: ((op.channels,), op.channels)),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda _: None),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool, ops.Counted), lambda _: None),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention), lambda _: None),
)
