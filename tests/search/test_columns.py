"""Columns of a grid by plans: in which blocks, by how many plans, and what is left to be answered one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from convcost.search import columns as module
from convcost.search.columns import Columns, blocks, size_of
from convcost.search.grid import Axis, Grid
from convcost.search.plans import TooLarge


def axis(name: str, *values: int) -> Axis:
    return Axis((name,), tuple([(value,) for value in values]))


class Counted:
    """A build of one axis that counts how often it is asked with plain numbers, and how often with traced ones."""

    def __init__(self, rule: Callable[[Any], list[Any] | None]) -> None:
        self.rule, self.plain, self.traced = rule, 0, 0

    def __call__(self, sizes: Sequence[Any]) -> list[Any] | None:
        (number,) = sizes
        self.plain += type(number) is int
        self.traced += type(number) is not int
        return self.rule(number)


def columns_of(rule: Callable[[Any], list[Any] | None], most: int) -> tuple[Columns, Counted, tuple[tuple[int, int]]]:
    """Columns of the numbers 1 to `most`, what builds them, and the block of all."""
    build = Counted(rule)
    return Columns([axis("n", *range(1, most + 1))], ["x"], build), build, ((0, most),)


def each(number: Any) -> list[Any]:
    """A way of its own for each number below 9."""
    for own in range(1, 9):
        if number == own:
            return [number * own]
    return [number]


@pytest.mark.parametrize(
    ("shape", "layers", "found"),
    [
        ((2, 3), 6, [((0, 2), (0, 3))]), ((2, 3), 5, [((0, 1), (0, 3)), ((1, 2), (0, 3))]),
        ((2, 3), 3, [((0, 1), (0, 3)), ((1, 2), (0, 3))]),
        ((2, 3), 2, [((0, 1), (0, 2)), ((0, 1), (2, 3)), ((1, 2), (0, 2)), ((1, 2), (2, 3))]),
        ((5,), 2, [((0, 2),), ((2, 4),), ((4, 5),)]), ((3, 2), 4, [((0, 2), (0, 2)), ((2, 3), (0, 2))]),
        ((2,), 1, [((0, 1),), ((1, 2),)]), ((2, 1, 2), 2, [((0, 1), (0, 1), (0, 2)), ((1, 2), (0, 1), (0, 2))]),
    ],
)  # fmt: skip
def test_blocks_have_at_most_so_many_layers_and_are_in_order(shape: tuple[int, ...], layers: int, found: Any) -> None:
    grid = Grid("", tuple([axis(f"a{at}", *range(1, length + 1)) for at, length in enumerate(shape)]))
    assert list(blocks(grid, layers)) == found
    assert max(map(size_of, found)) <= layers


@pytest.mark.parametrize(
    ("rule", "most", "held"),
    [
        (lambda n: [n + 1], 4, [1, 2, 3, 4]),  # one way
        (lambda n: [n + 1] if n < 4 else [n * 2], 4, [1, 2, 3]),  # three of four, which is almost all
        (lambda n: [n + 1] if n < 3 else [n * 2], 4, None),  # two of four
        (lambda n: None if n < 4 else [n], 4, None),  # the first way leads to nothing
    ],
)
def test_the_first_plan_alone_answers_a_block_that_it_holds_almost_everywhere(
    rule: Callable[[Any], list[Any] | None], most: int, held: list[int] | None
) -> None:
    """Before there is a plan it answers nothing."""
    columns, _, whole = columns_of(rule, most)
    assert columns.most(whole) is None
    columns.answer(whole)
    found = columns.most(whole)
    if held is None:
        assert found is None
        return
    assert found is not None
    words, holds = found
    there = np.broadcast_to(holds, most)
    assert (np.flatnonzero(there) + 1).tolist() == held
    assert np.broadcast_to(words["x"], most)[there].tolist() == [n + 1 for n in held]


def test_layers_of_a_new_way_get_a_plan_when_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four numbers that no plan holds for, four are too few; those that were answered one by one count, too."""
    monkeypatch.setattr(module, "WORTH", 6)
    columns, build, whole = columns_of(lambda n: [n + 1] if n < 17 else [n * 3], 20)
    found, exists = columns.answer(whole)
    assert found["x"].tolist() == [*range(2, 18), 51, 54, 57, 60]
    assert exists.all()
    assert (len(columns.ways), build.traced, build.plain) == (1, 1, 1 + 4)
    assert columns.answer(whole)[0]["x"].tolist() == found["x"].tolist()
    assert (len(columns.ways), build.traced, build.plain) == (2, 2, 1 + 4 + 1)
    assert columns.answer(whole)[0]["x"].tolist() == found["x"].tolist()
    assert (len(columns.ways), build.traced, build.plain) == (2, 2, 6)


@pytest.mark.parametrize(("open_", "plans"), [(6, 2), (5, 1)])
def test_six_layers_are_worth_a_plan_and_five_are_not(open_: int, plans: int) -> None:
    columns, _, whole = columns_of(lambda n: [n + 1] if n > open_ else [n * 3], 40)
    found, _ = columns.answer(whole)
    assert found["x"].tolist() == [n + 1 if n > open_ else n * 3 for n in range(1, 41)]
    assert len(columns.ways) == plans


def test_there_are_at_most_so_many_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes another way is answered one by one; the answer is the same."""
    monkeypatch.setattr(module, "WORTH", 1)
    monkeypatch.setattr(module, "MOST_PLANS", 3)
    columns, build, whole = columns_of(each, 20)
    found, exists = columns.answer(whole)
    assert found["x"].tolist() == [n * n if n < 9 else n for n in range(1, 21)]
    assert exists.all()
    assert len(columns.ways) == build.traced == 3


def test_the_plan_that_held_for_the_most_comes_first_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first plan is made of the number in the middle, here of one that no other is like."""
    monkeypatch.setattr(module, "WORTH", 1)
    columns, _, whole = columns_of(lambda n: [n * 5] if n == 4 else [n + 1], 6)
    columns.answer(whole)
    holds = [way.plan.holds([np.arange(1, 7)]).tolist() for way in columns.ways]
    assert holds == [[True, True, True, False, True, True], [False, False, False, True, False, False]]
    columns.answer(whole)
    assert [way.plan.holds([np.arange(1, 7)]).sum() for way in columns.ways] == [5, 1]


@pytest.mark.parametrize("few", [0.0, 0.25, 1.1])
def test_layers_that_are_gathered_are_answered_as_those_of_a_block(few: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of which there are not; whatever share is gathered."""
    monkeypatch.setattr(module, "WORTH", 1)
    monkeypatch.setattr(module, "FEW", few)

    def rule(number: Any) -> list[Any] | None:
        return [number * 5] if number % 5 == 0 else None if number % 3 == 0 else [number + 1]

    columns, _, whole = columns_of(rule, 30)
    for _ in range(2):
        found, exists = columns.answer(whole)
        expected = [rule(n) for n in range(1, 31)]
        assert exists.tolist() == [one is not None for one in expected]
        assert found["x"][exists].tolist() == [one[0] for one in expected if one is not None]


def test_the_longest_axis_lies_inside_whichever_it_is() -> None:
    """Of blocks in the middle of a grid, too: the answer has the order of the grid."""
    axes = [axis("a", 1, 2), axis("b", *range(1, 8)), axis("c", 1, 2, 3)]
    grid = Grid("", tuple(axes))
    columns = Columns(axes, ["x"], lambda sizes: [sizes[0] * 100 + sizes[1] * 10 + sizes[2]])
    for block in blocks(grid, 4):
        found, exists = columns.answer(block)
        (a, _), (b, b_end), (c, c_end) = block
        assert found["x"].tolist() == [[[(a + 1) * 100 + (n + 1) * 10 + m + 1 for m in range(c, c_end)]
                                        for n in range(b, b_end)]]  # fmt: skip
        assert exists.shape == found["x"].shape
        varying = columns.varying(block, ["b"])
        assert {field: column.ravel().tolist() for field, column in varying.items()} == {
            "a": [a + 1], "b": [*range(b + 1, b_end + 1)], "c": [*range(c + 1, c_end + 1)]
        }  # fmt: skip
        assert [np.broadcast_to(varying[field], exists.shape).shape for field in "abc"] == [exists.shape] * 3
    assert columns.varying(next(blocks(grid, 4)), ["size"]) == {}
    whole = ((0, 2), (2, 7), (1, 3))
    assert [column.tolist() for column in columns.rows(whole, np.array([0, 9, 19]))] == [
        [1, 1, 2],
        [3, 7, 7],
        [2, 3, 3],
    ]


def test_a_number_that_does_not_fit_is_said_whatever_it_is_of() -> None:
    columns, _, whole = columns_of(lambda n: [n * 10**18], 10)
    with pytest.raises(TooLarge, match="may be 10,000,000,000,000,000,000"):
        columns.answer(whole)
    with pytest.raises(TooLarge, match="may be 10,000,000,000,000,000,000"):
        columns.prove([1])


def test_a_proof_needs_a_layer_that_there_is() -> None:
    columns, _, _ = columns_of(lambda n: None if n < 3 else [n], 9)
    assert not columns.prove([2])
    assert columns.ways == []
    assert columns.prove([3])
    assert len(columns.ways) == 1
