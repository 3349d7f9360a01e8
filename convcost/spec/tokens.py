"""One token of the text notation -> the field it sets, the value, and how many axes it names."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .errors import Problem
from .fields import CHOICE, COUNT, DIGITS, FIELDS, PADDING, PAIR, SIZES, check_axes, choose, one_or_two
from .layer import DTYPES, Ints

#: Field, raw value, and the number of axes the token settles (0: it fits any).
Token = tuple[str, Any, int]

#: How a token with a value starts; in the order in which `format_spec` writes them.
STARTS = {
    "@": "input_size", "in=": "input_size", "k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation",
    "g": "groups", "e": "expansion_ratio", "ratio=": "bottleneck_ratio", "m": "depth_multiplier",
    "mid=": "mid_channels", "n": "batch", "op": "output_padding", "mode=": "padding_mode",
}  # fmt: skip

#: The tokens that are one word. `axes` and `channels` are fields of the text notation alone.
WORDS: dict[str, Token] = {
    "bias": ("bias", True, 0), "t": ("transposed", True, 0), "v1": ("v1", True, 0),
    "1d": ("axes", 1, 1), "2d": ("axes", 2, 2), "3d": ("axes", 3, 3),
    "psame": ("padding", "same", 0), "psame-upper": ("padding", "same-upper", 0), "pvalid": ("padding", "valid", 0),
    **{dtype: ("dtype", dtype, 0) for dtype in DTYPES},
}  # fmt: skip


# Lines of a batch share most of their tokens. No valid token is longer than 120 characters and mistakes are
# not kept, so that the cache stays under about 3 MB.
@lru_cache(maxsize=4096)
def read_token(word: str) -> Token:
    """Read one token.

    >>> read_token("k1x7")
    ('kernel_size', (1, 7), 2)
    >>> read_token("64:128")
    ('channels', (64, 128), 0)

    Raises Problem, with the remedy, for a word that is no token.
    """
    try:
        return read_plainly(word)
    except Problem as problem:
        from .mistakes import with_better_hint

        raise with_better_hint(problem, word) from None


def read_plainly(word: str) -> Token:
    """`read_token` without the cache and without looking for what may have been meant."""
    known = WORDS.get(word)
    if known is not None:
        return known
    if word[0].isdigit():
        return ("kernel_size", *_sizes("kernel_size", word)) if "x" in word else ("channels", _channels(word), 0)
    start = word[: word.find("=") + 1] or ("op" if word.startswith("op") else word[0])
    field = STARTS.get(start)
    if field is not None and (start[-1] == "=" or not word[len(start) :][:1].isalpha()):
        return (field, *_READERS[FIELDS[field].kind](field, word[len(start) :]))
    if word.lower() in DTYPES:
        return WORDS[word.lower()]
    from .mistakes import unknown_token

    raise unknown_token(word)


def _number(field: str, digits: str) -> int:
    # str.isdigit is also true of superscripts and of other scripts' digits, which int() reads or refuses.
    if digits.isdigit() and digits.isascii() and len(digits) <= DIGITS:
        value = int(digits)
        if value >= FIELDS[field].minimum:
            return value
    from .mistakes import bad_number

    raise bad_number(field, digits)


def _channels(word: str) -> Ints:
    first, separator, second = word.partition("->" if "->" in word else ":")
    number = _number("in_channels", first)
    return (number, _number("out_channels", second)) if separator else (number, number)


def _count(field: str, text: str) -> tuple[int, int]:
    return _number(field, text), 0


def _two(field: str, text: str) -> tuple[int | Ints, int]:
    return one_or_two(field, tuple([_number(field, part) for part in text.split("x")])), 0


def _sizes(field: str, text: str) -> tuple[int | Ints, int]:
    parts = text.split("x")
    if len(parts) == 1:
        return _number(field, text), 0
    return tuple([_number(field, part) for part in parts]), check_axes(field, len(parts))


def _padding(field: str, text: str) -> tuple[Any, int]:
    pairs = tuple([_pair(field, part) for part in text.split("x")])
    return (pairs[0], 0) if len(pairs) == 1 else (pairs, check_axes(field, len(pairs)))


def _pair(field: str, text: str) -> Ints:
    before, separator, after = text.partition("-")
    number = _number(field, before)
    return number, _number(field, after) if separator else number


def _choice(field: str, text: str) -> tuple[str, int]:
    return choose(field, text), 0


_READERS = {COUNT: _count, PAIR: _two, SIZES: _sizes, PADDING: _padding, CHOICE: _choice}
