"""What every variant starts from: a builder on the layer's input, and the layer's own k x k."""

from __future__ import annotations

from ..graph.builder import GraphBuilder
from ..graph.ops import Activation, AdaptivePool, Add, Conv, Ints, Multiply
from ..spec.layer import LayerSpec
from .registry import DoesNotApply, Settings


def start(spec: LayerSpec) -> GraphBuilder:
    """A builder whose value 0 is the input of `spec`: (batch, in_channels, *input_size)."""
    shape = (spec.batch, spec.in_channels, *spec.input_size)
    return GraphBuilder(shape, spec.dtype, spec.norm, spec.activation)


def spatial(b: GraphBuilder, spec: LayerSpec, name: str, out_channels: int, groups: int, *, strided: bool = True,
            linear: bool = False) -> None:  # fmt: skip
    """The k x k of `spec` from whatever channels are there to `out_channels`, stride 1 unless `strided`."""
    b.conv(
        name, out_channels, spec.kernel_size, stride=spec.stride if strided else None, padding=spec.padding,
        dilation=spec.dilation, groups=groups, bias=spec.bias, padding_mode=spec.padding_mode,
        transposed=spec.transposed, output_padding=spec.output_padding if spec.transposed else (), linear=linear,
    )  # fmt: skip


def pointwise(b: GraphBuilder, spec: LayerSpec, name: str, out_channels: int, *, stride: Ints | None = None,
              linear: bool = False) -> None:  # fmt: skip
    """A 1 x 1 with padding 0 and the layer's bias."""
    b.conv(name, out_channels, (1,) * spec.axes, stride=stride, bias=spec.bias, linear=linear)


def gate(b: GraphBuilder, spec: LayerSpec, channels: int, hidden: int) -> None:
    """Squeeze-and-excitation of the newest value (Hu et al. 2017): its mean over space, two 1 x 1 with biases, sigmoid.

    Neither of the two has a norm; the first has the layer's activation.
    """
    b.activate()
    gated, ones, none = b.last, (1,) * spec.axes, ((0, 0),) * spec.axes
    b.add("squeeze", AdaptivePool("avg", ones), gated)
    b.add("squeeze.reduce", Conv(channels, hidden, ones, ones, none, ones, bias=True), b.last)
    if spec.activation:
        b.add("squeeze.reduce.activation", Activation(spec.activation), b.last)
    b.add("squeeze.expand", Conv(hidden, channels, ones, ones, none, ones, bias=True), b.last)
    b.add("squeeze.gate", Activation("sigmoid"), b.last)
    b.add("excite", Multiply(), gated, b.last)


def activate_sum(b: GraphBuilder, spec: LayerSpec) -> None:
    """The layer's activation behind the add of a shortcut, if the newest operation is one."""
    if spec.activation and type(b.nodes[-1].op) is Add:
        b.add("add.activation", Activation(spec.activation), b.last)


def one_middle(spec: LayerSpec) -> int | None:
    """The middle channels that the layer names, if any; DoesNotApply where it names two and there is room for one."""
    if len(spec.middles) > 1:
        into, out = spec.middles
        raise DoesNotApply(f"it has one number of middle channels: mid={into} or mid={out}")
    return spec.middles[0] if spec.middles else None


def middle(spec: LayerSpec) -> tuple[int, Settings]:
    """The middle channels of a block, and the settings that say whence."""
    given = one_middle(spec)
    if given is not None:
        return given, {"mid_channels": given}
    mid, ratio = spec.out_channels // spec.bottleneck_ratio, spec.bottleneck_ratio
    if not mid:
        raise DoesNotApply(f"{spec.out_channels} out_channels // bottleneck_ratio {ratio} leaves no middle channel")
    return mid, {"bottleneck_ratio": ratio, "mid_channels": mid}


def close(b: GraphBuilder, spec: LayerSpec, settings: Settings) -> Settings:
    """The settings of a replacement, after putting the shortcut on it that `spec.residual` asks for."""
    if spec.residual:
        settings["shortcut"] = b.shortcut(spec.stride, bias=spec.bias)
    return settings
