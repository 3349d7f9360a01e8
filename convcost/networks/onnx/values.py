"""What flows between ONNX operations: values by name, the weights they hold, and what a rule is given and answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ...graph.ops import Ints, Op, Shape
from ...spec.errors import visible
from .wire import Malformed, check_text

if TYPE_CHECKING:
    from .evaluate import Content

#: Sizes of a tensor; None where one is not known. Each unknown size is its own.
Sizes = tuple[int | None, ...]

#: Largest tensor: its axes (NumPy has as many), and how many numbers are in it.
MOST_AXES, MOST_NUMBERS = 64, 10**60

#: Types by ONNX's numbers of them; of what is none of these (text), as many bytes are counted as its positions take.
TYPES = {
    1: "fp32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "int64", 9: "bool",
    10: "fp16", 11: "fp64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bf16", 17: "fp8",
    18: "fp8", 19: "fp8", 20: "fp8", 21: "uint4", 22: "int4", 23: "fp4", 24: "fp8", 25: "uint2", 26: "int2",
}  # fmt: skip

#: Element types of what can be learned: the floats, 8 and 4 bits, 32 bits where they are a quantised bias.
LEARNABLE = frozenset((1, 2, 3, 6, 10, 11, 16, *range(17, 32)))

#: Longest name that is shown.
LONGEST_NAME = 120


class Root(NamedTuple):
    """A tensor of weights: whose it is, how many numbers it has, ONNX's number of their type, if all are one number."""

    key: str
    size: int
    kind: int
    is_filled: bool = False


class Value(NamedTuple):
    """A tensor: its sizes as far as they are known, its type, its number in the graph, and of which weights it is made.

    `shape` is None where not even the number of axes is known. `number` is None for constants.
    `constant` says that it depends on the file and on sizes alone; then `content` may say what is in it.
    `type` is ONNX's record of the type of what is no tensor. `is_quantised`: products of
    integers, or the scale of such: constants that are multiplied with them are scales.
    """

    shape: Sizes | None
    kind: int = 0
    number: int | None = None
    constant: bool = False
    roots: tuple[Root, ...] = ()
    content: Content | None = None
    type: bytes = b""
    is_quantised: bool = False

    @property
    def full(self) -> Shape | None:
        """The shape where every size is known."""
        return full_shape(self.shape)


#: What a function is given for an input that its call leaves out.
ABSENT = Value(None, type=b"absent")


def full_shape(sizes: Sizes | None) -> Shape | None:
    """The sizes where all of them are known."""
    return None if sizes is None or None in sizes else sizes  # type: ignore[return-value]  # none of them is None


class Count(NamedTuple):
    """What an operation costs. A `primitive` says it all, where it fits; else the numbers do.

    `more` is what is done to each output element besides.
    """

    macs: int = 0
    elementwise: int = 0
    view: bool = False
    in_place: bool = False
    moved: int | None = None
    primitive: Op | None = None
    more: int = 0


class Unknown(Exception):  # noqa: N818  no error: an operation that is listed as not counted
    """An operation whose cost is not known, with the reason."""


class Call:
    """One operation in a model, as its rule sees it: inputs, attributes, and what is known of its outputs."""

    __slots__ = ("attributes", "block", "inputs", "op", "outs", "version")

    def __init__(
        self, op: str, attributes: dict[str, Any], inputs: Sequence[Value | None], outs: Sequence[Value] = (),
        version: int = 1,
    ) -> None:  # fmt: skip
        self.op = op
        self.attributes = attributes
        self.inputs = inputs
        self.outs = outs
        self.version = version
        self.block = 1  # channels that ONNX Runtime keeps together

    def has(self, index: int) -> bool:
        """Is there an input of that number?"""
        return index < len(self.inputs) and self.inputs[index] is not None

    def shape(self, index: int) -> Shape:
        """Shape of an input; Unknown where it is not known."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise Unknown("an input is missing")
        if value.full is None:
            raise Unknown("the size of its input is not known")
        return value.full

    @property
    def out(self) -> Shape | None:
        """Shape of the first output, where it is known."""
        return self.outs[0].full if self.outs else None

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


class Written(NamedTuple):
    """An operation as it is written in the file: ONNX's record of it, taken apart once, as each look at one costs.

    `op` is its name, behind its domain where it is none of ONNX's own; `attributes` are their records as bytes.
    """

    record: Any
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Its own name, or that of what it gives."""
        check_text(self.record.name)
        return self.record.name or next((output for output in self.outputs if output), "") or self.op


def operations(records: Iterable[Any]) -> list[Written]:
    """Records taken apart; Malformed where a name in them is no text."""
    made = [taken_apart(record) for record in records]
    check_text(*[name for one in made for name in (one.op, *one.inputs, *one.outputs)])
    return made


def taken_apart(record: Any) -> Written:
    """A record taken apart."""
    op, domain = record.op_type, record.domain
    op = op if domain in ("", "ai.onnx") else f"{domain}.{op}"
    attributes = tuple([attribute.SerializeToString() for attribute in record.attribute])
    return Written(record, op, tuple(record.input), tuple(record.output), attributes)


class Scope:
    """The values of a graph by name, and those of the graphs around it."""

    def __init__(
        self, outer: Scope | None, prefix: str, times: int, opsets: dict[str, int], attributes: dict[str, Any] | None
    ) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer
        self.prefix = prefix
        self.times = times
        self.opsets = opsets
        self.attributes = attributes  # of the call, where this is a function's body
        self.said: dict[str, Value] = {}
        self.used: set[str] = set()

    def inner(self, name: str, times: int = 1) -> Scope:
        """The scope of a graph inside an operation of this one."""
        found = Scope(self, f"{name}/", self.times * times, self.opsets, self.attributes)
        if found.times > MOST_NUMBERS:
            raise Malformed("its loops run too often to be counted")
        return found

    def enter(self, graph: Any) -> list[Written]:
        """Take over what a graph says about its values; gives its operations."""
        values, nodes = (*graph.value_info, *graph.output), operations(graph.node)
        check_text(*[thing.name for thing in (*values, *graph.input, *graph.initializer)])
        self.said = {v.name: Value(sizes_of(v.type), v.type.tensor_type.elem_type) for v in values}
        self.used = {name for node in nodes for name in node.inputs} | {value.name for value in graph.output}
        return nodes

    def find(self, name: str) -> Value:
        """The value of that name; Malformed where nothing has made it yet."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        raise Malformed(f"{show_name(name)!r} is read before it is made: the graph goes in circles, or is not in order")


def sizes_of(kind: Any) -> Sizes | None:
    """The sizes that a type in the file gives a tensor."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    return countable(tuple([d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else None for d in dims]))


def countable(sizes: Sizes) -> Sizes:
    """`sizes`, if its numbers can be counted; Malformed otherwise."""
    if len(sizes) > MOST_AXES or prod([n or 1 for n in sizes]) > MOST_NUMBERS:
        most = f"{MOST_AXES} axes and {len(str(MOST_NUMBERS)) - 1} digits are the most"
        raise Malformed(f"a tensor in it, of {len(sizes)} axes, is too large to count: {most}")
    return sizes


def show_name(name: str) -> str:
    """A name that upsets no terminal and no table."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short if short.isprintable() else "".join(map(visible, short))
