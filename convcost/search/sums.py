"""The steps of a plan as sums of products: `(9 + b) * a * n * n` is one, whatever the order in which it was traced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import reduce
from math import gcd
from typing import NamedTuple

from ..analysis.traced import Instruction
from .plans import Plan

#: Terms up to which a product of two sums is multiplied out; beyond, both stay as they are.
MOST_TERMS = 64

#: Factors of a product, by number, each as often as its power says.
Factors = tuple[int, ...]

#: A sum of products in order: the factors of each, and the number before them.
Sum = tuple[tuple[Factors, int], ...]

#: The sum that is 1.
ONE: Sum = (((), 1),)


class Factor(NamedTuple):
    """What is not taken apart: an input, an operation of sums that is neither + nor - nor *, a sum along one axis."""

    operation: str
    operands: tuple[Sum, ...]
    function: Callable[..., int] | None = None


class Sums:
    """The instructions of a plan as sums of products of factors; `axes` says which axis each input lies along.

    >>> from .plans import make_plan
    >>> plan = make_plan(lambda a, n: [a * n + n * a * 2, (a + 1) * n], [(1, 9), (1, 9)], [3, 4])
    >>> sums = Sums(plan, [0, 1])
    >>> [sums.sums[number] for number in plan.outputs]
    [(((0, 1), 3),), (((1, 2), 1),)]
    """

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
        inner = in_order([(factors, n // number) for factors, n in total])
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
        parts = sorted([in_order([(without(factors, shared), n // number) for factors, n in one]) for one in kept])
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


def _number(number: int) -> Sum:
    return (((), number),) if number else ()


def in_order(terms: Iterable[tuple[Factors, int]]) -> Sum:
    """A sum of terms as it is compared; what there is none of is left out."""
    return tuple(sorted([(factors, number) for factors, number in terms if number]))


def _added(parts: Iterable[tuple[int, Sum]]) -> Sum:
    found: dict[Factors, int] = {}
    for times, part in parts:
        for factors, number in part:
            found[factors] = found.get(factors, 0) + times * number
    return in_order(found.items())


def _multiplied(one: Sum, other: Sum) -> Sum:
    found: dict[Factors, int] = {}
    for factors, number in one:
        for more, times in other:
            product = tuple(sorted(factors + more))
            found[product] = found.get(product, 0) + number * times
    return in_order(found.items())


def without(factors: Factors, taken: Factors) -> Factors:
    """The factors of a product but for some."""
    return tuple(sorted((Counter(factors) - Counter(taken)).elements()))
