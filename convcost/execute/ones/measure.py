"""Runs a graph in its own order: real arrays, allocated when made and dropped when nobody needs them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Conv, Counted, Graph, Linear, Node, Op, Shape
from ..memory import channels_last, held, owner, reusable
from .primitives import Tally, run_op

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Types whose names do not end in their number of bits.
NAMED_BITS = {"binary": 1, "bool": 8}


class MeasuredOp(NamedTuple):
    """One operation as executed; `output_shape` is (batch, channels, *spatial), `peak_bytes` alive while it runs."""

    name: str
    output_shape: Shape
    params: int
    macs: int
    effective_macs: int
    elementwise: int
    conv_activations: int
    weight_bytes: int
    activation_bytes: int
    traffic_bytes: int
    peak_bytes: int


class Measured(NamedTuple):
    """A whole graph as executed; bytes are sizes of the arrays that it touched, each in the type that it stands for.

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
    arrays: dict[int, NDArray[Any]] = {0: np.ones(channels_last(graph.input_shape), np.uint8)}
    given = {0, *[number for number, node in enumerate(graph.nodes, 1) if not node.inputs]}
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    uses[len(graph.nodes)] += 1  # the output has a reader outside
    ops, bits, known = list[MeasuredOp](), _value_bits(graph), dict[Any, tuple[Shape, Tally]]()
    peak = _alive(arrays, bits)
    for number, node in enumerate(graph.nodes, 1):
        inputs = [arrays[value] for value in node.inputs]
        uses.subtract(node.inputs)
        target = reusable(node, arrays, uses, given, bits[: number + 1]) if inplace else None
        arrays[number], tally = _run_once(node.op, inputs, target, known)
        weight_bytes = _weight_bytes(graph, number - 1, tally), _again_bytes(graph, bits[number], tally)
        sizes = _touched(node, number, arrays, bits, *weight_bytes, written_over=target is not None)
        params = sum([size for _, size in tally.read])
        ops.append(MeasuredOp(node.name, _shape(arrays[number]), params, *tally[1:-1], *sizes, _alive(arrays, bits)))
        peak = max(peak, ops[-1].peak_bytes)
        if number != len(graph.nodes):
            arrays[number].fill(1)
        del inputs, target
        for value in {*node.inputs, number}:
            if not uses[value]:
                del arrays[value]
    return _summary(ops, _shape(arrays[len(graph.nodes)]), peak)


def _run_once(
    op: Op, inputs: list[NDArray[Any]], target: NDArray[Any] | None, known: dict[Any, tuple[Shape, Tally]]
) -> tuple[NDArray[Any], Tally]:
    """Products on ones of the same shapes are counted once in a graph; each of them gets an array of its own."""
    if not isinstance(op, Conv | Linear):
        return run_op(op, inputs, target)
    key = (type(op), op, inputs[0].shape)
    if key in known:
        shape, tally = known[key]
        return np.empty(shape, np.uint8), tally
    made, tally = run_op(op, inputs, target)
    known[key] = (made.shape, tally)
    return made, tally


def _summary(ops: list[MeasuredOp], shape: Shape, peak_bytes: int) -> Measured:
    params, macs, effective, *rest = [sum(column) for column in zip(*[op[2:-1] for op in ops])] or [0] * 8
    return Measured(shape, params, macs, effective, peak_bytes, tuple(ops), *rest)


def _touched(
    node: Node,
    number: int,
    arrays: dict[int, NDArray[Any]],
    bits: list[int],
    weight_bytes: int,
    again: int,
    *,
    written_over: bool,
) -> tuple[int, int, int]:
    """Bytes of the weights (those read `again` apart), of memory that is new, and of arrays read and written."""
    made, read = arrays[number], dict.fromkeys(node.inputs)
    shown = any(owner(made) is owner(arrays[value]) for value in read)
    op: Op | None = node.op if isinstance(node.op, Counted) else None
    if shown and not written_over and op is None:
        return weight_bytes, 0, 0
    size = _bytes(bits[number], made.size)
    moved = sum([_bytes(bits[value], arrays[value].size) for value in read]) + weight_bytes + again + size
    new = size if node.inputs and not shown else 0
    if isinstance(op, Counted):  # not executed: what it moves is what stands in it
        moved = (moved if op.moved is None else _bytes(bits[number], op.moved)) * op.times
        new *= op.times
    return weight_bytes, new, moved


def _alive(arrays: dict[int, NDArray[Any]], bits: list[int]) -> int:
    """Bytes of all the memory held, what carries several values counted once."""
    return sum([_bytes(bits[value], array.size) for value, array in held(arrays).items()])


def _shape(array: NDArray[Any]) -> Shape:
    return (*array.shape[:1], *array.shape[1:][-1:], *array.shape[1:-1])


def _bytes(bits: int, numbers: int) -> int:
    """Bytes that hold so many bits, the last one begun counted."""
    whole, rest = divmod(bits * numbers, 8)
    return whole + (rest > 0)


def _value_bits(graph: Graph) -> list[int]:
    """Bits of a number of every value, the input first."""
    if graph.value_types is not None:
        return [_bits(name) for name in graph.value_types]
    return [_widths(graph.dtype)[1]] * (len(graph.nodes) + 1)


def _weight_bytes(graph: Graph, index: int, tally: Tally) -> int:
    """Bytes of the weight arrays that an operation read, in the types that they stand for.

    Where a file says the types, what it says of the operation must be as many numbers as the arrays have.
    """
    if graph.weight_types is None:
        roles = _role_bits(graph.dtype)
        return sum([_bytes(roles[role], size) for role, size in tally.read])
    said, read = graph.weight_types[index], sum([size for _, size in tally.read])
    if sum([size for _, size in said]) != read:
        raise ValueError(f"{graph.nodes[index].name}: {read} numbers were read, types are said of {said}")
    return sum([_bytes(_bits(name), size) for name, size in said])


def _again_bytes(graph: Graph, made: int, tally: Tally) -> int:
    """Bytes of the arrays that another operation learns; where a file says types, as wide as the numbers `made`."""
    roles = _role_bits(graph.dtype)
    typed = graph.weight_types is not None
    return sum([_bytes(made if typed else roles[role], size) for role, size in tally.again])


def _bits(name: str) -> int:
    """Bits of a number, off the name of its type: as IEEE 754, OCP and ONNX name them.

    >>> _bits("bf16"), _bits("int4"), _bits("binary")
    (16, 4, 1)
    """
    digits = re.search(r"\d+$", name)
    return NAMED_BITS[name] if digits is None else int(digits[0])


def _widths(dtype: str) -> tuple[int, int]:
    """Bits of weights and of values: `wXaY` says both, any other type is that of all."""
    both = re.fullmatch(r"w(\d+)a(\d+)", dtype)
    return (int(both[1]), int(both[2])) if both else (_bits(dtype), _bits(dtype))


def _role_bits(dtype: str) -> dict[str, int]:
    """Bits of what is learned; beside integers a bias has 32, 64 with values of 16, and what norms learn 32."""
    weights, values = _widths(dtype)
    if dtype.startswith(("fp", "bf")):
        return {"weights": weights, "biases": weights, "norms": weights}
    return {"weights": weights, "biases": 64 if values == 16 else 32, "norms": 32}
