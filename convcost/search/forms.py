"""Lines of tokens without their sizes: which of many lines are alike. Needs no NumPy, which only plans do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

#: What stands for output number n while an answer is written: a number that no answer has.
MARK = 8_517_364_290_000_000
MARKED = re.compile(r"8517364290(\d{6})")

#: A line as most are written: channels, a size of one or two axes, and the rest.
_USUAL = re.compile(r"([1-9]\d{0,3})(?::([1-9]\d{0,3}))? @([1-9]\d{0,3})(?:x([1-9]\d{0,3}))?( [^@]*)$").match

Sizes = tuple[int, ...]


class Form(NamedTuple):
    """A line without its sizes: its words with `#` in the places of sizes, and how many of these channels have."""

    words: tuple[str, ...]
    channels: int
    sizes: int


def form_of(line: str) -> tuple[Form, Sizes] | None:
    """The form of a line of tokens, and its sizes in their order; None for what has no sizes or other notation.

    >>> form_of("64:128 @56x48 k3 s2")
    (Form(words=('#:#', '@#x#', 'k3', 's2'), channels=2, sizes=2), (64, 128, 56, 48))
    """
    usual = _USUAL(line)
    if usual and not MARKED.search(usual[5]):
        _, outer, _, wide, rest = usual.groups()
        return _form(outer is not None, wide is not None, rest), tuple([int(n) for n in usual.group(1, 2, 3, 4) if n])
    words = list[str]()
    channels: Sizes = ()
    sizes: Sizes = ()
    for word in line.split():
        first = word[0]
        if first == "@" and not sizes:
            sizes = _numbers(word[1:].split("x"))
            words.append("@" + "x".join("#" * len(sizes)))
        elif "0" < first <= "9" and not channels and "x" not in word and word[-1] != "d":
            channels = _numbers(word.split(":"))
            words.append(":".join("#" * len(channels)))
        else:
            words.append(word)
    if not 0 < len(channels) < 3 or not 0 < len(sizes) < 4 or MARKED.search(line):
        return None
    return Form(tuple(words), len(channels), len(sizes)), (*channels, *sizes)


@lru_cache(maxsize=1024)
def _form(two_channels: bool, two_sizes: bool, rest: str) -> Form:
    """The form of a line that starts with its channels and its size."""
    words = ("#:#" if two_channels else "#", "@#x#" if two_sizes else "@#", *rest.split())
    return Form(words, 1 + two_channels, 1 + two_sizes)


def _numbers(parts: list[str]) -> Sizes:
    """The numbers as they are written; none where one of them is not plain, or too long for a plan."""
    if all([part.isdecimal() and part.isascii() and len(part) < 5 and part[0] != "0" for part in parts]):
        return tuple(map(int, parts))
    return ()


def line_of(form: Form, sizes: Sizes) -> str:
    """The line of a form with those sizes: channels come first among them, wherever they stand in the line."""
    given = {True: iter(sizes[form.channels :]), False: iter(sizes[: form.channels])}
    return " ".join(["".join([str(next(given[word[0] == "@"])) if sign == "#" else sign for sign in word])
                     for word in form.words])  # fmt: skip


def lines_spared(lines: Iterable[str], least: int) -> int:
    """How many lines need no answer of their own where a plan takes as long to make as to answer `least` of its form.

    >>> lines_spared(["8:16 @9 k3", "3:4 @7 k3", "3:4 @7 k1", "5:4 @9 k3"], 2)
    1
    """
    forms = Counter([found[0] for found in map(form_of, lines) if found])
    return sum([max(0, count - least) for count in forms.values()])
