"""Every field of a layer once: its kind, its least value, a token that writes it, and which values it takes."""

# No postponed annotations: a NamedTuple would compile each of them from its text at every start.
from collections.abc import Callable
from typing import Any

from .errors import Problem, clip
from .layer import ACTIVATIONS, DTYPES, LAST, PADDING_MODES, Ints, is_mixed
from .records import NamedTuple

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
    "bias": Field(FLAG, "bias or bias=last", choices=(LAST,)),
    "padding_mode": Field(CHOICE, "mode=reflect", choices=PADDING_MODES),
    "transposed": Field(FLAG, "t"),
    "output_padding": Field(SIZES, "op1 or op0x1", 0),
    "batch": Field(COUNT, "n8"),
    "dtype": Field(CHOICE, "fp16 or w8a16", choices=tuple(DTYPES)),
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
    """How many axes `count` sizes name, if a layer can have so many; Problem otherwise.

    Of an input, four and five sizes are those of a tensor: batch and channels come before the axes.

    >>> check_axes("kernel_size", 3), check_axes("input_size", 4)
    (3, 2)
    """
    if 1 <= count <= MAX_AXES:
        return count
    if name == "input_size" and count <= MAX_AXES + 2:
        return count - 2
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
            # In capitals it is TensorFlow's word, and ONNX's.
            return "same-upper" if word == "SAME" else choice
    if name == "dtype" and is_mixed(wanted):
        return wanted
    raise NoSuchChoice(name, word)


class NoSuchChoice(Problem):
    """`word` is none of what field `name` chooses from."""

    def __init__(self, name: str, word: str) -> None:
        choices = ", ".join(FIELDS[name].choices) + ", or such as w8a16" * (name == "dtype")
        super().__init__(f"{name} cannot be '{clip(word)}'", f"one of {choices}", name)
        self.word = word


def _compact(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def read_object(name: str, value: object) -> tuple[Any, int]:
    """The raw value of field `name` from a Python value, and the number of axes it settles (0: it fits any).

    >>> read_object("padding", [[0, 1], [2, 3]]), read_object("stride", 2)
    ((((0, 1), (2, 3)), 2), (2, 0))

    Raises Problem for a value that the field does not take.
    """
    field = FIELDS[name]
    if value is None and field.nullable:
        return None, 0
    return _READERS[field.kind](name, value)


def read_digits(digits: str) -> int:
    """An integer literal; one that is longer than any size becomes a number that no field takes, without reading it."""
    if len(digits) > DIGITS + 1:
        return LIMIT
    return int(digits)


def _count(name: str, value: object) -> tuple[int, int]:
    return _integer(name, value, "an integer"), 0


def _two(name: str, value: object) -> tuple[int | Ints, int]:
    wanted = "an integer, or a list of two"
    if type(value) is list:
        return one_or_two(name, tuple([_integer(name, item, wanted) for item in value])), 0
    return _integer(name, value, wanted), 0


def _sizes(name: str, value: object) -> tuple[int | Ints, int]:
    wanted = "an integer or a list with one an axis"
    if type(value) is list:
        axes = check_axes(name, len(value))
        return tuple([_integer(name, item, wanted) for item in value]), axes
    return _integer(name, value, wanted), 0


def _padding(name: str, value: object) -> tuple[Any, int]:
    if type(value) is str:
        return choose(name, value), 0
    if type(value) is list:
        return tuple([_pair(name, item) for item in value]), check_axes(name, len(value))
    return _pair(name, value), 0


def _pair(name: str, value: object) -> Ints:
    wanted = "an integer, one an axis, a [before, after] pair an axis, or same, same-upper or valid"
    if type(value) is list and len(value) == 2:
        return _integer(name, value[0], wanted), _integer(name, value[1], wanted)
    number = _integer(name, value, wanted)
    return number, number


def _flag(name: str, value: object) -> tuple[bool | str, int]:
    if type(value) is bool or (type(value) is str and value in FIELDS[name].choices):
        return value, 0
    raise _wrong(name, ", ".join(["true or false", *FIELDS[name].choices]), value)


def _choice(name: str, value: object) -> tuple[str, int]:
    if type(value) is str:
        return choose(name, value), 0
    raise _wrong(name, "one of " + ", ".join(FIELDS[name].choices), value)


def _integer(name: str, value: object, wanted: str) -> int:
    # Not isinstance: true and false are integers to Python, and not to us.
    if type(value) is int:
        return check_number(name, value)
    raise _wrong(name, wanted, value)


def _wrong(name: str, wanted: str, value: object) -> Problem:
    hint = f"write {wanted}"
    if type(value) is float and value.is_integer() and abs(value) < LIMIT:
        hint = f"write {int(value)}"
    return Problem(f"{name} cannot be {_shown(value)}", hint, name)


def _shown(value: object) -> str:
    if type(value) is list or type(value) is dict:
        return "such a list" if type(value) is list else "an object"
    if value is None or type(value) is bool:
        return str(value).lower().replace("none", "null")
    return clip(repr(value))


_READERS: dict[str, Callable[[str, object], tuple[Any, int]]] = {
    COUNT: _count, PAIR: _two, SIZES: _sizes, PADDING: _padding, FLAG: _flag, CHOICE: _choice,
}  # fmt: skip
