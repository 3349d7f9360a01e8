"""From a layer's spec to rows of answers: build each variant, analyse it, execute it, relate it to the baseline."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol

from ..analysis import Analysis, analyze, words
from ..graph.ops import Counted, Graph, Norm, Op, Scale
from ..spec.layer import LayerSpec
from ..spec.records import NamedTuple
from ..variants.registry import (
    AS_GIVEN,
    BUILDING_BLOCK,
    REPLACEMENT,
    DoesNotApply,
    all_variants,
    build_variant,
    shown_variants,
)
from .check import Measurement, Verified

#: The words that a row relates to the baseline's.
RELATIVE = ("params", "macs", "effective_macs", "peak_bytes", "traffic_bytes")


class Verify(Protocol):
    """What executes rows: called with a variant's name, its spec, graph, analysis and `inplace`, it judges the row."""

    def __call__(self, name: str, spec: LayerSpec, graph: Graph, analysis: Analysis, inplace: bool) -> Verified: ...

    def relate(self, row: "Row", base: "Row", spec: LayerSpec, inplace: bool) -> Verified | None:
        """What was shown of `row`, with its ratios to `base` checked."""


class Row(NamedTuple):
    """One variant of one layer: every word by name, for the whole and for each operation (name, kind, words).

    Where the variant does not apply, `reason` says why and there are no words.
    """

    variant: str
    role: str
    settings: dict[str, object]
    reason: str | None = None
    words: dict[str, Any] | None = None
    ops: "tuple[OpRow, ...]" = ()
    relative: dict[str, float | None] | None = None
    verified: Verified | None = None
    measured: Measurement | None = None


class OpRow(NamedTuple):
    """One operation of a variant: its name in the graph, what kind it is, its own words and ratios."""

    name: str
    kind: str
    words: dict[str, Any]
    relative: dict[str, float | None] | None = None


class Comparison(NamedTuple):
    """Every variant of one layer, and the name of the row that the ratios relate to; `source` as in `Reading`.

    Of a front, its words, and the rows that others beat in these.
    """

    spec: LayerSpec
    baseline: str
    rows: tuple[Row, ...]
    source: str = ""
    front: tuple[str, ...] = ()
    beaten: tuple[Row, ...] = ()


class Layer(NamedTuple):
    """The answer for one layer: exactly the layer described, and its row; `source` as in `Reading`."""

    spec: LayerSpec
    row: Row
    source: str = ""


#: What a layer's question gets for an answer.
Result = Comparison | Layer


def compare_variants(
    spec: LayerSpec,
    names: Iterable[str] | None = None,
    baseline: str | None = None,
    *,
    inplace: bool = True,
    verify: Verify | None = None,
) -> Comparison:
    """The variants of `spec` shown by default, or those named, side by side; `verify` executes a row and judges it.

    >>> spec = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)))
    >>> compare_variants(spec, ["standard", "grouped"]).rows[1].relative["macs"]
    0.03125

    A layer that is grouped or transposed is a first row `as-given` and the baseline, unless another is named.
    """
    wanted = rows_wanted(spec, names)
    base = baseline or ("standard" if spec.is_plain else AS_GIVEN)
    rows = {name: answer(name, spec, inplace, verify) for name in wanted}
    against = rows[base] if base in rows else answer(base, spec, inplace, verify)
    related = [relate(row, against) for row in rows.values()]
    if verify:
        related = [row._replace(verified=verify.relate(row, against, spec, inplace)) for row in related]
    return Comparison(spec, base, tuple(related))


def execute_rows(found: Comparison, verify: Verify | None, inplace: bool = True) -> Comparison:
    """The rows that are left, executed, and no others but the baseline that their ratios are checked against."""
    names = [row.variant for row in found.rows]
    if verify is None or not names:
        return found
    rows = compare_variants(found.spec, names, found.baseline, inplace=inplace, verify=verify).rows
    each = {row.variant: row for row in rows}
    return found._replace(rows=tuple([each[name] for name in names]))


def row_alone(name: str, spec: LayerSpec, baseline: str | None = None, *, inplace: bool = True) -> Comparison:
    """One row of a comparison, with its ratios.

    >>> row_alone("grouped", LayerSpec(64, 128, (3, 3), (56, 56))).rows[0].relative["macs"]
    0.03125
    """
    base = baseline or ("standard" if spec.is_plain else AS_GIVEN)
    row = answer(name, spec, inplace)
    against = row if name == base else answer(base, spec, inplace)
    return Comparison(spec, base, (relate(row, against),))


def rows_wanted(spec: LayerSpec, names: Iterable[str] | None = None) -> list[str]:
    """The rows of a comparison, by name.

    >>> rows_wanted(LayerSpec(64, 64, (3, 3), (56, 56), groups=4), ["bottleneck"])
    ['as-given', 'bottleneck']
    """
    wanted = shown_variants(spec.axes) if names is None else list(names)
    if not spec.is_plain and AS_GIVEN not in wanted:
        wanted.insert(0, AS_GIVEN)
    return wanted


def answer(name: str, spec: LayerSpec, inplace: bool = True, verify: Verify | None = None) -> Row:
    """One row, not yet related to a baseline."""
    role = REPLACEMENT if name == AS_GIVEN else all_variants()[name].role
    try:
        graph, settings, shapes = build_variant(name, spec)
    except DoesNotApply as why:
        return Row(name, role, {}, str(why))
    analysis = analyze(graph, inplace, shapes)
    whole = words(analysis)
    # One operation alone has the words of the whole, which are then made, and written, once.
    each = [whole] if len(analysis.ops) == 1 else [words(op) for op in analysis.ops]
    ops = tuple([OpRow(op.name, kind_of(op.op), said) for op, said in zip(analysis.ops, each)])
    verified = verify(name, spec, graph, analysis, inplace) if verify else None
    return Row(name, role, settings, None, whole, ops, None, verified)


def kind_of(op: Op) -> str:
    """The name of an operation's kind in answers.

    >>> from convcost.graph.ops import BatchNorm
    >>> kind_of(BatchNorm(8))
    'batch-norm'
    """
    return str(op.kind) if isinstance(op, (Counted, Norm, Scale)) else _kebab(type(op).__name__)


@cache
def _kebab(name: str) -> str:
    return "".join([f"-{c.lower()}" if c.isupper() else c for c in name]).lstrip("-")


def relate(row: Row, baseline: Row) -> Row:
    """The row with its ratios; a building block has none: it does less than a layer's work."""
    if row.words is None or baseline.words is None or row.role == BUILDING_BLOCK:
        return row
    base = baseline.words
    ops = tuple([op._replace(relative=ratios(op.words, base)) for op in row.ops])
    return row._replace(relative=ratios(row.words, base), ops=ops)


def ratios(this: dict[str, Any], base: dict[str, Any]) -> dict[str, float | None]:
    """`this` divided by `base`, word by word; None where the base is 0."""
    return {word: this[word] / base[word] if base[word] else None for word in RELATIVE}
