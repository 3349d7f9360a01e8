"""What somebody may have meant: loaded only when something is wrong. A suggestion is close, and works when typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from .errors import Problem
from .fields import FIELDS, NoSuchChoice, Values
from .tokens import STARTS, WORDS, read_token

SHELL = "the shell takes > for itself: write 64:128, or quote '64->128'"

#: What people write for x, for the colon of the channels, and in place of nothing.
_SIGNS = str.maketrans({"×": "x", "*": "x", ",": "x", "→": ":", "=": None, "_": None, "\u200b": None})

#: Names from elsewhere, and the token (or its start) that says it here.
_ELSEWHERE = {
    "kernel": "k", "pad": "p", "same": "psame", "same-upper": "psame-upper", "valid": "pvalid", "input": "@",
    "size": "@", "expansion": "e", "expand": "e", "transpose": "t", "deconv": "t", "multiplier": "m",
    "float": "fp32", "float32": "fp32", "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "i": "int8",
    "double": "fp64", "float64": "fp64", "float8": "fp8", "uint4": "int4", "bit": "binary", "bool": "binary",
    "1x1": "k1", "pointwise": "k1", "pw": "k1", "filters": "64:", "strides": "s", "dilation_rate": "d",
}  # fmt: skip

#: Words for a layer with one group a channel.
_DEPTHWISE = ("depthwise", "depth-wise", "dw", "depthwise-conv", "channelwise", "g=in", "gin")

_FLAGS = {
    "norm": "--norm", "batchnorm": "--norm", "bn": "--norm", "residual": "--residual", "shortcut": "--residual",
    "activation": "--activation",
}  # fmt: skip

_NOTHING: Values = {}

#: Shorter words are like many others.
_LONG = 5


def close_match(word: str, candidates: Iterable[str]) -> str:
    """The candidate most like `word`, or nothing."""
    return next(iter(_close_matches(word, candidates)), "")


def _close_matches(word: str, candidates: Iterable[str]) -> list[str]:
    """The candidates most like `word`: several where they are so equally."""
    from difflib import SequenceMatcher, get_close_matches

    if len(word) < 2:
        return []
    short = word[:40].lower()
    # What is 2.3 times as long or short cannot be 60 % alike: a batch may be all mistakes.
    near = [known for known in candidates if 3 * len(known) <= 7 * len(short) and 3 * len(short) <= 7 * len(known)]
    if len(short) < _LONG:  # two letters of three are 60 % alike, and seldom is the first one mistyped
        near = [known for known in near if known[:1].lower() == short[:1]]
    found = get_close_matches(short, near)
    alike = [SequenceMatcher(None, known, short).ratio() for known in found]
    return [known for known, ratio in zip(found, alike) if ratio == alike[0]]


def with_better_hint(problem: Problem, word: str = "", taken: Values = _NOTHING) -> Problem:
    """`problem` with the hint that this particular word deserves, if there is one.

    `taken` are the fields that the words before it have set: a second token for one of them would not work.
    """
    if isinstance(problem, NoSuchChoice):
        return _meant_choice(problem)
    word = word[:200]

    def fits(candidate: str) -> bool:
        try:
            return candidate != word and read_token(candidate)[0] not in taken
        except (Problem, IndexError):
            return False

    hint = _hint(word, taken, fits) or ("" if problem.fields else _name_hint(word, fits)) or problem.hint
    return Problem(problem.message, hint, *problem.fields)


def _meant_choice(problem: NoSuchChoice) -> Problem:
    field = problem.fields[0]
    choices, word = FIELDS[field].choices, problem.word.lower().removeprefix("torch.")
    meant = _ELSEWHERE.get(word, "")
    meant = meant if meant in choices else " or ".join(_close_matches(word, choices))
    return Problem(problem.message, f"did you mean {meant}?" if meant else problem.hint, field)


def _hint(word: str, taken: Values, fits: Callable[[str], bool]) -> str:
    if word.startswith("->"):
        return "write 64:128, without spaces"
    if word.endswith("-") and word[:1] != "p":
        return SHELL
    if word.lower().replace("-", "") in ("nobias", "bias=false"):
        return "leave it out: there is no bias unless the line says so"
    if word.lower() in _DEPTHWISE:
        return _depthwise(taken, fits)
    if "(" in word or ")" in word:
        return "one layer a line; elsewhere sizes are joined with x, as in k1x7"
    if word[:1] in "wW" and word[1:].isdigit():
        return "a dtype has bits for weights and for activations: w8a8, w4a16"
    if word.startswith("["):
        return "JSON is one object a line, in braces"
    if word.lower().startswith(("conv", "nn.", "torch.nn.")):
        return "a layer of PyTorch, Keras … needs its parentheses: Conv2d(64, 128, kernel_size=(3, 3))"
    meant = next(filter(fits, _repairs(word)), "")
    return f"did you mean {meant}?" if meant else ""


def _depthwise(taken: Values, fits: Callable[[str], bool]) -> str:
    channels = taken.get("channels")
    if channels and fits(f"g{channels[0]}"):
        more = "" if channels[1] % channels[0] == 0 else f", and out channels that {channels[0]} divides"
        return f"did you mean g{channels[0]}{more}?"
    return "a depthwise layer has as many groups as in channels: 64:64 @56 k3 g64"


def _repairs(word: str) -> Iterator[str]:
    from unicodedata import normalize

    if word.replace(",", "").isdigit():
        yield word.replace(",", ":")
    yield f"@{word}"
    yield word.lower()
    yield word.translate(_SIGNS).lower()
    yield normalize("NFKC", word).translate(_SIGNS).lower()
    yield "".join(filter(str.isprintable, word))
    yield word.replace("-", ":")


def _name_hint(word: str, fits: Callable[[str], bool]) -> str:
    """For a word that is a name or starts with one: `stride=2`, `kernel3`, `fp61`, `float16`, `norm`."""
    if word == "SAME" and fits("psame-upper"):
        return "did you mean psame-upper?"
    word, spellings = word.lower().removeprefix("torch."), _spellings()
    name = word.partition("=")[0].rstrip("0123456789x")
    match = next((known for known in (word, name) if known in spellings), "")
    alike = [] if match else _close_matches(word, WORDS)
    if len(alike) > 1 and all(map(fits, alike)):
        return f"did you mean {' or '.join(alike)}?"
    match = match or next(iter(alike), "") or close_match(name, spellings)
    if not match:
        return ""
    says = spellings[match]
    if says.startswith("--"):
        return f"that is an option: {says}"
    for token in (says, says + word[len(name) :].lstrip("=")):
        if token and fits(token):
            return f"did you mean {token}?"
    field = STARTS.get(says)
    return f"{field} is written {FIELDS[field].token}" if field else ""


@cache
def _spellings() -> dict[str, str]:
    """Every name somebody may write, and the token or the start of the token for it."""
    starts = {field: start for start, field in reversed(STARTS.items())}
    names = {name: starts.get(name, field.token) for name, field in FIELDS.items() if field.token}
    names |= {"in_channels": "64:128", "out_channels": "64:128", "bias": "bias", "dtype": "fp16"}
    activations = {name: f"--activation {name}" for name in FIELDS["activation"].choices}
    ours = {start.strip("="): start for start in STARTS if len(start) > 1} | {word: word for word in WORDS}
    return {**activations, **_FLAGS, **names, **_ELSEWHERE, **ours}
