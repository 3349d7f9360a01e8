"""What somebody may have meant: loaded only when something is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from .errors import Problem, clip
from .fields import DIGITS, FIELDS
from .tokens import STARTS, WORDS, read_plainly

HELP = "convcost compare --help shows the notation"
SHELL = "the shell takes > for itself: write 64:128, or quote '64->128'"

#: What people write for x, for the colon of the channels, and in place of nothing.
_SIGNS = str.maketrans({"×": "x", "*": "x", ",": "x", "→": ":", "=": None, "_": None, "\u200b": None})

#: Names from elsewhere, and the token (or its start) that says it here.
_ELSEWHERE = {
    "kernel": "k", "pad": "p", "same": "psame", "same-upper": "psame-upper", "valid": "pvalid", "input": "@",
    "size": "@", "expansion": "e", "expand": "e", "transpose": "t", "deconv": "t", "multiplier": "m",
    "float": "fp32", "float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "i": "int8",
}  # fmt: skip

_FLAGS = {"norm": "--norm", "batchnorm": "--norm", "bn": "--norm", "residual": "--residual", "shortcut": "--residual"}


def close_match(word: str, candidates: Iterable[str]) -> str:
    """The candidate most like `word`, or nothing."""
    from difflib import get_close_matches

    if len(word) < 2:
        return ""
    short = word[:40].lower()
    # What is 2.3 times as long or short cannot be 60 % alike: a batch may be all mistakes.
    near = [known for known in candidates if 3 * len(known) <= 7 * len(short) and 3 * len(short) <= 7 * len(known)]
    return next(iter(get_close_matches(short, near, 1)), "")


def no_such_choice(field: str, word: str) -> Problem:
    choices = FIELDS[field].choices
    meant = _ELSEWHERE.get(word.lower().removeprefix("torch."), "")
    meant = meant if meant in choices else close_match(word, choices)
    hint = f"did you mean {meant}?" if meant else "one of " + ", ".join(choices)
    return Problem(f"{field} cannot be '{clip(word)}'", hint, field)


def bad_number(field: str, text: str) -> Problem:
    """Why `text` is no value for `field`, digit by digit."""
    least, hint = FIELDS[field].minimum, f"such as {FIELDS[field].token}"
    if not text:
        return Problem(f"{field} needs a number", hint, field)
    if not (text.isascii() and text.isdigit()):
        return Problem(f"{field} must be a whole number in the digits 0-9, got '{clip(text)}'", hint, field)
    if len(text) > DIGITS:
        return Problem(f"{field} has {len(text)} digits", f"a size has at most {DIGITS} digits", field)
    return Problem(f"{field} must be at least {least}, got {int(text)}", f"use {least} or more", field)


def unknown_token(word: str) -> Problem:
    if "\ufffd" in word:
        return Problem("not text", "give one spec a line, as UTF-8 text")
    return Problem(f"unknown token '{clip(word)}'", HELP)


def with_better_hint(problem: Problem, word: str) -> Problem:
    """`problem`, with the hint that this particular word deserves, if there is one."""
    word = word[:200]
    hint = _hint(word) or ("" if problem.fields else _name_hint(word)) or problem.hint
    return Problem(problem.message, hint, *problem.fields)


def _hint(word: str) -> str:
    if word.startswith("->"):
        return "write 64:128, without spaces"
    if word.endswith("-") and word[:1] != "p":
        return SHELL
    if word.lower().replace("-", "") in ("nobias", "bias=false"):
        return "leave it out: there is no bias unless the line says so"
    if "(" in word or ")" in word:
        return "one PyTorch module a line; elsewhere sizes are joined with x, as in k1x7"
    if word.startswith("["):
        return "JSON is one object a line, in braces"
    if word.lower().startswith(("conv", "nn.", "torch.nn.")):
        return "a PyTorch line needs its parentheses: Conv2d(64, 128, kernel_size=(3, 3))"
    for candidate in _repairs(word):
        if candidate != word and _reads(candidate):
            return f"did you mean {candidate}?"
    return ""


def _repairs(word: str) -> Iterator[str]:
    from unicodedata import normalize

    yield word.lower()
    yield word.translate(_SIGNS).lower()
    yield normalize("NFKC", word).translate(_SIGNS).lower()
    yield "".join(filter(str.isprintable, word))
    yield word.replace("-", ":")


def _reads(word: str) -> bool:
    try:
        read_plainly(word)
    except (Problem, IndexError):
        return False
    return True


@lru_cache(maxsize=256)
def _name_hint(word: str) -> str:
    """For a word that is a name or starts with one: `stride=2`, `kernel3`, `fp61`, `float16`, `norm`."""
    word, spellings = word.lower().removeprefix("torch."), _spellings()
    name = word.partition("=")[0].rstrip("0123456789x")
    match = next((known for known in (word, name) if known in spellings), "")
    match = match or close_match(word, WORDS) or close_match(name, spellings)
    if not match:
        return ""
    says = spellings[match]
    if says.startswith("--"):
        return f"that is an option: {says}"
    for token in (says, says + word[len(name) :].lstrip("=")):
        if token and _reads(token):
            return f"did you mean {token}?"
    field = STARTS.get(says)
    return f"{field} is written {FIELDS[field].token}" if field else ""


@cache
def _spellings() -> dict[str, str]:
    """Every name somebody may write, and the token or the start of the token for it."""
    starts = {field: start for start, field in reversed(STARTS.items())}
    names = {name: starts.get(name, field.token) for name, field in FIELDS.items() if field.token}
    activations = {name: f"--activation {name}" for name in FIELDS["activation"].choices}
    ours = {start.strip("="): start for start in STARTS if len(start) > 1} | {word: word for word in WORDS}
    return {**activations, **_FLAGS, **names, **_ELSEWHERE, **ours}


def divisors(number: int) -> str:
    """The first few divisors of a number, for a hint.

    >>> divisors(64), divisors(134)
    ('1, 2, 4, 8, …', '1, 2, 67, 134')
    """
    small = [d for d in range(1, 1000) if number % d == 0]
    few = small[:4] if len(small) > 1 else [1, number][:number]
    return ", ".join(map(str, few)) + (", …" if few[-1] != number else "")
