"""Lines that are a call: a name, and arguments in parentheses. Not Python's grammar, on purpose, and no `eval`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from ..errors import Span, SpecError, clip, end_of
from ..fields import DIGITS, LIMIT, read_digits

NUMBER, NAME, STRING, REMARK, SIGN = range(1, 6)

# The possessive quantifiers keep all searches linear in the length of the line.
_LEXEME = re.compile(
    r"([0-9][0-9_]*+(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?)"
    r"|([A-Za-z_][A-Za-z0-9_]*+(?:\.[A-Za-z_][A-Za-z0-9_]*+)*+)"
    r"|('[^'\n]*+'|\"[^\"\n]*+\")"
    r"|(\#\s?(?:params|flops|acts)\b[^,)\n]*+,?|\#[^\n]*+)"
    r"|(\*\*|//|->|\S)"
)
CALL = re.compile(r"(?<![A-Za-z0-9_.])([A-Za-z_][A-Za-z0-9_.]*+)\s*+\(")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}

#: Parentheses within parentheses; a shape needs three.
_DEEPEST = 12

#: Pieces of a call; more of them are no layer.
_LONGEST = 2000


class Word(str):
    """A name that stands where a value is expected: a variable, or a word without its quotes."""

    __slots__ = ()


class Lexeme(NamedTuple):
    """A piece of the text between the parentheses."""

    kind: int
    text: str
    start: int
    end: int


class Argument(NamedTuple):
    """One argument: its name ("" where it has none), the place of that, and the pieces of its value."""

    name: str
    name_span: Span
    pieces: list[Lexeme]

    @property
    def span(self) -> Span:
        """The place of the value."""
        return self.pieces[0].start, self.pieces[-1].end


class Call(NamedTuple):
    """A call: where it starts, its name, its arguments, where the modules inside it start and where it ends."""

    start: int
    name: str
    arguments: list[Argument]
    children: int
    end: int

    @property
    def last_name(self) -> str:
        """The name behind the last dot."""
        return self.name.rpartition(".")[2]

    @property
    def span(self) -> Span:
        """The whole call."""
        return self.start, self.end


def read_call(line: str, found: re.Match[str]) -> Call:
    """The call that `found`, a match of `CALL` in `line`, starts.

    >>> line = "nn.Conv1d(3, 4*2, kernel_size=(5,), bias=False)"
    >>> call = read_call(line, CALL.search(line))
    >>> [(argument.name, evaluate(line, argument.pieces)) for argument in call.arguments]
    [('', 3), ('', 8), ('kernel_size', [5]), ('bias', False)]

    Raises SpecError where the parentheses do not close, or an argument has no value.
    """
    pieces, end = _inside(line, found.end())
    arguments, children = _arguments(line, pieces)
    return Call(found.start(1), found[1], arguments, children or end - 1, end)


def _inside(line: str, start: int) -> tuple[list[Lexeme], int]:
    """The pieces up to the parenthesis that closes the one before `start`, and the place behind it."""
    pieces, opened = list[Lexeme](), ["("]
    for piece in _lexemes(line, start):
        if piece.text in _CLOSING:
            opened.append(piece.text)
        elif piece.text in (")", "]", "}"):
            if _CLOSING[opened.pop()] != piece.text:
                _fail(line, f"unexpected '{piece.text}'", "write an integer, or one an axis: (1, 7)", piece)
            if not opened:
                return pieces, piece.end
        pieces.append(piece)
        if len(pieces) > _LONGEST:
            _fail(line, "there are too many arguments", "write one layer a line", piece)
    raise SpecError("the parenthesis is not closed", "add )", line, *end_of(line))


def _lexemes(line: str, start: int) -> Iterator[Lexeme]:
    for match in _LEXEME.finditer(line, start):
        kind = match.lastindex or SIGN
        if kind != REMARK:
            yield Lexeme(kind, match[kind], match.start(kind), match.end(kind))


def _arguments(line: str, pieces: list[Lexeme]) -> tuple[list[Argument], int]:
    """Split at the commas that stand in no inner bracket; what is behind `(name):` are modules inside this one."""
    arguments, group, depth = list[Argument](), list[Lexeme](), 0
    for place, piece in enumerate(pieces):
        if depth == 0 and piece.text == "(" and _is_label(pieces[place + 1 : place + 4]):
            if group:
                arguments.append(_argument(line, group, arguments))
            return arguments, piece.start
        if depth == 0 and piece.text == ",":
            if not group:
                _fail(line, "an argument is missing before this comma", "leave the comma out", piece)
            arguments.append(_argument(line, group, arguments))
            group = []
            continue
        depth += (piece.text in _CLOSING) - (piece.text in (")", "]", "}"))
        group.append(piece)
    if group:
        arguments.append(_argument(line, group, arguments))
    return arguments, 0


def _is_label(pieces: list[Lexeme]) -> bool:
    return len(pieces) == 3 and pieces[0].kind in (NAME, NUMBER) and pieces[1].text + pieces[2].text == "):"


def _argument(line: str, group: list[Lexeme], before: list[Argument]) -> Argument:
    if len(group) > 1 and group[0].kind == NAME and group[1].text == "=":
        name, value = group[0], group[2:]
        if not value:
            _fail(line, f"{clip(name.text)} has no value", "write one behind the =, or leave it out", group[1])
        return Argument(name.text, (name.start, name.end), value)
    if before and before[-1].name and group[0].text != "*":
        _fail(line, "an argument without a name after one with a name", "write its name and =", group[0])
    return Argument("", (group[0].start, group[-1].end), group)


def evaluate(line: str, pieces: list[Lexeme]) -> object:
    """The value of an argument: integers and arithmetic of them, tuples, words; SpecError for anything else.

    >>> [evaluate(text, list(_lexemes(text, 0))) for text in ("64*4", "(3, (2**3 - 1))", "'same'", "None", "1e-3")]
    [256, [3, 7], 'same', None, 0.001]
    """
    reader = _Expression(line, pieces)
    value = reader.sum(0)
    reader.expect_end()
    return value


class _Expression:
    """Recursive descent over the pieces of one value; the depth is bounded, so is every number."""

    def __init__(self, line: str, pieces: list[Lexeme]) -> None:
        self.line, self.pieces, self.place = line, pieces, 0

    def peek(self) -> str:
        return self.pieces[self.place].text if self.place < len(self.pieces) else ""

    def take(self) -> Lexeme:
        if self.place == len(self.pieces):
            last = self.pieces[-1]
            _fail(self.line, f"nothing follows '{clip(last.text)}'", "write a whole number", last)
        self.place += 1
        return self.pieces[self.place - 1]

    def expect_end(self) -> None:
        if self.place < len(self.pieces):
            piece, before = self.pieces[self.place], self.pieces[self.place - 1]
            if piece.text in ("(", "[", ".") and before.kind == NAME:
                _fail(self.line, f"'{clip(before.text)}{piece.text}' is not evaluated", "write what it gives", before)
            _fail(self.line, f"unexpected '{clip(piece.text)}'", "arguments are separated by commas", piece)

    def sum(self, depth: int) -> object:
        return self._chain(("+", "-"), depth)

    def _chain(self, operators: tuple[str, ...], depth: int) -> object:
        value = self._product(depth)
        while self.peek() in operators:
            sign = self.take()
            value = _combine(self.line, value, sign, self._product(depth))
        return value

    def _product(self, depth: int) -> object:
        value = self._signed(depth)
        while self.peek() in ("*", "//", "/", "%"):
            sign = self.take()
            value = _combine(self.line, value, sign, self._signed(depth))
        return value

    def _signed(self, depth: int) -> object:
        signs = list[Lexeme]()
        while self.peek() in ("-", "+"):
            signs.append(self.take())
        value = self._atom(depth)
        if self.peek() == "**":
            sign = self.take()
            minus = [self.take()] if self.peek() == "-" else []
            power = self._atom(depth)
            value = _combine(self.line, value, sign, _negative(self.line, power, minus))
        return _negative(self.line, value, [sign for sign in signs if sign.text == "-"])

    def _atom(self, depth: int) -> object:
        piece = self.take()
        if piece.kind == NUMBER:
            return _number(piece)
        if piece.kind == NAME:
            return _CONSTANTS.get(piece.text, Word(piece.text))
        if piece.kind == STRING:
            return piece.text[1:-1]
        if piece.text in ("(", "["):
            return self._items(piece, depth + 1)
        return _fail(
            self.line, f"unexpected '{clip(piece.text)}'", "write an integer, a tuple of them, or a word", piece
        )

    def _items(self, opening: Lexeme, depth: int) -> object:
        if depth > _DEEPEST:
            _fail(self.line, "parentheses are nested too deeply", "write an integer, or one an axis: (1, 7)", opening)
        items, comma, closing = list[object](), False, _CLOSING[opening.text]
        while self.peek() != closing:
            items.append(self.sum(depth))
            if self.peek() == ",":
                comma = bool(self.take())
            elif self.peek() != closing:
                piece = self.take()
                _fail(self.line, f"unexpected '{clip(piece.text)}'", "sizes are joined by commas: (1, 7)", piece)
        self.take()
        return items[0] if len(items) == 1 and not comma and opening.text == "(" else items


def _number(piece: Lexeme) -> int | float:
    digits = piece.text.replace("_", "")
    if digits.isdigit():
        return read_digits(digits)
    return float(digits[:40])


def _negative(line: str, value: object, signs: list[Lexeme]) -> object:
    if not signs:
        return value
    if type(value) is float:
        return value * (-1) ** len(signs)
    return (-1) ** len(signs) * _whole(line, value, signs[0])


def _combine(line: str, left: object, sign: Lexeme, right: object) -> int:
    a, b = _whole(line, left, sign), _whole(line, right, sign)
    if sign.text == "/":
        _fail(line, "a division with / gives no whole number", "write //", sign)
    if sign.text in ("//", "%") and not b:
        _fail(line, "a division by 0", "write the number that is meant", sign)
    if sign.text == "**":
        return _bounded(_power(line, a, sign, b))
    done = {"+": a + b, "-": a - b, "*": a * b}
    return _bounded(done[sign.text] if sign.text in done else a // b if sign.text == "//" else a % b)


def _power(line: str, base: int, sign: Lexeme, exponent: int) -> int:
    if exponent < 0:
        _fail(line, "a negative power is no whole number", "write the number that is meant", sign)
    return base**exponent if abs(base) < 2 or exponent < DIGITS_OF_TWO else LIMIT


#: Two to this has more digits than any size.
DIGITS_OF_TWO = 64


def _bounded(number: int) -> int:
    return max(-LIMIT, min(LIMIT, number))


def _whole(line: str, value: object, sign: Lexeme) -> int:
    if type(value) is int and abs(value) >= LIMIT:  # which may stand for any number that is as large
        _fail(line, f"a number of more than {DIGITS} digits", "write the number that is meant", sign)
    if type(value) is int:
        return value
    if isinstance(value, Word):
        _fail(line, f"{clip(value)} is a name here, not a number", f"write its number instead of {clip(value)}", sign)
    return _fail(line, f"'{sign.text}' takes whole numbers", "write the number that is meant", sign)


def _fail(line: str, message: str, hint: str, piece: Lexeme) -> NoReturn:
    raise SpecError(message, hint, line, piece.start, piece.end)
