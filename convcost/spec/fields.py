"""Every field of a layer once: its kind, its least value, and a token that writes it. All readers use this table."""

# No postponed annotations: a NamedTuple would compile each of them from its text at every start.
from typing import Any, NamedTuple

from .errors import Problem
from .layer import ACTIVATIONS, DTYPES, PADDING_MODES

COUNT, PAIR, SIZES, PADDING, FLAG, CHOICE = "count", "pair", "sizes", "padding", "flag", "choice"

#: A size has at most 18 digits, so that it fits every integer type it may meet.
DIGITS = 18
LIMIT: int = 10**DIGITS
MAX_AXES = 3

#: Raw values by field name, as a reader hands them to `build_spec`: a count is an int; sizes are an int
#: (for every axis) or one an axis; a pair is an int, or two; padding is a name, a (before, after) pair for every
#: axis, or a tuple of such pairs; flags and choices are themselves.
Values = dict[str, Any]


class Field(NamedTuple):
    """What one field accepts."""

    kind: str
    token: str = ""
    minimum: int = 1
    choices: tuple[str, ...] = ()
    nullable: bool = False


#: In LayerSpec's order, with its names.
FIELDS = {
    "in_channels": Field(COUNT, "64:128"),
    "out_channels": Field(COUNT, "64:128"),
    "kernel_size": Field(SIZES, "k3 or k1x7"),
    "input_size": Field(SIZES, "@56 or @56x48"),
    "stride": Field(SIZES, "s2 or s1x2"),
    "padding": Field(PADDING, "p1, p0x3 or p0-1x2-3", 0, ("same", "same-upper", "valid")),
    "dilation": Field(SIZES, "d2 or d1x2"),
    "groups": Field(COUNT, "g32"),
    "bias": Field(FLAG, "bias"),
    "padding_mode": Field(CHOICE, "mode=reflect", choices=PADDING_MODES),
    "transposed": Field(FLAG, "t"),
    "output_padding": Field(SIZES, "op1 or op0x1", 0),
    "batch": Field(COUNT, "n8"),
    "dtype": Field(CHOICE, "fp16", choices=tuple(DTYPES)),
    "depth_multiplier": Field(COUNT, "m2"),
    "expansion_ratio": Field(COUNT, "e6", nullable=True),
    "bottleneck_ratio": Field(COUNT, "ratio=4"),
    "mid_channels": Field(PAIR, "mid=96 or mid=48x64", nullable=True),
    "v1": Field(FLAG, "v1"),
    "norm": Field(FLAG),
    "activation": Field(CHOICE, choices=ACTIVATIONS, nullable=True),
    "residual": Field(FLAG),
}


def check_number(name: str, value: int) -> int:
    """`value`, if field `name` can have it; Problem otherwise."""
    least = FIELDS[name].minimum
    if least <= value < LIMIT:
        return value
    if value >= LIMIT:
        raise Problem(f"{name} has more than {DIGITS} digits", f"a size has at most {DIGITS} digits", name)
    raise Problem(f"{name} must be at least {least}, got {value}", f"use {least} or more", name)


def check_axes(name: str, count: int) -> int:
    """`count`, if a layer can have so many axes; Problem otherwise."""
    if 1 <= count <= MAX_AXES:
        return count
    raise Problem(f"{name} has {count} axes", f"a layer has 1, 2 or {MAX_AXES} axes", name)


def one_or_two(name: str, numbers: tuple[int, ...]) -> int | tuple[int, ...]:
    """The number, where there is one or twice the same; two numbers; Problem otherwise."""
    if len(numbers) not in (1, 2):
        raise Problem(f"{name} is one number or two, got {len(numbers)}", f"write {FIELDS[name].token}", name)
    return numbers[0] if len(set(numbers)) == 1 else numbers


def axes_disagree(what: str, named: int, axes: int, *fields: str) -> Problem:
    """`what` names another number of axes than the line before it."""
    hint = "give one number" + (f", or {axes} of them" if axes > 1 else "")
    return Problem(f"{what} has {named} {'axis' if named == 1 else 'axes'}, the rest has {axes}", hint, *fields)


def choose(name: str, word: str) -> str:
    """The choice of field `name` that `word` spells, whatever its case, hyphens and underscores.

    >>> choose("activation", "LeakyReLU"), choose("padding", "SAME_UPPER")
    ('leaky-relu', 'same-upper')

    Raises Problem for a word that is none of them.
    """
    wanted = _compact(word)
    for choice in FIELDS[name].choices:
        if _compact(choice) == wanted:
            return choice
    from .mistakes import no_such_choice

    raise no_such_choice(name, word)


def _compact(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
