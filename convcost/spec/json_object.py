"""A JSON object -> LayerSpec. Values are read by Python's decoder; places are looked up only for an error."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .check import build_spec
from .errors import Missing, Problem, Span, SpecError, clip, end_of
from .fields import FIELDS, NoSuchChoice, Values, axes_disagree, read_digits, read_object
from .layer import LayerSpec
from .text import axes_of

_EXAMPLE = 'one object a line, such as {"in_channels": 64, "kernel_size": 3, "input_size": [56, 48]}'
_EXAMPLES = {"in_channels": 64, "kernel_size": 3, "input_size": [56, 48]}
_SPACE = " \t\n\r"
_NOTHING: Values = {}


class _RepeatedKeyError(Exception):
    """A key stands twice in an object; the argument is the key."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    raise _RepeatedKeyError(next(key for place, key in enumerate(keys) if key in keys[:place]))


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=read_digits)
_LENIENT = json.JSONDecoder(parse_int=read_digits)


def read_json(line: str, otherwise: Values = _NOTHING) -> LayerSpec:
    """Read an object with PyTorch's field names and ours; `otherwise` holds for what it does not say.

    >>> read_json('{"in_channels": 64, "kernel_size": [1, 7], "input_size": 56, "padding": [0, 3]}').padding
    ((0, 0), (3, 3))

    Raises SpecError, at the key or the value that is wrong.
    """
    try:
        return _read(line, otherwise)
    except RecursionError:
        place = max(line.find("[["), line.index("{"))
        raise SpecError("malformed JSON: nested too deeply", _EXAMPLE, line, place, place + 1) from None


def _read(line: str, otherwise: Values) -> LayerSpec:
    found = _decode(line)
    values: Values = {}
    axes = 0
    try:
        for name, value in found.items():
            if name not in FIELDS:
                raise _unknown_field(name)
            values[name], named = read_object(name, value)
            if named and axes and named != axes:
                raise axes_disagree(name, named, axes, name)
            axes = named or axes
        if otherwise:
            return build_spec({**otherwise, **values}, axes or axes_of(otherwise))
        return build_spec(values, axes)
    except Missing as problem:
        name = problem.fields[0]
        end = end_of(line)[1]
        raise SpecError(problem.message, f'add "{name}": {_EXAMPLES[name]}', line, end - 1, end) from None
    except NoSuchChoice as problem:
        from .mistakes import with_better_hint

        raise with_better_hint(problem).at(line, _place(line, problem.fields)) from None
    except Problem as problem:
        raise problem.at(line, _place(line, problem.fields)) from None


def _decode(line: str) -> dict[str, object]:
    start = line.index("{")
    try:
        found, end = _DECODER.raw_decode(line, start)
    except json.JSONDecodeError as error:
        place = min(error.pos, end_of(line)[1])
        message = "malformed JSON: " + error.msg[0].lower() + error.msg[1:]
        raise SpecError(message, _syntax_hint(line, place), line, place, place + 1) from None
    except _RepeatedKeyError as repeated:
        span = _repeated(line, repeated.args[0])
        raise SpecError(f'"{clip(repeated.args[0])}" is given twice', "keep one of them", line, *span) from None
    rest = line[end:].lstrip()
    if rest:
        message, hint = "malformed JSON: there is more after the object", "what the object says goes inside its braces"
        raise SpecError(message, hint, line, line.rindex(rest), len(line.rstrip()))
    assert type(found) is dict  # the line starts with a brace
    return found


def _syntax_hint(line: str, place: int) -> str:
    if line[place : place + 1] == "'":
        return 'JSON has double quotes: "stride": 2'
    if line[place : place + 1] in ("}", "]") and line[:place].rstrip(_SPACE).endswith(","):
        return "leave out the comma before it"
    if line[place : place + 1] in ("T", "F", "N"):
        return "JSON writes true, false and null"
    return _EXAMPLE


def _unknown_field(name: str) -> Problem:
    from .mistakes import close_match

    if name in ("class_name", "config"):
        return Problem("this is a layer of Keras as JSON", "write it as its line: Conv2D(64, 3, padding='same')", name)
    meant = close_match(name, FIELDS)
    hint = f'did you mean "{meant}"?' if meant else "leave it out; the fields are those of torch.nn.Conv2d and ours"
    return Problem(f'unknown field "{clip(name)}"', hint, name)


def _place(line: str, fields: tuple[str, ...]) -> Span:
    """Where the first of `fields` that stands in the line has its value; an unknown field: its key."""
    places = {key: (at, value) for key, at, value in _members(line)}
    for name in fields:
        if name in places:
            return places[name][1 if name in FIELDS else 0]
    return line.index("{"), end_of(line)[1]


def _repeated(line: str, key: str) -> Span:
    """The second place of a key that stands twice; in an inner object: the value it is in."""
    members = list(_members(line))
    places = [at for name, at, _ in members if name == key]
    if len(places) > 1:
        return places[1]
    return next(value for _, _, value in members if json.dumps(key) in line[slice(*value)])


def _members(line: str) -> Iterator[tuple[str, Span, Span]]:
    """Key, span of the key and span of the value, for each member of an object that the decoder has accepted."""
    at = _skip(line, line.index("{") + 1)
    while line[at] != "}":
        key, end = _LENIENT.raw_decode(line, at)
        start = _skip(line, _skip(line, end) + 1)
        value_end = _LENIENT.raw_decode(line, start)[1]
        yield key, (at, end), (start, value_end)
        at = _skip(line, value_end)
        if line[at] == ",":
            at = _skip(line, at + 1)


def _skip(line: str, at: int) -> int:
    while line[at] in _SPACE:
        at += 1
    return at
