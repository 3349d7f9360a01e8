"""One line of text -> LayerSpec: which notation it is, and the notation of tokens."""

from __future__ import annotations

from collections.abc import Iterator

from .check import build_spec
from .errors import Missing, Problem, Span, SpecError, clip, end_of
from .fields import FIELDS, Values, axes_disagree
from .layer import LayerSpec
from .tokens import read_token

_EXAMPLE = "write a layer such as 64:128 @56 k3"


def parse_spec(text: str) -> LayerSpec:
    """Read one line: tokens in any order, a printed PyTorch module, or a JSON object.

    >>> parse_spec("64:128 @56x48 k1x7 s2 bias").padding
    ((0, 0), (3, 3))
    >>> parse_spec("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False) @224").stride
    (2, 2)
    >>> parse_spec('{"in_channels": 64, "kernel_size": [3], "input_size": 100}').axes
    1

    Raises SpecError, and nothing else, for a line that describes no layer.
    """
    line = text if text.isprintable() else _readable(text)
    if "{" in line and line.lstrip()[0] == "{":
        from .json_object import read_json

        return read_json(line)
    if "(" in line:
        from .printed import read_printed

        return read_printed(line)
    return _read_tokens(line)


def _read_tokens(line: str) -> LayerSpec:
    values: Values = {}
    try:
        axes = gather(line, values)
        if not values:
            raise SpecError("there is no layer: the line is empty", _EXAMPLE, line)
        return build_spec(values, axes)
    except Problem as problem:
        raise locate(problem, line, values) from None


def gather(line: str, values: Values, axes: int = 0) -> int:
    """Put what the tokens of `line` say into `values`, one field a token, and return how many axes they name.

    Raises Problem at the first token that is none, repeats a field or disagrees about the axes: as many fields
    are then in `values` as tokens stand before it.
    """
    for word in line.split():
        field, value, named = read_token(word)
        if field in values:
            raise _said_twice(line, values, field, word)
        if named:
            if axes and named != axes:
                raise axes_disagree(clip(word), named, axes)
            axes = named
        values[field] = value
    return axes


def locate(problem: Problem, line: str, values: Values, tokens: str = "") -> SpecError:
    """`problem` in its place: at its field's token; at the first unread token; or at the end, if a field is missing.

    `tokens` is `line` with everything but its tokens blanked, where there is more in it.
    """
    if isinstance(problem, Missing):
        token = FIELDS[problem.fields[0]].token
        elsewhere = ", or in=56x48 where the shell keeps @" if problem.fields[0] == "input_size" else ""
        return SpecError(problem.message, f"add {token}{elsewhere}", line, *end_of(line))
    return problem.at(line, _place(problem, list(spans(tokens or line)), list(values)))


def _place(problem: Problem, places: list[tuple[str, Span]], fields: list[str]) -> Span:
    if len(fields) < len(places):
        return places[len(fields)][1]
    for field in problem.fields:
        name = "channels" if field in ("in_channels", "out_channels") else field
        if name in fields:
            return places[fields.index(name)][1]
    return places[0][1][0], places[-1][1][1]


def spans(line: str) -> Iterator[tuple[str, Span]]:
    """Every token of `line` and where it stands."""
    end = 0
    for word in line.split():
        start = line.index(word, end)
        end = start + len(word)
        yield word, (start, end)


def _said_twice(line: str, values: Values, field: str, word: str) -> Problem:
    first = clip(line.split(None, len(values))[list(values).index(field)])
    name = "the number of axes" if field == "axes" else field
    hint = "keep one of them"
    if field == "channels" and first.isdigit() and word.isdigit():
        hint = f"write {first}:{clip(word)}"
    return Problem(f"{name} {'are' if field == 'channels' else 'is'} given twice: {first}, then {clip(word)}", hint)


def _readable(text: str) -> str:
    """`text` with a byte order mark blanked out; SpecError where it is not text at all."""
    for place, char in enumerate(text):
        if ("\0" <= char < " " and char not in "\t\n\v\f\r") or "\x7f" <= char < "\xa0" or "\ud800" <= char < "\ue000":
            raise SpecError("not text", "give one spec a line, as UTF-8 text", text, place, place + 1)
    return " " + text[1:] if text.startswith("\ufeff") else text
