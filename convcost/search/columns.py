"""The words of many layers as arrays: plans, made as layers need them, one for each way that the code takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..analysis import analyze, words
from ..spec.check import check_spec
from ..spec.errors import Problem, SpecError
from ..spec.layer import LayerSpec
from ..variants.registry import DoesNotApply, build_variant
from .grid import Grid
from .plans import Plan, Refused, make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The words of a row that are one number.
NUMBERS = (
    "params", "macs", "effective_macs", "flops", "elementwise", "conv_activations", "weight_bytes", "activation_bytes",
    "peak_bytes", "traffic_bytes", "arithmetic_intensity",
)  # fmt: skip

#: Ways through the code that get a plan of their own; layers that take another are answered one by one.
MOST_PLANS = 256

#: The share of a block that is still open below which its layers are gathered instead of computing all again.
FEW = 0.25


class Question(NamedTuple):
    """One variant of the layers of one grid, and which of its words are wanted."""

    grid: Grid
    variant: str
    words: tuple[str, ...] = NUMBERS
    inplace: bool = True


class Block(NamedTuple):
    """Part of a grid: in channels `inner[0]` to `inner[1]` and out channels `outer[0]` to `outer[1]`, by number."""

    inner: tuple[int, int]
    outer: tuple[int, int]


def blocks(grid: Grid, layers: int) -> Iterator[Block]:
    """The grid in blocks of about so many layers, in order.

    >>> from .grid import read_grid
    >>> [block.inner for block in blocks(read_grid(["16..80/16:64,128", "@7,14", "k3"])[0], 8)]
    [(0, 2), (2, 4), (4, 5)]
    """
    inner, outer, sizes = len(grid.in_channels), len(grid.out_channels or (0,)), len(grid.sizes)
    across = max(1, min(outer, layers // sizes))
    down = max(1, layers // (outer * sizes)) if across == outer else 1
    for first in range(0, inner, down):
        for second in range(0, outer, across):
            yield Block((first, min(inner, first + down)), (second, min(outer, second + across)))


class Columns:
    """Answers a question for blocks; what it learns of one it uses for the next.

    >>> from .grid import read_grid
    >>> (grid,) = read_grid(["16..64/16:64", "@7,14", "k3"])
    >>> found, exists = Columns(Question(grid, "depthwise-separable", ("macs",))).answer(next(blocks(grid, 100)))
    >>> found["macs"].tolist(), int(exists.sum())
    ([[[57232, 228928]], [[114464, 457856]], [[171696, 686784]], [[228928, 915712]]], 8)
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.plans: list[tuple[Plan, bool]] = []
        self._base = question.grid.example()
        self._intervals = _intervals(question.grid)

    def answer(self, block: Block) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """The words of a block as arrays (in, out, size), and which layers there are: where the variant applies."""
        sizes = self.sizes(block)
        shape = np.broadcast_shapes(*[column.shape for column in sizes])
        exists, open_ = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
        found: dict[str, NDArray[Any]] = {
            word: np.zeros(shape, np.float64 if word == "arithmetic_intensity" else np.int64)
            for word in self.question.words
        }
        for plan, applies in self._plans(sizes, open_):
            self._fill(plan, applies, sizes, open_, found, exists)
        if open_.any():
            self._one_by_one(sizes, open_, found, exists)
        return found, exists

    def _plans(self, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_]) -> Iterator[tuple[Plan, bool]]:
        """The plans that there are, then new ones, as long as layers are open."""
        number = 0
        while open_.any():
            if number == len(self.plans):
                at = np.unravel_index(open_.argmax(), open_.shape)
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
        whole = bool(held.all())
        for word, column in zip(self.question.words, columns):
            if few:
                found[word][held] = np.broadcast_to(column, holds.shape)[holds]
            elif whole:
                found[word][...] = column
            else:
                np.copyto(found[word], column, where=held)

    def sizes(self, block: Block) -> list[NDArray[np.int64]]:
        """In channels, out channels where they are given, and the input size, each along its own axis."""
        grid = self.question.grid
        columns = [np.array(grid.in_channels[slice(*block.inner)], np.int64)[:, None, None]]
        if grid.out_channels:
            columns.append(np.array(grid.out_channels[slice(*block.outer)], np.int64)[None, :, None])
        return [*columns, *[np.array(axis, np.int64)[None, None, :] for axis in zip(*grid.sizes)]]

    def spec(self, sizes: Sequence[Any]) -> LayerSpec:
        """The layer of those sizes, numbers or traced ones."""
        inner, *rest = sizes
        outer = rest.pop(0) if self.question.grid.out_channels else inner
        spatial = tuple(rest) if len(rest) > 1 else (rest[0],) * self._base.axes
        return self._base._replace(in_channels=inner, out_channels=outer, input_size=spatial)

    def _learn(self, example: list[int]) -> bool:
        """One more plan, for layers that take the same way as the example; whether that was possible."""
        if len(self.plans) == MOST_PLANS:
            return False
        applies = self._outputs(example) is not None
        try:
            plan = make_plan(lambda *sizes: self._outputs(sizes) or [], self._intervals, example)
        except Refused:
            return False
        self.plans.append((plan, applies))
        return True

    def _outputs(self, sizes: Sequence[Any]) -> list[Any] | None:
        """The wanted words of one layer; None where there is no such layer, or the variant is none for it."""
        spec = self.spec(sizes)
        try:
            check_spec(spec)
            built = build_variant(self.question.variant, spec)
        except (DoesNotApply, Problem, SpecError):
            return None
        found = words(analyze(built.graph, self.question.inplace, built.shapes))
        return [found[word] for word in self.question.words]

    def _one_by_one(
        self, sizes: list[NDArray[np.int64]], open_: NDArray[np.bool_], found: dict[str, NDArray[Any]],
        exists: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        columns = [np.broadcast_to(column, open_.shape) for column in sizes]
        for at in zip(*np.nonzero(open_)):
            answer = self._outputs([int(column[at]) for column in columns])
            if answer is not None:
                exists[at] = True
                for word, value in zip(self.question.words, answer):
                    found[word][at] = value


def _placed(open_: NDArray[np.bool_], holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the layers that are open, in order, those that hold, where they are in the block."""
    held = np.zeros_like(open_)
    held[open_] = holds
    return held


def _intervals(grid: Grid) -> list[tuple[int, int]]:
    columns = [grid.in_channels, *([grid.out_channels] if grid.out_channels else []), *zip(*grid.sizes)]
    return [(min(column), max(column)) for column in columns]
