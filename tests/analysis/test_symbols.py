"""Symbolic sizes: they compute as integers do, print as formulas, and are asked no more than they know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import each

from convcost.analysis.symbols import Size, Symbol, abbreviated, ratio, sum_of_sizes, symbol

A, B, C = symbol("A", 6), symbol("B", 4, 1), symbol("C", 3, 2)

NUMBERS = st.integers(1, 50)
STEPS = st.lists(st.tuples(st.sampled_from("+-*/"), st.sampled_from(["A", "B", "C", "2", "3", "7"])), max_size=8)


def computed(start: Any, steps: list[tuple[str, str]], sizes: dict[str, Any]) -> Any:
    """A chain of operations on sizes of any kind."""
    for sign, name in steps:
        other = sizes.get(name) or int(name)
        rules = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a // b}
        start = rules[sign](start, other)
    return start


@given(a=NUMBERS, b=NUMBERS, c=NUMBERS, steps=STEPS)
def test_formulas_compute_as_integers_do(a: int, b: int, c: int, steps: list[tuple[str, str]]) -> None:
    """Sums, products and quotients rounded down, whatever their order."""
    symbols = {"A": symbol("A", a), "B": symbol("B", b, 1), "C": symbol("C", c, 2)}
    formula = computed(symbols["A"], steps, symbols)
    assert Size.of(formula).value == computed(a, steps, {"A": a, "B": b, "C": c})


@given(a=NUMBERS, b=NUMBERS, more=st.tuples(NUMBERS, NUMBERS))
def test_a_formula_holds_at_other_sizes(a: int, b: int, more: tuple[int, int]) -> None:
    """Made at one, evaluated at another, a rounded quotient included."""
    wide, high = symbol("wide", a), symbol("high", b)
    formula = (wide * 7 + 2) // (high * 5 + 1) * wide + 3 * high
    wide_value, high_value = more
    expected = (wide_value * 7 + 2) // (high_value * 5 + 1) * wide_value + 3 * high_value
    assert formula.at({"wide": wide_value, "high": high_value}) == expected


@each(
    ("size", "text"),
    [
        (9 * A + A * B, "9·A + A·B"),
        (B * A * A * 2, "2·A²·B"),
        (A - 1, "A - 1"),
        (1 - A, "-A + 1"),
        (A - A, "0"),
        (A // 2, "A/2"),
        (A * 9 // 4 * 4, "4·⌊9·A/4⌋"),
        ((B - 1) // 2 + 1, "⌊(B - 1)/2⌋ + 1"),
        (A * B // B, "A"),
        (abbreviated("H′", (B - 1) // 2 + 1) * A, "A·H′"),
        (sum_of_sizes([]), "0"),
        (12 // B, "⌊12/B⌋"),  # exact at 4 only, so the division stays
        (A + symbol("A", 6), "2·A"),  # a symbol is its name
        (A * symbol("A", 6), "A²"),
        (symbol("A", 6) - A, "0"),
        (7 + B + A, "A + B + 7"),
        (C + B * A + 3 * A, "3·A + C + A·B"),
        (A * 0 + 5, "5"),
        (-2 * A * B, "-2·A·B"),
        (B * C // 2 // 3, "B·C/6"),
        ((A + B) // (C + 1), "⌊(A + B)/(C + 1)⌋"),
        (A // B, "⌊A/B⌋"),
        (A * A * A // A, "A²"),
    ],
)
def test_formulas_print_as_papers_write_them(size: Size, text: str) -> None:
    """Few symbols first, powers raised, fractions behind."""
    assert repr(size) == text


def test_a_named_size_is_still_computed() -> None:
    short = abbreviated("H′", (B - 1) // 2 + 1)
    assert (short.value, short.at({"B": 11})) == (2, 6)


def test_ratios_are_exact_and_simplified() -> None:
    assert repr(ratio(9 * A + A * B, 9 * A * B)) == "1/B + 1/9"
    assert [str(part) for part in ratio(9 * A + A * B, 9 * A * B).parts()] == ["1/4", "1/9"]
    assert repr(ratio(A * A, 6 * A * B * C)) == "A/(6·B·C)"
    assert [repr(ratio(A, base)) for base in (B * C, 6 * B, B * B, A * B)] == ["A/(B·C)", "A/(6·B)", "A/B²", "1/B"]


def test_questions_are_answered_for_the_values_it_was_made_with() -> None:
    """So code that chooses takes the way that these sizes take."""
    assert A > B
    assert min(A, B) is B
    assert max(2, C) is C
    assert A == 6
    assert A * 2 == B * C
    assert (A % 4, bool(A - 6), A >= 6, A <= 5) == (2, False, True, False)
    assert (A < 6, A > 6, A < 7, A > 5, A >= 7, A <= 6) == (False, False, True, True, False, True)


def test_a_formula_cannot_be_kept_in_a_cache() -> None:
    """A cache would hand it to somebody who asked with the number 6."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(A)


def test_a_formula_that_is_no_integer_elsewhere_says_so() -> None:
    with pytest.raises(ValueError, match="no integer"):
        (A // 2).at({"A": 7})


def test_a_symbol_is_its_name_and_stands_by_its_order() -> None:
    """Whatever its value; a text of the same letters is none."""
    assert Symbol("A", 1) == Symbol("A", 2, 5)
    assert hash(Symbol("A", 1)) == hash(Symbol("A", 2, 5))
    assert Symbol("A", 1) != Symbol("B", 1)
    assert Symbol("A", 1) != "A"
    assert sorted([Symbol("A", 1, 2), Symbol("C", 1), Symbol("B", 1)]) == [Symbol(name, 1) for name in "BCA"]
