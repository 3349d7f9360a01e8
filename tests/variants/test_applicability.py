"""Which layers a variant exists for, and what is said where it does not."""

from __future__ import annotations

import pytest
from tables import each

from convcost.spec import LayerSpec, parse_spec
from convcost.variants.registry import AS_GIVEN, DoesNotApply, all_variants, build_variant


def reason(variant: str, spec: LayerSpec) -> str | None:
    """Why there is no such variant; None where there is."""
    try:
        build_variant(variant, spec)
    except DoesNotApply as why:
        return str(why)
    return None


def applicable(text: str) -> set[str]:
    spec = parse_spec(text)
    return {name for name in [*all_variants(), AS_GIVEN] if reason(name, spec) is None}


#: What applies to an ordinary layer of any number of axes; `2plus1d` and `tcn` are made for three and for one.
EVERYTHING = {*all_variants(), AS_GIVEN} - {"2plus1d", "tcn"}
ALSO = {1: {"tcn"}, 2: set(), 3: {"2plus1d"}}


@each("text", ["64:128 @56 k3", "64:64 @9x7 k3x5 s2 d2", "32:32 @9 k3 3d", "64:64 @9 k3 g16"])
def test_everything_applies_to_an_ordinary_layer(text: str) -> None:
    assert applicable(text) == EVERYTHING | ALSO[parse_spec(text).axes]


@each(
    ("text", "why"),
    [
        ("64:64 @9 k3 1d", "one axis cannot be separated"),
        ("64:64 @9 k1", "the kernel is 1 on an axis, so there is nothing to separate"),
        ("64:64 @9 k1x7", "the kernel is 1 on an axis, so there is nothing to separate"),
        ("64:64 @9 k3x3x1", "the kernel is 1 on an axis, so there is nothing to separate"),
    ],
)
def test_spatially_separable_needs_two_axes_of_more_than_1(text: str, why: str) -> None:
    assert reason("spatially-separable", parse_spec(text)) == why
    spec = parse_spec(text)
    also = ALSO[spec.axes] if 1 not in spec.kernel_size[:1] and spec.kernel_size[1:] != (1, 1) else set()
    assert applicable(text) == (EVERYTHING | also) - {"spatially-separable", "spatially-separable-reversed"}


@each(
    ("variant", "text", "why"),
    [
        ("2plus1d", "8:8 @9 k3", "made for three axes: time, height and width"),
        ("2plus1d", "8:8 @9 k3 1d", "made for three axes: time, height and width"),
        ("tcn", "8:8 @9 k3", "made for one axis: time"),
        ("2plus1d", "8:8 @9x9x9 k3x1x1", "the kernel is 1 in time or in space, so there is nothing to separate"),
        ("2plus1d", "8:8 @9x9x9 k1x3x3", "the kernel is 1 in time or in space, so there is nothing to separate"),
        ("low-rank", "8:3 @9 k3", "3 out_channels // bottleneck_ratio 4 leaves no middle channel"),
        ("low-rank", "8:8 @9 k3 mid=2x4", "it has one number of middle channels: mid=2 or mid=4"),
        ("spatially-separable", "8:8 @9 k3 mid=2x4", "it has one number of middle channels: mid=2 or mid=4"),
        ("fused-mbconv", "8:8 @9 k3 pvalid", "the branch gives 8x7x7, the shortcut 8x9x9"),
    ],
)
def test_a_variant_for_other_layers_says_for_which(variant: str, text: str, why: str) -> None:
    """And what it needs of them."""
    assert reason(variant, parse_spec(text)) == why


def test_only_three_variants_exist_for_a_transposed_layer() -> None:
    """as-given, standard and grouped; the others say that they are not defined for it."""
    assert applicable("64:64 @9 k3 s2 t") == {"as-given", "standard", "grouped"}
    for name in {*all_variants()} - {"standard", "grouped"}:
        assert reason(name, parse_spec("64:64 @9 k3 s2 t")) == "not defined for a transposed convolution"


@each("channels", ["3:64", "64:3", "5:5", "15:15"])
def test_grouped_needs_a_number_of_groups_that_divides_both(channels: str) -> None:
    inner, outer = channels.split(":")
    why = f"none of 32, 16, 8, 4, 2 groups divides {inner} and {outer}"
    assert reason("grouped", parse_spec(f"{channels} @9 k3")) == why


@pytest.mark.parametrize("variant", ["bottleneck", "residual-bottleneck"])
def test_a_bottleneck_needs_a_middle_channel(variant: str) -> None:
    """3 // 4 is none; 4 // 4 is one; a given number needs no division."""
    why = "3 out_channels // bottleneck_ratio 4 leaves no middle channel"
    assert reason(variant, parse_spec("64:3 @9 k3")) == why
    assert reason(variant, parse_spec("64:4 @9 k3")) is None
    assert reason(variant, parse_spec("64:3 @9 k3 mid=2")) is None


@pytest.mark.parametrize("variant", ["bottleneck", "residual-bottleneck"])
def test_groups_must_divide_the_middle_channels(variant: str) -> None:
    """A depthwise layer's 64 groups do not fit the 16 channels in the middle; the other rows are still there."""
    assert reason(variant, parse_spec("64:64 @9 k3 g64")) == "conv: 64 groups do not divide 16 channels"
    assert applicable("64:64 @9 k3 g64") == EVERYTHING - {"bottleneck", "residual-bottleneck"}


@each(
    ("variant", "text", "why"),
    [
        ("basic-block", "4:4 @9x8 k3 pvalid", "the branch gives 4x5x4, the shortcut 4x9x8"),
        ("basic-block", "4:8 @9x8 k3 s2 p0", "the branch gives 8x2x1, the shortcut 8x5x4"),
        ("residual-bottleneck", "4:4 @9x8 k3 p2", "the branch gives 4x11x10, the shortcut 4x9x8"),
        ("inverted-residual", "4:4 @9x8 k3x1 p0", "the branch gives 4x7x8, the shortcut 4x9x8"),
    ],
)
def test_branches_of_different_shapes_cannot_be_added(variant: str, text: str, why: str) -> None:
    """The reason shows both shapes."""
    assert reason(variant, parse_spec(text)) == why


def test_inverted_residual_without_shortcut_takes_any_padding() -> None:
    """There is nothing to add where channels or stride differ."""
    assert reason("inverted-residual", parse_spec("4:8 @9x8 k3 p0")) is None
    assert reason("inverted-residual", parse_spec("4:4 @9x8 k3 p0 s2")) is None


@each("variant", ["standard", "spatially-separable", "depthwise-separable", "grouped", "bottleneck"])
def test_a_shortcut_that_does_not_fit_says_so(variant: str) -> None:
    """A replacement that shrinks its input cannot be added to it."""
    spec = parse_spec("8:8 @9x8 k3 pvalid")
    assert reason(variant, spec) is None
    assert reason(variant, spec._replace(residual=True)) == "the branch gives 8x7x6, the shortcut 8x9x8"


def test_a_transposed_layer_with_a_shortcut_that_fits_has_one() -> None:
    """Stride 1 and a crop that keeps the size; upsampled, the shortcut would be of another size."""
    spec = parse_spec("8:8 @9 k3 p1 t")._replace(residual=True)
    assert build_variant("standard", spec).settings["shortcut"] == "identity"
    bigger = parse_spec("8:8 @9 k3 s2 p1 op1 t")._replace(residual=True)
    assert reason("standard", bigger) == "the branch gives 8x18x18, the shortcut 8x5x5"


def test_a_second_convolution_that_finds_too_little_input_does_not_apply() -> None:
    """A basic block without padding on a small map: the second k x k no longer fits."""
    why = reason("basic-block", parse_spec("4:8 @4 k3 pvalid"))
    assert why is not None
    assert why.startswith("conv2: a 3x3 kernel does not fit the 2x2 input")


def test_a_padding_mode_that_has_too_little_left_to_copy_does_not_apply() -> None:
    """The first k x k can reflect 3 positions of 8; of the 2 that it leaves, the second cannot."""
    spec = parse_spec("4:8 @8 k7 s4 p3 mode=reflect")
    assert reason("standard", spec) is None
    why = reason("basic-block", spec)
    assert why is not None
    assert why.startswith("conv2: padding_mode=reflect")
