"""Blocks of several convolutions: bottlenecks, the residual blocks of ResNet, the MobileNets and EfficientNets, TCN."""

from __future__ import annotations

from ..graph.builder import GraphBuilder
from ..graph.ops import Graph, Ints
from ..spec.layer import LayerSpec
from .registry import REPLACEMENT, RESIDUAL_BLOCK, DoesNotApply, Settings, variant
from .start import activate_sum, close, gate, middle, pointwise, spatial, start


@variant("bottleneck", REPLACEMENT, "1x1 down, kxk, 1x1 up; no shortcut", factors="m i 1, n m *, o n 1 -> o i *")
def bottleneck(spec: LayerSpec) -> tuple[Graph, Settings]:
    b = start(spec)
    settings = close(b, spec, _bottleneck(b, spec))
    return b.graph(), settings


def _bottleneck(b: GraphBuilder, spec: LayerSpec) -> Settings:
    """1x1 to the middle channels, the k x k in the layer's groups, 1x1 to out_channels (He et al. 2015, Fig. 5).

    The stride is on the k x k, as everybody trains it today; `v1` puts it on the first 1x1, as the paper did.
    """
    mids, settings = _middles(spec)
    pointwise(b, spec, "reduce", mids[0], stride=spec.stride if spec.v1 else None)
    spatial(b, spec, "conv", mids[1], spec.groups, strided=not spec.v1)
    pointwise(b, spec, "expand", spec.out_channels)
    if spec.groups > 1:
        settings["groups"] = spec.groups
    if spec.v1:
        settings["v1"] = True
    return settings


def _middles(spec: LayerSpec) -> tuple[Ints, Settings]:
    """What goes into the k x k and what comes out of it: two numbers where somebody gave two."""
    if len(spec.middles) > 1:
        return spec.middles, {"mid_channels": spec.middles}
    mid, settings = middle(spec)
    return (mid, mid), settings


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
    ratio = _expanded(b, spec)
    pointwise(b, spec, "project", spec.out_channels, linear=True)
    kind = b.shortcut(spec.stride, bias=spec.bias, project=False)
    return b.graph(), {"expansion_ratio": ratio, "shortcut": kind}


def _expanded(b: GraphBuilder, spec: LayerSpec) -> int:
    """1x1 to the hidden channels, unless they are the input's, and the depthwise k x k; how many times as many."""
    ratio = 6 if spec.expansion_ratio is None else spec.expansion_ratio
    hidden = spec.in_channels * ratio
    if ratio != 1:
        pointwise(b, spec, "expand", hidden)
    spatial(b, spec, "depthwise", hidden, hidden)
    return ratio


@variant("mbconv", RESIDUAL_BLOCK, "inverted residual with squeeze-and-excitation (EfficientNet)", shown=())
def mbconv(spec: LayerSpec) -> tuple[Graph, Settings]:
    """The gate's hidden channels are a quarter of the block's input (Tan & Le 2019; Tan et al. 2018, figure 7)."""
    b = start(spec)
    ratio, hidden = _expanded(b, spec), max(spec.in_channels // 4, 1)
    gate(b, spec, spec.in_channels * ratio, hidden)
    pointwise(b, spec, "project", spec.out_channels, linear=True)
    kind = b.shortcut(spec.stride, bias=spec.bias, project=False)
    return b.graph(), {"expansion_ratio": ratio, "squeeze_channels": hidden, "shortcut": kind}


@variant("fused-mbconv", RESIDUAL_BLOCK, "kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)", shown=())
def fused_mbconv(spec: LayerSpec) -> tuple[Graph, Settings]:
    """Without expansion it is one k x k, activated before the sum (Tan & Le 2021, figure 2 and the authors' code)."""
    b = start(spec)
    ratio = 4 if spec.expansion_ratio is None else spec.expansion_ratio
    if ratio == 1:
        spatial(b, spec, "conv", spec.out_channels, 1)
        b.activate()
    else:
        spatial(b, spec, "expand", spec.in_channels * ratio, 1)
        pointwise(b, spec, "project", spec.out_channels, linear=True)
    kind = b.shortcut(spec.stride, bias=spec.bias, project=False)
    return b.graph(), {"expansion_ratio": ratio, "shortcut": kind}


@variant("tcn", RESIDUAL_BLOCK, "two dilated causal convolutions and a shortcut (TCN)", shown=(1,))
def tcn(spec: LayerSpec) -> tuple[Graph, Settings]:
    """Each output sees no later input: all of the padding is before (Bai et al. 2018, figure 1).

    The second convolution is activated before the sum, and the sum is once more.
    """
    if spec.axes != 1:
        raise DoesNotApply("made for one axis: time")
    before = spec.dilation[0] * (spec.kernel_size[0] - 1)
    causal = spec._replace(padding=((before, 0),))
    b = start(spec)
    spatial(b, causal, "conv1", spec.out_channels, 1)
    spatial(b, causal, "conv2", spec.out_channels, 1, strided=False)
    b.activate()
    kind = b.shortcut(spec.stride, bias=spec.bias)
    activate_sum(b, spec)
    return b.graph(), {"padding": "causal", "shortcut": kind}
