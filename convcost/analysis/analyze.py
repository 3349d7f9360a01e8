"""All the words for a graph and for each of its operations."""

from collections import Counter
from math import prod
from typing import Any

from ..graph.dtypes import bits_of, tensor_bytes, types_of, value_types
from ..graph.ops import Graph, Ints, Op, Shape
from ..graph.shapes import infer_shapes
from ..spec.records import NamedTuple
from .cost import LEARNED, Cost, OpTypes, of_dtype, op_cost
from .field import mixes, op_field, receptive_field
from .memory import Step, liveness
from .sizes import largest


class OpAnalysis(NamedTuple):
    """One operation: the words of DESIGN for it alone; `peak_bytes` is what is alive while it runs."""

    name: str
    op: Op
    output_shape: Shape
    cost: Cost
    peak_bytes: int
    receptive_field: Ints | None
    mixes: list[str]
    in_place: bool  # or a view: no tensor of its own


class Analysis(NamedTuple):
    """A whole graph: totals of the additive words, and those that do not add."""

    output_shape: Shape
    cost: Cost
    peak_bytes: int
    receptive_field: Ints | None
    mixes: list[str]
    ops: tuple[OpAnalysis, ...]
    steps: tuple[Step, ...]  # what is alive at each operation


#: Every word that an analysis answers, in the order in which it is printed.
WORDS = (
    "output_shape", "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes",
    "activation_bytes", "peak_bytes", "traffic_bytes", "arithmetic_intensity", "receptive_field", "mixes",
)  # fmt: skip


def words(of: Analysis | OpAnalysis) -> dict[str, Any]:
    """All the words of an analysis by name: shapes with the batch, sizes in bytes, intensity in FLOPs a byte.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(1, 1, (3,), (1,), ((1, 1),), (1,))
    >>> words(analyze(Graph((1, 1, 8), "fp32", (Node("conv", conv, (0,)),))))["effective_macs"]
    22
    """
    params, macs, effective_macs, elementwise, convs, weight_bytes, activation_bytes, traffic_bytes = of.cost
    values = (
        of.output_shape, params, macs, effective_macs, 2 * macs, elementwise, convs, weight_bytes, activation_bytes,
        of.peak_bytes, traffic_bytes, 2 * macs / traffic_bytes if traffic_bytes else None, of.receptive_field, of.mixes,
    )  # fmt: skip
    return dict(zip(WORDS, values))


def analyze(graph: Graph, inplace: bool = True, shapes: list[Shape] | None = None) -> Analysis:
    """Cost, memory, receptive field and mixing of `graph`; `inplace` lets elementwise operations overwrite.

    `shapes`, of every value, spares inferring them again.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> analyze(Graph((1, 64, 56, 56), "fp32", (Node("conv", conv, (0,)),))).peak_bytes
    2408448
    """
    shapes = shapes or infer_shapes(graph)
    sizes = value_bytes(graph, shapes)
    known: Known | None = {} if len(graph.nodes) >= MANY else None
    steps = tuple(liveness(graph, inplace))
    ops = tuple([_analyze_op(graph, step, index, shapes, sizes, known) for index, step in enumerate(steps)])
    if len(ops) == 1:  # a graph of one operation is that operation: most of a batch of layers
        (only,) = ops
        return Analysis(only.output_shape, only.cost, only.peak_bytes, only.receptive_field, only.mixes, ops, steps)
    mixed = {word for op in ops for word in op.mixes}
    return Analysis(
        shapes[-1],
        sum([op.cost for op in ops], Cost()),
        largest([op.peak_bytes for op in ops]),
        receptive_field(graph, shapes),
        [word for word in ("space", "channels") if word in mixed],
        ops,
        steps,
    )


def value_bytes(graph: Graph, shapes: list[Shape]) -> list[int]:
    """Bytes of every value, in its own type."""
    return [tensor_bytes(bits_of(name), prod(shape)) for name, shape in zip(value_types(graph), shapes)]


def tensor_types(graph: Graph) -> Counter[str]:
    """The types of a graph's tensors: how many learned numbers each has; 0 for those of values alone.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(8, 4, (1,), (1,), ((0, 0),), (1,), bias=True)
    >>> tensor_types(Graph((1, 8, 9), "w4a8", (Node("conv", conv, (0,)),)))
    Counter({'int4': 32, 'int32': 4, 'int8': 0})
    """
    roles, found = types_of(graph.dtype), Counter[str]()
    for index, node in enumerate(graph.nodes):
        if graph.weight_types is not None:
            learned = graph.weight_types[index]
        else:
            learned = tuple([(getattr(roles, role), numbers) for role, numbers in LEARNED[type(node.op)](node.op)])
        for name, numbers in learned:
            if numbers:
                found[name] += numbers
    found.update(dict.fromkeys(value_types(graph), 0))
    return found


#: What is known of an operation on given shapes: its cost, its receptive field, what it mixes.
Facts = tuple[Cost, Ints | None, list[str]]
Known = dict[tuple[Any, ...], Facts]

#: Graphs of so many operations have some that come again and again: ResNet-50 has 55 different ones among 175.
MANY = 24


def _analyze_op(
    graph: Graph, step: Step, index: int, shapes: list[Shape], sizes: list[int], known: Known | None
) -> OpAnalysis:  # fmt: skip
    node, out, values = graph.nodes[index], shapes[index + 1], tuple(dict.fromkeys(graph.nodes[index].inputs))
    inputs, types = tuple([shapes[v] for v in values]), _op_types(graph, index, values)
    cost, field, mixed = _remembered(known, node.op, inputs, out, types, step.allocates)
    peak = sum([sizes[v] for v in step.alive])
    return OpAnalysis(node.name, node.op, out, cost, peak, field, mixed, not step.allocates)


def _remembered(known: Known | None, op: Op, *given: Any) -> Facts:
    """The facts of what was met before; sizes that are formulas are not hashed, and looked at again each time."""
    if known is None:
        return _facts(op, *given)
    key = (type(op), op, *given)  # the type, too: as tuples a BatchNorm and a Scale of eight channels are equal
    try:
        found = known.get(key)
    except TypeError:
        return _facts(op, *given)
    if found is None:
        found = known[key] = _facts(op, *given)
    return found


def _facts(op: Op, inputs: tuple[Shape, ...], out: Shape, types: OpTypes, allocates: bool) -> Facts:
    cost = op_cost(op, [*inputs], out, types, allocates=allocates)
    return cost, op_field(op, inputs[0]) if inputs else None, mixes(op)


def _op_types(graph: Graph, index: int, values: Ints) -> OpTypes:
    if graph.value_types is None and graph.weight_types is None:
        return of_dtype(graph.dtype, len(values))
    types = value_types(graph)
    learned = types_of(graph.dtype) if graph.weight_types is None else graph.weight_types[index]
    return OpTypes(tuple([bits_of(types[v]) for v in values]), bits_of(types[index + 1]), learned)
