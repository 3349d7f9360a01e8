"""A plan with its steps arranged by axis: sums of products, each part worked out along as few axes as can be.

The steps of a traced plan follow the code that was traced: `9 * in * out * height * width` stage by stage. Written as
one sum of products, what depends on channels and what depends on the size come apart, and of millions of layers each
word is a multiplication or two: `(9 * in * out) * (size * size)`, the left side once for all sizes, the right side once
for all channels. Of several numbers the largest is arranged likewise: `max(a * n, b * n)` is `max(a, b) * n`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from math import prod
from typing import Any

from ..analysis.traced import Trace
from .plans import Plan, Refused, make_plan
from .sums import ONE, Factor, Factors, Sum, Sums, in_order, without

#: A sum as products of two sums each.
Way = list[tuple[Sum, Sum]]


def arranged(plan: Plan, axes: Sequence[int], lengths: Sequence[int], example: Sequence[int]) -> Plan:
    """The same plan in fewer steps for a grid: `axes` says which axis each input lies along, `lengths` how long it is.

    >>> plan = make_plan(lambda a, b, n: [a * n * n * (9 + b), a * n * n * 36], [(1, 512)] * 3, [8, 16, 7])
    >>> print(arranged(plan, [0, 1, 2], [512, 512, 512], [8, 16, 7]).source())
    def compute(holds, least, v0, v1, v2):
        if holds.sum() < least * holds.size: return [], holds
        v3 = v2 * v2
        v4 = v1 + 9
        v5 = v0 * v4
        v6 = v3 * v5
        v7 = v2 * 36
        v8 = v2 * v7
        v9 = v0 * v8
        return [v6, v9], holds

    Every step is proven to fit once more, by its own interval; where that fails, or nothing is saved, the plan stays.
    """
    sums = Sums(plan, axes)
    intervals = [plan.ranges[number] for number in plan.inputs]
    try:
        found = make_plan(lambda *sizes: _Arranging(sums, lengths, sizes).outputs(plan), intervals, example)
    except Refused:
        return plan
    return min(found, plan, key=lambda one: cost(one, axes, lengths))


def cost(plan: Plan, axes: Sequence[int], lengths: Sequence[int]) -> int:
    """Numbers that are worked out for a whole grid: of each step as many as the axes that it depends on have places."""
    return sum([prod([lengths[axis] for axis in reads]) for reads in axes_read(plan, axes)])


def axes_read(plan: Plan, axes: Sequence[int]) -> list[frozenset[int]]:
    """The axes that each instruction depends on."""
    found: list[frozenset[int]] = []
    for number, one in enumerate(plan.instructions):
        below = [found[operand] for kind, operand in one.operands if kind == "v"]
        own = {axes[plan.inputs.index(number)]} if one.operation == "input" else set[int]()
        found.append(frozenset(own).union(*below))
    return found


class _Arranging:
    """Works sums out on traced sizes, each along as few axes as can be."""

    def __init__(self, sums: Sums, lengths: Sequence[int], sizes: Sequence[Any]) -> None:
        self._sums, self._lengths, self._sizes = sums, lengths, sizes
        self._trace: Trace = sizes[0].trace
        self._done: dict[Sum, Any] = {}
        self._factors: dict[int, Any] = {}
        self._efforts: dict[Sum, tuple[int, Way | None]] = {}
        self._often: dict[frozenset[int], int] = {}

    def outputs(self, plan: Plan) -> list[Any]:
        """The outputs, once every guard was asked again."""
        for guard in plan.guards:
            left, right = [self._value(self._sums.of(operand)) for operand in (guard.left, guard.right)]
            if self._trace.ask(guard.question, left, right) is not guard.outcome:
                raise AssertionError("the example takes another way than it did")
        return [self._value(self._sums.sums[number]) for number in plan.outputs]

    def _value(self, total: Sum) -> Any:
        if total not in self._done:
            self._done[total] = self._worked_out(total)
        return self._done[total]

    def _worked_out(self, total: Sum) -> Any:
        _, way = self._effort(total)
        if way is None:
            return self._joined([(self._sums.axes_of((one,)), self._product(*one)) for one in total], "+")
        terms = [(self._sums.axes_of(a) | self._sums.axes_of(b), self._times(a, b)) for a, b in way]
        return self._joined(terms, "+")

    def _times(self, left: Sum, right: Sum) -> Any:
        return self._value(left) if right == ONE else self._value(right) if left == ONE else (
            self._value(left) * self._value(right)
        )  # fmt: skip

    def _joined(self, terms: Iterable[tuple[frozenset[int], Any]], operation: str) -> Any:
        """The sum or the largest of terms, those along few axes first."""
        found = [value for _, value in sorted(terms, key=lambda term: self._places(term[0]))] or [0]
        return reduce(lambda a, b: self._trace.compute(operation, a, b) if operation == "max" else a + b, found)

    def _places(self, axes: frozenset[int]) -> int:
        """How often a step is taken: once for all places of its axes, or, in loops, in the innermost that it needs."""
        if axes not in self._often:
            inner = max(axes, default=-1) + 1
            self._often[axes] = prod([self._lengths[axis] for axis in axes]) + prod(self._lengths[:inner])
        return self._often[axes]

    def _effort(self, total: Sum) -> tuple[int, Way | None]:
        """The least work that a sum is, and how: as products of two sums, one of them along one axis alone.

        None for what has no two such: along one axis, or of factors that are along several themselves.
        """
        if total not in self._efforts:
            axes = self._sums.axes_of(total)
            plain = (sum([max(1, len(factors)) for factors, _ in total]) * self._places(axes), None)
            ways = [way for axis in axes for way in self._ways(total, axis)] if len(axes) > 1 else []
            several = [(self._cost(way), way) for way in ways if not any([total in pair for pair in way])]
            self._efforts[total] = min(several, key=lambda one: one[0], default=plain)
        return self._efforts[total]

    def _cost(self, products: Way) -> int:
        found = 0
        terms = []
        for left, right in products:
            axes = self._sums.axes_of(left) | self._sums.axes_of(right)
            found += 0 if ONE in (left, right) else self._places(axes)
            found += self._effort(left)[0] + self._effort(right)[0]
            terms.append(axes)
        whole = frozenset[int]()
        for number, axes in enumerate(sorted(terms, key=self._places)):
            whole |= axes
            found += self._places(whole) if number else 0
        return found

    def _ways(self, total: Sum, axis: int) -> list[Way]:
        """By what stands along the axis, with all that it is multiplied by; and the other way round."""
        along: dict[Factors, dict[Factors, int]] = {}
        beside: dict[Factors, dict[Factors, int]] = {}
        for factors, number in total:
            own = tuple([factor for factor in factors if self._sums.reads[factor] <= {axis}])
            rest = without(factors, own)
            along.setdefault(own, {})[rest] = number
            beside.setdefault(rest, {})[own] = number
        return [
            [(((own, 1),), in_order(rests.items())) for own, rests in along.items()],
            [(((rest, 1),), in_order(owns.items())) for rest, owns in beside.items()],
        ]

    def _product(self, factors: Factors, number: int) -> Any:
        found = number
        for factor in sorted(factors, key=lambda one: self._places(self._sums.reads[one])):
            found = self._factor(factor) * found
        return found

    def _factor(self, number: int) -> Any:
        if number not in self._factors:
            self._factors[number] = self._made(self._sums.factors[number], self._sums.ranges[number])
        return self._factors[number]

    def _made(self, factor: Factor, interval: tuple[int, int]) -> Any:
        if factor.operation == "input":
            return self._sizes[factor.operands[0][0][1] if factor.operands[0] else 0]
        values = [self._value(operand) for operand in factor.operands]
        if factor.operation in ("max", "+"):
            return self._joined(zip(map(self._sums.axes_of, factor.operands), values), factor.operation)
        if factor.function is not None:
            return self._trace.call_within(factor.function, values, *interval)
        return self._trace.compute(factor.operation, *values)
