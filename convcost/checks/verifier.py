"""Executes a row, at full size or reduced, and holds the analysis against what came out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..analysis import WORDS as ANALYSED
from ..analysis import Analysis, analyze, words
from ..answers.check import Check, Verified
from ..answers.comparison import RELATIVE, Row, ratios
from ..execute.ones.fields import measured_field, measured_op_field
from ..execute.ones.measure import Measured, MeasuredOp, measure
from ..execute.ones.mixes import measured_mixes, op_mixes
from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from ..variants.reduced import reduce_spec
from ..variants.registry import DoesNotApply, build_variant
from .limits import REDUCED_LIMIT, is_small, lacking_memory, numbers_held
from .wiring import check_stages

#: Multiply-adds a row up to which it is executed at full size.
DEFAULT_LIMIT = 4_000_000_000

#: Words that are formed from others: here from what was measured. Each product is a multiplication and an addition.
DERIVED: dict[str, Callable[[Measured | MeasuredOp], Any]] = {
    "flops": lambda found: found.macs + found.macs,
    "arithmetic_intensity": lambda found: (found.macs + found.macs) / found.traffic_bytes if found.traffic_bytes
    else None,
}  # fmt: skip

#: Words that disturbing the input shows.
SEEN = ("receptive_field", "mixes")

#: The words that an execution on ones settles, in the order in which they are reported; each has its measurement.
WORDS = tuple([word for word in ANALYSED if word not in SEEN])
if set(WORDS) - set(DERIVED) - set(Measured._fields):
    raise AssertionError(f"words without a measurement: {set(WORDS) - set(DERIVED) - set(Measured._fields)}")

#: A size as the fields of a spec; beside these, the settings that a reduced execution caps.
SIZES = ("in_channels", "out_channels", "groups", "input_size", "batch")
SETTINGS = ("depth_multiplier", "expansion_ratio", "bottleneck_ratio", "mid_channels")

#: By how much two quotients of the same numbers may differ.
ROUNDING = 1e-12

#: Reduced rows that are remembered: as many as a batch of varied layers has.
REMEMBERED = 4096


class Reduced(NamedTuple):
    """A row at a reduced size: its words and those of its operations by analysis, and the verdict on them."""

    words: dict[str, Any]
    ops: tuple[dict[str, Any], ...]
    verified: Verified


class Verifier:
    """Executes rows up to `limit` multiply-adds at full size, larger ones at a reduced size.

    >>> from convcost.answers.comparison import answer
    >>> spec = LayerSpec(8, 16, (3, 3), (7, 5), padding=((1, 1), (1, 1)))
    >>> answer("standard", spec, verify=Verifier()).verified.status
    'verified'

    What came out at a reduced size is remembered: the layers of a batch often reduce to the same.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self._specs: dict[LayerSpec, LayerSpec] = {}
        self._reduced: dict[tuple[str, LayerSpec, bool], Reduced | str] = {}
        self._related: dict[tuple[str, str, LayerSpec, bool], dict[str, Check]] = {}

    def __call__(self, name: str, spec: LayerSpec, graph: Graph, analysis: Analysis, inplace: bool) -> Verified:
        """Judge one row: its graph and analysis are those of variant `name` of `spec`."""
        if is_small(graph, analysis, self.limit):
            lack = lacking_memory(numbers_held(graph, analysis.cost.params))
            if lack:
                return Verified("skipped", None, {}, lack)
            found = judge(graph, analysis, inplace)
        else:
            small = self._small(spec)
            reduced = self._at(name, small, inplace)
            if isinstance(reduced, str):
                return Verified("skipped", None, {}, f"too large to execute{reduced}")
            found = reduced.verified._replace(size=sizes(small, spec))
        more = {**check_seen(graph, analysis), "stages": check_stages(name, spec, graph)}
        return concluded(found._replace(checks={**found.checks, **more}))

    def relate(self, row: Row, base: Row, spec: LayerSpec, inplace: bool) -> Verified | None:
        """What was shown of `row`, its ratios to `base` among it, formed again from what was measured of both.

        They are formed at a size at which both were executed: full, or reduced. Without one they are not checked.
        """
        found, other = row.verified, base.verified
        if found is None or other is None or row.relative is None or "skipped" in (found.status, other.status):
            return found
        if found.size == other.size == "full":
            said = [op.relative or {} for op in row.ops]
            checks = check_ratios(row.relative, said, found.measured, other.measured)
        else:
            small = self._small(spec)
            checks = self._ratios(row.variant, base.variant, small, inplace)
            if found.size == "full":
                checks = {word: one._replace(size=sizes(small, spec)) for word, one in checks.items()}
        return concluded(found._replace(checks={**found.checks, **checks}))

    def _ratios(self, name: str, base: str, small: LayerSpec, inplace: bool) -> dict[str, Check]:
        """The ratios of two variants of a reduced layer; none where one of them was not executed."""
        key = (name, base, small, inplace)
        if key not in self._related:
            mine, its = self._at(name, small, inplace), self._at(base, small, inplace)
            if len(self._related) >= REMEMBERED:
                self._related.clear()
            self._related[key] = {} if isinstance(mine, str) or isinstance(its, str) else check_ratios(
                ratios(mine.words, its.words), [ratios(op, its.words) for op in mine.ops],
                mine.verified.measured, its.verified.measured,
            )  # fmt: skip
        return self._related[key]

    def _small(self, spec: LayerSpec) -> LayerSpec:
        """The reduced layer, looked for once and not once a row."""
        if spec not in self._specs:
            if len(self._specs) >= REMEMBERED:
                self._specs.clear()
            self._specs[spec] = reduce_spec(spec)
        return self._specs[spec]

    def _at(self, name: str, small: LayerSpec, inplace: bool) -> Reduced | str:
        """Variant `name` of a reduced layer, executed once; or why it was not."""
        key = (name, small, inplace)
        if key not in self._reduced:
            if len(self._reduced) >= REMEMBERED:
                self._reduced.clear()
            self._reduced[key] = execute_reduced(name, small, inplace, max(self.limit, REDUCED_LIMIT))
        return self._reduced[key]


def execute_reduced(name: str, small: LayerSpec, inplace: bool, limit: int) -> Reduced | str:
    """Execute variant `name` of a reduced layer of at most `limit` multiply-adds; what to say where that cannot be."""
    try:
        graph, _, shapes = build_variant(name, small)
    except DoesNotApply as why:
        return f"; reduced, {why}"
    analysis = analyze(graph, inplace, shapes)
    if not is_small(graph, analysis, limit):
        return ", even reduced"
    each = tuple([words(op) for op in analysis.ops])
    return Reduced(words(analysis), each, judge(graph, analysis, inplace))


def judge(graph: Graph, analysis: Analysis, inplace: bool, size: str | dict[str, object] = "full") -> Verified:
    """Execute `graph` and compare every word that an execution on ones settles, of the whole and of each operation."""
    each, measured = [words(op) for op in analysis.ops], measure(graph, inplace=inplace)
    return concluded(Verified("verified", size, check(words(analysis), measured, each), None, measured))


def concluded(found: Verified) -> Verified:
    """With the status that its checks have earned, the worst that applies.

    >>> concluded(Verified("verified", "full", {"params": Check(7, 7, True), "macs": Check(9, None, None)})).status
    'partial'
    """
    return found._replace(status=worst(found.checks.values(), reduced=isinstance(found.size, dict)))


def worst(checks: Iterable[Check], *, reduced: bool = False) -> str:
    """A mismatch, something known that was not executed, something executed smaller, or nothing of these."""
    checks = list(checks)
    if any([one.ok is False for one in checks]):
        return "mismatch"
    if any([one.ok is None and one.expected is not None for one in checks]):
        return "partial"
    return "reduced" if reduced else "verified"


def check(
    expected: Mapping[str, object], measured: Measured, ops: Sequence[Mapping[str, object]] = ()
) -> dict[str, Check]:
    """Compare what was expected with what was measured, word by word; KeyError if a word is missing.

    >>> found = Measured((1, 1, 2), 3, 6, 6, 24, ())
    >>> said = {**found._asdict(), "macs": 7, "flops": 12, "arithmetic_intensity": None}
    >>> check(said, found)["macs"]
    Check(expected=7, measured=6, ok=False, size='full', seconds=0.0, note='')

    `ops`: the words of each operation, in order. Where a word is right for the whole and wrong for some of them,
    the check fails and shows these, by name.
    """
    found = {}
    for word in WORDS:
        read = DERIVED.get(word) or _reader(word)
        pairs = [(op.name, each[word], read(op)) for op, each in zip(measured.ops, ops, strict=bool(ops))]
        found[word] = hold(expected[word], read(measured), pairs)
    return found


def _reader(word: str) -> Callable[[Any], Any]:
    return lambda found: getattr(found, word)


def check_ratios(
    said: Mapping[str, object], ops: Sequence[Mapping[str, object]], measured: Measured | None, base: Measured | None
) -> dict[str, Check]:
    """Ratios as they are printed, of a row and of its operations, against those of what was measured.

    >>> one, two = (Measured((1,), n, n, n, n, ()) for n in (1, 2))
    >>> check_ratios(dict.fromkeys(RELATIVE, 0.5), [], one, two)["relative.macs"][:3]
    (0.5, 0.5, True)
    """
    if measured is None or base is None:
        return {}
    checks = {}
    for word in RELATIVE:
        below = getattr(base, word)
        again = [getattr(of, word) / below if below else None for of in (measured, *measured.ops)]
        pairs = [(op.name, each.get(word), ratio) for op, each, ratio in zip(measured.ops, ops, again[1:])]
        checks[f"relative.{word}"] = hold(said[word], again[0], pairs)
    return checks


def hold(expected: object, measured: object, ops: Sequence[tuple[str, object, object]] = ()) -> Check:
    """One word of the whole, and of each operation: its name, what was expected of it, what it gave.

    >>> hold(6, 6, [("reduce", 2, 4), ("expand", 4, 2)])[:3]
    ({'reduce': 2, 'expand': 4}, {'reduce': 4, 'expand': 2}, False)
    """
    if not is_same(expected, measured):
        return Check(expected, measured, False)
    wrong = [(name, want, got) for name, want, got in ops if not is_same(want, got)]
    if wrong:
        return Check({name: want for name, want, _ in wrong}, {name: got for name, _, got in wrong}, False)
    return Check(expected, measured, True)


def is_same(expected: object, measured: object) -> bool:
    """Exactly the same; quotients but for rounding. A NaN is the same as nothing.

    >>> is_same(1 / 3, 2 / 6), is_same(float("nan"), float("nan")), is_same(0.5, None)
    (True, False, False)
    """
    if isinstance(expected, float) and isinstance(measured, float):
        return abs(expected - measured) <= ROUNDING * abs(expected)
    return expected == measured


def check_seen(graph: Graph, analysis: Analysis) -> dict[str, Check]:
    """Receptive field and mixing, of the whole and of each operation, by disturbing one input at a time.

    >>> from convcost.graph.ops import Conv, Node
    >>> graph = Graph((1, 2, 9), "fp32", (Node("depthwise", Conv(2, 2, (3,), (1,), ((1, 1),), (1,), groups=2), (0,)),))
    >>> [found.measured for found in check_seen(graph, analyze(graph)).values()]
    [(3,), ['space']]
    """
    pairs = list(zip(graph.nodes, analysis.ops))
    shapes = [graph.input_shape, *[op.output_shape for op in analysis.ops]]
    fields = [
        (op.name, op.receptive_field, measured_op_field(node.op, shapes[node.inputs[0]][2:]) if node.inputs else None)
        for node, op in pairs
    ]
    mixed = [(op.name, op.mixes, op_mixes(node.op)) for node, op in pairs]
    known = analysis.receptive_field is not None
    return {
        "receptive_field": _seen(analysis.receptive_field, measured_field(graph) if known else None, fields),
        "mixes": _seen(analysis.mixes, measured_mixes(graph), mixed),
    }


def _seen(expected: object, measured: object, ops: Sequence[tuple[str, object, object]]) -> Check:
    """What is known on both sides, of the whole and of each operation, must be the same."""
    shown = [op for op in ops if None not in op]
    if expected is not None and measured is not None:
        return hold(expected, measured, shown)
    found = hold(None, None, shown)
    return Check(expected, measured, None) if found.ok else found


def sizes(small: LayerSpec, full: LayerSpec) -> dict[str, object]:
    """The sizes of a reduced execution, and those settings in which it differs from the full one."""
    changed = [field for field in SETTINGS if getattr(small, field) != getattr(full, field)]
    return {field: getattr(small, field) for field in (*SIZES, *changed)}
