"""An error as people see it."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from hypothesis import given, settings
from hypothesis import strategies as st
from spec.spec_cases import error_of
from tables import each

from convcost.spec import SpecError
from convcost.spec.errors import clip, unknown_name


def columns(text: str) -> int:
    """How wide a terminal shows `text`."""
    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def test_error_stands_under_its_token_with_its_remedy() -> None:
    """Message, line, caret, hint."""
    assert error_of("64:128 @56 k3 g3").render() == (
        "error: groups=3 does not divide in_channels=64\n  64:128 @56 k3 g3\n                ^^\n  try 1, 2, 4, 8, …"
    )


def test_line_number_comes_first_where_there_is_one() -> None:
    """In a batch."""
    assert error_of("64:128 k3").render(line=7).splitlines() == [
        "error: line 7: input_size is missing",
        "  64:128 k3",
        "           ^",
        "  add @56 or @56x48, or in=56x48 where the shell keeps @",
    ]


def test_an_empty_line_is_not_shown() -> None:
    """There is nothing to point at."""
    assert len(error_of("  ").render().splitlines()) == 2


@each(
    ("line", "shown", "caret"),
    [
        ("64:128\t@56\tk3\tg3", "64:128\\t@56\\tk3\\tg3", "g3"),
        ("64:128 @56 k3 \u200bg\u202e3", "64:128 @56 k3 \\u200bg\\u202e3", "\\u200bg\\u202e3"),
        ("\x89PNG", "\\x89PNG", "\\x89"),
        ("日本語 64:128 @56", "日本語 64:128 @56", "日本語"),
        ("64:128 é́x @56", "64:128 é́x @56", "é́x"),
    ],
)
def test_caret_stands_below_its_token_whatever_the_characters(line: str, shown: str, caret: str) -> None:
    """Escapes, wide characters and combining marks are counted as a terminal shows them."""
    _, text, carets, *_ = error_of(line).render().splitlines()
    assert text == "  " + shown
    assert carets == " " * (2 + columns(shown[: shown.index(caret)])) + "^" * columns(caret)


@each("width", [40, 80])
@each("place", [0, 1, 7, 60, 119])
def test_a_long_line_is_shown_as_a_window_round_its_token(width: int, place: int) -> None:
    """The token is whole, the caret below it, and an ellipsis on each side that is cut."""
    words = ["k3"] + ["64:128"] * 119
    words[place] = "wrong!"
    start = len(" ".join(words[:place])) + bool(place)
    error = SpecError("wrong", "", " ".join(words), start, start + 6)
    _, text, carets = error.render(width=width).splitlines()
    assert columns(text) <= width
    assert text[carets.index("^") : len(carets)] == "wrong!"
    assert (text.startswith("  …"), text.endswith("…")) == (place >= 7, place < 119)


def test_a_long_token_is_cut() -> None:
    """64 KiB of one word take two lines."""
    lines = error_of("64:128 @56 " + "y" * 65536).render().splitlines()
    assert max(map(columns, lines)) <= 80
    assert "^^^" in lines[2]


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 40), st.integers(20, 100))
def test_any_error_fits_its_width(text: str, start: int, length: int, width: int) -> None:
    """The line and the carets keep within the width, on one line each, and carets are within the line."""
    error = SpecError("wrong", "", text, start, start + length)
    lines = error.render(width=width).split("\n")
    assert len(lines) == (3 if text.strip() else 1)
    if len(lines) == 3:
        assert lines[1].isprintable()
        assert columns(lines[1]) <= width
        assert len(lines[2]) <= width
        assert lines[2].strip(" ").strip("^") == ""


ALPHABET = "abcdefghijklmnopqrstuvwxyz"

#: A line, the span of its mistake, and what is shown of it in 18 columns, and of the carets.
WINDOWS = [
    (ALPHABET[:18], (5, 8), ALPHABET[:18], "     ^^^"),
    (ALPHABET[:19], (0, 1), "abcdefghijklmnopq…", "^"),
    (ALPHABET, (10, 13), "…defghijklmnopqrs…", "        ^^^"),  # half of the room is for what follows
    (ALPHABET, (0, 3), "abcdefghijklmnopq…", "^^^"),
    (ALPHABET, (3, 6), "abcdefghijklmnopq…", "   ^^^"),
    (ALPHABET, (20, 23), "…jklmnopqrstuvwxyz", "            ^^^"),
    (ALPHABET, (23, 26), "…jklmnopqrstuvwxyz", "               ^^^"),
    (ALPHABET, (10, 19), "…ghijklmnopqrstuv…", "     ^^^^^^^^^"),  # nine columns of it are shown, no more
    (ALPHABET, (10, 20), "…ghijklmnopqr…uvw…", "     ^^^^^^^^^"),
    (ALPHABET, (2, 26), "abcdefghijklmnopq…", "  ^^^^^^^^^^^^^^^^"),  # and more where nothing else is to be shown
    (ALPHABET, (0, 20), "abcdefghijk…uvwxyz", "^^^^^^^^^^^^"),
    (ALPHABET[:18], (0, 12), ALPHABET[:18], "^^^^^^^^^^^^"),
    (ALPHABET[:17], (17, 17), ALPHABET[:17], "                 ^"),  # the caret behind the end needs a column
    (ALPHABET[:18], (18, 18), "…cdefghijklmnopqr", "                 ^"),
    (ALPHABET[:18], (0, 0), ALPHABET[:18], "^"),
    (ALPHABET[:19], (0, 0), "abcdefghijklmnopq…", "^"),
    (ALPHABET[:5] + "  ", (6, 6), ALPHABET[:5] + " ", "      ^"),
]


@each("width", [20, 7])
@each(("text", "span", "line", "carets"), WINDOWS)
def test_the_window_round_a_mistake_by_hand(
    text: str, span: tuple[int, int], line: str, carets: str, width: int
) -> None:
    """Two columns are the indent; fewer than twenty in all are not asked for."""
    assert SpecError("wrong", "", text, *span).render(width=width).split("\n")[1:] == [f"  {line}", f"  {carets}"]


def test_eighty_columns_are_filled_where_nobody_says_another_width() -> None:
    assert len(SpecError("wrong", "", ALPHABET * 9, 100, 103).render().split("\n")[1]) == 80


def test_a_mistake_without_a_place_is_the_whole_line() -> None:
    error = SpecError("wrong", "", "abc")
    assert (error.start, error.end, error.hint) == (0, 3, "")


def test_what_upsets_a_terminal_is_escaped_in_a_message() -> None:
    assert clip("a\x1bé\u202e") == "a\\x1bé\\u202e"
    assert error_of("64:128 @56 k3 y\u202e").message == "unknown token 'y\\u202e'"


@each(
    ("name", "otherwise", "hint"),
    [
        ("standart", "", "did you mean standard?"), ("gr", "", "did you mean grouped?"),
        ("xyz", "look it up", "look it up"),
        ("xyz", "", "there are standard, grouped, ghost"), ("g", "look it up", "did you mean grouped?"),
        ("", "", "there are standard, grouped, ghost"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_answered_with_the_nearest(name: str, otherwise: str, hint: str) -> None:
    """Or with the first that begins so."""
    known = ["standard", "grouped", "ghost"]
    assert unknown_name("variant", name, known, otherwise).hint == hint
    inside = unknown_name("variant", name, known, otherwise, f"compare {name} k3", 8)
    assert (inside.text, inside.start, inside.end) == (f"compare {name} k3", 8, 8 + len(name))
    alone = unknown_name("variant", name, known)
    assert (alone.text, alone.start, alone.end) == (name, 0, len(name))
