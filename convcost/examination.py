"""The whole evidence for one row: every check that there is, its two sides, and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

from .analysis import Analysis, analyze, words
from .equivalents import Equivalence, show_equivalence
from .graph.ops import Conv, Graph, Shape
from .safety import expected_seconds, require_memory
from .spec.layer import LayerSpec
from .variants.reduced import reduce_spec
from .variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant
from .verification import DEFAULT_LIMIT, MOST_NUMBERS, numbers_held, sizes
from .verify import check, measure
from .verify.maps import compare_maps, compare_scalar
from .verify.perturb import measured_field, measured_mixes
from .verify.run_values import ValueRun, exact_values, run_values

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


class Examined(NamedTuple):
    """One variant: its findings in their order, how each operation was executed, what scratch that took."""

    variant: str
    reason: str | None
    findings: tuple[Finding, ...] = ()
    run: ValueRun | None = None
    equivalence: Equivalence | None = None

    @property
    def ok(self) -> bool:
        """Does every check hold that applies?"""
        return all(finding.ok is not False for finding in self.findings)


class _Subject(NamedTuple):
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


def examine(name: str, spec: LayerSpec, limit: int = DEFAULT_LIMIT, *, inplace: bool = True) -> Examined:
    """Every check of variant `name` of `spec`, at full size up to `limit` multiply-adds.

    >>> spec = LayerSpec(8, 16, (3, 3), (9, 7), padding=((1, 1), (1, 1)))
    >>> found = examine("standard", spec)
    >>> found.ok, [finding.name for finding in found.findings][-4:]
    (True, ['memory', 'mixes', 'receptive_field', 'equivalence'])

    Raises NotEnoughMemory where a size is executed that would not fit.
    """
    try:
        full = _subject(name, spec, inplace, "full")
        reduced = reduce_spec(spec)
        small = _subject(name, reduced, inplace, sizes(reduced))
    except DoesNotApply as why:
        return Examined(name, str(why))
    used = full if _fits(full, limit) else small
    if not _fits(used, max(limit, 10**8)):
        return Examined(name, "too large to execute, even reduced")
    require_memory(name, used.graph, used.analysis)
    issued, run = _issued(used)
    findings = [*_words(used), *_counts(used, small), issued, _timed(lambda: _values(used)), _memory(used, run)]
    findings += [_timed(lambda: _mixes(full)), _timed(lambda: _field(full, small))]
    start = perf_counter()
    shown = show_equivalence(name, spec)
    findings.append(_equivalence(shown)._replace(seconds=perf_counter() - start))
    return Examined(name, None, tuple(findings), run, None if isinstance(shown, str) else shown)


def examine_all(
    spec: LayerSpec, names: list[str] | None, limit: int = DEFAULT_LIMIT, *, inplace: bool = True,
    step: Callable[[str], None] | None = None,
) -> list[Examined]:  # fmt: skip
    """Every variant of a layer, or those named; `step` hears of each before it starts."""
    found = []
    for name in wanted_names(spec, names):
        if step:
            step(name)
        found.append(examine(name, spec, limit, inplace=inplace))
    return found


def wanted_names(spec: LayerSpec, names: list[str] | None) -> list[str]:
    """The variants named, or all; a layer that is grouped or transposed is itself one of them."""
    wanted = list(all_variants() if names is None else names)
    return wanted if spec.is_plain or AS_GIVEN in wanted else [AS_GIVEN, *wanted]


def expected_time(spec: LayerSpec, names: list[str] | None, limit: int) -> float:
    """Roughly how many seconds `examine_all` will take."""
    total = 0.0
    for name in wanted_names(spec, names):
        try:
            full = _subject(name, spec, True, "full")
        except DoesNotApply:
            continue
        total += expected_seconds(full.analysis) if _fits(full, limit) else 0.1
    return total


def _subject(name: str, spec: LayerSpec, inplace: bool, size: str | dict[str, object]) -> _Subject:
    graph, _, shapes = build_variant(name, spec)
    return _Subject(name, spec, graph, analyze(graph, inplace, shapes), shapes, size, inplace)


def _fits(subject: _Subject, limit: int) -> bool:
    held = numbers_held(subject.graph) + subject.analysis.cost.params
    return subject.analysis.cost.macs <= limit and held <= MOST_NUMBERS


def _timed(run: Callable[[], Finding]) -> Finding:
    start = perf_counter()
    finding = run()
    return finding._replace(seconds=perf_counter() - start)


def _words(subject: _Subject) -> list[Finding]:
    """The words that the arrays of one execution on ones show; the time is that of all together."""
    start = perf_counter()
    found = check(words(subject.analysis), measure(subject.graph, inplace=subject.inplace))
    seconds = perf_counter() - start
    return [
        Finding(word, c.ok, c.expected, c.measured, subject.size, seconds / len(found), "execution on ones")
        for word, c in found.items()
    ]


def _counts(used: _Subject, small: _Subject) -> list[Finding]:
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

    return [_timed(maps), _timed(scalar)]


def _pairs(name: str, subject: _Subject, found: list[Any], note: str) -> Finding:
    """MACs and effective MACs by analysis, and the sums of maps that were the same everywhere."""
    expected = [subject.analysis.cost.macs, subject.analysis.cost.effective_macs]
    measured = [sum([one.macs for one in found]), sum([one.effective_macs for one in found])]
    ok = all(one.same for one in found) and expected == measured
    return Finding(name, ok, expected, measured, subject.size, 0.0, note)


def _issued(subject: _Subject) -> tuple[Finding, ValueRun]:
    """Products by the shapes of the arrays that were multiplied, operation by operation."""
    start = perf_counter()
    run = run_values(subject.graph, inplace=subject.inplace)
    seconds = perf_counter() - start
    expected, measured = [op.cost.macs for op in subject.analysis.ops], [op.products for op in run.ops]
    names = list(dict.fromkeys([op.algorithm for op in run.ops if op.algorithm != "elementwise"]))
    finding = Finding("products issued", expected == measured, sum(expected), sum(measured), subject.size, seconds,
                      "; ".join(names))  # fmt: skip
    return finding, run


def _values(subject: _Subject) -> Finding:
    """Every convolution, on integers, against int64; one that comes twice is executed once."""
    found = [exact_values(op, shape) for op, shape in dict.fromkeys([pair[1:] for pair in subject.convs()])]
    dtypes = ", ".join(sorted({dtype for _, _, dtype, _ in found}))
    same = sum([ok for ok, *_ in found])
    return Finding("values", same == len(found), len(found), same, subject.size, 0.0,
                   f"convolutions in {dtypes}, bit-identical to int64")  # fmt: skip


def _memory(subject: _Subject, run: ValueRun) -> Finding:
    """What the allocator gave out at most, scratch apart, is the peak in float32."""
    width = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}[subject.graph.dtype]
    peak = subject.analysis.peak_bytes // width * 4
    measured = run.tensor_bytes if run.traced_bytes is None else run.traced_bytes
    same = peak == run.tensor_bytes == measured
    return Finding("memory", same, peak, measured, subject.size, 0.0,
                   f"as float32, by tracemalloc; beside it {run.scratch_bytes:,} bytes of scratch")  # fmt: skip


def _mixes(full: _Subject) -> Finding:
    measured = measured_mixes(full.graph)
    return Finding("mixes", full.analysis.mixes == measured, full.analysis.mixes, measured, "reduced", 0.0,
                   "each operation, by disturbing one input at a time, on two groups of two channels")  # fmt: skip


def _field(full: _Subject, small: _Subject) -> Finding:
    """By disturbing; not where the analysis does not know it, nor where the input would have to be too large."""
    expected, measured = full.analysis.receptive_field, measured_field(small.graph)
    unknown = expected is None or measured is None
    note = "by disturbing one input at a time, on an input that does not clip it"
    if measured is None:
        note = "too large an input would be needed"
    ok = None if unknown else expected == measured
    return Finding("receptive_field", ok, expected, measured, small.size, 0.0, note)


def _equivalence(found: Equivalence | str) -> Finding:
    if isinstance(found, str):
        return Finding("equivalence", None, None, None, "full", 0.0, found)
    note = f"one dense {'x'.join(map(str, found.taps))} convolution gives the same output"
    note += "" if found.where == "everywhere" else " in the interior: at the border, padding between stages differs"
    note += f"; {found.free:,} free parameters for its {found.dense:,}; {found.constraint}"
    if found.rank is not None:
        note += f" ({found.rank} of {found.rank_bound} here)"
    where = found.where if found.same else "computes something else"
    return Finding("equivalence", found.same, found.where, where, "reduced", 0.0, note)
