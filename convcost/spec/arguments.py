"""The arguments of a printed module: names, integers, flat tuples, words. Not Python's grammar, on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from .errors import Span, SpecError, clip, end_of
from .objects import read_digits

NUMBER, NAME, STRING, SIGN, OTHER = range(1, 6)

_LEXEME = re.compile(r"(-?[0-9][A-Za-z0-9_.]*+)|([A-Za-z_][A-Za-z0-9_.]*+)|('[^']*+'|\"[^\"]*+\")|([()\[\],=])|(\S)")
_WORDS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]"}
_SIZES = "write an integer, or one an axis: (1, 7)"


class Argument(NamedTuple):
    """One argument: its name ("" where it has none) and its value, with the places of both."""

    name: str
    name_span: Span
    value: object
    span: Span


class Lexeme(NamedTuple):
    """A piece of the text between the parentheses."""

    kind: int
    text: str
    start: int
    end: int


def read_arguments(line: str, start: int) -> tuple[list[Argument], int]:
    """Read from behind an opening parenthesis up to the closing one; the arguments, and the place behind it.

    >>> arguments, end = read_arguments("Conv1d(3, 8, kernel_size=(5,))", 7)
    >>> [(argument.name, argument.value) for argument in arguments]
    [('', 3), ('', 8), ('kernel_size', [5])]

    Raises SpecError for what is neither an integer, a flat tuple of them nor a word.
    """
    arguments: list[Argument] = []
    group: list[Lexeme] = []
    depth = 0
    for lexeme in _lexemes(line, start):
        if depth == 0 and lexeme.text in (",", ")"):
            if group:
                arguments.append(_argument(line, group, arguments))
            elif lexeme.text == ",":
                _fail(line, "an argument is missing before this comma", "leave the comma out", lexeme)
            if lexeme.text == ")":
                return arguments, lexeme.end
            group = []
        else:
            depth += (lexeme.text in _CLOSING) - (lexeme.text in (")", "]"))
            group.append(lexeme)
    end = end_of(line)
    raise SpecError("the parenthesis is not closed", "add )", line, *end)


def _lexemes(line: str, start: int) -> Iterator[Lexeme]:
    for match in _LEXEME.finditer(line, start):
        kind = match.lastindex or OTHER
        yield Lexeme(kind, match[kind], match.start(kind), match.end(kind))


def _argument(line: str, group: list[Lexeme], before: list[Argument]) -> Argument:
    name, value = None, group
    if len(group) > 1 and group[0].kind == NAME and group[1].text == "=":
        name, value = group[0], group[2:]
        if not value:
            _fail(line, f"{clip(name.text)} has no value", "write one behind the =, or leave it out", group[1])
    elif before and before[-1].name:
        _fail(line, "an argument without a name after one with a name", "write its name and =", group[0])
    span = value[0].start, value[-1].end
    name_span = (name.start, name.end) if name else span
    return Argument(name.text if name else "", name_span, _value(line, value), span)


def _value(line: str, lexemes: list[Lexeme]) -> object:
    first = lexemes[0]
    if first.text not in _CLOSING:
        if len(lexemes) > 1:
            _fail(line, "unexpected '" + clip(lexemes[1].text) + "'", "arguments are separated by commas", lexemes[1])
        return _atom(line, first)
    if lexemes[-1].text != _CLOSING[first.text]:
        _fail(line, f"unexpected '{clip(lexemes[-1].text)}'", _SIZES, lexemes[-1])
    items, commas = lexemes[1:-1:2], lexemes[2:-1:2]
    for item in items:
        if item.kind != NUMBER:
            _fail(line, f"unexpected '{clip(item.text)}'", _SIZES, item)
    for comma in commas:
        if comma.text != ",":
            _fail(line, f"unexpected '{clip(comma.text)}'", _SIZES, comma)
    numbers = [_atom(line, item) for item in items]
    return numbers[0] if len(numbers) == 1 and not commas and first.text == "(" else numbers


def _atom(line: str, lexeme: Lexeme) -> object:
    if lexeme.kind == NUMBER:
        if not lexeme.text.lstrip("-").isdigit():
            _fail(line, f"'{clip(lexeme.text)}' is not a whole number", "write digits only", lexeme)
        return read_digits(lexeme.text)
    if lexeme.kind == NAME:
        return _WORDS.get(lexeme.text, lexeme.text)
    if lexeme.kind != STRING:
        _fail(line, f"unexpected '{clip(lexeme.text)}'", "write an integer, a tuple of them, or a word", lexeme)
    return lexeme.text[1:-1]


def _fail(line: str, message: str, hint: str, lexeme: Lexeme) -> NoReturn:
    raise SpecError(message, hint, line, lexeme.start, lexeme.end)
