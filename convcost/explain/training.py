"""What a training step costs in MACs: the forward pass and the two products of the backward pass."""

from typing import NamedTuple

from ..analysis.cost import macs
from ..graph.ops import Graph, Shape


class TrainingStep(NamedTuple):
    """MACs of one step: forward, gradients of the inputs, gradients of the weights."""

    forward: int
    input_gradient: int
    weight_gradient: int

    @property
    def macs(self) -> int:
        """All three together."""
        return sum(self)


def training_macs(graph: Graph, shapes: list[Shape]) -> TrainingStep:
    """MACs of a training step over `graph`, `shapes` those of all its values.

    >>> from convcost.graph.ops import Conv, Node
    >>> conv = Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    >>> graph = Graph((1, 64, 56, 56), "fp32", (Node("conv", conv, (0,)),))
    >>> training_macs(graph, [(1, 64, 56, 56), (1, 128, 56, 56)])
    TrainingStep(forward=231211008, input_gradient=231211008, weight_gradient=231211008)

    For y = W x the backward pass takes Wᵀ dy and dy xᵀ (Rumelhart et al. 1986): each product of the forward pass
    comes twice again, once weight by gradient, once input by gradient. The gradient of the graph's input counts:
    the layer before needs it, where there is one.
    """
    products = sum([macs(n.op, shapes[n.inputs[0]], out) for n, out in zip(graph.nodes, shapes[1:])])
    return TrainingStep(products, products, products)
