"""Which layer of which framework a line is about."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import OtherLayerError, Problem, SpecError, UnfinishedLayerError, clip, end_of
from ..mistakes import close_match
from ..tokens import read_token
from . import elsewhere, flax, keras, paddle, pytorch
from .calls import CALL, NAME, NUMBER, STRING, Call, read_call
from .module import Module

#: Words that only one of the two frameworks has whose layers are called Conv2D.
_OF_KERAS = {
    "filters", "strides", "use_bias", "activation", "input_shape", "dilation_rate", "depth_multiplier",
    "batch_input_shape", "kernel_initializer", "kernel_regularizer", "bias_initializer", *keras.RENAMED,
}  # fmt: skip
_OF_PADDLE = {"in_channels", "out_channels", "stride", "dilation", "weight_attr", "bias_attr", "padding_mode"}

_ALL = [*pytorch.MODULES, *keras.MODULES, *flax.LINEN]


def choose_framework(line: str, products: Callable[[str], str]) -> tuple[Call, Module] | None:
    """The first call in the line that is a layer, and what it is; None where there is no call at all.

    `products` as in `recognised`.

    >>> call, module = choose_framework("model.add(layers.Conv2D(32, (3, 3), activation='relu'))", str)
    >>> call.name, module.framework
    ('layers.Conv2D', 'Keras')

    Raises SpecError for calls that are no layer, and for layers that may be of two frameworks.
    """
    first = None
    for found in CALL.finditer(line):
        first = first or found
        name = found[1].rpartition(".")[2]
        if name in pytorch.MODULES or name in keras.MODULES or name in flax.LINEN:
            if not line[found.end() :].strip():
                raise UnfinishedLayerError("the parenthesis is not closed", "add )", line, *end_of(line))
            call = read_call(line, found)
            return call, _module(line, call, name)
    if first is None or _is_token(line, first[1], first.end()):
        return None
    error = elsewhere.recognised(line, products) or _unknown(line, first[1], first.span(1))
    if line.rstrip()[-1] == "(":  # the head of a module that holds others
        raise OtherLayerError(error.message, error.hint, line, *first.span(1))
    raise error


def _is_token(line: str, word: str, end: int) -> bool:
    """Is it one that a shape stands behind, and no call: `k3 (1, 64, 56, 56)`?"""
    try:
        return line[end - 2].isspace() and bool(read_token(word))
    except Problem:
        return False


def _module(line: str, call: Call, name: str) -> Module:
    other = elsewhere.recognised(line)
    if other:
        raise other
    if name in pytorch.MODULES:
        return pytorch.MODULES[name]
    if name in flax.LINEN:
        return _flax(line, call, name)
    if keras.is_keras_1(call):
        hint = "write kernel_size=(3, 3) for Keras 1's rows and columns, or strides=3"
        raise SpecError(f"three numbers in {name} are two things in two versions of Keras", hint, line, *call.span)
    return _keras_or_paddle(line, call, name)


def _keras_or_paddle(line: str, call: Call, name: str) -> Module:
    """Both have a Conv2D: one starts with its filters, the other with in and out channels."""
    path, names = call.name.split("."), {argument.name for argument in call.arguments}
    numbers = [argument for argument in call.arguments if not argument.name]
    if name not in paddle.MODULES or {"keras", "tf", "tensorflow", "layers"} & set(path) or names & _OF_KERAS:
        return keras.MODULES[name]
    if "paddle" in path or names & _OF_PADDLE or len(numbers) > 3 or ("nn" in path and len(numbers) == 3):
        return paddle.MODULES[name]
    if any(a.name == "padding" and a.pieces[0].kind == STRING for a in call.arguments) or len(numbers) < 3:
        both = len(numbers) == 2 and "kernel_size" in names
        return paddle.MODULES[name] if both else keras.MODULES[name]
    if any(argument.pieces[0].kind != NUMBER for argument in numbers[1:2]):
        return keras.MODULES[name]
    if "padding" in names or numbers[2].pieces[0].kind != NUMBER:
        return paddle.MODULES[name]
    hint = f"write keras.layers.{name} or paddle.nn.{name} in front of the parenthesis"
    raise SpecError(f"{name} with three numbers may be Keras's or Paddle's", hint, line, *call.span)


def _flax(line: str, call: Call, name: str) -> Module:
    """linen takes its features first, nnx in and out features; a bare Conv of three numbers is YOLO's as well."""
    path, names = call.name.split("."), {argument.name for argument in call.arguments}
    numbers = [a for a in call.arguments if not a.name and a.pieces[0].kind in (NUMBER, NAME)]
    if "nnx" in path or "in_features" in names or "rngs" in names:
        return flax.NNX[name]
    if "features" in names or "linen" in path or len(numbers) < 2 + ("nn" in path):
        return flax.LINEN[name]
    hint = f"Flax: nnx.{name}(…); YOLO's Conv(3, 64, 3, 2) is 3:64 k3 s2 with --norm --activation silu"
    raise SpecError(f"{clip(call.name)} with {len(numbers)} numbers may be two things", hint, line, *call.span)


def _unknown(line: str, name: str, span: tuple[int, int]) -> SpecError:
    """A call that is no layer here: with the name that was meant, where that would be one."""
    last = name.rpartition(".")[2]
    meant = close_match(last, [known for known in _ALL if known.lower() == last.lower()] or _ALL)
    if meant and "conv" in last.lower() and _works(line, span, name, meant):
        return SpecError(f"'{clip(last)}' is not a layer", f"did you mean {meant}(…)?", line, *span)
    if len(last) < 3:
        return SpecError(f"'{clip(last)}(' is no notation", "sizes are joined with x, as in k1x7", line, *span)
    kind = OtherLayerError if last[0].isupper() and "conv" not in last.lower() else SpecError
    return kind(f"{clip(last)} is not a convolution", elsewhere.PASTE, line, *span)


def _works(line: str, span: tuple[int, int], name: str, meant: str) -> bool:
    """Would the line be a layer with that name in the place of its own?"""
    right = line[: span[0]] + name[: len(name) - len(name.rpartition(".")[2])] + meant + line[span[1] :]
    found = CALL.search(right, span[0])
    try:
        return found is not None and bool(_module(right, read_call(right, found), meant))
    except SpecError:
        return False
