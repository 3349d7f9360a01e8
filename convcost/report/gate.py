"""Budgets and differences as documents, as tables, and as annotations of GitHub."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from ..gate.diff import TOLD, Change, Difference, changed_words, conclude
from ..gate.judging import BudgetAnswer, Finding, made_by, more_than, sentences
from .documents import SCHEMA, Document
from .formats import write_document
from .model import Head, Line, Section, Table, listed
from .units import BYTES, COUNTS, Scale, choose_scale, show
from .writers import Way

if TYPE_CHECKING:
    from ..gate.targets import Subject

#: The columns of CSV.
BUDGET_FIELDS = (
    "target", "word", "kind", "sign", "limit", "value", "before", "beyond", "ok", "layers", "reason",
)  # fmt: skip
SIDES = ("a", "b", "change")
DIFF_FIELDS = ("level", "name", "how", "op", *[f"{side}.{word}" for word in TOLD for side in SIDES])

#: What cannot stand in an annotation of GitHub, and what stands for it.
ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY_ESCAPES = {**ESCAPES, ":": "%3A", ",": "%2C"}


def budget_document(answer: BudgetAnswer) -> Document:
    """Every finding; `beyond` is by how much a number exceeds, or falls short of, its limit."""
    return {
        "schema": SCHEMA,
        "budget": answer.path,
        "ok": answer.ok,
        "findings": [_finding(one) for one in answer.findings],
        "verified": answer.verified,
    }


def _finding(one: Finding) -> Document:
    layers = [part._asdict() for part in one.layers]
    return {**one._asdict(), "layers": layers, "beyond": _beyond(one)}


def _beyond(one: Finding) -> int | None:
    return None if one.value is None or one.limit is None or one.ok else abs(one.value - one.limit)


def budget_table(answer: BudgetAnswer) -> Table:
    """A section a target, a line a word; what exceeds, and which layers make it so, stands below."""
    heads: tuple[Head, ...] = (
        Head("limit", "at most", "", True, None),
        Head("value", "is", "", True, None),
        Head("beyond", "beyond", "", True, 1),
        Head("before", "was", "", True, 2),
    )
    heads = heads if any([one.before is not None for one in answer.findings]) else heads[:-1]
    targets = dict.fromkeys([one.target for one in answer.findings])
    sections = [Section(t, tuple([_line(one) for one in answer.findings if one.target == t])) for t in targets]
    failed = sum([not one.ok for one in answer.findings])
    count = len(answer.findings)
    said = "within the budget" if not failed else f"{failed} of {count} beyond the budget"
    notes = [*[f"✗ {text}" for _, text in sentences(answer.findings)], *_verified(answer.verified)]
    return Table(os.path.basename(answer.path), (said,), "word", heads, tuple(sections), (), tuple(notes))


def _verified(statuses: dict[str, str]) -> Iterator[str]:
    """How each was verified, those together that are alike."""
    for status in dict.fromkeys(statuses.values()):
        names = [name for name, one in statuses.items() if one == status]
        which = f"{listed(names)}: " if len(names) < len(statuses) else ""
        yield f"{_mark(status)} {which}{_executed(status)}"


def _mark(status: str) -> str:
    return {"mismatch": "✗", "skipped": "–", "partial": "–"}.get(status, "✓")


def _executed(status: str) -> str:
    words = {
        "skipped": "not verified; every number is by analysis only",
        "reduced": "executed, some of it at a reduced size",
        "partial": "executed in part",
        "mismatch": "an execution contradicts the analysis",
    }
    return words.get(status, "executed in this run, and came out as analysed")


def _line(one: Finding) -> Line:
    limit = one.text if one.sign == "<=" else f"{one.sign} {one.text}"
    limit = f"{one.limit:,} ({one.text})" if one.kind == "growth" and one.limit is not None else limit
    beyond, value = _beyond(one), "–" if one.value is None else f"{one.value:,}"
    share = "" if beyond is None or one.limit is None or one.value is None else _share(one.value, one.limit)
    cells = (limit, value, share, "" if one.before is None else f"{one.before:,}")
    return Line(one.word, cells, None, "✓" if one.ok else "✗")


def _share(value: int, limit: int) -> str:
    """By how much a number is beyond its limit: a share of that, or how many times.

    >>> _share(120, 100), _share(5000, 100), _share(80, 100)
    ('+20.0 %', '50 times', '-20.0 %')
    """
    if limit <= 0:
        return f"{value - limit:+,}"
    return f"{100 * (value - limit) / limit:+.1f} %" if value < 10 * limit else more_than(value, limit)


def github_lines(answer: BudgetAnswer) -> Iterator[str]:
    """An annotation for everything that exceeds, at the line of the budget that says so.

    >>> one = Finding("net.txt", "macs", "budget", "<=", 8, "8", 9, None, False)
    >>> print(*github_lines(BudgetAnswer("convcost.toml", (one,), {}, {"net.txt": 2})), sep="", end="")
    ::error file=convcost.toml,line=2,title=convcost budget::net.txt: macs 9 is 12.5 %25 more than 8
    """
    path = os.path.relpath(answer.path)
    for one, text in sentences(answer.findings):
        line = answer.lines.get(one.target)  # 0: of no file
        place = f"file={_escaped(path, PROPERTY_ESCAPES)},line={line}," if line else ""
        yield f"::error {place}title=convcost budget::{_escaped(text, ESCAPES)}\n"
    for name, status in answer.verified.items():
        if status == "mismatch":
            yield f"::error title=convcost budget::{_escaped(f'{name}: {_executed(status)}', ESCAPES)}\n"
    held = sum([one.ok for one in answer.findings])
    yield f"convcost budget: {held} of {len(answer.findings)} hold\n" if answer.ok else ""


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join([escapes.get(sign, sign) for sign in text])


def write_budget(answer: BudgetAnswer, format: str, file: TextIO) -> None:
    """In any of the formats, and as annotations of GitHub."""
    if format == "github":
        file.writelines(github_lines(answer))
        return
    document = budget_document(answer)
    table, rows = lambda: budget_table(answer), lambda: budget_rows(answer)
    write_document(document, format, file, table, BUDGET_FIELDS, rows)


def budget_rows(answer: BudgetAnswer) -> Iterator[Document]:
    """A line a finding, its layers in words."""
    for one in answer.findings:
        yield {**_finding(one), "layers": made_by(one).removeprefix("; ")}


def write_baseline(entries: dict[str, Any], file: TextIO) -> None:
    """The baseline as a file to commit: a layer a line, for a reader of its changes."""
    targets = [f"  {json.dumps(name)}: {_entry(entry)}" for name, entry in sorted(entries.items())]
    whole = ",\n".join(targets)
    file.write(f'{{"schema": {json.dumps(SCHEMA)}, "baseline": {{\n{whole}\n}}}}\n')


def _entry(entry: dict[str, Any]) -> str:
    layers = ",\n".join([f"    {json.dumps(layer)}" for layer in entry["layers"]])
    return f'{{"total": {json.dumps(entry["total"])}, "layers": [\n{layers}\n  ]}}'


def diff_document(found: Difference) -> Document:
    """Both sides, totals and what changed, and the operations that did; null where a side has none."""
    return {
        "schema": SCHEMA,
        "a": _side(found.a),
        "b": _side(found.b),
        "change": changed_words(found.a.total, found.b.total) if found.a.total and found.b.total else None,
        "same": found.is_same,
        "unchanged": found.same,
        "changes": [_change(change) for change in found.changes],
        "verdict": conclude(found),
    }


def _side(subject: Subject) -> Document:
    return {
        "name": subject.name, "input": subject.input, "dtype": subject.dtype, "total": subject.total or None,
        "unknown": list(subject.unknown), "verified": subject.status,
    }  # fmt: skip


def _change(change: Change) -> Document:
    return {
        "name": change.name, "how": change.how, "op": {"a": change.kinds[0], "b": change.kinds[1]},
        "a": change.a, "b": change.b, "change": changed_words(change.a, change.b),
    }  # fmt: skip


def diff_table(found: Difference, *, exact: bool = False) -> Table:
    """What changed, operation by operation, and the totals of either side; both its sides when asked for."""
    changes = [
        (one, {"a": one.a or {}, "b": one.b or {}, "change": changed_words(one.a, one.b)}) for one in found.changes
    ]
    totals = [("before", "a", found.a.total), ("after", "b", found.b.total)] if found.a.total or found.b.total else []
    whole = changed_words(found.a.total, found.b.total) if found.a.total and found.b.total else None
    every = [sides["change"] for _, sides in changes] + [words for *_, words in totals]
    scales = {word: _scale(word, every, exact) for word in TOLD}
    heads = (
        Head("how", "", "", False, None),
        Head("op", "kind", "", False, None, hidden=True),
        *[_diff_head(side, word, scales[word].unit) for word in TOLD for side in SIDES],
    )

    def cells(sides: Document, *, signed: bool = True) -> tuple[str, ...]:
        """Of each word, what either side has and what changed, where `sides` has it."""
        shown = [(side, word) for word in TOLD for side in SIDES]
        return tuple([
            _cell(sides[side].get(word), scales[word], signed=signed and side == "change") if side in sides else ""
            for side, word in shown
        ])  # fmt: skip

    lines = [Line(one.name, (one.how, one.kinds[1] or one.kinds[0] or "", *cells(sides))) for one, sides in changes]
    sums = [Line(name, ("", "", *cells({at: words, "change": words}, signed=False))) for name, at, words in totals]
    sums += [Line("change", ("", "", *cells({"change": whole})), is_baseline=True)] if whole else []
    sections = [Section(f"{len(lines)} changed, {found.same} the same", tuple(lines)), Section("in all", tuple(sums))]
    title = f"{found.a.name} → {found.b.name}"
    return Table(title, (), "operation", heads, tuple([s for s in sections if s.lines]), (), tuple(_diff_notes(found)))


def _diff_head(side: str, word: str, unit: str) -> Head:
    """The column of what changed, or one of those that are there when they are asked for."""
    if side == "change":
        return Head(f"{side}.{word}", _header(word), unit, True, {"peak_bytes": 1, "traffic_bytes": 2}.get(word))
    beside = {"a": "before", "b": "after"}[side]
    return Head(f"{side}.{word}", f"{_header(word)}\n{beside}", unit, True, None, hidden=True)


def _header(word: str) -> str:
    return {"macs": "MACs", "peak_bytes": "peak", "traffic_bytes": "traffic"}.get(word, word)


def _scale(word: str, rows: list[Any], exact: bool) -> Scale:
    units = BYTES if word.endswith("_bytes") else COUNTS
    values = [abs(words[word]) for words in rows if words.get(word)]
    most = max(values, default=0)
    return choose_scale([value for value in values if value * 1000 >= most], units._replace(exact=exact))


def _cell(value: int | None, scale: Scale, *, signed: bool) -> str:
    text = show(value, scale)
    return f"+{text}" if signed and value is not None and value > 0 else text


def _diff_notes(found: Difference) -> Iterator[str]:
    yield f"· {conclude(found)}"
    if found.a.input != found.b.input or found.a.dtype != found.b.dtype:
        sides = [f"{'x'.join(map(str, side.input))} {side.dtype}" for side in (found.a, found.b)]
        yield f"· the inputs differ: {sides[0]} and {sides[1]}"
    for side in (found.a, found.b):
        if side.unknown:
            yield f"✗ {side.name} is partial: {', '.join(side.unknown)} not counted"
    yield from _verified({side.name: side.status for side in (found.a, found.b)})


def write_diff(found: Difference, format: str, file: TextIO, *, exact: bool = False) -> None:
    """In any of the formats."""
    document = diff_document(found)
    if isinstance(format, Way) and format.columns is not None:  # a word alone is what changed of it
        format = Way(format, [f"change.{name}" if name in TOLD else name for name in format.columns])
    table, rows = lambda: diff_table(found, exact=exact), lambda: diff_rows(document)
    write_document(document, format, file, table, DIFF_FIELDS, rows)


def diff_rows(document: Document) -> Iterator[Document]:
    """The whole, then each operation that changed."""
    whole = {side: document[side]["total"] or {} for side in ("a", "b")}
    how = "same" if document["same"] else "changed"
    yield {"level": "total", "name": document["b"]["name"], "how": how, **whole, "change": document["change"] or {}}
    for change in document["changes"]:
        op = change["op"]["b"] or change["op"]["a"]
        yield {"level": "operation", **change, "op": op, "a": change["a"] or {}, "b": change["b"] or {}}
