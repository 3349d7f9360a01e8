"""Factorised convolutions: by axis, by space and channels, by groups, by rank; and the two halves alone."""

from __future__ import annotations

from math import prod
from typing import TypeVar

from ..graph.builder import GraphBuilder
from ..graph.ops import Concat, Graph, Split
from ..spec.layer import LayerSpec
from .registry import BUILDING_BLOCK, REPLACEMENT, DoesNotApply, Settings, variant
from .start import activate_sum, close, middle, one_middle, pointwise, spatial, start

T = TypeVar("T")

#: Group counts tried, largest first, where the layer names none (32 is ResNeXt's cardinality).
GROUPS = (32, 16, 8, 4, 2)


@variant(
    "spatially-separable", REPLACEMENT, "1xk then kx1, one axis a pass (Inception v3)",
    factors="m i x, o m y -> o i y x",
)  # fmt: skip
def spatially_separable(spec: LayerSpec) -> tuple[Graph, Settings]:
    return _passes(spec, tuple(reversed(range(spec.axes))))


@variant(
    "spatially-separable-reversed", REPLACEMENT, "kx1 then 1xk: the passes in the other order", shown=(),
    factors="m i y, o m x -> o i y x",
)  # fmt: skip
def spatially_separable_reversed(spec: LayerSpec) -> tuple[Graph, Settings]:
    return _passes(spec, tuple(range(spec.axes)))


def _passes(spec: LayerSpec, order: tuple[int, ...]) -> tuple[Graph, Settings]:
    """One axis after the other, the middle channels between them."""
    if spec.axes == 1:
        raise DoesNotApply("one axis cannot be separated")
    if 1 in spec.kernel_size:
        raise DoesNotApply("the kernel is 1 on an axis, so there is nothing to separate")
    mid = one_middle(spec) or min(spec.in_channels, spec.out_channels)
    b = start(spec)
    for axis in order:
        _some_axes(b, spec, (axis,), spec.out_channels if axis == order[-1] else mid)
    settings = close(b, spec, {"mid_channels": mid})
    return b.graph(), settings


@variant(
    "2plus1d", REPLACEMENT, "1xkxk then kx1x1: space, then time (R(2+1)D)", shown=(3,), also=("two-plus-one",),
    factors="m i y x, o m z -> o i z y x",
)  # fmt: skip
def two_plus_one(spec: LayerSpec) -> tuple[Graph, Settings]:
    """As many middle planes as give the params of the full kernel (Tran et al. 2018, section 3.5)."""
    if spec.axes != 3:
        raise DoesNotApply("made for three axes: time, height and width")
    time, space = spec.kernel_size[0], prod(spec.kernel_size[1:])
    if 1 in (time, space):
        raise DoesNotApply("the kernel is 1 in time or in space, so there is nothing to separate")
    full = time * space * spec.in_channels * spec.out_channels
    mid = one_middle(spec) or full // (space * spec.in_channels + time * spec.out_channels)
    b = start(spec)
    _some_axes(b, spec, (1, 2), mid)
    _some_axes(b, spec, (0,), spec.out_channels)
    settings = close(b, spec, {"mid_channels": mid})
    return b.graph(), settings


def _some_axes(b: GraphBuilder, spec: LayerSpec, axes: tuple[int, ...], out_channels: int) -> None:
    """One pass: kernel, stride, dilation and padding of `axes`, and 1, 1, 1 and 0 on the others."""

    def only(values: tuple[T, ...], other: T) -> tuple[T, ...]:
        return tuple([v if i in axes else other for i, v in enumerate(values)])

    kernel = only(spec.kernel_size, 1)
    b.conv(
        "x".join(map(str, kernel)), out_channels, kernel, stride=only(spec.stride, 1),
        padding=spec.padding if isinstance(spec.padding, str) else only(spec.padding, (0, 0)),
        dilation=only(spec.dilation, 1), bias=spec.bias, padding_mode=spec.padding_mode,
    )  # fmt: skip


@variant(
    "depthwise-separable", REPLACEMENT, "depthwise then pointwise (MobileNet, Xception)",
    factors="(i j) 1 *, o (i j) 1 -> o i *",
)  # fmt: skip
def depthwise_separable(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "depthwise", spec.in_channels * spec.depth_multiplier, spec.in_channels)
    pointwise(b, spec, "pointwise", spec.out_channels)
    settings = close(b, spec, {"depth_multiplier": spec.depth_multiplier})
    return b.graph(), settings


@variant(
    "blueprint-separable", REPLACEMENT, "pointwise then depthwise (BSConv-U)", shown=(), factors="o i 1, o 1 * -> o i *"
)
def blueprint_separable(spec: LayerSpec) -> tuple[Graph, Settings]:
    """The depthwise separable one the other way round (Haase & Amthor 2020, section 3.2)."""
    b = start(spec)
    pointwise(b, spec, "pointwise", spec.out_channels)
    spatial(b, spec, "depthwise", spec.out_channels, spec.out_channels)
    settings = close(b, spec, {})
    return b.graph(), settings


@variant(
    "low-rank", REPLACEMENT, "kxk to the middle channels, then 1x1 (Zhang et al. 2015)", shown=(),
    factors="m i *, o m 1 -> o i *",
)  # fmt: skip
def low_rank(spec: LayerSpec) -> tuple[Graph, Settings]:
    """Few filters, and every output a mixture of theirs (Zhang et al. 2015, Accelerating Very Deep …, section 3.1)."""
    mid, settings = middle(spec)
    b = start(spec)
    spatial(b, spec, "conv", mid, 1)
    pointwise(b, spec, "expand", spec.out_channels)
    settings = close(b, spec, settings)
    return b.graph(), settings


@variant(
    "low-rank-reversed", REPLACEMENT, "1x1 to the middle channels, then kxk", shown=(), factors="m i 1, o m * -> o i *"
)
def low_rank_reversed(spec: LayerSpec) -> tuple[Graph, Settings]:
    """The same the other way round: few mixtures of the inputs, which every output filters."""
    mid, settings = middle(spec)
    b = start(spec)
    pointwise(b, spec, "reduce", mid)
    spatial(b, spec, "conv", spec.out_channels, 1)
    settings = close(b, spec, settings)
    return b.graph(), settings


@variant("ghost", REPLACEMENT, "kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)", shown=())
def ghost(spec: LayerSpec) -> tuple[Graph, Settings]:
    """Half of the maps by the kernel, each of these once more by a cheap 3x3 (Han et al. 2020, s = 2 and d = 3).

    Of an odd number the last one is cut off, as the authors do. With a shortcut neither part is
    activated before the sum: the second ghost module of their bottleneck.
    """
    half = (spec.out_channels + 1) // 2
    b = start(spec)
    spatial(b, spec, "primary", half, 1, linear=spec.residual)
    b.activate()
    own = b.last
    b.conv(
        "cheap", half, (3,) * spec.axes, padding=((1, 1),) * spec.axes, groups=half, bias=spec.bias,
        padding_mode=spec.padding_mode, linear=spec.residual,
    )  # fmt: skip
    b.activate()
    b.add("concat", Concat(), own, b.last)
    if spec.out_channels % 2:
        b.add("cut", Split(0, spec.out_channels), b.last)
    settings = close(b, spec, {})
    activate_sum(b, spec)
    return b.graph(), settings


@variant(
    "grouped", REPLACEMENT, "kxk in g groups (AlexNet, ResNeXt)", transposed=True,
    factors="(g a) b * -> (g a) (g b) *",
)  # fmt: skip
def grouped(spec: LayerSpec) -> tuple[Graph, Settings]:
    groups = spec.own_groups
    if groups == 1:
        groups = next((g for g in GROUPS if spec.in_channels % g == spec.out_channels % g == 0), 1)
    if groups == 1:
        raise DoesNotApply(f"none of 32, 16, 8, 4, 2 groups divides {spec.in_channels} and {spec.out_channels}")
    b = start(spec)
    spatial(b, spec, "conv", spec.out_channels, groups)
    settings = close(b, spec, {"groups": groups})
    return b.graph(), settings


@variant("depthwise", BUILDING_BLOCK, "kxk on each channel alone, m outputs a channel")
def depthwise(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "depthwise", spec.in_channels * spec.depth_multiplier, spec.in_channels)
    return b.graph(), {"depth_multiplier": spec.depth_multiplier}


@variant("pointwise", BUILDING_BLOCK, "1x1: channels only")
def pointwise_alone(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    pointwise(b, spec, "pointwise", spec.out_channels, stride=spec.stride)
    return b.graph(), {}
