"""The evidence of `verify` as documents and as a table: row by row, check by check."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ..spec import LayerSpec, format_spec, spec_to_json
from .columns import plain
from .documents import SCHEMA, Document
from .model import Head, Line, Section, Table

if TYPE_CHECKING:
    from ..examination import Examined
    from ..findings import Finding

#: The columns of the table and of CSV, beside the check's name.
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
        "checks": [finding._asdict() for finding in row.findings],
        "ops": [] if run is None else [op._asdict() for op in run.ops],
        "scratch_bytes": None if run is None else run.scratch_bytes,
        "equivalence": None if found is None else found._asdict(),
    }


def evidence_table(spec: LayerSpec, rows: Sequence[Examined]) -> Table:
    """A section a variant, a line a check; what each computes stands below."""
    sections = [Section(row.variant, tuple(_lines(row))) for row in rows]
    failed = [f"✗ {row.variant}: {f.name} {f.note}" for row in rows for f in row.findings if f.ok is False]
    notes = [f"= {row.variant}: {f.note}" for row in rows for f in row.findings if f.name == "equivalence"]
    below = (*failed, *notes, *_legend(rows))
    return Table(format_spec(spec), _facts(rows), "check", HEADS, tuple(sections), (), below)


def _facts(rows: Sequence[Examined]) -> tuple[str, ...]:
    findings = [finding for row in rows for finding in row.findings]
    held, applying = sum([f.ok is True for f in findings]), sum([f.ok is not None for f in findings])
    return f"{held} of {applying} checks hold", f"{sum([f.seconds for f in findings]):.1f} s"


def _legend(rows: Sequence[Examined]) -> list[str]:
    algorithms = dict.fromkeys([op.algorithm for row in rows if row.run for op in row.run.ops])
    listed = "; ".join(algorithms)
    reduced = any(f.size != "full" for row in rows for f in row.findings)
    return [f"· executed by: {listed}"] * bool(algorithms) + ["* at a reduced size"] * reduced


def _lines(row: Examined) -> Iterable[Line]:
    if row.reason is not None:
        yield Line("", (), row.reason)
        return
    for finding in row.findings:
        sign = {True: "✓", False: "✗", None: "–"}[finding.ok]
        size = "full" if finding.size == "full" else "reduced"
        cells = (_text(finding.expected), _text(finding.measured), size, f"{finding.seconds * 1e3:.1f}")
        yield Line(finding.name, cells, None, sign)


def _text(value: Any) -> str:
    """A value as the table shows it: long numbers grouped, counts of a map one beside the other."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list) and value and isinstance(value[0], int):
        return " / ".join([f"{n:,}" for n in value])
    return plain(value) or "–"


def evidence_csv(rows: Sequence[Examined]) -> str:
    """A line a check."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerows([_csv_line(row.variant, finding) for finding in row.findings])
    return text.getvalue()


def _csv_line(variant: str, finding: Finding) -> list[str]:
    name, ok, expected, measured, size, seconds, note = finding
    return [variant, name, plain(ok), plain(expected), plain(measured), plain(size), f"{seconds:.6f}", note]


def selftest_table(rules: Sequence[tuple[str, list[str]]]) -> Table:
    """Every broken rule and the checks that caught it."""
    lines = [Line(name, (", ".join(caught) or "nothing",), None, "✓" if caught else "✗") for name, caught in rules]
    head = Head("caught_by", "caught by", "", False, None)
    return Table(
        f"{len(rules)} broken rules", (), "rule", (head,), (Section("", tuple(lines)),), (),
        ("✓ noticed",),
    )  # fmt: skip


def write(format: str, file: TextIO, document: Document, table: Table, lines: str) -> None:
    """One answer in any of the formats: the document as JSON, the table for people, `lines` as CSV."""
    from .as_json import encode, json_text

    if format == "json":
        file.write(json_text(document) + "\n")
    elif format == "ndjson":
        file.write(encode(document) + "\n")
    elif format == "csv":
        file.write(lines)
    elif format == "table":
        from .table import print_table

        print_table(table, file)
    else:
        _write_document(format, file, table)


def _write_document(format: str, file: TextIO, table: Table) -> None:
    from .table import can_encode

    if format == "latex":
        from .as_latex import latex

        file.write(latex(table))
        return
    from .as_markdown import markdown

    file.write(markdown(table, ascii_only=not can_encode(file)))
