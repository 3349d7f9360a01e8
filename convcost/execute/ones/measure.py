"""Runs a graph in its own order: real arrays, allocated when made and dropped when nobody needs them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Add, Counted, Graph, Node, Shape
from .primitives import OVERWRITING, run_op

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bytes an element takes in each dtype that a graph may be of.
ELEMENT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}


class MeasuredOp(NamedTuple):
    """One operation as executed; `output_shape` is (batch, channels, *spatial), `peak_bytes` alive while it runs."""

    name: str
    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    elementwise: int = 0
    conv_activations: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0
    peak_bytes: int = 0


class Measured(NamedTuple):
    """A whole graph as executed; bytes are sizes of the arrays that it touched, in the graph's dtype.

    `peak_bytes` are the activations alive at once; `traffic_bytes` the arrays that each operation read and wrote.
    """

    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    peak_bytes: int
    ops: tuple[MeasuredOp, ...]
    elementwise: int = 0
    conv_activations: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    traffic_bytes: int = 0


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
    first, size = graph.input_shape[:2], graph.input_shape[2:]
    arrays: dict[int, NDArray[Any]] = {0: np.ones((*first[:1], *size, *first[1:]), np.uint8)}
    given = {0, *[number for number, node in enumerate(graph.nodes, 1) if not node.inputs]}
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    uses[len(graph.nodes)] += 1  # the output has a reader outside
    ops, width = list[MeasuredOp](), ELEMENT_BYTES[graph.dtype]
    peak = arrays[0].size * width
    for number, node in enumerate(graph.nodes, 1):
        inputs = [arrays[value] for value in node.inputs]
        uses.subtract(node.inputs)
        target = _reusable(node, arrays, uses, given) if inplace else None
        arrays[number], counted = run_op(node.op, inputs, target)
        held = [arrays[value] for value in dict.fromkeys(node.inputs)]
        sizes = _touched(node, held, arrays[number], counted[0], width)
        ops.append(MeasuredOp(node.name, _shape(arrays[number]), *counted, *sizes, _elements(arrays) * width))
        peak = max(peak, ops[-1].peak_bytes)
        if number != len(graph.nodes):
            arrays[number].fill(1)
        del inputs, target, held
        for value in {*node.inputs, number}:
            if not uses[value]:
                del arrays[value]
    return _summary(ops, _shape(arrays[len(graph.nodes)]), peak)


def _summary(ops: list[MeasuredOp], shape: Shape, peak_bytes: int) -> Measured:
    params, macs, effective, *rest = [sum(column) for column in zip(*[op[2:-1] for op in ops])] or [0] * 8
    return Measured(shape, params, macs, effective, peak_bytes, tuple(ops), *rest)


def _touched(
    node: Node, inputs: list[NDArray[Any]], made: NDArray[Any], params: int, width: int
) -> tuple[int, int, int]:
    """Bytes of the weights, of memory that is new, and of all arrays read and written; a view touches none."""
    shown = any(_owner(made) is _owner(array) for array in inputs)
    if shown and not isinstance(node.op, (*OVERWRITING, Counted)):
        return params * width, 0, 0
    moved = sum([array.size for array in inputs]) + params + made.size
    new = made.size if node.inputs and not shown else 0
    if isinstance(node.op, Counted):  # not executed: what it moves is what stands in it
        moved = (moved if node.op.moved is None else node.op.moved) * node.op.times
        new *= node.op.times
    return params * width, new * width, moved * width


def _reusable(
    node: Node, arrays: dict[int, NDArray[Any]], uses: Counter[int], given: set[int]
) -> NDArray[Any] | None:  # fmt: skip
    """The array an elementwise operation may write over: nobody reads its memory any more, nor was it `given`."""
    if not (isinstance(node.op, OVERWRITING) or (isinstance(node.op, Counted) and node.op.in_place)):
        return None
    kept = {id(_owner(array)) for value, array in arrays.items() if uses[value] or value in given}
    candidates = node.inputs if isinstance(node.op, Add) else node.inputs[:1]
    return next((arrays[value] for value in candidates if id(_owner(arrays[value])) not in kept), None)


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose memory this one shows: itself, or what it is a view of."""
    return array if array.base is None else array.base


def _elements(arrays: dict[int, NDArray[Any]]) -> int:
    """Elements of all the memory held, what carries several values counted once."""
    owners = [_owner(array) for array in arrays.values()]
    return sum([owner.size for owner in {id(owner): owner for owner in owners}.values()])


def _shape(array: NDArray[Any]) -> Shape:
    return (*array.shape[:1], *array.shape[1:][-1:], *array.shape[1:-1])
