"""Numbers that follow from others: `in*6`, `$hidden/4~8`, `32*width`."""

from __future__ import annotations

import re
from fractions import Fraction

from ..spec.errors import Problem, clip
from ..spec.fields import DIGITS, LIMIT

#: A number, or the channels of the block's input, and what is done to it, from left to right.
_FACTOR = r"(?:[*/~]\d{1,18}|\*width|\*max\(width,1\))"

#: A number and at most so many steps from it; what has more is no expression.
_STEPS = 8
_START = r"(@|in=|mid=|ratio=|op|[ksdgempnr])?"
EXPRESSION = re.compile(rf"{_START}(\d{{1,18}}|in)((?:{_FACTOR}){{0,{_STEPS}}})")
_STEP = re.compile(r"([*/~])(\d+|width|max\(width,1\))")


def resolve(word: str, channels: int, width: Fraction | None) -> str:
    """`word` with its number worked out; a word that holds none is given back.

    >>> resolve("in*6", 24, None), resolve("mid=72/4~8", 0, None), resolve("32*width", 0, Fraction("0.75"))
    ('144', 'mid=24', '24')

    `/` rounds down. `~8` is the nearest multiple of 8, but not below 90 % of the number nor below 8
    (MobileNet's rounding); `*width` multiplies by the width multiplier and then rounds so.
    Raises Problem for a width where the file has none, and for numbers that are out of bounds.
    """
    match = EXPRESSION.fullmatch(word)
    if not match or not (match[3] or match[2] == "in"):
        return word
    value = channels if match[2] == "in" else int(match[2])
    for sign, by in _STEP.findall(match[3]):
        value = _step(value, sign, by, width)
        if not 0 < value < LIMIT:
            raise Problem(f"{clip(word)} is not a size", f"a size is at least 1 and has at most {DIGITS} digits")
    return f"{match[1] or ''}{value}"


def _step(value: int, sign: str, by: str, width: Fraction | None) -> int:
    if not by.isdigit():
        if width is None:
            raise Problem("the file has no width", "add a line before the layers: width 1")
        factor = width if by == "width" else max(width, Fraction(1))
        return round_to(value * factor.numerator, 8, factor.denominator)
    number = int(by)
    if number == 0:
        raise Problem("a division by 0" if sign == "/" else "a multiple of 0", "use a positive number")
    if sign == "~":
        return round_to(value, number)
    return value * number if sign == "*" else value // number


def round_to(value: int, multiple: int, over: int = 1) -> int:
    """The multiple nearest to `value / over`, at least one and 90 % of it or more (MobileNet's `_make_divisible`).

    >>> round_to(18, 8), round_to(30, 8, 10)
    (24, 8)
    """
    nearest = max(multiple, (2 * value + multiple * over) // (2 * multiple * over) * multiple)
    return nearest + multiple if 10 * nearest * over < 9 * value else nearest


def read_width(text: str) -> Fraction:
    """A width multiplier: a decimal number above 0 and at most 100; Problem otherwise.

    >>> read_width("0.75")
    Fraction(3, 4)
    """
    plain = re.fullmatch(r"\d{1,6}(\.\d{1,6})?|\.\d{1,6}", text, re.ASCII)
    value = Fraction(text) if plain else Fraction(0)
    if not 0 < value <= 100:
        raise Problem(f"{clip(text)!r} is no width multiplier", "give a number such as 0.75")
    return value
