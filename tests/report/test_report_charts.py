"""Charts: what is drawn of each answer, and drawn as text."""

from __future__ import annotations

import pytest
from report.report_cases import compared, one_layer
from tables import each

from convcost.answers.comparison import Comparison
from convcost.answers.network import answer_network
from convcost.networks.build import build_network
from convcost.networks.program import read_program
from convcost.report import Options
from convcost.report.as_plot import chart_text
from convcost.report.charts import Along, Axis, Bars, Chart, Curve, Curves, Panel, Points
from convcost.report.model import Head, Line, Section, Table
from convcost.report.network_tables import network_table
from convcost.report.networks import network_document
from convcost.report.pictures import chart_of
from convcost.report.tables import tabulate
from convcost.report.units import COUNTS
from convcost.search.select import read_selection, select_rows
from convcost.spec.errors import SpecError

RATIOS = Bars("MACs", ("base", "half", "none", "twice"), (1, 0.5, None, 2), ("base", "0.500×", "–", "2.000×"), True)
CURVES = Curves("growth", Axis("k"), Axis("MACs", COUNTS), (Curve("a", (1, 3), (1000, 9000)), Curve("b", (3,), (500,))))
NAMES = ("least", "between", "worse", "most")
POINTS = Points(
    "front", Axis("params"), Axis("MACs"), NAMES, ((1, 9), (2, 5), (3, 8), (4, 1)), (True, True, False, True)
)


def front(words: str) -> Comparison:
    found = compared("64:128 @56 k3")
    known = words.split(",")
    return select_rows(found, read_selection("", "", None, words, known, known))


def network() -> dict[str, object]:
    program = read_program("input 4 @32\nfirst: standard 8 k3 relu\nmax-pool k2\nsecond: standard 8 k3", "small")
    return network_document(answer_network(build_network(program)))


def chart(source: Comparison) -> Chart:
    return chart_of(source, tabulate(source, Options()))


def test_a_comparison_is_drawn_as_the_ratios_that_the_document_has() -> None:
    """Four words; building blocks, which have none, are no bars."""
    found = compared("64:128 @56 k3")
    panels = chart(found).panels
    assert [panel.title for panel in panels] == ["params", "MACs", "peak", "traffic"]
    related = [row for row in found.rows if row.relative]
    assert [panel.names for panel in panels] == [tuple([row.variant for row in related])] * 4
    assert [panel.values for panel in panels if panel.title == "MACs"] == [
        tuple([row.relative["macs"] for row in related if row.relative])
    ]


def test_the_base_is_called_so_beside_its_bar() -> None:
    (params, *_) = chart(compared("64:128 @56 k3", names=["standard", "grouped"])).panels
    assert isinstance(params, Bars)
    assert dict(zip(params.names, params.texts)) == {"standard": "base", "grouped": "0.031×"}


def test_a_front_is_drawn_with_the_rows_that_are_beaten() -> None:
    """Its first word across, each other one up."""
    found = front("params,macs,peak_bytes")
    panels = chart(found).panels
    assert [(panel.x.label, panel.y.label) for panel in panels] == [("params", "MACs"), ("params", "peak")]
    on = {name for name, is_on in zip(panels[0].names, panels[0].on_front) if is_on}
    assert on == {row.variant for row in found.rows} == {"grouped", "bottleneck"}
    assert "standard" in panels[0].names


def test_a_network_is_drawn_along_its_operations() -> None:
    """What an operation allocates stands on what is alive before it; together that is the memory of the step."""
    document = network()
    found = chart_of(document, network_table(document))
    macs, memory = found.panels
    assert isinstance(memory, Along)
    layers = document["layers"]
    assert isinstance(layers, list)
    assert memory.names == macs.names == tuple([layer["name"] for layer in layers])
    assert memory.sums == [layer["peak_bytes"] for layer in layers]
    assert [values for _, values in macs.parts] == [tuple([layer["macs"] for layer in layers])]


def test_a_layer_is_drawn_by_its_operations() -> None:
    layer = one_layer("64:64 @56 k3 g64")
    found = chart_of([layer], tabulate([layer], Options()))
    assert [(panel.title, panel.names) for panel in found.panels][:2] == [
        ("params", ("conv",)),
        ("MACs (M)", ("conv",)),
    ]


def test_another_table_is_drawn_by_its_numbers() -> None:
    """Texts are no panels, and what is missing has no bar."""
    heads = (Head("macs", "MACs", "G", True, None), Head("from", "from", "", False, None))
    lines = (Line("a", ("1,234.5", "x")), Line("b", ("–", "y")))
    found = chart_of({}, Table("t", (), "one", heads, (Section("", lines),), (), ()))
    assert found.panels == (Bars("MACs (G)", ("a", "b"), (1234.5, None), ("1,234.5", "–")),)


@each("document", [{}, {"evidence": []}, {"rules": []}, {"random": {}}])
def test_what_has_no_numbers_to_compare_is_not_drawn(document: dict[str, object]) -> None:
    heads = (Head("macs", "MACs", "G", True, None),) if document else ()
    table = Table("t", (), "one", heads, (Section("", (Line("a", ("1",) * len(heads)),)),), (), ())
    with pytest.raises(SpecError):
        chart_of(document, table)


def test_bars_of_ratios_start_at_one() -> None:
    """As far to the left for a half as to the right for twice; nothing for what is not known."""
    lines = chart_text(Chart("", (), (RATIOS,)), 60).splitlines()[1:]
    at = lines[0].index("│")
    assert [line[at] for line in lines] == ["│"] * 4
    left, right = lines[1][:at].count("█"), lines[3][at:].count("█")
    assert left == right > 3
    assert "█" not in lines[0] + lines[2]
    assert [line.split()[-1] for line in lines] == ["base", "0.500×", "–", "2.000×"]


@each("width", [30, 60, 80, 200])
def test_what_has_no_room_beside_goes_on_below(width: int) -> None:
    """No bar is lost, and no line is wider, as far as names and numbers allow."""
    bars = [RATIOS._replace(title=f"word{at}") for at in range(4)]
    text = chart_text(Chart("", (), tuple(bars)), width)
    assert all(f"word{at}" in text for at in range(4))
    assert text.count("0.500×") == 4
    assert max(map(len, text.splitlines())) <= width


def test_curves_are_bars_to_one_scale() -> None:
    """A line for each x; where a curve has no point there is none."""
    title, names, one, three = chart_text(Chart("", (), (CURVES,)), 80).splitlines()
    assert title.split() == ["growth"]
    assert names.split() == ["a", "(K)", "b", "(K)"]
    assert one.split()[-1] == "–"
    assert three.count("█") > 9 * one.count("█") > 0


def test_points_of_the_front_are_named() -> None:
    """The largest up, the others as dots."""
    text = chart_text(Chart("", (), (POINTS,)), 80)
    assert [line.split()[1] for line in text.splitlines()[-3:]] == ["least:", "between:", "most:"]
    field = [line.partition("│")[2] for line in text.splitlines() if "│" in line]
    assert field[0].strip() == "a"
    assert field[-1].strip() == "c"
    assert "".join(field).count("∙") == 1


def test_a_chart_can_be_ascii() -> None:
    panels = (RATIOS, CURVES, POINTS, Along("memory", Axis("bytes"), ("a", "b"), (("held", (0, 1)), ("new", (2, 3)))))
    assert chart_text(Chart("", (), panels), 80, ascii_only=True).isascii()


COUNTED = Bars("MACs (M)", ("base", "tiny", "none", "a name that is longer than thirty characters"), (100, 1, None, 50),
               ("100", "1", "–", "50"), False)  # fmt: skip
MEMORY = Along("memory", Axis("bytes"), ("a", "b", "c"), (("held", (0, 10, 30)), ("new", (10, 0, 10))))

#: Panels, the width, and the text: a bar is the largest's share of its cells, one cell at least; ratios go both ways.
DRAWN = [
    (
        (COUNTED, RATIOS),
        80,
        """\
                                 MACs (M)
 base                            ██████████████████████████████  100
 tiny                            █                               1
 none                                                            –
 …longer than thirty characters  ███████████████                 50

        MACs
 base                 │                 base
 half   ██████████████│                 0.500×
 none                 │                 –
 twice                │██████████████   2.000×
""",
    ),
    (
        (COUNTED, RATIOS),
        50,
        """\
                                 MACs (M)
 base                            ████████████  100
 tiny                            █             1
 none                                          –
 …longer than thirty characters  ██████        50

        MACs
 base                 │                 base
 half   ██████████████│                 0.500×
 none                 │                 –
 twice                │██████████████   2.000×
""",
    ),
    (
        (CURVES,),
        60,
        """\
 growth
    a (K)                        b (K)
 1  ██                      1.0                          –
 3  ██████████████████████  9.0  █                       0.5
""",
    ),
    (
        (MEMORY,),
        50,
        """\
 memory
    ▒ held  █ new
 a  ████████                        10
 c  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████  40  ◀ most
""",
    ),
    (
        (POINTS,),
        40,
        """\
 front
 MACs
 9 │a
   │
   │               ∙
   │
   │
   │
   │
   │        b
   │
   │
   │
   │
   │
   │
   │
 1 │                       c
   1                      4 params
 a  least: params 1, MACs 9
 b  between: params 2, MACs 5
 c  most: params 4, MACs 1
""",
    ),
]


@each(("panels", "width", "text"), DRAWN, ids=["bars", "narrow bars", "curves", "memory", "points"])
def test_a_chart_reads_like_this(panels: tuple[Panel, ...], width: int, text: str) -> None:
    assert chart_text(Chart("", (), panels), width) == text


@each(("columns", "panels"), [(3, 3), (8, 8), (9, 8), (20, 8)])
def test_a_table_is_drawn_in_eight_panels_at_most(columns: int, panels: int) -> None:
    """Its first columns of numbers."""
    heads = tuple([Head(f"w{at}", f"w{at}", "", True, None) for at in range(columns)])
    table = Table("t", (), "one", heads, (Section("", (Line("a", ("1",) * columns),)),), (), ())
    assert [panel.title for panel in chart_of({}, table).panels] == [f"w{at}" for at in range(panels)]


def explanation(topic: str, growth: list[tuple[int, int | None, int | None, float | None]]) -> dict[str, object]:
    keys = ("kernel_size", "standard_macs", "macs", "ratio")
    return {"topic": topic, "kernel_growth": [dict(zip(keys, one)) for one in growth]}


#: Of a kernel of 1 a grouped layer is not known.
GROWTH = [(1, 100, None, None), (3, 900, 90, 0.1)]
EMPTY = Table("t", (), "one", (), (), (), ())


def test_what_is_explained_is_drawn_by_the_size_of_its_kernel() -> None:
    """The standard layer first and once; ratios where there are any; what is not known is no point."""
    document = {"explanations": [explanation("standard", GROWTH), explanation("grouped", GROWTH)]}
    macs, ratios = chart_of(document, EMPTY).panels
    assert isinstance(macs, Curves)
    assert macs.curves == (Curve("standard", (1, 3), (100, 900)), Curve("grouped", (3,), (90,)))
    assert isinstance(ratios, Curves)
    assert ratios.curves == (Curve("grouped", (3,), (0.1,)),)
    alone = {"explanations": [explanation("grouped", [(1, 100, 10, None)]), {"topic": "residual"}]}
    assert [panel.title for panel in chart_of(alone, EMPTY).panels] == ["multiply-adds, by kernel size"]


def test_gradients_are_drawn_where_they_were_measured() -> None:
    found = {"blocks": [8, 16], "plain": [0.1, 0.01], "residual": [1.0, 2.0]}
    document = {"explanations": [{"topic": "residual", "gradient": found}, {"topic": "other", "gradient": None}]}
    (panel,) = chart_of(document, EMPTY).panels
    assert isinstance(panel, Curves)
    assert panel.curves == (Curve("plain", (8, 16), (0.1, 0.01)), Curve("residual", (8, 16), (1.0, 2.0)))
    assert (panel.x.log, panel.y.log) == (False, True)


def sweep(*rows: tuple[int, int, int]) -> dict[str, object]:
    words = ("params", "macs", "peak_bytes")
    front = [{"variant": f"v{at}", "text": "8", **dict(zip(words, row))} for at, row in enumerate(rows)]
    return {"front_of": ["min:params", "min:macs", "max:peak_bytes"], "layers": 1200, "front": front}


def test_the_front_of_a_sweep_is_drawn_in_pairs() -> None:
    """The first word across, each other up; all are on it."""
    first, second = chart_of(sweep((1, 5, 70), (2, 4, 80)), EMPTY).panels
    assert isinstance(first, Points)
    assert isinstance(second, Points)
    assert (first.x.label, first.y.label, second.y.label) == ("params", "MACs", "peak")
    assert (first.at, second.at) == (((1, 5), (2, 4)), ((1, 70), (2, 80)))
    assert (first.names, first.on_front) == (("v0 8", "v1 8"), (True, True))
    assert first.title == "no other of 1,200 rows beats these"
    with pytest.raises(SpecError):
        chart_of(sweep(), EMPTY)


@each(("least", "most", "log"), [(10, 101, True), (10, 100, False), (0, 100, False), (7, 7, False)])
def test_an_axis_is_of_ratios_where_numbers_are_more_than_ten_times_apart(least: int, most: int, log: bool) -> None:
    """And none is zero."""
    panel = chart_of(sweep((least, 1, 1), (most, 1, 1)), EMPTY).panels[0]
    assert isinstance(panel, Points)
    assert (panel.x.log, panel.y.log) == (log, False)


def separation(macs: int, *rows: tuple[str, float | None, int], layers: int = 1) -> dict[str, object]:
    families = [dict(zip(("variant", "error", "macs"), row)) for row in rows]
    return {"not_looked_at": 0, "layers": [{"macs": macs, "families": families}] * layers}


def test_what_one_layer_loses_is_drawn_by_its_multiply_adds() -> None:
    """In their order; what costs more than the layer and what is not known are no points."""
    rows = (("a", 0.1234567, 500), ("a", 0.5, 250), ("b", 0.0, 1000), ("b", 0.1, 1001), ("b", None, 10))
    (panel,) = chart_of(separation(1000, *rows), EMPTY).panels
    assert isinstance(panel, Curves)
    assert panel.curves == (Curve("a", (0.25, 0.5), (0.5, 0.123457)), Curve("b", (1.0,), (0.0,)))


@each(
    "document",
    [separation(1000, ("a", None, 10)), separation(0, ("a", 0.1, 10)), separation(10, ("a", 0.1, 10), layers=2),
     separation(1000)],
)  # fmt: skip
def test_several_layers_and_unknown_ones_are_not_drawn_so(document: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        chart_of(document, EMPTY)


def test_rows_of_one_name_are_told_apart_by_their_first_text() -> None:
    """Where there is one; rows that do not apply and operations are no bars."""
    heads = (Head("n", "n", "K", True, None), Head("s", "settings", "", False, None), Head("r", "r", "", True, None))
    lines = (Line("a", ("1", "g2", "0.5×")), Line("a", ("2", "–", "base")), Line("op", ("9", "x", "9"), is_op=True),
             Line("no", (), "why"))  # fmt: skip
    first, second = chart_of({}, Table("t", (), "one", heads, (Section("", lines),), (), ())).panels
    assert first == Bars("n (K)", ("a g2", "a"), (1.0, 2.0), ("1", "2"), False)
    assert second == Bars("r", ("a g2", "a"), (0.5, 1.0), ("0.5×", "base"), True)
    without = Table("t", (), "one", heads[:1], (Section("", lines[:2]),), (), ())
    with pytest.raises(SpecError):
        chart_of({}, without)
    nothing = Table("t", (), "one", heads[:1], (Section("", (Line("a", ("–",)), Line("b", ("0",)))),), (), ())
    with pytest.raises(SpecError):
        chart_of({}, nothing)


def test_a_network_without_products_is_drawn_by_its_memory_alone() -> None:
    program = read_program("input 4 @32\nmax-pool k2", "small")
    document = network_document(answer_network(build_network(program)))
    assert [panel.title for panel in chart_of(document, network_table(document)).panels] == [
        "activation memory, step by step"
    ]
