"""The layers and blocks of JSON specs as PyTorch modules, blocks written from their papers. No test imports this."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

Fields = dict[str, Any]
Ints = tuple[int, ...]


def per_axis(value: int | list[int], axes: int) -> Ints:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def build(spec: Fields) -> nn.Module:
    """The PyTorch module of a JSON spec, in float64."""
    axes = len(spec["kernel_size"])
    kind = getattr(nn, f"Conv{'Transpose' if spec.get('transposed') else ''}{axes}d")
    names = ("stride", "dilation", "groups", "padding_mode", "output_padding")
    given = {name: spec[name] for name in names if name in spec}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    pads = explicit_pads(spec)
    padding = 0 if pads else spec["padding"]
    module = kind(
        spec["in_channels"],
        spec["out_channels"],
        tuple(spec["kernel_size"]),
        padding=tuple(padding) if isinstance(padding, list) else padding,
        bias=spec.get("bias", False),
        **given,
    ).double()
    return Padded(module, pads) if pads else module


def explicit_pads(spec: Fields) -> list[list[int]] | None:
    """Pairs an axis where PyTorch's own argument cannot say them; None where it can."""
    padding, axes = spec["padding"], len(spec["kernel_size"])
    stride, dilation = (per_axis(spec.get(name, 1), axes) for name in ("stride", "dilation"))
    spans = [d * (k - 1) for d, k in zip(dilation, spec["kernel_size"])]
    if padding == "same" and max(stride) > 1:  # PyTorch refuses it; the same pads as at stride 1
        return [[span // 2, span - span // 2] for span in spans]
    if padding == "same-upper":  # ONNX operator Conv, auto_pad=SAME_UPPER
        totals = [max((-(-n // s) - 1) * s + span + 1 - n, 0) for n, s, span in zip(spec["input_size"], stride, spans)]
        return [[total // 2, total - total // 2] for total in totals]
    if isinstance(padding, list) and isinstance(padding[0], list):
        return padding
    return None


class Padded(nn.Module):
    """A convolution behind a border that its own `padding` cannot say: a (before, after) pair an axis, of zeros."""

    def __init__(self, conv: nn.Module, pads: list[list[int]]) -> None:
        super().__init__()
        self.conv = conv
        self.pads = [n for pair in reversed(pads) for n in pair]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(nn.functional.pad(x, self.pads))


class Sum(nn.Module):
    """The add of a residual block, as a module so that hooks see it."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b


class Residual(nn.Module):
    """y = activation(main(x) + shortcut(x)), He et al. 2015."""

    def __init__(self, main: nn.Module, shortcut: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.main, self.shortcut, self.last, self.sum = main, shortcut, last, Sum()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.sum(self.main(x), self.shortcut(x)))


class Kit:
    """Makes the parts of one block: convolutions of a spec's kind, each with the BatchNorm and ReLU asked for."""

    def __init__(self, spec: Fields) -> None:
        self.spec, self.axes = spec, len(spec["kernel_size"])
        self.stride = per_axis(spec.get("stride", 1), self.axes)
        self.dilation = per_axis(spec.get("dilation", 1), self.axes)
        self.padding = "same" if spec["padding"] == "same" else per_axis(spec["padding"], self.axes)
        self.mode = spec.get("padding_mode", "zeros")
        self.kernel: Ints = tuple(spec["kernel_size"])
        self.conv: Any = getattr(nn, f"Conv{self.axes}d")
        self.norm: Any = getattr(nn, f"BatchNorm{self.axes}d")

    def act(self) -> nn.Module:
        kinds = {None: nn.Identity, "relu": nn.ReLU, "relu6": nn.ReLU6}
        return kinds[self.spec.get("activation")]()

    def layer(self, cin: int, cout: int, kernel: Ints, *, act: bool = True, **given: Any) -> list[nn.Module]:
        parts = [self.conv(cin, cout, kernel, bias=self.spec.get("bias", False), **given)]
        if self.spec.get("norm"):
            parts.append(self.norm(cout))
        return [*parts, self.act()] if act else parts

    def square(self, cin: int, cout: int, groups: int = 1, strided: bool = True, act: bool = True) -> list[nn.Module]:
        stride = self.stride if strided else 1
        return self.layer(
            cin, cout, self.kernel, act=act,
            stride=stride, padding=self.padding, dilation=self.dilation, groups=groups, padding_mode=self.mode,
        )  # fmt: skip

    def point(self, cin: int, cout: int, stride: int | Ints = 1, act: bool = True) -> list[nn.Module]:
        return self.layer(cin, cout, (1,) * self.axes, stride=stride, act=act)

    def residual(self, main: list[nn.Module], cin: int, cout: int) -> nn.Module:
        """He et al. 2015, option B: a strided 1x1 where the shapes differ, with BatchNorm and without ReLU."""
        plain = cin == cout and set(self.stride) == {1}
        way = nn.Identity() if plain else nn.Sequential(*self.point(cin, cout, self.stride, act=False))
        return Residual(nn.Sequential(*main), way, self.act())


def one_axis_pass(kit: Kit, axis: int, cin: int, cout: int, act: bool = True) -> list[nn.Module]:
    def only(values: Ints, other: int) -> Ints:
        return tuple(v if a == axis else other for a, v in enumerate(values))

    padding = kit.padding if isinstance(kit.padding, str) else only(kit.padding, 0)
    return kit.layer(
        cin, cout, only(kit.kernel, 1), act=act,
        stride=only(kit.stride, 1), padding=padding, dilation=only(kit.dilation, 1), padding_mode=kit.mode,
    )  # fmt: skip


def standard(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    return kit.square(cin, cout, act=act)


def grouped(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    return kit.square(cin, cout, kit.spec["groups"], act=act)


def mobilenet(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    """Howard et al. 2017, Figure 3: depthwise, BatchNorm, ReLU, 1x1, BatchNorm, ReLU."""
    wide = cin * kit.spec.get("depth_multiplier", 1)
    return [*kit.square(cin, wide, cin), *kit.point(wide, cout, act=act)]


def inception(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    """Szegedy et al. 2015, Figure 6: 1xn, then nx1; on three axes the last axis first as well."""
    mid = kit.spec.get("mid_channels", min(cin, cout))
    if kit.axes == 2:
        return [*one_axis_pass(kit, 1, cin, mid), *one_axis_pass(kit, 0, mid, cout, act)]
    return [
        *one_axis_pass(kit, 2, cin, mid), *one_axis_pass(kit, 1, mid, mid), *one_axis_pass(kit, 0, mid, cout, act),
    ]  # fmt: skip


def three_layers(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    """He et al. 2015, Figure 5, and Xie et al. 2016 with groups; `v1` as the paper strides, else as torchvision."""
    mid, groups = kit.spec.get("mid_channels", cout // kit.spec.get("bottleneck_ratio", 4)), kit.spec.get("groups", 1)
    early = kit.spec.get("v1", False)
    down = kit.point(cin, mid, kit.stride if early else 1)
    return [*down, *kit.square(mid, mid, groups, strided=not early), *kit.point(mid, cout, act=act)]


def two_layers(kit: Kit, cin: int, cout: int, act: bool) -> list[nn.Module]:
    return [*kit.square(cin, cout), *kit.square(cout, cout, strided=False, act=act)]


def mobilenet_v2(kit: Kit, cin: int, cout: int) -> nn.Module:
    """Sandler et al. 2018, Figure 4: no ReLU after the last 1x1, a shortcut only where shapes agree."""
    hidden = cin * kit.spec.get("expansion_ratio", 6)
    up = kit.point(cin, hidden) if hidden != cin else []
    main = nn.Sequential(*up, *kit.square(hidden, hidden, hidden), *kit.point(hidden, cout, act=False))
    if cin == cout and set(kit.stride) == {1}:
        return Residual(main, nn.Identity(), nn.Identity())
    return main


CHAINS = {
    "standard": standard, "grouped": grouped, "depthwise-separable": mobilenet, "spatially-separable": inception,
    "bottleneck": three_layers, "basic-block": two_layers, "residual-bottleneck": three_layers,
}  # fmt: skip


def build_block(variant: str, spec: Fields) -> nn.Module:
    kit, cin, cout = Kit(spec), spec["in_channels"], spec["out_channels"]
    if variant == "inverted-residual":
        module = mobilenet_v2(kit, cin, cout)
    elif variant == "depthwise":
        wide = cin * spec.get("depth_multiplier", 1)
        module = nn.Sequential(*kit.square(cin, wide, cin))
    elif variant == "pointwise":
        module = nn.Sequential(*kit.point(cin, cout, kit.stride))
    elif spec.get("residual") or variant in ("basic-block", "residual-bottleneck"):
        module = kit.residual(CHAINS[variant](kit, cin, cout, False), cin, cout)
    else:
        module = nn.Sequential(*CHAINS[variant](kit, cin, cout, True))
    return module.double().eval()
