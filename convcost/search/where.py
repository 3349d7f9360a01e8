"""Conditions on words: `macs<=30M and peak_bytes<=2MiB`, read by one small grammar, for rows and for columns.

    condition = all ("or" all)*      all = one ("and" one)*      one = "not" one | "(" condition ")" | word sign value

A word is one of JSON's (`macs`, `relative.params`) or of what a row is called (`name`, `op`, `index`, `variant`, a
setting). A value is a number with its unit (`30M`, `0.15G`, `2MiB`, `30 MMACs`), a share of the total (`1%`), or a
name, in which `*` and `?` stand for any signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from ..spec.errors import SpecError, unknown_name

#: What a unit multiplies by: decimal ones as in SI, binary ones with an i.
PREFIXES = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip

#: What may stand behind a prefix, and says nothing more.
NOUNS = ("", "B", "byte", "bytes", "MAC", "MACs", "FLOP", "FLOPs", "param", "params", "op", "ops")

_NUMBER = re.compile(r"(?P<number>\d+(?:[.,_]?\d+)*(?:[eE][+-]?\d+)?)\s*(?P<unit>[A-Za-z]*|%)$")
_TOKEN = re.compile(r"\s*(?:(?P<sign><=|>=|==|!=|<|>|=|\(|\))|(?P<word>[^\s<>=!()]+))")

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "==": lambda a, b: a == b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip

#: Settings that a row may lack, and what stands for one that is missing in a column.
SHAPING = ("mid_channels", "bottleneck_ratio", "expansion_ratio", "depth_multiplier", "groups")
MISSING = -1

#: Words whose values are names, not numbers.
NAMES = ("name", "op", "variant", "role", "shortcut", "kind")


def read_quantity(text: str) -> Fraction:
    """A number as people write it, with its unit, exactly.

    >>> read_quantity("0.15G") == 150_000_000, read_quantity("2MiB"), read_quantity("30 MMACs") == 30_000_000
    (True, Fraction(2097152, 1), True)

    Raises SpecError.
    """
    found = _NUMBER.match(text.strip())
    unit = found["unit"] if found else ""
    factor = _factor(unit)
    if not found or factor is None:
        raise SpecError(f"{text!r} is no quantity", "such as 30M, 0.15G, 2MiB or 1500", text)
    return Fraction(found["number"].replace(",", "").replace("_", "")) * factor


def _factor(unit: str) -> int | None:
    for prefix, factor in PREFIXES.items():
        if unit.startswith(prefix) and unit[len(prefix) :] in NOUNS:
            return factor
    return None


class Comparison(NamedTuple):
    """One word held against a value; `share`: the value is one of the total's."""

    word: str
    sign: str
    value: Fraction | str
    share: bool = False


class Condition:
    """What a text asks of rows: called with a row, or with columns of rows, it says which fulfil it.

    >>> small = Condition("macs<=30M and not variant=grouped", ["macs", "variant"])
    >>> small({"macs": 27_496_448, "variant": "bottleneck"}), small({"macs": 27_496_448, "variant": "grouped"})
    (True, False)

    A row that lacks a word (None) does not fulfil what asks for it. `total` has the sums that shares are of. `words`
    are those asked for, `shares` says whether a share of the total is. Raises SpecError, pointing at the token, for
    what is no condition and for words that are not `known`.
    """

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.text = text
        self._known = known
        self.words: tuple[str, ...] = ()
        self.shares = False
        self.steps: list[Comparison | str] = []
        self._tokens = _tokens(text)
        self._at = 0
        self._holds = self._any()
        if self._at < len(self._tokens):
            raise self._error("this does not belong to the condition", "join conditions with and, or")

    def __call__(self, row: Mapping[str, Any], total: Mapping[str, Any] | None = None) -> Any:
        return self._holds(row, total or {})

    def source(self, names: Mapping[str, str], variant: str) -> str:
        """The condition of one variant as Python, for a kernel; `names` are those that words have there.

        >>> Condition("macs<=1.5M and not variant=ghost", ["macs", "variant"]).source({"macs": "v3"}, "grouped")
        '((v3 <= 1500000) and (not False))'

        Raises KeyError for a word that has no name there.
        """
        found: list[str] = []
        for step in self.steps:
            if isinstance(step, Comparison):
                found.append(_said(step, names, variant))
            elif step == "not":
                found.append(f"(not {found.pop()})")
            else:
                right, left = found.pop(), found.pop()
                found.append(f"({left} {step} {right})")
        return found[0]

    def _any(self) -> Callable[..., Any]:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
            self.steps.append("or")
        return parts[0] if len(parts) == 1 else lambda *given: _joined([part(*given) for part in parts], any, "__or__")

    def _all(self) -> Callable[..., Any]:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
            self.steps.append("and")
        return parts[0] if len(parts) == 1 else lambda *given: _joined([part(*given) for part in parts], all, "__and__")

    def _one(self) -> Callable[..., Any]:
        if self._take("not"):
            inner = self._one()
            self.steps.append("not")
            return lambda *given: _inverted(inner(*given))
        if self._take("("):
            inner = self._any()
            if not self._take(")"):
                raise self._error("the parenthesis is not closed", "add )")
            return inner
        compared = self._comparison()
        self.steps.append(compared)
        return lambda row, total: _compare(compared, row, total)

    def _comparison(self) -> Comparison:
        word = self._next("a word such as macs is missing")
        if word not in self._known:
            start = self._tokens[self._at - 1][1]
            raise unknown_name("word", word, list(self._known), "", self.text, start)
        self.words = tuple(dict.fromkeys((*self.words, word)))
        sign = self._next(f"what is asked of {word}?", "write it as macs<=30M")
        if sign not in _SIGNS:
            self._at -= 1
            raise self._error(f"{sign!r} is no comparison", "there are <= < >= > = !=")
        value = self._next("a value is missing", "such as 30M, 2MiB, 1% or a name")
        if word.rpartition(".")[2] in NAMES:
            if sign not in ("=", "==", "!="):
                raise self._error(f"{word} is a name, which is not more or less", "= and != ask for it", -2)
            return Comparison(word, sign, value)
        if self._at < len(self._tokens) and _factor(self._tokens[self._at][0]) is not None:
            value += self._next("")  # the unit behind a space
        share = value.endswith("%")
        self.shares = self.shares or share
        try:
            return Comparison(word, sign, read_quantity(value.removesuffix("%")) / (100 if share else 1), share)
        except SpecError as error:
            raise self._error(error.message, error.hint, -1) from None

    def _take(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at][0] == token
        self._at += found
        return found

    def _next(self, missing: str, hint: str = "") -> str:
        if self._at >= len(self._tokens):
            raise self._error(missing, hint)
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _error(self, message: str, hint: str, back: int = 0) -> SpecError:
        at = self._at + back
        start, end = self._tokens[at][1:] if at < len(self._tokens) else (len(self.text), len(self.text))
        return SpecError(message, hint, self.text, start, end)


def condition_of_layers(text: str, known: Collection[str]) -> Condition:
    """A condition where there is no whole that a share could be of. Raises SpecError, pointing at the share."""
    condition = Condition(text, known)
    if condition.shares:
        at = text.index("%")
        raise SpecError("a share of what?", "here a limit is a number: macs<=30M", text, at, at + 1)
    return condition


def _tokens(text: str) -> list[tuple[str, int, int]]:
    """Words and signs with where they stand."""
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise SpecError(
                f"{text[start]!r} does not belong to a condition", "such as macs<=30M", text, start, start + 1
            )
        group = "sign" if match["sign"] else "word"
        found.append((match[group], match.start(group), match.end(group)))
        at = match.end()
    return found


def _joined(parts: list[Any], plain: Callable[[list[Any]], bool], method: str) -> Any:
    if all([isinstance(part, bool) for part in parts]):
        return plain(parts)
    found = parts[0]
    for part in parts[1:]:
        found = found | part if method == "__or__" else found & part
    return found


def _inverted(value: Any) -> Any:
    return not value if isinstance(value, bool) else ~value


def _compare(asked: Comparison, row: Mapping[str, Any], total: Mapping[str, Any]) -> Any:
    found = read_word(row, asked.word)
    if found is None:
        return False
    if isinstance(asked.value, str):
        return (_matches(found, asked.value)) == (asked.sign != "!=")
    limit = asked.value
    if asked.share:
        limit *= Fraction(total.get(asked.word, 1))  # a ratio is a share already
    if not isinstance(found, int | float):  # a column: compared with whole numbers it stays exact
        holds = _column(found, asked.sign, limit)
        return holds & (found != MISSING) if asked.word in SHAPING else holds
    return bool(_SIGNS[asked.sign](found, limit))


def _said(asked: Comparison, names: Mapping[str, str], variant: str) -> str:
    """A comparison of whole numbers as Python; between two of them the one below decides as well."""
    if isinstance(asked.value, str):
        return str(_compare(asked, {"variant": variant}, {})) if asked.word == "variant" else names[""]
    name, whole = names[asked.word], asked.value.denominator == 1
    below = asked.value.numerator // asked.value.denominator
    if asked.sign in ("==", "=", "!="):
        same = f"{name} == {below}" if whole else "False"
        said = f"({same})" if asked.sign != "!=" else f"(not ({same}))"
    else:
        sign = asked.sign if whole else "<=" if asked.sign in ("<", "<=") else ">"
        said = f"({name} {sign} {below})"
    return f"({said} and {name} != {MISSING})" if asked.word in SHAPING else said


def _column(found: Any, sign: str, limit: Fraction) -> Any:
    """The same for a column; between two whole numbers the one below decides as well."""
    if limit.denominator == 1 or found.dtype.kind == "f":
        return _SIGNS[sign](found, int(limit) if limit.denominator == 1 else float(limit))
    below = limit.numerator // limit.denominator
    if sign in ("==", "=", "!="):
        return (found != found) ^ (sign == "!=")
    return found <= below if sign in ("<", "<=") else found > below


def _matches(found: Any, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(str(found), pattern)


def read_word(row: Mapping[str, Any], word: str) -> Any:
    """What a row has under a dotted word; None where it has nothing.

    >>> read_word({"relative": {"macs": 0.5}}, "relative.macs")
    0.5
    """
    if word in row:
        return row[word]
    outer, _, inner = word.partition(".")
    value = row.get(outer)
    return value.get(inner) if inner and isinstance(value, Mapping) else None
