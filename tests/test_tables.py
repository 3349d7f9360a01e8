"""A table of small cases is one test, in which no case that fails goes unnamed."""

import pytest
from tables import each


def test_every_case_that_fails_is_named() -> None:
    """Those after it are tried, too."""

    @each("number", [1, 2, 3, 4], ids=lambda number: f"number {number}")
    def odd(number: int) -> None:
        assert number % 2

    with pytest.raises(ExceptionGroup, match="2 of 4 cases") as found:
        odd()
    assert [error.__notes__ for error in found.value.exceptions] == [[f"in the case number {n}"] for n in (2, 4)]


def test_what_is_not_raised_fails_too() -> None:
    """Although it is no error of Python's."""

    @each(("text", "base"), [("2", 10), ("2", 2)])
    def wrong(text: str, base: int) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            int(text, base)

    with pytest.raises(BaseExceptionGroup, match="1 of 2 cases"):
        wrong()


def test_tables_are_multiplied_and_fixtures_are_handed_on() -> None:
    """As those of pytest are; a table without a case is none."""
    tried = []

    @each("left", [1, 2])
    @each("right", "ab")
    def pair(left: int, right: str, beside: str) -> None:
        tried.append(f"{left}{right}{beside}")

    pair(beside="!")
    assert tried == ["1a!", "1b!", "2a!", "2b!"]
    with pytest.raises(AssertionError):
        each("none", [])
