"""What is timed side by side: the variants of a layer, or each distinct layer of a network alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph.ops import Activation, BatchNorm, Conv, Counted, Flatten, Graph, Linear, Node, Op, Scale, Shape, Split
from ..graph.shapes import infer_shapes
from ..spec.layer import LayerSpec
from ..variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant, shown_variants

if TYPE_CHECKING:
    from .engines import Run


class Subject(NamedTuple):
    """A graph that is to be timed, or why it is not; `run` makes a file ready that is to run as it is."""

    name: str
    role: str
    graph: Graph | None = None
    shapes: Sequence[Shape] = ()
    reason: str | None = None
    often: int = 1
    fused: bool = True
    run: Callable[[], Run] | None = None


def variants_of(spec: LayerSpec, names: Iterable[str] | None) -> list[Subject]:
    """The variants of a layer, those that `compare` shows or those named."""
    wanted = shown_variants(spec.axes) if names is None else list(names)
    if not spec.is_plain and AS_GIVEN not in wanted:
        wanted.insert(0, AS_GIVEN)
    found = []
    for name in wanted:
        role = "replacement" if name == AS_GIVEN else all_variants()[name].role
        try:
            graph, _, shapes = build_variant(name, spec)
        except DoesNotApply as why:
            found.append(Subject(name, role, reason=str(why)))
            continue
        found.append(Subject(name, role, graph, shapes))
    return found


def base_of(spec: LayerSpec, subjects: Sequence[Subject]) -> str | None:
    """The row that ratios relate to, as in `compare`; None where it is not among those that are timed."""
    base = "standard" if spec.is_plain else AS_GIVEN
    return base if base in [subject.name for subject in subjects if subject.graph is not None] else None


def subjects_of(graph: Graph, shapes: Sequence[Shape]) -> list[Subject]:
    """Each distinct layer of a graph alone, and how often it comes: an operation with what an engine does in passing.

    >>> conv, act = Conv(2, 2, (1,), (1,), ((0, 0),), (1,)), Activation("relu")
    >>> nodes = (Node("conv", conv, (0,)), Node("act", act, (1,)), Node("again", conv, (2,)), Node("last", act, (3,)))
    >>> [(layer.name, layer.often, len(layer.graph.nodes)) for layer in subjects_of(Graph((1, 2, 5), "fp32", nodes),
    ...                                                                            [(1, 2, 5)] * 5)]
    [('conv', 2, 2)]
    """
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    found: dict[Any, Subject] = {}
    at = 0
    while at < len(graph.nodes):
        first = at
        at += 1
        while at < len(graph.nodes) and _follows(graph.nodes[at], at, uses):
            at += 1
        ops = [_alone(node.op) for node in graph.nodes[first:at]]
        inputs = graph.nodes[first].inputs
        if type(ops[0]) in (Flatten, Split, Counted) or len({*inputs}) != 1:
            continue
        given = shapes[inputs[0]]
        key = (given, len(inputs), *[(type(op), op) for op in ops])
        if key in found:
            found[key] = found[key]._replace(often=found[key].often + 1)
            continue
        nodes = [Node(node.name, op, (0,) * len(inputs) if not number else (number,))
                 for number, (node, op) in enumerate(zip(graph.nodes[first:at], ops))]  # fmt: skip
        alone = Graph(given, graph.dtype, tuple(nodes))
        found[key] = Subject(nodes[0].name, "layer", alone, infer_shapes(alone))
    return list(found.values())


def _follows(node: Node, at: int, uses: Counter[int]) -> bool:
    """Is this done in passing by the operation before it, which nobody else reads?"""
    return type(node.op) in (BatchNorm, Scale, Activation) and node.inputs == (at,) and uses[at] == 1


def _alone(op: Op) -> Op:
    """An operation that learns its own weights."""
    return op._replace(shared=False) if isinstance(op, Conv | Linear) else op
