"""Markdown: a table as GitHub reads it."""

from __future__ import annotations

import re

from report.report_cases import LINES, compared, contradicted, executed, one_layer, written
from tables import each

from convcost.report.as_markdown import markdown
from convcost.report.model import Table


def cells(text: str) -> list[list[str]]:
    rows = [row for row in text.splitlines() if row.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def tables(text: str) -> int:
    return len(re.findall(r"^\| :-", text, re.M))


@each("line", LINES)
def test_every_line_has_as_many_cells(line: str) -> None:
    """Rows that do not apply too."""
    rows = cells(written("markdown", compared(line)))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_numbers_are_aligned_to_the_right() -> None:
    """Names and verdicts to the left."""
    header, rules = cells(written("markdown", executed("8:16 @9x7 k3")))[:2]
    for name, rule in zip(header, rules):
        left = name in ("variant", "output", "verified")
        assert re.fullmatch(":-+" if left else "-+:", rule), name
    assert header[2:6] == ["params (K)", "MACs (K)", "MACs × base", "effective MACs (K)"]


def test_rows_say_whether_they_were_verified() -> None:
    """In words."""
    verdicts = {row[0]: row[-1] for row in cells(written("markdown", contradicted()))}
    assert verdicts["standard"] == "verified"
    assert verdicts["grouped"] == "mismatch"
    assert {row[-1] for row in cells(written("markdown", one_layer("8 @8 k3")))[2:]} == {"not verified"}
    reduced = cells(written("markdown", executed("64:128 @56 k3", limit=100_000_000)))
    assert any(re.fullmatch(r"verified at \d+:\d+ @\d+x\d+( n\d)?", row[-1]) for row in reduced)


def test_a_row_that_does_not_apply_says_why() -> None:
    """In its last cell."""
    row = next(row for row in cells(written("markdown", compared("63:65 @9x7 k3"))) if row[0] == "grouped")
    assert row[-1] == "does not apply: none of 32, 16, 8, 4, 2 groups divides 63 and 65"
    assert set(row[1:-1]) == {"–"}


def test_special_characters_are_escaped() -> None:
    """A bar ends no cell, a star starts no emphasis."""
    result = compared("8:16 @9x7 k3")
    rows = (result.rows[0]._replace(words=None, reason="a|b *c*", ops=()), *result.rows[1:])
    assert r"a\|b \*c\*" in written("markdown", result._replace(rows=rows))


def test_a_batch_is_a_table_each_or_one_for_layers() -> None:
    """With an empty line between."""
    text = written("markdown", compared("8 @8 k3"), compared("9 @9 k3"), batch=True)
    assert tables(text) == 2
    assert "\n\n**9 @9 k3**" in text
    assert tables(written("markdown", one_layer("8 @8 k3"), one_layer("9 @9 k3"), batch=True)) == 1


def test_operations_stand_under_their_row() -> None:
    """By name."""
    names = [row[0] for row in cells(written("markdown", compared("8 @8 k3", names=["bottleneck"]), per_op=True))]
    assert names[2:] == ["bottleneck", "└ reduce", "└ conv", "└ expand"]


def test_a_title_alone_ends_with_itself() -> None:
    """A dot stands between facts, and there may be none."""
    text = markdown(Table("a → b", (), "operation", (), (), (), ()))
    assert text.splitlines()[0] == "**a → b**"
