"""Runs a graph with real float32 values in real memory: products issued, time, memory as the allocator saw it."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...graph.ops import Activation, Add, BatchNorm, Conv, Graph, Op
from ..activations import FUNCTIONS
from ..memory import held, reusable
from .convolve import convolve_values
from .integers import LARGEST_INPUT, conv_integers, fill, pattern
from .workbench import Workbench

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: Kernel and bias of a convolution, scale and shift of a norm.
    OpWeights = tuple[NDArray[Any], NDArray[Any] | None]

FLOAT32 = np.dtype(np.float32)

#: Elements that an activation is applied to at a time: what it holds meanwhile is a few KiB.
TILE = 512


class Issued(NamedTuple):
    """One operation as the fast executor ran it: its algorithm and the products that this issued."""

    name: str
    algorithm: str
    products: int
    seconds: float


class ValueRun(NamedTuple):
    """A whole graph as run in float32; bytes are counted by the arrays, `traced_bytes` as the allocator saw them.

    `tensor_bytes` is the most that activations held, `scratch_bytes` what the executor held beside them at the end,
    `traced_bytes` the most that NumPy's allocator had given out after any step, that scratch taken off.
    """

    ops: tuple[Issued, ...]
    tensor_bytes: int
    scratch_bytes: int
    traced_bytes: int | None


def run_values(graph: Graph, *, inplace: bool = True, trace: bool = True) -> ValueRun:
    """Execute `graph` (convolutions, adds, norms, activations) on integers in float32, in its own order.

    >>> from convcost.graph.ops import Node
    >>> conv = Conv(2, 4, (3,), (1,), ((1, 1),), (1,))
    >>> run = run_values(Graph((1, 2, 5), "fp32", (Node("conv", conv, (0,)),)))
    >>> run.ops[0].products, run.tensor_bytes, run.traced_bytes
    (120, 120, 120)

    After each operation its output becomes fresh small integers, so that no chain of them grows. Where something
    else traces memory already, and without `trace`, `traced_bytes` is None.
    """
    weights = _weights(graph)
    trace = trace and not tracemalloc.is_tracing()
    if trace:
        tracemalloc.start()
    try:
        return _run(graph, weights, inplace, trace)
    finally:
        if trace:
            tracemalloc.stop()


def _run(graph: Graph, weights: list[OpWeights | None], inplace: bool,
         trace: bool) -> ValueRun:  # fmt: skip
    batch, channels, *size = graph.input_shape
    arrays: dict[int, NDArray[Any]] = {0: pattern((batch, *size, channels), FLOAT32, LARGEST_INPUT)}
    uses = Counter([value for node in graph.nodes for value in node.inputs])
    uses[len(graph.nodes)] += 1
    bench, ops, peak, traced = Workbench(), [], arrays[0].nbytes, 0
    for number, node in enumerate(graph.nodes, 1):
        inputs = [arrays[value] for value in node.inputs]
        uses.subtract(node.inputs)
        target = reusable(node, arrays, uses, {0}) if inplace else None
        before, start = bench.products, perf_counter()
        arrays[number], algorithm = apply_values(node.op, inputs, weights[number - 1], target, bench)
        ops.append(Issued(node.name, algorithm, bench.products - before, perf_counter() - start))
        peak = max(peak, sum([array.nbytes for array in held(arrays).values()]))
        if trace:
            traced = max(traced, array_bytes() - bench.scratch_bytes)
        fill(arrays[number], LARGEST_INPUT)
        del inputs, target
        for value in {*node.inputs, number}:
            if not uses[value]:
                del arrays[value]
    return ValueRun(tuple(ops), peak, bench.scratch_bytes, traced if trace else None)


def array_bytes() -> int:
    """Bytes that NumPy's allocator has given out since tracing began and has not got back."""
    domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    return sum([trace.size for trace in tracemalloc.take_snapshot().filter_traces([domain]).traces])


def _weights(graph: Graph) -> list[OpWeights | None]:
    """Each operation's weights in float32, made before anything is measured."""
    made: list[OpWeights | None] = []
    for node in graph.nodes:
        if isinstance(node.op, Conv):
            kernel, bias = conv_integers(node.op)
            made.append((kernel.astype(FLOAT32, copy=False), None if bias is None else bias.astype(FLOAT32)))
        elif isinstance(node.op, BatchNorm):
            made.append((pattern((node.op.channels,), FLOAT32, 2), pattern((node.op.channels,), FLOAT32, 2, 1)))
        else:
            made.append(None)
    return made


def apply_values(op: Op, inputs: list[NDArray[Any]], weights: OpWeights | None, target: NDArray[Any] | None,
                 bench: Workbench) -> tuple[NDArray[Any], str]:  # fmt: skip
    """The output of one operation, elementwise into `target` if there is one, and the algorithm that ran."""
    if isinstance(op, Conv) and weights is not None:
        return convolve_values(op, inputs[0], *weights, bench)
    output = np.empty_like(inputs[0]) if target is None else target
    if isinstance(op, Add):
        np.add(inputs[0], inputs[1], out=output)
    elif isinstance(op, BatchNorm) and weights is not None:
        np.multiply(inputs[0], weights[0], out=output)
        np.add(output, 0 if weights[1] is None else weights[1], out=output)
    elif isinstance(op, Activation):
        flat, made = inputs[0].reshape(-1), output.reshape(-1)
        for start in range(0, flat.size, TILE):
            made[start : start + TILE] = FUNCTIONS[op.kind](flat[start : start + TILE])
    else:
        raise ValueError(f"{type(op).__name__} is not executed by value")
    return output, "elementwise"
