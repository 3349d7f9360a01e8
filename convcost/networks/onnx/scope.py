"""The values of a graph in a model, by name: their shapes, as far as these are known, and the weights among them."""

from __future__ import annotations

from math import prod
from typing import Any

from ...graph.ops import Shape
from ...spec.errors import visible
from .values import Value
from .wire import Malformed

#: Largest tensor: its axes (NumPy has as many), and how many numbers are in it.
MOST_AXES, MOST_NUMBERS = 64, 10**60

#: Element types of what can be learned: the floats, 8 and 4 bits, 32 bits where they are a quantised bias.
LEARNABLE = frozenset((1, 2, 3, 6, 10, 11, 16, *range(17, 32)))

#: Longest name that is shown.
LONGEST_NAME = 120


class Scope:
    """The values of a graph by name, and those of the graphs around it."""

    def __init__(self, graph: Any, outer: Scope | None = None, prefix: str = "", times: int = 1) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer
        self.prefix = prefix
        self.times = times
        self.shapes = {v.name: known_shape(v) for v in (*graph.input, *graph.value_info, *graph.output)}
        self.used = {name for node in graph.node for name in node.input} | {v.name for v in graph.output}

    def find(self, name: str) -> Value:
        """The value of that name; Malformed where nothing has made it yet."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        raise Malformed(f"{show_name(name)!r} is read before it is made: the graph goes in circles, or is not in order")


def constant(key: str, tensor: Any) -> Value:
    """A tensor in the file."""
    shape = countable(tuple(tensor.dims))
    learnable = tensor.data_type in LEARNABLE
    return Value(shape, None, True, ((key, prod(shape)),) if learnable else (), tensor)


def known_shape(value: Any) -> Shape | None:
    """A value's shape where every dimension has a size."""
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.HasField("shape"):
        return None
    dims = value.type.tensor_type.shape.dim
    shape = tuple([dim.dim_value if dim.HasField("dim_value") else -1 for dim in dims])
    return None if any(n < 0 for n in shape) else countable(shape)


def countable(shape: Shape) -> Shape:
    """`shape`, if its numbers can be counted; Malformed otherwise."""
    if len(shape) > MOST_AXES or prod(shape) > MOST_NUMBERS:
        most = f"{MOST_AXES} axes and {len(str(MOST_NUMBERS)) - 1} digits are the most"
        raise Malformed(f"a tensor in it, of {len(shape)} axes, is too large to count: {most}")
    return shape


def show_name(name: str) -> str:
    """A name that upsets no terminal and no table."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short if short.isprintable() else "".join(map(visible, short))
