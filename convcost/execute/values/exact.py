"""Holds what the fast executor makes of integers against int64, operation by operation, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Activation, Add, BatchNorm, Conv, Op, Shape
from .integers import LARGEST_INPUT, LARGEST_WEIGHT, conv_integers, pattern
from .reference import reference_values
from .run_values import FLOAT32, apply_values
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .run_values import OpWeights

#: Activations that make integers of integers, in int64; of the others there is nothing exact to compare with.
INTEGER_ACTIVATIONS = {"relu": (0, None), "relu6": (0, 6)}


class Exact(NamedTuple):
    """Is the output that of int64? By which algorithm, in which dtype, from how many products."""

    same: bool
    algorithm: str
    dtype: str
    products: int


def exact_values(op: Op, shapes: list[Shape]) -> Exact | None:
    """Execute one operation on integers; None for an activation that is not one of integers.

    `shapes`: each input's (batch, channels, *spatial).

    >>> exact_values(Conv(2, 4, (3,), (1,), ((1, 1),), (1,)), [(1, 2, 5)])
    Exact(same=True, algorithm='im2col, one GEMM a tile', dtype='float32', products=120)
    """
    if isinstance(op, Activation) and op.kind not in INTEGER_ACTIVATIONS:
        return None
    weights = _weights(op)
    dtype = FLOAT32 if weights is None else weights[0].dtype
    inputs = [pattern((batch, *size, channels), dtype, LARGEST_INPUT, 5 + number)
              for number, (batch, channels, *size) in enumerate(shapes)]  # fmt: skip
    expected, bench = _in_int64(op, inputs, weights), Workbench()
    made, algorithm = apply_values(op, inputs, weights, None, bench)
    return Exact(np.array_equal(made, expected), algorithm, str(made.dtype), bench.products)


def _weights(op: Op) -> OpWeights | None:
    if isinstance(op, Conv):
        return conv_integers(op, salt=3)
    if isinstance(op, BatchNorm):
        scale, shift = (pattern((op.channels,), FLOAT32, LARGEST_WEIGHT, salt) for salt in (3, 4))
        return scale, shift
    return None


def _in_int64(op: Op, inputs: list[NDArray[Any]], weights: OpWeights | None) -> NDArray[np.int64]:
    if isinstance(op, Conv) and weights is not None:
        return reference_values(op, inputs[0], *weights)
    whole = [array.astype(np.int64) for array in inputs]
    if isinstance(op, Add):
        summed: NDArray[np.int64] = whole[0] + whole[1]
        return summed
    if isinstance(op, BatchNorm) and weights is not None and weights[1] is not None:
        normed: NDArray[np.int64] = whole[0] * weights[0].astype(np.int64) + weights[1].astype(np.int64)
        return normed
    if isinstance(op, Activation):
        return whole[0].clip(*INTEGER_ACTIVATIONS[op.kind])
    raise ValueError(f"{type(op).__name__} has no reference in integers")
