"""Rows by the million, reduced where they are made: how many there are, the best, and those that no other beats.

A chunk answers one part and `merge` joins two answers: both are pure, the order of parts changes nothing, and of equal
rows the one that comes first in the grid is kept. So it does not matter who works out which part, or how often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge as merged_in_order
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .columns import blocks
from .fronts import front_of
from .questions import NUMBERS, Question
from .select import Order
from .where import SHAPING, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers that are worked out at once: few enough that their columns stay near a core, many enough for a step of NumPy.
AT_ONCE = 1 << 18

#: Layers of one part, about a second of work: handing one over takes 3 ms.
A_PART = 1 << 24

#: What a condition on rows of a sweep may ask for.
WORDS = ("variant", *NUMBERS, *SHAPING, "in_channels", "out_channels", "batch", "size", "size0", "size1", "size2")


Key = TypeVar("Key")

#: How many layers there are, how many rows apply, how many of them are chosen.
Counts = tuple[int, int, int]


class Search(NamedTuple):
    """What is asked of all rows: each question is one variant of the layers of one grid.

    `where` says which rows count, `best` which of them come first and `top` how many of these are kept, `front` in
    which words no other may beat those that are kept.
    """

    questions: tuple[Question, ...]
    where: str = ""
    best: tuple[Order, ...] = ()
    top: int = 0
    front: tuple[Order, ...] = ()


class Found(NamedTuple):
    """One row: its words as they are compared, least first; the question and its row in that grid; how many are like
    it in these words."""

    key: tuple[float, ...]
    question: int
    row: int
    like: int = 1


class Partial(NamedTuple):
    """The answer to some parts: of each question how many layers, rows and chosen rows; the best; the front."""

    counts: tuple[tuple[int, Counts], ...] = ()
    best: tuple[Found, ...] = ()
    front: tuple[Found, ...] = ()


class Part(NamedTuple):
    """Some layers of a question: blocks number `first` to `last`, about so many `layers`."""

    question: int
    first: int
    last: int
    layers: int


def words_needed(search: Search) -> tuple[str, ...]:
    """The words that a search reads of rows."""
    known = Condition(search.where, WORDS).words if search.where else ()
    wanted = [*known, *[order.word for order in (*search.best, *search.front)]]
    return tuple([word for word in dict.fromkeys(wanted) if word in (*NUMBERS, *SHAPING)])


def parts(search: Search, layers: int = A_PART) -> Iterator[Part]:
    """All of a search, in parts of about so many layers."""
    for number, question in enumerate(search.questions):
        all_layers = question.grid.layers
        every = sum([1 for _ in blocks(question.grid, AT_ONCE)])
        step = max(1, every * layers // all_layers)
        for first in range(0, every, step):
            last = min(every, first + step)
            yield Part(number, first, last, all_layers * last // every - all_layers * first // every)


def merge(search: Search, one: Partial, other: Partial) -> Partial:
    """The answer to the parts of both."""
    counts = added((*one.counts, *other.counts))
    best = tuple(islice(merged_in_order(one.best, other.best), search.top))
    front = one.front or other.front
    if one.front and other.front:
        front = _joined(one.front, other.front)
    return Partial(tuple(sorted(counts.items())), best, front)


def added(counts: Iterable[tuple[Key, Counts]]) -> dict[Key, Counts]:
    """The numbers of rows, those of one key together."""
    sums: dict[Key, Counts] = {}
    for key, (layers, rows, chosen) in counts:
        before = sums.get(key, (0, 0, 0))
        sums[key] = (before[0] + layers, before[1] + rows, before[2] + chosen)
    return sums


def _joined(one: tuple[Found, ...], other: tuple[Found, ...]) -> tuple[Found, ...]:
    """The front of two; of those alike the first stands for all."""
    alike: dict[tuple[float, ...], Found] = {}
    for found in sorted((*one, *other)):
        first = alike.get(found.key)
        alike[found.key] = found if first is None else first._replace(like=first.like + found.like)
    keys = list(alike)
    return tuple([alike[keys[at]] for at in front_of(_points(keys))])


def _points(keys: list[tuple[float, ...]]) -> NDArray[Any]:
    """Whole numbers stay whole: what a double would round away decides here."""
    whole = all([isinstance(number, int) for key in keys for number in key])
    return np.array(keys, np.int64 if whole else np.float64)
