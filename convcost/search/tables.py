"""What of a plan depends on one axis of a grid alone: worked out once for the whole axis, for every block of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .factors import arranged, axes_read
from .plans import ALWAYS, Compute, Plan, needed, steps_asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Places of an axis up to which every step along it has a table; beyond, inputs and calls alone.
MOST_PLACES = 4096

#: Layers of a grid from which on arranging the steps of a plan, which takes some milliseconds, pays.
WORTH_ARRANGING = 1 << 22

#: Part of a grid: first number and the one behind the last along each axis.
Block = tuple[tuple[int, int], ...]

#: The numbers of a grid: of each axis a column for each of its fields.
Values = Sequence[Sequence["NDArray[np.int64]"]]


class Tables:
    """A plan for the layers of a grid: `columns` has a table for each of the instructions `given`, which lie along the
    `axis` of the same place; `holds` says of each axis where the plan may hold, None where everywhere; `guards` are
    those of several axes.

    >>> from .plans import make_plan
    >>> plan = make_plan(lambda a, n: [a * (n * n)], [(1, 99), (1, 99)], [3, 4])
    >>> tables = Tables(plan, [[np.array([1, 2])], [np.array([3, 4, 5])]])
    >>> [column.tolist() for column in tables.columns]
    [[1, 2], [9, 16, 25]]
    """

    def __init__(self, plan: Plan, axes: Values) -> None:
        self.plan, self.values = plan, axes
        along = [at for at, columns in enumerate(axes) for _ in columns]
        self.reads = axes_read(plan, along)
        self.guards = [guard for guard in plan.guards if len(self._of(steps_asked(guard))) != 1]
        self.given = self._needed()
        self.axis = [min(self.reads[number]) for number in self.given]
        self.columns: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(self.given)
        self.holds = [self._fill(at) for at in range(len(axes))]

    def _of(self, numbers: Sequence[int]) -> set[int]:
        """The axes that they depend on."""
        return set[int]().union(*[self.reads[number] for number in numbers])

    def _has_table(self, number: int) -> bool:
        one, reads = self.plan.instructions[number], self.reads[number]
        if len(reads) != 1:
            return False
        return one.operation in ("input", "call") or len(self.values[min(reads)][0]) <= MOST_PLACES

    def _needed(self) -> list[int]:
        """The tables that outputs, guards and steps along several axes read."""
        read = {*self.plan.outputs, *[number for guard in self.guards for number in steps_asked(guard)]}
        tables = [number for number in range(len(self.plan.instructions)) if self._has_table(number)]
        return [number for number in sorted(needed(self.plan.instructions, read, tables)) if number in {*tables}]

    def _fill(self, at: int) -> NDArray[np.bool_] | None:
        """The tables of one axis; where along it the plan may hold."""
        fields = [number for number in self.plan.inputs if self.reads[number] == {at}]
        guards = [guard for guard in self.plan.guards if self._of(steps_asked(guard)) == {at}]
        places = [place for place, axis in enumerate(self.axis) if axis == at]
        holds: Any = np.ones((), np.bool_)
        columns = []
        for number, values in zip(fields, self.values[at]):
            column, inside = self.plan.inside(self.plan.inputs.index(number), values)
            columns.append(column)
            holds = holds & inside
        outputs = tuple([self.given[place] for place in places])
        alone = Plan(self.plan.instructions, (), outputs, self.plan.ranges)
        found, holds = alone.compiled(fields, guards)(holds, ALWAYS, *columns)
        for place, column in zip(places, found):
            self.columns[place] = np.broadcast_to(np.asarray(column), columns[0].shape)
        return None if holds.all() else np.broadcast_to(holds, columns[0].shape)

    @cached_property
    def compute(self) -> Compute:
        """The rest of the plan: called with where it may hold, for which share it must, and parts of the tables."""
        return self.plan.compiled(self.given, self.guards)


class Way:
    """A plan for the layers of a grid that take one way through the code, and whether they are any there."""

    def __init__(self, plan: Plan, applies: bool, axes: Values, example: Sequence[int]) -> None:
        self.plan, self.applies, self._axes, self._example = plan, applies, axes, example

    @cached_property
    def tables(self) -> Tables:
        """The plan for blocks, arranged by axis where there are many; what depends on one axis alone has a table."""
        lengths = [len(columns[0]) for columns in self._axes]
        along = [at for at, columns in enumerate(self._axes) for _ in columns]
        worth = prod(lengths) >= WORTH_ARRANGING
        plan = arranged(self.plan, along, lengths, self._example) if worth else self.plan
        return Tables(plan, self._axes)

    def run(
        self, sizes: list[NDArray[np.int64]], block: Block | None, place: Callable[[int], int], least: float = ALWAYS
    ) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """The outputs and where the plan holds, for sizes or, where they are those of a block, by tables.

        Both have the shapes of what they depend on; axis `at` of the grid lies at `place(at)`. There are no outputs
        where the plan holds for less than the `least` share.
        """
        if block is None:
            return self.plan.run(sizes)
        tables = self.tables
        holds: NDArray[np.bool_] = np.ones((1,) * len(block), np.bool_)
        for at, held in enumerate(tables.holds):
            holds = holds if held is None else holds & _along(held, block[at], place(at), len(block))
        given = [_along(column, block[at], place(at), len(block)) for column, at in zip(tables.columns, tables.axis)]
        found, holds = tables.compute(holds, least, *given)
        return [np.asarray(column) for column in found], holds


def _along(column: NDArray[Any], ends: tuple[int, int], at: int, axes: int) -> NDArray[Any]:
    return column[slice(*ends)].reshape((1,) * at + (-1,) + (1,) * (axes - at - 1))
