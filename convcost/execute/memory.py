"""Arrays in memory: whose memory one shows, what is held, and what an operation may write over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The values that an operation may write over, if nobody needs them afterwards.
MAY_OVERWRITE: ops.ByOp[Callable[[ops.Node], ops.Ints]] = ops.ByOp(
    {
        ops.Add: lambda node: node.inputs,
        ops.Counted: lambda node: node.inputs[:1] if node.op.in_place else (),  # type: ignore[union-attr]  # it is one
    },
    dict.fromkeys(
        (ops.Multiply, ops.Activation, ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Norm), lambda node: node.inputs[:1]
    ),
    dict.fromkeys(
        (ops.Conv, ops.Linear, ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.Pool, ops.AdaptivePool),
        lambda _: (),
    ),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Tokens), lambda _: ()),
)


def reusable(
    node: ops.Node, arrays: Mapping[int, NDArray[Any]], uses: Counter[int], given: set[int], widths: Sequence[int] = ()
) -> NDArray[Any] | None:
    """The array that a node writes over: nobody reads its memory any more, nor was it `given`.

    `widths`: bits of a number of every value; what is written over has those of what is written, the node's own last.
    """
    kept = {id(owner(array)) for value, array in arrays.items() if uses[value] or value in given}
    fitting = [v for v in MAY_OVERWRITE[type(node.op)](node) if not widths or widths[v] == widths[-1]]
    return next((arrays[value] for value in fitting if id(owner(arrays[value])) not in kept), None)


def owner(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose memory this one shows: itself, or what it is a view of."""
    return array if array.base is None else array.base


def held(arrays: Mapping[int, NDArray[Any]]) -> dict[int, NDArray[Any]]:
    """The memory held, each piece once, by the first value that it carries."""
    first: dict[int, int] = {}
    for value in sorted(arrays):
        first.setdefault(id(owner(arrays[value])), value)
    return {value: owner(arrays[value]) for value in first.values()}


def channels_last(shape: ops.Ints) -> ops.Ints:
    """(batch, channels, *spatial) as arrays lie here.

    >>> channels_last((1, 3, 8, 9)), channels_last((1, 3))
    ((1, 8, 9, 3), (1, 3))
    """
    return (*shape[:1], *shape[2:], *shape[1:2])


def declared(op: ops.Counted, shown: NDArray[Any] | None, dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of the shape that was counted, in the memory of `shown` where there is one; nothing is executed."""
    shape = channels_last(op.output_shape)
    return np.empty(shape, dtype) if shown is None else np.ndarray(shape, dtype, buffer=owner(shown))
