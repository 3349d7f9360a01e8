"""The comparison of what was expected with what was measured."""

import pytest

from convcost.answers.check import Check
from convcost.checks.verifier import WORDS, check
from convcost.execute.ones.measure import Measured

FOUND = Measured((1, 4, 5), 24, 120, 104, 120, ())


def test_equal_words_pass() -> None:
    """All words are there, in their order."""
    results = check(FOUND._asdict(), FOUND)
    assert tuple(results) == WORDS
    assert all(result.ok for result in results.values())


@pytest.mark.parametrize("word", WORDS)
def test_one_wrong_word_fails_alone_and_shows_both_numbers(word: str) -> None:
    """No word stands in for another."""
    results = check({**FOUND._asdict(), word: (9, 9)}, FOUND)
    assert [name for name, result in results.items() if not result.ok] == [word]
    assert results[word] == Check((9, 9), getattr(FOUND, word), False)


def test_a_missing_word_is_an_error_and_not_a_pass() -> None:
    """What is not claimed cannot be verified."""
    with pytest.raises(KeyError, match="macs"):
        check({"output_shape": (1,), "params": 1}, FOUND)
