"""All the words for a graph and for each of its operations."""

from math import prod
from typing import Any, NamedTuple

from ..graph.ops import Graph, Ints, Node, Op, Shape
from ..graph.shapes import infer_shapes
from .cost import WIDTH, Cost, op_cost
from .field import mixes, op_field, receptive_field
from .memory import Step, liveness
from .traced import largest


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
    width = WIDTH[graph.dtype]
    sizes = [prod(shape) * width for shape in shapes]
    steps = tuple(liveness(graph, inplace))
    pairs = zip(graph.nodes, steps)
    ops = tuple([_analyze_op(*pair, index, shapes, sizes, width) for index, pair in enumerate(pairs)])
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


def _analyze_op(
    node: Node, step: Step, index: int, shapes: list[Shape], sizes: list[int], width: int
) -> OpAnalysis:  # fmt: skip
    op, out = node.op, shapes[index + 1]
    inputs = [shapes[v] for v in dict.fromkeys(node.inputs)]
    cost = op_cost(op, inputs, out, width, allocates=step.allocates)
    field = op_field(op, inputs[0]) if inputs else None
    peak = sum([sizes[v] for v in step.alive])
    return OpAnalysis(node.name, op, out, cost, peak, field, mixes(op), not step.allocates)
