"""Figures as people write them: what they say, and which values they stand for."""

from __future__ import annotations

from fractions import Fraction

import pytest
from conventions.golden_figures import PUBLISHED, value_of
from hypothesis import given
from hypothesis import strategies as st
from tables import each

from convcost.answers.check import Executed, NetworkVerified, Verified
from convcost.conventions import opening
from convcost.conventions.answer import (
    Place,
    Reconciliation,
    conventions,
    explain_figure,
    find_conventions,
    reconcile_network,
    say,
)
from convcost.conventions.facts import Group
from convcost.conventions.figures import deciding, is_figure, match_of, read_figure
from convcost.graph.ops import Counted, Node
from convcost.networks.build import Choices, build_network
from convcost.networks.zoo import zoo_program
from convcost.spec.errors import SpecError


@each(
    ("text", "value", "step"),
    [
        ("4.12 G", 4_120_000_000, 10_000_000),
        ("4.12GFLOPs", 4_120_000_000, 10_000_000),
        ("4.12 GMac", 4_120_000_000, 10_000_000),
        ("4,121,925,096", 4_121_925_096, 1),
        ("4121925096", 4_121_925_096, 1),
        ("4_121_925_096", 4_121_925_096, 1),
        ("4.1e9", 4_100_000_000, 100_000_000),
        ("300M", 300_000_000, 1_000_000),
        ("8.2 BFLOPs", 8_200_000_000, 100_000_000),
        ("~4.1 GMACs", 4_100_000_000, 100_000_000),
        ("11.11 M activations", 11_110_000, 10_000),
        ("12 k", 12_000, 1_000),
        ("569 million mult-adds".replace("illion", ""), 569_000_000, 1_000_000),
    ],
)
def test_a_figure_has_its_value_and_the_worth_of_its_last_digit(text: str, value: int, step: int) -> None:
    """Units, exponents, groups of digits, words behind them."""
    figure = read_figure(text)
    assert (figure.value, figure.step) == (value, step)


@each("text", ["", "G", "4,12 G", "4.12.1 G", "-4 G", "@224", "64:128", "k3", "1e400", "4 X", "nan"])
def test_what_is_no_figure_is_refused_with_how_to_write_one(text: str) -> None:
    """Also a comma for a point, which could be either."""
    assert not is_figure(text)
    with pytest.raises(SpecError) as error:
        read_figure(text)
    assert "4.12 G" in error.value.hint


def test_what_is_no_figure_is_marked_whole() -> None:
    with pytest.raises(SpecError) as caught:
        read_figure("4,12 G")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("4,12 G", 0, 6)


@each(
    ("text", "value"),
    [("7", 7), ("7 k", 7e3), ("7 M", 7e6), ("7 G", 7e9), ("7 B", 7e9), ("7 T", 7e12), ("7 P", 7e15), ("7e2 k", 7e5)],
)
def test_a_unit_is_a_power_of_a_thousand(text: str, value: float) -> None:
    """Behind an exponent, too; a thousand is worth what its digit is."""
    assert (read_figure(text).value, read_figure(text).step) == (value, value / 7)


@each(
    ("text", "value", "match"),
    [
        ("4.12 G", 4_125_000_000, "rounded"), ("4.12 G", 4_115_000_000, "rounded"), ("4.12 G", 4_114_999_999, ""),
        ("4.12 G", 4_125_000_001, "cut off"), ("4.12 G", 4_129_999_999, "cut off"), ("4.12 G", 4_130_000_000, ""),
        ("4.12 G", 4_135_000_000, ""), ("4121", Fraction(8243, 2), "rounded"), ("4121", Fraction(41219, 10), ""),
        ("4121.5", Fraction(41214, 10), ""), ("4121.5", Fraction(41215, 10), "exact"),
    ],
)  # fmt: skip
def test_a_figure_stands_for_what_lies_within_half_of_its_last_digit(
    text: str, value: int | Fraction, match: str
) -> None:
    """Or is cut off to it; a digit that is worth less than one operation is that of nothing."""
    assert match_of(read_figure(text), value) == match


@given(st.integers(1, 10**15), st.integers(0, 6))
def test_a_value_that_is_rounded_or_cut_off_matches(value: int, decimals: int) -> None:
    """In millions, with any number of decimals."""
    step = Fraction(10**6, 10**decimals)
    cut = value // step
    for digits in {cut, round(value / step)}:
        text = f"{digits // 10**decimals}.{digits % 10**decimals:0{decimals}d} M" if decimals else f"{digits} M"
        assert match_of(read_figure(text), value)


@given(st.integers(10**6, 10**15), st.integers(0, 6))
def test_a_value_a_digit_away_does_not_match(value: int, decimals: int) -> None:
    """More than one in the last place."""
    step = Fraction(10**6, 10**decimals)
    digits = value // step + 2
    text = f"{digits // 10**decimals}.{digits % 10**decimals:0{decimals}d} M" if decimals else f"{digits} M"
    assert match_of(read_figure(text), value) == ""


def test_the_deciding_digit_tells_the_values_apart() -> None:
    """With the fewest digits that do, in the unit of the figure."""
    assert deciding(read_figure("4.11 G"), [4_111_512_576, 4_110_938_048]) == "4.112 G or 4.111 G"
    assert deciding(read_figure("300M"), [300_774_272, 300_775_272]) == "300.77 M or 300.78 M"
    assert deciding(read_figure("4.11e9"), [4_111_512_576, 4_110_938_048]) == "4.112 G or 4.111 G"
    assert deciding(read_figure("3e8"), [300_774_272, 300_775_272]) == "300.77 M or 300.78 M"
    assert deciding(read_figure("1.2e4"), [12_304, 12_306]) == "12.30 K or 12.31 K"
    assert deciding(read_figure("1e9"), [1_000_000_000, 1_010_000_000]) == "1.00 G or 1.01 G"
    assert deciding(read_figure("4 G"), [4_100_000_000, 4_200_000_000]) == "4.1 G or 4.2 G"
    assert (
        deciding(read_figure("4.11 G"), [4_118_000_000, 4_112_000_000]) == "4.118 G or 4.112 G"
    )  # one more than it has
    assert deciding(read_figure("0.3 G"), [300_774_272, 312_000_000]) == "0.30 G or 0.31 G"
    assert deciding(read_figure("1.0e6"), [1_000_000, 1_040_000]) == "1.00 M or 1.04 M"
    assert deciding(read_figure("1.0e3"), [1_000, 1_040]) == "1.00 K or 1.04 K"
    assert deciding(read_figure("4 G"), [4_100_000_000, 4_100_000_000]) == "4.1 G"


#: What is known of figures that people print: the network, the figure, conventions among the answers, or none.
EXPLAINED = [
    ("resnet50", "4,121,925,096", {"ptflops-hooks"}),
    ("resnet50", "4.12 G", {"ptflops-hooks", "mmcv"}),
    ("resnet50", "4.11 G", {"fvcore", "mmengine", "infer_gmacs"}),
    ("resnet50", "4.13 G", {"thop", "ultralytics-thop"}),
    ("resnet50", "8.21 G", {"calflops-flops", "deepspeed-flops"}),
    ("resnet50", "8.18 GFLOPs", {"FlopCounterMode"}),
    ("resnet50", "4.09 GMACs", {"multiply-adds"}),
    ("resnet50-v1", "3.8 G", {"multiply-adds"}),
    ("resnet101-v1", "7.6 G", {"multiply-adds"}),
    ("resnet152-v1", "11.3 G", {"multiply-adds"}),
    ("mobilenet-v2", "300 M", {"multiply-adds"}),
    ("mobilenet-v1", "569 M", {"multiply-adds"}),
    ("resnet50", "11.11 M", {"infer_macts"}),
]


@each(("network", "figure", "expected"), EXPLAINED)
def test_a_known_figure_is_explained(network: str, figure: str, expected: set[str]) -> None:
    """By the tool that prints it, among others."""
    found = reconcile_network(build_network(zoo_program(network)), [figure]).figures[0]
    assert expected <= {one.convention.name for one in found.explanations}


@pytest.mark.parametrize(
    ("network", "figure"),
    [
        ("resnet50", "4.14 G=thop"),  # printed in thop's README; no version that can be installed does
        ("mobilenet-v3-large", "219 M=multiply-adds"),
        ("shufflenet-v2", "146 M=multiply-adds"),
        ("resnet50", "9.74 B"),  # darknet's network has no projections
        ("resnet50", "1 G"),
    ],
)
def test_a_figure_that_nothing_explains_is_said_to_be(network: str, figure: str) -> None:
    """With the nearest, the nearest first."""
    found = reconcile_network(build_network(zoo_program(network)), [figure]).figures[0]
    assert found.explanations == ()
    gaps = [abs(one.difference) for one in found.nearest]
    assert gaps == sorted(gaps)
    assert all(one.value - found.given.value == one.difference for one in found.nearest)
    assert len(gaps) == (1 if found.given.tool else 3)


#: Where timm's model is another than torchvision's and ours, and what differs.
DIFFERENT = {"regnetx-400mf": "timm's last stage has the paper's 384 channels, torchvision's 400"}


@each(("network", "size", "gmacs", "macts"), PUBLISHED["timm"])
def test_timms_table_comes_out_at_its_digits(network: str, size: int, gmacs: str, macts: str) -> None:
    """Both columns of every row that is built in; where the model differs, it is said how."""
    case = f"{network} @{size}"
    assert match_of(read_figure(gmacs), value_of(find_conventions("infer_gmacs")[0], case) or 0) == "rounded"
    found = match_of(read_figure(macts), value_of(find_conventions("infer_macts")[0], case) or 0)
    assert (found == "rounded") != (network in DIFFERENT)


def test_timms_regnet_is_ours_with_the_papers_last_stage() -> None:
    """So that the difference is what it is said to be."""
    from convcost.networks.program import read_program
    from convcost.networks.zoo import FOLDER

    text = (FOLDER / "regnetx-400mf.txt").read_text().replace("400 k3 s2 g25 mid=400", "384 k3 s2 g24 mid=384")
    said = {one.convention.name: one.sum.value for one in reconcile_network(build_network(read_program(text))).said}
    assert match_of(read_figure("3.14 M"), said["infer_macts"] or 0) == "rounded"


def test_twice_and_half_only_where_nothing_else_fits() -> None:
    """8,178,476,752 is no tool's; half of it is torchinfo's. Twice thop's is a tool's own: ultralytics' model.info."""
    said = reconcile_network(build_network(zoo_program("resnet50"))).said
    twice = explain_figure(read_figure("8,178,476,752"), [(Place("resnet50"), said)])
    assert [(one.convention.name, one.factor) for one in twice.explanations] == [("torchinfo", "×2")]
    own = explain_figure(read_figure("8,267,485,184"), [(Place("resnet50"), said)])
    assert [(one.convention.name, one.factor) for one in own.explanations] == [("ultralytics", "")]
    plain = explain_figure(read_figure("8.18 G"), [(Place("resnet50"), said)])
    assert {one.factor for one in plain.explanations} == {""}


def test_sizes_and_siblings_explain_too() -> None:
    """A figure of another input, said to be of it."""
    network = build_network(zoo_program("resnet50"))
    others = [(Place("resnet50", "256x256"), build_network(zoo_program("resnet50"), Choices("@256")))]
    found = reconcile_network(network, ["5,340,348,416=multiply-adds"], others=others).figures[0]
    assert [one.place.input for one in found.explanations] == ["256x256"]


def test_every_figure_is_the_sum_of_its_terms() -> None:
    """Coefficient times amount, added up, for every convention of every built-in network."""
    for name in ("resnet50", "convnext-tiny", "mobilenet-v3-large", "densenet121", "googlenet"):
        for one in reconcile_network(build_network(zoo_program(name))).said:
            added = sum([term.coefficient * term.amount for term in one.sum.terms])
            assert one.sum.value in (None, added), (name, one.convention.name)


@each(
    ("layers", "counted", "said"),
    [
        (None, False, "skipped"), (["skipped"], False, "skipped"), (["skipped"], True, "partial"),
        ([], True, "partial"),
        ([], False, "verified"), (["verified"], False, "verified"), (["verified"], True, "partial"),
        (["verified", "skipped"], False, "partial"), (["reduced", "verified"], False, "reduced"),
        (["reduced"], True, "partial"), (["mismatch", "skipped"], True, "mismatch"),
    ],
)  # fmt: skip
def test_multiply_adds_are_as_well_executed_as_the_worst_of_their_operations(
    layers: list[str] | None, counted: bool, said: str
) -> None:
    """What is counted by its definition was not executed, if it has any."""
    network = build_network(zoo_program("lenet-5"))
    node = Node("last", Counted("x", (1, 10), macs=int(counted)), (len(network.graph.nodes),))
    network = network._replace(graph=network.graph._replace(nodes=(*network.graph.nodes, node)))
    executed = tuple([Executed((str(n),), status, {}) for n, status in enumerate(layers or [])])
    verified = NetworkVerified("verified", executed, Verified("verified", None, {}), {}, None)
    found = Reconciliation(network, 0, None, (), (), None if layers is None else verified)
    assert found.executed == said


def test_conventions_of_papers_come_first() -> None:
    """And of timm's table; then each tool."""
    assert [one.name for one in conventions()][:4] == ["multiply-adds", "infer_gmacs", "infer_macts", "fvcore"]


@each(
    ("text", "says", "marked", "hint"),
    [
        ("fvcor", "there is no convention 'fvcor'", (0, 5), "did you mean fvcore?"),
        ("deep", "there is no convention 'deep'", (0, 4), "did you mean deepspeed-flops?"),
        ("qqqq", "there is no convention 'qqqq'", (0, 4), "'convcost reconcile --list' lists them"),
        ("thop@9.9", "nothing is known of thop '9.9'", (5, 8), "known versions: 0.0.31 to 0.1.1"),
    ],
)
def test_a_convention_that_there_is_not_is_marked(text: str, says: str, marked: tuple[int, int], hint: str) -> None:
    """The version alone, where that is what is not known."""
    with pytest.raises(SpecError) as caught:
        find_conventions(text)
    assert (caught.value.message, caught.value.hint) == (says, hint)
    assert (caught.value.text, caught.value.start, caught.value.end) == (text, *marked)


def test_containers_that_nobody_knows_are_said_to_be_unknown() -> None:
    """Of a tool that adds what they hold; a layer alone is in none, nor does it matter where nothing is held."""
    torch_summary, thop = find_conventions("torch-summary")[0], find_conventions("thop")[0]
    group = Group("conv", "module", False, {"sample_macs": 9, "macs": 9, "nested_weights": 5}, ("a",))
    for nested, otherwise in ((False, {"no containers": 14}), (True, {})):
        assert say(torch_summary, {"": [group]}, nested=nested).otherwise == otherwise
    assert say(thop, {"": [group]}, nested=False).otherwise == {}
    assert say(torch_summary, {"": [group._replace(kind="relu")]}, nested=False).otherwise == {}


def test_two_assumptions_with_one_figure_are_no_doubt() -> None:
    """With two they are."""
    thop = find_conventions("thop")[0]
    group = Group("adaptive-avg-pool", "module", False, {"in": 8, "out": 1}, ("a",))
    same = say(thop, {"modules": [group], "functions": [group]}, nested=True)
    assert (same.sum.value, same.otherwise, same.needs_facts) == (9, {}, False)
    other = say(thop, {"modules": [group], "functions": [group._replace(form="function")]}, nested=True)
    assert (other.sum.value, other.otherwise, other.needs_facts) == (9, {"modules": 9, "functions": 0}, True)


def test_a_tool_that_does_not_print_a_figure_is_told_beside_those_that_do() -> None:
    """Where nobody says which tool printed it, these are the explanations."""
    said = reconcile_network(build_network(zoo_program("resnet50"))).said
    places = [(Place("resnet50"), said)]
    found = explain_figure(read_figure("4.11 G=thop"), places)
    assert (found.explanations, found.deciding) == ((), "")
    assert {"fvcore", "mmengine"} <= {one.convention.name for one in found.others}
    assert {one.convention.name for one in found.nearest} == {"thop"}
    plain = explain_figure(read_figure("4.11 G"), places)
    assert plain.explanations == found.others
    assert plain.others == ()
    assert explain_figure(read_figure("4.11 G=fvcore"), places).deciding == ""  # one value needs no further digit


def test_the_surest_explanations_come_first() -> None:
    """Exact, then rounded, then cut off."""
    said = reconcile_network(build_network(zoo_program("resnet50"))).said
    found = explain_figure(read_figure("4,089,184,256"), [(Place("resnet50"), said)])
    assert {one.match for one in found.explanations} == {"exact"}
    mixed = explain_figure(read_figure("4.1 G"), [(Place("resnet50"), said)])
    kinds = [one.match for one in mixed.explanations]
    assert kinds == sorted(kinds, key=["exact", "rounded", "cut off"].index)
    assert len(set(kinds)) > 1 or kinds[0] == "rounded"


def test_digits_that_decide_are_of_twice_the_values_where_these_explain() -> None:
    """2.22 M is twice 1,111,000 of one network, and twice 1,112,000 of another."""
    thop = find_conventions("thop")[0]
    places = [
        (Place(str(macs)), [say(thop, {"": [Group("conv", "module", False, {"macs": macs}, ("a",))]}, nested=True)])
        for macs in (1_111_000, 1_112_000)
    ]
    assert explain_figure(read_figure("2.22 M"), places).deciding == "2.222 M or 2.224 M"


def test_half_of_a_value_explains_where_nothing_else_does() -> None:
    """And twice: what has two operations in each multiply-add."""
    thop = find_conventions("thop")[0]
    said = [say(thop, {"": [Group("conv", "module", False, {"macs": 1000}, ("a",))]}, nested=True)]
    for text, factor in (("500", "÷2"), ("1000", ""), ("2000", "×2")):
        (found,) = explain_figure(read_figure(text), [(Place("x"), said)]).explanations
        assert (found.factor, found.value, found.match) == (factor, 1000, "exact")


def test_a_network_that_is_not_known_has_no_multiply_adds() -> None:
    """Its figures are kept."""
    found = reconcile_network(build_network(zoo_program("lenet-5")), ["7"], unknown=["x"])
    assert (found.macs, found.figures[0].given.value, found.unknown) == (0, 7, ("x",))
    assert reconcile_network(build_network(zoo_program("lenet-5"))).macs == 416_520


def test_names_are_those_of_a_convention() -> None:
    """One name may have several ranges of versions, the newest last; a wrong one is answered with the nearest."""
    assert [one.versions for one in find_conventions("ptflops-pytorch")] == ["0.7.0 to 0.7.4", "0.7.5 and later"]
    with pytest.raises(SpecError) as error:
        find_conventions("fvcor")
    assert "fvcore" in error.value.hint
    assert len({(one.name, one.versions) for one in conventions()}) == len(conventions())


@each("name", ["resnet50", "vgg16", "convnext-tiny", "mobilenet-v1"])
def test_timms_macts_are_the_conv_activations_of_network(name: str) -> None:
    """One word for them."""
    from convcost.answers.network import answer_network

    network = build_network(zoo_program(name))
    said = {one.convention.name: one.sum.value for one in reconcile_network(network).said}
    assert said["infer_macts"] == answer_network(network).total["conv_activations"]


def test_a_partial_graph_gives_no_figure() -> None:
    """What is not known is in no sum."""
    from convcost.report.reconciliation import reconciliation_document

    network = build_network(zoo_program("lenet-5"))
    found = reconcile_network(network, ["416,520"], unknown=["Foo"])
    document = reconciliation_document(found)
    assert (found.said, found.figures[0].explanations) == ((), ())
    assert (document["status"], document["macs"], document["unknown"]) == ("partial", None, ["Foo"])


@each(("name", "size", "value"), [
    ("yolov5s", "640", 16_622_796_800),  # what its log prints: 16.6 GFLOPs
    ("vgg16", "224", None),  # its pool makes 7x7 of any map
    ("squeezenet1.1", "224", None),  # 111 of 224 positions
    ("squeezenet1.1", "230", 781_996_304),  # no whole cells: counted as it is, and so printed
])  # fmt: skip
def test_what_is_scaled_has_a_figure_where_all_maps_grow(name: str, size: str, value: int | None) -> None:
    """Ultralytics counts at 32x32 and scales, which on VGG's and SqueezeNet's maps gives another number."""
    network = build_network(zoo_program(name), Choices(f"@{size}"))
    said = reconcile_network(network, only=find_conventions("ultralytics")).said[0]
    thop = reconcile_network(network, only=find_conventions("ultralytics-thop@2.2")).said[0].sum.value
    assert said.sum.value == value
    assert value is None or value == 2 * (thop or 0)


@each(
    ("size", "shape"),
    [
        ("256", (2, 3, 256, 256)),
        ("320x192", (2, 3, 320, 192)),
        ("@64", (2, 3, 64, 64)),
        ("9" * 18, (2, 3, *[10**18 - 1] * 2)),
    ],
)  # fmt: skip
def test_another_size_is_one_number_or_one_an_axis(size: str, shape: tuple[int, ...]) -> None:
    """Batch and channels stay."""
    assert opening._at((2, 3, 8, 8), size, size) == shape
    assert opening._at((2, 3, 8), "7", "7") == (2, 3, 7)


@each("size", ["0", "12x", "1x2x3", "x", "9" * 19, "a", "7x0", "-3", "1.5"])
def test_what_is_no_size_is_marked_in_the_list(size: str) -> None:
    with pytest.raises(SpecError, match="is no size") as caught:
        opening._at((2, 3, 8, 8), size, f"224,{size},320")
    assert (caught.value.start, caught.value.end) == (4, 4 + len(size))
