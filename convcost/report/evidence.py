"""The evidence of `verify` as documents and as a table: row by row, check by check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ..spec import LayerSpec, format_spec, spec_to_json
from .columns import plain, word_name
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Head, Line, Section, Table, listed
from .notes import short_size

if TYPE_CHECKING:
    from ..answers.check import Check
    from ..checks.examination import Examined

#: The columns of the summary, beside the variant's name.
SUMMARY = (
    Head("held", "checks\nthat hold", "", True, None),
    Head("macs", "MACs\nexecuted", "", True, 2),
    Head("size", "at", "", False, 3),
    Head("equivalence", "as one dense\nconvolution", "", False, 4),
    Head("seconds", "time", "ms", True, 1),
)

#: The columns of the table of all checks and of CSV, beside the check's name.
HEADS = (
    Head("expected", "expected", "", True, None),
    Head("measured", "executed", "", True, None),
    Head("size", "at", "", False, 2),
    Head("seconds", "time", "ms", True, 1),
)

FIELDS = ("variant", "check", "ok", "expected", "measured", "size", "seconds", "note")


def evidence_document(spec: LayerSpec, rows: Sequence[Examined]) -> Document:
    """Everything that was shown of one layer, as `json.dumps` takes it; times in seconds.

    >>> evidence_document(LayerSpec(1, 1, (1,), (1,)), [])["ok"]
    True
    """
    ok = all(row.ok for row in rows)
    return {"schema": SCHEMA, "spec": spec_to_json(spec), "ok": ok, "evidence": [_row(row) for row in rows]}


def _row(row: Examined) -> Document:
    run, found = row.run, row.equivalence
    return {
        "variant": row.variant,
        "reason": row.reason,
        "ok": row.ok,
        "checks": [{"name": name, "ok": check.ok, **check._asdict()} for name, check in row.checks.items()],
        "ops": [] if run is None else [op._asdict() for op in run.ops],
        "scratch_bytes": None if run is None else run.scratch_bytes,
        "equivalence": None if found is None else found._asdict(),
    }


def summary_table(spec: LayerSpec, rows: Sequence[Examined]) -> Table:
    """A line a variant; what was checked stands below, and each check that does not hold."""
    lines = tuple([_summary(row) for row in rows])
    checked = dict.fromkeys([word_name(name) for row in rows for name in row.checks])
    notes = [f"· checked: {listed(checked)}"] if checked else []
    notes.append("· --all shows both sides of each check")
    below = (*_failed(rows), *notes, *_legend(rows))
    return Table(format_spec(spec), _facts(rows), "variant", SUMMARY, (Section("", lines),), (), below)


def _summary(row: Examined) -> Line:
    """One variant: how many of its checks hold, of those that apply."""
    if row.reason is not None:
        return Line(row.variant, (), row.reason)
    checks = list(row.checks.values())
    size = "full" if row.checks["macs"].size == "full" else "reduced"
    time = f"{sum([c.seconds for c in checks]) * 1e3:.0f}"
    same = _text(row.checks["equivalence"].measured)
    cells = (_held(checks), _text(row.checks["macs"].measured), size, same, time)
    return Line(row.variant, cells, None, "✓" if row.ok else "✗")


def _failed(rows: Sequence[Examined]) -> list[str]:
    return [
        f"✗ {row.variant}: {word_name(name)}: expected {_text(c.expected)}, "
        f"executed {_text(c.measured)} ({c.note or 'no note'})"
        for row in rows for name, c in row.checks.items() if c.ok is False
    ]  # fmt: skip


def evidence_table(spec: LayerSpec, rows: Sequence[Examined]) -> Table:
    """A section a variant, a line a check; what each computes stands below."""
    sections = [Section(row.variant, tuple(_lines(row))) for row in rows]
    notes = [f"= {row.variant}: {row.checks['equivalence'].note}" for row in rows if "equivalence" in row.checks]
    below = (*_failed(rows), *notes, *_legend(rows))
    return Table(format_spec(spec), _facts(rows), "check", HEADS, tuple(sections), (), below)


def _facts(rows: Sequence[Examined]) -> tuple[str, ...]:
    checks = [check for row in rows for check in row.checks.values()]
    return f"{_held(checks)} checks hold", f"{sum([c.seconds for c in checks]):.1f} s"


def _held(checks: Sequence[Check]) -> str:
    return f"{sum([c.ok is True for c in checks])} of {sum([c.ok is not None for c in checks])}"


def _legend(rows: Sequence[Examined]) -> list[str]:
    algorithms = dict.fromkeys([op.algorithm for row in rows if row.run for op in row.run.ops])
    return [f"· executed by: {'; '.join(algorithms)}"] * bool(algorithms) + list(_reduced(rows))


def _reduced(rows: Sequence[Examined]) -> Iterator[str]:
    """Which checks were made at which reduced size."""
    checks: dict[str, list[str]] = {}
    made = [(name, check.size) for row in rows for name, check in row.checks.items() if check.ok is not None]
    for name, at in [pair for pair in made if pair[1] != "full"]:
        size = short_size(at) if isinstance(at, dict) else "an input that is just large enough"
        checks.setdefault(size, []).append(name)
    for size, names in checks.items():
        yield f"* reduced to {size}: {listed(dict.fromkeys(map(word_name, names)))}"


def _lines(row: Examined) -> Iterable[Line]:
    if row.reason is not None:
        yield Line("", (), row.reason)
        return
    for name, check in row.checks.items():
        sign = {True: "✓", False: "✗", None: "–"}[check.ok]
        size = "full" if check.size == "full" else "reduced"
        sides = [_parts(side) if name == "stages" else _text(side) for side in (check.expected, check.measured)]
        cells = (*sides, size, f"{check.seconds * 1e3:.1f}")
        yield Line(word_name(name), cells, None, sign)


def _text(value: Any) -> str:
    """A value as the table shows it: long numbers grouped, counts of a map one beside the other."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], int):
        return " / ".join([f"{n:,}" for n in value])
    return plain(value) or "–"


def _parts(value: Any) -> str:
    """How many parts a variant is stated to have; where some differ, these."""
    return f"{len(value)} part{'s' * (len(value) != 1)}" if isinstance(value, list) else _text(value)


def evidence_rows(rows: Sequence[Examined]) -> Iterator[Document]:
    """A row a check, as CSV has them."""
    for row in rows:
        for name, check in row.checks.items():
            yield {"variant": row.variant, "check": name, **check._asdict(), "seconds": f"{check.seconds:.6f}"}


def write_evidence(
    format: str, file: TextIO, spec: LayerSpec, rows: Sequence[Examined], *, show_all: bool = False
) -> None:
    """Everything that was shown of one layer, in any of the formats; in a table a line a variant, or `show_all`."""
    table = evidence_table if show_all else summary_table
    document = evidence_document(spec, rows)
    write_document(document, format, file, lambda: table(spec, rows), FIELDS, lambda: evidence_rows(rows))
