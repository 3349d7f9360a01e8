"""Pages: well-formed, whole in one file, the evidence under each row; and the table of a notebook."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report.report_cases import compared, contradicted, executed, one_layer
from report.test_report_charts import network
from tables import each

import convcost
from convcost.cli.main import run
from convcost.report import Options, open_writer
from convcost.report import as_html as page
from convcost.report.model import Head, Line, Section, Table
from convcost.report.network_tables import network_table
from convcost.report.notebook import as_html

#: Elements that have no end.
VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """The text and the classes of each cell, row by row; which elements there are; AssertionError where one is open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.rows, self.tags, self.attributes = (
            list[str](),
            list[list[str]](),
            list[str](),
            list[tuple[str, str]](),
        )
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.fixture(autouse=True)
def _without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcost.report.as_html.find_spec", lambda _: None)


def page_of(*results: convcost.answers.comparison.Result) -> str:
    file = io.StringIO()
    writer = open_writer("html", file, Options(batch=len(results) > 1))
    writer.begin()
    for result in results:
        writer.answer(result)
    writer.end()
    return file.getvalue()


@pytest.fixture
def wrong() -> str:
    """A page on which one row is contradicted by its execution."""
    return page_of(contradicted())


def test_a_page_is_whole_and_in_one_file(wrong: str) -> None:
    """Nothing is loaded, light and dark are both there, and every element that opens closes."""
    found = Page(wrong)
    assert wrong.startswith("<!DOCTYPE html>")
    assert not {"link", "img", "iframe", "object"} & set(found.tags)
    assert not {"src", "href", "onclick"} & {name for name, _ in found.attributes}
    assert (found.tags.count("script"), found.tags.count("style"), found.tags.count("body")) == (1, 1, 1)
    assert "prefers-color-scheme:dark" in wrong
    assert "http" not in wrong


def test_every_row_has_its_evidence_folded_under_it(wrong: str) -> None:
    """Both numbers of every check, as the document has them; a check that failed is marked."""
    result = contradicted()
    rows = Page(wrong).rows
    assert wrong.count("<details>") == wrong.count('class="fold"') == len([row for row in result.rows if row.words])
    grouped = next(row for row in result.rows if row.variant == "grouped")
    assert grouped.verified
    macs = grouped.verified.checks["macs"]
    assert ["✗", "MACs", f"{macs.expected:,}", f"{macs.measured:,}", ""] in rows
    assert ["✓", "params", f"{grouped.words['params']:,}", f"{grouped.words['params']:,}", ""] in rows


def test_operations_are_folded_under_their_row(wrong: str) -> None:
    bottleneck = next(row for row in contradicted().rows if row.variant == "bottleneck")
    rows = Page(wrong).rows
    for op in bottleneck.ops:
        assert any(row[:2] == [op.name, op.kind] and f"{op.words['macs']:,}" in row for row in rows)


def test_columns_sort_by_numbers() -> None:
    """Each cell of a number has its value beside its text, the header a button; figures stand to the right."""
    text = page_of(compared("64:128 @56 k3"))
    assert '<td class="n" data-v="27.5">27.50</td>' in text
    assert '<td class="n" data-v="0.119">0.119×</td>' in text
    assert '<td class="n" data-v="">–</td>' in text
    assert text.count('<th scope="col"') == text.count('<button type="button">') == 10


def test_a_reason_is_one_cell_and_escaped() -> None:
    text = page_of(compared("63:65 @9 k3"))
    row = next(row for row in Page(text).rows if row and row[0].endswith("grouped"))
    assert row[1:] == ["does not apply: none of 32, 16, 8, 4, 2 groups divides 63 and 65"]
    assert "&lt;b&gt;" in page_of(compared("8 @9 k3")._replace(source="<b>"))


def test_a_batch_is_one_page() -> None:
    found = Page(page_of(compared("8 @9 k3"), compared("16 @9 k3")))
    assert (found.tags.count("h1"), found.tags.count("h2"), found.tags.count("table") > 1) == (1, 1, True)


def test_a_network_has_its_operations_too_and_the_total_stays_below() -> None:
    """Whatever it is sorted by."""
    file, document = io.StringIO(), network()
    open_writer("html", file).document(document, lambda: network_table(document), (), list)
    found = Page(file.getvalue())
    assert found.tags.count("tfoot") == 2
    assert [row[0] for row in found.rows].count("total") == 2
    assert {"first", "max-pool", "second"} <= {row[0].strip() for row in found.rows if row}


def test_an_explanation_is_a_page(tmp_path: Path) -> None:
    """With its formulas as code."""
    assert run(["explain", "depthwise-separable", "pointwise", "-o", str(tmp_path / "x.html")]) == 0
    text = (tmp_path / "x.html").read_text("utf-8")
    assert Page(text).tags.count("h1") == 3  # the difference has its own
    assert "<code>9·Cin + Cin·Cout</code>" in text


@pytest.mark.parametrize("spec", ["64:128 @56 k3", "63:65 @9 k3"])
def test_a_notebook_shows_a_table(spec: str) -> None:
    """Numbers to the right in a fixed-width font; names to the left; no colours and no classes of its own."""
    found = convcost.compare(spec, verify=False)
    text = found._repr_html_()
    rows = [row for row in Page(text).rows if len(row) > 1]
    assert [row[0].split()[-1] for row in rows[1:]] == [row.variant for row in found.rows]
    assert {len(row) for row in rows} <= {len(rows[0]), 2}
    assert "text-align:right;font-family:ui-monospace" in text
    assert "class=" not in text
    assert "color" not in text


def test_a_notebook_marks_what_was_executed() -> None:
    text = as_html(executed("8:16 @9x7 k3"))
    assert [row[0] for row in Page(text).rows if row][2] == "✓ standard"


@each(
    ("value", "text"),
    [
        (None, "–"), (1234567, "1,234,567"), (0, "0"), (0.123456789, "0.123457"), (2.0, "2"), ("", "–"), ([], "–"),
        ("relu", "relu"), (True, "true"), ([[1, 2], [3, 4]], "2 parts"), ([1, 64, 7], "1x64x7"),
        (["space", "channels"], "space+channels"), ({"groups": 32}, "groups=32"),
    ],
)  # fmt: skip
def test_what_is_folded_under_a_row_is_exact(value: object, text: str) -> None:
    """Digits in groups, nothing as a dash; what has parts of its own says how many."""
    assert page._exact(value) == text


@pytest.mark.parametrize(("value", "text"), [([1200, 1300], "1,200 / 1,300"), (1200, "1,200"), (None, "–")])
def test_counts_in_two_ways_are_no_shape(value: object, text: str) -> None:
    assert page._counts(value) == text


@each(
    ("size", "text"),
    [
        ({"in_channels": 8, "out_channels": 4, "groups": 1, "input_size": (9, 7), "batch": 1}, "8:4 @9x7"),
        ("full", "full"), (None, ""), ({"layer": 3}, "layer=3"),
    ],
)  # fmt: skip
def test_the_size_of_a_check_is_that_of_a_layer_or_as_it_is_said(size: object, text: str) -> None:
    assert page._at({"size": size}) == text


def cells_of(table: Table) -> list[str]:
    return "".join(page.section(table, {})).split("<td")[1:]


@pytest.mark.parametrize(("letters", "wraps"), [(30, False), (31, True)])
def test_a_long_text_may_be_broken(letters: int, wraps: bool) -> None:
    head = Head("t", "t", "", False, None)
    (cell,) = cells_of(Table("", (), "one", (head,), (Section("", (Line("a", ("x" * letters,)),)),), (), ()))
    assert cell.startswith(" class=text" if wraps else " data-v")


def test_marks_stand_before_names_where_any_row_has_one() -> None:
    """Of rows, not of their operations."""
    head = Head("n", "n", "", True, None)
    lines = (Line("a", ("1",), None, "✓"), Line("op", ("2",), is_op=True), Line("b", ("3",)))
    text = "".join(page.section(Table("", (), "one", (head,), (Section("", lines),), (), ()), {}))
    assert text.count('<span class="mark ') == 2
    assert '<th scope="row" data-v="op">op</th>' in text
    plain = Table("", (), "one", (head,), (Section("", lines[1:]),), (), ())
    assert "mark" not in "".join(page.section(plain, {}))


def test_a_fold_is_as_wide_as_the_table() -> None:
    """Names and all columns; one operation alone is folded where there are no checks, and under no operation."""
    heads = tuple([Head(key, key, "", True, None) for key in "ab"])
    lines = (Line("x", ("1", "2")), Line("x", ("1", "2"), is_op=True))
    table = Table("", (), "one", heads, (Section("", lines),), (), ())
    op = {"name": "conv", "op": "conv", "macs": 1200}
    check = {"expected": 1, "measured": 1, "ok": True}

    def folded(fold: page.Fold) -> str:
        return "".join(page.section(table, {"x": fold}))

    alone, checked = folded(page.Fold("verified", {}, [op])), folded(page.Fold("verified", {"macs": check}, [op]))
    both = folded(page.Fold("verified", {"macs": check}, [op, op]))
    assert alone.count('<tr class="fold"><td colspan="3">') == 1
    assert [text.count("<h4>operations</h4>") for text in (alone, checked, both)] == [1, 0, 1]
    assert [text.count("<h4>executed in this run: verified</h4>") for text in (alone, checked, both)] == [0, 1, 1]


@each(
    ("source", "folds"),
    [
        ({"evidence": [{"variant": "a", "ok": True, "checks": [{"name": "macs"}]},
                       {"variant": "b", "ok": False, "checks": [{"name": "macs"}]},
                       {"variant": "c", "ok": True, "checks": []}]}, {"a": "holds", "b": "does not hold"}),
        ({"layers": [], "verified": {"layers": [{"names": ["a", "b"], "status": "reduced", "checks": {"macs": 1}},
                                                {"names": ["c"], "status": "skipped", "checks": {}}]}},
         {"a": "reduced", "b": "reduced"}),
        ({"layers": []}, {}), ({"verified": {"layers": [{"names": ["a"], "status": "x", "checks": {"m": 1}}]}}, {}),
    ],
)  # fmt: skip
def test_documents_have_their_checks_folded(source: dict[str, object], folds: dict[str, str]) -> None:
    assert {name: fold.status for name, fold in page.folds_of(source).items()} == folds


def test_a_layer_alone_has_its_operations_folded_and_several_have_none() -> None:
    one = one_layer("8 @9 k3")
    assert [*page.folds_of([one])] == ["as-given"]
    assert page.folds_of([one, one]) == {}


def test_answers_after_the_first_are_a_level_below() -> None:
    """However many."""
    found = Page(page_of(compared("8 @9 k3"), compared("16 @9 k3"), compared("32 @9 k3")))
    assert (found.tags.count("h1"), found.tags.count("h2"), found.tags.count("h3")) == (1, 2, 0)
