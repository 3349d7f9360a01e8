"""How the kernels of a variant's convolutions make one dense kernel: a formula, read by whoever needs it.

`"m i x, o m y -> o i y x"` says of two passes K[o,i,y,x] = sum over m of V[o,m,y] U[m,i,x]. A part is one
convolution, in the order of execution: its output channels, the input channels that one group of it reads, its taps.
Letters in brackets are one axis, the first of them the slowest; 1 is no axis at all; `*` is every spatial axis.
A letter that stands twice in the kernel says that it is zero where the two differ: groups.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..spec.layer import Ints, LayerSpec
from ..spec.records import NamedTuple

#: What spatial axes are called, the last one last.
SPATIAL = "zyx"

#: Letters whose number is a choice, and the setting of a layer that makes it.
CHOSEN = {"m": "mid_channels", "n": "mid_channels", "j": "depth_multiplier"}


class Factors(NamedTuple):
    """A formula for layers of so many axes: the letters of each part, and of the kernel that they make.

    >>> found = read_factors("(i j) 1 *, o (i j) 1 -> o i *", 2)
    >>> found.parts, found.made, found.chosen
    (('ijyx', 'oij'), 'oiyx', 'j')
    """

    parts: tuple[str, ...]
    made: str

    @property
    def chosen(self) -> str:
        """The letters that are summed over: how many of each there are is a choice, the rank."""
        return "".join(dict.fromkeys([letter for letter in "".join(self.parts) if letter in CHOSEN]))


def read_factors(text: str, axes: int) -> Factors:
    """The formula of a variant for layers of so many axes."""
    left, _, made = text.replace("*", SPATIAL[-axes:]).partition("->")
    parts = tuple([_letters(part) for part in left.split(",")])
    return Factors(parts, _letters(made))


def _letters(part: str) -> str:
    return "".join([sign for sign in part if sign.isalpha()])


def letter_sizes(spec: LayerSpec, settings: Mapping[str, object]) -> dict[str, int]:
    """How many there are of each letter, in a variant of `spec` that was built with these settings.

    >>> spec = LayerSpec(6, 8, (3, 5), (9, 9), mid_channels=2)
    >>> sizes = letter_sizes(spec, {"mid_channels": 2})
    >>> [(letter, sizes[letter]) for letter in "oimyx"]
    [('o', 8), ('i', 6), ('m', 2), ('y', 3), ('x', 5)]

    Of `grouped`, `g` groups have `a` outputs and `b` inputs each.
    """
    mid, groups = settings.get("mid_channels", 0), settings.get("groups", 1)
    inner, outer = mid if isinstance(mid, tuple) else (mid, mid)
    assert isinstance(groups, int)
    return {
        "o": spec.out_channels, "i": spec.in_channels, "m": inner, "n": outer, "j": spec.depth_multiplier,
        "g": groups, "a": spec.out_channels // groups, "b": spec.in_channels // groups,
        **dict(zip(SPATIAL[-spec.axes :], spec.kernel_size)),
    }  # fmt: skip


def with_ranks(spec: LayerSpec, chosen: str, ranks: Ints) -> LayerSpec:
    """The layer with that many of each chosen letter.

    >>> with_ranks(LayerSpec(6, 8, (3,), (9,)), "mn", (2, 4)).mid_channels
    (2, 4)
    """
    if not chosen:
        return spec
    if CHOSEN[chosen[0]] == "depth_multiplier":
        return spec._replace(depth_multiplier=ranks[0])
    return spec._replace(mid_channels=ranks[0] if len(ranks) == 1 else ranks)
