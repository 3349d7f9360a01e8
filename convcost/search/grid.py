"""Tokens with ranges: `16..512/16:64,128 @7,14 k3,5 s1,2` is a grid of layers.

A range is `16..512` (every number), `16..512/16` (in steps), `16..512/x2` (times 2 from one to the next); a list is
`7,14,28`, and may hold ranges. Channels and input sizes, of which there are many, become columns; every other token
with several values makes one layer for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from ..spec import LayerSpec, SpecError, parse_spec

#: Numbers that one range may have, and layers that a grid may.
MOST_VALUES, MOST_LAYERS = 1_000_000, 10**13

_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:/(x?)(\d+))?$")
_SIZES = re.compile(r"(?P<start>@|in=)(?P<rest>\d.*)$")
_CHANNELS = re.compile(r"\d[\d.,/x]*(?::\d[\d.,/x]*)?$")

Values = tuple[int, ...]


class Grid(NamedTuple):
    """Layers of one structure: `text` are its tokens but for sizes; the columns are multiplied out, sizes fastest.

    `out_channels` None: as many as go in. `sizes` are input sizes, an axis each, or one number for every axis.
    """

    text: str
    in_channels: Values
    out_channels: Values | None
    sizes: tuple[Values, ...]

    def __len__(self) -> int:
        return len(self.in_channels) * len(self.out_channels or (0,)) * len(self.sizes)

    def example(self) -> LayerSpec:
        """The first layer: what the tokens mean, with every default."""
        return self.spec(0)

    def spec(self, row: int) -> LayerSpec:
        """Layer number `row`."""
        inner, outer, size = self.row(row)
        return parse_spec(f"{inner}:{outer} @{'x'.join(map(str, size))} {self.text}")

    def row(self, row: int) -> tuple[int, int, Values]:
        """In channels, out channels and input size of layer number `row`."""
        row, at = divmod(row, len(self.sizes))
        first, second = divmod(row, len(self.out_channels or (0,)))
        inner = self.in_channels[first]
        return inner, self.out_channels[second] if self.out_channels else inner, self.sizes[at]


def read_grid(words: Sequence[str]) -> list[Grid]:
    """The grids that tokens with ranges describe, one for each structure.

    >>> grids = read_grid("16..64/16:32,64 @7,14 k3,5 bias".split())
    >>> [(grid.text, len(grid)) for grid in grids], grids[0].row(3)
    ([('k3 bias', 16), ('k5 bias', 16)], (16, 64, (14,)))

    Raises SpecError, pointing at the token.
    """
    text = " ".join(words)
    channels, sizes, rest, at = None, None, list[list[str]](), 0
    for word in text.split():
        at = text.index(word, at)
        if _CHANNELS.match(word) and not word.endswith(("d",)) and channels is None and "x" not in word.split("/")[0]:
            channels = [_values(part, text, at) for part in word.split(":")]
        elif _SIZES.match(word):
            sizes = _input_sizes(word, text, at)
        else:
            rest.append(_alternatives(word, text, at))
        at += len(word)
    if channels is None or sizes is None:
        what, such = ("channels are", "16..512/16:64") if channels is None else ("the input size is", "@7,14,28")
        raise SpecError(f"{what} missing", f"add them, such as {such}", text, len(text), len(text))
    inner, outer = channels[0], channels[1] if len(channels) > 1 else None
    grids = [Grid(" ".join(tokens), inner, outer, sizes) for tokens in product(*rest)]
    _require_few(sum(map(len, grids)), text)
    return grids


def _require_few(layers: int, text: str) -> None:
    if layers > MOST_LAYERS:
        raise SpecError(
            f"{layers:,} layers are too many", f"at most {MOST_LAYERS:,} are gone through", text, 0, len(text)
        )


def _values(part: str, text: str, at: int) -> Values:
    """The numbers of a list of numbers and ranges, each once, in order."""
    found = [number for piece in part.split(",") for number in _piece(piece, text, at)]
    return tuple(dict.fromkeys(found))


def _piece(piece: str, text: str, at: int) -> Sequence[int]:
    if piece.isdecimal():
        return (int(piece),)
    found = _RANGE.match(piece)
    if not found:
        raise SpecError(f"{piece!r} is no number and no range", "such as 16..512/16, 16..512/x2 or 7,14,28", text, at,
                        at + len(piece))  # fmt: skip
    low, high, times, step = int(found[1]), int(found[2]), bool(found[3]), int(found[4] or 1)
    if low > high or low < 1 or step < 1 or (times and step < 2):
        raise SpecError(f"the range {piece} has no numbers", "write the smaller one first: 16..512/16", text, at,
                        at + len(piece))  # fmt: skip
    numbers: Sequence[int] = range(low, high + 1, step)
    if times:
        numbers = [low * step**power for power in range((high // low).bit_length()) if low * step**power <= high]
    if len(numbers) > MOST_VALUES:
        raise SpecError(
            f"the range {piece} has {len(numbers):,} numbers", "give it steps: /16", text, at, at + len(piece)
        )
    return numbers


def _input_sizes(word: str, text: str, at: int) -> tuple[Values, ...]:
    """Sizes, an axis each: `@56x48,28x24`, or one number for every axis: `@7,14,28`."""
    found = _SIZES.match(word)
    assert found
    sizes: list[Values] = []
    for piece in found["rest"].split(","):
        axes = piece.split("x") if "/x" not in piece else [piece]
        sizes += product(*[_piece(axis, text, at + found.start("rest")) for axis in axes])
    return tuple(dict.fromkeys(sizes))


def _alternatives(word: str, text: str, at: int) -> list[str]:
    """`k3,5` as k3 and k5; a token without a list or a range is itself."""
    found = re.match(r"([a-z]+=?)?(\d.*)$", word)
    if not found or not ("," in word or ".." in word):
        return [word]
    start, rest = found[1] or "", found[2]
    return [start + one for piece in rest.split(",")
            for one in (map(str, _piece(piece, text, at + len(start))) if ".." in piece else [piece])]  # fmt: skip


def size_of(grids: Sequence[Grid]) -> int:
    """How many layers there are.

    >>> size_of(read_grid(["16..64/16", "@7..9", "k3"]))
    12
    """
    return sum(map(len, grids))
