"""Tokens of the spec notation as candidates: one typical token a field, and typical values behind each start."""

from __future__ import annotations

from collections.abc import Collection

from ...spec.fields import FIELDS
from ...spec.layer import DTYPES, PADDING_MODES
from ...spec.tokens import STARTS, WORDS
from .values import Candidate

#: Channel counts and sizes as networks have them.
CHANNELS = (3, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048)
SIZES = (7, 8, 14, 16, 28, 32, 56, 64, 112, 128, 224, 256, 299, 320, 640, 1024)

#: Typical values of each field; what is behind a letter is short, so that TAB shows all of it.
TYPICAL: dict[str, tuple[object, ...]] = {
    "input_size": SIZES,
    "kernel_size": (1, 3, 5, 7, "1x3", "3x1", "1x7", "7x1"),
    "stride": (1, 2),
    "padding": (0, 1, 2, 3),
    "dilation": (1, 2, 4),
    "groups": (2, 4, 8, 16, 32, 64),
    "expansion_ratio": (1, 2, 3, 4, 6),
    "bottleneck_ratio": (2, 4, 8),
    "depth_multiplier": (1, 2, 4),
    "mid_channels": CHANNELS[1:],
    "batch": (1, 2, 4, 8, 16, 32, 64, 128, 256),
    "output_padding": (0, 1),
    "padding_mode": PADDING_MODES,
}

CHANNEL_PAIR = Candidate("64:128", "in and out channels")

_WORD_HELP = {
    "bias": "a bias on every convolution",
    "bias=last": "a bias on the last convolution of a block",
    "t": "transposed",
    "v1": "a bottleneck’s stride on its first 1x1",
    "1d": "one axis",
    "2d": "two axes",
    "3d": "three axes",
    "psame": "output = ceil(input / stride)",
    "psame-upper": "the same, as TensorFlow and ONNX pad",
    "pvalid": "no padding",
    **{dtype: f"{bits} bit{'s' * (bits > 1)} a number" for dtype, bits in DTYPES.items()},
}

#: Dtypes that are made of numbers, as somebody may want them.
MIXED = {"w8a8": "8-bit integers", "w8a16": "weights of 8 bits, activations of 16", "w4a16": "weights of 4 bits"}

#: Starts behind which a size of several axes is joined with x.
JOINED = tuple([start for start, field in STARTS.items() if FIELDS[field].kind in ("sizes", "padding")])


def field_help(field: str) -> str:
    """What a field is called.

    >>> field_help("bottleneck_ratio")
    'bottleneck ratio'
    """
    return field.replace("_", " ")


def first_tokens() -> list[Candidate]:
    """What there is but for channels: starts that end in a sign, a typical token for each letter, and words."""
    found = []
    for start, field in STARTS.items():
        typical = {"k": "3", "s": "2", "p": "1", "d": "2", "g": "32", "e": "6", "m": "2", "n": "8", "op": "1"}
        found.append(Candidate(start + typical.get(start, ""), field_help(field)))
    return [*found, *[Candidate(word, said) for word, said in (*_words(), *MIXED.items())]]


def _words() -> list[tuple[str, str]]:
    return [(word, _WORD_HELP[word]) for word in WORDS]


def starts() -> dict[str, tuple[str, list[str]]]:
    """What is behind each start, the longest first: its field's name and typical values."""
    by_length = sorted(STARTS.items(), key=lambda item: -len(item[0]))
    return {start: (field_help(field), list(map(str, TYPICAL[field]))) for start, field in by_length}


def channel_starts() -> list[Candidate]:
    """What a number alone may become: in channels, waiting for the out channels, or a number of axes."""
    axes = [Candidate(word, _WORD_HELP[word]) for word in ("1d", "2d", "3d")]
    return [*[Candidate(f"{n}:", "in channels") for n in CHANNELS], *axes]


def kinds(without: Collection[str] = ()) -> list[str]:
    """How the tokens of each field begin, `without` some fields: regular expressions that every shell reads.

    A field is given once, so what begins as a token that is there already is not offered again. Each expression
    looks at the character behind a word, too, so that it is none of a longer word.

    >>> kinds()[:4]
    ['[0-9]+[^0-9xd]', '[0-9]+x|k[0-9]', '@|in=', 's[0-9]']
    """
    found = {"channels": ["[0-9]+[^0-9xd]"], "kernel_size": ["[0-9]+x"]}
    for start, field in STARTS.items():
        found.setdefault(field, []).append(start if start[-1] in "@=" else f"{start}[0-9]")
    for word, (field, _, _) in WORDS.items():
        found.setdefault(field, []).append(f"{word}[^a-z0-9-]")
    found["dtype"].append("w[0-9]")
    return ["|".join(begins) for field, begins in found.items() if field not in without]


def outside(fields: Collection[str]) -> str:
    """How the tokens begin that set none of these fields: one regular expression, empty if all fields may be set."""
    return "|".join(kinds(fields)) if fields else ""
