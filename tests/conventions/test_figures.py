"""Figures as people write them: what they say, and which values they stand for."""

from __future__ import annotations

from fractions import Fraction

import pytest
from conventions.golden_figures import PUBLISHED, value_of
from hypothesis import given
from hypothesis import strategies as st

from convcost.conventions import opening
from convcost.conventions.answer import Place, conventions, explain_figure, find_conventions, reconcile_network
from convcost.conventions.figures import deciding, is_figure, match_of, read_figure
from convcost.networks.build import Choices, build_network
from convcost.networks.zoo import zoo_program
from convcost.spec.errors import SpecError


@pytest.mark.parametrize(
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


@pytest.mark.parametrize("text", ["", "G", "4,12 G", "4.12.1 G", "-4 G", "@224", "64:128", "k3", "1e400", "4 X", "nan"])
def test_what_is_no_figure_is_refused_with_how_to_write_one(text: str) -> None:
    """Also a comma for a point, which could be either."""
    assert not is_figure(text)
    with pytest.raises(SpecError) as error:
        read_figure(text)
    assert "4.12 G" in error.value.hint


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


@pytest.mark.parametrize(("network", "figure", "expected"), EXPLAINED)
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
    assert 1 <= len(gaps) <= 3


#: Where timm's model is another than torchvision's and ours, and what differs.
DIFFERENT = {"regnetx-400mf": "timm's last stage has the paper's 384 channels, torchvision's 400"}


@pytest.mark.parametrize(("network", "size", "gmacs", "macts"), PUBLISHED["timm"])
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


def test_names_are_those_of_a_convention() -> None:
    """One name may have several ranges of versions, the newest last; a wrong one is answered with the nearest."""
    assert [one.versions for one in find_conventions("ptflops-pytorch")] == ["0.7.0 to 0.7.4", "0.7.5 and later"]
    with pytest.raises(SpecError) as error:
        find_conventions("fvcor")
    assert "fvcore" in error.value.hint
    assert len({(one.name, one.versions) for one in conventions()}) == len(conventions())


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "convnext-tiny", "mobilenet-v1"])
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


@pytest.mark.parametrize(("name", "size", "value"), [
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize("size", ["0", "12x", "1x2x3", "x", "9" * 19, "a", "7x0", "-3", "1.5"])
def test_what_is_no_size_is_marked_in_the_list(size: str) -> None:
    with pytest.raises(SpecError, match="is no size") as caught:
        opening._at((2, 3, 8, 8), size, f"224,{size},320")
    assert (caught.value.start, caught.value.end) == (4, 4 + len(size))
