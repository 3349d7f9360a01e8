"""The answer to one part of a search, block by block: by machine code where there is any, by NumPy otherwise.

Most layers of a grid follow one plan. What it does not hold for is gathered and answered together, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from . import reduce
from .columns import blocks, size_of
from .fronts import front_of
from .kernels import WORTH, Kernel, Wanted, make_kernel
from .questions import columns_of
from .reduce import WORDS, Found, Part, Partial, Search, merge, words_needed
from .select import Order
from .tables import Block
from .where import Condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Layers by which the plan that most of them follow is found.
SAMPLE = 4096

#: Layers that are left from blocks before they are answered together.
TOGETHER = 1 << 16

NONE = np.zeros(0, np.int64)


def chunk(search: Search, part: Part) -> Partial:
    """The answer to one part.

    >>> from .grid import read_grid
    >>> from .questions import Question
    >>> from .reduce import parts
    >>> grid = read_grid("16..64/16 @7,14 k3".split())[0]
    >>> asked = Search((Question(grid, "standard", ("macs",)),), "macs<=1M", (Order("macs", True),), 1)
    >>> found = chunk(asked, next(parts(asked)))
    >>> found.counts, grid.tokens(found.best[0].row), found.best[0].key
    (((0, (8, 8, 3)),), '16 @14 k3', (-451584,))
    """
    asker = _asker(search, part.question)
    found = Partial()
    left: list[NDArray[np.int64]] = []
    for block in islice(blocks(asker.grid, reduce.AT_ONCE), part.first, part.last):
        found, rows = asker.block(block, found)
        left += [rows] if len(rows) else []
        if sum(map(len, left)) > TOGETHER:
            found = merge(search, found, asker.rest(np.concatenate(left)))
            left = []
    return merge(search, found, asker.rest(np.concatenate(left))) if left else found


@lru_cache(maxsize=16)  # parts come question by question; more would keep the tables of all
def _asker(search: Search, question: int) -> _Asker:
    """What answers one question; the plans of one part serve for the next."""
    return _Asker(search, question)


class _Asker:
    """Answers blocks of one question."""

    def __init__(self, search: Search, question: int) -> None:
        self.search, self.number = search, question
        asked = search.questions[question]
        self.grid = asked.grid
        self._whole: Block = tuple([(0, length) for length in self.grid.shape])
        self._columns = columns_of(asked._replace(words=words_needed(search)))
        self._where = Condition(search.where, WORDS) if search.where else None
        self._variant = asked.variant
        self._kernel = self._compiled() if self.grid.layers >= WORTH else None

    def _compiled(self) -> Kernel | None:
        """The kernel of the plan that holds for the most of some layers all over the grid, if there can be one."""
        some = np.linspace(0, self.grid.layers - 1, SAMPLE).astype(np.int64)
        self._columns.learn(self._columns.rows(self._whole, some))
        words = self._columns.words
        first = self.search.best[:1] if not self.search.front else ()
        key = "".join(["" if order.descending else "-" for order in first] + [order.word for order in first])
        if "arithmetic_intensity" in words or not self._columns.ways or not self._columns.ways[0].applies:
            return None
        kept = tuple(dict.fromkeys([order.word for order in (*self.search.best, *self.search.front)]))
        wanted = Wanted(self._where, self._variant, key, kept)
        return make_kernel(self._columns.ways[0].tables, self.grid.axes, words, wanted)

    def block(self, block: Block, before: Partial) -> tuple[Partial, NDArray[np.int64]]:
        """What there is `before` and the answer to one block, and the rows that are left."""
        if self._kernel is not None:
            return self._by_kernel(self._kernel, block, before)
        most = self._columns.most(block)
        found, exists = most or self._columns.answer(block)
        left = self._rows_where(block, ~exists) if most else NONE
        chosen = exists & self._asked(found, self._columns.varying(block, self._where.words if self._where else ()))
        count = _count(chosen, size_of(block))
        partial = Partial(((self.number, (size_of(block), _count(exists, size_of(block)), count)),))
        if count:
            best, front = self._best(block, found, chosen, before), self._front(block, found, chosen)
            partial = partial._replace(best=best, front=front)
        return merge(self.search, before, partial), left

    def _asked(self, found: Mapping[str, Any], varying: Mapping[str, Any]) -> Any:
        """Which layers the condition chooses."""
        return True if self._where is None else self._where({"variant": self._variant, **found, **varying})

    def _by_kernel(self, kernel: Kernel, block: Block, before: Partial) -> tuple[Partial, NDArray[np.int64]]:
        size, last = size_of(block), np.iinfo(np.int64).min
        if len(before.best) == self.search.top and self.search.best and not self.search.front:
            last = -int(before.best[-1].key[0]) - (len(self.search.best) > 1)
        count, ahead, words, missed = kernel.block(block, last)
        partial = self._picked(block, ahead, words)
        partial = partial._replace(counts=((self.number, (size, size - len(missed), count)),))
        return merge(self.search, before, partial), self._rows_of(block, missed)

    def rest(self, rows: NDArray[np.int64]) -> Partial:
        """The answer to rows of the grid that are left from blocks, which have counted them as layers."""
        columns = self._columns.rows(self._whole, rows)
        found, exists = self._columns.answer_rows(columns)
        chosen = exists & self._asked(found, dict(zip(self.grid.fields, columns)))
        partial = self._picked(self._whole, rows[chosen], {word: column[chosen] for word, column in found.items()})
        counts = (0, int(np.count_nonzero(exists)), int(np.count_nonzero(chosen)))
        return partial._replace(counts=((self.number, counts),))

    def _picked(self, block: Block, at: NDArray[np.int64], found: Mapping[str, NDArray[Any]]) -> Partial:
        """Rows by their place in a block, as candidates."""
        if not len(at):
            return Partial()
        return Partial((), self._ranked(block, at, found), self._unbeaten(block, at, found))

    def _best(
        self, block: Block, found: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_], before: Partial
    ) -> tuple[Found, ...]:
        search = self.search
        if not search.top or not search.best:
            return ()
        if len(before.best) == search.top:  # most blocks end here: nothing in them is as good as the last there is
            first, last = search.best[0], before.best[-1].key[0]
            ahead = np.less_equal if len(search.best) > 1 else np.less  # of equal rows the earlier one stays
            better = ahead(_signed(found[first.word], first), last)
            if not better.any():
                return ()
            chosen = chosen & better
            if not chosen.any():
                return ()
        return self._ranked(block, *self._candidates(block, found, chosen, search.best))

    def _candidates(
        self, block: Block, found: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_], orders: tuple[Order, ...]
    ) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
        """The places of the chosen, and the words by which they are compared."""
        shape = tuple([end - first for first, end in block])
        places = _true(np.broadcast_to(chosen, shape))
        columns = {order.word: np.broadcast_to(found[order.word], shape)[places] for order in orders}
        return np.ravel_multi_index(places, shape), columns

    def _ranked(self, block: Block, at: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> tuple[Found, ...]:
        """The best of candidates."""
        search = self.search
        if not search.top or not search.best:
            return ()
        keys = [_signed(columns[order.word], order) for order in search.best]
        if len(at) > 2 * search.top:  # most are behind the last that is kept
            ahead = np.flatnonzero(keys[0] <= np.partition(keys[0], search.top - 1)[search.top - 1])
            at, keys = at[ahead], [key[ahead] for key in keys]
        if len(at) > search.top:
            few = np.lexsort((at, *keys[::-1]))[: search.top]
            at, keys = at[few], [key[few] for key in keys]
        return tuple(sorted(self._found(block, at, keys)))

    def _front(self, block: Block, found: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_]) -> tuple[Found, ...]:
        if not self.search.front:
            return ()
        return self._unbeaten(block, *self._candidates(block, found, chosen, self.search.front))

    def _unbeaten(self, block: Block, at: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> tuple[Found, ...]:
        """The front of candidates; of equal ones the first."""
        if not self.search.front:
            return ()
        keys = [_signed(columns[order.word], order) for order in self.search.front]
        order = np.argsort(at, kind="stable")
        points, first, like = np.unique(np.stack(keys, 1)[order], axis=0, return_index=True, return_counts=True)
        kept = front_of(points)
        chosen = order[first[kept]]
        rows = self._found(block, at[chosen], [key[chosen] for key in keys])
        return tuple([row._replace(like=int(count)) for row, count in zip(rows, like[kept])])

    def _rows_of(self, block: Block, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places in a block as rows of the whole grid."""
        if not len(at):
            return NONE
        inside = np.unravel_index(at, [end - first for first, end in block])
        places = [place + first for place, (first, _) in zip(inside, block)]
        return np.asarray(np.ravel_multi_index(places, self.grid.shape))

    def _rows_where(self, block: Block, there: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows of the whole grid where a column is true that broadcasts to a block."""
        if not there.any():
            return NONE
        rows: NDArray[np.int64] = np.zeros((1, 1), np.int64)
        for at, (places, (first, end)) in enumerate(zip(np.nonzero(there), block)):
            apart = prod(self.grid.shape[at + 1 :])
            if there.shape[at] == end - first:
                rows = rows + ((places + first) * apart)[:, None]
            else:
                rows = (rows[:, :, None] + np.arange(first, end) * apart).reshape(len(rows), -1)
        return rows.ravel()

    def _found(self, block: Block, at: NDArray[np.intp], keys: list[NDArray[Any]]) -> list[Found]:
        rows = self._rows_of(block, at).tolist()
        return [Found(tuple(key), self.number, row) for key, row in zip(zip(*[key.tolist() for key in keys]), rows)]


def _true(column: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
    """Where a column is true: gone through as it lies in memory, which is several times as fast as in its order."""
    order = np.argsort([-stride for stride in column.strides], kind="stable")
    lying = column.transpose(order)
    found = np.unravel_index(np.flatnonzero(lying), lying.shape)
    return tuple([found[at] for at in np.argsort(order)])


def _count(there: NDArray[np.bool_], size: int) -> int:
    """How often a column is true that broadcasts to so many layers."""
    return int(np.count_nonzero(there)) * (size // there.size)


def _signed(values: NDArray[Any], order: Order) -> NDArray[Any]:
    """So that the least is best."""
    return -values if order.descending else values
