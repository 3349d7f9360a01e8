"""Executes a row, at full size or reduced, and holds the analysis against what came out."""

from collections.abc import Mapping, Sequence

from ..analysis import Analysis, analyze, words
from ..answers.check import Check, Verified
from ..execute.ones.measure import Measured, measure
from ..execute.ones.perturb import measured_field, measured_mixes, op_field, op_mixes
from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from ..variants.reduced import reduce_spec
from ..variants.registry import DoesNotApply, build_variant
from .limits import is_small, lacking_memory, numbers_held

#: Multiply-adds a row up to which it is executed at full size.
DEFAULT_LIMIT = 4_000_000_000

#: The words that an execution settles, in the order in which they are reported.
WORDS = (
    "output_shape", "params", "macs", "effective_macs", "elementwise", "conv_activations", "weight_bytes",
    "activation_bytes", "peak_bytes", "traffic_bytes",
)  # fmt: skip

#: The words that the execution of a row checks.
CHECKED = (*WORDS, "receptive_field", "mixes")

#: A size as the fields of a spec; beside these, the settings that a reduced execution caps.
SIZES = ("in_channels", "out_channels", "groups", "input_size", "batch")
SETTINGS = ("depth_multiplier", "expansion_ratio", "bottleneck_ratio", "mid_channels")


class Verifier:
    """Executes rows up to `limit` multiply-adds at full size, larger ones at a reduced size.

    >>> from convcost.answers.comparison import answer
    >>> spec = LayerSpec(8, 16, (3, 3), (7, 5), padding=((1, 1), (1, 1)))
    >>> answer("standard", spec, verify=Verifier()).verified.status
    'verified'
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit

    def __call__(self, name: str, spec: LayerSpec, graph: Graph, analysis: Analysis, inplace: bool) -> Verified:
        """Judge one row: its graph and analysis are those of variant `name` of `spec`."""
        if not is_small(graph, analysis, self.limit):
            return self._reduced(name, spec, inplace, graph, analysis)
        lack = lacking_memory(numbers_held(graph, analysis.cost.params))
        if lack:
            return Verified("skipped", None, {}, lack)
        return judge(graph, analysis, inplace, "full", check_seen(graph, analysis))

    def _reduced(self, name: str, spec: LayerSpec, inplace: bool, graph: Graph, analysis: Analysis) -> Verified:
        """The same at a reduced size; what is seen and mixed is that of the row as it is."""
        small = reduce_spec(spec)
        try:
            reduced, _, shapes = build_variant(name, small)
        except DoesNotApply as why:
            return Verified("skipped", None, {}, f"too large to execute; reduced, {why}")
        found = analyze(reduced, inplace, shapes)
        if not is_small(reduced, found, self.limit):
            return Verified("skipped", None, {}, "too large to execute, even reduced")
        return judge(reduced, found, inplace, sizes(small, spec), check_seen(graph, analysis))


def judge(
    graph: Graph, analysis: Analysis, inplace: bool, size: str | dict[str, object],
    seen: dict[str, Check] | None = None,
) -> Verified:  # fmt: skip
    """Execute `graph` and compare every word, of the whole and of each operation; `seen` was checked elsewhere."""
    each = [words(op) for op in analysis.ops]
    checks = {**check(words(analysis), measure(graph, inplace=inplace), each), **(seen or {})}
    status = "mismatch" if any(c.ok is False for c in checks.values()) else "verified"
    return Verified(status, size, checks)


def check(
    expected: Mapping[str, object], measured: Measured, ops: Sequence[Mapping[str, object]] = ()
) -> dict[str, Check]:
    """Compare what was expected with what was measured, word by word; KeyError if a word is missing.

    >>> found = Measured((1, 1, 2), 3, 6, 6, 24, ())
    >>> check({**found._asdict(), "macs": 7}, found)["macs"]
    Check(expected=7, measured=6, ok=False, size='full', seconds=0.0, note='')

    `ops`: the words of each operation, in order. Where a word is right for the whole and wrong for some of them,
    the check fails and shows these, by name.
    """
    found = {}
    for word in WORDS:
        want, got = expected[word], getattr(measured, word)
        pairs = [(op.name, each[word], getattr(op, word)) for op, each in zip(measured.ops, ops, strict=bool(ops))]
        found[word] = compare(want, got, pairs)
    return found


def compare(expected: object, measured: object, ops: Sequence[tuple[str, object, object]] = ()) -> Check:
    """One word of the whole, and of each operation: its name, what was expected of it, what it gave.

    >>> compare(6, 6, [("reduce", 2, 4), ("expand", 4, 2)])[:3]
    ({'reduce': 2, 'expand': 4}, {'reduce': 4, 'expand': 2}, False)
    """
    if expected != measured:
        return Check(expected, measured, False)
    wrong = [(name, want, got) for name, want, got in ops if want != got]
    if wrong:
        return Check({name: want for name, want, _ in wrong}, {name: got for name, _, got in wrong}, False)
    return Check(expected, measured, True)


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
        (op.name, op.receptive_field, op_field(node.op, shapes[node.inputs[0]][2:]) if node.inputs else None)
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
        return compare(expected, measured, shown)
    found = compare(None, None, shown)
    return Check(expected, measured, None) if found.ok else found


def sizes(small: LayerSpec, full: LayerSpec) -> dict[str, object]:
    """The sizes of a reduced execution, and those settings in which it differs from the full one."""
    changed = [field for field in SETTINGS if getattr(small, field) != getattr(full, field)]
    return {field: getattr(small, field) for field in (*SIZES, *changed)}
