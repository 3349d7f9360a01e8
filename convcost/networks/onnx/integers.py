"""What exporters compute of sizes, without NumPy: small tensors of integers and truths, in plain Python.

Most models have nothing else to be computed, and loading NumPy and the onnx package's reference takes longer than all
the rest of them. A rule that does not hold for what it is given raises, and the reference is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import prod
from operator import add, eq, mul, sub
from typing import Any, NamedTuple

from ...graph.ops import Ints, Shape

#: ONNX's numbers of the types.
INT64, BOOL = 7, 9

#: Numbers in the largest tensor.
MOST = 256

#: Integers of 64 bits; others wrap around, which the reference knows how.
LEAST, GREATEST = -(1 << 63), (1 << 63) - 1


class Plain(NamedTuple):
    """A tensor of integers, or truths as 0 and 1, its last axis running fastest."""

    numbers: Ints
    shape: Shape
    kind: int = INT64


class Asked(NamedTuple):
    """An operation to be computed: its inputs, its attributes by name, its output's shape."""

    inputs: Sequence[Plain]
    attributes: dict[str, Any]
    shape: Shape

    def spread(self, index: int) -> Ints:
        """The numbers of an input, one for each of the output."""
        numbers, shape, _ = self.inputs[index]
        if len(numbers) == 1:
            return numbers * prod(self.shape)
        if shape != self.shape:
            raise ValueError("it is repeated along some axes")
        return numbers

    def axis_is_first(self, axis: int) -> bool:
        """Does a number of an axis mean the first one of the first input?"""
        return axis in (0, -len(self.inputs[0].shape))


Rule = Callable[[Asked], Sequence[int]]


def _each(function: Callable[[int, int], int]) -> Rule:
    """The rule of a function of two numbers."""
    return lambda asked: list(map(function, asked.spread(0), asked.spread(1)))


def _quotient(a: int, b: int) -> int:
    if a < 0 or b < 1:
        raise ValueError("how it is rounded is not the same everywhere")
    return a // b


def _remainder(asked: Asked) -> Sequence[int]:
    if "fmod" in asked.attributes and asked.attributes["fmod"].i:
        raise ValueError("its sign is that of what is divided")
    return [a % b for a, b in zip(asked.spread(0), asked.spread(1))]


def _concat(asked: Asked) -> Sequence[int]:
    if not asked.axis_is_first(asked.attributes["axis"].i):
        raise ValueError("rows are not one behind the other")
    return [n for given in asked.inputs for n in given.numbers]


def _gather(asked: Asked) -> Sequence[int]:
    (numbers, shape, _), indices = asked.inputs[0], asked.inputs[1].numbers
    if len(shape) != 1:
        raise ValueError("it takes rows")
    return [numbers[index] for index in indices]


def _slice(asked: Asked) -> Sequence[int]:
    """Rows from a start to an end; where several axes are cut, or where attributes say how, unpacking raises."""
    (numbers, shape, _), said = asked.inputs[0], [one.numbers for one in asked.inputs[1:]]
    (start,), (end,), (axis,), (step,) = said + [(0,), (1,)][len(said) - 2 :]
    if not asked.axis_is_first(axis):
        raise ValueError("it takes a part of each row")
    row = prod(shape[1:])
    return [n for at in range(shape[0])[start:end:step] for n in numbers[at * row : (at + 1) * row]]


def _transpose(asked: Asked) -> Sequence[int]:
    numbers, (_, columns), _ = asked.inputs[0]
    if "perm" in asked.attributes and [*asked.attributes["perm"].ints] != [1, 0]:
        raise ValueError("its axes stay")
    return [n for column in range(columns) for n in numbers[column::columns]]


def _constant_of_shape(asked: Asked) -> Sequence[int]:
    return plain_tensor(asked.attributes["value"].t).numbers * prod(asked.shape)


def _same(asked: Asked) -> Sequence[int]:
    """The same numbers, in another shape."""
    return asked.inputs[0].numbers


RULES: dict[str, Rule] = {
    "Add": _each(add),
    "Sub": _each(sub),
    "Mul": _each(mul),
    "Div": _each(_quotient),
    "Mod": _remainder,
    "Equal": _each(eq),
    "Where": lambda asked: [a if given else b for given, a, b in zip(*[asked.spread(index) for index in range(3)])],
    "Concat": _concat,
    "Constant": lambda asked: asked.attributes["value_ints"].ints,
    "ConstantOfShape": _constant_of_shape,
    "Expand": lambda asked: asked.spread(0),
    "Gather": _gather,
    "Slice": _slice,
    "Transpose": _transpose,
    **dict.fromkeys(("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"), _same),
}


def compute(record: Any, inputs: Sequence[Plain | None], shape: Shape | None, kind: int) -> Plain | None:
    """The output of an operation, of that shape and type; None where the reference is to be asked."""
    rule = RULES.get(record.op_type)
    if rule is None or shape is None or prod(shape) > MOST or kind not in (INT64, BOOL):
        return None
    given = [one for one in inputs if one is not None]
    if len(given) < len(inputs):
        return None
    asked = Asked(given, {attribute.name: attribute for attribute in record.attribute}, shape)
    try:
        made = tuple([int(n != 0) if kind == BOOL else int(n) for n in rule(asked)])
    except (ValueError, LookupError, ArithmeticError):
        return None
    fits = len(made) == prod(shape) and all([LEAST <= n <= GREATEST for n in made])
    return Plain(made, shape, kind) if fits else None


def plain_tensor(tensor: Any) -> Plain:
    """A tensor of the file; ValueError where it is none of these."""
    shape = tuple(tensor.dims)
    if tensor.data_type not in (INT64, BOOL) or prod(shape) > MOST or sys.byteorder != "little":
        raise ValueError("it is read by the package")
    is_long = tensor.data_type == INT64
    try:
        raw = memoryview(tensor.raw_data).cast("q" if is_long else "B")
    except TypeError:
        raise ValueError("it has no whole number of numbers") from None
    listed = raw if tensor.HasField("raw_data") else tensor.int64_data if is_long else tensor.int32_data
    numbers = tuple([n if is_long else int(n != 0) for n in listed])
    if len(numbers) != prod(shape):
        raise ValueError("it contradicts its shape")
    return Plain(numbers, shape, tensor.data_type)
