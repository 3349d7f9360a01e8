"""Which tensors are alive when: one scan over the graph, in its own order."""

from collections.abc import Callable, Container, Sequence
from enum import Enum
from typing import Any

from ..graph import ops
from ..graph.dtypes import bits_of
from ..spec.records import NamedTuple


class Place(Enum):
    """Where an operation puts its output: in new memory, in that of its first input, which it only looks at in
    another way, or over its first input, or any, if nobody needs it afterwards."""

    NEW, VIEW, OVER_FIRST, OVER_ANY = range(4)


def _counted_place(op: ops.Counted) -> Place:
    return Place.VIEW if op.view else Place.OVER_FIRST if op.in_place else Place.NEW


PLACES: ops.ByOp[Callable[[Any], Place]] = ops.ByOp(
    dict.fromkeys((ops.Conv, ops.Linear, ops.Concat, ops.Shuffle, ops.Pool, ops.AdaptivePool), lambda _: Place.NEW),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Tokens), lambda _: Place.NEW),
    dict.fromkeys((ops.Flatten, ops.Split), lambda _: Place.VIEW),
    dict.fromkeys(
        (ops.Multiply, ops.Activation, ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Norm), lambda _: Place.OVER_FIRST
    ),
    {ops.Add: lambda _: Place.OVER_ANY, ops.Counted: _counted_place},
)


class Step(NamedTuple):
    """One operation's memory: whether it makes a tensor of its own, and the tensors alive, each by its first value."""

    allocates: bool
    alive: tuple[int, ...]


def is_view(op: ops.Op) -> bool:
    """Does the operation only look at its input in another way?"""
    return PLACES[type(op)](op) is Place.VIEW


def last_uses(graph: ops.Graph) -> list[int]:
    """For every value, the last node that reads it; the output outlives every node."""
    uses = [-1] * (len(graph.nodes) + 1)
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            uses[value] = index
    uses[-1] = len(graph.nodes)
    return uses


def liveness(graph: ops.Graph, inplace: bool = True) -> list[Step]:
    """What each operation finds alive, its inputs and output together, a tensor that carries several values once."""
    uses, tensor = last_uses(graph), [0]
    types = graph.value_types or ()  # one type for all says nothing about what fits
    needed_until = [uses[0]]  # by tensor: the last use of any value that it carries so far
    given = {0, *[i for i, node in enumerate(graph.nodes, 1) if not node.inputs]}
    alive, steps = {0}, []
    for index, node in enumerate(graph.nodes):
        target = tensor[node.inputs[0]] if is_view(node.op) else None
        if target is None:
            target = overwritten(node, index, tensor, needed_until, inplace, given, types)
        tensor.append(index + 1 if target is None else target)
        needed_until.append(uses[index + 1])
        needed_until[tensor[-1]] = max(needed_until[tensor[-1]], uses[index + 1])
        alive.add(tensor[-1])
        steps.append(Step(target is None and index + 1 not in given, tuple(alive)))
        alive = {t for t in alive if needed_until[t] > index}
    return steps


def overwritten(
    node: ops.Node, index: int, tensor: list[int], needed_until: list[int], inplace: bool, given: Container[int] = (0,),
    types: Sequence[str] = (),
) -> int | None:  # fmt: skip
    """The tensor that an elementwise operation writes over: needed by nobody later, no input of the graph (`given`),
    of numbers as wide as its own."""
    place = PLACES[type(node.op)](node.op)
    if not inplace or place is Place.NEW or place is Place.VIEW:
        return None
    for value in node.inputs if place is Place.OVER_ANY else node.inputs[:1]:
        target = tensor[value]
        fits = not types or bits_of(types[target]) == bits_of(types[index + 1])
        if fits and target not in given and needed_until[target] == index:
            return target
    return None
