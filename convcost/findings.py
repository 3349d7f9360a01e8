"""The checks of one row, each a finding: what was expected, what an execution gave, how long that took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

from .analysis import Analysis, analyze, words
from .analysis.cost import WIDTH
from .equivalents import Equivalence, with_interior
from .graph.ops import Conv, Graph, Shape
from .spec.layer import LayerSpec
from .variants.registry import build_variant
from .verification import check_seen, sizes
from .verify import check, measure
from .verify.exact import exact_values
from .verify.maps import compare_maps, compare_scalar
from .verify.run_values import ValueRun, run_values

#: The scalar loop meets products one by one: more than this many are left out, and said to be.
SCALAR_PRODUCTS = 3_000_000


class Finding(NamedTuple):
    """One check: what was expected, what was found, whether that is the same; None where it does not apply.

    `size` is "full" or the sizes of a reduced execution; `note` says what else there is to know.
    """

    name: str
    ok: bool | None
    expected: object
    measured: object
    size: str | dict[str, object]
    seconds: float
    note: str = ""


class Subject(NamedTuple):
    """What a check looks at: a variant at one size, and its analysis."""

    name: str
    spec: LayerSpec
    graph: Graph
    analysis: Analysis
    shapes: list[Shape]
    size: str | dict[str, object]
    inplace: bool

    def convs(self) -> Iterator[tuple[str, Conv, Shape]]:
        """Each convolution with the shape of its input."""
        for node in self.graph.nodes:
            if isinstance(node.op, Conv):
                yield node.name, node.op, self.shapes[node.inputs[0]]


def make_subject(name: str, spec: LayerSpec, inplace: bool, size: str | dict[str, object]) -> Subject:
    graph, _, shapes = build_variant(name, spec)
    return Subject(name, spec, graph, analyze(graph, inplace, shapes), shapes, size, inplace)


def timed(run: Callable[[], Finding]) -> Finding:
    start = perf_counter()
    finding = run()
    return finding._replace(seconds=perf_counter() - start)


def executed_words(subject: Subject) -> list[Finding]:
    """The words that the arrays of one execution on ones show; the time is that of all together."""
    start = perf_counter()
    each = [words(op) for op in subject.analysis.ops]
    found = check(words(subject.analysis), measure(subject.graph, inplace=subject.inplace), each)
    seconds = perf_counter() - start
    return [
        Finding(word, c.ok, c.expected, c.measured, subject.size, seconds / len(found), "execution on ones")
        for word, c in found.items()
    ]


def counts(used: Subject, small: Subject) -> list[Finding]:
    """Maps of counts: all of them against the axes walked, and at a reduced size against a scalar loop."""

    def maps() -> Finding:
        found = [compare_maps(op, shape) for _, op, shape in used.convs()]
        return _pairs("count map", used, found, "every position; against each axis walked")

    def scalar() -> Finding:
        products = sum([op.cost.macs // max(1, op.output_shape[1]) for op in small.analysis.ops])
        if products > SCALAR_PRODUCTS:
            return Finding("scalar count", None, None, None, small.size, 0.0, "too many products for a scalar loop")
        found = [compare_scalar(op, shape) for _, op, shape in small.convs()]
        return _pairs("scalar count", small, found, "each multiplication counted as it is met, without NumPy")

    return [timed(maps), timed(scalar)]


def _pairs(name: str, subject: Subject, found: list[Any], note: str) -> Finding:
    """MACs and effective MACs by analysis, and the sums of maps that were the same everywhere."""
    expected = [subject.analysis.cost.macs, subject.analysis.cost.effective_macs]
    measured = [sum([one.macs for one in found]), sum([one.effective_macs for one in found])]
    ok = all(one.same for one in found) and expected == measured
    return Finding(name, ok, expected, measured, subject.size, 0.0, note)


def issued(subject: Subject) -> tuple[Finding, ValueRun]:
    """Products by the shapes of the arrays that were multiplied, operation by operation."""
    start = perf_counter()
    run = run_values(subject.graph, inplace=subject.inplace)
    seconds = perf_counter() - start
    expected, measured = [op.cost.macs for op in subject.analysis.ops], [op.products for op in run.ops]
    names = list(dict.fromkeys([op.algorithm for op in run.ops if op.algorithm != "elementwise"]))
    finding = Finding("products issued", expected == measured, sum(expected), sum(measured), subject.size, seconds,
                      "; ".join(names))  # fmt: skip
    return finding, run


def values(subject: Subject) -> Finding:
    """Every operation, on integers, against int64; one that comes twice is executed once."""
    each = dict.fromkeys([(node.op, tuple([subject.shapes[v] for v in node.inputs])) for node in subject.graph.nodes])
    found = [exact_values(op, list(shapes)) for op, shapes in each]
    applying = [one for one in found if one is not None]
    same = sum([one.same for one in applying])
    note = f"operations in {', '.join(sorted({one.dtype for one in applying}))}, bit-identical to int64"
    note += "; the activation is none of integers" * (len(applying) < len(found))
    return Finding("values", same == len(applying), len(applying), same, subject.size, 0.0, note)


def memory(subject: Subject, run: ValueRun) -> Finding:
    """What the allocator gave out at most, scratch apart, is the peak in float32."""
    peak = subject.analysis.peak_bytes // WIDTH[subject.graph.dtype] * WIDTH["fp32"]
    measured = run.tensor_bytes if run.traced_bytes is None else run.traced_bytes
    same = peak == run.tensor_bytes == measured
    return Finding("memory", same, peak, measured, subject.size, 0.0,
                   f"as float32, by tracemalloc; beside it {run.scratch_bytes:,} bytes of scratch")  # fmt: skip


def seen(subject: Subject) -> list[Finding]:
    """Receptive field and mixing; the former not where it is not known, nor where it would take too large an input."""
    start = perf_counter()
    found = check_seen(subject.graph, subject.analysis)
    seconds = (perf_counter() - start) / len(found)
    note = "by disturbing one input at a time, of the whole and of each operation"
    return [
        Finding(word, c.ok, c.expected, c.measured, "reduced", seconds,
                note if c.ok is not None or c.expected is None else "too large an input would be needed")
        for word, c in found.items()
    ]  # fmt: skip


def equivalence(found: Equivalence | str, spec: LayerSpec) -> Finding:
    """Beside one dense convolution, at the size that has an interior."""
    if isinstance(found, str):
        return Finding("equivalence", None, None, None, "full", 0.0, found)
    kind = "transposed " * found.transposed
    note = "without its activations, " * found.nonlinear
    note += f"one dense {kind}{'x'.join(map(str, found.taps))} convolution gives the same output"
    note += "" if found.where == "everywhere" else " in the interior: at the border, padding between stages differs"
    note += f"; {found.free:,} free parameters for its {found.dense:,}; {found.constraint}"
    if found.rank is not None:
        note += f" ({found.rank} of {found.rank_bound} here)"
    where = found.where if found.same else "computes something else"
    return Finding("equivalence", found.same, found.where, where, sizes(with_interior(spec), spec), 0.0, note)
