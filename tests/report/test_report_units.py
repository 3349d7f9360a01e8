"""Numbers as text: honest, and of one unit a column."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import each

from convcost.report.units import BYTES, COUNTS, PLAIN, RATIO, Scale, Units, choose_scale, show

NUMBERS = st.lists(st.integers(0, 10**30) | st.integers(0, 10**7), min_size=1, max_size=8)
FRACTIONS = st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=8)


def said(text: str, scale: Scale) -> float:
    assert re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?×?", text), text
    return float(text.removesuffix("×")) * scale.divisor


def significant(text: str) -> int:
    return len(text.removesuffix("×").partition("e")[0].replace(".", "").lstrip("0"))


@given(NUMBERS, st.sampled_from([COUNTS, BYTES]))
def test_what_is_shown_is_within_five_percent_and_not_wide(values: list[int], units: Units) -> None:
    """Whatever else is in the column: at least two digits that count, and eight characters at most.

    Only zero is zero, and only what is missing is missing: three different things.
    """
    scale = choose_scale(values, units)
    shown = [show(value, scale) for value in values]
    for value, text in zip(values, shown):
        assert said(text, scale) == pytest.approx(value, rel=0.05)
    assert [text == "0" for text in shown] == [value == 0 for value in values]
    assert max(map(len, shown)) <= 8
    assert show(None, scale) == "–"


@given(FRACTIONS, st.sampled_from([PLAIN, RATIO]))
def test_fractions_are_shown_honestly_too(values: list[float], units: Units) -> None:
    """Small ratios do not become 0.00."""
    scale = choose_scale(values, units)
    for value in values:
        assert said(show(value, scale), scale) == pytest.approx(value, rel=0.05)


@each(
    ("values", "units", "shown", "unit"),
    [
        ([73728, 36864, 8768, 2304, 576], COUNTS, ["73.728", "36.864", "8.768", "2.304", "0.576"], "K"),
        ([231211008, 27496448, 1806336], COUNTS, ["231.21", "27.50", "1.81"], "M"),
        ([231211008], COUNTS, ["231.2"], "M"),
        ([64, 576], COUNTS, ["64", "576"], ""),
        ([9, 576], COUNTS, ["9", "576"], ""),
        ([1, 2], COUNTS, ["1", "2"], ""),
        ([2408448, 4014080], BYTES, ["2.30", "3.83"], "MiB"),
        ([2097152, 1048576, 0], BYTES, ["2", "1", "0"], "MiB"),
        ([1000, 10**18], COUNTS, ["1.0e-12", "1000"], "P"),
        ([10**40, 3], COUNTS, ["1.00e40", "3"], ""),
        ([1.0, 0.11892361, 0.03125, 0.00089], RATIO, ["1.000×", "0.119×", "0.031×", "8.9e-4×"], ""),
        ([0.0078125, 0.5], RATIO, ["0.0078×", "0.500×"], ""),
        ([0.9998], RATIO, ["1.000×"], ""),
        ([1.0], RATIO, ["1×"], ""),
        ([0.0, 0.5], RATIO, ["0×", "0.5×"], ""),
        ([171.0545, 2.2467], PLAIN, ["171.05", "2.25"], ""),
        ([None, None], COUNTS, ["–", "–"], ""),
        ([1000, 10], COUNTS, ["1.00", "0.01"], "K"),  # a hundredth is the least
        ([1000, 9], COUNTS, ["1000", "9"], ""),
        ([999, 10], COUNTS, ["999", "10"], ""),
        ([99_999, 1], COUNTS, ["99999", "1"], ""),  # five digits are the most
        ([100_000, 1], COUNTS, ["100.000", "0.001"], "K"),
        ([1024, 1023], BYTES, ["1.000", "0.999"], "KiB"),
        ([1023, 512], BYTES, ["1023", "512"], "B"),
        ([1_000_000, 9_950], COUNTS, ["1000.00", "9.95"], "K"),  # just less than a hundredth of the next
        ([5 * 10**18], COUNTS, ["5"], "E"),  # the last unit
        ([99_999 * 10**18], COUNTS, ["99999"], "E"),
        ([10**23], COUNTS, ["1.00e23"], ""),  # beyond the last unit
        ([231.4], PLAIN, ["231"], ""),  # three digits, no more
        ([12345.678, 0.25], PLAIN, ["12345.68", "0.25"], ""),  # seven digits in all
        ([1, 0.00095], PLAIN, ["1.000", "0.00095"], ""),
        ([1, 0.00094], PLAIN, ["1", "9.4e-4"], ""),  # a power of ten asks for no decimals of the others
    ],
)
def test_columns_read_like_this(values: list[int | float | None], units: Units, shown: list[str], unit: str) -> None:
    """The largest unit in which the smallest number still has digits."""
    scale = choose_scale(values, units)
    assert ([show(v, scale) for v in values], scale.unit) == (shown, unit)


@each(
    ("value", "scale", "text"),
    [
        (0.00095, Scale("", 1, 3), "0.00095"), (0.00094, Scale("", 1, 3), "9.4e-4"),
        (0.0099, Scale("", 1, 3), "0.0099"), (0.01, Scale("", 1, 3), "0.010"), (0.012345, Scale("", 1, 3), "0.012"),
        (0.0996, Scale("", 1, 3), "0.100"),
        (0.009, Scale("", 1, 3), "0.009"), (9_999_999, Scale("", 1, 0), "9999999"),
        (10_000_000, Scale("", 1, 0), "1.00e7"), (1_234_567, Scale("", 1, 0, exact=True), "1,234,567"),
        (0, Scale("", 1, 0, "×", exact=True), "0×"), (-1500, Scale("K", 1000, 1), "-1.5"),
    ],
)  # fmt: skip
def test_a_number_at_the_edge_of_its_column_keeps_its_digits(value: float, scale: Scale, text: str) -> None:
    """Where its decimals would hide it, it shows two of its own; where it has too many, a power of ten."""
    assert show(value, scale) == text
