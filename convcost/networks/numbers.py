"""Numbers that follow from others: `in*6`, `$hidden/4~8`, `32*width`, `p$d*2-0`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from ..analysis.sizes import largest, opaque
from ..analysis.traced import Marks, Traced
from ..spec.errors import Problem, clip
from ..spec.fields import DIGITS, LIMIT

#: A number, or the channels of the block's input, and what is done to it, from left to right.
_FACTOR = r"(?:[*/~+]\d{1,18}|\*width|\*max\(width,1\)|\*depth)"

#: A number and at most so many steps from it; what has more is no expression. A token has six numbers at most.
_STEPS = 8
_NUMBER = rf"(?:\d{{1,18}}|in)(?:{_FACTOR}){{0,{_STEPS}}}"
_START = r"(@|in=|mid=|ratio=|op|[ksdgempnr])?"
EXPRESSION = re.compile(rf"{_START}({_NUMBER}(?:[x:-]{_NUMBER}){{0,5}})")
_NUMBERS = re.compile(_NUMBER)
_STEP = re.compile(r"([*/~+])(\d+|width|max\(width,1\)|depth)")


class Ratio(NamedTuple):
    """A width whose numerator is a traced size: a whole number of parts; `marks` stand for sizes in words."""

    numerator: Traced
    denominator: int
    marks: Marks


#: The multipliers that a file has, by name.
Multipliers = Mapping[str, Fraction | Ratio]


def resolve(word: str, channels: int, multipliers: Multipliers) -> str:
    """`word` with its numbers worked out; a word that holds none is given back.

    >>> resolve("in*6", 24, {}), resolve("mid=72/4~8", 0, {}), resolve("32*width", 0, {"width": Fraction("0.75")})
    ('144', 'mid=24', '24')
    >>> resolve("p4*3-0", 0, {}), resolve("r2*depth", 0, {"depth": Fraction("1.1")})
    ('p12-0', 'r3')

    `/` rounds down. `~8` is the nearest multiple of 8, but not below 90 % of the number nor below 8
    (MobileNet's rounding); `*width` multiplies by the width multiplier and then rounds so; `*depth` rounds up
    (EfficientNet's repeats). Raises Problem for a multiplier that the file does not have, and for numbers that are out
    of bounds.
    """
    match = EXPRESSION.fullmatch(word)
    if not match or not re.search(r"[*/~+n]", match[2]):
        return word
    try:
        return (match[1] or "") + _NUMBERS.sub(lambda found: _worked_out(found[0], channels, multipliers), match[2])
    except OverflowError:
        raise Problem(f"{clip(word)} is not a size", f"a size is at least 1 and has at most {DIGITS} digits") from None


def _worked_out(text: str, channels: int, multipliers: Multipliers) -> str:
    """One number; OverflowError where it leaves the bounds of sizes on the way."""
    steps = _STEP.findall(text)
    if not steps and text != "in":
        return text
    value = channels if text.startswith("in") else _sized(int(re.split(r"[*/~+]", text)[0]), multipliers)
    for sign, by in steps:
        value = _step(value, sign, by, multipliers)
        if not 0 < value < LIMIT:
            raise OverflowError(value)
    return str(value)


def _sized(number: int, multipliers: Multipliers) -> int:
    """The size that a number stands for, if it does."""
    width = multipliers.get("width")
    size: int = width.marks.read(number) if type(width) is Ratio else number
    return size


def _step(value: int, sign: str, by: str, multipliers: Multipliers) -> int:
    if not by.isdigit():
        name = "depth" if by == "depth" else "width"
        if name not in multipliers:
            raise Problem(f"the file has no {name}", f"add a line before the layers: {name} 1")
        factor = multipliers[name]
        parts = largest([factor.numerator, factor.denominator]) if by.startswith("max") else factor.numerator
        whole = value * parts
        return -(-whole // factor.denominator) if name == "depth" else round_to(whole, 8, factor.denominator)
    number = int(by)
    if number == 0 and sign != "+":
        raise Problem("a division by 0" if sign == "/" else "a multiple of 0", "use a positive number")
    if sign == "~":
        return round_to(value, number)
    return value * number if sign == "*" else value + number if sign == "+" else value // number


@opaque()
def round_to(value: int, multiple: int, over: int = 1) -> int:
    """The multiple nearest to `value / over`, at least one and 90 % of it or more (MobileNet's `_make_divisible`).

    >>> round_to(18, 8), round_to(30, 8, 10)
    (24, 8)
    """
    nearest = max(multiple, (2 * value + multiple * over) // (2 * multiple * over) * multiple)
    return nearest + multiple if 10 * nearest * over < 9 * value else nearest


def read_multiplier(text: str, name: str = "width") -> Fraction:
    """A multiplier: a decimal number above 0 and at most 100; Problem otherwise.

    >>> read_multiplier("0.75")
    Fraction(3, 4)
    """
    plain = re.fullmatch(r"\d{1,6}(\.\d{1,6})?|\.\d{1,6}", text, re.ASCII)
    value = Fraction(text) if plain else Fraction(0)
    if not 0 < value <= 100:
        raise Problem(f"{clip(text)!r} is no {name} multiplier", "give a number such as 0.75")
    return value
