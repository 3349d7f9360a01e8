"""Single layers as PyTorch prints them: what they do, in words of a network file, and how many params they have."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from ..graph.ops import Counted, Shape
from ..spec import LayerSpec, SpecError, parse_spec
from ..spec.errors import clip
from ..spec.layer import ACTIVATIONS

#: Longest arguments of a layer that is no convolution.
LONGEST_ARGUMENTS = 2_000

#: A size along every axis that no kernel exceeds: params do not depend on it.
ANY_SIZE = 1_000_000

#: The word of a network file for a layer, and the words behind it; none where it does nothing in evaluation.
Words = tuple[str, ...]


class Module(NamedTuple):
    """A module of the print: its name in its parent, its class, its arguments as printed, its children, its line."""

    name: str
    kind: str
    arguments: str
    children: tuple[Module, ...]
    line: str

    def all(self) -> Iterator[Module]:
        """It and everything inside it."""
        yield self
        for child in self.children:
            yield from child.all()


class Unplaced(Exception):  # noqa: N818  no error: from here on the order is not known
    """Where a layer is run cannot be known, with the reason."""


class Misfit(Exception):  # noqa: N818  no error where somebody's own code may do something between
    """A layer does not take what the one before it gives."""


class Arguments(NamedTuple):
    """The values between a layer's parentheses: those without a name, and those with one."""

    given: tuple[Any, ...]
    named: dict[str, Any]

    def get(self, place: int, name: str, default: Any = None) -> Any:
        """The argument of that place or name."""
        return self.named.get(name, self.given[place] if place < len(self.given) else default)


def printed_arguments(text: str) -> Arguments:
    """Values between parentheses, words among them as text; nothing is run.

    >>> printed_arguments("(3, 2), stride=2, mode=row")
    Arguments(given=((3, 2),), named={'stride': 2, 'mode': 'row'})

    Raises Unplaced where these are no literals.
    """
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or len(text) > LONGEST_ARGUMENTS:
            raise Unplaced("its arguments cannot be read")
        named = {keyword.arg: _value(keyword.value) for keyword in call.keywords if keyword.arg}
        return Arguments(tuple([_value(value) for value in call.args]), named)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise Unplaced("its arguments cannot be read") from None


def _value(node: ast.expr) -> Any:
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


# -- what a layer does ------------------------------------------------------------------------------------------------


def layer_words(kind: str, arguments: Arguments, shape: Shape) -> Words:
    """The words of a network file for a layer that is no convolution, on an input of that shape.

    >>> layer_words("MaxPool2d", printed_arguments("kernel_size=3, stride=2, padding=1"), (1, 64, 112, 112))
    ('max-pool', 'k3', 's2', 'p1')
    >>> layer_words("Dropout", printed_arguments("p=0.5, inplace=False"), (1, 64))
    ()

    Raises Unplaced for one that has no word, and Misfit where it does not take such an input.
    """
    try:
        for pattern, rule in _RULES:
            match = pattern.fullmatch(kind)
            words = rule(match, arguments, shape) if match else None
            if words is not None:
                return words
    except (TypeError, ValueError, LookupError, OverflowError):
        raise Unplaced(f"the arguments of {clip(kind)} cannot be read") from None
    raise Unplaced(f"what {clip(kind)} does is not known here")


def _nothing(_: re.Match[str], __: Arguments, ___: Shape) -> Words:
    return ()


def _activation(match: re.Match[str], _: Arguments, __: Shape) -> Words:
    return (_BY_CLASS[match[0].lower()],)


def _batch_norm(_: re.Match[str], said: Arguments, shape: Shape) -> Words:
    _check_channels(said.get(0, "num_features"), shape)
    return ("batch-norm",)


def _check_channels(said: Any, shape: Shape) -> None:
    """Misfit where a norm is of other channels than it gets."""
    channels = said[0] if isinstance(said, tuple) and len(said) == 1 else said
    if type(channels) is int and channels != shape[1]:
        raise Misfit(f"it takes {channels} channels, and gets {written_shape(shape)}")


def _linear(_: re.Match[str], said: Arguments, shape: Shape) -> Words:
    takes = said.get(0, "in_features")
    if takes != prod(shape[1:]):
        raise Misfit(f"it takes {takes} numbers, and gets {written_shape(shape)}")
    return ("linear", str(said.get(1, "out_features")), *("bias",) * bool(said.get(2, "bias", True)))


def _flatten(_: re.Match[str], said: Arguments, shape: Shape) -> Words | None:
    whole = said.get(0, "start_dim", 1) == 1 and said.get(1, "end_dim", -1) in (-1, len(shape) - 1)
    return ("flatten",) if whole else None


def _pool(match: re.Match[str], said: Arguments, shape: Shape) -> Words:
    kernel = said.get(0, "kernel_size")
    stride = said.get(1, "stride") or kernel
    dilation = said.get(3, "dilation", 1) if match[1] == "Max" else 1
    dilated = () if dilation in (1, (1,) * (len(shape) - 2)) else (f"d{_joined(dilation)}",)
    ceil = ("ceil",) * bool(said.get(5 if match[1] == "Max" else 3, "ceil_mode", False))
    window = f"k{_joined(kernel)}", f"s{_joined(stride)}", f"p{_joined(said.get(2, 'padding', 0))}"
    return (f"{match[1].lower()}-pool", *window, *dilated, *ceil)


def _adaptive_pool(match: re.Match[str], said: Arguments, shape: Shape) -> Words:
    size = said.get(0, "output_size")
    each = size if isinstance(size, tuple) else (size,) * (len(shape) - 2)
    full = tuple([given if n is None else n for n, given in zip(each, shape[2:], strict=True)])
    return (f"adaptive-{'max' if match[1] == 'Max' else 'average'}-pool", _joined(full))


def _group_norm(_: re.Match[str], said: Arguments, shape: Shape) -> Words | None:
    _check_channels(said.get(1, "num_channels"), shape)
    return ("group-norm", str(said.get(0, "num_groups"))) if said.get(3, "affine", True) else None


def _instance_norm(_: re.Match[str], said: Arguments, shape: Shape) -> Words:
    _check_channels(said.get(0, "num_features"), shape)
    return ("instance-norm", *("affine",) * bool(said.get(3, "affine", False)))


def _last_axis_norm(match: re.Match[str], said: Arguments, shape: Shape) -> Words | None:
    """Of the last axis, which is that of the channels where there is no other; LayerNorm2d's always is."""
    over_channels = match[0] == "LayerNorm2d" or len(shape) == 2
    if over_channels:
        _check_channels(said.get(0, "normalized_shape"), shape)
    learns = said.get(2, "elementwise_affine", True) and said.get(3, "bias", True)
    return ("rms-norm" if match[0] == "RMSNorm" else "layer-norm",) if over_channels and learns else None


def _prelu(_: re.Match[str], said: Arguments, shape: Shape) -> Words | None:
    return ("prelu",) if said.get(0, "num_parameters", 1) == shape[1] else None


def _softmax(_: re.Match[str], said: Arguments, shape: Shape) -> Words | None:
    return ("softmax",) if said.get(0, "dim") in (1, 1 - len(shape)) else None


def _pixel_shuffle(_: re.Match[str], said: Arguments, __: Shape) -> Words:
    return ("pixel-shuffle", str(said.get(0, "upscale_factor")))


def _upsample(_: re.Match[str], said: Arguments, __: Shape) -> Words:
    factor = said.get(1, "scale_factor")
    each = factor if isinstance(factor, tuple) else (factor,)
    return ("upsample", _joined(tuple([int(n) for n in each])), said.get(2, "mode", "nearest"))


def _pad(match: re.Match[str], said: Arguments, shape: Shape) -> Words:
    """PyTorch names the last axis first."""
    padding, axes = said.get(0, "padding"), len(shape) - 2
    pairs = [*zip(padding[::2], padding[1::2])] if isinstance(padding, tuple) else [(padding, padding)] * axes
    written = "x".join([f"{before}-{after}" for before, after in reversed(pairs)])
    return ("pad", f"p{written}", *_PAD_MODES[match[1]])


_PAD_MODES = {"Zero": (), "Reflection": ("mode=reflect",), "Replication": ("mode=replicate",)}

#: Activations by their class in small letters.
_BY_CLASS = {**{name.replace("-", ""): name for name in ACTIVATIONS}, "swish": "silu"}

_Rule = Callable[[re.Match[str], Arguments, Shape], Words | None]

#: By class: the rule that gives its words, or None where there are none for such arguments.
_RULES: tuple[tuple[re.Pattern[str], _Rule], ...] = tuple([(re.compile(pattern), rule) for pattern, rule in (
    ("(?i:" + "|".join(_BY_CLASS) + ")", _activation),
    (r"Identity|Sequential|(?:Feature)?(?:Alpha)?Dropout\w*|DropPath|StochasticDepth", _nothing),
    (r"(?:Sync)?BatchNorm(?:\dd)?", _batch_norm),
    ("Linear", _linear),
    ("Flatten", _flatten),
    (r"(Max|Avg)Pool\dd", _pool),
    (r"Adaptive(Max|Avg)Pool\dd", _adaptive_pool),
    ("GroupNorm", _group_norm),
    (r"InstanceNorm\dd", _instance_norm),
    ("LayerNorm|LayerNorm2d|RMSNorm", _last_axis_norm),
    ("PReLU", _prelu),
    (r"Softmax(?:2d)?", _softmax),
    ("PixelShuffle", _pixel_shuffle),
    (r"Upsample|Upsampling(?:Nearest|Bilinear)2d", _upsample),
    (r"(Zero|Reflection|Replication)Pad\dd", _pad),
)])  # fmt: skip


def _joined(sizes: Any) -> str:
    return "x".join(map(str, sizes)) if isinstance(sizes, tuple) else str(sizes)


def written_shape(shape: Shape) -> str:
    """A shape without its batch."""
    return "x".join(map(str, shape[1:]))


# -- what has no word in a network file -------------------------------------------------------------------------------


def counted_layer(kind: str, arguments: Arguments, shape: Shape) -> Counted | None:
    """A layer that is counted by its definition, for network files have no word for it; None for any other.

    >>> counted_layer("BatchNorm2d", printed_arguments("8, affine=False"), (1, 8, 5, 4)).elementwise
    320

    Raises Misfit where it does not take such an input.
    """
    rule = next((rule for pattern, rule in _COUNTED if re.fullmatch(pattern, kind)), None)
    try:
        return rule(arguments, shape) if rule else None
    except (TypeError, ValueError, LookupError, OverflowError):
        raise Unplaced(f"the arguments of {clip(kind)} cannot be read") from None


def _elementwise(kind: str, shape: Shape, each: int, params: int = 0) -> Counted:
    return Counted(kind, shape, params, elementwise=each * prod(shape), in_place=True)


def _fixed_batch_norm(said: Arguments, shape: Shape) -> Counted | None:
    _check_channels(said.get(0, "num_features"), shape)
    return None if said.get(3, "affine", True) else _elementwise("plain-batch-norm", shape, 2)


def _fixed_group_norm(said: Arguments, shape: Shape) -> Counted | None:
    _check_channels(said.get(1, "num_channels"), shape)
    return None if said.get(3, "affine", True) else _elementwise("plain-norm", shape, 5)


def _wide_layer_norm(said: Arguments, shape: Shape) -> Counted | None:
    """Of the last axes, or without what it learns."""
    size = said.get(0, "normalized_shape")
    over = size if isinstance(size, tuple) else (size,)
    learns, bias = said.get(2, "elementwise_affine", True), said.get(3, "bias", True)
    if len(shape) == 2 and learns and bias:
        return None
    if tuple(shape[-len(over) :]) != over:
        raise Misfit(f"it takes {'x'.join(map(str, over))} at the end, and gets {written_shape(shape)}")
    return _elementwise(
        "layer-norm" if learns else "plain-norm", shape, 5, prod(over) * (1 + bool(bias)) * bool(learns)
    )


def _one_slope(said: Arguments, shape: Shape) -> Counted | None:
    one = said.get(0, "num_parameters", 1) == 1 != shape[1]
    return _elementwise("prelu", shape, 1, 1) if one else None


def _softmax_elsewhere(said: Arguments, shape: Shape) -> Counted | None:
    return None if said.get(0, "dim") in (1, 1 - len(shape)) else _elementwise("softmax", shape, 5)


def _resized(said: Arguments, shape: Shape) -> Counted | None:
    """To a size, by a factor that is not whole, or by cubes: 4 x 4 neighbours an output."""
    mode, size, factor = said.get(2, "mode", "nearest"), said.get(0, "size"), said.get(1, "scale_factor")
    given, axes = size if size is not None else factor, len(shape) - 2
    each = given if isinstance(given, tuple) else (given,) * axes
    if size is None and mode in ("nearest", "bilinear") and all([n == int(n) for n in each]):
        return None
    sizes = [int(n) if size is not None else int(old * n) for n, old in zip(each, shape[2:], strict=True)]
    near = {"nearest": 0, "bicubic": 16}.get(mode, 2**axes)
    name = f"upsample-{mode if mode in ('nearest', 'bicubic') else 'bilinear'}"
    return Counted(name, (*shape[:2], *sizes), elementwise=near * prod((*shape[:2], *sizes)))


_COUNTED: tuple[tuple[str, Callable[[Arguments, Shape], Counted | None]], ...] = (
    (r"(?:Sync)?BatchNorm(?:\dd)?", _fixed_batch_norm),
    ("GroupNorm", _fixed_group_norm),
    ("LayerNorm", _wide_layer_norm),
    ("PReLU", _one_slope),
    ("Softmax", _softmax_elsewhere),
    (r"Upsample|Upsampling(?:Nearest|Bilinear)2d", _resized),
)


# -- what a layer has learned -----------------------------------------------------------------------------------------


def layer_params(module: Module) -> int | None:
    """Learned numbers of a layer without children, wherever it stands; None where the print does not say them."""
    kind = module.kind.rpartition(".")[2]
    try:
        if "conv" in kind.lower():
            spec = convolution(module, ANY_SIZE)
            kernel = spec.out_channels * (spec.in_channels // spec.groups) * prod(spec.kernel_size)
            return kernel + spec.out_channels * bool(spec.bias)
        said = printed_arguments(module.arguments)
        rule = next((rule for pattern, rule in _LEARNED if re.fullmatch(pattern, kind)), None)
        return None if rule is None else int(rule(said))
    except (Unplaced, SpecError, TypeError, ValueError, LookupError, OverflowError):
        return None


def _normed(said: Arguments) -> int:
    shape = said.get(0, "normalized_shape")
    size = prod(shape) if isinstance(shape, tuple) else int(shape)
    return size * bool(said.get(2, "elementwise_affine", True))


#: Learned numbers by class.
_LEARNED: tuple[tuple[str, Callable[[Arguments], Any]], ...] = (
    ("Linear|NonDynamicallyQuantizableLinear", lambda said: said.get(1, "out_features") * (
        said.get(0, "in_features") + bool(said.get(2, "bias", True)))),
    (r"(Sync)?BatchNorm(\dd)?", lambda said: 2 * said.get(0, "num_features") * bool(said.get(3, "affine", True))),
    (r"InstanceNorm\dd", lambda said: 2 * said.get(0, "num_features") * bool(said.get(3, "affine", False))),
    ("GroupNorm", lambda said: 2 * said.get(1, "num_channels") * bool(said.get(3, "affine", True))),
    ("LayerNorm(2d)?", lambda said: _normed(said) * (1 + bool(said.get(3, "bias", True)))),
    ("RMSNorm", _normed),
    ("PReLU", lambda said: said.get(0, "num_parameters", 1)),
    ("Embedding", lambda said: said.get(0, "num_embeddings") * said.get(1, "embedding_dim")),
    (r"(?i:" + "|".join(_BY_CLASS) + r")|Identity|Sequential|Module(List|Dict)|\w*Dropout\w*|DropPath|StochasticDepth|"
     r"\w*Pool(ing)?(\dd)?|(Un)?[Ff]latten|\w*Pad\dd|Upsampl\w+|\w*Shuffle|\w*Softmax(2d)?|Softplus|CELU|LogSigmoid|"
     r"Hardtanh", lambda _: 0),
)  # fmt: skip


def convolution(module: Module, size: int | Shape) -> LayerSpec:
    """The spec of a convolution as it is printed, on an input of that size."""
    return _read(f"{module.kind}({module.arguments}) @{_joined(size)}")


#: A model has the same layer again and again, and each is read for its params and for its place.
_read = lru_cache(maxsize=256)(parse_spec)


def first_layer(model: Module) -> tuple[int | None, int | None]:
    """Channels and axes that the first layer with weights takes, as far as its line says them; 0 axes: features."""
    for module in model.all():
        kind = module.kind.rpartition(".")[2]
        try:
            if "conv" in kind.lower() and module.arguments:
                spec = convolution(module, ANY_SIZE)
                return spec.in_channels, len(spec.kernel_size)
            if kind == "Linear":
                return int(printed_arguments(module.arguments).get(0, "in_features")), 0
        except (SpecError, Unplaced, ValueError, TypeError):
            return None, None
    return None, None
