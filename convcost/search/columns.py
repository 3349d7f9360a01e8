"""Words of many sizes as arrays: plans, made as sizes need them, one for each way that the code takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.traced import Traced
from .grid import Axis, Grid
from .plans import Plan, Refused, TooLarge, make_plan

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

#: Part of a grid: first number and the one behind the last along each axis.
Block = tuple[tuple[int, int], ...]


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
        self.plans: list[tuple[Plan, bool]] = []
        self._build, self._write = build, write or _unread
        self._walked = 0
        self._axes = axes
        self._intervals = [(min(column), max(column)) for axis in axes for column in zip(*axis.values)]
        longest = max(range(len(axes)), key=lambda at: (len(axes[at].values), at))
        self._inner = longest  # the axis along which numbers lie side by side: what NumPy repeats should be long
        self._arrays = [arrays_along(axis, self._place(at), len(axes)) for at, axis in enumerate(axes)]

    def _place(self, axis: int) -> int:
        """Where an axis of the grid lies in arrays: the longest is the last."""
        last = len(self._axes) - 1
        return last if axis == self._inner else axis - (axis > self._inner)

    def answer(self, block: Block) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """The words of a block as arrays of its shape, and which layers there are: where the variant applies.

        They may be read-only: what is the same along an axis is not written out. Raises TooLarge.
        """
        sizes = self._laid(block)
        lengths = [end - first for first, end in block]
        shape = (*lengths[: self._inner], *lengths[self._inner + 1 :], lengths[self._inner])
        found, exists = self._answer(sizes, shape)
        return {word: np.moveaxis(column, -1, self._inner) for word, column in found.items()}, np.moveaxis(
            exists, -1, self._inner
        )

    def _answer(
        self, sizes: list[NDArray[np.int64]], shape: tuple[int, ...]
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        open_ = np.ones(shape, np.bool_)
        first = next(self._plans(sizes, open_), None)
        exists, found = self._first(*first, sizes, shape, open_) if first else self._nothing(shape)
        filled = [int(open_.size - np.count_nonzero(open_))]
        for plan, applies in islice(self._plans(sizes, open_), 1, None):
            before = np.count_nonzero(open_)
            self._fill(plan, applies, sizes, open_, found, exists)
            filled.append(int(before - np.count_nonzero(open_)))
        if len(filled) > 1:  # the next block is likely to be like this one
            self.plans.insert(0, self.plans.pop(filled.index(max(filled))))
        if open_.any():
            self._one_by_one(sizes, open_, found, exists)
        return found, exists

    def _first(
        self, plan: Plan, applies: bool, sizes: list[NDArray[np.int64]], shape: tuple[int, ...],
        open_: NDArray[np.bool_],
    ) -> tuple[NDArray[np.bool_], dict[str, NDArray[Any]]]:  # fmt: skip
        """What the first plan says of all layers, which is most often everything: nothing is then written out."""
        columns, holds = plan.run(sizes)
        whole = bool(holds.all())
        open_ &= ~holds
        if not applies:
            return self._nothing(shape)
        found = {word: np.broadcast_to(column, shape) for word, column in zip(self.words, columns)}
        return holds, found if whole else {word: np.array(column) for word, column in found.items()}

    def _nothing(self, shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], dict[str, NDArray[Any]]]:
        """Which layers there are, none so far, and room for their words."""
        return np.zeros(shape, np.bool_), {word: np.zeros(shape, type_of(word)) for word in self.words}

    def _plans(self, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_]) -> Iterator[tuple[Plan, bool]]:
        """The plans that there are, then new ones, as long as layers are open."""
        number = 0
        while open_.any():
            if number == len(self.plans):
                places = np.flatnonzero(open_)
                if len(self.plans) and len(places) + self._walked < WORTH:
                    return
                at = np.unravel_index(places[len(places) // 2], open_.shape)
                if not self._learn([int(np.broadcast_to(column, open_.shape)[at]) for column in sizes]):
                    return
            yield self.plans[number]
            number += 1

    def _fill(
        self, plan: Plan, applies: bool, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_],
        found: dict[str, NDArray[Any]], exists: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """What one plan says of the layers that are open: all at once, or, of few, those alone."""
        few = open_.sum() < FEW * open_.size
        given = [np.broadcast_to(column, open_.shape)[open_] for column in sizes] if few else sizes
        columns, holds = plan.run(given)
        held = open_ & holds if not few else _placed(open_, holds)
        open_ &= ~held
        if not applies:
            return
        exists |= held
        for word, column in zip(self.words, columns):
            if few:
                found[word][held] = np.broadcast_to(column, holds.shape)[holds]
            else:
                np.copyto(found[word], column, where=held)

    def varying(self, block: Block) -> dict[str, NDArray[np.int64]]:
        """What varies, by field, each along its own axis."""
        fields = [field for axis in self._axes for field in axis.fields]
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
        """The words of single layers, and which there are."""
        found, exists = self._answer(sizes, sizes[0].shape)
        return found, exists

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
        if len(self.plans) == MOST_PLANS:
            return False
        applies = self._build(example) is not None
        try:
            plan = make_plan(lambda *sizes: self._build(sizes) or [], self._intervals, example, self._write)
        except TooLarge:
            raise
        except Refused:
            return False
        self.plans.append((plan, applies))
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
