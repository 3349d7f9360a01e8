"""What matplotlib is told to draw: held without it, by stand-ins that keep what they are told."""

from __future__ import annotations

from unittest.mock import MagicMock, call

import pytest
from report.test_report_charts import RATIOS
from tables import each

from convcost.report import as_svg
from convcost.report.as_svg import LIGHT, Place
from convcost.report.charts import Along, Axis, Bars, Chart, Curve, Curves, Panel, Points
from convcost.report.units import BYTES, COUNTS, Scale

FIRST = Place(True, {})
GROWTH = Curves("growth", Axis("steps", COUNTS), Axis("MACs", COUNTS), (
    Curve("a", (1000, 3000), (1000, 9000)), Curve("b", (3000, 5000), (500, None)), Curve("c", (7000,), (None,)),
))  # fmt: skip
MEMORY = Along("memory", Axis("bytes", BYTES), ("a", "b", "c"),
               (("held", (0, 1024, 3072)), ("new", (1024, 0, 1024))))  # fmt: skip


def axes() -> MagicMock:
    """Axes whose plot is ten wide and ten high."""
    ax = MagicMock()
    ax.transData.transform.side_effect = lambda at: at
    ax.transAxes.inverted.return_value.transform.side_effect = lambda at: (at[0] / 10, at[1] / 10)
    ax.get_xlim.return_value = (0, 10)
    ax.xaxis.get_view_interval.return_value = ax.yaxis.get_view_interval.return_value = (1, 10)
    return ax


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, MagicMock]:
    """What stands in for matplotlib's modules, by their names."""
    found: dict[str, MagicMock] = {}
    monkeypatch.setattr(as_svg, "import_module", lambda name: found.setdefault(name, MagicMock()))
    return found


class FirstColumn:
    """An array of parts, one to a row."""

    def __init__(self, parts: list[MagicMock]) -> None:
        self._parts = parts

    def __getitem__(self, key: tuple[slice, int]) -> list[MagicMock]:
        assert key == (slice(None), 0)
        return self._parts


def bars(count: int) -> Bars:
    return Bars("MACs", tuple(map(str, range(count))), (1,) * count, ("1",) * count)


@each(
    ("row", "inches"),
    [((bars(4),), 1.85), ((bars(5), bars(5)), 2.1), ((MEMORY,), 2.5), ((MEMORY, MEMORY), 5.0), ((GROWTH,), 3.6)],
)
def test_a_row_is_as_high_as_its_panels(row: tuple[Panel, ...], inches: float) -> None:
    """A quarter of an inch a bar; panels along the same steps stand one below the other."""
    assert as_svg._height(row) == pytest.approx(inches)


@each(
    ("title", "facts", "notes", "inches"),
    [
        ("", (), (), 0.05), ("t", (), (), 0.55), ("", ("f",), (), 0.55), ("t", ("f",), (), 0.55),
        ("", (), ("n", "m"), 0.45), ("t", (), ("n", "m"), 0.95),
    ],
)  # fmt: skip
def test_title_and_notes_take_room(title: str, facts: tuple[str, ...], notes: tuple[str, ...], inches: float) -> None:
    """Half an inch for a title or facts, a fifth for each note."""
    chart = Chart(title, facts, (), notes)
    assert as_svg._beside(chart) == pytest.approx(inches)
    left, bottom, width, height = as_svg._room(chart, 5 - inches)  # five inches in all
    assert (left, width) == (0.0, 1.0)
    assert (bottom, height) == pytest.approx((len(notes) * 0.04, 1 - inches / 5))


def test_a_title_stands_above_and_notes_below_each_other() -> None:
    """The last note is the lowest; of five inches a fifth of an inch is a twenty-fifth."""
    figure = MagicMock()
    as_svg._headed(figure, Chart("title", ("fp32", "batch 1"), (), ("first", "last")), 4.05)
    told = [(*one.args[:2], one.args[2], one.kwargs.get("size")) for one in figure.text.mock_calls]
    assert told == [
        (0.008, pytest.approx(0.948), "title", 12), (0.992, pytest.approx(0.948), "fp32  ·  batch 1", None),
        (0.008, pytest.approx(0.016), "last", 8), (0.008, pytest.approx(0.056), "first", 8),
    ]  # fmt: skip


def test_bars_of_ratios_begin_at_one() -> None:
    """What is more than the base has a colour of its own; what is not known has no length."""
    ax = axes()
    as_svg._bars(ax, RATIOS, FIRST)
    less, more = LIGHT["less"], LIGHT["more"]
    assert ax.barh.mock_calls == [
        call(range(4), [0, -0.5, 0, 1], left=1, height=0.62, color=[less, less, less, more])
    ]  # fmt: skip
    assert [one.args for one in ax.text.mock_calls] == [(1.30, at, text) for at, text in enumerate(RATIOS.texts)]
    assert ax.set_ylim.mock_calls == [call(3.6, -0.6)]
    assert ax.set_yticks.mock_calls == [call(range(4), RATIOS.names)]
    assert ax.tick_params.mock_calls == [call(axis="y", length=0)]
    assert ax.axvline.mock_calls[0].args == (1,)


def test_bars_of_numbers_begin_at_zero() -> None:
    """In one colour; a second panel of a row does not say the names again."""
    ax = axes()
    as_svg._bars(ax, Bars("MACs", ("a", "b"), (50, None), ("50", "–")), Place(False, {}))
    assert ax.barh.mock_calls == [call(range(2), [50, 0], left=0, height=0.62, color=[LIGHT["less"]] * 2)]
    assert ax.set_yticks.mock_calls == [call(range(2), ["", ""])]
    assert ax.set_xlim.mock_calls == [call(0, 51.0)]


@each(
    ("values", "low", "high", "ticks"),
    [
        ((0.5, 2), -1, 1, "1/2 1× 2×"), ((1, 1), 0, 1, "1× 2×"), ((3, 5), 0, 3, "1× 2× 4× 8×"),
        ((1 / 8, 1), -3, 1, "1/8 1/4 1/2 1× 2×"), ((1 / 16, 1), -4, 1, "1/16 1/4 1×"),
        ((1 / 128, 2), -7, 1, "1/64 1/16 1/4 1×"), ((1 / 256, 1), -8, 1, "1/256 1/16 1×"),
        ((0.3, 0.4), -2, 1, "1/4 1/2 1× 2×"),
    ],
)  # fmt: skip
def test_an_axis_of_ratios_has_five_powers_at_most(values: tuple[float, ...], low: int, high: int, ticks: str) -> None:
    """All, or every second, or every fourth; one is in it, and more than one."""
    ax = axes()
    as_svg._ratio_axis(ax, values)
    assert ax.set_xscale.mock_calls == [call("log", base=2)]
    assert ax.set_xlim.mock_calls[0].args == pytest.approx((2 ** (low - 0.02), 2 ** (high + 0.02)))
    at, words = ax.set_xticks.mock_calls[0].args
    assert words == ticks.split()
    assert at == [float(word[:-1]) if word.endswith("×") else 1 / float(word[2:]) for word in words]


def test_steps_are_columns_on_each_other(modules: dict[str, MagicMock]) -> None:
    """What is new stands on what is held, in the unit of the largest sum."""
    ax = axes()
    as_svg._along(ax, MEMORY, FIRST)
    assert ax.bar.mock_calls == [
        call(range(1, 4), [0, 1, 3], 0.9, [0, 0, 0], color=LIGHT["held"], label="held", align="center"),
        call(range(1, 4), [1, 0, 1], 0.9, [0, 1, 3], color=LIGHT["less"], label="new", align="center"),
    ]
    assert ax.set_xlim.mock_calls == [call(0.4, 3.6)]
    assert ax.set_ylim.mock_calls == [call(0, pytest.approx(4.88))]
    assert modules["matplotlib.ticker"].MaxNLocator.mock_calls == [call(integer=True, nbins=10)]
    assert ax.legend.mock_calls == [call(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)]
    assert ax.set_title.mock_calls == [call("memory (KiB)")]


@pytest.mark.usefixtures("modules")
def test_one_part_needs_no_legend() -> None:
    ax = axes()
    as_svg._along(ax, MEMORY._replace(parts=MEMORY.parts[:1]), FIRST)
    assert [one.kwargs["color"] for one in ax.bar.mock_calls] == [LIGHT["less"]]
    assert ax.legend.mock_calls == []


def named(heights: list[float], names: list[str] | None = None) -> list[tuple[str, tuple[float, float], str]]:
    """The names that are written along steps: each with where it stands, and from which of its ends on."""
    ax = axes()
    panel = Along("t", Axis("x"), tuple(names or [f"n{at}" for at in range(len(heights))]), (("a", tuple(heights)),))
    as_svg._name_largest(ax, panel, Scale("", 1, 0), heights)
    assert all(one.args[2] == (0, 4) for one in ax.annotate.mock_calls)
    return [(*one.args[:2], one.kwargs["ha"]) for one in ax.annotate.mock_calls]


@pytest.mark.parametrize(
    ("heights", "steps"),
    [
        ([6, 0, 0, 7, 0, 0, 8, 0, 9, 10], [9, 6, 3]),  # three at most, three tenths of the steps apart
        ([0, 0, 5, 0, 0, 0, 0, 0, 0, 0], [2]),
        ([0] * 5, []),
        ([4, 0, 0, 5], [3, 0]),
    ],
)
def test_the_largest_steps_are_named_where_they_stand_apart(heights: list[float], steps: list[int]) -> None:
    assert [text for text, _, _ in named(heights)] == [f"n{at} {heights[at]}" for at in steps]


@pytest.mark.parametrize(("at", "end"), [(0, "left"), (4, "left"), (5, "right"), (9, "right")])
def test_a_name_goes_on_towards_the_middle(at: int, end: str) -> None:
    """Steps count from one."""
    assert named([7 * (step == at) for step in range(10)]) == [(f"n{at} 7", (at + 1, 7), end)]


@pytest.mark.parametrize(("length", "shown"), [(34, "x" * 34), (35, "…" + "x" * 33), (90, "…" + "x" * 33)])
def test_a_long_name_is_cut_in_front(length: int, shown: str) -> None:
    assert named([7], ["x" * length])[0][0] == f"{shown} 7"


@pytest.mark.parametrize(("first", "second"), [(14, 2), (25, 37)])
@pytest.mark.parametrize(("height", "stands_at"), [(9999, 10000), (999, 999)])
def test_a_name_stands_above_the_steps_that_it_covers(first: int, second: int, height: int, stands_at: int) -> None:
    """Of 40 steps a text of 39 signs covers 13, one of 38 twelve: the larger step is twelve away."""
    heights: list[float] = [0.0] * 40
    heights[first], heights[second] = 10000, height
    found = named(heights, ["x" * 34] * 40)
    assert found[1][1] == (second + 1, stands_at)


@pytest.mark.parametrize("heights", [[5, 9, 0], [0, 9, 5]])
def test_a_short_name_stands_above_its_own_step(heights: list[float]) -> None:
    assert sorted([at for _, at, _ in named(heights)]) == sorted([(2, 9), (heights.index(5) + 1, 5)])


def test_curves_are_drawn_where_they_have_points() -> None:
    """In the units of their axes, from zero on; the end of each has its name and its last number."""
    ax = axes()
    as_svg._curves(ax, GROWTH, Place(True, {"a": "red", "b": "blue", "c": "green"}))
    assert [(*one.args, one.kwargs["color"]) for one in ax.plot.mock_calls] == [
        ((1, 3), (1, 9), "red"), ((3,), (0.5,), "blue"),
    ]  # fmt: skip
    assert ax.set_xlabel.mock_calls == [call("steps (K)")]
    assert ax.set_ylim.mock_calls == [call(bottom=0)]
    assert ax.set_xticks.mock_calls == [call([1, 3, 5, 7], ["1", "3", "5", "7"])]
    assert [(*one.args, one.kwargs["color"]) for one in ax.text.mock_calls] == [
        (1.02, pytest.approx(0.05), "b  0.5", "blue"), (1.02, pytest.approx(0.9), "a  9.0", "red"),
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "ticks"), [(12, 1), (13, 0)])
@pytest.mark.parametrize("log", [False, True])
def test_an_axis_names_a_dozen_places_at_most(count: int, ticks: int, log: bool, modules: dict[str, MagicMock]) -> None:
    """More are left to matplotlib; an axis of ratios does not begin at zero."""
    ax = axes()
    curve = Curve("a", tuple(range(count)), (1,) * count)
    as_svg._curves(ax, Curves("t", Axis("k"), Axis("y", log=log), (curve,)), Place(True, {"a": "red"}))
    assert len(ax.set_xticks.mock_calls) == ticks
    assert len(ax.set_ylim.mock_calls) == (not log)
    assert ("matplotlib.ticker" in modules) == log


@pytest.mark.parametrize(
    ("ends", "shares"),
    [([5, 1, 9], [0.1, 0.5, 0.9]), ([5, 5, 5], [0.5, 0.575, 0.65]), ([5, 5.1, 9], [0.5, 0.575, 0.9])],
)
def test_names_of_curves_do_not_touch(ends: list[float], shares: list[float]) -> None:
    ax = axes()
    as_svg._write_ends(ax, [(end, "name", "red") for end in ends])
    assert [one.args[1] for one in ax.text.mock_calls] == pytest.approx(shares)


@pytest.mark.parametrize(("most", "subs"), [(9_999, (1, 2, 5)), (10_000, (1,))])
@pytest.mark.parametrize("which", ["x", "y"])
def test_an_axis_of_ratios_names_powers_of_ten_alone_where_it_is_long(
    which: str, most: int, subs: tuple[int, ...], modules: dict[str, MagicMock]
) -> None:
    ax = axes()
    getattr(ax, f"{which}axis").get_view_interval.return_value = (1, most)
    as_svg._axis(ax, which, Axis("MACs", COUNTS, log=True), Scale("K", 1000, 0))
    assert modules["matplotlib.ticker"].LogLocator.mock_calls == [call(subs=subs)]
    assert getattr(ax, f"set_{which}scale").mock_calls == [call("log")]


def points(front: int, beaten: int) -> Points:
    count = front + beaten
    at = tuple([(1000 * (step + 1), 2000) for step in range(count)])
    names = tuple([f"p{step}" for step in range(count)])
    return Points("t", Axis("x", COUNTS), Axis("y", COUNTS), names, at, (True,) * front + (False,) * beaten)


def test_points_of_the_front_are_joined_and_large() -> None:
    ax = axes()
    as_svg._points(ax, points(2, 1), FIRST)
    assert ax.scatter.mock_calls == [
        call((3,), (2,), s=14, color=LIGHT["held"]), call([1, 2], [2, 2], s=26, color=LIGHT["less"], zorder=3)
    ]  # fmt: skip
    assert ax.plot.mock_calls[0].args == ([1, 2], [2, 2])


@pytest.mark.parametrize(("beaten", "size"), [(499, 14), (500, 4)])
def test_five_hundred_points_are_small(beaten: int, size: int) -> None:
    ax = axes()
    as_svg._points(ax, points(1, beaten), FIRST)
    assert ax.scatter.mock_calls[0].kwargs["s"] == size


@pytest.mark.parametrize(("front", "beaten", "written"), [(3, 17, 20), (3, 18, 3), (25, 5, 25)])
def test_all_points_are_named_up_to_twenty(
    front: int, beaten: int, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more, those on the front, which come first."""
    found: list[tuple[object, str, bool]] = []
    monkeypatch.setattr(as_svg, "_write_names", lambda _, named: found.extend(named))
    as_svg._points(axes(), points(front, beaten), FIRST)
    assert [on for _, _, on in found] == [True] * front + [False] * (written - front)
    assert found[0] == ((1, 2), "p0", True)


def write(*names: tuple[tuple[float, float], str, bool]) -> list[tuple[float, float, str, str, float, str]]:
    """What is written of names: where, what, from which end on, its size and its colour; of a plot of one by one."""
    ax = axes()
    ax.transAxes.inverted.return_value.transform.side_effect = lambda at: at
    as_svg._write_names(ax, names)
    return [
        (*map(pytest.approx, one.args[:2]), one.args[2], one.kwargs["ha"], one.kwargs["size"], one.kwargs["color"])
        for one in ax.text.mock_calls
    ]


def test_names_of_points_go_round_each_other() -> None:
    """To the right above, to the right below, to the left; what is beaten has no name where all are taken."""
    ink, quiet = LIGHT["ink"], LIGHT["quiet"]
    place = (0.5, 0.5)
    assert write((place, "one", True), (place, "two", True), (place, "three", False), (place, "four", False),
                 (place, "five", True)) == [
        (0.515, 0.52, "one", "left", 8.5, ink), (0.515, 0.45, "two", "left", 8.5, ink),
        (0.485, 0.52, "three", "right", 7.5, quiet), (0.515, 0.52, "five", "left", 8.5, ink),
    ]  # fmt: skip


@each(("on_front", "x", "up"), [(True, 0.24, 0.45), (True, 0.25, 0.52), (False, 0.22, 0.45), (False, 0.23, 0.52)])
def test_a_name_is_as_wide_as_its_letters(on_front: bool, x: float, up: float) -> None:
    """Ten letters take 0.145 of a plot, small ones 0.125: from 0.115 to 0.26, or to 0.24."""
    assert write(((0.1, 0.5), "x" * 10, on_front), ((x, 0.5), "y", on_front))[1][1] == up


@pytest.mark.parametrize(("place", "written"), [((-0.015, 0.5), 0), ((0.0, 0.5), 1), ((0.5, -0.5), 1)])
def test_a_name_stands_inside_the_plot_or_nowhere(place: tuple[float, float], written: int) -> None:
    assert len(write((place, "beaten", False))) == written


def test_a_name_at_the_right_ends_before_the_left_edge() -> None:
    """Where both places at the right are taken and a name to the left would begin outside, there is none."""
    place = (0.03, 0.5)
    assert len(write((place, "one", True), (place, "two", True), (place, "three", False))) == 2
    assert len(write((place, "one", True), (place, "two", True), (place, "x", False))) == 3


@each(
    ("one", "other", "touch"),
    [
        ((0.25, 0.5), (0.375, 0.5, 0.25), True), ((0.375, 0.5), (0.25, 0.5, 0.25), True),
        ((0.45, 0.5), (0.25, 0.5, 0.25), True), ((0.25, 0.5), (0.45, 0.5, 0.25), True),
        ((0.5, 0.5), (0.25, 0.5, 0.25), False), ((0.25, 0.5), (0.5, 0.5, 0.25), False),
        ((0.25, 0.04), (0.25, 0.0, 0.25), False), ((0.25, 0.03), (0.25, 0.0, 0.25), True),
        ((0.25, 0.0), (0.25, 0.04, 0.25), False),
    ],
)  # fmt: skip
def test_texts_touch_where_both_their_lines_and_their_widths_do(
    one: tuple[float, float], other: tuple[float, float, float], touch: bool
) -> None:
    """Lines are 0.04 high; the first is a quarter of the plot wide."""
    assert as_svg._touch((*one, "left"), 0.25, other) == touch


def test_each_row_of_panels_is_a_part_of_the_picture(
    modules: dict[str, MagicMock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bars stand beside each other, steps below each other; curves keep their colours, the sixth that of the first."""
    told: list[tuple[object, object, Place]] = []
    monkeypatch.setattr(as_svg, "_DRAW", dict.fromkeys((Bars, Along, Curves), lambda *given: told.append(given)))
    parts = [MagicMock() for _ in range(3)]
    for number, part in enumerate(parts):
        part.subplots.return_value.flat = [f"{number}.0", f"{number}.1"]
    figure = modules.setdefault("matplotlib.figure", MagicMock()).Figure.return_value
    figure.subfigures.return_value = FirstColumn(parts)
    six = Curves("t", Axis("x"), Axis("y"), tuple([Curve(name, (1,), (1,)) for name in "abcdef"]))
    panels = (bars(2), bars(2), MEMORY, MEMORY, six)
    assert as_svg._drawn(Chart("title", (), panels)) == ""
    heights = [pytest.approx(1.35), 5.0, 3.6]
    assert modules["matplotlib.figure"].Figure.mock_calls[0].kwargs["figsize"] == (10, pytest.approx(10.5))
    assert figure.subfigures.mock_calls == [call(3, 1, height_ratios=heights, squeeze=False)]
    assert [part.subplots.mock_calls[0] for part in parts] == [
        call(1, 2, squeeze=False, sharex=False), call(2, 1, squeeze=False, sharex=True),
        call(1, 1, squeeze=False, sharex=False),
    ]  # fmt: skip
    assert [(ax, place.is_first) for ax, _, place in told] == [
        ("0.0", True), ("0.1", False), ("1.0", True), ("1.1", False), ("2.0", True),
    ]  # fmt: skip
    first, *_ = as_svg.LINES[0]
    assert [told[0][2].colours[name] for name in "af"] == [first, first]
    assert len(set(told[0][2].colours.values())) == 5
    assert figure.savefig.mock_calls[0].kwargs["metadata"] == {"Date": None, "Creator": None, "Title": "title"}


def test_a_picture_without_a_title_has_none(modules: dict[str, MagicMock], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_svg, "_DRAW", {Bars: lambda *_: None})
    as_svg._drawn(Chart("", (), (bars(2),)))
    saved = modules["matplotlib.figure"].Figure.return_value.savefig.mock_calls[0]
    assert saved.kwargs["metadata"] == {"Date": None, "Creator": None}
