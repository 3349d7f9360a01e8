"""A plan with its steps arranged by axis: sums of products, each part worked out along as few axes as can be.

The steps of a traced plan follow the code that was traced: `9 * in * out * height * width` stage by stage. Written as
one sum of products, what depends on channels and what depends on the size come apart, and of millions of layers each
word is a multiplication or two: `(9 * in * out) * (size * size)`, the left side once for all sizes, the right side once
for all channels. Of several numbers the largest is arranged likewise: `max(a * n, b * n)` is `max(a, b) * n`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import reduce
from math import gcd, prod
from typing import Any, NamedTuple

from ..analysis.traced import Instruction, Trace
from .plans import Plan, Refused, make_plan

#: Terms up to which a product of two sums is multiplied out; beyond, both stay as they are.
MOST_TERMS = 64

#: Factors of a product, by number, each as often as its power says.
Factors = tuple[int, ...]

#: A sum of products in order: the factors of each, and the number before them.
Sum = tuple[tuple[Factors, int], ...]

#: A sum as products of two sums each.
Way = list[tuple[Sum, Sum]]

ONE: Sum = (((), 1),)


class Factor(NamedTuple):
    """What is not taken apart: an input, or an operation of sums that is neither + nor - nor *."""

    operation: str
    operands: tuple[Sum, ...]
    function: Callable[..., int] | None = None


def arranged(plan: Plan, axes: Sequence[int], lengths: Sequence[int], example: Sequence[int]) -> Plan:
    """The same plan in fewer steps for a grid: `axes` says which axis each input lies along, `lengths` how long it is.

    >>> plan = make_plan(lambda a, b, n: [a * n * n * (9 + b), a * n * n * 36], [(1, 512)] * 3, [8, 16, 7])
    >>> print(arranged(plan, [0, 1, 2], [512, 512, 512], [8, 16, 7]).source())
    def compute(holds, least, v0, v1, v2):
        if holds.sum() < least * holds.size: return [], holds
        v3 = v0 * 9
        v4 = v1 * v0
        v5 = v3 + v4
        v6 = v2 * v2
        v7 = v5 * v6
        v8 = v0 * 36
        v9 = v8 * v6
        return [v7, v9], holds

    Every step is proven to fit once more, by its own interval; where that fails, or nothing is saved, the plan stays.
    """
    sums = _Sums(plan, axes)
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


class _Sums:
    """The instructions of a plan as sums of products of factors."""

    def __init__(self, plan: Plan, axes: Sequence[int]) -> None:
        self.factors: list[Factor] = []
        self.reads: list[frozenset[int]] = []
        self.signed: list[bool] = []  # which factors may be negative
        self.ranges: list[tuple[int, int]] = []
        self._known: dict[Factor, int] = {}
        self._largest_of: dict[Sum, frozenset[Sum]] = {}
        self._axes = axes
        self.sums: list[Sum] = []
        for one, interval in zip(plan.instructions, plan.ranges):
            self.sums.append(self._sum(one, interval))

    def of(self, operand: tuple[str, int]) -> Sum:
        """What an operand is."""
        kind, number = operand
        return self.sums[number] if kind == "v" else _number(number)

    def axes_of(self, total: Sum) -> frozenset[int]:
        """The axes that a sum depends on."""
        return frozenset[int]().union(*[self.reads[factor] for factors, _ in total for factor in factors])

    def _sum(self, one: Instruction, interval: tuple[int, int]) -> Sum:
        if one.operation == "input":
            return self._factor(Factor("input", (_number(one.operands[0][1]),)), interval)
        read = [self.of(operand) for operand in one.operands]
        if one.operation == "constant":
            return read[0]
        if one.operation in ("+", "-"):
            return _added([(1, read[0]), (1 if one.operation == "+" else -1, read[1])])
        if one.operation == "*":
            read = [self._as_factor(part) for part in read]
            if len(read[0]) * len(read[1]) <= MOST_TERMS:
                return _multiplied(*read)
        if one.operation == "max":
            return self._largest(frozenset().union(*[self._largest_of.get(part, {part}) for part in read]))
        return self._factor(Factor(one.operation, tuple(read), one.function), interval)

    def _as_factor(self, total: Sum) -> Sum:
        """A sum along one axis that is a part of a product: it is worked out once, and stays one factor."""
        if len(total) < 2 or len(self.axes_of(total)) != 1:
            return total
        number = gcd(*[n for _, n in total])
        inner = _in_order([(factors, n // number) for factors, n in total])
        least = 0 if self._positive(inner) else -1
        return _multiplied(_number(number), self._factor(Factor("+", (inner,)), (least, 0)))

    def _factor(self, factor: Factor, interval: tuple[int, int]) -> Sum:
        number = self._known.setdefault(factor, len(self.factors))
        if number == len(self.factors):
            own = {self._axes[len(self.factors)]} if factor.operation == "input" else set[int]()
            self.factors.append(factor)
            self.reads.append(frozenset(own).union(*[self.axes_of(operand) for operand in factor.operands]))
            self.signed.append(interval[0] < 0)
            self.ranges.append(interval)
        return (((number,), 1),)

    def _largest(self, sums: Collection[Sum]) -> Sum:
        """The largest of sums: what all have in common before it, without those that another is never below."""
        kept = [one for one in sums if not any([self._never_below(other, one) for other in sums])]
        if len(kept) == 1:
            return kept[0]
        shared = self._shared([factors for one in kept for factors, _ in one])
        number = gcd(*[n for one in kept for _, n in one]) if shared else 1
        parts = sorted([_in_order([(_without(factors, shared), n // number) for factors, n in one]) for one in kept])
        least = 0 if any(map(self._positive, parts)) else -1
        found = _multiplied(((shared, number),), self._factor(Factor("max", tuple(parts)), (least, 0)))
        self._largest_of[found] = frozenset(kept)
        return found

    def _never_below(self, this: Sum, other: Sum) -> bool:
        """Is one sum at least the other whatever the sizes are: is there nothing negative in the difference?"""
        rest = _added([(1, this), (-1, other)])
        return bool(rest) and self._positive(rest)

    def _positive(self, total: Sum) -> bool:
        return all([number > 0 and not any([self.signed[one] for one in factors]) for factors, number in total])

    def _shared(self, products: Sequence[Factors]) -> Factors:
        """The factors that all have, and that are never negative."""
        common = reduce(lambda a, b: a & b, map(Counter, products))
        return tuple(sorted([factor for factor in common.elements() if not self.signed[factor]]))


class _Arranging:
    """Works sums out on traced sizes, each along as few axes as can be."""

    def __init__(self, sums: _Sums, lengths: Sequence[int], sizes: Sequence[Any]) -> None:
        self._sums, self._lengths, self._sizes = sums, lengths, sizes
        self._trace: Trace = sizes[0].trace
        self._done: dict[Sum, Any] = {}
        self._factors: dict[int, Any] = {}
        self._efforts: dict[Sum, tuple[int, Way | None]] = {}

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
        inner = max(axes, default=-1) + 1
        return prod([self._lengths[axis] for axis in axes]) + prod(self._lengths[:inner])

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
            rest = _without(factors, own)
            along.setdefault(own, {})[rest] = number
            beside.setdefault(rest, {})[own] = number
        return [
            [(((own, 1),), _in_order(rests.items())) for own, rests in along.items()],
            [(((rest, 1),), _in_order(owns.items())) for rest, owns in beside.items()],
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


def _number(number: int) -> Sum:
    return (((), number),) if number else ()


def _in_order(terms: Iterable[tuple[Factors, int]]) -> Sum:
    return tuple(sorted([(factors, number) for factors, number in terms if number]))


def _added(parts: Iterable[tuple[int, Sum]]) -> Sum:
    found: dict[Factors, int] = {}
    for times, part in parts:
        for factors, number in part:
            found[factors] = found.get(factors, 0) + times * number
    return _in_order(found.items())


def _multiplied(one: Sum, other: Sum) -> Sum:
    found: dict[Factors, int] = {}
    for factors, number in one:
        for more, times in other:
            product = tuple(sorted(factors + more))
            found[product] = found.get(product, 0) + number * times
    return _in_order(found.items())


def _without(factors: Factors, taken: Factors) -> Factors:
    return tuple(sorted((Counter(factors) - Counter(taken)).elements()))
