"""Figures that somebody printed, each with where, and figures worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tables import each

from convcost.analysis import Analysis, analyze
from convcost.spec import parse_spec
from convcost.variants.registry import AS_GIVEN, build_variant

MOBILENETS_3 = "MobileNets (Howard et al. 2017), Table 3"
FIGURE_5 = "arithmetic on Deep Residual Learning (He et al. 2015), Figure 5"


def analysis(text: str, variant: str) -> Analysis:
    return analyze(build_variant(variant, parse_spec(text))[0])


def in_millions(number: int, decimals: int) -> float:
    """As papers print: rounded, in millions."""
    return round(number / 1e6, decimals)


PRINTED_IN_MILLIONS = (
    # layer, variant, params and their decimals, MACs and theirs, source
    ("512:512 @14 k3", "standard", (2.36, 2), (462, 0), MOBILENETS_3),
    ("512:512 @14 k3", "depthwise-separable", (0.27, 2), (52.3, 1), MOBILENETS_3),
    ("384:384 @14 k3", "depthwise-separable", (0.15, 2), (29.6, 1), MOBILENETS_3),
    ("384:384 @10 k3", "depthwise-separable", (0.15, 2), (15.1, 1), MOBILENETS_3),
)


@each(("layer", "variant", "params", "macs", "source"), PRINTED_IN_MILLIONS)
def test_figures_round_to_the_printed_ones(
    layer: str, variant: str, params: tuple[float, int], macs: tuple[float, int], source: str
) -> None:
    """Rounded as the source rounds, params and MACs are what it printed."""
    cost = analysis(layer, variant).cost
    assert (in_millions(cost.params, params[1]), in_millions(cost.macs, macs[1])) == (params[0], macs[0]), source


EXACT = (
    # layer, variant, params, MACs, source
    ("256:256 @56 k3", "bottleneck", 69_632, 218_365_952, FIGURE_5),
    ("256:256 @56 k3", "basic-block", 1_179_648, 3_699_376_128, FIGURE_5),
    ("1:1 @5 k3 pvalid", "standard", 9, 81, "a teaching example seen in several tutorials"),
    ("1:1 @5 k3 pvalid", "spatially-separable", 6, 72, "a teaching example seen in several tutorials"),
    ("64:128 @56 k3", "spatially-separable", 36_864, 36_864 * 56 * 56, "by hand: 3*64*64 + 3*64*128"),
)


@each(("layer", "variant", "params", "macs", "source"), EXACT)
def test_figures_are_the_exact_ones(layer: str, variant: str, params: int, macs: int, source: str) -> None:
    """Params and MACs are the source's to the last digit."""
    cost = analysis(layer, variant).cost
    assert (cost.params, cost.macs) == (params, macs), source


def test_two_passes_over_the_teaching_example_cost_45_and_27() -> None:
    """1x3 over a 5x5 map without padding, then 3x1 over the 5x3 that it leaves: 45 + 27 products."""
    ops = analysis("1:1 @5 k3 pvalid", "spatially-separable").ops
    assert [(op.name, op.cost.macs, op.output_shape) for op in ops] == [
        ("1x3", 45, (1, 1, 5, 3)),
        ("3x1", 27, (1, 1, 3, 3)),
    ]


@each("kernel", [1, 3, 5, 7])
@each("layer", ["512:512 @14", "64:128 @56x48", "3:17 @9x30 s2", "6:10 @7x8 d2 n3"])
def test_depthwise_separable_is_1_over_n_plus_1_over_k_squared(layer: str, kernel: int) -> None:
    """Its MACs over the standard one's are exactly 1/N + 1/k2 (MobileNets, Howard et al. 2017, section 3.1)."""
    text = f"{layer} k{kernel}"
    ratio = Fraction(analysis(text, "depthwise-separable").cost.macs, analysis(text, "standard").cost.macs)
    assert ratio == Fraction(1, parse_spec(text).out_channels) + Fraction(1, kernel**2)


@each("kernel", [2, 3, 5, 7])
@each("layer", ["16:16 @14", "5:5 @21x9 d3"])
def test_spatially_separable_is_2_over_k(layer: str, kernel: int) -> None:
    """With in = mid = out, stride 1 and padding that keeps the size: 2/k of the params and of the MACs."""
    text = f"{layer} k{kernel}"
    one, two = analysis(text, "standard").cost, analysis(text, "spatially-separable").cost
    assert Fraction(two.params, one.params) == Fraction(two.macs, one.macs) == Fraction(2, kernel)


@pytest.mark.parametrize(
    ("layer", "macs", "effective_macs"),
    [("8:4 @8 k3 s2 p1 op1 t", 18_432, 16_928), ("8:8 @8 k3 s2 p1 op1 t g8", 4_608, 4_232)],
)
def test_transposed_macs_are_per_input_position(layer: str, macs: int, effective_macs: int) -> None:
    """The products before cropping, and those inside the 16x16 output; thop and torchinfo print four times as much."""
    result = analysis(layer, AS_GIVEN)
    assert result.output_shape[2:] == (16, 16)
    assert (result.cost.macs, result.cost.effective_macs) == (macs, effective_macs)


@pytest.mark.parametrize(("size", "percent"), [(7, 22.2), (14, 10.2), (28, 4.9)])
def test_counting_the_border_overstates_a_3x3(size: int, percent: float) -> None:
    """MACs over effective MACs of 3x3 with padding 1: what sets JAX's cost analysis apart from everybody else's."""
    cost = analysis(f"64:64 @{size} k3 p1", "standard").cost
    excess = 100 * (Fraction(cost.macs, cost.effective_macs) - 1)
    assert round(excess, 1) == Fraction(str(percent))  # at 14x14 it is 10.25 exactly, which rounds to even


def test_standard_by_hand() -> None:
    """64:128 @56 k3 in fp32: input and output alive together; input, 73,728 weights and output moved once."""
    result, positions = analysis("64:128 @56 k3", "standard"), 56 * 56
    assert result.peak_bytes == 2_408_448 == 4 * (64 + 128) * positions
    assert result.cost.traffic_bytes == 2_703_360 == 4 * ((64 + 128) * positions + 9 * 64 * 128)


def test_depthwise_separable_by_hand() -> None:
    """64:128 @56 k3 in fp32: 64 channels read, written, read again, 128 written, 576 + 8192 weights."""
    cost = analysis("64:128 @56 k3", "depthwise-separable").cost
    assert cost.traffic_bytes == 4_049_152 == 4 * ((64 + 64 + 64 + 128) * 56 * 56 + 9 * 64 + 64 * 128)


def test_basic_block_by_hand() -> None:
    """64:128 @56 k3 in fp32: at its second 3x3, the input (for the projection) and two maps of 128 are alive."""
    assert analysis("64:128 @56 k3", "basic-block").peak_bytes == 4_014_080 == 4 * (64 + 128 + 128) * 56 * 56
