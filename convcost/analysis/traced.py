"""Sizes that record what is computed of them: one run of the build and the analysis gives a plan for many layers.

A traced size stands for every value of an interval. Arithmetic records an instruction; a comparison is decided by the
intervals or, where they overlap, by an example, and becomes a guard: the plan holds wherever every guard comes out so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..spec.records import NamedTuple

#: What a plan can do, with two operands each but for `call`.
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "/": lambda a, b: a / b,
    "max": max,
}

#: Questions, each with what decides it for all of two intervals: true, false, or neither.
QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


class Instruction(NamedTuple):
    """One step: `operation` on `operands`, each ("v", number of an instruction) or ("n", number).

    An "input" has its own number; a "call" is of a `function` that is not traced into.
    """

    operation: str
    operands: tuple[tuple[str, int], ...]
    function: Callable[..., int] | None = None


class Guard(NamedTuple):
    """A question that came out as `outcome`, and must for the plan to hold."""

    question: str
    left: tuple[str, int]
    right: tuple[str, int]
    outcome: bool


class Trace:
    """What was computed and asked of sizes since it began.

    >>> trace = Trace()
    >>> channels, size = trace.size(1, 4096, 64), trace.size(1, 512, 56)
    >>> found = 9 * channels * size + 1 if channels == size else 9 * channels
    >>> trace.guards, len(trace.instructions)
    ([Guard(question='==', left=('v', 0), right=('v', 1), outcome=False)], 3)

    `write` makes the text of a size, where somebody asks for it; without it there is none.
    """

    def __init__(self, write: Callable[[Traced], str] | None = None) -> None:
        self.write = write
        self.instructions: list[Instruction] = []
        self.guards: list[Guard] = []
        self.ranges: list[tuple[int, int]] = []
        self._known: dict[Instruction, int] = {}
        self._inputs = 0

    def size(self, low: int, high: int, example: int) -> Traced:
        """A size from `low` to `high`; what this leaves open is answered by `example`."""
        if not low <= example <= high:
            raise ValueError(f"{example} is not in {low} to {high}")
        self._inputs += 1
        return self._add(Instruction("input", (("n", self._inputs - 1),)), low, high, example)

    def call(self, function: Callable[..., int], given: Sequence[Any], highest: Callable[..., int] | None) -> Traced:
        """`function` of sizes and numbers, taken as it is: from 0 to the `highest` of what they may be, at most.

        Without that it rises with each of them, and lies between what it is of the least and of the largest.
        """
        lows, highs = zip(*map(_bounds, given))
        low, high = 0 if highest else function(*lows), (highest or function)(*highs)
        return self.call_within(function, given, low, high)

    def call_within(self, function: Callable[..., int], given: Sequence[Any], low: int, high: int) -> Traced:
        """The same where it is known between which numbers the result lies."""
        operands = tuple([_operand(self, one) for one in given])
        return self._add(Instruction("call", operands, function), low, high, function(*map(_example, given)))

    def constant(self, number: int) -> Traced:
        """A number as a result."""
        return self._add(Instruction("constant", (("n", number),)), number, number, number)

    def settled(self, size: Traced) -> Traced:
        """The same size without an offset, which is one more step."""
        if size.trace is not self:
            raise ValueError("sizes of two traces do not mix")
        if not size.offset:
            return size
        step = Instruction("+", (("v", size.number), ("n", size.offset)))
        return self._add(step, size.low, size.high, size.example)

    def ask(self, question: str, left: Any, right: Any) -> bool:
        """The answer for the whole intervals, or for the examples, with a guard."""
        a, b = _bounds(left), _bounds(right)
        decided = _decided(question, left, right, a, b)
        if decided is not None:
            return decided
        outcome = bool(QUESTIONS[question](_example(left), _example(right)))
        guard = Guard(question, _operand(self, left), _operand(self, right), outcome)
        if guard not in self.guards:
            self.guards.append(guard)
            self._narrow(question, left, right, outcome)
        return outcome

    def _narrow(self, question: str, left: Any, right: Any, outcome: bool) -> None:
        """Under the guard just made a size that was held against a number lies in a smaller interval."""
        if isinstance(left, Traced) and type(right) is int:
            low, high = self.ranges[left.number]
            edge = right - left.offset
            if question == "==":
                low, high = (edge, edge) if outcome else (low + (low == edge), high - (high == edge))
            else:
                below = edge - (question == "<")
                low, high = (low, min(high, below)) if outcome else (max(low, below + 1), high)
            self.ranges[left.number] = (low, high)
        elif isinstance(right, Traced) and type(left) is int and question != "==":
            low, high = self.ranges[right.number]
            above = left - right.offset + (question == "<")
            self.ranges[right.number] = (max(low, above), high) if outcome else (low, min(high, above - 1))

    def compute(self, operation: str, left: Any, right: Any) -> Any:
        """One step; a number where both sides are, or where it is the same whatever the size."""
        easy = _easy(operation, left, right)
        if easy is not None:
            return easy
        (a, b), (c, d) = _bounds(left), _bounds(right)
        low, high = _RANGES[operation](a, b, c, d)
        example = OPERATIONS[operation](_example(left), _example(right))
        operands = (_operand(self, left), _operand(self, right))
        return self._add(Instruction(operation, operands), low, high, example)

    def _add(self, instruction: Instruction, low: int, high: int, example: int) -> Traced:
        number = self._known.setdefault(instruction, len(self.instructions))
        if number == len(self.instructions):
            self.instructions.append(instruction)
            self.ranges.append((low, high))
        return Traced(self, number, 0, example)


class Traced:
    """A size that records: the result of instruction `number`, `offset` added to it; not a number, and no text.

    Sums with numbers stay in the offset, so that `n + 2 - 2` is `n` again and needs no guard.
    """

    __slots__ = ("example", "number", "offset", "trace")
    __hash__ = None  # type: ignore[assignment]  # a cache would hand it to another trace

    def __init__(self, trace: Trace, number: int, offset: int, example: int) -> None:
        self.trace, self.number, self.offset, self.example = trace, number, offset, example

    @property
    def low(self) -> int:
        """The least that it can be."""
        return self.trace.ranges[self.number][0] + self.offset

    @property
    def high(self) -> int:
        """The most."""
        return self.trace.ranges[self.number][1] + self.offset

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Traced):
            if self.offset or other.offset:
                return self._plain() + other._plain() + (self.offset + other.offset)
            return self.trace.compute("+", self, other)
        return Traced(self.trace, self.number, self.offset + other, self.example + other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Traced):
            if self.number == other.number:
                return self.offset - other.offset
            if self.offset or other.offset:
                return self._plain() - other._plain() + (self.offset - other.offset)
            return self.trace.compute("-", self, other)
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __neg__(self) -> Any:
        return self * -1

    def __mul__(self, other: Any) -> Any:
        return self.trace.compute("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.trace.compute("*", self, other)

    def __floordiv__(self, other: Any) -> Any:
        return self.trace.compute("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self.trace.compute("//", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.trace.compute("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.trace.compute("/", other, self)

    def __mod__(self, other: Any) -> Any:
        return self.trace.compute("%", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self.trace.compute("%", other, self)

    def __eq__(self, other: object) -> bool:
        return self.trace.ask("==", self, other)

    def __ne__(self, other: object) -> bool:
        return not self.trace.ask("==", self, other)

    def __lt__(self, other: Any) -> bool:
        return self.trace.ask("<", self, other)

    def __le__(self, other: Any) -> bool:
        return self.trace.ask("<=", self, other)

    def __gt__(self, other: Any) -> bool:
        return self.trace.ask("<", other, self)

    def __ge__(self, other: Any) -> bool:
        return self.trace.ask("<=", other, self)

    def __bool__(self) -> bool:
        return not self.trace.ask("==", self, 0)

    def __repr__(self) -> str:
        if self.trace.write is None:
            raise TypeError("a traced size has no text: whoever writes it would write one layer's for all")
        return self.trace.write(self)

    def _plain(self) -> Traced:
        return Traced(self.trace, self.number, 0, self.example - self.offset)


class Marks:
    """Numbers that stand for traced sizes where code writes numbers into text and reads them again.

    >>> marks = Marks()
    >>> size = Trace(marks.write).size(1, 9, 5)
    >>> read = marks.read({"channels": (3, int(str(size)))})
    >>> read["channels"][1] is size
    True
    """

    FIRST = 851_736_429_000_000_000

    def __init__(self) -> None:
        self.sizes: list[Traced] = []

    def write(self, size: Traced) -> str:
        """The number for a size, in digits."""
        self.sizes.append(size)
        return str(self.FIRST + len(self.sizes) - 1)

    def read(self, value: Any) -> Any:
        """The same value with sizes in the places of their numbers; ValueError where one was computed with."""
        if type(value) is int and value >= self.FIRST // 1000:
            if not self.FIRST <= value < self.FIRST + len(self.sizes):
                raise ValueError("a size was computed with as if it were a number")
            return self.sizes[value - self.FIRST]
        if isinstance(value, dict):
            return {key: self.read(one) for key, one in value.items()}
        if isinstance(value, tuple):
            items = [self.read(one) for one in value]
            return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
        return value


def _operand(trace: Trace, given: Any) -> tuple[str, int]:
    """What an instruction reads for a size or a number."""
    if isinstance(given, Traced):
        return ("v", trace.settled(given).number)
    if type(given) is not int:
        raise TypeError(f"{given!r} is no size")
    return ("n", given)


def _bounds(given: Any) -> tuple[int, int]:
    return (given.low, given.high) if isinstance(given, Traced) else (given, given)


def _example(given: Any) -> int:
    return given.example if isinstance(given, Traced) else given


def _easy(operation: str, left: Any, right: Any) -> Any:
    """What needs no step: times 1, times 0, over 1 or itself, the larger by its interval; None for anything else."""
    if operation == "*":
        return (left if right else 0) if type(right) is int and right in (0, 1) else None
    if operation == "max":
        (a, b), (c, d) = _bounds(left), _bounds(right)
        return left if a >= d else right if c >= b else None
    if type(right) is int and right == 1:
        return {"//": left, "%": 0}.get(operation)
    if _same(left, right) and left.low > 0:
        return {"//": 1, "%": 0}.get(operation)
    return None


def _same(left: Any, right: Any) -> bool:
    sizes = isinstance(left, Traced) and isinstance(right, Traced)
    return sizes and (left.number, left.offset) == (right.number, right.offset)


def _decided(question: str, left: Any, right: Any, a: tuple[int, int], b: tuple[int, int]) -> bool | None:
    """The answer where it is the same for all of both intervals."""
    if isinstance(left, Traced) and isinstance(right, Traced) and left.number == right.number:
        return bool(QUESTIONS[question](left.offset, right.offset))
    if question == "==":
        return False if a[1] < b[0] or b[1] < a[0] else True if a == b and a[0] == a[1] else None
    corners = {bool(QUESTIONS[question](a[1], b[0])), bool(QUESTIONS[question](a[0], b[1]))}
    return corners.pop() if len(corners) == 1 else None


def _product_range(a: int, b: int, c: int, d: int) -> tuple[int, int]:
    corners = (a * c, a * d, b * c, b * d)
    return min(corners), max(corners)


def _quotient_range(a: int, b: int, c: int, d: int) -> tuple[int, int]:
    if c < 1:
        raise ValueError("a divisor may be 0 or negative")
    corners = (a // c, a // d, b // c, b // d)
    return min(corners), max(corners)


def _remainder_range(a: int, b: int, c: int, d: int) -> tuple[int, int]:
    if c < 1:
        raise ValueError("a divisor may be 0 or negative")
    return (a, b) if a >= 0 and b < c else (0, d - 1)


#: The interval of a result, from those of both sides.
_RANGES: dict[str, Callable[[int, int, int, int], tuple[int, int]]] = {
    "+": lambda a, b, c, d: (a + c, b + d),
    "-": lambda a, b, c, d: (a - d, b - c),
    "*": _product_range,
    "//": _quotient_range,
    "/": lambda a, b, c, d: _quotient_range(a, b + d, c, d),
    "max": lambda a, b, c, d: (max(a, c), max(b, d)),
    "%": _remainder_range,
}
