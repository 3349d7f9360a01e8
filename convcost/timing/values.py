"""One set of weights for every engine, and what our own executor computes with it: what the others are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..execute.values.apply import Weights, apply_values
from ..execute.values.workbench import Workbench
from ..graph import ops
from ..networks.written.file import Written, onnx_pieces, writable
from ..networks.written.learned import Tensor, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The type of numbers in which graphs are run.
FLOAT = np.dtype("<f4")

#: Largest difference from our own executor, as a share of the largest number of the output.
CLOSE = 1e-4


class Case(NamedTuple):
    """A graph with everything to run it: what it learns by node, as in the file, the file itself, and an input."""

    graph: ops.Graph
    written: Written
    learned: list[dict[str, NDArray[Any]]]
    model: bytes
    given: NDArray[Any]


def make_case(graph: ops.Graph, name: str = "graph", seed: int = 0) -> Case:
    """Seeded noise for what a graph learns and for its input, (batch, channels, *spatial) in float32.

    What is learned is read where it lies in the file. Raises SpecError for a graph that cannot be written, or is too
    large.
    """
    graph = graph._replace(dtype="fp32", value_types=None, weight_types=None)
    written, draw, at = writable(graph, name), noise(seed), dict[str, int]()
    made = bytearray()

    def fill(tensor: Tensor, dtype: str) -> Iterator[bytes]:
        at[tensor.name] = len(made)  # what stands before its numbers is there already
        yield from draw(tensor, dtype)

    for piece in onnx_pieces(written, fill, "0"):
        made += piece
    model = bytes(made)
    learned = [
        {one.part: np.frombuffer(model, FLOAT, prod(one.dims), at[one.name]).reshape(one.dims) for one in each}
        for each in written.learned
    ]
    given = np.random.default_rng(seed).standard_normal(graph.input_shape, np.float32)
    return Case(graph, written, learned, model, given)


_Learned = dict[str, "NDArray[Any]"]


def _kernel(op: ops.Conv, learned: _Learned) -> Weights:
    """A kernel as our executor has it: (groups, *taps, in a group, out a group)."""
    weight = learned["weight"].reshape(op.groups, -1, *learned["weight"].shape[1:])
    order = (0, *range(3, weight.ndim), 1, 2) if op.transposed else (0, *range(3, weight.ndim), 2, 1)
    return Weights(np.ascontiguousarray(weight.transpose(order)), learned.get("bias"))


def _tokens(_: ops.Tokens, learned: _Learned) -> Weights:
    return Weights(np.concatenate([*([learned["tokens"]] if "tokens" in learned else []), learned["positions"]]))


def _a_channel(_: object, learned: _Learned) -> Weights | None:
    return Weights(learned["weight"], learned.get("bias")) if learned else None


#: What an operation learned, as our executor takes it.
IN_EXECUTOR: ops.ByOp[Callable[[Any, _Learned], Weights | None]] = ops.ByOp(
    {
        ops.Conv: _kernel,
        ops.Linear: lambda _, learned: Weights(np.ascontiguousarray(learned["weight"].T), learned.get("bias")),
        ops.Tokens: _tokens,
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm, ops.Scale, ops.Norm), _a_channel),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda *_: None),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool), lambda *_: None),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Counted), lambda *_: None),
)


def last_value(
    nodes: Sequence[ops.Node], given: Any, learned: Sequence[Any], apply: Callable[[ops.Op, list[Any], Any], Any]
) -> Any:
    """What the last operation gives: each applied in turn to its inputs and what it learned, the first to `given`.

    A value that nobody reads any more is let go at once.
    """
    values, uses = {0: given}, Counter([value for node in nodes for value in node.inputs])
    uses[len(nodes)] += 1
    for number, (node, own) in enumerate(zip(nodes, learned), 1):
        values[number] = apply(node.op, [values[value] for value in node.inputs], own)
        uses.subtract(node.inputs)
        for value in {*node.inputs, number}:
            if not uses[value]:
                del values[value]
    return values[len(nodes)]


class Executor:
    """Our own executor on one case; a call runs it and gives the output, (batch, channels, *spatial).

    >>> from ..graph.ops import Node
    >>> case = make_case(ops.Graph((1, 2, 3), "fp32", (Node("act", ops.Activation("relu"), (0,)),)))
    >>> float(Executor(case)().min())
    0.0
    """

    def __init__(self, case: Case) -> None:
        self.nodes = case.graph.nodes
        self.weights = [IN_EXECUTOR[type(node.op)](node.op, each) for node, each in zip(self.nodes, case.learned)]
        self.given = np.ascontiguousarray(np.moveaxis(case.given, 1, -1))
        self.bench = Workbench()

    def __call__(self) -> NDArray[Any]:
        def apply(op: ops.Op, given: list[Any], weights: Weights | None) -> Any:
            return apply_values(op, given, weights, None, self.bench)[0]

        return np.moveaxis(last_value(self.nodes, self.given, self.weights, apply), -1, 1)


def difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """The largest difference, as a share of the largest number expected; infinite where shapes or numbers fail.

    >>> difference(np.array([1.0, 2.5]), np.array([1.0, 2.0]))
    0.25
    """
    if found.shape != expected.shape or not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return float("inf")
    scale = float(np.abs(expected).max(initial=0.0))
    most = float(np.abs(np.subtract(found, expected, dtype=np.float64)).max(initial=0.0))
    return most / scale if scale else most
