"""Memory that training needs beside what inference does, each kind by its own name."""

from math import prod
from typing import NamedTuple

from ..graph.ops import (
    Activation,
    AdaptivePool,
    BatchNorm,
    Conv,
    Counted,
    Graph,
    LayerNorm,
    Linear,
    Multiply,
    Op,
    Pool,
    Scale,
    Shape,
)
from .cost import WIDTH, is_view

#: Copies of the weights that an optimiser keeps: none, the velocity, both moments (Kingma & Ba 2014).
OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2}

#: Activations whose derivative is a function of their output, which they keep instead of their input.
BY_OUTPUT = ("relu", "relu6", "sigmoid", "tanh")

#: Bytes of the position of a maximum, as PyTorch keeps one for each output of a max pooling.
INDEX_BYTES = 8


class Training(NamedTuple):
    """Bytes, none of which is in another: which of them are alive at once depends on the trainer.

    `optimizer_state_bytes` by optimiser; `saved_activation_bytes` are the distinct tensors that the
    backward pass reads, the network's input included.
    """

    weight_bytes: int
    gradient_bytes: int
    optimizer_state_bytes: dict[str, int]
    saved_activation_bytes: int


def training_memory(graph: Graph, shapes: list[Shape], weight_bytes: int) -> Training:
    """What training a graph needs, everything in the graph's dtype.

    >>> from convcost.graph.ops import Node
    >>> conv = Conv(1, 1, (3,), (1,), ((1, 1),), (1,))
    >>> training_memory(Graph((1, 1, 8), "fp32", (Node("conv", conv, (0,)),)), [(1, 1, 8)] * 2, 12)
    Training(weight_bytes=12, gradient_bytes=12, optimizer_state_bytes={'sgd': 0, 'momentum': 12, 'adam': 24}, \
saved_activation_bytes=32)
    """
    states = {name: count * weight_bytes for name, count in OPTIMIZER_STATES.items()}
    return Training(weight_bytes, weight_bytes, states, saved_bytes(graph, shapes))


def is_global_mean(op: Op) -> bool:
    """The one pooling that PyTorch keeps no input for: it needs the shape alone."""
    return type(op) is AdaptivePool and op.kind == "avg" and set(op.output_size) == {1}


def saved_bytes(graph: Graph, shapes: list[Shape]) -> int:
    """The distinct tensors that gradients need: inputs of what has weights, of products and of pooling, outputs of
    ReLU and the like; BatchNorm's statistics, the positions of maxima."""
    kept: set[int] = set()
    tensor = list(range(len(shapes)))  # by value: a view shows the tensor of its input
    extra, width = 0, WIDTH[graph.dtype]
    for index, (_, op, inputs) in enumerate(graph.nodes):
        kind = type(op)
        if is_view(op):
            tensor[index + 1] = tensor[inputs[0]]
        if kind in (Conv, Linear, BatchNorm, LayerNorm, Scale, Multiply) or (type(op) is Counted and _multiplies(op)):
            kept.update([tensor[value] for value in inputs])
        elif kind is Activation:
            kept.add(index + 1 if getattr(op, "kind", "") in BY_OUTPUT else tensor[inputs[0]])
        elif kind in (Pool, AdaptivePool) and not is_global_mean(op):
            kept.add(tensor[inputs[0]])
            extra += INDEX_BYTES * prod(shapes[index + 1]) * int(getattr(op, "kind", "") == "max")
        if kind is BatchNorm:
            extra += 2 * width * shapes[index + 1][1]
    return sum([prod(shapes[value]) * width for value in kept]) + extra


def _multiplies(op: Counted) -> bool:
    """Taken for one whose derivative needs its inputs: all that compute anything."""
    return bool(op.macs or op.elementwise)
