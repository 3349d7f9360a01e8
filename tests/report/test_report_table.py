"""The table: fits, hides nothing, and says what its marks mean."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import pytest
from report.report_cases import LINES, compared, contradicted, executed, not_executed, one_layer, written
from tables import each

from convcost.execute.ones import fields, mixes
from convcost.report import Options, evidence, fits, network_tables, open_writer, timing
from convcost.report.columns import COLUMNS, Column, choose_columns
from convcost.report.layout import lay_out, squeezed, wrap
from convcost.report.model import Head, Line, Section, Table
from convcost.spec import parse_spec
from convcost.variants.registry import shown_variants

USUAL = LINES[:-1]  # all but the one whose name alone is wider than a screen


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def table_in(width: int, monkeypatch: pytest.MonkeyPatch, line: str, **options: object) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    return written("table", executed(line, limit=100_000), **options)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("line", USUAL)
def test_the_default_table_fits(width: int, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every variant's name whole, and nothing trailing."""
    text = table_in(width, monkeypatch, line)
    rows = text.splitlines()
    assert max(map(len, rows[1:])) <= width  # the title is as long as the layer
    assert all(row == row.rstrip() for row in rows)
    body = text[: text.rindex("\n\n")]  # without the notes
    for name in shown_variants(parse_spec(line).axes):
        assert len(re.findall(rf"^ (✓\*?|–)? +{name}( |$)", body, re.M)) == 1, name


def test_columns_go_and_numbers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least wanted first; however narrow, MACs remain, and no number is cut."""
    tables = {width: table_in(width, monkeypatch, "64:128 @56 k3").splitlines() for width in (100, 80, 60, 20)}
    headers = {width: lines[lines.index("") + 1] for width, lines in tables.items()}
    assert headers[100].split() == [
        "variant", "output", "params", "MACs", "MACs", "effective", "peak", "traffic", "FLOPs",
    ]  # fmt: skip
    assert headers[80].split() == ["variant", "output", "params", "MACs", "MACs", "effective", "peak"]
    assert headers[60].split() == ["variant", "params", "MACs", "MACs", "peak"]
    assert headers[20].split() == ["variant", "MACs"]
    assert "231.21" in table_in(20, monkeypatch, "64:128 @56 k3")


def test_the_table_reads_like_this() -> None:
    """Units in the header, decimals aligned, roles apart, the baseline marked, no ratio for building blocks."""
    rows = written("table", compared("64:128 @56 k3", names=["standard", "depthwise-separable", "depthwise"]))
    assert rows == (
        " 64:128 @56 k3  ·  fp32  ·  batch 1  ·  base: standard\n"
        "\n"
        "   variant              output       params    MACs    MACs  effective   peak  traffic   FLOPs\n"
        "                                        (K)     (M)  × base   MACs (M)  (MiB)    (MiB)  / byte\n"
        " ─────────────────────────────────────────────────────────────────────────────────────────────\n"
        "   replacements\n"
        " – standard             1x128x56x56  73.728  231.21    base     225.74   2.30     2.58  171.05\n"
        " – depthwise-separable  1x128x56x56   8.768   27.50  0.119×      27.45   2.30     3.86   13.58\n"
        "\n"
        "   building blocks\n"
        " – depthwise            1x64x56x56    0.576    1.81       –       1.76   1.53     1.53    2.25\n"
        "\n"
        " – not verified; every number is by analysis only\n"
    )


def test_a_row_that_does_not_apply_says_why() -> None:
    """In its place, across the cells it does not have."""
    text = written("table", compared("63:65 @9x7 k3"))
    assert re.search(r"^   grouped +does not apply: none of 32, 16, 8, 4, 2 groups divides 63 and 65$", text, re.M)


def test_marks_say_what_was_executed() -> None:
    """And for which words that speaks; the others are by analysis only, and said to be."""
    text = written("table", executed("8:16 @9x7 k3"))
    assert re.search(r"^ ✓ standard", text, re.M)
    flat = " ".join(text.split())
    words = "output, params, MACs, effective MACs, FLOPs, elementwise, conv activations, weights, activations, peak"
    others = "traffic, FLOPs / byte, receptive field, mixes, stages and ratios"
    assert f"✓ executed in this run: {words}, {others} came out as analysed" in flat
    assert "by analysis only" not in flat


def test_a_word_that_was_not_executed_is_said_to_be_by_analysis_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receptive field that would take too large an input, where it is shown."""
    monkeypatch.setattr(fields, "MOST_ADDITIONS", 1)
    monkeypatch.setattr(mixes, "MOST_ADDITIONS", 1)
    fields._field.cache_clear()
    answer = executed("8:16 @9x7 k3")
    fields._field.cache_clear()
    text = written("table", answer, columns=["macs", "receptive_field", "mixes"])
    flat = " ".join(text.split())
    assert "FLOPs / byte, mixes, stages and ratios came out as analysed; by analysis only: receptive field" in flat
    assert "by analysis only" not in written("table", answer)


def test_words_that_are_not_shown_are_not_talked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traffic has no column in 60."""
    assert "analysis only" not in table_in(60, monkeypatch, "8:16 @9x7 k3")


def test_a_reduced_execution_is_marked_and_its_size_named() -> None:
    """With the rows it is about."""
    text = written("table", executed("64:128 @56 k3", limit=100_000_000))
    assert re.search(r"^ ✓\* standard", text, re.M)
    assert re.search(r"^ ✓  depthwise-separable", text, re.M)
    assert re.search(r"^ \*  executed at a reduced size, \d+:\d+ @\d+x\d+( n\d)?: standard, ", text, re.M)


def test_a_mismatch_shows_both_numbers() -> None:
    """In the table as well."""
    text = written("table", contradicted())
    assert re.search(r"^ ✗ grouped", text, re.M)
    assert re.search(r"✗ grouped: MACs 9072 by analysis, 9073 as executed", text)


def test_what_could_not_be_executed_says_why() -> None:
    """Every row or some."""
    assert "not verified; every number is by analysis only (too large to execute, even reduced)" in written(
        "table", compared("64:128 @56 k3", verify=not_executed)
    )
    assert "not verified" in written("table", compared("64:128 @56 k3"))


def test_operations_stand_under_their_row() -> None:
    """In the same units."""
    text = written("table", compared("64:128 @56 k3", names=["depthwise-separable"]), per_op=True)
    assert re.search(r"^ – depthwise-separable .*\n   └ depthwise .*\n   └ pointwise ", text, re.M)


@each("name", COLUMNS)
def test_every_column_can_be_chosen(name: str) -> None:
    """And stays, however narrow the screen."""
    text = written("table", compared("64:128 @56 k3"), columns=[name])
    header = COLUMNS[name].header.split("\n")[0]
    assert name == "verified" or header in text.splitlines()[2]


def test_layers_share_a_table() -> None:
    """Each by its text; a single one has the text above, and ratios appear only where asked for."""
    many = written("table", one_layer("64:128 @56 k3"), one_layer("3:64 @224 k7 s2"), batch=True)
    assert re.search(r"^   layer .*\n.*\n.*\n – 64:128 @56 k3 .*\n – 3:64 @224 k7 s2 ", many)
    one = written("table", one_layer("64:128 @56 k3"))
    assert one.startswith(" 64:128 @56 k3  ·  fp32")
    assert "× base" not in one + many


def test_a_long_batch_goes_on_in_another_table() -> None:
    """So that the first answers come before the last line is read."""
    file = io.StringIO()
    writer = open_writer("table", file, Options(batch=True))
    writer.begin()
    for _ in range(150):
        writer.answer(one_layer("8 @8 k3"))
    assert file.getvalue().count("\n – 8 @8 k3") == 100
    writer.end()
    assert file.getvalue().count("\n – 8 @8 k3") == 150


@pytest.mark.parametrize(
    ("width", "lines"), [(29, [" 64:128 @56 k3", " fp32  ·  n1"]), (30, [" 64:128 @56 k3  ·  fp32  ·  n1"])]
)
def test_facts_stand_below_a_title_where_both_are_too_long(width: int, lines: list[str]) -> None:
    table = Table("64:128 @56 k3", ("fp32", "n1"), "variant", (), (), (), ())
    found = ["".join([text for text, _ in spans]) for spans in lay_out(table, width)]
    assert found == [*lines, ""]


def test_wrapping_keeps_every_word() -> None:
    """A word that is too long has a line of its own."""
    assert wrap("a bb ccc dddddddd e", 5) == ["a bb", "ccc", "dddddddd", "e"]
    assert wrap("", 5) == [""]


def test_styles_are_all_known() -> None:
    """The layout names none that the screen does not have."""
    from convcost.report.columns import choose_columns
    from convcost.report.documents import comparison_document
    from convcost.report.tables import comparison_table
    from convcost.report.terminal import STYLES

    table = comparison_table(comparison_document(contradicted()), "x", choose_columns(None), per_op=True)
    assert {style for line in lay_out(table, 100) for _, style in line} <= set(STYLES)


@pytest.mark.parametrize(("unit", "lines"), [("", 4), ("ms", 5)])
def test_a_header_has_a_second_line_where_something_stands_on_it(unit: str, lines: int) -> None:
    """Units, and the rest of long headers."""
    head = Head("held", "held", unit, True, None)
    table = Table("", (), "check", (head,), (Section("", (Line("macs", ("9",)),)),), (), ())
    assert len([*lay_out(table, 80)]) == lines


def leaving(heads: Iterable[Head]) -> list[str]:
    """The columns in the order in which they go as the screen gets narrower, a character at a time."""
    shown = [head for head in heads if head.key != "verified"]
    line = Line("name", tuple(["12345"] * len(shown)))
    table = Table("", (), "row", tuple(shown), (Section("", (line,)),), (), ())
    there, gone = [head.key for head in shown], list[str]()
    for width in range(200, 0, -1):
        kept = [shown[at].key for at in squeezed(table, width).shown]
        gone += [key for key in there if key not in kept]
        there = kept
    return gone


def heads_of(columns: Iterable[Column]) -> list[Head]:
    return [Head(column.key, column.header, "", True, column.priority) for column in columns]


@each(
    ("heads", "gone"),
    [
        (heads_of(choose_columns(None)), "arithmetic_intensity traffic_bytes effective_macs output_shape peak_bytes "
         "params relative.macs"),
        (heads_of(network_tables.TYPES), "traffic_bytes elementwise effective_macs share.params activation_bytes count "
         "share.macs params"),
        (heads_of(network_tables.LAYERS), "traffic_bytes elementwise op effective_macs share.params peak_bytes "
         "output_shape share.macs params"),
        (heads_of(network_tables.SWAP), "relative.traffic_bytes relative.peak_bytes activation_bytes traffic_bytes "
         "peak_bytes params relative.params"),
        (heads_of(network_tables.ZOO), "source input"),
        (heads_of(timing.COLUMNS), "times_bound measured_range often limited_by macs bound predicted relative.macs"),
        (heads_of(fits.asked_columns(["macs"], ["macs", "params"])), "traffic_bytes peak_bytes params"),
        (heads_of(fits.asked_columns([], ["peak_bytes", "macs"])), "traffic_bytes params macs peak_bytes"),
        (evidence.SUMMARY, "equivalence size macs seconds"),
        (evidence.HEADS, "size seconds"),
    ],
    ids=["comparison", "kinds", "layers", "swap", "zoo", "time", "budget", "order", "evidence", "checks"],
)  # fmt: skip
def test_what_is_wanted_least_goes_first(heads: Iterable[Head], gone: str) -> None:
    """And what answers the question stays, however narrow."""
    assert leaving(heads) == gone.split()


def laid(table: Table, width: int) -> list[str]:
    return ["".join([text for text, _ in spans]) for spans in lay_out(table, width)]


@each(("width", "mark", "lines"), [(33, "", 1), (32, "", 2), (35, "✓*", 1), (34, "✓*", 2), (26, "", 2), (10, "", 2)])
def test_a_title_of_a_section_is_wrapped_at_the_width(width: int, mark: str, lines: int) -> None:
    """Behind the marks, a space on either side of them; 31 letters in two words; never in less than 24."""
    title = "x" * 15 + " " + "y" * 15
    table = Table("", (), "row", (Head("n", "n", "", True, None),), (Section(title, (Line("a", ("1",), None, mark),)),),
                  (), ())  # fmt: skip
    found = [line for line in laid(table, width) if "x" in line or "y" in line]
    assert len(found) == lines
    assert found[0].startswith(" " * (2 + len(mark)) + "x")


@each(
    ("mark", "style"),
    [("✓", "good"), ("✓*", "good"), ("✗", "bad"), ("✗!", "bad"), ("–", "dim"), ("!", "dim"), ("", "dim")],
)
def test_a_mark_has_the_colour_of_its_first_sign(mark: str, style: str) -> None:
    head = Head("n", "n", "", True, None)
    table = Table("", (), "row", (head,), (Section("", (Line("a", ("1",), None, mark),)),), (), ())
    (start, _, _) = list(lay_out(table, 80))[2]
    assert start[1] == style
