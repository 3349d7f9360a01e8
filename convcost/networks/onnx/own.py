"""Reads what we have written: several of ONNX's operations that stand for one of ours become that one again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, get_args

from ...graph.ops import Node, Op, Shape
from ...graph.shapes import ShapeError, check_node, output_shape
from ...spec.errors import SpecError
from ..written.encode import encode_integers, encode_step
from ..written.learned import parts_of
from ..written.steps import NOTE, emitted
from .values import Scope, Written

#: Longest note: that of a concatenation names every input.
LONGEST_NOTE = 1 << 14

_OPS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Op)}


class Claim(NamedTuple):
    """What a note says: the next `nodes` nodes, which read the values `inputs`, are `op`."""

    op: Op
    inputs: tuple[str, ...]
    nodes: int


def noted(
    graph: Any, nodes: Sequence[Written], scope: Scope, shape_of: Callable[[int], Shape]
) -> Iterator[tuple[Sequence[Written], Claim | None]]:  # fmt: skip
    """The nodes of a graph in order: those that a note, which holds, makes one together; the others each alone.

    Whoever asks for the next has walked those before: their values are in `scope`, their shapes known by number.
    """
    at = 0
    held: dict[str, Any] | None = None
    while at < len(nodes):
        note = nodes[at].record.doc_string
        claim = _claim(note) if note else None
        if claim is not None:
            held = {tensor.name: tensor for tensor in graph.initializer} if held is None else held
            claim = claim if _holds(claim, nodes[at : at + claim.nodes], scope, held, shape_of) else None
        count = 1 if claim is None else claim.nodes
        yield nodes[at : at + count], claim
        at += count


def _claim(note: object) -> Claim | None:
    """What a note says, if it is one of ours."""
    if not isinstance(note, str) or not note.startswith(NOTE) or len(note) > LONGEST_NOTE:
        return None
    try:
        kind, fields, inputs, count = json.loads(note.removeprefix(NOTE))
        op = _OPS[kind](*map(_tuples, fields))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_said = isinstance(inputs, list) and all([isinstance(name, str) for name in inputs]) and type(count) is int
    return Claim(op, tuple(inputs), count) if is_said and count > 0 else None


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _holds(
    claim: Claim, nodes: Sequence[Written], scope: Scope, held: dict[str, Any], shape_of: Callable[[int], Shape]
) -> bool:  # fmt: skip
    """Does writing the operation give these nodes, byte for byte, and the integers that they read?"""
    if len(nodes) != claim.nodes or not all([name in scope.values for name in claim.inputs]):
        return False
    name, numbers = nodes[-1].record.name, [scope.values[given].number for given in claim.inputs]
    if None in numbers:
        return False
    try:
        shapes = [shape_of(number) for number in numbers if number is not None]
        out = output_shape(claim.op, shapes)
        check_node(Node(name, claim.op, ()), shapes, out)
        again = emitted(claim.op, name, claim.inputs, shapes, _learned(claim.op, name, nodes))
        steps = [encode_step(step) for step in again.steps]
        integers = {key: encode_integers(key, values) for key, values in again.integers.items()}
    except (ShapeError, SpecError, LookupError, ArithmeticError, ValueError, TypeError, AttributeError):
        return False
    same = steps == [node.record.SerializeToString() for node in nodes]
    return same and all([key in held and held[key].SerializeToString() == made for key, made in integers.items()])


def _learned(op: Op, name: str, nodes: Sequence[Written]) -> list[Any]:
    """What it learns under its own name, or, where it shares that, under the name that the nodes read."""
    own = parts_of(op, name)
    if not getattr(op, "shared", False):
        return own
    read = [given for node in nodes for given in node.inputs]
    of = {tensor.part: given for tensor in own for given in read if given.endswith(f".{tensor.part}")}
    return [tensor._replace(node=of[tensor.part].removesuffix(f".{tensor.part}")) for tensor in own]
