"""The whole evidence for one row: every check that there is, its two sides, and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from ..analysis import Analysis, analyze, words
from ..answers.check import Check
from ..execute.ones.maps import compare_maps, compare_scalar
from ..execute.ones.measure import measure
from ..execute.values.exact import exact_values
from ..execute.values.run_values import ValueRun, run_values
from ..graph.ops import Conv, Graph, Linear, Shape
from ..spec.layer import LayerSpec
from ..variants.reduced import reduce_spec
from ..variants.registry import AS_GIVEN, DoesNotApply, build_variant, shown_variants
from .equivalence import Equivalence, show_equivalence, with_interior
from .limits import expected_seconds, is_small, require_memory
from .verifier import DEFAULT_LIMIT, check, check_seen, sizes
from .wiring import check_stages

#: The scalar loop meets products one by one: more than this many are left out, and said to be.
SCALAR_PRODUCTS = 3_000_000

Checks = dict[str, Check]

#: Called before each part of the work, with a word for it.
Step = Callable[[str], None]

#: Parts into which the work on one variant is divided, for a bar that moves within it.
PARTS = 8


class Oracle(Protocol):
    """What else judges the values of a graph, by its name, at a size: another engine, say."""

    name: str

    def __call__(self, name: str, graph: Graph, size: str | dict[str, object]) -> Check: ...


class Examined(NamedTuple):
    """One variant: its checks in their order, how each operation was executed, what scratch that took."""

    variant: str
    reason: str | None
    checks: Checks = {}  # noqa: RUF012  # never written to
    run: ValueRun | None = None
    equivalence: Equivalence | None = None

    @property
    def ok(self) -> bool:
        """Does every check hold that applies?"""
        return all(check.ok is not False for check in self.checks.values())


def _unheard(_: str) -> None:
    """Nobody wants to know."""


def examine(
    name: str, spec: LayerSpec, limit: int = DEFAULT_LIMIT, *, inplace: bool = True, step: Step = _unheard,
    oracle: Oracle | None = None,
) -> Examined:  # fmt: skip
    """Every check of variant `name` of `spec`, at full size up to `limit` multiply-adds; `step` hears of its parts.

    >>> spec = LayerSpec(8, 16, (3, 3), (9, 7), padding=((1, 1), (1, 1)))
    >>> found = examine("standard", spec)
    >>> found.ok, list(found.checks)[-4:]
    (True, ['receptive_field', 'mixes', 'stages', 'equivalence'])

    Raises NotEnoughMemory where a size is executed that would not fit.
    """
    try:
        full = make_subject(name, spec, inplace, "full")
        reduced = reduce_spec(spec)
        small = make_subject(name, reduced, inplace, sizes(reduced, spec))
    except DoesNotApply as why:
        return Examined(name, str(why))
    used = full if is_small(full.graph, full.analysis, limit) else small
    if not is_small(used.graph, used.analysis, max(limit, 10**8)):
        return Examined(name, "too large to execute, even reduced")
    require_memory(name, used.graph, used.analysis)
    step(f"{name}: execution on values")
    issued, run = _issued(used)
    step(f"{name}: equivalence")
    start = perf_counter()
    shown = show_equivalence(name, spec)
    equivalent = _equivalence(shown, spec)._replace(seconds=perf_counter() - start)
    step(f"{name}: execution on ones")
    checks = _executed_words(used)
    step(f"{name}: count map")
    checks["count map"] = _timed(_count_maps, used)
    step(f"{name}: scalar count")
    checks["scalar count"] = _timed(_scalar_counts, small)
    checks["products issued"] = issued
    step(f"{name}: values")
    checks["values"] = _timed(_values, used)
    checks |= {oracle.name: oracle(name, used.graph, used.size)} if oracle else {}
    step(f"{name}: receptive field and mixing")
    checks |= {"memory": _memory(used, run), **_seen(full)}
    step(f"{name}: stages")
    checks |= {"stages": _timed(check_stages, name, spec, full.graph), "equivalence": equivalent}
    return Examined(name, None, checks, run, None if isinstance(shown, str) else shown)


def examine_all(
    spec: LayerSpec, names: list[str] | None, limit: int = DEFAULT_LIMIT, *, inplace: bool = True,
    step: Step = _unheard, oracle: Oracle | None = None,
) -> list[Examined]:  # fmt: skip
    """Every variant of a layer, or those named; `step` hears of each part of each."""
    wanted = wanted_names(spec, names)
    return [examine(name, spec, limit, inplace=inplace, step=step, oracle=oracle) for name in wanted]


def wanted_names(spec: LayerSpec, names: list[str] | None) -> list[str]:
    """The variants named, or those that `compare` shows; a grouped or transposed layer is itself one of them."""
    wanted = shown_variants(spec.axes) if names is None else list(names)
    return wanted if spec.is_plain or AS_GIVEN in wanted else [AS_GIVEN, *wanted]


def expected_time(spec: LayerSpec, names: list[str] | None, limit: int) -> float:
    """Roughly how many seconds `examine_all` will take."""
    total = 0.0
    for name in wanted_names(spec, names):
        try:
            full = make_subject(name, spec, True, "full")
        except DoesNotApply:
            continue
        total += expected_seconds(full.analysis) if is_small(full.graph, full.analysis, limit) else 0.1
    return total


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
        """Each convolution with the shape of its input; a matrix product is a 1x1 over its positions."""
        for node in self.graph.nodes:
            if isinstance(node.op, Conv):
                yield node.name, node.op, self.shapes[node.inputs[0]]
            elif isinstance(node.op, Linear):
                batch, channels, *size = self.shapes[node.inputs[0]]
                ones, none = (1,) * max(1, len(size)), ((0, 0),) * max(1, len(size))
                op = Conv(channels, node.op.out_features, ones, ones, none, ones, bias=node.op.bias)
                yield node.name, op, (batch, channels, *(size or ones))


def make_subject(name: str, spec: LayerSpec, inplace: bool, size: str | dict[str, object]) -> Subject:
    graph, _, shapes = build_variant(name, spec)
    return Subject(name, spec, graph, analyze(graph, inplace, shapes), shapes, size, inplace)


def _timed(run: Callable[..., Check], *given: Any) -> Check:
    start = perf_counter()
    found = run(*given)
    return found._replace(seconds=perf_counter() - start)


def _executed_words(subject: Subject) -> Checks:
    """The words that the arrays of one execution on ones show; the time is that of all together."""
    start = perf_counter()
    each = [words(op) for op in subject.analysis.ops]
    found = check(words(subject.analysis), measure(subject.graph, inplace=subject.inplace), each)
    seconds = perf_counter() - start
    each_seconds = seconds / len(found)
    return {
        word: one._replace(size=subject.size, seconds=each_seconds, note="execution on ones")
        for word, one in found.items()
    }


def _count_maps(subject: Subject) -> Check:
    """Maps of counts, all of them, against the axes walked."""
    found = [compare_maps(op, shape) for _, op, shape in subject.convs()]
    return _pairs(subject, found, "every position; against each axis walked")


def _scalar_counts(subject: Subject) -> Check:
    """The same against a scalar loop, where that is not too long."""
    products = sum([op.cost.macs // max(1, op.output_shape[1]) for op in subject.analysis.ops])
    if products > SCALAR_PRODUCTS:
        return Check(None, None, None, subject.size, note="too many products for a scalar loop")
    found = [compare_scalar(op, shape) for _, op, shape in subject.convs()]
    return _pairs(subject, found, "each multiplication counted as it is met, without NumPy")


def _pairs(subject: Subject, found: list[Any], note: str) -> Check:
    """MACs and effective MACs by analysis, and the sums of maps that were the same everywhere."""
    expected = [subject.analysis.cost.macs, subject.analysis.cost.effective_macs]
    measured = [sum([one.macs for one in found]), sum([one.effective_macs for one in found])]
    ok = all(one.same for one in found) and expected == measured
    return Check(expected, measured, ok, subject.size, note=note)


def _issued(subject: Subject) -> tuple[Check, ValueRun]:
    """Products by the shapes of the arrays that were multiplied, operation by operation."""
    start = perf_counter()
    run = run_values(subject.graph, inplace=subject.inplace)
    seconds = perf_counter() - start
    expected, measured = [op.cost.macs for op in subject.analysis.ops], [op.products for op in run.ops]
    names = list(dict.fromkeys([op.algorithm for op in run.ops if op.products]))
    same = expected == measured
    return Check(sum(expected), sum(measured), same, subject.size, seconds, "; ".join(names)), run


def _values(subject: Subject) -> Check:
    """Every operation, on integers, against int64; one that comes twice is executed once."""
    each = dict.fromkeys([
        (type(node.op), node.op, tuple([subject.shapes[v] for v in node.inputs])) for node in subject.graph.nodes
    ])  # fmt: skip
    found = [exact_values(op, list(shapes)) for _, op, shapes in each]
    applying = [one for one in found if one is not None]
    same = sum([one.same for one in applying])
    note = f"operations in {', '.join(sorted({one.dtype for one in applying}))}, bit-identical to int64"
    note += "; the activation is none of integers" * (len(applying) < len(found))
    return Check(len(applying), same, same == len(applying), subject.size, note=note)


def _memory(subject: Subject, run: ValueRun) -> Check:
    """What the allocator gave out at most, scratch apart, is the peak in float32."""
    plain = subject.graph._replace(dtype="fp32", value_types=None, weight_types=None)
    peak = analyze(plain, subject.inplace, subject.shapes).peak_bytes
    measured = run.tensor_bytes if run.traced_bytes is None else run.traced_bytes
    same = peak == run.tensor_bytes == measured
    note = f"as float32, by tracemalloc; beside it {run.scratch_bytes:,} bytes of scratch"
    return Check(peak, measured, same, subject.size, note=note)


def _seen(subject: Subject) -> Checks:
    """Receptive field and mixing; the former not where it is not known, nor where it would take too large an input."""
    start = perf_counter()
    found = check_seen(subject.graph, subject.analysis)
    seconds = (perf_counter() - start) / len(found)
    note = "by disturbing one input at a time, of the whole and of each operation"
    large = "too large an input would be needed"
    return {
        word: one._replace(
            size="reduced", seconds=seconds, note=note if one.ok is not None or one.expected is None else large
        )
        for word, one in found.items()
    }


def _equivalence(found: Equivalence | str, spec: LayerSpec) -> Check:
    """Beside one dense convolution, at the size that has an interior."""
    if isinstance(found, str):
        return Check(None, None, None, note=found)
    kind = "transposed " * found.transposed
    if found.where == "nowhere":
        return Check("everywhere", found.where, False, sizes(with_interior(spec), spec), note=found.constraint)
    note = "with its gate at 1, " * found.gated + "without its activations, " * found.nonlinear
    note += f"one dense {kind}{'x'.join(map(str, found.taps))} convolution gives the same output"
    note += "" if found.where == "everywhere" else " in the interior: at the border, padding between stages differs"
    note += f"; {found.free:,} free parameters for its {found.dense:,}; {found.constraint}"
    if found.rank is not None:
        note += f" ({found.rank} of {found.rank_bound} here)"
    where = found.where if found.same else "another output"
    return Check(found.where, where, found.same, sizes(with_interior(spec), spec), note=note)
