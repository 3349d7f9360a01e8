"""Rows by the million, reduced where they are made: how many there are, the best, and those that no other beats.

`chunk` answers one part and `merge` joins two answers: both are pure, the order of parts changes nothing, and of equal
rows the one that comes first in the grid is kept. So it does not matter who works out which part, or how often.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from heapq import merge as merged_in_order
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .columns import Block, blocks, size_of
from .fronts import front_of
from .grid import Grid
from .kernels import WORTH, Kernel, make_kernel
from .questions import NUMBERS, Question, columns_of
from .select import Order
from .where import MISSING, SHAPING, Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers that are worked out at once: their columns stay in the cache of a core.
AT_ONCE = 1 << 17

#: Layers of one part, about a second of work: handing one over takes 3 ms.
A_PART = 1 << 24

#: Layers by which the plan that most of them follow is found.
SAMPLE = 4096

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
        every = sum([1 for _ in blocks(question.grid, AT_ONCE)]) if all_layers > AT_ONCE else 1
        step = max(1, every * layers // all_layers)
        for first in range(0, every, step):
            last = min(every, first + step)
            yield Part(number, first, last, all_layers * last // every - all_layers * first // every)


def chunk(search: Search, part: Part) -> Partial:
    """The answer to one part.

    >>> from .grid import read_grid
    >>> grid = read_grid("16..64/16 @7,14 k3".split())[0]
    >>> asked = Search((Question(grid, "standard", ("macs",)),), "macs<=1M", (Order("macs", True),), 1)
    >>> found = chunk(asked, next(parts(asked)))
    >>> found.counts, grid.tokens(found.best[0].row), found.best[0].key
    (((0, (8, 8, 3)),), '16 @14 k3', (-451584,))
    """
    asker = _asker(search, part.question)
    found = Partial()
    for block in islice(blocks(asker.grid, AT_ONCE), part.first, part.last):
        found = merge(search, found, asker.block(block, found))
    return found


def merge(search: Search, one: Partial, other: Partial) -> Partial:
    """The answer to the parts of both."""
    counts = added((*one.counts, *other.counts))
    best = one.best or other.best
    if one.best and other.best:
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


@lru_cache(maxsize=512)
def _asker(search: Search, question: int) -> _Asker:
    """What answers one question; the plans of one part serve for the next."""
    return _Asker(search, question)


class _Asker:
    """Answers blocks of one question."""

    def __init__(self, search: Search, question: int) -> None:
        self.search, self.number = search, question
        asked = search.questions[question]
        self.grid = asked.grid
        self._columns = columns_of(asked._replace(words=words_needed(search)))
        self._where = Condition(search.where, WORDS) if search.where else None
        self._variant = asked.variant
        self._kernel: Kernel | None = None
        self._tried = self.grid.layers < WORTH or "arithmetic_intensity" in self._columns.words

    def block(self, block: Block, before: Partial) -> Partial:
        """The answer to one block; what cannot be better than what there is `before` is left out."""
        if not self._tried:
            self._compile()
        if self._kernel is not None:
            return self._compiled(self._kernel, block, before)
        found, exists = self._columns.answer(block)
        chosen = exists
        if self._where is not None:
            said = self._where({"variant": self._variant, **found, **self._columns.varying(block)})
            chosen = exists & said
        count, rows = int(np.count_nonzero(chosen)), int(np.count_nonzero(exists))
        counts = ((self.number, (size_of(block), rows, count)),)
        if not count:
            return Partial(counts)
        return Partial(counts, self._best(block, found, chosen, before), self._front(block, found, chosen))

    def _compile(self) -> None:
        """The kernel of the plan that holds for the most of some layers all over the grid, if there can be one."""
        self._tried = True
        shape = self.grid.shape
        whole = np.linspace(0, self.grid.layers - 1, SAMPLE).astype(np.int64)
        self._columns.answer_rows(self._columns.rows(tuple([(0, length) for length in shape]), whole))
        if not self._columns.plans:
            return
        plan, applies = self._columns.plans[0]
        first = self.search.best[:1] if not self.search.front else ()
        key = "".join(["" if order.descending else "-" for order in first] + [order.word for order in first])
        if applies and key.lstrip("-") not in SHAPING:
            axes, words = self.grid.axes, self._columns.words
            self._kernel = make_kernel(plan, axes, words, self._where, self._variant, key)
            self._plan = plan

    def _compiled(self, kernel: Kernel, block: Block, before: Partial) -> Partial:
        """The same by machine code; rows that its plan does not hold for are answered as without."""
        size, last = size_of(block), np.iinfo(np.int64).min
        if len(before.best) == self.search.top and self.search.best and not self.search.front:
            last = -int(before.best[-1].key[0]) - (len(self.search.best) > 1)
        ahead, missed = np.empty(size, np.int64), np.empty(size, np.int64)
        count, m, k = kernel.block(block, last, ahead, missed)
        there = size - k
        said, _ = self._plan.run(self._columns.rows(block, ahead[:m]))
        partial = self._picked(block, ahead[:m], dict(zip(self._columns.words, said)))
        if k:
            columns = self._columns.rows(block, missed[:k])
            found, exists = self._columns.answer_rows(columns)
            asked = {"variant": self._variant, **found, **dict(zip(self.grid.fields, columns))}
            chosen = exists if self._where is None else exists & self._where(asked)
            count, there = count + int(np.count_nonzero(chosen)), there + int(np.count_nonzero(exists))
            rest = {word: column[chosen] for word, column in found.items()}
            partial = merge(self.search, partial, self._picked(block, missed[:k][chosen], rest))
        return partial._replace(counts=((self.number, (size, there, count)),))

    def _picked(self, block: Block, at: NDArray[np.int64], found: Mapping[str, NDArray[Any]]) -> Partial:
        """Rows by their place in a block, as candidates."""
        if not len(at):
            return Partial()
        columns = {word: np.broadcast_to(column, (len(at),)) for word, column in found.items()}
        return Partial((), self._ranked(block, at, columns), self._unbeaten(block, at, columns))

    def _best(
        self, block: Block, found: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_], before: Partial
    ) -> tuple[Found, ...]:
        search = self.search
        if not search.top or not search.best:
            return ()
        first = search.best[0]
        value = found[first.word]
        if len(before.best) == search.top:  # most blocks end here: nothing in them is as good as the last there is
            last = before.best[-1].key[0]
            ahead = np.greater_equal if len(search.best) > 1 else np.greater  # of equal rows the earlier one stays
            chosen = chosen & (ahead(value, -last) if first.descending else ahead(-last, -value))
            if not chosen.any():
                return ()
        places = np.nonzero(chosen)
        columns = {order.word: found[order.word][places] for order in search.best}
        return self._ranked(block, np.ravel_multi_index(places, chosen.shape), columns)

    def _ranked(self, block: Block, at: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> tuple[Found, ...]:
        """The best of candidates."""
        search = self.search
        if not search.top or not search.best:
            return ()
        keys = [_signed(columns[order.word], order) for order in search.best]
        if len(at) > search.top:
            few = np.lexsort((at, *keys[::-1]))[: search.top]
            at, keys = at[few], [key[few] for key in keys]
        return tuple(sorted(self._rows(block, at, keys)))

    def _front(self, block: Block, found: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_]) -> tuple[Found, ...]:
        if not self.search.front:
            return ()
        places = np.nonzero(chosen)
        columns = {order.word: found[order.word][places] for order in self.search.front}
        return self._unbeaten(block, np.ravel_multi_index(places, chosen.shape), columns)

    def _unbeaten(self, block: Block, at: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> tuple[Found, ...]:
        """The front of candidates; of equal ones the first."""
        if not self.search.front:
            return ()
        keys = [_signed(columns[order.word], order) for order in self.search.front]
        order = np.argsort(at, kind="stable")
        points, first, like = np.unique(np.stack(keys, 1)[order], axis=0, return_index=True, return_counts=True)
        kept = front_of(points)
        chosen = order[first[kept]]
        rows = self._rows(block, at[chosen], [key[chosen] for key in keys])
        return tuple([row._replace(like=int(count)) for row, count in zip(rows, like[kept])])

    def _rows(self, block: Block, at: NDArray[np.intp], keys: list[NDArray[Any]]) -> list[Found]:
        """Places in a block as rows of the whole grid."""
        inside = np.unravel_index(at, [end - first for first, end in block])
        places = [place + first for place, (first, _) in zip(inside, block)]
        rows = np.ravel_multi_index(places, self.grid.shape)
        return [Found(tuple(key), self.number, row) for key, row in
                zip(zip(*[key.tolist() for key in keys]), rows.tolist())]  # fmt: skip


def _signed(values: NDArray[Any], order: Order) -> NDArray[Any]:
    """So that the least is best; what is missing is worst."""
    signed = -values if order.descending else values
    if order.word in SHAPING:
        return np.where(values == MISSING, np.iinfo(np.int64).max, signed)
    return signed


def grid_of(search: Search, found: Found) -> Grid:
    """The grid that a row is of."""
    return search.questions[found.question].grid
