"""Budgets and differences as tables, annotations and rows; from made records."""

from __future__ import annotations

import io
from typing import Any

from tables import each

from convcost.gate.diff import TOLD, Change, Difference
from convcost.gate.judging import BudgetAnswer, Finding
from convcost.gate.targets import Subject
from convcost.report.gate import (
    budget_document,
    budget_rows,
    budget_table,
    diff_document,
    diff_rows,
    diff_table,
    github_lines,
    write_baseline,
)


def finding(value: int | None, limit: int | None, ok: bool, **words: Any) -> Finding:
    return Finding("net", "macs", "budget", "<=", limit, str(limit), value, None, ok)._replace(**words)


def answer(*found: Finding, **verified: str) -> BudgetAnswer:
    return BudgetAnswer("folder/pyproject.toml", found, verified, {"net": 7})


@each(
    ("value", "limit", "share"),
    [
        (120, 100, "+20.0 %"), (999, 100, "+899.0 %"), (1000, 100, "10 times"), (80, 100, "-20.0 %"),
        (2, 1, "+100.0 %"), (5, 0, "+5"), (5_000, 0, "+5,000"),
    ],
)  # fmt: skip
def test_what_is_beyond_is_a_share_or_how_many_times(value: int, limit: int, share: str) -> None:
    """From ten times on; of nothing the difference."""
    (line,) = budget_table(answer(finding(value, limit, False))).sections[0].lines
    assert line.cells[2] == share
    assert line.mark == "✗"


@each(
    ("one", "cells"),
    [
        (finding(1200, 1300, True), ("1300", "1,200", "")), (finding(None, 1300, False), ("1300", "–", "")),
        (finding(1200, None, False), ("None", "1,200", "")),
        (finding(7, 9, True, sign=">=", text="9"), (">= 9", "7", "")),
        (finding(1200, 1100, True, kind="growth", text="+10%", before=1000), ("1,100 (+10%)", "1,200", "", "1,000")),
        (finding(1200, None, True, kind="growth", text="+10%", before=1000), ("+10%", "1,200", "", "1,000")),
    ],
)  # fmt: skip
def test_a_finding_is_a_line(one: Finding, cells: tuple[str, ...]) -> None:
    """What it may be, what it is; what it was has a column where something is known of it."""
    table = budget_table(answer(one))
    shown = table.sections[0].lines[0].cells[: len(table.heads)]
    assert shown == cells
    assert [head.key for head in table.heads] == ["limit", "value", "beyond", "before"][: len(cells)]
    assert [head.priority for head in table.heads] == [None, None, 1, 2][: len(cells)]


def test_beyond_is_a_number_of_what_does_not_hold() -> None:
    found = [finding(120, 100, False), finding(80, 100, False), finding(90, 100, True), finding(None, 1, False),
             finding(1, None, False)]  # fmt: skip
    assert [one["beyond"] for one in budget_document(answer(*found))["findings"]] == [20, 20, None, None, None]


def test_targets_have_sections_and_failures_are_counted() -> None:
    good, bad = finding(1, 2, True), finding(3, 2, False, target="other")
    assert budget_table(answer(good)).facts == ("within the budget",)
    table = budget_table(answer(good, bad, good))
    assert table.facts == ("1 of 3 beyond the budget",)
    assert [(section.title, len(section.lines)) for section in table.sections] == [("net", 2), ("other", 1)]
    assert table.title == "pyproject.toml"
    assert len([note for note in table.notes if note.startswith("✗ other: macs 3")]) == 1


@each(
    ("verified", "said"),
    [
        ({"a": "verified"}, ["✓ executed in this run, and came out as analysed"]),
        ({"a": "verified", "b": "reduced"},
         ["✓ a: executed in this run, and came out as analysed", "✓ b: executed, some of it at a reduced size"]),
        ({"a": "skipped", "b": "skipped"}, ["– not verified; every number is by analysis only"]),
        ({"a": "partial", "b": "mismatch"},
         ["– a: executed in part", "✗ b: an execution contradicts the analysis"]),
    ],
)  # fmt: skip
def test_how_each_was_verified_is_said_once(verified: dict[str, str], said: list[str]) -> None:
    assert list(budget_table(answer(finding(1, 2, True), **verified)).notes) == said


def test_annotations_stand_at_the_lines_of_their_targets() -> None:
    """What a file does not have has no place; where all hold that is said, and signs of the format are escaped."""
    bad = finding(120, 100, False)
    found = list(github_lines(answer(bad, bad._replace(target="a:b,c"), net="mismatch", b="verified")))
    assert found[0].startswith("::error file=folder/pyproject.toml,line=7,title=convcost budget::net: macs 120 is 20")
    assert "20.0 %25 more" in found[0] or "20 %25 more" in found[0]
    assert found[1].startswith("::error title=convcost budget::a:b,c: macs 120")
    assert found[2] == "::error title=convcost budget::net: an execution contradicts the analysis\n"
    assert found[3:] == [""]
    good = finding(1, 2, True)
    assert list(github_lines(answer(good, good))) == ["convcost budget: 2 of 2 hold\n"]


def test_rows_of_a_budget_have_their_layers_in_words() -> None:
    (row,) = budget_rows(answer(finding(120, 100, False)))
    assert (row["beyond"], row["layers"]) == (20, "")


def test_a_baseline_is_a_layer_a_line() -> None:
    """In the order of names."""
    file = io.StringIO()
    entry = {"total": {"macs": 3}, "layers": [{"name": "x"}, {"name": "y"}]}
    write_baseline({"b": {"total": {}, "layers": []}, "a": entry}, file)
    assert file.getvalue().splitlines() == [
        '{"schema": "convcost/2", "baseline": {', '  "a": {"total": {"macs": 3}, "layers": [', '    {"name": "x"},',
        '    {"name": "y"}', "  ]},", '  "b": {"total": {}, "layers": [', "", "  ]}", "}}",
    ]  # fmt: skip


def subject(name: str, total: dict[str, int]) -> Subject:
    return Subject(name, total, (), (1, 3, 8), "fp32", "verified")


def test_a_difference_says_where_inputs_differ_and_what_is_partial() -> None:
    totals = {"params": 1, "macs": 2, "peak_bytes": 3, "traffic_bytes": 4}
    a, b = subject("a", totals), subject("b", totals)
    said = list(diff_table(Difference(a, b, (), 3)).notes)
    assert not [note for note in said if "differ:" in note or "partial" in note]
    other = b._replace(input=(2, 3, 8), unknown=("odd",), status="skipped")
    said = list(diff_table(Difference(a, other, (), 3)).notes)
    assert "· the inputs differ: 1x3x8 fp32 and 2x3x8 fp32" in said
    assert "✗ b is partial: odd not counted" in said
    assert said[-2:] == [
        "✓ a: executed in this run, and came out as analysed", "– b: not verified; every number is by analysis only"
    ]  # fmt: skip
    retyped = diff_table(Difference(a, b._replace(dtype="fp16"), (), 3)).notes
    assert "· the inputs differ: 1x3x8 fp32 and 1x3x8 fp16" in retyped


def test_what_changed_stays_and_memory_goes() -> None:
    """The peak is wanted more than the traffic; either side is there when it is asked for."""
    totals = {"params": 1, "macs": 2, "peak_bytes": 3, "traffic_bytes": 4}
    table = diff_table(Difference(subject("a", totals), subject("b", totals), (), 0))
    shown = {head.key: head.priority for head in table.heads if not head.hidden}
    assert shown == {
        "how": None, "change.params": None, "change.macs": None, "change.peak_bytes": 1, "change.traffic_bytes": 2
    }  # fmt: skip
    assert {head.key for head in table.heads if head.hidden} == {"op", *[
        f"{side}.{word}" for side in "ab" for word in totals
    ]}  # fmt: skip


def test_what_changed_is_a_line_with_the_kind_that_it_has_now() -> None:
    """Or had; the sums stand below, what is more with its sign."""
    less, more = {"params": 1, "macs": 2, "peak_bytes": 3, "traffic_bytes": 4}, dict.fromkeys(TOLD, 9)
    changes = (
        Change("new", "added", (None, "conv"), None, more),
        Change("old", "removed", ("linear", None), less, None),
        Change("both", "changed", ("conv", "linear"), less, more),
    )
    table = diff_table(Difference(subject("a", less), subject("b", more), changes, 4))
    assert [section.title for section in table.sections] == ["3 changed, 4 the same", "in all"]
    assert [(line.name, *line.cells[:2]) for line in table.sections[0].lines] == [
        ("new", "added", "conv"), ("old", "removed", "linear"), ("both", "changed", "linear")
    ]  # fmt: skip
    at = [head.key for head in table.heads].index("change.macs")
    assert [line.cells[at] for line in table.sections[0].lines] == ["+9", "-2", "+7"]
    assert [(line.name, line.cells[at], line.is_baseline) for line in table.sections[1].lines] == [
        ("before", "2", False), ("after", "9", False), ("change", "+7", True)
    ]  # fmt: skip
    document = diff_document(Difference(subject("a", less), subject("b", more), changes, 4))
    whole, new, old, both = diff_rows(document)
    assert (whole["a"]["macs"], whole["b"]["macs"], whole["change"]["macs"], whole["how"]) == (2, 9, 7, "changed")
    assert (new["op"], new["a"], old["op"], old["b"], both["op"]) == ("conv", {}, "linear", {}, "linear")
    assert document["changes"][0]["op"] == {"a": None, "b": "conv"}


def test_a_side_without_totals_has_no_sums() -> None:
    """As a comparison has none."""
    bare = Difference(subject("a", {}), subject("b", {}), (), 4)
    assert diff_table(bare).sections == ()
    document = diff_document(bare)
    assert (document["change"], document["a"]["total"], document["same"]) == (None, None, True)
    (whole,) = diff_rows(document)
    assert (whole["a"], whole["b"], whole["change"], whole["how"]) == ({}, {}, {}, "same")


def test_changes_of_bytes_are_in_units_of_bytes() -> None:
    """Numbers that are less than a thousandth of the largest do not choose it; whole where that is asked."""
    before, after = dict.fromkeys(TOLD, 1024), dict.fromkeys(TOLD, 2048)
    found = Difference(subject("a", before), subject("b", after), (), 4)
    units = {head.key: head.unit for head in diff_table(found).heads}
    assert (units["change.macs"], units["change.peak_bytes"]) == ("K", "KiB")
    assert {head.unit for head in diff_table(found, exact=True).heads if head.key == "change.macs"} == {""}
