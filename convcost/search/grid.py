"""Tokens with ranges: `16..512/16:64,128 @7,14,28 k3,5 s1,2` is a grid of layers.

A range is `16..512` (every number), `16..512/16` (in steps), `16..512/x2` (times 2 from one to the next); a list is
`7,14,28`, and may hold ranges; `_` is every number that there may reasonably be. Channels, input sizes, settings of
variants and the batch, of which there are many, become axes; every other token with several values makes one grid for
each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from ..spec import LayerSpec, SpecError, format_spec, parse_spec, read_layer

#: Numbers that one range may have, and layers that a grid may.
MOST_VALUES, MOST_LAYERS = 1_000_000, 10**13

#: Fields of a layer that become axes, by the start of their token, and what `_` stands for.
SETTINGS = {
    "mid=": ("mid_channels", range(1, 4097)), "ratio=": ("bottleneck_ratio", range(1, 65)),
    "g": ("groups", range(1, 1025)), "e": ("expansion_ratio", range(1, 33)),
    "m": ("depth_multiplier", range(1, 33)), "n": ("batch", range(1, 1025)),
}  # fmt: skip

#: What `_` stands for in the place of channels, of an input size, of a kernel.
CHANNELS, POSITIONS, KERNELS = range(1, 8193), range(1, 1025), range(1, 17, 2)

_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:/(x?)(\d+))?$")
_SIZES = re.compile(r"(?P<start>@|in=)(?P<rest>[\d_].*)$")
_CHANNELS = re.compile(r"[\d_][\d.,/x_]*(?::[\d_][\d.,/x_]*)?$")
_SETTING = re.compile(rf"(?P<start>{'|'.join(SETTINGS)})(?P<rest>[\d_][\d.,/x_]*)$")

#: How a layer begins; any other word names a network.
_LAYER = re.compile(r"[\d_@]|[kspdgemn][\d_]|in=|mid=|ratio=|mode=|[\w.]*[({]")

Values = tuple[int, ...]


class Axis(NamedTuple):
    """Fields that vary together, and their values, one number a field; `size0` is the input's first axis."""

    fields: tuple[str, ...]
    values: tuple[Values, ...]


class Grid(NamedTuple):
    """Layers of one structure: `text` are its tokens but for what varies along the axes, the last of them fastest.

    In channels alone, or one size for all axes, are one axis of one field: out channels and the other sizes follow.
    `flags` are fields that no token says.
    """

    text: str
    axes: tuple[Axis, ...]
    flags: tuple[tuple[str, Any], ...] = ()

    @property
    def layers(self) -> int:
        """How many there are."""
        return prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple([len(axis.values) for axis in self.axes])

    @property
    def fields(self) -> list[str]:
        """What varies."""
        return [field for axis in self.axes for field in axis.fields]

    def row(self, row: int) -> dict[str, int]:
        """What varies, of layer number `row`, by field."""
        found: dict[str, int] = {}
        for axis in reversed(self.axes):
            row, at = divmod(row, len(axis.values))
            found = {**dict(zip(axis.fields, axis.values[at])), **found}
        return found

    def tokens(self, row: int) -> str:
        """Layer number `row` in our notation."""
        return tokens_of(self.text, self.row(row))

    def spec(self, row: int) -> LayerSpec:
        """Layer number `row`."""
        return parse_spec(self.tokens(row))._replace(**dict(self.flags))

    def example(self) -> LayerSpec:
        """The first layer that there can be: what the tokens mean, with every default."""
        return _example(self)

    def without(self, fields: Collection[str]) -> Grid:
        """The grid without the axes of these fields."""
        return self._replace(axes=tuple([axis for axis in self.axes if not {*axis.fields} & {*fields}]))


@lru_cache
def _example(grid: Grid) -> LayerSpec:
    """The first of a few layers near both ends that is one: groups may not divide, a kernel may not fit."""
    why: SpecError | None = None
    for row in dict.fromkeys((0, grid.layers - 1, grid.layers // 2, *range(min(grid.layers, 64)))):
        try:
            return grid.spec(row)
        except SpecError as error:
            why = why or error
    assert why
    raise why


def tokens_of(text: str, values: dict[str, int]) -> str:
    """Tokens of one structure with the numbers of one layer.

    >>> tokens_of("k3 s2", {"in_channels": 64, "out_channels": 128, "size": 56, "mid_channels": 16})
    '64:128 @56 k3 s2 mid=16'
    """
    starts = {field: start for start, (field, _) in SETTINGS.items()}
    outer = values.get("out_channels")
    channels = f"{values['in_channels']}" if outer is None else f"{values['in_channels']}:{outer}"
    sizes = [str(number) for field, number in values.items() if field.startswith("size")]
    more = [f"{starts[field]}{number}" for field, number in values.items() if field in starts]
    return " ".join([channels, "@" + "x".join(sizes), *text.split(), *more])


def is_network(word: str) -> bool:
    """Does a word name a network, rather than begin a layer with ranges?

    >>> is_network("resnet50"), is_network("64:_"), is_network("Conv2d(3,")
    (True, False, False)
    """
    return Path(word).is_file() or not _LAYER.match(word)


def tokens_of_line(line: str, flags: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A line as tokens, and what no token says of it, beside the `flags`; a framework's line has no ranges.

    >>> tokens_of_line("Conv2d(8, 16, 3, padding=1) @9", {"norm": True})
    ('8:16 @9 k3 bias', {'norm': True})
    """
    if not re.search(r"[({]", line):
        return line, flags
    spec = read_layer(line).spec
    own = {field: value for field in ("norm", "activation", "residual") if (value := getattr(spec, field))}
    return format_spec(spec), {**own, **flags}


def read_grid(words: Sequence[str], flags: dict[str, Any] | None = None) -> list[Grid]:
    """The grids that tokens with ranges describe, one for each structure.

    >>> grids = read_grid("16..64/16:32,64 @7,14 k3,5 bias".split())
    >>> [(grid.text, grid.layers) for grid in grids], grids[0].tokens(3)
    ([('k3 bias', 16), ('k5 bias', 16)], '16:64 @14 k3 bias')

    Raises SpecError, pointing at the token.
    """
    text = " ".join(words)
    channels, sizes, settings, rest = list[Axis](), None, list[Axis](), list[list[str]]()
    at = 0
    for word in text.split():
        at = text.index(word, at)
        setting = _SETTING.match(word)
        if not channels and _CHANNELS.match(word) and "x" not in re.sub(r"/x\d", "", word):
            channels = _channel_axes(word, text, at)
        elif _SIZES.match(word) and sizes is None:
            sizes = _size_axis(word, text, at)
        elif setting and ("_" in word or "," in word or ".." in word) and "x" not in re.sub(r"/x\d", "", word):
            field, every = SETTINGS[setting["start"]]
            values = read_values(setting["rest"], text, at + setting.start("rest"), every)
            settings.append(Axis((field,), tuple([(n,) for n in values])))
        else:
            rest.append(_alternatives(word, text, at))
        at += len(word)
    if not channels or sizes is None:
        what, add = (
            ("channels are", "them, such as 16..512/16:64")
            if not channels
            else ("the input size is", "it, such as @7,14,28")
        )
        raise SpecError(f"{what} missing", f"add {add}", text, len(text), len(text))
    given = tuple((flags or {}).items())
    grids = [Grid(" ".join(tokens), (*channels, *settings, sizes), given) for tokens in product(*rest)]
    for grid in grids:
        _require_layer(grid, text)
    _require_few(sum([grid.layers for grid in grids]), text)
    return grids


def _require_layer(grid: Grid, text: str) -> None:
    """The tokens of each structure are those of a layer; where not, the error points into what was typed."""
    try:
        grid.example()
    except SpecError as error:
        wrong = error.text[error.start : error.end]
        at = text.find(wrong)
        place = (at, at + len(wrong)) if wrong.strip() and at >= 0 else (0, len(text))
        raise SpecError(error.message, error.hint, text, *place) from None


def _require_few(layers: int, text: str) -> None:
    if layers > MOST_LAYERS:
        raise SpecError(f"{layers:,} layers are too many", f"at most {MOST_LAYERS:,} are gone through", text)


def _channel_axes(word: str, text: str, at: int) -> list[Axis]:
    axes = []
    for field, part in zip(("in_channels", "out_channels"), word.split(":")):
        values = read_values(part, text, at, CHANNELS)
        axes.append(Axis((field,), tuple([(n,) for n in values])))
        at += len(part) + 1
    return axes


def read_values(part: str, text: str, at: int, every: Sequence[int]) -> Values:
    """The numbers of a list of numbers and ranges, each once, in order."""
    found = [number for piece, start in _placed(part, ",", at) for number in _piece(piece, text, start, every)]
    return tuple(dict.fromkeys(found))


def _placed(part: str, sign: str, at: int) -> Iterator[tuple[str, int]]:
    """What stands between the signs of a pattern, each with its place; `part` begins at `at`."""
    for piece in re.finditer(rf"(?:^|{sign})((?:(?!{sign}).)*)", part):
        yield piece[1], at + piece.start(1)


def _piece(piece: str, text: str, at: int, every: Sequence[int]) -> Sequence[int]:
    if piece == "_":
        return every
    if piece.isdecimal() and int(piece):
        return (int(piece),)
    found = _RANGE.match(piece)
    if not found:
        raise SpecError(f"{piece!r} is no number and no range", "such as 16..512/16, 16..512/x2, 7,14 or _", text, at,
                        at + len(piece))  # fmt: skip
    low, high, times, step = int(found[1]), int(found[2]), bool(found[3]), int(found[4] or 1)
    if low > high or low < 1 or step < 1 or (times and step < 2):
        hint = "write the smaller one first" if low > high else "numbers and steps are 1 or more, doubling is x2"
        raise SpecError(f"the range {piece} has no numbers", f"{hint}: 16..512/16", text, at, at + len(piece))
    numbers: Sequence[int] = range(low, high + 1, step)
    if times:
        numbers = [low * step**power for power in range(high.bit_length()) if low * step**power <= high]
    if len(numbers) > MOST_VALUES:
        raise SpecError(
            f"the range {piece} has {len(numbers):,} numbers", "give it steps: /16", text, at, at + len(piece)
        )
    return numbers


def _size_axis(word: str, text: str, at: int) -> Axis:
    """Sizes, a number an axis: `@56x48,28x24`, or one for all: `@7,14,28`; one among others stands for all of them."""
    found = _SIZES.match(word)
    assert found
    sizes: list[Values] = []
    for piece, start in _placed(found["rest"], ",", at + found.start("rest")):
        sizes += product(*[_piece(axis, text, place, POSITIONS) for axis, place in _placed(piece, r"(?<!/)x", start)])
    most = max(map(len, sizes))
    whole = [size if len(size) == most else size * most if len(size) == 1 else () for size in sizes]
    if () in whole:
        raise SpecError("sizes of two and of three axes do not mix", "make two calls of it", text, at, at + len(word))
    fields = tuple([f"size{n}" for n in range(most)]) if most > 1 else ("size",)
    return Axis(fields, tuple(dict.fromkeys(whole)))


def _alternatives(word: str, text: str, at: int) -> list[str]:
    """`k3,5` as k3 and k5; a token without a list or a range is itself."""
    if word == "k_":
        return [f"k{size}" for size in KERNELS]
    if re.fullmatch(r"[a-z]+=?_", word):
        hint = "it stands for channels, sizes, a kernel, or mid=_ ratio=_ g_ e_ m_ n_; else write a range"
        raise SpecError(f"{word} is not solved for", hint, text, at, at + len(word))
    found = re.match(r"([a-z]+=?)?(\d.*)$", word)
    if not found:
        return [word]
    start, rest = found[1] or "", found[2]
    return [start + one for piece, place in _placed(rest, ",", at + len(start))
            for one in (map(str, _piece(piece, text, place, ())) if ".." in piece else [piece])]  # fmt: skip
