"""Python values, as JSON and PyTorch's printed form give them -> raw values, by the rules of the field table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import Problem, clip
from .fields import (
    CHOICE,
    COUNT,
    DIGITS,
    FIELDS,
    FLAG,
    LIMIT,
    PADDING,
    PAIR,
    SIZES,
    check_axes,
    check_number,
    choose,
    one_or_two,
)
from .layer import Ints


def read_object(name: str, value: object) -> tuple[Any, int]:
    """The raw value of field `name`, and the number of axes it settles (0: it fits any).

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
        return tuple([_integer(name, item, wanted) for item in value]), check_axes(name, len(value))
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


def _flag(name: str, value: object) -> tuple[bool, int]:
    if type(value) is bool:
        return value, 0
    raise _wrong(name, "true or false", value)


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
