"""What meets a budget: held against going through everything the slow way."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from schema import VALID
from tables import each

from convcost.answers.comparison import answer
from convcost.cli.main import run
from convcost.networks.build import Choices
from convcost.networks.program import read_program
from convcost.networks.zoo import find_program
from convcost.report.fits import varied
from convcost.search import scaling
from convcost.search.fit import budget_condition, fit_layer
from convcost.search.questions import settings_of
from convcost.search.scaling import fit_network, read_sizes, read_widths
from convcost.search.select import Order
from convcost.spec import parse_spec
from convcost.spec.errors import SpecError
from convcost.variants.registry import all_variants


def words_of(variant: str, text: str) -> dict[str, Any] | None:
    try:
        return answer(variant, parse_spec(text)).words
    except SpecError:
        return None


@pytest.mark.parametrize(("variant", "settings", "most"), [
    ("bottleneck", [f"mid={mid} g{g}" for mid, g in product(range(1, 25), (1, 2, 4, 8))], 900_000),
    ("residual-bottleneck", [f"mid={mid} g{g}" for mid, g in product(range(1, 25), (1, 2, 4, 8))], 1_500_000),
    ("inverted-residual", [f"e{e}" for e in range(1, 11)], 2_000_000),
    ("depthwise-separable", [f"m{m}" for m in range(1, 9)], 400_000),
    ("grouped", [f"g{g}" for g in (2, 4, 8)], 600_000),
])  # fmt: skip
def test_the_best_setting_is_the_best_of_all(variant: str, settings: list[str], most: int) -> None:
    """Costs do not grow steadily with groups and middle channels: nothing is left out."""
    text = "16:24 @19x17 k3"
    every = {f"{text} {setting}": words_of(variant, f"{text} {setting}") for setting in settings}
    fitting = {text: words for text, words in every.items() if words and words["macs"] <= most}
    best = max(words["params"] for words in fitting.values())
    found = fit_layer(text, f"macs<={most}", [variant])
    assert found.fitting == len(fitting) > 0
    assert found.configurations == len([words for words in every.values() if words])
    (row,) = found.best
    assert row.words["params"] == best
    assert {**row.words} == fitting[row.text]
    assert all([near.words["macs"] > most and near.words["params"] > best for near in found.beyond])


@each("variant", all_variants())
def test_settings_are_those_that_change_the_graph(variant: str) -> None:
    """Of every variant: what a row says shaped it is among them."""
    text = "64:64 @8x7x6 k3 3d" if variant == "2plus1d" else "64:64 @9 k3 1d" if variant == "tcn" else "64:64 @9 k3"
    known = ("mid_channels", "bottleneck_ratio", "groups", "expansion_ratio", "depth_multiplier")
    said = {name for name in answer(variant, parse_spec(text)).settings if name in known}
    assert said <= {*settings_of(variant, parse_spec(text))}


MIDDLE = {"mid_channels": (1, 24)}


@each(
    ("text", "variant", "searched", "configurations"),
    [
        ("16:24 @9 k3", "bottleneck", {**MIDDLE, "groups": (1, 8)}, 24 + 12 + 6 + 3),  # 1, 2, 4 and 8 groups of middles
        ("16:24 @9 k3 g2", "bottleneck", MIDDLE, 12), ("16:24 @9 k3 mid=4", "bottleneck", {"groups": (1, 8)}, 3),
        ("16:24 @9 k3 ratio=2", "bottleneck", {"groups": (1, 8)}, 3),  # 12 middle channels, which 8 does not divide
        ("24:16 @9 k3", "low-rank", MIDDLE, 24), ("24:16 @9 k3 ratio=2", "low-rank", {}, 1),
        ("16:24 @9 k3 ratio=2", "spatially-separable", MIDDLE, 24),  # it has no ratio
        ("6:24 @9 k3", "mbconv", {"expansion_ratio": (1, 10)}, 10), ("6:24 @9 k3 e3", "mbconv", {}, 1),
        ("6:24 @9 k3", "depthwise-separable", {"depth_multiplier": (1, 8)}, 8),
        ("16:24 @9 k3", "grouped", {"groups": (2, 8)}, 3), ("3:5 @9 k3", "grouped", {}, 0),
        ("16,32:24 @9 k3", "bottleneck", {"in_channels": (16, 32)}, 2), ("6:24 @9 k3", "standard", {}, 1),
    ],
)  # fmt: skip
def test_every_setting_is_tried_that_a_variant_has_and_nobody_says(
    text: str, variant: str, searched: dict[str, tuple[int, int]], configurations: int
) -> None:
    """A ratio says the middle channels; where a size varies, no setting does."""
    found = fit_layer(text, "macs<=1G", [variant])
    assert (found.searched, found.configurations, found.fitting) == (searched, configurations, configurations)
    assert found.ranked == len(found.best) == (configurations > 0)


@pytest.mark.parametrize(
    ("top", "best", "beyond"),
    [
        (None, ["16 g2"], ["16 g1", "18 g2"]),
        (3, ["16 g2", "12 g1", "20 g4"], ["16 g1", "18 g2", "13 g1", "20 g2", "24 g4"]),
    ],
)
def test_beyond_is_the_next_along_each_axis_that_there_is_and_is_better(
    top: int | None, best: list[str], beyond: list[str]
) -> None:
    """At most 1984 params, of 40 m + 9 m² / g: 1792, 1776 and 1700. 17 middle channels have no two groups."""
    found = fit_layer("16:24 @9x7 k3", "macs<=125k", ["bottleneck"], top=top)
    assert [row.text for row in found.best] == [f"16:24 @9x7 k3 mid={row}" for row in best]
    assert [row.text for row in found.beyond] == [f"16:24 @9x7 k3 mid={row}" for row in beyond]
    for row in (*found.best, *found.beyond):
        mid, groups = row.values["mid_channels"], row.values["groups"]
        assert row.words["macs"] == 63 * (40 * mid + 9 * mid**2 // groups)


def test_the_unknown_that_is_asked_for_is_the_last_that_fits() -> None:
    found = fit_layer("64:_ @56 k3", "params<=50k", ["inverted-residual"])
    last = max(n for n in range(1, 200) if words_of("inverted-residual", f"64:{n} @56 k3")["params"] <= 50_000)
    assert [row.values for row in found.best] == [{"out_channels": last}]
    assert [row.values for row in found.beyond] == [{"out_channels": last + 1}]


def test_what_does_not_fit_shows_its_nearest() -> None:
    """The best of each variant, or what is least where nothing fits."""
    found = fit_layer("16:24 @19 k3", "macs<=700k", ["standard", "bottleneck"])
    assert found.left == ("standard",)
    assert [row.answer.variant for row in found.beyond if row.answer.variant == "standard"] == ["standard"]


def test_of_several_structures_the_nearest_is_the_one_that_takes_least() -> None:
    """In the first word that the budget limits, of each variant; where it limits none, there is none."""
    found = fit_layer("16:24 @19 k5,3,7", "macs<=1k and params<=9", ["standard", "bottleneck"])
    beyond = [(row.answer.variant, row.text) for row in found.beyond]
    assert beyond == [("standard", "16:24 @19 k3"), ("bottleneck", "16:24 @19 k3")]
    assert (found.best, found.left, found.fitting) == ((), ("standard", "bottleneck"), 0)
    assert fit_layer("16:24 @19 k3", "in_channels<3", ["standard"]).beyond == ()


def test_the_order_is_what_somebody_says() -> None:
    first = (Order("peak_bytes", False), Order("params", True))
    found = fit_layer("16:24 @19 k3", "params<=3k", ["bottleneck", "grouped", "depthwise-separable"], first, 5)
    keys = [(row.words["peak_bytes"], -row.words["params"]) for row in found.best]
    assert keys == sorted(keys)
    assert len(keys) == 5


@pytest.mark.parametrize(("name", "limit"), [("mobilenet-v1", 150_000_000), ("mobilenet-v2", 90_000_000)])
def test_the_width_is_the_largest_that_fits(name: str, limit: int) -> None:
    """Held against networks that are built, around the answer and far from it."""
    found = fit_network(find_program(name), Choices(), f"macs<={limit}", "0.25..1/0.05")
    macs = {}
    for width in range(25, 101, 5):
        from convcost.answers.network import answer_network
        from convcost.networks.build import build_network

        if width % 25 == 0 or abs(width / 100 - float(found.best[0].values["width"])) < 0.11:
            macs[width] = answer_network(build_network(find_program(name), Choices(width=str(width / 100)))).total[
                "macs"
            ]
    assert float(found.best[0].values["width"]) * 100 == max(w for w, count in macs.items() if count <= limit)
    assert found.beyond[0].words["macs"] > limit >= found.best[0].words["macs"]


def test_the_front_of_width_and_size_has_what_no_other_is_larger_than() -> None:
    found = fit_network(find_program("mobilenet-v1"), Choices(), "macs<=100M", "0.25..1/0.25", (96, 128, 160, 192, 224))
    pairs = [(float(row.values["width"]), row.values["size"]) for row in found.best]
    assert all(not (a <= c and b <= d) for (a, b), (c, d) in product(pairs, pairs) if (a, b) != (c, d))
    assert all(row.words["macs"] <= 100_000_000 for row in found.best)
    assert all(row.words["macs"] > 100_000_000 for row in found.beyond)


def test_widths_are_exact() -> None:
    numbers, parts = read_widths("0.05..3/0.01")
    assert (numbers[0], numbers[-1], parts, len(numbers)) == (5, 300, 100, 296)


@each(
    ("text", "widths"),
    [
        ("100", ["100"]), ("0.5,1", ["1/2", "1"]), (".5", ["1/2"]), ("0.000001", ["1/1000000"]), ("1..1", ["1"]),
        ("1..2/0.5", ["1", "3/2", "2"]), ("1..2/0.3", ["1", "13/10", "8/5", "19/10"]), ("2,1,2.0", ["2", "1"]),
        ("0.99..1.01", ["99/100", "1", "101/100"]), (" 1 , 1.5..2/.5 ", ["1", "3/2", "2"]),
    ],
)  # fmt: skip
def test_widths_are_those_of_a_list_of_numbers_and_ranges(text: str, widths: list[str]) -> None:
    """A range without steps goes in hundredths."""
    numbers, parts = read_widths(text)
    assert [Fraction(number, parts) for number in numbers] == [Fraction(width) for width in widths]


@each(
    ("text", "wrong", "hint"),
    [
        ("1..0.5", "1..0.5", "the smaller one first"), ("x", "x", "such as 0.25..1.5"), ("0..1", "0..1", "above 0"),
        ("-1", "-1", "such as"), ("1e3", "1e3", "such as"), ("0", "0", "above 0 and at most 100"),
        ("101", "101", "at most 100"), ("100.000001", "100.000001", "at most 100"),
        ("1..2/0", "1..2/0", "100,000 steps"),
        ("0.1..100/0.000001", "0.1..100/0.000001", "100,000 steps"), ("1, x ,2", "x", "such as 0.25..1.5"),
        ("0.5,2..1,3", "2..1", "the smaller one first"), ("1000", "1000", "such as"),
        ("0.0000001", "0.0000001", "such as"),
    ],
)  # fmt: skip
def test_what_is_no_width_is_marked_and_the_remedy_said(text: str, wrong: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_widths(text)
    assert (caught.value.text, text[caught.value.start : caught.value.end]) == (text, wrong)
    assert hint in caught.value.hint


def test_a_range_of_widths_has_so_many_steps_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "MOST_STEPS", 4)
    assert read_widths("1..2/0.25") == ((4, 5, 6, 7, 8), 4)
    with pytest.raises(SpecError, match="has no widths"):
        read_widths("1..2.25/0.25")


#: Channels are multiples of 8, of which none takes a tenth away: width 0.5 has 8 and 16, 1 has 16 and 24, 2 has 24 and
#: 40. So a position takes 344, 816 and 1608 multiply-adds, which are the params, too.
TINY = read_program("input 3 @8\nwidth 1\nstandard 10*width k3\nstandard 20*width k1", "tiny")


@each(
    ("budget", "widths", "sizes", "best", "beyond", "counts"),
    [
        ("macs<=22015", "0.5,1,2", (), [], ["width=0.5"], (3, 0, 0)),  # 344 * 64 is one more: the least is shown
        ("macs<=22016", "0.5,1,2", (), ["width=0.5"], ["width=1"], (3, 1, 1)),
        ("macs<=1M", "0.5,1,2", (), ["width=2"], [], (3, 3, 3)),
        ("macs<=30k", "0.5,1,2", (8, 4, 16), ["width=2 @4", "width=0.5 @8"],
         ["width=2 @8", "width=1 @8", "width=0.5 @16"], (9, 4, 2)),
        ("macs<=60k", "0.5,1,2", (8, 4), ["width=2 @4", "width=1 @8"], ["width=2 @8"], (6, 5, 2)),
        ("macs<=30k", "1", (8, 4, 16), ["@4"], ["@8"], (3, 1, 1)),
        ("width<=1 and macs<=1M", "0.5,1,2", (8, 4), ["width=1 @8"], ["width=2 @8"], (6, 4, 1)),
        ("width<=0.1", "0.5,1", (), [], [], (2, 0, 0)), ("size<3", "0.5,1", (8, 4), [], [], (4, 0, 0)),
        ("macs<=1", "0.5,1,2", (8, 4, 16), [], ["width=0.5 @4"], (9, 0, 0)),
    ],
)  # fmt: skip
def test_of_a_small_network_the_largest_that_fit_and_what_lies_beyond(
    budget: str, widths: str, sizes: tuple[int, ...], best: list[str], beyond: list[str], counts: tuple[int, int, int]
) -> None:
    """How many there are, how many fit, and of how many the best are the first."""
    found = fit_network(TINY, Choices(), budget, widths, sizes)
    named = [f"tiny {'width=1 ' * (widths == '1')}{text}" for text in best]
    assert [row.text for row in found.best] == named
    assert [row.text for row in found.beyond] == [f"tiny {'width=1 ' * (widths == '1')}{text}" for text in beyond]
    assert (found.configurations, found.fitting, found.ranked) == counts
    assert found.left == (() if best else ("tiny",))


@pytest.mark.parametrize(
    ("budget", "best", "beyond", "last", "configurations"),
    [
        ("macs<=186367", "2.99", ["3"], "3", 296),  # 32 and 56 channels; at 3 there are 64
        ("macs<=186368", "3.39", ["3.4"], "20", 1996),  # as many up to here, then 72
        ("macs<=1G", "20", [], "20", 1996),
    ],
)
def test_widths_that_nobody_says_go_on_where_the_widest_fits(
    budget: str, best: str, beyond: list[str], last: str, configurations: int
) -> None:
    found = fit_network(TINY, Choices(), budget)
    assert (found.searched, found.configurations) == ({"width": ("0.05", last)}, configurations)
    assert [row.values["width"] for row in found.best] == [best]
    assert [row.values["width"] for row in found.beyond] == beyond


def test_widths_that_somebody_says_do_not_go_on() -> None:
    found = fit_network(TINY, Choices(), "macs<=1G", "0.333333,2,1")
    assert found.searched == {"width": ("0.333333", "2")}
    assert [row.values for row in found.best] == [{"width": "2"}]
    alone = fit_network(TINY, Choices(), "macs<=1G", "0.333333")
    assert (alone.searched, alone.first, alone.best[0].text) == ({}, (), "tiny width=0.333333")
    sizes = fit_network(TINY, Choices(), "macs<=1G", "1", (4, 8))
    assert (sizes.searched, sizes.first) == ({"size": (4, 8)}, (Order("size", True),))


def test_networks_stand_in_the_order_that_is_asked_for() -> None:
    """Equal ones the larger first, as many as are asked for; all there are counted."""
    first = (Order("params", False), Order("macs", True))
    found = fit_network(TINY, Choices(), "macs<=1M", "0.5,1,2", (4, 8), first, 4)
    assert [row.text for row in found.best] == [
        "tiny width=0.5 @8", "tiny width=0.5 @4", "tiny width=1 @8", "tiny width=1 @4"
    ]  # fmt: skip
    assert (found.ranked, found.beyond) == (6, ())
    assert found.searched == {"width": ("0.5", "2"), "size": (4, 8)}
    same = fit_network(TINY, Choices(), "macs<=1M", "0.5,1,2", (4, 8), (Order("width", False),), 3)
    assert [row.text for row in same.best] == ["tiny width=0.5 @8", "tiny width=0.5 @4", "tiny width=1 @8"]
    sizes = fit_network(TINY, Choices(), "macs<=1M", "0.5,1,2", (4, 8), (Order("size", True),), 4)
    assert [row.text.partition("=")[2] for row in sizes.best] == ["2 @8", "1 @8", "0.5 @8", "2 @4"]
    two = fit_network(TINY, Choices(), "macs<=1M", "0.5,1,2", (4, 8), (Order("size", False), Order("params", False)), 4)
    assert [row.text.partition("=")[2] for row in two.best] == ["0.5 @4", "1 @4", "2 @4", "0.5 @8"]
    alone = fit_network(TINY, Choices(), "macs<=60k", "0.5,1,2", (8, 4), (Order("params", True),))
    assert [row.text for row in alone.best] == ["tiny width=2 @4"]
    assert [row.text for row in alone.beyond] == ["tiny width=2 @8"]


@pytest.mark.parametrize(("top", "shown"), [(None, 10), (3, 3), (11, 11), (20, 11)])
def test_ten_points_of_a_front_are_shown_unless_somebody_says_how_many(top: int | None, shown: int) -> None:
    """Of 11: 500k is sides of 38, 23, 16, 13, 10, 9, 8, 7, 6, 5, 5 and 4, of which the first 5 is the narrower one."""
    widths = ",".join([f"{0.8 * n:.1f}" for n in range(1, 13)])
    found = fit_network(TINY, Choices(), "macs<=500k", widths, tuple(range(1, 60)), (), top)
    assert (len(found.best), found.ranked) == (shown, 11)


def test_a_width_that_is_chosen_does_not_vary() -> None:
    found = fit_network(TINY, Choices(width="2"), "macs<=200k", "", (8, 4, 16))
    assert [row.text for row in (*found.best, *found.beyond)] == ["tiny @8", "tiny @16"]
    assert found.best[0].words["params"] == 1608
    assert found.searched == {"size": (4, 16)}


def test_sizes_at_which_there_is_no_network_are_not_counted() -> None:
    program = read_program("input 3 @9\nstandard 8 k5 p0\nflatten", "five")
    found = fit_network(program, Choices(), "macs<=1M", "", (4, 5, 3, 6))
    assert (found.configurations, found.fitting) == (2, 2)
    assert [row.text for row in found.best] == ["five @6"]
    none = fit_network(program, Choices(), "macs<=1M", "", (4, 3))
    assert (none.configurations, none.best, none.beyond, none.left) == (0, (), (), ("five",))


def test_what_does_not_vary_is_refused() -> None:
    program = read_program("input 3 @9\nstandard 8 k5", "five")
    with pytest.raises(SpecError, match="five has no width multiplier") as caught:
        fit_network(program, Choices(), "macs<=1M", "0.5,1", (8,))
    assert (caught.value.hint, caught.value.start, caught.value.end) == ("leave --width out", 0, 5)
    with pytest.raises(SpecError, match="five has no width multiplier") as caught:
        fit_network(program, Choices(), "macs<=1M")
    assert caught.value.hint.startswith("let its input vary")


@each(("text", "sizes"), [("", ()), (" ", ()), ("_", tuple(range(32, 513))), ("8,4,8", (8, 4)), ("8..16/x2", (8, 16))])
def test_sizes_are_those_of_a_list_of_numbers_and_ranges(text: str, sizes: tuple[int, ...]) -> None:
    assert read_sizes(text) == sizes


@each(
    ("limits", "where", "message"),
    [({}, "", "no budget"), ({"macs": "3x"}, "", "no quantity"), ({}, "macs<5%", "share of what"),
     ({}, "relative.macs<1", "unknown word")],
)  # fmt: skip
def test_what_is_no_budget_is_refused(limits: dict[str, str], where: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        budget_condition(limits, where)


@pytest.mark.parametrize(("words", "code"), [
    ("64:128 @14 k3 --macs 3M --peak-bytes 2MiB", 0), ("mobilenet-v1 --macs 0.15G --no-verify --size 96..224/64", 0),
    ("Conv2d(8,16,3,padding=1) @9 --params 500", 0), ("64:128 @14 k3 --macs 3 --no-verify", 1), ("64:128 @14 k3", 2),
    ("resnet50 --macs 1G", 2), ("64:128 @14 s_ k3 --macs 3M", 2), ("64:128 @14 k3 --width 1 --macs 3M", 2),
])  # fmt: skip
def test_the_command_answers_in_json_that_the_schema_has(
    words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The best are executed, unless they are not to be; what is beyond is not."""
    assert run(["fit", *words.split(), "--format", "json"]) == code
    out, err = capsys.readouterr()
    if code == 2:
        assert err.startswith("error:")
        return
    document = json.loads(out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    wanted = "skipped" if "--no-verify" in words else "verified"
    assert {row["verified"]["status"] for row in document["best"]} <= {wanted}
    assert {row["verified"]["status"] for row in document["beyond"]} <= {"skipped"}
    assert err == (
        "" if code == 0 else f"nothing fits: none of {document['configurations']:,} configurations has macs<=3\n"
    )


@pytest.mark.parametrize(
    ("budget", "rows", "beyond"),
    [
        ("macs<=40M", [], ["0.5 @128"]),
        ("macs<=60M", ["0.5 @128"], ["1 @128", "0.5 @160"]),
        ("macs<=100M", ["0.5 @160"], ["1 @160"]),
        ("macs<=200M", ["1 @128", "0.5 @160"], ["1 @160"]),
        ("macs<=300M", ["1 @160"], []),
    ],
)
def test_two_widths_of_two_sizes_are_a_search(budget: str, rows: list[str], beyond: list[str]) -> None:
    """MobileNet's paper: 49 and 77 M multiply-adds at half the width, 186 and 291 M at the whole."""
    found = fit_network(find_program("mobilenet-v1"), Choices(), budget, "0.5,1", (128, 160))
    said = [[row.text.partition("width=")[2] for row in part] for part in (found.best, found.beyond)]
    assert said == [rows, beyond]


@each(
    ("values", "spec", "text"),
    [
        ({"out_channels": 57}, {"in_channels": 64, "out_channels": 57}, "64:57"),
        ({"in_channels": 8, "groups": 4}, {"in_channels": 8, "out_channels": 16}, "8:16 g4"),
        ({"groups": 4, "size": 7}, {"in_channels": 8, "out_channels": 16}, "@7 g4"),
        ({"size0": 9, "size1": 7}, {"in_channels": 8, "out_channels": 16}, "@9x7"),
        ({"expansion_ratio": 3, "depth_multiplier": 2}, {"in_channels": 8, "out_channels": 8}, "e3 m2"),
        ({"width": "0.5"}, None, "width 0.5"), ({"size": 192}, None, "@192"),
        ({"width": "0.75", "size": 160}, None, "width 0.75 @160"), ({}, {"in_channels": 8, "out_channels": 8}, "–"),
    ],
)  # fmt: skip
def test_what_varies_is_written_as_in_a_spec_or_a_command(
    values: dict[str, object], spec: dict[str, int] | None, text: str
) -> None:
    assert varied({"values": values, **({"spec": spec} if spec else {})}) == text


@pytest.mark.parametrize(("text", "wrong", "start"), [("x", "x", 0), ("8,9..3", "9..3", 2), ("8,16,", "", 5)])
def test_what_is_no_size_is_pointed_at(text: str, wrong: str, start: int) -> None:
    with pytest.raises(SpecError) as caught:
        read_sizes(text)
    assert (caught.value.text, caught.value.start, text[start : caught.value.end]) == (text, start, wrong)
