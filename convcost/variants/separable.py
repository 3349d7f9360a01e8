"""Factorised convolutions: by axis, by space and channels, by groups; and the two halves alone."""

from __future__ import annotations

from typing import TypeVar

from ..graph.builder import GraphBuilder
from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from .registry import BUILDING_BLOCK, REPLACEMENT, DoesNotApply, Settings, variant
from .start import close, pointwise, spatial, start

T = TypeVar("T")

#: Group counts tried, largest first, where the layer names none (32 is ResNeXt's cardinality).
GROUPS = (32, 16, 8, 4, 2)


@variant("spatially-separable", REPLACEMENT, "1xk then kx1, one axis a pass (Inception v3)")
def spatially_separable(spec: LayerSpec) -> tuple[Graph, Settings]:
    if spec.axes == 1:
        raise DoesNotApply("one axis cannot be separated")
    if 1 in spec.kernel_size:
        raise DoesNotApply("the kernel is 1 on an axis, so there is nothing to separate")
    mid = min(spec.in_channels, spec.out_channels) if spec.mid_channels is None else spec.mid_channels
    b = start(spec)
    for axis in reversed(range(spec.axes)):
        _one_axis(b, spec, axis, mid if axis else spec.out_channels)
    settings = close(b, spec, {"mid_channels": mid})
    return b.graph(), settings


def _one_axis(b: GraphBuilder, spec: LayerSpec, axis: int, out_channels: int) -> None:
    """One pass: kernel, stride, dilation and padding of `axis`, and 1, 1, 1 and 0 on the others."""

    def only(values: tuple[T, ...], other: T) -> tuple[T, ...]:
        return tuple([v if i == axis else other for i, v in enumerate(values)])

    kernel = only(spec.kernel_size, 1)
    b.conv(
        "x".join(map(str, kernel)), out_channels, kernel, stride=only(spec.stride, 1),
        padding=spec.padding if isinstance(spec.padding, str) else only(spec.padding, (0, 0)),
        dilation=only(spec.dilation, 1), bias=spec.bias, padding_mode=spec.padding_mode,
    )  # fmt: skip


@variant("depthwise-separable", REPLACEMENT, "depthwise then pointwise (MobileNet, Xception)")
def depthwise_separable(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "depthwise", spec.in_channels * spec.depth_multiplier, spec.in_channels)
    pointwise(b, spec, "pointwise", spec.out_channels)
    settings = close(b, spec, {"depth_multiplier": spec.depth_multiplier})
    return b.graph(), settings


@variant("grouped", REPLACEMENT, "kxk in g groups (AlexNet, ResNeXt)", transposed=True)
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
