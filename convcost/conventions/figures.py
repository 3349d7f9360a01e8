"""Figures as people write them: read with their digits, and held against a value at just these."""

from __future__ import annotations

import re
from fractions import Fraction

from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple

#: What a unit multiplies by; B is a billion, as darknet's BFLOPs.
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12, "p": 10**15}

#: What stands behind a unit, and says nothing that the number does not.
_WORDS = r"(?:mult(?:iply)?[- ]?adds?|mac(?:c|s|cs)?|flop(?:s|/s)?|ops?|acts?|activations?|params?|n)?"
_NUMBER = r"(?P<whole>\d{1,3}(?:[,_'’ ]\d{3})+|\d{1,30})(?:\.(?P<part>\d{1,18}))?(?:[eE]\+?(?P<power>\d{1,2}))?"
_FIGURE = re.compile(rf"[~≈]?\s*{_NUMBER}\s*(?P<unit>[kKmMgGbBtTpP]?)\s*(?i:{_WORDS})\s*(?:=\s*(?P<tool>\S.*))?")

_HINT = "write it as printed: 4.12 G, 4.12GFLOPs, 4,121,925,096 or 4.1e9"


class Figure(NamedTuple):
    """A figure: its text, its digits as a whole number, what one of the last digit is worth, the tool that printed it.

    `tool` is "" where nobody says.
    """

    text: str
    digits: int
    step: Fraction
    tool: str = ""

    @property
    def value(self) -> Fraction:
        """The number that stands there."""
        return self.digits * self.step


def is_figure(text: str) -> bool:
    """Does a text read as a figure?

    >>> [is_figure(text) for text in ("4.12 G", "300M", "327.49 M=thop", "@224", "64:128", "k3")]
    [True, True, True, False, False, False]
    """
    return _FIGURE.fullmatch(text.strip()) is not None


def read_figure(text: str) -> Figure:
    """A figure with its digits.

    >>> figure = read_figure("4.12 GFLOPs")
    >>> figure.digits, int(figure.step), int(figure.value)
    (412, 10000000, 4120000000)
    >>> read_figure("4,121,925,096").step, int(read_figure("4.1e9").step), read_figure("327.49 M=thop").tool
    (Fraction(1, 1), 100000000, 'thop')

    Raises SpecError for what is no figure.
    """
    match = _FIGURE.fullmatch(text.strip())
    if match is None:
        raise SpecError(f"{clip(text)!r} is no figure", _HINT, text)
    part = match["part"] or ""
    scale = UNITS[match["unit"].lower()] * 10 ** int(match["power"] or 0)
    digits = int(re.sub(r"\D", "", match["whole"]) + part)
    return Figure(text.strip(), digits, Fraction(scale, 10 ** len(part)), (match["tool"] or "").strip())


def match_of(figure: Figure, value: Fraction | int) -> str:
    """How a figure stands for a value: "exact", "rounded", "cut off" or, where it does not, "".

    >>> [match_of(read_figure(text), 4121925096) for text in ("4,121,925,096", "4.12 G", "4.121 G", "4.13 G")]
    ['exact', 'rounded', 'cut off', '']
    """
    if value == figure.value:
        return "exact"
    scaled = value / figure.step
    if abs(scaled - figure.digits) <= Fraction(1, 2):
        return "rounded" if figure.step >= 1 else ""
    return "cut off" if figure.step > 1 and figure.digits <= scaled < figure.digits + 1 else ""


def deciding(figure: Figure, values: list[int]) -> str:
    """Which digit of a figure would tell several values apart: the figures as they would stand there.

    >>> deciding(read_figure("4.11 G"), [4111512576, 4110938048])
    '4.112 G or 4.111 G'
    """
    shown = dict.fromkeys(values)
    unit = _unit(figure)
    for decimals in range(1, 19):
        texts = [_rounded(value, unit[0], decimals) + unit[1] for value in shown]
        if _decimals(figure, unit[0]) < decimals and len(set(texts)) == len(texts):
            return " or ".join(texts)
    return ""


def _unit(figure: Figure) -> tuple[int, str]:
    match = _FIGURE.fullmatch(figure.text)
    letter = match["unit"] if match else ""
    if letter:
        return UNITS[letter.lower()], f" {letter}"
    return next((size, f" {name}") for name, size in (("G", 10**9), ("M", 10**6), ("K", 10**3), ("", 1))
                if figure.value >= size or size == 1)  # fmt: skip


def _decimals(figure: Figure, unit: int) -> int:
    """How many decimals the figure has in that unit."""
    decimals = 0
    while figure.step < Fraction(unit, 10**decimals):
        decimals += 1
    return decimals


def _rounded(value: int, unit: int, decimals: int) -> str:
    whole = round(Fraction(value * 10**decimals, unit))
    text = f"{whole:0{decimals + 1}d}"
    return f"{text[:-decimals]}.{text[-decimals:]}"
