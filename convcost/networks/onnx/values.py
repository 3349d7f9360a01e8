"""What flows between ONNX operations, what a rule is given about one of them, and what it answers."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...graph.ops import Ints, Op, Shape

#: A tensor of weights: whose it is, and how many numbers it has.
Root = tuple[str, int]


class Value(NamedTuple):
    """A tensor: its shape as far as it is known, its number in the graph, and if it is a constant, of which weights.

    `number` is None for constants, and for what could not be counted. `data` is the file's own
    record of a constant, its content perhaps left out.
    """

    shape: Shape | None
    number: int | None = None
    constant: bool = False
    roots: tuple[Root, ...] = ()
    data: Any = None


class Count(NamedTuple):
    """What an operation costs. A `primitive` says it all, where it fits; else the numbers do."""

    macs: int = 0
    elementwise: int = 0
    view: bool = False
    in_place: bool = False
    moved: int | None = None
    primitive: Op | None = None


class Unknown(Exception):  # noqa: N818  no error: an operation that is listed as not counted
    """An operation whose cost is not known, with the reason."""


class Call:
    """One operation in a model: its inputs, attributes and output shape, as its rule sees them."""

    __slots__ = ("attributes", "inputs", "op", "out")

    def __init__(self, op: str, attributes: dict[str, Any], inputs: list[Value | None], out: Shape | None) -> None:
        self.op = op
        self.attributes = attributes
        self.inputs = inputs
        self.out = out

    def has(self, index: int) -> bool:
        """Is there an input of that number?"""
        return index < len(self.inputs) and self.inputs[index] is not None

    def shape(self, index: int) -> Shape:
        """Shape of an input; Unknown where it is not known."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None or value.shape is None:
            raise Unknown("the size of its input depends on the data" if value else "an input is missing")
        return value.shape

    @property
    def made(self) -> Shape:
        """Shape of the first output; Unknown where it is not known."""
        if self.out is None:
            raise Unknown("the size of its output is not known")
        return self.out

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        found = self.attributes.get(name)
        return default if found is None else int(found.i)

    def text(self, name: str, default: str = "") -> str:
        """An attribute that is a text."""
        found = self.attributes.get(name)
        return default if found is None else bytes(found.s).decode("utf-8", "replace")

    def integers(self, name: str, default: Sequence[int]) -> Ints:
        """An attribute that is a list of integers, as many as in `default`; Unknown where there are more or fewer."""
        found = self.attributes.get(name)
        if found is None or not found.ints:
            return tuple(default)
        if len(found.ints) != len(default):
            raise Unknown(f"it has {len(found.ints)} {name} where {len(default)} belong")
        return tuple(found.ints)


def size(shape: Shape) -> int:
    """How many numbers a tensor has."""
    return prod(shape)
