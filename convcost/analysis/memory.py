"""Which tensors are alive when: one scan over the graph, in its own order."""

from typing import NamedTuple

from ..graph.ops import Activation, Add, BatchNorm, Graph, LayerNorm, Multiply, Node, Scale
from .cost import VIEWS

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
    alive, steps = {0}, []
    for index, node in enumerate(graph.nodes):
        target = tensor[node.inputs[0]] if type(node.op) in VIEWS else None
        if target is None:
            target = overwritten(node, index, tensor, needed_until, inplace)
        tensor.append(index + 1 if target is None else target)
        needed_until.append(uses[index + 1])
        needed_until[tensor[-1]] = max(needed_until[tensor[-1]], uses[index + 1])
        alive.add(tensor[-1])
        steps.append(Step(target is None, tuple(alive)))
        alive = {t for t in alive if needed_until[t] > index}
    return steps


def overwritten(node: Node, index: int, tensor: list[int], needed_until: list[int], inplace: bool) -> int | None:
    """The tensor that an elementwise operation writes over: needed by nobody later, never the graph's input."""
    if not inplace or type(node.op) not in IN_PLACE:
        return None
    candidates = node.inputs if type(node.op) is Add else node.inputs[:1]
    return next((t for t in [tensor[v] for v in candidates] if t != 0 and needed_until[t] == index), None)
