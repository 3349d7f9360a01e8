"""Executes a row, at full size or reduced, and holds the analysis against what came out."""

from math import prod
from typing import NamedTuple

from .analysis import Analysis, analyze, words
from .graph.ops import Conv, Graph, Op, Shape
from .graph.shapes import infer_shapes, output_shape
from .spec.layer import LayerSpec
from .variants.reduced import reduce_spec
from .variants.registry import DoesNotApply, build_variant
from .verify import Check, check, measure
from .verify.evidence import WORDS

#: Multiply-adds a row up to which it is executed at full size.
DEFAULT_LIMIT = 4_000_000_000

#: Numbers that an execution may hold, activations and weights together (256 MiB in float32).
MOST_NUMBERS = 1 << 26

#: The words that every execution checks.
CHECKED = WORDS


class Verified(NamedTuple):
    """What the execution of a row showed: `size` is "full", the reduced sizes, or None if nothing ran."""

    status: str
    size: str | dict[str, object] | None
    checks: dict[str, Check]
    reason: str | None = None


class Verifier:
    """Executes rows up to `limit` multiply-adds at full size, larger ones at a reduced size.

    >>> from convcost.comparison import answer
    >>> spec = LayerSpec(8, 16, (3, 3), (7, 5), padding=((1, 1), (1, 1)))
    >>> answer("standard", spec, verify=Verifier()).verified.status
    'verified'
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit

    def __call__(self, name: str, spec: LayerSpec, graph: Graph, analysis: Analysis, inplace: bool) -> Verified:
        """Judge one row: its graph and analysis are those of variant `name` of `spec`."""
        if self._fits(graph, analysis):
            return judge(graph, analysis, inplace, "full")
        small = reduce_spec(spec)
        try:
            graph, _, shapes = build_variant(name, small)
        except DoesNotApply as why:
            return Verified("skipped", None, {}, f"too large to execute; reduced, {why}")
        analysis = analyze(graph, inplace, shapes)
        if not self._fits(graph, analysis):
            return Verified("skipped", None, {}, "too large to execute, even reduced")
        return judge(graph, analysis, inplace, sizes(small))

    def _fits(self, graph: Graph, analysis: Analysis) -> bool:
        return analysis.cost.macs <= self.limit and numbers_held(graph) + analysis.cost.params <= MOST_NUMBERS


def numbers_held(graph: Graph) -> int:
    """Activations that executing `graph` holds at its widest operation, its padded input and its output."""
    shapes = infer_shapes(graph)
    return max([
        prod(padded(node.op, shapes[node.inputs[0]])) + prod(out) for node, out in zip(graph.nodes, shapes[1:])
    ])  # fmt: skip


def padded(op: Op, given: Shape) -> Shape:
    """The shape of an operation's input with its padding; a transposed one's before it is cropped."""
    if type(op) is not Conv:
        return given
    if op.transposed:
        op = op._replace(padding=((0, 0),) * len(op.padding), output_padding=(0,) * len(op.padding))
        return output_shape(op, [given])
    return (*given[:2], *[n + before + after for n, (before, after) in zip(given[2:], op.padding)])


def judge(graph: Graph, analysis: Analysis, inplace: bool, size: str | dict[str, object]) -> Verified:
    """Execute `graph` and compare."""
    answers = words(analysis)
    expected = {word: answers[word] for word in CHECKED}
    checks = check(expected, measure(graph, inplace=inplace))
    status = "verified" if all(c.ok for c in checks.values()) else "mismatch"
    return Verified(status, size, checks)


def sizes(spec: LayerSpec) -> dict[str, object]:
    """The sizes in which a reduced execution differs from the full one."""
    fields = ("in_channels", "out_channels", "groups", "input_size", "batch")
    return {field: getattr(spec, field) for field in fields}
