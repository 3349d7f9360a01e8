"""What every variant starts from: a builder on the layer's input, and the layer's own k x k."""

from __future__ import annotations

from ..graph.builder import GraphBuilder
from ..graph.ops import Ints
from ..spec.layer import LayerSpec


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


def close(b: GraphBuilder, spec: LayerSpec, settings: dict[str, object]) -> dict[str, object]:
    """The settings of a replacement, after putting the shortcut on it that `spec.residual` asks for."""
    if spec.residual:
        settings["shortcut"] = b.shortcut(spec.stride, bias=spec.bias)
    return settings
