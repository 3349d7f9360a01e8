"""Words of many sizes as arrays: plans, made as sizes need them, one for each way that the code takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.traced import Traced
from .grid import Axis, Grid
from .plans import Refused, TooLarge, make_plan
from .tables import Block, Way

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Ways through the code that get a plan of their own; layers that take another are answered one by one.
MOST_PLANS = 256

#: So many layers are answered one by one before they get another plan: making one takes as long.
WORTH = 6

#: The share of a block that is still open below which its layers are gathered instead of computing all again.
FEW = 0.25

#: What makes the wanted words of sizes.
Build = Callable[[Sequence[Any]], list[Any] | None]


def blocks(grid: Grid, layers: int) -> Iterator[Block]:
    """The grid in blocks of about so many layers, in order.

    >>> from .grid import read_grid
    >>> [block[0] for block in blocks(read_grid(["16..80/16:64,128", "@7,14", "k3"])[0], 8)]
    [(0, 2), (2, 4), (4, 5)]
    """
    steps, inside = list[int](), 1
    for length in reversed(grid.shape):
        steps.append(max(1, min(length, layers // inside)))
        inside *= length
    ranges = [
        [(first, min(length, first + step)) for first in range(0, length, step)]
        for length, step in zip(grid.shape, reversed(steps))
    ]
    yield from product(*ranges)


def size_of(block: Block) -> int:
    """How many layers it has."""
    return prod([end - first for first, end in block])


class Columns:
    """Answers for blocks of what `build` makes of sizes, which are numbers or traced; what it learns it uses again.

    `build` gives the wanted words of one configuration, or None where there is none; `write` makes a text of a traced
    size.

    >>> from .grid import read_grid
    >>> from .questions import Question, columns_of
    >>> (grid,) = read_grid(["16..64/16:64", "@7,14", "k3"])
    >>> columns = columns_of(Question(grid, "depthwise-separable", ("macs",)))
    >>> found, exists = columns.answer(next(blocks(grid, 100)))
    >>> found["macs"].ravel().tolist(), int(exists.sum())
    ([57232, 228928, 114464, 457856, 171696, 686784, 228928, 915712], 8)
    """

    def __init__(
        self, axes: Sequence[Axis], words: Sequence[str], build: Build, write: Callable[[Traced], str] | None = None
    ) -> None:
        self.words = words
        self.ways: list[Way] = []
        self._build, self._write = build, write or _unread
        self._walked = 0
        self._filled: list[int] = []
        self._axes = axes
        self._intervals = [(min(column), max(column)) for axis in axes for column in zip(*axis.values)]
        longest = max(range(len(axes)), key=lambda at: (len(axes[at].values), at))
        self._inner = longest  # the axis along which numbers lie side by side: what NumPy repeats should be long
        self._arrays = [arrays_along(axis, self._place(at), len(axes)) for at, axis in enumerate(axes)]
        self._values = [[array.ravel() for array in arrays] for arrays in self._arrays]

    def _place(self, axis: int) -> int:
        """Where an axis of the grid lies in arrays: the longest is the last."""
        last = len(self._axes) - 1
        return last if axis == self._inner else axis - (axis > self._inner)

    def answer(self, block: Block) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """The words of a block as arrays of its shape, and which layers there are: where the variant applies.

        They may be read-only: what is the same along an axis is not written out. Raises TooLarge.
        """
        lengths = [end - first for first, end in block]
        shape = (*lengths[: self._inner], *lengths[self._inner + 1 :], lengths[self._inner])
        found, exists = self._answer(self._laid(block), shape, block)
        self._reorder()
        return {word: self._turned(column) for word, column in found.items()}, self._turned(exists)

    def most(self, block: Block) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]] | None:
        """The same by the first plan alone, where it holds for almost all, and for which layers it does.

        None where it does not. The arrays broadcast to the shape of the block; the layers that are left are to be
        answered with others like them.
        """
        way = self.ways[0] if self.ways else None  # another thread may put another first
        if way is None or not way.applies:
            return None
        found, holds = way.run([], block, self._place, 1 - FEW)
        if not found:
            return None
        return {word: self._turned(column) for word, column in zip(self.words, found)}, self._turned(holds)

    def _turned(self, column: NDArray[Any]) -> NDArray[Any]:
        """With the axes in the order of the grid."""
        last = column.ndim - 1
        return column.transpose(*range(self._inner), last, *range(self._inner, last)) if column.ndim else column

    def _answer(
        self, sizes: list[NDArray[np.int64]], shape: tuple[int, ...], block: Block | None = None
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        open_ = np.ones(shape, np.bool_)
        first = next(self._plans(sizes, open_), None)
        exists, found = self._first(first, sizes, open_, block) if first else self._nothing(shape)
        filled = [int(open_.size - np.count_nonzero(open_))]
        for way in islice(self._plans(sizes, open_), 1, None):
            before = np.count_nonzero(open_)
            self._fill(way, sizes, open_, found, exists, block)
            filled.append(int(before - np.count_nonzero(open_)))
        self._filled = filled
        if open_.any():
            self._one_by_one(sizes, open_, found, exists)
        return found, exists

    def _reorder(self) -> None:
        """First comes what held for the most: the next layers are likely to be like these."""
        if len(self._filled) > 1:
            self.ways.insert(0, self.ways.pop(self._filled.index(max(self._filled))))

    def _first(
        self, way: Way, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_], block: Block | None
    ) -> tuple[NDArray[np.bool_], dict[str, NDArray[Any]]]:
        """What the first plan says of all layers, which is most often everything: nothing is then written out."""
        columns, holds = way.run(sizes, block, self._place)
        open_ &= ~holds
        if not way.applies:
            return self._nothing(open_.shape)
        found = {word: np.broadcast_to(column, open_.shape) for word, column in zip(self.words, columns)}
        if holds.all():
            return np.ones(open_.shape, np.bool_), found
        return ~open_, {word: np.array(column) for word, column in found.items()}

    def _nothing(self, shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], dict[str, NDArray[Any]]]:
        """Which layers there are, none so far, and room for their words."""
        return np.zeros(shape, np.bool_), {word: np.zeros(shape, type_of(word)) for word in self.words}

    def _plans(self, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_]) -> Iterator[Way]:
        """The plans that there are, then new ones, as long as layers are open."""
        number = 0
        while open_.any():
            if number == len(self.ways):
                places = np.flatnonzero(open_)
                if len(self.ways) and len(places) + self._walked < WORTH:
                    return
                at = np.unravel_index(places[len(places) // 2], open_.shape)
                if not self._learn([int(np.broadcast_to(column, open_.shape)[at]) for column in sizes]):
                    return
            yield self.ways[number]
            number += 1

    def _fill(
        self, way: Way, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_],
        found: dict[str, NDArray[Any]], exists: NDArray[np.bool_], block: Block | None,
    ) -> None:  # fmt: skip
        """What one plan says of the layers that are open: all at once, or, of few, those alone."""
        few = open_.sum() < FEW * open_.size
        if few:
            columns, holds = way.plan.run([np.broadcast_to(column, open_.shape)[open_] for column in sizes])
        else:
            columns, holds = way.run(sizes, block, self._place)
        held = open_ & holds if not few else _placed(open_, holds)
        open_ &= ~held
        if not way.applies:
            return
        exists |= held
        for word, column in zip(self.words, columns):
            if few:
                found[word][held] = np.broadcast_to(column, holds.shape)[holds]
            else:
                np.copyto(found[word], column, where=held)

    def varying(self, block: Block, asked: Collection[str]) -> dict[str, NDArray[np.int64]]:
        """What varies, by field, each along its own axis; nothing where none of the fields is `asked` for."""
        fields = [field for axis in self._axes for field in axis.fields]
        if not {*fields} & {*asked}:
            return {}
        return {field: np.moveaxis(array, -1, self._inner) for field, array in zip(fields, self._laid(block))}

    def rows(self, block: Block, at: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """What varies, of the layers at some places of a block."""
        inside = np.unravel_index(at, [end - first for first, end in block])
        return [
            array.ravel()[place + first]
            for arrays, place, (first, _) in zip(self._arrays, inside, block)
            for array in arrays
        ]

    def answer_rows(self, sizes: list[NDArray[np.int64]]) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """The words of single layers, and which there are; blocks go by the plan that they went by before."""
        found, exists = self._answer(sizes, sizes[0].shape)
        return found, exists

    def learn(self, sizes: list[NDArray[np.int64]]) -> None:
        """Find the plans of single layers, and put first what holds for the most."""
        self._answer(sizes, sizes[0].shape)
        self._reorder()

    def _laid(self, block: Block) -> list[NDArray[np.int64]]:
        """The same as it lies in arrays."""
        return [
            array[(slice(None),) * self._place(at) + (slice(*block[at]),)]
            for at, arrays in enumerate(self._arrays)
            for array in arrays
        ]

    def prove(self, example: list[int]) -> bool:
        """Make a plan, for layers like one that there is, which proves that every number of theirs fits; whether it is.

        Raises TooLarge.
        """
        return self._build(example) is not None and self._learn(example)

    def _learn(self, example: list[int]) -> bool:
        """One more plan, for layers that take the same way as the example; whether that was possible."""
        if len(self.ways) == MOST_PLANS:
            return False
        applies = self._build(example) is not None
        try:
            plan = make_plan(lambda *sizes: self._build(sizes) or [], self._intervals, example, self._write)
        except TooLarge:
            raise
        except Refused:
            return False
        self.ways.append(Way(plan, applies, self._values, example))
        return True

    def _one_by_one(
        self, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_], found: dict[str, NDArray[Any]],
        exists: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        columns = [np.broadcast_to(column, open_.shape) for column in sizes]
        for at in zip(*np.nonzero(open_)):
            self._walked += 1
            answer = self._build([int(column[at]) for column in columns])
            if answer is not None:
                exists[at] = True
                for word, value in zip(self.words, answer):
                    found[word][at] = value


def _unread(_: Any) -> str:
    """A size in the text of a message that nobody reads."""
    return "?"


def type_of(word: str) -> type:
    """Of the numbers in a column."""
    return np.float64 if word == "arithmetic_intensity" else np.int64


def arrays_along(axis: Axis, at: int, axes: int) -> list[NDArray[np.int64]]:
    """The values of each field of an axis, as they broadcast among so many axes where it is number `at`."""
    shape = (1,) * at + (-1,) + (1,) * (axes - at - 1)
    return [np.array(column, np.int64).reshape(shape) for column in zip(*axis.values)]


def _placed(open_: NDArray[np.bool_], holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the layers that are open, in order, those that hold, where they are in the block."""
    held = np.zeros_like(open_)
    held[open_] = holds
    return held
