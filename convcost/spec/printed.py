"""A line of `print(model)`, or of a model's source -> LayerSpec."""

from __future__ import annotations

import re
from typing import NoReturn

from .arguments import Argument, read_arguments
from .check import build_spec
from .errors import Missing, Problem, Span, SpecError, clip
from .fields import Values, axes_disagree
from .layer import LayerSpec
from .objects import read_object
from .text import gather, locate, spans

_COMMON = ("in_channels", "out_channels", "kernel_size", "stride", "padding")
#: PyTorch's order of arguments, by whether the convolution is transposed.
_ORDER = {
    False: (*_COMMON, "dilation", "groups", "bias", "padding_mode"),
    True: (*_COMMON, "output_padding", "groups", "bias", "dilation", "padding_mode"),
}
#: What PyTorch takes for granted, where the other notations do not.
_DEFAULTS: Values = {"padding": (0, 0), "bias": True}
_MODULES = {f"{kind}{axes}d": (kind != "Conv", axes) for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3)}
_PASTE = "paste one line that says Conv1d, Conv2d, Conv3d or ConvTranspose1d, 2d, 3d"

# The look-behind and the possessive quantifiers keep the search linear in the length of the line.
_CALL = re.compile(r"(?<![A-Za-z0-9_.])([A-Za-z_][A-Za-z0-9_.]*+)\s*+\(")
_LABEL = re.compile(r"(?:\([^()\s]*+\)\s*:|(?<![\w.])[A-Za-z_][\w.]*+\s*[:=])\s*$")


def read_printed(line: str) -> LayerSpec:
    """Read a module as PyTorch prints or constructs it, with tokens around it for what PyTorch does not say.

    >>> spec = read_printed("(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3)) @224 n4")
    >>> spec.bias, spec.batch
    (True, 4)

    Raises SpecError, at the argument or token that is wrong.
    """
    call = _CALL.search(line)
    if call is None:
        _fail(line, "unexpected parenthesis", "sizes are joined with x, as in k1x7", _parenthesis(line))
    transposed, axes = _module(line, call)
    arguments, end = read_arguments(line, call.end())
    values: Values = {**_DEFAULTS, "transposed": transposed, "axes": axes}
    places = _read_module(line, arguments, values, (end - 1, end))
    return _read_rest(line, (call.start(), end), values, places)


def _module(line: str, call: re.Match[str]) -> tuple[bool, int]:
    """Whether the module is transposed, and its axes; SpecError where it is no convolution."""
    name = call[1].rpartition(".")[2]
    known = _MODULES.get(name)
    if known is None:
        _fail(line, *_not_a_convolution(name), call.span(1))
    return known


def _not_a_convolution(name: str) -> tuple[str, str]:
    for module in _MODULES:
        if name == "Lazy" + module:
            return f"{name} does not know its in_channels yet", f"print it after a first run, or write {module}(…)"
        if name.lower() == module.lower():
            return f"'{clip(name)}' is not a module of PyTorch", f"did you mean {module}(in_channels, out_channels, …)?"
    if len(name) < 3:
        return f"'{clip(name)}(' is no notation", "sizes are joined with x, as in k1x7"
    return f"{clip(name)} is not a convolution", _PASTE


def _read_module(line: str, arguments: list[Argument], values: Values, closing: Span) -> dict[str, Span]:
    """Put what the arguments say into `values`; return where each field stands."""
    order, places = _ORDER[values["transposed"]], dict[str, Span]()
    for place, (given, name_span, value, span) in enumerate(arguments):
        if place >= len(order):
            _fail(line, f"more than {len(order)} arguments", "leave out what is too much", span)
        name = given or order[place]
        if name not in order:
            _fail(line, f"unknown argument {clip(name)}", _argument_hint(name, order), name_span)
        if name in places:
            _fail(line, f"{name} is given twice", "keep one of them", name_span)
        places[name] = span
        values[name] = _value(line, name, value, values["axes"], span)
    for name in order[:3]:
        if name not in places:
            raise SpecError(f"{name} is missing", f"add {name}=… inside the parentheses", line, *closing)
    return places


def _value(line: str, name: str, value: object, axes: int, span: Span) -> object:
    try:
        raw, named = read_object(name, value)
    except Problem as problem:
        raise problem.at(line, span) from None
    if named and named != axes:
        raise axes_disagree(name, named, axes).at(line, span)
    return raw


def _argument_hint(name: str, order: tuple[str, ...]) -> str:
    from .mistakes import close_match

    if name in ("device", "dtype"):
        return "leave it out; a dtype goes after the parenthesis, as in fp16"
    meant = close_match(name, order)
    return f"did you mean {meant}?" if meant else "the arguments are " + ", ".join(order)


def _read_rest(line: str, module: Span, values: Values, places: dict[str, Span]) -> LayerSpec:
    """Read the tokens around the module, and put everything together."""
    tokens = _tokens_around(line, module)
    extra: Values = {}
    try:
        axes = gather(tokens, extra, values["axes"])
        _refuse_repetition(line, tokens, extra, values["transposed"])
        return build_spec({**values, **extra}, axes)
    except Problem as problem:
        unread = len(extra) < len(tokens.split())
        field = next((name for name in problem.fields if name in places or name in extra), "")
        if unread or field in extra or isinstance(problem, Missing):
            raise locate(problem, line, extra, tokens) from None
        raise problem.at(line, places.get(field, module)) from None


def _tokens_around(line: str, module: Span) -> str:
    """`line` with everything but tokens blanked: the module, the name before it, a comma behind it."""
    start, end = module
    before = _LABEL.sub(lambda label: " " * len(label[0]), line[:start])
    after = line[end:].replace(",", " ", 1) if line[end:].lstrip()[:1] == "," else line[end:]
    return before + " " * (end - start) + after


def _refuse_repetition(line: str, tokens: str, extra: Values, transposed: bool) -> None:
    for field, (word, span) in zip(extra, spans(tokens)):
        if field in _ORDER[transposed] or field in ("channels", "transposed", "axes", "output_padding"):
            hint = f"leave {clip(word)} out, or change what the parentheses say"
            _fail(line, f"the PyTorch line already says {field}", hint, span)


def _parenthesis(line: str) -> Span:
    return line.index("("), line.index("(") + 1


def _fail(line: str, message: str, hint: str, span: Span) -> NoReturn:
    raise SpecError(message, hint, line, *span)
