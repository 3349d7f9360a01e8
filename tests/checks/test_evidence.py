"""The comparison of what was expected with what was measured."""

from math import inf, nan

import pytest
from tables import each

from convcost.answers.check import Check
from convcost.checks.verifier import WORDS, check, check_ratios, hold, is_same, worst
from convcost.execute.ones.measure import Measured, MeasuredOp

FOUND = Measured((1, 4, 5), 24, 120, 104, 120, (), traffic_bytes=480)

#: What an analysis that is right says of it.
SAID = {**FOUND._asdict(), "flops": 240, "arithmetic_intensity": 0.5}


def test_equal_words_pass() -> None:
    """All words are there, in their order."""
    results = check(SAID, FOUND)
    assert tuple(results) == WORDS
    assert all(result.ok for result in results.values())


@each("word", WORDS)
def test_one_wrong_word_fails_alone_and_shows_both_numbers(word: str) -> None:
    """No word stands in for another."""
    results = check({**SAID, word: (9, 9)}, FOUND)
    assert [name for name, result in results.items() if not result.ok] == [word]
    assert results[word] == Check((9, 9), SAID[word], False)


def test_a_missing_word_is_an_error_and_not_a_pass() -> None:
    """What is not claimed cannot be verified."""
    with pytest.raises(KeyError, match="macs"):
        check({"output_shape": (1,), "params": 1}, FOUND)


def test_quotients_of_the_same_numbers_are_the_same_but_for_rounding() -> None:
    """However they were formed; others are not."""
    assert is_same(0.1 * 3, 0.3)
    assert is_same(0.0, 0.0)
    assert not is_same(0.3, 0.3 + 1e-9)


@each("sides", [(nan, nan), (nan, 0.5), (0.5, nan), (inf, nan)])
def test_what_is_not_a_number_is_equal_to_nothing(sides: tuple[float, float]) -> None:
    """Not even to itself."""
    assert not is_same(*sides)
    assert hold(*sides).ok is False


def test_ratios_are_held_against_what_was_measured_of_both() -> None:
    """Of the whole, and of each operation by its name; over 0 there is none."""
    base = FOUND._replace(params=48, peak_bytes=0)
    op = MeasuredOp("conv", (1, 4, 5), 12, 60, 60, 0, 0, 0, 0, 120, 60)
    said = {"params": 0.5, "macs": 1.0, "effective_macs": 1.0, "peak_bytes": None, "traffic_bytes": 1.0}
    ops = [{"params": 0.25, "macs": 0.5, "effective_macs": 60 / 104, "peak_bytes": None, "traffic_bytes": 0.25}]
    found = check_ratios(said, ops, FOUND._replace(ops=(op,)), base)
    assert {word for word, one in found.items() if not one.ok} == set()
    wrong = check_ratios({**said, "params": 2.0}, [{**ops[0], "macs": 2.0}], FOUND._replace(ops=(op,)), base)
    assert wrong["relative.params"] == Check(2.0, 0.5, False)
    assert wrong["relative.macs"] == Check({"conv": 2.0}, {"conv": 0.5}, False)


def test_the_worst_that_applies_is_the_status() -> None:
    """A mismatch before what was not executed, that before what was executed smaller."""
    right, wrong, unknown, missing = (Check(7, 7, True), Check(7, 6, False), Check(None, None, None),
                                      Check(7, None, None))  # fmt: skip
    assert worst([right, unknown]) == "verified"
    assert worst([right], reduced=True) == "reduced"
    assert worst([right, missing], reduced=True) == "partial"
    assert worst([wrong, missing], reduced=True) == "mismatch"
