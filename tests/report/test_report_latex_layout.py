"""What of a table fits a page of LaTeX: columns, lines and pages, counted in points.

A digit takes 5 points, a t 4; between columns stand 8, and a line holds 344. What takes 90 or less is never broken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from tables import each

from convcost.report.as_latex import latex
from convcost.report.model import Head, Line, Section, Table


def digits(points: int) -> str:
    return "1" * (points // 5)


def words(count: int) -> str:
    """Words of 20 points with 3.4 between: 23.4 points each, but for the last space."""
    return " ".join(["1111"] * count)


def number(key: str, priority: int | None = None) -> Head:
    return Head(key, key, "", True, priority)


def text(key: str, priority: int | None = None) -> Head:
    return Head(key, key, "", False, priority)


def table(heads: Sequence[Head], *lines: Line, title: str = "") -> Table:
    return Table("", (), "", tuple(heads), (Section(title, lines),), (), ())


def columns(found: str) -> str:
    """The kinds of the columns, p with the points of those that are broken."""
    kinds = re.search(r"\\begin\{(?:tabular|longtable)\}\{@\{\}(.*)@\{\}\}", found)
    assert kinds
    return kinds[1].replace(r">{\raggedright\arraybackslash}", "").replace("{", "").replace("}", "").replace("pt", " ")


@pytest.mark.parametrize(("last", "kinds"), [(50, "lrrr"), (55, "lrr")])
def test_columns_fill_a_line_and_no_more(last: int, kinds: str) -> None:
    """Four columns of 90, 90, 90 and 50 with 3 gaps are 344; another digit leaves out what is wanted least."""
    heads = [number("a", 1), number("b"), number("c", 2)]
    found = latex(table(heads, Line(digits(90), (digits(90), digits(90), digits(last)))))
    assert columns(found) == kinds
    assert ("% left out, for \\textwidth to hold it: c; --columns" in found) == (kinds == "lrr")
    assert "resizebox" not in found


@each(("wanted", "out"), [((1, 2, 3), "c"), ((3, 2, 1), "a"), ((None, 1, None), "b"), ((0, 0, 1), "c")])
def test_the_least_wanted_column_goes_first(wanted: tuple[int | None, ...], out: str) -> None:
    heads = [number(key, priority) for key, priority in zip("abc", wanted)]
    assert f": {out}; --columns" in latex(table(heads, Line(digits(90), (digits(90),) * 3)))


@each("wanted", [None, 0])
@each(("last", "scaled"), [(50, False), (55, True)])
def test_what_has_to_stay_and_does_not_fit_is_scaled(wanted: int | None, last: int, scaled: bool) -> None:
    heads = [number("a", wanted), number("b"), number("c")]
    found = latex(table(heads, Line(digits(90), (digits(90), digits(90), digits(last)))))
    assert columns(found) == "lrrr"
    assert (r"\resizebox{\textwidth}{!}{%" in found) == scaled
    assert (r"\usepackage{graphicx}" in found) == scaled
    assert found.endswith(r"\end{tabular}}}%" + "\n" if scaled else r"\end{tabular}}%" + "\n")


def test_columns_that_may_go_are_gone_before_a_table_is_scaled() -> None:
    heads = [*[number(key) for key in "abcd"], number("last", 1)]
    found = latex(table(heads, Line(digits(90), (digits(90),) * 5)))
    assert columns(found) == "lrrrr"
    assert r"\resizebox" in found
    assert ": last; --columns" in found


@pytest.mark.parametrize(("cell", "kinds"), [("tt" + digits(70), "lrrr"), ("ttt" + digits(70), "lrr")])
def test_names_of_operations_are_set_in(cell: str, kinds: str) -> None:
    """By 12 points: 62, 90, 90 and 78, the last with three t 82."""
    heads = [number("a", 1), number("b", 2), number("c", 3)]
    line = Line(digits(50), (digits(90), digits(90), cell))
    found = latex(table(heads, line._replace(is_op=True)))
    assert columns(found) == kinds
    assert rf"\quad {digits(50)} & " in found
    assert columns(latex(table(heads, line))) == "lrrr"


@each(
    ("cells", "kinds"),
    [
        ((digits(90),), "ll"),
        ((words(9),), "ll"),  # 207.2 points fit into 286
        ((words(20),), "lp286 "),  # the rest of the line, beside 50 and a gap
        ((words(20), digits(90)), "lp188 l"),
        ((words(20), words(20)), "lp185 p93 "),  # the first has what there is, each at least 93
        ((words(20), words(5)), "lp185 p93 "),  # 113.6 points
        ((words(20) + " " + digits(180), words(20)), "lp185 p93 "),
        ((words(20), words(20) + " " + digits(120)), "lp155 p123 "),  # as much as its longest word, and 3
        ((words(20), words(20) + " " + digits(60) + "/" + digits(65)), "lp185 p93 "),  # which may be broken there
    ],
)
def test_long_texts_share_the_rest_of_the_line(cells: tuple[str, ...], kinds: str) -> None:
    heads = [text(f"t{at}") for at in range(len(cells))]
    found = latex(table(heads, Line(digits(50), cells)))
    assert columns(found) == kinds
    assert (r"\usepackage{array}" in found) == ("p" in kinds)


def test_a_text_of_a_scaled_table_takes_240_points_at_most() -> None:
    heads = [text("t"), text("u"), *[number(f"n{at}") for at in range(3)]]
    found = latex(table(heads, Line(digits(50), (words(20), words(9), *[digits(90)] * 3))))
    assert columns(found) == "lp240 lrrr"
    assert r"\usepackage{booktabs} \usepackage{array} \usepackage{graphicx}" in found


@pytest.mark.parametrize(
    ("cells", "ops", "shown"),
    [
        (("verified", "verified"), (), False), (("verified", "skipped"), (), True),
        (("verified", "verified", ""), (2,), False),
    ],
)  # fmt: skip
def test_what_was_verified_is_a_column_where_rows_differ(
    cells: tuple[str, ...], ops: tuple[int, ...], shown: bool
) -> None:
    """What operations say does not count; nothing is said to be left out."""
    lines = [Line(f"n{at}", (cell, "1"), is_op=at in ops) for at, cell in enumerate(cells)]
    found = latex(table([text("verified"), number("macs")], *lines))
    assert columns(found) == ("llr" if shown else "lr")
    assert "left out" not in found


@pytest.mark.parametrize(("rows", "kind"), [(38, "tabular"), (39, "longtable"), (41, "longtable")])
def test_a_page_has_forty_lines(rows: int, kind: str) -> None:
    """Two of them for a section."""
    found = latex(table([number("a")], *[Line(f"n{at}", ("1",)) for at in range(rows)]))
    assert rf"\begin{{{kind}}}" in found
    assert found.count(r"\bottomrule") == 1
    assert (r"\endhead" in found) == (r"\usepackage{longtable}" in found) == (kind == "longtable")


@each(("rows", "kind"), [(19, "tabular"), (20, "longtable")])
@each("count", [22, 23])
def test_a_text_in_two_lines_takes_two(rows: int, kind: str, count: int) -> None:
    """Of 286 points; with a tenth more for the ends of lines 1.98 lines are two, and 2.06 three."""
    assert columns(latex(table([text("t")], Line(digits(50), (words(count),))))) == "lp286 "
    found = latex(table([text("t")], *[Line(digits(50), (words(count),)) for _ in range(rows)]))
    assert (r"\begin{longtable}" in found) == (kind == "longtable" or count == 23)


@pytest.mark.parametrize(("rows", "pieces"), [(38, 1), (39, 1), (40, 1), (41, 2), (81, 3)])
def test_a_scaled_table_is_cut_at_pages(rows: int, pieces: int) -> None:
    """Each piece has its head, and there is a skip between them."""
    heads = [number(f"n{at}") for at in range(4)]
    found = latex(table(heads, *[Line(digits(90), (digits(90),) * 4) for _ in range(rows)]))
    assert found.count(r"\begin{tabular}{@{}lrrrr@{}}") == found.count(r"\toprule") == pieces
    assert found.count(r"\bottomrule") == pieces
    assert found.count(r"\par\medskip\noindent") == pieces - 1
    assert found.count("\n" + digits(90) + " & ") == rows


def test_sections_have_a_rule_and_their_title() -> None:
    sections = (Section("first", (Line("a", ("1",)), Line("b", ("2",)))), Section("", (Line("c", ("3",)),)))
    found = latex(Table("", (), "name", (number("n"),), sections, (), ())).splitlines()
    assert found[4:-2] == [
        r"name & n \\", r"\midrule", r"\multicolumn{2}{@{}l@{}}{\textit{first}} \\", r"a & 1 \\", r"b & 2 \\",
        r"\midrule", r"c & 3 \\",
    ]  # fmt: skip


def test_a_long_table_has_one_rule_below_its_head() -> None:
    lines = [Line("a", ("1",))] * 40
    found = latex(Table("", (), "name", (number("n"),), (Section("", tuple(lines)),), (), ())).splitlines()
    assert found[4:10] == [r"name & n \\", r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", r"a & 1 \\"]


#: 50, 80, 80 and 70 points with three gaps: 254 behind the name, 246 without the gap before the first cell.
FEW = (
    [number("a"), number("b"), number("c")], Line(digits(50), (digits(80), digits(80), digits(70)))
)  # fmt: skip


@pytest.mark.parametrize(("count", "kind"), [(1, "l"), (7, "l"), (8, r">{\raggedright\arraybackslash}p{246pt}")])
def test_a_reason_runs_across_the_cells(count: int, kind: str) -> None:
    """What stands before it takes 71 points, seven words 160.4, and eight 183.8. A line may end behind the colon."""
    found = latex(table(FEW[0], FEW[1], Line("x", (), words(count)))).replace(r"\allowbreak{}", "")
    assert rf"x & \multicolumn{{3}}{{{kind}@{{}}}}{{does not apply: {words(count)}}} \\" in found
    assert r"\usepackage{array}" in found


@each(
    ("count", "rows", "kind"), [(10, 37, "tabular"), (10, 38, "longtable"), (11, 18, "tabular"), (11, 19, "longtable")]
)
def test_a_long_reason_takes_two_lines_of_a_page(count: int, rows: int, kind: str) -> None:
    """A tenth more than 230.6 points is 253.7, which fits; than 239 it is more."""
    reason = words(10) + " 1" * (count - 10)
    found = latex(table(FEW[0], FEW[1], *[Line("x", (), reason)] * rows))
    assert rf"\begin{{{kind}}}" in found


def test_headers_have_a_second_line_for_the_rest_and_the_unit() -> None:
    heads = [
        Head("a", "MACs", "M", True, None),
        Head("b", "effective\nMACs", "", False, None),
        Head("c", "", "", True, None),
        Head("d", "con\u00ad\nv", "K", True, None),
    ]
    found = latex(table(heads, Line("x", ("1", "2", "3", "4"))))
    in_two_lines = r"\begin{tabular}[b]{@{}%s@{}}%s\\%s\end{tabular}"
    first = in_two_lines % ("r", "MACs", "(M)")
    second, last = in_two_lines % ("l", "effective", "MACs"), in_two_lines % ("r", "con-", "v (K)")
    assert rf" & {first} & {second} &  & {last} \\" in found


def test_long_texts_may_end_a_line_behind_signs() -> None:
    """Only those that are set in several lines."""
    cell = "a/b_c=d:e.f " + words(20)
    found = latex(table([text("t"), text("u")], Line("x/y", (cell, "g/h"))))
    assert r"a/\allowbreak{}b\_\allowbreak{}c=\allowbreak{}d:\allowbreak{}e.\allowbreak{}f 1111" in found
    assert r"x/y & " in found
    assert r" & g/h \\" in found
