"""One layer as a network of one operation: a spec, or a module of PyTorch that is no convolution, as it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import NamedTuple

from ..graph.ops import (
    Activation,
    AdaptivePool,
    BatchNorm,
    Counted,
    Flatten,
    Graph,
    Ints,
    LayerNorm,
    Linear,
    Node,
    Op,
    Pool,
    Shape,
)
from ..graph.shapes import ShapeError, check_shapes
from ..spec import SpecError, parse_spec
from ..spec.errors import clip
from ..variants.registry import AS_GIVEN, build_variant
from .build import Network

_MODULE = re.compile(r"\s*(?:\([^()\s]*\)\s*:\s*|[\w.]+\s*[:=]\s*)?(?:nn\.)?([A-Za-z]\w*)\s*\((.*)\)([^()]*)")
_SHAPE = re.compile(r"[(\[]\s*(\d{1,18}(?:\s*,\s*\d{1,18})*)\s*,?\s*[)\]]")
_WORD_PADDING = re.compile(r"padding\s*=\s*['\"]?(same|valid)\b")
_SIZE = "add the input's size: channels, then the axes, as in @16x28x20"


class Module(NamedTuple):
    """A printed module: its name, its arguments as text by name, those without one by their place."""

    name: str
    arguments: dict[str, str]

    def text(self, name: str, default: str) -> str:
        """An argument, by name."""
        return self.arguments.get(name, default)

    def integers(self, names: tuple[str, ...], default: str, axes: int) -> Ints:
        """An argument of sizes, one for all axes or one each; by name or by place."""
        found = next((self.arguments[name] for name in names if name in self.arguments), default)
        numbers = tuple(map(int, re.findall(r"\d+", found)))
        return numbers * axes if len(numbers) == 1 else numbers


def read_single(text: str) -> Network:
    """The network of one layer; its facts say that it is a module.

    >>> read_single("64:128 @56 k3").graph.nodes[0].op.out_channels
    128
    >>> read_single("GroupNorm(4, 16) @28x20").graph.input_shape
    (1, 16, 28, 20)
    >>> read_single("Linear(in_features=64, out_features=10, bias=True)").shapes
    [(1, 64), (1, 10)]

    Raises SpecError for a line that is neither, or that lacks its input's size.
    """
    found = _MODULE.fullmatch(_SHAPE.sub("", text) if _ends_in_shape(text) else text)
    if found and found[1] in MODULES:
        return _module(text, Module(found[1], _arguments(found[2])))
    return _convolution(text)


def _ends_in_shape(text: str) -> bool:
    """Does a shape such as (1, 16, 28, 20) stand behind the module?"""
    shapes = list(_SHAPE.finditer(text))
    return bool(shapes) and not text[shapes[-1].end() :].strip() and text[: shapes[-1].start()].rstrip().endswith(")")


def _convolution(text: str) -> Network:
    spec = parse_spec(text)
    graph, _, shapes = build_variant(AS_GIVEN, spec)
    by_word = "(" in text and _WORD_PADDING.search(text)
    return Network(text.strip(), "", graph, shapes, facts=("conv=word",) if by_word else ())


def _arguments(text: str) -> dict[str, str]:
    """Arguments by name; one without a name by its place, counted from 0."""
    parts = re.findall(r"(?:[^,()\[\]]|[(\[][^()\[\]]*[)\]])+", text)
    named = [part.partition("=") for part in parts if part.strip()]
    return {
        name.strip() if equals else str(place): (value if equals else name).strip()
        for place, (name, equals, value) in enumerate(named)
    }


def _module(text: str, module: Module) -> Network:
    make, channels_at = MODULES[module.name]
    channels = next((int(module.arguments[key]) for key in channels_at if module.arguments.get(key, "").isdigit()), 0)
    given = _input_shape(text, module.name, channels)
    try:
        op, kind = make(module, given)
        graph = Graph(given, "fp32", (Node(kind, op, (0,)),))
        return Network(text.strip(), "", graph, check_shapes(graph), facts=())
    except ShapeError as error:
        raise SpecError(str(error), "the input must fit the module", text, 0, len(text)) from None


def _input_shape(text: str, name: str, channels: int) -> Shape:
    """What the tokens behind a module say of its input; a Linear alone takes one row."""
    if _ends_in_shape(text):
        return tuple(map(int, re.findall(r"\d+", list(_SHAPE.finditer(text))[-1][1])))
    words = text[text.rindex(")") + 1 :].split()
    batch = 1
    sizes: Ints = ()
    for word in words:
        if re.fullmatch(r"n\d{1,18}", word):
            batch = int(word[1:])
        elif re.fullmatch(r"(@|in=)\d{1,18}(x\d{1,18})*", word):
            sizes = tuple(map(int, re.findall(r"\d+", word)))
        elif word.isdigit() and len(word) <= 18:
            channels = int(word)
        else:
            raise SpecError(f"unexpected {clip(word)!r}", _SIZE, text, text.rindex(word), text.rindex(word) + len(word))
    return _shape(text, name, channels, batch, sizes)


def _shape(text: str, name: str, channels: int, batch: int, sizes: Ints) -> Shape:
    axes = int(name[-2]) if name[-1:] == "d" and name[-2:-1].isdigit() else 2
    if name == "Linear" and channels:
        sizes = sizes[sizes[:1] == (channels,) :]
        return (batch, channels, *sizes)
    if len(sizes) == axes + 2:
        return sizes
    if len(sizes) == axes + 1 or (not channels and len(sizes) == 1):
        return (batch, *sizes)
    if not channels or not sizes:
        raise SpecError(f"{name} has no input size", _SIZE, text, 0, len(text))
    return (batch, channels, *sizes)


Make = Callable[[Module, Shape], tuple[Op, str]]


def _plain(op: Op, kind: str) -> Make:
    return lambda _, __: (op, kind)


def _counted(kind: str, elementwise: int, learned: int = 0) -> Make:
    def make(module: Module, given: Shape) -> tuple[Op, str]:
        affine = module.text("affine", "True") == "True"
        params = learned * given[1] if affine else 0
        return Counted(kind, given, params, elementwise=elementwise * prod(given), in_place=True), kind

    return make


def _norm(kind: str, affine: str = "True") -> Make:
    """A norm with a scale and a shift a channel, or without."""

    def make(module: Module, given: Shape) -> tuple[Op, str]:
        has = module.text("affine", module.text("elementwise_affine", affine)) == "True"
        if has and kind == "batch-norm":
            return BatchNorm(given[1]), kind
        if has and kind == "layer-norm":
            return LayerNorm(given[1]), kind
        named = kind if has else {"layer-norm": "plain-norm", "group-norm": "plain-norm"}.get(kind, f"plain-{kind}")
        elementwise = (2 if kind == "batch-norm" else 5) * prod(given)
        return Counted(named, given, 2 * given[1] * has, elementwise=elementwise, in_place=True), kind

    return make


def _pool(kind: str) -> Make:
    def make(module: Module, given: Shape) -> tuple[Op, str]:
        axes = len(given) - 2
        kernel = module.integers(("kernel_size", "0"), "1", axes)
        stride = module.integers(("stride", "1"), "x".join(map(str, kernel)), axes)
        pads = module.integers(("padding", "2"), "0", axes)
        ceil = module.text("ceil_mode", "False") == "True"
        return Pool(kind, kernel, stride, tuple([(n, n) for n in pads]), ceil), f"{kind}-pool"

    return make


def _adaptive(kind: str) -> Make:
    def make(module: Module, given: Shape) -> tuple[Op, str]:
        return AdaptivePool(kind, module.integers(("output_size", "0"), "1", len(given) - 2)), f"adaptive-{kind}-pool"

    return make


def _linear(module: Module, given: Shape) -> tuple[Op, str]:
    out = int(module.text("out_features", module.text("1", "1")))
    return Linear(given[1], out, module.text("bias", "True") == "True"), "linear"


def _upsample(module: Module, given: Shape) -> tuple[Op, str]:
    mode = module.text("mode", "nearest").strip("'\"")
    factor = float(module.text("scale_factor", module.text("0", "1")).strip("()").split(",")[0])
    sizes = module.integers(("size",), "", len(given) - 2) or tuple([int(n * factor) for n in given[2:]])
    kind = f"upsample-{mode if mode in ('nearest', 'bicubic') else 'bilinear'}"
    near = {"nearest": 0, "bicubic": 16}.get(mode, 2 ** len(sizes))
    out = (*given[:2], *sizes)
    return Counted(kind, out, elementwise=near * prod(out)), kind


def _axes(make: Make, *names: str) -> dict[str, tuple[Make, tuple[str, ...]]]:
    return {f"{name}{axes}d": (make, _CHANNELS.get(name, ())) for name in names for axes in (1, 2, 3)}


#: Which argument of a module is its number of channels.
_CHANNELS = {"BatchNorm": ("num_features", "0"), "InstanceNorm": ("num_features", "0")}

_ACTIVATIONS = {
    "ReLU": "relu", "ReLU6": "relu6", "LeakyReLU": "leaky-relu", "ELU": "elu", "SELU": "selu", "GELU": "gelu",
    "SiLU": "silu", "Mish": "mish", "Hardswish": "hardswish", "Hardsigmoid": "hardsigmoid", "Sigmoid": "sigmoid",
    "Tanh": "tanh",
}  # fmt: skip

#: Every module that is read, beside convolutions, and where it says its channels.
MODULES: dict[str, tuple[Make, tuple[str, ...]]] = {
    **{name: (_plain(Activation(kind), kind), ()) for name, kind in _ACTIVATIONS.items()},
    "PReLU": (_counted("prelu", 1, 1), ()),
    "Softmax": (_counted("softmax", 5), ()),
    "Dropout": (_counted("dropout", 0), ()),
    "Flatten": (_plain(Flatten(), "flatten"), ()),
    "Linear": (_linear, ("in_features", "0")),
    "LayerNorm": (_norm("layer-norm"), ()),
    "GroupNorm": (_norm("group-norm"), ("num_channels", "1")),
    "Upsample": (_upsample, ()),
    **_axes(_norm("batch-norm"), "BatchNorm"),
    **_axes(_norm("instance-norm", "False"), "InstanceNorm"),
    **_axes(_pool("max"), "MaxPool"),
    **_axes(_pool("avg"), "AvgPool"),
    **_axes(_adaptive("avg"), "AdaptiveAvgPool"),
    **_axes(_adaptive("max"), "AdaptiveMaxPool"),
}
