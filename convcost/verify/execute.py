"""Runs a graph in its own order: real arrays, allocated when made and dropped when nobody needs them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph.ops import Add, Graph, Node, Shape
from .evidence import Measured, MeasuredOp
from .primitives import OVERWRITING, run_op

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes an element takes in each dtype that a graph may be of.
ELEMENT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}


def measure(graph: Graph, *, inplace: bool = True) -> Measured:
    """Execute `graph` on ones and read the words off the arrays; all results exact ints.

    >>> from convcost.graph.ops import Conv
    >>> conv = Conv(2, 4, (3,), (1,), ((1, 1),), (1,))
    >>> measure(Graph((1, 2, 5), "fp32", (Node("conv", conv, (0,)),)))[:5]
    ((1, 4, 5), 24, 120, 104, 120)

    Every operation runs alone, on ones: where it has counted its products, its output becomes ones.
    With `inplace` elementwise operations write over an input that nobody needs afterwards, the
    graph's input excepted. ValueError where operations do not fit one another.
    """
    batch, channels, *size = graph.input_shape
    arrays: dict[int, NDArray[Any]] = {0: np.ones((batch, *size, channels), np.uint8)}
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    uses[len(graph.nodes)] += 1  # the output has a reader outside
    peak, ops = arrays[0].size, []
    for number, node in enumerate(graph.nodes, 1):
        inputs = [arrays[value] for value in node.inputs]
        uses.subtract(node.inputs)
        target = _reusable(node, arrays, uses) if inplace else None
        arrays[number], counted = run_op(node.op, inputs, target)
        ops.append(MeasuredOp(node.name, _shape(arrays[number]), *counted))
        if number != len(graph.nodes):
            arrays[number].fill(1)
        peak = max(peak, _elements(arrays))
        del inputs, target
        for value in {*node.inputs, number}:
            if not uses[value]:
                del arrays[value]
    return _summary(ops, _shape(arrays[len(graph.nodes)]), peak * ELEMENT_BYTES[graph.dtype])


def _summary(ops: list[MeasuredOp], shape: Shape, peak_bytes: int) -> Measured:
    params, macs, effective = (sum(column) for column in zip(*[op[2:] for op in ops])) if ops else (0, 0, 0)
    return Measured(shape, params, macs, effective, peak_bytes, tuple(ops))


def _reusable(node: Node, arrays: dict[int, NDArray[Any]], uses: Counter[int]) -> NDArray[Any] | None:
    """The array an elementwise operation may write over: nobody reads its memory any more, nor is it value 0's."""
    if not isinstance(node.op, OVERWRITING):
        return None
    kept = {id(_owner(array)) for value, array in arrays.items() if uses[value] or not value}
    given = node.inputs if isinstance(node.op, Add) else node.inputs[:1]
    return next((arrays[value] for value in given if id(_owner(arrays[value])) not in kept), None)


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose memory this one shows: itself, or what it is a view of."""
    return array if array.base is None else array.base


def _elements(arrays: dict[int, NDArray[Any]]) -> int:
    """Elements of all the memory held, what carries several values counted once."""
    owners = [_owner(array) for array in arrays.values()]
    return sum([owner.size for owner in {id(owner): owner for owner in owners}.values()])


def _shape(array: NDArray[Any]) -> Shape:
    batch, *size, channels = array.shape
    return batch, channels, *size
