"""Traced sizes: what each step computes, in which interval it lies, and what a question makes known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tables import each

from convcost.analysis.sizes import largest, opaque, products_on_data
from convcost.analysis.traced import Marks, Trace, Traced
from convcost.graph.ops import Linear

Step = Callable[[Any], Any]


@each(
    ("step", "example", "interval"),
    [
        (lambda n: n + 3, 9, (5, 12)),
        (lambda n: 3 + n, 9, (5, 12)),
        (lambda n: n - 3, 3, (-1, 6)),
        (lambda n: 20 - n, 14, (11, 18)),
        (lambda n: -n, -6, (-9, -2)),
        (lambda n: n * 3, 18, (6, 27)),
        (lambda n: 3 * n, 18, (6, 27)),
        (lambda n: n * -3, -18, (-27, -6)),
        (lambda n: n * n, 36, (4, 81)),
        (lambda n: n // 4, 1, (0, 2)),
        (lambda n: 20 // n, 3, (2, 10)),
        (lambda n: n % 4, 2, (0, 3)),
        (lambda n: n % 10, 6, (2, 9)),
        (lambda n: 20 % n, 2, (0, 8)),
        (lambda n: n / 4, 1.5, (0, 3)),
        (lambda n: 15 / n, 2.5, (1, 12)),
        (lambda n: n + n, 12, (4, 18)),
        (lambda n: (n + 3) * 2, 18, (10, 24)),
        (lambda n: (n + 3) + (2 * n - 1), 20, (8, 29)),
        (lambda n: (2 * n + 3) - (n * n - 1), -20, (-73, 18)),
        (lambda n: largest([n, 5]), 6, (5, 9)),
        (lambda n: largest([4, n - 1, 2]), 5, (4, 8)),
    ],
)
def test_a_step_says_the_example_and_the_interval(step: Step, example: float, interval: tuple[int, int]) -> None:
    """Of a size from 2 to 9 that is 6: by hand. A quotient of two may be rounded up to the next number."""
    found = step(Trace().size(2, 9, 6))
    assert (found.example, (found.low, found.high)) == (example, interval)


@each(
    ("step", "number"),
    [
        (lambda n: n * 0, 0), (lambda n: 0 * n, 0), (lambda n: n - n, 0), (lambda n: (n + 5) - (n + 2), 3),
        (lambda n: n // n, 1), (lambda n: n % n, 0), (lambda n: n % 1, 0), (lambda n: (n + 2) // (n + 2), 1),
    ],
)  # fmt: skip
def test_what_is_one_number_whatever_the_size_is_that_number(step: Step, number: int) -> None:
    trace = Trace()
    found = step(trace.size(2, 9, 6))
    assert (type(found), found, len(trace.instructions)) == (int, number, 1)


@each(
    "step",
    [
        lambda n: n * 1, lambda n: 1 * n, lambda n: n // 1, lambda n: n + 4 - 4, lambda n: 0 + n,
        lambda n: largest([n, 1]), lambda n: largest([2, n]), lambda n: largest([n, 2, 1]),
    ],
)  # fmt: skip
def test_what_changes_nothing_is_no_step(step: Step) -> None:
    """The very instruction again, and no other; at the end of its interval a number is no larger than a size."""
    trace = Trace()
    size = trace.size(2, 9, 6)
    found = step(size)
    assert (found.number, found.offset, found.example, len(trace.instructions)) == (size.number, 0, 6, 1)


@pytest.mark.parametrize("beyond", [9, 10])
def test_a_number_at_the_end_of_the_interval_or_beyond_is_the_largest(beyond: int) -> None:
    trace = Trace()
    assert largest([trace.size(2, 9, 6), beyond]) == beyond
    assert len(trace.instructions) == 1


@each(
    "step",
    [
        lambda n: n // 2, lambda n: n * 2, lambda n: n % 2, lambda n: largest([n, 3]), lambda n: n / 1, lambda n: n / n,
        lambda n: n // (n + 1), lambda n: n % (n + 1),
    ],
)  # fmt: skip
def test_what_changes_something_is_one_step_and_the_same_one_again(step: Step) -> None:
    trace = Trace()
    size = trace.size(2, 9, 6)
    first, known = step(size), len(trace.instructions)
    again = step(size)
    assert isinstance(first, Traced)
    assert (first.number, known) == (again.number, len(trace.instructions))
    assert known > 1


def test_a_size_that_may_be_0_divides_nothing() -> None:
    """Not even itself."""
    none = Trace().size(0, 9, 6)
    for divide in (lambda: none // none, lambda: none % none, lambda: 5 // none, lambda: 5 / none):
        with pytest.raises(ValueError, match="a divisor may be 0 or negative"):
            divide()


def test_a_size_from_1_on_divides() -> None:
    size = Trace().size(1, 9, 6)
    assert [(made.low, made.high) for made in (20 // size, 20 % size)] == [(2, 20), (0, 8)]
    assert (size // size, size % size) == (1, 0)


@each(
    ("low", "high", "by", "interval"),
    [(0, 8, 9, (0, 8)), (0, 9, 9, (0, 8)), (3, 8, 9, (3, 8)), (3, 9, 9, (0, 8)), (-1, 3, 9, (0, 8))],
)
def test_a_remainder_of_less_than_the_divisor_is_all_of_it(
    low: int, high: int, by: int, interval: tuple[int, int]
) -> None:
    made = Trace().size(low, high, high) % by
    assert (made.low, made.high) == interval


@each(
    ("ask", "outcome", "interval"),
    [
        (lambda n: n < 7, True, (2, 6)),
        (lambda n: n < 6, False, (6, 9)),
        (lambda n: n <= 6, True, (2, 6)),
        (lambda n: n <= 5, False, (6, 9)),
        (lambda n: n > 5, True, (6, 9)),
        (lambda n: n > 6, False, (2, 6)),
        (lambda n: n >= 6, True, (6, 9)),
        (lambda n: n >= 7, False, (2, 6)),
        (lambda n: n == 6, True, (6, 6)),
        (lambda n: n == 5, False, (2, 9)),
        (lambda n: n == 2, False, (3, 9)),
        (lambda n: n == 9, False, (2, 8)),
        (lambda n: n != 9, True, (2, 8)),
        (lambda n: n != 6, False, (6, 6)),
        (lambda n: n + 3 < 10, True, (2, 6)),
        (lambda n: n - 3 >= 3, True, (6, 9)),
        (lambda n: n + 3 == 9, True, (6, 6)),
        (lambda n: n + 3 > 9, False, (2, 6)),
        (lambda n: n + 3 >= 9, True, (6, 9)),
        (lambda n: bool(n - 2), True, (3, 9)),
        (lambda n: bool(n - 6), False, (6, 6)),
    ],
)
def test_an_answer_narrows_the_interval(ask: Step, outcome: bool, interval: tuple[int, int]) -> None:
    """To the sizes that have the same answer, of 2 to 9 with 6 as example; then it is known, without another guard."""
    trace = Trace()
    size = trace.size(2, 9, 6)
    assert ask(size) is outcome
    assert (len(trace.guards), (size.low, size.high)) == (1, interval)
    assert ask(size) is outcome
    assert len(trace.guards) == 1


@each(
    ("ask", "outcome"),
    [
        (lambda n: n < 10, True), (lambda n: n < 2, False), (lambda n: n <= 9, True), (lambda n: n <= 1, False),
        (lambda n: n > 1, True), (lambda n: n > 9, False), (lambda n: n >= 2, True), (lambda n: n >= 10, False),
        (lambda n: n == 1, False), (lambda n: n == 10, False), (lambda n: n != 10, True), (bool, True),
        (lambda n: n + 1 > n, True), (lambda n: n + 1 <= n, False), (lambda n: n == n + 1, False),
        (lambda n: n * 2 == n * 2, True),
    ],
)  # fmt: skip
def test_what_the_interval_decides_is_no_guard(ask: Step, outcome: bool) -> None:
    """At either end of 2 to 9."""
    trace = Trace()
    size = trace.size(2, 9, 6)
    assert ask(size) is outcome
    assert (trace.guards, (size.low, size.high)) == ([], (2, 9))


@each(
    ("ask", "outcome", "guards"),
    [
        (lambda a, b: a == b, False, 1), (lambda a, b: a < b, True, 1), (lambda a, b: a >= b, False, 1),
        (lambda a, b: a == b - 3, True, 1), (lambda a, b: a < b + 20, True, 0), (lambda a, b: a + 20 == b, False, 0),
        (lambda a, b: b == a + 20, False, 0), (lambda a, b: a < b - 9, False, 0), (lambda a, b: a < b + 9, True, 1),
    ],
)  # fmt: skip
def test_two_sizes_are_held_against_each_other(ask: Any, outcome: bool, guards: int) -> None:
    """From 1 to 10, 4 and 7: the intervals stay, which an answer about both does not narrow."""
    trace = Trace()
    one, other = trace.size(1, 10, 4), trace.size(1, 10, 7)
    assert ask(one, other) is outcome
    assert (len(trace.guards), one.low, one.high, other.low, other.high) == (guards, 1, 10, 1, 10)


def test_a_size_of_one_value_is_that_value() -> None:
    """Another one of the same single value is equal to it, without a guard."""
    trace = Trace()
    one, same = trace.size(5, 5, 5), trace.size(5, 5, 5)
    assert one == 5
    assert one == same
    assert trace.guards == []
    assert trace.constant(7) == 7
    assert (trace.constant(7) + one).example == 12
    assert trace.guards == []


@pytest.mark.parametrize(("low", "high", "example"), [(1, 9, 0), (1, 9, 10)])
def test_an_example_lies_in_its_interval(low: int, high: int, example: int) -> None:
    with pytest.raises(ValueError, match=f"{example} is not in {low} to {high}"):
        Trace().size(low, high, example)
    assert [Trace().size(low, high, end).example for end in (low, high)] == [low, high]


def test_inputs_are_numbered_and_steps_name_what_they_read() -> None:
    """An offset is a step of its own where it is read by another, and only then."""
    trace = Trace()
    one, other = trace.size(1, 9, 5), trace.size(1, 9, 6)
    (one + 2) * other
    assert [(step.operation, step.operands) for step in trace.instructions] == [
        ("input", (("n", 0),)), ("input", (("n", 1),)), ("+", (("v", 0), ("n", 2))), ("*", (("v", 2), ("v", 1))),
    ]  # fmt: skip
    assert trace.ranges == [(1, 9), (1, 9), (3, 11), (3, 99)]
    assert trace.settled(one) is one


def test_sums_of_sizes_carry_their_offsets() -> None:
    """The step adds what is recorded, and the rest is added to the result."""
    trace = Trace()
    one, other = trace.size(1, 9, 5), trace.size(1, 9, 6)
    for made, offset in (((one + 2) + (other + 3), 5), ((one + 2) - (other + 7), -5), (one + (other + 3), 3),
                         (one - (other + 3), -3), ((one + 2) + other, 2), ((one + 2) - other, 2)):  # fmt: skip
        assert made.offset == offset
        assert trace.instructions[made.number].operands == (("v", 0), ("v", 1))
    assert len(trace.instructions) == 4


def test_sizes_of_two_traces_do_not_mix() -> None:
    with pytest.raises(ValueError, match="sizes of two traces do not mix"):
        Trace().size(1, 9, 5) * Trace().size(1, 9, 5)


def test_a_step_reads_no_broken_number() -> None:
    with pytest.raises(TypeError, match=r"2\.5 is no size"):
        Trace().size(1, 9, 5) * 2.5


@pytest.mark.parametrize(
    ("highest", "interval"), [(None, (4, 81)), (lambda a, b: a + b, (0, 18)), (lambda *_: 100, (0, 100))]
)
def test_a_function_that_is_not_looked_into_is_one_step(highest: Any, interval: tuple[int, int]) -> None:
    """It rises with its sizes, or lies between 0 and what is said."""
    function = opaque(highest)(lambda a, b: a * b)
    trace = Trace()
    found = function(trace.size(2, 9, 6), trace.size(2, 9, 3))
    assert (found.example, (found.low, found.high)) == (18, interval)
    assert [step.operation for step in trace.instructions] == ["input", "input", "call"]
    assert trace.instructions[2].operands == (("v", 0), ("v", 1))
    assert function(6, 3) == 18


@pytest.mark.parametrize(
    ("stride", "before", "after", "as_arithmetic"), [(1, 1, 1, True), (1, 0, 2, True), (2, 1, 1, False)]
)
def test_products_on_data_are_counted_without_a_question(
    stride: int, before: int, after: int, as_arithmetic: bool
) -> None:
    """Three taps over 8 to 99 positions: arithmetic where what hangs over is a number, else a step of its own."""
    trace = Trace()
    size = trace.size(8, 99, 9)
    found = products_on_data((size + before + after - 3) // stride + 1, 3, stride, 1, before, size)
    starts = range(-before, 9 + after - 2, stride)
    assert found.example == sum([0 <= start + tap < 9 for start in starts for tap in range(3)])
    assert trace.guards == []
    assert ("call" not in [step.operation for step in trace.instructions]) == as_arithmetic


@each(
    ("number", "read"),
    [
        (Marks.FIRST // 1000 - 1, True),
        (Marks.FIRST // 1000, False),
        (Marks.FIRST - 1, False),
        (Marks.FIRST + 2, False),
        (Marks.FIRST * 3, False),
        (-Marks.FIRST, True),
    ],
)
def test_a_number_near_the_marks_was_computed_from_one(number: int, read: bool) -> None:
    """Two sizes have marks; what is a thousandth of one or less is a number like any other."""
    marks = Marks()
    trace = Trace(marks.write)
    assert [str(trace.size(1, 9, n)) for n in (5, 6)] == ["851736429000000000", "851736429000000001"]
    assert [marks.read(marks.FIRST + n).example for n in (0, 1)] == [5, 6]
    if read:
        assert marks.read(number) == number
        return
    with pytest.raises(ValueError, match="computed with as if it were a number"):
        marks.read(number)


def test_marks_are_found_in_what_holds_them() -> None:
    """In dictionaries, tuples and records, whose type they keep; a list and a text are let through."""
    marks = Marks()
    size = Trace(marks.write).size(1, 9, 5)
    mark = int(str(size))
    read = marks.read({"a": (mark, 3), "b": [mark], "c": "text", "d": True})
    assert read["a"][0] is size
    assert (type(read["a"]), read["a"][1], read["b"], read["c"], read["d"]) == (tuple, 3, [mark], "text", True)
    assert marks.read(Linear(mark, 4)).in_features is size
    assert isinstance(marks.read(Linear(mark, 4)), Linear)
