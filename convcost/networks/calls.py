"""Lines of a network file that are a layer of a framework: `Conv2d(3, 64, kernel_size=(7, 7))`, `MaxPool2d(2)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..graph.ops import Shape
from ..spec import Reading, SpecError, read_layer
from ..spec.errors import Problem, clip
from ..spec.layer import ACTIVATIONS
from ..spec.lines.calls import CALL, Call, evaluate, read_call

Given = dict[str, Any]


def read_module(text: str, given: Shape, dtype: str) -> Reading | list[str]:
    """What a call means: a layer on an input of shape `given`, or the words of an operation; [] for nothing at all.

    >>> read_module("MaxPool2d(kernel_size=3, stride=2, padding=1)", (1, 64, 112, 112), "fp32")
    ['max-pool', 'k3', 's2', 'p1']
    >>> read_module("nn.Dropout(0.5)", (1, 64, 112, 112), "fp32")
    []
    >>> read_module("Conv2d(64, 8, 1)", (1, 64, 9, 9), "fp32").spec.input_size
    (9, 9)

    Raises Problem where it is no module that is known here, or does not fit the input.
    """
    found = CALL.search(text)
    call = read_call(text, found) if found else None
    plain = re.sub(r"[^a-z0-9]", "", call.last_name.lower()) if call else ""
    if call is not None and (plain in _ACTIVATIONS or call.last_name in _MODULES):
        try:
            return _words(text, call, plain, given)
        except SpecError as error:
            raise Problem(error.message, error.hint) from None
    return _layer(text, given, dtype)


def _layer(text: str, given: Shape, dtype: str) -> Reading:
    """A convolution of any framework; what it leaves out is the input's."""
    if len(given) < 3:
        raise Problem("there is no size left for a convolution", "it comes before flatten")
    otherwise: Given = {"input_size": given[2:], "batch": given[0], "dtype": dtype}
    try:
        found = read_layer(text, otherwise)
    except SpecError as error:
        try:
            found = read_layer(f"{text} {given[1]}:", otherwise)
        except SpecError:
            raise Problem(error.message, error.hint) from None
    if (found.spec.in_channels, len(found.spec.input_size)) != (given[1], len(given) - 2):
        takes = f"{found.spec.in_channels} channels over {len(found.spec.input_size)} axes"
        raise Problem(f"the layer takes {takes}, and gets {given[1]} over {len(given) - 2}", "it follows another layer")
    return found


def _words(text: str, call: Call, plain: str, given: Shape) -> list[str]:
    """The words of one operation, as a network file has them."""
    if call.last_name not in _MODULES:
        return [_ACTIVATIONS[plain]]
    names, make = _MODULES[call.last_name]
    values: Given = {}
    for place, argument in enumerate(call.arguments):
        name = argument.name or (names[place] if place < len(names) else "")
        if not name:
            raise Problem(f"{call.last_name} has no argument number {place + 1}", f"it has: {', '.join(names)}")
        values[name] = evaluate(text, argument.pieces)
    return make(values, given)


def _sizes(value: object, start: str = "") -> str:
    """`3` and `(3, 2)` as tokens: `k3`, `k3x2`."""
    parts = value if isinstance(value, list | tuple) else [value]
    if not parts or not all([type(part) is int and part >= 0 for part in parts]):
        raise Problem(f"{clip(str(value))} is no size", "write a whole number, or one an axis")
    return start + "x".join(map(str, parts))


def _window(kind: str) -> Callable[[Given, Shape], list[str]]:
    def make(values: Given, _: Shape) -> list[str]:
        tokens = {"kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d"}
        said = {name: value for name, value in values.items() if value is not None}
        plain = [name for name, value in (("padding", 0), ("dilation", 1)) if said.get(name) == value]
        words = [_sizes(said[name], tokens[name]) for name in tokens if name in said and name not in plain]
        return [kind, *words, *["ceil"] * bool(values.get("ceil_mode"))]

    return make


def _adaptive(kind: str) -> Callable[[Given, Shape], list[str]]:
    def make(values: Given, _: Shape) -> list[str]:
        return [kind, _sizes(values.get("output_size", 1))]

    return make


def _channels(word: str, name: str) -> Callable[[Given, Shape], list[str]]:
    """An operation a channel, of as many channels as there are."""

    def make(values: Given, given: Shape) -> list[str]:
        channels = values.get(name, given[1])
        channels = channels[0] if isinstance(channels, list) and len(channels) == 1 else channels
        if channels != given[1]:
            raise Problem(
                f"{word} takes {clip(str(channels))} channels, and gets {given[1]}", "it follows another layer"
            )
        if word != "instance-norm" and False in [values.get(one) for one in _LEARNS]:
            raise Problem(f"a {word} that does not learn all of its params has no word here", _COUNTED_ELSEWHERE)
        affine = word == "instance-norm" and values.get("affine") is True
        return [word, *[str(values.get("num_groups"))] * (word == "group-norm"), *["affine"] * affine]

    return make


#: What says of a norm that it learns, and where those are counted that do not.
_LEARNS = ("affine", "elementwise_affine", "bias")
_COUNTED_ELSEWHERE = "all of print(model), or an ONNX file, is read with it"


def _prelu(values: Given, given: Shape) -> list[str]:
    """A slope a channel; PyTorch has one for all of them where nothing is said."""
    if values.get("num_parameters", 1) != given[1]:
        raise Problem(f"a PReLU of one slope for {given[1]} channels has no word here",
                      f"PReLU({given[1]}) has one a channel; {_COUNTED_ELSEWHERE}")  # fmt: skip
    return ["prelu"]


def _softmax(values: Given, given: Shape) -> list[str]:
    """Over the channels, which are the second axis."""
    if values.get("dim", 1) not in (1, 1 - len(given)):
        raise Problem("a Softmax over another axis than the channels has no word here", _COUNTED_ELSEWHERE)
    return ["softmax"]


def _flatten(values: Given, given: Shape) -> list[str]:
    """All axes but the batch."""
    if values.get("start_dim", 1) != 1 or values.get("end_dim", -1) not in (-1, len(given) - 1):
        raise Problem("a Flatten of some axes has no word here", _COUNTED_ELSEWHERE)
    return ["flatten"]


def _linear(values: Given, given: Shape) -> list[str]:
    if values.get("in_features") != given[1]:
        raise Problem(
            f"Linear takes {values.get('in_features')} features, and gets {given[1]}", "flatten comes before it"
        )
    each = ["each"] * (len(given) > 2)
    return ["linear", _sizes(values.get("out_features")), *each, *["bias"] * bool(values.get("bias", True))]


def _upsample(values: Given, _: Shape) -> list[str]:
    factor, mode = values.get("scale_factor"), values.get("mode", "nearest")
    if factor is None or mode not in ("nearest", "bilinear") or values.get("align_corners"):
        raise Problem("this Upsample has no word here", "with a whole scale_factor, nearest or bilinear, it has one")
    whole = int(factor) if isinstance(factor, float) and factor.is_integer() else factor
    return ["upsample", _sizes(whole), str(mode)]


def _pad(mode: str) -> Callable[[Given, Shape], list[str]]:
    """PyTorch pads the last axis first: left, right, top, bottom."""

    def make(values: Given, given: Shape) -> list[str]:
        value, axes = values.get("padding"), len(given) - 2
        flat = value if isinstance(value, list) else [value] * (2 * axes)
        if len(flat) != 2 * axes or not all([type(n) is int and n >= 0 for n in flat]):
            raise Problem(f"{clip(str(value))} is no padding here", "two whole numbers an axis, none below 0; or crop")
        pairs = [f"{flat[2 * axis]}-{flat[2 * axis + 1]}" for axis in reversed(range(axes))]
        return ["pad", "p" + "x".join(pairs), *[f"mode={mode}"] * (mode != "zeros")]

    return make


def _plainly(*words: str) -> Callable[[Given, Shape], list[str]]:
    return lambda _values, _given: [*words]


_MAX = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
_MEAN = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_ANY = ("p", "inplace")

#: Modules of PyTorch: the names of their arguments in order, and the words that they are here.
_MODULES: Mapping[str, tuple[tuple[str, ...], Callable[[Given, Shape], list[str]]]] = {
    **{f"MaxPool{n}d": (_MAX, _window("max-pool")) for n in (1, 2, 3)},
    **{f"AvgPool{n}d": (_MEAN, _window("avg-pool")) for n in (1, 2, 3)},
    **{f"AdaptiveAvgPool{n}d": (("output_size",), _adaptive("adaptive-average-pool")) for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": (("output_size",), _adaptive("adaptive-max-pool")) for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": (("num_features",), _channels("batch-norm", "num_features")) for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": (("num_features",), _channels("instance-norm", "num_features")) for n in (1, 2, 3)},
    "GroupNorm": (("num_groups", "num_channels"), _channels("group-norm", "num_channels")),
    "LayerNorm": (("normalized_shape",), _channels("layer-norm", "normalized_shape")),
    "RMSNorm": (("normalized_shape",), _channels("rms-norm", "normalized_shape")),
    "PReLU": (("num_parameters", "init"), _prelu),
    "Linear": (("in_features", "out_features", "bias"), _linear),
    "Flatten": (("start_dim", "end_dim"), _flatten),
    "Softmax": (("dim",), _softmax),
    "Upsample": (("size", "scale_factor", "mode", "align_corners"), _upsample),
    "PixelShuffle": (("upscale_factor",), lambda values, _: ["pixel-shuffle", _sizes(values.get("upscale_factor"))]),
    **{f"ZeroPad{n}d": (("padding",), _pad("zeros")) for n in (1, 2, 3)},
    **{f"ReflectionPad{n}d": (("padding",), _pad("reflect")) for n in (1, 2, 3)},
    **{f"ReplicationPad{n}d": (("padding",), _pad("replicate")) for n in (1, 2, 3)},
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Identity", "DropPath"), (_ANY, _plainly())),
}

_ACTIVATIONS = {name.replace("-", ""): name for name in ACTIVATIONS}
