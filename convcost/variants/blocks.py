"""Blocks of several convolutions: bottlenecks, and the residual blocks of ResNet and MobileNetV2."""

from __future__ import annotations

from ..graph.builder import GraphBuilder
from ..graph.ops import Graph
from ..spec.layer import LayerSpec
from .registry import REPLACEMENT, RESIDUAL_BLOCK, DoesNotApply, Settings, variant
from .start import close, pointwise, spatial, start


@variant("bottleneck", REPLACEMENT, "1x1 down, kxk, 1x1 up; no shortcut")
def bottleneck(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    settings = close(b, spec, _bottleneck(b, spec))
    return b.graph(), settings


def _bottleneck(b: GraphBuilder, spec: LayerSpec) -> Settings:
    """1x1 to the middle channels, the k x k in the layer's groups, 1x1 to out_channels (He et al. 2015, Fig. 5).

    The stride is on the k x k, as everybody trains it today; `v1` puts it on the first 1x1, as the paper did.
    """
    mid, settings = _middle(spec)
    pointwise(b, spec, "reduce", mid, stride=spec.stride if spec.v1 else None)
    spatial(b, spec, "conv", mid, spec.groups, strided=not spec.v1)
    pointwise(b, spec, "expand", spec.out_channels)
    if spec.groups > 1:
        settings["groups"] = spec.groups
    if spec.v1:
        settings["v1"] = True
    return settings


def _middle(spec: LayerSpec) -> tuple[int, Settings]:
    if spec.mid_channels is not None:
        return spec.mid_channels, {"mid_channels": spec.mid_channels}
    mid, ratio = spec.out_channels // spec.bottleneck_ratio, spec.bottleneck_ratio
    if not mid:
        raise DoesNotApply(f"{spec.out_channels} out_channels // bottleneck_ratio {ratio} leaves no middle channel")
    return mid, {"bottleneck_ratio": ratio, "mid_channels": mid}


@variant("basic-block", RESIDUAL_BLOCK, "two kxk and a shortcut (ResNet-18/34)")
def basic_block(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    spatial(b, spec, "conv1", spec.out_channels, 1)
    spatial(b, spec, "conv2", spec.out_channels, 1, strided=False)
    kind = b.shortcut(spec.stride, bias=spec.bias)
    return b.graph(), {"shortcut": kind}


@variant("residual-bottleneck", RESIDUAL_BLOCK, "the bottleneck and a shortcut (ResNet-50)")
def residual_bottleneck(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    settings = _bottleneck(b, spec)
    settings["shortcut"] = b.shortcut(spec.stride, bias=spec.bias)
    return b.graph(), settings


@variant("inverted-residual", RESIDUAL_BLOCK, "1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)")
def inverted_residual(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    hidden = spec.in_channels * spec.expansion_ratio
    if spec.expansion_ratio != 1:
        pointwise(b, spec, "expand", hidden)
    spatial(b, spec, "depthwise", hidden, hidden)
    pointwise(b, spec, "project", spec.out_channels, linear=True)
    kind = b.shortcut(spec.stride, bias=spec.bias, project=False)
    return b.graph(), {"expansion_ratio": spec.expansion_ratio, "shortcut": kind}
