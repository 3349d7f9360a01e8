"""Which tensors are alive when: one scan over the graph, in its own order."""

from collections.abc import Container
from typing import NamedTuple

from ..graph.ops import Activation, Add, BatchNorm, Counted, Graph, LayerNorm, Multiply, Node, Scale
from .cost import is_view

#: Operations that can write over their first input, Add over any.
IN_PLACE = (Add, Multiply, Activation, BatchNorm, LayerNorm, Scale)


class Step(NamedTuple):
    """One operation's memory: whether it makes a tensor of its own, and the tensors alive, each by its first value."""

    allocates: bool
    alive: tuple[int, ...]


def last_uses(graph: Graph) -> list[int]:
    """For every value, the last node that reads it; the output outlives every node."""
    uses = [-1] * (len(graph.nodes) + 1)
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            uses[value] = index
    uses[-1] = len(graph.nodes)
    return uses


def liveness(graph: Graph, inplace: bool = True) -> list[Step]:
    """What each operation finds alive, its inputs and output together, a tensor that carries several values once."""
    uses, tensor = last_uses(graph), [0]
    needed_until = [uses[0]]  # by tensor: the last use of any value that it carries so far
    given = {0, *[i for i, node in enumerate(graph.nodes, 1) if not node.inputs]}
    alive, steps = {0}, []
    for index, node in enumerate(graph.nodes):
        target = tensor[node.inputs[0]] if is_view(node.op) else None
        if target is None:
            target = overwritten(node, index, tensor, needed_until, inplace, given)
        tensor.append(index + 1 if target is None else target)
        needed_until.append(uses[index + 1])
        needed_until[tensor[-1]] = max(needed_until[tensor[-1]], uses[index + 1])
        alive.add(tensor[-1])
        steps.append(Step(target is None and index + 1 not in given, tuple(alive)))
        alive = {t for t in alive if needed_until[t] > index}
    return steps


def overwritten(
    node: Node, index: int, tensor: list[int], needed_until: list[int], inplace: bool, given: Container[int] = (0,)
) -> int | None:
    """The tensor that an elementwise operation writes over: needed by nobody later, no input of the graph (`given`)."""
    op = node.op
    if not inplace or not (type(op) in IN_PLACE or (type(op) is Counted and op.in_place)):
        return None
    candidates = node.inputs if type(op) is Add else node.inputs[:1]
    return next((t for t in [tensor[v] for v in candidates] if t not in given and needed_until[t] == index), None)
