"""Memory that training needs beside what inference does, each kind by its own name."""

from collections.abc import Callable
from math import prod
from typing import Any

from ..graph import ops
from ..graph.dtypes import bits_of, tensor_bytes, types_of, value_types
from ..spec.records import NamedTuple
from .memory import is_view

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


def training_memory(graph: ops.Graph, shapes: list[ops.Shape], weight_bytes: int) -> Training:
    """What training a graph needs, every tensor in its own type.

    >>> from convcost.graph.ops import Node
    >>> conv = ops.Conv(1, 1, (3,), (1,), ((1, 1),), (1,))
    >>> training_memory(ops.Graph((1, 1, 8), "fp32", (Node("conv", conv, (0,)),)), [(1, 1, 8)] * 2, 12)
    Training(weight_bytes=12, gradient_bytes=12, optimizer_state_bytes={'sgd': 0, 'momentum': 12, 'adam': 24}, \
saved_activation_bytes=32)
    """
    states = {name: count * weight_bytes for name, count in OPTIMIZER_STATES.items()}
    return Training(weight_bytes, weight_bytes, states, saved_bytes(graph, shapes))


#: Which tensors the gradient of an operation is computed from.
INPUTS, OUTPUT, NOTHING = "inputs", "output", "nothing"


def _of_pool(op: ops.Pool | ops.AdaptivePool) -> str:
    return NOTHING if is_global_mean(op) else INPUTS


SAVED: ops.ByOp[Callable[[Any], str]] = ops.ByOp(
    dict.fromkeys(
        (ops.Conv, ops.Linear, ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Multiply, ops.Attention), lambda _: INPUTS
    ),
    dict.fromkeys((ops.Pool, ops.AdaptivePool), _of_pool),
    {
        ops.Activation: lambda op: OUTPUT if op.kind in BY_OUTPUT else INPUTS,
        ops.Norm: lambda op: OUTPUT if op.kind == "softmax" else INPUTS,
        ops.Counted: lambda op: INPUTS if op.macs or op.elementwise else NOTHING,  # all that compute anything
    },
    dict.fromkeys(
        (ops.Add, ops.Concat, ops.Split, ops.Shuffle, ops.Flatten, ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Tokens),
        lambda _: NOTHING,
    ),
)


def is_global_mean(op: ops.Op) -> bool:
    """The one pooling that PyTorch keeps no input for: it needs the shape alone."""
    return type(op) is ops.AdaptivePool and op.kind == "avg" and set(op.output_size) == {1}


def saved_bytes(graph: ops.Graph, shapes: list[ops.Shape]) -> int:
    """The distinct tensors that gradients need, by `SAVED`; BatchNorm's statistics, the positions of maxima."""
    kept: set[int] = set()
    tensor, types = list(range(len(shapes))), value_types(graph)  # by value: a view shows the tensor of its input
    extra, norms = 0, bits_of(types_of(graph.dtype).norms)
    for index, (_, op, inputs) in enumerate(graph.nodes):
        if is_view(op):
            tensor[index + 1] = tensor[inputs[0]]
        saved = SAVED[type(op)](op)
        if saved is INPUTS:
            kept.update([tensor[value] for value in inputs])
        elif saved is OUTPUT:
            kept.add(index + 1)
        if type(op) is ops.BatchNorm:
            extra += 2 * tensor_bytes(norms, shapes[index + 1][1])
        elif isinstance(op, ops.Pool | ops.AdaptivePool) and op.kind == "max":
            extra += INDEX_BYTES * prod(shapes[index + 1])
    return sum([tensor_bytes(bits_of(types[value]), prod(shapes[value])) for value in kept]) + extra
