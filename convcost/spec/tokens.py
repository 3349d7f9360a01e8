"""The notation of tokens: one token -> the field it sets, the value, and how many axes it names; and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .check import same_padding
from .errors import Problem, clip
from .fields import CHOICE, COUNT, DIGITS, FIELDS, PADDING, PAIR, SIZES, check_axes, choose, one_or_two
from .layer import DTYPES, LAST, Ints, LayerSpec, Pads, is_mixed

#: Field, raw value, and the number of axes the token settles (0: it fits any).
Token = tuple[str, Any, int]

HELP = "'convcost help spec' shows the notation"

#: How a token with a value starts; in the order in which `format_spec` writes them.
STARTS = {
    "@": "input_size", "in=": "input_size", "k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation",
    "g": "groups", "e": "expansion_ratio", "ratio=": "bottleneck_ratio", "m": "depth_multiplier",
    "mid=": "mid_channels", "n": "batch", "op": "output_padding", "mode=": "padding_mode",
}  # fmt: skip

#: The tokens that are one word. `axes` and `channels` are fields of the text notation alone.
WORDS: dict[str, Token] = {
    "bias": ("bias", True, 0), "bias=last": ("bias", LAST, 0), "t": ("transposed", True, 0), "v1": ("v1", True, 0),
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

    Raises Problem for a word that is no token; `convcost.spec.mistakes` knows what may have been meant.
    """
    known = WORDS.get(word)
    if known is not None:
        return known
    if word[0].isdigit():
        return ("kernel_size", *_sizes("kernel_size", word)) if "x" in word else ("channels", _channels(word), 0)
    start = word[: word.find("=") + 1] or ("op" if word.startswith("op") else word[0])
    field = STARTS.get(start)
    if field is not None and (start[-1] == "=" or not word[len(start) :][:1].isalpha()):
        return (field, *_READERS[FIELDS[field].kind](field, word[len(start) :]))
    lower = word.lower()
    if lower in DTYPES or is_mixed(lower):
        return "dtype", lower, 0
    if "\ufffd" in word:
        raise Problem("not text", "give one spec a line, as UTF-8 text")
    raise Problem(f"unknown token '{clip(word)}'", HELP)


def _number(field: str, digits: str) -> int:
    # str.isdigit is also true of superscripts and of other scripts' digits, which int() reads or refuses.
    if digits.isdigit() and digits.isascii() and len(digits) <= DIGITS:
        value = int(digits)
        if value >= FIELDS[field].minimum:
            return value
    raise _bad_number(field, digits)


def _bad_number(field: str, text: str) -> Problem:
    """Why `text` is no value for `field`, digit by digit."""
    least, hint = FIELDS[field].minimum, f"such as {FIELDS[field].token}"
    if not text:
        return Problem(f"{field} needs a number", hint, field)
    if not (text.isascii() and text.isdigit()):
        return Problem(f"{field} must be a whole number in the digits 0-9, got '{clip(text)}'", hint, field)
    if len(text) > DIGITS:
        return Problem(f"{field} has {len(text)} digits", f"a size has at most {DIGITS} digits", field)
    return Problem(f"{field} must be at least {least}, got {int(text)}", f"use {least} or more", field)


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


_FLAGS = [word for word, (_, value, _) in WORDS.items() if value is True or value == LAST]
_DEFAULTS = LayerSpec._field_defaults


def spec_to_json(spec: LayerSpec) -> dict[str, object]:
    """The normalised spec by JSON field name, in LayerSpec's order; `json.dumps` writes its tuples as lists.

    >>> from convcost.spec import parse_spec
    >>> list(spec_to_json(parse_spec("64:128 @56 k3 p0-1")).items())[2:6:3]
    [('kernel_size', (3, 3)), ('padding', ((0, 1), (0, 1)))]
    """
    return dict(zip(LayerSpec._fields, spec))


def format_spec(spec: LayerSpec) -> str:
    """The shortest tokens that say `spec`; `norm`, `activation` and `residual` have none and are left out.

    >>> from convcost.spec import parse_spec
    >>> format_spec(parse_spec("Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)) @56x48"))
    '64:128 @56x48 k3 s2 bias'
    """
    same = spec.in_channels == spec.out_channels
    tokens = [str(spec.in_channels) if same else f"{spec.in_channels}:{spec.out_channels}"]
    for start, field in STARTS.items():
        value = _written(field, spec)
        if start != "in=" and value is not None:
            tokens.append(start + value)
    tokens += [word for word in _FLAGS if getattr(spec, WORDS[word][0]) == WORDS[word][1]]
    if spec.axes == 1 or (spec.axes == 3 and not _shows_three_axes(spec, tokens)):
        tokens.append(f"{spec.axes}d")
    return " ".join(tokens + [spec.dtype] * (spec.dtype != _DEFAULTS["dtype"]))


def _shows_three_axes(spec: LayerSpec, tokens: list[str]) -> bool:
    """Do the tokens of a layer with three axes say so? A size that may hold the channels does not."""
    unclear = spec.in_channels in (spec.input_size[0], spec.input_size[-1])
    return any("x" in token and token[:4] != "mid=" and not (unclear and token[0] == "@") for token in tokens)


def _written(field: str, spec: LayerSpec) -> str | None:
    """What stands behind a field's start, or None where the field goes without saying."""
    value = getattr(spec, field)
    if field == "padding":
        return _written_padding(spec)
    if type(value) is tuple:
        default = _DEFAULTS.get(field)
        return None if default and set(value) == set(default) else _joined(list(map(str, value)))
    return None if value == _DEFAULTS.get(field) else str(value)


def _written_padding(spec: LayerSpec) -> str | None:
    if isinstance(spec.padding, str):
        return spec.padding
    zeros: Pads = ((0, 0),) * spec.axes
    if spec.padding == (zeros if spec.transposed else _same(spec.kernel_size, spec.dilation)):
        return None
    return _joined([f"{before}" if before == after else f"{before}-{after}" for before, after in spec.padding])


def _same(kernel_size: Ints, dilation: Ints) -> Pads | None:
    try:
        return same_padding(kernel_size, dilation)
    except Problem:  # so large that nobody can ask for it
        return None


def _joined(parts: list[str]) -> str:
    return parts[0] if len(set(parts)) == 1 else "x".join(parts)
